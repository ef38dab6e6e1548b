"""Calibrating to what people answered in waves: its errors, what it pins, panels, what new runs would answer, mistakes."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from pseudo import crowded, plain_english
from scipy.stats import multivariate_normal
from typer.testing import CliRunner

import letsdance as ld
from letsdance.commands.calibrating import _print_calibration
from letsdance.experiments import folder
from letsdance.experiments.adopters import abc_smc
from letsdance.experiments.adopters import calibrate as c
from letsdance.experiments.adopters import identification as words
from letsdance.experiments.adopters.speed import speed
from letsdance.experiments.adopters.surveys import read_survey
from letsdance.experiments.seen import Seen, answered, read_seen
from letsdance.params import Refused
from letsdance.report.calibration import calibration_study, in_waves_predicted
from letsdance.report.sheet import NARROW, WIDE
from letsdance.simulation import simulate
from letsdance.words import Text, languages

SIZE = {"municipalities": 6, "citizens": 12}
PLANE = {"C0": (0.05, 0.95), "G0": (0.05, 0.95)}
CURVE = pd.DataFrame({"t": range(2001, 2007), "cum": [1, 3, 6, 10, 13, 15]})


def small(seen, source=None, **given):
    given = {"free": PLANE, "parameters": SIZE, "particles": 100, "most": 600, "predictions": 40, **given}
    return c.calibrate(source, seen=seen, **given)


# ---------------------------------------------------------------- the error of what people answer

def test_answers_have_the_error_that_is_told():
    """Of a panel too: the variance of the change is s1^2 + s2^2 - 2 r s1 s2, and what lies between does not count."""
    seen = [Seen(2, "C", 0.5, error=0.03), Seen(2, "T", 0.5, 400), Seen(6, "C", 0.5, error=0.04, panel=0.8)]
    luck = np.random.default_rng(0).standard_normal((200_000, 3))
    made = answered(seen, np.tile([0.4, 0.2, 0.5], (200_000, 1)), 10, luck)
    assert made.mean(axis=0) == pytest.approx([0.4, 0.2, 0.5], abs=5e-4)
    assert made.std(axis=0) == pytest.approx([0.03, np.sqrt(0.2 * 0.8 / 400), 0.04], rel=0.01)
    assert np.corrcoef(made.T)[0] == pytest.approx([1, 0, 0.8], abs=0.01)
    assert np.var(made[:, 2] - made[:, 0]) == pytest.approx(0.03**2 + 0.04**2 - 2 * 0.8 * 0.03 * 0.04, rel=0.02)


def test_what_follow_weighs_is_the_density_of_what_is_drawn():
    """One wave after another, each given the one before: together the normal density of all."""
    seen = [Seen(2, "C", 0.50, error=0.03), Seen(6, "C", 0.52, error=0.04, panel=0.8),
            Seen(9, "C", 0.6, error=0.02, panel=0.5)]
    true, sd = np.array([0.45, 0.55, 0.61]), np.array([0.03, 0.04, 0.02])
    alike = np.array([[1, 0.8, 0.4], [0.8, 1, 0.5], [0.4, 0.5, 1]])  # 0.4 = 0.8 x 0.5: an autoregression
    told = sum(one.log_likelihood(true[k:k + 1], 10, (seen[k - 1], true[k - 1:k]) if k else None)
               for k, one in enumerate(seen))
    expected = multivariate_normal(true, alike * np.outer(sd, sd)).logpdf([one.value for one in seen])
    assert told[0] == pytest.approx(expected)


def exact(seen, truth, k=2):
    """Parameters that are the truth of the waves themselves, flat from 0 to 1, inferred as a calibration does it."""
    case = c.Case(ld.load_scenario("lets_dance"), (), {}, {}, tuple(seen))

    def simulator(theta, rng):
        return case.features([], answered(seen, truth(theta), 10, rng.standard_normal((len(theta), len(seen)))))

    box = abc_smc.Box(tuple("ab"[:k]), np.zeros(k), np.ones(k))
    return abc_smc.infer(simulator, box, case.observed, np.random.default_rng(1), particles=400, most=3200)


@pytest.mark.parametrize("error", [0.02, 0.05, 0.1])
def test_one_survey_leaves_a_mean_as_known_as_its_error(error):
    """Flat before, so afterwards normal around what was answered, with the survey's standard error."""
    found = exact([Seen(0, "C", 0.6, error=error)], lambda theta: theta, 1)
    assert found.mean[0] == pytest.approx(0.6, abs=0.15 * error)
    assert found.sd[0] == pytest.approx(error, rel=0.12)


def test_two_surveys_know_it_better_by_the_root_of_two():
    found = exact([Seen(0, "C", 0.58, error=0.07), Seen(0, "T", 0.62, error=0.07)],
                  lambda theta: theta.repeat(2, axis=1), 1)
    assert (found.mean[0], found.sd[0]) == (pytest.approx(0.6, abs=0.01), pytest.approx(0.07 / np.sqrt(2), rel=0.12))


@pytest.mark.parametrize("panel", [0.0, 0.9])
def test_a_panel_knows_the_change_better_than_either_wave(panel):
    found = exact([Seen(0, "C", 0.45, error=0.06), Seen(4, "C", 0.55, error=0.06, panel=panel)], lambda theta: theta)
    change = found.theta[:, 1] - found.theta[:, 0]
    middle = found.weights @ change
    assert middle == pytest.approx(0.1, abs=0.02)
    assert np.sqrt(found.weights @ (change - middle)**2) == pytest.approx(0.06 * np.sqrt(2 * (1 - panel)), rel=0.15)
    assert found.sd == pytest.approx([0.06, 0.06], rel=0.15)


# ---------------------------------------------------------------- the model itself

def test_a_survey_of_the_start_is_its_prior():
    """A million people pin the citizens' willingness, which the model itself starts within .02 of; an error of ten leaves
    it as open as before; of the officials, whom nobody asked, nothing is known either way."""
    pinned, open_ = (small([Seen(0, "C", 0.6, n, error)]).table.set_index("parameter")
                     for n, error in ((10**6, np.nan), (0, 10.0)))
    assert pinned.loc["C0", "mean"] == pytest.approx(0.6, abs=0.02)
    assert pinned.loc["C0", "sd"] < 0.03
    assert open_.loc["C0", "narrowing"] == pytest.approx(1, abs=0.1)
    assert min(pinned.loc["G0", "narrowing"], open_.loc["G0", "narrowing"]) > 0.85


def test_answers_are_the_models_at_their_quarter_and_of_the_same_run_as_the_curve():
    seen = [Seen(2, "T", 0.5, error=1e-12), Seen(8, "on", 0.5, error=1e-12)]
    case = c.make_case(CURVE, free={"v0": (-0.6, 0.3)}, population=20, begins=3, quarters_per_period=2, seen=seen)
    with ThreadPoolExecutor(2) as pool:
        (curve,), waves = case.runs(np.array([[-0.1]]), np.array([7]), pool)
    run = simulate("lets_dance", runs=1, seed=7, quarters=15, parameters={"v0": -0.1, "municipalities": 20})
    assert curve[0].tolist() == run.rows["ever_adopted"][0, 5:16:2].tolist()
    assert waves[0] == pytest.approx([run.rows["T"][0, 5], run.rows["on"][0, 11]], abs=1e-9)


def test_a_curve_alone_is_as_it_was():
    """Numbers of before there were waves; and what is asked draws from a stream of its own."""
    given = {"population": 20, "free": {"v0": (-0.6, 0.3), "vZ": (0.0, 2.0)}, "particles": 60, "most": 300}
    curve = pd.DataFrame({"t": range(2001, 2010), "cum": [1, 3, 6, 11, 17, 20, 20, 20, 20]})
    found = c.calibrate(curve, **given, predictions=40)
    assert found.sample.mean == pytest.approx([0.16194591508687042, 1.0631322873296996], rel=1e-9)
    with ThreadPoolExecutor(2) as pool:
        theta, seeds = found.sample.theta[:3], np.array([1, 2, 3])
        (alone,), none = found.case.runs(theta, seeds, pool)
        (beside,), some = replace(found.case, waves=(Seen(4, "C", 0.5, 30),)).runs(theta, seeds, pool)
    assert alone.tolist() == beside.tolist()
    assert (none.shape, some.shape) == ((3, 0), (3, 1))


def test_the_model_finds_its_start_by_what_people_answer():
    case = c.make_case(None, free={"C0": (0.05, 0.95)}, parameters=SIZE,
                       seen=[Seen(1, "C", 0.5, 100), Seen(6, "C", 0.5, 100, panel=0.6)])
    with ThreadPoolExecutor(2) as pool:
        made = abc_smc.recover(case.simulator(pool), c.box_of(case.free), 12, seed=2, particles=60, most=360)
    assert abc_smc.coverage(made)["right"].all()
    assert np.corrcoef(made["truth"], made["mean"])[0, 1] > 0.9
    assert made["sd"].mean() < 0.4 * c.box_of(case.free).as_sample().sd[0]


def test_equal_seeds_give_equal_numbers_whatever_the_threads_and_progress_hears_of_every_run():
    heard = []
    seen = [Seen(2, "C", 0.6, 300), Seen(6, "T", 0.4, 300)]
    first = small(seen, most=200, progress=heard.append)
    assert first.table.equals(small(seen, most=200, threads=1).table)
    assert heard == [1] * 240


# ---------------------------------------------------------------- what is said of it

@pytest.fixture(scope="module")
def both():
    return small([Seen(0, "C", 0.62, 400), Seen(8, "C", 0.66, 400, panel=0.7), Seen(8, "G", 0.5, error=0.04),
                  Seen(16, "services", 0.4)], CURVE, population=20, parameters=None, free={**PLANE, "v0": (-0.6, 0.3)},
                 particles=60, most=240)


def test_what_new_runs_would_answer_stands_beside_what_was_seen(both):
    told = both.waves
    assert told[["quarter", "signal", "observed"]].to_numpy().tolist() == [
        [0, "C", 0.62], [8, "C", 0.66], [8, "G", 0.5], [16, "services", 0.4]]
    assert both.answers.shape == (40, 4)
    assert told["median"].tolist() == pytest.approx(np.median(np.clip(both.answers, 0, [1, 1, 1, np.inf]), axis=0))
    assert told["p"].tolist() == pytest.approx((both.answers > told["observed"].to_numpy()).mean(axis=0))
    assert told["inside"].all()
    assert "4 of 4 waves" in repr(both)
    assert not any("misses part of the waves" in line for line in words.cannot_tell(both))
    assert any("sample drawn by chance" in line for line in words.cannot_tell(both))


def test_a_model_that_answers_otherwise_is_told(both):
    told = words.cannot_tell(replace(both, answers=np.zeros_like(both.answers)))
    assert any("citizens' willingness at quarter 8 is 0.66, and 100\u00a0% of its runs have less" in line for line in told)
    assert any("misses part of the waves: 0 of 4" in line for line in told)


def test_waves_alone_say_that_no_curve_was_seen_and_can_be_sped_up():
    found = small([Seen(4, "C", 0.6, 300)], free=None, most=200)
    assert list(found.case.free) == ["C0", "G0"]
    assert any("No curve of adoption was seen" in line for line in words.cannot_tell(found))
    assert not any("period" in line for line in words.cannot_tell(found))
    assert calibration_study(found).sections[0].figures.keys() == {"waves"}
    fast = speed(found, {"mandate": "MANDATE@8"}, draws=2, runs=1, quarters=12)
    assert fast.scenario.parameters.keys() >= PLANE.keys()
    assert "what was seen in waves" in fast.case


def test_no_plain_english_is_left(both, spoken, capsys):
    pages = (both, replace(both, answers=both.answers - 0.9), replace(both, case=replace(both.case, seen=()), predicted=()))
    for made in pages:
        assert not plain_english(calibration_study(made, spoken))
        _print_calibration(made, words.in_words(made, spoken), spoken)
        assert not re.findall(r"[A-Za-z]{2,}|\d\.\d", capsys.readouterr().out)
    for language in languages():
        assert not [word for width in (WIDE, NARROW) for word in crowded(in_waves_predicted(both, width, Text(language)))]


def test_a_saved_calibration_knows_its_waves_and_says_when_they_count_twice(both, tmp_path):
    folder.keep(tmp_path / "past", "adopters calibrate", "", c.manifest_of(both), c.tables_of(both))
    past = c.load(tmp_path / "past")
    assert repr(past.case.waves) == repr(both.case.waves)
    assert past.waves.equals(both.waves)
    made = small([Seen(0, "C", 0.62, 400)], free=None, prior=past, most=200, parameters=None)
    assert "count twice" in words.cannot_tell(made)[0]


# ---------------------------------------------------------------- data in

def answers(path, willing, trusting, officials):
    rows = [*(("citizen", w, t) for w, t in zip(willing, trusting, strict=True)), *(("official", w, "") for w in officials)]
    pd.DataFrame(rows, columns=["role", "willingness", "trust"]).to_csv(path, index=False)


def test_a_survey_is_read_with_its_sampling_error(tmp_path):
    answers(tmp_path / "a.csv", [1, 2, 4, 5, 5, 3], [1, 1, 3, 5, 2, 4], [2, 2, 5])
    rows = {one.signal: one for one in read_survey(tmp_path / "a.csv", "1-5").seen(8)}
    share = (np.array([1, 2, 4, 5, 5, 3]) - 1) / 4
    assert (rows["C"].quarter, rows["C"].value, rows["C"].asked) == (8, pytest.approx(share.mean()), 6)
    assert rows["C"].spread(np.array(0.5), 10) == pytest.approx(share.std(ddof=1) / np.sqrt(6))
    assert rows.keys() == {"C", "G", "T"}
    answers(tmp_path / "same.csv", [3, 3, 3, 3], [1, 5, 3, 3], [5, 1])
    alike = read_survey(tmp_path / "same.csv", "1-5").seen(0)[0]  # all say the same: no error of zero, but that of a share
    assert alike.spread(np.array(0.5), 10) == pytest.approx(np.sqrt(0.25 / 4))
    assert read_survey(tmp_path / "same.csv", "1-5").seen(9, panel=0.4)[1].panel == 0.4


def run(*asked):
    from letsdance.commands.main import app

    return CliRunner().invoke(app, ["adopters", "calibrate", *asked])


def test_the_command_takes_a_table_of_waves_and_surveys(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answers("a.csv", [1, 2, 4, 5, 5, 3], [1, 1, 3, 5, 2, 4], [2, 2, 5])
    (tmp_path / "gezien.csv").write_text("kwartaal;signaal;waarde;n;opnieuw\n4;trust;0,45;300;\n9;trust;0,5;300;0,6\n")
    asked = ("--seen", "gezien.csv", "--survey", "0=a.csv", "--scale", "1-5", "--particles", "50", "--most", "100", "--set",
             "municipalities=8", "--set", "citizens=15", "--out", "cal")
    monkeypatch.setattr("sys.argv", ["letsdance", "adopters", "calibrate", *asked])
    said = json.loads(run(*asked, "--json").stdout)
    assert [(row["quarter"], row["signal"]) for row in said["waves"]] == [(0, "C"), (0, "G"), (0, "T"), (4, "T"), (9, "T")]
    assert c.load("cal").case.waves[-1].panel == 0.6
    assert "What was seen in waves" in run(*asked, "--overwrite").stdout
    monkeypatch.setattr("sys.argv", ["letsdance", "adopters", "calibrate"])
    for wrong, word in ((("--survey", "a.csv"), "QUARTER=FILE"), (("--survey", "x=a.csv"), "QUARTER=FILE"),
                        ((), "nothing to calibrate to"), (("--survey", "0=a.csv"), "--scale"),
                        (("--survey", "401=a.csv", "--scale", "1-5"), "from 0 to 400")):
        refused = run(*wrong, "--out", "x").exception
        assert isinstance(refused, Refused)
        assert word in str(refused)
        assert "\n" not in str(refused)
    monkeypatch.setattr("sys.argv", ["letsdance", "adopters", "calibrate", "--scale", "1-5"])
    assert "would do nothing" in str(run("--seen", "gezien.csv", "--scale", "1-5", "--out", "x").exception)


@pytest.mark.parametrize(("given", "word"), [
    ({}, "nothing to calibrate to"),
    ({"seen": [Seen(0, "C", 0.5, 9)], "population": 30}, "population is of a curve"),
    ({"seen": [Seen(0, "C", 0.5, 9)], "unit": "a"}, "unit is of a curve"),
    ({"seen": [Seen(0, "C", 0.5, 9)], "free": ["quarters_per_period=2:8"]}, "not known in which quarter"),
    ({"seen": [Seen(300, "C", 0.5, 9)], "begins": 150.0}, "400 at most"),
    ({"seen": [Seen(0, "C", 0.5, 9, panel=0.5)]}, "for the first time"),
    ({"seen": [Seen(0, "C", 0.5, 9), Seen(2, "C", 0.5, 9, panel=1.0)]}, "less than 1"),
    ({"seen": [Seen(0, "C", 0.5, 9)], "scenario": ld.load_scenario("lets_dance").changed(levers=["OUT@40"])},
     "starts after"),
    ({"seen": [Seen(0, "C", 0.5, 9)], "source": pd.concat([CURVE.assign(task_id=k) for k in "ab"]), "population": 20},
     "2 curves")])
def test_a_mistake_ends_in_one_sentence(given, word):
    with pytest.raises(Refused, match=r"^[^\n]*$") as refused:
        c.calibrate(**given)
    assert word in str(refused.value)
    for language in languages()[1:]:
        assert Text(language).refused(refused.value) != str(refused.value)


def test_a_panel_of_more_than_all_is_refused_with_its_row(tmp_path):
    (tmp_path / "seen.csv").write_text("quarter,signal,value,n,panel\n2,trust,0.5,90,\n4,trust,0.5,90,1.2\n")
    with pytest.raises(Refused, match=r"panel.*0\.99|panel.*1\.2"):
        read_seen(tmp_path / "seen.csv")
