"""`letsdance map`: basins, residence, tipping, hysteresis, early warnings. Plain `letsdance map` draws the basins."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from letsdance.commands import over_worlds
from letsdance.commands.screen import (
    Json,
    KeepIn,
    Language,
    Lever,
    Over,
    Overwrite,
    Profile,
    Scenarios,
    Scheduler,
    Seed,
    Set,
    Shock,
    Within,
    console,
    held,
    progress,
    values,
    worlds_of,
)
from letsdance.commands.telling import estimate, finite, keep, written

if TYPE_CHECKING:
    import pandas as pd

    from letsdance.report.study import Study

FIRST = "basins"


class _BasinsFirst(TyperGroup):
    """Words that name no sub-command are meant for the first: `letsdance map --grid 5`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = [FIRST, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_BasinsFirst, rich_markup_mode=None,
    help="Map where starts lead and what tips. Without a command it maps basins.")

Scenario = Annotated[str, typer.Argument(help="A start by name, or the path of a scenario file.")]
Out = Annotated[Path, typer.Option(help="The folder to write.")]
Along = Annotated[str, typer.Option(metavar="NAME=FROM:TO", help="What is moved, such as b_g=-0.1:0.3.")]
Outcome = Annotated[str, typer.Option(help="What is watched (`letsdance show indicators`).")]
Settle = Annotated[int, typer.Option(help="Quarters before the parameter moves.")]


@app.command(FIRST)
def basins(
    scenario: Annotated[str, typer.Argument(help="Where levers, shocks and parameters come from.")] = "lets_dance",
    grid: Annotated[int, typer.Option(help="Starts on each side of the plane.")] = 11,
    runs: Annotated[int, typer.Option(help="Paired runs at each start.")] = 4,
    quarters: Annotated[int, typer.Option(help="Quarters after which the regime is read.")] = 60, seed: Seed = 1,
    sets: Set = None, lever: Lever = None, shock: Shock = None, profile: Profile = None,
    stay_runs: Annotated[int, typer.Option(help="Paired runs of each start for the times of residence.")] = 20,
    stay_quarters: Annotated[int, typer.Option(help="Quarters of these runs.")] = 200,
    worlds: Over = None, within: Within = None, keep_in: KeepIn = None, scheduler: Scheduler = None,
    out: Out = Path("letsdance-map"), text: Language = "en", overwrite: Overwrite = False, as_json: Json = False,
) -> None:
    """Show where starts lead, on a grid over (C, G). The regime after --quarters, agents beside the mean field; and how
    long the four starts last. With --worlds: in how many worlds each start leads there (the agents alone)."""
    from letsdance.experiments import folder

    folder.check_target(out, overwrite)
    from letsdance import scenarios as told
    from letsdance.experiments.basins import basins as find
    from letsdance.experiments.residence import residence as follow
    from letsdance.params import check_whole

    changes = _changes(sets, lever, shock, profile)
    there = worlds_of(worlds, within)
    where = held(keep_in, scheduler, there is not None)
    if there is not None:
        over_worlds.basins(there, scenario, grid, quarters, runs, seed, changes, where, out, overwrite, as_json, text)
        return
    base = told.load(scenario)
    check_whole("--stay-runs", stay_runs, 1, 1_000_000)  # before the map is made
    told.check_quarters(stay_quarters, "--stay-quarters: ")
    with progress("report.bar_starts", grid * grid if 0 < grid < 1000 else 1, quiet=as_json) as advance:
        found = find(scenario, grid, quarters, runs, seed, advance, **changes)
    corners = _corners(base)
    with progress("report.bar_residence", max(1, stay_runs) * len(corners), quiet=as_json) as advance:
        stays = follow(corners, stay_runs, stay_quarters, seed, progress=advance, **changes)
    said = {
        **_story(base, changes), "starts": found.starts.tolist(), "quarters": quarters, "runs": runs, "seed": seed,
        "agents": found.agents.tolist(), "mean_field": found.mean_field.tolist(), "agreement": found.agreement,
        "sizes": found.sizes.to_dict("records"),
        "fixed_points": [{"C": float(p.state[0]), "G": float(p.state[1]), "stable": bool(p.stable)}
                         for p in found.fixed_points], "residence": _stays(stays)}

    from letsdance.report.dynamics import basins_study, resting
    from letsdance.report.style import percent

    page = basins_study(found, stays, text)
    frames = {"basins": found.frame, "residence": stays.frame, "spells": stays.spells,
              "transitions": stays.transitions}
    _hand_over("map", out, overwrite, as_json, said, frames, page, [text(
        "report.map_agreement_rests", share=percent(found.agreement, text), points=resting(found, text))])


@app.command()
def residence(
    scenarios: Scenarios = None,
    runs: Annotated[int, typer.Option(help="Paired runs of each start.")] = 20,
    quarters: Annotated[int, typer.Option(help="Quarters that each run lasts, 8-400.")] = 200, seed: Seed = 1,
    target: Annotated[str, typer.Option(help="The regime to be reached.")] = "lets_dance",
    sets: Set = None, lever: Lever = None, shock: Shock = None, profile: Profile = None,
    out: Out = Path("letsdance-residence"), text: Language = "en", overwrite: Overwrite = False, as_json: Json = False,
) -> None:
    """Say how long municipalities stay where they start. Also where they go, and when they first reach a regime."""
    from letsdance.experiments import folder

    folder.check_target(out, overwrite)
    from letsdance import scenarios as told
    from letsdance.experiments.residence import residence as follow

    names, changes = scenarios or list(told.STARTS), _changes(sets, lever, shock, profile)
    with progress("report.bar_runs", max(1, runs) * len(names), quiet=as_json) as advance:
        found = follow(names, runs, quarters, seed, target, advance, **changes)

    from letsdance.report.dynamics import residence_study

    page = residence_study(found, text)
    said = {"scenarios": {scenario.name: scenario.changed(quarters=quarters, **changes).to_toml()
                          for scenario in map(told.load, names)},
            "runs": runs, "quarters": quarters, "seed": seed, "target": target, "residence": _stays(found)}
    frames = {"residence": found.frame, "spells": found.spells, "transitions": found.transitions}
    _hand_over("residence", out, overwrite, as_json, said, frames, page)


@app.command()
def tipping(
    scenarios: Scenarios = None, along: Along = "b_g=-0.1:0.3",
    outcome: Annotated[str, typer.Option(help="C, G, S, T, R, L, K or A, or any outcome such as services@60.")] = "G",
    regime: Annotated[str, typer.Option(help="The regime whose share is watched.")] = "lets_dance",
    points: Annotated[int, typer.Option(help="Values along the way.")] = 13,
    runs: Annotated[int, typer.Option(help="Paired runs at each value from each start.")] = 10,
    quarters: Annotated[int, typer.Option(help="Quarters that each run lasts, 8-400.")] = 200, seed: Seed = 1,
    sets: Set = None, lever: Lever = None, shock: Shock = None, profile: Profile = None,
    out: Out = Path("letsdance-tipping"), text: Language = "en", overwrite: Overwrite = False, as_json: Json = False,
) -> None:
    """Show where runs end along a parameter or a lever's strength. Such as k=0.2:2 or FRCS@8+20=0:1.5; beside the mean
    field."""
    from letsdance.experiments import folder

    folder.check_target(out, overwrite)
    from letsdance import scenarios as told
    from letsdance.experiments.tipping import tipping as find

    names, changes = scenarios or list(told.STARTS), _changes(sets, lever, shock, profile)
    for name in names:
        _no_axis(name)
    with progress("report.bar_values", max(1, points) * (len(names) + 1), quiet=as_json) as advance:
        found = find(along, names, outcome, regime, points, runs, quarters, seed, advance, **changes)

    from letsdance.report.tipping import tipping_study

    page = tipping_study(found, text)
    said = {"scenarios": {scenario.name: scenario.changed(quarters=quarters, **changes).to_toml()
                          for scenario in map(told.load, names)},
            "along": along, "values": found.values.tolist(), "outcome": str(found.outcome), "regime": regime,
            "runs": runs, "quarters": quarters, "seed": seed,
            "tips": {name: [{"at": estimate(tip.at), "rises": tip.rises, "seen": finite(tip.seen),
                             "at_edge": tip.edge} for tip in tips]
                     for name, tips in found.tips.items()},
            "folds": [{"at": fold.at, "C": fold.C, "G": fold.G, "regime": fold.regime} for fold in found.folds]}
    _hand_over("tipping", out, overwrite, as_json, said,
               {"tipping": found.frame, "equilibria": found.equilibria_frame}, page)


@app.command()
def hysteresis(
    scenario: Scenario = "lets_dance", along: Along = "B=0:0.8", outcome: Outcome = "G",
    quarters: Annotated[int, typer.Option(help="Quarters each way at the slower speed; the faster takes half.")] = 200,
    settle: Settle = 40,
    wait: Annotated[int, typer.Option(help="Quarters to wait where both ways are stopped.")] = 200,
    runs: Annotated[int, typer.Option(help="Paired runs.")] = 20, seed: Seed = 1,
    sets: Set = None, profile: Profile = None,
    out: Out = Path("letsdance-hysteresis"), text: Language = "en", overwrite: Overwrite = False, as_json: Json = False,
) -> None:
    """Move a parameter there and back, and see if a gap stays. Within a run, at two speeds; then both ways stop and
    wait."""
    from letsdance.experiments import folder

    folder.check_target(out, overwrite)
    from letsdance import scenarios as told
    from letsdance.experiments.hysteresis import hysteresis as find

    _no_axis(scenario)
    changes = _changes(sets, None, None, profile)
    with progress("report.bar_runs", 4 * max(1, runs), quiet=as_json) as advance:
        found = find(scenario, along, outcome, quarters, settle, wait, runs, seed, advance, **changes)

    from letsdance.report.tipping import hysteresis_study

    page = hysteresis_study(found, text)
    said = {**_story(told.load(scenario), changes), "along": along, "outcome": outcome, "quarters": quarters,
            "settle": settle, "wait": wait, "runs": runs, "seed": seed, "verdict": found.verdict,
            "loops": [{"quarters": loop.quarters, "gap": estimate(loop.gap), "after": estimate(loop.after)}
                      for loop in found.loops],
            "waited_at": found.waited_at, "gap_before": estimate(found.gap_before), "gap_left": estimate(found.gap_left),
            "still_closing": estimate(found.still_closing)}
    _hand_over("hysteresis", out, overwrite, as_json, said, {"hysteresis": found.frame}, page)


@app.command()
def warning(
    scenario: Scenario = "lets_dance", along: Along = "B=0:0.8", outcome: Outcome = "G",
    quarters: Annotated[int, typer.Option(help="Quarters in which the parameter moves.")] = 200, settle: Settle = 40,
    runs: Annotated[int, typer.Option(help="Runs that tip; as many quiet ones set the threshold, as many test it.")] = 40,
    seed: Seed = 1,
    window: Annotated[float, typer.Option(help="Rolling window, as a share of the series.")] = 0.5,
    bandwidth: Annotated[float, typer.Option(help="Standard deviation of the smoother, as a share of the series.")] = 0.1,
    ahead: Annotated[int, typer.Option(help="Quarters before the tip at which the last look is taken.")] = 0,
    sets: Set = None, profile: Profile = None,
    out: Out = Path("letsdance-warning"), text: Language = "en", overwrite: Overwrite = False, as_json: Json = False,
) -> None:
    """Ask whether early warnings come before a tip. Do variance and lag-1 autocorrelation rise, and how often for
    nothing?"""
    from letsdance.experiments import folder

    folder.check_target(out, overwrite)
    from letsdance import scenarios as told
    from letsdance.experiments.early_warning import early_warning as find

    _no_axis(scenario)
    changes = _changes(sets, None, None, profile)
    with progress("report.bar_trends", 6 * max(1, runs), quiet=as_json) as advance:
        found = find(scenario, along, outcome, quarters, settle, runs, seed, window, bandwidth, ahead, advance,
                     **changes)

    from letsdance.report.early_warning import warning_study

    page = warning_study(found, text)
    said = {**_story(told.load(scenario), changes), "along": along, "outcome": outcome, "quarters": quarters,
            "settle": settle, "runs": runs, "seed": seed, "window": window, "bandwidth": bandwidth, "ahead": ahead,
            "home": found.home, "tipped_at": [finite(at) for at in found.tipped_at],
            "warns": {name: {
                "warns": one.warns, "threshold": one.threshold, "hits": estimate(one.hits),
                "false_alarms": estimate(one.false_alarms), "auc": estimate(one.auc),
                "watch_hits": estimate(one.watch_hits), "watch_false_alarms": estimate(one.watch_false_alarms),
                "lead": one.lead.tolist()} for name, one in found.judged.items()}}
    _hand_over("warning", out, overwrite, as_json, said, {"warning": found.frame}, page)


# ---------------------------------------------------------------- what they share

def _changes(sets: list[str] | None, lever: list[str] | None, shock: list[str] | None,
             profile: str | None) -> dict[str, Any]:
    return {"parameters": values(sets), "levers": lever or [], "shocks": shock or [], "profile": profile}


def _no_axis(scenario: str) -> None:
    """Refuse a parameter's way in the place of a scenario, with what was meant."""
    from letsdance.params import Refused

    if "=" in scenario and not scenario.endswith(".toml"):
        raise Refused("{scenario!r} stands where a scenario stands; write --along {scenario}.", scenario=scenario)


def _corners(base: Any) -> list[Any]:
    """The four starts with a scenario's own parameters, levers, shocks and innovation."""
    from dataclasses import replace

    from letsdance import scenarios as told

    return [replace(base, name=name, title=told.load(name).title, says=told.load(name).says, C=told.load(name).C,
                    G=told.load(name).G) for name in told.STARTS]


def _story(base: Any, changes: Mapping[str, Any]) -> dict[str, Any]:
    return {"scenarios": {base.name: base.changed(**changes).to_toml()}}


def _told(page: Study) -> list[str]:
    """What the page says, for the screen."""
    said = [f"{page.headline}.", *(sentence for section in page.sections for sentence in section.sentences)]
    figures = [make(960.0).summary for section in page.sections for make in section.figures.values()]
    return [said[0], *figures[:1], *said[1:]]


def _stays(found: Any) -> dict[str, Any]:
    return {name: {
        "home": stay.home, "started": stay.started, "left": stay.leave.ended, "of": stay.leave.spells,
        "quarters_until_half_have_left": estimate(stay.leave.median), "mean_quarters": estimate(stay.leave.mean),
        f"quarters_until_half_have_been_in_{found.target}": estimate(stay.reach.median),
        "goes_to": {regime: estimate(one) for regime, one in stay.goes_to.items()},
        "mean_field_leaves": None if stay.mean_field is None else finite(stay.mean_field)}
        for name, stay in found.stays.items()}


def _hand_over(kind: str, out: Path, overwrite: bool, as_json: bool, said: Mapping[str, Any],
               frames: Mapping[str, pd.DataFrame], page: Study, sentences: list[str] | None = None) -> None:
    """Write the folder with its page, and print JSON or the sentences (those of the page where none are given)."""
    manifest = keep(out, kind, said, frames, page, overwrite, as_json)
    if as_json:
        typer.echo(json.dumps(manifest))
        return
    for line in sentences or _told(page):
        console().print(line, highlight=False)
    written(out)
