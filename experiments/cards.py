"""What the card of a start says, as choices that can be held against other worlds: where it leads, who begins, who fails,
what suffers; and all that is counted for its sentences, which report.words says."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from letsdance.scenarios import STARTS
from letsdance.simulation import schedule
from letsdance.simulation.run import Result

#: What may suffer, more being better, and over how many quarters at the end it is looked at.
MEASURES = ("services", "on", "uses", "T", "S", "K", "legitimacy", "accountability", "representativeness",
            "feedback_outside")
LAST = 8
#: Below this part of what was tried hardly anybody fails; a measure suffers below this part of the best start's.
LITTLE, SUFFERS = 0.05, 0.9


def spent(result: Result) -> float:
    """Points that a run's levers cost over its whole length; in some municipalities alone they cost their part."""
    return schedule.build(result.scenario, among=result.places).spent


def mean(values: np.ndarray) -> float:
    """Over what was measured; NaN where nothing was."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else np.nan


def total(result: Result, name: str) -> np.ndarray:
    """float64[R]: the sum of a flow over all quarters."""
    return np.asarray(np.nansum(result.rows[name], axis=1), np.float64)


def leads(result: Result) -> str:
    """The future of the largest group of municipalities at the end."""
    return max(STARTS, key=lambda name: mean(result.rows[name][:, -1]))


def home(result: Result) -> str:
    """The future of the largest group of municipalities when the run begins."""
    return max(STARTS, key=lambda name: mean(result.rows[name][:, 0]))


def stayed(result: Result) -> int:
    """Runs in which more than half of the municipalities end in the future where the largest group began."""
    return held(result, home(result))


def reached(result: Result, share: float) -> tuple[float, int]:
    """Median quarter over all runs in which this share of governments has adopted, and in how many runs it has.

    Runs in which it never comes count as later than any quarter; the median is inf where most runs never reach it.
    """
    return _median(result.time_to(share))


def late_half(result: Result) -> tuple[float, int]:
    """The same for half of the late adopters: late majority and laggards, by innovativeness before the run."""
    ever = result.ever
    late = (result.category >= 3)[:, None, :]
    size = late.sum(axis=2)
    half = ((ever & late).sum(axis=2) >= 0.5 * size) & (size > 0)
    return _median(np.where(half.any(axis=1), half.argmax(axis=1), np.nan))


def _median(times: np.ndarray) -> tuple[float, int]:
    middle = float(np.quantile(np.nan_to_num(times, nan=np.inf), 0.5, method="lower"))
    return middle, int(np.isfinite(times).sum())


def held(result: Result, future: str) -> int:
    """Runs in which more than half of the municipalities end in a future."""
    return int((result.rows[future][:, -1] > 0.5).sum())


def launched(result: Result) -> dict[str, np.ndarray]:
    """New projects by whose they are, float64[R]."""
    return {kind: total(result, f"launched_{kind}") for kind in ("solo", "joint", "called")}


def success(result: Result) -> dict[str, np.ndarray]:
    """float64[R]: the share of projects that succeed, of those that end; without support (solo) and with it (supported), of
    what was measured. A run counts once, however many of its quarters saw a project end."""
    rates = {kind: np.array([mean(run) for run in result.rows[f"success_{kind}"]]) for kind in ("solo", "supported")}
    return {kind: rate for kind, rate in rates.items() if np.isfinite(rate).any()}


def begins(result: Result) -> str:
    """Whose projects are most often new: solo, joint or called; 'nobody' where there are none."""
    kinds = {kind: float(made.sum()) for kind, made in launched(result).items()}
    return max(kinds, key=lambda kind: kinds[kind]) if sum(kinds.values()) > 0 else "nobody"


def failing(result: Result) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What fails: name -> (how many did, of how many), each float64[R], where there were any."""
    solo, joint = (total(result, f"launched_{kind}") for kind in ("solo", "joint"))
    lost = {"unanswered_calls": (total(result, "unanswered_calls"), total(result, "citizen_calls")),
            "dead_calls": (total(result, "dead_calls"), total(result, "government_calls")),
            "launched_solo": (solo, solo + joint)}
    return {name: (failed, made) for name, (failed, made) in lost.items() if made.sum() > 0}


def crowded_out(result: Result) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """In the manner of `failing`: calls that fail because the willing are busy, of all calls."""
    made = total(result, "citizen_calls") + total(result, "government_calls")
    return {"crowded_out": (total(result, "crowded_out"), made)} if made.sum() > 0 else {}


def fails(result: Result) -> str:
    """Which of `failing` is most often; 'little' where it is less than 1 in 20, 'no_calls' where nobody calls."""
    lost = failing(result)
    if not lost:
        return "no_calls"
    worst = max(lost, key=lambda name: float(lost[name][0].sum()))
    return "little" if lost[worst][0].sum() < LITTLE * lost[worst][1].sum() else worst


def end(result: Result, measure: str) -> float:
    """An indicator's mean over runs and the last quarters."""
    return mean(result.rows[measure][:, -LAST:])


def suffering(name: str, results: Mapping[str, Result], measures: Sequence[str] = MEASURES
              ) -> list[tuple[float, str, float, str, float]]:
    """For each measure: part of the best start's, measure, own level at the end, the best start, its level."""
    gaps = []
    for measure in measures:
        ends = {other: end(result, measure) for other, result in results.items()}
        known = {other: value for other, value in ends.items() if math.isfinite(value)}
        best = max(known, key=lambda other: known[other], default=None)
        if best is not None and name in known and known[best] > 0.01:
            gaps.append((known[name] / known[best], measure, known[name], best, known[best]))
    return gaps


def suffers(name: str, results: Mapping[str, Result]) -> str:
    """The measure furthest below the best start's; 'little' where none is a tenth below."""
    worst = min(suffering(name, results), default=None)
    return "little" if worst is None or worst[0] >= SUFFERS else worst[1]


def card(name: str, results: Mapping[str, Result]) -> dict[str, str]:
    """What a start's card says: leads, begins, fails, suffers."""
    result = results[name]
    return {"leads": leads(result), "begins": begins(result), "fails": fails(result), "suffers": suffers(name, results)}
