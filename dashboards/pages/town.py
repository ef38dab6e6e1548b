"""Town: a society that can be watched. One run is computed once and sent once; the browser plays it back and forth.

Two worlds: a small one (6 municipalities of 10 citizens, the largest of one's own where there are any) in which everybody
can be clicked, and all municipalities: as a list, as squares near where their table says that they lie, or on the map of
a GeoJSON that somebody opens, which stays in the browser's tab. Whoever is clicked tells what it did, and the terms of
its decision in every quarter, beside the same run without levers and shocks.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import solara

from letsdance import __version__
from letsdance.dashboards import events
from letsdance.dashboards import told as telling
from letsdance.dashboards.atlas import COLOURS, Lying, lying, use_atlas
from letsdance.dashboards.charts import key_of
from letsdance.dashboards.charts_town import members, picture, running
from letsdance.dashboards.compute import Token, between, check_work, municipalities, use_latest
from letsdance.dashboards.downloads import TYPES, File, table, use_making
from letsdance.dashboards.parts import Box, Say, Waiting, lever_rows, start_rows, terms, vue
from letsdance.dashboards.session import use_session
from letsdance.dashboards.state import RUNS, View
from letsdance.params import Refused, nearest, within
from letsdance.scenarios import Use, maps
from letsdance.scenarios.maps import Outline
from letsdance.scenarios.policy import Policy
from letsdance.simulation.municipalities import Municipalities, to_csv
from letsdance.simulation.rules.regimes import REGIMES
from letsdance.simulation.run import STAGES, simulate
from letsdance.simulation.state import SERVICE
from letsdance.words import Text

if TYPE_CHECKING:
    from letsdance.simulation.agents import Citizen, Government
    from letsdance.simulation.model import CoCreationModel

#: The small world, as parameters.
SMALL = {"municipalities": 6, "citizens": 10}
WORLDS = ("small", "full")
#: What the page keeps in links: which world, which quarter, who is told about.
WORLD, QUARTER, SHOWN = "town.which-world", "town.at-quarter", "town.who-is-told"
#: Texts whose words the mark beside the headline explains.
_HEADED = ("town.title", "town.sentence_", "town.key_", "town.column_")
KINDS = ("solo", "joint", "called")
#: What can happen in a municipality in a quarter: a text's name -> the counts that are added up.
HAPPENS = {
    "dead_calls": ("dead_calls",), "unanswered_calls": ("unanswered_calls",), "launched_solo": ("launched_solo",),
    "launched_joint": ("launched_joint",), "launched_called": ("launched_called",),
    "successes": ("supported_successes", "solo_successes"), "failures": ("supported_failures", "solo_failures"),
    "services_new": ("services_new",), "services_ended": ("services_ended",), "pilots_started": ("pilots_started",),
    "adoptions": ("adoptions",), "discontinuations": ("discontinuations",)}
#: How what `why` tells is written: as a share, as points, as yes or no; anything else is a plain number.
WRITTEN = {"target": "share", "before": "share", "after": "share", "noise": "points", "pilots": "share",
           "adopts_directly": "share", "decides_after_pilot": "share", "gives_up": "share", "uses_before": "yes",
           "uses": "yes"}


@vue("../assets/town.vue")
def _Town(film: dict, stamp: str, world: str, quarter: int, chosen: str, story: dict, waiting: bool, setting: dict,
          refused: dict, file: dict, making: str, texts: dict, atlas: dict, form: str, colour: str, most: int, terms: str,
          large: bool, event_take: Callable[[events.Taken], None], event_saved: Callable[[int], None],
          event_choose: Callable[[str], None], event_reach: Callable[[int], None], event_show: Callable[[str], None],
          event_act: Callable[[events.TownOrder], None], event_opened: Callable[[events.Table], None],
          event_put_away: Callable[[events.Nothing], None], event_draw: Callable[[events.TownDrawn], None]) -> None:
    """The browser's half: player, scene, story."""


# ---------------------------------------------------------------- one run, kept

@dataclass(frozen=True, slots=True)
class Run:
    """Which run is meant: of all municipalities, or of the few of the small world; the token only says whether it is still
    wanted."""

    policy: Policy
    seed: int
    places: str = ""
    few: bool = False
    token: Token = field(default_factory=Token, compare=False, repr=False)

    @classmethod
    def of(cls, view: View, world: str, token: Token) -> Run:
        """The first run of a view, in the small world or the full one."""
        policy = replace(view.policy, title="")
        if world == "full":
            return cls(policy, view.seed, view.places, token=token)
        for name, value in SMALL.items():
            policy = policy.with_parameter(name, value)
        return cls(policy, view.seed, view.places, True, token)

    def without_policy(self) -> Run:
        """The same citizens and luck without levers and shocks."""
        return replace(self, policy=self.policy.without_policy())

    def check_work(self) -> None:
        """`Refused` where it asks for more than other pages compute."""
        check_work(self.policy, RUNS[0], "" if self.few else self.places)

    def towns(self) -> Municipalities | None:
        """Whose municipalities these are; None: invented ones, as many as the policy has."""
        own: Municipalities | None = municipalities(self.places)
        return own if own is None or not self.few else some_of(own, self.policy)

    def quarters(self) -> Iterator[CoCreationModel]:
        """The model in quarter 0, 1, ...: one object, stepped; `Stopped` when nobody wants it any more."""
        from letsdance.simulation.model import CoCreationModel  # here, so that no other page waits for Mesa

        self.check_work()
        model = CoCreationModel(self.policy.scenario(), rng=self.seed, municipalities=self.towns())
        yield model
        for _ in range(self.policy.quarters):
            between(self.token)
            model.society.step()
            yield model


def some_of(own: Municipalities, policy: Policy) -> Municipalities:
    """The own municipalities that the small world shows, with their starts: those that levers and shocks name, then the
    largest; in the order of their table, ten citizens each."""
    named = {town for use in (*policy.levers, *policy.shocks) for town in use.where.split(", ")}
    order = sorted(range(len(own)), key=lambda m: (own.names[m] not in named, -own.citizens[m], m))
    kept = sorted(order[:SMALL["municipalities"]])
    return replace(own, names=tuple(own.names[m] for m in kept), given=own.given[kept],
                   citizens=np.full(len(kept), SMALL["citizens"], np.int64))


@dataclass(frozen=True, eq=False)
class Film:
    """One run, quarter by quarter, as the browser plays it and as stories are told from it.

    shown: JSON (see `film`); counts: int[Q+1, M, len(HAPPENS)].
    """

    shown: dict[str, Any]
    counts: np.ndarray


def _percent(values: np.ndarray) -> list[int]:
    return np.rint(100 * np.asarray(values, np.float64)).astype(int).tolist()


def _digits(values: np.ndarray) -> str:
    return "".join(map(str, np.asarray(values).astype(int).tolist()))


@lru_cache(24)
def film(run: Run, people: bool) -> Film:
    """The run as a film. For each quarter: C, G in per cent by municipality, regime and stage as digits, running
    projects and services; with `people` also willingness in per cent and use (digits) by citizen, and each initiative
    with its members whenever they change, ties and peers."""
    shown: dict[str, Any] = {name: [] for name in ("C", "G", "regime", "stage", "projects", "services", "w", "uses")}
    lives: dict[tuple[int, int], dict[str, Any]] = {}
    counts = []
    for model in run.quarters():
        society = model.society
        s, g, q = society.state, society.state.governments, society.quarter
        if q == 0:
            shown |= {"names": list(society.municipalities.names), "first": g["first"].tolist(),
                      "size": g["citizens"].tolist(), "people": people, "quarters": run.policy.quarters}
            if people:
                shown |= {"ties": [s.neighbours[a:b].tolist() for a, b in zip(s.ties, s.ties[1:], strict=False)],
                          "peers": [s.peers[a:b].tolist() for a, b in zip(s.peer_ties, s.peer_ties[1:], strict=False)]}
        shown["C"].append(_percent(g["citizens_willingness"]))
        shown["G"].append(_percent(g["willingness"]))
        shown["regime"].append(_digits(g["regime"]))
        shown["stage"].append(_digits(g["stage"]))
        shown["projects"].append(g["projects"].tolist())
        shown["services"].append((g["services_solo"] + g["services_joint"] + g["services_called"]).tolist())
        counts.append(np.stack([sum(g[name] for name in names) for names in HAPPENS.values()], axis=1))
        if people:
            shown["w"].append(_percent(s.willingness[q & 1]))
            shown["uses"].append(_digits(s.uses[q & 1]))
            _follow(lives, s, q)
    shown["initiatives"] = list(lives.values())
    for number, life in enumerate(shown["initiatives"], 1):
        life["number"] = number
        life["ended"] = life.pop("seen") + 1 if life["seen"] < run.policy.quarters else None
    return Film(shown, np.stack(counts))


def _follow(lives: dict[tuple[int, int], dict[str, Any]], s: Any, q: int) -> None:
    """Note every initiative as it stands: when it became a service, and its members where they changed."""
    for m, (first, count) in enumerate(s.governments[["first_slot", "initiatives"]]):
        for slot in range(first, first + count):
            one = s.initiatives[slot]
            members = sorted(s.members[slot, :one["members"]].tolist())
            life = lives.setdefault((m, int(one["id"])), {
                "m": m, "id": int(one["id"]), "kind": int(one["kind"]), "size": int(one["launch_size"]),
                "launched": int(one["launched"]), "service": None, "members": [], "seen": q})
            if one["phase"] == SERVICE and life["service"] is None:
                life["service"] = q
            if not life["members"] or life["members"][-1][1] != members:
                life["members"].append([q, members])
            life["seen"] = q


# ---------------------------------------------------------------- who is told about

def check_shown(key: str, shown: dict[str, Any]) -> tuple[str, int]:
    """("citizen", row), ("council", row) or ("initiative", place in the list), else `Refused`."""
    kind, _, number = key.partition(".")
    many = {"citizen": len(shown["w"][0]) if shown["people"] else 0, "council": len(shown["names"]),
            "initiative": len(shown["initiatives"])}
    if kind not in many:
        raise Refused("there is nobody called {key!r} here.{near}", key=key, near=nearest(kind, many))
    if (at := within(number, 1, many[kind])) is None:
        raise Refused("there is no {kind} {number!r} in this run; it has {many}. Choose another.", kind=kind, number=number,
                      many=many[kind])
    return kind, at - 1


@lru_cache(256)
def reasons(run: Run, kind: str, row: int) -> dict[str, dict[str, Any]]:
    """The terms of each decision of a citizen or a government in every quarter from 1: decision -> names, rows and near.

    rows[q - 1] are the values in quarter q, in the order of names; near[q - 1] is what those had come to whom it looks at:
    the mean willingness of neighbours or peers, of 'use' the share of neighbours who use the innovation.
    """
    found: dict[str, dict[str, Any]] = {}
    for model in run.quarters():
        if model.quarter == 0:
            continue
        agent: Citizen | Government = (model.citizens if kind == "citizen" else model.governments)[row]
        for decision in ("willingness", "use" if kind == "citizen" else "adoption"):
            terms = agent.why(decision)
            told = found.setdefault(decision, {"names": list(terms), "rows": [], "near": []})
            told["rows"].append([round(float(value), 4) for value in terms.values()])
            told["near"].append(_near(model, row, decision) if kind == "citizen" else float(agent.peers_willingness))
    return found


def _near(model: CoCreationModel, row: int, decision: str) -> float:
    """What a citizen's neighbours had come to when it decided."""
    s = model.society.state
    values = (s.uses if decision == "use" else s.willingness)[(model.quarter - 1) & 1]
    ties = s.neighbours[int(s.ties[row]):int(s.ties[row + 1])]
    return float(np.mean(values[ties])) if len(ties) else 0.0


def story(run: Run, people: bool, key: str, text: Text) -> dict[str, Any]:
    """Who was clicked, as the page shows it: title, neighbours, what it did and when, terms, and without levers."""
    mine = film(run, people)
    kind, row = check_shown(key, mine.shown)
    other = run.without_policy()
    same = other == run
    told: dict[str, Any] = {"key": key, "kind": kind, "same": same, "title": title(key, mine.shown, text),
                            "decisions": [], "way": [], "other": [], "facts": []}
    if kind == "initiative":
        told |= _of_initiative(mine, film(other, people), row, same, text)
        return told
    column = "w" if kind == "citizen" else "G"
    told["way"] = [quarter[row] for quarter in mine.shown[column]]
    if not same:
        told["other"] = [quarter[row] for quarter in film(other, people).shown[column]]
    ties = mine.shown["ties" if kind == "citizen" else "peers"][row] if people else []
    told["near"] = [[near, title(near, mine.shown, text)] for near in (f"{kind}.{n + 1}" for n in ties)]
    if kind == "citizen":
        home = int(np.searchsorted(mine.shown["first"], row, side="right"))
        told["near"].insert(0, [f"council.{home}", title(f"council.{home}", mine.shown, text)])
    told["events"] = _citizen_events(mine.shown, row, text) if kind == "citizen" else _council_events(mine, row, text)
    told["doing"] = [_doing(mine.shown, kind, row, told["title"], q, text) for q in range(mine.shown["quarters"] + 1)]
    off = {} if same else reasons(other, kind, row)
    for decision, why in reasons(run, kind, row).items():
        told["decisions"].append({
            "name": decision, "title": text(f"town.decision_{decision}"), "rows": why["rows"],
            "off": off[decision]["rows"] if off else [],
            "says": [telling.decided(decision, told["title"], q, dict(zip(why["names"], values, strict=True)), near,
                                     int(mine.shown["stage"][q][row]) if kind == "council" else 0, text)
                     for q, (values, near) in enumerate(zip(why["rows"], why["near"], strict=True), 1)],
            "lines": [{"title": telling.term(decision, name, text),
                       "written": WRITTEN.get(name, "share" if decision == "use" else "number"),
                       "result": name in telling.RESULTS} for name in why["names"]]})
    return told


def _doing(shown: dict[str, Any], kind: str, row: int, who: str, quarter: int, text: Text) -> str:
    """What somebody does in a quarter, as one sentence."""
    if kind == "citizen":
        part = sum(row in members(life, quarter) for life in running(shown, quarter))
        return telling.doing(who, quarter, part, shown["uses"][quarter][row] == "1", text)
    return text("story.doing_council", quarter=text.quarter(quarter), where=shown["names"][row],
                future=text(f"curve.{REGIMES[int(shown['regime'][quarter][row])]}"),
                projects=shown["projects"][quarter][row], services=shown["services"][quarter][row])


def title(key: str, shown: dict[str, Any], text: Text) -> str:
    """'Citizen 7 of M2', 'Council of M2', 'Initiative 3 in M2'."""
    kind, number = key.split(".")
    row = int(number) - 1
    if kind == "citizen":
        m = int(np.searchsorted(shown["first"], row, side="right")) - 1
        return text("town.citizen", n=row - shown["first"][m] + 1, where=shown["names"][m])
    if kind == "council":
        return text("town.council", where=shown["names"][row])
    return text("town.initiative", n=number, where=shown["names"][shown["initiatives"][row]["m"]])


def _citizen_events(shown: dict[str, Any], row: int, text: Text) -> list[list[Any]]:
    """[quarter, sentence], in order: became willing or not, joined and left, began and stopped using."""
    events = []
    for q in range(1, shown["quarters"] + 1):
        before, now = shown["w"][q - 1][row], shown["w"][q][row]
        if (before >= 50) != (now >= 50):
            events.append([q, text("town.became_willing" if now >= 50 else "town.became_unwilling")])
        if (use := shown["uses"][q][row]) != shown["uses"][q - 1][row]:
            events.append([q, text("town.began_using" if use == "1" else "town.stopped_using")])
    for life in shown["initiatives"]:
        for q, change in joinings(life, row):
            name = text("town.named_initiative", n=life["number"], kind=text(f"town.kind_{KINDS[life['kind']]}"))
            then = {"willing": text.percent(shown["w"][q - 1][row] / 100), "near": text.percent(float(
                np.mean([shown["w"][q - 1][n] for n in shown["ties"][row]])) / 100)} if change == "joined" else {}
            events.append([q, text(f"town.member_{change}", name=name, **then), f"initiative.{life['number']}"])
    return sorted(events, key=lambda event: event[0])


def joinings(life: dict[str, Any], row: int) -> list[tuple[int, str]]:
    """When a citizen "joined" and "left" an initiative, or was in it when it "ended"."""
    changes, inside = [], False
    for q, then in life["members"]:
        if (row in then) != inside:
            inside = not inside
            changes.append((q, "joined" if inside else "left"))
    if inside and life["ended"] is not None:
        changes.append((life["ended"], "ended"))
    return changes


def _council_events(mine: Film, row: int, text: Text) -> list[list[Any]]:
    shown, events = mine.shown, []
    for q in range(1, shown["quarters"] + 1):
        said = [text(f"town.happened_{name}", n=int(n))
                for name, n in zip(HAPPENS, mine.counts[q, row], strict=True) if n]
        stages = [int(shown["stage"][at][row]) for at in (q - 1, q)]
        if stages[0] != stages[1]:
            said.append(text("town.stage_moved", before=text(f"town.stage_{STAGES[stages[0]]}"),
                             after=text(f"town.stage_{STAGES[stages[1]]}")))
        futures = [int(shown["regime"][at][row]) for at in (q - 1, q)]
        if futures[0] != futures[1]:
            said.append(text("town.regime_moved", after=text(f"curve.{REGIMES[futures[1]]}")))
        if said:
            events.append([q, "; ".join(said) + "."])
    return events


def _of_initiative(mine: Film, other: Film, row: int, same: bool, text: Text) -> dict[str, Any]:
    life = mine.shown["initiatives"][row]
    events = [[life["launched"], text("town.life_launched", n=life["size"])]]
    if life["service"] is not None:
        events.append([life["service"], text("town.life_service")])
    if life["ended"] is not None:
        events.append([life["ended"], text("town.life_ended" if life["service"] is not None else "town.life_failed")])
    facts = [text(f"town.about_{KINDS[life['kind']]}")]
    if not same:
        twin = next((o for o in other.shown["initiatives"] if (o["m"], o["id"]) == (life["m"], life["id"])), None)
        if twin is None:
            facts.append(text("town.twin_none"))
        else:
            facts.append(text("town.twin_solo" if KINDS[twin["kind"]] == "solo" else "town.twin_supported", n=twin["size"]))
    members = sorted({member for _, then in life["members"] for member in then})
    near = [f"council.{life['m'] + 1}", *(f"citizen.{n + 1}" for n in members)]
    return {"events": events, "facts": facts, "near": [[key, title(key, mine.shown, text)] for key in near]}


# ---------------------------------------------------------------- what can be taken away

def made(run: Run, people: bool, quarter: int, what: str, kind: str, text: Text, outline: Outline | None = None,
         colour: str = COLOURS[0]) -> File:
    """The picture of a quarter ("picture", svg or png), or a table of the whole run ("municipalities" or "initiatives",
    csv or parquet). outline: the map that the picture draws, in colours that say `colour`; None: a list."""
    kinds = ("svg", "png") if what == "picture" else ("csv", "parquet")
    if kind not in kinds:
        raise Refused("there is no table {what!r} here.{near}", what=f"{what}.{kind}", near=nearest(kind, kinds))
    if what == "picture":
        used = [text("town.used_from", title=text.title(name, use.name), quarter=text.quarter(use.start))
                for name, uses in (("lever", run.policy.levers), ("shock", run.policy.shocks)) for use in uses]
        drawn = picture(film(run, people).shown, quarter, "; ".join([text.title("start", run.policy.start), *used]), text,
                        outline, colour)
        origin = {"version": __version__, "scenario": run.policy.scenario().to_toml(), "seed": run.seed,
                  "quarter": quarter, "municipalities": to_csv(towns) if (towns := run.towns()) else None}
        content = drawn.svg(origin).encode() if kind == "svg" else drawn.png(origin)
        return File(f"town-quarter-{quarter}.{kind}", TYPES[kind], content)
    if what not in ("municipalities", "initiatives"):
        raise Refused("there is no table {what!r} here.{near}", what=what,
                      near=nearest(what, ("municipalities", "initiatives")))
    run.check_work()
    result = simulate(run.policy.scenario(), runs=1, seed=run.seed, municipalities=run.towns(),
                      between=partial(between, run.token))
    frame = result.municipalities if what == "municipalities" else result.initiatives
    return File(f"town-{what}.{kind}", TYPES[kind], table(frame, kind))


# ---------------------------------------------------------------- the page

@dataclass(frozen=True, eq=False)
class Watched:
    """A film and the question that it answers."""

    shown: dict[str, Any]
    world: str
    stamp: str
    laid: Lying


@solara.component
def Page() -> None:
    """The player and its scene at the left, the story of who is clicked at the right.

    One function, because its hooks and the answers to its events share one view.
    """
    session = use_session()
    view, text = session.view.value, session.text
    world = view.get(WORLD, WORLDS[0])
    world = world if world in WORLDS else WORLDS[0]
    key = view.get(SHOWN)
    run = Run.of(view, world, Token())
    question = (run, world)

    def watch(token: Token) -> Generator[Watched, None, None]:
        asked = Run.of(view, world, token)
        shown = film(asked, world == "small").shown
        laid = lying("" if asked.few else asked.places, len(shown["names"]), token)
        yield Watched(shown, world, key_of(question), laid)
        if world == "small":  # the first explanation loads the rules; do so before somebody clicks
            reasons(asked, "citizen", 0)
            reasons(asked, "council", 0)

    def tell(token: Token) -> Generator[dict[str, Any], None, None]:
        yield story(Run.of(view, world, token), world == "small", key, text) if key else {}

    def make(asked: dict[str, Any]) -> File:
        at = min(max(0, int(asked["quarter"])), view.policy.quarters)
        return made(Run.of(view, world, Token()), world == "small", at, asked["name"], asked["kind"], text,
                    atlas.outline, atlas.colour)

    watched = use_latest(watch, [question])
    shown = watched.value
    names = tuple(shown.shown["names"]) if shown is not None and shown.world == "full" else ()
    atlas = use_atlas(names, shown.laid if shown is not None else Lying())
    making = use_making(make, text)
    told = use_latest(tell, [(*question, key, view.language)])

    def keep(**own: object) -> None:
        session.keep(own, aside=True)

    def act(change: dict[str, Any]) -> None:
        what, name = change["what"], change.get("name")
        if what == "undo":
            session.undo()
        elif what == "luck":
            session.change(seed=view.seed + 1)
        elif what == "start" and isinstance(name, str):
            session.attempt("start", lambda policy: policy.with_start(name))
        elif what == "add" and isinstance(name, str):
            session.attempt("lever", lambda policy: policy.with_use("lever", None, Use(name, 1, None, 1.0)))
        elif what == "remove":
            session.attempt("lever", lambda policy: policy.with_use(change["kind"], int(change["at"]), None))
        elif what == "explore":
            session.change(page="explore")

    def show(name: str) -> None:
        if name in WORLDS and name != world:
            keep(**{WORLD: name, SHOWN: None})

    solara.Style(Path(__file__).parent.parent / "assets" / "town.css")
    if shown is None:
        with Box([], "tw-head"):
            Say(text("town.title"), "h1")
        Waiting(watched.refused, text("town.computing"))
        return
    newest, texts = told.value or {}, text.all("town", "curve", "tab", "number")
    fits = newest.get("key", "") == key
    setting = {
        "start": view.policy.start, "starts": start_rows(text), "levers": lever_rows(text),
        "undo": bool(session.trail.value.past), "own": bool(view.places),
        "used": [{"kind": kind, "at": at, "title": text.title(kind, use.name), "from": use.start}
                 for kind, uses in (("lever", view.policy.levers), ("shock", view.policy.shocks))
                 for at, use in enumerate(uses)]}
    problems = {**session.refused.value, "film": watched.refused, "story": told.refused if key else "",
                "file": making.refused}
    _Town(film=shown.shown, stamp=shown.stamp, world=shown.world, chosen=key, story=newest if fits else {},
          quarter=within(view.get(QUARTER), 0, view.policy.quarters) or 0, waiting=bool(key) and not fits,
          setting=setting, refused=problems, texts=texts, file=making.file, making=making.says,
          atlas=atlas.sent, form=atlas.form, large=view.projector, colour=atlas.colour, most=maps.MOST_BYTES,
          terms=terms(" ".join(texts[one] for one in texts if one.startswith(_HEADED)), text),
          event_opened=atlas.opened, event_put_away=atlas.put_away, event_draw=atlas.draw,
          event_take=making.ask, event_saved=making.saved,
          event_choose=lambda name: keep(**{SHOWN: name or None}),
          event_reach=lambda at: keep(**{QUARTER: int(at)}), event_show=show, event_act=act)
