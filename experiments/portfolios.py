"""A portfolio of levers: which, when, how long, how strongly, where and for whom; what it costs, how it is told, which
there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, product
from typing import Any

import numpy as np

from letsdance.params import Refused, Said, check_whole, nearest
from letsdance.scenarios import LEVERS, Scenario, Use, for_groups, groups, parse_uses, places
from letsdance.simulation import municipalities, schedule
from letsdance.simulation.municipalities import MunicipalitiesLike
from letsdance.words import IN_ENGLISH, Text

#: Levers in use together, in the order of their names, each once.
Portfolio = tuple[Use, ...]
STARTS, DURATIONS, STRENGTHS, MOST = (1, 9), (20, None), (0.5, 1.0), 3
#: In what uses of a lever differ.
WAYS = ("start", "duration", "strength", "where", "whom")
#: Where levers may act unless it is said, and the words for every municipality, and every region, by itself.
EVERYWHERE, EACH_TOWN, EACH_REGION, EVERYBODY = ("everywhere",), "each town", "each region", ("everybody",)


@dataclass(frozen=True)
class Space:
    """Which portfolios there are: for each lever the ways to use it, and how many levers at most.

    parts: of each place and group in which levers may act (`Use.reach`), the share of citizens: their part of the points.
    """

    uses: Mapping[str, tuple[Use, ...]]
    most: int
    quarters: int
    parts: Mapping[str, float] = field(default_factory=lambda: {"": 1.0})

    def cost(self, portfolio: Portfolio) -> float:
        """Points of a portfolio over the horizon, in proportion to where and for whom its levers act."""
        return sum(self.parts[use.reach] * cost((use,), self.quarters) for use in portfolio)

    @property
    def size(self) -> int:
        """How many portfolios there are, doing nothing included."""
        ways = np.zeros(self.most + 1, dtype=object)  # ways[k]: portfolios of k of the levers seen so far
        ways[0] = 1
        for uses in self.uses.values():
            ways[1:] = ways[1:] + ways[:-1] * len(uses)
        return int(sum(ways))

    def portfolios(self) -> Iterator[Portfolio]:
        """All of them, the small ones first."""
        for count in range(self.most + 1):
            for names in combinations(sorted(self.uses), count):
                yield from product(*(self.uses[name] for name in names))

    def strongest(self, name: str) -> Use:
        """A lever's widest, then strongest, then longest, then earliest use."""
        return max(self.uses[name], key=lambda use: (
            self.parts[use.reach], use.strength, np.inf if use.duration is None else use.duration, -use.start))

    def neighbours(self, portfolio: Portfolio) -> Iterator[Portfolio]:
        """What is one step away: a lever dropped, used otherwise, added at its strongest, exchanged, or added."""
        unused = [name for name in sorted(self.uses) if all(use.name != name for use in portfolio)]
        rests = {use: tuple(other for other in portfolio if other != use) for use in portfolio}
        yield from rests.values()
        for use, rest in rests.items():
            for way in self.uses[use.name]:
                if sum(getattr(way, name) != getattr(use, name) for name in WAYS) == 1:
                    yield ordered((*rest, way))
        room = len(portfolio) < self.most
        yield from (ordered((*portfolio, self.strongest(name))) for name in unused if room)
        for use, rest in rests.items():
            yield from (ordered((*rest, replace(use, name=name))) for name in unused
                        if replace(use, name=name) in self.uses[name])
        yield from (ordered((*portfolio, way)) for name in unused if room for way in self.uses[name]
                    if way != self.strongest(name))


def space(scenario: Scenario, levers: Sequence[str] | None = None, starts: Sequence[int] = STARTS,
          durations: Sequence[int | None] = DURATIONS, strengths: Sequence[float] = STRENGTHS, most: int = MOST,
          where: Sequence[str] = EVERYWHERE, among: MunicipalitiesLike | None = None,
          whom: Sequence[str] = EVERYBODY) -> Space:
    """The portfolios to search. Refused where there is nothing to choose from.

    levers: names; all that act on this innovation and are not in the scenario already, if left out, but none that saves
    points (EFF): with savings nothing is bought unless they are named. starts: quarters.
    durations: in quarters, None to the end; those that outlast the horizon are the same as to the end. strengths:
    from 0 (without) to 1.5. most: how many levers together. where: places in which each may act, as behind "in" of a lever
    ("Ash, Birch", "the 5 most connected"), "everywhere", or "each town" and "each region", which are all of them one by
    one. among: the municipalities, where they are not the scenario's own. whom: groups of citizens for whom each may act,
    as behind "for" of a lever ("the poorest quarter"), or "everybody". A lever that cannot be for a group, or moves nothing
    in regions, acts for everybody, or elsewhere, only, and is left out where that is not among them.
    """
    check_whole(Said("most (levers used together)"), most, 1, 100)
    given = {use.name for use in scenario.levers}
    names = list(dict.fromkeys(_names(levers))) if levers is not None else [
        name for name, lever in scenario.uses("lever").items()
        if name not in given and lever["cost"] >= 0 and moves(scenario, name)]
    for name in names:
        if name in given:
            raise Refused("lever {name} is in the scenario already; leave it out of the levers to search, or take it out "
                          "of the scenario.", name=name)
    there = [where] if isinstance(where, str) else list(where)
    people = [groups.check(one) for one in ([whom] if isinstance(whom, str) else whom)]
    for what, values in (("lever", names), ("start", starts), ("duration", durations), ("strength", strengths),
                         ("place", there), ("group", people)):
        if not values:
            raise Refused("there is nothing to search over: give at least one {what}.", what=Said(what))
    wide = all(place == EVERYWHERE[0] for place in there)
    towns = None if wide and not any(people) else municipalities.of(scenario, among)
    if towns is not None:
        there = _one_by_one(there, towns.names, scenario.per_region)
    uses, parts = {}, {"": 1.0}
    for name in names:
        ways: dict[Use, None] = {}
        here, mine = _fit(scenario, name, there, people)
        if levers is not None:  # else it is refused, and why
            here, mine = here or there, mine or people
        for start, duration, strength, place, group in product(starts, durations, strengths, here, mine):
            town = "" if place == EVERYWHERE[0] else place
            use, = parse_uses("lever", [Use(name, start, duration, strength, town, group)])
            scenario.admits("lever", use)
            if use.reach not in parts:
                parts[use.reach] = schedule.share(use, scenario, towns)
            if use.start > scenario.quarters:
                raise Refused("start {start} is after the horizon of {quarters} quarters; leave it out or raise "
                              "quarters.", start=start, quarters=scenario.quarters)
            if use.strength == 0.0:
                raise Refused("strength 0 is no lever at all; search over strengths above 0 (doing without is "
                              "always tried).")
            if use.duration is not None and use.start + use.duration > scenario.quarters:
                use = replace(use, duration=None)
            ways[use] = None
        if ways:
            uses[name] = tuple(ways)
    if not uses:
        raise Refused("there is nothing to search over: give at least one {what}.", what=Said("lever"))
    return Space(uses, min(most, len(uses)), scenario.quarters, parts)


def _fit(scenario: Scenario, name: str, there: Sequence[str], people: Sequence[str]) -> tuple[list[str], list[str]]:
    """In which of these places, and for which of these groups, a lever can act."""
    lever = scenario.declared("lever", name)
    in_regions, for_some = scenario.for_regions(lever) or not scenario.per_region, for_groups(lever)
    return ([place for place in there if in_regions or not places.regional(place)],
            [group for group in people if for_some or not group])


def _one_by_one(where: Sequence[str], towns: Sequence[str], per_region: int) -> list[str]:
    """Places, in which every town, and every region by its first town, is told by itself where all of them are asked."""
    first = towns[::per_region or len(towns)]
    each = {EACH_TOWN: towns, EACH_REGION: [f"the region of {town}" for town in first]}
    return [one for place in where for one in each.get(place, [place])]


def _names(levers: Sequence[str]) -> Sequence[str]:
    for name in [levers] if isinstance(levers, str) else levers:
        if name not in LEVERS:
            raise Refused("there is no lever {name!r}.{near} See `letsdance show levers`.", name=name,
                          near=nearest(str(name), LEVERS))
    return [levers] if isinstance(levers, str) else levers


def moves(scenario: Scenario, name: str) -> bool:
    """Whether a lever changes any parameter of this scenario at all."""
    still = schedule.build(replace(scenario, levers=()))
    moved = schedule.build(replace(scenario, levers=(Use(name),)))
    return any(field != "points" and bool((still[field] != moved[field]).any()) for field in scenario.known)


def ordered(portfolio: Sequence[Use]) -> Portfolio:
    """The one way to write a portfolio."""
    return tuple(sorted(portfolio, key=lambda use: use.name))


def cost(portfolio: Portfolio, quarters: int) -> float:
    """Points over the horizon where levers act everywhere; below 0 where they save more than they cost."""
    return float(sum(schedule.cost(use, quarter) for use in portfolio for quarter in range(1, quarters + 1)))


def code(portfolio: Portfolio) -> str:
    """As it is typed: "CB@1*1 LEAD@9+20*0.5"; "nothing" for none."""
    return " ".join(map(str, portfolio)) or "nothing"


def words(portfolio: Portfolio, codes: bool = True, text: Text = IN_ENGLISH) -> str:
    """As it is told: titles of levers, with when and how strongly; levers that are used alike together.

    codes: whether the letters by which a lever is typed stand behind its title: good in a table, not in a sentence.
    """
    alike: dict[tuple[int, int | None, float, str, str], list[str]] = {}
    for use in portfolio:
        title = text.title("lever", use.name)
        how = (use.start, use.duration, use.strength, use.where, use.whom)
        alike.setdefault(how, []).append(f"{title} ({use.name})" if codes else title)
    told = []
    for (start, duration, strength, where, whom), titles in alike.items():
        when = text(f"report.uses_from{'' if start > 1 else '_start'}{'' if duration is None else '_for'}", start=start,
                    quarters=duration)
        strongly = "" if strength == 1.0 else text("report.uses_half" if strength == 0.5 else "report.uses_strength",
                                                   strength=text.typed(strength))
        reach = (text("report.uses_where", where=where) if where else "") + (
            text("report.uses_whom", whom=text.group(whom)) if whom else "")
        told.append(text("report.uses_said", levers=" + ".join(titles), when=when, strength=strongly, where=reach))
    between = text("report.semicolon") if codes else f" {text('number.and')} "
    return between.join(told) or text("report.uses_nothing")


# ---------------------------------------------------------------- fronts

def on_front(costs: Any, values: Any) -> np.ndarray:
    """bool[N]: which are dominated by none: no other costs no more and is worth as much, better in at least one."""
    costs, values = np.asarray(costs, np.float64), np.asarray(values, np.float64)
    front = np.zeros(len(costs), bool)
    best, at = -np.inf, -np.inf  # the highest value so far and what it costs
    for k in np.lexsort((-values, costs)):
        if values[k] > best or (values[k] == best and costs[k] == at):
            best, at, front[k] = values[k], costs[k], True
    return front


def layers(costs: Any, values: Any) -> np.ndarray:
    """int[N]: 0 for the front, 1 for the front of the rest, and so on (Goldberg's ranks)."""
    costs, values = np.asarray(costs, np.float64), np.asarray(values, np.float64)
    rank = np.full(len(costs), -1)
    level = 0
    while (left := np.flatnonzero(rank < 0)).size:
        rank[left[on_front(costs[left], values[left])]] = level
        level += 1
    return rank
