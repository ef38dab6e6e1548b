"""Futures: the four scenarios on the plane of willingness, each card told from its own runs; one click explores one."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Any

import solara

from letsdance.dashboards import charts, compute
from letsdance.dashboards.charts import Chart
from letsdance.dashboards.parts import Box, Figure, Heading, Say, Waiting, vue
from letsdance.dashboards.session import use_session
from letsdance.report import words
from letsdance.report.style import COLOURS
from letsdance.scenarios import STARTS


@vue("../assets/cards.vue")
def _Cards(cards: list, texts: dict, event_chosen: Callable[[str], None]) -> None:
    """The four cards around the plane."""


@dataclass(frozen=True, eq=False)
class Told:
    """What the page shows: the plane and the cards."""

    plane: Chart
    cards: list[dict[str, Any]]
    stamp: str


@solara.component
def Page() -> None:
    """The start page."""
    session = use_session()
    view, text = session.view.value, session.text
    plain = view.policy.bare()
    question = (view.seed, view.runs, replace(plain, start="lone_ranger"), view.places, view.language)

    def job(token: compute.Token) -> Generator[Told, None, None]:
        policies = {name: replace(plain, start=name) for name in STARTS}
        for runs in compute.stages(view.runs):
            found = compute.results(policies, replace(view, runs=runs), token)
            says = text("futures.says", runs=runs, quarters=view.policy.quarters, years=text.years(view.policy.quarters))
            plane = charts.plane("futures", text("futures.plane"), says,
                                 {name: (result, name) for name, result in found.items()}, text)
            cards = [{"name": name, "title": text.title("start", name), "says": text.says("start", name),
                      "facts": words.card(name, found, text)} for name in COLOURS]
            yield Told(plane, cards, charts.key_of((question, runs)))

    def chosen(name: str) -> None:
        if name not in STARTS:
            return
        session.change(page="explore", policy=replace(plain, start=name))

    answer = compute.use_latest(job, [question])
    told = answer.value
    with Box([], "ld-futures"):
        with Box([], "ld-intro", "header"):
            Heading(text("futures.title"))
            Say(text("futures.lead", runs=view.runs))
            if plain.context:
                Say(text("futures.context", context=text.listed([text.title("context", one) for one in plain.context])))
        if told is None or answer.refused:
            Waiting(answer.refused)
        if told is not None:
            with Box([], "ld-four"):
                with Box([], "ld-middle"):
                    Figure(told.plane, told.stamp)
                    Say(text("futures.believe"), classes="ld-believe")
                _Cards(cards=told.cards, texts=text.all("futures"), event_chosen=chosen)
