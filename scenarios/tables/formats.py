"""Workbooks (XLSX) and networks (Pajek, GraphML) as tables. Their XML may declare no entities, and is bounded."""

from __future__ import annotations

import datetime
import io
import re
import warnings
import zipfile
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from letsdance.params import Refused, Said, nearest, within
from letsdance.scenarios.tables import files
from letsdance.scenarios.tables.files import MOST_COLUMNS, MOST_ROWS, text, texts

if TYPE_CHECKING:
    import pandas as pd

_MOST_PARTS = 2_000
_MOST_MERGED = 2**25  # bytes of a workbook whose merged cells are looked at
#: How parts of archives that are no workbook begin, and what such an archive is.
_ARCHIVES = (("xl/workbook.bin", "a binary workbook (.xlsb); save it as .xlsx or CSV"),
             ("word/", "a text of Word; copy its table into a sheet and save that as CSV"),
             ("Index/", "a sheet of Apple's Numbers; export it as CSV or Excel"),
             ("mimetype", "an OpenDocument file; save it as .xlsx or CSV"))
_PAJEK = re.compile(r"""(?:"([^"]*)"|(?<!\S)'([^']*)'(?!\S)|([^\s"]+))""")  # words of a line: in quotes, or bare
_YEAR = re.compile(r"(\[[^\]]*\])*y{4}(;@)?", re.IGNORECASE)  # the format of a date that shows the year alone
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)


def plain_xml(raw: bytes, where: str) -> None:
    """Refuse XML that declares entities or a document type: a few lines of it can fill any memory, or read other files."""

    def declared(*_: Any) -> None:
        raise Refused("{where} declares entities or a document type in its XML, which are not read; save the file "
                      "anew.", where=where)

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = declared
    try:
        parser.Parse(raw, True)
    except (expat.ExpatError, ValueError) as error:
        if isinstance(error, Refused):
            raise
        raise Refused("{where} is damaged: its XML cannot be read; save the file anew.", where=where) from None


# ---------------------------------------------------------------- workbooks

Fits = Callable[[Sequence[str]], bool]  # whether a header is of a table that is looked for


def workbook(raw: bytes, where: str, sheet: str, most: int, fits: Fits | None = None,
             ) -> tuple[pd.DataFrame, list[str], frozenset[str]]:
    """The first sheet with a table (that fits, if one does), or the one that is named; what was decided; and the columns
    that hold numbers."""
    damaged = Said("{where} cannot be read as a workbook; save its sheet anew, or as CSV.", where=where)
    try:
        archive = zipfile.ZipFile(io.BytesIO(raw))
        parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise Refused(damaged) from None
    names = {part.filename for part in parts}
    if "xl/workbook.xml" not in names:
        for begins, is_a in _ARCHIVES:
            if any(name.startswith(begins) for name in names):
                raise Refused("{where} is {is_a}.", where=where, is_a=Said(is_a))
        raise Refused("{where} is an archive (zip), no workbook and not text; unpack it first.", where=where)
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > most:
        raise Refused("{where} unpacks to more than {most:,.0f} MB or {most_parts:,} parts; save its sheet as CSV.",
                      where=where, most=most / 2**20, most_parts=_MOST_PARTS)
    try:
        for part in parts:
            if part.filename.endswith((".xml", ".rels", ".vml")):
                plain_xml(archive.read(part), where)
        sheets = [archive.read(part) for part in parts if part.filename.startswith("xl/worksheets/")]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a sheet looks like is not read
            return _sheet(io.BytesIO(raw), where, sheet, fits, merged=any(b"<mergeCell " in one for one in sheets),
                          formulas=any(b"<f" in one for one in sheets))
    except Refused:
        raise
    except Exception:  # openpyxl lets whatever a damaged part causes through
        raise Refused(damaged) from None


def _sheet(file: io.BytesIO, where: str, sheet: str, fits: Fits | None, merged: bool, formulas: bool,
           ) -> tuple[pd.DataFrame, list[str], frozenset[str]]:
    import openpyxl

    merged &= len(file.getbuffer()) < _MOST_MERGED
    book = openpyxl.load_workbook(file, read_only=not merged, data_only=True, keep_links=False)
    names = [one.title for one in book.worksheets]
    if sheet and sheet not in names:
        raise Refused("{where} has no sheet {sheet!r}.{near} Known: {known}.", where=where, sheet=sheet,
                      near=nearest(sheet, names), known=", ".join(names))
    found = [(one.title, rows) for one in book.worksheets if (sheet == one.title if sheet else one.sheet_state == "visible")
             and (rows := _rows(one, where))]
    if not found:
        inside = Said(" in the sheet {sheet}", sheet=sheet) if sheet else ""
        raise Refused("{where} has no rows{inside}; give a header and at least one row.", where=where,
                      inside=inside)
    tables = [one for one in found if any(sum(cell is not None for cell in cells) > 1 for _, cells in one[1])] or found
    title, rows = next((one for one in tables if fits is not None and fits(_header(one[1])[0])), tables[0])
    if formulas:
        _with_results(openpyxl.load_workbook(file, read_only=True, keep_links=False)[title], where, rows)
    others = [name for name, _ in tables if name != title]
    more = Said(" (--sheet for {others})", others=", ".join(others)) if others else ""
    how: list[str] = [Said("sheet {title}{more}", title=title, more=more)] if others or sheet else []
    frame, numeric = _framed(rows, where, how)
    return frame, how, numeric


def _rows(sheet: Any, where: str) -> list[tuple[int, list[Any]]]:
    """Rows with something in them, and their numbers. Cells merged below each other all say what the first does."""
    if hasattr(sheet, "reset_dimensions"):
        sheet.reset_dimensions()  # what a file says of its size may be wrong, or made to fill a memory
        same = {}
    else:
        same = {(row, one.min_col): sheet.cell(one.min_row, one.min_col).value for one in sheet.merged_cells.ranges
                if one.min_col == one.max_col for row in range(one.min_row, one.max_row + 1)}
    rows, dated = [], False
    for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
        dated |= any(isinstance(cell, datetime.date) for cell in row)
        cells = [same.get((number, k), cell) for k, cell in enumerate(row, 1)] if same else list(row)
        while cells and (cells[-1] is None or (isinstance(cells[-1], str) and not cells[-1].strip())):
            cells.pop()
        if len(cells) > MOST_COLUMNS:
            raise Refused("{where}, sheet {title}, row {number}: {n_cells:,} columns; at most {most_columns:,} are "
                          "read.", where=where, title=sheet.title, number=number, n_cells=len(cells),
                          most_columns=MOST_COLUMNS)
        if cells:
            rows.append((number, cells))
        if len(rows) > MOST_ROWS:
            raise Refused("{where} has more than {most_rows:,} rows; give a part of it.", where=where,
                          most_rows=MOST_ROWS)
    return _years(sheet, rows) if dated else rows


def _years(sheet: Any, rows: list[tuple[int, list[Any]]]) -> list[tuple[int, list[Any]]]:
    """Dates of which the sheet shows the year alone, as that year."""
    told = dict(rows)
    for number, row in enumerate(sheet.iter_rows(), 1):
        for k, cell in enumerate(row[:len(told.get(number, ()))]):
            if isinstance(cell.value, datetime.date) and _YEAR.fullmatch(str(cell.number_format)):
                told[number][k] = cell.value.year
    return rows


def _with_results(sheet: Any, where: str, rows: Sequence[tuple[int, list[Any]]]) -> None:
    """Refuse formulas whose results the program that wrote them did not keep: such cells look blank."""
    sheet.reset_dimensions()
    told = dict(rows)
    for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
        known = told.get(number, [])
        for k, cell in enumerate(row):
            if isinstance(cell, str) and cell.startswith("=") and (k >= len(known) or known[k] is None):
                raise Refused("{where}, sheet {title}, row {number}: the formula {cell} was saved without its result; "
                              "open the workbook in a spreadsheet program and save it there.", where=where,
                              title=sheet.title, number=number, cell=cell[:30])


def _header(rows: Sequence[tuple[int, list[Any]]]) -> tuple[list[str], int, list[str]]:
    """As `files.header`, of numbered rows. Cells are no pieces of a text; many may be blank: not yet."""
    return files.header([cells for _, cells in rows[:60]], 0.0)


def _framed(rows: list[tuple[int, list[Any]]], where: str, how: list[str]) -> tuple[pd.DataFrame, frozenset[str]]:
    import pandas as pd

    header, last, said = _header(rows)
    how += said
    rows = rows[last:]
    width = max(len(cells) for _, cells in rows)
    header += [""] * (width - len(header))
    index = [number for number, _ in rows[1:]]
    columns = [[cells[k] if k < len(cells) else None for _, cells in rows[1:]] for k in range(width)]
    numeric = {header[k] for k, column in enumerate(columns) if all(
        cell is None or (isinstance(cell, int | float) and not isinstance(cell, bool)) for cell in column)}
    made = pd.DataFrame({k: texts(pd.Series(column, index, dtype=object)) for k, column in enumerate(columns)}, dtype=str)
    return files._trimmed(where, made.set_axis(header, axis=1), how), frozenset(numeric)


# ---------------------------------------------------------------- networks

def pajek(written: str, where: str) -> tuple[pd.DataFrame, list[str]]:
    """Ties of a Pajek network as source, target, weight; undirected ones (*Edges, *Edgeslist) both ways.

    Vertices without a line of their own are called by their number. Batagelj and Mrvar, Pajek reference manual, 2.
    """
    names: dict[str, str] = {}
    ties: list[tuple[str, str, str]] = []
    part, count, both = "", 0, False
    for number, line in enumerate(written.split("\n"), 1):
        words = [quoted or single or bare for quoted, single, bare in _PAJEK.findall(line)]
        if not words or words[0].startswith("%"):
            continue
        bad = Refused("{where}, line {number}: this is no line of a Pajek network; give *Vertices with their number (and "
                      'a line for each, as in 1 "Ash"), then *Arcs or *Edges with two of their numbers a line.',
                      where=where, number=number)
        if words[0].startswith("*"):
            part = words[0][1:].lower()
            if part == "vertices":
                many = within(words[1], 0, MOST_ROWS) if words[1:] and not names else None
                if many is None:
                    raise bad
                names = {str(k): str(k) for k in range(1, many + 1)}
                if len(words) > 2:
                    raise Refused("{where} is a Pajek network of two kinds of nodes, which is not read; give one kind, or "
                                  "a CSV of source and target.", where=where)
            elif part not in ("network", "arcs", "edges", "arcslist", "edgeslist", "matrix"):
                raise bad
            continue
        if part == "vertices":
            if words[0] not in names:
                raise bad
            names[words[0]] = words[1] if len(words) > 1 else words[0]
        elif part == "matrix":
            count += 1
            if len(words) != len(names) or count > len(names):
                raise bad
            ties += [(str(count), str(k), value) for k, value in enumerate(words, 1) if value.strip("0.")]
        elif part in ("arcs", "edges"):
            if len(words) < 2:
                raise bad
            found = [(words[0], words[1], words[2] if len(words) > 2 and _NUMBER.fullmatch(words[2]) else "1")]
            ties += _either(found, part == "edges")
            both |= part == "edges"
        elif part in ("arcslist", "edgeslist"):
            ties += _either([(words[0], word, "1") for word in words[1:]], part == "edgeslist")
            both |= part == "edgeslist"
        if ties and (odd := {*ties[-1][:2]} - names.keys()):
            raise Refused("{where}, line {number}: {odd} is no vertex of this Pajek network of {n_names:,}; correct "
                          "it.", where=where, number=number, odd=odd.pop(), n_names=len(names))
    return _ties([(names[a], names[b], weight) for a, b, weight in ties], where, Said("a Pajek network"), both)


def _either(ties: list[tuple[Any, Any, Any]], both: bool) -> list[tuple[Any, Any, Any]]:
    """Ties, and where they count both ways also the other way."""
    return ties + [(b, a, weight) for a, b, weight in ties if a != b] if both else ties


def graphml(raw: bytes, where: str) -> tuple[pd.DataFrame, list[str]]:
    """Ties of a GraphML network as source, target, weight, by the nodes' names (label or name) where each has its own."""
    import networkx as nx

    plain_xml(raw, where)
    try:
        graph = nx.read_graphml(io.BytesIO(raw), force_multigraph=True)
    except Exception:  # networkx lets whatever a damaged part causes through
        raise Refused("{where} is a GraphML network that cannot be read; save it anew, or as a CSV of source and "
                      "target.", where=where) from None
    for key in ("name", "label"):
        named = [value for _, known in graph.nodes(data=True) for name, value in known.items() if name.lower() == key]
        if len({text(value) for value in named}) == len(graph):
            graph = nx.relabel_nodes(graph, dict(zip(list(graph), map(text, named), strict=True)))
            break
    directed = graph.is_directed()
    rows = [(text(a), text(b), text(known.get("weight", 1))) for a, b, known in graph.edges(data=True)]
    return _ties(_either(rows, not directed), where, Said("a GraphML network"), not directed)


def _ties(rows: Sequence[tuple[str, str, str]], where: str, what: str, both: bool) -> tuple[pd.DataFrame, list[str]]:
    import pandas as pd

    if not rows:
        raise Refused("{where} is {what} without ties; give at least one.", where=where, what=what)
    frame = pd.DataFrame(rows, columns=["source", "target", "weight"], dtype=str)
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    said = [Said("its ties without a direction count both ways")] if both else []
    return frame.apply(lambda column: column.str.strip()), [what, *said]
