"""What a room is: inputs in, state out. No clock, no file, no network; the same inputs give the same room.

Each input is an `Input` (who, what, value, when); `Room.take` checks it, refuses it with a sentence or takes it. A room
that is built again from its inputs (store.py) is where it was. The host's inputs move `Control`, which undo brings back;
what people said is kept as it is.
"""

from __future__ import annotations

import random
import statistics
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, lru_cache
from importlib.resources import files as shipped
from typing import Any

from letsdance.dashboards.limits import check_size
from letsdance.params import Refused, check_text
from letsdance.room.agenda import Agenda
from letsdance.scenarios import LEVERS, SHOCKS, STARTS, Use, check_uses

__all__ = ["GUARDS", "HOST", "LENGTHS", "REASONS", "Card", "Control", "Input", "Person", "Room", "roles", "start_quarters"]

#: Who the host is, among the names of people's cookies.
HOST = "host"
#: Steps whose answers the screen shows only when the host says so.
HIDDEN = ("predict", "reveal", "results")
#: What must not suffer can be one of these indicators.
GUARDS = ("T", "services", "representativeness", "accountability", "K", "S")
#: Reasons of a prediction, one of which is chosen (words/ has them).
REASONS = ("citizens", "governments", "money", "time", "luck")
#: For how many quarters a card may be played.
LENGTHS = (4, 8, 12, 20)
#: People in a room, notes and characters at most.
MOST_PEOPLE, _MOST_NOTES = 200, 100
_NICK, _LINE, _NOTE = 24, 160, 2_000
#: A table of municipalities that the host brings, in characters.
_MOST_TABLE = 400_000
#: Of the room's dots: too few to be a society are repeated until there are as many municipalities as this.
FEWEST_DOTS = 3


@cache
def roles() -> Mapping[str, Mapping[str, Any]]:
    """Roles and their private goals: name -> indicator, better ("more", "less"); their texts are in words/."""
    return tomllib.loads(shipped(__package__).joinpath("roles.toml").read_text(encoding="utf-8"))


def start_quarters(quarter: int, quarters: int) -> tuple[int, ...]:
    """When a card of a round may start: at once, then every year of the round."""
    return tuple(range(quarter + 1, quarter + quarters, 4))


@dataclass(frozen=True, slots=True)
class Input:
    """Something that was said. id: made by the sender, so that what arrives twice counts once."""

    who: str
    id: str
    kind: str
    value: Mapping[str, Any]
    at: float


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


def _whole(value: Mapping[str, Any], name: str, low: int, high: int) -> int:
    found = value.get(name)
    try:
        number = int(str(found))
    except ValueError:
        number = low - 1
    if not low <= number <= high or isinstance(found, bool):
        raise Refused("{name} must be a whole number from {low} to {high}.", name=name, low=low, high=high)
    return number


def _share(value: Mapping[str, Any], name: str) -> float:
    try:
        number = float(str(value.get(name)))
    except ValueError:
        number = -1.0
    if not 0.0 <= number <= 1.0:
        raise Refused("{name} must be a number from {low:g} to {high:g}.", name=name, low=0.0, high=1.0)
    return round(number, 3)


def _words(value: Mapping[str, Any], name: str, most: int, empty: bool = True) -> str:
    found = value.get(name, "")
    said = " ".join(found.split()) if isinstance(found, str) else ""
    if len(said) > most:
        raise Refused("this is longer than {most} characters; say it shorter.", most=most)
    if not said and not empty:
        raise Refused("write something first.")
    return check_text(name, said, most)


def _one_of(value: Mapping[str, Any], name: str, known: Any) -> str:
    found = value.get(name)
    if not isinstance(found, str) or found not in known:
        raise Refused("choose one of what is offered.")
    return found


@dataclass
class Room:
    """A room: what does not change (agenda, luck, language), and what its inputs made of it."""

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
    _past: list[Control] = field(default_factory=list)

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

    def here(self) -> dict[str, dict[str, Any]]:
        """Who said what in the step that runs."""
        return self.answers.get(self.name, {})

    # ------------------------------------------------------------ what follows from what was said

    def dots(self) -> list[tuple[float, float]]:
        """The dots (C, G) that were placed, in the order of coming."""
        return [(one["C"], one["G"]) for one in self._first("place").values()]

    def _first(self, kind: str) -> dict[str, dict[str, Any]]:
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
        said = [one["target"] for one in self._first("image").values()]
        return int(statistics.median_low(said)) if said else None

    def guards(self) -> tuple[str, ...]:
        """The two indicators that must not suffer: those that most chose."""
        counted = Counter(name for one in self._first("image").values() for name in one["guards"])
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
        votes = [one["vote"] for who, one in self.said("shock").items() if self._table_of(who) == table]
        return votes.count("hold") > len(votes) / 2 if votes else False

    def _table_of(self, who: str) -> int:
        if who in self.people:
            return self.people[who].table
        return int(who.removeprefix("table")) if who.startswith("table") else 0

    def role(self, who: str) -> str:
        """Somebody's role."""
        person = self.people.get(who)
        if person is None or not self.control.roles:
            return ""
        names = list(roles())
        return names[(person.table - 1) % len(names)] if self.control.roles == "tables" else person.role

    def members(self, table: int) -> list[str]:
        """Who sits at a table."""
        return [who for who, person in self.people.items() if person.table == table]

    # ------------------------------------------------------------ inputs

    def take(self, said: Input) -> None:
        """Take an input, or refuse it and stay as it was."""
        if self.control.ended and said.kind != "undo":
            raise Refused("this room has ended.")
        actions = _HOSTS if said.who == HOST else _PEOPLES
        if said.kind not in actions:
            raise Refused("this room does not know what {kind!r} is.", kind=said.kind[:40])
        actions[said.kind](self, said)
        self.version += 1

    def _person(self, said: Input, kind: str) -> tuple[str, int]:
        """Who speaks in a step of this kind, and from which table; the host may speak for a table."""
        who = said.who
        if who == HOST:
            who = f"table{_whole(said.value, 'table', 1, self.agenda.tables)}"
        elif who not in self.people:
            raise Refused("choose a nickname first.")
        if self.step.kind != kind or said.value.get("step", self.name) != self.name:
            raise Refused("the room has gone on; look at the screen.")
        if self.control.locked and said.who != HOST:
            raise Refused("answers are closed.")
        return who, self._table_of(who)

    def _join(self, said: Input) -> None:
        nick = _words(said.value, "nick", _NICK, empty=False)
        table = _whole(said.value, "table", 0, self.agenda.tables)
        if said.who not in self.people and len(self.people) >= MOST_PEOPLE:
            raise Refused("this room is full.")
        taken = {person.nick for who, person in self.people.items() if who != said.who}
        k, own = 2, nick
        while own in taken:
            own, k = f"{nick[:_NICK - 3]} {k}", k + 1
        if table == 0:  # the table with the fewest
            sizes = Counter(person.table for who, person in self.people.items() if who != said.who)
            table = min(range(1, self.agenda.tables + 1), key=lambda one: (sizes[one], one))
        dealt = Counter(person.role for who, person in self.people.items() if person.table == table)
        before = self.people.get(said.who)
        role = before.role if before else min(roles(), key=lambda name: dealt[name])
        self.people[said.who] = Person(own, table, role)

    def _rate(self, said: Input) -> None:
        who, _ = self._person(said, "track")
        trend = _one_of(said.value, "trend", self.step.trends)
        rated = {name: _whole(said.value, name, 1, 5) for name in ("weight", "certainty") if name in said.value}
        if not rated:
            raise Refused("choose one of what is offered.")
        mine = self.answers.setdefault(self.name, {}).setdefault(who, {})
        mine[trend] = {**mine.get(trend, {}), **rated}

    def _place(self, said: Input) -> None:
        who, _ = self._person(said, "place")
        self._answer(who, {"C": _share(said.value, "C"), "G": _share(said.value, "G")})

    def _image(self, said: Input) -> None:
        who, _ = self._person(said, "image")
        target = _whole(said.value, "target", 0, 10)
        given = said.value.get("guards", [])
        guards = tuple(dict.fromkeys(given if isinstance(given, list) else [given]))
        if len(guards) != 2 or not set(guards) <= set(GUARDS):
            raise Refused("choose two indicators that must not suffer.")
        self._answer(who, {"target": target, "guards": guards, "headline": _words(said.value, "headline", _LINE)})

    def _guess(self, said: Input) -> None:
        who, _ = self._person(said, "predict")
        self._answer(who, {"guess": _whole(said.value, "guess", 0, 10), "reason": _one_of(said.value, "reason", REASONS),
                           "why": _words(said.value, "why", _LINE)})

    def _vote(self, said: Input) -> None:
        who, _ = self._person(said, "shock")
        if not any(step == self.name for step, *_ in self.control.drawn):
            raise Refused("no card has been drawn yet.")
        self._answer(who, {"vote": _one_of(said.value, "vote", ("hold", "change"))})

    def _act(self, said: Input) -> None:
        who, _ = self._person(said, "act")
        told = {name: _words(said.value, name, _LINE) for name in ("first", "sign", "doubt")}
        if not any(told.values()):
            raise Refused("write something first.")
        self._answer(who, told)

    def _agree(self, said: Input) -> None:
        who, _ = self._person(said, "agree")
        self._answer(who, {"agree": _whole(said.value, "agree", 1, 5)})

    def _answer(self, who: str, told: dict[str, Any]) -> None:
        self.answers.setdefault(self.name, {})[who] = told

    # -- a table's package

    def _table(self, said: Input) -> int:
        _, table = self._person(said, "decide")
        if self.holds(table) and self.agenda.round(self.control.at) > 1 and said.who != HOST:
            raise Refused("your table voted to hold, so its package stays as it is.")
        return table

    def _card(self, said: Input) -> None:
        table = self._table(said)
        lever = _one_of(said.value, "lever", self.agenda.levers)
        starts = start_quarters(self.quarter, self.step.quarters)
        start, duration = (_whole(said.value, name, 1, 400) for name in ("start", "duration"))
        if start not in starts or duration not in LENGTHS:
            raise Refused("choose one of what is offered.")
        duration = min(duration, self.agenda.horizon + 1 - start)
        card = Card(lever, start, duration, self.agenda.round(self.control.at))
        # a card that was played already in this round is played anew
        kept = [one for one in self.cards.get(table, []) if not (one.lever == lever and one.round == card.round)]
        uses = tuple(use for one in [*kept, card] if (use := one.use(card.round)))
        check_uses("lever", uses, self.agenda.horizon)
        self.afford(uses)
        self._lay(table, [*kept, card])

    def _lay(self, table: int, cards: list[Card]) -> None:
        """A table's cards as they lie now; who changes them is not ready with them."""
        self.cards[table] = cards
        self.done.get(self.name, set()).discard(table)

    def afford(self, uses: tuple[Use, ...]) -> None:
        """Refuse what costs more than the budget; what it costs is what the model charges."""
        spent, budget = price(self.agenda.start, self.agenda.horizon, uses), self.budget()
        if spent > budget + 1e-9:
            raise Refused("this costs {spent:g} points, {over:g} more than the {budget} of your table; take a card off, or "
                          "play it for a shorter time.", spent=spent, over=spent - budget, budget=budget)

    def _take_off(self, said: Input) -> None:
        table = self._table(said)
        lever, start = _one_of(said.value, "lever", LEVERS), _whole(said.value, "start", 1, 400)
        now = self.agenda.round(self.control.at)
        cards = self.cards.get(table, [])
        card = next((one for one in cards if (one.lever, one.start) == (lever, start)), None)
        if card is None:
            raise Refused("this card is not on the table.")
        if card.round == now:
            self._lay(table, [one for one in cards if one is not card])
            return
        other = replace(card, stopped=None if card.stopped and card.stopped[0] == now else (now, self.quarter))
        if card.stopped and card.stopped[0] < now:
            raise Refused("this card has ended; play it anew.")
        new = [other if one is card else one for one in cards]
        uses = tuple(use for one in new if (use := one.use(now)))
        check_uses("lever", uses, self.agenda.horizon)
        self.afford(uses)
        self._lay(table, new)

    def _ready(self, said: Input) -> None:
        """A table is done; it says first what it expects of its package."""
        _, table = self._person(said, "decide")
        guess = _whole(said.value, "guess", 0, 10)
        self._answer(f"table{table}", {"guess": guess})
        self.done.setdefault(self.name, set()).add(table)

    # -- the host

    def _move(self, **changes: Any) -> None:
        self._past.append(self.control)
        del self._past[:-200]
        self.control = replace(self.control, **changes)

    def _go(self, said: Input) -> None:
        to = _whole(said.value, "to", 0, len(self.agenda.step) - 1)
        step = self.agenda.step[to]
        self._move(at=to, locked=False, shown=step.kind not in HIDDEN, replay=0,
                   deadline=said.at + 60 * step.minutes, left=0.0)

    def _lock(self, said: Input) -> None:
        self._move(locked=bool(said.value.get("on")))

    def _show(self, said: Input) -> None:
        self._move(shown=bool(said.value.get("on")))

    def _timer(self, said: Input) -> None:
        what, now = _one_of(said.value, "what", ("more", "hold", "go", "off")), self.control
        if what == "more":
            base = max(now.deadline, said.at) if now.deadline else said.at
            self._move(**({"left": now.left + 120} if now.left else {"deadline": base + 120}))
        elif what == "hold":
            if now.deadline:
                self._move(deadline=0.0, left=max(1.0, now.deadline - said.at))
        elif what == "go":
            self._move(deadline=said.at + (now.left or 60 * self.step.minutes), left=0.0)
        else:
            self._move(deadline=0.0, left=0.0)

    def _note(self, said: Input) -> None:
        if len(self.control.notes) >= _MOST_NOTES:
            raise Refused("there are {most} notes already.", most=_MOST_NOTES)
        self._move(notes=(*self.control.notes, _words(said.value, "text", _NOTE, empty=False)))

    def _draw(self, said: Input) -> None:
        if self.step.kind != "shock":
            raise Refused("the room has gone on; look at the screen.")
        if said.value.get("shock"):
            shock = _one_of(said.value, "shock", self.step.shocks)
        else:  # the same room draws the same card when it is built again
            gone = {name for step, name, _ in self.control.drawn if step != self.name}
            deck = [name for name in self.step.shocks if name not in gone] or list(self.step.shocks)
            shock = random.Random(f"{self.seed} {self.name} {said.id}").choice(deck)
        kept = tuple(one for one in self.control.drawn if one[0] != self.name)
        self._move(drawn=(*kept, (self.name, shock, self.quarter)), shown=False)

    def _begin(self, said: Input) -> None:
        self._move(source=_one_of(said.value, "source", ("", "table", *STARTS)))

    def _places(self, said: Input) -> None:
        text = said.value.get("text")
        if not isinstance(text, str) or not text.strip():
            raise Refused("this file is empty; bring a CSV with name and citizens.")
        if len(text) > _MOST_TABLE:
            raise Refused("this table is longer than {most:,} characters; leave out what is not needed.", most=_MOST_TABLE)
        from letsdance.simulation.municipalities import from_text

        check_size(int(from_text(text).citizens.sum()), self.agenda.horizon, self.agenda.runs)
        self._move(places=text, source="table")

    def _deal(self, said: Input) -> None:
        self._move(roles=_one_of(said.value, "to", ("people", "tables", "")))

    def _choose(self, said: Input) -> None:
        self._move(chosen=_whole(said.value, "table", 0, self.agenda.tables))

    def _replay(self, said: Input) -> None:
        self._move(replay=_whole(said.value, "table", 0, self.agenda.tables), shown=True)

    def _undo(self, _: Input) -> None:
        if not self._past:
            raise Refused("there is nothing to undo.")
        self.control = self._past.pop()

    def _end(self, _: Input) -> None:
        self._move(ended=True, deadline=0.0, left=0.0)

    def _seat(self, said: Input) -> None:
        """The host moves somebody to another table, or sends somebody out whose nickname is no nickname."""
        who = _one_of(said.value, "who", self.people)
        if said.value.get("out"):
            del self.people[who]
            for answers in self.answers.values():
                answers.pop(who, None)
        else:
            self.people[who].table = _whole(said.value, "table", 1, self.agenda.tables)


#: What people may say, and what the host may: the host's word for a table too.
_PEOPLES: Mapping[str, Callable[[Room, Input], None]] = {
    "join": Room._join, "rate": Room._rate, "place": Room._place, "image": Room._image, "guess": Room._guess,
    "vote": Room._vote, "act": Room._act, "agree": Room._agree, "card": Room._card, "off": Room._take_off,
    "ready": Room._ready}
_HOSTS: Mapping[str, Callable[[Room, Input], None]] = {
    "go": Room._go, "lock": Room._lock, "show": Room._show, "timer": Room._timer, "note": Room._note, "draw": Room._draw,
    "begin": Room._begin, "places": Room._places, "deal": Room._deal, "choose": Room._choose, "replay": Room._replay,
    "undo": Room._undo, "end": Room._end, "seat": Room._seat,
    **{kind: action for kind, action in _PEOPLES.items() if kind != "join"}}


@lru_cache(4096)
def price(start: str, horizon: int, uses: tuple[Use, ...]) -> float:
    """Points that levers cost over a run, as the model charges them."""
    from letsdance import scenarios
    from letsdance.simulation import schedule

    bare = scenarios.load(start).changed(quarters=horizon)
    both = [schedule.build(story).spent for story in (bare.changed(levers=uses), bare)]
    return both[0] - both[1]
