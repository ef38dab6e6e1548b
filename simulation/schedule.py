"""The environment as data: which parameters are in force in which quarter, given levers, shocks and trends.

Levers and shocks act on parameters only, so a run's whole environment is a table of one parameter record a
quarter, made before the run and shared by all runs of a scenario. Whoever wonders what a lever did can read it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from letsdance.params import PARAMETERS, record_dtype
from letsdance.scenarios import LEVERS, SHOCKS, Scenario, Use


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


def build(scenario: Scenario, quarters: int | None = None) -> np.ndarray:
    """The parameters in force: a record array [quarters + 1], row t for quarter t, row 0 for the start.

    In a quarter a parameter is (value + sum of what is added) x product of what it is multiplied by, within its
    range. `points` is what the levers cost.
    """
    length = (scenario.quarters if quarters is None else quarters) + 1
    values = scenario.values()
    schedule = np.zeros(length, record_dtype())
    for name, value in values.items():
        schedule[name] = value
    uses = [(LEVERS[u.name], u) for u in scenario.levers] + [(SHOCKS[u.name], u) for u in scenario.shocks]
    for quarter in range(1, length):
        if uses:
            added: dict[str, float] = {}
            multiplied: dict[str, float] = {}
            for declared, use in uses:
                for entry in declared["effects"]:
                    plus, times = effect(entry, use, quarter, scenario.profile, values)
                    name = entry["parameter"]
                    added[name] = added.get(name, 0.0) + plus
                    multiplied[name] = multiplied.get(name, 1.0) * times
            for name, plus in added.items():
                low, high = PARAMETERS[name].range
                schedule[name][quarter] = min(max((values[name] + plus) * multiplied[name], low), high)
            schedule["points"][quarter] += sum(cost(u, quarter) for u in scenario.levers)
    return schedule
