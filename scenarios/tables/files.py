"""What a file is, and its rows as text: from a path, from bytes that somebody uploaded, or from a DataFrame.

Bytes come from strangers: they are bounded before they are read and while they are inflated, XML may declare nothing, and
whatever cannot be read is refused in one sentence. What was decided on the way (encoding, separator) is in `Sheet.how`.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from letsdance.params import Refused, Said, files
from letsdance.scenarios import cases
from letsdance.scenarios.tables import dates

if TYPE_CHECKING:
    import pandas as pd

#: Bytes of a file as it lies there; unpacked it may have twice as many.
MOST_BYTES = 512 * 2**20
MOST_ROWS, MOST_COLUMNS, MOST_CELLS = 20_000_000, 2_000, 200_000_000
SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "space": " "}
MARKS = (",", ";", "\t", "|")
_NAMED = {mark: name for name, mark in SEPARATORS.items()}
_SAMPLE = 60        # lines that tell the separator
_MOST_ABOVE = _MOST_BELOW = 10  # lines of title and remarks around a table
_NOTE = re.compile(r"(sources?|bron(nen)?|notes?|noot|opmerking(en)?|toelichting|remarks?)\s*:|[*#©]|"
                   r"\(\d+ (rows?|rijen)\b.*\)|\d+ rows? in set\b", re.IGNORECASE)  # as databases end a table
_WHOLE = re.compile(r'"(?:[^"]|"")*[,;|\t](?:[^"]|"")*"')  # a line in quotes as a whole
_QUOTES = (("'", "'"), ("“", "”"), ("‘", "’"))
_CHUNK = 2**22
_A_YEAR, _A_NUMBER = re.compile(dates.YEAR), re.compile(r"[+-]?\d*[.,]?\d+%?")
#: First bytes of files that are no text, and what to do about them.
_NO_TEXT = (
    (b"\xd0\xcf\x11\xe0", "is a workbook of before 2007 (.xls), or one with a password", "save it as .xlsx or CSV"),
    (b"PAR1", "is a Parquet file", "save it as CSV"),
    (b"ARROW1", "is a Feather file", "save it as CSV"),
    (b"\x89HDF", "is an HDF5 file", "save it as CSV"),
    (b"%PDF", "is a PDF", "copy its table into a sheet and save that as CSV"),
    (b"\x89PNG", "is a picture", "give the table as CSV"),
    (b"\xff\xd8\xff", "is a picture", "give the table as CSV"),
    (b"$FL2", "is an SPSS file", "save it as CSV"),
    (b"$FL3", "is an SPSS file", "save it as CSV"),
    (b"ASCII SPSS PORT FILE", "is an SPSS file", "save it as CSV"),
    (b"<stata_dta>", "is a Stata file", "save it as CSV (export delimited)"),
    (b"HEADER RECORD***", "is a SAS file", "save it as CSV (proc export)"),
    (b"\0" * 12 + b"\xc2\xea\x81\x60", "is a SAS file", "save it as CSV (proc export)"),
    (b"{\\rtf", "is a text with layout (RTF)", "copy its table into a sheet and save that as CSV"),
    (b"RDX", "is a file of R", "save its table by write.csv(x, row.names = FALSE)"),
    (b"RDA", "is a file of R", "save its table by write.csv(x, row.names = FALSE)"),
    (b"X\n\0\0", "is a file of R", "save its table by write.csv(x, row.names = FALSE)"),
    (b"SQLite format", "is a database", "save its table as CSV"),
    (b"BZh", "is compressed (bzip2)", "unpack it first"),
    (b"\xfd7zXZ", "is compressed (xz)", "unpack it first"),
    (b"\x28\xb5\x2f\xfd", "is compressed (zstd)", "unpack it first"),
    (b"7z\xbc\xaf", "is an archive (7z)", "unpack it first"),
    (b"Rar!", "is an archive (rar)", "unpack it first"),
)
#: First words of texts that are no table, in small letters.
_NO_TABLE = (
    ("<!doctype html", "is a web page", "download the table itself; perhaps the link asked you to log in"),
    ("<html", "is a web page", "download the table itself; perhaps the link asked you to log in"),
    ("<table", "is a web page", "copy its table into a sheet and save that as CSV"),
    ("dl n", "is a network in UCINET's DL", "save it as GraphML, Pajek or a CSV of source and target"),
    ("graph [", "is a network in GML", "save it as GraphML, Pajek or a CSV of source and target"),
    ("{", "is JSON", "save its table as CSV"), ("[{", "is JSON", "save its table as CSV"),
    ("[[", "is JSON", "save its table as CSV"),
)
#: And how others of them begin.
_NO_TABLE_EITHER = (
    (re.compile(r"(strict\s+)?(di)?graph\b[^,;\n]*\{"), "is a network of Graphviz",
     "save it as GraphML, Pajek or a CSV of source and target"),
    (re.compile(r"@relation\b"), "is a file of Weka (ARFF)", "save its table as CSV"),
    (re.compile(r"(---\s+)?-\s+\w+:\s"), "is YAML", "save its table as CSV"),
)
#: A line drawn between header and rows, or around a table, as databases and Markdown do.
_RULE = re.compile(r"^[ \t]*[|+]?[ \t]*:?[-=]{2,}:?[ \t]*([|+][ \t]*:?[-=]{2,}:?[ \t]*)*[|+]?[ \t]*$", re.MULTILINE)
#: What the sums below a table are called, in small letters.
_SUMS = frozenset(("total", "totals", "grand total", "sum", "totaal", "eindtotaal", "som", "gesamt", "insgesamt", "summe",
                   "total général", "somme", "ensemble"))
#: First bytes of Stata's files of before 2013, and of what R writes as text.
_OLD = ((re.compile(rb"[\x69-\x73][\x01\x02]\x01\0"), "is a Stata file", "save it as CSV (export delimited)"),
        (re.compile(rb"A\n[23]\n\d{5,6}\n"), "is a file of R", "save its table by write.csv(x, row.names = FALSE)"))
_SEP = re.compile(r'\s*"?sep\s*=\s*(\\t|[^\s"]|\t)"?[\s,;|]*', re.IGNORECASE)  # the first line that Excel writes and needs
_TWICE = "[ÃÅ][\u0080-\u00bf\u2018-\u203a€Œœ]|â€"  # a character of UTF-8, read as Windows-1252
#: Marks that are not seen: of byte order, of no width, of direction, where words may break, of how a letter looks.
_UNSEEN = dict.fromkeys([0xAD, 0x61C, 0xFEFF, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070),
                         *range(0xFE00, 0xFE10)])


@dataclass(frozen=True)
class Upload:
    """Bytes that came with a name: an upload, or pasted text."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Reading:
    """How a person says that a file is to be read; what is '' is found out.

    separator: of SEPARATORS. decimal: point or comma. sheet: of a workbook. most: bytes of the file.
    """

    separator: str = ""
    decimal: str = ""
    sheet: str = ""
    most: int = MOST_BYTES

    def __post_init__(self) -> None:
        for name, given, known in (("separator", self.separator, tuple(SEPARATORS)),
                                   ("decimal", self.decimal, ("point", "comma"))):
            if given and given not in known:
                raise Refused("there is no {name} {given!r}. Known: {known}.", name=name, given=given,
                              known=", ".join(known))


@dataclass(frozen=True)
class Sheet:
    """A table's columns as stripped text; the index is the line of the file (its first is 1), or the row from 1."""

    where: str                       # its name in sentences
    frame: pd.DataFrame              # str
    separator: str = ","
    how: tuple[str, ...] = ()        # what was decided
    row: str = "line"                # what a row is called
    numeric: frozenset[str] = field(default=frozenset())  # columns that came as numbers, not as text (the file's names)
    called: Mapping[str, str] = field(default_factory=dict)  # a column that a person gave a meaning -> its name in the file


def open_sheet(source: Any, what: str = "rows", remedy: Said | None = None, reading: Reading | None = None,
               fits: Callable[[Sequence[str]], bool] | None = None) -> Sheet:
    """The rows of a CSV, a workbook (XLSX) or a network (Pajek, GraphML), perhaps in gz; or of a DataFrame.

    source: a path, an `Upload`, bytes, an open binary file, or a DataFrame. fits: of a workbook's sheets the first whose
    columns do is taken. Raises `Refused`.
    """
    if isinstance(source, Sheet):
        return source
    reading, remedy = reading or Reading(), remedy or Said("give a CSV with a header")
    if hasattr(source, "columns") and hasattr(source, "to_dict"):
        return _of_frame(source, _table_of(what))
    where, raw, how = _bytes(source, what, remedy, reading.most)
    if raw[:2] == b"\x1f\x8b":
        raw = _unpacked(raw, where, 2 * reading.most)
        how.append(Said("unpacked from gz"))
        if raw[:2] == b"\x1f\x8b":
            raise Refused("{where} is packed twice; unpack it first.", where=where)
    _no_table(raw, where)
    if raw[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        from letsdance.scenarios.tables import formats

        frame, said, numeric = formats.workbook(raw, where, reading.sheet, 2 * reading.most, fits)
        return _bounded(Sheet(where, frame, "\t", (*how, *said), "row", numeric))
    if reading.sheet:
        raise Refused("{where} is no workbook, so it has no sheet {sheet!r}; leave the sheet out, or give the workbook "
                      "(XLSX).", where=where, sheet=reading.sheet)
    text, said = _text(raw, where)
    how += said
    start = text[:2_000].lstrip().lower()
    if not start:
        raise Refused("{where} is empty; {remedy}.", where=where, remedy=remedy)
    for words, is_a, do in _NO_TABLE:
        if start.startswith(words):
            raise Refused("{where} {is_a}, not a table; {do}.", where=where, is_a=Said(is_a), do=Said(do))
    for begins, is_a, do in _NO_TABLE_EITHER:
        if begins.match(start):
            raise Refused("{where} {is_a}, not a table; {do}.", where=where, is_a=Said(is_a), do=Said(do))
    if "<graphml" in start or re.match(r"(%.*\s+)*\*(vertices|network)\b", start):
        from letsdance.scenarios.tables import formats

        frame, said = formats.graphml(raw, where) if "<graphml" in start else formats.pajek(_with_lines(text), where)
        return _bounded(Sheet(where, frame, "\t", (*how, *said), "tie"))
    if "<gexf" in start:
        raise Refused("{where} is a network in GEXF, not a table; save it as GraphML, Pajek or a CSV of source and "
                      "target.", where=where)
    if start.startswith("<"):
        raise Refused("{where} is XML, not a table; save its table as CSV, or a network as GraphML.", where=where)
    return _bounded(_of_text(text, where, remedy, how, reading))


def pasted(text: str, name: str = Said("the pasted table")) -> Upload:
    """Text as `open_sheet` takes it."""
    return Upload(name, text.encode("utf-8", "surrogatepass"))


def _bounded(sheet: Sheet) -> Sheet:
    rows, columns = sheet.frame.shape
    if rows > MOST_ROWS or rows * columns > MOST_CELLS:
        raise Refused("{where} has {rows:,} rows of {columns:,} columns; at most {most_rows:,} rows and {most_cells:,} "
                      "cells are read, so give a part of it.", where=sheet.where, rows=rows, columns=columns,
                      most_rows=MOST_ROWS, most_cells=MOST_CELLS)
    return sheet


# ---------------------------------------------------------------- bytes

def _table_of(what: str) -> Said:
    """What a sentence calls a table that has no name."""
    return Said("the table of {what}", what=Said(what))


def _no_table(raw: bytes, where: str) -> None:
    """Refuse what is known to be something else than text, by its first bytes."""
    for first, is_a, do in _NO_TEXT:
        if raw.startswith(first):
            raise Refused("{where} {is_a}, not text; {do}.", where=where, is_a=Said(is_a), do=Said(do))
    for pattern, is_a, do in _OLD:
        if pattern.match(raw):
            raise Refused("{where} {is_a}, not text; {do}.", where=where, is_a=Said(is_a), do=Said(do))


def _bytes(source: Any, what: str, remedy: Said, most: int) -> tuple[str, bytes, list[str]]:
    """A source's name, not more bytes than are allowed, and where they are from if they ship."""
    how: list[str] = []
    if isinstance(source, Upload):
        where, raw = source.name, source.content
    elif isinstance(source, str | Path):
        where = str(source)
        if (case := cases.named(source)) is not None:
            raw = case.text.encode()
            how.append(Said("a case that ships, from {source}", source=case.source))
        else:
            meant = cases.meant(source)
            raw = files.content(source, Said("name {case}, which ships, or {remedy}", case=meant, remedy=remedy)
                                if meant else remedy, most)
    elif isinstance(source, bytes | bytearray):
        where, raw = _table_of(what), bytes(source)
    elif hasattr(source, "read"):
        content = source.read(most + 1)
        where = str(getattr(source, "name", "")) or _table_of(what)
        raw = content.encode() if isinstance(content, str) else bytes(content)
    else:
        raise Refused("a table of {what} is a CSV file's path or a pandas DataFrame, not {kind_of}.", what=Said(what),
                      kind_of=type(source).__name__)
    if len(raw) > most:
        raise Refused("{where} is larger than {most:,.0f} MB; give a part of it.", where=where, most=most / 2**20)
    return where, raw, how


def _unpacked(raw: bytes, where: str, most: int) -> bytes:
    """What gz holds, as long as it is not more than is allowed: a small file can hold a great many."""
    parts, size, rest = [], 0, raw
    try:
        while rest[:2] == b"\x1f\x8b":
            one = zlib.decompressobj(wbits=31)
            while not one.eof:
                part = one.decompress(rest, _CHUNK)
                rest = one.unused_data if one.eof else one.unconsumed_tail
                if not part and not one.eof:
                    raise Refused("{where} ends too early, as if it was not copied whole; copy it again.",
                                  where=where)
                parts.append(part)
                size += len(part)
                if size > most:
                    raise Refused("{where} unpacks to more than {most:,.0f} MB; give a part of it.", where=where,
                                  most=most / 2**20)
    except zlib.error:
        raise Refused("{where} is damaged: it cannot be unpacked as gz; copy it again.", where=where) from None
    return b"".join(parts)


def _text(raw: bytes, where: str) -> tuple[str, list[str]]:
    """Bytes as text in Unicode's composed form, and its encoding where it is not UTF-8."""
    text, called = _decoded(raw, where)
    if not called and re.search(_TWICE, text):
        with suppress(UnicodeError):
            text = text.encode("cp1252").decode("utf-8")
            called = Said("UTF-8 text that was saved as such twice")
    if "\0" in text:
        raise Refused("{where} is not text: it holds bytes of zero; save it as CSV in UTF-8.", where=where)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text).translate(_UNSEEN)
    return text, [called] if called else []


def _decoded(raw: bytes, where: str) -> tuple[str, str]:
    wide, wider = (Said("{encoding} text", encoding=name) for name in ("UTF-16", "UTF-32"))
    for mark, name, called in ((b"\xef\xbb\xbf", "utf-8", ""), (b"\xff\xfe\0\0", "utf-32-le", wider),
                               (b"\0\0\xfe\xff", "utf-32-be", wider), (b"\xff\xfe", "utf-16-le", wide),
                               (b"\xfe\xff", "utf-16-be", wide)):
        if raw.startswith(mark):
            try:
                return raw[len(mark):].decode(name), called
            except UnicodeDecodeError:
                if name != "utf-8":
                    raise Refused("{where} begins as {called} but cannot be read as such; save it as CSV in UTF-8.",
                                  where=where, called=called) from None
    for name, zeros in (("utf-16-le", raw[1:4_096:2]), ("utf-16-be", raw[:4_096:2])):
        if zeros.count(0) > 0.7 * len(zeros) > 1:
            try:
                return raw.decode(name), wide
            except UnicodeDecodeError:
                break
    try:
        return raw.decode("utf-8"), ""
    except UnicodeDecodeError as error:
        line = raw[:error.start].count(b"\n") + 1
    # Excel for Mac ends its lines by CR and writes Mac Roman; on Windows it writes Windows-1252.
    name, called = ("mac_roman", "Mac Roman") if b"\r" in raw and b"\n" not in raw else ("cp1252", "Windows-1252")
    try:
        text = raw.decode(name)
    except UnicodeDecodeError:
        text = ""
    # A character of UTF-8 read as Windows-1252 becomes two or three such letters; other control characters are no text.
    if not text or re.search(rf"{_TWICE}|[\x01-\x08\x0e-\x19\x1b-\x1f]", text):
        raise Refused("{where}, line {line}: this is not UTF-8 text, and not {called}; save the file as CSV in UTF-8.",
                      where=where, line=line, called=called)
    word = re.search(r"[^\s,;|\"]*[^\x00-\x7f][^\s,;|\"]*", text)
    if not word:
        return text, Said("{encoding} text", encoding=called)
    return text, Said("{encoding} text, not UTF-8 (as in {word})", encoding=called, word=word.group(0)[:30])


# ---------------------------------------------------------------- text

def _of_text(text: str, where: str, remedy: Said, how: list[str], reading: Reading) -> Sheet:
    """Rows of a text whose columns are separated by comma, semicolon, tab or |. Blank lines are left out."""
    text = _unruled(_unquoted(_with_lines(text), how), how)
    lines = text.split("\n", 1_000)
    told, at = SEPARATORS.get(reading.separator, ""), _next(lines, 0)
    line = _SEP.fullmatch(lines[at])
    if line is not None:
        mark = "\t" if line.group(1) == "\\t" else line.group(1)
        if mark not in _NAMED:
            raise Refused("{where}, line {at}: {mark!r} in sep={mark} is no separator that is read; separate columns by "
                          "comma, semicolon, tab or |.", where=where, at=at + 1, mark=mark)
        told, at = told or mark, _next(lines, at + 1)
    if not _some(lines[at]):
        raise Refused("{where} is empty; {remedy}.", where=where, remedy=remedy)
    separator = told or _separator(lines[at:at + _SAMPLE])
    if separator != ",":
        how.append(Said("{marks} between columns", marks=Said(_NAMED[separator] + "s")))
    rows = _parsed(lines[at:at + _SAMPLE], separator)
    if not rows:
        _line_by_line(where, text, separator, at, [])  # says what cannot be read, if that is why
        raise Refused("{where} is empty; {remedy}.", where=where, remedy=remedy)
    names, last, said = header([row for _, row in rows])
    how += said
    at += rows[last][0]
    frame = _at_once(text, separator, names, at)
    if frame is None:
        frame = _line_by_line(where, text, separator, at, names)
    return Sheet(where, _trimmed(where, frame, how), separator, tuple(how))


def _with_lines(text: str) -> str:
    """A text whose lines end by \\n, whatever ended them, without the mark by which DOS ends a file."""
    if "\r" in text:
        text = re.sub("\r+\n|\r", "\n", text)
    if "\n" not in text and re.search("[\x85\u2028\u2029]", text):
        text = re.sub("[\x85\u2028\u2029]", "\n", text)
    return text.rstrip("\x1a")


def _unquoted(text: str, how: list[str]) -> str:
    """A text of which each line was put in quotes as a whole, as Excel does with a CSV in one column, without these."""
    if not text.startswith('"') or not all(_WHOLE.fullmatch(line) for line in text.split("\n", _SAMPLE)[:_SAMPLE] if line):
        return text
    how.append(Said("each line was in quotes"))
    return "\n".join(line[1:-1].replace('""', '"') if _WHOLE.fullmatch(line) else line for line in text.split("\n"))


def _unruled(text: str, how: list[str]) -> str:
    """A text whose table is drawn with lines of dashes, without these; other lines keep their numbers."""
    start = text.split("\n", _SAMPLE)[:_SAMPLE]
    if not any(_RULE.match(line) and ("|" in line or "+" in line) for line in start):
        return text
    how.append(Said("lines that are drawn left out"))
    return _RULE.sub("", text)


def _next(lines: Sequence[str], at: int) -> int:
    """The first line from `at` on that holds something; the last one if none does."""
    return next((k for k in range(at, len(lines)) if _some(lines[k])), len(lines) - 1)


def _some(line: str) -> bool:
    """Whether a line holds more than separators."""
    return bool(line.strip(" \t,;|\"\u00a0"))


def _clean(name: str) -> str:
    return " ".join(name.split())


def _parsed(lines: Sequence[str], separator: str) -> list[tuple[int, list[str]]]:
    """Rows that hold something, with the place among the lines where each begins; none if they cannot be read."""
    reader, rows, begins = csv.reader(lines, delimiter=separator, skipinitialspace=True), [], 0
    with suppress(csv.Error):
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append((begins, row))
            begins = reader.line_num
    return rows


def header(rows: Sequence[Sequence[Any]], least: float = 0.9) -> tuple[list[str], int, list[str]]:
    """The names of columns, the (last) row in which they stand, and what to say of it. rows, least: as in `_above`."""
    last = _above(rows, least)
    said = [left_out(last, "above the header")] if last else []
    names, two = _headed(rows[last:last + 3])
    return names, last + two, [*said, Said("a header of two lines")] if two else said


def _above(rows: Sequence[Sequence[Any]], least: float = 0.9) -> int:
    """How many rows stand above the header of a table, such as its title: rows of one cell above rows of several (`least`
    of those below it, and one), and lines that begin with #. rows: the first ones, without those that are blank.

    A row that leaves its last cells open has several where it has as many separators as the header, and titles have fewer,
    or all rows have as many, as spreadsheets write them.
    """
    if not rows:
        return 0
    filled = [sum(map(_holds, row)) for row in rows]
    ends = [max((k + 1 for k, cell in enumerate(row) if _holds(cell)), default=0) for row in rows]
    # A header may leave the names of rows without one: it is as wide as what follows.
    wide = [n > 1 or (not row[0] and end > 1 and end == after) for n, row, end, after in zip(
        filled, rows, ends, [*ends[1:], 0], strict=True)]
    k = next((k for k, row in enumerate(rows) if wide[k] and not str(row[0]).startswith("# ")), 0)
    as_wide = [len(row) == len(rows[k]) for row in rows]
    even = all(as_wide[k:]) and (all(as_wide) or not any(as_wide[:k]))
    several = sum(n > 1 for n in filled[k + 1:])
    sure = k <= _MOST_ABOVE and several and (even or several >= least * (len(rows) - k - 1))
    return k if sure else 0


def _holds(cell: Any) -> bool:
    return cell is not None and str(cell).strip() != ""


def _latest(before: str, here: str) -> str:
    return here or before


def _headed(rows: Sequence[Sequence[Any]]) -> tuple[list[str], bool]:
    """The names of columns, and whether they take two rows: the second then names what the first leaves open.

    As under merged cells: "Municipality, Schools, , " above ", 2001, 2002, 2003". A name of the second row stands alone
    where no other column has it, else behind the one above it. rows: the first three.
    """
    upper = [_clean(text(cell)) for cell in rows[0]]
    if len(rows) < 3:
        return upper, False
    width = max(len(rows[0]), len(rows[1]))
    first, lower = ([_clean(text(cell)) for cell in row] + [""] * (width - len(row)) for row in rows[:2])
    gaps = [k for k in range(1, width) if not first[k]]
    if not gaps or lower[0] not in ("", first[0]) or not _holds(rows[2][0]) or not all(
            lower[k] and (_A_YEAR.fullmatch(lower[k]) or not _A_NUMBER.fullmatch(lower[k])) for k in gaps):
        return upper, False
    over = list(accumulate(first, _latest))
    low = ["" if k == 0 or lower[k] == first[k] else lower[k] for k in range(width)]
    alone = Counter(low[k] or first[k] for k in range(width))
    return [first[k] if not low[k] else low[k] if alone[low[k]] == 1 else f"{over[k]} {low[k]}" for k in range(width)], True


def left_out(count: int, place: str) -> str:
    """How rows above or below a table are said."""
    lines = Said("1 line") if count == 1 else Said("{count} lines", count=count)
    return Said("{lines} {place} left out", lines=lines, place=Said(place))


def _separator(lines: Sequence[str]) -> str:
    """The separator that divides the header and most rows evenly, and into most columns."""
    lines = [line for line in lines if _some(line)]

    def evenness(separator: str) -> tuple[bool, bool, bool, float, int]:
        rows = [row for _, row in _parsed(lines, separator)]
        words = _above(rows)
        rows = [_shorn(row) for row in rows[words:]]
        n = len(rows[0]) if rows else 0
        even = sum((len(row) <= n) + (len(row) == n) for row in rows) / max(len(rows), 1)
        divided = sum(separator in line for line in lines[words:]) >= 0.9 * len(lines[words:])
        return n > 1, divided, not words, even, n  # a header is likelier to be the first line

    best = max(MARKS, key=evenness)
    if evenness(best)[0]:
        return best
    spaced = [len(_shorn(row)) for _, row in _parsed(lines, " ")]
    if len(spaced) > 1 and spaced[0] > 1 and set(spaced[1:]) in ({spaced[0]}, {spaced[0] + 1}):
        return " "  # as R's write.table does
    # One column: a separator that stands nowhere, so that a decimal comma stays in its cell.
    whole = "".join(lines)
    return next((mark for mark in MARKS if mark not in whole), ",")


def _shorn(row: list[str]) -> list[str]:
    """A row without the empty cells at its end."""
    n = len(row)
    while n and not row[n - 1].strip():
        n -= 1
    return row[:n]


def _at_once(text: str, separator: str, names: list[str], at: int) -> pd.DataFrame | None:
    """A text without quotes and blank lines, in which each line is a row; None for any other, which is read by line."""
    import pandas as pd
    import pyarrow as pa
    from pyarrow import csv as quick

    lines = text.count("\n") + (not text.endswith("\n"))
    if '"' in text or separator == " " or lines < at + 2 or not 0 < len(names) <= MOST_COLUMNS:
        return None
    keys = [str(k) for k in range(len(names))]
    try:
        found = quick.read_csv(io.BytesIO(text.encode("utf-8", "replace")),
                               quick.ReadOptions(column_names=keys, skip_rows=at + 1),
                               quick.ParseOptions(delimiter=separator, quote_char=False, ignore_empty_lines=False),
                               quick.ConvertOptions(column_types=dict.fromkeys(keys, pa.string()),
                                                    strings_can_be_null=False))
    except pa.ArrowInvalid:
        return None
    if found.num_rows != lines - 1 - at or (len(names) == 1 and "" in found.column(0).to_pylist()):
        return None
    frame = found.to_pandas().astype(str)
    return frame.set_axis(names, axis=1).set_axis(pd.RangeIndex(at + 2, len(frame) + at + 2))


def _line_by_line(where: str, text: str, separator: str, at: int, header: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True)
    rows = []
    try:
        for row in reader:
            if reader.line_num > at and any(cell.strip() for cell in row):
                rows.append((reader.line_num, len(row), _shorn(row)))
    except csv.Error as error:
        long = "field larger" in str(error)
        raise Refused("{where}, line {line}: this cannot be read as CSV ({error}); {do}.", where=where,
                      line=reader.line_num, error=error,
                      do=Said("give a table of short cells" if long else "check the quotation marks")) from None
    rows = rows[1:]
    width = max((len(row) for _, _, row in rows), default=0)
    names = _shorn(list(header))
    names += [""] * (min(len(header), width) - len(names))
    if _named_rows(rows, names, text.split("\n")[at:], separator):
        names = ["", *names]
    n, marks = len(names), _NAMED[separator] + "s" if separator.isspace() else repr(separator)
    if n > MOST_COLUMNS:
        raise Refused("{where} has {n:,} columns; at most {most_columns:,} are read.", where=where, n=n,
                      most_columns=MOST_COLUMNS)
    for line, cells, row in rows[:-_MOST_BELOW] + [row for row in rows[-_MOST_BELOW:] if not _is_note(row[2])]:
        if len(row) > n or cells < n:  # empty cells at the end were cut off, as were columns without a name
            raise Refused("{where}, line {line}: a row of {n} under a header of {n_2}; check the separators "
                          "({marks}){decimals}.", where=where, line=line, n=max(len(row), min(cells, n)), n_2=n,
                          marks=marks, decimals=_decimals(row, separator))
    made = [row + [""] * (n - len(row)) for _, _, row in rows]
    columns = [list(column) for column in zip(*made, strict=True)] if made else [[] for _ in names]
    frame = pd.DataFrame(dict(enumerate(columns)), index=[line for line, _, _ in rows], dtype=str)
    return frame.set_axis(names, axis=1)


def _named_rows(rows: Sequence[tuple[int, int, list[str]]], names: Sequence[str], lines: Sequence[str], separator: str
                ) -> bool:
    """Whether each row begins with a name that has no column, as R writes rows: it quotes them, or separates by spaces; of
    a matrix they are the names of the columns."""
    n = len(names)
    first = {row[0] for _, _, row in rows if row}
    return bool(rows) and all(cells == n + 1 for _, cells, _ in rows) and len(first) == len(rows) and (
        separator == " " or first == set(names) or all(line.lstrip().startswith('"') for line in lines if line))


def _is_note(row: Sequence[str]) -> bool:
    """Whether a row holds a source or a remark, not a part of the table."""
    return sum(bool(cell.strip()) for cell in row) == 1 and bool(row[0]) and _NOTE.match(row[0]) is not None


def _decimals(row: list[str], separator: str) -> str:
    """Where a comma may both separate columns and begin decimals."""
    if separator == "," and sum(bool(re.fullmatch(r"\s*\d+\s*", cell)) for cell in row) > 1:
        return Said("; with decimal commas, separate columns by semicolons")
    return ""


def _trimmed(where: str, frame: pd.DataFrame, how: list[str]) -> pd.DataFrame:
    """Without rows of empty cells, columns of nothing and remarks below; cells without spaces around them."""
    import numpy as np
    import pandas as pd

    frame = frame.set_axis([str(name) for name in frame.columns], axis=1)
    columns = [_bare(frame.iloc[:, k].str.strip()) for k in range(frame.shape[1])]
    some = [(column != "").to_numpy() for column in columns]
    keep = [k for k, name in enumerate(frame.columns) if name or some[k].any()]
    names = [frame.columns[k] for k in keep]
    for mark, end in _QUOTES:
        if names and all(name.startswith(mark) and name.endswith(end) and len(name) > 1 for name in names if name):
            names = [name[1:-1].strip() for name in names]
            columns = [column.str.replace(f"^{mark}(.*){end}$", r"\1", regex=True) for column in columns]
            break
    once_each(where, [name for name in names if name])
    if names.count("") > 1:
        raise Refused("{where}: {names} columns have no name; give each a name in the header.", where=where,
                      names=names.count(""))
    made = pd.DataFrame({k: columns[k] for k in keep}, index=frame.index, dtype=str).set_axis(names, axis=1)
    rows = np.logical_or.reduce(some) if some else np.ones(len(made), bool)
    made = made if rows.all() else made[rows]
    made = _once_headed(made, how)
    notes = 0
    while len(names) > 1 and notes < min(_MOST_BELOW, len(made)) and _is_note(made.iloc[-1 - notes].tolist()):
        notes += 1
    if notes:
        how.append(left_out(notes, "below the table"))
    made = made.iloc[:len(made) - notes] if notes else made
    if len(names) > 1 and len(made) > 2 and _is_sum(made):
        how.append(Said("the row {name} left out: it says what stands above it", name=made.iloc[-1, 0]))
        made = made.iloc[:-1]
    return made


def _once_headed(frame: pd.DataFrame, how: list[str]) -> pd.DataFrame:
    """Without rows that say the header again, as in files that were put one below the other."""
    import numpy as np

    if frame.shape[1] < 2 or not len(frame):
        return frame
    again = (frame.iloc[:, 0] == frame.columns[0]).to_numpy(copy=True)
    for k in range(1, frame.shape[1]):
        if not again.any():
            return frame
        again &= (frame.iloc[:, k] == frame.columns[k]).to_numpy()
    if not again.any():
        return frame
    count = int(again.sum())
    how.append(Said("the header is there again in 1 row, left out") if count == 1 else
               Said("the header is there again in {count} rows, left out", count=count))
    return frame[np.logical_not(again)]


def _is_sum(frame: pd.DataFrame) -> bool:
    """Whether the last row is no row but their sum or number: it is called so, and every number in it is one of these."""
    import numpy as np
    import pandas as pd

    last = frame.iloc[-1]
    if last.iloc[0].rstrip(":").strip().lower() not in _SUMS:
        return False
    for k in range(1, frame.shape[1]):
        if last.iloc[k]:
            above, told = (pd.to_numeric(part.str.replace(",", "."), errors="coerce") for part in (
                frame.iloc[:-1, k], frame.iloc[-1:, k]))
            sums = above.sum(), above.notna().sum(), len(above)
            if not any(np.isclose(told.iloc[0], what, rtol=1e-3) for what in sums):
                return False
    return True


def _bare(column: pd.Series) -> pd.Series:
    """Cells that are written as ="2004", so that spreadsheets keep them as text, without that."""
    if not column.iloc[:_SAMPLE].str.startswith('="').any():
        return column
    return column.str.replace('^="(.*)"$', r"\1", regex=True)


def once_each(where: str, columns: Iterable[str]) -> None:
    """Refuse a column that is there twice."""
    columns = list(columns)
    for name, count in Counter(columns).items():
        if count > 1 and all(column.replace(".", "").replace(",", "").isdigit() for column in columns):
            raise Refused("{where}: the first line holds numbers only ({name} is there twice), so names of columns are "
                          "missing; write them above, for a matrix of ties the names of its nodes.", where=where, name=name)
        if count > 1:
            raise Refused("{where}: the column {name} is there twice; keep one.", where=where, name=name)


# ---------------------------------------------------------------- DataFrames

def _of_frame(frame: Any, where: str) -> Sheet:
    import pandas as pd

    frame = frame.set_axis([_clean(unicodedata.normalize("NFC", str(name))) for name in frame.columns], axis=1)
    once_each(where, frame.columns)
    numeric = frozenset(name for name in frame.columns if pd.api.types.is_numeric_dtype(frame[name]))
    made = pd.DataFrame({name: texts(frame[name]) for name in frame.columns}, dtype=str)
    made.index = pd.RangeIndex(1, len(made) + 1)
    return Sheet(where, made, row="row", numeric=numeric)


def texts(column: pd.Series) -> pd.Series:
    """A column as it would stand in a file; each different value is written once."""
    import numpy as np
    import pandas as pd

    try:
        code, values = pd.factorize(column)
    except TypeError:  # lists and the like
        return column.map(text)
    return pd.Series(np.append(np.array([text(value) for value in values], object), "")[code], column.index, dtype=str)


def text(value: Any) -> str:
    """A cell as it would stand in a file: nothing for what is missing, no .0 after whole numbers."""
    import pandas as pd

    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    told = str(value).strip()
    return told if told.isascii() else unicodedata.normalize("NFC", told).translate(_UNSEEN)


__all__ = ["MOST_BYTES", "MOST_CELLS", "MOST_COLUMNS", "MOST_ROWS", "SEPARATORS", "Reading", "Sheet", "Upload",
           "once_each", "open_sheet", "pasted", "text", "texts"]
