"""The page of a case that is followed: where it stands on the plane and how sure that is, what was seen against what was
known, whether the plan still holds, and what the data told."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from letsdance.experiments.follow import Followed
from letsdance.experiments.outcomes import Outcome
from letsdance.experiments.seen import SEEN
from letsdance.experiments.success import words
from letsdance.report.comparison import key
from letsdance.report.outcomes import amount, described, what
from letsdance.report.sheet import WIDE, Figure, Panel, quarter_ticks, scale
from letsdance.report.study import Section, Study, Table
from letsdance.report.style import COLOURS, FOOT, FUTURES, GRID, INK, OWN, PAPER, SOFT, band, decimal, percent, short, tint
from letsdance.report.worlds import WIDTH

if TYPE_CHECKING:
    import pandas as pd

#: Where each future lies on the plane, and its corner's words.
_CORNERS = {"lone_ranger": (0.75, 0.25), "lets_dance": (0.75, 0.75), "wasteland": (0.25, 0.25), "dead_horse": (0.25, 0.75)}
_SHARES = ((0.0, "0"), (0.25, "25"), (0.5, "50"), (0.75, "75"), (1.0, "100 %"))


def plane(found: Followed, width: float = WIDE) -> Figure:
    """Where the case stands on the willingness plane, and the way that it came."""
    figure = Figure("Where it stands", found.sentences[0], width)
    top = figure.head(f"each disc is a world that what was seen leaves possible, in quarter {found.now}; the line is the "
                      "way that they came, on average; citizens' willingness across, governments' up")
    top = key(figure, top + 10, {f"worlds in quarter {found.now}": OWN[0], "the way here": INK})
    side = min(width - 80, 560.0)
    panel = Panel(figure, 48, top + 8, side, side, (0.0, 1.0), (0.0, 1.0))
    for name, (x, y) in _CORNERS.items():
        left, up = panel.at_x(x - 0.25), panel.at_y(y + 0.25)
        figure.box(float(left), float(up), side / 2, side / 2, tint(COLOURS[name], 0.10))
        figure.text(float(panel.at_x(0.02 if x < 0.5 else 0.98)), float(panel.at_y(0.04 if y < 0.5 else 0.96)) + 5,
                    short(FUTURES[name]), 14, COLOURS[name], True, anchor="start" if x < 0.5 else "end")
    panel.scale_y(_SHARES)
    panel.scale_x(_SHARES)
    shown = found.path[:: max(1, len(found.path) // 400)]
    for x, y in shown[:, -1]:
        figure.disc(float(panel.at_x(x)), float(panel.at_y(y)), 3.2, OWN[0], opacity=0.28)
    way = found.path.mean(axis=0)
    panel.line(way[:, 0], way[:, 1], PAPER, 5)
    panel.line(way[:, 0], way[:, 1], INK, 2.2)
    figure.disc(float(panel.at_x(way[-1, 0])), float(panel.at_y(way[-1, 1])), 6, INK, edge=PAPER, edge_width=1.6)
    figure.foot(panel.y + side + 30, FOOT)
    return figure


def signal(found: Followed, name: str, width: float = WIDE) -> Figure:
    """One thing that was seen, beside what was known of it once it was seen."""
    told = found.standing
    seen = [one for one in found.case.seen if one.signal == name]
    share = Outcome(name).unit == "share"
    figure = Figure(f"{what(Outcome(name))[:1].upper()}{what(Outcome(name))[1:]}",
                    f"{len(seen)} times seen; what is known lies within the bands", width)
    top = figure.head("dots: what was seen, with two standard errors; bands: what was known by then, 80 and 95 %")
    top_value = max([one.value for one in seen] + [float(told[f"{name}_high_95"].max())] if f"{name}_high_95" in told else
                    [one.value for one in seen])
    high, ticks = (1.0, _SHARES) if share else scale(1.1 * top_value)
    panel = Panel(figure, 48, top + 12, width - 48 - 24, 230 if width < 600 else 280,
                  (0.0, float(max(found.now, 1))), (0.0, high))
    panel.scale_y(ticks)
    panel.scale_x(quarter_ticks(max(found.now, 4)))
    t = told["quarter"].to_numpy(np.float64)
    if f"{name}_low_95" in told:
        for level, strength in ((95, 0.16), (80, 0.24)):
            low, up = (told[f"{name}_{end}_{level}"].to_numpy() for end in ("low", "high"))
            if len(t) > 1:
                panel.band(t, low, up, OWN[0], strength)
            else:
                x = float(panel.at_x(t[0]))
                figure.line([(x, float(panel.at_y(low[0]))), (x, float(panel.at_y(up[0])))], tint(OWN[0], 0.5), 10)
        panel.line(t, told[name].to_numpy(), OWN[0], 2.4)
    M = len(found.case.towns)
    for one in seen:
        x, sd = float(panel.at_x(one.quarter)), float(one.spread(np.array(one.value), M))
        figure.line([(x, float(panel.at_y(one.value - 2 * sd))), (x, float(panel.at_y(one.value + 2 * sd)))], INK, 1.6)
        figure.disc(x, float(panel.at_y(one.value)), 5, INK, edge=PAPER, edge_width=1.4)
    figure.foot(panel.y + panel.height + 30, FOOT)
    return figure


def chances(found: Followed, width: float = WIDE) -> Figure:
    """The chance of the target, before anything was seen and now, with the rest of the plan and without."""
    figure = Figure("Whether the plan holds", found.sentences[1], width)
    top = figure.head(f"the chance of {words(found.target)}; the line stands at the {percent(found.needed)} that is wanted")
    rows = [(f"{when}, {'with' if k else 'without'} the plan" if found.plan.levers else when, found.chances(code)[k], k)
            for when, code in (("before", "before"), ("now", "now")) for k in ((0, 1) if found.plan.levers else (1,))]
    left = 175.0 if width < 600 else 230.0
    panel = Panel(figure, left, top + 10, width - left - 70, 40.0 * len(rows), (0.0, 1.0), (0.0, 1.0))
    for value, label in _SHARES:
        x = float(panel.at_x(value))
        figure.line([(x, panel.y), (x, panel.y + panel.height)], GRID, 1)
        figure.text(x, panel.y + panel.height + 19, label, 13, SOFT, anchor="middle")
    wanted = float(panel.at_x(found.needed))
    figure.line([(wanted, panel.y - 4), (wanted, panel.y + panel.height)], SOFT, 1.8, (5, 4))
    for n, (label, one, k) in enumerate(rows):
        y, colour = panel.y + 40.0 * n + 20, OWN[0] if k else SOFT
        figure.text(2, y + 5, label, 14, INK)
        figure.line([(float(panel.at_x(one.low)), y), (float(panel.at_x(one.high)), y)], colour, 4)
        figure.disc(float(panel.at_x(one.share)), y, 7, colour, edge=PAPER, edge_width=1.6)
        figure.text(panel.x + panel.width + 12, y + 5, percent(one.share), 15, colour, True)
    figure.foot(panel.y + panel.height + 30, FOOT)
    return figure


def standing_table(found: Followed) -> Table:
    """What was known in each quarter seen."""
    rows = []
    for row, how in zip(found.standing.to_dict("records"), found.filtered.to_dict("records"), strict=True):
        cells = [f"{row[name]:.2f} ({band(row[f'{name}_low_95'], row[f'{name}_high_95'], lambda v: f'{v:.2f}')})"
                 for name in ("C", "G", "T")]
        where = max(FUTURES, key=lambda name: row[f"most_in_{name}"])
        rows.append([str(int(row["quarter"])), *cells, f"{short(FUTURES[where])} ({percent(row[f'most_in_{where}'])} sure)",
                     "no" if how["surprise"] < 0.05 else "yes"])
    return Table(["quarter", "citizens' willingness", "governments'", "trust", "most municipalities are in", "as foreseen"],
                 rows, "What was known in each quarter in which something was seen, with 95 %. As foreseen: what was seen "
                       "lay within 95 % of what these worlds foresaw.")


def learnt_table(found: Followed, most: int = 10) -> Table:
    """Which parameters the data narrowed."""
    rows = [[f"{row.title} ({row.parameter})", f"{decimal(row.mean_before, 2)} ± {decimal(row.sd_before, 2)}",
             f"{decimal(row.mean, 2)} ({row.low_95:.2g} to {row.high_95:.2g})", percent(row.narrowing)]
            for row in found.learnt.head(most).itertuples()]
    return Table(["parameter", "before (mean ± sd)", "now (95 %)", "spread now, of before"], rows,
                 "What the data narrowed most; what is near 100 % they tell nothing about.")


def coverage_sentences(coverage: pd.DataFrame) -> list[str]:
    """How often intervals held the truth of synthetic cities."""
    parts = [f"{row.parameter}: {row.held:.0%} of {row.level:.0%} intervals" for row in coverage.itertuples()]
    return [f"In {int(coverage['repetitions'].iloc[0])} synthetic cities of the same kind the truth lay within: "
            f"{'; '.join(parts)}."]


def study(found: Followed, coverage: pd.DataFrame | None = None) -> Study:
    """The page."""
    seen = list(dict.fromkeys(one.signal for one in found.case.seen))
    last = found.filtered.iloc[-1]
    done = [f"{len(found.case.seen)} things were seen in {len(found.standing)} quarters, up to quarter {found.now}: "
            f"{', '.join(what(Outcome(name)) for name in seen)}.",
            f"{found.case.worlds.worlds} particles from {found.case.worlds}; {int(last['distinct'])} different ones are "
            f"left, and {percent(float(found.filtered['moved'].mean()))} of their moves were taken."]
    data = Table(["quarter", "what", "seen", "how"], [
        [str(one.quarter), what(Outcome(one.signal)), amount(Outcome(one.signal), one.value),
         f"{one.asked} people asked" if one.asked else f"standard error {one.error:g}" if np.isfinite(one.error) else
         "counted"] for one in found.case.seen])
    structures = found.structures
    told = [Section("What the data told", tables=[learnt_table(found)])]
    if len(structures):
        told.append(Section("Which of the alternatives", tables=[Table(
            ["alternative", "value", "chance before", "chance now"],
            [[row.alternative, row.value, percent(row.before), percent(row.now)] for row in structures.itertuples()])]))
    if coverage is not None:
        told.append(Section("Does it find what is known", coverage_sentences(coverage)))
    policy = [Table(("plan", "what is done"), [(found.plan.name, described(found.case.story))])]
    return Study("follow", found.sentences[1], done, [
        Section("Where it stands", [found.sentences[0], *found.sentences[2:]], {"plane": partial(plane, found)},
                [standing_table(found)]),
        Section("Whether the plan holds", figures={"chances": partial(chances, found)}, tables=policy),
        Section("What was seen", figures={f"seen-{name}": partial(signal, found, name) for name in seen}, tables=[data]),
        *told], [
        WIDTH, "A count is taken to be right to one, or to 5 % of it, unless its error is given; answers have the sampling "
               "error of so many people, and no other: a survey that reaches the willing more easily misleads.",
        f"A municipality can see {', '.join(SEEN)}; where nobody asked the officials, governments' willingness is known "
        "only by what they do."])


__all__ = ["chances", "coverage_sentences", "learnt_table", "plane", "signal", "standing_table", "study"]
