"""Sensitivity and scenario discovery as figures and as a page for readers of policy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance.experiments.discovery import said_limit, sentences
from letsdance.experiments.discovery import where as restricted
from letsdance.experiments.emulator import Emulated
from letsdance.experiments.estimates import Estimate
from letsdance.experiments.indices import Morris, Regional, Sobol
from letsdance.experiments.outcome_words import about
from letsdance.experiments.outcomes import Condition
from letsdance.experiments.sensitivity import bounds_of, said_condition
from letsdance.report.outcomes import unit_of
from letsdance.report.sheet import WIDE, Figure, Panel, scale, shorten, text_width
from letsdance.report.study import Section, Study, Table
from letsdance.report.style import (
    ENGLISH,
    GRID,
    INK,
    OWN,
    PAPER,
    SOFT,
    capital,
    percent,
    points,
    sentence,
    start_titled,
    tint,
)
from letsdance.words import Text

if TYPE_CHECKING:
    import pandas as pd

    from letsdance.experiments.design import Factor
    from letsdance.experiments.discovery import Box, Discovery
    from letsdance.experiments.sensitivity import Sensitivity

__all__ = ["box_ranges", "discovery_study", "morris_plane", "regional_ranges", "rows_of", "sensitivity_study",
           "sobol_bars", "trade_off"]

#: What is told apart from none or lies in a box; what is not told apart.
MARK, NONE = OWN[0], "#8d969e"
_SHOWN = 12  # factors that a figure has room for
_MOST = 0.1  # of the strongest factor's effect: what is weaker is not what an outcome answers to most


# ---------------------------------------------------------------- figures

def _upright(panel: Panel, ticks: Sequence[tuple[float, str]]) -> None:
    """Grey lines up, with their values below."""
    for value, _ in ticks:
        x = float(panel.at_x(value))
        panel.figure.line([(x, panel.y), (x, panel.y + panel.height)], GRID, 1)
    panel.scale_x(ticks)


def _whisker(panel: Panel, y: float, low: float, high: float, colour: str, width: float = 2.4) -> None:
    """An interval as a line, cut at the panel's edges."""
    a, b = np.clip([low, high], *panel.xs)
    if b > a:
        panel.figure.line(np.column_stack([panel.at_x([a, b]), [y, y]]), colour, width)


def _span(low: float, high: float, text: Text) -> tuple[tuple[float, float], tuple[tuple[float, str], ...]]:
    """A scale that holds low, high and 0, with round ticks."""
    top, ticks = scale(max(high, 1e-9), text)
    low = min(1.05 * low, 0.0)
    below = [(-value, f"−{label}") for value, label in ticks[1:] if -value >= low]
    return (low, top), (*below[::-1], *ticks)


def _unit(sensitivity: Sensitivity, text: Text) -> str:
    """What a change of the outcome is counted in, in words."""
    outcome = sensitivity.outcome
    asked = outcome.outcome if isinstance(outcome, Condition) else outcome
    if asked.unit in ("ratio", "per municipality"):
        return text(f"report.screen_unit_{asked.unit.replace(' ', '_')}")
    return text.title("unit", asked.unit) if asked.unit in ("share", "logit", "value") else unit_of(asked, text)


def _named(factors: Sequence[Factor], text: Text) -> dict[str, str]:
    """What each factor is called."""
    return {factor.name: factor.said(text) for factor in factors}


def _rest(shown: int, total: int, text: Text) -> str:
    return "" if shown == total else text("report.screen_rest", n=shown, of=total)


def morris_plane(sensitivity: Sensitivity, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """How strongly the outcome answers to each factor, and whether that depends on the other factors."""
    table = sensitivity.table
    shown, narrow = table.head(_SHOWN), width < 600
    strong, named = shown[shown["told_apart"]], _named(sensitivity.factors, text)
    figure = Figure(
        text("report.screen_morris_title" if len(strong) else "report.screen_none_title"),
        text("report.screen_morris_says", more=text(
            "report.screen_strongest", factors=text.listed([named[name] for name in strong["factor"].head(3)]))
            if len(strong) else text("report.screen_none_told")), width)
    top = figure.head(text("report.screen_morris_head", rest=_rest(len(shown), len(table), text)))
    left = 30.0
    room = width - left - 14 if narrow else width * 0.5 - left
    xs, ticks = _span(float(min(shown["mu_star_low"].min(), 0)), float(shown["mu_star_high"].max()), text)
    step = 44.0
    panel = Panel(figure, left, top + 8, room, step * len(shown), xs, (0, 1))
    _upright(panel, ticks)
    for k, row in enumerate(shown.itertuples()):
        y, colour = panel.y + step * k + 32, MARK if row.told_apart else NONE
        figure.text(left - 8, y - 12, str(k + 1), 14, colour, True, "end")
        figure.text(left + 2, y - 12, shorten(named[row.factor], room - 4, 14), 14, INK if row.told_apart else SOFT,
                    halo=PAPER)
        _whisker(panel, y, row.mu_star_low, row.mu_star_high, colour)
        figure.disc(float(panel.at_x(row.mu_star)), y, 5, colour if row.told_apart else PAPER, edge=colour)
    below = panel.y + panel.height + 38
    figure.text(left, below, text("report.screen_mu_in", unit=_unit(sensitivity, text)), 13, SOFT)
    # the plane
    x, y, side = (48.0, below + 40, width - 66) if narrow else (width * 0.5 + 84, top + 22, width * 0.5 - 104)
    most_x, ticks_x = scale(float(max(table["mu_star"].max(), 1e-9)) * 1.08, text)
    most_y, ticks_y = scale(float(max(table["sigma"].max(), 1e-9)) * 1.08, text)
    plane = Panel(figure, x, y, side, side if narrow else max(panel.height - 14, 150), (0, most_x), (0, most_y))
    plane.scale_y(ticks_y)
    _upright(plane, ticks_x)
    figure.text(x - 36, y - 12, text("report.screen_sigma"), 13, SOFT)
    figure.text(x + side, plane.y + plane.height + 38, text("report.screen_mu"), 13, SOFT, anchor="end")
    for row in table.iloc[_SHOWN:].itertuples():
        figure.disc(float(plane.at_x(max(row.mu_star, 0.0))), float(plane.at_y(row.sigma)), 3, tint(NONE, 0.6))
    numbered: list[tuple[float, float]] = []
    for k, row in enumerate(shown.itertuples()):
        colour = MARK if row.told_apart else NONE
        at = float(plane.at_x(max(row.mu_star, 0.0))), float(plane.at_y(row.sigma))
        if any(math.dist(at, other) < 21 for other in numbered):  # numbers that lie on each other cannot be read
            figure.disc(*at, 3.5, colour)
            continue
        numbered.append(at)
        figure.disc(*at, 10, colour, edge=PAPER, edge_width=1.5)
        figure.text(at[0], at[1] + 4.5, str(k + 1), 12.5, PAPER, True, "middle")
    figure.foot(max(below + 8, plane.y + plane.height + 46), text("report.foot"))
    return figure


def sobol_bars(sensitivity: Sensitivity, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """First-order and total indices with intervals, and beside them the share of luck."""
    found = sensitivity.found
    assert isinstance(found, Sobol)
    table, named = sensitivity.table.head(_SHOWN), _named(sensitivity.factors, text)
    luck, first = math.isfinite(found.luck.value), next(iter(table.itertuples()))
    lines = text("report.screen_lines_folds" if isinstance(found, Emulated) else "report.screen_lines_resampled")
    says = [text("report.screen_sobol_says", factor=named[first.factor], share=_index(first, "total", text))]
    says += [text("report.screen_sobol_luck", luck=_share(found.luck.value, text))] if luck else []
    figure = Figure(text("report.screen_sobol_title" if table["told_apart"].any() else "report.screen_none_title"),
                    " ".join(says), width)
    top = figure.head(text("report.screen_sobol_head", lines=lines))
    left, right = 26.0, 96.0
    xs, ticks = _span(float(np.clip(table[["first_low", "total_low"]].to_numpy().min(), -0.5, 0)),
                      float(np.clip(table[["first_high", "total_high"]].to_numpy().max(), 1.0, 1.5)), text)
    ticks = tuple((value, label if value == 0 else text.percent(value)) for value, label in ticks)
    step, y = 58.0, top + 4
    if luck:
        bar = Panel(figure, left, y + 22, width - left - 14, 18, (0, 1), (0, 1))
        cut = float(bar.at_x(found.luck.value))
        figure.text(left, y + 12, text("report.screen_luck_bar", luck=_estimate(found.luck, text)), 14, INK)
        figure.box(left, y + 22, cut - left, 18, tint(SOFT, 0.55))
        figure.box(cut, y + 22, left + bar.width - cut, 18, tint(MARK, 0.75))
        y += 78
        figure.text(left, y - 10, text("report.screen_of_factors"), 14, INK)
    panel = Panel(figure, left, y, width - left - right, step * len(table), xs, (0, 1))
    _upright(panel, ticks)
    zero = float(panel.at_x(0))
    figure.line([(zero, panel.y), (zero, panel.y + panel.height)], SOFT, 1)
    for k, row in enumerate(table.itertuples()):
        here = panel.y + step * k + 16
        figure.text(zero + 3, here, shorten(named[row.factor], left + panel.width - zero + right - 8, 14), 14,
                    INK if row.told_apart else SOFT, halo=PAPER)
        for value, low, high, colour, line, dy in (
                (row.first, row.first_low, row.first_high, MARK, INK, 8),
                (row.total, row.total_low, row.total_high, tint(MARK, 0.38), SOFT, 22)):
            end = float(panel.at_x(np.clip(value, *xs)))
            figure.box(min(zero, end), here + dy, abs(end - zero), 11, colour)
            _whisker(panel, here + dy + 5.5, low, high, line, 1.6)
            figure.text(width - right + 10, here + dy + 10, _share(value, text), 13, INK if dy == 8 else SOFT)
    figure.foot(panel.y + panel.height + 28, text("report.foot"))
    return figure


def regional_ranges(sensitivity: Sensitivity, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """Where each factor lies in runs in which the condition holds, and in those in which it does not."""
    assert isinstance(sensitivity.found, Regional)
    table = sensitivity.table
    shown, named = table.head(_SHOWN), _named(sensitivity.factors, text)
    first = next(iter(shown.itertuples()))
    figure = Figure(
        text("report.screen_regional_title" if first.told_apart else "report.screen_regional_title_none"),
        text("report.screen_regional_says", factor=named[first.factor], holds=_digits(first.where_holds, 3, text),
             fails=_digits(first.where_not, 3, text)) if first.told_apart else text("report.screen_regional_says_none"),
        width)
    top = figure.head(text("report.screen_regional_head", rest=_rest(len(shown), len(table), text)))
    ranges = {f.name: b for f, b in zip(sensitivity.factors, bounds_of(sensitivity.factors), strict=True)}
    left, step = 14.0, 62.0
    track = width - 2 * left
    y = top
    for k, row in enumerate(shown.itertuples()):
        y, colour = top + step * k, MARK if row.told_apart else NONE
        low, high = ranges[row.factor]
        line = Panel(figure, left, y + 24, track, 1, (float(low), float(high)), (0, 1))
        said = text("report.screen_distance", n=text.number(row.distance, 2))
        figure.text(left + track, y + 14, said, 13, SOFT, anchor="end")
        figure.text(left, y + 14, shorten(named[row.factor], track - text_width(said, 13) - 14, 14), 14,
                    INK if row.told_apart else SOFT)
        figure.line([(left, y + 28), (left + track, y + 28)], GRID, 4)
        a, b = float(line.at_x(row.where_not)), float(line.at_x(row.where_holds))
        figure.line([(a, y + 28), (b, y + 28)], tint(colour, 0.5), 4)
        figure.disc(a, y + 28, 5.5, PAPER, edge=colour)
        figure.disc(b, y + 28, 6.5, colour, edge=PAPER)
        figure.text(left, y + 47, said_limit(low, text), 12.5, SOFT)
        figure.text(left + track, y + 47, said_limit(high, text), 12.5, SOFT, anchor="end")
    figure.foot(top + step * len(shown), text("report.foot"))
    return figure


def box_ranges(found: Discovery, number: int = 0, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """A box as the ranges of the factors that it restricts, on their full ranges."""
    box = found.boxes[number]
    factors = {f.name: (f, b) for f, b in zip(found.factors, bounds_of(found.factors), strict=True)}
    figure = Figure(text("report.box_ranges" if len(found.boxes) == 1 else "report.box_ranges_n", n=number + 1),
                    text("report.box_ranges_says", where=sentence(restricted(box, found.factors, text)),
                         density=_estimate(box.density, text)), width)
    top = figure.head(text("report.box_ranges_head", n=len(factors) - len(box.limits), of=len(factors)))
    left, step = 14.0, 70.0
    track = width - 2 * left
    for k, (name, (at_least, at_most)) in enumerate(box.limits.items()):
        factor, (low, high) = factors[name]
        y = top + step * k
        line = Panel(figure, left, y + 24, track, 1, (float(low), float(high)), (0, 1))
        figure.text(left, y + 14, shorten(factor.said(text), track, 15), 15, INK)
        figure.box(left, y + 24, track, 14, GRID)
        a = float(line.at_x(low if at_least is None else at_least))
        b = float(line.at_x(high if at_most is None else at_most))
        figure.box(a, y + 24, b - a, 14, MARK)
        ends = [(left, said_limit(low, text), "start"), (left + track, said_limit(high, text), "end")]
        inner = [(place, said_limit(limit, text)) for place, limit in ((a, at_least), (b, at_most)) if limit is not None]
        for place, said in inner:
            place = float(np.clip(place, left + 16, left + track - 16))
            figure.text(place, y + 55, said, 14, MARK, True, "middle")
        for place, said, anchor in ends:
            if all(abs(place - at) > text_width(said, 12.5) + text_width(other, 14, True) for at, other in inner):
                figure.text(place, y + 55, said, 12.5, SOFT, anchor=anchor)  # type: ignore[arg-type]
    figure.foot(top + step * len(box.limits) + 2, text("report.foot"))
    return figure


def trade_off(found: Discovery, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """Coverage against density along the peeling, on the points that it was found on and on those left out."""
    steps, box = found.steps, found.boxes[0]
    figure = Figure(text("report.box_trade"), text("report.box_trade_says", coverage=_share(box.coverage.value, text),
                                                   density=_share(box.density.value, text)), width)
    top = figure.head(text("report.box_trade_head"))
    side = width - 84 if width < 600 else 560.0
    panel = Panel(figure, 54, top + 22, side, side * 0.66, (0, 1), (0, 1))
    ticks = [(0.0, "0"), *((k / 4, text.percent(k / 4)) for k in range(1, 5))]
    panel.scale_y(ticks)
    _upright(panel, ticks)
    figure.text(10, panel.y - 11, text("report.box_density_axis"), 13, SOFT)
    figure.text(panel.x + side, panel.y + panel.height + 38, text("report.box_coverage_axis"), 13, SOFT, anchor="end")
    for half, colour, dashes in (("found", NONE, (5.0, 4.0)), ("checked", MARK, None)):
        panel.line(steps[f"{half}_coverage"].to_numpy(), steps[f"{half}_density"].to_numpy(), colour, 2.4, dashes)
    x, y = float(panel.at_x(box.coverage.value)), float(panel.at_y(box.density.value))
    _whisker(panel, y, box.coverage.low, box.coverage.high, MARK, 2)
    figure.line([(x, float(panel.at_y(box.density.low))), (x, float(panel.at_y(box.density.high)))], MARK, 2)
    figure.disc(x, y, 7, MARK, edge=PAPER)
    if width < 600:
        kx, ky = panel.x, panel.y + panel.height + 62
    else:
        kx, ky = panel.x + side + 30, panel.y + 20
    for k, (label, colour, dashes) in enumerate(((text("report.box_left_out"), MARK, None),
                                                  (text("report.box_found_on"), NONE, (5.0, 4.0)))):
        figure.line([(kx, ky + 24 * k - 5), (kx + 28, ky + 24 * k - 5)], colour, 2.4, dashes)
        figure.text(kx + 36, ky + 24 * k, label, 14, colour if colour == MARK else SOFT)
    figure.foot(max(panel.y + panel.height + 44, ky + 30), text("report.foot"))
    return figure


# ---------------------------------------------------------------- in words

def _share(value: float, text: Text) -> str:
    """An index as it was estimated: it may be negative."""
    return percent(value, text) if math.isfinite(value) else text("report.screen_not_known")


def _estimate(one: Estimate, text: Text) -> str:
    """A share with its interval: '23 % (10–37 %)'."""
    return text("report.with_band", value=_share(one.value, text), band=text.percents(one.low, one.high))


def _index(row: Any, name: str, text: Text) -> str:
    """An index of a table, with its interval."""
    return _estimate(Estimate(*(getattr(row, f"{name}{end}") for end in ("", "_low", "_high"))), text)


def _digits(value: float, digits: int, text: Text) -> str:
    """A number with so many digits that count."""
    return said_limit(float(f"{value:.{digits}g}"), text)


def _number(value: float, unit: str, text: Text) -> str:
    """A change of the outcome: two decimals of a share, three digits of anything else."""
    return text.number(value, 2) if unit == "share" else _digits(value, 3, text)


def _change(row: Any, name: str, sensitivity: Sensitivity, text: Text) -> str:
    """"23 percentage points (10 to 37)", or the same in the outcome's unit."""
    assert not isinstance(sensitivity.outcome, Condition)
    value, low, high = (getattr(row, f"{name}{end}") for end in ("", "_low", "_high"))
    if sensitivity.outcome.unit == "share":
        return text("report.interval", mean=points(value, text), low=text.number(100 * low), high=text.number(100 * high))
    said, low, high = (_digits(v, 3, text) for v in (value, low, high))
    return text("report.interval", mean=f"{said} {_unit(sensitivity, text)}".rstrip(), low=low, high=high)


def rows_of(sensitivity: Sensitivity, text: Text = ENGLISH) -> tuple[list[str], list[list[str]]]:
    """Columns and rows of the table for people, the strongest factor first."""
    named, unit = _named(sensitivity.factors, text), sensitivity.outcome.unit if not isinstance(
        sensitivity.outcome, Condition) else "share"

    def changed(row: Any, name: str) -> str:
        mean, low, high = (_number(getattr(row, f"{name}{end}"), unit, text) for end in ("", "_low", "_high"))
        return text("report.interval", mean=mean, low=low, high=high)

    if isinstance(sensitivity.found, Morris):
        heads: tuple[str, ...] = ("mu_star", "mu", "sigma", "told")
        cells = [[changed(r, name) for name in heads[:-1]] for r in sensitivity.table.itertuples()]
    elif isinstance(sensitivity.found, Sobol):
        heads = ("first", "total", "told")
        cells = [[_index(r, name, text) for name in heads[:-1]] for r in sensitivity.table.itertuples()]
    else:
        heads = ("distance", "p", "holds", "fails", "chance")
        cells = [[text.number(r.distance, 2), _least(r.p_holm, text), _digits(r.where_holds, 3, text),
                  _digits(r.where_not, 3, text)] for r in sensitivity.table.itertuples()]
    return [text("report.sweep_factor"), *(text(f"report.screen_head_{name}") for name in heads)], [
        [f"{named[row.factor]} ({row.factor})", *cell, text("town.yes" if row.told_apart else "town.no")]
        for row, cell in zip(sensitivity.table.itertuples(), cells, strict=True)]


def answer(sensitivity: Sensitivity, text: Text = ENGLISH) -> list[str]:
    """What was found, the first sentence first."""
    table, found, named = sensitivity.table, sensitivity.found, _named(sensitivity.factors, text)
    told = table[table["told_apart"]]
    if isinstance(found, Regional):
        return _set_apart(sensitivity, found, told, text)
    assert not isinstance(sensitivity.outcome, Condition)
    what, none = capital(about(sensitivity.outcome, text)), len(table) - len(told)
    if not len(told):
        return [text("report.screen_answers_none", what=what, n=len(table))]
    strength = told["mu_star" if isinstance(found, Morris) else "total"]
    most = told[strength >= _MOST * strength.iloc[0]]["factor"].head(3)  # the strongest comes first
    said = [text("report.screen_answers", what=what, factors=text.listed([named[name] for name in most]))]
    if isinstance(found, Emulated):
        said.append(found.said(text))
    size = ""
    if isinstance(found, Morris):
        size = text("report.screen_with", trajectories=found.trajectories, replicates=found.replicates)
        said += [text(f"report.screen_effect_{_direction(row)}", factor=named[row.factor],
                      change=_change(row, "mu_star", sensitivity, text)) for row in told.head(3).itertuples()]
    else:
        if math.isfinite(found.luck.value):
            said.append(text("report.screen_luck", luck=_estimate(found.luck, text)))
        said += [capital(text("report.screen_makes", factor=named[row.factor], total=_index(row, "total", text),
                              first=_index(row, "first", text))) for row in told.head(3).itertuples()]
    return said + ([text("report.screen_no_effect", n=none, of=len(table), **{"with": size})] if none else [])


def _set_apart(sensitivity: Sensitivity, found: Regional, told: pd.DataFrame, text: Text) -> list[str]:
    """What sets runs in which the condition holds apart from the others."""
    assert isinstance(sensitivity.outcome, Condition)
    named, (holds, meaning) = _named(sensitivity.factors, text), said_condition(sensitivity.outcome, text)
    ranges = {f.name: b for f, b in zip(sensitivity.factors, bounds_of(sensitivity.factors), strict=True)}
    most = text.listed([named[name] for name in told["factor"].head(3)])
    return [text("report.screen_apart" if len(told) else "report.screen_apart_none", holds=holds, meaning=meaning,
                 share=percent(found.held, text), factors=most)] + [
        text(f"report.screen_where_{_tends(row, *ranges[row.factor])}", factor=named[row.factor],
             holds=_digits(row.where_holds, 2, text), fails=_digits(row.where_not, 2, text))
        for row in told.head(3).itertuples()]


def _least(p: float, text: Text) -> str:
    """A p-value."""
    return text("report.under", n=text.number(0.001, 3)) if p < 0.001 else text.number(p, 3)


def _tends(row: Any, low: float, high: float) -> str:
    if abs(row.where_holds - row.where_not) < 0.05 * (high - low):
        return "elsewhere"
    return "higher" if row.where_holds > row.where_not else "lower"


def _direction(row: Any) -> str:
    if row.mu_low > 0:
        return "up"
    return "down" if row.mu_high < 0 else "both"


# ---------------------------------------------------------------- pages

def _limits(sensitivity: Sensitivity, text: Text) -> list[str]:
    found, k = sensitivity.found, len(sensitivity.factors)
    said = [text("report.screen_limit_ranges")]
    if isinstance(found, Morris):
        said.append(text("report.screen_limit_luck"))
        if k >= 20:
            said.append(text("report.screen_limit_many", n=k, k=math.ceil(0.025 * k)))
    if isinstance(found, Sobol) and not isinstance(found, Emulated):
        said.append(text("report.screen_limit_sobol"))
    if not isinstance(found, Regional) and found.replicates < 3:
        said.append(text("report.screen_limit_seeds"))
    if isinstance(found, Regional):
        said.append(text("report.screen_limit_regional"))
    return said


def _varied(factors: Sequence[Factor], text: Text) -> Section:
    """What was varied, from where to where."""
    rows = [[f"{f.said(text)} ({f.name})", text("report.from_to", low=said_limit(low, text), high=said_limit(high, text)),
             f.counted(text)] for f, (low, high) in zip(factors, bounds_of(factors), strict=True)]
    return Section(text("report.screen_varied"), tables=[Table(
        [text("report.sweep_factor"), text("report.screen_head_range"), text("report.screen_head_unit")], rows)])


def sensitivity_study(sensitivity: Sensitivity, text: Text = ENGLISH) -> Study:
    """The page of a sensitivity analysis."""
    found, method = sensitivity.found, sensitivity.method
    draw, name = {"morris": (morris_plane, "morris"), "sobol": (sobol_bars, "sobol"),
                  "emulated": (sobol_bars, "sobol"), "regional": (regional_ranges, "regional")}[method]
    columns, rows = rows_of(sensitivity, text)
    headline, *more = answer(sensitivity, text)
    made = {Morris: "trajectories", Sobol: "base"}.get(type(found))
    done = text("report.screen_done", method=text(f"report.screen_method_{method}"), n=len(sensitivity.factors),
                start=start_titled(sensitivity.scenario, text), points=text.number(len(sensitivity.design)),
                made=text(f"report.screen_made_{method}", n=text.number(getattr(found, made))) if made else "",
                replicates=found.replicates, runs=text.number(len(sensitivity.runs)))
    matters = "report.screen_matters" if sensitivity.table["told_apart"].any() else "report.screen_matters_none"
    return Study(text("report.screen_kind"), headline, [done], [
        Section(text(matters), more, {name: partial(_first, draw, sensitivity, text=text)}, [Table(columns, rows)]),
        _varied(sensitivity.factors, text)], _limits(sensitivity, text), text("report.of_the_model"), text)


def _first(draw: Any, what: Any, width: float, text: Text) -> Figure:
    figure = draw(what, width=width, text=text)
    assert isinstance(figure, Figure)
    return figure


def _box_row(number: int, box: Box, found: Discovery, text: Text) -> list[str]:
    return [text("report.box_n", n=number), restricted(box, found.factors, text), _estimate(box.density, text),
            _share(box.base, text), _estimate(box.coverage, text), _share(box.support, text),
            _share(box.found_density, text)]


def _sure(found: Discovery, text: Text) -> list[Section]:
    """How sure boxes are, at what price, and whether each restriction belongs."""
    rows = [_box_row(number, box, found, text) for number, box in enumerate(found.boxes, 1)]
    named = _named(found.factors, text)
    chance = [[text("report.box_n", n=number), named[name], _least(p, text)]
              for number, box in enumerate(found.boxes, 1) for name, p in box.chance.items()]
    heads = ["", *(text(f"report.box_head_{name}") for name in (
        "where", "density", "base", "coverage", "support", "found"))]
    return [
        Section(text("report.box_sure"), [text("report.box_sure_says")],
                {"trade_off": partial(_first, trade_off, found, text=text)}, [Table(heads, rows)]),
        Section(text("report.box_belongs"),
                [text("report.box_belongs_says", p=_least(max(box.p for box in found.boxes), text))],
                tables=[Table(["", text("report.sweep_factor"), text("report.box_head_p")], chance)])]


def discovery_study(found: Discovery, text: Text = ENGLISH) -> Study:
    """The page of a scenario discovery."""
    said = sentences(found, text)
    headline = said[0]
    sections: list[Section] = []
    if found.boxes:
        holds = said_condition(found.condition, text)[0] if found.condition else text("report.box_condition")
        headline = text("report.box_headline", holds=holds, where=restricted(found.boxes[0], found.factors, text),
                        density=_share(found.boxes[0].density.value, text))
        sections = [Section(text("report.box_else", n=number + 1) if number else text("report.box_ranges"),
                            [] if number else said,
                            {f"box_{number + 1}": partial(box_ranges, found, number, text=text)})
                    for number in range(len(found.boxes))] + _sure(found, text)
    elif said[1:]:
        sections = [Section(text("report.box_other"), said[1:])]
    start = start_titled(found.scenario, text) if found.scenario else text("report.box_model")
    done = text("report.box_done", points=text.number(found.points), n=len(found.factors), start=start,
                replicates=found.replicates)
    return Study(text("report.box_kind"), headline, [done], [*sections, _varied(found.factors, text)],
                 [text(f"report.box_limit_{name}") for name in ("runs", "sides", "seeds")], text("report.of_the_model"),
                 text)
