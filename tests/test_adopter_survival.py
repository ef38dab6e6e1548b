"""Survival: scipy and statsmodels as oracles, identities, and brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.duration.survfunc import survdiff

from letsdance.experiments.adopters import survival
from letsdance.params import Refused

NAN = float("nan")


@st.composite
def samples(draw):
    """Times with censoring at times of their own."""
    n = draw(st.integers(2, 12))
    seen = np.array(draw(st.lists(st.integers(1, 8).map(float), min_size=n, max_size=n)))
    adopted = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    adopted[0] = True
    return np.where(adopted, seen, NAN), seen


def by_hand(times, seen, t):
    """The product over times of adoption up to t."""
    share = 1.0
    for at in sorted(set(times[~np.isnan(times)])):
        if at <= t:
            share *= 1 - (times == at).sum() / (seen >= at).sum()
    return share


def test_kaplan_meier_of_the_textbook():
    # Six patients: 6, 6, 6, 7, 10 fall, 6, 9 censored (the first of Freireich's 21; Kaplan-Meier by hand).
    times, seen = np.array([6, 6, 6, 7, 10, NAN, NAN]), np.array([6, 6, 6, 7, 10, 6, 9.0])
    curve = survival.kaplan_meier(times, seen)
    assert curve.at_risk.tolist() == [7, 3, 1]
    assert curve.share.tolist() == pytest.approx([4 / 7, 4 / 7 * 2 / 3, 0])


@given(samples())
def test_kaplan_meier_again_by_brute_force(sample):
    times, seen = sample
    curve = survival.kaplan_meier(times, seen)
    for t in range(9):
        value, expected = float(curve.at(t)), by_hand(times, seen, t)
        assert (np.isnan(value) and t > seen.max()) or value == pytest.approx(expected, abs=1e-12)


@given(samples())
def test_greenwoods_intervals_are_scipys(sample):
    times, seen = sample
    curve = survival.kaplan_meier(times, seen)
    adopted = ~np.isnan(times)
    sf = stats.ecdf(stats.CensoredData(uncensored=times[adopted], right=seen[~adopted])).sf
    import warnings
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        interval = sf.confidence_interval(method="log-log")
    known = (curve.share > 1e-9) & (curve.share < 1)
    np.testing.assert_allclose(curve.low[known], interval.low.evaluate(curve.time[known]), atol=1e-9)
    np.testing.assert_allclose(curve.high[known], interval.high.evaluate(curve.time[known]), atol=1e-9)
    assert np.isnan(curve.low[~known]).all()


@given(st.lists(st.integers(1, 9).map(float), min_size=2, max_size=15), st.integers(1, 9))
def test_without_censoring_the_restricted_mean_is_the_mean(times, upto):
    times = np.array(times)
    found = survival.restricted_mean(times, upto=upto)
    capped = np.minimum(times, upto)
    assert found.mean == pytest.approx(capped.mean())
    assert found.se == pytest.approx(np.sqrt(capped.var() / len(times)), abs=1e-9)


@given(samples())
def test_restricted_mean_again_by_brute_force(sample):
    times, seen = sample
    end = seen.max()
    found = survival.restricted_mean(times, seen, upto=end)

    def area(a):
        grid = np.arange(a, end)  # shares change at whole times only
        return sum(by_hand(times, seen, t) for t in grid)

    variance = 0.0
    for at in set(times[~np.isnan(times)]):
        r, d = (seen >= at).sum(), (times == at).sum()
        variance += area(at) ** 2 * d / (r * (r - d)) if r > d else 0.0
    assert found.mean == pytest.approx(area(0))
    assert found.se == pytest.approx(np.sqrt(variance), abs=1e-9)


@given(samples(), samples())
def test_log_rank_of_two_groups_is_scipys(a, b):
    from hypothesis import assume

    def censored(sample):
        adopted = ~np.isnan(sample[0])
        return stats.CensoredData(uncensored=sample[0][adopted], right=sample[1][~adopted])

    found = survival.log_rank(np.concatenate([a[0], b[0]]), ["a"] * len(a[0]) + ["b"] * len(b[0]),
                              np.concatenate([a[1], b[1]]))
    assume(found.freedom == 1)
    theirs = stats.logrank(censored(a), censored(b))
    assert found.chi2 == pytest.approx(theirs.statistic**2, abs=1e-9)
    assert found.p == pytest.approx(theirs.pvalue, abs=1e-9)


def test_log_rank_of_several_groups_is_statsmodels():
    rng = np.random.default_rng(3)
    group = np.repeat(["a", "b", "c", "d"], 30)
    time = rng.exponential(np.repeat([4, 5, 6, 9], 30)).round() + 1
    adopted = time < 12
    found = survival.log_rank(np.where(adopted, time, NAN), group, np.minimum(time, 12))
    chi2, p = survdiff(np.minimum(time, 12), adopted.astype(int), group)
    assert (found.chi2, found.p, found.freedom) == (pytest.approx(chi2), pytest.approx(p), 3)
    assert sum(found.observed.values()) == pytest.approx(sum(found.expected.values()))


def test_categories_are_compared_up_to_the_same_horizon():
    table = survival.by_group([1, 2, 3, NAN, NAN, 8], list("aaabbb"), [1, 2, 3, 6, 8, 8])
    assert table["group"].tolist() == ["a", "b"]
    assert table["upto"].nunique() == 1
    assert table["restricted_mean"].tolist() == pytest.approx([2, table["upto"][0]])
    assert np.isfinite(table["median"][0])


def test_a_group_that_nobody_saw_limits_no_other():
    table = survival.by_group([1, 2, NAN, NAN], list("aabb"), [1, 2, 0, 0]).set_index("group")
    assert table.loc["a", "restricted_mean"] == 1.5
    assert np.isnan(table.loc["b", "restricted_mean"])
    assert survival.by_group([0, NAN], list("ab"), [0, 0])["restricted_mean"].isna().all()


def test_nobody_adopts():
    curve = survival.kaplan_meier([NAN, NAN], 5)
    assert curve.at([0, 5]).tolist() == [1, 1]
    assert np.isnan(curve.at(6))
    assert np.isnan(curve.quantile(.5))
    assert survival.restricted_mean([NAN, NAN], 5).mean == 5


@pytest.mark.parametrize(("call", "words"), [
    (lambda: survival.kaplan_meier([1, NAN]), "seen_until"),
    (lambda: survival.kaplan_meier([1, 2], origin=1.5), "origin"),
    (lambda: survival.kaplan_meier([3], 2), "until 2 only"),
    (lambda: survival.restricted_mean([1, NAN], 3, upto=4), "not observed"),
    (lambda: survival.log_rank([1, 2], ["a", "a"]), "two groups"),
    (lambda: survival.log_rank([1, 2], ["a"]), "as many"),
    (lambda: survival.kaplan_meier(["a"], 3), "must be numbers"),
    (lambda: survival.kaplan_meier([1, NAN], [3, 3, 3]), "one for each"),
])
def test_bad_input_is_refused_in_one_sentence(call, words):
    with pytest.raises(Refused, match=words):
        call()


@pytest.mark.parametrize("times", [
    [1, np.nan, 10, np.nan], [9, 10, np.nan, np.nan, np.nan, np.nan], [1, 1, 1, 2], [10, 10, 10, 10]])
def test_a_restricted_means_interval_lies_where_a_mean_can(times):
    mean = survival.restricted_mean(np.array(times, float), 10, 1.0)
    low, high = mean.interval
    assert 0 <= low <= mean.mean <= high <= mean.upto


@pytest.mark.parametrize(("mean", "se", "upto"), [(3.0, 0.4, 10.0), (6.0, 1.2, 8.0), (0.7, 0.1, 1.0)])
def test_a_restricted_means_interval_is_that_of_its_logit(mean, se, upto):
    """The delta method: the standard error of log(p / (1 - p)) is that of p over p (1 - p)."""
    p = mean / upto
    away = stats.norm.ppf(0.975) * (se / upto) / (p * (1 - p))
    logit = np.log(p / (1 - p))
    expected = [upto / (1 + np.exp(-(logit + side * away))) for side in (-1, 1)]
    assert survival.RestrictedMean(mean, se, upto).interval == pytest.approx(expected)
    assert survival.RestrictedMean(0.0, se, upto).interval == (0.0, 0.0)
    assert survival.RestrictedMean(upto, se, upto).interval == (upto, upto)
