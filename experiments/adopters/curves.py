"""The classic curves of adoption, fitted: Bass, logistic and Gompertz, by maximum likelihood and by least squares.

A share s of the population N ever adopts; of these, F(t) have by the end of period t. Maximum likelihood takes the
counts of each period as grouped, interval-censored times and those who have not adopted as right-censored (Schmittlein
and Mahajan, 1982); least squares fits the counts of each period (Srinivasan and Mason, 1986). Both suppose that people
adopt independently, so their intervals are too narrow where adoption comes in clumps: see experiments.adopters.forecast.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import brentq, least_squares, minimize
from scipy.special import expit, logit
from scipy.stats import chi2, norm
from scipy.stats import t as student

from letsdance.experiments.adopters.history import Cascade
from letsdance.params import Refused, nearest
from letsdance.words import Text, capital

#: curve -> its two parameters beside the share that ever adopts.
CURVES = {"bass": ("p", "q"), "logistic": ("rate", "middle"), "gompertz": ("rate", "middle")}
#: Maximum likelihood, least squares on counts, or with the curve's slope for them; a text says what each is.
METHODS = ("ml", "ls", "slope")
_BOUNDS = {"p": (-16.0, 2.0), "q": (-16.0, 3.0), "rate": (-8.0, 4.0)}
_ALL = (-8.0, 16.0)  # of the logit of s
_WIDEST = 2.0  # where the data say nothing of a parameter, its standard error on the transformed scale stops here


def curve_named(curve: str, text: Text) -> str:
    """A curve in words, with a capital: 'Bass', 'Logistic', 'Gompertz'."""
    return capital(text(f"report.back_model_{curve}"))


def cumulative(curve: str, t: np.ndarray, a: Any, b: Any) -> np.ndarray:
    """F(t), the share of eventual adopters by time t: Bass with a = p, b = q; else a = rate, b = middle.

    The middle of a logistic curve is where half have adopted, of a Gompertz curve where 1/e have.
    """
    t = np.asarray(t, np.float64)
    if curve == "bass":
        fall = np.exp(-(a + b) * t)
        return (1 - fall) / (1 + b / a * fall)
    if curve == "logistic":
        return expit(a * (t - b))
    return np.exp(-np.exp(np.clip(-a * (t - b), -700, 700)))


@dataclass(frozen=True)
class Fit:
    """A fitted curve. Periods count from 1, the first row of the history; a middle is told on that clock."""

    curve: str
    method: str
    cascade: Cascade
    x: np.ndarray          # float64[3], transformed: log p and q (or log rate, middle), logit s
    covariance: np.ndarray  # float64[3, 3], of x
    goodness: float        # log-likelihood without its constant (ml), standard error of the residuals (ls)

    @property
    def estimates(self) -> dict[str, float]:
        """Two parameters of the curve, `share` (of the population that ever adopts) and `ceiling` (how many)."""
        return _natural(self.curve, self.x, self.cascade.population)

    @property
    def at_edge(self) -> tuple[str, ...]:
        """Estimates that lie at an edge of the search: the data do not tell them, and they have no interval."""
        low, high = np.array(_bounds(self.curve, len(self.cascade.cum))).T
        near = (self.x - low < 0.01 * (high - low)) | (high - self.x < 0.01 * (high - low))
        names = (*CURVES[self.curve], "share")
        return tuple(name for name, edge in zip(names, near, strict=True) if edge and name != "share")

    def interval(self, name: str, level: float = 0.95, kind: str = "wald") -> tuple[float, float]:
        """An interval of an estimate: `wald` (from the curvature, on the transformed scale) or `profile` (ml only).

        Not a number for an estimate that lies `at_edge`: it would be an interval of the search, not of the data.
        """
        names = (*CURVES[self.curve], "share", "ceiling")
        if name not in names:
            raise Refused("the {curve} curve has no {name!r}.{near} It has {names}.", curve=self.curve, name=name,
                          near=nearest(name, names), names=", ".join(names))
        k = min(names.index(name), 2)
        if kind == "profile":
            low, high = self._profile(k, level)
        elif kind == "wald":
            free = len(self.cascade.cum) - 3
            z = norm.ppf((1 + level) / 2) if self.method == "ml" else student.ppf((1 + level) / 2, max(free, 1))
            away = z * np.sqrt(self.covariance[k, k])
            low, high = self.x[k] - away, self.x[k] + away
        else:
            raise Refused("there is no interval {kind!r}.{near} Known: wald, profile.", kind=kind,
                          near=nearest(kind, ("wald", "profile")))
        if name in self.at_edge:
            return np.nan, np.nan
        ends = [_natural(self.curve, np.where(np.arange(3) == k, end, self.x), self.cascade.population)[name]
                for end in (low, high)]
        return ends[0], ends[1]

    def _profile(self, k: int, level: float) -> tuple[float, float]:
        if self.method != "ml":
            raise Refused("profile intervals need a likelihood; fit with maximum likelihood (ml).")
        loss, bounds = _loss(self.cascade, self.curve), _bounds(self.curve, len(self.cascade.cum))
        others = [j for j in range(3) if j != k]
        best, drop = loss(self.x), chi2.ppf(level, 1) / 2
        spread = min(max(float(np.sqrt(self.covariance[k, k])), 1e-3), _WIDEST)

        def excess(value: float) -> float:
            def rest(y: np.ndarray) -> float:
                x = np.empty(3)
                x[k], x[others] = value, y
                return loss(x)

            return float(_least(rest, [self.x[others]], [bounds[j] for j in others])[1] - best - drop)

        ends = []
        for side, wall in ((-1, bounds[k][0]), (1, bounds[k][1])):
            step, inner = spread, float(self.x[k])
            while True:
                outer = float(np.clip(self.x[k] + side * step, *bounds[k]))
                if excess(outer) > 0:
                    ends.append(float(brentq(excess, inner, outer, xtol=1e-5)))
                    break
                if outer == wall:  # the likelihood never falls far enough: the interval is open on this side
                    ends.append(wall)
                    break
                inner, step = outer, step * 1.7
        if tuple(ends) == tuple(bounds[k]):
            return np.nan, np.nan  # open on both sides: the data do not tell it
        return ends[0], ends[1]

    def fitted(self) -> np.ndarray:
        """float64[T]: adopters by the end of each period, by the curve."""
        return np.cumsum(self.ceiling * _cells(self.curve, self.x, len(self.cascade.cum)))

    @property
    def ceiling(self) -> float:
        """How many will ever adopt."""
        return self.estimates["ceiling"]

    def time_to(self, share: float) -> float:
        """Periods after which this share of the population has adopted, by the curve; inf where it never has."""
        a, b, s, _ = self.estimates.values()
        F = share / s
        if F >= 1:
            return np.inf
        if self.curve == "bass":
            return float(np.log((1 + b / a * F) / (1 - F)) / (a + b))
        return float(b + logit(F) / a if self.curve == "logistic" else b - np.log(-np.log(F)) / a)

    def path(self, periods: int) -> np.ndarray:
        """float64[periods]: the expected number of adopters after the history, from where it ends."""
        return self._paths(self.x[None], periods)[0]

    def samples(self, periods: int, count: int, rng: np.random.Generator) -> np.ndarray:
        """float64[count, periods]: the fit's ordinary forecast.

        Parameters vary by their covariance; then, by maximum likelihood, those who remain adopt independently; by least
        squares each period has a normal residual.
        """
        values, axes = np.linalg.eigh(self.covariance)
        x = self.x + (rng.standard_normal((count, 3)) * np.sqrt(np.maximum(values, 0))) @ axes.T
        x = np.clip(x, *np.array(_bounds(self.curve, len(self.cascade.cum))).T)
        paths = self._paths(x, periods)
        N, now = self.cascade.population, self.cascade.adopters
        if self.method != "ml":
            return np.clip(paths + rng.normal(0, self.goodness, paths.shape).cumsum(axis=1), now, N)
        steps = np.diff(paths, axis=1, prepend=now) / max(N - now, 1)
        left = 1 - np.cumsum(steps, axis=1) + steps
        remain, adopted = np.full(count, N - now), np.empty(paths.shape)
        for i in range(periods):
            remain = remain - rng.binomial(remain, np.clip(steps[:, i] / np.maximum(left[:, i], 1e-12), 0, 1))
            adopted[:, i] = N - remain
        return adopted

    def _paths(self, x: np.ndarray, periods: int) -> np.ndarray:
        """Expected paths for parameter sets x[J, 3], for those who remain given that they have not adopted (ml)."""
        T, N, now = len(self.cascade.cum), self.cascade.population, self.cascade.adopters
        a, s = np.exp(x[:, :1]), expit(x[:, 2:])
        b = np.exp(x[:, 1:2]) if self.curve == "bass" else x[:, 1:2]
        F = cumulative(self.curve, np.arange(T, T + periods + 1), a, b)
        more = s * (F[:, 1:] - F[:, :1])
        paths = now + (more / np.maximum(1 - s * F[:, :1], 1e-12) * (N - now) if self.method == "ml" else more * N)
        return np.minimum(paths, N)


def fit(cascade: Cascade, curve: str = "bass", method: str = "ml") -> Fit:
    """Fit a curve. Refused for an unknown curve or method, or fewer than three periods or two adopters."""
    if curve not in CURVES:
        raise Refused("there is no curve {curve!r}.{near} Known: {known}.", curve=curve, near=nearest(curve, CURVES),
                      known=", ".join(CURVES))
    if method not in METHODS:
        raise Refused("there is no method {method!r}.{near} Known: {known}.", method=method, near=nearest(method, METHODS),
                      known=", ".join(METHODS))
    if len(cascade.cum) < 3 or cascade.adopters < 2:
        raise Refused("{name}: a curve needs at least three periods and two adopters, not {n_cum} and {adopters}.",
                      name=cascade.name, n_cum=len(cascade.cum), adopters=cascade.adopters)
    T, N = len(cascade.cum), cascade.population
    bounds, y = _bounds(curve, T), cascade.new.astype(np.float64)

    def residuals(x: np.ndarray) -> np.ndarray:
        cells = _slopes(curve, x, T) if method == "slope" else _cells(curve, x, T)
        return N * float(expit(x[2])) * cells - y

    low, high = np.array(bounds).T
    start = [np.clip(x, low + 1e-3, high - 1e-3) for x in _starts(cascade, curve)]
    start = sorted(start, key=lambda x: float((residuals(x)**2).sum()))[:3]
    squares = min((least_squares(residuals, x, bounds=(low, high), x_scale="jac", max_nfev=100) for x in start),
                  key=lambda r: r.cost)
    if method != "ml":
        error = float(np.sqrt(2 * squares.cost / max(T - 3, 1)))
        return Fit(curve, method, cascade, squares.x, _inverse(squares.jac.T @ squares.jac / max(error, 1e-9)**2), error)
    loss = _loss(cascade, curve)
    best, least = _least(loss, sorted((squares.x, *start), key=loss)[:2], bounds)
    return Fit(curve, method, cascade, best, _inverse(_hessian(loss, best)), -least)


def _least(loss: Callable[[np.ndarray], float], starts: Sequence[np.ndarray],
           bounds: list[tuple[float, float]]) -> tuple[np.ndarray, float]:
    """The least of a smooth loss of two or three parameters, by simplex, begun again where it ended."""
    low, high = np.array(bounds).T
    found = []
    for x in starts:
        for size in (0.5, 0.1):
            corners = np.clip(np.vstack([x, x + size * np.eye(len(x))]), low, high)
            corners[1:] -= (corners[1:] == corners[0]).all(axis=1, keepdims=True) * size * np.eye(len(x))
            ended = minimize(loss, x, method="Nelder-Mead", bounds=bounds,
                             options={"initial_simplex": corners, "xatol": 1e-5, "fatol": 1e-8, "maxfev": 600})
            x = ended.x
        found.append((float(ended.fun), x))
    fun, x = min(found, key=lambda pair: pair[0])
    return x, fun


# ---------------------------------------------------------------- pieces

def _natural(curve: str, x: np.ndarray, population: int) -> dict[str, float]:
    a, b = CURVES[curve]
    share = float(expit(x[2]))
    return {a: float(np.exp(x[0])), b: float(np.exp(x[1]) if curve == "bass" else x[1]), "share": share,
            "ceiling": share * population}


def _bounds(curve: str, periods: int) -> list[tuple[float, float]]:
    if curve == "bass":
        return [_BOUNDS["p"], _BOUNDS["q"], _ALL]
    return [_BOUNDS["rate"], (-5.0 * periods - 20, 10.0 * periods + 20), _ALL]


def _cells(curve: str, x: np.ndarray, periods: int) -> np.ndarray:
    """float64[T]: share of eventual adopters in each period; the first holds all before it."""
    b = float(np.exp(x[1])) if curve == "bass" else float(x[1])
    return np.diff(cumulative(curve, np.arange(1, periods + 1), float(np.exp(x[0])), b), prepend=0)


def _slopes(curve: str, x: np.ndarray, periods: int) -> np.ndarray:
    """float64[T]: dF/dt at the end of each period."""
    t = np.arange(1, periods + 1)
    a, b = float(np.exp(x[0])), float(np.exp(x[1]) if curve == "bass" else x[1])
    F = cumulative(curve, t, a, b)
    if curve == "bass":
        return (a + b * F) * (1 - F)
    return a * F * (1 - F) if curve == "logistic" else -a * F * np.log(np.maximum(F, 1e-300))


def _loss(cascade: Cascade, curve: str) -> Callable[[np.ndarray], float]:
    y, T, left = cascade.new, len(cascade.cum), cascade.population - cascade.adopters
    some = y > 0

    def loss(x: np.ndarray) -> float:
        cells = float(expit(x[2])) * _cells(curve, x, T)
        rest = left * np.log(max(1 - cells.sum(), 1e-300)) if left else 0.0
        return -float(y[some] @ np.log(np.maximum(cells[some], 1e-300)) + rest)

    return loss


def _starts(cascade: Cascade, curve: str) -> list[np.ndarray]:
    T, N, now = len(cascade.cum), cascade.population, cascade.adopters
    half = 1 + int(np.argmax(cascade.cum >= now / 2))
    starts = []
    for share in (min(1.15 * now / N, 0.98), min(2 * now / N, 0.9)):
        top = float(logit(share))
        if curve == "bass":
            starts += [np.array([np.log(p), np.log(q), top]) for p, q in
                       ((0.3 / T, 3 / T), (1 / T, 0.5 / T), (0.02 / T, 10 / T))]
        else:
            starts += [np.array([np.log(rate / T), middle, top]) for rate, middle in ((5, half), (2, T), (15, half))]
    return starts


def _hessian(loss: Callable[[np.ndarray], float], x: np.ndarray) -> np.ndarray:
    """Central differences of second order."""
    step = 1e-3 * np.maximum(np.abs(x), 0.1)
    size = len(x)
    matrix = np.empty((size, size))
    for i in range(size):
        for j in range(i + 1):
            a, b = np.eye(size)[i] * step[i], np.eye(size)[j] * step[j]
            corners = loss(x + a + b) - loss(x + a - b) - loss(x - a + b) + loss(x - a - b)
            matrix[i, j] = matrix[j, i] = corners / (4 * step[i] * step[j])
    return matrix


def _inverse(information: np.ndarray) -> np.ndarray:
    """The covariance; a direction that the data do not tell gets the widest variance instead of an endless one."""
    values, axes = np.linalg.eigh((information + information.T) / 2)
    return (axes / np.maximum(values, 1 / _WIDEST**2)) @ axes.T

