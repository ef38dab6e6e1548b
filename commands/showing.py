"""What `letsdance show` prints: everything that can be set, used and measured, read from its one declaration."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.resources import files
from typing import Any

from letsdance import scenarios, words
from letsdance.params import CONTEXTS, PARAMETERS, PROFILES, Refused, nearest
from letsdance.scenarios import cases, mechanism
from letsdance.words import IN_ENGLISH, Text

#: The names of columns, keys of `heading`, and rows.
Table = tuple[list[str], list[list[str]]]


def _joined(items: Iterable[str], text: Text) -> str:
    """One behind the other, apart also where a comma stands before decimals."""
    return (", " if text.decimal == "point" else "; ").join(items)


def effects(entry: dict[str, Any], text: Text = IN_ENGLISH) -> str:
    """A lever's or shock's effects at strength 1, in one line; parameters by the names that files use."""
    said = []
    for one in entry["effects"]:
        change = (("+" if one["add"] >= 0 else "-") + text.typed(abs(one["add"])) if "add" in one
                  else f"x{text.typed(one['multiply'])}")
        words = [f"{text(f'report.show_{word}')} {one[word]}" for word in ("from", "until", "threshold", "times", "profile")
                 if word in one]
        quarterly = [text("report.show_each_quarter")] if one.get("each_quarter") else []
        said.append(" ".join([one["parameter"], change, *quarterly, *words]))
    return _joined(said, text)


def values(entry: dict[str, Any], text: Text = IN_ENGLISH) -> str:
    """The parameters that a context or profile sets, in one line."""
    return _joined((f"{name} {text.typed(value)}" for name, value in entry["values"].items()), text)


def expected(entry: dict[str, Any], text: Text = IN_ENGLISH) -> str:
    """What the evidence leads us to expect of a lever alone, with the source, in one line."""
    return "; ".join(text(
        "report.show_expects_less" if "less_than" in one else "report.show_expects", indicator=one["indicator"],
        goes=text(f"report.show_goes_{one['goes'].replace(' ', '_')}"), less=one.get("less_than", "").replace(" ", "+"),
        start=one["start"], source=one["source"]) for one in entry.get("expects", []))


# ---------------------------------------------------------------- a table for each thing that can be shown

def _parameters(text: Text) -> Table:
    return ["name", "title", "default", "range", "unit", "role", "group", "source", "reference", "says"], [
        [p.name, text.title("parameter", p.name), text.typed(p.default),
         text("number.to", low=text.typed(p.range[0]), high=text.typed(p.range[1])), text.title("unit", p.unit),
         text(f"report.role_{p.role}"), text.title("group", p.group), text.title("source", p.source), p.reference,
         text.says("parameter", p.name)] for p in PARAMETERS.values()]


def _levers(text: Text) -> Table:
    return ["name", "title", "quadrant", "level", "points", "effect", "expected_alone", "reference", "says"], [
        [name, text.title("lever", name), e["quadrant"], text(f"level.{e['level']}"), text.typed(e["cost"]),
         effects(e, text), expected(e, text), e["reference"], text.says("lever", name)]
        for name, e in scenarios.LEVERS.items()]


def _shocks(text: Text) -> Table:
    return ["name", "title", "kind", "quarters", "effect", "reference", "says"], [
        [name, text.title("shock", name), text(f"report.kind_{e['kind']}"),
         str(e["duration"] or text("report.show_to_the_end")), effects(e, text), e["reference"], text.says("shock", name)]
        for name, e in scenarios.SHOCKS.items()]


def _scenarios(text: Text) -> Table:
    starts = map(scenarios.load, scenarios.STARTS)
    rows = [[s.name, text.title("start", s.name), text("report.kind_start"),
             values({"values": {"C": s.C, "G": s.G}}, text), text.says("start", s.name)] for s in starts]
    for kind, table in (("context", CONTEXTS), ("profile", PROFILES)):
        rows += [[name, text.title(kind, name), text(f"report.kind_{kind}"), values(e, text), text.says(kind, name)]
                 for name, e in table.items()]
    return ["name", "title", "kind", "values", "says"], rows


def _contexts(text: Text) -> Table:
    return ["name", "title", "kind", "values", "reference", "says"], [
        [name, text.title("context", name), text(f"report.kind_{e['kind']}"), values(e, text), e["reference"],
         text.says("context", name)] for name, e in CONTEXTS.items()]


def _mechanisms(text: Text) -> Table:
    return ["name", "title", "parameters", "levers", "reference", "says", "expected"], [
        [one.name, text.learned(one.title),
         values({"values": {name: p.default for name, p in one.numbers.items()}}, text),
         ", ".join([*one.levers, *one.shocks]), one.reference, text.learned(one.says), text.learned(one.expected)]
        for one in dict.fromkeys((*mechanism.everywhere(), *mechanism.described()))]


def _evidence(text: Text) -> Table:
    from letsdance.experiments import evidence

    def state(name: str) -> str:
        return text(f"report.state_{name}")

    rows = [[one.name, one.says, state(one.state), ", ".join(one.where), ", ".join(one.tested), text.learned(one.why)]
            for one in evidence.lines()]
    rows += [["beyond", text.learned(says), *map(state, why.split(": ", 1)[0].split(" (")[:1]), "", "", text.learned(why)]
             for says, why in evidence.states()["beyond"].items()]
    return ["line", "says", "state", "cited", "tested", "why"], rows


def _indicators(text: Text) -> Table:
    from letsdance.simulation.indicators import SOCIETY

    return ["name", "unit", "says", "reference"], [
        [name, text.title("unit", unit), text.title("indicator", name), reference]
        for name, (unit, _, reference) in SOCIETY.items()]


def _cases(text: Text) -> Table:
    return ["name", "title", "kind", "read_by", "is", "is_not", "breaks", "source", "checked", "licence"], [
        [c.name, text.learned(c.title), text(f"report.kind_{c.kind}"), cases.KINDS[c.kind], text.learned(c.says),
         text.learned(c.is_not), text.learned(c.breaks), c.source, c.checked, c.licence] for c in cases.CASES.values()]


def _languages(text: Text) -> Table:
    lacks = {one: list(words.missing(one)) for one in words.languages()}
    return ["code", "name", "missing", "which"], [
        [one, Text(one).name, str(len(keys)), ", ".join(keys)] for one, keys in lacks.items()]


TABLES: dict[str, Callable[[Text], Table]] = {
    "scenarios": _scenarios, "contexts": _contexts, "parameters": _parameters, "levers": _levers, "shocks": _shocks,
    "mechanisms": _mechanisms, "evidence": _evidence, "indicators": _indicators, "cases": _cases,
    "languages": _languages}
#: What is quoted as its source has it, whatever language is spoken.
QUOTED = ("evidence", "cases")


def title(what: str, text: Text = IN_ENGLISH) -> str:
    """What stands above a table."""
    if what != "evidence":
        return text(f"report.show_{what}")
    from letsdance.experiments import evidence

    counts = evidence.counts()
    return text("report.show_evidence", n=sum(counts.values()),
                said=", ".join(f"{n} {text(f'report.state_{state}')}" for state, n in counts.items()))


def heading(column: str, text: Text = IN_ENGLISH) -> str:
    """What stands above a column; in JSON the English."""
    return text(f"report.column_{column}")


def contents(what: str, text: Text = IN_ENGLISH) -> Table:
    """The names of columns, and rows. Raises `Refused` for what is not there."""
    if what not in TABLES:
        raise Refused("there is nothing called {what!r} to show.{near} Known: {known}.", what=what,
                      near=nearest(what, TABLES), known=", ".join(TABLES))
    return TABLES[what](text)


def copied(what: str, name: str) -> str:
    """The text of a shipped scenario's file, or of a case's. Raises `Refused` for what has none."""
    if what == "cases":
        return cases.case(name.removeprefix(cases.PREFIX)).text
    if what != "scenarios":
        raise Refused("--copy prints the file of a start or of a case; write `letsdance show scenarios --copy {copy}`, "
                      "or `show cases`.", copy=name)
    if name not in scenarios.STARTS:
        raise Refused("there is no start {copy!r}.{near} Known: {known}.", copy=name,
                      near=nearest(name, scenarios.STARTS), known=", ".join(scenarios.STARTS))
    return files("letsdance.scenarios").joinpath(f"{name}.toml").read_text(encoding="utf-8")
