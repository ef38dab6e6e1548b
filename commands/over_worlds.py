"""What `--worlds` makes of compare, wind-tunnel, map, explain and check: the same question in every world; and pathways."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from letsdance.commands.screen import (
    Interrupted,
    Json,
    KeepIn,
    Language,
    Over,
    Overwrite,
    Profile,
    Quarters,
    RunsOver,
    Scheduler,
    Seed,
    Set,
    Shock,
    Table,
    Within,
    command_line,
    console,
    going_on,
    held,
    print_table,
    progress,
    values,
    worlds_of,
)
from letsdance.commands.telling import HELD, finite, keep, records, text_of, written

if TYPE_CHECKING:
    from letsdance.experiments.worlds import Worlds
    from letsdance.scenarios import Scenario
    from letsdance.words import Text


def _said(worlds: Worlds) -> dict[str, Any]:
    return {"worlds": worlds.worlds, "worlds_toml": worlds.to_toml()}


def _lines(lines: Any) -> None:
    for k, line in enumerate(lines):
        console().print(line, style="bold" if k == 0 else None, highlight=False)


def compare(worlds: Worlds, several: Mapping[str, Scenario], against: str | None, outcome: str, runs: int, seed: int,
            municipalities: Path | None, held: dict[str, Any], out: Path, overwrite: bool, as_json: bool,
            text: Text) -> None:
    """`letsdance compare --worlds`. held: as `screen.held`, here and below."""
    total = worlds.worlds * len(several) * max(1, runs)
    with going_on(held["keep"]), progress("report.bar_runs", total, quiet=as_json) as advance:
        found = worlds.compare(several, runs, seed, None, municipalities, against, None, outcome, progress=advance, **held)
    from letsdance.experiments.knowing import knowing
    from letsdance.params import Refused
    from letsdance.report import worlds as pages

    try:
        told = knowing(found)
    except Refused:
        told = None
    frames = {"summary": found.summary, "worlds": found.by_world, "runs": found.by_run}
    frames |= {} if told is None else {"knowing": told.table}
    said = {**_said(worlds), "reference": found.reference, "seeds": {"first": seed, "runs": runs},
            "quarters": found.quarters, "scenarios": {name: scenario.to_toml() for name, scenario in several.items()},
            "municipalities": text_of(municipalities), "outcome": str(found.outcome)}
    page = pages.study(found, told, text)
    keep(out, "compare", said, frames, page, overwrite, as_json, beside=HELD)
    lines = [*pages.headlines(found, text).values(), *(pages.worst_where(found, name, text) for name in found.others),
             *(pages.luck_sentence(found, name, text) for name in found.others), *pages.regret_sentences(found, text),
             *(pages.knowing_sentences(told, text) if told else []), text("report.worlds_width")]
    if as_json:
        moved = {name: records(found.where(name).head(20)) for name in found.others}
        typer.echo(json.dumps({
            "folder": str(out), "reference": found.reference, "worlds": worlds.worlds, "runs": runs, "seed": seed,
            "outcome": str(found.outcome), "better": "less" if found.less else "more", "sentences": lines,
            "summary": records(found.summary), "where": moved,
            "knowing": told and {"best": told.best, "perfect": {
                "value": finite(told.perfect.value), "low": finite(told.perfect.low), "high": finite(told.perfect.high)},
                "assumptions": records(told.table.head(20))}}))
        return
    _lines(lines[:len(found.others)])
    table = pages.summary_table(found, text)
    print_table(table.note, list(table.columns), [list(row) for row in table.rows])
    for line in lines[len(found.others):]:
        console().print(line, highlight=False)
    written(out)


def wind_tunnel(worlds: Worlds, portfolio: str, start: Any, only: Any, at: int, outcome: str, better: str | None, runs: int,
                quarters: int | None, seed: int, municipalities: Path | None, held: dict[str, Any], out: Path,
                overwrite: bool, as_json: bool, text: Text) -> None:
    """`letsdance wind-tunnel --worlds`."""
    from letsdance.experiments.windtunnel import planned
    from letsdance.scenarios import STARTS

    cells = len(planned(portfolio, start or STARTS, only, at, outcome, quarters, better).cells)
    total = 2 * cells * worlds.worlds * max(1, runs)
    with going_on(held["keep"]), progress("report.bar_runs", total, quiet=as_json) as advance:
        found = worlds.wind_tunnel(portfolio, start or STARTS, only, at, outcome, runs, seed, quarters, better,
                                   municipalities, progress=advance, **held)
    from letsdance.report import tunnel_worlds as pages

    said = {**_said(worlds), "portfolio": portfolio, "seeds": {"first": seed, "runs": runs}, "at": at,
            "better": "less" if found.less else "more", "outcome": str(found.outcome),
            "scenarios": {name: one.to_toml() for name, one in found.starts.items()},
            "municipalities": text_of(municipalities)}
    keep(out, "wind-tunnel", said, {"wind_tunnel": found.summary, "worlds": found.table}, pages.tunnel_study(found, text),
         overwrite, as_json, beside=HELD)
    if as_json:
        typer.echo(json.dumps({"folder": str(out), "said": pages.tunnel_headline(found, text),
                               "outcome": str(found.outcome), "worlds": worlds.worlds, "runs": runs, "seed": seed,
                               "table": records(found.summary)}))
        return
    _lines([pages.tunnel_headline(found, text), text("report.worlds_width")])
    table = pages.tunnel_table(found, text)
    print_table(table.note, list(table.columns), [list(row) for row in table.rows])
    written(out)


def basins(worlds: Worlds, scenario: str, grid: int, quarters: int, runs: int, seed: int, changes: Mapping[str, Any],
           held: dict[str, Any], out: Path, overwrite: bool, as_json: bool, text: Text) -> None:
    """`letsdance map --worlds`."""
    from letsdance import scenarios as told

    total = grid * grid * (worlds.worlds + 1) * max(1, runs) if 0 < grid < 1000 else 1
    with going_on(held["keep"]), progress("report.bar_runs", total, quiet=as_json) as advance:
        found = worlds.basins(scenario, grid, quarters, runs, seed, progress=advance, **held, **changes)
    from letsdance.report import map_worlds as pages

    said = {**_said(worlds), "scenario": told.load(scenario).changed(**changes).to_toml(), "quarters": quarters,
            "runs": runs, "seed": seed, "sizes": records(found.sizes),
            "sentences": [pages.map_headline(found, text), text("report.worlds_width")]}
    manifest = keep(out, "map", said, {"basins": found.frame, "sizes": found.sizes, "worlds": found.table},
                    pages.map_study(found, text), overwrite, as_json, beside=HELD)
    if as_json:
        typer.echo(json.dumps(manifest))
        return
    _lines([pages.map_headline(found, text), text("report.worlds_width")])
    written(out)


def explain(worlds: Worlds, several: Mapping[str, Scenario], runs: int, seed: int, held: dict[str, Any], as_json: bool,
            text: Text) -> None:
    """`letsdance explain --worlds`. Of several scenarios each is kept in a file of its own, by its number."""
    total, file = len(several) * (worlds.worlds + 1) * max(1, runs), held["keep"]
    with progress("report.bar_runs", total, quiet=as_json) as advance:
        found = {}
        for k, (name, scenario) in enumerate(several.items()):
            own = file.with_name(f"{file.stem}-{k}{file.suffix}") if file and k else file
            with going_on(own):
                found[name] = worlds.explain(scenario, runs, seed, progress=advance, **{**held, "keep": own})

    if as_json:
        typer.echo(json.dumps({name: {"sentences": one.said(text), "holds": records(one.holds),
                                      "where": records(one.where().head(20))} for name, one in found.items()}))
        return
    for one in found.values():
        typer.echo("\n".join([*one.said(text), text("report.worlds_width")]) + "\n")


def robust(worlds: Worlds, out: Path, runs: int, seed: int, only: list[str] | None, resume: bool, minutes: float | None,
           scheduler: str | None, as_json: bool, text: Text) -> None:
    """`letsdance check --robust`."""
    from letsdance.experiments import folder
    from letsdance.experiments import robust as looked
    from letsdance.params import Refused

    if minutes is not None and not 0.0 < minutes < 1e5:
        raise Refused("--minutes must be a number above 0, not {minutes:g}.", minutes=minutes)
    if not (resume and out.exists()):
        folder.check_file(out, overwrite=False)
    before = len(looked.read(out)[1]) if out.exists() else 0
    if not as_json and before < worlds.worlds:
        typer.echo(text("report.robust_to_do", n=worlds.worlds - before), err=True)
    try:
        with progress("report.bar_worlds", worlds.worlds - before, quiet=as_json) as advance:
            whole = looked.check(worlds, out, runs, seed, only, None if minutes is None else 60.0 * minutes,
                                 progress=advance, executor=scheduler)
    except Interrupted as interrupted:
        if out.exists():
            again = command_line().replace(" --resume", "") + f" --out {shlex.quote(str(out))} --resume"
            interrupted.kept = text("report.sweep_kept", n=len(looked.read(out)[1]), of=worlds.worlds, command=again)
        raise
    held = looked.held(out)
    frame = looked.table(held).sort_values(["kind", "share", "id"], ascending=[False, True, True])
    done = len(looked.read(out)[1])
    if as_json:
        typer.echo(json.dumps({"file": str(out), "finished": whole, "worlds": done, "runs": runs, "seed": seed,
                               "claims": records(frame)}))
        return

    def breaks(one: looked.Held) -> str:
        return text("report.semicolon").join(text.labelled(name, text("number.to", low=text.percent(low),
                                                                      high=text.percent(high)))
                                             for name, _, low, high in one.breaks)

    columns = ("claim", "says", "holds_in", "interval", "unmeasured", "breaks")
    print_table(text("report.robust_title", done=done, worlds=worlds.said(text), runs=runs),
                [text(f"report.robust_{name}") for name in columns],
                [[row.id, text(f"pattern.{row.id}") if row.kind == "pattern" else row.says, text.percent(row.share),
                  text.percents(row.low, row.high), str(row.unmeasured), breaks(held[row.id])]
                 for row in frame.itertuples()])
    typer.echo(" ".join([text("report.robust_kept", file=out),
                         *([] if whole else [text("report.robust_left", n=worlds.worlds - done)])]))


def pathways(
    scenario: Annotated[str, typer.Argument(help="A start by name, or the path of a scenario file.")],
    policy: Annotated[list[str] | None, typer.Option(
        metavar='"NAME: LEVER@START; LEVER+DURATION if SIGNAL@QUARTER < VALUE"',
        help="A package, perhaps with rules that react to a signal; at least two.")] = None,
    outcome: Annotated[str, typer.Option(help="What is looked at, such as lets_dance@60.")] = "lets_dance",
    survey: Annotated[int, typer.Option(help="Citizens asked where a signal takes a survey.")] = 400,
    runs: RunsOver = None, quarters: Quarters = None, seed: Seed = 1, worlds: Over = None, within: Within = None,
    sets: Set = None, shock: Shock = None, profile: Profile = None, municipalities: Table = None,
    keep_in: KeepIn = None, scheduler: Scheduler = None,
    out: Annotated[Path, typer.Option(help="The folder to write.")] = Path("letsdance-pathways"),
    text: Language = "en", overwrite: Overwrite = False, as_json: Json = False,
) -> None:
    """Compare packages that react to a signal with others.

    A package that reacts: "OUT+20 if support@12 < 0.3".
    """
    from letsdance import scenarios as told
    from letsdance.experiments import folder
    from letsdance.experiments.pathways import pathways as run

    folder.check_target(out, overwrite)
    there = worlds_of(worlds, within)
    start = told.load(scenario).changed(parameters=values(sets), shocks=shock or [], profile=profile, quarters=quarters)
    each = (20 if there is None else 10) if runs is None else runs
    total = max(1, len(policy or [])) * max(1, each) * (1 if there is None else there.worlds)
    with going_on(keep_in), progress("report.bar_runs", total, quiet=as_json) as advance:
        found = run(policy or [], start, outcome, each, seed, there, survey, None, municipalities, progress=advance,
                    **held(keep_in, scheduler))
    from letsdance.report.pathways import pathways_study

    sentences = found.said(text)
    said = {**({} if there is None else _said(there)), "seeds": {"first": seed, "runs": each},
            "scenario": start.to_toml(), "policies": list(policy or []), "survey": survey,
            "outcome": str(found.over.outcome),
            "municipalities": text_of(municipalities), "sentences": sentences}
    frames = {"summary": found.summary, "worlds": found.over.by_world, "runs": found.over.by_run}
    page = pathways_study(found, text)
    keep(out, "pathways", said, frames, page, overwrite, as_json, beside=HELD)
    if as_json:
        typer.echo(json.dumps({"folder": str(out), "sentences": sentences, "summary": records(found.summary)}))
        return
    _lines([page.headline, *sentences])
    written(out)


def search(worlds: Worlds, scenario: Scenario, words: Mapping[str, Any], out: Path, overwrite: bool, as_json: bool,
           text: Text) -> None:
    """`letsdance search --aim`."""
    from letsdance.experiments import search_worlds as looked

    steps = looked.steps(words["evaluations"], words["emulator"], len(words["aims"]))
    with going_on(words["file"]), progress("report.bar_portfolios", steps, quiet=as_json) as advance:
        found = looked.search(worlds, scenario, progress=advance, **words)
    from letsdance.report import search_worlds as pages

    said = {**_said(worlds), "scenario": scenario.to_toml(), "aims": list(found.aims), "robustly": found.measure,
            "condition": str(found.condition), "runs": found.runs, "answer": found.said(text)}
    page = pages.search_study(found, text)
    frames = {"tried": found.tried, "front": found.front, "seeds": found.seeds}
    frames |= {} if found.taught is None else {"emulator": found.taught.table}
    keep(out, "search", said, frames, page, overwrite, as_json, beside=("--keep",))
    if as_json:
        typer.echo(json.dumps({"folder": str(out), "answer": found.said(text), "front": records(found.front),
                               "seeds": records(found.seeds), "tried": len(found.tried), "runs": found.runs,
                               "emulator": None if found.taught is None else records(found.taught.table)}))
        return
    table = pages.front_table(found, text)
    print_table(table.note, list(table.columns), [list(row) for row in table.rows])
    _lines([found.said(text), *pages.search_notes(found, text)])
    written(out)
