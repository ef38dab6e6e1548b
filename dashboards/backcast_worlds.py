"""Which packages lead there in other worlds: the search of a backcast, over worlds."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import solara

from letsdance.dashboards import compute, in_worlds
from letsdance.dashboards.backcast import Question
from letsdance.dashboards.session import Session
from letsdance.experiments import search_worlds
from letsdance.experiments.worlds import Worlds
from letsdance.report.search_worlds import search_study
from letsdance.report.study import Study
from letsdance.words import Text

#: What a link calls them; worlds, runs of a package in each, packages that are tried, and worlds that chose nothing.
KEY, WORLDS, RUNS, TRIED, FRESH = "goal.worlds", 20, 2, 160, 40


def study(question: Question, text: Text, worlds: Worlds, progress: Callable[[int], None]) -> Study:
    """What the report says of the search that `letsdance search --aim success` makes. Raises `Refused`."""
    compute.check_work(question.policy, RUNS * ((TRIED + search_worlds.FINALISTS * len(search_worlds.RADII)) * worlds.worlds
                                                + search_worlds.FINALISTS * FRESH), question.places)
    words = question.words(2)
    return search_study(search_worlds.search(
        worlds, question.policy.scenario(), ["success"], starts=words["starts"], strengths=words["strengths"],
        condition=words["condition"], budget=words["budget"], seed=question.seed, runs=RUNS, fresh_worlds=FRESH,
        evaluations=TRIED, municipalities=compute.municipalities(question.places), threads=1, progress=progress), text)


@solara.component
def BackcastInWorlds(session: Session) -> None:
    """The switch, once packages were asked for, and while the link asks for it, the answer."""
    view = session.view.value
    if view.get("goal.asked") != "1":
        return
    question = Question.of(view)
    in_worlds.InWorlds(session, KEY, "backcast", WORLDS, search_worlds.steps(TRIED, False, 1), ("backcast", question),
                       partial(study, question, session.text))


__all__ = ["KEY", "TRIED", "WORLDS", "BackcastInWorlds", "study"]
