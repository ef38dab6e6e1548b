"""What can be set: every parameter declared once, as data.

`PARAMETERS` maps each name to its declaration. Validation, the engine's record, sliders, help, documents and
sweep bounds are all derived from it; nothing else in the house repeats a default or a range.
"""

from __future__ import annotations

import difflib
import math
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.resources import files as shipped
from pathlib import PurePath
from types import MappingProxyType
from typing import Any

import numpy as np

__all__ = ["GROUPS", "PARAMETERS", "PROFILES", "CONTEXTS", "EVIDENCE", "SOURCES", "Book", "Parameter", "Refused",
           "check_text", "check_value", "check_whole", "defaults", "marks", "nearest", "number", "real", "record_dtype",
           "whole", "within", "written_out"]

SOURCES = MappingProxyType({
    "seed": "the mechanism is named in a seed document; its size is assumed",
    "text": "other public evidence speaks for it; its size is assumed unless the reference gives one",
    "assumed": "no text gives it",
})
ROLES = MappingProxyType({
    "lever": "what a policy can move",
    "uncertainty": "what nobody knows well; sweep it",
    "constant": "what belongs to the design",
})


#: Characters that are no text: they move the cursor, end the line or turn the direction of what follows.
_COMMANDS = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069]")


def written_out(text: str, keep: str = "") -> str:
    """Text with what would command a screen written out, such as \\x1b; keep: characters that may stand."""
    return _COMMANDS.sub(lambda odd: odd[0] if odd[0] in keep else odd[0].encode("unicode_escape").decode(), text)


class Said(str):
    """A sentence that knows its template and what fills it: English as a str; `letsdance.words` says it in a language.

    `Said("there is no parameter {name!r}.", name="kk")`. Without values the sentence is its own template. However long
    the input that it repeats, it can be read: its middle is left out beyond 1,400 characters. It is one line of text: what
    would command a screen is written out, in texts, paths and errors alike.
    """

    template: str
    values: Mapping[str, object]

    def __new__(cls, template: str, /, **values: object) -> Said:
        values = {name: written_out(str(value)) if type(value) is str or isinstance(value, PurePath | BaseException)
                  else value for name, value in values.items()}
        text = template.format(**values) if values else template
        said = super().__new__(cls, text if len(text) <= 1_400 else f"{text[:700]} … {text[-690:]}")
        said.template, said.values = template, values
        return said

    def __str__(self) -> str:
        return self  # str(said) and str(Refused(said)) still know their template

    def __reduce__(self) -> tuple[Any, ...]:
        plain = {name: value if isinstance(value, str | int | float) else str(value) for name, value in self.values.items()}
        return _said, (self.template, plain)


def _said(template: str, values: Mapping[str, object]) -> Said:
    return Said(template, **values)


class Title(str):
    """The title or unit of something declared, in English; `kind` and `name` find it in another language."""

    kind: str
    name: str

    def __new__(cls, kind: str, name: str, english: str) -> Title:
        title = super().__new__(cls, english)
        title.kind, title.name = kind, name
        return title

    def __reduce__(self) -> tuple[Any, ...]:
        return Title, (self.kind, self.name, "".join(self))


class LetsDanceError(Exception):
    """What every error of ours is: `Refused` (and its kinds) for bad input, `Stopped` for work that was cancelled."""


class Refused(LetsDanceError, ValueError):
    """Bad input, said in one clear sentence with the remedy. A user never sees it as a traceback.

    The sentence is a template in English, and what fills it: `Refused("there is no start {name!r}.", name=name)`.
    """

    def __init__(self, sentence: str = "", /, **values: object) -> None:
        super().__init__(sentence if isinstance(sentence, Said) else Said(sentence, **values))


@dataclass(frozen=True, slots=True)
class Parameter:
    """One thing that can be set; see params/parameters/*.toml for the declarations."""

    name: str
    title: str
    default: float
    range: tuple[float, float]
    unit: str
    role: str
    group: str
    source: str
    reference: str
    says: str
    whole: bool = False
    #: Whether citizens are asked one by one under it, so that a group of them may live under another value.
    each_citizen: bool = False
    bands: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def band(self, value: float) -> str | None:
        """The name of the band that a value lies in, if the parameter has named bands."""
        return next((name for name, (low, high) in self.bands.items() if low <= value <= high), None)


class Book[Entry](Mapping[str, Entry]):
    """Declarations by name: those of the house, and those of a user's own mechanisms that this process has loaded.

    Whatever is loaded can be looked up, so that it can be checked, shown and refused by its name. Listed are the house's,
    and what was loaded for all that this process does (`--mechanism`); what runs, a scenario says (`Scenario.known`).
    """

    def __init__(self, kind: str, shipped: Mapping[str, Entry]) -> None:
        self.kind = kind  # what an entry is called
        #: Those of the house.
        self.shipped: Mapping[str, Entry] = MappingProxyType(dict(shipped))
        self._all: dict[str, Entry] = dict(shipped)
        self._listed: tuple[str, ...] = tuple(shipped)

    def learn(self, entries: Mapping[str, Entry], listed: bool = False) -> None:
        """Add a mechanism's entries, or take its newer ones; `Refused` for a name of the house's.

        Whoever reads meanwhile in another thread has the old or the new, whole.
        """
        for name in entries:
            if name in self.shipped:
                raise Refused("the model has the {kind} {name} already; give this one another name.",
                              kind=self.kind, name=name)
        self._all = {**self._all, **entries}
        if listed:
            self._listed = tuple(dict.fromkeys([*self._listed, *entries]))

    def __getitem__(self, name: str) -> Entry:
        return self._all[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._listed)

    def __len__(self) -> int:
        return len(self._listed)

    def __contains__(self, name: object) -> bool:
        return name in self._all


def _read(path: str) -> dict[str, Any]:
    return tomllib.loads(shipped(__name__).joinpath(path).read_text(encoding="utf-8"))


@cache
def _declarations() -> tuple[dict[str, str], dict[str, Parameter]]:
    folder = shipped(__name__).joinpath("parameters")
    tables = {entry.name.removesuffix(".toml"): tomllib.loads(entry.read_text(encoding="utf-8"))
              for entry in folder.iterdir() if entry.name.endswith(".toml")}
    groups, parameters = {}, {}
    for group, table in sorted(tables.items(), key=lambda item: item[1]["order"]):
        groups[group] = table.pop("title")
        table.pop("order")
        for name, entry in table.items():
            entry = {**entry, "range": tuple(entry["range"]),
                     "bands": MappingProxyType({k: tuple(v) for k, v in entry.get("bands", {}).items()})}
            parameters[name] = Parameter(name=name, group=group, **entry)
    return groups, parameters


GROUPS: Book[str] = Book("group", _declarations()[0])
PARAMETERS: Book[Parameter] = Book("parameter", _declarations()[1])
PROFILES: Mapping[str, dict[str, Any]] = MappingProxyType(_read("profiles.toml"))
CONTEXTS: Mapping[str, dict[str, Any]] = MappingProxyType(_read("contexts.toml"))
EVIDENCE: Mapping[str, str] = MappingProxyType(_read("evidence.toml"))


@cache
def evidence_states() -> dict[str, dict[str, str]]:
    """params/states.toml: state -> line -> why; 'beyond' holds what the list of lines itself misses."""
    return _read("states.toml")


def marks(reference: str) -> list[str]:
    """The lines of evidence that a text names, those that exist: '(S41-S43 T4; design)' -> S41, S42, S43, T4."""
    found = []
    for kind, first, last, letter in re.findall(r"\b([ST])(\d+)(?:-\1?(\d+)\b|([a-z]?)\b)", reference):
        found += [f"{kind}{n}{letter}" for n in range(int(first), int(last or first) + 1)]
    return [mark for mark in found if mark in EVIDENCE]




def nearest(name: str, known: Iterable[str]) -> str:
    """' Did you mean x?' for the nearest known name, or '' where nothing is near."""
    folded = {k.lower(): k for k in known}
    fits = len(name) <= 3 * max(map(len, folded), default=0)  # what is longer has less than half in common with any
    near = difflib.get_close_matches(name.lower(), folded, n=1, cutoff=0.5) if fits else []
    return Said(" Did you mean {name}?", name=folded[near[0]]) if near else ""


def listed(items: Iterable[str], last: str = "and") -> str:
    """'a, b and c'; '' for nothing. last: the word before the last one; "and" and "or" a language has its own for."""
    *first, end = list(items) or [""]
    if not first:
        return end
    if last == "and":
        return Said("{first} and {end}", first=", ".join(first), end=end)
    if last == "or":
        return Said("{first} or {end}", first=", ".join(first), end=end)
    return f"{', '.join(first)} {last} {end}"


def check_value(name: str, value: object, where: str = "", known: Mapping[str, Parameter] = PARAMETERS) -> float:
    """A parameter's value as a float, or `Refused` with the place, the remedy and the nearest of the known names."""
    place = where if where.endswith(": ") or not where else f"{where}: "
    parameter = known.get(name)
    if parameter is None:
        titles = {p.title: p.name for p in known.values()}
        near = nearest(titles.get(name, name), known) or nearest(name, titles)
        raise Refused("{place}there is no parameter {name!r}.{near} See `letsdance show parameters`.", place=place,
                      name=name, near=near)
    low, high = parameter.range
    titled, unit = Title("parameter", name, parameter.title), Title("unit", parameter.unit, parameter.unit)
    if isinstance(value, bool) and parameter.unit == "switch":
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise Refused("{place}{name} ({title}) must be a number from {low:g} to {high:g}, not {value!r}.", place=place,
                      name=name, title=titled, low=low, high=high, value=value)
    number = real(value)
    if not low <= number <= high:
        raise Refused("{place}{name} ({title}) must lie from {low:g} to {high:g} ({unit}), not {number:g}.", place=place,
                      name=name, title=titled, low=low, high=high, unit=unit, number=number)
    if parameter.whole and number != round(number):
        raise Refused("{place}{name} ({title}) must be a whole number of {unit}, not {number:g}.", place=place, name=name,
                      title=titled, unit=unit, number=number)
    return number


def real(value: float | np.integer | np.floating) -> float:
    """A number as a float; infinite where it is a whole one of hundreds of digits, so that ranges refuse it."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", re.ASCII | re.IGNORECASE)
_WHOLE = re.compile(r"[-+]?\d{1,30}", re.ASCII)


def number(text: str) -> float:
    """A number in digits 0-9; ValueError for what else Python would take: nan, 1_0, full-width digits."""
    if not _NUMBER.fullmatch(text.strip()):
        raise ValueError(f"{text!r} is not a number")
    return float(text)


def whole(text: str) -> int:
    """A whole number in plain digits 0-9; ValueError for anything else."""
    if not _WHOLE.fullmatch(text.strip()):
        raise ValueError(f"{text!r} is not a whole number")
    return int(text)


def within(text: str, low: int, high: int) -> int | None:
    """A whole number from low to high in plain digits, or None: what a link, an event or a line says in passing."""
    found = int(text) if _WHOLE.fullmatch(text) else low - 1
    return found if low <= found <= high else None


def check_text(name: str, value: object, most: int, place: str = "", any_character: bool = False) -> str:
    """Text that people can read, of at most so many characters, or `Refused`; several lines are one text."""
    if not isinstance(value, str):
        raise Refused("{place}{name} must be text in quotes, not {value!r}.", place=place, name=name, value=value)
    if len(value) > most:
        raise Refused("{place}{name} has {length:,} characters, the most is {most:,}; shorten it.", place=place, name=name,
                      length=len(value), most=most)
    odd = None if any_character else _COMMANDS.search(re.sub(r"[\n\r\t]", "", value))
    if odd:
        raise Refused("{place}{name} holds the character {odd}, which is no text; take it out.", place=place, name=name,
                      odd=ascii(odd[0]))
    return value


def check_whole(name: str, value: object, low: int, high: int) -> int:
    """A whole number from low to high, or `Refused`; every number has an end. `name` is what the sentence calls it."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not low <= value <= high:
        end = Said(" to {high:,}", high=high)
        raise Refused("{name} must be a whole number from {low:,}{end}, not {value!r}.", name=name, low=low, end=end,
                      value=value)
    return int(value)


@cache
def record_dtype() -> np.dtype:
    """The engine's record: one float64 field a parameter of the house, in the order of declaration."""
    return np.dtype((np.record, [(name, np.float64) for name in PARAMETERS.shipped]))


def defaults(**changes: float) -> Any:
    """A record of all parameters at their defaults, for calling rules by hand: `defaults(k=1.5).k`."""
    record = np.zeros(1, record_dtype())
    for name, parameter in PARAMETERS.shipped.items():
        record[name] = parameter.default
    for name, value in changes.items():
        record[name] = check_value(name, value, known=PARAMETERS.shipped)
    return record[0]


if __name__ == "params":
    # Imported by the folder's own name, from the root of a copy of the repository: the one house has one `Refused`, so
    # that who catches it there catches what the rest of the house raises.
    sys.modules[__name__] = import_module("letsdance.params")
