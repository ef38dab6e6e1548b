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
from letsdance.report.outcomes import (
    amount,
    change,
    described,
    difference,
    digits_of,
    per_cent,
    subject,
    unit_of,
    what,
    when,
)
from letsdance.report.sheet import WIDE, Figure, Panel, quarter_ticks, shorten, text_width, wrap
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
    capital,
    decimal,
    finite_mean,
    sentence,
    tint,
)
from letsdance.report.words import still_leads
from letsdance.simulation.rules.regimes import REGIMES
from letsdance.words import Text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["cost_table", "differences", "effect_table", "effects", "fate_sentences", "fates", "headlines", "key", "study"]


# ---------------------------------------------------------------- what is said

def _for_points(value: float, text: Text) -> str:
    if value == 0:
        return text("report.for_no_points")
    points = text.in_points(decimal(abs(value), 0 if float(value).is_integer() else 1, text))
    return text("report.for_points" if value > 0 else "report.saves_points", points=points)


def headlines(found: Comparison, outcome: str | Outcome = "lets_dance", text: Text = ENGLISH) -> dict[str, str]:
    """For each policy one sentence: what it does to the outcome, how surely, in how many runs, for how many points."""
    asked = parse(outcome)
    said = {}
    for policy in found.others:
        e = found.effect(policy, asked)
        d = e.difference
        fills = {"policy": capital(policy), "subject": subject(asked, text), "when": when(asked, found.quarters, text),
                 "points": _for_points(found.points(policy), text)}
        if not math.isfinite(d.mean):
            said[policy] = text("report.compared_few", n=d.n, **fills | {"runs": e.runs})
        elif d.low <= 0 <= d.high:
            said[policy] = text("report.no_difference" if d.low == d.high else "report.no_clear_difference",
                                change=change(asked, d, text=text), **fills)
        else:
            digits = digits_of(asked, d)
            ends = [difference(asked, abs(v), digits, text) for v in sorted((d.low, d.high), key=abs)]
            span = "" if d.low == d.high else f" ({ends[0]}–{ends[1]})"
            size = f"{difference(asked, abs(d.mean), digits, text)}{span} {unit_of(asked, text)}".rstrip()
            said[policy] = text("report.raises" if d.mean > 0 else "report.lowers", size=size, runs=d.n,
                                agree=e.higher if d.mean > 0 else e.lower, **fills)
    return said


def came_of(found: Comparison, policy: str, asked: Outcome, text: Text = ENGLISH) -> list[str]:
    """What a difference comes to in municipalities, where it is a share of them, and that the start still leads."""
    after, before = (float(finite_mean(asked.of(found.results[name]))) for name in (policy, found.reference))
    ten = text.of_ten(after), text.of_ten(before, "_short")
    counted = asked.name in (*REGIMES, "on", "ever_adopted") and text.of_ten(after, "_short") != ten[1]
    said = [text("report.of_ten_not", after=ten[0], before=ten[1])] if counted else []
    return [*said, *(still_leads(found.results[policy], text) if asked.name == "lets_dance" else [])]


# ---------------------------------------------------------------- what figures share

def _colours(found: Comparison) -> dict[str, str]:
    """The reference is grey; the others wear the colours of a user's own scenarios, in their order."""
    return {found.reference: SOFT} | {name: OWN[k % len(OWN)] for k, name in enumerate(found.others)}


def scaled(low: float, high: float, share: bool, text: Text = ENGLISH
           ) -> tuple[tuple[float, float], list[tuple[float, str]]]:
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
    ticks = [(k * step, ("+" if k > 0 else "−" if k else "") + text.typed(float(f"{abs(k) * step * factor:.6g}")))
             for k in range(first, last + 1)]
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

def differences(found: Comparison, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """The paired difference from the reference over time, for the main indicators."""
    colours, frame = _colours(found), found.differences
    main = Outcome(MAIN[0])
    ends = [text("report.ends_item", policy=policy, what=what(main, text),
                 change=change(main, found.effect(policy, main).difference, text=text)) for policy in found.others]
    shown = frame[frame["indicator"].isin(MAIN)]
    clear = bool(((shown["band_low"] > 0) | (shown["band_high"] < 0)).any())
    figure = Figure(text("report.differs_title" if clear else "report.differs_not", reference=found.reference),
                    text("report.ends_says", said=text("report.semicolon").join(ends)), width)
    top = figure.head(text("report.differs_head", reference=found.reference, runs=found.runs))
    top = key(figure, top + 10, {name: colours[name] for name in found.others})
    columns = 1 if width < 600 else 2
    cell, height, left, right = width / columns, 138.0, 52.0, 24.0
    for k, name in enumerate(MAIN):
        row, column = divmod(k, columns)
        rows = {policy: frame[(frame["policy"] == policy) & (frame["indicator"] == name)] for policy in found.others}
        seen = np.concatenate([one[["low", "high", "mean"]].to_numpy().ravel() for one in rows.values()])
        seen = seen[np.isfinite(seen)]
        outcome = Outcome(name)
        ys, ticks = scaled(float(seen.min(initial=0.0)), float(seen.max(initial=0.0)), per_cent(outcome), text)
        panel = Panel(figure, column * cell + left, top + 28 + row * (height + 66), cell - left - right, height,
                      (0, found.quarters), ys)
        panel.scale_y(ticks)
        panel.scale_x(quarter_ticks(found.quarters))
        panel.heading(capital(what(outcome, text)))
        zero = float(panel.at_y(0))
        for policy, one in rows.items():
            time = one["quarter"].to_numpy()
            for low, high, opacity in (("band_low", "band_high", 0.13), ("low", "high", 0.24)):
                panel.band(time, one[low].to_numpy(), one[high].to_numpy(), colours[policy], opacity)
        figure.line([(panel.x, zero), (panel.x + panel.width, zero)], SOFT, 1.6)
        for policy, one in rows.items():
            panel.line(one["quarter"].to_numpy(), one["mean"].to_numpy(), colours[policy], 2.4)
    below = top + 28 + math.ceil(len(MAIN) / columns) * (height + 66) - 66
    figure.text(left, below + 38, text("report.quarter"), 13, SOFT)
    figure.foot(below + 42, text("report.foot"))
    return figure


def effects(found: Comparison, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """What each policy changes at the end: differences with their intervals, for the main indicators that are shares."""
    colours, narrow = _colours(found), width < 600
    shares = [outcome for outcome in map(parse, MAIN) if outcome.unit == "share"]
    made: dict[tuple[str, str], Effect] = {(p, str(o)): found.effect(p, o) for o in shares for p in found.others}
    said, clear = [], False
    for p in found.others:
        told = {o: d for o in shares if (d := made[p, str(o)].difference).clear}
        most = max(told, key=lambda o: abs(told[o].mean), default=None)
        clear |= most is not None
        said.append(text("report.changes_none_item", policy=p) if most is None else text(
            "report.changes_item", policy=p, what=what(most, text), change=change(most, told[most], text=text)))
    figure = Figure(text("report.changes_title" if clear else "report.changes_not"),
                    sentence(text("report.semicolon").join(said)), width)
    top = figure.head(text("report.changes_head", reference=found.reference, runs=found.runs))
    top = key(figure, top + 10, {name: colours[name] for name in found.others})
    ends = [v for e in made.values() for v in (e.difference.low, e.difference.high) if math.isfinite(v)]
    xs, ticks = scaled(min(ends, default=0.0), max(ends, default=0.0), True, text)
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
            figure.text(2, y + 17, what(outcome, text), 14, INK, halo=PAPER)
        else:
            figure.text(left - 14, y + head + block / 2 + 5, what(outcome, text), 14, INK, anchor="end")
        for k, policy in enumerate(found.others):
            d, middle = made[policy, str(outcome)].difference, y + head + (k + 0.5) * step
            if math.isfinite(d.mean):
                low, mean, high = (float(panel.at_x(v)) for v in (d.low, d.mean, d.high))
                figure.line([(low, middle), (high, middle)], colours[policy], 3)
                figure.disc(mean, middle, 5.5, colours[policy], edge=PAPER, edge_width=1.5)
            figure.text(width - 2, middle + 5, change(outcome, d, False, text), 13, colours[policy], True, "end")
        y += head + block + 10
    figure.foot(panel.y + panel.height + 26, text("report.foot"))
    return figure


def fates(found: Comparison, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """Where municipalities end under the reference and under each policy."""
    said = []
    for policy in found.others:
        moved = found.moves[(found.moves["policy"] == policy) & (found.moves["before"] != found.moves["after"])]
        said.append(text("report.fates_item", policy=policy, of=_places(found),
                         n=decimal(float(moved["municipalities"].sum()), 1, text)))
    figure = Figure(_fates_title(found, text), sentence(text("report.semicolon").join(said)), width)
    top = figure.head(text("report.fates_head", reference=found.reference, of=_places(found), runs=found.runs))
    colours, columns = _colours(found), 1 if width < 600 else 2
    titles = {future: text(f"curve.{future}") for future in FUTURES}
    widest = max(text_width(one, 12.5, True) for one in titles.values())
    cell, left, tall = width / columns, max(92.0, widest + 10), 40.0
    block = 4 * tall + 84
    for k, policy in enumerate(found.others):
        row, column = divmod(k, columns)
        x0, y0 = column * cell, top + row * block + 20
        under = shorten(text("report.under_policy", policy=policy), cell - 20, 16, True)
        figure.text(x0 + 2, y0, under, 16, colours[policy], True)
        wide = (cell - left - (24 if columns > 1 else 4)) / 4
        rows = found.moves[found.moves["policy"] == policy]
        count = {(b, a): float(n) for b, a, n in rows[["before", "after", "municipalities"]].itertuples(index=False)}
        for j, future in enumerate(FUTURES):
            y = y0 + 32 + j * tall
            figure.text(x0 + left + (j + 0.5) * wide, y0 + 24, titles[future], min(12.5, 12.5 * wide / widest),
                        COLOURS[future], True, "middle")
            figure.text(x0 + left - 8, y + tall / 2 + 4, titles[future], 12.5, COLOURS[future], True, "end")
            for i, after in enumerate(FUTURES):
                n, x = count[future, after], x0 + left + i * wide
                strength = 0.05 if n == 0 else 0.12 + 0.5 * n / _places(found)
                figure.box(x, y, wide - 2, tall - 2, tint(COLOURS[after] if future != after else SOFT, strength))
                many = "·" if n == 0 else f"<{text.number(0.1, 1)}" if n < 0.05 else text.number(n, 1)
                figure.text(x + wide / 2 - 1, y + tall / 2 + 5, many, 15, SOFT if n == 0 else INK,
                            future != after and n > 0, "middle")
    figure.foot(top + math.ceil(len(found.others) / columns) * block - 14,
                text("report.fates_foot", reference=found.reference, foot=text("report.foot")))
    return figure


def _fates_title(found: Comparison, text: Text) -> str:
    moved = found.moves[found.moves["before"] != found.moves["after"]]
    return text("report.fates_title" if float(moved["municipalities"].sum()) > 0 else "report.fates_not")


def _places(found: Comparison) -> int:
    return len(found.results[found.reference].places)


# ---------------------------------------------------------------- the page of a comparison

def study(found: Comparison, outcome: str | Outcome = "lets_dance", text: Text = ENGLISH) -> Study:
    """The page of a comparison; its headline is the clearest effect on `outcome`."""
    asked, said = parse(outcome), headlines(found, outcome, text)
    own = {p: found.effect(p, asked) for p in found.others}
    # the clearest comes first: effects whose interval leaves out 0, by size
    first = max(found.others, key=lambda p: (own[p].difference.clear, abs(np.nan_to_num(own[p].difference.mean))))
    done = [text("report.compare_done", n=len(found.results), municipalities=_places(found), runs=found.runs,
                 citizens=text.number(int(found.results[found.reference].places.citizens.sum())),
                 quarters=found.quarters, reference=found.reference)]
    done += [said[p] for p in found.others if p != first]
    if found.precision is not None:
        done += [found.precision.said(text), text("report.other_intervals")]
    policies = Table([text(f"report.{head}") for head in ("policy", "what_is_done", "points_more")], [
        (name, described(result.scenario, text), text("report.compared_with") if name == found.reference
         else decimal(found.points(name), 0 if found.points(name).is_integer() else 1, text))
        for name, result in found.results.items()])
    outcomes = listing(found, asked)
    priced = any(not found.cost_per_effect(p, o).reason for p in found.others for o in outcomes)
    drawn = {make.__name__: partial(make, found, text=text) for make in (effects, differences, fates)}
    return Study(text("report.compare_kind"), " ".join([said[first], *came_of(found, first, asked, text)]), done, [
        Section(text("report.the_policies"), tables=[policies]),
        Section(text("report.what_differs"), figures={name: drawn[name] for name in ("effects", "differences")},
                tables=[effect_table(found, outcomes, text)]),
        Section(_fates_title(found, text), fate_sentences(found, text), {"fates": drawn["fates"]}, [_changed(found, text)]),
        Section(text("report.costs_title" if priced else "report.costs_not"), [text("report.costs_says")],
                tables=[cost_table(found, outcomes, text)]),
    ], [text("report.limit_interval"), text("report.limit_many", n=len(found.differences["indicator"].unique())),
        text("report.limit_points")], text("report.of_the_model"), text)


def effect_table(found: Comparison, outcomes: Sequence[Outcome], text: Text = ENGLISH) -> Table:
    """Outcome by outcome: the reference, then each policy with its difference."""
    columns = ["", found.reference]
    for policy in found.others:
        columns += [policy, text("report.difference")]
    rows = []
    for outcome in outcomes:
        before = outcome.of(found.results[found.reference])
        row = [_row(outcome, found, text), _mean(outcome, before, text)]
        for policy in found.others:
            e = found.effect(policy, outcome)
            cut = "" if e.difference.n == e.runs else text("report.cut", n=e.difference.n, runs=e.runs)
            row += [_mean(outcome, outcome.of(found.results[policy]), text),
                    change(outcome, e.difference, False, text) + cut]
        rows.append(row)
    return Table(columns, rows, text("report.effects_note", runs=found.runs, quarter=found.quarters))


def _row(outcome: Outcome, found: Comparison, text: Text) -> str:
    """What heads a row: the outcome, and when where that is not the end."""
    if outcome.first is None and outcome.name not in WHOLE_RUN:
        return what(outcome, text)
    return text("report.row_when", what=what(outcome, text), when=when(outcome, found.quarters, text))


def _mean(outcome: Outcome, values: np.ndarray, text: Text) -> str:
    known = values[np.isfinite(values)]
    return amount(outcome, float(known.mean()), text) if len(known) else text("number.unmeasured")


def fate_sentences(found: Comparison, text: Text = ENGLISH) -> list[str]:
    """How many municipalities and citizens have another fate, policy by policy."""
    said = []
    for policy in found.others:
        rows = found.citizens[found.citizens["policy"] == policy]
        ends = found.municipalities[found.municipalities["policy"] == policy]
        places = interval((found.results[policy].regime[:, -1] != found.results[found.reference].regime[:, -1]).sum(axis=1))
        people = interval(rows["elsewhere"].to_numpy())
        always = [str(one) for one in ends.loc[ends["changed"] == ends["runs"], "municipality"]]
        which = text.listed(always[:8])
        if len(always) > 8:
            which = text("report.and_more", which=which, n=len(always) - 8)
        asked = rows.dropna(subset="uses_gained")
        parts = [text(f"report.fate_{key}", gained=_count(interval(asked[f"{key}_gained"].to_numpy()), text),
                      lost=_count(interval(asked[f"{key}_lost"].to_numpy()), text)) for key in ("uses", "willing")]
        said.append(text("report.fate", policy=policy, places=_count(places, text), of=_places(found),
                         people=_count(people, text), reference=found.reference,
                         always=text("report.fate_always", which=which) if always else "",
                         said=text("report.semicolon").join(parts),
                         asked="" if len(asked) == len(rows) else text("report.fate_asked", n=ASKED)))
    return said


def _count(e: Interval, text: Text) -> str:
    """A mean number with its interval, which cannot lie below 0."""
    if not math.isfinite(e.mean):
        return text("report.unknown_number")
    digits = 0 if e.mean >= 20 else 1
    said, low, high = (text.number(value, digits) for value in (e.mean, max(e.low, 0.0), e.high))
    return said if low == high else f"{said} ({low}–{high})"


def _changed(found: Comparison, text: Text, most: int = 8) -> Table:
    frame: pd.DataFrame = found.municipalities
    frame = frame[(frame["changed"] + frame["gained"] + frame["lost"]) > 0]
    frame = frame.sort_values(["changed", "gained", "lost"], ascending=False, kind="stable")
    shown = frame.groupby("policy", sort=False).head(most)
    left = len(frame) - len(shown)

    def ends(before: str, after: str) -> str:
        if before == after:
            return text("report.changed_under_both", future=text.title("start", before))
        return text("report.changed_to", before=text.title("start", before), after=text.title("start", after))

    rows = [(str(r["municipality"]), str(r["policy"]), text.number(r["citizens"]),
             text("report.n_of", n=r["changed"], runs=r["runs"]), ends(str(r["before"]), str(r["after"])),
             text("report.n_of", n=r["gained"], runs=r["runs"]), text("report.n_of", n=r["lost"], runs=r["runs"]))
            for _, r in shown.iterrows()]
    more = text("report.changed_left", n=left) if left else ""
    places = found.results[found.reference].places
    said = any(np.isfinite(places.given[column]).any() for column in places.given.dtype.names or ())
    if not said and np.ptp(places.citizens) == 0:
        more += text("report.changed_alike")
    heads = ("municipality", "policy", "citizens_head", "ends_elsewhere", "most_often", "adopts_with", "adopts_without")
    return Table([text(f"report.{head}") for head in heads], rows, text("report.changed_note", n=most, more=more))


def cost_table(found: Comparison, outcomes: Sequence[Outcome], text: Text = ENGLISH) -> Table:
    """Points for one unit of difference, by outcome and policy."""
    rows = []
    for outcome in outcomes:
        if outcome.name in ("lever_points", "total_spend"):
            continue
        cells = []
        for policy in found.others:
            cost = found.cost_per_effect(policy, outcome)
            if cost.reason:
                cells.append(text(f"report.why_{cost.reason}"))
                continue
            unit, scale = ("point", 100) if per_cent(outcome) else ("unit", 1)
            each, low, high = (v / scale for v in (cost.each, cost.low, cost.high))
            digits = 0 if each >= 20 else 1
            way = "more" if cost.effect.mean > 0 else "less"
            cells.append(text(f"report.each_{unit}_{way}", n=text.number(each, digits), low=text.number(low, digits),
                              high=text.number(high, digits)))
        rows.append([_row(outcome, found, text), *cells])
    return Table(["", *found.others], rows)
