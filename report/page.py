"""The page: one HTML file that opens anywhere without a network, with figures, sentences, numbers and their origin."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from letsdance.experiments import cards
from letsdance.params import EVIDENCE, PARAMETERS, SOURCES
from letsdance.report import words
from letsdance.report.figures import FIGURES, ever_adopted_by_category, save
from letsdance.report.sheet import NARROW, WIDE, Figure, font_faces
from letsdance.report.style import (
    ENGLISH,
    FUTURES,
    band,
    category_titles,
    colours,
    decimal,
    finite_mean,
    percent,
    spread,
    titles,
)
from letsdance.scenarios import LEVERS, SHOCKS
from letsdance.simulation.indicators import SOCIETY
from letsdance.words import Text, text_in

if TYPE_CHECKING:
    from letsdance.simulation.run import Result

__all__ = ["provenance", "render", "write"]

Results = Mapping[str, "Result"]
_ALIKE = 0.05  # adopter categories whose shares differ by less do not lag
_A_TABLE = 4  # starts side by side in one table: more do not fit on A4


def write(folder: str | Path, results: Results, manifest: Mapping[str, object] | None = None,
          save_figures: bool = True, language: str = ENGLISH.language) -> Path:
    """Write report.html into the folder, and its figures as SVG and PNG into figures/; returns the page's path.

    results: 1 to 8 results by name. manifest: whatever is known of command, version, seeds, quarters, git, versions,
    scenarios {name: TOML} and tables {file: sha256}; the page shows what is there. language: its code, such as "fr".
    Equal input gives equal bytes.

    Raises `Refused` for what cannot be.

    >>> ld.write_report("out", {"lone_ranger": ld.simulate("lone_ranger", runs=2, quarters=8)}).name
    'report.html'
    """
    text = text_in(language)
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    manifest = manifest or {}
    drawn = _drawn(results, text)
    if save_figures:
        for name, (wide, _) in drawn.items():
            save(wide, place / "figures", name, provenance(results, manifest))
    path = place / "report.html"
    path.write_text(render(results, manifest, drawn, text), encoding="utf-8", newline="\n")
    return path


def provenance(results: Results, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What goes inside every figure: enough to make it again."""
    known = {key: manifest[key] for key in ("command", "version", "seeds", "git", "versions") if manifest.get(key)}
    return known | {"starts": {name: {"scenario": r.scenario.to_toml(), "first_seed": int(r.seeds[0]), "runs": r.runs,
                                      "quarters": r.quarters} for name, r in results.items()}}


def _drawn(results: Results, text: Text) -> dict[str, tuple[Figure, Figure]]:
    """Every figure for a page or projector, and for a phone."""
    return {name: (make(results, WIDE, text), make(results, NARROW, text)) for name, make in FIGURES.items()}


def render(results: Results, manifest: Mapping[str, Any], drawn: Mapping[str, tuple[Figure, Figure]] | None = None,
           text: Text = ENGLISH, called: str = "") -> str:
    """The page's HTML. called: the innovation's own name, which the headline begins with."""
    drawn = drawn or _drawn(results, text)
    title, colour = titles(results, text), colours(results)
    headline = words.headline(results, text)
    first = next(iter(results.values()))
    marks = Counter(p.source for p in PARAMETERS.values())
    said = {
        "text": text, "headline": text("innovation.said", name=called, said=headline) if called else headline,
        "basis": _basis(results, text),
        "figures": {name: {"wide": Markup(wide.svg(inline=True)), "narrow": Markup(narrow.svg(inline=True)),
                           "title": wide.title, "summary": wide.summary} for name, (wide, narrow) in drawn.items()},
        "starts": [{"title": title[n], "colour": colour[n], "says": _says(r, text),
                    "about": words.paragraph(n, results, text)} for n, r in results.items()],
        "tables": [_table(part, results, text) for part in _parts(list(results))],
        "marks": [(text.title("source", mark), text.says("source", mark), marks[mark]) for mark in SOURCES if marks[mark]],
        "parameters": _parameters(results, text), "count": len(PARAMETERS), "uses": _uses(results, text),
        "evidence": _evidence(results), "left_out": words.left_out(text), "manifest": manifest,
        "scenarios": manifest.get("scenarios") or {n: r.scenario.to_toml() for n, r in results.items()},
        "seeds": _seeds(manifest.get("seeds") or {"first": int(first.seeds[0]), "runs": first.runs}, text),
        "faces": Markup(font_faces()), "css": css(),
    }
    return template("page").render(said)


def _basis(results: Results, text: Text) -> str:
    """How much was run."""
    first = next(iter(results.values()))
    counts = sorted({r.runs for r in results.values()})
    return text("report.basis_one" if counts == [1] else "report.basis",
                runs="–".join(map(str, dict.fromkeys((counts[0], counts[-1])))),
                quarters=max(r.quarters for r in results.values()), municipalities=len(first.places),
                citizens=text.number(int(first.places.citizens.sum())))


def _seeds(seeds: Mapping[str, Any], text: Text) -> str:
    first, runs = seeds.get("first", 0), seeds.get("runs", 1)
    return text("report.seeds_one", first=first) if runs == 1 else text("report.seeds", first=first, last=first + runs - 1)


def _says(result: Result, text: Text) -> str:
    """A scenario's sentence; that of a start which still says so, in the language."""
    says, name = result.scenario.says, result.scenario.name
    return text.says("start", name) if name in FUTURES and says == ENGLISH.says("start", name) else says


@cache
def css() -> Markup:
    """How pages look, on a screen, on a phone and in print."""
    return Markup(files(__package__).joinpath("page.css").read_text(encoding="utf-8"))


@cache
def template(name: str) -> Any:
    """A page's template."""
    from jinja2 import Environment, StrictUndefined

    text = files(__package__).joinpath(f"{name}.html.j2").read_text(encoding="utf-8")
    rules = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return rules.from_string(text)


def _parts(names: list[str]) -> Iterable[list[str]]:
    return (names[i:i + _A_TABLE] for i in range(0, len(names), _A_TABLE))


# ---------------------------------------------------------------- the summary table

Cell = tuple[str, str]  # what is said, and how sure


def _spread(values: np.ndarray, show: Callable[[float], str], text: Text) -> Cell:
    low, mean, high = (float(v) for v in spread(values))
    return show(mean), band(low, high, show, text) if len(values) > 1 else ""


def _time(time: tuple[float, int], result: Result, text: Text) -> Cell:
    middle, number = time
    when = text("report.quarter_n", n=text.number(middle)) if math.isfinite(middle) else text("report.not_by",
                                                                                              n=result.quarters)
    return when, words.of_runs(number, result.runs, text)


def _lags(result: Result, text: Text) -> Cell:
    final = finite_mean(ever_adopted_by_category(result)[:, -1, :], axis=0)
    if not np.isfinite(final).any() or float(np.nanmax(final)) == 0:
        return text("report.nobody_adopts"), ""
    low, high = float(np.nanmin(final)), float(np.nanmax(final))
    if high - low < _ALIKE:
        return text("report.no_category"), text("report.all_adopt", band=band(low, high, text=text))
    last = int(np.nanargmin(final))
    return category_titles(text)[last], text("report.adopt", share=percent(float(final[last]), text))


def _table(names: list[str], results: Results, text: Text) -> dict[str, Any]:
    """Rows of cells, in groups, one column a start."""
    share, one, two = partial(percent, text=text), partial(decimal, text=text), partial(decimal, digits=2, text=text)

    def row(label: str, cell: Callable[[Result], Cell], **fills: object) -> tuple[str, list[Cell]]:
        return text(f"report.{label}", **fills), [cell(results[name]) for name in names]

    def last(indicator: str, show: Callable[[float], str] = share) -> Callable[[Result], Cell]:
        return lambda r: _spread(finite_mean(r.rows[indicator][:, -cards.LAST:], axis=1), show, text)

    def final(indicator: str, show: Callable[[float], str] = share) -> Callable[[Result], Cell]:
        return lambda r: _spread(r.rows[indicator][:, -1], show, text)

    title, colour = titles(results, text), colours(results)
    return {"heads": [(title[name], colour[name]) for name in names], "groups": [
        (text("report.group_end"), [row("in_future", final(future), future=text.title("start", future))
                                    for future in FUTURES]),
        (text("report.group_adoption"), [
            row("row_half", lambda r: _time(cards.reached(r, 0.5), r, text)),
            row("row_84", lambda r: _time(cards.reached(r, 0.84), r, text)),
            row("row_late", lambda r: _time(cards.late_half(r), r, text)),
            row("row_lags", lambda r: _lags(r, text)), row("row_on", final("on")), row("row_uses", final("uses"))]),
        (text("report.group_services"), [row("row_services", final("services", one)),
                                         row("row_supported", final("services_supported", one))]),
        (text("report.group_equity", quarters=cards.LAST), [
            row("row_equity", last("representativeness", two)), row("row_trust", last("T")),
            row("row_legitimacy", last("legitimacy", two)), row("row_accountability", last("accountability", two))])]}


# ---------------------------------------------------------------- what is assumed, what is sourced

def _parameters(results: Results, text: Text) -> list[tuple[str, list[dict[str, Any]]]]:
    """Every parameter by group, with its default and the values in use where they differ."""
    title = titles(results, text)
    used = {name: result.scenario.values() for name, result in results.items()}
    groups: dict[str, list[dict[str, Any]]] = {}
    for name, p in PARAMETERS.items():
        other = [text.labelled(title[start], text.typed(values[name]))
                 for start, values in used.items() if values[name] != p.default]
        groups.setdefault(p.group, []).append({
            "name": name, "title": text.title("parameter", name), "default": text.typed(p.default),
            "unit": text.title("unit", p.unit), "mark": text.title("source", p.source), "reference": p.reference,
            "other": text("report.semicolon").join(other)})
    return [(text.title("group", group), rows) for group, rows in groups.items()]


def _uses(results: Results, text: Text = ENGLISH) -> list[dict[str, str]]:
    """Levers and shocks in use, with their sources."""
    title = titles(results, text)
    rows = []
    for name, result in results.items():
        for kind, known, uses in (("lever", LEVERS, result.scenario.levers), ("shock", SHOCKS, result.scenario.shocks)):
            for use in uses:
                when = text("report.when_on" if use.duration is None else "report.when", start=use.start,
                            quarters=use.duration, strength=text.typed(use.strength))
                rows.append({"start": title[name], "kind": text(f"lab.kind_{kind}"), "name": use.name,
                             "title": text.title(kind, use.name), "says": text.says(kind, use.name),
                             "reference": known[use.name]["reference"],
                             "when": when + text.reach(use.where, use.whom)})
    return rows


def _evidence(results: Results) -> list[tuple[str, str]]:
    """The lines of evidence that parameters, indicators, levers and shocks in use refer to."""
    references = [p.reference for p in PARAMETERS.values()] + [reference for _, _, reference in SOCIETY.values()]
    references += [row["reference"] for row in _uses(results)] + ["S33", "S97"]
    wanted = {key for reference in references for key in re.findall(r"\b[ST]\d+[a-z]?\b", reference)}
    return [(key, EVIDENCE[key]) for key in EVIDENCE if key in wanted]
