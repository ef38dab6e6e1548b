"""Every text that people read, one file a language (en.toml, nl.toml, ...), and how numbers are written in each.

`Text(language)("key", name=value)` is a text. A language is one file here: it is offered, written and tested because it
is there. Titles and sentences of levers, shocks, parameters, starts and profiles are declared in params/ and scenarios/
in English; a language's file holds them in its own words, and `Text.title("lever", "FRCS")` finds either. What a file
lacks is said in English, and listed by `missing` (`letsdance show languages`).
"""

from __future__ import annotations

import math
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, Any, Literal

from letsdance.params import (
    CONTEXTS,
    GROUPS,
    PARAMETERS,
    PROFILES,
    SOURCES,
    Refused,
    Said,
    Title,
    evidence_states,
    listed,
    nearest,
)

if TYPE_CHECKING:
    from letsdance.scenarios.mechanism import Mechanism

__all__ = ["ENGLISH", "IN_ENGLISH", "KINDS", "OWN", "TEXTS", "Text", "capital", "catalogue", "declared", "languages",
           "missing", "spaced", "text_in"]

ENGLISH = "en"
#: Names a folder whose files of languages come besides (and before) those that are here.
OWN = "LETSDANCE_LANGUAGES"
#: The tables of a language's file that hold texts: of the screens, and of what is handed over.
TEXTS = ("text", "report")
_GAP = "\u00a0"  # keeps a number and its sign on one line
#: Where a reader of TOML, which speaks English, says that something stands.
_AT = re.compile(r".*\(at line (\d+), column (\d+)\)")
#: How a language writes numbers, where its file does not say.
_WRITING = {"name": "", "decimal": ".", "group": ",", "percent": f"{{n}}{_GAP}%"}


@cache
def _files() -> dict[str, Any]:
    """Where each language stands: code -> file, English first."""
    own = os.environ.get(OWN, "")
    places = [*files(__package__).iterdir(), *(Path(own).iterdir() if own else ())]
    found = {place.name.removesuffix(".toml"): place for place in places if place.name.endswith(".toml")}
    return {code: found[code] for code in sorted(found, key=lambda code: (code != ENGLISH, code))}


def languages() -> tuple[str, ...]:
    """The codes of all languages that have a file, English first."""
    return tuple(_files())


@cache
def catalogue(language: str) -> dict[str, Any]:
    """What a language's file says: `language` (name; decimal, group, percent: how numbers are written), the tables of
    `TEXTS`, `refused`, and a table a kind."""
    return tomllib.loads(_files()[language].read_text(encoding="utf-8"))


def _names(text: str) -> set[str]:
    """What is filled into a text."""
    return set(re.findall(r"{(\w+)", text))


def _said(language: str) -> dict[str, str]:
    """The texts that a language's file has."""
    told = catalogue(language)
    return {key: text for table in TEXTS for key, text in told.get(table, {}).items()}


@cache
def _texts(language: str) -> dict[str, str]:
    """Every text, in English where the file has none, or one that asks for what nobody fills in."""
    english, own = _said(ENGLISH), _said(language)
    return english | {key: text for key, text in own.items() if _names(text) <= _names(english.get(key, ""))}


@cache
def _forms(language: str) -> dict[str, re.Pattern[str]]:
    """How words that mean a term begin: name -> a pattern."""
    own = catalogue(language).get("term", {})
    return {name: re.compile("|".join(rf"(?<!\w){re.escape(form)}" for form in (
        re.sub(r"\s", " ", own.get(name, {}).get("forms", entry["forms"])).split(", "))), re.IGNORECASE)
        for name, entry in declared("term").items()}


@cache
def _writing(language: str) -> dict[str, str]:
    return _WRITING | catalogue(language).get("language", {})


def capital(text: str) -> str:
    """With a capital."""
    return f"{text[:1].upper()}{text[1:]}"


def text_in(language: str) -> Text:
    """The texts of a language, by its code. Raises `Refused` where no file has it."""
    if language not in languages():
        raise Refused("there is no language {language!r}.{near} Known: {known}.", language=language,
                      near=nearest(language, languages()), known=", ".join(languages()))
    return Text(language)


def missing(language: str) -> Iterator[str]:
    """What a language's file does not say, and is said in English: its keys, such as 'text page.map'."""
    if language == ENGLISH:
        return
    from letsdance.scenarios.mechanism import everywhere

    told, said = catalogue(language), _said(language)
    yield from (f"text {key}" for key in _said(ENGLISH)
                if key not in said or _texts(language)[key] != said[key])
    for table in ("refused", "word", "help"):  # their English stands in the code: known is what another language has
        known = dict.fromkeys(key for other in languages() for key in catalogue(other).get(table, {}))
        yield from (f"{table} {key}" for key in known if key not in told.get(table, {}))
    for kind in KINDS:
        for name, entry in declared(kind).items():
            yield from (f"{kind} {name} {field}" for field in entry if field not in told.get(kind, {}).get(name, {}))
    for one in everywhere():
        yield from (f"part {said} title" for said in _parts(one)
                    if said not in declared("part") and said not in told.get("part", {})
                    and said not in one.translated.get(language, {}))


def _starts() -> dict[str, dict[str, str]]:
    from letsdance import scenarios

    return {name: {"title": (s := scenarios.load(name)).title, "says": s.says} for name in scenarios.STARTS}


#: What is declared in English elsewhere, and the terms of the glossary: kind -> name -> {title, says}.
KINDS = ("start", "lever", "shock", "parameter", "profile", "context", "group", "band", "unit", "indicator",
         "part", "source", "term")


@cache
def declared(kind: str) -> Mapping[str, Mapping[str, str]]:
    """The English of a kind, of what the house has and whatever else is loaded: name -> {title, says}."""
    from letsdance import scenarios

    if kind == "parameter":
        return {name: {"title": p.title, "says": p.says} for name, p in PARAMETERS.shipped.items()}
    if kind == "group":
        return {name: {"title": title} for name, title in GROUPS.shipped.items()}
    if kind == "source":
        return {name: {"title": name, "says": says} for name, says in SOURCES.items()}
    if kind == "band":
        return {name: {"title": name} for p in PARAMETERS.shipped.values() for name in p.bands}
    if kind == "unit":
        return {p.unit: {"title": p.unit} for p in PARAMETERS.shipped.values()}
    if kind == "part":
        return {said: {"title": said} for said in _pieces()}
    if kind == "indicator":
        from letsdance.simulation.indicators import SOCIETY

        return {name: {"title": says} for name, (_, says, _) in SOCIETY.shipped.items()}
    if kind == "term":
        terms: Mapping[str, Mapping[str, str]] = catalogue(ENGLISH)["term"]
        return terms
    tables: dict[str, Any] = {"start": _starts(), "lever": scenarios.LEVERS.shipped, "shock": scenarios.SHOCKS.shipped,
                              "profile": PROFILES, "context": CONTEXTS}
    return {name: {"title": entry["title"], "says": entry["says"]} for name, entry in tables[kind].items()}


def _pieces() -> Iterator[str]:
    """What is declared in English without a name: of shipped mechanisms and cases, units of indicators, and what became of
    lines of the evidence."""
    from letsdance.scenarios import cases, mechanism
    from letsdance.simulation.indicators import SOCIETY

    yield from (*mechanism.PHASES, *mechanism.DECISIONS)
    for one in mechanism.described():
        yield from _parts(one)
    yield from (unit for unit, _, _ in SOCIETY.shipped.values() if unit not in declared("unit"))
    for state, table in evidence_states().items():
        if state != "tested":  # else where it is tested, and not why
            yield from (piece for piece in (*(table if state == "beyond" else ()), *table.values())
                        if state != "optional" or not set(piece.split()) <= mechanism.shipped().keys())
    for case in cases.CASES.values():
        yield from (piece for piece in (case.title, case.says, case.is_not, case.breaks) if piece)


def _parts(one: Mechanism) -> Iterator[str]:
    """What a mechanism says in English that needs other words: no unit of the house's, and no equation of names alone,
    which reads alike everywhere."""
    from letsdance.scenarios.mechanism import sentence

    names = {*one.parameters, *one.columns, *PARAMETERS.shipped, "min", "max", "iota", "gbar", "nbar"}
    equations = {*(term.says for term in one.terms.values()),
                 *(sentence(rule) for rule in (*(act.rule for act in one.acts), *one.replaced.values()))}
    yield from (piece for piece in one.said if piece not in declared("unit") and (
        piece not in equations or set(re.findall(r"[A-Za-z]\w{2,}", piece)) - names))


def spaced(name: str) -> str:
    """A name of the code, such as that of a term of a decision, as words."""
    return name.replace("_", " ")


def _learned(kind: str, name: str) -> Mapping[str, str]:
    """The same of what a mechanism declares."""
    from letsdance import scenarios
    from letsdance.simulation.indicators import SOCIETY

    if kind == "parameter":
        return {"title": PARAMETERS[name].title, "says": PARAMETERS[name].says}
    if kind == "group":
        return {"title": GROUPS[name]}
    if kind == "indicator":
        return {"title": SOCIETY[name][1]}
    books: dict[str, Mapping[str, Any]] = {"lever": scenarios.LEVERS, "shock": scenarios.SHOCKS}
    return books[kind][name] if kind in books else {"title": name, "says": ""}


@dataclass(frozen=True, slots=True)
class Text:
    """The texts of one language."""

    language: str = ENGLISH

    @property
    def name(self) -> str:
        """What the language calls itself."""
        return _writing(self.language)["name"] or self.language

    @property
    def decimal(self) -> Literal["point", "comma"]:
        """What stands before the decimals of a number."""
        return "comma" if _writing(self.language)["decimal"] == "," else "point"

    def __call__(self, key: str, **values: object) -> str:
        """A text, with {names} filled in."""
        text = _texts(self.language).get(key, key)
        return text.format(**values) if values else text

    def all(self, *prefixes: str) -> dict[str, str]:
        """The texts under prefixes, for a Vue component: {"explore.undo": ...}."""
        return _under(self.language, prefixes)

    def title(self, kind: str, name: str) -> str:
        """The title of something declared, such as title("lever", "FRCS")."""
        return self._declared(kind, name, "title")

    def start(self, title: str) -> str:
        """A scenario's title: that of a start, in this language; else as its author wrote it."""
        return next((self.title("start", name) for name, one in declared("start").items() if one["title"] == title), title)

    def says(self, kind: str, name: str) -> str:
        """Its sentence for people."""
        return self._declared(kind, name, "says")

    def _declared(self, kind: str, name: str, field: str) -> str:
        said: str | None = catalogue(self.language).get(kind, {}).get(name, {}).get(field)
        if said is not None:
            return said
        known = declared(kind)
        return known[name][field] if name in known else self._of_mechanism(kind, name, field)

    def _of_mechanism(self, kind: str, name: str, field: str) -> str:
        """What a loaded mechanism declares; its switch is no declaration of its author."""
        if kind == "parameter" and name == f"on_{(group := PARAMETERS[name].group)}":
            return self(f"lab.switch_{field}", mechanism=self.title("group", group))
        return self.learned(_learned(kind, name)[field])

    def learned(self, said: str) -> str:
        """What a mechanism says in English, in this language: as its file has it where it says the same as one that is
        shipped, else as the mechanism's own words have it."""
        own: dict[str, dict[str, str]] = catalogue(self.language).get("part", {})
        if said in own:
            return own[said]["title"]
        from letsdance.scenarios.mechanism import loaded

        words = (one.translated.get(self.language, {}) for one in loaded())
        return next((told[said] for told in words if said in told), said)

    def terms(self, said: str) -> list[tuple[str, str]]:
        """The terms of the glossary that a text uses, with what they mean, in the order of the glossary."""
        said = re.sub(r"\s", " ", said)  # whatever keeps a number and its sign together
        return [(self.title("term", name), self.says("term", name)) for name, form in _forms(self.language).items()
                if form.search(said)]

    def help(self, said: str) -> str:
        """What a command or an option does, in this language; of its first sentence, which a list of commands has, that."""
        own: dict[str, str] = catalogue(self.language).get("help", {})
        said = " ".join(said.split())
        if said in own or self.language == ENGLISH:
            return own.get(said, said)
        whole = next((key for key in own if key.startswith(f"{said} ")), "") if said.endswith(".") else ""
        return f"{own[whole].partition('. ')[0]}." if whole else said

    # ------------------------------------------------------------ what is refused

    def refused(self, sentence: object) -> str:
        """A refusal, or what it says, in this language; in English where its file does not have the template."""
        said = str(sentence)
        if self.language == ENGLISH or not isinstance(said, Said):
            return said
        own: str | None = catalogue(self.language).get("refused", {}).get(said.template)
        if own is None:
            return said
        try:
            return Said(own, **self._fills(said)) if said.values else own
        except (KeyError, IndexError, ValueError):  # the file asks for what nobody fills in
            return said

    def _fills(self, said: Said) -> dict[str, str]:
        """What fills a refusal, each as its template writes it, in this language."""
        return {name: self._filled(name, said.values[name], conversion, spec or "")
                for _, name, spec, conversion in Formatter().parse(said.template) if name}

    def _filled(self, name: str, value: object, conversion: str | None, spec: str) -> str:
        words: dict[str, str] = catalogue(self.language).get("word", {})
        if isinstance(value, Title):
            return self.title(value.kind, value.name)
        if isinstance(value, Said | Refused):
            return self.refused(value)
        if name == "kind" and isinstance(value, str):
            return words.get(value, value)
        if isinstance(value, int | float) and not isinstance(value, bool) and not conversion:
            shown = format(value, spec)
            return self._written(shown if "e+" not in shown else f"{value:,.12g}")
        shown = format(repr(value) if conversion == "r" else value, spec)
        return _AT.sub(words.get("error", r"\g<0>"), shown) if name == "error" else shown

    # ------------------------------------------------------------ numbers

    def number(self, value: float, digits: int = 0) -> str:
        """A number with so many decimals, in this language's writing; '-' where nothing was measured."""
        if not math.isfinite(value):
            return "–"
        text = self._written(f"{abs(value):,.{digits}f}")
        return f"−{text}" if value < 0 and float(f"{value:.{digits}f}") != 0 else text

    def _written(self, number: str) -> str:
        """A number that was written in English, in this language's writing."""
        writing = _writing(self.language)
        return number.translate({ord(","): writing["group"], ord("."): writing["decimal"]})

    def typed(self, value: float) -> str:
        """A number with the digits that it was given with, such as 0.0125."""
        return self._written(f"{value:g}")

    def short(self, value: float) -> str:
        """A number as short as it can be said, such as 0.75 or 12."""
        digits = 2 if abs(value) >= 0.1 else 4  # 0.085 is not 0.09
        text = self.number(value, digits)
        return text.rstrip("0").rstrip(".,") if abs(value) < 1000 and value % 1 else self.number(value)

    def price(self, points: float) -> str:
        """Points of a budget: whole, or with one decimal where a lever acts in a part only."""
        return self.short(round(points, 1))

    def percent(self, share: float) -> str:
        """A share in whole per cent."""
        if not math.isfinite(share):
            return self("number.unmeasured")
        return _writing(self.language)["percent"].format(n=self.number(100 * share))

    def share(self, share: float) -> str:
        """A share in whole per cent; what rounding would turn into none or all is said as such: 'over 99 %'."""
        if 0 < share < 0.005:
            return self("report.under", n=self.percent(0.01))
        return self("report.over", n=self.percent(0.99)) if 0.995 <= share < 1 else self.percent(share)

    def part(self, share: float) -> str:
        """A share in per cent that somebody chose, with its decimals: '12.5 %'."""
        return _writing(self.language)["percent"].format(n=self.short(round(100 * share, 2)))

    def in_points(self, number: str) -> str:
        """A number as it is written, with its unit: '1 point', '+12 points'."""
        return self("number.point" if number.lstrip("+−") == "1" else "number.points", n=number)

    def points(self, share: float) -> str:
        """A difference of shares, without its sign: '12 points'."""
        return self.in_points(self.number(abs(100 * share)))

    def band(self, low: float, high: float, digits: int = 0) -> str:
        """'9–15'; '9' where both ends are written alike; '−3 to 2' where a sign would be mistaken for the dash."""
        a, b = self.number(low, digits), self.number(high, digits)
        if a == b:
            return a
        return self("number.to", low=a, high=b) if "−" in a + b else f"{a}–{b}"

    def percents(self, low: float, high: float) -> str:
        """'60–80 %': a band of shares in whole per cent."""
        return _writing(self.language)["percent"].format(n=self.band(100 * low, 100 * high))

    def cost(self, points: float) -> str:
        """'1 point', '12.5 points'."""
        return self.in_points(self.typed(points))

    def signed(self, value: float, digits: int = 2) -> str:
        """A number with its sign: '+0.25'; nil has none."""
        text = self.number(value, digits)
        return f"+{text}" if value > 0 and float(f"{value:.{digits}f}") != 0 else text

    def p_value(self, p: float) -> str:
        """With its sign: '= 0.03', '< 0.001'."""
        return f"< {self.number(0.001, 3)}" if p < 0.001 else f"= {self.number(p, 3 if p < 0.1 else 2)}"

    def in_runs(self, number: int, runs: int) -> str:
        """'in 17 of 20 runs'."""
        return self("number.in_runs", n=number, runs=runs)

    def quarter(self, quarter: float, form: str = "") -> str:
        """A quarter, to stand behind that word, with its year of the run: '9 (year 3)'; the start, 0, lies in none.

        form: "_beside" where brackets follow: '9, year 3'.
        """
        number, year = self.number(quarter), self.number(math.ceil(quarter / 4))
        return number if quarter < 1 else self(f"number.quarter{form}", quarter=number, year=year)

    def years(self, quarters: float) -> str:
        """How many years so many quarters are: '15'."""
        return self.short(quarters / 4)

    def of_ten(self, share: float, form: str = "") -> str:
        """'7 of 10 municipalities'; 'fewer than 1 of 10', so that neither none nor all is said where it is not so.

        form: "_short" leaves the municipalities out, where the sentence has named them.
        """
        if not math.isfinite(share):
            return self("number.unmeasured")
        if 0 < share < 0.05:
            return self(f"number.fewer_than_one_of_ten{form}")
        if 0.95 <= share < 1:
            return self(f"number.nearly_all_of_ten{form}")
        return self(f"number.of_ten{form}", n=f"{math.floor(10 * share + 0.5)}")

    def group(self, whom: str) -> str:
        """A group of citizens (`scenarios.groups`), such as 'the poorest 25 %'."""
        from letsdance.scenarios import groups

        by, share = groups.told(whom)
        return self(f"group.{by.replace(' ', '_') or 'drawn'}", share=self.part(float(share)))

    def reach(self, where: str, whom: str) -> str:
        """Where and for whom something acts, behind what is said of it: ', in Ash, for the poorest 25 %'; '' for all."""
        return (self("report.when_in", where=where) if where else "") + (
            self("report.when_for", whom=self.group(whom)) if whom else "")

    def labelled(self, label: str, value: object = "") -> str:
        """'Cost: 12': a label and its value, or what stands before it."""
        return self("number.labelled", label=label, value=value)

    def listed(self, items: list[str]) -> str:
        """'a, b and c'."""
        return listed(items, self("number.and"))


#: What is said where no other language is asked for.
IN_ENGLISH = Text()


@cache
def _under(language: str, prefixes: tuple[str, ...]) -> dict[str, str]:
    """The texts under prefixes; one dict for all who ask, which nobody changes."""
    return {key: text for key, text in _texts(language).items() if key.partition(".")[0] in prefixes}
