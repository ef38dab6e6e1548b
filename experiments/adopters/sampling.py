"""Parameter sets of the model of clumps given a history: adaptive importance sampling that keeps all its rounds."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from scipy.special import logsumexp

from letsdance.experiments.adopters import clumps
from letsdance.experiments.adopters.history import Cascade

_ROUNDS = 6


class Known(Protocol):
    """A prior: what can be drawn from, with a density."""

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """float64[count, 8]."""

    def log_density(self, theta: np.ndarray) -> np.ndarray:
        """float64[J]."""


def posterior(cascade: Cascade, prior: Known, rng: np.random.Generator, draws: int = 4000,
              enough: float = 500) -> tuple[np.ndarray, np.ndarray]:
    """Parameter sets and their weights: (float64[J, 8], float64[J] that sum to one).

    Begins with draws from the prior; as long as fewer than `enough` of them count (by their weights), half as many more
    are drawn from a normal that fits the posterior so far, and all are weighed by the mixture of what they were drawn from
    (Cornuet, Marin, Mira and Robert, 2012).
    """
    theta = prior.draw(draws, rng)
    log, density = clumps.follow(theta, cascade)[0], prior.log_density(theta)
    proposals: list[tuple[np.ndarray, np.ndarray]] = []
    proposed, counts = density[:, None], [draws]
    for left in range(_ROUNDS, -1, -1):
        target = log + density - (logsumexp(proposed + np.log(counts), axis=1) - np.log(sum(counts)))
        if not left or effective(target) >= enough:
            break
        proposals.append(_fitted(theta, target))
        more = normal(draws // 2, *proposals[-1], rng)
        theta, log = np.concatenate([theta, more]), np.concatenate([log, clumps.follow(more, cascade)[0]])
        density = np.concatenate([density, prior.log_density(more)])
        proposed = np.column_stack([density, *(log_normal(theta, *moments) for moments in proposals)])
        counts.append(len(more))
    weights = np.exp(target - target.max())
    return theta, weights / weights.sum()


def chosen(weights: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """int64[count]: indices drawn by weight at equal steps with one random offset: fewer repeats than independent draws."""
    return np.minimum(np.searchsorted(np.cumsum(weights), (np.arange(count) + rng.random()) / count), len(weights) - 1)


def effective(log: np.ndarray) -> float:
    """How many equal weights the weights exp(log) are worth (Kong, 1992)."""
    weights = np.exp(log - log.max())
    return float(weights.sum()**2 / (weights**2).sum())


def _fitted(theta: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Moments of the posterior, tempered until a hundred sets carry it; a fifth wider, so that tails are met."""
    power = 1.0
    while power > 1e-3 and effective(power * target) < 100:
        power *= 0.8
    weights = np.exp(power * (target - target.max()))
    weights /= weights.sum()
    mean = np.einsum("j,jk->k", weights, theta)
    return mean, 1.2 * second_moments(weights, theta - mean) + 1e-4 * np.eye(theta.shape[1])


# ---------------------------------------------------------------- the normal, summed in one order

def log_normal(theta: np.ndarray, mean: np.ndarray, cov: np.ndarray) -> np.ndarray:
    """float64[J]: the multivariate normal's log density."""
    factor = np.linalg.cholesky(cov)
    z = _times(theta - mean, np.linalg.inv(factor).T)
    return -0.5 * (z**2).sum(axis=1) - np.log(np.diag(factor)).sum() - 0.5 * len(mean) * np.log(2 * np.pi)


def normal(count: int, mean: np.ndarray, cov: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """float64[count, d]: draws from the multivariate normal."""
    return mean + _times(rng.standard_normal((count, len(mean))), np.linalg.cholesky(cov).T)


def _times(tall: np.ndarray, small: np.ndarray) -> np.ndarray:
    """tall[J, d] times small[d, d]; a threaded product may differ in its last bits, this one does not."""
    return np.einsum("jk,kl->jl", tall, small)


def second_moments(weights: np.ndarray, away: np.ndarray) -> np.ndarray:
    """float64[d, d]: sums of weighted products of the columns of away[J, d]."""
    return np.einsum("j,jk,jl->kl", weights, away, away)
