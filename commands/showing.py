"""What `letsdance show` prints: everything that can be set, used and measured, read from its one declaration."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from letsdance import scenarios, words
from letsdance.params import CONTEXTS, GROUPS, PARAMETERS, PROFILES, Refused, nearest
from letsdance.scenarios import cases, mechanism

WHAT = ("scenarios", "contexts", "parameters", "levers", "shocks", "mechanisms", "evidence", "indicators", "cases",
        "languages")


def effects(entry: dict[str, Any]) -> str:
    """A lever's or shock's effects at strength 1, in one line."""
    said = []
    for one in entry["effects"]:
        change = f"{one['add']:+g}" if "add" in one else f"x{one['multiply']:g}"
        words = [word for word in ("from", "until", "threshold", "times", "profile") if word in one]
        when = "".join(f" {word} {one[word]}" for word in words)
        said.append(f"{one['parameter']} {change}{' a quarter' if one.get('each_quarter') else ''}{when}")
    return ", ".join(said)


def values(entry: dict[str, Any]) -> str:
    """The parameters that a context or profile sets, in one line."""
    return ", ".join(f"{name} {value:g}" for name, value in entry["values"].items())


def expected(entry: dict[str, Any]) -> str:
    """What the evidence leads us to expect of a lever alone, with the source, in one line."""
    said = []
    for one in entry.get("expects", []):
        goes = {"same": "the same", "any": "either way"}.get(one["goes"], one["goes"])
        less = f", less than {one['less_than'].replace(' ', '+')}" if "less_than" in one else ""
        said.append(f"{one['indicator']} {goes}{less} in {one['start']} ({one['source']})")
    return "; ".join(said)


def contents(what: str, copy: str | None = None) -> tuple[str, list[str], list[list[str]]]:
    """Title, columns and rows; with `copy`, the text of a shipped scenario file or case alone.

    One function, because it is a list: a table for each thing that can be shown.
    """
    if copy is not None:
        if what == "cases":
            return copy, [copy], [[cases.case(copy.removeprefix(cases.PREFIX)).text]]
        if what != "scenarios":
            raise Refused("--copy prints the file of a start or of a case; write `letsdance show scenarios --copy {copy}`, "
                          "or `show cases`.", copy=copy)
        if copy not in scenarios.STARTS:
            raise Refused("there is no start {copy!r}.{near} Known: {known}.", copy=copy,
                          near=nearest(copy, scenarios.STARTS), known=", ".join(scenarios.STARTS))
        return copy, [copy], [[files("letsdance.scenarios").joinpath(f"{copy}.toml").read_text(encoding="utf-8")]]
    if what == "parameters":
        rows = [[p.name, p.title, f"{p.default:g}", f"{p.range[0]:g} to {p.range[1]:g}", p.unit, p.role, GROUPS[p.group],
                 p.source, p.reference, p.says] for p in PARAMETERS.values()]
        return "Parameters", ["name", "title", "default", "range", "unit", "role", "group", "source", "reference",
                              "what it says"], rows
    if what == "levers":
        rows = [[name, e["title"], e["quadrant"], f"{e['cost']:g}", effects(e), expected(e), e["reference"], e["says"]]
                for name, e in scenarios.LEVERS.items()]
        return "Levers", ["name", "title", "quadrant", "points a quarter", "effect at strength 1",
                          "expected of it alone (source)", "reference", "what it says"], rows
    if what == "shocks":
        rows = [[name, e["title"], e["kind"], str(e["duration"] or "to the end"), effects(e), e["reference"], e["says"]]
                for name, e in scenarios.SHOCKS.items()]
        return "Shocks and trends", ["name", "title", "kind", "quarters", "effect at strength 1", "reference",
                                     "what it says"], rows
    if what == "scenarios":
        starts = map(scenarios.load, scenarios.STARTS)
        rows = [[s.name, s.title, "start", f"C {s.C:g}, G {s.G:g}", s.says] for s in starts]
        for kind, table in (("context", CONTEXTS), ("profile", PROFILES)):
            rows += [[name, e["title"], kind, values(e), e["says"]]
                     for name, e in table.items()]
        return "Starts, contexts and profiles of innovations", ["name", "title", "kind", "values", "what it says"], rows
    if what == "contexts":
        rows = [[name, e["title"], e["kind"], values(e), e["reference"],
                 e["says"]] for name, e in CONTEXTS.items()]
        return "Contexts, at most one of each kind (--context NAME)", [
            "name", "title", "kind", "values", "reference", "what it says"], rows
    if what == "mechanisms":
        rows = [[one.name, one.title, ", ".join(f"{n} {p.default:g}" for n, p in one.numbers.items()),
                 ", ".join([*one.levers, *one.shocks]), one.reference, one.says, one.expected]
                for one in mechanism.described()]
        return "Mechanisms that are shipped, off unless they are named (--mechanism NAME)", [
            "name", "title", "parameters", "levers and shocks", "reference", "what it says", "what is expected"], rows
    if what == "evidence":
        from letsdance.experiments import evidence

        rows = [[one.name, one.says, one.state.replace("_", "-"), ", ".join(one.where), ", ".join(one.tested), one.why]
                for one in evidence.lines()]
        rows += [["beyond", says, *why.split(": ", 1)[0].split(" (")[:1], "", "", why]
                 for says, why in evidence.states()["beyond"].items()]
        return evidence.headline() + ".", ["line", "what it says", "state", "cited by", "tested by", "why"], rows
    if what == "indicators":
        from letsdance.simulation.indicators import SOCIETY

        return "Indicators", ["name", "unit", "what it says", "reference"], [
            [name, unit, says, reference] for name, (unit, says, reference) in SOCIETY.items()]
    if what == "cases":
        return "Cases that ship (case:NAME wherever a table is read; --copy NAME prints its file)", [
            "name", "title", "kind", "read by", "what it is", "what it is not", "breaks", "source", "checked", "licence"], [
            [c.name, c.title, c.kind, cases.KINDS[c.kind], c.says, c.is_not, c.breaks, c.source, c.checked, c.licence]
            for c in cases.CASES.values()]
    if what == "languages":
        lacks = {one: list(words.missing(one)) for one in words.languages()}
        return "Languages", ["code", "name", "missing, said in English", "which"], [
            [one, words.Text(one).name, str(len(keys)), ", ".join(keys)] for one, keys in lacks.items()]
    raise Refused("there is nothing called {what!r} to show.{near} Known: {known}.", what=what, near=nearest(what, WHAT),
                  known=", ".join(WHAT))
