"""What pages share: boxes, a chart with its sentence and table, explanations behind a click, errors as a sentence."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

import solara

import scenarios
from dashboards.charts import Chart
from dashboards.session import use_session
from dashboards.texts import Text
from params import EVIDENCE, PARAMETERS
from scenarios import LEVERS, SHOCKS

__all__ = ["Box", "Figure", "Say", "Sent", "Waiting", "effects", "explained", "lever_rows", "parameter_rows", "rules_of",
           "shock_rows", "start_rows", "vue"]


class Sent:
    """A list or dict on its way to the browser. Solara walks plain ones in search of widgets, at every render."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sent) and self.value == other.value

    __hash__ = None  # type: ignore[assignment]


def vue(path: str) -> Callable[[Callable[..., None]], Callable[..., Any]]:
    """A component whose browser half is a Vue 2 template; path is relative to the file that says it.

    The function's arguments are what the template sees; event_name is called from it as name(...). Lists and dicts go
    as they are, whole, when they differ.
    """
    def decorate(function: Callable[..., None]) -> Callable[..., Any]:
        names = [name for name in inspect.signature(function).parameters if not name.startswith("event_")]

        def plain(value: Any, widget: Any) -> Any:
            return value.value if isinstance(value, Sent) else value

        component = solara.component_vue(path, vuetify=False, to_json=dict.fromkeys(names, plain))(function)

        def element(**arguments: Any) -> Any:
            return component(**{name: Sent(value) if isinstance(value, list | dict) else value
                                for name, value in arguments.items()})

        return element

    return decorate


@vue("assets/chart.vue")
def _Chart(name: str, title: str, sentence: str, option: dict, numbers: dict, columns: list, rows: list, texts: dict,
           event_opened: Callable[[bool], None], clickable: bool = False,
           event_point: Callable[[list], None] | None = None) -> None:
    """The browser's half of a chart."""


def Box(children: Sequence[Any], classes: str = "", tag: str = "div", attributes: dict[str, str] | None = None) -> Any:
    """An HTML element around others; what a page is laid out with."""
    return solara.v.Html(tag=tag, class_=classes, children=list(children), attributes=attributes or {})


def Say(text: str, tag: str = "p", classes: str = "") -> Any:
    """A text in an element of its own."""
    return solara.v.Html(tag=tag, class_=classes, children=[text])


@solara.component
def Figure(chart: Chart, stamp: str, on_point: Callable[[float, float], None] | None = None) -> None:
    """A chart with its sentence, downloads and a table that opens.

    stamp: `charts.key_of` of the question that the chart answers. on_point: called with what was clicked, in the axes'
    units.
    """
    session = use_session()
    opened = solara.use_reactive(False)
    columns, rows = chart.table() if opened.value else ([], [])
    _Chart(name=chart.name, title=chart.title, sentence=chart.sentence, option=chart.option,
           numbers={"stamp": stamp, "series": chart.data}, columns=columns, rows=rows, texts=session.text.all("chart"),
           event_opened=opened.set, clickable=on_point is not None,
           event_point=lambda at: on_point(*at) if on_point else None)


@solara.component
def Waiting(refused: str = "") -> None:
    """Where an answer will stand: what was refused, or that it is being computed."""
    session = use_session()
    if refused:
        Say(refused, classes="ld-refused ld-alone")
    else:
        Say(session.text("chart.computing"), classes="ld-waiting")


# ---------------------------------------------------------------- what stands behind a click

@cache
def _rules() -> dict[str, tuple[tuple[str, str], ...]]:
    """Parameter -> the rules that read it, each with its docstring, which holds the equation."""
    found: dict[str, list[tuple[str, str]]] = {}
    for entry in sorted(files("simulation.rules").iterdir(), key=lambda entry: entry.name):
        if not entry.name.endswith(".py"):
            continue
        for node in ast.parse(entry.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and (says := ast.get_docstring(node)):
                names = {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)
                         and isinstance(n.value, ast.Name) and n.value.id == "p"}
                for name in names & PARAMETERS.keys():
                    found.setdefault(name, []).append((node.name, " ".join(says.split())))
    return {name: tuple(rules) for name, rules in found.items()}


def rules_of(parameter: str) -> tuple[tuple[str, str], ...]:
    """The rules (name, equation and inputs) that read a parameter; empty for what no rule reads by itself."""
    return _rules().get(parameter, ())


def effects(kind: str, name: str, text: Text) -> list[str]:
    """What a lever or shock does to parameters at strength 1, in words."""
    said = []
    for one in (LEVERS if kind == "lever" else SHOCKS)[name]["effects"]:
        change = (text("effect.add", n=_signed(one["add"], text)) if "add" in one else
                  text("effect.multiply", n=text.short(one["multiply"])))
        words = [text(f"effect.{word}", n=one[word]) for word in ("from", "until", "threshold") if word in one]
        words += [text("effect.each_quarter")] if one.get("each_quarter") else []
        words += [text("effect.times", n=text.title("parameter", one["times"]))] if "times" in one else []
        words += [text("effect.profile", n=text.title("profile", one["profile"]))] if "profile" in one else []
        said.append(f"{text.title('parameter', one['parameter'])}: {', '.join([change, *words])}")
    return said


def _signed(value: float, text: Text) -> str:
    return ("+" if value >= 0 else "") + text.number(value, 4).rstrip("0").rstrip(".,")


def explained(key: str, text: Text) -> str:
    """What stands behind the question mark of "lever.FRCS" or "parameter.k", as HTML: sentence, effect, sources."""
    kind, name = key.split(".", 1)
    parts = [f"<p>{escape(text.says(kind, name))}</p>"]
    if kind == "parameter":
        p = PARAMETERS[name]
        facts = [text("why.range", low=text.short(p.range[0]), high=text.short(p.range[1]),
                      default=text.short(p.default), unit=text.title("unit", p.unit)), text(f"source.{p.source}")]
        parts += [f"<p class='ld-fact'>{escape(fact)}</p>" for fact in facts]
        if rules := rules_of(name):
            parts.append(f"<p class='ld-fact'>{escape(text('why.equation'))}</p>")
            parts += [f"<p class='ld-equation' lang='en'><code>{escape(rule)}</code> {escape(says)}</p>"
                      for rule, says in rules[:3]]
        reference = p.reference
    else:
        entry = (LEVERS if kind == "lever" else SHOCKS)[name]
        parts.append(f"<p class='ld-fact'>{escape(text('why.effects'))}</p><ul class='ld-equation'>" + "".join(
            f"<li>{escape(line)}</li>" for line in effects(kind, name, text)) + "</ul>")
        parts.append(f"<p class='ld-fact'>{escape(text('source.seed_size'))}</p>")
        reference = entry["reference"]
    lines = [(mark, EVIDENCE[mark]) for mark in _marks(reference) if mark in EVIDENCE]
    if lines:
        parts.append(f"<p class='ld-fact'>{escape(text('why.sources'))}</p><ul class='ld-sources'>" + "".join(
            f"<li lang='en'><b>{mark}</b> {escape(says)}</li>" for mark, says in lines[:6]) + "</ul>")
    return "".join(parts)


def _marks(reference: str) -> list[str]:
    """'S41-S43 T4' -> S41, S42, S43, T4."""
    marks = []
    for word in reference.split():
        first, dash, last = word.partition("-")
        if dash and first[1:].isdigit() and last[1:].isdigit():
            marks += [f"{first[0]}{n}" for n in range(int(first[1:]), int(last[1:]) + 1)]
        else:
            marks.append(word)
    return marks


# ---------------------------------------------------------------- what the controls list

def lever_rows(text: Text) -> list[dict[str, Any]]:
    """Levers for the controls: name, title, cost, quadrant."""
    return [{"name": name, "title": _capital(text.title("lever", name)), "quadrant": entry["quadrant"],
             "points": entry["cost"], "cost": text.number(entry["cost"])} for name, entry in LEVERS.items()]


def shock_rows(text: Text) -> list[dict[str, Any]]:
    """Shocks and trends for the controls, with the usual duration (0: to the end)."""
    return [{"name": name, "title": _capital(text.title("shock", name)), "duration": entry["duration"]}
            for name, entry in SHOCKS.items()]


def parameter_rows(names: Sequence[str], groups: Mapping[str, Sequence[str]], text: Text) -> list[dict[str, Any]]:
    """Parameters as sliders: range, step, unit, named bands; group: the first of `groups` that lists it, else 'other'."""
    rows = []
    for name in names:
        p = PARAMETERS[name]
        low, high = p.range
        step = 1.0 if p.whole or p.unit == "switch" else (high - low) / 200
        bands = [{"title": text.title("band", band), "low": a, "high": b} for band, (a, b) in p.bands.items()]
        rows.append({"name": name, "title": _capital(text.title("parameter", name)), "low": low, "high": high,
                     "step": step, "bands": bands, "unit": "" if p.unit == "1" else text.title("unit", p.unit),
                     "group": next((group for group, members in groups.items() if name in members), "other")})
    return rows


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def start_rows(text: Text) -> list[dict[str, str]]:
    """The four starts, in the order in which they are always shown."""
    return [{"name": name, "title": text.title("start", name)} for name in scenarios.STARTS]
