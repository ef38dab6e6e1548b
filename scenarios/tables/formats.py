"""Workbooks (XLSX) and networks (Pajek, GraphML) as tables. Their XML may declare no entities, and is bounded."""

from __future__ import annotations

import io
import warnings
import zipfile
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from letsdance.params import Refused, nearest
from letsdance.scenarios.tables.files import MOST_COLUMNS, MOST_ROWS, _clean, _trimmed, text, texts

if TYPE_CHECKING:
    import pandas as pd

_MOST_PARTS = 2_000


def plain_xml(raw: bytes, where: str) -> None:
    """Refuse XML that declares entities or a document type: a few lines of it can fill any memory, or read other files."""

    def declared(*_: Any) -> None:
        raise Refused(f"{where} declares entities or a document type in its XML, which are not read; save the file anew.")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = declared
    try:
        parser.Parse(raw, True)
    except (expat.ExpatError, ValueError) as error:
        if isinstance(error, Refused):
            raise
        raise Refused(f"{where} is damaged: its XML cannot be read; save the file anew.") from None


# ---------------------------------------------------------------- workbooks

def workbook(raw: bytes, where: str, sheet: str, most: int) -> tuple[pd.DataFrame, list[str], frozenset[str]]:
    """The first sheet with a table, or the one that is named; what was decided; and the columns that hold numbers."""
    damaged = f"{where} cannot be read as a workbook; save its sheet anew, or as CSV."
    try:
        archive = zipfile.ZipFile(io.BytesIO(raw))
        parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise Refused(damaged) from None
    names = {part.filename for part in parts}
    if "xl/workbook.xml" not in names:
        if "xl/workbook.bin" in names:
            raise Refused(f"{where} is a binary workbook (.xlsb); save it as .xlsx or CSV.")
        if "mimetype" in names:
            raise Refused(f"{where} is an OpenDocument file; save it as .xlsx or CSV.")
        raise Refused(f"{where} is an archive (zip), no workbook and not text; unpack it first.")
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > most:
        raise Refused(f"{where} unpacks to more than {most / 2**20:,.0f} MB or {_MOST_PARTS:,} parts; save its sheet as "
                      f"CSV.")
    try:
        for part in parts:
            if part.filename.endswith((".xml", ".rels", ".vml")):
                plain_xml(archive.read(part), where)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a sheet looks like is not read
            return _sheet(io.BytesIO(raw), where, sheet)
    except Refused:
        raise
    except Exception:  # openpyxl lets whatever a damaged part causes through
        raise Refused(damaged) from None


def _sheet(file: io.BytesIO, where: str, sheet: str) -> tuple[pd.DataFrame, list[str], frozenset[str]]:
    import openpyxl

    book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    names = [one.title for one in book.worksheets]
    if sheet and sheet not in names:
        raise Refused(f"{where} has no sheet {sheet!r}.{nearest(sheet, names)} Known: {', '.join(names)}.")
    found = [(one.title, rows) for one in book.worksheets if sheet in ("", one.title) and (rows := _rows(one, where))]
    if not found:
        inside = f" in the sheet {sheet}" if sheet else ""
        raise Refused(f"{where} has no rows{inside}; give a header and at least one row.")
    title, others = found[0][0], [name for name, _ in found[1:]]
    frame, numeric = _framed(found[0][1], where)
    said = f"sheet {title}" + (f" (--sheet for {', '.join(others)})" if others else "")
    return frame, [said] if others or sheet else [], numeric


def _rows(sheet: Any, where: str) -> list[tuple[int, list[Any]]]:
    """Rows with something in them, and their numbers."""
    sheet.reset_dimensions()  # what a file says of its size may be wrong, or made to fill a memory
    rows = []
    for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
        cells = list(row)
        while cells and (cells[-1] is None or (isinstance(cells[-1], str) and not cells[-1].strip())):
            cells.pop()
        if len(cells) > MOST_COLUMNS:
            raise Refused(f"{where}, sheet {sheet.title}, row {number}: {len(cells):,} columns; at most {MOST_COLUMNS:,} "
                          f"are read.")
        if cells:
            rows.append((number, cells))
        if len(rows) > MOST_ROWS:
            raise Refused(f"{where} has more than {MOST_ROWS:,} rows; give a part of it.")
    return rows


def _framed(rows: list[tuple[int, list[Any]]], where: str) -> tuple[pd.DataFrame, frozenset[str]]:
    import pandas as pd

    width = max(len(cells) for _, cells in rows)
    header = [_clean(text(cell)) for cell in rows[0][1]]
    header += [""] * (width - len(header))
    index = [number for number, _ in rows[1:]]
    columns = [[cells[k] if k < len(cells) else None for _, cells in rows[1:]] for k in range(width)]
    numeric = {header[k] for k, column in enumerate(columns) if all(
        cell is None or (isinstance(cell, int | float) and not isinstance(cell, bool)) for cell in column)}
    made = pd.DataFrame({k: texts(pd.Series(column, index, dtype=object)) for k, column in enumerate(columns)}, dtype=str)
    return _trimmed(where, made.set_axis(header, axis=1)), frozenset(numeric)


# ---------------------------------------------------------------- networks

def pajek(written: str, where: str) -> tuple[pd.DataFrame, list[str]]:
    """Ties of a Pajek network as source, target, weight; undirected ones (*Edges) both ways."""
    import networkx as nx

    try:
        graph = nx.parse_pajek(written.replace("\r\n", "\n").replace("\r", "\n"))
    except Exception:  # networkx lets whatever a damaged line causes through
        raise Refused(f"{where} is a Pajek network that cannot be read; give *Vertices with a line for each (number and "
                      f'name, as in 1 "Ash"), then *Arcs or *Edges.') from None
    return _ties(graph, where, "a Pajek network")


def graphml(raw: bytes, where: str) -> tuple[pd.DataFrame, list[str]]:
    """Ties of a GraphML network as source, target, weight, by the nodes' names (label or name) where each has its own."""
    import networkx as nx

    plain_xml(raw, where)
    try:
        graph = nx.read_graphml(io.BytesIO(raw), force_multigraph=True)
    except Exception:  # networkx lets whatever a damaged part causes through
        raise Refused(f"{where} is a GraphML network that cannot be read; save it anew, or as a CSV of source and "
                      f"target.") from None
    for key in ("name", "label"):
        named = [str(known[key]) for _, known in graph.nodes(data=True) if key in known]
        if len(set(named)) == len(graph):
            graph = nx.relabel_nodes(graph, dict(zip(list(graph), named, strict=True)))
            break
    return _ties(graph, where, "a GraphML network")


def _ties(graph: Any, where: str, what: str) -> tuple[pd.DataFrame, list[str]]:
    import pandas as pd

    rows = [(str(a), str(b), known.get("weight", 1.0)) for a, b, known in graph.edges(data=True)]
    if not rows:
        raise Refused(f"{where} is {what} without ties; give at least one.")
    said = [what]
    if not graph.is_directed():
        rows += [(b, a, weight) for a, b, weight in rows if a != b]
        said.append("its ties have no direction and count both ways")
    frame = pd.DataFrame({"source": [a for a, _, _ in rows], "target": [b for _, b, _ in rows],
                          "weight": [text(weight) for _, _, weight in rows]}, dtype=str)
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    return frame.apply(lambda column: column.str.strip()), said
