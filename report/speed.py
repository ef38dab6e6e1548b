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
    case_named,
    headline,
    limits,
    policy_named,
    said_effect,
    sentences,
)
from letsdance.report.sheet import WIDE, Figure, Panel, scale, shorten, text_width
from letsdance.report.study import Section, Study, Table
from letsdance.report.style import (
    CATEGORY_COLOURS,
    COLOURS,
    ENGLISH,
    GRID,
    INK,
    PAPER,
    SOFT,
    capital,
    category_titles,
    decimal,
    percent,
    tint,
)
from letsdance.words import Text

_MAIN, _SECOND = COLOURS["lets_dance"], COLOURS["lone_ranger"]


def _narrow(width: float) -> bool:
    return width < 600


#: What is drawn for each category.
SHOWN = ("sooner", "ever", "depth", "used")


def _factor(measure: str) -> float:
    return 100.0 if MEASURES[measure][0] == "share" else 1.0


def _rows(found: Speed) -> list[str]:
    """Imitation first, then policies by what they do for laggards."""
    tried = [p for p in found.policies if p != IMITATION]
    return [IMITATION, *sorted(tried, key=lambda p: -np.nan_to_num(float(found.effect(p, "sooner")["mean"])))]


def effects(found: Speed, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """One block a measure, one column a category, one row a policy: paired differences with their intervals."""
    narrow, policies = _narrow(width), _rows(found)
    best = [text("report.speed_says_item", policy=policy_named(p, text), n=decimal(float(e["mean"]), 0, text))
            for p in policies if p != IMITATION and (e := found.effect(p, "sooner"))["clear"] and e["mean"] > 0][:3]
    figure = Figure(text("report.speed_title" if best else "report.speed_title_none"),
                    text("report.speed_says", said=text.listed(best)) if best else headline(found, text=text), width)
    top = figure.head(text("report.speed_head_posterior" if found.calibrated else "report.speed_head_runs"))
    titles = category_titles(text)
    groups = [GROUPS.index(g) for g in (("late_majority", "laggards") if narrow else GROUPS[:-1])]
    names = max(text_width(policy_named(policy, text), 13) for policy in policies)
    left, row = (8.0, 38.0) if narrow else (min(max(224.0, names + 12), 330.0), 21.0)
    cell = (width - left - 6) / len(groups)
    y = top + 18
    for k, g in enumerate(groups):
        figure.text(left + (k + 0.5) * cell, y, titles[g], 14, CATEGORY_COLOURS[g], True, "middle")
    y += 14
    for measure in SHOWN:
        drawn = {(p, g): found.effect(p, measure, GROUPS[g]) for p in policies for g in groups}
        ends = [float(e[key]) * _factor(measure) for (_, g), e in drawn.items() for key in ("low", "high")
                if g > 0 and math.isfinite(float(e[key]))]  # innovators are few and would make every scale too long
        xs, ticks = _signed(min(ends, default=0.0), max(ends, default=0.0), 3, text)
        figure.text(2, y + 20, text(f"report.speed_head_{measure}"), 15, INK, True)
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
                    figure.text(float(panel.at_x(0)) + 5, at + 4, text("report.back_not_measured"), 11, SOFT)
                    continue
                low, mean, high = (min(max(float(panel.at_x(float(e[key]) * _factor(measure))), panel.x),
                                       panel.x + panel.width) for key in ("low", "mean", "high"))
                colour = _told_apart(e)
                figure.line([(low, at), (high, at)], colour, 3)
                figure.disc(mean, at, 4.6, colour, edge=PAPER, edge_width=1.2)
        for n, policy in enumerate(policies):
            if narrow:
                figure.text(2, y + n * row + 14, shorten(policy_named(policy, text), width - 8, 13), 13, INK, halo=PAPER)
            else:
                figure.text(left - 6, y + (n + 0.5) * row + 4.5, shorten(policy_named(policy, text), left - 8, 13), 13, INK,
                            anchor="end")
        y += len(policies) * row + 34
    figure.foot(y - 8, text("report.foot"))
    return figure


def _signed(low: float, high: float, most: int, text: Text) -> tuple[tuple[float, float], list[tuple[float, str]]]:
    """Ends that hold low, high and 0, and a few round ticks between."""
    low, high = min(low, 0.0), max(high, 0.0)
    span = max(high - low, 1.0)
    step = scale(span / most * 4)[1][1][0]
    pad = 0.06 * span
    first, last = math.ceil((low - pad) / step - 1e-9), math.floor((high + pad) / step + 1e-9)
    ticks = [(k * step, ("+" if k > 0 else "−" if k else "") + text.typed(abs(k) * step)) for k in range(first, last + 1)]
    return (low - pad, high + pad), ticks


def tradeoff(found: Speed, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """Speed against depth, for the late majority and the laggards: each policy a cross of intervals."""
    policies = [p for p in _rows(found) if p != IMITATION]
    figure = Figure(text("report.speed_tradeoff"), _both_ways(found, policies, text), width)
    top, titles = figure.head(text("report.speed_tradeoff_head")), category_titles(text)
    columns = 1 if _narrow(width) else 2
    cell, height = width / columns, 290.0
    for k, group in enumerate(("late_majority", "laggards")):
        row, column = divmod(k, columns)
        got = {p: (found.effect(p, "sooner", group), found.effect(p, "depth", group)) for p in policies}
        known = {p: pair for p, pair in got.items() if all(math.isfinite(float(e["mean"])) for e in pair)}
        x_ends = [float(a[e]) for a, _ in known.values() for e in ("low", "high")] or [0.0]
        y_ends = [100 * float(b[e]) for _, b in known.values() for e in ("low", "high")] or [0.0]
        (xs, x_ticks), (ys, y_ticks) = (_signed(min(ends), max(ends), 5, text) for ends in (x_ends, y_ends))
        panel = Panel(figure, column * cell + 48, top + 28 + row * (height + 70), cell - 72, height, xs, ys)
        g = GROUPS.index(group)
        panel.heading(titles[g], CATEGORY_COLOURS[g])
        panel.scale_y(y_ticks)
        for value, label in x_ticks:
            x = float(panel.at_x(value))
            figure.line([(x, panel.y), (x, panel.y + height)], GRID, 1)
            figure.text(x, panel.y + height + 19, label, 13, SOFT, anchor="middle")
        figure.text(panel.x + panel.width, panel.y + height + 38, text("report.speed_axis_sooner"), 13, SOFT, anchor="end")
        figure.text(panel.x + panel.width, panel.y - 10, text("report.speed_axis_deeper"), 13, SOFT, anchor="end")
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
        label = f"{n + 1} {policy_named(policy, text)}"
        wide = text_width(label, 13) + 22
        if x > 2 and x + wide > width:
            x, y = 2.0, y + 20
        figure.text(x, y, shorten(label, width - 6, 13), 13, INK)
        x += wide
    figure.foot(y + 6, text("report.foot"))
    return figure


def _both_ways(found: Speed, policies: list[str], text: Text) -> str:
    """Which policies bring laggards forward and deepen their use, and which make it shallower."""
    sooner = [p for p in policies if (e := found.effect(p, "sooner"))["clear"] and e["mean"] > 0]
    ways = {way: [text("report.speed_quoted", policy=policy_named(p, text)) for p in sooner
                  if (e := found.effect(p, "depth"))["clear"] and (e["mean"] > 0) == (way == "deeper")]
            for way in ("deeper", "shallower")}
    parts = [text(f"report.speed_both_{way}", names=text.listed(names)) for way, names in ways.items() if names]
    return text("report.speed_both", said=text("report.semicolon").join(parts) or text("report.speed_both_none"))


def _told_apart(effect: Mapping[str, Any]) -> str:
    return SOFT if not effect["clear"] else _MAIN if effect["mean"] > 0 else _SECOND


def speed_study(found: Speed, text: Text = ENGLISH) -> Study:
    """The page of what speeds up the late."""
    done = text("report.speed_done_posterior" if found.calibrated else "report.speed_done_runs",
                case=case_named(found, text), draws=found.draws, runs=found.runs, quarters=found.quarters,
                start=found.start)
    late = category_titles(text)[GROUPS.index("late_majority")]
    laggards = category_titles(text)[GROUPS.index("laggards")]
    return Study(text("report.speed_kind"), headline(found, text=text), [done, text("report.speed_done_use")], [
        Section(text("report.speed_section"), [], {"tradeoff": partial(tradeoff, found, text=text),
                                                   "effects": partial(effects, found, text=text)}),
        Section(capital(laggards), sentences(found, "laggards", text), {}, [_differences(found, text)]),
        Section(capital(late), sentences(found, "late_majority", text)),
        Section(text("report.speed_section_half"), [], {}, [_halves(found, text)]),
        Section(text("report.speed_section_use"), [], {}, [_use(found, text)]),
        Section(text("report.speed_section_cost"), [], {}, [_costs(found, text)])],
        limits(found, text), text("report.of_the_model"), text)


def _differences(found: Speed, text: Text) -> Table:
    """What each policy does to laggards, and to citizens everywhere."""
    measures = ("sooner", "ever", "given_up", "depth", "used", "citizens")
    rows = [[policy_named(p, text), *(said_effect(found.effect(p, m, "all" if m == "citizens" else "laggards"), m, text)
                                      for m in measures)] for p in _rows(found)]
    return Table([text("report.policy"), *(text(f"report.speed_col_{m}") for m in measures)], rows,
                 text("report.speed_note"))


def _levels_named(policy: str, text: Text) -> str:
    """A policy where levels are told: that of imitation is the case without it."""
    return text("report.speed_without_imitation") if policy == IMITATION else policy_named(policy, text)


def _halves(found: Speed, text: Text) -> Table:
    """When half of each category have adopted."""
    def half(policy: str, group: str) -> str:
        rows = found.halves
        r = rows[(rows["policy"] == policy) & (rows["category"] == group)].iloc[0]
        after = text("report.speed_after", n=found.quarters)
        low, middle, high = (text.number(r[name]) if math.isfinite(r[name]) else after
                             for name in ("low", "median", "high"))
        return middle if low == high else text("report.interval", mean=middle, low=low, high=high)

    return Table(["", *category_titles(text)], [[_levels_named(p, text), *(half(p, g) for g in GROUPS[:-1])]
                                                for p in (Speed.AS_IT_IS, *_rows(found))], text("report.speed_half_note"))


def _use(found: Speed, text: Text) -> Table:
    """Adoption by laggards, and use."""
    def level(policy: str, measure: str, group: str) -> str:
        values = found.values[policy][measure][:, GROUPS.index(group)]
        values = values[np.isfinite(values)]
        if not len(values):
            return text("report.back_not_measured")
        mean = float(values.mean())
        return percent(mean, text) if measure != "depth" else decimal(mean, 2, text)

    measures = ("ever", "in_use", "given_up", "depth")
    rows = [[_levels_named(p, text), *(level(p, m, "laggards") for m in measures), level(p, "citizens", "all")]
            for p in (Speed.AS_IT_IS, *_rows(found))]
    return Table([text("category.laggards"), *(text(f"report.speed_use_{m}") for m in (*measures, "citizens"))], rows)


def _costs(found: Speed, text: Text) -> Table:
    """What each policy consists of, as it is typed, and its points."""
    rows = [[policy_named(p, text), found.told[p], decimal(found.points[p], 0, text), _each(found, p, text)]
            for p in _rows(found) if p != IMITATION]
    return Table([text("report.policy"), text("report.speed_cost_of"), text("report.search_front_points_head"),
                  text("report.speed_cost_each")], rows, text("report.speed_cost_note"))


def _each(found: Speed, policy: str, text: Text) -> str:
    """Points for each quarter that laggards adopt sooner."""
    e, points = found.effect(policy, "sooner"), found.points[policy]
    if not e["clear"] or e["mean"] <= 0:
        return text("report.speed_cost_none")
    low, high = sorted(points / float(e[key]) for key in ("high", "low"))
    return text("report.interval", mean=decimal(points / float(e["mean"]), text=text), low=decimal(low, text=text),
                high=decimal(high, text=text))
