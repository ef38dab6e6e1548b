"""Compare over worlds: the same policies in many worlds of what nobody knows, each on the same luck, which assumptions an
answer moves with, and what it would be worth to know before choosing."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import solara

from letsdance.dashboards import charts_compare as drawing
from letsdance.dashboards import compute
from letsdance.dashboards.charts import key_of
from letsdance.dashboards.charts_compare import OUTCOMES
from letsdance.dashboards.limits import check_size, size_of
from letsdance.dashboards.numbers import Cell, Head, Numbers, Row
from letsdance.dashboards.parts import Box, Say
from letsdance.dashboards.session import Session
from letsdance.dashboards.state import View
from letsdance.dashboards.trial import Trial
from letsdance.experiments.knowing import Knowing, knowing
from letsdance.experiments.moving import TOLD
from letsdance.experiments.outcomes import parse
from letsdance.experiments.over_worlds import OverWorlds
from letsdance.experiments.worlds import Worlds, outcomes
from letsdance.params import PARAMETERS, Refused
from letsdance.scenarios.policy import Policy
from letsdance.words import Text

#: Worlds that are asked, runs of each policy in each, and how far uncertain parameters lie from their values.
WORLDS, RUNS = 60, 2
WITHIN: Mapping[str, float | str] = {"30": 0.3, "ranges": "ranges"}
#: Worlds from which on something is said.
_LEAST = 6
#: Seconds after which what is known is shown, and others may use the thread.
_TURN = 0.3
#: What links call which worlds are asked.
ASKED = "policies.worlds"
#: Outcomes of one world, for all sessions: they say nothing about who asked.
_worlds: compute.Kept[np.ndarray] = compute.Kept(3_000, lambda world: 1)


@dataclass(frozen=True, eq=False)
class Shown:
    """Policies over the worlds that have run so far."""

    policies: Mapping[str, Policy]
    found: OverWorlds
    question: object
    worth: Knowing | Refused | None = None

    @property
    def complete(self) -> bool:
        """Whether all worlds have run."""
        return self.found.worlds == WORLDS

    @property
    def tried(self) -> tuple[str, ...]:
        """Letters of the policies that are held against the reference, and are not the same."""
        reference = replace(self.policies[self.found.reference], title="")
        return tuple(name for name in self.found.others if replace(self.policies[name], title="") != reference)


def asked(view: View) -> str:
    """Which worlds are asked: a name of WITHIN, or none."""
    said = view.get(ASKED, "")
    return said if said in WITHIN else ""


def over_worlds(view: View, within: str, outcome: str, token: compute.Token, question: object,
                seconds: float = np.inf) -> Shown:
    """As far as it is known after so many seconds more. Raises `Refused`, `Stopped`."""
    until = time.monotonic() + seconds
    policies, towns = drawing.compared(view), compute.municipalities(view.places)
    scenarios = {name: policy.scenario() for name, policy in policies.items()}
    sizes = {size_of(scenario, towns) for scenario in scenarios.values()}
    if len(sizes) > 1:
        raise Refused(Text(view.language)("compare.other_citizens"))
    check_size(*sizes.pop(), view.policy.quarters, WORLDS * RUNS * len(scenarios))
    worlds = Worlds(WORLDS, WITHIN[within])
    table, told = worlds.table(*scenarios.values()), list(OUTCOMES)
    bare = tuple(replace(policy, title="") for policy in policies.values())
    values: list[np.ndarray] = []
    for w in range(WORLDS):
        key = (bare, view.seed, view.places, within, w)
        kept = _worlds.get(key)
        if kept is None:
            if time.monotonic() >= until and len(values) >= _LEAST:
                break
            compute.between(token)
            # each world has luck of its own, the same for all policies: luck that all worlds share would stay in the mean
            kept = outcomes(list(scenarios.values()), table.iloc[[w]], [parse(one) for one in told], RUNS,
                            view.seed + w * RUNS, towns, 1)[:, :, 0]
            _worlds.put(key, kept)
        values.append(kept[told.index(outcome)])
    asked_of = parse(outcome)
    return Shown(policies, OverWorlds(worlds, table.iloc[:len(values)], scenarios, drawing.against(view), asked_of,
                                      drawing.less_is_better(asked_of), view.seed, np.stack(values, axis=1)), question)


def rows(shown: Shown, outcome: str, text: Text) -> tuple[list[Head], list[Row]]:
    """A policy a row: its level over worlds, how it stands against the reference, its worst tenth, and regret."""
    heads = [Head(text(f"compare.worlds_{what}")) for what in ("level", "difference", "better", "worst", "regret")]
    found = []
    for one in shown.found.summary.to_dict("records"):
        name, against = one["policy"], one["policy"] != shown.found.reference
        cells = [Cell(drawing.level(one["mean"], outcome, text))]
        if against and name in shown.tried:
            e, (up, down, _) = shown.found.effect(name), shown.found.better(name)
            cells += [Cell(drawing.gained(e.mean, outcome, text), drawing.reach(e, outcome, text),
                           drawing.sure(e, outcome)),
                      Cell(text.percent(up.share), text("compare.worlds_worse", share=text.percent(down.share)))]
        else:
            cells += [Cell("–"), Cell("–")]
        cells += [Cell(drawing.level(one["worst_tenth"], outcome, text)),
                  Cell(drawing.gained(one["largest_regret"], outcome, text).removeprefix("+"))]
        found.append(Row(drawing.named(name, shown.policies, text), tuple(cells),
                         "" if against else text("compare.is_reference"), name))
    return heads, found


def says(shown: Shown, outcome: str, text: Text) -> str:
    """In how many worlds the policy that gains most is better, and where it does worst."""
    found, sign = shown.found, -1.0 if shown.found.less else 1.0
    effects = {name: sign * found.effect(name).mean for name in shown.tried}
    known = {name: gain for name, gain in effects.items() if np.isfinite(gain)}
    if not known:
        return text("compare.worlds_nothing")
    first = max(known, key=lambda name: known[name])
    e, (up, down, _) = found.effect(first), found.better(first)
    said = [text("compare.worlds_says", name=drawing.named(first, shown.policies, text), n=found.worlds,
                 reference=drawing.named(found.reference, shown.policies, text), better=text.percent(up.share),
                 band=text.band(100 * up.low, 100 * up.high, 0), worse=text.percent(down.share),
                 of=text(f"compare.outcome_{outcome}"), gained=drawing.gained(e.mean, outcome, text, True),
                 reach=drawing.reach(e, outcome, text))]
    moved = found.where(first)
    told = moved[moved["p"] < TOLD]
    if shown.complete and len(told) and str(told.iloc[0]["assumption"]) in PARAMETERS:
        row = told.iloc[0]
        low = (row["low"] < row["high"]) != found.less  # it does worst where the assumption is low
        there, away = (row["low"], row["high"]) if low else (row["high"], row["low"])
        said.append(text("compare.worlds_low" if low else "compare.worlds_high",
                         what=text.title("parameter", str(row["assumption"])),
                         limit=text.number(row["to"] if low else row["from_"],
                                           0 if PARAMETERS[str(row["assumption"])].whole else 2),
                         there=drawing.gained(there, outcome, text), away=drawing.gained(away, outcome, text)))
    return " ".join([*said, text("compare.worlds_wide")])


def weighed(shown: Shown, text: Text) -> Shown:
    """With what it would be worth to know before choosing, or why that cannot be told; policies called as on screen."""
    found = shown.found
    called = {name: drawing.named(name, shown.policies, text) for name in found.scenarios}
    renamed = replace(found, scenarios={called[name]: scenario for name, scenario in found.scenarios.items()},
                      reference=called[found.reference])
    try:
        return replace(shown, worth=knowing(renamed))
    except Refused as refused:
        return replace(shown, worth=refused)


def worth(told: Knowing | Refused, text: Text) -> str:
    """The value of knowing, as the report says it, or why it cannot be told."""
    from letsdance.report.worlds import knowing_sentences  # draws figures too, which nobody asks for here

    return text.refused(told) if isinstance(told, Refused) else " ".join(knowing_sentences(told, text))


def question_of(view: View) -> tuple[object, ...]:
    """Everything that the answer depends on."""
    within = asked(view)
    return (tuple(drawing.compared(view).items()) if within else (), drawing.against(view), view.seed, view.places, within,
            drawing.outcome_of(view), view.language)


def answers(view: View, text: Text, token: compute.Token) -> Generator[Shown, None, None]:
    """More and more worlds, and at last what it would be worth to know, reckoned once for all who ask the same."""
    within, question = asked(view), question_of(view)
    found: Shown | None = None
    while within and (found is None or not found.complete):
        found = over_worlds(view, within, drawing.outcome_of(view), token, question, _TURN)
        yield found
    if found is not None and found.tried:
        yield compute.drawn(("knowing", question), partial(weighed, found, text), token)


@solara.component
def WorldsOf(session: Session) -> None:
    """The policies over worlds, filled in as they are computed."""
    view, text = session.view.value, session.text
    within, outcome, question = asked(view), drawing.outcome_of(view), question_of(view)

    def job(token: compute.Token) -> Generator[Shown, None, None]:
        yield from answers(view, text, token)

    answer = compute.use_latest(job, [question], compute.LONG)
    found = answer.value if within else None
    fresh = found is not None and found.question == question
    with Box([], "ld-chart lc-tunnel", attributes={"id": "worlds"}):
        Trial(text("compare.worlds"), text("compare.worlds_lead", n=WORLDS, runs=RUNS),
              [(name, text(f"compare.worlds_{name}"), "") for name in WITHIN], within,
              found.found.worlds / WORLDS if found is not None and fresh else 0.0, answer.refused if within else "",
              lambda said: session.keep({ASKED: said if said in WITHIN else None}))
    if found is not None and not answer.refused:
        heads, lines = rows(found, outcome, text)
        Numbers("worlds", text("compare.worlds_title", of=text(f"compare.outcome_{outcome}"), n=found.found.worlds),
                says(found, outcome, text), heads, lines, corner=text("compare.policies"),
                stamp=key_of(question) if fresh and found.complete else "")
        if found.worth is not None:
            with Box([], "ld-chart lc-tunnel", attributes={"id": "knowing"}):
                Say(text("report.knowing_section"), "h2")
                Say(worth(found.worth, text), classes="lc-sentence")


__all__ = ["ASKED", "RUNS", "WITHIN", "WORLDS", "Shown", "WorldsOf", "answers", "asked", "over_worlds", "question_of",
           "rows", "says", "weighed", "worth"]
