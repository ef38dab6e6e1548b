"""Sensitivity: known indices are recovered, with luck and without; SALib and scipy agree; what does not fit is refused."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from pseudo import crowded, plain_english
from SALib.analyze import morris as salib_morris
from SALib.sample import morris as sample_morris
from SALib.sample import sobol as sample_sobol
from SALib.test_functions import Ishigami, Sobol_G, linear_model_1
from scipy import stats

from letsdance import scenarios
from letsdance.experiments import sensitivity as s
from letsdance.experiments.design import latin_hypercube, morris, parse_factors
from letsdance.experiments.emulator import Emulated
from letsdance.experiments.indices import _holm
from letsdance.params import Refused
from letsdance.report.screening import morris_plane, sensitivity_study
from letsdance.report.sheet import NARROW, WIDE
from letsdance.words import Text, languages


def problem(k: int, low: float, high: float) -> dict:
    return {"num_vars": k, "names": [f"x{j}" for j in range(k)], "bounds": [[low, high]] * k}


ISHIGAMI = problem(3, -np.pi, np.pi)
_V = np.array([0.5 * (1 + 0.1 * np.pi**4 / 5) ** 2, 7**2 / 8, 0.0])
_V13 = 0.01 * np.pi**8 * (1 / 18 - 1 / 50)
ISHIGAMI_VARIANCE = _V.sum() + _V13
FIRST, TOTAL = _V / ISHIGAMI_VARIANCE, (_V + np.array([_V13, 0, _V13])) / ISHIGAMI_VARIANCE


def analysed(what: dict, X: np.ndarray, Y: np.ndarray, **more) -> s.Sobol:
    return s.sobol(what["names"], what["bounds"], X, Y, **more)


def split(y: np.ndarray, k: int) -> dict[str, np.ndarray]:
    """Answers in Saltelli's rows as scipy takes them."""
    rows = y.reshape(-1, k + 2)
    return {"f_A": rows[:, 0][None], "f_B": rows[:, -1][None], "f_AB": rows[:, 1:-1].T[:, None, :]}


# ---------------------------------------------------------------- Sobol'

def test_without_luck_the_indices_are_those_of_scipy():
    X = sample_sobol.sample(ISHIGAMI, 512, calc_second_order=False, seed=3)
    y = Ishigami.evaluate(X)
    theirs = stats.sobol_indices(func=split(y, 3), n=512)
    for Y in (y, np.column_stack([y, y, y])):  # one replicate, and replicates that are alike
        table = analysed(ISHIGAMI, X, Y, resamples=20).table
        np.testing.assert_allclose(table["first"], theirs.first_order.ravel(), atol=1e-12)
        np.testing.assert_allclose(table["total"], theirs.total_order.ravel(), atol=1e-12)


@pytest.mark.parametrize("function", ["ishigami", "g"])
def test_published_indices_are_recovered(function):
    if function == "ishigami":
        what, f, first, total = ISHIGAMI, Ishigami.evaluate, FIRST, TOTAL
    else:
        a = np.array([0, 1, 4.5, 9, 99, 99, 99, 99])
        what, f = problem(8, 0, 1), Sobol_G.evaluate
        first, total = Sobol_G.sensitivity_index(a), Sobol_G.total_sensitivity_index(a)
    X = sample_sobol.sample(what, 2048, calc_second_order=False, seed=1)
    found = analysed(what, X, f(X), resamples=50)
    np.testing.assert_allclose(found.table["first"], first, atol=0.02)
    np.testing.assert_allclose(found.table["total"], total, atol=0.02)
    assert np.isnan(found.luck.value)


def noisy(rng: np.random.Generator, X: np.ndarray, replicates: int, kind: str) -> np.ndarray:
    """Luck of variance 16: each run its own; or shared by all points of a seed, smoothly over the factors."""
    if kind == "own":
        return rng.normal(0, 4, (len(X), replicates))
    direction, phase = rng.normal(size=(replicates, X.shape[1])), rng.uniform(0, 2 * np.pi, replicates)
    return 4 * np.sqrt(2) * np.sin(X @ direction.T + phase)


@pytest.mark.parametrize("kind", ["own", "shared"])
def test_luck_is_taken_out_where_naive_indices_are_biased(kind):
    """Mean over repetitions: ours hits the truth; scipy's on the means of replicates does not, by far more."""
    ours, naive, covered = [], [], []
    for repetition in range(25):
        rng = np.random.default_rng([repetition, 7])
        X = sample_sobol.sample(ISHIGAMI, 128, calc_second_order=False, seed=rng)
        Y = Ishigami.evaluate(X)[:, None] + noisy(rng, X, 4, kind)
        table = analysed(ISHIGAMI, X, Y, seed=repetition, resamples=200).table
        ours.append(np.concatenate([table["first"], table["total"]]))
        theirs = stats.sobol_indices(func=split(Y.mean(axis=1), 3), n=128)
        naive.append(np.concatenate([theirs.first_order.ravel(), theirs.total_order.ravel()]))
        truth = np.concatenate([FIRST, TOTAL])
        low = np.concatenate([table["first_low"], table["total_low"]])
        covered.append((low <= truth) & (truth <= np.concatenate([table["first_high"], table["total_high"]])))
    ours, naive, covered = np.array(ours), np.array(naive), np.array(covered)
    sure = 4 * ours.std(axis=0) / np.sqrt(len(ours))  # four standard errors of the mean of repetitions
    assert (np.abs(ours.mean(axis=0) - truth) < sure + 0.01).all()
    worst = np.abs(naive.mean(axis=0) - truth).max()
    assert worst > 0.05
    assert worst > 2 * np.abs(ours.mean(axis=0) - truth).max()
    assert covered.mean() > 0.9
    assert covered.mean(axis=0).min() > 0.8


def test_the_share_of_luck_is_the_one_that_was_put_in():
    rng = np.random.default_rng(5)
    X = sample_sobol.sample(ISHIGAMI, 512, calc_second_order=False, seed=rng)
    luck = analysed(ISHIGAMI, X, Ishigami.evaluate(X)[:, None] + rng.normal(0, 4, (len(X), 8)), resamples=200).luck
    truth = 16 / (16 + ISHIGAMI_VARIANCE)
    assert luck.low < truth < luck.high
    assert abs(luck.value - truth) < 0.03


def test_luck_that_all_points_share_alike_changes_no_index():
    X = sample_sobol.sample(ISHIGAMI, 64, calc_second_order=False, seed=2)
    y = Ishigami.evaluate(X)
    bare = analysed(ISHIGAMI, X, np.column_stack([y] * 3), resamples=10).table
    moved = analysed(ISHIGAMI, X, y[:, None] + [5.0, -3.0, 40.0], resamples=10)
    np.testing.assert_allclose(moved.table[["first", "total"]], bare[["first", "total"]], atol=1e-9)
    assert moved.luck.value > 0.5


def test_a_factor_without_effect_is_told_as_such():
    rng = np.random.default_rng(1)
    what = problem(2, 0, 1)
    X = sample_sobol.sample(what, 256, calc_second_order=False, seed=rng)
    table = analysed(what, X, X[:, :1] + rng.normal(0, 0.3, (len(X), 4)), resamples=300).table
    assert table["told_apart"].tolist() == [True, False]
    assert table["first_low"][1] < 0 < table["first_high"][1]


def test_the_same_seed_gives_the_same_intervals_and_zero_is_a_seed():
    factors = ["k=0.5:2", "phi=0:1"]
    assert s.saltelli(factors, 8, 0).table.equals(s.saltelli(factors, 8, 0).table)
    assert not s.saltelli(factors, 8, 0).table.equals(s.saltelli(factors, 8, 1).table)
    X = sample_sobol.sample(ISHIGAMI, 32, calc_second_order=False, seed=2)
    Y = Ishigami.evaluate(X)[:, None] + np.random.default_rng(0).normal(size=(len(X), 3))
    a, b, c = (analysed(ISHIGAMI, X, Y, seed=seed, resamples=20).table for seed in (0, 0, 1))
    assert a.equals(b)
    assert not a["first_low"].equals(c["first_low"])


def test_saltellis_rows_are_those_of_salib_with_whole_numbers_kept_whole():
    design = s.saltelli(["k=0.5:2", "FRCS.start=1:9"], 16, 4)
    rows = design.table.to_numpy().reshape(16, 4, 2)
    np.testing.assert_array_equal(rows[:, 1], np.column_stack([rows[:, 3, 0], rows[:, 0, 1]]))
    np.testing.assert_array_equal(rows[:, 2], np.column_stack([rows[:, 0, 0], rows[:, 3, 1]]))
    assert design.table["FRCS.start"].map(lambda v: v == int(v) and 1 <= v <= 9).all()


# ---------------------------------------------------------------- Morris

def test_a_linear_function_has_its_coefficients_and_no_spread():
    design = morris(["k=0:2", "phi=0:1", "U=0.2:0.4", "C0=0:1"], 10, 3)
    X, bounds = design.table.to_numpy(), s.bounds_of(design.factors)
    coefficients = np.array([3.0, -2.0, 10.0, 0.0])
    table = s.morris(list(design.table), bounds, X, X @ coefficients).table
    effect = coefficients * (bounds[:, 1] - bounds[:, 0])  # over the whole range
    np.testing.assert_allclose(table["mu"], effect, atol=1e-12)
    np.testing.assert_allclose(table["mu_star"], np.abs(effect), atol=1e-12)
    np.testing.assert_allclose(table["sigma"], 0.0, atol=1e-12)
    np.testing.assert_allclose(table["mu_star_low"], table["mu_star_high"], atol=1e-12)
    assert table["told_apart"].tolist() == [True, True, True, False]


@pytest.mark.parametrize(("function", "what"), [
    (Ishigami.evaluate, ISHIGAMI), (Sobol_G.evaluate, problem(8, 0, 1)), (linear_model_1.evaluate, problem(5, 0, 1))])
def test_without_luck_morris_is_that_of_salib(function, what):
    X = sample_morris.sample(what, 20, num_levels=4, seed=2)
    theirs = salib_morris.analyze(what, X, function(X), num_levels=4, seed=1)
    table = s.morris(what["names"], what["bounds"], X, function(X), resamples=10).table
    for name in ("mu", "mu_star", "sigma"):
        np.testing.assert_allclose(table[name], np.asarray(theirs[name], float), atol=1e-8)


def test_luck_alone_is_no_effect():
    """A factor that does nothing: the usual mu* is large, ours averages to 0; one that does 1 is told as 1."""
    design = morris(["k=0:1", "phi=0:1"], 200, 1)
    X = design.table.to_numpy()
    Y = X[:, :1] + np.random.default_rng(3).normal(0, 0.3, (len(X), 4))
    table = s.morris(list(design.table), s.bounds_of(design.factors), X, Y, resamples=200).table
    usual = salib_morris.analyze(problem(2, 0, 1), X, Y.mean(axis=1), seed=1)
    assert usual["mu_star"][1] > 0.2
    assert abs(table["mu_star"][1]) < 0.06
    assert abs(table["mu_star"][0] - 1) < 0.06
    assert table["sigma"][0] < 0.15 < usual["sigma"][0]
    assert table["told_apart"].tolist() == [True, False]


# ---------------------------------------------------------------- regional

def test_distances_are_those_of_scipy_and_so_are_p_values():
    rng = np.random.default_rng(2)
    X = rng.uniform(size=(80, 3))
    holds = X[:, 0] + 0.4 * rng.normal(size=80) > 0.5
    table = s.regional(list("abc"), X, holds).table
    for j, row in table.iterrows():
        theirs = stats.ks_2samp(X[holds, j], X[~holds, j], method="exact")
        assert row["distance"] == pytest.approx(theirs.statistic)
        assert row["p"] == pytest.approx(theirs.pvalue, abs=0.02)
    assert table["told_apart"].tolist() == [True, False, False]
    assert table["where_holds"][0] > table["where_not"][0]


def test_ties_are_passed_together_and_holms_adjustment_is_his():
    X = np.array([[1.0], [1], [2], [2], [3], [3]])
    holds = np.array([1, 0, 1, 0, 0, 0], bool)
    assert s.regional(["a"], X, holds).table["distance"][0] == pytest.approx(
        stats.ks_2samp(X[holds, 0], X[~holds, 0]).statistic)
    np.testing.assert_allclose(_holm(np.array([0.01, 0.04, 0.03])), [0.03, 0.06, 0.06])  # Holm 1979, by hand


def test_runs_of_one_point_are_not_independent():
    """Fifty points that hold or not by chance, run 20 times alike: the p-value must not see 1,000 of them."""
    small = []
    for repetition in range(60):
        rng = np.random.default_rng([repetition, 1])
        X, holds = rng.uniform(size=(50, 1)), np.repeat(rng.uniform(size=(50, 1)) < 0.4, 20, axis=1)
        small.append(s.regional(["a"], X, holds, permutations=199).table["p"][0] < 0.05)
    assert sum(small) <= stats.binom.ppf(0.999, 60, 0.05)


# ---------------------------------------------------------------- what is refused

def test_missing_outcomes_are_refused_or_replaced_as_declared_and_never_dropped():
    frame = pd.DataFrame({"point": [0, 0, 1, 1], "run": [0, 1, 0, 1], "seed": [1, 2, 1, 2],
                          "time_to_50": [8.0, np.nan, np.nan, np.nan], "legitimacy": [0.1, np.nan, 0.3, 0.4]})
    with pytest.raises(Refused, match="3 of 4 runs, at 2 of 2 points"):
        s.responses(frame, "time_to_50")
    assert s.responses(frame, "time_to_50", missing=61).tolist() == [[8, 61], [61, 61]]
    assert s.responses(frame, s.parse_condition("time_to_50 <= 20")).tolist() == [[1, 0], [0, 0]]
    assert s.responses(frame, s.parse_condition("time_to_50 > 20")).tolist() == [[0, 1], [1, 1]]
    with pytest.raises(Refused, match="1 of 4 runs"):
        s.responses(frame, s.parse_condition("legitimacy >= 0.2"))
    with pytest.raises(Refused, match="finish the sweep"):
        s.responses(frame.iloc[:3], "legitimacy", missing=0)
    with pytest.raises(Refused, match="1 of 4 runs failed, the first at point 1: launch_min is too large"):
        s.responses(frame.assign(error=[None, None, "launch_min is too large.", None]), "legitimacy", missing=0)


@pytest.mark.parametrize(("call", "says"), [
    (lambda: s.parse_condition("wasteland@60 = 0.2"), "write OUTCOME <= NUMBER"),
    (lambda: s.parse_condition("wastelad@60 <= 0.2"), "Did you mean wasteland"),
    (lambda: s.parse_condition("wasteland@60 <= 20"), "must lie from 0 to 1"),
    (lambda: s.sensitivity("wasteland", ["k=0:1"], missing=float("nan")), "must be a number itself"),
    (lambda: s.design_of("moris", ["k=0:1"]), "Did you mean morris"),
    (lambda: s.design_of("sobol", s.default_factors()), f"would take {256 * (len(s.default_factors()) + 2):,} points"),
    (lambda: s.saltelli(["k=0:1"], 100), "power of two, such as 64 or 128"),
    (lambda: s.design_of("morris", ["scenario=lone_ranger,wasteland"]), "no range of numbers"),
    (lambda: s._asked("regional", "wasteland"), "needs a condition, such as 'wasteland >= 0.5'"),
    (lambda: s._asked("sobol", "wasteland <= 0.2"), "not the condition"),
    (lambda: s.sobol(["a"], [[0, 1]], np.zeros((7, 1)), np.zeros(7)), "no whole number of base rows"),
    (lambda: s.sobol(["a"], [[0, 1]], np.arange(6.0)[:, None], np.arange(6.0)), "not rows A, AB_1 to AB_k, B"),
    (lambda: s.sobol(["a"], [[0, 1]], s.saltelli(["k=0:1"], 4).table, np.ones(12)), "does not differ"),
    (lambda: s.sobol(["a"], [[0, 1]], s.saltelli(["k=0:1"], 4).table, np.full(12, np.nan)), "not a number at 12 of 12"),
    (lambda: s.morris(["a"], [[0, 1]], [[0.0], [0.0], [1.0], [0.0]], np.ones(4)), "moves one factor"),
    (lambda: s.regional(["a"], np.ones((4, 1)), np.ones(4)), "holds in every run"),
])
def test_what_cannot_be_is_refused_in_a_sentence(call, says):
    with pytest.raises(Refused, match=says) as refused:
        call()
    assert str(refused.value).endswith(".")


# ---------------------------------------------------------------- the model itself

SMALL = {"quarters": 8, "replicates": 2, "executor": "threads"}


@pytest.mark.parametrize(("method", "outcome", "size"), [
    ("morris", "C@8", 3), ("sobol", "C@8", 8), ("regional", "C@8 >= 0.5", 40)])
def test_a_scenario_is_designed_run_and_analysed(method, outcome, size):
    found = s.sensitivity("lone_ranger", ["C0=0.2:0.8", "citizens=10:20"], outcome, method, size, **SMALL)
    assert found.table["factor"][0] == "C0"  # where willingness starts is where it is, after two years
    assert found.table["title"][0] == "citizens' mean willingness at the start"
    assert len(found.design) == s.points_needed(method, 2, size)
    assert len(found.runs) == 2 * len(found.design)
    again = s.sensitivity("lone_ranger", ["C0=0.2:0.8", "citizens=10:20"], outcome, method, size, **SMALL)
    pd.testing.assert_frame_equal(found.table, again.table)


def test_without_factors_every_uncertain_parameter_is_screened():
    from letsdance.params import PARAMETERS

    names = {factor.name for factor in s.default_factors()}
    assert names == {name for name, p in PARAMETERS.items() if p.role == "uncertainty"}


def test_a_sweep_that_is_there_is_analysed_with_the_same_numbers(tmp_path):
    from letsdance.experiments.plan import plan
    from letsdance.experiments.sweep import sweep

    factors = parse_factors(["C0=0.2:0.8", "phi=0:1"])
    for method, design, outcomes in (("sobol", s.saltelli(factors, 4, 1), ["C@8"]),
                                     ("regional", latin_hypercube(factors, 30, 1), [])):
        asked = "C@8" if method == "sobol" else "C@8 >= 0.5"
        kept = sweep(plan("lone_ranger", design=design, replicates=2, quarters=8, outcomes=outcomes), tmp_path / method,
                     "threads")
        ours = s.from_sweep(kept, asked)
        anew = s.sensitivity("lone_ranger", factors, asked, method, 4 if method == "sobol" else 30, **SMALL)
        pd.testing.assert_frame_equal(ours.table, anew.table)
        with pytest.raises(Refused, match="needs one of its own"):
            s.from_sweep(kept, "C@8", "morris")


# ---------------------------------------------------------------- command, figures, page

@pytest.mark.parametrize("more", [["--quarters", "1"], ["--replicates", "-1"], ["--outcome", "C@99"],
                                  ["--executor", "magic"]])
def test_a_mistake_is_one_sentence_and_nothing_is_announced_before(letsdance, tmp_path, more):
    for words in (["sensitivity", "lone_ranger"], ["discover", "lone_ranger", "--condition", "C@8 >= 0.5"]):
        if words[0] == "discover" and more[0] == "--outcome":
            continue
        code, out, err = letsdance(*words, "--factor", "k=0.5:1", *more)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert not list(tmp_path.iterdir())


def test_what_an_outcome_answers_to_most_is_not_a_trifle():
    """A factor told apart from none may still make next to nothing: it is in the table, not in the answer."""
    from letsdance.report.screening import answer

    factors = ["k=0:1", "phi=0:1"]
    design = s.saltelli(factors, 64)
    X = design.table.to_numpy(float)
    found = s.sobol(["k", "phi"], [[0, 1], [0, 1]], X, (X[:, 0] + 0.02 * X[:, 1])[:, None], resamples=50)
    assert found.table["told_apart"].all()
    said = answer(s.Sensitivity("sobol", scenarios.load("lone_ranger"), s.parse("C@8"), found, design,
                                pd.DataFrame({"point": []}), 1))
    assert said[0].endswith("answers most to interdependence.")


@pytest.mark.parametrize(("method", "outcome", "size"), [
    ("morris", "C@8", "3"), ("sobol", "C@8", "8"), ("regional", "C@8 >= 0.5", "40")])
def test_the_command_prints_json_and_leaves_a_page(letsdance, tmp_path, method, outcome, size):
    words = ["sensitivity", "lone_ranger", "--factor", "C0=0.2:0.8", "--factor", "phi=0:1", "--outcome", outcome,
             "--method", method, "--size", size, "--replicates", "2", "--quarters", "8"]
    code, out, _ = letsdance(*words, "--out", "a", "--json")
    said = json.loads(out)
    assert code == 0
    assert said["indices"][0]["factor"] == "C0"
    page = (tmp_path / "a/report.html").read_text(encoding="utf-8")
    assert said["says"][0].replace("'", "&#39;") in page
    assert {f.name for f in (tmp_path / "a").iterdir()} == {
        "manifest.json", "indices.parquet", "points.parquet", "runs.parquet", "report.html", "figures"}
    kept = pd.read_parquet(tmp_path / "a/indices.parquet")
    assert kept["factor"].tolist() == [row["factor"] for row in said["indices"]]
    assert "citizens' mean willingness at the start (C0)" in letsdance(*words, "--out", "b")[1]


def test_figures_work_for_many_factors_and_for_phones():
    names = [factor.name for factor in s.default_factors()]
    design = morris(s.default_factors(), 2, 1)
    bounds = s.bounds_of(design.factors)
    Y = np.random.default_rng(1).normal(size=(len(design), 2))
    found = s.Sensitivity("morris", scenarios.load("lone_ranger"), s.parse("C@8"),
                          s.morris(names, bounds, design.table.to_numpy(float), Y, resamples=20), design,
                          pd.DataFrame({"point": []}), 1)
    for width in (960, 400):
        figure = morris_plane(found, width)
        for word in figure._words:
            assert 0 <= word["x"] <= width
            assert 0 < word["y"] <= figure.height
    assert f"{len(names)} factors" in sensitivity_study(found).done[0]


@pytest.fixture(scope="module")
def analyses():
    """One of each method, with what its sentences differ by: up, down and both ways; luck or none; nothing told apart."""
    def made(method, outcome, found, design):
        asked = s.parse_condition(outcome) if method == "regional" else s.parse(outcome)
        return s.Sensitivity(method, scenarios.load("lone_ranger"), asked, found, design,
                             pd.DataFrame({"point": range(2000)}), 1)

    def unit(design):
        low, high = s.bounds_of(design.factors).T
        return (design.table.to_numpy(float) - low) / (high - low)

    rng, found, some = np.random.default_rng(1), [], ["OUT.strength=0:1.5", "scandal.start=1:8", "bond_size=2:9"]
    for outcome, factors in (("C@8", s.default_factors()), ("services@4-8", some), ("time_to_50", some)):
        screened = morris(factors, 6, 1)
        X, names = unit(screened), [factor.name for factor in screened.factors]
        Y = {"C@8": X[:, :1] - X[:, 1:2] + 3 * X[:, 2:3] * (X[:, -1:] - 0.5), "services@4-8": 9 * X[:, :1]}.get(
            outcome, np.zeros((len(X), 1))) + 0.01 * rng.normal(size=(len(X), 2))
        told = s.morris(names, s.bounds_of(screened.factors), screened.table.to_numpy(float), Y, resamples=20)
        found.append(made("morris", outcome, told, screened))
    base = s.saltelli(some, 64)
    names, X = [factor.name for factor in base.factors], unit(base)
    for noise in (rng.normal(size=(len(X), 3)), np.zeros((len(X), 1))):
        sobol = s.sobol(names, s.bounds_of(base.factors), base.table.to_numpy(float), X[:, :1] + 0.1 * noise, resamples=50)
        found.append(made("sobol", "lone_ranger", sobol, base))
    emulator = SimpleNamespace(held_back=range(40), explained=0.93, coverage=lambda: SimpleNamespace(share=0.95))
    found.append(made("emulated", "pilots_per_adoption", Emulated(**vars(sobol), emulator=emulator), base))
    points = latin_hypercube(some, 200, 1)
    X = unit(points)
    for condition, holds in (("wasteland@60 <= 0.125", X[:, :1] > 0.5), ("C@4-8 > 0.5", X[:, 1:2] < 0.5),
                             ("total_spend >= 400", np.abs(X[:, 2:] - 0.5) < 0.25),
                             ("lets_dance < 1", rng.random((200, 1)) < 0.5)):
        told = s.regional(names, points.table.to_numpy(float), holds, permutations=199)
        found.append(made("regional", condition, told, points))
    return found


def test_an_analysis_speaks_the_language_that_is_asked(analyses, spoken):
    for found in analyses:
        typed = "|".join(rf"\({re.escape(factor.name)}\)" for factor in found.factors)
        assert not plain_english(sensitivity_study(found, spoken), typed)


@pytest.mark.parametrize("language", languages())
def test_figures_of_an_analysis_have_room(analyses, language):
    for found in analyses[::2]:
        study = sensitivity_study(found, Text(language))
        for make in study.sections[0].figures.values():
            assert not [word for width in (WIDE, NARROW) for word in crowded(make(width)) if "…" not in word]


@pytest.mark.parametrize("seed", range(8))
def test_the_mean_size_of_an_effect_is_never_below_the_size_of_its_mean(seed):
    rng = np.random.default_rng(seed)
    k, T, R = 3, 6, 4
    path = np.stack([np.tril(np.ones((k + 1, k)), -1)] * T).reshape(-1, k)
    Y = 0.1 * path[:, :1] + rng.normal(size=(len(path), R))
    table = s.morris(["a", "b", "c"], [[0, 1]] * k, path, Y, seed, resamples=100).table
    assert (table["mu_star"] >= table["mu"].abs() - 1e-12).all()


def test_mu_mu_star_and_sigma_lie_around_the_truth_with_luck_as_large_as_the_effect():
    """Effects that are N(0.5, 0.5²) over trajectories, two seeds' luck of sd 1: the mean absolute effect is the folded
    normal's; a factor without effect is told apart in at most 5 % or so."""
    rng = np.random.default_rng(11)
    T, R, found, told = 40, 4, [], 0
    for seed in range(30):
        path = np.stack([np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]])] * T)
        effect = rng.normal(0.5, 0.5, T)
        Y = np.zeros((T, 3, R))
        Y[:, 1:] += effect[:, None, None]
        Y += rng.normal(0, 0.7, Y.shape)
        table = s.morris(["a", "b"], [[0, 1], [0, 1]], path.reshape(-1, 2), Y.reshape(-1, R), seed, resamples=100).table
        found.append(table.loc[0, ["mu", "mu_star", "sigma"]].to_numpy(float))
        told += bool(table["told_apart"][1])
    ratio = 0.5 / 0.5
    folded = 0.5 * (np.sqrt(2 / np.pi) * np.exp(-ratio**2 / 2) + ratio * (1 - 2 * stats.norm.cdf(-ratio)))
    np.testing.assert_allclose(np.mean(found, axis=0), [0.5, folded, 0.5], atol=0.05)
    assert told <= stats.binom.ppf(0.999, 30, 0.05)
