"""Would the forecast have been right? A user's own past cascades, cut, forecast, and compared with the rest.

They are cut where they reached each stage, or with a rolling origin: again and again, every so many periods from there on.
Every model forecasts the same periods of the same cascades from the same first part. What is learnt (our prior, the
reference class) is learnt from the other folds' cascades only. Errors are shares of the population, so that cascades of
different size count alike; standard errors are taken over cascades, because a cascade's stages go together.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

from letsdance.experiments.adopters import curves, scores
from letsdance.experiments.adopters.forecast import forecast
from letsdance.experiments.adopters.history import Cascade, read
from letsdance.experiments.adopters.prior import PERIODS, STAGES, Prior, learn
from letsdance.params import Refused
from letsdance.words import IN_ENGLISH, Text

if TYPE_CHECKING:
    import pandas as pd

_PURPOSE = 0x6261636B  # names this use of a seed
OURS = "ours"
#: Ours and its rivals; texts call them, and say what each supposes ("report.back_supposes_...").
MODELS = (OURS, "bass", "logistic", "gompertz", "persistence", "reference")
#: measure -> (unit, sentence).
MEASURES = {"mae": ("share", "Absolute error of the median, mean over periods."),
            "crps": ("share", "CRPS, mean over periods: the error of the whole forecast."),
            "coverage": ("share", "Share of periods in which the 80 % interval holds the truth."),
            "time_84": ("periods", "Error of the median time to 84 %, both times cut at the end of the record.")}
LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
_FEWEST = 4  # past cascades that a reference class needs
_LEARNS = 10  # cascades from which on a prior is learnt inside the backtest
_FOLDS = 3
_LATE = 0.84


@dataclass(frozen=True)
class Backtest:
    """`scores`: one row a cascade, origin and model (task_id, stage, origin, model, the measures, and held_50 ... held_95).

    origin: the last period that the forecast saw; stage: the highest of the stages that was reached by then.
    """

    scores: pd.DataFrame
    cascades: int
    skipped: int  # origins that left fewer than three periods before, or none after
    prior: str    # ours: "learnt" from the other folds, "given" by the user, "invented", or "default" (invented as well)
    every: int | None = None  # periods from origin to origin; None: an origin a stage

    def summary(self) -> pd.DataFrame:
        """One row a model: the mean of each measure, its standard error over cascades, and forecasts counted."""
        import pandas as pd

        each = self.scores.groupby(["model", "task_id"], sort=False)[list(MEASURES)].mean()
        rows = []
        for model in self._models():
            part = each.loc[model]
            rows.append({"model": model, "forecasts": int((self.scores["model"] == model).sum()),
                         **{name: part[name].mean() for name in MEASURES},
                         **{f"{name}_se": _error(part[name].to_numpy()) for name in MEASURES}})
        return pd.DataFrame(rows)

    def differences(self) -> pd.DataFrame:
        """One row a rival and measure: rival less ours over the forecasts that both made, and its standard error."""
        import pandas as pd

        wide = self.scores.pivot_table(index=["task_id", "origin"], columns="model", values=list(MEASURES), sort=False)
        rows = []
        for model in self._models():
            for name in MEASURES:
                if model == OURS or (name, model) not in wide.columns:
                    continue
                gap = (wide[name, model] - wide[name, OURS]).dropna().groupby(level="task_id", sort=False).mean()
                rows.append({"model": model, "measure": name, "cascades": len(gap),
                             "difference": gap.mean() if len(gap) else np.nan, "se": _error(gap.to_numpy())})
        return pd.DataFrame(rows)

    def calibration(self) -> pd.DataFrame:
        """model, level, held: how often central intervals of each level hold the truth."""
        import pandas as pd

        names = [f"held_{round(100 * level)}" for level in LEVELS]
        each = self.scores.groupby(["model", "task_id"], sort=False)[names].mean().groupby(level="model").mean()
        return pd.DataFrame([{"model": m, "level": level, "held": each.loc[m, name]} for m in self._models()
                             for level, name in zip(LEVELS, names, strict=True)])

    def _next_best(self) -> tuple[str, float, float]:
        """The rival with the least CRPS, how much larger it is than ours, and the standard error of that."""
        rival = str(self.summary().set_index("model").drop(index=OURS)["crps"].idxmin())
        gaps = self.differences()
        gaps = gaps[gaps["measure"] == "crps"].set_index("model")
        return rival, float(gaps.loc[rival, "difference"]), float(gaps.loc[rival, "se"])

    @property
    def told(self) -> bool:
        """Whether our forecast and the next best can be told apart."""
        _, gap, error = self._next_best()
        return bool(np.isfinite(error) and abs(gap) >= 2 * error)

    def verdict(self, text: Text = IN_ENGLISH) -> str:
        """Which forecast to trust, in one sentence, by CRPS and the paired differences."""
        found = self.summary().set_index("model")
        rival, gap, error = self._next_best()
        way = "alike" if not self.told else "ours" if gap > 0 else "rival"
        return text(f"report.back_verdict_{way}", rival=text(f"report.back_title_{rival}"),
                    size=text("report.back_size", gap=text.number(100 * abs(gap), 1), error=text.number(100 * error, 1)),
                    held=text("report.back_held", level=text.percent(0.8),
                              share=text.percent(found.loc[OURS, "coverage"])))

    def _models(self) -> list[str]:
        seen = set(self.scores["model"])
        return [model for model in MODELS if model in seen]


def _error(values: np.ndarray) -> float:
    values = values[np.isfinite(values)]
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else np.nan


# ---------------------------------------------------------------- rivals: float64[S, 100] each

def by_curve(history: Cascade, curve: str, samples: int, rng: np.random.Generator, method: str = "ml") -> np.ndarray:
    """The ordinary forecast of a curve, fitted by `ml` or `ls`."""
    return curves.fit(history, curve, method).samples(PERIODS, samples, rng)


def persistence(history: Cascade, samples: int, rng: np.random.Generator) -> np.ndarray:
    """The mean rate of the last five periods goes on, Poisson, until all have adopted."""
    recent = history.new[1:][-5:]
    rate = recent.mean() if len(recent) else float(history.new[0])
    return np.minimum(history.adopters + rng.poisson(rate, (samples, PERIODS)).cumsum(axis=1), history.population)


def reference(history: Cascade, past: Sequence[Cascade], samples: int, rng: np.random.Generator) -> np.ndarray | None:
    """What past cascades did after they had reached the same share, of those who remained; None with fewer than four.

    After the end of its record a past cascade is taken to stay where it was.
    """
    share = history.adopters / history.population
    lines = []
    for other in past:
        at = other.reaches(share)
        if at is None or at >= len(other.cum) - 1:
            continue
        rest = other.cum[at + 1:at + 1 + PERIODS]
        rest = np.concatenate([rest, np.full(PERIODS - len(rest), rest[-1])])
        lines.append((rest - other.cum[at]) / max(other.population - int(other.cum[at]), 1))
    if len(lines) < _FEWEST:
        return None
    chosen = np.array(lines)[rng.permutation(np.arange(samples) % len(lines))]
    return np.round(history.adopters + chosen * (history.population - history.adopters))


# ---------------------------------------------------------------- the test

def backtest(past: Any, population: int | None = None, prior: Prior | None = None, stages: Sequence[float] = STAGES,
             samples: int = 400, seed: int = 0, progress: Callable[[int], None] | None = None,
             every: int | None = None) -> Backtest:
    """Forecast the rest of each cascade from each stage that it reached, by every model, and score it.

    past, population: as `history.read`. every: a rolling origin instead, every so many periods from the first stage until
    84 % have adopted.
    prior: used as it is (it must not have been learnt from these cascades); None: learnt from the other folds where there
    are ten cascades or more, else the default one. `progress` hears once of each cascade and stage, in part while
    learning. Refused where no cascade reaches a stage with three periods before it and one after.
    """
    cascades = read(past, population, least=1)
    if not stages or not all(0 < stage < 1 for stage in stages):
        raise Refused("stages must lie between 0 and 1, such as 0.16 0.34 0.5.")
    if every is not None and every < 1:
        raise Refused("every must be a whole number of periods from 1 on, not {every}.", every=every)
    origins = [(k, stage, at) for k, c in enumerate(cascades) for stage, at in _origins(c, sorted(set(stages)), every)]
    usable = [(k, stage, at) for k, stage, at in origins if 2 <= at < len(cascades[k].cum) - 1]
    if not usable:
        raise Refused("no cascade reaches a stage with three periods before it and one after it; there is nothing to "
                      "test.")
    learns = prior is None and len(cascades) >= _LEARNS
    folds = min(_FOLDS, len(cascades))
    priors: Mapping[int, Prior | None] = {f: prior for f in range(folds)}
    total, half = len(cascades) * len(stages), 0
    if learns:
        half = total // 2
        step = _part(progress, half, 3 * (folds - 1) * len(cascades))
        priors = {f: learn([c for k, c in enumerate(cascades) if k % folds != f], seed=seed, progress=step, as_told=True)
                  for f in range(folds)}
    step = _part(progress, total - half, len(usable))

    def score(origin: tuple[int, float, int]) -> list[dict[str, Any]]:
        k, stage, at = origin
        cascade, fold = cascades[k], k % folds
        others = [c for j, c in enumerate(cascades) if j % folds != fold]
        history, truth = cascade.until(at + 1), cascade.cum[at + 1:at + 1 + PERIODS]
        rng = np.random.default_rng(np.random.SeedSequence([seed, _PURPOSE, crc32(cascade.name.encode()), at]))
        made: dict[str, np.ndarray | None] = {OURS: forecast(history, priors[fold], samples, seed).paths}
        made |= {curve: by_curve(history, curve, samples, rng) for curve in curves.CURVES}
        made |= {"persistence": persistence(history, samples, rng),
                 "reference": reference(history, others, samples, rng)}
        return [{"task_id": cascade.name, "stage": stage, "origin": history.last, "model": model,
                 **measured(cascade, at, paths, truth)}
                for model, paths in made.items() if paths is not None]

    rows: list[dict[str, Any]] = []
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for found in pool.map(score, usable):
            rows += found
            step(1)
    import pandas as pd

    return Backtest(pd.DataFrame(rows), len({k for k, _, _ in usable}), len(origins) - len(usable),
                    "learnt" if learns else "default" if prior is None else "invented" if prior.invented else "given",
                    every)


def _origins(cascade: Cascade, stages: Sequence[float], every: int | None) -> list[tuple[float, int]]:
    """(stage, index of the last period seen) of each forecast of a cascade; stages that one period reaches are one."""
    reached = [(stage, at) for stage in stages if (at := cascade.reaches(stage)) is not None]
    if every is None or not reached:
        return [(stage, at) for stage, at in reached if not any(at == then and stage < more for more, then in reached)]
    late = cascade.reaches(_LATE)
    last = len(cascade.cum) - 2 if late is None else late - 1
    return [(max(stage for stage, at in reached if at <= origin), origin)
            for origin in range(reached[0][1], last + 1, every)]


def _part(progress: Callable[[int], None] | None, share: int, steps: int) -> Callable[[int], None]:
    """Tells `progress` of `share` in all, bit by bit, over so many steps."""
    done = told = 0

    def step(count: int) -> None:
        nonlocal done, told
        done += count
        if progress is not None and done * share // steps > told:
            progress(done * share // steps - told)
            told = done * share // steps

    return step


def measured(cascade: Cascade, at: int, paths: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Every measure of one forecast made at index `at`: paths[S, 100] against truth[H], H up to 100."""
    N, seen = cascade.population, paths[:, :len(truth)]
    time = np.nan
    if cascade.cum[at] < _LATE * N - 1e-9:
        # Both are cut at the end of the record: nobody knows when a curve that is still below comes there.
        crossed = [np.where(late[:, -1], 1 + late.argmax(axis=1), len(truth)) for late in
                   (seen >= _LATE * N - 1e-9, truth[None] >= _LATE * N - 1e-9)]
        time = abs(float(np.median(crossed[0])) - float(crossed[1][0]))
    return {"mae": float(np.abs(np.median(seen, axis=0) - truth).mean()) / N,
            "crps": float(scores.crps(seen, truth).mean()) / N,
            "coverage": float(scores.covers(seen, truth).mean()), "time_84": time,
            **{f"held_{round(100 * level)}": float(scores.covers(seen, truth, level).mean()) for level in LEVELS}}
