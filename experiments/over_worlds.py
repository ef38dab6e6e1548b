"""Policies over worlds: every policy in every world on the same seeds.

The headline is the mean over worlds and luck with an interval for both; beside it how often a policy is the better one, the
worst world, the worst tenth and regret; luck is told apart from not knowing (`parts_of_luck`), and which assumptions move
the answer is told (`moving`). The wind tunnel, the map of starts and reasons over worlds stand in `tunnel_worlds`,
`map_worlds` and `reasons_worlds`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance.experiments.compare import PoliciesLike, policies
from letsdance.experiments.executors import ExecutorLike
from letsdance.experiments.moving import moving
from letsdance.experiments.outcomes import Outcome, parse
from letsdance.experiments.paired import Interval
from letsdance.experiments.parts_of_luck import Parts, mean_over, parts
from letsdance.experiments.precision import bounds
from letsdance.experiments.success import Chance, chance
from letsdance.experiments.windtunnel import less_is_better
from letsdance.experiments.worlds import Worlds, outcomes
from letsdance.params import Refused, nearest
from letsdance.scenarios import Scenario, ScenarioLike
from letsdance.simulation import schedule
from letsdance.simulation.municipalities import MunicipalitiesLike

if TYPE_CHECKING:
    import pandas as pd


#: The share of worlds that "the worst tenth" is.
TENTH = 0.1


@dataclass(frozen=True, eq=False)
class OverWorlds:
    """Policies in every world. values: float64[policy, world, run] of the outcome; table: one row a world, what it is.

    Every world and policy met the seeds seed, seed + 1, ...; differences are from the reference, in the same world and run.
    """

    asked: Worlds
    table: pd.DataFrame
    scenarios: Mapping[str, Scenario]
    reference: str
    outcome: Outcome
    less: bool
    seed: int
    values: np.ndarray

    @property
    def worlds(self) -> int:
        """How many worlds."""
        return int(self.values.shape[1])

    @property
    def runs(self) -> int:
        """How many runs of each policy in each world."""
        return int(self.values.shape[2])

    @property
    def quarters(self) -> int:
        """The last quarter."""
        return self.scenarios[self.reference].quarters

    @property
    def others(self) -> tuple[str, ...]:
        """The policies that are held against the reference."""
        return tuple(name for name in self.scenarios if name != self.reference)

    def level(self, policy: str) -> np.ndarray:
        """float64[world, run]: a policy's outcome."""
        if policy not in self.scenarios:
            raise Refused("there is no policy {policy!r} in this comparison.{near} Known: {known}.", policy=policy,
                          near=nearest(policy, self.scenarios), known=", ".join(self.scenarios))
        return np.asarray(self.values[list(self.scenarios).index(policy)])

    def difference(self, policy: str) -> np.ndarray:
        """float64[world, run]: the outcome less the reference's."""
        return self.level(policy) - self.level(self.reference)

    @property
    def reach(self) -> float | None:
        """How far values can lie apart; None where nothing bounds them."""
        within = bounds(self.outcome)
        return None if within is None else within[1] - within[0]

    def effect(self, policy: str) -> Interval:
        """The mean difference over worlds and luck, with a 95 % interval for both."""
        return mean_over(self.difference(policy), self.reach)

    def parts(self, policy: str) -> Parts:
        """What of a run's difference from the reference is luck, and what is not knowing."""
        return parts(self.difference(policy))

    def better(self, policy: str) -> tuple[Chance, Chance, Chance]:
        """In what share of worlds the policy is better than the reference, worse, and clearly better (by the interval of
        that world's runs): of worlds in which both were measured."""
        gain = (-1.0 if self.less else 1.0) * self.difference(policy)
        means = world_means(gain)
        known = np.isfinite(means)
        clear = np.array([mean_interval(g) > 0.0 for g in gain[known]])
        return chance(means[known] > 0.0), chance(means[known] < 0.0), chance(clear)

    @cached_property
    def regret(self) -> np.ndarray:
        """float64[policy, world]: how much better the best of these policies is in that world (Savage 1951)."""
        good = (-1.0 if self.less else 1.0) * np.stack([world_means(self.level(name)) for name in self.scenarios])
        return np.asarray(good.max(axis=0) - good)

    @cached_property
    def summary(self) -> pd.DataFrame:
        """One row a policy, the reference first: its level over worlds, and how it stands against the reference.

        mean, low, high: over worlds and luck; worst: the worst world; worst_tenth: the mean of the worst tenth of worlds;
        difference, difference_low, difference_high; better, worse, clearly_better: shares of worlds, better with its
        interval; regret, largest_regret: over worlds; points: what levers cost beyond the reference's; not_knowing: the
        part of a run's variance that is not luck, with its interval.
        """
        import pandas as pd

        rows = []
        for k, name in enumerate([self.reference, *self.others]):
            level, sign = self.level(name), -1.0 if self.less else 1.0
            e, means = mean_over(level, self.reach).within(bounds(self.outcome)), world_means(level)
            row: dict[str, Any] = {"policy": name, "mean": e.mean, "low": e.low, "high": e.high,
                                   "worst": sign * float(np.nanmin(sign * means)) if np.isfinite(means).any() else np.nan,
                                   "worst_tenth": sign * tenth(sign * means)}
            regret = self.regret[list(self.scenarios).index(name)]
            row |= {"regret": mean(regret), "largest_regret": float(np.nanmax(regret, initial=-np.inf))
                    if np.isfinite(regret).any() else np.nan}
            if k:
                d, (up, down, clear), luck = self.effect(name), self.better(name), self.parts(name).not_knowing
                row |= {"difference": d.mean, "difference_low": d.low, "difference_high": d.high, "better": up.share,
                        "better_low": up.low, "better_high": up.high, "worse": down.share, "clearly_better": clear.share,
                        "points": self.points(name), "not_knowing": luck.value, "not_knowing_low": luck.low,
                        "not_knowing_high": luck.high}
            rows.append(row)
        return pd.DataFrame(rows)

    def where(self, policy: str) -> pd.DataFrame:
        """Which assumptions the policy's difference moves with; see `moving`."""
        return moving(self.table, world_means(self.difference(policy)))

    @cached_property
    def by_world(self) -> pd.DataFrame:
        """One row a world: what it is, then each policy's mean outcome and regret in it."""
        columns = {"world": np.arange(self.worlds)}
        for k, name in enumerate(self.scenarios):
            columns |= {f"mean {name}": world_means(self.level(name)), f"regret {name}": self.regret[k]}
        return self.table.assign(**columns)

    @cached_property
    def by_run(self) -> pd.DataFrame:
        """One row a policy, world and run: the outcome."""
        import pandas as pd

        P, W, R = self.values.shape
        return pd.DataFrame({"policy": np.repeat(list(self.scenarios), W * R),
                             "world": np.tile(np.repeat(np.arange(W), R), P),
                             "run": np.tile(np.arange(R), P * W), "seed": np.tile(np.arange(R) + self.seed, P * W),
                             str(self.outcome): self.values.ravel()})

    def points(self, policy: str) -> float:
        """Points that a policy's levers cost over the horizon beyond those of the reference."""
        spent = [schedule.build(self.scenarios[name]).spent for name in (policy, self.reference)]
        return spent[0] - spent[1]

    def __repr__(self) -> str:
        shown = ["policy", "mean", "worst_tenth", "difference", "better", "worse", "largest_regret"]
        return (f"{self.outcome} in {self.asked}, {self.runs} paired runs each\n"
                f"{self.summary.reindex(columns=shown).round(3).to_string(index=False)}")


def world_means(values: np.ndarray) -> np.ndarray:
    """float64[W]: the mean of values[W, R] over what was measured; NaN where nothing was."""
    known = np.isfinite(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(known, values, 0.0).sum(axis=1) / known.sum(axis=1))


def mean_interval(values: np.ndarray) -> float:
    """The lower end of the t interval of values[R]; -inf where fewer than two were measured."""
    from letsdance.experiments.paired import interval

    values = values[np.isfinite(values)]
    return interval(values).low if len(values) > 1 else -np.inf


def mean(values: np.ndarray) -> float:
    """The mean of what was measured."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else np.nan


def tenth(values: np.ndarray) -> float:
    """The mean of the lowest tenth (at least one) of what was measured."""
    known = np.sort(values[np.isfinite(values)])
    return float(known[:max(1, round(TENTH * len(known)))].mean()) if len(known) else np.nan


def compare(worlds: Worlds, given: PoliciesLike, runs: int, seed: int, quarters: int | None,
            municipalities: MunicipalitiesLike | None, against: str | None, start: ScenarioLike | None,
            outcome: str | Outcome, better: str | None, threads: int | None = None,
            progress: Callable[[int], None] | None = None, keep: str | Path | None = None,
            executor: ExecutorLike = None) -> OverWorlds:
    """As `Worlds.compare`."""
    scenarios = policies(given, start, quarters)
    reference = next(iter(scenarios)) if against is None else against
    if reference not in scenarios:
        raise Refused("there is no policy {reference!r} to compare against.{near} Known: {known}.", reference=reference,
                      near=nearest(reference, scenarios), known=", ".join(scenarios))
    if better not in (None, "more", "less"):
        raise Refused("better must be more or less, not {better!r}.", better=better)
    asked = parse(outcome)
    within_horizon(asked, next(iter(scenarios.values())).quarters)
    table = worlds.table(*scenarios.values())
    values = outcomes(list(scenarios.values()), table, [asked], runs, seed, municipalities, threads, progress, keep,
                      executor)[0]
    less = less_is_better(asked) if better is None else better == "less"
    return OverWorlds(worlds, table, scenarios, reference, asked, less, seed, values)


def within_horizon(asked: Outcome, quarters: int) -> None:
    """Refuse what lies after the horizon before anything runs."""
    if asked.first is not None and (asked.last or asked.first) > quarters:
        raise Refused("{asked} looks at quarter {last}, after the horizon of {quarters}; name an earlier quarter or raise "
                      "quarters.", asked=asked, last=asked.last, quarters=quarters)
