"""Sentences made from runs, in the language on screen: what a change did and how sure that is; what a start comes to.

What is counted is report.words' and experiments.paired's; only the wording stands in the catalogue.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from dashboards.compute import Pair
from dashboards.state import Policy
from dashboards.texts import Text
from experiments.paired import Interval, paired
from report.style import finite_mean
from report.words import MEASURES, destination, end, home, stayed
from simulation.run import Result

__all__ = ["card", "headline", "what_changed"]

#: What a headline may be about, the first first; all shares, so that differences are points.
TOLD = ("lets_dance", "on", "C", "G", "uses", "T", "participation", "S", "K")
#: Points below which a difference is not worth a headline.
_LEAST = 0.005


def what_changed(policy: Policy, reference: Policy, text: Text) -> str:
    """What differs between two policies, as the subject of a sentence; '' where nothing does."""
    if policy.start != reference.start:
        return text.title("start", policy.start)
    said = [text.title("lever", use.name) for use in policy.levers if use not in reference.levers]
    said += [text("headline.without", what=text.title("lever", use.name)) for use in reference.levers
             if use.name not in {other.name for other in policy.levers}]
    said += [text.title("shock", use.name) for use in policy.shocks if use not in reference.shocks]
    said += [text("headline.without", what=text.title("shock", use.name)) for use in reference.shocks
             if use.name not in {other.name for other in policy.shocks}]
    if policy.profile != reference.profile:
        said.append(text.title("profile", policy.profile))
    for name in sorted({n for n, _ in (*policy.parameters, *reference.parameters)}):
        after, before = policy.value(name), reference.value(name)
        if after != before:
            said.append(text("headline.parameter", what=text.title("parameter", name), after=text.short(after),
                             before=text.short(before)))
    said = list(dict.fromkeys(said))
    if len(said) > 3:
        return text("headline.many", n=len(said))
    return _capital(text.listed(said)) if said else ""


def _effect(pair: Pair, indicator: str) -> tuple[Interval, int]:
    """The paired difference at the end, and in how many runs it has the sign of the mean."""
    difference = pair.difference(indicator)[:, -1]
    interval = paired(pair.result.rows[indicator][:, -1], pair.reference.rows[indicator][:, -1])
    return interval, int((np.sign(difference) == np.sign(interval.mean)).sum()) if interval.mean else 0


def _sure(effect: Interval) -> bool:
    return abs(effect.mean) >= _LEAST and (effect.low > 0 or effect.high < 0)


def headline(pair: Pair, reference: Policy, text: Text) -> tuple[str, list[str]]:
    """What the change did, how sure that is, and the largest side effects, as (headline, further sentences)."""
    result, quarter = pair.result, pair.result.quarters
    more = [text("headline.refining", n=result.runs, runs=pair.wanted)] if result.runs < pair.wanted else []
    if pair.same:
        goal = destination(result)
        number = int((result.rows[goal][:, -1] > 0.5).sum())
        start = _name(pair.policy, text)
        key = "headline.stays" if goal == home(result) else "headline.moves"
        return (text(key, start=start, quarter=quarter, goal=text.title("start", goal),
                     runs=text.in_runs(number, result.runs)), [text("headline.nothing"), *more])
    what = what_changed(pair.policy, reference, text) or _name(pair.policy, text)
    found = {name: _effect(pair, name) for name in TOLD}
    sure = [name for name in TOLD if _sure(found[name][0])]
    if not sure:
        return text("headline.no_effect", what=what, quarter=quarter), [text("headline.how_sure", runs=result.runs), *more]
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
    return said, [*notes, text("headline.how_sure", runs=result.runs), *more]


def _signed(share: float, text: Text) -> str:
    return ("+" if share > 0 else "") + text.number(100 * share)


def _name(policy: Policy, text: Text) -> str:
    return policy.title or text.title("start", policy.start)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


# ---------------------------------------------------------------- a future's card

def card(name: str, results: Mapping[str, Result], text: Text) -> dict[str, str]:
    """What one start comes to, from its runs: where it leads, who begins, who fails, what suffers."""
    result = results[name]
    return {"leads": _leads(result, text), "begins": _begins(result, text), "fails": _fails(result, text),
            "suffers": _suffers(name, results, text)}


def _leads(result: Result, text: Text) -> str:
    begin, goal = home(result), destination(result)
    if begin == goal:
        return text("card.stays", runs=text.in_runs(stayed(result), result.runs),
                    share=text.percent(float(finite_mean(result.rows[goal][:, -1]))))
    number = int((result.rows[goal][:, -1] > 0.5).sum())
    return text("card.moves", goal=text.title("start", goal), runs=text.in_runs(number, result.runs))


def _total(result: Result, *names: str) -> float:
    return float(sum(np.nansum(result.rows[name]) for name in names))


def _begins(result: Result, text: Text) -> str:
    kinds = {kind: _total(result, f"launched_{kind}") for kind in ("solo", "joint", "called")}
    launches = sum(kinds.values())
    if launches <= 0:
        return text("card.nobody")
    most = max(kinds, key=lambda kind: kinds[kind])
    pace = launches / (result.runs * result.quarters)
    rare = pace < 0.5
    often = text("card.pace_rare", n=text.number(1 / pace)) if rare else text("card.pace", n=text.number(pace, 1))
    return text(f"card.begins_{most}", share=text.percent(kinds[most] / launches), pace=often)


def _fails(result: Result, text: Text) -> str:
    shares = {}
    for calls, failed in (("citizen_calls", "unanswered_calls"), ("government_calls", "dead_calls")):
        made = _total(result, calls)
        if made > 0:
            shares[failed] = _total(result, failed) / made, made
    if not shares:
        return text("card.no_calls")
    worst = max(shares, key=lambda failed: shares[failed][0] * shares[failed][1])
    little = shares[worst][0] < 0.05
    said = [text("card.fails_little") if little else text(f"card.{worst}", share=text.percent(shares[worst][0]))]
    rates = {kind: float(finite_mean(result.rows[f"success_{kind}"])) for kind in ("solo", "supported")}
    known = {kind: rate for kind, rate in rates.items() if math.isfinite(rate)}
    if known and little:
        kind = min(known, key=lambda kind: known[kind])
        said.append(text(f"card.success_{kind}", share=text.percent(known[kind])))
    return " ".join(said)


def _suffers(name: str, results: Mapping[str, Result], text: Text) -> str:
    gaps = []
    for measure in MEASURES:
        ends = {other: end(result, measure) for other, result in results.items()}
        known = {other: value for other, value in ends.items() if math.isfinite(value)}
        best = max(known, key=lambda other: known[other], default=None)
        if best is not None and name in known and known[best] > 0.01:
            gaps.append((known[name] / known[best], measure, known[name], best, known[best]))
    worst = min(gaps, default=None)
    if worst is None or worst[0] >= 0.9:
        return text("card.suffers_little", n=len(gaps))
    _, measure, amount, best, top = worst

    def value(amount: float) -> str:
        return text.number(amount, 1) if measure == "services" else text.percent(amount)

    return text("card.against", what=_capital(text(f"measure.{measure}")), value=value(amount), best=value(top),
                where=text.title("start", best))
