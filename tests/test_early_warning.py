"""Early warnings: statistics against pandas and brute force, series that must warn and series that must not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from letsdance.experiments import early_warning as ew
from letsdance.params import Refused

# ---------------------------------------------------------------- the statistics


def test_the_smoother_is_a_weighted_mean_of_what_is_there():
    series, sd = np.random.default_rng(1).normal(size=50).cumsum(), 5.0
    t = np.arange(50)
    weight = np.exp(-0.5 * ((t[:, None] - t) / sd) ** 2) * (np.abs(t[:, None] - t) <= 4 * sd)
    np.testing.assert_allclose(ew.detrended(series, 0.1), series - weight @ series / weight.sum(axis=1), atol=1e-10)
    np.testing.assert_allclose(ew.detrended(np.full(40, 3.0)), 0, atol=1e-12)


def test_rolling_statistics_are_pandas():
    series = np.random.default_rng(2).normal(size=60).cumsum()
    found, frame = ew.rolling(series, 15), pd.Series(series)
    np.testing.assert_allclose(found["variance"], frame.rolling(15).var().dropna())
    by_hand = [frame[k:k + 15].autocorr(1) for k in range(46)]
    np.testing.assert_allclose(found["autocorrelation"], by_hand)
    assert np.isnan(ew.rolling(np.ones(8), 4)["autocorrelation"]).all()


def test_the_trend_is_kendalls_tau():
    rng = np.random.default_rng(3)
    series = rng.normal(size=40)
    values = ew.rolling(ew.detrended(series), 20)["variance"]
    assert ew.trends(series)["variance"] == pytest.approx(stats.kendalltau(np.arange(21), values).statistic)
    tied = rng.integers(0, 4, 30).astype(float)
    assert ew._tau(tied) == pytest.approx(stats.kendalltau(np.arange(30), tied).statistic)
    assert np.isnan(ew._tau(np.ones(5)))
    assert np.isnan(ew._tau(np.array([1, np.nan, 2])))


def test_who_watches_sees_only_what_has_happened():
    series = np.random.default_rng(4).normal(size=61)
    looks = ew.watched(series)
    ends = list(range(25, 62, 4))
    assert [len(looks[name]) for name in ew.STATISTICS] == [len(ends)] * 2
    for end, tau in zip(ends, looks["variance"], strict=True):
        assert tau == ew.trends(series[:end])["variance"]


def test_the_area_counts_pairs():
    rng = np.random.default_rng(5)
    tips, quiet = rng.integers(0, 9, 20) / 4, rng.integers(0, 7, 30) / 4
    brute = np.mean([(a > b) + 0.5 * (a == b) for a in tips for b in quiet])
    assert ew.area_under_roc(tips, quiet) == pytest.approx(brute)
    cuts = np.concatenate([[np.inf], np.unique(np.concatenate([tips, quiet]))[::-1]])  # and is that under the curve
    false, hits = (np.array([(group >= cut).mean() for cut in cuts]) for group in (quiet, tips))
    assert np.trapezoid(hits, false) == pytest.approx(brute)


# ---------------------------------------------------------------- series that are known

def ar1(coefficients, rng):
    """x_t = a_t x_{t-1} + e_t."""
    out = np.zeros(len(coefficients))
    for t in range(1, len(out)):
        out[t] = coefficients[t] * out[t - 1] + rng.normal()
    return out


def test_a_rising_coefficient_warns():
    rng = np.random.default_rng(6)
    tips = [ar1(np.linspace(0, 0.97, 200), rng) for _ in range(25)]
    quiet = [ar1(np.zeros(200), rng) for _ in range(65)]
    for one in ew.judge(tips, quiet[:40], quiet[40:]).values():
        assert one.auc.value > 0.9
        assert one.warns


def test_noise_does_not_warn_and_alarms_for_nothing_as_often_as_promised():
    rng = np.random.default_rng(7)
    tips, calibration, quiet = ([rng.normal(size=60) for _ in range(count)] for count in (60, 200, 200))
    for one in ew.judge(tips, calibration, quiet).values():
        assert one.auc.low < 0.5 < one.auc.high
        assert not one.warns
        for alarms in (one.false_alarms, one.watch_false_alarms, one.hits, one.watch_hits):
            # the threshold is itself drawn from 200 runs: the chance of an alarm is Beta distributed around 5 %
            share, n = alarms.value, 200 if alarms in (one.false_alarms, one.watch_false_alarms) else 60
            assert stats.betabinom(n, 10, 191).cdf(round(share * n)) > 0.001
            assert stats.betabinom(n, 10, 191).sf(round(share * n) - 1) > 0.001


def fold(drive, rng):
    """x' = drive - x^2 around its rest sqrt(drive), which a saddle meets where the drive is nil; until it falls."""
    x, out = np.sqrt(drive[0]), []
    for r in drive:
        for _ in range(10):
            x += 0.1 * (r - x * x)
        x += 0.005 * rng.normal()
        if x < -1:
            break
        out.append(x)
    return np.array(out)


def test_nearing_a_fold_warns_and_a_level_sets_no_alarm():
    rng = np.random.default_rng(8)
    tips = [fold(np.linspace(0.1, -0.004, 500), rng) for _ in range(20)]
    quiet = [fold(np.full(len(tips[k % 20]), 0.1), rng) for k in range(60)]
    for one in ew.judge(tips, quiet[:40], quiet[40:]).values():
        assert one.auc.low > 0.5
        assert one.hits.value > one.false_alarms.value
        assert (one.lead >= 0).all()


# ---------------------------------------------------------------- the experiment

@pytest.fixture(scope="module")
def found():
    return ew.early_warning("lets_dance", "B=0:0.8", quarters=60, settle=20, runs=20, seed=3)


def test_runs_tip_where_fewer_than_half_are_left(found):
    from letsdance import scenarios
    from letsdance.experiments.axis import moved, paths

    story = scenarios.load("lets_dance")
    schedule = moved(story, "B", [(0, 0), (20, 0), (80, .8)])
    G, left = paths(story, schedule, np.arange(3, 23), ["G", "lets_dance"])[:, :, 20:]
    for r in range(20):
        under = [t for t in range(61) if left[r, t] < 0.5]
        assert found.tipped_at[r] == under[0]
    np.testing.assert_array_equal(found.series, G)
    np.testing.assert_allclose(found.value_at, found.tipped_at / 60 * 0.8)
    assert found.home == "lets_dance"
    assert found.used.all()
    assert found.tipped_at[found.example] == np.sort(found.tipped_at)[10]
    tau = [ew.trends(G[r, :int(found.tipped_at[r])])["variance"] for r in range(20)]
    np.testing.assert_allclose(found.judged["variance"].tips, tau)


def test_quiet_runs_stand_still_and_two_groups_share_no_seed(found):
    from letsdance import scenarios
    from letsdance.experiments.axis import moved, paths

    story = scenarios.load("lets_dance")
    still = moved(story, "B", [(0, 0), (80, 0)])
    np.testing.assert_array_equal(found.still, paths(story, still, np.arange(3, 23), ["G"])[0][:, 20:])
    test = paths(story, still, np.arange(23, 43), ["G"])[0][:, 20:]
    tau = [ew.trends(test[r, :int(found.tipped_at[r])])["variance"] for r in range(20)]
    np.testing.assert_allclose(found.judged["variance"].quiet, tau)


def test_looking_earlier_sees_less_of_the_series():
    early = ew.early_warning("lets_dance", "B=0:0.8", quarters=100, settle=20, runs=20, seed=3, ahead=20)
    r = int(np.flatnonzero(early.used)[0])
    expected = ew.trends(early.series[r, :int(early.tipped_at[r]) - 20])["autocorrelation"]
    assert early.judged["autocorrelation"].tips[0] == expected


@pytest.mark.parametrize(("words", "said"), [
    ({"along": "k=0.75:0.7"}, "none of 2 runs left lets_dance"), ({"runs": 1}, "runs must be"),
    ({"window": 2}, "window must be a share"), ({"quarters": 10}, "quarters must be"),
    ({"runs": 4, "along": "B=0:1"}, "runs without a tip to set the threshold: 4, and it takes 20")])
def test_what_cannot_be_judged_is_refused(words, said):
    with pytest.raises(Refused, match=said):
        ew.early_warning(**{"along": "B=0:0.8", "quarters": 60, "settle": 8, "runs": 2, **words})
