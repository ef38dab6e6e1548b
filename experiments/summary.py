"""What a run came to, in numbers: one row a start, means with 10-90 % bands over runs. Table, JSON and words use it."""

from __future__ import annotations

from typing import Any

import numpy as np

from letsdance.simulation.rules.regimes import REGIMES
from letsdance.simulation.run import CATEGORIES, Result


def band(values: np.ndarray) -> dict[str, float | None]:
    """Mean, 10 % and 90 % quantile over runs; None where no run has a value."""
    seen = values[~np.isnan(values)]
    if not len(seen):
        return {"mean": None, "low": None, "high": None}
    return {"mean": float(seen.mean()), "low": float(np.quantile(seen, 0.1)), "high": float(np.quantile(seen, 0.9))}


def time_to(result: Result, share: float) -> dict[str, float | int | None]:
    """When a share of governments has adopted: median and 10-90 % over the runs that reach it, and how many do.

    Runs that do not reach it within the horizon are censored: the median counts them as later than all others, and is
    None where half of the runs or more do not reach it.
    """
    times = result.time_to(share)
    known = np.sort(np.nan_to_num(times, nan=np.inf))
    median = float(np.quantile(known, 0.5, method="inverted_cdf"))
    return {"median": median if np.isfinite(median) else None, "reached": int(np.isfinite(known).sum()),
            "runs": result.runs}


def ever_adopted_by_category(result: Result) -> dict[str, float | None]:
    """Share of each ex ante adopter category that has ever adopted by the end, over all runs; None for an empty one."""
    ever = ~np.isnan(result.adopted_at)
    return {name: float(ever[result.category == k].mean()) if (result.category == k).any() else None
            for k, name in enumerate(CATEGORIES)}


def summary(result: Result) -> dict[str, Any]:
    """Everything that the table of `letsdance run` says of one start."""
    last = result.rows[:, -1]
    by_category = ever_adopted_by_category(result)
    known = {name: value for name, value in by_category.items() if value is not None}
    lags = min(known, key=lambda name: known[name]) if max(known.values()) > 0 else None
    return {
        "title": result.scenario.title,
        "regimes": {name: band(last[name]) for name in REGIMES},
        "C": band(last["C"]), "G": band(last["G"]),
        "services": band(last["services"]),
        "ever_adopted": band(last["ever_adopted"]),
        "time_to_50": time_to(result, 0.5),
        "time_to_84": time_to(result, 0.84),
        "ever_adopted_by_category": by_category,
        "lags": lags,
        "uses": band(last["uses"]),
        "representativeness": band(last["representativeness"]),
        "trust": band(last["T"]),
        "legitimacy": band(last["legitimacy"]),
        "accountability": band(last["accountability"]),
        "spend": band(result.rows["spend"].sum(axis=1)),
    }
