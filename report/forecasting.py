"""Figures and pages of forecasts of late adoption and of their backtests."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from letsdance.experiments.adopters.backtest import MEASURES, MODELS, OURS, Backtest
from letsdance.experiments.adopters.prior import Prior
from letsdance.report.sheet import Figure, Panel, scale
from letsdance.report.study import Section, Study, Table
from letsdance.report.style import COLOURS, ENGLISH, GRID, INK, PAPER, SOFT, counted, decimal, percent, percent_sign, tint
from letsdance.words import Text

if TYPE_CHECKING:
    import pandas as pd

    from letsdance.experiments.adopters.composition import Units
    from letsdance.experiments.adopters.forecast import Forecast
    from letsdance.experiments.adopters.stocks import Forecast as Shares
    from letsdance.experiments.adopters.who import Who

_MOST = 6  # fan charts on a page
_MAIN, _SECOND = COLOURS["lets_dance"], COLOURS["lone_ranger"]


# ---------------------------------------------------------------- words

def when(forecast: Forecast, share: float, text: Text = ENGLISH) -> str:
    """'2031 (2024 to 2050)', 'reached in 1998', or 'more likely not by 2117 (if at all, about 2040)': median and 80 %
    interval of the time at which the paths cross, those counted that never do."""
    at, last = forecast.history.reaches(share), forecast.t[-1]
    if at is not None:
        return text("report.forecast_reached", when=forecast.history.first + at)
    low, middle, high = forecast.times(share)
    if not math.isfinite(low):
        return text("report.forecast_not_by", last=last)
    if not math.isfinite(middle):
        some = forecast.if_reached(share, [0.5])
        return text("report.forecast_unlikely", last=last) if some is None else text(
            "report.forecast_unlikely_about", last=last, when=f"{some[0]:.0f}")
    if not math.isfinite(high):
        return text("report.forecast_time_open", middle=f"{middle:.0f}", low=f"{low:.0f}", last=last)
    return text("report.forecast_interval", middle=f"{middle:.0f}", low=f"{low:.0f}", high=f"{high:.0f}")


def _late(text: Text) -> str:
    """The share at which nearly all have adopted, as it is written."""
    return text.typed(97.5) + percent_sign(text)


def heads(names: Sequence[str], text: Text = ENGLISH) -> list[str]:
    """The heads of a table of forecasts."""
    return [text(f"report.{name}", late=_late(text)) for name in names]


def says(forecast: Forecast, text: Text = ENGLISH) -> str:
    """What the forecast of one cascade says, in one or two sentences."""
    history = forecast.history
    now = {"share": percent(history.adopters / history.population, text), "last": history.last}
    if history.reaches(0.84) is not None:
        return text("report.forecast_says_passed", **now, late=_late(text), when=when(forecast, 0.975, text))
    return text("report.forecast_says", **now, when=when(forecast, 0.84, text), periods=forecast.paths.shape[1],
                stalls=percent(forecast.stalls(), text))


# ---------------------------------------------------------------- figures

def _ticks(first: int, last: int, most: int) -> list[tuple[float, str]]:
    span = max(last - first, 1)
    step = next(s for k in range(9) for s in (10**k, 2 * 10**k, 5 * 10**k) if span / s <= most)
    return [(t, str(t)) for t in range(math.ceil(first / step) * step, last + 1, step)]


def fan(forecast: Forecast, width: float, text: Text = ENGLISH) -> Figure:
    """History, median, 50 and 80 % bands, and when 84 % will have adopted."""
    history, narrow = forecast.history, width < 600
    N = history.population
    figure = Figure(text(f"report.forecast_may{'_cascade' if history.name.isdigit() else ''}", name=history.name),
                    says(forecast, text), width)
    top = figure.head(text("report.forecast_head"))
    late = forecast.time_to(0.975)
    far = np.quantile(late, 0.9, method="inverted_cdf")
    end = int(min(forecast.t[-1], max(far + 5, history.last + 20) if math.isfinite(far) else forecast.t[-1]))
    right = 74 if narrow else 112
    panel = Panel(figure, 52, top + 12, width - 52 - right, 230 if narrow else 330, (history.first, end), (0, 1))
    panel.scale_y([(v, text.percent(v) if v else "0") for v in (0, 0.25, 0.5, 0.75, 1)])
    panel.scale_x(_ticks(history.first, end, 4 if narrow else 8))
    known = end - history.last + 1
    t = np.concatenate([[history.last], forecast.t])[:known]
    low, lower, middle, upper, high = (np.concatenate([[history.adopters], q])[:known] / N for q in forecast.quantiles())
    panel.band(t, low, high, tint(_MAIN, 0.18), 1.0)
    panel.band(t, lower, upper, tint(_MAIN, 0.38), 1.0)
    x = float(panel.at_x(history.last))
    figure.line([(x, panel.y), (x, panel.y + panel.height)], SOFT, 1, (4, 4))
    figure.text(x + 6, panel.y + panel.height - 8, text("report.forecast_here"), 13, SOFT, halo=PAPER)
    panel.line(t, middle, _MAIN)
    panel.line(history.t, history.cum / N, INK)
    _mark(figure, panel, forecast, end, text)
    _ends(panel, [line[-1] for line in (low, middle, high)], right - 10, text)
    return figure


def _ends(panel: Panel, at: Sequence[float], room: float, text: Text) -> None:
    """What the lines of a fan are, at their ends, and what stands below it."""
    labels = [text.percent(0.1), text("report.forecast_median"), text.percent(0.9)]
    panel.labels([(float(value), label, _MAIN) for value, label in zip(at, labels, strict=True)][::-1], room)
    below = panel.y + panel.height
    panel.figure.text(panel.x, below + 40, text("report.adopters_head_period"), 13, SOFT)
    panel.figure.foot(below + 44, text("report.forecast_foot"))


def _mark(figure: Figure, panel: Panel, forecast: Forecast, end: int, text: Text) -> None:
    """The 84 % line, with the 80 % interval of when it is crossed."""
    y = float(panel.at_y(0.84))
    figure.line([(panel.x, y), (panel.x + panel.width, y)], _SECOND, 1, (2, 3))
    figure.text(panel.x + 4, y - 5, text.percent(0.84), 13, _SECOND, True, halo=PAPER)
    if forecast.history.reaches(0.84) is not None:
        return
    low, middle, high = forecast.times(0.84)
    if low <= end:
        figure.line([(float(panel.at_x(low)), y), (float(panel.at_x(min(high, end))), y)], _SECOND, 4)
    if middle <= end:
        figure.disc(float(panel.at_x(middle)), y, 6, _SECOND, edge=PAPER)


def scoreboard(test: Backtest, width: float, text: Text = ENGLISH) -> Figure:
    """How much worse or better than ours each rival was, with two standard errors."""
    narrow = width < 600
    figure = Figure(_best_title(test, text), test.verdict(text), width)
    top = figure.head(text("report.back_board_head"))
    gaps = test.differences()
    rivals = [model for model in MODELS if model in set(gaps["model"])]
    rows = len(rivals)
    left, row, cell = 118, 34, (width if narrow else width / 2)
    for k, measure in enumerate(("crps", "mae")):
        part = gaps[gaps["measure"] == measure].set_index("model")
        middle, error = (100 * part.loc[rivals, name].to_numpy(float) for name in ("difference", "se"))
        error = np.nan_to_num(error)
        highest, ticks = scale(float(max((middle + 2 * error).max(), 1)))
        lowest = min(float((middle - 2 * error).min()), 0.0)
        step = ticks[1][0]
        lowest = -math.ceil(-lowest / step - 1e-9) * step
        x = (0 if narrow else k * cell) + left
        y = top + 30 + (k * (rows * row + 84) if narrow else 0)
        panel = Panel(figure, x, y, cell - left - 70, rows * row, (lowest, highest), (0, rows))
        panel.heading(text(f"report.back_board_{measure}"))
        for value in np.arange(lowest, highest + step / 2, step):
            place = float(panel.at_x(value))
            zero = abs(value) < step / 2
            figure.line([(place, y), (place, y + panel.height)], SOFT if zero else GRID, 1.6 if zero else 1)
        marks = [(v, ("−" if v < 0 else "") + text.typed(abs(v))) for v in np.arange(lowest, highest + step / 2, step)]
        panel.scale_x(marks[::2] if len(marks) > 6 else marks)
        for i, model in enumerate(rivals):
            here, colour = y + (i + 0.5) * row, _MAIN if middle[i] > 0 else _SECOND
            figure.text(x - 10, here + 5, text(f"report.back_model_{model}"), 14, INK, anchor="end")
            ends = [float(panel.at_x(middle[i] + side * 2 * error[i])) for side in (-1, 1)]
            figure.line([(ends[0], here), (ends[1], here)], colour, 4)
            figure.disc(float(panel.at_x(middle[i])), here, 6, colour, edge=PAPER)
            figure.text(panel.x + panel.width + 10, here + 5, _signed(middle[i], text), 14, colour, True)
    figure.foot(top + 30 + (2 if narrow else 1) * (rows * row + 84) - 50, text("report.back_foot"))
    return figure


def _best_title(test: Backtest, text: Text) -> str:
    return text("report.back_best" if test.told else "report.back_best_none")


def _signed(value: float, text: Text) -> str:
    return text.signed(value, 1) if abs(value) >= 0.05 else "0"


def calibration(test: Backtest, width: float, text: Text = ENGLISH) -> Figure:
    """How often intervals of each level held the truth."""
    narrow = width < 600
    held = test.calibration().pivot(index="model", columns="level", values="held")
    levels = held.columns.to_numpy(float)
    ours, bass = (float(held.loc[m, 0.8]) for m in (OURS, "bass"))
    figure = Figure(text("report.back_levels_title"),
                    text("report.back_levels_says", level=text.percent(0.8), ours=percent(ours, text),
                         bass=percent(bass, text)), width)
    top = figure.head(text("report.back_levels_head"))
    right = 130
    panel = Panel(figure, 56, top + 12, width - 56 - right, 260 if narrow else 320, (levels[0], levels[-1]), (0, 1))
    panel.scale_y([(v, percent(v, text) if v else "0") for v in (0, 0.25, 0.5, 0.75, 1)])
    panel.scale_x([(v, percent(v, text)) for v in (levels[[0, 2, 3, 5]] if narrow else levels)])
    panel.line(levels, levels, SOFT, 1.4, (2, 4))
    colours = {OURS: _MAIN, "bass": _SECOND, "reference": COLOURS["dead_horse"]}
    for model in (m for m in held.index if m not in colours):
        panel.line(levels, held.loc[model].to_numpy(float), tint(SOFT, 0.55), 1.4)
    for model in (m for m in reversed(list(colours)) if m in held.index):
        panel.line(levels, held.loc[model].to_numpy(float), colours[model], 3.2 if model == OURS else 2)
    panel.labels([(float(held.loc[m].iloc[-1]), text(f"report.back_model_{m}"), colours.get(m, SOFT))
                  for m in held.index], right - 8)
    figure.text(panel.x, panel.y + panel.height + 40, text("report.back_level"), 13, SOFT)
    figure.foot(panel.y + panel.height + 44, text("report.back_foot"))
    return figure


# ---------------------------------------------------------------- pages

def forecast_study(made: Sequence[Forecast], prior: Prior | None, text: Text = ENGLISH,
                   units: Units | None = None) -> Study:
    """The page of forecasts: a table of all, fan charts of the first six."""
    rows = [[f.history.name, adopted(f, text), str(f.history.last), when(f, 0.84, text), when(f, 0.975, text),
             percent(f.stalls(), text) if f.history.reaches(0.84) is None else text("report.forecast_passed")]
            for f in made]
    figures: dict[str, Callable[[float], Figure]] = {
        f"fan_{k}": partial(fan, f, text=text) for k, f in enumerate(made[:_MOST], start=1)}
    more = [] if len(made) <= _MOST else [text("report.forecast_drawn", n=_MOST, of=text.number(len(made)))]
    stalled = sum(f.history.reaches(0.84) is None and f.stalls() > 0.5 for f in made)
    headline = says(made[0], text) if len(made) == 1 else text(
        f"report.forecast_headline_{_many(stalled)}", n=text.number(stalled), of=text.number(len(made)))
    columns = heads(("forecast_head_cascade", "adopters_head_adopted", "forecast_head_by", "forecast_head_84",
                     "forecast_head_97", "forecast_head_not"), text)
    done = [text("report.forecast_done"), _prior(prior, text)]
    done += [] if units is None else [text(f"report.forecast_units_{units.state}", n=units.tried)]
    return Study(text("report.forecast_kind"), headline, done, [
        Section(text("report.forecast_come"), more, figures),
        Section(text("report.forecast_times"), [text("report.forecast_times_says")], {}, [Table(columns, rows)])],
        [text(f"report.forecast_limit_{limit}") for limit in ("law", "rows", "stalling")], text("report.forecast_caveat"),
        text)


def adopted(made: Forecast, text: Text = ENGLISH) -> str:
    """'12 of 50': how many have adopted so far."""
    return text("report.forecast_of", n=text.number(made.history.adopters), of=text.number(made.history.population))


def _many(count: int) -> str:
    """Which sentence counts so many."""
    return {0: "none", 1: "one"}.get(count, "many")


def share_fan(made: Shares, width: float, text: Text = ENGLISH) -> Figure:
    """A unit's share in use, and the median, 50 and 80 % bands of what may come."""
    series, narrow = made.series, width < 600
    figure = Figure(text("report.forecast_may", name=series.unit), made.says(text), width)
    top = figure.head(text("report.shares_head"))
    low, lower, middle, upper, high = (np.concatenate([[series.share[-1]], q]) for q in made.quantiles())
    most, ticks = scale(100 * min(1.0, float(max(high.max(), series.share.max()))), text)
    right = 74 if narrow else 112
    panel = Panel(figure, 52, top + 12, width - 52 - right, 230 if narrow else 330,
                  (float(series.period[0]), float(made.t[-1])), (0, most / 100))
    panel.scale_y([(value / 100, f"{label}{percent_sign(text)}" if value else label) for value, label in ticks])
    panel.scale_x(_ticks(int(series.period[0]), int(made.t[-1]), 4 if narrow else 8))
    t = np.concatenate([[series.period[-1]], made.t])
    panel.band(t, low, high, tint(_MAIN, 0.18), 1.0)
    panel.band(t, lower, upper, tint(_MAIN, 0.38), 1.0)
    x = float(panel.at_x(series.period[-1]))
    figure.line([(x, panel.y), (x, panel.y + panel.height)], SOFT, 1, (4, 4))
    panel.line(t, middle, _MAIN)
    panel.line(series.period, series.share, INK)
    _ends(panel, [line[-1] for line in (low, middle, high)], right - 10, text)
    return figure


def shares_study(made: Sequence[Shares], text: Text = ENGLISH) -> Study:
    """The page of forecasts of shares in use: a table of all, fan charts of the first six."""
    ends = [f.quantiles((0.1, 0.5, 0.9))[:, -1] for f in made]
    rows = [[f.series.unit, text("report.shares_in", share=percent(float(f.series.share[-1]), text),
                                 period=f.series.period[-1]), str(f.t[-1]),
             text("report.forecast_interval", **{name: percent(float(value), text) for name, value in
                                                 zip(("low", "middle", "high"), quantiles, strict=True)}),
             *(text("report.shares_not_told") if name in f.flows.at_edge else
               text.number(100 * getattr(f.flows, name), 1) + percent_sign(text) for name in "pd")]
            for f, quantiles in zip(made, ends, strict=True)]
    rising = sum(float(m) > float(f.series.share[-1]) for f, (_, m, _) in zip(made, ends, strict=True))
    more = [] if len(made) <= _MOST else [text("report.shares_drawn", n=_MOST, of=text.number(len(made)))]
    columns = heads(("shares_head_unit", "shares_head_use", "adopters_head_period", "shares_head_median",
                     "shares_head_begin", "shares_head_stop"), text)
    return Study(text("report.shares_kind"), made[0].says(text) if len(made) == 1 else text(
        f"report.shares_headline_{_many(rising)}", n=text.number(rising), of=text.number(len(made)),
        periods=len(made[0].t)), [text("report.shares_done")], [
        Section(text("report.forecast_come"), more,
                {f"fan_{k}": partial(share_fan, f, text=text) for k, f in enumerate(made[:_MOST], start=1)}),
        Section(text("report.shares_where"), [], {}, [Table(columns, rows, text("report.shares_note"))])],
        [text("report.shares_limit_net"), text("report.shares_limit_law")], text("report.forecast_caveat"), text)


def _prior(prior: Prior | None, text: Text) -> str:
    """What the forecasts rest on."""
    if prior is None or prior.invented:
        return text(f"report.forecast_prior_{'none' if prior is None else 'invented'}")
    return text("report.forecast_prior_typed") if prior.learnt is None else text(
        "report.forecast_prior_learnt", n=prior.learnt.get("cascades", "?"))


def _counted_in(name: str) -> int:
    """What a measure is multiplied by: points of the population, or periods."""
    return 1 if name == "time_84" else 100


def _with_error(value: float, error: float, text: Text, sign: bool) -> str:
    """'2.1 ± 0.4', with its sign where it is a difference."""
    if not math.isfinite(value):
        return text("report.back_not_measured")
    said = _signed(value, text) if sign else decimal(value, text=text)
    return f"{said} ± {decimal(error, text=text) if math.isfinite(error) else '?'}"


def _gap(part: pd.DataFrame, name: str, text: Text) -> str:
    """'+2.1 ± 0.4': a paired difference, in points or periods."""
    value, error = (_counted_in(name) * float(part.loc[name, column]) if name in part.index else math.nan
                    for column in ("difference", "se"))
    return _with_error(value, error, text, True)


def backtest_study(test: Backtest, text: Text = ENGLISH) -> Study:
    """The page of a backtest."""
    rows = [[text(f"report.back_model_{row['model']}"), *(
        _with_error(_counted_in(name) * row[name], _counted_in(name) * row[f"{name}_se"], text, False)
        for name in MEASURES), str(row["forecasts"]), text(f"report.back_supposes_{row['model']}")]
            for row in test.summary().to_dict("records")]
    stages = test.scores[test.scores["model"] == OURS].groupby("stage")[["mae", "crps", "coverage"]].mean()
    by_stage = [[percent(float(str(stage)), text), *(decimal(100 * v, text=text) for v in row)] for stage, row in
                zip(stages.index, stages.to_numpy(), strict=True)]
    gaps = [[text(f"report.back_model_{model}"), *(_gap(part, name, text) for name in MEASURES)] for model, part in
            test.differences().set_index("measure").groupby("model", sort=False)]
    cut = "stages" if test.every is None else "each" if test.every == 1 else "every"
    missed = [text("report.back_skipped", n=test.skipped)] if test.skipped else []
    measures = [text(f"report.back_head_{name}") for name in MEASURES]
    return Study(text("report.back_kind"), test.verdict(text), [
        text(f"report.back_done_{cut}", n=test.cascades, every=test.every, late=text.percent(0.84)),
        text(f"report.back_prior_{test.prior}"), *missed], [
        Section(_best_title(test, text), [], {"scoreboard": partial(scoreboard, test, text=text)},
                [Table([text("report.back_head_model"), *measures, text("report.back_head_forecasts"),
                        text("report.back_head_supposes")], rows, text("report.back_means_note")),
                 Table([text("report.back_head_less"), *measures], gaps, text("report.back_gaps_note"))]),
        Section(text("report.back_intervals"), [], {"calibration": partial(calibration, test, text=text)}),
        Section(text("report.back_by_stage"), [], {}, [Table(
            [text("report.back_head_cut" if test.every is None else "report.back_head_past"), *measures[:3]], by_stage,
            text("report.back_our_forecast"))])],
        [text(f"report.back_limit_{limit}") for limit in ("time", "kind", "whole")], text("report.back_caveat"), text)


# ---------------------------------------------------------------- who

#: What orders units (`who.backtest`), in words; covariates are called as their table calls them.
_ORDERS = {"ours": "ours", "as before": "as_before", "learnt network": "network", "neighbours": "neighbours"}


def who_study(made: Who, tried: pd.DataFrame | None, text: Text = ENGLISH) -> Study:
    """The page of who adopts next: a table of units and chances, and how well such orders did."""
    some = sorted({0, len(made.t) // 2, len(made.t) - 1})
    rows = [[str(k + 1), unit, *(percent(float(made.chances[k, h]), text) for h in some)]
            for k, unit in enumerate(made.units)]
    columns = ["", text("report.who_unit"), *(text("report.who_by", t=made.t[h]) for h in some)]
    sections = [Section(text("report.who_order"), [], {"who": partial(who_bars, made, text=text)}, [Table(columns, rows)])]
    if tried is not None:
        names = [name for name in tried.columns if name not in ("cascade", "share", "origin", "open")]
        means = tried.groupby("share")[names].mean()
        called = [text(f"report.who_{_ORDERS[name]}") if name in _ORDERS else name for name in names]
        sections.append(Section(text("report.who_well"), [text("report.who_c_index", half=text.typed(0.5))], {}, [
            Table([text("report.who_past"), *called], [
                [percent(float(str(share)), text), *(text.number(float(value), 3) for value in row)]
                for share, row in zip(means.index, means.to_numpy(), strict=True)])]))
    first, last = float(made.chances[0, -1]), float(made.chances[-1, -1])
    said = {"cascade": made.cascade, "t": made.t[-1], "first": made.units[0], "last": made.units[-1],
            "high": percent(first, text), "low": percent(last, text), "n": text.number(len(made.units))}
    return Study(text("report.who_kind"), text(f"report.who_headline{'' if first > last else '_alike'}", **said),
                 [text(f"report.who_done{'' if not made.tried else '_one' if made.tried == 1 else '_past'}",
                       faster=decimal(made.faster, 2, text), n=counted(made.tried, text))], sections,
                 [text("report.who_limit")], text("report.who_caveat"), text)


def who_bars(made: Who, width: float, text: Text = ENGLISH) -> Figure:
    """The chance of each unit by the last period, the earliest first; at most thirty."""
    narrow, shown, row = width < 600, min(len(made.units), 30), 22
    said = {"cascade": made.cascade, "t": made.t[-1], "n": shown, "of": text.number(len(made.units))}
    figure = Figure(text("report.who_title", **said), text("report.who_says"), width)
    top = figure.head(text("report.who_head" if shown == len(made.units) else "report.who_head_some", **said))
    left = 110 if narrow else 170
    panel = Panel(figure, left, top + 10, width - left - 60, shown * row, (0, 1), (0, shown))
    panel.scale_x([(v, percent(v, text)) for v in ((0, 0.5, 1) if narrow else (0, 0.25, 0.5, 0.75, 1))])
    for k in range(shown):
        y, x = panel.y + (k + 0.5) * row, float(panel.at_x(float(made.chances[k, -1])))
        figure.text(left - 8, y + 5, made.units[k][:22], 13, INK, anchor="end")
        figure.line([(left, y), (x, y)], tint(_MAIN, 0.38), 8)
        figure.text(x + 6, y + 5, percent(float(made.chances[k, -1]), text), 13, SOFT)
    figure.foot(panel.y + panel.height + 36, text("report.forecast_foot"))
    return figure
