"""The basin map: from which starts a society comes to which future, by the agents and by the mean field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Unpack

import numpy as np

from letsdance import scenarios
from letsdance.params import Refused, check_whole
from letsdance.scenarios import Acting, ScenarioLike
from letsdance.simulation import meanfield
from letsdance.simulation import schedule as environment
from letsdance.simulation.rules.regimes import REGIMES, quadrant
from letsdance.simulation.run import simulate

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Basins:
    """Where starts lead. First axis: citizens' start C, second: governments' start G; regimes in the order of REGIMES.

    starts float64[n]; shares float64[n, n, R, 4], the share of municipalities in each regime at the end of each run;
    mean_field int[n, n], the regime the mean field comes to under the same levers and shocks; fixed_points, those of
    the mean field under the parameters in force in the last quarter.
    """

    starts: np.ndarray
    quarters: int
    seed: int
    shares: np.ndarray
    mean_field: np.ndarray
    fixed_points: list[meanfield.FixedPoint]
    parameters: Mapping[str, float]

    def __repr__(self) -> str:
        n = len(self.starts)
        return (f"{n} x {n} starts, {self.runs} runs of {self.quarters} quarters each; agents and mean field agree at "
                f"{self.agreement:.0%} of the starts\n{self.sizes.round(2).to_string(index=False)}")

    @property
    def runs(self) -> int:
        """How many runs from each start."""
        return self.shares.shape[2]

    @property
    def agents(self) -> np.ndarray:
        """float64[n, n, 4]: the mean share of municipalities in each regime at the end."""
        return self.shares.mean(axis=2)

    @property
    def agreement(self) -> float:
        """The share of starts at which the agents' most frequent regime is the mean field's."""
        return float((self.agents.argmax(axis=2) == self.mean_field).mean())

    @property
    def sizes(self) -> pd.DataFrame:
        """One row a regime: the share of the plane that leads there, as mean, lowest and highest over runs, and of the
        mean field. The agents' share counts municipalities, so a start that ends mixed counts for several regimes."""
        import pandas as pd

        by_run = self.shares.mean(axis=(0, 1))
        return pd.DataFrame({
            "regime": REGIMES, "agents": by_run.mean(axis=0), "lowest_run": by_run.min(axis=0),
            "highest_run": by_run.max(axis=0),
            "mean_field": [float((self.mean_field == k).mean()) for k in range(len(REGIMES))]})

    @property
    def frame(self) -> pd.DataFrame:
        """One row a start: C, G, the agents' mean share in each regime, the mean field's regime."""
        import pandas as pd

        C, G = np.meshgrid(self.starts, self.starts, indexing="ij")
        return pd.DataFrame({
            "C": C.ravel(), "G": G.ravel(), **{name: self.agents[:, :, k].ravel() for k, name in enumerate(REGIMES)},
            "mean_field": np.array(REGIMES)[self.mean_field.ravel()]})


def basins(scenario: ScenarioLike = "lets_dance", grid: int = 11, quarters: int = 60, runs: int = 4, seed: int = 1,
           progress: Callable[[int], None] | None = None, **changes: Unpack[Acting]) -> Basins:
    """Start grid over (C, G), regime after so many quarters; levers and shocks act on agents and mean field alike.

    grid: starts on each side, evenly from .05 to .95. changes: as in `simulate` (parameters, levers, shocks, profile).
    progress: called with 1 for each start that is done, grid x grid times. Raises `Refused` for bad input.

    >>> found = ld.basins("lets_dance", grid=2, quarters=8, runs=1)
    >>> found.frame.shape
    (4, 7)
    """
    check_whole("grid", grid, 2, 101)
    scenario = scenarios.load(scenario).changed(quarters=quarters, **changes)
    fixed = [name for name in ("C0", "G0") if name in scenario.parameters]
    if fixed:
        raise Refused("the basin map starts everywhere on the plane, so {fixed} cannot be set; take it out.",
                      fixed=" and ".join(fixed))
    starts = np.linspace(0.05, 0.95, grid)
    shares = np.zeros((grid, grid, max(1, runs), len(REGIMES)))
    for i, C in enumerate(starts):
        for j, G in enumerate(starts):
            result = simulate(replace(scenario, C=float(C), G=float(G)), runs=runs, seed=seed)
            shares[i, j] = np.stack([result.rows[name][:, -1] for name in REGIMES], axis=1)
            if progress:
                progress(1)
    environment.refuse_groups(scenario)
    schedule = environment.build(scenario)
    states = meanfield.over_grid(starts, schedule[0])
    for p in schedule[1:]:
        states = meanfield.step(states, p)
    ends = np.array([quadrant(C, G) for C, G in states[:, :2]]).reshape(grid, grid)
    return Basins(starts, quarters, seed, shares, ends, meanfield.fixed_points(schedule[-1]), scenario.values())
