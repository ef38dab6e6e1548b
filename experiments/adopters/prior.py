"""What past cascades teach about the next one: a prior for the model of clumps, learnt, saved and read.

Empirical Bayes (Efron and Morris, 1973; Carlin and Louis, 2000): the parameters of each cascade are a draw from a normal
population on the transformed scale; its mean and covariance are fitted to all cascades by Monte Carlo EM. Without past
cascades there is `weak()`, typed in by hand and wide: it comes from no data. `learn` also forecasts each past cascade
from its first part with a prior learnt from the others, and keeps how the truth ranked among the sampled paths; a
forecast then draws its paths by that record (a beta-transformed forecast: Gneiting and Ranjan, 2013).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from experiments.adopters import clumps, scores
from experiments.adopters.history import Cascade, read
from experiments.adopters.sampling import chosen, log_normal, normal, posterior, second_moments
from params import Refused

_FORMAT = 1
_KIND = "letsdance prior for adoption in clumps"
_PURPOSE = 0x70726972  # names this use of a seed
#: Stages at which a curve is cut to see how well its rest is forecast.
STAGES = (0.16, 0.34, 0.5)
#: name -> (mean, standard deviation) on the transformed scale; wide enough for weeks as for decades.
WEAK = {"s": (2.0, 2.0), "p": (np.log(0.01), 1.4), "q": (np.log(0.12), 1.1), "nu": (np.log(0.5), 0.8),
        "v": (np.log(0.4), 0.8), "phi": (0.5, 1.2), "w": (np.log(0.4), 0.8), "e": (-4.6, 1.0)}
_DEFENCE = 0.1  # share of the weak prior in a learnt one: a cascade unlike the past ones stays possible
_FEWEST = 5
_LEVEL = 0.8
_TURNS = 2   # rounds of learning
_KEPT = 1000  # parameter sets of each cascade in a round
_STEPS = 40  # of EM in a round, at most
_SIMPLEX = np.array([[0.0, 0.0], [-0.6, -0.6], [0.3, -0.3]])  # as it is; wider; higher
#: A forecast goes so many periods past the end of the history.
PERIODS = 100


@dataclass(frozen=True)
class Recalibration:
    """Paths of rank u (0 to 1) are drawn with the density of Beta(a, b) at u; Beta(1, 1) leaves them as they are."""

    a: float = 1.0
    b: float = 1.0

    def weights(self, count: int) -> np.ndarray:
        """float64[count]: chances of the paths in rising order; they sum to one."""
        from scipy.stats import beta

        edges = beta.cdf(np.linspace(0, 1, count + 1), self.a, self.b)
        return np.diff(edges)


@dataclass(frozen=True)
class Prior:
    """A normal population of cascades, 10 % of the weak prior beside it, and how to recalibrate."""

    mean: np.ndarray  # float64[8], transformed scale
    cov: np.ndarray   # float64[8, 8]
    recalibration: Recalibration = Recalibration()
    learnt: dict[str, Any] | None = None  # from how many cascades, with what record; None: typed in

    def log_density(self, theta: np.ndarray) -> np.ndarray:
        """float64[J]."""
        own = log_normal(theta, self.mean, self.cov)
        if self.learnt is None:
            return own
        return np.logaddexp(np.log(1 - _DEFENCE) + own, np.log(_DEFENCE) + log_normal(theta, *_weak_moments()))

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """float64[count, 8]."""
        theta = normal(count, self.mean, self.cov, rng)
        if self.learnt is None:
            return theta
        return np.where(rng.random((count, 1)) < _DEFENCE, normal(count, *_weak_moments(), rng), theta)


def _weak_moments() -> tuple[np.ndarray, np.ndarray]:
    means, spreads = np.array(list(WEAK.values())).T
    return means, np.diag(spreads**2)


def weak() -> Prior:
    """The prior without any past cascades: typed in, wide, learnt from nothing."""
    return Prior(*_weak_moments())


# ---------------------------------------------------------------- learning

class _Record(NamedTuple):
    """One past cascade cut at one stage: sampled paths in rising order of their mean, and what came."""

    paths: np.ndarray  # int64[S, H], at up to sixteen periods spread evenly over what is known of the rest
    truth: np.ndarray  # int64[H]


def learn(past: Any, population: int | None = None, seed: int = 0, draws: int = 2000, folds: int = 5,
          progress: Callable[[int], None] | None = None) -> Prior:
    """A prior from past cascades, each as complete as it is known (anything `history.read` reads).

    draws: parameter sets that each cascade begins with in each of two rounds. Equal seeds give equal priors. `progress`
    hears three times of each cascade. Refused with fewer than five cascades.
    """
    cascades = read(past, population, least=1)
    if len(cascades) < _FEWEST:
        raise Refused(f"a prior needs at least {_FEWEST} past cascades, not {len(cascades)}; "
                      f"forecast without a prior instead.")
    step = progress or (lambda count: None)
    prior, everything = weak(), np.arange(len(cascades))
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for turn in range(_TURNS):
            def sets(k: int, turn: int = turn, prior: Prior = prior) -> np.ndarray:
                rng = np.random.default_rng(np.random.SeedSequence([seed, _PURPOSE, turn, k]))
                theta, weights = posterior(cascades[k], prior, rng, draws, draws / 8)
                return theta[chosen(weights, _KEPT, rng)]

            kept = []
            for theta in pool.map(sets, range(len(cascades))):
                kept.append(theta)
                step(1)
            particles, under, before = np.stack(kept), prior, (prior.mean, prior.cov)
            prior = Prior(*_population(particles, under, before), learnt={})
        fold = everything % min(folds, len(cascades))
        others = [Prior(*_population(particles[fold != f], under, before), learnt={}) for f in range(fold.max() + 1)]

        def tried(k: int) -> list[_Record]:
            rng = np.random.default_rng(np.random.SeedSequence([seed, _PURPOSE, _TURNS, k]))
            return [_record(cascades[k], at, others[fold[k]], draws, rng) for at in _cuts(cascades[k])]

        records = []
        for found in pool.map(tried, range(len(cascades))):
            records += found
            step(1)
    recalibration = _recalibration(records)
    held, after = (_score(records, r)[1] if records else None for r in (Recalibration(), recalibration))
    said = {"cascades": len(cascades), "seed": seed, "forecasts": len(records), "folds": len(others),
            "coverage_of_80": {"before": held, "after": after},
            "ends_with_an_adoption": float(np.mean([c.new[-1] > 0 for c in cascades]))}
    return Prior(prior.mean, prior.cov, recalibration, said)


def _cuts(cascade: Cascade) -> list[int]:
    """Where the cascade is cut: at the stages that it reaches, if anything is left to forecast."""
    found = [cascade.reaches(stage) for stage in STAGES]
    return sorted({k for k in found if k is not None and k < len(cascade.cum) - 1})


def _population(particles: np.ndarray, under: Prior, start: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of the population that the cascades come from, by EM.

    particles[n, J, 8]: each cascade's parameter sets, drawn from its posterior under the prior `under`; they are weighed
    anew for each guess of the population, as long as a fifth of them still count. A little of the weak prior (a twentieth
    of all cascades and one more for the mean, two and a half for the covariance) keeps few cascades sane.
    """
    weak_mean, weak_cov = _weak_moments()
    n, J, size = particles.shape
    flat = particles.reshape(-1, size)
    drawn_by = under.log_density(flat).reshape(n, J)
    (mean, cov), few = start, 1 + 0.05 * n
    for _ in range(_STEPS):
        log = Prior(mean, cov, learnt={}).log_density(flat).reshape(n, J) - drawn_by
        weights = np.exp(log - log.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        if np.median(1 / (weights**2).sum(axis=1)) < J / 5:
            break
        new = (np.einsum("j,jk->k", weights.ravel(), flat) + few * weak_mean) / (n + few)
        cov = (second_moments(weights.ravel(), flat - new) + 2.5 * weak_cov) / (n + 2.5)
        moved, mean = float(np.abs(new - mean).max()), new
        if moved < 1e-3:
            break
    return mean, cov


def _record(cascade: Cascade, at: int, prior: Prior, draws: int, rng: np.random.Generator) -> _Record:
    """A forecast of a past cascade from its first part, beside what came."""
    paths = paths_of(cascade.until(at + 1), prior, 400, rng, draws, draws / 10)[0]
    truth = cascade.cum[at + 1:at + 1 + PERIODS]
    seen = np.unique(np.linspace(0, len(truth) - 1, 16).astype(int))
    return _Record(ranked(paths)[:, seen], truth[seen])


def paths_of(history: Cascade, prior: Prior, count: int, rng: np.random.Generator, draws: int = 4000,
             enough: float = 500) -> tuple[np.ndarray, float]:
    """Paths for 100 periods after a history, int64[count, 100], and how many parameter sets they rest on."""
    theta, weights = posterior(history, prior, rng, draws, enough)
    different, back = np.unique(chosen(weights, count, rng), return_inverse=True)
    theta = theta[different]
    _, state = clumps.follow(theta, history)
    state = clumps.State(*(x[back] for x in state))
    return clumps.simulate(theta[back], history, state, PERIODS, rng), float(1 / (weights**2).sum())


def ranked(paths: np.ndarray) -> np.ndarray:
    """The paths in rising order of their mean; what adopts early breaks ties."""
    return paths[np.argsort(paths.mean(axis=1), kind="stable")]


def drawn(paths: np.ndarray, recalibration: Recalibration, count: int) -> np.ndarray:
    """int64[count, H]: paths at equal steps of the recalibrated ranks."""
    reached = np.cumsum(recalibration.weights(len(paths)))
    return paths[np.searchsorted(reached / reached[-1], (np.arange(count) + 0.5) / count)]


def _recalibration(records: Sequence[_Record]) -> Recalibration:
    """The beta with the least CRPS over past forecasts, held near 80 % coverage of the 80 % interval.

    A tenth of a share of coverage weighs as much as 3 % of CRPS; few records move it little, and a shift up or down, which
    seldom carries over to the next cascades, has to earn more than a change of spread.
    """
    from scipy.optimize import minimize

    if not records:
        return Recalibration()
    usual = _score(records, Recalibration())[0]

    def loss(x: np.ndarray) -> float:
        crps, coverage = _score(records, Recalibration(*np.exp(x)))
        small = float((x**2).sum()) / (2 * 0.5**2) / (10 + len(records))
        return crps / usual + 3 * (coverage - _LEVEL)**2 + small + 0.2 * float(x[0] - x[1])**2

    found = minimize(loss, np.zeros(2), method="Nelder-Mead",
                     options={"xatol": 0.02, "fatol": 1e-4, "maxfev": 60, "initial_simplex": _SIMPLEX})
    a, b = np.exp(np.clip(found.x, -1.5, 1.5))
    return Recalibration(float(a), float(b))


def _score(records: Sequence[_Record], recalibration: Recalibration) -> tuple[float, float]:
    """Mean CRPS, and share of periods in which the 80 % interval holds the truth; each forecast counts once."""
    crps, held = [], []
    for record in records:
        paths = drawn(record.paths, recalibration, 200)
        crps.append(scores.crps(paths, record.truth).mean())
        held.append(scores.covers(paths, record.truth, _LEVEL).mean())
    return float(np.mean(crps)), float(np.mean(held))


# ---------------------------------------------------------------- in a file

def save(prior: Prior, path: str | Path) -> None:
    """Write the prior as JSON. Refused where the file cannot be written."""
    said = {"kind": _KIND, "format": _FORMAT, "parameters": list(clumps.PARAMETERS), "mean": prior.mean.tolist(),
            "covariance": prior.cov.tolist(), "recalibration": [prior.recalibration.a, prior.recalibration.b],
            "learnt": prior.learnt}
    try:
        Path(path).write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}.") from None


def load(path: str | Path) -> Prior:
    """Read what `save` wrote. Refused for anything else."""
    try:
        said = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Refused(f"there is no file {path}; make a prior with `letsdance adopters learn PAST.csv --out {path}`."
                      ) from None
    except (OSError, ValueError) as error:
        raise Refused(f"{path} cannot be read as a prior: {error}.") from None
    if not isinstance(said, dict) or said.get("kind") != _KIND:
        raise Refused(f"{path} is not a prior; make one with `letsdance adopters learn PAST.csv --out PRIOR`.")
    if said.get("format") != _FORMAT or said.get("parameters") != list(clumps.PARAMETERS):
        raise Refused(f"{path} is a prior of another version (format {said.get('format')}, this one reads {_FORMAT}); "
                      f"learn it again.")
    try:
        mean, cov = np.array(said["mean"], np.float64), np.array(said["covariance"], np.float64)
        a, b = map(float, said["recalibration"])
        if mean.shape != (clumps.DIMENSION,) or cov.shape != (clumps.DIMENSION,) * 2 or min(a, b) <= 0:
            raise ValueError
        np.linalg.cholesky(cov)
    except (KeyError, TypeError, ValueError, np.linalg.LinAlgError):
        raise Refused(f"{path} is damaged: mean, covariance or recalibration make no sense; learn it again.") from None
    return Prior(mean, cov, Recalibration(a, b), said.get("learnt"))
