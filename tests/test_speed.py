"""What speeds up the late: measures against loops by hand, effects against `compare`, and what is said of them."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from pseudo import crowded, plain_english
from scipy import stats
from typer.testing import CliRunner

from letsdance.experiments.adopters import calibrate as c
from letsdance.experiments.adopters import speed as s
from letsdance.experiments.compare import compare
from letsdance.params import Refused
from letsdance.scenarios import LEVERS
from letsdance.simulation import simulate
from letsdance.simulation.run import CATEGORIES


@pytest.fixture(scope="module")
def found():
    return s.speed("lets_dance", runs=12, quarters=48)


def test_measures_are_what_loops_count():
    result = simulate("lone_ranger", runs=3, quarters=30)
    got = s.measures(result)
    for r in range(3):
        for g, name in enumerate(s.GROUPS):
            members = [m for m in range(40) if name == "all" or result.category[r, m] == list(CATEGORIES).index(name)]
            gone, used, deep, given, half = [], [], [], [], 30
            for m in members:
                stages = result.stage[r, :, m]
                times = [t for t in range(31) if stages[t] in (3, 4)]
                gone.append(30 - times[0] if times else 0)
                used.append(result.depth[r, -1, m] if stages[-1] in (3, 4) else 0.0)
                if stages[-1] in (3, 4):
                    deep.append(result.depth[r, -1, m])
                if times:
                    given.append(5 in stages)
            for t in range(30, -1, -1):
                if sum(30 - gone_one <= t and gone_one > 0 for gone_one in gone) >= len(members) / 2:
                    half = t
            assert got["sooner"][r, g] == pytest.approx(np.mean(gone))
            assert got["ever"][r, g] == pytest.approx(len(given) / len(members))
            assert got["in_use"][r, g] == pytest.approx(len(deep) / len(members))
            assert got["used"][r, g] == pytest.approx(np.mean(used))
            assert got["half"][r, g] == half
            for measure, values in (("depth", deep), ("given_up", given)):
                expected = np.mean(values) if values else np.nan
                assert got[measure][r, g] == pytest.approx(expected, nan_ok=True)
    assert got["citizens"][:, -1].tolist() == result.rows["uses"][:, -1].tolist()


def test_effects_are_paired_and_agree_with_compare(found):
    other = compare({"as it is": "nothing:", "mandate": "mandate: MANDATE@8"}, start="lets_dance", runs=12, quarters=48)
    for measure, indicator in (("citizens", "uses"), ("ever", "ever_adopted"), ("in_use", "on")):
        ours, theirs = found.effect("mandate", measure, "all"), other.effect("mandate", indicator).difference
        assert ours["mean"] == pytest.approx(theirs.mean)
        assert theirs.low <= ours["low"] + 1e-9  # that of compare allows for a rare run that has not been seen
        assert theirs.high >= ours["high"] - 1e-9


def test_an_interval_of_a_scenario_is_students(found):
    a, b = (found.values[name]["sooner"][:, 4] for name in ("as it is", "mandate"))
    low, high = stats.t.interval(0.95, 11, (b - a).mean(), stats.sem(b - a))
    e = found.effect("mandate", "sooner")
    assert (e["low"], e["high"]) == pytest.approx((low, high))


def test_the_late_answer_to_obligation_and_imitation_and_pay_in_depth(found):
    """S63, S70: obligation and imitation move the late; S182: what is adopted for the law's sake is shallower."""
    for policy in ("mandate", s.IMITATION):
        late, early = (found.effect(policy, "sooner", name)["mean"] for name in ("laggards", "early_adopters"))
        assert found.effect(policy, "sooner")["low"] > 0
        assert late > early
    assert found.effect("mandate", "depth")["high"] < 0
    assert found.effect("change management", "depth")["low"] > 0
    assert found.effect("mandate and change management", "depth")["mean"] > found.effect("mandate", "depth")["mean"]


def test_imitation_is_the_case_less_the_case_without_it(found):
    e = found.effect(s.IMITATION, "sooner")
    without = simulate("lets_dance", runs=12, quarters=48, parameters={"on_imitation": 0})
    assert e["before"] == pytest.approx(s.measures(without)["sooner"][:, 4].mean())
    assert e["after"] == pytest.approx(s.measures(simulate("lets_dance", runs=12, quarters=48))["sooner"][:, 4].mean())


def test_points_are_the_levers(found):
    quarters = 48 - 8 + 1
    assert found.points["mandate"] == LEVERS["MANDATE"]["cost"] * quarters
    assert found.points["mandate and change management"] == (LEVERS["MANDATE"]["cost"] + LEVERS["CHM"]["cost"]) * quarters
    assert found.points[s.IMITATION] == 0


def test_a_half_that_never_comes_is_no_number():
    made = s.speed("wasteland", {"mandate": "MANDATE@8"}, runs=4, quarters=12)
    rows = made.halves.set_index(["policy", "category"])
    row = rows.loc[("as it is", "laggards")]
    assert row["reached"] == 0
    assert math.isnan(row["median"])
    assert (made.values["as it is"]["half"][:, 4] == 12).all()


def test_equal_seeds_give_equal_numbers_whatever_the_threads(found):
    again = s.speed("lets_dance", runs=12, quarters=48, threads=1)
    assert again.effects.equals(found.effects)


# ---------------------------------------------------------------- over a posterior

@pytest.fixture(scope="module")
def calibrated(tmp_path_factory):
    from letsdance.experiments import folder

    cum = [1, 3, 6, 11, 15, 17, 18, 18]
    made = c.calibrate(pd.DataFrame({"t": range(8), "cum": cum}), population=20, free=["v0=-0.6:0.3", "vM=0:2"],
                       particles=50, most=150, predictions=20)
    place = tmp_path_factory.mktemp("cal") / "cal"
    folder.keep(place, "adopters calibrate", "", c.manifest_of(made), c.tables_of(made))
    return made, place


def test_draws_of_a_posterior_meet_every_policy_on_equal_luck(calibrated):
    made, place = calibrated
    found = s.speed(place, {"mandate": "MANDATE@4"}, draws=6, runs=2, quarters=32, seed=3)
    theta = c.load(place).draws(6, 3)
    assert theta == pytest.approx(made.draws(6, 3))
    own = []
    for d, one in enumerate(theta):
        story = made.case.scenario_at(one, 32, 20)
        pair = [s.measures(simulate(x, runs=2, seed=3 + 2 * d))["used"][:, -1].mean()
                for x in (story.changed(levers=["MANDATE@4"]), story)]
        own.append(pair[0] - pair[1])
    e = found.effect("mandate", "used", "all")
    assert e["mean"] == pytest.approx(np.mean(own))
    assert (e["low"], e["high"]) == pytest.approx(tuple(np.quantile(own, [0.025, 0.975])))
    assert any("posterior's draws" in line for line in s.limits(found))
    assert any("4 quarters of the model" in line and "Quarter 8, in which policies begin, then lies in period 1 of the data"
               in line for line in s.limits(found))
    assert s._clock(made, 32).endswith("in period 7 of the data.")
    assert s._clock(made, 33).endswith("after the record ends.")


# ---------------------------------------------------------------- what is said

def with_effect(found, measure, shift):
    """The study with laggards under a mandate `shift` away from the case as it is in one measure, in every run."""
    values = {name: dict(measures) for name, measures in found.values.items()}
    moved = values["as it is"][measure].copy()
    moved[:, 4] += shift + 0.001 * np.arange(len(moved))
    values["mandate"][measure] = moved
    return replace(found, values=values)


def test_sentences_follow_the_numbers(found):
    def said(measure, shift):
        return next(line for line in s.sentences(with_effect(found, measure, shift)) if line.startswith("With mandate,"))

    assert "10 quarters sooner" in said("sooner", 10)
    assert "10 quarters later" in said("sooner", -10)
    assert "no clear difference" in said("sooner", -0.0055)
    assert "but what they have in use is shallower" in said("depth", -0.2)
    assert "deeper" in said("depth", 0.2)
    assert "a little deeper" in said("depth", 0.01)
    assert "not clearly deeper or shallower" in said("depth", -0.0055)
    assert "a loss" in said("used", -0.2)
    assert "a gain" in said("used", 0.2)
    assert f"for {41 * LEVERS['MANDATE']['cost']:g} points" in said("used", 0.2)


def test_the_headline_names_the_fastest(found):
    said = s.headline(with_effect(found, "sooner", 40))
    assert said.startswith("What speeds up laggards most is mandate: 40 quarters sooner")
    slow = {name: {m: (v if m != "sooner" else found.values["as it is"][m]) for m, v in values.items()}
            for name, values in found.values.items()}
    assert s.headline(replace(found, values=slow)) == "None of what was tried clearly speeds up laggards."


@pytest.mark.parametrize(("given", "word"), [
    ({"case": "lets_dnace"}, "lets_dance"), ({"case": "late.csv"}, "no calibration or start"),
    ({"given": ["fast: MANDAT@8"]}, "MANDATE"), ({"given": ["x:"]}, "does nothing"),
    ({"given": ["a: CHM@8", "a: TRAIN@8"]}, "two policies"), ({"given": ["imitation: CHM@8"]}, "two policies"),
    ({"given": ["x: wasteland"]}, "start of its own"), ({"given": []}, "at least one"), ({"runs": 1}, "runs"),
    ({"start": 80}, "after the horizon"), ({"start": 0}, "start"), ({"quarters": 3}, "quarters"),
    ({"draws": 20}, "this case is a scenario"), ({"quarters": 0}, "quarters"), ({"seed": -1}, "seed")])
def test_a_mistake_ends_in_one_sentence(given, word):
    with pytest.raises(Refused, match=word) as refused:
        s.speed(**given)
    assert "\n" not in str(refused.value)


# ---------------------------------------------------------------- page and command

TYPED = r"(?:MANDATE|PILOT|TRAIN|CHM|AWARD)@\d+\*1|test_speed"


def test_what_speeds_up_the_late_speaks_the_language_that_is_asked(found, calibrated, spoken):
    from letsdance.report.sheet import NARROW, WIDE
    from letsdance.report.speed import effects, speed_study, tradeoff

    ours = s.speed(calibrated[1], draws=2, runs=1, quarters=24)
    for one in (found, ours, with_effect(found, "sooner", 40), with_effect(found, "depth", 0.01)):
        assert not plain_english(speed_study(one, spoken), TYPED)
        for width in (WIDE, NARROW):
            assert not crowded(effects(one, width, spoken))
            assert not crowded(tradeoff(one, width, spoken))


def test_what_is_printed_of_speed_speaks_the_language_that_is_asked(tmp_path, monkeypatch, spoken):
    from letsdance.commands.main import app

    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["adopters", "speed", "--runs", "2", "--quarters", "12", "--out", "0", "--language",
                                    spoken.language])
    assert done.exit_code == 0, done
    assert not re.findall(r"[A-Za-z]{2,}|\d\.\d", done.stdout.replace("0/report.html", ""))


def test_figures_are_drawn_for_both_widths(found):
    from letsdance.report.sheet import NARROW, WIDE
    from letsdance.report.speed import effects, speed_study, tradeoff

    study = speed_study(found)
    assert study.headline == s.headline(found)
    assert all(len(row) == len(t.columns) for section in study.sections for t in section.tables for row in t.rows)
    for make in (effects, tradeoff):
        assert make(found, WIDE).height > 0
        assert "laggards" in make(found, NARROW).svg()


def test_the_command_writes_a_folder(tmp_path, monkeypatch, calibrated):
    from letsdance.commands.main import app

    monkeypatch.chdir(tmp_path)

    def run(*words):
        return CliRunner().invoke(app, ["adopters", "speed", *map(str, words)])

    words = (calibrated[1], "--policy", "law: MANDATE@4", "--draws", "3", "--runs", "1", "--quarters", "24", "--out", "sp")
    said = json.loads(run(*words, "--json").stdout)
    assert set(said["policies"]) == {"as it is", "imitation", "law"}
    assert {row["category"] for row in said["effects"]} == set(s.GROUPS)
    page = (tmp_path / "sp/report.html").read_text(encoding="utf-8")
    assert "Adoption is not use" in page
    assert "--overwrite" in str(run(*words).exception)
    assert "Laggards: difference" in run(*words, "--overwrite").stdout
    assert isinstance(run("lets_dance", "--policy", "MANDAT@8", "--out", "no").exception, Refused)
    assert not (tmp_path / "no").exists()
