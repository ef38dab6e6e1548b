"""Pages of answers over worlds: the mean over worlds with its interval, how often a policy is the better one, the worst,
what is luck and what is not knowing, which assumptions decide, and what knowing them would be worth."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance.experiments.knowing import Knowing, knowing
from letsdance.experiments.moving import TOLD
from letsdance.experiments.over_worlds import OverWorlds, world_means
from letsdance.experiments.paired import Interval
from letsdance.params import PARAMETERS, Refused
from letsdance.report.comparison import key, scaled
from letsdance.report.outcomes import amount, change, described, difference, digits_of, subject, unit_of, what, when
from letsdance.report.sheet import WIDE, Figure, Panel, shorten
from letsdance.report.study import Section, Study, Table
from letsdance.report.style import (
    ENGLISH,
    FOOT,
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

if TYPE_CHECKING:
    import pandas as pd

    from letsdance.experiments.tunnel_worlds import Tunnel

__all__ = ["WIDTH", "assumptions", "headlines", "knowing_sentences", "luck_sentence", "moving_table", "regret_sentences",
           "size", "sorted_worlds", "study", "summary_table", "titled", "worst_where"]

#: What no answer over worlds may leave out.
WIDTH = ENGLISH("report.worlds_width")


# ---------------------------------------------------------------- sentences

def titled(name: str) -> str:
    """An assumption in words, with the name by which it is set."""
    base, _, value = name.partition("=")
    title = PARAMETERS[base].title if base in PARAMETERS else base
    return f"{title} ({name})" if not value else f"{title} {value}"


def headlines(found: OverWorlds) -> dict[str, str]:
    """For each policy one sentence: its mean over worlds, in how many it is better, where it is worst, and at what
    price."""
    said = {}
    for name in found.others:
        e, (up, down, _) = found.effect(name), found.better(name)
        if not math.isfinite(e.mean):
            said[name] = (f"{capital(name)}: {subject(found.outcome)} could be compared in only {e.n} of {found.worlds} "
                          "worlds.")
            continue
        digits, unit = digits_of(found.outcome, e), unit_of(found.outcome)
        ends = " to ".join(difference(found.outcome, v, digits) for v in (e.low, e.high))
        size = f"{change(found.outcome, Interval(e.mean, e.mean, e.mean, e.n), unit=False)} ({ends})"
        said[name] = (
            f"{capital(name)} changes {subject(found.outcome)} by {size}{' ' + unit if unit else ''} on average over "
            f"{found.worlds} worlds {when(found.outcome, found.quarters)}, and is better than {found.reference} in "
            f"{percent(up.share)} ({band(up.low, up.high)}) of them, worse in {percent(down.share)}.")
    return said


def worst_where(found: OverWorlds, name: str) -> str:
    """Where the policy does least: the assumption that moves its effect most, if any is shown to."""
    moved = found.where(name)
    moved = moved[moved["p"] < TOLD]
    if moved.empty:
        return f"No single assumption is shown to decide where {name} does worst."
    row = moved.iloc[0]
    low_is_worst = (row["low"] < row["high"]) != found.less
    limit = f"at most {row['to']:.3g}" if low_is_worst else f"at least {row['from_']:.3g}"
    there, away = (row["low"], row["high"]) if low_is_worst else (row["high"], row["low"])
    both = [change(found.outcome, Interval(v, v, v, found.worlds), unit=False) for v in (there, away)]
    return (f"{capital(name)} does worst where {titled(str(row['assumption']))} is {limit}: {both[0]} in that third of "
            f"worlds, {both[1]} in the third at the other end.")


def luck_sentence(found: OverWorlds, name: str) -> str:
    """What of a run's difference is luck, and what is not knowing."""
    told = found.parts(name)
    share = told.not_knowing
    if not math.isfinite(share.value):
        return (f"For {name} luck and not knowing cannot be told apart here: that takes at least 2 runs in each world and "
                "outcomes that differ.")
    about = f" ({band(share.low, share.high)})" if math.isfinite(share.low) else ""
    return (f"Of what single runs under {name} differ in, {percent(share.value)}{about} is not knowing (worlds), the rest "
            f"is luck: more runs would not shrink the first, and better knowledge would not shrink the second.")


def regret_sentences(found: OverWorlds) -> list[str]:
    """Who does best on average, in the worst tenth, and by regret."""
    frame, sign = found.summary, -1.0 if found.less else 1.0
    known = frame.dropna(subset=["mean"])
    if known.empty:
        return []
    best = known.loc[(sign * known["mean"]).idxmax()]
    worst = known.loc[(sign * known["worst_tenth"]).idxmax()]
    least = known.loc[known["largest_regret"].idxmin()]
    return [
        f"Best on average over worlds: {best['policy']} ({amount(found.outcome, best['mean'])}). Best in its own worst "
        f"tenth of worlds: {worst['policy']} ({amount(found.outcome, worst['worst_tenth'])}).",
        f"Least largest regret: {least['policy']}; in no world does another of these do better by more than "
        f"{size(found, least['largest_regret'])}. The best of several noisy means looks better than it is, so regret is "
        "told a little too large." if least["largest_regret"] > 0 else
        f"{capital(str(least['policy']))} is the best of these in every world, so nobody would regret it (costs "
        "left aside)."]


def size(found: OverWorlds | Tunnel, value: float) -> str:
    e = Interval(value, value, value, found.worlds)
    unit = unit_of(found.outcome)
    return f"{difference(found.outcome, value, digits_of(found.outcome, e))}{' ' + unit if unit else ''}"


def knowing_sentences(told: Knowing) -> list[str]:
    """What knowing is worth, in the outcome's unit, in points and in words."""
    found, value = told.found, told.perfect
    head = (f"On average over worlds {told.best} is chosen. Knowing the world before choosing would add "
            f"{size(found, value.value)} ({size(found, value.low)} to {size(found, value.high)})")
    if value.value <= 0.0 and value.high <= 0.0:
        return [f"{capital(told.best)} is the best of these in every world that these runs can tell apart, so knowing "
                "more before choosing would change nothing (costs left aside)."]
    if value.value <= 0.0 or told.worth.empty:
        return [f"{head}.", "No single assumption is shown to be worth knowing before you choose: measuring one would "
                            "hardly ever change the choice." if value.value <= 0.0 or told.table["share"].max() < 0.05 else
                            "No single assumption alone is shown to be worth knowing; what decides is several together."]
    lines = [f"{head}."]
    for row in told.worth.head(3).itertuples():
        spent = (f", as much as {decimal(row.points, 0 if row.points >= 10 else 1)} points spent on {told.best} buy"
                 if math.isfinite(row.points) else "")
        lines.append(f"Measure {titled(row.assumption)} before you spend: to know it is worth "
                     f"{size(found, row.value)}{spent}; "
                     f"in {percent(row.share)} of worlds {row.switch} would then be chosen instead.")
    return lines


# ---------------------------------------------------------------- tables

def summary_table(found: OverWorlds) -> Table:
    """One row a policy: over worlds, worst, regret, against the reference."""
    rows = []
    for r in found.summary.to_dict("records"):
        level = f"{amount(found.outcome, r['mean'])} ({amount(found.outcome, r['low'])}–{amount(found.outcome, r['high'])})"
        cells = [r["policy"], level, amount(found.outcome, r["worst_tenth"]), amount(found.outcome, r["worst"]),
                 size(found, r["largest_regret"]).partition(" percentage")[0]]
        if r["policy"] == found.reference:
            rows.append([*cells, "compared with", "", "", ""])
            continue
        e = Interval(r["difference"], r["difference_low"], r["difference_high"], found.worlds)
        rows.append([*cells, change(found.outcome, e, unit=False),
                     f"{percent(r['better'])} ({percent(r['clearly_better'])})", percent(r["worse"]),
                     decimal(r["points"], 0 if float(r["points"]).is_integer() else 1)])
    unit = unit_of(found.outcome)
    return Table(["policy", "mean over worlds", "worst tenth", "worst world", "largest regret", "difference",
                  "better in (clearly)", "worse in", "points more"], rows,
                 f"{sentence(what(found.outcome) + ', ' + when(found.outcome, found.quarters))} {found.worlds} worlds, "
                 f"{found.runs} runs each; brackets hold 95 % intervals over worlds and luck"
                 + (f"; differences and regret in {unit}." if unit else "."))


def moving_table(found: OverWorlds, moved: pd.DataFrame, most: int = 8) -> Table:
    """Assumptions that an effect moves with."""
    rows = []
    for row in moved[moved["p"] < TOLD].head(most).itertuples():
        low, high = (change(found.outcome, Interval(v, v, v, found.worlds), unit=False) for v in (row.low, row.high))
        rows.append([titled(row.assumption), f"{low} (at most {row.to:.3g})", f"{high} (at least {row.from_:.3g})",
                     decimal(row.rank, 2)])
    return Table(["assumption", "effect in its lowest third", "effect in its highest third", "rank correlation"],
                 rows or [["none is shown to", "", "", ""]],
                 "Which assumptions the effect moves with; held against all of them together (Holm).")


def knowing_table(told: Knowing, most: int = 10) -> Table:
    """What knowing each assumption is worth."""
    rows = []
    for row in told.table.head(most).itertuples():
        value = f"{size(told.found, row.value)} ({size(told.found, row.low)}–{size(told.found, row.high)})"
        rows.append([titled(row.assumption), value, decimal(row.points, 1) if math.isfinite(row.points) else "–",
                     percent(row.share) + (f", {row.switch}" if row.switch else ""),
                     "yes" if row.chance < TOLD else "no"])
    return Table(["assumption", "worth of knowing it", "in points", "another choice in", "more than luck"], rows)


# ---------------------------------------------------------------- figures

def sorted_worlds(found: OverWorlds, width: float = WIDE) -> Figure:
    """Each policy's effect in every world, from its worst to its best."""
    colours = {name: OWN[k % len(OWN)] for k, name in enumerate(found.others)}
    sign = -1.0 if found.less else 1.0
    curves = {name: np.sort(sign * (m := world_means(found.difference(name)))[np.isfinite(m)]) * sign for name
              in found.others}
    said = [f"{name} is better in {percent(found.better(name)[0].share)} of worlds" for name in found.others]
    figure = Figure("From the worst world to the best", sentence("; ".join(said)), width)
    top = figure.head(f"difference from {found.reference} in {what(found.outcome)}, {when(found.outcome, found.quarters)}: "
                      f"one world after the other, from where the policy does worst; mean of {found.runs} paired runs each"
                      + ("; in percentage points" if found.outcome.unit == "share" else ""))
    top = key(figure, top + 10, colours)
    seen = np.concatenate([*curves.values(), [0.0]])
    ys, ticks = scaled(float(seen.min()), float(seen.max()), found.outcome.unit == "share")
    panel = Panel(figure, 56, top + 12, width - 56 - 24, 260 if width < 600 else 330, (0.0, 1.0), ys)
    panel.scale_y(ticks)
    panel.scale_x([(0.0, "worst world"), (0.5, "half of worlds"), (1.0, "best")] if width >= 600 else
                  [(0.0, "worst"), (0.5, "half"), (1.0, "best")])
    zero = float(panel.at_y(0.0))
    figure.line([(panel.x, zero), (panel.x + panel.width, zero)], SOFT, 1.8)
    for name, values in curves.items():
        if len(values):
            panel.line((np.arange(len(values)) + 0.5) / len(values), values, colours[name], 2.8)
    figure.foot(panel.y + panel.height + 30, FOOT)
    return figure


def assumptions(found: OverWorlds, name: str, width: float = WIDE) -> Figure:
    """What moves a policy's effect: its mean in the third of worlds with the lowest and the highest values."""
    moved = found.where(name)
    moved = moved[moved["p"] < TOLD].head(6)
    short = shorten(name, 400, 20, True)
    figure = Figure(f"{'What decides' if len(moved) else 'Nothing is shown to decide'} whether {short} works",
                    sentence(f"most: {titled(str(moved['assumption'].iloc[0]))}" if len(moved) else
                             "no single assumption is shown to"), width)
    top = figure.head(f"difference from {found.reference}, mean of the third of worlds with the lowest values of an "
                      "assumption (ring) and of the third with the highest (disc)"
                      + ("; percentage points" if found.outcome.unit == "share" else ""))
    ends = moved[["low", "high"]].to_numpy().ravel() if len(moved) else np.zeros(1)
    xs, ticks = scaled(float(ends.min(initial=0.0)), float(ends.max(initial=0.0)), found.outcome.unit == "share")
    step, left = 54.0, 12.0
    panel = Panel(figure, left, top + 8, width - left - 24, max(1, len(moved)) * step, xs, (0, 1))
    for value, label in ticks:
        x = float(panel.at_x(value))
        figure.line([(x, panel.y), (x, panel.y + panel.height)], SOFT if value == 0 else GRID, 1.6 if value == 0 else 1)
        figure.text(x, panel.y + panel.height + 19, label, 13, SOFT, anchor="middle")
    for k, row in enumerate(moved.itertuples()):
        y = panel.y + k * step
        figure.text(2, y + 18, shorten(titled(row.assumption), width - 20, 14), 14, INK, halo=PAPER)
        low, high = float(panel.at_x(row.low)), float(panel.at_x(row.high))
        figure.line([(low, y + 36), (high, y + 36)], OWN[0], 3)
        figure.disc(low, y + 36, 6, PAPER, edge=OWN[0], edge_width=2.4)
        figure.disc(high, y + 36, 6, OWN[0], edge=PAPER, edge_width=1.2)
    if not len(moved):
        figure.text(2, panel.y + 30, "No single assumption is shown to move it.", 15, SOFT)
    figure.foot(panel.y + panel.height + 28, FOOT)
    return figure


def decides(found: Any, *names: str) -> str:
    """A title that claims only what is shown: what decides, if anything is told to."""
    told = any((found.where(name)["p"] < TOLD).any() for name in names)
    return "What decides" if told else "Nothing is shown to decide"


# ---------------------------------------------------------------- the page of a comparison over worlds

def study(found: OverWorlds, told: Knowing | None = None) -> Study:
    """The page; its headline is that of the policy whose effect is largest against the luck and the not knowing of it."""
    said = headlines(found)
    first = max(found.others, key=lambda name: (found.effect(name).clear, abs(np.nan_to_num(found.effect(name).mean))))
    if told is None:
        try:
            told = knowing(found)
        except Refused:
            told = None
    done = [f"{len(found.stories)} policies met the same worlds ({found.asked}), and in each the same citizens and the "
            f"same luck, in {found.runs} runs of {found.quarters} quarters.",
            *(said[name] for name in found.others if name != first), *(worst_where(found, name) for name in found.others),
            *(luck_sentence(found, name) for name in found.others)]
    policies = Table(("policy", "what is done"), [(name, described(story)) for name, story in found.stories.items()])
    deciding = [Section(f"{decides(found, name)} for {name}",
                       figures={f"assumptions-{k}": partial(assumptions, found, name)},
                       tables=[moving_table(found, found.where(name))]) for k, name in enumerate(found.others)]
    sections = [Section("The policies", tables=[policies]),
                Section("Over worlds", regret_sentences(found), {"worlds": partial(sorted_worlds, found)},
                        [summary_table(found)]), *deciding]
    if told is not None:
        sections.append(Section("What knowing would be worth", knowing_sentences(told), tables=[knowing_table(told)]))
    return Study("compare over worlds", said[first], done, sections, [
        WIDTH, "Better means better by the mean of that world's runs, which luck blurs; clearly better, "
               "that its interval leaves out 0.",
        "Where policies set a parameter differently, it is what is compared, and is not drawn."])
