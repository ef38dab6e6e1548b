"""An outcome, its levels and differences, and a policy, in words and numbers for people."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from letsdance.experiments.outcomes import WHOLE_RUN, Outcome
from letsdance.experiments.paired import Interval
from letsdance.report.style import FUTURES, decimal, percent
from letsdance.scenarios import LEVERS, SHOCKS, Scenario, Use

_WORDS = {
    **{name: f"municipalities in {title}" for name, title in FUTURES.items()},
    "C": "citizens' willingness", "G": "governments' willingness", "T": "trust in government", "S": "social capital",
    "L": "risk culture", "K": "innovation capacity", "A": "support from the top",
    "services": "services per municipality", "on": "governments that have the innovation",
    "ever_adopted": "governments that have ever adopted", "uses": "citizens who use the innovation",
    "participation": "citizens who take part", "representativeness": "the poorest quarter's part (1 is equal)",
    "late_adopter_gap": "the gap of late adopters", "total_spend": "points spent over the run",
}


def what(outcome: Outcome) -> str:
    """An outcome in words, without when."""
    said = _WORDS.get(outcome.name) or outcome.says.split(":")[0].split(";")[0].rstrip(".")
    return said if outcome.name in _WORDS else said[:1].lower() + said[1:]


def subject(outcome: Outcome) -> str:
    """An outcome as what a sentence is about."""
    said = what(outcome)
    counted = said.startswith(("municipalities", "governments that", "citizens who"))
    return f"the share of {said}" if outcome.unit == "share" and counted else said


def when(outcome: Outcome, last: int) -> str:
    """When an outcome is looked at."""
    if outcome.name in WHOLE_RUN:
        return "over the whole run"
    first, end = (last, last) if outcome.first is None else (outcome.first, outcome.last)
    return f"by quarter {end}" if first == end else f"over quarters {first}–{end}"


def amount(outcome: Outcome, value: float) -> str:
    """A level: shares in per cent, other values as numbers."""
    if outcome.unit == "share":
        return percent(value)
    return decimal(value, 0 if abs(value) >= 20 else 1 if abs(value) >= 1 else 2)


def digits_of(outcome: Outcome, e: Interval) -> int:
    """How many decimals a difference is written with: few, but an end that is not 0 where the effect is clear stays so."""
    share = outcome.unit == "share"
    size, low, high = (abs(v) * (100 if share else 1) for v in (max(abs(e.mean), (e.high - e.low) / 2), e.low, e.high))
    digits = 0 if size >= (9.5 if share else 20) else 1 if share or size >= 0.95 else 2
    return digits + 1 if e.clear and round(min(low, high), digits) == 0 else digits


def difference(outcome: Outcome, value: float, digits: int) -> str:
    """A difference without its unit; shares in percentage points."""
    if not math.isfinite(value):
        return "not measured"
    text = f"{value * (100 if outcome.unit == 'share' else 1):.{digits if value else 0}f}"
    return (text if float(text) else text.lstrip("-")).replace("-", "−")


def _signed(outcome: Outcome, value: float, digits: int) -> str:
    text = difference(outcome, value, digits)
    return f"+{text}" if value > 0 and text.strip("0.") else text


def unit_of(outcome: Outcome) -> str:
    """What a difference is counted in; '' where the outcome has no unit of its own."""
    return {"share": "percentage points", "per municipality": "", "ratio": "", "logit": "", "value": ""}.get(
        outcome.unit, outcome.unit)


def change(outcome: Outcome, e: Interval, unit: bool = True) -> str:
    """A difference with its interval: '+34 (29 to 40) percentage points'."""
    if not math.isfinite(e.mean):
        return "not measured"
    mean, low, high = (0.0 if abs(value) < 1e-12 else value for value in (e.mean, e.low, e.high))  # rounding is no change
    e = Interval(mean, low, high, e.n)
    digits = digits_of(outcome, e)
    text = _signed(outcome, e.mean, digits)
    if e.low != e.high:
        text += f" ({difference(outcome, e.low, digits)} to {difference(outcome, e.high, digits)})"
    return f"{text} {unit_of(outcome)}".rstrip() if unit else text


def described(story: Scenario) -> str:
    """What a policy consists of, in words."""
    def use(one: Use, known: Mapping[str, Any]) -> str:
        lasts = f"from quarter {one.start} on" if one.duration is None else f"quarters {one.start}–" + str(
            one.start + one.duration - 1)
        return f"{known[one.name]['title']} ({one.name}, {lasts}" + (
            "" if one.strength == 1 else f", strength {one.strength:g}") + (f", in {one.where}" if one.where else "") + ")"

    parts = [use(one, LEVERS) for one in story.levers] + [use(one, SHOCKS) for one in story.shocks]
    parts += [f"{name} = {value:g}" for name, value in story.parameters.items()]
    return "; ".join(parts) or "nothing is done"
