"""Cases that ship: each is told of whole, is read by what its kind says, and adds up to what was published."""

import io
import json
import re

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import letsdance as ld
from letsdance.commands.main import app
from letsdance.experiments.adopters import data, history, observed
from letsdance.experiments.adopters.counts import read_counts
from letsdance.scenarios import cases
from letsdance.scenarios.cases import CASES
from letsdance.simulation import municipalities
from letsdance.simulation.municipalities import load


def of_kind(*kinds):
    return [f"case:{name}" for name, one in CASES.items() if one.kind in kinds]


def test_the_index_and_the_tables_are_of_the_same_cases_and_each_is_told_of_whole():
    from importlib.resources import files

    there = {file.name for file in files(cases).iterdir() if file.name.endswith(".csv")}
    assert there == {f"{name}.csv" for name in CASES}
    assert {one.kind for one in CASES.values()} == set(cases.KINDS)
    for one in CASES.values():
        assert re.search(r"\b(19|20)\d\d\b", one.source), one.name
        assert all(said.endswith(".") for said in (one.says, one.is_not)), one.name
        assert one.licence


def test_every_case_is_read_by_what_its_kind_says_and_tells_where_it_is_from():
    for source in of_kind("counts", "shares"):
        found = read_counts(source)
        assert (found.kind == "percent") == (source in of_kind("shares"))
        assert CASES[source[5:]].source in found.said[0]
        assert observed.observe(source, 1_000_000, found.units[0])
    (borders,) = of_kind("ties")
    for source in of_kind("times"):
        adoption = data.read_times(source, borders)
        assert CASES[source[5:]].source in adoption.said[0]
        (cascade,) = history.read(source)
        assert cascade.adopters == np.isfinite(adoption.times).sum()
    for source in of_kind("municipalities"):
        assert CASES[source[5:]].source in load(source).said[0]
    for source in of_kind("figures"):
        assert len(pd.read_csv(io.StringIO(CASES[source[5:]].text))) >= 5


def test_mothers_pensions_add_up_to_what_moehling_counts():
    times = data.read_times("case:mothers_pensions").times
    assert [(times <= year).sum() for year in (1911, 1920, 1929)] == [1, 40, 44]
    assert len(times) == 48


def test_the_initiative_stops_at_the_twenty_of_todays_twenty_four_that_had_it_by_1918():
    found = data.read_times("case:statewide_initiative")
    later = {"Florida", "Illinois", "Wyoming"}  # and Alaska, which was no state
    without = {name for name, time in zip(found.nodes, found.times, strict=True) if np.isnan(time)}
    assert (len(found.nodes), len(without)) == (48, 28)
    assert later < without


def test_borders_are_those_of_knuths_graph_without_the_capital():
    ties = pd.read_csv(io.StringIO(CASES["us_state_borders"].text))
    pairs = set(zip(ties["source"], ties["target"], strict=True))
    assert len(pairs) == len(ties) == 2 * (107 - 2)
    assert pairs == {(b, a) for a, b in pairs}
    neighbours = ties["source"].value_counts()
    assert set(neighbours.index) == set(data.read_times("case:mothers_pensions").nodes)
    assert set(neighbours[neighbours == 8].index) == {"Missouri", "Tennessee"} == set(neighbours.nlargest(2).index)
    assert neighbours[neighbours == 1].index.tolist() == ["Maine"]


def test_the_country_has_the_published_sizes_and_its_own_names():
    places = load("case:country")
    assert len(places) == 342
    assert abs(100 * places.citizens.sum() - 17_811_291) < 342 * 50  # each is rounded to a hundred
    largest = [918_117, 663_900, 562_839, 367_947, 243_730]          # the five cities, as CBS publishes them
    assert sorted(places.citizens)[:-6:-1] == [round(size / 100) for size in largest]
    assert places.citizens.min() == round(982 / 100)                 # the smallest island
    assert not np.isfinite(places.given[municipalities.KIND.names[2]]).any()
    assert abs(np.corrcoef(np.arange(342), places.citizens)[0, 1]) < 0.15  # no order of size
    result = ld.simulate("lone_ranger", runs=1, quarters=8, municipalities="case:country")
    assert result.places.names == places.names


@pytest.mark.parametrize(("words", "said"), [
    (("adopters", "describe", "case:mothers_pension"), "Did you mean mothers_pensions?"),
    (("adopters", "describe", "mothers_pensions"), "name case:mothers_pensions, which ships"),
    (("adopters", "data", "bass_exampel"), "name case:bass_example, which ships"),
    (("run", "lone_ranger", "--municipalities", "case:countri"), "Did you mean country?"),
    (("show", "cases", "--copy", "countri"), "Did you mean country?")])
def test_a_wrong_name_is_answered_with_the_nearest(words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, list(words))
    assert isinstance(done.exception, ld.Refused)
    assert said in str(done.exception)


def test_a_case_is_shown_and_copied():  # and given again: test_command.py, of a folder that is not named by --out
    run = CliRunner().invoke
    assert {row["name"] for row in json.loads(run(app, ["show", "cases", "--json"]).stdout)} == set(CASES)
    assert run(app, ["show", "cases", "--copy", "country"]).stdout == CASES["country"].text
