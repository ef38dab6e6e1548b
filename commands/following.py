"""`letsdance follow`: new data each quarter, and where a case stands by them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from letsdance.commands.screen import (
    Json,
    KeepIn,
    Language,
    Over,
    Overwrite,
    Profile,
    Quarters,
    Scheduler,
    Seed,
    Set,
    Shock,
    Table,
    Within,
    console,
    going_on,
    held,
    print_table,
    progress,
    values,
    worlds_of,
)
from letsdance.commands.telling import HELD, keep, records, text_of, written

if TYPE_CHECKING:
    from letsdance.report.study import Table as Standing


def follow(
    scenario: Annotated[str, typer.Argument(help="A start by name, or the path of a scenario file.")],
    seen: Annotated[Path, typer.Argument(help="CSV of what was seen: quarter, signal, value, n or error.")],
    plan: Annotated[str | None, typer.Option(
        metavar='"NAME: LEVER@START+DURATION"', help="What is done and planned, from the case's quarter 1 on.")] = None,
    target: Annotated[str, typer.Option(help="What is wanted, such as 'lets_dance@40 >= 0.5'.")] = "lets_dance >= 0.5",
    chance: Annotated[float, typer.Option(help="With what chance it is wanted.")] = 0.8,
    worlds: Over = None, within: Within = None,
    moves: Annotated[int, typer.Option(help="The most moves of each particle at a time.")] = 1,
    recover: Annotated[int, typer.Option(help="Follow so many synthetic cities of the same kind, and count how often "
                                              "intervals hold what is true.")] = 0,
    quarters: Quarters = None, seed: Seed = 1, sets: Set = None, shock: Shock = None, profile: Profile = None,
    municipalities: Table = None, keep_in: KeepIn = None, scheduler: Scheduler = None,
    out: Annotated[Path, typer.Option(help="The folder to write.")] = Path("letsdance-follow"),
    text: Language = "en", overwrite: Overwrite = False, as_json: Json = False,
) -> None:
    """Say where a case stands, and whether its plan still holds.

    --worlds 2000 --within 30% are the particles and how far parameters may lie.
    """
    from letsdance import scenarios as told
    from letsdance.experiments import folder
    from letsdance.experiments import follow as following
    from letsdance.experiments.adopters.abc_smc import coverage
    from letsdance.experiments.seen import read_seen
    from letsdance.params import check_whole
    from letsdance.report import following as pages

    folder.check_target(out, overwrite)
    check_whole("--recover", recover, 0, 10_000)
    there = worlds_of("2000" if worlds is None else worlds, "30%" if worlds is None and within is None else within)
    case = told.load(scenario).changed(parameters=values(sets), shocks=shock or [], profile=profile, quarters=quarters)
    rows = read_seen(seen)
    with going_on(keep_in), progress("report.bar_seen", following.steps(rows), quiet=as_json) as advance:
        found = following.follow(rows, case, plan, there, target, chance, seed, municipalities, moves, progress=advance,
                                 between=lambda count: advance(0), **held(keep_in, scheduler))
    frames: dict[str, Any] = found.tables
    if recover:
        with going_on(keep_in), progress("report.bar_cities", recover, quiet=as_json) as advance:
            frames["recovered"] = following.recover(found.case, recover, seed, moves, advance)
        frames["coverage"] = coverage(frames["recovered"])
    said = found.again(case, plan, moves, text_of(municipalities), text)
    keep(out, "follow", said, frames, pages.study(found, frames.get("coverage"), text), overwrite, as_json,
         beside=HELD)
    without, with_it = found.chances()
    if as_json:
        typer.echo(json.dumps({
            "folder": str(out), "now": found.now, "verdict": found.verdict, "sentences": said["sentences"],
            "chance": {"without": without.share, "with": with_it.share, "low": with_it.low, "high": with_it.high},
            "standing": records(found.standing), "filtered": records(found.filtered),
            **({"coverage": records(frames["coverage"])} if recover else {})}))
        return
    covered = pages.coverage_sentences(frames["coverage"], text) if recover else []
    _show(pages.standing_table(found, text), [*said["sentences"], *covered])
    written(out)


def _show(standing: Standing, sentences: list[str]) -> None:
    """What was known quarter by quarter; then what it comes to, the answer in bold."""
    print_table(standing.note, list(standing.columns), [list(row) for row in standing.rows])
    for k, line in enumerate(sentences):
        console().print(line, style="bold" if k < 2 else None, highlight=False)
