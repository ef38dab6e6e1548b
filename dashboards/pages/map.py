"""Map: from which starts a society comes to which future, what tips it, how long municipalities stay where they are.

Answers come coarse first and finer later; each says from how many runs it is. One click starts a society there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import solara

from letsdance.dashboards import charts_map, events, in_worlds
from letsdance.dashboards.charts import Chart, key_of
from letsdance.dashboards.compute import LONG, Token, between, check_work, use_latest
from letsdance.dashboards.pages.explore import SLIDERS
from letsdance.dashboards.parts import Box, Figure, Heading, Say, Waiting, vue
from letsdance.dashboards.session import use_session
from letsdance.dashboards.state import View
from letsdance.experiments.basins import Basins, basins
from letsdance.experiments.residence import Residence, residence
from letsdance.experiments.tipping import Axis, Tipping, tipping
from letsdance.experiments.worlds import Worlds
from letsdance.params import PARAMETERS, Refused, nearest
from letsdance.report.map_worlds import map_study
from letsdance.report.study import Study
from letsdance.report.style import capital
from letsdance.scenarios import STARTS
from letsdance.scenarios.policy import Policy
from letsdance.simulation.rules.regimes import REGIMES
from letsdance.words import Text

#: Starts on each side and runs from each, one after another; the last only when asked for.
GRIDS = ((5, 4), (9, 4), (17, 8))
#: Values along the axis, and runs at each from each start.
TIPPINGS = ((5, 2), (9, 4))
#: Runs from each start.
STAYS = (8, 24)
#: In other worlds: starts on each side, worlds, and runs from each start in each.
GRID, WORLDS, WORLD_RUNS = 5, 40, 1
#: What links call which worlds are asked.
IN_WORLDS = "map.worlds"
#: Quarters that a diagram of ends, and one of stays, runs at least: shorter ones show where nothing has settled yet.
SETTLED, WATCHED = 120, 200
#: What the page keeps in links: how fine, whether the mean field's is beside it, what is moved, what is read.
FINE, FIELD, MOVED, READ = "map.how-fine", "map.mean-field", "map.what-moves", "map.what-is-read"
#: What can be moved: the sliders of Explore but for the start itself and whole numbers.
MOVABLE = {group: tuple(n for n in names if not PARAMETERS[n].whole and PARAMETERS[n].unit != "switch")
           for group, names in SLIDERS.items() if group != "start"}


@vue("../assets/map.vue")
def _Panel(part: str, start: list, here: list, progress: str, fine: bool, field: bool, groups: list, moved: str,
           measure: str, refused: str, note: str, texts: dict,
           event_begin: Callable[[tuple[float | None, float | None]], None],
           event_act: Callable[[events.MapOrder], None]) -> None:
    """The browser's half: part "start" says where to start, part "axis" what is moved."""


# ---------------------------------------------------------------- what is computed, and kept

@dataclass(frozen=True, slots=True)
class Asked:
    """A policy and its luck; the token only says whether the answer is still wanted."""

    policy: Policy
    seed: int
    token: Token = field(default_factory=Token, compare=False, repr=False)

    @classmethod
    def of(cls, view: View, token: Token) -> Asked:
        """What a view asks of the map: a start's own place on the plane does not matter."""
        policy = replace(view.policy, title="").with_parameter("C0", None).with_parameter("G0", None)
        return cls(policy, view.seed, token)

    def step(self, _: int) -> None:
        """Between two slices of work: `Stopped` when another change came."""
        between(self.token)

    def starts(self, quarters: int) -> list[Any]:
        """The policy from each of the four starts, for at least so many quarters."""
        longer = replace(self.policy, quarters=max(self.policy.quarters, quarters))
        return [longer.with_start(name).scenario() for name in STARTS]


@lru_cache(32)
def basin_map(asked: Asked, grid: int, runs: int) -> Basins:
    """Where each of grid x grid starts leads."""
    check_work(asked.policy, grid * grid * runs)
    return basins(asked.policy.scenario(), grid=grid, quarters=asked.policy.quarters, runs=runs, seed=asked.seed,
                  progress=asked.step)


@lru_cache(32)
def tipping_diagram(asked: Asked, name: str, outcome: str, points: int, runs: int) -> Tipping:
    """Where the four starts end for each value of a parameter over its whole range."""
    scenarios = asked.starts(SETTLED)
    check_work(replace(asked.policy, quarters=scenarios[0].quarters), len(scenarios) * points * runs)
    return tipping(Axis(name, *PARAMETERS[name].range), scenarios, outcome, points=points, runs=runs,
                   quarters=scenarios[0].quarters, seed=asked.seed, progress=asked.step)


@lru_cache(32)
def stays(asked: Asked, runs: int) -> Residence:
    """How long municipalities stay where the four starts put them."""
    scenarios = asked.starts(WATCHED)
    check_work(replace(asked.policy, quarters=scenarios[0].quarters), len(scenarios) * runs)
    return residence(scenarios, runs=runs, quarters=scenarios[0].quarters, seed=asked.seed, progress=asked.step)


def plane(asked: Asked, text: Text, worlds: Worlds, progress: Callable[[int], None]) -> Study:
    """The map of starts in other worlds, as the report tells it."""
    check_work(asked.policy, GRID**2 * (worlds.worlds + 1) * WORLD_RUNS)
    return map_study(worlds.basins(asked.policy.scenario(), GRID, asked.policy.quarters, WORLD_RUNS, asked.seed, 1,
                                   progress), text)


def started(policy: Policy, C: float, G: float) -> Policy:
    """The policy from another place on the plane, to two decimals; `Refused` outside it."""
    for name, value in (("C0", C), ("G0", G)):
        if not isinstance(value, int | float) or not math.isfinite(value) or not 0.0 <= value <= 1.0:
            raise Refused("{name} must be a number from 0 to 1, not {value!r}.", name=name, value=value)
        policy = policy.with_parameter(name, round(float(value), 2))
    return policy


# ---------------------------------------------------------------- the page

@dataclass(frozen=True, eq=False)
class Shown:
    """What there is so far: charts by name, the basin map behind them, what is refused, what is being computed."""

    charts: dict[str, Chart]
    found: Basins | None
    refused: dict[str, str]
    doing: str
    stamp: str


def answers(asked: Asked, start: tuple[float, float], fine: bool, moved: str, outcome: str,
            text: Text) -> Generator[Shown, None, None]:
    """The charts, coarse ones first; after each step what there is by then."""
    charts: dict[str, Chart] = {}
    refused: dict[str, str] = {}
    found: Basins | None = None

    def basin(grid: int, runs: int) -> None:
        nonlocal found
        found = basin_map(asked, grid, runs)
        charts["basin"] = charts_map.basin(found, start, text)
        charts["mean_field"] = charts_map.mean_field(found, start, text)

    def tips(points: int, runs: int) -> None:
        charts["tipping"] = charts_map.tipping(tipping_diagram(asked, moved, outcome, points, runs), text)

    def stay(runs: int) -> None:
        charts["residence"] = charts_map.residence(stays(asked, runs), text)

    steps: list[tuple[str, Any, tuple[int, ...]]] = [
        ("basin", basin, GRIDS[0]), ("residence", stay, (STAYS[0],)), ("tipping", tips, TIPPINGS[0]),
        ("basin", basin, GRIDS[1]), ("residence", stay, (STAYS[1],)), ("tipping", tips, TIPPINGS[1])]
    steps += [("basin", basin, GRIDS[2])] if fine else []
    for k, (name, make, sizes) in enumerate(steps):
        if name not in refused:
            try:
                make(*sizes)
            except Refused as problem:
                refused[name] = text.refused(problem)
        then, _, following = steps[k + 1] if k + 1 < len(steps) else ("", None, ())
        doing = _doing(then, following, text)
        stamp = key_of((asked, start, fine, moved, outcome, text.language, k))
        yield Shown(dict(charts), found, dict(refused), doing, stamp)


def _doing(name: str, sizes: tuple[int, ...], text: Text) -> str:
    if not name:
        return ""
    if name == "residence":
        return text("map.doing_residence", runs=sizes[0])
    if name == "basin":
        return text("map.doing_basin", n=sizes[0], runs=sizes[1])
    return text("map.doing_tipping", n=sizes[0], runs=sizes[1])


def check_moved(name: str) -> str:
    """A parameter that can be moved, else `Refused`."""
    known = [n for names in MOVABLE.values() for n in names]
    if name not in known:
        raise Refused("{name!r} cannot be moved here.{near}", name=name, near=nearest(name, known))
    return name


@solara.component
def Page() -> None:
    """The basin map and where to start, the mean field's beside it if asked for; below, what tips and who stays.

    One function, because its hooks and the answers to its events share one view.
    """
    session = use_session()
    view, text = session.view.value, session.text
    start = (view.policy.value("C0"), view.policy.value("G0"))
    fine, field, outcome = view.get(FINE) == "1", view.get(FIELD) == "1", "C" if view.get(READ) == "C" else "G"
    problem = ""
    try:
        moved = check_moved(view.get(MOVED, "k"))
    except Refused as refused:
        moved, problem = "k", text.refused(refused)
    asked = Asked.of(view, Token())

    def job(token: Token) -> Generator[Shown, None, None]:
        yield from answers(Asked.of(view, token), start, fine, moved, outcome, text)

    answer = use_latest(job, [asked, start, fine, moved, outcome, view.language], LONG)

    def begin(at: list[float]) -> None:
        try:
            policy = started(session.view.peek().policy, at[0], at[1])
        except Refused:
            session.refused.value = {"start": text("map.outside")}
            return
        session.change(policy=policy, page="explore")

    def clicked(C: float, G: float) -> None:
        if 0.0 <= C <= 1.0 and 0.0 <= G <= 1.0:  # beside the plane nothing is meant
            begin([C, G])

    def act(change: dict[str, str]) -> None:
        if change["what"] == "finer":
            session.keep({FINE: None if fine else 1})
        elif change["what"] == "field":
            session.keep({FIELD: None if field else 1})
        elif change["what"] == "moved":
            session.keep({MOVED: change["name"]})
        elif change["what"] == "measure":
            session.keep({READ: change["name"]})

    shown = answer.value
    solara.Style(Path(__file__).parent.parent / "assets" / "map.css")
    with Box([], "mp-page"):
        with Box([], "ld-intro", "header"):
            Heading(text("map.title"))
            Say(text("map.lead"))
        if shown is None:
            Waiting(answer.refused, text("map.computing", n=GRIDS[0][0], runs=GRIDS[0][1]))
            return
        here = [] if shown.found is None else [
            {"name": name, "title": text(f"curve.{name}"), "share": text.percent(float(share)), "part": float(share)}
            for name, share in zip(REGIMES, charts_map.share_here(shown.found, *start), strict=True)]
        groups = [{"title": text(f"sliders.{group}"),
                   "names": [[name, capital(text.title("parameter", name))] for name in names]}
                  for group, names in MOVABLE.items() if names]
        common: dict[str, Any] = {
            "start": list(start), "here": here, "progress": shown.doing, "fine": fine, "field": field, "groups": groups,
            "moved": moved, "measure": outcome, "texts": text.all("map"), "event_begin": begin, "event_act": act}
        with Box([], f"mp-planes{'' if field else ' mp-one'}"):
            for name in ("basin", "mean_field") if field else ("basin",):
                if name in shown.charts:
                    Figure(shown.charts[name], shown.stamp, clicked).key(name)
            _Panel(part="start", note=text("map.own_places") if view.places else "", **common,
                   refused=session.refused.value.get("start", "") or shown.refused.get("basin", "") or answer.refused)
        below = problem or shown.refused.get("tipping", "") or shown.refused.get("residence", "")
        _Panel(part="axis", note="", refused=below, **common)
        with Box([], "mp-curves"):
            for name in ("tipping", "residence"):
                if name in shown.charts:
                    Figure(shown.charts[name], shown.stamp).key(name)
                elif name not in shown.refused:
                    with Box([], "ld-chart mp-empty"):
                        Say(text("map.comes"), classes="ld-waiting")
        in_worlds.InWorlds(session, IN_WORLDS, "map", WORLDS,
                           GRID**2 * (WORLDS + 1) * WORLD_RUNS, ("map", asked), partial(plane, asked, text))
