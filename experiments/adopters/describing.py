"""What a set of adoption times says, all at once: curves, categories, exposure, thresholds, survival; in sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from letsdance.experiments.adopters import statistics
from letsdance.experiments.adopters.curves import CURVES, Fit, fit
from letsdance.experiments.adopters.data import Adoption
from letsdance.experiments.adopters.history import Cascade
from letsdance.experiments.adopters.survival import (
    LogRank,
    RestrictedMean,
    Survival,
    by_group,
    kaplan_meier,
    log_rank,
    restricted_mean,
)
from letsdance.params import listed

if TYPE_CHECKING:
    import pandas as pd


#: Curves are not fitted to more periods than this: that takes long and shows no more.
_LONGEST = 2000


class How(TypedDict):
    """How exposure is counted (statistics.exposure)."""

    normalised: bool
    direction: statistics.Direction
    lag: int
    valued: bool


@dataclass(frozen=True, eq=False)
class Description:
    """Tables and sentences about one set of adoption times."""

    adoption: Adoption
    by: str                               # of statistics.CUTS
    how: How                              # of exposure
    curve: pd.DataFrame                   # one row a period (statistics.curve)
    nodes: pd.DataFrame                   # one row a node
    categories: pd.DataFrame              # one row a category
    survival: Mapping[str, Survival]      # of "all", and of each group, since the first period
    mean: RestrictedMean
    fits: Mapping[str, Fit]               # Bass, logistic and Gompertz by maximum likelihood; none where too few adopt
    exposure: pd.DataFrame | None         # one row a period: of those not adopted before (mean, 10 %, 90 %), of adopters
    influence: pd.DataFrame | None        # one row a period: infectiousness and susceptibility, and without ties
    groups: pd.DataFrame | None           # one row a group that was known before anybody adopted
    rank_test: LogRank | None             # whether these groups adopt alike
    dependence: statistics.Dependence | None
    sentences: Mapping[str, tuple[str, ...]]  # what was assumed, and what stands out, by section

    def __repr__(self) -> str:
        return "\n".join(self.said)

    @property
    def said(self) -> tuple[str, ...]:
        """All sentences."""
        return tuple(sentence for part in self.sentences.values() for sentence in part)

    @property
    def fitted(self) -> pd.DataFrame:
        """One row a fitted parameter: curve, parameter, estimate, low, high (95 %)."""
        import pandas as pd

        return pd.DataFrame([(name, key, value, *fit.interval(key)) for name, fit in self.fits.items()
                             for key, value in fit.estimates.items()],
                            columns=["curve", "parameter", "estimate", "low", "high"])

    @property
    def not_adopted(self) -> pd.DataFrame:
        """One row a group ("all" first) and time of adoption: group, and `Survival.table`."""
        import pandas as pd

        return pd.concat([one.table().assign(group=name) for name, one in self.survival.items()],
                         ignore_index=True)[["group", "time", "at_risk", "adopted", "not_adopted", "low", "high"]]


def describe(adoption: Adoption, by: str = "rogers", *, normalised: bool = True, direction: statistics.Direction = "out",
             lag: int = 0, valued: bool = False, repetitions: int = 0, seed: int = 1,
             progress: Callable[[int], None] | None = None) -> Description:
    """Every statistic of `statistics` and `survival`, and the classic curves, on one set of times; those of networks
    where there is one.

    by: how categories are cut (statistics.CUTS). repetitions: rewired networks of the structural dependence test; 0
    leaves it out. Raises `Refused`.

    >>> from letsdance.experiments.adopters.data import read_times
    >>> table = pd.DataFrame({"node": ["a", "b", "c"], "time": [1, 2, 4]})
    >>> len(ld.describe(read_times(table), repetitions=0).nodes)
    3
    """
    import pandas as pd

    times, span = adoption.times, adoption.span
    how: How = {"normalised": normalised, "direction": direction, "lag": lag, "valued": valued}
    category = statistics.categories(times, by, adoption.innovativeness)
    nodes = pd.DataFrame({"node": list(adoption.nodes), "time": times, "category": np.asarray(category, dtype=object)})
    groups = adoption.groups
    if groups is None and by == "innovativeness":
        groups = tuple(nodes["category"])  # known beforehand too
    if groups is not None:
        nodes["group"] = list(groups)
    seen = influence = None
    if adoption.network is not None:
        threshold = statistics.thresholds(times, adoption.matrix, **span, **how)
        nodes["threshold"] = threshold
        nodes["threshold_level"] = np.asarray(statistics.threshold_levels(threshold), dtype=object)
        for name, measure in (("infectiousness", statistics.infectiousness),
                              ("susceptibility", statistics.susceptibility)):
            nodes[name] = measure(times, adoption.matrix, **span, direction=direction)
        seen, influence = _exposure(adoption, how), _influence(adoption, direction)
    dependence = None
    if repetitions:
        dependence = statistics.structural_dependence(times, adoption.matrix, None, repetitions, seed, **span,
                                                      progress=progress)
    origin = float(adoption.periods[0])
    survival = {"all": kaplan_meier(times, adoption.seen_until, origin)}
    observed = survival["all"].upto > 0
    mean = restricted_mean(times, adoption.seen_until, origin) if observed else RestrictedMean(0.0, 0.0, 0.0)
    compared = rank_test = None
    if groups is not None and len(set(groups)) > 1 and observed:
        compared = by_group(times, groups, adoption.seen_until, origin)
        rank_test = log_rank(times, groups, adoption.seen_until, origin)
        member = np.asarray(groups)
        survival |= {name: kaplan_meier(times[member == name], adoption.seen_until[member == name], origin)
                     for name in compared["group"]}
    growth = statistics.curve(times, **span)
    found = Description(adoption, by, how, growth, nodes, _categories(adoption, category, nodes), survival, mean,
                        _fits(adoption, growth), seen, influence, compared, rank_test, dependence, {})
    return replace(found, sentences={"data": adoption.said, **_sentences(found)})


def _fits(adoption: Adoption, growth: pd.DataFrame) -> dict[str, Fit]:
    """The classic curves on who has adopted out of all, or none where that is too little for a curve."""
    if not 3 <= len(growth) <= _LONGEST or (growth["new"] > 0).sum() < 3:
        return {}
    cascade = Cascade("these data", len(adoption.nodes), int(adoption.periods[0]), growth["adopters"].to_numpy())
    return {name: fit(cascade, name) for name in CURVES}


def _influence(adoption: Adoption, direction: str) -> pd.DataFrame:
    """Infectiousness and susceptibility of the adopters of each period, over all their ties: of those who look at them and
    adopt later, the share that does in the next period; of the earlier adopters whom they look at, the share that had
    just adopted. ties_after, ties_before: how many ties these are shares of. alike_after, alike_before: the same shares of
    all, whoever looks at whom. NaN where there is nobody.
    """
    import pandas as pd

    T = len(adoption.periods)
    when = np.nan_to_num(adoption.times - adoption.periods[0], nan=T).astype(np.int64)
    held = statistics.slices(adoption.matrix, len(when), T, direction, False)
    at_once, after, just, before = np.zeros((4, T))
    for s, matrix in enumerate(held):
        who, whom = when[np.repeat(np.arange(len(when)), np.diff(matrix.indptr))], when[matrix.indices]
        following = (who > whom) & (who < T)
        mine = following if len(held) == 1 else following & (whom == s - 1)
        after += np.bincount(whom[mine], minlength=T)
        at_once += np.bincount(whom[mine & (who == whom + 1)], minlength=T)
        mine = following if len(held) == 1 else following & (who == s)
        before += np.bincount(who[mine], minlength=T)
        just += np.bincount(who[mine & (who == whom + 1)], minlength=T)
    new = np.bincount(when[when < T], minlength=T).astype(np.float64)
    later, earlier = new[::-1].cumsum()[::-1] - new, new.cumsum() - new

    def share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
        return np.divide(part, whole, out=np.full(T, np.nan), where=whole > 0)

    return pd.DataFrame({
        "period": adoption.periods, "adopters": new.astype(np.int64), "ties_after": after.astype(np.int64),
        "infectiousness": share(at_once, after), "alike_after": share(np.append(new[1:], 0.0), later),
        "ties_before": before.astype(np.int64), "susceptibility": share(just, before),
        "alike_before": share(np.append(0.0, new[:-1]), earlier)})


def _exposure(adoption: Adoption, how: How) -> pd.DataFrame:
    """Exposure of those who had not adopted before each period, and of those who adopt in it."""
    import pandas as pd

    exposure = statistics.exposure(adoption.times, adoption.matrix, **adoption.span, **how)
    by_period = np.ascontiguousarray(exposure.T)
    rows = []
    for period, seen in zip(adoption.periods, by_period, strict=True):
        waiting, new = seen[~(adoption.times < period)], seen[adoption.times == period]
        known = bool(len(waiting)) and bool(np.isfinite(waiting[0]))
        low, high = np.quantile(waiting, [0.1, 0.9]) if known else (np.nan, np.nan)
        rows.append({"period": int(period), "waiting": len(waiting), "mean": waiting.mean() if known else np.nan,
                     "low": low, "high": high, "new": len(new),
                     "mean_of_new": new.mean() if len(new) and known else np.nan})
    return pd.DataFrame(rows)


def _categories(adoption: Adoption, category: pd.Categorical, nodes: pd.DataFrame) -> pd.DataFrame:
    """One row a category: category, nodes, share, adopters, first, last, restricted_mean with se and upto (time without
    the innovation since the first period, all up to the same horizon), mean_threshold (NaN without a network)."""
    import pandas as pd

    waits = pd.DataFrame(columns=["group", "restricted_mean", "se", "upto"]) if len(adoption.periods) == 1 else by_group(
        adoption.times, category, adoption.seen_until, float(adoption.periods[0]))
    waits = waits.set_index("group")[["restricted_mean", "se", "upto"]].reindex(list(category.categories))
    rows = []
    for name in category.categories:
        inside = nodes[np.asarray(category == name)]
        known = inside["time"].dropna()
        rows.append({"category": name, "nodes": len(inside), "share": len(inside) / len(nodes), "adopters": len(known),
                     "first": known.min() if len(known) else np.nan, "last": known.max() if len(known) else np.nan,
                     **waits.loc[name].astype(float),
                     "mean_threshold": inside["threshold"].mean() if "threshold" in nodes else np.nan})
    return pd.DataFrame(rows)


def _sentences(found: Description) -> dict[str, tuple[str, ...]]:
    """What stands out, for people."""
    adoption, curve = found.adoption, found.curve
    n, count = len(adoption.nodes), int(curve["adopters"].iloc[-1])
    first, last = adoption.periods[0], adoption.periods[-1]
    growth = [f"{count:,} of {n:,} ({count / n:.0%}) have adopted from {first} to {last}."]
    half = found.survival["all"].quantile(0.5)
    growth.append(f"Half had adopted by {first + half:g}." if np.isfinite(half) else
                  "Fewer than half have adopted so far.")
    if len(curve) > 1:
        # Of a handful who are left, one adopter is a high hazard.
        many = curve[curve["at_risk"] >= max(2, n / 20)]
        peak = many.iloc[int(many["hazard"].to_numpy().argmax())]
        growth.append("Where at least a twentieth were still to adopt, the hazard was highest in "
                      f"{peak['period']:g}: {peak['hazard']:.0%} of the {peak['at_risk']:,.0f} who "
                      f"had not adopted yet did.")
        low, high = found.mean.interval
        growth.append(f"The mean time without it, counted from {first} to {last}, is {found.mean.mean:.1f} periods "
                      f"(95 % interval {low:.1f} to {high:.1f}).")
    cuts = []
    known = adoption.times[np.isfinite(adoption.times)]
    if found.by in ("sd", "rogers"):
        if np.ptp(known) == 0:
            cuts.append("All adopters adopted in the same period, so their categories say nothing.")
        elif count < n:
            cuts.append("Categories are cut among those who have adopted so far and will move as others do; cut by rank "
                        "they would not.")
        if found.by == "rogers" and not (np.asarray(found.nodes["category"]) == "innovators").any():
            cuts.append("Nobody is an innovator: no time lies two standard deviations before the mean.")
    threshold = found.nodes["threshold"].dropna().to_numpy() if found.exposure is not None else np.empty(0)
    if len(threshold):
        unit = "of their contacts" if found.how["normalised"] else "contacts"
        write = "{:.0%}" if found.how["normalised"] else "{:.1f}"
        cuts.append(f"Adopters had on average {write.format(threshold.mean())} {unit} with them when they adopted; "
                    f"{(threshold == 0).mean():.0%} had none.")
    groups, dependence = [], []
    if found.rank_test is not None:
        p = found.rank_test.p
        groups.append(f"The groups known beforehand {'differ' if p < .05 else 'do not differ clearly'} in how fast they "
                      f"adopt (log-rank test, p {_p(p)}).")
    if found.dependence is not None:
        d = found.dependence
        dependence.append(
            f"The mean threshold is {d.observed:.3f}, and {d.mean:.3f} on {len(d.rewired)} networks with the same degrees "
            f"and ties at random (p {_p(d.p)}): who is tied to whom "
            f"{'matters' if d.p < .05 else 'makes no clear difference'}.")
    ends = [f"{name.capitalize()} {one.estimates['share']:.0%} ({low:.0%} to {high:.0%})"
            for name, one in found.fits.items() for low, high in [one.interval("share")]]
    told = [f"By the fitted curves, in the end so many will have adopted: {', '.join(ends)}; 95 % intervals, which are too "
            "narrow where adoption comes in clumps."] if ends else []
    told += [f"{name.capitalize()}: {listed(one.at_edge)} cannot be told from these data; the best value lies at the edge "
             f"of the search, so it has no interval." for name, one in found.fits.items() if one.at_edge]
    return {"growth": tuple(growth), "curves": tuple(told), "categories": tuple(cuts), "groups": tuple(groups),
            "dependence": tuple(dependence)}


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.3f}" if p < 0.1 else f"= {p:.2f}"


__all__ = ["Description", "describe"]
