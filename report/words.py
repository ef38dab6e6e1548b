"""Sentences made from runs: what happened from each start, who begins, who fails, what suffers, how sure.

Nothing is said here that is not computed from the results at hand. Where nothing was measured, the sentence says so or
is left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from letsdance.experiments import cards, robust
from letsdance.report.style import (
    ENGLISH,
    FUTURES,
    band,
    capital,
    counted,
    decimal,
    finite_mean,
    percent,
    points,
    spread,
    titles,
)
from letsdance.scenarios import LEVERS
from letsdance.words import Text

if TYPE_CHECKING:
    from letsdance.simulation.run import Result

__all__ = ["LAST", "MEASURES", "destination", "end", "headline", "home", "late_half", "left_out", "of_runs", "paragraph",
           "reached", "stayed"]

Results = Mapping[str, "Result"]

#: Quarters at the end over which a mean is taken where one quarter would be too noisy.
LAST = cards.LAST

#: What may suffer, and how many decimals it has; None: a share. The reader compares starts, so all are 'more is better'.
MEASURES: Mapping[str, int | None] = dict.fromkeys(cards.MEASURES) | {
    "services": 1, "legitimacy": 2, "accountability": 2, "representativeness": 2}


# ---------------------------------------------------------------- what is counted

def _total(result: Result, *names: str) -> float:
    """Sum of flows over all quarters and runs (per municipality)."""
    return float(sum(np.nansum(result.rows[name]) for name in names))


def end(result: Result, name: str) -> float:
    """An indicator's mean over runs and the last quarters."""
    return float(finite_mean(result.rows[name][:, -LAST:]))


def home(result: Result) -> str:
    """The future of the largest group of municipalities when the run begins."""
    return max(FUTURES, key=lambda name: float(finite_mean(result.rows[name][:, 0])))


def destination(result: Result) -> str:
    """The future of the largest group of municipalities when the run ends, over all runs."""
    return max(FUTURES, key=lambda name: float(finite_mean(result.rows[name][:, -1])))


def stayed(result: Result) -> int:
    """Runs in which more than half of the municipalities end in the future where the largest group began."""
    return int((result.rows[home(result)][:, -1] > 0.5).sum())


def reached(result: Result, share: float) -> tuple[float, int]:
    """Median quarter over all runs in which this share of governments has adopted, and in how many runs it has.

    Runs in which it never comes count as later than any quarter; the median is inf where most runs never reach it.
    """
    return _median(result.time_to(share))


def late_half(result: Result) -> tuple[float, int]:
    """The same for half of the late adopters: late majority and laggards, by innovativeness before the run."""
    ever = result.ever
    late = (result.category >= 3)[:, None, :]
    size = late.sum(axis=2)
    half = ((ever & late).sum(axis=2) >= 0.5 * size) & (size > 0)
    return _median(np.where(half.any(axis=1), half.argmax(axis=1), np.nan))


def _median(times: np.ndarray) -> tuple[float, int]:
    middle = float(np.quantile(np.nan_to_num(times, nan=np.inf), 0.5, method="lower"))
    return middle, int(np.isfinite(times).sum())


def left_out(text: Text = ENGLISH) -> list[tuple[str, str]]:
    """What the model leaves out, and why (docs/odd.md section 9)."""
    said = text.all("left")
    return [(said[f"left.title_{k}"], said[f"left.why_{k}"]) for k in range(len(said) // 2)]


def of_runs(number: int, runs: int, text: Text = ENGLISH) -> str:
    """'17 of 20 runs'."""
    if runs > 1:
        return text("report.of_runs", n=number, runs=runs)
    return text("report.the_one_run" if number else "report.none_of_the_one_run")


def _in_runs(number: int, runs: int, text: Text) -> str:
    if runs > 1:
        return text.in_runs(number, runs)
    return text("report.in_the_one_run" if number else "report.in_none_of_the_one_run")


# ---------------------------------------------------------------- the headline

def headline(results: Results, text: Text = ENGLISH) -> str:
    """What was done, what it cost and what came of it; where nothing was done, which starts keep their hold."""
    acted = [name for name, result in results.items() if result.scenario.levers]
    if acted:
        said = [_came_of(name, results, text) for name in acted[:_TOLD]]
        more = [capital(text("report.more_below", n=counted(len(acted) - _TOLD, text)))] if acted[_TOLD:] else []
        return " ".join([*said, *more])
    title = titles(results, text)
    last = max(result.quarters for result in results.values())
    keeps = [n for n, r in results.items() if 2 * stayed(r) > r.runs]
    moves = {n: destination(r) for n, r in results.items() if n not in keeps and destination(r) != home(r)}
    open_ = [n for n in results if n not in keeps and n not in moves]
    if len(keeps) == len(results):
        if len(results) <= 2:
            return text("report.keeps_one" if len(results) == 1 else "report.keeps_both", start=title[keeps[0]],
                        quarters=last)
        return text("report.keeps_all", n=counted(len(results), text), quarters=last)
    said = [text("report.moves_to", start=title[n], goal=text.title("start", goal)) for n, goal in moves.items()]
    said += [text("report.no_majority", start=title[n]) for n in open_]
    if keeps:
        starts = text.listed([title[n] for n in keeps])
        said.append(text("report.keeps" if len(keeps) == 1 else "report.keep", starts=starts))
    return capital(text("report.after", quarters=last, said=text("report.semicolon").join(said)))


#: Policies that a headline tells, one sentence each; more stand below it.
_TOLD = 2


def _came_of(name: str, results: Results, text: Text) -> str:
    """'Free-range civil servants (60 points), from Lone Ranger: after 15 years (60 quarters) 5 of 10 municipalities ...'"""
    from letsdance.simulation import schedule

    result = results[name]
    scenario, goal = result.scenario, destination(result)
    used = list(dict.fromkeys(text.title("lever", use.name) if use.name in LEVERS else use.name for use in scenario.levers))
    done = text.listed(used) if len(used) <= 3 else text(
        "report.levers_many", n=counted(len(used), text), names=", ".join(use.name for use in scenario.levers))
    cost = schedule.build(scenario).spent
    bare = next((one for one in results.values() if not one.scenario.levers and one.quarters == result.quarters
                 and (one.scenario.C, one.scenario.G) == (scenario.C, scenario.G)), None)

    def dancing(one: Result, form: str = "") -> str:
        return text.of_ten(float(finite_mean(one.rows["lets_dance"][:, -1])), form)

    leads = int((result.rows[goal][:, -1] > 0.5).sum())
    still = goal == home(result) and goal != "lets_dance"
    return capital(text(
        "report.came_of_still" if still else "report.came_of", done=capital(done), start=titles(results, text)[name],
        cost=text("number.point" if abs(cost) == 1 else "number.points", n=text.number(cost)),
        years=text.short(result.quarters / 4), quarters=result.quarters, share=dancing(result),
        without="" if bare is None else text("report.without", share=dancing(bare, "_short")),
        dance=text.title("start", "lets_dance"), goal=text.title("start", goal), runs=_in_runs(leads, result.runs, text)))


# ---------------------------------------------------------------- a paragraph for each future

def paragraph(name: str, results: Results, text: Text = ENGLISH) -> list[tuple[str, str]]:
    """What happened from one start: (what the sentences are about, the sentences)."""
    result = results[name]
    return [(text("futures.leads"), _leads(result, text)), (text("futures.begins"), _begins(result, text)),
            (text("futures.fails"), _fails(result, text)), (text("futures.suffers"), _suffers(name, results, text)),
            (text("report.late"), _late(result, text))]


def _holds(result: Result, fact: str, says: str, text: Text) -> str:
    """In how many worlds of other parameters a sentence holds, where that was looked at."""
    held = robust.of(f"card.{result.scenario.name}.{fact}", says) if robust.usual(result) else None
    return "" if held is None else text("report.holds", share=percent(held.share, text), worlds=held.worlds)


def _leads(result: Result, text: Text) -> str:
    begin, goal = home(result), destination(result)
    low, mean, high = spread(result.rows[goal][:, -1])
    if not math.isfinite(float(mean)):
        return text("report.unmeasured")
    more = int((result.rows[goal][:, -1] > 0.5).sum())
    moved = result.regime[:, -1, :] != result.regime[:, 0, :]
    shown = band(float(low), float(high), text=text)
    where = text("report.leads_same" if begin == goal else "report.leads_other", runs=_in_runs(more, result.runs, text),
                 goal=text.title("start", goal), begin=text.title("start", begin), share=percent(float(mean), text),
                 band=text("report.leads_band", band=shown) if result.runs > 1 and shown else "")
    went = text("report.leads_moved", share=percent(float(moved.mean()), text))
    return f"{capital(where)} {capital(went)}{_holds(result, 'leads', cards.leads(result), text)}"


def _begins(result: Result, text: Text) -> str:
    kinds = ("joint", "solo", "called")
    launches = _total(result, *(f"launched_{kind}" for kind in kinds))
    if launches <= 0:
        return text("report.launched_nothing")
    shares = sorted(((_total(result, f"launched_{kind}") / launches, kind) for kind in kinds), key=lambda one: -one[0])
    said = [text(f"report.launched_{kind}{'' if k else '_first'}", share=percent(share, text))
            for k, (share, kind) in enumerate(shares)]
    often = launches / (result.runs * result.quarters)
    pace = (text("report.pace_rare", n=decimal(1 / often, 0, text)) if often < 0.5 else
            text("report.pace_one" if decimal(often) == "1.0" else "report.pace", n=decimal(often, 1, text)))
    return text("report.begins", said=text.listed(said), pace=pace) + _holds(result, "begins", cards.begins(result), text)


def _fails(result: Result, text: Text) -> str:
    said = []
    for who, calls, failed in (("citizens", ["citizen_calls"], "unanswered_calls"),
                               ("governments", ["government_calls"], "dead_calls"),
                               ("busy", ["citizen_calls", "government_calls"], "crowded_out")):
        made = _total(result, *calls)
        if made > 0:
            said.append(text(f"report.fails_{who}", share=percent(_total(result, failed) / made, text)))
    rates = {kind: float(finite_mean(result.rows[f"success_{kind}"])) for kind in ("solo", "supported")}
    known = [text(f"report.success_{kind}", share=percent(rate, text)) for kind, rate in rates.items()
             if math.isfinite(rate)]
    return " ".join((f"{capital(text.listed(said))}." if said else text("card.no_calls"),
                     text("report.success", said=text.listed(known)) if known else text("report.no_project_ends")))


def _measured(measure: str, value: float, text: Text) -> str:
    digits = MEASURES[measure]
    return percent(value, text) if digits is None else decimal(value, digits, text)


def _suffers(name: str, results: Results, text: Text) -> str:
    title = titles(results, text)
    mine = {m: end(results[name], m) for m in MEASURES}
    unknown = [text(f"measure.{m}") for m, value in mine.items() if not math.isfinite(value)]
    aside = f" {text('report.not_measured', what=text.listed(unknown))}" if unknown else ""
    if len(results) == 1:
        low = sorted((value, m) for m, value in mine.items() if math.isfinite(value) and m != "services")[:3]
        shown = [text("report.measure_value", measure=text(f"measure.{m}"), value=_measured(m, value, text))
                 for value, m in low]
        return text("report.suffers_alone", what=text.listed(shown)) + aside
    gaps = []
    for m, value in mine.items():
        known = {other: end(result, m) for other, result in results.items()}
        known = {other: v for other, v in known.items() if math.isfinite(v)}
        best = max(known, key=lambda other: known[other], default=None)
        if best is not None and math.isfinite(value) and known[best] > 0.01:
            gaps.append((value / known[best], m, value, best, known[best]))
    worst = [gap for gap in sorted(gaps) if gap[0] < 0.9][:3]
    if not worst:
        return text("report.suffers_little", n=counted(len(gaps), text)) + aside
    shown = [text("report.suffers_item", measure=text(f"measure.{m}"), value=_measured(m, value, text),
                  best=_measured(m, top, text), start=title[best]) for _, m, value, best, top in worst]
    return text("report.suffers_one" if len(worst) == 1 else "report.suffers_some", what=text.listed(shown)) + aside


def _late(result: Result, text: Text) -> str:
    middle, number = late_half(result)
    if not (result.category >= 3).any():
        return text("report.late_none")
    gap = finite_mean(result.late_adopter_gap(), axis=0)
    if number == 0:
        said = text("report.late_never", quarter=result.quarters)
    elif math.isfinite(middle):
        said = text("report.late_by" if result.runs > 1 else "report.late_by_one",
                    runs=_in_runs(number, result.runs, text), quarter=text.number(middle))
    else:
        said = text("report.late_only", quarter=result.quarters, runs=_in_runs(number, result.runs, text))
    if np.isfinite(gap).any():
        at = int(np.nanargmax(gap))
        if gap[at] >= 0.01:
            said += " " + text("report.late_gap", quarter=at, points=points(float(gap[at]), text))
    return said
