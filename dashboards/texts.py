"""Every text on screen, from one catalogue (texts.toml), in English and Dutch; and how numbers are written in each.

`Text(language)("key", name=value)` is a text. Titles and sentences of levers, shocks, parameters, starts and profiles
are declared in params/ and scenarios/ in English; the catalogue holds their Dutch, and `Text.title("lever", "FRCS")`
finds either.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from letsdance import scenarios
from letsdance.params import CONTEXTS, GROUPS, PARAMETERS, PROFILES
from letsdance.simulation.indicators import SOCIETY

__all__ = ["KINDS", "Text", "catalogue", "declared"]

_GAP = "\u00a0"  # keeps a number and its sign on one line
_SWAPPED = str.maketrans(",.", ".,")
#: What may fill a placeholder of a refusal, where that is not any text.
_FILLS = {"place": r"(?:.*?: )?", "near": r"(?: Did you mean .*?\?)?"}
#: What is said in words inside of what fills a placeholder; the catalogue has its translation under the same name.
_INSIDE = {"place": r"line (\d+)", "near": r"Did you mean (.*)\?", "error": r".*\(at line (\d+), column (\d+)\)"}


@cache
def catalogue() -> dict[str, Any]:
    """texts.toml: `text` maps each key to {en, nl}; `nl` holds the Dutch of what is declared elsewhere."""
    return tomllib.loads(files(__package__).joinpath("texts.toml").read_text(encoding="utf-8"))


def _starts() -> dict[str, dict[str, str]]:
    return {name: {"title": (s := scenarios.load(name)).title, "says": s.says} for name in scenarios.STARTS}


#: What is declared in English elsewhere: kind -> name -> {title, says}.
KINDS = ("start", "lever", "shock", "parameter", "profile", "context", "group", "band", "unit", "indicator")


@cache
def declared(kind: str) -> Mapping[str, Mapping[str, str]]:
    """The English of a kind: name -> {title, says}."""
    if kind == "parameter":
        return {name: {"title": p.title, "says": p.says} for name, p in PARAMETERS.items()}
    if kind == "group":
        return {name: {"title": title} for name, title in GROUPS.items()}
    if kind == "band":
        return {name: {"title": name} for p in PARAMETERS.values() for name in p.bands}
    if kind == "unit":
        return {p.unit: {"title": p.unit} for p in PARAMETERS.values()}
    if kind == "indicator":
        return {name: {"title": says} for name, (_, says, _) in SOCIETY.items()}
    tables: dict[str, Any] = {"start": _starts(), "lever": scenarios.LEVERS, "shock": scenarios.SHOCKS,
                              "profile": PROFILES, "context": CONTEXTS}
    return {name: {"title": entry["title"], "says": entry["says"]} for name, entry in tables[kind].items()}


@dataclass(frozen=True, slots=True)
class Text:
    """The texts of one language."""

    language: str = "en"

    def __call__(self, key: str, **values: object) -> str:
        """A text, with {names} filled in."""
        text: str = catalogue()["text"][key][self.language]
        return text.format(**values) if values else text

    def all(self, *prefixes: str) -> dict[str, str]:
        """The texts under prefixes, for a Vue component: {"explore.undo": ...}."""
        return _under(self.language, prefixes)

    def title(self, kind: str, name: str) -> str:
        """The title of something declared, such as title("lever", "FRCS")."""
        return self._declared(kind, name, "title")

    def says(self, kind: str, name: str) -> str:
        """Its sentence for people."""
        return self._declared(kind, name, "says")

    def _declared(self, kind: str, name: str, field: str) -> str:
        if self.language == "en":
            return declared(kind)[name][field]
        return catalogue()[self.language][kind][name][field]

    # ------------------------------------------------------------ what is refused

    def refused(self, sentence: object) -> str:
        """A refusal, which is made in English where something is checked, in this language."""
        return str(sentence) if self.language == "en" else _refused(str(sentence), self)

    def _filled(self, name: str, value: str) -> str:
        """What fills {name} of a refusal, in this language."""
        words: dict[str, str] = catalogue()[self.language]["word"]
        if name == "kind":
            return words[value]
        if name == "title":
            return self.title("parameter", _titles()[value]) if value in _titles() else value
        if name == "unit":
            return self.title("unit", value) if value in declared("unit") else value
        if name in ("low", "high", "number"):
            return f"{float(value.replace(',', '')):,.12g}".translate(_SWAPPED)
        return re.sub(_INSIDE[name], words[name], value) if name in _INSIDE else value

    # ------------------------------------------------------------ numbers

    def number(self, value: float, digits: int = 0) -> str:
        """A number with so many decimals, in this language's writing; '-' where nothing was measured."""
        if not math.isfinite(value):
            return "–"
        text = f"{abs(value):,.{digits}f}"
        if self.language == "nl":
            text = text.translate(_SWAPPED)
        return f"−{text}" if value < 0 and float(f"{value:.{digits}f}") != 0 else text

    def short(self, value: float) -> str:
        """A number as short as it can be said, such as 0.75 or 12."""
        digits = 2 if abs(value) >= 0.1 else 4  # 0.085 is not 0.09
        text = self.number(value, digits)
        return text.rstrip("0").rstrip(".,") if abs(value) < 1000 and value % 1 else self.number(value)

    def percent(self, share: float) -> str:
        """A share in whole per cent."""
        return self("number.unmeasured") if not math.isfinite(share) else f"{self.number(100 * share)}{_GAP}%"

    def points(self, share: float) -> str:
        """A difference of shares, without its sign: '12 points'."""
        text = self.number(abs(100 * share))
        return self("number.point" if text == "1" else "number.points", n=text)

    def band(self, low: float, high: float, digits: int = 0) -> str:
        """'9–15'; '9' where both ends are written alike; '−3 to 2' where a sign would be mistaken for the dash."""
        a, b = self.number(low, digits), self.number(high, digits)
        if a == b:
            return a
        return self("number.to", low=a, high=b) if "−" in a + b else f"{a}–{b}"

    def in_runs(self, number: int, runs: int) -> str:
        """'in 17 of 20 runs'."""
        return self("number.in_runs", n=number, runs=runs)

    def listed(self, items: list[str]) -> str:
        """'a, b and c'."""
        *first, last = items or [""]
        return f"{', '.join(first)} {self('number.and')} {last}" if first else last


@cache
def _under(language: str, prefixes: tuple[str, ...]) -> dict[str, str]:
    """The texts under prefixes; one dict for all who ask, which nobody changes."""
    return {key: entry[language] for key, entry in catalogue()["text"].items() if key.partition(".")[0] in prefixes}


@cache
def _titles() -> dict[str, str]:
    return {p.title: name for name, p in PARAMETERS.items()}


@cache
def _patterns(language: str) -> list[tuple[re.Pattern[str], str]]:
    """How each refusal looks in English and what it is in a language, those that say the most first."""
    fills = _FILLS | {"kind": "|".join(catalogue()[language]["word"])}
    found = []
    for english, said in catalogue()[language]["refused"].items():
        parts = re.split(r"{(\w+)}", english)  # text, name, text, ...
        pattern = "".join(re.escape(part) if k % 2 == 0 else f"(?P<{part}>{fills.get(part, '.*?')})"
                          for k, part in enumerate(parts))
        found.append((len("".join(parts[::2])), re.compile(pattern, re.DOTALL), said))
    return [(pattern, said) for _, pattern, said in sorted(found, key=lambda one: -one[0])]


@lru_cache(256)
def _refused(sentence: str, text: Text) -> str:
    for pattern, said in _patterns(text.language):
        if found := pattern.fullmatch(sentence):
            return said.format(**{name: text._filled(name, value) for name, value in found.groupdict().items()})
    return sentence
