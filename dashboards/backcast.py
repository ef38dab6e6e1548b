"""Backcasting: this is where we want to be; which packages of levers lead there? A search that a page starts and stops."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import solara

from letsdance.dashboards import compute, events
from letsdance.dashboards.budget import GOALS, LIMIT, MOST_POINTS, OF_TEN, points
from letsdance.dashboards.parts import vue
from letsdance.dashboards.sentences import uses_said
from letsdance.dashboards.session import use_session
from letsdance.dashboards.state import View
from letsdance.experiments.portfolios import Portfolio
from letsdance.experiments.search import Asked, Plan, plan, search
from letsdance.experiments.success import evaluator
from letsdance.params import Refused, within
from letsdance.report.style import capital
from letsdance.scenarios.policy import Policy
from letsdance.words import Text

#: What is tried one after another, the coarse answer first: single levers, then two together, then three.
STEPS: tuple[Asked, ...] = (
    {"most": 1, "starts": (1,), "runs": 4, "fresh_runs": 20},
    {"most": 2, "starts": (1,), "runs": 6, "fresh_runs": 60, "evaluations": 300},
    {"most": 3, "starts": (1, 9), "runs": 8, "fresh_runs": 100, "evaluations": 600})
#: Citizens x quarters x runs between two looks whether the answer is still wanted: some 10 ms.
_SLICE = 5 * 1_000 * 60
#: Packages that are shown beside those that are tied, and seconds between two signs of life.
_OTHERS, _PAUSE = 4, 0.4


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: from where (without its levers), on which luck, what is wanted, and for how many points (0: any)."""

    policy: Policy
    seed: int
    places: str
    what: str
    of_ten: int
    limit: int

    @staticmethod
    def of(view: View) -> Question:
        """What a view asks, by its link; what the link says wrongly is as usual."""
        what = view.get("goal.what")
        return Question(replace(view.policy, title="", levers=()), view.seed, view.places,
                        what if what in GOALS else GOALS[0], within(view.get("goal.share"), 1, 10) or OF_TEN,
                        within(view.get(LIMIT), 1, MOST_POINTS) or 0)

    def words(self, step: int) -> dict[str, Any]:
        """What `search` is asked in one step, beside the scenario."""
        words = STEPS[step]
        return {**words, "starts": [start for start in words["starts"] if start <= self.policy.quarters],
                "condition": f"{self.what} >= {self.of_ten / 10:g}", "budget": self.limit or None, "seed": self.seed,
                "strengths": (1.0,), "robust": False}


@dataclass(frozen=True, slots=True)
class Package:
    """Levers together: their points, in which share of runs that chose nothing they get there, and whether they are tied
    with the best."""

    levers: Portfolio
    cost: float
    share: float
    low: float
    high: float
    tied: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What a step found: first those that are tied with the best, the cheapest first, then others."""

    question: Question
    packages: tuple[Package, ...]
    most: int
    tried: int
    size: int
    runs: int
    last: bool


@dataclass(frozen=True, slots=True)
class Doing:
    """How far a step is: levers together, packages done of about so many, runs."""

    most: int
    done: int
    steps: int
    runs: int


def answers(question: Question, token: compute.Token, tell: Callable[[Doing], None]) -> Generator[Found, None, None]:
    """The packages that lead there, step by step; steps that would be more than a page computes are left out.

    tell: hears how far it is. Raises `Refused`, `Stopped`.
    """
    scenario = question.policy.scenario()
    size, made = compute.size_of(scenario, compute.municipalities(question.places)), list[Plan]()
    for step in range(len(STEPS)):
        made.append(plan(scenario, **question.words(step)))
        try:
            compute.check_size(*size, scenario.quarters, sum(one.most_runs for one in made))
        except Refused:
            if not step:
                raise
            made.pop()
            break
    for step, one in enumerate(made):
        make = partial(searched, question, step, one, token, tell, step == len(made) - 1)
        yield compute.drawn(("backcast", question, step), make, token)


def searched(question: Question, step: int, made: Plan, token: compute.Token, tell: Callable[[Doing], None],
             last: bool) -> Found:
    """What one step finds, as it was planned. Raises `Refused`, `Stopped`."""
    towns = compute.municipalities(question.places)
    citizens, municipalities = compute.size_of(made.scenario, towns)
    compute.check_size(citizens, municipalities, made.scenario.quarters, made.most_runs)
    doing = Doing(made.space.most, 0, made.steps, 0)
    slice_of, spoke = int(np.clip(_SLICE // (citizens * made.scenario.quarters), 1, 20)), time.monotonic()
    run = evaluator(made.scenario, made.condition, made.search_seeds, towns)

    def evaluate(portfolio: Portfolio, seeds: np.ndarray) -> np.ndarray:
        nonlocal doing, spoke
        scores = []
        for first in range(0, len(seeds), slice_of):
            compute.between(token)
            scores.append(run(portfolio, seeds[first:first + slice_of]))
        doing = replace(doing, runs=doing.runs + len(seeds))
        if time.monotonic() > spoke + _PAUSE:
            spoke = time.monotonic()
            tell(doing)
        return np.concatenate(scores)

    def progress(count: int) -> None:
        nonlocal doing
        doing = replace(doing, done=min(doing.done + count, doing.steps))

    tell(doing)
    found = search(made.scenario, evaluate=evaluate, progress=progress, **question.words(step))
    packages = sorted((Package(found.portfolios[row.portfolio], row.cost, row.fresh_success, row.low, row.high, row.tied)
                       for row in found.ranked.itertuples()), key=lambda one: (not one.tied, one.cost if one.tied else 0))
    return Found(question, tuple(packages), made.space.most, len(found.tried), made.space.size, made.fresh_runs, last)


# ---------------------------------------------------------------- in words

def shown(found: Found) -> list[Package]:
    """Those that are worth showing: all tied with the best that get there at all, a few others, and doing nothing."""
    there = [one for one in found.packages if one.share > 0]
    less = [one for one in there if not one.tied][:_OTHERS]
    rows = [one for one in there if one.tied] + less
    return rows + [one for one in found.packages if not one.levers and one not in rows]


def name_of(package: Package, text: Text) -> str:
    """A package in words, such as "Outreach from quarter 1 for 20 quarters; ..."."""
    return uses_said(package.levers, text) or text("backcast.nothing")


def share_of(package: Package, text: Text) -> str:
    """92 % (76–99)."""
    return f"{text.percent(package.share)} ({text.band(100 * package.low, 100 * package.high)})"


def says(found: Found, text: Text) -> str:
    """The answer: the cheapest of those that get there most often, how often, how many are tied with it, what was tried."""
    tied = [one for one in found.packages if one.tied and one.share > 0]
    tried = text("backcast.tried" if found.last else "backcast.so_far", tried=text.number(found.tried),
                 of=_kind(found.most, text), size=text.number(found.size))
    if not tied:
        return " ".join([text("backcast.none", runs=found.runs), *([text("backcast.less")] if found.last else []), tried])
    best, ties = tied[0], len(tied) - 1
    said = [text("backcast.best", package=name_of(best, text), share=share_of(best, text), runs=found.runs,
                 cost=text.in_points(text.price(best.cost)))]
    said += [text("backcast.tie" if ties == 1 else "backcast.ties", n=ties)] if ties else []
    return capital(" ".join([*said, tried]))


def _kind(most: int, text: Text) -> str:
    return text("backcast.single") if most == 1 else text("backcast.upto", most=most)


# ---------------------------------------------------------------- on the page

@vue("assets/backcast.vue")
def _Backcast(goals: list, shares: list, what: str, share: int, limit: int, asked: bool, done: int, steps: int, doing: str,
              says: str, rows: list, refused: str, texts: dict, event_search: Callable[[events.Goal], None],
              event_used: Callable[[int], None]) -> None:
    """The question, how far the search is, and the packages."""


@solara.component
def Backcast() -> None:
    """The question where we want to be, and the packages that lead there, while the link asks for it."""
    session = use_session()
    view, text = session.view.value, session.text
    question, wanted = Question.of(view), view.get("goal.asked") == "1"
    doing, tell = compute.use_told(Doing)

    def job(token: compute.Token) -> Generator[Found, None, None]:
        if wanted:
            yield from answers(question, token, tell)

    answer = compute.use_latest(job, [question, wanted], compute.LONG)
    found = answer.value if answer.value is not None and answer.value.question == question else None
    refused = answer.refused if wanted else ""
    running = wanted and not refused and (found is None or not found.last)

    def ask(goal: dict[str, Any]) -> None:
        try:
            limit = points(goal["limit"], text)
        except Refused as refused:
            session.refuse("backcast", refused)
            return
        session.keep({
            "goal.what": goal["what"] if goal["what"] in GOALS else None,
            "goal.share": within(str(goal["share"]), 1, 10), LIMIT: limit,
            "goal.asked": 1 if goal["asked"] else None})

    def use(k: int) -> None:
        if found is not None and 0 <= k < len(rows):
            session.change(page="explore", policy=replace(session.view.peek().policy, levers=rows[k].levers))

    rows = [] if found is None else shown(found)
    _Backcast(
        goals=[{"name": what, "title": text(f"backcast.goal_{what}")} for what in GOALS],
        shares=[{"n": n, "title": text.of_ten(n / 10)} for n in range(1, 11)], what=question.what, share=question.of_ten,
        limit=question.limit, asked=running, done=doing.done if doing else 0, steps=doing.steps if doing else 1,
        doing="" if doing is None else text("backcast.doing", of=_kind(doing.most, text), runs=text.number(doing.runs)),
        says="" if found is None else says(found, text),
        rows=[{"title": name_of(one, text), "cost": text.in_points(text.price(one.cost)), "tied": one.tied,
               "share": share_of(one, text), "width": round(100 * one.share), "use": bool(one.levers)} for one in rows],
        refused=refused or session.refused.value.get("backcast", ""), texts=text.all("backcast"), event_search=ask,
        event_used=use)


__all__ = ["GOALS", "STEPS", "Backcast", "Doing", "Found", "Package", "Question", "answers", "says", "searched", "shown"]
