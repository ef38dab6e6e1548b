"""Designs: points stand where their method says, computed here by other means; what cannot be right is refused."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy.stats import qmc

from letsdance.experiments import design
from letsdance.experiments.design import Factor, at, from_csv, from_table, make, parse_factor, parse_factors
from letsdance.experiments.plan import plan
from letsdance.experiments.search import plan as searched
from letsdance.experiments.worlds import of as worlds_of
from letsdance.params import PARAMETERS, Refused
from letsdance.scenarios import Use, load

K, START, PROFILE = "k=0.5:2", "FRCS.start=1:20", "profile=co_creation,telework"


def unit(factor: Factor, values) -> np.ndarray:
    """Where values of a range lie in [0, 1]."""
    return (np.asarray(values, float) - factor.low) / (factor.high - factor.low)


# ---------------------------------------------------------------- factors

def test_a_factor_is_read_as_it_is_typed():
    assert parse_factor("k", "0.5:2") == Factor("k", 0.5, 2.0)
    assert parse_factor("k", "0.5:2:4").grid() == [0.5, 1.0, 1.5, 2.0]
    assert parse_factor("k", " 1, 0.5 ").values == (1.0, 0.5)
    assert parse_factor("k", [1, 2]).values == parse_factor("k", "1,2").values
    assert parse_factor("profile", "telework").values == ("telework",)
    assert parse_factors({"k": "0.5:2", "C0": [0.1]}) == parse_factors(["k=0.5:2", Factor("C0", values=(0.1,))])


@pytest.mark.parametrize("factor", [
    Factor("k", 0.1 + 0.2, 1 / 3 + 1), Factor("k", values=(1 / 3, 1.0)), Factor("FRCS.start", 2, 9, levels=3),
    Factor("profile", values=("telework", "co_creation")), Factor("C0", 1e-7, 0.123456789)])
def test_a_factor_said_is_the_factor_read(factor):
    name, _, said = str(factor).partition("=")
    assert parse_factor(name, said) == factor


def test_values_of_a_factor_are_what_a_scenario_takes():
    assert [type(v) for v in Factor("FRCS.start", values=(3.0, np.int64(4))).values] == [int, int]
    assert Factor("FRCS.strength", values=(1,)).values == (1.0,)


def test_whole_numbers_have_equal_parts_of_a_range():
    found = parse_factor("FRCS.start", "3:7").at((np.arange(1000) + 0.5) / 1000)
    assert pd.Series(found).value_counts().to_dict() == dict.fromkeys(range(3, 8), 200)
    assert parse_factor("FRCS.start", "3:7").at([0.0, 1.0]) == [3, 7]


def test_own_values_have_equal_parts():
    found = parse_factor("k", "0.5,1,2").at((np.arange(999) + 0.5) / 999)
    assert pd.Series(found).value_counts().to_dict() == {0.5: 333, 1.0: 333, 2.0: 333}


@pytest.mark.parametrize(("said", "words"), [
    ("kk=0:1", "no factor 'kk'"), ("FRCS.strenth=0:1", "Did you mean strength"), ("FRC.strength=0:1", "FRCS.strength"),
    ("k=2:0.5", "is empty"), ("k=1:1", "is empty"), ("k=nan:1", "not a number"), ("k=0.5:inf", "not a number"),
    ("k=0.5:x", "not a number"), ("k=0.5", "LOW:HIGH"), ("k", "LOW:HIGH"), ("k=0.5:2:1", "2 to 10,000 levels"),
    ("k=0.5:2:²", "levels"), ("k=0.5:2:1000000000", "levels"), ("k=0.5:99", "leaves what k may be"),
    ("k=1,1.0", "twice"), ("k=1,99", "must lie from"), ("FRCS.start=1.5:3", "whole numbers"),
    ("FRCS.start=1,2.5", "whole number of quarters"), ("FRCS.strength=0:9", "leaves what"), ("profile=a:b", "no profile"),
    ("profile=telewerk", "Did you mean telework"), ("scenario=", "list is empty")])
def test_a_bad_factor_is_refused(said, words):
    with pytest.raises(Refused) as refused:
        parse_factors([said])
    assert words in str(refused.value)


@pytest.mark.parametrize("digits", [20, 25, 400])
@pytest.mark.parametrize("sign", ["", "-"])
def test_numbers_that_no_float_or_word_of_a_machine_holds_are_refused(tmp_path, digits, sign):
    """From a file, typed, and in Python."""
    many = sign + "9" * digits
    calls = [lambda said=said: parse_factor("k", said) for said in (f"{many}:2", f"0.5:{many}", f"0.5:2:{many}")]
    calls += [lambda use=use: parse_factor(use, f"1:{many}") for use in ("FRCS.strength", "FRCS.start", "FRCS.duration")]
    calls += [lambda: plan("lets_dance", ["k=0.5:2"], "latin_hypercube", int(many)),
              lambda: plan("lets_dance", ["k=0.5:2"], "latin_hypercube", 4, replicates=int(many)),
              lambda: plan("lets_dance", ["k=0.5:2"], "morris", trajectories=int(many)),
              lambda: searched("wasteland", budget=-abs(int(many))), lambda: searched("wasteland", budget=10**400)]
    for kind in ("normal", "lognormal", "range"):
        file = tmp_path / f"{kind}.toml"
        file.write_text(f"[k]\n{kind} = [{many}, 1]\n")
        calls.append(lambda file=file: worlds_of(file))
    for call in calls:
        with pytest.raises(Refused) as refused:
            call()
        assert "\n" not in str(refused.value)


def test_a_factor_named_twice_is_refused():
    with pytest.raises(Refused, match="named twice"):
        parse_factors(["k=0.5:1", "k=1:2"])


# ---------------------------------------------------------------- the scenario at a point

def test_a_point_turns_the_dials_of_a_scenario():
    base = load("lone_ranger").changed(levers=["FRCS@8+20*0.5"], parameters={"x0": PARAMETERS["x0"].range[1]})
    moved = at(base, {"k": 1.5, "FRCS.strength": 1.25, "LEAD.start": 4, "austerity.duration": 7, "profile": "telework"})
    assert moved.values()["k"] == 1.5
    assert moved.values()["x0"] == PARAMETERS["x0"].range[1]
    assert moved.levers == (Use("FRCS", 8, 20, 1.25), Use("LEAD", 4, None, 1.0))
    assert moved.shocks == (Use("austerity", 1, 7, 1.0),)
    assert (moved.profile, moved.C, moved.G) == ("telework", base.C, base.G)
    assert base.levers == (Use("FRCS", 8, 20, 0.5),)


def test_a_start_is_a_factor():
    base = load("lets_dance").changed(parameters={"k": 1.5}, quarters=24)
    for name in ("wasteland", "lone_ranger"):
        moved = at(base, {"scenario": name})
        assert (moved.C, moved.G, moved.quarters, moved.values()["k"]) == (load(name).C, load(name).G, 24, 1.5)


def test_a_lever_used_twice_is_not_turned():
    base = load("lone_ranger").changed(levers=["FRCS@1+4", "FRCS@20+4"])
    with pytest.raises(Refused, match="uses FRCS 2 times"):
        at(base, {"FRCS.strength": 0.5})


def test_a_point_that_makes_no_sense_is_refused():
    with pytest.raises(Refused, match="after the horizon"):
        at(load("lone_ranger").changed(quarters=12), {"FRCS.start": 30})


# ---------------------------------------------------------------- designs

def test_a_grid_is_the_product_of_levels():
    found = make("grid", ["k=0.5:2:4", "FRCS.start=1:3", PROFILE])
    expected = list(itertools.product(np.linspace(0.5, 2, 4), [1, 2, 3], ["co_creation", "telework"]))
    assert list(found.table.itertuples(index=False, name=None)) == expected
    assert list(found.table) == ["k", "FRCS.start", "profile"]
    assert design.count("grid", found.factors, None, None) == len(found) == 24


def test_a_latin_hypercube_has_one_point_in_each_stratum_of_each_factor():
    found = make("latin_hypercube", [K, "C0=0:1", "G0=0.2:0.4"], 60, seed=3)
    for factor in found.factors:
        strata = np.floor(unit(factor, found.table[factor.name]) * 60).astype(int)
        assert sorted(strata) == list(range(60)), factor.name
    rank = found.table.rank().corr().to_numpy()
    assert np.abs(rank[np.triu_indices(3, 1)]).max() < 0.5


def test_sobol_points_are_spread_more_evenly_than_chance():
    names = [K, "C0=0:1", "G0=0:1", "x0={:g}:{:g}".format(*PARAMETERS["x0"].range)]
    found = make("sobol", names, 128, seed=5)
    u = np.column_stack([unit(f, found.table[f.name]) for f in found.factors])
    rng = np.random.default_rng(1)
    chance = [qmc.discrepancy(rng.random(u.shape)) for _ in range(20)]
    assert qmc.discrepancy(u) < 0.5 * min(chance)
    for column in u.T:  # a net: every stratum of 1/128 has its point
        assert sorted(np.floor(column * 128)) == list(range(128))


def test_other_numbers_of_sobol_points_are_the_first_of_the_sequence():
    whole, some = make("sobol", [K, "C0=0:1"], 64), make("sobol", [K, "C0=0:1"], 37)
    pd.testing.assert_frame_equal(whole.table.head(37), some.table)


def test_morris_turns_one_factor_a_step_by_the_same_amount():
    found = make("morris", [K, "C0=0:1", "FRCS.start=1:40"], trajectories=6, seed=2)
    u = np.column_stack([unit(f, found.table[f.name]) for f in found.factors])
    assert len(found) == 6 * 4 == design.count("morris", found.factors, None, 6)
    for first in range(0, 24, 4):
        moves = np.diff(u[first:first + 4], axis=0)
        assert (np.count_nonzero(moves, axis=1) == 1).all()
        assert sorted(np.abs(moves).argmax(axis=1)) == [0, 1, 2]
        np.testing.assert_allclose(np.abs(moves[:, :2]).max(axis=0), 2 / 3)  # levels / (2 (levels - 1)), Morris 1991


def test_one_at_a_time_turns_one_factor_from_the_base():
    base = load("lone_ranger").changed(levers=["FRCS@8+20*0.5"], parameters={"k": 0.75})
    found = make("one_at_a_time", [K, "FRCS.start=1:20:3", "FRCS.strength=0,1", PROFILE], scenario=base)
    first = {"k": 0.75, "FRCS.start": 8, "FRCS.strength": 0.5, "profile": "co_creation"}
    assert found.points(0, 1) == [first]
    turned = [{name: value for name, value in point.items() if value != first[name]}
              for point in found.points(1, len(found))]
    assert turned == [*({"k": v} for v in np.linspace(0.5, 2, 5)), *({"FRCS.start": v} for v in (1, 10, 20)),
                      {"FRCS.strength": 0.0}, {"FRCS.strength": 1.0}, {"profile": "telework"}]


@pytest.mark.parametrize(("method", "more"), [("latin_hypercube", {"points": 16}), ("sobol", {"points": 16}),
                                              ("morris", {"trajectories": 4})])
def test_seeds_place_points(method, more):
    once, again, other = (make(method, [K, START, PROFILE], seed=seed, **more).table for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(once, again)
    assert not once.equals(other)
    assert once["FRCS.start"].dtype.kind == "i"
    assert set(once["profile"]) == {"co_creation", "telework"}


def test_every_point_of_a_design_is_a_scenario_with_its_values():
    found = make("sobol", [K, START, "austerity.strength=0:1.5"], 8)
    for row, point in enumerate(found.points(0, 8)):
        story = found.scenario(load("wasteland"), row)
        assert story.values()["k"] == point["k"] == found.table["k"][row]
        assert story.levers == (Use("FRCS", point["FRCS.start"], None, 1.0),)
        assert story.shocks[0].strength == point["austerity.strength"]


@pytest.mark.parametrize(("method", "more", "words"), [
    ("gird", {}, "Did you mean grid"), ("grid", {"factors": []}, "at least one factor"),
    ("grid", {"points": 9}, "takes no number of points"), ("sobol", {"points": 8, "trajectories": 2}, "trajectories"),
    ("grid", {"file": "a.csv"}, "takes no file"), ("list", {"file": "a.csv"}, "leave out the factor k"),
    ("list", {"factors": []}, "needs a CSV"), ("sobol", {}, "number of points"),
    ("latin_hypercube", {}, "number of points"),
    ("sobol", {"points": 0}, "points must be"), ("latin_hypercube", {"points": 2.5}, "points must be"),
    ("latin_hypercube", {"points": 10**9}, "points must be"), ("morris", {"trajectories": 0}, "trajectories must be"),
    ("sobol", {"points": 8, "seed": -1}, "seed")])
def test_a_bad_design_is_refused(method, more, words):
    with pytest.raises(Refused) as refused:
        make(method, **{"factors": [K], **more})
    assert words in str(refused.value)


# ---------------------------------------------------------------- lists of points

def test_a_list_of_points_is_read_from_csv(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("\ufeffk, FRCS.start ,profile\n0.5,3,telework\n\n 1.25 ,4.0,co_creation\n", encoding="utf-8")
    found = from_csv(path)
    assert found.points(0, 2) == [{"k": 0.5, "FRCS.start": 3, "profile": "telework"},
                                  {"k": 1.25, "FRCS.start": 4, "profile": "co_creation"}]
    assert [str(f) for f in found.factors] == ["k=0.5,1.25", "FRCS.start=3,4", "profile=telework,co_creation"]


def test_a_long_list_is_said_by_its_ranges():
    values = np.linspace(0.5, 2, 1000)
    found = from_table(pd.DataFrame({"k": values, "FRCS.start": np.arange(1000) % 7 + 1}))
    assert [str(f) for f in found.factors] == ["k=0.5:2", "FRCS.start=1,2,3,4,5,6,7"]
    assert (found.table["k"].to_numpy() == values).all()


@pytest.mark.parametrize(("text", "words"), [
    ("", "is empty"), ("k\n", "no points"), ("k,k\n1,1\n", "twice"), ("kk\n1\n", "no factor 'kk'"),
    ("k,C0\n1\n", "line 2: a row of 1"), ("k\n1\n\nx\n", "line 4: k 'x' must be a number"),
    ("k,C0\n1,\n", "the column C0 is empty"), ("k,C0\n1,.5\n1,\n", "line 3: C0 '' is missing"),
    ("k\n1\n99\n", "line 3: k"), ("FRCS.start\n2.5\n", "line 2: start of FRCS must be a whole number"),
    ("profile\ntelewerk\n", "line 2: there is no profile"), ("k\ninf\n", "line 2: k")])
def test_a_bad_list_is_refused_with_its_line(tmp_path, text, words):
    path = tmp_path / "points.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Refused) as refused:
        from_csv(path)
    assert words in str(refused.value)


def test_files_that_are_no_list_are_refused(tmp_path):
    (tmp_path / "bytes.csv").write_bytes(b"k\n\x01\x81\n")
    for path, words in (("missing.csv", "there is no file"), ("bytes.csv", "not UTF-8"), (".", "cannot be read")):
        with pytest.raises(Refused, match=words):
            from_csv(tmp_path / path)
    with pytest.raises(Refused, match="twice"):
        from_table(pd.DataFrame([[1, 2]], columns=["k", "k"]))
