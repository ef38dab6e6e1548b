"""A mechanism of a user's own: one object, in one file, that declares all of it.

    burnout = Mechanism("burnout", title="Burnout", says="Citizens who are busy tire.")
    burnout.parameter("tiring", 0.1, (0, 1), "per quarter", title="tiring", says="What one initiative wears.")
    burnout.column("tired", of="citizens", says="How worn out a citizen is.")

    @burnout.act("tired", after="outcomes")
    def tire(tired, load, tiring):
        \"\"\"tired += tiring load (1 - tired).\"\"\"
        return tired + tiring * load * (1.0 - tired)

    @burnout.term("willingness of citizens")
    def weariness(tired):
        \"\"\"-tired (logits).\"\"\"
        return -tired

Functions are pure and of plain numbers; what an argument is, its name says: a column, a parameter, `chance` (a standard
normal), `luck` (a uniform), `quarter`, and mean_ or neighbours_ before the name of a citizens' column
(`simulation.driver` knows them all). Here is only what is declared; nothing here runs a model.
"""

from __future__ import annotations

import hashlib
import inspect
import keyword
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files as resources
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple, TypeVar

from letsdance.params import GROUPS, PARAMETERS, ROLES, SOURCES, Parameter, Refused, Said, files, nearest

__all__ = ["DECISIONS", "Act", "Column", "Indicator", "Mechanism", "Term", "everywhere", "load", "loaded", "on_load",
           "shipped"]



class Decision(NamedTuple):
    """A decision that a term may be added to: how its indicator's name begins, its unit, whose it is, and the phase of the
    quarter before which its terms are asked."""

    begins: str
    unit: str
    whose: str
    before: str


#: Decisions by the words that a file uses, those of citizens first. Success is that of supported work: of citizens' own
#: work a mechanism says it in the place of the rule outcomes.success_probability (`Mechanism.replaces`).
DECISIONS = {
    "willingness of citizens": Decision("x_", "logit", "citizens", "willingness"),
    "joining": Decision("joining_", "share", "citizens", "calls"),
    "willingness of governments": Decision("y_", "logit", "governments", "willingness"),
    "adoption": Decision("value_", "value", "governments", "adoption"),
    "support": Decision("support_", "logit", "governments", "calls"),
    "success": Decision("success_", "logit", "governments", "outcomes"),
    "end of services": Decision("end_", "logit", "governments", "outcomes"),
}
#: After which phases of the quarter a mechanism may act.
PHASES = ("environment", "calls", "outcomes", "stocks", "willingness", "adoption")
WHOSE = ("citizens", "governments")
#: What a lever is tagged with (scenarios/levers.toml): the OECD's quadrants and the citizens, and the OECD's levels (S94).
QUADRANTS = ("Q1", "Q2", "Q3", "Q4", "C")
LEVELS = ("individual", "organisation", "sector", "society")
#: The parameter of a mechanism that says how many municipalities, neighbours in their table, are a region: with it there is
#: a second tier of government. What a rule calls the house's parameters as they act there.
PER_REGION, OF_REGION = "per_region", "region_p"
Rule = TypeVar("Rule", bound=Callable[..., Any])
#: A mechanism by the path of its file, by the word of one that is shipped, or itself; and one or several of them.
type MechanismLike = str | Path | Mechanism
type Mechanisms = MechanismLike | Sequence[MechanismLike]
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}(-\w+)?", re.ASCII)
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}", re.ASCII)
_EFFECT = {"parameter", "add", "multiply", "from", "until", "each_quarter", "threshold", "times", "profile"}


@dataclass(frozen=True, slots=True)
class Column:
    """A state column of citizens or governments: its value at the start, a number or a rule."""

    name: str
    of: str
    unit: str
    says: str
    start: Any


@dataclass(frozen=True, slots=True)
class Act:
    """A rule that gives a column its next value, after a phase of the quarter."""

    sets: str
    after: str
    rule: Any


@dataclass(frozen=True, slots=True)
class Term:
    """A named term of a decision's reasons."""

    name: str
    decision: str
    says: str
    rule: Any


@dataclass(frozen=True, slots=True)
class Indicator:
    """What is measured: the mean of a rule over citizens or governments."""

    name: str
    of: str
    unit: str
    says: str
    rule: Any


class Mechanism:
    """A mechanism: parameters, columns, rules that act, terms, indicators, levers and shocks, declared on one object.

    name: a word in small letters; title and says: for people. source: "seed", "text" or "assumed", and reference: the
    evidence, as of the house's own parameters. Every mechanism has a switch, the parameter on_<name>. Raises `Refused`.
    """

    def __init__(self, name: str, title: str = "", says: str = "", source: str = "assumed", reference: str = "") -> None:
        self.name = _word("a mechanism", name, _NAME)
        self.title, self.says = title or name.replace("_", " "), says
        self.source, self.reference = _one_of(f"{name}: source", source, SOURCES), reference
        self.file, self.text = "", ""
        self.expected = ""  # what the evidence leads us to expect of it, as its file says
        self.parameters: dict[str, Parameter] = {}
        self.columns: dict[str, Column] = {}
        self.acts: list[Act] = []
        self.terms: dict[str, Term] = {}
        self.indicators: dict[str, Indicator] = {}
        self.replaced: dict[str, Any] = {}
        self.levers: dict[str, dict[str, Any]] = {}
        self.shocks: dict[str, dict[str, Any]] = {}
        self.translated: dict[str, dict[str, str]] = {}  # language -> what it says in English -> the same in it
        self.parameter(self.switch, 1, (0, 1), "switch", title=f"{self.title}: runs", role="constant", whole=True,
                       says=f"Whether this mechanism runs: {self.title}.")

    # ------------------------------------------------------------ what it declares

    @property
    def switch(self) -> str:
        """The parameter that turns it off (0) and on (1)."""
        return f"on_{self.name}"

    def parameter(self, name: str, default: float, range: Sequence[float], unit: str, *, title: str = "", says: str = "",
                  role: str = "uncertainty", source: str = "", reference: str = "", whole: bool = False) -> None:
        """Something that can be set: default, range (lowest, highest), unit, and what it says."""
        self._new("parameter", name, PARAMETERS.shipped)
        low, high = self._range(name, range)
        self.parameters[name] = Parameter(
            name=name, title=title or name.replace("_", " "), default=float(default), range=(low, high), unit=unit,
            role=_one_of(f"{self.name}, {name}: role", role, ROLES), group=self.name, reference=reference or self.reference,
            source=_one_of(f"{self.name}, {name}: source", source or self.source, SOURCES), says=says, whole=whole)
        if not low <= default <= high:
            raise Refused("{name}: the default of {name_2} must lie from {low:g} to {high:g}, not {default!r}.",
                          name=self.name, name_2=name, low=low, high=high, default=default)

    def column(self, name: str, of: str, start: float | Callable[..., float] = 0.0, unit: str = "share",
               says: str = "") -> None:
        """A column of "citizens" or "governments". start: a number, or a rule of what stands when a run begins."""
        self._new("column", name, PARAMETERS.shipped)
        if not callable(start) and (isinstance(start, bool) or not isinstance(start, int | float)):
            raise Refused("{name}, {name_2}: start must be a number or a rule, not {start!r}.",
                          name=self.name, name_2=name, start=start)
        self.columns[name] = Column(name, _one_of(f"{self.name}, {name}: of", of, WHOSE), unit, says, start)

    def act(self, sets: str, after: str) -> Callable[[Rule], Rule]:
        """A rule that gives a column (its own, or one of the house) its next value, each quarter after a phase."""
        _one_of(f"{self.name}, {sets}: after", after, PHASES)

        def declare(rule: Rule) -> Rule:
            self.acts.append(Act(sets, after, rule))
            return rule

        return declare

    def replaces(self, name: str) -> Callable[[Rule], Rule]:
        """A rule in the place of one of the house's, named by its file and its name ("willingness.willingness_target"),
        with the same arguments. It holds for a whole run: the switch is read when the run begins."""
        def declare(rule: Rule) -> Rule:
            if name in self.replaced:
                raise Refused("{name}: the rule {rule} is replaced twice; take one of the two away.",
                              name=self.name, rule=name)
            self.replaced[name] = rule
            return rule

        return declare

    def term(self, decision: str, says: str = "") -> Callable[[Rule], Rule]:
        """A rule whose value is added to a decision's reasons (`DECISIONS`), under the rule's own name."""
        _one_of(f"{self.name}: the decision of a term", decision, DECISIONS)

        def declare(rule: Rule) -> Rule:
            name = self._new("term", rule.__name__, {})
            self.terms[name] = Term(name, decision, says or _sentence(rule), rule)
            return rule

        return declare

    def indicator(self, of: str, unit: str = "share", says: str = "") -> Callable[[Rule], Rule]:
        """A rule whose mean over all "citizens" or "governments" is measured every quarter, under the rule's own name."""
        _one_of(f"{self.name}: whose indicator", of, WHOSE)

        def declare(rule: Rule) -> Rule:
            name = self._new("indicator", rule.__name__, {})
            self.indicators[name] = Indicator(name, of, unit, says or _sentence(rule), rule)
            return rule

        return declare

    def lever(self, name: str, title: str, effects: Iterable[Mapping[str, object]], *, cost: float = 1.0, says: str = "",
              quadrant: str = "C", level: str = "organisation", reference: str = "") -> None:
        """A lever, with the data of scenarios/levers.toml. effects: parameter, and add or multiply."""
        _one_of(f"{name}: quadrant", quadrant, QUADRANTS)
        _one_of(f"{name}: level", level, LEVELS)
        self._new("lever", name, {}, _CODE)
        self.levers[name] = {"title": title, "says": says, "quadrant": quadrant, "level": level, "cost": float(cost),
                             "reference": reference or self.reference, "effects": self._effects(name, effects)}

    def shock(self, name: str, title: str, effects: Iterable[Mapping[str, object]], *, duration: int = 0, says: str = "",
              kind: str = "shock", reference: str = "") -> None:
        """A shock or trend, with the data of scenarios/shocks.toml. duration: quarters; 0 lasts to the end."""
        self._new("shock", name, {}, _CODE)
        self.shocks[name] = {"title": title, "says": says, "kind": kind, "duration": int(duration),
                             "reference": reference or self.reference, "effects": self._effects(name, effects)}

    def words(self, language: str, said: Mapping[str, str]) -> None:
        """What it says, in another language ("nl"): {English: the same in it}. What is left out is said in English, and
        listed by `letsdance show languages`. What the house says too stays as the house says it."""
        if not isinstance(language, str) or not _LANGUAGE.fullmatch(language):
            raise Refused("{name}: {language!r} is not the code of a language, such as nl.", name=self.name,
                          language=language)
        for english, own in said.items() if isinstance(said, Mapping) else [(said, None)]:
            if not isinstance(english, str) or not isinstance(own, str) or not own.strip():
                raise Refused("{name}: words are an English text and the same in {language}, not {english!r}: {own!r}.",
                              name=self.name, language=language, english=english, own=own)
        self.translated.setdefault(language, {}).update(said)

    # ------------------------------------------------------------ what follows from it

    @property
    def said(self) -> list[str]:
        """What it says in English, each piece once: what it is called and expects, and all that it declares."""
        rules = (*(act.rule for act in self.acts), *self.replaced.values())
        said = [self.title, self.says, self.expected,
                *(piece for p in self.numbers.values() for piece in (p.title, p.says, p.unit)),
                *(piece for column in self.columns.values() for piece in (column.says, column.unit)),
                *(piece for one in self.indicators.values() for piece in (one.says, one.unit)),
                *(name.replace("_", " ") for name in self.terms),
                *(piece for entry in (*self.levers.values(), *self.shocks.values())
                  for piece in (entry["title"], entry["says"])),
                *(term.says for term in self.terms.values()), *map(sentence, rules)]
        return [piece for piece in dict.fromkeys(said) if piece]

    @property
    def numbers(self) -> dict[str, Parameter]:
        """Its parameters without the switch: what it says of the world."""
        return {name: one for name, one in self.parameters.items() if name != self.switch}

    @property
    def measured(self) -> dict[str, tuple[str, str, str]]:
        """Its indicators and the mean of each of its terms: name -> (unit, what it says, reference)."""
        terms = {DECISIONS[t.decision].begins + t.name: (DECISIONS[t.decision].unit, t.says, self.reference)
                 for t in self.terms.values()}
        return {**{n: (i.unit, i.says, self.reference) for n, i in self.indicators.items()}, **terms}

    @property
    def called(self) -> str:
        """What a sentence calls it: its file, or its name."""
        return self.file or self.name

    @property
    def rules(self) -> list[tuple[str, Callable[..., object]]]:
        """Every rule with its label: of starts, acts, terms and indicators, in this order."""
        return [*((c.name, c.start) for c in self.columns.values() if callable(c.start)),
                *((a.rule.__name__, a.rule) for a in self.acts), *((t.name, t.rule) for t in self.terms.values()),
                *((i.name, i.rule) for i in self.indicators.values()), *self.replaced.items()]

    @property
    def regional(self) -> frozenset[str]:
        """Which of the house's parameters it reads as they act in regions, the second tier of government."""
        there = [one for _, one in self.rules if OF_REGION in inspect.signature(one).parameters]
        return frozenset(name for one in there for name in read_by(one)) & frozenset(PARAMETERS.shipped)

    @property
    def hash(self) -> str:
        """A hash of its source: of its file's text, or of all that was declared and the functions' sources."""
        if self.text:
            return hashlib.sha256(self.text.encode()).hexdigest()[:16]
        said = (self.name, self.parameters, [(c.name, c.of, c.start if not callable(c.start) else "") for c in
                                             self.columns.values()],
                [(a.sets, a.after) for a in self.acts], [(t.name, t.decision) for t in self.terms.values()],
                [(i.name, i.of) for i in self.indicators.values()], list(self.replaced), self.levers, self.shocks)
        digest = hashlib.sha256(repr(said).encode())
        for _, rule in self.rules:
            digest.update(source_of(rule).encode())
        return digest.hexdigest()[:16]

    def learn(self, listed: bool = False) -> Mechanism:
        """Make its names known to this process: what it declares can be named and checked, and if `listed` is shown."""
        for language, words in self.translated.items():
            if unsaid := next((english for english in words if english not in self.said), ""):
                raise Refused("{owner}: its words in {language} have {unsaid!r}, which it does not say in English.{near}",
                              owner=self.called, language=language, unsaid=unsaid, near=nearest(unsaid, self.said))
        try:
            for tell in _LISTENERS:
                tell(self, listed)
            GROUPS.learn({self.name: self.title}, listed)
            PARAMETERS.learn(self.parameters, listed)
        except Refused as error:
            raise Refused("{owner}: {error}",
                          owner=self.called, error=error) from None
        _LOADED[self.name] = self
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mechanism) and (self is other or self.hash == other.hash)

    def __hash__(self) -> int:
        return hash(self.name)

    def __deepcopy__(self, memo: Any) -> Mechanism:
        return self

    def __reduce__(self) -> Any:
        if not self.text:
            raise Refused("the mechanism {name} was declared in a running program, so no other process can load "
                          "it; write it into a file of its own and name that (mechanisms=[\"{name}.py\"]), or stay "
                          "with threads.",
                          name=self.name)
        return from_text, (self.file, self.text)

    def __repr__(self) -> str:
        parts = ((len(self.parameters), "parameters"), (len(self.columns), "columns"), (len(self.terms), "terms"),
                 (len(self.indicators), "indicators"), (len(self.replaced), "rules replaced"),
                 (len(self.levers), "levers"), (len(self.shocks), "shocks"))
        return f"<Mechanism {self.name}: {', '.join(f'{n} {what}' for n, what in parts if n)}; source {self.hash}>"

    # ------------------------------------------------------------ checks

    def _new(self, kind: str, name: str, shipped: Mapping[str, Any], fits: re.Pattern[str] = _NAME) -> str:
        _word(f"{self.name}: a {kind}", name, fits)
        if name in shipped:
            raise Refused("{name}: the model has a {title} called {name_2} already; give the {kind} another name.",
                          name=self.name, title=shipped[name].title, name_2=name, kind=kind)
        if name in {*self.parameters, *self.columns, *self.terms, *self.indicators, *self.levers, *self.shocks}:
            raise Refused("{name}: {declared} is declared twice; give one of the two another name.", name=self.name,
                          declared=name)
        return name

    def _range(self, name: str, range: Sequence[float]) -> tuple[float, float]:
        try:
            low, high = (float(end) for end in range)
        except (TypeError, ValueError):
            low, high = 1.0, 0.0
        if not low < high < float("inf"):
            raise Refused("{name}: the range of {name_2} must be two numbers, lowest and highest, not {range!r}.",
                          name=self.name, name_2=name, range=range)
        return low, high

    def _effects(self, name: str, effects: Iterable[Mapping[str, object]]) -> list[dict[str, Any]]:
        checked = [dict(effect) for effect in effects]
        for effect in checked:
            if unknown := set(effect) - _EFFECT:
                odd = min(unknown)
                raise Refused("{name}, {name_2}: there is no entry {odd!r} in an effect.{near}",
                              name=self.name, name_2=name, odd=odd, near=nearest(odd, _EFFECT))
            known = {**PARAMETERS.shipped, **self.parameters}
            for key in ("parameter", "times"):
                if key in effect and effect[key] not in known:
                    raise Refused("{name}, {name_2}: there is no parameter {found!r} to act on.{near} Declare "
                                  "parameters before levers and shocks.",
                                  name=self.name, name_2=name, found=effect[key],
                                  near=nearest(str(effect[key]), known))
            if "parameter" not in effect or not {"add", "multiply"} & set(effect):
                raise Refused("{name}, {name_2}: an effect needs a parameter, and add or multiply.",
                              name=self.name, name_2=name)
        return checked


# ---------------------------------------------------------------- files

_LOADED: dict[str, Mechanism] = {}
_BY_SOURCE: dict[tuple[str, str], Mechanism] = {}
_LISTENERS: list[Callable[[Mechanism, bool], None]] = []
_everywhere: tuple[Mechanism, ...] = ()


def loaded() -> tuple[Mechanism, ...]:
    """The mechanisms that this process has loaded, by name the last one of each."""
    return tuple(_LOADED.values())


def on_load(tell: Callable[[Mechanism, bool], None]) -> None:
    """Call `tell(mechanism, listed)` for every mechanism that is loaded, those before included."""
    _LISTENERS.append(tell)
    for mechanism in loaded():
        tell(mechanism, mechanism in _everywhere)


def everywhere(which: Mechanisms | None = None) -> tuple[Mechanism, ...]:
    """The mechanisms that run in whatever this process loads from now on; set to `which` if given (`--mechanism`)."""
    global _everywhere
    if which is not None:
        _everywhere = chosen(which)
        for one in _everywhere:
            one.learn(listed=True)
    return _everywhere


def load(which: MechanismLike) -> Mechanism:
    """A mechanism from its file, which is run as Python: only what the user named on this machine is handed to this. Those
    that are shipped (`shipped`) go by a word.

    Raises `Refused` for a file that is not there, does not run, or does not declare exactly one mechanism.
    """
    if isinstance(which, Mechanism):
        return which.learn()
    if isinstance(which, str) and which in shipped():
        return from_text(which, shipped()[which])
    if not isinstance(which, str | Path):
        raise Refused("a mechanism must be the path of its file (.py) or a Mechanism, not {which!r}.",
                      which=which)
    path = files.named(str(which), "mechanism")
    if path.suffix != ".py":
        raise Refused("{shown} is not the file of a mechanism; name a Python file (.py), or one of "
                      "`letsdance show mechanisms`.{near}",
                      shown=files.shown(str(which)), near=nearest(str(which), shipped()))
    return from_text(str(path), files.text(path, Said("write one as docs/your_own_mechanism.md says")))


@cache
def shipped() -> Mapping[str, str]:
    """The mechanisms that come with the model, off unless they are named: a word -> its file's text."""
    folder = resources(__package__).joinpath("mechanisms")
    return {one.name.removesuffix(".py"): one.read_text(encoding="utf-8")
            for one in sorted(folder.iterdir(), key=lambda one: one.name) if one.name.endswith(".py")}


@cache
def described() -> tuple[Mechanism, ...]:
    """Every mechanism that is shipped. None is known by that alone."""
    return tuple(_declared(word, text) for word, text in shipped().items())


def owner(name: str) -> Mechanism | None:
    """The mechanism, loaded or shipped, that declares a parameter, lever or shock of this name, if there is one."""
    every = (*loaded(), *described())
    return next((one for one in every if name in one.parameters or name in one.levers or name in one.shocks), None)


def from_text(file: str, text: str) -> Mechanism:
    """The mechanism that a file's text declares, known from now on."""
    return _declared(file, text).learn()


def _declared(file: str, text: str) -> Mechanism:
    """The mechanism that a file's text declares."""
    if (file, text) in _BY_SOURCE:
        return _BY_SOURCE[file, text]
    module = ModuleType(f"mechanism_{hashlib.sha256(text.encode()).hexdigest()[:8]}")
    module.__file__ = file
    sys.modules[module.__name__] = module  # where the compiler looks for it when it loads what it kept
    try:
        exec(compile(text, file, "exec"), module.__dict__)
    except Refused as error:
        raise Refused("{file}{line}: {error}",
                      file=file, line=_line(error, file), error=error) from None
    except SyntaxError as error:
        raise Refused("{file}, line {lineno}: this is not Python: {msg}.",
                      file=file, lineno=error.lineno, msg=error.msg) from None
    except Exception as error:
        raise Refused("{file}{line}: {kind}: {error}.",
                      file=file, line=_line(error, file), kind=type(error).__name__, error=error) from None
    found = {id(one): one for one in vars(module).values() if isinstance(one, Mechanism)}
    if not found:
        raise Refused("{file} declares no mechanism; a file declares exactly one (name = ld.Mechanism(...), at its top).",
                      file=file)
    if len(found) > 1:
        raise Refused("{file} declares {count} mechanisms; a file declares exactly one (name = ld.Mechanism(...), at its "
                      "top).", file=file, count=len(found))
    mechanism = next(iter(found.values()))
    mechanism.file, mechanism.text = file, text
    mechanism.expected = " ".join((module.__doc__ or "").partition("Expected: ")[2].split())
    _BY_SOURCE[file, text] = mechanism
    return mechanism


def named(given: Mechanisms) -> list[MechanismLike]:
    """One or several mechanisms as a list."""
    return [given] if isinstance(given, str | Path | Mechanism) else list(given)


def chosen(given: Mechanisms, before: Iterable[Mechanism] = ()) -> tuple[Mechanism, ...]:
    """The mechanisms named, after those there are; `Refused` where two of them declare the same."""
    together = tuple(dict.fromkeys([*before, *(load(one) for one in named(given))]))
    owner: dict[str, Mechanism] = {}
    for one in together:
        for name in (one.name, *one.parameters, *one.columns, *one.terms, *one.indicators, *one.levers, *one.shocks):
            other = owner.setdefault(name, one)
            if other is not one and name == one.name == other.name:
                raise Refused("two mechanisms are called {name}; rename one of them, or load one of the two.", name=name)
            if other is not one:
                raise Refused("{other} and {one} both declare something called {name}; rename one of them, or load one of "
                              "the two.", other=other.name, one=one.name, name=name)
    return together


def mark_of(rules: Mapping[str, Callable[..., object]]) -> str:
    """A hash of rules by name and source, whatever their order."""
    return hashlib.sha256("".join(f"{name} {source_of(one)}" for name, one in sorted(rules.items())).encode()).hexdigest()


def of_rules(rules: Mapping[str, Callable[..., object]] | None) -> tuple[Mechanism, ...]:
    """A mechanism that only replaces rules of the house: what `simulate(rules=...)` loads; none for no rules."""
    if not rules:
        return ()
    made = Mechanism(f"rules_{mark_of(rules)[:8]}", "rules of one's own", f"In the place of {', '.join(rules)}.")
    for name, one in rules.items():
        made.replaces(name)(one)
    return (made.learn(),)


# ---------------------------------------------------------------- small things

def _word(what: str, name: object, fits: re.Pattern[str]) -> str:
    if not isinstance(name, str) or not fits.fullmatch(name) or keyword.iskeyword(name):
        raise Refused("{what} needs a name of small letters, digits and underscores that begins with a letter, not "
                      "{name!r}.",
                      what=what, name=name)
    return name


def _one_of(what: str, value: str, known: Iterable[str]) -> str:
    if value not in known:
        raise Refused("{what} must be one of {known}, not {value!r}.{near}",
                      what=what, known=', '.join(known), value=value, near=nearest(str(value), known))
    return value


def sentence(rule: Callable[..., object]) -> str:
    """What a rule says of itself: the first line of its docstring; "" where it has none."""
    return next(iter((inspect.getdoc(rule) or "").splitlines()), "")


def _sentence(rule: Any) -> str:
    """The same, or its name in words."""
    return sentence(rule) or str(rule.__name__).replace("_", " ")


def _line(error: BaseException, file: str) -> str:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return f", line {lines[-1]}" if lines else ""


def read_by(rule: Callable[..., object], seen: frozenset[int] = frozenset()) -> Iterator[str]:
    """Names that a rule asks for or takes of a record, and those of the functions that it calls."""
    plain: Any = getattr(rule, "py_func", rule)
    code = getattr(plain, "__code__", None)
    if code is None or id(plain) in seen:
        return
    yield from (*code.co_varnames[:code.co_argcount], *code.co_names)
    for name in code.co_names:
        used = plain.__globals__.get(name)
        if callable(used) and not isinstance(used, type):
            yield from read_by(used, seen | {id(plain)})


def source_of(rule: Any, seen: frozenset[int] = frozenset()) -> str:
    """A function's source, with that of the functions and the numbers that it uses."""
    plain = getattr(rule, "py_func", rule)
    if not isinstance(plain, FunctionType) or id(plain) in seen or plain.__module__.startswith(("letsdance.", "numpy")):
        return repr(getattr(plain, "__name__", plain))
    try:
        parts = [inspect.getsource(plain)]
    except (OSError, TypeError):
        parts = [_said(plain.__code__)]
    for name in plain.__code__.co_names:
        used = plain.__globals__.get(name)
        if isinstance(used, int | float | str | tuple):
            parts.append(f"{name}={used!r}")
        elif callable(used):
            parts.append(source_of(used, seen | {id(plain)}))
    parts += [repr(cell.cell_contents) for cell in plain.__closure__ or () if isinstance(cell.cell_contents, int | float)]
    return "\n".join(parts)


def _said(code: CodeType) -> str:
    return repr((code.co_code, code.co_consts, code.co_names))
