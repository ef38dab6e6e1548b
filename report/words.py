"""Sentences made from runs: what happened from each start, who begins, who fails, what suffers, how sure; `paragraph` for
pages, `card` for screens. What is counted for both is experiments.cards'.

Nothing is said here that is not computed from the results at hand. Where nothing was measured, the sentence says so or
is left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from letsdance.experiments import cards, robust
from letsdance.report.outcomes import writing
from letsdance.report.style import (
    ENGLISH,
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
    from letsdance.experiments.paired import Finding
    from letsdance.simulation.run import Result

__all__ = ["beside", "card", "headline", "holding", "left_out", "measured", "of_runs", "paragraph", "still_leads",
           "strength"]

Results = Mapping[str, "Result"]


def left_out(text: Text = ENGLISH) -> list[tuple[str, str]]:
    """What the model leaves out, and why (docs/odd.md section 9)."""
    said = text.all("left")
    return [(said[f"left.title_{k}"], said[f"left.why_{k}"]) for k in range(len(said) // 2)]


def strength(said: str, text: Text = ENGLISH) -> str:
    """The first word of how strong the evidence of a pattern is; what follows it stands in the evidence."""
    return text(f"strength.{said.split()[0].strip(',(')}")


def holding(held: Mapping[str, bool], text: Text = ENGLISH, whole: bool = True) -> str:
    """How many patterns hold, and which do not; whole: whether these are all that were asked."""
    failed = [f"{id} {text(f'pattern.{id}')}" for id, holds in held.items() if not holds]
    key = ("some_hold" if failed else "all_hold") if whole else ("so_far_not" if failed else "so_far")
    return text(f"confidence.{key}", hold=len(held) - len(failed), n=len(held), ids=" · ".join(failed))


def measured(part: Finding, text: Text = ENGLISH) -> str:
    """What was measured of a part of a pattern, with its interval: '0.052 (0.041–0.063)'."""
    digits = 3 if abs(part.effect) < 1 else 2 if abs(part.effect) < 10 else 1
    return f"{text.number(part.effect, digits)} ({text.band(part.low, part.high, digits)})"


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
    keeps = [n for n, r in results.items() if 2 * cards.stayed(r) > r.runs]
    moves = {n: cards.leads(r) for n, r in results.items() if n not in keeps and cards.leads(r) != cards.home(r)}
    open_ = [n for n in results if n not in keeps and n not in moves]
    if len(keeps) == len(results):
        if len(results) <= 2:
            return text("report.keeps_one" if len(results) == 1 else "report.keeps_both", start=title[keeps[0]],
                        quarters=last, years=text.years(last))
        return text("report.keeps_all", n=counted(len(results), text), quarters=last, years=text.years(last))
    said = [text("report.moves_to", start=title[n], goal=text.title("start", goal)) for n, goal in moves.items()]
    said += [text("report.no_majority", start=title[n]) for n in open_]
    if keeps:
        starts = text.listed([title[n] for n in keeps])
        said.append(text("report.keeps" if len(keeps) == 1 else "report.keep", starts=starts))
    return capital(text("report.after", quarters=last, years=text.years(last), said=text("report.semicolon").join(said)))


def still_leads(result: Result, text: Text = ENGLISH) -> list[str]:
    """That the future where the largest group began leads at the end too; nothing where it does not, or is Let's dance."""
    goal = cards.leads(result)
    if goal != cards.home(result) or goal == "lets_dance":
        return []
    share = text.of_ten(float(finite_mean(result.rows[goal][:, -1])))
    return [text("headline.still_leads", goal=text.title("start", goal), share=share)]


#: Policies that a headline tells, one sentence each; more stand below it.
_TOLD = 2


def _came_of(name: str, results: Results, text: Text) -> str:
    """'Free-range civil servants (60 points), from Lone Ranger: after 15 years (60 quarters) 5 of 10 municipalities ...'"""
    result = results[name]
    scenario, goal = result.scenario, cards.leads(result)
    used = list(dict.fromkeys(text.title("lever", use.name) if use.name in LEVERS else use.name for use in scenario.levers))
    done = text.listed(used) if len(used) <= 3 else text(
        "report.levers_many", n=counted(len(used), text), names=", ".join(use.name for use in scenario.levers))
    cost = cards.spent(result)
    bare = next((one for one in results.values() if not one.scenario.levers and one.quarters == result.quarters
                 and (one.scenario.C, one.scenario.G) == (scenario.C, scenario.G)), None)

    def dancing(one: Result, form: str = "") -> str:
        return text.of_ten(float(finite_mean(one.rows["lets_dance"][:, -1])), form)

    still = goal == cards.home(result) and goal != "lets_dance"
    return capital(text(
        "report.came_of_still" if still else "report.came_of", done=capital(done), start=titles(results, text)[name],
        cost=text.in_points(text.price(cost)),
        years=text.short(result.quarters / 4), quarters=result.quarters, share=dancing(result),
        without="" if bare is None else text("report.without", share=dancing(bare, "_short")),
        dance=text.title("start", "lets_dance"), goal=text.title("start", goal),
        runs=_in_runs(cards.held(result, goal), result.runs, text)))


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
    begin, goal = cards.home(result), cards.leads(result)
    low, mean, high = spread(result.rows[goal][:, -1])
    if not math.isfinite(float(mean)):
        return text("report.unmeasured")
    moved = result.regime[:, -1, :] != result.regime[:, 0, :]
    shown = band(float(low), float(high), text=text)
    where = text("report.leads_same" if begin == goal else "report.leads_other", goal=text.title("start", goal),
                 begin=text.title("start", begin), share=percent(float(mean), text),
                 runs=_in_runs(cards.held(result, goal), result.runs, text),
                 band=text("report.leads_band", band=shown) if result.runs > 1 and shown else "")
    went = text("report.leads_moved", share=percent(float(moved.mean()), text))
    return f"{capital(where)} {capital(went)}{_holds(result, 'leads', goal, text)}"


def _begins(result: Result, text: Text) -> str:
    made = {kind: float(of.sum()) for kind, of in cards.launched(result).items()}
    launches = sum(made.values())
    if launches <= 0:
        return text("report.launched_nothing")
    said = [text(f"report.launched_{kind}{'' if k else '_first'}", share=percent(made[kind] / launches, text))
            for k, kind in enumerate(sorted(("joint", "solo", "called"), key=lambda kind: -made[kind]))]
    often = launches / (result.runs * result.quarters)
    pace = (text("report.pace_rare", n=decimal(1 / often, 0, text)) if often < 0.5 else
            text("report.pace_one" if decimal(often) == "1.0" else "report.pace", n=decimal(often, 1, text)))
    return text("report.begins", said=text.listed(said), pace=pace) + _holds(result, "begins", cards.begins(result), text)


def _fails(result: Result, text: Text) -> str:
    lost = cards.failing(result) | cards.crowded_out(result)
    said = [text(f"report.fails_{who}", share=percent(float(lost[what][0].sum() / lost[what][1].sum()), text))
            for who, what in (("citizens", "unanswered_calls"), ("governments", "dead_calls"), ("busy", "crowded_out"))
            if what in lost]
    known = [text(f"report.success_{kind}", share=percent(cards.mean(rates), text))
             for kind, rates in cards.success(result).items()]
    return " ".join((f"{capital(text.listed(said))}." if said else text("card.no_calls"),
                     text("report.success", said=text.listed(known)) if known else text("report.no_project_ends")))


def _measured(measure: str, value: float, text: Text) -> str:
    """A level as screens write it, but for nothing that is rounded to none."""
    write = writing(measure)
    return percent(value, text) if write.unit == "%" else decimal(value, write.digits, text)


def _suffers(name: str, results: Results, text: Text) -> str:
    title = titles(results, text)
    mine = {m: cards.end(results[name], m) for m in cards.MEASURES}
    unknown = [text(f"measure.{m}") for m, value in mine.items() if not math.isfinite(value)]
    aside = f" {text('report.not_measured', what=text.listed(unknown))}" if unknown else ""
    if len(results) == 1:
        low = sorted((value, m) for m, value in mine.items() if math.isfinite(value) and m != "services")[:3]
        shown = [text("report.measure_value", measure=text(f"measure.{m}"), value=_measured(m, value, text))
                 for value, m in low]
        return text("report.suffers_alone", what=text.listed(shown)) + aside
    gaps = cards.suffering(name, results)
    worst = [gap for gap in sorted(gaps) if gap[0] < cards.SUFFERS][:3]
    if not worst:
        return text("report.suffers_little", n=counted(len(gaps), text)) + aside
    shown = [text("report.suffers_item", measure=text(f"measure.{m}"), value=_measured(m, value, text),
                  best=_measured(m, top, text), start=title[best]) for _, m, value, best, top in worst]
    return text("report.suffers_one" if len(worst) == 1 else "report.suffers_some", what=text.listed(shown)) + aside


def _late(result: Result, text: Text) -> str:
    middle, number = cards.late_half(result)
    if not (result.category >= 3).any():
        return text("report.late_none")
    gap = finite_mean(result.late_adopter_gap(), axis=0)
    if number == 0:
        said = text("report.late_never", quarter=text.quarter(result.quarters))
    elif math.isfinite(middle):
        said = text("report.late_by" if result.runs > 1 else "report.late_by_one",
                    runs=_in_runs(number, result.runs, text), quarter=text.quarter(middle))
    else:
        said = text("report.late_only", quarter=text.quarter(result.quarters), runs=_in_runs(number, result.runs, text))
    if np.isfinite(gap).any():
        at = int(np.nanargmax(gap))
        if gap[at] >= 0.01:
            said += " " + text("report.late_gap", quarter=text.quarter(at), points=points(float(gap[at]), text))
    return said


# ---------------------------------------------------------------- a future's card, for a screen

def card(name: str, results: Results, text: Text) -> dict[str, str]:
    """What one start comes to, from its runs: where it leads, who begins, who fails, what suffers.

    Beside each, under its name and ".holds", in how many worlds of other parameters it holds, where that was looked at.
    """
    result = results[name]
    said = {"leads": _leads_shortly(result, text), "begins": _begins_shortly(result, text),
            "fails": _fails_shortly(result, text), "suffers": _suffers_shortly(name, results, text)}
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


def _leads_shortly(result: Result, text: Text) -> str:
    goal = cards.leads(result)
    last = result.rows[goal][:, -1]
    said = {"share": text.percent(float(finite_mean(last))), "band": _bracket(last, text)}
    return text("card.stays" if goal == cards.home(result) else "card.moves", goal=text.title("start", goal),
                runs=text.in_runs(cards.held(result, goal), result.runs), **said)


def _part(some: np.ndarray, all_of: np.ndarray, text: Text) -> dict[str, str]:
    """A share over all runs, and where 8 in 10 runs lie."""
    each = np.divide(some, all_of, out=np.full(len(some), np.nan), where=all_of > 0)
    return {"share": text.percent(float(some.sum() / all_of.sum())), "band": _bracket(each, text)}


def _begins_shortly(result: Result, text: Text) -> str:
    most = cards.begins(result)
    if most == "nobody":
        return text("card.nobody")
    kinds = cards.launched(result)
    launches = np.sum(list(kinds.values()), axis=0)
    pace = launches.sum() / (result.runs * result.quarters)
    often = text("card.pace_rare", n=text.number(1 / pace)) if pace < 0.5 else text("card.pace", n=text.number(pace, 1))
    return text(f"card.begins_{most}", pace=often, **_part(kinds[most], launches, text))


def _fails_shortly(result: Result, text: Text) -> str:
    worst = cards.fails(result)
    if worst == "no_calls":
        return text("card.no_calls")
    little = worst == "little"
    said = [text("card.fails_little") if little else text(f"card.{worst}", **_part(*cards.failing(result)[worst], text))]
    known = cards.success(result)
    if known and little:
        kind = min(known, key=lambda kind: cards.mean(known[kind]))
        said.append(text(f"card.success_{kind}", share=text.percent(cards.mean(known[kind])),
                         band=_bracket(known[kind], text)))
    return " ".join(said)


def _suffers_shortly(name: str, results: Results, text: Text) -> str:
    gaps = cards.suffering(name, results)
    if cards.suffers(name, results) == "little":
        return text("card.suffers_little", n=len(gaps))
    _, measure, worst, best, top = min(gaps)
    write = writing(measure)
    ends = finite_mean(results[name].rows[measure][:, -cards.LAST:], axis=1)
    return text("card.against", what=capital(text(f"measure.{measure}")), value=write.level(worst, text),
                best=write.level(top, text),
                band=_bracket(np.asarray(ends), text, write.factor, write.digits), where=text.title("start", best))
