"""In other worlds: a question of the page asked again in worlds of other sizes, told as the report tells it.

A page says what is asked (`InWorlds`): `make(worlds, progress)` is the experiment that the command runs, and gives the
report's study of it. It runs where long jobs run, is kept for all who ask the same, and stops when nobody wants it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Hashable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import solara

from letsdance.dashboards import compute
from letsdance.dashboards.compare_worlds import WITHIN
from letsdance.dashboards.follow import in_colours
from letsdance.dashboards.parts import Box, vue
from letsdance.dashboards.session import Session
from letsdance.dashboards.state import View
from letsdance.dashboards.trial import Trial
from letsdance.experiments.worlds import Worlds
from letsdance.report.sheet import NARROW
from letsdance.report.study import Study

#: (worlds, progress(runs)) -> what the report says.
Make = Callable[[Worlds, Callable[[int], None]], Study]
#: Width in pixels of the report's figures here, beside that of a phone; seconds between two signs of life.
_WIDE, _PAUSE = 680, 0.3
_LOOK = Path(__file__).parent.joinpath("assets", "in_worlds.css").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Far:
    """How far an answer is, of 1."""

    share: float


@vue("assets/in_worlds.vue")
def _Answer(headline: str, sections: list, limits: list) -> None:
    """What the report says."""


def asked(view: View, key: str) -> str:
    """Which worlds a link asks for: a name of WITHIN, or none."""
    said = view.get(key, "")
    return said if said in WITHIN else ""


def told(study: Study) -> dict[str, Any]:
    """A study of the report for the page: figures in the page's colours, numbers as tables."""
    return {"headline": study.headline, "limits": [*study.done, *study.limits], "sections": [
        {"heading": part.heading, "sentences": list(part.sentences),
         "figures": [{"name": name, "title": make(NARROW).title, "wide": in_colours(make(_WIDE)),
                      "narrow": in_colours(make(NARROW))} for name, make in part.figures.items()],
         "tables": [{"note": table.note, "columns": list(table.columns), "rows": [list(row) for row in table.rows]}
                    for table in part.tables]} for part in study.sections]}


def known(question: Hashable, make: Make, worlds: int, within: str, runs: int, token: compute.Token,
          tell: Callable[[Far], None] = lambda far: None) -> dict[str, Any]:
    """The answer, kept for all who ask the same. runs: of the model in all; tell: hears how far it is.

    Raises `Refused`, `Stopped`.
    """
    def made() -> dict[str, Any]:
        done, spoke = 0, 0.0

        def progress(count: int) -> None:
            nonlocal done, spoke
            compute.between(token)
            done += count
            if time.monotonic() > spoke + _PAUSE:
                spoke = time.monotonic()
                tell(Far(min(done / runs, 0.99)))

        return told(make(Worlds(worlds, WITHIN[within]), progress))

    return compute.drawn(("in worlds", question, worlds, within), made, token)


@solara.component
def InWorlds(session: Session, key: str, what: str, worlds: int, runs: int, question: Hashable, make: Make) -> None:
    """A switch and, while the link (`key`) asks for it, the answer. what: the texts that say what is asked ("map");
    question: everything that make's answer depends on, beside the language; runs: of the model in all."""
    view, text = session.view.value, session.text
    within = asked(view, key)
    whole = (question, view.language)
    far, tell = compute.use_told(Far)

    def job(token: compute.Token) -> Generator[tuple[object, dict[str, Any]], None, None]:
        if within:
            yield (whole, within), known(whole, make, worlds, within, runs, token, tell)

    answer = compute.use_latest(job, [whole, within], compute.LONG)
    fresh = answer.value is not None and answer.value[0] == (whole, within)
    solara.Style(_LOOK)
    with Box([], "ld-chart iw-card", attributes={"id": key.replace(".", "-")}):
        Trial(text(f"in_worlds.{what}_title"), text(f"in_worlds.{what}", n=text.number(worlds)),
              [(name, text(f"compare.worlds_{name}"), "") for name in WITHIN], within,
              1.0 if fresh else far.share if far else 0.0, answer.refused if within else "",
              partial(_choose, session, key))
        if within and fresh and answer.value is not None and not answer.refused:
            _Answer(**answer.value[1])


def _choose(session: Session, key: str, said: str) -> None:
    session.keep({key: said if said in WITHIN else None})


__all__ = ["Far", "InWorlds", "Make", "asked", "known", "told"]
