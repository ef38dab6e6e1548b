"""The environment as data: which parameters are in force in which quarter, given levers, shocks and trends.

Levers and shocks act on parameters only, so a run's whole environment is a table of one parameter record a
quarter, made before the run and shared by all runs of a scenario. Whoever wonders what a lever did can read it.

Where one acts in some municipalities only (`scenarios.places`), there is a table for every set of levers and shocks that
some municipality has (`Local`), and each municipality lives under its own; the shared table is then their mean over
municipalities, so that points are in proportion. Where one acts for a group of citizens (`scenarios.groups`), there is a
table for every set that some citizen has, too: citizens then live each under their own in all that they are asked one by
one (`Parameter.each_citizen`), their government under what acts for everybody; the mean is over citizens of a municipality
first.

Where a mechanism adds a second tier of government (`Scenario.per_region`), a region lives under the levers that are for it,
and, like everybody, under the shocks that act everywhere; levers that act everywhere are the municipalities'.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance.params import PARAMETERS, Refused, record_dtype
from letsdance.scenarios import LEVERS, Scenario, Use, groups, places
from letsdance.scenarios.mechanism import Mechanism, read_by
from letsdance.simulation import municipalities
from letsdance.simulation.municipalities import Municipalities

if TYPE_CHECKING:
    from letsdance.simulation.state import State


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
    if not any(use.reach for use in _uses(scenario)) and not (scenario.levers and scenario.per_region):
        return _everywhere(scenario, quarters)
    _refuse_readers(scenario)
    local = Local(scenario, quarters, municipalities.of(scenario) if among is None else among)
    made = local.of(0).mean
    made.local = local
    return made


def share(use: Use, scenario: Scenario, among: Municipalities | None = None) -> float:
    """The part of citizens that a lever or shock reaches, 0 to 1, as the mean over municipalities: its part of the points.
    A region counts as one municipality, because it is one government. Raises `Refused`."""
    if not use.reach:
        return 1.0
    known = _Towns(municipalities.of(scenario) if among is None else among, scenario, 0)
    there = places.chosen(use.where, known)
    if places.regional(use.where):
        return _part_of_regions(there, known)
    return float((there * _reached(use, known.citizens)).mean())


def _part_of_regions(there: np.ndarray, among: _Towns) -> float:
    """How many regions these municipalities (bool[M]) are, for each municipality that there is."""
    return len(np.unique(among.by("region")[there])) / len(there)


def for_whom(scenario: Scenario) -> str:
    """A lever or shock of a scenario that is for a group of citizens, as it is typed; '' where none is."""
    return next((str(use) for use in _uses(scenario) if use.whom), "")


def refuse_groups(scenario: Scenario) -> None:
    """`Refused` where the mean field is asked about a group: its one average citizen belongs to none."""
    if use := for_whom(scenario):
        raise Refused("the mean field has one average citizen in each municipality, who belongs to no group, so {use} "
                      "cannot act there; take its group out.", use=use)


def _uses(scenario: Scenario) -> tuple[Use, ...]:
    return (*scenario.levers, *scenario.shocks)


def _reached(use: Use, citizens: np.ndarray) -> np.ndarray:
    """The part of each municipality's citizens that a use is for; `Refused` where that is nobody anywhere."""
    count = groups.counted(use.whom, citizens)
    if not count.any():
        raise Refused("{whom} is nobody in municipalities of {most} citizens or fewer; name a larger share, or raise "
                      "citizens.", whom=use.whom, most=int(citizens.max()))
    return count / citizens


@dataclass(frozen=True)
class Lived:
    """Who lives under which parameters in one run: `tables`, G schedules; `group` int64[M], whose each municipality's is;
    `mean`, the mean of the tables over municipalities. `people` uint16[N]: whose each citizen's is; None: all their
    municipality's. `regions` uint16[M]: the same of each municipality's region."""

    tables: tuple[Schedule, ...]
    group: np.ndarray
    mean: Schedule
    people: np.ndarray | None = None
    regions: np.ndarray | None = None

    @property
    def blocks(self) -> list[tuple[int, int, int]]:
        """Runs of neighbouring rows of one group: (from, to, group)."""
        cuts = [0, *(np.flatnonzero(np.diff(self.group)) + 1).tolist(), len(self.group)]
        return [(lo, hi, int(self.group[lo])) for lo, hi in pairwise(cuts)]


@dataclass(frozen=True)
class Local:
    """A scenario that acts in some municipalities or for some citizens only, and the municipalities that it meets."""

    scenario: Scenario
    quarters: int | None
    among: Municipalities
    #: Tables and means that were made: runs differ in who is meant, seldom in what acts together.
    _made: dict[tuple[bytes, ...], Schedule] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def drawn(self) -> bool:
        """Whether which municipalities or citizens are meant differs from run to run."""
        return any(use.whom or places.drawn(use.where) for use in _uses(self.scenario))

    def of(self, seed: int) -> Lived:
        """Who lives under which parameters in the run of this seed."""
        one = self.scenario
        towns = _Towns(self.among, one, seed, self._without)
        masks = {kind: [places.chosen(use.where, towns) for use in uses]
                 for kind, uses in (("lever", one.levers), ("shock", one.shocks))}
        for kind, uses in (("lever", one.levers), ("shock", one.shocks)):
            _refuse_overlap(kind, uses, masks[kind], self.among.names)
        acts = np.array([*masks["lever"], *masks["shock"]]).T  # [M, uses]
        lived = self._of_municipalities(towns, acts & np.array([not places.regional(use.where) for use in _uses(one)]))
        return self._with_regions(lived, towns, acts) if one.per_region else lived

    def _of_municipalities(self, towns: _Towns, acts: np.ndarray) -> Lived:
        """The same where these levers and shocks act in municipalities, bool[M, uses]."""
        M, whom = len(self.among), [use.whom for use in _uses(self.scenario)]
        sets, group = np.unique(acts & np.array([not one for one in whom]), axis=0, return_inverse=True)
        group = np.asarray(group, np.int64).reshape(M)
        tables = [self._under(mine) for mine in sets]
        if not any(whom):
            return Lived(tuple(tables), group, self._mean((sets.tobytes(),), tables, np.bincount(group) / M))
        return self._of_groups(towns, acts, whom, tables, group, sets.tobytes())

    def _with_regions(self, lived: Lived, towns: _Towns, acts: np.ndarray) -> Lived:
        """With what acts in regions: what is for them, and the shocks that act everywhere."""
        uses = _uses(self.scenario)
        there = [places.regional(use.where) for use in uses]
        common = [k >= len(self.scenario.levers) and not use.reach for k, use in enumerate(uses)]
        sets, of_region = np.unique(acts & (np.array(there) | common), axis=0, return_inverse=True)
        tables, at = _placed([self._under(mine) for mine in sets], list(lived.tables))
        mean = lived.mean.copy()
        for k, use in enumerate(self.scenario.levers):
            if there[k]:
                part = _part_of_regions(acts[:, k], towns)
                mean["points"] += [part * cost(use, quarter) for quarter in range(len(mean))]
        return replace(lived, tables=tuple(tables), mean=mean,
                       regions=np.array(at, np.uint16)[np.asarray(of_region).reshape(-1)])

    @cached_property
    def _without(self) -> Schedule:
        """The parameters under which every run begins."""
        return _everywhere(self.scenario.without_policy(), 8)

    def _under(self, mine: np.ndarray) -> Schedule:
        """The parameters in force for whom these of the levers and shocks act, bool[uses]."""
        one, key = self.scenario, (mine.tobytes(),)
        if key not in self._made:
            levers, shocks = mine[:len(one.levers)], mine[len(one.levers):]
            self._made[key] = _everywhere(replace(
                one, levers=tuple(use for use, here in zip(one.levers, levers, strict=True) if here),
                shocks=tuple(use for use, here in zip(one.shocks, shocks, strict=True) if here)), self.quarters)
        return self._made[key]

    def _mean(self, acting: tuple[bytes, ...], tables: list[Schedule], weight: np.ndarray,
              of_all: np.ndarray | None = None) -> Schedule:
        """`_mean` of the tables of what acts together (`acting`); a copy, because a schedule may be told whose it is."""
        key = (*acting, weight.tobytes(), b"" if of_all is None else of_all.tobytes())
        if key not in self._made:
            self._made[key] = _mean(tables, weight, of_all)
        return self._made[key].copy()

    def _of_groups(self, towns: _Towns, acts: np.ndarray, whom: list[str], tables: list[Schedule],
                   group: np.ndarray, for_all: bytes) -> Lived:
        """The same where something acts for a group of citizens. for_all: what acts together for everybody."""
        for use, here in zip(_uses(self.scenario), acts.T, strict=True):
            _reached(use, self.among.citizens[here])
        names = sorted(set(whom))
        member = np.array([groups.chosen(name, towns) for name in names])  # [groups, N]
        n = self.among.citizens
        home = np.repeat(np.arange(len(n)), n)
        code = home * 2**len(names) + (2**np.arange(len(names)) @ member)  # a municipality and what one belongs to there
        kinds, mine = np.unique(code, return_inverse=True)
        town, bits = kinds // 2**len(names), kinds % 2**len(names)
        belongs = bits[:, None] >> np.array([names.index(one) for one in whom]) & 1
        sets, of_kind = np.unique(acts[town] & (belongs == 1), axis=0, return_inverse=True)
        tables, at = _placed([self._under(acting) for acting in sets], tables)
        people = np.array(at, np.uint16)[np.asarray(of_kind).reshape(-1)][np.asarray(mine).reshape(-1)]
        weight = np.bincount(people, 1.0 / (len(n) * n[home]), len(tables))
        lived = np.flatnonzero(weight)
        of_all = np.bincount(people, minlength=len(tables)) / len(people)
        return Lived(tuple(tables), group, self._mean(
            (for_all, sets.tobytes(), lived.tobytes()), [tables[k] for k in lived], weight[lived], of_all[lived]), people)


def _placed(more: list[Schedule], tables: list[Schedule]) -> tuple[list[Schedule], list[int]]:
    """Tables and more of them, and where these stand: what comes to the same parameters is one life, however it came
    about."""
    tables, at = list(tables), []
    place: dict[bytes, int] = {}
    for k, table in enumerate(tables):
        place.setdefault(table.tobytes(), k)
    for table in more:
        if table.tobytes() not in place:
            place[table.tobytes()] = len(tables)
            tables.append(table)
        at.append(place[table.tobytes()])
    return tables, at


def _mean(tables: list[Schedule], weight: np.ndarray, of_all: np.ndarray | None = None) -> Schedule:
    """The mean of tables; what is the same in all stays the same to the last bit. of_all: weights by all citizens, for what
    citizens are asked one by one."""
    mean = tables[0].copy()
    for name in mean.dtype.names or ():
        columns = np.stack([np.asarray(table[name]) for table in tables])
        by = weight if of_all is None or not PARAMETERS[name].each_citizen else of_all
        mean[name] = np.where((columns == columns[0]).all(axis=0), columns[0], by @ columns)
    return mean


def _refuse_overlap(kind: str, uses: tuple[Use, ...], masks: list[np.ndarray], names: tuple[str, ...]) -> None:
    """Refuse the same lever twice at a time in one municipality, for citizens who may be the same."""
    for k, use in enumerate(uses):
        for j, other in enumerate(uses[:k]):
            both = masks[k] & masks[j]
            if use.name == other.name and both.any() and groups.meet(use.whom, other.whom) and (
                    places.regional(use.where) == places.regional(other.where)) and (
                    use.active(other.start) or other.active(use.start)):
                raise Refused("{kind} {name} is used twice at the same time in {town} ({other} and {use}); let their "
                              "places or groups not overlap.", kind=kind, name=use.name, town=names[int(np.argmax(both))],
                              other=other, use=use)


def _refuse_readers(scenario: Scenario) -> None:
    """Refuse a mechanism whose own rules read what is not the same for all citizens: they are given the municipality's."""
    changed = {str(entry["parameter"]) for kind, uses in (("lever", scenario.levers), ("shock", scenario.shocks))
               for use in uses if use.whom for entry in scenario.declared(kind, use.name)["effects"]}
    for one in scenario.mechanisms:
        for label, rule in one.rules:
            if label not in one.replaced and (read := sorted(changed & set(read_by(rule)))):
                raise Refused("{owner}: the rule {label} reads {parameter}, which is not the same for all citizens where "
                              "{use} acts; take the group out, or the mechanism.", owner=one.called, label=label,
                              parameter=read[0], use=for_whom(scenario))


class _Towns:
    """What `places.chosen` and `groups.chosen` ask: what stands when the run of a seed begins."""

    def __init__(self, among: Municipalities, scenario: Scenario, seed: int, schedule: Schedule | None = None) -> None:
        self.names, self.citizens = among.names, among.citizens
        self._among, self._seed, self._per_region = among, np.uint64(seed), scenario.per_region
        self._schedule = _everywhere(scenario.without_policy(), 8) if schedule is None else schedule

    def by(self, what: str) -> np.ndarray:
        """A number of each municipality: its "peers", its "category" of adopters, its "region", its "luck"."""
        from letsdance.simulation.luck import Stream, address, uniform

        if what == "region":
            return np.arange(len(self.names)) // self._per_region
        if what == "luck":
            with np.errstate(over="ignore"):
                key = np.uint64(address(self._seed, np.uint64(Stream.PLACES), np.int64(0), np.int64(0)))
                return np.array([uniform(key, np.int64(m)) for m in range(len(self.names))])
        state = self._begun(0)
        if what == "category":
            return np.asarray(state.governments["category"])
        return np.diff(state.peer_ties.astype(np.int64)).astype(np.float64)

    def of(self, what: str) -> np.ndarray:
        """A number of each citizen: its "resources", "trust", "willingness", number of "neighbours", its "luck"."""
        from letsdance.simulation.luck import Stream, address, uniform

        if what == "luck":
            with np.errstate(over="ignore"):
                keys = [np.uint64(address(self._seed, np.uint64(Stream.GROUPS), np.int64(0), np.int64(m)))
                        for m in range(len(self.names))]
                return np.array([uniform(key, np.int64(i)) for key, n in zip(keys, self.citizens, strict=True)
                                 for i in range(int(n))])
        state = self._citizens
        if what == "neighbours":
            return np.diff(state.ties.astype(np.int64)).astype(np.float64)
        return np.asarray(state.willingness[0] if what == "willingness" else getattr(state, what))

    @cached_property
    def _citizens(self) -> State:
        return self._begun(len(self.names))

    def _begun(self, with_citizens: int) -> State:
        """The state in which the run begins, with the citizens of so many municipalities."""
        from letsdance.simulation import driver
        from letsdance.simulation.state import empty_state

        p, given, engine = self._schedule.shipped[0], self._among.start, driver.of_schedule(self._schedule).engine
        state = empty_state(self.citizens, p, given=given)
        with np.errstate(all="ignore"):
            engine.start_governments(state, given, p, self._seed)
            if with_citizens:
                engine.start_citizens(state, given, p, self._seed, np.int64(0), np.int64(with_citizens))
        return state


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
