"""How long municipalities stay: residence in each regime, first passage out of the start and into a target.

Spells are followed from their known beginning (no truncation) and cut off where the run ends (right censoring), so
shares still there are Kaplan and Meier's (1958, J. Am. Stat. Assoc. 53:457), by `experiments.adopters.survival`.
Intervals draw whole runs again (`experiments.estimates`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance import scenarios
from letsdance.experiments.adopters.survival import kaplan_meier
from letsdance.experiments.estimates import DRAWS, LEVEL, Estimate, redrawn
from letsdance.params import Refused, nearest
from letsdance.simulation import meanfield
from letsdance.simulation import schedule as environment
from letsdance.simulation.rules.regimes import REGIMES
from letsdance.simulation.run import Result, simulate

if TYPE_CHECKING:
    import pandas as pd


# ---------------------------------------------------------------- Kaplan-Meier

@dataclass(frozen=True, eq=False)
class Survival:
    """The share still there after 0, 1, ... quarters, as far as anybody was watched (NaN later).

    share, low, high float64[n]; at_risk int[n], spells that were still running and watched when the quarter began.
    median: quarters until half have gone, infinite where more than half are still there at the end.
    mean: quarters spent there within the first `until` quarters (restricted mean). Intervals are not numbers where
    there is one run, or where no spell has ended: then nothing tells how sure it is.
    """

    share: np.ndarray
    low: np.ndarray
    high: np.ndarray
    at_risk: np.ndarray
    spells: int
    ended: int
    median: Estimate
    mean: Estimate

    @property
    def until(self) -> int:
        """The last quarter at which somebody was watched."""
        return len(self.share) - 1


def survival(durations: Any, ended: Any, runs: Any, seed: int = 1, draws: int = DRAWS) -> Survival:
    """Kaplan-Meier over spells: how long each lasted, whether it ended (else it was cut off), which run it belongs to.

    durations: quarters, whole, from 0; ended: bool; runs: a label; all [n]. Raises `Refused` if there is no spell.
    """
    durations, ended, runs = np.asarray(durations, np.float64), np.asarray(ended, bool), np.asarray(runs)
    if not len(durations):
        raise Refused("there is no spell to follow; nobody was ever in that regime.")
    times = np.arange(int(durations.max()) + 1)
    share = kaplan_meier(np.where(ended, durations, np.nan), durations).at(times)
    curves = _drawn_curves(durations, ended, runs, len(times), seed, draws) if ended.any() else np.empty((0, len(times)))
    low, high = (np.quantile(curves, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0) if len(curves)
                 else np.full((2, len(times)), np.nan))
    return Survival(share, low, high, (durations[:, None] >= times).sum(axis=0), len(durations), int(ended.sum()),
                    Estimate.of(_median(share), np.array([_median(c) for c in curves])),
                    Estimate.of(float(share[:-1].sum()), curves[:, :-1].sum(axis=1)))


def _drawn_curves(durations: np.ndarray, ended: np.ndarray, runs: np.ndarray, length: int, seed: int,
                  draws: int) -> np.ndarray:
    """float64[draws, length]: the curve of each draw of runs. Counts by run are enough, and scipy takes no weights."""
    _, run = np.unique(runs, return_inverse=True)
    shape = (int(run.max()) + 1, length)
    cell = run * length + durations.astype(np.int64)
    gone = np.bincount(cell[ended], minlength=shape[0] * length).reshape(shape)
    lasted = np.bincount(cell, minlength=shape[0] * length).reshape(shape)
    at_risk = lasted[:, ::-1].cumsum(axis=1)[:, ::-1]
    times_taken = np.array([np.bincount(taken, minlength=shape[0]) for taken in redrawn(shape[0], seed, draws)])
    times_taken = times_taken.reshape(-1, shape[0])
    died, watched = times_taken @ gone, times_taken @ at_risk
    return np.cumprod(1.0 - np.divide(died, watched, where=watched > 0, out=np.zeros(died.shape)), axis=1)


def _median(share: np.ndarray) -> float:
    """The first quarter after which at most half are still there."""
    return float(np.argmax(share <= 0.5 + 1e-12)) if share[-1] <= 0.5 + 1e-12 else np.inf


# ---------------------------------------------------------------- what is followed

def spells(result: Result) -> pd.DataFrame:
    """One row a spell in a regime: run, seed, municipality, regime, start and duration (quarters), ended, next.

    The first spell starts in quarter 0. A spell that runs on at the end has ended False and an empty next.
    """
    import pandas as pd

    R, Q, M = result.regime.shape
    by_place = result.regime.transpose(0, 2, 1).reshape(R * M, Q)
    begins = np.concatenate([np.ones((R * M, 1), bool), by_place[:, 1:] != by_place[:, :-1]], axis=1)
    row, start = np.nonzero(begins)
    last = np.append(row[1:] != row[:-1], True)
    stop = np.where(last, Q - 1, np.append(start[1:], 0))
    names = np.array(REGIMES)
    regime = by_place[row, start]
    following = np.append(regime[1:], 0)
    return pd.DataFrame({
        "run": row // M, "seed": result.seeds[row // M].astype(np.int64),
        "municipality": np.array(result.places.names)[row % M], "regime": names[regime], "start": start,
        "duration": stop - start, "ended": ~last, "next": np.where(last, "", names[following])})


def passage(result: Result, target: int) -> tuple[np.ndarray, np.ndarray]:
    """(durations float64[R, M], reached bool[R, M]): quarters until a municipality is first in a regime, or the end."""
    there = result.regime == target
    reached = there.any(axis=1)
    return np.where(reached, there.argmax(axis=1), result.quarters).astype(np.float64), reached


def transitions(result: Result, seed: int = 1) -> pd.DataFrame:
    """One row a pair of regimes: from, to, moves, quarters (watched in `from`), probability a quarter, low, high.

    The chance that a municipality in `from` is in `to` a quarter later, over all runs and quarters; not a number where
    nobody was in `from`. It is an average over spells young and old, which need not be equally likely to end.
    """
    import pandas as pd

    n = len(REGIMES)
    before, after = result.regime[:, :-1].astype(np.int64), result.regime[:, 1:].astype(np.int64)
    counts = np.stack([np.bincount(pair.ravel(), minlength=n * n).reshape(n, n) for pair in n * before + after])
    drawn = counts[redrawn(result.runs, seed)].sum(axis=1)

    def chance(moves: np.ndarray) -> np.ndarray:
        watched = moves.sum(axis=-1, keepdims=True)
        return np.divide(moves, watched, where=watched > 0, out=np.full(moves.shape, np.nan))

    total, chances = counts.sum(axis=0), chance(drawn)
    rows = []
    for i, here in enumerate(REGIMES):
        for j, there in enumerate(REGIMES):
            known = chances[:, i, j][np.isfinite(chances[:, i, j])]
            one = Estimate.of(chance(total)[i, j], known)
            rows.append((here, there, int(total[i, j]), int(total[i].sum()), *one))
    return pd.DataFrame(rows, columns=["from", "to", "moves", "quarters", "probability", "low", "high"])


# ---------------------------------------------------------------- the experiment

@dataclass(frozen=True, eq=False)
class Stay:
    """How long municipalities stay where one scenario starts them.

    home: the regime in which most start; started: the share that does. leave: of those, the share still there.
    reach: of all, the share that has not yet been in the target. goes_to: of those that start at home, the share
    whose first move was to each other regime by the end. mean_field: quarters until the mean field leaves, infinite
    where it does not within the horizon; None with levers or shocks, which move its parameters on the way.
    """

    title: str
    home: str
    started: float
    leave: Survival
    reach: Survival
    goes_to: Mapping[str, Estimate]
    transitions: pd.DataFrame
    mean_field: float | None


@dataclass(frozen=True, eq=False)
class Residence:
    """Residence and first passage from several starts; later: spells that begin within a run, by regime, all starts
    together. They begin at the border between two regimes, not at a start's mean, so they are kept apart."""

    stays: Mapping[str, Stay]
    later: Mapping[str, Survival]
    target: str
    runs: int
    quarters: int
    seed: int
    spells: pd.DataFrame

    @property
    def frame(self) -> pd.DataFrame:
        """One row a start (or regime), what is followed (leave, reach, later) and quarter: share, low, high, at_risk."""
        import pandas as pd

        curves = [(name, what, curve) for name, stay in self.stays.items()
                  for what, curve in (("leave", stay.leave), ("reach", stay.reach))]
        curves += [(regime, "later", curve) for regime, curve in self.later.items()]
        return pd.concat([pd.DataFrame({
            "of": name, "what": what, "quarter": np.arange(len(c.share)), "share": c.share, "low": c.low,
            "high": c.high, "at_risk": c.at_risk}) for name, what, c in curves], ignore_index=True)

    @property
    def transitions(self) -> pd.DataFrame:
        """The transitions of every start, one below the other."""
        import pandas as pd

        return pd.concat({name: stay.transitions for name, stay in self.stays.items()},
                         names=["start"]).reset_index(level=0).reset_index(drop=True)


def residence(starts: Iterable[Any] = scenarios.STARTS, runs: int = 20, quarters: int = 200, seed: int = 1,
              target: str = "lets_dance", progress: Callable[[int], None] | None = None, **changes: Any) -> Residence:
    """How long municipalities stay where they start, where they go, and when they first reach `target`.

    starts: scenarios by name, path or as `Scenario`. changes: as in `simulate`. progress: called with the number of
    runs that have ended. Raises `Refused` for bad input.
    """
    if target not in REGIMES:
        raise Refused("there is no regime {target!r}.{near} Known: {known}.", target=target,
                      near=nearest(str(target), REGIMES), known=", ".join(REGIMES))
    several = {}
    for given in [starts] if isinstance(starts, str) else starts:
        scenario = scenarios.load(given).changed(quarters=quarters, **changes)
        if scenario.name in several:
            raise Refused("two scenarios are called {name}; rename one of them.", name=scenario.name)
        several[scenario.name] = scenario
    if not several:
        raise Refused("name at least one scenario, such as lone_ranger.")
    import pandas as pd

    stays, followed = {}, []
    for name, scenario in several.items():
        result = simulate(scenario, runs=runs, seed=seed, progress=progress)
        stays[name] = _stay(result, REGIMES.index(target), seed)
        followed.append(spells(result).assign(scenario=name))
    every = pd.concat(followed, ignore_index=True)
    begun = every[every["start"] > 0]
    later = {regime: survival(group["duration"], group["ended"], group["seed"], seed)
             for regime in REGIMES if len(group := begun[begun["regime"] == regime])}
    return Residence(stays, later, target, runs, quarters, seed, every)


def _stay(result: Result, target: int, seed: int) -> Stay:
    first = result.regime[:, 0]
    home = int(np.bincount(first.ravel(), minlength=len(REGIMES)).argmax())
    at_home = first == home
    left = result.first_passage()
    run = np.broadcast_to(np.arange(result.runs)[:, None], left.shape)
    gone = np.isfinite(left)
    into = np.take_along_axis(result.regime, np.where(gone, left, 0).astype(np.int64)[:, None], axis=1)[:, 0]
    taken = redrawn(result.runs, seed)
    goes_to = {}
    for k, name in enumerate(REGIMES):
        if k != home:
            moved, counted = (gone & at_home & (into == k)).sum(axis=1), at_home.sum(axis=1)
            goes_to[name] = Estimate.of(moved.sum() / counted.sum(),
                                        moved[taken].sum(axis=1) / counted[taken].sum(axis=1))
    durations, reached = passage(result, target)
    scenario, values = result.scenario, result.scenario.values()
    rests = None
    if not scenario.levers and not scenario.shocks:
        found = meanfield.residence(environment.build(scenario)[0], values["C0"], values["G0"], result.quarters)
        rests = np.inf if found is None else float(found)
    return Stay(
        scenario.title or scenario.name, REGIMES[home], float(at_home.mean()),
        survival(np.where(gone, left, result.quarters)[at_home], gone[at_home], run[at_home], seed),
        survival(durations.ravel(), reached.ravel(), run.ravel(), seed), goes_to, transitions(result, seed), rests)
