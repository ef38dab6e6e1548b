"""Late adopters: who adopts when and why, how deep, and what a measure does to each category."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Any

import solara

from letsdance.dashboards import charts_late_adopters as drawing
from letsdance.dashboards import compute, events
from letsdance.dashboards.backcast import Backcast
from letsdance.dashboards.backcast_worlds import BackcastInWorlds
from letsdance.dashboards.charts import Chart, key_of
from letsdance.dashboards.charts_compare import name_of
from letsdance.dashboards.numbers import Head, Numbers, Row
from letsdance.dashboards.pages.compare import CSS
from letsdance.dashboards.parts import Box, Figure, Say, Waiting, start_rows, terms, vue
from letsdance.dashboards.sentences import named
from letsdance.dashboards.session import use_session
from letsdance.dashboards.state import RUNS, View
from letsdance.params import PROFILES
from letsdance.scenarios import STARTS
from letsdance.words import Text


@vue("../assets/late_adopters.vue")
def _Head(why: str, headline: str, terms: str, note: str, refused: str, profiles: list, profile: str, policy: str,
          can_undo: bool, can_differ: bool, starts: list, start: str,
          difference: bool, texts: dict, shared: dict, event_act: Callable[[events.Order], None]) -> None:
    """Which innovation, which policy, and the headline."""


@dataclass(frozen=True, eq=False)
class Shown:
    """One answer, drawn."""

    headline: str
    note: str
    charts: list[Chart]
    heads: list[Head]
    rows: list[Row]
    stamp: str


@dataclass(frozen=True, eq=False)
class Later:
    """What takes longer: what each measure does alone, and why governments adopt."""

    question: object
    heads: list[Head]
    rows: list[Row]
    charts: list[Chart]
    lead: str = ""


def answers(view: View, text: Text, question: object, token: compute.Token) -> Generator[Shown, None, None]:
    """Who adopts when, for 20 runs, then more."""
    for pair in compute.pairs(view, token):
        runs = pair.result.runs
        charts = [drawing.use_curves(pair, text, view.difference), drawing.survival_curves(pair, text, view.seed),
                  drawing.gap(pair, text, view.difference)]
        heads, rows = drawing.times_table(pair, text)
        note = " ".join([text("late_adopters.note", runs=runs), *([] if pair.same else [text("late_adopters.dashed")])])
        yield Shown(drawing.headline(pair, text), note, charts, heads, rows, key_of((question, runs)))


def later(view: View, text: Text, question: object, token: compute.Token) -> Generator[Later, None, None]:
    """What each measure does alone, over all runs, and then why."""
    policy, seed, runs = view.policy, view.seed, view.runs
    result = compute.simulated(policy, seed, runs, token, view.places)
    added = {measure: compute.simulated(drawing.switched(policy, measure), seed, runs, token, view.places)
             for measure in drawing.MEASURES if not drawing.has(policy, measure)}
    heads, rows = drawing.what_if(result, added, policy, text)
    shown = Later(question, heads, rows, [drawing.fast_and_deep(result, added, text)])
    yield shown
    reasons = drawing.reasons(result, token, RUNS[0])
    yield replace(shown, charts=[*shown.charts, drawing.why(reasons, text)], lead=drawing.lead(reasons, text))


@solara.component
def Page() -> None:
    """The curves, the table, and what would change it."""
    session = use_session()
    view, text, trail = session.view.value, session.text, session.trail.value
    question = (*view.question(), view.difference, view.language)

    def act(order: dict[str, Any]) -> None:
        if order["do"] == "profile" and order["name"] in PROFILES:
            session.attempt("late_adopters", lambda policy: replace(policy, profile=order["name"]))
        elif order["do"] == "start" and order["name"] in STARTS:
            session.attempt("late_adopters", lambda policy: policy.with_start(order["name"]))
        elif order["do"] == "explore":
            session.change(page="explore")
        elif order["do"] == "undo":
            session.undo()
        elif order["do"] == "difference":
            session.change(difference=not session.view.peek().difference)

    def switch(measure: str) -> None:
        if measure in drawing.MEASURES:
            session.attempt("late_adopters", lambda policy: drawing.switched(policy, measure))

    answer = compute.use_latest(lambda token: answers(view, text, question, token), [question])
    asked = (view.policy, view.seed, view.runs, view.places, view.language)
    further = compute.use_latest(lambda token: later(view, text, asked, token), [asked], compute.LONG)
    shown, more = answer.value, further.value
    because = more.lead if more is not None and more.question == asked else ""
    with Box([], "la-page"):
        solara.Style(CSS)
        said = named(view, shown.headline, text) if shown else text("late_adopters.title")
        _Head(why=because, headline=said, terms=terms(f"{because} {said}", text),
              note=shown.note if shown else "",
              refused=session.refused.value.get("late_adopters", "") or (answer.refused if shown else ""),
              profiles=[{"name": name, "title": text.title("profile", name)} for name in PROFILES],
              profile=view.policy.profile, starts=start_rows(text), start=view.policy.start,
              policy=name_of(view.policy, text), can_undo=bool(trail.past),
              can_differ=view.policy != view.reference_policy(),
              difference=view.difference, texts=text.all("late_adopters"), shared=text.all("explore"), event_act=act)
        if shown is None:
            Waiting(answer.refused)
        else:
            with Box([], "la-three"):
                for chart in shown.charts:
                    Figure(chart, shown.stamp).key(chart.name)
            Numbers("times", text("late_adopters.times"), text("late_adopters.times_says", runs=view.runs),
                    shown.heads, shown.rows, corner=text("late_adopters.category"), stamp=shown.stamp, folds=True)
            if further.refused:
                Say(further.refused, classes="ld-refused ld-alone")
            elif more is None:
                Say(text("late_adopters.trying"), classes="ld-waiting")
            else:
                # while the next answer is on its way the last one stays, under its own stamp
                stamp = shown.stamp if more.question == asked else key_of(more.question)
                Numbers("what_if", text("late_adopters.what_if"), text("late_adopters.what_if_says"), more.heads, more.rows,
                        corner=text("late_adopters.measure"), stamp=stamp, folds=True, on_switch=switch)
                with Box([], "la-four"):
                    for chart in more.charts:
                        Figure(chart, stamp).key(chart.name)
        Backcast()
        BackcastInWorlds(session)
