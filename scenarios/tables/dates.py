"""Months, quarters and dates as people write them, in the languages of Western Europe, as numbers of periods.

Mar 2015, maart 2015, Mrz. 2015, 2015-03, 03/2015, 2015M03; 2015Q1, T1 2015, 1e kwartaal 2015, 2015KW01; 2015H2; 17 March
2015, 17-03-2015. Halves, quarters and months are counted from the beginning of the first year told, as 1; of dates the
month counts, or the year where all are the first or last day of one. A column in which nothing tells day from month, or
which mixes years with months, is left as it is: the sentence about its first bad row says what to do.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from letsdance.params import Said

if TYPE_CHECKING:
    import pandas as pd

_MONTHS = ("january januari janvier januar janner enero gennaio",
           "february februari fevrier februar feber febrero febbraio",
           "march maart mars marz mrt mrz marzo", "april avril abril aprile", "may mei mai mayo maggio",
           "june juni juin junio giugno", "july juli juillet julio luglio", "august augustus aout agosto",
           "september septembre septiembre settembre", "october oktober octobre octubre ottobre",
           "november novembre noviembre", "december decembre dezember diciembre dicembre")
#: A year as people write it.
YEAR = r"(?:1[5-9]|2[01])\d\d"
_Y = rf"(?P<y>{YEAR})"
_M, _D, _NAME = r"(?P<m>0?[1-9]|1[0-2])", r"(?P<d>0?[1-9]|[12]\d|3[01])", r"(?P<name>[a-z]{3,})\.?"
_QUARTER = r"(?:quarter|kwartaal|quartal|trimestre|kwart|qtr)"
_NTH = r"(?P<k>[1-4])(?:\.|st|nd|rd|th|e|er|re|de|eme)?"
_OR = r"[-/ ]?"
#: Shape -> how many of it a year has; 12 for whole dates, too.
_SHAPES = [(re.compile(shape), a_year) for shape, a_year in (
    (rf"{_Y}jj00", 1),
    (rf"{_Y}{_OR}[hs]0?(?P<k>[12])", 2), (rf"[hs](?P<k>[12]){_OR}{_Y}", 2),
    (rf"{_Y}{_OR}[qkt]0?(?P<k>[1-4])", 4), (rf"[qkt](?P<k>[1-4]){_OR}{_Y}", 4), (rf"{_Y}kw0(?P<k>[1-4])", 4),
    (rf"{_NTH} ?{_QUARTER} ?{_Y}", 4), (rf"{_Y} ?{_NTH} ?{_QUARTER}", 4), (rf"{_QUARTER} ?(?P<k>[1-4]) ?{_Y}", 4),
    (rf"{_Y}[-/]{_M}", 12), (rf"{_Y}{_OR}mm?{_M}", 12), (rf"{_M}[-/.]{_Y}", 12),
    (rf"{_NAME}[-/ ]*{_Y}", 12), (rf"{_Y}[-/ ]*{_NAME}", 12), (rf"{_NAME}[-' ]+(?P<yy>\d\d)", 12),
    (rf"{_Y}[-/.]{_M}[-/.]{_D}(?:[t ]\d\d:.*)?", 12), (rf"{_D}(?:\.|st|nd|rd|th|er)?[- ]*{_NAME}[- ]*{_Y}", 12),
    (rf"{_NAME} ?{_D}(?:st|nd|rd|th)?,? {_Y}", 12), (rf"{_D}[- ]{_NAME}[- ](?P<yy>\d\d)", 12))]
_EITHER = re.compile(rf"(?P<a>\d\d?)(?P<mark>[-/.])(?P<b>\d\d?)(?P=mark){_Y}(?: \d\d:.*)?")  # day or month first
_CENTURY = 50  # two digits below are years of this one


class _Told(NamedTuple):
    """A cell: how many such periods a year has, its year, which of them (from 0), and its day, 0 if none."""

    a_year: int
    year: int
    part: int
    day: int


@cache
def _month(name: str) -> int | None:
    """1 to 12 by a name or its beginning; None where that is no month's, or that of two (jui: June or July in French)."""
    found = {k for k, names in enumerate(_MONTHS, 1) if any(one.startswith(name) for one in names.split())}
    found = found or {k for k, names in enumerate(_MONTHS, 1) if name in ("sept", "fevr", "juil")
                      and any(one.startswith(name[:4]) for one in names.split())}
    return found.pop() if len(found) == 1 else None


def _bare(cell: str) -> str:
    """In small letters without accents, single spaces."""
    plain = unicodedata.normalize("NFKD", cell).encode("ascii", "ignore").decode().lower()
    return re.sub(r"\s+", " ", plain).strip()


def _told(cell: str, day_first: bool | None) -> _Told | None:
    """What a bare cell says; None if it is no part of a year."""
    if (either := _EITHER.fullmatch(cell)) and day_first is not None:
        day, at = (int(either[name]) for name in ("ab" if day_first else "ba"))
        return _Told(12, int(either["y"]), at - 1, day) if 1 <= at <= 12 and 1 <= day <= 31 else None
    for shape, a_year in _SHAPES:
        if found := shape.fullmatch(cell):
            said = found.groupdict()
            month = _month(said["name"]) if said.get("name") else int(said.get("m") or said.get("k") or 1)
            if month is None:
                continue
            short = int(said["yy"]) if said.get("yy") else None
            year = int(said["y"]) if short is None else short + (2000 if short < _CENTURY else 1900)
            return _Told(a_year, year, month - 1, int(said.get("d") or 0))
    return None


def _day_first(cells: Iterable[str]) -> bool | None:
    """Whether 3/4/2015 is in April; None where no cell tells."""
    found = [either for cell in cells if (either := _EITHER.fullmatch(cell))]
    firsts, seconds = (max((int(one[name]) for one in found), default=0) for name in "ab")
    if firsts > 12 or seconds > 12:
        return None if firsts > 12 < seconds else firsts > 12
    return True if found and all(one["mark"] == "." for one in found) else None


def told(cells: Iterable[str]) -> tuple[int, dict[str, int]] | None:
    """How many periods a year has by these cells, and cell -> number of its period (years since 0, or parts of them); None
    unless most are of one kind, at least two, and none of the others is a year."""
    bare = {cell: _bare(cell) for cell in cells}
    first = _day_first(bare.values())
    made = {cell: said for cell, plain in bare.items() if (said := _told(plain, first))}
    if len(made) < 2 or 2 * len(made) < len(bare) or len({said.a_year for said in made.values()}) > 1:
        return None
    if any(re.fullmatch(_Y, plain) or _EITHER.fullmatch(plain) for cell, plain in bare.items() if cell not in made):
        return None
    if all(re.fullmatch(rf"{_Y}[-/]\d\d", bare[cell]) and (said.year + 1) % 100 == said.part + 1
           for cell, said in made.items()):
        return None  # 2001-02, 2002-03: years of schools and budgets
    days = {(said.part, said.day) for said in made.values()}
    if days in ({(0, 1)}, {(11, 31)}):
        return 1, {cell: said.year for cell, said in made.items()}
    a_year = next(iter(made.values())).a_year
    return a_year, {cell: said.year * a_year + said.part for cell, said in made.items()}


def looks(cells: pd.Series) -> bool:
    """Whether cells are months, quarters or dates."""
    return told(cells[cells != ""].unique()) is not None


def read(column: pd.Series, called: str) -> tuple[pd.Series, str]:
    """A column with such cells as whole numbers (others as they are), and what to say of it, '' if nothing."""
    found = told(column[column != ""].unique())
    if found is None:
        return column, ""
    a_year, number = found
    if a_year == 1:
        return column.map({cell: str(year) for cell, year in number.items()}).fillna(column), Said(
            "of {column} the year", column=called)
    begins = min(number.values()) // a_year
    made = column.map({cell: str(at - begins * a_year + 1) for cell, at in number.items()}).fillna(column)
    return made, _SAID[a_year](called, begins)


_SAID: dict[int, Callable[[str, int], str]] = {
    2: lambda column, year: Said("{column} in half-years, the first of {year} is 1", column=column, year=year),
    4: lambda column, year: Said("{column} in quarters, the first of {year} is 1", column=column, year=year),
    12: lambda column, year: Said("{column} in months, January {year} is 1", column=column, year=year)}


__all__ = ["YEAR", "looks", "read", "told"]
