"""The environment as data: which parameters are in force in which quarter, given levers, shocks and trends.

Levers and shocks act on parameters only, so a run's whole environment is a table of one parameter record a
quarter, made before the run and shared by all runs of a scenario. Whoever wonders what a lever did can read it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from letsdance.params import record_dtype
from letsdance.scenarios import LEVERS, Scenario, Use
from letsdance.scenarios.mechanism import Mechanism


class Schedule(np.ndarray):
    """The parameters in force, a record a quarter, and whose they are: the house's, and those of `mechanisms`."""

    mechanisms: tuple[Mechanism, ...]

    def __array_finalize__(self, made_from: Any) -> None:
        self.mechanisms = getattr(made_from, "mechanisms", ())

    @property
    def shipped(self) -> np.ndarray:
        """The house's own parameters, as the engine takes them: record_dtype()[Q+1]."""
        plain = np.asarray(self)
        if plain.dtype == record_dtype():
            return plain
        first = np.ndarray(plain.shape, record_dtype(), plain, 0, plain.strides)  # they come first in the record
        return np.ascontiguousarray(first)

    @property
    def own(self) -> np.ndarray:
        """The mechanisms' parameters, in the order of declaration: float64[Q+1, k]."""
        names = [name for one in self.mechanisms for name in one.parameters]
        columns = [np.asarray(self[name]) for name in names]
        return np.stack(columns, axis=1) if columns else np.zeros((len(self), 0))


def as_schedule(table: np.ndarray) -> Schedule:
    """A table of the house's own parameters as a schedule without further mechanisms."""
    return table if isinstance(table, Schedule) else table.view(Schedule)


def effect(entry: dict[str, Any], use: Use, quarter: int, profile: str, values: dict[str, float]) -> tuple[float, float]:
    """(what is added, what is multiplied by) of one effect of a lever or shock in a quarter; (0, 1) where it sleeps.

    add * s and 1 + (multiply - 1) * s, s the strength: below a threshold nothing, above it in proportion.
    """
    age = quarter - use.start
    if not use.active(quarter) or not entry.get("from", 0) <= age < entry.get("until", 10**9):
        return 0.0, 1.0
    if entry.get("profile", profile) != profile:
        return 0.0, 1.0
    threshold = entry.get("threshold", 0.0)
    s = max(0.0, (use.strength - threshold) / (1.0 - threshold))
    if "times" in entry:
        s *= values[entry["times"]]
    if entry.get("each_quarter"):
        s *= age + 1
    return entry.get("add", 0.0) * s, 1.0 + (entry.get("multiply", 1.0) - 1.0) * s


def cost(use: Use, quarter: int) -> float:
    """Points that a lever costs in a quarter."""
    return LEVERS[use.name]["cost"] * use.strength if use.active(quarter) else 0.0


def build(scenario: Scenario, quarters: int | None = None) -> Schedule:
    """The parameters in force: a record array [quarters + 1], row t for quarter t, row 0 for the start.

    In a quarter a parameter is (value + sum of what is added) x product of what it is multiplied by, within its
    range. `points` is what the levers cost.
    """
    length = (scenario.quarters if quarters is None else quarters) + 1
    values = scenario.values()
    known = scenario.known
    dtype = np.dtype((np.record, [(name, np.float64) for name in known])) if scenario.mechanisms else record_dtype()
    schedule = np.zeros(length, dtype)
    for name, value in values.items():
        schedule[name] = value
    uses = [(scenario.declared(kind, use.name), use) for kind, several in (("lever", scenario.levers),
                                                                           ("shock", scenario.shocks)) for use in several]
    for quarter in range(1, length):
        if uses:
            added: dict[str, float] = {}
            multiplied: dict[str, float] = {}
            for declared, use in uses:
                for entry in declared["effects"]:
                    plus, times = effect(entry, use, quarter, scenario.profile, values)
                    name = str(entry["parameter"])
                    added[name] = added.get(name, 0.0) + plus
                    multiplied[name] = multiplied.get(name, 1.0) * times
            for name, plus in added.items():
                low, high = known[name].range
                schedule[name][quarter] = min(max((values[name] + plus) * multiplied[name], low), high)
            schedule["points"][quarter] += sum(cost(u, quarter) for u in scenario.levers)
    made = as_schedule(schedule)
    made.mechanisms = scenario.mechanisms
    return made
