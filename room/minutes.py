"""The minutes: one page, five slides, a document and all choices as a table, in the room's language.

All four are written from the same `Minutes`, which says what the room asked, guessed, did and got, and how to run it again:
links for the dashboard, luck, version. Who said what is told by table, never by name.
"""

from __future__ import annotations

import io
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from letsdance.dashboards.state import View, own_version, to_link
from letsdance.params import Refused
from letsdance.room import draw, faces, runs
from letsdance.room.runs import Answers, Tabled
from letsdance.room.state import Room, price
from letsdance.scenarios import STARTS
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
#: Lines of what people wrote that fit on one page.
_MOST_LINES = 4


@dataclass(frozen=True)
class Minutes:
    """What the minutes say; paragraphs are texts, everything else in pairs (name, text)."""

    title: str
    when: str
    question: Sequence[str]
    predictions: Sequence[str]
    packages: Sequence[tuple[str, Sequence[str]]]
    compared: Sequence[str]
    act: Sequence[tuple[str, Sequence[str]]]
    notes: Sequence[str]
    again: str
    links: Sequence[tuple[str, str]]
    left_out: str
    guessed: Sequence[int]
    ran: Sequence[float] | None
    rows: Sequence[Tabled]
    chart: Any
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
    return (_document(said, text) if kind == "docx" else _slides(said, text)), KINDS[kind], {}


# ---------------------------------------------------------------- what they say

def made(room: Room, answers: Answers, began: float) -> Minutes:
    """The minutes of a room as it stands; runs that are not there yet are waited for."""
    text, quarter = Text(room.language), _last_shown(room)
    runs.baseline(room, answers)
    for number in room.tables:
        runs.tabled(room, answers, number, quarter)
    answers.wait(_WAIT)
    found = [runs.tabled(room, answers, number, quarter) for number in room.tables]
    rows = [one for one in found if one is not None and not isinstance(one, Refused)]
    base, calm = runs.baseline(room, answers), runs.nothing(room, answers)
    ran = None if base is None or isinstance(base, Refused) else [10.0 * float(v) for v in base.rows["lets_dance"][:, -1]]
    guessed = [one["guess"] for one in room._first("predict").values()]
    chart = None
    if rows and calm is not None and not isinstance(calm, Refused):
        before = 10.0 * calm.rows["lets_dance"][:, quarter]
        chart = draw.tables(rows, before, faces.table_guesses(room), room.target(), text)
    return Minutes(
        title=text("minutes.title"),
        when=text("minutes.when", date=time.strftime("%Y-%m-%d", time.localtime(began)), people=len(room.people),
                  tables=len(room.tables), minutes=text.number(room.agenda.minutes)),
        question=_question(room, text), predictions=_predictions(base, guessed, text),
        packages=[(text("room.table_n", n=n), _cards(room, n, text)) for n in room.tables],
        compared=[*_shocks(room, text), *(" ".join(filter(None, [
            faces.headline(row, room, text), faces.reached(row, room, text), *(
                f"{one['what']}: {one['says']}." for one in faces.suffering(row, text))])) for row in rows),
            *_tunnels(room, answers, text)],
        act=_act(room, answers, text), notes=room.control.notes,
        again=text("minutes.again_says", version=own_version(), seed=room.seed, runs=room.agenda.runs),
        links=links(room, text), left_out=text("minutes.left_out"), guessed=guessed, ran=ran, rows=rows, chart=chart,
        histogram=draw.guesses(guessed, ran, text) if guessed or ran else None)


def _last_shown(room: Room) -> int:
    """Up to which quarter the last results that have come showed the runs; the horizon where none has."""
    come = [at for at, step in enumerate(room.agenda.step[:room.control.at + 1]) if step.kind == "results"]
    return room.agenda.shown(come[-1]) if come else room.agenda.horizon


def _origin(room: Room, text: Text) -> str:
    origin = room.origin()
    return text.title("start", origin) if origin in STARTS else text(
        "room.from_dots" if origin == "dots" else "room.from_table")


def _question(room: Room, text: Text) -> list[str]:
    target, guards = room.target(), [text(f"room.guard.{name}") for name in room.guards()]
    said = [text("room.question", years=text.short(room.agenda.horizon / 4)),
            text("minutes.success", target=target, guards=text.listed(guards)) if target is not None else text(
                "minutes.no_target"), text("minutes.began", origin=_origin(room, text))]
    rated = sorted((one for one in faces.rated(room, text) if one[3]), key=lambda one: -one[1])[:3]
    if rated:
        said.append(text("minutes.trends", what=text.listed([f"{one[0]} ({text.number(one[1], 1)})" for one in rated])))
    lines = [one["headline"] for one in room._first("image").values() if one["headline"]]
    return [*said, *(f"“{one}”" for one in lines[:_MOST_LINES])]


def _predictions(base: Any, guessed: list[int], text: Text) -> list[str]:
    said = faces._revealed(base, guessed, text)
    return [one for one in (said, "" if guessed else text("minutes.no_predictions")) if one]


def _cards(room: Room, number: int, text: Text) -> list[str]:
    said = [text("minutes.card", what=text.title("lever", use.name), begin=text.short((use.start - 1) / 4),
                 end=text.short((use.start + (use.duration or 0)) / 4 - 0.25),
                 points=text.short(price(room.agenda.start, room.agenda.horizon, (use,)))) for use in room.uses(number)]
    return [*(said or [text("room.nothing_played")]), faces._money(room, number, text)["says"]]


def _shocks(room: Room, text: Text) -> list[str]:
    drawn = [f"{text.title('shock', use.name)} ({faces.years(text, use.start)})" for use in room.shocks()]
    return [text("minutes.shocks", what=text.listed(drawn))] if drawn else []


def _tunnels(room: Room, answers: Answers, text: Text) -> list[str]:
    """What the wind tunnel said, where it was tried; it is not computed for the minutes."""
    if not any(step.kind == "tunnel" for step in room.agenda.step[:room.control.at + 1]):
        return []
    found = [(n, runs.tunnel(room, answers, n)) for n in room.tables]
    answers.wait(_WAIT)
    found = [(n, runs.tunnel(room, answers, n)) for n, _ in found]
    return [f"{text('minutes.tunnel')}, {text('room.table_n', n=n)}: {faces.tunnelled(one, text)}" for n, one in found
            if one is not None and not isinstance(one, Refused)]


def _act(room: Room, answers: Answers, text: Text) -> list[tuple[str, list[str]]]:
    said = [(text(f"room.{name}"), [one[name] for one in room._first("act").values() if one[name]][:_MOST_LINES])
            for name in ("first", "sign", "doubt")]
    signs = [text.title("indicator", name) for name, _ in runs.watch(room, answers, 3)]
    if signs:
        said.append((text("room.signs_model"), signs))
    votes = [one["agree"] for one in room._first("agree").values()]
    agreed = [faces._chosen(room, text)]
    if votes:
        agreed.append(text("minutes.agreed", mean=text.number(statistics.fmean(votes), 1), n=len(votes)))
    return [(text("room.our_package"), agreed), *((name, lines) for name, lines in said if lines)]


def links(room: Room, text: Text) -> list[tuple[str, str]]:
    """(which run, link): each gives that run again in the dashboard, with what it is held against; the last gives all."""
    base, calm = runs.base(room), replace(runs.base(room), shocks=room.shocks())
    named = {n: replace(runs.package(room, n), title=text("room.table_n", n=n)) for n in room.tables}
    view = View(seed=room.seed, runs=room.agenda.runs, places=runs.places(room), language=room.language)
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
            if step.kind == "track":  # trend by trend
                told = {f"{trend} {what}": value for trend, rated in told.items() for what, value in rated.items()}
            add(name, room._table_of(who), step.kind, told)
    for number in room.tables:
        for card in room.cards.get(number, ()):
            add(f"decide {card.round}", number, "card", {
                "lever": card.lever, "start": card.start, "duration": card.duration,
                "stopped": card.stopped[1] if card.stopped else ""})
    for name, shock, quarter in room.control.drawn:
        add(name, "", "shock", {"shock": shock, "quarter": quarter})
    for note in room.control.notes:
        add("", "", "note", {"text": note})
    for name, link in links(room, text):
        add("", name, "link", {"link": link})
    add("", "", "run", {"seed": room.seed, "runs": room.agenda.runs, "version": own_version(), "origin": room.origin()})
    if places := runs.places(room):
        add("", "", "run", {"municipalities": places})
    return to_csv(pd.DataFrame(rows, columns=columns))


# ---------------------------------------------------------------- as a document

def _document(said: Minutes, text: Text) -> bytes:
    """A4 for a word processor."""
    import docx
    from docx.shared import Cm, Pt

    made = docx.Document()
    page = made.sections[0]
    page.page_width, page.page_height = Cm(21.0), Cm(29.7)
    page.left_margin = page.right_margin = page.top_margin = page.bottom_margin = Cm(1.8)
    style = made.styles["Normal"]
    style.font.name, style.font.size = "Calibri", Pt(10)
    style.paragraph_format.space_after = Pt(3)
    made.core_properties.title, made.core_properties.author, made.core_properties.language = said.title, "", text.language
    made.add_heading(said.title, 0)
    made.add_paragraph(said.when)

    def part(heading: str, lines: Sequence[str]) -> None:
        if lines:
            made.add_heading(heading, 2)
        for line in lines:
            made.add_paragraph(line, style="List Bullet")

    part(text("minutes.question"), said.question)
    part(text("minutes.predictions"), said.predictions)
    made.add_heading(text("minutes.packages"), 2)
    grid = made.add_table(rows=0, cols=2, style="Light Grid Accent 1")
    for name, lines in said.packages:
        cells = grid.add_row().cells
        cells[0].text, cells[1].text = name, "\n".join(lines)
        cells[0].width, cells[1].width = Cm(2.6), Cm(14.8)
    part(text("minutes.compared"), said.compared)
    part(text("minutes.act"), [f"{name}: {'; '.join(lines)}" for name, lines in said.act])
    part(text("minutes.notes"), said.notes)
    made.add_heading(text("minutes.again"), 2)
    made.add_paragraph(said.again)
    for name, link in said.links:
        line = made.add_paragraph(f"{name}: {link}")
        for run in line.runs:
            run.font.size = Pt(7)
    made.add_paragraph(said.left_out)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


# ---------------------------------------------------------------- as slides

_INK, _SOFT, _BLUE, _RUST = (0x1B, 0x21, 0x27), (0x56, 0x60, 0x6A), (0x00, 0x5F, 0x94), (0xB8, 0x5C, 0x00)


def _slides(said: Minutes, text: Text) -> bytes:
    """Five slides: the question, predictions, packages, what came of them, first steps and doubts."""
    import pptx
    from pptx.util import Cm

    deck = pptx.Presentation()
    deck.slide_width, deck.slide_height = Cm(33.867), Cm(19.05)
    deck.core_properties.title, deck.core_properties.author = said.title, ""
    notes = [said.again, *(f"{name}: {link}" for name, link in said.links), said.left_out]
    slides = [
        (text("minutes.question"), [said.when, *said.question]), (text("minutes.predictions"), said.predictions),
        (text("minutes.packages"), [f"{name}: {'; '.join(lines)}" for name, lines in said.packages]),
        (text("minutes.compared"), said.compared),
        (text("minutes.act"), [f"{name}: {'; '.join(lines)}" for name, lines in said.act])]
    for k, (title, lines) in enumerate(slides):
        slide = deck.slides.add_slide(deck.slide_layouts[6])
        wide = 14.5 if (k == 1 and (said.guessed or said.ran)) or (k == 3 and said.rows) else 29.8
        _write(slide, 2.0, 1.0, 29.8, 2.2, [title], 32, _INK, bold=True)
        size = 18 if sum(map(len, lines)) < 700 else 14 if sum(map(len, lines)) < 1_400 else 11
        _write(slide, 2.0, 3.6, wide, 13.2, lines, size, _INK)
        _write(slide, 2.0, 17.4, 29.8, 1.0, [f"{said.title} · {text('shell.explores')}"], 10, _SOFT)
        slide.notes_slide.notes_text_frame.text = "\n".join(notes)
        if k == 1 and (said.guessed or said.ran):
            _bars(slide, said, text)
        if k == 3 and said.rows:
            _ranges(slide, said, text)
    out = io.BytesIO()
    deck.save(out)
    return out.getvalue()


def _write(slide: Any, x: float, y: float, wide: float, high: float, lines: Sequence[str], size: float,
           colour: tuple[int, int, int], bold: bool = False) -> None:
    from pptx.dml.color import RGBColor
    from pptx.util import Cm, Pt

    frame = slide.shapes.add_textbox(Cm(x), Cm(y), Cm(wide), Cm(high)).text_frame
    frame.word_wrap = True
    for k, line in enumerate(lines):
        paragraph = frame.paragraphs[0] if k == 0 else frame.add_paragraph()
        run = paragraph.add_run()
        run.text, run.font.size, run.font.bold, run.font.color.rgb = line, Pt(size), bold, RGBColor(*colour)
        paragraph.space_after = Pt(6)


def _bars(slide: Any, said: Minutes, text: Text) -> None:
    """A chart that can be edited: the shares of guesses and of runs, of ten municipalities."""
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE, XL_LEGEND_POSITION
    from pptx.util import Cm

    data = CategoryChartData()
    data.categories = [str(n) for n in range(11)]
    for name, values in ((text("room.key_guesses"), said.guessed), (text("room.key_runs"), said.ran)):
        if values:
            data.add_series(name, [sum(round(one) == n for one in values) / len(values) for n in range(11)])
    chart = slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, Cm(17), Cm(3.6), Cm(15), Cm(13), data).chart
    chart.has_legend = True
    chart.legend.position, chart.legend.include_in_layout = XL_LEGEND_POSITION.BOTTOM, False
    chart.value_axis.tick_labels.number_format, chart.value_axis.tick_labels.number_format_is_linked = "0%", False
    chart.value_axis.has_major_gridlines = False
    _paint(chart, (_BLUE, _RUST))


def _ranges(slide: Any, said: Minutes, text: Text) -> None:
    """A chart that can be edited: for each table the low end, the mean and the high end of 8 in 10 runs."""
    import numpy as np
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE, XL_LEGEND_POSITION
    from pptx.util import Cm

    data = CategoryChartData()
    data.categories = [text("room.table_n", n=row.number) for row in said.rows]
    for name, one in (("10 %", 0.1), (text("chart.mean"), None), ("90 %", 0.9)):
        data.add_series(name, [float(row.ten.mean() if one is None else np.quantile(row.ten, one)) for row in said.rows])
    chart = slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, Cm(17), Cm(3.6), Cm(15), Cm(13), data).chart
    chart.has_legend = True
    chart.legend.position, chart.legend.include_in_layout = XL_LEGEND_POSITION.BOTTOM, False
    chart.value_axis.minimum_scale, chart.value_axis.maximum_scale, chart.value_axis.major_unit = 0, 10, 2
    _paint(chart, ((0x9F, 0xB8, 0xC8), _BLUE, (0x9F, 0xB8, 0xC8)))


def _paint(chart: Any, colours: Sequence[tuple[int, int, int]]) -> None:
    from pptx.dml.color import RGBColor

    for series, colour in zip(chart.plots[0].series, colours, strict=False):
        series.format.fill.solid()
        series.format.fill.fore_color.rgb = RGBColor(*colour)
