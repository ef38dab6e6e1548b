"""More past cascades must never hurt: learning curves of forecasts, `uv run python -m benchmarks.learning --set 1`.

A set is one draw of 200 past cascades and of others to forecast, from an invented world (`benchmarks.forecasts`); the first
25, 50, 100 and 200 of the past ones are learnt from, so that sizes differ by nothing else, and all forecast the same. What
is measured is the part of a forecast that goes on as past cascades did (`similar`: seconds a set); `--whole` takes the
whole forecast (five minutes a set). A row a set, size and cut is added to docs/figures/learning.csv; `--draw` draws it
as docs/figures/learning.svg. Sets are independent, so standard errors are taken over them. No cascade is data.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.forecasts import MEASURES, WORLDS, cuts, measured, taken
from letsdance.experiments.adopters import similar
from letsdance.experiments.adopters.forecast import forecasts
from letsdance.experiments.adopters.history import Cascade
from letsdance.experiments.adopters.prior import PERIODS, STAGES, learn
from letsdance.report.sheet import WIDE, Figure, Panel
from letsdance.report.style import GRID, OWN, SOFT

FOLDER = Path(__file__).parents[1] / "docs/figures"
SIZES = (25, 50, 100, 200)
#: What is drawn: measure -> its title.
DRAWN = {"CRPS": "All quantiles (CRPS)", "MAE": "Median (absolute error)"}


def ahead(histories: Sequence[Cascade], past: Sequence[Cascade], whole: bool, seed: int) -> list[np.ndarray]:
    """Paths of each history, int64[S, 100], by what these past cascades teach."""
    if whole:
        return [one.paths for one in forecasts(histories, learn(past, seed=seed), seed=seed)]
    known = similar.past(past)
    assert known is not None
    known = known.sharpened(STAGES)
    return [known.paths(one, 400, PERIODS, np.random.default_rng([seed, k])) for k, one in enumerate(histories)]


def curve(world: str, number: int, sizes: Sequence[int], count: int, whole: bool = False) -> pd.DataFrame:
    """Rows of one set: world, set, past, cut, n, and the measures of `benchmarks.forecasts`, as means over cascades."""
    seed = 1000 * number + 700
    before, fresh = taken(world, max(sizes), seed), taken(world, count, seed + 1)
    cut = cuts(fresh, None)
    rows = []
    for past in sizes:
        made = ahead([c.until(at + 1) for c, at, _ in cut], before[:past], whole, number)
        each = np.array([measured(c, at, paths) for (c, at, _), paths in zip(cut, made, strict=True)])
        for name in dict.fromkeys(name for *_, name in cut):
            mine = each[[what == name for *_, what in cut]]
            rows.append({"forecast": "whole" if whole else "similar", "world": world, "set": number, "past": past,
                         "cut": name, "n": len(mine),
                         **dict(zip(MEASURES, np.nanmean(mine, axis=0).round(3), strict=True))})
    return pd.DataFrame(rows)


def gains(rows: pd.DataFrame, measure: str) -> pd.DataFrame:
    """By cut and size: the mean of a measure less that of the smallest size in the same set, and its standard error."""
    wide = rows.pivot_table(index=["cut", "world", "set"], columns="past", values=measure)
    less = wide.sub(wide[wide.columns[0]], axis=0).stack().rename("less")
    found = less.groupby(["cut", "past"]).agg(["mean", "sem"]).reset_index()
    return found.rename(columns={"mean": "less", "sem": "error"})


def figure(rows: pd.DataFrame, width: float = WIDE) -> Figure:
    """Two panels: what more past cascades change in the error, by cut, with a standard error each way."""
    sets = rows.groupby("world")["set"].nunique()
    told = {measure: gains(rows, measure) for measure in DRAWN}
    ends = [part[part["past"] == part["past"].max()]["less"].mean() for part in told.values()]
    drawn = Figure("More past cascades, better forecasts" if max(ends) < 0 else "What more past cascades change",
                   "Learning curves: the error of forecasts against how many past cascades there were.",
                   width)
    part = "whole forecasts" if (rows["forecast"] == "whole").all() else "what goes on as past cascades did"
    top = drawn.head(f"Error of {part}, less that with 25 past cascades, in points of the population: the same cascades "
                     "forecast, the smaller sets the beginnings of the larger; bars: a standard error each way.")
    sizes = sorted(rows["past"].unique())
    reach = max(float((part["less"].abs() + part["error"].fillna(0)).max()) for part in told.values())
    step = next(s for s in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0) if reach / s <= 4)
    low, high = -step * np.ceil(reach / step), step
    ticks = [(v, f"{v:+.1f}".replace("-", "−") if abs(v) > 1e-9 else "0") for v in np.arange(low, high + step / 2, step)]
    colours = dict(zip(sorted(rows["cut"].unique()), OWN, strict=False))
    cell = width / 2
    for k, (measure, title) in enumerate(DRAWN.items()):
        panel = Panel(drawn, 52 + k * cell, top + 26, cell - 52 - 78, 250,
                      (np.log2(sizes[0]) - 0.15, np.log2(sizes[-1]) + 0.1), (float(low), float(high)))
        panel.heading(title)
        panel.scale_y(ticks)
        panel.scale_x([(float(np.log2(size)), str(size)) for size in sizes])
        zero = float(panel.at_y(0))
        drawn.line([(panel.x, zero), (panel.x + panel.width, zero)], GRID, 2)
        last = []
        for j, (name, part) in enumerate(told[measure].groupby("cut")):
            x, y, error = np.log2(part["past"]) + 0.03 * (j - 1), part["less"], part["error"].fillna(0)
            for at, middle, one in zip(x, y, error, strict=True):
                drawn.line(panel.points([at, at], [middle - one, middle + one]), colours[name], 1.2)
            panel.line(x.to_numpy(), y.to_numpy(), colours[name])
            last.append((float(y.iloc[-1]), f"at {name}".replace("%", " %"), colours[name]))
        panel.labels(last, 74)
        drawn.text(panel.x, panel.y + panel.height + 40, "past cascades learnt from", 13, SOFT)
    said = ", ".join(f"{count} draws of {world}" for world, count in sets.items())
    drawn.foot(top + 26 + 250 + 46, f"Invented cascades cut at 16, 34 and 50 % of the population: {said}, each with its "
               f"own past; {int(rows[rows['past'] == sizes[0]]['n'].sum()):,} forecasts of each size.")
    return drawn


def main() -> None:
    """Measure sets and add their rows, or draw what stands in the file."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--world", choices=WORLDS, default="policies")
    asked.add_argument("--set", type=int, action="append", help="number of a draw; may be repeated")
    asked.add_argument("--past", type=int, nargs="+", default=list(SIZES))
    asked.add_argument("--count", type=int, default=60, help="others to forecast in each set")
    asked.add_argument("--rows", type=Path, default=FOLDER / "learning.csv")
    asked.add_argument("--whole", action="store_true", help="whole forecasts instead of what goes on as the past did")
    asked.add_argument("--draw", action="store_true")
    given = asked.parse_args()
    known = [pd.read_csv(given.rows)] if given.rows.exists() else []
    for number in given.set or []:
        began = time.process_time()
        made = curve(given.world, number, sorted(given.past), given.count, given.whole)
        known = [pd.concat([*known, made]).drop_duplicates(list(made.columns[:5]), keep="last")]
        known[0].to_csv(given.rows, index=False)
        print(f"{given.world}, set {number}: {time.process_time() - began:.0f} s of processor time", flush=True)
    told = known[0][known[0]["forecast"] == ("whole" if given.whole else "similar")]
    for measure in ("CRPS", "MAE", "interval", "below", "above"):
        wide = told.pivot_table(index="past", columns=["world", "cut"], values=measure)
        print(wide.round(2).to_string(), f"({measure})")
    for measure in DRAWN:
        print(gains(told, measure).round(3).to_string(index=False), f"({measure} less)")
    if given.draw:
        (FOLDER / "learning.svg").write_text(figure(told).svg(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
