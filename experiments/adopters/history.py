"""Histories of adoption by period, read from a table and checked: how many had adopted, when, out of how many."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from letsdance.experiments.adopters.counts import read_counts
from letsdance.params import Refused, Said
from letsdance.scenarios import tables
from letsdance.scenarios.tables.kinds import COUNTS, HISTORIES, TIMES

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
    about: Mapping[str, str] = field(default_factory=dict)  # what else is told of it, such as topic, mandate or cost

    def __repr__(self) -> str:
        return f"{self.name}: {self.adopters} of {self.population} by period {self.last}, told from period {self.first}"

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
        return replace(self, cum=self.cum[:periods])

    def reaches(self, share: float, of: int | None = None) -> int | None:
        """Index of the first period at whose end `share` of the population (or of `of`) has adopted; None if never."""
        reached = np.flatnonzero(self.cum >= share * (self.population if of is None else of) - 1e-9)
        return int(reached[0]) if len(reached) else None


#: A file's path, a table, or cascades read already.
type HistoryLike = str | Path | pd.DataFrame | Cascade | Sequence[Cascade]


def read(source: HistoryLike, population: int | None = None, least: int = 2) -> list[Cascade]:
    """Cascades from a CSV file, a pandas table or cascades already read, in the order of their first rows.

    Columns: t (a whole number, rising within a task), new or cum or both, task_id (without it, one cascade) and
    population (without it, the one given here; both only where they agree). A period that no row names is one
    in which nobody adopted. Any other column that says one thing for each task is kept as `about`.
    `least`: adopters that each cascade needs. Refused with the row otherwise.

    >>> ld.read_history(pd.DataFrame({"t": [1, 2, 3], "new": [1, 3, 5]}), population=50)[0].adopters
    9
    """
    if isinstance(source, Cascade):
        source = [source]
    if isinstance(source, Sequence) and not isinstance(source, str) and all(isinstance(c, Cascade) for c in source):
        cascades = list(source)
        if not cascades:
            raise Refused("there is no cascade; give at least one.")
        return [_enough(c, least, f"cascade {c.name}") for c in cascades]
    sheet = tables.open_sheet(source, "the history", Said("give a CSV with the columns {columns}",
                                                           columns=", ".join(COLUMNS)))
    kind = tables.recognise(sheet, (HISTORIES, COUNTS, TIMES))
    if kind is COUNTS:  # what can never be a curve says so; else what it lacks is said below
        known_counts = read_counts(sheet)
        for unit in known_counts.units:
            known_counts.adopters(unit)
    if kind is TIMES:
        return [_enough(_counted(sheet, population), least, sheet.where)]
    also = _telling(sheet)
    known = tables.read(sheet, HISTORIES, also=also)
    return _about(_read(known, population, least), known, also)


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


def _counted(sheet: tables.Sheet, population: int | None) -> Cascade:
    """The one cascade of a table of times of adoption, a row a node."""
    from letsdance.experiments.adopters.data import read_times

    adoption = read_times(sheet)
    size = len(adoption.nodes) if population is None else population
    cum = (adoption.times[None, :] <= adoption.periods[:, None]).sum(axis=1)
    if size < cum[-1]:
        raise Refused("{where}: {cum} have adopted, more than the population of {size}; correct the population.",
                      where=sheet.where, cum=cum[-1], size=size)
    return Cascade("1", size, int(adoption.periods[0]), cum.astype(np.int64))


def _read(table: tables.Table, population: int | None, least: int) -> list[Cascade]:
    path, frame, called = table.where, table.frame, table.name
    if not {"new", "cum"} & set(frame):
        raise Refused("{path}: there is neither a column new (adopters in the period) nor a column cum (adopters so far); "
                      "give one of them.", path=path)
    if population is None and "population" not in frame:
        raise Refused("{path}: there is no column population; give it, or say --population.", path=path)
    if population is not None and not 1 <= population <= _LARGEST:
        raise Refused("the population must lie from 1 to {largest:,}, not {population}.", largest=_LARGEST,
                      population=population)
    if population is not None and "population" in frame:
        written = frame["population"].astype(str).str.strip()
        if other := next((size for size in written if size not in ("", str(population))), ""):
            raise Refused("{path}: the column {called} says {other}, and --population says {population}; leave out one of "
                          "them.", path=path, called=called("population"), other=other, population=population)
        table = replace(table, frame=frame.drop(columns="population"))
        frame = table.frame
    tables.check(table)
    tables.no_dates(table, "t", tables.numbers(frame["t"]))
    tables.announce(table)
    columns = {name: tables.numbers(frame[name]).astype(np.int64).tolist() for name in ("t", "population", "new", "cum")
               if name in frame}
    names = frame["task_id"].tolist() if "task_id" in frame else ["1"] * len(frame)
    found: dict[str, list[tuple[str, int, int, int, int]]] = {}
    for number, (name, line) in enumerate(zip(names, frame.index, strict=True)):
        place = f"{path}, {table.row} {line}"
        t = columns["t"][number]
        size = population if population is not None else columns["population"][number]
        told = found.setdefault(name, [])
        before = told[-1][3] if told else 0
        new = columns["new"][number] if "new" in columns else None
        cum = columns["cum"][number] if "cum" in columns else before + (new or 0)
        if told and t <= told[-1][1]:
            if t in [row[1] for row in told]:
                raise Refused("{place}: period {t} of task {name} is there twice; each period needs one row, in rising "
                              "order.", place=place, t=t, name=name)
            raise Refused("{place}: period {t} of task {name} comes after period {before}; each period needs one row, in "
                          "rising order.", place=place, t=t, name=name, before=told[-1][1])
        if cum < before:
            raise Refused("{place}: {called} falls from {before} to {cum}; it counts all who have ever adopted, so count "
                          "those who gave up as well.", place=place, called=called("cum"), before=before, cum=cum)
        if new is not None and (new != cum - before if told else new > cum):
            raise Refused("{place}: {called} is {new}, but {called_2} rises from {before} to {cum}; correct one of "
                          "them.", place=place, called=called("new"), new=new, called_2=called("cum"), before=before,
                          cum=cum)
        if size < cum:
            raise Refused("{place}: {cum} have adopted, more than the population of {size}; correct the population.",
                          place=place, cum=cum, size=size)
        if told and size != told[-1][2]:
            raise Refused("{place}: the population of task {name} changes from {told} to {size}; give one for all its "
                          "rows.", place=place, name=name, told=told[-1][2], size=size)
        if told and t - told[0][1] >= LONGEST:
            raise Refused("{place}: task {name} is longer than {longest:,} periods; use longer periods.", place=place,
                          name=name, longest=LONGEST)
        told.append((place, t, size, cum, number))
    return [_cascade(name, told, least) for name, told in found.items()]


def _telling(sheet: tables.Sheet) -> list[str]:
    """Columns that are none of a history's and say one thing of each task."""
    meaning = tables.meanings(sheet, HISTORIES)
    task = next((column for column, name in meaning.items() if name == "task_id"), None)
    by = sheet.frame[task].str.strip() if task is not None else sheet.frame.index.map(lambda _: "1").to_series()
    found = []
    for column in sheet.frame.columns:
        said = sheet.frame[column].str.strip()
        each = said.groupby(by.to_numpy()).nunique()
        if column and column not in meaning and (each == 1).all():
            found.append(column)
    return found


def _about(cascades: list[Cascade], table: tables.Table, also: Sequence[str]) -> list[Cascade]:
    """The cascades with what those columns say of them."""
    frame = table.frame
    tasks = frame["task_id"] if "task_id" in frame else frame["t"].map(lambda _: "1")
    first = frame[~tasks.duplicated()].set_axis(tasks[~tasks.duplicated()])
    return [replace(c, about={column: first.loc[c.name, column].strip() for column in also
                              if column in first and first.loc[c.name, column].strip()}) for c in cascades]


def _cascade(name: str, told: list[tuple[str, int, int, int, int]], least: int) -> Cascade:
    t, cum = np.array([row[1] for row in told]), np.array([row[3] for row in told], np.int64)
    filled = cum[np.searchsorted(t, np.arange(t[0], t[-1] + 1), side="right") - 1]
    place = f"{told[-1][0]}, where task {name} ends"
    return _enough(Cascade(name, told[0][2], int(t[0]), filled), least, place)


def _enough(cascade: Cascade, least: int, place: str) -> Cascade:
    if cascade.adopters == 0 and least > 0:
        raise Refused("{place}: nobody has adopted yet, all {population} are censored; give a history with at least "
                      "{least}.", place=place, population=cascade.population,
                      least="one adopter" if least == 1 else f"{least} adopters")
    if cascade.adopters < least:
        raise Refused("{place}: 1 adopter cannot show a curve; give a history with at least {least}."
                      if cascade.adopters == 1 else
                      "{place}: {adopters} adopters cannot show a curve; give a history with at least {least}.",
                      place=place, least=least, adopters=cascade.adopters)
    return cascade
