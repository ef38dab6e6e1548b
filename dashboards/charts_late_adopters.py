"""Charts and tables of Late adopters: who adopts when, why, how deep, and what would change it. No widgets in here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from letsdance.dashboards.charts import Chart, Curve, end_label, ever_by_category, lines
from letsdance.dashboards.compute import Pair, Token, between, check_size
from letsdance.dashboards.numbers import Cell, Head, Row
from letsdance.experiments.paired import Interval, interval
from letsdance.experiments.residence import Survival, survival
from letsdance.params import PARAMETERS
from letsdance.report.style import capital, finite_mean, spread
from letsdance.scenarios import Use
from letsdance.scenarios.policy import Policy
from letsdance.simulation import schedule
from letsdance.simulation.run import CATEGORIES, Result
from letsdance.simulation.society import Society
from letsdance.words import Text

#: What may be added alone, in this order: the lever of that name, or (None) stronger imitation.
MEASURES: Mapping[str, str | None] = {"mandate": "MANDATE", "imitation": None, "pilots": "PILOT", "training": "TRAIN",
                                      "change": "CHM"}
#: The parameter of imitation, and what it is multiplied by.
IMITATION, STRONGER = "vM", 2.0
#: Late adopters: late majority and laggards, by innovativeness before the run.
LATE = 3
#: How each stands out in the chart of depth and speed: colour and mark.
_COLOURS = {"as_it_is": "soft", "mandate": "citizens", "imitation": "use", "pilots": "trust", "training": "governments",
            "change": "equity"}
_SYMBOLS = {"as_it_is": "circle", "mandate": "triangle", "imitation": "diamond", "pilots": "rect", "training": "circle",
            "change": "roundRect"}
#: Draws of runs for the interval of a survival curve.
_DRAWS = 200


# ---------------------------------------------------------------- what is measured

def _categories(result: Result) -> np.ndarray:
    """bool[R, M, 5]: who is in which ex ante category."""
    return result.category[:, :, None] == np.arange(len(CATEGORIES))


def in_use(result: Result) -> np.ndarray:
    """float64[R, Q+1, 5]: which share of each category has the innovation in use; NaN for a category without members."""
    member = _categories(result)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.matmul(result.on.astype(np.float64), member.astype(np.float64)) / member.sum(1)[:, None]


def times(result: Result, share: float) -> np.ndarray:
    """float64[R, 5]: the first quarter in which this share of a category has ever adopted; inf: not within the run."""
    ever = ever_by_category(result).astype(np.float64)
    reached = ever >= share - 1e-6
    first = np.where(reached.any(1), reached.argmax(1), np.inf)
    return np.where(np.isnan(ever[:, -1]), np.nan, first)


def depth(result: Result) -> np.ndarray:
    """float64[R, 6]: mean depth of use at the end, by category and (last) of late adopters; NaN: nobody has it."""
    member = np.concatenate([_categories(result), (result.category >= LATE)[:, :, None]], 2)
    using = result.on[:, -1, :, None] & member
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((result.depth[:, -1, :, None].astype(np.float64) * using).sum(1) / using.sum(1))


def ahead(result: Result) -> np.ndarray:
    """float64[R]: how many quarters before the end late adopters adopt, on average; 0 for who never does.

    The horizon less the restricted mean time to adoption (Royston and Parmar 2013), so never adopting is no infinity.
    """
    late = result.category >= LATE
    left = np.where(np.isnan(result.adopted_at), 0.0, result.quarters - result.adopted_at)
    with np.errstate(invalid="ignore"):
        return np.asarray((left * late).sum(1) / late.sum(1))


def survivals(result: Result, seed: int) -> list[Survival | None]:
    """Kaplan-Meier by category: the share that has not adopted, runs redrawn for the interval; None without members."""
    found: list[Survival | None] = []
    adopted = ~np.isnan(result.adopted_at)
    waits = np.where(adopted, np.nan_to_num(result.adopted_at), result.quarters)
    run = np.broadcast_to(np.arange(result.runs)[:, None], waits.shape)
    for c in range(len(CATEGORIES)):
        who = result.category == c
        found.append(survival(waits[who], adopted[who], run[who], seed, _DRAWS) if who.any() else None)
    return found


@dataclass(frozen=True, slots=True)
class When:
    """When a share is reached over runs: the middle run, the 10-90 % band, in how many runs it is, of how many."""

    middle: float
    low: float
    high: float
    reached: int
    runs: int


def when(first: np.ndarray) -> When:
    """first: float64[R], inf where it is not reached, NaN where there is nobody."""
    known = first[~np.isnan(first)]
    if not len(known):
        return When(np.nan, np.nan, np.nan, 0, 0)
    low, middle, high = np.quantile(known, [0.1, 0.5, 0.9], method="lower")
    return When(float(middle), float(low), float(high), int(np.isfinite(known).sum()), len(known))


def said(one: When, quarters: int, text: Text) -> tuple[str, str]:
    """('quarter 23 (year 6)', '18–31'), ('not by 60 (year 15)', 'in 15 of 20 runs'), ..."""
    if not one.runs:
        return "–", ""
    missed = one.runs - one.reached
    if not np.isfinite(one.middle):
        return text("late_adopters.not_by", quarter=text.quarter(quarters)), text.in_runs(missed, one.runs)
    small = text.band(one.low, one.high) if not missed else text(
        "late_adopters.not_by_runs", quarter=text.quarter(quarters), runs=text.in_runs(missed, one.runs))
    return text("late_adopters.at", quarter=text.quarter(one.middle)), small


# ---------------------------------------------------------------- curves

def _names(text: Text) -> list[str]:
    return [text(f"category.{name}") for name in CATEGORIES]


def use_curves(pair: Pair, text: Text, difference: bool) -> Chart:
    """Which share of each category has the innovation in use, with bands over runs."""
    now, before = in_use(pair.result), None if pair.same else in_use(pair.reference)
    curves = [Curve(name, title, f"category{c}", now[:, :, c], None if before is None else before[:, :, c],
                    band=name in ("early_adopters", "laggards"))
              for c, (name, title) in enumerate(zip(CATEGORIES, _names(text), strict=True))]
    sentence = text("late_adopters.use_says", quarter=text.quarter(pair.result.quarters),
                    late=text.percent(float(finite_mean(now[:, -1, 4]))),
                    early=text.percent(float(finite_mean(now[:, -1, 1]))))
    return lines("in_use", text("late_adopters.in_use"), sentence, curves, text, difference=difference and not pair.same)


def survival_curves(pair: Pair, text: Text, seed: int) -> Chart:
    """The share of each category that has not adopted yet, after Kaplan and Meier, with 95 % bands over redrawn runs."""
    result = pair.result
    found = survivals(result, seed)
    names = _names(text)
    alone = 1.0 - ever_by_category(result).astype(np.float64)
    shape = lines("survival", text("late_adopters.survival"), "", [
        Curve(name, names[c], f"category{c}", alone[:, :, c], band=bool(result.category.shape[1] * share >= 3.0))
        for c, (name, share) in enumerate(CATEGORIES.items()) if found[c] is not None], text)
    data: dict[str, list[Any]] = {}
    drawn: dict[str, np.ndarray] = {}
    for name, one in zip(CATEGORIES, found, strict=True):
        if one is None:
            continue
        low, share, high = (100 * _held(values, result.quarters) for values in (
            np.where(np.isnan(one.low), one.share, one.low), one.share, np.where(np.isnan(one.high), one.share, one.high)))
        drawn[name] = np.stack([low, share, high])
        data |= {name: share.round(1).tolist(), f"{name}.low": low.round(1).tolist(),
                 f"{name}.high": (high - low).round(2).tolist()}
    left = {name: float(rows[1, -1]) / 100 for name, rows in drawn.items()}
    last, last_quarter = max(left, key=lambda name: left[name]), result.quarters
    sentence = text("late_adopters.survival_says", who=text(f"category.{last}"), share=text.percent(left[last]),
                    quarter=text.quarter(result.quarters))

    def table() -> tuple[list[str], list[list[str]]]:
        columns = [text("chart.quarter")]
        for name in drawn:
            columns += [text(f"category.{name}"), f"{text(f'category.{name}')}: 95 %"]
        quarters = sorted({*range(0, last_quarter + 1, 4), last_quarter})
        return columns, [[str(q), *(cell for low, share, high in drawn.values() for cell in (
            text.number(share[q]), text.band(low[q], high[q])))] for q in quarters]

    return replace(shape, sentence=sentence, series=data, table=table)


def _held(values: np.ndarray, quarters: int) -> np.ndarray:
    """float64[Q+1]: a curve that ends when the last one has adopted goes on as it ended."""
    return np.concatenate([values, np.full(quarters + 1 - len(values), values[-1])])


def gap(pair: Pair, text: Text, difference: bool) -> Chart:
    """How far late adopters are behind early ones: ever adopted, early less late, in points."""
    now = pair.result.late_adopter_gap().astype(np.float64)
    before = None if pair.same else pair.reference.late_adopter_gap().astype(np.float64)
    means = finite_mean(now, axis=0)
    widest = int(np.nanargmax(means)) if np.isfinite(means).any() else 0
    if float(means[widest]) >= 0.005:
        sentence = text("late_adopters.gap_says", points=text.points(float(means[widest])),
                        at=text.quarter(widest), quarter=text.quarter(pair.result.quarters),
                        end=_signed(float(means[-1]), text))
    else:
        sentence = text("late_adopters.gap_ahead", points=text.points(float(means[-1])),
                        quarter=text.quarter(pair.result.quarters))
    chart = lines("gap", text("late_adopters.gap"), sentence,
                  [Curve("gap", text("late_adopters.gap_end"), "category3", now, before)],
                  text, difference=difference and not pair.same, of="late_adopter_gap")
    if not (difference and not pair.same):
        reach = spread(now) if before is None else np.concatenate([spread(now), spread(before)[1:2]])  # as drawn
        low, high = float(np.nanmin(reach, initial=0.0)), float(np.nanmax(reach, initial=0.0))
        chart.option["yAxis"] |= {"min": next(end for end in (0, -25, -50, -100) if 100 * low >= end - 1 or end == -100),
                                  "max": next(end for end in (25, 50, 100) if 100 * high <= end - 1 or end == 100)}
    chart.option["grid"] |= {"left": 52}
    return chart


def _signed(share: float, text: Text) -> str:
    return text.in_points(text.number(100 * share))


# ---------------------------------------------------------------- tables

def times_table(pair: Pair, text: Text) -> tuple[list[Head], list[Row]]:
    """By category: how many, ever adopted, when half and 84 % have, in use at the end, how deep."""
    result = pair.result
    ever, using, deep = ever_by_category(result)[:, -1].astype(np.float64), in_use(result)[:, -1], depth(result)
    half, most = times(result, 0.5), times(result, 0.84)
    many = _categories(result).sum(1).mean(0)
    rows = []
    for c, name in enumerate(CATEGORIES):
        cells = [_share(ever[:, c], text), *(Cell(*said(when(first[:, c]), result.quarters, text)) for first in (half,
                                                                                                                 most)),
                 _share(using[:, c], text), _share(deep[:, c], text)]
        number = text.number(many[c])
        size = text("late_adopters.government" if number == "1" else "late_adopters.governments", n=number)
        rows.append(Row(text(f"category.{name}"), tuple(cells), size, name))
    return [Head(text(f"late_adopters.{what}")) for what in ("ever", "half", "most", "in_use_end", "depth")], rows


def _share(values: np.ndarray, text: Text) -> Cell:
    """A share's mean with its band over runs."""
    low, mean, high = spread(values)
    if not np.isfinite(mean):
        return Cell("–", text("late_adopters.nobody"), False)
    return Cell(text.percent(float(mean)), text.band(100 * low, 100 * high))


def headline(pair: Pair, text: Text) -> str:
    """When half of the early adopters have adopted, and half of the laggards."""
    half = times(pair.result, 0.5)
    return " ".join(_half(when(half[:, c]), name, pair.result.quarters, text) for c, name in ((1, "early_adopters"),
                                                                                              (4, "laggards")))


def _half(one: When, name: str, quarters: int, text: Text) -> str:
    """When half of a category has adopted, or that it does not, and in how many runs."""
    who = text(f"category.{name}")
    if not one.runs:
        return text("late_adopters.half_none", who=who)
    if np.isfinite(one.middle):
        return text("late_adopters.half_have", who=who, quarter=text.quarter(one.middle),
                    runs=text.in_runs(one.reached, one.runs))
    missed = text.in_runs(one.runs - one.reached, one.runs)
    return text("late_adopters.half_have_not", who=who, quarter=text.quarter(quarters), runs=missed)


# ---------------------------------------------------------------- what would change it

def target(policy: Policy) -> float:
    """What stronger imitation sets its parameter to: twice the start's value, within its range."""
    return min(STRONGER * policy.base()[IMITATION], PARAMETERS[IMITATION].range[1])


def has(policy: Policy, measure: str) -> bool:
    """Whether a policy holds a measure already."""
    lever = MEASURES[measure]
    if lever is None:
        return policy.value(IMITATION) >= target(policy)
    return any(use.name == lever for use in policy.levers)


def switched(policy: Policy, measure: str) -> Policy:
    """The policy with a measure, or without it where it has it; `Refused` where they do not fit together."""
    lever = MEASURES[measure]
    if lever is None:
        return policy.with_parameter(IMITATION, None if has(policy, measure) else target(policy))
    if has(policy, measure):
        return replace(policy, levers=tuple(use for use in policy.levers if use.name != lever))
    return policy.with_use("lever", None, Use(lever))


def title_of(measure: str, text: Text) -> str:
    """A measure in words."""
    lever = MEASURES[measure]
    title = text("late_adopters.imitation") if lever is None else text.title("lever", lever)
    return capital(title)


def what_if(result: Result, added: Mapping[str, Result], policy: Policy, text: Text) -> tuple[list[Head], list[Row]]:
    """The policy, and each measure added to it alone: ever adopted and time to half by category, and depth."""
    rows = [Row(text("late_adopters.as_it_is"), _by_category(result, None, text), key="as_it_is")]
    for measure in MEASURES:
        if measure in added:
            cells = _by_category(added[measure], result, text)
        else:
            cells = tuple(Cell("–", "", False) for _ in range(len(CATEGORIES) + 1))
        rows.append(Row(title_of(measure, text), cells, text("late_adopters.already") if has(policy, measure) else "",
                        measure,
                        has(policy, measure)))
    heads = [*(Head(name) for name in _names(text)), Head(text("late_adopters.depth"), text("late_adopters.depth_late"))]
    return heads, rows


def _by_category(result: Result, without: Result | None, text: Text) -> tuple[Cell, ...]:
    ever, half = ever_by_category(result)[:, -1].astype(np.float64), times(result, 0.5)
    before = None if without is None else ever_by_category(without)[:, -1].astype(np.float64)
    cells = []
    for c in range(len(CATEGORIES)):
        at = when(half[:, c])
        small = text("late_adopters.half_at", quarter=text.quarter(at.middle)) if np.isfinite(at.middle) else ""
        cells.append(_changed(ever[:, c], None if before is None else before[:, c], small, text))
    deep = depth(result)[:, -1]
    cells.append(_changed(deep, None if without is None else depth(without)[:, -1], "", text))
    return tuple(cells)


def _changed(after: np.ndarray, before: np.ndarray | None, small: str, text: Text) -> Cell:
    """A level, and below it the paired difference: pale where that is not clear."""
    mean = float(finite_mean(after))
    if not np.isfinite(mean):
        return Cell("–", text("late_adopters.nobody"), False)
    if before is None:
        return Cell(text.percent(mean), small)
    e = _difference(after, before)
    if not np.isfinite(e.mean):
        return Cell(text.percent(mean), small, False)
    number = text.number(100 * e.mean)
    gain = f"{'+' if e.mean > 0 else ''}{number} ({text.band(100 * e.low, 100 * e.high)})"
    clear = e.clear and number != "0"
    parts = (gain if clear else text("late_adopters.no_difference"), small)
    return Cell(text.percent(mean), " · ".join(filter(None, parts)), clear)


def _difference(after: np.ndarray, before: np.ndarray) -> Interval:
    known = np.isfinite(after) & np.isfinite(before)
    return interval((after - before)[known])


def fast_and_deep(result: Result, added: Mapping[str, Result], text: Text) -> Chart:
    """Depth against speed for late adopters: the policy and each measure alone, with 95 % intervals."""
    found = {"as_it_is": result, **{measure: one for measure, one in added.items() if measure in MEASURES}}
    names = {key: text("late_adopters.as_it_is") if key == "as_it_is" else title_of(key, text) for key in found}
    speed = {key: interval(ahead(one)) for key, one in found.items()}
    deep = {key: _difference(depth(one)[:, -1], np.zeros(one.runs)) for key, one in found.items()}
    known = [key for key in found if np.isfinite(deep[key].mean)]
    xs = [end for key in known for end in (speed[key].low, speed[key].high)] or [0.0, float(result.quarters)]
    ys = [100 * end for key in known for end in (deep[key].low, deep[key].high)] or [0.0, 100.0]
    left, right = max(0.0, 10 * np.floor(min(xs) / 10)), 10 * np.ceil(max(xs) / 10)
    low, high = max(0.0, 10 * np.floor(min(ys) / 10) - 10), 10 * np.ceil(max(ys) / 10)
    series: list[dict[str, Any]] = []
    data: dict[str, list[Any]] = {}
    for key in known:
        colour = f"--{_COLOURS[key]}"
        x, y = speed[key], deep[key]
        at = [round(x.mean, 1), round(100 * y.mean, 1)]
        series.append({"type": "line", "id": f"{key}.error", "symbol": "none", "silent": True, "z": 2,
                       "lineStyle": {"width": 1.6, "color": colour}})
        named = end_label(names[key], colour)
        named["endLabel"] |= {"padding": [2, 0]}
        series.append({"type": "line", "id": f"{key}.name", "symbol": "none", "silent": True, "z": 1,
                       "lineStyle": {"width": 1, "type": [2, 4], "color": colour, "opacity": 0.6}, **named})
        series.append({"type": "scatter", "id": key, "silent": True, "symbolSize": 14, "z": 4, "symbol": _SYMBOLS[key],
                       "itemStyle": {"color": colour, "borderColor": "--card", "borderWidth": 1.5}})
        data |= {key: [at], f"{key}.name": [at, [float(right), at[1]]],
                 f"{key}.error": [[round(x.low, 1), at[1]], [round(x.high, 1), at[1]], ["-", "-"],
                                  [at[0], round(100 * y.low, 1)], [at[0], round(100 * y.high, 1)]]}
    axis = {"type": "value", "nameTextStyle": {"color": "--soft", "fontSize": 12}, "axisLine": {"show": False},
            "axisTick": {"show": False}, "splitLine": {"lineStyle": {"color": "--line"}}}
    option = {"animation": False, "grid": {"left": 58, "right": 184, "top": 14, "bottom": 46},
              "xAxis": {**axis, "min": float(left), "max": float(right),
                        "name": text("late_adopters.speed_axis"), "nameLocation": "middle", "nameGap": 26,
                        "axisLabel": {"color": "--soft", "fontSize": 12, "hideOverlap": True}},
              "yAxis": {**axis, "min": float(low), "max": float(high), "name": text("late_adopters.depth_axis"),
                        "nameLocation": "middle", "nameGap": 42, "nameRotate": 90,
                        "axisLabel": {"color": "--soft", "fontSize": 12, "formatter": "{value} %"}},
              "series": series, "aria": {"enabled": True}}

    def table() -> tuple[list[str], list[list[str]]]:
        columns = [text("late_adopters.measure"), text("late_adopters.speed_axis"), "95 %",
                   text("late_adopters.depth_axis"), "95 %"]
        return columns, [[names[key], text.number(speed[key].mean, 1), text.band(speed[key].low, speed[key].high, 1),
                          text.number(100 * deep[key].mean),
                          text.band(100 * deep[key].low, 100 * deep[key].high)] for key in known]

    others = [key for key in known if key != "as_it_is"]
    if not others:
        sentence = text("late_adopters.fast_none")
    else:
        fast, deepest = max(others, key=lambda key: speed[key].mean), max(others, key=lambda key: deep[key].mean)
        sentence = text("late_adopters.fast_says", fast=names[fast], n=text.number(speed[fast].mean), deep=names[deepest],
                        depth=text.percent(deep[deepest].mean))
    return Chart("fast_and_deep", text("late_adopters.fast_and_deep"), sentence, option, data, table)


# ---------------------------------------------------------------- why

def reasons(result: Result, token: Token, runs: int = 20) -> dict[str, np.ndarray]:
    """push, pull: float64[runs, 5], what speaks for adopting to those who have not yet, by category, over all quarters.

    push: imitation and obligation; pull: need and employees' demand. The first runs once more, quarter by quarter.
    """
    check_size(int(result.places.citizens.sum()), len(result.places), result.quarters, min(runs, result.runs))
    table = schedule.build(result.scenario, among=result.places)
    total = np.zeros((3, min(runs, result.runs), len(CATEGORIES)))
    for r, seed in enumerate(result.seeds[:runs]):
        between(token)
        society = Society(result.places, table, int(seed), 1)
        category = society.state.governments["category"].astype(np.int64)
        for q in range(1, result.quarters + 1):
            society.step()
            governments = society.state.governments
            still = ~result.ever[r, q - 1] & (result.stage[r, q - 1] > 0)  # has heard of it and has not adopted
            for k, what in enumerate((governments["push"], governments["pull"], np.ones(len(category)))):
                total[k, r] += np.bincount(category, what * still, len(CATEGORIES))
    with np.errstate(invalid="ignore", divide="ignore"):
        return {"push": total[0] / total[2], "pull": total[1] / total[2]}


def _room(bands: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """An axis with room for the numbers left of bars below 0, so that they do not lie on the categories' names."""
    means = np.concatenate([values[1] for values in bands.values()])
    low, high = float(np.nanmin(means, initial=0.0)), float(np.nanmax(means, initial=0.0))
    if low >= -0.005:
        return {}
    return {"min": round(low - 0.2 * max(high - low, 0.05), 3)}


def lead(found: Mapping[str, np.ndarray], text: Text) -> str:
    """What moves early adopters, and what laggards, in words: pushed or pulled, as far as two decimals tell."""
    told = []
    for c, name in ((1, "early_adopters"), (4, "laggards")):
        push, pull = (float(spread(found[what])[1, c]) for what in ("push", "pull"))
        if np.isfinite(push + pull):
            more = round(push, 2) - round(pull, 2)
            told.append(text(f"late_adopters.lead_{'push' if more > 0 else 'pull' if more < 0 else 'even'}",
                             who=text(f"category.{name}"), push=text.number(push, 2), pull=text.number(pull, 2)))
    return " ".join(told)


def why(found: Mapping[str, np.ndarray], text: Text) -> Chart:
    """What speaks for adopting, by category: pushed by law and peers, or pulled by need and employees."""
    names = _names(text)
    colours = {"push": "--citizens", "pull": "--governments"}
    series: list[dict[str, Any]] = []
    data: dict[str, list[Any]] = {}
    bands = {what: spread(values) for what, values in found.items()}
    for what, colour in colours.items():
        decal = {"symbol": "rect", "dashArrayX": [1, 0], "dashArrayY": [3, 4], "rotation": -0.8,
                 "color": "rgba(255,255,255,0.35)"}
        series.append({"type": "bar", "id": what, "name": text(f"late_adopters.{what}"), "barMaxWidth": 16, "silent": True,
                       "itemStyle": {"color": colour, "borderRadius": 2, **({"decal": decal} if what == "push" else {})},
                       "label": {"show": True, "position": "right", "color": "--soft", "fontSize": 11, "distance": 3}})
        data[what] = [{"value": round(float(v), 2), "label": {"formatter": text.number(float(v), 2), "position": (
                          "left" if round(float(v), 2) < 0 else "right")}} if np.isfinite(v) else None
                      for v in bands[what][1]]
    push, pull = bands["push"][1], bands["pull"][1]
    pushed = [names[c] for c in range(len(names)) if np.isfinite(push[c]) and round(push[c] - pull[c], 2) > 0]
    sentence = text("late_adopters.why_says", who=text.listed(pushed)) if pushed else text("late_adopters.why_none")
    option = {"animation": False, "aria": {"enabled": True},
              "grid": {"left": 4, "right": 44, "top": 34, "bottom": 24, "containLabel": True},  # names as long as they are
              "legend": {"top": 2, "left": 0, "itemWidth": 18, "itemHeight": 12,
                         "textStyle": {"color": "--ink", "fontSize": 12}},
              "yAxis": {"type": "category", "inverse": True, "data": names, "axisTick": {"show": False},
                        "axisLine": {"onZero": False, "lineStyle": {"color": "--line"}},
                        "axisLabel": {"color": "--soft", "fontSize": 12}},
              "xAxis": {"type": "value", "splitNumber": 3, **_room(bands),
                        "name": text("late_adopters.why_axis"), "nameLocation": "middle",
                        "nameGap": 26, "nameTextStyle": {"color": "--soft", "fontSize": 12},
                        "splitLine": {"lineStyle": {"color": "--line"}},
                        "axisLabel": {"color": "--soft", "fontSize": 12, "showMinLabel": False}}, "series": series}

    def table() -> tuple[list[str], list[list[str]]]:
        columns = [text("late_adopters.category")]
        for what in colours:
            columns += [text(f"late_adopters.{what}"), "10-90 %"]
        return columns, [[names[c], *(cell for what in colours for cell in (
            text.number(bands[what][1, c], 2), text.band(bands[what][0, c], bands[what][2, c],
                                                         2)))] for c in range(len(names))]

    return Chart("why", text("late_adopters.why"), sentence, option, data, table)


__all__ = ["MEASURES", "When", "ahead", "depth", "fast_and_deep", "gap", "has", "headline", "in_use", "lead", "reasons",
           "said", "survival_curves", "survivals", "switched", "target", "times", "times_table", "title_of", "use_curves",
           "what_if", "when", "why"]
