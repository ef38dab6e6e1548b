"""Numbers as people and spreadsheets write them: 12.345,6 or 12,345.6 or 12 345,6 or 12'345.6, 62 %, and what is unclear.

Which mark begins the decimals is told by cells that can be read in one way only, of the column first, of the table then.
Three digits behind a mark may be thousands or decimals. Where nothing tells, they are thousands in a column that counts
(27.889 people), what fits the range in one that has a range, and otherwise not read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING

from letsdance.params import Said

if TYPE_CHECKING:
    import pandas as pd

#: Begins a cell that holds a number which can be read in two ways.
UNCLEAR = "\0"
#: What is written where nothing is known.
BLANK = frozenset(("na", "n/a", "<na>", "nat", "#n/a", "#n/b", "#n/v", "#nv", "nan", "null", "none", ".", "..", "...", ":",
                   "-", "–", "—", "n.v.t.", "nvt", "n.b.", "missing", "\\n", "onbekend", "unknown", "(blank)", "(leeg)",
                   "k.a.", "k. a.", "keine angabe", "unbekannt", "fehlend", "(leer)", "n.d.", "nd", "n.c.", "inconnu",
                   "non disponible", "manquant", "(vide)"))
_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_SPACED = re.compile(r"([+-]?\d{1,3})((?:[\s'’]\d{3})+)([.,]\d+)?")
_GROUPS = {".": re.compile(r"[+-]?\d{1,3}(\.\d{3})+(,\d+)?"), ",": re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")}
_OTHER = {".": ",", ",": "."}
#: A column's name that says its numbers are thousands or millions; "per thousand" is another thing.
_IN = re.compile(r"[x×]\s?1(?P<zeros>([.,\s'’]?000)+)\b|(?<!per )\b("
                 r"(?P<thousand>thousands?|duizend(en|tallen)?|tausend|tsd|milliers?)|"
                 r"(?P<million>millions?|miljoen(en)?|millionen|mln|mio))\b", re.IGNORECASE)
#: Behind a year or a date: a mark of a note.
_NOTED = re.compile(r"(.*\d)\s?(\*+|[†‡¹²³\u2074-\u2079]+|\[\w{1,2}\]|\([a-z]\))")


def tidy(cell: str) -> str:
    """Without a per cent sign, spaces around, spaces or apostrophes between thousands, and the apostrophe by which
    spreadsheets make a number text; with a plain minus."""
    if not cell.isascii():  # digits of other scripts are digits
        cell = "".join(str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in cell)
    cell = cell.replace("−", "-").removesuffix("%").removeprefix("'").strip()
    if _SPACED.fullmatch(cell):
        cell = re.sub(r"[\s'’]", "", cell)
    return cell


def told(cell: str) -> str:
    """The mark that begins decimals by a tidy cell alone, '.' or ','; '' where it tells nothing, '?' where both may be."""
    point, comma = cell.count("."), cell.count(",")
    if not point and not comma:
        return ""
    if point and comma:  # the last one
        last = "." if cell.rfind(".") > cell.rfind(",") else ","
        return last if cell.count(last) == 1 and _GROUPS[_OTHER[last]].fullmatch(cell) else ""
    mark = "." if point else ","
    if not re.fullmatch(rf"[+-]?\d*(\{mark}\d*)+(e[+-]?\d+)?", cell, re.IGNORECASE):
        return ""
    if point + comma > 1:
        return _OTHER[mark] if _GROUPS[mark].fullmatch(cell) else ""
    if re.fullmatch(rf"[+-]?[1-9]\d{{0,2}}\{mark}\d{{3}}", cell):
        return "?"
    return mark


def plain(cell: str, decimal: str) -> str:
    """A tidy cell with that decimal mark as Python writes it; behind UNCLEAR if it holds the other one."""
    other = _OTHER[decimal]
    if _GROUPS[other].fullmatch(cell):
        cell = cell.replace(other, "")
    elif other in cell:
        return UNCLEAR + cell
    return cell.replace(decimal, ".") if decimal == "," else cell


def times(name: str) -> int:
    """How many times its numbers a column means: 1,000 for "inwoners (x 1.000)"."""
    found = _IN.search(name)
    if not found:
        return 1
    zeros = sum(sign == "0" for sign in found["zeros"] or "") or (3 if found["thousand"] else 6)
    return int(10**zeros)


def unnoted(cells: pd.Series) -> pd.Series:
    """Years and dates without the mark of a note behind them."""
    return cells.str.replace(rf"^{_NOTED.pattern}$", r"\1", regex=True)


def mark_of(columns: Mapping[str, pd.Series]) -> str:
    """The mark that begins decimals in these columns of text, '' if no cell or cells of both kinds tell."""
    marks = {mark for column in columns.values() for cell in column[column.str.contains("[.,]", regex=True)].unique()
             if (mark := told(tidy(cell))) in (".", ",")}
    return marks.pop() if len(marks) == 1 else ""


def read(column: pd.Series, *, counts: bool, low: float, high: float, decimal: str, sure: bool, separator: str,
         ) -> tuple[pd.Series, str, bool]:
    """A column's numbers as Python writes them (other cells as they are, unclear ones behind UNCLEAR); what to say about
    decimals or thousands, '' if nothing; and whether all were percentages.

    counts: thousands are likelier than three decimals. decimal: the mark of the table, '' if it is not known; `sure` if a
    person said so.
    """
    odd = column[column.str.contains(r"[^0-9+-]", regex=True)].unique()
    if not len(odd):
        return column, "", False
    cells = {cell: tidy(cell) for cell in odd}
    percent = all(cell.endswith("%") for cell in column[column != ""].unique())
    kinds = {cell: told(tidied) for cell, tidied in cells.items()}
    own = {kind for kind in kinds.values() if kind in (".", ",")}
    unclear = [cells[cell] for cell, kind in kinds.items() if kind == "?"]
    if sure:
        mark = decimal
    elif len(own) == 2:
        mark = ""  # which is which cannot be told
    elif unclear:
        mark = (_of_counts if counts else _of_numbers)(unclear, next(iter(own), ""), decimal, low, high, separator)
    else:
        mark = next(iter(own), decimal) or "."
    if not mark:
        made = {cell: plain(tidied, next(iter(own), ".")) if len(own) < 2 and kinds[cell] != "?" else
                UNCLEAR + cell if kinds[cell] else tidied for cell, tidied in cells.items()}
        return column.map(made).fillna(column), "", percent
    made = {cell: plain(tidied, mark) for cell, tidied in cells.items()}
    grouped = next((cell for cell, value in made.items() if re.search(r"\d[.,\s'’]\d{3}", cell)
                    and _PLAIN.fullmatch(value) and abs(float(value)) >= 1000), "")
    said = Said("{cell} is {number:,.12g}", cell=grouped, number=float(made[grouped])) if grouped else ""
    if not said and mark == "," and any("," in tidied for tidied in cells.values()):
        said = Said("decimal comma")
    return column.map(made).fillna(column), said, percent


def _of_counts(unclear: list[str], own: str, table: str, low: float, high: float, separator: str) -> str:
    """The decimal mark of a column that counts, in which three digits stand behind a mark; '' where it is unclear."""
    marks = {"." if "." in cell else "," for cell in unclear}
    if len(marks) > 1:
        return ""
    mark = marks.pop()
    if own:
        return own
    if table == mark:
        return ""
    usual = {",": ",", ";": "."}.get(separator, "")  # between thousands
    rounds = all(cell.endswith("000") for cell in unclear)
    return _OTHER[mark] if table or not rounds or mark == usual else ""


def _of_numbers(unclear: list[str], own: str, table: str, low: float, high: float, separator: str) -> str:
    """The same of a column of other numbers: by its range, or by what programs write."""
    if own or table:
        return own or table
    fits = [mark for mark in (".", ",") if all(low <= float(value) <= high for cell in unclear
                                               if _PLAIN.fullmatch(value := plain(cell, mark)))]
    if len(fits) == 1:
        return fits[0]
    marks = {"." if "." in cell else "," for cell in unclear}
    if len(marks) > 1:
        return ""
    if marks == {"."}:  # programs begin decimals by points, but between semicolons also by commas
        return "" if separator == ";" else "."
    return "." if separator == "," else ","


__all__ = ["BLANK", "UNCLEAR", "mark_of", "plain", "read", "tidy", "times", "told",
           "unnoted"]
