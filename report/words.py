"""Sentences made from runs: what happened from each start, who begins, who fails, what suffers, how sure.

Nothing is said here that is not computed from the results at hand. Where nothing was measured, the sentence says so or
is left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from letsdance.experiments import cards, robust
from letsdance.params import listed
from letsdance.report.style import (
    FUTURES,
    band,
    counted,
    decimal,
    finite_mean,
    percent,
    points,
    sentence,
    spread,
    titles,
)
from letsdance.scenarios import LEVERS

if TYPE_CHECKING:
    from letsdance.simulation.run import Result

__all__ = ["CAVEAT", "LAST", "LEFT_OUT", "MEASURES", "WHAT", "destination", "end", "headline", "home", "late_half",
           "of_runs", "paragraph", "reached", "stayed"]

Results = Mapping[str, "Result"]

WHAT = ("A model of citizens and municipal governments who are more or less willing to co-create, and of how an "
        "innovation spreads among them. Every number here was counted in the runs that are described at the end of "
        "the page.")
CAVEAT = ("It explores, it does not forecast: the frame behind it is neither a norm nor proven (S97). Most sizes and "
          "every time scale are assumed, so read who comes before whom and what differs between starts, not dates.")
#: What the model leaves out, and why (docs/odd.md section 9).
LEFT_OUT = (
    ("Individual officials", "they are in each government's disposition, its silos and its capacity"),
    ("Firms and associations as agents", "they are in funding, silos and levers"),
    ("Geography", "only need differs by place"),
    ("Several competing innovations", "one innovation spreads at a time"),
    ("Polarised opinion", "willingness is one number a citizen"),
    ("Money beyond points", "levers cost points, not euros"),
    ("Citizens who move", "everybody stays in one municipality"),
    ("Strategic politicians", "support from the top follows results and elections, it does not plot"),
    ("Privacy and data architecture", "not represented"),
    ("A built-in efficiency bonus of co-creation", "deliberately absent: none is assumed (S33)"),
)
#: Quarters at the end over which a mean is taken where one quarter would be too noisy.
LAST = cards.LAST

#: What may suffer: indicator -> (in words, how it is written). The reader compares starts, so all are 'more is better'.
MEASURES: Mapping[str, tuple[str, Callable[[float], str]]] = {
    "services": ("services per municipality", decimal),
    "on": ("governments that have the innovation", percent),
    "uses": ("citizens who use it", percent),
    "T": ("trust in government", percent),
    "S": ("social capital", percent),
    "K": ("innovation capacity", percent),
    "legitimacy": ("legitimacy", lambda value: decimal(value, 2)),
    "accountability": ("accountability for services", lambda value: decimal(value, 2)),
    "representativeness": ("the poorest quarter's part", lambda value: decimal(value, 2)),
    "feedback_outside": ("citizens' launches that get an answer", percent),
}


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


def of_runs(number: int, runs: int) -> str:
    """'17 of 20 runs'."""
    return f"{number} of {runs} runs" if runs > 1 else ("the one run" if number else "none of the one run")


def _in_runs(number: int, runs: int) -> str:
    return f"in {of_runs(number, runs)}"


# ---------------------------------------------------------------- the headline

def headline(results: Results) -> str:
    """What was done, what it cost and what came of it; where nothing was done, which starts keep their hold."""
    acted = [name for name, result in results.items() if result.scenario.levers]
    if acted:
        said = [_came_of(name, results) for name in acted[:_TOLD]]
        return " ".join([*said, *([f"{counted(len(acted) - _TOLD).capitalize()} more below."] if acted[_TOLD:] else [])])
    title = titles(results)
    last = max(result.quarters for result in results.values())
    keeps = [n for n, r in results.items() if 2 * stayed(r) > r.runs]
    moves = {n: destination(r) for n, r in results.items() if n not in keeps and destination(r) != home(r)}
    open_ = [n for n in results if n not in keeps and n not in moves]
    if len(keeps) == len(results):
        if len(results) == 1:
            return f"{title[keeps[0]]} keeps its hold: after {last} quarters most municipalities are where they began."
        how_many = "Both" if len(results) == 2 else f"All {counted(len(results))}"
        return (f"{how_many} starts keep their hold: after {last} quarters most municipalities are "
                "where they began.")
    said = [f"from {title[n]}, the largest group of municipalities moves to {FUTURES[goal]}"
            for n, goal in moves.items()]
    said += [f"from {title[n]}, no future holds more than half" for n in open_]
    if keeps:
        said.append(f"{listed(title[n] for n in keeps)} {'keeps its' if len(keeps) == 1 else 'keep their'} hold")
    return sentence(f"after {last} quarters: {'; '.join(said)}")


#: Policies that a headline tells, one sentence each; more stand below it.
_TOLD = 2


def _came_of(name: str, results: Results) -> str:
    """'Free-range civil servants (60 points), from Lone Ranger: after 15 years (60 quarters) 5 of 10 municipalities ...'"""
    from letsdance.simulation import schedule
    from letsdance.words import Text

    result, text = results[name], Text()
    scenario, goal = result.scenario, destination(result)
    used = list(dict.fromkeys(LEVERS[use.name]["title"] if use.name in LEVERS else use.name for use in scenario.levers))
    all_used = ", ".join(use.name for use in scenario.levers)
    done = listed(used) if len(used) <= 3 else f"{counted(len(used))} levers ({all_used})"
    points = schedule.build(scenario).spent
    cost = f"{points:,.0f} {'point' if abs(points) == 1 else 'points'}".replace("-", "−")
    bare = next((one for one in results.values() if not one.scenario.levers and one.quarters == result.quarters
                 and (one.scenario.C, one.scenario.G) == (scenario.C, scenario.G)), None)

    def dancing(one: Result, form: str = "") -> str:
        return text.of_ten(float(finite_mean(one.rows["lets_dance"][:, -1])), form)

    without = "" if bare is None else f", {dancing(bare, '_short')} without"
    leads = int((result.rows[goal][:, -1] > 0.5).sum())
    years = f"{result.quarters / 4:g}"
    still = "still leads" if goal == home(result) and goal != "lets_dance" else "leads"
    return (f"{done[:1].upper()}{done[1:]} ({cost}), from {titles(results)[name]}: after {years} years "
            f"({result.quarters} quarters) {dancing(result)} are in Let's dance{without}; {FUTURES[goal]} {still}, "
            f"with more than half {_in_runs(leads, result.runs)}.")


# ---------------------------------------------------------------- a paragraph for each future

def paragraph(name: str, results: Results) -> list[tuple[str, str]]:
    """What happened from one start: (what the sentences are about, the sentences)."""
    result = results[name]
    return [("Where it leads", _leads(result)), ("Who begins", _begins(result)), ("Who fails", _fails(result)),
            ("What suffers", _suffers(name, results)), ("When the late ones come", _late(result))]


def _holds(result: Result, fact: str, says: str) -> str:
    """In how many worlds of other parameters a sentence holds, where that was looked at."""
    held = robust.of(f"card.{result.scenario.name}.{fact}", says) if robust.usual(result) else None
    return "" if held is None else (f" This holds in {percent(held.share)} of {held.worlds} worlds with other parameters.")


def _leads(result: Result) -> str:
    begin, goal = home(result), destination(result)
    low, mean, high = spread(result.rows[goal][:, -1])
    if not math.isfinite(float(mean)):
        return "This was not measured."
    more = int((result.rows[goal][:, -1] > 0.5).sum())
    moved = result.regime[:, -1, :] != result.regime[:, 0, :]
    where = (f"where most began, in {FUTURES[goal]}" if begin == goal else
             f"in {FUTURES[goal]}, while the largest group began in {FUTURES[begin]}")
    text = (f"{_in_runs(more, result.runs).capitalize()} more than half of the municipalities end {where}: "
            f"{percent(float(mean))} on average")
    shown = band(float(low), float(high))
    text += f" (10–90 % of runs: {shown})." if result.runs > 1 and shown else "."
    return text + " " + sentence(f"{percent(float(moved.mean()))} of all municipalities end elsewhere than they began"
                                 ) + _holds(result, "leads", cards.leads(result))


def _begins(result: Result) -> str:
    kinds = {"launched_solo": "by citizens alone", "launched_joint": "together",
             "launched_called": "at the government's call"}
    launches = _total(result, *kinds)
    if launches <= 0:
        return "Nothing is launched in any run."
    shares = sorted(((_total(result, kind) / launches, words) for kind, words in kinds.items()), reverse=True)
    said = [f"{percent(share)} {'are made ' if k == 0 else ''}{words}" for k, (share, words) in enumerate(shares)]
    often = launches / (result.runs * result.quarters)
    pace = (f"one launch in {decimal(1 / often, 0)} quarters" if often < 0.5 else
            f"{decimal(often)} {'launch' if decimal(often) == '1.0' else 'launches'} a quarter")
    holds = _holds(result, "begins", cards.begins(result))
    return f"Of all launches, {listed(said)}; a municipality sees about {pace}.{holds}"


def _fails(result: Result) -> str:
    said = []
    for calls, failed, who in (("citizen_calls", "unanswered_calls", "citizens' calls find too few"),
                               ("government_calls", "dead_calls", "governments' calls are answered by nobody")):
        made = _total(result, calls)
        if made > 0:
            said.append(f"{percent(_total(result, failed) / made)} of {who}")
    made = _total(result, "citizen_calls", "government_calls")
    if made > 0:
        said.append(f"{percent(_total(result, 'crowded_out') / made)} of all calls fail because the willing are busy")
    text = sentence(listed(said)) if said else "Nobody calls in any run."
    rates = [(float(finite_mean(result.rows[column])), words) for column, words in (
        ("success_solo", "by citizens alone"), ("success_supported", "with the government's support"))]
    known = [f"{percent(rate)} of those {words}" for rate, words in rates if math.isfinite(rate)]
    return text + (f" Of projects that end, quarter by quarter and on average, {listed(known)} succeed." if known else
                   " No project ends in any run.")


def _suffers(name: str, results: Results) -> str:
    title = titles(results)
    mine = {m: end(results[name], m) for m in MEASURES}
    unknown = [MEASURES[m][0] for m, value in mine.items() if not math.isfinite(value)]
    aside = f" Not measured at the end: {listed(unknown)}." if unknown else ""
    if len(results) == 1:
        low = sorted((value, m) for m, value in mine.items() if math.isfinite(value) and m not in ("services",))[:3]
        shown = listed(f"{MEASURES[m][0]} ({MEASURES[m][1](value)})" for value, m in low)
        return f"There is no other start to compare with; lowest at the end are {shown}.{aside}"
    gaps = []
    for m, value in mine.items():
        known = {other: end(result, m) for other, result in results.items()}
        known = {other: v for other, v in known.items() if math.isfinite(v)}
        best = max(known, key=lambda other: known[other], default=None)
        if best is not None and math.isfinite(value) and known[best] > 0.01:
            gaps.append((value / known[best], m, value, best, known[best]))
    worst = [gap for gap in sorted(gaps) if gap[0] < 0.9][:3]
    if not worst:
        return (f"Little: on none of {counted(len(gaps)) if len(gaps) < 9 else len(gaps)} measures does it end a tenth "
                f"or more below the best start.{aside}")
    shown = listed(f"{MEASURES[m][0]} ({MEASURES[m][1](value)}, against {MEASURES[m][1](top)} from {title[best]})"
                   for _, m, value, best, top in worst)
    return f"Furthest below the best start at the end {'is' if len(worst) == 1 else 'are'} {shown}.{aside}"


def _late(result: Result) -> str:
    middle, number = late_half(result)
    if not (result.category >= 3).any():
        return "There are no late adopters among so few governments."
    gap = finite_mean(result.late_adopter_gap(), axis=0)
    if number == 0:
        text = f"Half of the late adopters have not adopted by quarter {result.quarters} in any run."
    elif math.isfinite(middle):
        text = (f"Half of the late adopters have adopted {_in_runs(number, result.runs)}, "
                + (f"in the median run by quarter {middle:.0f}." if result.runs > 1 else f"by quarter {middle:.0f}."))
    else:
        text = (f"Half of the late adopters have adopted by quarter {result.quarters} only "
                f"{_in_runs(number, result.runs)}.")
    if np.isfinite(gap).any():
        at = int(np.nanargmax(gap))
        if gap[at] >= 0.01:
            text += (f" They lag furthest behind the early ones in quarter {at}, by {points(float(gap[at]))} on "
                     "average.")
    return text
