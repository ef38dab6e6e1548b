"""What became of each line of the evidence: its state, where the code cites it, and which test names its direction.

Where a line is modelled is read from the code itself (whatever cites it); its state and why stand in params/states.toml.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache

from letsdance.experiments.patterns import PATTERNS
from letsdance.params import CONTEXTS, EVIDENCE, PARAMETERS, PROFILES, evidence_states, marks
from letsdance.scenarios import LEVERS, SHOCKS, mechanism
from letsdance.simulation.indicators import SOCIETY

#: What can be said of a line, in the order of what it is worth.
STATES = {
    "tested": "modelled, and a pattern or a test names its direction",
    "optional": "a mechanism that is shipped models it, off unless it is named, and a test names its direction",
    "built": "modelled, and its direction was seen in a trial of 24 paired seeds, but no test names it",
    "partly": "only a part of it is modelled",
    "stand_in": "something else stands for it",
    "fails": "modelled, but what comes out points the wrong way or does not move",
    "missing": "not modelled",
    "frame": "says how to look or to work, not what happens",
    "source": "another study, cited beside the lines",
}


#: What tests the directions of mechanisms that are shipped.
_SHIPPED = "test_shipped_mechanisms.py"


@dataclass(frozen=True)
class Line:
    """A line of the evidence: its name and text, its state, what in the code cites it, what tests it, and why."""

    name: str
    says: str
    state: str
    where: tuple[str, ...]
    tested: tuple[str, ...]
    why: str


states = evidence_states


@cache
def cited() -> dict[str, tuple[str, ...]]:
    """Line -> what cites it: parameters, levers, shocks, contexts, profiles, indicators, shipped mechanisms."""
    every = [(name, p.reference) for name, p in PARAMETERS.shipped.items()]
    for table in (LEVERS.shipped, SHOCKS.shipped, CONTEXTS, PROFILES):
        every += [(name, entry["reference"]) for name, entry in table.items()]
    every += [(name, reference) for name, (_, _, reference) in SOCIETY.items()]
    every += [(f"mechanism {one.name}", one.reference) for one in mechanism.described()]
    found: dict[str, list[str]] = {}
    for name, reference in every:
        for mark in marks(reference):
            found.setdefault(mark, []).append(name)
    return {mark: tuple(names) for mark, names in found.items()}


@cache
def lines() -> tuple[Line, ...]:
    """Every line, in the order of the evidence."""
    told = {mark: (state, why) for state, table in states().items() if state != "beyond" for mark, why in table.items()}
    patterns: dict[str, list[str]] = {}
    for name, one in PATTERNS.items():
        for mark in marks(one.source):
            patterns.setdefault(mark, []).append(name)
    made = []
    for mark, says in EVIDENCE.items():
        state, why = told.get(mark, ("source" if mark.startswith("T") else "built", ""))
        tests = tuple(why.split()) if state == "tested" else (_SHIPPED,) if state == "optional" else ()
        tests = tuple(dict.fromkeys([*tests, *patterns.get(mark, ())]))
        made.append(Line(mark, says, state, cited().get(mark, ()), tests, "" if state == "tested" else why))
    return tuple(made)


def counts() -> dict[str, int]:
    """How many of the lines S1-S190 are in each state."""
    found = Counter(line.state for line in lines() if line.state != "source")
    return {state: found[state] for state in STATES if found[state]}
