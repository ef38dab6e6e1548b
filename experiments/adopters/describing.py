"""What a set of adoption times says, all at once: curves, categories, exposure, thresholds, survival; in sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from letsdance.experiments.adopters import statistics
from letsdance.experiments.adopters.curves import CURVES, Fit, curve_named, fit
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
from letsdance.words import IN_ENGLISH, Text

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

    def __repr__(self) -> str:
        return "\n".join(self.said)

    @property
    def said(self) -> tuple[str, ...]:
        """All sentences."""
        return tuple(sentence for part in self.sentences().values() for sentence in part)

    def sentences(self, text: Text = IN_ENGLISH) -> Mapping[str, tuple[str, ...]]:
        """What was assumed on the way in, and what stands out, by section, in a language."""
        return _sentences(self, text)

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
    return Description(adoption, by, how, growth, nodes, _categories(adoption, category, nodes), survival, mean,
                       _fits(adoption, growth), seen, influence, compared, rank_test, dependence)


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


def _growth(found: Description, text: Text) -> tuple[str, ...]:
    """How adoption grew."""
    curve, n = found.curve, len(found.adoption.nodes)
    count, span = int(curve["adopters"].iloc[-1]), {"first": found.adoption.periods[0], "last": found.adoption.periods[-1]}
    half = found.survival["all"].quantile(0.5)
    said = [text("report.adopters_said_share", n=text.number(count), of=text.number(n), share=text.percent(count / n),
                 **span),
            text("report.adopters_said_half", when=f"{span['first'] + half:g}") if np.isfinite(half) else
            text("report.adopters_said_not_half")]
    if len(curve) > 1:
        # Of a handful who are left, one adopter is a high hazard.
        many = curve[curve["at_risk"] >= max(2, n / 20)]
        peak = many.iloc[int(many["hazard"].to_numpy().argmax())]
        said.append(text("report.adopters_said_hazard", period=f"{peak['period']:g}", hazard=text.percent(peak["hazard"]),
                         n=text.number(peak["at_risk"])))
        mean, low, high = (text.number(value, 1) for value in (found.mean.mean, *found.mean.interval))
        said.append(text("report.adopters_said_mean", mean=mean, low=low, high=high, **span))
    return tuple(said)


def _cuts(found: Description, text: Text) -> tuple[str, ...]:
    """What is to be known of the categories, and what their adopters saw."""
    known, said = found.adoption.times[np.isfinite(found.adoption.times)], []
    if found.by in ("sd", "rogers"):
        if np.ptp(known) == 0:
            said.append(text("report.adopters_said_same_period"))
        elif int(found.curve["adopters"].iloc[-1]) < len(found.adoption.nodes):
            said.append(text("report.adopters_said_will_move"))
        if found.by == "rogers" and not (np.asarray(found.nodes["category"]) == "innovators").any():
            said.append(text("report.adopters_said_no_innovator"))
    threshold = found.nodes["threshold"].dropna().to_numpy() if found.exposure is not None else np.empty(0)
    if len(threshold):
        share = found.how["normalised"]
        said.append(text(f"report.adopters_said_threshold_{'share' if share else 'count'}",
                         mean=text.percent(threshold.mean()) if share else text.number(threshold.mean(), 1),
                         none=text.percent((threshold == 0).mean())))
    return tuple(said)


def _curves(found: Description, text: Text) -> tuple[str, ...]:
    """What the classic curves expect in the end, and what they cannot tell."""
    ends = [text("report.adopters_said_curve", curve=curve_named(name, text), share=text.percent(one.estimates["share"]),
                 low=text.percent(low), high=text.percent(high))
            for name, one in found.fits.items() for low, high in [one.interval("share")]]
    said = [text("report.adopters_said_curves", curves=", ".join(ends))] if ends else []
    said += [text("report.adopters_said_edge", curve=curve_named(name, text), names=text.listed(list(one.at_edge)))
             for name, one in found.fits.items() if one.at_edge]
    return tuple(said)


def _sentences(found: Description, text: Text) -> dict[str, tuple[str, ...]]:
    """What was assumed, and what stands out, for people."""
    groups, tied = found.rank_test, found.dependence
    clear = {False: "_not", True: ""}
    return {
        "data": tuple(text.refused(one) for one in found.adoption.said),
        "growth": _growth(found, text), "curves": _curves(found, text), "categories": _cuts(found, text),
        "groups": () if groups is None else (
            text(f"report.adopters_said_groups{clear[groups.p < 0.05] or '_differ'}", p=text.p_value(groups.p)),),
        "dependence": () if tied is None else (
            text(f"report.adopters_said_tied{clear[tied.p < 0.05]}", observed=text.number(tied.observed, 3),
                 mean=text.number(tied.mean, 3), n=len(tied.rewired), p=text.p_value(tied.p)),)}


__all__ = ["Description", "describe"]
