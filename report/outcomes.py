"""An outcome, its levels and differences, and a policy, in words and numbers for people."""

from __future__ import annotations

import math

from letsdance.experiments.outcome_words import subject, titled, what
from letsdance.experiments.outcomes import WHOLE_RUN, Outcome
from letsdance.experiments.paired import Interval
from letsdance.report.style import ENGLISH, decimal, percent
from letsdance.scenarios import Scenario, Use
from letsdance.words import Text

__all__ = ["amount", "called", "change", "described", "difference", "digits_of", "subject", "titled", "unit_of", "what",
           "when"]


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
    """A level: shares in per cent, other values as numbers."""
    if outcome.unit == "share":
        return percent(value, text)
    return decimal(value, 0 if abs(value) >= 20 else 1 if abs(value) >= 1 else 2, text)


def digits_of(outcome: Outcome, e: Interval) -> int:
    """How many decimals a difference is written with: few, but an end that is not 0 where the effect is clear stays so."""
    share = outcome.unit == "share"
    size, low, high = (abs(v) * (100 if share else 1) for v in (max(abs(e.mean), (e.high - e.low) / 2), e.low, e.high))
    digits = 0 if size >= (9.5 if share else 20) else 1 if share or size >= 0.95 else 2
    return digits + 1 if e.clear and round(min(low, high), digits) == 0 else digits


def difference(outcome: Outcome, value: float, digits: int, text: Text = ENGLISH) -> str:
    """A difference without its unit; shares in percentage points."""
    if not math.isfinite(value):
        return text("number.unmeasured")
    return text.number(value * (100 if outcome.unit == "share" else 1), digits if value else 0)


def _signed(outcome: Outcome, value: float, digits: int, text: Text) -> str:
    said = difference(outcome, value, digits, text)
    return f"+{said}" if value > 0 and said.strip("0.,") else said


def unit_of(outcome: Outcome, text: Text = ENGLISH) -> str:
    """What a difference is counted in; '' where the outcome has no unit of its own."""
    unit = outcome.unit.replace(" ", "_")
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


def described(story: Scenario, text: Text = ENGLISH) -> str:
    """What a policy consists of, in words."""
    def use(one: Use, kind: str) -> str:
        lasts = text("report.use_on_from", start=one.start) if one.duration is None else text(
            "report.use_from_to", start=one.start, end=one.start + one.duration - 1)
        strength = "" if one.strength == 1 else text("report.use_strength", strength=text.typed(one.strength))
        return f"{text.title(kind, one.name)} ({one.name}, {lasts}{strength}{text.reach(one.where, one.whom)})"

    parts = [use(one, "lever") for one in story.levers] + [use(one, "shock") for one in story.shocks]
    parts += [f"{name} = {text.typed(value)}" for name, value in story.parameters.items()]
    return text("report.semicolon").join(parts) or text("report.nothing_done")
