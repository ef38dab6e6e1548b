"""Search over worlds for several aims at once: what costs little, succeeds, is fair, is trusted, and leaves nobody behind.

    search(Worlds(20, within="30%"), "lone_ranger", aims=["success", "T", "representativeness"]).front

NSGA-II (Deb et al. 2002) looks for portfolios that no other beats in every aim, an aim being a robust measure over worlds:
the mean, the worst tenth, regret, or in how many worlds enough is reached. What was found is measured again in fresh
worlds on fresh seeds, because the best of many looks better than it is where it was chosen. Each portfolio is kept as it
is done: the same words go on where they stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance import scenarios
from letsdance.experiments import pieces, portfolios, search_emulated
from letsdance.experiments.emulator import FITS
from letsdance.experiments.explore import decoded, encoded
from letsdance.experiments.outcomes import Condition, Outcome, parse, parse_condition
from letsdance.experiments.over_worlds import tenth
from letsdance.experiments.parts_of_luck import mean_over
from letsdance.experiments.portfolios import Portfolio, Space, code
from letsdance.experiments.search_emulated import Pairs, Taught, promising
from letsdance.experiments.success import MAJORITY
from letsdance.experiments.windtunnel import less_is_better
from letsdance.experiments.worlds import Worlds, put, rows
from letsdance.params import Refused, check_whole, nearest
from letsdance.scenarios import Scenario, ScenarioLike
from letsdance.simulation import municipalities as places
from letsdance.simulation import schedule
from letsdance.simulation.run import Result, run_seeds
from letsdance.simulation.society import cores
from letsdance.words import IN_ENGLISH, Text

if TYPE_CHECKING:
    import pandas as pd

#: What is aimed at unless said, beside the points, of which less is always better.
AIMS = ("success", "representativeness", "T", "late_adopter_gap")
#: Robust measures of an aim over worlds; a text says what each is.
MEASURES = ("mean", "worst_tenth", "regret", "satisficing")
#: Deviations from what is assumed at which finalists are tried, and the share of worlds that must be satisfied there.
RADII, SATISFIED = (0.1, 0.2, 0.3, 0.4, 0.5), 0.9
_POPULATION, FINALISTS, _RUNS_AT_MOST = 40, 10, 5_000_000
_AT_ONCE = 50  # pairs that are kept together
_PURPOSE = 0x5EA4C5  # names this use of the seed
#: Pairs of a portfolio and a world that an emulator learns from.
PAIRS = 1000
#: portfolio -> float64[aims, worlds, runs], more is better; in place of the model.
Evaluate = Callable[[Portfolio], np.ndarray]


@dataclass(frozen=True, eq=False)
class Found:
    """What a search over worlds found.

    tried: one row a portfolio (portfolio, cost, a column each aim as its robust measure, more is better). front: the
    finalists in fresh worlds: portfolio, cost, each aim's measure there, success with its interval over worlds and luck,
    radius (how far parameters may lie from what is assumed with enough success in nine of ten worlds), tied (not told
    apart from the first in any aim), words; best success first. portfolios: those of the front, by their code. seeds: one
    row a seed of the optimiser: what part of the front it found alone. runs: of the model in all. taught: where an emulator
    said which portfolios to run, what it learnt from, and how far to believe it.
    """

    scenario: Scenario
    worlds: Worlds
    aims: tuple[str, ...]
    measure: str
    condition: Condition
    tried: pd.DataFrame
    front: pd.DataFrame
    seeds: pd.DataFrame
    runs: int
    portfolios: Mapping[str, Portfolio]
    taught: Taught | None = None

    def told(self, code: str, text: Text = IN_ENGLISH) -> str:
        """A portfolio of the front, in words."""
        return portfolios.words(self.portfolios[code], codes=False, text=text)

    @property
    def answer(self) -> str:
        """`said`, in English."""
        return self.said()

    def said(self, text: Text = IN_ENGLISH) -> str:
        """The best of the front, and how surely."""
        first = self.front.iloc[0]
        ties = int(self.front["tied"].sum()) - 1
        share = text("report.with_band", value=text.percent(first["success_mean"]),
                     band=text.percents(first["low"], first["high"]))
        return text("report.search_front_answer", start=text.start(self.scenario.title), n=len(self.front),
                    tried=text.number(len(self.tried)), portfolio=self.told(first["portfolio"], text), share=share,
                    points=text.in_points(text.price(first["cost"])), ties="" if ties < 1 else text(
                        "report.search_front_tie" if ties == 1 else "report.search_front_ties", n=ties))

    def __repr__(self) -> str:
        return self.answer


def measured(good: np.ndarray, how: str, best: np.ndarray, enough: float) -> float:
    """A robust measure of one aim, good[world, run] (more is better), itself more being better; best: float64[world], of
    regret; enough: what satisfies a world."""
    means = good.mean(axis=1)
    if how == "worst_tenth":
        return tenth(means)
    if how == "regret":
        return -float(np.maximum(best - means, 0.0).max())
    if how == "satisficing":
        return float((means >= enough).mean())
    return float(means.mean())


def undominated(points: np.ndarray) -> np.ndarray:
    """bool[n]: which of points[n, aims] (more is better) no other is at least as good as in all aims and better in one."""
    better = (points[None] >= points[:, None]).all(axis=2) & (points[None] > points[:, None]).any(axis=2)
    return np.asarray(~better.any(axis=1))


def in_turn[T, U](action: Callable[[T], U], some: Sequence[T], threads: int) -> Iterator[U]:
    """What an action makes of each, in order, as it is done."""
    if threads == 1:  # here, so that nothing goes on when somebody stops it
        yield from map(action, some)
    else:
        with ThreadPoolExecutor(threads) as pool:
            yield from pool.map(action, some)


class Kept(pieces.Kept):
    """Portfolios as they are done, in memory and perhaps in a file that the same words go on with."""

    def __init__(self, evaluate: Evaluate, head: dict[str, Any], file: str | Path | None, threads: int,
                 progress: Callable[[int], None] | None) -> None:
        super().__init__(file, head)
        self.evaluate, self.threads = evaluate, threads
        self.progress = progress or (lambda count: None)
        self.done: dict[Portfolio, np.ndarray] = {}

    def judge(self, batch: Iterable[Portfolio]) -> None:
        """Do what is new in a batch."""
        fresh = [p for p in dict.fromkeys(batch) if p not in self.done]
        todo = [p for p in fresh if code(p) not in self.stored]
        self.progress(len(fresh) - len(todo))
        found = {}
        for p, good in zip(todo, in_turn(self.evaluate, todo, self.threads), strict=True):
            found[p] = good
            self.write({code(p): good.tolist()})
            self.progress(1)
        for p in fresh:
            self.done[p] = np.array(self.stored[code(p)]) if p not in found else found[p]

    def taught(self, really: Pairs) -> Pairs:
        """What pairs of a portfolio and a world come to, each as it is kept or, some at a time, really run. A pair goes by
        its place in the order of draws, beside its portfolio, because other levers draw other ones."""
        def of(portfolios: Sequence[Portfolio], table: pd.DataFrame) -> np.ndarray:
            names, known = [f"pair {k} {code(p)}" for k, p in enumerate(portfolios)], dict[str, np.ndarray]()
            for lo in range(0, len(names), _AT_ONCE):
                some = range(lo, min(lo + _AT_ONCE, len(names)))
                todo = [k for k in some if names[k] not in self.stored]
                values = really([portfolios[k] for k in todo], table.iloc[todo]) if todo else np.zeros((0, 0, 0))
                found = {names[k]: values[:, n] for n, k in enumerate(todo)}
                self.write({name: one.tolist() for name, one in found.items()})
                known |= {names[k]: np.array(self.stored[names[k]]) for k in some if names[k] in self.stored} | found
                self.progress(len(some))
            return np.stack([known[name] for name in names], axis=1)

        return of


def evaluator(scenario: Scenario, aims: Sequence[str], condition: Condition, worlds: Worlds, runs: int, seed: int,
              municipalities: Any = None) -> Evaluate:
    """The evaluator that runs the model, on one thread: every world on the same seeds."""
    several = [put(scenario, world) for world in rows(worlds.table(scenario))]
    where = None if municipalities is None else places.load(municipalities)
    towns = [places.of(scenario, where) for scenario in several]
    one = _measurer(aims, condition, runs, seed)

    def evaluate(portfolio: Portfolio) -> np.ndarray:
        return np.stack([one(scenario, place, portfolio) for scenario, place in zip(several, towns, strict=True)], axis=1)

    return evaluate


def pairs(scenario: Scenario, aims: Sequence[str], condition: Condition, runs: int, seed: int, municipalities: Any = None,
          threads: int = 1) -> Pairs:
    """What an emulator is taught by: the model, each portfolio in the world beside it, on the seeds of `evaluator`."""
    where = None if municipalities is None else places.load(municipalities)
    one = _measurer(aims, condition, runs, seed)

    def work(pair: tuple[Portfolio, dict[str, Any]]) -> np.ndarray:
        there = put(scenario, pair[1])
        return one(there, places.of(there, where), pair[0])

    def really(portfolios: Sequence[Portfolio], table: pd.DataFrame) -> np.ndarray:
        return np.stack(list(in_turn(work, list(zip(portfolios, rows(table), strict=True)), threads)), axis=1)

    return really


def _measurer(aims: Sequence[str], condition: Condition, runs: int,
              seed: int) -> Callable[[Scenario, Any, Portfolio], np.ndarray]:
    """(a world's scenario, its municipalities, a portfolio) -> float64[aims, runs], more is better."""
    seeds = np.arange(seed, seed + runs, dtype=np.uint64)
    outcomes = {aim: parse(aim) for aim in aims if aim != "success"}

    def one(scenario: Scenario, place: Any, portfolio: Portfolio) -> np.ndarray:
        there = replace(scenario, levers=(*scenario.levers, *portfolio))
        result = Result(there, place, seeds, *run_seeds(place, schedule.build(there), seeds, 1))
        return np.stack([condition.holds(condition.outcome.of(result)) if aim == "success" else
                         _good(outcomes[aim], outcomes[aim].of(result)) for aim in aims]).astype(np.float64)

    return one


def _good(outcome: Outcome, values: np.ndarray) -> np.ndarray:
    """More is better; what was not measured counts as none of it, or as the whole where less is better."""
    less = less_is_better(outcome)
    return np.asarray(-np.nan_to_num(values, nan=1.0) if less else np.nan_to_num(values, nan=0.0))


def _seen_in_time(outcomes: Sequence[Outcome], last: int) -> None:
    """Refuse an outcome that looks beyond the horizon."""
    for outcome in outcomes:
        if (outcome.last or 0) > last:
            raise Refused("{outcome} looks at quarter {at}, after the horizon of {last}; name an earlier quarter or raise "
                          "quarters.", outcome=outcome, at=outcome.last, last=last)


def search(worlds: Worlds, scenario: ScenarioLike, aims: Sequence[str] = AIMS, robustly: str = "mean",
           levers: Sequence[str] | None = None, starts: Sequence[int] = portfolios.STARTS,
           durations: Sequence[int | None] = portfolios.DURATIONS, strengths: Sequence[float] = portfolios.STRENGTHS,
           most: int = 3, condition: str | Condition = MAJORITY, enough: float = 0.5, runs: int = 3, fresh_worlds: int = 60,
           evaluations: int = 600, seed: int = 1, optimisers: int = 2, file: str | Path | None = None,
           where: Sequence[str] = portfolios.EVERYWHERE, whom: Sequence[str] = portfolios.EVERYBODY,
           municipalities: Any = None, threads: int | None = None,
           progress: Callable[[int], None] | None = None, emulator: bool = False,
           evaluate: Evaluate | None = None, evaluate_fresh: Evaluate | None = None,
           teacher: Pairs | None = None, budget: float | None = None) -> Found:
    """Find portfolios that no other beats in every aim, over worlds.

    aims: "success" (the condition holds in a run) and outcomes, each better as `windtunnel.LESS` has it; points are always
    an aim. robustly: one of MEASURES, for every aim; enough: of satisficing and of the radius, for success. runs: in each
    world. fresh_worlds: in which finalists are measured, on further seeds. evaluations: portfolios to try in all, by so
    many optimisers, each with a seed of its own. file: where portfolios are kept as they are done; there already, it is
    gone on with. emulator: it learns from PAIRS runs of a portfolio in a world of its own and says which portfolios to run;
    the front is that of those, really run in every world. budget: points that a portfolio may cost at most. Levers as in
    `letsdance.search`. Raises `Refused`. Numbers depend neither on threads nor on interruptions.
    """
    scenario = scenarios.load(scenario)
    if robustly not in MEASURES:
        raise Refused("there is no robust measure {robustly!r}.{near} Known: {known}.", robustly=robustly,
                      near=nearest(str(robustly), MEASURES), known=", ".join(MEASURES))
    wanted = tuple(dict.fromkeys(aim if aim == "success" else str(parse(aim)) for aim in aims if aim != "cost"))
    if not wanted:
        raise Refused("name at least one aim beside the points: success, or an outcome such as T@40-60.")
    asked = parse_condition(condition)
    of = [asked.outcome if aim == "success" else parse(aim) for aim in wanted]
    _seen_in_time([asked.outcome, *of], scenario.quarters)
    for name, value, least in (("runs", runs, 1), ("fresh_worlds", fresh_worlds, 2), ("evaluations", evaluations, 10),
                               ("seed", seed, 0), ("optimisers", optimisers, 1)):
        check_whole(name, value, least, 1_000_000)
    space = portfolios.space(scenario, levers, starts, durations, strengths, most, where, municipalities, whom)
    total = ((confirmed(evaluations) if emulator else evaluations) + FINALISTS * len(RADII)) * worlds.worlds * runs + (
        FINALISTS * fresh_worlds + PAIRS * emulator) * runs
    if total > _RUNS_AT_MOST:
        raise Refused("this search would take {total:,} runs, more than {most:,}; lower evaluations ({evaluations:,}), "
                      "worlds ({worlds:,}) or runs ({runs:,}).", total=total, most=_RUNS_AT_MOST, evaluations=evaluations,
                      worlds=worlds.worlds, runs=runs)
    workers = cores() if threads is None else check_whole("threads", threads, 1, 1024)
    own = evaluate is None
    score = evaluate or evaluator(scenario, wanted, asked, worlds, runs, seed, municipalities)
    own_places = {} if municipalities is None else {"municipalities": places.to_csv(places.load(municipalities))}
    head = {"scenario": scenario.to_toml(), "aims": list(wanted), "condition": str(asked), "runs": runs,
            "worlds": worlds.to_toml(), "seed": seed, **({"emulator": True} if emulator else {}), **own_places}
    if running := pieces.sources([scenario], worlds.alternatives.get("mechanism", ())):
        head["mechanisms"] = running
    kept = Kept(score, head, file, workers, progress)
    goals = _Goals(kept, space, wanted, robustly, enough, budget)
    teacher = teacher or pairs(scenario, wanted, asked, runs, seed, municipalities, workers)
    taught = None if not emulator else search_emulated.teach(
        worlds, scenario, space, kept.taught(teacher), wanted, of, PAIRS, runs, seed, workers, kept.progress)
    by_seed = _guided(goals, taught, evaluations, optimisers, seed) if taught is not None else [
        _optimise(goals, evaluations // optimisers, seed + k) for k in range(optimisers)]
    fresh_of = replace(worlds, worlds=fresh_worlds, seed=worlds.seed + 1_000_003)
    fresh = evaluate_fresh or (
        evaluator(scenario, wanted, asked, fresh_of, runs, seed + runs, municipalities) if own else score)
    found = _told(goals, by_seed, fresh, scenario, worlds, asked, municipalities if own else None, runs, seed, own, workers)
    return found if taught is None else replace(found, taught=taught, runs=found.runs + PAIRS * runs)


def confirmed(evaluations: int) -> int:
    """How many portfolios are really run in every world, of so many that an emulator looks at."""
    return max(4 * FINALISTS, evaluations // 5)


def steps(evaluations: int, emulator: bool, aims: int) -> int:
    """How often `progress` is told of one portfolio (with an emulator also of a pair, of a model that was learnt and of a
    portfolio that it was asked about), at most; finalists are told of at each radius, too."""
    looked = PAIRS + FITS * aims + evaluations + confirmed(evaluations) if emulator else evaluations
    return looked + FINALISTS * (1 + len(RADII))


def _guided(goals: _Goals, taught: Taught, evaluations: int, optimisers: int, seed: int) -> list[list[Portfolio]]:
    """What optimisers try on the emulator; those that it expects most of are really run."""
    asked = Kept(taught.evaluate, {}, None, 1, goals.kept.progress)
    guess = _Goals(asked, goals.space, goals.aims, goals.how, goals.enough, goals.budget)
    by_seed = [_optimise(guess, evaluations // optimisers, seed + k) for k in range(optimisers)]
    everything, best = list(guess.kept.done), guess.best()
    chosen = promising(np.array([guess.point(p, best) for p in everything]), confirmed(evaluations))
    for k in range(0, len(chosen), FINALISTS):  # kept as they are done
        goals.judge(everything[n] for n in chosen[k:k + FINALISTS])
    return by_seed


class _Goals:
    """Portfolios as points to be made large: less cost, and each aim's robust measure."""

    def __init__(self, kept: Kept, space: Space, aims: Sequence[str], how: str, enough: float,
                 budget: float | None = None) -> None:
        self.kept, self.space, self.aims, self.how, self.enough = kept, space, tuple(aims), how, enough
        self.budget = np.inf if budget is None else budget

    def judge(self, batch: Iterable[Portfolio]) -> None:
        self.kept.judge(batch)

    def cost(self, portfolio: Portfolio) -> float:
        return self.space.cost(portfolio)

    def best(self) -> np.ndarray:
        """float64[aims, worlds]: the best mean of any tried, in each world."""
        return np.asarray(np.max([good.mean(axis=2) for good in self.kept.done.values()], axis=0))

    def point(self, portfolio: Portfolio, best: np.ndarray) -> list[float]:
        """Less cost, then the aims."""
        good = self.kept.done[portfolio]
        return [-self.cost(portfolio), *(measured(good[k], self.how, best[k], self.enough) for k in range(len(self.aims)))]

    def front(self, of: Sequence[Portfolio]) -> list[Portfolio]:
        """Those that none of these beats in every aim, once where several are alike."""
        best = self.best()
        points = np.array([self.point(p, best) for p in of])
        return [p for p, on in zip(of, undominated(points), strict=True) if on]


def _optimise(goals: _Goals, evaluations: int, seed: int) -> list[Portfolio]:
    """Portfolios that one optimiser tries: doing nothing and every lever alone first, then NSGA-II."""
    import optuna

    space = goals.space
    slots = {f"lever {k}": ["-", *sorted(space.uses)] for k in range(space.most)}
    ways: dict[str, list[Any]] = {name: sorted({getattr(use, name) for uses in space.uses.values() for use in uses},
                                               key=lambda value: np.inf if value is None else value)
                                  for name in ("start", "duration", "strength")}
    number = int(np.random.SeedSequence([seed, _PURPOSE]).generate_state(1)[0])
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    tried: dict[Portfolio, None] = {}
    try:
        study = optuna.create_study(directions=["maximize"] * (1 + len(goals.aims)), sampler=optuna.samplers.NSGAIISampler(
            population_size=_POPULATION, seed=number))
        for uses in [(), *((space.strongest(name),) for name in space.uses)]:
            study.enqueue_trial(encoded(uses, space, ways))
        asks, stale = 0, 0
        while len(tried) < min(evaluations, space.size) and stale < 20 and asks < 20 * evaluations:
            trials = [study.ask() for _ in range(_POPULATION)]
            batch = [decoded(trial, space, slots, ways) for trial in trials]
            payable = [p for p in batch if goals.cost(p) <= goals.budget]
            before, asks = len(tried), asks + len(trials)
            tried |= dict.fromkeys(payable)
            stale = 0 if len(tried) > before else stale + 1
            goals.judge(payable)
            best = goals.best()
            for trial, portfolio in zip(trials, batch, strict=True):
                if portfolio in tried:
                    study.tell(trial, goals.point(portfolio, best))
                else:
                    study.tell(trial, state=optuna.trial.TrialState.FAIL)
    finally:
        optuna.logging.set_verbosity(level)
    return list(tried)


def _told(goals: _Goals, by_seed: Sequence[Sequence[Portfolio]], fresh: Evaluate, scenario: Scenario, worlds: Worlds,
          condition: Condition, municipalities: Any, runs: int, seed: int, own: bool, workers: int) -> Found:
    import pandas as pd

    everything = list(goals.kept.done)
    best = goals.best()
    tried = pd.DataFrame([[code(p), *goals.point(p, best)] for p in everything], columns=["portfolio", "cost", *goals.aims])
    tried["cost"] *= -1.0
    front = goals.front(everything)
    main = "success" if "success" in goals.aims else goals.aims[0]
    at = goals.aims.index(main)
    chosen = sorted(front, key=lambda p: (-goals.point(p, best)[1 + at], goals.cost(p), code(p)))[:FINALISTS]
    values = {}
    for p, good in zip(chosen, in_turn(fresh, chosen, workers), strict=True):
        values[p] = good
        goals.kept.progress(1)
    best_fresh = np.max([good.mean(axis=2) for good in values.values()], axis=0)
    order = sorted(chosen, key=lambda p: (-values[p][at].mean(), goals.cost(p), code(p)))
    radius = {} if not own or main != "success" else _radii(
        order, goals, scenario, worlds, condition, municipalities, runs, seed)
    lines = []
    for p in order:
        e = mean_over(values[p][at], 1.0).within((0.0, 1.0)) if main == "success" else mean_over(values[p][at])
        lines.append({"portfolio": code(p), "cost": goals.cost(p), **{
            aim: measured(values[p][k], goals.how, best_fresh[k], goals.enough) for k, aim in enumerate(goals.aims)},
            "success_mean": e.mean, "low": e.low, "high": e.high, "radius": radius.get(p, np.nan),
            "tied": all((d := mean_over(values[p][k] - values[order[0]][k])).low <= 0.0 <= d.high
                        for k in range(len(goals.aims))), "words": portfolios.words(p, codes=False)})
    found = set(front)
    seeds = pd.DataFrame([{"seed": seed + k, "tried": len(mine), "of_the_front": len(found & set(mine)) / len(found)}
                          for k, mine in enumerate(by_seed)])
    return Found(scenario, worlds, goals.aims, goals.how, condition, tried, pd.DataFrame(lines), seeds,
                 len(everything) * worlds.worlds * runs, {code(p): p for p in order})


def _radii(order: Sequence[Portfolio], goals: _Goals, scenario: Scenario, worlds: Worlds, condition: Condition,
           municipalities: Any, runs: int, seed: int) -> dict[Portfolio, float]:
    """How far parameters may lie from what is assumed while nine of ten worlds have enough success; 0 where no radius that
    was tried does. Worlds of one seed are nested, so that a larger radius only stretches them."""
    found = dict.fromkeys(order, 0.0)
    if worlds.within == "fixed":
        return {}
    for radius in RADII:
        score = evaluator(scenario, ("success",), condition, replace(worlds, within=radius), runs, seed, municipalities)
        going = [p for p in order if found[p] == RADII[RADII.index(radius) - 1] or radius == RADII[0]]
        for p in going:
            if (score(p)[0].mean(axis=1) >= goals.enough).mean() >= SATISFIED:
                found[p] = radius
            goals.kept.progress(1)
    return found
