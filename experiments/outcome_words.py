"""An outcome in words: what it counts, when it is looked at, and as what a sentence is about."""

from __future__ import annotations

from letsdance.experiments.outcomes import Outcome
from letsdance.scenarios import STARTS
from letsdance.words import IN_ENGLISH, Text

#: Outcomes that the texts name; all others are called as the indicators are.
_NAMED = {"C", "G", "T", "S", "L", "K", "A", "services", "on", "ever_adopted", "uses", "participation",
          "representativeness", "late_adopter_gap", "total_spend", "lever_points", "pilots_per_adoption",
          "left_start_regime"}


def what(outcome: Outcome, text: Text = IN_ENGLISH) -> str:
    """An outcome in words, without when."""
    name = outcome.name
    if name in STARTS:
        return text("report.outcome_in", future=text.title("start", name))
    if name in _NAMED:
        return text(f"report.outcome_{name}")
    if name.startswith("time_to_"):
        return text("report.outcome_time_to", share=text.typed(float(name.removeprefix("time_to_"))))
    titled = text.title("indicator", name)
    said = (outcome.says if titled == name else titled).split(":")[0].split(";")[0].rstrip(". \u202f")
    return said[:1].lower() + said[1:] if text == IN_ENGLISH else said  # other languages' nouns may begin with a capital


def titled(outcome: Outcome, text: Text = IN_ENGLISH) -> str:
    """An outcome in words, with when it is looked at where it says so."""
    return _then(what(outcome, text), outcome, text)


def subject(outcome: Outcome, text: Text = IN_ENGLISH) -> str:
    """An outcome as what a sentence is about."""
    counted = outcome.unit == "share" and what(outcome).startswith(("municipalities", "governments that", "citizens who"))
    return text("report.share_of", what=what(outcome, text)) if counted else what(outcome, text)


def about(outcome: Outcome, text: Text = IN_ENGLISH) -> str:
    """An outcome as what a sentence is about, with when it is looked at where it says so."""
    return _then(subject(outcome, text), outcome, text)


def _then(said: str, outcome: Outcome, text: Text) -> str:
    if outcome.first is None:
        return said
    return text("report.outcome_at" if outcome.last == outcome.first else "report.outcome_over", what=said,
                quarter=outcome.first, first=outcome.first, last=outcome.last)
