"""What *who* has adopted says of how many will: the ceiling of a forecast, informed by a table of units.

A reform that one side of a line takes up stops where that side ends, one that only a part of the map can use at its border;
those who have adopted show which it is. How they differ from all units (in how early each adopted other things, in
covariates, in how much they hang together) is held against how past cascades of the same units went on. Each is forecast
from where it reached a stage; the normal score of where the truth ranked among the forecast's paths is regressed, with a
ridge, on how its adopters differed. A new forecast's paths are drawn by rank as that says. Whether this is done at all, and
how strongly, is chosen by predictions of each past cascade from the others; on weak evidence the forecast stays.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from letsdance.experiments.adopters import similar
from letsdance.experiments.adopters.history import Cascade
from letsdance.experiments.adopters.prior import PERIODS, STAGES, Prior, default, drawn, paths_of, ranked
from letsdance.experiments.adopters.who import Adoptions, curve_until, places
from letsdance.params import Refused, nearest

if TYPE_CHECKING:
    from letsdance.scenarios.tables import Sheet

_FEWEST = 10  # past cascades that were forecast; fewer tell nothing of this
_KNOWN = 3    # adopters that a cascade needs to say how early its units were
_AHEAD = 5    # periods that must be known after a stage
_RIDGES = (100.0, 30.0, 10.0, 3.0)  # cascades that weigh as much as what holds weights back
_PLAIN = 1e9  # a ridge under which only the level and the spread of past ranks count
_HELD = 4.0   # cascades with a spread of one, and a level of none, that stand beside those seen
_FAR = 3.0    # no cascade is taken to differ by more standard deviations
_PATHS = 400
_PURPOSE = 0x636F6D70  # names this use of a seed


class Differences(NamedTuple):
    """How the adopters of a cascade differ from all its units, by name; 0 on average where chance draws them."""

    names: tuple[str, ...]
    values: np.ndarray  # float64[k]


class Case(NamedTuple):
    """A past cascade where it had reached a stage: how its adopters differed, and where the truth ranked."""

    cascade: int
    differences: np.ndarray
    score: float  # normal score of the rank: 0 in the middle of the paths, above it where more came


@dataclass(frozen=True, eq=False)
class Units:
    """Units of past cascades, and what was learnt of them: `forecast(..., units=...)` takes it."""

    known: Adoptions
    cases: tuple[Case, ...]
    ridge: float | None  # None: who has adopted does not help, and forecasts stay as they are

    @property
    def helps(self) -> bool:
        """Whether who has adopted moves forecasts; else at most how past forecasts of the same units did."""
        return self.ridge is not None and self.ridge < _PLAIN

    @property
    def state(self) -> str:
        """"helps", "level" (only how past forecasts did counts), "not", or "few" past cascades to tell."""
        return "helps" if self.helps else "level" if self.ridge is not None else "not" if self.tried >= _FEWEST else "few"

    def histories(self) -> list[Cascade]:
        """The curve of each cascade, until the last period known."""
        return [curve_until(self.known, c, until) for c, until in enumerate(self.known.until)]

    @property
    def tried(self) -> int:
        """Past cascades that were forecast."""
        return len({one.cascade for one in self.cases})

    def among(self, histories: Sequence[Cascade]) -> None:
        """Refused where none of the histories is among the cascades of the table."""
        names = [history.name for history in histories]
        if not set(names) & set(self.known.cascades):
            raise Refused("{name} is no cascade of the table of units.{near} Use the same names in both.", name=names[0],
                          near=nearest(names[0], self.known.cascades))

    def move(self, history: Cascade) -> tuple[float, float]:
        """Mean and spread of the normal score to expect, from the other cascades; (0, 1) leaves a forecast as it is.

        Refused where the history and the table of units do not tell the same adopters.
        """
        if history.name not in self.known.cascades or self.ridge is None:
            return 0.0, 1.0
        c = self.known.cascades.index(history.name)
        _same(history, self.known, c)
        rest = [one for one in self.cases if one.cascade != c]
        return _predicted(rest, differences(self.known, c, history.last).values, self.ridge)


def _same(history: Cascade, known: Adoptions, c: int) -> None:
    there, size = int((known.times[c] <= history.last).sum()), len(known.units)
    if (there, size) != (history.adopters, history.population):
        raise Refused("{name}: {adopters} of {population} had adopted by {t} in the history, {there} of {size} in the "
                      "table of units; give both of the same units.", name=history.name, adopters=history.adopters,
                      population=history.population, t=history.last, there=there, size=size)


# ---------------------------------------------------------------- how adopters differ

def differences(known: Adoptions, c: int, origin: float) -> Differences:
    """Of cascade c at an origin: for each thing told of units the mean of the adopters less that of all, in standard errors
    of a draw without replacement, and its square less one; and how much an adopter hangs together with the others (by
    correlations of how early they adopted other things, and along edges) beyond what a draw would."""
    adopted = known.times[c] <= origin
    n, N = int(adopted.sum()), len(adopted)
    past = np.array([places(known.seen(k, np.inf)) for k in range(len(known.cascades))
                     if k != c and np.isfinite(known.times[k]).sum() >= _KNOWN] or [np.zeros(N)])
    columns = past.mean(axis=0)[:, None] if known.covariates is None else np.column_stack(
        [past.mean(axis=0), known.covariates])
    columns = (columns - columns.mean(axis=0)) / np.maximum(columns.std(axis=0), 1e-9)
    away = columns[adopted].mean(axis=0) / np.sqrt((1 - n / N) / n * N / (N - 1)) if n < N else np.zeros(len(columns.T))
    together = past - past.mean(axis=0)
    together = together / np.maximum(together.std(axis=0), 1e-9) / np.sqrt(len(past))
    ties = [(_pairs(together[:, adopted]) - _pairs(together) * n * (n - 1) / N / (N - 1)) / n]
    names = ["as before", *known.named]
    names = [*names, *(f"{name}²" for name in names), "learnt network"]
    if known.near is not None:
        inside = known.near[np.ix_(adopted, adopted)].sum()
        ties.append((inside - known.near.sum() * n * (n - 1) / N / (N - 1)) / n)
        names.append("neighbours")
    return Differences(tuple(names), np.concatenate([away, away**2 - 1, ties]))


def _pairs(columns: np.ndarray) -> float:
    """The sum over pairs of different columns of their products: with columns of length one, of their correlations."""
    return float((columns.sum(axis=1)**2).sum() - (columns**2).sum())


# ---------------------------------------------------------------- what past cascades say of it

def in_table(sheet: Sheet) -> bool:
    """Whether a table tells what units adopted when, of more than one cascade."""
    from letsdance.scenarios import tables
    from letsdance.scenarios.tables.kinds import ADOPTIONS, HISTORIES

    if tables.recognise(sheet, (HISTORIES, ADOPTIONS)) is not ADOPTIONS:
        return False
    named = {name: column for column, name in tables.meanings(sheet, ADOPTIONS).items()}
    return bool(sheet.frame[named["cascade"]].nunique() > 1)


def learn(known: Adoptions, prior: Prior | None = None, seed: int = 0,
          progress: Callable[[int], None] | None = None) -> Units:
    """Forecast each past cascade from where it had reached each stage, and hold where the truth ranked against who had
    adopted. `progress` hears once of each cascade. prior: None is the default one."""
    prior, step = default() if prior is None else prior, progress or (lambda count: None)

    def tried(c: int) -> list[Case]:
        whole = curve_until(known, c, known.until[c])
        others = _without(prior, whole)
        ends = {whole.reaches(stage) for stage in STAGES}
        found = []
        for at in sorted(at for at in ends if at is not None and at + _AHEAD < len(whole.cum)):
            history, truth = whole.until(at + 1), whole.cum[at + 1:at + 1 + PERIODS]
            paths, _ = paths_of(history, others, 4 * _PATHS, np.random.default_rng([seed, _PURPOSE, c, at]))
            paths = drawn(ranked(paths), others.corrected(history), _PATHS)
            found.append(Case(c, differences(known, c, history.last).values, score(paths, truth)))
        return found

    cases: list[Case] = []
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for found in pool.map(tried, range(len(known.cascades))):
            cases += found
            step(1)
    return Units(known, tuple(cases), _ridge(cases))


def _without(prior: Prior, cascade: Cascade) -> Prior:
    """The prior without this cascade among the past ones: it would tell the forecast what came."""
    if prior.past is None:
        return prior

    def is_it(other: Cascade) -> bool:
        both = min(len(other.cum), len(cascade.cum))
        return other.population == cascade.population and np.array_equal(other.cum[:both], cascade.cum[:both])

    kept = [other for other in prior.past.cascades if not is_it(other)]
    if len(kept) == len(prior.past.cascades):
        return prior
    return replace(prior, past=similar.past(kept, prior.past.narrow, prior.past.alike))


def score(paths: np.ndarray, truth: np.ndarray) -> float:
    """The normal score of the rank that the truth's mean has among those of paths[S, H] over the same periods."""
    from scipy.special import ndtri

    means, came = paths[:, :len(truth)].mean(axis=1), truth.mean()
    below = (means < came).sum() + 0.5 * (means == came).sum()
    return float(ndtri((below + 0.5) / (len(means) + 1)))


def _predicted(cases: Sequence[Case], at: np.ndarray, ridge: float) -> tuple[float, float]:
    """Mean and spread of the score where adopters differ by `at`; each cascade counts once."""
    X, z, weights = _columns(cases)
    mean, scale = X.mean(axis=0), np.maximum(X.std(axis=0), 1e-9)
    far = np.clip((X - mean) / scale, -_FAR, _FAR)
    A = np.column_stack([np.ones(len(X)), far])
    held = np.diag([_HELD, *np.full(X.shape[1], ridge)])
    inverse = np.linalg.inv(A.T @ (weights[:, None] * A) + held)
    beta = inverse @ A.T @ (weights * z)
    # What a case itself adds to its own prediction is taken out (the leverage), as if it had been left out.
    own = weights * np.einsum("ij,jk,ik->i", A, inverse, A)
    error = (z - A @ beta) / np.maximum(1 - own, 0.1)
    spread = np.sqrt((weights @ error**2 + _HELD) / (weights.sum() + _HELD))
    here = np.clip((at - mean) / scale, -_FAR, _FAR)
    return float(beta[0] + here @ beta[1:]), float(spread)


def _columns(cases: Sequence[Case]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """float64[n, k], float64[n], and how much each case counts, float64[n]: those of a cascade as one."""
    _, which, many = np.unique([one.cascade for one in cases], return_inverse=True, return_counts=True)
    return np.array([one.differences for one in cases]), np.array([one.score for one in cases]), 1 / many[which]


def _ridge(cases: Sequence[Case]) -> float | None:
    """The ridge that predicts each cascade best from the others (log score); the level and spread alone, or nothing, where
    that is within a standard error of it."""
    which = np.array([one.cascade for one in cases])
    if len(set(which.tolist())) < _FEWEST:
        return None
    z = np.array([one.score for one in cases])
    found = {}
    for ridge in (_PLAIN, *_RIDGES):
        told = np.array([_predicted([other for other in cases if other.cascade != one.cascade], one.differences, ridge)
                         for one in cases])
        found[ridge] = -((z - told[:, 0]) / told[:, 1])**2 / 2 - np.log(told[:, 1])
    best = max(_RIDGES, key=lambda ridge: float(found[ridge] @ _columns(cases)[2]))
    chosen = similar.simplest((-np.column_stack([-z**2 / 2, found[_PLAIN], found[best]])).tolist(), which)
    return (None, _PLAIN, best)[chosen]
