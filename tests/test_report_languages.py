"""What is handed over speaks every language: nothing of it is English that a language's file cannot say."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from pseudo import NAMES, crowded, plain_english, seen

from letsdance.experiments.adopters import describe, from_arrays
from letsdance.experiments.compare import compare, policies
from letsdance.experiments.precision import until
from letsdance.experiments.reasons import explain
from letsdance.experiments.windtunnel import wind_tunnel
from letsdance.params import Refused
from letsdance.report import comparison, page, study, windtunnel
from letsdance.report.adopters import describe_study
from letsdance.report.figures import draw
from letsdance.report.sheet import NARROW, WIDE, Figure, _measure
from letsdance.scenarios import SHOCKS, STARTS, load
from letsdance.scenarios.policy import read_policy
from letsdance.simulation import simulate
from letsdance.words import Text, catalogue, languages, text_in

LANGUAGES = languages()[1:]
MANIFEST = {"command": "letsdance run", "version": "0.2", "seeds": {"first": 1, "runs": 3}, "quarters": 16,
            "git": {"commit": "0123abcd", "changed": True}, "versions": {"python": "3.13", "numpy": "2.3"},
            "tables": {"society.csv": "ab" * 32}}


@pytest.fixture(scope="module")
def results():
    size = {"municipalities": 10, "citizens": 30}
    own = simulate("lone_ranger", runs=3, quarters=16, parameters=size, levers=["FRCS@2+6*0.5", "OUT@3"],
                   shocks=["austerity@4"])
    return {name: simulate(name, runs=3, quarters=16, parameters=size) for name in STARTS} | {"lone_ranger": own}


@pytest.fixture(scope="module")
def compared():
    """Two policies that differ clearly, and one that hardly does."""
    start = load("lone_ranger").changed(parameters={"municipalities": 8, "citizens": 30}, quarters=16)
    return compare(policies([read_policy(one) for one in ("#1: FRCS@2+12, FAL@2+12", "#2: k=1.2", "#3: austerity@4+2*0.5")],
                            start), runs=40, until=until("lets_dance@16 +-0.2"), most=60)


@pytest.fixture(scope="module")
def blown():
    """A portfolio in the wind tunnel, with two shocks that act alike."""
    return wind_tunnel("#1: FRCS@2+12, municipalities=6, citizens=25", STARTS, list(SHOCKS)[:4], 4, runs=3, quarters=12)


def test_no_plain_english_is_left_in_a_report(results, spoken):
    drawn = {name: (figure, figure) for name, figure in draw(results, WIDE, spoken.language).items()}
    for given, manifest in ((results, MANIFEST), ({"lone_ranger": results["lone_ranger"]}, {})):
        said = seen(page.render(given, manifest, drawn, spoken))
        assert len(said) > 500
        assert not {word for line in said for word in re.findall(r"[A-Za-z]{2,}", NAMES.sub("", line))}
        assert not [line for line in said if re.search(r"\d\.\d", re.sub(r"(letsdance|python|numpy) [\d.]+", "", line))]


def test_no_plain_english_is_left_in_an_explanation(results, spoken):
    said = [sentence for result in results.values() for sentence in explain(result, spoken)]
    assert len(said) == 20
    assert not [one for one in said if re.search(r"[A-Za-z]{2,}|\d\.\d", one)]


@pytest.mark.parametrize("outcome", ["lets_dance", "time_to_50", "consciousness@4-8"])
def test_no_plain_english_is_left_in_a_comparison(compared, spoken, outcome):
    said = comparison.study(compared, outcome, spoken)
    drawn = {name: (make(NARROW), make(NARROW)) for part in said.sections for name, make in part.figures.items()
             if outcome == "lets_dance"} or dict.fromkeys(("effects", "differences", "fates"), 2 * (Figure("", ""),))
    page_says = seen(study.render(said, MANIFEST, drawn))
    assert len(page_says) > 100
    codes = re.compile(r"municipalities\.parquet|--(?:municipalities|most)|\((?:FRCS|FAL|austerity),|lets_dance@16|"
                       r"\w+ = [\d,]+")
    assert not {word for line in page_says for word in re.findall(r"[A-Za-z]{2,}", codes.sub("", NAMES.sub("", line)))}


def test_no_plain_english_is_left_in_a_wind_tunnel(blown, spoken):
    drawn = {"wind_tunnel": (windtunnel.heat(blown, WIDE, spoken), windtunnel.heat(blown, NARROW, spoken))}
    said = seen(study.render(windtunnel.study(blown, spoken), MANIFEST, drawn))
    assert len(said) > 100
    codes = re.compile(rf"\(FRCS,|\w+ = [\d,]+|{NAMES.pattern}")
    assert not {word for line in said for word in re.findall(r"[A-Za-z]{2,}", codes.sub("", line))}


@pytest.fixture(scope="module")
def described():
    """Times of adoption: with groups, a network and a test of it; of a few alone, none of whom is an innovator."""
    ring = np.roll(np.eye(40), 1, axis=1) + np.roll(np.eye(40), 2, axis=1)
    times = np.r_[1.0, np.sort(np.random.default_rng(3).integers(2, 12, 33)), np.full(6, np.nan)]
    told = from_arrays(times, ring)
    grouped = replace(told, groups=tuple(["1", "2"] * 20))
    return (describe(grouped, repetitions=40), describe(told, "sd", normalised=False),
            describe(from_arrays([1.0] * 30 + [2.0, 4.0] + [np.nan] * 18, last=6)), describe(from_arrays([3.0, 3.0])))


def test_no_plain_english_is_left_in_a_description(described, spoken):
    for found in described:
        page = describe_study(found, text=spoken)
        assert not plain_english(page, r"\b(?:Bass|Logistic|Gompertz|share|middle|rate|displacement)\b")


@pytest.mark.parametrize("language", languages())
def test_figures_of_a_description_have_room(described, language):
    for found in described:
        study = describe_study(found, text=Text(language))
        drawn = [make(width) for part in study.sections for make in part.figures.values() for width in (WIDE, NARROW)]
        assert [crowded(figure) for figure in drawn] == [[]] * len(drawn)


@pytest.mark.parametrize("language", LANGUAGES)
def test_figures_have_room_for_every_language(results, compared, blown, language):
    text = Text(language)
    for width in (WIDE, NARROW):
        figures = draw(results, width, language) | {make.__name__: make(compared, width, text) for make in (
            comparison.differences, comparison.effects, comparison.fates)} | {"heat": windtunnel.heat(blown, width, text)}
        assert {name: crowded(figure) for name, figure in figures.items()} == {name: [] for name in figures}


@pytest.mark.parametrize("language", languages())
def test_every_letter_of_a_report_is_in_its_font(language):
    letters = set("".join(catalogue(language)["report"].values())) - {"\n"}
    assert not {letter for letter in letters for bold in (False, True) if not _measure(bold).get_char_index(ord(letter))}


def test_numbers_are_written_as_the_language_writes_them(results):
    drawn = {name: (figure, figure) for name, figure in draw(results, NARROW, "fr").items()}
    said = " ".join(seen(page.render(results, MANIFEST, drawn, Text("fr"))))
    assert re.search(r"\d,\d\d", said)
    assert re.search(r"\d\u202f%", said)
    assert not re.search(r"\d[ \u00a0]%|[^\u202f][;?!»]|«[^\u202f]", re.sub(r"&\w+;", "", said))


def test_a_language_that_is_not_there_is_refused():
    with pytest.raises(Refused, match=r"there is no language 'fx'\. Did you mean fr"):
        text_in("fx")
    with pytest.raises(Refused, match="there is no language"):
        draw({}, WIDE, "xx")
