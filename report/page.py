"""The page: one HTML file that opens anywhere without a network, with figures, sentences, numbers and their origin."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from letsdance.params import EVIDENCE, GROUPS, PARAMETERS, SOURCES
from letsdance.report import words
from letsdance.report.figures import FIGURES, ever_adopted_by_category, save
from letsdance.report.sheet import NARROW, WIDE, font_faces
from letsdance.report.style import CATEGORY_TITLES, FUTURES, band, colours, decimal, finite_mean, percent, spread, titles
from letsdance.scenarios import LEVERS, SHOCKS
from letsdance.simulation.indicators import SOCIETY

if TYPE_CHECKING:
    from letsdance.simulation.run import Result

__all__ = ["provenance", "render", "write"]

Results = Mapping[str, "Result"]
_ALIKE = 0.05  # adopter categories whose shares differ by less do not lag
_A_TABLE = 4  # starts side by side in one table: more do not fit on A4


def write(folder: str | Path, results: Results, manifest: Mapping[str, object] | None = None,
          save_figures: bool = True) -> Path:
    """Write report.html into the folder, and its figures as SVG and PNG into figures/; returns the page's path.

    results: 1 to 8 results by name. manifest: whatever is known of command, version, seeds, quarters, git, versions,
    scenarios {name: TOML} and tables {file: sha256}; the page shows what is there. Equal input gives equal bytes.

    Raises `Refused` for what cannot be.

    >>> ld.write_report("out", {"lone_ranger": ld.simulate("lone_ranger", runs=2, quarters=8)}).name
    'report.html'
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    manifest = manifest or {}
    drawn = {name: (make(results, WIDE), make(results, NARROW)) for name, make in FIGURES.items()}
    if save_figures:
        for name, (wide, _) in drawn.items():
            save(wide, place / "figures", name, provenance(results, manifest))
    path = place / "report.html"
    path.write_text(render(results, manifest, drawn), encoding="utf-8", newline="\n")
    return path


def provenance(results: Results, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What goes inside every figure: enough to make it again."""
    known = {key: manifest[key] for key in ("command", "version", "seeds", "git", "versions") if manifest.get(key)}
    return known | {"starts": {name: {"scenario": r.scenario.to_toml(), "first_seed": int(r.seeds[0]), "runs": r.runs,
                                      "quarters": r.quarters} for name, r in results.items()}}


def render(results: Results, manifest: Mapping[str, Any], drawn: Mapping[str, Any] | None = None) -> str:
    """The page's HTML."""
    drawn = drawn or {name: (make(results, WIDE), make(results, NARROW)) for name, make in FIGURES.items()}
    title, colour = titles(results), colours(results)
    first = next(iter(results.values()))
    counts = sorted({r.runs for r in results.values()})
    said = {
        "headline": words.headline(results), "what": words.WHAT, "caveat": words.CAVEAT,
        "basis": f"{'–'.join(map(str, dict.fromkeys((counts[0], counts[-1]))))} {'run' if counts == [1] else 'runs'} "
                 f"of each start, {max(r.quarters for r in results.values())} quarters, "
                 f"{len(first.places)} municipalities, {int(first.places.citizens.sum()):,} citizens",
        "figures": {name: {"wide": Markup(wide.svg(inline=True)), "narrow": Markup(narrow.svg(inline=True)),
                           "title": wide.title, "summary": wide.summary} for name, (wide, narrow) in drawn.items()},
        "starts": [{"title": title[n], "colour": colour[n], "says": r.scenario.says,
                    "about": words.paragraph(n, results)} for n, r in results.items()],
        "tables": [_table(part, results) for part in _parts(list(results))],
        "marks": [(mark, meaning, number) for mark, meaning in SOURCES.items()
                  if (number := Counter(p.source for p in PARAMETERS.values())[mark])],
        "parameters": _parameters(results), "count": len(PARAMETERS), "uses": _uses(results),
        "evidence": _evidence(results), "left_out": words.LEFT_OUT,
        "manifest": manifest,
        "scenarios": manifest.get("scenarios") or {n: r.scenario.to_toml() for n, r in results.items()},
        "seeds": manifest.get("seeds") or {"first": int(first.seeds[0]), "runs": first.runs},
        "faces": Markup(font_faces()), "css": css(),
    }
    return template("page").render(said)


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


def _spread(values: np.ndarray, show: Any = percent) -> Cell:
    low, mean, high = (float(v) for v in spread(values))
    return show(mean), band(low, high, show) if len(values) > 1 else ""


def _time(time: tuple[float, int], result: Result) -> Cell:
    middle, number = time
    sure = words.of_runs(number, result.runs)
    return (f"quarter {middle:.0f}" if math.isfinite(middle) else f"not by {result.quarters}"), sure


def _lags(result: Result) -> Cell:
    final = finite_mean(ever_adopted_by_category(result)[:, -1, :], axis=0)
    if not np.isfinite(final).any() or float(np.nanmax(final)) == 0:
        return "nobody adopts", ""
    low, high = float(np.nanmin(final)), float(np.nanmax(final))
    if high - low < _ALIKE:
        return "no category", f"all {band(low, high)} adopt"
    last = int(np.nanargmin(final))
    return CATEGORY_TITLES[last], f"{percent(float(final[last]))} adopt"


def _table(names: list[str], results: Results) -> dict[str, Any]:
    """Rows of cells, in groups, one column a start."""
    def row(label: str, cell: Any) -> tuple[str, list[Cell]]:
        return label, [cell(results[name]) for name in names]

    def last(indicator: str, show: Any = percent) -> Any:
        return lambda r: _spread(finite_mean(r.rows[indicator][:, -words.LAST:], axis=1), show)

    def final(indicator: str, show: Any = percent) -> Any:
        return lambda r: _spread(r.rows[indicator][:, -1], show)

    def two(value: float) -> str:
        return decimal(value, 2)

    title, colour = titles(results), colours(results)
    return {"heads": [(title[name], colour[name]) for name in names], "groups": [
        ("Municipalities at the end", [row(f"in {shown}", final(future)) for future, shown in FUTURES.items()]),
        ("Adoption", [
            row("half of governments have adopted by", lambda r: _time(words.reached(r, 0.5), r)),
            row("84 % of governments have adopted by", lambda r: _time(words.reached(r, 0.84), r)),
            row("half of the late adopters have adopted by", lambda r: _time(words.late_half(r), r)),
            row("who lags at the end", _lags),
            row("governments that have it at the end", final("on")),
            row("citizens who use it at the end", final("uses"))]),
        ("Services", [row("services per municipality", final("services", decimal)),
                      row("of these, with support", final("services_supported", decimal))]),
        (f"Equity and trust, last {words.LAST} quarters", [
            row("poorest quarter among participants (1 = equal)", last("representativeness", two)),
            row("trust in government", last("T")),
            row("legitimacy", last("legitimacy", two)), row("accountability", last("accountability", two))])]}


# ---------------------------------------------------------------- what is assumed, what is sourced

def _parameters(results: Results) -> list[tuple[str, list[dict[str, Any]]]]:
    """Every parameter by group, with its default and the values in use where they differ."""
    title = titles(results)
    used = {name: result.scenario.values() for name, result in results.items()}
    groups: dict[str, list[dict[str, Any]]] = {}
    for name, p in PARAMETERS.items():
        other = [f"{title[start]}: {values[name]:g}" for start, values in used.items() if values[name] != p.default]
        groups.setdefault(p.group, []).append({
            "name": name, "title": p.title, "default": f"{p.default:g}", "unit": p.unit, "mark": p.source,
            "reference": p.reference, "other": "; ".join(other)})
    return [(GROUPS[group], rows) for group, rows in groups.items()]


def _uses(results: Results) -> list[dict[str, str]]:
    """Levers and shocks in use, with their sources."""
    title = titles(results)
    rows = []
    for name, result in results.items():
        for kind, known, uses in (("lever", LEVERS, result.scenario.levers), ("shock", SHOCKS, result.scenario.shocks)):
            for use in uses:
                lasts = "to the end" if use.duration is None else f"for {use.duration} quarters"
                rows.append({"start": title[name], "kind": kind, "name": use.name, "title": known[use.name]["title"],
                             "says": known[use.name]["says"], "reference": known[use.name]["reference"],
                             "when": f"from quarter {use.start} {lasts}, strength {use.strength:g}"
                             + (f", in {use.where}" if use.where else "")})
    return rows


def _evidence(results: Results) -> list[tuple[str, str]]:
    """The lines of evidence that parameters, indicators, levers and shocks in use refer to."""
    references = [p.reference for p in PARAMETERS.values()] + [reference for _, _, reference in SOCIETY.values()]
    references += [row["reference"] for row in _uses(results)] + ["S33", "S97"]
    wanted = {key for reference in references for key in re.findall(r"\b[ST]\d+[a-z]?\b", reference)}
    return [(key, EVIDENCE[key]) for key in EVIDENCE if key in wanted]
