"""`letsdance lesson`: what there is to teach, a lesson told with its experiment, on paper, and its claims checked."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from letsdance.commands.screen import (
    Json,
    Language,
    Overwrite,
    Seed,
    Set,
    console,
    print_table,
    progress,
    say,
    values,
)

if TYPE_CHECKING:
    from letsdance.experiments.lessons import Conducted
    from letsdance.scenarios.lessons import Lesson, Sentence
    from letsdance.words import Text


def lesson(
    name: Annotated[str | None, typer.Argument(help="A lesson, or your own file (.toml) [default: list them].")] = None,
    sets: Set = None,
    lever: Annotated[list[str] | None, typer.Option(
        metavar="NAME@START+DURATION*STRENGTH", help="A lever that the lesson lets a class use; may be repeated.")] = None,
    guess: Annotated[int | None, typer.Option(help="The prediction, by its number [default: it is asked for].")] = None,
    glass: Annotated[bool, typer.Option("--glass", help="Show the code of the mechanism too.")] = False,
    worksheet: Annotated[Path | None, typer.Option(metavar="FILE.html", help="Write a page that prints on A4.")] = None,
    teacher: Annotated[bool, typer.Option(
        "--teacher", help="With answers, notes and a plan; beside --worksheet: the teacher's copy.")] = False,
    text: Language = "en",
    check: Annotated[bool, typer.Option("--check", help="Run every claim: what is asked, measured, and holds.")] = False,
    in_class: Annotated[bool, typer.Option(
        "--class", help="Open a room for a class: predictions by phone, on the projector without names.")] = False,
    port: Annotated[int, typer.Option(help="Of the room for a class.")] = 8770,
    address: Annotated[str, typer.Option(help="How phones reach that room [default: found].")] = "",
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the host's screen of that room.")] = True,
    runs: Annotated[int, typer.Option(help="Paired seeds of each way of running, at least 20 for a verdict.")] = 20,
    seed: Seed = 1, overwrite: Overwrite = False, as_json: Json = False,
) -> None:
    """Lessons: predict, run, and see why. Without a name it lists them."""
    from letsdance.params import Refused
    from letsdance.scenarios import lessons

    moved = {"parameters": values(sets), "levers": tuple(lever or ())}
    if worksheet is not None:
        from letsdance.experiments import folder

        folder.check_file(worksheet, overwrite, "--worksheet")
    if check:
        return _check([lessons.load(one) for one in ([name] if name else lessons.names())], runs, seed, text, as_json)
    if name is None:
        if worksheet is not None or teacher or in_class or any(moved.values()) or guess is not None:
            raise Refused("name a lesson too, such as `letsdance lesson {known}`.", known=lessons.names()[0])
        return _list([lessons.load(one) for one in lessons.names()], text, as_json)
    chosen = lessons.load(name)
    if guess is not None and not 1 <= guess <= len(chosen.predict.choices):
        raise Refused("--guess must be a number from 1 to {most}, not {guess}.", most=len(chosen.predict.choices),
                      guess=guess)
    if in_class:
        from letsdance.commands.workshop import lead_class
        from letsdance.room.lesson import agenda

        found = _run(chosen, runs, seed, as_json)
        return lead_class(agenda(found, text), text.language, port, address, seed,
                          Path("letsdance-rooms", f"lesson-{chosen.name}"), browser)
    if worksheet is not None:
        return _on_paper(chosen, worksheet, teacher, runs, seed, text, overwrite, as_json)
    _told(chosen, moved, guess, glass, teacher, runs, seed, text, as_json)


def _list(known: list[Lesson], text: Text, as_json: bool) -> None:
    rows = [[one.name, one.title.said(text.language), str(one.minutes)] for one in known]
    if as_json:
        typer.echo(json.dumps([dict(zip(("name", "question", "minutes"), (a, b, int(c)), strict=True)) for a, b, c in rows],
                              ensure_ascii=False))
        return
    print_table(text("lesson.lessons"), [text("lesson.lesson"), text("lesson.question"), text("lesson.minutes_head")], rows)
    console().print(text("lesson.try", command=f"letsdance lesson {rows[0][0]}"), highlight=False)


def _run(chosen: Lesson, runs: int, seed: int, quiet: bool, own: Any = None) -> Conducted:
    from letsdance.experiments.lessons import conduct, needed

    with progress(chosen.name, needed(chosen) + (own is not None), quiet) as advance:
        return conduct(chosen, runs, seed, own, advance)


def _check(known: list[Lesson], runs: int, seed: int, text: Text, as_json: bool) -> None:
    """Every claim of some lessons; ends with 1 where one does not hold."""
    from letsdance.report.lesson import claims

    rows: list[Any] = []
    holds = True
    for one in known:
        found = _run(one, runs, seed, as_json)
        holds &= found.holds
        if as_json:
            rows += [{"lesson": one.name, "claim": name, "demand": m.verdict.demand, "mean": m.verdict.effect.mean,
                      "low": m.verdict.effect.low, "high": m.verdict.effect.high, "runs": m.runs, "holds": m.verdict.holds}
                     for name, m in found.claims.items()]
        else:
            rows += [[one.name, what, demand, effect, text("lesson.yes") if good else text("lesson.no")]
                     for what, demand, effect, good in claims(found, text)]
    if as_json:
        typer.echo(json.dumps(rows))
    else:
        print_table(text("lesson.claims"), [text("lesson.lesson"), text("lesson.claims"), text("lesson.demand"),
                                            text("lesson.effect"), text("lesson.holds")], rows)
    raise typer.Exit(0 if holds else 1)


def _on_paper(chosen: Lesson, file: Path, teacher: bool, runs: int, seed: int, text: Text, overwrite: bool,
              as_json: bool) -> None:
    from letsdance.experiments import folder
    from letsdance.report.lesson import render

    page = render(chosen, text, _run(chosen, runs, seed, as_json) if teacher else None)
    with folder.whole_file(file, overwrite, "--worksheet") as part:
        part.write_text(page, encoding="utf-8", newline="\n")
    if as_json:
        typer.echo(json.dumps({"file": str(file)}))
    else:
        say("Written: [bold]{file}[/]", file=file)


def _told(chosen: Lesson, moved: dict[str, Any], guess: int | None, with_code: bool, teacher: bool, runs: int, seed: int,
          text: Text, as_json: bool) -> None:
    """The lesson from its question to its last check, on the screen."""
    from letsdance.experiments.lessons import own_arm

    own = own_arm(chosen, moved["parameters"], moved["levers"], text) if any(moved.values()) else None
    if as_json:
        found = _run(chosen, runs, seed, True, own)
        typer.echo(json.dumps(_as_data(found, text), ensure_ascii=False))
        return
    language = text.language
    _heading(f"{chosen.title.said(language)} ({text('lesson.minutes', n=chosen.minutes)})")
    typer.echo(chosen.story.said(language))
    _heading(text("lesson.predict"))
    typer.echo(chosen.predict.ask.said(language))
    choices = [one.said(language) for one in chosen.predict.choices]
    for nth, choice in enumerate(choices, 1):
        typer.echo(f"  {nth}. {choice}")
    guess = _asked(len(choices), text) if guess is None else guess
    found = _run(chosen, runs, seed, False, own)
    _experiment(found, text)
    _heading(text("lesson.happened"))
    answer = choices[chosen.predict.answer - 1]
    if guess is None:
        typer.echo(text("lesson.borne_out", answer=answer))
    else:
        typer.echo(text("lesson.right") if guess == chosen.predict.answer else
                   text("lesson.wrong", choice=choices[guess - 1], answer=answer))
    _sentences(found, chosen.happened, text)
    _heading(text("lesson.why"))
    _sentences(found, chosen.why, text)
    _glass_box(found, with_code, text)
    for part, rows in (("whatif", chosen.whatif), ("check", chosen.check)):
        _heading(text(f"lesson.{part}"))
        for one in rows:
            typer.echo(f"- {one.ask.said(language)}")
            if part == "whatif" or teacher:
                typer.echo(f"  {_sentence(found, one.answer, text)}")
    if teacher:
        from letsdance.report.lesson import plan

        _heading(text("lesson.teacher"))
        for minutes, what in plan(chosen, text):
            typer.echo(f"  {minutes:2d} min  {what}")
        _sentences(found, chosen.notes, text)
    typer.echo(f"\n{text('lesson.explores')}")


def _heading(title: str) -> None:
    screen = console()
    screen.print()
    screen.print(title, style="bold", highlight=False)


def _sentence(found: Conducted, sentence: Sentence, text: Text) -> str:
    source = f" ({text('lesson.source', source=sentence.source)})" if sentence.source else ""
    return f"{found.said(sentence, text)}{source}"


def _sentences(found: Conducted, sentences: list[Sentence], text: Text) -> None:
    for one in sentences:
        typer.echo(_sentence(found, one, text))


def _asked(most: int, text: Text) -> int | None:
    """The prediction, where somebody sits at the screen; None where nobody does, or nothing is said."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return None
    while True:
        said = input(text("lesson.choice", n=most)).strip()
        if not said:
            return None
        if said in map(str, range(1, most + 1)):
            return int(said)


def _experiment(found: Conducted, text: Text) -> None:
    from letsdance.report.lesson import cell, control_words, titled

    _heading(text("lesson.experiment"))
    typer.echo(text("lesson.runs", runs=found.runs, quarters=found.lesson.quarters,
                    years=text.years(found.lesson.quarters)))
    rows = [[arm.title.said(text.language), *(cell(v, unit, text) for _, unit, v in row)] for arm, row in found.shown()]
    print_table("", [text("lesson.way"), *(titled(name, text) for name in found.lesson.shown)], rows)
    typer.echo(text.labelled(text("lesson.controls"), "; ".join(control_words(one, text) for one in found.lesson.control)))
    first = found.lesson.control[0]
    move = f"--set {first.parameter}={first.high:g}" if first.parameter else f"--lever {first.lever}@8"
    typer.echo(text("lesson.try", command=f"letsdance lesson {found.lesson.name} {move}"))


def _glass_box(found: Conducted, with_code: bool, text: Text) -> None:
    from letsdance.report.lesson import glass

    box = glass(found.lesson, text)
    if box is None or found.lesson.glass is None:
        return
    _heading(text("lesson.glass"))
    typer.echo(found.said(found.lesson.glass.says, text))
    typer.echo(box.switch)
    typer.echo(text.labelled(text("lesson.equation"), box.equation))
    if with_code:
        typer.echo(f"{text('lesson.code')} ({box.where}):\n{box.code}")


def _as_data(found: Conducted, text: Text) -> dict[str, Any]:
    one, language = found.lesson, text.language
    return {"name": one.name, "title": one.title.said(language), "minutes": one.minutes, "runs": found.runs,
            "seed": found.seed, "answer": one.predict.answer,
            "arms": {arm.name: {"title": arm.title.said(language), "shown": {
                name: float(v.mean()) if len(v) and v.sum() == v.sum() else None for name, _, v in row}}
                for arm, row in found.shown()},
            "happened": [found.said(s, text) for s in one.happened], "why": [found.said(s, text) for s in one.why],
            "holds": found.holds}
