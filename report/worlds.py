"""Pages of answers over worlds: the mean over worlds with its interval, how often a policy is the better one, the worst,
what is luck and what is not knowing, which assumptions decide, and what knowing them would be worth."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance.experiments.knowing import Knowing, knowing
from letsdance.experiments.moving import TOLD, assumption_named
from letsdance.experiments.over_worlds import OverWorlds, world_means
from letsdance.experiments.paired import Interval
from letsdance.params import Refused
from letsdance.report.comparison import key, scaled
from letsdance.report.outcomes import amount, change, described, difference, digits_of, subject, unit_of, what, when
from letsdance.report.sheet import WIDE, Figure, Panel, shorten
from letsdance.report.study import Section, Study, Table
from letsdance.report.style import (
    ENGLISH,
    GRID,
    INK,
    OWN,
    PAPER,
    SOFT,
    band,
    capital,
    decimal,
    percent,
    sentence,
)
from letsdance.words import Text

if TYPE_CHECKING:
    import pandas as pd

    from letsdance.experiments.tunnel_worlds import Tunnel

__all__ = ["assumptions", "headlines", "knowing_sentences", "luck_sentence", "moving_table", "regret_sentences", "share_of",
           "size", "sorted_worlds", "study", "summary_table", "worst_where"]


# ---------------------------------------------------------------- sentences

def share_of(share: float, low: float, high: float, text: Text = ENGLISH) -> str:
    """'62 % (48–75 %)': a share of worlds, with its interval."""
    return text("report.with_band", value=percent(share, text), band=band(low, high, text=text))


def headlines(found: OverWorlds, text: Text = ENGLISH) -> dict[str, str]:
    """For each policy one sentence: its mean over worlds, in how many it is better, where it is worst, and at what
    price."""
    said = {}
    for name in found.others:
        e, (up, down, _) = found.effect(name), found.better(name)
        fills = {"policy": capital(name), "subject": subject(found.outcome, text), "worlds": found.worlds}
        if not math.isfinite(e.mean):
            said[name] = text("report.worlds_few", n=e.n, **fills)
            continue
        said[name] = text("report.worlds_changes", size=change(found.outcome, e, text=text), reference=found.reference,
                          when=when(found.outcome, found.quarters, text), better=share_of(up.share, up.low, up.high, text),
                          worse=percent(down.share, text), **fills)
    return said


def worst_where(found: OverWorlds, name: str, text: Text = ENGLISH) -> str:
    """Where the policy does least: the assumption that moves its effect most, if any is shown to."""
    moved = found.where(name)
    moved = moved[moved["p"] < TOLD]
    if moved.empty:
        return text("report.worlds_worst_none", policy=name)
    row = moved.iloc[0]
    low_is_worst = (row["low"] < row["high"]) != found.less
    there, away = (row["low"], row["high"]) if low_is_worst else (row["high"], row["low"])
    return text("report.worlds_worst_low" if low_is_worst else "report.worlds_worst_high", policy=capital(name),
                assumption=assumption_named(str(row["assumption"]), text), there=effect(found, there, text),
                away=effect(found, away, text), limit=limit(row["to"] if low_is_worst else row["from_"], text))


def effect(found: OverWorlds | Tunnel, value: float, text: Text) -> str:
    """A difference with its sign, without an interval or a unit."""
    return change(found.outcome, Interval(value, value, value, found.worlds), False, text)


def limit(value: float, text: Text) -> str:
    """An end of a third of worlds, in three digits."""
    return text.typed(float(f"{value:.3g}"))


def luck_sentence(found: OverWorlds, name: str, text: Text = ENGLISH) -> str:
    """What of a run's difference is luck, and what is not knowing."""
    share = found.parts(name).not_knowing
    if not math.isfinite(share.value):
        return text("report.worlds_luck_none", policy=name)
    said = share_of(share.value, share.low, share.high, text) if math.isfinite(share.low) else percent(share.value, text)
    return text("report.worlds_luck", policy=name, share=said)


def regret_sentences(found: OverWorlds, text: Text = ENGLISH) -> list[str]:
    """Who does best on average, in the worst tenth, and by regret."""
    frame, sign = found.summary, -1.0 if found.less else 1.0
    known = frame.dropna(subset=["mean"])
    if known.empty:
        return []
    best = known.loc[(sign * known["mean"]).idxmax()]
    worst = known.loc[(sign * known["worst_tenth"]).idxmax()]
    least = known.loc[known["largest_regret"].idxmin()]
    return [
        text("report.worlds_best", best=best["policy"], level=amount(found.outcome, best["mean"], text),
             worst=worst["policy"], low=amount(found.outcome, worst["worst_tenth"], text)),
        text("report.worlds_regret", policy=least["policy"], size=size(found, least["largest_regret"], text))
        if least["largest_regret"] > 0 else text("report.worlds_regret_none", policy=capital(str(least["policy"])))]


def size(found: OverWorlds | Tunnel, value: float, text: Text = ENGLISH, unit: bool = True) -> str:
    """A difference without its sign; with its unit, or bare."""
    said = difference(found.outcome, value, digits_of(found.outcome, Interval(value, value, value, found.worlds)), text)
    return f"{said} {unit_of(found.outcome, text)}".rstrip() if unit else said


def knowing_sentences(told: Knowing, text: Text = ENGLISH) -> list[str]:
    """What knowing is worth, in the outcome's unit, in points and in words."""
    found, value = told.found, told.perfect
    if value.value <= 0.0 and value.high <= 0.0:
        return [text("report.knowing_nothing", best=capital(told.best))]
    lines = [text("report.knowing_adds", best=told.best, size=size(found, value.value, text),
                  low=size(found, value.low, text), high=size(found, value.high, text))]
    if value.value <= 0.0 or told.worth.empty:
        never = value.value <= 0.0 or told.table["share"].max() < 0.05
        return [*lines, text("report.knowing_never" if never else "report.knowing_several")]
    for row in told.worth.head(3).itertuples():
        points = text.in_points(decimal(row.points, 0 if row.points >= 10 else 1, text))
        spent = text("report.knowing_spent", points=points, best=told.best) if math.isfinite(row.points) else ""
        lines.append(text("report.knowing_measure", assumption=assumption_named(row.assumption, text), spent=spent,
                          size=size(found, row.value, text), share=percent(row.share, text), switch=row.switch))
    return lines


# ---------------------------------------------------------------- tables

def summary_table(found: OverWorlds, text: Text = ENGLISH) -> Table:
    """One row a policy: over worlds, worst, regret, against the reference."""
    outcome, rows = found.outcome, []
    for r in found.summary.to_dict("records"):
        low, high, worst, world = (amount(outcome, r[name], text) for name in ("low", "high", "worst_tenth", "worst"))
        cells = [r["policy"], f"{amount(outcome, r['mean'], text)} ({low}–{high})", worst, world,
                 size(found, r["largest_regret"], text, unit=False)]
        if r["policy"] == found.reference:
            rows.append([*cells, text("report.compared_with"), "", "", ""])
            continue
        e = Interval(r["difference"], r["difference_low"], r["difference_high"], found.worlds)
        rows.append([*cells, change(outcome, e, False, text),
                     f"{percent(r['better'], text)} ({percent(r['clearly_better'], text)})", percent(r["worse"], text),
                     decimal(r["points"], 0 if float(r["points"]).is_integer() else 1, text)])
    unit = unit_of(outcome, text)
    heads = ("policy", "worlds_head_mean", "worlds_head_tenth", "worlds_head_world", "search_largest_regret", "difference",
             "worlds_head_clearly", "worlds_head_worse", "points_more")
    return Table([text(f"report.{head}") for head in heads], rows, text(
        "report.worlds_table", worlds=found.worlds, runs=found.runs,
        asked=sentence(text("report.row_when", what=what(outcome, text), when=when(outcome, found.quarters, text))),
        units=text("report.worlds_units", unit=unit) if unit else ""))


def moving_table(found: OverWorlds, moved: pd.DataFrame, most: int = 8, text: Text = ENGLISH) -> Table:
    """Assumptions that an effect moves with."""
    rows = [[assumption_named(row.assumption, text),
             text("report.worlds_at_most", effect=effect(found, row.low, text), limit=limit(row.to, text)),
             text("report.worlds_at_least", effect=effect(found, row.high, text), limit=limit(row.from_, text)),
             decimal(row.rank, 2, text)] for row in moved[moved["p"] < TOLD].head(most).itertuples()]
    return Table([text(f"report.worlds_head_{head}") for head in ("assumption", "lowest", "highest", "rank")],
                 rows or [[text("report.worlds_none"), "", "", ""]], text("report.worlds_moving_note"))


def knowing_table(told: Knowing, most: int = 10, text: Text = ENGLISH) -> Table:
    """What knowing each assumption is worth."""
    rows = []
    for row in told.table.head(most).itertuples():
        value, low, high = (size(told.found, one, text) for one in (row.value, row.low, row.high))
        rows.append([assumption_named(row.assumption, text), f"{value} ({low}–{high})",
                     decimal(row.points, 1, text) if math.isfinite(row.points) else "–",
                     percent(row.share, text) + (f", {row.switch}" if row.switch else ""),
                     text("report.knowing_yes" if row.chance < TOLD else "report.knowing_no")])
    return Table([text("report.worlds_head_assumption"), *(
        text(f"report.knowing_head_{head}") for head in ("worth", "points", "another", "luck"))], rows)


# ---------------------------------------------------------------- figures

def _in_points(found: OverWorlds, text: Text) -> str:
    """What stands behind the head of a figure of differences."""
    return text("report.worlds_in_points") if found.outcome.unit == "share" else ""


def sorted_worlds(found: OverWorlds, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """Each policy's effect in every world, from its worst to its best."""
    colours = {name: OWN[k % len(OWN)] for k, name in enumerate(found.others)}
    sign = -1.0 if found.less else 1.0
    curves = {name: np.sort(sign * (m := world_means(found.difference(name)))[np.isfinite(m)]) * sign for name
              in found.others}
    said = [text("report.worlds_better_item", policy=name, share=percent(found.better(name)[0].share, text))
            for name in found.others]
    figure = Figure(text("report.worlds_sorted_title"), sentence(text("report.semicolon").join(said)), width)
    top = figure.head(text("report.worlds_sorted_head", reference=found.reference, what=what(found.outcome, text),
                           when=when(found.outcome, found.quarters, text), runs=found.runs, unit=_in_points(found, text)))
    top = key(figure, top + 10, colours)
    seen = np.concatenate([*curves.values(), [0.0]])
    ys, ticks = scaled(float(seen.min()), float(seen.max()), found.outcome.unit == "share", text)
    panel = Panel(figure, 56, top + 12, width - 56 - 24, 260 if width < 600 else 330, (0.0, 1.0), ys)
    panel.scale_y(ticks)
    wide = "_wide" if width >= 600 else ""
    panel.scale_x([(at, text(f"report.worlds_tick_{tick}{wide}")) for at, tick in ((0.0, "worst"), (0.5, "half"),
                                                                                  (1.0, "best"))])
    zero = float(panel.at_y(0.0))
    figure.line([(panel.x, zero), (panel.x + panel.width, zero)], SOFT, 1.8)
    for name, values in curves.items():
        if len(values):
            panel.line((np.arange(len(values)) + 0.5) / len(values), values, colours[name], 2.8)
    figure.foot(panel.y + panel.height + 30, text("report.foot"))
    return figure


def assumptions(found: OverWorlds, name: str, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """What moves a policy's effect: its mean in the third of worlds with the lowest and the highest values."""
    moved = found.where(name)
    moved = moved[moved["p"] < TOLD].head(6)
    first = assumption_named(str(moved["assumption"].iloc[0]), text) if len(moved) else ""
    says = text("report.worlds_most" if first else "report.worlds_most_none", assumption=first)
    figure = Figure(text("report.worlds_works" if first else "report.worlds_works_not",
                         policy=shorten(name, 400, 20, True)), says, width)
    top = figure.head(text("report.worlds_works_head", reference=found.reference, unit=_in_points(found, text)))
    ends = moved[["low", "high"]].to_numpy().ravel() if len(moved) else np.zeros(1)
    xs, ticks = scaled(float(ends.min(initial=0.0)), float(ends.max(initial=0.0)), found.outcome.unit == "share",
                       text)
    step, left = 54.0, 12.0
    panel = Panel(figure, left, top + 8, width - left - 24, max(1, len(moved)) * step, xs, (0, 1))
    for value, label in ticks:
        x = float(panel.at_x(value))
        figure.line([(x, panel.y), (x, panel.y + panel.height)], SOFT if value == 0 else GRID, 1.6 if value == 0 else 1)
        figure.text(x, panel.y + panel.height + 19, label, 13, SOFT, anchor="middle")
    for k, row in enumerate(moved.itertuples()):
        y = panel.y + k * step
        figure.text(2, y + 18, shorten(assumption_named(row.assumption, text), width - 20, 14), 14, INK, halo=PAPER)
        low, high = float(panel.at_x(row.low)), float(panel.at_x(row.high))
        figure.line([(low, y + 36), (high, y + 36)], OWN[0], 3)
        figure.disc(low, y + 36, 6, PAPER, edge=OWN[0], edge_width=2.4)
        figure.disc(high, y + 36, 6, OWN[0], edge=PAPER, edge_width=1.2)
    if not len(moved):
        figure.text(2, panel.y + 30, text("report.worlds_moves_none"), 15, SOFT)
    figure.foot(panel.y + panel.height + 28, text("report.foot"))
    return figure


def decides(found: Any, *names: str, text: Text = ENGLISH) -> str:
    """A title that claims only what is shown: what decides, if anything is told to."""
    told = any((found.where(name)["p"] < TOLD).any() for name in names)
    return text("report.worlds_decides" if told else "report.worlds_decides_not")


# ---------------------------------------------------------------- the page of a comparison over worlds

def study(found: OverWorlds, told: Knowing | None = None, text: Text = ENGLISH) -> Study:
    """The page; its headline is that of the policy whose effect is largest against the luck and the not knowing of it."""
    said = headlines(found, text)
    first = max(found.others, key=lambda name: (found.effect(name).clear, abs(np.nan_to_num(found.effect(name).mean))))
    if told is None:
        try:
            told = knowing(found)
        except Refused:
            told = None
    done = [text("report.worlds_compare_done", n=len(found.scenarios), asked=found.asked.said(text), runs=found.runs,
                 quarters=found.quarters),
            *(said[name] for name in found.others if name != first),
            *(worst_where(found, name, text) for name in found.others),
            *(luck_sentence(found, name, text) for name in found.others)]
    policies = Table([text("report.policy"), text("report.what_is_done")],
                     [(name, described(scenario, text)) for name, scenario in found.scenarios.items()])
    deciding = [Section(text("report.worlds_decides_for", decides=decides(found, name, text=text), policy=name),
                        figures={f"assumptions-{k}": partial(assumptions, found, name, text=text)},
                        tables=[moving_table(found, found.where(name), text=text)]) for k, name in enumerate(found.others)]
    sections = [Section(text("report.the_policies"), tables=[policies]),
                Section(text("report.worlds_over"), regret_sentences(found, text),
                        {"worlds": partial(sorted_worlds, found, text=text)}, [summary_table(found, text)]), *deciding]
    if told is not None:
        sections.append(Section(text("report.knowing_section"), knowing_sentences(told, text),
                                tables=[knowing_table(told, text=text)]))
    return Study(text("report.worlds_compare_kind"), said[first], done, sections,
                 [text("report.worlds_width"), text("report.worlds_limit_better"), text("report.worlds_limit_set")],
                 text("report.of_the_model"), text)
