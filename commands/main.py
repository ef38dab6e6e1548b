"""The command `letsdance`. It imports what a sub-command needs when it is called: help must not wait for numba."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import sys
import tempfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from letsdance.commands import (
    adopting,
    branching,
    calibrating,  # noqa: F401  adds calibrate and speed to adopters
    comparing,
    dashboard,
    following,
    forecasting,  # noqa: F401  adds fit, learn, forecast and backtest to adopters
    mapping,
    over_worlds,
    screening,
    searching,
    sweeping,
    teaching,
    workshop,
)
from letsdance.commands.screen import (
    Interrupted,
    Json,
    KeepIn,
    Language,
    Lever,
    Most,
    Over,
    Overwrite,
    Profile,
    Quarters,
    Runs,
    Scenarios,
    Scheduler,
    Seed,
    Set,
    Shock,
    Table,
    Until,
    Within,
    busy,
    command_line,
    console,
    hear,
    held,
    idle,
    interrupt,
    listen,
    print_table,
    progress,
    say,
    simulated,
    spoken,
    until_or_runs,
    values,
    worlds_of,
)
from letsdance.commands.telling import text_of, written

if TYPE_CHECKING:
    from letsdance.experiments.folder import Differences
    from letsdance.experiments.paired import Finding
    from letsdance.simulation.run import Result
    from letsdance.words import Text

app = typer.Typer(
    name="letsdance", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="A laboratory for co-creation between citizens and governments, and for how public-sector innovations spread. "
         "It explores, it does not forecast.",
    epilog="Every command takes --mechanism NAME, one that is shipped (`letsdance show mechanisms`), or the FILE of one of "
           "your own (docs/your_own_mechanism.md), and --context NAME (`letsdance show contexts`).")

@app.command()
def run(
    scenarios: Scenarios = None, runs: Runs = 20, until: Until = None, most: Most = 20_000, quarters: Quarters = None,
    seed: Seed = 1, sets: Set = None, lever: Lever = None, shock: Shock = None, profile: Profile = None,
    municipalities: Table = None,
    out: Annotated[Path, typer.Option(help="The folder to write.")] = Path("letsdance-run"),
    text: Language = "en", overwrite: Overwrite = False, as_json: Json = False,
) -> None:
    """Run the four starts, or scenarios named, and write a report. It prints a table, and writes a folder with all
    tables, figures and report.html."""
    from letsdance import scenarios as told
    from letsdance.experiments import folder
    from letsdance.params import Refused

    until_or_runs(until)
    folder.check_target(out, overwrite)
    several = {}
    for name in scenarios or told.STARTS:
        scenario = told.load(name)
        if scenario.name in several:
            raise Refused("two scenarios are called {name}; rename one of the files.", name=scenario.name)
        several[scenario.name] = scenario.changed(parameters=values(sets), levers=lever or [], shocks=shock or [],
                                            profile=profile, quarters=quarters)
    if len({scenario.quarters for scenario in several.values()}) > 1:
        raise Refused("the scenarios have different horizons; give one with --quarters.")
    reached = None
    if until is None:
        results = simulated(several, runs, seed, municipalities, quiet=as_json)
    else:
        from letsdance.experiments.precision import runs_until

        with progress("report.bar_runs", len(several) * most, quiet=as_json) as advance:
            results, reached = runs_until(several, until, seed=seed, most=most, municipalities=municipalities,
                                          progress=advance)
        runs = next(iter(results.values())).runs
    from letsdance.experiments.summary import summary

    summaries = {name: summary(result) for name, result in results.items()}
    with busy("report.bar_drawing", quiet=as_json):
        def hand_over(part: Path, manifest: dict[str, Any]) -> None:
            from letsdance.report import write

            write(part, results, manifest, language=text.language)

        folder.write(out, results, command_line(), overwrite, text_of(municipalities), hand_over)
    if as_json:
        typer.echo(json.dumps({"folder": str(out), "runs": runs, "seed": seed, "scenarios": summaries,
                               "precision": str(reached) if reached else None}))
    else:
        _print_summaries(summaries, next(iter(results.values())), text)
        if reached:
            console().print(reached.said(text), highlight=False)
        written(out)


@app.command()
def verify(
    directory: Annotated[Path, typer.Argument(help="A folder that letsdance wrote.")], text: Language = "en",
    as_json: Json = False,
) -> None:
    """Run again what a folder holds, and say what differs. Identical means the same to the last bit."""
    from letsdance import __version__ as now
    from letsdance.experiments import folder, manifests

    manifest = manifests.read(directory)
    folder.same_mechanisms(directory, manifest)
    if manifest.get("kind") == "sweep":
        from letsdance.experiments.store import Sweep

        Sweep.open(directory)  # what was changed in it is said before anything is run again
    if manifest.get("kind"):
        with busy("report.bar_again", quiet=as_json), tempfile.TemporaryDirectory() as place:
            again = Path(place) / "again"
            differences = folder.verify(directory, rerun=lambda it: _again(
                manifest["kind"], it, manifest.get("option", "--out"), again, manifest.get("tasks", 1)))
    else:
        with progress("report.bar_again", _total(manifest), quiet=as_json) as advance:
            differences = folder.verify(directory, advance)
    then = manifest["version"]
    changed = {n: (v, w) for n, v in manifest.get("versions", {}).items() if (w := folder.versions().get(n)) != v}
    if as_json:
        typer.echo(json.dumps({"identical": not differences, "differences": differences, "written_by": then,
                               "checked_by": now, "versions": {n: f"{v} then, {w} now" for n, (v, w) in changed.items()},
                               "git": manifest.get("git"), "not_checked": differences.unchecked,
                               "not_made_again": differences.as_written}))
    else:
        since = text("report.verify_by" if then == now else "report.verify_by_other", then=then, now=now)
        _print_verdict(differences, since, (manifest.get("git") or {}).get("commit"), changed, text)
    raise typer.Exit(1 if differences else 0)


def _print_verdict(differences: Differences, since: str, commit: str | None, changed: dict[str, tuple[str, str | None]],
                   text: Text) -> None:
    """What `verify` found. changed: name -> (version then, version now)."""
    if not differences:
        say(text("report.verify_same"), since=since)
    else:
        say(text("report.verify_other_commit" if commit else "report.verify_other"), since=since, commit=str(commit)[:12])
        for line in differences:
            console().print(f"  {text.refused(line)}", highlight=False)
        for name, (then, now) in changed.items():
            console().print(f"  {text('report.verify_version', name=name, then=then, now=now)}", highlight=False)
    for key, what in (("unchecked", differences.unchecked), ("as_written", differences.as_written)):
        if what:
            console().print(text(f"report.verify_{key}", what=text.listed(list(what))), highlight=False)


@app.command()
def explain(
    directory: Annotated[Path | None, typer.Argument(help="A folder that `letsdance run` wrote.")] = None,
    scenario: Annotated[str | None, typer.Option(help="A start or a scenario file, run now instead.")] = None,
    runs: Annotated[int | None, typer.Option(
        help="Paired runs of each scenario, in each world [default: 20; with --worlds 4].")] = None,
    quarters: Quarters = None, seed: Seed = 1, sets: Set = None, lever: Lever = None,
    shock: Shock = None, profile: Profile = None, worlds: Over = None, within: Within = None,
    keep_in: KeepIn = None, scheduler: Scheduler = None, text: Language = "en", as_json: Json = False,
) -> None:
    """Say in plain sentences what happened and why.

    With --worlds: in how many worlds it is so.
    """
    from letsdance import scenarios as told
    from letsdance.params import Refused

    if (directory is None) == (scenario is None):
        raise Refused("give either a folder or --scenario, such as `letsdance explain --scenario lone_ranger`.")
    there = worlds_of(worlds, within)
    where = held(keep_in, scheduler, there is not None)
    if there is not None:
        if directory is not None:
            from letsdance.experiments import manifests

            several = {name: told.read(name, f"{directory}, scenario {name}", text)
                       for name, text in manifests.read(directory, "")["scenarios"].items()}
        else:
            start = told.load(scenario or "").changed(parameters=values(sets), levers=lever or [], shocks=shock or [],
                                                      profile=profile, quarters=quarters)
            several = {start.name: start}
        over_worlds.explain(there, several, 4 if runs is None else runs, seed, where, as_json, text)
        return
    runs = 20 if runs is None else runs
    if directory is not None:
        from letsdance.experiments import folder, manifests

        idle("--runs", "--quarters", "--seed", "--set", "--lever", "--shock", "--profile",
             because="a folder is explained as it was run")
        with progress("report.bar_again", _total(manifests.read(directory, "")), quiet=as_json) as advance:
            results = folder.again(directory, advance)
    else:
        start = told.load(scenario or "").changed(parameters=values(sets), levers=lever or [], shocks=shock or [],
                                                  profile=profile, quarters=quarters)
        results = simulated({start.name: start}, runs, seed, None, quiet=as_json)
    from letsdance.experiments.reasons import explain as reasons

    said = {name: reasons(result, text) for name, result in results.items()}
    if as_json:
        typer.echo(json.dumps(said))
    for sentences in [] if as_json else said.values():
        typer.echo("\n".join(sentences) + "\n")


@app.command()
def check(
    runs: Annotated[int | None, typer.Option(
        help="Paired seeds of each experiment, at least 20 for a verdict [default: 20; with --robust 4].")] = None,
    seed: Seed = 1,
    only: Annotated[list[str] | None, typer.Option(
        help="A pattern, such as F3, and with --robust card or lever.LEAD; may be repeated [default: all].")] = None,
    robust: Annotated[bool, typer.Option(
        "--robust", help="In how many worlds of other parameters each pattern, card and lever's direction holds.")
    ] = False,
    worlds: Over = None, within: Within = None,
    out: Annotated[Path, typer.Option(help="With --robust: the file that keeps worlds that are done.")] = Path(
        "letsdance-robust.jsonl"),
    resume: Annotated[bool, typer.Option("--resume", help="With --robust: go on with the file.")] = False,
    minutes: Annotated[float | None, typer.Option(help="With --robust: stop after so many; --resume goes on.")] = None,
    scheduler: Scheduler = None, text: Language = "en", as_json: Json = False,
) -> None:
    """Test the model against the patterns of the evidence. What holds, what does not, how strongly; with --robust, in how
    many worlds."""
    from letsdance.experiments import patterns

    if robust:
        there = worlds_of("200" if worlds is None else worlds, "30%" if worlds is None and within is None else within)
        over_worlds.robust(there, out, 4 if runs is None else runs, seed, only, resume, minutes, scheduler, as_json, text)
        return
    idle("--scheduler", because="it goes with --robust")
    if worlds is not None or within is not None:
        from letsdance.params import Refused

        raise Refused("--worlds asks in how many worlds patterns hold, which is --robust; add it, or leave --worlds out.")
    with progress("report.bar_patterns", len(only or patterns.PATTERNS), quiet=as_json) as advance:
        findings = patterns.check(runs=20 if runs is None else runs, seed=seed, only=only, progress=lambda _: advance(1))
    if as_json:
        typer.echo(patterns.table(findings).to_json(orient="records"))
        return
    _print_findings(findings, text)


def _print_findings(findings: list[Finding], text: Text) -> None:
    """A row for each part of a pattern, as the page on confidence says it, and how many patterns hold."""
    from letsdance.experiments import patterns
    from letsdance.report import words

    said = ("compared", "mean", "demand", "verdict", "evidence", "expected", "reading")
    print_table(text("report.check_title"), [
        text("report.column_pattern"), text("report.column_question"), *(text(f"confidence.{name}") for name in said)],
        [[f.id, text(f"pattern.{f.id}"), text.refused(f.compared), words.measured(f, text), text.refused(f.threshold),
          text("confidence.holds" if f.holds else "confidence.fails"), f"{f.source} ({words.strength(f.strength, text)})",
          text.refused(f.expectation), text.refused(f.note)] for f in findings])
    console().print(words.holding(patterns.holding(findings), text), highlight=False)


@app.command()
def show(
    what: Annotated[str, typer.Argument(
        help="scenarios, contexts, parameters, levers, shocks, mechanisms, evidence, indicators, cases or "
             "languages.")],
    copy: Annotated[str | None, typer.Option(
        help="Print the file of a start or of a case, to save and edit: --copy lone_ranger > my.toml")] = None,
    text: Language = "en", as_json: Json = False,
) -> None:
    """Print what there is, with units, ranges and sources."""
    from letsdance.commands import showing

    if copy is not None:
        file = showing.copied(what, copy)
        idle("--json", because="--copy prints a file as it is")
        typer.echo(file, nl=False)
        return
    columns, rows = showing.contents(what, text)
    if as_json:
        typer.echo(json.dumps([dict(zip(map(showing.heading, columns), row, strict=True)) for row in rows]))
        return
    print_table(showing.title(what, text), [showing.heading(column, text) for column in columns], rows)
    if what in showing.QUOTED and text.language != "en":
        console().print(text(f"report.show_quoted_{what}"), highlight=False)


@cache
def grammar() -> Any:
    """All commands with their options, read off the functions once."""
    return typer.main.get_command(app)


#: What `verify` gives again, by the kind of folder that it leaves; nothing else that a manifest may say.
_AGAIN = {
    **dict.fromkeys(("map", "residence", "tipping", "hysteresis", "warning"), "map"),
    "compare": "compare", "wind-tunnel": "wind-tunnel", "search": "search", "pathways": "pathways", "follow": "follow",
    "sweep": "sweep", "sensitivity": "sensitivity",
    "discover": "discover", "branch": "branch go", "adopters describe": "adopters describe",
    "adopters classic": "adopters classic", "adopters data": "adopters data", "adopters calibrate": "adopters calibrate",
    "adopters speed": "adopters speed", "adopters who": "adopters who", "forecast": "adopters forecast",
    "backtest": "adopters backtest"}
#: Options that a recorded command cannot have: they name what is written, or have others do the work.
_NEVER = {"--out", "--csv", "--save", "--report", "--overwrite", "--resume", "--json", "--scheduler", "--help", "--keep"}
#: But of these commands: there the word names no file.
_NAMES_NO_FILE = {"sweep": {"--keep"}}


#: What every command takes, wherever it stands, and what it needs behind it.
_EVERY = {"--mechanism": "the word of a mechanism or its file, such as --mechanism burnout.py",
          "--context": "the name of a context, such as --context denmark"}


def _parted(words: list[str]) -> tuple[list[str], dict[str, list[str]]]:
    """(a command without what every command takes, what it says of that), wherever in the line it stands."""
    from letsdance.params import Refused

    said: dict[str, list[str]] = {option: [] for option in _EVERY}
    kept, rest = [], iter(words)
    for word in rest:
        option, given, value = word.partition("=")
        if option not in _EVERY:
            kept.append(word)
        elif given or (value := next(rest, "")):
            said[option].append(value)
        else:
            raise Refused("{option} needs {needed}.", option=option, needed=_EVERY[option])
    return kept, said


def _for_all(words: list[str]) -> list[str]:
    """A command without the mechanisms and contexts that it names, which hold for all that it does."""
    if not any(word.partition("=")[0] in _EVERY for word in words):
        return words
    from letsdance import scenarios

    kept, said = _parted(words)
    scenarios.mechanism.everywhere(said["--mechanism"])
    if kept[:1] in (["dashboard"], ["workshop"]):  # theirs goes with links and agendas
        return [*kept, *(word for one in said["--context"] for word in ("--context", one))]
    scenarios.everywhere(said["--context"])
    return kept


def _recorded(kind: str, command: str, option: str) -> list[str]:
    """The words of a recorded command, or `Refused`: it must be one that leaves such a folder, with options that it has.

    A manifest may come from a stranger, so what it says is read as this program's own words and never by a shell.
    """
    import shlex

    from letsdance.params import Refused
    from letsdance.scenarios import mechanism

    try:
        words, said = _parted(shlex.split(command)[1:])  # only what is ours or what the user names now is loaded
    except ValueError:
        words, said = [], {}
    known = _AGAIN.get(kind, "").split()
    if not known or words[:len(known)] != known or "\0" in command:
        raise Refused("this folder says that `{command}` made it, which is not a command that leaves such a folder, so it "
                      "is not given again.", command=command[:80])
    if option not in ("--out", "--report"):
        raise Refused("this folder says that {option!r} names it, which no command does; it is not given again.",
                      option=option[:40])
    found = grammar()
    for name in known:
        found = found.commands[name]
    rest = words[len(known):]
    if hasattr(found, "commands"):  # such as `map tipping`, or `map lone_ranger`
        named = "".join(rest[:1]) in found.commands
        found, rest = found.commands[rest[0] if named else mapping.FIRST], rest[1:] if named else rest
    refused = _NEVER - _NAMES_NO_FILE.get(kind, set())
    never = [word.partition("=")[0] for word in rest if word.partition("=")[0] in refused]
    if never:
        raise Refused("this folder says that `{command}` made it; a recorded command has no {never}, so it is not given "
                      "again.", command=command[:80], never=never[0])
    try:
        found.make_context(found.name, [*rest, option, "again"])
    except Exception as error:  # whatever is wrong with its options
        raise Refused("`{command}` is not a command of this version, so it is not given again: {getattr}",
                      command=command[:80], getattr=getattr(error, "message", error)) from None
    ours = [word for one in said["--mechanism"] if one in mechanism.shipped() for word in ("--mechanism", one)]
    return [*words, *ours, *(word for one in said["--context"] for word in ("--context", one))]


def _again(kind: str, command: str, option: str, out: Path, tasks: int = 1) -> Path:
    """Give a recorded command once more, into another folder, named by `option`; of a sweep that so many tasks made, the
    first of them and then the rest."""
    import subprocess

    from letsdance.params import Refused
    from letsdance.scenarios import mechanism

    words = [*_recorded(kind, command, option), option, str(out)]
    own = [word for one in mechanism.everywhere() if one.file not in words for word in ("--mechanism", one.file)]
    given = [words] if tasks == 1 else [[*words, "--task", f"1 of {tasks}"], ["sweep", "--resume", "--out", str(out)]]
    for one in given:
        done = subprocess.run([sys.executable, "-m", "letsdance", *one, *own], capture_output=True, text=True)
        if done.returncode:
            said = (done.stderr.strip().splitlines() or ["it ended without a word."])[-1].removeprefix("letsdance: ")
            raise Refused("`{command}` cannot be given again, files that it names must stand where they stood: {said}",
                          command=command, said=said)
    return out


def _total(manifest: dict[str, Any]) -> int:
    return int(manifest["seeds"]["runs"]) * len(manifest["scenarios"])


def _print_summaries(summaries: dict[str, dict[str, Any]], result: Result, text: Text) -> None:
    """What came of each start: a row a measure, a column a start."""
    from letsdance.scenarios import STARTS

    def banded(band: dict[str, Any], one: Callable[[float], str], both: Callable[[float, float], str]) -> str:
        if band["mean"] is None:
            return "–"
        said = one(band["mean"])
        return said if band["low"] == band["high"] else text("report.with_band", value=said,
                                                             band=both(band["low"], band["high"]))

    def share(band: dict[str, Any]) -> str:
        return banded(band, text.percent, text.percents)

    def number(band: dict[str, Any]) -> str:
        return banded(band, partial(text.number, digits=1), partial(text.band, digits=1))

    def time(when: dict[str, Any]) -> str:
        if when["reached"] == 0:
            return text("report.not_by", n=result.quarters)
        median = when["median"]
        return text("report.with_band", band=text("report.of_runs", n=when["reached"], runs=when["runs"]),
                    value=text("report.later_than", n=result.quarters) if median is None else text.number(median))

    def lags(s: dict[str, Any]) -> str:
        return text("report.nobody_adopts") if s["lags"] is None else text(
            "report.with_band", value=text(f"category.{s['lags']}"),
            band=text.percent(s["ever_adopted_by_category"][s["lags"]]))

    def at_end(name: str) -> str:
        return text("report.row_when", what=text("report.in_future", future=text.title("start", name)),
                    when=text("report.goal_at_end"))

    rows = [[at_end(name), *(share(s["regimes"][name]) for s in summaries.values())] for name in STARTS]
    for label, cell in (
            ("services", lambda s: number(s["services"])), ("half", lambda s: time(s["time_to_50"])),
            ("84", lambda s: time(s["time_to_84"])), ("lags", lags),
            ("equity", lambda s: number(s["representativeness"])), ("trust", lambda s: share(s["trust"]))):
        rows.append([text(f"report.row_{label}"), *(cell(s) for s in summaries.values())])
    print_table(text("report.printed_runs", runs=result.runs, quarters=result.quarters, municipalities=len(result.places),
                     citizens=text.number(int(result.places.citizens.sum()))),
                ["", *(text.start(s["title"]) for s in summaries.values())], rows)


# ---------------------------------------------------------------- sub-commands that live in files of their own

for name, command in (("compare", comparing.compare), ("wind-tunnel", comparing.wind_tunnel),
                      ("search", searching.search), ("pathways", over_worlds.pathways),
                      ("follow", following.follow),
                      ("sweep", sweeping.sweep), ("gather", sweeping.gather), ("query", sweeping.query),
                      ("sensitivity", screening.sensitivity), ("discover", screening.discover),
                      ("dashboard", dashboard.dashboard), ("lesson", teaching.lesson),
                      ("workshop", workshop.workshop)):
    app.command(name)(command)
for name, group in (("branch", branching.branch), ("map", mapping.app), ("adopters", adopting.adopters)):
    app.add_typer(group, name=name)


def _told_nobody(error: OSError | None = None) -> None:
    """End with a sentence where standard output takes no more; by then every command has written its folder."""
    try:
        sys.stdout.flush()
        if error is None or error.filename is not None or error.errno not in (errno.ENOSPC, errno.EPIPE, errno.EIO):
            return
    except ValueError:  # it is closed
        return
    except OSError as lost:
        error = lost
    with open(os.devnull, "w") as nowhere:  # so that Python, when it ends, does not try again
        os.dup2(nowhere.fileno(), 1)
    from letsdance.params import Said

    typer.echo("letsdance: " + spoken().refused(Said(
        "what was to be shown cannot be written to standard output ({error}); the files that the command writes are there.",
        error=error.strerror)), err=True)
    sys.exit(2)


def _legible(typed: list[str]) -> None:
    """Refuse words that say nothing, and numbers that people did not mean though Python takes them: full-width, 1_000."""
    for before, word in zip(["", *typed], typed):
        if "\0" in word or any("\ud800" <= letter <= "\udfff" for letter in word):
            from letsdance.params import Refused, files

            raise Refused("{word} holds what no text and no name of a file may have (NUL, or bytes that are no "
                          "UTF-8); type it again, or rename the file.",
                          word=files.shown(word))
        option, equals, said = word.partition("=") if word.startswith("--") else ("", "", word)
        if (equals or not option) and not said.strip():
            from letsdance.params import Refused

            of = option or (before if before.startswith("--") and "=" not in before else "")
            if of:
                raise Refused("{of} is given nothing; write its value, or leave {of} out.", of=of)
            raise Refused("a word of the command is empty; write what it should say, or leave it out.")
        if re.fullmatch(r"[-+]?\d[\d_]*(\.\d*)?", said) and not re.fullmatch(r"[-+]?\d{1,30}(\.\d*)?", said, re.ASCII):
            from letsdance.params import Refused

            raise Refused("{said!r} cannot be read as a number; write it in the digits 0 to 9.", said=said[:40])


def main() -> None:
    """Run the command; a user's mistake ends in one sentence, an interruption leaves nothing behind."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    hear()
    words = sys.argv[1:]
    if listen(words) and "--help" in words:
        from letsdance.commands import helping

        helping.speak(grammar())
        words = helping.without_language(words)
    try:
        _legible(sys.argv[1:])
        try:
            shown = sys.stdout, sys.stderr
            ended = grammar()(_for_all(words), standalone_mode=False)
        except SystemExit:
            if sys.stdout is not shown[0]:  # the library of the command wraps what nobody reads any more, and says nothing
                sys.stdout, sys.stderr = shown
                _told_nobody(BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)))
            raise
        except OSError as error:  # of the screen, or of a file: only the first is told here
            _told_nobody(error)
            raise
        finally:
            _told_nobody()
    except Interrupted as interrupted:
        text = spoken()
        typer.echo(text("report.sweep_interrupted", kept=interrupted.kept or text("report.sweep_kept_nothing")), err=True)
        sys.exit(128 + interrupted.number)
    except typer.Abort:
        sys.exit(1)
    except Exception as error:
        from letsdance.commands import mistyped
        from letsdance.params import Refused, files

        said = spoken().refused(error if isinstance(error, Refused) else mistyped.sentence(error) or files.machine(error))
        if not said:
            raise
        said = said.encode("utf-8", "backslashreplace").decode()
        said = re.sub(r"\S{200,}", lambda word: f"{word[0][:120]}…{word[0][-10:]}", said)
        typer.echo(said if "\n" in said else f"letsdance: {said}", err=True)  # of lines: the help of a group of commands
        sys.exit(2)
    sys.exit(ended if isinstance(ended, int) else 0)
