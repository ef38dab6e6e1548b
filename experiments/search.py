"""`search`: which lever portfolio, when and how long, reaches a future with a given chance at least cost.

Candidates are found on one range of seeds, the best of them are chosen on another, and what is said of them is measured on
a third: the best of many looks better than it is where it was chosen (the winner's curse), so nothing is promised that
seeds which chose nothing do not show.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import numpy as np

from letsdance import scenarios
from letsdance.experiments import finalists as few
from letsdance.experiments import portfolios, success
from letsdance.experiments.explore import Explored, enumerate_all, optimise
from letsdance.experiments.outcomes import Condition, parse_condition
from letsdance.experiments.portfolios import Portfolio, Space, code
from letsdance.experiments.success import MAJORITY, Evaluate, chance, evaluator, runs_to_show
from letsdance.experiments.worlds import Worlds, WorldsLike
from letsdance.experiments.worlds import of as worlds_of
from letsdance.params import Refused, check_whole, real
from letsdance.scenarios import Scenario, ScenarioLike
from letsdance.simulation.municipalities import MunicipalitiesLike
from letsdance.simulation.run import simulate
from letsdance.simulation.society import cores
from letsdance.words import IN_ENGLISH, Text

if TYPE_CHECKING:
    import pandas as pd

#: How many are carried to fresh seeds, how many of them into other worlds and into sentences.
FINALISTS, IN_WORLDS, EXPLAINED = 10, 5, 3
#: Runs in each world; worlds drawn unless said, of all uncertain parameters within +- this share of their values.
WORLD_RUNS, DRAWS, SHARE = 20, 12, 0.25
_MOST_RUNS = 2_000_000


@dataclass(frozen=True)
class Plan:
    """What a search will do, known before it runs."""

    scenario: Scenario
    space: Space
    condition: Condition
    chance: float | None
    budget: float | None
    runs: int
    fresh_runs: int
    evaluations: int
    seed: int
    robust: bool
    worlds: Worlds

    @property
    def in_worlds(self) -> int:
        """How many other worlds the first few are put into."""
        return self.robust * (1 + len(scenarios.SHOCKS) + self.worlds.worlds)

    @property
    def exact(self) -> bool:
        """Whether every portfolio is tried."""
        return self.space.size <= self.evaluations

    @property
    def tried(self) -> int:
        """Portfolios that are tried at most."""
        return min(self.space.size, self.evaluations)

    @property
    def looks(self) -> int:
        """Portfolios that fresh seeds may judge, at most: finalists and all parts of them."""
        return min(FINALISTS * 2**self.space.most, self.space.size)

    @property
    def most_runs(self) -> int:
        """Runs at most; usually about half, because runs are not made where nothing can be won."""
        return (self.tried * self.runs + 2 * self.looks * self.fresh_runs
                + IN_WORLDS * self.in_worlds * WORLD_RUNS)

    @property
    def steps(self) -> int:
        """What `progress` counts to, about."""
        return self.tried + 2 * self.looks + IN_WORLDS * self.in_worlds

    @property
    def search_seeds(self) -> np.ndarray:
        """uint64[runs]: on which candidates are found."""
        return np.arange(self.seed, self.seed + self.runs, dtype=np.uint64)

    @property
    def fresh_seeds(self) -> np.ndarray:
        """uint64[fresh_runs]: the next ones, on which the best are chosen."""
        first = self.seed + self.runs
        return np.arange(first, first + self.fresh_runs, dtype=np.uint64)

    @property
    def told_seeds(self) -> np.ndarray:
        """uint64[fresh_runs]: the next ones again, on which is measured what is said of them."""
        return self.fresh_seeds + np.uint64(self.fresh_runs)

    def __str__(self) -> str:
        return self.said()

    def said(self, text: Text = IN_ENGLISH) -> str:
        """What will be done, in a sentence."""
        return text("report.search_plan_all" if self.exact else "report.search_plan_some",
                    size=text.number(self.space.size), most=self.space.most, n=len(self.space.uses),
                    tried=text.number(self.tried), runs=text.number(self.most_runs))


@dataclass(frozen=True, eq=False)
class Search:
    """What a search found: the portfolios tried, those worth having, and what is said of them.

    tried: one row a portfolio on search seeds (portfolio, cost, success, runs). front: one row a finalist: portfolio,
    cost, search_success (where it was found), judged_success (where it was chosen), fresh_success (on seeds that chose
    nothing) with low and high, on_front, pruned_from, holds (what was asked for is shown), tied (not told apart from the
    first, see `finalists.tied`), words; by cost. ranked: the same, best first. without: what is lost without each lever.
    robustness: one row a finalist and world. reasons: why the first few work. low and high hold for all finalists
    together (see `success.chance`); on_front, holds and the order are decided where they were chosen.
    """

    plan: Plan
    tried: pd.DataFrame
    front: pd.DataFrame
    ranked: pd.DataFrame
    without: pd.DataFrame
    robustness: pd.DataFrame
    portfolios: dict[str, Portfolio]
    looks: int
    runs: int
    chosen: Portfolio | None
    reasons: dict[str, few.Why] = field(default_factory=dict)

    @property
    def answer(self) -> str:
        """What works, in a sentence."""
        return self.said()

    @property
    def why(self) -> dict[str, list[str]]:
        """Why the first few work: portfolio -> sentences."""
        return {name: one.said() for name, one in self.reasons.items()}

    def said(self, text: Text = IN_ENGLISH) -> str:
        """What works, or that nothing was found that does, with the best chance and its interval, and what is tied."""
        made, first = self.plan, self.ranked.iloc[0]
        known = portfolios.words(self.portfolios[first["portfolio"]], codes=False, text=text)
        share = text("report.search_share", share=text.percent(first["fresh_success"]), runs=made.fresh_runs,
                     band=text.percents(first["low"], first["high"]))
        values: dict[str, object] = {
            "start": text.start(made.scenario.title), "goal": success.words(made.condition, text), "share": share,
            "within": "" if made.budget is None else text("report.search_within", points=text.cost(made.budget))}
        chance = "" if made.chance is None else text.percent(made.chance)
        if self.chosen is None:
            return text("report.search_none" if made.exact else "report.search_none_found", **values,
                        most=made.space.most, n=len(made.space.uses),
                        asked=chance and text("report.search_asked", chance=chance),
                        best="" if first["fresh_success"] == 0 else text("report.search_best", portfolio=known))
        return text("report.search_most" if made.chance is None else "report.search_least", **values, chance=chance,
                    points=text.cost(first["cost"]), portfolio=known, ties=self._ties(text))

    def _ties(self, text: Text) -> str:
        """Which others do as well as can be told, and the cheapest of them."""
        same = self.ranked.iloc[1:][self.ranked["tied"].iloc[1:]]
        if same.empty:
            return ""
        least = same.sort_values(["cost", "portfolio"]).iloc[0]
        return text("report.search_tie" if len(same) == 1 else "report.search_ties", n=len(same),
                    points=text.cost(least["cost"]),
                    portfolio=portfolios.words(self.portfolios[least["portfolio"]], codes=False, text=text))

    def __repr__(self) -> str:
        return self.answer


class Asked(TypedDict, total=False):
    """What `search` passes on to `plan`."""

    levers: Sequence[str] | None
    starts: Sequence[int]
    durations: Sequence[int | None]
    strengths: Sequence[float]
    most: int
    where: Sequence[str]
    whom: Sequence[str]
    condition: str | Condition
    runs: int
    fresh_runs: int
    evaluations: int
    seed: int
    robust: bool
    worlds: WorldsLike | None


def plan(scenario: ScenarioLike, *, chance: float | None = None, budget: float | None = None,
         levers: Sequence[str] | None = None, starts: Sequence[int] = portfolios.STARTS,
         durations: Sequence[int | None] = portfolios.DURATIONS, strengths: Sequence[float] = portfolios.STRENGTHS,
         most: int = portfolios.MOST, condition: str | Condition = MAJORITY, runs: int = 12, fresh_runs: int = 200,
         evaluations: int = 1500, seed: int = 1, robust: bool = True, worlds: WorldsLike | None = None,
         where: Sequence[str] = portfolios.EVERYWHERE, municipalities: MunicipalitiesLike | None = None,
         whom: Sequence[str] = portfolios.EVERYBODY) -> Plan:
    """What `search` would do with the same words; see there. Raises `Refused` for what cannot be."""
    scenario = scenarios.load(scenario)
    if chance is not None and budget is not None:
        raise Refused("give a chance to reach at least cost, or a budget to do best within, not both.")
    if chance is not None and not (isinstance(chance, int | float) and 0.0 < chance < 1.0):
        raise Refused("chance must lie above 0 and below 1, such as 0.8, not {chance!r}.", chance=chance)
    if budget is not None and not (isinstance(budget, int | float) and np.isfinite(real(budget)) and budget >= 0.0):
        raise Refused("budget must be a number of points from 0, not {budget!r}.", budget=budget)
    for name, value, *ends in (("runs", runs, 4, _MOST_RUNS), ("fresh_runs", fresh_runs, 20, _MOST_RUNS),
                               ("evaluations", evaluations, 50, _MOST_RUNS), ("seed", seed, 0, 2**62)):
        check_whole(name, value, *ends)
    space = portfolios.space(scenario, levers, starts, durations, strengths, most, where, municipalities, whom)
    made = Plan(scenario, space, parse_condition(condition), chance, budget, runs, fresh_runs, evaluations, seed, robust,
                Worlds(DRAWS, SHARE, seed=seed) if worlds is None else worlds_of(worlds))
    if worlds is not None and not robust:
        raise Refused("other worlds are left out with robust=False (--no-robust); leave that out, or the worlds.")
    last = made.condition.outcome.last or 0
    if last > scenario.quarters:
        raise Refused("condition {condition} looks at quarter {last}, after the horizon of {quarters}; name an earlier "
                      "quarter or raise quarters.", condition=made.condition, last=last, quarters=scenario.quarters)
    if made.most_runs > _MOST_RUNS:
        raise Refused("this search would take up to {most_runs:,} runs, more than {most_runs_2:,}; lower evaluations "
                      "({evaluations:,}), runs ({runs:,}) or fresh_runs ({fresh_runs:,}).", most_runs=made.most_runs,
                      most_runs_2=_MOST_RUNS, evaluations=evaluations, runs=runs, fresh_runs=fresh_runs)
    if chance is not None and (least := runs_to_show(chance, made.looks)) > fresh_runs:
        raise Refused("a chance of at least {chance:g} cannot be shown with {fresh_runs} fresh runs even if all succeed; "
                      "raise fresh_runs to {least} or more, or ask for less.", chance=chance, fresh_runs=fresh_runs,
                      least=least)
    return made


def seconds(made: Plan, municipalities: MunicipalitiesLike | None = None) -> float:
    """How long a search takes at most on this machine, by the speed of a few runs without policy."""
    from time import perf_counter

    simulate(made.scenario, runs=1, municipalities=municipalities)  # compile first
    began = perf_counter()
    simulate(made.scenario, runs=16, seed=made.seed, municipalities=municipalities)
    return (perf_counter() - began) / 16 * made.most_runs


def search(scenario: ScenarioLike, *, chance: float | None = None, budget: float | None = None,
           municipalities: MunicipalitiesLike | None = None, threads: int | None = None,
           progress: Callable[[int], None] | None = None,
           evaluate: Evaluate | None = None, **words: Unpack[Asked]) -> Search:
    """Find lever portfolios of low cost and high chance from a start; levers of the scenario itself stay as they are.

    chance: the least cost that succeeds with at least this chance. budget: the best within these points. Neither: the
    whole front. words, all as in `plan`: levers, starts, durations (None: to the end), strengths, most; where, the places
    that each lever may act in ("everywhere", "the 5 most connected", "Ash, Birch", "each town"); whom, the groups of
    citizens that each may act for ("everybody", "the poorest quarter"); condition, what
    success of a run is ("lets_dance >= 0.5"); runs, seeds on which portfolios are found; fresh_runs, the next seeds, on
    which the best are chosen, and as many again on which is told how often they succeed; evaluations, portfolios to
    try at most (all, where there are no more); seed; robust, whether the first few are put into other worlds; worlds, which
    (a number, a file or `Worlds`; 12 within 25 % unless said). progress:
    called with the number of portfolios done. evaluate: in place of the model, portfolio and seeds -> scores
    (`success.Evaluate`); then other worlds and reasons are left out.
    Raises `Refused`. The numbers do not depend on the number of threads.

    >>> found = ld.search("lone_ranger", budget=20, levers=["FRCS"], starts=[4], durations=[None], strengths=[1.0],
    ...                   most=1, runs=4, fresh_runs=20, robust=False)
    >>> found.tried["runs"].tolist()
    [4]
    """
    made = plan(scenario, chance=chance, budget=budget, municipalities=municipalities, **words)
    workers = (cores() if threads is None else threads) if evaluate is None else 1
    assess = evaluate or evaluator(made.scenario, made.condition, made.search_seeds, municipalities)
    explored = Explored(made.space, assess, made.search_seeds, budget, workers, progress)
    if made.exact:
        enumerate_all(explored)
    else:
        optimise(explored, made.evaluations, made.seed)
    judged = few.Judged(assess, made.fresh_seeds, workers, progress)
    picked = pick(explored, chance)
    without, pruned = few.without_each(judged, picked)
    names = [*picked, *(p for p in pruned if p not in picked)]
    told = few.Judged(assess, made.told_seeds, workers, progress)
    told.judge(names)
    found = _judged(made, explored, judged, told, picked, names, pruned, without)
    if evaluate is None:
        shown = [found.portfolios[name] for name in found.ranked["portfolio"]]
        table = found.robustness
        if made.robust:
            table = few.robustness(made.scenario, made.condition, shown[:IN_WORLDS], made.told_seeds[:WORLD_RUNS],
                                   made.worlds, municipalities, workers, progress)
        reasons = {code(p): few.why(made.scenario, p, made.told_seeds[:WORLD_RUNS], municipalities)
                   for p in [p for p in shown if p][:EXPLAINED] if judged.held[p].any()}
        spent = found.runs + len(table) * (WORLD_RUNS if len(table) else 0)
        found = Search(**{**vars(found), "robustness": table, "reasons": reasons, "runs": spent})
    return found


def pick(explored: Explored, wanted: float | None) -> list[Portfolio]:
    """Those to judge on fresh seeds: the front and, while there is room, the fronts behind it.

    Where a chance is asked for, those whose search runs rule it out (95 % interval) come last.
    """
    whole = explored.whole()
    rank = portfolios.layers([explored.cost(p) for p in whole], [explored.rated(p) for p in whole])

    def order(k: int) -> tuple[Any, ...]:
        held = explored.scores[whole[k]] >= 1.0
        out = wanted is not None and chance(held).high < wanted
        return not held.any(), out, rank[k], -explored.rated(whole[k]), explored.cost(whole[k])

    return [whole[k] for k in sorted(range(len(whole)), key=order)[:FINALISTS]]


def _judged(made: Plan, explored: Explored, judged: few.Judged, told: few.Judged, picked: list[Portfolio],
            names: list[Portfolio], pruned: dict[Portfolio, Portfolio], without: pd.DataFrame) -> Search:
    import pandas as pd

    looks = len(few.parts(picked))
    chances = {p: chance(judged.held[p], looks) for p in names}
    said = {p: chance(told.held[p], len(names)) for p in names}  # which are told was known before these seeds ran
    costs, shares = [explored.cost(p) for p in names], [chances[p].share for p in names]

    def seen(p: Portfolio) -> float:
        scores = explored.scores.get(p, np.zeros(0))
        return float((scores >= 1.0).mean()) if len(scores) == made.runs else np.nan

    front = pd.DataFrame({
        "portfolio": [code(p) for p in names], "cost": costs, "search_success": [seen(p) for p in names],
        "judged_success": shares, "fresh_success": [said[p].share for p in names],
        "low": [said[p].low for p in names], "high": [said[p].high for p in names],
        "on_front": portfolios.on_front(costs, shares),
        "pruned_from": [code(pruned[p]) if p in pruned else None for p in names],
        "holds": [chances[p].low >= made.chance if made.chance is not None else chances[p].successes > 0 for p in names],
        "words": [portfolios.words(p) for p in names],
    }).sort_values(["cost", "judged_success", "portfolio"], ascending=[True, False, True], ignore_index=True)
    best_first = front.sort_values(["judged_success", "cost"], ascending=[False, True], kind="stable")
    ranked = best_first if made.chance is None else pd.concat([front[front["holds"]], best_first[~best_first["holds"]]])
    known = {code(p): p for p in names}
    ties = few.tied(told, known[ranked["portfolio"].iloc[0]], names)
    front["tied"] = [ties[known[name]] for name in front["portfolio"]]
    ranked = ranked.assign(tied=[ties[known[name]] for name in ranked["portfolio"]]).reset_index(drop=True)
    first = ranked.iloc[0]
    chosen = known[first["portfolio"]] if bool(first["holds"]) else None
    tried = pd.DataFrame({
        "portfolio": [code(p) for p in explored.scores], "cost": [explored.cost(p) for p in explored.scores],
        "success": [float((s >= 1.0).mean()) if len(s) else np.nan for s in explored.scores.values()],
        "runs": [len(s) for s in explored.scores.values()]})
    return Search(made, tried, front, ranked, without, pd.DataFrame(), known, looks,
                  explored.runs + (len(judged.held) + len(told.held)) * made.fresh_runs, chosen)
