"""Scenario discovery: where a condition holds, as boxes in plain words ("Wasteland is escaped where ...").

The patient rule induction method (PRIM; Friedman and Fisher 1999) as scenario discovery uses it (Bryant and Lempert
2010): peel a box slice by slice towards the points at which the condition holds, paste back what was peeled too far,
drop restrictions that chance explains. Peeling always finds something, even in noise. So the box is found on one half
of the points, and everything that is said of it is measured on the other half.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance.experiments.design import Design, Factor, latin_hypercube, parse_factors
from letsdance.experiments.estimates import LEVEL, Estimate
from letsdance.experiments.outcomes import Condition, parse_condition
from letsdance.experiments.sensitivity import bounds_of, check_missing, responses, runs_of, said_condition
from letsdance.params import Refused, check_whole

if TYPE_CHECKING:
    import pandas as pd

    from letsdance.experiments.sweep import Sweep
    from letsdance.scenarios import Scenario

_ALPHA = 0.05       # share of the box that a peel takes and a paste gives back: patient
_LEAST = 0.05       # share of the points that a box must hold, and at least so many points:
_FEWEST = 10
_CHANCE = 0.05      # quasi-p-value from which a restriction counts as chance
_NOTCHES = 100      # limits are rounded to about a hundredth of a factor's range, before anything is measured
_HALVES = 0xD15C    # purpose of randomness, beside the seed
Limits = dict[str, tuple[float | None, float | None]]


@dataclass(frozen=True, eq=False)
class Box:
    """Where a condition holds. limits: factor -> (at least, at most), None where it is not restricted on that side.

    density: share of runs in the box in which the condition holds; coverage: share of all runs in which it holds that
    lie in the box; support: share of points that do; base: the density without any box. All are measured on the half
    of the points that the box was not found on (`points` of them lie in it), found_density on the other. chance:
    quasi-p-value of each restriction on the half that the box was not found on.
    """

    limits: Limits
    density: Estimate
    coverage: Estimate
    support: float
    base: float
    points: int
    found_density: float
    chance: Mapping[str, float]

    @property
    def better_than_chance(self) -> bool:
        """Whether the whole interval of its density lies above the density without a box."""
        return self.density.low > self.base


@dataclass(frozen=True, eq=False)
class Discovery:
    """What was found: boxes that are better than chance, the first over all points, each next over those left.

    tried: a box that was found but is not better than chance, where that ended the search. held: share of all runs in
    which the condition holds. steps: the trade-off along the first peeling, one row a box (`found_` on the half that it
    was found on, `checked_` on the other). scenario, design, runs: what it was found from; None for plain arrays.
    """

    condition: Condition | None
    factors: tuple[Factor, ...]
    boxes: tuple[Box, ...]
    tried: Box | None
    held: float
    aim: float
    points: int
    replicates: int
    seed: int
    steps: pd.DataFrame
    scenario: Scenario | None = None
    design: Design | None = None
    runs: pd.DataFrame | None = None

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


def quasi_p(X: np.ndarray, share: np.ndarray, low: np.ndarray, high: np.ndarray, factor: int,
            sides: Sequence[int] = (0, 1)) -> float:
    """How likely as many cases would be in the box if the restriction of this factor were none (Bryant, Lempert 2010).

    The chance of a binomial draw from the box without this restriction; shares of replicates are summed and rounded
    down. Quasi, because the box was chosen among many, and because the share around it is taken as known; points that
    the box was not chosen on take away the first reason only. sides: which
    limit is lifted, 0 the lower and 1 the upper.
    """
    from scipy import stats

    wide = low.copy(), high.copy()
    for side in sides:
        wide[side][factor] = (-np.inf, np.inf)[side]
    here, around = inside(X, low, high), inside(X, *wide)
    if not here.any():
        return 1.0
    return float(stats.binom.sf(np.floor(share[here].sum() + 1e-9) - 1, here.sum(), share[around].mean()))


def share_interval(holds: np.ndarray) -> Estimate:
    """The mean of holds[points, replicates] (0 to 1) with Wilson's (1927) interval for an effective number of points.

    The effective number is what makes a binomial share vary as much as points and seeds together do (Kish 1965), and
    never more than there are points: runs of one point are not independent, nor are points that share their seeds.
    """
    from scipy import stats

    n, R = holds.shape
    if n == 0:
        return Estimate(np.nan, np.nan, np.nan)
    mean = float(holds.mean())
    variance = float(holds.mean(axis=1).var(ddof=1) / n) if n > 1 else 0.0
    variance += float(holds.mean(axis=0).var(ddof=1) / R) if R > 1 else 0.0
    size = min(float(n), mean * (1 - mean) / variance) if variance > 0.0 else float(n)
    return _wilson(mean, max(size, 1.0), float(stats.norm.ppf(0.5 + LEVEL / 2)))


def _wilson(mean: float, n: float, z: float) -> Estimate:
    centre = (mean + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * np.sqrt(mean * (1 - mean) / n + z * z / (4 * n * n))
    return Estimate(mean, float(max(centre - reach, 0.0)), float(min(centre + reach, 1.0)))


# ---------------------------------------------------------------- PRIM

def peel(X: np.ndarray, share: np.ndarray, whole: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Boxes from no restriction to the smallest allowed, each a slice smaller: (low[k], high[k]), infinite if free.

    A peel takes about a twentieth of the points in the box off one side of one factor: the one that raises the
    density most for each point that it costs (Friedman and Fisher 1999, section 14.1).
    """
    n, k = X.shape
    low, high = np.full(k, -np.inf), np.full(k, np.inf)
    boxes = [(low, high)]
    here = np.ones(n, bool)
    fewest = max(_LEAST * n, _FEWEST)
    while share[here].mean() < 1.0:
        best: tuple[float, int, int, float] | None = None
        density, count = share[here].mean(), here.sum()
        for j in range(k):
            values = np.unique(X[here, j])
            if len(values) < 2:
                continue
            for side, cut in ((0, np.quantile(X[here, j], _ALPHA)), (1, np.quantile(X[here, j], 1 - _ALPHA))):
                # At least the outermost value goes, at least one stays.
                if side == 0:
                    at = min(max(int(np.searchsorted(values, cut)), 1), len(values) - 1)
                else:
                    at = max(min(int(np.searchsorted(values, cut, side="right")), len(values) - 1), 1)
                gone, kept = (values[at - 1], values[at]) if side == 0 else (values[at], values[at - 1])
                limit = float(kept if whole[j] else (gone + kept) / 2)
                left = here & ((X[:, j] >= limit) if side == 0 else (X[:, j] <= limit))
                if left.sum() < fewest:
                    continue
                gain = (share[left].mean() - density) / (count - left.sum())
                if best is None or gain > best[0]:
                    best = (gain, j, side, limit)
        if best is None:
            break
        _, j, side, limit = best
        low, high = low.copy(), high.copy()
        (low if side == 0 else high)[j] = limit
        here = inside(X, low, high)
        boxes.append((low, high))
    return boxes


def paste(X: np.ndarray, share: np.ndarray, box: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The box made larger again, side by side, as long as its density does not fall (Friedman and Fisher 1999)."""
    low, high = (edge.copy() for edge in box)
    while True:
        here = inside(X, low, high)
        best, density = None, share[here].mean()
        slice_of = max(round(_ALPHA * float(here.sum())), 1)
        for edge, side in ((low, 0), (high, 1)):
            for j in np.flatnonzero(np.isfinite(edge)):
                free = edge[j]
                edge[j] = -np.inf if side == 0 else np.inf
                beyond = np.sort(X[inside(X, low, high) & ~here, j])
                outer = beyond[::-1] if side == 0 else beyond
                reach = edge[j] if len(outer) <= slice_of else outer[slice_of - 1]
                edge[j] = reach
                larger = inside(X, low, high)
                edge[j] = free
                found = share[larger].mean()
                if larger.sum() > here.sum() and found >= density and (best is None or found > best[0]):
                    best = (found, side, j, reach)
        if best is None:
            return low, high
        (low if best[1] == 0 else high)[best[2]] = best[3]


def _rounded(box: tuple[np.ndarray, np.ndarray], bounds: np.ndarray, whole: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Limits as they can be said; a side that then lies at the end of the range is free."""
    span = bounds[:, 1] - bounds[:, 0]
    step = np.where(whole, 1.0, 10.0 ** np.floor(np.log10(span / (_NOTCHES / 5))))
    low, high = (np.round(np.round(edge / step) * step, 9) for edge in box)
    return np.where(low <= bounds[:, 0], -np.inf, low), np.where(high >= bounds[:, 1], np.inf, high)


def _best(X: np.ndarray, share: np.ndarray, boxes: Sequence[tuple[np.ndarray, np.ndarray]], bounds: np.ndarray,
          whole: np.ndarray, aim: float) -> tuple[np.ndarray, np.ndarray]:
    """Of the boxes along a peeling, each pasted, rounded and rid of chance: among those as dense as aimed at, or among
    all if none is, the one that holds the most cases beyond what as many points would hold without a box (the weighted
    relative accuracy of Lavrač, Flach and Zupan 1999)."""
    best: tuple[float, tuple[np.ndarray, np.ndarray]] = -np.inf, boxes[0]
    base = share.mean()
    for box in boxes:
        limits = _without_chance(X, share, _rounded(paste(X, share, box), bounds, whole))
        here = inside(X, *limits)
        if here.any() and not here.all():
            density = share[here].mean()
            score = float((density - base) * here.mean() + (density >= aim))
            best = max(best, (score, limits), key=lambda one: one[0])
    return best[1]


def _without_chance(X: np.ndarray, share: np.ndarray, box: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The box without the limits that chance explains, the likeliest first."""
    edges = tuple(edge.copy() for edge in box)
    while True:
        used = [(int(j), side) for side in (0, 1) for j in np.flatnonzero(np.isfinite(edges[side]))]
        chance = {(j, side): quasi_p(X, share, edges[0], edges[1], j, (side,)) for j, side in used}
        worst = max(chance, key=lambda at: chance[at], default=None)
        if worst is None or chance[worst] < _CHANCE:
            return edges[0], edges[1]
        edges[worst[1]][worst[0]] = (-np.inf, np.inf)[worst[1]]


def find_boxes(factors: Any, X: Any, holds: Any, condition: Condition | None = None, aim: float = 0.8, most: int = 3,
               seed: int = 1) -> Discovery:
    """Boxes in which a condition holds: factors, X[points, k], holds (bool or 0 to 1)[points, replicates].

    aim: the density that is asked for; of the boxes that reach it, the one with the most cases beyond chance is taken.
    most: how many boxes at most. Refused where arrays do not fit or there are too few points to halve.
    """
    chosen = parse_factors(factors)
    bounds, X, H = bounds_of(chosen), np.asarray(X, np.float64), np.asarray(holds, np.float64)
    H = H[:, None] if H.ndim == 1 else H
    if X.shape != (len(H), len(chosen)):
        raise Refused(f"the points have the shape {X.shape}, but there are {len(H)} outcomes and {len(chosen)} factors.")
    if not np.isfinite(H).all() or not 0.0 <= H.min() <= H.max() <= 1.0:
        raise Refused("whether the condition holds must be known in every run; put a number in the place of what is "
                      "missing, or choose another outcome.")
    check_aim(aim, most)
    check_enough(len(X))
    whole = np.array([f.whole or bool(f.values) for f in chosen])
    rng = np.random.default_rng(np.random.SeedSequence([seed, _HALVES]))
    order = rng.permutation(len(X))
    find, check = np.sort(order[: len(X) // 2]), np.sort(order[len(X) // 2:])
    held, tried = float(H.mean()), None
    boxes: list[Box] = []
    every = float(H[check].mean(axis=1).sum())
    steps: pd.DataFrame | None = None
    while len(boxes) < most and len(find) >= 2 * _FEWEST and len(check) >= 2 * _FEWEST:
        share = H[find].mean(axis=1)
        if share.min() == share.max() or H[check].min() == H[check].max():
            break
        peeled = peel(X[find], share, whole)
        limits = _best(X[find], share, peeled, bounds, whole, aim)
        box = _measured(chosen, X, H, find, check, limits, every)
        steps = _steps(X, H, find, check, peeled) if steps is None else steps
        if not box.limits or not box.better_than_chance:
            tried = box if box.limits else None
            break
        boxes.append(box)
        find, check = find[~inside(X[find], *limits)], check[~inside(X[check], *limits)]
    return Discovery(condition, chosen, tuple(boxes), tried, held, aim, len(X), H.shape[1], seed,
                     _steps(X, H, find, check, []) if steps is None else steps)


def _measured(factors: Sequence[Factor], X: np.ndarray, H: np.ndarray, find: np.ndarray, check: np.ndarray,
              limits: tuple[np.ndarray, np.ndarray], every: float) -> Box:
    from scipy import stats

    low, high = limits
    here = check[inside(X[check], low, high)]
    share = H[check].mean(axis=1)
    z = float(stats.norm.ppf(0.5 + LEVEL / 2))
    covered = float(H[here].mean(axis=1).sum()) / every if every else np.nan
    used = [j for j in range(len(factors)) if np.isfinite(low[j]) or np.isfinite(high[j])]
    return Box(
        {factors[j].name: (_side(low[j]), _side(high[j])) for j in used}, share_interval(H[here]),
        _wilson(covered, max(every, 1.0), z), len(here) / len(check), float(share.mean()), len(here),
        float(H[find[inside(X[find], low, high)]].mean()) if inside(X[find], low, high).any() else np.nan,
        {factors[j].name: quasi_p(X[check], share, low, high, j) for j in used})


def _side(limit: float) -> float | None:
    return float(limit) if np.isfinite(limit) else None


def _steps(X: np.ndarray, H: np.ndarray, find: np.ndarray, check: np.ndarray,
           boxes: Sequence[tuple[np.ndarray, np.ndarray]]) -> pd.DataFrame:
    """The trade-off along the peeling: step, restricted, then coverage, density and support of either half."""
    import pandas as pd

    rows = []
    for step, (low, high) in enumerate(boxes):
        row: dict[str, Any] = {"step": step, "restricted": int((np.isfinite(low) | np.isfinite(high)).sum())}
        for half, at in (("found", find), ("checked", check)):
            share, here = H[at].mean(axis=1), inside(X[at], low, high)
            row |= {f"{half}_coverage": share[here].sum() / share.sum(),
                    f"{half}_density": share[here].mean() if here.any() else np.nan, f"{half}_support": here.mean()}
        rows.append(row)
    return pd.DataFrame(rows)


# ---------------------------------------------------------------- a scenario, its factors, a condition

def discover(
    scenario: Any, factors: Any, condition: str | Condition, points: int = 400, replicates: int = 4, seed: int = 1,
    aim: float = 0.8, most: int = 3, missing: float | None = None, executor: Any = None, workers: int | None = None,
    progress: Callable[[int], None] | None = None, **more: Any,
) -> Discovery:
    """Run a Latin hypercube and look for the boxes in which a condition holds.

    factors: such as ["k=0.5:2", "FRCS.strength=0:1"]; condition: such as "wasteland@60 <= 0.2". aim, most: as in
    `find_boxes`; missing and more: as in `experiments.sensitivity.sensitivity`. Raises `Refused`.
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
               missing: float | None = None) -> Discovery:
    """The same of a sweep that is there; its points should fill the ranges evenly (a Latin hypercube, sobol)."""
    check_missing(missing)
    check_aim(aim, most)
    asked = parse_condition(condition)
    frame = runs_of(sweep, asked.outcome)
    return _of(sweep.plan.design, sweep.plan.scenario, frame, asked, aim, most, sweep.plan.seed, missing)


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
        raise Refused(f"the density to aim at must lie above 0 and be at most 1, such as 0.8, not {aim:g}.")
    check_whole("the number of boxes", most, 1)


def check_enough(points: int) -> None:
    """Refuse what cannot be halved."""
    if points < 8 * _FEWEST:
        raise Refused(f"{points} points are too few for scenario discovery, which holds half of them back to check the "
                      f"boxes on; run at least {8 * _FEWEST}, better 400.")


# ---------------------------------------------------------------- in plain words

#: Units that are read from the number itself.
_BARE = ("share", "1", "logit", "value", "switch", "times")


def said_limit(limit: float) -> str:
    """A limit as it is written: a true minus, and no minus zero."""
    return f"{limit + 0.0:g}".replace("-", "−")


def said_limits(factor: Factor, at_least: float | None, at_most: float | None) -> str:
    """A restriction in words: "budget stress is at most 0.3"."""
    title = f"the {factor.title}" if "." in factor.name else factor.title
    low, high = (None if limit is None else said_limit(limit) for limit in (at_least, at_most))
    if factor.name.endswith(".start"):
        if low and high:
            return f"{title} lies between quarters {low} and {high}"
        return f"{title} is quarter {high} or earlier" if high else f"{title} is quarter {low} or later"
    unit = "" if factor.unit in _BARE else f" {factor.unit}"
    if low and high:
        return f"{title} lies between {low} and {high}{unit}"
    return f"{title} is at most {high}{unit}" if high else f"{title} is at least {low}{unit}"


def sentences(found: Discovery) -> list[str]:
    """What was found, for a reader of policy: one sentence a box, and what is not sure about it."""
    holds, meaning = said_condition(found.condition) if found.condition else ("The condition holds", "")
    meaning = meaning and f" ({meaning})"
    if found.held in (0.0, 1.0):
        return [f"{holds}{meaning} in {'every' if found.held else 'no'} run, so there is no part of the ranges to tell "
                f"from another; choose another number, or other ranges."]
    by_name = {factor.name: factor for factor in found.factors}
    if not found.boxes:
        return [f"{holds}{meaning} in {_percent(found.held)} of all runs, and no box does better than chance: where it "
                f"holds cannot be told from these factors with {found.points} points."]
    said = []
    for number, box in enumerate(found.boxes):
        where = _listed([said_limits(by_name[name], *limits) for name, limits in box.limits.items()])
        begins = f"{holds}{meaning} where" if number == 0 else "Of what lies outside, it also holds where"
        said.append(f"{begins} {where}: true for {_interval(box.density)} of runs there, which are "
                    f"{_interval(box.coverage)} of all runs in which it holds. Without this box it is true for "
                    f"{_percent(box.base)}.")
        unsure = [by_name[name].title for name, chance in box.chance.items() if chance >= _CHANCE]
        if unsure:
            said.append(f"Whether {_listed(unsure)} {'belongs' if len(unsure) == 1 else 'belong'} in this box is not "
                        f"sure: on the points held back, chance alone would explain it.")
    if found.boxes[0].density.value < found.aim:
        said.append(f"The {_percent(found.aim)} aimed at is not reached on the points held back.")
    return said


def _percent(share: float) -> str:
    if 0 < share < 0.005 or 0.995 <= share < 1:
        return "under 1 %" if share < 0.5 else "over 99 %"
    return f"{100 * share:.0f} %"


def _interval(estimate: Estimate) -> str:
    return f"{_percent(estimate.value)} ({100 * estimate.low:.0f}–{100 * estimate.high:.0f} %)"


def _listed(items: Sequence[str]) -> str:
    *first, last = items
    return f"{', '.join(first)} and {last}" if first else last
