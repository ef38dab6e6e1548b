"""The one reader of tables that people bring: a CSV in whatever way it was saved, a workbook, a network, a DataFrame.

    table = read("times.csv", TIMES)

`files` finds out what the bytes are, `kinds` what the columns are, `marks` what the cells say; `check` refuses what does
not hold in one sentence that names the first bad row (line 1 of a file is its first) and counts the others. What was
decided on the way is one line, `Table.said`. Raises `Refused`, or `Invalid`, whose `report` has a row for each problem.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance.params import Refused, Said, listed
from letsdance.scenarios.tables import dates, wide
from letsdance.scenarios.tables import marks as _numbers
from letsdance.scenarios.tables.files import SEPARATORS, Reading, Sheet, Upload, open_sheet, pasted, text
from letsdance.scenarios.tables.kinds import EDGES, KINDS, SHARES, Field, Kind, may_be, plain_name, tokens

if TYPE_CHECKING:
    import pandas as pd

#: A report has no more rows than this.
MOST_PROBLEMS = 10_000
_YEAR = frozenset(("year", "jaar", "yr", "jahr", "annee"))
_NEAR = 0.75  # how alike a slip of the pen and a column's name are
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*|.*[A-Za-z]{3,}.*\d.*|.*\d.*[A-Za-z]{3,}.*")
_YEARS = re.compile(r"\d{4}\s?[-/–]\s?(\d{4}|\d\d)")
_PART = re.compile(r"\d{4}[-\s]?[QKTWMqktwm]\.?\s?\d{1,2}|[QKTWMqktwm]\.?\s?\d{1,2}[-\s/]?\d{4}")
_ALIKE = str.maketrans("‘’\u02bc´`‐‑‒–", "'''''----")  # marks that people write for each other in names
_log = logging.getLogger("letsdance.tables")


class Invalid(Refused):
    """A table that cannot be used: one sentence, and `report`, a row each problem: line, column, value, problem."""

    def __init__(self, sentence: str, /, report: pd.DataFrame, **values: object) -> None:
        super().__init__(sentence, **values)
        self.report = report


@dataclass(frozen=True)
class Table:
    """A table's columns by their own names: text, numbers as Python writes them; the index is the line or row.

    told: the cells as they were written. called: a column's own name -> the name it has in the file.
    """

    where: str               # its name in sentences
    frame: pd.DataFrame
    said: tuple[str, ...] = ()    # what was decided: nothing, or one line
    told: pd.DataFrame | None = None
    called: dict[str, str] = field(default_factory=dict)
    kind: Kind | None = None
    row: str = "line"        # what a row is called
    left: tuple[str, ...] = ()    # columns that are not used

    def name(self, column: str) -> str:
        """What the file calls a column."""
        return self.called.get(column, column) or "the first column"


# ---------------------------------------------------------------- reading

def read(source: Any, kind: Kind, reading: Reading | None = None, also: Sequence[str] = ()) -> Table:
    """A table of a kind, with its numbers read. Columns that it does not know, or that are empty, are left aside and said.

    also: columns of the file that are wanted besides, by the names they have there.
    """
    reading = reading or Reading()
    remedy = Said("give a CSV of {what} with the columns {columns}", what=Said(kind.what), columns=listed(_wanted(kind))
                  ) if kind.needed else Said("give a CSV of {what}", what=Said(kind.what))
    sheet = _long(open_sheet(source, kind.what, remedy, reading, fits(kind)), kind)
    frame = sheet.frame
    meaning = meanings(sheet, kind, also)
    _all_there(sheet, kind, meaning)
    empty = [column for column, name in meaning.items() if name not in kind.needed and name not in kind.one_of
             and len(frame) and (frame[column] == "").all()]
    meaning = {column: name for column, name in meaning.items() if column not in empty}
    if not len(frame):
        raise Refused("{where} has no rows; give at least one below the header.", where=sheet.where)
    left = [column for column in frame.columns if column not in meaning]
    told = frame[list(meaning)].rename(columns=meaning)
    called = {name: sheet.called.get(column, column) for column, name in meaning.items()}
    made, how = _cells(told, kind, sheet, called, reading)
    parts = [*sheet.how, *how]
    known = [Said("{name} is {column}", name=name, column=column or Said("the first column, which has no name"))
             for column, name in meaning.items() if plain_name(column) != name and name in kind.names]
    parts += [_joined(known, "{first}, {rest}")] if known else []
    unused = [_left(column, sheet, kind, meaning, empty) for column in left]
    parts += [Said("not used: {columns}", columns=_joined(unused, "{first}, {rest}"))] if left else []
    return Table(sheet.where, made, _decided(parts), told, called, kind, sheet.row, tuple(left))


def _decided(parts: Sequence[str]) -> tuple[str, ...]:
    """What was decided, in one line."""
    return (Said("Read: {parts}.", parts=_joined(parts, "{first}; {rest}")),) if parts else ()


def _joined(parts: Sequence[str], template: str) -> str:
    """Parts of a sentence one after another; each keeps its template."""
    joined = parts[-1]
    for part in parts[-2::-1]:
        joined = Said(template, first=part, rest=joined)
    return joined


def announce(table: Table | Sheet) -> None:
    """Say what was decided where nobody else will: the command shows it on standard error."""
    for sentence in table.said if isinstance(table, Table) else _decided(table.how):
        _log.info("%s: %s", table.where, sentence)


def _long(sheet: Sheet, kind: Kind) -> Sheet:
    """A sheet whose columns are data themselves as a table of that kind; one that has the kind's own columns as it is."""
    if not kind.across or _has(sheet, kind):
        return sheet
    how: dict[str, Callable[[Sheet], Sheet]] = {"weight": wide.ties, "time": wide.cascades}
    return how.get(kind.across, lambda one: wide.periods(one, kind.across))(sheet)


def _has(sheet: Sheet, kind: Kind) -> bool:
    """Whether a sheet has the columns that a kind needs."""
    try:
        names = set(meanings(sheet, kind).values())
    except Refused:
        return False
    return set(kind.needed) <= names and (not kind.one_of or bool(set(kind.one_of) & names))


def recognise(sheet: Sheet, kinds: Iterable[Kind]) -> Kind | None:
    """The first kind whose columns a header has."""
    return next((kind for kind in kinds if _has(_long(sheet, kind), kind)), None)


def meanings(sheet: Sheet, kind: Kind, also: Sequence[str] = ()) -> dict[str, str]:
    """The columns that are used, and what each is: by its own name first, then by another word for it, at last by a word
    within its name if it is needed; of columns that can be a word, one of numbers only where there is no other (a role is
    in group where respondent holds 1, 2, 3). `Refused` where two columns can be the same one."""
    columns = [column for column in sheet.frame.columns if column]
    words = {column: plain_name(column) for column in columns}
    meaning: dict[str, str] = {}
    for one in kind.fields:
        able = _able(sheet, columns, one)
        for word in dict.fromkeys((one.name, *one.words)) if one.name not in one.words else one.words:
            # Symbols are known by their capitals: S and s are two.
            same = [column for column in able if column not in meaning and (
                column == word if len(word) == 1 and word != "t" else words[column] == plain_name(word))]
            if same:
                if len(same) > 1:
                    raise Refused("{where}: the columns {same} can both be the {name}; call one of them {name}.",
                                  where=sheet.where, same=listed(same), name=one.name)
                meaning[same[0]] = one.name
                break
    for one in kind.fields:
        if one.name not in meaning.values():
            free = [column for column in _able(sheet, columns, one) if column not in meaning]
            same = [column for column in free if words[column] in one.loose]
            if not same and one.name in kind.needed:
                same = [column for column in free if may_be(column, one) and (one.type == "id" or _numeric(sheet, column))]
                same = same if len(same) == 1 else []
            if not same and one.begins and not set(kind.one_of) & set(meaning.values()):
                known = {word for other in kind.fields for word in (other.name, *other.words, *other.loose)}
                same = [column for column in free if words[column].startswith(one.begins) and words[column] not in known]
            if not same and one.sign and not set(kind.one_of) & set(meaning.values()):
                same = [column for column in free if _numeric(sheet, column) and (
                    one.sign in column or sheet.frame[column].str.contains(f"^$|{one.sign}$").all())]
                same = same if len(same) == 1 else []
            if len(same) > 1 and one.type == "id":
                same = [_finest(sheet, same, one)]
            if len(same) > 1:
                raise Refused("{where}: the columns {same} can both be the {name}; call one of them {name}.",
                              where=sheet.where, same=listed(same), name=one.name)
            meaning |= dict.fromkeys(same, one.name)
    if (lost := next((one for one in kind.fields if one.name in kind.needed and one.name not in meaning.values()), None)) \
            and lost.type == "id" and list(sheet.frame.columns)[:1] == [""] and _names_rows(sheet):
        meaning = {"": lost.name, **meaning}
    wanted = {plain_name(name) for name in also}
    return meaning | {column: column for column in columns if words[column] in wanted and column not in meaning}


def fits(*kinds: Kind) -> Callable[[Sequence[str]], bool]:
    """Whether columns of these names can be a table of one of these kinds."""

    def can(columns: Sequence[str]) -> bool:
        words = {plain_name(column) for column in columns if column}
        return any(all(words & {one.name, *one.words, *one.loose} or any(may_be(column, one) for column in columns)
                       for one in kind.fields if one.name in kind.needed) for kind in kinds)

    return can


def _numeric(sheet: Sheet, column: str) -> bool:
    """Whether most cells of a column that say something begin like numbers."""
    cells = sheet.frame[column].iloc[:1_000]
    cells = cells[(cells != "") & ~cells.str.lower().isin(_numbers.BLANK)]
    return not len(cells) or bool(cells.str.contains(r"^['+-]?[.,]?\d", regex=True).mean() > 0.5) or dates.looks(cells)


def _able(sheet: Sheet, columns: Sequence[str], one: Field) -> Sequence[str]:
    """The columns that can be a field: all, but for a word those of numbers only where none of words is named so."""
    named = {plain_name(word) for word in (one.name, *one.words, *one.loose)}
    if one.type == "word" and any(plain_name(column) in named and not _numeric(sheet, column) for column in columns):
        return [column for column in columns if not _numeric(sheet, column)]
    return columns


def _finest(sheet: Sheet, columns: Sequence[str], one: Field) -> str:
    """Of columns of names (state and region) the one that tells most rows apart; of equal ones the usual one."""
    order = {word: k for k, word in enumerate(one.loose)}
    return min(columns, key=lambda column: (-sheet.frame[column].nunique(), order[plain_name(column)]))


def _names_rows(sheet: Sheet) -> bool:
    """Whether the first column, which has no name, holds names of rows and not their numbers."""
    cells = sheet.frame.iloc[:, 0]
    return not cells.duplicated().any() and not cells.str.fullmatch(r"\d*").all()


def _wanted(kind: Kind) -> list[str]:
    return [*kind.needed, *([" or ".join(kind.one_of)] if kind.one_of and kind.name == "histories" else [])]


def _all_there(sheet: Sheet, kind: Kind, meaning: dict[str, str]) -> None:
    """Refuse a header without the columns that are needed, with a hint that helps."""
    columns = list(sheet.frame.columns)
    free = [column for column in columns if column and column not in meaning]
    for column in free if kind.strict else []:
        same = next((one.name for one in kind.fields if column in one.words or plain_name(column) in one.words), "")
        other = next((known for known, name in meaning.items() if name == same), "")
        if other:
            raise Refused("{where}: the column {same} is there twice, as {other} and {column}; keep one.",
                          where=sheet.where, same=same, other=other, column=column)
    missed = kind.one_of if not set(kind.one_of) & set(meaning.values()) else ()
    if kind.strict or missed:
        for column in free:
            near = _near(column, [name for name in missed or kind.names if name not in meaning.values()])
            if near:
                raise Refused("{where}: there is no column {column!r} in a table of {what}. Did you mean {near}? Known: "
                              "{known}.", where=sheet.where, column=column, what=Said(kind.what), near=near,
                              known=", ".join(kind.names))
    for name in kind.needed:
        if name not in meaning.values():
            words = [word for word in dict.fromkeys((*kind[name].words, *kind[name].loose)) if word != name][:8]
            also = Said(" (it may be called {words} too)", words=", ".join(words)) if words else ""
            there = ", ".join(repr(column) for column in columns[:12]) + (", ..." if len(columns) > 12 else "")
            spare = [column for column, meant in meaning.items() if column and meant not in kind.needed]
            looks = _like(sheet, kind[name], free) or _like(sheet, kind[name], spare)
            other, _ = elsewhere(sheet, kind)
            hint = Said(" Is it {looks}? Then call it {name}.", looks=looks, name=name) if looks else Said(
                " It looks like a table of {what}; `letsdance adopters data` says what is in it.",
                what=other) if other else ""
            known = Said(" Known: {known}.", known=", ".join(kind.names)) if kind.strict else ""
            raise Refused("{where}: the column {name} is missing{also}; a table of {what} needs {wanted}, and this has "
                          "{there}{why}.{hint}{known}", where=sheet.where, name=name, also=also, what=Said(kind.what),
                          wanted=listed(_wanted(kind)), there=there, why=_why(columns, kind.needed), hint=hint,
                          known=known)


def _why(columns: list[str], needed: Sequence[str]) -> str:
    """What a header without the columns that are needed may be."""
    if len(columns) == 1 and set(needed) <= set(re.split(r"\W+", columns[0].lower())):
        return Said("; separate columns by commas, semicolons or tabs")
    if any(re.fullmatch(r"[\d.]+", name) for name in columns):
        return Said("; the first line must be the header, and periods stand in rows, not in columns")
    return ""


def _near(column: str, names: Iterable[str]) -> str:
    """The name that a column's is a slip of, '' if none."""
    return next(iter(get_close_matches(plain_name(column), list(names), 1, _NEAR)), "")


def _like(sheet: Sheet, one: Field, free: Sequence[str]) -> str:
    """The free column that a missing one most likely is, by its name or by what stands in it; '' if none."""
    for column in free:
        if may_be(column, one) or _near(column, (one.name, *(word for word in one.words if len(word) > 3), *one.loose)):
            return column
    if one.type == "whole" and len(sheet.frame):
        for column in free:
            cells = sheet.frame[column][sheet.frame[column] != ""]
            if len(cells) and (cells.str.fullmatch(dates.YEAR).all() or (one.dated and dates.looks(cells))):
                return column
    return ""


def elsewhere(sheet: Sheet, kind: Kind) -> tuple[str, tuple[str, ...]]:
    """What other table a sheet looks like that is none of this kind, '' where it is none: the one that uses most of its
    columns; and which of these hold what that table counts."""
    known = {one.name: meanings(sheet, one) for one in KINDS.values() if one is not kind and one is not EDGES
             and _has(sheet, one)}
    if not known:
        return "", ()
    other = KINDS[max(known, key=lambda name: len(known[name]))]
    return Said(other.what), tuple(column for column, name in known[other.name].items() if name in other.one_of)


def _left(column: str, sheet: Sheet, kind: Kind, meaning: dict[str, str], empty: Sequence[str]) -> str:
    """How a column that is not used is said."""
    if not column:
        return Said("a column without a name")
    if column in empty:
        return Said("{column} (it is empty)", column=column)
    near = _near(column, [name for name in kind.names if name not in meaning.values()])
    return Said("{column} (if it is {near}, call it so)", column=column, near=near) if near else column


def _cells(told: pd.DataFrame, kind: Kind, sheet: Sheet, called: dict[str, str], reading: Reading,
           ) -> tuple[pd.DataFrame, list[str]]:
    """Cells as they are meant: names without inner spaces and 2.0 as 2, numbers as Python writes them; and what to say."""
    import pandas as pd

    fields = {one.name: one for one in kind.fields if one.name in told}
    made = {name: told[name] if name in fields and fields[name].type != "id" else ids(told[name]) for name in told.columns}
    for name, one in fields.items():
        if one.numeric and one.blank:
            made[name] = made[name].where(~made[name].str.lower().isin(_numbers.BLANK), "")
    said: list[str] = []
    for name in (name for name, one in fields.items() if one.dated):
        bare = _numbers.unnoted(made[name])
        if (noted := bare != made[name]).any():
            said.append(Said("marks of notes behind {cell} left out", cell=bare[noted].iloc[0]))
        made[name], words = dates.read(bare, called[name])
        said += [words] if words else []
    written = {name: made[name] for name, one in fields.items() if one.numeric and called[name] not in sheet.numeric}
    decimal = {"point": ".", "comma": ","}.get(reading.decimal) or _numbers.mark_of(written)
    for name, column in written.items():
        one = fields[name]
        made[name], words, percent = _numbers.read(
            column, counts=one.type in ("whole", "count"), low=one.low, high=one.high, decimal=decimal,
            sure=bool(reading.decimal), separator=sheet.separator)
        if percent and one.type == "whole":  # 5 % of people are no five people
            made[name], words = column, ""
        if percent and one.high == 1:
            made[name] = numbers(made[name]).div(100).map("{:.15g}".format).replace("nan", "")
            words = Said("{first}, {rest}", first=words, rest=Said("percentages")) if words else Said("percentages")
        if one.sign == "%" and plain_name(called[name]) in SHARES and not percent and numbers(made[name]).max() <= 1:
            made[name] = numbers(made[name]).mul(100).map("{:.15g}".format).replace("nan", "")
            words = Said("{first}, {rest}", first=words, rest=Said("shares of 1")) if words else Said("shares of 1")
        said += [Said("{words} ({column})", words=words, column=called[name])] if words else []
        said += _many_times(made, name, one, called[name])
    return pd.DataFrame(made, index=told.index), said


def _many_times(made: dict[str, pd.Series], name: str, one: Field, called: str) -> list[str]:
    """Make counts whose column says so thousands or millions; what to say of it."""
    many = _numbers.times(called)
    if many == 1 or one.dated or one.type not in ("whole", "count"):
        return []
    told = numbers(made[name])
    made[name] = made[name].where(told.isna(), told.mul(many).map("{:.15g}".format))
    return [Said("{column} times {many:,}", column=called, many=many)]


def ids(column: pd.Series) -> pd.Series:
    """Names in one form: with single spaces, letters of one width, plain apostrophes and hyphens; numbers as whole ones,
    which other programs write as 2.0 or 1e+05."""
    column = column.str.replace(r"\s+", " ", regex=True)
    if column.str.contains("[^\x00-\x7f]", regex=True).any():
        column = column.map({name: unicodedata.normalize("NFKC", name).translate(_ALIKE) for name in column.unique()})
    if column.str.fullmatch(r"-?\d+([.,]0{1,2})?|-?\d(\.\d+)?[eE]\+\d\d|").all():
        column = column.str.replace(r"[.,]0+$", "", regex=True)
        if column.str.contains("[eE]", regex=True).any():
            column = column.map({name: f"{float(name):.0f}" if "e" in name.lower() else name for name in column.unique()})
    return column


# ---------------------------------------------------------------- checking

@dataclass(frozen=True)
class Rule:
    """What must hold of a column in every row, and the words for a row in which it does not."""

    column: str
    holds: Callable[[pd.DataFrame], Any]        # the whole table -> bool a row
    says: Callable[[dict[str, Any]], Said]      # a bad row -> what is wrong and what to do


def check(table: Table, rules: Iterable[Rule] = ()) -> None:
    """Refuse a table in which a rule, of its kind or given, does not hold: pandera finds every bad row, this names the
    first by the words that the file itself uses."""
    import pandas as pd

    frame = table.frame
    rules = [rule for rule in (*of_kind(table), *rules) if rule.column in frame]
    held = [pd.Series(np.asarray(rule.holds(frame), bool), index=frame.index) for rule in rules]
    if all(good.all() for good in held):
        return
    import pandera.pandas as pa

    lines, frame = frame.index, frame.reset_index(drop=True)  # periods that stand side by side share their line
    held = [good.reset_index(drop=True) for good in held]
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
        written = frame if table.told is None or len(table.told) != len(frame) else table.told
        rows = list(dict.fromkeys((int(lines[at]), table.name(rules[k].column),
                 text(written[rules[k].column].iloc[at] if rules[k].column in written else cell[rules[k].column]),
                 rules[k].says(cell)) for at, k, cell in zip(bad["index"], bad["rule"], cells, strict=True)))
        report = pd.DataFrame(rows, columns=["line", "column", "value", "problem"], dtype=object)
        line, column, value, problem = rows[0]
        others = Said(" (1 more row has problems.)") if count == 2 else Said(
            " ({more:,} more rows have problems.)", more=count - 1) if count > 1 else ""
        raise Invalid("{where}, {row} {line}: {column} {value!r} {problem}.{others}", report, where=table.where,
                      row=Said(table.row), line=line, column=column, value=value, problem=problem, others=others) from None


def of_kind(table: Table) -> list[Rule]:
    """What the kind of a table says of its columns: names and texts are given, numbers lie in their ranges."""
    rules: list[Rule] = []
    kind = table.kind
    if kind is None:
        return rules
    for one in kind.fields:
        if one.numeric:
            rules += number(one.name, one.low, one.high, one.type == "whole", one.blank, one.example)
        elif not one.blank:
            rules.append(given(one.name, None if one.name in kind.needed else
                               Said("; give it in every row, or take the column {column} out",
                                    column=table.name(one.name))))
    return rules


def numbers(column: pd.Series) -> pd.Series:
    """float64: NaN for what is blank or no number."""
    import pandas as pd

    return pd.to_numeric(column.where(column != "", "nan"), errors="coerce").astype(np.float64)


def number(name: str, low: float = -np.inf, high: float = np.inf, whole: bool = False, blank: bool = False,
           example: str = "2004") -> list[Rule]:
    """A column of numbers within a range."""
    what = "a whole number" if whole else "a number"
    reach = (" from {low:,.15g} to {high:,.15g}" if np.isfinite(high) else " from {low:.15g}") if np.isfinite(low) else ""
    fills: dict[str, Any] = {"number": Said(what + reach, low=low, high=high), "example": example}

    def holds(frame: pd.DataFrame) -> Any:
        values = numbers(frame[name])
        good = values.between(low, high) & np.isfinite(values) & ((values == values.round()) if whole else True)
        return good | ((frame[name] == "") if blank else False)

    def says(row: dict[str, Any]) -> Said:
        told = row[name]
        if told == "":
            return Said("is missing; give {number}, such as {example}", **fills)
        if told.lower() in _numbers.BLANK:
            return Said("is not known; take the row out, or give {number}, such as {example}", **fills)
        if told.startswith(_numbers.UNCLEAR) or re.fullmatch(r"[1-9]\d{0,2}(\.\d{3})+", told):
            return Said("can have a mark of thousands or of decimals; write it without thousands, as in {example}", **fills)
        if re.fullmatch(r"[+-]?\d[\d\s]*(,\d+)+(\.\d*)?", told):
            return Said("has a comma; give {number}, such as {example}, with a point for decimals and none for "
                        "thousands", **fills)
        if _DATE.fullmatch(told) and not _YEARS.fullmatch(told):
            return Said("is text or a date written as text; give {number}, such as {example}", **fills)
        if _YEARS.fullmatch(told):
            return Said("names two years; give one of them, such as {first}", first=told[:4])
        if _PART.fullmatch(told):
            return Said("is part of a year; number such periods one by one, as in 1, 2, 3, or give the year alone, such as "
                        "{example}", **fills)
        if blank and whole:
            return Said("must be {number}, such as {example}, or blank", **fills)
        return Said("must be {number}, such as {example}", **fills)

    return [Rule(name, holds, says)]


def no_dates(table: Table, name: str, values: pd.Series) -> None:
    """Refuse 200112 and 20011224 as numbers of periods: 200112 and 200201 are not 89 periods apart. And years of two digits
    that pass a century: 98 comes before 01."""
    known = values.dropna()
    _short_years(table, name, known)
    year, month, day = known // 10_000, known // 100 % 100, known % 100
    whole = year.between(1700, 2200) & month.between(1, 12) & day.between(1, 31)
    short = (known // 100).between(1700, 2200) & (known % 100).between(1, 53)
    serial = known.between(20_000, 60_000) & bool(tokens(table.name(name)) & {"date", "datum"})
    for looks, said in ((whole, Said("a date")), (short, Said("a year with a month or week")),
                        (serial, Said("a date as spreadsheets number days"))):
        if known.nunique() > 1 and looks.all():
            raise Refused("{where}, {row} {index}: {table} {iloc:.0f} looks like {said}, as all do; number the periods "
                          "one by one instead.", where=table.where, row=table.row, index=known.index[0],
                          table=table.name(name), iloc=known.iloc[0], said=said)


def _short_years(table: Table, name: str, values: pd.Series) -> None:
    """Refuse 98 and 01 as years: they do not lie 97 apart. A column called year, or cells such as 01, tell that they are
    years; that the widest gap lies within and not at the turn of the century, that they pass it."""
    known = np.unique(values)
    if len(known) < 3 or known[0] < 0 or known[-1] > 99 or (known != np.rint(known)).any():
        return
    gaps = np.diff(known)
    at = int(gaps.argmax())
    cells = table.told[name].str.strip() if table.told is not None and name in table.told else None
    zeros = cells is not None and bool(cells.str.fullmatch(r"'?0\d").any())
    if not (zeros or (tokens(table.name(name)) & _YEAR and min(at + 1, len(known) - at - 1) > 1)) \
            or gaps[at] <= 100 - (known[-1] - known[0]) or not known[at] < 50 <= known[at + 1]:
        return
    old, new = int(known[at + 1]), int(known[at])
    raise Refused("{where}: {column} has years of two digits that pass a century, {old} and {new}; write them with "
                  "four, such as {old_4} and {new_4}.", where=table.where, column=table.name(name), old=f"{old:02d}",
                  new=f"{new:02d}", old_4=1900 + old, new_4=2000 + new)


def given(name: str, remedy: Said | None = None) -> Rule:
    """A column without gaps."""
    return Rule(name, lambda frame: frame[name] != "", lambda row: Said("is missing{remedy}", remedy=remedy or ""))


def once(names: list[str], why: Said | None = None) -> Rule:
    """Rows that say the same of these columns as an earlier row."""
    return Rule(names[0], lambda frame: ~frame.duplicated(names),
                lambda row: Said("is there already{why}; keep one row", why=why or ""))


__all__ = ["MOST_PROBLEMS", "SEPARATORS", "Field", "Invalid", "Kind", "Reading", "Rule", "Sheet", "Table", "Upload",
           "announce", "check", "elsewhere", "fits", "given", "ids", "meanings", "no_dates", "number", "numbers", "of_kind",
           "once", "open_sheet", "pasted", "plain_name", "read", "recognise", "text"]
