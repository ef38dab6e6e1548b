"""The budget: a strip under the bar with what the levers in use cost, against a limit that the link carries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import solara

from letsdance.dashboards.parts import vue
from letsdance.dashboards.sentences import placed
from letsdance.dashboards.session import use_session
from letsdance.dashboards.state import View, price
from letsdance.params import Refused, within
from letsdance.words import Text


@vue("assets/budget.vue")
def _Budget(show: bool, spent: float, limit: int, over: bool, says: str, uses: list, refused: str, texts: dict,
            event_bound: Callable[[float | None], None]) -> None:
    """What the levers in use cost, against the limit that the link carries."""


#: What links call the limit of the budget, in points over the whole run.
LIMIT, MOST_POINTS = "budget.limit", 100_000


def points(value: float | None, text: Text) -> int | None:
    """A limit as it was typed; None for none. Raises `Refused`."""
    if value and not (float(value).is_integer() and 1 <= value <= MOST_POINTS):
        raise Refused(text("budget.wrong"))
    return int(value) if value else None


def limit_of(view: View) -> int:
    """The points that there are, by a view's link; 0: any."""
    return within(view.get(LIMIT), 1, MOST_POINTS) or 0


@solara.component
def Budget() -> None:
    """A strip under the bar wherever a lever is in use or a limit is set."""
    session = use_session()
    view, text = session.view.value, session.text
    limit = limit_of(view)
    try:
        spent, each = price(replace(view.policy, title=""), view.places)
    except Refused:  # a link may name a municipality that there is not; the page says so
        return

    def bound(value: float | None) -> None:
        try:
            session.keep({LIMIT: points(value, text)})
        except Refused as refused:
            session.refuse(LIMIT, refused)

    n = text.price(spent)
    over = bool(limit) and spent > limit
    says = text("budget.over", n=text.price(spent - limit), limit=text.number(limit)) if over else (
        text("budget.of", n=n, limit=text.number(limit)) if limit else text("budget.spent", n=n))
    uses = [{"key": f"{use}{k}", "title": placed("lever", use, text), "points": text.price(points)}
            for k, (use, points) in enumerate(zip(view.policy.levers, each, strict=True))]
    _Budget(show=bool(uses or limit), spent=spent, limit=limit, over=over, says=says, uses=uses,
            refused=session.refused.value.get(LIMIT, ""), texts=text.all("budget"), event_bound=bound)
