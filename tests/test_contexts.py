"""Contexts of the study: they differ as the sources say, at most one of each kind, and by name everywhere."""

from __future__ import annotations

import re

import numpy as np
import pytest

from letsdance import scenarios
from letsdance.commands.showing import contents
from letsdance.params import CONTEXTS, Refused
from letsdance.simulation.run import simulate

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
    assert len(contents("contexts")[2]) == len(CONTEXTS)


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
