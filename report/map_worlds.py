"""The page of a map of starts over worlds."""

from __future__ import annotations

from functools import partial

from letsdance.experiments.map_worlds import Plane
from letsdance.experiments.moving import TOLD, assumption_named
from letsdance.report.comparison import key
from letsdance.report.sheet import WIDE, Figure
from letsdance.report.study import Section, Study, Table
from letsdance.report.style import (
    COLOURS,
    ENGLISH,
    FUTURES,
    INK,
    SOFT,
    band,
    percent,
    tint,
)
from letsdance.report.worlds import decides, share_of
from letsdance.simulation.rules.regimes import REGIMES
from letsdance.words import Text


def map_headline(found: Plane, text: Text = ENGLISH) -> str:
    """How far the map holds."""
    said = [text("report.map_worlds_part", future=text.title("start", r["regime"]), mean=percent(r["mean"], text),
                 low=percent(r["nine_of_ten_from"], text), high=percent(r["nine_of_ten_to"], text))
            for r in found.sizes.to_dict("records")]
    return text("report.map_worlds_headline", share=percent(float(found.same.mean()), text), n=len(found.table),
                said=text.listed(said))


def plane(found: Plane, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """The plane of starts: the regime as assumed, and the share of worlds that agree."""
    n, narrow = len(found.starts), width < 600
    figure = Figure(text("report.map_worlds_title"), map_headline(found, text), width)
    top = figure.head(text("report.map_worlds_head"))
    top = key(figure, top + 10, {text.title("start", name): COLOURS[name] for name in FUTURES})
    side, left = min(width - 70, 560.0), 52.0
    cell = side / n
    for i in range(n):
        for j in range(n):
            x, y = left + i * cell, top + 10 + (n - 1 - j) * cell
            name, agree = REGIMES[found.here[i, j]], float(found.same[i, j])
            figure.box(x, y, cell - 2, cell - 2, tint(COLOURS[name], 0.1 + 0.5 * agree))
            if cell > 26:
                figure.text(x + cell / 2 - 1, y + cell / 2 + 5, f"{100 * agree:.0f}", 12 if narrow else 14, INK,
                            anchor="middle")
    for k in (0, n // 2, n - 1):
        at = text.percent(found.starts[k])
        figure.text(left + (k + 0.5) * cell, top + side + 28, at, 13, SOFT, anchor="middle")
        figure.text(left - 8, top + 10 + (n - 1 - k + 0.5) * cell + 5, at, 13, SOFT, anchor="end")
    figure.text(left, top + side + 48, text("report.map_worlds_axes"), 13, SOFT)
    figure.foot(top + side + 56, text("report.foot"))
    return figure


def map_study(found: Plane, text: Text = ENGLISH) -> Study:
    """The page of a map over worlds."""
    rows = []
    for name in FUTURES:
        moved = found.where(name)
        moved = moved[moved["p"] < TOLD].head(3)
        said = [text("report.map_worlds_moves", assumption=assumption_named(r.assumption, text),
                     low=percent(r.low, text), high=percent(r.high, text)) for r in moved.itertuples()]
        rows.append([text.title("start", name), text("report.semicolon").join(said) or text("report.worlds_none")])
    sizes = [[text.title("start", r["regime"]), percent(r["assumed"], text), share_of(r["mean"], r["low"], r["high"], text),
              band(r["nine_of_ten_from"], r["nine_of_ten_to"], text=text)] for r in found.sizes.to_dict("records")]
    heads = ("map_head_future", "search_as_assumed", "worlds_head_mean", "map_worlds_head_nine")
    return Study(text("report.map_worlds_kind"), map_headline(found, text), [
        text("report.map_worlds_done", n=len(found.starts), asked=found.asked.said(text), runs=found.shares.shape[3],
             quarters=found.quarters)], [
        Section(text("report.map_worlds_plane"), figures={"plane": partial(plane, found, text=text)},
                tables=[Table([text(f"report.{head}") for head in heads], sizes, text("report.map_worlds_sizes"))]),
        Section(decides(found, *FUTURES, text=text), tables=[Table(
            [text("report.map_head_future"), text("report.map_worlds_head_moves")], rows)])],
        [text("report.worlds_width")], text("report.of_the_model"), text)
