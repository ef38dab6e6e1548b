"""Data: start from a table of municipalities or a survey, checked by line; take figures, tables and report away."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import solara

from letsdance.dashboards import charts, compute, downloads, events, tables
from letsdance.dashboards.charts import Chart
from letsdance.dashboards.follow import Follow
from letsdance.dashboards.parts import Box, Figure, Heading, Say, Waiting, vue
from letsdance.dashboards.session import Session, use_session
from letsdance.dashboards.state import View, check_link, to_link
from letsdance.dashboards.tables import Checked, Choice, Sheet
from letsdance.params import Refused, within
from letsdance.scenarios.tables import Upload
from letsdance.simulation.municipalities import from_text
from letsdance.words import Text

_LOOK = Path(__file__).parent.parent / "assets" / "data.css"
#: Simulated citizens that a page runs 20 times within some ten seconds.
_MOST_CITIZENS = 200_000
#: Bytes of a table of municipalities that a link or a scenario file gives back.
MOST_KEPT = 2_000_000
#: Rows shown of what was read, and of what is wrong.
_FIRST, _LISTED = 5, 200
EXAMPLES = {
    "municipalities": "gemeente;inwoners;bereidheid burgers;bereidheid overheid;vertrouwen\n"
                      "Ashford;12400;0,62;0,35;0,48\nBirchdale;3150;0,71;0,28;0,52\nCedarham;48200;0,44;0,55;0,41\n"
                      "Elmstead;9870;0,58;;0,47\n",
    "survey": "respondent,municipality,willingness (1-5)\n" + "".join(
        f"{who},{town},{answer}\n" for who, town, answers in (
            ("citizen", "Ashford", "4534"), ("official", "Ashford", "232"), ("citizen", "Birchdale", "5445"),
            ("official", "Birchdale", "32"), ("citizen", "Cedarham", "3324"), ("official", "Cedarham", "443"))
        for answer in answers),
}


@vue("../assets/load.vue")
def _Load(name: str, refused: str, picks: dict, examples: dict, most: int, texts: dict,
          event_chosen: Callable[[events.Table], None], event_put_away: Callable[[events.Nothing], None]) -> None:
    """The file input, and examples for those who have none at hand. The browser's tab keeps the file until it is used."""


@vue("../assets/confirm.vue")
def _Confirm(choice: dict, options: dict, header: list, rows: list, meanings: list, asked: list, found: str,
             warned: str, bad: list, more: str, says: list, means: list, per: int, per_says: str, towns: str,
             by_town: bool, refused: str, ready: str, texts: dict, event_choose: Callable[[events.Chosen], None],
             event_begin: Callable[[events.Nothing], None]) -> None:
    """How the table is read, what is wrong with it, and what it will start."""


@vue("../assets/started.vue")
def _Started(says: str, own: bool, long: str, can_undo: bool, can_redo: bool, texts: dict,
             event_act: Callable[[str], None]) -> None:
    """What was started from, and where to go from there."""


@vue("../assets/take.vue")
def _Take(groups: list, file: dict, says: str, refused: str, busy: bool, texts: dict,
          event_wanted: Callable[[events.Taken], None], event_saved: Callable[[int], None]) -> None:
    """What can be taken away."""


# ---------------------------------------------------------------- a table on its way in

@dataclass(frozen=True, slots=True)
class Draft:
    """A file that was chosen and how it is to be read.

    per: inhabitants for each simulated citizen; 0: as many as keep answers quick. by_town: a survey's means a municipality.
    """

    upload: Upload
    choice: Choice
    per: int = 0
    by_town: bool = False

    @property
    def name(self) -> str:
        """What the file is called."""
        return self.upload.name

    @property
    def sheet(self) -> Sheet:
        """Its rows, as they are chosen to be read."""
        return tables.read(self.upload, self.choice.separator)

    def picks(self) -> dict[str, Any]:
        """What `chosen` may have chosen, by its names in the order in which it takes them."""
        choice = self.choice
        columns = {f"column.{k}": meaning for k, meaning in enumerate(choice.columns)}
        return {"separator": choice.separator, "kind": choice.kind, "decimal": choice.decimal, **columns,
                "scale": choice.scale, **({"per": self.per} if self.per else {}), "by_town": self.by_town}


def reopened(upload: Upload, picks: Mapping[str, Any]) -> Draft:
    """A file as it stood when its page was left."""
    draft = opened(upload)
    for one, value in picks.items():
        draft = chosen(draft, one, value)
    return draft


#: A survey's sides -> the columns of a table of municipalities that say the same.
_SIDES = {"C": "willingness", "G": "government_willingness", "T": "trust"}


def opened(upload: Upload) -> Draft:
    """A file as it is guessed; `Refused` for what is no table."""
    return Draft(upload, tables.guess(upload))


def chosen(draft: Draft, name: str, value: Any) -> Draft:
    """With one thing read otherwise: kind, separator, decimal, scale, column.<k>, per or by_town."""
    choice = draft.choice
    if name == "by_town":
        return replace(draft, by_town=bool(value))
    if name == "per":
        if not isinstance(value, int) or not 1 <= value <= 1_000_000:
            raise Refused("data.per_wrong")
        return replace(draft, per=value)
    if name == "separator" and value in tables.SEPARATORS and choice.separator:
        sheet = tables.read(draft.upload, value)
        choice = replace(choice, separator=value, columns=("",) * sheet.frame.shape[1])
        choice = tables.for_kind(sheet, choice, choice.kind) if choice.kind else choice
    elif name == "kind" and value in tables.KINDS:
        choice = tables.for_kind(draft.sheet, choice, value)
    elif name == "decimal" and value in tables.DECIMALS:
        choice = tables.with_scale(draft.sheet, replace(choice, decimal=value))
    elif name == "scale" and value in tables.SCALES:
        choice = replace(choice, scale=value)
    elif name.startswith("column.") and (not value or value in tables.MEANINGS.get(choice.kind, ())):
        columns = list(choice.columns)
        at = within(name.partition(".")[2], 0, len(columns) - 1)
        if at is None:
            return draft
        columns[at] = value
        before = choice
        choice = replace(choice, columns=tuple(columns))
        if not before.scale:
            choice = tables.with_scale(draft.sheet, choice)
    return replace(draft, choice=choice)


def inhabitants(draft: Draft, places: Any) -> int:
    """For how many inhabitants of these municipalities a simulated citizen stands."""
    return draft.per or tables.scaled_down(places.citizens)


def started(draft: Draft, view: View) -> tuple[View, str, dict[str, object]]:
    """The view that starts from a table, and what to say of it: a text's key and what it fills in.

    `Refused` with a text's key for what cannot start.
    """
    found: Any = tables.check(draft.sheet, draft.choice).read
    if draft.choice.kind == "municipalities":
        places = tables.with_coordinates(tables.places_csv(found, inhabitants(draft, found)), draft.sheet, draft.choice)
        places = _sized(places, tables.FEWEST)
        return replace(view, places=places), "data.started_municipalities", {"name": draft.name, "n": len(found)}
    survey = found
    policy = view.policy
    for side, value in survey.start().items():
        policy = policy.with_parameter(f"{side}0", round(value, 4))
    if draft.by_town:
        each = int(policy.value("citizens"))
        places = _sized(tables.places_csv(survey.towns(each)), each)
    else:  # what municipalities bring themselves would stand in the way of what was answered
        places = tables.without(view.places, [_SIDES[side] for side in survey.start()]) if view.places else ""
    return (replace(view, policy=policy, places=places), "data.started_survey",
            {"name": draft.name, "C": policy.value("C0"), "G": policy.value("G0")})


def _sized(places: str, fewest: int) -> str:
    """The table, unless it holds more citizens than a page can run, or more than its link and file could give back.

    fewest: citizens that each municipality has at least.
    """
    if fewest * towns_of(places) > _MOST_CITIZENS:
        raise Refused("data.too_many_towns")
    if citizens_of(places) > _MOST_CITIZENS:
        raise Refused("data.per_too_many")
    if len(places.encode()) > MOST_KEPT:
        raise Refused("data.too_long")
    return places


def citizens_of(places: str) -> int:
    """Simulated citizens of a view's municipalities."""
    return int(from_text(places).citizens.sum())


def towns_of(places: str) -> int:
    """How many municipalities a view's table has."""
    return len(from_text(places))


# ---------------------------------------------------------------- the page

@dataclass(frozen=True, eq=False)
class Shown:
    """What runs now: the charts, the view that asked for them, and how many of its runs are there by now."""

    charts: list[Chart]
    stamp: str
    view: View
    runs: int


@solara.component
def Page() -> None:
    """Own data and what runs now at the left; what can be taken away at the right; a case to follow below."""
    session = use_session()
    view, text = session.view.value, session.text
    question = (*view.question(), view.language)

    def job(token: compute.Token) -> Generator[Shown, None, None]:
        for pair in compute.pairs(view, token):
            drawn = [charts.plane_of(pair, text), charts.willingness(pair, text)]
            yield Shown(drawn, charts.key_of((question, pair.result.runs)), view, pair.result.runs)

    answer = compute.use_latest(job, [question])
    shown = answer.value
    current = shown is not None and shown.view.question() == view.question()
    solara.Style(_LOOK)
    with Box([], "ld-data"):
        with Box([], "ld-intro", "header"):
            Heading(text("data.title"), about=f"{text('data.lead')} {text('data.load_says')}")
            Say(text("data.lead"))
        with Box([], "ld-halves"):
            with Box([], "ld-column"):
                Own(session)
                Now(session, shown, current, answer.refused)
            with Box([], "ld-column"):
                Take(shown if current else None)
        Follow()


@dataclass(frozen=True)
class _Brought:
    """Where somebody is with a table of their own."""

    draft: Draft | None = None
    refused: str = ""
    says: str = ""  # what was done
    led_to: tuple[Any, ...] = ()  # the question that it led to: after an undo `says` would not be true


@solara.component
def Own(session: Session) -> None:
    """A table that somebody brings.

    One function, because its hooks and the answers to its events share one view.
    """
    view, text = session.view.value, session.text
    # One state: of two, the last table's refusal would for a moment stand beside the next table.
    now: solara.Reactive[_Brought] = solara.use_reactive(_Brought())
    texts = solara.use_memo(lambda: text.all("data", "tab") | {"follow.title": text("follow.title")}, [view.language])

    def load(file: dict[str, Any]) -> None:
        try:
            if file["size"] > tables.MOST_BYTES:
                raise Refused("data.too_large")
            now.value = _Brought(reopened(tables.upload_in(file), file.get("picks") or {}))
        except Refused as no:
            own = str(no).startswith("data.")  # else the reader's finding, after the page's own sentence
            said = text(str(no), name=file["name"]) if own else f"{text('data.no_text')} {text.refused(no)}"
            now.value = _Brought(refused=said)

    def choose(change: dict[str, Any]) -> None:
        brought = now.peek()
        if brought.draft is None:
            return
        try:
            now.value = replace(brought, draft=chosen(brought.draft, change["name"], change["value"]), refused="")
        except Refused as no:
            now.value = replace(brought, refused=_told(no, brought.draft, text))

    def begin(_: Any) -> None:
        brought = now.peek()
        if brought.draft is None:
            return
        try:
            new, key, fills = started(brought.draft, session.view.peek())
        except Refused as no:
            now.value = replace(brought, refused=_told(no, brought.draft, text))
            return
        out = _checked(brought.draft).out
        said = {name: text.number(value, 2 if isinstance(value, float) else 0) if isinstance(value, int | float) else value
                for name, value in fills.items()}
        says = " ".join([text(key, **said), *([text("data.started_out", n=out)] if out else [])])
        now.value = _Brought(says=says, led_to=new.question())
        session.restore(new)

    def act(what: str) -> None:
        if what == "explore":
            session.change(page="explore")
        elif what == "undo":
            session.undo()
        elif what == "redo":
            session.redo()
        else:
            session.change(places="")

    def put_away(_: Any) -> None:
        now.value = _Brought()

    with Box([], "ld-paper ld-own", "section", {"aria-label": text("data.load")}):
        Say(text("data.load"), "h2")
        Say(text("data.load_says"))
        draft, refused = now.value.draft, now.value.refused
        _Load(name=draft.name if draft else "", refused="" if draft else refused,
              picks=draft.picks() if draft else {}, examples=EXAMPLES, most=tables.MOST_BYTES, texts=texts,
              event_chosen=load, event_put_away=put_away)
        if draft is not None:
            _Confirm(**confirmed(draft, view, text), refused=refused, texts=texts, event_choose=choose, event_begin=begin)
        says = now.value.says if now.value.led_to == view.question() else ""  # after an undo it would not be true
        trail = session.trail.value
        if says or view.places or trail.future:
            long = text("data.long") if check_link(to_link(view), view.page)[1] else ""
            _Started(says=says, own=bool(view.places), long=long, can_undo=bool(trail.past), can_redo=bool(trail.future),
                     texts=texts, event_act=act)


def _told(refused: Refused, draft: Draft, text: Text) -> str:
    """A refusal on the way in, in the page's language."""
    key = str(refused)
    if key == "data.per_too_many":
        found = _checked(draft).read
        n = citizens_of(tables.places_csv(found, inhabitants(draft, found)))
        return text(key, n=text.number(n), most=text.number(_MOST_CITIZENS))
    if key == "data.too_many_towns":
        return text(key, most=text.number(_MOST_CITIZENS))
    return text(key) if key.startswith("data.") else text.refused(key)


def _checked(draft: Draft) -> Checked:
    return tables.check(draft.sheet, draft.choice)


def confirmed(draft: Draft, view: View, text: Text) -> dict[str, Any]:
    """What the page shows of a table on its way in: how it is read, its first rows, what is wrong, what it starts."""
    choice, sheet = draft.choice, draft.sheet
    asked = [text(key, what=text(f"data.column_{meaning}")) if meaning else text(key)
             for key, meaning in tables.open_questions(choice)]
    known: dict[str, Any] = {
        "choice": {"kind": choice.kind, "separator": choice.separator, "decimal": choice.decimal, "scale": choice.scale,
                   "columns": list(choice.columns)},
        "options": {name: [[one, text(f"data.{name}_{one}")] for one in options] for name, options in (
            ("kind", tables.KINDS), ("separator", tables.SEPARATORS if choice.separator else ()),
            ("decimal", tables.DECIMALS), ("scale", tables.SCALES))},
        "header": list(sheet.frame.columns),
        "rows": [[int(line), list(row)] for line, *row in sheet.frame.head(_FIRST).itertuples(name=None)],
        "meanings": [[meaning, text(f"data.column_{meaning}")] for meaning in tables.MEANINGS.get(choice.kind, ())],
        "asked": asked, "found": "", "warned": "", "bad": [], "more": "", "says": [], "means": [], "per": 0, "per_says": "",
        "towns": "", "by_town": draft.by_town, "ready": ""}
    if asked:
        return known
    try:
        found = tables.check(sheet, choice)
    except Refused as no:
        return known | {"asked": [text(str(no)) if str(no).startswith("data.") else text.refused(no)]}
    return known | _verdict(found, choice, text) | (_offer(draft, found.read, view, text) if found.good else {})


def _verdict(found: Checked, choice: Choice, text: Text) -> dict[str, Any]:
    """How many rows can be used, and what is wrong with the others."""
    good, out, bad = found.good, found.out, found.bad
    n = good + out
    key = "data.all_good" if not out else "data.some_bad" if good else "data.none_good"
    high = float((tables.SCALES[choice.scale or "told"] or "0-1").split("-")[1])
    beyond = len({p.line for p in bad if f"to {high:g}" in p.says and tables.number(p.value, choice.decimal) > high})
    warned = text("data.other_scale", n=text.number(beyond), high=text.number(high)) if beyond else ""
    return {"found": text(key, good=text.number(good), n=text.number(n), bad=text.number(out)), "warned": warned,
            "bad": [[p.line, p.column, p.value, text.refused(p.says)] for p in bad[:_LISTED]],
            "more": text("data.bad_more", n=text.number(len(bad) - _LISTED)) if len(bad) > _LISTED else "",
            "ready": "" if not good else text("data.start_without", n=text.number(out)) if out else text("data.start")}


def _offer(draft: Draft, found: Any, view: View, text: Text) -> dict[str, Any]:
    """What would start from the good rows, and how they were read."""
    read = [text.refused(one) for one in (found.said if draft.choice.kind == "municipalities" else found.said[:-1])]
    if draft.choice.kind == "municipalities":
        per = inhabitants(draft, found)
        citizens = citizens_of(tables.places_csv(found, per))
        return {"says": [*read, text("data.towns_says", n=text.number(len(found)),
                                     citizens=text.number(found.citizens.sum()))],
                "per": per, "per_says": text("data.per_says", n=text.number(citizens))}
    found = tables.means(found)
    sides = {mean.role for mean in found}
    missed = [role for role in ("citizen", "official") if role not in sides]
    says = [*read, *(text("data.one_side", who=text(f"data.{role}")) for role in missed)]
    towns = len({mean.municipality for mean in found} - {""})
    citizens = int(view.policy.value("citizens"))
    return {"says": [*says, text("data.survey_says")],
            "means": [[text(f"data.{mean.role}"), mean.municipality or text("data.everywhere"), text.number(mean.value.n),
                       text.number(mean.value.mean, 2), text.band(mean.value.low, mean.value.high, 2)] for mean in found],
            "towns": text("data.by_town_says", n=towns, citizens=text.number(citizens)) if towns else ""}


@solara.component
def Now(session: Session, shown: Shown | None, current: bool, refused: str) -> None:
    """What runs now; until its numbers are there, those from before, and a line that says so."""
    view, text = session.view.value, session.text
    with Box([], "ld-paper", "section"):
        Say(text("data.now"), "h2")
        start = text.title("start", view.policy.start)
        own = bool(view.places)
        n = towns_of(view.places) if own else int(view.policy.value("municipalities"))
        citizens = citizens_of(view.places) if own else int(view.policy.value("citizens"))
        Say(text("data.now_own" if own else "data.now_usual", start=start, n=text.number(n), citizens=text.number(citizens),
                 runs=view.runs, seed=view.seed, quarters=view.policy.quarters, years=text.years(view.policy.quarters)))
        if refused or not current:
            Waiting(refused)
        if shown is not None and not refused:
            with Box([], "ld-pair"):
                for chart in shown.charts:
                    Figure(chart, shown.stamp).key(chart.name)


@solara.component
def Take(shown: Shown | None) -> None:
    """Everything that can be downloaded, made when it is asked for."""
    session = use_session()
    view, text = session.view.value, session.text

    def make(asked: dict[str, Any]) -> downloads.File:
        if shown is None:
            raise compute.Stopped
        *_, pair = compute.pairs(replace(shown.view, runs=shown.runs), compute.Token())  # kept, else made again
        results = downloads.named(pair, shown.view)
        return downloads.file(asked["what"], asked["name"], asked["kind"], results, session.view.peek())

    making = downloads.use_making(make, text)

    def want(item: dict[str, Any]) -> None:
        if (item.get("what"), item["name"]) in {(what, name) for what, name, kinds in downloads.listed(session.view.peek())
                                            if item["kind"] in kinds}:
            making.ask(item)

    groups = solara.use_memo(lambda: take_rows(view, text), [view.language, bool(view.places)])
    _Take(groups=groups, busy=making.busy or shown is None, says=making.says, refused=making.refused, file=making.file,
          texts=text.all("data"), event_wanted=want, event_saved=making.saved)


def take_rows(view: View, text: Text) -> list[dict[str, Any]]:
    """What can be taken, in groups: title and rows of (what, name, title, formats)."""
    whole, figures, frames = [], [], []
    for what, name, kinds in downloads.listed(view):
        row = {"what": what, "name": name, "kinds": list(kinds)}
        if what == "figure":
            figures.append({**row, "title": text(f"data.figure_{name}")})
        elif what == "table":
            frames.append({**row, "title": text(f"data.table_{name}")})
        else:
            whole.append({**row, "title": text(f"data.take_{what}")})
    return [{"title": "", "rows": whole}, {"title": text("data.tables"), "rows": frames},
            {"title": text("data.figures"), "rows": figures}]
