"""Confidence: where every number comes from, whether expected patterns hold now, what is left out, every equation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import solara

from letsdance.dashboards import compute, events
from letsdance.dashboards.charts import Chart, key_of
from letsdance.dashboards.parts import Box, Figure, Heading, Say, effects, rules, vue
from letsdance.dashboards.session import use_session
from letsdance.experiments import evidence, robust
from letsdance.experiments.paired import Finding
from letsdance.experiments.patterns import PATTERNS, Laboratory
from letsdance.params import EVIDENCE, GROUPS, PARAMETERS, marks
from letsdance.report.words import holding, left_out, measured, strength
from letsdance.scenarios import LEVERS, SHOCKS, Scenario, load
from letsdance.simulation.run import Result
from letsdance.words import Text

#: Where a parameter comes from -> the colour of its part in the chart.
ORIGINS = {"lipse": "--governments", "sister": "--use", "text": "--citizens", "assumed": "--soft"}
TABS = ("rules", "parameters", "levers", "shocks", "evidence")
#: Runs a side of each pattern: fewer give no verdict.
RUNS = 20
_LOOK = Path(__file__).parent.parent / "assets" / "confidence.css"


@vue("../assets/origins.vue")
def _Origins(tiles: list, texts: dict, event_chosen: Callable[[str], None]) -> None:
    """How many parameters come from where."""


@vue("../assets/patterns.vue")
def _Patterns(patterns: list, verdicts: dict, running: str, checking: bool, done: int, total: int, says: str, lead: str,
              takes: str, texts: dict, event_act: Callable[[str], None]) -> None:
    """The expected patterns, and their verdicts as they come."""


@vue("../assets/left_out.vue")
def _LeftOut(title: str, rows: list) -> None:
    """What the model leaves out, as a list."""


@vue("../assets/box.vue")
def _Box(entries: dict, sources: dict, tab: str, word: str, origin: str, titles: dict, texts: dict,
         event_looked: Callable[[events.Found], None]) -> None:
    """Everything that can be looked up, with a search."""


# ---------------------------------------------------------------- where the numbers come from

def line_origin(mark: str) -> str:
    """Whose a line of evidence is: 'lipse', 'sister' (the seed documents beside it) or 'text' (other studies)."""
    if mark.startswith("T"):
        return "text"
    return "lipse" if EVIDENCE[mark].startswith(("LIPSE", "WP")) else "sister"


def origin(parameter: str) -> str:
    """Where a parameter comes from, by its own mark and, for the seed documents, by the lines that it names."""
    p = PARAMETERS[parameter]
    if p.source != "seed":
        return p.source
    return "lipse" if any(line_origin(mark) == "lipse" for mark in marks(p.reference)) else "sister"


def origins_chart(text: Text) -> Chart:
    """How many parameters of each group come from where: one bar a group, the parts in one order."""
    counts = Counter((p.group, origin(name)) for name, p in PARAMETERS.items())
    titles = {group: text.title("group", group) for group in GROUPS}
    names = {one: text(f"confidence.origin_{one}") for one in ORIGINS}
    total = Counter(origin(name) for name in PARAMETERS)
    known = len(PARAMETERS) - total["assumed"]
    series = [{"type": "bar", "id": one, "name": names[one], "stack": "all", "barWidth": "62%", "silent": True,
               "itemStyle": {"color": colour, "borderColor": "--card", "borderWidth": 1},
               "label": {"show": True, "position": "inside", "color": "--card", "fontSize": 11, "fontWeight": 600}}
              for one, colour in ORIGINS.items()]
    values: dict[str, list[Any]] = {one: [counts[group, one] or None for group in GROUPS] for one in ORIGINS}
    most = max(sum(counts[group, one] for one in ORIGINS) for group in GROUPS)
    option = {
        "animation": False, "grid": {"left": 196, "right": 8, "top": 4, "bottom": 54},
        "legend": {"bottom": 0, "left": 0, "icon": "circle", "itemGap": 18, "selectedMode": False,
                   "textStyle": {"color": "--ink", "fontSize": 12}},
        "xAxis": {"type": "value", "max": most, "show": False, "axisLabel": {}},
        "yAxis": {"type": "category", "inverse": True, "data": list(titles.values()), "axisTick": {"show": False},
                  "axisLine": {"show": False},
                  "axisLabel": {"color": "--ink", "fontSize": 12, "lineHeight": 14, "interval": 0, "width": 184,
                                "overflow": "break"}},
        "series": series, "aria": {"enabled": True}}

    def table() -> tuple[list[str], list[list[str]]]:
        rows = [[titles[group], *(str(counts[group, one]) for one in ORIGINS)] for group in GROUPS]
        return [text("confidence.group"), *names.values()], rows

    says = text("confidence.origins_says", n=len(PARAMETERS), known=known, assumed=total["assumed"])
    return Chart("origins", text("confidence.origins"), says, option, values, table)


# ---------------------------------------------------------------- what can be looked up

def exact(value: float, text: Text) -> str:
    """A declared number with all its decimals: the smallest paces are below a hundredth."""
    exponent = Decimal(repr(float(value))).normalize().as_tuple().exponent
    return text.number(value, max(0, -exponent) if isinstance(exponent, int) else 0)


def entries(text: Text) -> dict[str, list[dict[str, Any]]]:
    """Everything that can be looked up, by tab: title, what is said, facts, sources."""
    used: dict[str, list[str]] = {}
    for rule in rules():
        for name in rule.parameters:
            used.setdefault(name, []).append(rule.name)
    known: dict[str, list[dict[str, Any]]] = {tab: [] for tab in TABS}
    for rule in rules():
        known["rules"].append({"key": rule.name, "title": rule.name.replace("_", " "), "topic": text(f"rule.{rule.topic}"),
                               "equation": rule.says, "about": rule.about,
                               "marks": marks(rule.about),
                               "parameters": [[name, text.title("parameter", name), origin(name)]
                                              for name in rule.parameters]})
    for name, p in PARAMETERS.items():
        unit = text.title("unit", p.unit) if p.unit not in ("1", "switch") else ""
        usual, low, high = (exact(value, text) for value in (p.default, *p.range))
        known["parameters"].append({
            "key": name, "title": text.title("parameter", name), "says": text.says("parameter", name),
            "topic": text.title("group", p.group), "origin": origin(name), "usual": f"{usual} {unit}".strip(),
            "range": text("number.to", low=low, high=high), "rules": used.get(name, []), "marks": marks(p.reference)})
    for tab, kind, table in (("levers", "lever", LEVERS), ("shocks", "shock", SHOCKS)):
        for name, entry in table.items():
            held = robust.weakest(name) if kind == "lever" else None
            more = [] if held is None else [text("robust.lever", share=text.percent(held.share))]
            known[tab].append({"key": name, "title": text.title(kind, name),
                               "says": " ".join([text.says(kind, name), *more]),
                               "topic": text("confidence.tags", quadrant=text(f"quadrant.{entry['quadrant']}"),
                                               level=text(f"level.{entry['level']}")) if kind == "lever" else "",
                               "cost": text.number(entry["cost"]) if "cost" in entry else "",
                               "effects": effects(kind, name, text), "marks": marks(entry["reference"])})
    known["evidence"] = [{"key": one.name, "title": one.name, "line": one.says + _state(one),
                          "origin": line_origin(one.name), "marks": []} for one in evidence.lines()]
    return known


def _state(line: evidence.Line) -> str:
    """What became of a line, behind its text: [tested: F9], [missing: copy or adapt]."""
    if line.state == "source":
        return ""
    more = ", ".join(line.tested) if line.state == "tested" else line.why
    return f" [{line.state.replace('_', '-')}{': ' if more else ''}{more}]"


# ---------------------------------------------------------------- do the patterns hold now

@dataclass(frozen=True)
class Checked:
    """What a check has found so far. running: the pattern at work, '' if none."""

    seed: int
    findings: tuple[tuple[str, tuple[Finding, ...]], ...] = ()
    running: str = ""

    def holding(self) -> dict[str, bool]:
        """Whether each pattern that was checked holds."""
        return {id: all(part.holds for part in parts) for id, parts in self.findings}


class _Watched(Laboratory):
    """A laboratory that lets others in between runs, stops when nobody waits any more, and has the limit of all pages."""

    def __init__(self, token: compute.Token, seed: int) -> None:
        super().__init__(RUNS, seed)
        self._token = token

    def run(self, start: str | Scenario, quarters: int = 60, **settings: Any) -> Result:
        compute.between(self._token)
        own = {name: value for name, value in settings.items() if name in PARAMETERS}
        compute.check_size(*compute.size_of(load(start).changed(parameters=own)), quarters, RUNS * settings.get("times", 1))
        return super().run(start, quarters, **settings)


#: What was found, for all sessions: the same seeds give the same findings.
_found: dict[tuple[int, str], tuple[Finding, ...]] = {}


def _order() -> list[str]:
    """The scored patterns first."""
    return sorted(PATTERNS, key=lambda id: not PATTERNS[id].scored)


def checked_before(seed: int) -> Checked:
    """What somebody's check has found by now with this seed; it is nobody's own, so all may see it at once."""
    return Checked(seed, tuple((id, _found[seed, id]) for id in _order() if (seed, id) in _found))


def check(seed: int, token: compute.Token) -> Generator[Checked, None, None]:
    """Check every pattern, the scored ones first; yields before each and at the end. Raises `Refused`, `Stopped`."""
    known = checked_before(seed)
    for id in _order():
        if (seed, id) not in _found:
            yield replace(known, running=id)
            token.check()
        with compute.alone(("pattern", seed, id), token):
            if (seed, id) not in _found:
                _found[seed, id] = tuple(PATTERNS[id].findings(_Watched(token, seed)))
            if id not in known.holding():
                known = replace(known, findings=(*known.findings, (id, _found[seed, id])))
            while len(_found) > 50 * len(PATTERNS):
                _found.pop(next(iter(_found)), None)
    yield known


def use_check(seed: int, wanted: bool) -> tuple[Checked, str]:
    """The newest state of a check that runs while it is wanted, and what was refused; a hook."""
    def job(token: compute.Token) -> Generator[Checked, None, None]:
        if wanted:
            yield from check(seed, token)

    answer = compute.use_latest(job, [seed, wanted], compute.LONG)
    found = answer.value
    if found is None or found.seed != seed or not wanted:
        return checked_before(seed), answer.refused
    return found, answer.refused


def pattern_rows(text: Text) -> list[dict[str, Any]]:
    """The patterns as the page lists them."""
    return [{"id": id, "scored": p.scored, "question": text(f"pattern.{id}"), "expectation": text.refused(p.expectation),
             "note": text.refused(p.note), "strength": strength(p.strength, text), "source": p.source,
             "robust": robust_says(id, text), "marks": [[mark, EVIDENCE[mark]] for mark in marks(p.source)]}
            for id, p in PATTERNS.items()]


def robust_says(id: str, text: Text) -> list[str]:
    """In how many worlds a pattern holds, near and far, and what breaks it; nothing where that was not looked at."""
    said = []
    for design, key in (("30%", "robust.near"), ("ranges", "robust.far")):
        held = robust.of(id, None, design)
        if held is not None:
            said.append(text(key, share=text.percent(held.share), worlds=text.number(held.worlds),
                             band=text.band(100 * held.chance.low, 100 * held.chance.high)))
            if held.breaks:
                broken = [text.title("parameter", name) if name in PARAMETERS else name for name, *_ in held.breaks]
                said.append(text("robust.breaks", what=text.listed(broken)))
    if said:
        said.append(text("robust.version", version=robust.known()["version"]) + (
            "" if robust.current() else " " + text("robust.stale")))
    return said


def verdict(parts: tuple[Finding, ...], text: Text) -> dict[str, Any]:
    """One pattern's findings for the page."""
    held = sum(part.holds for part in parts)
    return {"holds": held == len(parts), "partly": text("confidence.partly", n=held, all=len(parts)),
            "parts": [{"compared": text.refused(part.compared), "effect": measured(part, text),
                       "demand": text.refused(part.threshold), "holds": part.holds} for part in parts]}


def summary(checked: Checked, checking: bool, text: Text) -> str:
    """How many of the scored patterns hold, and which do not."""
    held = {id: holds for id, holds in checked.holding().items() if PATTERNS[id].scored}
    wanted = sum(p.scored for p in PATTERNS.values())
    done, n = len(checked.findings), len(PATTERNS)
    whole = not (checking and checked.running)
    if not held:
        return text("confidence.checking", id=checked.running, done=done, n=n) if checking and checked.running else text(
            "confidence.not_yet")
    said = holding(held, text, len(held) == wanted)
    if checking and checked.running:
        return f"{said} {text('confidence.checking', id=checked.running, done=done, n=n)}"
    return said if done == n or not whole else f"{said} {text('confidence.stopped', done=done, n=n)}"


# ---------------------------------------------------------------- the page

@solara.component
def Page() -> None:
    """The confidence page."""
    session = use_session()
    view, text = session.view.value, session.text
    language = view.language
    chart, tiles = solara.use_memo(lambda: (origins_chart(text), _tiles(text)), [language])

    def keep(**values: object) -> None:
        session.keep({f"confidence.{name}": v for name, v in values.items()})

    solara.Style(_LOOK)
    with Box([], "ld-trust"):
        with Box([], "ld-intro ld-explores", "header"):
            Heading(text("confidence.title"))
            Say(text("confidence.lead"))
            Say(text("confidence.english"), classes="ld-small")
        with Box([], "ld-origins"):
            _Origins(tiles=tiles, texts=text.all("confidence"),
                     event_chosen=lambda origin: keep(tab="parameters", origin=origin, find=None))
            Figure(chart, key_of((chart.name, language)))
        Patterns()
        with Box([], "ld-sides"):
            LeftOut()
            Look(keep)


def _tiles(text: Text) -> list[dict[str, Any]]:
    counts = Counter(origin(name) for name in PARAMETERS)
    return [{"name": one, "n": counts[one], "colour": colour, "title": text(f"confidence.origin_{one}"),
             "says": text(f"confidence.tell_{one}"), "of": text("confidence.of", n=len(PARAMETERS))}
            for one, colour in ORIGINS.items()]


@solara.component
def Patterns() -> None:
    """The expected patterns, and whether they hold now."""
    session = use_session()
    view, text = session.view.value, session.text
    wanted = view.get("confidence.check") == "1"
    checked, refused = use_check(view.seed, wanted)
    rows = solara.use_memo(lambda: pattern_rows(text), [view.language])
    verdicts = solara.use_memo(lambda: {id: verdict(parts, text) for id, parts in checked.findings},
                               [view.language, view.seed, len(checked.findings)])
    checking = wanted and len(checked.findings) < len(PATTERNS)
    scored = sum(p.scored for p in PATTERNS.values())

    def act(what: str) -> None:
        on = "1" if what == "check" else None
        session.keep({"confidence.check": on})

    _Patterns(patterns=rows, verdicts=verdicts, running=checked.running if checking else "", checking=checking,
              done=len(checked.findings), total=len(PATTERNS),
              says=text.refused(refused) or summary(checked, checking, text),
              lead=text("confidence.patterns_says", scored=scored, extra=len(PATTERNS) - scored),
              takes=text("confidence.takes", first=view.seed, last=view.seed + RUNS - 1),
              texts=text.all("confidence", "robust"), event_act=act)


@solara.component
def LeftOut() -> None:
    """What the model leaves out."""
    text = use_session().text
    _LeftOut(title=text("confidence.left"), rows=[list(one) for one in left_out(text)])


@solara.component
def Look(keep: Callable[..., None]) -> None:
    """Everything that can be looked up."""
    session = use_session()
    view, text = session.view.value, session.text
    known = solara.use_memo(lambda: entries(text), [view.language])
    tab = view.get("confidence.tab", TABS[0])
    chosen = view.get("confidence.origin")

    def looked(now: dict[str, str]) -> None:
        keep(tab=now["tab"] if now["tab"] in TABS else None, find=now["word"][:100] or None,
             origin=now["origin"] if now["origin"] in ORIGINS else None)

    _Box(entries=known, sources=dict(EVIDENCE), tab=tab if tab in TABS else TABS[0], word=view.get("confidence.find"),
         origin=chosen if chosen in ORIGINS else "",
         titles={name: text.title("parameter", name) for name in PARAMETERS}, texts=text.all("confidence"),
         event_looked=looked)
