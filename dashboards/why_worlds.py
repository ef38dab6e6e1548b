"""Why, in other worlds: where the policy of a view leads, what moved whom, and in how many worlds the same is so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import solara

from letsdance.dashboards import compute, in_worlds
from letsdance.dashboards.session import Session
from letsdance.dashboards.state import View
from letsdance.experiments.worlds import Worlds
from letsdance.report.reasons_worlds import reasons_study
from letsdance.report.study import Study
from letsdance.words import Text

#: What a link calls them; worlds, and runs in each, as the command has it.
KEY, WORLDS, RUNS = "explore.worlds", 60, 4


def study(view: View, text: Text, worlds: Worlds, progress: Callable[[int], None]) -> Study:
    """What the report says of it. Raises `Refused`."""
    compute.check_work(view.policy, (worlds.worlds + 1) * RUNS, view.places)
    return reasons_study(worlds.explain(view.policy.scenario(), RUNS, view.seed, 1, progress,
                                        compute.municipalities(view.places)), text)


@solara.component
def WhyInWorlds(session: Session) -> None:
    """The switch, and while the link asks for it, the answer."""
    view = session.view.value
    asked = replace(view.policy, title="")
    in_worlds.InWorlds(session, KEY, "why", WORLDS, (WORLDS + 1) * RUNS, ("why", asked, view.seed, view.places),
                       partial(study, replace(view, policy=asked), session.text))


__all__ = ["KEY", "RUNS", "WORLDS", "WhyInWorlds", "study"]
