"""Calibration: data in, whether it finds what is known in the model, what it says of what it cannot tell."""

from __future__ import annotations

import json
import re
import shlex
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from pseudo import crowded, plain_english
from typer.testing import CliRunner

from letsdance.commands.calibrating import _print_calibration
from letsdance.experiments import folder
from letsdance.experiments.adopters import abc_smc, observed, structures
from letsdance.experiments.adopters import calibrate as c
from letsdance.experiments.adopters import identification as words
from letsdance.experiments.adopters.counts import read_counts
from letsdance.params import PARAMETERS, Refused
from letsdance.report.calibration import calibration_study, parameters, predictive, reached, recovery
from letsdance.report.following import alternative
from letsdance.report.sheet import NARROW, WIDE
from letsdance.simulation import simulate
from letsdance.words import Text, languages

# ---------------------------------------------------------------- what is looked at of a curve

def test_features_by_hand():
    found = observed.features(np.array([[0.0, 0.2, 0.5, 0.6]]), np.arange(1.0, 5.0))[0]
    assert found == pytest.approx([1.25, 1.8, 2 + 0.14 / 0.3, 3, 5, 0.0, 0.2, 0.5, 0.6])


def test_skipped_periods_are_bridged_not_filled():
    seen = observed.Seen("x", 10, np.array([2000, 2004]), np.array([1, 5]))
    assert list(seen.ends) == [1, 5]
    found = observed.features(seen.share[None], seen.ends)[0]
    assert found[0] == pytest.approx(0.5)        # 5 %: half of the first year
    assert found[3] == pytest.approx(5)          # 50 %: at the end
    assert np.isnan(observed.checks_of(seen.share[None], seen)["clumpiness"][0])


def test_clumpiness_is_one_for_independent_adopters_and_more_in_clumps():
    rng = np.random.default_rng(0)
    seen = observed.Seen("x", 100_000, np.arange(30), np.arange(30))
    calm, clumped = rng.poisson(20, (4000, 30)), 5 * rng.poisson(4, (4000, 30))
    for counts, expected in ((calm, 1.0), (clumped, 5.0)):
        got = observed.checks_of(counts.cumsum(axis=1) / 100_000, seen)["clumpiness"].mean()
        assert got * 30 / 29 == pytest.approx(expected, rel=0.02)  # 29 differences, 30 periods


# ---------------------------------------------------------------- data in

CUM = [1, 3, 6, 11, 17, 22, 26, 28, 29, 29, 30, 30]


def table(**more):
    return pd.DataFrame({"t": range(2001, 2013), "cum": CUM, **more})


def test_all_forms_of_data_say_the_same():
    new = np.diff(CUM, prepend=0)
    counts = pd.DataFrame({"unit": "x", "period": range(2001, 2013), "new": new, "population": 40})
    years = [*np.repeat(np.arange(2001, 2013), new).tolist(), *[""] * 10]
    times = pd.DataFrame({"node": range(40), "time": years})
    for source, size in ((table(), 40), (counts, None), (read_counts(counts), None)):
        (one,) = observed.observe(source, size)
        assert (one.population, one.count.tolist(), one.t[0]) == (40, CUM, 2001)
    (one,) = observed.observe(times)  # which end with the last adoption
    assert (one.population, one.count.tolist(), one.t[0]) == (40, CUM[:11], 2001)


def test_shares_need_no_population_and_are_compared_as_they_are():
    shares = pd.DataFrame({"country": "NL", "year": range(2001, 2007), "percent": [3, 8.5, 15, 31, 42, 40.2]})
    (one,), (sized,) = observed.observe(shares), observed.observe(shares, 40)
    assert one.active
    assert one.share.tolist() == pytest.approx(np.divide([3, 8.5, 15, 31, 42, 40.2], 100))
    assert (one.units, one.sized, reached(one)) == (observed.MOST_GOVERNMENTS, False, "40.2\u00a0% by 2006")
    assert (sized.units, sized.sized, reached(sized)) == (40, True, "16 of 40 by 2006")
    found = c.calibrate(shares, free=["v0=-0.6:0.3"], particles=50, most=100, predictions=20)
    assert any("shares are told and not of how many" in line for line in words.cannot_tell(found))


@pytest.mark.parametrize(("given", "word"), [
    ({"source": table()}, "population"), ({"source": table(), "population": 10}, "population"),
    ({"source": "none.csv"}, "there is no file"), ({"source": table()[:2], "population": 40}, "at least 3"),
    ({"source": table(cum=[1] * 12), "population": 40}, "adopter"),
    ({"source": table(), "population": 40, "unit": "two"}, "no unit"),
    ({"source": table(), "population": 40, "free": ["vm=0:2"]}, "vM"),
    ({"source": table(), "population": 40, "free": ["vM=0"]}, "NAME=LOW:HIGH"),
    ({"source": table(), "population": 40, "free": ["vM=2:1"]}, "lower end"),
    ({"source": table(), "population": 40, "free": ["vM=0:9"]}, "beyond its range"),
    ({"source": table(), "population": 40, "free": ["vM=0:1", "vM=0:2"]}, "twice"),
    ({"source": table(), "population": 40, "free": ["municipalities=5:9"]}, "cannot be fitted"),
    ({"source": table(), "population": 40, "free": ["mandate=0:1"]}, "nothing called"),
    ({"source": table(), "population": 40, "parameters": {"v0": 0.1}}, "both set and fitted"),
    ({"source": table(), "population": 40, "quarters_per_period": 0.0}, "must lie from"),
    ({"source": table(), "population": 40, "quarters_per_period": 40.0}, "400 at most"),
    ({"source": table(), "population": 40, "particles": 10}, "particles"),
    ({"source": table(), "population": 40, "particles": 400, "most": 500}, "most"),
    ({"source": table(), "population": 40, "widen": 2.0}, "give that one with prior"),
    ({"source": table(), "population": 40, "seed": -1}, "seed"), ({"source": "."}, "is a folder"),
    ({"source": table(), "population": 40, "parameters": {"municipalities": 7}}, "as many as could adopt"),
    ({"source": table(), "population": 40, "free": {"v0": 3}}, "no range"),
    ({"source": table(), "population": 40, "free": {"v0": ("a", "b")}}, "no range"),
    ({"source": table(), "population": 40, "free": 5}, "NAME=LOW:HIGH"),
    ({"source": "participatory_budgetin"}, "name case:participatory_budgeting"),
    ({"source": "case:participatory_budgeting", "unit": "Brasil"}, "Did you mean Brazil"),
    ({"source": pd.DataFrame({"period": range(4), "new": [1, 0.5, 2, 3]}), "population": 40}, "whole number"),
    ({"source": pd.DataFrame({"period": range(4), "new": [1, 1, 2, 3], "population": [9, 9, 8, 9]})}, "from 9 to 8"),
    ({"source": table(), "population": 40, "prior": __file__}, "is a file"),
    ({"source": table(), "population": 40, "prior": "nowhere"}, "not a folder that `letsdance adopters calibrate` wrote"),
    ({"source": table(), "population": 40, "scenario": "wastland"}, "wasteland")])
def test_a_mistake_ends_in_one_sentence(given, word):
    with pytest.raises(Refused, match=word) as refused:
        c.calibrate(**given)
    assert "\n" not in str(refused.value)


def test_the_cases_are_read_by_name_and_each_unit_for_itself():
    """Poland's stock falls and Brazil says no population: neither is in the way of the other."""
    (brazil,) = observed.observe("case:participatory_budgeting", 5565, "Brazil")
    assert (brazil.count.tolist(), brazil.active) == ([13, 53, 112, 190, 201], True)
    assert brazil.t.tolist() == [1992, 1996, 2000, 2004, 2008]
    (poland,) = observed.observe("case:participatory_budgeting", unit="Poland's village funds")
    assert (poland.count.tolist(), poland.population) == ([1241, 1479, 1467], 2175)
    (shares,) = observed.observe(pd.DataFrame({"period": [1, 2, 3], "percent": [5, 14.5, 9.0]}), 200)
    assert (shares.count.tolist(), shares.active) == ([10, 29, 18], True)
    (new,) = observed.observe(pd.DataFrame({"period": [1, 2, 3], "new": [5, 0, 2]}), 200)
    assert (new.count.tolist(), new.indicator) == ([5, 5, 7], "ever_adopted")


def test_who_has_it_in_use_is_held_against_use():
    shape = observed.Seen("x", 20, np.arange(1, 11), np.array([2, 4, 9, 12, 14, 15, 14, 13, 12, 13]), active=True)
    case = c.make_case(shape, free={"v0": (-0.6, 0.3)}, quarters_per_period=10)
    with ThreadPoolExecutor(2) as pool:
        (curve,), _ = case.runs(np.array([[-0.1]]), np.array([5]), pool)
    run = simulate("lets_dance", runs=1, seed=5, quarters=100, parameters={"v0": -0.1, "municipalities": 20})
    assert curve[0].tolist() == run.rows["on"][0, 10::10].tolist() != run.rows["ever_adopted"][0, 10::10].tolist()


# ---------------------------------------------------------------- the model itself

def small(**given):
    given = {"population": 20, "free": {"v0": (-0.6, 0.3), "vZ": (0.0, 2.0)}, "particles": 60, "most": 300,
             "predictions": 40, **given}
    return c.calibrate(table(cum=np.minimum(CUM, 20))[:9], **given)


@pytest.fixture(scope="module")
def found():
    return small()


def test_the_model_finds_a_parameter_of_itself():
    # Sixty governments: with twenty, who hears of it when is too much luck for a correlation of a dozen truths.
    shape = observed.Seen("synthetic", 60, np.arange(1, 11), np.arange(2, 12))
    case = c.make_case(shape, free={"v0": (-0.6, 0.3)})
    with ThreadPoolExecutor(2) as pool:
        made = abc_smc.recover(case.simulator(pool), c.box_of(case.free), 10, seed=2, particles=60, most=200)
    assert abc_smc.coverage(made)["right"].all()
    assert np.corrcoef(made["truth"], made["mean"])[0, 1] > 0.7
    assert made["sd"].mean() < 0.8 * c.box_of(case.free).as_sample().sd[0]


def test_a_curve_is_the_models_at_the_ends_of_periods():
    case = c.make_case(table(), population=20 + 20, free={"v0": (-0.6, 0.3)}, quarters_per_period=2, begins=3)
    with ThreadPoolExecutor(2) as pool:
        (curve,), _ = case.runs(np.array([[-0.1]]), np.array([7]), pool)
    run = simulate("lets_dance", runs=1, seed=7, quarters=27, parameters={"v0": -0.1, "municipalities": 40})
    assert curve[0].tolist() == run.rows["ever_adopted"][0, 5:28:2].tolist()


def test_what_has_no_effect_is_said_to_be_unknown(found):
    """Without a mandate, vZ moves nothing: the posterior is the prior, and the page says so."""
    row = found.table.set_index("parameter").loc["vZ"]
    assert row["narrowing"] > 0.8
    assert row["overlap"] > 0.6
    assert found.table.set_index("parameter").loc["v0", "narrowing"] < 0.8
    said = words.cannot_tell(found)
    assert any("next to nothing" in line and PARAMETERS["vZ"].title in line for line in said)
    assert any("says nothing about depth" in line for line in said)


def test_the_fan_holds_the_data_and_the_checks_are_shares(found):
    fan = found.fan
    assert (fan["low_95"] <= fan["low_50"]).all()
    assert (fan["low_50"] <= fan["median"]).all()
    assert fan["seen"].between(fan["low_95"], fan["high_95"]).mean() > 0.7
    assert found.checks["p"].between(0, 1).all()
    peak = found.checks.set_index("statistic").loc["peak"]
    made = observed.checks_of(found.predicted[0], found.case.seen[0])["peak"]
    near = np.isclose(made, peak["observed"])
    assert peak["p"] == pytest.approx(((made > peak["observed"]) & ~near).mean() + near.mean() / 2)


def test_a_model_that_cannot_do_it_is_told(found):
    """Everybody adopts in one year: no run does that."""
    seen = observed.Seen("x", 20, np.arange(9), np.array([0, 0, 0, 0, 0, 0, 20, 20, 20]))
    told = c.Calibration(c.Case(found.case.scenario, (seen,), found.case.free, found.case.clock), found.sample,
                         found.predicted, 0)
    assert any("does not do what the data" in line and "largest growth" in line for line in words.cannot_tell(told))


def with_theta(found, theta, **more):
    """The calibration with other particles of v0, all of equal weight."""
    sample = found.sample
    z = sample.box.z(np.column_stack([theta, np.linspace(0.1, 1.9, len(theta))]))
    weights = np.full(len(theta), 1 / len(theta))
    return replace(found, sample=replace(sample, z=z, weights=weights, distance=np.zeros(len(theta)), **more))


def test_what_presses_falls_apart_or_contradicts_is_said(found):
    rng, end = np.random.default_rng(0), 0.3
    calm = words.cannot_tell(with_theta(found, rng.normal(-0.15, 0.1, 200).clip(-0.59, 0.29)))
    assert not any("presses" in line or "Two explanations" in line or "far from what" in line for line in calm)
    piled = words.cannot_tell(with_theta(found, end - 0.02 * rng.random(200)))
    assert any("presses against the upper end of its range, 0.30" in line and "widen" in line for line in piled)
    apart = words.cannot_tell(with_theta(found, np.concatenate([rng.normal(m, 0.05, 100) for m in (-0.4, 0.1)])))
    assert any("Two explanations fit: “value before anything else”" in line for line in apart)
    surprised = with_theta(found, rng.normal(-0.15, 0.1, 200).clip(-0.59, 0.29), surprise=0.01)
    assert any("only 1\u00a0% of its runs are as far" in line for line in words.cannot_tell(surprised))
    assert words.headline_of(surprised).endswith("unlike what was thought possible before.")
    late = observed.Seen("late", 20, np.arange(9), np.array([8, 9, 10, 12, 14, 15, 16, 16, 16]), active=True)
    told = words.cannot_tell(replace(found, case=replace(found.case, seen=(late,))))
    assert any("40\u00a0% of late were there by the end of the first period" in line for line in told)
    assert any("counts of late are of who has it in use" in line for line in told)
    flat = replace(found, predicted=(np.zeros_like(found.predicted[0]),))
    assert any("misses part of the curve: 0 of 9 periods" in line for line in words.cannot_tell(flat))


def test_no_plain_english_is_left_in_a_calibration(found, spoken, capsys):
    """Every sentence that a calibration can say: known and unknown, tied, piled, torn apart, contradicted, missed."""
    rng = np.random.default_rng(0)
    calm = rng.normal(-0.15, 0.1, 200).clip(-0.59, 0.29)
    apart = np.concatenate([rng.normal(m, 0.05, 100) for m in (-0.4, 0.1)])
    seen = tuple(observed.Seen(str(k), n, np.arange(9), np.array([8, 9, 10, 12, 14, 15, 16, 16, 16]) * n // 20, k % 2 == 0,
                               k != 3) for k, n in zip(range(2, 7), (20, 4000, 20, 20, 20), strict=True))
    rows = pd.DataFrame([{"repetition": k, "parameter": name, "truth": 0.1, "mean": 0.1, "sd": 0.1, "rank": 0.5,
                          "low_80": 0.0 if k % 5 else 0.2, "high_80": 0.25, "low_95": 0.0, "high_95": 0.28}
                         for k in range(20) for name in found.case.free])
    flat = (np.zeros_like(found.predicted[0]),)
    learnt = replace(found.sample.box, learnt=("v0",), mean=np.zeros(1), cov=np.eye(1))
    pages = [found, replace(with_theta(found, 0.28 + 0.02 * rng.random(60)), prior="0", recovered=rows),
             replace(found, case=replace(found.case, seen=seen), predicted=flat * 5)]
    many = [replace(with_theta(found, -0.59 - 0.009 * rng.random(200), surprise=0.01), recovered=rows[:4]),
            with_theta(found, apart, surprise=0.001), with_theta(found, calm, surprise=0.01, box=learnt),
            with_theta(found, calm, surprise=0.001, box=learnt), with_theta(found, np.linspace(-0.3, -0.1, 200)),
            with_theta(found, np.linspace(-0.1, -0.3, 200)), replace(found, predicted=flat)]
    for made in pages:
        assert not plain_english(calibration_study(made, spoken), r"\bvZ\b")
    for made in (*pages, *many):
        _print_calibration(made, words.in_words(made, spoken), spoken)
        assert not re.findall(r"[A-Za-z]{2,}|\d\.\d", capsys.readouterr().out.replace("vZ", ""))


def test_a_calibration_is_said_and_drawn_in_every_language(found):
    rows = pd.DataFrame([{"parameter": name, "truth": 0.1, "mean": 0.1, "low_80": 0.0, "high_80": 0.2, "low_95": 0.0,
                          "high_95": 0.28} for _ in range(20) for name in found.case.free])
    noted = replace(found, notes=tuple(c._NOTES.values()))
    for language in languages()[1:]:
        assert not {*words.cannot_tell(noted, Text(language))[:2]} & {*noted.notes}
        drawn = [draw(replace(found, recovered=rows), width, Text(language)) for width in (WIDE, NARROW)
                 for draw in (predictive, parameters, recovery)]
        assert not [word for figure in drawn for word in crowded(figure)]


# ---------------------------------------------------------------- structures beside each other

@pytest.mark.parametrize("x", [-1.0, 0.5, 1.5])
def test_chances_of_two_normals_are_those_of_the_closed_form(x):
    """N(0, 1) and N(1, 1): at x the second is exp(x - 1/2) times as likely; a feature of noise changes nothing."""
    rng = np.random.default_rng(3)
    structure = np.repeat([0, 1], 4_000)
    features = np.column_stack([rng.standard_normal(8_000) + structure, rng.standard_normal(8_000), np.ones(8_000)])
    got = structures.chances(features, structure, np.array([x, 0.0, 1.0]), 2)
    assert got.sum() == pytest.approx(1)
    assert got[1] == pytest.approx(1 / (1 + np.exp(0.5 - x)), abs=0.05)


def test_a_structure_of_which_nothing_is_near_keeps_a_small_chance():
    structure = np.repeat([0, 1], 300)
    features = 9.0 * structure[:, None] + np.random.default_rng(0).standard_normal((600, 1))
    got = structures.chances(features, structure, np.zeros(1), 2)
    assert 0 < got[1] < 1 / 200


def test_the_structure_that_made_the_data_is_found(tmp_path):
    """A town that many others imitate, or none: the curve tells which, and its folder keeps what it told."""
    kept = []
    for imitation in (0, 1):
        towns = {"municipalities": 60, "on_imitation": imitation}
        share = simulate("dead_horse", runs=1, quarters=40, seed=77, parameters=towns).rows["ever_adopted"][0, 4::4]
        curve = observed.Seen("towns", 60, np.arange(1, 11), np.rint(60 * share).astype(int))
        made = c.calibrate(curve, "dead_horse", ["v0=-0.3:0.1"], particles=50, most=200, predictions=20,
                           alternatives="on_imitation=0,1")
        assert made.structures["now"].sum() == pytest.approx(1)
        assert made.structures["now"].idxmax() == imitation
        assert (made.structures["found"] > 0.5).all()
        kept.append(made)
    folder.keep(tmp_path / "kept", "adopters calibrate", "", c.manifest_of(kept[1]), c.tables_of(kept[1]))
    pd.testing.assert_frame_equal(c.load(tmp_path / "kept").structures, kept[1].structures)
    for language in languages():
        said = Text(language)("report.fitted_section_structures")
        assert said in [section.heading for section in calibration_study(kept[0], Text(language)).sections]


def test_a_structure_is_said_in_words():
    dutch = Text("nl")
    assert alternative("mechanism", "turnover", dutch)[1] == "Verloop van personeel"
    assert alternative("mechanism", "", dutch)[1] == alternative("context", "", dutch)[1] == "geen"
    assert alternative("on_imitation", "1.0", dutch)[1] == "1"


@pytest.mark.parametrize(("asked", "said"), [
    ("on_imitation", "no alternative; write NAME"), ("on_imitation=1", "two or more different values"),
    ("imitation=0,1", "no alternative 'imitation'"), (["k=1,2", "k=3,4"], "twice"), ("context=,mars", "no context 'mars'"),
    (["k=0.1,0.2,0.3,0.4,0.5", "wN=0.1,0.2,0.3,0.4,0.5"], "make 25 structures, and 24"),
    ("v0=0,0.1", "both fitted and an alternative"),
    ("k=one,two", "must be a number from 0 to 2")])
def test_structures_that_make_no_sense_are_refused(asked, said):
    with pytest.raises(Refused, match=re.escape(said)):
        small(alternatives=asked)


def test_equal_seeds_give_equal_numbers_whatever_the_threads(found):
    assert found.table.equals(small(threads=1).table)
    assert not found.table.equals(small(seed=1).table)


def test_several_curves_and_a_fitted_clock():
    both = pd.concat([table(task_id=name, population=20)[:9].assign(cum=np.minimum(CUM[:9], 20)) for name in "ab"])
    made = c.calibrate(
        both, free=["v0=-0.6:0.3", "quarters_per_period=2:6"], particles=50, most=100, predictions=20)
    assert [one.name for one in made.case.seen] == ["a", "b"]
    assert len(made.predicted) == 2
    assert not any("assumed, not found" in line for line in words.cannot_tell(made))
    one = observed.observe(both, unit="b")
    assert [x.name for x in one] == ["b"]


def test_a_saved_posterior_is_the_next_prior(found, tmp_path):
    folder.keep(tmp_path / "past", "adopters calibrate", "", c.manifest_of(found), c.tables_of(found))
    past = c.load(tmp_path / "past")
    assert past.table.round(9).equals(found.table.round(9))
    assert [p.tolist() for p in past.predicted] == [p.tolist() for p in found.predicted]
    assert past.draws(5) == pytest.approx(found.draws(5))
    box = c.box_of(past.case.free, [past])
    z = np.clip(past.sample.z, -5, 5)
    z -= past.sample.weights @ z
    assert np.diag(box.cov) == pytest.approx(4 * (past.sample.weights @ z**2), rel=1e-3)
    made = small(prior=tmp_path / "past", free=None, widen=1.0)
    assert (list(made.case.free), made.prior) == (["v0", "vZ"], str(tmp_path / "past"))
    assert "count twice" in words.cannot_tell(made)[0]
    folder.keep(tmp_path / "next", "adopters calibrate", "", c.manifest_of(made), c.tables_of(made))
    assert c.load(tmp_path / "next").table.round(9).equals(made.table.round(9))  # narrowing is of the prior that it had
    with pytest.raises(Refused, match="the prior knows v0"):
        small(prior=past, free=["v0=-0.5:0.3"])
    (tmp_path / "past" / "particles.parquet").write_bytes(b"")
    with pytest.raises(Refused, match="damaged"):
        c.load(tmp_path / "past")


def test_several_calibrations_make_a_prior_of_what_they_share(found):
    cum = np.minimum(CUM, 20)[:9]
    other = c.calibrate(table()[:9].assign(cum=[0, *cum[:-1]]), population=20, free=found.case.free, particles=60, most=300,
                        predictions=20, quarters_per_period=5)
    box = c.box_of(found.case.free, [found, other])
    mean, cov = abc_smc.common([found.sample, other.sample])
    assert (box.mean.tolist(), box.cov.tolist()) == (mean.tolist(), cov.tolist())
    assert c.box_of(found.case.free, [found, other], 2.0).cov.tolist() == (4 * cov).tolist()
    made = c.calibrate(table()[:9].assign(cum=[*cum[1:], 20]), population=20, prior=[found, other], particles=60, most=120,
                       predictions=20)
    assert made.sample.box.learnt == ("v0", "vZ")
    assert [line for line in made.notes if "another clock" in line]
    third = replace(other, case=replace(other.case, free={"v0": (-0.5, 0.3)}))
    with pytest.raises(Refused, match="fitted different things"):
        small(prior=[found, third])
    with pytest.raises(Refused, match="widen must lie"):
        small(prior=[found], free=None, widen=0.5)


# ---------------------------------------------------------------- page and command

def run(*words):
    from letsdance.commands.main import app

    return CliRunner().invoke(app, ["adopters", "calibrate", *words])


def test_the_command_writes_a_folder_that_speed_can_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table(cum=np.minimum(CUM, 20))[:9].to_csv("late.csv", index=False)
    asked = ("late.csv", "--population", "20", "--fit", "v0=-0.6:0.3", "--fit", "vM=0:2", "--particles", "50", "--most",
             "120", "--recover", "2", "--out", "cal")
    monkeypatch.setattr(sys, "argv", ["letsdance", "adopters", "calibrate", *asked])
    said = json.loads(run(*asked, "--json").stdout)
    assert [row["parameter"] for row in said["parameters"]] == ["v0", "vM"]
    assert "synthetic cases" in said["recovery"]
    page = (tmp_path / "cal/report.html").read_text(encoding="utf-8")
    assert "What the data cannot tell" in page
    assert {path.name for path in (tmp_path / "cal/figures").iterdir()} >= {
        f"{name}.svg" for name in ("predictive", "parameters", "ridge", "recovery")}
    assert c.load("cal").recovered is not None

    def again(command):
        given = shlex.split(command)[3:]
        assert run(*given, "--out", "again").exit_code == 0
        return tmp_path / "again"

    assert folder.verify(tmp_path / "cal", rerun=again) == []
    assert "--overwrite" in str(run(*asked).exception)
    printed = run(*asked, "--overwrite").stdout
    assert "What the data cannot tell" in printed
    assert "letsdance adopters speed cal" in printed


def test_a_mistake_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table().to_csv("late.csv", index=False)
    for given in (("late.csv",), ("late.csv", "--population", "40", "--fit", "vm=0:1"), ("no.csv",)):
        assert isinstance(run(*given, "--out", "x").exception, Refused)
    assert [path.name for path in tmp_path.iterdir()] == ["late.csv"]
