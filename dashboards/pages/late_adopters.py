"""Late adopters: who adopts when and why, how deep, and what a measure does to each category."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Any

import solara

from dashboards import charts_late_adopters as drawing
from dashboards import compute
from dashboards.charts import Chart, key_of
from dashboards.charts_compare import name_of
from dashboards.numbers import Head, Numbers, Row
from dashboards.pages.compare import CSS
from dashboards.parts import Box, Figure, Say, Waiting, vue
from dashboards.session import use_session
from dashboards.state import RUNS, View
from dashboards.texts import Text
from params import PROFILES


@vue("../assets/late_adopters.vue")
def _Head(headline: str, note: str, refused: str, profiles: list, profile: str, policy: str, can_undo: bool,
          can_differ: bool,
          difference: bool, texts: dict, shared: dict, event_act: Callable[[dict], None]) -> None:
    """Which innovation, which policy, and the headline."""


@dataclass(frozen=True, eq=False)
class Shown:
    """One answer, drawn; what takes longer (what if, why) comes in later ones."""

    headline: str
    note: str
    charts: list[Chart]
    heads: list[Head]
    rows: list[Row]
    stamp: str
    if_heads: list[Head]
    if_rows: list[Row]
    later: list[Chart]
    done: bool = False


def answers(view: View, text: Text, question: object, token: compute.Token) -> Generator[Shown, None, None]:
    """The page for 20 runs, then more; with the last of them what each measure does alone, and why."""
    for pair in compute.pairs(view, token):
        runs = pair.result.runs
        charts = [drawing.use_curves(pair, text, view.difference), drawing.survival_curves(pair, text, view.seed),
                  drawing.gap(pair, text, view.difference)]
        heads, rows = drawing.times_table(pair, text)
        note = " ".join([text("late_adopters.note", runs=runs), *([] if pair.same else [text("late_adopters.dashed")])])
        shown = Shown(drawing.headline(pair, text), note, charts, heads, rows, key_of((question, runs)), [], [], [])
        yield shown
        if runs < pair.wanted:
            continue
        added = {}
        for measure in drawing.MEASURES:
            if not drawing.has(pair.policy, measure):
                added[measure] = compute.simulated(drawing.switched(pair.policy, measure), view.seed, runs, token,
                                                   view.places)
        if_heads, if_rows = drawing.what_if(pair.result, added, pair.policy, text)
        shown = replace(shown, if_heads=if_heads, if_rows=if_rows, later=[drawing.fast_and_deep(pair.result, added, text)])
        yield shown
        found = drawing.reasons(pair.result, token, RUNS[0])
        yield replace(shown, later=[*shown.later, drawing.why(found, text)], done=True)


@solara.component
def Page() -> None:
    """The curves, the table, and what would change it."""
    session = use_session()
    view, text, trail = session.view.value, session.text, session.trail.value
    question = (*view.question(), view.difference, view.language)

    def act(order: dict[str, Any]) -> None:
        if order["do"] == "profile" and order["name"] in PROFILES:
            session.attempt("late_adopters", lambda policy: replace(policy, profile=order["name"]))
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
    shown = answer.value
    with Box([], "la-page"):
        solara.Style(CSS)
        _Head(headline=shown.headline if shown else text("late_adopters.title"), note=shown.note if shown else "",
              refused=session.refused.value.get("late_adopters", "") or (answer.refused if shown else ""),
              profiles=[{"name": name, "title": text.title("profile", name)} for name in PROFILES],
              profile=view.policy.profile,
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
                    shown.heads, shown.rows, corner=text("late_adopters.category"), stamp=shown.stamp)
            if shown.if_rows:
                Numbers("what_if", text("late_adopters.what_if"), text("late_adopters.what_if_says"), shown.if_heads,
                        shown.if_rows,
                        corner=text("late_adopters.measure"), stamp=shown.stamp, on_switch=switch)
                with Box([], "la-four"):
                    for chart in shown.later:
                        Figure(chart, shown.stamp).key(chart.name)
            else:
                Say(text("late_adopters.trying"), classes="ld-waiting")
