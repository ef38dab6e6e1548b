"""The environment as data: which parameters are in force in which quarter, given levers, shocks and trends.

Levers and shocks act on parameters only, so a run's whole environment is a table of one parameter record a
quarter, made before the run and shared by all runs of a scenario. Whoever wonders what a lever did can read it.

Where one acts in some municipalities only (`scenarios.places`), there is a table for every set of levers and shocks that
some municipality has (`Local`), and each municipality lives under its own; the shared table is then their mean over
municipalities, so that points are in proportion.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from letsdance.params import Refused, record_dtype
from letsdance.scenarios import LEVERS, Scenario, Use, places
from letsdance.scenarios.mechanism import Mechanism
from letsdance.simulation import municipalities
from letsdance.simulation.municipalities import Municipalities


class Schedule(np.ndarray):
    """The parameters in force, a record a quarter, and whose they are: the house's, and those of `mechanisms`."""

    mechanisms: tuple[Mechanism, ...]
    #: Who lives under which parameters, where something acts in some municipalities only.
    local: Local | None

    def __array_finalize__(self, made_from: Any) -> None:
        self.mechanisms = getattr(made_from, "mechanisms", ())
        self.local = getattr(made_from, "local", None)

    @property
    def spent(self) -> float:
        """Points that levers cost over the whole run."""
        return float(self["points"].sum())

    @property
    def shipped(self) -> np.ndarray:
        """The house's own parameters, as the engine takes them: record_dtype()[Q+1]."""
        plain = np.asarray(self)
        if plain.dtype == record_dtype():
            return plain
        first = np.ndarray(plain.shape, record_dtype(), plain, 0, plain.strides)  # they come first in the record
        return np.ascontiguousarray(first)

    @property
    def own(self) -> np.ndarray:
        """The mechanisms' parameters, in the order of declaration: float64[Q+1, k]."""
        names = [name for one in self.mechanisms for name in one.parameters]
        columns = [np.asarray(self[name]) for name in names]
        return np.stack(columns, axis=1) if columns else np.zeros((len(self), 0))


def as_schedule(table: np.ndarray) -> Schedule:
    """A table of the house's own parameters as a schedule without further mechanisms."""
    return table if isinstance(table, Schedule) else table.view(Schedule)


def saturated(strength: float, saturation: float) -> float:
    """(1 - e^(-l s)) / (1 - e^(-l)): what a lever's strength s comes to, 1 at 1; l = 0 is in proportion (S162 S180)."""
    return strength if saturation == 0.0 else math.expm1(-saturation * strength) / math.expm1(-saturation)


def effect(entry: dict[str, Any], use: Use, quarter: int, profile: str, values: dict[str, float],
           saturation: float = 0.0) -> tuple[float, float]:
    """(what is added, what is multiplied by) of one effect of a lever or shock in a quarter; (0, 1) where it sleeps.

    add * s and 1 + (multiply - 1) * s, s the strength: below a threshold nothing, above it as `saturated` says.
    """
    age = quarter - use.start
    if not use.active(quarter) or not entry.get("from", 0) <= age < entry.get("until", 10**9):
        return 0.0, 1.0
    if entry.get("profile", profile) != profile:
        return 0.0, 1.0
    threshold = entry.get("threshold", 0.0)
    s = saturated(max(0.0, (use.strength - threshold) / (1.0 - threshold)), saturation)
    if "times" in entry:
        s *= values[entry["times"]]
    if entry.get("each_quarter"):
        s *= age + 1
    return entry.get("add", 0.0) * s, 1.0 + (entry.get("multiply", 1.0) - 1.0) * s


def cost(use: Use, quarter: int) -> float:
    """Points that a lever costs in a quarter."""
    return LEVERS[use.name]["cost"] * use.strength if use.active(quarter) else 0.0


def build(scenario: Scenario, quarters: int | None = None, among: Municipalities | None = None) -> Schedule:
    """The parameters in force: a record array [quarters + 1], row t for quarter t, row 0 for the start.

    among: the municipalities, where they are not the scenario's own. Raises `Refused` for places that there are not.
    """
    if not any(use.where for use in (*scenario.levers, *scenario.shocks)):
        return _everywhere(scenario, quarters)
    local = Local(scenario, quarters, municipalities.of(scenario) if among is None else among)
    made = local.of(0).mean
    made.local = local
    return made


def share(use: Use, scenario: Scenario, among: Municipalities | None = None) -> float:
    """In which share of municipalities a lever or shock acts, 0 to 1: its part of the points. Raises `Refused`."""
    towns = municipalities.of(scenario) if among is None else among
    return float(places.chosen(use.where, _Towns(towns, scenario, 0)).mean()) if use.where else 1.0


@dataclass(frozen=True)
class Lived:
    """Who lives under which parameters in one run: `tables`, G schedules; `group` int64[M], whose each municipality's is;
    `mean`, the mean of the tables over municipalities."""

    tables: tuple[Schedule, ...]
    group: np.ndarray
    mean: Schedule

    @property
    def blocks(self) -> list[tuple[int, int, int]]:
        """Runs of neighbouring rows of one group: (from, to, group)."""
        cuts = [0, *(np.flatnonzero(np.diff(self.group)) + 1).tolist(), len(self.group)]
        return [(lo, hi, int(self.group[lo])) for lo, hi in pairwise(cuts)]


@dataclass(frozen=True)
class Local:
    """A scenario that acts in some municipalities only, and the municipalities that it meets."""

    scenario: Scenario
    quarters: int | None
    among: Municipalities

    @property
    def drawn(self) -> bool:
        """Whether which municipalities are meant differs from run to run."""
        return any(places.drawn(use.where) for use in (*self.scenario.levers, *self.scenario.shocks))

    def of(self, seed: int) -> Lived:
        """Who lives under which parameters in the run of this seed."""
        one, M = self.scenario, len(self.among)
        towns = _Towns(self.among, one, seed)
        masks = {kind: [places.chosen(use.where, towns) for use in uses]
                 for kind, uses in (("lever", one.levers), ("shock", one.shocks))}
        for kind, uses in (("lever", one.levers), ("shock", one.shocks)):
            _refuse_overlap(kind, uses, masks[kind], self.among.names)
        both = np.array([*masks["lever"], *masks["shock"]])
        sets, group = np.unique(both.T, axis=0, return_inverse=True)
        tables = []
        for mine in sets:
            levers, shocks = mine[:len(one.levers)], mine[len(one.levers):]
            tables.append(_everywhere(replace(
                one, levers=tuple(use for use, acts in zip(one.levers, levers, strict=True) if acts),
                shocks=tuple(use for use, acts in zip(one.shocks, shocks, strict=True) if acts)), self.quarters))
        group = np.asarray(group, np.int64).reshape(M)
        return Lived(tuple(tables), group, _mean(tables, np.bincount(group) / M))


def _mean(tables: list[Schedule], weight: np.ndarray) -> Schedule:
    """The mean of tables; what is the same in all stays the same to the last bit."""
    mean = tables[0].copy()
    for name in mean.dtype.names or ():
        columns = np.stack([np.asarray(table[name]) for table in tables])
        mean[name] = np.where((columns == columns[0]).all(axis=0), columns[0], weight @ columns)
    return mean


def _refuse_overlap(kind: str, uses: tuple[Use, ...], masks: list[np.ndarray], names: tuple[str, ...]) -> None:
    """Refuse the same lever twice at a time in one municipality."""
    for k, use in enumerate(uses):
        for j, other in enumerate(uses[:k]):
            both = masks[k] & masks[j]
            if use.name == other.name and both.any() and (use.active(other.start) or other.active(use.start)):
                raise Refused("{kind} {name} is used twice at the same time in {town} ({other} and {use}); let their "
                              "places not overlap.", kind=kind, name=use.name, town=names[int(np.argmax(both))],
                              other=other, use=use)


class _Towns:
    """What `places.chosen` asks of municipalities: what stands when the run of a seed begins."""

    def __init__(self, among: Municipalities, scenario: Scenario, seed: int) -> None:
        self.names, self.citizens = among.names, among.citizens
        self._among, self._scenario, self._seed = among, scenario, seed

    def by(self, what: str) -> np.ndarray:
        """A number of each: its "peers", its "category" of adopters, its "luck"."""
        from letsdance.simulation import engine
        from letsdance.simulation.luck import Stream, address, uniform
        from letsdance.simulation.state import empty_state

        M, seed = len(self.names), np.uint64(self._seed)
        if what == "luck":
            with np.errstate(over="ignore"):
                key = np.uint64(address(seed, np.uint64(Stream.PLACES), np.int64(0), np.int64(0)))
                return np.array([uniform(key, np.int64(m)) for m in range(M)])
        p = _everywhere(self._scenario.without_policy(), 8).shipped[0]
        given = self._among.start
        state = empty_state(self.citizens, p, given=given)
        with np.errstate(all="ignore"):
            engine.start_governments(state, given, p, seed)
        if what == "category":
            return np.asarray(state.governments["category"])
        return np.diff(state.peer_ties.astype(np.int64)).astype(np.float64)


def _everywhere(scenario: Scenario, quarters: int | None = None) -> Schedule:
    """The parameters in force: a record array [quarters + 1], row t for quarter t, row 0 for the start.

    In a quarter a parameter is (value + sum of what is added) x product of what it is multiplied by, within its
    range. `points` is what the levers cost.
    """
    length = (scenario.quarters if quarters is None else quarters) + 1
    values = scenario.values()
    known = scenario.known
    dtype = np.dtype((np.record, [(name, np.float64) for name in known])) if scenario.mechanisms else record_dtype()
    schedule = np.zeros(length, dtype)
    for name, value in values.items():
        schedule[name] = value
    uses = [(scenario.declared(kind, use.name), use, values["saturation"] if kind == "lever" else 0.0)
            for kind, several in (("lever", scenario.levers), ("shock", scenario.shocks)) for use in several]
    for quarter in range(1, length):
        if uses:
            added: dict[str, float] = {}
            multiplied: dict[str, float] = {}
            for declared, use, bend in uses:
                for entry in declared["effects"]:
                    plus, times = effect(entry, use, quarter, scenario.profile, values, bend)
                    name = str(entry["parameter"])
                    added[name] = added.get(name, 0.0) + plus
                    multiplied[name] = multiplied.get(name, 1.0) * times
            for name, plus in added.items():
                low, high = known[name].range
                schedule[name][quarter] = min(max((values[name] + plus) * multiplied[name], low), high)
            schedule["points"][quarter] += sum(cost(u, quarter) for u in scenario.levers)
    made = as_schedule(schedule)
    made.mechanisms = scenario.mechanisms
    return made
