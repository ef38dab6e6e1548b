"""Sensitivity and scenario discovery as figures and as a page for readers of policy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance.experiments.discovery import said_limit, said_limits, sentences
from letsdance.experiments.emulator import Emulated
from letsdance.experiments.estimates import Estimate
from letsdance.experiments.indices import Morris, Regional, Sobol
from letsdance.experiments.outcomes import Condition
from letsdance.experiments.sensitivity import bounds_of, said_condition, said_outcome
from letsdance.params import listed
from letsdance.report.sheet import WIDE, Figure, Panel, scale, shorten, text_width
from letsdance.report.study import Section, Study, Table
from letsdance.report.style import FOOT, GRID, INK, OWN, PAPER, SOFT, capital, decimal, percent, sentence, tint

if TYPE_CHECKING:
    from letsdance.experiments.discovery import Box, Discovery
    from letsdance.experiments.sensitivity import Sensitivity

__all__ = ["box_ranges", "discovery_study", "morris_plane", "regional_ranges", "rows_of", "sensitivity_study",
           "sobol_bars", "trade_off"]

#: What is told apart from none or lies in a box; what is not told apart.
MARK, NONE = OWN[0], "#8d969e"
_SHOWN = 12  # factors that a figure has room for
_MOST = 0.1  # of the strongest factor's effect: what is weaker is not what an outcome answers to most
_SHARE_TICKS = ((0.0, "0"), (0.25, "25 %"), (0.5, "50 %"), (0.75, "75 %"), (1.0, "100 %"))


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


def _span(low: float, high: float) -> tuple[tuple[float, float], tuple[tuple[float, str], ...]]:
    """A scale that holds low, high and 0, with round ticks."""
    top, ticks = scale(max(high, 1e-9))
    low = min(1.05 * low, 0.0)
    below = [(-value, f"−{label}") for value, label in ticks[1:] if -value >= low]
    return (low, top), (*below[::-1], *ticks)


def _unit(sensitivity: Sensitivity) -> str:
    outcome = sensitivity.outcome
    return (outcome.outcome if isinstance(outcome, Condition) else outcome).unit


def _rest(shown: int, total: int) -> str:
    return "" if shown == total else f" · the {shown} strongest of {total} factors"


def morris_plane(sensitivity: Sensitivity, width: float = WIDE) -> Figure:
    """How strongly the outcome answers to each factor, and whether that depends on the other factors."""
    table = sensitivity.table
    shown, narrow = table.head(_SHOWN), width < 600
    strong = shown[shown["told_apart"]]
    figure = Figure(
        "Which factors matter, and which depend on others" if len(strong) else "No factor is shown to matter",
        "First each factor's mean absolute effect with its 95 % interval, then the same against the spread of its effect "
        "over the places it was tried at: the higher, the more it depends on other factors or is not linear. "
        + (f"Strongest: {listed(strong['title'].head(3))}." if len(strong) else "No factor is told apart from none."),
        width)
    top = figure.head(f"change of the outcome when a factor goes from one end of its range to the other · ● told apart "
                      f"from none ○ not{_rest(len(shown), len(table))}")
    left = 30.0
    room = width - left - 14 if narrow else width * 0.5 - left
    xs, ticks = _span(float(min(shown["mu_star_low"].min(), 0)), float(shown["mu_star_high"].max()))
    step = 44.0
    panel = Panel(figure, left, top + 8, room, step * len(shown), xs, (0, 1))
    _upright(panel, ticks)
    for k, row in enumerate(shown.itertuples()):
        y, colour = panel.y + step * k + 32, MARK if row.told_apart else NONE
        figure.text(left - 8, y - 12, str(k + 1), 14, colour, True, "end")
        figure.text(left + 2, y - 12, shorten(str(row.title), room - 4, 14), 14, INK if row.told_apart else SOFT,
                    halo=PAPER)
        _whisker(panel, y, row.mu_star_low, row.mu_star_high, colour)
        figure.disc(float(panel.at_x(row.mu_star)), y, 5, colour if row.told_apart else PAPER, edge=colour)
    below = panel.y + panel.height + 38
    figure.text(left, below, f"mean absolute effect μ* ({_unit(sensitivity)})", 13, SOFT)
    # the plane
    x, y, side = (48.0, below + 40, width - 66) if narrow else (width * 0.5 + 84, top + 22, width * 0.5 - 104)
    most_x, ticks_x = scale(float(max(table["mu_star"].max(), 1e-9)) * 1.08)
    most_y, ticks_y = scale(float(max(table["sigma"].max(), 1e-9)) * 1.08)
    plane = Panel(figure, x, y, side, side if narrow else max(panel.height - 14, 150), (0, most_x), (0, most_y))
    plane.scale_y(ticks_y)
    _upright(plane, ticks_x)
    figure.text(x - 36, y - 12, "spread of the effect σ", 13, SOFT)
    figure.text(x + side, plane.y + plane.height + 38, "mean absolute effect μ*", 13, SOFT, anchor="end")
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
    figure.foot(max(below + 8, plane.y + plane.height + 46), FOOT)
    return figure


def sobol_bars(sensitivity: Sensitivity, width: float = WIDE) -> Figure:
    """First-order and total indices with intervals, and beside them the share of luck."""
    found = sensitivity.found
    assert isinstance(found, Sobol)
    table = sensitivity.table.head(_SHOWN)
    first = table.iloc[0]
    lines = ("how far an emulator's folds differ" if isinstance(found, Emulated) else
             "95 % intervals, which resample points and seeds")
    figure = Figure(
        "How much of the variance each factor makes" if table["told_apart"].any() else "No factor is shown to matter",
        f"Of what the factors do to the outcome, {first['title']} makes {_share(first['total'])} "
        f"({_range(first['total_low'], first['total_high'])}) with all its interactions"
        + (f"; {_share(found.luck.value)} of the variance of one run is luck." if math.isfinite(found.luck.value) else "."),
        width)
    top = figure.head(f"dark: alone (first order) · light: with all interactions (total) · lines: {lines} · "
                      "grey names are not told apart from none")
    left, right = 26.0, 96.0
    xs, ticks = _span(float(np.clip(table[["first_low", "total_low"]].to_numpy().min(), -0.5, 0)),
                      float(np.clip(table[["first_high", "total_high"]].to_numpy().max(), 1.0, 1.5)))
    ticks = tuple((value, f"{label if value == 0 else decimal(100 * value, 0) + ' %'}") for value, label in ticks)
    step, y = 58.0, top + 4
    luck = math.isfinite(found.luck.value)
    if luck:
        bar = Panel(figure, left, y + 22, width - left - 14, 18, (0, 1), (0, 1))
        cut = float(bar.at_x(found.luck.value))
        figure.text(left, y + 12, f"One run: luck {_share(found.luck.value)} "
                                  f"({_range(found.luck.low, found.luck.high)}), factors the rest", 14, INK)
        figure.box(left, y + 22, cut - left, 18, tint(SOFT, 0.55))
        figure.box(cut, y + 22, left + bar.width - cut, 18, tint(MARK, 0.75))
        y += 78
        figure.text(left, y - 10, "Of what the factors do:", 14, INK)
    panel = Panel(figure, left, y, width - left - right, step * len(table), xs, (0, 1))
    _upright(panel, ticks)
    zero = float(panel.at_x(0))
    figure.line([(zero, panel.y), (zero, panel.y + panel.height)], SOFT, 1)
    for k, row in enumerate(table.itertuples()):
        here = panel.y + step * k + 16
        figure.text(zero + 3, here, shorten(str(row.title), left + panel.width - zero + right - 8, 14), 14,
                    INK if row.told_apart else SOFT, halo=PAPER)
        for value, low, high, colour, line, dy in (
                (row.first, row.first_low, row.first_high, MARK, INK, 8),
                (row.total, row.total_low, row.total_high, tint(MARK, 0.38), SOFT, 22)):
            end = float(panel.at_x(np.clip(value, *xs)))
            figure.box(min(zero, end), here + dy, abs(end - zero), 11, colour)
            _whisker(panel, here + dy + 5.5, low, high, line, 1.6)
            figure.text(width - right + 10, here + dy + 10, _share(value), 13, INK if dy == 8 else SOFT)
    figure.foot(panel.y + panel.height + 28, FOOT)
    return figure


def regional_ranges(sensitivity: Sensitivity, width: float = WIDE) -> Figure:
    """Where each factor lies in runs in which the condition holds, and in those in which it does not."""
    assert isinstance(sensitivity.found, Regional)
    table = sensitivity.table
    shown = table.head(_SHOWN)
    first = shown.iloc[0]
    told = bool(first["told_apart"])
    figure = Figure(
        "What sets the runs apart" if told else "Nothing is shown to set the runs apart",
        f"The factor that differs most is {first['title']}: its median is {first['where_holds']:.3g} where the condition "
        f"holds and {first['where_not']:.3g} where it does not." if told else
        "No factor differs more than chance would have it between runs in which the condition holds and the others.", width)
    top = figure.head(f"medians on each factor's full range · ● where the condition holds ○ where it does not · grey: not "
                      f"told apart{_rest(len(shown), len(table))}")
    ranges = {f.name: b for f, b in zip(sensitivity.factors, bounds_of(sensitivity.factors), strict=True)}
    left, step = 14.0, 62.0
    track = width - 2 * left
    y = top
    for k, row in enumerate(shown.itertuples()):
        y, colour = top + step * k, MARK if row.told_apart else NONE
        low, high = ranges[row.factor]
        line = Panel(figure, left, y + 24, track, 1, (float(low), float(high)), (0, 1))
        said = f"distance {row.distance:.2f}"
        figure.text(left + track, y + 14, said, 13, SOFT, anchor="end")
        figure.text(left, y + 14, shorten(str(row.title), track - text_width(said, 13) - 14, 14), 14,
                    INK if row.told_apart else SOFT)
        figure.line([(left, y + 28), (left + track, y + 28)], GRID, 4)
        a, b = float(line.at_x(row.where_not)), float(line.at_x(row.where_holds))
        figure.line([(a, y + 28), (b, y + 28)], tint(colour, 0.5), 4)
        figure.disc(a, y + 28, 5.5, PAPER, edge=colour)
        figure.disc(b, y + 28, 6.5, colour, edge=PAPER)
        figure.text(left, y + 47, said_limit(low), 12.5, SOFT)
        figure.text(left + track, y + 47, said_limit(high), 12.5, SOFT, anchor="end")
    figure.foot(top + step * len(shown), FOOT)
    return figure


def box_ranges(found: Discovery, number: int = 0, width: float = WIDE) -> Figure:
    """A box as the ranges of the factors that it restricts, on their full ranges."""
    box = found.boxes[number]
    factors = {f.name: (f, b) for f, b in zip(found.factors, bounds_of(found.factors), strict=True)}
    where = listed([said_limits(factors[name][0], *limits) for name, limits in box.limits.items()])
    figure = Figure(f"Where it holds{'' if len(found.boxes) == 1 else f': box {number + 1}'}",
                    f"{sentence(where)} There it holds in {_share(box.density.value)} of runs "
                    f"({_range(box.density.low, box.density.high)}).", width)
    top = figure.head(f"grey: the range that was tried · colour: the box · {len(factors) - len(box.limits)} of "
                      f"{len(factors)} factors are not restricted")
    left, step = 14.0, 70.0
    track = width - 2 * left
    for k, (name, (at_least, at_most)) in enumerate(box.limits.items()):
        factor, (low, high) = factors[name]
        y = top + step * k
        line = Panel(figure, left, y + 24, track, 1, (float(low), float(high)), (0, 1))
        figure.text(left, y + 14, shorten(factor.title, track, 15), 15, INK)
        figure.box(left, y + 24, track, 14, GRID)
        a = float(line.at_x(low if at_least is None else at_least))
        b = float(line.at_x(high if at_most is None else at_most))
        figure.box(a, y + 24, b - a, 14, MARK)
        ends = [(left, said_limit(low), "start"), (left + track, said_limit(high), "end")]
        inner = [(place, said_limit(limit)) for place, limit in ((a, at_least), (b, at_most)) if limit is not None]
        for place, said in inner:
            place = float(np.clip(place, left + 16, left + track - 16))
            figure.text(place, y + 55, said, 14, MARK, True, "middle")
        for place, said, anchor in ends:
            if all(abs(place - at) > text_width(said, 12.5) + text_width(other, 14, True) for at, other in inner):
                figure.text(place, y + 55, said, 12.5, SOFT, anchor=anchor)  # type: ignore[arg-type]
    figure.foot(top + step * len(box.limits) + 2, FOOT)
    return figure


def trade_off(found: Discovery, width: float = WIDE) -> Figure:
    """Coverage against density along the peeling, on the points that it was found on and on those left out."""
    steps, box = found.steps, found.boxes[0]
    figure = Figure("More certain, or more complete",
                    "A smaller box is right more often and holds fewer of the cases. "
                    f"The box that was taken holds {_share(box.coverage.value)} of the cases and is right in "
                    f"{_share(box.density.value)} of its runs.", width)
    top = figure.head("each step peels a slice off the box · lines: points left out, and points it was found on · "
                      "● the box taken, with 95 % intervals")
    side = width - 84 if width < 600 else 560.0
    panel = Panel(figure, 54, top + 22, side, side * 0.66, (0, 1), (0, 1))
    panel.scale_y(_SHARE_TICKS)
    _upright(panel, _SHARE_TICKS)
    figure.text(10, panel.y - 11, "density: how often it holds in the box", 13, SOFT)
    figure.text(panel.x + side, panel.y + panel.height + 38, "coverage: share of the cases in the box", 13, SOFT,
                anchor="end")
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
    for k, (label, colour, dashes) in enumerate((("points left out", MARK, None),
                                                  ("points it was found on", NONE, (5.0, 4.0)))):
        figure.line([(kx, ky + 24 * k - 5), (kx + 28, ky + 24 * k - 5)], colour, 2.4, dashes)
        figure.text(kx + 36, ky + 24 * k, label, 14, colour if colour == MARK else SOFT)
    figure.foot(max(panel.y + panel.height + 44, ky + 30), FOOT)
    return figure


# ---------------------------------------------------------------- in words

def _share(value: float) -> str:
    """An index as it was estimated: it may be negative."""
    return f"{decimal(100 * value, 0)}\u00a0%" if math.isfinite(value) else "not known"


def _range(low: float, high: float) -> str:
    """An interval of shares."""
    if low < 0:
        return f"{decimal(100 * low, 0)} to {decimal(100 * high, 0)}\u00a0%"
    return f"{decimal(100 * low, 0)}–{decimal(100 * high, 0)}\u00a0%"


def _number(value: float, unit: str = "share") -> str:
    """A change of the outcome: two decimals of a share, three digits of anything else."""
    text = f"{value:.2f}" if unit == "share" else f"{value:.3g}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def _change(row: Any, name: str, unit: str) -> str:
    """"23 percentage points (10 to 37)", or the same in the outcome's unit."""
    values = [getattr(row, f"{name}{end}") for end in ("", "_low", "_high")]
    if unit == "share":
        value, low, high = (decimal(100 * v, 0) for v in values)
        return f"{value} percentage point{'' if value == '1' else 's'} ({low} to {high})"
    value, low, high = (_number(v, unit) for v in values)
    return f"{value} {unit} ({low} to {high})"


def rows_of(sensitivity: Sensitivity) -> tuple[list[str], list[list[str]]]:
    """Columns and rows of the table for people, the strongest factor first."""
    table, unit = sensitivity.table, _unit(sensitivity)

    def cell(row: Any, name: str, write: Any) -> str:
        low, high = getattr(row, f"{name}_low"), getattr(row, f"{name}_high")
        if write is _share:
            return f"{_share(getattr(row, name))} ({_range(low, high)})"
        return f"{write(getattr(row, name), unit)} ({write(low, unit)} to {write(high, unit)})"

    def told(row: Any) -> str:
        return "yes" if row.told_apart else "no"

    if isinstance(sensitivity.found, Morris):
        return (["factor", "mean absolute effect μ* (95 %)", "mean effect μ (95 %)", "spread of the effect σ (95 %)",
                 "told apart from none"],
                [[f"{r.title} ({r.factor})", *(cell(r, name, _number) for name in ("mu_star", "mu", "sigma")), told(r)]
                 for r in table.itertuples()])
    if isinstance(sensitivity.found, Sobol):
        return (["factor", "alone: first order (95 %)", "with interactions: total (95 %)", "told apart from none"],
                [[f"{r.title} ({r.factor})", cell(r, "first", _share), cell(r, "total", _share), told(r)]
                 for r in table.itertuples()])
    return (["factor", "distance", "p, adjusted", "median where it holds", "median where not", "told apart from chance"],
            [[f"{r.title} ({r.factor})", f"{r.distance:.2f}", _least(r.p_holm),
              f"{r.where_holds:.3g}", f"{r.where_not:.3g}", told(r)] for r in table.itertuples()])


def answer(sensitivity: Sensitivity) -> list[str]:
    """What was found, the first sentence first."""
    table, found = sensitivity.table, sensitivity.found
    told = table[table["told_apart"]]
    none = len(table) - len(told)
    rest = f"{none} of {len(table)} factors cannot be told apart from having no effect" if none else ""
    if isinstance(found, Regional):
        assert isinstance(sensitivity.outcome, Condition)
        holds, meaning = said_condition(sensitivity.outcome)
        ranges = {f.name: b for f, b in zip(sensitivity.factors, bounds_of(sensitivity.factors), strict=True)}
        first = (f"{holds} ({meaning}) in {percent(found.held)} of runs; what sets these apart is "
                 f"{listed(told['title'].head(3))}." if len(told) else
                 f"{holds} ({meaning}) in {percent(found.held)} of runs; no factor sets these apart beyond chance.")
        return [first] + [
            f"Where it holds, {row.title} {_tends(row, *ranges[row.factor])}: median {_two(row.where_holds)}, against "
            f"{_two(row.where_not)} where it does not." for row in told.head(3).itertuples()]
    assert not isinstance(sensitivity.outcome, Condition)
    what, unit = capital(said_outcome(sensitivity.outcome)), sensitivity.outcome.unit
    if not len(told):
        return [f"{what} answers to none of the {len(table)} factors in a way that can be told apart from none."]
    strength = told["mu_star" if isinstance(found, Morris) else "total"]
    most = told[strength >= _MOST * strength.iloc[0]]  # the strongest comes first
    said = [f"{what} answers most to {listed(most['title'].head(3))}."]
    if isinstance(found, Emulated):
        said.append(found.says.replace("95 %", "95\u00a0%"))
    if isinstance(found, Morris):
        said += [f"From one end of its range to the other, {row.title} changes it by {_change(row, 'mu_star', unit)} "
                 f"on average, {_direction(row)}."
                 for row in told.head(3).itertuples()]
        if rest:
            said.append(f"{sentence(rest)[:-1]} with {found.trajectories} trajectories and {found.replicates} seeds.")
        return said
    if math.isfinite(found.luck.value):
        said.append(f"Of the variance of one run, {_share(found.luck.value)} "
                    f"({_range(found.luck.low, found.luck.high)}) is luck: other seeds at the same point. The shares of "
                    f"the factors are of the rest.")
    said += [f"{sentence(str(row.title))[:-1]} makes {_share(row.total)} ({_range(row.total_low, row.total_high)}) of it, "
             f"alone {_share(row.first)} ({_range(row.first_low, row.first_high)})." for row in told.head(3).itertuples()]
    return said + ([sentence(rest)] if rest else [])


def _least(p: float) -> str:
    """A p-value."""
    return "under 0.001" if p < 0.001 else f"{p:.3f}"


def _two(value: float) -> str:
    """A number with two digits that count."""
    return said_limit(float(f"{value:.2g}"))


def _tends(row: Any, low: float, high: float) -> str:
    if abs(row.where_holds - row.where_not) < 0.05 * (high - low):
        return "lies elsewhere in its range, though not higher or lower"
    return f"tends to be {'higher' if row.where_holds > row.where_not else 'lower'}"


def _direction(row: Any) -> str:
    if row.mu_low > 0:
        return "upwards"
    return "downwards" if row.mu_high < 0 else "up in some places and down in others, or too seldom to tell"


# ---------------------------------------------------------------- pages

_METHODS = {"morris": "Morris screening", "sobol": "Sobol' indices", "regional": "regional sensitivity",
            "emulated": "Sobol' indices by an emulator"}


def _limits(sensitivity: Sensitivity) -> list[str]:
    found, k = sensitivity.found, len(sensitivity.factors)
    said = ["A factor matters here over the range that it was given, with the others varying over theirs, all equally "
            "likely and independent. Other ranges give other answers."]
    if isinstance(found, Morris):
        said.append("Luck makes every effect and every spread too large. Here their squares are products across different "
                    "seeds, to which luck adds nothing on average; μ* is the mean absolute effect that goes with this μ "
                    "and σ, so it is never below |μ|.")
        if k >= 20:
            said.append(f"Of {k} factors without any effect, about {math.ceil(0.025 * k)} would still be told apart: "
                        f"repeat what matters with the method sobol.")
    if isinstance(found, Sobol) and not isinstance(found, Emulated):
        said.append("Products of effects are taken across different seeds only, so that luck does not count as effect. "
                    "Indices are as estimated, so they may be negative or above 100 %; an interval that holds 0 is not "
                    "told apart from none.")
    if not isinstance(found, Regional) and found.replicates < 3:
        said.append("With fewer than three seeds the intervals hold the luck of the points only, not that of the seeds.")
    if isinstance(found, Regional):
        said.append("A distance is read on one factor at a time; what matters only together with another may not be seen. "
                    "`letsdance discover` looks for that on the same runs.")
    return said


def sensitivity_study(sensitivity: Sensitivity) -> Study:
    """The page of a sensitivity analysis."""
    found = sensitivity.found
    draw, name = {"morris": (morris_plane, "morris"), "sobol": (sobol_bars, "sobol"),
                  "emulated": (sobol_bars, "sobol"),
                  "regional": (regional_ranges, "regional")}[sensitivity.method]
    columns, rows = rows_of(sensitivity)
    headline, *more = answer(sensitivity)
    size = {Morris: "trajectories", Sobol: "base", Regional: "points", Emulated: ""}[type(found)]
    made = f" ({getattr(found, size):,} {'base points' if size == 'base' else size})" if size else ""
    done = [f"{_METHODS[sensitivity.method]} of {len(sensitivity.factors)} factors around {sensitivity.scenario.title}: "
            f"{len(sensitivity.design):,} points{made} "
            f"with {found.replicates} runs each, {len(sensitivity.runs):,} in all. The same seeds met every point."]
    ranges = [[f"{f.title} ({f.name})", f"{said_limit(low)} to {said_limit(high)}", f.unit]
              for f, (low, high) in zip(sensitivity.factors, bounds_of(sensitivity.factors), strict=True)]
    return Study("sensitivity", headline, done, [
        Section("What matters" if sensitivity.table["told_apart"].any() else "Nothing is shown to matter", more,
                {name: partial(_first, draw, sensitivity)}, [Table(columns, rows)]),
        Section("What was varied", tables=[Table(["factor", "range", "unit"], ranges)])], _limits(sensitivity))


def _first(draw: Any, what: Any, width: float) -> Figure:
    figure = draw(what, width=width)
    assert isinstance(figure, Figure)
    return figure


def _box_row(number: int, box: Box, found: Discovery) -> list[str]:
    by_name = {f.name: f for f in found.factors}

    def said(estimate: Estimate) -> str:
        return f"{_share(estimate.value)} ({_range(estimate.low, estimate.high)})"

    return [f"box {number}", listed([said_limits(by_name[n], *limits) for n, limits in box.limits.items()]),
            said(box.density), _share(box.base), said(box.coverage), _share(box.support), _share(box.found_density)]


def discovery_study(found: Discovery) -> Study:
    """The page of a scenario discovery."""
    said = [one.replace(" %", "\u00a0%") for one in sentences(found)]
    headline = said[0]
    if found.boxes:
        by_name, box = {f.name: f for f in found.factors}, found.boxes[0]
        where = listed([said_limits(by_name[name], *limits) for name, limits in box.limits.items()])
        holds = said_condition(found.condition)[0] if found.condition else "The condition holds"
        headline = f"{holds} where {where}: true for {_share(box.density.value)} of runs there"
    title = found.scenario.title if found.scenario else "the model"
    done = [f"{found.points:,} points over {len(found.factors)} factors around {title}, with {found.replicates} runs each, "
            f"and the same seeds at every point. Boxes were found on all of them; density and coverage were measured on "
            f"points left out of the search: twenty searches of nine tenths of the points each."]
    sections = []
    for number in range(len(found.boxes)):
        sections.append(Section(
            "Where it holds" if number == 0 else f"And where else: box {number + 1}", [] if number else said,
            {f"box_{number + 1}": partial(box_ranges, found, number)}))
    if found.boxes:
        rows = [_box_row(number, box, found) for number, box in enumerate(found.boxes, 1)]
        sections.append(Section("How sure, and at what price", [
            "Density is how often it holds in the box, coverage how many of all cases lie in it. The last column is the "
            "density on the points that the box was found on: that it is higher there is what fitting does."],
            {"trade_off": partial(_first, trade_off, found)},
            [Table(["", "where", "density (95 %)", "without the box", "coverage (95 %)", "share of points",
                    "density where found"], rows)]))
        chance = [[f"box {number}", by.title, _least(p)]
                  for number, box in enumerate(found.boxes, 1) for name, p in box.chance.items()
                  for by in found.factors if by.name == name]
        sections.append(Section("Does each restriction belong", [
            "How often chance alone would make a limit as good among the points of the rest of the box, counting that any "
            "side of any factor could have been taken (Smirnov's distribution). Whether there is any box is asked of "
            f"permutations of the points: p is {_least(max(box.p for box in found.boxes))}."],
            tables=[Table(["", "factor", "p-value"], chance)]))
    if not found.boxes and said[1:]:
        sections.append(Section("What another method says", said[1:]))
    ranges = [[f"{f.title} ({f.name})", f"{said_limit(low)} to {said_limit(high)}", f.unit]
              for f, (low, high) in zip(found.factors, bounds_of(found.factors), strict=True)]
    sections.append(Section("What was varied", tables=[Table(["factor", "range", "unit"], ranges)]))
    return Study("scenario discovery", headline, done, sections, [
        "A box holds for the ranges that were tried, each value in them equally likely; it is a description of the model's "
        "runs, not a cause.",
        "Boxes have straight sides. Where a condition holds along a slope, a box leaves some of it out.",
        "All points share their seeds; the intervals count that (not with one run a point, where luck cannot be told), and "
        "Wilson's interval is used with the effective number of points."])
