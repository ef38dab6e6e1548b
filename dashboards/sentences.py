"""Sentences made from runs, in the language on screen: what a change did and how sure that is; what a start comes to.

What is counted is report.words' and experiments.paired's; only the wording stands in the catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from letsdance.dashboards.compute import Pair
from letsdance.dashboards.state import Policy
from letsdance.experiments import cards, robust
from letsdance.experiments.paired import Interval, paired
from letsdance.report.style import finite_mean, spread
from letsdance.report.words import destination, home, stayed
from letsdance.scenarios import Use
from letsdance.simulation import schedule
from letsdance.simulation.run import Result
from letsdance.words import Text

__all__ = ["beside", "card", "headline", "what_changed"]

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
    return _capital(text.listed(said)) if said else ""


def placed(kind: str, use: Use, text: Text) -> str:
    """A lever's or shock's title, with where it acts."""
    return text.title(kind, use.name) + (f" ({use.where})" if use.where else "")


def _effect(pair: Pair, indicator: str) -> tuple[Interval, int]:
    """The paired difference at the end, and in how many runs it has the sign of the mean."""
    difference = pair.difference(indicator)[:, -1]
    interval = paired(pair.result.rows[indicator][:, -1], pair.reference.rows[indicator][:, -1])
    return interval, int((np.sign(difference) == np.sign(interval.mean)).sum()) if interval.mean else 0


def _sure(effect: Interval) -> bool:
    return abs(effect.mean) >= _LEAST and effect.clear


def headline(pair: Pair, reference: Policy, text: Text, own: int = 0) -> tuple[str, list[str]]:
    """What the change did, how sure that is, and the largest side effects, as (headline, further sentences).

    own: how many municipalities of the reader's own run; 0: the usual ones.
    """
    result = pair.result
    quarter = text("headline.quarter", quarter=result.quarters, year=text.short(result.quarters / 4))
    more = [text("headline.refining", n=result.runs, runs=pair.wanted)] if result.runs < pair.wanted else []
    if pair.same:
        goal = destination(result)
        number = int((result.rows[goal][:, -1] > 0.5).sum())
        start = _name(pair.policy, text)
        if own:  # they begin where the table says, each in a future of its own
            start = text("headline.own", start=start, n=text.number(own))
        changed = what_changed(pair.policy, pair.policy.bare(), text)  # the reference may have changes of its own
        stays = goal == home(result) and not own and not changed
        says = text("headline.split" if number == 0 else "headline.stays" if stays else "headline.moves",
                    what=changed or text("compare.as_it_stands", start=start), quarter=quarter,
                    goal=text.title("start", goal), runs=text.in_runs(number, result.runs),
                    share=text.percent(float(finite_mean(result.rows[goal][:, -1]))))
        return says, [text("headline.compared_itself" if changed else "headline.nothing"), *more]
    what = what_changed(pair.policy, reference, text) or _name(pair.policy, text)
    equal = pair.result.places.citizens.tolist() == pair.reference.places.citizens.tolist()
    how_sure = text("headline.how_sure" if equal else "headline.other_citizens", runs=result.runs)
    found = {name: _effect(pair, name) for name in TOLD}
    sure = [name for name in TOLD if _sure(found[name][0])]
    if not sure:
        return text("headline.no_effect", what=what, quarter=quarter), [how_sure, *more]
    main = "lets_dance" if "lets_dance" in sure else max(sure, key=lambda name: abs(found[name][0].mean))
    effect, runs = found[main]
    key = "headline.more" if effect.mean > 0 else "headline.less"
    low, high = sorted((abs(effect.low), abs(effect.high)))
    said = text(key, what=what, points=text.points(effect.mean), band=text.band(100 * low, 100 * high), quarter=quarter,
                of=text(f"told.{main}"), runs=text.in_runs(runs, result.runs))
    others = sorted((name for name in sure if name != main), key=lambda name: -abs(found[name][0].mean))[:3]
    notes = []
    if others:
        notes.append(text("headline.also", said=text.listed([text(
            "headline.side", of=text(f"told.{name}"), n=_signed(found[name][0].mean, text)) for name in others])))
    return said, [*_price(pair, reference, text), *notes, how_sure, *more]


def _price(pair: Pair, reference: Policy, text: Text) -> list[str]:
    """What the levers cost over the whole run, and which future leads nevertheless."""
    result = pair.result
    points = schedule.build(result.scenario).spent
    goal, years = destination(result), text.short(result.quarters / 4)
    said = []
    if pair.policy.levers:
        said.append(text("headline.cost", n=text.number(points), years=years, quarters=result.quarters))
    if goal == home(result) and goal != "lets_dance" and pair.policy != reference:
        share = float(finite_mean(result.rows[goal][:, -1]))
        said.append(text("headline.still_leads", goal=text.title("start", goal), share=text.of_ten(share)))
    return said


def _signed(share: float, text: Text) -> str:
    return ("+" if share > 0 else "") + text.number(100 * share)


def _name(policy: Policy, text: Text) -> str:
    return policy.title or text.title("start", policy.start)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


# ---------------------------------------------------------------- a future's card

def card(name: str, results: Mapping[str, Result], text: Text) -> dict[str, str]:
    """What one start comes to, from its runs: where it leads, who begins, who fails, what suffers.

    Beside each, under its name and ".holds", in how many worlds of other parameters it holds, where that was looked at.
    """
    result = results[name]
    said = {"leads": _leads(result, text), "begins": _begins(result, text), "fails": _fails(result, text),
            "suffers": _suffers(name, results, text)}
    if not all(robust.usual(one) for one in results.values()):
        return said
    choices = cards.card(name, results)
    return said | {f"{fact}.holds": " ".join(beside(f"card.{name}.{fact}", text, choices[fact])) for fact in said}


def beside(claim: str, text: Text, says: str | None = None) -> list[str]:
    """In how many worlds of other parameters a claim holds, as one sentence; none where that was not looked at."""
    held = robust.of(claim, says)
    return [] if held is None else [text("robust.holds", share=text.percent(held.share))]


def _bracket(values: np.ndarray, text: Text, unit: float = 100.0, digits: int = 0) -> str:
    """' (9-15)': where 8 in 10 runs lie, of one value a run; '' where all are written alike."""
    low, _, high = spread(values)
    band = text.band(unit * float(low), unit * float(high), digits)
    return f" ({band})" if np.isfinite(low) and band != text.number(unit * float(low), digits) else ""


def _leads(result: Result, text: Text) -> str:
    begin, goal = home(result), destination(result)
    last = result.rows[goal][:, -1]
    said = {"share": text.percent(float(finite_mean(last))), "band": _bracket(last, text)}
    if begin == goal:
        return text("card.stays", runs=text.in_runs(stayed(result), result.runs), **said)
    number = int((last > 0.5).sum())
    return text("card.moves", goal=text.title("start", goal), runs=text.in_runs(number, result.runs), **said)


def _part(some: np.ndarray, all_of: np.ndarray, text: Text) -> dict[str, str]:
    """A share over all runs, and where 8 in 10 runs lie."""
    each = np.divide(some, all_of, out=np.full(len(some), np.nan), where=all_of > 0)
    return {"share": text.percent(float(some.sum() / all_of.sum())), "band": _bracket(each, text)}


def _begins(result: Result, text: Text) -> str:
    most = cards.begins(result)
    if most == "nobody":
        return text("card.nobody")
    kinds = {kind: cards.total(result, f"launched_{kind}") for kind in ("solo", "joint", "called")}
    launches = np.sum(list(kinds.values()), axis=0)
    pace = launches.sum() / (result.runs * result.quarters)
    often = text("card.pace_rare", n=text.number(1 / pace)) if pace < 0.5 else text("card.pace", n=text.number(pace, 1))
    return text(f"card.begins_{most}", pace=often, **_part(kinds[most], launches, text))


def _fails(result: Result, text: Text) -> str:
    worst = cards.fails(result)
    if worst == "no_calls":
        return text("card.no_calls")
    little = worst == "little"
    said = [text("card.fails_little") if little else text(f"card.{worst}", **_part(*cards.failing(result)[worst], text))]
    rates = {kind: np.asarray(finite_mean(result.rows[f"success_{kind}"], axis=1)) for kind in ("solo", "supported")}
    known = {kind: rate for kind, rate in rates.items() if np.isfinite(rate).any()}
    if known and little:
        kind = min(known, key=lambda kind: float(finite_mean(known[kind])))
        said.append(text(f"card.success_{kind}", share=text.percent(float(finite_mean(known[kind]))),
                         band=_bracket(known[kind], text)))
    return " ".join(said)


def _suffers(name: str, results: Mapping[str, Result], text: Text) -> str:
    gaps = cards.suffering(name, results)
    if cards.suffers(name, results) == "little":
        return text("card.suffers_little", n=len(gaps))
    _, measure, amount, best, top = min(gaps)

    unit, digits = (1.0, 1) if measure == "services" else (100.0, 0)

    def value(amount: float) -> str:
        return text.number(amount, 1) if measure == "services" else text.percent(amount)

    ends = finite_mean(results[name].rows[measure][:, -cards.LAST:], axis=1)
    return text("card.against", what=_capital(text(f"measure.{measure}")), value=value(amount), best=value(top),
                band=_bracket(np.asarray(ends), text, unit, digits), where=text.title("start", best))
