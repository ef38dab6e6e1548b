"""What can be told: the four starts, levers, shocks; files that a user copies and edits, and the loader that
refuses what is wrong with one clear sentence, the place in the file, the remedy and the nearest known name.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from importlib.resources import files as shipped
from pathlib import Path
from typing import Any, TypedDict, cast

from letsdance.params import (
    CONTEXTS,
    PARAMETERS,
    PROFILES,
    Book,
    Parameter,
    Refused,
    Said,
    check_text,
    check_value,
    files,
    nearest,
)
from letsdance.scenarios import groups, mechanism, places
from letsdance.scenarios.mechanism import Mechanism, Mechanisms

__all__ = ["LEVERS", "SHOCKS", "STARTS", "HORIZON", "MOST_TEXT", "Acting", "Changes", "Scenario", "ScenarioLike", "Use",
           "UseLike", "load", "read", "parse_use", "parse_uses"]

#: The four starts, in the order in which they are always shown.
STARTS = ("lets_dance", "lone_ranger", "dead_horse", "wasteland")
#: Quarters that a run may last.
HORIZON = (8, 400)
#: Texts of a scenario, and how many characters each may have.
MOST_TEXT = {"title": 200, "says": 5_000, "municipalities": 64 * 2**20}
_STRENGTH = (0.0, 1.5)
_KEYS = ("title", "says", "quarters", "profile", "context", "municipalities", "mechanisms", "start", "parameters", "levers",
         "shocks")


def _table(name: str) -> Book[dict[str, Any]]:
    return Book(name.removesuffix("s.toml"), tomllib.loads(shipped(__name__).joinpath(name).read_text(encoding="utf-8")))


LEVERS = _table("levers.toml")
SHOCKS = _table("shocks.toml")


def _learn(loaded: Mechanism, listed: bool) -> None:
    LEVERS.learn(loaded.levers, listed)
    SHOCKS.learn(loaded.shocks, listed)


mechanism.on_load(_learn)


@dataclass(frozen=True, slots=True)
class Use:
    """A lever or shock in use: which, from which quarter, for how many quarters (None: to the end), how strongly, in which
    municipalities ('' everywhere; `scenarios.places`), and for which citizens ('' for all; `scenarios.groups`)."""

    name: str
    start: int = 1
    duration: int | None = None
    strength: float = 1.0
    where: str = ""
    whom: str = ""

    def __str__(self) -> str:
        lasts = "" if self.duration is None else f"+{self.duration}"
        return f"{self.name}@{self.start}{lasts}*{self.strength:g}{self.reach}"

    @property
    def reach(self) -> str:
        """Where and for whom it acts, as it is typed behind the rest; '' everywhere for everybody."""
        return (f" in {self.where}" if self.where else "") + (f" for {self.whom}" if self.whom else "")

    def active(self, quarter: int) -> bool:
        """Whether it acts in this quarter."""
        return self.start <= quarter and (self.duration is None or quarter < self.start + self.duration)


#: A lever or shock in use, as text (FRCS@8+20*1.0), as a table of a file, or itself.
type UseLike = str | Use | Mapping[str, object]


class Declaration(TypedDict, total=False):
    """What a lever or shock declares (scenarios/levers.toml and shocks.toml say what each entry means)."""

    title: str
    says: str
    quadrant: str
    level: str
    cost: float
    reference: str
    duration: int
    effects: list[dict[str, str | float]]


class Acting(TypedDict, total=False):
    """What acts on a start, for functions that pass it on."""

    parameters: Mapping[str, object] | None
    levers: Sequence[UseLike]
    shocks: Sequence[UseLike]
    profile: str | None


class Changes(Acting, total=False):
    """What `Scenario.changed` takes, for functions that pass it on."""

    quarters: int | None
    mechanisms: Mechanisms
    context: Sequence[str]


@dataclass(frozen=True)
class Scenario:
    """A start, parameters, levers, shocks, an innovation and a horizon; perhaps its own municipalities, as CSV text, and
    mechanisms of the user's own.
    """

    name: str
    title: str
    says: str = ""
    C: float = PARAMETERS["C0"].default
    G: float = PARAMETERS["G0"].default
    quarters: int = 60
    profile: str = "co_creation"
    context: tuple[str, ...] = ()
    parameters: Mapping[str, float] = field(default_factory=dict)
    levers: tuple[Use, ...] = ()
    shocks: tuple[Use, ...] = ()
    municipalities: str = ""
    mechanisms: tuple[Mechanism, ...] = ()

    def changed(self, *, parameters: Mapping[str, object] | None = None, levers: Sequence[UseLike] = (),
                shocks: Sequence[UseLike] = (), profile: str | None = None, quarters: int | None = None,
                mechanisms: Mechanisms = (), context: Sequence[str] = ()) -> Scenario:
        """This scenario with more contexts, mechanisms, parameters, levers and shocks, checked."""
        running = mechanism.chosen(mechanisms, self.mechanisms)
        known = _parameters(running)
        checked = {n: _check_parameter(n, v, known) for n, v in (parameters or {}).items()}
        changed = replace(
            self, parameters={**self.parameters, **checked}, mechanisms=running,
            context=check_context([*self.context, *([context] if isinstance(context, str) else context)]),
            profile=check_profile(self.profile if profile is None else profile),
            quarters=check_quarters(self.quarters if quarters is None else quarters),
            levers=(*self.levers, *parse_uses("lever", levers)), shocks=(*self.shocks, *parse_uses("shock", shocks)))
        for kind, uses in (("lever", changed.levers), ("shock", changed.shocks)):
            check_uses(kind, uses, changed.quarters)
            for use in uses:
                changed.admits(kind, use)
        return changed

    def uses(self, kind: str) -> Mapping[str, Declaration]:
        """Every lever or shock that this scenario may use: the house's, then those of its mechanisms."""
        own = [one.levers if kind == "lever" else one.shocks for one in self.mechanisms]
        both = {**_known(kind).shipped, **{name: entry for table in own for name, entry in table.items()}}
        return cast(Mapping[str, Declaration], both)

    def declared(self, kind: str, name: str) -> Declaration:
        """What a lever or shock declares, of the house's or of a mechanism that runs here; else `Refused`."""
        found = self.uses(kind)
        if name not in found:
            raise _not_running(kind, name, mechanism.owner(name))
        return found[name]

    @property
    def per_region(self) -> int:
        """How many municipalities are a region; 0 where no second tier of government runs."""
        tier = next((one for one in self.mechanisms if mechanism.PER_REGION in one.parameters), None)
        values = self.values() if tier else {}
        return int(values[mechanism.PER_REGION]) if tier and values[tier.switch] else 0

    def for_regions(self, declared: Declaration) -> bool:
        """Whether a lever or shock may act in regions: it moves something that these have."""
        return any(str(entry["parameter"]) in one.regional for one in self.mechanisms for entry in declared["effects"])

    def admits(self, kind: str, use: Use) -> None:
        """`Refused` for a lever or shock that is not known here, and for one in regions where it has nothing to act on."""
        declared = self.declared(kind, use.name)
        if not places.regional(use.where):
            return
        if not self.per_region:
            raise Refused("{kind} {name} is for the regions, a second tier of government, which does not run in this "
                          "scenario; add it with mechanisms = [\"regions\"], or --mechanism regions.", kind=kind,
                          name=use.name)
        if not self.for_regions(declared):
            able = [name for name, one in self.uses(kind).items() if self.for_regions(one)]
            raise Refused("{kind} {name} moves nothing that a region has; {able} do: take \"in {where}\" out, or use "
                          "one of these.", kind=kind, name=use.name, able=", ".join(able), where=use.where)

    @property
    def known(self) -> Mapping[str, Parameter]:
        """Every parameter that a run of this scenario has: the house's, then those of its mechanisms."""
        return _parameters(self.mechanisms)

    def values(self) -> dict[str, float]:
        """Every parameter's value when the run begins: default, then context, profile, start, own parameters."""
        values = {name: parameter.default for name, parameter in self.known.items()}
        for context in self.context:
            values |= CONTEXTS[context]["values"]
        return values | PROFILES[self.profile]["values"] | {"C0": self.C, "G0": self.G} | dict(self.parameters)

    def without_policy(self) -> Scenario:
        """The same start without levers and shocks: what effects are measured against."""
        return replace(self, levers=(), shocks=())

    def to_toml(self) -> str:
        """A scenario file that restores this scenario."""
        def quoted(text: str) -> str:  # a string of JSON is one of TOML
            return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")

        lines = [f"title = {quoted(self.title)}", f"says = {quoted(self.says)}", f"quarters = {self.quarters}",
                 f'profile = "{self.profile}"']
        if self.context:
            lines.append("context = [" + ", ".join(f'"{c}"' for c in self.context) + "]")
        if self.municipalities:
            lines += ["", f"municipalities = {_block(self.municipalities)}"]
        if self.mechanisms:
            lines += ["", "mechanisms = [" + ", ".join(quoted(one.called) for one in self.mechanisms) + "]"]
        lines += ["", "[start]", f"C = {self.C!r}", f"G = {self.G!r}"]
        if self.parameters:
            lines += ["", "[parameters]", *(f"{n} = {v!r}" for n, v in self.parameters.items())]
        for table, uses in (("levers", self.levers), ("shocks", self.shocks)):
            for use in uses:
                lines += ["", f"[[{table}]]", f'name = "{use.name}"', f"start = {use.start}"]
                lines += [] if use.duration is None else [f"duration = {use.duration}"]
                lines.append(f"strength = {use.strength!r}")
                lines += [f"in = {quoted(use.where)}"] if use.where else []
                lines += [f"for = {quoted(use.whom)}"] if use.whom else []
        return "\n".join(lines) + "\n"


#: A start by its name, a scenario file's path, or the scenario itself.
type ScenarioLike = str | Path | Scenario


def _block(text: str) -> str:
    """Text of several lines as TOML has it, readable and the same to the last character."""
    plain = re.sub(r"[\x00-\x08\x0b-\x1f\x7f\\]", lambda odd: f"\\u{ord(odd[0]):04x}", text)
    return '"""\n' + re.sub(r'"(?="|\Z)', r'\\"', plain) + '"""'


# ---------------------------------------------------------------- checks

def _known(kind: str) -> Book[dict[str, Any]]:
    return LEVERS if kind == "lever" else SHOCKS


def _parameters(running: Sequence[Mechanism]) -> Mapping[str, Parameter]:
    """Parameters that a scenario with these mechanisms has: the house's, then theirs."""
    own = {n: p for one in running for n, p in one.parameters.items()}
    return {**PARAMETERS.shipped, **own} if own else PARAMETERS.shipped


def _check_parameter(name: str, value: object, known: Mapping[str, Parameter], where: str = "") -> float:
    """A value of one of the known parameters; `Refused` also for one of a mechanism that is loaded and does not run."""
    if name not in known and (owner := mechanism.owner(name)):
        raise _not_running("parameter", name, owner)
    return check_value(name, value, where, known)


def _not_running(kind: str, name: str, owner: Mechanism | None) -> Refused:
    if owner is None:
        return Refused("there is no {kind} {name!r}. See `letsdance show {kind}s`.",
                       kind=kind, name=name)
    place = owner.called
    return Refused("the {kind} {name} belongs to the mechanism {name_2}, which does not run in this scenario; add "
                   "it with mechanisms = [{dumps}], or --mechanism {place}.",
                   kind=kind, name=name, name_2=owner.name, dumps=json.dumps(place), place=place)


def _mechanisms(given: object, where: str, folder: Path | None) -> tuple[Mechanism, ...]:
    """The mechanisms that a scenario's text names. Their code is loaded only where the user named the file here."""
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise Refused("{where}mechanisms must be a list of files, such as [\"burnout.py\"], not {given!r}.",
                      where=where, given=given)
    found = []
    for one in given:
        known = [m for m in mechanism.loaded() if Path(m.called).name == Path(one).name]
        if one in mechanism.shipped():  # the model's own code, whoever names it
            found.append(mechanism.load(one))
        elif folder is not None:
            try:
                found.append(mechanism.load(folder / one))
            except Refused as error:
                raise Refused("{where}{error}",
                              where=where, error=error) from None
        elif known:
            found.append(known[-1])
        else:
            raise Refused("{where}this scenario runs with the mechanism {shown}, and code is never loaded from a "
                          "file that came from elsewhere; if you trust it, name it yourself: --mechanism {one}.",
                          where=where, shown=files.shown(one), one=one)
    return mechanism.chosen(found)


def check_profile(profile: object, where: str = "") -> str:
    """A profile's name, or `Refused`."""
    if not isinstance(profile, str) or profile not in PROFILES:
        raise Refused("{where}there is no profile {profile!r}.{near} Known: {known}.", where=where, profile=profile,
                      near=nearest(str(profile), PROFILES), known=", ".join(PROFILES))
    return profile


def check_context(context: object, where: str = "") -> tuple[str, ...]:
    """Names of contexts, at most one of each kind (tradition, sector, government, preset), or `Refused`."""
    named: list[str] = []
    for one in context if isinstance(context, list | tuple) else [context]:
        if not isinstance(one, str) or one not in CONTEXTS:
            raise Refused("{where}there is no context {one!r}.{near} Known: {known}.", where=where, one=one,
                          near=nearest(str(one), CONTEXTS), known=", ".join(CONTEXTS))
        kind = CONTEXTS[one]["kind"]
        if other := next((other for other in named if CONTEXTS[other]["kind"] == kind), ""):
            raise Refused("{where}{other} and {one} are both a {kind}; keep one of them.", where=where, other=other,
                          one=one, kind=kind)
        named.append(one)
    return tuple(named)


def check_quarters(quarters: object, where: str = "") -> int:
    """A horizon, or `Refused`."""
    if isinstance(quarters, bool) or not isinstance(quarters, int) or not HORIZON[0] <= quarters <= HORIZON[1]:
        raise Refused("{where}quarters (the horizon) must be a whole number from {low} to {high}, not "
                      "{quarters!r}.", where=where, low=HORIZON[0], high=HORIZON[1], quarters=quarters)
    return quarters


def check_uses(kind: str, uses: Iterable[Use], quarters: int, where: str = "") -> None:
    """Refuse what starts after the horizon and what overlaps itself."""
    seen: dict[str, list[Use]] = {}
    for use in uses:
        if use.start > quarters:
            raise Refused("{where}{kind} {name} starts in quarter {start}, after the horizon of {quarters}; start it "
                          "earlier or raise quarters (--quarters, or quarters in the file).", where=where, kind=kind,
                          name=use.name, start=use.start, quarters=quarters)
        for other in seen.setdefault(use.name, []):
            if not (places.meet(use.where, other.where) and groups.meet(use.whom, other.whom)):
                continue
            if any(other.active(q) for q in range(use.start, quarters + 1) if use.active(q)) or other.active(use.start):
                raise Refused("{where}{kind} {name} is used twice at the same time ({other} and {use}); keep one of them, "
                              "or let the second start when the first has ended.", where=where, kind=kind, name=use.name,
                              other=other, use=use)
        seen[use.name].append(use)


def _use(kind: str, name: object, start: object, duration: object, strength: object,
         at: Callable[[str], str] = lambda key: "", where: object = "", whom: object = "") -> Use:
    """A use, checked; `at` tells where in a file an entry stands."""
    known = _known(kind)
    if name is None:
        raise Refused("{place}this {kind} has no name; write one of `letsdance show {command}`.", place=at("name"),
                      kind=kind, command=f"{kind}s")
    if isinstance(name, str) and name not in known and (owner := mechanism.owner(name)):
        raise _not_running(kind, name, owner)
    if not isinstance(name, str) or name not in known:
        raise Refused("{place}there is no {kind} {name!r}.{near} See `letsdance show {command}`.", place=at("name"),
                      kind=kind, name=name, near=nearest(str(name), known), command=f"{kind}s")
    if isinstance(start, bool) or not isinstance(start, int) or start < 1:
        raise Refused("{place}{kind} {name}: start must be a quarter, a whole number from 1, not {start!r}.",
                      place=at("start"), kind=kind, name=name, start=start)
    if duration is None and kind == "shock":
        duration = known[name]["duration"] or None
    if duration is not None and (isinstance(duration, bool) or not isinstance(duration, int) or duration < 1):
        raise Refused("{place}{kind} {name}: duration must be a whole number of quarters from 1, not {duration!r}.",
                      place=at("duration"), kind=kind, name=name, duration=duration)
    low, high = _STRENGTH
    if isinstance(strength, bool) or not isinstance(strength, int | float) or not low <= strength <= high:
        raise Refused("{place}{kind} {name}: strength must be a number from {low:g} to {high:g}, not {strength!r}.",
                      place=at("strength"), kind=kind, name=name, low=low, high=high, strength=strength)
    group = groups.check(whom, f"{at('for')}{kind} {name}: ")
    if group and not for_groups(known[name]):
        able = [other for other in known if for_groups(known[other])]
        raise Refused("{place}{kind} {name} does not act on citizens one by one, so it cannot be for a group of them; "
                      "{able} can: take \"for {whom}\" out, or use one of these.", place=at("for"), kind=kind, name=name,
                      able=", ".join(able), whom=group)
    there = places.check(where, f"{at('in')}{kind} {name}: ")
    if group and places.regional(there):
        raise Refused("{place}{kind} {name}: a region has no citizens of its own; take \"for {whom}\" out, or name "
                      "municipalities behind in.", place=at("for"), kind=kind, name=name, whom=group)
    return Use(name, start, duration, float(strength), there, group)


def for_groups(declared: Mapping[str, Any]) -> bool:
    """Whether a lever or shock may act for a group of citizens: every parameter that it changes says so of itself."""
    return all(PARAMETERS[str(entry["parameter"])].each_citizen for entry in declared["effects"])


_PATTERN = re.compile(r"(?P<name>\w+)(@(?P<start>\d{1,9}))?(\+(?P<duration>\d{1,9}))?"
                      r"(\*(?P<strength>\d{0,9}\.?\d{1,1200}))?", re.ASCII)


def parse_use(kind: str, text: str) -> Use:
    """A lever or shock as people type it: NAME@START+DURATION*STRENGTH, such as FRCS@8+20*1.0, perhaps with a place or a
    group of citizens behind it, such as OUT@8+20 in Ash, Birch for the poorest quarter."""
    plain, where, whom = places.parted(text)
    found = _PATTERN.fullmatch(plain.replace(" ", ""))
    if not found:
        example = "FRCS@8+20*1.0" if kind == "lever" else "austerity@12+24"
        raise Refused("{kind} {text!r} cannot be read; write NAME@START+DURATION*STRENGTH, such as {example}.", kind=kind,
                      text=text, example=example)
    duration = found["duration"]
    return _use(kind, found["name"], int(found["start"] or 1), None if duration is None else int(duration),
                float(found["strength"] or 1.0), where="" if where is None else where or " ",
                whom="" if whom is None else whom or " ")


def parse_uses(kind: str, uses: Iterable[Any]) -> tuple[Use, ...]:
    """Uses given as text, as mappings or as `Use`."""
    out = []
    for use in [uses] if isinstance(uses, str | Mapping | Use) else uses:
        if isinstance(use, str):
            out.append(parse_use(kind, use))
        elif isinstance(use, Use):
            out.append(_use(kind, use.name, use.start, use.duration, use.strength, where=use.where, whom=use.whom))
        elif isinstance(use, Mapping):
            _only(use, _ENTRIES, f"{kind}: ")
            out.append(_use(kind, use.get("name"), use.get("start", 1), use.get("duration"), use.get("strength", 1.0),
                            where=_reach(use, "in"), whom=_reach(use, "for")))
        else:
            raise Refused("a {kind} must be text such as NAME@START+DURATION*STRENGTH or a table, not {use!r}.", kind=kind,
                          use=use)
    return tuple(out)


_ENTRIES = ("name", "start", "duration", "strength", "in", "for")


def _reach(table: Mapping[str, Any], key: str) -> object:
    """Where ("in") or for whom ("for") a use of a file acts: an empty text names nothing, and is refused as such."""
    return table.get(key, "") or (" " if key in table else "")


def _only(table: Mapping[str, Any], allowed: Sequence[str], where: str) -> None:
    for key in table:
        if key not in allowed:
            raise Refused("{where}there is no entry {key!r} here.{near} Known: {known}.", where=where, key=key,
                          near=nearest(key, allowed), known=", ".join(allowed))


# ---------------------------------------------------------------- files

class Place:
    """Where in a scenario file something stands, for the sentence that refuses it."""

    def __init__(self, path: str, text: str) -> None:
        self.path, self.lines = path, text.splitlines()

    def __call__(self, table: str = "", key: str = "", nth: int = 0) -> str:
        header = re.compile(r"\s*\[+\s*([\w.]+)\s*\]+")
        current = ""
        count: dict[str, int] = {}
        for number, line in enumerate(self.lines, 1):
            if found := header.match(line):
                current = found[1]
                count[current] = count.get(current, -1) + 1
            here = current == table and count.get(table, 0) == nth
            if here and (found if not key else "=" in line and line.partition("=")[0].strip().strip('"') == key):
                return Said("{path}, line {line}: ", path=self.path, line=number)
        return self(table, "", nth) if key and table else f"{self.path}: "

    def entry(self, table: str, nth: int, key: str) -> str:
        """Where an entry of the nth table of this name stands."""
        return self(table, key, nth)


_everywhere: tuple[str, ...] = ()


@cache
def _shipped(name: str) -> Scenario:
    text = shipped(__name__).joinpath(f"{name}.toml").read_text(encoding="utf-8")
    return read(name, f"{name}.toml", text)


def load(scenario: ScenarioLike) -> Scenario:
    """One of the four starts by its name, a preset (context) by its name, or a scenario file by its path.

    Raises `Refused` for what cannot be.

    >>> ld.load_scenario("lone_ranger").title
    'Lone Ranger'
    """
    if isinstance(scenario, Scenario):
        return scenario
    name = str(scenario)
    more: Changes = {"mechanisms": mechanism.everywhere(), "context": _everywhere}
    if name in STARTS:
        return _shipped(name).changed(**more) if any(more.values()) else _shipped(name)
    path = files.named(name, "scenario")
    if path.suffix != ".toml" and not path.exists():
        raise Refused("there is no scenario {name}.{near} Name one of {starts}, or give the path of a scenario file "
                      "(.toml).", name=files.shown(name), near=nearest(name, STARTS), starts=", ".join(STARTS))
    return read(path.stem, name, files.text(path, Said("copy a start with `letsdance show scenarios --copy lone_ranger` "
                                                       "and edit it")), path.parent).changed(context=_everywhere)


def everywhere(context: Sequence[str]) -> None:
    """Contexts that hold for every start and file that this process loads from now on (`--context`)."""
    global _everywhere
    _everywhere = check_context(list(context))


def read(name: str, path: str, text: str, folder: Path | None = None) -> Scenario:
    """A scenario from the text of a file; `path` is what a refusal names as its place.

    folder: where the mechanisms that it names lie, if the user named the file on this machine. None, for a text that came
    from elsewhere (an upload, a folder's manifest, a saved state): they must have been loaded by name already.
    """
    place = Place(path, text)
    data = files.parsed_toml(text, path)
    if not data:
        raise Refused("{path} is empty; a scenario needs at least a [start] with C and G.", path=path)
    _check_entries(data, place)
    start = data.get("start", {})
    for key in start:
        _only({key: start[key]}, ("C", "G"), place("start", key))
    at = {n: check_value(f"{n}0", v, place("start", n)) for n, v in start.items()}
    own = _mechanisms(data.get("mechanisms", []), place("", "mechanisms"), folder)
    running = mechanism.chosen(own, mechanism.everywhere())
    known, parameters = _parameters(running), {}
    for key, value in data.get("parameters", {}).items():
        parameters[key] = _check_parameter(key, value, known, place("parameters", key))
    context = check_context(data.get("context", []), place("", "context"))
    quarters = check_quarters(data.get("quarters", 60), place("", "quarters"))
    uses = {kind: _uses_of(kind, data.get(f"{kind}s", []), place, quarters) for kind in ("lever", "shock")}
    made = Scenario(
        name=name, says=data.get("says", ""),
        title=check_text("title", data.get("title", name), MOST_TEXT["title"], f"{path}: "),
        C=at.get("C", PARAMETERS["C0"].default), G=at.get("G", PARAMETERS["G0"].default), quarters=quarters,
        profile=check_profile(data.get("profile", "co_creation"), place("", "profile")), context=context,
        parameters=parameters, levers=uses["lever"], shocks=uses["shock"], municipalities=data.get("municipalities", ""),
        mechanisms=running)
    for kind, several in uses.items():
        for use in several:
            made.admits(kind, use)
    return made


def _check_entries(data: Mapping[str, Any], place: Place) -> None:
    """Refuse what no scenario has, tables that are none or empty, and texts that nobody could read."""
    for key in data:
        if key not in _KEYS:
            where = place(key) if isinstance(data[key], dict | list) else place("", key)
            raise Refused("{where}there is no entry {key!r} in a scenario.{near} Known: {known}.", where=where, key=key,
                          near=nearest(key, _KEYS), known=", ".join(_KEYS))
    for key in ("start", "parameters"):
        if key in data and not isinstance(data[key], dict):
            raise Refused("{place}{key} must be a table, written [{key}].", place=place("", key), key=key)
        if key in data and not data[key]:
            raise Refused("{place}the table [{key}] is empty; put a value in it or take it out.", place=place(key), key=key)
    for key, most in MOST_TEXT.items():
        if key in data:
            said = check_text(key, data[key], most, place("", key), any_character=key == "municipalities")
            if (key == "title" and not said.strip()) or (key == "municipalities" and not said):
                raise Refused("{place}{key} is empty; put text in it or take it out.", place=place("", key), key=key)


def _uses_of(kind: str, table: Any, place: Place, quarters: int) -> tuple[Use, ...]:
    """The levers or shocks of a file."""
    if not isinstance(table, list) or not all(isinstance(row, dict) for row in table):
        where = place(f"{kind}s") if place(f"{kind}s") != place() else place("", f"{kind}s")
        raise Refused("{where}{table} must be written as tables, each under [[{table}]].", where=where, table=f"{kind}s")
    uses: list[Use] = []
    for nth, row in enumerate(table):
        if not row:
            raise Refused("{place}the table [[{table}]] is empty; give it a name or take it out.",
                          place=place(f"{kind}s", "", nth), table=f"{kind}s")
        for key in row:
            if key not in _ENTRIES:
                _only(row, _ENTRIES, place(f"{kind}s", key, nth))
        spot = partial(place.entry, f"{kind}s", nth)
        uses.append(_use(kind, row.get("name"), row.get("start", 1), row.get("duration"), row.get("strength", 1.0), spot,
                         _reach(row, "in"), _reach(row, "for")))
        check_uses(kind, uses, quarters, place(f"{kind}s", "start", nth))
    return tuple(uses)
