"""What runs answer to: Morris screening, Sobol' indices and regional sensitivity, with luck told apart.

Every point is run with several seeds, the same ones at every point. What one run says is what the factors do plus
luck, and luck makes every squared or absolute effect too large. So effects are multiplied across different seeds only:
the product of what seed r says and what seed s says has the square of the true effect as its mean, whatever luck the
points of one seed share. (A mean over replicates with an assumed variance of its noise would need independent points;
paired seeds are not.) Intervals resample points and seeds, both. Nothing is rounded up to 0: an index may be negative,
and an interval that holds 0 is not told apart from none.

Plain arrays, so that they serve any model: names[k], bounds[k, 2], X[points, k] and Y[points, replicates].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance.experiments.estimates import Estimate
from letsdance.params import Refused

if TYPE_CHECKING:
    import pandas as pd

_RESAMPLES, _PERMUTATIONS = 0xB0075, 0x9E12  # purposes of randomness, beside the seed


@dataclass(frozen=True, eq=False)
class Morris:
    """Elementary effects. `table`: factor, mu, mu_star, sigma (each with _low and _high), told_apart.

    All are changes of the outcome for a factor that goes from one end of its range to the other.
    """

    table: pd.DataFrame
    trajectories: int
    replicates: int


@dataclass(frozen=True, eq=False)
class Sobol:
    """Sobol' indices. `table`: factor, first, total (each with _low and _high), told_apart.

    luck: the share of the variance of one run that seeds make, not factors; not a number with one replicate.
    variance: of the mean response over the ranges of the factors, without luck.
    """

    table: pd.DataFrame
    luck: Estimate
    variance: float
    base: int
    replicates: int


@dataclass(frozen=True, eq=False)
class Regional:
    """Regional sensitivity. `table`: factor, distance, p, p_holm, where_holds, where_not (medians), told_apart.

    held: the share of runs in which the condition holds.
    """

    table: pd.DataFrame
    held: float
    points: int
    replicates: int


def _checked(names: Sequence[str], bounds: Any, X: Any, Y: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    bounds, X, Y = (np.asarray(v, np.float64) for v in (bounds, X, Y))
    Y = Y[:, None] if Y.ndim == 1 else Y
    if X.ndim != 2 or X.shape[1] != len(names) or bounds.shape != (len(names), 2) or len(X) != len(Y):
        raise Refused("names, bounds, X and Y do not fit: {n_names} names, bounds {shape}, X {x_shape}, Y {y_shape}; they "
                      "must be k, (k, 2), (points, k) and (points, replicates).", n_names=len(names), shape=bounds.shape,
                      x_shape=X.shape, y_shape=Y.shape)
    if not np.isfinite(Y).all():
        raise Refused("the outcome is not a number at {np} of {n_y} points; put a number in its place, or choose another "
                      "outcome. No point can be left out of this design.", np=int((~np.isfinite(Y)).any(axis=1).sum()),
                      n_y=len(Y))
    return bounds, X, Y


# ---------------------------------------------------------------- points and seeds, drawn again

def _again(size: int, seeds: int, draws: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """How often each point and each seed is drawn: float64[draws, size], float64[draws, seeds], points and seeds apart.

    The bootstrap for two crossed samples (Owen 2007, "The pigeonhole bootstrap"). Two different seeds at least are
    drawn each time, because effects are multiplied across different seeds only.
    """
    points = rng.multinomial(size, np.full(size, 1 / size), draws).astype(np.float64)
    luck = rng.multinomial(seeds, np.full(seeds, 1 / seeds), draws)
    while seeds > 1 and (alone := (luck > 0).sum(axis=1) < 2).any():
        luck[alone] = rng.multinomial(seeds, np.full(seeds, 1 / seeds), int(alone.sum()))
    return points, luck.astype(np.float64)


def _across(products: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """float64[B]: the mean of products[B, r, s] over pairs of different seeds, weights[B, r]; one seed: of the one."""
    pairs = weights[:, :, None] * weights[:, None, :]
    if weights.shape[1] > 1:
        pairs = pairs * (1.0 - np.eye(weights.shape[1]))
    return np.asarray((products * pairs).sum(axis=(1, 2)) / pairs.sum(axis=(1, 2)))


def _edges(draws: np.ndarray, level: float) -> np.ndarray:
    """float64[2, ...]: the interval that holds this share of the draws (the first axis)."""
    return np.quantile(draws, [0.5 - level / 2, 0.5 + level / 2], axis=0)


# ---------------------------------------------------------------- Morris

def elementary_effects(bounds: Any, X: Any, Y: Any) -> np.ndarray:
    """float64[trajectories, k, replicates]: change of Y over the step of the one factor that moves, in whole ranges
    (Morris 1991). Refused where X is not made of trajectories."""
    bounds, X, Y = (np.asarray(v, np.float64) for v in (bounds, X, Y))
    k = X.shape[1]
    if len(X) % (k + 1):
        raise Refused("{n_x} points are no whole number of trajectories of {k}; use a morris design.", n_x=len(X),
                      k=k + 1)
    u = ((X - bounds[:, 0]) / (bounds[:, 1] - bounds[:, 0])).reshape(-1, k + 1, k)
    y = Y.reshape(len(u), k + 1, -1)
    steps, changes = np.diff(u, axis=1), np.diff(y, axis=1)
    moved = np.abs(steps) > 1e-9
    if (moved.sum(axis=2) != 1).any() or (moved.sum(axis=1) != 1).any():
        raise Refused("in a morris design every step of a trajectory moves one factor, each factor once; these points "
                      "do otherwise.")
    which = moved.argmax(axis=2)  # [trajectory, step]
    effects = changes / np.take_along_axis(steps, which[:, :, None], axis=2)
    sorted_by_factor = np.argsort(which, axis=1)
    return np.asarray(np.take_along_axis(effects, sorted_by_factor[:, :, None], axis=1))


def morris(names: Sequence[str], bounds: Any, X: Any, Y: Any, seed: int = 1, level: float = 0.95,
           resamples: int = 1000) -> Morris:
    """Morris screening: mu, mu* and sigma of elementary effects (Morris 1991; Campolongo, Cariboni and Saltelli 2007).

    Luck alone would give every factor a mu, a mu* and a sigma. So the squares of mu and sigma are products across different
    seeds, to which luck adds nothing on average, and where both together are not above 0 all three are 0. mu* is the mean
    absolute effect of the trajectories, their effects (means over seeds) moved and drawn together until they have this mu
    and this sigma (Louis 1984): so it is never below |mu|. With one replicate all are the usual ones.
    """
    import pandas as pd

    bounds, X, Y = _checked(names, bounds, X, Y)
    effects = elementary_effects(bounds, X, Y)
    T, k, R = effects.shape
    if T < 2:
        raise Refused("Morris screening needs at least 2 trajectories; 10 or more are usual.")

    def measures(points: np.ndarray, luck: np.ndarray) -> np.ndarray:
        """float64[3, k]: mu, mu*, sigma of a resample."""
        weights = np.broadcast_to(luck, (k, R))
        each = effects @ luck / luck.sum()
        mean = np.einsum("t,tkr->kr", points, effects) / T
        about = effects - mean
        products = np.einsum("t,tkr,tks->krs", points, about, about, optimize=True) / (T - 1)
        square, spread = _across(mean[:, :, None] * mean[:, None, :], weights), _across(products, weights)
        there = square + spread * (T - 1) / T > 0.0  # the mean square of the effects
        centre = points @ each / T
        mu = np.sign(centre) * np.sqrt(np.where(there, np.maximum(square, 0.0), 0.0))
        sigma = np.sqrt(np.where(there, np.maximum(spread, 0.0), 0.0))
        seen = np.sqrt(points @ (each - centre) ** 2 / (T - 1))
        drawn = mu + (each - centre) * np.divide(sigma, seen, where=seen > 0.0, out=np.zeros(k))
        return np.stack([mu, points @ np.abs(drawn) / T, sigma])

    rng = np.random.default_rng(np.random.SeedSequence([seed, _RESAMPLES]))
    found = measures(np.ones(T), np.ones(R))
    drawn = np.stack([measures(*pair) for pair in zip(*_again(T, R, resamples, rng), strict=True)])
    low, high = _edges(drawn, level)
    columns = {"factor": list(names)}
    for m, name in enumerate(("mu", "mu_star", "sigma")):
        columns |= {name: found[m], f"{name}_low": low[m], f"{name}_high": high[m]}
    return Morris(pd.DataFrame(columns | {"told_apart": low[1] > 0.0}), T, R)


# ---------------------------------------------------------------- Sobol'

def sobol(names: Sequence[str], bounds: Any, X: Any, Y: Any, seed: int = 1, level: float = 0.95,
          resamples: int = 1000) -> Sobol:
    """First-order indices by the estimator of Saltelli et al. (2010, table 2 b), total ones by Jansen's (1999; there f).

    Indices of the mean response over luck, each square or product taken across different seeds; the share of luck in
    the variance of one run stands beside them (the seed as an uncontrollable input: Iooss and Ribatet 2009). With one
    replicate they are the usual estimates for that seed, and luck cannot be told. X must be rows A, AB_1..AB_k, B.
    """
    import pandas as pd

    bounds, X, Y = _checked(names, bounds, X, Y)
    k, R = len(names), Y.shape[1]
    if len(X) % (k + 2):
        raise Refused("{n_x} points are no whole number of base rows of {k}; use the design `saltelli`.", n_x=len(X),
                      k=k + 2)
    N = len(X) // (k + 2)
    rows = X.reshape(N, k + 2, k)
    mixed = np.where(np.eye(k, dtype=bool), rows[:, -1:, :], rows[:, :1, :])
    if not np.allclose(mixed, rows[:, 1:-1], rtol=1e-9, atol=0):
        raise Refused("the points are not rows A, AB_1 to AB_k, B of Saltelli's design; use the design `saltelli`.")
    if N < 2:
        raise Refused("Sobol' indices need at least 2 base points; 256 or more are usual.")
    y = Y.reshape(N, k + 2, R)
    y = y - y[:, [0, -1]].mean(axis=(0, 1))  # each seed's own level says nothing of the factors
    a, b = y[:, 0], y[:, -1]

    rng = np.random.default_rng(np.random.SeedSequence([seed, _RESAMPLES]))
    points, luck = _again(N, R, resamples, rng)
    points, luck = np.vstack([np.ones(N), points]) / N, np.vstack([np.ones(R), luck])  # the first draw is what was run

    def mean(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """float64[1 + resamples]: mean over points of left x right[N, R], across seeds."""
        products = (left[:, :, None] * right[:, None, :]).reshape(N, R * R)
        return _across((points @ products).reshape(-1, R, R), luck)

    level_of = points @ (a + b) / 2
    variance = (mean(a, a) + mean(b, b)) / 2 - _across(level_of[:, :, None] * level_of[:, None, :], luck)
    if not variance[0] > 1e-12 * max(float(np.square(y).mean()), 1e-300):
        raise Refused("the outcome does not differ between the points beyond luck, so there is nothing to divide among "
                      "the factors; widen their ranges, choose another outcome, or add replicates.")
    variance = np.where(variance > 0.0, variance, np.nan)
    if np.isnan(variance).mean() > 0.05:
        raise Refused("the outcome hardly differs between the points beyond luck, so indices would be noise; add "
                      "replicates or base points, or choose another outcome.")
    first = np.stack([mean(b, y[:, 1 + j] - a) for j in range(k)], axis=1) / variance[:, None]
    total = np.stack([mean(d, d) for d in (a - y[:, 1 + j] for j in range(k))], axis=1) / (2 * variance[:, None])
    columns: dict[str, Any] = {"factor": list(names)}
    for name, drawn in (("first", first), ("total", total)):
        low, high = _edges(drawn[1:][np.isfinite(variance[1:])], level)
        columns |= {name: drawn[0], f"{name}_low": low, f"{name}_high": high}
    chance = Estimate(np.nan, np.nan, np.nan)
    if R > 1:
        apart = Y.reshape(N, k + 2, R)[:, [0, -1]]
        squares = np.square(apart[..., :, None] - apart[..., None, :]).mean(axis=1).reshape(N, R * R) / 2
        within = _across((points @ squares).reshape(-1, R, R), luck)
        share = within / (within + variance)
        low, high = _edges(share[1:][np.isfinite(variance[1:])], level)
        chance = Estimate(float(share[0]), float(low), float(high))
    table = pd.DataFrame(columns)
    return Sobol(table.assign(told_apart=table["total_low"] > 0.0), chance, float(variance[0]), N, R)


# ---------------------------------------------------------------- regional

def regional(names: Sequence[str], X: Any, holds: Any, seed: int = 1, level: float = 0.95,
             permutations: int = 9999) -> Regional:
    """Regional sensitivity: how far apart a factor's values lie where a condition holds and where it does not.

    The distance is that of Kolmogorov and Smirnov between runs in which it holds and runs in which it does not
    (Hornberger and Spear 1981). Its p-value comes from permuting whole points, so that runs of one point do not count
    as independent; p_holm is adjusted for the number of factors (Holm 1979). holds: bool or share[points, replicates].
    """
    import pandas as pd

    X = np.asarray(X, np.float64)
    bounds = np.tile([0.0, 1.0], (len(names), 1))
    _, X, H = _checked(names, bounds, X, holds)
    share, k = H.mean(axis=1), len(names)
    held = float(share.mean())
    if held in (0.0, 1.0):
        raise Refused("the condition holds in every run, so nothing sets points apart; choose another number for it, "
                      "or widen the factors' ranges." if held else
                      "the condition holds in no run, so nothing sets points apart; choose another number for it, "
                      "or widen the factors' ranges.")
    rng = np.random.default_rng(np.random.SeedSequence([seed, _PERMUTATIONS]))
    order = np.argsort(X, axis=0, kind="stable")
    ranked = np.take_along_axis(X, order, axis=0)
    # Values that are alike are passed together: the distance is read where a value ends.
    ends = np.vstack([ranked[1:] != ranked[:-1], np.ones((1, k), bool)])
    distance = np.array([_ks(share[order[:, j]][None], ends[:, j])[0] for j in range(k)])
    beyond = np.zeros(k)
    for size in np.diff(np.linspace(0, permutations, -(-permutations * len(X) // 2_000_000) + 1).astype(int)):
        shuffled = rng.permuted(np.broadcast_to(share, (size, len(X))), axis=1)
        apart = _apart(shuffled)
        for j in range(k):
            beyond[j] += (np.abs(apart[:, ends[:, j]]).max(axis=1) >= distance[j] - 1e-12).sum()
    p = (1 + beyond) / (1 + permutations)
    holm = _holm(p)
    table = pd.DataFrame({
        "factor": list(names), "distance": distance, "p": p, "p_holm": holm,
        "where_holds": [_median(X[:, j], share) for j in range(k)],
        "where_not": [_median(X[:, j], 1 - share) for j in range(k)], "told_apart": holm < 1 - level})
    return Regional(table, held, len(X), H.shape[1])


def _apart(share: np.ndarray) -> np.ndarray:
    """float64[B, n]: difference of the two distributions after each of n points in order, share[B, n] holding."""
    total, count = share.sum(axis=1, keepdims=True), share.shape[1]
    holds = np.cumsum(share, axis=1)
    return np.asarray(holds / total - (np.arange(1, count + 1) - holds) / (count - total))


def _ks(share: np.ndarray, ends: np.ndarray) -> np.ndarray:
    return np.asarray(np.abs(_apart(share)[:, ends]).max(axis=1))


def _holm(p: np.ndarray) -> np.ndarray:
    """p-values adjusted for their number (Holm 1979)."""
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p))))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def _median(x: np.ndarray, weight: np.ndarray) -> float:
    order = np.argsort(x, kind="stable")
    passed = np.cumsum(weight[order])
    return float(x[order][np.searchsorted(passed, passed[-1] / 2)])
