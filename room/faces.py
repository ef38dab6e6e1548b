"""What the three faces show: the room as HTML, for the projector, the host and each phone.

Text is escaped by Jinja, always; pictures are draw.py's. A face is a fragment that the page's script swaps in whole, and
a page is that fragment in its frame, so a phone without script sees the same.
"""

from __future__ import annotations

import hashlib
import statistics
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from letsdance.params import Refused
from letsdance.report.style import COLOURS
from letsdance.room import draw, runs
from letsdance.room.facts import GUARDS, roles
from letsdance.room.runs import Answers, Tabled
from letsdance.room.state import COVERED, HIDDEN, LENGTHS, REASONS, Room, start_quarters
from letsdance.scenarios import STARTS, Use
from letsdance.words import Text

#: Up to so many tables the screen has room for each condition of the wind tunnel.
_FEW = 2
#: Municipalities that are named in a sentence.
_NAMED = 12

__all__ = ["headline", "host", "page", "phone", "phone_stamp", "plain", "projector"]


@cache
def _pages() -> Environment:
    made = Environment(loader=PackageLoader("letsdance.room", "templates"), autoescape=True, undefined=StrictUndefined,
                       trim_blocks=True, lstrip_blocks=True)
    made.globals.update(draw=draw, LENGTHS=LENGTHS, REASONS=REASONS, GUARDS=GUARDS, STARTS=STARTS, COLOURS=COLOURS)
    return made


@cache
def _asset(name: str) -> Markup:
    from importlib.resources import files

    return Markup(files("letsdance.room").joinpath(f"assets/{name}").read_text(encoding="utf-8"))


def page(face: str, inside: Markup, room: Room | None, nonce: str, base: str, stamp: str, title: str,
         language: str = "en") -> str:
    """A whole page: the fragment in its frame, with the script and the look that this answer's policy names."""
    text = Text(room.language if room else language)
    css = _asset("room.css") + (_asset("projector.css") if face == "projector" else "")  # which no phone has to carry
    return _pages().get_template("page.html.j2").render(
        face=face, inside=inside, nonce=nonce, base=base, stamp=stamp, title=title, t=text, css=css,
        js=_asset("room.js"), script=bool(base))


def plain(title: str, says: str, nonce: str, language: str = "en", form: bool = False) -> str:
    """A page with a sentence; form: and a field for a code."""
    text = Text(language)
    inside = _pages().get_template("plain.html.j2").render(title=title, says=says, t=text, form=form)
    return page("plain", Markup(inside), None, nonce, "", "", title, language)


def _render(name: str, **values: Any) -> Markup:
    return Markup(_pages().get_template(name).render(**values))


# ---------------------------------------------------------------- words about results

def played(uses: tuple[Use, ...], text: Text) -> str:
    """What a table does, in words: the levers by name, each once."""
    named = dict.fromkeys(text.title("lever", use.name) for use in uses)
    return text.listed([*named]) if named else text("room.nothing_played")


def years(text: Text, quarter: int) -> str:
    """'year 5 (quarter 20)'."""
    return text("room.year", year=text.short(quarter / 4), quarter=quarter)


def ten(text: Text, value: float) -> str:
    """Of ten, rounded as people say it: '6'."""
    return text.number(round(value))


def headline(row: Tabled, room: Room, text: Text) -> str:
    """A table's result in one sentence: what was done, what it cost of what, what came of it, and how surely."""
    said = {"n": row.number, "what": played(row.uses, text), "spent": text.short(row.spent),
            "budget": text.number(room.budget()), "when": years(text, row.quarter), "ten": ten(text, row.ten.mean()),
            "band": band(row, text), **_differs(row, text)}
    return text(f"room.result_{_direction(row)}", **said)


def difference(row: Tabled, text: Text) -> str:
    """What a package came to against nothing done, in a few words: '1.0 more (0.8-1.3), in 19 of 20 runs'."""
    return text(f"room.difference_{_direction(row)}", **_differs(row, text))


def in_cells(row: Tabled, room: Room, text: Text) -> list[str]:
    """A table's result without its levers, where six stand one under the other: of ten, more than nothing done, in how many
    runs, points of the budget, in how many runs the target is reached. A table that played nothing is no more than that."""
    more, said = row.more, [f"{ten(text, row.ten.mean())} ({band(row, text)})"]
    if row.uses:
        said.append(f"{'+' if more.mean > 0 else ''}{text.number(more.mean, 1)} ({text.band(more.low, more.high, 1)})")
        said.append(f"{row.better if more.mean >= 0 else row.runs - row.better}/{row.runs}")
    else:
        said += ["–", "–"]
    said.append(spent(room, row.number, text, "room.of"))
    return said if room.target() is None else [*said, f"{row.reached}/{row.runs}"]


def band(row: Tabled, text: Text) -> str:
    """Where 8 in 10 of a table's runs end, of ten municipalities."""
    return text.band(*_ends(row.ten))


def _ends(values: Any) -> tuple[int, int]:
    """Between which whole numbers 8 in 10 of runs lie."""
    import numpy as np

    return round(float(np.quantile(values, 0.1))), round(float(np.quantile(values, 0.9)))


def _direction(row: Tabled) -> str:
    return "same" if row.more.low <= 0 <= row.more.high or not row.uses else "more" if row.more.mean > 0 else "less"


def _differs(row: Tabled, text: Text) -> dict[str, str]:
    ends = sorted((abs(row.more.low), abs(row.more.high)))
    return {"more": text.number(abs(row.more.mean), 1), "low": text.number(ends[0], 1), "high": text.number(ends[1], 1),
            "runs": text.in_runs(row.better if row.more.mean >= 0 else row.runs - row.better, row.runs)}


def suffering(row: Tabled, text: Text) -> list[dict[str, Any]]:
    """What must not suffer, and whether it does: clearly, or not to be told."""
    out = []
    for name, d in row.suffers.items():
        state = "suffers" if d.high < 0 else "gains" if d.low > 0 else "holds"
        out.append({"what": text(f"room.guard.{name}"), "state": state, "says": text(f"room.guard_{state}")})
    return out


def reached(row: Tabled, room: Room, text: Text) -> str:
    """In how many runs the target is reached; "" without a target."""
    target = room.target()
    return "" if target is None else text("room.reached", target=target, runs=text.in_runs(row.reached, row.runs))


def _cards(room: Room, number: int, text: Text) -> list[dict[str, Any]]:
    """The cards that a table has played, as it sees them."""
    now, out = room.agenda.round(room.control.at), []
    for card in room.cards.get(number, []):
        use = card.use(now)
        whole = card.start + card.duration
        out.append({"lever": card.lever, "title": text.title("lever", card.lever), "start": card.start,
                    "from": text.short((card.start - 1) / 4), "to": text.short(((use.start + (use.duration or 0))
                                                                               if use else whole) / 4 - 0.25),
                    "points": text.short(room.price((use,)) if use else 0.0),
                    "new": card.round == now, "stopped": bool(card.stopped), "runs": use is not None,
                    "over": whole <= room.quarter + 1, "mine": card.stopped is None or card.stopped[0] == now})
    return out


def _deck(room: Room, text: Text) -> list[dict[str, Any]]:
    """The cards that can be played, with what each length costs."""
    starts, horizon = start_quarters(room.quarter, room.step.quarters), room.agenda.horizon

    def costs(name: str, quarters: int) -> float:
        return room.price((Use(name, starts[0], min(quarters, horizon + 1 - starts[0])),))

    return [{"lever": name, "title": text.title("lever", name), "says": text.says("lever", name),
             "starts": [(start, text("room.at_once") if start == 1 else text(
                 "room.year_n", year=text.short((start - 1) / 4))) for start in starts],
             "lengths": [(n, text("room.length_1" if n == 4 else "room.length", years=text.short(n / 4),
                              points=text.short(costs(name, n))))
                         for n in LENGTHS],
             "price": text.short(costs(name, 4) / 4)} for name in room.agenda.levers]


def _money(room: Room, number: int, text: Text) -> dict[str, Any]:
    paid, budget = room.price(room.uses(number)), room.budget()
    return {"spent": paid, "budget": budget, "says": spent(room, number, text)}


def spent(room: Room, number: int, text: Text, form: str = "room.spent") -> str:
    """What a table's package costs of its budget: '168 of 250 points, 82 left'; form: a text that says it otherwise."""
    paid, budget = room.price(room.uses(number)), room.budget()
    return text(form, spent=text.short(paid), budget=text.number(budget), left=text.short(budget - paid))


def _results(room: Room, answers: Answers) -> list[Tabled] | Refused | None:
    """What came of every table's package at the quarter that the step shows; None while it is computed."""
    found: list[Tabled] = []
    for number in room.tables:
        one = runs.tabled(room, answers, number, room.agenda.shown(room.control.at))
        if one is None or isinstance(one, Refused):
            return one
        found.append(one)
    return found


def table_guesses(room: Room) -> dict[int, int]:
    """What each table expected of its package in the last round."""
    return {int(who.removeprefix("table")): one["guess"] for who, one in room.said("decide").items()}


# ---------------------------------------------------------------- the phone

def phone_stamp(room: Room, answers: Answers, who: str) -> str:
    """What a phone's face depends on, in short: it is drawn anew only when this differs."""
    person, control = room.people.get(who), room.control
    number = person.table if person else room.table_of(who)
    told = (control.at, control.locked, control.shown, control.deadline, control.left, control.drawn, control.chosen,
            control.ended, room.role(who), person, room.answers.get(room.name, {}).get(who),
            room.cards.get(number), number in room.done.get(room.name, ()), len(room.members(number)),
            room.answers.get(room.name, {}).get(f"table{number}"),
            answers.version if room.step.kind in ("reveal", "results", "act", "tunnel", "agree") else 0)
    return hashlib.sha1(repr(told).encode(), usedforsecurity=False).hexdigest()[:12]


def phone(room: Room, answers: Answers, who: str, now: float, fresh: str, post: str, host: bool = False) -> Markup:
    """A phone's face. fresh: the id of the next input, for a phone without script. host: the host plays for a table."""
    text = Text(room.language)
    person = room.people.get(who)
    at = room.control.at
    number = person.table if person else room.table_of(who)
    values: dict[str, Any] = {
        "t": text, "room": room, "me": person, "number": number, "kind": room.step.kind, "step": room.name, "host": host,
        "fresh": fresh, "post": post, "mine": room.here().get(who), "says": room.agenda.said(at, "says", text), "now": now,
        "title": room.agenda.said(at, "title", text), "locked": room.control.locked and not host,
        "role": room.role(who), "sizes": [(n, len(room.members(n))) for n in range(1, room.agenda.tables + 1)],
        "ended": room.control.ended}
    values |= _phone_of(room, answers, who, number, text)
    drawn = _render("phone.html.j2", **values)
    meant = text.terms(drawn.striptags()) if person or host else []
    return drawn + _render("terms.html.j2", t=text, terms=meant) if meant else drawn


def _phone_of(room: Room, answers: Answers, who: str, number: int, text: Text) -> dict[str, Any]:
    """What a phone needs in this kind of step."""
    kind, values = room.step.kind, dict[str, Any]()
    if kind == "track":
        mine = room.here().get(who, {})
        values["trends"] = [(name, text.title("shock", name), text.says("shock", name), mine.get(name, {}))
                            for name in room.step.trends]
    elif kind == "predict":
        values["question"] = text("room.question", years=text.short(room.agenda.horizon / 4))
    elif kind == "choose":
        values["choices"] = list(enumerate(room.step.choices, 1))
    elif kind == "chosen":
        values["told"] = _own_choice(room, who, text)
    elif kind == "reveal":
        values["told"] = _own_error(room, answers, who, text) if room.control.shown else ""
    elif kind == "decide":
        values |= {"purse": _money(room, number, text), "cards": _cards(room, number, text), "deck": _deck(room, text),
                   "held": room.holds(number) and room.agenda.round(room.control.at) > 1 and who in room.people,
                   "is_done": number in room.done.get(room.name, ()),
                   "guess": room.here().get(f"table{number}", {}).get("guess"),
                   "until": years(text, room.agenda.quarter(room.control.at + 1))}
    elif kind == "results":
        values |= _own_result(room, answers, who, number, text) if room.control.shown else {"row": None, "waits": False}
    elif kind == "shock":
        drawn = next((name for step, name, _ in room.control.drawn if step == room.name), "")
        values["shock"] = (text.title("shock", drawn), text.says("shock", drawn)) if drawn else None
    elif kind == "act":
        values["signs"] = [text.title("indicator", name) for name, _ in runs.watch(room, answers)]
    elif kind == "agree":
        values["package"] = _chosen(room, text)
    return values


def _chosen(room: Room, text: Text) -> str:
    """The room's package in words."""
    n = room.control.chosen
    return text("room.package_of", n=n, what=played(room.uses(n), text)) if n else text("room.no_package")


def _own_choice(room: Room, who: str, text: Text) -> str:
    """Whether what somebody thought is borne out; what is, where nothing was said."""
    asked, mine = room.asked(), room.said("choose").get(who)
    if asked is None or asked.answer is None:
        return ""
    answer = asked.choices[asked.answer - 1]
    if mine is None:
        return text("lesson.borne_out", answer=answer)
    right = mine["choice"] == asked.answer
    return text("lesson.right") if right else text("lesson.wrong", choice=asked.choices[mine["choice"] - 1], answer=answer)


def _own_error(room: Room, answers: Answers, who: str, text: Text) -> str:
    """How far somebody's guess was from the runs, in a sentence."""
    found = runs.baseline(room, answers)
    mine = room.said("predict").get(who)
    if found is None or isinstance(found, Refused):
        return ""
    values = 10.0 * found.rows["lets_dance"][:, -1]
    low, high = _ends(values)
    said = {"ten": ten(text, values.mean()), "band": text.band(low, high)}
    if mine is None:
        return text("room.error_none", **said)
    off = mine["guess"] - round(float(values.mean()))
    key = "exact" if off == 0 else "within" if low <= mine["guess"] <= high else "high" if off > 0 else "low"
    return text(f"room.error_{key}", guess=mine["guess"], off=abs(off), **said)


def _own_result(room: Room, answers: Answers, who: str, number: int, text: Text) -> dict[str, Any]:
    quarter = room.agenda.shown(room.control.at)
    row = runs.tabled(room, answers, number, quarter)
    if row is None or isinstance(row, Refused):
        return {"row": None, "waits": True}
    role, scored = room.role(who), ""
    if role:
        indicator = roles()[role]["indicator"]
        found = runs.goal(room, answers, number, indicator, quarter)
        if found is not None:
            d, better = found
            key = "won" if d.low > 0 else "lost" if d.high < 0 else "open"
            scored = text(f"room.goal_{key}", runs=text.in_runs(better, d.n))
    return {"row": row, "waits": False, "headline": headline(row, room, text), "suffering": suffering(row, text),
            "reached": reached(row, room, text), "scored": scored,
            "guess": table_guesses(room).get(number), "ten_said": ten(text, row.ten.mean())}


# ---------------------------------------------------------------- the projector

def projector(room: Room, answers: Answers, now: float, address: str) -> Markup:
    """The projector's face."""
    text, at = Text(room.language), room.control.at
    people = len(room.people)
    values: dict[str, Any] = {
        "t": text, "room": room, "kind": room.step.kind, "address": address, "people": people, "now": now,
        "title": room.agenda.said(at, "title", text), "says": room.agenda.said(at, "says", text),
        "in": room.spoke, "shown": room.control.shown, "ended": room.control.ended,
        "covered": room.step.kind in COVERED and not room.control.shown,
        "where": " · ".join(filter(None, (room.agenda.innovation, text(
            "room.step_of", n=at + 1, of=len(room.agenda.step)))))}
    return _render("projector.html.j2", **(values | _shown(room, answers, text)))


def _shown(room: Room, answers: Answers, text: Text) -> dict[str, Any]:
    """What the projector needs in this kind of step."""
    kind, here, people = room.step.kind, room.here(), len(room.people)
    everybody = people > 0 and room.spoke >= people
    values: dict[str, Any] = {}
    if kind == "track":
        values["rated"] = rated(room, text)
    elif kind == "place":
        dots = room.dots()
        values |= {"dots": dots, "spread": _spread(dots, text), "own": own_towns(room, text),
                   "towns": [(C, G) for _, C, G in runs.towns(room) if C == C and G == G]}  # a table need not say where
    elif kind == "image":
        values |= {"target": room.target(), "guards": [text(f"room.guard.{name}") for name in room.guards()],
                   "headlines": [one["headline"] for one in here.values() if one["headline"]][-5:]}
    elif kind in ("choose", "chosen"):
        picked, asked = [one["choice"] for one in room.said("choose").values()], room.asked()
        values |= {"choices": [(one, picked.count(k)) for k, one in enumerate(asked.choices if asked else (), 1)],
                   "answer": asked.answer if asked and kind == "chosen" else None, "told": room.step.told,
                   "most": max(1, len(picked)), "open": kind == "chosen" or room.control.shown or everybody}
    elif kind in ("predict", "reveal"):
        guessed = [one["guess"] for one in room.said("predict").values()]
        found = runs.baseline(room, answers) if kind == "reveal" and room.control.shown else None
        values |= {"question": text("room.question", years=text.short(room.agenda.horizon / 4)), "guessed": guessed,
                   "open": room.control.shown or everybody or kind == "reveal",
                   "ran": runs.of_ten(found, -1),
                   "refused": text.refused(found) if isinstance(found, Refused) else "",
                   "waits": kind == "reveal" and room.control.shown and found is None,
                   "sentence": _revealed(found, guessed, text)}
    elif kind == "decide":
        values["tables"] = [{"n": n, "money": _money(room, n, text), "uses": played(room.uses(n), text),
                             "done": n in room.done.get(room.name, ()), "held": room.holds(n)} for n in room.tables]
        values |= {"until": years(text, room.agenda.quarter(room.control.at + 1)), "deck": _deck(room, text)}
    elif kind == "results":
        values |= _all_results(room, answers, text)
    elif kind == "shock":
        drawn = next((name for step, name, _ in room.control.drawn if step == room.name), "")
        values["shock"] = (text.title("shock", drawn), text.says("shock", drawn)) if drawn else None
        values["votes"] = [(n, [one["vote"] for who, one in here.items() if room.table_of(who) == n])
                           for n in room.tables]
    elif kind == "tunnel":
        values |= _tunnel(room, answers, text)
    elif kind == "act":
        values |= {"signs": [text.title("indicator", name) for name, _ in runs.watch(room, answers)],
                   "package": _chosen(room, text), **{
                       name: list(dict.fromkeys(one[name] for one in here.values() if one[name]))[-5:]
                       for name in ("first", "sign", "doubt")}}
    elif kind == "agree":
        values |= {"agreed": [one["agree"] for one in here.values()], "package": _chosen(room, text)}
    return values


def rated(room: Room, text: Text) -> list[tuple[str, float, float, int]]:
    """The trends with their mean weight and certainty, and by how many they were rated."""
    step = next((step for step in room.agenda.step if step.kind == "track"), None)
    out = []
    for name in step.trends if step else ():
        said = [one[name] for one in room.first("track").values() if name in one]
        both = [[one[what] for one in said if what in one] for what in ("weight", "certainty")]
        out.append((text.title("shock", name), *(statistics.fmean(v) if v else 3.0 for v in both), len(said)))
    return out  # type: ignore[return-value]


def own_towns(room: Room, text: Text) -> str:
    """The municipalities of the room's own table, in a sentence; "" without one."""
    names = [name for name, *_ in runs.towns(room)]
    left = len(names) - _NAMED
    said = text("room.and_more", names=", ".join(names[:_NAMED]), n=left) if left > 0 else text.listed(names)
    return text("room.own_places", n=len(names), names=said) if names else ""


def _spread(dots: list[tuple[float, float]], text: Text) -> str:
    """Where the dots lie and how far apart, in a sentence."""
    if len(dots) < 2:
        return ""
    sides = {"C": [C for C, _ in dots], "G": [G for _, G in dots]}
    apart = {name: statistics.pstdev(values) for name, values in sides.items()}
    most = max(apart, key=lambda name: apart[name])
    return text("room.spread", C=text.percent(statistics.fmean(sides["C"])), G=text.percent(statistics.fmean(sides["G"])),
                what=text(f"room.side_{most}"), apart=text.number(100 * apart[most]))


def _revealed(found: Any, guessed: list[int], text: Text) -> str:
    if found is None or isinstance(found, Refused):
        return ""
    values = 10.0 * found.rows["lets_dance"][:, -1]
    low, high = _ends(values)
    said = text("room.revealed", ten=ten(text, values.mean()), band=text.band(low, high),
                runs=found.runs, years=text.short(found.quarters / 4))
    if guessed:
        hit = sum(low <= one <= high for one in guessed)
        said += " " + text("room.revealed_guesses", mean=text.number(statistics.fmean(guessed), 1), hit=hit, n=len(guessed))
    return said


def _all_results(room: Room, answers: Answers, text: Text) -> dict[str, Any]:
    quarter = room.agenda.shown(room.control.at)
    values: dict[str, Any] = {"until": years(text, quarter), "rows": None, "refused": "", "replayed": None,
                              "packages": [(n, played(room.uses(n), text), _money(room, n, text)) for n in room.tables]}
    if not room.control.shown:
        return values | {"waits": False}
    found, without = _results(room, answers), runs.nothing(room, answers)
    for one in (found, without):
        if one is None or isinstance(one, Refused):
            return values | {"waits": one is None, "refused": text.refused(one) if one is not None else ""}
    assert isinstance(found, list)
    assert without is not None
    assert not isinstance(without, Refused)
    replayed = next((row for row in found if row.number == room.control.replay), None)
    guessed, before = table_guesses(room), 10.0 * without.rows["lets_dance"][:, quarter]
    chart = draw.tables(found, before, guessed, room.target(), text)
    told = [{"n": row.number, "headline": headline(row, room, text), "cells": in_cells(row, room, text),
             "clear": _direction(row) != "same",
             "strip": draw.strip(row, before.tolist(), guessed.get(row.number), room.target(), text),
             "suffering": suffering(row, text),
             "reached": reached(row, room, text)} for row in found]
    return values | {"waits": False, "rows": told, "chart": chart,
                     "replayed": (replayed.number, draw.replay(replayed, without, text)) if replayed else None}


def _tunnel(room: Room, answers: Answers, text: Text) -> dict[str, Any]:
    """The wind tunnel's table: for each table's package in how many of the conditions it helps, and the worst of them."""
    rows, waits = [], False
    for n in room.tables:
        if not room.uses(n):
            rows.append({"n": n, "says": text("room.tunnel_none")})
            continue
        found = runs.tunnel(room, answers, n)
        if found is None:
            waits = True
        elif isinstance(found, Refused):
            rows.append({"n": n, "says": text.refused(found)})
        else:
            rows.append({"n": n, "says": tunnelled(found, text),
                         "grid": _conditions(found, text) if len(room.tables) <= _FEW else None})
    return {"rows": rows, "waits": waits}


def _conditions(found: Any, text: Text) -> list[tuple[str, list[tuple[str, str]]]]:
    """Each start under each shock, as rows of (how it goes, of ten without and with the package), behind a row of heads."""
    shocks = [*dict.fromkeys(found.table["shock"])]
    said = [("", [("head", text("room.calm") if name == "none" else text.title("shock", name)) for name in shocks])]
    for start, cells in found.table.groupby("start", sort=False):
        said.append((text(f"curve.{start}"), [
            ("gains" if one.low > 0 else "suffers" if one.high < 0 else "holds",
             " → ".join(text.short(round(10 * share, 1)) for share in (one.without, one.with_it)))
            for one in cells.itertuples()]))
    return said


def tunnel_counts(found: Any) -> dict[str, int]:
    """In how many conditions of a wind tunnel a package helps and harms, and how many there are."""
    counted = found.counted()
    return {"helps": counted["helps"], "harms": counted["harms"], "cells": sum(counted.values())}


def tunnelled(found: Any, text: Text) -> str:
    """A wind tunnel in a sentence."""
    worst, said = found.worst(), text("room.tunnel_says", **tunnel_counts(found))
    if worst is not None:
        shock = text("room.calm") if worst["shock"] == "none" else text.title("shock", str(worst["shock"]))
        said += " " + text("room.tunnel_worst", start=text.title("start", str(worst["start"])), shock=shock,
                           ten=ten(text, 10 * float(worst["with_it"])))
    return said


# ---------------------------------------------------------------- the host

def origin(room: Room, text: Text) -> str:
    """Where the runs begin, and in which country, sector or government."""
    begun = room.origin()
    said = text.title("start", begun) if begun in STARTS else text(
        "room.from_dots" if begun == "dots" else "room.from_table")
    return ", ".join([said, *(text.title("context", name) for name in room.agenda.context)])


def host(room: Room, answers: Answers, now: float, address: str, fresh: str) -> Markup:
    """The host's cockpit."""
    text, at = Text(room.language), room.control.at
    names = [(k, room.agenda.said(k, "title", text), step.minutes) for k, step in enumerate(room.agenda.step)]
    values = {
        "t": text, "room": room, "kind": room.step.kind, "address": address, "now": now, "names": names, "at": at,
        "title": room.agenda.said(at, "title", text), "script": room.agenda.said(at, "script", text),
        "in": room.spoke, "people": list(room.people.items()), "fresh": fresh,
        "post": f"/host/{room.code}/in",
        "origin": origin(room, text), "tables": [
            {"n": n, "people": len(room.members(n)), "money": _money(room, n, text), "uses": played(room.uses(n), text),
             "done": n in room.done.get(room.name, ()), "held": room.holds(n)} for n in range(1, room.agenda.tables + 1)
            if n in room.tables or n == 1],
        "hides": room.step.kind in (*HIDDEN, *COVERED), "steps": len(room.agenda.step),
        "roles": {name: text(f"room.role.{name}") for name in roles()},
        "seats": range(1, room.agenda.tables + 1), "drawn": next(
            (text.title("shock", name) for step, name, _ in room.control.drawn if step == room.name), ""),
        "deck": [(name, text.title("shock", name)) for name in room.step.shocks] if room.step.kind == "shock" else []}
    return _render("host.html.j2", **values)
