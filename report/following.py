"""The page of a case that is followed: where it stands on the plane and how sure that is, what was seen against what was
known, whether the plan still holds, and what the data told."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from letsdance.experiments.follow import NO_PLAN, Followed
from letsdance.experiments.moving import parameter_named
from letsdance.experiments.outcomes import Outcome
from letsdance.experiments.seen import SEEN, Seen
from letsdance.experiments.success import words
from letsdance.experiments.worlds import STRUCTURES
from letsdance.report.comparison import key
from letsdance.report.outcomes import amount, described, what
from letsdance.report.sheet import WIDE, Figure, Panel, quarter_ticks, scale
from letsdance.report.study import Section, Study, Table
from letsdance.report.style import (
    COLOURS,
    ENGLISH,
    FUTURES,
    GRID,
    INK,
    OWN,
    PAPER,
    SOFT,
    band,
    capital,
    decimal,
    percent,
    tint,
)
from letsdance.scenarios import mechanism
from letsdance.words import Text

if TYPE_CHECKING:
    import pandas as pd

#: Where each future lies on the plane, and its corner's words.
_CORNERS = {"lone_ranger": (0.75, 0.25), "lets_dance": (0.75, 0.75), "wasteland": (0.25, 0.25), "dead_horse": (0.25, 0.75)}


def _shares(text: Text) -> list[tuple[float, str]]:
    """The scale of a share in quarters; only the last says that it is one."""
    return [*((k / 4, text.number(25 * k)) for k in range(4)), (1.0, text.percent(1.0))]


def region(points: np.ndarray, share: float = 0.8, corners: int = 72) -> np.ndarray:
    """float64[corners, 2]: the ellipse about the mean of points float64[n, 2], in the shape of their covariance, that is
    just large enough to hold a share of them (Mahalanobis 1936); the mean itself where they do not spread both ways."""
    middle = points.mean(axis=0)
    away, spread = points - middle, np.cov(points.T)
    if np.linalg.det(spread) < 1e-12:
        return np.repeat(middle[None, :], corners, axis=0)
    far = np.quantile(np.einsum("ni,ij,nj->n", away, np.linalg.inv(spread), away), share, method="higher")
    turn = np.linspace(0.0, 2.0 * np.pi, corners, endpoint=False)
    return np.asarray(middle + np.sqrt(far) * np.column_stack([np.cos(turn), np.sin(turn)]) @ np.linalg.cholesky(spread).T)


def _ground(panel: Panel, text: Text) -> None:
    """The four futures on the part of the plane that a panel shows, with their names where there is room."""
    (left, right), (down, up) = panel.xs, panel.ys
    for name, (x, y) in _CORNERS.items():
        x0, x1 = max(left, x - 0.25), min(right, x + 0.25)
        y0, y1 = max(down, y - 0.25), min(up, y + 0.25)
        if x0 >= x1 or y0 >= y1:
            continue
        a, b, top, bottom = (float(v) for v in (*panel.at_x([x0, x1]), *panel.at_y([y1, y0])))
        panel.figure.box(a, top, b - a, bottom - top, tint(COLOURS[name], 0.10))
        if b - a > 100 and bottom - top > 50:
            first, low = x < 0.5, y < 0.5
            panel.figure.text(a + 7 if first else b - 7, bottom - 9 if low else top + 19, text(f"curve.{name}"), 14,
                              COLOURS[name], True, anchor="start" if first else "end")


def _regions(panel: Panel, found: Followed) -> None:
    """Where 80 % of the worlds were in each quarter seen, paler the longer ago; the quarter stands where no other ring
    is."""
    quarters = found.standing["quarter"].astype(int).tolist()
    edges = [panel.points(*np.clip(region(found.path[:, quarter]), 0.0, 1.0).T) for quarter in quarters]
    said = list[np.ndarray]()
    for k, (quarter, edge) in enumerate(zip(quarters, edges, strict=True)):
        colour = tint(OWN[0], 0.4 + 0.6 * (k + 1) / len(quarters))
        panel.figure.area(edge, OWN[0], 0.07)
        panel.figure.line(np.vstack([edge, edge[:1]]), colour, 2.4 if quarter == found.now else 1.5)
        out = edge[::3] - edge.mean(axis=0)
        places = edge[::3] + 11 * out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1.0)
        other = np.vstack([one for one in (*edges, *said) if one is not edge] or [np.full((1, 2), np.inf)])
        free = np.linalg.norm(places[:, None] - other[None], axis=2).min(axis=1)
        from_middle = np.abs(places - [panel.x + panel.width / 2, panel.y + panel.height / 2])
        free[(from_middle > panel.width / 2 - 12).any(axis=1)] = 0.0
        if free.max() > 9:
            said.append(places[[free.argmax()]])
            x, y = said[-1][0].tolist()
            panel.figure.text(x, y + 5, str(quarter), 13, OWN[0], True, "middle", PAPER)


def _way(panel: Panel, way: np.ndarray) -> None:
    panel.line(way[:, 0], way[:, 1], PAPER, 5)
    panel.line(way[:, 0], way[:, 1], INK, 2.2)
    panel.figure.disc(float(panel.at_x(way[-1, 0])), float(panel.at_y(way[-1, 1])), 6, INK, edge=PAPER, edge_width=1.6)


def _close_up(found: Followed) -> tuple[float, tuple[float, float], tuple[float, float]]:
    """Step of its scales, and what it shows of C and G: a square about the way and nearly all worlds in quarters seen."""
    there = found.path[:, found.standing["quarter"].astype(int).tolist()].reshape(-1, 2)
    low, high = np.quantile(there, [0.005, 0.995], axis=0)
    way = found.path.mean(axis=0)
    low, high = np.minimum(low, way.min(axis=0)), np.maximum(high, way.max(axis=0))
    wide = min(1.0, max(0.1, 1.15 * float((high - low).max())))
    step = next(step for step in (0.02, 0.05, 0.1, 0.2, 0.25) if wide <= 5 * step or step == 0.25)
    x, y = np.clip((low + high - wide) / 2, 0.0, 1.0 - wide).tolist()
    return step, (x, x + wide), (y, y + wide)


def plane(found: Followed, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """Where the case stands on the willingness plane, where it was in each quarter seen, and the way that it came: on the
    whole plane, and closer."""
    figure = Figure(text("report.follow_where"), found.said(text)[0], width)
    top = figure.head(text("report.follow_where_head", quarter=found.now))
    top = key(figure, top + 10, {text("report.follow_worlds_then", quarter=found.now): OWN[0],
                                 text("report.follow_way"): INK})
    stacked = width < 600
    side = width - 80 if stacked else min((width - 136) / 2, 420.0)
    whole = Panel(figure, 48, top + 8, side, side, (0.0, 1.0), (0.0, 1.0))
    step, xs, ys = _close_up(found)
    near = Panel(figure, 48 if stacked else side + 112, whole.y + (side + 60 if stacked else 0), side, side, xs, ys)
    for panel in (whole, near):
        _ground(panel, text)
    whole.scale_y(_shares(text))
    whole.scale_x(_shares(text))
    for (low, high), scaled in ((near.ys, near.scale_y), (near.xs, near.scale_x)):
        ticks = step * np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1)
        last = float(ticks[-1])
        scaled([*((float(v), text.number(round(100 * v))) for v in ticks[:-1]), (last, text.percent(last))])
    frame = whole.points([xs[0], xs[1], xs[1], xs[0], xs[0]], [ys[0], ys[0], ys[1], ys[1], ys[0]])
    figure.line(frame, INK, 1.2)
    for x, y in found.path[:: max(1, len(found.path) // 400), -1]:
        if xs[0] <= x <= xs[1] and ys[0] <= y <= ys[1]:
            figure.disc(float(near.at_x(x)), float(near.at_y(y)), 3.2, OWN[0], opacity=0.28)
    _regions(near, found)
    figure.area(whole.points(*np.clip(region(found.path[:, -1]), 0.0, 1.0).T), OWN[0], 0.35)
    for panel in (whole, near):
        _way(panel, found.path.mean(axis=0))
    figure.foot(near.y + side + 30, text("report.foot"))
    return figure


def signal(found: Followed, name: str, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """One thing that was seen, beside what was known of it once it was seen."""
    told = found.standing
    seen = [one for one in found.case.seen if one.signal == name]
    share = Outcome(name).unit == "share"
    figure = Figure(capital(what(Outcome(name), text)), text("report.follow_times_seen", n=len(seen)), width)
    top = figure.head(text("report.follow_seen_head"))
    top_value = max([one.value for one in seen] + [float(told[f"{name}_high_95"].max())] if f"{name}_high_95" in told else
                    [one.value for one in seen])
    high, ticks = (1.0, _shares(text)) if share else scale(1.1 * top_value, text)
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
    figure.foot(panel.y + panel.height + 30, text("report.foot"))
    return figure


def chances(found: Followed, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """The chance of the target, before anything was seen and now, with the rest of the plan and without."""
    figure = Figure(text("report.follow_whether"), found.said(text)[1], width)
    top = figure.head(text("report.follow_whether_head", goal=words(found.target, text),
                           needed=percent(found.needed, text)))
    planned = bool(found.plan.levers)
    rows = [(text(f"report.follow_{when}{('_without', '_with')[k] if planned else ''}"), found.chances(when)[k], k)
            for when in ("before", "now") for k in ((0, 1) if planned else (1,))]
    left = 175.0 if width < 600 else 230.0
    panel = Panel(figure, left, top + 10, width - left - 70, 40.0 * len(rows), (0.0, 1.0), (0.0, 1.0))
    for value, label in _shares(text):
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
        figure.text(panel.x + panel.width + 12, y + 5, percent(one.share, text), 15, colour, True)
    figure.foot(panel.y + panel.height + 30, text("report.foot"))
    return figure


def standing_table(found: Followed, text: Text = ENGLISH) -> Table:
    """What was known in each quarter seen."""
    rows = []
    for row, how in zip(found.standing.to_dict("records"), found.filtered.to_dict("records"), strict=True):
        cells = [text("report.with_band", value=text.number(row[name], 2),
                      band=band(row[f"{name}_low_95"], row[f"{name}_high_95"], lambda v: text.number(v, 2), text))
                 for name in ("C", "G", "T")]
        where = max(FUTURES, key=lambda name: row[f"most_in_{name}"])
        sure = percent(row[f"most_in_{where}"], text)
        rows.append([str(int(row["quarter"])), *cells,
                     text("report.follow_sure", future=text(f"curve.{where}"), share=sure),
                     text("town.no" if how["surprise"] < 0.05 else "town.yes")])
    return Table([text("report.quarter"), *(what(Outcome(name), text) for name in ("C", "G", "T")),
                  text("report.follow_head_most"), text("report.follow_head_foreseen")], rows,
                 text("report.follow_standing_note"))


def learnt_table(found: Followed, most: int = 10, text: Text = ENGLISH) -> Table:
    """Which parameters the data narrowed."""
    rows = []
    for row in found.learnt.head(most).itertuples():
        low, high = (text.typed(float(f"{value:.2g}")) for value in (row.low_95, row.high_95))
        rows.append([parameter_named(row.parameter, text),
                     f"{decimal(row.mean_before, 2, text)} ± {decimal(row.sd_before, 2, text)}",
                     text("report.interval", mean=decimal(row.mean, 2, text), low=low, high=high),
                     percent(row.narrowing, text)])
    return Table([text(f"report.follow_head_{name}") for name in ("parameter", "before", "now", "spread")], rows,
                 text("report.follow_learnt_note"))


def coverage_sentences(coverage: pd.DataFrame, text: Text = ENGLISH) -> list[str]:
    """How often intervals held the truth of synthetic cities."""
    parts = [text("report.follow_held", what=what(Outcome(row.parameter), text), held=text.percent(row.held),
                  level=text.percent(row.level)) for row in coverage.itertuples()]
    return [text("report.follow_recovered", n=int(coverage["repetitions"].iloc[0]),
                 said=text("report.semicolon").join(parts))]


def how_seen(one: Seen, text: Text) -> str:
    """What tells how far a thing seen may be wrong."""
    if one.asked:
        return text("report.follow_asked", n=text.number(one.asked))
    if np.isfinite(one.error):
        return text("report.follow_error", error=text.typed(one.error))
    return text("report.follow_counted")


def alternative(name: str, value: str, text: Text) -> list[str]:
    """A structural alternative and one of its values, in words."""
    if name in STRUCTURES:
        kind, called = ("group", mechanism.load(value).name) if value and name == "mechanism" else (name, value)
        return [text(f"report.worlds_{name}"), text.title(kind, called) if value else text("report.count_0")]
    return [parameter_named(name, text), text.typed(float(value))]


def study(found: Followed, coverage: pd.DataFrame | None = None, text: Text = ENGLISH) -> Study:
    """The page."""
    seen = list(dict.fromkeys(one.signal for one in found.case.seen))
    last, (stands, whether, *more) = found.filtered.iloc[-1], found.said(text)
    done = [text("report.follow_done", n=len(found.case.seen), quarters=len(found.standing), last=found.now,
                 what=text.listed([what(Outcome(name), text) for name in seen])),
            text("report.follow_particles", n=text.number(found.case.worlds.worlds), worlds=found.case.worlds.said(text),
                 distinct=text.number(last["distinct"]), moved=percent(float(found.filtered["moved"].mean()), text))]
    data = Table([text("report.quarter"), *(text(f"report.follow_head_{name}") for name in ("what", "seen", "how"))], [
        [str(one.quarter), what(Outcome(one.signal), text), amount(Outcome(one.signal), one.value, text),
         how_seen(one, text)]
        for one in found.case.seen])
    told = [Section(text("report.follow_told"), tables=[learnt_table(found, text=text)])]
    if len(found.structures):
        told.append(Section(text("report.follow_which"), tables=[Table(
            [text(f"report.follow_head_{name}") for name in ("alternative", "value", "chance_before", "chance_now")],
            [[*alternative(row.alternative, row.value, text), percent(row.before, text), percent(row.now, text)]
             for row in found.structures.itertuples()])]))
    if coverage is not None:
        told.append(Section(text("report.follow_recovers"), coverage_sentences(coverage, text)))
    plan = text("report.follow_no_plan") if found.plan.title == NO_PLAN else found.plan.title
    policy = Table([text("report.follow_head_plan"), text("report.what_is_done")],
                   [[plan, described(found.case.scenario, text)]])
    return Study(text("report.follow_kind"), whether, done, [
        Section(text("report.follow_where"), [stands, *more], {"plane": partial(plane, found, text=text)},
                [standing_table(found, text)]),
        Section(text("report.follow_whether"), figures={"chances": partial(chances, found, text=text)}, tables=[policy]),
        Section(text("report.follow_seen"),
                figures={f"seen-{name}": partial(signal, found, name, text=text) for name in seen}, tables=[data]),
        *told], [
        text("report.worlds_width"), text("report.follow_limit_counts"),
        text("report.follow_limit_sees", what=text.listed([what(Outcome(name), text) for name in SEEN]))],
        text("report.of_the_model"), text)


__all__ = ["chances", "coverage_sentences", "learnt_table", "plane", "region", "signal", "standing_table", "study"]
