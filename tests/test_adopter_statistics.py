"""Statistics of adoption: hand-calculated oracles, and every statistic again by brute force under hypothesis."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from letsdance.experiments.adopters import data, statistics
from letsdance.experiments.adopters.describing import describe
from letsdance.params import Refused
from letsdance.simulation.limits import categories_by_rank, categories_by_spread
from letsdance.simulation.networks import ring_lattice
from letsdance.simulation.run import CATEGORIES, simulate

NAN = float("nan")
#: 0 looks at 1 and 2, 1 at 0, 2 at 0 and 1; 3 at nobody, and nobody at 3.
TIES = np.array([[0, 1, 1, 0], [1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]], float)
TIMES = [1990, 1991, 1993, NAN]


@st.composite
def cases(draw, dynamic=None):
    """Times with non-adopters, and a network with weights and loops: one, or one a period."""
    n, T = draw(st.integers(2, 7)), draw(st.integers(2, 5))
    times = np.array(draw(st.lists(st.one_of(st.just(NAN), st.integers(1, T).map(float)), min_size=n, max_size=n)))
    count = T if (draw(st.booleans()) if dynamic is None else dynamic) else 1
    weight = st.sampled_from([0.0, 0.0, 0.5, 1.0, 2.0])
    slices = [np.array(draw(st.lists(weight, min_size=n * n, max_size=n * n))).reshape(n, n) for _ in range(count)]
    return times, slices, T


def seen(slices, t):
    """The slice of a period counted from 1."""
    return slices[0] if len(slices) == 1 else slices[t - 1]


def given_as(slices):
    return sparse.csr_array(slices[0]) if len(slices) == 1 else [sparse.csr_array(s) for s in slices]


def tie(slices, t, i, j, direction="out", valued=False):
    """How much i looks at j in period t."""
    if i == j:
        return 0.0
    S = seen(slices, t)
    value = {"out": S[i, j], "in": S[j, i], "both": max(S[i, j], S[j, i])}[direction]
    return value if valued else float(value > 0)


# ---------------------------------------------------------------- exposure and thresholds

def test_exposure_by_hand():
    # 1990: 0 has adopted; 1991: 0, 1; 1992: the same; 1993: 0, 1, 2. 3 never, and knows nobody.
    expected = [[0, .5, .5, 1], [1, 1, 1, 1], [.5, 1, 1, 1], [0, 0, 0, 0]]
    assert statistics.exposure(TIMES, TIES).tolist() == expected
    counted = statistics.exposure(TIMES, TIES, normalised=False)
    assert counted.tolist() == [[0, 1, 1, 2], [1, 1, 1, 1], [1, 2, 2, 2], [0, 0, 0, 0]]
    lagged = statistics.exposure(TIMES, TIES, lag=1)
    assert np.isnan(lagged[:, 0]).all()
    assert lagged[:, 1:].tolist() == [row[:3] for row in expected]


def test_thresholds_by_hand_with_a_value_for_the_first_period():
    # The code of netdiffuseR gives the adopter of the first period a value; its manual says none.
    assert statistics.thresholds(TIMES, TIES)[:3].tolist() == [0, 1, 1]
    assert np.isnan(statistics.thresholds(TIMES, TIES)[3])
    assert statistics.thresholds(TIMES, TIES, lag=1)[1:3].tolist() == [1, 1]
    assert np.isnan(statistics.thresholds(TIMES, TIES, lag=1)[0])


def test_non_adopters_never_count_and_isolates_get_nought():
    network = np.array([[0, 1, 1], [0, 0, 0], [1, 1, 0]])
    assert statistics.exposure([1, 2, NAN], network, last=9)[0].tolist() == [0, *[.5] * 8]
    assert statistics.exposure([1, 2, NAN], network)[1].tolist() == [0, 0]


@given(cases(), st.booleans(), st.sampled_from(statistics.DIRECTIONS), st.booleans(), st.integers(0, 1))
def test_exposure_and_thresholds_again_by_brute_force(case, normalised, direction, valued, lag):
    times, slices, T = case
    how = {"first": 1, "last": T, "normalised": normalised, "direction": direction, "valued": valued, "lag": lag}
    n = len(times)
    expected = np.full((n, T), NAN)
    for i, t in product(range(n), range(1, T + 1 - lag)):
        ties = [tie(slices, t, i, j, direction, valued) for j in range(n)]
        total = sum(w for j, w in enumerate(ties) if times[j] <= t)
        expected[i, t + lag - 1] = total / (sum(ties) + 1e-20) if normalised else total
    np.testing.assert_allclose(statistics.exposure(times, given_as(slices), **how), expected, rtol=0, atol=1e-12)
    own = [NAN if np.isnan(t) else expected[i, int(t) - 1] for i, t in enumerate(times)]
    np.testing.assert_allclose(statistics.thresholds(times, given_as(slices), **how), own, rtol=0, atol=1e-12)


@given(cases(dynamic=False))
def test_a_network_that_stays_is_the_same_as_equal_slices(case):
    times, slices, T = case
    one, many = given_as(slices), given_as(slices * T)
    for measure in (statistics.exposure, statistics.thresholds, statistics.infectiousness, statistics.susceptibility):
        np.testing.assert_allclose(measure(times, one, first=1, last=T), measure(times, many, first=1, last=T), atol=1e-12)


def test_networks_of_the_model_are_read_too():
    network = ring_lattice(6, 1)
    times = [1, 1, NAN, NAN, NAN, 2]
    assert statistics.exposure(times, network)[:, 0].tolist() == [.5, .5, .5, 0, 0, .5]


# ---------------------------------------------------------------- infectiousness and susceptibility

def test_infectiousness_and_susceptibility_by_hand():
    # 0 and 2 look at 1: 0 adopts in 1, 1 in 2, 2 in 3. 1 looks at 0.
    times, network = [1, 2, 3], np.array([[0, 1, 0], [1, 0, 0], [0, 1, 0]])
    # 0 is looked at by 1, who adopts next; 1 by 2, who adopts next; 2 adopts in the last period.
    assert statistics.infectiousness(times, network) == pytest.approx([1, 1, 0], abs=1e-12)
    # 1 looks at 0, who did just before; 2 at 1, who did just before; 0 is in the first period.
    assert statistics.susceptibility(times, network) == pytest.approx([0, 1, 1], abs=1e-12)
    # Slices may be one array of three dimensions as well.
    cube = np.array([network, network, np.zeros((3, 3))])
    np.testing.assert_array_equal(statistics.exposure(times, cube), statistics.exposure(times, list(cube)))


@pytest.mark.parametrize(("discount", "second"), [(None, 1 / 2), (0.0, 1.0), (0.5, 1 / 1.5), (3, 1 / 4),
                                                 (np.int64(3), 1 / 4)])
def test_a_later_period_weighs_what_the_discount_says(discount, second):
    """All look at 0, who adopts in 1; one of them follows in 2 and two in 3, whose period weighs `second`."""
    network = np.array([[0, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0]])
    found = statistics.infectiousness([1, 2, 3, 3], network, reach=2, discount=discount, normalised=False)
    assert found[0] == pytest.approx((1 + 2 * second) / (3 + 2 * second), abs=1e-12)


@given(cases(), st.integers(1, 4), st.sampled_from([None, 0.5]), st.booleans(), st.sampled_from(statistics.DIRECTIONS))
def test_infectiousness_and_susceptibility_again_by_brute_force(case, reach, discount, normalised, direction):
    times, slices, T = case
    n = len(times)

    def w(k):
        return k if discount is None else (1 + discount) ** (k - 1)

    infect, suffer = np.full(n, NAN), np.full(n, NAN)
    for i in range(n):
        if np.isnan(times[i]):
            continue
        ti = int(times[i])
        part = whole = new = 0.0
        for k in range(1, reach + 1):
            if ti + k > T:
                continue
            for j in set(range(n)) - {i}:
                if tie(slices, ti + k, j, i, direction):
                    part += (times[j] == ti + k) / w(k)
                    whole += (times[j] >= ti + k) / w(k)
                new += (times[j] == ti + k) / w(k)
        infect[i] = part / (whole + 1e-15) / ((new + 1e-15) if normalised else 1)
        part = whole = new = 0.0
        for k in range(1, reach + 1):
            if ti - k < 1:
                continue
            for j in set(range(n)) - {i}:
                if tie(slices, ti - k + 1, i, j, direction):
                    part += (times[j] == ti - k) / w(k)
                    whole += (times[j] <= ti - k) / w(k)
                new += (times[j] == ti - k) / w(k)
        suffer[i] = part / (whole + 1e-15) / ((new + 1e-15) if normalised else 1)
    how = {"first": 1, "last": T, "reach": reach, "discount": discount, "normalised": normalised, "direction": direction}
    np.testing.assert_allclose(statistics.infectiousness(times, given_as(slices), **how), infect, rtol=0, atol=1e-12)
    np.testing.assert_allclose(statistics.susceptibility(times, given_as(slices), **how), suffer, rtol=0, atol=1e-12)


def test_contacts_who_never_adopt_are_no_earlier_adopters():
    assert statistics.susceptibility([1, 2, NAN], np.array([[0, 0, 0], [1, 0, 1], [0, 0, 0]]))[1] == pytest.approx(1)


# ---------------------------------------------------------------- curves

def test_the_table_that_netdiffuser_prints_of_a_hundred_nodes():
    """Its README, `summary(diffnet)` of version 1.23.0: adopters of each period, all by then (share), hazard rate."""
    printed = """8 8 0.08 -; 3 11 0.11 0.03; 6 17 0.17 0.07; 3 20 0.20 0.04; 9 29 0.29 0.11; 5 34 0.34 0.07; 2 36 0.36 0.03;
        3 39 0.39 0.05; 5 44 0.44 0.08; 1 45 0.45 0.02; 3 48 0.48 0.05; 6 54 0.54 0.12; 8 62 0.62 0.17; 9 71 0.71 0.24;
        5 76 0.76 0.17; 7 83 0.83 0.29; 5 88 0.88 0.29; 4 92 0.92 0.33; 1 93 0.93 0.12; 2 95 0.95 0.29"""
    rows = [row.split() for row in printed.split(";")]
    new = [int(row[0]) for row in rows]
    curve = statistics.curve([*np.repeat(np.arange(1.0, 21), new), *[NAN] * 5], last=20)
    ours = [[f"{row.new}", f"{row.adopters}", f"{row.share:.2f}", f"{row.hazard:.2f}" if row.period > 1 else "-"]
            for row in curve.itertuples()]
    assert ours == rows


def test_curve_and_hazard_by_hand():
    curve = statistics.curve([1, 2, 2, 4, NAN], last=5)
    assert curve["new"].tolist() == [1, 2, 0, 1, 0]
    assert curve["at_risk"].tolist() == [5, 4, 2, 2, 1]
    assert curve["hazard"].tolist() == pytest.approx([0, .5, 0, .5, 0], abs=1e-12)
    assert curve["growth"].tolist()[1:] == pytest.approx([2, 0, 1 / 3, 0])
    assert np.isnan(curve["growth"][0])


@given(st.lists(st.one_of(st.just(NAN), st.integers(1, 6).map(float)), min_size=1, max_size=9))
def test_hazard_and_curve_again_by_brute_force(times):
    q = [sum(t <= period for t in times) for period in range(1, 7)]
    before = [0, *q[:-1]]
    expected = [0.0] + [(q[t] - q[t - 1]) / (len(times) - q[t - 1]) if q[t - 1] < len(times) else 0.0 for t in range(1, 6)]
    np.testing.assert_allclose(statistics.hazard(times, first=1, last=6), expected, rtol=0, atol=1e-12)
    curve = statistics.curve(times, first=1, last=6)
    assert curve["period"].tolist() == [1, 2, 3, 4, 5, 6]
    assert curve["adopters"].tolist() == q
    assert curve["new"].tolist() == [sum(t == period for t in times) for period in range(1, 7)]
    assert curve["at_risk"].tolist() == [len(times) - b for b in before]
    np.testing.assert_allclose(curve["share"], np.array(q) / len(times), rtol=0, atol=1e-12)
    growth = [(now - was) / was if was else NAN for now, was in zip(q, before, strict=True)]
    np.testing.assert_allclose(curve["growth"], growth, rtol=0, atol=1e-12)


# ---------------------------------------------------------------- categories

def test_a_time_equal_to_a_cut_goes_to_the_later_class():
    # Mean 2, sample sd 1: the cuts are 1, 2 and 3, and each time lies on one.
    assert list(statistics.categories([1, 2, 3])) == ["early majority", "late majority", "laggards"]
    assert list(statistics.categories([1, 2, 3], by="rogers")) == ["early majority", "late majority", "laggards"]


def test_non_adopters_are_no_category_of_adopters_and_move_no_cut():
    assert list(statistics.categories([1, 2, 3, NAN, NAN]))[3:] == ["non-adopters"] * 2
    assert list(statistics.categories([1, 2, 3, NAN]))[:3] == list(statistics.categories([1, 2, 3]))


def test_five_classes_cut_a_large_normal_sample_at_2_14_34_34_16():
    times = np.round(np.random.default_rng(1).normal(50_000, 5_000, 200_000))
    share = statistics.categories(times, by="rogers").value_counts().to_numpy() / len(times)
    assert share == pytest.approx([.02275, .13591, .34134, .34134, .15866, 0], abs=.003)
    assert (statistics.categories(times, by="rogers").codes == categories_by_spread(times)).all()


def test_ranks_give_rogers_shares_and_agree_with_the_model():
    times = np.arange(1.0, 1001)
    by_rank = statistics.categories(times, by="rank")
    assert by_rank.value_counts().tolist() == [25, 135, 340, 340, 160, 0]
    assert (by_rank.codes == categories_by_rank(1000)).all()


def test_equal_times_share_a_category_and_ranks_count_those_to_come():
    assert len(set(statistics.categories([1, 1, 1, 1, 5], by="rank")[:4])) == 1
    # The first two of a hundred are innovators, however few have adopted so far.
    assert set(statistics.categories([1, 2] + [NAN] * 98, by="rank")[:2]) == {"innovators"}


@given(st.lists(st.one_of(st.just(NAN), st.integers(1, 9).map(float)), min_size=3, max_size=30)
       .filter(lambda t: np.isfinite(t).sum() > 1))
def test_categories_again_in_whole_numbers(times):
    # t >= mean + c sd, squared and without fractions, so that a time equal to a cut is just that.
    known = [int(t) for t in times if not np.isnan(t)]
    n, total, squares = len(known), sum(known), sum(t * t for t in known)
    for by, cuts in (("sd", (-1, 0, 1)), ("rogers", (-2, -1, 0, 1))):
        found = statistics.categories(times, by=by)
        for t, code in zip(times, found.codes, strict=True):
            if np.isnan(t):
                assert found.categories[code] == "non-adopters"
            else:
                away = n * int(t) - total
                assert code == sum(away * abs(away) * (n - 1) >= c * abs(c) * n * (n * squares - total**2) for c in cuts)


@given(st.lists(st.one_of(st.just(NAN), st.integers(1, 9).map(float)), min_size=1, max_size=40))
def test_categories_by_rank_again_by_brute_force(times):
    # Rank from 1, equal ones share the middle of theirs, non-adopters last; cut where (rank - 1/2) / n reaches a share.
    n = len(times)
    when = [99 if np.isnan(t) else t for t in times]
    found, scored = statistics.categories(times, by="rank"), statistics.categories(
        [NAN] * n, by="innovativeness", innovativeness=[-t for t in when])
    for i, t in enumerate(when):
        twice = 2 * sum(u < t for u in when) + sum(u == t for u in when)      # 2 (rank - 1/2)
        code = sum(twice * 1000 >= cut * 2 * n for cut in (25, 160, 500, 840))
        assert scored.codes[i] == code
        assert found.codes[i] == (5 if np.isnan(times[i]) else code)


@given(st.lists(st.one_of(st.just(NAN), st.integers(0, 4).map(lambda k: k / 4)), min_size=2, max_size=12))
def test_levels_of_thresholds_again_by_brute_force(values):
    known = [v for v in values if not np.isnan(v)]
    found = statistics.threshold_levels(values)
    if len(known) < 2:
        assert (found.codes == -1).all()
        return
    mean, sd = np.mean(known), np.std(known, ddof=1)
    for v, code in zip(values, found.codes, strict=True):
        if np.isnan(v):
            assert code == -1
        elif min(abs(v - mean - c * sd) for c in (-1, 0, 1)) > 1e-9:
            assert code == (v >= mean - sd) + (v >= mean) * 1 + (v >= mean + sd)


def test_categories_by_innovativeness_are_the_models():
    result = simulate("lets_dance", runs=1, quarters=12)
    adoption = data.from_result(result)
    found = statistics.categories(adoption.times, by="innovativeness", innovativeness=adoption.innovativeness)
    assert (found.codes == result.category[0]).all()
    assert [name.replace("_", " ") for name in CATEGORIES] == list(found.categories)


# ---------------------------------------------------------------- structure

def degrees(matrix):
    matrix = sparse.csr_array(matrix)
    return np.diff(matrix.indptr), np.diff(matrix.tocsc().indptr)


@given(st.integers(4, 12), st.integers(0, 2**31), st.booleans())
@settings(max_examples=30)
def test_rewiring_keeps_degrees_and_makes_no_loops_or_doubles(n, seed, undirected):
    ties = np.random.default_rng(seed).random((n, n)) < .4
    ties = (ties | ties.T) if undirected else ties
    np.fill_diagonal(ties, False)
    turned = statistics.rewire(ties.astype(float), seed=seed)
    assert all((a == b).all() for a, b in zip(degrees(ties), degrees(turned), strict=True))
    assert turned.diagonal().sum() == 0
    assert set(turned.data.tolist()) <= {1.0}
    assert not undirected or abs(turned - turned.T).nnz == 0


def test_weights_go_with_who_gives_them():
    rng = np.random.default_rng(6)
    ties = np.where(rng.random((8, 8)) < .4, rng.random((8, 8)), 0) * (1 - np.eye(8))
    turned = statistics.rewire(ties, seed=3).toarray()
    assert all(sorted(a[a > 0]) == sorted(b[b > 0]) for a, b in zip(ties, turned, strict=True))
    assert (turned != ties).any()


def test_every_network_of_the_degrees_is_equally_likely():
    # Two rings of three or one of six: of the 70 graphs of six nodes with two ties each, 60 are one ring.
    ring = np.zeros((6, 6))
    for i in range(6):
        ring[i, (i + 1) % 6] = ring[(i + 1) % 6, i] = 1
    count = Counter(statistics.rewire(ring, seed=1, repetition=r).toarray().tobytes() for r in range(7000))
    assert len(count) == 70
    expected = 7000 / 70
    chi2 = sum((c - expected) ** 2 / expected for c in count.values())
    assert chi2 < 69 + 4 * np.sqrt(2 * 69)


def test_structural_dependence_finds_a_chain_and_not_chance():
    n = 40
    chain = np.zeros((n, n))
    chain[np.arange(1, n), np.arange(n - 1)] = 1     # each looks at the one before
    chain[np.arange(2, n), np.arange(n - 2)] = 1
    follows = statistics.structural_dependence(np.arange(n) // 2 + 1, chain, repetitions=99)
    assert follows.p == pytest.approx(.02)
    assert follows.observed > follows.rewired.max()
    rng = np.random.default_rng(4)
    ps = [statistics.structural_dependence(rng.integers(1, 9, n), rng.random((n, n)) < .1, repetitions=99, seed=s).p
          for s in range(40)]
    assert np.mean(ps) == pytest.approx(.5, abs=.17)
    assert np.mean(np.array(ps) <= .1) < .3


def test_structural_dependence_is_the_same_for_the_same_seed_and_takes_any_statistic():
    ties = (np.random.default_rng(2).random((12, 12)) < .3).astype(float)
    times = np.arange(12) % 4 + 1

    def reciprocity(matrix):
        return float((matrix * matrix.T).sum())

    a, b = (statistics.structural_dependence(times, ties, reciprocity, 19, seed=0) for _ in range(2))
    assert (a.rewired == b.rewired).all()
    assert a.p == b.p
    assert (statistics.structural_dependence(times, ties, reciprocity, 19, seed=1).rewired != a.rewired).any()
    below, above = (a.rewired <= a.observed).sum() + 1, (a.rewired >= a.observed).sum() + 1
    assert a.p == pytest.approx(min(1, 2 * min(below, above) / 20))


def test_equal_slices_stay_equal_when_they_are_rewired():
    ties = sparse.csr_array((np.random.default_rng(2).random((12, 12)) < .3).astype(float))
    seen = []
    statistics.structural_dependence([1, 2, 3] * 4, [ties, ties.copy(), ties.copy()],
                                     lambda net: seen.append(net) or 0.0, repetitions=1)
    assert (seen[0][0] != seen[0][1]).nnz == 0


# ---------------------------------------------------------------- a run of the model

def test_a_run_of_the_model_has_its_own_network():
    result = simulate("lets_dance", runs=2, quarters=24)
    adoption = data.from_result(result, run=1)
    assert np.array_equal(adoption.times, result.adopted_at[1], equal_nan=True)
    matrix = adoption.matrix
    assert matrix.shape == (40, 40)
    assert abs(matrix - matrix.T).nnz == 0
    curve = statistics.curve(adoption.times, **adoption.span)
    assert curve["share"].to_numpy() == pytest.approx(result.rows["ever_adopted"][1], abs=1e-6)


def test_exchange_ties_come_while_their_lever_is_on():
    from letsdance.scenarios import LEVERS

    lever = next(name for name, one in LEVERS.items() if any(e["parameter"] == "long_ties" for e in one["effects"]))
    adoption = data.from_result(simulate("lets_dance", runs=1, quarters=12, levers=[f"{lever}@4+4"]))
    counts = [int(matrix.sum()) for matrix in adoption.network]
    assert counts[0] < counts[5]
    assert counts[0] == counts[-1]
    assert np.isfinite(statistics.exposure(adoption.times, adoption.matrix, **adoption.span)).all()


def test_describe_says_what_the_tables_say():
    result = simulate("lets_dance", runs=1, quarters=40)
    found = describe(data.from_result(result), by="rank")
    assert found.categories["nodes"].sum() == 40
    assert found.nodes["threshold"].notna().sum() == np.isfinite(result.adopted_at).sum()
    assert any("have adopted from 0 to 40" in sentence for sentence in found.said)
    # Who had not adopted by Kaplan-Meier is who had not adopted: nobody is censored before the end.
    late = 1 - found.curve.set_index("period").loc[20, "share"]
    assert float(found.survival["all"].at(20)) == pytest.approx(late)


@given(cases(), st.sampled_from(statistics.DIRECTIONS))
@settings(max_examples=30)
def test_who_follows_whom_again_by_brute_force(case, direction):
    from hypothesis import assume

    times, slices, T = case
    assume(np.isfinite(times).sum() > 1)
    adoption = data.from_arrays(times, given_as(slices), first=1, last=T)
    found = describe(adoption, by="rank", direction=direction).influence.set_index("period")
    for t in range(1, T + 1):
        followers = [times[j] for i, j in product(range(len(times)), repeat=2) if times[i] == t and times[j] > t
                     and t < T and tie(slices, t + 1 if len(slices) > 1 else 1, j, i, direction)]
        if len(slices) == 1 or t < T:
            assert found.loc[t, "ties_after"] == len(followers)
            assert found.loc[t, "infectiousness"] == pytest.approx(
                np.mean([f == t + 1 for f in followers]) if followers else NAN, nan_ok=True)
        earlier = [times[j] for i, j in product(range(len(times)), repeat=2) if times[i] == t and times[j] < t
                   and tie(slices, t, i, j, direction)]
        assert found.loc[t, "ties_before"] == len(earlier)
        assert found.loc[t, "susceptibility"] == pytest.approx(
            np.mean([e == t - 1 for e in earlier]) if earlier else NAN, nan_ok=True)
        later = [u for u in times if u > t]
        assert found.loc[t, "alike_after"] == pytest.approx(
            np.mean([u == t + 1 for u in later]) if later else NAN, nan_ok=True)


def test_arrays_are_described_as_tables_are():
    found = describe(data.from_arrays(TIMES, TIES, groups=["a", "a", "b", "b"], nodes=list("wxyz")), by="rank")
    assert found.nodes["threshold"].tolist()[:3] == [0, 1, 1]
    assert set(found.survival) == {"all", "a", "b"}
    assert set(found.not_adopted["group"]) == {"all", "a", "b"}
    # All wait up to 1993, the last that is seen of everybody: 0, 1, 3 and 3 periods.
    assert found.mean.mean == pytest.approx(7 / 4)
    waits = found.categories.set_index("category")["restricted_mean"].dropna()
    weight = found.categories.set_index("category")["nodes"][waits.index]
    assert (waits * weight).sum() == pytest.approx(7)
    with pytest.raises(Refused, match="as many"):
        data.from_arrays(TIMES, TIES, nodes=["w"])
    with pytest.raises(Refused, match="one adopter"):
        data.from_arrays([1, NAN])


def test_who_is_lost_from_sight_is_censored_then_in_arrays_as_in_tables():
    arrays = data.from_arrays([2001, 2003, 2006, NAN], seen_until=[2006, 2006, 2006, 2002])
    table = data.read_times(pd.DataFrame({"node": list("0123"), "time": [2001, 2003, 2006, 2002], "adopted": [1, 1, 1, 0]}))
    for name in ("times", "seen_until", "periods"):
        np.testing.assert_array_equal(getattr(arrays, name), getattr(table, name))
    # by 2003 one of the four has adopted and one is out of sight: half of the two that are left wait on
    assert describe(arrays).survival["all"].share.tolist() == pytest.approx([3 / 4, 3 / 8, 0])


def test_innovativeness_is_known_beforehand_so_its_categories_are_compared():
    rng = np.random.default_rng(5)
    score = rng.random(200)
    found = describe(data.from_arrays(np.ceil(10 - 9 * score + rng.random(200)), innovativeness=score), "innovativeness")
    waits = found.groups.set_index("group")["restricted_mean"]
    assert waits["innovators"] < waits["early majority"] < waits["laggards"]
    assert found.rank_test.p < 1e-6


def test_the_classic_curves_are_those_of_the_fit():
    from letsdance.experiments.adopters import curves
    from letsdance.experiments.adopters.history import Cascade

    cum = np.array([4, 11, 25, 46, 66, 78, 83])
    times = np.concatenate([np.repeat(np.arange(1.0, 8), np.diff(cum, prepend=0)), np.full(17, NAN)])
    found = describe(data.from_arrays(times))
    own = curves.fit(Cascade("x", 100, 1, cum), "bass")
    table = found.fitted.set_index(["curve", "parameter"])
    assert set(table.index.get_level_values(0)) == {"bass", "logistic", "gompertz"}
    for name, value in own.estimates.items():
        assert table.loc[("bass", name), "estimate"] == pytest.approx(value)
        assert table.loc[("bass", name), ["low", "high"]].tolist() == pytest.approx(list(own.interval(name)))


# ---------------------------------------------------------------- what is refused

@pytest.mark.parametrize(("call", "words"), [
    (lambda: statistics.exposure([1, 2], np.zeros((3, 3))), "3 x 3"),
    (lambda: statistics.exposure([1, 2.5], np.zeros((2, 2))), "whole period"),
    (lambda: statistics.exposure([NAN, NAN], np.zeros((2, 2))), "nobody adopts"),
    (lambda: statistics.exposure([1, 2], np.zeros((2, 2)), direction="inn"), "Did you mean in"),
    (lambda: statistics.exposure([1, 2], np.zeros((2, 2)), lag=2), "from 0 to 1"),
    (lambda: statistics.exposure([1, 2], -np.ones((2, 2))), "negative"),
    (lambda: statistics.exposure([1, 2], [np.zeros((2, 2))] * 3), "3 slices"),
    (lambda: statistics.exposure([1, 2], np.zeros((2, 2)), last=1), "adopts in 2"),
    (lambda: statistics.categories([1, NAN]), "at least two adopters"),
    (lambda: statistics.categories([1, 2], by="rodgers"), "Did you mean rogers"),
    (lambda: statistics.categories([1, 2], by="innovativeness"), "score"),
    (lambda: statistics.structural_dependence([1, 2], np.zeros((2, 2))), "no ties"),
    (lambda: statistics.infectiousness([1, 2], np.zeros((2, 2)), reach=0), "reach"),
    (lambda: statistics.exposure(["a"], np.zeros((1, 1))), "numbers"),
    (lambda: statistics.exposure([1, 2], [[0, 1], [1, 0]]), "n x n matrix"),
    (lambda: statistics.exposure([1, 2], np.full((2, 2), np.nan)), "not a number"),
    (lambda: statistics.exposure([1, 2], np.full((2, 2), "x")), "of numbers"),
    (lambda: statistics.exposure([1, 1e300], np.zeros((2, 2))), "too far from 0"),
    (lambda: statistics.exposure([1, 2], np.zeros((2, 2)), first="1"), "whole period"),
    (lambda: statistics.infectiousness([1, 2], np.zeros((2, 2)), discount=-1), "discount"),
    (lambda: statistics.susceptibility([1, 2], np.zeros((2, 2)), discount=np.inf), "discount"),
    (lambda: statistics.categories([1, 2], by="innovativeness", innovativeness=["a", "b"]), "a number for every node"),
    (lambda: statistics.structural_dependence([1, 2], np.ones((2, 2)), seed=-1), "seed"),
])
def test_bad_input_is_refused_in_one_sentence(call, words):
    with pytest.raises(Refused, match=words):
        call()


def test_a_hundred_thousand_periods_are_taken_and_no_more():
    assert len(statistics.periods([0, 99_999])) == 100_000
    with pytest.raises(Refused, match="there are 100,001 periods from 0 to 100000"):
        statistics.periods([0, 100_000])
