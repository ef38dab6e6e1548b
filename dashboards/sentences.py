"""Sentences made from runs, in the language on screen: what a change did and how sure that is. What a start comes to is
said by report.words.

What is counted is experiments.cards' and experiments.paired's; only the wording stands in the catalogue.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from letsdance.dashboards.compute import Pair
from letsdance.dashboards.state import View
from letsdance.experiments import cards
from letsdance.experiments.paired import Interval, paired
from letsdance.report.outcomes import writing
from letsdance.report.style import capital, finite_mean
from letsdance.report.words import still_leads
from letsdance.scenarios import Use
from letsdance.scenarios.policy import Policy
from letsdance.simulation.run import Result
from letsdance.words import Text

__all__ = ["headline", "named", "placed", "priced", "suffers", "told_apart", "uses_said",
           "what_changed"]

#: What a headline may be about, the first first; all shares, so that differences are points.
TOLD = ("lets_dance", "on", "C", "G", "uses", "T", "participation", "S", "K")
#: Points below which a difference is not worth a headline.
_LEAST = 0.005


def what_changed(policy: Policy, reference: Policy, text: Text, *, brief: bool = False) -> str:
    """What differs between two policies, as the subject of a sentence; '' where nothing does.

    brief: without what a parameter was before.
    """
    if policy.start != reference.start:
        return text.title("start", policy.start)
    said = [placed("lever", use, text) for use in policy.levers if use not in reference.levers]
    said += [text("headline.without", what=text.title("lever", use.name)) for use in reference.levers
             if use.name not in {other.name for other in policy.levers}]
    said += [placed("shock", use, text) for use in policy.shocks if use not in reference.shocks]
    said += [text("headline.without", what=text.title("shock", use.name)) for use in reference.shocks
             if use.name not in {other.name for other in policy.shocks}]
    said += [text.title("context", name) for name in policy.context if name not in reference.context]
    said += [text("headline.without", what=text.title("context", name)) for name in reference.context
             if name not in policy.context]
    if policy.profile != reference.profile:
        said.append(text.title("profile", policy.profile))
    for name in sorted({n for n, _ in (*policy.parameters, *reference.parameters)}):
        after, before = policy.value(name), reference.value(name)
        if after != before:
            key = "headline.parameter_brief" if brief else "headline.parameter"
            said.append(text(key, what=text.title("parameter", name), after=text.short(after), before=text.short(before)))
    said = list(dict.fromkeys(said))
    if len(said) > 3:
        return text("headline.many", n=len(said))
    return capital(text.listed(said)) if said else ""


def named(view: View, said: str, text: Text) -> str:
    """What is said, behind the innovation's own name where it has one."""
    name = view.innovation()
    return text("innovation.said", name=name, said=said) if name else said


def placed(kind: str, use: Use, text: Text) -> str:
    """A lever's or shock's title, with where and for whom it acts."""
    reach = ", ".join([*([use.where] if use.where else []), *([text.group(use.whom)] if use.whom else [])])
    return text.title(kind, use.name) + (f" ({reach})" if reach else "")


def uses_said(uses: Sequence[Use], text: Text) -> str:
    """Levers with when and how long, such as "outreach from quarter 1 (year 1) for 20 quarters; ..."; '' for none."""
    return "; ".join(text("budget.use_on" if use.duration is None else "budget.use", lever=placed("lever", use, text),
                          start=text.quarter(use.start), duration=use.duration) for use in uses)


def _effect(pair: Pair, indicator: str) -> tuple[Interval, int]:
    """The paired difference at the end, and in how many runs it has the sign of the mean."""
    difference = pair.difference(indicator)[:, -1]
    interval = paired(pair.result.rows[indicator][:, -1], pair.reference.rows[indicator][:, -1])
    return interval, int((np.sign(difference) == np.sign(interval.mean)).sum()) if interval.mean else 0


def _sure(effect: Interval) -> bool:
    return abs(effect.mean) >= _LEAST and effect.clear


def headline(pair: Pair, reference: Policy, text: Text, own: int = 0, limit: int = 0) -> tuple[str, list[str]]:
    """What was done, what it cost of what, what came of it and how surely, as (headline, further sentences).

    own: how many municipalities of the reader's own run; 0: the usual ones. limit: the points that there are; 0: any.
    """
    result = pair.result
    more = [text("headline.refining", n=result.runs, runs=pair.wanted)] if result.runs < pair.wanted else []
    cost = priced(result, limit, text)
    if pair.same:
        return _unchanged(pair, text, own, cost, more)
    what = (what_changed(pair.policy, reference, text) or _name(pair.policy, text)) + cost
    equal = pair.result.places.citizens.tolist() == pair.reference.places.citizens.tolist()
    how_sure = text("headline.how_sure" if equal else "headline.other_citizens", runs=result.runs)
    found = {name: _effect(pair, name) for name in TOLD}
    sure = [name for name in TOLD if _sure(found[name][0])]
    leads = still_leads(result, text) if pair.policy != reference else []
    if not sure:
        said = text("headline.no_effect", what=what, quarter=text.quarter(result.quarters, "_beside"))
        return " ".join([said, *leads]), [how_sure, *more]
    main = "lets_dance" if "lets_dance" in sure else max(sure, key=lambda name: abs(found[name][0].mean))
    effect, runs = found[main]
    after, before = told_apart(main, _ended(result, main), _ended(pair.reference, main), text)
    said = text("headline.more" if effect.mean > 0 else "headline.less", what=what, after=after, before=before,
                years=text.years(result.quarters), quarters=result.quarters, runs=text.in_runs(runs, result.runs))
    others = sorted((name for name in sure if name != main), key=lambda name: -abs(found[name][0].mean))[:3]
    notes = [text("headline.difference", n=text.in_points(text.signed(100 * effect.mean, 0)),
                  band=text.band(100 * effect.low, 100 * effect.high))]
    if others:
        notes.append(text("headline.also", said=text.listed([text(
            "headline.side", of=text(f"told.{name}"), n=text.signed(100 * found[name][0].mean, 0)) for name in others])))
    return " ".join([said, *leads]), [*notes, how_sure, *more]


def _unchanged(pair: Pair, text: Text, own: int, cost: str, more: list[str]) -> tuple[str, list[str]]:
    """The headline of what is compared with itself: where municipalities are."""
    result = pair.result
    goal = cards.leads(result)
    number = cards.held(result, goal)
    start = _name(pair.policy, text)
    if own:  # they begin where the table says, each in a future of its own
        start = text("headline.own", start=start, n=text.number(own))
    changed = what_changed(pair.policy, pair.policy.bare(), text)  # the reference may have changes of its own
    stays = goal == cards.home(result) and not own and not changed
    says = text("headline.split" if number == 0 else "headline.stays" if stays else "headline.moves",
                what=(changed or text("compare.as_it_stands", start=start)) + cost,
                quarter=text.quarter(result.quarters, "_beside"), goal=text.title("start", goal),
                runs=text.in_runs(number, result.runs), share=text.percent(_ended(result, goal)))
    return says, [text("headline.compared_itself" if changed else "headline.nothing"), *more]


def priced(result: Result, limit: int, text: Text) -> str:
    """What levers cost over the whole run, behind their names: ' (180 points)', ' (180 of 200 points)', ' (292 points, 92
    over the limit of 200)'; '' where there are none."""
    if not result.scenario.levers:
        return ""
    spent = cards.spent(result)
    key = "headline.over" if spent > limit else "budget.of"
    return f" ({text(key, n=text.price(spent), over=text.price(spent - limit), limit=text.number(limit))})" if limit else (
        f" ({text.in_points(text.price(spent))})")


def told_apart(indicator: str, after: float, before: float, text: Text) -> tuple[str, str]:
    """Two shares in words that people use, '7 of 10 municipalities are in Let's dance' and '2 of 10'; in per cent, and
    with decimals, where they would read alike, and where it is no share of municipalities."""
    of = [text.of_ten(share, "_short") for share in (after, before)]
    counted = indicator in ("lets_dance", "on") and of[0] != of[1]
    alike = text.percent(after) == text.percent(before)
    written = [text.part(round(share, 3)) if alike else text.percent(share) for share in (after, before)]
    if indicator not in ("lets_dance", "on"):
        return text("chart.ends", name=text(f"told.{indicator}"), value=written[0]), written[1]
    share = text.of_ten(after) if counted else text("headline.part", share=written[0])
    said = text(f"headline.{indicator}", share=share, dance=text.title("start", "lets_dance"))
    return said, of[1] if counted else written[1]


def suffers(pair: Pair, text: Text) -> str:
    """What is clearly lower at the end than in the reference, by a tenth of it or more, the two that lose most."""
    if pair.same:
        return ""
    both = {"it": pair.result, "reference": pair.reference}
    ends = {name: [one.rows[name][:, -cards.LAST:].mean(1) for one in both.values()] for name in cards.MEASURES}
    lost = [text("chart.ends_from", name=text(f"measure.{name}"), value=writing(name).level(level, text),
                 before=writing(name).level(before, text))
            for part, name, level, best, before in sorted(cards.suffering("it", both))
            if part < cards.SUFFERS and best == "reference" and paired(*ends[name]).clear]
    return text.listed(lost[:2]) if lost else text("budget.nothing_suffers")


def _ended(result: Result, indicator: str) -> float:
    return float(finite_mean(result.rows[indicator][:, -1]))


def _name(policy: Policy, text: Text) -> str:
    return policy.title or text.title("start", policy.start)
