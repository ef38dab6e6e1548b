"""Scenario discovery: a planted box is found, noise is not, the EMA Workbench's PRIM agrees, words say what is."""

from __future__ import annotations

import json
import warnings
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from benchmarks import boxes
from pseudo import crowded, plain_english
from scipy import stats

from letsdance.experiments import discovery as d
from letsdance.experiments.design import parse_factors
from letsdance.experiments.estimates import Estimate
from letsdance.experiments.outcomes import parse_condition
from letsdance.params import Refused
from letsdance.report.screening import box_ranges, discovery_study, trade_off
from letsdance.report.sheet import NARROW, WIDE
from letsdance.words import Text, languages

FACTORS = ["G0=0:1", "B=-0.5:1", "C0=0:1", "FRCS.strength=0:1.5", "FRCS.start=1:40"]
CONDITION = parse_condition("wasteland@60 <= 20%")


def planted(seed: int, points: int = 600, replicates: int = 4, inside: float = 0.9, outside: float = 0.1):
    """Points, whether the condition holds in each run, and which points lie in the box G0 >= .55, B <= .3."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(size=(points, 5)) * [1, 1.5, 1, 1.5, 40] + [0, -0.5, 0, 0, 1]
    X[:, 4] = np.minimum(np.floor(X[:, 4]), 40)
    box = (X[:, 0] >= 0.55) & (X[:, 1] <= 0.3)
    return X, rng.uniform(size=(points, replicates)) < np.where(box, inside, outside)[:, None], box


@pytest.fixture
def quick(monkeypatch):
    """A fourth of the permutations: p-values are as true, and coarser."""
    monkeypatch.setattr(d, "_PERMUTATIONS", 99)


# ---------------------------------------------------------------- PRIM

@pytest.mark.parametrize("seed", [0, 3])
def test_a_planted_box_is_found(seed, quick):
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


def test_where_four_boxes_are_three_are_told_unless_more_are_asked_for(quick):
    X = np.random.default_rng(1).uniform(size=(500, 1))
    holds = (X % 0.3 < 0.1).all(axis=1)  # in four tenths of the range, each away from the others
    usual, more = d.find_boxes(["k=0:1"], X, holds), d.find_boxes(["k=0:1"], X, holds, most=4)
    assert (len(usual.boxes), usual.aim) == (3, 0.8)
    assert len(more.boxes) == 4
    assert [box.limits for box in more.boxes[:3]] == [box.limits for box in usual.boxes]


def test_the_density_of_points_left_out_covers_the_truth_and_that_of_points_used_is_too_high(quick):
    """Over repetitions: what the box truly holds is computed from the planted shares of its points."""
    hits, used, left_out = [], [], []
    for seed in range(12):
        X, holds, _ = planted(seed, 300, 2, 0.7, 0.3)
        found = d.find_boxes(FACTORS, X, holds, CONDITION, seed=seed, most=1, beside=False)
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
        left_out.append(one.density.value - truth)
    assert len(hits) >= 9
    assert np.mean(hits) >= 0.85
    assert np.mean(used) > 0.01  # what peeling flatters itself with
    assert abs(np.mean(left_out)) < 0.01 + 3 * np.std(left_out) / np.sqrt(len(left_out))  # 60 others: +.009, ±.006
    assert abs(np.mean(left_out)) < np.mean(used)


@pytest.mark.parametrize(("base", "points", "luck"), [(0.3, 200, 0.0), (0.9, 200, 0.6)])
def test_noise_gives_no_box(base, points, luck, quick):
    """Whatever luck the points share: at most 5 % of noise gives a box (`benchmarks.boxes` counts many more)."""
    case = boxes.Case(base, base, points, 4, 6, luck)
    found = [d.find_boxes(boxes.FACTORS[:6], *case.drawn(seed), CONDITION, seed=seed, beside=False)
             for seed in range(8)]
    assert sum(bool(one.boxes) for one in found) <= stats.binom.ppf(0.999, 8, 0.05)
    assert all("Too few runs to tell" in d.sentences(one)[0] for one in found if not one.boxes and one.held < 1)


@pytest.mark.parametrize(("replicates", "least"), [(4, 5), (1, 3)])
def test_a_box_of_the_size_of_the_issue_is_found(replicates, least, quick):
    """97.7 % against 82 %: 400 points tell it, with one run each in most tries; one at a time no factor would."""
    case = boxes.Case(0.977, 0.82, 400, replicates, 6, 0.0)
    said = [boxes.tried(case, seed) for seed in range(6)]
    assert sum(one.any for one in said) >= least
    assert sum(one.planted for one in said) >= least - 1
    assert sum(one.false for one in said) <= stats.binom.ppf(0.999, 6, 0.05)


def test_p_values_of_noise_are_even_and_of_a_limit_no_smaller_than_permutations_say(quick):
    rng = np.random.default_rng(5)
    p = []
    for _ in range(60):
        X, share = rng.uniform(size=(60, 3)), (rng.uniform(size=(60, 2)) < 0.4).mean(axis=1)
        p.append(d.any_box(X, share, np.zeros(3, bool), rng)[0])
    assert stats.kstest(p, "uniform").pvalue > 0.001
    share[X[:, 0] > 0.6] = np.minimum(share[X[:, 0] > 0.6] + 0.5, 1.0)
    box = np.array([0.6, -np.inf, -np.inf]), np.full(3, np.inf)
    said = d.by_chance(X, share, box)[0, 0]
    order = np.argsort(X[:, 0])

    def lacks(y):
        return (np.arange(1, 61) / 60 * y.sum() - np.cumsum(y[order])).max()

    drawn = [lacks(rng.permutation(share)) for _ in range(4000)]
    exact = np.mean(np.array(drawn) >= lacks(share) - 1e-12)
    assert 0.5 * 6 * exact <= said  # 2 sides x 3 factors
    assert said <= 1e-12 + 6 * np.exp(-2 * lacks(share) ** 2 / (share.var() * 60))


def test_the_corner_that_stands_out_is_that_of_a_search_through_all_and_chance_is_its_own(quick):
    """Every corner by hand, without a shortcut; what chance seldom exceeds is read from its own permutations."""
    X, holds = boxes.Case(0.9, 0.6, 120, 2, 2, 0.2).drawn(4)
    share, n, least = holds.mean(axis=1), 120, d._fewest(120)
    whole, parts = np.zeros(2, bool), d._CELLS
    cell = d._cells(X, np.argsort(X, axis=0))

    def nats(part, base):
        return sum(q * np.log(q / of) for q, of in ((part, base), (1 - part, 1 - base)) if q > 0)

    def by_hand(y):
        base, runs, best = y.mean(), y.mean() * (1 - y.mean()) / y.var(), (-np.inf, ())
        for a, b in ((0, 0), (0, 1), (1, 1)):
            for u, v in np.ndindex(parts + 1, parts + 1):
                for at in np.ndindex(2, 2):
                    here = ((cell[:, a] < u) == at[0]) & ((cell[:, b] < v) == at[1])
                    if not least <= here.sum() <= n - least or y[here].mean() <= base:
                        continue
                    told = sum(nats(y[part].mean(), base) * part.sum() for part in (here, ~here))
                    part = here.mean()
                    excess = np.sqrt(2 * runs * told) - np.sqrt(2 * np.log(np.e / (4 * part * (1 - part))))
                    best = max(best, (excess, ((a, at[0], u), (b, at[1], v))))
        return best

    sides = np.zeros((2, 2), bool)
    most, corner = by_hand(share)
    assert d._corner(cell, share, least, sides) == pytest.approx(most)
    assert sorted(zip(*np.nonzero(sides), strict=True)) == sorted((side, j) for j, side, cut in corner if 0 < cut < parts)
    needed = d.any_box(X, share, whole, np.random.default_rng(9))[1]
    rng = np.random.default_rng(9)
    drawn = [d._corner(cell, rng.permutation(share), least, sides) for _ in range(d._PERMUTATIONS)]
    assert needed[1] == np.quantile(drawn, 1 - 0.05 * d._WEIGHTS[1], method="higher")


def test_the_regional_method_is_asked_beside_it_only_where_that_is_wanted(quick):
    X, holds, _ = planted(0, 200)
    assert {"G0", "B"} <= set(d.find_boxes(FACTORS, X, holds, CONDITION, most=1).apart)
    assert d.find_boxes(FACTORS, X, holds, CONDITION, most=1, beside=False).apart == ()


def test_what_only_two_factors_do_together_is_found_and_said_not_to_be_told_alone(quick):
    """In opposite corners: each factor alone has no effect at all."""
    rng = np.random.default_rng(2)
    X = rng.uniform(size=(600, 2))
    holds = rng.uniform(size=(600, 4)) < np.where((X[:, 0] > 0.5) == (X[:, 1] > 0.5), 0.9, 0.1)[:, None]
    found = d.find_boxes(["C0=0:1", "G0=0:1"], X, holds, CONDITION)
    assert len(found.boxes) >= 1
    assert set(found.boxes[0].limits) == {"C0", "G0"}
    if not found.apart:
        assert "does not tell" in d.sentences(found)[-1]
        assert "these matter within the limits of the others" in d.sentences(found)[-1]


def test_a_second_command_on_the_same_runs_is_never_contradicted_in_silence(quick):
    """What the regional method tells apart is in a box, or it is said why not."""
    from letsdance.experiments.indices import regional

    spoken = 0
    for seed in range(8):
        case = boxes.Case(0.95, 0.85, 150, 4, 4, 0.0)
        X, holds = case.drawn(seed)
        found = d.find_boxes(boxes.FACTORS[:4], X, holds, CONDITION, seed=seed)
        table = regional([f.name for f in found.factors], X, holds, seed).table
        told = set(table.loc[table["told_apart"], "factor"])
        assert set(found.apart) == told
        missed = told - {name for box in found.boxes for name in box.limits}
        said = " ".join(d.sentences(found))
        assert ("also tells" in said) == bool(missed)
        spoken += bool(told)
    assert spoken >= 2


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

def test_the_words_are_those_of_the_declarations_and_their_numbers_are_near_those_of_its_points():
    X, holds, _ = planted(0)
    found = d.find_boxes(FACTORS, X, holds, CONDITION, seed=0)
    said, box = d.sentences(found)[0], found.boxes[0]
    at_least, at_most = box.limits["G0"][0], box.limits["B"][1]
    assert said.startswith("Wasteland is escaped (at most 20\u00a0% of municipalities in it at quarter 60) where "
                           f"governments' mean willingness at the start is at least {at_least:g} and budget stress is "
                           f"at most {at_most:g}: true for {100 * box.density.value:.0f}\u00a0% (")
    here = (X[:, 0] >= at_least) & (X[:, 1] <= at_most)
    assert box.found_density == pytest.approx(holds[here].mean())
    assert box.density.value == pytest.approx(holds[here].mean(), abs=0.03)
    assert box.coverage.value == pytest.approx(holds[here].sum() / holds.sum(), abs=0.05)
    assert box.base == pytest.approx(holds.mean())
    assert box.points == here.sum()


def test_another_seed_leaves_out_other_points():
    X, holds, _ = planted(0, 200)
    one, other = (d.find_boxes(FACTORS, X, holds, CONDITION, seed=seed).boxes[0] for seed in (1, 2))
    assert one.limits == other.limits
    assert one.density != other.density


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
    assert said["says"][0].replace("'", "&#39;") in page


@pytest.fixture(scope="module")
def discovered():
    """Where boxes are, are not, and cannot be; with what another method says of the same runs or without."""
    rows = {f"{half}_{name}": [1.0, 0.5] for half in ("found", "checked") for name in ("coverage", "density")}
    factors = parse_factors(["C0=0:1", "contacts_c=1:20", "FRCS.start=1:20", "scandal.strength=0:1.5"])

    def box(density, **limits):
        limits = {name.replace("_start", ".start").replace("_strength", ".strength"): ends for name, ends in limits.items()}
        return d.Box(limits, Estimate(density, 0.8, 0.95), Estimate(0.5, 0.4, 0.6), 0.2, 0.3, 20, 0.9,
                     dict.fromkeys(limits, 0.0004), 0.01)

    two = (box(0.75, C0=(0.5, None), contacts_c=(None, 4.0), FRCS_start=(3.0, 9.0)),
           box(0.7, FRCS_start=(None, 9.0), scandal_strength=(0.25, 1.25)))
    power = {"tried": box(0.9, FRCS_start=(4.0, None))}
    return [d.Discovery(said.get("condition", CONDITION), factors, said.get("boxes", ()), said.get("tried"),
                        said.get("power"), said.get("held", 0.4), 0.8, 1200, said.get("replicates", 4), 1,
                        pd.DataFrame(rows), said.get("apart", ())) for said in (
        {"boxes": two, "apart": ("C0",)}, {"boxes": two[:1], "apart": ("C0", "scandal.strength"), "condition": None},
        {"held": 1.0}, {"held": 0.0}, {"replicates": 1}, power | {"power": d.Power(0.2, 1500), "apart": ("C0",)},
        power | {"power": d.Power(0.234, None)})]


def test_a_discovery_speaks_the_language_that_is_asked(discovered, spoken):
    for found in discovered:
        assert not plain_english(discovery_study(found, spoken), r"\((?:contacts_c|FRCS\.start|scandal\.strength)\)")


@pytest.mark.parametrize("language", languages())
def test_its_figures_have_room(discovered, language):
    for found in discovered[:2]:
        for section in discovery_study(found, Text(language)).sections:
            for make in section.figures.values():
                assert [crowded(make(width)) for width in (WIDE, NARROW)] == [[], []]


def test_figures_fit_wide_and_narrow():
    X, holds, _ = planted(0)
    found = d.find_boxes(FACTORS, X, holds, CONDITION, seed=0)
    for width in (960, 400):
        for figure in (box_ranges(found, 0, width), trade_off(found, width)):
            for word in figure._words:
                assert 0 <= word["x"] <= width
                assert 0 < word["y"] <= figure.height
    assert isinstance(found.boxes[0].density, Estimate)
    assert discovery_study(found).headline.startswith("Wasteland is escaped where")
