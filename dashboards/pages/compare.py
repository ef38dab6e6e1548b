"""Compare: up to four policies side by side on the same luck, and one of them in the wind tunnel."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import solara

from letsdance.dashboards import charts_compare as drawing
from letsdance.dashboards import compute, events, in_worlds
from letsdance.dashboards.budget import limit_of
from letsdance.dashboards.charts import Chart, key_of
from letsdance.dashboards.charts_compare import LETTERS, OUTCOMES, START, Tunnel
from letsdance.dashboards.compare_worlds import WorldsOf
from letsdance.dashboards.numbers import Head, Numbers, Row
from letsdance.dashboards.pages.explore import Controls
from letsdance.dashboards.parts import Box, Figure, Say, Waiting, terms, vue
from letsdance.dashboards.session import Session, use_session
from letsdance.dashboards.state import RUNS, View
from letsdance.dashboards.trial import Trial
from letsdance.experiments.outcomes import parse
from letsdance.experiments.worlds import Worlds
from letsdance.params import Refused
from letsdance.report.study import Study
from letsdance.report.tunnel_worlds import tunnel_study
from letsdance.scenarios import SHOCKS, STARTS
from letsdance.scenarios.policy import Policy
from letsdance.words import Text

CSS = Path(__file__).parent.parent.joinpath("assets", "compare.css").read_text(encoding="utf-8")
#: Seconds after which the wind tunnel shows what it has: between two turns others may use the thread.
_TURN = 0.3
_MOST_CELLS = 3000
#: In other worlds: how many, runs of each start and shock without and with the policy in each, and starts and shocks.
TUNNEL_WORLDS, TUNNEL_RUNS, _CELLS = 30, 1, len(STARTS) * (1 + len(SHOCKS))
#: What links call which worlds the wind tunnel is asked in.
IN_WORLDS = "policies.tunnel-worlds"
#: What links call it that the controls are open (on a phone they are closed at first).
EDITING = "compare.editing"


@vue("../assets/compare.vue")
def _Cards(headline: str, terms: str, notes: list, refused: str, cards: list, outcomes: list, outcome: str,
           references: list, against: str, difference: bool, can_undo: bool, can_redo: bool, can_add: bool, editing: bool,
           texts: dict, shared: dict, event_act: Callable[[events.Order], None]) -> None:
    """The headline, what is compared, and a card for each policy."""




@dataclass(frozen=True, eq=False)
class Shown:
    """One answer, drawn."""

    headline: str
    notes: list[str]
    says: Mapping[str, tuple[str, str]]
    heads: list[Head]
    rows: list[Row]
    fate_heads: list[Head]
    fate_rows: list[Row]
    fate_says: str
    charts: list[Chart]
    stamp: str


def draw(shown: drawing.Beside, outcome: str, text: Text, difference: bool, question: object, limit: int = 0) -> Shown:
    """Everything that the runs say, in words, tables and charts. limit: the points that there are (0: any)."""
    said, notes = drawing.headline(shown, outcome, text, limit)
    letters = [name for name in shown.policies if name != START]
    heads, rows = drawing.effects(shown, text)
    fate_heads, fate_rows, fate_says = drawing.fates(shown, text)
    says = {name: (drawing.summary_of(name, shown, outcome, text), drawing.cost_of(name, shown, outcome, text))
            for name in letters}
    return Shown(said, notes, says, heads, rows, fate_heads, fate_rows, fate_says,
                 [drawing.over_time(shown, outcome, text, difference), drawing.ways(shown, text)],
                 key_of((question, shown.found.runs)))


@solara.component
def Page() -> None:
    """Cards above, what they come to below; the chosen card's levers at the left."""
    session = use_session()
    view, text = session.view.value, session.text
    policies, at = drawing.lineup(view)
    outcome, limit = drawing.outcome_of(view), limit_of(view)
    question = (policies, drawing.against(view), outcome, view.seed, view.runs, view.places, view.difference, view.language,
                view.policy.quarters, limit)

    def job(token: compute.Token) -> Generator[Shown, None, None]:
        for runs in compute.stages(view.runs):
            yield draw(drawing.beside(view, runs, token), outcome, text, view.difference, question, limit)

    answer = compute.use_latest(job, [question])
    with Box([], "lc-page"):
        solara.Style(CSS)
        with Box([], f"ld-left lc-left{' lc-open' if view.get(EDITING) else ''}"):
            Say(text("compare.changing", letter=LETTERS[at], name=drawing.name_of(view.policy, text)), "h2", "lc-editing")
            Controls(None)
        with Box([], "lc-right"):
            Cards(session, answer.value, answer.refused)
            if answer.value is None:
                Waiting(answer.refused)
            else:
                Found(answer.value, text)
            TunnelOf(session)
            WorldsOf(session)


@solara.component
def Cards(session: Session, shown: Shown | None, refused: str) -> None:
    """The strip of policies, and what can be done with them."""
    view, trail, text = session.view.value, session.trail.value, session.text
    policies, at = drawing.lineup(view)

    def act(order: dict[str, Any]) -> None:
        if order["do"] in ("undo", "redo"):
            getattr(session, order["do"])()
        elif order["do"] == "edit":
            now = session.view.peek()
            session.change(own=now.put(**{EDITING: None if now.get(EDITING) else 1}).own)
        else:
            now = session.view.peek()
            after = ordered(now, order)
            session.change(policy=after.policy, others=after.others, own=after.own, difference=after.difference)

    cards = []
    for k, (letter, policy) in enumerate(zip(LETTERS, policies)):
        says, cost = shown.says.get(letter, ("", "")) if shown else ("", "")
        usual = drawing.name_of(replace(policy, title=""), text)
        what = text("compare.from", start=text.title("start", policy.start)) if policy.changed() or policy.title else ""
        if policy.title and policy.changed():
            what = f"{usual}, {what}"
        cards.append({"letter": letter, "name": policy.title, "usual": usual, "what": what, "says": says, "cost": cost,
                      "chosen": k == at, "reference": drawing.against(view) == letter})
    references = [{"name": START, "title": text("compare.as_it_stands", start=text.title("start", policies[0].start))}]
    references += [{"name": letter, "title": f"{letter} {drawing.name_of(policy, text)}"}
                   for letter, policy in zip(LETTERS, policies)]
    said = shown.headline if shown else text("compare.title")
    _Cards(headline=said, terms=terms(said, text), notes=shown.notes if shown else [],
           refused=refused if shown else "", cards=cards,
           outcomes=[{"name": name, "title": text(f"compare.outcome_{name}")} for name in OUTCOMES],
           outcome=drawing.outcome_of(view), references=references, against=drawing.against(view),
           difference=view.difference, can_undo=bool(trail.past), can_redo=bool(trail.future),
           can_add=len(policies) < len(LETTERS), editing=bool(view.get(EDITING)), texts=text.all("compare"),
           shared=text.all("explore"), event_act=act)


def ordered(view: View, order: dict[str, Any]) -> View:
    """The view after an order of the cards: add, remove, choose, name, tunnel, outcome, against, difference."""
    policies, at = drawing.lineup(view)
    what = order["do"]
    k = LETTERS.find(order["letter"]) if order.get("letter") else at
    if not 0 <= k < len(policies):
        return view
    if what == "add" and len(policies) < len(LETTERS):
        return drawing.arranged(view, (*policies, replace(view.policy, title="")), len(policies))
    if what == "remove" and len(policies) > 1:
        left = (*policies[:k], *policies[k + 1:])
        after = drawing.arranged(view, left, min(at - (k < at), len(left) - 1))
        return after.put(**{name: _without(said, k) for name in ("policies.against", "policies.tunnel")
                            if (said := view.get(name)) and said in LETTERS})
    if what == "choose":
        return drawing.arranged(view, policies, k)
    if what == "name":
        title = " ".join(str(order["title"]).split())[:60]
        return drawing.arranged(view, (*policies[:k], replace(policies[k], title=title), *policies[k + 1:]), at)
    if what == "outcome" and order["name"] in OUTCOMES:
        return view.put(**{"policies.outcome": order["name"] if order["name"] != "lets_dance" else None})
    if what == "tunnel":
        return view.put(**{"policies.tunnel": LETTERS[k]})
    if what == "against":
        return view.put(**{"policies.against": order["name"] if order["name"] != START else None})
    if what == "difference":
        return replace(view, difference=not view.difference)
    return view


def _without(letter: str, removed: int) -> str | None:
    """A letter after another was taken out; None if it was its own."""
    k = LETTERS.index(letter)
    return None if k == removed else LETTERS[k - (k > removed)]


@solara.component
def Found(shown: Shown, text: Text) -> None:
    """Tables and charts."""
    with Box([], "lc-two"):
        for chart in shown.charts:
            Figure(chart, shown.stamp).key(chart.name)
    Numbers("effects", text("compare.effects"), text("compare.effects_says"), shown.heads, shown.rows,
            corner=text("compare.outcome"), stamp=shown.stamp, folds=True)
    Numbers("fates", text("compare.fates"), shown.fate_says, shown.fate_heads, shown.fate_rows,
            corner=text("compare.municipalities"), stamp=shown.stamp)


# ---------------------------------------------------------------- the wind tunnel

#: Outcomes of what ran in the wind tunnel, for all sessions: a cell says nothing about who asked.
_cells: compute.Kept[dict[str, np.ndarray]] = compute.Kept(_MOST_CELLS, lambda cell: 1)


def tunnel(policy: Policy, view: View, outcome: str, token: compute.Token, question: object,
           seconds: float = np.inf) -> Tunnel:
    """The wind tunnel as far as it is known after so many seconds more; 20 runs a cell. Raises `Refused`, `Stopped`."""
    until = time.monotonic() + seconds
    values = {}
    for cell, pair in drawing.tunnel_cells(policy):
        found = []
        for one in pair:
            key = (replace(one, title=""), view.seed, view.places)
            kept = _cells.get(key)
            if kept is None and time.monotonic() < until:
                # not `simulated`: a hundred societies would push out what sliders go back to
                result = compute.extended(one, view.seed, RUNS[0], token, view.places, None)
                kept = {name: parse(name).of(result) for name in OUTCOMES}
                _cells.put(key, kept)
            if kept is not None:
                found.append(kept[outcome])
        if len(found) == 2:
            values[cell] = (found[0], found[1])
    return Tunnel(question, values, outcome)


def tunnel_worlds(policy: Policy, name: str, view: View, outcome: str, text: Text, worlds: Worlds,
                  progress: Callable[[int], None]) -> Study:
    """The wind tunnel in other worlds, as the report tells it."""
    compute.check_work(policy, 2 * _CELLS * worlds.worlds * TUNNEL_RUNS, view.places)
    kept = tuple((key, value) for key, value in policy.parameters if key not in ("C0", "G0"))
    tried = Policy(title=name, levers=policy.levers, parameters=kept, profile=policy.profile, context=policy.context)
    return tunnel_study(worlds.wind_tunnel(
        tried, at=min(drawing.AT, policy.quarters), outcome=outcome, runs=TUNNEL_RUNS, seed=view.seed,
        quarters=policy.quarters, municipalities=compute.municipalities(view.places), threads=1, progress=progress), text)


@solara.component
def TunnelOf(session: Session) -> None:
    """One policy against every start and shock, filled in as it is computed."""
    view, text = session.view.value, session.text
    policies, _ = drawing.lineup(view)
    letters = LETTERS[:len(policies)]
    said = view.get("policies.tunnel")
    tried = said if said and said in letters else ""
    policy = replace(policies[letters.index(tried)], quarters=view.policy.quarters) if tried else None
    name = f"{tried} {drawing.name_of(policies[letters.index(tried)], text)}" if tried else ""
    outcome = drawing.outcome_of(view)
    question = (policy, view.seed, view.places, outcome, view.language)

    def job(token: compute.Token) -> Generator[Tunnel, None, None]:
        found = None
        try:
            while policy is not None and (found is None or len(found.values) < found.cells):
                found = tunnel(policy, view, outcome, token, question, _TURN)
                yield found
        except Refused as refused:
            raise Refused(str(refused) or text("compare.tunnel_nothing", letter=tried)) from None

    answer = compute.use_latest(job, [question], compute.LONG)
    found = answer.value if tried else None
    fresh = found is not None and found.question == question
    complete = found is not None and len(found.values) == found.cells
    share = len(found.values) / found.cells if found is not None and fresh else 0.0
    with Box([], "ld-chart lc-tunnel", attributes={"id": "tunnel"}):
        Trial(text("compare.tunnel"), text("compare.tunnel_lead"),
              [(letter, text("compare.try", letter=letter), letter) for letter in letters], tried, share,
              answer.refused if tried else "", lambda letter: session.keep({"policies.tunnel": letter or None}))
    if found is not None and not answer.refused:
        heads, rows = drawing.tunnel_rows(found, text)
        Numbers("wind_tunnel", text("compare.tunnel_title", name=name, of=text(f"compare.outcome_{outcome}")),
                drawing.tunnel_says(found, name, text), heads, rows,
                corner=text("compare.shock_at", quarter=text.quarter(min(drawing.AT, view.policy.quarters))),
                stamp=key_of(question) if fresh and complete else "",
                legend=[(f"lc-{what}", text(f"compare.{what}")) for what in ("helps", "harms", "worst")])
    if policy is not None and not answer.refused:
        in_worlds.InWorlds(session, IN_WORLDS, "tunnel", TUNNEL_WORLDS,
                           2 * _CELLS * TUNNEL_WORLDS * TUNNEL_RUNS, ("tunnel", name, question),
                           partial(tunnel_worlds, policy, name, view, outcome, text))
