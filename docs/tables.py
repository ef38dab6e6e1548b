"""Writes the generated parts of docs/*.md: `uv run python -m docs.tables`. tests/test_docs.py fails when one is stale.

A part stands between `<!-- generated: NAME -->` and `<!-- end -->`. What comes between is read from the code that
runs, so a table cannot say anything else than the code does.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import letsdance
from letsdance import scenarios
from letsdance.commands.showing import effects, values
from letsdance.experiments import evidence as lines_of_evidence
from letsdance.params import CONTEXTS, GROUPS, PARAMETERS, PROFILES, ROLES, SOURCES
from letsdance.scenarios import cases, mechanism
from letsdance.simulation import indicators
from letsdance.simulation.luck import Stream
from letsdance.simulation.society import QUARTER
from letsdance.simulation.state import CITIZEN_START, GOVERNMENT_START
from letsdance.words import Text, declared, languages

FOLDER = Path(__file__).parent
#: The files of rules that the documents show.
RULES = ("willingness", "calls", "outcomes", "stocks", "adoption", "uptake", "regimes")
_PART = re.compile(r"(<!-- generated: (?P<name>[\w ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    def line(cells: Iterable[object]) -> str:
        return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"

    return "\n".join([line(head), line("---" for _ in head), *(line(row) for row in rows)])


def plain(function: Any) -> Any:
    """The Python function of a compiled one."""
    return getattr(function, "py_func", function)


def sentence(function: Any) -> str:
    """The first line of a docstring."""
    return (inspect.getdoc(plain(function)) or "").splitlines()[0]


def code(text: object) -> str:
    """Text as code; several lines or pipes do not occur in names."""
    return f"`{text}`"


def parameters() -> str:
    """Every parameter, group by group."""
    parts = []
    for group, title in GROUPS.items():
        rows = []
        for p in (p for p in PARAMETERS.values() if p.group == group):
            bands = "; ".join(f"{name} {low:g} to {high:g}" for name, (low, high) in p.bands.items())
            reference = "[design](#13-how-to-read-the-numbers)" if p.reference == "design" else p.reference
            rows.append((code(p.name), f"{p.default:g}", f"{p.range[0]:g} to {p.range[1]:g}", p.unit, p.role, p.source,
                         reference, f"{p.title}: {p.says}" + (f" ({bands}.)" if bands else "")))
        parts.append(f"**{title}** (`params/parameters/{group}.toml`)\n\n" + table(
            ("name", "default", "range", "unit", "role", "source", "reference", "what it says"), rows))
    roles = table(("role", "meaning"), ROLES.items())
    sources = table(("source", "meaning"), SOURCES.items())
    return "\n\n".join([f"{len(PARAMETERS)} parameters.", roles, sources, *parts])


def phases() -> list[str]:
    """The names of the quarter's phases, in the order in which they run."""
    return [plain(phase).__name__ for phase in QUARTER]


def schedule() -> str:
    """The quarter as it runs."""
    return table(("order", "phase", "what happens"), [
        (order, code(name), sentence(phase).split(": ", 1)[1])
        for order, (name, phase) in enumerate(zip(phases(), QUARTER, strict=True), 1)])


def levers() -> str:
    """Every lever."""
    return table(("lever", "title", "quadrant", "level", "points a quarter", "effect at strength 1", "reference",
                  "what it says"), [
        (code(name), e["title"], e["quadrant"], e["level"], f"{e['cost']:g}", effects(e), e["reference"], e["says"])
        for name, e in scenarios.LEVERS.items()])


def shocks() -> str:
    """Every shock and trend."""
    return table(("name", "title", "kind", "quarters", "effect at strength 1", "reference", "what it says"), [
        (code(name), e["title"], e["kind"], e["duration"] or "to the end", effects(e), e["reference"], e["says"])
        for name, e in scenarios.SHOCKS.items()])


def _sets(entries: Any) -> str:
    return table(("name", "title", "values", "reference", "what it says"), [
        (code(name), e["title"], values(e), e["reference"], e["says"])
        for name, e in entries.items()])


def starts() -> str:
    """The four starts."""
    return table(("start", "title", "C", "G", "quarters", "what it says"), [
        (code(s.name), s.title, f"{s.C:g}", f"{s.G:g}", s.quarters, s.says)
        for s in map(scenarios.load, scenarios.STARTS)])


def measured() -> str:
    """Every indicator of the society's row."""
    return table(("name", "unit", "what it says", "reference", "how it is computed"), [
        (code(name), unit, says, reference, code(indicators.FORMULAS[name]))
        for name, (unit, says, reference) in indicators.SOCIETY.items()])


def columns() -> str:
    """What a table of municipalities may say."""
    needed = [("name", "text", "name of the municipality; all differ"),
              ("citizens", "whole number from 1", "citizen agents of the municipality")]
    free = [(name, "share, 0 to 1", says) for name, says in (CITIZEN_START | GOVERNMENT_START).items()]
    return table(("column", "values", "what it says"), [(code(name), unit, says) for name, unit, says in needed + free])


def streams() -> str:
    """The streams of luck, by number."""
    return textwrap.fill(", ".join(f"{stream.value} {stream.name.lower()}" for stream in Stream), 118)


def equations(module: Any) -> str:
    """The rules of a module, each with its signature and its docstring."""
    functions = [f for f in vars(module).values()
                 if callable(f) and not inspect.isclass(f) and getattr(plain(f), "__module__", "") == module.__name__]
    said = []
    for function in functions:
        names = ", ".join(inspect.signature(plain(function)).parameters)
        doc = (inspect.getdoc(plain(function)) or "").splitlines()
        said.append("\n".join([f"{plain(function).__name__}({names})", *(f"    {line}".rstrip() for line in doc)]))
    return "```text\n" + "\n".join(said) + "\n```"


def _equations_of(name: str) -> Callable[[], str]:
    return lambda: equations(import_module(f"letsdance.simulation.rules.{name}"))


def door() -> str:
    """Every entry of the one door, with the first sentence of its docstring."""
    def first(entry: Any) -> str:
        words = re.split(r"(?<=[.]) |\n\n", (inspect.getdoc(entry) or "").replace("\n", " "))
        return words[0]

    entries = {name: getattr(letsdance, name) for name in letsdance.__all__}
    said = [(code(f"ld.{name}"), first(entry)) for name, entry in entries.items() if callable(entry)]
    data = [code(f"ld.{name}") for name, entry in entries.items() if not callable(entry)]
    return table(("entry", "what it is"), said) + f"\n\nDeclarations, by name: {', '.join(data)}."


def evidence() -> str:
    """How many lines of the evidence are in which state, then every line that is not simply modelled, with why."""
    counted = lines_of_evidence.counts()
    head = table(["state", "lines", "what it means"], [
        [state.replace("_", "-"), n, lines_of_evidence.STATES[state]] for state, n in counted.items()])
    rest = table(["line", "what it says", "state", "why"], [
        [one.name, one.says, one.state.replace("_", "-"), one.why] for one in lines_of_evidence.lines()
        if one.state not in ("tested", "built", "source")])
    beyond = table(["what the list itself misses", "state"], list(lines_of_evidence.states()["beyond"].items()))
    return f"{head}\n\n{rest}\n\n{beyond}"


def shipped() -> str:
    """Every mechanism that comes with the model, with its equations."""
    rows = []
    for one in mechanism.described():
        numbers = ", ".join(f"{code(n)} {p.default:g} ({p.range[0]:g} to {p.range[1]:g})" for n, p in one.numbers.items())
        moved = ", ".join(code(name) for name in (*one.levers, *one.shocks))
        rows.append((code(one.name), one.reference, one.says, numbers, moved, one.expected))
    return table(("word", "reference", "what it says", "parameters: default (range)", "levers and shocks",
                  "expected"), rows)


def shipped_cases() -> str:
    """Every case that ships, with all that is known of it."""
    return "\n\n".join(
        f"## {one.name}\n\n**{one.title}.** {one.says}\n\n" + table(["", ""], [row for row in (
            ("kind", f"{one.kind} ({cases.KINDS[one.kind]})"), ("is not", one.is_not), ("breaks", one.breaks),
            ("source", one.source), ("checked", one.checked), ("licence", one.licence)) if row[1]])
        for one in cases.CASES.values())


def glossary() -> str:
    """Every term of the pages with what it means, and its words in the other languages."""
    tongues = languages()
    rows = [(entry["title"], entry["says"], *(Text(one).title("term", name) for one in tongues[1:]))
            for name, entry in declared("term").items()]
    return table(("term", "what it means", *(Text(one).name for one in tongues[1:])), rows)


PARTS: dict[str, Callable[[], str]] = {
    "parameters": parameters, "schedule": schedule, "levers": levers, "shocks": shocks, "starts": starts,
    "evidence": evidence, "shipped mechanisms": shipped, "cases": shipped_cases,
    "contexts": lambda: _sets(CONTEXTS), "profiles": lambda: _sets(PROFILES), "indicators": measured,
    "indicator rules": lambda: equations(indicators), "columns": columns, "streams": streams, "door": door,
    "glossary": glossary,
    **{f"rules {name}": _equations_of(name) for name in RULES},
}


def written(text: str) -> str:
    """The text with every generated part made anew."""
    def fresh(found: re.Match[str]) -> str:
        return f"{found[1]}{PARTS[found['name']]()}\n{found[3]}"

    return _PART.sub(fresh, text)


def main() -> None:
    """Rewrite every document in place and say which ones changed."""
    for path in sorted(FOLDER.glob("*.md")):
        before = path.read_text(encoding="utf-8")
        after = written(before)
        if after != before:
            path.write_text(after, encoding="utf-8")
            print(f"{path.name} written")


if __name__ == "__main__":
    main()
