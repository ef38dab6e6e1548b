"""A lesson for a class in a room: what each thinks, by phone; what all think, on the screen; what happened, and why.

Nobody is named. The experiment is run before the room opens, so that what is told is what was measured.
"""

from __future__ import annotations

from typing import Any

from letsdance.experiments.lessons import Conducted
from letsdance.room.agenda import Agenda
from letsdance.scenarios.lessons import Sentence
from letsdance.words import Text

__all__ = ["agenda"]


def agenda(found: Conducted, text: Text) -> Agenda:
    """The agenda of a class: come in, predict, what happened, why."""
    lesson, language = found.lesson, text.language
    third = lesson.minutes / 3

    def told(title: str, sentences: list[Sentence]) -> dict[str, Any]:
        return {"kind": "chosen", "minutes": third, "title": text(title), "says": lesson.title.said(language),
                "told": tuple(found.said(one, text) for one in sentences)}

    notes = "\n".join(found.said(one, text) for one in lesson.notes)
    asks = {"kind": "choose", "minutes": third, "title": lesson.title.said(language)[:120],
            "says": lesson.predict.ask.said(language), "script": f"{lesson.story.said(language)}\n{notes}"[:4_000],
            "answer": lesson.predict.answer, "choices": tuple(one.said(language) for one in lesson.predict.choices)}
    comes = {"kind": "join", "minutes": 2, "says": text("lesson.class_says"), "script": text("lesson.class_script")}
    return Agenda.model_validate({
        "title": lesson.title.said(language)[:120], "start": lesson.start, "tables": 1, "named": False, "levers": ("LEAD",),
        "step": (comes, asks, told("lesson.happened", lesson.happened),
                 told("lesson.why", lesson.why), {"kind": "end", "minutes": 2})})
