"""Time without the innovation: Kaplan-Meier curves, the restricted mean, and whether groups differ, with censoring.

A duration is the time from an origin to adoption, or, for whoever has not adopted, to the last time that this was
known: NaN in `times`, and that time in `seen_until`. Who is censored at t is still at risk at t.

>>> mean = restricted_mean([1, 2, 4, float("nan")], seen_until=4, upto=4)      # (1 + 2 + 4 + 4) / 4
>>> round(mean.mean, 2), round(mean.se, 2)
(2.75, 0.65)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance.params import Refused

if TYPE_CHECKING:
    import pandas as pd

_Z = 1.959963984540054  # of a 95 % interval


@dataclass(frozen=True)
class Survival:
    """The share that has not adopted, from each time of adoption on. All arrays are as long as `time`."""

    time: np.ndarray       # float64[k], times of adoption, ascending
    at_risk: np.ndarray    # int64[k], not adopted and still observed just before
    adopted: np.ndarray    # int64[k]
    share: np.ndarray      # float64[k], has not adopted after it
    low: np.ndarray        # float64[k], 95 % interval; NaN where it is not defined
    high: np.ndarray
    n: int
    upto: float            # the last time that anybody was observed: the curve says nothing later

    def at(self, t: Any) -> np.ndarray:
        """The share that has not adopted after time t; NaN after the last observation unless it is 0 by then."""
        t = np.asarray(t, np.float64)
        share = np.concatenate([[1.0], self.share])[np.searchsorted(self.time, t, side="right")]
        return np.where((t > self.upto) & (share > 0), np.nan, share)

    def quantile(self, share: float) -> float:
        """The first time by which so many have adopted; NaN where that is not observed."""
        reached = np.flatnonzero(self.share <= 1.0 - share + 1e-12)
        return float(self.time[reached[0]]) if len(reached) else float("nan")

    def table(self) -> pd.DataFrame:
        """One row a time of adoption: time, at_risk, adopted, not_adopted, low, high."""
        import pandas as pd

        return pd.DataFrame({"time": self.time, "at_risk": self.at_risk, "adopted": self.adopted,
                             "not_adopted": self.share, "low": self.low, "high": self.high})


@dataclass(frozen=True)
class RestrictedMean:
    """Mean time without the innovation from the origin up to a horizon, its standard error and 95 % interval."""

    mean: float
    se: float
    upto: float

    @property
    def interval(self) -> tuple[float, float]:
        """A mean from 0 to `upto` has an interval from 0 to `upto`: mean -+ 1.96 standard errors of its logit."""
        part = self.mean / self.upto if self.upto > 0 else np.nan
        if not 0.0 < part < 1.0:
            return self.mean, self.mean
        away = _Z * self.se / self.upto / (part * (1.0 - part))
        ends = [self.upto / (1.0 + (1.0 - part) / part * np.exp(side * away)) for side in (1.0, -1.0)]
        return float(ends[0]), float(ends[1])


def _durations(times: Any, seen_until: Any, origin: float) -> tuple[np.ndarray, np.ndarray]:
    """float64[n] since the origin, and bool[n] whether it ended in adoption; `Refused` if that cannot be."""
    try:
        known = np.asarray(times, np.float64)
        until = None if seen_until is None else np.asarray(seen_until, np.float64)
    except (TypeError, ValueError):
        raise Refused("times and seen_until must be numbers, with NaN in times for whoever has not adopted.") from None
    if known.ndim != 1 or not len(known):
        raise Refused("times must be one row of numbers, with NaN for whoever has not adopted.")
    adopted = ~np.isnan(known)
    if until is None:
        if not adopted.all():
            raise Refused("{adopted} of {n_known} have not adopted; give seen_until, the time until which that is "
                          "known.", adopted=int((~adopted).sum()), n_known=len(known))
        until = known
    if until.shape not in ((), known.shape):
        raise Refused("there are {n_known} times but {size} in seen_until; give one for all, or one for each.",
                      n_known=len(known), size=until.size)
    seen = np.broadcast_to(until, known.shape)
    duration = np.where(adopted, known, seen) - origin
    for i in np.flatnonzero(~np.isfinite(duration) | (duration < 0))[:1]:
        raise Refused("node {i} has the time {known:g}, but the origin is {origin:g}; times must be numbers from the "
                      "origin on.", i=i, known=(known if adopted[i] else seen)[i], origin=origin)
    for i in np.flatnonzero(adopted & (seen < known))[:1]:
        raise Refused("node {i} adopts at {known:g} but is observed until {seen:g} only.", i=i, known=known[i],
                      seen=seen[i])
    return duration, adopted


def kaplan_meier(times: Any, seen_until: Any = None, origin: float = 0.0) -> Survival:
    """The Kaplan-Meier (1958) estimate of who has not adopted, with Greenwood's variance, on times since the origin.

    The 95 % interval is that of log(-log S), which stays within 0-1. times: float64[n], NaN for non-adopters;
    seen_until: when each was last observed, one number or one each. Raises `Refused`.
    """
    from scipy.stats import CensoredData, ecdf

    duration, adopted = _durations(times, seen_until, origin)
    upto = float(duration.max())
    if not adopted.any():
        none = np.empty(0)
        return Survival(none, none.astype(np.int64), none.astype(np.int64), none, none, none, len(duration), upto)
    sf = ecdf(CensoredData(uncensored=duration[adopted], right=duration[~adopted])).sf
    when, count = np.unique(duration[adopted], return_counts=True)
    at_risk = len(duration) - np.searchsorted(np.sort(duration), when, side="left")
    share = np.asarray(sf.evaluate(when))
    share[at_risk == count] = 0.0  # the last product of rounded factors
    low, high = _interval(share, at_risk, count)
    return Survival(when, at_risk, count, share, low, high, len(duration), upto)


def _interval(share: np.ndarray, at_risk: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """95 % limits through log(-log S) with Greenwood's variance (Kalbfleisch and Prentice 2002); NaN where S is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(np.cumsum(count / (at_risk * (at_risk - count)))) / np.abs(np.log(share))
        low, high = share ** np.exp(_Z * error), share ** np.exp(-_Z * error)
    known = (share > 0) & (share < 1)
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def restricted_mean(times: Any, seen_until: Any = None, origin: float = 0.0,
                    upto: float | None = None) -> RestrictedMean:
    """The mean time without the innovation, counted up to a horizon: the area below Kaplan-Meier (Royston and Parmar 2013).

    upto: duration since the origin; the last that is observed if not given. Its variance is the sum over times of
    adoption of (area after)^2 d / (r (r - d)) (Klein and Moeschberger 2003). Raises `Refused` if upto is not observed.
    """
    curve = kaplan_meier(times, seen_until, origin)
    end = curve.upto if upto is None else float(upto)
    if not end > 0:
        raise Refused("the horizon of a restricted mean must lie after the origin, not at {end:g}.", end=end)
    if end > curve.upto and not (len(curve.share) and curve.share[-1] == 0):
        raise Refused("the restricted mean up to {end:g} is not observed: the last observation is at {upto:g}.", end=end,
                      upto=curve.upto)
    inside = curve.time <= end
    edges = np.concatenate([[0.0], curve.time[inside], [end]])
    steps = np.diff(edges) * np.concatenate([[1.0], curve.share[inside]])
    after = steps[::-1].cumsum()[::-1][1:]
    r, d = curve.at_risk[inside].astype(np.float64), curve.adopted[inside]
    variance = np.divide(after**2 * d, r * (r - d), out=np.zeros(len(d)), where=r > d)
    return RestrictedMean(float(steps.sum()), float(np.sqrt(variance.sum())), end)


@dataclass(frozen=True)
class LogRank:
    """Whether groups adopt alike: chi-squared, its degrees of freedom, p, and adopters expected if they did."""

    chi2: float
    freedom: int
    p: float
    observed: dict[str, int]
    expected: dict[str, float]


def log_rank(times: Any, groups: Any, seen_until: Any = None, origin: float = 0.0) -> LogRank:
    """The log-rank test that all groups adopt at the same hazard (Mantel 1966; Peto and Peto 1972).

    groups: a name for each; they must be known before anybody adopts. Groups that were cut by time of adoption differ
    by construction, and then the test says nothing. Raises `Refused` with fewer than two groups.
    """
    from scipy.stats import chi2 as chi_squared

    duration, adopted = _durations(times, seen_until, origin)
    group = np.asarray([str(name) for name in groups])
    names = list(dict.fromkeys(group.tolist()))
    if len(group) != len(duration):
        raise Refused("there are {n_duration} times but {n_group} groups; they must be as many.", n_duration=len(duration),
                      n_group=len(group))
    if len(names) < 2 or not adopted.any():
        raise Refused("a log-rank test needs at least two groups and one adopter.")
    when = np.unique(duration[adopted])
    member = group[:, None] == np.asarray(names)
    place = np.searchsorted(when, duration, side="right")  # at risk at the times before this place
    fell = np.zeros((len(when) + 1, len(names)))
    np.add.at(fell, place, member)
    at_risk = member.sum(axis=0) - fell.cumsum(axis=0)[:len(when)]
    died = np.zeros((len(when), len(names)))
    np.add.at(died, place[adopted] - 1, member[adopted])
    r, d = at_risk.sum(axis=1), died.sum(axis=1)
    expected = at_risk * (d / r)[:, None]
    factor = np.divide(d * (r - d), r - 1, out=np.zeros(len(r)), where=r > 1)
    share = at_risk / r[:, None]
    variance = np.diag((factor[:, None] * share).sum(axis=0)) - np.einsum("t,ti,tj->ij", factor, share, share)
    gap = (died - expected).sum(axis=0)
    # One group is told by the others; the pseudo-inverse also does without groups that are never at risk.
    value = float(gap @ np.linalg.pinv(variance, hermitian=True) @ gap)
    freedom = int(np.linalg.matrix_rank(variance, hermitian=True))
    return LogRank(value, freedom, float(chi_squared.sf(value, freedom)) if freedom else 1.0,
                   dict(zip(names, died.sum(axis=0).astype(int).tolist(), strict=True)),
                   dict(zip(names, expected.sum(axis=0).tolist(), strict=True)))


def by_group(times: Any, groups: Any, seen_until: Any = None, origin: float = 0.0) -> pd.DataFrame:
    """One row a group: group, nodes, adopters, median (time by which half have adopted), restricted_mean, se, upto.

    All means are up to the same horizon, the longest that is observed in every group. A group that nobody saw after the
    origin has none (NaN), and does not limit the others.
    """
    import pandas as pd

    duration, adopted = _durations(times, seen_until, origin)
    group = np.asarray([str(name) for name in groups])
    names = list(getattr(groups, "categories", ())) or list(dict.fromkeys(group.tolist()))
    held = {str(name): np.flatnonzero(group == str(name)) for name in names}
    curves = {name: kaplan_meier(np.where(adopted, duration, np.nan)[at], duration[at])
              for name, at in held.items() if len(at)}
    ended = {name: bool(len(curve.share)) and curve.share[-1] == 0 for name, curve in curves.items()}
    observed = [curve.upto for name, curve in curves.items() if not ended[name] and curve.upto > 0]
    end = min(observed, default=float(duration.max()))
    rows = []
    for name, curve in curves.items():
        at = held[name]
        mean = RestrictedMean(np.nan, np.nan, end)
        if end > 0 and (ended[name] or curve.upto > 0):
            mean = restricted_mean(np.where(adopted, duration, np.nan)[at], duration[at], upto=end)
        rows.append({"group": name, "nodes": len(at), "adopters": int(adopted[at].sum()), "median": curve.quantile(0.5),
                     "restricted_mean": mean.mean, "se": mean.se, "upto": end})
    return pd.DataFrame(rows)


__all__ = ["LogRank", "RestrictedMean", "Survival", "by_group", "kaplan_meier", "log_rank", "restricted_mean"]
