"""An emulator of what portfolios come to in worlds: it says which portfolios a search over worlds runs, and nothing else.

    taught = teach(worlds, "lone_ranger", space, outcomes_there, aims, ends, points=1000, runs=3, seed=1)
    taught.evaluate(portfolio)               # float64[aims, worlds, 1], as expected

Learnt (`emulator.learn`) from pairs of a portfolio and a world, each drawn anew and really run, of each lever how strongly,
from when and how long it acts, beside all that is uncertain: two runs of a pair tell luck apart, and a sixth of the pairs,
from which nothing was learnt, says how far to believe it. What it chooses is run in every world; no answer rests on what it
says.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from letsdance.experiments.design import Factor
from letsdance.experiments.emulator import FITS, Emulator, learn, one_thread
from letsdance.experiments.outcomes import Outcome
from letsdance.experiments.portfolios import Portfolio, Space, ordered
from letsdance.experiments.worlds import Worlds
from letsdance.params import Refused
from letsdance.scenarios import Scenario

if TYPE_CHECKING:
    import pandas as pd

_PURPOSE = 0x5EA4C7  # names this use of the seed
_APART = 2_000_003   # seeds between the worlds that are asked and those that teach
#: (portfolios, their worlds: one row each) -> float64[aims, portfolios, runs], more is better; what really comes of them.
Pairs = Callable[[Sequence[Portfolio], "pd.DataFrame"], np.ndarray]


@dataclass(frozen=True, eq=False)
class Taught:
    """What was learnt for each aim (None: it was the same in every pair, its `level`), and the worlds it is asked for.

    factors: dials of levers, then what is uncertain; worlds: float64[worlds, uncertain]; turned: int[factors], which of all
    dials and uncertain values differ at all, and are factors; table: one row an aim: aim, points,
    explained (of the variance between pairs held back, luck left out), coverage (of 95 % intervals there) and its interval,
    held_back, luck_share (of the variance of one run).
    """

    space: Space
    aims: tuple[str, ...]
    factors: tuple[Factor, ...]
    emulators: tuple[Emulator | None, ...]
    level: tuple[float, ...]
    worlds: np.ndarray
    table: pd.DataFrame
    turned: np.ndarray

    def evaluate(self, portfolio: Portfolio) -> np.ndarray:
        """float64[aims, worlds, 1]: what is expected. `Refused` for a portfolio that was not taught."""
        dials = _dials(portfolio, self.space)
        X = np.hstack([np.tile(dials, (len(self.worlds), 1)), self.worlds])[:, self.turned]
        return np.stack([np.full((len(X), 1), level) if one is None else one.predict(X)["mean"].to_numpy()[:, None]
                         for one, level in zip(self.emulators, self.level, strict=True)])


def _dials(portfolio: Portfolio, space: Space) -> np.ndarray:
    """float64[3 x levers]: of each lever of the space its strength, start and quarters; an idle one: 0, and the middle of
    what it may have, so that how strongly it acts alone says whether it does."""
    used = {use.name: use for use in portfolio}
    if others := [name for name in used if name not in space.uses]:
        raise Refused("the emulator was taught {names}; {one} is none of them.{near}", names=", ".join(space.uses),
                      one=others[0], near="")
    row: list[float] = []
    for name, uses in space.uses.items():
        one = used.get(name)
        starts, lasts = [use.start for use in uses], [_lasts(use.start, use.duration, space) for use in uses]
        row += [0.0, float(np.mean(starts)), float(np.mean(lasts))] if one is None else [
            one.strength, float(one.start), _lasts(one.start, one.duration, space)]
    return np.array(row)


def _lasts(start: int, duration: int | None, space: Space) -> float:
    return float(space.quarters - start + 1 if duration is None else duration)


def check(space: Space, worlds: Worlds, runs: int) -> None:
    """`Refused` for what an emulator cannot learn: places, groups and structures have no numbers between them, and one run
    does not tell luck apart."""
    if set(space.parts) != {""}:
        raise Refused("an emulator learns levers that act everywhere, for everybody; leave --in and --for out, or search "
                      "without it.")
    named = [name for name, values in worlds.alternatives.items() if any(isinstance(value, str) for value in values)]
    if named:
        raise Refused("an emulator learns numbers, and {name} has none between its alternatives; leave it out, or search "
                      "without an emulator.", name=named[0])
    if runs < 2:
        raise Refused("an emulator tells luck apart by the runs in a world; give it at least 2 (runs).")


def teach(worlds: Worlds, scenario: Scenario, space: Space, pairs: Pairs, aims: Sequence[str], of: Sequence[Outcome],
          points: int, runs: int, seed: int, threads: int = 1, progress: Callable[[int], None] | None = None) -> Taught:
    """Run so many pairs of a portfolio and a world, and learn each aim from them. of: the outcome of each aim; progress:
    called with the number of models that were learnt, FITS for each aim."""
    import pandas as pd
    from sklearn.exceptions import ConvergenceWarning

    check(space, worlds, runs)
    rng = np.random.default_rng(np.random.SeedSequence([seed, _PURPOSE]))
    drawn = [_drawn(space, rng) for _ in range(points)]
    there = replace(worlds, worlds=points, seed=worlds.seed + _APART).table(scenario)
    asked = worlds.table(scenario)
    moves = [name for name in there if there[name].nunique() > 1]
    X = np.hstack([np.stack([_dials(p, space) for p in drawn]), there[moves].to_numpy(np.float64)])
    mine = asked[moves].to_numpy(np.float64)
    low, high = X.min(axis=0), X.max(axis=0)
    reach = X.shape[1] - len(moves)
    low[reach:], high[reach:] = np.minimum(low[reach:], mine.min(axis=0)), np.maximum(high[reach:], mine.max(axis=0))
    names = [*(f"{name}.{dial}" for name in space.uses for dial in ("strength", "start", "duration")), *moves]
    Y = pairs(drawn, there)
    turned = np.flatnonzero(high > low)
    factors = tuple(Factor(names[k], float(low[k]), float(high[k])) for k in turned)
    ends = [(0.0, 1.0) if aim == "success" else (-np.inf, np.inf) for aim in aims]

    def learnt(k: int) -> Emulator | None:
        same = not np.ptp(Y[k].mean(axis=1)) > 0.0
        if same and progress:
            progress(FITS)
        return None if same else learn(factors, X[:, turned], Y[k], of[k], seed, ends[k], progress=progress)

    with warnings.catch_warnings(), one_thread(), ThreadPoolExecutor(threads) as pool:
        warnings.simplefilter("ignore", ConvergenceWarning)  # here, not in each thread: what one restores another has set
        found = tuple(pool.map(learnt, range(len(aims))))
    rows = [{"aim": aim, "points": points, **_validated(one)} for aim, one in zip(aims, found, strict=True)]
    return Taught(space, tuple(aims), factors, found, tuple(float(y.mean()) for y in Y), mine, pd.DataFrame(rows), turned)


def _validated(one: Emulator | None) -> dict[str, float]:
    """How far to believe it, by pairs from which nothing was learnt."""
    if one is None:
        return dict.fromkeys(("explained", "coverage", "coverage_low", "coverage_high", "held_back", "luck_share"), np.nan)
    held = one.coverage()
    return {"explained": one.explained, "coverage": held.share, "coverage_low": held.low, "coverage_high": held.high,
            "held_back": float(len(one.held_back)), "luck_share": one.luck_share.value}


def _drawn(space: Space, rng: np.random.Generator) -> Portfolio:
    """A portfolio of the space: how many levers, which, and how, each as likely."""
    names = rng.permutation(sorted(space.uses))[:rng.integers(0, space.most + 1)]
    return ordered([space.uses[name][rng.integers(len(space.uses[name]))] for name in names])


def promising(points: np.ndarray, many: int) -> list[int]:
    """So many of points[n, aims] (more is better): those first that fewest layers of others beat (Goldberg 1989), and of a
    layer in turn the best in each aim: where aims are many, hardly any beats another."""
    from letsdance.experiments.search_worlds import undominated

    left, chosen = np.arange(len(points)), list[int]()
    while len(left) and len(chosen) < many:
        on = undominated(points[left])
        in_turn = np.argsort(-points[left[on]], axis=0, kind="stable").ravel()
        chosen += [int(left[on][k]) for k in dict.fromkeys(in_turn.tolist())]
        left = left[~on]
    return chosen[:many]


__all__ = ["Pairs", "Taught", "check", "promising", "teach"]
