"""`letsdance branch save` and `letsdance branch go`: a run's state in a file, and how it goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

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
    busy,
    console,
    print_table,
    progress,
    say,
    values,
)
from letsdance.commands.telling import keep, written

branch = typer.Typer(no_args_is_help=True, rich_markup_mode=None,
                     help="Save a run's state, and let it go on with other policies.")


@branch.command()
def save(
    scenario: Annotated[str, typer.Argument(help="A start by name, or a scenario file.")],
    at: Annotated[int, typer.Option(help="The quarter whose end is saved.")],
    seed: Annotated[int, typer.Option(help="The run, by its seed.")] = 1,
    quarters: Quarters = None, sets: Set = None, lever: Lever = None, shock: Shock = None, profile: Profile = None,
    municipalities: Table = None,
    out: Annotated[Path, typer.Option(help="The file to write.")] = Path("letsdance-state.npz"),
    text: Language = "en", overwrite: Overwrite = False, as_json: Json = False,
) -> None:
    """Run a scenario to a quarter and save its state to a file."""
    from letsdance.experiments import branch as branches
    from letsdance.experiments import folder

    folder.check_file(out, overwrite)
    with busy("report.bar_runs", quiet=as_json):
        state = branches.state_at(scenario, at, seed, municipalities, parameters=values(sets), levers=lever or [],
                                  shocks=shock or [], profile=profile, quarters=quarters)
        branches.save(state, out, overwrite)
    if as_json:
        typer.echo(json.dumps({"file": str(out), "scenario": state.scenario.name, "seed": seed, "quarter": at}))
    else:
        say(text("report.branch_saved"), out=out, start=text.start(state.scenario.title), seed=seed, at=at, next=at + 1)


@branch.command()
def go(
    file: Annotated[Path, typer.Argument(help="A file that `letsdance branch save` wrote.")],
    policy: Annotated[list[str] | None, typer.Option(
        metavar='"NAME: LEVER@START+DURATION, PARAMETER=VALUE"', help="How it goes on; may be repeated.")] = None,
    runs: Annotated[int, typer.Option(help="Runs from here: the first with its own luck, others with other luck.")] = 20,
    quarters: Quarters = None,
    out: Annotated[Path, typer.Option(help="The folder to write.")] = Path("letsdance-branch"),
    text: Language = "en", overwrite: Overwrite = False, as_json: Json = False,
) -> None:
    """Let a saved state go on, as it was and with other policies. All meet the same luck."""
    from letsdance.experiments import branch as branches
    from letsdance.experiments import folder
    from letsdance.params import Refused
    from letsdance.scenarios.policy import read_policy

    folder.check_target(out, overwrite)
    state = branches.load(file)
    policies: dict[str, Any] = {branches.AS_IT_WAS: []}
    for one in map(read_policy, policy or []):
        if one.start or one.profile or one.context or one.quarters:
            raise Refused("policy {name}: a state goes on from where it is, so a policy here has levers, shocks and "
                          "parameters only.", name=one.title)
        if one.title in policies:
            raise Refused("two policies are called {name}; rename one.", name=one.title)
        policies[one.title] = {"levers": one.levers, "shocks": one.shocks, "parameters": dict(one.parameters)}
    with progress("report.bar_runs", max(runs, 1) * len(policies), quiet=as_json) as advance:
        frame = branches.branch(state, policies, runs, quarters, progress=advance)
    from letsdance.report.branching import differences, ends, study

    said = {"state": file.name, "scenario": state.scenario.to_toml(), "quarter": state.quarter,
            "seeds": {"first": state.seed, "runs": runs}, "policies": list(policies)}
    keep(out, "branch", said, {"society": frame}, study(state, frame, text), overwrite, as_json)
    table = ends(frame, text)
    if as_json:
        last = frame[frame["quarter"] == frame["quarter"].max()]
        means = last.groupby("policy", sort=False).mean(numeric_only=True)
        typer.echo(json.dumps({"folder": str(out), "quarter": state.quarter, "runs": runs, "says": differences(frame),
                               "ends": json.loads(means.drop(columns=["run", "seed", "quarter"]).to_json(orient="index"))}))
        return
    print_table(table.note, list(table.columns), [list(row) for row in table.rows])
    for line in differences(frame, text):
        console().print(line, highlight=False)
    written(out)
