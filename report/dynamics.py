"""The map of dynamics as figures and pages: basins, residence, tipping, hysteresis, early warnings.

Figures take what `experiments` found and a width (WIDE or NARROW); studies put them on a page (report.study).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.outcomes import parse
from experiments.residence import Estimate
from report.sheet import WIDE, Figure, Panel, quarter_ticks, scale, text_width
from report.study import Section, Study, Table
from report.style import (
    COLOURS,
    FOOT,
    FUTURES,
    INK,
    PAPER,
    SOFT,
    counted,
    decimal,
    listed,
    percent,
    points,
    sentence,
    spread,
    tint,
)

if TYPE_CHECKING:
    from experiments.basins import Basins
    from experiments.early_warning import EarlyWarning, Warning
    from experiments.residence import Residence, Stay
    from experiments.tipping import Hysteresis, Loop, Tipping

__all__ = ["basin_map", "basins_study", "gap_while_waiting", "hysteresis_loop", "hysteresis_study", "residence_study",
           "still_there", "tipping_diagram", "tipping_study", "warning_signs", "warning_study"]

_SHARE = ((0.0, "0"), (0.5, "50 %"), (1.0, "100 %"))
_REGIMES = tuple(FUTURES)
_THERE, _BACK = "#00796b", "#c2185b"
_SEEN = 10  # moves below which the page leaves a chance out
_TIPS, _QUIET = "#a82a74", "#56606a"


# ---------------------------------------------------------------- what figures and sentences share

def _interval(one: Estimate, write: Any) -> str:
    """'130 (116–144)', or the value alone where its interval cannot be had or has no width."""
    value, low, high = (write(number) for number in one)
    if math.isnan(one.low) or low == high:
        return value
    for unit in (" percentage points", " percentage point"):
        low, high = low.removesuffix(unit), high.removesuffix(unit)
    if "−" in low + high or " " in low + high:
        return f"{value} ({low} to {high})"
    return f"{value} ({low.removesuffix('\u00a0%')}–{high})"


def _quarters(number: float, horizon: int) -> str:
    """'130', or 'later than 200' where it never came within the runs."""
    return f"{number:.0f}" if math.isfinite(number) else f"later than {horizon}"


def _when(one: Estimate, horizon: int) -> str:
    return _interval(one, partial(_quarters, horizon=horizon))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _number(value: float) -> str:
    """A value of a parameter, in three digits."""
    return f"{value:.3g}".replace("-", "−")


def _two(figure: Figure, top: float, height: float, left: float = 52, right: float = 16, heading: float = 34,
         below: float = 66) -> list[tuple[float, float, float]]:
    """Where two panels lie, beside each other or, on a phone, under each other: (x, y, width); sets no height."""
    if figure.width < 600:
        return [(left, top + heading + k * (height + heading + below), figure.width - left - right) for k in range(2)]
    cell = (figure.width - 20) / 2
    return [(left + k * (cell + 20), top + heading, cell - left - right) for k in range(2)]


def _finish(figure: Figure, panels: Sequence[Panel], room: float = 50) -> Figure:
    figure.foot(max(panel.y + panel.height for panel in panels) + room, FOOT)
    return figure


def _across(panel: Panel, text: str) -> None:
    """What runs across, below the ticks."""
    panel.figure.text(panel.x + panel.width, panel.y + panel.height + 39, text, 13, SOFT, anchor="end")


def _ticks(low: float, high: float, count: int = 4) -> list[tuple[float, str]]:
    """Round values between low and high."""
    from matplotlib.ticker import MaxNLocator

    return [(float(v), f"{v:g}".replace("-", "−")) for v in MaxNLocator(count, steps=[1, 2, 2.5, 5, 10]).tick_values(
        low, high) if low - 1e-9 <= v <= high + 1e-9]


def _unit(name: str, values: np.ndarray) -> tuple[tuple[float, float], Sequence[tuple[float, str]]]:
    """The scale of an outcome: 0-100 % for shares, else from nil or what is lowest to a round top."""
    if parse(name).unit == "share":
        return (0.0, 1.0), _SHARE
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if low >= 0:
        top, ticks = scale(high)
        return (0.0, top), ticks
    reach = 0.05 * (high - low or 1.0)
    return (low - reach, high + reach), _ticks(low, high)


def _outcome_words(name: str) -> str:
    return parse(name).says.rstrip(".")


def _gap(name: str) -> Any:
    """How a difference of an outcome is written."""
    return points if parse(name).unit == "share" else partial(decimal, digits=2)


# ---------------------------------------------------------------- basins

def basin_map(found: Basins, width: float = WIDE) -> Figure:
    """Where each start leads: the agents' most frequent future beside the mean field's, with its fixed points."""
    figure = Figure("Where each start leads", f"Agents and mean field come to the same future from "
                    f"{percent(found.agreement)} of {found.mean_field.size} starts.", width)
    narrow = width < 600
    y = figure.head(f"colour: the future after {found.quarters} quarters, fainter where fewer municipalities are in it · "
                    f"\u25cf stable and \u25cb unstable fixed points of the mean field")
    side, n = (width - 58.0 if narrow else 400.0), len(found.starts)
    agents = found.agents
    frequent, share = agents.argmax(axis=2), agents.max(axis=2)
    figure.text(44, y + 12, "\u2191 governments' willingness G at the start", 13, SOFT)
    for k, (heading, ends) in enumerate((
            (f"Agents, {found.runs} {'run' if found.runs == 1 else 'runs'} a start", frequent),
            ("Mean field", found.mean_field))):
        x, top = (44, y + 48 + k * (side + 92)) if narrow else (44 + k * (side + 74), y + 48)
        panel = Panel(figure, x, top, side, side, (0, 1), (0, 1))
        panel.heading(heading)
        cell = side / n
        for i in range(n):
            for j in range(n):
                colour = COLOURS[_REGIMES[int(ends[i, j])]]
                strength = float(share[i, j]) if k == 0 else 1.0
                figure.box(panel.x + i * cell, panel.y + side - (j + 1) * cell, cell - 1, cell - 1,
                           tint(colour, 0.25 + 0.6 * strength))
        # Cells are drawn side by side; a start's mean lies in the middle of its cell.
        low, high = float(found.starts[0]), float(found.starts[-1])

        def at(value: float, low: float = low, high: float = high, cell: float = cell) -> float:
            return cell / 2 + (value - low) / (high - low) * (side - cell)

        for value in (0.1, 0.5, 0.9):
            figure.text(panel.x + at(value), panel.y + side + 19, f"{value:g}", 13, SOFT, anchor="middle")
            figure.text(panel.x - 7, panel.y + side - at(value) + 4.5, f"{value:g}", 13, SOFT, anchor="end")
        _across(panel, "citizens' willingness C at the start \u2192")
        for one in found.fixed_points if k else ():
            C, G = float(one.state[0]), float(one.state[1])
            figure.disc(panel.x + at(C), panel.y + side - at(G), 5.5, INK if one.stable else PAPER, edge=INK)
        for name in dict.fromkeys(_REGIMES[int(v)] for v in ends.ravel()):
            where = np.argwhere(ends == _REGIMES.index(name)).mean(axis=0)
            half = text_width(FUTURES[name], 15, True) / 2 + 4
            x = min(max((where[0] + 0.5) * cell, half), side - half)
            figure.text(panel.x + x, panel.y + side - (where[1] + 0.5) * cell, FUTURES[name], 15, INK, True, "middle",
                        halo=PAPER)
    return _finish(figure, [panel])


def _basins_section(found: Basins) -> Section:
    rest = [f"({decimal(float(p.state[0]), 2)}, {decimal(float(p.state[1]), 2)}), {FUTURES[_REGIMES[p.regime]]}"
            for p in found.fixed_points if p.stable]
    sizes = found.sizes
    rows = [[FUTURES[one.regime], _interval(Estimate(one.agents, one.lowest_run, one.highest_run), percent),
             percent(one.mean_field)] for one in sizes.itertuples()]
    return Section(
        "Basins", [f"Left alone for long, the mean field rests at (C, G) = {listed(rest)}." if rest else
                   "No resting point of the mean field was found.",
                   "A basin after so many quarters is not one for ever: the mixed futures may be slow transients."],
        {"basin_map": partial(basin_map, found)},
        [Table(["future", "agents: share of the plane (lowest to highest run)", "mean field"], rows,
               "How much of the plane leads where; every start weighs the same, which says nothing of how likely it is.")])


def basins_study(found: Basins, stays: Residence) -> Study:
    """The page of `letsdance map`: basins, then residence."""
    largest = found.sizes.sort_values("agents", ascending=False).iloc[0]
    return Study(
        "map", f"{percent(largest['agents'])} of the plane of starts leads to {FUTURES[largest['regime']]} "
               f"within {found.quarters} quarters",
        [f"Societies were started at {found.mean_field.size} places on the plane of willingness, {found.runs} "
         f"{'run' if found.runs == 1 else 'runs'} from each, and run for {found.quarters} quarters; the mean field was "
         f"asked the same."],
        [_basins_section(found), *_residence_sections(stays)], _RESIDENCE_LIMITS)


# ---------------------------------------------------------------- residence

def still_there(found: Residence, width: float = WIDE) -> Figure:
    """Kaplan-Meier: the share still where it started, and the share not yet in the target."""
    said = [f"from {stay.title}, {percent(float(stay.leave.share[-1]))} are still there after {stay.leave.until} quarters"
            for stay in found.stays.values()]
    figure = Figure("How long municipalities stay", f"{sentence('; '.join(said))}", width)
    top = figure.head(f"line: share of municipalities (Kaplan–Meier) over {_counted_runs(found.runs)}; band: 95 % interval "
                      "over runs; triangle: when the mean field leaves")
    narrow, ends = width < 600, found.quarters
    spots = _two(figure, top, 200 if narrow else 260, right=112 if narrow else 168)
    panels = []
    for (x, y, wide), heading, curves in zip(spots, ("Still where they started", f"Not yet in {FUTURES[found.target]}"), (
            [(stay, stay.leave) for stay in found.stays.values()],
            [(stay, stay.reach) for stay in found.stays.values() if stay.home != found.target]), strict=True):
        panel = Panel(figure, x, y, wide, 200 if narrow else 260, (0, ends), (0, 1))
        panel.scale_y(_SHARE)
        panel.scale_x(quarter_ticks(ends))
        panel.heading(heading)
        _across(panel, "quarter")
        labels = []
        for k, (stay, curve) in enumerate(curves):
            colour = _stay_colour(found, stay)
            # A step is drawn as one: the share falls at the quarter, not on the way to it.
            times = np.repeat(np.arange(len(curve.share)), 2)[1:].astype(np.float64)
            panel.band(times, np.repeat(curve.low, 2)[:-1], np.repeat(curve.high, 2)[:-1], colour, 0.2)
            panel.line(times, np.repeat(curve.share, 2)[:-1], colour)
            labels.append((float(curve.share[-1]) - 1e-6 * k, _short(stay.title) if narrow else stay.title, colour))
            if curve is stay.leave and stay.mean_field is not None and math.isfinite(stay.mean_field):
                place, foot = float(panel.at_x(stay.mean_field)), panel.y + panel.height
                figure.area([(place - 6, foot), (place + 6, foot), (place, foot - 11)], colour)
        panel.labels(labels, 104 if narrow else 160, 13 if narrow else 13.5)
        panels.append(panel)
    return _finish(figure, panels)


def _stay_colour(found: Residence, stay: Stay) -> str:
    """A future's own colour, where no other start has taken it."""
    same = [other for other in found.stays.values() if other.home == stay.home]
    return COLOURS[stay.home] if same[0] is stay else (_THERE, _BACK, "#3949ab", "#8a6d00")[same.index(stay) % 4]


def _short(title: str) -> str:
    """A title for a narrow place."""
    return title.replace("Flogging a d", "D")


def _counted_runs(runs: int) -> str:
    return "one run" if runs == 1 else f"{runs} runs"


_RESIDENCE_LIMITS = (
    "Shares are of municipalities within these runs; intervals draw whole runs again, because municipalities of one run "
    "look at each other. With few runs they are too narrow.",
    "A start is a mean with a spread around it: residence is that of such a start, not of any society in that future.")


def _stay_sentence(stay: Stay, horizon: int) -> str:
    leave = stay.leave
    if leave.ended == 0:
        return f"{stay.title}: none of {leave.spells} municipalities left within {horizon} quarters."
    gone = [f"{percent(one.value)} to {FUTURES[name]}" for name, one in sorted(
        stay.goes_to.items(), key=lambda item: -item[1].value) if one.value > 0]
    half = (f"half have left after {_when(leave.median, horizon)} quarters" if math.isfinite(leave.median.value) else
            f"more than half are still there after {horizon} quarters")
    field = "" if stay.mean_field is None else (
        f" The mean field {'does not leave' if math.isinf(stay.mean_field) else f'leaves after {stay.mean_field:.0f}'}.")
    return (f"{stay.title}: {half}; of {leave.spells} municipalities {leave.ended} left ({listed(gone)}) and "
            f"{leave.spells - leave.ended} were still there when the runs ended.{field}")


def _residence_sections(found: Residence) -> list[Section]:
    horizon = found.quarters
    rows = [[stay.title, _when(stay.leave.median, horizon), _interval(stay.leave.mean, partial(decimal, digits=0)),
             "nowhere" if stay.mean_field is None else _quarters(stay.mean_field, horizon),
             _reach_words(stay, found)] for stay in found.stays.values()]
    later = [[FUTURES[name], str(curve.spells), _when(curve.median, curve.until), str(curve.spells - curve.ended)]
             for name, curve in found.later.items()]
    tables = [Table(
        ["start", "quarters until half have left (95 % interval)", f"mean quarters there, of the first {horizon}",
         "the mean field leaves after", f"quarters until half have been in {FUTURES[found.target]}"], rows,
        "Municipalities that start in the future that most start in.")]
    if any(stay.mean_field is None for stay in found.stays.values()):
        tables[0] = Table([c for c in tables[0].columns if not c.startswith("the mean field")],
                          [[cell for k, cell in enumerate(row) if k != 3] for row in rows], tables[0].note)
    if later:
        tables.append(Table(
            ["future", "spells", "quarters until half have ended (95 % interval)", "cut off by the end"], later,
            "Spells that begin within a run, all starts together. They begin at the border between two futures, so many "
            "end soon; how long the first spells last says nothing of them."))
    moves = []
    for stay in found.stays.values():
        for row in stay.transitions.itertuples():
            if row[1] != row.to and row.moves >= _SEEN:
                moves.append([stay.title, f"{FUTURES[row[1]]} to {FUTURES[row.to]}", str(row.moves),
                              _interval(Estimate(row.probability, row.low, row.high), lambda p: f"{100 * p:.2f} %")])
    tables.append(Table(["start", "move", "moves seen", "chance a quarter (95 % interval)"], moves,
                        f"Moves between futures that were seen {_SEEN} times or more (transitions.parquet has all). A "
                        f"chance is an average over spells young and old."))
    return [Section("Residence and first passage",
                    [_stay_sentence(stay, horizon) for stay in found.stays.values()],
                    {"still_there": partial(still_there, found)}, [t for t in tables if t.rows])]


def _reach_words(stay: Stay, found: Residence) -> str:
    if stay.home == found.target:
        return "there from the start"
    return "never within the runs" if stay.reach.ended == 0 else _when(stay.reach.median, found.quarters)


def residence_study(found: Residence) -> Study:
    """The page of `letsdance map residence`."""
    left = {stay.title: stay.leave for stay in found.stays.values() if math.isfinite(stay.leave.median.value)}
    stay_on = [stay.title for stay in found.stays.values() if not math.isfinite(stay.leave.median.value)]
    said = [f"half have left {title} after {curve.median.value:.0f} quarters" for title, curve in left.items()]
    if stay_on:
        said.append(f"most stay in {listed(stay_on)}")
    return Study("residence", sentence("; ".join(said)).rstrip("."),
                 [f"{sentence(_counted_runs(found.runs)).rstrip('.')} of {found.quarters} quarters from each start. Each "
                  f"municipality is followed until its future changes; what the end of a run cuts off counts as still "
                  f"there, not as over."], _residence_sections(found), _RESIDENCE_LIMITS)


# ---------------------------------------------------------------- tipping

def tipping_diagram(found: Tipping, width: float = WIDE) -> Figure:
    """Ends of runs along an axis beside the mean field's equilibria, and the share in the regime with where it tips."""
    future = FUTURES[found.regime]
    figure = Figure(f"What {found.axis.title} tips", tipping_sentence(found), width)
    narrow = width < 600
    field = "" if found.stock is None else " · \u25cf stable and \u25cb unstable equilibria of the mean field"
    each = "municipalities" if found.ends.shape[3] > 1 else "runs"
    shape = "wider where there are more" if found.ends.shape[3] > 1 else "each dot a run"
    top = figure.head(f"first: where {each} end after {found.quarters} quarters, {shape}{field}; "
                      f"then: mean share in {future}, band: lowest to highest of {_counted_runs(found.runs)}; "
                      f"| where it crosses 50 %, with its 95 % interval")
    height = 230 if narrow else 300
    spots = _two(figure, top, height, right=16)
    low, high = sorted((float(found.values[0]), float(found.values[-1])))
    step = (high - low) / (len(found.values) - 1)
    xs = (low - 0.6 * step, high + 0.6 * step)
    ys, ticks = _unit(str(found.outcome), found.ends)
    ends = Panel(figure, *spots[0][:2], spots[0][2], height, xs, ys)
    ends.scale_y(ticks)
    ends.heading(f"{found.outcome} at the end" if found.outcome.first is None else str(found.outcome))
    colours = _start_colours(found)
    bins, alike = 24, found.ends.shape[3] > 1  # a few runs are dots, many municipalities a shape
    edges = np.linspace(*ys, bins + 1)
    room = 0.9 * step / len(found.starts)
    for s, name in enumerate(found.starts):
        for v, value in enumerate(found.values):
            values = found.ends[v, s].ravel()
            counts = np.histogram(values[np.isfinite(values)], edges)[0] * alike
            middle = float(ends.at_x(value - 0.45 * step + (s + 0.5) * room))
            full = float(ends.at_x(room) - ends.at_x(0))
            for one in () if alike else values:
                figure.disc(middle, float(ends.at_y(one)), 3.2, colours[name], opacity=0.7)
            for b in np.flatnonzero(counts):
                wide = max(0.8, full * counts[b] / counts.max())
                y1, y0 = float(ends.at_y(edges[b + 1])), float(ends.at_y(edges[b]))
                figure.box(middle - wide / 2, y1, wide, y0 - y1, tint(colours[name], 0.6))
    if found.stock is not None:
        for value, rest in zip(found.values, found.equilibria, strict=True):
            for point in rest:
                figure.disc(float(ends.at_x(value)), float(ends.at_y(point.state[found.stock])), 4.8,
                            INK if point.stable else PAPER, edge=PAPER if point.stable else INK, edge_width=1.5)
    share = Panel(figure, *spots[1][:2], spots[1][2] - (90 if narrow else 150), height, (low, high), (0, 1))
    share.scale_y(_SHARE)
    share.heading(f"Share in {future}")
    labels = []
    for s, name in enumerate(found.starts):
        mean = found.within[:, s].mean(axis=1)
        share.band(found.values, found.within[:, s].min(axis=1), found.within[:, s].max(axis=1), colours[name], 0.15)
        share.line(found.values, mean, colours[name])
        last = mean[-1] if found.values[-1] > found.values[0] else mean[0]
        labels.append((float(last), _short(found.starts[name]) if narrow else found.starts[name], colours[name]))
        for tip in found.tips[name]:
            x, y = float(share.at_x(tip.at.value)), float(share.at_y(0.5))
            figure.line([(x, y - 9), (x, y + 9)], colours[name], 2.4)
            if tip.at.high > tip.at.low:
                figure.line([(float(share.at_x(tip.at.low)), y), (float(share.at_x(tip.at.high)), y)], colours[name], 2.4)
    share.labels(labels, 98 if narrow else 158, 13 if narrow else 13.5)
    for panel in (ends, share):
        panel.scale_x(_ticks(low, high))
        _across(panel, f"{found.axis.name} \u2192")
    return _finish(figure, (ends, share))


def _start_colours(found: Tipping) -> dict[str, str]:
    own = iter((_THERE, _BACK, "#3949ab", "#8a6d00", "#2e7d32", "#4e342e") * 4)
    return {name: COLOURS[name] if name in COLOURS else next(own) for name in found.starts}


def tipping_sentence(found: Tipping) -> str:
    """Where the share in the regime crosses one half, from each start."""
    said, never = [], []
    for name, title in found.starts.items():
        tips = found.tips[name]
        if not tips:
            above = found.within[:, list(found.starts).index(name)].mean() >= 0.5
            never.append(f"{title} (always {'above' if above else 'below'})")
        for tip in tips:
            sure = "" if not tip.seen < 0.95 else f", though only in {percent(tip.seen)} of bootstrap draws"
            said.append(f"from {title} it {'rises above' if tip.rises else 'falls below'} one half at {found.axis.name} = "
                        f"{_interval(tip.at, _number)}{sure}")
    words = f"The share of municipalities in {FUTURES[found.regime]} after {found.quarters} quarters: "
    if never:
        said.append(f"it crosses nowhere from {listed(never)}")
    return words + "; ".join(said) + "."


def tipping_study(found: Tipping) -> Study:
    """The page of `letsdance map tipping`."""
    tips = [(title, tip) for name, title in found.starts.items() for tip in found.tips[name]]
    crossing = listed(dict.fromkeys(title for title, _ in tips))
    headline = (f"{_capital(found.axis.title)} tips {crossing}" if tips and found.folds else
                f"{_capital(found.axis.title)} takes {crossing} across one half; the mean field does not fold" if tips else
                f"No start is tipped by {found.axis.title} between {_number(float(found.values.min()))} and "
                f"{_number(float(found.values.max()))}")
    folds = [f"{found.axis.name} = {_number(fold.at)} ({FUTURES[fold.regime]} at C {decimal(fold.C, 2)}, "
             f"G {decimal(fold.G, 2)})" for fold in found.folds]
    said = [f"The mean field loses a stable equilibrium at {listed(folds)}: what rests there slides away." if folds else
            "The mean field has the same number of stable equilibria all along: nothing folds.",
            "Agents and mean field need not agree: agents are moved by luck, differ from each other, and have only "
            f"{found.quarters} quarters."]
    rows = [[_number(float(value)), *(_interval(Estimate(w.mean(), w.min(), w.max()), percent)
                                      for w in found.within[v]),
             listed(FUTURES[_REGIMES[p.regime]] for p in found.equilibria[v] if p.stable)]
            for v, value in enumerate(found.values)]
    return Study(
        "tipping", headline,
        [f"{len(found.values)} values of {found.axis.title} ({found.axis.name}), {_counted_runs(found.runs)} of "
         f"{found.quarters} quarters from each of {counted(len(found.starts))} starts; every value meets the same citizens "
         f"and the same luck."],
        [Section("Where it tips", said, {"tipping_diagram": partial(tipping_diagram, found)}, [Table(
            [found.axis.name, *(f"from {title}" for title in found.starts.values()), "the mean field can rest in"], rows,
            f"Share of municipalities in {FUTURES[found.regime]} at the end: mean (lowest to highest run).")])],
        ["Between two values the share is taken to run in a straight line; an interval narrower than a step of "
         f"{_number(abs(float(found.values[1] - found.values[0])))} leans on that.",
         "An end after so many quarters may still be on its way somewhere else: repeat it with more quarters.",
         "Equilibria of the mean field are searched for from many places; none is proven absent."])


# ---------------------------------------------------------------- hysteresis

def hysteresis_loop(found: Hysteresis, width: float = WIDE) -> Figure:
    """The outcome along the parameter, there and back, at two speeds: one panel a speed."""
    figure = Figure("There and back", _loops_sentence(found), width)
    narrow = width < 600
    field = np.isfinite(found.mean_field).all()
    top = figure.head(f"line: mean of {_counted_runs(found.runs)}, band: 10–90 %"
                      + ("; dashes: the mean field, at rest at each value" if field else ""))
    height = 220 if narrow else 290
    ys, ticks = _unit(found.outcome, np.concatenate([np.r_[loop.there.ravel(), loop.back.ravel()] for loop in found.loops]))
    low, high = sorted((found.axis.first, found.axis.last))
    panels = []
    for (x, y, wide), loop in zip(_two(figure, top, height, right=24), found.loops, strict=True):
        panel = Panel(figure, x, y, wide, height, (low, high), ys)
        panel.scale_y(ticks)
        panel.scale_x(_ticks(low, high))
        panel.heading(f"{loop.quarters} quarters each way")
        _across(panel, f"{found.axis.name} \u2192")
        ends = []
        for values, label, colour, rest in ((loop.there, "there", _THERE, 0), (loop.back, "back", _BACK, 1)):
            bottom, mean, upper = spread(values)
            panel.band(found.values, bottom, upper, colour)
            if field:
                panel.line(found.values, found.mean_field[rest], colour, 1.6, (5, 4))
            panel.line(found.values, mean, colour)
            ends.append((label, colour, mean))
        _loop_labels(panel, found, ends)
        panels.append(panel)
    return _finish(figure, panels)


def _loop_labels(panel: Panel, found: Hysteresis, ends: Sequence[tuple[str, str, np.ndarray]]) -> None:
    """'there' and 'back' beside the lines where they are furthest apart, each on its outer side."""
    at = int(np.argmax(np.abs(ends[0][2] - ends[1][2])))
    upper = 0 if ends[0][2][at] > ends[1][2][at] else 1
    rightwards = found.axis.last > found.axis.first
    for k, (label, colour, mean) in enumerate(ends):
        arrow = f"{label} \u2192" if (k == 0) == rightwards else f"\u2190 {label}"
        half = text_width(arrow, 14, True) / 2
        x = min(max(float(panel.at_x(found.values[at])), panel.x + half + 6), panel.x + panel.width - half)
        y = float(panel.at_y(mean[at])) + (20 if k == upper else -10)
        panel.figure.text(x, min(max(y, panel.y + 14), panel.y + panel.height - 6), arrow, 14, colour, True, "middle",
                          halo=PAPER)


def gap_while_waiting(found: Hysteresis, width: float = WIDE) -> Figure:
    """Back less there while the parameter stands still: what merely lags closes."""
    write = _gap(found.outcome)
    figure = Figure("Stopped, and waited", f"Where both ways are stopped ({found.axis.name} = {_number(found.waited_at)}), "
                    f"they are {_size(found.gap_before, write)} apart; {found.waited} quarters later, "
                    f"{_size(found.gap_left, write)}.", width)
    share = write is points
    top = figure.head(f"{found.outcome}: back less there since the parameter stands still"
                      f"{', in percentage points' * share}; line: mean of {_counted_runs(found.runs)}, band: 10–90 %")
    height = 190
    low, high = min(0.0, float(found.apart.min())), max(0.0, float(found.apart.max()))
    panel = Panel(figure, 60, top + 12, width - 60 - 20, height, (0, found.waited), (low, high))
    panel.scale_y([(v, decimal(100 * v, 0) if share else label) for v, label in _ticks(low, high)])
    panel.scale_x(quarter_ticks(found.waited))
    _across(panel, "quarters since it stopped")
    zero = float(panel.at_y(0))
    figure.line([(panel.x, zero), (panel.x + panel.width, zero)], SOFT, 1.4)
    bottom, mean, upper = spread(found.apart)
    time = np.arange(found.waited + 1)
    panel.band(time, bottom, upper, INK, 0.15)
    panel.line(time, mean, INK)
    return _finish(figure, [panel])


def _size(one: Estimate, write: Any) -> str:
    """The size of a difference, whichever its sign."""
    return _interval(one if one.value >= 0 else type(one)(-one.value, -one.high, -one.low), write)


def hysteresis_verdict(found: Hysteresis) -> str:
    """One sentence: hysteresis, a lag, or none."""
    name = found.axis.title
    return {
        "no loop": f"No hysteresis seen: the way back along {name} is the way there, as far as these runs tell.",
        "lag": f"No hysteresis seen: {found.outcome} lags behind {name}, and the gap closes when one waits.",
        "closing": f"No lasting hysteresis shown: most of the gap closes when {name} stands still, or may do so.",
        "hysteresis": f"Hysteresis: more than half of the gap stays when {name} stands still.",
    }[found.verdict]


def _loop_words(loop: Loop, outcome: str) -> str:
    write = _gap(outcome)
    side = "higher" if loop.gap.value > 0 else "lower"
    return f"in {loop.quarters} quarters each way, {outcome} is on average {_size(loop.gap, write)} {side} on the way back"


def _loops_sentence(found: Hysteresis) -> str:
    return sentence("; ".join(_loop_words(loop, found.outcome) for loop in found.loops))


def hysteresis_study(found: Hysteresis) -> Study:
    """The page of `letsdance map hysteresis`."""
    write, slow, closing = _gap(found.outcome), found.loops[-1], found.still_closing
    fast = found.loops[0]
    change = abs(slow.gap.value) - abs(fast.gap.value)
    speed = ("The slower loop is the narrower one, as a lag would make it; what is left at the slow speed may be lag still."
             if change < 0 else "The slower loop is not the narrower one: the faster one had no time to open.")
    still = ("and it does not shrink any more" if closing.low <= 0 <= closing.high or closing.value < 0 else
             f"and it still shrinks, by {_size(closing, write)} in the last {found.waited // 2} quarters")
    side = "more" if slow.after.value > 0 else "less"
    back = (f"{found.settle} quarters after the parameter is back where it was, {found.outcome} is as before, as far as "
            f"these runs tell." if slow.after.low <= 0 <= slow.after.high else
            f"{found.settle} quarters after the parameter is back where it was, {found.outcome} is still "
            f"{_size(slow.after, write)} {side} than before.")
    rows = [[f"{loop.quarters} quarters each way", _interval(loop.gap, write), _interval(loop.after, write)]
            for loop in found.loops]
    return Study(
        "hysteresis", hysteresis_verdict(found).rstrip("."),
        [f"{_capital(found.axis.title)} ({found.axis.name}) was moved from {_number(found.axis.first)} to "
         f"{_number(found.axis.last)} and back within each of {_counted_runs(found.runs)} from {found.title}; what is "
         f"watched is {found.outcome}: {_outcome_words(found.outcome)}."],
        [Section("There and back", [speed, back],
                 {"hysteresis_loop": partial(hysteresis_loop, found)},
                 [Table(["speed", "back less there, mean along the way", "left over afterwards"], rows,
                        "Mean over runs, with its 95 % interval.")]),
         Section("Lag or hysteresis",
                 [f"Whatever is moved faster than it follows makes a loop. So both ways were stopped at {found.axis.name} "
                  f"= {_number(found.waited_at)}, where the slower loop is widest, and held for {found.waited} quarters.",
                  f"When it stopped the ways were {_size(found.gap_before, write)} apart; at the end "
                  f"{_size(found.gap_left, write)}, {still}."],
                 {"gap_while_waiting": partial(gap_while_waiting, found)})],
        [f"A gap that is left after {found.waited} quarters may close later; in a society moved by luck every gap does "
         f"some day.",
         "A start that does not last, such as Lone Ranger, moves even while the parameter stands still; then the gap "
         "closes, or opens, by itself.",
         "The value at which to wait was chosen where these same runs lie furthest apart, which makes the gap at the stop "
         "look a little larger than it is."])



# ---------------------------------------------------------------- early warnings

def warning_signs(found: EarlyWarning, width: float = WIDE) -> Figure:
    """One run that tips, and how strongly both statistics rise in runs that tip and in quiet ones."""
    from experiments.early_warning import NOMINAL, STATISTICS

    figure = Figure("Does it warn before it tips?", warning_sentence(found), width)
    narrow = width < 600
    top = figure.head(f"above: {found.outcome} in the run that tips at the middle time; below: Kendall's \u03c4, the rise "
                      f"of each statistic before the tip; each dot a run; dashes: the threshold of an alarm, which "
                      f"{percent(NOMINAL)} of other quiet runs passed")
    run = found.example
    tip = int(found.tipped_at[run])
    shown = min(found.quarters, tip + 24)
    ys, ticks = _unit(found.outcome, np.r_[found.series[run, :shown + 1], found.still[run, :shown + 1]])
    room = 70 if narrow else 150
    panel = Panel(figure, 52, top + 30, width - 52 - room, 150, (0, shown), ys)
    panel.scale_y(ticks)
    panel.scale_x(quarter_ticks(shown))
    panel.heading(f"{found.outcome}, one run")
    _across(panel, f"quarters since {found.axis.name} began to move")
    x = float(panel.at_x(tip))
    figure.line([(x, panel.y), (x, panel.y + panel.height)], SOFT, 1.4, (3, 4))
    figure.text(x - 6, panel.y + panel.height - 8, "tips", 13, SOFT, anchor="end", halo=PAPER)
    time = np.arange(shown + 1)
    panel.line(time, found.still[run, :shown + 1], _QUIET, 1.6)
    panel.line(time, found.series[run, :shown + 1], _TIPS, 2.2)
    panel.labels([(float(found.still[run, shown]), "quiet" if narrow else f"{found.axis.name} stays", _QUIET),
                  (float(found.series[run, shown]), "moved" if narrow else f"{found.axis.name} moves", _TIPS)],
                 room - 10, 13.5)
    y = panel.y + panel.height + 74
    left = 62.0
    for name, one in found.judged.items():
        figure.text(2, y, f"Rise of {STATISTICS[name]}", 16, INK, True)
        strip = Panel(figure, left, y + 8, width - left - 20, 96, (-1, 1), (0, 1))
        edge = float(strip.at_x(one.threshold))
        for k, (group, values, colour) in enumerate((("tips", one.tips, _TIPS), ("quiet", one.quiet, _QUIET))):
            middle = strip.y + 28 + 48 * k
            figure.text(left - 10, middle + 5, group, 13.5, colour, True, "end")
            figure.line([(strip.x, middle), (strip.x + strip.width, middle)], "#dde2e6", 1)
            _stacked(figure, strip, values, middle, colour)
        figure.line([(edge, strip.y + 4), (edge, strip.y + strip.height)], INK, 1.6, (5, 3))
        for value, label in ((-1, "−1 falls"), (0, "0"), (1, "1 rises")):
            figure.text(float(strip.at_x(value)), strip.y + strip.height + 16, label, 13, SOFT,
                        anchor="start" if value < 0 else "end" if value > 0 else "middle")
        y = strip.y + strip.height + 54
    figure.foot(y - 22, FOOT)
    return figure


def _stacked(figure: Figure, strip: Panel, values: np.ndarray, middle: float, colour: str) -> None:
    """Dots that would lie on each other, moved up and down from the line."""
    bins = np.round(np.asarray(strip.at_x(values)) / 7).astype(int)
    for place in np.unique(bins):
        here = np.sort(values[bins == place])
        reach = min(6.5, 40 / max(1, len(here) - 1))
        for k, value in enumerate(here):
            figure.disc(float(strip.at_x(value)), middle + (k - (len(here) - 1) / 2) * reach, 3.2, colour, opacity=0.75)


def _one_warning(one: Warning, outcome: str) -> str:
    from experiments.early_warning import STATISTICS

    does = "warns" if one.warns else "does not warn"
    return (f"{STATISTICS[one.name]} {does}: in {_interval(one.auc, percent)} of pairs the run that tips shows the "
            f"stronger rise (a coin has 50 %), an alarm came before {_interval(one.hits, percent)} of the tips, and for "
            f"nothing in {_interval(one.false_alarms, percent)} of quiet runs")


def warning_sentence(found: EarlyWarning) -> str:
    """What warns and what does not, each with its hits and false alarms."""
    return sentence("; ".join(_one_warning(one, found.outcome) for one in found.judged.values()))


def warning_study(found: EarlyWarning) -> Study:
    """The page of `letsdance map warning`."""
    from experiments.early_warning import LOOK, NOMINAL, SHORTEST, STATISTICS

    yes = [STATISTICS[name] for name, one in found.judged.items() if one.warns]
    headline = (f"Before it tips, rising {listed(yes)} of {found.outcome} warn{'s' if len(yes) == 1 else ''}, but not of "
                f"every tip" if yes else f"Neither variance nor lag-1 autocorrelation of {found.outcome} warns of this tip")
    if yes and all(found.judged[name].hits.value == 1 for name, one in found.judged.items() if one.warns):
        headline = headline.removesuffix(", but not of every tip")
    ahead = [one for one in found.judged.values() if one.warns and one.watch_hits.low > one.watch_false_alarms.high]
    if yes and not ahead:  # the trend is there once it is known where to look from
        headline = (f"Looking back from the tip, {listed(yes)} of {found.outcome} rose; whoever watches all along cannot "
                    f"be said to be warned")
    used, tipped = int(found.used.sum()), int(np.isfinite(found.tipped_at).sum())
    times = found.tipped_at[found.used]
    said = [f"{tipped} of {found.runs} runs left {FUTURES[found.home]} (fewer than half of the municipalities in it), in "
            f"the middle {np.median(times):.0f} quarters after {found.axis.name} began to move, at {found.axis.name} = "
            f"{_number(float(np.median(found.value_at[found.used])))}."]
    if tipped > used:
        said.append(f"{tipped - used} of them did so within {SHORTEST + found.ahead} quarters, too soon to see a trend, "
                    f"and are left out.")
    if found.left_out_quiet:
        said.append(f"{found.left_out_quiet} quiet runs left it by themselves and are left out.")
    began = float(found.series[found.used, 0].mean())
    then = float(found.series[np.flatnonzero(found.used), times.astype(int)].mean())
    write = percent if _gap(found.outcome) is points else partial(decimal, digits=2)
    said.append(f"By then {found.outcome} itself " + (
        f"had hardly moved ({write(then)} on average)." if write(began) == write(then) else
        f"had gone from {write(began)} to {write(then)} on average: whoever watches the level may see as much."))
    said.append("Whoever watches all along, not knowing when the tip comes, has an alarm before it " + "; ".join(
        f"by {STATISTICS[name]} in {_interval(one.watch_hits, percent)} of runs, and for nothing in "
        f"{_interval(one.watch_false_alarms, percent)}" for name, one in found.judged.items()) + ".")
    if found.ahead:
        said.append(f"The statistics were last looked at {found.ahead} quarters before.")
    rows = []
    for name, one in found.judged.items():
        before = one.lead + found.ahead
        lead = f"{np.median(before):.0f} ({before.min():.0f} to {before.max():.0f})" if len(before) else "no alarm"
        rows.append([STATISTICS[name], decimal(one.threshold, 2), _interval(one.hits, percent),
                     _interval(one.false_alarms, percent), _interval(one.auc, percent), _interval(one.watch_hits, percent),
                     _interval(one.watch_false_alarms, percent), lead])
    return Study(
        "early warning", headline,
        [f"{_capital(found.axis.title)} ({found.axis.name}) moved from {_number(found.axis.first)} to "
         f"{_number(found.axis.last)} in {found.quarters} quarters, in {_counted_runs(found.runs)} from {found.title}. "
         f"Beside each stood quiet runs of the same length in which it stayed: some set the threshold of an alarm, as many "
         f"others tested it."],
        [Section("Does it warn?", said, {"warning_signs": partial(warning_signs, found)}, [Table(
            ["statistic", "alarm above τ of", "tips with an alarm", "false alarms", "stronger rise in the run that tips",
             "tips with an alarm, watched all along", "false alarms, watched all along",
             "quarters from alarm to tip: median (least to most)"], rows,
            f"With 95 % intervals. The first alarm looks once, just before the tip; whoever watches looks every {LOOK} "
            f"quarters and needs a higher threshold, because looking often finds more by chance. Each threshold lets "
            f"{percent(NOMINAL)} of its own quiet runs pass; false alarms are counted in other runs.")])],
        ["The alarm looks back from the tip: runs are cut where they tip, which nobody knows beforehand. Whoever looks "
         "only at systems that have tipped finds warnings in noise (Boettiger and Hastings 2012); so quiet runs stand "
         "beside.",
         "Quiet runs stand still. A rise may come from the moved parameter itself, not from nearing a tip; this test does "
         "not tell the two apart.",
         "Here a society is seen every quarter without error; real indicators are rarer and noisier, and would warn less."])
