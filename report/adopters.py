"""Figures and pages of the science of adopters: a set of adoption times, a classic model, a series of counts."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance.experiments.adopters.classic import said_of, settings
from letsdance.experiments.adopters.curves import curve_named
from letsdance.report.sheet import WIDE, Figure, Panel, scale, share_ticks, text_width
from letsdance.report.study import Section, Study, Table
from letsdance.report.style import (
    CATEGORY_COLOURS,
    CATEGORY_TITLES,
    COLOURS,
    ENGLISH,
    GRID,
    INK,
    PAPER,
    SOFT,
    band,
    category_titles,
    decimal,
    percent,
    percent_sign,
    sentence,
    spread,
)
from letsdance.words import Text

if TYPE_CHECKING:
    from letsdance.experiments.adopters.classic import Classic
    from letsdance.experiments.adopters.counts import Counts
    from letsdance.experiments.adopters.describing import Description

_BLUE, _ORANGE = COLOURS["lets_dance"], COLOURS["lone_ranger"]
_CURVES = (_BLUE, _ORANGE, COLOURS["dead_horse"])
_GROUPS = (*CATEGORY_COLOURS[::-1], "#00796b", "#3949ab", "#8a6d00")
#: Below figures of somebody's data: they describe, and our time scales do not enter.
DATA_FOOT = ENGLISH("report.adopters_foot")
#: How to read a page of them.
OF_THE_DATA = ENGLISH("report.adopters_of_the_data")


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


def _percents(highest: float, text: Text) -> tuple[float, list[tuple[float, str]]]:
    top, ticks = scale(100 * min(max(highest, 0.01), 1.0), text)
    return top / 100, [(value / 100, f"{label}{percent_sign(text)}" if value else label) for value, label in ticks]


def _category(name: str, text: Text) -> str:
    """An adopter category in a language; a group of the user's own by its name."""
    if name in ("all", "non-adopters"):
        return text("report.adopters_all" if name == "all" else "report.adopters_never")
    return category_titles(text)[CATEGORY_TITLES.index(name)] if name in CATEGORY_TITLES else name


# ---------------------------------------------------------------- a set of adoption times

def adoption_curve(found: Description, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """Who has adopted by each period, and the hazard of those who had not."""
    curve = found.curve
    period, share, hazard = (curve[name].to_numpy(float) for name in ("period", "share", "hazard"))
    figure = Figure(_growth_title(found, text), text(
        "report.adopters_curve_says", share=percent(share[-1], text), last=f"{period[-1]:g}",
        period=f"{period[int(hazard.argmax())]:g}", hazard=percent(round(hazard.max(), 9), text)), width)
    top = figure.head(text("report.adopters_curve_head"))
    half = 0.5 if len(period) > 1 else 0.4
    xs = (period[0] - half, period[-1] + half)
    high, ticks = _percents(hazard.max(), text)
    cell, height = (width, 180) if _narrow(width) else (width / 2, 240)
    below = top
    for k, (title, ys, marks) in enumerate((
            (text("report.adopters_have"), (0.0, 1.0), share_ticks(text)),
            (text("report.adopters_hazard"), (0.0, high), ticks))):
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
    figure.foot(below + 30, text("report.adopters_foot"))
    return figure


def _growth_title(found: Description, text: Text) -> str:
    share = found.curve["share"].to_numpy(float)
    return text(f"report.adopters_{'grew' if share[-1] > share[0] else 'at_once' if share[-1] > 0 else 'nobody'}")


def fitted_curves(found: Description, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """Bass, logistic and Gompertz on who has adopted."""
    curve = found.curve
    period, share = curve["period"].to_numpy(float), curve["share"].to_numpy(float)
    n = len(found.adoption.nodes)
    ends = {name: (fit.estimates["share"], *fit.interval("share")) for name, fit in found.fits.items()}
    told = [text("report.adopters_curve_share", curve=curve_named(name, text), share=percent(value, text),
                 band=band(low, high, text=text)) for name, (value, low, high) in ends.items()]
    figure = Figure(text("report.adopters_curves_title"), text("report.adopters_curves_says", curves=text.listed(told)),
                    width)
    top = figure.head(text("report.adopters_curves_head"))
    panel = Panel(figure, 52, top + 14, width - 52 - 124, 220 if _narrow(width) else 300,
                  (period[0] - 0.5, period[-1] + 0.5), (0.0, 1.0))
    panel.scale_y(share_ticks(text))
    panel.scale_x(_periods(period[0], period[-1]))
    for at, value in zip(period, share, strict=True):
        figure.disc(float(panel.at_x(at)), float(panel.at_y(value)), 4.5 if len(period) < 60 else 3, "#a9b0b7")
    labels = {}
    for (name, fit), colour in zip(found.fits.items(), _CURVES, strict=True):
        line = fit.fitted() / n
        panel.line(period, line, colour, 2.6, {"bass": None, "logistic": (7, 4), "gompertz": (2, 3)}[name])
        least = percent(ends[name][0], text).replace(text("report.over", n=""), "> ")
        labels[name] = (float(line[-1]), text("report.adopters_curve_label", curve=curve_named(name, text), share=least),
                        colour)
    panel.labels([labels[name] for name in sorted(labels, key=lambda one: -ends[one][0])], 118)
    figure.foot(panel.y + panel.height + 30, text("report.adopters_foot"))
    return figure


def who_follows(found: Description, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """Infectiousness and susceptibility, beside what there would be if ties did not matter; periods are pooled so that
    each mark stands for many ties."""
    assert found.influence is not None
    table = found.influence
    panels = (("infectiousness", "alike_after", "ties_after", _BLUE),
              ("susceptibility", "alike_before", "ties_before", _ORANGE))
    pooled = [_pooled(table, column, other, ties) for column, other, ties, _ in panels]
    whole = _pooled(table, "infectiousness", "alike_after", "ties_after", 1)
    figure = Figure(text("report.adopters_follows" if whole[0][1] > whole[0][2] else "report.adopters_follows_not"),
                    text("report.adopters_follows_says", share=percent(whole[0][1], text),
                         alike=percent(whole[0][2], text)), width)
    top = figure.head(text("report.adopters_follows_head"))
    cell, height = (width, 170) if _narrow(width) else (width / 2, 230)
    first, last = table["period"].iloc[0] - 0.5, table["period"].iloc[-1] + 0.5
    below = top
    for k, (panel_of, marks) in enumerate(zip(panels, pooled, strict=True)):
        high, ticks = _percents(max((max(mark[1:]) for mark in marks), default=0.01), text)
        x, y = (0.0, top + 30 + k * (height + 74)) if _narrow(width) else (k * cell, top + 30.0)
        panel = Panel(figure, x + 56, y, cell - 56 - 20, height, (first, last), (0.0, high))
        panel.scale_y(ticks)
        panel.scale_x(_periods(first + 0.5, last - 0.5))
        panel.heading(text(f"report.adopters_{panel_of[0]}"), panel_of[3])
        at = np.array(marks, float).reshape(-1, 3)
        panel.line(at[:, 0], at[:, 2], SOFT, 1.5, (3, 3))
        panel.line(at[:, 0], at[:, 1], panel_of[3], 2.4)
        for x, own, alike in marks:
            figure.disc(float(panel.at_x(x)), float(panel.at_y(alike)), 4, PAPER, edge=SOFT)
            figure.disc(float(panel.at_x(x)), float(panel.at_y(own)), 5, panel_of[3], edge=PAPER)
        below = y + height
    figure.foot(below + 30, text("report.adopters_foot"))
    return figure


def _pooled(table: Any, column: str, other: str, ties: str, parts: int = 8) -> list[tuple[float, float, float]]:
    """(period, share, share if ties did not matter) of at most so many stretches with about as many ties each."""
    known = table[(table[ties] > 0) & np.isfinite(table[other])]
    if not len(known):
        return []
    weight = known[ties].to_numpy(float)
    part = np.minimum((parts * (weight.cumsum() - weight / 2) / weight.sum()).astype(int), parts - 1)
    marks = []
    for k in np.unique(part):
        rows, own = known[part == k], weight[part == k]
        at, share, alike = (float(np.average(rows[name], weights=own)) for name in ("period", column, other))
        marks.append((at, share, alike))
    return marks


def rewired_networks(found: Description, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """The mean threshold, beside those of networks with the same degrees and ties at random."""
    test = found.dependence
    assert test is not None
    figure = Figure(text("report.adopters_tied_title"), text(
        f"report.adopters_tied_{'apart' if test.p < 0.05 else 'among'}", n=text.number(len(test.rewired)),
        mean=decimal(test.mean, 3, text), observed=decimal(test.observed, 3, text), p=text.p_value(test.p)), width)
    top = figure.head(text("report.adopters_tied_head"))
    values = np.append(test.rewired, test.observed)
    room = max(float(np.ptp(values)) * 0.06, 1e-3)
    low, high = float(values.min()) - room, float(values.max()) + room
    bins = np.linspace(low, high, 41)
    count = np.histogram(test.rewired, bins)[0]
    most, ticks = scale(float(count.max()), text)
    panel = Panel(figure, 52, top + 26, width - 52 - 24, 150 if _narrow(width) else 200, (low, high), (0.0, most))
    panel.scale_y([(value, label) for value, label in ticks if float(value).is_integer()])
    _bars(panel, (bins[:-1] + bins[1:]) / 2, count, SOFT, (bins[1] - bins[0]) * 0.46)
    step = 10 ** math.floor(math.log10((high - low) / 2))
    step = next(step * k for k in (1, 2, 5) if (high - low) / (step * k) <= 5.01)
    panel.scale_x([(float(x), text.number(x, max(0, -math.floor(math.log10(step)))))
                   for x in np.arange(math.ceil(low / step) * step, high, step)])
    at = float(panel.at_x(test.observed))
    figure.line([(at, panel.y - 4), (at, panel.y + panel.height + 5)], _ORANGE, 3)
    left = at > panel.x + panel.width / 2
    figure.text(at + (-8 if left else 8), panel.y + 8, text("report.adopters_as_it_is"), 14, _ORANGE, True,
                anchor="end" if left else "start")
    figure.foot(panel.y + panel.height + 30, text("report.adopters_foot"))
    return figure


def exposure_over_time(found: Description, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """How many of their contacts had adopted: those who had not adopted yet, and those who adopt."""
    table = found.exposure
    assert table is not None
    period = table["period"].to_numpy(float)
    low, mean, high, new = (table[name].to_numpy(float) for name in ("low", "mean", "high", "mean_of_new"))
    count = table["new"].to_numpy(float)
    normalised = found.how["normalised"]
    known = np.isfinite(new) & np.isfinite(mean)
    more = (new[known] > mean[known]).mean() if known.any() else math.nan
    figure = Figure(
        text("report.adopters_saw_title" if np.nanmax(new, initial=0.0) > 0 else "report.adopters_saw_title_none"),
        text("report.adopters_saw_says", share=percent(more, text)) if known.any() else text("report.adopters_saw_unknown"),
        width)
    top = figure.head(text(f"report.adopters_saw_head_{'share' if normalised else 'count'}"))
    most = float(np.nanmax([*high[np.isfinite(high)], *new[np.isfinite(new)], 0.01]))
    ys, ticks = _percents(most, text) if normalised else scale(most, text)
    panel = Panel(figure, 52, top + 14, width - 52 - 24, 220 if _narrow(width) else 280,
                  (period[0] - 0.5, period[-1] + 0.5), (0.0, ys))
    panel.scale_y(ticks)
    panel.scale_x(_periods(period[0], period[-1]))
    panel.band(period, low, high, _BLUE, 0.18)
    panel.line(period, mean, _BLUE, 3)
    size = min(max(40 / len(period), 0.4), 1.0)  # smaller where there are many
    for at, value, many in zip(period, new, count, strict=True):
        if math.isfinite(value):
            figure.disc(float(panel.at_x(at)), float(panel.at_y(value)), size * (3 + 6 * math.sqrt(many / count.max())),
                        _ORANGE, edge=PAPER, edge_width=1.5 * size)
    y = panel.y + panel.height + 46
    figure.disc(60, y - 5, 6, _ORANGE)
    new_, others = text("report.adopters_saw_new"), text("report.adopters_saw_others")
    figure.text(72, y, new_, 14, _ORANGE, True)
    x = 72 + text_width(new_, 14, True) + 24
    if x + 29 + text_width(others, 14, True) > width:  # a phone
        x, y = 48.0, y + 20
    figure.line([(x, y - 5), (x + 22, y - 5)], _BLUE, 3)
    figure.text(x + 29, y, others, 14, _BLUE, True)
    figure.foot(y + 8, text("report.adopters_foot"))
    return figure


def thresholds_by_category(found: Description, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """How many of their contacts had adopted when they did: a histogram for each category."""
    nodes = found.nodes.dropna(subset=["threshold"])
    rows = [name for name in found.categories["category"] if (nodes["category"] == name).any()]
    normalised = found.how["normalised"]
    means = [nodes.loc[nodes["category"] == name, "threshold"].mean() for name in rows]
    write: Any = partial(percent if normalised else decimal, text=text)
    said = [text("report.adopters_waited_item", category=_category(name, text), mean=write(mean))
            for name, mean in zip(rows, means, strict=True)]
    figure = Figure(text(f"report.adopters_waited_title{'' if any(m > 0 for m in means) else '_none'}"),
                    text("report.adopters_waited_says", means=text.listed(said)), width)
    top = figure.head(text(f"report.adopters_waited_head_{'share' if normalised else 'count'}"))
    most = 1.0 if normalised else max(float(nodes["threshold"].max()), 1.0)
    high, marks = (1.0, share_ticks(text)) if normalised else scale(most, text)
    bins = np.linspace(0.0, high, 21 if normalised else int(min(high, 20)) + 1)
    left = 14.0 if _narrow(width) else 190.0
    row, gap = 62.0, 34.0 if _narrow(width) else 16.0
    y = top + (24 if _narrow(width) else 8)
    for name, mean in zip(rows, means, strict=True):
        values = nodes.loc[nodes["category"] == name, "threshold"].to_numpy(float)
        colour = CATEGORY_COLOURS[CATEGORY_TITLES.index(name)]
        share = np.histogram(values, bins)[0] / len(values)
        panel = Panel(figure, left, y, width - left - 20, row, (0.0, high), (0.0, max(float(share.max()), 0.25)))
        figure.line([(panel.x, y + row), (panel.x + panel.width, y + row)], GRID, 1.5)
        _bars(panel, (bins[:-1] + bins[1:]) / 2, share, colour, (bins[1] - bins[0]) * 0.46)
        at = float(panel.at_x(mean))
        figure.line([(at, y - 2), (at, y + row + 5)], INK, 2)
        told = text("report.adopters_n_mean", n=text.number(len(values)), mean=write(mean))
        if _narrow(width):
            figure.text(left, y - 6, _category(name, text), 15, colour, True)
            figure.text(width - 20, y - 6, told, 13, SOFT, anchor="end")
        else:
            figure.text(2, y + row / 2, _category(name, text), 15, colour, True)
            figure.text(2, y + row / 2 + 19, told, 13, SOFT)
        y += row + gap
    for value, label in marks:
        figure.text(left + value / high * (width - left - 20), y - gap + 22, label, 13, SOFT, anchor="middle")
    figure.foot(y - gap + 30, text("report.adopters_foot"))
    return figure


def not_yet(found: Description, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """Kaplan-Meier: who has not adopted yet; each group that was known beforehand, or all."""
    origin = float(found.adoption.periods[0])
    names = ["all"] if found.groups is None else [found.groups["group"].iloc[k] for k in _in_order(found.groups["group"])]
    curves = {name: found.survival[name] for name in names[:8]}
    said = []
    for name, curve in curves.items():
        half = curve.quantile(0.5)
        said.append(text(f"report.adopters_half_{'by' if math.isfinite(half) else 'not'}", group=_category(name, text),
                         when=f"{origin + half:g}"))
    figure = Figure(text("report.adopters_not_yet" if len(names) == 1 else "report.adopters_not_yet_groups"),
                    sentence(text("report.semicolon").join(said)), width)
    top = figure.head(text("report.adopters_not_yet_head")
                      + (text("report.adopters_not_yet_band") if len(curves) <= 3 else ""))
    first, last = origin, float(found.adoption.periods[-1])
    panel = Panel(figure, 52, top + 14, width - 52 - 118, 220 if _narrow(width) else 300, (first, max(last, first + 1)),
                  (0.0, 1.0))
    panel.scale_y(share_ticks(text))
    panel.scale_x(_periods(first, last))
    ends = []
    for k, (name, curve) in enumerate(curves.items()):
        own = _BLUE if len(curves) == 1 else _GROUPS[k % len(_GROUPS)]
        colour = CATEGORY_COLOURS[CATEGORY_TITLES.index(name)] if name in CATEGORY_TITLES else own
        # A step keeps its height until the next adoption.
        x = np.repeat(np.concatenate([[0.0], curve.time, [curve.upto]]), 2)[1:-1] + origin
        y = np.repeat(np.concatenate([[1.0], curve.share]), 2)
        if len(curves) <= 3:
            low, high = (np.repeat(np.concatenate([[1.0], np.where(np.isnan(b), curve.share, b)]), 2)
                         for b in (curve.low, curve.high))
            panel.band(x, low, high, colour, 0.15)
        panel.line(x, y, colour, 2.8)
        ends.append((float(y[-1]), _category(name, text), colour))
    panel.labels(sorted(ends, key=lambda end: -end[0]), 112)
    figure.foot(panel.y + panel.height + 30, text("report.adopters_foot"))
    return figure


def describe_study(found: Description, caveat: str | None = None, text: Text = ENGLISH) -> Study:
    """The page of `letsdance adopters describe`; caveat: "report.of_the_model" where the times are those of a run."""
    said = found.sentences(text)
    n, count = len(found.adoption.nodes), int(found.curve["adopters"].iloc[-1])
    first, last = found.adoption.periods[[0, -1]]
    grew = {name: text(f"report.adopters_head_{name}") for name in ("period", "at_risk", "new", "adopters", "share")}
    some = found.curve[found.curve["new"] > 0]
    note = text("report.adopters_with_adopters") if len(some) < len(found.curve) else ""
    sections = [Section(_growth_title(found, text), said["growth"], {"adoption": partial(adoption_curve, found, text=text)},
                        [_table(some, grew | {"hazard": text("report.adopters_hazard")}, text, note)])]
    if found.fits:
        sections.append(Section(text("report.adopters_classic_curves"), said["curves"],
                                {"curves": partial(fitted_curves, found, text=text)}, [_of_curves(found, text)]))
    figures: dict[str, Any] = {}
    if "threshold" in found.nodes and found.nodes["threshold"].notna().any():
        figures["thresholds"] = partial(thresholds_by_category, found, text=text)
    sections.append(Section(text("report.adopters_categories"),
                            [text(f"report.adopters_cut_{found.by}"), *said["categories"]], figures,
                            [of_categories(found, bool(figures), text)]))
    if found.exposure is not None:
        figures = {"exposure": partial(exposure_over_time, found, text=text)}
        if found.influence is not None and found.influence["infectiousness"].notna().any():
            figures["influence"] = partial(who_follows, found, text=text)
        if found.dependence is not None:
            figures["rewired"] = partial(rewired_networks, found, text=text)
        sections.append(Section(text("report.adopters_around"), said["dependence"], figures))
    if found.mean.upto > 0:
        sections.append(Section(text("report.adopters_not_yet"), said["groups"],
                                {"not_yet": partial(not_yet, found, text=text)}, _of_groups(found, text)))
    limits = ("influence", "threshold", "ties") if found.exposure is not None else ("no_network",)
    return Study(text("report.adopters_kind"), text("report.adopters_headline", n=text.number(count), of=text.number(n),
                                                    first=first, last=last),
                 said["data"], sections, [text(f"report.adopters_limit_{limit}") for limit in limits],
                 text("report.adopters_of_the_data") if caveat is None else caveat, text)


def _of_curves(found: Description, text: Text) -> Table:
    """Every fitted parameter with its interval."""
    fitted = found.fitted
    rows = [[curve_named(row["curve"], text), row["parameter"], _three(row["estimate"], text),
             text("report.adopters_at_edge") if np.isnan(row["low"]) else
             text("report.from_to", low=_three(row["low"], text), high=_three(row["high"], text))]
            for _, row in fitted[fitted["parameter"] != "ceiling"].iterrows()]
    return Table([text(f"report.adopters_head_{head}") for head in ("curve", "parameter", "estimate", "interval")], rows,
                 text("report.adopters_counted_from", first=found.adoption.periods[0]))


def _of_groups(found: Description, text: Text) -> list[Table]:
    """The groups known beforehand: how many, and how long they went without."""
    if found.groups is None:
        return []
    rows = [[_category(row["group"], text), text.number(row["nodes"]), text.number(row["adopters"]), _wait(row, text)]
            for _, row in found.groups.iloc[_in_order(found.groups["group"])].iterrows()]
    return [Table([text(f"report.adopters_head_{head}") for head in ("group", "nodes", "adopters", "wait")], rows,
                  _horizon(found.groups["upto"].iloc[0], found.adoption.periods[0], text))]


def of_categories(found: Description, thresholds: bool, text: Text) -> Table:
    """Each category: how many, when they adopted, how long they went without, what they waited for."""
    rows = []
    for _, row in found.categories.iterrows():
        when = "–" if not row["adopters"] else f"{row['first']:g}" if row["first"] == row["last"] else \
            f"{row['first']:g}–{row['last']:g}"
        rows.append([_category(row["category"], text), text.number(row["nodes"]), _cell(row["share"], True, text), when,
                     _wait(row, text),
                     *([_cell(row["mean_threshold"], found.how["normalised"], text)] if thresholds else [])])
    heads = ("category", "nodes", "share", "adopted", "wait", *(["threshold"] if thresholds else []))
    return Table([text(f"report.adopters_head_{head}") for head in heads], rows,
                 _horizon(found.categories["upto"].max(), found.adoption.periods[0], text))


def _wait(row: Any, text: Text) -> str:
    """A restricted mean with its standard error."""
    mean, se = row["restricted_mean"], row["se"]
    return "–" if not math.isfinite(mean) else decimal(mean, text=text) + (f" ± {decimal(se, text=text)}" if se > 0 else "")


def _horizon(upto: float, first: Any, text: Text) -> str:
    return text("report.adopters_horizon", first=first, upto=text.typed(upto)) if math.isfinite(upto) else ""


def _in_order(names: Any) -> list[int]:
    """Places of groups: adopter categories from first to last, others as they come."""
    order = {name: k for k, name in enumerate(CATEGORY_TITLES)}
    return sorted(range(len(names)), key=lambda k: order.get(list(names)[k], 0))


def _three(value: float, text: Text) -> str:
    """Three figures that count, without powers of ten where people can read it."""
    if not math.isfinite(value):
        return "–"
    if value == 0 or 1e-4 <= abs(value) < 1e7:
        digits = 0 if value == 0 else max(0, 2 - math.floor(math.log10(abs(value))))
        return text.number(value, digits)
    figures, _, power = f"{value:.1e}".partition("e")
    return f"{text.number(float(figures), 1)}e{power}"


def _spaced(sentence: str) -> str:
    """With a fixed space before each per cent sign, as figures write it."""
    return re.sub(r"(\d) ?%", "\\1\u00a0%", sentence)


def _cell(value: Any, share: bool, text: Text) -> str:
    if isinstance(value, str):
        return value
    if not math.isfinite(value):
        return "–"
    if share:
        return percent(round(float(value), 9), text)
    return f"{value:g}" if float(value).is_integer() else decimal(float(value), 2, text)


def _table(frame: Any, columns: dict[str, str], text: Text, note: str = "", most: int = 20) -> Table:
    """A frame's columns in words; long ones are cut, and say so."""
    rows = [[_cell(row[name], name in ("share", "hazard"), text) for name in columns]
            for _, row in frame.head(most).iterrows()]
    if len(frame) > most:
        note = f"{note} {text('report.adopters_first_rows', n=most, of=len(frame))}".strip()
    return Table(list(columns.values()), rows, note)


# ---------------------------------------------------------------- a classic model

def classic_figure(found: Classic, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """The runs' mean and band, with the closed form on top."""
    low, mean, high = spread(found.shares)
    closed = said_of(found.name, "closed", text)
    theory = "" if found.closed is None else text(
        "report.classic_end_theory", closed=closed, share=percent(round(float(found.closed[-1]), 6), text))
    figure = Figure(_classic_title(found, text),
                    text("report.classic_end", share=percent(float(mean[-1]), text), theory=theory), width)
    drawn = text("report.classic_no_path" if found.closed is None else "report.classic_dashed", closed=closed)
    top = figure.head(text("report.classic_head", runs=_runs(found, text), drawn=drawn))
    panel = Panel(figure, 52, top + 14, width - 52 - 100, 230 if _narrow(width) else 330,
                  (found.time[0], found.time[-1]), (0.0, 1.0))
    panel.scale_y(share_ticks(text))
    panel.scale_x(_periods(found.time[0], found.time[-1]))
    panel.band(found.time, low, high, _BLUE, 0.22)
    panel.line(found.time, mean, _BLUE, 3.4)
    ends = [(float(mean[-1]), text("report.classic_simulation"), _BLUE)]
    if found.closed is not None:
        panel.line(found.time, found.closed, INK, 2, dashes=(6, 4))
        alone = "ring_alone" if found.name == "centola_macy" else "theory"
        ends.append((float(found.closed[-1]), text(f"report.classic_{alone}"), INK))
    panel.labels(ends, 96)
    figure.text(52, panel.y + panel.height + 38, text(f"report.classic_unit_{found.unit}"), 13, SOFT)
    figure.foot(panel.y + panel.height + 42, text("report.classic_foot"))
    return figure


def _classic_title(found: Classic, text: Text) -> str:
    return text("report.classic_and_theory" if found.closed is not None else "report.classic_alone",
                title=said_of(found.name, "title", text))


def _runs(found: Classic, text: Text) -> str:
    """'20 runs'."""
    runs = len(found.shares)
    return text("report.one_run") if runs == 1 else text("report.n_runs", n=text.number(runs))


def classic_study(found: Classic, text: Text = ENGLISH) -> Study:
    """The page of `letsdance adopters classic`."""
    known = settings(found.name)
    table = Table([text("report.adopters_head_parameter"), text("report.classic_head_value"),
                   text("report.classic_head_what")],
                  [[name, text.typed(value), known[name].says(text)] for name, value in found.settings.items()])
    done = text("report.classic_done", runs=_runs(found, text), seed=found.seed, source=found.source)
    return Study(text("report.classic_kind"), _classic_title(found, text), [said_of(found.name, "says", text), done],
                 [Section(text("report.classic_side"), found.found(text),
                          {"classic": partial(classic_figure, found, text=text)}, [table])],
                 caveat=text("report.classic_caveat"), text=text)


# ---------------------------------------------------------------- a series of counts

def series_figure(counts: Counts, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """Counts of each unit over time, as they are."""
    told = text.listed([text("report.data_series_item", unit=row["unit"], low=_plain(row["at_first"], text),
                             high=_plain(row["at_last"], text), first=row["first"], last=row["last"])
                        for _, row in counts.shapes().iterrows()])
    figure = Figure(text("report.data_series"), sentence(told), width)
    top = figure.head(text("report.data_series_head", what=text(f"report.data_what_{counts.kind}")))
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
        marks = [(value, _plain(value, text)) for value, _ in ticks]
        panel = Panel(figure, column * cell + 66, top + 30 + row * (height + 70), cell - 66 - 24, height,
                      (x[0] - 0.5, x[-1] + 0.5), (0.0, high))
        panel.scale_y(marks)
        panel.scale_x(_periods(x[0], x[-1]))
        panel.heading(unit)
        panel.line(x, y, _BLUE, 2)
        for at, value in zip(x, y, strict=True):
            figure.disc(float(panel.at_x(at)), float(panel.at_y(value)), 4.5, _BLUE, edge=PAPER)
        below = panel.y + height
    figure.foot(below + 30, text("report.adopters_foot"))
    return figure


def data_study(said: Sequence[str], name: str, frame: Any, counts: Counts | None, text: Text = ENGLISH) -> Study:
    """The page of `letsdance adopters data --out`: what was understood, a figure of counts, and the table."""
    figures = {} if counts is None else {"series": partial(series_figure, counts, text=text)}
    shown = [column for column in frame.columns if counts is None or column != "note" or (frame[column] != "").any()]
    shown = [column for column in shown if not (column == "population" and frame[column].isna().all())]
    rows = [[str(cell) if isinstance(cell, str | int) else _plain(cell, text) for cell in row]
            for row in frame[shown].head(40).itertuples(index=False)]
    note = text("report.data_first_rows", n=40, of=text.number(len(frame))) if len(frame) > 40 else ""
    return Study(text("report.data_kind"), text("report.data_holds", name=name), (),
                 [Section(text("report.data_checked"), [_spaced(sentence) for sentence in said], figures,
                          [Table(shown, rows, note)])], caveat=text("report.adopters_of_the_data"), text=text)


def backtest_of_shares(says: str, name: str, rows: Any, text: Text = ENGLISH) -> Study:
    """The page of `letsdance adopters backtest` for shares in use: how far forecasts were off, by periods ahead."""
    ahead = rows.groupby("ahead")
    means = 100 * ahead[["error", "persistence", "crps", "below", "above"]].mean()
    table = [[str(periods), text.number(int(ahead.size()[periods])), *(text.number(value, 1) for value in row)]
             for periods, row in zip(means.index, means.to_numpy(), strict=True)]
    heads = ("back_shares_ahead", "back_head_forecasts", "back_shares_error", "back_shares_persistence", "back_head_crps",
             "back_shares_below", "back_shares_above")
    return Study(text("report.back_kind"), text("report.back_shares_title", name=name), (), [
        Section(text("report.back_shares_off"), [says], {}, [
            Table([text(f"report.{head}") for head in heads], table, text("report.back_shares_note"))])],
                 caveat=text("report.adopters_of_the_data"), text=text)


def _plain(value: float, text: Text) -> str:
    if not math.isfinite(value):
        return "–"
    return text.typed(value) if abs(value) < 1e5 and value % 1 else text.number(value)


__all__ = ["adoption_curve", "backtest_of_shares", "classic_figure", "classic_study", "data_study", "describe_study",
           "exposure_over_time", "fitted_curves", "not_yet", "of_categories", "rewired_networks", "series_figure",
           "thresholds_by_category", "who_follows"]
