"""The wind tunnel over worlds: one portfolio in every start, shock and world."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from letsdance.experiments.executors import ExecutorLike
from letsdance.experiments.moving import moving
from letsdance.experiments.outcomes import Outcome
from letsdance.experiments.over_worlds import mean, tenth, world_means
from letsdance.experiments.parts_of_luck import mean_over, parts
from letsdance.experiments.precision import bounds
from letsdance.experiments.success import Chance, chance
from letsdance.experiments.windtunnel import CALM, planned
from letsdance.experiments.worlds import Worlds, outcomes
from letsdance.scenarios import Scenario, ScenarioLike
from letsdance.scenarios.policy import Policy
from letsdance.simulation.municipalities import MunicipalitiesLike

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Tunnel:
    """One portfolio in every start, shock and world. values: float64[start and shock, 2, world, run], without and with it;
    cells: the start and shock of each."""

    asked: Worlds
    table: pd.DataFrame
    portfolio: Policy
    outcome: Outcome
    starts: Mapping[str, Scenario]
    cells: tuple[tuple[str, str], ...]
    at: int
    less: bool
    seed: int
    values: np.ndarray

    @property
    def worlds(self) -> int:
        """How many worlds."""
        return int(self.values.shape[2])

    @property
    def runs(self) -> int:
        """How many runs without and with it, in each cell and world."""
        return int(self.values.shape[3])

    def difference(self, start: str, shock: str = CALM) -> np.ndarray:
        """float64[world, run]: with the portfolio less without it."""
        k = self.cells.index((start, shock))
        return np.asarray(self.values[k, 1] - self.values[k, 0])

    @cached_property
    def summary(self) -> pd.DataFrame:
        """One row a start and shock: without, with_it (means over worlds), difference with its interval, the shares of
        worlds in which the portfolio is better and worse, the worst tenth of worlds with it, the mean and the largest
        regret (how much better going without it is in a world), and not_knowing, the part of a run's variance that is not
        luck."""
        import pandas as pd

        within, sign, rows = bounds(self.outcome), -1.0 if self.less else 1.0, []
        for (start, shock), (without, with_it) in zip(self.cells, self.values, strict=True):
            d = with_it - without
            e = mean_over(d, None if within is None else within[1] - within[0])
            gain = sign * world_means(d)
            known = gain[np.isfinite(gain)]
            up = chance(known > 0.0) if len(known) else Chance(0, 1, 0.0, 1.0)
            rows.append({
                "start": start, "shock": shock, "without": mean(without), "with_it": mean(with_it), "difference": e.mean,
                "low": e.low, "high": e.high, "worlds": e.n, "better": up.share, "better_low": up.low,
                "better_high": up.high, "worse": float((known < 0.0).mean()) if len(known) else np.nan,
                "worst_tenth": sign * tenth(sign * world_means(with_it)), "regret": mean(np.maximum(-known, 0.0)),
                "largest_regret": float(np.maximum(-known, 0.0).max(initial=0.0)),
                "not_knowing": parts(d).not_knowing.value})
        return pd.DataFrame(rows)

    def where(self, start: str, shock: str = CALM) -> pd.DataFrame:
        """Which assumptions the difference moves with in a cell; see `moving`."""
        return moving(self.table, world_means(self.difference(start, shock)))

    def __repr__(self) -> str:
        return (f"{self.portfolio.title}: {self.outcome} in {self.asked}, {self.runs} paired runs a cell and world\n"
                f"{self.summary.round(2).to_string(index=False)}")


def wind_tunnel(worlds: Worlds, portfolio: str | Policy, starts: Sequence[ScenarioLike], shocks: Sequence[str] | None,
                at: int, outcome: str | Outcome, runs: int, seed: int, quarters: int | None, better: str | None,
                municipalities: MunicipalitiesLike | None, threads: int | None = None,
                progress: Callable[[int], None] | None = None, keep: str | Path | None = None,
                executor: ExecutorLike = None) -> Tunnel:
    """As `Worlds.wind_tunnel`."""
    made = planned(portfolio, starts, shocks, at, outcome, quarters, better)
    scenarios = [scenario for pair in made.cells.values() for scenario in pair]
    table = worlds.table(*scenarios)
    values = outcomes(scenarios, table, [made.outcome], runs, seed, municipalities, threads, progress, keep, executor)[0]
    shaped = values.reshape(len(made.cells), 2, len(table), runs)
    return Tunnel(worlds, table, made.policy, made.outcome, made.starts, tuple(made.cells), at, made.less, seed, shaped)
