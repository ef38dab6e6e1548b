"""The page of a wind tunnel over worlds."""

from __future__ import annotations

from functools import partial

from letsdance.experiments.paired import Interval
from letsdance.experiments.tunnel_worlds import Tunnel
from letsdance.report.outcomes import amount, change, described, what
from letsdance.report.sheet import WIDE, Figure, shorten
from letsdance.report.study import Section, Study, Table
from letsdance.report.style import (
    COLOURS,
    ENGLISH,
    INK,
    OWN,
    SOFT,
    capital,
    percent,
    sentence,
    short,
    start_titled,
    tint,
)
from letsdance.report.windtunnel import shock_of
from letsdance.report.worlds import share_of, size
from letsdance.words import Text


def tunnel_headline(found: Tunnel, text: Text = ENGLISH) -> str:
    """In how many cells the portfolio helps in most worlds, and where it is worst."""
    frame = found.summary
    most = frame[frame["better"] > 0.5]
    worst = frame.sort_values("better").iloc[0]
    return text("report.tunnel_worlds_headline", policy=capital(found.portfolio.title), most=len(most), cells=len(frame),
                start=start_titled(found.starts[worst["start"]], text), shock=shock_of(worst["shock"], text),
                share=share_of(worst["better"], worst["better_low"], worst["better_high"], text))


def heat(found: Tunnel, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """Starts across, shocks down: in what share of worlds the portfolio is better."""
    narrow, frame = width < 600, found.summary.set_index(["start", "shock"])
    shocks = list(dict.fromkeys(shock for _, shock in found.cells))
    figure = Figure(text("report.tunnel_worlds_title", policy=capital(found.portfolio.title)), tunnel_headline(found, text),
                    width)
    top = figure.head(text("report.tunnel_worlds_head_narrow" if narrow else "report.tunnel_worlds_head",
                           worlds=found.worlds, what=what(found.outcome, text), at=found.at))
    left, tall = (98.0, 42.0) if narrow else (170.0, 46.0)
    wide, y0 = (width - left - 2) / len(found.starts), top + 36
    size_ = 13 if narrow else 15
    for i, scenario in enumerate(found.starts.values()):
        title = shorten(short(start_titled(scenario, text), text), wide - 4, size_, True)
        figure.text(left + (i + 0.5) * wide, top + 24, title, size_, COLOURS.get(scenario.name, INK), True, "middle")
    for j, shock in enumerate(shocks):
        y = y0 + j * tall
        figure.text(2, y + tall / 2 + 4, shorten(shock_of(shock, text), left - 8, 13 if narrow else 14.5),
                    13 if narrow else 14.5, INK)
        for i, start in enumerate(found.starts):
            row, x = frame.loc[(start, shock)], left + i * wide
            up = float(row["better"])
            figure.box(x, y, wide - 2, tall - 2, tint(OWN[0] if up >= 0.5 else OWN[1], 0.06 + 0.5 * abs(2 * up - 1)))
            figure.text(x + wide / 2 - 1, y + tall / 2 - 3, percent(up, text), 13.5 if narrow else 15.5, INK, True,
                        "middle")
            e = Interval(row["difference"], row["low"], row["high"], int(row["worlds"]))
            below = change(found.outcome, Interval(e.mean, e.mean, e.mean, e.n) if narrow else e, False, text)
            figure.text(x + wide / 2 - 1, y + tall / 2 + 14, below, 12.5, SOFT, False, "middle")
    figure.foot(y0 + len(shocks) * tall + 6, text("report.foot"))
    return figure


def tunnel_table(found: Tunnel, text: Text = ENGLISH) -> Table:
    """One row a start and shock."""
    rows = []
    for r in found.summary.to_dict("records"):
        e = Interval(r["difference"], r["low"], r["high"], int(r["worlds"]))
        rows.append((text("report.start_and_shock", start=start_titled(found.starts[r["start"]], text),
                          shock=shock_of(r["shock"], text)),
                     amount(found.outcome, r["without"], text), amount(found.outcome, r["with_it"], text),
                     change(found.outcome, e, False, text), share_of(r["better"], r["better_low"], r["better_high"], text),
                     percent(r["worse"], text), amount(found.outcome, r["worst_tenth"], text),
                     size(found, r["largest_regret"], text)))
    heads = ("head_start_shock", "head_without", "head_with", "difference", "worlds_head_better", "worlds_head_worse",
             "tunnel_worlds_tenth", "search_largest_regret")
    return Table([text(f"report.{head}") for head in heads], rows,
                 text("report.tunnel_worlds_note", worlds=found.worlds, runs=found.runs))


def tunnel_study(found: Tunnel, text: Text = ENGLISH) -> Study:
    """The page of a wind tunnel over worlds."""
    quarters = next(iter(found.starts.values())).quarters
    done = [sentence(described(found.portfolio.on(next(iter(found.starts.values()))), text)),
            text("report.tunnel_worlds_done", asked=found.asked.said(text), runs=found.runs, quarters=quarters)]
    return Study(text("report.tunnel_worlds_kind"), tunnel_headline(found, text), done, [
        Section(text("report.tunnel_worlds_every"), figures={"wind_tunnel": partial(heat, found, text=text)}),
        Section(text("report.numbers"), tables=[tunnel_table(found, text)])],
        [text("report.worlds_width"), text("report.less_better" if found.less else "report.more_better")],
        text("report.of_the_model"), text)
