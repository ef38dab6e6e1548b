"""Figures and the page of what speeds up the late."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from letsdance.experiments.adopters.speed import (
    GROUPS,
    IMITATION,
    MEASURES,
    Speed,
    headline,
    limits,
    said_effect,
    sentences,
)
from letsdance.params import listed
from letsdance.report.sheet import WIDE, Figure, Panel, scale, shorten, text_width
from letsdance.report.study import Section, Study, Table
from letsdance.report.style import (
    CATEGORY_COLOURS,
    CATEGORY_TITLES,
    COLOURS,
    FOOT,
    GRID,
    INK,
    PAPER,
    SOFT,
    decimal,
    percent,
    tint,
)

_MAIN, _SECOND = COLOURS["lets_dance"], COLOURS["lone_ranger"]


def _narrow(width: float) -> bool:
    return width < 600


#: What is drawn for each category.
SHOWN = ("sooner", "ever", "depth", "used")
_HEADS = {"sooner": "How much sooner they adopt, in quarters", "ever": "Have adopted by the end, percentage points",
          "depth": "Depth where in use, hundredths", "used": "Depth over all governments, users or not, hundredths"}


def _factor(measure: str) -> float:
    return 100.0 if MEASURES[measure][0] == "share" else 1.0


def _rows(found: Speed) -> list[str]:
    """Imitation first, then policies by what they do for laggards."""
    tried = [p for p in found.policies if p != IMITATION]
    return [IMITATION, *sorted(tried, key=lambda p: -np.nan_to_num(float(found.effect(p, "sooner")["mean"])))]


def effects(found: Speed, width: float = WIDE) -> Figure:
    """One block a measure, one column a category, one row a policy: paired differences with their intervals."""
    narrow, policies = _narrow(width), _rows(found)
    best = [f"“{p}” {decimal(float(e['mean']), 0)}" for p in policies if p != IMITATION
            and (e := found.effect(p, "sooner"))["clear"] and e["mean"] > 0][:3]
    figure = Figure("What speeds up the late, and what it does to depth" if best else
                    "Nothing is shown to speed up the late",
                    f"Quarters that laggards adopt sooner: {listed(best)}." if best else headline(found), width)
    spread = "95 % of the posterior's draws" if found.calibrated else "95 % interval of the mean"
    top = figure.head(f"difference from the case as it is, on the same luck; dot: mean, bar: {spread}; blue: more, orange: "
                      f"less, grey: not told apart from none; bars end at the frame; imitation is held against the case "
                      f"without it")
    groups = [GROUPS.index(g) for g in (("late_majority", "laggards") if narrow else GROUPS[:-1])]
    left, row = (8.0, 38.0) if narrow else (224.0, 21.0)
    cell = (width - left - 6) / len(groups)
    y = top + 18
    for k, g in enumerate(groups):
        figure.text(left + (k + 0.5) * cell, y, CATEGORY_TITLES[g], 14, CATEGORY_COLOURS[g], True, "middle")
    y += 14
    for measure in SHOWN:
        drawn = {(p, g): found.effect(p, measure, GROUPS[g]) for p in policies for g in groups}
        ends = [float(e[key]) * _factor(measure) for (_, g), e in drawn.items() for key in ("low", "high")
                if g > 0 and math.isfinite(float(e[key]))]  # innovators are few and would make every scale too long
        xs, ticks = _signed(min(ends, default=0.0), max(ends, default=0.0), 3)
        figure.text(2, y + 20, _HEADS[measure], 15, INK, True)
        y += 30
        for k, g in enumerate(groups):
            panel = Panel(figure, left + k * cell + 12, y, cell - 24, len(policies) * row, xs, (0, 1))
            for value, label in ticks:
                x = float(panel.at_x(value))
                figure.line([(x, y), (x, y + panel.height)], SOFT if value == 0 else GRID, 1.4 if value == 0 else 1)
                figure.text(x, y + panel.height + 16, label, 12, SOFT, anchor="middle")
            for n, policy in enumerate(policies):
                e, at = drawn[policy, g], y + (n + (0.72 if narrow else 0.5)) * row
                if not math.isfinite(float(e["mean"])):
                    figure.text(float(panel.at_x(0)) + 5, at + 4, "not measured", 11, SOFT)
                    continue
                low, mean, high = (min(max(float(panel.at_x(float(e[key]) * _factor(measure))), panel.x),
                                       panel.x + panel.width) for key in ("low", "mean", "high"))
                colour = _told_apart(e)
                figure.line([(low, at), (high, at)], colour, 3)
                figure.disc(mean, at, 4.6, colour, edge=PAPER, edge_width=1.2)
        for n, policy in enumerate(policies):
            if narrow:
                figure.text(2, y + n * row + 14, shorten(policy, width - 8, 13), 13, INK, halo=PAPER)
            else:
                figure.text(left - 6, y + (n + 0.5) * row + 4.5, _short(policy, left - 10), 13, INK, anchor="end")
        y += len(policies) * row + 34
    figure.foot(y - 8, FOOT)
    return figure


def _short(policy: str, room: float) -> str:
    text = policy.replace("change management", "change man.") if text_width(policy, 13) > room else policy
    return shorten(text, room, 13)


def _signed(low: float, high: float, most: int) -> tuple[tuple[float, float], list[tuple[float, str]]]:
    """Ends that hold low, high and 0, and a few round ticks between."""
    low, high = min(low, 0.0), max(high, 0.0)
    span = max(high - low, 1.0)
    step = scale(span / most * 4)[1][1][0]
    pad = 0.06 * span
    first, last = math.ceil((low - pad) / step - 1e-9), math.floor((high + pad) / step + 1e-9)
    ticks = [(k * step, "0" if k == 0 else f"{k * step:+g}".replace("-", "−")) for k in range(first, last + 1)]
    return (low - pad, high + pad), ticks


def tradeoff(found: Speed, width: float = WIDE) -> Figure:
    """Speed against depth, for the late majority and the laggards: each policy a cross of intervals."""
    policies = [p for p in _rows(found) if p != IMITATION]
    figure = Figure("Sooner, or deeper?", _both_ways(found, policies), width)
    top = figure.head("across: how many quarters sooner they adopt; up: how much deeper their use is where they use it, in "
                      "hundredths; bars: 95 % intervals; blue: deeper, orange: shallower, grey: depth not told apart")
    columns = 1 if _narrow(width) else 2
    cell, height = width / columns, 290.0
    for k, group in enumerate(("late_majority", "laggards")):
        row, column = divmod(k, columns)
        got = {p: (found.effect(p, "sooner", group), found.effect(p, "depth", group)) for p in policies}
        known = {p: pair for p, pair in got.items() if all(math.isfinite(float(e["mean"])) for e in pair)}
        x_ends = [float(a[e]) for a, _ in known.values() for e in ("low", "high")] or [0.0]
        y_ends = [100 * float(b[e]) for _, b in known.values() for e in ("low", "high")] or [0.0]
        (xs, x_ticks), (ys, y_ticks) = _signed(min(x_ends), max(x_ends), 5), _signed(min(y_ends), max(y_ends), 5)
        panel = Panel(figure, column * cell + 48, top + 28 + row * (height + 70), cell - 72, height, xs, ys)
        g = GROUPS.index(group)
        panel.heading(CATEGORY_TITLES[g], CATEGORY_COLOURS[g])
        panel.scale_y(y_ticks)
        for value, label in x_ticks:
            x = float(panel.at_x(value))
            figure.line([(x, panel.y), (x, panel.y + height)], GRID, 1)
            figure.text(x, panel.y + height + 19, label, 13, SOFT, anchor="middle")
        figure.text(panel.x + panel.width, panel.y + height + 38, "quarters sooner →", 13, SOFT, anchor="end")
        figure.text(panel.x + panel.width, panel.y - 10, "↑ deeper", 13, SOFT, anchor="end")
        zero_x, zero_y = float(panel.at_x(0)), float(panel.at_y(0))
        figure.line([(zero_x, panel.y), (zero_x, panel.y + height)], SOFT, 1.4)
        figure.line([(panel.x, zero_y), (panel.x + panel.width, zero_y)], SOFT, 1.4)
        for a, b in known.values():
            colour = _told_apart(b)
            x, y = float(panel.at_x(a["mean"])), float(panel.at_y(100 * b["mean"]))
            figure.line([(float(panel.at_x(a["low"])), y), (float(panel.at_x(a["high"])), y)], tint(colour, 0.55), 2)
            figure.line([(x, float(panel.at_y(100 * b["low"]))), (x, float(panel.at_y(100 * b["high"])))],
                        tint(colour, 0.55), 2)
        taken: list[tuple[float, float]] = []
        for policy, (a, b) in known.items():
            colour = _told_apart(b)
            x, y = float(panel.at_x(a["mean"])), float(panel.at_y(100 * b["mean"]))
            place = (x, y)
            while any(abs(x - u) < 19 and abs(y - v) < 19 for u, v in taken):
                y += 6  # discs that would cover each other are moved apart, downwards, and tied to their place
            taken.append((x, y))
            figure.disc(*place, 3.5, colour)
            figure.line([place, (x, y)], colour, 1.2)
            figure.disc(x, y, 10, colour, edge=PAPER, edge_width=1.5)
            figure.text(x, y + 4.5, str(policies.index(policy) + 1), 12.5, PAPER, True, "middle")
    y, x = top + 28 + (2 // columns) * (height + 70) - 4, 2.0
    for n, policy in enumerate(policies):
        label = f"{n + 1} {policy}"
        wide = text_width(label, 13) + 22
        if x > 2 and x + wide > width:
            x, y = 2.0, y + 20
        figure.text(x, y, shorten(label, width - 6, 13), 13, INK)
        x += wide
    figure.foot(y + 6, FOOT)
    return figure


def _both_ways(found: Speed, policies: list[str]) -> str:
    """Which policies bring laggards forward and deepen their use, and which make it shallower."""
    sooner = [p for p in policies if (e := found.effect(p, "sooner"))["clear"] and e["mean"] > 0]
    ways = {way: [p for p in sooner if (e := found.effect(p, "depth"))["clear"] and (e["mean"] > 0) == (way == "deeper")]
            for way in ("deeper", "shallower")}
    parts = [f"sooner and {way}: {listed(f'“{name}”' for name in names)}" for way, names in ways.items() if names]
    return f"For laggards, {'; '.join(parts) or 'no policy is clearly both sooner and of another depth'}."


def _told_apart(effect: Mapping[str, Any]) -> str:
    return SOFT if not effect["clear"] else _MAIN if effect["mean"] > 0 else _SECOND


def speed_study(found: Speed) -> Study:
    """The page of what speeds up the late."""
    policies = _rows(found)

    def level(policy: str, measure: str, group: str) -> str:
        values = found.values[policy][measure][:, GROUPS.index(group)]
        values = values[np.isfinite(values)]
        if not len(values):
            return "not measured"
        return percent(float(values.mean())) if measure != "depth" else decimal(float(values.mean()), 2)

    def half(policy: str, group: str) -> str:
        rows = found.halves
        r = rows[(rows["policy"] == policy) & (rows["category"] == group)].iloc[0]
        after = f"after {found.quarters}"
        low, middle, high = (f"{r[name]:.0f}" if math.isfinite(r[name]) else after for name in ("low", "median", "high"))
        return middle if low == high else f"{middle} ({low} to {high})"

    def named(policy: str) -> str:
        return "without imitation" if policy == IMITATION else policy

    everything = [Speed.AS_IT_IS, *policies]
    costs = [[p, found.told[p], decimal(found.points[p], 0), _each(found, p)] for p in policies if p != IMITATION]
    halves = [[named(p), *(half(p, g) for g in GROUPS[:-1])] for p in everything]
    use = [[named(p), *(level(p, m, "laggards") for m in ("ever", "in_use", "given_up", "depth")),
            level(p, "citizens", "all")] for p in everything]
    table = [[p, *(said_effect(found.effect(p, m, "laggards"), m) for m in ("sooner", "ever", "given_up", "depth", "used")),
              said_effect(found.effect(p, "citizens", "all"), "citizens")] for p in policies]
    how = (f"{found.draws} parameter sets from the posterior, {found.runs} runs each" if found.calibrated else
           f"{found.draws} runs with one set of parameters")
    return Study("what speeds up the late", headline(found), [
        f"{found.case}: {how}, {found.quarters} quarters; every policy on the same parameters, citizens and luck. Policies "
        f"begin in quarter {found.start}, unless their row says otherwise.",
        "Categories are ex ante, by innovativeness, so no policy changes who is late. Formal adoption is not use: depth, "
        "giving up and citizens' use stand beside it."], [
        Section("Time and depth", [], {"tradeoff": partial(tradeoff, found), "effects": partial(effects, found)}),
        Section("Laggards", sentences(found, "laggards"), {}, [
            Table(["policy", "quarters sooner", "adopted (points)", "gave up (points)", "depth where in use (hundredths)",
                   "depth over all (hundredths)", "citizens who use it, everywhere (points)"], table,
                  "Differences from the case as it is, with 95 % intervals; points are percentage points.")]),
        Section("Late majority", sentences(found, "late_majority")),
        Section("When half have adopted", [], {}, [
            Table(["", *CATEGORY_TITLES], halves,
                  "Quarter in which half of a category have adopted: median (80 % of draws).")]),
        Section("Adoption is not use", [], {}, [
            Table(["laggards", "ever adopted", "in use at the end", "gave up, of adopters", "depth where in use",
                   "citizens who use it, everywhere"], use)]),
        Section("What it costs", [], {}, [
            Table(["policy", "consists of", "points", "points for a quarter sooner, laggards"], costs,
                  "Points that levers cost over the horizon, beyond the case as it is.")])],
        limits(found))


def _each(found: Speed, policy: str) -> str:
    """Points for each quarter that laggards adopt sooner."""
    e, points = found.effect(policy, "sooner"), found.points[policy]
    if not e["clear"] or e["mean"] <= 0:
        return "no clear gain"
    ends = [points / float(e[key]) for key in ("high", "low")]
    return f"{decimal(points / float(e['mean']))} ({decimal(min(ends))} to {decimal(max(ends))})"


