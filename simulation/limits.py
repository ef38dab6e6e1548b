"""The classic models of diffusion, as limits of this model: the same diffusion core, `engine.spread`, throughout.

Bass and SI are the model's own uptake with trust and availability at 1; Granovetter, Watts and Centola-Macy swap
that one rule for a threshold. Beside each stands its closed form, the oracle that the tests hold it to.

>>> when = granovetter(range(100))      # everybody needs one more than the one before
>>> len(when), int(when.max())          # all 100 adopt, the last in round 100
(100, 100)
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
from scipy import optimize, stats

from letsdance.params import Refused, defaults
from letsdance.simulation.compiled import compiled, rule
from letsdance.simulation.engine import spread
from letsdance.simulation.luck import Stream, address, normal, uniform
from letsdance.simulation.networks import Network, degree_preserving_rewire, erdos_renyi, ring_lattice
from letsdance.simulation.rules.adoption import category_of_rank
from letsdance.simulation.rules.thresholds import threshold_probability
from letsdance.simulation.rules.uptake import uptake_probability

#: The step of whoever never adopts: later than any step, so that `(when <= t).mean()` is the share at t.
NEVER = np.iinfo(np.int32).max

_SPREAD, _SEEDS, _TIES, _FRAILTY = (np.uint64(n) for n in (
    Stream.SPREAD, Stream.SEEDS, Stream.CITIZEN_TIES, Stream.CITIZEN_DISPOSITION))
_NOBODY = Network(np.zeros(1, np.uint32), np.zeros(0, np.uint32))


# ---------------------------------------------------------------- the driver

def diffuse(adoption: Any, network: Network | None, seeds: np.ndarray, steps: int, seed: int = 0, *,
            trust: Any = 1.0, resources: Any = 1.0, available: float = 1.0, p: Any = None,
            patience: int | None = None) -> np.ndarray:
    """Spread by any rule from the seeds (a column of 0 and 1) for some steps. Returns the step at which each adopts.

    Seeds adopt at step 0. Without a network everybody meets everybody. It ends early when all have adopted or
    nobody has for `patience` steps: 1 suits a rule without chance, which then stands still for good.
    """
    n = len(seeds)
    ties, neighbours = network or _NOBODY
    if network and len(ties) != n + 1:
        raise Refused("The column of seeds has {n} rows, but the network has {n_ties}; they must be as many.", n=n,
                      n_ties=len(ties) - 1)
    columns = (np.array(np.broadcast_to(column, n), np.float64) for column in (trust, resources))
    return _diffuse(adoption, np.asarray(seeds, np.uint8), ties, neighbours, 0.0 if network is None else 1.0,
                    *columns, float(available), p, steps, steps if patience is None else patience, seed)


@rule  # and not @compiled: numba cannot keep a function of functions for the next session
def _diffuse(adoption, seeds, ties, neighbours, mix, trust, resources, available, p, steps, patience, seed):
    """`diffuse`, compiled for each rule."""
    n = len(seeds)
    before, after = seeds.copy(), seeds.copy()
    when = np.full(n, NEVER, np.int32)
    adopters = 0
    for i in range(n):
        if seeds[i]:
            when[i] = 0
            adopters += 1
    t = quiet = 0
    while t < steps and adopters < n and quiet < patience:
        t += 1
        now = spread(adoption, 0, n, ties, neighbours, before, after, adopters / n, mix, trust, resources, available,
                     p, address(seed, _SPREAD, t, 0))
        quiet = quiet + 1 if now == adopters else 0
        if now > adopters:
            for i in range(n):
                if after[i] != before[i]:
                    when[i] = t
        adopters = now
        before, after = after, before
    return when


def curve(when: np.ndarray, steps: int) -> np.ndarray:
    """The share that has adopted by step 0, 1, ... steps."""
    return np.bincount(when[when <= steps], minlength=steps + 1).cumsum() / len(when)


def in_time(when: np.ndarray, dt: float) -> np.ndarray:
    """Steps as times; never is infinity."""
    return np.where(when == NEVER, np.inf, when * dt)


def first(n: int, count: int) -> np.ndarray:
    """Seeds side by side: the first `count` of n."""
    return (np.arange(n) < count).astype(np.uint8)


@compiled
def random_seeds(n, count, seed):
    """`count` of n, each set equally likely, by Floyd's algorithm (Bentley and Floyd 1987)."""
    seeds = np.zeros(n, np.uint8)
    key = address(seed, _SEEDS, 0, 0)
    for j in range(n - count, n):
        i = int(uniform(key, j) * (j + 1))
        seeds[j if seeds[i] else i] = 1
    return seeds


def count_needed(count: Any, degree: Any) -> np.ndarray:
    """The threshold of whoever needs `count` of `degree` contacts; who has no contact never adopts."""
    count, degree = np.broadcast_arrays(np.asarray(count, np.float64), np.asarray(degree, np.float64))
    return np.divide(count, degree, out=np.full(degree.shape, np.inf), where=degree > 0)


def fraction_needed(phi: float | str | Fraction, degree: np.ndarray) -> np.ndarray:
    """The threshold of whoever needs a fraction phi of his contacts: ceil(phi k) of k, in whole numbers.

    In floats .07 * 100 > 7, so an eighth contact would be asked for. phi is what it is written as: .07, "1/3".
    """
    exact = Fraction(str(phi))
    return count_needed(-(-np.asarray(degree, np.int64) * exact.numerator // exact.denominator), degree)


def ties_key(seed: int) -> np.uint64:
    """The luck of a seed's network."""
    return np.uint64(address(seed, _TIES, 0, 0))


# ---------------------------------------------------------------- the classic models

def bass(p: float, q: float, n: int, dt: float, horizon: float, seed: int = 0) -> np.ndarray:
    """Bass (1969), well mixed: the model's uptake with full trust and availability. Returns times of adoption."""
    rates = defaults(p0=p * dt, q0=q * dt, c_d=0.0)
    return in_time(diffuse(uptake_probability, None, first(n, 0), round(horizon / dt), seed, p=rates), dt)


def si(network: Network | int, beta: float, seeds: np.ndarray, dt: float, horizon: float, seed: int = 0) -> np.ndarray:
    """SI epidemic: uptake by example only, at rate beta from each neighbour. Returns times of adoption.

    On a network the share of neighbours times their number, which rides in the column of trust, is their count.
    A number n in place of a network is the complete graph, where a pair's rate is beta / (n - 1).
    """
    if isinstance(network, Network):
        known, degree, rate = network, network.degree.astype(float), beta
    else:
        known, degree, rate = None, np.ones(network), beta * network / (network - 1)
    rates = defaults(p0=0.0, q0=rate * dt, c_d=0.0)
    return in_time(diffuse(uptake_probability, known, seeds, round(horizon / dt), seed, trust=degree, p=rates), dt)


def granovetter(thresholds: Any) -> np.ndarray:
    """Granovetter (1978): each joins once at least so many others have. Returns the round in which each does."""
    thresholds = np.fromiter(thresholds, np.float64)
    n = len(thresholds)
    return diffuse(threshold_probability, None, first(n, 0), n, trust=0.0, resources=count_needed(thresholds, n),
                   patience=1)


def watts(n: int, z: float, phi: float | str | Fraction, seed: int = 0, seeds: int = 1) -> np.ndarray:
    """Watts (2002): a fraction phi of contacts is needed, on a random graph of mean degree z, from random seeds."""
    network = erdos_renyi(n, z, ties_key(seed))
    return diffuse(threshold_probability, network, random_seeds(n, seeds, seed), n, trust=0.0,
                   resources=fraction_needed(phi, network.degree), patience=1)


def lattice_front(n: int, half: int, tau: int, seeds: int) -> np.ndarray:
    """Contagion by tau contacts on a ring with `half` neighbours a side, from seeds side by side."""
    network = ring_lattice(n, half)
    return diffuse(threshold_probability, network, first(n, seeds), n, trust=0.0,
                   resources=count_needed(tau, network.degree), patience=1)


def centola_macy(n: int, degree: int, tau: int, rewired: float, seed: int = 0, slip: float = 0.0,
                 steps: int = 10_000) -> np.ndarray:
    """Centola and Macy (2007): tau contacts are needed, on a ring with a share of edges rewired, from one and his own.

    With slip > 0, one contact is enough with that chance a step (Eckles, Mossel, Rahimian and Sen 2024).
    """
    network = degree_preserving_rewire(ring_lattice(n, degree // 2), rewired, ties_key(seed))
    seeds = random_seeds(n, 1, seed)
    centre = int(seeds.argmax())
    seeds[network.neighbours[network.ties[centre]:network.ties[centre + 1]]] = 1
    return diffuse(threshold_probability, network, seeds, steps, seed, trust=slip,
                   resources=count_needed(tau, network.degree), patience=None if slip > 0.0 else 1)


def frailty(rate: float, alpha: float, n: int, dt: float, horizon: float, seed: int = 0) -> np.ndarray:
    """Nobody imitates; people differ. Each adopts at his own rate, gamma with mean `rate` and shape alpha.

    alpha is a multiple of 1/2: a mean of 2 alpha squared normals is gamma. Infinite alpha: all alike.
    """
    own = 1.0 if math.isinf(alpha) else _mean_squares(n, round(2 * alpha), np.uint64(address(seed, _FRAILTY, 0, 0)))
    rates = defaults(p0=rate * dt, q0=0.0, c_d=0.0)
    return in_time(diffuse(uptake_probability, None, first(n, 0), round(horizon / dt), seed, trust=own, p=rates), dt)


@compiled
def _mean_squares(n, count, key):
    """n means of `count` squared standard normals."""
    means = np.zeros(n)
    for i in range(n):
        for j in range(count):
            z = normal(key, i * count + j)
            means[i] += z * z / count
    return means


@compiled
def categories_by_rank(n):
    """The adopter category 0-4 of the first, second, ... n-th to adopt, as the model cuts them: by rank."""
    category = np.empty(n, np.int64)
    for ahead in range(n):
        category[ahead] = category_of_rank(ahead, n)
    return category


def categories_by_spread(times: np.ndarray) -> np.ndarray:
    """The adopter category 0-4 of each, cut at the mean of times -2, -1, 0, +1 standard deviations (Rogers)."""
    cuts = np.mean(times) + np.std(times, ddof=1) * np.array([-2.0, -1.0, 0.0, 1.0])
    return np.searchsorted(cuts, times, side="right")


# ---------------------------------------------------------------- their closed forms

def bass_curve(t: Any, p: float, q: float) -> Any:
    """F(t) = (1 - e^-(p+q)t) / (1 + (q/p) e^-(p+q)t) (Bass 1969)."""
    decay = np.exp(-(p + q) * np.asarray(t, float))
    return (1.0 - decay) / (1.0 + q / p * decay)


def bass_time(share: Any, p: float, q: float) -> Any:
    """When a share F has adopted: ln[(1 + (q/p) F) / (1 - F)] / (p + q), the inverse of bass_curve."""
    share = np.asarray(share, float)
    return np.log((1.0 + q / p * share) / (1.0 - share)) / (p + q)


def bass_peak(p: float, q: float) -> tuple[float, float, float]:
    """Time, share and speed at the peak of adoption: ln(q/p)/(p+q), (q-p)/2q, (p+q)^2/4q (Bass 1969)."""
    return math.log(q / p) / (p + q), (q - p) / (2.0 * q), (p + q) ** 2 / (4.0 * q)


def bass_inflections(p: float, q: float) -> tuple[float, float]:
    """Where the bell of adoptions bends: t* -+ ln(2 + sqrt 3)/(p+q) (Mahajan, Muller and Srivastava 1990)."""
    peak, width = bass_peak(p, q)[0], math.log(2.0 + math.sqrt(3.0)) / (p + q)
    return peak - width, peak + width


def bass_mean_time(p: float, q: float, above: float = 0.0) -> float:
    """Mean time of adoption of those after the share `above`: bass_time's integral. All: ln(1 + q/p)/q."""
    a, rest = q / p, 1.0 - above
    example = sum(sign * (1.0 + a * f) * (math.log1p(a * f) - 1.0) / a for sign, f in ((1, 1.0), (-1, above)))
    return (example + rest * (1.0 - math.log(rest))) / (rest * (p + q))


def bass_by_steps(p: float, q: float, steps: int) -> np.ndarray:
    """F after 0, 1, ... synchronous steps: F += (p + q F)(1 - F). Not bass_curve: a year of waiting slows it."""
    F = np.zeros(steps + 1)
    for t in range(steps):
        F[t + 1] = F[t] + (p + q * F[t]) * (1.0 - F[t])
    return F


def si_total_time(n: int, beta: float, upto: float = 1.0) -> tuple[float, float]:
    """Mean and SD of the time until a share of the complete graph is infected from one: a sum of exponentials.

    With k infected the next comes at rate beta k (n-k) / (n-1) (Daley and Gani 1999, the pure birth process).
    """
    k = np.arange(1, round(upto * n))
    waits = (n - 1) / (beta * k * (n - k))
    return float(waits.sum()), float(np.sqrt((waits**2).sum()))


def granovetter_equilibrium(mean: float, sd: float) -> float:
    """Where a crowd without end comes to rest, from nobody: the least r = Phi((r - mean) / sd) (Granovetter 1978)."""
    r, after = -1.0, 0.0
    while after - r > 1e-12:
        r, after = after, float(stats.norm.cdf(after, mean, sd))
    return after


def vulnerable(phi: float | str | Fraction) -> int:
    """K = floor(1/phi): with so many contacts or fewer, one is enough (Watts 2002)."""
    return int(1 / Fraction(str(phi)))


def watts_window(phi: float | str | Fraction) -> tuple[float, float] | None:
    """The mean degrees between which one seed can set off a cascade: z PoissonCDF(K-2; z) > 1 (Watts 2002, eq. 5)."""
    K = vulnerable(phi)

    def excess(z):
        return z * stats.poisson.cdf(K - 2, z) - 1.0

    z = np.linspace(0.5, K + 10.0, 20_000)
    inside = np.flatnonzero(excess(z) > 0.0)
    if not len(inside):
        return None
    low, high = inside[0], inside[-1]
    return (float(optimize.brentq(excess, z[low - 1], z[low])), float(optimize.brentq(excess, z[high], z[high + 1])))


def watts_chance(z: float, phi: float | str | Fraction) -> float:
    """The chance that a random seed touches the giant cluster of the vulnerable (Watts 2002, by Callaway et al. 2000).

    u is the chance that a tie leads nowhere: to somebody not vulnerable, or to one whose other ties lead nowhere.
    """
    K, u, last = vulnerable(phi), 0.0, -1.0
    degree = np.arange(1, K + 1)
    reached = stats.poisson.pmf(degree - 1, z)  # k p_k / z: the degree at the end of a tie
    while u - last > 1e-12:
        last, u = u, float(1.0 - reached.sum() + (reached * u ** (degree - 1)).sum())
    return 1.0 - math.exp(z * (u - 1.0))


def gleeson_final(z: float, phi: float | str | Fraction, seeds: float) -> float:
    """The final share of Watts' model from a random share of seeds (Gleeson and Cahalane 2007, eqs. 1-3)."""
    k = np.arange(0, int(z + 12.0 * math.sqrt(z)) + 12)
    needed = np.array([-(-int(d) * Fraction(str(phi)).numerator // Fraction(str(phi)).denominator) for d in k])
    p_k = stats.poisson.pmf(k, z)

    def adopted(q, others):
        """The chance that enough of so many others have adopted, each with chance q; without contacts never."""
        return np.where(k > 0, stats.binom.sf(needed - 1, others, q), 0.0)

    q, last = seeds, -1.0
    while q - last > 1e-12:
        reached = k[1:] * p_k[1:] / z
        last, q = q, float(seeds + (1.0 - seeds) * (reached * adopted(q, k - 1)[1:]).sum())
    return float(seeds + (1.0 - seeds) * (p_k * adopted(q, k)).sum())


def front_speed(half: int, tau: int) -> int:
    """How many a step a front takes on a ring, each side: k - tau + 1, or none if tau > k (Centola and Macy 2007)."""
    return max(0, half - tau + 1)


def gamma_frailty_survival(t: Any, rate: float, alpha: float) -> Any:
    """Who has not adopted by t: (1 + rate t/alpha)^-alpha; alike, e^-rate t (Vaupel, Manton and Stallard 1979)."""
    t = np.asarray(t, float)
    return np.exp(-rate * t) if math.isinf(alpha) else (1.0 + rate * t / alpha) ** -alpha
