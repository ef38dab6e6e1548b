"""Small statistics for runs on equal luck: paired differences, their intervals, and what they are held against.

Two policies meet the same seeds, so their difference is taken seed by seed and its interval is that of the mean
of these differences (Student's t). Each demand says in its `demand` what it asks for; nothing is rounded in favour.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtrit  # a tenth of the start-up of scipy.stats

from experiments.estimates import LEVEL


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over n seeds and the interval that covers it at LEVEL."""

    mean: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """An effect, what was asked of it in words, and whether it holds."""

    effect: Interval
    demand: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of the report: a part of a pattern, measured. A pattern holds only where all its parts do."""

    id: str
    compared: str
    effect: float
    low: float
    high: float
    n: int
    threshold: str
    holds: bool
    pattern_holds: bool
    scored: bool
    source: str
    strength: str
    prototype: str
    question: str
    expectation: str
    note: str


def interval(values: Any) -> Interval:
    """Mean of one value a seed, with its t interval; values that are all alike have an interval of no width.

    Not a number, so that nothing holds, where a value is missing or there are fewer than two.
    """
    values = np.asarray(values, dtype=np.float64)
    n = len(values)
    if n < 2 or not np.isfinite(values).all():
        return Interval(np.nan, np.nan, np.nan, n)
    mean = float(values.mean())
    reach = float(stdtrit(n - 1, 0.5 + LEVEL / 2.0) * values.std(ddof=1) / np.sqrt(n)) if np.ptp(values) > 0.0 else 0.0
    return Interval(mean, mean - reach, mean + reach, n)


def paired(after: Any, before: Any) -> Interval:
    """Mean difference after - before, seed by seed, with its t interval."""
    return interval(np.subtract(after, before))


# ---------------------------------------------------------------- what an effect is held against

def rises(difference: Any, by: float = 0.0) -> Verdict:
    """The interval of the difference lies above 0, and its mean reaches `by`."""
    e = interval(difference)
    return Verdict(e, f"> 0, mean >= {by:g}" if by else "> 0", e.low > 0.0 and e.mean >= by)


def falls(difference: Any, by: float = 0.0) -> Verdict:
    """The interval of the difference lies below 0, and its mean falls by at least `by`."""
    e = interval(difference)
    return Verdict(e, f"< 0, mean <= {-by:g}" if by else "< 0", e.high < 0.0 and e.mean <= -by)


def unchanged(difference: Any, within: float) -> Verdict:
    """The whole interval of the difference lies within +- `within`: too few runs to see anything prove nothing."""
    e = interval(difference)
    return Verdict(e, f"interval within +-{within:g}", -within <= e.low and e.high <= within)


def not_reversed(difference: Any) -> Verdict:
    """A weak order (<=): the interval of the difference does not lie below 0."""
    e = interval(difference)
    return Verdict(e, "not < 0", e.high >= 0.0)


def at_least(values: Any, level: float) -> Verdict:
    """The whole interval of a level lies at or above `level`."""
    e = interval(values)
    return Verdict(e, f"interval >= {level:g}", e.low >= level)


def at_most(values: Any, level: float) -> Verdict:
    """The whole interval of a level lies at or below `level`."""
    e = interval(values)
    return Verdict(e, f"interval <= {level:g}", e.high <= level)
