"""Why it happened, from the terms: who pushed willingness, which calls died, which bottleneck holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from letsdance.scenarios import STARTS
from letsdance.simulation.indicators import SOCIETY
from letsdance.simulation.run import Result
from letsdance.words import IN_ENGLISH, Text

#: Quarters that "the last two years" are.
LAST = 8
#: The way from willing people to lasting services, in its order; what its narrowness means is said by "report.funnel_...".
FUNNEL = ("calls", "joining", "support", "success", "survival")


@dataclass(frozen=True)
class Push:
    """One reason's mean push on willingness (logits) in the last two years, and in how many runs it had that sign."""

    side: str
    name: str
    words: str
    push: float
    runs: int


def pushes(result: Result, last: int = LAST) -> list[Push]:
    """All reasons of citizens (x_) and governments (y_), strongest first within each side."""
    found = []
    for name, (_, words, _) in SOCIETY.items():
        if name.startswith(("x_", "y_")):
            each = result.rows[name][:, -last:].mean(axis=1)
            mean = float(each.mean())
            found.append(Push("citizens" if name[0] == "x" else "governments", name, words, mean,
                              int((np.sign(each) == np.sign(mean)).sum()) if mean else result.runs))
    return sorted(found, key=lambda one: (one.side, -abs(one.push)))


def funnel(result: Result, last: int = LAST) -> dict[str, np.ndarray]:
    """float64[R] for each step of FUNNEL in the last two years, each a share of what is possible (NaN: nothing to share).

    calls: calls over what full willingness on both sides would make; joining: launches over calls not crowded out;
    support: supported launches over all; success: successes over evaluated; survival: services that did not end.
    """
    rows = result.rows[:, -last:]
    p = result.scenario.values()
    size = float(result.places.citizens.mean())

    def total(*names: str) -> np.ndarray:
        return np.asarray(sum(rows[name].sum(axis=1) for name in names))

    def share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(whole > 0, part / whole, np.nan)

    launched = total("launched_solo", "launched_joint", "launched_called")
    called = total("citizen_calls", "government_calls")
    possible = np.full(len(rows), 2.0 * p["f"] * size / 25.0 * rows.shape[1])
    running = rows["services"].sum(axis=1)
    success = np.stack([rows["success_solo"], rows["success_supported"]])
    weight = np.stack([rows["launched_solo"], rows["launched_joint"] + rows["launched_called"]])
    weight = np.where(np.isnan(success), 0.0, weight)
    return {
        "calls": share(called, possible),
        "joining": share(launched, called - total("crowded_out")),
        "support": share(total("launched_joint", "launched_called"), launched),
        "success": share((np.nan_to_num(success) * weight).sum(axis=(0, 2)), weight.sum(axis=(0, 2))),
        "survival": 1.0 - share(total("services_ended"), running),
    }


def bottlenecks(result: Result, last: int = LAST) -> dict[str, int]:
    """In how many runs each step of FUNNEL is the narrowest: the one furthest below where Let's dance stands.

    Shares of different steps cannot be compared with each other, so each is set against the same step in runs of the
    Let's dance start with the same seeds and parameters; the narrowest has the lowest ratio.
    """
    from dataclasses import replace

    from letsdance.simulation.run import simulate

    best = simulate(replace(result.scenario.without_policy(), C=0.75, G=0.75, name="lets_dance"), runs=result.runs,
                    seed=int(result.seeds[0]), municipalities=result.places)
    here, there = funnel(result, last), funnel(best, last)
    counts = dict.fromkeys(FUNNEL, 0)
    for run in range(result.runs):
        ratios = {step: here[step][run] / there[step][run] for step in FUNNEL
                  if np.isfinite(here[step][run]) and there[step][run] > 0}
        if ratios:
            step = min(ratios, key=lambda name: ratios[name])
            if ratios[step] < 0.9:
                counts[step] += 1
    return counts


def _in_runs(count: int, runs: int, text: Text) -> str:
    """'in 17 of 20 runs', 'in every run', 'in no run'."""
    if count == runs:
        return text("report.explain_every" if runs > 1 else "report.explain_this")
    return text.in_runs(count, runs) if count else text("report.explain_no")


def _ends(result: Result, text: Text) -> str:
    """Where municipalities end; and in how many worlds of other parameters a start as it ships comes to the same future,
    where that was looked at."""
    from letsdance.experiments import robust

    shares = np.stack([result.rows[name][:, -1] for name in STARTS])
    counts = np.bincount(shares.argmax(axis=0), minlength=len(STARTS))
    first = int(counts.argmax())
    held = robust.of(f"card.{result.scenario.name}.leads", STARTS[first]) if robust.usual(result) else None
    beside = "" if held is None else text("report.explain_beside", share=text.percent(held.share), worlds=held.worlds,
                                          band=text.percents(held.chance.low, held.chance.high))
    each = [text("report.explain_share", share=text.percent(share), future=text.title("start", name))
            for name, share in zip(STARTS, shares.mean(axis=1), strict=True) if share >= 0.005]
    return text("report.explain_ends", start=text.start(result.scenario.title), quarters=result.quarters,
                years=text.years(result.quarters), beside=beside,
                future=text.title("start", STARTS[first]), runs=_in_runs(int(counts[first]), result.runs, text),
                shares=", ".join(each))


def _pushed(result: Result, side: str, last: int, text: Text) -> str:
    """What made a side willing, and what held it back."""
    found = [one for one in pushes(result, last) if one.side == side and abs(one.push) >= 0.01]

    def said(pushed: list[Push]) -> str:
        each = [text("report.explain_push", reason=text.title("indicator", one.name), push=text.signed(one.push),
                     runs=_in_runs(one.runs, result.runs, text)) for one in pushed[:3]]
        return text("report.semicolon").join(each) or text("report.explain_nothing")

    return text(f"report.explain_{side}", up=said([p for p in found if p.push > 0]),
                down=said([p for p in found if p.push < 0]))


def _calls(result: Result, last: int, text: Text) -> str:
    """Which calls died."""
    rows = result.rows[:, -last:]
    dead, crowded, asked, lost, by_citizens = (float(rows[name].sum()) for name in (
        "dead_calls", "crowded_out", "government_calls", "unanswered_calls", "citizen_calls"))
    if not asked:
        return text("report.explain_citizens_only", share=text.percent(lost / by_citizens)) if by_citizens else text(
            "report.explain_nobody")
    return text("report.explain_died", dead=text.percent(dead / asked),
                lost=text("report.explain_lost", share=text.percent(lost / by_citizens)) if by_citizens else "",
                busy=text("report.explain_busy", share=text.percent(crowded / (asked + by_citizens))) if crowded else "")


def explain(result: Result, text: Text = IN_ENGLISH) -> list[str]:
    """Plain sentences on what happened and why, each computed from the runs."""
    last = min(LAST, result.quarters)
    narrow = bottlenecks(result, last)
    step = max(narrow, key=lambda name: narrow[name])
    return [_ends(result, text), *(_pushed(result, side, last, text) for side in ("citizens", "governments")),
            _calls(result, last, text),
            text("report.explain_bottleneck", step=text(f"report.funnel_{step}"),
                 runs=_in_runs(narrow[step], result.runs, text)) if narrow[step] else text("report.explain_none")]
