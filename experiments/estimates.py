"""A number with its interval, and the bootstrap over runs that most intervals here come from.

Municipalities of one run look at each other, so runs are what is drawn again (cluster bootstrap: Field and Welsh 2007,
J. R. Stat. Soc. B 69:369), not municipalities.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

#: What an interval covers, and how many times runs are drawn again for it.
LEVEL, DRAWS = 0.95, 400
_PURPOSE = 0x5E51DE  # keeps these random numbers apart from others with the same seed


class Estimate(NamedTuple):
    """A value and its interval; what cannot be had is not a number."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, value: float, drawn: np.ndarray) -> Estimate:
        """With the percentile interval, at LEVEL, of bootstrap draws; values may be infinite (never within the runs)."""
        if len(drawn) == 0:
            return cls(float(value), np.nan, np.nan)
        low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="inverted_cdf")
        return cls(float(value), float(low), float(high))


def redrawn(count: int, seed: int, draws: int = DRAWS) -> np.ndarray:
    """int[draws, count]: which of `count` runs each draw takes; no draws where there is one run, which has no spread."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, _PURPOSE]))
    return rng.integers(0, count, (draws if count > 1 else 0, count))


def mean_over_runs(values: Any, seed: int = 1) -> Estimate:
    """The mean of one value a run, with its bootstrap interval."""
    values = np.asarray(values, np.float64)
    return Estimate.of(float(values.mean()), values[redrawn(len(values), seed)].mean(axis=1))
