"""What pages share: boxes, a chart with its sentence and table, explanations behind a click, errors as a sentence."""

from __future__ import annotations

import ast
import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

import solara

from letsdance import scenarios
from letsdance.dashboards import events
from letsdance.dashboards.charts import Chart, Told
from letsdance.dashboards.session import use_session
from letsdance.params import CONTEXTS, EVIDENCE, PARAMETERS, Parameter, marks
from letsdance.report.style import capital
from letsdance.scenarios import LEVERS, SHOCKS, for_groups
from letsdance.words import Text

__all__ = ["Box", "Figure", "Heading", "Rule", "Say", "Sent", "Waiting", "effects", "explained", "lever_rows",
           "parameter_rows", "rules", "shock_rows", "start_rows", "terms", "vue"]


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

    The function's arguments are what the template sees; event_name is called from it as name(...), with data of the type
    that `Callable[[type], None]` says: the guard refuses any other (events.py). Lists and dicts go as they are, whole,
    when they differ.
    """
    def decorate(function: Callable[..., None]) -> Callable[..., Any]:
        events.declare(os.path.abspath(inspect.getfile(function)), path, function)
        names = [name for name in inspect.signature(function).parameters if not name.startswith("event_")]

        def plain(value: Any, widget: Any) -> Any:
            return value.value if isinstance(value, Sent) else value

        component = solara.component_vue(path, vuetify=False, to_json=dict.fromkeys(names, plain))(function)

        def element(**arguments: Any) -> Any:
            return component(**{name: Sent(value) if isinstance(value, list | dict) else value
                                for name, value in arguments.items()})

        return element

    return decorate


def terms(said: str, text: Text) -> str:
    """What the terms in a text mean, as HTML that opens by a click or a key where the text stands; '' for none."""
    found = text.terms(said)
    if not found:
        return ""
    meant = "".join(f"<dt>{escape(title)}</dt><dd>{escape(says)}</dd>" for title, says in found)
    called = escape(text("chart.terms", what=text.listed([title for title, _ in found])))
    return f"<details><summary class='ld-icon' aria-label='{called}' title='{called}'>?</summary><dl>{meant}</dl></details>"


@solara.component
def Heading(said: str, tag: str = "h1", about: str = "") -> None:
    """A headline, and beside it what its terms mean, and those of what it stands over (`about`)."""
    meant = terms(f"{said}. {about}", use_session().text)
    with Box([], "ld-heading"):
        Say(said, tag)
        if meant:
            solara.HTML(unsafe_innerHTML=meant, classes=["ld-terms"])


@vue("assets/chart.vue")
def _Chart(name: str, title: str, sentence: str, terms: str, option: dict, numbers: dict, columns: list, rows: list,
           texts: dict, showing: bool, event_show: Callable[[bool], None], event_read: Callable[[events.Nothing], None],
           file: dict, event_parquet: Callable[[events.Nothing], None], event_whole: Callable[[events.Nothing], None],
           clickable: bool = False, small: bool = False, event_enlarge: Callable[[events.Nothing], None] | None = None,
           event_point: Callable[[tuple[float, float]], None] | None = None) -> None:
    """The browser's half of a chart."""


def Box(children: Sequence[Any], classes: str = "", tag: str = "div", attributes: dict[str, str] | None = None) -> Any:
    """An HTML element around others; what a page is laid out with."""
    return solara.v.Html(tag=tag, class_=classes, children=list(children), attributes=attributes or {})


def Say(text: str, tag: str = "p", classes: str = "") -> Any:
    """A text in an element of its own."""
    return solara.v.Html(tag=tag, class_=classes, children=[text])


@solara.component
def Figure(chart: Chart, stamp: str, on_point: Callable[[float, float], None] | None = None,
           on_large: Callable[[], None] | None = None) -> None:
    """A chart with its sentence, downloads and a table that opens.

    stamp: `charts.key_of` of the question that the chart answers. on_point: called with what was clicked, in the axes'
    units. on_large: for a small chart, called when it is asked to be the large one.
    """
    session = use_session()
    read = solara.use_reactive(False)  # for a download, without being shown
    file: solara.Reactive[dict[str, Any]] = solara.use_reactive({"serial": 0})
    told, missed = solara.use_memo(Told, []), solara.use_reactive(0)  # missed: how often the page did not know the last
    numbers = solara.use_memo(lambda: told.change(chart, stamp), [chart, stamp, missed.value])
    meant = solara.use_memo(lambda: terms(f"{chart.title}. {chart.sentence}", session.text), [
        chart.title, chart.sentence, session.text])
    showing = chart.name in session.tables.value
    columns, rows = chart.table() if showing or read.value else ([], [])

    def whole(_: Any) -> None:
        told.forget()
        missed.value += 1

    def parquet(_: Any) -> None:
        from letsdance.dashboards.downloads import TYPES, written

        file.value = {"serial": file.peek()["serial"] + 1, "name": f"{chart.name}.parquet", "type": TYPES["parquet"],
                      "content": written(*chart.table(), session.view.peek().language)}

    _Chart(name=chart.name, title=chart.title, sentence=chart.sentence, terms=meant, option=chart.option,
           numbers=numbers, columns=columns, rows=rows, texts=session.text.all("chart"),
           showing=showing, event_show=lambda on: session.show_table(chart.name, on), event_read=lambda _: read.set(True),
           file=file.value, event_parquet=parquet, event_whole=whole, clickable=on_point is not None,
           small=on_large is not None, event_enlarge=lambda _: on_large() if on_large else None,
           event_point=lambda at: on_point(*at) if on_point else None)


@solara.component
def Waiting(refused: str = "", computing: str = "") -> None:
    """Where an answer will stand: what was refused, or that it is being computed (`computing`: in other words)."""
    session = use_session()
    if refused:
        Say(refused, classes="ld-refused ld-alone")
    else:
        Say(computing or session.text("chart.computing"), classes="ld-waiting")
        Say(session.text("chart.first_time"), classes="ld-later")  # seen after ten seconds


# ---------------------------------------------------------------- what stands behind a click

@dataclass(frozen=True, slots=True)
class Rule:
    """One equation of the model, as its docstring says it; about: what its file says; parameters: those that it reads."""

    name: str
    topic: str
    says: str
    about: str
    parameters: tuple[str, ...]


#: The files of simulation/rules as they are told, those behind what a person sees first.
_TOPICS = ("willingness", "calls", "outcomes", "stocks", "adoption", "uptake", "thresholds", "regimes", "numbers")


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule of simulation/rules, read from its source."""
    found = []
    entries = {entry.name.removesuffix(".py"): entry for entry in files("letsdance.simulation.rules").iterdir()
               if entry.name.endswith(".py") and not entry.name.startswith("_")}
    for topic in sorted(entries, key=lambda name: _TOPICS.index(name) if name in _TOPICS else len(_TOPICS)):
        tree = ast.parse(entries[topic].read_text(encoding="utf-8"))
        about = " ".join((ast.get_docstring(tree) or "").split())
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and (says := ast.get_docstring(node)):
                read = {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)
                        and isinstance(n.value, ast.Name) and n.value.id == "p"}
                found.append(Rule(node.name, topic, " ".join(says.split()), about,
                                  tuple(name for name in PARAMETERS if name in read)))
    return tuple(found)


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
        said.append(text.labelled(text.title("parameter", one["parameter"]), ", ".join([change, *words])))
    return said


def _signed(value: float, text: Text) -> str:
    return ("+" if value >= 0 else "") + text.number(value, 4).rstrip("0").rstrip(".,")


def _equations(parameters: Sequence[str], text: Text) -> list[str]:
    """The first rules that read one of the parameters, as HTML; nothing where none does."""
    reading = dict.fromkeys(rule for name in dict.fromkeys(parameters) for rule in rules() if name in rule.parameters)
    return [f"<p class='ld-fact'>{escape(text('why.equation'))}</p>" if reading else "",
            *(f"<p class='ld-equation' lang='en'><code>{escape(rule.name)}</code> {escape(rule.says)}</p>"
              for rule in list(reading)[:3])]


def explained(key: str, text: Text) -> str:
    """What stands behind the question mark of "lever.FRCS", "parameter.k" or "context.denmark", as HTML: sentence, effect,
    sources."""
    kind, name = key.split(".", 1)
    parts = [f"<p>{escape(text.says(kind, name))}</p>"]
    if kind == "parameter":
        p = PARAMETERS[name]
        facts = [text("why.range", low=text.short(p.range[0]), high=text.short(p.range[1]),
                      default=text.short(p.default), unit=text.title("unit", p.unit)), text(f"source.{p.source}")]
        parts += [f"<p class='ld-fact'>{escape(fact)}</p>" for fact in facts]
        parts += _equations([name], text)
        reference = p.reference
    elif kind == "context":
        entry = CONTEXTS[name]
        parts.append(f"<p class='ld-fact'>{escape(text('why.sets'))}</p><ul class='ld-equation'>" + "".join(
            f"<li>{escape(text.labelled(text.title('parameter', one), text.short(value)))} "
            f"({escape(text('why.usual', n=text.short(PARAMETERS[one].default)))})</li>"
            for one, value in entry["values"].items()) + "</ul>")
        parts += _equations(list(entry["values"]), text)
        reference = entry["reference"]
    else:
        entry = (LEVERS if kind == "lever" else SHOCKS)[name]
        parts.append(f"<p class='ld-fact'>{escape(text('why.effects'))}</p><ul class='ld-equation'>" + "".join(
            f"<li>{escape(line)}</li>" for line in effects(kind, name, text)) + "</ul>")
        parts += _equations([one["parameter"] for one in entry["effects"]], text)
        parts.append(f"<p class='ld-fact'>{escape(text('source.seed_size'))}</p>")
        reference = entry["reference"]
    known = "".join(f"<dt>{escape(title)}</dt><dd>{escape(says)}</dd>" for title, says in text.terms(
        f"{text.title(kind, name)}. {text.says(kind, name)}"))
    parts.append(f"<dl class='ld-meant'>{known}</dl>" if known else "")
    lines = [(mark, EVIDENCE[mark]) for mark in marks(reference)]
    if lines:
        parts.append(f"<p class='ld-fact'>{escape(text('why.sources'))}</p><ul class='ld-sources'>" + "".join(
            f"<li lang='en'><b>{mark}</b> {escape(says)}</li>" for mark, says in lines[:6]) + "</ul>")
    return "".join(parts)


# ---------------------------------------------------------------- what the controls list

def lever_rows(text: Text) -> list[dict[str, Any]]:
    """Levers for the controls: name, title, cost, quadrant, whether they may be for a group of citizens."""
    return [{"name": name, "title": capital(text.title("lever", name)), "quadrant": entry["quadrant"],
             "points": entry["cost"], "cost": text.number(entry["cost"]), "groups": for_groups(entry)}
            for name, entry in LEVERS.items()]


def shock_rows(text: Text) -> list[dict[str, Any]]:
    """Shocks and trends for the controls, with the usual duration (0: to the end)."""
    return [{"name": name, "title": capital(text.title("shock", name)), "duration": entry["duration"],
             "groups": for_groups(entry)} for name, entry in SHOCKS.items()]


def bands_of(p: Parameter) -> Mapping[str, tuple[float, float]]:
    """A parameter's named bands. Where the model names none, usual is within a quarter of the way to either end."""
    if p.bands or p.unit == "switch":
        return p.bands
    (low, high), usual = p.range, p.default
    ends = (low, usual - (usual - low) / 4, usual + (high - usual) / 4, high)
    return {name: (a, b) for name, a, b in zip(("low", "usual", "high"), ends, ends[1:], strict=False) if a < b}


def parameter_rows(names: Sequence[str], groups: Mapping[str, Sequence[str]], text: Text) -> list[dict[str, Any]]:
    """Parameters as sliders: range, step, unit, named bands; group: the first of `groups` that lists it, else 'other'."""
    rows = []
    for name in names:
        p = PARAMETERS[name]
        low, high = p.range
        step = 1.0 if p.whole or p.unit == "switch" else (high - low) / 200
        bands = [{"title": text.title("band", band), "low": a, "high": b} for band, (a, b) in bands_of(p).items()]
        rows.append({"name": name, "title": capital(text.title("parameter", name)), "low": low, "high": high,
                     "step": step, "bands": bands, "unit": "" if p.unit == "1" else text.title("unit", p.unit),
                     "group": next((group for group, members in groups.items() if name in members), "other")})
    return rows


def start_rows(text: Text) -> list[dict[str, str]]:
    """The four starts, in the order in which they are always shown."""
    return [{"name": name, "title": text.title("start", name)} for name in scenarios.STARTS]
