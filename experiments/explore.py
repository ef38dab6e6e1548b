"""Which portfolios are promising: all of them where they are few, else an optimiser; the same seeds for each.

Two aims at once: low cost and high success. Portfolios are run on paired seeds (common random numbers), first a few,
then the rest only where the portfolio can still be on the front: this loses nothing that all runs would have kept. An
emulator says which to run next and never what came of one: that is always measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

import numpy as np

from letsdance.experiments import portfolios
from letsdance.experiments.portfolios import Portfolio, Space, ordered
from letsdance.experiments.success import Evaluate, together

#: Seeds of the first look at a portfolio.
FIRST = 4
_BATCH = 50  # portfolios judged between two updates of the front; also NSGA-II's population
_GLOBAL = 0.5  # share of the evaluations before the emulator chooses
_DRAWN, _TREES = 3000, 100  # portfolios drawn beside the neighbours of the front, each time; trees of the emulator
_PURPOSE = 0x5EA4C4  # names this use of the seed


class Explored:
    """What has been run: scores of each portfolio, and the front so far."""

    def __init__(self, space: Space, evaluate: Evaluate, seeds: np.ndarray, budget: float | None = None,
                 threads: int = 1, progress: Callable[[int], None] | None = None) -> None:
        self.space, self.evaluate, self.seeds, self.threads = space, evaluate, seeds, threads
        self.budget = np.inf if budget is None else budget
        self.progress = progress or (lambda count: None)
        self.costs: dict[Portfolio, float] = {}
        self.scores: dict[Portfolio, np.ndarray] = {}
        self.runs = 0
        self._front = np.array([-np.inf]), np.array([-np.inf])  # costs, and the best rating up to each

    def cost(self, portfolio: Portfolio) -> float:
        """Points, counted once."""
        if portfolio not in self.costs:
            self.costs[portfolio] = self.space.cost(portfolio)
        return self.costs[portfolio]

    def rating(self, scores: np.ndarray, more: int = 0) -> float:
        """Share of successes; among equals the nearer one is higher. `more` runs that are still to come all succeed."""
        n = len(scores) + more
        held = (np.sum(scores >= 1.0) + more) / n
        return float(held + (np.sum(scores) + more) / n / (len(self.seeds) + 1))

    def rated(self, portfolio: Portfolio) -> float:
        """The rating by the runs made so far; -1 where none was worth making."""
        scores = self.scores[portfolio]
        return self.rating(scores) if len(scores) else -1.0

    def hopeless(self, portfolio: Portfolio, scores: np.ndarray) -> bool:
        """Whether something no dearer is better, even if every run still to come succeeds."""
        costs, best = self._front
        cost = self.cost(portfolio)
        hope = self.rating(scores, len(self.seeds) - len(scores))
        cheaper, as_dear = np.searchsorted(costs, cost) - 1, np.searchsorted(costs, cost, side="right") - 1
        return bool(best[cheaper] >= hope or best[as_dear] > hope)

    def reached(self, costs: np.ndarray) -> np.ndarray:
        """The best rating so far at no more than each cost; 0 where nothing has one."""
        known, best = self._front
        return np.maximum(best[np.searchsorted(known, costs, side="right") - 1], 0.0)

    def judge(self, batch: Iterable[Portfolio]) -> None:
        """Run what is new in a batch, as far as needed; what is over budget is not run."""
        fresh = [p for p in dict.fromkeys(batch) if p not in self.scores and self.cost(p) <= self.budget]
        for p in fresh:
            self.scores[p] = np.zeros(0)
        for first, last in ((0, min(FIRST, len(self.seeds))), (FIRST, len(self.seeds))):
            going = [p for p in fresh if len(self.scores[p]) == first < last and not self.hopeless(p, self.scores[p])]
            found = together(self.evaluate, [(p, self.seeds[first:last]) for p in going], self.threads)
            for p, scores in zip(going, found, strict=True):
                self.scores[p] = np.concatenate([self.scores[p], np.asarray(scores, np.float64)])
            self.runs += len(going) * (last - first)
        done = [p for p in fresh if len(self.scores[p]) == len(self.seeds)]
        costs = np.concatenate([self._front[0], [self.cost(p) for p in done]])
        best = np.concatenate([self._front[1], [self.rating(self.scores[p]) for p in done]])
        order = np.lexsort((best, costs))
        self._front = costs[order], np.maximum.accumulate(best[order])
        self.progress(len(fresh))

    def whole(self) -> list[Portfolio]:
        """Those that met all seeds, cheapest first."""
        return sorted((p for p, scores in self.scores.items() if len(scores) == len(self.seeds)),
                      key=lambda p: (self.cost(p), portfolios.code(p)))

    def front(self) -> list[Portfolio]:
        """Those that no other dominates, by rating, cheapest first."""
        whole = self.whole()
        on = portfolios.on_front([self.cost(p) for p in whole], [self.rated(p) for p in whole])
        return [p for p, is_on in zip(whole, on, strict=True) if is_on]


def enumerate_all(explored: Explored) -> None:
    """Every portfolio, cheapest first: once something succeeds in every run, nothing dearer needs a run."""
    rest = iter(sorted(explored.space.portfolios(), key=lambda p: (explored.cost(p), len(p), portfolios.code(p))))
    while batch := list(islice(rest, _BATCH)):
        explored.judge(batch)


def optimise(explored: Explored, evaluations: int, seed: int) -> None:
    """NSGA-II (Deb et al. 2002) by optuna, then what an emulator of all that was run expects most from.

    NSGA-II starts from doing nothing and every lever alone, at its strongest and longest; the emulator has the second
    half of the evaluations. From Lone Ranger with 300 of them (4 seeds), what is reached on fresh seeds up to each cost
    was 0.50 in the mean over costs, with the neighbours of the front in the emulator's place 0.44, and 0.47 with the 500
    that take as many runs. TPE found no better fronts than NSGA-II and took ten times as long for 300 portfolios.
    """
    import optuna

    space = explored.space
    slots = {f"lever {k}": ["-", *sorted(space.uses)] for k in range(space.most)}
    ways = {name: sorted({getattr(use, name) for uses in space.uses.values() for use in uses},
                         key=lambda value: np.inf if value is None else value)
            for name in portfolios.WAYS if name not in ("where", "whom") or any(
                getattr(use, name) for uses in space.uses.values() for use in uses)}
    number = int(np.random.SeedSequence([seed, _PURPOSE]).generate_state(1)[0])
    sampler = optuna.samplers.NSGAIISampler(population_size=_BATCH, seed=number)
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        study = optuna.create_study(directions=["minimize", "maximize"], sampler=sampler)
        alone = [space.strongest(name) for name in space.uses]
        for uses in [(), *((use,) for use in alone)]:
            study.enqueue_trial(encoded(uses, space, ways))
        explored.judge([(), *((use,) for use in alone)])
        for _ in range(max(1, round(evaluations * _GLOBAL / _BATCH))):
            trials = [study.ask() for _ in range(_BATCH)]
            batch = [decoded(trial, space, slots, ways) for trial in trials]
            explored.judge(batch)
            for trial, portfolio in zip(trials, batch, strict=True):
                over = explored.cost(portfolio) - explored.budget
                study.tell(trial, [explored.cost(portfolio), -1.0 - over if over > 0 else explored.rated(portfolio)])
    finally:
        optuna.logging.set_verbosity(level)
    likely = Likely(explored, np.random.default_rng([seed, _PURPOSE]))
    while len(explored.scores) < evaluations and (batch := likely.next(min(_BATCH, evaluations - len(explored.scores)))):
        explored.judge(batch)


class Likely:
    """An emulator of portfolios: which of them may push the front out, learnt from all that were run.

    Extremely randomised trees (Geurts, Ernst and Wehenkel 2006) of the rating by how each lever is used. They differ most
    where little is known; what is expected beyond the front at a portfolio's cost takes both into account (expected
    improvement, Jones, Schonlau and Welch 1998; for choices such as these Hutter, Hoos and Leyton-Brown 2011).
    """

    def __init__(self, explored: Explored, rng: np.random.Generator) -> None:
        self.explored, self.rng = explored, rng
        self.at = {name: k for k, name in enumerate(sorted(explored.space.uses))}
        end = explored.space.quarters
        self.told = {use: (explored.cost((use,)), use.strength, use.start,
                           end if use.duration is None else min(end, use.start + use.duration), k + 1)
                     for uses in explored.space.uses.values() for k, use in enumerate(uses)}

    def described(self, some: Sequence[Portfolio]) -> np.ndarray:
        """float64[n, levers * 5]: of each lever its points, strength, first and last quarter, way; 0 without it."""
        told = np.zeros((len(some), len(self.at), 5))
        for row, portfolio in zip(told, some, strict=True):
            for use in portfolio:
                row[self.at[use.name]] = self.told[use]
        return told.reshape(len(some), -1)

    def pool(self) -> list[Portfolio]:
        """Not yet tried and within the budget: all neighbours of the front, and some of all there are."""
        space, names = self.explored.space, list(self.at)
        near = [other for p in self.explored.front() for other in space.neighbours(p)]
        sizes = self.rng.integers(1, space.most + 1, _DRAWN)
        far = [ordered([space.uses[name][self.rng.integers(len(space.uses[name]))]
                        for name in self.rng.choice(names, size, replace=False)]) for size in sizes]
        return [p for p in dict.fromkeys([*near, *far])
                if p not in self.explored.scores and self.explored.cost(p) <= self.explored.budget]

    def next(self, count: int) -> list[Portfolio]:
        """Those from which most is expected; none where all that are near or drawn have been tried."""
        from scipy.stats import norm
        from sklearn.ensemble import ExtraTreesRegressor

        explored, some = self.explored, self.pool()
        known = [p for p, scores in explored.scores.items() if len(scores)]
        if not some or not known:
            return some[:count]
        trees = ExtraTreesRegressor(_TREES, min_samples_leaf=2, max_features=0.5, n_jobs=explored.threads,
                                    random_state=int(self.rng.integers(2**31)))
        trees.fit(self.described(known), [explored.rated(p) for p in known], [len(explored.scores[p]) for p in known])
        asked = self.described(some)
        said = np.array([tree.predict(asked) for tree in trees.estimators_])
        beyond = said.mean(0) - explored.reached(np.array([explored.cost(p) for p in some]))
        spread = np.maximum(said.std(0), 1e-9)
        expected = beyond * norm.cdf(beyond / spread) + spread * norm.pdf(beyond / spread)
        return [some[k] for k in np.argsort(-expected, kind="stable")[:count]]


def encoded(uses: Sequence[Any], space: Space, ways: dict[str, list[Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for k in range(space.most):
        use = uses[k] if k < len(uses) else None
        values[f"lever {k}"] = use.name if use else "-"
        for name, known in ways.items():
            values[f"{name} {k}"] = getattr(use, name) if use else known[0]
    return values


def decoded(trial: Any, space: Space, slots: dict[str, list[str]], ways: dict[str, list[Any]]) -> Portfolio:
    """What a trial stands for: a lever that is drawn twice counts once, in its first use."""
    uses = {}
    for k, (slot, names) in enumerate(slots.items()):
        name = trial.suggest_categorical(slot, names)
        drawn = {way: trial.suggest_categorical(f"{way} {k}", known) for way, known in ways.items()}
        if name != "-" and name not in uses:
            if drawn["duration"] is not None and drawn["start"] + drawn["duration"] > space.quarters:
                drawn["duration"] = None
            if drawn.get("whom") and all(use.whom != drawn["whom"] for use in space.uses[name]):
                drawn["whom"] = ""  # this lever cannot be for a group
            alike = [use for use in space.uses[name] if all(
                getattr(use, way) == value for way, value in drawn.items() if way != "duration")]
            # else this duration reaches past the horizon from this start only
            uses[name] = next((use for use in alike if use.duration == drawn["duration"]), alike[0])
    return ordered(list(uses.values()))
