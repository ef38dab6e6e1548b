"""What somebody says to a room, and how it is read: a whole number, a share, a line of words, one of what is offered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from letsdance import params
from letsdance.params import Refused, check_text

__all__ = ["HOST", "Input", "one_of", "share", "whole", "words"]

#: Who the host is, among the names of people's cookies.
HOST = "host"


@dataclass(frozen=True, slots=True)
class Input:
    """Something that was said. id: made by the sender, so that what arrives twice counts once."""

    who: str
    id: str
    kind: str
    value: Mapping[str, Any]
    at: float


def whole(value: Mapping[str, Any], name: str, low: int, high: int) -> int:
    """A whole number of an input, from low to high."""
    number = params.within(str(value.get(name)).strip(), low, high)
    if number is None:
        raise Refused("{name} must be a whole number from {low} to {high}.", name=name, low=low, high=high)
    return number


def share(value: Mapping[str, Any], name: str) -> float:
    """A number from 0 to 1."""
    try:
        number = params.number(str(value.get(name)))
    except ValueError:
        number = -1.0
    if not 0.0 <= number <= 1.0:
        raise Refused("{name} must be a number from {low:g} to {high:g}.", name=name, low=0.0, high=1.0)
    return round(number, 3)


def words(value: Mapping[str, Any], name: str, most: int, empty: bool = True) -> str:
    """A line of words, so long at most."""
    found = value.get(name, "")
    said = " ".join(found.split()) if isinstance(found, str) else ""
    if len(said) > most:
        raise Refused("this is longer than {most} characters; say it shorter.", most=most)
    if not said and not empty:
        raise Refused("write something first.")
    return check_text(name, said, most)


def one_of(value: Mapping[str, Any], name: str, known: Any) -> str:
    """One of what is offered."""
    found = value.get(name)
    if not isinstance(found, str) or found not in known:
        raise Refused("choose one of what is offered.")
    return found
