"""`letsdance search`: which lever portfolio reaches a future at least cost, or does best within a budget."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from letsdance.commands.screen import (
    Json,
    Language,
    Over,
    Overwrite,
    Profile,
    Quarters,
    Set,
    Shock,
    Table,
    Within,
    busy,
    console,
    print_table,
    progress,
    say,
    values,
    worlds_of,
)
from letsdance.commands.telling import keep, records, text_of, written

if TYPE_CHECKING:
    from letsdance.scenarios import Scenario
    from letsdance.words import Text


def _numbers(what: str, text: str, kind: type[int] | type[float], end: bool = False) -> list[Any]:
    """A list as typed: 1,9 or 8,20,end."""
    from letsdance.params import Refused

    found: list[Any] = []
    for part in (part.strip() for part in text.split(",")):
        try:
            found.append(None if end and part == "end" else kind(part))
        except ValueError:
            raise Refused("--{what} {text!r} cannot be read at {part!r}; write numbers with commas between, such as "
                          "--{what} {or_not}.", what=what, text=text, part=part,
                          or_not="20,end" if end else "1,9" if kind is int else "0.5,1") from None
    return found


Where = Annotated[list[str] | None, typer.Option(
    "--in", metavar="PLACE", help="Where levers may act: everywhere, the 5 most connected, Ash, the regions, each town or "
                                  "each region (one by one); repeat [default: everywhere].")]
Whom = Annotated[list[str] | None, typer.Option(
    "--for", metavar="GROUP", help="For whom levers may act: everybody, the poorest quarter; those that cannot be for a "
                                   "group act for everybody or not at all; repeat [default: everybody].")]


def search(
    scenario: Annotated[str, typer.Argument(help="A start by name, or the path of a scenario file.")],
    chance: Annotated[float | None, typer.Option(help="Least cost that succeeds with at least this chance.")] = None,
    budget: Annotated[float | None, typer.Option(help="Best chance within this many points.")] = None,
    condition: Annotated[str, typer.Option(help="What success is, such as 'T@40-60 >= 0.5'.")] = "lets_dance >= 0.5",
    levers: Annotated[str | None, typer.Option(
        help="Levers to choose from, such as FRCS,FAL [default: all but EFF, which saves points].")] = None,
    most: Annotated[int, typer.Option(help="Levers together at most.")] = 3,
    starts: Annotated[str, typer.Option(help="Quarters in which levers may start.")] = "1,9",
    durations: Annotated[str, typer.Option(help="For how many quarters; end: to the end.")] = "20,end",
    strengths: Annotated[str, typer.Option(help="How strongly.")] = "0.5,1",
    where: Where = None, whom: Whom = None,
    runs: Annotated[int | None, typer.Option(
        help="Seeds on which portfolios are found [default: 12; with --aim 3 in each world].")] = None,
    fresh_runs: Annotated[int, typer.Option(
        help="Further seeds on which the best are chosen; as many again tell how often they succeed.")] = 200,
    evaluations: Annotated[int | None, typer.Option(
        help="Portfolios to try at most; all where there are no more [default: 1500; with --aim 600].")] = None,
    seed: Annotated[int, typer.Option(help="First seed.")] = 1,
    robust: Annotated[bool, typer.Option(help="Put the best into shocks and uncertain parameters too.")] = True,
    worlds: Over = None, within: Within = None,
    aim: Annotated[list[str] | None, typer.Option(
        help="Search over --worlds for several aims at once, beside points: success, or an outcome such as T@40-60; "
             "repeat.")
    ] = None,
    robustly: Annotated[str, typer.Option(help="With --aim: mean, worst_tenth, regret or satisficing.")] = "mean",
    emulator: Annotated[bool, typer.Option(
        "--emulator", help="With --aim: an emulator, taught by 1,000 runs of a portfolio in a world of its own, says which "
                           "portfolios are run in every world.")] = False,
    keep_in: Annotated[Path | None, typer.Option(
        "--keep", help="With --aim: a file of what is done; the same words go on with it.")] = None,
    quarters: Quarters = None, sets: Set = None,
    shock: Shock = None, profile: Profile = None,
    municipalities: Table = None,
    out: Annotated[Path, typer.Option(help="The folder to write.")] = Path("letsdance-search"),
    text: Language = "en", overwrite: Overwrite = False, as_json: Json = False,
) -> None:
    """Find which levers, when and how long, reach Let's dance. At least cost (--chance), or best within a --budget."""
    from letsdance import scenarios as told
    from letsdance.experiments import folder

    _check_emulator(emulator, aim)
    folder.check_target(out, overwrite)
    start = told.load(scenario).changed(parameters=values(sets), shocks=shock or [], profile=profile, quarters=quarters)
    space: dict[str, Any] = {
        "condition": condition, "most": most, "seed": seed,
        "levers": None if levers is None else [name.strip() for name in levers.split(",")],
        "starts": _numbers("starts", starts, int), "durations": _numbers("durations", durations, int, end=True),
        "strengths": _numbers("strengths", strengths, float), "where": where or ["everywhere"],
        "whom": whom or ["everybody"]}
    if aim:
        _all_that_none_beats(start, aim, {"chance": chance, "budget": budget}, worlds, within, {
            **space, "robustly": robustly, "runs": 3 if runs is None else runs, "file": keep_in, "emulator": emulator,
            "evaluations": 600 if evaluations is None else evaluations, "municipalities": municipalities},
            out, overwrite, as_json, text)
    else:
        _best(start, {
            **space, "chance": chance, "budget": budget, "runs": 12 if runs is None else runs, "fresh_runs": fresh_runs,
            "evaluations": 1500 if evaluations is None else evaluations, "robust": robust,
            "worlds": worlds_of(worlds, within)}, municipalities, out, overwrite, as_json, text)


def _check_emulator(emulator: bool, aim: list[str] | None) -> None:
    from letsdance.params import Refused

    if emulator and not aim:
        raise Refused("--emulator goes with --aim, which searches over worlds; name an aim, or leave it out.")


def _all_that_none_beats(scenario: Scenario, aims: list[str], single: dict[str, float | None], worlds: str | None,
                         within: str | None, words: dict[str, Any], out: Path, overwrite: bool, as_json: bool,
                         text: Text) -> None:
    """Over worlds, for several aims at once."""
    from letsdance.commands import over_worlds
    from letsdance.params import Refused

    for name, given in single.items():
        if given is not None:
            raise Refused("--{name} asks for one portfolio, and --aim for all that none beats; give one of the two.",
                          name=name)
    there = worlds_of(worlds or "20", within or (None if worlds else "30%"))
    over_worlds.search(there, scenario, {**words, "aims": aims}, out, overwrite, as_json, text)


def _best(scenario: Scenario, words: dict[str, Any], municipalities: Path | None, out: Path, overwrite: bool,
          as_json: bool, text: Text) -> None:
    """The one that succeeds at least cost, or best within a budget."""
    from letsdance.experiments import search as searches

    made = searches.plan(scenario, municipalities=municipalities, **words)
    if not as_json:
        with busy("report.bar_speed", quiet=as_json):
            seconds = searches.seconds(made, municipalities)
        typer.echo(f"{made.said(text)} {text('report.search_takes', n=max(1, round(seconds / 60)))}", err=True)
    with progress("report.bar_portfolios", made.steps, quiet=as_json) as advance:
        found = searches.search(scenario, municipalities=municipalities, progress=advance, **words)
    first, runs, fresh_runs = words["seed"], words["runs"], words["fresh_runs"]
    said = {
        "scenario": scenario.to_toml(), "condition": str(made.condition), "chance": words["chance"],
        "budget": words["budget"],
        "space": {"levers": list(made.space.uses), "most": made.space.most, "size": made.space.size,
                  "starts": words["starts"], "durations": words["durations"], "strengths": words["strengths"],
                  "where": words["where"], "whom": words["whom"]},
        "method": "enumeration" if made.exact else "NSGA-II and an emulator of portfolios",
        "search_seeds": {"first": first, "runs": runs}, "fresh_seeds": {"first": first + runs, "runs": fresh_runs},
        "told_seeds": {"first": first + runs + fresh_runs, "runs": fresh_runs},
        "evaluations": words["evaluations"], "robust": words["robust"], "worlds_toml": made.worlds.to_toml(),
        "looks": found.looks, "runs": found.runs, "municipalities": text_of(municipalities), "answer": found.answer}
    from letsdance.report.portfolios import in_other_worlds, reasons, report, table

    frames = {"tried": found.tried, "front": found.front, "ranked": found.ranked, "without": found.without}
    if len(found.robustness):
        frames["robustness"] = found.robustness
    keep(out, "search", said, frames, report(found, text), overwrite, as_json, beside=("--keep",))
    if as_json:
        typer.echo(json.dumps({
            "folder": str(out), "answer": found.answer, "chosen": found.chosen and [str(use) for use in found.chosen],
            "ranked": records(found.ranked), "why": found.why,
            "robustness": records(found.robustness), "runs": found.runs}))
        return
    shown = table(found, text=text)
    print_table(shown.note, list(shown.columns), [list(row) for row in shown.rows])
    say("\n[bold]{answer}[/]", answer=found.said(text))
    for line in [*reasons(found, text), *in_other_worlds(found, text)]:
        console().print(line, highlight=False)
    written(out)
