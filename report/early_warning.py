"""Early warnings of a tip as a figure and a page."""

from __future__ import annotations

from functools import partial

import numpy as np

from letsdance.experiments.early_warning import LOOK, NOMINAL, SHORTEST, STATISTICS, EarlyWarning, Warning
from letsdance.params import listed
from letsdance.report.dynamics import across, counted_runs, gap_writer, number, scale_of, with_interval
from letsdance.report.sheet import WIDE, Figure, Panel, quarter_ticks
from letsdance.report.study import Section, Study, Table
from letsdance.report.style import (
    FOOT,
    FUTURES,
    GRID,
    INK,
    PAPER,
    SOFT,
    capital,
    decimal,
    percent,
    points,
    sentence,
)

_TIPS, _QUIET = "#a82a74", SOFT


def warning_signs(found: EarlyWarning, width: float = WIDE) -> Figure:
    """One run that tips, and how strongly both statistics rise in runs that tip and in quiet ones."""
    figure = Figure("Does it warn before it tips?", warning_sentence(found), width)
    narrow = width < 600
    top = figure.head(f"above: {found.outcome} in the run that tips at the middle time; below: Kendall's \u03c4, the rise "
                      f"of each statistic before the tip; each dot a run; dashes: the threshold of an alarm, which "
                      f"{percent(NOMINAL)} of other quiet runs passed")
    run = found.example
    tip = int(found.tipped_at[run])
    shown = min(found.quarters, tip + 24)
    ys, ticks = scale_of(found.outcome, np.r_[found.series[run, :shown + 1], found.still[run, :shown + 1]])
    room = 70 if narrow else 150
    panel = Panel(figure, 52, top + 30, width - 52 - room, 150, (0, shown), ys)
    panel.scale_y(ticks)
    panel.scale_x(quarter_ticks(shown))
    panel.heading(f"{found.outcome}, one run")
    across(panel, f"quarters since {found.axis.name} began to move")
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
            figure.line([(strip.x, middle), (strip.x + strip.width, middle)], GRID, 1)
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


def _one_warning(one: Warning) -> str:
    does = "warns" if one.warns else "does not warn"
    return (f"{STATISTICS[one.name]} {does}: in {with_interval(one.auc, percent)} of pairs the run that tips shows the "
            f"stronger rise (a coin has 50 %), an alarm came before {with_interval(one.hits, percent)} of the tips, and "
            f"for nothing in {with_interval(one.false_alarms, percent)} of quiet runs")


def warning_sentence(found: EarlyWarning) -> str:
    """What warns and what does not, each with its hits and false alarms."""
    return sentence("; ".join(_one_warning(one) for one in found.judged.values()))


def warning_study(found: EarlyWarning) -> Study:
    """The page of `letsdance map warning`."""
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
            f"{number(float(np.median(found.value_at[found.used])))}."]
    if tipped > used:
        said.append(f"{tipped - used} of them did so within {SHORTEST + found.ahead} quarters, too soon to see a trend, "
                    f"and are left out.")
    if found.left_out_quiet:
        said.append(f"{found.left_out_quiet} quiet runs left it by themselves and are left out.")
    began = float(found.series[found.used, 0].mean())
    then = float(found.series[np.flatnonzero(found.used), times.astype(int)].mean())
    write = percent if gap_writer(found.outcome) is points else partial(decimal, digits=2)
    said.append(f"By then {found.outcome} itself " + (
        f"had hardly moved ({write(then)} on average)." if write(began) == write(then) else
        f"had gone from {write(began)} to {write(then)} on average: whoever watches the level may see as much."))
    said.append("Whoever watches all along, not knowing when the tip comes, has an alarm before it " + "; ".join(
        f"by {STATISTICS[name]} in {with_interval(one.watch_hits, percent)} of runs, and for nothing in "
        f"{with_interval(one.watch_false_alarms, percent)}" for name, one in found.judged.items()) + ".")
    if found.ahead:
        said.append(f"The statistics were last looked at {found.ahead} quarters before.")
    rows = []
    for name, one in found.judged.items():
        before = one.lead + found.ahead
        lead = f"{np.median(before):.0f} ({before.min():.0f} to {before.max():.0f})" if len(before) else "no alarm"
        shares = [with_interval(share, percent) for share in (
            one.hits, one.false_alarms, one.auc, one.watch_hits, one.watch_false_alarms)]
        rows.append([STATISTICS[name], decimal(one.threshold, 2), *shares, lead])
    return Study(
        "early warning", headline,
        [f"{capital(found.axis.title)} ({found.axis.name}) moved from {number(found.axis.first)} to "
         f"{number(found.axis.last)} in {found.quarters} quarters, in {counted_runs(found.runs)} from {found.title}. "
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
