"""Outcomes by name: what of a run is looked at, and when; one number a run. "lets_dance@60", "T@40-60", "time_to_84"."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from letsdance.params import Refused, nearest
from letsdance.simulation.indicators import SOCIETY
from letsdance.simulation.run import Result

#: Outcomes of a whole run that no single quarter shows: name -> (unit, sentence).
WHOLE_RUN = {
    **{f"time_to_{share}": ("quarters", f"First quarter in which {share} % of governments have adopted; "
                                        "not a number where they never do.") for share in ("10", "16", "50", "84", "97.5")},
    "total_spend": ("points", "Points spent on levers and the work itself over the whole run."),
    "lever_points": ("points", "Points that levers cost over the whole run."),
    "pilots_per_adoption": ("pilots", "Pilots begun for each adoption; not a number where nobody adopted."),
    "left_start_regime": ("share", "Share of municipalities that have left the regime they started in."),
}
#: Outcomes of a quarter that are not columns of the society's table.
DERIVED = {"late_adopter_gap": ("share", "Ever adopted among the early categories less among the late ones.")}
_CONDITION = re.compile(r"\s*(?P<outcome>[^<>=\s]+)\s*(?P<relation><=|>=|<|>)\s*(?P<value>[-+]?[\d.]+(e[-+]?\d+)?%?)\s*",
                        re.ASCII)
_RELATIONS: dict[str, Callable[[Any, float], Any]] = {
    "<=": np.less_equal, ">=": np.greater_equal, "<": np.less, ">": np.greater}
_PATTERN = re.compile(r"(?P<name>[A-Za-z_][\w.]*)(@(?P<first>\d{1,9})(-(?P<last>\d{1,9}))?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Outcome:
    """An indicator at a quarter, its mean over quarters first..last, or a measure of the whole run (first None)."""

    name: str
    first: int | None = None
    last: int | None = None

    def __str__(self) -> str:
        if self.first is None:
            return self.name
        return f"{self.name}@{self.first}" + ("" if self.last == self.first else f"-{self.last}")

    @property
    def unit(self) -> str:
        """share, points, quarters, ..."""
        return ({**WHOLE_RUN, **DERIVED}.get(self.name) or SOCIETY[self.name])[0]

    @property
    def says(self) -> str:
        """A sentence on what is measured."""
        return ({**WHOLE_RUN, **DERIVED}.get(self.name) or SOCIETY[self.name])[1]

    def of(self, result: Result) -> np.ndarray:
        """float64[R]: one number a run, NaN where it is a share of nothing or never comes. Refused past the horizon."""
        if self.name in WHOLE_RUN:
            return _whole(self.name, result)
        first, last = (result.quarters, result.quarters) if self.first is None else (self.first, self.last or self.first)
        if last > result.quarters:
            raise Refused("{self_} looks at quarter {last}, after the horizon of {quarters}; name an earlier quarter or "
                          "raise quarters.", self_=self, last=last, quarters=result.quarters)
        values = result.late_adopter_gap() if self.name in DERIVED else result.rows[self.name]
        if first == last:
            return values[:, first].astype(np.float64)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a stretch in which nothing was measured: NaN says so
            return np.nanmean(values[:, first:last + 1].astype(np.float64), axis=1)


def _whole(name: str, result: Result) -> np.ndarray:
    if name.startswith("time_to_"):
        return result.time_to(float(name.removeprefix("time_to_")) / 100)
    if name == "total_spend":
        return np.asarray(result.rows["spend"].sum(axis=1), np.float64)
    if name == "lever_points":
        from letsdance.simulation import schedule

        return np.full(result.runs, schedule.build(result.scenario, among=result.places).spent)
    if name == "pilots_per_adoption":
        return result.pilots_per_adoption()
    return np.asarray((~np.isnan(result.first_passage())).mean(axis=1), np.float64)


def known() -> dict[str, tuple[str, str]]:
    """Every name that an outcome may have, with unit and sentence."""
    return {**{name: (unit, says) for name, (unit, says, _) in SOCIETY.items()}, **DERIVED, **WHOLE_RUN}


def parse(text: str | Outcome) -> Outcome:
    """NAME, NAME@QUARTER or NAME@FIRST-LAST (the mean); without a quarter, at the end of the run. Refused otherwise."""
    if isinstance(text, Outcome):
        return text
    found = _PATTERN.fullmatch(text.replace(" ", "")) if isinstance(text, str) else None
    if not found:
        raise Refused("outcome {text!r} cannot be read; write NAME@QUARTER, such as lets_dance@60 or T@40-60.",
                      text=text)
    name = found["name"]
    if name not in known():
        raise Refused("there is no outcome {name!r}.{near} See `letsdance show indicators`.", name=name,
                      near=nearest(name, known()))
    if found["first"] is None:
        return Outcome(name)
    if name in WHOLE_RUN:
        raise Refused("{name} is measured over the whole run; write it without a quarter.", name=name)
    first, last = int(found["first"]), int(found["last"] or found["first"])
    if last < first:
        raise Refused("outcome {text!r} ends before it begins; write the earlier quarter first.", text=text)
    return Outcome(name, first, last)


def parse_all(texts: Any) -> tuple[Outcome, ...]:
    """Several outcomes, each once. Refused if there is none."""
    outcomes = tuple(dict.fromkeys(parse(text) for text in ([texts] if isinstance(texts, str | Outcome) else texts)))
    if not outcomes:
        raise Refused("name at least one outcome, such as lets_dance@60.")
    return outcomes


# ---------------------------------------------------------------- an outcome held against a number

@dataclass(frozen=True, slots=True)
class Condition:
    """An outcome held against a number: "wasteland@60 <= 0.2"."""

    outcome: Outcome
    relation: str
    value: float

    def __str__(self) -> str:
        return f"{self.outcome} {self.relation} {self.value:g}"

    def holds(self, Y: np.ndarray) -> np.ndarray:
        """bool[...]: in which runs it holds. A quarter that never comes (time_to_50) is later than every quarter; of
        another outcome that is not a number nothing holds."""
        later = np.where(np.isnan(Y), np.inf, Y) if self.outcome.name.startswith("time_to_") else Y
        return np.asarray(_RELATIONS[self.relation](later, self.value))


def parse_condition(text: str | Condition) -> Condition:
    """OUTCOME <= NUMBER (or <, >=, >; a number may be written 20%). Refused otherwise."""
    if isinstance(text, Condition):
        return text
    found = _CONDITION.fullmatch(text) if isinstance(text, str) else None
    try:
        value = float(found["value"].rstrip("%")) / (100 if found["value"].endswith("%") else 1) if found else np.nan
    except ValueError:
        found = None
    if not found:
        raise Refused("condition {text!r} cannot be read; write OUTCOME <= NUMBER, such as 'wasteland@60 <= 0.2'.",
                      text=text)
    asked = Condition(parse(found["outcome"]), found["relation"], value)
    if asked.outcome.unit == "share" and asked.outcome.name in SOCIETY and not 0.0 <= value <= 1.0:
        raise Refused("condition {text!r}: {name} is a share, so the number must lie from 0 to 1 (or 0% to 100%).",
                      text=text, name=asked.outcome.name)
    return asked
