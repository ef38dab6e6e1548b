"""Pages of answers over worlds: the mean over worlds with its interval, how often a policy is the better one, the worst,
what is luck and what is not knowing, which assumptions decide, and what knowing them would be worth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance.experiments.knowing import Knowing, knowing
from letsdance.experiments.outcomes import parse
from letsdance.experiments.over_worlds import TOLD, OverWorlds, Plane, Tunnel, world_means
from letsdance.experiments.paired import Interval
from letsdance.experiments.pathways import Pathways
from letsdance.experiments.search_worlds import MEASURES, Found
from letsdance.experiments.windtunnel import CALM, less_is_better
from letsdance.params import PARAMETERS, Refused, listed
from letsdance.report.comparison import key, scaled
from letsdance.report.outcomes import amount, change, described, difference, digits_of, subject, unit_of, what, when
from letsdance.report.sheet import WIDE, Figure, Panel, shorten
from letsdance.report.study import Section, Study, Table
from letsdance.report.style import (
    COLOURS,
    FOOT,
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
    sentence,
    short,
    tint,
)
from letsdance.scenarios import SHOCKS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["assumptions", "front_table", "headlines", "map_study", "pathways_study", "plane", "search_notes",
           "search_study", "sorted_worlds", "study", "summary_table", "tunnel_study"]

#: What no answer over worlds may leave out.
WIDTH = ("Worlds are only as wide as the ranges that somebody assumed, and they hold what this model can be, not what "
         "it lacks.")


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
        f"{_size(found, least['largest_regret'])}. The best of several noisy means looks better than it is, so regret is "
        "told a little too large." if least["largest_regret"] > 0 else
        f"{capital(str(least['policy']))} is the best of these in every world, so nobody would regret it (costs "
        "left aside)."]


def _size(found: OverWorlds | Tunnel, value: float) -> str:
    e = Interval(value, value, value, found.worlds)
    unit = unit_of(found.outcome)
    return f"{difference(found.outcome, value, digits_of(found.outcome, e))}{' ' + unit if unit else ''}"


def knowing_sentences(told: Knowing) -> list[str]:
    """What knowing is worth, in the outcome's unit, in points and in words."""
    found, value = told.found, told.perfect
    head = (f"On average over worlds {told.best} is chosen. Knowing the world before choosing would add "
            f"{_size(found, value.value)} ({_size(found, value.low)} to {_size(found, value.high)})")
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
                     f"{_size(found, row.value)}{spent}; "
                     f"in {percent(row.share)} of worlds {row.switch} would then be chosen instead.")
    return lines


# ---------------------------------------------------------------- tables

def summary_table(found: OverWorlds) -> Table:
    """One row a policy: over worlds, worst, regret, against the reference."""
    rows = []
    for r in found.summary.to_dict("records"):
        level = f"{amount(found.outcome, r['mean'])} ({amount(found.outcome, r['low'])}–{amount(found.outcome, r['high'])})"
        cells = [r["policy"], level, amount(found.outcome, r["worst_tenth"]), amount(found.outcome, r["worst"]),
                 _size(found, r["largest_regret"]).partition(" percentage")[0]]
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


def moving_table(found: OverWorlds | Tunnel, moved: pd.DataFrame, most: int = 8) -> Table:
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
        value = f"{_size(told.found, row.value)} ({_size(told.found, row.low)}–{_size(told.found, row.high)})"
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


def _decides(found: Any, *names: str) -> str:
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
    decides = [Section(f"{_decides(found, name)} for {name}",
                       figures={f"assumptions-{k}": partial(assumptions, found, name)},
                       tables=[moving_table(found, found.where(name))]) for k, name in enumerate(found.others)]
    sections = [Section("The policies", tables=[policies]),
                Section("Over worlds", regret_sentences(found), {"worlds": partial(sorted_worlds, found)},
                        [summary_table(found)]), *decides]
    if told is not None:
        sections.append(Section("What knowing would be worth", knowing_sentences(told), tables=[knowing_table(told)]))
    return Study("compare over worlds", said[first], done, sections, [
        WIDTH, "Better means better by the mean of that world's runs, which luck blurs; clearly better, "
               "that its interval leaves out 0.",
        "Where policies set a parameter differently, it is what is compared, and is not drawn."])


# ---------------------------------------------------------------- a search over worlds

def front_table(found: Found) -> Table:
    """The finalists in fresh worlds."""
    rows: list[list[str]] = []
    for row in found.front.to_dict("records"):
        cells = [row["words"] + (" (tied with the first)" if row["tied"] and rows else ""), f"{row['cost']:g}"]
        for aim in found.aims:
            if aim == "success":
                cells.append(f"{percent(row['success'] if found.measure != 'regret' else -row['success'])} "
                             f"(mean {band(row['low'], row['high'])})")
            else:
                outcome = parse(aim)
                value = abs(row[aim]) if less_is_better(outcome) or found.measure == "regret" else row[aim]
                cells.append(percent(value) if found.measure == "satisficing" else amount(outcome, value))
        cells.append("–" if math.isnan(row["radius"]) else percent(row["radius"]))
        rows.append(cells)
    titles = ["success" if aim == "success" else what(parse(aim)) for aim in found.aims]
    return Table(["portfolio", "points", *titles, "holds within"], rows,
                 f"No portfolio that was tried beats these in every aim: {MEASURES[found.measure]}, measured in fresh "
                 "worlds on fresh seeds. Holds within: how far parameters may lie from their values with enough success in "
                 "nine of ten worlds.")


def search_notes(found: Found) -> list[str]:
    """How far the optimisers agree."""
    said = [f"seed {row.seed} tried {row.tried:,} and found {percent(row.of_the_front)} of the front"
            for row in found.seeds.itertuples()]
    return [sentence(f"{listed(said)}: what one alone misses, others may miss too"), WIDTH]


def search_study(found: Found) -> Study:
    """The page of a search over worlds."""
    return Study("search over worlds", found.answer, [
        f"{len(found.tried):,} portfolios were tried in {found.worlds}, {found.runs:,} runs in all; an aim is "
        f"{MEASURES[found.measure]}."], [Section("The front", search_notes(found), tables=[front_table(found)])],
        ["A portfolio is on the front because none that was tried beats it; others were not tried.", WIDTH])


# ---------------------------------------------------------------- pathways

def pathways_study(found: Pathways) -> Study:
    """The page of pathways: which does best for its points, and how often rules fire."""
    over, frame = found.over, found.summary
    sign = -1.0 if over.less else 1.0
    best = frame.loc[(sign * frame["mean"]).idxmax()]
    level = amount(over.outcome, float(best["mean"]))
    head = (f"{capital(str(best['policy']))} comes out best: {subject(over.outcome)} "
            f"{when(over.outcome, over.quarters)} is {level} for {decimal(float(best['points']), 0)} points on average.")
    rows = []
    for r in frame.to_dict("records"):
        way = found.ways[r["policy"]]
        rules = [f"{rule}: {percent(r[f'rule_{k + 1}'])}" for k, rule in enumerate(way.rules)]
        difference_ = "compared with" if r["policy"] == over.reference else change(over.outcome, Interval(
            r["difference"], r["difference_low"], r["difference_high"], over.worlds), unit=False)
        rows.append([r["policy"], described(over.stories[r["policy"]]), "; ".join(rules) or "–",
                     f"{amount(over.outcome, r['mean'])} ({band(r['low'], r['high'], partial(amount, over.outcome))})",
                     amount(over.outcome, r["worst_tenth"]), difference_, decimal(r["points"], 0)])
    where = f"{over.worlds} worlds ({over.asked}), " if over.worlds > 1 else ""
    return Study("pathways", head, [
        f"Packages met the same citizens and the same luck in {where}{over.runs} runs of {over.quarters} quarters. Until a "
        "rule fires nothing differs; what a rule sees is what a municipality could see: counts, and willingness and trust "
        "by a survey with its sampling error."],
        [Section("The pathways", found.sentences, tables=[Table(
            ["package", "without rules", "rules, and in how many runs they fire", "mean", "worst tenth of worlds",
             "difference", "points on average"], rows)])], [WIDTH] if over.worlds > 1 else [])


# ---------------------------------------------------------------- the wind tunnel over worlds

def _shock(name: str) -> str:
    return "no shock" if name == CALM else str(SHOCKS[name]["title"])


def tunnel_headline(found: Tunnel) -> str:
    """In how many cells the portfolio helps in most worlds, and where it is worst."""
    frame = found.summary
    most = frame[frame["better"] > 0.5]
    worst = frame.sort_values("better").iloc[0]
    return (f"{capital(found.portfolio.name)} is better in most worlds in {len(most)} of {len(frame)} combinations of "
            f"start and shock; least often from {found.starts[worst['start']].title} under {_shock(worst['shock'])}, in "
            f"{percent(worst['better'])} ({band(worst['better_low'], worst['better_high'])}) of worlds.")


def heat(found: Tunnel, width: float = WIDE) -> Figure:
    """Starts across, shocks down: in what share of worlds the portfolio is better."""
    narrow, frame = width < 600, found.summary.set_index(["start", "shock"])
    shocks = list(dict.fromkeys(shock for _, shock in found.cells))
    figure = Figure(f"{capital(found.portfolio.name)} in the wind tunnel, over worlds", tunnel_headline(found), width)
    top = figure.head(f"share of {found.worlds} worlds in which {what(found.outcome)} is better with it, and below the "
                      f"mean difference{'' if narrow else ' with its 95 % interval'}; shocks begin in quarter {found.at}")
    left, tall = (98.0, 42.0) if narrow else (170.0, 46.0)
    wide, y0 = (width - left - 2) / len(found.starts), top + 36
    for i, story in enumerate(found.starts.values()):
        figure.text(left + (i + 0.5) * wide, top + 24, shorten(short(story.title), wide - 4, 13 if narrow else 15, True),
                    13 if narrow else 15, COLOURS.get(story.name, INK), True, "middle")
    for j, shock in enumerate(shocks):
        y = y0 + j * tall
        figure.text(2, y + tall / 2 + 4, shorten(_shock(shock), left - 8, 13 if narrow else 14.5), 13 if narrow else 14.5,
                    INK)
        for i, start in enumerate(found.starts):
            row, x = frame.loc[(start, shock)], left + i * wide
            up = float(row["better"])
            figure.box(x, y, wide - 2, tall - 2, tint(OWN[0] if up >= 0.5 else OWN[1], 0.06 + 0.5 * abs(2 * up - 1)))
            figure.text(x + wide / 2 - 1, y + tall / 2 - 3, percent(up), 13.5 if narrow else 15.5, INK, True, "middle")
            e = Interval(row["difference"], row["low"], row["high"], int(row["worlds"]))
            below = change(found.outcome, Interval(e.mean, e.mean, e.mean, e.n) if narrow else e, unit=False)
            figure.text(x + wide / 2 - 1, y + tall / 2 + 14, below, 12.5, SOFT, False, "middle")
    figure.foot(y0 + len(shocks) * tall + 6, FOOT)
    return figure


def tunnel_table(found: Tunnel) -> Table:
    """One row a start and shock."""
    rows = []
    for r in found.summary.to_dict("records"):
        e = Interval(r["difference"], r["low"], r["high"], int(r["worlds"]))
        rows.append((f"{found.starts[r['start']].title}, {_shock(r['shock'])}", amount(found.outcome, r["without"]),
                     amount(found.outcome, r["with_it"]), change(found.outcome, e, unit=False),
                     f"{percent(r['better'])} ({band(r['better_low'], r['better_high'])})", percent(r["worse"]),
                     amount(found.outcome, r["worst_tenth"]), _size(found, r["largest_regret"])))
    return Table(("start, shock", "without", "with", "difference", "better in", "worse in", "worst tenth of worlds, with",
                  "largest regret"), rows, f"Means over {found.worlds} worlds of {found.runs} runs.")


def tunnel_study(found: Tunnel) -> Study:
    """The page of a wind tunnel over worlds."""
    quarters = next(iter(found.starts.values())).quarters
    done = [sentence(described(found.portfolio.on(next(iter(found.starts.values()))))),
            f"The portfolio and going without it met the same worlds ({found.asked}) and in each the same citizens and "
            f"luck, in {found.runs} runs of {quarters} quarters, from every start, under no shock and under each shock."]
    return Study("wind-tunnel over worlds", tunnel_headline(found), done, [
        Section("Every start, every shock, every world", figures={"wind_tunnel": partial(heat, found)}),
        Section("The numbers", tables=[tunnel_table(found)])],
        [WIDTH, f"{'Less' if found.less else 'More'} of this outcome was taken to be better."])


# ---------------------------------------------------------------- the map over worlds

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
    side = min(width - 70, 560.0)
    left, cell = 52.0, min(width - 70, 560.0) / n
    here = found.assumed.mean(axis=2).argmax(axis=2)
    names = list(FUTURES)
    regimes = list(found.sizes["regime"])
    for i in range(n):
        for j in range(n):
            x, y = left + i * cell, top + 10 + (n - 1 - j) * cell
            name, agree = regimes[here[i, j]], float(found.same[i, j])
            assert name in names
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
        Section(_decides(found, *FUTURES), tables=[Table([
            "future", "assumptions that its part of the plane moves with, lowest third to highest third of worlds"],
            rows)])], [WIDTH])


def search_sentences(table: pd.DataFrame, named: Any) -> Sequence[str]:
    """Over the worlds drawn: mean, worst tenth and share in which a portfolio succeeds in at least half of the runs."""
    if table.empty or table["mean_draw"].isna().all():
        return []
    count = int(table["draws"].iloc[0])
    best = table.sort_values(["mean_draw"], ascending=False, kind="stable").iloc[0]
    steady = table.sort_values(["worst_tenth", "mean_draw"], ascending=False, kind="stable").iloc[0]
    first = table.iloc[0]
    said = [f"Over {count} worlds {named(first['portfolio'])} succeeds in {percent(first['mean_draw'])} of runs on "
            f"average, in {percent(first['worst_tenth'])} in the worst tenth of worlds, and in half of the runs or more in "
            f"{percent(first['satisfied'])} of worlds."]
    if best["portfolio"] != first["portfolio"]:
        said.append(f"Best on average over worlds is {named(best['portfolio'])} ({percent(best['mean_draw'])}).")
    if steady["portfolio"] not in (first["portfolio"], best["portfolio"]):
        said.append(f"Best in the worst tenth of worlds is {named(steady['portfolio'])} "
                    f"({percent(steady['worst_tenth'])}).")
    return said

