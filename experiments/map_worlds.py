"""The map of starts over worlds: where starts lead, and in how many worlds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import numpy as np

from letsdance import scenarios
from letsdance.experiments.executors import ExecutorLike
from letsdance.experiments.moving import moving
from letsdance.experiments.parts_of_luck import mean_over
from letsdance.experiments.pieces import Pieces
from letsdance.experiments.worlds import Worlds, each, head
from letsdance.params import Refused, check_whole, nearest
from letsdance.scenarios import Acting, ScenarioLike
from letsdance.simulation.rules.regimes import REGIMES
from letsdance.simulation.run import Result

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Plane:
    """Where starts lead, in every world. starts: float64[n]; shares: float64[n, n, world, run, 4], the share of
    municipalities in each regime at the end; assumed: the same in the world that is assumed, float64[n, n, run, 4]. First
    axis: C."""

    asked: Worlds
    table: pd.DataFrame
    starts: np.ndarray
    quarters: int
    seed: int
    shares: np.ndarray
    assumed: np.ndarray

    @cached_property
    def here(self) -> np.ndarray:
        """int64[n, n]: in which regime most municipalities end as assumed."""
        return np.asarray(self.assumed.mean(axis=2).argmax(axis=2))

    @cached_property
    def same(self) -> np.ndarray:
        """float64[n, n]: in what share of worlds most municipalities end in the regime where most end as assumed."""
        return np.asarray((self.shares.mean(axis=3).argmax(axis=3) == self.here[:, :, None]).mean(axis=2))

    @cached_property
    def sizes(self) -> pd.DataFrame:
        """One row a regime: the share of the plane that leads there as assumed, the mean over worlds with its interval, and
        between which shares nine of ten worlds lie."""
        import pandas as pd

        by_world = self.shares.mean(axis=(0, 1))
        rows = []
        for k, name in enumerate(REGIMES):
            e, means = mean_over(by_world[:, :, k], 1.0).within((0.0, 1.0)), by_world[:, :, k].mean(axis=1)
            low, high = np.quantile(means, [0.05, 0.95])
            rows.append({"regime": name, "assumed": float(self.assumed.mean(axis=(0, 1, 2))[k]), "mean": e.mean,
                         "low": e.low, "high": e.high, "nine_of_ten_from": float(low), "nine_of_ten_to": float(high)})
        return pd.DataFrame(rows)

    @property
    def frame(self) -> pd.DataFrame:
        """One row a start: C, G, the mean share of each regime over worlds, the regime as assumed, and the share of worlds
        that agree with it."""
        import pandas as pd

        C, G = np.meshgrid(self.starts, self.starts, indexing="ij")
        means = self.shares.mean(axis=(2, 3))
        return pd.DataFrame({"C": C.ravel(), "G": G.ravel(), **{name: means[:, :, k].ravel() for k, name in
                                                                enumerate(REGIMES)},
                             "assumed": np.array(REGIMES)[self.here.ravel()], "same": self.same.ravel()})

    def where(self, regime: str) -> pd.DataFrame:
        """Which assumptions the size of a regime's part of the plane moves with; see `moving`."""
        if regime not in REGIMES:
            raise Refused("there is no regime {regime!r}.{near} Known: {known}.", regime=regime,
                          near=nearest(regime, REGIMES), known=", ".join(REGIMES))
        return moving(self.table, self.shares.mean(axis=(0, 1, 3))[:, REGIMES.index(regime)])

    def __repr__(self) -> str:
        n = len(self.starts)
        return (f"{n} x {n} starts in {self.asked}; a world agrees with the assumed one at {self.same.mean():.0%} of "
                f"starts on average\n{self.sizes.round(2).to_string(index=False)}")


def basins(worlds: Worlds, scenario: ScenarioLike, grid: int, quarters: int, runs: int, seed: int,
           threads: int | None = None, progress: Callable[[int], None] | None = None, keep: str | Path | None = None,
           executor: ExecutorLike = None, **changes: Unpack[Acting]) -> Plane:
    """As `Worlds.basins`."""
    check_whole("grid", grid, 2, 101)
    scenario = scenarios.load(scenario).changed(quarters=quarters, **changes)
    fixed = [name for name in ("C0", "G0") if name in scenario.parameters or name in worlds.parameters
             or name in worlds.posterior_values]
    if fixed:
        raise Refused("the basin map starts everywhere on the plane, so {fixed} cannot be set; take it out.",
                      fixed=" and ".join(fixed))
    starts = np.linspace(0.05, 0.95, grid)
    several = [replace(scenario, C=float(C), G=float(G)) for C in starts for G in starts]
    table = worlds.table(scenario)
    pieces = Pieces(threads, executor, keep, partial(head, several, table, runs, seed, "map", None))

    def shares(of: pd.DataFrame) -> np.ndarray:
        """float64[C, G, world, run, regime] at the end."""
        made = np.array(list(each(several, of, runs, seed, _ends, None, pieces, progress)))
        return np.ascontiguousarray(made.reshape(len(of), grid, grid, runs, -1).transpose(1, 2, 0, 3, 4))

    return Plane(worlds, table, starts, quarters, seed, shares(table), shares(table.iloc[:1, :0])[:, :, 0])


def _ends(result: Result) -> list[list[float]]:
    return np.stack([result.rows[name][:, -1] for name in REGIMES], axis=1).astype(np.float64).tolist()
