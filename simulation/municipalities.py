"""A table of municipalities, loaded from CSV: it replaces the synthetic ones, with their own sizes and starts."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from functools import lru_cache
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from params import Refused, nearest
from scenarios import Scenario
from simulation.state import CITIZEN_START, GIVEN, GOVERNMENT_START, given_nothing

#: The symbols of the governments' columns, accepted beside the words.
_SYMBOLS = {"g": "government_willingness", "G": "government_willingness", "C": "willingness", "w": "willingness",
            "T": "trust", "S": "social_capital", "S0": "baseline_social_capital", "R": "reputation",
            "L": "risk_culture", "K": "capacity", "A": "top_support", "phi": "feedback", "fund": "funding",
            "iota": "innovativeness"}
_LARGEST = 100_000_000


@dataclass(frozen=True)
class Municipalities:
    """Names, sizes and what is given of each municipality's start (NaN: as in the scenario)."""

    names: tuple[str, ...]
    citizens: np.ndarray  # int64[M]
    given: np.ndarray     # GIVEN[M]

    def __len__(self) -> int:
        return len(self.names)


def synthetic(count: int, citizens: int) -> Municipalities:
    """`count` municipalities of equal size, all as in the scenario."""
    return Municipalities(tuple(f"M{m + 1}" for m in range(count)), np.full(count, citizens, np.int64),
                          given_nothing(count))


def of(scenario: Scenario, source: Any = None) -> Municipalities:
    """The municipalities that a scenario meets: those of a file or table, else its own, else synthetic ones as many as
    it says."""
    if source is not None:
        return load(source)
    if scenario.municipalities:
        try:
            return from_text(scenario.municipalities)
        except Refused as error:
            raise Refused(f"scenario {scenario.name}, municipalities: {error}") from None
    values = scenario.values()
    return synthetic(int(values["municipalities"]), int(values["citizens"]))


def load(source: Any) -> Municipalities:
    """A CSV file (name, citizens, then any of `willingness`, `trust` or a government column), or a table read already."""
    if isinstance(source, Municipalities):
        return source
    if hasattr(source, "to_dict"):  # a pandas table
        rows = [(k + 1, {str(name): v for name, v in row.items()}) for k, row in enumerate(source.to_dict("records"))]
        return _read("the table of municipalities", rows, list(map(str, source.columns)))
    path = Path(source)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            rows = [(reader.line_num, row) for row in reader]
            return _read(str(path), rows, list(reader.fieldnames or ()))
    except FileNotFoundError:
        raise Refused(f"there is no file {path}; give a CSV with the columns name and citizens.") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Refused(f"{path} cannot be read as CSV: {error}.") from None


@lru_cache(16)
def from_text(text: str) -> Municipalities:
    """A table of municipalities from its CSV's text, as scenario files, manifests and links carry it."""
    import pandas as pd

    try:
        table = pd.read_csv(StringIO(text), dtype=str, keep_default_na=False)
    except ValueError as error:  # what pandas raises for a table that is none
        raise Refused(f"the table of municipalities cannot be read as CSV: {str(error).strip()}.") from None
    return load(table)


def _read(path: str, rows: list[tuple[int, dict[str, Any]]], header: list[str]) -> Municipalities:
    known = ("name", "citizens", *CITIZEN_START, *GOVERNMENT_START)
    columns: dict[str, str] = {}
    for column in header:
        word = _SYMBOLS.get((column or "").strip(), (column or "").strip().lower())
        if word not in known:
            raise Refused(f"{path}: there is no column {column!r}.{nearest(word, known)} Known: {', '.join(known)}.")
        if word in columns.values():
            raise Refused(f"{path}: the column {word} is there twice; keep one.")
        columns[column] = word
    for needed in ("name", "citizens"):
        if needed not in columns.values():
            raise Refused(f"{path}: the column {needed} is missing; the table needs name and citizens.")
    if not rows:
        raise Refused(f"{path} has no rows; give at least one municipality.")
    names: dict[str, int] = {}
    citizens = np.zeros(len(rows), np.int64)
    given = given_nothing(len(rows))
    for m, (number, row) in enumerate(rows):
        line = f"{path}, line {number}"
        if None in row or any(row.get(column) is None for column in header):
            raise Refused(f"{line}: this row does not have {len(header)} values; check the commas.")
        for column, word in columns.items():
            text = str(row[column]).strip()
            if word == "name":
                if not text:
                    raise Refused(f"{line}: the name is missing.")
                if text in names:
                    raise Refused(f"{line}: {text} is there already, in line {names[text]}; names must differ.")
                names[text] = number
                continue
            if text in ("", "nan") and word != "citizens":
                continue
            try:
                value = float(text)
            except ValueError:
                raise Refused(f"{line}: {word} must be a number, not {text!r}.") from None
            if word == "citizens":
                if not math.isfinite(value) or value != round(value) or not 1 <= value <= _LARGEST:
                    raise Refused(f"{line}: citizens must be a whole number from 1 to {_LARGEST:,}, not {text!r}.")
                citizens[m] = int(value)
            elif math.isnan(value) or not 0.0 <= value <= 1.0:
                raise Refused(f"{line}: {word} must lie from 0 to 1, not {text}.")
            else:
                given[word][m] = value
    assert given.dtype == GIVEN
    return Municipalities(tuple(names), citizens, given)
