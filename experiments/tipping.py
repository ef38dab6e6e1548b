"""What tips a society: ends of runs along a parameter or a lever, beside the mean field's equilibria."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance import scenarios
from letsdance.experiments.axis import Axis, parse_axis
from letsdance.experiments.estimates import LEVEL, Estimate, redrawn
from letsdance.experiments.outcomes import Outcome, parse
from letsdance.params import Refused, nearest
from letsdance.scenarios import Scenario
from letsdance.simulation import meanfield, municipalities
from letsdance.simulation import schedule as environment
from letsdance.simulation.meanfield import FixedPoint
from letsdance.simulation.municipalities import Municipalities
from letsdance.simulation.rules.regimes import REGIMES
from letsdance.simulation.run import simulate, state_after
from letsdance.simulation.society import cores

if TYPE_CHECKING:
    import pandas as pd

#: The stocks of the mean field, and the column of a government that each is in the agents.
STOCKS = {"C": "citizens_willingness", "G": "willingness", "S": "social_capital", "T": "citizens_trust",
          "R": "reputation", "L": "risk_culture", "K": "capacity", "A": "top_support"}
_FOLD = 1 / 64  # a fold is looked for until it is known to this share of a step of the grid


@dataclass(frozen=True, slots=True)
class Tip:
    """Where the share of municipalities in the regime crosses one half: at which value, upwards or downwards along the
    axis, and in which share of bootstrap draws of the runs it does at all.

    Where too many draws do not cross within the axis, the crossing has no interval: it would be one of the axis, not of the
    runs. edge: whether it then lies in the first or last step of the axis, so that it may lie beyond.
    """

    at: Estimate
    rises: bool
    seen: float
    edge: bool = False


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
        raise Refused("there is no regime {regime!r}.{near} Known: {known}.", regime=regime,
                      near=nearest(str(regime), REGIMES), known=", ".join(REGIMES))
    several: dict[str, Scenario] = {}
    for given in [starts] if isinstance(starts, str) else starts:
        scenario = scenarios.load(given).changed(quarters=quarters, **changes)
        if axis.name in scenario.parameters and "parameters" in changes and axis.name in (changes["parameters"] or {}):
            raise Refused("{name} is what is moved, so it cannot be set as well; take it out.", name=axis.name)
        several[scenario.name] = scenario
    if not several:
        raise Refused("name at least one start, such as lone_ranger.")
    for scenario in several.values():
        environment.refuse_groups(scenario)
    values = axis.values(points)
    told = [[axis.put(scenario, value) for scenario in several.values()] for value in values]

    step = progress or (lambda _: None)
    ends, within = [], []
    for row in told:
        for scenario in row:
            one, share = _ends(scenario, measured, REGIMES.index(regime), runs, seed)
            ends.append(one)
            within.append(share)
            step(1)
    # What is in force at the end is all that an equilibrium depends on, so any start will do.
    def in_force(value: float) -> Any:
        return environment.build(axis.put(next(iter(several.values())), value))[-1]

    equilibria = []
    for value in values:
        equilibria.append(meanfield.fixed_points(in_force(value)))
        step(1)
    shape = (len(values), len(several), runs)
    shares = np.array(within).reshape(shape)
    tips = {name: crossings(values, shares[:, s], seed) for s, name in enumerate(several)}
    return Tipping(axis, values, {name: scenario.title or name for name, scenario in several.items()}, measured, regime,
                   np.array(ends).reshape(*shape, -1), shares, equilibria, _folds(values, equilibria, in_force), tips,
                   quarters, seed)


def _ends(scenario: Scenario, outcome: Outcome, regime: int, runs: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(the outcome [R, M or 1], the share in the regime [R]) at the end."""
    if outcome.name not in STOCKS or outcome.first is not None:
        result = simulate(scenario, runs=runs, seed=seed)
        return outcome.of(result)[:, None], (result.regime[:, -1] == regime).mean(axis=1)
    places, schedule = municipalities.of(scenario), environment.build(scenario)
    simulate(scenario, runs=runs, quarters=8, seed=seed)  # compiles, and refuses a wrong number of runs or seed
    with ThreadPoolExecutor(cores()) as pool:
        states = list(pool.map(lambda one: governments_at_the_end(places, schedule, one), range(seed, seed + runs)))
    return (np.array([state[STOCKS[outcome.name]] for state in states], np.float64),
            np.array([(state["regime"] == regime).mean() for state in states]))


def governments_at_the_end(places: Municipalities, schedule: np.ndarray, seed: int) -> np.ndarray:
    """GOVERNMENT[M]: every column of every government after the last quarter of one run, at the speed of a whole run."""
    return state_after(places, schedule, seed).governments


def _crosses(values: np.ndarray, share: np.ndarray) -> list[tuple[float, bool, int]]:
    """(value, upwards, after which value) of every crossing of one half, linear between the values."""
    above = share >= 0.5
    at = np.flatnonzero(above[1:] != above[:-1])
    return [(float(values[i] + (0.5 - share[i]) / (share[i + 1] - share[i]) * (values[i + 1] - values[i])),
             bool(above[i + 1]), int(i)) for i in at]


def crossings(values: np.ndarray, shares: np.ndarray, seed: int = 1) -> list[Tip]:
    """Where the mean of shares [V, R] over runs crosses one half along values [V], with bootstrap intervals over runs.

    In each draw a crossing is the nearest one in the same direction; linear between two values, so an interval
    that is narrower than a step of the grid leans on that line.
    """
    found = _crosses(values, shares.mean(axis=1))
    drawn = [_crosses(values, shares[:, taken].mean(axis=1)) for taken in redrawn(shares.shape[1], seed)]
    tips = []
    for at, rises, step in found:
        near = [min(same, key=lambda value: abs(value - at))
                for draw in drawn if (same := [value for value, up, _ in draw if up == rises])]
        seen = len(near) / len(drawn) if drawn else np.nan
        untold = seen < LEVEL
        tips.append(Tip(Estimate.of(at, np.array([] if untold else near)), rises, seen,
                        untold and step in (0, len(values) - 2)))
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
