"""Contexts of the study: they differ as the sources say, at most one of each kind, and by name everywhere."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from letsdance import scenarios
from letsdance.commands import main
from letsdance.commands.showing import contents
from letsdance.dashboards import state
from letsdance.dashboards.parts import explained
from letsdance.dashboards.sentences import named, what_changed
from letsdance.params import CONTEXTS, Refused
from letsdance.room import agenda as agendas
from letsdance.room import faces, minutes, runs
from letsdance.room.state import Room
from letsdance.scenarios.policy import Policy
from letsdance.simulation.run import simulate
from letsdance.words import Text

COUNTRIES = ("belgium", "denmark", "estonia", "france", "germany", "italy", "netherlands", "spain", "slovakia", "romania",
             "united_kingdom")
SECTORS = ("welfare", "mental_health", "sustainability", "utilities", "procurement", "ict", "regeneration")
LESSONS = {"public_servant": "S158", "platform_builder": "S159", "dinosaur": "S160", "lone_wolf": "S161",
           "one_hit_wonder": "S162", "lab_rat": "S163"}


def test_what_the_study_compared_is_there_with_its_marks():
    kinds = {kind: {name for name, one in CONTEXTS.items() if one["kind"] == kind}
             for kind in ("tradition", "sector", "government")}
    assert set(COUNTRIES) < kinds["tradition"]
    assert set(SECTORS) < kinds["sector"]
    assert set(LESSONS) == kinds["government"]
    assert all("S8" in CONTEXTS[name]["reference"].split() for name in (*COUNTRIES, *SECTORS))
    assert all(mark in CONTEXTS[name]["reference"] for name, mark in LESSONS.items())
    every = [tuple(sorted(CONTEXTS[name]["values"].items())) for name in (*COUNTRIES, *SECTORS, *LESSONS)]
    assert len(set(every)) == len(every), "two are the same"
    assert len(contents("contexts")[1]) == len(CONTEXTS)


def ends(start, names, indicator, **more):
    """Means a run over the last year, on the same seeds."""
    return [simulate(start, runs=12, quarters=40, seed=90, context=[name], **more).rows[indicator][:, -4:].mean(axis=1)
            for name in names]


#: What the sources say of two contexts: the first has more of it than the second (start, indicator, more; S8).
DIFFERS = {
    "S21: Lone Ranger lasts where authority is kept": ("lone_ranger", "lone_ranger", "romania", "denmark", {}),
    "S8: one package, another outcome": ("lone_ranger", "G", "denmark", "romania", {"levers": ["FRCS@4"]}),
    "S50: flexible sectors start more": ("lets_dance", "projects", "sustainability", "mental_health", {}),
    "S61: blame is harder where users are vulnerable": ("dead_horse", "L", "sustainability", "mental_health", {}),
    "S53: what the top calls": ("dead_horse", "dead_calls", "mental_health", "regulated", {}),
    "S25: long-term money keeps services": ("lone_ranger", "services_ended", "sustainability", "mental_health", {}),
    "S160: dinosaurs dare less": ("lets_dance", "L", "public_servant", "dinosaur", {}),
    "S161: lone wolves answer less": ("lets_dance", "feedback_outside", "platform_builder", "lone_wolf", {}),
    "S162: a one-hit wonder forgets": ("lets_dance", "K", "public_servant", "one_hit_wonder", {}),
}


@pytest.mark.parametrize("said", DIFFERS)
def test_contexts_differ_as_the_sources_say(said):
    start, indicator, greater, lesser, more = DIFFERS[said]
    assert re.fullmatch(r"S\d+", said.split(":")[0])
    a, b = ends(start, (greater, lesser), indicator, **more)
    each = a - b
    assert each.mean() > 2 * each.std(ddof=1) / np.sqrt(len(each)), (a.mean(), b.mean())


def test_what_cannot_be_is_refused_in_a_sentence():
    with pytest.raises(Refused, match=r"there is no context 'Danmark'. Did you mean denmark\?"):
        simulate("lone_ranger", runs=1, quarters=8, context=["Danmark"])
    with pytest.raises(Refused, match="denmark and france are both a tradition; keep one of them"):
        scenarios.load("lone_ranger").changed(context=["denmark", "mental_health", "france"])
    with pytest.raises(Refused, match="dinosaur and lab_rat are both a government"):
        scenarios.load("lone_ranger").changed(context=["dinosaur"]).changed(context=["lab_rat"])


def test_a_context_stands_in_the_file_that_is_handed_on():
    story = scenarios.load("lone_ranger").changed(context=["denmark", "lab_rat"])
    again = scenarios.read("x", "x", story.to_toml())
    assert again.context == ("denmark", "lab_rat")
    assert again.values() == story.values()
    assert story.values()["b_g"] == CONTEXTS["denmark"]["values"]["b_g"]


def test_the_option_holds_for_every_start_and_file(tmp_path):
    (tmp_path / "mine.toml").write_text('context = ["lab_rat"]\n[start]\nC = 0.5\nG = 0.5\n')
    scenarios.everywhere(["denmark"])
    try:
        assert scenarios.load("wasteland").context == ("denmark",)
        assert scenarios.load(tmp_path / "mine.toml").context == ("lab_rat", "denmark")
        with pytest.raises(Refused, match="no context"):
            scenarios.everywhere(["nowhere"])
    finally:
        scenarios.everywhere([])
    assert scenarios.load("wasteland").context == ()


def test_pages_open_in_the_context_of_the_command_and_links_carry_it():
    state.opens_in(["denmark"])
    try:
        view, _ = state.check_link("")
        asked, _ = state.check_link("policy=wasteland")
    finally:
        state.opens_in([])
    assert view.policy.context == ("denmark",)
    assert asked.policy.context == ()  # what a link says holds
    assert state.from_link(state.to_link(view)).policy == view.policy
    assert state.from_file("x.toml", state.to_file(view)).policy == view.policy
    assert view.policy.scenario().values()["b_g"] == CONTEXTS["denmark"]["values"]["b_g"]
    assert main._for_all(["dashboard", "--context", "denmark"]) == ["dashboard", "--context", "denmark"]
    assert scenarios.load("wasteland").context == ()  # nobody else's question is asked in it


def test_a_context_is_exchanged_within_its_kind_and_named_in_every_language():
    policy = Policy.of().within("tradition", "denmark").within("sector", "ict").within("tradition", "romania")
    assert policy.context == ("ict", "romania")
    assert policy.bare().context == policy.context  # where it plays is nothing that was done
    assert policy.within("sector", "").context == ("romania",)
    for language, said in (("en", "Romania"), ("nl", "Roemenië"), ("fr", "Roumanie"), ("de", "Rumänien")):
        assert said in what_changed(policy, Policy.of(), Text(language))
        assert said in what_changed(Policy.of(), policy, Text(language))
        html = explained("context.romania", Text(language))
        assert "S21" in html
        assert Text(language).short(CONTEXTS["romania"]["values"]["b_g"]) in html


def test_a_room_plays_where_its_agenda_says():
    agenda = agendas.load("60").model_copy(update={"context": ("denmark",)})
    assert agendas.parsed(agendas.written(agenda, Text("fr")), "copy").context == ("denmark",)
    assert runs.base(Room("ABCDE", agenda, seed=1)).context == ("denmark",)


def test_an_innovation_has_the_name_that_a_room_or_a_page_gives_it():
    agenda = agendas.parsed(agendas.written(agendas.load("60"), Text("en")).replace(
        "horizon =", 'innovation = "<b>Neighbourhood</b>"\nhorizon =', 1), "mine.toml")
    room = Room("ABCDE", agenda, seed=1)
    shown = str(faces.projector(room, runs.Answers(), 0.0, "http://x/join/ABCDE"))
    assert "&lt;b&gt;Neighbourhood&lt;/b&gt; ·" in shown
    assert "<b>Neighbourhood" not in shown
    views = [state.from_link(link.partition("?")[2]) for _, link in minutes.links(room, Text("en"))]
    assert {view.innovation() for view in views} == {"<b>Neighbourhood</b>"}
    assert named(views[0], "It works.", Text("fr")) == "<b>Neighbourhood</b>\u202f: It works."
    assert named(state.View(), "It works.", Text("fr")) == "It works."
    for wrong in ("x" * 61, "a\x1b[31m"):
        assert not state.View().put(**{state.INNOVATION: wrong}).innovation()
        text = f"innovation = {json.dumps(wrong)}\n" + agendas.written(agendas.load("60"), Text("en"))
        with pytest.raises(Refused, match=r"mine\.toml: .*innovation"):
            agendas.parsed(text, "mine.toml")
