"""Whether the way back is the way there: a parameter moved up and down again within one run, at two speeds.

A loop alone proves nothing, since whatever is moved faster than it can follow lags behind (Scheffer et al. 2001, Nature
413:591; Strogatz 2015, Nonlinear Dynamics and Chaos, 3.6): so both ways are also stopped where they lie furthest apart,
and waited for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance import scenarios
from letsdance.experiments.axis import LAST_SEED, Axis, check_indicator, moved, moving_axis, paths
from letsdance.experiments.estimates import Estimate, mean_over_runs
from letsdance.params import PARAMETERS, Refused, check_whole
from letsdance.scenarios import Scenario
from letsdance.simulation import meanfield
from letsdance.simulation import schedule as environment

if TYPE_CHECKING:
    import pandas as pd

_REST = 400  # quarters that the mean field is given to come to rest at a value


@dataclass(frozen=True, eq=False)
class Loop:
    """One speed: quarters each way; there, back float64[R, N], the outcome along the values on either way.

    gap: back less there, the mean over the values (the area between the ways over the width of the axis). after: what
    the outcome is, once the parameter has been back for the time of settling, more than before it was moved.
    """

    quarters: int
    there: np.ndarray
    back: np.ndarray
    gap: Estimate
    after: Estimate


@dataclass(frozen=True, eq=False)
class Hysteresis:
    """A parameter moved from first to last and back. N values along the way, R runs.

    loops: slow after fast. waited_at: the value at which both ways were stopped, where the slower loop is widest.
    apart float64[R, W + 1]: back less there in each quarter since. mean_field float64[2, N]: the mean field there and
    back, at rest at each value.
    """

    axis: Axis
    values: np.ndarray
    outcome: str
    title: str
    loops: list[Loop]
    waited_at: float
    apart: np.ndarray
    mean_field: np.ndarray
    seed: int
    settle: int

    @property
    def runs(self) -> int:
        """How many runs."""
        return len(self.apart)

    @property
    def waited(self) -> int:
        """For how many quarters both ways were held."""
        return self.apart.shape[1] - 1

    @property
    def gap_before(self) -> Estimate:
        """Back less there when the parameter stops."""
        return mean_over_runs(self.apart[:, 0], self.seed)

    @property
    def gap_left(self) -> Estimate:
        """Back less there after waiting, the mean over the last eighth of it."""
        return mean_over_runs(self._late(self.waited), self.seed)

    @property
    def still_closing(self) -> Estimate:
        """By how much the gap shrank in the second half of the waiting (below 0: it grew)."""
        side = np.sign(self.gap_before.value)
        return mean_over_runs(side * (self._late(self.waited // 2) - self._late(self.waited)), self.seed)

    def _late(self, end: int) -> np.ndarray:
        return self.apart[:, end - max(1, self.waited // 8) + 1:end + 1].mean(axis=1)

    @property
    def verdict(self) -> str:
        """`no loop`: the slower loop, or its gap where it was stopped, may be nil. `lag`: after waiting, the gap may be
        nil. `hysteresis`: more than half of the gap is left. `closing`: some is left, but perhaps less than half. Each as
        far as its 95 % interval tells."""
        before, late = self.gap_before, self._late(self.waited)
        side = np.sign(before.value)
        if not _away(before) or not _away(self.loops[-1].gap):
            return "no loop"
        if mean_over_runs(side * late, self.seed).low <= 0:
            return "lag"
        return "hysteresis" if mean_over_runs(side * (late - self.apart[:, 0] / 2), self.seed).low > 0 else "closing"

    @property
    def frame(self) -> pd.DataFrame:
        """One row a speed (quarters each way), way (there, back), value and run: the outcome."""
        import pandas as pd

        parts = []
        for loop in self.loops:
            for way, found in (("there", loop.there), ("back", loop.back)):
                R, N = found.shape
                parts.append(pd.DataFrame({
                    "quarters": loop.quarters, "way": way, "value": np.tile(self.values, R),
                    "run": np.repeat(np.arange(R), N), "seed": self.seed + np.repeat(np.arange(R), N),
                    self.outcome: found.ravel()}))
        return pd.concat(parts, ignore_index=True)


def _away(one: Estimate) -> bool:
    """Whether its interval lies wholly on one side of nil."""
    return one.low > 0 or one.high < 0


def hysteresis(scenario: Any = "lets_dance", along: str | Axis = "B=0:0.8", outcome: str = "G", quarters: int = 200,
               settle: int = 40, wait: int = 200, runs: int = 20, seed: int = 1,
               progress: Callable[[int], None] | None = None, **changes: Any) -> Hysteresis:
    """Move a parameter there and back within a run, in `quarters` each way and at twice that speed, then stop and wait.

    outcome: a column of `result.society`. settle: quarters at the first value before and after. wait: quarters that both
    ways are held where the slower loop is widest. changes: as in `simulate`, but for the horizon. progress: called with
    the number of runs that have ended, 4 x runs. Raises `Refused` for bad input.
    """
    axis, name = moving_axis(along), check_indicator(outcome)
    for what, value, low, high in (("quarters", quarters, 16, 2000), ("settle", settle, 1, 1000),
                                   ("wait", wait, 16, 2000), ("runs", runs, 2, 10_000), ("seed", seed, 0, LAST_SEED)):
        check_whole(what, value, low, high)
    scenario = scenarios.load(scenario).changed(**changes)
    seeds = np.arange(seed, seed + runs)
    values = np.linspace(axis.first, axis.last, 41)
    loops = [_loop(scenario, axis, name, seeds, values, way, settle, seed, progress) for way in (quarters // 2, quarters)]
    slow = loops[-1]
    gaps = np.abs((slow.back - slow.there).mean(axis=0))
    at = int(np.argmax(gaps[:-1]))  # at the last value both ways are one
    there, back = (_held(scenario, axis, name, seeds, knots, wait, progress) for knots in _stops(axis, values[at], quarters,
                                                                                               settle))
    return Hysteresis(axis, values, name, scenario.title or scenario.name, loops, float(values[at]), back - there,
                      _at_rest(scenario, axis, name, values), seed, settle)


def _knots(axis: Axis, way: int, settle: int) -> list[tuple[int, float]]:
    return [(0, axis.first), (settle, axis.first), (settle + way, axis.last), (settle + 2 * way, axis.first),
            (2 * settle + 2 * way, axis.first)]


def _loop(scenario: Scenario, axis: Axis, name: str, seeds: np.ndarray, values: np.ndarray, way: int, settle: int,
          seed: int, progress: Callable[[int], None] | None) -> Loop:
    schedule = moved(scenario, axis.name, _knots(axis, way, settle))
    found, = paths(scenario, schedule, seeds, [name], progress)
    still = schedule.copy()
    still[axis.name] = axis.first
    if np.array_equal(found[:1], paths(scenario, still, seeds[:1], [name])[0]):
        raise Refused("{name} ({title}) moves nothing within a run: it acts at the start only, or {name_2} does not "
                      "answer to it; `letsdance map tipping` runs each value apart.", name=axis.name,
                      title=PARAMETERS[axis.name].title, name_2=name)
    when = np.linspace(0, way, len(values))
    quarter = np.arange(found.shape[1])
    there = np.stack([np.interp(settle + when, quarter, one) for one in found])
    back = np.stack([np.interp(settle + 2 * way - when, quarter, one) for one in found])
    return Loop(way, there, back, mean_over_runs(np.trapezoid(back - there, dx=1 / (len(values) - 1), axis=1), seed),
                mean_over_runs(found[:, -1] - found[:, settle], seed))


def _stops(axis: Axis, value: float, way: int, settle: int) -> list[list[tuple[int, float]]]:
    """The way there and the way back, each stopped at a value."""
    share = (value - axis.first) / (axis.last - axis.first)
    there, back = max(1, round(share * way)), max(1, round((1 - share) * way))
    began = [(0, axis.first), (settle, axis.first)]
    return [[*began, (settle + there, value)], [*began, (settle + way, axis.last), (settle + way + back, value)]]


def _held(scenario: Scenario, axis: Axis, name: str, seeds: np.ndarray, knots: list[tuple[int, float]], wait: int,
          progress: Callable[[int], None] | None) -> np.ndarray:
    """float64[R, wait + 1]: the outcome from the quarter in which the parameter stops."""
    stop = knots[-1][0]
    schedule = moved(scenario, axis.name, [*knots, (stop + wait, knots[-1][1])])
    return paths(scenario, schedule, seeds, [name], progress)[0][:, stop:]


def _at_rest(scenario: Scenario, axis: Axis, name: str, values: np.ndarray) -> np.ndarray:
    """float64[2, N]: the mean field at rest along the values, there and back; not numbers for what it does not have."""
    found = np.full((2, len(values)), np.nan)
    if name not in meanfield.STOCKS:
        return found
    p = environment.build(scenario)[0]
    given = scenario.values()
    state = meanfield.start(given["C0"], given["G0"], p)
    for way, order in enumerate((range(len(values)), reversed(range(len(values))))):
        for i in order:
            p[axis.name] = values[i]
            for _ in range(_REST):
                state = meanfield.step(state, p)
            found[way, i] = state[meanfield.STOCKS.index(name)]
    return found
