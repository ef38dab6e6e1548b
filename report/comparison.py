"""Figures and pages of policies on equal luck: what differs over time, for whom, at what cost; and the wind tunnel."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.compare import ASKED, MAIN, Comparison, Effect, resolved
from experiments.outcomes import WHOLE_RUN, Outcome, parse
from experiments.paired import Interval, interval
from experiments.windtunnel import CALM, WindTunnel
from report import style
from report.sheet import WIDE, Figure, Panel, quarter_ticks, shorten, text_width, wrap
from report.study import Section, Study, Table
from report.style import COLOURS, FOOT, FUTURES, GRID, INK, PAPER, SOFT, decimal, listed, percent, sentence, tint
from scenarios import LEVERS, SHOCKS, Scenario, Use

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["amount", "change", "differences", "effects", "fates", "heat", "headlines", "study", "tunnel_headline",
           "tunnel_study", "what"]

HELPS, HARMS = "#00796b", "#c2185b"
_SHORT = {"lets_dance": "Let's dance", "lone_ranger": "Lone Ranger", "dead_horse": "Dead horse", "wasteland": "Wasteland"}
_WORDS = {
    "lets_dance": "municipalities in Let's dance", "lone_ranger": "municipalities in Lone Ranger",
    "dead_horse": "municipalities in Flogging a dead horse", "wasteland": "municipalities in Wasteland",
    "C": "citizens' willingness", "G": "governments' willingness", "T": "trust in government", "S": "social capital",
    "L": "risk culture", "K": "innovation capacity", "A": "support from the top",
    "services": "services per municipality", "on": "governments that have the innovation",
    "ever_adopted": "governments that have ever adopted", "uses": "citizens who use the innovation",
    "participation": "citizens who take part", "representativeness": "the poorest quarter's part (1 is equal)",
    "late_adopter_gap": "the gap of late adopters", "total_spend": "points spent over the run",
}


# ---------------------------------------------------------------- words and numbers

def what(outcome: Outcome) -> str:
    """An outcome in words, without when."""
    said = _WORDS.get(outcome.name) or outcome.says.split(":")[0].split(";")[0].rstrip(".")
    return said if outcome.name in _WORDS else said[:1].lower() + said[1:]


def subject(outcome: Outcome) -> str:
    """An outcome as what a sentence is about."""
    said = what(outcome)
    counted = said.startswith(("municipalities", "governments that", "citizens who"))
    return f"the share of {said}" if outcome.unit == "share" and counted else said


def listing(found: Comparison, outcome: str | Outcome) -> list[Outcome]:
    """The outcome asked for, then the main ones, each once."""
    return list(dict.fromkeys(resolved(one, found.quarters) for one in map(parse, (outcome, *MAIN))))


def when(outcome: Outcome, last: int) -> str:
    """When an outcome is looked at."""
    if outcome.name in WHOLE_RUN:
        return "over the whole run"
    first, end = (last, last) if outcome.first is None else (outcome.first, outcome.last)
    return f"by quarter {end}" if first == end else f"over quarters {first}–{end}"


def amount(outcome: Outcome, value: float) -> str:
    """A level: shares in per cent, other values as numbers."""
    if outcome.unit == "share":
        return percent(value)
    return decimal(value, 0 if abs(value) >= 20 else 1 if abs(value) >= 1 else 2)


def _digits(outcome: Outcome, e: Interval) -> int:
    """How many decimals a difference is written with: few, but an end that is not 0 where the effect is clear stays so."""
    share = outcome.unit == "share"
    size, low, high = (abs(v) * (100 if share else 1) for v in (max(abs(e.mean), (e.high - e.low) / 2), e.low, e.high))
    digits = 0 if size >= (9.5 if share else 20) else 1 if share or size >= 0.95 else 2
    clear = e.low > 0 or e.high < 0
    return digits + 1 if clear and round(min(low, high), digits) == 0 else digits


def _plain(outcome: Outcome, value: float, digits: int) -> str:
    """A difference without its unit; shares in percentage points."""
    if not math.isfinite(value):
        return "not measured"
    text = f"{value * (100 if outcome.unit == 'share' else 1):.{digits if value else 0}f}"
    return (text if float(text) else text.lstrip("-")).replace("-", "−")


def _signed(outcome: Outcome, value: float, digits: int) -> str:
    text = _plain(outcome, value, digits)
    return f"+{text}" if value > 0 and text.strip("0.") else text


def _unit(outcome: Outcome) -> str:
    return {"share": "percentage points", "per municipality": "", "ratio": "", "logit": "", "value": ""}.get(
        outcome.unit, outcome.unit)


def change(outcome: Outcome, e: Interval, unit: bool = True) -> str:
    """A difference with its interval: '+34 (29 to 40) percentage points'."""
    if not math.isfinite(e.mean):
        return "not measured"
    mean, low, high = (0.0 if abs(value) < 1e-12 else value for value in (e.mean, e.low, e.high))  # rounding is no change
    e = Interval(mean, low, high, e.n)
    digits = _digits(outcome, e)
    text = _signed(outcome, e.mean, digits)
    if e.low != e.high:
        text += f" ({_plain(outcome, e.low, digits)} to {_plain(outcome, e.high, digits)})"
    return f"{text} {_unit(outcome)}".rstrip() if unit else text


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
        name, d = f"{policy[:1].upper()}{policy[1:]}", e.difference
        if not math.isfinite(d.mean):
            said[policy] = f"{name}: {subject(asked)} {at} could be compared in only {d.n} of {e.runs} runs."
        elif d.low <= 0 <= d.high:
            no = "no difference" if d.low == d.high else "no clear difference"
            span = "" if d.low == d.high else f" ({change(asked, d)})"
            said[policy] = f"{name} makes {no} to {subject(asked)} {at}{span}, {points}."
        else:
            verb, agree = ("raises", e.higher) if d.mean > 0 else ("lowers", e.lower)
            digits = _digits(asked, d)
            ends = [_plain(asked, abs(v), digits) for v in sorted((d.low, d.high), key=abs)]
            span = "" if d.low == d.high else f" ({ends[0]}–{ends[1]})"
            unit = f" {_unit(asked)}" if _unit(asked) else ""
            said[policy] = (f"{name} {verb} {subject(asked)} by {_plain(asked, abs(d.mean), digits)}{span}{unit} {at}, in "
                            f"{agree} of {d.n} runs, {points}.")
    return said


def _described(story: Scenario) -> str:
    """What a policy consists of, in words."""
    def use(one: Use, known: Mapping[str, Any]) -> str:
        lasts = f"from quarter {one.start} on" if one.duration is None else f"quarters {one.start}–" + str(
            one.start + one.duration - 1)
        return f"{known[one.name]['title']} ({one.name}, {lasts}" + (
            "" if one.strength == 1 else f", strength {one.strength:g}") + ")"

    parts = [use(one, LEVERS) for one in story.levers] + [use(one, SHOCKS) for one in story.shocks]
    parts += [f"{name} = {value:g}" for name, value in story.parameters.items()]
    return "; ".join(parts) or "nothing is done"


# ---------------------------------------------------------------- what figures share

def _colours(found: Comparison) -> dict[str, str]:
    """The reference is grey; the others wear the colours of a user's own scenarios, in their order."""
    own = style.OWN
    return {found.reference: SOFT} | {name: own[k % len(own)] for k, name in enumerate(found.others)}


def _scale(low: float, high: float, share: bool) -> tuple[tuple[float, float], list[tuple[float, str]]]:
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


def _key(figure: Figure, y: float, colours: Mapping[str, str], note: str = "") -> float:
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

def differences(found: Comparison, width: float = WIDE, outcomes: Sequence[str] = MAIN) -> Figure:
    """The paired difference from the reference over time, for the main indicators."""
    colours, frame = _colours(found), found.differences
    ends = [f"{policy}, {what(Outcome(name))} {change(Outcome(name), found.effect(policy, name).difference)}"
            for policy in found.others for name in outcomes[:1]]
    figure = Figure(f"What differs from {found.reference}, over time", f"At the end: {'; '.join(ends)}.", width)
    top = figure.head(f"difference from {found.reference} in the same run, mean of {found.runs}; dark band: 95 % interval "
                      "of each quarter; light band: 95 % for all quarters at once; shares in percentage points")
    top = _key(figure, top + 10, {name: colours[name] for name in found.others})
    columns = 1 if width < 600 else 2
    cell, height, left, right = width / columns, 138.0, 52.0, 24.0
    for k, name in enumerate(outcomes):
        row, column = divmod(k, columns)
        rows = {policy: frame[(frame["policy"] == policy) & (frame["indicator"] == name)] for policy in found.others}
        seen = np.concatenate([one[["low", "high", "mean"]].to_numpy().ravel() for one in rows.values()])
        seen = seen[np.isfinite(seen)]
        outcome = Outcome(name)
        ys, ticks = _scale(float(seen.min(initial=0.0)), float(seen.max(initial=0.0)), outcome.unit == "share")
        panel = Panel(figure, column * cell + left, top + 28 + row * (height + 66), cell - left - right, height,
                      (0, found.quarters), ys)
        panel.scale_y(ticks)
        panel.scale_x(quarter_ticks(found.quarters))
        panel.heading(sentence(what(outcome)).rstrip("."))
        zero = float(panel.at_y(0))
        for policy, one in rows.items():
            time = one["quarter"].to_numpy()
            for low, high, opacity in (("band_low", "band_high", 0.13), ("low", "high", 0.24)):
                panel.band(time, one[low].to_numpy(), one[high].to_numpy(), colours[policy], opacity)
        figure.line([(panel.x, zero), (panel.x + panel.width, zero)], SOFT, 1.6)
        for policy, one in rows.items():
            panel.line(one["quarter"].to_numpy(), one["mean"].to_numpy(), colours[policy], 2.4)
    below = top + 28 + math.ceil(len(outcomes) / columns) * (height + 66) - 66
    figure.text(left, below + 38, "quarter", 13, SOFT)
    figure.foot(below + 42, FOOT)
    return figure


def effects(found: Comparison, width: float = WIDE, outcomes: Sequence[str] = MAIN) -> Figure:
    """What each policy changes at the end: differences with their intervals, for all outcomes that are shares."""
    colours, narrow = _colours(found), width < 600
    shares = [outcome for outcome in map(parse, outcomes) if outcome.unit == "share"]
    made: dict[tuple[str, str], Effect] = {(p, str(o)): found.effect(p, o) for o in shares for p in found.others}
    most = {p: max(shares, key=lambda o, p=p: abs(np.nan_to_num(made[p, str(o)].difference.mean)))  # type: ignore[misc]
            for p in found.others}
    said = [f"{p} changes {what(o)} most, by {change(o, made[p, str(o)].difference)}" for p, o in most.items()]
    figure = Figure("What each policy changes by the end", sentence("; ".join(said)), width)
    top = figure.head(f"difference from {found.reference} in the same run, in percentage points: mean of {found.runs} runs "
                      "and its 95 % interval")
    top = _key(figure, top + 10, {name: colours[name] for name in found.others})
    ends = [v for e in made.values() for v in (e.difference.low, e.difference.high) if math.isfinite(v)]
    xs, ticks = _scale(min(ends, default=0.0), max(ends, default=0.0), True)
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
    figure = Figure("Whose fate changed", sentence("; ".join(said)), width)
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
            figure.text(x0 + left + (j + 0.5) * wide, y0 + 24, _SHORT[future], 12.5, COLOURS[future], True, "middle")
            y = y0 + 32 + j * tall
            figure.text(x0 + left - 8, y + tall / 2 + 4, _SHORT[future], 12.5, COLOURS[future], True, "end")
            for i, after in enumerate(FUTURES):
                n, x = count[future, after], x0 + left + i * wide
                strength = 0.05 if n == 0 else 0.12 + 0.5 * n / _places(found)
                figure.box(x, y, wide - 2, tall - 2, tint(COLOURS[after] if future != after else SOFT, strength))
                figure.text(x + wide / 2 - 1, y + tall / 2 + 5, "·" if n == 0 else decimal(n).replace("under ", "<"), 15,
                            SOFT if n == 0 else INK, future != after and n > 0, "middle")
    figure.foot(top + math.ceil(len(found.others) / columns) * block - 14,
                f"Bold: another end than under {found.reference}; grey: the same. {FOOT}")
    return figure


def _places(found: Comparison) -> int:
    return len(found.results[found.reference].places)


# ---------------------------------------------------------------- the page of a comparison

def study(found: Comparison, outcome: str | Outcome = "lets_dance") -> Study:
    """The page of a comparison; its headline is the clearest effect on `outcome`."""
    asked, said = parse(outcome), headlines(found, outcome)
    own = {p: found.effect(p, asked) for p in found.others}
    # the clearest comes first: effects whose interval leaves out 0, by size
    first = max(found.others, key=lambda p: (own[p].difference.low > 0 or own[p].difference.high < 0,
                                             abs(np.nan_to_num(own[p].difference.mean))))
    citizens = int(found.results[found.reference].places.citizens.sum())
    done = [f"{len(found.results)} policies met the same {citizens:,} citizens in {_places(found)} municipalities and the "
            f"same luck, in {found.runs} runs of {found.quarters} quarters each. Every number below is a difference from "
            f"{found.reference} within a run, averaged over runs; brackets hold 95 % intervals."]
    done += [said[p] for p in found.others if p != first]
    if found.precision is not None:
        done += [str(found.precision), "All other intervals are t intervals, as if the number of runs had been fixed."]
    policies = Table(("policy", "what is done", "points more"), [
        (name, _described(result.scenario), "compared with" if name == found.reference
         else decimal(found.points(name), 0 if found.points(name).is_integer() else 1))
        for name, result in found.results.items()])
    outcomes = listing(found, asked)
    return Study("compare", said[first], done, [
        Section("The policies", tables=[policies]),
        Section("What differs", figures={"effects": partial(effects, found), "differences": partial(differences, found)},
                tables=[effect_table(found, outcomes)]),
        Section("Whose fate changed", fate_sentences(found), {"fates": partial(fates, found)}, [_changed(found)]),
        Section("What an effect costs", [
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


# ---------------------------------------------------------------- the wind tunnel

def tunnel_headline(found: WindTunnel) -> str:
    """In how many combinations the portfolio clearly helps and harms."""
    counted, cells = found.counted(), len(found.values)
    name = f"{found.portfolio.name[:1].upper()}{found.portfolio.name[1:]}"
    up, down = ("lowers", "raises") if found.less else ("raises", "lowers")
    return (f"{name} clearly {up} {subject(found.outcome)} in {counted['helps'] or 'none'} of {cells} combinations of "
            f"start and shock, and clearly {down} it in {counted['harms'] or 'none'}.")


def _shock(name: str) -> str:
    return "no shock" if name == CALM else str(SHOCKS[name]["title"])


def _worst(found: WindTunnel, start: str) -> list[str]:
    """Under which shocks the outcome with the portfolio is worst; none where it is the same under all."""
    rows, row = found.table[found.table["start"] == start], found.worst(start)
    tied = [] if row is None else rows.loc[rows["with_it"] == row["with_it"], "shock"].tolist()
    return [] if len(tied) == len(rows) else tied


def heat(found: WindTunnel, width: float = WIDE) -> Figure:
    """Starts across, shocks down: the outcome without and with the portfolio, and the difference as colour."""
    narrow, outcome = width < 600, found.outcome
    worst = {start: _worst(found, start) for start in found.starts}
    said = [f"from {story.title}, " + (
        f"worst under {listed(map(_shock, worst[start]))} at {amount(outcome, row['with_it'])} with it" if worst[start]
        else f"{amount(outcome, row['with_it'])} with it under every shock")
        for start, story in found.starts.items() if (row := found.worst(start)) is not None]
    figure = Figure(f"{found.portfolio.name[:1].upper()}{found.portfolio.name[1:]} in the wind tunnel",
                    f"{sentence(what(outcome) + ', ' + when(outcome, found.quarters))} {sentence('; '.join(said))}", width)
    scale = 100 if outcome.unit == "share" else 1
    unit = ", in per cent" if outcome.unit == "share" else ""
    top = figure.head(f"{what(outcome)}, {when(outcome, found.quarters)}{unit}: without → with the portfolio, and "
                      f"below the difference{'' if narrow else ' with its 95 % interval'}, mean of {found.runs} runs; "
                      f"shocks begin in quarter {found.at}")
    top = _key(figure, top + 10, {"clearly better": HELPS, "clearly worse": HARMS},
               "pale: no clear difference; framed: the worst of each start with the portfolio")
    left, tall = (98.0, 42.0) if narrow else (170.0, 46.0)
    wide = (width - left - 2) / len(found.starts)
    frame = found.table.set_index(["start", "shock"])
    sizes = np.abs(frame["difference"].to_numpy())
    levels = np.abs(frame[["without", "with_it"]].to_numpy())
    level = 1.0 if outcome.unit == "share" else float(np.max(levels, where=np.isfinite(levels), initial=0.0)) or 1.0
    # full colour is for effects of a tenth of what there can be or more: small ones look small
    largest = float(np.max(sizes, where=np.isfinite(sizes), initial=0.1 * level))
    sign = -1.0 if found.less else 1.0
    for i, story in enumerate(found.starts.values()):
        lines = wrap(_SHORT.get(story.name, story.title), wide - 6, 13 if narrow else 15, True)[:2]
        for k, line in enumerate(lines):
            figure.text(left + (i + 0.5) * wide, top + 16 + 17 * (k + 2 - len(lines)), line, 13 if narrow else 15,
                        COLOURS.get(story.name, INK), True, "middle")
    y0 = top + 42
    for j, shock in enumerate((CALM, *found.shocks)):
        y = y0 + j * tall
        lines = wrap(_shock(shock), left - 8, 13 if narrow else 14.5)[:2]
        for k, line in enumerate(lines):
            figure.text(2, y + tall / 2 + 4 + 16 * (k - (len(lines) - 1) / 2), line, 13 if narrow else 14.5, INK)
        for i, start in enumerate(found.starts):
            row, x = frame.loc[(start, shock)], left + i * wide
            low, high, d = float(row["low"]), float(row["high"]), float(row["difference"])
            sure = math.isfinite(d) and (low > 0 or high < 0)
            fill = tint(HELPS if sign * d > 0 else HARMS, 0.16 + 0.42 * abs(d) / largest) if sure else "#f4f6f7"
            figure.box(x, y, wide - 2, tall - 2, fill)
            was, now = (_plain_level(float(row[key]), scale) for key in ("without", "with_it"))
            e = Interval(d, low, high, int(row["n"]))
            figure.text(x + wide / 2 - 1, y + tall / 2 - 3, f"{was} → {now}", 13.5 if narrow else 15.5, INK, True, "middle")
            below = change(outcome, Interval(d, d, d, e.n) if narrow else e, unit=False) if math.isfinite(d) else "–"
            figure.text(x + wide / 2 - 1, y + tall / 2 + 14, below, 12.5 if narrow else 13.5, INK if sure else SOFT, False,
                        "middle")
            if shock in worst[start]:
                figure.line([(x, y), (x + wide - 2, y), (x + wide - 2, y + tall - 2), (x, y + tall - 2), (x, y)], INK, 2)
    figure.foot(y0 + (1 + len(found.shocks)) * tall + 6, FOOT)
    return figure


def _plain_level(value: float, scale: float) -> str:
    if not math.isfinite(value):
        return "–"
    value *= scale
    return decimal(value, 0 if scale == 100 or abs(value) >= 20 else 1).replace("under ", "<")


def tunnel_study(found: WindTunnel) -> Study:
    """The page of a wind tunnel."""
    story, outcome = found.portfolio, found.outcome
    done = [f"{_described(found.portfolio.on(next(iter(found.starts.values()))))[:1].upper()}"
            f"{_described(found.portfolio.on(next(iter(found.starts.values()))))[1:]}.",
            f"The portfolio and going without it met the same citizens and the same luck in {found.runs} runs of "
            f"{found.quarters} quarters, from {len(found.starts)} starts, under no shock and under each of "
            f"{len(found.shocks)} shocks and trends that begin in quarter {found.at}."]
    said = []
    for start, at in found.starts.items():
        row = found.worst(start)
        if row is None:
            said.append(f"From {at.title} nothing could be measured.")
            continue
        d = Interval(row["difference"], row["low"], row["high"], int(row["n"]))
        if not (worst := _worst(found, start)):
            said.append(f"From {at.title} no shock matters: {amount(outcome, row['with_it'])} with the portfolio under "
                        f"each of them.")
            continue
        said.append(f"From {at.title} the worst is {listed(map(_shock, worst))}: "
                    f"{amount(outcome, row['with_it'])} with the portfolio, {amount(outcome, row['without'])} without"
                    + (f" ({change(outcome, d)})." if d.mean else "."))
    regret = found.table.sort_values("regret", ascending=False).iloc[0]
    said.append("Nobody would regret it: in no run of any combination was going without it better."
                if not regret["regret"] > 0 else
                f"It would be regretted most from {found.starts[regret['start']].title} under {_shock(regret['shock'])}, "
                f"where going without it was better in {regret['harms']} of {regret['n']} runs; mean regret over all runs "
                f"{_regret(found, float(regret['regret']))} {_unit(outcome)}".rstrip() + ".")
    return Study("wind-tunnel", tunnel_headline(found), done, [
        Section("Every start, every shock", said, {"wind_tunnel": partial(heat, found)}),
        Section("The numbers", tables=[tunnel_table(found)])],
        [f"{sentence('Less' if found.less else 'More').rstrip('.')} of this outcome was taken to be better.",
         *(f"{sentence(listed(_shock(name) for name in names)).rstrip('.')} act alike in this model, so their rows are "
           "equal." for names in _alike(found.shocks)),
         f"{story.name} is held against doing nothing, not against other uses of the same points.",
         f"Of every twenty of the {len(found.values)} intervals that have nothing to find, one leaves out 0 by chance."])


def _regret(found: WindTunnel, value: float) -> str:
    return _plain(found.outcome, value, _digits(found.outcome, Interval(value, value, value, found.runs)))


def _alike(shocks: Sequence[str]) -> list[list[str]]:
    """Shocks that are declared with the same effects for the same time."""
    groups: dict[str, list[str]] = {}
    for name in shocks:
        groups.setdefault(repr((SHOCKS[name]["effects"], SHOCKS[name]["duration"])), []).append(name)
    return [names for names in groups.values() if len(names) > 1]


def tunnel_table(found: WindTunnel) -> Table:
    """One row a start and shock, in words."""
    rows = []
    for r in found.table.to_dict("records"):
        d = Interval(r["difference"], r["low"], r["high"], r["n"])
        shock = "" if r["shock"] == CALM else change(found.outcome, Interval(
            r["shock_effect"], r["shock_effect"], r["shock_effect"], r["n"]), unit=False)
        rows.append((f"{found.starts[r['start']].title}, {_shock(r['shock'])}", amount(found.outcome, r["without"]),
                     amount(found.outcome, r["with_it"]), change(found.outcome, d, unit=False),
                     f"{r['helps']} and {r['harms']} of {r['n']}",
                     _regret(found, r["regret"]), shock))
    unit = _unit(found.outcome)
    columns = ("start, shock", "without", "with", "difference", "better and worse in", "regret", "what the shock changes")
    return Table(columns, rows, f"{sentence(what(found.outcome) + ', ' + when(found.outcome, found.quarters))} "
                 + (f"Differences in {unit}. " if unit else "")
                 + "Regret: how much better going without it was, averaged over all runs (0 where it never was).")
