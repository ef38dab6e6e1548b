"""Tables on screen: numbers in cells, the unsure ones paler, shades where a table is read as a map, and a CSV."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import solara

from letsdance.dashboards.parts import terms, vue
from letsdance.dashboards.session import use_session

__all__ = ["Cell", "Head", "Numbers", "Row"]


@dataclass(frozen=True, slots=True)
class Cell:
    """A number as text, and how sure it is below it. shade: -100 (harms) to 100 (helps). framed: the worst of all."""

    text: str
    small: str = ""
    sure: bool = True
    shade: int = 0
    framed: bool = False
    label: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column; mark: a letter before it, in a colour such as "--policyA"."""

    title: str
    small: str = ""
    colour: str = ""
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A row. key: what tests and `on_switch` call it; switch: whether it is on, None where nothing can be switched."""

    title: str
    cells: tuple[Cell, ...]
    small: str = ""
    key: str = ""
    switch: bool | None = None


@vue("assets/numbers.vue")
def _Numbers(name: str, title: str, sentence: str, terms: str, corner: str, columns: list, rows: list, stamp: str,
             legend: list, folds: bool, texts: dict, event_switched: Callable[[str], None]) -> None:
    """The browser's half of a table."""


@solara.component
def Numbers(name: str, title: str, sentence: str, columns: Sequence[Head], rows: Sequence[Row], *, corner: str = "",
            stamp: str = "", legend: Sequence[tuple[str, str]] = (), folds: bool = False, on_switch: Any = None) -> None:
    """A table with its sentence; its CSV is called `name`. legend: (CSS class, text) of the marks in it. folds: whether it
    is so long that a phone shows it when somebody opens it.

    stamp: `charts.key_of` of the question that it answers, which tests wait for.
    """
    session = use_session()
    _Numbers(name=name, title=title, sentence=sentence, corner=corner,
             terms=terms(". ".join((title, sentence, *(one.title for one in columns))), session.text),
             columns=[asdict(one) for one in columns],
             rows=[asdict(one) for one in rows], stamp=stamp, legend=[list(one) for one in legend], folds=folds,
             texts=session.text.all("chart"), event_switched=lambda key: on_switch(key) if on_switch else None)
