"""Scenario discovery: where a condition holds, as boxes in plain words ("Wasteland is escaped where ...").

The patient rule induction method (PRIM; Friedman and Fisher 1999) as scenario discovery uses it (Bryant and Lempert
2010): peel a box slice by slice towards the points at which the condition holds, paste back what was peeled too far,
drop restrictions that chance explains. Peeling always finds something, even in noise. So whether there is any box is
asked of permutations of the points, searched just as hard; the box is found on all points; and what is said of it is
measured on points left out of the search (cross-fitting).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from letsdance.experiments.design import Design, Factor, FactorsLike, latin_hypercube, parse_factors
from letsdance.experiments.estimates import LEVEL, Estimate
from letsdance.experiments.executors import ExecutorLike
from letsdance.experiments.indices import regional
from letsdance.experiments.outcomes import Condition, parse_condition
from letsdance.experiments.plan import Changed
from letsdance.experiments.sensitivity import bounds_of, check_missing, responses, runs_of, said_condition
from letsdance.params import Refused, Said, check_whole
from letsdance.scenarios import ScenarioLike
from letsdance.simulation.compiled import compiled
from letsdance.words import IN_ENGLISH, Text

if TYPE_CHECKING:
    import pandas as pd

    from letsdance.experiments.sweep import Sweep
    from letsdance.scenarios import Scenario

_ALPHA = 0.05       # share of the box that a peel takes and a paste gives back: patient
_LEAST = 0.05       # share of the points that a box must hold, and at least so many points:
_FEWEST = 10
_CHANCE = 0.05      # what chance alone would do as often as this is not told
_NOTCHES = 100      # limits are rounded to about a hundredth of a factor's range, before anything is measured
_PERMUTATIONS = 399
_WEIGHTS = np.array([0.15, 0.75, 0.1])  # of the 5 %, what a factor alone, a corner of two, and a peeling get
_CELLS = 20         # of each factor, for corners: of as many points as a peel takes off
_FOLDS, _REPEATS = 10, 2    # each point is left out of one search in ten, twice over
_POWER = 0.8        # in how many tries a number of points "would do"
_FARTHEST = 5.0     # no more is foretold than from a fifth of what is needed: 25 times the points
_DRAWS = 0xD15C     # purpose of randomness, beside the seed
Limits = dict[str, tuple[float | None, float | None]]


@dataclass(frozen=True, eq=False)
class Box:
    """Where a condition holds. limits: factor -> (at least, at most), None where it is not restricted on that side.

    density: share of runs in the box in which the condition holds; coverage: share of all runs in which it holds that
    lie in the box; both measured on points that were left out of the search, ten searches of nine tenths of the points
    twice over. found_density: the same on the points that it was found on. support: share of points in it, `points`
    of them; base: the density without any box. chance: for each restriction how likely chance alone makes one as good
    among the points of the rest of the box (`by_chance`). p: how likely chance alone makes any box as good (`any_box`).
    """

    limits: Limits
    density: Estimate
    coverage: Estimate
    support: float
    base: float
    points: int
    found_density: float
    chance: Mapping[str, float]
    p: float

    @property
    def better_than_chance(self) -> bool:
        """Whether chance explains neither the box nor any of its restrictions, and points left out are denser too."""
        return self.p < _CHANCE and max(self.chance.values(), default=1.0) < _CHANCE and self.density.value > self.base


@dataclass(frozen=True, eq=False)
class Power:
    """What so many points can tell. visible: by how much more often a condition must hold in a quarter of a factor's range
    than in the rest to be found in four of five tries; enough: with how many points the box that was tried would be, if
    it is what points left out say; None where they say nothing, or that it would take more than 25 times the points."""

    visible: float
    enough: int | None


@dataclass(frozen=True, eq=False)
class Discovery:
    """What scenario discovery found: boxes better than chance, the first over all points, each next over those left.

    tried: a box that was found but is not better than chance, where that ended the search, and power, what more points
    would tell. held: share of all runs in which the condition holds. steps: the trade-off along the first peeling, one
    row a box (`found_` on the points that it was found on, `checked_` on those left out). apart: factors that are told
    apart one at a time (`experiments.indices.regional`). scenario, design, runs: what it was found from; None for plain
    arrays.
    """

    condition: Condition | None
    factors: tuple[Factor, ...]
    boxes: tuple[Box, ...]
    tried: Box | None
    power: Power | None
    held: float
    aim: float
    points: int
    replicates: int
    seed: int
    steps: pd.DataFrame
    apart: tuple[str, ...] = ()
    scenario: Scenario | None = None
    design: Design | None = None
    runs: pd.DataFrame | None = None

    def __repr__(self) -> str:
        return "\n".join(sentences(self))

    @property
    def table(self) -> pd.DataFrame:
        """One row a box and restricted factor: box, factor, at_least, at_most, chance, then the box's own measures."""
        import pandas as pd

        return pd.DataFrame([
            {"box": number, "factor": name, "at_least": np.nan if low is None else low,
             "at_most": np.nan if high is None else high, "chance": box.chance[name], "density": box.density.value,
             "density_low": box.density.low, "density_high": box.density.high, "coverage": box.coverage.value,
             "coverage_low": box.coverage.low, "coverage_high": box.coverage.high, "support": box.support,
             "base": box.base, "points": box.points}
            for number, box in enumerate(self.boxes, 1) for name, (low, high) in box.limits.items()],
            columns=["box", "factor", "at_least", "at_most", "chance", "density", "density_low", "density_high",
                     "coverage", "coverage_low", "coverage_high", "support", "base", "points"])


# ---------------------------------------------------------------- measures of a box

def inside(X: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """bool[n]: which points lie in the box, its limits included."""
    return np.asarray(((low <= X) & (high >= X)).all(axis=1))


def share_interval(holds: np.ndarray, weight: np.ndarray | None = None) -> Estimate:
    """The mean of holds[points, replicates] (0 to 1) with Wilson's (1927) interval for an effective number of points.

    The effective number is what makes a binomial share vary as much as points and seeds together do (Kish 1965), and
    never more than there are points: runs of one point are not independent, nor are points that share their seeds.
    weight[points]: how much each point counts (all alike unless said).
    """
    from scipy import stats

    w = np.ones(len(holds)) if weight is None else np.asarray(weight, np.float64)
    holds, w = holds[w > 0.0], w[w > 0.0]
    if not len(holds):
        return Estimate(np.nan, np.nan, np.nan)
    n, R = w.sum() ** 2 / (w * w).sum(), holds.shape[1]
    by_seed = w @ holds / w.sum()
    mean = float(by_seed.mean())
    points = float((w * w) @ (holds.mean(axis=1) - mean) ** 2 / w.sum() ** 2) * (n / (n - 1.0) if n > 1.0 else 0.0)
    seeds = float(by_seed.var(ddof=1) / R) if R > 1 else 0.0
    variance = points + seeds
    if variance <= 0.0:
        return _wilson(mean, float(n), float(stats.norm.ppf(0.5 + LEVEL / 2)))
    # A variance that rests on few seeds is itself not well known (Satterthwaite 1946).
    known = variance**2 / (points**2 / max(n - 1.0, 1.0) + seeds**2 / max(R - 1, 1))
    size = min(float(n), mean * (1.0 - mean) / variance)
    return _wilson(mean, max(size, 1.0), float(stats.t.ppf(0.5 + LEVEL / 2, known)))


def _wilson(mean: float, n: float, z: float) -> Estimate:
    centre = (mean + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * np.sqrt(mean * (1 - mean) / n + z * z / (4 * n * n))
    return Estimate(mean, float(max(centre - reach, 0.0)), float(min(centre + reach, 1.0)))


# ---------------------------------------------------------------- PRIM

@compiled
def _peeled(X, order, share, whole, sides, fewest, low, high, count, total):
    """Peel at sides[2, k]: fills low[step, k], high[step, k], count[step], total[step] (sum of share); answers how many
    steps."""
    n, k = X.shape
    here, at = np.ones(n, np.bool_), np.empty(n, np.int64)
    left, held, steps = n, share.sum(), 1
    low[0, :], high[0, :] = -np.inf, np.inf
    count[0], total[0] = left, held
    while steps < len(low) and held < left * (1.0 - 1e-12):
        best, factor, side_of, limit_of = -np.inf, -1, 0, 0.0
        for j in range(k):
            m = 0
            for i in order[:, j]:
                if here[i]:
                    at[m] = i
                    m += 1
            if X[at[0], j] == X[at[m - 1], j]:
                continue
            for side in range(2):
                if not sides[side, j]:
                    continue
                place = _ALPHA * (m - 1.0)
                whole_part = int(place)
                first, second = (at[whole_part], at[min(whole_part + 1, m - 1)]) if side == 0 else (
                    at[m - 1 - whole_part], at[max(m - 2 - whole_part, 0)])
                cut = X[first, j] + (place - whole_part) * (X[second, j] - X[first, j])
                edge = X[at[0], j] if side == 0 else X[at[m - 1], j]
                gone, lost = 0, 0.0
                while gone < m:  # what lies beyond the cut, and the outermost value at least
                    i = at[gone] if side == 0 else at[m - 1 - gone]
                    if X[i, j] != edge and not (X[i, j] < cut if side == 0 else X[i, j] > cut):
                        break
                    lost += share[i]
                    gone += 1
                if m - gone < fewest:
                    continue
                gain = ((held - lost) / (m - gone) - held / m) / gone
                if gain > best:
                    best, factor, side_of = gain, j, side
                    inner = X[at[gone] if side == 0 else at[m - 1 - gone], j]
                    outer = X[at[gone - 1] if side == 0 else at[m - gone], j]
                    limit_of = inner if whole[j] else (outer + inner) / 2.0
        if factor < 0:
            break
        low[steps, :], high[steps, :] = low[steps - 1, :], high[steps - 1, :]
        if side_of == 0:
            low[steps, factor] = limit_of
        else:
            high[steps, factor] = limit_of
        for i in range(n):
            if here[i] and (X[i, factor] < limit_of if side_of == 0 else X[i, factor] > limit_of):
                here[i] = False
                held -= share[i]
                left -= 1
        count[steps], total[steps] = left, held
        steps += 1
    return steps


@compiled
def _pasted(X, share, low, high):
    """Paste: makes low[k] and high[k] larger in place, side by side, as long as the density does not fall."""
    n, k = X.shape
    missed, which = np.empty(n, np.int64), np.empty(n, np.int64)
    beyond, values = np.empty(n, np.int64), np.empty(n)
    while True:
        left, held = 0, 0.0
        for i in range(n):
            missed[i] = 0
            for j in range(k):
                if X[i, j] < low[j] or X[i, j] > high[j]:
                    missed[i] += 1
                    which[i] = j if X[i, j] < low[j] else k + j
            if missed[i] == 0:
                left, held = left + 1, held + share[i]
        if left == 0:
            return
        slice_of = max(round(_ALPHA * left), 1)
        best, side_of, reach_of = -1.0, -1, 0.0
        for side in range(2 * k):
            j, lower = side % k, side < k
            if not np.isfinite(low[j] if lower else high[j]):
                continue
            m = 0
            for i in range(n):
                if missed[i] == 1 and which[i] == side:
                    values[m], beyond[m] = X[i, j], i
                    m += 1
            if m == 0:
                continue
            if m <= slice_of:
                reach = -np.inf if lower else np.inf
            else:
                outward = np.sort(values[:m])
                reach = outward[m - slice_of] if lower else outward[slice_of - 1]
            larger, more = left, held
            for i in beyond[:m]:
                if X[i, j] >= reach if lower else X[i, j] <= reach:
                    larger, more = larger + 1, more + share[i]
            if more / larger >= held / left and more / larger > best:
                best, side_of, reach_of = more / larger, side, reach
        if side_of < 0:
            return
        if side_of < k:
            low[side_of] = reach_of
        else:
            high[side_of - k] = reach_of


def peel(X: np.ndarray, share: np.ndarray, whole: np.ndarray,
         sides: np.ndarray | None = None) -> list[tuple[np.ndarray, np.ndarray]]:
    """Boxes from no restriction to the smallest allowed, each a slice smaller: (low[k], high[k]), infinite if free.

    A peel takes about a twentieth of the points in the box off one side of one factor: the one that raises the
    density most for each point that it costs (Friedman and Fisher 1999, section 14.1). sides: bool[2, k], which lower and
    upper sides may be peeled; all unless said.
    """
    n, k = X.shape
    low, high = np.empty((n, k)), np.empty((n, k))
    steps = _peeled(X, np.argsort(X, axis=0, kind="stable"), share, whole,
                    np.ones((2, k), bool) if sides is None else sides, _fewest(n), low, high, np.empty(n), np.empty(n))
    return list(zip(low[:steps], high[:steps], strict=True))


def _fewest(n: int) -> float:
    return max(_LEAST * n, float(_FEWEST))


def paste(X: np.ndarray, share: np.ndarray, box: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The box made larger again, side by side, as long as its density does not fall (Friedman and Fisher 1999)."""
    low, high = (np.array(edge, np.float64) for edge in box)
    _pasted(X, share, low, high)
    return low, high


def _rounded(box: tuple[np.ndarray, np.ndarray], bounds: np.ndarray, whole: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Limits as they can be said; a side that then lies at the end of the range is free."""
    span = bounds[:, 1] - bounds[:, 0]
    step = np.where(whole, 1.0, 10.0 ** np.floor(np.log10(span / (_NOTCHES / 5))))
    low, high = (np.round(np.round(edge / step) * step, 9) for edge in box)
    return np.where(low <= bounds[:, 0], -np.inf, low), np.where(high >= bounds[:, 1], np.inf, high)


def _best(X: np.ndarray, share: np.ndarray, bounds: np.ndarray, whole: np.ndarray, aim: float,
          sides: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Of the boxes along a peeling, each pasted and rounded: among those as dense as aimed at, or among all if none is,
    the one that is least likely by chance."""
    boxes = peel(X, share, whole, sides)
    best: tuple[bool, float, tuple[np.ndarray, np.ndarray]] = False, -np.inf, boxes[0]
    for box in boxes:
        limits = _rounded(paste(X, share, box), bounds, whole)
        here = inside(X, *limits)
        if here.any() and not here.all():
            score = _unlikely(float(here.sum()), float(share[here].sum()), len(X), float(share.sum()))
            best = max(best, (bool(share[here].mean() >= aim), score, limits), key=lambda one: one[:2])
    return best[2]


# ---------------------------------------------------------------- what chance alone would find

@compiled
def _bridge(order, ends, share):
    """How far the sum of shares along one factor falls below its due, and how far it rises above (both from 0 on)."""
    mean, passed, low, high = share.mean(), 0.0, 0.0, 0.0
    for at in range(len(order)):
        passed += share[order[at]] - mean
        if ends[at]:
            low, high = min(low, passed), max(high, passed)
    return -low, high


@compiled
def _entropy(share):
    """Of one run, in nats."""
    return 0.0 if share <= 0.0 or share >= 1.0 else -share * np.log(share) - (1.0 - share) * np.log(1.0 - share)


@compiled
def _runs(share):
    """How many runs without any luck in common would make the shares of points spread as they do (Kish 1965)."""
    return share.mean() * (1.0 - share.mean()) / share.var()


@compiled
def _unlikely(here, held, n, total):
    """By how much the log-likelihood rises where `held` of `here` points and the others of n (in all `total`) are told
    apart; 0 where it holds there no more often."""
    if held * n <= total * here:
        return 0.0
    return n * _entropy(total / n) - here * _entropy(held / here) - (n - here) * _entropy((total - held) / (n - here))


@compiled
def _handicap(part):
    """What a scan allows a box that holds this part of the points: there are more small boxes than large ones, so the best
    small one is further up by chance (Dümbgen and Spokoiny 2001; Walther 2010)."""
    return np.sqrt(2.0 * (1.0 - np.log(4.0 * part * (1.0 - part))))


@compiled
def _corner(cell, share, fewest, sides):
    """By how many standard errors, less the handicap of its size, the corner of any two factors stands out that does so
    most, and its sides into sides[2, k]; an end of one factor's range is a corner, too. cell[n, k]: which of _CELLS parts
    of its factor a point lies in."""
    n, k = cell.shape
    total, best = share.sum(), -np.inf
    runs = _runs(share)
    handicap = np.array([0.0] + [_handicap(m / n) for m in range(1, n)] + [0.0])
    here, held = np.zeros((_CELLS + 1, _CELLS + 1)), np.zeros((_CELLS + 1, _CELLS + 1))
    for a in range(k):
        for b in range(a, k):  # of one factor with itself: what lies between two values
            here[:], held[:] = 0.0, 0.0
            for i in range(n):
                here[cell[i, a] + 1, cell[i, b] + 1] += 1.0
                held[cell[i, a] + 1, cell[i, b] + 1] += share[i]
            for u in range(1, _CELLS + 1):  # sums over all cells before
                for v in range(1, _CELLS + 1):
                    here[u, v] += here[u - 1, v] + here[u, v - 1] - here[u - 1, v - 1]
                    held[u, v] += held[u - 1, v] + held[u, v - 1] - held[u - 1, v - 1]
            for u in range(_CELLS + 1):
                for v in range(_CELLS + 1):
                    for at in range(4):  # below both, below the first only, below the second only, above both
                        first, second = at < 2, at % 2 == 0
                        count = here[u, v] if second else here[u, _CELLS] - here[u, v]
                        of_it = held[u, v] if second else held[u, _CELLS] - held[u, v]
                        if not first:
                            count = (here[_CELLS, v] if second else n - here[_CELLS, v]) - count
                            of_it = (held[_CELLS, v] if second else total - held[_CELLS, v]) - of_it
                        excess = of_it * n - total * count
                        if not fewest <= count <= n - fewest or excess <= 0.0:
                            continue
                        allowed = handicap[int(count)]  # Kullback's divergence is at most Pearson's (so no logarithm)
                        least = max(best + allowed, 0.0)
                        if 2.0 * runs * n * excess * excess < least * least * count * (n - count) * total * (n - total):
                            continue
                        gain = np.sqrt(2.0 * runs * _unlikely(count, of_it, n, total)) - allowed
                        if gain > best:
                            best = gain
                            sides[:] = False
                            sides[int(first), a] = sides[int(first), a] or 0 < u < _CELLS
                            sides[int(second), b] = sides[int(second), b] or 0 < v < _CELLS
    return best


@compiled
def _scan(X, order, ends, cell, share, whole, fewest):
    """The largest distance along one factor (Kolmogorov's), how far the corner that does so most stands out, and the
    largest excess along a peeling in standard errors."""
    n, k = X.shape
    low, high, count, total = np.empty((n, k)), np.empty((n, k)), np.empty(n), np.empty(n)
    steps = _peeled(X, order, share, whole, np.ones((2, k), np.bool_), fewest, low, high, count, total)
    base, spread = share.mean(), share.std()
    peeled, one = 0.0, 0.0
    for step in range(1, steps):
        part = np.sqrt(count[step] * (1.0 - count[step] / n)) * spread
        peeled = max(peeled, (total[step] - count[step] * base) / part)
    for j in range(k):
        below, above = _bridge(order[:, j], ends[:, j], share)
        one = max(one, max(below, above) / (spread * np.sqrt(n)))
    return one, _corner(cell, share, fewest, np.zeros((2, k), np.bool_)), peeled


def _cells(X: np.ndarray, order: np.ndarray) -> np.ndarray:
    """int64[n, k]: which of _CELLS equally full parts of its factor a point lies in; values that are alike lie in one."""
    ranked = np.take_along_axis(X, order, axis=0)
    return np.stack([np.searchsorted(ranked[:, j], X[:, j]) * _CELLS // len(X) for j in range(X.shape[1])], axis=1)


def _ends(X: np.ndarray, order: np.ndarray) -> np.ndarray:
    """bool[n, k]: at which places of each order a value ends; values that are alike are passed together."""
    ranked = np.take_along_axis(X, order, axis=0)
    return np.vstack([ranked[1:] != ranked[:-1], np.ones((1, X.shape[1]), bool)])


def any_box(X: np.ndarray, share: np.ndarray, whole: np.ndarray, rng: np.random.Generator
            ) -> tuple[float, np.ndarray, np.ndarray]:
    """(p, needed, sides): whether any box is there, whatever it is; what chance seldom exceeds along one factor and in a
    corner; and bool[2, k], the lower and upper sides of the corner that is least likely.

    Shares go to other points at random, whole points at a time, and everything is looked for again: how far apart the
    values of a factor lie (the largest distance of all factors, as `sensitivity --method regional` reads it); the corner
    of two factors that stands out most for its size (a scan by likelihood ratio: Kulldorff 1997; with a handicap for small
    boxes, of which there are more: Walther 2010), which also tells what holds nearly always from what holds often; and
    the largest excess along a peeling in standard errors, which sees what more factors do only together. p is that of the
    smallest of the three weighted p-values, whose own distribution the same permutations give (Westfall and Young 1993); it
    holds for any number of points, and whatever luck points share.
    """
    order = np.argsort(X, axis=0, kind="stable")
    ends, cell = _ends(X, order), _cells(X, order)
    shuffled = [share, *(rng.permutation(share) for _ in range(_PERMUTATIONS))]
    found = np.array([_scan(X, order, ends, cell, one, whole, _fewest(len(X))) for one in shuffled])
    beyond = (np.array([(found >= row - 1e-9).sum(axis=0) for row in found]) / _WEIGHTS).min(axis=1)
    needed = [np.quantile(found[1:, k], 1.0 - _CHANCE * _WEIGHTS[k], method="higher") for k in (0, 1)]
    sides = np.zeros((2, X.shape[1]), bool)
    _corner(cell, share, _fewest(len(X)), sides)
    return float((beyond <= beyond[0] + 1e-9).mean()), np.array(needed), sides


def by_chance(X: np.ndarray, share: np.ndarray, limits: tuple[np.ndarray, np.ndarray]) -> dict[tuple[int, int], float]:
    """(side, column of X) -> how likely chance alone makes a limit as good, for each limit of a box (side 0: lower).

    Among the points of the box without this limit: how much its far side lacks, against the one-sided distribution of
    Smirnov, exp(-2 d²), which permuting the points approaches from below. Times twice the number of factors, because
    peeling took the best of all sides.
    """
    said = {}
    for side in (0, 1):
        for j in np.flatnonzero(np.isfinite(limits[side])):
            wide = limits[0].copy(), limits[1].copy()
            wide[side][j] = (-np.inf, np.inf)[side]
            here = inside(X, *wide)
            column, within = X[here][:, [j]], share[here]
            order = np.argsort(column, axis=0, kind="stable")
            spread = within.std() * np.sqrt(len(within))
            lacks = _bridge(order[:, 0], _ends(column, order)[:, 0], within)[side] / spread if spread > 0.0 else 0.0
            said[side, int(j)] = min(1.0, 2 * X.shape[1] * float(np.exp(-2.0 * lacks**2)))
    return said


def _search(X: np.ndarray, share: np.ndarray, bounds: np.ndarray, whole: np.ndarray, aim: float, p: float,
            corner: np.ndarray) -> tuple[tuple[np.ndarray, np.ndarray], dict[tuple[int, int], float]]:
    """The best box of which no limit is left to chance, and the chance of each: the side that chance explains best is left
    out, with those that were not needed, and the rest is peeled anew.

    Where that leaves none though chance explains no box at all (p), the corner that told so is the box; nothing else is
    asked of its sides, which have that p together.
    """
    sides = np.ones((2, X.shape[1]), bool)
    while True:
        limits = _best(X, share, bounds, whole, aim, sides)
        chance = by_chance(X, share, limits)
        worst = max(chance, key=lambda at: chance[at], default=None)
        if worst is None or chance[worst] < _CHANCE:
            break
        sides = np.isfinite(np.stack(limits))
        sides[worst] = False
    if not chance and p < _CHANCE:
        limits = _best(X, share, bounds, whole, aim, corner)
        chance = dict.fromkeys(by_chance(X, share, limits), p)
    return limits, chance


# ---------------------------------------------------------------- boxes of one table

def find_boxes(factors: Any, X: Any, holds: Any, condition: Condition | None = None, aim: float = 0.8, most: int = 3,
               seed: int = 1, beside: bool = True) -> Discovery:
    """Boxes in which a condition holds: factors, X[points, k], holds (bool or 0 to 1)[points, replicates].

    aim: the density that is asked for; of the boxes that reach it, the one that is least likely by chance is taken.
    most: how many boxes at most. seed: which points are left out, and how they are permuted. beside: whether to ask
    the regional method too, so that what it says differently is said. Refused where arrays do not fit or there are too few
    points.
    """
    chosen = parse_factors(factors)
    bounds, X, H = bounds_of(chosen), np.asarray(X, np.float64), np.asarray(holds, np.float64)
    H = H[:, None] if H.ndim == 1 else H
    if X.shape != (len(H), len(chosen)):
        raise Refused("the points have the shape {shape}, but there are {n_h} outcomes and {n_chosen} factors.",
                      shape=X.shape, n_h=len(H), n_chosen=len(chosen))
    if not np.isfinite(H).all() or not 0.0 <= H.min() <= H.max() <= 1.0:
        raise Refused("whether the condition holds must be known in every run; put a number in the place of what is "
                      "missing, or choose another outcome.")
    check_aim(aim, most)
    check_enough(len(X))
    whole = np.array([f.whole or bool(f.values) for f in chosen])
    rng = np.random.default_rng(np.random.SeedSequence([seed, _DRAWS]))
    share, left = H.mean(axis=1), np.arange(len(X))
    tried, power, boxes = None, None, list[Box]()
    while len(boxes) < most and len(left) >= 4 * _FEWEST and share[left].min() < share[left].max():
        box, limits, power = _next(chosen, X[left], H[left], bounds, whole, aim, float(share.sum()), rng)
        if not box.better_than_chance:
            tried = box
            break
        boxes.append(box)
        left = left[~inside(X[left], *limits)]
    apart = regional([f.name for f in chosen], X, H, seed).table if beside and 0.0 < H.mean() < 1.0 else None
    return Discovery(
        condition, chosen, tuple(boxes), tried, power, float(H.mean()), aim, len(X), H.shape[1], seed,
        _steps(X, share, whole, np.random.default_rng(np.random.SeedSequence([seed, _DRAWS]))),
        () if apart is None else tuple(apart.loc[apart["told_apart"], "factor"]))


def _next(factors: Sequence[Factor], X: np.ndarray, H: np.ndarray, bounds: np.ndarray, whole: np.ndarray, aim: float,
          every: float, rng: np.random.Generator) -> tuple[Box, tuple[np.ndarray, np.ndarray], Power]:
    """The best box over these points, whether or not chance explains it, and what so many points can tell."""
    from scipy import stats

    share = H.mean(axis=1)
    p, needed, corner = any_box(X, share, whole, rng)
    limits, chance = _search(X, share, bounds, whole, aim, p, corner)
    if not chance:  # then the best one with limits that chance explains is what was tried
        limits = _best(X, share, bounds, whole, aim)
        chance = by_chance(X, share, limits)
    sides, used = np.isfinite(np.stack(limits)), sorted({j for _, j in chance})
    weight, alone = _crossed(X, lambda at: _best(X[at], share[at], bounds, whole, aim, sides), rng)
    z, here = float(stats.norm.ppf(0.5 + LEVEL / 2)), inside(X, *limits)
    covered = float(weight @ share) / every
    box = Box({factors[j].name: (_side(limits[0][j]), _side(limits[1][j])) for j in used}, share_interval(H, weight),
              _wilson(covered, max(every, 1.0), z), float(here.mean()), float(share.mean()), int(here.sum()),
              float(share[here].mean()),
              {factors[j].name: max(chance.get((side, j), 0.0) for side in (0, 1)) for j in used}, p)
    return box, limits, _power(share, alone, weight, needed)


def _side(limit: float) -> float | None:
    return float(limit) if np.isfinite(limit) else None


def _crossed(X: np.ndarray, search: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
             rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """float64[n]: how often a point lies in the box of a search that left it out, over _REPEATS partitions into _FOLDS;
    float64[2, k, n]: how often it lies within each lower and upper limit alone."""
    weight, alone = np.zeros(len(X)), np.zeros((2, X.shape[1], len(X)))
    for kept, out in _partitions(len(X), rng):
        low, high = search(kept)
        within = np.stack([X[out] >= low, X[out] <= high])
        weight[out] += within.all(axis=(0, 2))
        alone[:, :, out] += within.transpose(0, 2, 1)
    return weight / _REPEATS, alone / _REPEATS


def _partitions(n: int, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Which points a search sees, and which it leaves out."""
    for _ in range(_REPEATS):
        fold = rng.permutation(n) % _FOLDS
        for k in range(_FOLDS):
            yield np.flatnonzero(fold != k), np.flatnonzero(fold == k)


def _power(share: np.ndarray, alone: np.ndarray, weight: np.ndarray, needed: np.ndarray) -> Power:
    """What points left out say of each limit alone and of the whole box, against what chance seldom exceeds (`any_box`).

    The sum along a factor is a bridge: at a limit within which a share f of the points lie it has the standard error
    root(f (1 - f)), and what is truly there grows with the root of the number of points. So does the root of twice the
    log-likelihood of the box, whose standard error is how far shares spread, in that of single runs.
    """
    from scipy import stats

    n, spread, tries = len(share), float(share.std()), float(stats.norm.ppf(_POWER))
    within = alone.mean(axis=2)
    seen = alone @ (share - share.mean()) / (spread * np.sqrt(n))
    reach = needed[0] + tries * np.sqrt(within * (1.0 - within))
    times = np.divide(reach, seen, where=seen > 0.0, out=np.full(seen.shape, np.inf))
    box = _unlikely(float(weight.sum()), float(weight @ share), n, float(share.sum()))
    if box > 0.0:
        held = min(max(float(weight.mean()), 1.0 / n), 1.0 - 1.0 / n)
        times = np.append(times, (needed[1] + _handicap(held) + tries) / np.sqrt(2.0 * box * _runs(share)))
    least = max(float(times.min()), np.sqrt(1.5))  # so many as there are were not enough
    quarter = 0.25 * 0.75
    return Power(float((needed[0] + tries * np.sqrt(quarter)) * spread / (np.sqrt(n) * quarter)),
                 int(float(f"{n * least**2:.2g}")) if least < _FARTHEST else None)


def _steps(X: np.ndarray, share: np.ndarray, whole: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """The trade-off along the peeling: step, restricted, then coverage, density and support of the points that it was
    found on, and step by step of those left out of peelings of the others."""
    import pandas as pd

    if share.min() == share.max():
        return pd.DataFrame(columns=["step", "restricted", *(f"{half}_{what}" for half in ("found", "checked")
                                                             for what in ("coverage", "density", "support"))])
    boxes = peel(X, share, whole)
    checked = np.zeros((len(boxes), 2))
    for kept, out in _partitions(len(X), rng):
        without = peel(X[kept], share[kept], whole)
        for step in range(len(boxes)):
            here = inside(X[out], *without[min(step, len(without) - 1)])
            checked[step] += here.sum(), share[out][here].sum()
    rows = []
    for step, (low, high) in enumerate(boxes):
        here = inside(X, low, high)
        row: dict[str, Any] = {"step": step, "restricted": int((np.isfinite(low) | np.isfinite(high)).sum())}
        for half, count, total in (("found", here.sum(), share[here].sum()), ("checked", *(checked[step] / _REPEATS))):
            row |= {f"{half}_coverage": total / share.sum(), f"{half}_density": total / count if count else np.nan,
                    f"{half}_support": count / len(X)}
        rows.append(row)
    return pd.DataFrame(rows)


# ---------------------------------------------------------------- a scenario, its factors, a condition

def discover(
    scenario: ScenarioLike, factors: FactorsLike, condition: str | Condition, points: int = 400, replicates: int = 4,
    seed: int = 1, aim: float = 0.8, most: int = 3, missing: float | None = None, executor: ExecutorLike = None,
    workers: int | None = None,
    progress: Callable[[int], None] | None = None, **more: Unpack[Changed],
) -> Discovery:
    """Run a Latin hypercube and look for the boxes in which a condition holds.

    factors: such as ["k=0.5:2", "FRCS.strength=0:1"]; condition: such as "wasteland@60 <= 0.2". aim, most: as in
    `find_boxes`; missing and more: as in `experiments.sensitivity.sensitivity`. Raises `Refused`.

    >>> found = ld.discover("lone_ranger", ["k=0.5:2"], "lone_ranger >= 0.5", points=100, replicates=1, quarters=8)
    >>> found.points
    100
    """
    from letsdance.experiments.plan import plan
    from letsdance.experiments.sweep import run

    check_missing(missing)
    check_aim(aim, most)
    asked, chosen = parse_condition(condition), check(factors, condition, points)
    planned = plan(scenario, design=latin_hypercube(chosen, points, seed), replicates=replicates, seed=seed,
                   outcomes=[asked.outcome], **more)
    frame = run(planned.design, scenario, [asked.outcome], replicates, seed, executor, workers, progress, **more)
    return _of(planned.design, planned.scenario, frame, asked, aim, most, seed, missing)


def from_sweep(sweep: Sweep, condition: str | Condition, aim: float = 0.8, most: int = 3,
               missing: float | None = None, seed: int | None = None) -> Discovery:
    """The same of a sweep that is there; its points should fill the ranges evenly (a Latin hypercube, sobol).

    seed: of what is drawn here, the points left out and the permutations; that of the sweep unless said.
    """
    check_missing(missing)
    check_aim(aim, most)
    asked = parse_condition(condition)
    frame = runs_of(sweep, asked.outcome)
    return _of(sweep.plan.design, sweep.plan.scenario, frame, asked, aim, most,
               sweep.plan.seed if seed is None else seed, missing)


def _of(design: Design, scenario: Scenario, frame: pd.DataFrame, condition: Condition, aim: float, most: int, seed: int,
        missing: float | None) -> Discovery:
    bounds_of(design.factors)
    X = design.table[[factor.name for factor in design.factors]].to_numpy(np.float64)
    found = find_boxes(design.factors, X, responses(frame, condition, missing), condition, aim, most, seed)
    return replace(found, scenario=scenario, design=design, runs=frame)


def check(factors: Any, condition: str | Condition, points: int) -> tuple[Factor, ...]:
    """The factors, if they and the rest can be explored; else Refused, before anything runs."""
    parse_condition(condition)
    chosen = parse_factors(factors)
    if not chosen:
        raise Refused("scenario discovery needs at least one factor, such as k=0.5:2.")
    bounds_of(chosen)
    check_enough(points)
    return chosen


def check_aim(aim: float, most: int) -> None:
    """Refuse a density or a number of boxes that cannot be."""
    if not 0.0 < aim <= 1.0:
        raise Refused("the density to aim at must lie above 0 and be at most 1, such as 0.8, not {aim:g}.",
                      aim=aim)
    check_whole(Said("the number of boxes"), most, 1, 100)


def check_enough(points: int) -> None:
    """Refuse what cannot be told from chance at all."""
    if points < 4 * _FEWEST:
        raise Refused("{points} points are too few for scenario discovery, where a box holds at least {fewest}; run at "
                      "least {value}, better 400.", points=points, fewest=_FEWEST, value=4 * _FEWEST)


# ---------------------------------------------------------------- in plain words

#: Units that are read from the number itself.
_BARE = ("share", "1", "logit", "value", "switch", "times")


def said_limit(limit: float, text: Text = IN_ENGLISH) -> str:
    """A limit as it is written: a true minus, and no minus zero."""
    return text.typed(limit + 0.0).replace("-", "−")


def said_limits(factor: Factor, at_least: float | None, at_most: float | None, text: Text = IN_ENGLISH) -> str:
    """A restriction in words: "budget stress is at most 0.3"."""
    title = text("report.box_dial", factor=factor.said(text)) if "." in factor.name else factor.said(text)
    low, high = ("" if limit is None else said_limit(limit, text) for limit in (at_least, at_most))
    side = "between" if low and high else "most" if high else "least"
    if factor.name.endswith(".start"):
        return text(f"report.box_start_{side}", factor=title, low=low, high=high)
    unit = "" if factor.unit in _BARE else f" {factor.counted(text)}"
    return text(f"report.box_{side}", factor=title, low=low, high=high, unit=unit)


def where(box: Box, factors: Sequence[Factor], text: Text = IN_ENGLISH) -> str:
    """All restrictions of a box in words."""
    by_name = {factor.name: factor for factor in factors}
    return text.listed([said_limits(by_name[name], *limits, text) for name, limits in box.limits.items()])


def sentences(found: Discovery, text: Text = IN_ENGLISH) -> list[str]:
    """What was found, for a reader of policy: one sentence a box, and what is not sure about it."""
    holds, meaning = said_condition(found.condition, text) if found.condition else (text("report.box_condition"), "")
    begins = {"holds": holds, "meaning": meaning and text("report.in_brackets", change=meaning)}
    if found.held in (0.0, 1.0):
        return [text("report.box_every" if found.held else "report.box_none", **begins)]
    if not found.boxes:
        return [text("report.box_held", share=text.share(found.held), more=_too_few(found, text), **begins),
                *_beside_regional(found, text)]
    said = [text("report.box_also" if number else "report.box_where", where=where(box, found.factors, text),
                 density=_interval(box.density, text), coverage=_interval(box.coverage, text),
                 base=text.share(box.base), **begins) for number, box in enumerate(found.boxes)]
    if found.boxes[0].density.value < found.aim:
        said.append(text("report.box_aim", aim=text.share(found.aim)))
    return said + _beside_regional(found, text)


def _too_few(found: Discovery, text: Text) -> str:
    """Why no box is told, and with how many points it would be."""
    power, tried, runs = found.power, found.tried, found.replicates
    points = text("report.box_points_one" if runs == 1 else "report.box_points", points=text.number(found.points),
                  runs=runs)
    if power is None or tried is None:
        return text("report.box_few_same", points=points)
    enough = int(float(f"{4 * found.points:.2g}")) if power.enough is None else power.enough
    would = {"points": points, "enough": text.number(enough), "runs": text.number(enough * runs)}
    if power.enough is not None:
        return text("report.box_few_enough", where=where(tried, found.factors, text),
                    density=text.share(tried.density.value), **would)
    return text("report.box_few_more", more=max(1, round(100 * power.visible)), **would)


def _beside_regional(found: Discovery, text: Text) -> list[str]:
    """What `sensitivity --method regional` says of the same runs where it is not what the boxes say, and why."""
    boxed = {name for box in found.boxes for name in box.limits}
    named = {factor.name: factor.said(text) for factor in found.factors}
    alone = [named[name] for name in found.apart if name not in boxed]
    only = [named[name] for name in named if name in boxed and name not in found.apart]
    said = []
    if alone:
        said.append(text("report.box_alone_sharper" if found.boxes else "report.box_alone_chance",
                         factors=text.listed(alone)))
    if only:
        said.append(text("report.box_only_one" if len(only) == 1 else "report.box_only_many", factors=text.listed(only)))
    return said


def _interval(estimate: Estimate, text: Text = IN_ENGLISH) -> str:
    return text("report.with_band", value=text.share(estimate.value), band=text.percents(estimate.low, estimate.high))
