"""Pathways: rules are read and refused, fire by what can be seen, and change nothing before they do."""

from __future__ import annotations

import json

import numpy as np
import pytest
from pseudo import plain_english
from typer.testing import CliRunner

import letsdance as ld
from letsdance.experiments.pathways import Rule, follow, pathways, read, seen
from letsdance.experiments.worlds import Worlds
from letsdance.params import Refused
from letsdance.report.pathways import pathways_study
from letsdance.scenarios import load
from letsdance.simulation import municipalities

START = load("lone_ranger").changed(parameters={"municipalities": 10, "citizens": 15}, quarters=16)


def test_a_rule_is_read_as_it_is_typed():
    way = read("watchful: LEAD@4; OUT+20*0.5 if support@12 < 30%, k=1.2")
    assert way.rules == (Rule("OUT", "C", 12, "<", 0.3, 20, 0.5),)
    assert [str(use) for use in way.policy.levers] == ["LEAD@4*1"]
    assert way.policy.parameters == (("k", 1.2),)
    assert read("x: OUT if trust by quarter 6 >= 0.5").rules[0] == Rule("OUT", "T", 6, ">=", 0.5)
    assert read("plain: LEAD@4").rules == ()
    assert str(way.rules[0]) == "OUT+20*0.5 if C@12 < 0.3"


@pytest.mark.parametrize(("text", "said"), [
    ("x: OUT if C < 0.3", "cannot be read"), ("x: OUTT if C@4 < 0.3", "no lever"), ("x: OUT if K@4 < 0.3", "cannot "
                                                                                                           "observe K"),
    ("x: OUT if C@99 < 0.3", "not before the horizon"), ("x: OUT@2; OUT if C@4 < 0.3", "used twice"),
    ("x: OUT*9 if C@4 < 0.3", "strength"), (": OUT if C@4 < 0.3", "no name before"), ("x: OUT+0 if C@4 < 0.3", "from 1")])
def test_a_rule_that_cannot_be_is_refused(text, said):
    with pytest.raises(Refused, match=r"^[^\n]*$") as refused:
        pathways([text, "other: LEAD@4"], START, runs=2)
    assert said in str(refused.value)


def test_nothing_differs_before_a_rule_fires_and_afterwards_it_is_the_run_with_the_lever():
    rules = (Rule("OUT", "participation", 5, "<", 0.2, 6), Rule("FAL", "services", 9, ">", 1.0))
    seeds, towns = np.arange(3, 15, dtype=np.uint64), municipalities.of(START)
    result, points, fired = follow(START, rules, towns, seeds, survey=100_000_000)
    plain = ld.simulate(START, 12, seed=3)
    assert 0 < fired[:, 0].sum() < 12 or 0 < fired[:, 1].sum() < 12, fired
    assert (result.rows["C"][:, :6] == plain.rows["C"][:, :6]).all()
    for r in range(12):
        levers = [f"{rule.lever}@{rule.quarter + 1}" + (f"+{rule.duration}" if rule.duration else "")
                  for k, rule in enumerate(rules) if fired[r, k]]
        alone = ld.simulate(START, 1, seed=3 + r, levers=levers)
        assert result.rows[r].tobytes() == alone.rows[0].tobytes()
        assert fired[r, 0] == (plain.rows["participation"][r, 5] < 0.2)
    spent = {tuple(row): p for row, p in zip(fired.tolist(), points, strict=True)}
    assert spent.get((False, False), 0.0) == 0.0
    if (True, False) in spent:
        assert spent[True, False] == ld.LEVERS["OUT"]["cost"] * 6


def test_a_survey_errs_as_a_sample_does_and_the_same_for_every_policy():
    rule, seeds = Rule("OUT", "C", 4, "<", 0.3), np.arange(2000, dtype=np.uint64)
    told = seen(rule, np.full(2000, 0.3), seeds, 400)
    assert told.mean() == pytest.approx(0.3, abs=0.002)
    assert told.std() == pytest.approx(np.sqrt(0.3 * 0.7 / 400), rel=0.06)
    assert (seen(rule, np.full(2000, 0.3), seeds, 400) == told).all()
    assert (seen(Rule("OUT", "services", 4, "<", 3), np.full(5, 2.0), seeds[:5], 10) == 2.0).all()


def test_a_rule_that_always_fires_is_a_policy_and_one_that_never_does_is_none():
    found = pathways(["nothing:", "always: LEAD+6 if services@3 >= 0", "never: LEAD if services@3 < 0", "steady: "
                                                                                                        "LEAD@4+6"], START,
                     "G", 4)
    by = dict(zip(found.over.scenarios, found.over.values, strict=True))
    assert by["always"].tolist() == by["steady"].tolist()
    assert by["never"].tolist() == by["nothing"].tolist()
    frame = found.summary.set_index("policy")
    assert frame.loc["always", "points"] == frame.loc["steady", "points"] > 0
    assert frame["rule_1"].tolist()[1:3] == [1.0, 0.0]


def test_pathways_over_worlds_and_the_command(tmp_path, monkeypatch, spoken):
    from letsdance.commands.main import app

    found = pathways(["a: LEAD@2", "b: LEAD@2; OUT+4 if C@4 < 0.6"], START, runs=2, worlds=Worlds(5, "30%"))
    assert found.points.shape == (2, 5, 2)
    assert (found.points[1] >= found.points[0]).all()
    rule = r"(?<!\w)[ab](?!\w)|OUT\+4\*1 if C@4 < 0\.6|\(LEAD|(?:citizens|municipalities) = "
    assert not plain_english(pathways_study(found, spoken), rule)
    monkeypatch.chdir(tmp_path)
    words = ["pathways", "lone_ranger", "--policy", "a: LEAD@2", "--policy", "b: LEAD@2; OUT+4 if C@4 < 0.6"]
    words += ["--quarters", "10"]
    monkeypatch.setattr("sys.argv", ["letsdance", *words])
    done = CliRunner().invoke(app, [*words, "--runs", "3", "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.output)
    assert [row["policy"] for row in said["summary"]] == ["a", "b"]
    page = (tmp_path / "letsdance-pathways" / "report.html").read_text()
    assert "comes out best" in page
    assert "sampling error" in page
