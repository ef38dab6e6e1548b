"""`letsdance sensitivity` and `letsdance discover`: what an outcome answers to, and where a condition holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from letsdance.commands.screen import (
    Json,
    Language,
    Lever,
    Overwrite,
    Profile,
    Quarters,
    Set,
    Shock,
    Table,
    console,
    idle,
    print_table,
    progress,
    values,
)
from letsdance.commands.sweeping import Executor, Factors, Workers
from letsdance.commands.telling import estimate, keep, records, written

if TYPE_CHECKING:
    import pandas as pd

    from letsdance.experiments.store import Sweep

_From = Annotated[str | None, typer.Option("--from", help="A sweep's folder or address, analysed instead of running anew.")]
_Replicates = Annotated[int, typer.Option(help="Runs of each point; the same seeds at every point.")]
_Missing = Annotated[float | None, typer.Option(help="The number to put where an outcome is not a number.")]
_Seed = Annotated[int | None, typer.Option(help="Seed of the first run and of what is drawn in the analysis [default: 1; "
                                                "with --from that of the sweep, and of the analysis alone].")]
_Scenario = Annotated[str | None, typer.Argument(help="The scenario that the factors change [default: lets_dance].")]


def sensitivity(
    scenario: _Scenario = None, factor: Factors = None,
    outcome: Annotated[str, typer.Option(help="What is looked at, such as lets_dance@60; for regional a condition, such "
                                              "as 'lets_dance@60 >= 0.5'.")] = "lets_dance",
    method: Annotated[str | None, typer.Option(
        help="morris (which factors matter), sobol (how much of the variance each makes), emulated (the same of many "
             "factors, by an emulator) or regional (what sets apart where a condition holds) [default: morris, or what a "
             "--from sweep was made for].")] = None,
    size: Annotated[int | None, typer.Option(
        help="Trajectories of morris, base points of sobol, points of regional or emulated [default: 10, 256, 400, "
             "1000].")] = None,
    replicates: _Replicates = 4, missing: _Missing = None, from_: _From = None, quarters: Quarters = None,
    seed: _Seed = None,
    sets: Set = None, lever: Lever = None, shock: Shock = None, profile: Profile = None, municipalities: Table = None,
    executor: Executor = None, workers: Workers = None,
    out: Annotated[Path, typer.Option(help="The folder to write.")] = Path("letsdance-sensitivity"),
    text: Language = "en", overwrite: Overwrite = False, as_json: Json = False,
) -> None:
    """Say which factors an outcome answers to, and how strongly.

    Luck is told apart. Without --factor, morris screens every parameter that nobody knows well.
    """
    from letsdance.experiments import folder

    folder.check_target(out, overwrite)
    from letsdance.experiments import sensitivity as science

    if from_ is not None:
        found = science.from_sweep(_sweep(from_, scenario, factor), outcome, method, missing, seed=seed)
    else:
        chosen = science.parse_factors(factor or []) or science.default_factors()
        method, seed = method or "morris", 1 if seed is None else seed
        science.design_of(method, chosen, size, seed)  # what is wrong is said before anything runs
        points = science.points_needed(method, len(chosen), size)
        with progress("report.bar_design", points * max(replicates, 0), as_json, factors=len(chosen), points=points,
                      runs=replicates) as advance:
            found = science.sensitivity(
                "lets_dance" if scenario is None else scenario,
                chosen, outcome, method, size, replicates, seed, missing, executor=executor,
                workers=workers, progress=advance, quarters=quarters, parameters=values(sets), levers=lever or [],
                shocks=shock or [], profile=profile, municipalities=municipalities)
    from letsdance.report.screening import answer, rows_of, sensitivity_study

    luck = found.found.luck if isinstance(found.found, science.Sobol) else None
    said: dict[str, Any] = {
        "method": found.method, "outcome": str(found.outcome), "factors": [str(f) for f in found.factors],
        "scenario": found.scenario.to_toml(), "seed": found.seed, "replicates": found.found.replicates,
        "points": len(found.design), "missing": missing, "luck": luck and estimate(luck)}
    keep(out, "sensitivity", said, {"indices": found.table, "points": _points(found.design.table), "runs": found.runs},
          sensitivity_study(found, text), overwrite, as_json)
    if as_json:
        typer.echo(json.dumps({"folder": str(out), **said, "says": answer(found, text),
                               "indices": records(found.table)}))
        return
    columns, rows = rows_of(found, text)
    runs = text("report.n_runs", n=text.number(len(found.runs)))
    print_table(text.labelled(runs, found.outcome), columns, rows[:20])
    _say(answer(found, text), out, "" if len(rows) <= 20 else text("report.screen_weaker", n=len(rows) - 20))


def discover(
    scenario: _Scenario = None, factor: Factors = None,
    condition: Annotated[str, typer.Option(help="What is to hold, such as 'wasteland@60 <= 0.2'.")] = "wasteland <= 0.2",
    points: Annotated[int, typer.Option(help="Points of the Latin hypercube.")] = 400,
    replicates: _Replicates = 4,
    density: Annotated[float, typer.Option(help="How often the condition should hold in a box.")] = 0.8,
    boxes: Annotated[int, typer.Option(help="How many boxes at most.")] = 3,
    missing: _Missing = None, from_: _From = None, quarters: Quarters = None, seed: _Seed = None, sets: Set = None,
    lever: Lever = None, shock: Shock = None, profile: Profile = None, municipalities: Table = None,
    executor: Executor = None, workers: Workers = None,
    out: Annotated[Path, typer.Option(help="The folder to write.")] = Path("letsdance-discover"),
    text: Language = "en", overwrite: Overwrite = False, as_json: Json = False,
) -> None:
    """Find where a condition holds, as boxes in plain words. For example "Wasteland is escaped where k is at least 1.2";
    what is said of a box is measured on points left out of the search."""
    from letsdance.experiments import folder

    folder.check_target(out, overwrite)
    from letsdance.experiments import discovery as science

    if from_ is not None:
        found = science.from_sweep(_sweep(from_, scenario, factor), condition, density, boxes, missing, seed)
    else:
        chosen, seed = science.check(factor or [], condition, points), 1 if seed is None else seed
        with progress("report.bar_design", points * max(replicates, 0), as_json, factors=len(chosen), points=points,
                      runs=replicates) as advance:
            found = science.discover(
                "lets_dance" if scenario is None else scenario,
                chosen, condition, points, replicates, seed, density, boxes, missing,
                executor=executor, workers=workers, progress=advance, quarters=quarters, parameters=values(sets),
                levers=lever or [], shocks=shock or [], profile=profile, municipalities=municipalities)
    from letsdance.report.screening import discovery_study

    assert found.scenario is not None
    assert found.design is not None
    assert found.runs is not None
    said: dict[str, Any] = {
        "condition": str(found.condition), "factors": [str(f) for f in found.factors],
        "scenario": found.scenario.to_toml(), "seed": found.seed, "replicates": found.replicates, "points": found.points,
        "missing": missing, "density_aimed_at": found.aim, "held": found.held,
        "points_that_would_do": None if found.boxes or found.power is None else found.power.enough,
        "told_apart_alone": list(found.apart)}
    keep(out, "discover", said, {"boxes": found.table, "peeling": found.steps, "points": _points(found.design.table),
                                  "runs": found.runs}, discovery_study(found, text), overwrite, as_json)
    sentences = science.sentences(found, text)
    if as_json:
        typer.echo(json.dumps({"folder": str(out), **said, "says": sentences, "boxes": [
            {"limits": {name: list(limits) for name, limits in box.limits.items()}, "density": estimate(box.density),
             "coverage": estimate(box.coverage), "support": box.support, "base": box.base, "points": box.points,
             "p": box.p, "chance": dict(box.chance)} for box in found.boxes]}))
        return
    _say(sentences, out)


# ---------------------------------------------------------------- what both do

def _sweep(where: str, scenario: str | None, factor: list[str] | None) -> Sweep:
    from letsdance.experiments.store import Sweep
    from letsdance.params import Refused

    if scenario or factor:
        raise Refused("--from takes scenario and factors from the sweep; leave them out.")
    idle("--replicates", "--size", "--points", "--quarters", "--set", "--lever", "--shock", "--profile", "--municipalities",
         "--executor", "--workers", because="--from takes runs that were made from the sweep")
    return Sweep.open(where)


def _points(table: pd.DataFrame) -> pd.DataFrame:
    return table.rename_axis("point").reset_index()


def _say(sentences: list[str], out: Path, note: str = "") -> None:
    typer.echo("")
    for line in [*sentences, *([note] if note else [])]:
        console().print(line, highlight=False)
    typer.echo("")
    written(out)
