"""Figures and pages of the science of adopters: a set of adoption times, a classic model, a series of counts."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from report.sheet import WIDE, Figure, Panel, scale
from report.study import Section, Study, Table
from report.style import CATEGORY_COLOURS, COLOURS, GRID, INK, PAPER, SOFT, decimal, listed, percent, spread

if TYPE_CHECKING:
    from experiments.adopters.classic import Classic
    from experiments.adopters.data import Counts
    from experiments.adopters.describing import Description

_SHARE = ((0.0, "0"), (0.5, "50 %"), (1.0, "100 %"))
_BLUE, _ORANGE = COLOURS["lets_dance"], COLOURS["lone_ranger"]
_GROUPS = (*CATEGORY_COLOURS[::-1], "#00796b", "#3949ab", "#8a6d00")
#: Below figures of somebody's data: they describe, and our time scales do not enter.
DATA_FOOT = "It describes these data; it does not forecast."
#: How to read a page of them.
OF_THE_DATA = ("It describes what was observed, as the table tells it; it does not forecast. No model is run, and none of "
               "our assumed time scales enters.")
CLASSIC_FOOT = "A limit case of the engine; time is the model's own."


def _periods(first: float, last: float) -> list[tuple[float, str]]:
    """At most six round periods."""
    span = max(last - first, 1)
    step = next(s * 10**k for k in range(6) for s in (1, 2, 5) if span / (s * 10**k) <= 5.01)
    start = math.ceil(first / step) * step
    return [(float(t), f"{t:g}") for t in np.arange(start, last + step * 1e-6, step)]


def _narrow(width: float) -> bool:
    return width < 600


def _bars(panel: Panel, x: Any, y: Any, colour: str, half: float) -> None:
    """Bars from the panel's foot."""
    for at, value in zip(np.asarray(x, float), np.asarray(y, float), strict=True):
        if value > 0:
            left, right = float(panel.at_x(at - half)), float(panel.at_x(at + half))
            top = float(panel.at_y(value))
            panel.figure.box(left, top, right - left, panel.y + panel.height - top, colour)


def _percents(highest: float) -> tuple[float, list[tuple[float, str]]]:
    top, ticks = scale(100 * min(max(highest, 0.01), 1.0))
    return top / 100, [(value / 100, f"{label} %" if value else label) for value, label in ticks]


# ---------------------------------------------------------------- a set of adoption times

def adoption_curve(found: Description, width: float = WIDE) -> Figure:
    """Who has adopted by each period, and the hazard of those who had not."""
    curve = found.curve
    period, share, hazard = (curve[name].to_numpy(float) for name in ("period", "share", "hazard"))
    figure = Figure("How adoption grew", f"{percent(share[-1])} have adopted by {period[-1]:g}; the hazard was highest in "
                    f"{period[int(hazard.argmax())]:g}, at {percent(round(hazard.max(), 9))}.", width)
    top = figure.head("share that has adopted, and hazard: adopters of a period among those who had not adopted before")
    half = 0.5 if len(period) > 1 else 0.4
    xs = (period[0] - half, period[-1] + half)
    high, ticks = _percents(hazard.max())
    cell, height = (width, 180) if _narrow(width) else (width / 2, 240)
    below = top
    for k, (title, ys, marks) in enumerate((("have adopted", (0.0, 1.0), _SHARE), ("hazard", (0.0, high), ticks))):
        x, y = (0.0, top + 30 + k * (height + 74)) if _narrow(width) else (k * cell, top + 30.0)
        panel = Panel(figure, x + 52, y, cell - 52 - 20, height, xs, ys)
        panel.scale_y(marks)
        panel.scale_x(_periods(period[0], period[-1]))
        panel.heading(title)
        if k == 0:
            panel.band(period, np.zeros(len(period)), share, _BLUE, 0.16)
            panel.line(period, share, _BLUE, 3)
            figure.disc(float(panel.at_x(period[-1])), float(panel.at_y(share[-1])), 5, _BLUE, edge=PAPER)
        else:
            _bars(panel, period, hazard, _ORANGE, 0.4)
        below = y + height
    figure.foot(below + 30, DATA_FOOT)
    return figure


def exposure_over_time(found: Description, width: float = WIDE) -> Figure:
    """How many of their contacts had adopted: those who had not adopted yet, and those who adopt."""
    table = found.exposure
    assert table is not None
    period = table["period"].to_numpy(float)
    low, mean, high, new = (table[name].to_numpy(float) for name in ("low", "mean", "high", "mean_of_new"))
    count = table["new"].to_numpy(float)
    normalised = found.how["normalised"]
    known = np.isfinite(new) & np.isfinite(mean)
    more = (new[known] > mean[known]).mean() if known.any() else math.nan
    figure = Figure("What people saw around them before they adopted",
                    f"In {percent(more)} of the periods with adopters, they had more adopters around them than all who "
                    "had not adopted before had on average." if known.any() else "Nobody's exposure is known.", width)
    top = figure.head(f"network exposure, {'share of contacts that have' if normalised else 'contacts that have'} adopted; "
                      "line: mean of those who had not adopted before, band: 10–90 % of them; discs: mean of those who "
                      "adopt in that period, larger for more of them")
    most = float(np.nanmax([*high[np.isfinite(high)], *new[np.isfinite(new)], 0.01]))
    ys, ticks = _percents(most) if normalised else scale(most)
    panel = Panel(figure, 52, top + 14, width - 52 - 24, 220 if _narrow(width) else 280,
                  (period[0] - 0.5, period[-1] + 0.5), (0.0, ys))
    panel.scale_y(ticks)
    panel.scale_x(_periods(period[0], period[-1]))
    panel.band(period, low, high, _BLUE, 0.18)
    panel.line(period, mean, _BLUE, 3)
    for at, value, many in zip(period, new, count, strict=True):
        if math.isfinite(value):
            figure.disc(float(panel.at_x(at)), float(panel.at_y(value)), 3 + 6 * math.sqrt(many / count.max()), _ORANGE,
                        edge=PAPER, edge_width=1.5)
    y = panel.y + panel.height + 46
    figure.disc(60, y - 5, 6, _ORANGE)
    figure.text(72, y, "those who adopt", 14, _ORANGE, True)
    x = 216.0
    figure.line([(x, y - 5), (x + 22, y - 5)], _BLUE, 3)
    figure.text(x + 29, y, "all who had not before", 14, _BLUE, True)
    figure.foot(y + 8, DATA_FOOT)
    return figure


def thresholds_by_category(found: Description, width: float = WIDE) -> Figure:
    """How many of their contacts had adopted when they did: a histogram for each category."""
    nodes = found.nodes.dropna(subset=["threshold"])
    rows = [name for name in found.categories["category"] if (nodes["category"] == name).any()]
    normalised = found.how["normalised"]
    means = [nodes.loc[nodes["category"] == name, "threshold"].mean() for name in rows]
    write: Any = percent if normalised else decimal
    figure = Figure("What each category waited for",
                    f"Mean threshold: {listed(f'{name} {write(m)}' for name, m in zip(rows, means, strict=True))}.", width)
    top = figure.head(f"threshold: {'share' if normalised else 'number'} of contacts that had adopted when they did; bars: "
                      "share of each category; line: its mean")
    most = 1.0 if normalised else max(float(nodes["threshold"].max()), 1.0)
    high, marks = (1.0, [(0.0, "0"), (0.5, "50 %"), (1.0, "100 %")]) if normalised else scale(most)
    bins = np.linspace(0.0, high, 21 if normalised else int(min(high, 20)) + 1)
    left = 14.0 if _narrow(width) else 190.0
    row, gap = 62.0, 34.0 if _narrow(width) else 16.0
    y = top + (24 if _narrow(width) else 8)
    for name, mean in zip(rows, means, strict=True):
        values = nodes.loc[nodes["category"] == name, "threshold"].to_numpy(float)
        colour = CATEGORY_COLOURS[_place(name)]
        share = np.histogram(values, bins)[0] / len(values)
        panel = Panel(figure, left, y, width - left - 20, row, (0.0, high), (0.0, max(float(share.max()), 0.25)))
        figure.line([(panel.x, y + row), (panel.x + panel.width, y + row)], GRID, 1.5)
        _bars(panel, (bins[:-1] + bins[1:]) / 2, share, colour, (bins[1] - bins[0]) * 0.46)
        at = float(panel.at_x(mean))
        figure.line([(at, y - 2), (at, y + row + 5)], INK, 2)
        told = f"{len(values):,} · mean {write(mean)}"
        if _narrow(width):
            figure.text(left, y - 6, name, 15, colour, True)
            figure.text(width - 20, y - 6, told, 13, SOFT, anchor="end")
        else:
            figure.text(2, y + row / 2, name, 15, colour, True)
            figure.text(2, y + row / 2 + 19, told, 13, SOFT)
        y += row + gap
    for value, label in marks:
        figure.text(left + value / high * (width - left - 20), y - gap + 22, label, 13, SOFT, anchor="middle")
    figure.foot(y - gap + 30, DATA_FOOT)
    return figure


def _place(name: str) -> int:
    """A category's place among the five."""
    return ("innovators", "early adopters", "early majority", "late majority", "laggards").index(name)


def not_yet(found: Description, width: float = WIDE) -> Figure:
    """Kaplan-Meier: who has not adopted yet; each group that was known beforehand, or all."""
    from experiments.adopters.survival import kaplan_meier

    adoption, origin = found.adoption, float(found.adoption.periods[0])
    names = list(dict.fromkeys(found.groups["group"])) if found.groups is not None else ["all"]
    order = {name: k for k, name in enumerate(("innovators", "early adopters", "early majority", "late majority",
                                               "laggards"))}
    names.sort(key=lambda name: order.get(name, 0))
    group = np.asarray(adoption.groups if found.groups is not None else ["all"] * len(adoption.nodes))
    said = []
    curves = {}
    for name in names[:8]:
        curves[name] = kaplan_meier(adoption.times[group == name], adoption.seen_until[group == name], origin)
        half = curves[name].quantile(0.5)
        said.append(f"{name}: {f'half had adopted by {origin + half:g}' if math.isfinite(half) else 'fewer than half'}")
    figure = Figure("Who had not adopted yet" + ("" if len(names) == 1 else ", by group"),
                    f"{'; '.join(said)}.".capitalize(), width)
    top = figure.head("share that has not adopted (Kaplan–Meier; those who had not by the end are censored)"
                      + ("; band: 95 % interval" if len(curves) <= 3 else ""))
    first, last = float(adoption.periods[0]), float(adoption.periods[-1])
    panel = Panel(figure, 52, top + 14, width - 52 - 118, 220 if _narrow(width) else 300, (first, max(last, first + 1)),
                  (0.0, 1.0))
    panel.scale_y(_SHARE)
    panel.scale_x(_periods(first, last))
    ends = []
    for k, (name, curve) in enumerate(curves.items()):
        own = _BLUE if len(curves) == 1 else _GROUPS[k % len(_GROUPS)]
        colour = CATEGORY_COLOURS[order[name]] if name in order else own
        # A step keeps its height until the next adoption.
        x = np.repeat(np.concatenate([[0.0], curve.time, [curve.upto]]), 2)[1:-1] + origin
        y = np.repeat(np.concatenate([[1.0], curve.share]), 2)
        if len(curves) <= 3:
            low, high = (np.repeat(np.concatenate([[1.0], np.where(np.isnan(b), curve.share, b)]), 2)
                         for b in (curve.low, curve.high))
            panel.band(x, low, high, colour, 0.15)
        panel.line(x, y, colour, 2.8)
        ends.append((float(y[-1]), name, colour))
    panel.labels(sorted(ends, key=lambda end: -end[0]), 112)
    figure.foot(panel.y + panel.height + 30, DATA_FOOT)
    return figure


def describe_study(found: Description, caveat: str = OF_THE_DATA) -> Study:
    """The page of `letsdance adopters describe`; caveat: `OF_THE_MODEL` where the times are those of a run."""
    from experiments.adopters.statistics import CUTS

    own, said = len(found.adoption.said), [_spaced(sentence) for sentence in found.said]
    n, count = len(found.adoption.nodes), int(found.curve["adopters"].iloc[-1])
    grew = {"period": "period", "at_risk": "not adopted before", "new": "new", "adopters": "adopters", "share": "share",
            "hazard": "hazard"}
    some = found.curve[found.curve["new"] > 0]
    sections = [Section("How adoption grew", said[own:own + 4], {"adoption": partial(adoption_curve, found)},
                        [_table(some, grew, "Periods with adopters." if len(some) < len(found.curve) else "")])]
    rest = said[own + 4:]
    of_groups, of_ties = ([s for s in rest if s.startswith(start)]
                          for start in ("The groups known", "The mean threshold is"))
    rest = [s for s in rest if s not in of_groups + of_ties]
    figures: dict[str, Any] = {}
    if "threshold" in found.nodes and found.nodes["threshold"].notna().any():
        figures["thresholds"] = partial(thresholds_by_category, found)
    shown = {"category": "category", "nodes": "nodes", "share": "share", "first": "from", "last": "to"}
    if figures:
        shown["mean_threshold"] = "mean threshold"
    sections.append(Section("Categories", [f"Cut by {CUTS[found.by][0]}.", *rest], figures,
                            [_table(found.categories, shown, shares=("share", "mean_threshold") if found.how["normalised"]
                                    else ("share",))]))
    if found.exposure is not None:
        sections.append(Section("What people saw around them", of_ties, {"exposure": partial(exposure_over_time, found)}))
    tables = [] if found.groups is None else [_table(found.groups, {
        "group": "group", "nodes": "nodes", "adopters": "adopters", "restricted_mean": "mean time without it",
        "se": "standard error"}, note=f"Mean time without it up to {found.groups['upto'].iloc[0]:g} periods after "
                                      f"{found.adoption.periods[0]}.")]
    if found.mean.upto > 0:
        sections.append(Section("Who had not adopted yet", of_groups, {"not_yet": partial(not_yet, found)}, tables))
    limits = ["Exposure and adoption together do not show influence: alike people may be tied and adopt alike.",
              "A threshold is what was seen at adoption, the most that was needed and not what would have been enough.",
              "Ties that are not in the table count as no ties."]
    first, last = found.adoption.periods[[0, -1]]
    return Study("adopters", f"{count} of {n} have adopted from {first} to {last}", said[:own], sections,
                 limits if found.exposure is not None else ["Without a network there is no exposure and no threshold."],
                 caveat)


def _spaced(sentence: str) -> str:
    """With a fixed space before each per cent sign, as figures write it."""
    return re.sub(r"(\d) ?%", "\\1\u00a0%", sentence)


def _cell(value: Any, share: bool) -> str:
    if isinstance(value, str):
        return value
    if not math.isfinite(value):
        return "–"
    if share:
        return percent(round(float(value), 9))
    return f"{value:g}" if float(value).is_integer() else decimal(float(value), 2)


def _table(frame: Any, columns: dict[str, str], note: str = "", most: int = 20,
           shares: tuple[str, ...] = ("share", "hazard")) -> Table:
    """A frame's columns in words; long ones are cut, and say so."""
    rows = [[_cell(row[name], name in shares) for name in columns] for _, row in frame.head(most).iterrows()]
    if len(frame) > most:
        note = f"{note} The first {most} of {len(frame)}; all are in the folder's tables.".strip()
    return Table(list(columns.values()), rows, note)


# ---------------------------------------------------------------- a classic model

def classic_figure(found: Classic, width: float = WIDE) -> Figure:
    """The runs' mean and band, with the closed form on top."""
    low, mean, high = spread(found.shares)
    R = len(found.shares)
    theory = "" if found.closed is None else f"; {found.closed_title} {percent(round(float(found.closed[-1]), 6))}"
    figure = Figure(f"{found.title}: simulation and theory",
                    f"At the end {percent(float(mean[-1]))} have adopted in the runs' mean{theory}.", width)
    drawn = f"dashed line: {found.closed_title}" if found.closed is not None else "so few seeds have no mean path"
    top = figure.head(f"share that has adopted; band and line: 10–90 % and mean of {R} run{'s' if R > 1 else ''}; {drawn}")
    panel = Panel(figure, 52, top + 14, width - 52 - 100, 230 if _narrow(width) else 330,
                  (found.time[0], found.time[-1]), (0.0, 1.0))
    panel.scale_y(_SHARE)
    panel.scale_x(_periods(found.time[0], found.time[-1]))
    panel.band(found.time, low, high, _BLUE, 0.22)
    panel.line(found.time, mean, _BLUE, 3.4)
    ends = [(float(mean[-1]), "simulation", _BLUE)]
    if found.closed is not None:
        panel.line(found.time, found.closed, INK, 2, dashes=(6, 4))
        ends.append((float(found.closed[-1]), "theory", INK))
    panel.labels(ends, 96)
    figure.text(52, panel.y + panel.height + 38, found.unit, 13, SOFT)
    figure.foot(panel.y + panel.height + 42, CLASSIC_FOOT)
    return figure


def classic_study(found: Classic) -> Study:
    """The page of `letsdance adopters classic`."""
    from experiments.adopters.classic import settings

    known = settings(found.name)
    table = Table(["parameter", "value", "what it is"],
                  [[name, f"{value:g}", known[name].says] for name, value in found.settings.items()])
    return Study("classic model", f"{found.title}: simulation and theory",
                 [found.says, f"{len(found.shares)} runs from seed {found.seed} ({found.source})."],
                 [Section("Side by side", [_spaced(said) for said in found.findings],
                          {"classic": partial(classic_figure, found)}, [table])],
                 ["A classic model is a limit case: heterogeneity, trust, capacity and everything else of ours is off."])


# ---------------------------------------------------------------- a series of counts

def series_figure(counts: Counts, width: float = WIDE) -> Figure:
    """Counts of each unit over time, as they are."""
    shapes = counts.shapes()
    figure = Figure("What the series is", " ".join(shapes["says"]), width)
    what = {"new": "adopters in all", "stock": "cases active at the time", "cumulative": "adopters in all",
            "percent": "active cases, %"}[counts.kind]
    top = figure.head(f"{what}; discs: what was counted")
    units = counts.units[:8]
    columns = 1 if _narrow(width) else min(2, len(units))
    cell, height = width / columns, 170.0
    below = top
    for k, unit in enumerate(units):
        one = counts.series(unit)
        x, y = one["period"].to_numpy(float), one["value"].to_numpy(float)
        y = y.cumsum() if counts.kind == "new" else y
        row, column = divmod(k, columns)
        high, ticks = scale(float(y.max()))
        marks = [(value, f"{value:,g}") for value, _ in ticks]
        panel = Panel(figure, column * cell + 66, top + 30 + row * (height + 70), cell - 66 - 24, height,
                      (x[0] - 0.5, x[-1] + 0.5), (0.0, high))
        panel.scale_y(marks)
        panel.scale_x(_periods(x[0], x[-1]))
        panel.heading(unit)
        panel.line(x, y, _BLUE, 2)
        for at, value in zip(x, y, strict=True):
            figure.disc(float(panel.at_x(at)), float(panel.at_y(value)), 4.5, _BLUE, edge=PAPER)
        below = panel.y + height
    figure.foot(below + 30, DATA_FOOT)
    return figure


def data_study(said: Sequence[str], counts: Counts | None) -> Study:
    """The page of `letsdance adopters data --out`: what was understood, and a figure of counts."""
    figures = {} if counts is None else {"series": partial(series_figure, counts)}
    return Study("adopters, data", "What the table holds", (),
                 [Section("Read and checked", [_spaced(sentence) for sentence in said], figures)], caveat=OF_THE_DATA)


__all__ = ["adoption_curve", "classic_figure", "classic_study", "data_study", "describe_study", "exposure_over_time",
           "not_yet", "series_figure", "thresholds_by_category"]
