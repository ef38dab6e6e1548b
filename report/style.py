"""One visual language: colours that mean the same thing in every figure, and how numbers are written.

Colours were chosen by simulated deuteranopia, protanopia and tritanopia (Machado et al.), and dark enough to be
read as text on white; colour never stands alone, a label stands beside it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from letsdance.scenarios import STARTS, Scenario, load
from letsdance.words import IN_ENGLISH, Text, capital

INK, SOFT, GRID, PAPER = "#1b2127", "#56606a", "#dde2e6", "#ffffff"
ENGLISH = IN_ENGLISH
#: Below every figure.
FOOT = ENGLISH("report.foot")

#: The four futures: title (that of the start of the same name) and colour.
FUTURES = {name: load(name).title for name in STARTS}
COLOURS = {"lets_dance": "#0072b2", "lone_ranger": "#b85c00", "dead_horse": "#6b1e52", "wasteland": "#77726a"}
#: Adopter categories, from first to last: light to dark, because the late ones are what the reader looks for.
CATEGORY_COLOURS = ("#c48400", "#d0562f", "#a82a74", "#5e1a8c", "#170b45")
_CATEGORIES = ("innovators", "early_adopters", "early_majority", "late_majority", "laggards")
# What a user's own scenarios wear, in their order; the four futures keep their colours to themselves.
OWN = ("#00796b", "#c2185b", "#3949ab", "#8a6d00", "#2e7d32", "#ad1457", "#4e342e", "#37474f")


def category_titles(text: Text = ENGLISH) -> tuple[str, ...]:
    """Adopter categories in words, from first to last."""
    return tuple(text(f"category.{name}") for name in _CATEGORIES)


CATEGORY_TITLES = category_titles()
_COUNTED = 9  # from here on numbers are figures


def tint(colour: str, strength: float) -> str:
    """The colour on white paper, opaque, at this strength (0 white, 1 the colour itself)."""
    parts = (int(colour[i:i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(255 + (part - 255) * strength):02x}" for part in parts)


def colours(results: Mapping[str, Any]) -> dict[str, str]:
    """A colour for each result: a future's own for its start, others in order."""
    chosen = {name: COLOURS[name] for name in results if name in COLOURS}
    others = iter(OWN)
    for name, result in results.items():
        base = result.scenario.name
        if name not in chosen:
            free = base in COLOURS and COLOURS[base] not in chosen.values() and base not in results
            chosen[name] = COLOURS[base] if free else next(others, INK)
    return chosen


def start_titled(scenario: Scenario, text: Text = ENGLISH) -> str:
    """A scenario's title; that of a start which is still called so, in the language."""
    return text.start(scenario.title)


def titles(results: Mapping[str, Any], text: Text = ENGLISH) -> dict[str, str]:
    """A name to show for each result: its scenario's title where that tells it apart, else the name it was given."""
    shown = [start_titled(result.scenario, text) or name for name, result in results.items()]
    return {name: title if shown.count(title) == 1 else
            text.title("start", name) if name in FUTURES else name.replace("_", " ")
            for name, title in zip(results, shown, strict=True)}


def short(title: str, text: Text = ENGLISH) -> str:
    """A future's title for a narrow place."""
    for name in FUTURES:
        title = title.replace(text.title("start", name), text(f"curve.{name}"))
    return title


# ---------------------------------------------------------------- numbers, never one decimal too many

def percent_sign(text: Text = ENGLISH) -> str:
    """What stands behind a number of per cent."""
    return text.percent(0).removeprefix(text.number(0))


def percent(value: float, text: Text = ENGLISH) -> str:
    """A share, as `Text.share` says it."""
    return text.share(value)


def decimal(value: float, digits: int = 1, text: Text = ENGLISH) -> str:
    """A number with few decimals; a true minus, no minus zero, and nothing rounded down to none."""
    if not math.isfinite(value):
        return text("number.unmeasured")
    if 0 < value < 0.5 * 10.0**-digits:
        return text("report.under", n=text.number(10.0**-digits, digits))
    return text.number(value, digits)


def points(share: float, text: Text = ENGLISH) -> str:
    """A difference of shares: '1 percentage point', '12 percentage points'."""
    number = decimal(100 * share, 0, text)
    return text("report.point" if number == "1" else "report.points", n=number)


def band(low: float, high: float, write: Callable[[float], str] | None = None, text: Text = ENGLISH) -> str:
    """'70–93 %', or 'under 1 % to 93 %': the band over runs, without the unit twice; '' where there is none."""
    write = write or partial(percent, text=text)
    a, b = write(low), write(high)
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    if a == b:
        return a
    return text("number.to", low=a, high=b) if " " in a + b else f"{a.removesuffix(percent_sign(text))}–{b}"


def sentence(text: str) -> str:
    """With a capital and a full stop."""
    return f"{capital(text)}."


def counted(number: int, text: Text = ENGLISH) -> str:
    """Small numbers as words."""
    return text(f"report.count_{number}") if number < _COUNTED else text.number(number)


def finite_mean(values: np.ndarray, axis: int | None = None) -> Any:
    """The mean over what was measured; NaN where nothing was, without a warning."""
    values = np.asarray(values, np.float64)
    known = np.isfinite(values)
    count = known.sum(axis=axis)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(known, values, 0.0).sum(axis=axis) / np.where(count > 0, count, np.nan)


def spread(values: np.ndarray) -> np.ndarray:
    """float64[3, ...]: 10 % quantile, mean and 90 % quantile over runs (the first axis) of what was measured."""
    values = np.asarray(values, np.float64)
    known = np.isfinite(values)
    ranked = np.sort(np.where(known, values, np.inf), axis=0)  # what was not measured comes last and is never reached
    count, whole = known.sum(axis=0), len(values) > 0 and known.all()

    def quantile(q: float) -> np.ndarray:
        if whole:  # the same arithmetic with one place for all, a tenth of the work
            at = q * (len(values) - 1)
            low, high = ranked[int(at)], ranked[min(int(at) + 1, len(values) - 1)]
            return low + (high - low) * (at - int(at))
        place = q * np.maximum(count - 1, 0)
        below = np.floor(place).astype(int)
        above = np.minimum(below + 1, np.maximum(count - 1, 0))
        low, high = (np.take_along_axis(ranked, at[None], axis=0)[0] for at in (below, above))
        with np.errstate(invalid="ignore"):
            return np.where(count > 0, low + (high - low) * (place - below), np.nan)

    return np.stack([quantile(0.1), finite_mean(values, axis=0), quantile(0.9)])
