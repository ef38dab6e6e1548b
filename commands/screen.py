"""What all sub-commands share: their options, the progress bar, tables, and the signal that stops them."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from letsdance.simulation.run import Result
    from letsdance.words import Text

Runs = Annotated[int, typer.Option(help="Paired runs of each scenario.")]
Quarters = Annotated[int | None, typer.Option(help="Horizon in quarters, 8-400 [default: the scenario's, 60].")]
Seed = Annotated[int, typer.Option(help="Seed of the first run; the next runs take the next seeds.")]
Set = Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A parameter; may be repeated.")]
Lever = Annotated[list[str] | None, typer.Option(
    metavar="NAME@START+DURATION*STRENGTH", help="A lever, such as FRCS@8+20*1.0, or OUT@8 in Ash for the poorest quarter; "
                                              "may be repeated.")]
Shock = Annotated[list[str] | None, typer.Option(
    metavar="NAME@START+DURATION*STRENGTH", help="A shock or trend, such as austerity@12+24; may be repeated.")]
Profile = Annotated[str | None, typer.Option(
    help="The innovation: co_creation, e_procurement or telework [default: the scenario's].")]
Table = Annotated[Path | None, typer.Option(
    help="CSV of municipalities (name, citizens, ...), or case:country [default: 40 alike].")]
Until = Annotated[str | None, typer.Option(
    metavar='"OUTCOME +-HALF_WIDTH"', help='Add runs until it is known so well, such as "lets_dance@60 +-0.02".')]
RunsOver = Annotated[int | None, typer.Option(
    help="Paired runs of each scenario, in each world [default: 20; with --worlds 10].")]
Over = Annotated[str | None, typer.Option(
    "--worlds", metavar="NUMBER or FILE", help="Ask it in so many worlds of what nobody knows, or in those of a file.")]
Within = Annotated[str | None, typer.Option(
    metavar="SHARE", help="How far uncertain parameters go in --worlds NUMBER: 30%, or ranges [default: ranges].")]
Most = Annotated[int, typer.Option(min=1, help="The most runs that --until may make.")]
KeepIn = Annotated[Path | None, typer.Option(
    "--keep", help="A file of what is done; the same words go on with it.")]
Scheduler = Annotated[str | None, typer.Option(help="A Dask scheduler's address, such as tcp://127.0.0.1:8786.")]
_spoken: list[Text] = []  # what the command that runs speaks


def _speak(code: str) -> Any:
    """The texts of a language, by its code; what the command says before and after its work speaks it too."""
    from letsdance.words import text_in

    _spoken[:] = [text_in(code)]
    return _spoken[0]


def listen(words: list[str]) -> bool:
    """Speak what --language says, wherever it stands in a command, before that is read: it may be what cannot be.
    Whether it says a language."""
    _spoken.clear()
    for word, following in pairwise([*words, ""]):
        option, equals, value = word.partition("=")
        if option == "--language":
            from letsdance.words import Text, languages

            _spoken[:] = [Text(code)] if (code := value if equals else following) in languages() else []
    return bool(_spoken)


def spoken() -> Text:
    """The texts of the language that --language names; English where a command has none."""
    from letsdance.words import IN_ENGLISH

    return _spoken[0] if _spoken else IN_ENGLISH


#: A command has the `Text`: --language is read before the other options, so that what they do wrong is said in it.
Language = Annotated[Any, typer.Option(
    "--language", parser=str, callback=_speak, is_eager=True, metavar="CODE",
    help="The language of what is said: en, nl, fr, de (`letsdance show languages`).")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is there; a folder only if letsdance wrote it.")]
Scenarios = Annotated[list[str] | None, typer.Argument(help="Starts by name, or paths of scenario files.")]


class Interrupted(BaseException):
    """A signal that ends the command; `kept` says what is left of its work; '' for nothing."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number, self.kept = number, ""


_heard: list[int] = []


def interrupt(number: int, _: Any = None) -> None:
    """What a signal does. Python drops, with a remark, what is raised while it clears an object away: the remark is left
    out, and the next step of `progress` raises again."""
    remark = sys.unraisablehook
    sys.unraisablehook = lambda said: None if isinstance(said.exc_value, Interrupted) else remark(said)
    _heard.append(number)
    raise Interrupted(number)


def _go_on() -> None:
    if _heard and threading.current_thread() is threading.main_thread():
        raise Interrupted(_heard[0])


@contextmanager
def going_on(file: Path | None) -> Iterator[None]:
    """Say of work that is interrupted what is kept of it in a file (`experiments.pieces`), or how it would be kept."""
    try:
        yield
    except Interrupted as interrupted:
        there = file is not None and file.exists()
        interrupted.kept = spoken()("report.search_kept" if there else "report.sweep_kept_if", file=file)
        raise


def values(sets: list[str] | None) -> dict[str, float]:
    """NAME=VALUE as typed, as numbers."""
    from letsdance.params import Refused, check_value, number

    values = {}
    for text in sets or []:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals:
            raise Refused("--set {text!r} cannot be read; write NAME=VALUE, such as --set k=1.5.", text=text)
        try:
            values[name] = number(value)
        except ValueError:
            check_value(name, value or 0)  # an unknown name is the greater mistake
            raise Refused("--set {name}: {value!r} is not a number.", name=name, value=value) from None
        check_value(name, values[name])
    return values


def idle(*options: str, because: str) -> None:
    """Refuse options that were typed and would do nothing here, so that nobody believes that they did.

    because: why, as it may end "--most would do nothing: ..."; a language says it in its [refused].
    """
    for word in sys.argv[1:]:
        if (option := word.partition("=")[0]) in options:
            from letsdance.params import Refused, Said

            raise Refused("{option} would do nothing: {because}; leave {option} out.", option=option, because=Said(because))


def held(keep: Path | None, scheduler: str | None, over_worlds: bool = True) -> dict[str, Any]:
    """Where work over worlds is kept as it is done and where it is made, as those that do it take it."""
    if not over_worlds:
        idle("--keep", "--scheduler", because="it goes with --worlds")
    return {"keep": keep, "executor": scheduler}


def until_or_runs(until: str | None) -> None:
    """Refuse --most without --until, and --runs with it."""
    if until is None:
        idle("--most", because="it limits the runs that --until adds")
    else:
        idle("--runs", because="--until adds runs until the outcome is known, at most so many as --most says")


def command_line(*targets: str) -> str:
    """What was typed, so that it can be typed again, without the options (`targets`, --out) that say what to write."""
    import shlex

    words, rest = ["letsdance"], iter(sys.argv[1:])
    for word in rest:
        option = word.partition("=")[0]
        if option in ("--out", *targets):
            if option == word:
                next(rest, None)
        elif word not in ("--json", "--overwrite"):
            words.append(word)
    return shlex.join(words)


def worlds_of(said: str | None, within: str | None) -> Any:
    """What --worlds and --within say; None without."""
    from letsdance.experiments import worlds
    from letsdance.params import Refused

    if said is None:
        if within is not None:
            raise Refused("--within says how far --worlds go; give --worlds 200 with it, or leave it out.")
        return None
    return worlds.of(said, within)


def simulated(scenarios: dict[str, Any], runs: int, seed: int, municipalities: Path | None,
              quiet: bool) -> dict[str, Result]:
    """Run every scenario, with a progress bar."""
    from letsdance.simulation.municipalities import load

    places = None if municipalities is None else load(municipalities)
    from letsdance.simulation.compiled import cold

    label = "report.bar_compiling" if cold() else "report.bar_runs"
    with progress(label, max(runs, 1) * len(scenarios), quiet) as advance:
        from letsdance.simulation.run import simulate

        return {name: simulate(scenario, runs=runs, seed=seed, municipalities=places, progress=advance)
                for name, scenario in scenarios.items()}


def hear() -> None:
    """Show on standard error, once each, what readers of tables decided (`scenarios.tables.announce`)."""
    import logging

    _spoken.clear()
    said = set()

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            assert isinstance(record.args, tuple)
            where, sentence = map(str, record.args)  # a `Said` stays one
            line = spoken().labelled(where, spoken().refused(sentence))
            if line not in said:
                said.add(line)
                typer.echo(line, err=True)

    log = logging.getLogger("letsdance.tables")
    log.setLevel(logging.INFO)
    log.propagate = False
    log.addHandler(Lines())


def console() -> Any:
    """Where answers are shown. What they repeat is text: brackets are no markup, and nothing in it commands the screen."""
    from rich.console import Console

    from letsdance.params import written_out

    class Screen(Console):
        def on_broken_pipe(self) -> None:
            raise  # it would end the process without a word

        def render_str(self, text: str, **how: Any) -> Any:
            return super().render_str(written_out(text, keep="\n\t"), **how)

    return Screen(markup=False)


def say(line: str, **values: object) -> None:
    """A line of ours, in which [bold]{name}[/] is for the screen; what fills it is text, whatever brackets it has."""
    from rich.markup import escape

    console().print(line.format(**{name: escape(str(value)) for name, value in values.items()}), markup=True,
                    highlight=False, soft_wrap=True)


@contextmanager
def progress(key: str, total: int, quiet: bool, **values: object) -> Iterator[Callable[[int], None]]:
    """A bar on standard error that goes away when done; none where nobody would see it.

    key: of the text beside it, into which values are filled.
    """
    if quiet or not sys.stderr.isatty():
        yield lambda count: _go_on()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    with Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
                  console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(spoken()(key, **values), total=total)

        def advance(count: int) -> None:
            _go_on()
            bar.update(task, advance=count)

        yield advance


@contextmanager
def busy(key: str, quiet: bool) -> Iterator[None]:
    if quiet or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(spoken()(key)):
        yield


def print_table(title: str, columns: list[str], rows: list[list[str]]) -> None:
    from rich.table import Table as RichTable

    table = RichTable(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    screen = console()
    if not screen.is_terminal:  # a pipe has no width: keep every row on one line
        screen.width = 1000
    screen.print(table)
