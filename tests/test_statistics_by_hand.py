"""Statistics counted again, plainly and slowly, number by number: what mutation testing found that no other test holds."""

from __future__ import annotations

import inspect
import itertools
import math
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats
from test_residence import chain, told

from letsdance.experiments import discovery, estimates, indices, paired, precision, tipping
from letsdance.experiments import early_warning as ew
from letsdance.experiments import hysteresis as hy
from letsdance.experiments import residence as rs
from letsdance.experiments.adopters import curves, scores, statistics, survival
from letsdance.experiments.adopters.history import Cascade
from letsdance.experiments.axis import parse_axis
from letsdance.experiments.estimates import Estimate
from letsdance.params import Refused
from letsdance.simulation.meanfield import FixedPoint
from letsdance.simulation.rules.regimes import REGIMES

RNG = np.random.default_rng(11)


def percentiles(drawn):
    """The 2.5 and 97.5 % points of draws: the least value that is no less than so many of them."""
    drawn = sorted(drawn)
    return [drawn[math.ceil(share * len(drawn)) - 1] for share in ((1 - 0.95) / 2, (1 + 0.95) / 2)]


# ---------------------------------------------------------------- intervals over runs

def test_an_estimate_holds_the_middle_95_percent_of_its_draws():
    drawn = np.arange(1.0, 401.0)
    assert Estimate.of(7, RNG.permutation(drawn)) == (7, 11, 390)  # 380 of 400
    assert Estimate.of(7, np.append(drawn[:-12], [np.inf] * 12)).high == np.inf
    assert np.isnan(Estimate.of(7, np.array([]))[1:]).all()


def test_runs_are_drawn_again_evenly_and_the_same_for_a_seed():
    taken = estimates.redrawn(5, 3, 4000)
    assert taken.shape == (4000, 5)
    assert stats.chisquare(np.bincount(taken.ravel(), minlength=5)).pvalue > 0.001
    assert (taken == estimates.redrawn(5, 3, 4000)).all()
    assert (taken != estimates.redrawn(5, 4, 4000)).any()
    assert estimates.redrawn(1, 3).shape == (0, 1)
    assert estimates.redrawn(2, 3).shape == (400, 2)


def test_the_mean_over_runs_has_the_interval_of_its_draws():
    values = RNG.normal(3, 2, 40)
    found = estimates.mean_over_runs(values, 5)
    assert found.value == pytest.approx(values.mean())
    assert found[1:] == pytest.approx(percentiles([values[taken].mean() for taken in estimates.redrawn(40, 5)]))
    # and that is nearly the normal one
    assert found.high - found.low == pytest.approx(2 * 1.96 * values.std() / np.sqrt(40), rel=0.1)


DIFFERENCES = np.array([0.2, 0.5, 0.1, 0.4, 0.3, 0.25])


def test_a_demand_holds_at_its_very_limit_and_not_beyond():
    e = paired.interval(DIFFERENCES)
    off, more = 1e-9, e.mean + 1e-9
    assert paired.rises(DIFFERENCES, e.mean).holds
    assert not paired.rises(DIFFERENCES, more).holds
    assert paired.falls(-DIFFERENCES, e.mean).holds
    assert not paired.falls(-DIFFERENCES, more).holds
    assert not paired.falls(DIFFERENCES - 2 * e.high, 2 * e.high).holds
    assert paired.unchanged(DIFFERENCES, e.high).holds
    assert not paired.unchanged(DIFFERENCES, e.high - off).holds
    assert paired.unchanged(-DIFFERENCES, e.high).holds
    assert not paired.unchanged(-DIFFERENCES, e.high - off).holds
    assert paired.at_least(DIFFERENCES, e.low).holds
    assert not paired.at_least(DIFFERENCES, e.low + off).holds
    assert paired.at_most(DIFFERENCES, e.high).holds
    assert not paired.at_most(DIFFERENCES, e.high - off).holds
    assert paired.not_reversed(DIFFERENCES - e.high + off).holds
    assert not paired.not_reversed(DIFFERENCES - e.high - off).holds
    assert not paired.rises(DIFFERENCES - e.low - off).holds
    assert paired.rises(DIFFERENCES - e.low + off).holds
    assert not paired.falls(DIFFERENCES - e.high + off).holds
    assert paired.falls(DIFFERENCES - e.high - off).holds


def test_a_demand_says_what_it_asks():
    asked = [paired.rises, paired.falls, paired.unchanged, paired.at_least, paired.at_most]
    assert [demand(DIFFERENCES, 0.25).demand for demand in asked] == [
        "> 0, mean >= 0.25", "< 0, mean <= -0.25", "interval within +-0.25", "interval >= 0.25", "interval <= 0.25"]
    assert [paired.rises(DIFFERENCES).demand, paired.falls(DIFFERENCES).demand] == ["> 0", "< 0"]


# ---------------------------------------------------------------- Sobol' and what stands beside it

def test_sobols_indices_luck_and_intervals_again_in_loops():
    N, k, R, draws = 6, 2, 3, 40
    a, b = RNG.random((N, k)), RNG.random((N, k))
    rows = np.stack([a, np.column_stack([b[:, 0], a[:, 1]]), np.column_stack([a[:, 0], b[:, 1]]), b], axis=1)
    Y = 3 * rows[..., :1] + rows[..., 1:] ** 2 + RNG.normal(0, 0.2, (N, k + 2, R)) + np.arange(R)
    found = indices.sobol(["one", "two"], [[0, 1], [0, 1]], rows.reshape(-1, k), Y.reshape(-1, R), seed=9, resamples=draws)

    y = Y - np.array([Y[:, [0, 3], r].mean() for r in range(R)])
    points, luck = indices._again(N, R, draws, np.random.default_rng(np.random.SeedSequence([9, indices._RESAMPLES])))

    def across(product, w):
        pairs = [(r, s) for r in range(R) for s in range(R) if r != s]
        return sum(w[r] * w[s] * product(r, s) for r, s in pairs) / sum(w[r] * w[s] for r, s in pairs)

    def all_of(p, w):
        def mean(left, right):
            return across(lambda r, s: sum(p[n] * left[n, r] * right[n, s] for n in range(N)) / N, w)

        def level(r):
            return sum(p[n] * (y[n, 0, r] + y[n, 3, r]) / 2 for n in range(N)) / N

        A, B = y[:, 0], y[:, 3]
        variance = (mean(A, A) + mean(B, B)) / 2 - across(lambda r, s: level(r) * level(s), w)
        first = [mean(B, y[:, 1 + j] - A) / variance for j in range(k)]
        total = [mean(A - y[:, 1 + j], A - y[:, 1 + j]) / variance / 2 for j in range(k)]
        within = across(lambda r, s: sum(p[n] * (Y[n, at, r] - Y[n, at, s]) ** 2 / 4 for n in range(N) for at in (0, 3))
                        / N, w)
        return variance, *first, *total, within / (within + variance)

    variance, *shares, chance = all_of(np.ones(N), np.ones(R))
    assert found.variance == pytest.approx(variance)
    assert [*found.table["first"], *found.table["total"]] == pytest.approx(shares)
    assert found.luck.value == pytest.approx(chance)
    drawn = np.array([all_of(p, w) for p, w in zip(points, luck, strict=True)])
    drawn = drawn[drawn[:, 0] > 0]
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    for name, at in (("first", slice(1, 3)), ("total", slice(3, 5))):
        np.testing.assert_allclose(found.table[f"{name}_low"], low[at])
        np.testing.assert_allclose(found.table[f"{name}_high"], high[at])
    assert found.luck[1:] == pytest.approx((low[5], high[5]))
    assert found.table["told_apart"].tolist() == [bool(edge > 0) for edge in low[3:5]]
    assert (found.base, found.replicates) == (N, R)


def test_points_and_seeds_are_drawn_as_often_as_there_are_and_two_seeds_at_least():
    points, luck = indices._again(7, 2, 500, np.random.default_rng(1))
    assert (points.sum(axis=1) == 7).all()
    assert (luck == 1).all()  # of two seeds, both
    _, luck = indices._again(7, 3, 4000, np.random.default_rng(1))
    assert (luck.sum(axis=1) == 3).all()
    assert ((luck > 0).sum(axis=1) >= 2).all()
    assert (luck == 1).all(axis=1).mean() == pytest.approx(6 / 24, abs=0.03)  # of 27 draws, three take one seed alone
    assert luck.mean(axis=0) == pytest.approx([1, 1, 1], abs=0.05)
    assert (indices._again(4, 1, 3, np.random.default_rng(1))[1] == 1).all()


def test_holm_is_statsmodels():
    from statsmodels.stats.multitest import multipletests

    for p in ([0.01, 0.04, 0.03, 0.005], [0.5, 0.6, 0.9], [0.02], [0.04, 0.04, 0.04], [0.2, 0.001, 0.9, 0.0005, 0.03]):
        assert indices._holm(np.array(p)).tolist() == pytest.approx(multipletests(p, method="holm")[1].tolist())


def test_what_no_permutation_reaches_has_the_smallest_p_that_so_many_can_show():
    """The points as they are count as one more permutation (Phipson and Smyth 2010)."""
    X = np.arange(40.0)[:, None]
    found = indices.regional(["a"], X, X[:, 0] >= 20, permutations=19)
    assert found.table["p"].tolist() == [1 / 20]


def test_how_many_points_would_do_is_by_hand():
    """A limit that a fifth of the points lies within, where it holds by .06 more often: chance and what four of five tries
    need, over what is seen, squared."""
    n, chance = 200, 1.3
    share = np.tile([0.2, 0.4], n // 2)
    within = np.arange(n) < n // 5
    share[within] += 0.06
    needed, nowhere = np.array([chance, 5.0]), np.zeros(n)
    made = discovery._power(share, within[None, None].astype(float), nowhere, needed)
    z, f, spread = 0.8416212, 0.2, share.std()
    seen = (share[within] - share.mean()).sum() / spread / n**0.5
    assert made.enough == float(f"{n * ((chance + z * (f * (1 - f))**0.5) / seen)**2:.2g}")
    assert made.visible == pytest.approx((chance + z * 0.1875**0.5) * spread / (n**0.5 * 0.1875))
    less = (~within)[None, None].astype(float)
    assert discovery._power(share, less, nowhere, needed).enough is None  # it holds less often there
    # The whole box, in standard errors, by the likelihood of two binomials against one: shares spread as those of so many
    # runs, and a box of a fifth has a handicap.
    m, p, q = share.mean(), share[within].mean(), share[~within].mean()
    told = 40 * (p * np.log(p / m) + (1 - p) * np.log((1 - p) / (1 - m))) + 160 * (
        q * np.log(q / m) + (1 - q) * np.log((1 - q) / (1 - m)))
    needed = np.array([chance, 2.0])
    runs, handicap = m * (1 - m) / spread**2, np.sqrt(2.0 * (1.0 - np.log(4.0 * 0.2 * 0.8)))
    root = (2.0 + handicap + z) / np.sqrt(2 * told * runs)
    assert discovery._power(share, less, within.astype(float), needed).enough == float(f"{n * root**2:.2g}")


def test_a_box_at_the_border_of_chance_is_not_better_than_chance():
    from letsdance.experiments.estimates import Estimate
    from letsdance.words import IN_ENGLISH

    def box(p=0.04, chance=0.04, density=0.8, **more):
        return discovery.Box({"k": (0.5, None)}, Estimate(density, 0.7, 0.9), Estimate(0.5, 0.4, 0.6), 0.3, 0.5, 120, 0.82,
                             {"k": chance, **more}, p)

    assert box().better_than_chance
    for one in (box(p=0.05), box(chance=0.05), box(density=0.5), box(b=0.05)):
        assert not one.better_than_chance
    said = {0.0: "0 %", 0.004: "under 1 %", 0.005: "0 %", 0.3: "30 %", 0.994: "99 %", 0.995: "over 99 %", 1.0: "100 %"}
    assert {share: IN_ENGLISH.share(share).replace("\u00a0", " ") for share in said} == said


def test_regional_distance_medians_and_p_by_hand():
    X = np.array([[0.1, 5], [0.2, 3], [0.3, 5], [0.4, 1], [0.5, 3]])
    holds = np.array([[1, 1], [1, 0], [0, 0], [0, 0], [0, 1]])
    found = indices.regional(["a", "b"], X, holds, permutations=4999)
    yes = [np.repeat(X[:, j], holds.sum(axis=1)) for j in (0, 1)]
    no = [np.repeat(X[:, j], 2 - holds.sum(axis=1)) for j in (0, 1)]
    assert found.table["distance"].tolist() == pytest.approx(
        [stats.ks_2samp(yes[j], no[j]).statistic for j in (0, 1)])
    assert found.held == 0.4
    assert found.table["where_holds"].tolist() == [0.1, 3]
    assert found.table["where_not"].tolist() == [0.3, 3]
    from itertools import permutations as every
    share = holds.mean(axis=1)
    for j in (0, 1):
        apart = []
        for order in every(range(5)):
            s = share[list(order)]
            apart.append(max(abs((s * (X[:, j] <= x)).sum() / 2 - ((1 - s) * (X[:, j] <= x)).sum() / 3) for x in X[:, j]))
        exact = np.mean(np.array(apart) >= found.table["distance"][j] - 1e-12)
        assert found.table["p"][j] == pytest.approx(exact, abs=0.03)
    assert (found.points, found.replicates) == (5, 2)
    assert found.table["told_apart"].tolist() == [False, False]
    many = indices.regional(["a", "b"], np.column_stack([np.arange(20.0), np.tile([0.0, 1], 10)]), np.arange(20) >= 10)
    assert many.table["told_apart"].tolist() == [True, False]
    assert many.table["where_holds"].tolist() == [14, 0]


@pytest.mark.parametrize("module", [
    estimates, indices, rs, survival, curves, scores, ew, hy, precision, tipping, discovery])
def test_what_nobody_chooses_is_the_same_everywhere(module):
    """Seed 1, 95 %: as the pages and docs/ say."""
    usual = {"seed": 1, "level": 0.95, "alpha": 0.05, "draws": 400, "resamples": 1000, "permutations": 9999}
    for name, thing in vars(module).items():
        if callable(thing) and getattr(thing, "__module__", "") == module.__name__ and not name.startswith("_"):
            for word, parameter in inspect.signature(thing).parameters.items():
                chosen = parameter.default in (parameter.empty, None)  # None: as the sweep at hand has it
                if word in usual and not chosen and (module, word) != (scores, "level"):
                    assert parameter.default == usual[word], (name, word)


# ---------------------------------------------------------------- residence and survival

def test_shares_still_there_have_the_intervals_of_their_draws():
    durations, ended, runs = RNG.integers(1, 9, 40), RNG.random(40) < 0.7, np.repeat(np.arange(8), 5)
    found = rs.survival(durations, ended, runs, seed=4, draws=200)
    curves_ = rs._drawn_curves(durations.astype(float), ended, runs, int(durations.max()) + 1, 4, 200)
    np.testing.assert_allclose([found.low, found.high], np.quantile(curves_, [0.025, 0.975], axis=0))
    assert found.median[1:] == pytest.approx(percentiles(
        [next((t for t, share in enumerate(c) if share <= 0.5 + 1e-12), np.inf) for c in curves_]))
    assert found.mean[1:] == pytest.approx(percentiles([sum(c[:-1]) for c in curves_]))
    assert found.until == durations.max()


def test_half_gone_is_half_gone():
    found = rs.survival([2, 5], [True, False], [0, 1])
    assert found.share.tolist() == [1, 1, 0.5, 0.5, 0.5, 0.5]
    assert found.median.value == 2
    assert found.mean.value == 3.5


MOVES = np.array([[.9, .1, 0, 0], [.2, .7, 0, .1], [0, .5, .5, 0], [0, 0, .3, .7]])


def test_transitions_and_destinations_have_the_intervals_of_their_draws():
    result = told(chain(MOVES, 1, 6, 12, 5, 3))
    taken, table = rs.redrawn(6, 2), rs.transitions(result, 2).set_index(["from", "to"])
    for i, here in enumerate(REGIMES):
        for j, there in enumerate(REGIMES):
            moves, watched = np.zeros(6), np.zeros(6)
            for r in range(6):
                for m in range(5):
                    for before, after in pairwise(result.regime[r, :, m]):
                        watched[r] += before == i
                        moves[r] += (before == i) and (after == j)
            row = table.loc[(here, there)]
            assert (row["moves"], row["quarters"]) == (moves.sum(), watched.sum())
            assert row["probability"] == pytest.approx(moves.sum() / watched.sum())
            drawn = [moves[t].sum() / watched[t].sum() for t in taken if watched[t].sum()]
            assert [row["low"], row["high"]] == pytest.approx(percentiles(drawn))

    stay = rs._stay(result, 0, 2)
    paths = result.regime
    home = np.bincount(paths[:, 0].ravel()).argmax()
    assert stay.home == REGIMES[home]
    went = np.full((6, 5), -1)
    for r in range(6):
        for m in range(5):
            away = [t for t in range(13) if paths[r, t, m] != paths[r, 0, m]]
            left = result.first_passage()[r, m]
            assert np.isnan(left) or left == away[0]
            went[r, m] = paths[r, int(left), m] if np.isfinite(left) and paths[r, 0, m] == home else -1
    assert set(stay.goes_to) == {name for name in REGIMES if name != stay.home}
    for name, one in stay.goes_to.items():
        per_run = (went == REGIMES.index(name)).sum(axis=1)
        assert one.value == pytest.approx(per_run.sum() / 30)
        assert one[1:] == pytest.approx(percentiles([per_run[t].sum() / 30 for t in taken]))


def test_groups_are_compared_up_to_the_longest_that_is_seen_in_all():
    nan = np.nan
    times = [1, 2, 3, 4, 2, nan, 5, nan]
    table = survival.by_group(times, list("aaaabbbc"), [1, 2, 3, 4, 2, 6, 5, 8]).set_index("group")
    # a ends at 4, so it limits nobody; b is watched until 6, c until 8
    assert table["upto"].tolist() == [6, 6, 6]
    assert table.loc["a", "restricted_mean"] == pytest.approx(2.5)
    assert table.loc["b", "restricted_mean"] == pytest.approx(2 + 3 * 2 / 3 + 1 * 1 / 3)
    assert table.loc["c", "restricted_mean"] == pytest.approx(6)
    assert table["nodes"].tolist() == [4, 3, 1]
    assert table["adopters"].tolist() == [4, 2, 0]
    assert table["median"].tolist()[:2] == [2, 5]
    assert np.isnan(table.loc["c", "median"])
    # everybody has adopted everywhere: up to the last
    every = survival.by_group([1, 3, 2, 6], list("aabb"), [1, 3, 2, 6])
    assert every["upto"].tolist() == [6, 6]
    assert every["restricted_mean"].tolist() == pytest.approx([2, 4])
    # a horizon of less than one period is one too
    short = survival.by_group([0.5, nan, nan, nan], list("aabb"), [0.5, 0.8, 0.8, 0.8])
    assert short["upto"].tolist() == [0.8, 0.8]
    assert short["restricted_mean"].tolist() == pytest.approx([0.5 + 0.3 / 2, 0.8])


def test_scores_of_a_sampled_forecast_by_their_definitions():
    samples, truth = RNG.normal(size=(7, 3)), np.array([0.3, -2.0, 0.1])
    brute = [np.mean(np.abs(x - y)) - np.mean(np.abs(x[:, None] - x)) / 2 for x, y in zip(samples.T, truth, strict=True)]
    np.testing.assert_allclose(scores.crps(samples, truth), brute)
    ladder = np.repeat(np.arange(11.0)[:, None], 5, axis=1)
    assert scores.covers(ladder, np.array([1, 9, 0.99, 9.01, 5])).tolist() == [True, True, False, False, True]
    assert scores.covers(ladder, np.array([0, 10, 0.49, 9.6, 5]), 0.9).tolist() == [False, False, False, False, True]


def test_an_ordinary_forecast_by_least_squares_spreads_around_the_curve():
    cascade = Cascade("x", 200, 1, np.array([2, 6, 13, 25, 43, 66, 92, 116, 136, 150.0]).astype(int))
    fit = curves.fit(cascade, "bass", "ls")
    still = fit.__class__(**{**{n: getattr(fit, n) for n in fit.__dataclass_fields__}, "covariance": np.zeros((3, 3))})
    drawn = still.samples(4, 40_000, np.random.default_rng(2))
    sd = fit.goodness * np.sqrt(np.arange(1, 5))
    away = (drawn.mean(axis=0) - fit.path(4)) / (sd / 200)
    assert (np.abs(away) < 4.5).all()
    np.testing.assert_allclose(drawn.std(axis=0), sd, rtol=0.03)
    assert drawn.min() >= 150
    assert drawn.max() <= 200


def test_an_ordinary_forecast_by_maximum_likelihood_lets_those_who_remain_adopt_independently():
    cascade = Cascade("x", 200, 1, np.array([2, 6, 13, 25, 43, 66, 92]))
    fit = curves.fit(cascade, "bass", "ml")
    still = fit.__class__(**{**{n: getattr(fit, n) for n in fit.__dataclass_fields__}, "covariance": np.zeros((3, 3))})
    drawn = still.samples(5, 20_000, np.random.default_rng(2))
    chance = (fit.path(5) - 92) / 108
    sd = np.sqrt(108 * chance * (1 - chance))
    assert (np.abs(drawn.mean(axis=0) - fit.path(5)) < 4.5 * sd / np.sqrt(20_000)).all()
    np.testing.assert_allclose(drawn.std(axis=0), sd, rtol=0.03)
    assert (np.diff(drawn, axis=1, prepend=92) >= 0).all()
    loose = fit.samples(5, 4000, np.random.default_rng(2))  # parameters vary too
    assert (loose.std(axis=0) > 1.05 * sd).all()


@pytest.mark.parametrize("curve", curves.CURVES)
@pytest.mark.parametrize("method", ["ml", "ls"])
def test_what_is_read_off_a_fit_is_what_its_curve_says(curve, method):
    cascade = Cascade("x", 200, 1, np.array([2, 6, 13, 25, 43, 66, 92, 116, 136, 150]))
    fit = curves.fit(cascade, curve, method)
    a, b, share, ceiling = fit.estimates.values()
    assert ceiling == pytest.approx(200 * share)
    names = (*curves.CURVES[curve], "share", "ceiling")
    assert tuple(fit.estimates) == names

    def by(t):
        return float(curves.cumulative(curve, t, a, b)) * share

    np.testing.assert_allclose(fit.fitted(), [200 * by(t) for t in range(1, 11)])
    for wanted in (0.2, 0.5, 0.99 * share):
        assert by(fit.time_to(wanted)) == pytest.approx(wanted)
    assert fit.time_to(share) == fit.time_to(1.0) == np.inf
    ahead = np.array([by(t) for t in range(11, 15)])
    expected = (150 + (ahead - by(10)) / (1 - by(10)) * 50) if method == "ml" else 150 + 200 * (ahead - by(10))
    np.testing.assert_allclose(fit.path(4), np.minimum(expected, 200))
    z = stats.norm.ppf(0.975) if method == "ml" else stats.t.ppf(0.975, 7)
    for k, name in enumerate(names):
        k = min(k, 2)
        edge = fit.x[k] + z * np.sqrt(fit.covariance[k, k]) * np.array([-1, 1])
        whole = 200 if name == "ceiling" else 1
        back = edge if name == "middle" else whole / (1 + np.exp(-edge)) if k == 2 else np.exp(edge)
        assert fit.interval(name) == pytest.approx(tuple(back))


# ---------------------------------------------------------------- early warnings and loops

def test_the_lead_is_counted_from_the_first_look_that_warns():
    rng = np.random.default_rng(3)
    tips = [np.cumsum(rng.normal(size=121)) * np.linspace(0, 1, 121)**power for power in (1, 3, 6, 8)]
    calm = [[rng.normal(size=121) for _ in range(20)] for _ in range(2)]
    one = ew.judge(tips, *calm)["variance"]
    looks = [ew.watched(series)["variance"] for series in tips]
    first = [int(np.flatnonzero(tau > one.watch_threshold)[0]) for tau in looks]
    assert len(set(first)) >= 2
    assert one.lead.tolist() == [4.0 * (len(tau) - 1 - k) for tau, k in zip(looks, first, strict=True)]


def test_a_warning_is_judged_as_by_hand():
    rng = np.random.default_rng(12)
    groups = [[rng.normal(size=n).cumsum() for _ in range(count)] for count, n in ((7, 41), (21, 41), (9, 41))]
    for name, one in ew.judge(*groups, seed=6).items():
        tips, null, quiet = ([ew.watched(series)[name] for series in group] for group in groups)
        last = [[looks[-1] for looks in group] for group in (tips, null, quiet)]
        top = [[max(looks) for looks in group] for group in (tips, null, quiet)]
        assert one.threshold == sorted(last[1])[19]  # of 21, one lies above
        assert one.watch_threshold == sorted(top[1])[19]
        for told_, values, least in ((one.hits, last[0], one.threshold), (one.false_alarms, last[2], one.threshold),
                                     (one.watch_hits, top[0], one.watch_threshold),
                                     (one.watch_false_alarms, top[2], one.watch_threshold)):
            k, n = sum(value > least for value in values), len(values)
            exact = [stats.beta.ppf(0.025, k, n - k + 1) if k else 0, stats.beta.ppf(0.975, k + 1, n - k) if k < n else 1]
            assert told_ == pytest.approx((k / n, *exact))
        first = [next((i for i, tau in enumerate(looks) if tau > one.watch_threshold), None) for looks in tips]
        assert one.lead.tolist() == [4 * (len(looks) - 1 - i) for looks, i in zip(tips, first, strict=True)
                                     if i is not None]

        def pairs(a, b):
            return np.mean([(x > y) + 0.5 * (x == y) for x in a for y in b])

        drawn = [pairs([last[0][i] for i in a], [last[2][j] for j in b])
                 for a, b in zip(estimates.redrawn(7, 6), estimates.redrawn(9, 7), strict=True)]
        assert one.auc == pytest.approx((pairs(last[0], last[2]), *percentiles(drawn)))
        assert one.tips.tolist() == last[0]
        assert one.quiet.tolist() == last[2]


@pytest.mark.parametrize(("auc", "hits", "alarms", "warns"), [
    (0.51, 0.4, 0.3, True), (0.5, 0.4, 0.3, False), (0.51, 0.3, 0.3, False), (0.49, 0.4, 0.3, False),
    (0.51, 0.2, 0.3, False)])
def test_it_warns_where_both_intervals_lie_above(auc, hits, alarms, warns):
    none = Estimate(0.5, 0, 1)
    one = ew.Warning("variance", np.zeros(2), np.zeros(2), 0.0, Estimate(0.5, hits, 1.0), Estimate(0.2, 0.0, alarms),
                     Estimate(0.7, auc, 1.0), 0.0, none, none, np.zeros(0))
    assert one.warns is warns


@pytest.mark.parametrize("two", [(True, True), (True, False), (False, True), (False, False)])
def test_one_statistic_that_warns_is_a_warning(two):
    judged = {name: SimpleNamespace(warns=each) for name, each in zip(ew.STATISTICS, two, strict=True)}
    assert ew.EarlyWarning.warns.fget(SimpleNamespace(judged=judged)) is (True in two)


def told_paths(rng, quarters=60, settle=20):
    """In place of the model: outcome and shares of regimes float64[5, R, Q + 1]; moved runs tip between 30 and 40; quiet
    runs with an even seed leave at 26, all others stay."""
    def paths(story, schedule, seeds, columns, progress=None):
        moving = schedule["B"][-1] != schedule["B"][0]
        found = np.zeros((5, len(seeds), settle + quarters + 1))
        found[0] = rng.normal(size=found.shape[1:])
        for k, seed in enumerate(seeds):
            tip = settle + (30 + int(seed) % 10 if moving else 26 if seed % 2 == 0 and seed < 10 else 10_000)
            found[2, k] = np.where(np.arange(found.shape[2]) < tip, 1.0, 0.25)  # lone_ranger
        return found
    return paths


def test_quiet_runs_that_leave_are_left_out_and_counted(monkeypatch):
    monkeypatch.setattr(ew, "paths", told_paths(np.random.default_rng(3)))
    found = ew.early_warning("lone_ranger", "B=0:0.6", quarters=60, settle=20, runs=30, seed=1, ahead=4)
    assert found.home == "lone_ranger"
    assert found.tipped_at.tolist() == [30 + seed % 10 for seed in range(1, 31)]
    assert found.value_at.tolist() == pytest.approx([0.01 * at for at in found.tipped_at])
    assert found.used.all()
    # quiet runs are as long as those that tip, less what is looked ahead: seeds 2, 4, 6 and 8 leave at 26
    left = [seed for seed in (2, 4, 6, 8) if 30 + seed % 10 - 4 > 26]
    assert found.left_out_quiet == len(left) == 4
    assert len(found.judged["variance"].quiet) == 30
    assert len(found.judged["variance"].tips) == 30
    assert found.tipped_at[found.example] == sorted(found.tipped_at)[15]
    frame = found.frame
    assert frame.groupby(["statistic", "group"]).size().tolist() == [30] * 4
    one = found.judged["autocorrelation"]
    rows = frame.query("statistic == 'autocorrelation' and group == 'tips'")
    assert rows["tau"].tolist() == one.tips.tolist()
    assert rows["alarm"].tolist() == (one.tips > one.threshold).tolist()
    # with a longer look ahead, those that tip before 24 quarters of it are not judged
    late = ew.early_warning("lone_ranger", "B=0:0.6", quarters=60, settle=20, runs=30, seed=1, ahead=8)
    assert late.used.tolist() == [at - 8 >= 24 for at in late.tipped_at]


@pytest.mark.parametrize(("words", "said"), [
    ({"window": 0.905}, "window must be a share of the series from 0.01 to 0.9"), ({"window": 0.009}, "window must be"),
    ({"bandwidth": 1.005}, "bandwidth must be a share of the series from 0.01 to 1"), ({"bandwidth": True}, "bandwidth"),
    ({"quarters": 47}, "quarters must be"), ({"settle": 0}, "settle must be"), ({"ahead": -1}, "ahead must be")])
def test_what_is_out_of_range_is_refused(words, said):
    with pytest.raises(Refused, match=said):
        ew.early_warning("lone_ranger", "B=0:0.6", **{"quarters": 60, "settle": 20, "runs": 30, **words})


def test_the_ends_of_a_range_are_in_it(monkeypatch):
    monkeypatch.setattr(ew, "paths", told_paths(np.random.default_rng(3)))
    for words in ({"window": 0.9}, {"window": 0.01}, {"bandwidth": 1.0}, {"bandwidth": 0.01}):
        found = ew.early_warning("lone_ranger", "B=0:0.6", **{"quarters": 60, "settle": 20, "runs": 30, **words})
        assert found.used.all()


def test_crossings_have_the_intervals_of_the_nearest_in_each_draw():
    values = np.array([0.0, 1.0, 3.0, 4.0])
    shares = np.array([[0.1, 0.3, 0.2, 0.45, 0.0], [0.4, 0.9, 0.5, 0.7, 0.6], [0.6, 0.9, 0.7, 0.3, 1.0],
                       [0.1, 0.6, 0.2, 0.4, 0.3]])

    def crossed(mean):
        found = []
        for (x, y), (u, v) in pairwise(zip(values, mean, strict=True)):
            if (y >= 0.5) != (v >= 0.5):
                found.append((x + (u - x) * (0.5 - y) / (v - y), v >= 0.5))
        return found

    exact, tips = crossed(shares.mean(axis=1)), tipping.crossings(values, shares, seed=8)
    assert [(tip.at.value, tip.rises) for tip in tips] == [(pytest.approx(at), up) for at, up in exact]
    assert [tip.rises for tip in tips] == [True, False]
    draws = [crossed(shares[:, taken].mean(axis=1)) for taken in estimates.redrawn(5, 8)]
    for tip in tips:
        same = [[at for at, up in draw if up == tip.rises] for draw in draws]
        near = [min(ats, key=lambda at: abs(at - tip.at.value)) for ats in same if ats]
        assert tip.seen == len(near) / 400
        assert tip.at[1:] == pytest.approx(percentiles(near))
    at_half = tipping.crossings(np.array([0.0, 1, 2]), np.array([[0.4], [0.5], [0.4]]))
    assert [(tip.at.value, tip.rises) for tip in at_half] == [(1, True), (1, False)]  # one half is above


@pytest.mark.parametrize("ends", [(0.0, 1.0), (1.0, 0.0)])
@pytest.mark.parametrize("where", [0.37, 0.62])
def test_a_fold_is_found_where_a_rest_goes_and_names_the_one_that_goes(monkeypatch, ends, where):
    def rest(G, stable=True, regime=0):
        return FixedPoint(np.array([0.6, G, *[0.5] * 6]), stable, np.zeros(8), regime)

    def points(value):
        stays = [rest(0.8 + 0.01 * value), rest(0.3, False), rest(0.5 - 0.01 * value, True, 2)]
        return [*stays, rest(0.1, True, 1)] if value < where else stays

    monkeypatch.setattr(tipping.meanfield, "fixed_points", points)
    values = np.linspace(*ends, 3)
    fold, = tipping._folds(values, [points(value) for value in values], lambda value: value)
    assert fold.at == pytest.approx(where, abs=0.5 / 64)
    assert (fold.C, fold.G, fold.regime) == (0.6, 0.1, "lone_ranger")


def held(apart, gap=1.0):
    """A loop whose ways lie so far apart in each quarter of waiting, apart[R, W + 1]."""
    apart = np.asarray(apart, float)
    ways = np.zeros((len(apart), 3))
    loop = hy.Loop(40, ways, ways + gap, Estimate(gap, gap - 0.1, gap + 0.1), Estimate(0, -1, 1))
    return hy.Hysteresis(parse_axis("B=0:0.8"), np.linspace(0, .8, 3), "G", "t", [loop, loop], 0.4, apart, np.zeros((2, 3)),
                         1, 8)


def test_what_is_left_of_a_gap_and_whether_it_closes_is_read_off_as_said():
    quarters = np.arange(17.0)
    apart = np.stack([1 - quarters / 100, 1.2 - quarters / 100])
    found = held(apart)
    assert (found.runs, found.waited) == (2, 16)
    assert found.gap_before.value == pytest.approx(1.1)
    assert found.gap_left.value == pytest.approx(1.1 - 0.155)  # quarters 15 and 16: the last eighth
    assert found.still_closing.value == pytest.approx(0.08)  # quarters 7 and 8 less 15 and 16
    assert held(-apart).still_closing.value == pytest.approx(0.08)
    assert held(-apart).gap_left.value == pytest.approx(-1.1 + 0.155)
    assert held([[1.0, 0.5, 0.25]] * 2).gap_left.value == 0.25  # of few quarters, the last


@pytest.mark.parametrize("side", [1, -1])
def test_the_verdict_on_a_loop_is_what_its_intervals_say(side):
    stays, shrinks = np.ones((4, 17)), np.ones((4, 17)) * np.append(np.ones(9), np.full(8, 0.3))
    goes = np.ones((4, 17)) * np.append(np.ones(9), np.zeros(8))
    mixed = np.array([1.0, -1, 1, -1])[:, None] * stays
    assert held(side * stays, side * 1.0).verdict == "hysteresis"
    assert held(side * shrinks, side * 1.0).verdict == "closing"
    assert held(side * goes, side * 1.0).verdict == "lag"
    assert held(side * mixed, side * 1.0).verdict == "no loop"
    assert held(side * stays, side * 0.05).verdict == "no loop"
    fast, slow = held(side * stays, side * 1.0), held(side * stays, side * 0.05)
    assert replace(fast, loops=[fast.loops[0], slow.loops[0]]).verdict == "no loop"  # it is the slower loop that counts
    assert replace(fast, loops=[slow.loops[0], fast.loops[0]]).verdict == "hysteresis"


def test_both_ways_stop_at_the_value_where_they_are_held():
    axis = parse_axis("B=0:0.8")
    assert hy._stops(axis, 0.2, 40, 8) == [[(0, 0.0), (8, 0.0), (18, 0.2)],
                                           [(0, 0.0), (8, 0.0), (48, 0.8), (78, 0.2)]]
    assert hy._stops(axis, 0.0, 40, 8)[0][-1] == (9, 0.0)  # a step is a quarter at least
    assert hy._knots(axis, 40, 8) == [(0, 0.0), (8, 0.0), (48, 0.8), (88, 0.0), (96, 0.0)]


def test_a_table_of_a_loop_says_each_way_value_and_run():
    found = held(np.ones((2, 17)))
    frame = found.frame
    assert len(frame) == 2 * 2 * 2 * 3
    assert frame.groupby("way")["G"].mean().to_dict() == {"there": 0.0, "back": 1.0}
    assert frame["value"].tolist()[:6] == pytest.approx([0, 0.4, 0.8] * 2)
    assert frame["run"].tolist()[:6] == [0, 0, 0, 1, 1, 1]
    assert (frame["seed"] == frame["run"] + 1).all()
    assert isinstance(frame, pd.DataFrame)


def test_categories_are_cut_where_rogers_and_the_reference_package_cut():
    """Rogers (2003): mean - 2 sd, - sd, mean, + sd; 2.5, 13.5, 34, 34 and 16 %. netdiffuseR: no cut at - 2 sd."""
    assert {by: cuts for by, (_, cuts, _) in statistics.CUTS.items()} == {
        "sd": (-1, 0, 1), "rogers": (-2, -1, 0, 1), "rank": (0.025, 0.16, 0.5, 0.84),
        "innovativeness": (0.025, 0.16, 0.5, 0.84)}
    assert np.diff([0, 0.025, 0.16, 0.5, 0.84, 1]) == pytest.approx([0.025, 0.135, 0.34, 0.34, 0.16])


TIMES, TIES = [1, 2, 3, 4], np.eye(4, k=1) + np.eye(4, k=-1)


@pytest.mark.parametrize(("words", "said"), [
    *(({"seed": seed}, "seed must be") for seed in (-1, 2**62 + 1, True, "1", 1.0)),
    *(({"repetitions": count}, "repetitions must be") for count in (0, 1_000_001, True, "9", 9.0))])
def test_what_rewiring_cannot_take_is_refused(words, said):
    with pytest.raises(Refused, match=said):
        statistics.structural_dependence(TIMES, TIES, **{"repetitions": 3, **words})


@pytest.mark.parametrize("seed", [0, 2**62, np.int64(5)])
def test_what_rewiring_can_take_is_taken(seed):
    found = statistics.structural_dependence(TIMES, TIES, repetitions=1, seed=seed)
    assert found.rewired.shape == (1,)
    assert found.p == 1.0
    assert found.observed == pytest.approx(statistics.mean_threshold(TIMES, TIES))
    assert found.mean == found.rewired[0]


def test_a_p_value_counts_both_sides_and_the_network_itself():
    """A statistic that takes 0, 1, ... 9 on rewired networks and 1 on the network as it is."""
    values = iter([*range(10), 1])
    found = statistics.structural_dependence(TIMES, TIES, lambda net: next(values), repetitions=10)
    assert (found.observed, found.rewired.tolist()) == (1, list(range(10)))
    assert found.p == pytest.approx(2 * min(2 + 1, 9 + 1) / 11)


@pytest.mark.parametrize("curve", curves.CURVES)
def test_a_fits_goodness_is_its_log_likelihood_and_its_profile_falls_by_half_a_chi_squared(curve):
    """Of few adopters, so that an interval is wider than one on the transformed scale."""
    cum, N = np.array([1, 2, 4, 7, 9]), 30
    fit = curves.fit(Cascade("few", N, 1, cum), curve, "ml")

    def likelihood(x):
        a, b = np.exp(x[0]), np.exp(x[1]) if curve == "bass" else x[1]
        F = np.append(0.0, curves.cumulative(curve, np.arange(1, 6), a, b)) / (1 + np.exp(-x[2]))
        return float((np.diff(cum, prepend=0) * np.log(np.diff(F))).sum() + (N - cum[-1]) * np.log(1 - F[-1]))

    assert fit.goodness == pytest.approx(likelihood(fit.x), rel=1e-6)
    assert fit.goodness > max(likelihood(fit.x + 0.05 * step) for step in (*np.eye(3), *-np.eye(3)))
    low, high = np.log(fit.interval(curves.CURVES[curve][0], kind="profile"))
    wall = curves._bounds(curve, 5)[0]
    assert low < fit.x[0] < high
    for end in (low, high):
        best = max(-optimize.minimize(lambda y, end=end: -likelihood([end, *y]), start, method="Nelder-Mead",
                                      bounds=curves._bounds(curve, 5)[1:], options={"xatol": 1e-7, "fatol": 1e-9}).fun
                   for start in (fit.x[1:] + away * np.array([0.5, 1.0]) for away in (-1, 0, 1)))
        assert end in wall or fit.goodness - best == pytest.approx(stats.chi2.ppf(0.95, 1) / 2, abs=0.01)


def test_morris_mu_is_the_root_of_products_of_means_over_different_seeds():
    rng = np.random.default_rng(5)
    u = np.concatenate([np.array([[0, 0], [0.5, 0], [0.5, 0.5]]), np.array([[1, 0.5], [1, 0], [0.5, 0]])])
    Y = 4 * u[:, :1] - 2 * u[:, 1:] + rng.normal(0, 0.3, (6, 3))
    found = indices.morris(["a", "b"], [[0, 1], [0, 1]], u, Y, resamples=20)
    a = [(Y[1] - Y[0]) / 0.5, (Y[5] - Y[4]) / -0.5]
    b = [(Y[2] - Y[1]) / 0.5, (Y[4] - Y[3]) / -0.5]
    for at, effects in enumerate((np.array(a), np.array(b))):
        pairs = list(itertools.permutations(range(3), 2))
        mean = effects.mean(axis=0)
        square = np.mean([mean[r] * mean[s] for r, s in pairs])
        spread = np.mean([np.cov(effects[:, r], effects[:, s])[0, 1] for r, s in pairs])
        assert square + spread / 2 > 0
        mu, sigma = np.sign(mean.mean()) * np.sqrt(square), np.sqrt(max(spread, 0))
        each = effects.mean(axis=1)
        drawn = mu + (each - each.mean()) * sigma / each.std(ddof=1)
        row = found.table.iloc[at]
        assert (row["mu"], row["sigma"], row["mu_star"]) == pytest.approx((mu, sigma, np.abs(drawn).mean()))
    assert (found.trajectories, found.replicates) == (2, 3)
    # a factor that pushes up here and down there: its mu is less than its mu*
    bent = indices.morris(["a", "b"], [[0, 1], [0, 1]], u, np.repeat([[0], [1], [1], [0], [0], [0.5]], 3, axis=1),
                          resamples=20)
    assert bent.table["mu"].tolist() == pytest.approx([0.5, 0])
    assert bent.table["mu_star"].tolist() == pytest.approx([1.5, 0])


@pytest.mark.parametrize("mean", [0.02, 0.5, 0.98])
def test_a_betting_interval_ends_where_the_capital_reaches_its_limit(mean):
    values = np.random.default_rng(4).random(600) < mean
    low, high = precision.betting(values)
    assert 0 <= low < values.mean() < high <= 1
    limit = np.log(1 / 0.05)
    for end, inwards in ((low, 1e-6), (high, -1e-6)):
        assert precision.capital(values, end + inwards)[-1] < limit <= precision.capital(values, end - inwards)[-1]
    assert precision.betting(values * 4.0 - 1, -1, 3) == pytest.approx((4 * low - 1, 4 * high - 1))


def test_a_spread_is_the_same_bits_beside_what_was_not_measured():
    """What is measured in all runs is counted in a quicker way; a neighbour with a gap makes it go the general one."""
    from letsdance.report.style import spread

    rng = np.random.default_rng(8)
    for runs in (1, 2, 5, 11, 20, 201):
        whole = rng.random((runs, 7))
        gap = np.where(np.arange(runs) == 0, np.nan, rng.random(runs))
        beside = spread(np.column_stack([whole, gap]))[:, :7]
        assert (spread(whole) == beside).all()
        np.testing.assert_allclose(beside[[0, 2]], np.quantile(whole, [0.1, 0.9], axis=0), rtol=1e-12)
