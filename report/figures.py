"""The figures, one idea each: each is made from named results and says in one computed sentence what it shows.

Every figure works for one to eight results, for any names, and where nothing was measured. `width` is WIDE for a page
or a projector, NARROW for a phone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance.experiments.cards import LAST, home, leads
from letsdance.params import Refused
from letsdance.report.sheet import WIDE, Figure, Panel, quarter_ticks, scale, share_ticks, shorten, text_width
from letsdance.report.style import (
    CATEGORY_COLOURS,
    COLOURS,
    ENGLISH,
    FUTURES,
    GRID,
    INK,
    PAPER,
    SOFT,
    band,
    category_titles,
    colours,
    counted,
    decimal,
    finite_mean,
    percent,
    percent_sign,
    points,
    sentence,
    short,
    spread,
    start_titled,
    tint,
    titles,
)
from letsdance.words import Text, text_in

if TYPE_CHECKING:
    from letsdance.simulation.run import Result

__all__ = ["FIGURES", "adoption_by_category", "draw", "ever_adopted_by_category", "equity_and_trust", "futures", "glance",
           "late_adopter_gap", "regimes", "save", "services", "use_and_adoption", "willingness_reasons"]

Results = Mapping[str, "Result"]

_FEW = 4  # governments in a category below which a band over runs says nothing
# Where each future lies on the plane: columns from the left, rows from the top.
_QUADRANTS = {"dead_horse": (0, 0), "lets_dance": (1, 0), "wasteland": (0, 1), "lone_ranger": (1, 1)}
#: The reasons of willingness (docs/odd.md section 4): of citizens, of governments.
REASONS = ("x_leaning", "x_disposition", "x_neighbours", "x_social_capital", "x_trust", "x_need", "x_levers",
           "y_tradition", "y_disposition", "y_peers", "y_risk_culture", "y_capacity", "y_top_support", "y_reputation",
           "y_participation", "y_budget", "y_levers", "y_adopted")


# ---------------------------------------------------------------- what figures share

def _runs(results: Results, text: Text) -> str:
    counts = sorted({result.runs for result in results.values()})
    if counts == [1]:
        return text("report.one_run")
    return text("report.n_runs", n="–".join(map(str, dict.fromkeys((counts[0], counts[-1])))))


def _bands(results: Results, text: Text) -> str:
    if all(result.runs == 1 for result in results.values()):
        return text("report.bands_one")
    return text("report.bands_of", runs=_runs(results, text))


def _grid(figure: Figure, top: float, count: int, last: int, ys: tuple[float, float],
          ticks: Sequence[tuple[float, str]], right: float, height: float = 190, text: Text = ENGLISH) -> list[Panel]:
    """Small multiples on equal scales; the sheet's height follows from them."""
    columns, left = 1 if figure.width < 600 else min(2, count), 52.0
    cell = figure.width / columns
    panels = []
    for i in range(count):
        row, column = divmod(i, columns)
        panel = Panel(figure, column * cell + left, top + 30 + row * (height + 78), cell - left - right, height,
                      (0, last), ys)
        panel.scale_y(ticks)
        panel.scale_x(quarter_ticks(last))
        panels.append(panel)
    below = top + 30 + math.ceil(count / columns) * (height + 78) - 78
    figure.text(left, below + 38, text("report.quarter"), 13, SOFT)
    figure.foot(below + 42, text("report.foot"))
    return panels


def panels_over_time(figure: Figure, top: float, last: int,
                     drawn: Sequence[tuple[str, bool, Sequence[tuple[np.ndarray, str, str]]]],
                     mark: Callable[[Panel], None], text: Text = ENGLISH) -> None:
    """Small multiples over quarters, each on its own scale: (heading, is it a share, [(values[R, Q+1], label, colour)]).

    Bands and means with labels at their ends; `mark` draws on every panel first.
    """
    narrow = figure.width < 600
    columns, height, left, right = (1, 170.0, 52.0, 118.0) if narrow else (2, 190.0, 52.0, 136.0)
    cell = figure.width / columns
    for k, (heading, share, series) in enumerate(drawn):
        row, column = divmod(k, columns)
        highest = max(float(np.nanmax(spread(values)[2])) for values, _, _ in series)
        limit, ticks = (1.0, share_ticks(text)) if share and highest > 0.5 else scale(highest, text)
        if share and highest <= 0.5:
            ticks = tuple((value, text.typed(100 * value) + percent_sign(text)) for value, _ in ticks)
        panel = Panel(figure, column * cell + left, top + 30 + row * (height + 78), cell - left - right, height, (0, last),
                      (0.0, limit))
        panel.scale_y(ticks)
        panel.scale_x(quarter_ticks(last))
        mark(panel)
        panel.heading(heading)
        _lines(panel, [(values, label, colour, None) for values, label, colour in series], right - 10)
    below = top + 30 + math.ceil(len(drawn) / columns) * (height + 78) - 78
    figure.text(left, below + 38, text("report.quarter"), 13, SOFT)
    figure.foot(below + 42, text("report.foot"))


def _faint(results: Results) -> float:
    """How strong bands are that lie over each other."""
    return 0.14 if len(results) <= 4 else 0.07


def _last(results: Results) -> int:
    return max(result.quarters for result in results.values())


def _time(values: np.ndarray) -> np.ndarray:
    return np.arange(values.shape[-1])


def ever_adopted_by_category(result: Result) -> np.ndarray:
    """float64[R, Q+1, 5]: share of each category's governments (ex ante) that have ever adopted; NaN for empty ones."""
    ever = result.ever.astype(np.float64)
    member = np.stack([result.category == c for c in range(len(CATEGORY_COLOURS))], axis=2).astype(np.float64)
    size = member.sum(axis=1)[:, None, :]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.matmul(ever, member) / size


def _few(result: Result, text: Text) -> list[str]:
    """Categories too small for a band: one innovator has adopted or not, so its band is 0 to 100 %, hiding the rest."""
    return [shown for c, shown in enumerate(category_titles(text)) if (result.category == c).sum(axis=1).mean() < _FEW]


def _lines(panel: Panel, drawn: Sequence[tuple[np.ndarray, str, str, tuple[float, float] | None]], room: float,
           opacity: float = 0.16, size: float = 14, bare: Sequence[str] = ()) -> None:
    """Bands below, lines above, labels at the ends: (values[R, Q+1], label, colour, dashes); no band for the bare."""
    ends = []
    known = [(spread(values), label, colour, dashes) for values, label, colour, dashes in drawn]
    for (low, _, high), label, colour, _ in known:
        if label not in bare:
            panel.band(_time(low), low, high, colour, opacity)
    for (_, mean, _), label, colour, dashes in known:
        panel.line(_time(mean), mean, colour, dashes=dashes)
        seen = np.flatnonzero(np.isfinite(mean))
        if len(seen):
            ends.append((float(mean[seen[-1]]), label, colour))
    panel.labels(ends, room, size)


def _fitted(title: str, room: float, size: float, text: Text) -> str:
    """A start's title, or its short one where that alone has room."""
    return title if text_width(title, size, True) <= room else shorten(short(title, text), room, size, True)


def _named(panel: Panel, results: Results, values: Mapping[str, np.ndarray], room: float, text: Text) -> None:
    """A band and a line for each start, with its name at the end."""
    colour, title = colours(results), titles(results, text)
    narrow = panel.figure.width < 600
    room, size = (142, 12.5) if narrow else (room, 14)
    _lines(panel, [(values[name], _fitted(title[name], room, size, text), colour[name], None) for name in results], room,
           _faint(results), size)


def _room(labels: Iterable[str]) -> float:
    """How wide the labels at the ends of lines are, all in full."""
    return max(112.0, *(text_width(label, 14, True) + 2 for label in labels))


def _end(result: Result, name: str) -> np.ndarray:
    """float64[R]: an indicator's mean over the last quarters of each run."""
    return finite_mean(result.rows[name][:, -LAST:], axis=1)


def _largest(values: Mapping[str, float], best: Callable[..., str] = max) -> str | None:
    known = {name: value for name, value in values.items() if math.isfinite(value)}
    return best(known, key=lambda name: known[name]) if known else None


# ---------------------------------------------------------------- the figures

def futures(results: Results, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """The willingness plane: the path of each start, as a mean with the spread of its runs."""
    colour, title = colours(results), titles(results, text)
    stay = [title[n] for n, r in results.items() if home(r) == leads(r)]
    go = [title[n] for n, r in results.items() if home(r) != leads(r)]
    said = [text(f"report.{where}_quadrant", starts=text.listed(names)) for names, where in ((stay, "same"), (go, "other"))
            if names]
    went = sentence(text("report.semicolon").join(said))
    figure = Figure(text("report.futures"), text("report.futures_says", said=went), width)
    last = _last(results)
    top = figure.head(text("report.futures_head", runs=_runs(results, text), quarters=last))
    narrow = width < 600
    side = width - 44 if narrow else 560.0
    plane = Panel(figure, 40, top + 24, side, side, (0, 1), (0, 1))
    _quadrants(figure, plane, 15 if narrow else 18, text)
    paths = {name: (spread(result.rows["C"]), spread(result.rows["G"])) for name, result in results.items()}
    for name, (c, g) in paths.items():
        shade = tint(colour[name], 0.3)
        for t in range(c.shape[1]):
            if np.isfinite(c[:, t]).all() and np.isfinite(g[:, t]).all():
                (x0, x1), (y0, y1) = plane.at_x(c[[0, 2], t]).tolist(), plane.at_y(g[[2, 0], t]).tolist()
                figure.disc((x0 + x1) / 2, (y0 + y1) / 2, max((x1 - x0) / 2, 2.0), shade, max((y1 - y0) / 2, 2.0))
    for name, (c, g) in paths.items():
        figure.line(plane.points(c[1], g[1]), colour[name], 3)
        for run in results[name].rows[:200]:
            x, y = float(plane.at_x(run["C"][-1])), float(plane.at_y(run["G"][-1]))
            figure.disc(x, y, 2.4, colour[name], opacity=0.6)
        figure.disc(float(plane.at_x(c[1, 0])), float(plane.at_y(g[1, 0])), 6.5, PAPER, edge=colour[name], edge_width=3)
        figure.disc(float(plane.at_x(c[1, -1])), float(plane.at_y(g[1, -1])), 8, colour[name], edge=PAPER)
    if len(results) <= 5 and not narrow:  # else the list beside the plane names them
        ends = [plane.points(r.rows["C"][:200, -1], r.rows["G"][:200, -1]) for r in results.values()]
        _path_labels(figure, plane, paths, ends, colour, {n: text("report.from", start=one) for n, one in title.items()})

    x, y = (8.0, plane.y + side + 66) if narrow else (plane.x + side + 44, plane.y + 14)
    y = _listed(figure, results, paths, x, y, width - x - 4, text)
    figure.foot(max(plane.y + side + 46, y - 92 + 68), text("report.foot"))
    return figure


def _quadrants(figure: Figure, plane: Panel, size: float, text: Text) -> None:
    """The four futures behind the plane, with its axes."""
    side, half = plane.width, plane.width / 2
    for name, (i, j) in _QUADRANTS.items():
        x, y = plane.x + i * half, plane.y + j * half
        figure.box(x, y, half, half, tint(COLOURS[name], 0.11))
        figure.text(x + (half - 12 if i else 12), y + (half - 14 if j else 26), text.title("start", name), size,
                    tint(COLOURS[name], 0.85), True, "end" if i else "start")
    figure.line([(plane.x + half, plane.y), (plane.x + half, plane.y + side)], PAPER, 2.5)
    figure.line([(plane.x, plane.y + half), (plane.x + side, plane.y + half)], PAPER, 2.5)
    for value, label in ((0, "0"), (0.5, text.number(0.5, 1)), (1, "1")):
        figure.text(plane.x - 8, float(plane.at_y(value)) + 5, label, 13, SOFT, anchor="end")
        figure.text(float(plane.at_x(value)), plane.y + side + 19, label, 13, SOFT, anchor="middle")
    figure.text(plane.x, plane.y - 9, text("report.axis_G"), 14, SOFT)
    figure.text(plane.x + side, plane.y + side + 38, text("report.axis_C"), 14, SOFT, anchor="end")


def _listed(figure: Figure, results: Results, paths: Mapping[str, Any], x: float, y: float, room: float, text: Text
            ) -> float:
    """Each start's way in words, one below the other from (x, y) -> y below the last."""
    colour, title = colours(results), titles(results, text)
    for name, result in results.items():
        goal = leads(result)
        low, mean, high = spread(result.rows[goal][:, -1])
        figure.disc(x + 6, y - 5, 6, colour[name])
        figure.text(x + 20, y, shorten(title[name], room - 20, 16, True), 16, colour[name], True)
        moves = [f"{axis} {decimal(at[1, 0], 2, text)} → {decimal(at[1, -1], 2, text)}"
                 for axis, at in zip("CG", paths[name], strict=True)]
        lines = (", ".join(moves),
                 text("report.end_in", share=percent(mean, text)),
                 text("report.end_where", future=text.title("start", goal), band=band(low, high, text=text)))
        for k, line in enumerate(lines, 1):
            figure.text(x + 20, y + 21 * k, shorten(line, room - 20, 14), 14, INK if k > 1 else SOFT)
        y += 92
    return y


def _path_labels(figure: Figure, plane: Panel, paths: Mapping[str, Any], ends: Sequence[np.ndarray],
                 colour: Mapping[str, str], title: Mapping[str, str]) -> None:
    """A name beside the end of each path, where it covers least of paths and other names."""
    size = 15
    taken: list[tuple[float, float, float, float]] = []
    dots = np.concatenate([plane.points(c[1], g[1]) for c, g in paths.values()] + list(ends))
    dots = dots[np.isfinite(dots).all(axis=1)]
    for name, (c, g) in paths.items():
        if not (math.isfinite(c[1, -1]) and math.isfinite(g[1, -1])):
            continue
        label = shorten(title[name], 300, size, True)
        wide = text_width(label, size, True)
        x, y = float(plane.at_x(c[1, -1])), float(plane.at_y(g[1, -1]))
        best = None
        for near in (17, 30, 44):
            for dx, dy in ((near, 5), (-near - wide, 5), (-wide / 2, near + 10), (-wide / 2, -near), (near * 0.7, near),
                           (near * 0.7, -near * 0.6), (-near * 0.7 - wide, near), (-near * 0.7 - wide, -near * 0.6)):
                box = (x + dx - 3, y + dy - size, x + dx + wide + 3, y + dy + 5)
                out = (max(0, plane.x + 6 - box[0]) + max(0, box[2] - plane.x - plane.width + 6)
                       + max(0, plane.y + 34 - box[1]) + max(0, box[3] - plane.y - plane.height + 34))
                hit = ((dots[:, 0] > box[0] - 6) & (dots[:, 0] < box[2] + 6) & (dots[:, 1] > box[1] - 6)
                       & (dots[:, 1] < box[3] + 6)).sum()
                over = sum(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in taken)
                cost = (over * 100 + out * 10 + float(hit) + near / 20, dx, dy, box)
                best = cost if best is None or cost[0] < best[0] else best
        assert best is not None
        taken.append(best[3])
        figure.text(x + best[1], y + best[2], label, size, colour[name], True, halo=PAPER)


def regimes(results: Results, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """Share of municipalities in each future over time."""
    colour, title = colours(results), titles(results, text)
    goals = {n: leads(r) for n, r in results.items()}
    said = [text("report.regimes_item", start=title[n], future=text.title("start", goals[n]),
                 share=percent(float(finite_mean(r.rows[goals[n]][:, -1])), text)) for n, r in results.items()]
    figure = Figure(text("report.regimes"), text("report.regimes_says", said=text("report.semicolon").join(said)), width)
    top = figure.head(text("report.regimes_head", runs=_runs(results, text)))
    panels = _grid(figure, top, len(results), _last(results), (0, 1), share_ticks(text), 14, 170, text)
    for panel, (name, result) in zip(panels, results.items(), strict=True):
        panel.heading(text("report.from", start=title[name]), colour[name])
        shares = np.stack([finite_mean(result.rows[future], axis=0) for future in FUTURES])
        edges = np.concatenate([np.zeros((1, shares.shape[1])), np.cumsum(np.nan_to_num(shares), axis=0)])
        time = _time(shares)
        for k, future in enumerate(FUTURES):
            panel.band(time, edges[k], edges[k + 1], COLOURS[future], 1.0)
        for k, future in enumerate(FUTURES):
            _area_label(panel, time, edges[k], edges[k + 1], text.title("start", future))
        for k in range(1, len(FUTURES)):
            if (edges[k] > 0.004).any() and (edges[k] < 0.996).any():
                panel.line(time, edges[k], PAPER, 1.2)
    return figure


def _area_label(panel: Panel, time: np.ndarray, low: np.ndarray, high: np.ndarray, label: str) -> None:
    """A name inside an area, where it is thickest along the whole name; none where it does not fit."""
    size = 14.0
    wide = text_width(label, size, True) + 14
    x, thick = panel.at_x(time), panel.at_y(low) - panel.at_y(high)
    places = []
    for middle in np.linspace(panel.x + wide / 2, panel.x + panel.width - wide / 2, 24).tolist():
        span = np.abs(x - middle) <= wide / 2
        if span.any():
            floor, ceiling = float(panel.at_y(low)[span].min()), float(panel.at_y(high)[span].max())
            places.append((floor - ceiling, middle, (floor + ceiling) / 2))
    most = max((place[0] for place in places), default=0.0)
    if most > size + 4 and thick.max() > 0:
        centre = panel.x + panel.width / 2
        _, middle, level = min((p for p in places if p[0] > 0.85 * most), key=lambda p: abs(p[1] - centre))
        panel.figure.text(middle, level + size * 0.36, label, size, PAPER, True, "middle")


def adoption_by_category(results: Results, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """When the early and the late ones adopt: cumulative, by category of innovativeness, fixed before the run."""
    colour, title = colours(results), titles(results, text)
    shares = {name: ever_adopted_by_category(result) for name, result in results.items()}
    said = [text("report.categories_item", start=title[n], early=percent(float(finite_mean(s[:, -1, 0])), text),
                 late=percent(float(finite_mean(s[:, -1, 4])), text)) for n, s in shares.items()]
    early, late = (any(float(np.nanmax(s[:, -1, of], initial=0.0)) > 0 for s in shares.values())
                   for of in (slice(None, 3), slice(3, None)))
    figure = Figure(text("report.categories" if early and late else "report.categories_early" if early else
                         "report.categories_late" if late else "report.categories_none"),
                    text("report.categories_says", said=text("report.semicolon").join(said)), width)
    bare = {name: _few(result, text) for name, result in results.items()}
    top = figure.head(text("report.categories_head", bands=_bands(results, text))
                      + (text("report.categories_bare", n=counted(_FEW, text)) if any(bare.values()) else ""))
    room = _room(category_titles(text))
    panels = _grid(figure, top, len(results), _last(results), (0, 1), share_ticks(text), room + 6, 210, text)
    for panel, name in zip(panels, results, strict=True):
        panel.heading(title[name], colour[name])
        _lines(panel, [(shares[name][:, :, c], shown, CATEGORY_COLOURS[c], None)
                       for c, shown in enumerate(category_titles(text))], room, 0.13, bare=bare[name])
    return figure


def _pairs(results: Results, figure: Figure, head: str, pair: tuple[tuple[str, str], tuple[str, str]],
           ys: tuple[float, float], ticks: Sequence[tuple[float, str]], text: Text) -> Figure:
    """A solid and a dashed line for each start."""
    colour, title = colours(results), titles(results, text)
    top = figure.head(text(head, bands=_bands(results, text)))
    (solid, its), (dashed, other) = pair
    room = _room((its, other))
    panels = _grid(figure, top, len(results), _last(results), ys, ticks, room + 6, text=text)
    for panel, (name, result) in zip(panels, results.items(), strict=True):
        panel.heading(title[name], colour[name])
        _lines(panel, [(result.rows[solid], its, colour[name], None),
                       (result.rows[dashed], other, colour[name], (7, 5))], room)
    return figure


def use_and_adoption(results: Results, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """What governments have adopted beside what citizens use."""
    title = titles(results, text)
    said = [text("report.use_item", start=title[n], on=percent(float(finite_mean(r.rows["on"][:, -1])), text),
                 uses=percent(float(finite_mean(r.rows["uses"][:, -1])), text)) for n, r in results.items()]
    on, uses = (any(float(np.nanmax(r.rows[name], initial=0.0)) > 0 for r in results.values()) for name in ("on", "uses"))
    figure = Figure(text("report.use" if on and uses else "report.use_on" if on else
                         "report.use_uses" if uses else "report.use_none"),
                    text("report.use_says", said=text("report.semicolon").join(said)), width)
    return _pairs(results, figure, "report.use_head", (("on", text("curve.on")), ("uses", text("curve.uses"))), (0, 1),
                  share_ticks(text), text)


def services(results: Results, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """Services that run, with support or by citizens alone."""
    title = titles(results, text)
    said = [text("report.services_item", start=title[n], **{
        kind: decimal(float(finite_mean(r.rows[f"services_{kind}"][:, -1])), 1, text) for kind in ("supported", "solo")})
        for n, r in results.items()]
    most, ever = (max(float(np.nanmax(of(r.rows[name]), initial=0.0)) for r in results.values()
                      for name in ("services_supported", "services_solo")) for of in (lambda v: spread(v)[2], np.asarray))
    figure = Figure(text("report.services" if ever > 0 else "report.services_none"),
                    text("report.services_says", said=text("report.semicolon").join(said)), width)
    highest, ticks = scale(most, text)
    return _pairs(results, figure, "report.services_head", (
        ("services_supported", text("report.with_support")), ("services_solo", text("report.citizens_alone"))),
        (0, highest), ticks, text)


def late_adopter_gap(results: Results, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """How far the late categories lag behind the early ones."""
    title = titles(results, text)
    gaps = {name: result.late_adopter_gap() for name, result in results.items()}
    tops, lag = {}, False
    for name, gap in gaps.items():
        mean = finite_mean(gap, axis=0)
        if np.isfinite(mean).any():
            at = int(np.nanargmax(mean))
            lag |= bool(mean[at] > 0)
            tops[name] = text("report.gap_item", start=title[name], points=points(float(mean[at]), text), quarter=at)
    figure = Figure(text("report.gap" if lag else "report.gap_not" if tops else "report.gap_whether"),
                    text("report.gap_says", said=text("report.semicolon").join(tops.values())) if tops else
                    text("report.gap_none"), width)
    top = figure.head(text("report.gap_head", bands=_bands(results, text)))
    bands = [spread(gap) for gap in gaps.values()]
    low = min(0.0, *(float(np.nanmin(b[0], initial=0.0)) for b in bands))
    high = max(0.2, *(float(np.nanmax(b[2], initial=0.0)) for b in bands))
    high, low = math.ceil(high * 5) / 5, math.floor(low * 5) / 5
    ticks = [(v / 5, decimal(20 * v, 0, text)) for v in range(round(low * 5), round(high * 5) + 1)]
    panel, = _grid(figure, top - 20, 1, _last(results), (low, high), ticks, 150 if width < 600 else 190, 340, text)
    figure.line([(panel.x, float(panel.at_y(0))), (panel.x + panel.width, float(panel.at_y(0)))], SOFT, 1.2)
    _named(panel, results, gaps, 182, text)
    return figure


def equity_and_trust(results: Results, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """Whether the poorest take part, and whether citizens trust their government."""
    title = titles(results, text)
    equal = {n: float(finite_mean(_end(r, "representativeness"))) for n, r in results.items()}
    trust = {n: float(finite_mean(_end(r, "T"))) for n, r in results.items()}
    said = []
    for values, what, write in ((equal, "equity", partial(decimal, digits=2, text=text)),
                                (trust, "trust", partial(percent, text=text))):
        most, least = _largest(values), _largest(values, min)
        if most is not None and least is not None:
            said.append(text(f"report.{what}_ends" if least == most else f"report.{what}_ends_both",
                             most=write(values[most]), best=title[most], least=write(values[least]), worst=title[least]))
    figure = Figure(text("report.equity"), sentence(text.listed(said) or text("report.nothing_measured")), width)
    top = figure.head(text("report.equity_head" if width > 600 else "report.equity_head_narrow",
                           bands=_bands(results, text)))
    panels = _grid(figure, top, 2, _last(results), (0, 1), (), 150 if width < 600 else 168, 300, text)
    bands = [spread(r.rows["representativeness"]) for r in results.values()]
    high, ticks = scale(min(2.0, max(1.2, *(float(np.nanmax(b[2], initial=0.0)) for b in bands))), text)
    panels[0].ys = (0, high)
    panels[0].scale_y(ticks)
    panels[1].scale_y(share_ticks(text))
    panels[0].heading(text("report.equity_poorest"))
    panels[1].heading(text("report.equity_trust"))
    y = float(panels[0].at_y(1))
    figure.line([(panels[0].x, y), (panels[0].x + panels[0].width, y)], SOFT, 1.6, (3, 4))
    figure.text(panels[0].x + 6, y - 7, text("report.equity_equal"), 13, SOFT, halo=PAPER)
    for panel, name in zip(panels, ("representativeness", "T"), strict=True):
        _named(panel, results, {start: result.rows[name] for start, result in results.items()}, 160, text)
    return figure


def willingness_reasons(results: Results, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """What pushes willingness up or down at the end: every reason's mean over the last quarters."""
    colour, title = colours(results), titles(results, text)
    names, narrow = list(results), width < 600
    values = {name: {reason: spread(_end(results[name], reason)) for reason in REASONS} for name in names}
    size = {reason: max((abs(float(values[n][reason][1])) for n in names
                         if math.isfinite(values[n][reason][1])), default=0.0) for reason in REASONS}
    order = [sorted((r for r in REASONS if r[0] == side and size[r] >= 0.005), key=lambda r: -size[r]) for side in "xy"]
    figure = Figure(text("report.reasons" if any(order) else "report.reasons_none"),
                    text("report.reasons_says", said=_strongest(values, title, text)) if any(order) else
                    text("report.reasons_nil"), width)
    top = figure.head(text("report.reasons_head", quarters=LAST, runs=_runs(results, text)))
    sizes = np.abs([values[n][r] for n in names for r in REASONS])
    limit = 1.08 * max(0.05, float(np.max(sizes, where=np.isfinite(sizes), initial=0.0)))
    tick = next((t for t in (2.0, 1.0, 0.5, 0.2, 0.1, 0.05) if t <= limit), 0.05)
    left = 172.0 if narrow else 190.0
    columns = min(len(names), 2 if narrow else 4)
    cell, step = (width - left) / columns, 25.0
    y = top + 16
    for block in range(0, len(names), columns):
        shown = names[block:block + columns]
        panels = [Panel(figure, left + i * cell + 8, y, cell - 16, 1, (-limit, limit), (0, 1))
                  for i in range(len(shown))]
        for panel, name in zip(panels, shown, strict=True):
            figure.text(panel.x + panel.width / 2, y, _fitted(title[name], cell - 6, 14 if narrow else 15, text),
                        14 if narrow else 15, colour[name], True, "middle")
        begin, bottom = y + 10, y + sum(36 + step * len(side) for side in order if side)
        for panel in panels:
            for value in (-tick, 0.0, tick):
                x = float(panel.at_x(value))
                figure.line([(x, begin), (x, bottom + 4)], SOFT if value == 0 else GRID, 1.2 if value == 0 else 1)
                figure.text(x, bottom + 20, text.short(value), 13, SOFT, anchor="middle")
        for terms, heading in zip(order, (text("report.citizens"), text("report.governments")), strict=True):
            if not terms:
                continue
            y += 30
            figure.text(2, y, heading, 15, INK, True)
            y += 6
            for reason in terms:
                said = shorten(text(f"report.reason_{reason}"), left - 12, 13.5)
                figure.text(left - 8, y + 17, said, 13.5, INK, anchor="end")
                for panel, name in zip(panels, shown, strict=True):
                    low, mean, high = (float(panel.at_x(v)) for v in values[name][reason])
                    if math.isfinite(mean):
                        zero = float(panel.at_x(0))
                        figure.box(min(zero, mean), y + 4.5, max(abs(mean - zero), 0.8), step - 9, colour[name],
                                   1.0 if mean >= zero else 0.62)
                        if high - low > 1:
                            figure.line([(low, y + step / 2), (high, y + step / 2)], INK, 1.6)
                y += step
        y += 60
    figure.foot(y - 32, text("report.foot"))
    return figure


def _strongest(values: Mapping[str, Mapping[str, np.ndarray]], title: Mapping[str, str], text: Text) -> str:
    """The strongest reason of citizens and of governments, from each start, in words."""
    said = []
    for side in "xy":
        for name, of in values.items():
            means = {r: float(of[r][1]) for r in REASONS if r[0] == side}
            first = _largest({r: abs(v) for r, v in means.items()})
            if first is not None:
                does = "lifts" if means[first] > 0 else "lowers"
                said.append(text(f"report.{does}_{side}", start=title[name], reason=text(f"report.reason_{first}")))
    return text("report.semicolon").join(said)


#: Every figure in the order of the page.
FIGURES: Mapping[str, Callable[..., Figure]] = {
    f.__name__: f for f in (futures, regimes, adoption_by_category, use_and_adoption, late_adopter_gap,
                            equity_and_trust, services, willingness_reasons)}


def draw(results: Results, width: float = WIDE, language: str = ENGLISH.language) -> dict[str, Figure]:
    """Every figure by its name, in a language by its code.

    Raises `Refused` for what cannot be.

    >>> figures = ld.draw({"lone_ranger": ld.simulate("lone_ranger", runs=2, quarters=8)})
    >>> sorted(figures)[0]
    '...'
    """
    text = text_in(language)
    return {name: make(results, width, text) for name, make in FIGURES.items()}


def save(figure: Figure, folder: str | Path, name: str, provenance: Mapping[str, object] | None = None, *,
         width_mm: float | None = None, title: bool = False, plain: bool = False) -> tuple[Path, ...]:
    """Write name.svg and name.png with where they come from inside; equal input gives equal bytes.

    width_mm: write name.pdf too, for print, so many millimetres wide (20 to 1,000), without title and last lines (a
    caption says them) unless `title` asks for them; plain: in black and greys instead of our colours. Raises `Refused`
    for another width.

    >>> figures = ld.draw({"lone_ranger": ld.simulate("lone_ranger", runs=2, quarters=8)})
    >>> name = sorted(figures)[0]
    >>> [file.suffix for file in ld.save_figure(figures[name], "figures", name)]
    ['.svg', '.png']
    """
    if width_mm is not None and (isinstance(width_mm, bool) or not isinstance(width_mm, int | float)
                                 or not 20 <= width_mm <= 1000):
        raise Refused("width_mm must be a number of millimetres from 20 to 1,000, not {width!r}.", width=width_mm)
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    svg, png = place / f"{name}.svg", place / f"{name}.png"
    svg.write_text(figure.svg(provenance), encoding="utf-8", newline="\n")
    png.write_bytes(figure.png(provenance))
    if width_mm is None:
        return svg, png
    pdf = place / f"{name}.pdf"
    pdf.write_bytes(figure.pdf(width_mm, provenance, title=title, plain=plain))
    return svg, png, pdf


def glance(result: Result, text: Text = ENGLISH) -> str:
    """A small inline SVG for a notebook: the path on the plane beside the adoption curves of early and late."""
    figure = Figure(start_titled(result.scenario, text), text("report.glance_says"), 520)
    colour = colours({result.scenario.name: result})[result.scenario.name]
    plane = Panel(figure, 20, 28, 170, 170, (0, 1), (0, 1))
    for future, (i, j) in _QUADRANTS.items():
        figure.box(plane.x + 85 * i, plane.y + 85 * j, 84, 84, tint(COLOURS[future], 0.13))
        shown = text(f"curve.{future}")
        figure.text(plane.x + 85 * i + 42, plane.y + (160 if j else 16), shown, 11, COLOURS[future], anchor="middle")
    c, g = spread(result.rows["C"]), spread(result.rows["G"])
    figure.line(plane.points(c[1], g[1]), colour, 2.5)
    figure.disc(float(plane.at_x(c[1, 0])), float(plane.at_y(g[1, 0])), 4, PAPER, edge=colour)
    figure.disc(float(plane.at_x(c[1, -1])), float(plane.at_y(g[1, -1])), 5, colour, edge=PAPER, edge_width=1.5)
    figure.text(20, 20, text("report.glance_axes"), 12, SOFT)
    curve = Panel(figure, 240, 28, 178, 170, (0, result.quarters), (0, 1))
    curve.scale_y(share_ticks(text))
    curve.scale_x(((0, "0"), (result.quarters, str(result.quarters))))
    figure.text(240, 20, text("report.glance_curve"), 12, SOFT)
    shares = ever_adopted_by_category(result)
    _lines(curve, [(shares[:, :, k], category_titles(text)[k], CATEGORY_COLOURS[k], None) for k in (0, 2, 4)], 96, 0.15, 12,
           bare=_few(result, text))
    figure.height = 222
    return f'<div style="max-width:520px;background:{PAPER}">{figure.svg(inline=True)}</div>'


