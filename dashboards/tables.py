"""Tables that people bring to a page: read by the one reader (scenarios.tables), with what a person says of them.

A guess is only a proposal: `guess` makes a `Choice`, the page shows it, a person may change it, and `check` goes by what
was chosen. What a column means and the scale of answers are told to the same functions that the command line uses
(simulation.municipalities.load, experiments.adopters.surveys.read_survey); what they refuse is listed by line.
"""

from __future__ import annotations

import base64
import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from letsdance.experiments.paired import Interval, interval
from letsdance.params import Refused
from letsdance.scenarios.tables import SEPARATORS, Invalid, Reading, Sheet, Upload, ids, meanings, open_sheet
from letsdance.scenarios.tables.kinds import SURVEY, asks
from letsdance.scenarios.tables.marks import mark_of, plain, tidy

if TYPE_CHECKING:
    import pandas as pd

    from letsdance.experiments.adopters.surveys import Survey
    from letsdance.simulation.municipalities import Municipalities

__all__ = ["DECIMALS", "FEWEST", "KINDS", "MEANINGS", "MOST_BYTES", "SCALES", "SEPARATORS", "Checked", "Choice", "Mean",
           "Problem", "Sheet", "check", "for_kind", "guess", "means", "number", "open_questions", "places_csv", "read",
           "scaled_down", "upload_in", "with_coordinates", "with_scale", "without"]

KINDS = ("municipalities", "survey")
NEEDED: Mapping[str, tuple[str, ...]] = {"municipalities": ("name", "citizens"), "survey": ("role", "willingness")}
DECIMALS: Mapping[str, str] = {"point": ".", "comma": ","}
#: What answers can be on, as a person chooses it, and as the reader takes it; `told` is what they say themselves: words,
#: percentages, shares.
SCALES: Mapping[str, str] = {"share": "0-1", "four": "1-4", "five": "1-5", "seven": "1-7", "from_0": "0-10", "ten": "1-10",
                             "percent": "0-100", "told": ""}
MOST_BYTES = 5_000_000
#: Citizens in all that 20 runs of 60 quarters simulate within a second; with more, one stands for several.
_QUICK = 20_000
#: Citizens that a municipality keeps at least: smaller ones could hardly fill an initiative.
FEWEST = 10


def _meanings() -> Mapping[str, tuple[str, ...]]:
    from letsdance.simulation.municipalities import KIND

    return {"municipalities": KIND.names, "survey": ("role", "willingness", "trust", "municipality")}


#: What the columns of a table can mean; the first ones are needed.
MEANINGS = _meanings()


@dataclass(frozen=True, slots=True)
class Choice:
    """How a table is read. columns: what each column means, '' where it is left out. '' anywhere else: not known, or of
    no use (the separator of a workbook)."""

    kind: str
    separator: str
    decimal: str
    columns: tuple[str, ...]
    scale: str


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row: its line, the column and value as they stand there, and the reader's words."""

    line: int
    column: str
    value: str
    says: str


@dataclass(frozen=True, eq=False)
class Checked:
    """What the good rows hold (None: there is none), how many they are, and what is wrong with each of the others."""

    read: Municipalities | Survey | None
    good: int
    bad: tuple[Problem, ...]

    @property
    def out(self) -> int:
        """Rows that are left out."""
        return len({problem.line for problem in self.bad})


# ---------------------------------------------------------------- reading

@lru_cache(8)
def read(upload: Upload, separator: str = "") -> Sheet:
    """A file's rows as the one reader finds them. Raises `Refused`."""
    sheet = open_sheet(upload, reading=Reading(separator=separator, most=MOST_BYTES))
    if not len(sheet.frame):
        raise Refused("{where} has no rows; give at least one below the header.", where=sheet.where)
    return sheet


def number(text: str, decimal: str) -> float:
    """A number as people write it, such as 12.345,6 with decimal 'comma'; NaN for what is none."""
    told = plain(tidy(text), DECIMALS[decimal])
    return float(told) if re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)", told) else math.nan


def guess(upload: Upload) -> Choice:
    """How a table should most likely be read; '' where the table does not tell. `Refused` for what is no table."""
    sheet = read(upload)
    columns = {kind: _columns(sheet, kind) for kind in KINDS}
    told = [kind for kind in KINDS if all(need in columns[kind] for need in NEEDED[kind])]
    if len(told) == 2:
        told = ["survey" if asks(sheet.frame.columns) else "municipalities"]
    kind = told[0] if len(told) == 1 else ""
    separator = "" if sheet.row != "line" else next(name for name, mark in SEPARATORS.items() if mark == sheet.separator)
    mark = mark_of({name: sheet.frame[name] for name in sheet.frame.columns if name not in sheet.numeric})
    usual = "," if sheet.separator == ";" else "."
    decimal = "comma" if (mark or usual) == "," else "point"
    return with_scale(sheet, Choice(kind, separator, decimal, columns.get(kind, ("",) * sheet.frame.shape[1]), ""))


def for_kind(sheet: Sheet, choice: Choice, kind: str) -> Choice:
    """The same table read as another kind, its columns and scale guessed anew."""
    return with_scale(sheet, replace(choice, kind=kind, columns=_columns(sheet, kind)))


def with_scale(sheet: Sheet, choice: Choice) -> Choice:
    """The scale that answers tell themselves, by words, signs or fractions, or their column by its name; '' where somebody
    has to say it."""
    from letsdance.experiments.adopters.surveys import in_header

    ends = in_header([sheet.frame.columns[k] for k in _scaled(choice)])
    name = next((name for name, known in SCALES.items() if ends and known == "{:g}-{:g}".format(*ends)), "told")
    choice = replace(choice, scale=name)
    if not choice.kind or not _scaled(choice) or open_questions(choice):
        return choice if choice.kind and not _scaled(choice) else replace(choice, scale="")
    try:
        found = check(sheet, choice)
    except Refused:
        return replace(choice, scale="")
    if choice.kind == "municipalities":
        beyond = {problem.line for problem in found.bad if problem.says.startswith("must be a number from")}
        return choice if len(beyond) < len(sheet.frame) / 2 else replace(choice, scale="")
    return choice if found.good else replace(choice, scale="")


def _scaled(choice: Choice) -> list[int]:
    """The columns that hold answers on the scale."""
    plain = ("", "name", "citizens", "role", "municipality")
    return [k for k, meaning in enumerate(choice.columns) if meaning not in plain]


def _columns(sheet: Sheet, kind: str) -> tuple[str, ...]:
    """What each column means by its name."""
    from letsdance.experiments.adopters.surveys import kind_of
    from letsdance.simulation.municipalities import KIND

    if kind == "municipalities":
        try:
            found = meanings(sheet, KIND)
        except Refused:  # two columns can be one: somebody has to say which
            found = {}
    else:
        survey, items = kind_of(sheet)
        try:
            found = meanings(sheet, survey if items else SURVEY)
        except Refused:
            found = {}
        of = {name: what for what, names in items.items() for name in names}
        found = {column: of.get(name, name) for column, name in found.items()}
    return tuple(found.get(column, "") for column in sheet.frame.columns)


# ---------------------------------------------------------------- what a person still has to say

def open_questions(choice: Choice) -> list[tuple[str, str]]:
    """What must be chosen before the table can be used: (a text's key, the meaning it is about)."""
    if not choice.kind:
        return [("data.ask_kind", "")]
    asked = [("data.ask_column", need) for need in NEEDED[choice.kind] if need not in choice.columns]
    asked += [("data.ask_once", meaning) for meaning in MEANINGS[choice.kind] if choice.columns.count(meaning) > 1
              and not (choice.kind == "survey" and meaning in ("willingness", "trust"))]  # items of one thing
    if not choice.scale and _scaled(choice):
        asked.append(("data.ask_scale", ""))
    return asked


# ---------------------------------------------------------------- checking

def check(sheet: Sheet, choice: Choice) -> Checked:
    """What the good rows say, and what is wrong with each of the others; a row that is refused is left out.

    The choice must leave no open question. `Refused` for what no row can be blamed for.
    """
    if open_questions(choice):
        raise ValueError("the choice leaves questions open")
    named = _named(sheet, choice)
    bad: dict[Problem, None] = {}
    while len(named.frame):
        try:
            return Checked(_of(named, choice), len(named.frame), tuple(bad))
        except Invalid as no:
            lines = no.report["line"]
            bad |= dict.fromkeys(Problem(int(row.line), row.column, row.value, row.problem)
                                 for row in no.report.itertuples())
            named = replace(named, frame=named.frame[~named.frame.index.isin(lines)])
    return Checked(None, 0, tuple(bad))


def _of(sheet: Sheet, choice: Choice) -> Municipalities | Survey:
    from letsdance.experiments.adopters.surveys import read_survey
    from letsdance.simulation.municipalities import load

    reading, ends = Reading(decimal=choice.decimal), SCALES[choice.scale or "told"]
    if choice.kind == "survey":
        try:
            survey = read_survey(sheet, ends or None, reading=reading)
        except Invalid:
            raise
        except Refused as no:
            raise Refused("data.ask_scale") if "--scale" in str(no) else no from None
        if survey.guessed:  # nobody confirmed it
            raise Refused("data.ask_scale")
        return survey
    low, high = (float(end) for end in (ends or "0-1").split("-"))
    return load(sheet, (low, high), reading)


def _named(sheet: Sheet, choice: Choice) -> Sheet:
    """The columns that were chosen, by the reader's names; what is said of them names those of the file."""
    from letsdance.experiments.adopters.surveys import is_reversed

    names: dict[str, str] = {}
    for column, meaning in zip(sheet.frame.columns, choice.columns, strict=True):
        if meaning and choice.columns.count(meaning) > 1:
            meaning = f"{meaning}_{sum(name.startswith(meaning) for name in names.values()) + 1}"
            meaning += "_reversed" if is_reversed(column) else ""
        names |= {column: meaning} if meaning else {}
    frame = sheet.frame[list(names)].rename(columns=names)
    frame = frame[(frame != "").any(axis=1)]
    return replace(sheet, frame=frame, called={name: column for column, name in names.items()})


# ---------------------------------------------------------------- municipalities

def scaled_down(citizens: Iterable[float]) -> int:
    """For how many inhabitants one simulated citizen should stand (1, 2, 5, 10, ...), so that answers stay quick."""
    total = float(sum(citizens))
    steps = (digit * 10**power for power in range(9) for digit in (1, 2, 5))
    return next(step for step in steps if total / step <= _QUICK)


def places_csv(source: Any, per: int = 1) -> str:
    """Municipalities as the CSV that a view carries; each citizen stands for `per` inhabitants.

    A municipality keeps at least `FEWEST` citizens, or all it has.
    """
    import numpy as np

    from letsdance.simulation.municipalities import load, to_csv

    places = load(source)
    few = np.minimum(places.citizens, FEWEST)
    return to_csv(replace(places, citizens=np.maximum(np.rint(places.citizens / per).astype(np.int64), few)), "%.4g")


def upload_in(file: Mapping[str, Any]) -> Upload:
    """The bytes of a file that a browser sent in base64; or of one that was text already."""
    if not file.get("content"):
        return Upload(str(file["name"]), str(file["text"]).encode())
    try:
        return Upload(str(file["name"]), base64.b64decode(file["content"], validate=True))
    except (ValueError, TypeError):
        raise Refused("data.no_text") from None


def with_coordinates(places: str, sheet: Sheet, choice: Choice) -> str:
    """The CSV of `places_csv` with where each municipality lies, if the table that it came from says so in columns that
    mean nothing else; what is no number is left blank."""
    import pandas as pd

    from letsdance.scenarios import maps

    free = [column for column, meaning in zip(sheet.frame.columns, choice.columns, strict=True) if not meaning]
    pair = maps.coordinates(free)
    if pair is None:
        return places
    table = pd.read_csv(io.StringIO(places), dtype=str, keep_default_na=False)
    own = ids(sheet.frame.iloc[:, choice.columns.index("name")])
    for name, column in pair.items():
        known = {town: number(told, choice.decimal or "point") for town, told in zip(own, sheet.frame[column], strict=True)}
        table[name] = [f"{known[town]:.10g}" if math.isfinite(known.get(town, math.nan)) else "" for town in table["name"]]
    return str(table.to_csv(index=False, lineterminator="\n"))


def without(places: str, names: Sequence[str]) -> str:
    """The CSV of `places_csv` without some of its columns, which are then as in the start."""
    import pandas as pd

    table = pd.read_csv(io.StringIO(places), dtype=str, keep_default_na=False)
    return str(table.drop(columns=[m for m in names if m in table]).to_csv(index=False, lineterminator="\n"))


# ---------------------------------------------------------------- surveys

@dataclass(frozen=True, slots=True)
class Mean:
    """Mean willingness of one side, everywhere or in one municipality, with its 95 % interval (NaN for one answer)."""

    role: str
    municipality: str
    value: Interval


def means(survey: Survey) -> list[Mean]:
    """Everybody first, then each municipality in the table's order; citizens before officials."""
    def of(frame: pd.DataFrame, municipality: str) -> Sequence[Mean]:
        return [Mean(role, municipality, _interval(answers)) for role in ("citizen", "official")
                if len(answers := frame.loc[frame["role"] == role, "willingness"].dropna())]

    found = list(of(survey.frame, ""))
    for town, frame in survey.frame.groupby("municipality", sort=False):
        if town:
            found += of(frame, str(town))
    return found


def _interval(answers: pd.Series) -> Interval:
    """The mean of answers with its t interval, within 0-1; one answer has none."""
    if len(answers) < 2:
        return Interval(float(answers.iloc[0]), math.nan, math.nan, len(answers))
    found = interval(answers)
    return replace(found, low=max(found.low, 0.0), high=min(found.high, 1.0))
