"""Follow a case: what was seen each half-year says where it stands, how sure that is, and whether the plan on screen still
holds. The figures, sentences and tables are those of the report (report/following.py)."""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import solara

from letsdance.dashboards import compute, downloads, events, tables
from letsdance.dashboards.backcast import GOALS
from letsdance.dashboards.limits import check_size, size_of
from letsdance.dashboards.parts import vue
from letsdance.dashboards.sentences import uses_said
from letsdance.dashboards.session import Session, use_session
from letsdance.dashboards.state import View
from letsdance.experiments import folder
from letsdance.experiments.follow import Followed, follow, steps
from letsdance.experiments.seen import Seen, as_csv, read_seen
from letsdance.experiments.worlds import Worlds
from letsdance.params import Refused, within
from letsdance.report import following as report
from letsdance.report import study
from letsdance.report.sheet import NARROW, Figure
from letsdance.report.style import COLOURS, GRID, INK, OWN, PAPER, SOFT, tint
from letsdance.scenarios.policy import Policy
from letsdance.scenarios.tables import pasted
from letsdance.words import Text

#: Particles that are tried one after another, the coarse answer first, as far as a page computes.
STEPS = (200, 1000)
#: Particles that the command is pointed out for.
_MORE = 5000
#: How far parameters may lie, by what links call it.
WITHIN = {"30": "30%", "ranges": "ranges"}
#: Chances in per cent that may be wanted; and what is wanted unless said: five of ten in Let's dance, with 80 %.
CHANCES = (50, 60, 70, 80, 90, 95)
_GOAL, _OF_TEN, _CHANCE = "lets_dance", 5, 80
#: Runs of a particle to the horizon: with the plan and without it, before and now. And, for each quarter seen, up to there:
#: weights come in by a few degrees, with a proposal at each.
_ENDS, _DEGREES = 4, 4
#: Characters of what was seen that a link carries, and seconds between two signs of life.
_LONGEST, _PAUSE = 12_000, 0.3
#: Width in pixels of the report's figures here, beside that of a phone.
_WIDE = 680
#: The report's figures that are shown at once; the others are in the report that can be taken.
_DRAWN = ("plane", "chances")
#: What a case may have seen by its sixth quarter.
EXAMPLE = """quarter,signal,value,n,error
2,support,0.62,400,
2,trust,0.30,400,
4,officials,0.22,,0.04
4,services,0.1,,
6,support,0.65,400,
6,adopters,0.05,,
"""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: from where and with which plan (its levers), on which luck, what was seen (CSV), what is wanted with
    what chance in per cent, how far worlds reach."""

    policy: Policy
    seed: int
    places: str
    seen: str
    what: str
    of_ten: int
    chance: int
    within: str

    @staticmethod
    def of(view: View) -> Question:
        """What a view asks, by its link; what the link says wrongly is as usual."""
        what, near = view.get("goal.what"), view.get("follow.within")
        return Question(replace(view.policy, title=""), view.seed, view.places, view.get("follow.seen"),
                        what if what in GOALS else _GOAL, within(view.get("goal.share"), 1, 10) or _OF_TEN,
                        within(view.get("goal.chance"), 1, 99) or _CHANCE, near if near in WITHIN else "30")

    def rows(self) -> tuple[Seen, ...]:
        """What was seen; `Refused` for what is none, or for more than a page takes."""
        if len(self.seen) > _LONGEST:
            raise Refused("these are more rows than a page follows; give those that matter, or use `letsdance follow`, "
                          "which has no such limit.")
        return read_seen(pasted(self.seen))

    def particles(self, seen: tuple[Seen, ...]) -> tuple[int, ...]:
        """How many particles are tried one after another: those of STEPS that a page computes. `Refused` where none is."""
        scenario = self.policy.scenario()
        size = (*size_of(scenario, compute.municipalities(self.places)), scenario.quarters)
        runs = _ENDS + _DEGREES * sum({one.quarter for one in seen}) / scenario.quarters
        fit = [STEPS[0]]
        check_size(*size, round(STEPS[0] * runs))
        with suppress(Refused):
            for particles in STEPS[1:]:
                check_size(*size, round(particles * runs))
                fit.append(particles)
        return tuple(fit)

    def asked(self, particles: int) -> dict[str, Any]:
        """What `follow` is asked with so many particles, beside what was seen."""
        levers = self.policy.levers
        return {"scenario": replace(self.policy, levers=()).scenario(),
                "plan": Policy(title="plan", levers=levers) if levers else None,
                "worlds": Worlds(particles, within=WITHIN[self.within]), "target": f"{self.what} >= {self.of_ten / 10:g}",
                "needed": self.chance / 100, "seed": self.seed, "municipalities": compute.municipalities(self.places)}


@dataclass(frozen=True, slots=True)
class Doing:
    """How far an answer is: particles, steps done of all, and the runs in all and since the last step."""

    particles: int
    steps: int
    done: int = 0
    runs: int = 0
    here: int = 0

    @property
    def share(self) -> float:
        """Of the bar; within a step by its runs, of which nobody knows how many there will be."""
        return (self.done + min(0.9, self.here / (3 * self.particles))) / self.steps


def known(question: Question, seen: tuple[Seen, ...], particles: int, token: compute.Token,
          tell: Callable[[Doing], None] = lambda doing: None) -> Followed:
    """What `follow` finds with so many particles, kept for all who ask the same. tell: hears how far it is.

    Raises `Refused`, `Stopped`.
    """
    def made() -> Followed:
        doing, spoke = Doing(particles, steps(seen)), time.monotonic()
        tell(doing)

        def between(count: int) -> None:
            nonlocal doing, spoke
            compute.between(token)
            doing = replace(doing, runs=doing.runs + count, here=doing.here + count)
            if time.monotonic() > spoke + _PAUSE:
                spoke = time.monotonic()
                tell(doing)

        def progress(count: int) -> None:
            nonlocal doing
            doing = replace(doing, done=doing.done + count, here=0)

        return follow(seen, threads=1, progress=progress, between=between, **question.asked(particles))

    return compute.drawn(("follow", question, particles), made, token)


# ---------------------------------------------------------------- as the report says it

@dataclass(frozen=True, slots=True)
class Shown:
    """An answer as the page shows it: the report's sections, with figures in the page's colours.

    left: particles that are still to come, 0 for none. warned: the sentence on what was not foreseen, '' for none.
    """

    question: Question
    particles: int
    left: int
    headline: str
    warned: str
    done: tuple[str, ...]
    sections: tuple[dict[str, Any], ...]


def told(found: Followed, title: str, text: Text) -> Followed:
    """A case whose plan is called as on screen: by its title, or by what it does."""
    levers = found.plan.levers
    name = title or text.listed(list(dict.fromkeys(text.title("lever", use.name) for use in levers)))
    return replace(found, plan=replace(found.plan, title=name)) if levers else found


def shown(found: Followed, question: Question, left: int, text: Text) -> Shown:
    """The report's answer, for the page: where it stands and whether the plan holds as figures, all else as tables."""
    page = report.study(found, text=text)
    sections = [{"heading": part.heading, "sentences": list(part.sentences),
                 "figures": [{"name": name, "title": make(NARROW).title, "wide": in_colours(make(_WIDE)),
                              "narrow": in_colours(make(NARROW))} for name, make in part.figures.items() if name in _DRAWN],
                 "tables": [{"note": table.note, "columns": list(table.columns), "rows": [list(row) for row in table.rows]}
                            for table in part.tables]} for part in page.sections]
    limits = {"heading": text("report.cannot_tell"), "sentences": [*page.limits, page.caveat], "figures": [], "tables": []}
    return Shown(question, found.case.worlds.worlds, left, page.headline, found.unexpected(text),
                 (*page.done, text("follow.more", n=text.number(_MORE),
                                   command=shlex.join(command(found, question, _MORE)))),
                 (*sections, limits))


#: Colours of the report -> what the page calls them, in the light and in the dark.
_PAGE = {INK: "ink", SOFT: "soft", GRID: "line", PAPER: "card", OWN[0]: "trust",
         **{colour: name for name, colour in COLOURS.items()}}


@cache
def _css(colour: str) -> str:
    """A colour of the report as CSS in the page's colours; one on white paper as that much of it on the page's card."""
    if colour in _PAGE:
        return f"var(--{_PAGE[colour]})"

    def away(one: str) -> int:
        return sum(abs(int(one[k:k + 2], 16) - int(colour[k:k + 2], 16)) for k in (1, 3, 5))

    mixed = ((base, part) for base in _PAGE for part in range(101))
    base, part = min(mixed, key=lambda one: away(tint(one[0], one[1] / 100)))
    return f"color-mix(in srgb, var(--{_PAGE[base]}) {part}%, var(--card))"


def in_colours(figure: Figure) -> str:
    """A figure of the report as a piece of the page, which takes its colours."""
    return re.sub(r"#[0-9a-f]{6}(?=[;\"])", lambda found: _css(found[0]), figure.svg(inline=True))


# ---------------------------------------------------------------- what is taken away

def _planned(found: Followed) -> str | None:
    """The plan as it is typed; None for none."""
    levers = found.plan.levers
    return f"{found.plan.title.replace(':', ' ')}: {', '.join(map(str, levers))}" if levers else None


def command(found: Followed, question: Question, worlds: int) -> list[str]:
    """The words that ask the same with so many worlds, where the files of `handed_over` are."""
    plan = _planned(found)
    return ["letsdance", "follow", "scenario.toml", "seen.csv", *(["--plan", plan] if plan else []), "--target",
            str(found.target), "--chance", f"{found.needed:g}", "--worlds", str(worlds), "--within",
            WITHIN[question.within], "--seed", str(found.seed),
            *(["--municipalities", "municipalities.csv"] if question.places else [])]


def handed_over(found: Followed, question: Question, kind: str, text: Text) -> downloads.File:
    """The report ("html"), or all that `letsdance follow` writes, with the files that it takes ("zip")."""
    asked = question.asked(found.case.worlds.worlds)
    given = {"seen.csv": question.seen, "scenario.toml": asked["scenario"].to_toml(),
             **({"municipalities.csv": question.places} if question.places else {})}
    words = command(found, question, found.case.worlds.worlds)

    def hand_over(part: Path, manifest: dict[str, Any]) -> None:
        for name, content in given.items():
            (part / name).write_text(content, encoding="utf-8")
        study.write(part, report.study(found, text=text), manifest)

    with TemporaryDirectory() as place:
        out = Path(place) / "letsdance-follow"
        again = found.again(asked["scenario"], _planned(found), 1, question.places or None, text)
        folder.keep(out, "follow", shlex.join(words), again, found.tables, hand_over)
        if kind == "html":
            return downloads.File("report.html", downloads.TYPES["html"], (out / "report.html").read_bytes())
        return downloads.packed(out.name, {path.relative_to(out).as_posix(): path.read_bytes()
                                           for path in sorted(out.rglob("*")) if path.is_file()})


# ---------------------------------------------------------------- on the page

@vue("assets/follow.vue")
def _Follow(rows: str, example: str, goals: list, shares: list, chances: list, nears: list, now: dict, plan: str,
            asked: bool, share: float, doing: str, refused: str, headline: str, says: str, warned: str, done: list,
            sections: list, taking: str, file: dict, busy: bool, texts: dict, event_ask: Callable[[events.Case], None],
            event_opened: Callable[[events.Table], None], event_wanted: Callable[[events.Taken], None],
            event_saved: Callable[[int], None]) -> None:
    """What was seen and what is asked of it, how far it is, and the answer."""


@dataclass(frozen=True, slots=True)
class _State:
    """What the page knows now: the answer to its question, what was refused, whether more comes, how far that is."""

    found: Shown | None
    refused: str
    running: bool
    doing: Doing | None


def _use_answer(question: Question, view: View, text: Text) -> _State:
    """The newest answer, while the link asks for one; a hook."""
    wanted, title = view.get("follow.asked") == "1", view.policy.title
    doing, tell = compute.use_told(Doing)

    def job(token: compute.Token) -> Generator[Shown, None, None]:
        if wanted:
            seen = question.rows()
            particles = question.particles(seen)
            for n, left in zip(particles, (*particles[1:], 0), strict=True):
                yield shown(told(known(question, seen, n, token, tell), title, text), question, left, text)

    answer = compute.use_latest(job, [question, wanted, title, view.language], compute.LONG)
    found = answer.value if answer.value is not None and answer.value.question == question else None
    refused = answer.refused if wanted else ""
    return _State(found, refused, wanted and not refused and (found is None or bool(found.left)), doing)


def _ask(session: Session, question: Question, said: events.Case) -> None:
    """Keep what is asked in the link, or say why it cannot be."""
    kept: dict[str, object] = {
        "goal.what": said["what"] if said["what"] in GOALS else None, "goal.share": within(str(said["share"]), 1, 10),
        "goal.chance": within(str(said["chance"]), 1, 99), "follow.asked": 1 if said["asked"] else None,
        "follow.within": said["within"] if said["within"] in WITHIN else None}
    try:
        if said["asked"]:
            kept["follow.seen"] = as_csv(replace(question, seen=said["rows"]).rows())
    except Refused as no:
        session.refuse("follow", no)
        return
    session.keep(kept)


def _open(session: Session, question: Question, file: dict[str, Any]) -> None:
    """Keep the rows of a file in the link, or say why they cannot be."""
    try:
        if file["size"] > tables.MOST_BYTES:
            raise Refused(session.text("data.too_large", name=file["name"]))
        seen = as_csv(read_seen(tables.upload_in(file)))
        replace(question, seen=seen).rows()
    except Refused as no:
        session.refuse("follow", no)
        return
    session.keep({"follow.seen": seen, "follow.asked": None})


def _choices(question: Question, text: Text) -> dict[str, Any]:
    """What can be chosen, and what is."""
    return {"goals": [[what, text(f"backcast.goal_{what}")] for what in GOALS],
            "shares": [[n, text.of_ten(n / 10)] for n in range(1, 11)],
            "chances": [[n, text.percent(n / 100)] for n in sorted({*CHANCES, question.chance})],
            "nears": [[near, text(f"compare.worlds_{near}")] for near in WITHIN],
            "now": {"what": question.what, "share": question.of_ten, "chance": question.chance, "within": question.within}}


def _answered(state: _State, text: Text) -> dict[str, Any]:
    """How far it is, and what was found."""
    found, doing = state.found, state.doing if state.running else None
    return {"asked": state.running, "share": doing.share if doing else 0.0,
            "doing": text("follow.doing", runs=text.number(doing.runs), n=text.number(doing.particles)) if doing else "",
            "says": text("follow.so_far", n=text.number(found.particles), more=text.number(found.left))
            if found and state.running else "",
            "headline": found.headline if found else "", "warned": found.warned if found else "",
            "done": list(found.done) if found else [], "sections": list(found.sections) if found else []}


@solara.component
def Follow() -> None:
    """Where the case stands by what was seen, while the link asks for it."""
    session = use_session()
    view, text = session.view.value, session.text
    question = Question.of(view)
    state = _use_answer(question, view, text)

    def make(item: dict[str, Any]) -> downloads.File:
        case = known(question, question.rows(), item["quarter"], compute.Token())  # kept, else made again
        return handed_over(told(case, view.policy.title, text), question, item["kind"], text)

    making = downloads.use_making(make, text)

    def want(item: dict[str, Any]) -> None:
        if state.found is not None and item["kind"] in ("html", "zip"):
            making.ask({"name": "report" if item["kind"] == "html" else "letsdance-follow", "kind": item["kind"],
                        "quarter": state.found.particles})

    plan, start = uses_said(view.policy.levers, text), text.title("start", view.policy.start)
    texts = text.all("follow") | {key: text(key) for key in (
        "data.choose", "backcast.stop", "backcast.share", "backcast.goal", "data.take_report", "data.take_zip")}
    _Follow(rows=question.seen, example=EXAMPLE, **_choices(question, text), **_answered(state, text),
            plan=text("follow.from" if plan else "follow.from_plain", start=start, plan=plan),
            refused=state.refused or making.refused or session.refused.value.get("follow", ""), taking=making.says,
            file=making.file, busy=making.busy, texts=texts, event_ask=lambda said: _ask(session, question, said),
            event_opened=lambda file: _open(session, question, file), event_wanted=want, event_saved=making.saved)


__all__ = ["CHANCES", "EXAMPLE", "STEPS", "WITHIN", "Doing", "Follow", "Question", "Shown", "handed_over", "in_colours",
           "known", "shown", "told"]
