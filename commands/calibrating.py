"""`letsdance adopters calibrate, speed`: fit the model to observed curves, and ask what speeds up the late."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from letsdance.commands.adopting import adopters
from letsdance.commands.screen import (
    Json,
    KeepIn,
    Language,
    Overwrite,
    Profile,
    Scheduler,
    Set,
    going_on,
    idle,
    print_table,
    progress,
    values,
)
from letsdance.commands.telling import HELD, keep, records, written

if TYPE_CHECKING:
    from letsdance.experiments.adopters.calibrate import Calibration
    from letsdance.experiments.adopters.speed import Speed
    from letsdance.experiments.seen import Seen
    from letsdance.words import Text


@adopters.command("calibrate")
def calibrate_(
    counts: Annotated[str | None, typer.Argument(
        help="CSV of a curve: t and new or cum; or unit, period and a count; or node and time; or an example by name. May "
             "be left out where --seen or --survey is given.")] = None,
    population: Annotated[int | None, typer.Option(help="How many could adopt; goes before a column population.")] = None,
    unit: Annotated[list[str] | None, typer.Option(help="Which curve of several; may be repeated [default: all].")] = None,
    scenario: Annotated[str, typer.Option(help="Start or scenario file that is fitted.")] = "lets_dance",
    profile: Profile = None, sets: Set = None,
    fit: Annotated[list[str] | None, typer.Option(
        metavar="NAME=LOW:HIGH", help="What is fitted, and between what; may be repeated "
                                      "[default: v0=-0.6:0.3 G0=0.25:0.9 aware0=0.01:0.2 vM=0:2; where people were "
                                      "asked C0=0.05:0.95 G0=0.05:0.95, with the others of a curve].")] = None,
    quarters_per_period: Annotated[float, typer.Option(
        help="Quarters of the model in a period of the data; 4 for years, 1 for quarters, 0.333 for months.")] = 4.0,
    begins: Annotated[float, typer.Option(help="Quarter of the model in which the data's first period begins.")] = 0.0,
    seen: Annotated[Path | None, typer.Option(
        help="CSV of what people answered, or else was seen, in waves: quarter (from where the data begin), signal, "
             "value, n or error, panel.")] = None,
    survey: Annotated[list[str] | None, typer.Option(
        metavar="QUARTER=FILE",
        help="Answers themselves, and the quarter in which they were given; may be repeated.")] = None,
    scale: Annotated[str | None, typer.Option(help="Of --survey: its ends, such as 1-5 or 0-10; or percent.")] = None,
    prior: Annotated[list[Path] | None, typer.Option(
        help="Folder of an earlier calibration, as the prior; repeat to learn from several what they share.")] = None,
    widen: Annotated[float | None, typer.Option(
        help="How many times as spread the prior is as what is known [default: 2 with one folder, 1 with several].")
        ] = None,
    particles: Annotated[int, typer.Option(help="Parameter sets that are kept.")] = 400,
    most: Annotated[int, typer.Option(help="Simulations in all.")] = 4000,
    recover: Annotated[int, typer.Option(help="Synthetic cases of a recovery test; each costs a calibration.")] = 0,
    structure: Annotated[list[str] | None, typer.Option(
        metavar="NAME=VALUE,VALUE", help="Structures to compare: a switch, profile, context or mechanism at each of these "
                                         "values; may be repeated.")] = None,
    seed: Annotated[int, typer.Option(help="Seed; equal seeds give equal numbers.")] = 0,
    keep_in: KeepIn = None, scheduler: Scheduler = None,
    out: Annotated[Path, typer.Option(help="The folder to write.")] = Path("letsdance-calibration"),
    text: Language = "en", overwrite: Overwrite = False, as_json: Json = False,
) -> None:
    """Fit the model to what was seen, and say what that cannot tell."""
    from letsdance.experiments import folder

    folder.check_target(out, overwrite)
    from letsdance.experiments.adopters import calibrate as calibrating
    from letsdance.experiments.adopters import structures

    waves = _waves(seen, survey or [], scale)
    predictions = 200
    total = most * (1 + max(recover, 0)) + predictions
    if structure:
        total += structures.steps(structures.parse(structure), most)
    with going_on(keep_in), progress("report.bar_calibrating", total, quiet=as_json) as advance:
        found = calibrating.calibrate(
            counts, scenario, fit, population, unit, values(sets), profile, quarters_per_period, begins, waves,
            prior or None, widen, particles, most, predictions, recover, seed, progress=advance,
            alternatives=structure, keep=keep_in, executor=scheduler)
    _kept_and_told(found, out, text, overwrite, as_json)


def _kept_and_told(found: Calibration, out: Path, text: Text, overwrite: bool, as_json: bool) -> None:
    """Write the folder, and print what was found."""
    from letsdance.experiments.adopters import calibrate as calibrating
    from letsdance.experiments.adopters import identification
    from letsdance.report.calibration import calibration_study

    said = {**calibrating.manifest_of(found), **identification.in_words(found, text)}
    tables = calibrating.tables_of(found)
    keep(out, "adopters calibrate", said, tables, calibration_study(found, text), overwrite, as_json, beside=HELD)
    if as_json:
        shown = {name: records(tables[name]) for name in ("parameters", "checks", "waves", "structures") if name in tables}
        typer.echo(json.dumps({**said, "folder": str(out), "checks": [], "waves": [], **shown}))
        return
    _print_calibration(found, said, text)
    written(out, text("report.fitted_speed", out=out))


def _waves(seen: Path | None, survey: list[str], scale: str | None) -> list[Seen] | None:
    """What was seen in waves, of a table and of surveys; nothing where neither is given."""
    from letsdance.experiments.adopters.surveys import read_waves
    from letsdance.experiments.seen import read_seen

    if not survey:
        idle("--scale", because="it is of the answers that --survey brings")
    rows = [*(read_seen(seen) if seen else ()), *read_waves(survey, scale)]
    return rows if seen or survey else None


def _print_calibration(found: Calibration, said: dict[str, Any], text: Text) -> None:
    from letsdance.report.calibration import of_parameters, of_structures, of_waves

    typer.echo(said["headline"])
    if found.case.waves:
        table = of_waves(found, text)
        print_table(text("report.fitted_waves_title"), list(table.columns), [list(row) for row in table.rows])
    table = of_parameters(found, text)
    print_table(text("report.fitted_section_say"), list(table.columns), [list(row) for row in table.rows])
    for line in said["found"]:
        typer.echo(line)
    typer.echo(text("report.fitted_cannot"))
    for line in said["cannot_tell"]:
        typer.echo(f"- {line}")
    if found.structures is not None:
        table = of_structures(found.structures, text)
        print_table(text("report.fitted_section_structures"), list(table.columns), [list(row) for row in table.rows])
        typer.echo(text("report.fitted_structures_note"))
    if said["recovery"]:
        typer.echo(said["recovery"])


@adopters.command("speed")
def speed_(
    case: Annotated[str, typer.Argument(help="Folder of `calibrate`, a start, or a scenario file.")] = "lets_dance",
    policy: Annotated[list[str] | None, typer.Option(
        metavar='"NAME: LEVER@START, ..."',
        help="A policy as `letsdance compare` reads it; may be repeated [default: mandate, pilot support, training, change "
             "management, stories, and some together].")] = None,
    start: Annotated[int, typer.Option(help="Quarter in which the policies begin that are tried unless said.")] = 8,
    quarters: Annotated[int | None, typer.Option(
        help="Horizon in quarters, 8-400 [default: the scenario's, or the record's].")] = None,
    draws: Annotated[int | None, typer.Option(
        help="Parameter sets from the posterior of a calibration [default: 50].")] = None,
    runs: Annotated[int | None, typer.Option(
        help="Runs of each parameter set, or of the scenario [default: 4, or 40].")] = None,
    seed: Annotated[int, typer.Option(help="Seed; equal seeds give equal numbers.")] = 1,
    out: Annotated[Path, typer.Option(help="The folder to write.")] = Path("letsdance-speed"),
    text: Language = "en", overwrite: Overwrite = False, as_json: Json = False,
) -> None:
    """Say what speeds up late adopters, its cost and depth of use."""
    from letsdance.experiments import folder

    folder.check_target(out, overwrite)
    from letsdance.experiments.adopters import speed as speeding

    if policy:
        idle("--start", because="a --policy says itself when its levers start")
    tried = 2 + (len(policy) if policy else len(speeding.policies(1)))
    total = tried * ((draws or 50) * (runs or 4) if Path(case).is_dir() else runs or 40)
    with progress("report.bar_runs", max(total, 1), quiet=as_json) as advance:
        found = speeding.speed(case, policy or None, start, quarters, draws, runs, seed, progress=advance)
    said = speeding.manifest_of(found, ("laggards", "late_majority"), text)

    from letsdance.report.speed import speed_study

    keep(out, "adopters speed", said, speeding.tables_of(found), speed_study(found, text), overwrite, as_json)
    if as_json:
        typer.echo(json.dumps({**said, "folder": str(out), "effects": records(found.effects),
                               "halves": records(found.halves)}))
        return
    _print_speed(found, said, text)
    written(out)


def _print_speed(found: Speed, said: dict[str, Any], text: Text) -> None:
    from letsdance.experiments.adopters.speed import IMITATION, policy_named, said_effect
    from letsdance.report.style import capital

    typer.echo(said["headline"])
    measures = ("sooner", "ever", "given_up", "depth", "used")
    for group in ("late_majority", "laggards"):
        order = sorted(found.policies, key=lambda p: -float(found.effect(p, "sooner", group)["mean"]))
        print_table(
            text("report.speed_printed", category=capital(text(f"category.{group}"))),
            [text("report.policy"), *(text(f"report.speed_col_{m}") for m in measures), text("report.speed_printed_cost")],
            [[policy_named(p, text), *(said_effect(found.effect(p, m, group), m, text) for m in measures),
              "–" if p == IMITATION else text.number(found.points[p])] for p in order])
    for line in said["limits"]:
        typer.echo(f"- {line}")
