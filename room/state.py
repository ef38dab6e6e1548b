"""What a room takes: inputs in, state out. No clock, no file, no network; the same inputs give the same room.

Each input is an `Input` (who, what, value, when); `Room.take` checks it, refuses it with a sentence or takes it. A room
that is built again from its inputs (store.py) is where it was. The host's inputs move `Control`, which undo brings back;
what people said is kept as it is.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from letsdance.dashboards.limits import check_size
from letsdance.params import Refused
from letsdance.room.facts import GUARDS, Card, Control, Facts, Person, roles
from letsdance.room.inputs import HOST, Input, one_of, share, whole, words
from letsdance.scenarios import LEVERS, STARTS, Use, check_uses

__all__ = ["COVERED", "HIDDEN", "LENGTHS", "REASONS", "Room", "start_quarters"]

#: Steps whose answers the screen shows only when the host says so.
HIDDEN = ("predict", "reveal", "results", "choose")
#: Steps whose answers the screen shows as they come, unless the host hides them: nobody leans on what others said.
COVERED = ("track", "place", "image", "act", "agree")
#: Reasons of a prediction, one of which is chosen (words/ has them).
REASONS = ("citizens", "governments", "money", "time", "luck")
#: For how many quarters a card may be played.
LENGTHS = (4, 8, 12, 20)
#: People in a room, notes and characters at most.
MOST_PEOPLE, _MOST_NOTES = 200, 100
_NICK, _LINE, _NOTE = 24, 160, 2_000
#: A table of municipalities that the host brings, in characters.
_MOST_TABLE = 400_000


def start_quarters(quarter: int, quarters: int) -> tuple[int, ...]:
    """When a card of a round may start: at once, then every year of the round."""
    return tuple(range(quarter + 1, quarter + quarters, 4))


@dataclass
class Room(Facts):
    """A room that takes what is said."""

    _past: list[Control] = field(default_factory=list)

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
            who = f"table{whole(said.value, 'table', 1, self.agenda.tables)}"
        elif who not in self.people:
            raise Refused("choose a nickname first.")
        if self.step.kind != kind or said.value.get("step", self.name) != self.name:
            raise Refused("the room has gone on; look at the screen.")
        if self.control.locked and said.who != HOST:
            raise Refused("answers are closed.")
        return who, self.table_of(who)

    def _join(self, said: Input) -> None:
        if self.agenda.named:
            nick = words(said.value, "nick", _NICK, empty=False)
            table = whole(said.value, "table", 0, self.agenda.tables)
        else:  # a class: nobody is named, a number tells them apart
            nick, table = str(len(self.people) + 1), 1
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
        trend = one_of(said.value, "trend", self.step.trends)
        rated = {name: whole(said.value, name, 1, 5) for name in ("weight", "certainty") if name in said.value}
        if not rated:
            raise Refused("choose one of what is offered.")
        mine = self.answers.setdefault(self.name, {}).setdefault(who, {})
        mine[trend] = {**mine.get(trend, {}), **rated}

    def _place(self, said: Input) -> None:
        who, _ = self._person(said, "place")
        self._answer(who, {"C": share(said.value, "C"), "G": share(said.value, "G")})

    def _image(self, said: Input) -> None:
        who, _ = self._person(said, "image")
        target = whole(said.value, "target", 0, 10)
        given = said.value.get("guards", [])
        guards = tuple(dict.fromkeys(given if isinstance(given, list) else [given]))
        if len(guards) != 2 or not set(guards) <= set(GUARDS):
            raise Refused("choose two indicators that must not suffer.")
        self._answer(who, {"target": target, "guards": guards, "headline": words(said.value, "headline", _LINE)})

    def _guess(self, said: Input) -> None:
        who, _ = self._person(said, "predict")
        self._answer(who, {"guess": whole(said.value, "guess", 0, 10), "reason": one_of(said.value, "reason", REASONS),
                           "why": words(said.value, "why", _LINE)})

    def _pick(self, said: Input) -> None:
        """What somebody in a class thinks, of what is offered, and why."""
        who, _ = self._person(said, "choose")
        self._answer(who, {"choice": whole(said.value, "choice", 1, len(self.step.choices)),
                           "why": words(said.value, "why", _LINE)})

    def _vote(self, said: Input) -> None:
        who, _ = self._person(said, "shock")
        if not any(step == self.name for step, *_ in self.control.drawn):
            raise Refused("no card has been drawn yet.")
        self._answer(who, {"vote": one_of(said.value, "vote", ("hold", "change"))})

    def _act(self, said: Input) -> None:
        who, _ = self._person(said, "act")
        told = {name: words(said.value, name, _LINE) for name in ("first", "sign", "doubt")}
        if not any(told.values()):
            raise Refused("write something first.")
        self._answer(who, told)

    def _agree(self, said: Input) -> None:
        who, _ = self._person(said, "agree")
        self._answer(who, {"agree": whole(said.value, "agree", 1, 5)})

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
        lever = one_of(said.value, "lever", self.agenda.levers)
        starts = start_quarters(self.quarter, self.step.quarters)
        start, duration = (whole(said.value, name, 1, 400) for name in ("start", "duration"))
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
        spent, budget = self.price(uses), self.budget()
        if spent > budget + 1e-9:
            raise Refused("this costs {spent:g} points, {over:g} more than the {budget} of your table; take a card off, or "
                          "play it for a shorter time.", spent=spent, over=spent - budget, budget=budget)

    def _take_off(self, said: Input) -> None:
        table = self._table(said)
        lever, start = one_of(said.value, "lever", LEVERS), whole(said.value, "start", 1, 400)
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
        guess = whole(said.value, "guess", 0, 10)
        self._answer(f"table{table}", {"guess": guess})
        self.done.setdefault(self.name, set()).add(table)

    # -- the host

    def _move(self, **changes: Any) -> None:
        self._past.append(self.control)
        del self._past[:-200]
        self.control = replace(self.control, **changes)

    def _go(self, said: Input) -> None:
        to = whole(said.value, "to", 0, len(self.agenda.step) - 1)
        step = self.agenda.step[to]
        self._move(at=to, locked=False, shown=step.kind not in HIDDEN, replay=0,
                   deadline=said.at + 60 * step.minutes, left=0.0)

    def _lock(self, said: Input) -> None:
        self._move(locked=bool(said.value.get("on")))

    def _show(self, said: Input) -> None:
        self._move(shown=bool(said.value.get("on")))

    def _timer(self, said: Input) -> None:
        what, now = one_of(said.value, "what", ("more", "hold", "go", "off")), self.control
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
        self._move(notes=(*self.control.notes, words(said.value, "text", _NOTE, empty=False)))

    def _draw(self, said: Input) -> None:
        if self.step.kind != "shock":
            raise Refused("the room has gone on; look at the screen.")
        if said.value.get("shock"):
            shock = one_of(said.value, "shock", self.step.shocks)
        else:  # the same room draws the same card when it is built again
            gone = {name for step, name, _ in self.control.drawn if step != self.name}
            deck = [name for name in self.step.shocks if name not in gone] or list(self.step.shocks)
            shock = random.Random(f"{self.seed} {self.name} {said.id}").choice(deck)
        kept = tuple(one for one in self.control.drawn if one[0] != self.name)
        self._move(drawn=(*kept, (self.name, shock, self.quarter)), shown=False)

    def _begin(self, said: Input) -> None:
        self._move(source=one_of(said.value, "source", ("", "table", *STARTS)))

    def _places(self, said: Input) -> None:
        text = said.value.get("text")
        if not isinstance(text, str) or not text.strip():
            raise Refused("this file is empty; bring a CSV with name and citizens.")
        if len(text) > _MOST_TABLE:
            raise Refused("this table is longer than {most:,} characters; leave out what is not needed.", most=_MOST_TABLE)
        from letsdance.simulation.municipalities import from_text

        towns = from_text(text)
        check_size(int(towns.citizens.sum()), len(towns), self.agenda.horizon, self.agenda.runs)
        self._move(places=text, source="table")

    def _deal(self, said: Input) -> None:
        self._move(roles=one_of(said.value, "to", ("people", "tables", "")))

    def _choose(self, said: Input) -> None:
        self._move(chosen=whole(said.value, "table", 0, self.agenda.tables))

    def _replay(self, said: Input) -> None:
        self._move(replay=whole(said.value, "table", 0, self.agenda.tables), shown=True)

    def _undo(self, _: Input) -> None:
        if not self._past:
            raise Refused("there is nothing to undo.")
        self.control = self._past.pop()

    def _end(self, _: Input) -> None:
        self._move(ended=True, deadline=0.0, left=0.0)

    def _seat(self, said: Input) -> None:
        """The host moves somebody to another table, or sends somebody out whose nickname is no nickname."""
        who = one_of(said.value, "who", self.people)
        if said.value.get("out"):
            del self.people[who]
            for answers in self.answers.values():
                answers.pop(who, None)
        else:
            self.people[who].table = whole(said.value, "table", 1, self.agenda.tables)


#: What people may say, and what the host may: the host's word for a table too.
_PEOPLES: Mapping[str, Callable[[Room, Input], None]] = {
    "join": Room._join, "rate": Room._rate, "place": Room._place, "image": Room._image, "guess": Room._guess,
    "vote": Room._vote, "pick": Room._pick, "act": Room._act, "agree": Room._agree, "card": Room._card,
    "off": Room._take_off, "ready": Room._ready}
_HOSTS: Mapping[str, Callable[[Room, Input], None]] = {
    "go": Room._go, "lock": Room._lock, "show": Room._show, "timer": Room._timer, "note": Room._note, "draw": Room._draw,
    "begin": Room._begin, "places": Room._places, "deal": Room._deal, "choose": Room._choose, "replay": Room._replay,
    "undo": Room._undo, "end": Room._end, "seat": Room._seat,
    **{kind: action for kind, action in _PEOPLES.items() if kind != "join"}}
