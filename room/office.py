"""The minutes for a word processor (one A4 page) and as five slides, whose charts can be edited."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from letsdance.room.draw import TABLES
from letsdance.words import Text, capital

if TYPE_CHECKING:
    from letsdance.room.minutes import Minutes

__all__ = ["document", "slides"]

Colour = tuple[int, int, int]
_INK, _SOFT, _BLUE = (0x1B, 0x21, 0x27), (0x56, 0x60, 0x6A), (0x00, 0x5F, 0x94)
#: Points below which lines of a slide are run together.
_LEAST = 14
_PAPER = (0xF4, 0xF6, 0xF7)
_RUST, _GREEN = (0xB8, 0x5C, 0x00), (0x1F, 0x6B, 0x34)


# ---------------------------------------------------------------- A4 for a word processor

def document(said: Minutes, text: Text) -> bytes:
    """A4 for a word processor."""
    import docx
    from docx.enum.text import WD_LINE_SPACING
    from docx.shared import Cm, Pt, RGBColor

    made = docx.Document()
    page = made.sections[0]
    page.page_width, page.page_height = Cm(21.0), Cm(29.7)
    page.left_margin = page.right_margin = Cm(1.5)
    page.top_margin = page.bottom_margin = Cm(1.0)
    body = _body(said)
    looks = {"Normal": (body, _INK, body / 5, 0), "Heading 1": (body + 9, _INK, 0, 0),
             "Heading 2": (body + 2, _BLUE, 1, body - 4.5)}
    for name, (size, colour, after, before) in looks.items():
        style = made.styles[name]
        style.font.name, style.font.size, style.font.color.rgb = "Calibri", Pt(size), RGBColor(*colour)
        style.paragraph_format.space_after, style.paragraph_format.space_before = Pt(after), Pt(before)
        style.paragraph_format.line_spacing_rule = WD_LINE_SPACING.SINGLE
    made.core_properties.title, made.core_properties.author, made.core_properties.language = said.title, "", text.language
    made.add_heading(said.title, 1)
    made.add_paragraph(said.when)

    def part(heading: str, lines: Sequence[tuple[str, str]]) -> None:
        if lines:
            made.add_heading(heading, 2)
        for name, line in lines:
            paragraph = made.add_paragraph()
            if name:
                paragraph.add_run(text.labelled(name)).bold = True
            paragraph.add_run(line)

    part(text("minutes.question"), [("", one) for one in said.question])
    part(text("minutes.predictions"), [("", one) for one in said.predictions])
    part(text("minutes.compared"), [("", one) for one in said.headline] or [("", text("minutes.packages"))])
    if said.packages:
        _packages(made, said, min(8.0, body - 0.7), text)
        made.add_paragraph().add_run(f"{text('minutes.levers')}.").font.color.rgb = RGBColor(*_SOFT)
    part(text("minutes.act"), [(name, " · ".join(lines)) for name, lines in said.act])
    part(text("minutes.notes"), [("", " · ".join(said.notes))] if said.notes else [])
    part(text("minutes.again"), [("", said.again)])
    line = made.add_paragraph()
    for k, (name, link) in enumerate(said.links):
        line.add_run(" · " if k else "")
        _link(line, name, link, text)
    made.add_paragraph(said.left_out)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def _body(said: Minutes) -> float:
    """The size of letters, in points, at which all that is said fills one page and no more: from 10.5 down to 7.5."""
    told = [said.when, *said.question, *said.predictions, *said.headline, *said.notes, said.again, said.left_out,
            " · ".join(name for name, _ in said.links), *(f"{name}: {' · '.join(lines)}" for name, lines in said.act)]
    cards, tables = [" · ".join(one.cards) for one in said.packages], len(said.packages)

    def high(size: float) -> float:
        across = 18.0 / (0.55 * size * 0.0353)  # letters that stand side by side on 18 cm, each about half as wide as high
        rows = sum(-(-len(one) // across) for one in (*told, *cards)) + 2 * tables + 5  # of the table's head too
        return (1.35 * rows + 7 * 1.9 + 2.5) * size * 0.0353 * 1.08  # paragraphs, seven headings, the title; some to spare

    return next((size for size in (10.5, 10.0, 9.5, 9.0, 8.5, 8.0) if high(size) <= 27.0), 7.5)


def _packages(made: Any, said: Minutes, size: float, text: Text) -> None:
    """Two rows a table: its cards, and below them what they cost and what came of them; a fine line above each table."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Cm, Pt, RGBColor

    wide = [1.6, 2.4, 2.6, 2.6, *(8.8 / max(1, len(said.measures) - 2) for _ in said.measures[2:])]
    grid = made.add_table(rows=0, cols=len(wide))
    grid.autofit = False
    for column, width in zip(grid.columns, wide, strict=True):
        column.width = Cm(width)

    def row(cells: Sequence[str], bold: bool = False, colour: Colour = _INK, ruled: bool = True) -> Any:
        added = grid.add_row().cells
        for cell, width, content in zip(added, wide, cells, strict=False):
            cell.width = Cm(width)
            run = cell.paragraphs[0].add_run(content)
            run.font.size, run.bold, run.font.color.rgb = Pt(size), bold, RGBColor(*colour)
            cell.paragraphs[0].paragraph_format.space_after = Pt(0)
        for cell in added if ruled else ():
            edges, top = OxmlElement("w:tcBorders"), OxmlElement("w:top")
            for name, value in (("val", "single"), ("sz", "4"), ("color", "B9C2CA")):
                top.set(qn(f"w:{name}"), value)
            edges.append(top)
            cell._tc.get_or_add_tcPr().append(edges)
        return added

    row(["", text("minutes.cost"), *said.measures], bold=True, colour=_SOFT, ruled=False)
    for one in said.packages:
        first = row([one.name.replace(" ", "\u00a0"), " · ".join(one.cards)])
        first[0].paragraphs[0].runs[0].bold = True
        first[1].merge(first[-1])
        second = row(["", one.spent.replace(" ", "\u00a0"), *one.came], ruled=False)
        first[0].merge(second[0]).paragraphs[-1].paragraph_format.space_after = Pt(0)


def _link(paragraph: Any, name: str, link: str, text: Text) -> None:
    """A name that opens a link; a remark where there is none."""
    from docx.opc.constants import RELATIONSHIP_TYPE
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import RGBColor

    if not link.startswith("http"):
        paragraph.add_run(text.labelled(name, link))
        return
    run = paragraph.add_run(name)
    run.font.color.rgb, run.font.underline = RGBColor(*_BLUE), True
    anchor = OxmlElement("w:hyperlink")
    anchor.set(qn("r:id"), paragraph.part.relate_to(link, RELATIONSHIP_TYPE.HYPERLINK, is_external=True))
    anchor.append(run._r)
    paragraph._p.append(anchor)


# ---------------------------------------------------------------- slides

def slides(said: Minutes, text: Text) -> bytes:
    """Five slides: the question, predictions, packages, what came of them, first steps and doubts; three for a class."""
    import pptx
    from pptx.enum.shapes import MSO_SHAPE
    from pptx.util import Cm

    deck = pptx.Presentation()
    deck.slide_width, deck.slide_height = Cm(33.867), Cm(19.05)
    deck.core_properties.title, deck.core_properties.author = said.title, ""
    notes = [said.again, *(text.labelled(name, link) for name, link in said.links), said.left_out]
    pages = [
        (text("minutes.question"), [("", one) for one in (said.when, *said.question)]),
        (text("minutes.predictions"), [("", one) for one in said.predictions]), (text("minutes.packages"), []),
        (text("minutes.compared"), [("", one) for one in said.headline]),
        (text("minutes.act"), [(name, " · ".join(lines)) for name, lines in said.act])]
    for k, (title, told) in enumerate(pages):
        if k in (2, 4) and not (said.packages or said.act):  # a class plays no packages
            continue
        lines = [(text.labelled(name) if name else "", line) for name, line in told]
        slide = deck.slides.add_slide(deck.slide_layouts[6])
        bars, ranges = k == 1 and bool(said.guessed or said.ran), k == 3 and bool(said.rows)
        _write(slide, 2.0, 1.0, 29.8, 2.0, [("", title)], 32, _INK, bold=True)
        wide, high = 12.5 if bars else 29.8, 3.4 if ranges else 13.4
        _shape(slide, MSO_SHAPE.RECTANGLE, 0, 0, 0.5, 19.05, _BLUE)
        if k == 2:
            _blocks(slide, said, text)
        else:
            _write(slide, 2.0, 3.3, wide, high, lines, _fitting(lines, wide, high, 18 if ranges else 26), _INK)
        _write(slide, 2.0, 17.6, 29.8, 1.0, [("", f"{said.title} · {text('shell.explores')}")], 10, _SOFT)
        slide.notes_slide.notes_text_frame.text = "\n".join(notes)
        if bars:
            _bars(slide, said, text)
        if ranges:
            _ranges(slide, said, text)
    out = io.BytesIO()
    deck.save(out)
    return out.getvalue()


def _fitting(lines: Sequence[tuple[str, str]], wide: float, high: float, most: int) -> int:
    """The largest size, in points, at which paragraphs fit into a box of so many cm, at a letter half as wide as high."""
    for size in range(most, 9, -1):
        letters = wide / (0.55 * size * 0.0353)
        rows = sum(-(-len(name + line) // max(1, int(letters))) for name, line in lines)
        if (rows * 1.25 * size + 6 * len(lines)) * 0.0353 <= high:
            return size
    return 9


def _write(slide: Any, x: float, y: float, wide: float, high: float, lines: Sequence[tuple[str, str]], size: float,
           colour: Colour, bold: bool = False, align: str = "LEFT") -> None:
    """Paragraphs, each with a name in bold before it or none."""
    from pptx.dml.color import RGBColor
    from pptx.enum.text import PP_ALIGN
    from pptx.util import Cm, Pt

    frame = slide.shapes.add_textbox(Cm(x), Cm(y), Cm(wide), Cm(high)).text_frame
    frame.word_wrap = True
    for k, (name, line) in enumerate(lines):
        paragraph = frame.paragraphs[0] if k == 0 else frame.add_paragraph()
        paragraph.space_after = Pt(6 if len(lines) > 1 else 0)
        paragraph.alignment = getattr(PP_ALIGN, align)
        for content, strong in ((name, True), (line, bold)):
            if content:
                run = paragraph.add_run()
                run.text, run.font.size, run.font.bold, run.font.color.rgb = content, Pt(size), strong, RGBColor(*colour)


def _blocks(slide: Any, said: Minutes, text: Text) -> None:
    """The packages side by side, each under its table's colour: its cards, and what it cost of what."""
    from pptx.enum.shapes import MSO_SHAPE

    if not said.packages:
        return
    across = min(3, len(said.packages))
    down = -(-len(said.packages) // across)
    wide, high = (29.8 - 0.8 * (across - 1)) / across, (13.2 - 0.6 * (down - 1)) / down
    spent = [("", text.labelled(text("minutes.cost"), one.spent)) for one in said.packages]
    told = [[*(("", card) for card in one.cards), paid] for one, paid in zip(said.packages, spent, strict=True)]
    if across <= 2:  # there is room for what came of each
        for one, lines in zip(said.packages, told, strict=True):
            lines += [(text.labelled(capital(name)), came) for name, came in zip(said.measures, one.came, strict=False)]
    size = min(_fitting(lines, wide - 0.6, high - 1.7, 24) for lines in told)
    if size < _LEAST:  # so many cards stand one behind the other
        told = [[("", " · ".join(one.cards)), paid] for one, paid in zip(said.packages, spent, strict=True)]
        size = min(_fitting(lines, wide - 0.6, high - 1.7, 24) for lines in told)
    for k, (one, lines) in enumerate(zip(said.packages, told, strict=True)):
        x, y = 2.0 + (wide + 0.8) * (k % across), 3.3 + (high + 0.6) * (k // across)
        _shape(slide, MSO_SHAPE.RECTANGLE, x, y, wide, high, _PAPER)
        _shape(slide, MSO_SHAPE.RECTANGLE, x, y, wide, 0.14, _colour(TABLES[int(one.number) - 1]))
        _write(slide, x + 0.1, y + 0.25, wide - 0.2, 1.1, [("", one.name)], min(22, size + 4), _INK, bold=True)
        _write(slide, x + 0.1, y + 1.6, wide - 0.2, high - 1.7, lines, size, _INK)
    _write(slide, 2.0, 16.7, 29.8, 0.8, [("", f"{text('minutes.levers')}.")], 12, _SOFT)


def _bars(slide: Any, said: Minutes, text: Text) -> None:
    """A chart that can be edited: the shares of guesses and of runs, of ten municipalities."""
    from pptx.chart.data import CategoryChartData
    from pptx.dml.color import RGBColor
    from pptx.enum.chart import XL_CHART_TYPE, XL_LEGEND_POSITION
    from pptx.util import Cm, Pt

    data = CategoryChartData()
    data.categories = [str(n) for n in range(11)]
    for name, values in ((text("room.key_guesses"), said.guessed), (text("room.key_runs"), said.ran)):
        if values:
            data.add_series(name, [sum(round(one) == n for one in values) / len(values) for n in range(11)])
    chart = slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, Cm(15.5), Cm(3.4), Cm(16.6), Cm(13.6), data).chart
    chart.font.size, chart.has_legend = Pt(16), True
    chart.legend.position, chart.legend.include_in_layout = XL_LEGEND_POSITION.BOTTOM, False
    chart.value_axis.tick_labels.number_format, chart.value_axis.tick_labels.number_format_is_linked = "0%", False
    chart.value_axis.has_major_gridlines = False
    chart.value_axis.minimum_scale, chart.value_axis.maximum_scale = 0.0, 1.0
    chart.category_axis.has_title = True
    chart.category_axis.axis_title.text_frame.text = text("room.axis_ten")
    chart.category_axis.axis_title.text_frame.paragraphs[0].runs[0].font.size = Pt(16)
    for series, colour in zip(chart.plots[0].series, (_BLUE, _RUST), strict=False):
        series.format.fill.solid()
        series.format.fill.fore_color.rgb = RGBColor(*colour)


def _ranges(slide: Any, said: Minutes, text: Text) -> None:
    """A line a table, drawn in shapes: where 8 in 10 of its runs end and their mean, of ten municipalities; the target;
    beside it what that came to against nothing done."""
    import numpy as np
    from pptx.enum.shapes import MSO_SHAPE

    left, scale, top = 6.6, 1.2, 7.2
    lines = [(text("room.nothing"), np.asarray(said.before), _SOFT, "", ""),
             *((one.name, row.ten, _colour(TABLES[row.number - 1]),
                text.labelled(text("minutes.cost"), one.spent), one.came[1])
               for row in said.rows for one in said.packages if one.number == row.number)]
    high = min(2.4, 8.6 / len(lines))
    ends = top + high * len(lines)
    for n in range(0, 11, 2):
        _shape(slide, MSO_SHAPE.RECTANGLE, left + scale * n - 0.01, top, 0.02, ends - top, (0xDD, 0xE2, 0xE6))
        _write(slide, left + scale * n - 1.0, ends, 2.0, 0.6, [("", str(n))], 12, _SOFT, align="CENTER")
    if said.target is not None:
        _shape(slide, MSO_SHAPE.RECTANGLE, left + scale * said.target - 0.04, top, 0.08, ends - top, _GREEN)
    for k, (name, values, colour, spent, came) in enumerate(lines):
        y = top + high * (k + 0.5)
        low, mean, most = (float(v) for v in (np.quantile(values, 0.1), np.mean(values), np.quantile(values, 0.9)))
        _write(slide, 1.0, y - 0.45, left - 1.6, 0.9, [("", name)], 16, _INK, bold=True, align="RIGHT")
        _shape(slide, MSO_SHAPE.ROUNDED_RECTANGLE, left + scale * low, y - 0.22, max(0.1, scale * (most - low)), 0.44,
               tuple(round(0.35 * one + 0.65 * 255) for one in colour))  # as a band on paper
        _shape(slide, MSO_SHAPE.OVAL, left + scale * mean - 0.27, y - 0.27, 0.54, 0.54, colour)
        beside = "; ".join(filter(None, (came, spent)))
        _write(slide, left + 10 * scale + 0.6, y - 0.65, 13.0, 1.3, [("", beside)], 14, _INK)
    axis = text("room.axis_ten") + (
        f" · {text.labelled(text('room.key_target'), said.target)}" if said.target is not None else "")
    _write(slide, left - 1.0, ends + 0.5, 16.0, 0.7, [("", axis)], 12, _SOFT)


def _colour(code: str) -> Colour:
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)


def _shape(slide: Any, kind: Any, x: float, y: float, wide: float, high: float, colour: Sequence[int]) -> None:
    """A filled shape without a border."""
    from pptx.dml.color import RGBColor
    from pptx.util import Cm

    made = slide.shapes.add_shape(kind, Cm(x), Cm(y), Cm(wide), Cm(high))
    made.fill.solid()
    made.fill.fore_color.rgb = RGBColor(*colour)
    made.line.fill.background()
    made.shadow.inherit = False
