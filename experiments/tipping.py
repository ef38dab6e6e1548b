"""What tips a society: ends of runs along a parameter or a lever, and whether the way back is the way there.

`tipping` runs every value from several starts and sets the ends beside the mean field's equilibria. `hysteresis` moves
a parameter up and down again within one run, at two speeds. A loop alone proves nothing, since whatever is moved
faster than it can follow lags behind (Scheffer et al. 2001, Nature 413:591; Strogatz 2015, Nonlinear Dynamics and
Chaos, 3.6): so both ways are also stopped where they lie furthest apart, and waited for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

import scenarios
from experiments.outcomes import Outcome, parse
from experiments.residence import Estimate, mean_over_runs, redrawn
from params import PARAMETERS, Refused, check_value, nearest
from scenarios import LEVERS, Scenario, Use, parse_use
from simulation import engine, meanfield
from simulation import schedule as environment
from simulation.indicators import ROW, SOCIETY
from simulation.meanfield import FixedPoint
from simulation.municipalities import Municipalities, synthetic
from simulation.rules.regimes import REGIMES
from simulation.run import _run, simulate
from simulation.society import cores, interpreted_arithmetic
from simulation.state import empty_state

if TYPE_CHECKING:
    import pandas as pd

#: The stocks of the mean field, and the column of a government that each is in the agents.
STOCKS = {"C": "citizens_willingness", "G": "willingness", "S": "social_capital", "T": "citizens_trust",
          "R": "reputation", "L": "risk_culture", "K": "capacity", "A": "top_support"}
_AXIS = re.compile(r"(?P<what>[^=]+)=(?P<first>[^:=]+):(?P<last>[^:=]+)")
_FOLD = 1 / 64  # a fold is looked for until it is known to this share of a step of the grid


# ---------------------------------------------------------------- what is moved

@dataclass(frozen=True, slots=True)
class Axis:
    """A parameter, or a lever's strength, from `first` to `last` (which may be the lower one)."""

    name: str
    first: float
    last: float
    lever: Use | None = None

    @property
    def title(self) -> str:
        """In words."""
        return f"strength of {LEVERS[self.lever.name]['title']}" if self.lever else PARAMETERS[self.name].title

    def values(self, points: int) -> np.ndarray:
        """float64[<= points]: even values from first to last, whole where the parameter is, each once."""
        if isinstance(points, bool) or not isinstance(points, int) or not 2 <= points <= 201:
            raise Refused(f"points must be a whole number from 2 to 201, not {points!r}.")
        even = np.linspace(self.first, self.last, points)
        if not self.lever and PARAMETERS[self.name].whole:
            even = np.unique(np.round(even))
            return even if self.first < self.last else even[::-1]
        return even

    def put(self, story: Scenario, value: float) -> Scenario:
        """The scenario with this value."""
        if self.lever:
            return story.changed(levers=[replace(self.lever, strength=float(value))])
        return story.changed(parameters={self.name: float(value)})


def parse_axis(text: str | Axis) -> Axis:
    """NAME=FROM:TO for a parameter, such as k=0.2:2, or LEVER@START+DURATION=FROM:TO for a strength, else Refused."""
    if isinstance(text, Axis):
        return text
    found = _AXIS.fullmatch(text.replace(" ", "")) if isinstance(text, str) else None
    if not found:
        raise Refused(f"{text!r} cannot be read; write NAME=FROM:TO, such as k=0.2:2 or FRCS@8+20=0:1.5.")
    what, ends = found["what"], []
    for end in (found["first"], found["last"]):
        try:
            ends.append(float(end))
        except ValueError:
            raise Refused(f"{text!r}: {end!r} is not a number; write NAME=FROM:TO, such as k=0.2:2.") from None
    if ends[0] == ends[1]:
        raise Refused(f"{text!r} begins where it ends; write two different values.")
    code = re.split(r"\W", what)[0]
    if what in PARAMETERS:
        return Axis(what, check_value(what, ends[0]), check_value(what, ends[1]))
    if code in LEVERS:
        if "*" in what:
            raise Refused(f"{text!r}: the strength is what is moved; leave *{what.partition('*')[2]} out.")
        use = parse_use("lever", what)
        for end in ends:
            scenarios.parse_uses("lever", [replace(use, strength=end)])
        return Axis(what, ends[0], ends[1], use)
    raise Refused(f"there is no parameter or lever {what!r}.{nearest(what, [*PARAMETERS, *LEVERS])} "
                  f"See `letsdance show parameters`.")


# ---------------------------------------------------------------- the tipping diagram

@dataclass(frozen=True, slots=True)
class Tip:
    """Where the share of municipalities in the regime crosses one half: at which value, upwards or downwards along the
    axis, and in which share of bootstrap draws of the runs it does at all."""

    at: Estimate
    rises: bool
    seen: float


@dataclass(frozen=True, slots=True)
class Fold:
    """Where an equilibrium of the mean field vanishes or loses its stability: value of the parameter, C, G, regime."""

    at: float
    C: float
    G: float
    regime: str


@dataclass(frozen=True, eq=False)
class Tipping:
    """Ends of runs along an axis. V values, S starts, R runs, M municipalities.

    ends float64[V, S, R, M]: the outcome at the end in each municipality, or [V, S, R, 1] for an outcome that only the
    society has. within float64[V, S, R]: the share of municipalities in `regime` at the end. equilibria: the mean
    field's, for each value, under what is in force in the last quarter.
    """

    axis: Axis
    values: np.ndarray
    starts: Mapping[str, str]
    outcome: Outcome
    regime: str
    ends: np.ndarray
    within: np.ndarray
    equilibria: list[list[FixedPoint]]
    folds: list[Fold]
    tips: Mapping[str, list[Tip]]
    quarters: int
    seed: int

    @property
    def runs(self) -> int:
        """How many runs at each value from each start."""
        return self.within.shape[2]

    @property
    def stock(self) -> int | None:
        """Which of the mean field's stocks the outcome is; None where the mean field has no such thing."""
        name = self.outcome.name
        return list(STOCKS).index(name) if name in STOCKS and self.outcome.first is None else None

    @property
    def frame(self) -> pd.DataFrame:
        """One row a value, start and run: the outcome's mean, and the share of municipalities in the regime."""
        import pandas as pd

        V, S, R = self.within.shape
        v, s, r = (at.ravel() for at in np.meshgrid(np.arange(V), np.arange(S), np.arange(R), indexing="ij"))
        return pd.DataFrame({
            "value": self.values[v], "start": np.array(list(self.starts))[s], "run": r, "seed": self.seed + r,
            str(self.outcome): self.ends.mean(axis=3).ravel(), f"share_{self.regime}": self.within.ravel()})

    @property
    def equilibria_frame(self) -> pd.DataFrame:
        """One row an equilibrium of the mean field: value, its eight stocks, stable, regime."""
        import pandas as pd

        rows = [(value, *point.state, point.stable, REGIMES[point.regime])
                for value, points in zip(self.values, self.equilibria, strict=True) for point in points]
        return pd.DataFrame(rows, columns=["value", *STOCKS, "stable", "regime"])


def tipping(along: str | Axis = "k=0.2:2", starts: Iterable[Any] = scenarios.STARTS, outcome: str | Outcome = "G",
            regime: str = "lets_dance", points: int = 13, runs: int = 10, quarters: int = 200, seed: int = 1,
            progress: Callable[[int], None] | None = None, **changes: Any) -> Tipping:
    """Where runs end for each value along an axis, from several starts, beside the mean field's equilibria.

    outcome: a stock of the mean field (C, G, S, T, R, L, K, A), read in every municipality at the end, or any outcome of
    `experiments.outcomes`, read of the society. regime: whose share of municipalities is watched; it tips where that
    share crosses one half. changes: as in `simulate`. progress: called with 1 for each of points x (starts + 1) steps.
    Raises `Refused` for bad input.
    """
    axis, measured = parse_axis(along), parse(outcome)
    if regime not in REGIMES:
        raise Refused(f"there is no regime {regime!r}.{nearest(str(regime), REGIMES)} Known: {', '.join(REGIMES)}.")
    stories: dict[str, Scenario] = {}
    for given in [starts] if isinstance(starts, str) else starts:
        story = scenarios.load(given).changed(quarters=quarters, **changes)
        if axis.name in story.parameters and "parameters" in changes and axis.name in (changes["parameters"] or {}):
            raise Refused(f"{axis.name} is what is moved, so it cannot be set as well; take it out.")
        stories[story.name] = story
    if not stories:
        raise Refused("name at least one start, such as lone_ranger.")
    values = axis.values(points)
    told = [[axis.put(story, value) for story in stories.values()] for value in values]

    step = progress or (lambda _: None)
    ends, within = [], []
    for row in told:
        for story in row:
            one, share = _ends(story, measured, REGIMES.index(regime), runs, seed)
            ends.append(one)
            within.append(share)
            step(1)
    # What is in force at the end is all that an equilibrium depends on, so any start will do.
    def in_force(value: float) -> Any:
        return environment.build(axis.put(next(iter(stories.values())), value))[-1]

    equilibria = []
    for value in values:
        equilibria.append(meanfield.fixed_points(in_force(value)))
        step(1)
    shape = (len(values), len(stories), runs)
    shares = np.array(within).reshape(shape)
    tips = {name: crossings(values, shares[:, s], seed) for s, name in enumerate(stories)}
    return Tipping(axis, values, {name: story.title or name for name, story in stories.items()}, measured, regime,
                   np.array(ends).reshape(*shape, -1), shares, equilibria, _folds(values, equilibria, in_force), tips,
                   quarters, seed)


def _ends(story: Scenario, outcome: Outcome, regime: int, runs: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(the outcome [R, M or 1], the share in the regime [R]) at the end."""
    if outcome.name not in STOCKS or outcome.first is not None:
        result = simulate(story, runs=runs, seed=seed)
        return outcome.of(result)[:, None], (result.regime[:, -1] == regime).mean(axis=1)
    places, schedule = _places(story), environment.build(story)
    simulate(story, runs=runs, quarters=8, seed=seed)  # compiles, and refuses a wrong number of runs or seed
    with ThreadPoolExecutor(cores()) as pool:
        states = list(pool.map(lambda one: governments_at_the_end(places, schedule, one), range(seed, seed + runs)))
    return (np.array([state[STOCKS[outcome.name]] for state in states], np.float64),
            np.array([(state["regime"] == regime).mean() for state in states]))


def governments_at_the_end(places: Municipalities, schedule: np.ndarray, seed: int) -> np.ndarray:
    """GOVERNMENT[M]: every column of every government after the last quarter of one run, at the speed of a whole run."""
    Q, M = len(schedule), len(places)
    state = empty_state(places.citizens, schedule[0])
    with interpreted_arithmetic():
        engine.run_many(state, places.given, schedule, np.array([seed], np.uint64), np.zeros((1, Q), ROW),
                        np.zeros((1, Q, M), np.uint8), np.zeros((1, Q, M), np.float32), np.zeros((1, Q, M), np.uint8),
                        np.zeros((1, M), np.uint8))
    return state.governments


def _places(story: Scenario) -> Municipalities:
    values = story.values()
    return synthetic(int(values["municipalities"]), int(values["citizens"]))


def _crosses(values: np.ndarray, share: np.ndarray) -> list[tuple[float, bool]]:
    """(value, upwards) of every crossing of one half, linear between the values."""
    above = share >= 0.5
    at = np.flatnonzero(above[1:] != above[:-1])
    return [(float(values[i] + (0.5 - share[i]) / (share[i + 1] - share[i]) * (values[i + 1] - values[i])),
             bool(above[i + 1])) for i in at]


def crossings(values: np.ndarray, shares: np.ndarray, seed: int = 1) -> list[Tip]:
    """Where the mean of shares [V, R] over runs crosses one half along values [V], with bootstrap intervals over runs.

    In each draw a crossing is the nearest one in the same direction; linear between two values, so an interval
    that is narrower than a step of the grid leans on that line.
    """
    found = _crosses(values, shares.mean(axis=1))
    drawn = [_crosses(values, shares[:, taken].mean(axis=1)) for taken in redrawn(shares.shape[1], seed)]
    tips = []
    for at, rises in found:
        near = [min(same, key=lambda value: abs(value - at))
                for draw in drawn if (same := [value for value, up in draw if up == rises])]
        seen = len(near) / len(drawn) if drawn else np.nan
        tips.append(Tip(Estimate.of(at, np.array(near)), rises, seen))
    return tips


def _folds(values: np.ndarray, equilibria: Sequence[list[FixedPoint]], in_force: Callable[[float], Any]) -> list[Fold]:
    """Between neighbouring values with another number of stable equilibria: halved until the fold is known well."""
    folds = []
    for low, high, before, after in zip(values, values[1:], equilibria, equilibria[1:]):
        if _stable(before) == _stable(after):
            continue
        width = abs(high - low) * _FOLD
        while abs(high - low) > width:
            middle = (low + high) / 2
            points = meanfield.fixed_points(in_force(middle))
            if _stable(points) == _stable(before):
                low, before = middle, points
            else:
                high, after = middle, points
        more, fewer = (before, after) if _stable(before) > _stable(after) else (after, before)
        rest = [point.state for point in fewer if point.stable]
        gone = max((point for point in more if point.stable),
                   key=lambda point: min((np.abs(point.state - other).max() for other in rest), default=np.inf))
        folds.append(Fold(float((low + high) / 2), float(gone.state[0]), float(gone.state[1]), REGIMES[gone.regime]))
    return folds


def _stable(points: Sequence[FixedPoint]) -> int:
    return sum(point.stable for point in points)


# ---------------------------------------------------------------- a parameter moved within a run

def moved(story: Scenario, name: str, knots: Sequence[tuple[int, float]]) -> np.ndarray:
    """The parameters in force, `name` moved in straight lines through (quarter, value); a record array [last + 1].

    Raises `Refused` where the parameter cannot be moved within a run: it shapes the room that a run has, or a lever,
    shock or trend of the scenario moves it already.
    """
    parameter = PARAMETERS[name]
    quarters, path = zip(*knots, strict=True)
    schedule = environment.build(story, int(quarters[-1]))
    if np.ptp(schedule[name]) > 0:
        raise Refused(f"{name} ({parameter.title}) is moved by the scenario's own levers or shocks already; "
                      f"take them out, or move another parameter.")
    values = np.interp(np.arange(len(schedule)), quarters, path)
    schedule[name] = np.round(values) if parameter.whole else values
    ends = schedule[[int(np.argmin(schedule[name])), int(np.argmax(schedule[name]))]]
    rooms = [[column.shape for column in empty_state(_places(story).citizens, p)] for p in ends]
    if rooms[0] != rooms[1] or name in ("municipalities", "citizens", "k_c", "k_g"):
        raise Refused(f"{name} ({parameter.title}) shapes the room that a run has, so it cannot move within one; "
                      f"`letsdance map tipping` runs each value apart.")
    return schedule


def moving_axis(along: str | Axis) -> Axis:
    """An axis that can move within a run: a parameter. Refused for a lever, with the parameters that it moves."""
    axis = parse_axis(along)
    if axis.lever:
        names = dict.fromkeys(entry["parameter"] for entry in LEVERS[axis.lever.name]["effects"])
        raise Refused(f"a lever's strength cannot move within a run; {axis.lever.name} acts on {', '.join(names)}: "
                      f"move one of these.")
    return axis


def check_indicator(name: str) -> str:
    """A column of the society's table, or `Refused`."""
    if name not in SOCIETY:
        raise Refused(f"there is no indicator {name!r}.{nearest(str(name), SOCIETY)} See `letsdance show indicators`.")
    return name


def paths(story: Scenario, schedule: np.ndarray, seeds: np.ndarray, indicators: Sequence[str],
          progress: Callable[[int], None] | None = None) -> np.ndarray:
    """float64[len(indicators), R, quarters + 1]: the society's columns under a schedule. Refused where one is not
    measured in every quarter."""
    rows = _run(_places(story), schedule, np.asarray(seeds, np.uint64), cores(), progress)[0]
    found = np.stack([rows[name] for name in indicators])
    for name, values in zip(indicators, found, strict=True):
        if not np.isfinite(values).all():
            raise Refused(f"{name} is a share of nothing in some quarters, so it has no path; choose another outcome, "
                          f"such as C or G.")
    return found


#: The largest seed here: those of all runs that follow it are whole numbers of 64 bits too.
LAST_SEED = 2**62


def check_whole(name: str, value: object, low: int, high: int) -> int:
    """A whole number within a range, or `Refused`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not low <= value <= high:
        raise Refused(f"{name} must be a whole number from {low:,} to {high:,}, not {value!r}.")
    return int(value)


# ---------------------------------------------------------------- hysteresis

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
    story = scenarios.load(scenario).changed(**changes)
    seeds = np.arange(seed, seed + runs)
    values = np.linspace(axis.first, axis.last, 41)
    loops = [_loop(story, axis, name, seeds, values, way, settle, seed, progress) for way in (quarters // 2, quarters)]
    slow = loops[-1]
    gaps = np.abs((slow.back - slow.there).mean(axis=0))
    at = int(np.argmax(gaps[:-1]))  # at the last value both ways are one
    there, back = (_held(story, axis, name, seeds, knots, wait, progress) for knots in _stops(axis, values[at], quarters,
                                                                                               settle))
    return Hysteresis(axis, values, name, story.title or story.name, loops, float(values[at]), back - there,
                      _at_rest(story, axis, name, values), seed, settle)


def _knots(axis: Axis, way: int, settle: int) -> list[tuple[int, float]]:
    return [(0, axis.first), (settle, axis.first), (settle + way, axis.last), (settle + 2 * way, axis.first),
            (2 * settle + 2 * way, axis.first)]


def _loop(story: Scenario, axis: Axis, name: str, seeds: np.ndarray, values: np.ndarray, way: int, settle: int,
          seed: int, progress: Callable[[int], None] | None) -> Loop:
    schedule = moved(story, axis.name, _knots(axis, way, settle))
    found, = paths(story, schedule, seeds, [name], progress)
    still = schedule.copy()
    still[axis.name] = axis.first
    if np.array_equal(found[:1], paths(story, still, seeds[:1], [name])[0]):
        raise Refused(f"{axis.name} ({PARAMETERS[axis.name].title}) moves nothing within a run: it acts at the start only, "
                      f"or {name} does not answer to it; `letsdance map tipping` runs each value apart.")
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


def _held(story: Scenario, axis: Axis, name: str, seeds: np.ndarray, knots: list[tuple[int, float]], wait: int,
          progress: Callable[[int], None] | None) -> np.ndarray:
    """float64[R, wait + 1]: the outcome from the quarter in which the parameter stops."""
    stop = knots[-1][0]
    schedule = moved(story, axis.name, [*knots, (stop + wait, knots[-1][1])])
    return paths(story, schedule, seeds, [name], progress)[0][:, stop:]


def _at_rest(story: Scenario, axis: Axis, name: str, values: np.ndarray, rest: int = 400) -> np.ndarray:
    """float64[2, N]: the mean field at rest along the values, there and back; not numbers for what it does not have."""
    found = np.full((2, len(values)), np.nan)
    if name not in STOCKS:
        return found
    p = environment.build(story)[0]
    given = story.values()
    state = meanfield.start(given["C0"], given["G0"], p)
    for way, order in enumerate((range(len(values)), reversed(range(len(values))))):
        for i in order:
            p[axis.name] = values[i]
            for _ in range(rest):
                state = meanfield.step(state, p)
            found[way, i] = state[list(STOCKS).index(name)]
    return found
