"""What past cascades teach about the next one: a prior for the model of clumps, learnt, saved and read.

Empirical Bayes (Efron and Morris, 1973; Carlin and Louis, 2000): the parameters of each cascade are a draw from a normal
population on the transformed scale; its moments are fitted to all cascades by Monte Carlo EM. (A mixture of two normals
told whole curves a little better and their rest worse.) Without past cascades there is `weak()`, typed in by hand and
wide: it comes from no data. `learn` also forecasts each past cascade
from its first part with a prior learnt from the others, and keeps how the truth ranked among the sampled paths; a
forecast then draws its paths by that record (a beta-transformed forecast: Gneiting and Ranjan, 2013), stage by stage.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from letsdance.experiments.adopters import clumps, scores, similar
from letsdance.experiments.adopters.history import LONGEST, Cascade, read, silence_cut, with_silence
from letsdance.experiments.adopters.sampling import chosen, log_normal, normal, posterior, second_moments
from letsdance.params import Refused, Said, files

_FORMAT = 5
_KIND = "letsdance prior for adoption in clumps"
_PURPOSE = 0x70726972  # names this use of a seed
#: Stages at which a curve is cut to see how well its rest is forecast.
STAGES = (0.16, 0.34, 0.5)
#: Shares of the pool that similar past cascades may have.
WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)
#: name -> (mean, standard deviation) on the transformed scale; wide enough for weeks as for decades.
WEAK = {"s": (2.0, 2.0), "p": (np.log(0.01), 1.4), "q": (np.log(0.12), 1.1), "nu": (np.log(0.5), 0.8),
        "v": (np.log(0.4), 0.8), "phi": (0.5, 1.2), "w": (np.log(0.4), 0.8), "e": (-4.6, 1.0)}
_DEFENCE = 0.1  # share of the weak prior in a learnt one: a cascade unlike the past ones stays possible
_FEWEST = 5
_LEVEL = 0.8
_TURNS = 2   # rounds of learning
_KEPT = 1000  # parameter sets of each cascade in a round; with many cascades fewer, 100,000 in all
_HALF = 10  # cascades that move the recalibration half of the way
_OWN = 30  # cascades that move the recalibration of a stage half of the way from that of all stages
_SURE = 30.0  # of each tail: a twentieth away from 10 % weighs as much as 7.5 % of CRPS
_SHIFT = 2.0  # against a shift up or down, which seldom carries over; less with more cascades
_STEPS = 40  # of EM in a round, at most
_SIMPLEX = np.array([[0.0, 0.0], [-0.6, -0.6], [0.3, -0.3]])  # as it is; wider; higher
#: A forecast goes so many periods past the end of the history.
PERIODS = 100


@dataclass(frozen=True)
class Recalibration:
    """Paths of rank u (0 to 1) are drawn with the density of Beta(a, b) at u; Beta(1, 1) leaves them as they are.

    Then the normal scores of these ranks are moved: where they would be normal with mean 0 and spread 1, to these.
    """

    a: float = 1.0
    b: float = 1.0
    mean: float = 0.0
    spread: float = 1.0

    def weights(self, count: int) -> np.ndarray:
        """float64[count]: chances of the paths in rising order; they sum to one."""
        from scipy.special import ndtr, ndtri
        from scipy.stats import beta

        edges = beta.cdf(np.linspace(0, 1, count + 1), self.a, self.b)
        if (self.mean, self.spread) != (0.0, 1.0):
            edges = ndtr((ndtri(edges) - self.mean) / self.spread)
        return np.diff(edges)


@dataclass(frozen=True)
class Prior:
    """A population of cascades, 10 % of the weak prior beside it; past cascades and their share of the pool."""

    mean: np.ndarray  # float64[8], transformed scale
    cov: np.ndarray   # float64[8, 8]
    recalibration: tuple[Recalibration, ...] = (Recalibration(),) * len(STAGES)  # at each of the STAGES
    learnt: dict[str, Any] | None = None  # from how many cascades, with what record; None: typed in
    past: similar.Past | None = None
    pool: tuple[float, ...] = (0.5,) * len(STAGES)  # share of similar past cascades at each of the STAGES

    def shared(self, history: Cascade) -> float:
        """Share of the pool that similar past cascades have: that of the nearest stage."""
        return 0.0 if self.past is None else self.pool[_stage(history)]

    def corrected(self, history: Cascade) -> Recalibration:
        """The recalibration of the nearest stage."""
        return self.recalibration[_stage(history)]

    @property
    def invented(self) -> bool:
        """Whether it was learnt from invented cascades, so that it rests on no data."""
        return bool(self.learnt and self.learnt.get("invented"))

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


def _stage(history: Cascade) -> int:
    """Index of the stage that is nearest to the share adopted."""
    return int(np.abs(np.array(STAGES) - history.adopters / history.population).argmin())


def weak() -> Prior:
    """Where learning starts: typed in, wide, learnt from nothing."""
    return Prior(*_weak_moments())


@cache
def default() -> Prior:
    """The prior for those who bring no past cascades: learnt from invented ones (experiments.adopters.invented)."""
    return load(Path(__file__).with_name("invented_prior.json"))


# ---------------------------------------------------------------- learning

class _Record(NamedTuple):
    """One past cascade cut at one stage: what the model and similar cascades said about the rest, and what came.

    Periods are up to sixteen, spread evenly over what is known of the rest.
    """

    cascade: int  # where kinds are left out as a whole, the kind
    stage: int
    population: int
    model: np.ndarray        # int64[S, H + 1]: paths; the last column is not a period but the mean of the whole path
    past: np.ndarray | None  # the same from similar cascades
    truth: np.ndarray        # int64[H]

    def paths(self, weight: float) -> np.ndarray:
        """int64[S, H]: the pool with this share of similar cascades, in rising order of the paths' means."""
        few = 0 if self.past is None else round(weight * len(self.model))
        both = self.model[few:] if self.past is None else np.concatenate([self.past[:few], self.model[few:]])
        return both[np.argsort(both[:, -1], kind="stable"), :-1]


def learn(past: Any, population: int | None = None, seed: int = 0, draws: int = 2000, folds: int = 5,
          progress: Callable[[int], None] | None = None, groups: Sequence[str] | None = None,
          as_told: bool = False) -> Prior:
    """A prior from past cascades, each as complete as it is known (anything `history.read` reads).

    Where the silence after the last adoptions seems to be cut (`history.silence_cut`), the cascades are taken as known
    until the newest period told, by at most 100 periods more each; as_told: until their last rows all the same.

    draws: parameter sets that each cascade begins with in each of two rounds. groups: the kind of each cascade; when the
    forecasts of past cascades are tried, each kind is left out as a whole (else: folds of single cascades). Equal seeds
    give equal priors. `progress` hears three times of each cascade. Refused with fewer than five cascades.

    One function, because each step stands on what the one before it found.
    """
    cascades = read(past, population, least=1)
    if len(cascades) < _FEWEST:
        raise Refused("a prior needs at least {fewest} past cascades, not {n_cascades}; forecast without a prior "
                      "instead.", fewest=_FEWEST, n_cascades=len(cascades))
    newest = max(c.last for c in cascades)
    put_back = not as_told and silence_cut(cascades) and any(c.last < newest for c in cascades)
    if put_back:
        cascades = with_silence(cascades, PERIODS)
    if groups is not None and (len(groups) != len(cascades) or len(set(groups)) < 2):
        raise Refused("groups must name the kind of each of the {n_cascades} cascades, at least two kinds.",
                      n_cascades=len(cascades))
    step = progress or (lambda count: None)
    prior, everything = weak(), np.arange(len(cascades))
    fold = everything % min(folds, len(cascades)) if groups is None else np.unique(groups, return_inverse=True)[1]
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for turn in range(_TURNS):
            def sets(k: int, turn: int = turn, prior: Prior = prior) -> np.ndarray:
                rng = np.random.default_rng(np.random.SeedSequence([seed, _PURPOSE, turn, k]))
                theta, weights = posterior(cascades[k], prior, rng, draws, draws / 8)
                return theta[chosen(weights, min(_KEPT, 100_000 // len(cascades) + 1), rng)]

            kept = []
            for theta in pool.map(sets, range(len(cascades))):
                kept.append(theta)
                step(1)
            particles, under = np.stack(kept), prior
            prior = _population(particles, under, prior)
        known = similar.past(cascades)
        known = known if known is None else known.sharpened(STAGES)
        others = [replace(_population(particles[fold != f], under, prior),
                          past=known and similar.past([cascades[k] for k in everything[fold != f]], known.narrow,
                                                      known.alike))
                  for f in range(fold.max() + 1)]

        unit = everything if groups is None else fold  # forecasts of a kind that was left out err together

        def tried(k: int) -> list[_Record]:
            rng = np.random.default_rng(np.random.SeedSequence([seed, _PURPOSE, _TURNS, k]))
            return [_record(int(unit[k]), cascades[k], at, others[fold[k]], draws, rng) for at in _cuts(cascades[k])]

        records = []
        for found in pool.map(tried, range(len(cascades))):
            records += found
            step(1)
    shares = tuple(_weight([r for r in records if r.stage == stage]) for stage in range(len(STAGES)))
    tried_paths = [_Tried(r.cascade, r.stage, r.paths(shares[r.stage]), r.truth) for r in records]
    recalibration = _recalibrations(tried_paths)
    before_it, after_it = (_score(tried_paths, r)[1:] if records else None
                           for r in ((Recalibration(),) * len(STAGES), recalibration))
    said = {"cascades": len(cascades), "seed": seed, "draws": draws, "forecasts": len(records), "folds": len(others),
            "coverage_of_80": {"before": None if before_it is None else 1 - sum(before_it),
                               "after": None if after_it is None else 1 - sum(after_it)},
            "beyond_80": None if after_it is None else {"below": after_it[0], "above": after_it[1]},
            "columns": [] if known is None else list(known.columns),
            "columns_help": bool(known and known.alike), "silence_put_back_until": newest if put_back else None}
    return replace(prior, recalibration=recalibration, learnt=said, past=known, pool=shares)


def _cuts(cascade: Cascade) -> list[int]:
    """Where the cascade is cut: at the stages, if a rest is left.

    At shares of the population only: they are known when a forecast is made. A cut at a share of those who ever adopted
    looks ahead: curves that stop early would be cut early and often, and the correction would learn to expect too few.
    """
    found = [cascade.reaches(stage) for stage in STAGES]
    return sorted({k for k in found if k is not None and k < len(cascade.cum) - 1})


def _population(particles: np.ndarray, under: Prior, guess: Prior) -> Prior:
    """The population that the cascades come from, by EM from a guess of it.

    particles[n, J, 8]: each cascade's parameter sets, drawn from its posterior under the prior `under`; they are weighed
    anew for each guess of the population, as long as a fifth of them still count. A little of the weak prior (one cascade
    and a twentieth of all for the mean, two and a half for the covariance) keeps few cascades sane.
    """
    weak_mean, weak_cov = _weak_moments()
    n, J, size = particles.shape
    flat, mean, cov = particles.reshape(-1, size), guess.mean, guess.cov
    drawn_by, few = under.log_density(flat), 1 + 0.05 * n
    for _ in range(_STEPS):
        own = log_normal(flat, mean, cov)
        both = np.logaddexp(np.log(1 - _DEFENCE) + own, np.log(_DEFENCE) + log_normal(flat, weak_mean, weak_cov))
        log = (both - drawn_by).reshape(n, J)
        weights = np.exp(log - log.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        if np.median(1 / (weights**2).sum(axis=1)) < J / 5:
            break
        share, before = weights.ravel(), mean
        mean = (np.einsum("j,jk->k", share, flat) + few * weak_mean) / (n + few)
        cov = (second_moments(share, flat - mean) + 2.5 * weak_cov) / (n + 2.5)
        if np.abs(mean - before).max() < 1e-3:
            break
    return Prior(mean, cov, learnt={})


def _record(k: int, cascade: Cascade, at: int, prior: Prior, draws: int, rng: np.random.Generator) -> _Record:
    """A forecast of past cascade `k` from its first part, beside what came."""
    history, truth = cascade.until(at + 1), cascade.cum[at + 1:at + 1 + PERIODS]
    seen = np.unique(np.linspace(0, len(truth) - 1, 16).astype(int))

    def kept(paths: np.ndarray) -> np.ndarray:
        return np.column_stack([paths[:, seen], paths.mean(axis=1)])

    model = kept(rng.permutation(model_paths(history, prior, 400, rng, draws, draws / 10)[0]))
    past = None if prior.past is None else kept(prior.past.paths(history, 400, PERIODS, rng))
    return _Record(k, _stage(history), cascade.population, model, past, truth[seen])


def _weight(records: Sequence[_Record]) -> float:
    """The share of similar cascades in the pool at a stage: the mean of `WEIGHTS`, each counting less the more its CRPS is
    above the least, in standard errors of the difference: on weak evidence a half (equal weights are hard to beat: Clemen,
    1989), on strong evidence the best, and nothing between that turns at a step."""
    records = [record for record in records if record.past is not None]
    which = np.array([record.cascade for record in records])
    if len(set(which)) < _FEWEST:
        return 0.5
    each = np.array([[scores.crps(r.paths(w), r.truth).mean() / r.population for w in WEIGHTS] for r in records])
    by_cascade = np.array([each[which == k].mean(axis=0) for k in np.unique(which)])
    more = by_cascade - by_cascade[:, [by_cascade.mean(axis=0).argmin()]]
    error = np.maximum(more.std(axis=0, ddof=1) / np.sqrt(len(more)), 1e-9)
    counts = np.exp(-2 * (more.mean(axis=0) / error)**2)
    return float(np.round(counts @ WEIGHTS / counts.sum(), 3))


def paths_of(history: Cascade, prior: Prior, count: int, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """The pool's paths for 100 periods after a history, int64[count, 100], and how many parameter sets they rest on."""
    paths, effective = model_paths(history, prior, count, rng)
    few = round(prior.shared(history) * count)
    if prior.past is None or not few:
        return paths, effective
    return np.concatenate([prior.past.paths(history, few, PERIODS, rng), rng.permutation(paths)[few:]]), effective


def model_paths(history: Cascade, prior: Prior, count: int, rng: np.random.Generator, draws: int = 4000,
                enough: float = 500) -> tuple[np.ndarray, float]:
    """Paths of the model alone."""
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
    return paths[_at(len(paths), recalibration, count)]


def _at(paths: int, recalibration: Recalibration, count: int) -> np.ndarray:
    """int64[count]: which of the paths in rising order."""
    reached = np.cumsum(recalibration.weights(paths))
    return np.searchsorted(reached / reached[-1], (np.arange(count) + 0.5) / count)


class _Tried(NamedTuple):
    """A forecast of a past cascade: the pool's paths in rising order of their means, and what came."""

    cascade: int
    stage: int
    paths: np.ndarray  # int64[S, H]
    truth: np.ndarray  # int64[H]


def _recalibrations(tried: Sequence[_Tried]) -> tuple[Recalibration, ...]:
    """One a stage: its own, drawn towards that of all stages together, half of the way with thirty cascades."""
    together, found = np.log(_beta(tried)), []
    together = together * _share(tried, _HALF)
    for stage in range(len(STAGES)):
        mine = [one for one in tried if one.stage == stage]
        own = _share(mine, _OWN)
        a, b = np.exp(own * np.log(_beta(mine)) + (1 - own) * together)
        found.append(Recalibration(float(a), float(b)))
    return tuple(found)


def _share(tried: Sequence[_Tried], half: float) -> float:
    """Forecasts of one cascade err together, so cascades count, not forecasts."""
    cascades = len({one.cascade for one in tried})
    return cascades / (cascades + half)


def _beta(tried: Sequence[_Tried]) -> np.ndarray:
    """float64[2]: the beta with the least CRPS over past forecasts, of which about 10 % lie on each side of the interval.

    They are taken as a reader takes them: whole numbers from the 10 to the 90 % quantile, both included. As these hold
    more than the paths between them promise (a single number may have half of all chances), the beta often narrows.
    """
    from scipy.optimize import minimize

    if not tried:
        return np.ones(2)
    usual, cascades = _score(tried, (Recalibration(),) * len(STAGES))[0], len({one.cascade for one in tried})

    def loss(x: np.ndarray) -> float:
        crps, below, above = _score(tried, (Recalibration(*np.exp(x)),) * len(STAGES))
        small = float((x**2).sum()) / (2 * 0.5**2) / (10 + len(tried))
        tails = (below - (1 - _LEVEL) / 2)**2 + (above - (1 - _LEVEL) / 2)**2
        return crps / max(usual, 1e-9) + _SURE * tails + small + _SHIFT / cascades * float(x[0] - x[1])**2

    found = minimize(loss, np.zeros(2), method="Nelder-Mead",
                     options={"xatol": 0.02, "fatol": 1e-4, "maxfev": 50, "initial_simplex": _SIMPLEX})
    return np.exp(np.clip(found.x, -1.5, 1.5))


def _score(tried: Sequence[_Tried], recalibration: Sequence[Recalibration]) -> tuple[float, float, float]:
    """Mean CRPS, and how often the truth lies below and above the 80 % interval; each cascade counts once."""
    count = 200
    chosen_paths: dict[tuple[int, int], np.ndarray] = {}
    each: dict[int, list[tuple[float, float, float]]] = {}
    low, high = (round(q * (count - 1)) for q in ((1 - _LEVEL) / 2, (1 + _LEVEL) / 2))
    pairs = (2 * np.arange(1, count + 1) - count - 1) / count**2
    for one in tried:
        key = one.stage, len(one.paths)
        if key not in chosen_paths:
            chosen_paths[key] = _at(len(one.paths), recalibration[one.stage], count)
        ordered = np.sort(one.paths[chosen_paths[key]], axis=0)
        crps = np.abs(ordered - one.truth).mean() - (pairs @ ordered).mean()
        each.setdefault(one.cascade, []).append((float(crps), float((one.truth < ordered[low]).mean()),
                                                 float((one.truth > ordered[high]).mean())))
    crps, below, above = np.mean([np.mean(found, axis=0) for found in each.values()], axis=0)
    return float(crps), float(below), float(above)


# ---------------------------------------------------------------- in a file

def save(prior: Prior, path: str | Path) -> None:
    """Write the prior as JSON. Refused where the file cannot be written."""
    said = {"kind": _KIND, "format": _FORMAT, "parameters": list(clumps.PARAMETERS), "mean": prior.mean.tolist(),
            "covariance": prior.cov.tolist(), "recalibration": [[r.a, r.b] for r in prior.recalibration],
            "learnt": prior.learnt, "pool": list(prior.pool),
            "kernel": [1.0, 0.0] if prior.past is None else [prior.past.narrow, prior.past.alike],
            "about": [dict(c.about) for c in prior.past.cascades] if prior.past and any(
                c.about for c in prior.past.cascades) else [],
            "past": [] if prior.past is None else [_told(c) for c in prior.past.cascades]}
    try:
        Path(path).write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise Refused("{path} cannot be written: {strerror}.", path=path, strerror=error.strerror) from None


def _told(cascade: Cascade) -> str:
    """'50 120: 1 0 2': the population, how many periods, and the new adopters of each period until the last one."""
    new = " ".join(map(str, cascade.new[:int(np.flatnonzero(cascade.new)[-1]) + 1]))
    return f"{cascade.population} {len(cascade.cum)}: {new}"


def _heard(told: Sequence[str], about: Sequence[dict[str, str]], kernel: Sequence[float]) -> similar.Past | None:
    """What `_told` told. ValueError where it makes no sense."""
    found = []
    narrow, alike = map(float, kernel)
    if not (0 < narrow < np.inf and 0 <= alike < np.inf):
        raise ValueError
    for k, (text, said) in enumerate(zip(told, about or [{}] * len(told), strict=True)):
        size, new = text.split(":")
        population, periods = map(int, size.split())
        counts = np.array(new.split(), np.int64)
        if not 2 <= periods <= LONGEST or len(counts) > periods or counts.min() < 0 or counts[0] < 1 \
                or counts.sum() > population:
            raise ValueError
        found.append(Cascade(f"past {k + 1}", population, 0, np.cumsum(np.pad(counts, (0, periods - len(counts)))),
                             {str(name): str(value) for name, value in said.items()}))
    return similar.past(found, narrow, alike)


def load(path: str | Path) -> Prior:
    """Read what `save` wrote. Refused for anything else."""
    said = files.json(path, Said("make a prior with `letsdance adopters learn PAST.csv --out {path}`", path=path))
    if not isinstance(said, dict) or said.get("kind") != _KIND:
        raise Refused("{path} is not a prior; make one with `letsdance adopters learn PAST.csv --out PRIOR`.",
                      path=path)
    if said.get("format") != _FORMAT or said.get("parameters") != list(clumps.PARAMETERS):
        raise Refused("{path} is a prior of another version (format {said}, this one reads {format}); learn it again.",
                      path=path, said=said.get("format"), format=_FORMAT)
    try:
        mean, cov = np.array(said["mean"], np.float64), np.array(said["covariance"], np.float64)
        betas = np.array(said["recalibration"], np.float64)
        if mean.shape != (clumps.DIMENSION,) or cov.shape != (clumps.DIMENSION,) * 2 \
                or betas.shape != (len(STAGES), 2) or not (np.isfinite(betas) & (betas > 0)).all():
            raise ValueError
        np.linalg.cholesky(cov)
        past, pool = _heard(said["past"], said["about"], said["kernel"]), tuple(map(float, said["pool"]))
        if len(pool) != len(STAGES) or not all(0 <= weight <= 1 for weight in pool):
            raise ValueError
    except (AttributeError, IndexError, KeyError, TypeError, ValueError, np.linalg.LinAlgError):
        raise Refused("{path} is damaged: mean, covariance, recalibration, pool or past cascades make no sense; "
                      "learn it again.", path=path) from None
    recalibration = tuple(Recalibration(a, b) for a, b in betas.tolist())
    return Prior(mean, cov, recalibration, said.get("learnt"), past, pool)
