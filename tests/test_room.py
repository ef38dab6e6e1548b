"""The room without a browser: agenda, state, memory, and what its questions come to."""

from __future__ import annotations

import ast
import math
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from letsdance import scenarios
from letsdance.dashboards.state import price
from letsdance.experiments import branch
from letsdance.params import Refused
from letsdance.room import agenda as agendas
from letsdance.room import faces, runs
from letsdance.room.facts import FEWEST_DOTS, GUARDS, roles
from letsdance.room.inputs import HOST, Input
from letsdance.room.state import LENGTHS, REASONS, Room
from letsdance.room.store import Store, unfinished
from letsdance.scenarios import LEVERS, SHOCKS, Use
from letsdance.scenarios.policy import Policy
from letsdance.simulation import schedule
from letsdance.simulation.indicators import SOCIETY
from letsdance.words import Text, catalogue, languages

F, L, CB = (LEVERS[name]["cost"] for name in ("FRCS", "LEAD", "CB"))
#: Points of the two rounds: what the tests play, and less than FRCS for five years.
B1, B2 = math.ceil(max(12 * F, 8 * F + 4 * CB, 12 * L)), math.ceil(max(8 * L, 4 * F))
SHORT = f"""
start = "lone_ranger"
horizon = 24
levers = ["FRCS", "FAL", "LEAD", "CB"]
[[step]]
kind = "join"
[[step]]
kind = "track"
trends = ["ageing", "climate"]
[[step]]
kind = "place"
[[step]]
kind = "image"
[[step]]
kind = "predict"
[[step]]
kind = "reveal"
[[step]]
kind = "decide"
quarters = 8
budget = {B1}
[[step]]
kind = "results"
[[step]]
kind = "shock"
shocks = ["scandal", "crisis"]
[[step]]
kind = "decide"
quarters = 8
budget = {B2}
[[step]]
kind = "results"
until = 24
[[step]]
kind = "act"
[[step]]
kind = "agree"
"""
AT = {name: k for k, name in enumerate(agendas.parsed(SHORT, "short").names())}


class Play:
    """A room and who speaks in it."""

    def __init__(self, room: Room) -> None:
        self.room, self.n = room, 0

    def __call__(self, who: str, kind: str, **value: object) -> None:
        self.n += 1
        self.room.take(Input(who, f"input-{self.n:05d}", kind, value, 1000.0 + self.n))

    def go(self, step: str) -> None:
        self(HOST, "go", to=AT[step])


@pytest.fixture
def play() -> Play:
    made = Play(Room("ABCDE", agendas.parsed(SHORT, "short"), seed=3))
    for who, table in (("ann", 1), ("bob", 1), ("cem", 2)):
        made(who, "join", nick=who, table=table)
    return made


# ---------------------------------------------------------------- the agenda

@pytest.mark.parametrize("name", agendas.AGENDAS)
def test_an_agenda_takes_the_minutes_of_its_name_and_has_rounds_of_8_to_20_quarters(name):
    agenda = agendas.load(name)
    assert agenda.minutes == float(name)
    rounds = [step.quarters for step in agenda.step if step.kind == "decide"]
    assert len(rounds) >= 2
    assert all(8 <= one <= 20 for one in rounds)
    taida = [step.kind for step in agenda.step if step.kind in ("track", "place", "image", "decide", "act")]
    assert list(dict.fromkeys(taida)) == ["track", "place", "image", "decide", "act"]
    first = {kind: [step.kind for step in agenda.step].index(kind) for kind in ("predict", "reveal")}
    assert first["predict"] < first["reveal"], "people predict before they see"


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("name", agendas.AGENDAS)
def test_an_agenda_is_spoken_in_every_language_and_its_copy_is_the_same_agenda(name, language):
    agenda, text = agendas.load(name), Text(language)
    script = agendas.script(agenda, text)
    for at, step in enumerate(agenda.step):
        for what in ("title", "says", "script"):
            said = agenda.said(at, what, text)
            assert said in script
            assert said != f"room.{what}.{step.kind}", "a text is missing"
            if language != "en":
                assert said != agenda.said(at, what, Text("en")), f"{step.kind} {what} is not translated"
    again = agendas.parsed(agendas.written(agenda, text), "copy")
    assert [step.model_dump(exclude={"title", "says", "script"}) for step in again.step] == [
        step.model_dump(exclude={"title", "says", "script"}) for step in agenda.step]
    assert agendas.script(again, Text("en")).split("\n", 1)[1] == script.split("\n", 1)[1]


@pytest.mark.parametrize(("change", "said"), [
    (("kind = \"act\"", "kind = \"akt\""), "step.12.kind"),
    (("quarters = 8", "quarters = 7"), "greater than or equal to 8"),
    (("quarters = 8", "quarters = 21"), "less than or equal to 20"), (('"FRCS"', '"FRCSS"'), "Did you mean FRCS"),
    (('"ageing"', '"aging"'), "Did you mean ageing"), (("horizon = 24", "horizon = 15"), "longer than the horizon"),
    (('"lone_ranger"', '"lone"'), "no start"), ((f"budget = {B1}", "budjet = 9"), "budjet"),
    (("until = 24", "until = 25"), "horizon"),
    (("horizon =", 'context = ["Danmark"]\nhorizon ='), "Did you mean denmark"),
    (("[[step]]", "[[steps]]"), "steps"), (("kind = \"join\"", "kind = \"end\""), "first step must be join"),
    (("start =", "start = ="), "TOML"),
])
def test_a_wrong_agenda_is_refused_in_one_sentence(change, said):
    with pytest.raises(Refused) as refused:
        agendas.parsed(SHORT.replace(*change, 1), "mine.toml")
    assert said in str(refused.value)
    assert str(refused.value).startswith("mine.toml")
    assert "\n" not in str(refused.value)


def test_roles_are_scored_by_indicators_that_are_measured():
    assert {role["indicator"] for role in roles().values()} <= set(SOCIETY)
    assert set(GUARDS) <= set(SOCIETY)
    assert len(roles()) == 6


# ---------------------------------------------------------------- inputs

def test_a_room_goes_through_its_steps(play):
    room = play.room
    play.go("track")
    play("ann", "rate", trend="ageing", weight=5)
    play("ann", "rate", trend="ageing", certainty=2)
    play("bob", "rate", trend="ageing", weight=3, certainty=4)
    assert faces.rated(room, Text("en"))[0] == ("ageing", 4.0, 3.0, 2)
    play.go("place")
    for who, C, G in (("ann", 0.8, 0.2), ("bob", 0.6, 0.4), ("cem", 0.7, 0.3)):
        play(who, "place", C=C, G=G)
    assert room.origin() == "dots"
    play.go("image")
    play("ann", "image", target=6, guards=["T", "K"], headline=" We  did it ")
    play("bob", "image", target=8, guards=["K", "S"], headline="")
    play("cem", "image", target=7, guards=["K", "T"], headline="")
    assert (room.target(), room.guards()) == (7, ("K", "T"))
    assert room.here()["ann"]["headline"] == "We did it"
    play.go("predict")
    play("ann", "guess", guess=5, reason="luck", why="")
    play.go("decide")
    play("bob", "card", lever="FRCS", start=1, duration=8)
    play("cem", "card", lever="LEAD", start=5, duration=12)
    play("ann", "ready", guess=4)
    assert room.uses(1) == (Use("FRCS", 1, 8),)
    assert room.done["decide"] == {1}
    play("bob", "card", lever="CB", start=1, duration=4)
    assert room.done["decide"] == set(), "who changes a package is not ready with it"


@pytest.mark.parametrize(("step", "kind", "value", "said"), [
    ("track", "rate", {"trend": "scandal", "weight": 3}, "what is offered"),
    ("track", "rate", {"trend": "ageing", "weight": 6}, "1 to 5"),
    ("track", "rate", {"trend": "ageing"}, "what is offered"),
    ("track", "guess", {"guess": 3, "reason": "luck"}, "has gone on"),
    ("place", "place", {"C": 1.2, "G": 0}, "from 0 to 1"), ("place", "place", {"C": "nan", "G": 0}, "from 0 to 1"),
    ("place", "place", {"C": 1}, "0 to 1"),
    ("image", "image", {"target": 11, "guards": ["T", "K"]}, "0 to 10"),
    ("image", "image", {"target": 3, "guards": ["T"]}, "two indicators"),
    ("image", "image", {"target": 3, "guards": ["T", "T"]}, "two indicators"),
    ("image", "image", {"target": 3, "guards": ["T", "x"]}, "two"),
    ("image", "image", {"target": 3, "guards": ["T", "K"], "headline": "x" * 161}, "longer than 160"),
    ("predict", "guess", {"guess": "1e1", "reason": "luck"}, "whole number"),
    ("predict", "guess", {"guess": 3, "reason": "hunch"}, "offered"),
    ("predict", "guess", {"guess": True, "reason": "luck"}, "whole number"),
    ("predict", "guess", {"guess": 3, "reason": ["luck"]}, "offered"),
    ("decide", "card", {"lever": "TRAIN", "start": 1, "duration": 4}, "offered"),
    ("decide", "card", {"lever": "FRCS", "start": 2, "duration": 4}, "offered"),
    ("decide", "card", {"lever": "FRCS", "start": 1, "duration": 5}, "offered"),
    ("decide", "off", {"lever": "FRCS", "start": 1}, "not on the table"),
    ("decide", "card", {"lever": "FRCS", "start": 1, "duration": 20}, f"more than the {B1} of"),
    ("decide", "ready", {}, "whole number"),
    ("shock", "vote", {"vote": "hold"}, "no card"), ("act", "act", {"first": "  "}, "write something"),
    ("act", "act", {"first": "a\x1b[31m"}, "character"), ("agree", "agree", {"agree": 0}, "1 to 5"),
    ("join", "join", {"nick": "", "table": 1}, "write something"), ("join", "join", {"nick": "x", "table": 9}, "0 to 6"),
    ("join", "go", {"to": 3}, "does not know"), ("join", "undo", {}, "does not know"),
    ("join", "__init__", {}, "does not know"),
])
def test_what_cannot_be_is_refused_and_changes_nothing(play, step, kind, value, said):
    play.go(step)
    before = repr(play.room)
    with pytest.raises(Refused) as refused:
        play("ann", kind, **value)
    assert said in str(refused.value)
    assert repr(play.room) == before


def test_strangers_say_nothing_and_closed_answers_stay_closed(play):
    play.go("predict")
    with pytest.raises(Refused, match="nickname first"):
        play("eve", "guess", guess=3, reason="luck")
    play(HOST, "lock", on="1")
    with pytest.raises(Refused, match="closed"):
        play("ann", "guess", guess=3, reason="luck")
    play(HOST, "guess", table="2", guess=3, reason="luck")  # a table without a phone, on the host's screen
    assert set(play.room.here()) == {"table2"}


def test_what_comes_late_for_a_step_is_refused(play):
    play.go("decide")
    play.go("decide2")
    with pytest.raises(Refused, match="gone on"):
        play("ann", "card", lever="FRCS", start=1, duration=4, step="decide")


def test_two_of_one_nickname_are_told_apart_and_who_chooses_no_table_sits_where_there_is_room(play):
    play("dan", "join", nick="ann", table=0)
    assert (play.room.people["dan"].nick, play.room.people["dan"].table) == ("ann 2", 3)


def test_roles_at_a_table_differ_and_can_be_dealt_to_tables(play):
    assert play.room.role("ann") != play.room.role("bob")
    play(HOST, "deal", to="tables")
    assert play.room.role("ann") == play.room.role("bob") != play.room.role("cem")
    play(HOST, "deal", to="")
    assert play.room.role("ann") == ""


def test_the_host_goes_back_by_undo_and_nobodys_word_is_lost(play):
    play.go("predict")
    play("ann", "guess", guess=5, reason="luck", why="")
    play(HOST, "show", on="1")
    play.go("reveal")
    for _ in range(2):
        play(HOST, "undo")
    assert (play.room.name, play.room.control.shown) == ("predict", False)
    assert play.room.here()["ann"]["guess"] == 5
    play(HOST, "undo")
    with pytest.raises(Refused, match="nothing to undo"):
        play(HOST, "undo")


@pytest.mark.parametrize("step", ["track", "place", "image"])
def test_the_host_hides_what_others_said_while_people_think(play, step):
    said = {"track": ("rate", {"trend": "ageing", "weight": 5, "certainty": 4}), "place": ("place", {"C": 0.3, "G": 0.8}),
            "image": ("image", {"target": 9, "guards": list(GUARDS[:2]), "headline": "All join in"})}[step]
    play.go(step)
    empty = faces.projector(play.room, runs.Answers(), 0.0, "http://x/join/ABCDE")
    play("ann", said[0], **said[1])
    open_, answered = faces.projector(play.room, runs.Answers(), 0.0, "http://x/join/ABCDE"), "1 answered"
    play(HOST, "show", on="")
    hidden = faces.projector(play.room, runs.Answers(), 0.0, "http://x/join/ABCDE")
    assert "<svg" in empty or step == "image"
    assert open_ != empty
    assert answered not in open_
    assert answered in hidden
    assert not any(one in hidden for one in ("<svg", "All join in"))
    play(HOST, "show", on="1")
    assert faces.projector(play.room, runs.Answers(), 0.0, "http://x/join/ABCDE") == open_


def test_the_host_is_offered_to_hide_only_where_it_hides_something(play):
    for step, offered in (("join", False), ("place", True), ("predict", True), ("decide", False)):
        play.go(step)
        cockpit = faces.host(play.room, runs.Answers(), 0.0, "http://x/join/ABCDE", "fresh-id-1234")
        assert ('name="kind" value="show"' in cockpit) == offered, step


def test_the_timer_runs_is_held_and_is_given_two_minutes(play):
    play.go("track")
    ends = play.room.control.deadline
    assert ends == pytest.approx(1000 + play.n + 300)
    play(HOST, "timer", what="more")
    assert play.room.control.deadline == ends + 120
    play(HOST, "timer", what="hold")
    left = play.room.control.left
    assert (play.room.control.deadline, left) == (0.0, ends + 120 - 1000 - play.n)
    play(HOST, "timer", what="go")
    assert play.room.control.deadline == pytest.approx(1000 + play.n + left)


# ---------------------------------------------------------------- packages and what they cost

def test_a_package_costs_what_the_levers_declare():
    for name in ("FRCS", "LEAD", "FAL"):
        use = Use(name, 3, 8)
        paid, _ = price(Policy.of(quarters=24, levers=(use,)))
        assert paid == pytest.approx(sum(schedule.cost(use, q) for q in range(1, 25)))


def test_a_vote_to_hold_keeps_a_package_and_a_change_frees_what_a_stopped_card_would_cost(play):
    room = play.room
    play.go("decide")
    play("ann", "card", lever="FRCS", start=1, duration=12)
    play("cem", "card", lever="FRCS", start=1, duration=12)
    play.go("shock")
    play(HOST, "draw", shock="crisis")
    for who, vote in (("ann", "hold"), ("bob", "hold"), ("cem", "change")):
        play(who, "vote", vote=vote)
    assert room.shocks() == (Use("crisis", 9, SHOCKS["crisis"]["duration"]),)
    play.go("decide2")
    assert (room.quarter, room.budget()) == (8, B1 + B2)
    with pytest.raises(Refused, match="voted to hold"):
        play("ann", "card", lever="LEAD", start=9, duration=4)
    play("cem", "off", lever="FRCS", start=1)
    assert room.uses(2) == (Use("FRCS", 1, 8),)
    assert room.price(room.uses(2)) == 8 * LEVERS["FRCS"]["cost"]
    play("cem", "card", lever="FRCS", start=9, duration=4)
    assert room.uses(2) == (Use("FRCS", 1, 8), Use("FRCS", 9, 4))
    with pytest.raises(Refused, match="same time"):
        play("cem", "off", lever="FRCS", start=1)
    play.go("decide")
    assert room.uses(2) == (Use("FRCS", 1, 12),), "seen from the first round, nothing was stopped yet"


def test_a_card_is_drawn_by_the_rooms_own_luck(play):
    play.go("shock")
    play(HOST, "draw")
    again = Play(Room("ABCDE", agendas.parsed(SHORT, "short"), seed=3))
    again.n = play.n - 2
    again.go("shock")
    again(HOST, "draw")
    assert again.room.control.drawn == play.room.control.drawn


# ---------------------------------------------------------------- memory

def test_a_room_is_built_again_from_its_file(tmp_path):
    store = Store.new(tmp_path / "rooms", agendas.parsed(SHORT, "short"), 3, "nl")
    for who in ("ann", "bob"):
        assert store.take(Input(who, "join-0001", "join", {"nick": who, "table": 1}, 1.0))
    store.take(Input(HOST, "go-000001", "go", {"to": AT["predict"]}, 2.0))
    assert store.take(Input("ann", "guess-01", "guess", {"guess": 5, "reason": "luck", "why": ""}, 3.0))
    twice = store.take(Input("ann", "guess-01", "guess", {"guess": 9, "reason": "luck", "why": ""}, 4.0))
    assert not twice
    assert store.take(Input("bob", "guess-01", "guess", {"guess": 2, "reason": "luck", "why": ""}, 4.0))  # its own id
    with pytest.raises(Refused):
        store.take(Input("ann", "guess-02", "guess", {"guess": 11, "reason": "luck", "why": ""}, 5.0))
    again = Store.open(store.path)  # the first was never closed
    assert repr(again.room) == repr(store.room)
    assert (again.key, again.room.language, len(again.inputs())) == (store.key, "nl", 5)
    assert not again.take(Input("ann", "guess-01", "guess", {"guess": 9, "reason": "luck", "why": ""}, 6.0))
    store.close()
    again.delete()
    assert list((tmp_path / "rooms").iterdir()) == []


def test_a_room_of_the_last_day_is_gone_on_with_and_an_older_one_is_not(tmp_path):
    store = Store.new(tmp_path, agendas.parsed(SHORT, "short"), 3, "en")
    store.close()
    assert unfinished(tmp_path) == [store.path]
    for file in tmp_path.iterdir():
        os.utime(file, (time.time() - 90_000,) * 2)
    assert unfinished(tmp_path) == []


def test_what_is_no_room_is_refused_with_the_remedy(tmp_path):
    wrong = tmp_path / "x.sqlite"
    wrong.write_bytes(b"no database at all, but long enough to be looked at" * 30)
    with pytest.raises(Refused, match="--new"):
        Store.open(wrong)
    other = tmp_path / "y.sqlite"
    file = sqlite3.connect(other)
    file.execute("CREATE TABLE t (x)")
    file.close()
    with pytest.raises(Refused, match="--new"):
        Store.open(other)


def test_a_full_disk_is_told_and_the_room_stays_as_it_was(tmp_path):
    store = Store.new(tmp_path, agendas.parsed(SHORT, "short"), 3, "en")
    store.take(Input("ann", "join-0001", "join", {"nick": "ann", "table": 1}, 1.0))
    pages = store._file.execute("PRAGMA page_count").fetchone()[0]
    store._file.execute(f"PRAGMA max_page_count={pages}")
    told = (Input(HOST, f"note-{n:05d}", "note", {"text": "x" * 1900}, 2.0) for n in range(99))
    with pytest.raises(Refused, match="could not be written"):
        any(not store.take(one) for one in told)
    assert len(store.room.control.notes) == len(store.inputs()) - 1
    store.close()


# ---------------------------------------------------------------- what its questions come to

def test_a_round_goes_on_from_the_state_in_which_the_last_one_ended(play):
    """Held against `experiments.branch`, which saves the state of quarter 8 and lets it go on."""
    room = play.room
    play.go("decide")
    play("ann", "card", lever="FRCS", start=1, duration=12)
    play.go("shock")
    play(HOST, "draw", shock="crisis")
    play.go("decide2")
    play("ann", "card", lever="LEAD", start=9, duration=8)
    answers = runs.Answers()
    runs.table(room, answers, 1)
    assert answers.wait(120)
    whole = runs.table(room, answers, 1)
    saved = branch.state_at(scenarios.load("lone_ranger").changed(quarters=24, levers=["FRCS@1+12"]), 8, seed=3)
    went_on = branch.branch(saved, {"on": {"levers": ["LEAD@9+8"], "shocks": ["crisis@9+4"]}})
    for name in ("C", "G", "lets_dance", "T"):
        np.testing.assert_array_equal(whole.rows[name][0], went_on[name].to_numpy())


def test_equal_questions_are_computed_once_and_all_tables_meet_the_same_luck(play):
    room = play.room
    play.go("decide")
    for who in ("ann", "cem"):
        play(who, "card", lever="FRCS", start=1, duration=8)
    play.go("results")
    answers = runs.Answers()
    for _ in range(3):
        for number in (1, 2):
            runs.tabled(room, answers, number, 8)
        runs.nothing(room, answers)
    assert answers.wait(120)
    assert answers.computed == 2
    one, two = (runs.tabled(room, answers, number, 8) for number in (1, 2))
    assert one.result is two.result
    calm = runs.nothing(room, answers)
    np.testing.assert_array_equal(calm.seeds, one.result.seeds)
    d = 10 * (one.result.rows["lets_dance"][:, 8] - calm.rows["lets_dance"][:, 8])
    assert one.more.mean == pytest.approx(d.mean())
    assert one.better == (d > 0).sum()


def test_a_table_that_played_nothing_is_given_no_interval(play):
    play.go("decide")
    play("ann", "card", lever="FRCS", start=1, duration=8)
    play.go("results")
    answers = runs.Answers()
    for number in (1, 2):
        runs.tabled(play.room, answers, number, 8)
    assert answers.wait(120)
    one, two = (faces.in_cells(runs.tabled(play.room, answers, number, 8), play.room, Text("en")) for number in (1, 2))
    assert "(" in one[1]
    assert two[1:3] == ["–", "–"]
    assert len(one) == len(two)


def test_the_cloud_of_dots_is_where_the_runs_begin(play):
    room = play.room
    play.go("place")
    dots = {"ann": (0.9, 0.2), "bob": (0.5, 0.5), "cem": (0.1, 0.8)}
    assert len(dots) == FEWEST_DOTS
    for who, (C, G) in dots.items():
        play(who, "place", C=C, G=G)
    play.go("predict")
    answers = runs.Answers()
    runs.baseline(room, answers)
    assert answers.wait(120)
    result = runs.baseline(room, answers)
    assert len(result.places) == 40
    mean = np.array([dots[who] for who in ("ann", "bob", "cem")])[np.arange(40) % 3].mean(axis=0)
    assert result.rows["G"][:, 0] == pytest.approx(np.full(20, mean[1]), abs=0.01)
    assert result.rows["C"][:, 0].mean() == pytest.approx(mean[0], abs=0.02)


def test_an_own_table_of_municipalities_begins_the_runs_and_too_large_a_one_is_refused(play):
    play(HOST, "places", text="name,citizens,willingness\nAsh,30,0.9\nBirch,50,0.2\n")
    assert play.room.origin() == "table"
    with pytest.raises(Refused, match="would fit"):
        play(HOST, "places", text="name,citizens\nAsh,30000000\n")
    with pytest.raises(Refused):
        play(HOST, "places", text="nonsense")
    play(HOST, "begin", source="wasteland")
    assert play.room.origin() == "wasteland"


@given(some.lists(some.tuples(some.sampled_from(["ann", "bob", HOST, "eve"]), some.sampled_from(
    ["join", "go", "card", "off", "ready", "vote", "guess", "place", "draw", "undo", "lock", "seat", "rate"]),
    some.fixed_dictionaries({}, optional={
        "nick": some.sampled_from(["a", "b", ""]), "table": some.integers(-1, 7), "to": some.integers(-1, 13),
        "lever": some.sampled_from(["FRCS", "FAL", "X"]),
        "start": some.integers(0, 24), "duration": some.sampled_from([*LENGTHS, 3]), "vote": some.sampled_from(["hold",
        "x"]), "guess": some.integers(-1, 11),
        "reason": some.sampled_from(REASONS), "C": some.floats(-1, 2), "G": some.floats(), "on": some.sampled_from(["",
        "1"]), "who": some.sampled_from(["ann", "zed"]),
        "trend": some.sampled_from(["ageing", "x"]), "weight": some.integers(0, 6)})), max_size=25))
@settings(max_examples=60, deadline=None)
def test_whatever_is_said_the_room_is_the_same_when_it_is_built_again_and_within_its_budget(said):
    one, two = (Room("ABCDE", agendas.parsed(SHORT, "short"), seed=3) for _ in range(2))
    taken = []
    for n, (who, kind, value) in enumerate(said):
        told = Input(who, f"id-{n:06d}", kind, value, float(n))
        try:
            one.take(told)
            taken.append(told)
        except Refused:
            pass
    for told in taken:
        two.take(told)
    assert repr(one) == repr(two)
    for table in one.tables:
        assert one.price(one.uses(table)) <= B1 + B2


def test_no_phones_page_is_40_kb(play):
    carried = Path(faces.__file__).parent.joinpath("assets")
    assert sum(len(carried.joinpath(name).read_bytes()) for name in ("room.css", "room.js")) < 20_000
    for language in languages():
        play.room.language = language
        for step in AT:
            play.go(step)
            inside = faces.phone(play.room, runs.Answers(), "ann", 0.0, "x" * 12, "/join/ABCDE/in")
            page = faces.page("phone", inside, play.room, "n" * 16, "/join/ABCDE", "s", "t")
            assert len(page.encode()) < 40_000, (language, step)


# ---------------------------------------------------------------- the command, and what is refused

@pytest.mark.parametrize("language", [one for one in languages() if one != "en"])
def test_all_that_a_room_refuses_has_its_words(language):
    known = catalogue(language)["refused"]
    for name in ("state", "runs"):
        tree = ast.parse(Path(faces.__file__).with_name(f"{name}.py").read_text(encoding="utf-8"))
        said = [node.args[0].value for node in ast.walk(tree) if isinstance(node, ast.Call)
                and getattr(node.func, "id", "") == "Refused"]
        assert len(said) > 0
        assert not [one for one in said if one not in known]


def letsdance(*words: str) -> tuple[int, str]:
    found = subprocess.run([sys.executable, "-m", "letsdance", "workshop", *words], capture_output=True, text=True,
                           timeout=120)
    return found.returncode, found.stdout + found.stderr


def test_the_command_prints_a_script_and_writes_an_agenda_to_edit(tmp_path):
    code, out = letsdance("--agenda", "60", "--script", "--language", "de")
    assert (code, "0–4 min" in out, Text("de")("room.script.shock") in out) == (0, True, True)
    mine = tmp_path / "mine.toml"
    assert letsdance("--agenda", "120", "--copy-agenda", str(mine))[0] == 0
    assert agendas.load(str(mine)).minutes == 120
    mine.write_text(mine.read_text().replace("quarters = 20", "quarters = 200", 1))
    code, out = letsdance("--agenda", str(mine), "--script")
    assert code != 0
    assert "step" in out
    assert "Traceback" not in out


@pytest.mark.parametrize(("words", "said"), [
    (("--language", "xx"), "Known: en, de, fr, nl"), (("--agenda", "75"), "60, 90, 120"),
    (("--address", "ftp://x"), "--address must be"),
    (("--allow-host", "a b"), "--allow-host must be"), (("--port", "0"), "--port must be"),
])
def test_a_wrong_word_of_the_command_is_refused_in_a_sentence(tmp_path, words, said):
    code, out = letsdance("--folder", str(tmp_path / "rooms"), "--no-browser", *words)
    assert code != 0
    assert said in out
    assert "Traceback" not in out
    assert not (tmp_path / "rooms").exists(), "nothing is half written"
