"""A particle filter over whole paths: what is uncertain, and luck, as far as new data leave them possible.

A particle is a place in what is uncertain (z, standard normal before any data) and a path of luck, one seed a quarter. Data
come moment by moment. The readable reference is the bootstrap filter (Gordon, Salmond and Smith 1993): weigh by what was
seen, draw anew by weight, meet luck of one's own from there on. Its particles soon are copies of a few; three things keep
them many (Chopin 2002; Del Moral, Doucet and Jasra 2006; Gilks and Berzuini 2001):

- Weights come in by degrees, so that at least half of the particles count at each step.
- After each step particles move: a proposal that keeps the prior (Crank and Nicolson's, Cotter et al. 2013) in some of what
  is uncertain on the same luck, or other luck from some quarter on in the same world. It is run from the start and taken by
  the ratio of likelihoods, so what the particles stand for stays exactly as it was.
- They move until each has moved twice on average, or `most` times were tried.

What is hidden and tied to the luck that was met (a slow drift) hardly moves on the same luck; only many particles keep it
wide. Of equal work many particles and few moves cover better than few and many (docs/following.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from letsdance.experiments.adopters.sampling import chosen, effective

#: z float64[n, d], luck uint64[n, last + 1], last quarter -> traces float64[n, last + 1, s]: runs from the start.
Simulate = Callable[[np.ndarray, np.ndarray, int], np.ndarray]
#: traces[n, t + 1, s] -> float64[n]: log likelihood of what was seen at one moment.
Likelihood = Callable[[np.ndarray], np.ndarray]
#: What part of the particles must count at each degree.
_HALF = 0.5
_LEAST_STEP, _MOST_STEP = 0.05, 1.0  # of a proposal, relative to the prior's spread
_PARTS = (1.0, 0.3, 0.08)            # shares of what is uncertain that a proposal moves
_ALONE = 0.5                         # how often it moves a single thing that is named instead
_ENOUGH = 2.0                        # moves of each particle, on average, at each degree


@dataclass
class Cloud:
    """N particles that weigh alike. z: float64[N, d]; luck: uint64[N, Q + 1]; traces: float64[N, t + 1, s]; past:
    float64[N], log likelihood of all data so far."""

    z: np.ndarray
    luck: np.ndarray
    traces: np.ndarray
    past: np.ndarray
    seen: list[Likelihood] = field(default_factory=list)

    @property
    def size(self) -> int:
        """How many particles."""
        return len(self.z)

    @property
    def distinct(self) -> int:
        """How many of them differ in what is uncertain."""
        return len(np.unique(self.z[:, 0])) if self.z.shape[1] else self.size


@dataclass(frozen=True)
class Taken:
    """How one moment was taken in. expected: traces before it; evidence: log of its chance given all before; degrees: in
    how many its weight came in; effective: how many equal weights the whole weight would have been worth; moved: the share
    of proposals that were taken; distinct: how many different particles are left."""

    expected: np.ndarray
    evidence: float
    degrees: int
    effective: float
    moved: float
    distinct: int


def begin(particles: int, uncertain: int, quarters: int, rng: np.random.Generator) -> Cloud:
    """Particles before any data; a Latin hypercube of normal scores."""
    from scipy.special import ndtri

    places = np.stack([(rng.permutation(particles) + rng.random(particles)) / particles for _ in range(uncertain)],
                      axis=1) if uncertain else np.zeros((particles, 0))
    return Cloud(ndtri(places), np.repeat(_luck(particles, rng)[:, None], quarters + 1, axis=1),
                 np.zeros((particles, 0, 0)), np.zeros(particles))


def _luck(count: int, rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 2**63 - 1, count, dtype=np.uint64)


def next_degree(log_weights: np.ndarray, at: float) -> float:
    """The largest degree up to 1 by which weights may grow from `at` while half of the particles count."""
    if effective((1.0 - at) * log_weights) >= _HALF * len(log_weights):
        return 1.0
    low, high = 0.0, 1.0 - at
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if effective(middle * log_weights) >= _HALF * len(log_weights) else (low, middle)
    return at + max(low, 1e-6)


def take_in(cloud: Cloud, quarter: int, likelihood: Likelihood, simulate: Simulate, rng: np.random.Generator,
            most: int = 8, alone: Sequence[int] = ()) -> Taken:
    """Let the particles know what was seen at the end of a quarter. cloud: changed in place; its luck is its own after.

    alone: columns of z that are also moved one by one: among so much else, what matters most would hardly move.
    """
    cloud.traces = simulate(cloud.z, cloud.luck, quarter)
    expected, now = cloud.traces, likelihood(cloud.traces)
    if not np.isfinite(now).all():
        now = np.maximum(np.nan_to_num(now, nan=-1e300), -1e300)
    degree, degrees, evidence, tried, moved = 0.0, 0, 0.0, 0.0, 0.0
    whole = effective(now)
    while degree < 1.0:
        after = next_degree(now, degree)
        log_weights = (after - degree) * now
        top = log_weights.max()
        weights = np.exp(log_weights - top)
        evidence += float(top + np.log(weights.mean()))
        degree, degrees = after, degrees + 1
        drawn = chosen(weights / weights.sum(), len(weights), rng)
        cloud.z, cloud.luck, cloud.traces = cloud.z[drawn], cloud.luck[drawn], cloud.traces[drawn]
        cloud.past, now = cloud.past[drawn], now[drawn]
        taken = 0.0
        for _ in range(most):
            now, share = _move(cloud, quarter, likelihood, now, degree, simulate, rng, alone)
            tried, moved, taken = tried + 1.0, moved + share, taken + share
            if taken >= _ENOUGH:
                break
    cloud.past = cloud.past + now
    cloud.seen.append(likelihood)
    later = cloud.luck.shape[1] - quarter - 1
    if later:  # what is to come is each particle's own
        cloud.luck[:, quarter + 1:] = _luck(cloud.size, rng)[:, None]
    return Taken(expected, evidence, degrees, whole, moved / max(tried, 1.0), cloud.distinct)


def _move(cloud: Cloud, quarter: int, likelihood: Likelihood, now: np.ndarray, degree: float, simulate: Simulate,
          rng: np.random.Generator, alone: Sequence[int]) -> tuple[np.ndarray, float]:
    """One proposal for each particle: (log likelihoods of the moment, share that was taken)."""
    n, d = cloud.z.shape
    other_world = np.asarray(rng.random(n) < 2 / 3) & (d > 0)
    step = np.exp(rng.uniform(np.log(_LEAST_STEP), np.log(_MOST_STEP), (n, 1)))
    part = rng.choice(_PARTS, (n, 1))
    which = np.asarray(rng.random((n, d)) < part)
    if len(alone):
        single = np.asarray(rng.random(n) < _ALONE)
        one = np.zeros((n, d), bool)
        one[np.arange(n), rng.choice(np.asarray(alone), n)] = True
        which = np.where(single[:, None], one, which)
    which &= other_world[:, None]
    fresh = np.sqrt(1.0 - step**2) * cloud.z + step * rng.standard_normal((n, d))
    z = np.where(which, fresh, cloud.z)
    since = np.asarray(rng.integers(0, quarter + 1, n))
    since[other_world] = quarter + 1
    later = np.arange(cloud.luck.shape[1]) >= since[:, None]
    luck = np.where(later, _luck(n, rng)[:, None], cloud.luck)
    traces = simulate(z, luck, quarter)
    past = np.sum([one(traces) for one in cloud.seen], axis=0) if cloud.seen else np.zeros(n)
    there = likelihood(traces)
    with np.errstate(invalid="ignore"):
        gain = past + degree * there - cloud.past - degree * now
    taken = np.log(rng.random(n)) < np.where(np.isfinite(gain), gain, -np.inf)
    cloud.z, cloud.luck = np.where(taken[:, None], z, cloud.z), np.where(taken[:, None], luck, cloud.luck)
    cloud.traces = np.where(taken[:, None, None], traces, cloud.traces)
    cloud.past = np.where(taken, past, cloud.past)
    return np.where(taken, there, now), float(taken.mean())


def bootstrap(particles: int, uncertain: int, moments: Sequence[tuple[int, Likelihood]], quarters: int,
              simulate: Simulate, rng: np.random.Generator) -> Cloud:
    """The bootstrap filter, as plain as it is: the reference that `take_in` is held against."""
    cloud = begin(particles, uncertain, quarters, rng)
    for quarter, likelihood in moments:
        cloud.traces = simulate(cloud.z, cloud.luck, quarter)
        weight = likelihood(cloud.traces)
        weights = np.exp(weight - weight.max())
        drawn = chosen(weights / weights.sum(), len(weights), rng)
        cloud.z, cloud.luck, cloud.traces = cloud.z[drawn], cloud.luck[drawn], cloud.traces[drawn]
        cloud.luck[:, quarter + 1:] = _luck(particles, rng)[:, None]
    return cloud


__all__ = ["Cloud", "Likelihood", "Simulate", "Taken", "begin", "bootstrap", "next_degree",
           "take_in"]
