"""The inference behind calibration: against exact posteriors, closed forms and other libraries."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, gaussian_kde, kstest, logistic, multivariate_normal, norm

from letsdance.experiments.adopters import abc_smc, observed
from letsdance.experiments.adopters import identification as words
from letsdance.experiments.adopters.abc_smc import Box, Sample

# ---------------------------------------------------------------- a toy whose posterior is known exactly

N, T = 100, 20
TOY = Box(("p", "q"), np.array([0.005, 0.1]), np.array([0.06, 0.6]))
ENDS = np.arange(1.0, T + 1)


def bass(theta, rng):
    """float64[n, T]: Bass curves of N units, each adopting by chance."""
    cum, curve = np.zeros(len(theta), np.int64), []
    for _ in range(T):
        cum = cum + rng.binomial(N - cum, -np.expm1(-(theta[:, 0] + theta[:, 1] * cum / N)))
        curve.append(cum)
    return np.array(curve).T / N


def toy(theta, rng):
    return observed.features(bass(theta, rng), ENDS)


def exact(curve):
    """Means and standard deviations of the posterior given the whole curve, on a grid."""
    cum = np.rint(curve * N).astype(int)
    before = np.concatenate([[0], cum[:-1]])
    p, q = (np.linspace(lo, hi, 161) for lo, hi in zip(TOY.low, TOY.high, strict=True))
    chance = -np.expm1(-(p[:, None, None] + q[:, None] * before / N))
    log = binom.logpmf(np.diff(cum, prepend=0), N - before, chance).sum(axis=2)
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    means = np.array([weight.sum(axis=1) @ p, weight.sum(axis=0) @ q])
    return means, np.sqrt([weight.sum(axis=1) @ (p - means[0])**2, weight.sum(axis=0) @ (q - means[1])**2])


def test_intervals_hold_the_truth_as_often_as_they_say():
    made = abc_smc.recover(toy, TOY, 100, seed=0, particles=100, most=800)
    held = abc_smc.coverage(made)
    assert held["level"].tolist() == [0.5, 0.8, 0.95] * 2
    assert held["right"].all(), held


def test_the_posterior_is_the_exact_one():
    off, ratio = [], []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        curve = bass(TOY.theta(TOY.draw(1, rng)), rng)
        mean, sd = exact(curve[0])
        found = abc_smc.infer(toy, TOY, observed.features(curve, ENDS)[0], rng, 200, 1600)
        off.append((found.mean - mean) / sd)
        ratio.append(found.sd / sd)
    assert np.abs(np.mean(off, axis=0)).max() < 0.3  # no bias; the features leave some of the curve unused,
    assert np.sqrt(np.mean(np.square(off), axis=0)).max() < 0.6  # so single means may be a little off
    assert (np.mean(ratio, axis=0) > 0.9).all()
    assert (np.mean(ratio, axis=0) < 1.25).all()


def test_coverage_says_where_sampling_error_ends():
    made = pd.DataFrame({"repetition": range(40), "parameter": "a", "truth": 0.0, "low_80": [-1.0] * 32 + [1.0] * 8,
                         "high_80": 2.0, "low_95": [-1.0] * 30 + [1.0] * 10, "high_95": 2.0})
    held = abc_smc.coverage(made).set_index("level")
    assert (held.loc[0.8, "held"], held.loc[0.95, "held"]) == (0.8, 0.75)
    assert held.loc[0.8, "right"]
    assert not held.loc[0.95, "right"]
    assert binom.cdf(held.loc[0.8, "from"] * 40 - 1, 40, 0.8) < 0.025 <= binom.cdf(held.loc[0.8, "from"] * 40, 40, 0.8)
    assert "outside sampling error: a at 95\u00a0%" in words.recovery_in_words(made)
    assert "too few to tell" in words.recovery_in_words(made[:10])


def test_ranks_tell_a_posterior_that_is_too_narrow_or_beside():
    """Ranks as exact posteriors give them; spreads of half the right size, truths at the ends; a shift (Talts 2018)."""
    even = (np.arange(200) + 0.5) / 200
    narrow = norm.cdf(2.0 * norm.ppf(even))
    made = pd.concat([pd.DataFrame({"repetition": range(200), "parameter": name, "truth": 0.0, "rank": ranks,
                                    "low_80": -1.0, "high_80": 1.0})
                      for name, ranks in (("a", even), ("b", narrow), ("c", even**2))])
    told = abc_smc.uniform(made).set_index("parameter")
    assert told["right"].tolist() == [True, False, False]
    assert told.loc["a", "p"] == pytest.approx(1.0)
    assert words.recovery_in_words(made).endswith("is not uniform: b and c.")
    assert words.recovery_in_words(made[:200]).endswith("is uniform, as it should be.")


# ---------------------------------------------------------------- the parts of the inference

def test_a_flat_prior_is_flat_and_has_the_logistics_density():
    rng = np.random.default_rng(0)
    box = Box(("a",), np.array([2.0]), np.array([5.0]))
    z = box.draw(4000, rng)
    assert kstest((box.theta(z)[:, 0] - 2) / 3, "uniform").pvalue > 0.01
    assert box.log_density(z) == pytest.approx(logistic.logpdf(z[:, 0]))
    assert box.z(box.theta(z)) == pytest.approx(z)


def test_a_learnt_prior_has_a_density_that_integrates_to_one():
    cov = np.array([[0.5, 0.2], [0.2, 0.4]])
    box = Box(("a", "b", "free"), np.zeros(3), np.ones(3), ("a", "b"), np.array([1.0, -1.0]), cov)
    at = np.linspace(-14, 14, 281)
    a, b = np.meshgrid(at, at, indexing="ij")
    z = np.column_stack([a.ravel(), b.ravel(), np.zeros(a.size)])
    density = np.exp(box.log_density(z) - logistic.logpdf(0.0))
    assert density.sum() * 0.1**2 == pytest.approx(1, abs=1e-3)
    assert box.draw(20_000, np.random.default_rng(1))[:, :2].mean(axis=0) == pytest.approx(
        [density @ a.ravel() * 0.01, density @ b.ravel() * 0.01], abs=0.05)


def test_a_learnt_prior_and_data_make_the_posterior_of_both():
    """14 of 40 heads under a prior that knows about 30 %, against the product of both on a grid."""
    box = Box(("chance",), np.zeros(1), np.ones(1), ("chance",), np.array([-0.85]), np.array([[0.04]]))
    z = np.linspace(-6, 6, 4001)
    weight = np.exp(box.log_density(z[:, None]) + binom.logpmf(14, 40, box.theta(z[:, None])[:, 0]))
    weight /= weight.sum()
    chance = box.theta(z[:, None])[:, 0]
    mean = weight @ chance
    found = abc_smc.infer(lambda theta, rng: rng.binomial(40, theta), box, np.array([14.0]), np.random.default_rng(0),
                          600, 6000)
    assert found.mean[0] == pytest.approx(mean, abs=0.012)
    assert found.sd[0] == pytest.approx(np.sqrt(weight @ (chance - mean)**2), rel=0.15)


def test_the_density_of_proposals_is_scipys():
    rng = np.random.default_rng(0)
    new, around, shares = rng.normal(size=(5, 2)), rng.normal(size=(7, 2)), rng.dirichlet(np.ones(7))
    cov = np.array([[1.0, 0.3], [0.3, 0.5]])
    expected = [np.log(sum(s * multivariate_normal.pdf(x, a, cov) for s, a in zip(shares, around, strict=True)))
                for x in new]
    assert abc_smc._mixture(new, around, shares, cov) == pytest.approx(expected)


def test_weights_undo_where_particles_were_proposed():
    """Features that say nothing: the posterior is the prior, although particles were drawn around earlier ones."""
    rng = np.random.default_rng(3)
    box = Box(("a", "b"), np.zeros(2), np.ones(2))
    raw = abc_smc.sample(lambda theta, rng: rng.normal(size=(len(theta), 1)), box, np.zeros(1), rng, 1500, 9000)
    assert len(raw.rounds) > 3
    assert raw.mean == pytest.approx([0.5, 0.5], abs=0.04)
    assert raw.sd == pytest.approx([12**-0.5] * 2, abs=0.025)


def test_the_adjustment_is_weighted_regression_with_an_unbiased_spread():
    """z = 1 + 2 x + noise: moved to x = 0, the mean is 1 and the variance that of the noise and of the centre."""
    rng, spread, means = np.random.default_rng(0), [], []
    box = Box(("a",), np.zeros(1), np.ones(1))
    for _ in range(400):
        X = rng.normal(size=(40, 6))
        z = 1 + 2 * X[:, :1] + rng.normal(size=(40, 1))
        raw = Sample(box, z, rng.dirichlet(np.full(40, 3.0)), X, np.append(np.full(39, 1e-4), 1.0), np.ones(6))
        found = abc_smc.adjusted(raw, np.zeros(6))
        means.append((found.weights @ found.z)[0])
        spread.append(found.weights @ (found.z[:, 0] - means[-1])**2)
    assert np.mean(means) == pytest.approx(1, abs=0.02)
    # noise of variance 1, and the variance of the centre over repetitions
    assert np.mean(spread) == pytest.approx(1 + np.var(means), rel=0.05)


def test_quantiles_of_equal_weights_are_numpys():
    values = np.random.default_rng(0).normal(size=501)
    got = abc_smc._quantiles(values, np.full(501, 1 / 501), [0.1, 0.5, 0.9])
    assert got == pytest.approx(np.quantile(values, [0.1, 0.5, 0.9], method="hazen"))


def test_far_from_every_particle_nothing_is_moved():
    """Nearly the same feature in all particles, and the data elsewhere: a line through them would lead anywhere."""
    rng = np.random.default_rng(0)
    box, X = Box(("a",), np.zeros(1), np.ones(1)), 1e3 + rng.normal(size=(40, 2))
    raw = Sample(box, rng.normal(size=(40, 1)), np.full(40, 1 / 40), X, np.linspace(1, 2, 40), np.ones(2))
    assert abc_smc.adjusted(raw, np.zeros(2)) is raw


def test_what_differs_by_rounding_does_not_count():
    rng = np.random.default_rng(0)
    box = Box(("a",), np.zeros(1), np.ones(1))
    found = abc_smc.sample(lambda theta, rng: np.column_stack([theta[:, 0], 0.3 + 1e-15 * rng.random(len(theta))]), box,
                           np.array([0.5, 0.3]), rng, 50, 100)
    assert (found.scale > 0).tolist() == [True, False]


def test_surprise_is_uniform_where_the_prior_is_right_and_none_where_the_data_are_impossible():
    rng = np.random.default_rng(1)
    made = toy(TOY.theta(TOY.draw(60, rng)), rng)
    assert kstest([abc_smc.sample(toy, TOY, one, rng, 100, 200).surprise for one in made], "uniform").pvalue > 0.01
    assert abc_smc.sample(toy, TOY, made[0] + 30, rng, 100, 200).surprise == 0
    fixed = abc_smc.sample(lambda theta, rng: np.zeros((len(theta), 1)), TOY, np.ones(1), rng, 100, 200)
    assert fixed.surprise == 0  # what never varies, and is otherwise in the data


def test_a_posterior_of_two_humps_is_seen_and_one_hump_is_not():
    """The square of what is sought is observed: its sign stays open."""
    box = Box(("a",), np.array([-1.0]), np.array([1.0]))

    def found(feature, seed):
        return abc_smc.infer(lambda theta, rng: feature(theta) + 0.03 * rng.normal(size=(len(theta), 1)), box,
                             np.array([0.25]), np.random.default_rng(seed), 200, 1600)

    for seed in range(4):
        assert found(np.square, seed).parted(0) == pytest.approx(0, abs=0.35)
        assert found(lambda theta: theta, seed).parted(0) is None
        assert found(np.zeros_like, seed).parted(0) is None


def test_the_density_is_scipys_away_from_the_ends_and_integrates_to_one():
    rng = np.random.default_rng(0)
    box, at = Box(("a",), np.zeros(1), np.ones(1)), np.linspace(0, 1, 401)
    theta, weights = rng.normal(0.5, 0.05, (300, 1)), rng.dirichlet(np.ones(300))
    one = Sample(box, box.z(theta), weights, np.zeros((300, 0)), np.zeros(300), np.zeros(0))
    kernel = gaussian_kde(theta[:, 0], weights=weights)
    kernel.set_bandwidth(one._reach(0) / np.sqrt(kernel.covariance[0, 0]) * kernel.factor)
    assert one.density(0, at) == pytest.approx(kernel(at), rel=1e-6, abs=1e-9)
    flat = box.as_sample()
    assert np.trapezoid(flat.density(0, at), at) == pytest.approx(1, abs=1e-3)
    assert flat.density(0, at) == pytest.approx(np.ones(401), abs=0.15)  # at the ends too


def test_what_cases_have_in_common_is_the_pool_of_them_and_one_of_flat():
    rng, box = np.random.default_rng(2), Box(("a", "b"), np.zeros(2), np.ones(2))
    cases = [Sample(box, rng.normal(m, 0.4, (300, 2)), rng.dirichlet(np.ones(300)), np.zeros((300, 0)), np.zeros(300),
                    np.zeros(0)) for m in (-1.0, 0.5, 1.0)]
    mean, cov = abc_smc.common(cases)
    pooled, weights = np.concatenate([one.z for one in cases]), np.concatenate([one.weights for one in cases])
    assert mean == pytest.approx(np.average(pooled, axis=0, weights=weights))
    flat = logistic.var() * np.eye(2)
    assert cov == pytest.approx((flat + 3 * np.cov(pooled.T, aweights=weights, ddof=0)) / 4 * (4 / 3))
    ends = replace(cases[0], z=np.full((300, 2), -40.0))
    assert abc_smc.moments(ends)[0] == pytest.approx([-5, -5])
