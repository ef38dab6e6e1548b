"""Tipping and hysteresis as figures and pages."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance.experiments.estimates import LEVEL, Estimate
from letsdance.experiments.outcomes import parse
from letsdance.report.dynamics import (
    across,
    counted_runs,
    finish,
    gap_writer,
    number,
    round_ticks,
    scale_of,
    start_label,
    two_panels,
    with_interval,
)
from letsdance.report.outcomes import called, per_cent
from letsdance.report.sheet import WIDE, Figure, Panel, quarter_ticks, share_ticks, text_width
from letsdance.report.study import Section, Study, Table
from letsdance.report.style import (
    COLOURS,
    ENGLISH,
    INK,
    OWN,
    PAPER,
    SOFT,
    capital,
    counted,
    decimal,
    percent,
    sentence,
    spread,
    tint,
)
from letsdance.simulation.rules.regimes import REGIMES
from letsdance.words import Text

if TYPE_CHECKING:
    from letsdance.experiments.hysteresis import Hysteresis, Loop
    from letsdance.experiments.tipping import Tipping

_THERE, _BACK = OWN[:2]


# ---------------------------------------------------------------- tipping

def tipping_diagram(found: Tipping, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """Ends of runs along an axis beside the mean field's equilibria, and the share in the regime with where it tips."""
    future = text.title("start", found.regime)
    tips, many = any(found.tips[name] for name in found.starts), found.ends.shape[3] > 1
    axis = found.axis.said(text)
    figure = Figure(text("report.tipping_what", axis=axis) if tips else text("report.tipping_nothing", axis=capital(axis)),
                    tipping_sentence(found, text), width)
    narrow = width < 600
    top = figure.head(text(
        "report.tipping_head", each=text(f"report.tipping_each_{'municipality' if many else 'run'}"),
        quarters=found.quarters, shape=text(f"report.tipping_{'wider' if many else 'dots'}"), future=future,
        field="" if found.stock is None else text("report.tipping_field"), runs=counted_runs(found.runs, text)))
    height = 230 if narrow else 300
    spots = two_panels(figure, top, height)
    low, high = sorted((float(found.values[0]), float(found.values[-1])))
    step = (high - low) / (len(found.values) - 1)
    xs = (low - 0.6 * step, high + 0.6 * step)
    ys, ticks = scale_of(str(found.outcome), found.ends, text)
    ends = Panel(figure, *spots[0][:2], spots[0][2], height, xs, ys)
    ends.scale_y(ticks)
    outcome = called(found.outcome, text)
    ends.heading(capital(text("report.tipping_at_end", outcome=outcome) if found.outcome.first is None else outcome))
    colours = _start_colours(found)
    _draw_ends(ends, found, colours, step)
    share = Panel(figure, *spots[1][:2], spots[1][2] - (90 if narrow else 150), height, (low, high), (0, 1))
    share.scale_y(share_ticks(text))
    share.heading(text("report.tipping_share", future=future))
    labels = []
    for s, name in enumerate(found.starts):
        mean = found.within[:, s].mean(axis=1)
        share.band(found.values, found.within[:, s].min(axis=1), found.within[:, s].max(axis=1), colours[name], 0.15)
        share.line(found.values, mean, colours[name])
        last = mean[-1] if found.values[-1] > found.values[0] else mean[0]
        label = start_label(text.start(found.starts[name]), 98 if narrow else 158, 13 if narrow else 13.5, text)
        labels.append((float(last), label, colours[name]))
        for tip in found.tips[name]:
            x, y = float(share.at_x(tip.at.value)), float(share.at_y(0.5))
            figure.line([(x, y - 9), (x, y + 9)], colours[name], 2.4)
            if tip.at.high > tip.at.low:
                figure.line([(float(share.at_x(tip.at.low)), y), (float(share.at_x(tip.at.high)), y)], colours[name], 2.4)
    share.labels(labels, 98 if narrow else 158, 13 if narrow else 13.5)
    for panel in (ends, share):
        panel.scale_x(round_ticks(low, high, text))
        across(panel, text("report.along", name=found.axis.name))
    return finish(figure, (ends, share), text)


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


def tipping_sentence(found: Tipping, text: Text = ENGLISH) -> str:
    """Where the share in the regime crosses one half, from each start."""
    said, never = [], []
    for name, title in found.starts.items():
        tips, start = found.tips[name], text.start(title)
        if not tips:
            above = found.within[:, list(found.starts).index(name)].mean() >= 0.5
            never.append(text(f"report.tipping_always_{'above' if above else 'below'}", start=start))
        for tip in tips:
            unsure = "" if not tip.seen < LEVEL else text(f"report.tipping_unsure{'_edge' if tip.edge else ''}",
                                                          share=percent(tip.seen, text))
            said.append(text(f"report.tipping_{'rises' if tip.rises else 'falls'}", start=start, name=found.axis.name,
                             at=with_interval(tip.at, partial(number, text=text), text), unsure=unsure))
    if never:
        said.append(text("report.tipping_nowhere", starts=text.listed(never)))
    return text("report.tipping_says", future=text.title("start", found.regime), quarters=found.quarters,
                said=text("report.semicolon").join(said))


def tipping_study(found: Tipping, text: Text = ENGLISH) -> Study:
    """The page of `letsdance map tipping`."""
    crossing = [text.start(title) for name, title in found.starts.items() if found.tips[name]]
    axis, future, starts = found.axis.said(text), text.title("start", found.regime), text.listed(crossing)
    headline = (text("report.tipping_headline" if len(crossing) == 1 else "report.tipping_headline_many",
                     axis=capital(axis), starts=starts) if crossing and found.folds else
                text("report.tipping_headline_smooth", axis=capital(axis), starts=starts) if crossing else
                text("report.tipping_headline_none", axis=axis, low=number(float(found.values.min()), text),
                     high=number(float(found.values.max()), text)))
    folds = [text("report.tipping_fold", name=found.axis.name, at=number(fold.at, text), C=decimal(fold.C, 2, text),
                  G=decimal(fold.G, 2, text), future=text.title("start", fold.regime)) for fold in found.folds]
    said = [text("report.tipping_folds", folds=text.listed(folds)) if folds else text("report.tipping_folds_none"),
            text("report.tipping_need_not_agree", quarters=found.quarters)]
    rows = [[number(float(value), text), *(with_interval(Estimate(w.mean(), w.min(), w.max()), partial(percent, text=text),
                                                         text) for w in found.within[v]),
             text.listed([text.title("start", REGIMES[p.regime]) for p in found.equilibria[v] if p.stable])]
            for v, value in enumerate(found.values)]
    return Study(
        text("report.tipping_kind"), headline,
        [text("report.tipping_done", values=len(found.values), axis=axis, name=found.axis.name, quarters=found.quarters,
              runs=counted_runs(found.runs, text), starts=counted(len(found.starts), text))],
        [Section(text("report.tipping_where" if crossing or found.folds else "report.tipping_none"), said,
                 {"tipping_diagram": partial(tipping_diagram, found, text=text)}, [Table(
            [found.axis.name, *(text("report.tipping_from", start=text.start(title)) for title in found.starts.values()),
             text("report.tipping_can_rest")], rows, text("report.tipping_note", future=future))])],
        [text("report.tipping_limit_line", step=number(abs(float(found.values[1] - found.values[0])), text)),
         text("report.tipping_limit_end"), text("report.tipping_limit_proof")], text("report.of_the_model"), text)


# ---------------------------------------------------------------- hysteresis

def _name(found: Hysteresis, text: Text) -> str:
    """What is watched, in words."""
    return called(parse(found.outcome), text)


def hysteresis_loop(found: Hysteresis, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """The outcome along the parameter, there and back, at two speeds: one panel a speed."""
    figure = Figure(text("report.loop_title"), _loops_sentence(found, text), width)
    narrow = width < 600
    field = np.isfinite(found.mean_field).all()
    top = figure.head(text("report.loop_head", runs=counted_runs(found.runs, text))
                      + (text("report.loop_head_field") if field else ""))
    height = 220 if narrow else 290
    ys, ticks = scale_of(found.outcome, np.concatenate([
        np.r_[loop.there.ravel(), loop.back.ravel()] for loop in found.loops]), text)
    low, high = sorted((found.axis.first, found.axis.last))
    panels = []
    for (x, y, wide), loop in zip(two_panels(figure, top, height, right=24), found.loops, strict=True):
        panel = Panel(figure, x, y, wide, height, (low, high), ys)
        panel.scale_y(ticks)
        panel.scale_x(round_ticks(low, high, text))
        panel.heading(text("report.loop_each_way", quarters=loop.quarters))
        across(panel, text("report.along", name=found.axis.name))
        ends = []
        for values, label, colour, rest in ((loop.there, text("report.loop_there"), _THERE, 0),
                                            (loop.back, text("report.loop_back"), _BACK, 1)):
            bottom, mean, upper = spread(values)
            panel.band(found.values, bottom, upper, colour)
            if field:
                panel.line(found.values, found.mean_field[rest], colour, 1.6, (5, 4))
            panel.line(found.values, mean, colour)
            ends.append((label, colour, mean))
        _loop_labels(panel, found, ends, text)
        panels.append(panel)
    return finish(figure, panels, text)


def _loop_labels(panel: Panel, found: Hysteresis, ends: Sequence[tuple[str, str, np.ndarray]], text: Text) -> None:
    """'there' and 'back' beside the lines where they are furthest apart, each on its outer side."""
    at = int(np.argmax(np.abs(ends[0][2] - ends[1][2])))
    upper = 0 if ends[0][2][at] > ends[1][2][at] else 1
    rightwards = found.axis.last > found.axis.first
    for k, (label, colour, mean) in enumerate(ends):
        arrow = text(f"report.loop_{'right' if (k == 0) == rightwards else 'left'}wards", way=label)
        half = text_width(arrow, 14, True) / 2
        x = min(max(float(panel.at_x(found.values[at])), panel.x + half + 6), panel.x + panel.width - half)
        y = float(panel.at_y(mean[at])) + (20 if k == upper else -10)
        panel.figure.text(x, min(max(y, panel.y + 14), panel.y + panel.height - 6), arrow, 14, colour, True, "middle",
                          halo=PAPER)


def gap_while_waiting(found: Hysteresis, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """Back less there while the parameter stands still: what merely lags closes."""
    write = gap_writer(found.outcome, text)
    figure = Figure(text("report.loop_waited"), text(
        "report.loop_waited_says", name=found.axis.name, at=number(found.waited_at, text), quarters=found.waited,
        before=_size(found.gap_before, write, text), left=_size(found.gap_left, write, text)), width)
    share = per_cent(found.outcome)
    top = figure.head(text("report.loop_waited_head_share" if share else "report.loop_waited_head",
                           outcome=capital(_name(found, text)), runs=counted_runs(found.runs, text)))
    height = 190
    low, high = min(0.0, float(found.apart.min())), max(0.0, float(found.apart.max()))
    panel = Panel(figure, 60, top + 12, width - 60 - 20, height, (0, found.waited), (low, high))
    panel.scale_y([(v, decimal(100 * v, 0, text) if share else label) for v, label in round_ticks(low, high, text)])
    panel.scale_x(quarter_ticks(found.waited))
    across(panel, text("report.loop_since"))
    zero = float(panel.at_y(0))
    figure.line([(panel.x, zero), (panel.x + panel.width, zero)], SOFT, 1.4)
    bottom, mean, upper = spread(found.apart)
    time = np.arange(found.waited + 1)
    panel.band(time, bottom, upper, INK, 0.15)
    panel.line(time, mean, INK)
    return finish(figure, [panel], text)


def _size(one: Estimate, write: Any, text: Text) -> str:
    """The size of a difference, whichever its sign."""
    return with_interval(one if one.value >= 0 else type(one)(-one.value, -one.high, -one.low), write, text)


def hysteresis_verdict(found: Hysteresis, text: Text = ENGLISH) -> str:
    """One sentence: hysteresis, a lag, or none."""
    return text(f"report.loop_{found.verdict.removeprefix('no loop') or 'none'}", axis=found.axis.said(text),
                outcome=_name(found, text))


def _loop_words(loop: Loop, found: Hysteresis, text: Text) -> str:
    return text("report.loop_higher" if loop.gap.value > 0 else "report.loop_lower", quarters=loop.quarters,
                outcome=_name(found, text), size=_size(loop.gap, gap_writer(found.outcome, text), text))


def _loops_sentence(found: Hysteresis, text: Text) -> str:
    return sentence(text("report.semicolon").join(_loop_words(loop, found, text) for loop in found.loops))


def _stopped(found: Hysteresis, text: Text) -> str:
    """How far the ways lay apart when they were stopped and after waiting, and whether that still shrinks."""
    write, closing = gap_writer(found.outcome, text), found.still_closing
    before, left = (_size(gap, write, text) for gap in (found.gap_before, found.gap_left))
    if closing.low <= 0 <= closing.high or closing.value < 0:
        return text("report.loop_still_not", before=before, left=left)
    return text("report.loop_still_shrinks", before=before, left=left, by=_size(closing, write, text),
                quarters=found.waited // 2)


def _afterwards(found: Hysteresis, text: Text) -> str:
    """What is left of it once the parameter is back where it was."""
    after = found.loops[-1].after
    way = "as_before" if after.low <= 0 <= after.high else "more" if after.value > 0 else "less"
    return text(f"report.loop_back_{way}", quarters=found.settle, outcome=_name(found, text),
                size=_size(after, gap_writer(found.outcome, text), text))


def hysteresis_study(found: Hysteresis, text: Text = ENGLISH) -> Study:
    """The page of `letsdance map hysteresis`."""
    write, fast, slow = gap_writer(found.outcome, text), found.loops[0], found.loops[-1]
    narrower = abs(slow.gap.value) < abs(fast.gap.value)
    rows = [[text("report.loop_each_way", quarters=loop.quarters), with_interval(loop.gap, write, text),
             with_interval(loop.after, write, text)] for loop in found.loops]
    stop = {"name": found.axis.name, "at": number(found.waited_at, text), "quarters": found.waited}
    return Study(
        text("report.loop_kind"), hysteresis_verdict(found, text).rstrip("."),
        [text("report.loop_done", axis=capital(found.axis.said(text)), name=found.axis.name,
              first=number(found.axis.first, text), last=number(found.axis.last, text),
              runs=counted_runs(found.runs, text), start=text.start(found.title), outcome=_name(found, text),
              says=text.title("indicator", found.outcome).rstrip("."))],
        [Section(text("report.loop_title"),
                 [text("report.loop_narrower" if narrower else "report.loop_not_narrower"), _afterwards(found, text)],
                 {"hysteresis_loop": partial(hysteresis_loop, found, text=text)},
                 [Table([text(f"report.loop_{head}") for head in ("speed", "head_gap", "head_after")], rows,
                        text("report.loop_note"))]),
         Section(text("report.loop_lag_or"), [text("report.loop_why_stop", **stop), _stopped(found, text)],
                 {"gap_while_waiting": partial(gap_while_waiting, found, text=text)})],
        [text("report.loop_limit_later", quarters=found.waited), text("report.loop_limit_start"),
         text("report.loop_limit_chosen")], text("report.of_the_model"), text)
