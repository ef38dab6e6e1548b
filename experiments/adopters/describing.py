"""What a set of adoption times says, all at once: curve, categories, exposure, thresholds, survival, and in sentences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.adopters import statistics
from experiments.adopters.data import Adoption
from experiments.adopters.survival import (
    LogRank,
    RestrictedMean,
    Survival,
    by_group,
    kaplan_meier,
    log_rank,
    restricted_mean,
)

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Description:
    """Tables and sentences about one set of adoption times."""

    adoption: Adoption
    by: str                               # of statistics.CUTS
    how: dict[str, Any]                   # of exposure
    curve: pd.DataFrame                   # one row a period (statistics.curve)
    nodes: pd.DataFrame                   # one row a node
    categories: pd.DataFrame              # one row a category
    survival: Survival                    # of all, since the first period
    mean: RestrictedMean
    exposure: pd.DataFrame | None         # one row a period: of those not adopted before (mean, 10 %, 90 %), of adopters
    groups: pd.DataFrame | None           # one row a group that was known before anybody adopted
    rank_test: LogRank | None             # whether these groups adopt alike
    dependence: statistics.Dependence | None
    said: tuple[str, ...]


def describe(adoption: Adoption, by: str = "rogers", *, normalised: bool = True, direction: statistics.Direction = "out",
             lag: int = 0, valued: bool = False, repetitions: int = 0, seed: int = 1,
             progress: Callable[[int], None] | None = None) -> Description:
    """Every statistic of `statistics` and `survival` on one set of times; those of networks where there is one.

    by: how categories are cut (statistics.CUTS). repetitions: rewired networks of the structural dependence test; 0
    leaves it out. Raises `Refused`.
    """
    import pandas as pd

    times, span = adoption.times, adoption.span
    how: dict[str, Any] = {"normalised": normalised, "direction": direction, "lag": lag, "valued": valued}
    category = statistics.categories(times, by, adoption.innovativeness)
    nodes = pd.DataFrame({"node": list(adoption.nodes), "time": times, "category": np.asarray(category, dtype=object)})
    if adoption.groups is not None:
        nodes["group"] = list(adoption.groups)
    seen = None
    if adoption.network is not None:
        threshold = statistics.thresholds(times, adoption.matrix, **span, **how)
        nodes["threshold"] = threshold
        nodes["threshold_level"] = np.asarray(statistics.threshold_levels(threshold), dtype=object)
        for name, measure in (("infectiousness", statistics.infectiousness),
                              ("susceptibility", statistics.susceptibility)):
            nodes[name] = measure(times, adoption.matrix, **span, direction=direction)
        seen = _exposure(adoption, how)
    dependence = None
    if repetitions:
        dependence = statistics.structural_dependence(times, adoption.matrix, None, repetitions, seed, **span,
                                                      progress=progress)
    origin = float(adoption.periods[0])
    all_of_them = kaplan_meier(times, adoption.seen_until, origin)
    mean = restricted_mean(times, adoption.seen_until, origin) if all_of_them.upto > 0 else \
        RestrictedMean(0.0, 0.0, 0.0)
    groups = rank_test = None
    if adoption.groups is not None and len(set(adoption.groups)) > 1 and all_of_them.upto > 0:
        groups = by_group(times, adoption.groups, adoption.seen_until, origin)
        rank_test = log_rank(times, adoption.groups, adoption.seen_until, origin)
    found = Description(adoption, by, how, statistics.curve(times, **span), nodes, _categories(category, nodes),
                        all_of_them, mean, seen, groups, rank_test, dependence, ())
    return Description(**{**found.__dict__, "said": (*adoption.said, *_sentences(found))})


def _exposure(adoption: Adoption, how: dict[str, Any]) -> pd.DataFrame:
    """Exposure of those who had not adopted before each period, and of those who adopt in it."""
    import pandas as pd

    exposure = statistics.exposure(adoption.times, adoption.matrix, **adoption.span, **how)
    rows = []
    for t, period in enumerate(adoption.periods):
        waiting = exposure[~(adoption.times < period), t]
        new = exposure[adoption.times == period, t]
        known = bool(len(waiting)) and bool(np.isfinite(waiting[0]))
        low, high = np.quantile(waiting, [0.1, 0.9]) if known else (np.nan, np.nan)
        rows.append({"period": int(period), "waiting": len(waiting), "mean": waiting.mean() if known else np.nan,
                     "low": low, "high": high, "new": len(new),
                     "mean_of_new": new.mean() if len(new) and known else np.nan})
    return pd.DataFrame(rows)


def _categories(category: pd.Categorical, nodes: pd.DataFrame) -> pd.DataFrame:
    """One row a category: category, nodes, share, first, last, mean_threshold (NaN without a network)."""
    import pandas as pd

    rows = []
    for name in category.categories:
        inside = nodes[np.asarray(category == name)]
        known = inside["time"].dropna()
        threshold = inside["threshold"].dropna() if "threshold" in nodes else known[:0]
        rows.append({"category": name, "nodes": len(inside), "share": len(inside) / len(nodes), "adopters": len(known),
                     "first": known.min() if len(known) else np.nan, "last": known.max() if len(known) else np.nan,
                     "mean_threshold": threshold.mean() if len(threshold) else np.nan})
    return pd.DataFrame(rows)


def _sentences(found: Description) -> list[str]:
    """What stands out, for people."""
    adoption, curve = found.adoption, found.curve
    n, count = len(adoption.nodes), int(curve["adopters"].iloc[-1])
    first, last = adoption.periods[0], adoption.periods[-1]
    said = [f"{count} of {n} ({count / n:.0%}) have adopted from {first} to {last}."]
    half = found.survival.quantile(0.5)
    said.append(f"Half had adopted by {first + half:g}." if np.isfinite(half) else "Fewer than half have adopted so far.")
    if len(curve) > 1:
        # Of a handful who are left, one adopter is a high hazard.
        many = curve[curve["at_risk"] >= max(2, n / 20)]
        peak = many.iloc[int(many["hazard"].to_numpy().argmax())]
        said.append("Where at least a twentieth were still to adopt, the hazard was highest in "
                    f"{peak['period']:g}: {peak['hazard']:.0%} of the {peak['at_risk']:.0f} who "
                    f"had not adopted yet did.")
        low, high = found.mean.interval
        said.append(f"The mean time without it, counted from {first} to {last}, is {found.mean.mean:.1f} periods "
                    f"(95 % interval {max(low, 0):.1f} to {high:.1f}).")
    known = adoption.times[np.isfinite(adoption.times)]
    if found.by in ("sd", "rogers"):
        if np.ptp(known) == 0:
            said.append("All adopters adopted in the same period, so their categories say nothing.")
        elif count < n:
            said.append("Categories are cut among those who have adopted so far and will move as others do; cut by rank "
                        "they would not.")
        if found.by == "rogers" and not (np.asarray(found.nodes["category"]) == "innovators").any():
            said.append("Nobody is an innovator: no time lies two standard deviations before the mean.")
    if found.exposure is not None:
        threshold = found.nodes["threshold"].dropna()
        if len(threshold):
            unit = "of their contacts" if found.how["normalised"] else "contacts"
            write = "{:.0%}" if found.how["normalised"] else "{:.1f}"
            said.append(f"Adopters had on average {write.format(threshold.mean())} {unit} with them when they adopted; "
                        f"{(threshold == 0).mean():.0%} had none.")
    if found.rank_test is not None:
        p = found.rank_test.p
        said.append(f"The groups known beforehand {'differ' if p < .05 else 'do not differ clearly'} in how fast they "
                    f"adopt (log-rank test, p {_p(p)}).")
    if found.dependence is not None:
        d = found.dependence
        said.append(f"The mean threshold is {d.observed:.3f}, and {d.mean:.3f} on {len(d.rewired)} networks with the same "
                    f"degrees and ties at random (p {_p(d.p)}): who is tied to whom "
                    f"{'matters' if d.p < .05 else 'makes no clear difference'}.")
    return said


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.3f}" if p < 0.1 else f"= {p:.2f}"


__all__ = ["Description", "describe"]
