"""Plans: a design file says what flags say; too much is refused with what it would cost; bad entries with their line."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from letsdance.experiments import plan as plans
from letsdance.experiments.design import from_table
from letsdance.experiments.plan import plan, read
from letsdance.params import Refused
from letsdance.simulation.municipalities import from_text

FILE = """
title = "How strong must support be?"
scenario = "lone_ranger"
quarters = 24
method = "sobol"
points = 16
replicates = 5
seed = 3
outcomes = ["lets_dance", "ever_adopted@20", "T@10-20"]
keep = ["adopters"]
every = 8
levers = ["LEAD@2+8"]

[parameters]
municipalities = 4
citizens = 10

[factors]
k = "0.5:2"
FRCS.strength = "0:1.5"
FRCS.start = "1:10"
"austerity.duration" = [4, 8]
"""
FLAGS = {"factors": ["k=0.5:2", "FRCS.strength=0:1.5", "FRCS.start=1:10", "austerity.duration=4,8"], "quarters": 24,
         "method": "sobol", "points": 16, "replicates": 5, "seed": 3, "keep": ["adopters"], "every": 8,
         "outcomes": ["lets_dance", "ever_adopted@20", "T@10-20"], "levers": ["LEAD@2+8"],
         "parameters": {"municipalities": 4, "citizens": 10}, "title": "How strong must support be?"}


def written(folder, text):
    path = folder / "a design.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_says_what_flags_say(tmp_path):
    found, expected = read(written(tmp_path, FILE)), plan("lone_ranger", **FLAGS)
    assert found.said() == expected.said()
    pd.testing.assert_frame_equal(found.design.table, expected.design.table)
    assert (found.runs, len(found.design)) == (80, 16)
    json.dumps(found.said())


def test_a_lever_may_have_a_table_of_its_own(tmp_path):
    dials = 'FRCS.strength = "0:1.5"\nFRCS.start = "1:10"\n'
    path = written(tmp_path, FILE.replace(dials, "") + "\n[factors.FRCS]\n" + dials.replace("FRCS.", ""))
    assert {str(f) for f in read(path).design.factors} == set(FLAGS["factors"])
    path.write_text(path.read_text(encoding="utf-8").replace("0:1.5", "0:15"), encoding="utf-8")
    with pytest.raises(Refused, match=r"line 23: factor FRCS\.strength"):
        read(path)


@pytest.mark.parametrize(("old", "new", "words"), [
    ("points = 16", "pionts = 16", "line 6: there is no entry 'pionts' in a design. Did you mean points"),
    ("points = 16", 'points = "16"', "line 6: points must be a whole number"),
    ("points = 16", "points = true", "line 6: points must be a whole number"),
    ("points = 16", "points = 0", "line 6: points must be a whole number from 1"),
    ("points = 16", "points = 16\ntrajectories = 3", "takes no number of trajectories"),
    ("replicates = 5", "replicates = 0", "line 7: replicates must be"), ("seed = 3", "seed = -1", "line 8: seed must be"),
    ("quarters = 24", "quarters = 5", "line 4: quarters"), ('"sobol"', '"sobel"', "Did you mean sobol"),
    ('"lone_ranger"', '"lone_rangr"', "Did you mean lone_ranger"), ('"lone_ranger"', "7", "line 3: scenario must be text"),
    ('"lets_dance"', '"lets_dane"', "Did you mean lets_dance"), ("@20", "@30", "after the horizon of 24"),
    ('["adopters"]', '["adoptors"]', "Did you mean adopters"), ('["adopters"]', "3", "line 10: keep must be a list"),
    ('["LEAD@2+8"]', '["LEAD@2+8", "LEAD@4"]', "used twice at the same time"),
    ('"LEAD@2+8"', '"LAED@2"', "no lever 'LAED'"),
    ("citizens = 10", "citizen = 10", "no parameter 'citizen'"),
    ('k = "0.5:2"', 'k = "2:0.5"', "line 19: factor k: the range"),
    ('k = "0.5:2"', "k = []", "line 19: factor k: the list is empty"), ('k = "0.5:2"', "k = 3", "line 19: factor k"),
    ('k = "0.5:2"', 'q = "0.5:2"', "line 19: there is no factor 'q'"),
    ('"0:1.5"', '"0:15"', "line 20: factor FRCS.strength"),
    ('start = "1:10"', 'start = "1:100"', "line 21: factor FRCS.start"),
    ('start = "1:10"', 'strat = "1:10"', "line 21: factor 'FRCS.strat': FRCS has no dial"),
    ("FRCS.start", "FRC.start", "line 21: there is no factor 'FRC.start'. Did you mean FRCS.start"),
    ("quarters = 24", "quarters = ", "not valid TOML")])
def test_a_bad_file_is_refused_with_its_line(tmp_path, old, new, words):
    assert FILE.count(old) == 1
    path = written(tmp_path, FILE.replace(old, new))
    with pytest.raises(Refused) as refused:
        read(path)
    assert str(refused.value).startswith(str(path))
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("table", ["factors", "parameters"])
def test_an_empty_table_is_refused(tmp_path, table):
    with pytest.raises(Refused, match=rf"\[{table}\] must be a table with at least one entry"):
        read(written(tmp_path, f"[{table}]\n"))


def test_no_file_is_refused(tmp_path):
    with pytest.raises(Refused, match=r"no file .*see docs/sweeps\.md"):
        read(tmp_path / "none.toml")
    with pytest.raises(Refused, match="cannot be read"):
        read(tmp_path)


def test_files_stand_beside_the_design(tmp_path, monkeypatch):
    (tmp_path / "points.csv").write_text("k\n0.5\n1\n", encoding="utf-8")
    (tmp_path / "towns.csv").write_text("name,citizens\nNorth,10\nSouth,20\n", encoding="utf-8")
    (tmp_path / "own.toml").write_text("[start]\nC = 0.25\nG = 0.5\n", encoding="utf-8")
    path = written(tmp_path, 'scenario = "own.toml"\nfile = "points.csv"\nmethod = "list"\nmunicipalities = "towns.csv"\n')
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    found = read(path)
    assert (found.scenario.C, len(found.design), found.municipalities) == (0.25, 2, (tmp_path / "towns.csv").read_text())
    path.write_text('method = "grid"\n[factors]\nmunicipalities = ["towns.csv"]\nscenario = "own.toml,wasteland"\n')
    assert set(read(path).texts.values()) == {(tmp_path / name).read_text() for name in ("towns.csv", "own.toml")}


def test_1e8_runs_are_refused_with_what_they_cost(monkeypatch):
    monkeypatch.setattr(plans, "estimate", lambda scenario: (0.007, 600.0))
    monkeypatch.setattr("letsdance.simulation.society.cores", lambda: 2)
    with pytest.raises(Refused) as refused:
        plan("lone_ranger", ["k=0.5:2"], points=5_000_000, replicates=20)
    assert "100,000,000 runs: some 4 days on the 2 cores" in str(refused.value)  # 1e8 * 0.007 s / 2 = 4.05 days
    assert "60 GB" in str(refused.value)
    with pytest.raises(Refused, match="runs: some"):  # before the grid is made
        plan("lone_ranger", [f"{name}=0:1:100" for name in ("C0", "G0", "x0", "FRCS.strength")], "grid")


def test_the_estimate_is_measured():
    story = plan("lone_ranger", ["k=1,2"], "grid", parameters={"municipalities": 2, "citizens": 5}, quarters=8).scenario
    seconds, size = plans.estimate(story)
    assert 1e-6 < seconds < 5
    assert size > 0


@pytest.mark.parametrize(("said", "words"), [
    ({"replicates": 0}, "replicates"), ({"replicates": True}, "replicates"), ({"every": 0}, "every"),
    ({"seed": 2**62}, "seed"), ({"method": "gird"}, "Did you mean grid"), ({"points": 3}, "takes no number of points"),
    ({"levers": ["FRCS@1+10", "FRCS@5+10"]}, "used twice at the same time"),
    ({"shocks": ["austerity@1+10", "austerity@10+2"]}, "used twice at the same time"),
    ({"factors": ["scenario=lone_rangr"]}, "Did you mean lone_ranger"),
    ({"factors": ["municipalities=none.csv"]}, "factor municipalities: there is no file none.csv"),
    ({"municipalities": "none.csv"}, "there is no file none.csv"),
    ({"factors": ["scenario=wasteland"], "profile": "telework"}, "profile=telework"),
    ({"factors": ["FRCS.start=1:61"]}, "after the horizon of 60"), ({"outcomes": ["G@61"]}, "after the horizon of 60"),
    ({"outcomes": "lets_dance@x"}, "cannot be read"), ({"outcomes": ["time_to_50@8"]}, "whole run"),
    ({"outcomes": ["G@9-8"]}, "ends before"), ({"keep": "runs"}, "no table 'runs'"),
    ({"factors": ["FRCS.strength=0,1"], "levers": ["FRCS@1+4", "FRCS@20"]}, "uses FRCS 2 times")])
def test_a_bad_plan_is_refused(said, words):
    with pytest.raises(Refused) as refused:
        plan("lone_ranger", **{"factors": ["k=0.5,1"], "method": "grid", **said})
    assert words in str(refused.value)


def test_tables_of_municipalities_for_all_points_are_one_or_the_other(tmp_path):
    (tmp_path / "towns.csv").write_text("name,citizens\nNA,10\n", encoding="utf-8")
    towns = str(tmp_path / "towns.csv")
    with pytest.raises(Refused, match="leave out one"):
        plan("lone_ranger", [f"municipalities={towns}"], "grid", municipalities=towns)
    by_path = plan("lone_ranger", ["k=1,2"], "grid", municipalities=towns)
    by_table = plan("lone_ranger", ["k=1,2"], "grid", municipalities=pd.read_csv(towns, keep_default_na=False))
    for found in (by_path, by_table):
        places = from_text(found.municipalities)
        assert (places.names, places.citizens.tolist()) == (("NA",), [10])


def test_a_design_of_ones_own_takes_the_place_of_factors():
    found = plan("lone_ranger", design=from_table(pd.DataFrame({"k": [0.5, 1, 2]})), replicates=4)
    assert (found.runs, found.design.method) == (12, "list")


def test_a_factor_that_is_also_set_is_refused():
    with pytest.raises(Refused, match="k is both a factor and set to one value; keep one"):
        plan("lone_ranger", ["k=0.5:1"], points=4, parameters={"k": 1.0})


@pytest.mark.parametrize("line", ["keep = [1]", "keep = [['society']]", "outcomes = [1]", "outcomes = [{}]"])
def test_a_design_with_entries_that_are_no_texts_is_refused(tmp_path, line):
    (tmp_path / "a.toml").write_text(f"points = 2\n{line}\n[factors]\nk = [0.5, 2.0]\n")
    with pytest.raises(Refused, match=r"line 2: .* must be a list of texts"):
        read(tmp_path / "a.toml")
