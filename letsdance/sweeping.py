"""`letsdance sweep` and `letsdance query`: many runs into a folder, and what is in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from letsdance.screen import (
    Interrupted,
    Json,
    Lever,
    Overwrite,
    Profile,
    Quarters,
    Seed,
    Set,
    Shock,
    Table,
    busy,
    command_line,
    console,
    print_table,
    progress,
    values,
)

Factors = Annotated[list[str] | None, typer.Option(
    "--factor", metavar="NAME=LOW:HIGH", help="A dial and its range, LOW:HIGH:LEVELS, or values A,B,C; may be repeated.")]
Outcomes = Annotated[list[str] | None, typer.Option(
    "--outcome", metavar="NAME@QUARTER", help="What is looked at, such as lets_dance@60; may be repeated.")]
Executor = Annotated[str | None, typer.Option(help="threads or processes [default: threads for few runs].")]
Workers = Annotated[int | None, typer.Option(help="How many threads or processes [default: one a core].")]
Scheduler = Annotated[str | None, typer.Option(help="A Dask scheduler's address, such as tcp://127.0.0.1:8786.")]


def where(executor: str | None, scheduler: str | None) -> str | None:
    """The executor that the options name."""
    from params import Refused

    if executor and scheduler:
        raise Refused("give either --executor or --scheduler, not both.")
    return scheduler or executor


def sweep(
    what: Annotated[str, typer.Argument(help="A design file (TOML), or the scenario that the factors change.")] = "",
    factor: Factors = None,
    method: Annotated[str, typer.Option(help="grid, latin_hypercube, sobol, morris, one_at_a_time or list.")] = "",
    points: Annotated[int | None, typer.Option(help="How many points of a latin_hypercube or sobol design.")] = None,
    trajectories: Annotated[int | None, typer.Option(help="How many trajectories of a morris design.")] = None,
    list_: Annotated[Path | None, typer.Option("--list", help="A CSV of points: one column a factor.")] = None,
    replicates: Annotated[int, typer.Option(help="Runs of each point, paired by seed.")] = 20,
    outcome: Outcomes = None,
    keep: Annotated[list[str] | None, typer.Option(
        help="A further table to keep: society, adopters or governments; may be repeated.")] = None,
    every: Annotated[int, typer.Option(help="Quarters between two rows of society and adopters.")] = 4,
    quarters: Quarters = None, seed: Seed = 1, sets: Set = None, lever: Lever = None, shock: Shock = None,
    profile: Profile = None, municipalities: Table = None, executor: Executor = None, workers: Workers = None,
    scheduler: Scheduler = None,
    out: Annotated[Path, typer.Option(help="The folder to write.")] = Path("letsdance-sweep"),
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a sweep that was stopped.")] = False,
    overwrite: Overwrite = False, as_json: Json = False,
) -> None:
    """Run every point of a design into a folder; kill it at any moment and go on with --resume."""
    from experiments import folder
    from params import Refused

    runner = where(executor, scheduler)
    if resume:
        if overwrite:
            raise Refused("--resume goes on with what is there and --overwrite throws it away; give one of them.")
    else:
        folder.check_target(out, overwrite)
    from experiments import plan as plans
    from experiments.store import Sweep
    from experiments.sweep import sweep as run

    dials = bool(factor or list_ or method)
    asked = None
    if what.endswith(".toml") and not dials:
        asked = plans.read(what)
    elif dials or not resume:
        chosen = method or ("list" if list_ else "grid" if points is None else "latin_hypercube")
        asked = plans.plan(
            what or "lets_dance", factor or [], chosen, points, trajectories=trajectories, file=list_,
            replicates=replicates, seed=seed, outcomes=outcome or [], keep=keep or [], every=every, quarters=quarters,
            profile=profile, parameters=values(sets), levers=lever or [], shocks=shock or [], municipalities=municipalities)
    total = asked.runs if asked else int(Sweep.open(out).manifest["runs"])
    try:
        with progress("Runs", total, quiet=as_json) as advance:
            found = run(asked, out, runner, workers, resume=resume, overwrite=overwrite, progress=advance,
                        command=command_line(out))
        if not (out / "report.html").exists():
            with busy("Writing the report", quiet=as_json):
                from report.sweep import hand_over

                hand_over(found)
    except Interrupted as interrupted:
        interrupted.kept = _kept(out)
        raise
    failures = found.failures
    said = {"folder": str(out), "points": len(found.points), "runs": total, "failed_runs": len(failures),
            "failed_points": int(failures["point"].nunique()), "outcomes": found.outcomes}
    if as_json:
        typer.echo(json.dumps(said))
        return
    _print(found, failures)
    console().print(f"Written: [bold]{out}[/] (open [bold]{out / 'report.html'}[/]; "
                    f"`letsdance query {out} \"SELECT ...\"`).", highlight=False)


def _kept(out: Path) -> str:
    from experiments.store import Sweep
    from params import Refused

    try:
        found = Sweep.open(out)
    except Refused:
        return "nothing was written."
    return (f"{found.parts - len(found.missing())} of {found.parts} parts are kept; go on with "
            f"`letsdance sweep --resume --out {out}`.")


def _print(found: Any, failures: Any) -> None:
    from report.sweep import shown_outcomes

    names = shown_outcomes(found)
    table = found.summary(names)
    most = 12
    rows = [[f"{row[f]:g}" if isinstance(row[f], int | float) else str(row[f]) for f in ("point", *_factors(found))]
            + [_mean(row, name) for name in names] for row in table.head(most).to_dict("records")]
    print_table(f"{len(found.points):,} points, {int(found.manifest['runs']):,} runs: mean (standard deviation over runs)"
                + (f"; the first {most} points" if len(table) > most else ""), ["point", *_factors(found), *names], rows)
    if len(failures):
        console().print(f"{len(failures):,} runs of {failures['point'].nunique():,} points failed; the first: "
                        f"{failures['error'].iloc[0]}", highlight=False)


def _factors(found: Any) -> list[str]:
    return [name for name in found.points.columns if name != "point"]


def _mean(row: dict[str, Any], name: str) -> str:
    if not row[f"{name} n"]:
        return "never"
    return f"{row[name]:.2f} ({row[f'{name} sd']:.2f})" + ("" if row[f"{name} n"] == row["runs"] else
                                                          f" in {row[f'{name} n']} of {row['runs']}")


def query(
    directory: Annotated[Path, typer.Argument(help="A folder that `letsdance sweep` wrote.")],
    sql: Annotated[str, typer.Argument(help="SQL over points, runs and the tables kept.")] = "SELECT * FROM runs LIMIT 20",
    csv: Annotated[Path | None, typer.Option(help="Write the answer to this CSV instead of printing it.")] = None,
    as_json: Json = False,
) -> None:
    """Ask a sweep's tables by SQL, and print or save the answer."""
    from experiments.store import Sweep
    from params import Refused

    answer = Sweep.open(directory).query(sql)
    if csv is not None:
        try:
            answer.to_csv(csv, index=False)
        except OSError as error:
            raise Refused(f"{csv} cannot be written: {error.strerror}.") from None
        typer.echo(f"Written: {csv} ({len(answer):,} rows).")
    elif as_json:
        typer.echo(answer.to_json(orient="records"))
    else:
        rows = [[f"{v:.6g}" if isinstance(v, float) else str(v) for v in row] for row in answer.itertuples(index=False)]
        print_table(f"{len(answer):,} rows", [str(c) for c in answer.columns], rows)
