"""Forecasts of late adoption: whole paths of what is still to come, from the first part of a curve.

The posterior of the model of clumps (experiments.adopters.clumps) given the history, under a prior learnt from past
cascades, is sampled (experiments.adopters.sampling) and simulated on; its paths are pooled with paths that go on as
similar past cascades did (experiments.adopters.similar). Where a table of units is given, who has adopted moves the level
(experiments.adopters.composition).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

from letsdance.experiments.adopters.history import Cascade, read
from letsdance.experiments.adopters.prior import Prior, default, drawn, paths_of, ranked
from letsdance.params import Refused

if TYPE_CHECKING:
    import pandas as pd

    from letsdance.experiments.adopters.composition import Units

_PURPOSE = 0x666F7265  # names this use of a seed
FEW = 20  # parameter sets; a posterior that rests on fewer is hardly told
_MORE = 4  # paths simulated for each that is handed out, so that recalibration can choose


@dataclass(frozen=True)
class Forecast:
    """Sampled futures of one cascade. `paths[k, h]` have adopted by the end of period `history.last + 1 + h`."""

    history: Cascade
    paths: np.ndarray  # int64[S, 100], never falls, never more than the population
    effective: float   # parameter sets that the posterior rests on, counted by their weights

    def __repr__(self) -> str:
        ends = self.quantiles((0.1, 0.5, 0.9))[:, [9, -1]]
        said = "; ".join(f"period {self.t[at]}: {median:.0f} ({low:.0f} to {high:.0f})"
                         for at, (low, median, high) in zip((9, -1), ends.T, strict=True))
        return f"{self.history!r}\nforecast, median and 80 % interval of {len(self.paths)} paths: {said}"

    @property
    def t(self) -> np.ndarray:
        """int64[100]: the periods."""
        return self.history.last + 1 + np.arange(self.paths.shape[1])

    def quantiles(self, levels: Sequence[float] = (0.1, 0.25, 0.5, 0.75, 0.9)) -> np.ndarray:
        """float64[len(levels), 100]."""
        return np.quantile(self.paths, levels, axis=0)

    def time_to(self, share: float) -> np.ndarray:
        """float64[S]: period by whose end this share of the population has adopted; inf where it is not within 100."""
        at = self.history.reaches(share)
        if at is not None:
            return np.full(len(self.paths), float(self.history.first + at))
        reached = self.paths >= share * self.history.population - 1e-9
        return np.where(reached[:, -1], self.t[0] + reached.argmax(axis=1), np.inf)

    def mean_reaches(self, share: float) -> float:
        """The period by whose end the mean of the paths has reached a share; inf where it does not within 100.

        This is not the time to expect: paths that stall hold the mean down, so that it crosses late or never, while half
        of the paths may have crossed long before. `time_to` gives the quantiles of the time itself.
        """
        at = self.history.reaches(share)
        if at is not None:
            return float(self.history.first + at)
        reached = np.flatnonzero(self.paths.mean(axis=0) >= share * self.history.population - 1e-9)
        return float(self.t[reached[0]]) if len(reached) else np.inf

    def stalls(self, share: float = 0.84) -> float:
        """Chance that the share is not reached within 100 periods of the end of the history."""
        return float(np.isinf(self.time_to(share)).mean())

    def summary(self) -> dict[str, object]:
        """What the paths say, as JSON: times as 10, 50 and 90 % quantiles, None where not within 100 periods.

        never: the chance of that. if_reached: the quantiles among the paths that do get there, None where none does.
        mean_curve: when the mean of the paths gets there, which is another thing (`mean_reaches`).
        """
        said: dict[str, Any] = {"task_id": self.history.name, "population": self.history.population,
                                "adopters": self.history.adopters, "last": self.history.last, "stalls": self.stalls(),
                                "effective": self.effective}
        for name, share in (("time_to_84", 0.84), ("time_to_97.5", 0.975)):
            mean = self.mean_reaches(share)
            some = self.if_reached(share)
            said[name] = {"quantiles": [float(t) if np.isfinite(t) else None for t in self.times(share)],
                          "if_reached": None if some is None else some.tolist(),
                          "mean_curve": mean if np.isfinite(mean) else None, "never": self.stalls(share)}
        return said

    def times(self, share: float, levels: Sequence[float] = (0.1, 0.5, 0.9)) -> np.ndarray:
        """float64[len(levels)]: quantiles of the time to a share over all paths; inf where it is not within 100."""
        return np.quantile(self.time_to(share), levels, method="inverted_cdf")

    def if_reached(self, share: float, levels: Sequence[float] = (0.1, 0.5, 0.9)) -> np.ndarray | None:
        """float64[len(levels)]: the same over the paths that get there within 100 periods; None where none does."""
        times = self.time_to(share)
        times = times[np.isfinite(times)]
        return np.quantile(times, levels, method="inverted_cdf") if len(times) else None


def forecast(cascade: Cascade, prior: Prior | None = None, samples: int = 500, seed: int = 0,
             units: Units | None = None) -> Forecast:
    """Sampled paths for 100 periods past the end. Equal seeds give equal paths, whatever else is forecast.

    prior: learnt (`prior.learn`, `prior.load`); None is the one learnt from invented cascades. units: learnt from a table
    of units with the same prior (`composition.learn`); where it has this cascade, who has adopted moves the forecast.
    Refused with fewer than 20 samples.

    >>> curve = ld.Cascade("a", 50, 1, np.array([1, 4, 9, 16, 20]))
    >>> ld.forecast(curve, samples=100).paths.shape
    (100, 100)
    """
    if not 20 <= samples <= 100_000:
        raise Refused("samples must lie from 20 to 100,000, not {samples}.", samples=samples)
    prior = default() if prior is None else prior
    rng = np.random.default_rng(np.random.SeedSequence([seed, _PURPOSE, crc32(cascade.name.encode())]))
    paths, effective = paths_of(cascade, prior, _MORE * samples, rng)
    by_rank = prior.corrected(cascade)
    if units is not None:
        mean, spread = units.move(cascade)
        by_rank = replace(by_rank, mean=mean, spread=spread)
    return Forecast(cascade, rng.permutation(drawn(ranked(paths), by_rank, samples)), effective)


def histories_of(source: Any, population: int | None = None) -> tuple[list[Cascade], list[str]]:
    """Histories to forecast, and the names of those with a single adopter: there the prior speaks alone.

    Refused with the row where nobody has adopted yet, or where no cascade has two adopters.
    """
    cascades = read(source, population, least=1)
    single = [c.name for c in cascades if c.adopters == 1]
    if len(single) == len(cascades):
        read(cascades if isinstance(source, Cascade | list) else source, population, least=2)  # says the row
    return cascades, single


def forecasts(histories: Any, prior: Prior | None = None, samples: int = 500, seed: int = 0,
              population: int | None = None, progress: Callable[[int], None] | None = None,
              units: Units | None = None) -> list[Forecast]:
    """A forecast for each cascade of a table, a CSV file or a list (see `histories_of`), on all cores.

    units: as of `forecast`. Refused where none of the cascades is among its own.
    """
    step = progress or (lambda count: None)
    cascades, done = histories_of(histories, population)[0], []
    if units is not None:
        units.among(cascades)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for made in pool.map(lambda c: forecast(c, prior, samples, seed, units), cascades):
            done.append(made)
            step(1)
    return done


def table(made: Sequence[Forecast]) -> pd.DataFrame:
    """task_id, sample, t, cum: one row a cascade, sample and period."""
    import pandas as pd

    return pd.concat([pd.DataFrame({
        "task_id": f.history.name, "sample": np.repeat(np.arange(len(f.paths)), f.paths.shape[1]),
        "t": np.tile(f.t, len(f.paths)), "cum": f.paths.ravel()}) for f in made], ignore_index=True)


def quantile_table(made: Sequence[Forecast]) -> pd.DataFrame:
    """task_id, t, q10, q25, q50, q75, q90 of cum."""
    import pandas as pd

    return pd.concat([pd.DataFrame({"task_id": f.history.name, "t": f.t, **dict(zip(
        ("q10", "q25", "q50", "q75", "q90"), f.quantiles(), strict=True))}) for f in made], ignore_index=True)
