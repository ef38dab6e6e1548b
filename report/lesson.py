"""A lesson on paper: a worksheet for the class, or the teacher's copy with answers, what the runs say, and a plan.

    render(lesson, Text("nl"))             what a class writes on
    render(lesson, Text("nl"), found)      with answers: found is the lesson as it was conducted

One HTML file that prints on A4 and needs no network.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from letsdance.experiments import outcomes
from letsdance.experiments.lessons import CLASSIC, Conducted
from letsdance.params import Refused
from letsdance.report.outcomes import what
from letsdance.report.page import css, template
from letsdance.report.sheet import font_faces
from letsdance.scenarios import STARTS
from letsdance.words import ENGLISH, Text, catalogue, declared

if TYPE_CHECKING:
    from letsdance.scenarios.lessons import Control, Lesson, Sentence

__all__ = ["cell", "control_words", "glass", "plan", "render", "titled"]

#: What part of a lesson's minutes each step takes.
PLAN = {"predict": 3, "experiment": 5, "happened": 3, "why": 4, "whatif": 3, "check": 2}
_W, _H, _LEFT, _BOTTOM = 640.0, 240.0, 46.0, 30.0
_DASHES = ("", "7 4", "2 3", "10 3 2 3", "1 4", "12 5", "4 2", "6 2 2 2")


# ---------------------------------------------------------------- words that the terminal and the page share

def titled(outcome: str, text: Text) -> str:
    """What an outcome measures, in a language: 'governments that have ever adopted it, quarter 60'."""
    if outcome in CLASSIC:
        return text(f"lesson.{outcome}")
    asked = outcomes.parse(outcome)
    title = _title(asked, text)
    if asked.first is None:
        return title
    if asked.first == asked.last:
        return text("lesson.in_quarter", title=title, quarter=text.quarter(asked.first))
    return text("lesson.mean_of", title=title, first=asked.first, last=asked.last)


def _title(asked: outcomes.Outcome, text: Text) -> str:
    """An outcome's shortest name: a future's, that of a card, or the indicator's own words."""
    for key in (f"curve.{asked.name}" if asked.name in STARTS else "", f"measure.{asked.name}"):
        if key in catalogue(ENGLISH)["text"]:
            return text(key)
    known = text.title("indicator", asked.name) if asked.name in _indicators() else what(asked, text)
    return re.split(r"[;:\u202f]", known)[0].strip()


def _indicators() -> Any:
    return declared("indicator")


def cell(values: np.ndarray, unit: str, text: Text) -> str:
    """A mean, and where 8 in 10 runs lie: '27 % (18–38)'."""
    if not len(values) or not np.isfinite(values).all():
        return "–"
    mean, (low, high) = float(values.mean()), np.quantile(values, (0.1, 0.9))
    if unit == "share":
        band = text.band(100 * float(low), 100 * float(high))
        return text.percent(mean) if low == high else f"{text.percent(mean)} ({band})"
    digits = 0 if abs(mean) >= 20 else 1
    return text.number(mean, digits) if low == high else f"{text.number(mean, digits)} ({text.band(low, high, digits)})"


def control_words(control: Control, text: Text) -> str:
    """What a class may move, in words."""
    if control.lever:
        return text.labelled(control.lever, text.title("lever", control.lever))
    ends = text.band(control.low, control.high, 0 if control.step >= 1 else 2)
    return text.labelled(control.parameter, f"{text.title('parameter', control.parameter)} ({ends})")


def plan(lesson: Lesson, text: Text) -> list[tuple[int, str]]:
    """(minutes, what is done) for every step, whole minutes that add up to the lesson's."""
    total, shares, told, spent, before = sum(PLAN.values()), 0, [], 0, 0
    for step, share in PLAN.items():
        shares += share
        before, spent = spent, round(lesson.minutes * shares / total)
        told.append((spent - before, text(f"lesson.plan_{step}")))
    return told


@dataclass(frozen=True)
class Glass:
    """The mechanism behind glass: what it is called, its equation, its code."""

    switch: str
    equation: str
    code: str
    where: str


def glass(lesson: Lesson, text: Text) -> Glass | None:
    """The rule of a lesson's glass box, from the very function that the engine compiles; `Refused` where there is none."""
    if lesson.glass is None:
        return None
    file, _, name = lesson.glass.rule.partition(".")
    try:
        rule: Any = getattr(import_module(f"letsdance.simulation.rules.{file}"), name)
    except (ImportError, AttributeError):
        raise Refused("there is no rule {rule!r} in simulation/rules; correct [glass] of the lesson {name}.",
                      rule=lesson.glass.rule, name=lesson.name) from None
    rule = getattr(rule, "py_func", rule)
    switch = text("lesson.glass_off", parameter=text.title("parameter", lesson.glass.off), value=f"{lesson.glass.at:g}")
    return Glass(switch, " ".join((inspect.getdoc(rule) or "").split()), inspect.getsource(rule).rstrip(),
                 f"simulation/rules/{file}.py")


# ---------------------------------------------------------------- paper

def render(lesson: Lesson, text: Text, found: Conducted | None = None) -> str:
    """The page's HTML; with `found` the teacher's copy. Equal input gives equal bytes."""
    def said(sentence: Sentence) -> dict[str, str]:
        return {"says": found.said(sentence, text) if found else sentence.said(text.language), "source": sentence.source}

    language = text.language
    drawn = next((name for name in lesson.shown if name not in CLASSIC), "")
    return template("lesson").render(
        language=language, text=text, css=css(), faces=Markup(font_faces()), teacher=found is not None,
        title=lesson.title.said(language), story=lesson.story.said(language), minutes=lesson.minutes,
        ask=lesson.predict.ask.said(language), choices=[one.said(language) for one in lesson.predict.choices],
        answer=lesson.predict.answer, arms=[arm.title.said(language) for arm in lesson.arm],
        controls=[control_words(one, text) for one in lesson.control],
        blank=Markup(_sheet(lesson, text)), drawn=titled(drawn, text) if drawn else "",
        curves=Markup(_sheet(lesson, text, found, drawn)) if found and drawn else "",
        table=[(arm.title.said(language), [cell(values, unit, text) for _, unit, values in row])
               for arm, row in found.shown()] if found else [],
        heads=[titled(name, text) for name in lesson.shown],
        happened=[said(one) for one in lesson.happened] if found else [],
        why=[said(one) for one in lesson.why] if found else [],
        glass=glass(lesson, text) if found else None,
        glass_says=said(lesson.glass.says) if found and lesson.glass else None,
        whatif=[(one.ask.said(language), said(one.answer) if found else None) for one in lesson.whatif],
        check=[(one.ask.said(language), said(one.answer) if found else None) for one in lesson.check],
        notes=[said(one) for one in lesson.notes] if found else [], plan=plan(lesson, text) if found else [],
        claims=list(claims(found, text)) if found else [], name=lesson.name,
        seeds=(found.seed, found.runs) if found else None)


def claims(found: Conducted, text: Text) -> Iterator[tuple[str, str, str, bool]]:
    """(what is claimed, what is asked of it, what was measured, whether it holds), one row a claim."""
    for name, one in found.claims.items():
        claim, e = one.claim, one.verdict.effect
        arms = " − ".join(filter(None, (claim.of, claim.against, claim.also)))
        what = claim.outcome + (f" / {claim.over}" if claim.over else "") + (f" − {claim.minus}" if claim.minus else "")
        off = {"": "", "both": ", off", "less": ", off − on"}[claim.off]
        yield (f"{name}: {what}{', |x − median|' if claim.spread else ''} ({arms}{off})", text.refused(one.verdict.demand),
               f"{text.number(e.mean, 3)} ({text.number(e.low, 3)} … {text.number(e.high, 3)}), n = {e.n}",
               one.verdict.holds)


def _sheet(lesson: Lesson, text: Text, found: Conducted | None = None, outcome: str = "") -> str:
    """A grid of years by per cent to draw on, or with the means of every arm on it; an SVG."""
    plot_w, plot_h = _W - _LEFT - 14, _H - _BOTTOM - 10
    paths, top, unit = [], 1.0, "share"
    if found is not None:
        name = outcomes.parse(outcome).name
        unit = outcomes.parse(outcome).unit
        for nth, arm in enumerate(one for one in found.arms if not one.classic):
            rows = getattr(found.results[arm.name], "rows", None)
            if rows is not None and name in _indicators():
                paths.append((arm, rows[name].mean(axis=0), _DASHES[nth % len(_DASHES)]))
        if unit != "share" and paths:
            top = float(max(np.nanmax(values) for _, values, _ in paths)) * 1.05 or 1.0

    def x(quarter: float) -> float:
        return _LEFT + plot_w * quarter / lesson.quarters

    def y(value: float) -> float:
        return 10 + plot_h * (1 - value / top)

    out = [f'<svg viewBox="0 0 {_W:g} {_H:g}" role="img" aria-hidden="true" font-family="Inter" font-size="12">']
    for k in range(5):
        at, label = top * k / 4, text.percent(k / 4) if unit == "share" else text.number(top * k / 4, 1)
        out.append(f'<line x1="{_LEFT:g}" x2="{_W - 14:g}" y1="{y(at):.1f}" y2="{y(at):.1f}" stroke="#c8cfd5"/>'
                   f'<text x="{_LEFT - 6:g}" y="{y(at) + 4:.1f}" text-anchor="end" fill="#56606a">{label}</text>')
    years = lesson.quarters // 4
    for year in range(0, years + 1, 5 if years > 8 else 1):
        place, foot = f"{x(4 * year):.1f}", _H - _BOTTOM
        out.append(f'<line x1="{place}" x2="{place}" y1="10" y2="{foot:g}" stroke="#e3e8ec"/>'
                   f'<text x="{place}" y="{foot + 16:g}" text-anchor="middle" fill="#56606a">{year}</text>')
    out.append(f'<text x="{_W - 14:g}" y="{_H - 2:g}" text-anchor="end" fill="#56606a">{text("lesson.years")}</text>')
    for _, values, dash in paths:
        line = " ".join(f"{x(q):.1f},{y(float(v)):.1f}" for q, v in enumerate(values) if np.isfinite(v))
        out.append(f'<polyline points="{line}" fill="none" stroke="#1b2127" stroke-width="2" stroke-dasharray="{dash}"/>')
    return "".join([*out, "</svg>", *_key(paths, text)])


def _key(paths: list[Any], text: Text) -> Iterator[str]:
    """Which line is which."""
    from html import escape

    if paths:
        yield '<ul class="key">'
        for arm, _, dash in paths:
            yield ('<li><svg width="44" height="10" aria-hidden="true"><line x1="0" x2="44" y1="5" y2="5" '
                   f'stroke="#1b2127" stroke-width="2" stroke-dasharray="{dash}"/></svg> '
                   f'{escape(arm.title.said(text.language))}</li>')
        yield "</ul>"
