"""Figures and the page of a calibration."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from letsdance.experiments.adopters import abc_smc
from letsdance.experiments.adopters.calibrate import Calibration, title_of
from letsdance.experiments.adopters.identification import (
    UNKNOWN,
    cannot_tell,
    found_in_words,
    headline_of,
    plain,
    recovery_in_words,
    span,
)
from letsdance.experiments.adopters.observed import CHECKS
from letsdance.params import listed
from letsdance.report.sheet import WIDE, Figure, Panel, shorten, wrap
from letsdance.report.study import Section, Study, Table
from letsdance.report.style import COLOURS, GRID, INK, PAPER, SOFT, decimal, percent, sentence, tint

_MAIN, _SECOND = COLOURS["lets_dance"], COLOURS["lone_ranger"]
_DATA_FOOT = "Fitted curves say what could have made the data, not what did; every time scale is assumed."
_MOST_CURVES = 4


def _narrow(width: float) -> bool:
    return width < 600


# ---------------------------------------------------------------- a calibration

def predictive(found: Calibration, width: float = WIDE) -> Figure:
    """The data as dots over what new runs of the fitted model predict: 50, 80 and 95 %."""
    seen = found.case.seen[:_MOST_CURVES]
    held, periods = found.inside
    figure = Figure("What was seen, and what the fitted model predicts",
                    f"{held} of {periods} periods lie within 95 % of what new runs of the fitted model predict.",
                    width)
    what = "has it in use" if all(one.active for one in seen) else "has adopted"
    top = figure.head(f"share that {what}; dots: the data; line: median of new runs, with parameters from the "
                      "posterior; bands: 50, 80 and 95 % of them")
    columns = 1 if _narrow(width) or len(seen) == 1 else 2
    cell, height = width / columns, (230.0 if _narrow(width) else 320.0 if len(seen) == 1 else 220.0)
    for k, (one, predicted) in enumerate(zip(seen, found.predicted, strict=False)):
        row, column = divmod(k, columns)
        right = 20.0 if columns > 1 else 74.0
        y = top + 34 + row * (height + 84)
        reached = max(one.share.max(), np.quantile(predicted, 0.975, axis=0).max())
        high = next(end for end in (0.02, 0.04, 0.1, 0.2, 0.4, 1.0) if reached <= end)
        panel = Panel(figure, column * cell + 52, y, cell - 52 - right, height, (float(one.t[0]), float(one.t[-1])),
                      (0, high))
        panel.scale_y([(k / 4 * high, f"{25 * k * high:g} %" if k else "0") for k in range(5)])
        panel.scale_x(_ticks(one.t[0], one.t[-1], 4 if _narrow(width) or columns > 1 else 8, 1))
        of = f"{one.population:,} who could adopt" if one.sized else "shares in use"
        panel.heading(sentence(f"{one.called}, {of}").rstrip("."))
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


def _ticks(first: float, last: float, most: int, least: float = 0.0) -> list[tuple[float, str]]:
    """Round values from first to last, `most` steps at the most and none smaller than `least`."""
    steps = (digit * 10.0**k for k in range(-4, 9) for digit in (1, 2, 5))
    step = next(s for s in steps if s >= least and (last - first) / s <= most)
    at = [k * step for k in range(math.ceil(first / step - 1e-9), math.floor(last / step + 1e-9) + 1)]
    return [(t, f"{t:.6g}".replace("-", "−")) for t in at]


def parameters(found: Calibration, width: float = WIDE) -> Figure:
    """Each parameter's posterior within its prior, and how much narrower it is."""
    table = found.table
    most = table.loc[table["narrowing"].idxmin()]
    told = float(most["narrowing"]) <= UNKNOWN
    figure = Figure("What the data say of each parameter" if told else "The data say little of any parameter",
                    f"Most is said of “{most['title']}”: its spread is {percent(float(most['narrowing']))} of what it was "
                    f"before the data." if told else "No parameter's spread is clearly narrower than before the data.",
                    width)
    top = figure.head("grey: before the data; blue: after; bars: 80 and 95 % intervals; right: spread after the data, of "
                      "the spread before (100 %: the data say nothing)")
    narrow = _narrow(width)
    left, right, row = (8.0, 62.0, 108.0) if narrow else (286.0, 96.0, 92.0)
    prior = found.sample.box.as_sample()
    for k, (name, (low, high)) in enumerate(found.case.free.items()):
        y = top + k * row + (26 if narrow else 6)
        panel = Panel(figure, left, y, width - left - right, 46, (low, high), (0, 1))
        at = np.linspace(low, high, 121)
        before, after = prior.density(k, at), found.sample.density(k, at)
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


def ridge(found: Calibration, width: float = WIDE) -> Figure:
    """The two parameters that are known together rather than each."""
    (i, j, r), names = found.strongest_pair, list(found.case.free)
    tied = abs(r) >= 0.5
    said = (f"“{title_of(names[i])}” and “{title_of(names[j])}” are tied (correlation {decimal(r)}): "
            + ("along the cloud the curve stays much the same." if tied else "loosely, the data tell them apart."))
    figure = Figure("What is known only together" if tied else "No two parameters are strongly tied", said, width)
    top = figure.head(f"each dot: a parameter set that makes a curve like the data, larger for more weight; across: "
                      f"{title_of(names[i])} ({names[i]}), up: {title_of(names[j])} ({names[j]}); the frame is what was "
                      f"thought possible before the data")
    (low_x, high_x), (low_y, high_y) = (found.case.free[names[k]] for k in (i, j))
    panel = Panel(figure, 56, top + 10, width - 76, 260 if _narrow(width) else 330, (low_x, high_x), (low_y, high_y))
    panel.scale_y(_ticks(low_y, high_y, 5))
    across = _ticks(low_x, high_x, 4 if _narrow(width) else 8)
    for value, _ in across:
        x = float(panel.at_x(value))
        figure.line([(x, panel.y), (x, panel.y + panel.height)], GRID, 1)
    panel.scale_x(across)
    (left, right), (low, high) = ((panel.x, panel.x + panel.width), (panel.y, panel.y + panel.height))
    figure.line([(left, low), (right, low), (right, high), (left, high), (left, low)], SOFT, 1)
    weights = found.sample.weights
    for theta, weight in zip(found.sample.theta, weights / weights.max(), strict=True):
        if weight > 0.01:
            figure.disc(float(panel.at_x(theta[i])), float(panel.at_y(theta[j])), 1.5 + 4 * math.sqrt(weight), _MAIN,
                        opacity=0.5)
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
        ticks = _ticks(low, high, 5)
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
    units = listed(f"{one.called} ({one.reached})" for one in case.seen[:4])
    more = f" and {len(case.seen) - 4} more curves" if len(case.seen) > 4 else ""
    clock = case.clock.get("quarters_per_period")
    done = [f"{case.scenario.title or case.scenario.name} was fitted to {units}{more}: {listed(map(title_of, case.free))}.",
            f"{found.sample.rounds[-1][0]:,} simulations, at first with parameters from the prior, then nearer and nearer; "
            f"kept were the {len(found.sample.z)} nearest, weighed and corrected for what distance is left; they count as "
            f"{found.sample.effective:.0f} equal ones.",
            *([] if clock is None else [f"A period of the data is {clock:g} quarters of the model."]),
            *([f"The prior is the posterior of an earlier calibration ({found.prior}), widened."] if found.prior else [])]
    rows = [[f"{r['title']} ({r['parameter']})", span(r["low"], r["high"]), plain(r["mean"]),
             span(r["low_80"], r["high_80"]), span(r["low_95"], r["high_95"]),
             percent(r["narrowing"])] for r in table.to_dict("records")]
    checks = [[*([r["unit"]] if len(case.seen) > 1 else []), CHECKS[r["statistic"]], plain(r["observed"]),
               f"{plain(r['median'])} ({span(r['low'], r['high'])})" if math.isfinite(r["median"]) else plain(r["median"]),
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
        sections.append(Section("Recovery test", [], drawn, [
            Table(["parameter", "level", "held the truth", "sampling error allows"],
                  [[title_of(str(r["parameter"])), percent(r["level"]), percent(r["held"]),
                    f"{percent(r['from'])} to {percent(r['to'])}"] for r in held.to_dict("records")])]))
    return Study("calibration to observed adoption", headline_of(found), done, sections, [
        "A good fit is no proof: other models, and other parameters than those fitted, may make the same curve.",
        "All parameters that are not fitted keep the values of the scenario, as if they were known.",
        *([] if found.recovered is not None else [
            "No recovery test was made for these data; add one with --recover 40 (it costs as many calibrations)."])])
