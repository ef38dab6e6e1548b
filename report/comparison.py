"""Figures and page of policies on equal luck: what differs over time, for whom, at what cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from letsdance.experiments.compare import ASKED, MAIN, Comparison, Effect, listing
from letsdance.experiments.outcomes import WHOLE_RUN, Outcome, parse
from letsdance.experiments.paired import Interval, interval
from letsdance.params import listed
from letsdance.report.outcomes import amount, change, described, difference, digits_of, subject, unit_of, what, when
from letsdance.report.sheet import WIDE, Figure, Panel, quarter_ticks, shorten, text_width, wrap
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
    capital,
    decimal,
    sentence,
    short,
    tint,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["cost_table", "differences", "effect_table", "effects", "fate_sentences", "fates", "headlines", "key", "study"]


# ---------------------------------------------------------------- what is said

def _points(value: float) -> str:
    text = decimal(abs(value), 0 if float(value).is_integer() else 1)
    return f"{text} point{'' if text == '1' else 's'}"


def _for_points(value: float) -> str:
    if value == 0:
        return "for no more points"
    return f"for {_points(value)}" if value > 0 else f"and saves {_points(value)}"


def headlines(found: Comparison, outcome: str | Outcome = "lets_dance") -> dict[str, str]:
    """For each policy one sentence: what it does to the outcome, how surely, in how many runs, for how many points."""
    asked = parse(outcome)
    said = {}
    for policy in found.others:
        e, points, at = found.effect(policy, asked), _for_points(found.points(policy)), when(asked, found.quarters)
        name, d = capital(policy), e.difference
        if not math.isfinite(d.mean):
            said[policy] = f"{name}: {subject(asked)} {at} could be compared in only {d.n} of {e.runs} runs."
        elif d.low <= 0 <= d.high:
            no = "no difference" if d.low == d.high else "no clear difference"
            span = "" if d.low == d.high else f" ({change(asked, d)})"
            said[policy] = f"{name} makes {no} to {subject(asked)} {at}{span}, {points}."
        else:
            verb, agree = ("raises", e.higher) if d.mean > 0 else ("lowers", e.lower)
            digits = digits_of(asked, d)
            ends = [difference(asked, abs(v), digits) for v in sorted((d.low, d.high), key=abs)]
            span = "" if d.low == d.high else f" ({ends[0]}–{ends[1]})"
            unit = f" {unit_of(asked)}" if unit_of(asked) else ""
            size = f"{difference(asked, abs(d.mean), digits)}{span}{unit}"
            said[policy] = f"{name} {verb} {subject(asked)} by {size} {at}, in {agree} of {d.n} runs, {points}."
    return said


# ---------------------------------------------------------------- what figures share

def _colours(found: Comparison) -> dict[str, str]:
    """The reference is grey; the others wear the colours of a user's own scenarios, in their order."""
    return {found.reference: SOFT} | {name: OWN[k % len(OWN)] for k, name in enumerate(found.others)}


def scaled(low: float, high: float, share: bool) -> tuple[tuple[float, float], list[tuple[float, str]]]:
    """Round ends that hold low, high and 0, and ticks between; shares are written as percentage points."""
    least = 0.02 if share else 1e-6
    low, high = min(low, 0.0), max(high, 0.0)
    if high - low < least:
        low, high = (low - least, high) if -low > high else (low, high + least)
    raw = (high - low) / 4
    unit = 10.0 ** math.floor(math.log10(raw))
    step = next(s * unit for s in (1, 2, 2.5, 5, 10) if raw <= s * unit * 1.0001)
    first, last = math.floor(low / step + 0.12), math.ceil(high / step - 0.12)  # what hardly goes on needs no more paper
    factor = 100 if share else 1
    ticks = [(k * step, "0" if k == 0 else f"{k * step * factor:+.6g}".replace("-", "−")) for k in range(first, last + 1)]
    return (first * step, last * step), ticks


def key(figure: Figure, y: float, colours: Mapping[str, str], note: str = "") -> float:
    """Names beside a dot of their colour, in lines; returns where the rest may begin."""
    x = 2.0
    for name, colour in colours.items():
        label = shorten(name, figure.width - 24, 14, True)
        wide = text_width(label, 14, True) + 40
        if x > 2 and x + wide > figure.width:
            x, y = 2.0, y + 22
        figure.disc(x + 6, y - 5, 5, colour)
        figure.text(x + 17, y, label, 14, colour, True)
        x += wide
    for line in wrap(note, figure.width - 8, 13) if note else ():
        y += 19
        figure.text(2, y, line, 13, SOFT)
    return y + 12


# ---------------------------------------------------------------- the figures of a comparison

def differences(found: Comparison, width: float = WIDE) -> Figure:
    """The paired difference from the reference over time, for the main indicators."""
    colours, frame = _colours(found), found.differences
    ends = [f"{policy}, {what(Outcome(name))} {change(Outcome(name), found.effect(policy, name).difference)}"
            for policy in found.others for name in MAIN[:1]]
    shown = frame[frame["indicator"].isin(MAIN)]
    clear = bool(((shown["band_low"] > 0) | (shown["band_high"] < 0)).any())
    title = (f"What differs from {found.reference}, over time" if clear else
             f"Nothing clearly differs from {found.reference}, at any time")
    figure = Figure(title, f"At the end: {'; '.join(ends)}.", width)
    top = figure.head(f"difference from {found.reference} in the same run, mean of {found.runs}; dark band: 95 % interval "
                      "of each quarter; light band: 95 % for all quarters at once; shares in percentage points")
    top = key(figure, top + 10, {name: colours[name] for name in found.others})
    columns = 1 if width < 600 else 2
    cell, height, left, right = width / columns, 138.0, 52.0, 24.0
    for k, name in enumerate(MAIN):
        row, column = divmod(k, columns)
        rows = {policy: frame[(frame["policy"] == policy) & (frame["indicator"] == name)] for policy in found.others}
        seen = np.concatenate([one[["low", "high", "mean"]].to_numpy().ravel() for one in rows.values()])
        seen = seen[np.isfinite(seen)]
        outcome = Outcome(name)
        ys, ticks = scaled(float(seen.min(initial=0.0)), float(seen.max(initial=0.0)), outcome.unit == "share")
        panel = Panel(figure, column * cell + left, top + 28 + row * (height + 66), cell - left - right, height,
                      (0, found.quarters), ys)
        panel.scale_y(ticks)
        panel.scale_x(quarter_ticks(found.quarters))
        panel.heading(capital(what(outcome)))
        zero = float(panel.at_y(0))
        for policy, one in rows.items():
            time = one["quarter"].to_numpy()
            for low, high, opacity in (("band_low", "band_high", 0.13), ("low", "high", 0.24)):
                panel.band(time, one[low].to_numpy(), one[high].to_numpy(), colours[policy], opacity)
        figure.line([(panel.x, zero), (panel.x + panel.width, zero)], SOFT, 1.6)
        for policy, one in rows.items():
            panel.line(one["quarter"].to_numpy(), one["mean"].to_numpy(), colours[policy], 2.4)
    below = top + 28 + math.ceil(len(MAIN) / columns) * (height + 66) - 66
    figure.text(left, below + 38, "quarter", 13, SOFT)
    figure.foot(below + 42, FOOT)
    return figure


def effects(found: Comparison, width: float = WIDE) -> Figure:
    """What each policy changes at the end: differences with their intervals, for the main indicators that are shares."""
    colours, narrow = _colours(found), width < 600
    shares = [outcome for outcome in map(parse, MAIN) if outcome.unit == "share"]
    made: dict[tuple[str, str], Effect] = {(p, str(o)): found.effect(p, o) for o in shares for p in found.others}
    said, clear = [], False
    for p in found.others:
        told = {o: d for o in shares if (d := made[p, str(o)].difference).clear}
        most = max(told, key=lambda o: abs(told[o].mean), default=None)
        clear |= most is not None
        said.append(f"{p} clearly changes none of these" if most is None else
                    f"{p} changes {what(most)} most, by {change(most, told[most])}")
    figure = Figure("What each policy changes by the end" if clear else "No policy clearly changes these by the end",
                    sentence("; ".join(said)), width)
    top = figure.head(f"difference from {found.reference} in the same run, in percentage points: mean of {found.runs} runs "
                      "and its 95 % interval")
    top = key(figure, top + 10, {name: colours[name] for name in found.others})
    ends = [v for e in made.values() for v in (e.difference.low, e.difference.high) if math.isfinite(v)]
    xs, ticks = scaled(min(ends, default=0.0), max(ends, default=0.0), True)
    left, right, step = (12.0, 122.0, 24.0) if narrow else (292.0, 150.0, 24.0)
    head, block = (24.0 if narrow else 6.0), len(found.others) * step
    panel = Panel(figure, left, top + 6, width - left - right, len(shares) * (head + block + 10), xs, (0, 1))
    for value, label in ticks:
        x = float(panel.at_x(value))
        figure.line([(x, panel.y), (x, panel.y + panel.height)], SOFT if value == 0 else GRID, 1.6 if value == 0 else 1)
        figure.text(x, panel.y + panel.height + 19, label, 13, SOFT, anchor="middle")
    y = panel.y
    for outcome in shares:
        if narrow:
            figure.text(2, y + 17, what(outcome), 14, INK, halo=PAPER)
        else:
            figure.text(left - 14, y + head + block / 2 + 5, what(outcome), 14, INK, anchor="end")
        for k, policy in enumerate(found.others):
            d, middle = made[policy, str(outcome)].difference, y + head + (k + 0.5) * step
            if math.isfinite(d.mean):
                low, mean, high = (float(panel.at_x(v)) for v in (d.low, d.mean, d.high))
                figure.line([(low, middle), (high, middle)], colours[policy], 3)
                figure.disc(mean, middle, 5.5, colours[policy], edge=PAPER, edge_width=1.5)
            figure.text(width - 2, middle + 5, change(outcome, d, unit=False), 13, colours[policy], True, "end")
        y += head + block + 10
    figure.foot(panel.y + panel.height + 26, FOOT)
    return figure


def fates(found: Comparison, width: float = WIDE) -> Figure:
    """Where municipalities end under the reference and under each policy."""
    said = []
    for policy in found.others:
        moved = found.moves[(found.moves["policy"] == policy) & (found.moves["before"] != found.moves["after"])]
        said.append(f"under {policy}, {decimal(float(moved['municipalities'].sum()))} of {_places(found)} "
                    f"municipalities end elsewhere")
    figure = Figure(_fates_title(found), sentence("; ".join(said)), width)
    top = figure.head(f"rows: where municipalities end under {found.reference}; columns: where the same municipalities end "
                      f"under the policy; how many of {_places(found)}, mean of {found.runs} runs")
    colours, columns = _colours(found), 1 if width < 600 else 2
    cell, left, tall = width / columns, 92.0, 40.0
    block = 4 * tall + 84
    for k, policy in enumerate(found.others):
        row, column = divmod(k, columns)
        x0, y0 = column * cell, top + row * block + 20
        figure.text(x0 + 2, y0, shorten(f"Under {policy}", cell - 20, 16, True), 16, colours[policy], True)
        wide = (cell - left - (24 if columns > 1 else 4)) / 4
        rows = found.moves[found.moves["policy"] == policy]
        count = {(b, a): float(n) for b, a, n in rows[["before", "after", "municipalities"]].itertuples(index=False)}
        for j, future in enumerate(FUTURES):
            title, y = short(FUTURES[future]), y0 + 32 + j * tall
            figure.text(x0 + left + (j + 0.5) * wide, y0 + 24, title, 12.5, COLOURS[future], True, "middle")
            figure.text(x0 + left - 8, y + tall / 2 + 4, title, 12.5, COLOURS[future], True, "end")
            for i, after in enumerate(FUTURES):
                n, x = count[future, after], x0 + left + i * wide
                strength = 0.05 if n == 0 else 0.12 + 0.5 * n / _places(found)
                figure.box(x, y, wide - 2, tall - 2, tint(COLOURS[after] if future != after else SOFT, strength))
                figure.text(x + wide / 2 - 1, y + tall / 2 + 5, "·" if n == 0 else decimal(n).replace("under ", "<"), 15,
                            SOFT if n == 0 else INK, future != after and n > 0, "middle")
    figure.foot(top + math.ceil(len(found.others) / columns) * block - 14,
                f"Bold: another end than under {found.reference}; grey: the same. {FOOT}")
    return figure


def _fates_title(found: Comparison) -> str:
    moved = found.moves[found.moves["before"] != found.moves["after"]]
    return "Whose fate changed" if float(moved["municipalities"].sum()) > 0 else "No municipality's fate changed"


def _places(found: Comparison) -> int:
    return len(found.results[found.reference].places)


# ---------------------------------------------------------------- the page of a comparison

def study(found: Comparison, outcome: str | Outcome = "lets_dance") -> Study:
    """The page of a comparison; its headline is the clearest effect on `outcome`."""
    asked, said = parse(outcome), headlines(found, outcome)
    own = {p: found.effect(p, asked) for p in found.others}
    # the clearest comes first: effects whose interval leaves out 0, by size
    first = max(found.others, key=lambda p: (own[p].difference.clear, abs(np.nan_to_num(own[p].difference.mean))))
    citizens = int(found.results[found.reference].places.citizens.sum())
    done = [f"{len(found.results)} policies met the same {citizens:,} citizens in {_places(found)} municipalities and the "
            f"same luck, in {found.runs} runs of {found.quarters} quarters each. Every number below is a difference from "
            f"{found.reference} within a run, averaged over runs; brackets hold 95 % intervals."]
    done += [said[p] for p in found.others if p != first]
    if found.precision is not None:
        done += [str(found.precision), "All other intervals are t intervals, as if the number of runs had been fixed."]
    policies = Table(("policy", "what is done", "points more"), [
        (name, described(result.scenario), "compared with" if name == found.reference
         else decimal(found.points(name), 0 if found.points(name).is_integer() else 1))
        for name, result in found.results.items()])
    outcomes = listing(found, asked)
    priced = any(not found.cost_per_effect(p, o).why for p in found.others for o in outcomes)
    return Study("compare", said[first], done, [
        Section("The policies", tables=[policies]),
        Section("What differs", figures={"effects": partial(effects, found), "differences": partial(differences, found)},
                tables=[effect_table(found, outcomes)]),
        Section(_fates_title(found), fate_sentences(found), {"fates": partial(fates, found)}, [_changed(found)]),
        Section("What an effect costs" if priced else "No effect that a cost could be divided by", [
            "Points that levers cost over the horizon beyond those of the policy compared with, for each unit of "
            "difference. Only effects whose interval leaves out 0 can be divided by."],
            tables=[cost_table(found, outcomes)]),
    ], ["An interval says how far the mean over luck is known, not whether the model is right.",
        f"There are {len(found.differences['indicator'].unique())} indicators: of every twenty intervals of one quarter "
        "that have nothing to find, one leaves out 0 by chance.",
        "Points are no euros; what a lever costs is assumed."])


def effect_table(found: Comparison, outcomes: Sequence[Outcome]) -> Table:
    """Outcome by outcome: the reference, then each policy with its difference."""
    columns = ["", found.reference]
    for policy in found.others:
        columns += [policy, "difference"]
    rows = []
    for outcome in outcomes:
        before = outcome.of(found.results[found.reference])
        row = [_row(outcome, found), _mean(outcome, before)]
        for policy in found.others:
            e = found.effect(policy, outcome)
            cut = "" if e.difference.n == e.runs else f" in {e.difference.n} of {e.runs} runs"
            row += [_mean(outcome, outcome.of(found.results[policy])), change(outcome, e.difference, unit=False) + cut]
        rows.append(row)
    return Table(columns, rows, f"Means over {found.runs} runs by quarter {found.quarters}; differences (of shares: in "
                                "percentage points) with their 95 % intervals.")


def _row(outcome: Outcome, found: Comparison) -> str:
    """What heads a row: the outcome, and when where that is not the end."""
    if outcome.first is None and outcome.name not in WHOLE_RUN:
        return what(outcome)
    return f"{what(outcome)}, {when(outcome, found.quarters)}"


def _mean(outcome: Outcome, values: np.ndarray) -> str:
    known = values[np.isfinite(values)]
    return amount(outcome, float(known.mean())) if len(known) else "not measured"


def fate_sentences(found: Comparison) -> list[str]:
    """How many municipalities and citizens have another fate, policy by policy."""
    said = []
    for policy in found.others:
        rows = found.citizens[found.citizens["policy"] == policy]
        ends = found.municipalities[found.municipalities["policy"] == policy]
        places = interval((found.results[policy].regime[:, -1] != found.results[found.reference].regime[:, -1]).sum(axis=1))
        people = interval(rows["elsewhere"].to_numpy())
        always = ends.loc[ends["changed"] == ends["runs"], "municipality"].tolist()
        text = (f"Under {policy}, {_count(places)} of {_places(found)} municipalities with {_count(people)} citizens end "
                f"in another future than under {found.reference}")
        if always:
            text += f"; in every run {listed(always[:8])}{f' and {len(always) - 8} more' if len(always) > 8 else ''}"
        asked = rows.dropna(subset="uses_gained")
        parts = [f"{_count(interval(asked[f'{key}_gained'].to_numpy()))} more citizens {words}, and "
                 f"{_count(interval(asked[f'{key}_lost'].to_numpy()))} no longer"
                 for key, words in (("uses", "use the innovation"), ("willing", "are willing"))]
        one_by_one = "" if len(asked) == len(rows) else f" (asked one by one in the first {ASKED} runs)"
        said.append(f"{text}. At the end {'; '.join(parts)}{one_by_one}.")
    return said


def _count(e: Interval) -> str:
    """A mean number with its interval, which cannot lie below 0."""
    if not math.isfinite(e.mean):
        return "an unknown number of"
    digits = 0 if e.mean >= 20 else 1
    text = f"{e.mean:,.{digits}f}"
    low, high = f"{max(e.low, 0.0):,.{digits}f}", f"{e.high:,.{digits}f}"
    return text if low == high else f"{text} ({low}–{high})"


def _changed(found: Comparison, most: int = 8) -> Table:
    frame: pd.DataFrame = found.municipalities
    frame = frame[(frame["changed"] + frame["gained"] + frame["lost"]) > 0]
    frame = frame.sort_values(["changed", "gained", "lost"], ascending=False, kind="stable")
    shown = frame.groupby("policy", sort=False).head(most)
    left = len(frame) - len(shown)
    rows = [(str(r["municipality"]), str(r["policy"]), f"{r['citizens']:,}", f"{r['changed']} of {r['runs']}",
             f"{FUTURES[str(r['before'])]} → {FUTURES[str(r['after'])]}" if r["before"] != r["after"] else
             f"{FUTURES[str(r['before'])]} under both", f"{r['gained']} of {r['runs']}",
             f"{r['lost']} of {r['runs']}") for _, r in shown.iterrows()]
    more = f" The {left} others are in municipalities.parquet." if left else ""
    places = found.results[found.reference].places
    said = any(np.isfinite(places.given[column]).any() for column in places.given.dtype.names or ())
    if not said and np.ptp(places.citizens) == 0:
        more += " These municipalities begin alike but for luck; a table of your own (--municipalities) has real names."
    return Table(("municipality", "policy", "citizens", "ends elsewhere", "most often", "adopts only with it",
                  "adopts only without"), rows,
                 f"In how many runs a municipality's fate is another; the {most} that changed most often under each "
                 f"policy.{more}")


def cost_table(found: Comparison, outcomes: Sequence[Outcome]) -> Table:
    """Points for one unit of difference, by outcome and policy."""
    rows = []
    for outcome in outcomes:
        if outcome.name in ("lever_points", "total_spend"):
            continue
        cells = []
        for policy in found.others:
            cost = found.cost_per_effect(policy, outcome)
            unit, scale = ("percentage point", 100) if outcome.unit == "share" else ("unit", 1)
            if cost.why:
                cells.append(cost.why)
                continue
            each, low, high = (v / scale for v in (cost.each, cost.low, cost.high))
            digits = 0 if each >= 20 else 1
            way = "more" if cost.effect.mean > 0 else "fewer" if outcome.unit != "share" else "less"
            cells.append(f"{each:,.{digits}f} ({low:,.{digits}f}–{high:,.{digits}f}) points for each {unit} {way}")
        rows.append([_row(outcome, found), *cells])
    return Table(["", *found.others], rows)
