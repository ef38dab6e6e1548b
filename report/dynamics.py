"""The map of dynamics as figures and pages: basins and residence; and what the other pages of `letsdance map` share.

Figures take what `experiments` found and a width (WIDE or NARROW); studies put them on a page (report.study).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance.experiments.boundaries import SHADE, boundaries
from letsdance.experiments.estimates import Estimate
from letsdance.experiments.outcomes import parse
from letsdance.report.outcomes import per_cent
from letsdance.report.sheet import WIDE, Figure, Panel, quarter_ticks, scale, share_ticks, text_width
from letsdance.report.study import Section, Study, Table
from letsdance.report.style import (
    COLOURS,
    ENGLISH,
    INK,
    OWN,
    PAPER,
    SOFT,
    capital,
    decimal,
    percent,
    percent_sign,
    points,
    sentence,
    short,
    tint,
)
from letsdance.simulation.rules.regimes import REGIMES
from letsdance.words import Text

if TYPE_CHECKING:
    from letsdance.experiments.basins import Basins
    from letsdance.experiments.boundaries import Boundaries
    from letsdance.experiments.residence import Residence, Stay

_SEEN = 10  # moves below which the page leaves a chance out


# ---------------------------------------------------------------- what the pages share

def with_interval(one: Estimate, write: Any, text: Text = ENGLISH) -> str:
    """'130 (116–144)', or the value alone where its interval cannot be had or has no width."""
    value, low, high = (write(v) for v in one)
    if math.isnan(one.low) or low == high:
        return str(value)
    for unit in (text("report.points", n=""), text("report.point", n="")):
        low, high = low.removesuffix(unit), high.removesuffix(unit)
    if "−" in low + high or " " in low + high:
        return text("report.interval", mean=value, low=low, high=high)
    return text("report.with_band", value=value, band=f"{low.removesuffix(percent_sign(text))}–{high}")


def number(value: float, text: Text = ENGLISH) -> str:
    """A value of a parameter, in three digits."""
    return text.typed(float(f"{value:.3g}")).replace("-", "−")


def two_panels(figure: Figure, top: float, height: float, right: float = 16) -> list[tuple[float, float, float]]:
    """Where two panels lie, beside each other or, on a phone, under each other: (x, y, width); sets no height."""
    left, heading, below = 52.0, 34.0, 66.0
    if figure.width < 600:
        return [(left, top + heading + k * (height + heading + below), figure.width - left - right) for k in range(2)]
    cell = (figure.width - 20) / 2
    return [(left + k * (cell + 20), top + heading, cell - left - right) for k in range(2)]


def start_label(start: str, room: float, size: float, text: Text) -> str:
    """A start's title beside its line, or shortly where there is no room for it."""
    return start if text_width(start, size, True) <= room else short(start, text)


def finish(figure: Figure, panels: Sequence[Panel], text: Text = ENGLISH) -> Figure:
    """The figure with its foot, below the lowest panel."""
    figure.foot(max(panel.y + panel.height for panel in panels) + 50, text("report.foot"))
    return figure


def across(panel: Panel, text: str) -> None:
    """What runs across, below the ticks."""
    panel.figure.text(panel.x + panel.width, panel.y + panel.height + 39, text, 13, SOFT, anchor="end")


def round_ticks(low: float, high: float, text: Text = ENGLISH) -> list[tuple[float, str]]:
    """Round values between low and high."""
    from matplotlib.ticker import MaxNLocator

    return [(float(v), text.typed(v).replace("-", "−")) for v in MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]).tick_values(
        low, high) if low - 1e-9 <= v <= high + 1e-9]


def scale_of(name: str, values: np.ndarray,
             text: Text = ENGLISH) -> tuple[tuple[float, float], Sequence[tuple[float, str]]]:
    """The scale of an outcome: 0-100 % for shares, else from nil or what is lowest to a round top."""
    if parse(name).unit == "share":
        return (0.0, 1.0), share_ticks(text)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if low >= 0:
        top, ticks = scale(high, text)
        return (0.0, top), [(v, text.percent(v)) for v, _ in ticks] if per_cent(name) else ticks
    reach = 0.05 * (high - low or 1.0)
    return (low - reach, high + reach), round_ticks(low, high, text)


def gap_writer(name: str, text: Text = ENGLISH) -> Any:
    """How a difference of an outcome is written."""
    return partial(points, text=text) if per_cent(name) else partial(decimal, digits=2, text=text)


def counted_runs(runs: int, text: Text = ENGLISH) -> str:
    """'one run', '12 runs'."""
    return text("report.one_run") if runs == 1 else text("report.n_runs", n=runs)


# ---------------------------------------------------------------- basins

def basin_map(found: Basins, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """Where each start leads: the future that leads among the agents, as far as their runs tell, beside the mean field's,
    with its fixed points; of a single run, each start's most frequent future."""
    figure = Figure(text("report.map_basins_title"), text("report.map_agreement", share=percent(found.agreement, text),
                                                          starts=found.mean_field.size), width)
    narrow, told = width < 600, boundaries(found) if found.runs > 1 else None
    hatched = "" if told is None else text("report.map_hatched", share=percent(told.open, text))
    y = figure.head(text("report.map_basins_head", quarters=found.quarters, hatched=hatched))
    side, n = (width - 58.0 if narrow else 400.0), len(found.starts)
    agents = found.agents
    frequent, share = agents.argmax(axis=2), agents.max(axis=2)
    figure.text(44, y + 12, text("report.map_up"), 13, SOFT)
    for k, (heading, ends) in enumerate((
            (text("report.map_agents_one" if found.runs == 1 else "report.map_agents", runs=found.runs), frequent),
            (text("report.map_mean_field"), found.mean_field))):
        x, top = (44, y + 48 + k * (side + 92)) if narrow else (44 + k * (side + 74), y + 48)
        panel = Panel(figure, x, top, side, side, (0, 1), (0, 1))
        panel.heading(heading)
        if k == 0 and told is not None:
            _told(panel, told, found.starts)
        else:
            edges = side * np.concatenate([[0.0], (found.starts[1:] + found.starts[:-1]) / 2, [1.0]])
            for i in range(n):
                for j in range(n):
                    colour = COLOURS[REGIMES[int(ends[i, j])]]
                    strength = float(share[i, j]) if k == 0 else 1.0
                    figure.box(panel.x + edges[i], panel.y + side - edges[j + 1], edges[i + 1] - edges[i] - 1,
                               edges[j + 1] - edges[j] - 1, tint(colour, 0.25 + 0.6 * strength))
        for value in (0.1, 0.5, 0.9):
            figure.text(panel.x + value * side, panel.y + side + 19, text.typed(value), 13, SOFT, anchor="middle")
            figure.text(panel.x - 7, panel.y + side - value * side + 4.5, text.typed(value), 13, SOFT, anchor="end")
        across(panel, text("report.map_across"))
        for one in found.fixed_points if k else ():
            C, G = float(one.state[0]), float(one.state[1])
            figure.disc(panel.x + C * side, panel.y + side - G * side, 5.5, INK if one.stable else PAPER, edge=INK)
        for name in dict.fromkeys(REGIMES[int(v)] for v in ends.ravel()):
            where = found.starts[np.argwhere(ends == REGIMES.index(name))].mean(axis=0)
            future = short(text.title("start", name), text) if narrow else text.title("start", name)
            half = text_width(future, 15, True) / 2 + 4
            x = min(max(where[0] * side, half), side - half)
            figure.text(panel.x + x, panel.y + side - where[1] * side, future, 15, INK, True, "middle", halo=PAPER)
    return finish(figure, [panel], text)


def _told(panel: Panel, told: Boundaries, starts: np.ndarray) -> None:
    """The areas that the runs tell, what is open hatched, the boundaries, and a dot for every start."""
    def place(points: np.ndarray) -> np.ndarray:
        return np.array([panel.x, panel.y + panel.height]) + points * [panel.width, -panel.height]

    for area in told.areas:
        panel.figure.areas([place(ring) for ring in area.rings], COLOURS[area.regime], SHADE)
    for stroke in told.strokes:
        panel.figure.line(place(stroke), SOFT, 0.5)
    for line in told.lines:
        panel.figure.line(place(line), INK, 2.2)
    for C in starts:
        for x, y in place(np.array([[C, G] for G in starts])):
            panel.figure.disc(float(x), float(y), 1.0, INK, opacity=0.5)


def resting(found: Basins, text: Text = ENGLISH, futures: bool = False) -> str:
    """Where the mean field rests: '(0.12, 0.34) and ...'; futures: with the future that each lies in."""
    def point(one: Any) -> str:
        C, G = (decimal(float(one.state[k]), 2, text) for k in (0, 1))
        point = f"({C}{text('report.comma')}{G})"
        return text("report.map_rest", point=point, future=text.title("start", REGIMES[one.regime])) if futures else point

    return text.listed([point(one) for one in found.fixed_points if one.stable])


def _basins_section(found: Basins, text: Text) -> Section:
    rest, share = resting(found, text, futures=True), partial(percent, text=text)
    rows = [[text.title("start", one.regime),
             with_interval(Estimate(one.agents, one.lowest_run, one.highest_run), share, text), share(one.mean_field)]
            for one in found.sizes.itertuples()]
    return Section(
        text("report.map_basins"), [
            text("report.map_rests", points=rest) if rest else text("report.map_rests_none"),
            text("report.map_not_for_ever"), *([] if found.runs < 2 else [text("report.map_told")])],
        {"basin_map": partial(basin_map, found, text=text)},
        [Table([text(f"report.map_head_{head}") for head in ("future", "agents", "field")], rows,
               text("report.map_sizes"))])


def basins_study(found: Basins, stays: Residence, text: Text = ENGLISH) -> Study:
    """The page of `letsdance map`: basins, then residence."""
    largest = found.sizes.sort_values("agents", ascending=False).iloc[0]
    return Study(
        text("report.map_kind"), text("report.map_headline", share=percent(largest["agents"], text),
                                      future=text.title("start", largest["regime"]), quarters=found.quarters),
        [text("report.map_done_one" if found.runs == 1 else "report.map_done", starts=found.mean_field.size,
              runs=found.runs, quarters=found.quarters)],
        [_basins_section(found, text), *_residence_sections(stays, text)], _residence_limits(text),
        text("report.of_the_model"), text)


# ---------------------------------------------------------------- residence

def _quarters(number: float, horizon: int, text: Text) -> str:
    """'130', or 'later than 200' where it never came within the runs."""
    return text.number(number) if math.isfinite(number) else text("report.later_than", n=horizon)


def _when(one: Estimate, horizon: int, text: Text) -> str:
    return with_interval(one, partial(_quarters, horizon=horizon, text=text), text)


def still_there(found: Residence, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """Kaplan-Meier: the share still where it started, and the share not yet in the target."""
    said = [text("report.residence_still_item", start=text.start(stay.title), quarters=stay.leave.until,
                 share=percent(float(stay.leave.share[-1]), text)) for stay in found.stays.values()]
    figure = Figure(text("report.residence_title"), sentence(text("report.semicolon").join(said)), width)
    top = figure.head(text("report.residence_head", runs=counted_runs(found.runs, text)))
    narrow, ends = width < 600, found.quarters
    spots = two_panels(figure, top, 200 if narrow else 260, right=112 if narrow else 168)
    panels = []
    for (x, y, wide), heading, curves in zip(spots, (
            text("report.residence_still"), text("report.residence_not_yet", future=text.title("start", found.target))), (
            [(stay, stay.leave) for stay in found.stays.values()],
            [(stay, stay.reach) for stay in found.stays.values() if stay.home != found.target]), strict=True):
        panel = Panel(figure, x, y, wide, 200 if narrow else 260, (0, ends), (0, 1))
        panel.scale_y(share_ticks(text))
        panel.scale_x(quarter_ticks(ends))
        panel.heading(heading)
        across(panel, text("report.quarter"))
        labels = []
        for k, (stay, curve) in enumerate(curves):
            colour = _stay_colour(found, stay)
            # A step is drawn as one: the share falls at the quarter, not on the way to it.
            times = np.repeat(np.arange(len(curve.share)), 2)[1:].astype(np.float64)
            panel.band(times, np.repeat(curve.low, 2)[:-1], np.repeat(curve.high, 2)[:-1], colour, 0.2)
            panel.line(times, np.repeat(curve.share, 2)[:-1], colour)
            start = text.start(stay.title)
            label = start_label(start, 104 if narrow else 160, 13 if narrow else 13.5, text)
            labels.append((float(curve.share[-1]) - 1e-6 * k, label, colour))
            if curve is stay.leave and stay.mean_field is not None and math.isfinite(stay.mean_field):
                place, foot = float(panel.at_x(stay.mean_field)), panel.y + panel.height
                figure.area([(place - 6, foot), (place + 6, foot), (place, foot - 11)], colour)
        panel.labels(labels, 104 if narrow else 160, 13 if narrow else 13.5)
        panels.append(panel)
    return finish(figure, panels, text)


def _stay_colour(found: Residence, stay: Stay) -> str:
    """A future's own colour, where no other start has taken it."""
    same = [other for other in found.stays.values() if other.home == stay.home]
    return COLOURS[stay.home] if same[0] is stay else OWN[same.index(stay) % len(OWN)]


def _residence_limits(text: Text) -> list[str]:
    return [text("report.residence_limit_intervals"), text("report.residence_limit_start")]


def _stay_sentence(stay: Stay, horizon: int, text: Text) -> str:
    leave, start = stay.leave, text.start(stay.title)
    if leave.ended == 0:
        return text("report.residence_none_left", start=start, n=leave.spells, quarters=horizon)
    ways = sorted((item for item in stay.goes_to.items() if item[1].value > 0), key=lambda item: -item[1].value)
    gone = [text("report.residence_gone" if k else "report.residence_gone_first", share=percent(one.value, text),
                 n=leave.spells, future=text.title("start", name)) for k, (name, one) in enumerate(ways)]
    field = "" if stay.mean_field is None else text(
        f"report.residence_field_{'stays' if math.isinf(stay.mean_field) else 'leaves'}",
        quarters=text.number(stay.mean_field))
    return text("report.residence_said_half" if math.isfinite(leave.median.value) else "report.residence_said_more",
                start=start, median=_when(leave.median, horizon, text), quarters=horizon, n=leave.spells, left=leave.ended,
                ways=text.listed(gone), stay=leave.spells - leave.ended, field=field)


def _residence_sections(found: Residence, text: Text) -> list[Section]:
    horizon, target = found.quarters, text.title("start", found.target)
    field = any(stay.mean_field is None for stay in found.stays.values())
    heads = {head: text(f"report.residence_head_{head}", quarters=horizon, future=target)
             for head in ("start", "half", "mean", "field", "reach")}
    rows = [{"start": text.start(stay.title), "half": _when(stay.leave.median, horizon, text),
             "mean": with_interval(stay.leave.mean, partial(decimal, digits=0, text=text), text),
             "field": text("report.residence_nowhere") if stay.mean_field is None else
             _quarters(stay.mean_field, horizon, text), "reach": _reach_words(stay, found, text)}
            for stay in found.stays.values()]
    shown = [head for head in heads if not (head == "field" and field)]
    tables = [Table([heads[head] for head in shown], [[row[head] for head in shown] for row in rows],
                    text("report.residence_note"))]
    later = [[text.title("start", name), str(curve.spells), _when(curve.median, curve.until, text),
              str(curve.spells - curve.ended)] for name, curve in found.later.items()]
    tables.append(Table([text("report.map_head_future"), *(text(f"report.residence_head_{head}") for head in (
        "spells", "ended", "cut"))], later, text("report.residence_note_later")))
    moves = []
    for stay in found.stays.values():
        for row in stay.transitions.itertuples():
            if row[1] != row.to and row.moves >= _SEEN:
                move = text("report.residence_move", before=text.title("start", row[1]), after=text.title("start", row.to))
                chance = with_interval(Estimate(row.probability, row.low, row.high), partial(_chance, text=text), text)
                moves.append([text.start(stay.title), move, str(row.moves), chance])
    tables.append(Table([text(f"report.residence_head_{head}") for head in ("start", "move", "seen", "chance")], moves,
                        text("report.residence_note_moves", n=_SEEN)))
    return [Section(text("report.residence_section"),
                    [_stay_sentence(stay, horizon, text) for stay in found.stays.values()],
                    {"still_there": partial(still_there, found, text=text)}, [t for t in tables if t.rows])]


def _chance(share: float, text: Text) -> str:
    """A share in per cent with two decimals."""
    return f"{text.number(100 * share, 2)}{percent_sign(text)}"


def _reach_words(stay: Stay, found: Residence, text: Text) -> str:
    if stay.home == found.target:
        return text("report.residence_there")
    return text("report.residence_never") if stay.reach.ended == 0 else _when(stay.reach.median, found.quarters, text)


def residence_study(found: Residence, text: Text = ENGLISH) -> Study:
    """The page of `letsdance map residence`."""
    medians = {text.start(stay.title): stay.leave.median.value for stay in found.stays.values()}
    said = [text("report.residence_headline_half", start=start, quarters=text.number(median))
            for start, median in medians.items() if math.isfinite(median)]
    stay_on = [start for start, median in medians.items() if not math.isfinite(median)]
    if stay_on:
        said.append(text("report.residence_headline_stay", starts=text.listed(stay_on)))
    return Study(text("report.residence_kind"), capital(text("report.semicolon").join(said)),
                 [text("report.residence_done_one" if found.runs == 1 else "report.residence_done", runs=found.runs,
                       quarters=found.quarters)], _residence_sections(found, text), _residence_limits(text),
                 text("report.of_the_model"), text)
