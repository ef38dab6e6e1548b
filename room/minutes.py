"""The minutes: one page, five slides, a document and all choices as a table, in the room's language.

All four are written from the same `Minutes`, which says what the room asked, guessed, did and got, and how to run it again:
links for the dashboard, luck, version. Who said what is told by table, never by name.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from letsdance import __version__
from letsdance.dashboards.state import INNOVATION, View, to_link
from letsdance.params import Refused
from letsdance.room import draw, faces, runs
from letsdance.room.runs import Answers, Tabled
from letsdance.room.state import Room
from letsdance.words import Text

__all__ = ["KINDS", "Minutes", "made", "table", "written"]

#: Forms of the minutes, and their media types.
KINDS = {"html": "text/html; charset=utf-8", "csv": "text/csv; charset=utf-8",
         "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
         "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation"}
#: Seconds that minutes wait for runs that are under way.
_WAIT = 60.0
#: Where `letsdance dashboard` answers unless it is told otherwise.
_DASHBOARD = "http://127.0.0.1:8765"
#: Characters of a link beyond which it is too long to be copied.
_LONGEST = 30_000
#: What fits on one page of what people wrote under one heading, in characters, and of a table's cards.
_FITS, _MOST_CARDS = 240, 10
#: Tables and cards up to which the page is set in its usual size.
_ROOMY = 20


@dataclass(frozen=True)
class Package:
    """A table's package and what came of it: its cards, what it cost of what, a text for each of `Minutes.measures`, and
    where its runs end as a small picture."""

    number: int
    name: str
    cards: Sequence[str]
    spent: str
    came: Sequence[str]
    strip: Any


@dataclass(frozen=True)
class Minutes:
    """What the minutes say; paragraphs are texts, what people wrote is in pairs (name, text).

    headline: the room's own package in a sentence, and the shocks. measures: the heads of what came of each package.
    dense: whether so many tables played so much that it is set smaller.
    """

    title: str
    when: str
    dense: bool
    question: Sequence[str]
    predictions: Sequence[str]
    headline: Sequence[str]
    measures: Sequence[str]
    packages: Sequence[Package]
    act: Sequence[tuple[str, Sequence[str]]]
    notes: Sequence[str]
    again: str
    links: Sequence[tuple[str, str]]
    left_out: str
    guessed: Sequence[int]
    ran: Sequence[float] | None
    rows: Sequence[Tabled]
    before: Sequence[float]
    target: int | None
    histogram: Any


def written(room: Room, answers: Answers, kind: str, began: float) -> tuple[bytes, str, dict[str, str]]:
    """The minutes in a form, its media type, and headers for a browser."""
    if kind == "csv":
        return table(room).encode("utf-8-sig"), KINDS[kind], {}  # a spreadsheet knows by the mark that it is UTF-8
    said, text = made(room, answers, began), Text(room.language)
    if kind == "html":
        import secrets

        nonce = secrets.token_urlsafe(12)
        return (faces._pages().get_template("minutes.html.j2").render(m=said, t=text, nonce=nonce,
                                                                      css=faces._asset("minutes.css")).encode(),
                KINDS[kind], {"Content-Security-Policy": f"default-src 'none'; style-src 'nonce-{nonce}'; img-src data:; "
                                                         "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"})
    from letsdance.room import office

    return (office.document(said, text) if kind == "docx" else office.slides(said, text)), KINDS[kind], {}


# ---------------------------------------------------------------- what they say

def made(room: Room, answers: Answers, began: float) -> Minutes:
    """The minutes of a room as it stands; runs that are not there yet are waited for."""
    if not room.agenda.named:
        return _of_class(room, began)
    text, quarter = Text(room.language), _last_shown(room)
    runs.baseline(room, answers)
    for number in room.tables:
        runs.tabled(room, answers, number, quarter)
    answers.wait(_WAIT)
    found = [runs.tabled(room, answers, number, quarter) for number in room.tables]
    rows = [one for one in found if one is not None and not isinstance(one, Refused)]
    base, calm = runs.baseline(room, answers), runs.nothing(room, answers)
    ran = runs.of_ten(base, -1)
    guessed = [one["guess"] for one in room.first("predict").values()]
    before = runs.of_ten(calm, quarter) or []
    return Minutes(
        title=text("minutes.title"),
        when=text("minutes.when", date=time.strftime("%Y-%m-%d", time.localtime(began)), people=len(room.people),
                  tables=len(room.tables), minutes=text.number(room.agenda.minutes)),
        dense=sum(1 + len(room.uses(n)) for n in room.tables) > _ROOMY,
        question=_question(room, text), predictions=_predictions(base, guessed, text),
        headline=[*(faces.headline(row, room, text) for row in rows if row.number == room.control.chosen),
                  *_shocks(room, text)],
        measures=_measures(room, quarter, text), packages=_packages(room, answers, rows, before, text),
        act=_act(room, answers, text), notes=_few(room.control.notes, text),
        again=text("minutes.again_says", version=__version__, seed=room.seed, runs=room.agenda.runs),
        links=links(room, text), left_out=text("minutes.left_out"), guessed=guessed, ran=ran, rows=rows,
        before=before, target=room.target(),
        histogram=draw.guesses(guessed, ran, text) if guessed or ran else None)


def _of_class(room: Room, began: float) -> Minutes:
    """What a class was asked, thought and was told: no packages, no names."""
    text, asked, at = Text(room.language), room.asked(), room.control.at
    picked = [one["choice"] for one in room.said("choose").values()]
    told = [step for step in room.agenda.step[:at + 1] if step.kind == "chosen"]
    thought = [text.labelled(one, text("minutes.of_class", n=picked.count(k), all=len(picked)))
               + (" ✓" if told and k == asked.answer else "") for k, one in enumerate(asked.choices, 1)] if asked else []
    return Minutes(
        title=room.agenda.title or text("minutes.title"), when=text(
            "minutes.when_class", date=time.strftime("%Y-%m-%d", time.localtime(began)), people=len(room.people),
            minutes=text.number(room.agenda.minutes)),
        dense=False, question=[asked.says] if asked else [], predictions=thought,
        headline=[said for step in told for said in step.told], measures=(), packages=(), act=(),
        notes=_few(room.control.notes, text), again=text("minutes.again_class", version=__version__),
        links=(), left_out=text("minutes.left_out"), guessed=(), ran=None, rows=(), before=(), target=None, histogram=None)


def _last_shown(room: Room) -> int:
    """Up to which quarter the last results that have come showed the runs; the horizon where none has."""
    come = [at for at, step in enumerate(room.agenda.step[:room.control.at + 1]) if step.kind == "results"]
    return room.agenda.shown(come[-1]) if come else room.agenda.horizon


def _question(room: Room, text: Text) -> list[str]:
    target, guards = room.target(), [text(f"room.guard.{name}") for name in room.guards()]
    said = [text("minutes.innovation", name=room.agenda.innovation)] if room.agenda.innovation else []
    said += [text("room.question", years=text.short(room.agenda.horizon / 4)),
            text("minutes.success", target=target, guards=text.listed(guards)) if target is not None else text(
                "minutes.no_target"), faces.own_towns(room, text) or text("minutes.began", origin=faces.origin(room, text))]
    rated = sorted((one for one in faces.rated(room, text) if one[3]), key=lambda one: -one[1])[:3]
    if rated:
        said.append(text("minutes.trends", what=text.listed([f"{one[0]} ({text.number(one[1], 1)})" for one in rated])))
    lines = [f"“{one['headline']}”" for one in room.first("image").values() if one["headline"]]
    return [*said, *_few(lines, text)]


def _few(lines: Sequence[str], text: Text) -> list[str]:
    """As many different lines as fit on the page, the first of them cut where it does not; the CSV holds them all."""
    all_of = list(dict.fromkeys(lines))
    kept: list[str] = []
    for one in all_of:
        if kept and sum(map(len, kept)) + len(one) > _FITS:
            break
        kept.append(one if len(one) <= _FITS else f"{one[:_FITS - 1].rstrip()}…")
    left = len(all_of) - len(kept)
    return [*kept, text("minutes.further", n=left)] if left else kept


def _predictions(base: Any, guessed: list[int], text: Text) -> list[str]:
    said = faces._revealed(base, guessed, text)
    return [one for one in (said, "" if guessed else text("minutes.no_predictions")) if one]


def _cards(room: Room, number: int, text: Text) -> list[str]:
    spans: dict[str, list[str]] = {}  # a lever that was played again stands once, with all its years
    for use in room.uses(number):
        spans.setdefault(use.name, []).append("–".join(
            text.short(quarter / 4) for quarter in (use.start - 1, use.start + (use.duration or 0) - 1)))
    said = [text("minutes.card", what=text.title("lever", name), years=text.listed(years)) for name, years in spans.items()]
    left = len(said) - _MOST_CARDS
    return [*said[:_MOST_CARDS], text("minutes.further", n=left)] if left > 0 else said or [text("room.nothing_played")]


def _measures(room: Room, quarter: int, text: Text) -> list[str]:
    """What is said of each package, beside what it cost."""
    return [text("minutes.ten", when=faces.years(text, quarter)), text("minutes.difference"),
            *([text("minutes.reached", target=room.target())] if room.target() is not None else []),
            *(text(f"room.guard.{name}") for name in room.guards()),
            *([text("minutes.tunnel")] if _tried(room) else [])]


def _packages(room: Room, answers: Answers, rows: Sequence[Tabled], before: Sequence[float],
              text: Text) -> list[Package]:
    tunnels = {n: runs.tunnel(room, answers, n) for n in room.tables} if _tried(room) else {}
    if tunnels:
        answers.wait(_WAIT)
        tunnels = {n: runs.tunnel(room, answers, n) for n in tunnels}
    came, expected = {row.number: row for row in rows}, faces.table_guesses(room)
    return [Package(n, text("room.table_n", n=n), _cards(room, n, text), faces.spent(room, n, text, "minutes.spent"),
                    _came(came[n], room, text, tunnels) if n in came else (),
                    draw.strip(came[n], before, expected.get(n), room.target(), text) if n in came and before else "")
            for n in room.tables]


def _came(row: Tabled, room: Room, text: Text, tunnels: Mapping[int, Any]) -> list[str]:
    tunnel = tunnels.get(row.number)
    tried = "–" if tunnel is None else text.refused(tunnel) if isinstance(tunnel, Refused) else text(
        "minutes.tunnel_helps", **faces.tunnel_counts(tunnel))
    return [f"{faces.ten(text, row.ten.mean())} ({faces.band(row, text)})", faces.difference(row, text),
            *([text("minutes.spent", spent=row.reached, budget=row.runs)] if room.target() is not None else []),
            *(one["says"] for one in faces.suffering(row, text)), *([tried] if _tried(room) else [])]


def _shocks(room: Room, text: Text) -> list[str]:
    drawn = [f"{text.title('shock', use.name)} ({text('room.year_n', year=text.short((use.start - 1) / 4))})"
             for use in room.shocks()]
    return [text("minutes.shocks", what=text.listed(drawn))] if drawn else []


def _tried(room: Room) -> bool:
    """Whether the wind tunnel was tried in the room; it is not computed for the minutes alone."""
    return any(step.kind == "tunnel" for step in room.agenda.step[:room.control.at + 1])


def _act(room: Room, answers: Answers, text: Text) -> list[tuple[str, list[str]]]:
    said = [(text(f"room.{name}"), _few([one[name] for one in room.first("act").values() if one[name]], text))
            for name in ("first", "sign", "doubt")]
    signs = [text.title("indicator", name) for name, _ in runs.watch(room, answers, 3)]
    if signs:
        said.append((text("room.signs_model"), signs))
    votes = [one["agree"] for one in room.first("agree").values()]
    chosen = room.control.chosen
    agreed = [text("room.table_n", n=chosen) if chosen else text("room.no_package")]
    if votes:
        agreed.append(text("minutes.agreed", mean=text.number(statistics.fmean(votes), 1), n=len(votes)))
    return [(text("room.our_package"), agreed), *((name, lines) for name, lines in said if lines)]


def links(room: Room, text: Text) -> list[tuple[str, str]]:
    """(which run, link): each gives that run again in the dashboard, with what it is held against; the last gives all."""
    base, calm = runs.base(room), replace(runs.base(room), shocks=room.shocks())
    named = {n: replace(runs.package(room, n), title=text("room.table_n", n=n)) for n in room.tables}
    view = View(seed=room.seed, runs=room.agenda.runs, places=runs.places(room), language=room.language).put(
        **{INNOVATION: room.agenda.innovation or None})
    views = {text("room.nothing"): replace(view, page="explore", policy=base)}
    views |= {policy.title: replace(view, page="explore", policy=policy, reference=calm) for policy in named.values()}
    views[text("room.tables")] = replace(view, page="compare", policy=calm, others=tuple(named.values()))
    found = [(name, f"{_DASHBOARD}/{one.page}?{to_link(one)}") for name, one in views.items()]
    return [(name, link if len(link) <= _LONGEST else text("minutes.long_link")) for name, link in found]


# ---------------------------------------------------------------- as a table

def table(room: Room) -> str:
    """All choices and predictions: step, table, what, field, value; harmless in a spreadsheet."""
    import pandas as pd

    from letsdance.experiments.spreadsheet import to_csv

    text = Text(room.language)
    columns = [text("minutes.step"), text("room.table"), text("minutes.kind"), text("minutes.field"), text("minutes.value")]
    rows: list[dict[str, Any]] = []

    def add(step: str, number: object, kind: str, told: Mapping[str, Any]) -> None:
        rows.extend(dict(zip(columns, (step, number, kind, field, ", ".join(value) if isinstance(value, tuple) else value),
                             strict=True)) for field, value in told.items())

    for name, step in zip(room.names, room.agenda.step, strict=True):
        for who, told in room.answers.get(name, {}).items():
            if step.kind == "choose":
                told = {**told, "choice": step.choices[told["choice"] - 1]}
            if step.kind == "track":  # trend by trend
                told = {f"{trend} {what}": value for trend, rated in told.items() for what, value in rated.items()}
            add(name, room.table_of(who), step.kind, told)
    for number in room.tables:
        for card in room.cards.get(number, ()):
            add(f"decide {card.round}", number, "card", {
                "lever": card.lever, "start": card.start, "duration": card.duration,
                "stopped": card.stopped[1] if card.stopped else ""})
    for name, shock, quarter in room.control.drawn:
        add(name, "", "shock", {"shock": shock, "quarter": quarter})
    for note in room.control.notes:
        add("", "", "note", {"text": note})
    if not room.agenda.named:  # the lesson brings its own runs
        add("", "", "run", {"lesson": room.agenda.title, "version": __version__})
        return to_csv(pd.DataFrame(rows, columns=columns))
    for name, link in links(room, text):
        add("", name, "link", {"link": link})
    add("", "", "run", {
        **({"innovation": room.agenda.innovation} if room.agenda.innovation else {}), "seed": room.seed,
        "runs": room.agenda.runs, "version": __version__, "origin": room.origin()})
    if places := runs.places(room):
        add("", "", "run", {"municipalities": places})
    return to_csv(pd.DataFrame(rows, columns=columns))
