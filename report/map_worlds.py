"""The page of a map of starts over worlds."""

from __future__ import annotations

from functools import partial

from letsdance.experiments.map_worlds import Plane
from letsdance.experiments.moving import TOLD
from letsdance.params import listed
from letsdance.report.comparison import key
from letsdance.report.sheet import WIDE, Figure
from letsdance.report.study import Section, Study, Table
from letsdance.report.style import (
    COLOURS,
    FOOT,
    FUTURES,
    INK,
    SOFT,
    band,
    percent,
    tint,
)
from letsdance.report.worlds import WIDTH, decides, titled
from letsdance.simulation.rules.regimes import REGIMES


def map_headline(found: Plane) -> str:
    """How far the map holds."""
    sizes = found.sizes.set_index("regime")
    said = [f"{FUTURES[name]} {percent(r['mean'])} ({percent(r['nine_of_ten_from'])} to {percent(r['nine_of_ten_to'])} in "
            f"nine of ten worlds)" for name, r in sizes.iterrows()]
    return (f"At {percent(float(found.same.mean()))} of starts a world leads where the assumed one does, on average over "
            f"{len(found.table)} worlds; parts of the plane: {listed(said)}.")


def plane(found: Plane, width: float = WIDE) -> Figure:
    """The plane of starts: the regime as assumed, and the share of worlds that agree."""
    n, narrow = len(found.starts), width < 600
    figure = Figure("Where starts lead, and in how many worlds", map_headline(found), width)
    top = figure.head("colour: where most municipalities end in the assumed world; number: per cent of worlds in which it "
                      "is the same; paler where fewer agree")
    top = key(figure, top + 10, {title: COLOURS[name] for name, title in FUTURES.items()})
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
        figure.text(left + (k + 0.5) * cell, top + side + 28, f"{100 * found.starts[k]:.0f} %", 13, SOFT, anchor="middle")
        figure.text(left - 8, top + 10 + (n - 1 - k + 0.5) * cell + 5, f"{100 * found.starts[k]:.0f} %", 13, SOFT,
                    anchor="end")
    figure.text(left, top + side + 48, "citizens' willingness at the start across, governments' up", 13, SOFT)
    figure.foot(top + side + 56, FOOT)
    return figure


def map_study(found: Plane) -> Study:
    """The page of a map over worlds."""
    rows = []
    for name, title in FUTURES.items():
        moved = found.where(name)
        moved = moved[moved["p"] < TOLD].head(3)
        rows.append([title, "; ".join(f"{titled(r.assumption)}, {percent(r.low)} to {percent(r.high)}"
                                      for r in moved.itertuples()) or "none is shown to"])
    sizes = [[FUTURES[r["regime"]], percent(r["assumed"]), f"{percent(r['mean'])} ({band(r['low'], r['high'])})",
              band(r["nine_of_ten_from"], r["nine_of_ten_to"])] for r in found.sizes.to_dict("records")]
    return Study("map over worlds", map_headline(found), [
        f"Runs began at {len(found.starts)} by {len(found.starts)} starts in {found.asked}, {found.shares.shape[3]} runs "
        f"of {found.quarters} quarters each, on the same seeds."], [
        Section("The plane", figures={"plane": partial(plane, found)},
                tables=[Table(["future", "as assumed", "mean over worlds", "nine of ten worlds"], sizes,
                              "The share of the plane that leads to each future.")]),
        Section(decides(found, *FUTURES), tables=[Table([
            "future", "assumptions that its part of the plane moves with, lowest third to highest third of worlds"],
            rows)])], [WIDTH])
