"""What a room knows, and what follows from it: people, cards, what the host moved; targets, packages, dots. Nothing is
taken here (state.py) and nothing computed that takes longer than a look (runs.py)."""

from __future__ import annotations

import statistics
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files as shipped
from typing import Any

from letsdance.dashboards.state import price
from letsdance.room.agenda import Agenda
from letsdance.scenarios import SHOCKS, STARTS, Use
from letsdance.scenarios.policy import Policy

__all__ = ["GUARDS", "Card", "Control", "Facts", "Person", "roles"]

#: What must not suffer can be one of these indicators.
GUARDS = ("T", "services", "representativeness", "accountability", "K", "S")
#: Of the room's dots: too few to be a society are repeated until there are as many municipalities as this.
FEWEST_DOTS = 3


@cache
def roles() -> Mapping[str, Mapping[str, Any]]:
    """Roles and their private goals: name -> indicator, better ("more", "less"); their texts are in words/."""
    return tomllib.loads(shipped(__package__).joinpath("roles.toml").read_text(encoding="utf-8"))


@dataclass(slots=True)
class Person:
    """Somebody in the room: nothing but a nickname, a table and a role."""

    nick: str
    table: int
    role: str


@dataclass(frozen=True, slots=True)
class Card:
    """A lever that a table played in a round; stopped: from which quarter it acts no more."""

    lever: str
    start: int
    duration: int
    round: int
    stopped: tuple[int, int] | None = None  # (round, quarter)

    def use(self, upto: int) -> Use | None:
        """What acts, as decided in rounds 1 .. upto; None where it was stopped before it began."""
        if self.round > upto:
            return None
        ends = self.start + self.duration
        if self.stopped and self.stopped[0] <= upto:
            ends = min(ends, self.stopped[1] + 1)
        return Use(self.lever, self.start, ends - self.start) if ends > self.start else None


@dataclass(frozen=True, slots=True)
class Control:
    """What the host moves, and undo brings back."""

    at: int = 0
    locked: bool = False
    shown: bool = True
    deadline: float = 0.0          # when the timer ends; 0: none runs
    left: float = 0.0              # seconds left of a timer that is held
    source: str = ""               # where runs begin: "" the agenda's start or the dots, "table", or a start's name
    places: str = ""               # a table of municipalities, CSV
    drawn: tuple[tuple[str, str, int], ...] = ()  # (step, shock, quarter)
    chosen: int = 0                # the table whose package is the room's
    replay: int = 0                # the table whose run is played on the projector
    roles: str = "people"          # dealt to "people", "tables" or "" nobody
    notes: tuple[str, ...] = ()
    ended: bool = False


@dataclass
class Facts:
    """What a room knows: what does not change (agenda, luck, language), what its inputs made of it, and what follows."""

    code: str
    agenda: Agenda
    seed: int = 1
    language: str = "en"
    rehearsal: bool = False
    control: Control = field(default_factory=Control)
    people: dict[str, Person] = field(default_factory=dict)
    answers: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)  # step -> who -> what was said
    cards: dict[int, list[Card]] = field(default_factory=dict)                   # table -> its cards
    done: dict[str, set[int]] = field(default_factory=dict)                      # step -> tables that are ready
    version: int = 0

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The steps' names."""
        return self.agenda.names()

    @property
    def step(self) -> Any:
        """The step that runs."""
        return self.agenda.step[self.control.at]

    @property
    def name(self) -> str:
        """The name of the step that runs."""
        return self.names[self.control.at]

    @property
    def quarter(self) -> int:
        """The quarter that has come."""
        return self.agenda.quarter(self.control.at)

    @property
    def tables(self) -> list[int]:
        """Tables at which somebody sits, or that played a card."""
        return sorted({person.table for person in self.people.values()} | {t for t, cards in self.cards.items() if cards})

    def said(self, kind: str, upto: int | None = None) -> dict[str, dict[str, Any]]:
        """Who said what in the last step of a kind that has come (up to and with step `upto`)."""
        last = self.control.at if upto is None else upto
        found = [name for name, step in zip(self.names[:last + 1], self.agenda.step, strict=False) if step.kind == kind]
        return self.answers.get(found[-1], {}) if found else {}

    def asked(self) -> Any:
        """The last step that asked a class what it thinks."""
        return next((step for step in self.agenda.step[self.control.at::-1] if step.kind == "choose"), None)

    def here(self) -> dict[str, dict[str, Any]]:
        """Who said what in the step that runs."""
        return self.answers.get(self.name, {})

    @property
    def spoke(self) -> int:
        """How many of the people have said something in the step that runs."""
        return sum(who in self.people for who in self.here())

    # ------------------------------------------------------------ what follows from what was said

    def dots(self) -> list[tuple[float, float]]:
        """The dots (C, G) that were placed, in the order of coming."""
        return [(one["C"], one["G"]) for one in self.first("place").values()]

    def first(self, kind: str) -> dict[str, dict[str, Any]]:
        """Who said what in the first step of a kind."""
        return next((self.answers.get(name, {}) for name, step in zip(self.names, self.agenda.step, strict=True)
                     if step.kind == kind), {})

    def origin(self) -> str:
        """Where the runs begin: "table", "dots" or a start's name."""
        if self.control.source in STARTS or (self.control.source == "table" and self.control.places):
            return self.control.source
        if self.control.source == "" and len(self.dots()) >= FEWEST_DOTS:
            return "dots"
        return self.agenda.start

    def target(self) -> int | None:
        """How many of ten municipalities the room wants in Let's dance: the median of what was said."""
        said = [one["target"] for one in self.first("image").values()]
        return int(statistics.median_low(said)) if said else None

    def guards(self) -> tuple[str, ...]:
        """The two indicators that must not suffer: those that most chose."""
        counted = Counter(name for one in self.first("image").values() for name in one["guards"])
        return tuple(sorted(counted, key=lambda name: (-counted[name], GUARDS.index(name)))[:2])

    def uses(self, table: int, upto: int | None = None) -> tuple[Use, ...]:
        """What a table does, as decided in rounds 1 .. upto."""
        last = self.agenda.round(self.control.at) if upto is None else upto
        return tuple(use for card in self.cards.get(table, ()) if (use := card.use(last)))

    def budget(self, at: int | None = None) -> int:
        """Points that a table has got by now."""
        last = self.control.at if at is None else at
        return sum(step.budget or 0 for step in self.agenda.step[:last + 1])

    def shocks(self) -> tuple[Use, ...]:
        """Shocks that were drawn in steps that have come."""
        come = set(self.names[:self.control.at + 1])
        return tuple(Use(name, quarter + 1, SHOCKS[name]["duration"] or None)
                     for step, name, quarter in self.control.drawn if step in come)

    def holds(self, table: int) -> bool:
        """Whether a table voted to hold its package: more than half of its votes in the last shock."""
        votes = [one["vote"] for who, one in self.said("shock").items() if self.table_of(who) == table]
        return votes.count("hold") > len(votes) / 2 if votes else False

    def table_of(self, who: str) -> int:
        """The table of a person, or of the host who speaks for one; 0 where there is none."""
        if who in self.people:
            return self.people[who].table
        return int(who.removeprefix("table")) if who.startswith("table") else 0

    def role(self, who: str) -> str:
        """Somebody's role."""
        person = self.people.get(who)
        if person is None or not self.control.roles or not self.agenda.named:
            return ""
        names = list(roles())
        return names[(person.table - 1) % len(names)] if self.control.roles == "tables" else person.role

    def members(self, table: int) -> list[str]:
        """Who sits at a table."""
        return [who for who, person in self.people.items() if person.table == table]

    def price(self, uses: tuple[Use, ...]) -> float:
        """Points that levers cost over the room's run."""
        return price(Policy.of(self.agenda.start, quarters=self.agenda.horizon, levers=uses))[0]
