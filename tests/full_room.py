"""A full room, played to its end: six tables, sixty people, everything said at its longest, in the room's language.

What is drawn on paper and on screens is judged by this room, for what fits here fits everywhere.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable

import pandas as pd

from letsdance.params import Refused
from letsdance.room import agenda as agendas
from letsdance.room.agenda import Agenda
from letsdance.room.inputs import HOST, Input
from letsdance.room.rehearsal import speak
from letsdance.room.state import Room
from letsdance.scenarios import STARTS

PEOPLE = 60
NOTE = "The funder would rather wait for the evaluation of the first two years before more is promised to anybody."


def longest(who: str) -> str:
    """The longest that a phone takes (160 characters), as people write it: words, not a string of letters."""
    return (f"{who}: we go from door to door in Nieuwerkerk-aan-den-IJssel and ask each household what it would take over "
            "itself, and what only the town hall can do, by next May.")[:160]


class Tunnel:
    """A wind tunnel that was tried: what it says is a sentence, or one cell of the minutes, whatever it found."""

    def __init__(self):
        rows = [(start, shock, k) for k, (start, shock) in enumerate(itertools.product(
            STARTS, ("none", "austerity", "scandal", "crisis")))]
        self.table = pd.DataFrame([{"start": start, "shock": shock, "without": 0.31, "with_it": 0.42,
                                    "low": -0.1 if k == 0 else 0.1 if k < 13 else -0.2,
                                    "high": 0.1 if k == 0 else 0.2 if k < 13 else -0.1} for start, shock, k in rows])

    def counted(self):
        return {"helps": 12, "harms": 3, "open": 1}

    def worst(self):
        return {"start": "dead_horse", "shock": "leader_loss", "with_it": 0.21}


def full(agenda: Agenda | str = "120", after: Callable[[Room], object] = lambda _: None, people: int = PEOPLE,
         tables: int = 6, brought: str = "") -> Room:
    """The state of a full room at its end; after(room) is called at the end of each step. brought: a table of
    municipalities that the host brings."""
    room = Room("FULLY", agendas.load(agenda) if isinstance(agenda, str) else agenda, seed=11)
    said = iter(range(1, 100_000))

    def take(who: str, kind: str, value: dict) -> None:
        n = next(said)
        room.take(Input(who, f"input-{n:06d}", kind, value, float(n)))

    chances = {f"person-{k:02d}": random.Random(k) for k in range(people)}
    for k, who in enumerate(chances):
        take(who, "join", {"nick": f"Burgemeester-Wethouder {k:02d}"[:24], "table": k % tables + 1})
    for at, (name, step) in enumerate(zip(room.names, room.agenda.step, strict=True)):
        take(HOST, "go", {"to": at})
        if step.kind == "place" and brought:
            take(HOST, "places", {"text": brought})
        if step.kind == "shock":
            take(HOST, "draw", {"shock": step.shocks[0]})
        for _ in range(len(step.trends) or (4 if step.kind == "decide" else 1)):
            for who, chance in chances.items():
                told = speak(room, who, chance)
                if told is None:
                    continue
                if step.kind == "act":
                    told = "act", dict.fromkeys(("first", "sign", "doubt"), longest(who))
                elif step.kind == "image":
                    told[1]["headline"] = longest(who)
                try:
                    take(who, *told)
                except Refused:  # over the budget, or it overlaps
                    continue
        if step.kind == "decide":
            for n in range(1, tables + 1):
                take(HOST, "ready", {"table": n, "guess": n})
        if step.kind in ("results", "reveal", "predict", "shock"):
            take(HOST, "show", {"on": "1"})
        if step.kind == "results":
            take(HOST, "choose", {"table": min(3, tables)})
            take(HOST, "note", {"text": f"{name}. {NOTE}"})
        after(room)
    return room
