"""Early warnings of a tip as a figure and a page."""

from __future__ import annotations

from functools import partial

import numpy as np

from letsdance.experiments.early_warning import LOOK, NOMINAL, SHORTEST, EarlyWarning, Warning
from letsdance.experiments.estimates import Estimate
from letsdance.experiments.outcomes import parse
from letsdance.report.dynamics import across, counted_runs, number, scale_of, with_interval
from letsdance.report.outcomes import called, per_cent
from letsdance.report.sheet import WIDE, Figure, Panel, quarter_ticks
from letsdance.report.study import Section, Study, Table
from letsdance.report.style import (
    ENGLISH,
    GRID,
    INK,
    PAPER,
    SOFT,
    capital,
    decimal,
    percent,
    sentence,
)
from letsdance.words import Text

_TIPS, _QUIET = "#a82a74", SOFT


def _name(found: EarlyWarning, text: Text) -> str:
    """What is watched, in words."""
    return called(parse(found.outcome), text)


def warning_signs(found: EarlyWarning, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """One run that tips, and how strongly both statistics rise in runs that tip and in quiet ones."""
    figure = Figure(text("report.warning_title"), warning_sentence(found, text), width)
    narrow, axis = width < 600, found.axis.name
    top = figure.head(text("report.warning_head", outcome=_name(found, text), share=percent(NOMINAL, text)))
    run = found.example
    tip = int(found.tipped_at[run])
    shown = min(found.quarters, tip + 24)
    ys, ticks = scale_of(found.outcome, np.r_[found.series[run, :shown + 1], found.still[run, :shown + 1]], text)
    room = 78 if narrow else 150
    panel = Panel(figure, 52, top + 30, width - 52 - room, 150, (0, shown), ys)
    panel.scale_y(ticks)
    panel.scale_x(quarter_ticks(shown))
    panel.heading(capital(text("report.warning_one_run", outcome=_name(found, text))))
    across(panel, text("report.warning_since", name=axis))
    x = float(panel.at_x(tip))
    figure.line([(x, panel.y), (x, panel.y + panel.height)], SOFT, 1.4, (3, 4))
    figure.text(x - 6, panel.y + panel.height - 8, text("report.warning_tips"), 13, SOFT, anchor="end", halo=PAPER)
    time = np.arange(shown + 1)
    panel.line(time, found.still[run, :shown + 1], _QUIET, 1.6)
    panel.line(time, found.series[run, :shown + 1], _TIPS, 2.2)
    stays, moves = ("quiet", "moved") if narrow else ("stays", "moves")
    panel.labels([(float(found.still[run, shown]), text(f"report.warning_{stays}", name=axis), _QUIET),
                  (float(found.series[run, shown]), text(f"report.warning_{moves}", name=axis), _TIPS)], room - 10, 13.5)
    y = panel.y + panel.height + 74
    left = 62.0
    for name, one in found.judged.items():
        figure.text(2, y, text("report.warning_rise", statistic=text(f"report.warning_{name}")), 16, INK, True)
        strip = Panel(figure, left, y + 8, width - left - 20, 96, (-1, 1), (0, 1))
        edge = float(strip.at_x(one.threshold))
        for k, (group, values, colour) in enumerate((("tips", one.tips, _TIPS), ("quiet", one.quiet, _QUIET))):
            middle = strip.y + 28 + 48 * k
            figure.text(left - 10, middle + 5, text(f"report.warning_{group}"), 13.5, colour, True, "end")
            figure.line([(strip.x, middle), (strip.x + strip.width, middle)], GRID, 1)
            _stacked(figure, strip, values, middle, colour)
        figure.line([(edge, strip.y + 4), (edge, strip.y + strip.height)], INK, 1.6, (5, 3))
        for value, label in ((-1, text("report.warning_falls")), (0, "0"), (1, text("report.warning_rises"))):
            figure.text(float(strip.at_x(value)), strip.y + strip.height + 16, label, 13, SOFT,
                        anchor="start" if value < 0 else "end" if value > 0 else "middle")
        y = strip.y + strip.height + 54
    figure.foot(y - 22, text("report.foot"))
    return figure


def _stacked(figure: Figure, strip: Panel, values: np.ndarray, middle: float, colour: str) -> None:
    """Dots that would lie on each other, moved up and down from the line."""
    bins = np.round(np.asarray(strip.at_x(values)) / 7).astype(int)
    for place in np.unique(bins):
        here = np.sort(values[bins == place])
        reach = min(6.5, 40 / max(1, len(here) - 1))
        for k, value in enumerate(here):
            figure.disc(float(strip.at_x(value)), middle + (k - (len(here) - 1) / 2) * reach, 3.2, colour, opacity=0.75)


def _share(found: Estimate, text: Text) -> str:
    return with_interval(found, partial(percent, text=text), text)


def _one_warning(one: Warning, text: Text) -> str:
    shares: dict[str, str] = {"auc": _share(one.auc, text), "hits": _share(one.hits, text),
                              "false": _share(one.false_alarms, text), "half": text.percent(0.5)}
    return text("report.warning_does" if one.warns else "report.warning_does_not",
                statistic=text(f"report.warning_{one.name}"), **shares)


def warning_sentence(found: EarlyWarning, text: Text = ENGLISH) -> str:
    """What warns and what does not, each with its hits and false alarms."""
    return sentence(text("report.semicolon").join(_one_warning(one, text) for one in found.judged.values()))


def _headline(found: EarlyWarning, text: Text) -> str:
    """What warns, as far as whoever watches all along would be warned."""
    yes = [one for one in found.judged.values() if one.warns]
    values = {"statistics": text.listed([text(f"report.warning_{one.name}") for one in yes]), "outcome": _name(found, text)}
    if not yes:
        return text("report.warning_headline_none", **values)
    if not any(one.watch_hits.low > one.watch_false_alarms.high for one in yes):
        return text("report.warning_headline_back", **values)  # the trend is there once it is known where to look from
    every = "_all" if all(one.hits.value == 1 for one in yes) else ""
    return text(f"report.warning_headline_{'one' if len(yes) == 1 else 'both'}{every}", **values)


def _said(found: EarlyWarning, text: Text) -> list[str]:
    """How many tipped, and when; what the level itself showed; and what whoever watches all along is told."""
    used, tipped = int(found.used.sum()), int(np.isfinite(found.tipped_at).sum())
    times, axis = found.tipped_at[found.used], found.axis.name
    said = [text("report.warning_left", n=tipped, runs=counted_runs(found.runs, text), name=axis,
                 future=text.title("start", found.home), quarters=text.number(np.median(times)),
                 at=number(float(np.median(found.value_at[found.used])), text))]
    if tipped > used:
        said.append(text("report.warning_too_soon", n=tipped - used, quarters=SHORTEST + found.ahead))
    if found.left_out_quiet:
        said.append(text("report.warning_quiet_left", n=found.left_out_quiet))
    began = float(found.series[found.used, 0].mean())
    then = float(found.series[np.flatnonzero(found.used), times.astype(int)].mean())
    share = per_cent(found.outcome)
    before, after = (percent(level, text) if share else decimal(level, 2, text) for level in (began, then))
    said.append(text("report.warning_hardly" if before == after else "report.warning_gone", outcome=_name(found, text),
                     level=after, before=before, after=after))
    each = [text("report.warning_watched_by", statistic=text(f"report.warning_{name}"),
                 **{"hits": _share(one.watch_hits, text), "false": _share(one.watch_false_alarms, text)})
            for name, one in found.judged.items()]
    said.append(text("report.warning_watched", each=text("report.semicolon").join(each)))
    return [*said, text("report.warning_ahead", quarters=found.ahead)] if found.ahead else said


def _row(one: Warning, found: EarlyWarning, text: Text) -> list[str]:
    before = one.lead + found.ahead
    lead = text("report.warning_lead", median=text.number(np.median(before)), least=text.number(before.min()),
                most=text.number(before.max())) if len(before) else text("report.warning_no_alarm")
    shares = [_share(share, text) for share in (one.hits, one.false_alarms, one.auc, one.watch_hits,
                                                one.watch_false_alarms)]
    return [text(f"report.warning_{one.name}"), decimal(one.threshold, 2, text), *shares, lead]


def warning_study(found: EarlyWarning, text: Text = ENGLISH) -> Study:
    """The page of `letsdance map warning`."""
    heads = ("statistic", "threshold", "hits", "false", "auc", "watch_hits", "watch_false", "lead")
    return Study(
        text("report.warning_kind"), _headline(found, text),
        [text("report.warning_done", axis=capital(found.axis.said(text)), name=found.axis.name,
              first=number(found.axis.first, text), last=number(found.axis.last, text), quarters=found.quarters,
              runs=counted_runs(found.runs, text), start=text.start(found.title))],
        [Section(text("report.warning_section"), _said(found, text),
                 {"warning_signs": partial(warning_signs, found, text=text)}, [Table(
                     [text(f"report.warning_head_{head}") for head in heads],
                     [_row(one, found, text) for one in found.judged.values()],
                     text("report.warning_note", look=LOOK, share=percent(NOMINAL, text)))])],
        [text(f"report.warning_limit_{limit}") for limit in ("back", "quiet", "seen")], text("report.of_the_model"), text)
