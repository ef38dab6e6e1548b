"""Explore: move a slider or use a lever, and see at once what it does, always beside the reference on equal luck."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import solara

from letsdance.dashboards import charts, compute, events, sentences
from letsdance.dashboards.budget import limit_of
from letsdance.dashboards.charts import Chart
from letsdance.dashboards.parts import (
    Box,
    Figure,
    Waiting,
    explained,
    lever_rows,
    parameter_rows,
    shock_rows,
    start_rows,
    terms,
    vue,
)
from letsdance.dashboards.session import Session, use_session
from letsdance.dashboards.state import INNOVATION, LONGEST_NAME, RUNS, between
from letsdance.dashboards.why_worlds import WhyInWorlds
from letsdance.params import CONTEXTS, PARAMETERS, PROFILES, Refused, check_text
from letsdance.scenarios import HORIZON, LEVERS, SHOCKS, Use
from letsdance.scenarios.mechanism import QUADRANTS
from letsdance.scenarios.policy import Kind, Policy
from letsdance.simulation import municipalities, schedule
from letsdance.words import Text

#: Sliders that are always there, by what they are about; every other parameter can be found by name.
SLIDERS: dict[str, tuple[str, ...]] = {
    "start": ("C0", "G0"),
    "world": ("U", "B", "b_g", "b_c", "mandate"),
    "government": ("phi", "silo", "fund", "chi", "election_sd"),
    "people": ("k", "wN", "wM", "wT", "wA", "beta", "a"),
    "calls": ("f", "e0", "c_e", "launch_min", "mu"),
    "innovation": ("need", "cost", "emp", "vM", "vZ", "q0"),
}
#: What links call the parameters that were found by name, and the sections of the controls that are open.
PICKED, OPENED = "explore.picked", "explore.opened"
#: What links call the chart that stands large beside the plane, and which one does unless they say so.
LARGE, FIRST = "explore.large", "regimes"
#: The chart that shows what is wanted, by what links call it (budget.GOALS).
WANTED = {"lets_dance": "regimes", "on": "adoption", "ever_adopted": "categories"}
_OPENED = ("levers", "conditions")
#: Kinds of contexts, of which each may be chosen once.
KINDS = ("tradition", "sector", "government", "preset")
#: How "replay last change" goes: steps, and seconds between them.
_STEPS, _PAUSE, _HOLD = 8, 0.11, 0.7


@vue("../assets/controls.vue")
def _Controls(starts: list, levers: list, quadrants: list, shocks: list, parameters: list, groups: list, others: list,
              profiles: list, contexts: list, values: dict, refused: dict, explained: dict, opened: list, texts: dict,
              event_start: Callable[[str], None],
              event_set: Callable[[events.Setting], None], event_use: Callable[[events.UseChange], None],
              event_luck: Callable[[events.Luck], None], event_within: Callable[[events.Within], None],
              event_explain: Callable[[str], None],
              event_pick: Callable[[str], None], event_section: Callable[[events.Section], None]) -> None:
    """The left side: levers, conditions, shocks, luck."""


@vue("../assets/bar.vue")
def _Bar(headline: str, terms: str, notes: list, refused: str, can_undo: bool, can_redo: bool, can_reset: bool,
         reference: str, difference: bool, texts: dict, event_act: Callable[[str], None]) -> None:
    """The headline, and what can be done with the last change."""


@dataclass(frozen=True, eq=False)
class Shown:
    """One answer, drawn: the policy that ran, what it says, its charts."""

    policy: Policy
    headline: str
    notes: list[str]
    charts: list[Chart]
    stamp: str
    replaying: bool = False


def draw(pair: compute.Pair, reference: Policy, text: Text, difference: bool, question: object,
         replaying: bool = False, own: bool = False, limit: int = 0) -> Shown:
    """Everything on the right side, from one pair of results. own: whether the municipalities are the reader's; limit: the
    points that there are (0: any)."""
    said, notes = sentences.headline(pair, reference, text, len(pair.result.places.citizens) if own else 0, limit)
    curves = (charts.regimes, charts.willingness, charts.categories, charts.adoption, charts.equity)
    drawn = [charts.plane_of(pair, text), *(curve(pair, text, difference) for curve in curves)]
    if pair.policy.context:
        notes = [text("futures.context", context=text.listed([text.title("context", one) for one in pair.policy.context])),
                 *notes]
    return Shown(pair.policy, said, notes, drawn, charts.key_of((question, pair.result.runs)), replaying)


@solara.component
def Page() -> None:
    """Controls at the left, what they do at the right."""
    session = use_session()
    view, trail = session.view.value, session.trail.value
    text = session.text
    limit = limit_of(view)
    question = (*view.question(), view.difference, view.language, limit)
    replays = trail.replays
    seen = solara.use_ref(replays)

    def job(token: compute.Token) -> Generator[Shown, None, None]:
        reference = view.reference_policy()
        if replays != seen.current:
            seen.current = replays
            before = trail.past[-1].policy if trail.past else view.policy
            for step in range(_STEPS):
                middle = between(before, view.policy, step / _STEPS)
                pair = next(compute.pairs(replace(view, runs=RUNS[0]), token, middle))
                yield draw(pair, reference, text, view.difference, (question, step), replaying=True,
                           own=bool(view.places), limit=limit)
                token.sleep(_PAUSE if step else _HOLD)
        for pair in compute.pairs(view, token):
            made = partial(draw, pair, reference, text, view.difference, question, own=bool(view.places), limit=limit)
            yield compute.drawn(("explore", question, pair.result.runs), made, token)

    answer = compute.use_latest(job, [question, replays])
    shown = answer.value
    with Box([], "ld-explore"):
        with Box([], "ld-left"):
            Controls(shown.policy if shown is not None and shown.replaying else None)
        with Box([], "ld-right"):
            if shown is None:
                Waiting(answer.refused)
            else:
                Result(session, shown, answer.refused)


@solara.component
def Result(session: Session, shown: Shown, refused: str) -> None:
    """The headline and the charts."""
    view, trail, text = session.view.value, session.trail.value, session.text

    def act(what: str) -> None:
        if what == "difference":
            session.change(difference=not session.view.peek().difference)
        elif what.startswith("reference:"):
            chosen = what.partition(":")[2]
            if chosen in ("start", "levers", "keep"):
                session.change(reference=session.view.peek().policy if chosen == "keep" else chosen)
        elif what in ("undo", "redo", "replay", "reset"):
            getattr(session, what)()

    said = sentences.named(view, shown.headline, text)
    _Bar(headline=said, terms=terms(said, text), notes=shown.notes, refused=refused,
         can_undo=bool(trail.past), can_redo=bool(trail.future),
         can_reset=view.policy.changed() or view.seed != 1 or view.runs != RUNS[0] or view.reference != "start",
         reference="kept" if isinstance(view.reference, Policy) else view.reference, difference=view.difference,
         texts=text.all("explore"), event_act=act)
    plane, *curves = shown.charts
    names = [chart.name for chart in curves]
    large = next(name for name in (view.get(LARGE), WANTED.get(view.get("goal.what")), FIRST) if name in names)

    def enlarge(name: str) -> None:
        session.keep({LARGE: name})

    with Box([], "ld-grid"):
        for chart in (plane, *sorted(curves, key=lambda chart: chart.name != large)):
            small = chart is not plane and chart.name != large
            Figure(chart, shown.stamp, on_large=partial(enlarge, chart.name) if small else None).key(chart.name)
    WhyInWorlds(session)


@solara.component
def Controls(moving: Policy | None) -> None:
    """Levers, sliders, shocks and luck; `moving` is what a replay shows in place of the view's policy.

    One function, because its hooks and the answers to its events share one view.
    """
    session = use_session()
    view, text = session.view.value, session.text
    opened = view.get(OPENED, ",".join(_OPENED)).split(",")
    picked = [name for name in view.get(PICKED).split(",") if name in PARAMETERS]
    told: solara.Reactive[dict[str, str]] = solara.use_reactive({})
    policy = moving or view.policy
    listed = [name for names in SLIDERS.values() for name in names]
    wanted = dict.fromkeys((*(name for name, _ in view.policy.parameters), *picked))
    extra = [name for name in wanted if name not in listed]

    def set_parameter(change: dict[str, Any]) -> None:
        name = change["name"]
        key = f"parameter.{name}"
        session.attempt(key, lambda policy: policy.with_parameter(name, change["value"]), key)
        if change["done"]:
            session.let_go()

    def use(change: dict[str, Any]) -> None:
        kind: Kind = "shock" if change["kind"] == "shock" else "lever"
        entry, at = change["use"], change["at"]

        def make(policy: Policy) -> Policy:
            return policy.with_use(kind, at, None if entry is None else Use(
                entry["name"], entry["start"], entry["duration"], entry["strength"], entry.get("where", ""),
                entry.get("whom", "")))

        uses = view.policy.levers if kind == "lever" else view.policy.shocks
        name = entry["name"] if entry else uses[at].name if at is not None and 0 <= at < len(uses) else ""
        session.attempt(f"{kind}.{name}", make, f"{kind}.{name}")
        if change["done"]:
            session.let_go()

    def luck(change: dict[str, Any]) -> None:
        try:
            for name, value in change.items():
                if name in ("seed", "runs"):
                    low, high = RUNS if name == "runs" else (0, 2**53 - 1)
                    check_whole(text("explore.runs") if name == "runs" else text("explore.seed"), value, low, high, text)
                    session.change(runs=value) if name == "runs" else session.change(seed=value)
                elif name == "quarters":
                    check_whole(text("explore.quarters"), value, *HORIZON, text)
                    session.attempt("luck", partial(replace, quarters=value))
                elif name == "called":
                    called = check_text(text("explore.called"), value.strip(), LONGEST_NAME)
                    session.keep({INNOVATION: called or None})
                elif name == "profile" and value in PROFILES:
                    session.attempt("luck", partial(replace, profile=value))
        except Refused as refused:
            session.refuse("luck", refused)

    def pick(name: str) -> None:
        session.keep({PICKED: ",".join(dict.fromkeys([*picked, name]))})

    def explain(key: str) -> None:
        kind, _, name = key.partition(".")
        known: dict[str, Mapping[str, object]] = {"parameter": PARAMETERS, "lever": LEVERS, "shock": SHOCKS,
                                                   "context": CONTEXTS}
        if name in known.get(kind, ()):
            told.value = {**told.peek(), key: explained(key, session.text)}

    def within(change: dict[str, Any]) -> None:
        kind, name = change["kind"], change["name"]
        if not name or CONTEXTS.get(name, {}).get("kind") == kind:
            session.attempt("context", lambda policy: policy.within(kind, name))

    def section(change: dict[str, Any]) -> None:
        names = {*opened, change["name"]} if change["open"] else {*opened} - {change["name"]}
        said = None if names == {*_OPENED} else ",".join(sorted(names)) or "none"
        session.keep({OPENED: said})

    def start(name: str) -> None:
        session.attempt("start", lambda policy: policy.with_start(name))

    groups = [*SLIDERS, *(["other"] if extra else [])]
    language = view.language
    static: dict[str, Any] = solara.use_memo(lambda: {
        "starts": start_rows(text), "levers": lever_rows(text), "shocks": shock_rows(text),
        "quadrants": [{"name": q, "title": text(f"quadrant.{q}")} for q in QUADRANTS],
        "others": [[name, text.title("parameter", name)] for name in PARAMETERS if name not in listed],
        "profiles": [{"name": name, "title": text.title("profile", name)} for name in PROFILES],
        "contexts": [{"kind": kind, "title": text(f"explore.context_{kind}"), "names": [
            [name, text.title("context", name)] for name, entry in CONTEXTS.items() if entry["kind"] == kind]}
            for kind in KINDS], "texts": text.all("explore")}, [language])
    rows = solara.use_memo(lambda: parameter_rows([*listed, *extra], SLIDERS, text), [language, tuple(extra)])
    base = policy.base()
    shares = solara.use_memo(lambda: _shares(policy, view.places), [policy, view.places])
    values = {"start": policy.start, "profile": policy.profile, "quarters": policy.quarters, "runs": view.runs,
              "called": view.innovation(),
              "context": {CONTEXTS[name]["kind"]: name for name in policy.context},
              "seed": view.seed, "parameters": dict(policy.parameters),
              "base": {row["name"]: base[row["name"]] for row in rows},
              "levers": [_use(u, shares) for u in policy.levers], "shocks": [_use(u, shares) for u in policy.shocks]}
    titled = [{"name": name, "title": text(f"sliders.{name}")} for name in groups]
    _Controls(**static, parameters=rows, groups=titled, values=values, refused=session.refused.value,
              explained=told.value, opened=opened, event_start=start, event_set=set_parameter, event_use=use,
              event_luck=luck, event_within=within,
              event_explain=explain,
              event_pick=pick, event_section=section)


def check_whole(called: str, value: object, low: int, high: int, text: Text) -> None:
    """`Refused`, in the language on screen, where a value is not a whole number from low to high."""
    if not isinstance(value, int) or not low <= value <= high:
        raise Refused(text("explore.whole", name=called, low=low, high=text.number(high)))


def _use(use: Use, shares: Mapping[Use, float]) -> dict[str, Any]:
    return {"name": use.name, "start": use.start, "duration": use.duration, "strength": use.strength, "where": use.where,
            "whom": use.whom, "share": shares.get(use, 1.0)}


def _shares(policy: Policy, places: str) -> dict[Use, float]:
    """Which share of citizens what has a place or a group reaches, as far as it can be said: its part of the points."""
    found = {}
    for use in filter(lambda use: use.reach, (*policy.levers, *policy.shocks)):
        with suppress(Refused):  # said where the run is refused
            scenario = policy.scenario()
            found[use] = schedule.share(use, scenario, municipalities.from_text(places) if places else None)
    return found
