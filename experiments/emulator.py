"""An emulator: what a sweep found of an outcome, learnt, so that thousands of points can be asked in a second.

    found = emulate(Sweep.open("my-sweep"), "lets_dance@60")
    found.sobol().table                      # indices of all factors of the sweep
    found.confirm(20)                        # what real runs say at points that it never saw

Gradient boosting (Friedman 2001) of the mean response, of all factors and of those that matter, or a straight part and a
Gaussian process of the strongest (Rasmussen and Williams 2006), all scikit-learn's: whichever is nearest in five folds that
it had not seen. The mean of the folds is what it says. Luck is told apart by the runs of a point: what they differ in says
how much of its error is only theirs. Its intervals are as wide as its errors in folds that it had not seen (Vovk 2015;
Barber et al. 2021), a little too wide, because one fold knows less than five; a sixth of the points, which nothing was
chosen by, says how often they hold. Outside the ranges that it was taught it refuses to answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance.experiments.design import Factor, latin_hypercube, saltelli, turned
from letsdance.experiments.estimates import Estimate
from letsdance.experiments.indices import Sobol, sobol
from letsdance.experiments.outcomes import Outcome, parse
from letsdance.experiments.success import Chance, chance
from letsdance.params import Refused, Said, check_whole, nearest
from letsdance.words import IN_ENGLISH, Text

if TYPE_CHECKING:
    import pandas as pd

    from letsdance.experiments.plan import Plan
    from letsdance.experiments.store import Sweep

_FOLDS, _HELD_BACK = 5, 6            # folds; one of so many points is held back
_LEAST = 60                          # points
_LEAVES = (3, 6, 12)                 # how much may act together, tried by the folds
_MATTERS = 2.0                       # standard errors over the folds by which a factor must help to be kept
_STRONGEST, _SHAPED = 8, 500         # a Gaussian process's factors, and the points that its length scales are fitted to
_LENGTHS = (0.3, 1.0)                # from which they are sought: from one alone a lesser optimum may be found
_AT_ONCE = 4096                      # points that a Gaussian process is asked together, for memory
_SLICES = 64                         # of a factor, for first-order indices
_PURPOSE = 0xE3071A                  # names this use of a seed
#: Models that are learnt at most: boosting of all factors and of those that matter, and a Gaussian process, in each fold.
FITS = (2 * len(_LEAVES) + 1) * _FOLDS
#: Points a factor and then runs: float64[n, k] -> float64[n, replicates]; in place of the model.
Runs = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Emulator:
    """What was learnt.

    factors: of the sweep, with the ranges that were taught; models: of the folds; middle, slope: boosting that stops early
    says too little of what differs, and is stretched about the middle by as much as folds not seen say (Copas 1983);
    errors: float64[n], sorted absolute errors in folds not seen; held_back: one row a point that nothing was learnt from:
    predicted, low_80, high_80, low_95, high_95, measured; luck: the variance of a point's measured mean that is luck (NaN
    with one run a point); luck_share: the part of the variance of one run that is; variance: of the measured means; plan:
    of the sweep, to confirm by; ends: within what the outcome can lie.
    """

    factors: tuple[Factor, ...]
    outcome: Outcome
    models: tuple[Any, ...]
    middle: float
    slope: float
    errors: np.ndarray
    held_back: pd.DataFrame
    luck: float
    variance: float
    replicates: int
    seed: int
    points: int
    luck_share: Estimate
    ends: tuple[float, float] = (-np.inf, np.inf)
    plan: Plan | None = None

    @property
    def names(self) -> list[str]:
        """The factors' names, in order."""
        return [factor.name for factor in self.factors]

    @cached_property
    def bounds(self) -> np.ndarray:
        """float64[k, 2]: from where to where it was taught."""
        from letsdance.experiments.sensitivity import bounds_of

        return bounds_of(self.factors)

    def check(self, points: pd.DataFrame | np.ndarray) -> np.ndarray:
        """float64[n, k] of points, or `Refused` where one lies outside what was taught."""
        import pandas as pd

        if isinstance(points, pd.DataFrame):
            lacks = [name for name in self.names if name not in points]
            more = [str(name) for name in points if name not in [*self.names, "point"]]
            if lacks or more:
                one = (lacks or more)[0]
                raise Refused("the emulator was taught {names}; {one} is missing." if lacks else
                              "the emulator was taught {names}; {one} is none of them.{near}", names=", ".join(self.names),
                              one=one, near=nearest(one, self.names))
            points = points[self.names].to_numpy(np.float64)
        X = np.asarray(points, np.float64)
        low, high = self.bounds.T
        outside = ~((low - 1e-9 <= X) & (high + 1e-9 >= X))  # what is no number lies nowhere
        if outside.any():
            n, k = np.argwhere(outside)[0]
            raise Refused("the emulator was taught {name} from {low:g} to {high:g}, and {value:g} lies outside; sweep a "
                          "wider range and learn again.", name=self.names[k], low=self.bounds[k, 0], high=self.bounds[k, 1],
                          value=X[n, k])
        return X

    def each(self, X: np.ndarray) -> np.ndarray:
        """float64[n, folds]: what each fold's model says."""
        shares = (X - self.bounds[:, 0]) / np.ptp(self.bounds, axis=1)
        with one_thread():
            said = np.stack([model.predict(shares) for model in self.models], axis=1)
        return np.asarray(self.middle + self.slope * (said - self.middle))

    def predict(self, points: pd.DataFrame | np.ndarray, level: float = 0.95) -> pd.DataFrame:
        """One row a point: mean, low and high, within which what so many runs measure lies in this share of points."""
        import pandas as pd

        mean = self.each(self.check(points)).mean(axis=1)
        return pd.DataFrame({"mean": np.clip(mean, *self.ends), "low": np.clip(mean - self.reach(level), *self.ends),
                             "high": np.clip(mean + self.reach(level), *self.ends)})

    def reach(self, level: float) -> float:
        """Half the width of an interval."""
        n = len(self.errors)
        return float(self.errors[min(n - 1, int(np.ceil(level * (n + 1))) - 1)])

    # ------------------------------------------------------------ how good it is

    @property
    def explained(self) -> float:
        """Of the variance of the mean response between points held back, luck left out, the share that it tells."""
        away = self.held_back["measured"] - self.held_back["predicted"]
        luck = 0.0 if np.isnan(self.luck) else self.luck
        left, all_of_it = float((away**2).mean()) - luck, float(self.held_back["measured"].var()) - luck
        return float(1.0 - max(left, 0.0) / max(all_of_it, 1e-300))

    def coverage(self, level: int = 95) -> Chance:
        """In what share of the points held back the interval holds what was measured."""
        rows = self.held_back
        return chance(rows["measured"].between(rows[f"low_{level}"], rows[f"high_{level}"]).to_numpy())

    # ------------------------------------------------------------ what it is asked

    def sobol(self, base: int = 512, level: float = 0.95) -> Sobol:
        """Sobol' indices over the whole space that it was taught, in shares of the variance of the mean response.

        Total ones by Jansen's estimator; first-order ones from one large sample by the variance between thin slices of each
        factor (Plischke 2010), in shares of the variance that the sweep measured without luck, so that what the emulator
        misses is nobody's first-order effect. The folds' models stand where seeds do: what they do not agree in counts as
        no effect, and intervals hold how far they differ. What all of them miss alike is in no interval; `explained` says
        it.
        """
        design = saltelli(self.factors, base, self.seed)
        X = design.table[self.names].to_numpy(np.float64)
        found = sobol(self.names, self.bounds, X, self.each(X), self.seed, level, resamples=200)
        first = self._first(_SLICES * 512)
        table = found.table.assign(first=first.mean(axis=0), first_low=first.min(axis=0), first_high=first.max(axis=0))
        return Emulated(table, self.luck_share, found.variance, base, self.replicates, self)

    @property
    def _response(self) -> float:
        """The variance of the mean response between points, without luck."""
        return max(self.variance - (0.0 if np.isnan(self.luck) else self.luck), 1e-300)

    def _first(self, size: int) -> np.ndarray:
        """float64[pairs of folds, k]: first-order indices, each a product of two folds' means within slices."""
        design = latin_hypercube(self.factors, size, self.seed + 4)
        X = design.table[self.names].to_numpy(np.float64)
        said = self.each(X)
        said -= said.mean(axis=0)
        pairs = [(i, j) for i in range(_FOLDS) for j in range(i)]
        found = np.zeros((len(pairs), len(self.names)))
        for k in range(len(self.names)):
            inside = said[np.argsort(X[:, k], kind="stable")].reshape(_SLICES, -1, _FOLDS)
            means = inside.mean(axis=1)
            by_chance = np.einsum("bnf,bng->fg", inside - means[:, None], inside - means[:, None]) / size / inside.shape[1]
            together = means.T @ means / _SLICES - by_chance
            found[:, k] = [together[i, j] / self._response for i, j in pairs]
        return found

    def best(self, count: int = 10, less: bool = False, draws: int = 20_000) -> pd.DataFrame:
        """Points where it expects most (or least) of the outcome: a row each with what is expected there."""
        table = latin_hypercube(self.factors, draws, self.seed + 1).table[self.names]
        said = self.predict(table)
        order = np.argsort(said["mean"].to_numpy() * (1.0 if less else -1.0), kind="stable")[:count]
        return table.iloc[order].join(said).reset_index(drop=True)

    def plausible(self, value: float, error: float = 0.0, draws: int = 20_000) -> pd.DataFrame:
        """Points that something seen does not rule out (history matching; Vernon, Goldstein and Bower 2010): it lies within
        three of its standard errors and the emulator's together. A row each; how many of `draws` are left says how much."""
        table = latin_hypercube(self.factors, draws, self.seed + 2).table[self.names]
        sd = float(np.sqrt((self.errors**2).mean() + error**2))
        return table[np.abs(self.predict(table)["mean"] - value) <= 3.0 * sd].reset_index(drop=True)

    def confirm(self, points: int | pd.DataFrame = 20, runs: Runs | None = None,
                progress: Callable[[int], None] | None = None) -> pd.DataFrame:
        """What real runs say: at points of one's own, or at so many: half anywhere, half where it expects most and least.

        One row a point: the factors, mean, low, high, measured (as many runs as the sweep made, on its seeds), holds.
        """
        import pandas as pd

        if isinstance(points, int):
            check_whole(Said("points to confirm"), points, 4, 10_000)
            anywhere = latin_hypercube(self.factors, points - 2 * (points // 4), self.seed + 3).table[self.names]
            points = pd.concat([anywhere, *(self.best(points // 4, less)[self.names] for less in (False, True))],
                               ignore_index=True)
        said = self.predict(points)
        if runs is not None:
            measured = runs(points[self.names].to_numpy(np.float64)).mean(axis=1)
        else:
            measured = self._real(points, progress)
        table = points[self.names].reset_index(drop=True).join(said).assign(measured=measured)
        return table.assign(holds=table["measured"].between(table["low"] - 1e-12, table["high"] + 1e-12))

    def _real(self, points: pd.DataFrame, progress: Callable[[int], None] | None) -> np.ndarray:
        from letsdance.experiments.design import from_table
        from letsdance.experiments.sensitivity import responses
        from letsdance.experiments.sweep import run_plan

        if self.plan is None:
            raise Refused("this emulator was learnt from a table, not from a sweep, so it cannot run the model; give runs.")
        design = from_table(points[self.names])
        frame = run_plan(replace(self.plan, design=design, outcomes=(self.outcome,), keep=()), progress=progress)
        return responses(frame, self.outcome).mean(axis=1)

    def __repr__(self) -> str:
        hit = self.coverage()
        return (f"{self.outcome} over {len(self.factors)} factors, learnt from {self.points:,} points of {self.replicates} "
                f"runs: tells {self.explained:.0%} of the variance between points it had not seen, its 95 % intervals hold "
                f"{hit}")


@dataclass(frozen=True, eq=False)
class Emulated(Sobol):
    """Sobol' indices that an emulator tells."""

    emulator: Emulator

    def said(self, text: Text = IN_ENGLISH) -> str:
        """How far to believe it: on points that it had not seen."""
        one = self.emulator
        return text("report.screen_emulated", n=len(one.held_back), explained=text.percent(one.explained),
                    held=text.percent(one.coverage().share))


def one_thread() -> Any:
    """Small tables: threads would wait for each other more than they would work."""
    import sklearn.ensemble  # noqa: F401  only what is loaded is limited
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1)


def learn(factors: Sequence[Factor], X: np.ndarray, Y: np.ndarray, outcome: Outcome, seed: int = 1,
          ends: tuple[float, float] = (-np.inf, np.inf), plan: Plan | None = None,
          progress: Callable[[int], None] | None = None) -> Emulator:
    """Learn from points X[n, k] and runs Y[n, replicates]; each run r of a point met the same luck at every point.

    progress: called with the number of models that were learnt, FITS in all.
    """
    import pandas as pd

    from letsdance.experiments.sensitivity import bounds_of

    chosen = turned(tuple(factors))
    if len(X) < _LEAST:
        raise Refused("an emulator needs at least {least} points, not {points}; sweep more.", least=_LEAST, points=len(X))
    if not np.isfinite(Y).all():
        raise Refused("{outcome} is not a number in {gone} of {all} runs; name a number to put in its place (missing).",
                      outcome=outcome, gone=int((~np.isfinite(Y)).sum()), all=Y.size)
    y, R = Y.mean(axis=1), Y.shape[1]
    if not np.ptp(y) > 0.0:
        raise Refused("{outcome} is the same at every point, so there is nothing to learn; choose another outcome.",
                      outcome=outcome)
    luck, share = _luck(Y, seed)
    order = np.random.default_rng(np.random.SeedSequence([seed, _PURPOSE])).permutation(len(X))
    aside, used = order[::_HELD_BACK], np.delete(order, np.s_[::_HELD_BACK])
    ends_of = bounds_of(chosen)
    with one_thread():
        _, models, said = _nearest((X[used] - ends_of[:, 0]) / np.ptp(ends_of, axis=1), y[used], seed,
                                   progress or (lambda count: None))
    middle, spread = float(y[used].mean()), float(said.var())
    slope = float(np.cov(y[used], said, ddof=0)[0, 1] / spread) if spread > 0.0 else 1.0
    away = np.sort(np.abs(y[used] - middle - slope * (said - middle)))
    made = Emulator(chosen, outcome, tuple(models), middle, slope, away, pd.DataFrame(), luck, float(y.var(ddof=1)), R,
                    seed, len(X), share, ends, plan)
    held = {"measured": y[aside]}
    for level in (80, 95):
        there = made.predict(X[aside], level / 100)
        held |= {"predicted": there["mean"].to_numpy(), f"low_{level}": there["low"].to_numpy(),
                 f"high_{level}": there["high"].to_numpy()}
    return replace(made, held_back=pd.DataFrame(held))


# ---------------------------------------------------------------- what is learnt, in shares of each factor's range

@dataclass(frozen=True, eq=False)
class _Of:
    """A model of some of the factors: columns of shares[n, k]."""

    columns: np.ndarray
    model: Any

    def predict(self, shares: np.ndarray) -> np.ndarray:
        """float64[n]."""
        own = shares[:, self.columns]
        return np.concatenate([self.model.predict(own[n:n + _AT_ONCE]) for n in range(0, len(own), _AT_ONCE)])


#: Mean squared error in folds not seen, a model each fold, and what each point's unseen model says of it.
type _Tried = tuple[float, list[_Of], np.ndarray]


def _in_folds(columns: np.ndarray, make: Callable[[int], Any], shares: np.ndarray, y: np.ndarray,
              progress: Callable[[int], None]) -> _Tried:
    fold, models, said = np.arange(len(y)) % _FOLDS, [], np.zeros(len(y))
    for k in range(_FOLDS):
        seen, own = fold != k, shares[:, columns]
        models.append(_Of(columns, make(k).fit(own[seen], y[seen])))
        said[~seen] = models[-1].predict(shares[~seen])
        progress(1)
    return float(((y - said)**2).mean()), models, said


def _nearest(shares: np.ndarray, y: np.ndarray, seed: int, progress: Callable[[int], None]) -> _Tried:
    """Of all that is tried, what errs least in folds not seen. Boosting of all factors says which of them matter; boosting
    and a Gaussian process of these alone have less noise to follow."""
    every = np.arange(shares.shape[1])
    tried = _boosted(every, shares, y, progress)
    kept = _that_matter(min(tried, key=lambda one: one[0]), shares, y, seed)
    if len(kept):
        strongest = kept[:_STRONGEST]
        shape = _Process(strongest).fit(shares[:_SHAPED], y[:_SHAPED]).shape
        tried += [*_boosted(np.sort(kept), shares, y, progress),
                  _in_folds(every, lambda k: _Process(strongest, shape), shares, y, progress)]
    else:
        progress(FITS - _FOLDS * len(tried))
    return min(tried, key=lambda one: one[0])


def _boosted(columns: np.ndarray, shares: np.ndarray, y: np.ndarray, progress: Callable[[int], None]) -> list[_Tried]:
    from sklearn.ensemble import HistGradientBoostingRegressor

    return [_in_folds(columns, lambda k, leaves=leaves: HistGradientBoostingRegressor(  # type: ignore[misc]
        max_iter=600, learning_rate=0.06, max_leaf_nodes=leaves, min_samples_leaf=10, l2_regularization=1.0,
        early_stopping=True, validation_fraction=0.15, n_iter_no_change=15, random_state=k), shares, y, progress)
        for leaves in _LEAVES]


def _that_matter(best: _Tried, shares: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    """int64[kept]: factors without which unseen points are told worse, the strongest first: each is shuffled among the
    points of a fold (Breiman 2001)."""
    fold, rng = np.arange(len(y)) % _FOLDS, np.random.default_rng(np.random.SeedSequence([seed, _PURPOSE, 2]))
    worse = np.zeros((_FOLDS, shares.shape[1]))
    for k, model in enumerate(best[1]):
        own, told = shares[fold == k], y[fold == k]
        before = ((model.predict(own) - told)**2).mean()
        for j in range(shares.shape[1]):
            without = own.copy()
            without[:, j] = rng.permutation(own[:, j])
            worse[k, j] = ((model.predict(without) - told)**2).mean() - before
    mean, error = worse.mean(axis=0), worse.std(axis=0, ddof=1) / np.sqrt(_FOLDS)
    order = np.argsort(-mean, kind="stable")
    return order[(mean > _MATTERS * error)[order]]


@dataclass
class _Process:
    """A straight part of every factor, which is what many weak ones need, and of what that leaves a Gaussian process of the
    strongest, smooth in each over a length of its own, beside luck."""

    strongest: np.ndarray
    shape: Any = None

    def fit(self, shares: np.ndarray, y: np.ndarray) -> _Process:
        """Learn; where lengths are not known yet, from the first points."""
        import warnings

        from sklearn.exceptions import ConvergenceWarning
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
        from sklearn.linear_model import RidgeCV

        self.straight = RidgeCV(np.logspace(-2, 4, 13)).fit(shares, y)
        own, left = shares[:, self.strongest], y - self.straight.predict(shares)
        if self.shape is None:
            unknown = [ConstantKernel(1.0, (1e-3, 1e3)) * Matern(np.full(own.shape[1], length), (0.05, 50.0), nu=2.5)
                       + WhiteKernel(0.2, (1e-6, 10.0)) for length in _LENGTHS]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)  # a length at its end: straight, or nothing
                few = [GaussianProcessRegressor(one, normalize_y=True).fit(own[:_SHAPED], left[:_SHAPED])
                       for one in unknown]
            self.shape = max(few, key=lambda one: one.log_marginal_likelihood_value_).kernel_
        self.rest = GaussianProcessRegressor(self.shape, normalize_y=True, optimizer=None).fit(own, left)
        return self

    def predict(self, shares: np.ndarray) -> np.ndarray:
        """float64[n]."""
        own, back = np.unique(shares[:, self.strongest], axis=0, return_inverse=True)  # a design for indices repeats them
        return np.asarray(self.straight.predict(shares) + self.rest.predict(own)[back])


def _luck(Y: np.ndarray, seed: int) -> tuple[float, Estimate]:
    """(the variance of a point's mean that is luck, the part of the variance of one run that is): what runs of a point
    differ in, beyond what their seeds do everywhere; the interval draws points again."""
    if Y.shape[1] < 2:
        return np.nan, Estimate(np.nan, np.nan, np.nan)

    def told(Y: np.ndarray) -> tuple[float, float]:
        (n, R), y = Y.shape, Y.mean(axis=1)
        apart = Y - Y.mean(axis=0) - (y - y.mean())[:, None]
        one = float((apart**2).sum() / ((R - 1) * (n - 1)))
        return one / R, one / max(one + float(y.var(ddof=1)) - one / R, 1e-300)

    rng = np.random.default_rng(np.random.SeedSequence([seed, _PURPOSE, 1]))
    draws = [told(Y[rng.integers(0, len(Y), len(Y))])[1] for _ in range(200)]
    luck, share = told(Y)
    return luck, Estimate(share, *(float(end) for end in np.quantile(draws, [0.025, 0.975])))


def emulate(sweep: Sweep, outcome: str | Outcome = "lets_dance", missing: float | None = None, seed: int = 1) -> Emulator:
    """An emulator of an outcome, learnt from a finished sweep; a Latin hypercube or a Sobol' sequence serves best.

    missing: a number in the place of what is not a number. Raises `Refused`.
    """
    from letsdance.experiments.precision import bounds
    from letsdance.experiments.sensitivity import check_missing, responses, runs_of

    check_missing(missing)
    asked = parse(outcome)
    frame = runs_of(sweep, asked)
    Y = responses(frame, asked, missing)
    plan = sweep.plan
    names = [factor.name for factor in turned(plan.design.factors)]
    within = bounds(asked)
    ends = (-np.inf, np.inf) if within is None else (float(within[0]), float(within[1]))
    return learn(plan.design.factors, plan.design.table[names].to_numpy(np.float64), Y, asked, seed, ends, plan)


__all__ = ["Emulated", "Emulator", "emulate", "learn"]
