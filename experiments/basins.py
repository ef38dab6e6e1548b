"""The basin map: from which starts a society comes to which future, by the agents and by the mean field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import scenarios
from params import Refused
from simulation import meanfield
from simulation import schedule as environment
from simulation.run import simulate


@dataclass(frozen=True)
class Basins:
    """starts float64[n]; agents float64[n, n, 4], the mean share of municipalities in each regime at the end; mean_field
    int[n, n], the regime the mean field comes to. First axis: citizens' start C, second: governments' start G."""

    starts: np.ndarray
    quarters: int
    runs: int
    seed: int
    agents: np.ndarray
    mean_field: np.ndarray
    parameters: Mapping[str, float]

    @property
    def agreement(self) -> float:
        """The share of starts at which the agents' most frequent regime is the mean field's."""
        return float((self.agents.argmax(axis=2) == self.mean_field).mean())


def basins(scenario: Any = "lets_dance", grid: int = 11, quarters: int = 60, runs: int = 4, seed: int = 1,
           progress: Callable[[int], None] | None = None, **changes: Any) -> Basins:
    """Start grid over (C, G), regime after so many quarters; levers and shocks of the scenario act on the agents.

    grid: starts on each side, evenly from .05 to .95. changes: as in `simulate` (parameters, levers, shocks, profile).
    """
    if isinstance(grid, bool) or not isinstance(grid, int) or not 2 <= grid <= 101:
        raise Refused(f"grid must be a whole number from 2 to 101, not {grid!r}.")
    story = scenarios.load(scenario).changed(quarters=quarters, **changes)
    starts = np.linspace(0.05, 0.95, grid)
    agents = np.zeros((grid, grid, 4))
    for i, C in enumerate(starts):
        for j, G in enumerate(starts):
            result = simulate(replace(story, C=float(C), G=float(G)), runs=runs, seed=seed)
            agents[i, j] = [result.rows[name][:, -1].mean() for name in
                            ("lets_dance", "lone_ranger", "dead_horse", "wasteland")]
            if progress:
                progress(1)
    p = environment.build(story)[0]
    _, _, ends = meanfield.basin_map(p, starts, quarters)
    return Basins(starts, quarters, runs, seed, agents, ends, story.values())
