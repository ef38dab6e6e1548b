"""Tables that people bring: a CSV's separator, decimal sign, columns and scale are guessed, its rows checked by line.

A guess is only a proposal: `guess` makes a `Choice`, the page shows it, a person may change it, and `check` goes by what
was chosen. What is good is then read by the same functions that the command line uses (simulation.municipalities.load,
experiments.adopters.data.read_survey).
"""

from __future__ import annotations

import csv
import io
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from letsdance.experiments.paired import Interval, interval
from letsdance.params import Refused
from letsdance.simulation.state import CITIZEN_START, GOVERNMENT_START

if TYPE_CHECKING:
    import pandas as pd

    from letsdance.experiments.adopters.data import Survey

__all__ = ["DECIMALS", "FEWEST", "KINDS", "MEANINGS", "SCALES", "SEPARATORS", "Choice", "Mean", "Problem", "Sheet",
           "check", "guess", "means", "number", "open_questions", "places_csv", "read", "scaled_down", "survey_of",
           "without"]

#: What a table can be, and what its columns can mean; the first ones are needed.
MEANINGS: Mapping[str, tuple[str, ...]] = {
    "municipalities": ("name", "citizens", *CITIZEN_START, *GOVERNMENT_START),
    "survey": ("role", "willingness", "municipality"),
}
NEEDED: Mapping[str, tuple[str, ...]] = {"municipalities": ("name", "citizens"), "survey": ("role", "willingness")}
KINDS = tuple(MEANINGS)
SEPARATORS: Mapping[str, str] = {"comma": ",", "semicolon": ";", "tab": "\t"}
DECIMALS: Mapping[str, str] = {"point": ".", "comma": ","}
SCALES: Mapping[str, tuple[float, float]] = {"share": (0.0, 1.0), "likert": (1.0, 5.0)}
#: Names of columns in English and Dutch, as `_plain` writes them.
_WORDS: Mapping[str, tuple[str, ...]] = {
    "name": ("name", "municipality", "gemeente", "gemeentenaam", "naam", "place", "plaats", "town", "stad"),
    "citizens": ("citizens", "inhabitants", "population", "residents", "inwoners", "inwonertal", "aantal_inwoners",
                 "bevolking", "burgers"),
    "willingness": ("willingness", "willingness_citizens", "citizens_willingness", "willing", "answer", "score", "c",
                    "bereidheid", "bereidheid_burgers", "bereidheid_inwoners", "bereid", "antwoord"),
    "government_willingness": ("government_willingness", "willingness_government", "willingness_officials", "g",
                               "willingness_council", "council_willingness", "bereidheid_overheid", "bereidheid_gemeente",
                               "bereidheid_bestuur", "bereidheid_gemeentebestuur", "bereidheid_ambtenaren"),
    "trust": ("trust", "t", "vertrouwen", "vertrouwen_in_de_overheid", "vertrouwen_overheid"),
    "social_capital": ("social_capital", "s", "sociaal_kapitaal", "sociale_cohesie"),
    "baseline_social_capital": ("baseline_social_capital", "s0"),
    "reputation": ("reputation", "r", "reputatie"),
    "risk_culture": ("risk_culture", "l", "risicocultuur", "leercultuur"),
    "capacity": ("capacity", "k", "capaciteit", "innovatievermogen", "innovatiecapaciteit"),
    "top_support": ("top_support", "a", "steun_top", "bestuurlijke_steun", "steun_van_de_top"),
    "feedback": ("feedback", "phi", "terugkoppeling", "verantwoording"),
    "funding": ("funding", "fund", "financiering"),
    "silo": ("silo", "silos", "verkokering"),
    "need": ("need", "behoefte"),
    "innovativeness": ("innovativeness", "iota", "innovativiteit", "vernieuwingsgezindheid"),
    "role": ("role", "group", "respondent", "rol", "groep", "functie", "type_respondent", "wie", "who"),
    "municipality": ("municipality", "name", "place", "town", "gemeente", "gemeentenaam", "plaats", "woonplaats"),
}
#: Who answered, in English and Dutch.
_ROLES: Mapping[str, tuple[str, ...]] = {
    "citizen": ("citizen", "citizens", "resident", "residents", "inhabitant", "burger", "burgers", "inwoner", "inwoners",
                "bewoner", "bewoners"),
    "official": ("official", "officials", "government", "civil servant", "civil servants", "ambtenaar", "ambtenaren",
                 "overheid", "medewerker", "bestuurder"),
}
_ROLE = {word: role for role, words in _ROLES.items() for word in words}
_LARGEST = 100_000_000
#: Citizens in all that 20 runs of 60 quarters simulate within a second; with more, one stands for several.
_QUICK = 20_000
#: Citizens that a municipality keeps at least: smaller ones could hardly fill an initiative.
FEWEST = 10


@dataclass(frozen=True, slots=True)
class Choice:
    """How a table is read. columns: what each column means, '' where it is left out. '' anywhere else: not known."""

    kind: str
    separator: str
    decimal: str
    columns: tuple[str, ...]
    scale: str

    def column(self, meaning: str) -> int | None:
        """Which column says this."""
        return self.columns.index(meaning) if meaning in self.columns else None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file's header and rows, each with the line where it begins (the header is line 1)."""

    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row: its line, the column and value, and a reason (a text's key and what it fills in)."""

    line: int
    column: str
    value: str
    reason: str
    fills: tuple[tuple[str, object], ...] = ()


# ---------------------------------------------------------------- reading

def read(text: str, separator: str) -> Sheet:
    """A file's rows; blank lines are left out. `Refused` (with a text's key as sentence) for what is no table."""
    text = text.lstrip("\ufeff")
    if not text.strip():
        raise Refused("data.no_rows")
    if text.startswith("PK\x03\x04") or "\x00" in text:
        raise Refused("data.no_text")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=SEPARATORS[separator])
    rows, line = [], 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append((line, tuple(cell.strip() for cell in row)))
            line = reader.line_num + 1
    except csv.Error:
        raise Refused("data.no_csv") from None
    if len(rows) < 2:
        raise Refused("data.no_rows")
    return Sheet(rows[0][1], tuple(rows[1:]))


def number(text: str, decimal: str) -> float:
    """A number as people write it, such as 12.345,6 with decimal 'comma'; NaN for what is none."""
    sign = DECIMALS[decimal]
    thousands = "," if sign == "." else "."
    plain = re.sub(r"[\s\u00a0\u202f]", "", text)
    if re.fullmatch(rf"[-+]?\d{{1,3}}(\{thousands}\d{{3}})+(\{sign}\d+)?", plain):
        plain = plain.replace(thousands, "")
    plain = plain.replace(sign, ".") if thousands not in plain else ""
    return float(plain) if re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)", plain) else math.nan


def _plain(name: str) -> str:
    """A column's name without accents, capitals and signs: 'Aantal inwoners' -> aantal_inwoners."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", letters).strip("_")


# ---------------------------------------------------------------- guessing

def guess(text: str) -> Choice:
    """How a table should most likely be read; '' where the table does not tell. `Refused` for what is no table."""
    separator = max(SEPARATORS, key=lambda name: _evenness(text, name))
    sheet = read(text, separator)
    decimal = _decimal(sheet, separator)
    kinds = {kind: _columns(sheet, kind) for kind in KINDS}
    told = [kind for kind, columns in kinds.items() if all(need in columns for need in NEEDED[kind])]
    if len(told) == 2:  # a role is what only a survey has, inhabitants what only municipalities have
        told = [kind for kind in told if NEEDED[kind][{"municipalities": 1, "survey": 0}[kind]] in kinds[kind]]
    kind = told[0] if len(told) == 1 else ""
    columns = kinds[kind] if kind else ("",) * len(sheet.header)
    return with_scale(sheet, Choice(kind, separator, decimal, columns, ""))


def for_kind(sheet: Sheet, choice: Choice, kind: str) -> Choice:
    """The same table read as another kind, its columns and scale guessed anew."""
    return with_scale(sheet, replace(choice, kind=kind, columns=_columns(sheet, kind)))


def with_scale(sheet: Sheet, choice: Choice) -> Choice:
    """The scale that all answers fit: '' where none is measured, where both fit, or where they contradict each other."""
    values = [v for at in _scaled(choice) for _, row in sheet.rows if len(row) > at
              and math.isfinite(v := number(row[at], choice.decimal))]
    fractions, above = any(0 < v < 1 for v in values), any(v > 1 for v in values)
    if not values or (fractions and above) or not (above or fractions or 0.0 in values):
        return replace(choice, scale="")
    return replace(choice, scale="likert" if above else "share")


def _scaled(choice: Choice) -> list[int]:
    """The columns that hold answers on the scale."""
    return [k for k, meaning in enumerate(choice.columns) if meaning not in (
        "", "name", "citizens", "role", "municipality")]


def _evenness(text: str, separator: str) -> tuple[bool, float, int]:
    """How well a separator divides the text: more than one column, as many in each row, and many."""
    try:
        sheet = read(text, separator)
    except Refused:
        return False, 0.0, 0
    n = len(sheet.header)
    return n > 1, sum(len(row) == n for _, row in sheet.rows) / len(sheet.rows), n


def _decimal(sheet: Sheet, separator: str) -> str:
    """Which sign begins the decimals: three digits behind a sign may be thousands, so they tell nothing."""
    cells = [cell for _, row in sheet.rows for cell in row]
    commas, points = (sum(bool(re.fullmatch(rf"[-+]?\d*{sign}(\d{{1,2}}|\d{{4,}})", cell)) for cell in cells)
                      for sign in (",", r"\."))
    if commas == points:
        return "comma" if separator == "semicolon" else "point"
    return "comma" if commas > points else "point"


def _columns(sheet: Sheet, kind: str) -> tuple[str, ...]:
    """What each column means by its name; who answered also by what stands in the column."""
    found = [""] * len(sheet.header)
    for meaning in MEANINGS[kind]:
        words = _WORDS[meaning]
        names = {k: _plain(name) for k, name in enumerate(sheet.header) if not found[k]}
        at = next((k for word in words for k, name in names.items() if name == word), None)
        if at is None and meaning != "municipality":  # the name within a longer one, such as 'Bereidheid (1-5)'
            at = next((k for word in words if len(word) > 3 for k, name in names.items()
                       if name.startswith((f"{word}_", f"{word}s_"))), None)
        if at is None and meaning == "role":
            at = next((k for k in names if all(len(row) > k and row[k].lower() in _ROLE for _, row in sheet.rows)), None)
        if at is not None:
            found[at] = meaning
    return tuple(found)


# ---------------------------------------------------------------- what a person still has to say

def open_questions(choice: Choice) -> list[tuple[str, str]]:
    """What must be chosen before the table can be used: (a text's key, the meaning it is about)."""
    if not choice.kind:
        return [("data.ask_kind", "")]
    asked = [("data.ask_column", need) for need in NEEDED[choice.kind] if need not in choice.columns]
    asked += [("data.ask_once", meaning) for meaning in MEANINGS[choice.kind] if choice.columns.count(meaning) > 1]
    if not choice.scale and _scaled(choice):
        asked.append(("data.ask_scale", ""))
    return asked


# ---------------------------------------------------------------- checking

def check(sheet: Sheet, choice: Choice) -> tuple[pd.DataFrame, list[Problem]]:
    """The good rows, one column a meaning, shares 0-1 (NaN: blank); and what is wrong with each of the others.

    The choice must leave no open question.
    """
    import pandas as pd

    if open_questions(choice):
        raise ValueError("the choice leaves questions open")
    good: list[dict[str, Any]] = []
    bad: list[Problem] = []
    lines: dict[str, int] = {}
    for line, row in sheet.rows:
        if len(row) != len(sheet.header):
            bad.append(Problem(line, "", "", "data.bad_width", (("n", len(row)), ("wanted", len(sheet.header)))))
            continue
        values: dict[str, Any] = {}
        wrong: list[Problem] = []
        for k, meaning in enumerate(choice.columns):
            if meaning:
                values[meaning], reason, fills = _cell(row[k], meaning, choice, lines)
                if reason:
                    wrong.append(Problem(line, sheet.header[k], row[k], reason, fills))
        if wrong:
            bad += wrong
            continue
        if choice.kind == "municipalities":
            lines[values["name"]] = line
        good.append(values)
    columns = [meaning for meaning in MEANINGS[choice.kind] if meaning in choice.columns]
    return pd.DataFrame(good, columns=columns), bad


_Cell = tuple[Any, str, tuple[tuple[str, object], ...]]


def _cell(text: str, meaning: str, choice: Choice, lines: Mapping[str, int]) -> _Cell:
    """A cell's value, and the reason why it cannot be used ('' if it can)."""
    if meaning in ("name", "municipality"):
        if not text:
            return text, "data.bad_blank", ()
        if meaning == "name" and text in lines:
            return text, "data.bad_twice", (("line", lines[text]),)
        return text, "", ()
    if meaning == "role":
        role = _ROLE.get(text.lower())
        return role, "" if role else ("data.bad_role" if text else "data.bad_blank"), ()
    if not text:
        needed = meaning == "citizens" or choice.kind == "survey"
        return math.nan, "data.bad_blank" if needed else "", ()
    value = number(text, choice.decimal)
    if not math.isfinite(value):
        return value, "data.bad_number", ()
    if meaning == "citizens":
        whole = value == round(value) and 1 <= value <= _LARGEST
        return value, "" if whole else "data.bad_citizens", ()
    low, high = SCALES[choice.scale]
    if not low <= value <= high:
        return value, f"data.bad_{choice.scale}", ()
    if choice.scale == "likert" and choice.kind == "survey" and value != round(value):
        return value, "data.bad_likert", ()
    return (value - low) / (high - low), "", ()


# ---------------------------------------------------------------- municipalities

def scaled_down(citizens: Iterable[float]) -> int:
    """For how many inhabitants one simulated citizen should stand (1, 2, 5, 10, ...), so that answers stay quick."""
    total = float(sum(citizens))
    steps = (digit * 10**power for power in range(9) for digit in (1, 2, 5))
    return next(step for step in steps if total / step <= _QUICK)


def places_csv(frame: pd.DataFrame, per: int = 1) -> str:
    """Good rows as the CSV that a view carries; each citizen stands for `per` inhabitants.

    A municipality keeps at least `FEWEST` citizens, or all it has.
    """
    from letsdance.simulation.municipalities import load

    citizens = frame["citizens"].astype(int)
    few = citizens.clip(upper=FEWEST)
    table = frame.assign(citizens=(citizens / per).round().astype(int).clip(lower=few))
    load(table)
    return str(table.to_csv(index=False, lineterminator="\n", float_format="%.4g"))


def without(places: str, meanings: Sequence[str]) -> str:
    """The CSV of `places_csv` without some of its columns, which are then as in the start."""
    import pandas as pd

    table = pd.read_csv(io.StringIO(places), dtype=str, keep_default_na=False)
    return str(table.drop(columns=[m for m in meanings if m in table]).to_csv(index=False, lineterminator="\n"))


# ---------------------------------------------------------------- surveys

@dataclass(frozen=True, slots=True)
class Mean:
    """Mean willingness of one side, everywhere or in one municipality, with its 95 % interval (NaN for one answer)."""

    role: str
    municipality: str
    value: Interval


def survey_of(frame: pd.DataFrame) -> Survey:
    """Good rows as the survey that experiments.adopters reads."""
    from letsdance.experiments.adopters.data import read_survey

    return read_survey(frame, "share")


def means(survey: Survey) -> list[Mean]:
    """Everybody first, then each municipality in the table's order; citizens before officials."""
    def of(frame: pd.DataFrame, municipality: str) -> Sequence[Mean]:
        return [Mean(role, municipality, _interval(answers)) for role in _ROLES
                if len(answers := frame.loc[frame["role"] == role, "willingness"])]

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
