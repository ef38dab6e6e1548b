"""Whether a run succeeds: a condition on an outcome, how near a run came to it, and the chance with its interval."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.outcomes import Outcome, parse
from params import Refused
from scenarios import Scenario, Use
from simulation.indicators import SOCIETY
from simulation.rules.regimes import REGIMES
from simulation.run import Result, simulate

#: A portfolio and seeds -> float64[len(seeds)]: 1 where the run succeeded, else how near it came (0 <= score < 1).
Evaluate = Callable[[tuple[Use, ...], np.ndarray], np.ndarray]
#: What success is when nothing else is said.
MAJORITY = "lets_dance >= 0.5"
_PATTERN = re.compile(r"(?P<outcome>[^<>=]+)(?P<sign>>=|<=)(?P<level>[^<>=]+)")
_ALMOST = 1.0 - 1e-9


@dataclass(frozen=True, slots=True)
class Condition:
    """An outcome that must be at least (>=) or at most (<=) a level."""

    outcome: Outcome
    sign: str
    level: float

    def __str__(self) -> str:
        return f"{self.outcome} {self.sign} {self.level:g}"

    @property
    def words(self) -> str:
        """In a sentence: what success is."""
        if self.outcome.name in ("lets_dance", "lone_ranger", "dead_horse", "wasteland") and self.sign == ">=":
            title = {"lets_dance": "Let's dance", "lone_ranger": "Lone Ranger", "dead_horse": "Flogging a dead horse",
                     "wasteland": "Wasteland"}[self.outcome.name]
            share = "a majority of municipalities" if self.level == 0.5 else f"{self.level:.0%} of municipalities"
            when = "at the end" if self.outcome.first is None else f"in quarter {self.outcome.first}"
            if self.outcome.last != self.outcome.first:
                when = f"on average over quarters {self.outcome.first} to {self.outcome.last}"
            return f"{share} in {title} {when}"
        return f"{self.outcome} at {'least' if self.sign == '>=' else 'most'} {self.level:g}"

    def held(self, values: np.ndarray) -> np.ndarray:
        """bool[R]: where it holds; not a number (a share of nothing, never reached) is no success."""
        with np.errstate(invalid="ignore"):
            return np.asarray(values >= self.level if self.sign == ">=" else values <= self.level)


def parse_condition(text: str | Condition) -> Condition:
    """OUTCOME >= LEVEL or OUTCOME <= LEVEL, such as "lets_dance@60 >= 0.5". Refused otherwise."""
    if isinstance(text, Condition):
        return text
    found = _PATTERN.fullmatch(text) if isinstance(text, str) else None
    if not found:
        raise Refused(f"condition {text!r} cannot be read; write OUTCOME >= LEVEL or OUTCOME <= LEVEL, "
                      f"such as \"lets_dance@60 >= 0.5\".")
    outcome = parse(found["outcome"].strip())
    try:
        level = float(found["level"])
    except ValueError:
        level = np.nan
    if not np.isfinite(level):
        raise Refused(f"condition {text!r}: the level must be a number, not {found['level'].strip()!r}.")
    if outcome.unit == "share" and outcome.name in SOCIETY and not 0.0 <= level <= 1.0:
        raise Refused(f"condition {text!r}: {outcome.name} is a share, so the level must lie from 0 to 1.")
    return Condition(outcome, found["sign"], level)


def score(condition: Condition, result: Result, idle: float) -> np.ndarray:
    """float64[R]: 1 where a run succeeded, else how near it came, below 1.

    Nearness is the part of the way from `idle` (the mean without policy) to the level. Few runs come near a future
    that asks willingness of both sides at once, so for a regime both sides' willingness counts for half: a search
    that saw only successes would see a flat plain.
    """
    values = condition.outcome.of(result)
    way = condition.level - idle
    with np.errstate(invalid="ignore", divide="ignore"):
        near = np.clip(np.nan_to_num((values - idle) / way if way else np.zeros_like(values)), 0.0, 1.0)
    if condition.outcome.name in REGIMES and condition.sign == ">=":
        sides = [Outcome(side, condition.outcome.first, condition.outcome.last).of(result) for side in ("C", "G")]
        wanted = {"lets_dance": (1, 1), "lone_ranger": (1, 0), "dead_horse": (0, 1), "wasteland": (0, 0)}
        both = np.prod([side if up else 1.0 - side
                        for side, up in zip(sides, wanted[condition.outcome.name], strict=True)], axis=0)
        near = (near + both) / 2.0
    return np.where(condition.held(values), 1.0, np.minimum(near, _ALMOST))


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


def chance(held: np.ndarray, looks: int = 1, level: float = 0.95) -> Chance:
    """The exact interval (Clopper and Pearson 1934) of a chance.

    looks: how many portfolios the best is picked from. Each interval then has the level 1 - (1 - level) / looks, so
    that all of them hold together with at least `level` (Bonferroni), whichever is picked.
    """
    from scipy.stats import binomtest

    n, successes = len(held), int(np.sum(held))
    interval = binomtest(successes, n).proportion_ci(1.0 - (1.0 - level) / looks, method="exact")
    return Chance(successes, n, float(interval.low), float(interval.high))


def runs_to_show(wanted: float, looks: int, level: float = 0.95) -> int:
    """The fewest runs that can show a chance of at least `wanted`, if every one of them succeeds."""
    return int(np.ceil(np.log((1.0 - level) / looks / 2.0) / np.log(wanted))) if 0.0 < wanted < 1.0 else 1
