"""An outcome, its levels and differences, and a policy, in words and numbers for people."""

from __future__ import annotations

import math
from dataclasses import dataclass

from letsdance.experiments.outcome_words import subject, titled, what
from letsdance.experiments.outcomes import WHOLE_RUN, Outcome, parse
from letsdance.experiments.paired import Interval
from letsdance.report.style import ENGLISH, decimal, percent, points
from letsdance.scenarios import Scenario, Use
from letsdance.words import Text

__all__ = ["Writing", "amount", "called", "change", "described", "difference", "digits_of", "per_cent", "subject",
           "titled", "unit_of", "what", "when", "writing"]


# ---------------------------------------------------------------- how values and differences are written, decided once

@dataclass(frozen=True, slots=True)
class Writing:
    """How an outcome stands on a screen: its values times factor, with so many decimals, in a unit: "%", "points" where it
    is itself a difference of shares, or "" where its unit is in its name. Differences of what is times 100 are points.
    """

    factor: float
    digits: int
    unit: str

    def level(self, value: float, text: Text) -> str:
        """A value with its unit: '12 %', '3.4', '12 points'."""
        if self.unit == "%":
            return text.percent(value)
        said = text.number(self.factor * value, self.digits)
        return text.in_points(said).replace(" ", "\u00a0") if self.unit else said

    def difference(self, value: float, text: Text, unit: bool = False) -> str:
        """A difference with its sign: '+12', in points for shares; unit: '+12 points'."""
        said = text.number(self.factor * value, self.digits)
        said = f"+{said}" if value > 0 and said.strip("0.,") else said
        return text.in_points(said).replace(" ", "\u00a0") if unit and self.factor == 100 else said

    def band(self, low: float, high: float, text: Text) -> str:
        """An interval: '9–15', '−3 to 2'."""
        return text.band(self.factor * low, self.factor * high, self.digits)


def per_cent(outcome: Outcome | str) -> bool:
    """Whether an outcome is written in per cent and its differences in percentage points: a share, and a group's part over
    its share of all (1 is 100 %: as many as there are)."""
    return parse(outcome).unit in ("share", "ratio")


def _is_gap(outcome: Outcome) -> bool:
    return outcome.name == "late_adopter_gap"


def writing(outcome: Outcome | str) -> Writing:
    """How an outcome is written wherever numbers stand side by side: charts, tables, what hangs on the pointer."""
    asked = parse(outcome)
    if per_cent(asked):
        return Writing(100.0, 0, "points" if _is_gap(asked) else "%")
    return Writing(1.0, {"per municipality": 1, "points": 0, "quarters": 0, "pilots": 1}.get(asked.unit, 2), "")


def called(outcome: Outcome, text: Text = ENGLISH) -> str:
    """An outcome where room is short: a stock by its symbol, as in the equations; else in words."""
    return str(outcome) if len(outcome.name) == 1 else titled(outcome, text)


def when(outcome: Outcome, last: int, text: Text = ENGLISH) -> str:
    """When an outcome is looked at."""
    if outcome.name in WHOLE_RUN:
        return text("report.whole_run")
    first, end = (last, last) if outcome.first is None else (outcome.first, outcome.last)
    return text("report.by_quarter", quarter=end) if first == end else text("report.over_quarters", first=first, last=end)


def amount(outcome: Outcome, value: float, text: Text = ENGLISH) -> str:
    """A level: shares in per cent, a gap of shares in percentage points, other values as numbers."""
    if _is_gap(outcome) and math.isfinite(value):
        return points(value, text)
    if per_cent(outcome):
        return percent(value, text)
    return decimal(value, 0 if abs(value) >= 20 else 1 if abs(value) >= 1 else 2, text)


def digits_of(outcome: Outcome, e: Interval) -> int:
    """How many decimals a difference is written with: few, but an end that is not 0 where the effect is clear stays so."""
    share = per_cent(outcome)
    size, low, high = (abs(v) * (100 if share else 1) for v in (max(abs(e.mean), (e.high - e.low) / 2), e.low, e.high))
    digits = 0 if size >= (9.5 if share else 20) else 1 if share or size >= 0.95 else 2
    return digits + 1 if e.clear and round(min(low, high), digits) == 0 else digits


def difference(outcome: Outcome, value: float, digits: int, text: Text = ENGLISH) -> str:
    """A difference without its unit; shares in percentage points."""
    if not math.isfinite(value):
        return text("number.unmeasured")
    return text.number(value * (100 if per_cent(outcome) else 1), digits if value else 0)


def _signed(outcome: Outcome, value: float, digits: int, text: Text) -> str:
    said = difference(outcome, value, digits, text)
    return f"+{said}" if value > 0 and said.strip("0.,") else said


def unit_of(outcome: Outcome, text: Text = ENGLISH) -> str:
    """What a difference is counted in; '' where the outcome has no unit of its own."""
    unit = "share" if per_cent(outcome) else outcome.unit.replace(" ", "_")
    return text(f"report.unit_{unit}") if unit in ("share", "quarters", "points", "pilots", "per_point") else ""


def change(outcome: Outcome, e: Interval, unit: bool = True, text: Text = ENGLISH) -> str:
    """A difference with its interval: '+34 (29 to 40) percentage points'."""
    if not math.isfinite(e.mean):
        return text("number.unmeasured")
    mean, low, high = (0.0 if abs(value) < 1e-12 else value for value in (e.mean, e.low, e.high))  # rounding is no change
    e = Interval(mean, low, high, e.n)
    digits = digits_of(outcome, e)
    said = _signed(outcome, e.mean, digits, text)
    if e.low != e.high:
        said = text("report.interval", mean=said, low=difference(outcome, e.low, digits, text),
                    high=difference(outcome, e.high, digits, text))
    return f"{said} {unit_of(outcome, text)}".rstrip() if unit else said


def described(scenario: Scenario, text: Text = ENGLISH) -> str:
    """What a policy consists of, in words."""
    def use(one: Use, kind: str) -> str:
        lasts = text("report.use_on_from", start=one.start) if one.duration is None else text(
            "report.use_from_to", start=one.start, end=one.start + one.duration - 1)
        strength = "" if one.strength == 1 else text("report.use_strength", strength=text.typed(one.strength))
        return f"{text.title(kind, one.name)} ({one.name}, {lasts}{strength}{text.reach(one.where, one.whom)})"

    parts = [use(one, "lever") for one in scenario.levers] + [use(one, "shock") for one in scenario.shocks]
    parts += [f"{name} = {text.typed(value)}" for name, value in scenario.parameters.items()]
    return text("report.semicolon").join(parts) or text("report.nothing_done")
