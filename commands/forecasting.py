"""`letsdance adopters fit, learn, forecast, backtest`: classic curves, and forecasts of late adoption."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from letsdance.commands.adopting import Never, adopters
from letsdance.commands.screen import Json, Language, Overwrite, console, idle, print_table, progress, say
from letsdance.commands.telling import keep, records, written

if TYPE_CHECKING:
    from letsdance.experiments.adopters.composition import Units
    from letsdance.experiments.adopters.forecast import Forecast
    from letsdance.experiments.adopters.prior import Prior
    from letsdance.experiments.adopters.stocks import Series
    from letsdance.scenarios.tables import Sheet
    from letsdance.words import Text

History = Annotated[Path, typer.Argument(help="CSV: t, new or cum, and where they differ task_id and population.")]
Population = Annotated[int | None, typer.Option(help="How many could adopt, where no column population says it.")]
PriorFile = Annotated[Path | None, typer.Option(
    help="What `learn` wrote [default: a prior learnt from invented curves; no data].")]
Luck = Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Seed; equal seeds give equal numbers.")]
_SHOWN = 20


@adopters.command()
def fit(
    history: History, population: Population = None,
    curve: Annotated[list[str] | None, typer.Option(
        help="bass, logistic or gompertz; may be repeated [default: all].")] = None,
    method: Annotated[str, typer.Option(
        help="ml (maximum likelihood), ls (least squares on each period's count) or slope (on the curve's slope).")] = "ml",
    level: Annotated[float, typer.Option(help="Level of the intervals.")] = 0.95, text: Language = "en",
    as_json: Json = False,
) -> None:
    """Fit Bass, logistic and Gompertz curves, with intervals."""
    from letsdance.experiments.adopters import curves
    from letsdance.experiments.adopters.history import read
    from letsdance.params import Refused

    if not 0 < level < 1:
        raise Refused("the level must lie between 0 and 1, not {level:g}.", level=level)
    said, rows = [], []
    untold: list[str] = []
    for cascade in read(history, population):
        for name in curve or curves.CURVES:
            made = curves.fit(cascade, name, method)
            kind = "profile" if method == "ml" else "wald"
            edge = made.at_edge  # the data do not tell these: an interval would be one of the search
            found = {k: (v, *made.interval(k, level, kind)) for k, v in made.estimates.items() if k != "ceiling"}
            one = text("report.fit_curve", cascade=cascade.name, curve=text(f"report.back_model_{name}"))
            if wide := [k for k, (_, a, _b) in found.items() if k not in edge and math.isnan(a)]:
                untold.append(text("report.fit_untold", curve=one, names=text.listed(wide)))
            if edge:
                untold.append(text("report.adopters_said_edge", curve=one, names=text.listed(list(edge))))
            late = made.time_to(0.84)
            said.append({"task_id": cascade.name, "curve": name, "method": method, "level": level,
                         "estimates": {k: {"value": v, "low": a if math.isfinite(a) else None,
                                           "high": b if math.isfinite(b) else None} for k, (v, a, b) in found.items()},
                         "at_edge": list(edge),
                         "goodness": made.goodness, "periods_to_84": late if math.isfinite(late) else None})
            rows.append([cascade.name, text(f"report.back_model_{name}"), ", ".join(
                _estimate(k, found[k], k in edge, text) for k in list(found)[:2]),
                         text("report.interval", **{end: text.percent(v) for end, v in
                                                    zip(("mean", "low", "high"), found["share"], strict=True)}),
                         text.number(late) if math.isfinite(late) else text("report.fit_never")])
    if as_json:
        typer.echo(json.dumps({"fits": said, "says": untold}))
        return
    print_table(text("report.fit_printed", method=text(f"report.fit_method_{method}"), level=text.percent(level)),
                [text(f"report.{head}") for head in ("forecast_head_cascade", "adopters_head_curve", "fit_head_parameters",
                                                     "fit_head_ever", "fit_head_periods")], rows)
    for line in [*untold, text("report.fit_supposes")]:
        console().print(line, highlight=False)


def _estimate(name: str, found: tuple[float, float, float], at_edge: bool, text: Text) -> str:
    """'p 0.03 (0.01 to 0.05)', or why it has no interval."""
    value, low, high = (text.typed(float(f"{end:.3g}")) if math.isfinite(end) else "" for end in found)
    if at_edge or not low:
        why = text("report.adopters_at_edge" if at_edge else "report.fit_not_told")
        return text("report.with_band", value=f"{name} {value}", band=why)
    return f"{name} {text('report.interval', mean=value, low=low, high=high)}"


@adopters.command()
def learn(
    past: History, out: Annotated[Path, typer.Option(help="The prior to write (JSON).")], population: Population = None,
    as_told: Annotated[bool, typer.Option("--as-told", help="Each cascade is known until its last row, even where nearly "
                                          "all end with an adoption.")] = False,
    seed: Luck = 0, text: Language = "en", overwrite: Overwrite = False, as_json: Json = False,
) -> None:
    """Learn a prior from past cascades. The next ones are then forecast with it."""
    from letsdance.experiments import folder

    folder.check_file(out, overwrite)
    from letsdance.experiments.adopters import history as histories
    from letsdance.experiments.adopters import prior as priors

    cascades = histories.read(past, population, least=1)
    with progress("report.bar_learning", 3 * len(cascades), quiet=as_json) as advance:
        made = priors.learn(cascades, seed=seed, progress=advance, as_told=as_told)
    with folder.whole_file(out, overwrite) as part:
        priors.save(made, part)
    said: dict[str, Any] = {"out": str(out), **(made.learnt or {})}
    if as_json:
        typer.echo(json.dumps(said))
        return
    held = said["coverage_of_80"]["after"]
    lines = [text("report.learn_from" if held is None else "report.learn_held", n=said["cascades"], level=text.percent(0.8),
                  forecasts=said["forecasts"], share="" if held is None else text.percent(held))]
    if said["columns"]:
        lines.append(text("report.learn_helps" if said["columns_help"] else "report.learn_helps_not",
                          which=", ".join(said["columns"])))
    if (until := said["silence_put_back_until"]) is not None:
        lines.append(text("report.learn_silence", until=until, most=priors.PERIODS))
    for line in lines:
        console().print(line, highlight=False)
    say(text("report.forecast_written"), out=out)


@adopters.command("forecast")
def forecast_(
    history: History, population: Population = None, prior: PriorFile = None,
    samples: Annotated[int, typer.Option(help="Sampled futures of each cascade.")] = 500,
    out: Annotated[Path | None, typer.Option(help="CSV to write: task_id, sample, t, cum for 100 periods.")] = None,
    report: Annotated[Path | None, typer.Option(help="Folder to write with fan charts and a page.")] = None,
    edges: Annotated[Path | None, typer.Option(
        help="With a table of units (cascade, unit, time). CSV: source and target; whose adoption a unit sees.")] = None,
    covariates: Annotated[Path | None, typer.Option(
        help="With a table of units. CSV: unit, and columns of numbers.")] = None,
    seed: Luck = 0, text: Language = "en", overwrite: Overwrite = False, as_json: Json = False,
) -> None:
    """Forecast the rest of each curve. Sampled futures, times to 84 and 97.5 %, the chance that it stalls."""
    from letsdance.experiments import folder
    from letsdance.params import Refused

    if out is not None:
        folder.check_file(out, overwrite)
    if report is not None:
        folder.check_target(report, overwrite)
    if not 20 <= samples <= 100_000:
        raise Refused("--samples must lie from 20 to 100,000, not {samples}.", samples=samples)
    from letsdance.experiments.adopters import forecast as forecasting
    from letsdance.experiments.adopters import history as histories
    from letsdance.experiments.adopters import prior as priors

    told = _opened(history)
    if (shares := _shares(told, prior, population)) is not None:
        return _forecast_shares(shares, samples, seed, out, report, overwrite, as_json, text)
    known = None if prior is None else priors.load(prior)
    units = _units(told, edges, covariates, known, seed, as_json)
    cascades, single = forecasting.histories_of(told if units is None else units.histories(), population)
    if single:
        typer.echo("letsdance: " + text("report.forecast_single", n=len(single), of=len(cascades), which=_some(single)),
                   err=True)
    with progress("report.bar_forecasting", len(cascades), quiet=as_json) as advance:
        made = forecasting.forecasts(cascades, known, samples, seed, progress=advance, units=units)
    thin = [one.history.name for one in made if one.effective < forecasting.FEW]
    if thin:
        typer.echo("letsdance: " + text("report.forecast_thin", n=len(thin), of=len(made), which=_some(thin),
                                        few=forecasting.FEW), err=True)
    if out is not None:
        from letsdance.experiments.spreadsheet import to_csv

        with folder.whole_file(out, overwrite) as part:
            for k, one in enumerate(made):
                with part.open("a", encoding="utf-8") as file:
                    file.write(to_csv(forecasting.table([one]), header=not k))
    if report is not None:
        from letsdance.report.forecasting import forecast_study

        keep(report, "forecast", {"seed": seed, "samples": samples, "prior": None if prior is None else prior.name},
             {"history": histories.table(cascades), "quantiles": forecasting.quantile_table(made)},
             forecast_study(made, known, text, units), overwrite, as_json, "--report")
    _tell(made, prior, known is None or known.invented, units, out, report, as_json, text)


def _units(told: Sheet, edges: Path | None, covariates: Path | None, prior: Prior | None, seed: int,
           quiet: bool) -> Units | None:
    """What who has adopted says, where the history is a table of units; else None."""
    from letsdance.experiments.adopters import composition, who

    if not composition.in_table(told):
        idle("--edges", "--covariates", because="the history tells no units (cascade, unit, time)")
        return None
    idle("--population", because="the units are counted")
    known = who.read(told, edges, covariates)
    with progress("report.bar_learning", len(known.cascades), quiet=quiet) as advance:
        return composition.learn(known, prior, seed, advance)


def _some(names: list[str]) -> str:
    """The first three of some names."""
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


def _opened(history: Path) -> Sheet:
    """A file of adoption, read once whatever it holds."""
    from letsdance.scenarios.tables import open_sheet

    return open_sheet(history, "adoption")


def _shares(history: Sheet, prior: Path | None, population: int | None) -> list[Series] | None:
    """Shares in use, which may fall, where the file holds such."""
    from letsdance.experiments.adopters import stocks
    from letsdance.params import Refused

    found = stocks.in_table(history)
    if found is not None and (prior is not None or population is not None):
        raise Refused("{where} holds shares in use, whose flows are learnt from its own units; leave --prior and "
                      "--population out.", where=history.where)
    return found


def _forecast_shares(shares: list[Series], samples: int, seed: int, out: Path | None, report: Path | None,
                     overwrite: bool, as_json: bool, text: Text) -> None:
    from letsdance.experiments import folder
    from letsdance.experiments.adopters import stocks

    model = stocks.calibrated(shares, seed)
    made = [stocks.forecast(one, model, samples=samples, seed=seed) for one in shares]
    if out is not None:
        from letsdance.experiments.spreadsheet import to_csv

        with folder.whole_file(out, overwrite) as part:
            part.write_text(to_csv(stocks.table(made)), encoding="utf-8")
    if report is not None:
        from letsdance.report.forecasting import shares_study

        keep(report, "forecast", {"seed": seed, "samples": samples, "of": "shares in use"},
             {"history": stocks.seen(shares), "quantiles": stocks.quantile_table(made)}, shares_study(made, text),
             overwrite, as_json, "--report")
    if as_json:
        typer.echo(json.dumps({"kind": "share in use", "out": None if out is None else str(out),
                               "report": None if report is None else str(report), "forecasts": [
            {"unit": f.series.unit, "t": f.t.tolist(), "flows": {"outside": f.flows.p, "contagion": f.flows.q,
                                                                 "outflow": f.flows.d},
             "at_edge": [{"p": "outside", "q": "contagion", "d": "outflow"}[name] for name in f.flows.at_edge],
             "quantiles": {f"q{round(100 * level)}": row.tolist() for level, row in
                           zip((0.1, 0.5, 0.9), f.quantiles((0.1, 0.5, 0.9)), strict=True)}, "says": f.says(text)}
            for f in made]}))
        return
    for f in made:
        console().print(f.says(text), highlight=False)
    _places(out, report, text)


def _places(out: Path | None, report: Path | None, text: Text) -> None:
    """What was written, a line each."""
    for place in (out, report):
        if place is not None:
            say(text("report.forecast_written"), out=place)


def _backtest_shares(shares: list[Series], name: str, samples: int, seed: int, out: Path, overwrite: bool,
                     as_json: bool, text: Text) -> None:
    from letsdance.experiments.adopters import stocks
    from letsdance.report.adopters import backtest_of_shares

    rows = stocks.backtest(shares, samples=samples, seed=seed)
    mean = rows[["error", "persistence", "crps", "below", "above"]].mean()
    says = text("report.back_shares_says", n=text.number(len(rows)), level=text.percent(0.8),
                error=text.in_points(text.number(100 * mean["error"], 1)),
                persistence=text.in_points(text.number(100 * mean["persistence"], 1)),
                below=text.percent(mean["below"]), above=text.percent(mean["above"]))
    said: dict[str, Any] = {"kind": "share in use", "forecasts": len(rows),
                            **{column: float(value) for column, value in mean.items()}}
    page = backtest_of_shares(says, name, rows, text)
    keep(out, "backtest", {"seed": seed, "samples": samples, **said}, {"scores": rows}, page, overwrite, as_json)
    if as_json:
        typer.echo(json.dumps({"folder": str(out), **said}))
        return
    console().print(says, highlight=False)
    written(out, "")


def _tell(made: list[Forecast], prior: Path | None, invented: bool, units: Units | None, out: Path | None,
          report: Path | None, as_json: bool, text: Text) -> None:
    if as_json:
        typer.echo(json.dumps({
            "out": None if out is None else str(out), "report": None if report is None else str(report),
            "prior": None if prior is None else str(prior), "prior_rests_on_no_data": invented,
            "units": None if units is None else {"past_cascades": units.tried, "says": units.state},
            "forecasts": [one.summary() for one in made]}))
        return
    from letsdance.report.forecasting import adopted, heads, when
    from letsdance.report.style import percent

    rows = [[f.history.name, text("report.forecast_so_far", adopted=adopted(f, text), last=f.history.last),
             when(f, 0.84, text), when(f, 0.975, text), percent(f.stalls(), text)] for f in made[:_SHOWN]]
    print_table(text("report.forecast_printed"), heads(
        ("forecast_head_cascade", "adopters_head_adopted", "forecast_head_84", "forecast_head_97", "forecast_head_stalls"),
        text), rows)
    if len(made) > _SHOWN:
        console().print(text("report.forecast_more", n=text.number(len(made) - _SHOWN)), highlight=False)
    console().print(text("report.forecast_read") + (text("report.forecast_rests") if invented else ""), highlight=False)
    if units is not None:
        console().print(text(f"report.forecast_units_{units.state}", n=units.tried), highlight=False)
    _places(out, report, text)


@adopters.command("backtest")
def backtest_(
    past: History, population: Population = None, prior: PriorFile = None,
    stage: Annotated[list[float] | None, typer.Option(
        help="Share at which curves are cut; may be repeated [default: .16 .34 .5].")] = None,
    every: Annotated[int | None, typer.Option(
        help="Rolling origin: forecast anew every so many periods from the first stage until 84 % have adopted.")] = None,
    samples: Annotated[int, typer.Option(help="Sampled futures of each forecast.")] = 400,
    out: Annotated[Path, typer.Option(help="The folder to write.")] = Path("letsdance-backtest"),
    seed: Luck = 0, text: Language = "en", overwrite: Overwrite = False, as_json: Json = False,
) -> None:
    """Forecast your own past cascades and say which model to trust. Each is forecast from its first parts (--stage)."""
    from letsdance.experiments import folder
    from letsdance.params import Refused

    folder.check_target(out, overwrite)
    if not 20 <= samples <= 100_000:
        raise Refused("--samples must lie from 20 to 100,000, not {samples}.", samples=samples)
    from letsdance.experiments.adopters import backtest as testing
    from letsdance.experiments.adopters import history as histories
    from letsdance.experiments.adopters import prior as priors

    told = _opened(past)
    if (shares := _shares(told, prior, population)) is not None:
        idle("--stage", "--every", because="shares in use are cut at one place")
        return _backtest_shares(shares, past.name, samples, seed, out, overwrite, as_json, text)
    known = None if prior is None else priors.load(prior)
    cascades = histories.read(told, population, least=1)
    stages = tuple(stage or priors.STAGES)
    with progress("report.bar_backtest", len(cascades) * len(stages), quiet=as_json) as advance:
        test = testing.backtest(cascades, prior=known, stages=stages, samples=samples, seed=seed, progress=advance,
                                every=every)
    from letsdance.report.forecasting import backtest_study

    frames = {"scores": test.scores, "summary": test.summary(), "differences": test.differences(),
              "calibration": test.calibration(), "history": histories.table(cascades)}
    page, verdict = backtest_study(test, text), test.verdict(text)
    keep(out, "backtest", {"seed": seed, "samples": samples, "stages": list(stages), "every": every,
                           "prior": None if prior is None else prior.name, "verdict": verdict},
         frames, page, overwrite, as_json)
    if as_json:
        typer.echo(json.dumps({"folder": str(out), "verdict": verdict, "cascades": test.cascades,
                               "skipped": test.skipped, "prior": test.prior,
                               "summary": records(test.summary()), "differences": records(test.differences())}))
        return
    means, gaps = page.sections[0].tables
    for table in (means, gaps):
        print_table(table.note, list(table.columns), [list(row) for row in table.rows])
    console().print(verdict, highlight=False)
    written(out, "")


@adopters.command("who")
def who_(
    times: Annotated[Path, typer.Argument(help="CSV: cascade, unit, time (a calendar; blank: not yet).")],
    cascade: Annotated[str | None, typer.Option(help="Which one [default: the last of the table].")] = None,
    edges: Annotated[Path | None, typer.Option(help="CSV: source and target; whose adoption a unit sees.")] = None,
    covariates: Annotated[Path | None, typer.Option(help="CSV: unit, and columns of numbers.")] = None,
    never: Never = None,
    at: Annotated[int | None, typer.Option(help="As it was known at the end of this period [default: the last].")] = None,
    periods: Annotated[int, typer.Option(help="Chances for so many periods.")] = 10, prior: PriorFile = None,
    test: Annotated[bool, typer.Option("--test", help="Try it on the past cascades, with a rolling origin.")] = False,
    out: Annotated[Path | None, typer.Option(help="Folder to write, with tables and a page.")] = None,
    seed: Luck = 0, text: Language = "en", overwrite: Overwrite = False, as_json: Json = False,
) -> None:
    """Say who adopts next and who late. Units in order, with the chance of each by period."""
    from letsdance.experiments import folder

    if out is not None:
        folder.check_target(out, overwrite)
    from letsdance.experiments.adopters import prior as priors
    from letsdance.experiments.adopters import who as whom

    known = whom.read(times, edges, covariates, never or [])
    known = known if at is None else known.cut(at)
    made = whom.who(known, cascade, periods, None if prior is None else priors.load(prior), seed=seed)
    tried = whom.backtest(known) if test else None
    from letsdance.report.forecasting import who_study

    page, frames = who_study(made, tried, text), {"who": made.table()}
    frames |= {} if tried is None else {"test": tried}
    said = {"cascade": made.cascade, "origin": made.origin, "seed": seed, "weights": made.weights}
    if out is not None:
        keep(out, "adopters who", said, frames, page, overwrite, as_json)
    if as_json:
        typer.echo(json.dumps({**said, "folder": None if out is None else str(out), "who": records(made.table()),
                               "test": None if tried is None else records(tried)}))
        return
    tables = [table for section in page.sections for table in section.tables]
    print_table(text("report.who_printed", cascade=made.cascade, origin=made.origin), list(tables[0].columns),
                [list(row) for row in tables[0].rows[:_SHOWN]])
    for table in tables[1:]:
        print_table(text("report.who_printed_test"), list(table.columns), [list(row) for row in table.rows])
    if out is not None:
        written(out, "")
