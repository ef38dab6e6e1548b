"""Figures and pages of calibrations, and of what speeds up the late."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from experiments.adopters import abc_smc
from experiments.adopters.calibrate import (
    CHECKS,
    Calibration,
    cannot_tell,
    found_in_words,
    headline_of,
    plain,
    recovery_in_words,
    title_of,
)
from experiments.adopters.speed import GROUPS, IMITATION, MEASURES, Speed, headline, limits, said_effect, sentences
from report.sheet import WIDE, Figure, Panel, scale, shorten, text_width, wrap
from report.study import Section, Study, Table
from report.style import (
    CATEGORY_COLOURS,
    CATEGORY_TITLES,
    COLOURS,
    FOOT,
    GRID,
    INK,
    PAPER,
    SOFT,
    decimal,
    listed,
    percent,
    sentence,
    tint,
)

_MAIN, _SECOND = COLOURS["lets_dance"], COLOURS["lone_ranger"]
_DATA_FOOT = "Fitted curves say what could have made the data, not what did; every time scale is assumed."
_MOST_CURVES = 4


def _narrow(width: float) -> bool:
    return width < 600


def _named(name: str) -> str:
    return "the data" if name in ("1", "all") else name


# ---------------------------------------------------------------- a calibration

def predictive(found: Calibration, width: float = WIDE) -> Figure:
    """The data as dots over what new runs of the fitted model predict: 50, 80 and 95 %."""
    seen = found.case.seen[:_MOST_CURVES]
    inside = []
    for one, predicted in zip(found.case.seen, found.predicted, strict=True):
        low, high = np.quantile(predicted, [0.025, 0.975], axis=0)
        inside += list((low <= one.share + 1e-9) & (one.share <= high + 1e-9))
    figure = Figure("What was seen, and what the fitted model predicts",
                    f"{sum(inside)} of {len(inside)} periods lie within 95 % of what new runs of the fitted model predict.",
                    width)
    top = figure.head("share that has adopted; dots: the data; line: median of new runs, with parameters from the "
                      "posterior; bands: 50, 80 and 95 % of them")
    columns = 1 if _narrow(width) or len(seen) == 1 else 2
    cell, height = width / columns, (230.0 if _narrow(width) else 320.0 if len(seen) == 1 else 220.0)
    for k, (one, predicted) in enumerate(zip(seen, found.predicted, strict=False)):
        row, column = divmod(k, columns)
        right = 20.0 if columns > 1 else 74.0
        y = top + 34 + row * (height + 84)
        panel = Panel(figure, column * cell + 52, y, cell - 52 - right, height, (float(one.t[0]), float(one.t[-1])), (0, 1))
        panel.scale_y([(0, "0"), (0.25, "25 %"), (0.5, "50 %"), (0.75, "75 %"), (1, "100 %")])
        panel.scale_x(_ticks(int(one.t[0]), int(one.t[-1]), 4 if _narrow(width) or columns > 1 else 8))
        panel.heading(sentence(f"{_named(one.name)}, {one.population:,} who could adopt").rstrip("."))
        levels = np.quantile(predicted, [0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975], axis=0)
        t = one.t.astype(np.float64)
        for i, strength in ((0, 0.14), (1, 0.28), (2, 0.46)):
            panel.band(t, levels[i], levels[6 - i], tint(_MAIN, strength), 1.0)
        panel.line(t, levels[3], _MAIN, 2.2)
        for x, share in zip(t, one.share, strict=True):
            figure.disc(float(panel.at_x(x)), float(panel.at_y(share)), 4.2, INK, edge=PAPER, edge_width=1.2)
        if columns == 1:
            panel.labels([(float(levels[6, -1]), "95 %", _MAIN), (float(levels[3, -1]), "median", _MAIN)], right - 8)
        figure.text(panel.x, panel.y + panel.height + 40, "period", 13, SOFT)
    figure.foot(top + 34 + math.ceil(len(seen) / columns) * (height + 84) - 42, _DATA_FOOT)
    return figure


def _ticks(first: int, last: int, most: int) -> list[tuple[float, str]]:
    span = max(last - first, 1)
    step = next(s for k in range(9) for s in (10**k, 2 * 10**k, 5 * 10**k) if span / s <= most)
    return [(t, str(t)) for t in range(math.ceil(first / step) * step, last + 1, step)]


def parameters(found: Calibration, width: float = WIDE) -> Figure:
    """Each parameter's posterior within its prior, and how much narrower it is."""
    table, sample = found.table, found.sample
    most = table.loc[table["narrowing"].idxmin()]
    figure = Figure("What the data say of each parameter",
                    f"Most is said of “{most['title']}”: its spread is {percent(float(most['narrowing']))} of what it was "
                    f"before the data.", width)
    top = figure.head("grey: before the data; blue: after; bars: 80 and 95 % intervals; right: spread after the data, of "
                      "the spread before (100 %: the data say nothing)")
    narrow = _narrow(width)
    left, right, row = (8.0, 62.0, 108.0) if narrow else (286.0, 96.0, 92.0)
    prior = sample.box.theta_draws()
    for k, (name, (low, high)) in enumerate(found.case.free.items()):
        y = top + k * row + (26 if narrow else 6)
        panel = Panel(figure, left, y, width - left - right, 46, (low, high), (0, 1))
        at = np.linspace(low, high, 121)
        before, after = (_density(values, weights, at) for values, weights in
                         ((prior[:, k], np.full(len(prior), 1 / len(prior))), (sample.theta[:, k], sample.weights)))
        highest = max(before.max(), after.max())
        panel.band(at, np.zeros_like(at), before / highest, tint(SOFT, 0.25), 1.0)
        panel.band(at, np.zeros_like(at), after / highest, _MAIN, 0.5)
        figure.line([(panel.x, y + 46), (panel.x + panel.width, y + 46)], SOFT, 1)
        line = table.iloc[k]
        for ends, thick in ((("low_95", "high_95"), 2.0), (("low_80", "high_80"), 5.0)):
            figure.line([(float(panel.at_x(line[end])), y + 53) for end in ends], _MAIN, thick)
        figure.disc(float(panel.at_x(line["mean"])), y + 53, 5, _MAIN, edge=PAPER, edge_width=1.5)
        for value, anchor in ((low, "start"), (high, "end")):
            figure.text(float(panel.at_x(value)), y + 71, plain(value), 13, SOFT, anchor=anchor)  # type: ignore[arg-type]
        if narrow:
            figure.text(2, y - 8, shorten(f"{title_of(name)} ({name})", width - 8, 14, True), 14, INK, True)
        else:
            for i, text in enumerate(wrap(title_of(name), left - 24, 14, True)[:2]):
                figure.text(left - 16, y + 20 + 18 * i, text, 14, INK, True, "end")
            lines = min(len(wrap(title_of(name), left - 24, 14, True)), 2)
            figure.text(left - 16, y + 20 + 18 * lines, name, 13, SOFT, anchor="end")
        figure.text(width - 4, y + 40, percent(float(line["narrowing"])), 17, _MAIN, True, "end")
    figure.foot(top + len(found.case.free) * row + 4, _DATA_FOOT)
    return figure


def _density(values: np.ndarray, weights: np.ndarray, at: np.ndarray) -> np.ndarray:
    """A histogram of weighted values, smoothed a little, at points that run from one end of the range to the other."""
    edges = np.linspace(at[0], at[-1], 25)
    held = np.histogram(values, edges, weights=weights)[0]
    padded = np.pad(held, 1, mode="edge")
    smooth = (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4
    return np.asarray(np.interp(at, (edges[:-1] + edges[1:]) / 2, smooth))


def strongest_pair(found: Calibration) -> tuple[int, int]:
    """The two parameters that the data tie together most."""
    r = np.abs(np.triu(found.sample.correlation, 1))
    i, j = np.unravel_index(int(r.argmax()), r.shape)
    return int(i), int(j)


def ridge(found: Calibration, width: float = WIDE) -> Figure:
    """The two parameters that are known together rather than each."""
    i, j = strongest_pair(found)
    names, r = list(found.case.free), float(found.sample.correlation[i, j])
    tied = abs(r) >= 0.5
    said = (f"“{title_of(names[i])}” and “{title_of(names[j])}” are tied (correlation {decimal(r)}): "
            + ("along the cloud the curve stays much the same." if tied else "loosely, the data tell them apart."))
    figure = Figure("What is known only together" if tied else "No two parameters are strongly tied", said, width)
    top = figure.head(f"each dot: a parameter set that makes a curve like the data, larger for more weight; across: "
                      f"{title_of(names[i])} ({names[i]}), up: {title_of(names[j])} ({names[j]}); the frame is what was "
                      f"thought possible before the data")
    (low_x, high_x), (low_y, high_y) = (found.case.free[names[k]] for k in (i, j))
    size = width - 70 if _narrow(width) else 520
    panel = Panel(figure, 56, top + 10, size, 260 if _narrow(width) else 330, (low_x, high_x), (low_y, high_y))
    panel.scale_y([(v, plain(v)) for v in np.linspace(low_y, high_y, 5)])
    for value in np.linspace(low_x, high_x, 5):
        x = float(panel.at_x(value))
        figure.line([(x, panel.y), (x, panel.y + panel.height)], GRID, 1)
    panel.scale_x([(v, plain(v)) for v in np.linspace(low_x, high_x, 5)])
    weights = found.sample.weights
    for theta, weight in zip(found.sample.theta, weights / weights.max(), strict=True):
        if weight > 0.01:
            figure.disc(float(panel.at_x(theta[i])), float(panel.at_y(theta[j])), 1.5 + 4 * math.sqrt(weight), _MAIN,
                        opacity=0.5)
    if not _narrow(width):
        x = panel.x + panel.width + 28
        for line, text in enumerate(wrap(said, width - x - 10, 14)):
            figure.text(x, panel.y + 18 + 20 * line, text, 14, INK)
    figure.foot(panel.y + panel.height + 28, _DATA_FOOT)
    return figure


def recovery(found: Calibration, width: float = WIDE) -> Figure:
    """Synthetic cases: what was true, and the 80 % intervals that came out."""
    made = found.recovered
    assert made is not None
    figure = Figure("Does the calibration find what is known?", recovery_in_words(made), width)
    top = figure.head("synthetic cases with the same periods and population; across: the true value; up: the estimate "
                      "with its 80 % interval; on the dotted line it is right; orange: the interval misses the truth")
    names = list(found.case.free)
    columns = 1 if _narrow(width) else 2
    cell, height = width / columns, 200.0
    for k, name in enumerate(names):
        row, column = divmod(k, columns)
        low, high = found.case.free[name]
        ends = (low, high)
        panel = Panel(figure, column * cell + 56, top + 30 + row * (height + 66), cell - 80, height, ends, ends)
        ticks = [(v, plain(v)) for v in np.linspace(low, high, 4)]
        panel.scale_y(ticks)
        panel.scale_x(ticks)
        panel.heading(title_of(name))
        panel.line(np.array([low, high]), np.array([low, high]), SOFT, 1.4, (2, 4))
        for _, one in made[made["parameter"] == name].iterrows():
            held = one["low_80"] <= one["truth"] <= one["high_80"]
            x, colour = float(panel.at_x(one["truth"])), _MAIN if held else _SECOND
            figure.line([(x, float(panel.at_y(one["low_80"]))), (x, float(panel.at_y(one["high_80"])))],
                        tint(colour, 0.6), 2)
            figure.disc(x, float(panel.at_y(one["mean"])), 3.6, colour)
    figure.foot(top + 30 + math.ceil(len(names) / columns) * (height + 66) - 36, _DATA_FOOT)
    return figure


def calibration_study(found: Calibration) -> Study:
    """The page of a calibration."""
    case, table = found.case, found.table
    units = listed(f"{_named(one.name)} ({one.cum[-1]:,} of {one.population:,} by {one.t[-1]})" for one in case.seen[:4])
    more = f" and {len(case.seen) - 4} more curves" if len(case.seen) > 4 else ""
    clock = case.clock.get("quarters_per_period")
    done = [f"{case.scenario.title or case.scenario.name} was fitted to {units}{more}: {listed(map(title_of, case.free))}.",
            f"{found.sample.rounds[-1][0]:,} simulations, at first with parameters from the prior, then nearer and nearer; "
            f"kept were the {len(found.sample.z)} nearest, weighed and corrected for what distance is left; they count as "
            f"{found.sample.effective:.0f} equal ones.",
            *([] if clock is None else [f"A period of the data is {clock:g} quarters of the model."]),
            *([f"The prior is the posterior of an earlier calibration ({found.prior}), widened."] if found.prior else [])]
    rows = [[f"{r['title']} ({r['parameter']})", f"{plain(r['low'])} to {plain(r['high'])}", plain(r["mean"]),
             f"{plain(r['low_80'])} to {plain(r['high_80'])}", f"{plain(r['low_95'])} to {plain(r['high_95'])}",
             percent(r["narrowing"])] for r in table.to_dict("records")]
    checks = [[*([_named(r["unit"])] if len(case.seen) > 1 else []), CHECKS[r["statistic"]], _measured(r["observed"]),
               "not measured" if not math.isfinite(r["median"]) else
               f"{_measured(r['median'])} ({_measured(r['low'])} to {_measured(r['high'])})",
               decimal(r["p"], 2)] for r in found.checks.to_dict("records")]
    columns = ["statistic", "seen", "predicted (95 %)", "share of runs above what was seen"]
    tied = len(case.free) > 1
    sections = [
        Section("What was seen, and what is predicted", [], {"predictive": partial(predictive, found)}, [
            Table(columns if len(case.seen) == 1 else ["curve", *columns], checks,
                  "Checks: a share of runs near 0 or 1 says that the fitted model does not do what the data do. Peak and "
                  "clumpiness were not fitted.")]),
        Section("What the data say", found_in_words(found), {"parameters": partial(parameters, found)}, [
            Table(["parameter", "before", "mean", "80 % interval", "95 % interval", "spread, of that before"], rows)]),
        Section("What the data cannot tell", cannot_tell(found), {"ridge": partial(ridge, found)} if tied else {})]
    if found.recovered is not None:
        held = abc_smc.coverage(found.recovered)
        drawn = {"recovery": partial(recovery, found)}
        sections.append(Section("Recovery test", [recovery_in_words(found.recovered)], drawn, [
            Table(["parameter", "level", "held the truth", "sampling error allows"],
                  [[title_of(str(r["parameter"])), percent(r["level"]), percent(r["held"]),
                    f"{percent(r['from'])} to {percent(r['to'])}"] for r in held.to_dict("records")])]))
    return Study("calibration to observed adoption", headline_of(found), done, sections, [
        "A good fit is no proof: other models, and other parameters than those fitted, may make the same curve.",
        "All parameters that are not fitted keep the values of the scenario, as if they were known.",
        *([] if found.recovered is not None else [
            "No recovery test was made for these data; add one with --recover 40 (it costs as many calibrations)."])])


def _measured(value: float) -> str:
    return plain(value) if math.isfinite(value) else "not measured"


# ---------------------------------------------------------------- what speeds up the late

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
    best = [f"{p} {decimal(float(e['mean']), 0)}" for p in policies if p != IMITATION
            and (e := found.effect(p, "sooner"))["clear"] and e["mean"] > 0][:3]
    figure = Figure("What speeds up the late, and what it does to depth",
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
    parts = [f"sooner and {way}: {listed(names)}" for way, names in ways.items() if names]
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


