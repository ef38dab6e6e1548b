"""The page of a sweep: what was asked, how each factor goes with each outcome, what failed."""

from __future__ import annotations

import math
import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from letsdance.experiments import address
from letsdance.experiments.outcomes import parse
from letsdance.experiments.store import Sweep
from letsdance.params import Refused, listed
from letsdance.report.sheet import Figure, Panel, scale, shorten
from letsdance.report.study import Section, Study, Table, write
from letsdance.report.style import COLOURS, FOOT, FUTURES, SOFT, decimal, percent

__all__ = ["hand_over", "shown_outcomes", "study"]

_SHOWN = ("lets_dance", "ever_adopted", "uses")  # of all indicators, what a first look shows
_MOST_FACTORS, _BINS = 12, 8


def shown_outcomes(found: Sweep) -> list[str]:
    """The outcomes that a first look shows: those asked for, at most three, else the main ones."""
    asked = list(found.manifest["outcomes"])
    return (asked or [name for name in _SHOWN if name in found.outcomes])[:3]


def hand_over(found: Sweep) -> None:
    """Write the sweep's report.html and figures into its folder; report.html comes last and whole. Refused where there is
    no room."""
    if address.far(found.folder):
        with tempfile.TemporaryDirectory() as hidden:
            address.send(Path(hidden), found.folder, write(hidden, study(found), found.manifest).name)
        return
    try:
        with tempfile.TemporaryDirectory(prefix=".report-", dir=found.folder) as hidden:
            page = write(hidden, study(found), found.manifest)
            shutil.rmtree(found.folder / "figures", ignore_errors=True)
            if (page.parent / "figures").exists():
                (page.parent / "figures").rename(found.folder / "figures")
            page.replace(found.folder / page.name)
    except OSError as error:
        raise Refused("the report cannot be written: {strerror}. All runs are kept; make room and go on with "
                      "--resume.", strerror=error.strerror or error) from None


def study(found: Sweep) -> Study:
    """The page's content, computed from the tables."""
    said, names = found.manifest, shown_outcomes(found)
    table, failures = found.summary(names), found.failures
    factors = [name for name in found.points.columns if name != "point"]
    done = [f"A {said['method'].replace('_', ' ')} design of {len(found.points):,} points over "
            f"{listed(factors[:6]) if len(factors) <= 6 else f'{len(factors)} factors'}, {said['replicates']} runs each: "
            f"{said['runs']:,} runs. Run by run, all points meet the same citizens and the same luck "
            f"(seeds {said['seed']} to {said['seed'] + said['replicates'] - 1})."]
    if len(failures):
        done.append(f"{len(failures):,} runs of {failures['point'].nunique():,} points failed and are left out; they are "
                    f"listed below.")
    sections = [Section(
        _title(name)[:1].upper() + _title(name)[1:], [_strongest(table, factors, name)],
        {f"factors_{k}": partial(_figure, table, tuple(factors), name)} if table[name].notna().any() else {})
        for k, name in enumerate(names)]
    rows = [[f, _from_to(table[f]), str(table[f].nunique())] for f in factors]
    sections.append(Section("The design", [], {}, [Table(["factor", "values", "different values"], rows)]))
    if len(failures):
        first = failures.drop_duplicates("point").head(20)
        sections.append(Section("What failed", [], {}, [Table(["point", "error"], [
            [str(point), str(error)] for point, error in zip(first["point"], first["error"], strict=True)])]))
    low, high = float(table[names[0]].min()), float(table[names[0]].max())
    spans = (f"ranges from {_number(names[0], low)} to {_number(names[0], high)}" if math.isfinite(low) else
             "is told by no run")
    return Study("a sweep", f"{len(found.points):,} points, {said['runs']:,} runs: {_title(names[0])} {spans}",
                 done, sections,
                 ["A line through means shows how an outcome goes with one factor while all others vary too; it does not "
                  "say what causes it alone. For shares of variance use `letsdance sensitivity`.",
                  "Means leave out runs in which an outcome is a share of nothing or never comes."])


def _numeric(table: Any, name: str) -> bool:
    return bool(table[name].dtype.kind in "fiu")


def _title(name: str) -> str:
    base, at, quarter = name.partition("@")
    when = f" over quarters {quarter.replace('-', ' to ')}" if "-" in quarter else f" at quarter {quarter}"
    return FUTURES.get(base, base.replace("_", " ")) + (when if at else "")


def _number(name: str, value: float) -> str:
    return percent(value) if parse(name).unit == "share" else decimal(value, 1)


def _strongest(table: Any, factors: list[str], name: str) -> str:
    """Which factor's rank goes most with the outcome's (Spearman)."""
    known = table[table[name].notna()]
    if not len(known):
        return "No run has it: it never comes, is a share of nothing, or the run failed."
    if len(known) < 8:
        return f"{len(known)} points are too few to say which factor goes with {_title(name)}."
    ranks = {f: known[f].rank().corr(known[name].rank()) for f in factors if _numeric(known, f) and known[f].nunique() > 1}
    ranks = {f: r for f, r in ranks.items() if math.isfinite(r)}
    if not ranks:
        return f"No factor that is a number goes with {_title(name)}."
    first = max(ranks, key=lambda f: abs(ranks[f]))
    by_chance = 2 / math.sqrt(len(known))  # two standard errors of a rank correlation where there is none
    if abs(ranks[first]) < by_chance:
        return f"No single factor goes clearly with {_title(name)} (rank correlations below {by_chance:.2f})."
    way = "higher" if ranks[first] > 0 else "lower"
    return (f"Over the design, {first} goes with it most: the higher it is, the {way} {_title(name)} "
            f"(rank correlation {decimal(ranks[first], 2)}).")


def _from_to(column: Any) -> str:
    if column.dtype.kind in "fiu":
        return f"{column.min():g} to {column.max():g}"
    return ", ".join(map(str, column.unique()[:8]))


def _bins(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(middle of x, [low, mean, high] of y) in bins of equal numbers of points; one a value where there are few."""
    values = np.unique(x)
    if len(values) <= _BINS:
        groups = [x == value for value in values]
    else:
        edges = np.quantile(x, np.linspace(0, 1, min(_BINS, max(2, len(x) // 8)) + 1))
        place = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, len(edges) - 2)
        groups = [place == k for k in range(len(edges) - 1)]
    groups = [group for group in groups if group.any()]
    return (np.array([x[group].mean() for group in groups]),
            np.array([[np.quantile(y[g], 0.1), y[g].mean(), np.quantile(y[g], 0.9)] for g in groups]).T)


def _figure(table: Any, factors: tuple[str, ...], name: str, width: float) -> Figure:
    """Small multiples: the outcome against each factor, mean and 10-90 % of points."""
    known = table[table[name].notna()]
    shown = factors[:_MOST_FACTORS]
    title = _title(name)
    figure = Figure(f"{title[:1].upper()}{title[1:]} against each factor",
                    f"Mean of {title} over points by {listed(shown)}.", width)
    y = figure.head("line: mean of points; band: 10–90 % of points, as the other factors vary"
                    + (f" · the first {_MOST_FACTORS} of {len(factors)} factors" if len(factors) > len(shown) else ""))
    share = parse(name).unit == "share"
    top, ticks = scale(float(known[name].max()) if len(known) else 1.0)
    low = float(known[name].min()) if len(known) else 0.0
    if share:
        ticks = tuple((value, f"{100 * value:g}\u00a0%") for value, _ in ticks)
    columns = 1 if width < 600 else min(3, len(shown))
    cell, height, left = width / columns, 150.0, 62.0
    for k, factor in enumerate(shown):
        row, column = divmod(k, columns)
        numeric = _numeric(known, factor)
        codes, labels = (known[factor].to_numpy(float), None) if numeric else _codes(known[factor])
        span = (float(codes.min()), float(codes.max())) if len(codes) and np.ptp(codes) > 0 else (0.0, 1.0)
        if labels is not None:
            span = (-0.5, len(labels) - 0.5)
        panel = Panel(figure, column * cell + left, y + 34 + row * (height + 80), cell - left - 24, height, span,
                      (min(0.0, low), top))
        panel.heading(factor)
        panel.scale_y(ticks, labels=column == 0 or columns == 1)
        if labels is None:
            panel.scale_x([(span[0], f"{span[0]:.3g}"), (span[1], f"{span[1]:.3g}")])
        else:
            room = panel.width / len(labels)
            for place, label in enumerate(labels):
                figure.text(float(panel.at_x(place)), panel.y + height + 19, shorten(label, room - 4, 12), 12, SOFT,
                            anchor="middle")
        if len(codes):
            x, (below, mean, above) = _bins(codes, known[name].to_numpy(float))
            if labels is None and len(x) > 1:
                panel.band(x, below, above, COLOURS["lets_dance"])
                panel.line(x, mean, COLOURS["lets_dance"])
            for at, a, m, b in zip(x, below, mean, above, strict=True):
                across = float(panel.at_x(at))
                if labels is not None:
                    figure.line([(across, float(panel.at_y(a))), (across, float(panel.at_y(b)))], COLOURS["lets_dance"], 5)
                figure.disc(across, float(panel.at_y(m)), 3.6 if labels is None else 6, COLOURS["lets_dance"])
    rows = math.ceil(len(shown) / columns) if shown else 1
    figure.foot(y + 34 + rows * (height + 80) - 30, FOOT)
    return figure


def _codes(column: Any) -> tuple[np.ndarray, list[str]]:
    names = list(dict.fromkeys(map(str, column)))
    return np.array([names.index(str(value)) for value in column], float), names


