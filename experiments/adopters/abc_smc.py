"""Which parameters could have made what was seen, by simulation alone: no likelihood needed.

Approximate Bayesian computation with an adaptive population (Lenormand, Jabot and Deffuant, 2013, Computational
Statistics 28, 2777-2796): every round the half of the particles that came nearest is kept and set the tolerance, and as
many new ones are drawn around them and weighed by prior over proposal (Beaumont, Cornuet, Marin and Robert, 2009), with
a normal kernel of twice the weighted covariance (Filippi et al., 2013). It ends when few new ones enter or the budget
of simulations is spent. What is left of the tolerance is taken out by local-linear regression (Beaumont, Zhang and
Balding, 2002). Parameters lie in a box and are moved on its logit scale, so none ever leaves it.

Nothing here knows the model: a simulator takes theta[n, k] and a Generator and returns features[n, s].
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit, logsumexp

from letsdance.experiments.adopters.sampling import chosen, log_normal, normal, second_moments

if TYPE_CHECKING:
    import pandas as pd

Simulator = Callable[[np.ndarray, np.random.Generator], np.ndarray]
#: Share of new particles that must enter, or the search ends.
_ENTER = 0.03
#: Share of the flat prior in a learnt one: a case unlike the past ones stays possible.
_DEFENCE = 0.1
_RIDGE = 1e-3  # of the adjustment, beside features with a weighted variance of about one
_PURPOSE = 0x61626372  # names this use of a seed
LEVELS = (0.8, 0.95)
_CHECKED = (0.5, *LEVELS)  # by a recovery test
_UNEVEN = 0.05  # by chance alone ranks seem uneven so often, in any of the parameters


@dataclass(frozen=True, eq=False)
class Box:
    """A prior for k parameters within low..high: flat, or where `mean` is given a normal on the logit scale.

    z is the place in the box on the logit scale, float64[n, k]. A learnt prior has a tenth of the flat one beside it.
    `learnt` names the parameters that mean[j] and cov[j, j] are of; the others stay flat.
    """

    names: tuple[str, ...]
    low: np.ndarray
    high: np.ndarray
    learnt: tuple[str, ...] = ()
    mean: np.ndarray | None = None
    cov: np.ndarray | None = None

    @property
    def _at(self) -> list[int]:
        return [self.names.index(name) for name in self.learnt]

    def theta(self, z: np.ndarray) -> np.ndarray:
        """float64[n, k]: values of the parameters."""
        return np.asarray(self.low + (self.high - self.low) * expit(z))

    def z(self, theta: np.ndarray) -> np.ndarray:
        """float64[n, k]: the way back."""
        share = (np.asarray(theta) - self.low) / (self.high - self.low)
        return np.asarray(logit(np.clip(share, 1e-12, 1 - 1e-12)))

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """z of draws from the prior."""
        z = np.asarray(rng.logistic(size=(count, len(self.names))))  # the logit of a uniform share
        if self.mean is not None and self.cov is not None:
            known = normal(count, self.mean, self.cov, rng)
            flat = rng.random((count, 1)) < _DEFENCE
            z[:, self._at] = np.where(flat, z[:, self._at], known)
        return z

    def log_density(self, z: np.ndarray) -> np.ndarray:
        """float64[n]."""
        flat = -np.abs(z) - 2 * np.log1p(np.exp(-np.abs(z)))  # the standard logistic's
        if self.mean is None or self.cov is None:
            return np.asarray(flat.sum(axis=1))
        at = self._at
        own = np.logaddexp(np.log(1 - _DEFENCE) + log_normal(z[:, at], self.mean, self.cov),
                           np.log(_DEFENCE) + flat[:, at].sum(axis=1))
        return np.asarray(own + np.delete(flat, at, axis=1).sum(axis=1))

    def as_sample(self) -> Sample:
        """Always the same 4,000 draws of the prior, to compare a posterior with."""
        count = 4000
        z = self.draw(count, np.random.default_rng([_PURPOSE]))
        return Sample(self, z, np.full(count, 1 / count), np.zeros((count, 0)), np.zeros(count), np.zeros(0))


@dataclass(frozen=True, eq=False)
class Sample:
    """Weighted particles of a posterior."""

    box: Box
    z: np.ndarray         # float64[N, k]
    weights: np.ndarray   # float64[N], sum to one
    features: np.ndarray  # float64[N, s], as simulated
    distance: np.ndarray  # float64[N]
    scale: np.ndarray     # float64[s], what features were divided by; 0: left out
    rounds: tuple[tuple[int, float, float], ...] = ()  # simulations so far, tolerance, share of new ones that entered
    surprise: float = 0.5  # share of draws from the prior whose features lie as far from the prior's middle as observed

    @property
    def theta(self) -> np.ndarray:
        """float64[N, k]."""
        return self.box.theta(self.z)

    @property
    def effective(self) -> float:
        """How many equal weights these weights are worth (Kong, 1992)."""
        return float(1 / (self.weights**2).sum())

    @property
    def mean(self) -> np.ndarray:
        """float64[k]."""
        return np.asarray(self.weights @ self.theta)

    @property
    def sd(self) -> np.ndarray:
        """float64[k]."""
        return np.asarray(np.sqrt(self.weights @ (self.theta - self.mean)**2))

    @property
    def correlation(self) -> np.ndarray:
        """float64[k, k], on the logit scale."""
        away = self.z - self.weights @ self.z
        cov = second_moments(self.weights, away)
        sd = np.sqrt(np.diag(cov))
        return np.asarray(cov / np.maximum(np.outer(sd, sd), 1e-300))

    def quantiles(self, levels: Sequence[float]) -> np.ndarray:
        """float64[len(levels), k], weighted."""
        return np.stack([_quantiles(column, self.weights, levels) for column in self.theta.T], axis=1)

    def interval(self, level: float) -> np.ndarray:
        """float64[2, k]: the central interval of this level."""
        return self.quantiles([(1 - level) / 2, (1 + level) / 2])

    def density(self, k: int, at: np.ndarray) -> np.ndarray:
        """float64[A]: of one parameter, by a normal kernel of Silverman's width (1986), mirrored at the box's ends."""
        values, reach = self.theta[:, k], self._reach(k)
        mirrored = np.concatenate([values, 2 * self.box.low[k] - values, 2 * self.box.high[k] - values])
        kernel = np.exp(-0.5 * ((at[:, None] - mirrored) / reach)**2) / (reach * np.sqrt(2 * np.pi))
        return np.asarray(np.einsum("aj,j->a", kernel, np.tile(self.weights, 3)))

    def _reach(self, k: int) -> float:
        quarters = self.quantiles([0.25, 0.75])[:, k]
        spread = min(self.sd[k], (quarters[1] - quarters[0]) / 1.34) or self.sd[k]
        return float(0.9 * max(spread, 1e-9 * (self.box.high[k] - self.box.low[k])) * self.effective**-0.2)

    def parted(self, k: int) -> float | None:
        """Where one parameter's density falls apart into two humps, or None.

        Each holds 15 % at least; the valley is less than 60 % of the lower hump, and lower by two standard errors of the
        density (its variance: f / (2 sqrt(pi) n h); Silverman, 1986).
        """
        at = np.linspace(self.box.low[k], self.box.high[k], 201)
        f = self.density(k, at)
        lower = np.minimum(np.maximum.accumulate(f), np.maximum.accumulate(f[::-1])[::-1])
        valley = int(np.argmin(np.divide(f, lower, out=np.ones_like(f), where=lower > 0)))
        below = float(self.weights[self.theta[:, k] < at[valley]].sum())
        error = np.sqrt((f[valley] + lower[valley]) / (2 * np.sqrt(np.pi) * self.effective * self._reach(k)))
        apart = f[valley] < 0.6 * lower[valley] and lower[valley] - f[valley] > 2 * error
        return float(at[valley]) if apart and 0.15 <= below <= 0.85 else None

    def draws(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """float64[count, k]: values drawn by weight, in random order."""
        return self.theta[rng.permutation(chosen(self.weights, count, rng))]


def _quantiles(values: np.ndarray, weights: np.ndarray, levels: Sequence[float]) -> np.ndarray:
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order]) - weights[order] / 2
    return np.interp(levels, reached, values[order])


def sample(simulator: Simulator, box: Box, observed: np.ndarray, rng: np.random.Generator, particles: int = 400,
           most: int = 4000, progress: Callable[[int], None] | None = None) -> Sample:
    """Particles whose features came nearest to observed[s]; `most`: simulations in all, twice `particles` at least.

    Features are divided by their median absolute deviation under the prior; one that never differs is left out. The
    first round, from the prior, also tells how surprising the observed features are to it (Box, 1980).
    """
    step = progress or (lambda count: None)

    def simulated(z: np.ndarray) -> np.ndarray:
        features = np.asarray(simulator(box.theta(z), rng), np.float64)
        step(len(z))
        return features

    z = box.draw(2 * particles, rng)
    features = simulated(z)
    weights = np.ones(len(z))
    middle = np.median(features, axis=0)
    rounding = 1e-9 * np.maximum(np.abs(middle), 1)  # what differs by less does not differ
    scale = np.median(np.abs(features - middle), axis=0)
    scale = np.where(scale > rounding, scale, features.std(axis=0))
    scale = np.where(scale > rounding, scale, 0.0)

    def distance(features: np.ndarray, point: np.ndarray = observed) -> np.ndarray:
        away = np.divide(features - point, scale, out=np.zeros_like(features), where=scale > 0)
        return np.asarray(np.sqrt((away**2).sum(axis=1)))

    surprise = float((distance(features, middle) >= distance(observed[None], middle)).mean())
    if (np.abs(observed - middle)[scale == 0] > rounding[scale == 0]).any():
        surprise = 0.0
    far = distance(features)
    rounds: list[tuple[int, float, float]] = []
    spent, entered = len(z), 1.0
    while True:
        near = np.argsort(far, kind="stable")[:particles]
        if rounds:
            entered = float((near >= particles).mean()) * particles / max(len(z) - particles, 1)
        z, features, weights, far = z[near], features[near], weights[near], far[near]
        rounds.append((spent, float(far[-1]), entered))
        if entered < _ENTER or spent >= most:
            break
        count = min(particles, most - spent)
        shares = weights / weights.sum()
        cov = 2 * second_moments(shares, z - shares @ z) + 1e-9 * np.eye(z.shape[1])
        new = z[chosen(shares, count, rng)] + normal(count, np.zeros(z.shape[1]), cov, rng)
        weights = np.concatenate([weights, np.exp(box.log_density(new) - _mixture(new, z, shares, cov))])
        drawn = simulated(new)
        spent += count
        z, features = np.concatenate([z, new]), np.concatenate([features, drawn])
        far = np.concatenate([far, distance(drawn)])
    return Sample(box, z, weights / weights.sum(), features, far, scale, tuple(rounds), surprise)


def _mixture(new: np.ndarray, around: np.ndarray, shares: np.ndarray, cov: np.ndarray) -> np.ndarray:
    """float64[n]: log density of what was drawn around the particles."""
    inverse = np.linalg.inv(np.linalg.cholesky(cov))
    a, b = (np.einsum("jk,lk->jl", points, inverse) for points in (new, around))
    square = ((a[:, None, :] - b[None, :, :])**2).sum(axis=2)
    constant = np.log(np.diag(inverse)).sum() - 0.5 * len(cov) * np.log(2 * np.pi)
    return np.asarray(logsumexp(-0.5 * square, axis=1, b=shares[None, :]) + constant)


def adjusted(raw: Sample, observed: np.ndarray) -> Sample:
    """Particles moved to where they would lie had their features been the observed ones, by local-linear regression.

    A regression follows the luck of few particles, which makes what is left look smaller than it is, and its centre is
    itself uncertain. So what is left is scaled up to the variance of a prediction: divided by the part that the degrees of
    freedom leave of it, and with the centre's own variance added. Where no particle comes near, so that the centre's
    variance would be half of the spread's around it, nothing is moved.
    """
    use = raw.scale > 0
    X = (raw.features[:, use] - observed[use]) / raw.scale[use]
    reach = raw.distance.max()
    if not len(X.T) or reach <= 0:
        return raw
    kernel = np.clip(1 - (raw.distance / (reach * (1 + 1e-9)))**2, 0, None)  # Epanechnikov's
    weights = raw.weights * kernel
    if weights.sum() <= 0:
        return raw
    weights /= weights.sum()
    design = np.column_stack([np.ones(len(X)), X])
    weighted = design * weights[:, None]
    # a little shrinking, so that features that say the same do not pull against each other
    shrink = _RIDGE * np.diag([0.0, *np.ones(X.shape[1])])
    inverse = np.linalg.inv(np.einsum("jk,jl->kl", weighted, design) + shrink)
    coefficients = np.einsum("kl,jl,jm->km", inverse, weighted, raw.z)
    left = raw.z - np.einsum("jk,km->jm", design, coefficients)
    # With A = (X'WX)^-1 and V = X'W^2 X: the fit takes tr(AV) of the variance of what is left, its centre adds (AVA)_00.
    V = np.einsum("jk,jl->kl", weighted, weighted)
    taken, centre = float(np.einsum("kl,lk->", inverse, V)), float((np.einsum("jk,k->j", weighted, inverse[0])**2).sum())
    if not centre < 0.5:
        return raw
    return replace(raw, z=coefficients[0] + left * np.sqrt((1 + centre) / max(1 - taken, 0.25)), weights=weights)


def infer(simulator: Simulator, box: Box, observed: np.ndarray, rng: np.random.Generator, particles: int = 400,
          most: int = 4000, progress: Callable[[int], None] | None = None) -> Sample:
    """`sample`, then `adjusted`."""
    return adjusted(sample(simulator, box, observed, rng, particles, most, progress), observed)


# ---------------------------------------------------------------- what several cases have in common

def moments(one: Sample) -> tuple[np.ndarray, np.ndarray]:
    """Mean[k] and second moments about 0 [k, k] of a sample, on the logit scale; what lies at an end of the box counts as
    5 (0.7 % from it), for the scale has no end there."""
    z = np.clip(one.z, -5, 5)
    return one.weights @ z, second_moments(one.weights, z)


def common(samples: Sequence[Sample]) -> tuple[np.ndarray, np.ndarray]:
    """Mean[k] and covariance[k, k], on the logit scale, of the normal that the cases' parameters came from.

    Empirical Bayes by the first step of EM from the flat prior: the spread between cases and, in the mean, within them.
    Further steps would take what is unknown in each for alike in all. One imaginary case as spread as the flat prior is
    among them, so that few cases never look alike by luck; 1 + 1 / n is for the error of the mean.
    """
    n, flat = len(samples), np.pi**2 / 3 * np.eye(samples[0].z.shape[1])
    means, seconds = zip(*map(moments, samples), strict=True)
    mean = np.mean(means, axis=0)
    cov = np.mean(seconds, axis=0) - np.outer(mean, mean)
    return mean, (flat + n * cov) / (n + 1) * (1 + 1 / n)


# ---------------------------------------------------------------- does it find what is known

def recover(simulator: Simulator, box: Box, repetitions: int, seed: int = 0, particles: int = 400, most: int = 4000,
            progress: Callable[[int], None] | None = None) -> pd.DataFrame:
    """Truths drawn from the prior, data simulated from them, and what is inferred (Cook, Gelman and Rubin, 2006; Talts
    et al., 2018). One row a repetition and parameter: truth, mean, sd, low and high of 50, 80 and 95 %, rank (the posterior
    share below the truth, uniform where all is well).
    """
    import pandas as pd

    rows = []
    for repetition in range(repetitions):
        rng = np.random.default_rng(np.random.SeedSequence([seed, _PURPOSE, repetition]))
        truth = box.draw(1, rng)
        observed = np.asarray(simulator(box.theta(truth), rng), np.float64)[0]
        found = infer(simulator, box, observed, rng, particles, most, progress)
        ends = {level: found.interval(level) for level in _CHECKED}
        for k, name in enumerate(box.names):
            rows.append({"repetition": repetition, "parameter": name, "truth": float(box.theta(truth)[0, k]),
                         "mean": float(found.mean[k]), "sd": float(found.sd[k]),
                         "rank": float(found.weights[found.z[:, k] < truth[0, k]].sum()),
                         **{f"{end}_{100 * level:.0f}": float(ends[level][side, k])
                            for level in _CHECKED for side, end in enumerate(("low", "high"))}})
    return pd.DataFrame(rows)


def coverage(recovered: pd.DataFrame) -> pd.DataFrame:
    """One row a parameter and level: held (share of repetitions whose interval holds the truth), and from..to, where 95 %
    of sampling error would leave an interval that is right; `right` says whether held lies there. Levels: those that
    were recorded of 50, 80 and 95 %.
    """
    import pandas as pd
    from scipy.stats import binom

    rows = []
    for name, part in recovered.groupby("parameter", sort=False):
        n = len(part)
        for level in (one for one in _CHECKED if f"low_{100 * one:.0f}" in part):
            held = part["truth"].between(part[f"low_{100 * level:.0f}"], part[f"high_{100 * level:.0f}"]).mean()
            low, high = (float(binom.ppf(q, n, level)) / n for q in (0.025, 0.975))
            rows.append({"parameter": name, "level": level, "held": float(held), "from": low, "to": high,
                         "right": bool(low <= held <= high), "repetitions": n})
    return pd.DataFrame(rows)


def uniform(recovered: pd.DataFrame) -> pd.DataFrame:
    """One row a parameter: p, how likely ranks of the truth as uneven are where all is well (Kolmogorov and Smirnov), and
    whether that is `right`: not below 5 % divided by the number of parameters (Bonferroni)."""
    import pandas as pd
    from scipy.stats import kstest

    ranks = recovered.groupby("parameter", sort=False)["rank"]
    rows = [{"parameter": name, "p": float(kstest(part, "uniform").pvalue)} for name, part in ranks]
    return pd.DataFrame([{**row, "right": row["p"] >= _UNEVEN / len(rows)} for row in rows])
