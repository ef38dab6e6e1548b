"""Scenario discovery: a planted box is found, noise is not, the EMA Workbench's PRIM agrees, words say what is."""

from __future__ import annotations

import json
import warnings
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from letsdance.experiments import discovery as d
from letsdance.experiments.design import parse_factors
from letsdance.experiments.estimates import Estimate
from letsdance.experiments.outcomes import parse_condition
from letsdance.params import Refused

FACTORS = ["G0=0:1", "B=-0.5:1", "C0=0:1", "FRCS.strength=0:1.5", "FRCS.start=1:40"]
CONDITION = parse_condition("wasteland@60 <= 20%")


def planted(seed: int, points: int = 600, replicates: int = 4, inside: float = 0.9, outside: float = 0.1):
    """Points, whether the condition holds in each run, and which points lie in the box G0 >= .55, B <= .3."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(size=(points, 5)) * [1, 1.5, 1, 1.5, 40] + [0, -0.5, 0, 0, 1]
    X[:, 4] = np.minimum(np.floor(X[:, 4]), 40)
    box = (X[:, 0] >= 0.55) & (X[:, 1] <= 0.3)
    return X, rng.uniform(size=(points, replicates)) < np.where(box, inside, outside)[:, None], box


# ---------------------------------------------------------------- PRIM

@pytest.mark.parametrize("seed", range(4))
def test_a_planted_box_is_found(seed):
    X, holds, _ = planted(seed)
    found = d.find_boxes(FACTORS, X, holds, CONDITION, seed=seed)
    first = found.boxes[0]
    assert set(first.limits) == {"G0", "B"}
    assert first.limits["G0"] == (pytest.approx(0.55, abs=0.05), None)
    assert first.limits["B"] == (None, pytest.approx(0.3, abs=0.12))
    assert first.density.low < 0.9 + 0.02
    assert first.density.value > 0.7
    assert max(first.chance.values()) < 0.001
    assert len(found.boxes) == 1 or found.boxes[1].density.value < first.density.value


def test_the_density_of_points_held_back_covers_the_truth_and_that_of_points_used_is_too_high():
    """Over repetitions: what the box truly holds is computed from the planted shares of its points."""
    hits, used, held_back = [], [], []
    for seed in range(16):
        X, holds, _ = planted(seed, 300, 2, 0.7, 0.3)
        found = d.find_boxes(FACTORS, X, holds, CONDITION, seed=seed, most=1)
        one = found.boxes[0] if found.boxes else found.tried
        if one is None:
            continue
        fresh, _, truly = planted(1000 + seed, 20_000, 1)
        here = np.ones(len(fresh), bool)
        for j, factor in enumerate(found.factors):
            low, high = one.limits.get(factor.name, (None, None))
            here &= (fresh[:, j] >= (-np.inf if low is None else low)) & (fresh[:, j] <= (np.inf if high is None else high))
        truth = np.where(truly, 0.7, 0.3)[here].mean()
        hits.append(one.density.low <= truth <= one.density.high)
        used.append(one.found_density - truth)
        held_back.append(one.density.value - truth)
    assert len(hits) >= 12
    assert np.mean(hits) >= 0.85
    assert np.mean(used) > 0.03  # what peeling flatters itself with
    assert abs(np.mean(held_back)) < 0.03


def test_noise_gives_no_box():
    said = 0
    for seed in range(15):
        rng = np.random.default_rng([seed, 3])
        X, _, _ = planted(seed, 300)
        found = d.find_boxes(FACTORS, X, rng.uniform(size=(300, 4)) < 0.3, CONDITION, seed=seed)
        said += bool(found.boxes)
        if not found.boxes:
            assert "no box does better than chance" in d.sentences(found)[0]
    assert said <= stats.binom.ppf(0.999, 15, 0.05)


def test_prim_of_the_ema_workbench_finds_the_same_box():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ema_workbench.analysis import prim

        X, holds, box = planted(2, replicates=1, inside=1.0, outside=0.05)
        names = [f.name for f in parse_factors(FACTORS)]
        theirs = prim.Prim(pd.DataFrame(X, columns=names), holds[:, 0]).find_box()
        at = int(np.argmax(2 * theirs.peeling_trajectory["coverage"] * theirs.peeling_trajectory["density"]
                           / (theirs.peeling_trajectory["coverage"] + theirs.peeling_trajectory["density"])))
        limits = theirs.box_lims[at]
        row = theirs.peeling_trajectory.loc[at]
    peeled = d.peel(X, holds.mean(axis=1), np.array([False] * 4 + [True]))
    share = holds[:, 0].astype(float)
    balance = [2 * c * n / (c + n) for c, n in ((share[h].sum() / share.sum(), share[h].mean())
                                                for h in (d.inside(X, *one) for one in peeled))]
    low, high = d.paste(X, share, peeled[int(np.argmax(balance))])
    ours = d.inside(X, low, high)
    assert share[ours].mean() == pytest.approx(row["density"], abs=0.05)
    assert share[ours].sum() / share.sum() == pytest.approx(row["coverage"], abs=0.05)
    assert low[0] == pytest.approx(limits["G0"][0], abs=0.03)
    assert high[1] == pytest.approx(limits["B"][1], abs=0.05)
    assert (ours == box).mean() > 0.97


def test_quasi_p_values_are_those_of_the_ema_workbench():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ema_workbench.analysis import prim

        X, holds, _ = planted(3, replicates=1)
        names = [f.name for f in parse_factors(FACTORS)]
        theirs = prim.Prim(pd.DataFrame(X, columns=names), holds[:, 0]).find_box()
        at = len(theirs.p_values) // 2
        limits, values = theirs.box_lims[at], theirs.p_values[at]
    low, high = limits.to_numpy(float)
    whole_low, whole_high = X.min(axis=0), X.max(axis=0)
    free = np.where(low <= whole_low, -np.inf, low), np.where(high >= whole_high, np.inf, high)
    compared = 0
    for name, pair in values.items():
        j = names.index(name)
        for side in (0, 1):
            if pair[side] >= 0:
                ours = d.quasi_p(X, holds.mean(axis=1), *free, j, (side,))
                assert ours == pytest.approx(pair[side], rel=1e-6, abs=1e-12)
                compared += 1
    assert compared >= 2


def test_peeling_is_patient_and_nested():
    X, holds, _ = planted(1)
    share = holds.mean(axis=1)
    boxes = d.peel(X, share, np.zeros(5, bool))
    there = [d.inside(X, *box) for box in boxes]
    assert there[0].all()
    for outer, inner in pairwise(there):
        assert (outer | ~inner).all()
        gone = outer.sum() - inner.sum()
        # a twentieth, unless ties among whole numbers (of 40 values) go together
        assert 1 <= gone <= max(0.05 * outer.sum() + 1, 0.12 * outer.sum())
    assert there[-1].sum() >= 0.05 * len(X)


def test_pasting_gives_back_what_was_peeled_too_far():
    X, _, box = planted(4, replicates=1)
    share = box.astype(float)
    low, high = d.paste(X, share, (np.array([0.75, -np.inf, -np.inf, -np.inf, -np.inf]),
                                   np.array([np.inf, 0.1, np.inf, np.inf, np.inf])))
    assert share[d.inside(X, low, high)].mean() == 1.0
    assert share[d.inside(X, low, high)].sum() > 0.97 * share.sum()


def test_an_interval_counts_points_not_runs():
    same = np.repeat(np.random.default_rng(1).uniform(size=(40, 1)) < 0.5, 50, axis=1).astype(float)
    ours = d.share_interval(same)
    wilson = stats.binomtest(int(same[:, 0].sum()), 40).proportion_ci(method="wilson")
    assert ours.low == pytest.approx(wilson.low, abs=0.01)
    assert ours.high == pytest.approx(wilson.high, abs=0.01)
    luck = np.repeat(np.array([[1.0, 1, 0, 0]]), 400, axis=0)  # all points share the fate of their seed
    assert d.share_interval(luck).high - d.share_interval(luck).low > 0.5
    assert d.share_interval(np.ones((20, 1))).low == pytest.approx(
        stats.binomtest(20, 20).proportion_ci(method="wilson").low)


def test_the_same_seed_gives_the_same_box_and_zero_is_a_seed():
    X, holds, _ = planted(0)
    a, b = (d.find_boxes(FACTORS, X, holds, CONDITION, seed=0).table for _ in range(2))
    pd.testing.assert_frame_equal(a, b)


# ---------------------------------------------------------------- words

def test_the_words_are_those_of_the_declarations_and_their_numbers_hold_for_the_points_held_back():
    X, holds, _ = planted(0)
    found = d.find_boxes(FACTORS, X, holds, CONDITION, seed=0)
    said, box = d.sentences(found)[0], found.boxes[0]
    at_least, at_most = box.limits["G0"][0], box.limits["B"][1]
    assert said.startswith("Wasteland is escaped (at most 20 % of municipalities in it at quarter 60) where governments' "
                           f"mean willingness at the start is at least {at_least:g} and budget stress is at most "
                           f"{at_most:g}: true for {100 * box.density.value:.0f} % (")
    rng = np.random.default_rng(np.random.SeedSequence([0, d._HALVES]))
    check = np.sort(rng.permutation(len(X))[len(X) // 2:])
    here = check[(X[check, 0] >= at_least) & (X[check, 1] <= at_most)]
    assert box.density.value == pytest.approx(holds[here].mean())
    assert box.coverage.value == pytest.approx(holds[here].sum() / holds[check].sum())
    assert box.base == pytest.approx(holds[check].mean())
    assert box.points == len(here)


@pytest.mark.parametrize(("name", "limits", "said"), [
    ("FRCS.start", (None, 12), "the start of free-range civil servants is quarter 12 or earlier"),
    ("FRCS.start", (4, 12), "the start of free-range civil servants lies between quarters 4 and 12"),
    ("FRCS.strength", (0.6, None), "the strength of free-range civil servants is at least 0.6"),
    ("contacts_c", (3, None), "contacts of a citizen's call is at least 3 citizens"),
    ("k", (0.5, 1.5), "interdependence lies between 0.5 and 1.5"),
    ("B", (-0.25, -0.0), "budget stress lies between −0.25 and 0"),
])
def test_limits_in_words(name, limits, said):
    ranges = {"k": "0:2", "B": "-0.5:1", "FRCS.strength": "0:1"}
    assert d.said_limits(parse_factors([f"{name}={ranges.get(name, '1:20')}"])[0], *limits) == said


def test_a_condition_that_always_or_never_holds_is_said_to():
    X, _, _ = planted(0)
    for value, word in ((True, "every"), (False, "no")):
        found = d.find_boxes(FACTORS, X, np.full((len(X), 2), value), CONDITION)
        assert not found.boxes
        assert f"in {word} run" in d.sentences(found)[0]


@pytest.mark.parametrize(("call", "says"), [
    (lambda: d.find_boxes(FACTORS, np.ones((20, 5)), np.ones(20)), "20 points are too few"),
    (lambda: d.find_boxes(FACTORS, np.ones((100, 4)), np.ones(100)), "5 factors"),
    (lambda: d.find_boxes(FACTORS, np.ones((100, 5)), np.full(100, np.nan)), "known in every run"),
    (lambda: d.find_boxes(FACTORS, np.ones((100, 5)), np.ones(100), aim=2), "above 0 and be at most 1, such as 0.8, not 2"),
    (lambda: d.discover("wasteland", [], "wasteland <= 0.2"), "at least one factor"),
    (lambda: d.discover("wasteland", ["k=0:1"], "wasteland <= 0.2", most=0), "number of boxes must be a whole number"),
    (lambda: d.discover("wasteland", ["k=0:1"], "wasteland <= 0.2", aim=float("nan")), "density to aim at"),
    (lambda: d.discover("wasteland", ["k=0:1"], "wasteland <= 0.2", points=30), "30 points are too few"),
])
def test_what_cannot_be_is_refused_in_a_sentence(call, says):
    with pytest.raises(Refused, match=says) as refused:
        call()
    assert str(refused.value).endswith(".")


# ---------------------------------------------------------------- the model, command, page

def test_a_scenario_is_explored_and_a_sweep_that_is_there_says_the_same(tmp_path):
    from letsdance.experiments.plan import plan
    from letsdance.experiments.sweep import sweep

    found = d.discover("lone_ranger", ["C0=0:1", "phi=0:1"], "C@8 >= 0.5", points=120, replicates=2, quarters=8,
                       executor="threads")
    assert found.boxes[0].limits["C0"][0] == pytest.approx(0.5, abs=0.15)  # after two years it is where it started
    assert found.boxes[0].density.value > 0.8
    kept = sweep(plan("lone_ranger", design=found.design, replicates=2, quarters=8, outcomes=["C@8"]), tmp_path / "s",
                 "threads")
    pd.testing.assert_frame_equal(d.from_sweep(kept, "C@8 >= 0.5").table, found.table)


def test_the_command_prints_json_and_leaves_a_page(letsdance, tmp_path):
    words = ["discover", "lone_ranger", "--factor", "C0=0:1", "--factor", "phi=0:1", "--condition", "C@8 >= 0.5",
             "--points", "120", "--replicates", "2", "--quarters", "8", "--out", "a"]
    code, out, _ = letsdance(*words, "--json")
    said = json.loads(out)
    assert code == 0
    code, out, _ = letsdance(*words, "--overwrite")
    assert code == 0
    assert said["boxes"][0]["limits"]["C0"][0] == pytest.approx(0.5, abs=0.15)
    assert " ".join(said["says"][0].split()[:8]) in " ".join(out.split())
    assert {f.name for f in (tmp_path / "a").iterdir()} == {
        "manifest.json", "boxes.parquet", "peeling.parquet", "points.parquet", "runs.parquet", "report.html", "figures"}
    page = (tmp_path / "a/report.html").read_text(encoding="utf-8")
    assert said["says"][0].replace("'", "&#39;").replace(" %", "\u00a0%") in page


def test_figures_fit_wide_and_narrow():
    from letsdance.report.screening import box_ranges, discovery_study, trade_off

    X, holds, _ = planted(0)
    found = d.find_boxes(FACTORS, X, holds, CONDITION, seed=0)
    for width in (960, 400):
        for figure in (box_ranges(found, 0, width), trade_off(found, width)):
            for word in figure._words:
                assert 0 <= word["x"] <= width
                assert 0 < word["y"] <= figure.height
    assert isinstance(found.boxes[0].density, Estimate)
    assert discovery_study(found).headline.startswith("Wasteland is escaped where")
