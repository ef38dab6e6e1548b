"""Tables as people keep them, a CSV file or a pandas DataFrame, read as text and checked row by row.

What is wrong is refused in one sentence that names the first bad row (line 1 of a file is its header) and counts the
others; `Invalid.report` has a row for each.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from params import Refused

if TYPE_CHECKING:
    import pandas as pd

#: Other words for columns.
ALIASES = {
    "node": ("name", "id", "municipality"), "time": ("toa", "year", "period", "quarter", "adopted_at"),
    "adopted": ("event", "status"), "category": ("group",), "source": ("from", "ego"), "target": ("to", "alter"),
    "weight": ("value",), "period": ("year", "quarter", "t", "time"),
    "unit": ("place", "municipality", "state", "country", "name"), "new": ("sales", "adoptions"), "stock": ("active",),
    "cumulative": ("ever",), "population": ("at_risk",), "municipality": ("name", "place"),
}
#: A report has no more rows than this.
MOST_PROBLEMS = 10_000
_NEAR = 0.75  # how alike a slip of the pen and a column's name are
#: What other programs write where nothing is known, in columns of numbers that may be blank.
_BLANK = ("na", "n/a", "nan", "null", "none", ".")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*|.*[A-Za-z]{3,}.*\d.*|.*\d.*[A-Za-z]{3,}.*")


class Invalid(Refused):
    """A table that cannot be used: one sentence, and `report`, a row each problem: line, column, value, problem."""

    def __init__(self, sentence: str, report: pd.DataFrame) -> None:
        super().__init__(sentence)
        self.report = report


@dataclass(frozen=True)
class Table:
    """A table's columns as stripped text; the index is the line of the file, or the row of a DataFrame from 1."""

    where: str               # its name in sentences
    frame: pd.DataFrame
    said: tuple[str, ...]    # columns that are not used

    @property
    def row(self) -> str:
        """What a row is called."""
        return "row" if self.where.startswith("the table") else "line"


# ---------------------------------------------------------------- reading

def read(source: Any, what: str, needed: Sequence[str], optional: Sequence[str], blank: Sequence[str] = ()) -> Table:
    """A table of `what` with the columns that are needed and those that may be there, by their own names.

    blank: columns in which NA and the like mean that nothing is known. Other columns are left aside, and said, unless
    their name is nearly that of a column. Raises `Refused`.
    """
    import pandas as pd

    if isinstance(source, pd.DataFrame):
        where, frame = f"the table of {what}", source.set_axis([str(name) for name in source.columns], axis=1)
        _once_each(where, frame.columns)
        frame = pd.DataFrame({name: _texts(frame[name]) for name in frame.columns}, dtype=str)
        frame.index = pd.RangeIndex(1, len(frame) + 1)
    elif not isinstance(source, str | Path):
        raise Refused(f"a table of {what} is a CSV file's path or a pandas DataFrame, not {type(source).__name__}.")
    else:
        where, frame = str(source), _csv(Path(source), f"give a CSV of {what} with the columns {' and '.join(needed)}.")
    meaning = _meanings(where, what, list(frame.columns), needed, optional)
    left = [name for name in frame.columns if name not in meaning]
    frame = frame[list(meaning)].rename(columns=meaning)
    if not len(frame):
        raise Refused(f"{where} has no rows; give at least one below the header.")
    for name in blank:
        if name in frame:
            frame[name] = frame[name].where(~frame[name].str.lower().isin(_BLANK), "")
    said = [f"Not used: the column{'s' if len(left) > 1 else ''} {', '.join(name or 'without a name' for name in left)}."]
    return Table(where, frame, tuple(said if left else ()))


def _meanings(where: str, what: str, columns: list[str], needed: Sequence[str], optional: Sequence[str]) -> dict[str, str]:
    """The table's columns that are used, and what each is: by its own name first, then by another word for it."""
    choice = (*needed, *optional)
    words = {column: column.strip().lower().replace(" ", "_") for column in columns}
    meaning = {column: word for column, word in words.items() if word in choice}
    for name in choice:
        if name not in meaning.values():
            others = [column for column in columns if column not in meaning and words[column] in ALIASES.get(name, ())]
            if len(others) > 1:
                raise Refused(f"{where}: the columns {' and '.join(others)} can both be the {name}; "
                              f"call one of them {name}.")
            meaning |= dict.fromkeys(others, name)
    _once_each(where, list(meaning.values()))
    for column in columns:
        free = [name for name in choice if name not in meaning.values()]
        near = [] if column in meaning else get_close_matches(words[column], free, 1, _NEAR)
        if near and not _why(columns, needed):
            raise Refused(f"{where}: there is no column {column!r} in a table of {what}. Did you mean {near[0]}? Known: "
                          f"{', '.join(choice)}.")
    for name in needed:
        if name not in meaning.values():
            also = ", ".join(ALIASES.get(name, ()))
            there = ", ".join(map(repr, columns[:12]))
            raise Refused(f"{where}: the column {name} is missing{f' (it may be called {also} too)' if also else ''}; a "
                          f"table of {what} needs {' and '.join(needed)}, and this has {there}{_why(columns, needed)}.")
    return {column: meaning[column] for column in columns if column in meaning}


def _why(columns: list[str], needed: Sequence[str]) -> str:
    """What a header without the columns that are needed may be."""
    if len(columns) == 1 and set(needed) <= set(re.split(r"\W+", columns[0].lower())):
        return "; separate columns by commas, semicolons or tabs"
    if any(re.fullmatch(r"[\d.]+", name) for name in columns):
        return "; the first line must be the header, and periods stand in rows, not in columns"
    return ""


def _once_each(where: str, columns: Iterable[str]) -> None:
    for name, count in Counter(columns).items():
        if count > 1:
            raise Refused(f"{where}: the column {name} is there twice; keep one.")


def _texts(column: pd.Series) -> pd.Series:
    """A column as it would stand in a file; each different value is written once."""
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
    return str(value).strip()


def _csv(path: Path, remedy: str) -> pd.DataFrame:
    """A CSV file in UTF-8 as text, separated by comma, semicolon, tab or |; the index is the line. Blank lines are left
    out."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise Refused(f"there is no file {path}; {remedy}") from None
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}; {remedy}") from None
    if raw.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise Refused(f"{path} is a workbook or an archive, not text; save its sheet as CSV in UTF-8.")
    if raw.startswith(b"PAR1"):
        raise Refused(f"{path} is a Parquet file, not text; {remedy}")
    try:
        content = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(f"{path}, line {raw[:error.start].count(b'\n') + 1}: this is not UTF-8 text; save the file as CSV in "
                      f"UTF-8.") from None
    if "\0" in content:
        raise Refused(f"{path} is not text, or not UTF-8; save it as CSV in UTF-8.")
    if not content.strip():
        raise Refused(f"{path} is empty; {remedy}")
    first = content.lstrip("\r\n").partition("\n")[0]
    separator = max(",;\t|", key=first.count)
    names = [name.strip() for name in next(csv.reader([first], delimiter=separator), [])]
    frame = _at_once(content, separator, names)
    if frame is None:
        frame = _line_by_line(path, content, separator)
    _once_each(str(path), frame.columns)
    return frame.apply(lambda column: column.str.strip()) if len(frame) else frame


def _at_once(content: str, separator: str, names: list[str]) -> pd.DataFrame | None:
    """A file without quotes and blank lines, in which each line is a row; None for any other, which is read by line."""
    import pandas as pd
    import pyarrow as pa
    from pyarrow import csv as quick

    lines = content.count("\n") + (not content.endswith("\n"))
    if '"' in content or "\r" in content.replace("\r\n", "") or lines < 2 or len(set(names)) < len(names):
        return None
    try:
        found = quick.read_csv(io.BytesIO(content.encode()), quick.ReadOptions(column_names=names, skip_rows=1),
                               quick.ParseOptions(delimiter=separator, quote_char=False, ignore_empty_lines=False),
                               quick.ConvertOptions(column_types=dict.fromkeys(names, pa.string()),
                                                    strings_can_be_null=False))
    except pa.ArrowInvalid:
        return None
    if found.num_rows != lines - 1 or (len(names) == 1 and "" in found.column(0).to_pylist()):
        return None
    frame = found.to_pandas().astype(str)
    # A line of separators alone is no row.
    some = np.logical_or.reduce([(frame[name] != "").to_numpy() for name in names])
    return frame.set_axis(pd.RangeIndex(2, len(frame) + 2))[some]


def _line_by_line(path: Path, content: str, separator: str) -> pd.DataFrame:
    import pandas as pd

    try:
        reader = csv.reader(io.StringIO(content, newline=""), delimiter=separator, strict=True)
        rows = [(reader.line_num, row) for row in reader if any(row)]
    except csv.Error as error:
        raise Refused(f"{path}, line {reader.line_num}: this cannot be read as CSV ({error}); check the quotation "
                      f"marks.") from None
    names = [name.strip() for name in rows[0][1]]
    for line, row in rows[1:]:
        if len(row) != len(names):
            raise Refused(f"{path}, line {line}: a row of {len(row)} under a header of {len(names)}; check the separators "
                          f"({'tabs' if separator == '\t' else repr(separator)}).")
    _once_each(str(path), names)
    columns = zip(*(row for _, row in rows[1:]), strict=True) if len(rows) > 1 else [()] * len(names)
    return pd.DataFrame(dict(zip(names, map(list, columns), strict=True)), index=[line for line, _ in rows[1:]], dtype=str)


# ---------------------------------------------------------------- checking

@dataclass(frozen=True)
class Rule:
    """What must hold of a column in every row, and the words for a row in which it does not."""

    column: str
    holds: Callable[[pd.DataFrame], Any]        # the whole table -> bool a row
    says: Callable[[dict[str, Any]], str]       # a bad row -> what is wrong and what to do


def check(table: Table, rules: Iterable[Rule]) -> None:
    """Refuse a table in which a rule does not hold: pandera finds every bad row, this names the first."""
    import pandas as pd

    frame = table.frame
    rules = [rule for rule in rules if rule.column in frame]
    held = [pd.Series(np.asarray(rule.holds(frame), bool), index=frame.index) for rule in rules]
    if all(good.all() for good in held):
        return
    import pandera.pandas as pa

    columns: dict[str, list[pa.Check]] = {}
    for k, rule in enumerate(rules):
        columns.setdefault(rule.column, []).append(pa.Check(lambda series, k=k: held[k], error=str(k)))
    schema = pa.DataFrameSchema({name: pa.Column(None, checks, nullable=True) for name, checks in columns.items()})
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        bad = errors.failure_cases.assign(rule=lambda t: t["check"].astype(int)).sort_values(["index", "rule"])
        count, bad = bad["index"].nunique(), bad.head(MOST_PROBLEMS)
        cells = frame.loc[bad["index"]].to_dict("records")
        rows = [(int(line), rules[k].column, text(cell[rules[k].column]), rules[k].says(cell))
                for line, k, cell in zip(bad["index"], bad["rule"], cells, strict=True)]
        report = pd.DataFrame(rows, columns=["line", "column", "value", "problem"])
        line, column, value, problem = rows[0]
        others = f" ({count - 1:,} more {'row has' if count == 2 else 'rows have'} problems.)" if count > 1 else ""
        raise Invalid(f"{table.where}, {table.row} {line}: {column} {value!r} {problem}.{others}", report) from None


def numbers(column: pd.Series) -> pd.Series:
    """float64: NaN for what is blank or no number."""
    import pandas as pd

    return pd.to_numeric(column.where(column != "", "nan"), errors="coerce").astype(np.float64)


def number(name: str, low: float = -np.inf, high: float = np.inf, whole: bool = False, blank: bool = False,
           example: str = "2004") -> list[Rule]:
    """A column of numbers within a range."""
    kind = "a whole number" if whole else "a number"
    reach = (f" from {low:.15g} to {high:.15g}" if np.isfinite(high) else f" from {low:.15g}") if np.isfinite(low) else ""

    def holds(frame: pd.DataFrame) -> Any:
        values = numbers(frame[name])
        good = values.between(low, high) & np.isfinite(values) & ((values == values.round()) if whole else True)
        return good | ((frame[name] == "") if blank else False)

    def says(row: dict[str, Any]) -> str:
        told = row[name]
        if told == "":
            return f"is missing; give {kind}{reach}, such as {example}"
        if re.fullmatch(r"[+-]?\d[\d\s]*(,\d+)+(\.\d*)?", told):
            return f"has a comma; give {kind}{reach}, such as {example}, with a point for decimals and none for thousands"
        if _DATE.fullmatch(told):
            return f"is text or a date written as text; give {kind}{reach}, such as {example}"
        return f"must be {kind}{reach}, such as {example}"

    return [Rule(name, holds, says)]


def no_dates(table: Table, name: str, values: pd.Series) -> None:
    """Refuse 200112 and 20011224 as numbers of periods: 200112 and 200201 are not 89 periods apart."""
    known = values.dropna()
    year, month, day = known // 10_000, known // 100 % 100, known % 100
    whole = year.between(1700, 2200) & month.between(1, 12) & day.between(1, 31)
    short = (known // 100).between(1700, 2200) & (known % 100).between(1, 53)
    for looks, said in ((whole, "a date"), (short, "a year with a month or week")):
        if known.nunique() > 1 and looks.all():
            raise Refused(f"{table.where}, {table.row} {known.index[0]}: {name} {known.iloc[0]:.0f} looks like {said}, as "
                          f"all do; number the periods one by one instead.")


def given(name: str) -> Rule:
    """A column without gaps."""
    return Rule(name, lambda frame: frame[name] != "", lambda row: "is missing")


def once(names: list[str], why: str) -> Rule:
    """Rows that say the same of these columns as an earlier row."""
    return Rule(names[0], lambda frame: ~frame.duplicated(names), lambda row: f"is there already{why}; keep one row")


__all__ = ["MOST_PROBLEMS", "Invalid", "Rule", "Table", "check", "given", "no_dates", "number", "numbers", "once", "read",
           "text"]
