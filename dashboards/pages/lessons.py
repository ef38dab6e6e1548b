"""Lessons: a guided tour beside the other pages. Predict, run, see why; the link keeps which step a class stands on."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import solara

from letsdance.dashboards import compute, events
from letsdance.dashboards.charts import Chart, Curve, key_of, lines
from letsdance.dashboards.pages.compare import CSS as POLICIES
from letsdance.dashboards.parts import Box, Figure, Waiting, terms, vue
from letsdance.dashboards.session import use_session
from letsdance.dashboards.state import RUNS, View
from letsdance.experiments import outcomes
from letsdance.experiments.lessons import Bench, Conducted, conduct, needed, own_arm, scenario_of
from letsdance.params import Refused, within
from letsdance.params import number as plain_number
from letsdance.report.lesson import glass, titled
from letsdance.report.style import capital
from letsdance.scenarios.lessons import Arm, Lesson, Sentence, load, names
from letsdance.scenarios.policy import Policy
from letsdance.words import Text

CSS = POLICIES + Path(__file__).parent.parent.joinpath("assets", "lessons.css").read_text(encoding="utf-8")
#: The steps, by what their texts are called.
STEPS = ("predict", "experiment", "happened", "why", "whatif", "check")
#: What links call the lesson, the step, the prediction, what a class has set, and whether the mechanism is off.
LESSON, STEP, GUESS, SET, OFF = "lessons.name", "lessons.step", "lessons.guess", "lessons.set", "lessons.off"
#: Colours of the curves, in the order of the arms, by the names of the style's tokens; the class's own comes last.
_COLOURS = ("soft", "policyA", "policyB", "policyC", "policyD")
_OWN_COLOUR = "lone_ranger"
_LETTERS = "ABCDEFGH"
#: Quarter from which a class's lever acts.
_FROM = 8


@vue("../assets/lesson_list.vue")
def _List(lessons: list, chosen: str, texts: dict, event_act: Callable[[events.Step], None]) -> None:
    """Which lessons there are."""


@vue("../assets/lesson.vue")
def _Step(title: str, terms: str, minutes: str, where: str, steps: list, step: int, story: str, ask: str, choices: list,
          guess: int, controls: list, own: bool, off: bool, switch_says: str, refused: str, texts: dict,
          event_act: Callable[[events.Step], None]) -> None:
    """Where a class stands: the question, the choices, the controls."""


@vue("../assets/lesson_body.vue")
def _Body(key_: list, said: list, glass: dict, asked: list, step: int, last: int, hint: str, texts: dict,
          event_act: Callable[[events.Step], None]) -> None:
    """What is said of it, and on to the next step."""


@dataclass(frozen=True, eq=False)
class Shown:
    """A lesson that was run, and its chart."""

    found: Conducted
    chart: Chart
    stamp: str


# ---------------------------------------------------------------- what the link says

def lesson_of(view: View) -> Lesson:
    """The lesson that the link names, or the first."""
    name = view.get(LESSON)
    return load(name if name in names() else names()[0])


def step_of(view: View) -> int:
    """The step that the link names."""
    return within(view.get(STEP), 0, len(STEPS) - 1) or 0


def moved(view: View, lesson: Lesson) -> tuple[dict[str, float], tuple[str, ...]]:
    """(parameters, levers) that a class has set with this lesson's controls; what the link says otherwise is left out."""
    said = dict(part.partition("=")[::2] for part in view.get(SET).split(",") if "=" in part)
    parameters: dict[str, float] = {}
    levers: list[str] = []
    for one in lesson.control:
        value = said.get(one.parameter or one.lever)
        try:
            number = plain_number(value) if value is not None else None
        except ValueError:
            continue
        if number is None or not np.isfinite(number):
            continue
        if one.parameter and one.low <= number <= one.high:
            parameters[one.parameter] = number
        elif one.lever and number > 0:
            levers.append(f"{one.lever}@{_FROM}")
    return parameters, tuple(levers)


def own_of(view: View, lesson: Lesson, text: Text) -> Arm | None:
    """The way of running that a class has set; None where it has set nothing."""
    parameters, levers = moved(view, lesson)
    return own_arm(lesson, parameters, levers, text) if parameters or levers else None


# ---------------------------------------------------------------- what is drawn

def _size(lesson: Lesson) -> tuple[int, int]:
    return compute.size_of(scenario_of(lesson, lesson.arm[0]))


def colour_of(nth: int, arm: Arm, lesson: Lesson) -> str:
    """The colour of an arm's curve."""
    return _COLOURS[nth % len(_COLOURS)] if arm in lesson.arm else _OWN_COLOUR


def curve_chart(found: Conducted, off: bool, text: Text) -> Chart:
    """The first outcome that is shown, over time, one curve an arm; off: with the lesson's mechanism switched off."""
    lesson = found.lesson
    compute.check_size(*_size(lesson), lesson.quarters, found.runs * len(found.arms))
    outcome = next(one for one in lesson.shown if one not in ("final", "half"))
    name = outcomes.parse(outcome).name
    bench = Bench(lesson, found.runs, found.seed)
    curves, ends = [], []
    for nth, arm in enumerate(one for one in found.arms if not one.classic):
        result = bench.result(arm, True) if off else found.results[arm.name]
        letter = _LETTERS[nth % len(_LETTERS)]
        curves.append(Curve(arm.name, f"{letter} {arm.title.said(text.language)}", colour_of(nth, arm, lesson),
                            result.rows[name], end=letter))
        ends.append(text("chart.ends", name=letter, value=text.percent(float(np.nanmean(result.rows[name][:, -1])))))
    title = titled(name, text)
    says = text("chart.by_quarter", quarter=text.quarter(lesson.quarters), said="; ".join(ends))
    says += f" {text('lesson.switched')}" if off else ""
    return lines("lesson", capital(title), says, curves, text)


def job_of(lesson: Lesson, own: Arm | None, off: bool, text: Text,
           token: compute.Token) -> Generator[Shown, None, None]:
    """The lesson run, once for all sessions that ask for the same."""
    compute.check_size(*_size(lesson), lesson.quarters, RUNS[0] * (needed(lesson) + (own is not None)))

    def slice_done(_: int) -> None:
        token.check()

    asked = (lesson.name, own.policy if own else "")
    found = compute.drawn(("lesson", *asked, text.language), lambda: conduct(lesson, RUNS[0], 1, own, slice_done), token)
    chart = compute.drawn(("lesson curve", *asked, off, text.language), lambda: curve_chart(found, off, text), token)
    yield Shown(found, chart, key_of((*asked, off, text.language)))


# ---------------------------------------------------------------- the page

@solara.component
def Page() -> None:
    """The list, and the step on which a class stands.

    One function, because its hooks and the answers to its events share one view.
    """
    session = use_session()
    view, text = session.view.value, session.text
    lesson, step = lesson_of(view), step_of(view)
    own, off = own_of(view, lesson, text), bool(view.get(OFF)) and lesson.glass is not None
    guess = within(view.get(GUESS), 1, len(lesson.predict.choices)) or 0

    def put(**values: object) -> None:
        session.keep(values)

    def act(order: dict[str, Any]) -> None:
        do, value = order["do"], order["value"]
        if do == "lesson" and value in names():
            put(**{LESSON: value, STEP: None, GUESS: None, SET: None, OFF: None})
        elif do == "step" and value in ("+1", "-1"):  # from where the class stands now: two quick clicks are two steps
            to = step_of(session.view.peek()) + int(value)
            put(**{LESSON: lesson.name, STEP: min(max(to, 0), len(STEPS) - 1) or None})
        elif do == "step" and (to_step := within(value, 0, len(STEPS) - 1)) is not None:
            put(**{LESSON: lesson.name, STEP: to_step or None})
        elif do == "guess":
            put(**{GUESS: value})
        elif do == "off":
            put(**{OFF: value or None})
        elif do == "set":
            set_control(value)
        elif do == "explore" and own is not None:
            open_in_explore()

    def set_control(value: str) -> None:
        name, _, amount = value.partition("=")
        kept = {part.partition("=")[0]: part for part in session.view.peek().get(SET).split(",") if "=" in part}
        kept[name] = f"{name}={amount}"
        known = [one.parameter or one.lever for one in lesson.control]
        put(**{LESSON: lesson.name, SET: ",".join(part for key, part in kept.items() if key in known) or None})

    def open_in_explore() -> None:
        assert own is not None
        try:
            session.change(page="explore", policy=policy_of(lesson, own))
        except Refused as refused:
            session.refuse("lessons", refused)

    answer = compute.use_latest(lambda token: (replace(one, found=replace(one.found, results={}))  # a page holds no runs
                                               for one in job_of(lesson, own, off, text, token)),
                                [(lesson.name, own, off, text.language)])
    with Box([], "ls-page"):
        solara.Style(CSS)
        _List(lessons=[{"name": name, "title": load(name).title.said(text.language),
                        "minutes": text("lesson.minutes", n=load(name).minutes)} for name in names()],
              chosen=lesson.name, texts=text.all("lesson"), event_act=act)
        with Box([], "ls-right"):
            _Step(**head(lesson, step, guess, view, own, off, text), refused=session.refused.value.get("lessons", ""),
                  texts=text.all("lesson"), event_act=act)
            shown = answer.value
            if step and (shown is None or shown.found.lesson is not lesson):
                Waiting(answer.refused)
            elif shown is not None and 0 < step < 4:
                Figure(shown.chart, shown.stamp).key("lesson")
            ready = shown.found if shown is not None and shown.found.lesson is lesson else None
            _Body(**body(lesson, step, guess, ready, text), step=step, last=len(STEPS) - 1, texts=text.all("lesson"),
                  event_act=act)


def policy_of(lesson: Lesson, own: Arm) -> Policy:
    """A class's setting as a policy of the other pages."""
    scenario = scenario_of(lesson, own)
    policy = Policy.of(lesson.start, quarters=lesson.quarters, levers=scenario.levers)
    for name, value in scenario.parameters.items():
        policy = policy.with_parameter(name, value)
    return policy


def head(lesson: Lesson, step: int, guess: int, view: View, own: Arm | None, off: bool, text: Text) -> dict[str, Any]:
    """What stands above: the question, the choices, the controls."""
    language = text.language
    parameters, levers = moved(view, lesson)
    base = scenario_of(lesson, lesson.arm[0]).values()
    controls: list[dict[str, Any]] = []
    for one in lesson.control:
        if one.lever:
            on = any(lever.startswith(f"{one.lever}@") for lever in levers)
            controls.append({"name": one.lever, "title": text.title("lever", one.lever), "lever": True, "value": int(on)})
        else:
            controls.append({"name": one.parameter, "title": text.title("parameter", one.parameter), "lever": False,
                             "low": one.low, "high": one.high, "step": one.step,
                             "value": parameters.get(one.parameter, base[one.parameter])})
    switch = text("lesson.switch", parameter=text.title("parameter", lesson.glass.off)) if lesson.glass else ""
    title, ask = lesson.title.said(language), lesson.predict.ask.said(language)
    return {"title": title, "terms": terms(f"{title} {ask}", text), "minutes": text("lesson.minutes", n=lesson.minutes),
            "where": text("lesson.step", n=step + 1, all=len(STEPS)), "steps": [text(f"lesson.{one}") for one in STEPS],
            "step": step, "story": lesson.story.said(language), "ask": ask,
            "choices": [one.said(language) for one in lesson.predict.choices], "guess": guess, "controls": controls,
            "own": own is not None, "off": off, "switch_says": switch}


def body(lesson: Lesson, step: int, guess: int, found: Conducted | None, text: Text) -> dict[str, Any]:
    """What stands below: sentences with their numbers, the glass box, questions with answers."""
    nothing: dict[str, Any] = {"key_": [], "said": [], "glass": {}, "asked": [], "hint": ""}
    if step == 0:
        return nothing | {"hint": "" if guess else text("lesson.not_yet")}
    if found is None:
        return nothing

    def told(sentence: Sentence) -> dict[str, str]:
        source = text("lesson.source", source=sentence.source) if sentence.source else ""
        return {"says": found.said(sentence, text), "source": source}

    key = [{"letter": _LETTERS[nth % len(_LETTERS)], "title": arm.title.said(text.language),
            "colour": colour_of(nth, arm, lesson)} for nth, arm in enumerate(one for one in found.arms if not one.classic)]
    if step in (4, 5):
        rows = lesson.whatif if step == 4 else lesson.check
        return nothing | {"asked": [{"ask": one.ask.said(text.language), **told(one.answer)} for one in rows]}
    said = [told(one) for one in (lesson.happened if step == 2 else lesson.why if step == 3 else [])]
    if step == 2:
        choices = [one.said(text.language) for one in lesson.predict.choices]
        answer = choices[lesson.predict.answer - 1]
        verdict = text("lesson.borne_out", answer=answer) if not guess else text("lesson.right") if (
            guess == lesson.predict.answer) else text("lesson.wrong", choice=choices[guess - 1], answer=answer)
        said = [{"says": verdict, "source": ""}, *said]
    box = glass(lesson, text) if step == 3 else None
    shown = {"says": found.said(lesson.glass.says, text), "equation": box.equation, "code": box.code} if (
        box and lesson.glass) else {}
    return nothing | {"key_": key, "said": said, "glass": shown}
