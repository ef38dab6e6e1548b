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
from letsdance.params import Refused
from letsdance.report.outcomes import per_cent, titled
from letsdance.report.sheet import Figure, Panel, scale, shorten
from letsdance.report.study import Section, Study, Table, write
from letsdance.report.style import COLOURS, ENGLISH, SOFT, capital, decimal, percent, percent_sign
from letsdance.words import Text

__all__ = ["hand_over", "shown_outcomes", "study"]

_SHOWN = ("lets_dance", "ever_adopted", "uses")  # of all indicators, what a first look shows
_MOST_FACTORS, _BINS = 12, 8


def shown_outcomes(found: Sweep) -> list[str]:
    """The outcomes that a first look shows: those asked for, at most three, else the main ones."""
    asked = list(found.manifest["outcomes"])
    return (asked or [name for name in _SHOWN if name in found.outcomes])[:3]


def hand_over(found: Sweep, text: Text = ENGLISH) -> None:
    """Write the sweep's report.html and figures into its folder; report.html comes last and whole. Refused where there is
    no room."""
    if address.far(found.folder):
        with tempfile.TemporaryDirectory() as hidden:
            address.send(Path(hidden), found.folder, write(hidden, study(found, text), found.manifest).name)
        return
    try:
        with tempfile.TemporaryDirectory(prefix=".report-", dir=found.folder) as hidden:
            page = write(hidden, study(found, text), found.manifest)
            shutil.rmtree(found.folder / "figures", ignore_errors=True)
            if (page.parent / "figures").exists():
                (page.parent / "figures").rename(found.folder / "figures")
            page.replace(found.folder / page.name)
    except OSError as error:
        raise Refused("the report cannot be written: {strerror}. All runs are kept; make room and go on with "
                      "--resume.", strerror=error.strerror or error) from None


def study(found: Sweep, text: Text = ENGLISH) -> Study:
    """The page's content, computed from the tables."""
    said, names = found.manifest, shown_outcomes(found)
    table, failures = found.summary(names), found.failures
    factors = [name for name in found.points.columns if name != "point"]
    size = {"points": text.number(len(found.points)), "runs": text.number(said["runs"])}
    done = [capital(text(
        "report.sweep_done", **size, design=text(f"report.sweep_design_{said['method']}"), replicates=said["replicates"],
        factors=text.listed(factors) if len(factors) <= 6 else text("report.sweep_factors", n=len(factors)),
        first=said["seed"], last=said["seed"] + said["replicates"] - 1))]
    if len(failures):
        done.append(text("report.sweep_failed", runs=text.number(len(failures)),
                         points=text.number(failures["point"].nunique())))
    sections = [Section(
        capital(titled(parse(name), text)), [_strongest(table, factors, name, text)],
        {f"factors_{k}": partial(_figure, table, tuple(factors), name, text=text)} if table[name].notna().any() else {})
        for k, name in enumerate(names)]
    rows = [[f, _from_to(table[f], text), str(table[f].nunique())] for f in factors]
    sections.append(Section(text("report.sweep_the_design"), [], {}, [Table(
        [text(f"report.sweep_{head}") for head in ("factor", "values", "different")], rows)]))
    if len(failures):
        first = failures.drop_duplicates("point").head(20)
        sections.append(Section(text("report.sweep_what_failed"), [], {}, [Table(
            [text("report.sweep_point"), text("report.sweep_error")],
            [[str(point), str(error)] for point, error in zip(first["point"], first["error"], strict=True)])]))
    low, high = float(table[names[0]].min()), float(table[names[0]].max())
    known = math.isfinite(low)
    return Study(
        text("report.sweep_kind"), text(
            "report.sweep_headline" if known else "report.sweep_headline_none", **size, what=titled(parse(names[0]), text),
            low=_number(names[0], low, text), high=_number(names[0], high, text)),
        done, sections, [text("report.sweep_limit_line"), text("report.sweep_limit_means")],
        text("report.of_the_model"), text)


def _numeric(table: Any, name: str) -> bool:
    return bool(table[name].dtype.kind in "fiu")


def _number(name: str, value: float, text: Text) -> str:
    return percent(value, text) if per_cent(name) else decimal(value, 1, text)


def _strongest(table: Any, factors: list[str], name: str, text: Text) -> str:
    """Which factor's rank goes most with the outcome's (Spearman)."""
    known, title = table[table[name].notna()], titled(parse(name), text)
    if not len(known):
        return text("report.sweep_no_run")
    if len(known) < 8:
        return text("report.sweep_too_few", n=len(known), what=title)
    ranks = {f: known[f].rank().corr(known[name].rank()) for f in factors if _numeric(known, f) and known[f].nunique() > 1}
    ranks = {f: r for f, r in ranks.items() if math.isfinite(r)}
    if not ranks:
        return text("report.sweep_no_number", what=title)
    first = max(ranks, key=lambda f: abs(ranks[f]))
    by_chance = 2 / math.sqrt(len(known))  # two standard errors of a rank correlation where there is none
    if abs(ranks[first]) < by_chance:
        return text("report.sweep_none_clear", what=title, rank=text.number(by_chance, 2))
    return text("report.sweep_strongest_up" if ranks[first] > 0 else "report.sweep_strongest_down", factor=first,
                what=title, rank=decimal(ranks[first], 2, text))


def _from_to(column: Any, text: Text) -> str:
    if column.dtype.kind in "fiu":
        return text("report.from_to", low=text.typed(column.min()), high=text.typed(column.max()))
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


def _figure(table: Any, factors: tuple[str, ...], name: str, width: float, text: Text = ENGLISH) -> Figure:
    """Small multiples: the outcome against each factor, mean and 10-90 % of points."""
    known = table[table[name].notna()]
    shown = factors[:_MOST_FACTORS]
    title = titled(parse(name), text)
    figure = Figure(text("report.sweep_figure", what=capital(title)),
                    text("report.sweep_figure_says", what=title, factors=text.listed(list(shown))), width)
    y = figure.head(text("report.sweep_head") + (
        text("report.sweep_head_first", n=_MOST_FACTORS, of=len(factors)) if len(factors) > len(shown) else ""))
    share = per_cent(name)
    top, ticks = scale(float(known[name].max()) if len(known) else 1.0, text)
    low = float(known[name].min()) if len(known) else 0.0
    if share:
        ticks = tuple((value, f"{text.typed(100 * value)}{percent_sign(text)}") for value, _ in ticks)
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
            panel.scale_x([(end, text.typed(float(f"{end:.3g}"))) for end in span])
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
    figure.foot(y + 34 + rows * (height + 80) - 30, text("report.foot"))
    return figure


def _codes(column: Any) -> tuple[np.ndarray, list[str]]:
    names = list(dict.fromkeys(map(str, column)))
    return np.array([names.index(str(value)) for value in column], float), names


