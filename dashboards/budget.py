"""The budget and the target: a strip under the bar with what the levers in use cost, against a limit, whether they reach
what is wanted, and what suffers. The link carries the limit and the target."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import solara

from letsdance.dashboards import compute, events
from letsdance.dashboards.parts import vue
from letsdance.dashboards.sentences import placed, suffers
from letsdance.dashboards.session import use_session
from letsdance.dashboards.state import View, price
from letsdance.experiments.outcomes import parse
from letsdance.params import Refused, within
from letsdance.report.style import finite_mean
from letsdance.words import Text


@vue("assets/budget.vue")
def _Budget(show: bool, spent: float, limit: int, over: bool, says: str, uses: list, refused: str, target: dict,
            wants: list, shares: list, reached: str, suffers: str, texts: dict,
            event_bound: Callable[[float | None], None], event_aim: Callable[[events.Target], None]) -> None:
    """What the levers in use cost, against the limit that the link carries; the target, and what suffers."""


#: What links call the limit of the budget, in points over the whole run.
LIMIT, MOST_POINTS = "budget.limit", 100_000
#: What may be wanted of municipalities at the end, and how many of ten of them unless a link says so.
GOALS, OF_TEN = ("ever_adopted", "on", "lets_dance"), 9
#: Pages that run the package that the strip tells of.
_RUN = ("explore", "compare", "late_adopters", "town", "map")


def points(value: float | None, text: Text) -> int | None:
    """A limit as it was typed; None for none. Raises `Refused`."""
    if value and not (float(value).is_integer() and 1 <= value <= MOST_POINTS):
        raise Refused(text("budget.wrong"))
    return int(value) if value else None


def limit_of(view: View) -> int:
    """The points that there are, by a view's link; 0: any."""
    return within(view.get(LIMIT), 1, MOST_POINTS) or 0


@dataclass(frozen=True, slots=True)
class Target:
    """What is wanted at the end: of how many of ten municipalities; what "" for nothing."""

    what: str
    of_ten: int

    @staticmethod
    def of(view: View) -> Target:
        """What a view's link says."""
        what = view.get("goal.what")
        return Target(what if what in GOALS else "", within(view.get("goal.share"), 1, 10) or OF_TEN)


def reached(pair: compute.Pair, target: Target, text: Text) -> str:
    """In how many runs the target is reached, and what it comes to on average; '' where nothing is wanted."""
    if not target.what:
        return ""
    ends = parse(target.what).of(pair.result)
    return text("budget.reached", runs=text.in_runs(int(np.sum(ends >= target.of_ten / 10)), pair.result.runs),
                share=text.of_ten(float(finite_mean(ends)), "_short"))


@solara.component
def Budget() -> None:
    """A strip under the bar wherever a lever is in use, a limit is set or something is wanted."""
    session = use_session()
    view, text = session.view.value, session.text
    limit, target = limit_of(view), Target.of(view)
    runs = view.page in _RUN and bool(target.what or view.policy.levers)

    def job(token: compute.Token) -> Generator[tuple[str, str], None, None]:
        for pair in compute.pairs(view, token) if runs else ():
            yield reached(pair, target, text), suffers(pair, text) if pair.policy.levers else ""

    came = compute.use_latest(job, [(*view.question(), target, view.language), runs])
    come = came.value if came.value is not None and runs and not came.refused else ("", "")
    try:
        spent, each = price(replace(view.policy, title=""), view.places)
    except Refused:  # a link may name a municipality that there is not; the page says so
        return

    def bound(value: float | None) -> None:
        try:
            session.keep({LIMIT: points(value, text)})
        except Refused as refused:
            session.refuse(LIMIT, refused)

    def aim(wanted: dict[str, Any]) -> None:
        what = wanted["what"] if wanted["what"] in GOALS else None
        session.keep({"goal.what": what, "goal.share": within(str(wanted["share"]), 1, 10) if what else None})

    n = text.price(spent)
    over = bool(limit) and spent > limit
    says = text("budget.over", n=text.price(spent - limit), limit=text.number(limit)) if over else (
        text("budget.of", n=n, limit=text.number(limit)) if limit else text("budget.spent", n=n))
    uses = [{"key": f"{use}{k}", "title": placed("lever", use, text), "points": text.price(points)}
            for k, (use, points) in enumerate(zip(view.policy.levers, each, strict=True))]
    _Budget(show=bool(uses or limit or target.what), spent=spent, limit=limit, over=over, says=says, uses=uses,
            refused=session.refused.value.get(LIMIT, ""), target={"what": target.what, "share": target.of_ten},
            wants=[[what, text(f"budget.goal_{what}")] for what in GOALS],
            shares=[[k, text.of_ten(k / 10, "_short")] for k in range(1, 11)], reached=come[0], suffers=come[1],
            texts=text.all("budget"), event_bound=bound, event_aim=aim)
