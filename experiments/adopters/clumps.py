"""A model of adoption that comes in clumps: hazard, likelihood and simulation, for many parameter sets at once.

A pool of K = round(s N) of N will ever adopt. In a period, each of the R not yet adopted adopts with the hazard

    h = m (p + q A/K) ((K - A)/K)^nu

where A have adopted: p is adoption from outside, q contagion (Bass, 1969); nu is one over the shape of a gamma frailty,
which makes the hazard of those who remain fall (Vaupel, Manton and Stallard, 1979); m is a shock that all share. m has
a part that lasts (variance v, memory phi: a wave of reform) and one that is new in each period (variance w), so that the
number of adopters is beta-binomial; and with the chance e a period sees a burst, in which any share of R may adopt.
What lasts of m is followed by a Kalman gain on the adopters seen against those expected (West and Harrison, 1997, give
the conjugate case), so the likelihood of a history is a product of closed forms, and simulation uses the same steps.

The first period with an adopter is taken as given: histories begin with it because somebody looked back.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import expit, gammaln

from letsdance.experiments.adopters.history import Cascade

#: The parameters on the scale on which they are normal: name -> (transformation, meaning).
PARAMETERS = {
    "s": ("logit", "share that will ever adopt"), "p": ("log", "hazard from outside, a period"),
    "q": ("log", "hazard from contagion, a period"), "nu": ("log", "heterogeneity, one over the frailty's shape"),
    "v": ("log", "relative variance of shocks that last"), "phi": ("logit", "memory of shocks that last"),
    "w": ("log", "relative variance of shocks of one period"), "e": ("logit", "chance of a burst in a period")}
DIMENSION = len(PARAMETERS)
_BURST = (1.0, 3.0)  # share of those remaining that a burst takes is Beta(1, 3): a quarter on average, at times most
_SMALLEST, _LARGEST = 1e-12, 50.0
_HOPELESS = 40.0  # a parameter set so many log units below the best is followed no further


def natural(theta: np.ndarray) -> np.ndarray:
    """float64[J, 8]: from the transformed scale to the parameters themselves."""
    values = np.empty_like(theta)
    for k, (scale, _) in enumerate(PARAMETERS.values()):
        values[:, k] = expit(theta[:, k]) if scale == "logit" else np.exp(np.clip(theta[:, k], -25, 4))
    return values


class State(NamedTuple):
    """What lasts of the shock, after a history."""

    m: np.ndarray  # float64[J]: its mean
    v: np.ndarray  # float64[J]: its relative variance


class _Law(NamedTuple):
    """The beta-binomial of one period without a burst, and what the gain needs."""

    alpha: np.ndarray
    beta: np.ndarray
    expected: np.ndarray
    gain: np.ndarray


def _law(values: np.ndarray, pool: np.ndarray, adopted: np.ndarray | float, state: State) -> _Law:
    _, p, q, nu, _, _, w, _ = values.T
    remain = pool - adopted
    left = np.maximum(remain, 0) / pool
    g = np.clip(state.m * (p + q * adopted / pool) * left**nu, _SMALLEST, _LARGEST)
    r = state.v + w
    # The share that does not adopt is exp(-g x) with x gamma of mean 1 and variance r; its two moments give the beta.
    none = np.exp(-np.log1p(g * r) / r)
    concentration = np.maximum((1 - none) / (none * np.expm1(np.log1p((g * r)**2 / (1 + 2 * g * r)) / r)) - 1, 1e-9)
    expected = remain * (1 - none)
    gain = state.v / (r + 1 / np.maximum(expected, _SMALLEST))
    return _Law((1 - none) * concentration, none * concentration, expected, gain)


def _moved(values: np.ndarray, state: State, law: _Law, new: np.ndarray | int, burst: np.ndarray) -> State:
    """The lasting shock after `new` adopters; what a burst explains (share `burst`) says nothing about it."""
    v, phi = values[:, 4], values[:, 5]
    gain = law.gain * (1 - burst)
    m = state.m * (1 + gain * (new / np.maximum(law.expected, _SMALLEST) - 1))
    return State(np.clip(m, 0.02, 50.0)**phi, phi**2 * state.v * (1 - gain) + (1 - phi**2) * v)


def _beta_binomial(new: np.ndarray | int, remain: np.ndarray, alpha: np.ndarray | float,
                   beta: np.ndarray | float) -> np.ndarray:
    """Log probability of `new` of `remain`; where fewer remain, minus infinity."""
    fits = remain >= new
    remain = np.where(fits, remain, new)
    log = (gammaln(beta + remain - new) - gammaln(alpha + beta + remain)) - (gammaln(beta) - gammaln(alpha + beta))
    if np.any(new):
        log = log + (gammaln(remain + 1) - gammaln(remain - new + 1) - gammaln(np.add(new, 1.0))
                     + gammaln(alpha + new) - gammaln(alpha))
    return np.where(fits, log, -np.inf)


def pool_of(values: np.ndarray, population: int) -> np.ndarray:
    """float64[J]: how many will ever adopt, at least one."""
    return np.maximum(np.round(values[:, 0] * population), 1.0)


def follow(theta: np.ndarray, cascade: Cascade) -> tuple[np.ndarray, State]:
    """Log-likelihood of a history under each parameter set, float64[J], and the lasting shock after it.

    theta: float64[J, 8], transformed. What has become hopelessly unlikely on the way gets minus infinity.
    """
    start = int(np.argmax(cascade.cum > 0))
    values = natural(theta)
    pool = pool_of(values, cascade.population)
    alive = np.flatnonzero(pool >= cascade.adopters)
    values, pool, log = values[alive], pool[alive], np.zeros(len(alive))
    state = State(np.ones(len(alive)), values[:, 4])
    new = np.diff(cascade.cum)
    for i in range(start + 1, len(cascade.cum)):
        adopted, more = float(cascade.cum[i - 1]), int(new[i - 1])
        law = _law(values, pool, adopted, state)
        usual = np.log1p(-values[:, 7]) + _beta_binomial(more, pool - adopted, law.alpha, law.beta)
        rare = np.log(values[:, 7]) + _beta_binomial(more, pool - adopted, *_BURST)
        both = np.logaddexp(usual, rare)
        log, state = log + both, _moved(values, state, law, more, np.exp(rare - both))
        if i % 8 == 0 and len(log):
            keep = log > log.max() - _HOPELESS
            alive, values, pool, log = alive[keep], values[keep], pool[keep], log[keep]
            state = State(state.m[keep], state.v[keep])
    full, m, v = np.full(len(theta), -np.inf), np.ones(len(theta)), np.ones(len(theta))
    full[alive], m[alive], v[alive] = log, *state
    return full, State(m, v)


def simulate(theta: np.ndarray, cascade: Cascade, state: State, periods: int, rng: np.random.Generator) -> np.ndarray:
    """int64[J, periods]: one path of adopters for each parameter set, after the history."""
    values = natural(theta)
    pool = pool_of(values, cascade.population)
    adopted = np.full(len(theta), float(cascade.adopters))
    paths = np.empty((len(theta), periods), np.int64)
    for i in range(periods):
        law = _law(values, pool, adopted, state)
        burst = rng.random(len(theta)) < values[:, 7]
        share = rng.beta(np.where(burst, _BURST[0], law.alpha), np.where(burst, _BURST[1], law.beta))
        remain = np.maximum(pool - adopted, 0).astype(np.int64)
        new = rng.binomial(remain, np.clip(share, 0.0, 1.0)).astype(np.float64)
        usual = np.log1p(-values[:, 7]) + _beta_binomial(new, remain.astype(np.float64), law.alpha, law.beta)
        rare = np.log(values[:, 7]) + _beta_binomial(new, remain.astype(np.float64), *_BURST)
        state = _moved(values, state, law, new, np.exp(rare - np.logaddexp(usual, rare)))
        adopted = adopted + new
        paths[:, i] = adopted
    return paths
