"""Whether a run succeeds: a condition on an outcome, how near a run came to it, and the chance with its interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from letsdance.experiments.estimates import LEVEL
from letsdance.experiments.outcomes import Condition, Outcome
from letsdance.scenarios import Scenario, Use
from letsdance.simulation.rules.regimes import REGIMES
from letsdance.simulation.run import Result, simulate
from letsdance.words import IN_ENGLISH, Text

#: A portfolio and seeds -> float64[len(seeds)]: 1 where the run succeeded, else how near it came (0 <= score < 1).
Evaluate = Callable[[tuple[Use, ...], np.ndarray], np.ndarray]
#: What success is when nothing else is said.
MAJORITY = "lets_dance >= 0.5"
_ALMOST = 1.0 - 1e-9


_THAN = {">=": "at_least", "<=": "at_most", ">": "more", "<": "less"}


def words(condition: Condition, text: Text = IN_ENGLISH) -> str:
    """What success is, in a sentence."""
    outcome = condition.outcome
    if outcome.name in REGIMES and condition.relation == ">=":
        share = text("report.goal_majority") if condition.value == 0.5 else text(
            "report.goal_share", share=text.percent(condition.value))
        when = text("report.goal_at_end" if outcome.first is None else "report.goal_in_quarter", quarter=outcome.first)
        if outcome.last != outcome.first:
            when = text("report.goal_over", first=outcome.first, last=outcome.last)
        return text("report.goal_regime", share=share, future=text.title("start", outcome.name), when=when)
    return text(f"report.goal_{_THAN[condition.relation]}", outcome=outcome, value=text.typed(condition.value))


def score(condition: Condition, result: Result, idle: float) -> np.ndarray:
    """float64[R]: 1 where a run succeeded, else how near it came, below 1.

    Nearness is the part of the way from `idle` (the mean without policy) to the level. Few runs come near a future
    that asks willingness of both sides at once, so for a regime both sides' willingness counts for half: a search
    that saw only successes would see a flat plain.
    """
    values = condition.outcome.of(result)
    way = condition.value - idle
    with np.errstate(invalid="ignore", divide="ignore"):
        near = np.clip(np.nan_to_num((values - idle) / way if way else np.zeros_like(values)), 0.0, 1.0)
    if condition.outcome.name in REGIMES and condition.relation.startswith(">"):
        sides = [Outcome(side, condition.outcome.first, condition.outcome.last).of(result) for side in ("C", "G")]
        wanted = {"lets_dance": (1, 1), "lone_ranger": (1, 0), "dead_horse": (0, 1), "wasteland": (0, 0)}
        both = np.prod([side if up else 1.0 - side
                        for side, up in zip(sides, wanted[condition.outcome.name], strict=True)], axis=0)
        near = (near + both) / 2.0
    return np.where(condition.holds(values), 1.0, np.minimum(near, _ALMOST))


def evaluator(scenario: Scenario, condition: Condition, seeds: np.ndarray, municipalities: Any = None) -> Evaluate:
    """The evaluator that runs the model, on one thread; `seeds` are those of the runs without policy."""
    without = simulate(scenario, runs=len(seeds), seed=int(seeds[0]), municipalities=municipalities)
    values = condition.outcome.of(without)
    idle = float(np.nanmean(values)) if np.isfinite(values).any() else np.nan

    def evaluate(portfolio: tuple[Use, ...], seeds: np.ndarray) -> np.ndarray:
        result = simulate(scenario, runs=len(seeds), seed=int(seeds[0]), levers=portfolio,
                          municipalities=without.places, threads=1)
        return score(condition, result, idle)

    return evaluate


def together(evaluate: Evaluate, jobs: Sequence[tuple[tuple[Use, ...], np.ndarray]], threads: int) -> list[np.ndarray]:
    """Several evaluations, in the order of jobs whatever the number of threads."""
    if threads == 1 or len(jobs) < 2:
        return [evaluate(portfolio, seeds) for portfolio, seeds in jobs]
    with ThreadPoolExecutor(min(threads, len(jobs))) as pool:
        return list(pool.map(lambda job: evaluate(*job), jobs))


# ---------------------------------------------------------------- chances

@dataclass(frozen=True, slots=True)
class Chance:
    """A share of n runs that succeeded, with its interval."""

    successes: int
    n: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """Successes over runs."""
        return self.successes / self.n

    def __str__(self) -> str:
        return f"{self.share:.0%} ({self.low:.0%}-{self.high:.0%})"

    def said(self, text: Text = IN_ENGLISH) -> str:
        """'71 % (60–80 %)', in a language."""
        return text("report.with_band", value=text.percent(self.share), band=text.percents(self.low, self.high))


def chance(held: np.ndarray, looks: int = 1) -> Chance:
    """The exact interval (Clopper and Pearson 1934) of a chance.

    looks: how many portfolios the best is picked from. Each interval then has the level 1 - (1 - LEVEL) / looks, so
    that all of them hold together with at least LEVEL (Bonferroni), whichever is picked.
    """
    from scipy.stats import binomtest

    n, successes = len(held), int(np.sum(held))
    interval = binomtest(successes, n).proportion_ci(1.0 - (1.0 - LEVEL) / looks, method="exact")
    return Chance(successes, n, float(interval.low), float(interval.high))


def runs_to_show(wanted: float, looks: int) -> int:
    """The fewest runs that can show a chance of at least `wanted`, if every one of them succeeds."""
    return int(np.ceil(np.log((1.0 - LEVEL) / looks / 2.0) / np.log(wanted))) if 0.0 < wanted < 1.0 else 1
