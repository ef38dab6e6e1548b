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
from letsdance.params import listed
from letsdance.report.sheet import WIDE, Figure, Panel, quarter_ticks, scale, text_width
from letsdance.report.study import Section, Study, Table
from letsdance.report.style import (
    COLOURS,
    FOOT,
    FUTURES,
    INK,
    OWN,
    PAPER,
    SOFT,
    decimal,
    percent,
    points,
    sentence,
    short,
    tint,
)
from letsdance.simulation.rules.regimes import REGIMES

if TYPE_CHECKING:
    from letsdance.experiments.basins import Basins
    from letsdance.experiments.boundaries import Boundaries
    from letsdance.experiments.residence import Residence, Stay

SHARE = ((0.0, "0"), (0.5, "50 %"), (1.0, "100 %"))
_SEEN = 10  # moves below which the page leaves a chance out


# ---------------------------------------------------------------- what the pages share

def with_interval(one: Estimate, write: Any) -> str:
    """'130 (116–144)', or the value alone where its interval cannot be had or has no width."""
    value, low, high = (write(v) for v in one)
    if math.isnan(one.low) or low == high:
        return value
    for unit in (" percentage points", " percentage point"):
        low, high = low.removesuffix(unit), high.removesuffix(unit)
    if "−" in low + high or " " in low + high:
        return f"{value} ({low} to {high})"
    return f"{value} ({low.removesuffix('\u00a0%')}–{high})"


def number(value: float) -> str:
    """A value of a parameter, in three digits."""
    return f"{value:.3g}".replace("-", "−")


def two_panels(figure: Figure, top: float, height: float, right: float = 16) -> list[tuple[float, float, float]]:
    """Where two panels lie, beside each other or, on a phone, under each other: (x, y, width); sets no height."""
    left, heading, below = 52.0, 34.0, 66.0
    if figure.width < 600:
        return [(left, top + heading + k * (height + heading + below), figure.width - left - right) for k in range(2)]
    cell = (figure.width - 20) / 2
    return [(left + k * (cell + 20), top + heading, cell - left - right) for k in range(2)]


def finish(figure: Figure, panels: Sequence[Panel]) -> Figure:
    """The figure with its foot, below the lowest panel."""
    figure.foot(max(panel.y + panel.height for panel in panels) + 50, FOOT)
    return figure


def across(panel: Panel, text: str) -> None:
    """What runs across, below the ticks."""
    panel.figure.text(panel.x + panel.width, panel.y + panel.height + 39, text, 13, SOFT, anchor="end")


def round_ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Round values between low and high."""
    from matplotlib.ticker import MaxNLocator

    return [(float(v), f"{v:g}".replace("-", "−")) for v in MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]).tick_values(
        low, high) if low - 1e-9 <= v <= high + 1e-9]


def scale_of(name: str, values: np.ndarray) -> tuple[tuple[float, float], Sequence[tuple[float, str]]]:
    """The scale of an outcome: 0-100 % for shares, else from nil or what is lowest to a round top."""
    if parse(name).unit == "share":
        return (0.0, 1.0), SHARE
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if low >= 0:
        top, ticks = scale(high)
        return (0.0, top), ticks
    reach = 0.05 * (high - low or 1.0)
    return (low - reach, high + reach), round_ticks(low, high)


def gap_writer(name: str) -> Any:
    """How a difference of an outcome is written."""
    return points if parse(name).unit == "share" else partial(decimal, digits=2)


def counted_runs(runs: int) -> str:
    """'one run', '12 runs'."""
    return "one run" if runs == 1 else f"{runs} runs"


# ---------------------------------------------------------------- basins

def basin_map(found: Basins, width: float = WIDE) -> Figure:
    """Where each start leads: the future that leads among the agents, as far as their runs tell, beside the mean field's,
    with its fixed points; of a single run, each start's most frequent future."""
    figure = Figure("Where each start leads", f"Agents and mean field come to the same future from "
                    f"{percent(found.agreement)} of {found.mean_field.size} starts.", width)
    narrow, told = width < 600, boundaries(found) if found.runs > 1 else None
    hatched = "" if told is None else f"hatched: the runs do not tell (95\u00a0%), {percent(told.open)} of the plane · "
    y = figure.head(f"colour: the future after {found.quarters} quarters, fainter where fewer municipalities are in it · "
                    f"{hatched}\u25cf stable and \u25cb unstable fixed points of the mean field")
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
            figure.text(panel.x + value * side, panel.y + side + 19, f"{value:g}", 13, SOFT, anchor="middle")
            figure.text(panel.x - 7, panel.y + side - value * side + 4.5, f"{value:g}", 13, SOFT, anchor="end")
        across(panel, "citizens' willingness C at the start \u2192")
        for one in found.fixed_points if k else ():
            C, G = float(one.state[0]), float(one.state[1])
            figure.disc(panel.x + C * side, panel.y + side - G * side, 5.5, INK if one.stable else PAPER, edge=INK)
        for name in dict.fromkeys(REGIMES[int(v)] for v in ends.ravel()):
            where = found.starts[np.argwhere(ends == REGIMES.index(name))].mean(axis=0)
            half = text_width(FUTURES[name], 15, True) / 2 + 4
            x = min(max(where[0] * side, half), side - half)
            figure.text(panel.x + x, panel.y + side - where[1] * side, FUTURES[name], 15, INK, True, "middle",
                        halo=PAPER)
    return finish(figure, [panel])


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


def _basins_section(found: Basins) -> Section:
    rest = [f"({decimal(float(p.state[0]), 2)}, {decimal(float(p.state[1]), 2)}), {FUTURES[REGIMES[p.regime]]}"
            for p in found.fixed_points if p.stable]
    sizes = found.sizes
    rows = [[FUTURES[one.regime], with_interval(Estimate(one.agents, one.lowest_run, one.highest_run), percent),
             percent(one.mean_field)] for one in sizes.itertuples()]
    return Section(
        "Basins", [f"Left alone for long, the mean field rests at (C, G) = {listed(rest)}." if rest else
                   "No resting point of the mean field was found.",
                   "A basin after so many quarters is not one for ever: the mixed futures may be slow transients.",
                   *([] if found.runs < 2 else [
                       "Colour stands where one future leads every other by more than luck explains (95\u00a0% at each "
                       "start); a boundary where both its sides are told within one step between starts. Between starts, "
                       "shares are interpolated; dots are the starts that ran."])],
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

def _quarters(number: float, horizon: int) -> str:
    """'130', or 'later than 200' where it never came within the runs."""
    return f"{number:.0f}" if math.isfinite(number) else f"later than {horizon}"


def _when(one: Estimate, horizon: int) -> str:
    return with_interval(one, partial(_quarters, horizon=horizon))


def still_there(found: Residence, width: float = WIDE) -> Figure:
    """Kaplan-Meier: the share still where it started, and the share not yet in the target."""
    said = [f"from {stay.title}, {percent(float(stay.leave.share[-1]))} are still there after {stay.leave.until} quarters"
            for stay in found.stays.values()]
    figure = Figure("How long municipalities stay", f"{sentence('; '.join(said))}", width)
    top = figure.head(f"line: share of municipalities (Kaplan–Meier) over {counted_runs(found.runs)}; band: 95 % interval "
                      "over runs; triangle: when the mean field leaves")
    narrow, ends = width < 600, found.quarters
    spots = two_panels(figure, top, 200 if narrow else 260, right=112 if narrow else 168)
    panels = []
    for (x, y, wide), heading, curves in zip(spots, ("Still where they started", f"Not yet in {FUTURES[found.target]}"), (
            [(stay, stay.leave) for stay in found.stays.values()],
            [(stay, stay.reach) for stay in found.stays.values() if stay.home != found.target]), strict=True):
        panel = Panel(figure, x, y, wide, 200 if narrow else 260, (0, ends), (0, 1))
        panel.scale_y(SHARE)
        panel.scale_x(quarter_ticks(ends))
        panel.heading(heading)
        across(panel, "quarter")
        labels = []
        for k, (stay, curve) in enumerate(curves):
            colour = _stay_colour(found, stay)
            # A step is drawn as one: the share falls at the quarter, not on the way to it.
            times = np.repeat(np.arange(len(curve.share)), 2)[1:].astype(np.float64)
            panel.band(times, np.repeat(curve.low, 2)[:-1], np.repeat(curve.high, 2)[:-1], colour, 0.2)
            panel.line(times, np.repeat(curve.share, 2)[:-1], colour)
            labels.append((float(curve.share[-1]) - 1e-6 * k, short(stay.title) if narrow else stay.title, colour))
            if curve is stay.leave and stay.mean_field is not None and math.isfinite(stay.mean_field):
                place, foot = float(panel.at_x(stay.mean_field)), panel.y + panel.height
                figure.area([(place - 6, foot), (place + 6, foot), (place, foot - 11)], colour)
        panel.labels(labels, 104 if narrow else 160, 13 if narrow else 13.5)
        panels.append(panel)
    return finish(figure, panels)


def _stay_colour(found: Residence, stay: Stay) -> str:
    """A future's own colour, where no other start has taken it."""
    same = [other for other in found.stays.values() if other.home == stay.home]
    return COLOURS[stay.home] if same[0] is stay else OWN[same.index(stay) % len(OWN)]


_RESIDENCE_LIMITS = (
    "Shares are of municipalities within these runs; intervals draw whole runs again, because municipalities of one run "
    "look at each other. With few runs they are too narrow.",
    "A start is a mean with a spread around it: residence is that of such a start, not of any society in that future.")


def _stay_sentence(stay: Stay, horizon: int) -> str:
    leave = stay.leave
    if leave.ended == 0:
        return f"{stay.title}: none of {leave.spells} municipalities left within {horizon} quarters."
    ways = sorted((item for item in stay.goes_to.items() if item[1].value > 0), key=lambda item: -item[1].value)
    gone = [f"{percent(one.value)}{'' if k else f' of all {leave.spells}'} to {FUTURES[name]}"
            for k, (name, one) in enumerate(ways)]
    half = (f"half have left after {_when(leave.median, horizon)} quarters" if math.isfinite(leave.median.value) else
            f"more than half are still there after {horizon} quarters")
    field = "" if stay.mean_field is None else (
        f" The mean field {'does not leave' if math.isinf(stay.mean_field) else f'leaves after {stay.mean_field:.0f}'}.")
    return (f"{stay.title}: {half}; of {leave.spells} municipalities {leave.ended} left ({listed(gone)}) and "
            f"{leave.spells - leave.ended} were still there when the runs ended.{field}")


def _residence_sections(found: Residence) -> list[Section]:
    horizon = found.quarters
    rows = [[stay.title, _when(stay.leave.median, horizon), with_interval(stay.leave.mean, partial(decimal, digits=0)),
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
                              with_interval(Estimate(row.probability, row.low, row.high), lambda p: f"{100 * p:.2f} %")])
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
                 [f"{sentence(counted_runs(found.runs)).rstrip('.')} of {found.quarters} quarters from each start. Each "
                  f"municipality is followed until its future changes; what the end of a run cuts off counts as still "
                  f"there, not as over."], _residence_sections(found), _RESIDENCE_LIMITS)
