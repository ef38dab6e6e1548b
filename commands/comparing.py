"""`letsdance compare` and `letsdance wind-tunnel`: policies on the same citizens and the same luck."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from letsdance.commands import over_worlds
from letsdance.commands.screen import (
    Json,
    KeepIn,
    Language,
    Lever,
    Most,
    Over,
    Overwrite,
    Profile,
    Quarters,
    RunsOver,
    Scenarios,
    Scheduler,
    Seed,
    Set,
    Shock,
    Table,
    Until,
    Within,
    busy,
    console,
    held,
    print_table,
    progress,
    until_or_runs,
    values,
    worlds_of,
)
from letsdance.commands.telling import finite, keep, records, text_of, written

if TYPE_CHECKING:
    from letsdance.experiments.compare import Comparison
    from letsdance.experiments.outcomes import Outcome
    from letsdance.experiments.windtunnel import WindTunnel
    from letsdance.scenarios import Changes, Scenario
    from letsdance.words import Text

_OUTCOME = "What is looked at first, such as lets_dance@60, T@40-60 or ever_adopted."


def compare(
    scenarios: Scenarios = None,
    policy: Annotated[list[str] | None, typer.Option(
        metavar='"NAME: LEVER@START+DURATION, PARAMETER=VALUE"',
        help="A policy on the first start, or a scenario file; may be repeated.")] = None,
    against: Annotated[str | None, typer.Option(help="The policy to compare with [default: the first].")] = None,
    outcome: Annotated[str, typer.Option(help=_OUTCOME)] = "lets_dance",
    runs: RunsOver = None, until: Until = None, most: Most = 20_000, quarters: Quarters = None, seed: Seed = 1,
    worlds: Over = None, within: Within = None, keep_in: KeepIn = None, scheduler: Scheduler = None, sets: Set = None,
    lever: Lever = None, shock: Shock = None, profile: Profile = None, municipalities: Table = None,
    out: Annotated[Path, typer.Option(help="The folder to write.")] = Path("letsdance-compare"),
    text: Language = "en", overwrite: Overwrite = False, as_json: Json = False,
) -> None:
    """Compare policies on the same citizens and the same luck. What differs, for whom, at what cost.

    --set, --lever, --shock and --profile hold for every policy. --worlds asks it in every world of what nobody knows.
    """
    from letsdance import scenarios as told
    from letsdance.experiments import folder
    from letsdance.experiments.compare import policies
    from letsdance.experiments.outcomes import parse
    from letsdance.experiments.precision import until as target
    from letsdance.params import Refused

    until_or_runs(until)
    folder.check_target(out, overwrite)
    there = worlds_of(worlds, within)
    if there is not None and until is not None:
        raise Refused("--until counts runs in one world; leave it out, or leave --worlds out.")
    where = held(keep_in, scheduler, there is not None)
    asked, wanted = parse(outcome), None if until is None else target(until)
    shared: Changes = {
        "parameters": values(sets), "levers": lever or [], "shocks": shock or [], "profile": profile,
        "quarters": quarters}
    starts = [told.load(name).changed(**shared) for name in scenarios or []]
    several = policies([*starts, *(policy or [])], starts[0] if starts else None, shared=shared)
    for one in [asked, *([] if wanted is None else [wanted.outcome])]:
        _looks_within(one, several)
    if there is not None:
        over_worlds.compare(there, several, against, outcome, 10 if runs is None else runs, seed, municipalities, where,
                            out, overwrite, as_json, text)
        return
    _compared(several, asked, {"runs": 20 if runs is None else runs, "seed": seed, "municipalities": municipalities,
                               "against": against, "until": wanted, "most": most}, until, out, overwrite, as_json, text)


def _compared(several: dict[str, Scenario], asked: Outcome, how: dict[str, Any], until: str | None, out: Path,
              overwrite: bool, as_json: bool, text: Text) -> None:
    """Compare in one world, print it and leave its folder."""
    from letsdance.experiments.compare import compare as run
    from letsdance.experiments.compare import listing, tables
    from letsdance.report.comparison import effect_table, fate_sentences, headlines, study

    label = "report.bar_until" if until else "report.bar_runs"
    with progress(label, len(several) * max(1, how["most"] if until else how["runs"]), quiet=as_json) as advance:
        found = run(several, progress=advance, **how)
    with busy("report.bar_asking", quiet=as_json):
        frames, page = tables(found, asked), study(found, asked, text)
    said = {"reference": found.reference, "seeds": {"first": how["seed"], "runs": found.runs}, "quarters": found.quarters,
            "scenarios": {name: scenario.to_toml() for name, scenario in several.items()},
            "municipalities": text_of(how["municipalities"]), "outcome": str(asked), "until": until, "most": how["most"],
            "precision": _precision(found)}
    keep(out, "compare", said, frames, page, overwrite, as_json)
    if as_json:
        typer.echo(json.dumps({"folder": str(out), "reference": found.reference, "runs": found.runs, "seed": how["seed"],
                               "said": headlines(found, asked, text), "effects": records(frames["effects"]),
                               "moves": records(found.moves),
                               "costs": {name: _cost(found, name, asked) for name in found.others},
                               "precision": _precision(found)}))
        return
    for line in headlines(found, asked, text).values():
        console().print(line, style="bold", highlight=False)
    table = effect_table(found, listing(found, asked), text)
    print_table(table.note, list(table.columns), [list(row) for row in table.rows])
    known = [found.precision.said(text)] if found.precision else []
    for line in [*fate_sentences(found, text), *_costs(found, asked, text), *known]:
        console().print(line, highlight=False)
    written(out)


def wind_tunnel(
    portfolio: Annotated[str, typer.Argument(metavar='"NAME: LEVER@START+DURATION, PARAMETER=VALUE"',
                                             help="Levers and parameters that are tried.")],
    start: Annotated[list[str] | None, typer.Option(help="A start or scenario file; may be repeated [default: all four].")
                     ] = None,
    only: Annotated[list[str] | None, typer.Option(help="A shock by name; may be repeated [default: all].")] = None,
    at: Annotated[int, typer.Option(help="The quarter in which shocks begin.")] = 12,
    outcome: Annotated[str, typer.Option(help=_OUTCOME)] = "lets_dance",
    better: Annotated[str | None, typer.Option(help="more or less [default: by outcome].")] = None,
    runs: RunsOver = None, quarters: Quarters = None, seed: Seed = 1, worlds: Over = None, within: Within = None,
    keep_in: KeepIn = None, scheduler: Scheduler = None, municipalities: Table = None,
    out: Annotated[Path, typer.Option(help="The folder to write.")] = Path("letsdance-wind-tunnel"),
    text: Language = "en", overwrite: Overwrite = False, as_json: Json = False,
) -> None:
    """Try one portfolio from every start under every shock. Each time against going without it, in one table."""
    from letsdance.experiments import folder, windtunnel
    from letsdance.scenarios import SHOCKS, STARTS

    folder.check_target(out, overwrite)
    there = worlds_of(worlds, within)
    where = held(keep_in, scheduler, there is not None)
    if there is not None:
        over_worlds.wind_tunnel(there, portfolio, start, only, at, outcome, better, 10 if runs is None else runs, quarters,
                                seed, municipalities, where, out, overwrite, as_json, text)
        return
    runs = 20 if runs is None else runs
    cells = len(start or STARTS) * (1 + len(only or SHOCKS))
    with progress("report.bar_runs", 2 * cells * max(1, runs), quiet=as_json) as advance:
        found = windtunnel.wind_tunnel(portfolio, start or STARTS, only, at, outcome, runs, seed, quarters, better,
                                       municipalities, progress=advance)
    from letsdance.report.windtunnel import headline, study

    said = {"portfolio": portfolio, "seeds": {"first": seed, "runs": runs}, "quarters": found.quarters, "at": at,
            "shocks": list(found.shocks), "better": "less" if found.less else "more", "outcome": str(found.outcome),
            "scenarios": {name: one.to_toml() for name, one in found.starts.items()},
            "municipalities": text_of(municipalities)}
    page = study(found, text)
    keep(out, "wind-tunnel", said, {"wind_tunnel": found.table}, page, overwrite, as_json)
    if as_json:
        typer.echo(json.dumps({"folder": str(out), "said": headline(found, text), "outcome": str(found.outcome),
                               "runs": runs, "seed": seed, **found.counted(), "table": records(found.table)}))
        return
    console().print(headline(found, text), style="bold", highlight=False)
    _print_tunnel(found, text)
    for line in page.sections[0].sentences:
        console().print(line, highlight=False)
    written(out)


# ---------------------------------------------------------------- what both share

def _looks_within(outcome: Any, several: dict[str, Scenario]) -> None:
    """Refuse what lies after the horizon before anything runs."""
    from letsdance.params import Refused

    last = min(scenario.quarters for scenario in several.values())
    if outcome.first is not None and outcome.last > last:
        raise Refused("{outcome} looks at quarter {last}, after the horizon of {last_2}; name an earlier quarter or raise "
                      "--quarters.", outcome=outcome, last=outcome.last, last_2=last)


def _precision(found: Comparison) -> dict[str, Any] | None:
    one = found.precision
    if one is None:
        return None
    return {"asked": str(one.target), "method": one.method, "reached": one.reached, "runs": one.runs, "says": str(one),
            "skewed": {name: one.enough[name] for name in one.skewed},
            "intervals": {name: {"mean": finite(e.mean), "low": finite(e.low), "high": finite(e.high), "n": e.n}
                          for name, e in one.intervals.items()}}


def _cost(found: Comparison, name: str, outcome: Any) -> dict[str, Any]:
    cost = found.cost_per_effect(name, outcome)
    return {"points": cost.points, "each": finite(cost.each), "low": finite(cost.low), "high": finite(cost.high),
            "why": cost.why or None}


def _costs(found: Comparison, outcome: Any, text: Text) -> list[str]:
    from letsdance.report.comparison import cost_table

    table = cost_table(found, [outcome], text)
    return [text("report.cost_under", policy=name, cost=cell)
            for row in table.rows for name, cell in zip(found.others, row[1:], strict=True)]


def _print_tunnel(found: WindTunnel, text: Text) -> None:
    """Starts across, shocks down: without, with, and the difference."""
    from letsdance.experiments.paired import Interval
    from letsdance.experiments.windtunnel import CALM
    from letsdance.report.outcomes import amount, change, what
    from letsdance.report.style import start_titled
    from letsdance.report.windtunnel import shock_of

    frame = found.table.set_index(["start", "shock"])
    rows = []
    for shock in (CALM, *found.shocks):
        row = [shock_of(shock, text)]
        for start in found.starts:
            r = frame.loc[(start, shock)]
            d = Interval(r["difference"], r["low"], r["high"], int(r["n"]))
            row.append(text("report.tunnel_printed_cell", without=amount(found.outcome, r["without"], text),
                            with_it=amount(found.outcome, r["with_it"], text),
                            change=change(found.outcome, d, False, text)))
        rows.append(row)
    print_table(text("report.tunnel_printed", what=what(found.outcome, text), runs=found.runs),
                ["", *(start_titled(scenario, text) for scenario in found.starts.values())], rows)
