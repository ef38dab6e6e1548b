"""Small statistics for runs on equal luck: paired differences, their intervals, and what they are held against.

Two policies meet the same seeds, so their difference is taken seed by seed and its interval is that of the mean
of these differences (Student's t). Student's t believes what it sees: where most runs are alike it takes what was not
seen for impossible, so there it gives way to an exact interval (`unseen`). Each demand says in its `demand` what it
asks for; nothing is rounded in favour.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import betaincinv, stdtrit  # a tenth of the start-up of scipy.stats

from letsdance.experiments.estimates import LEVEL
from letsdance.params import Said


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over n seeds and the interval that covers it at LEVEL."""

    mean: float
    low: float
    high: float
    n: int

    @property
    def clear(self) -> bool:
        """Whether it leaves out 0: an effect that luck does not explain."""
        return self.low > 0.0 or self.high < 0.0

    def within(self, ends: tuple[float, float] | None) -> Interval:
        """No farther than a mean of what lies between these ends can be; as it is where nothing bounds it (None)."""
        return self if ends is None else Interval(self.mean, max(self.low, ends[0]), min(self.high, ends[1]), self.n)


@dataclass(frozen=True, slots=True)
class Verdict:
    """An effect, what was asked of it in words, and whether it holds; `seen`: whether its mean alone does, unproven."""

    effect: Interval
    demand: Said
    holds: bool
    seen: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of the report: a part of a pattern, measured. A pattern holds only where all its parts do."""

    id: str
    compared: Said
    effect: float
    low: float
    high: float
    n: int
    threshold: Said
    holds: bool
    pattern_holds: bool
    scored: bool
    source: str
    strength: str
    prototype: str
    question: str
    expectation: Said
    note: Said


def interval(values: Any, reach: float | None = None) -> Interval:
    """Mean of one value a seed, with its t interval.

    reach: how far a value could lie from another, such as 1 for a share; with it the interval stays honest where nearly
    all values are alike (see `unseen`). Without it values that are all alike have an interval of no width. Not a number,
    so that nothing holds, where a value is missing or there are fewer than two.
    """
    values = np.asarray(values, dtype=np.float64)
    n = len(values)
    if n < 2 or not np.isfinite(values).all():
        return Interval(np.nan, np.nan, np.nan, n)
    mean = float(values.mean())
    away = float(stdtrit(n - 1, 0.5 + LEVEL / 2.0) * values.std(ddof=1) / np.sqrt(n)) if np.ptp(values) > 0.0 else 0.0
    return around(mean, away, values, reach)


def around(mean: float, away: float, values: np.ndarray, reach: float | None) -> Interval:
    """mean - away to mean + away, as wide at least as `unseen` asks where few of the values[n] make the mean."""
    low, high = mean - away, mean + away
    if reach is not None:
        rare, lowest, highest = unseen(values[:, None], np.array([1.0 - LEVEL]), reach)
        if rare[0]:
            low, high = min(low, float(lowest[0])), max(high, float(highest[0]))
    return Interval(mean, low, high, len(values))


def unseen(d: np.ndarray, alpha: np.ndarray, declared: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(rare, low, high)[Q] for runs d[R, Q] (NaN where not measured): where few runs make the mean, and there its exact
    interval (elsewhere NaN).

    Rare is a column in which few runs depart from the middle one: by the effective number of departures,
    (sum |a|)² / sum a² (Kish 1965), at most half the runs, or in which all n of them as large as the largest would reach
    no farther than one could. Its mean is then a chance times a size: departures upwards and downwards, as parts of the
    farthest that one can reach, have the interval of Clopper and Pearson (1934) at the sum of parts, which is theirs
    where a run departs wholly or not at all. Nothing seen in n runs leaves a chance of 1 - alpha^(1/n): 14 % in 20 runs.
    How far one can reach is what was seen in any column; where nothing was seen, or not every run could be measured,
    what is `declared`. An event that came in none of the runs, where all runs differ by something else too, stays unseen.
    """
    known = np.isfinite(d)
    n = known.sum(axis=0)
    ordered, column = np.sort(np.where(known, d, np.nan), axis=0), np.arange(d.shape[1])  # what is not known comes last
    middle = (ordered[np.maximum(n - 1, 0) // 2, column] + ordered[np.minimum(n // 2, len(d) - 1), column]) / 2.0
    away = np.where(known, d - middle, 0.0)
    rounding = 1e-9 * float(np.abs(np.where(known, d, 0.0)).max(initial=0.0))
    away[np.abs(away) <= rounding] = 0.0
    size, largest = np.abs(away).sum(axis=0), float(np.abs(away).max(initial=0.0))
    still = size == 0.0
    departed = np.divide(size**2, np.square(away).sum(axis=0), where=~still, out=np.zeros(len(n)))
    reach = np.where((n == len(d)) & (largest > 0.0), largest, max(declared, largest))
    rare = (n > 0) & ((departed <= n / 2) | (np.abs(away).max(axis=0, initial=0.0) * n <= reach))
    reach = np.where(reach > 0.0, reach, 1e-300)[rare]  # where nothing differs and nothing could
    up, down = (np.maximum(side * away[:, rare], 0.0).sum(axis=0) / reach for side in (1.0, -1.0))
    each, n = np.where(still, alpha, alpha / 2)[rare], n[rare]  # where nothing was seen, both sides are one event
    most = [betaincinv(part + 1.0, np.maximum(n - part, 1e-9), 1.0 - each) for part in (up, down)]
    least = [np.where(part > 0.0, betaincinv(np.maximum(part, 1e-9), n - part + 1.0, each), 0.0) for part in (up, down)]
    low, high = np.full((2, len(rare)), np.nan)
    low[rare], high[rare] = middle[rare] - reach * (most[1] - least[0]), middle[rare] + reach * (most[0] - least[1])
    return rare, low, high


def leaning(d: np.ndarray, moving: np.ndarray) -> float:
    """The skewness of runs d[R, Q] (NaN where not measured), as the mean of the samples' over the `moving` quarters.

    Twenty runs say little of how skewed a quarter is, and least where they missed the long tail, which is where it
    matters; its neighbours saw more of it. Quarters count by how many runs they have.
    """
    known = np.isfinite(d)
    n = known.sum(axis=0)
    told = moving & (n > 2)
    if not told.any():
        return 0.0
    d, known, n = d[:, told], known[:, told], n[told]
    rest = np.where(known, d - np.where(known, d, 0.0).sum(axis=0) / n, 0.0)
    size = np.sqrt((rest**2).sum(axis=0) / n)
    own = np.divide((rest**3).sum(axis=0) / n, size**3, where=size > 0.0, out=np.zeros(len(n)))
    return float(own @ n / n.sum())


def leant(away: np.ndarray, skewness: float, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(below, above): how many standard errors an interval of the mean of n skewed values reaches either way, away each
    where they are not skewed.

    Student's ratio of skewed values is skewed the other way, so the side of the long tail must reach farther. Hall's
    cubic (1992, JRSS B 54:221-228) makes it normal again and is solved for the mean. It is taken at the part of the
    skewness, up to the whole, at which it reaches farthest: beyond some 1.3 at 20 values the cubic turns back, which no
    law does. Neither side ever reaches less than Student's.
    """
    root = np.sqrt(np.maximum(n, 1))
    part = skewness * np.linspace(0.1, 1.0, 10)[:, None]
    a = part / (3.0 * root)
    if abs(skewness) < 1e-6:  # the cubic is a line
        return away, away
    below, above = ((np.cbrt(1.0 + 3.0 * a * (side * away - part / (6.0 * root))) - 1.0) / a for side in (1.0, -1.0))
    return np.maximum(away, below.max(axis=0)), np.maximum(away, -above.min(axis=0))


def paired(after: Any, before: Any) -> Interval:
    """Mean difference after - before, seed by seed, with its t interval."""
    return interval(np.subtract(after, before))


# ---------------------------------------------------------------- what an effect is held against

def rises(difference: Any, by: float = 0.0) -> Verdict:
    """The interval of the difference lies above 0, and its mean reaches `by`."""
    e = interval(difference)
    return Verdict(e, Said("> 0, mean >= {by:g}", by=by) if by else Said("> 0"), e.low > 0.0 and e.mean >= by,
                   e.mean > 0.0 and e.mean >= by)


def falls(difference: Any, by: float = 0.0) -> Verdict:
    """The interval of the difference lies below 0, and its mean falls by at least `by`."""
    e = interval(difference)
    return Verdict(e, Said("< 0, mean <= {by:g}", by=-by) if by else Said("< 0"), e.high < 0.0 and e.mean <= -by,
                   e.mean < 0.0 and e.mean <= -by)


def unchanged(difference: Any, within: float) -> Verdict:
    """The whole interval of the difference lies within +- `within`: too few runs to see anything prove nothing."""
    e = interval(difference)
    return Verdict(e, Said("interval within +-{within:g}", within=within),
                   -within <= e.low and e.high <= within, abs(e.mean) <= within)


def not_reversed(difference: Any) -> Verdict:
    """A weak order (<=): the interval of the difference does not lie below 0."""
    e = interval(difference)
    return Verdict(e, Said("not < 0"), e.high >= 0.0, e.mean >= 0.0)


def at_least(values: Any, level: float) -> Verdict:
    """The whole interval of a level lies at or above `level`."""
    e = interval(values)
    return Verdict(e, Said("interval >= {level:g}", level=level), e.low >= level, e.mean >= level)


def at_most(values: Any, level: float) -> Verdict:
    """The whole interval of a level lies at or below `level`."""
    e = interval(values)
    return Verdict(e, Said("interval <= {level:g}", level=level), e.high <= level, e.mean <= level)
