"""Tables whose columns are data themselves, made long: a matrix of ties, periods or innovations that stand side by side.

A matrix has a row and a column a node, and numbers in its cells; a row looks at a column. Periods side by side have a
column each (2001, 2002, ...), and one row a unit; innovations a column of years each.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from letsdance.params import Said
from letsdance.scenarios.tables import dates, marks
from letsdance.scenarios.tables.files import Sheet
from letsdance.scenarios.tables.kinds import NOT_TIME, TIMES, plain_name, tokens

if TYPE_CHECKING:
    import pandas as pd

_PERIOD = re.compile(rf"(?:year|jaar|yr|y|x|t)?[ _.]?({dates.YEAR})(?:\.0)?", re.IGNORECASE)
_FEWEST = 3   # periods side by side; two columns may be called by numbers for other reasons
_BESIDE = 6   # columns besides
_NUMBER = r"[+-]?\d*[.,]?\d+([eE][+-]?\d+)?"
#: Words that say "not by then" in a column of times.
NEVER = ("never", "not yet", "not adopted", "nooit", "nog niet", "niet ingevoerd", "censored", "nie", "noch nicht",
         "nicht eingeführt", "jamais", "pas encore")
#: Answers to whether a unit has it, as they stand in cells.
YES = ("1", "1.0", "yes", "true", "ja", "oui", "wahr", "vrai", "waar")
NO = ("0", "0.0", "no", "false", "nee", "nein", "non", "falsch", "faux", "onwaar", "")


def ties(sheet: Sheet) -> Sheet:
    """A matrix of ties as source, target and weight; any other sheet as it is."""
    frame = sheet.frame
    names = list(frame.columns)
    body, rows = frame, names
    if len(names) == len(frame) + 1:  # a column of names before the matrix
        body, rows, names = frame.iloc[:, 1:], frame.iloc[:, 0].tolist(), names[1:]
    square = len(body) == len(names) == len(set(rows)) >= _FEWEST and set(rows) == set(names)
    if not square or not all(body.iloc[:, k].str.fullmatch(f"({_NUMBER})?").all() for k in range(len(names))):
        return sheet
    made = _long(body.assign(**{"\0": rows}), ["\0"], dict.fromkeys(body.columns), "target", "weight")
    made = made.rename(columns={"\0": "source"})
    there = made["weight"].str.contains("[1-9]", regex=True)
    weights = made.loc[there, "weight"]
    made = made[there] if weights.nunique() > 1 else made.loc[there, ["source", "target"]]
    return replace(sheet, frame=made, how=(*sheet.how, Said("a matrix of ties, whose rows look at its columns")))


def periods(sheet: Sheet, value: str) -> Sheet:
    """Periods side by side as a column period and one of cells, which is called `value`; any other sheet as it is.

    value: 'adopted' where cells must say yes or no, 'count' for numbers, of which percentages are called percent.
    """
    frame = sheet.frame
    when = {name: found[1] for name in frame.columns if (found := _PERIOD.fullmatch(name))}
    if not when and (parts := dates.told([name for name in frame.columns if name])) is not None:
        when = {name: name for name in frame.columns if name in parts[1]}
    beside = [name for name in frame.columns if name not in when]
    if len(when) < _FEWEST or len(beside) > _BESIDE or len(set(when.values())) < len(when) or not len(frame):
        return sheet
    made = _long(frame, beside, when, "period", value)
    said = made[value].str.lower()
    if said.isin((*YES, *NO)).all() != (value == "adopted"):
        return sheet
    if value == "adopted":
        made[value] = said.isin(YES).map({True: "1", False: "0"})
    else:
        made = made[~said.isin(("", *marks.BLANK))]
        if not len(made):
            return sheet
        if made[value].str.endswith("%").all():
            made = made.rename(columns={value: "percent"})
    return replace(sheet, frame=made, how=(*sheet.how, Said("periods stand side by side")))


def cascades(sheet: Sheet) -> Sheet:
    """Innovations side by side, with the year or date at which a unit adopted each, as cascade, unit and time; any other
    sheet as it is. What else is told of units (a region, a code, people) is left aside."""
    frame = sheet.frame
    some = [name for name in frame.columns if name and _adopted(name, frame[name])]
    beside = [name for name in frame.columns if name not in some]
    unit = _units(frame, beside)
    if len(some) < 2 or unit is None or len(beside) > _BESIDE:
        return sheet
    made = _long(frame, [unit], dict.fromkeys(some), "cascade", "time")
    how = [Said("innovations stand side by side")]
    aside = [name for name in beside if name != unit and (frame[name] != "").any()]
    if aside:
        how.append(Said("not used: {columns}", columns=", ".join(aside)))
    return replace(sheet, frame=made.rename(columns={unit: "unit"}), how=(*sheet.how, *how))


def _adopted(name: str, cells: pd.Series) -> bool:
    """Whether a column says when units adopted something: years or dates, blank, a word or a code for never."""
    if tokens(name) & NOT_TIME:
        return False
    told = cells[~cells.str.lower().isin(("", *marks.BLANK, *NEVER))]
    years = told.str.fullmatch(dates.YEAR)
    return bool(years.any() and (years | told.str.fullmatch(r"-?\d{1,4}")).all()) or dates.looks(told)


def _units(frame: pd.DataFrame, beside: Sequence[str]) -> str | None:
    """The column of names: told in each row and each once; of several, one that people call units by, and names before
    numbers. None if there is none."""
    whole = [name for name in beside if (frame[name] != "").all() and not frame[name].duplicated().any()]
    return min(whole, key=lambda name: (plain_name(name) not in (*TIMES["node"].words, *TIMES["node"].loose),
                                        bool(frame[name].str.fullmatch(_NUMBER).all())), default=None)


def _long(frame: pd.DataFrame, beside: list[str], columns: Mapping[str, str | None], name: str, value: str) -> pd.DataFrame:
    """Each row once for each of the columns, in the order of rows; the index stays that of the row."""
    import pandas as pd

    parts = [frame[beside].assign(**{name: called or column, value: frame[column]}) for column, called in columns.items()]
    return pd.concat(parts).sort_index(kind="stable").astype(str)


__all__ = ["NEVER", "NO", "YES", "cascades", "periods", "ties"]
