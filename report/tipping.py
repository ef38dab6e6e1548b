"""Tipping and hysteresis as figures and pages."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance.experiments.estimates import LEVEL, Estimate
from letsdance.experiments.outcomes import parse
from letsdance.params import listed
from letsdance.report.dynamics import (
    SHARE,
    across,
    counted_runs,
    finish,
    gap_writer,
    number,
    round_ticks,
    scale_of,
    two_panels,
    with_interval,
)
from letsdance.report.sheet import WIDE, Figure, Panel, quarter_ticks, text_width
from letsdance.report.study import Section, Study, Table
from letsdance.report.style import (
    COLOURS,
    FUTURES,
    INK,
    OWN,
    PAPER,
    SOFT,
    capital,
    counted,
    decimal,
    percent,
    points,
    sentence,
    short,
    spread,
    tint,
)
from letsdance.simulation.rules.regimes import REGIMES

if TYPE_CHECKING:
    from letsdance.experiments.hysteresis import Hysteresis, Loop
    from letsdance.experiments.tipping import Tipping

_THERE, _BACK = OWN[:2]


# ---------------------------------------------------------------- tipping

def tipping_diagram(found: Tipping, width: float = WIDE) -> Figure:
    """Ends of runs along an axis beside the mean field's equilibria, and the share in the regime with where it tips."""
    future = FUTURES[found.regime]
    tips = any(found.tips[name] for name in found.starts)
    title = f"What {found.axis.title} tips" if tips else f"{capital(found.axis.title)} tips no start here"
    figure = Figure(title, tipping_sentence(found), width)
    narrow = width < 600
    field = "" if found.stock is None else " · \u25cf stable and \u25cb unstable equilibria of the mean field"
    each = "municipalities" if found.ends.shape[3] > 1 else "runs"
    shape = "wider where there are more" if found.ends.shape[3] > 1 else "each dot a run"
    top = figure.head(f"first: where {each} end after {found.quarters} quarters, {shape}{field}; "
                      f"then: mean share in {future}, band: lowest to highest of {counted_runs(found.runs)}; "
                      f"| where it crosses 50 %, with its 95 % interval")
    height = 230 if narrow else 300
    spots = two_panels(figure, top, height)
    low, high = sorted((float(found.values[0]), float(found.values[-1])))
    step = (high - low) / (len(found.values) - 1)
    xs = (low - 0.6 * step, high + 0.6 * step)
    ys, ticks = scale_of(str(found.outcome), found.ends)
    ends = Panel(figure, *spots[0][:2], spots[0][2], height, xs, ys)
    ends.scale_y(ticks)
    ends.heading(f"{found.outcome} at the end" if found.outcome.first is None else str(found.outcome))
    colours = _start_colours(found)
    _draw_ends(ends, found, colours, step)
    share = Panel(figure, *spots[1][:2], spots[1][2] - (90 if narrow else 150), height, (low, high), (0, 1))
    share.scale_y(SHARE)
    share.heading(f"Share in {future}")
    labels = []
    for s, name in enumerate(found.starts):
        mean = found.within[:, s].mean(axis=1)
        share.band(found.values, found.within[:, s].min(axis=1), found.within[:, s].max(axis=1), colours[name], 0.15)
        share.line(found.values, mean, colours[name])
        last = mean[-1] if found.values[-1] > found.values[0] else mean[0]
        labels.append((float(last), short(found.starts[name]) if narrow else found.starts[name], colours[name]))
        for tip in found.tips[name]:
            x, y = float(share.at_x(tip.at.value)), float(share.at_y(0.5))
            figure.line([(x, y - 9), (x, y + 9)], colours[name], 2.4)
            if tip.at.high > tip.at.low:
                figure.line([(float(share.at_x(tip.at.low)), y), (float(share.at_x(tip.at.high)), y)], colours[name], 2.4)
    share.labels(labels, 98 if narrow else 158, 13 if narrow else 13.5)
    for panel in (ends, share):
        panel.scale_x(round_ticks(low, high))
        across(panel, f"{found.axis.name} \u2192")
    return finish(figure, (ends, share))


def _draw_ends(ends: Panel, found: Tipping, colours: dict[str, str], step: float) -> None:
    """Where runs end at each value of the axis, and the mean field's equilibria: a few runs are dots, many municipalities
    a shape."""
    figure, bins, alike = ends.figure, 24, found.ends.shape[3] > 1
    edges = np.linspace(*ends.ys, bins + 1)
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


def _start_colours(found: Tipping) -> dict[str, str]:
    own = cycle(OWN)
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
            sure = "" if not tip.seen < LEVEL else (
                f", though only in {percent(tip.seen)} of bootstrap draws, so it has no interval"
                + (" and, at the edge of what was tried, may lie beyond" if tip.edge else ""))
            said.append(f"from {title} it {'rises above' if tip.rises else 'falls below'} one half at {found.axis.name} = "
                        f"{with_interval(tip.at, number)}{sure}")
    words = f"The share of municipalities in {FUTURES[found.regime]} after {found.quarters} quarters: "
    if never:
        said.append(f"it crosses nowhere from {listed(never)}")
    return words + "; ".join(said) + "."


def tipping_study(found: Tipping) -> Study:
    """The page of `letsdance map tipping`."""
    tips = [(title, tip) for name, title in found.starts.items() for tip in found.tips[name]]
    crossing = listed(dict.fromkeys(title for title, _ in tips))
    headline = (f"{capital(found.axis.title)} tips {crossing}" if tips and found.folds else
                f"{capital(found.axis.title)} takes {crossing} across one half; the mean field does not fold" if tips else
                f"No start is tipped by {found.axis.title} between {number(float(found.values.min()))} and "
                f"{number(float(found.values.max()))}")
    folds = [f"{found.axis.name} = {number(fold.at)} ({FUTURES[fold.regime]} at C {decimal(fold.C, 2)}, "
             f"G {decimal(fold.G, 2)})" for fold in found.folds]
    said = [f"The mean field loses a stable equilibrium at {listed(folds)}: what rests there slides away." if folds else
            "The mean field has the same number of stable equilibria all along: nothing folds.",
            "Agents and mean field need not agree: agents are moved by luck, differ from each other, and have only "
            f"{found.quarters} quarters."]
    rows = [[number(float(value)), *(with_interval(Estimate(w.mean(), w.min(), w.max()), percent)
                                      for w in found.within[v]),
             listed(FUTURES[REGIMES[p.regime]] for p in found.equilibria[v] if p.stable)]
            for v, value in enumerate(found.values)]
    return Study(
        "tipping", headline,
        [f"{len(found.values)} values of {found.axis.title} ({found.axis.name}), {counted_runs(found.runs)} of "
         f"{found.quarters} quarters from each of {counted(len(found.starts))} starts; every value meets the same citizens "
         f"and the same luck."],
        [Section("Where it tips" if tips or found.folds else "Nothing tips", said,
                 {"tipping_diagram": partial(tipping_diagram, found)}, [Table(
            [found.axis.name, *(f"from {title}" for title in found.starts.values()), "the mean field can rest in"], rows,
            f"Share of municipalities in {FUTURES[found.regime]} at the end: mean (lowest to highest run).")])],
        ["Between two values the share is taken to run in a straight line; an interval narrower than a step of "
         f"{number(abs(float(found.values[1] - found.values[0])))} leans on that.",
         "An end after so many quarters may still be on its way somewhere else: repeat it with more quarters.",
         "Equilibria of the mean field are searched for from many places; none is proven absent."])


# ---------------------------------------------------------------- hysteresis

def hysteresis_loop(found: Hysteresis, width: float = WIDE) -> Figure:
    """The outcome along the parameter, there and back, at two speeds: one panel a speed."""
    figure = Figure("There and back", _loops_sentence(found), width)
    narrow = width < 600
    field = np.isfinite(found.mean_field).all()
    top = figure.head(f"line: mean of {counted_runs(found.runs)}, band: 10–90 %"
                      + ("; dashes: the mean field, at rest at each value" if field else ""))
    height = 220 if narrow else 290
    ys, ticks = scale_of(found.outcome, np.concatenate([
        np.r_[loop.there.ravel(), loop.back.ravel()] for loop in found.loops]))
    low, high = sorted((found.axis.first, found.axis.last))
    panels = []
    for (x, y, wide), loop in zip(two_panels(figure, top, height, right=24), found.loops, strict=True):
        panel = Panel(figure, x, y, wide, height, (low, high), ys)
        panel.scale_y(ticks)
        panel.scale_x(round_ticks(low, high))
        panel.heading(f"{loop.quarters} quarters each way")
        across(panel, f"{found.axis.name} \u2192")
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
    return finish(figure, panels)


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
    write = gap_writer(found.outcome)
    figure = Figure("Stopped, and waited", f"Where both ways are stopped ({found.axis.name} = {number(found.waited_at)}), "
                    f"they are {_size(found.gap_before, write)} apart; {found.waited} quarters later, "
                    f"{_size(found.gap_left, write)}.", width)
    share = write is points
    top = figure.head(f"{found.outcome}: back less there since the parameter stands still"
                      f"{', in percentage points' * share}; line: mean of {counted_runs(found.runs)}, band: 10–90 %")
    height = 190
    low, high = min(0.0, float(found.apart.min())), max(0.0, float(found.apart.max()))
    panel = Panel(figure, 60, top + 12, width - 60 - 20, height, (0, found.waited), (low, high))
    panel.scale_y([(v, decimal(100 * v, 0) if share else label) for v, label in round_ticks(low, high)])
    panel.scale_x(quarter_ticks(found.waited))
    across(panel, "quarters since it stopped")
    zero = float(panel.at_y(0))
    figure.line([(panel.x, zero), (panel.x + panel.width, zero)], SOFT, 1.4)
    bottom, mean, upper = spread(found.apart)
    time = np.arange(found.waited + 1)
    panel.band(time, bottom, upper, INK, 0.15)
    panel.line(time, mean, INK)
    return finish(figure, [panel])


def _size(one: Estimate, write: Any) -> str:
    """The size of a difference, whichever its sign."""
    return with_interval(one if one.value >= 0 else type(one)(-one.value, -one.high, -one.low), write)


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
    write = gap_writer(outcome)
    side = "higher" if loop.gap.value > 0 else "lower"
    return f"in {loop.quarters} quarters each way, {outcome} is on average {_size(loop.gap, write)} {side} on the way back"


def _loops_sentence(found: Hysteresis) -> str:
    return sentence("; ".join(_loop_words(loop, found.outcome) for loop in found.loops))


def hysteresis_study(found: Hysteresis) -> Study:
    """The page of `letsdance map hysteresis`."""
    write, slow, closing = gap_writer(found.outcome), found.loops[-1], found.still_closing
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
    rows = [[f"{loop.quarters} quarters each way", with_interval(loop.gap, write), with_interval(loop.after, write)]
            for loop in found.loops]
    return Study(
        "hysteresis", hysteresis_verdict(found).rstrip("."),
        [f"{capital(found.axis.title)} ({found.axis.name}) was moved from {number(found.axis.first)} to "
         f"{number(found.axis.last)} and back within each of {counted_runs(found.runs)} from {found.title}; what is "
         f"watched is {found.outcome}: {parse(found.outcome).says.rstrip('.')}."],
        [Section("There and back", [speed, back],
                 {"hysteresis_loop": partial(hysteresis_loop, found)},
                 [Table(["speed", "back less there, mean along the way", "left over afterwards"], rows,
                        "Mean over runs, with its 95 % interval.")]),
         Section("Lag or hysteresis",
                 [f"Whatever is moved faster than it follows makes a loop. So both ways were stopped at {found.axis.name} "
                  f"= {number(found.waited_at)}, where the slower loop is widest, and held for {found.waited} quarters.",
                  f"When it stopped the ways were {_size(found.gap_before, write)} apart; at the end "
                  f"{_size(found.gap_left, write)}, {still}."],
                 {"gap_while_waiting": partial(gap_while_waiting, found)})],
        [f"A gap that is left after {found.waited} quarters may close later; in a society moved by luck every gap does "
         f"some day.",
         "A start that does not last, such as Lone Ranger, moves even while the parameter stands still; then the gap "
         "closes, or opens, by itself.",
         "The value at which to wait was chosen where these same runs lie furthest apart, which makes the gap at the stop "
         "look a little larger than it is."])
