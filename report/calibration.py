"""Figures and the page of a calibration."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from letsdance.experiments.adopters import abc_smc
from letsdance.experiments.adopters.calibrate import Calibration
from letsdance.experiments.adopters.identification import (
    UNKNOWN,
    called,
    cannot_tell,
    found_in_words,
    headline_of,
    in_waves,
    plain,
    recovery_in_words,
    span,
    titled,
)
from letsdance.experiments.adopters.observed import Seen
from letsdance.experiments.outcomes import Outcome
from letsdance.report.following import alternative, how_seen
from letsdance.report.outcomes import what
from letsdance.report.sheet import WIDE, Figure, Panel, quarter_ticks, scale, share_ticks, shorten, wrap
from letsdance.report.study import Section, Study, Table
from letsdance.report.style import (
    COLOURS,
    ENGLISH,
    GRID,
    INK,
    PAPER,
    SOFT,
    capital,
    decimal,
    percent,
    percent_sign,
    start_titled,
    tint,
)
from letsdance.words import Text

if TYPE_CHECKING:
    import pandas as pd

_MAIN, _SECOND = COLOURS["lets_dance"], COLOURS["lone_ranger"]
_MOST_CURVES = 4


def _narrow(width: float) -> bool:
    return width < 600


# ---------------------------------------------------------------- a calibration

def predictive(found: Calibration, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """The data as dots over what new runs of the fitted model predict: 50, 80 and 95 %."""
    seen = found.case.seen[:_MOST_CURVES]
    held, periods = found.inside
    figure = Figure(text("report.fitted_seen"), text("report.fitted_seen_says", held=held, periods=periods), width)
    top = figure.head(text(f"report.fitted_seen_head_{'use' if all(one.active for one in seen) else 'adopted'}"))
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
        panel.scale_y([(k / 4 * high, text.typed(25 * k * high) + percent_sign(text) if k else "0") for k in range(5)])
        panel.scale_x(_ticks(one.t[0], one.t[-1], 4 if _narrow(width) or columns > 1 else 8, text, 1))
        panel.heading(capital(text(f"report.fitted_{'could' if one.sized else 'shares'}", called=called(one, text),
                                   n=text.number(one.population))))
        levels = np.quantile(predicted, [0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975], axis=0)
        t = one.t.astype(np.float64)
        for i, strength in ((0, 0.14), (1, 0.28), (2, 0.46)):
            panel.band(t, levels[i], levels[6 - i], tint(_MAIN, strength), 1.0)
        panel.line(t, levels[3], _MAIN, 2.2)
        for x, share in zip(t, one.share, strict=True):
            figure.disc(float(panel.at_x(x)), float(panel.at_y(share)), 4.2, INK, edge=PAPER, edge_width=1.2)
        if columns == 1:
            panel.labels([(float(levels[6, -1]), text.percent(0.95), _MAIN),
                          (float(levels[3, -1]), text("report.forecast_median"), _MAIN)], right - 8)
        figure.text(panel.x, panel.y + panel.height + 40, text("report.adopters_head_period"), 13, SOFT)
    figure.foot(top + 34 + math.ceil(len(seen) / columns) * (height + 84) - 42, text("report.fitted_foot"))
    return figure


def in_waves_predicted(found: Calibration, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """What was seen in waves, as dots beside what new runs of the fitted model would answer: a panel each signal."""
    told = found.waves
    figure = Figure(text("report.fitted_waves_title"),
                    text("report.fitted_waves_says", held=int(told["inside"].sum()), n=len(told)), width)
    top = figure.head(text("report.fitted_waves_head"))
    signals = list(dict.fromkeys(told["signal"]))
    columns = 1 if _narrow(width) or len(signals) == 1 else 2
    cell, height, last = width / columns, 190.0, int(told["quarter"].max())
    for k, name in enumerate(signals):
        row, column = divmod(k, columns)
        rows = told[told["signal"] == name]
        high, ticks = (1.0, share_ticks(text)) if Outcome(name).unit == "share" else scale(
            1.1 * float(rows[["observed", "high"]].to_numpy().max()), text)
        panel = Panel(figure, column * cell + 56, top + 34 + row * (height + 76), cell - 84, height,
                      (-0.5, max(last, 4) + 0.5), (0.0, high))
        panel.scale_y(ticks)
        panel.scale_x(quarter_ticks(max(last, 4)))
        panel.heading(capital(what(Outcome(name), text)))
        for _, one in rows.iterrows():
            x = float(panel.at_x(one["quarter"]))
            y = {part: float(panel.at_y(min(max(one[part], 0.0), high))) for part in ("low", "median", "high", "observed")}
            figure.line([(x, y["low"]), (x, y["high"])], tint(_MAIN, 0.4), 9)
            figure.line([(x - 7, y["median"]), (x + 7, y["median"])], _MAIN, 2.2)
            figure.disc(x, y["observed"], 4.2, INK, edge=PAPER, edge_width=1.2)
    figure.foot(top + 34 + math.ceil(len(signals) / columns) * (height + 76) - 36, text("report.fitted_foot"))
    return figure


def _ticks(first: float, last: float, most: int, text: Text, least: float = 0.0) -> list[tuple[float, str]]:
    """Round values from first to last, `most` steps at the most and none smaller than `least`."""
    steps = (digit * 10.0**k for k in range(-4, 9) for digit in (1, 2, 5))
    step = next(s for s in steps if s >= least and (last - first) / s <= most)
    at = [k * step for k in range(math.ceil(first / step - 1e-9), math.floor(last / step + 1e-9) + 1)]
    return [(t, text.typed(t).replace("-", "−")) for t in at]


def parameters(found: Calibration, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """Each parameter's posterior within its prior, and how much narrower it is."""
    table = found.table
    most = table.loc[table["narrowing"].idxmin()]
    told = float(most["narrowing"]) <= UNKNOWN
    some = "" if told else "_not"
    figure = Figure(text(f"report.fitted_each{some}"), text(
        f"report.fitted_each_says{some}", title=titled(str(most["parameter"]), text),
        share=percent(float(most["narrowing"]), text)), width)
    top = figure.head(text("report.fitted_each_head"))
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
            figure.text(float(panel.at_x(value)), y + 71, plain(value, text), 13, SOFT, anchor=anchor)  # type: ignore[arg-type]
        if narrow:
            figure.text(2, y - 8, shorten(f"{titled(name, text)} ({name})", width - 8, 14, True), 14, INK, True)
        else:
            lines = wrap(titled(name, text), left - 24, 14, True)[:2]
            for i, part in enumerate(lines):
                figure.text(left - 16, y + 20 + 18 * i, part, 14, INK, True, "end")
            figure.text(left - 16, y + 20 + 18 * len(lines), name, 13, SOFT, anchor="end")
        figure.text(width - 4, y + 40, percent(float(line["narrowing"]), text), 17, _MAIN, True, "end")
    figure.foot(top + len(found.case.free) * row + 4, text("report.fitted_foot"))
    return figure


def ridge(found: Calibration, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """The two parameters that are known together rather than each."""
    (i, j, r), names = found.strongest_pair, list(found.case.free)
    tied = abs(r) >= 0.5
    some = "" if tied else "_not"
    a, b = titled(names[i], text), titled(names[j], text)
    figure = Figure(text(f"report.fitted_together{some}"),
                    text(f"report.fitted_together_says{some}", a=a, b=b, r=decimal(r, 1, text)), width)
    top = figure.head(text("report.fitted_together_head", a=f"{a} ({names[i]})", b=f"{b} ({names[j]})"))
    (low_x, high_x), (low_y, high_y) = (found.case.free[names[k]] for k in (i, j))
    panel = Panel(figure, 56, top + 10, width - 76, 260 if _narrow(width) else 330, (low_x, high_x), (low_y, high_y))
    panel.scale_y(_ticks(low_y, high_y, 5, text))
    across = _ticks(low_x, high_x, 4 if _narrow(width) else 8, text)
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
    figure.foot(panel.y + panel.height + 28, text("report.fitted_foot"))
    return figure


def recovery(found: Calibration, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """Synthetic cases: what was true, and the 80 % intervals that came out."""
    made = found.recovered
    assert made is not None
    figure = Figure(text("report.fitted_finds"), recovery_in_words(made, text), width)
    top = figure.head(text("report.fitted_finds_head"))
    names = list(found.case.free)
    columns = 1 if _narrow(width) else 2
    cell, height = width / columns, 200.0
    for k, name in enumerate(names):
        row, column = divmod(k, columns)
        low, high = found.case.free[name]
        ends = (low, high)
        panel = Panel(figure, column * cell + 56, top + 30 + row * (height + 66), cell - 80, height, ends, ends)
        ticks = _ticks(low, high, 5, text)
        panel.scale_y(ticks)
        panel.scale_x(ticks)
        panel.heading(titled(name, text))
        panel.line(np.array([low, high]), np.array([low, high]), SOFT, 1.4, (2, 4))
        for _, one in made[made["parameter"] == name].iterrows():
            held = one["low_80"] <= one["truth"] <= one["high_80"]
            x, colour = float(panel.at_x(one["truth"])), _MAIN if held else _SECOND
            figure.line([(x, float(panel.at_y(one["low_80"]))), (x, float(panel.at_y(one["high_80"])))],
                        tint(colour, 0.6), 2)
            figure.disc(x, float(panel.at_y(one["mean"])), 3.6, colour)
    figure.foot(top + 30 + math.ceil(len(names) / columns) * (height + 66) - 36, text("report.fitted_foot"))
    return figure


def of_parameters(found: Calibration, text: Text = ENGLISH) -> Table:
    """What was thought of each parameter, what the data leave, and how much narrower that is."""
    heads = ("parameter", "before", "mean", "80", "95", "spread")
    return Table([text(f"report.fitted_head_{head}") for head in heads], [
        [f"{titled(r['parameter'], text)} ({r['parameter']})", span(r["low"], r["high"], text), plain(r["mean"], text),
         span(r["low_80"], r["high_80"], text), span(r["low_95"], r["high_95"], text), percent(r["narrowing"], text)]
        for r in found.table.to_dict("records")])


def _of_checks(found: Calibration, text: Text) -> Table:
    """Statistics of the data beside those of new runs."""
    several = len(found.case.seen) > 1

    def predicted(row: dict[str, float]) -> str:
        middle = plain(row["median"], text)
        return middle if not math.isfinite(row["median"]) else text("report.with_band", value=middle,
                                                                    band=span(row["low"], row["high"], text))

    heads = (*(["curve"] if several else []), "statistic", "seen", "predicted", "above")
    return Table([text(f"report.fitted_head_{head}") for head in heads], [
        [*([r["unit"]] if several else []), text(f"report.fitted_check_{r['statistic']}"), plain(r["observed"], text),
         predicted(r), decimal(r["p"], 2, text)] for r in found.checks.to_dict("records")],
        text("report.fitted_checks_note"))


def of_waves(found: Calibration, text: Text = ENGLISH) -> Table:
    """What was seen in waves beside what new runs would answer."""
    heads = [text("report.quarter"), text("report.follow_head_what"), text("report.fitted_head_seen"),
             text("report.fitted_head_predicted"), text("report.fitted_head_above")]
    return Table(heads, [
        [str(one.quarter), capital(what(Outcome(one.signal), text)),
         text("report.with_band", value=plain(one.value, text), band=how_seen(one, text)),
         text("report.with_band", value=plain(r["median"], text), band=span(r["low"], r["high"], text)),
         decimal(r["p"], 2, text)] for one, r in zip(found.case.waves, found.waves.to_dict("records"), strict=True)],
        text("report.fitted_waves_note"))


def _of_recovery(found: Calibration, text: Text) -> Table:
    """How often intervals held the truth."""
    heads = ("parameter", "level", "held", "allows")
    return Table([text(f"report.fitted_head_{head}") for head in heads], [
        [titled(str(r["parameter"]), text), percent(r["level"], text), percent(r["held"], text),
         text("report.from_to", low=percent(r["from"], text), high=percent(r["to"], text))]
        for r in abc_smc.coverage(found.recovered).to_dict("records")])


def of_structures(compared: pd.DataFrame, text: Text = ENGLISH) -> Table:
    """Each structure's chance before and at what was seen, and how often it is found where it is true."""
    names = [str(name) for name in compared.columns if name not in ("before", "now", "found")]
    rows = []
    for row in compared.to_dict("records"):
        told = [alternative(name, str(row[name]), text) for name in names]
        rows.append([text.listed([text("number.labelled", label=label, value=value) for label, value in told]),
                     *(percent(float(row[column]), text) for column in ("before", "now", "found"))])
    heads = ("structure", "chance_before", "chance_now", "found")
    return Table([text(f"report.fitted_head_{head}") for head in heads], rows)


def reached(one: Seen, text: Text = ENGLISH) -> str:
    """Where a curve ends."""
    if one.sized:
        return text("report.fitted_reached", n=text.number(one.count[-1]), of=text.number(one.population), t=one.t[-1])
    return text("report.fitted_reached_share", share=text.typed(float(f"{100 * one.share[-1]:.3g}")) + percent_sign(text),
                t=one.t[-1])


def _done(found: Calibration, text: Text) -> list[str]:
    """What was fitted to what, and how."""
    case, clock = found.case, found.case.clock.get("quarters_per_period")
    units = [text("report.with_band", value=called(one, text), band=reached(one, text)) for one in case.seen[:4]]
    units += [in_waves(found, text)] if case.waves else []
    more = text("report.fitted_done_more", n=len(case.seen) - 4) if len(case.seen) > 4 else ""
    return [text("report.fitted_done", start=start_titled(case.scenario, text) or case.scenario.name,
                 units=text.listed(units), more=more, parameters=text.listed([titled(name, text) for name in case.free])),
            text("report.fitted_done_simulations", n=text.number(found.sample.rounds[-1][0]),
                 kept=text.number(len(found.sample.z)), effective=text.number(found.sample.effective)),
            *([] if clock is None or not case.seen else [text("report.fitted_done_clock", n=text.typed(clock))]),
            *([text("report.fitted_done_prior", prior=found.prior)] if found.prior else [])]


def calibration_study(found: Calibration, text: Text = ENGLISH) -> Study:
    """The page of a calibration."""
    tied = len(found.case.free) > 1
    curves, waves = bool(found.case.seen), bool(found.case.waves)
    sections = [
        Section(text("report.fitted_section_seen"), [],
                {**({"predictive": partial(predictive, found, text=text)} if curves else {}),
                 **({"waves": partial(in_waves_predicted, found, text=text)} if waves else {})},
                [*([_of_checks(found, text)] if curves else []), *([of_waves(found, text)] if waves else [])]),
        Section(text("report.fitted_section_say"), found_in_words(found, text),
                {"parameters": partial(parameters, found, text=text)}, [of_parameters(found, text)]),
        Section(text("report.fitted_section_not"), cannot_tell(found, text),
                {"ridge": partial(ridge, found, text=text)} if tied else {})]
    if found.recovered is not None:
        sections.append(Section(text("report.fitted_section_recovery"), [],
                                {"recovery": partial(recovery, found, text=text)}, [_of_recovery(found, text)]))
    if found.structures is not None:
        sections.append(Section(text("report.fitted_section_structures"), [text("report.fitted_structures_note")],
                                tables=[of_structures(found.structures, text)]))
    limits = ("proof", "fixed", *(["recovery"] if found.recovered is None else []))
    return Study(text("report.fitted_kind"), headline_of(found, text), _done(found, text), sections,
                 [text(f"report.fitted_limit_{limit}") for limit in limits], text("report.of_the_model"), text)
