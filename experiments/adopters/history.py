"""Histories of adoption by period, read from a table and checked: how many had adopted, when, out of how many."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from params import Refused, nearest

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("task_id", "population", "t", "new", "cum")
_LARGEST = 1_000_000_000
_FEWEST, _BEFORE, _SURE = 5, 5, 3.0  # of `silence_cut`: cascades, periods, standard deviations of chance
#: No history is longer: periods that no row names count as periods without adopters, so a slip could make millions.
LONGEST = 5_000


@dataclass(frozen=True)
class Cascade:
    """One curve of adoption. `cum[i]` have adopted by the end of period `first + i`, out of `population`."""

    name: str
    population: int
    first: int
    cum: np.ndarray  # int64[T], never falls

    @property
    def last(self) -> int:
        """The last period told."""
        return self.first + len(self.cum) - 1

    @property
    def t(self) -> np.ndarray:
        """int64[T]: the periods."""
        return np.arange(self.first, self.last + 1)

    @property
    def new(self) -> np.ndarray:
        """int64[T]: adopters in each period; the first counts all before it too."""
        return np.diff(self.cum, prepend=0)

    @property
    def adopters(self) -> int:
        """How many have adopted by the end."""
        return int(self.cum[-1])

    def until(self, periods: int) -> Cascade:
        """The first `periods` periods."""
        return Cascade(self.name, self.population, self.first, self.cum[:periods])

    def reaches(self, share: float, of: int | None = None) -> int | None:
        """Index of the first period at whose end `share` of the population (or of `of`) has adopted; None if never."""
        reached = np.flatnonzero(self.cum >= share * (self.population if of is None else of) - 1e-9)
        return int(reached[0]) if len(reached) else None


def read(source: Any, population: int | None = None, least: int = 2) -> list[Cascade]:
    """Cascades from a CSV file, a pandas table or cascades already read, in the order of their first rows.

    Columns: t (a whole number, rising within a task), new or cum or both, task_id (without it, one cascade) and
    population (without it, the one given here, which also goes before the column). A period that no row names is one
    in which nobody adopted. `least`: adopters that each cascade needs. Refused with the row otherwise.
    """
    if isinstance(source, Cascade):
        source = [source]
    if isinstance(source, Sequence) and not isinstance(source, str) and all(isinstance(c, Cascade) for c in source):
        cascades = list(source)
        if not cascades:
            raise Refused("there is no cascade; give at least one.")
        return [_enough(c, least, f"cascade {c.name}") for c in cascades]
    if hasattr(source, "to_dict"):
        rows = [(k + 1, "", {str(n): v for n, v in row.items()}) for k, row in enumerate(source.to_dict("records"))]
        return _read("the history", rows, [str(column) for column in source.columns], population, least)
    path = Path(source)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            lines = [(k + 1, f" (line {reader.line_num})", row) for k, row in enumerate(reader)]
            return _read(path.name, lines, list(reader.fieldnames or ()), population, least)
    except FileNotFoundError:
        raise Refused(f"there is no file {path}; give a CSV with the columns {', '.join(COLUMNS)}.") from None
    except UnicodeDecodeError:
        raise Refused(f"{path} is not UTF-8 text; save it as CSV in UTF-8.") from None
    except (OSError, csv.Error) as error:
        raise Refused(f"{path} cannot be read as CSV: {error}.") from None


def table(cascades: Sequence[Cascade]) -> pd.DataFrame:
    """The cascades as the table that `read` reads: task_id, population, t, new, cum."""
    import pandas as pd

    return pd.concat([pd.DataFrame({"task_id": c.name, "population": c.population, "t": c.t, "new": c.new,
                                    "cum": c.cum}) for c in cascades], ignore_index=True)


def silence_cut(cascades: Sequence[Cascade]) -> bool:
    """Whether the last rows seem to tell when the last one adopted, not until when somebody watched.

    Where all are watched for a set time, a last period has an adoption about as often as the few before it. Here more than
    nine in ten end with one, three standard deviations more than the five periods before have. Cascades that end when
    everybody has adopted say nothing of it.
    """
    rows = [c.new[1:][-_BEFORE - 1:] > 0 for c in cascades
            if len(c.cum) > 1 and (c.adopters < c.population or c.new[-1] == 0)]
    if len(rows) < _FEWEST:
        return False
    ends, others = np.array([one[-1] for one in rows]), np.concatenate([one[:-1] for one in rows])
    busy = others.mean() if len(others) else 1.0
    return bool(ends.mean() > 0.9 and ends.mean() - busy > _SURE * math.sqrt(busy * (1 - busy) / len(ends)))


def with_silence(cascades: Sequence[Cascade], most: int) -> list[Cascade]:
    """The cascades as if all were watched until the newest period told, by at most `most` periods more each."""
    newest = max(c.last for c in cascades)
    return [replace(c, cum=np.pad(c.cum, (0, min(newest - c.last, most, LONGEST - len(c.cum))), mode="edge"))
            for c in cascades]


def _text(value: Any) -> str:
    """Empty where nothing is told."""
    text = "" if value is None else str(value).strip()
    return "" if text in ("nan", "NaN", "<NA>", "NaT") else text


def _whole(value: Any, what: str, place: str, low: int, high: int) -> int:
    text = _text(value)
    if not text:
        raise Refused(f"{place}: {what} is empty; it must be a whole number.")
    try:
        number = float(text)
    except ValueError:
        if what == "t":
            raise Refused(f"{place}: t must be a period's number such as 3 or 1998, not {text!r}; "
                          f"turn dates into whole years, quarters or months first.") from None
        raise Refused(f"{place}: {what} must be a whole number, not {text!r}.") from None
    if not math.isfinite(number) or number != round(number):
        raise Refused(f"{place}: {what} must be a whole number, not {text}.")
    if not low <= number <= high:
        raise Refused(f"{place}: {what} must lie from {low:,} to {high:,}, not {text}.")
    return int(number)


def _read(path: str, rows: Sequence[tuple[int, str, Mapping[str, Any]]], header: list[str], population: int | None,
          least: int) -> list[Cascade]:
    words = {column: (column or "").strip().lower() for column in header}
    told_words = [(column or "").strip().lower() for column in header]
    for mark, called in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and mark in header[0]:
            raise Refused(f"{path}: its columns are separated by {called}; save it with commas.")
    if "t" not in words.values():
        near = nearest("time", [w for w in told_words if w])
        raise Refused(f"{path}: the column t (the period) is missing; it needs t, and new or cum.{near}")
    if not {"new", "cum"} & set(words.values()):
        raise Refused(f"{path}: there is neither a column new (adopters in the period) nor a column cum (adopters so far); "
                      f"give one of them.")
    for word in COLUMNS:
        if told_words.count(word) > 1:
            raise Refused(f"{path}: the column {word} is there twice; keep one.")
    if population is None and "population" not in words.values():
        raise Refused(f"{path}: there is no column population; give it, or say --population.")
    if population is not None and not 1 <= population <= _LARGEST:
        raise Refused(f"the population must lie from 1 to {_LARGEST:,}, not {population}.")
    if not rows:
        raise Refused(f"{path} has no rows; give at least one period.")
    tasks: dict[str, list[tuple[str, int, int, int, int]]] = {}
    for number, line, raw in rows:
        place = f"{path}, row {number}{line}"
        if line and (None in raw or any(raw.get(column) is None for column in header)):
            raise Refused(f"{place}: this row does not have {len(header)} values; check the commas.")
        row = {word: raw[column] for column, word in words.items()}
        name = _text(row.get("task_id", "1"))
        if not name:
            raise Refused(f"{place}: the task_id is missing.")
        t = _whole(row["t"], "t", place, -_LARGEST, _LARGEST)
        size = population if population is not None else _whole(row["population"], "population", place, 1, _LARGEST)
        told = tasks.setdefault(name, [])
        before = told[-1][3] if told else 0
        new = _whole(row["new"], "new", place, 0, _LARGEST) if "new" in row else None
        cum = _whole(row["cum"], "cum", place, 0, _LARGEST) if "cum" in row else before + (new or 0)
        if told and t <= told[-1][1]:
            said = "is there twice" if t in [row[1] for row in told] else f"comes after period {told[-1][1]}"
            raise Refused(f"{place}: period {t} of task {name} {said}; each period needs one row, in rising order.")
        if cum < before:
            raise Refused(f"{place}: cum falls from {before} to {cum}; it counts all who have ever adopted, so count those "
                          f"who gave up as well.")
        if new is not None and (new != cum - before if told else new > cum):
            raise Refused(f"{place}: new is {new}, but cum rises from {before} to {cum}; correct one of them.")
        if size < cum:
            raise Refused(f"{place}: {cum} have adopted, more than the population of {size}; correct the population.")
        if told and size != told[-1][2]:
            raise Refused(f"{place}: the population of task {name} changes from {told[-1][2]} to {size}; "
                          f"give one for all its rows.")
        if told and t - told[0][1] >= LONGEST:
            raise Refused(f"{place}: task {name} is longer than {LONGEST:,} periods; use longer periods.")
        told.append((place, t, size, cum, number))
    _not_dates(tasks)
    return [_cascade(name, told, least) for name, told in tasks.items()]


def _not_dates(tasks: Mapping[str, list[tuple[str, int, int, int, int]]]) -> None:
    """200112 and 200201 are not 89 periods apart: years with months, weeks or days written as one number are refused."""
    rows = [row for told in tasks.values() for row in told]
    t = np.array([row[1] for row in rows])
    for year, rest, said in ((t // 100, t % 100, "a year with a month or week"),
                             (t // 10_000, t % 10_000, "a date")):
        months = (rest >= 1) & (rest <= 53) if said != "a date" else (rest >= 101) & (rest <= 1231)
        if len(set(t)) > 1 and ((year >= 1700) & (year <= 2200) & months).all():
            raise Refused(f"{rows[0][0]}: t looks like {said} ({t[0]}); number the periods one by one instead.")


def _cascade(name: str, told: list[tuple[str, int, int, int, int]], least: int) -> Cascade:
    t, cum = np.array([row[1] for row in told]), np.array([row[3] for row in told], np.int64)
    filled = cum[np.searchsorted(t, np.arange(t[0], t[-1] + 1), side="right") - 1]
    place = f"{told[-1][0]}, where task {name} ends"
    return _enough(Cascade(name, told[0][2], int(t[0]), filled), least, place)


def _enough(cascade: Cascade, least: int, place: str) -> Cascade:
    if cascade.adopters == 0 and least > 0:
        raise Refused(f"{place}: nobody has adopted yet, all {cascade.population} are censored; "
                      f"give a history with at least {'one adopter' if least == 1 else f'{least} adopters'}.")
    if cascade.adopters < least:
        raise Refused(f"{place}: {cascade.adopters} adopter{'s' if cascade.adopters > 1 else ''} cannot show a curve; "
                      f"give a history with at least {least}.")
    return cascade
