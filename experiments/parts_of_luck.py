"""What of an outcome's spread is luck and what is not knowing, over worlds and seeds that cross: d[world, seed].

Every world meets the same seeds, so d[w, r] = mean + world w + luck of seed r + the rest (luck that falls out otherwise in
each world): the crossed random-effects model of two-way analysis of variance (Searle, Casella and McCulloch 1992).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtrit

from letsdance.experiments.estimates import LEVEL, Estimate
from letsdance.experiments.paired import Interval, around, interval

#: Draws of the pivots, and the seed that names them.
_DRAWS, _PIVOTS = 4_000, 0x914075


@dataclass(frozen=True, slots=True)
class Parts:
    """Standard deviations of one run: between worlds (not knowing), of seeds, and of the rest (both are luck); and the
    part of one run's variance that is not knowing, with its interval. NaN where one run a world, or one world, tells
    nothing of it."""

    worlds: float
    seeds: float
    rest: float
    not_knowing: Estimate


def squares(d: np.ndarray) -> tuple[float, float, float]:
    """Mean squares between worlds, between seeds, and of the rest, of d[W, R]."""
    W, R = d.shape
    world, seed = d.mean(axis=1), d.mean(axis=0)
    rest = d - world[:, None] - seed[None, :] + d.mean()
    return (R * float(world.var(ddof=1)), W * float(seed.var(ddof=1)) if R > 1 else np.nan,
            float((rest**2).sum()) / ((W - 1) * (R - 1)) if R > 1 else np.nan)


def variances(d: np.ndarray) -> tuple[float, float, float]:
    """The components between worlds, between seeds and of the rest by the method of moments, none below 0."""
    W, R = d.shape
    between, seeds, rest = squares(d)
    return max(0.0, (between - rest) / R), max(0.0, (seeds - rest) / W), rest


def parts(d: Any) -> Parts:
    """The parts of d[W, R]. The interval is that of generalised pivots (Weerahandi 1993): mean squares of seeds and of the
    rest as multiples of chi-squared; that of worlds, which need not be normal, with as many degrees of freedom as a
    jackknife over worlds gives its logarithm (Arvesen 1969)."""
    d = np.asarray(d, np.float64)
    W, R = d.shape
    if min(W, R) < 2 or not np.isfinite(d).all():
        return Parts(np.nan, np.nan, np.nan, Estimate(np.nan, np.nan, np.nan))
    found = variances(d)
    total = sum(found)
    if total <= (1e-9 * float(np.abs(d).max()))**2:
        return Parts(0.0, 0.0, 0.0, Estimate(np.nan, np.nan, np.nan))
    worlds, seeds, rest = (float(np.sqrt(v)) for v in found)
    share = found[0] / total
    if W < 3:
        return Parts(worlds, seeds, rest, Estimate(share, np.nan, np.nan))
    world = d.mean(axis=1)
    without = np.array([np.delete(world, k).var(ddof=1) for k in range(W)])
    logs = np.log(np.maximum(without, 1e-300))
    spread = (W - 1) / W * float(((logs - logs.mean())**2).sum())
    free = float(np.clip(2.0 / spread if spread > 0.0 else W - 1.0, 1.0, 2.0 * W)), R - 1.0, (W - 1.0) * (R - 1.0)
    rng = np.random.default_rng(_PIVOTS)
    a, b, e = (ms * n / rng.chisquare(n, _DRAWS) for ms, n in zip(squares(d), free, strict=True))
    drawn = np.maximum(0.0, (a - e) / R)
    shares = drawn / np.maximum(drawn + np.maximum(0.0, (b - e) / W) + e, 1e-300)
    low, high = np.quantile(shares, [(1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0])
    return Parts(worlds, seeds, rest, Estimate(share, float(min(low, share)), float(max(high, share))))


def mean_over(d: Any, reach: float | None = None) -> Interval:
    """The mean over worlds and luck of d[W, R], with an interval for both: Student's t with Satterthwaite's degrees of
    freedom on the crossed model; n is the number of worlds. Of one world it is the interval over its runs, for luck alone.

    NaN marks what was not measured: a world's mean is over the rest, and a world without any is left out; luck that worlds
    share is then not in the interval. reach: how far values can lie apart, as in `paired.interval`.
    """
    d = np.asarray(d, np.float64)
    known = np.isfinite(d)
    some = known.any(axis=1)
    n = int(some.sum())
    if len(d) == 1 and n == 1:
        return interval(d[0][known[0]], reach)
    if n < 2:
        return Interval(np.nan, np.nan, np.nan, n)
    means = np.where(known, d, 0.0)[some].sum(axis=1) / known[some].sum(axis=1)
    mean = float(means.mean())
    if known.all() and d.shape[1] > 1:
        W, R = d.shape
        a, b, c = squares(d)
        ms, free = np.array([a, b, -c]) / (W * R), np.array([W - 1, R - 1, (W - 1) * (R - 1)])
        variance = max(float(ms.sum()), a / (W * R), b / (W * R))
        df = max(variance**2 / max(float((ms**2 / free).sum()), 1e-300), 1.0)
    else:
        variance, df = float(means.var(ddof=1)) / n, n - 1.0
    spread = np.ptp(means) > 1e-12 * max(1.0, abs(mean)) or variance > 1e-24
    away = float(stdtrit(df, 0.5 + LEVEL / 2.0) * np.sqrt(variance)) if spread else 0.0
    return around(mean, away, means, reach)
