"""`letsdance adopters`: what adoption data say, classic models, and data in. Heavy imports wait until they are used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from letsdance.commands.screen import Json, Language, Overwrite, Seed, busy, idle, print_table, progress, spoken
from letsdance.commands.telling import keep, records, written

if TYPE_CHECKING:
    from letsdance.experiments.adopters.data import Adoption
    from letsdance.experiments.adopters.describing import Description
    from letsdance.scenarios.tables import Invalid, Reading, Sheet
    from letsdance.words import Text

adopters = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None,
    help="Describe, fit and forecast adoption, from your own data. Also classic models and calibration.")

By = Annotated[str, typer.Option(help="How categories are cut: rogers, sd, rank or innovativeness.")]
Never = Annotated[list[str] | None, typer.Option(help="A code that means not yet, such as 9999 (none: no time is a code). "
                                                      "May be repeated.")]
Group = Annotated[str | None, typer.Option(metavar="COLUMN", help="The column within which nodes have names of their own.")]
Decimal = Annotated[str | None, typer.Option(help="What begins decimals: point or comma [default: what the table shows].")]
SheetName = Annotated[str | None, typer.Option("--sheet", help="Of a workbook: its sheet [default: the first].")]
Direction = Annotated[str, typer.Option(help="Whose adoption counts: out (whom one names), in, or both.")]


@adopters.command()
def describe(
    times: Annotated[str, typer.Argument(help="CSV with node and time (blank: not yet), or case:NAME; or a start or "
                                              "scenario file, of which one run is described.")],
    edges: Annotated[Path | None, typer.Option(help="CSV with source and target; perhaps weight, period.")] = None,
    first: Annotated[int | None, typer.Option(help="First period [default: of the first adoption].")] = None,
    last: Annotated[int | None, typer.Option(help="Last period observed [default: of the last time].")] = None,
    never: Never = None, group: Group = None,
    by: By = "rogers", direction: Direction = "out",
    count: Annotated[bool, typer.Option("--count", help="Exposure as a number of contacts, not a share.")] = False,
    lag: Annotated[int, typer.Option(help="Exposure so many periods earlier.")] = 0,
    valued: Annotated[bool, typer.Option("--valued", help="Ties count as their weights.")] = False,
    test: Annotated[int, typer.Option(help="Rewired networks of the structural dependence test; 0: none.")] = 0,
    seed: Seed = 1,
    out: Annotated[Path, typer.Option(help="The folder to write.")] = Path("letsdance-adopters"),
    text: Language = "en", overwrite: Overwrite = False, as_json: Json = False,
) -> None:
    """Describe who adopted when, and what they saw before. Curve, hazard, categories, exposure, thresholds, survival."""
    from letsdance.experiments import folder
    from letsdance.params import Refused, check_whole

    folder.check_target(out, overwrite)
    from letsdance.experiments.adopters.describing import describe as description

    check_whole("seed", seed, 0, 2**63 - 2)
    if not 0 <= test <= 1_000_000:
        raise Refused("--test must be a whole number from 0 to 1,000,000, not {test}.", test=test)
    adoption = _adoption(times, edges, first, last, never or [], group, seed, as_json)
    asked = {"--direction": direction != "out", "--count": count, "--lag": lag != 0, "--valued": valued, "--test": test > 0}
    for option in [option for option, given in asked.items() if given and adoption.network is None][:1]:
        raise Refused("{option} needs a network; give --edges EDGES.csv, with the columns source and target.",
                      option=option)
    with progress("report.bar_rewiring", test, quiet=as_json) as advance:
        found = description(adoption, by, normalised=not count, direction=direction, lag=lag,  # type: ignore[arg-type]
                            valued=valued, repetitions=test, seed=seed, progress=advance)
    frames = {"curve": found.curve, "nodes": found.nodes, "categories": found.categories, "survival": found.not_adopted,
              "fits": found.fitted}
    frames |= {name: frame for name, frame in (("exposure", found.exposure), ("influence", found.influence),
                                               ("groups", found.groups)) if frame is not None}
    said: dict[str, Any] = {"sentences": list(found.said), "by": by, "exposure": found.how, "seed": seed}
    if found.dependence is not None:
        said["structural_dependence"] = {"observed": found.dependence.observed, "mean": found.dependence.mean,
                                         "p": found.dependence.p, "repetitions": test}

    from letsdance.report.adopters import describe_study

    page = describe_study(found, text("report.of_the_model") if _is_scenario(times) else None, text)
    keep(out, "adopters describe", said, frames, page, overwrite, as_json)
    if as_json:
        typer.echo(json.dumps({**said, "folder": str(out), "curve": records(found.curve),
                               "categories": records(found.categories), "fits": records(found.fitted)}))
        return
    _print_categories(found, by, text)
    for part in found.sentences(text).values():
        for sentence in part:
            typer.echo(sentence)
    written(out, "")


def _print_categories(found: Description, by: str, text: Text) -> None:
    """A row a category."""
    from letsdance.report.adopters import of_categories

    table = of_categories(found, found.exposure is not None, text)
    print_table(text("report.adopters_printed", by=by), ["", *table.columns[1:]], [list(row) for row in table.rows])


def _is_scenario(times: str) -> bool:
    """Whether a run of the model is asked for, not a table."""
    from letsdance import scenarios

    return times in scenarios.STARTS or Path(times).suffix == ".toml"


def _adoption(times: str, edges: Path | None, first: int | None, last: int | None, never: list[str], group: str | None,
              seed: int, quiet: bool) -> Adoption:
    """From a CSV, or from one run of a scenario."""
    from letsdance import scenarios
    from letsdance.experiments.adopters.data import from_result, read_times
    from letsdance.params import Refused, nearest
    from letsdance.scenarios import cases

    if _is_scenario(times):
        if edges is not None or first is not None or last is not None or never or group:
            raise Refused("a run of the model brings its own network and periods; leave --edges, --first, --last, --never "
                          "and --group out.")
        from letsdance.simulation.run import simulate

        with busy("report.bar_runs", quiet):
            return from_result(simulate(scenarios.load(times), runs=1, seed=seed))
    path = Path(times)
    if not path.exists() and not path.suffix and cases.named(times) is None and not cases.meant(times):
        raise Refused("there is no file or start {times!r}.{near} Give a CSV with the columns node and time, or one of "
                      "{starts}.", times=times, near=nearest(times, scenarios.STARTS),
                      starts=", ".join(scenarios.STARTS))
    with busy("report.bar_reading", quiet):
        return read_times(path, edges, first, last, never=never, group=group)


@adopters.command()
def classic(
    name: Annotated[str | None, typer.Argument(help="bass, si, granovetter, watts or centola_macy.")] = None,
    sets: Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE",
                                                   help="A parameter of it; may be repeated.")] = None,
    runs: Annotated[int, typer.Option(help="Runs, with seeds one after the other.")] = 20, seed: Seed = 1,
    out: Annotated[Path, typer.Option(help="The folder to write.")] = Path("letsdance-classic"),
    text: Language = "en", overwrite: Overwrite = False, as_json: Json = False,
) -> None:
    """Run a classic diffusion model beside its closed form. It is a limit case of the engine; without a name, all are
    listed."""
    if name is None:
        idle("--set", "--runs", "--seed", "--out", "--overwrite", because="without a name the models are listed")
        return _list_classics(as_json, text)
    from letsdance.experiments import folder

    folder.check_target(out, overwrite)
    from letsdance.experiments.adopters.classic import classic_model, said_of, settings

    settings(name)  # an unknown name is the greater mistake
    with progress("report.bar_runs", max(runs, 1), quiet=as_json) as advance:
        found = classic_model(name, runs, seed, advance, **_numbers(sets))
    import pandas as pd

    mean, low, high = found.shares.mean(axis=0), *(pd.DataFrame(found.shares).quantile(q).to_numpy() for q in (.1, .9))
    frame = pd.DataFrame({found.unit: found.time, "mean": mean, "low": low, "high": high,
                          "closed_form": float("nan") if found.closed is None else found.closed})
    runs_frame = pd.DataFrame({"run": [r for r in range(runs) for _ in found.time], found.unit: list(found.time) * runs,
                               "share": found.shares.ravel()})
    said = {"model": name, "settings": found.settings, "seeds": {"first": seed, "runs": runs},
            "sentences": list(found.found(text))}

    from letsdance.report.adopters import classic_study

    keep(out, "adopters classic", said, {"curve": frame, "runs": runs_frame}, classic_study(found, text), overwrite,
         as_json)
    if as_json:
        typer.echo(json.dumps({**said, "folder": str(out), "curve": records(frame)}))
        return
    picked = frame.iloc[[round(k * (len(frame) - 1) / 8) for k in range(9)]]
    many = text("report.one_run") if runs == 1 else text("report.n_runs", n=text.number(runs))
    print_table(text("report.classic_printed", title=said_of(name, "title", text), runs=many),
                [text(f"report.classic_unit_{found.unit}"), text("report.classic_simulation"),
                 said_of(name, "closed", text)],
                [[text.typed(row[found.unit]), text("report.with_band", value=text.percent(row["mean"]),
                                                    band=text.percents(row["low"], row["high"])),
                  "–" if row["closed_form"] != row["closed_form"] else text.percent(row["closed_form"])]
                 for _, row in picked.iterrows()])
    for sentence in found.found(text):
        typer.echo(sentence)
    written(out, "")


def _list_classics(as_json: bool, text: Text) -> None:
    from letsdance.experiments.adopters.classic import MODELS, said_of

    if as_json:
        typer.echo(json.dumps({name: {"title": said_of(name, "title", text), "source": m.source,
                                      "says": said_of(name, "says", text),
                                      "settings": {key: {"default": s.default, "low": s.low, "high": s.high,
                                                         "says": s.says(text), "whole": s.whole}
                                                   for key, s in m.settings.items()}}
                               for name, m in MODELS.items()}))
        return
    print_table(text("report.classic_list"), [text(f"report.classic_list_{head}") for head in (
        "name", "says", "set", "source")],
                [[name, said_of(name, "says", text),
                  ", ".join(f"{key} {text.typed(s.default)}" for key, s in m.settings.items()), m.source]
                 for name, m in MODELS.items()])


def _numbers(sets: list[str] | None) -> dict[str, float]:
    """NAME=VALUE as typed, as numbers."""
    from letsdance.params import Refused, number

    values = {}
    for text in sets or []:
        key, _, value = (part.strip() for part in text.partition("="))
        try:
            values[key] = number(value)
        except ValueError:
            raise Refused("--set {text!r} cannot be read; write NAME=VALUE, such as --set p=.03.", text=text) from None
    return values


@adopters.command()
def data(
    file: Annotated[str | None, typer.Argument(help="A CSV of counts, times, a population or a survey; or case:NAME. "
                                                    "Left out: lists the cases that ship.")] = None,
    kind: Annotated[str | None, typer.Option(help="What a column count holds: new, stock, cumulative or percent.")] = None,
    edges: Annotated[Path | None, typer.Option(help="Ties of a table of times, checked with it.")] = None,
    population: Annotated[Path | None, typer.Option(help="CSV with unit and population (those at risk).")] = None,
    never: Never = None, group: Group = None, decimal: Decimal = None, sheet: SheetName = None,
    scale: Annotated[str | None, typer.Option(help="Of a survey: its ends, such as 1-5 or 0-10; or percent.")] = None,
    missing: Annotated[list[str] | None, typer.Option(help="Of a survey: a code of no answer, such as 9. May be "
                                                           "repeated.")] = None,
    base: Annotated[str | None, typer.Option(help="Of a survey: the start that it changes [default: lets_dance].")] = None,
    draws: Annotated[int | None, typer.Option(help="Of a survey: save so many starts within its sampling error, as points "
                                                   "of a sweep (.csv).")] = None, seed: Seed = 1,
    save: Annotated[Path | None, typer.Option(help="Of a survey: write a start (.toml) or municipalities (.csv).")] = None,
    report: Annotated[Path | None, typer.Option(help="Write every problem as CSV: line, column, value, problem.")] = None,
    out: Annotated[Path | None, typer.Option(help="A folder to write, with the table and a page.")] = None,
    text: Language = "en", overwrite: Overwrite = False, as_json: Json = False,
) -> None:
    """Check a table and say what it holds. A survey can be turned into a start."""
    from letsdance.scenarios.tables import Invalid, Reading

    if file is None:
        _list_cases(as_json, text)
        return
    from letsdance.experiments import folder

    _beside(save, draws)
    for target, option in ((save, "--save"), (report, "--report")):
        if target is not None:
            folder.check_file(target, overwrite, option)
    if out is not None:
        folder.check_target(out, overwrite)
    try:
        said, frame, counts, start = _said(file, kind, edges, population, scale, base, save, never or [], group,
                                          Reading(decimal=decimal or "", sheet=sheet or ""), missing or [], draws, seed,
                                          text)
    except Invalid as bad:
        _tell_problems(bad, report, overwrite, as_json)
        raise
    if save is not None:
        with folder.whole_file(save, overwrite, "--save") as part:
            part.write_text(start, encoding="utf-8")
    if out is not None:
        from letsdance.report.adopters import data_study

        page = data_study(said, Path(file).name, frame, counts, text)
        keep(out, "adopters data", {"sentences": said}, {"table": frame}, page, overwrite, as_json,
             beside=("--save", "--report"))
    said += [] if save is None else [text("report.data_written", out=save)]
    if as_json:
        typer.echo(json.dumps({"valid": True, "sentences": said, "rows": records(frame)}))
        return
    for sentence in said:
        typer.echo(sentence)
    if out is not None:
        written(out, "")


def _beside(save: Path | None, draws: int | None) -> None:
    """Refuse options that do nothing beside what is saved."""
    ending = None if save is None else save.suffix
    if ending != ".toml":
        idle("--base", because="it is the start that --save START.toml changes")
    if ending != ".csv":
        idle("--draws", because="it says how many starts --save POINTS.csv writes")
    if draws is None:
        idle("--seed", because="only --draws draws")


def _list_cases(as_json: bool, text: Text) -> None:
    """What `data` says without a file."""
    from letsdance.scenarios import cases

    idle("--kind", "--edges", "--population", "--never", "--group", "--decimal", "--sheet", "--scale", "--missing",
         "--base", "--draws", "--seed", "--save", "--report", "--out", "--overwrite",
         because="without a file the cases are listed")
    shown = {cases.PREFIX + name: one.title for name, one in cases.CASES.items()}
    if as_json:
        typer.echo(json.dumps(shown))
    else:
        print_table(text("report.data_cases"), [text("report.classic_list_name"), text("report.data_cases_what")],
                    [list(item) for item in shown.items()])


def _tell_problems(bad: Invalid, report: Path | None, overwrite: bool, as_json: bool) -> None:
    """Every problem of a table: as JSON, into a file, or the first of them on the screen."""
    from letsdance.experiments import folder
    from letsdance.experiments.spreadsheet import to_csv
    from letsdance.params import Refused, Said

    if report is not None:
        with folder.whole_file(report, overwrite, "--report") as part:
            part.write_text(to_csv(bad.report), encoding="utf-8")
    if as_json:
        typer.echo(json.dumps({"valid": False, "sentence": str(bad), "report": records(bad.report)}))
        raise typer.Exit(2) from None
    if report is not None:
        raise Refused("{bad} All problems: {report}.", bad=bad, report=report) from None
    for _, row in bad.report.head(20).iterrows():
        typer.echo(spoken().refused(Said("line {line}: {column} {value!r} {problem}.", **{
            name: row[name] for name in ("line", "column", "value", "problem")})), err=True)


def _said(file: str, kind: str | None, edges: Path | None, population: Path | None, scale: str | None, base: str | None,
          save: Path | None, never: list[str], group: str | None, reading: Reading, missing: list[str],
          draws: int | None, seed: int, text: Text) -> tuple[list[str], Any, Any, str]:
    """What a file holds, recognised by its columns: sentences, the table, the counts if it is one of counts, and of a
    survey the text to save."""
    import pandas as pd

    from letsdance.experiments.adopters.counts import read_counts, read_population
    from letsdance.experiments.adopters.data import read_survey, read_times
    from letsdance.params import Refused, Said
    from letsdance.scenarios import tables

    sheet = tables.open_sheet(file, "adoption", reading=reading)
    what = _recognised(sheet)
    for option, given, of, why in (("--save", save, ("survey",), Said("turns a survey into a start")),
                                   ("--scale", scale, ("survey",), Said("is the scale of a survey")),
                                   ("--missing", missing, ("survey",), Said("is a code of no answer in a survey")),
                                   ("--base", base, ("survey",), Said("is the start that a survey changes")),
                                   ("--draws", draws, ("survey",), Said("draws starts from a survey")),
                                   ("--never", never, ("times",), Said("is a code among times of adoption")),
                                   ("--group", group, ("times",), Said("is the group of nodes with times of adoption")),
                                   ("--edges", edges, ("times",), Said("goes with times of adoption")),
                                   ("--kind", kind, ("counts",), Said("says what counts are")),
                                   ("--population", population, ("counts", "survey"),
                                    Said("goes with counts or a survey"))):
        if given and what not in of:
            raise Refused("{option} {why}, but {file} looks like a table of {what}; leave {option} out, or name the "
                          "columns of {file} for what they are.", option=option, why=why, file=file, what=Said(what))
    if what == "survey":
        if save is None or save.suffix == ".toml" or draws is not None:
            idle("--population", because="of a survey, it counts the citizens of the municipalities that --save TOWNS.csv "
                                         "writes")
        survey = read_survey(sheet, scale, missing=missing, reading=reading)
        start, error = survey.start(), survey.error()
        said = [*map(text.refused, survey.said), *(_mean(name, start[name], error[name], text)
                                                   for name in "CGT" if name in start)]
        return said, survey.frame, None, "" if save is None else _start(survey, save, base, population, draws, seed)
    if what == "times":
        adoption = read_times(sheet, edges, never=never, group=group, reading=reading)
        frame = pd.DataFrame({"node": list(adoption.nodes), "time": adoption.times})
        return [text("report.data_times", n=text.number(len(frame)), first=adoption.periods[0], last=adoption.periods[-1],
                     ties=_ties(adoption, text)), *map(text.refused, adoption.said)], frame, None, ""
    if what == "population":
        notes: list[str] = []
        people = read_population(sheet, reading, notes)
        return [*map(text.refused, notes), text("report.data_population", n=text.number(len(people)),
                                                all=text.number(sum(people.values())))], pd.DataFrame(
            {"unit": list(people), "population": list(people.values())}), None, ""
    counts = read_counts(sheet, kind, reading)
    if population is not None:
        counts = counts.with_population(read_population(population))
    return [text(f"report.data_kinds_{counts.kind}"), *map(text.refused, counts.said),
            *counts.shapes(text)["says"]], counts.frame, counts, ""


def _mean(name: str, mean: float, error: float, text: Text) -> str:
    """What a survey says on average, with its sampling error where it is known."""
    said = text(f"report.data_mean_{name}", mean=text.number(mean, 2))
    return f"{said}." if error != error else text("report.data_mean_error", mean=said, error=text.number(error, 3))


def _ties(adoption: Adoption, text: Text) -> str:
    """How many ties stand beside times, in how many periods."""
    if adoption.network is None:
        return ""
    periods = len(adoption.network)
    return text("report.data_ties_over" if periods > 1 else "report.data_ties", periods=periods,
                n=text.number(sum(matrix.nnz for matrix in adoption.network)))


def _start(survey: Any, save: Path, base: str | None, population: Path | None, draws: int | None, seed: int) -> str:
    """A survey as a scenario or a table of municipalities, by the ending of the file to save."""
    from letsdance.experiments.adopters.counts import read_population
    from letsdance.experiments.spreadsheet import to_csv
    from letsdance.params import Refused

    if save.suffix == ".toml":
        return str(survey.scenario(base or "lets_dance", save.stem).to_toml())
    if save.suffix != ".csv":
        raise Refused("{save} must end in .toml (a scenario) or .csv (a table of municipalities).", save=save)
    if draws is not None:
        return to_csv(survey.draws(draws, seed))
    if population is None:
        raise Refused("a table of municipalities needs their citizens; give --population POPULATION.csv; or --draws for "
                      "starts as uncertain as the survey leaves them.")
    return to_csv(survey.towns(read_population(population)))


def _recognised(sheet: Sheet) -> str:
    """What a table's header looks like."""
    from letsdance.scenarios import tables
    from letsdance.scenarios.tables.kinds import COUNTS, POPULATION, SURVEY, TIMES, asks

    if asks(sheet.frame.columns):
        return "survey"
    kind = tables.recognise(sheet, (SURVEY, COUNTS, TIMES, POPULATION))
    return kind.name if kind is not None else "counts"  # whose reader says what is wrong with the table
