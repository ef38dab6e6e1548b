"""Cases that ship: tables of facts, each with its source, its licence, and what it is and is not.

    case:mothers_pensions        wherever a table is read (`scenarios.tables.files` asks here)

`cases.toml` tells of each, beside NAME.csv. Nothing is made up but what is said to be.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from letsdance.params import Refused, Said, nearest

#: What stands before a case's name where a file is named.
PREFIX = "case:"
#: What a table of a case can be, and what reads it.
KINDS = {"counts": "adopters data, calibrate", "shares": "adopters data, calibrate",
         "times": "adopters describe, forecast, calibrate", "ties": "adopters describe --edges",
         "municipalities": "--municipalities", "figures": "show cases --copy"}


@dataclass(frozen=True)
class Case:
    """One case: what it is called, which kind of table, and what is known of it."""

    name: str
    title: str
    kind: str           # of KINDS
    source: str         # a citation with its year
    licence: str
    says: str           # what it is
    is_not: str
    checked: str = ""   # against what, and what was settled
    breaks: str = ""    # in the series

    @property
    def text(self) -> str:
        """The table, as the CSV that it is."""
        return files(__name__).joinpath(f"{self.name}.csv").read_text(encoding="utf-8")


#: Every case by its name, as cases.toml tells of it.
CASES = {name: Case(name, **told) for name, told in
         tomllib.loads(files(__name__).joinpath("cases.toml").read_text(encoding="utf-8")).items()}


def case(name: str) -> Case:
    """The case of that name, or `Refused`."""
    if name not in CASES:
        raise Refused("there is no case {name!r}.{near} Known: {known}.", name=name, near=nearest(name, CASES),
                      known=", ".join(CASES))
    return CASES[name]


def named(source: str | Path) -> Case | None:
    """The case that the name of a file asks for; None where it names a file. `Refused` where there is no such case."""
    said = str(source)
    return case(said.removeprefix(PREFIX)) if said.startswith(PREFIX) else None


def meant(source: str | Path) -> str:
    """case:NAME where a file's name, which has no ending, is nearly a case's; '' where none is near."""
    near = "" if Path(source).suffix else nearest(str(source), CASES)
    return PREFIX + str(near.values["name"]) if isinstance(near, Said) else ""


__all__ = ["CASES", "KINDS", "PREFIX", "Case", "case", "meant", "named"]
