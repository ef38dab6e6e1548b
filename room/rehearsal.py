"""Simulated participants, so that a facilitator can practise alone: they say what people might, through the same door.

Each has its own stream of chance; which of them speaks when follows a clock, so a rehearsal is lively and not a test.
"""

from __future__ import annotations

import asyncio
import random
from typing import Any

from letsdance.params import Refused
from letsdance.room.facts import GUARDS
from letsdance.room.live import Live
from letsdance.room.state import LENGTHS, REASONS, Room, start_quarters
from letsdance.words import Text

__all__ = ["NICKS", "rehearse", "speak"]

NICKS = ("Ada", "Ben", "Cem", "Dunja", "Els", "Femke", "Gio", "Hana", "Ivo", "Jana", "Koen", "Lia", "Mo", "Nils", "Oya",
         "Pia", "Quinn", "Rosa", "Sem", "Tova", "Uma", "Vik", "Wout", "Xia", "Yara", "Zoë")
#: Seconds between two that speak, on average.
_PACE = 0.6


def speak(room: Room, who: str, chance: random.Random) -> tuple[str, dict[str, Any]] | None:
    """What this one would say now: (kind, value); None where it has said what it wants to."""
    if who not in room.people:
        return "join", {"nick": chance.choice(NICKS), "table": 0}
    kind, text, mine = room.step.kind, Text(room.language), room.here().get(who)
    if kind == "track":
        left = [name for name in room.step.trends if name not in (mine or {})]
        rated = {what: chance.randint(1, 5) for what in ("weight", "certainty")}
        return ("rate", {"trend": left[0], **rated}) if left else None
    if kind == "decide":
        return _decide(room, who, chance)
    if mine is not None:
        return None
    if kind == "place":
        return "place", {"C": _between(chance, 0.45, 0.18), "G": _between(chance, 0.35, 0.15)}
    if kind == "image":
        said = text("room.rehearsed_headline") if chance.random() < 0.4 else ""
        return "image", {"target": chance.randint(5, 9), "guards": chance.sample(GUARDS, 2), "headline": said}
    if kind == "predict":
        return "guess", {"guess": chance.randint(1, 8), "reason": chance.choice(REASONS), "why": ""}
    if kind == "choose":
        return "pick", {"choice": chance.randint(1, len(room.step.choices)), "why": ""}
    if kind == "shock" and any(step == room.name for step, *_ in room.control.drawn):
        return "vote", {"vote": chance.choice(("hold", "change"))}
    if kind == "act":
        return "act", {"first": text("room.rehearsed_first"), "sign": "",
                       "doubt": text("room.rehearsed_doubt") if chance.random() < 0.5 else ""}
    return ("agree", {"agree": chance.randint(2, 5)}) if kind == "agree" else None


def _decide(room: Room, who: str, chance: random.Random) -> tuple[str, dict[str, Any]] | None:
    """Cards until one is refused or three lie there, then that the table is ready."""
    table = room.people[who].table
    if table in room.done.get(room.name, ()):
        return None
    new = [card for card in room.cards.get(table, ()) if card.round == room.agenda.round(room.control.at)]
    if len(new) < 3 and not room.holds(table) and chance.random() < 0.8:
        return "card", {"lever": chance.choice(room.agenda.levers), "duration": chance.choice(LENGTHS[1:]),
                        "start": chance.choice(start_quarters(room.quarter, room.step.quarters))}
    return "ready", {"guess": chance.randint(1, 8)}


def _between(chance: random.Random, middle: float, spread: float) -> float:
    return round(min(1.0, max(0.0, chance.gauss(middle, spread))), 2)


async def rehearse(live: Live, people: int) -> None:
    """People who take part until the room ends."""
    chances = {f"guest{k}": random.Random(f"{live.room.seed} {k}") for k in range(people)}
    clock = random.Random(live.room.seed)
    said = len(live.store.inputs())
    while not (live.deleted or live.room.control.ended):
        await asyncio.sleep(clock.expovariate(1 / _PACE))
        who = clock.choice(list(chances))
        told = None if live.deleted else speak(live.room, who, chances[who])
        if told is None or (live.room.control.locked and told[0] != "join"):
            continue
        said += 1
        try:
            live.take(who, f"rehearsal-{said}-{clock.getrandbits(32):08x}", *told)
        except Refused:  # as people do: it costs more than there is, or it overlaps
            continue
