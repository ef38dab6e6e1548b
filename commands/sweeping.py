"""`letsdance sweep` and `letsdance query`: many runs into a folder, and what is in it."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from letsdance.commands.screen import (
    Interrupted,
    Json,
    Language,
    Lever,
    Overwrite,
    Profile,
    Quarters,
    Scheduler,
    Seed,
    Set,
    Shock,
    Table,
    busy,
    command_line,
    console,
    idle,
    print_table,
    progress,
    say,
    values,
)

if TYPE_CHECKING:
    from letsdance.experiments.plan import Plan
    from letsdance.words import Text

Factors = Annotated[list[str] | None, typer.Option(
    "--factor", metavar="NAME=LOW:HIGH", help="A dial and its range, LOW:HIGH:LEVELS, or values A,B,C; may be repeated.")]
Outcomes = Annotated[list[str] | None, typer.Option(
    "--outcome", metavar="NAME@QUARTER", help="What is looked at, such as lets_dance@60; may be repeated "
                                                         "[default: all at the end].")]
Executor = Annotated[str | None, typer.Option(help="threads or processes [default: threads for few runs].")]
Workers = Annotated[int | None, typer.Option(help="How many threads or processes [default: one a core].")]


def where(executor: str | None, scheduler: str | None) -> str | None:
    """The executor that the options name."""
    from letsdance.params import Refused

    if executor and scheduler:
        raise Refused("give either --executor or --scheduler, not both.")
    return scheduler or executor


#: Options that say what to run: a design file says them all, and so does a sweep that is gone on with.
_PLAN = ("factor", "method", "points", "trajectories", "list_", "replicates", "outcome", "keep", "every", "quarters",
         "seed", "sets", "lever", "shock", "profile", "municipalities")


def _given(context: typer.Context) -> list[str]:
    """The options of a plan that were typed, as they are typed."""
    typed = {parameter.name: parameter.opts[0] for parameter in context.command.params}
    return [typed[name] for name in _PLAN if getattr(context.get_parameter_source(name), "name", "") == "COMMANDLINE"]


def sweep(
    context: typer.Context,
    what: Annotated[str, typer.Argument(help="A design file (TOML), or the scenario that the factors change.")] = "",
    factor: Factors = None,
    method: Annotated[str, typer.Option(help="grid, latin_hypercube, sobol, morris, one_at_a_time or list [default: "
                                             "grid; latin_hypercube with --points; list with --list].")] = "",
    points: Annotated[int | None, typer.Option(help="How many points of a latin_hypercube or sobol design.")] = None,
    trajectories: Annotated[int | None, typer.Option(
        help="How many trajectories of a morris design [default: 10].")] = None,
    list_: Annotated[Path | None, typer.Option("--list", help="A CSV of points: one column a factor.")] = None,
    replicates: Annotated[int, typer.Option(help="Runs of each point, paired by seed.")] = 20,
    outcome: Outcomes = None,
    keep: Annotated[list[str] | None, typer.Option(
        help="A further table to keep: society, adopters, governments or citizens; may be repeated.")] = None,
    every: Annotated[int, typer.Option(help="Quarters between two rows of society and adopters.")] = 4,
    quarters: Quarters = None, seed: Seed = 1, sets: Set = None, lever: Lever = None, shock: Shock = None,
    profile: Profile = None, municipalities: Table = None, executor: Executor = None, workers: Workers = None,
    scheduler: Scheduler = None,
    point_timeout: Annotated[float | None, typer.Option(
        help="Seconds that a point may take; one that takes longer is set aside [default: no limit].")] = None,
    point_tries: Annotated[int, typer.Option(
        help="Worker processes that may end or hang at a point before it is set aside.")] = 3,
    task: Annotated[str | None, typer.Option(
        metavar="K of N", help="Make only share K of N, in a folder that all share (a job array); slurm: as its array "
                               "says. `letsdance gather` closes it.")] = None,
    out: Annotated[str, typer.Option(
        help="The folder to write, or an address, such as s3://bucket/sweep.")] = "letsdance-sweep",
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a sweep that was stopped.")] = False,
    text: Language = "en", overwrite: Overwrite = False, as_json: Json = False,
) -> None:
    """Run every point of a design into a folder. Kill it at any moment and go on with --resume."""
    from letsdance.experiments import plan as plans
    from letsdance.params import Refused

    how: dict[str, Any] = {"executor": where(executor, scheduler), "workers": workers, "point_timeout": point_timeout,
                           "point_tries": point_tries}
    if not keep:
        idle("--every", because="it thins the tables that --keep keeps")
    if resume and overwrite:
        raise Refused("--resume goes on with what is there and --overwrite throws it away; give one of them.")
    share = None if task is None else _share(task, resume or overwrite)
    place = _target(out, overwrite, goes_on=resume or share is not None)
    asked = None
    if factor or list_ or method or not _told_elsewhere(what, resume, _given(context), place):
        chosen = method or ("list" if list_ else "grid" if points is None else "latin_hypercube")
        asked = plans.plan(
            what or "lets_dance", factor or [], chosen, points, trajectories=trajectories, file=list_,
            replicates=replicates, seed=seed, outcomes=outcome or [], keep=keep or [], every=every, quarters=quarters,
            profile=profile, parameters=values(sets), levers=lever or [], shocks=shock or [], municipalities=municipalities)
    elif what:
        asked = plans.read(what)
    if asked and not as_json and sys.stderr.isatty():
        typer.echo(cost(asked, workers, text), err=True)
    if share is not None:
        _one_share(asked, share, how, place, as_json, text)
    else:
        _whole(asked, how, place, resume, overwrite, as_json, text)


def _share(task: str, said: bool) -> tuple[int, int]:
    """Which share of how many; `said`: whether --resume or --overwrite was."""
    from letsdance.params import Refused

    idle("--language", because="`letsdance gather` writes the report of a sweep that was made in shares")
    if said:
        raise Refused("--task begins a folder or goes on with it by itself; leave out --resume and --overwrite.")
    return shares(task)


def _target(out: str, overwrite: bool, goes_on: bool) -> Path:
    """Where a sweep is written; `Refused` before anything is computed where it cannot be, unless it goes on there."""
    from letsdance.experiments import address, folder

    place = address.place(out)
    if not (goes_on and address.there(place)):
        folder.check_target(place, overwrite)
    return place


def _told_elsewhere(what: str, resume: bool, given: list[str], out: Path) -> bool:
    """Whether a design file says what is run, or the folder that is gone on with; no option may say it too."""
    from letsdance.params import Refused

    if what.endswith(".toml"):
        if given:
            raise Refused("a design file says all that is run; write {given} into {what} instead of {given_2}.",
                          given=given[0].removeprefix("--"), what=what, given_2=given[0])
    elif resume and (what or given):
        raise Refused("--resume goes on with the sweep in {out} as it was begun; leave out {what}, or repeat the "
                      "whole command that began it.", out=out, what=what or given[0])
    return resume or what.endswith(".toml")


def _one_share(asked: Plan | None, share: tuple[int, int], how: dict[str, Any], out: Path, as_json: bool,
               text: Text) -> None:
    """Make one share of a sweep that several make."""
    from letsdance.experiments import address
    from letsdance.experiments.store import Sweep, part_size
    from letsdance.experiments.sweep import sweep as run

    runs, keep = (asked.runs, asked.keep) if asked else [Sweep.open(out).manifest[name] for name in ("runs", "keep")]
    size = part_size(runs, keep, share[1])
    try:
        with progress("report.bar_runs", size * len(range(share[0] - 1, -(-runs // size), share[1])),
                      quiet=as_json) as advance:
            found = run(asked, out, command=command_line("--task"), task=share, progress=advance, **how)
    except Interrupted as interrupted:
        interrupted.kept = text("report.search_kept", file=out) if address.there(out) else ""
        raise
    left = len(found.missing())
    if as_json:
        typer.echo(json.dumps({"folder": str(out), "task": share[0], "of": share[1], "parts_missing": left}))
        return
    typer.echo(text("report.sweep_share" if left else "report.sweep_share_whole", k=share[0], n=share[1], missing=left,
                    parts=found.parts, word=shlex.quote(str(out))))


def _whole(asked: Plan | None, how: dict[str, Any], out: Path, resume: bool, overwrite: bool, as_json: bool,
           text: Text) -> None:
    """Make a sweep, or what is missing of it, and say what it came to."""
    from letsdance.experiments import address
    from letsdance.experiments.store import Sweep
    from letsdance.experiments.sweep import SET_ASIDE
    from letsdance.experiments.sweep import sweep as run

    total = asked.runs if asked else int(Sweep.open(out).manifest["runs"])
    try:
        with progress("report.bar_runs", total, quiet=as_json) as advance:
            found = run(asked, out, resume=resume, overwrite=overwrite, progress=advance, command=command_line(), **how)
        if not address.there(out / "report.html"):
            with busy("report.bar_report", quiet=as_json):
                from letsdance.report.sweep import hand_over

                hand_over(found, text)
    except Interrupted as interrupted:
        interrupted.kept = _kept(out, text)
        raise
    failures = found.failures
    aside = failures[failures["error"].str.startswith(f"{SET_ASIDE}:")].drop_duplicates("point")
    said = {"folder": str(out), "points": len(found.points), "runs": total, "failed_runs": len(failures),
            "failed_points": int(failures["point"].nunique()), "outcomes": found.outcomes,
            "set_aside": [int(point) for point in aside["point"]]}
    if as_json:
        typer.echo(json.dumps(said))
        raise typer.Exit(1 if len(aside) else 0)
    _print(found, failures, text)
    say(text("report.sweep_written"), out=out, page=out / "report.html", word=shlex.quote(str(out)))
    if len(aside):
        for point, error in zip(aside["point"].head(5), aside["error"], strict=False):
            told = text("report.sweep_aside", point=point, why=error.removeprefix(f"{SET_ASIDE}: "))
            console().print(f"{told}.", highlight=False, soft_wrap=True)
        raise typer.Exit(1)


def shares(task: str) -> tuple[int, int]:
    """Which share of how many: "3 of 40", "3/40", or "slurm" for what its job array says."""
    import os
    import re

    from letsdance.params import Refused

    if task.strip().lower() == "slurm":
        said = [os.environ.get(f"SLURM_ARRAY_TASK_{name}", "") for name in ("ID", "MIN", "COUNT")]
        if not all(re.fullmatch("[0-9]{1,9}", word) for word in said):
            raise Refused("--task slurm reads SLURM_ARRAY_TASK_ID, _MIN and _COUNT, which only a job of an array has "
                          "(sbatch --array=1-40); elsewhere write --task '3 of 40'.")
        return int(said[0]) - int(said[1]) + 1, int(said[2])
    found = re.fullmatch(r"\s*([0-9]{1,7})\s*(?:of|/)\s*([0-9]{1,7})\s*", task)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise Refused("--task {task!r} cannot be read; write such as --task '3 of 40', the first being 1.", task=task)
    return int(found[1]), int(found[2])


#: Bytes of a citizen's row as they are stored.
_OF_A_CITIZEN = 40


def cost(asked: Any, workers: int | None, text: Text) -> str:
    """What a sweep will take here, by the speed of a few of its runs."""
    from time import perf_counter

    from letsdance.experiments.outcomes import known
    from letsdance.simulation.run import simulate
    from letsdance.simulation.society import cores

    simulate(asked.scenario, runs=1, threads=1)  # compile first
    began = perf_counter()
    tried = simulate(asked.scenario, runs=8, threads=1)
    everyone = len(tried.citizens) / 8 if "citizens" in asked.keep else 0  # who makes each run once more
    seconds = (perf_counter() - began) / 8 * asked.runs / (workers or cores())
    size = asked.runs * (8 * (len(asked.outcomes or known()) + 2) + _OF_A_CITIZEN * everyone) / 2**20
    took = text("report.sweep_minutes", n=text.number(seconds / 60)) if seconds >= 90 else text(
        "report.sweep_seconds", n=max(1, round(seconds)))
    return text("report.sweep_cost", runs=text.number(asked.runs), time=took, size=text.number(max(1, round(size))),
                more=text("report.sweep_cost_tables") if asked.keep else "")


def gather(
    directory: Annotated[str, typer.Argument(help="The folder or address that the shares of a sweep (--task) were made "
                                                  "in.")],
    text: Language = "en", as_json: Json = False,
) -> None:
    """Check a sweep that was made in shares, and close it.

    Nothing may be missing or damaged; then its report is written.
    """
    from letsdance.experiments.store import Sweep
    from letsdance.params import Refused
    from letsdance.report.sweep import hand_over

    found = Sweep.open(directory)
    if missing := found.missing():
        raise Refused("{count} of {parts} parts of {directory} are missing (the first is part {first}); give again the "
                      "shares (--task) that did not end, or make the rest here with `letsdance sweep --resume --out "
                      "{directory}`.",
                      count=len(missing), parts=found.parts, directory=directory, first=missing[0])
    found.check()
    with busy("report.bar_report", quiet=as_json):
        hand_over(found, text)
    failures = found.failures
    if as_json:
        typer.echo(json.dumps({"folder": str(directory), "points": len(found.points), "runs": int(found.manifest["runs"]),
                               "failed_runs": len(failures), "outcomes": found.outcomes}))
        return
    _print(found, failures, text)
    typer.echo(text("report.sweep_gathered", directory=directory))


def _kept(out: Path, text: Text) -> str:
    from letsdance.experiments.store import Sweep
    from letsdance.params import Refused

    try:
        found = Sweep.open(out)
    except Refused:
        return ""
    return text("report.sweep_kept", n=found.parts - len(found.missing()), of=found.parts,
                command=f"letsdance sweep --resume --out {shlex.quote(str(out))}")


def _print(found: Any, failures: Any, text: Text) -> None:
    from letsdance.report.sweep import shown_outcomes

    names = shown_outcomes(found)
    table = found.summary(names)
    most = 12
    rows = [[text.typed(row[f]) if isinstance(row[f], int | float) else str(row[f]) for f in ("point", *_factors(found))]
            + [_mean(row, name, text) for name in names] for row in table.head(most).to_dict("records")]
    title = text("report.sweep_printed", points=text.number(len(found.points)),
                 runs=text.number(int(found.manifest["runs"])))
    more = text("report.sweep_printed_first", n=most) if len(table) > most else ""
    print_table(title + more, [text("report.sweep_point"), *_factors(found), *names], rows)
    if len(failures):
        console().print(text("report.sweep_printed_failed", runs=text.number(len(failures)),
                             points=text.number(failures["point"].nunique()), error=failures["error"].iloc[0]),
                        highlight=False, soft_wrap=True)


def _factors(found: Any) -> list[str]:
    return [name for name in found.points.columns if name != "point"]


def _mean(row: dict[str, Any], name: str, text: Text) -> str:
    from letsdance.experiments.outcomes import parse

    runs = row[f"{name} n"]
    if not runs:
        return "-" if row["runs"] and not name.startswith("time_to_") else text(
            "report.sweep_cell_never" if row["runs"] else "report.sweep_cell_failed")
    share = parse(name).unit == "share"
    mean, spread = (text.percent(v) if share else text.number(v, 1) for v in (row[name], row[f"{name} sd"]))
    return (mean + (f" ({spread})" if runs > 1 else "")
            + ("" if runs == row["runs"] else f" ({text('report.n_of', n=runs, runs=row['runs'])})"))


_MOST_ROWS = 1_000  # that a screen is asked to show


def query(
    directory: Annotated[str, typer.Argument(help="A folder that `letsdance sweep` wrote, or its address.")],
    sql: Annotated[str, typer.Argument(help="SQL over points, runs and the tables kept.")] = "SELECT * FROM runs LIMIT 20",
    csv: Annotated[Path | None, typer.Option(help="Write the answer to this CSV instead of printing it.")] = None,
    text: Language = "en", as_json: Json = False,
) -> None:
    """Ask a sweep's tables by SQL, and print or save the answer."""
    from letsdance.experiments.spreadsheet import to_csv
    from letsdance.experiments.store import Sweep
    from letsdance.params import Refused

    found = Sweep.open(directory)
    answer = found.query(sql)
    if missing := len(found.missing()):
        typer.echo(text("report.query_unfinished", kept=found.parts - missing, all=found.parts), err=True)
    if csv is not None:
        try:
            csv.write_text(to_csv(answer), encoding="utf-8")
        except OSError as error:
            raise Refused("{csv} cannot be written: {strerror}.", csv=csv, strerror=error.strerror) from None
        typer.echo(json.dumps({"file": str(csv), "rows": len(answer)}) if as_json else
                   text("report.query_written", file=csv, n=text.number(len(answer))))
    elif as_json:
        typer.echo(answer.to_json(orient="records"))
    else:
        rows = [[text.typed(v) if isinstance(v, float) else str(v) for v in row]
                for row in answer.head(_MOST_ROWS).itertuples(index=False)]
        print_table(text("report.query_first" if len(answer) > _MOST_ROWS else "report.query_rows",
                         n=text.number(len(answer)), shown=text.number(_MOST_ROWS)),
                    [str(c) for c in answer.columns], rows)
