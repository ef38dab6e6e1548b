"""Early warnings of a tip: do variance and lag-1 autocorrelation rise before it, and how often for nothing?

Near a fold a system returns ever more slowly from small knocks, so both should rise (Scheffer et al. 2009, Nature
461:53). They are taken in a rolling window over what a Gaussian kernel leaves of the series, and their trend is
Kendall's tau (Dakos et al. 2012, PLoS ONE 7:e41010). A rise before a tip alone proves nothing: series that do not tip
rise by chance too, and looking only at systems that have tipped finds warnings in noise (Boettiger and Hastings
2012, Proc. R. Soc. B 279:4734). So the alarm's threshold comes from runs in which nothing is moved, and its false
alarms are counted in others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats
from scipy.ndimage import gaussian_filter1d

from letsdance import scenarios
from letsdance.experiments.axis import LAST_SEED, Axis, check_indicator, moved, moving_axis, paths
from letsdance.experiments.estimates import LEVEL, Estimate, redrawn
from letsdance.params import Refused, Said, check_whole
from letsdance.simulation.rules.regimes import REGIMES

if TYPE_CHECKING:
    import pandas as pd

#: The share of a series that the rolling window and the kernel's standard deviation take.
WINDOW, BANDWIDTH = 0.5, 0.1
#: The share of runs without a tip in which the threshold lets an alarm pass.
NOMINAL = 0.05
#: Quarters that a series needs at least, and quarters between two looks of whoever watches.
SHORTEST, LOOK = 24, 4
STATISTICS = ("variance", "autocorrelation")


# ---------------------------------------------------------------- the statistics

def detrended(series: Any, bandwidth: float = BANDWIDTH) -> np.ndarray:
    """float64[..., n]: what a Gaussian kernel smoother leaves; its standard deviation is `bandwidth` of the length.

    The smoother is Nadaraya and Watson's: at either end the kernel's weights are those of what is there.
    """
    series = np.asarray(series, np.float64)
    sd = bandwidth * series.shape[-1]
    weight = gaussian_filter1d(np.ones(series.shape[-1]), sd, mode="constant")
    return series - gaussian_filter1d(series, sd, axis=-1, mode="constant") / weight


def rolling(series: Any, window: int) -> dict[str, np.ndarray]:
    """Variance and lag-1 autocorrelation float64[..., n - window + 1] of each window of so many quarters.

    The autocorrelation is Pearson's between a window's values and those one quarter later; NaN where nothing varies.
    """
    seen = np.lib.stride_tricks.sliding_window_view(np.asarray(series, np.float64), window, axis=-1)
    before, after = (part - part.mean(axis=-1, keepdims=True) for part in (seen[..., :-1], seen[..., 1:]))
    size = np.sqrt((before**2).sum(axis=-1) * (after**2).sum(axis=-1))
    together = (before * after).sum(axis=-1)
    return {"variance": seen.var(axis=-1, ddof=1),
            "autocorrelation": np.divide(together, size, where=size > 0, out=np.full(size.shape, np.nan))}


def trends(series: Any, window: float = WINDOW, bandwidth: float = BANDWIDTH) -> dict[str, float]:
    """Kendall's tau of each statistic with time over a series float64[n]: 1 always rises, 0 no trend, -1 always falls."""
    series = np.asarray(series, np.float64)
    found = rolling(detrended(series, bandwidth), max(4, round(window * len(series))))
    return {name: _tau(values) for name, values in found.items()}


def _tau(values: np.ndarray) -> float:
    """Kendall's tau-b with time. `scipy.stats.kendalltau` says the same, but takes ten times as long, mostly to be
    called; whoever watches asks thousands of times."""
    if np.isnan(values).any():
        return np.nan
    count = len(values)
    above = values[:, None] > values  # every pair that is no tie is in here once, from the one side or the other
    untied, rising = np.count_nonzero(above), np.count_nonzero(above & _before(count))
    return float((2 * rising - untied) / np.sqrt(count * (count - 1) / 2 * untied)) if untied > 0 else np.nan


@cache
def _before(count: int) -> np.ndarray:
    """bool[count, count]: whether the column comes before the row."""
    return np.tri(count, k=-1, dtype=bool)


def watched(series: Any, window: float = WINDOW, bandwidth: float = BANDWIDTH) -> dict[str, np.ndarray]:
    """The trends as somebody saw them who looked every `LOOK` quarters, at what had happened by then; the last look
    is at the end of the series. float64[looks] a statistic."""
    series = np.asarray(series, np.float64)
    ends = range(len(series), SHORTEST - 1, -LOOK)
    looks = [trends(series[:end], window, bandwidth) for end in reversed(ends)]
    return {name: np.array([look[name] for look in looks]) for name in STATISTICS}


# ---------------------------------------------------------------- the judgement

@dataclass(frozen=True, eq=False)
class Warning:
    """How well one statistic warns.

    tips, quiet float64: tau at the last look, in runs that tip and in the quiet runs kept for testing. threshold: tau
    above which it is an alarm, from other quiet runs. hits, false_alarms: share of the runs that tip, and of the quiet
    ones, with an alarm (Clopper-Pearson). auc: the chance that a run that tips shows more of a rise than a quiet one,
    .5 for a coin (Mann-Whitney; bootstrap over runs). The same for whoever watches all along: watch_threshold (of the
    highest tau of any look), watch_hits, watch_false_alarms; lead float64: quarters from the first alarm to the end of
    the series in each run that had one.
    """

    name: str
    tips: np.ndarray
    quiet: np.ndarray
    threshold: float
    hits: Estimate
    false_alarms: Estimate
    auc: Estimate
    watch_threshold: float
    watch_hits: Estimate
    watch_false_alarms: Estimate
    lead: np.ndarray

    @property
    def warns(self) -> bool:
        """Whether it does: the AUC's interval lies above one half, and the hits' interval above that of false alarms."""
        return self.auc.low > 0.5 and self.hits.low > self.false_alarms.high


def judge(tips: Sequence[Any], calibration: Sequence[Any], quiet: Sequence[Any], window: float = WINDOW,
          bandwidth: float = BANDWIDTH, seed: int = 1,
          progress: Callable[[int], None] | None = None) -> dict[str, Warning]:
    """Statistics of series that end where they tip, against quiet ones: `calibration` sets thresholds, `quiet` tests them.

    Each is a sequence of series float64[n], n >= SHORTEST; the quiet ones should be as long as those that tip. Raises
    `Refused` where there are too few: a threshold at NOMINAL takes 1 / NOMINAL quiet runs.
    """
    for what, group, least in (
            (Said("that tip"), tips, 2), (Said("without a tip to set the threshold"), calibration, round(1 / NOMINAL)),
            (Said("without a tip to test it"), quiet, 2)):
        if len(group) < least:
            raise Refused("there are too few runs {what}: {n_group}, and it takes {least}; give more runs, or move the "
                          "parameter further or more slowly.", n_group=len(group), what=what, least=least)
    def look(series: Any) -> dict[str, np.ndarray]:
        looks = watched(series, window, bandwidth)
        if progress:
            progress(1)
        return looks

    seen = [[look(series) for series in group] for group in (tips, calibration, quiet)]
    judged = {}
    for name in STATISTICS:
        forced, null, test = ([np.nan_to_num(one[name], nan=-1.0) for one in group] for group in seen)
        last = [np.array([looks[-1] for looks in group]) for group in (forced, null, test)]
        highest = [np.array([looks.max() for looks in group]) for group in (forced, null, test)]
        threshold, high = (float(np.quantile(values, 1 - NOMINAL, method="higher")) for values in (last[1], highest[1]))
        lead = np.array([LOOK * (len(looks) - 1 - int(np.argmax(looks > high))) for looks in forced
                         if looks.max() > high], np.float64)
        judged[name] = Warning(
            name, last[0], last[2], threshold, _share(last[0] > threshold), _share(last[2] > threshold),
            _auc(last[0], last[2], seed), high, _share(highest[0] > high), _share(highest[2] > high), lead)
    return judged


def _share(which: np.ndarray) -> Estimate:
    exact = stats.binomtest(int(which.sum()), len(which)).proportion_ci(LEVEL, method="exact")
    return Estimate(float(which.mean()), float(exact.low), float(exact.high))


def area_under_roc(tips: np.ndarray, quiet: np.ndarray) -> float:
    """The chance that one of `tips` is above one of `quiet`, ties counting half."""
    return float(stats.mannwhitneyu(tips, quiet, method="asymptotic").statistic) / (len(tips) * len(quiet))


def _auc(tips: np.ndarray, quiet: np.ndarray, seed: int) -> Estimate:
    above = (tips[:, None] > quiet) + 0.5 * (tips[:, None] == quiet)
    taken = zip(redrawn(len(tips), seed), redrawn(len(quiet), seed + 1), strict=True)
    return Estimate.of(area_under_roc(tips, quiet), np.array([above[np.ix_(a, b)].mean() for a, b in taken]))


# ---------------------------------------------------------------- the experiment

@dataclass(frozen=True, eq=False)
class EarlyWarning:
    """Runs in which a parameter moves until they tip, and quiet runs in which it stays.

    tipped_at float64[R]: quarters since the parameter began to move, until fewer than half of the municipalities were
    in the regime `home`; NaN where that never came. value_at float64[R]: the parameter then. series, still float64[R,
    Q + 1]: the outcome since then, where the parameter moves and, in the same runs, where it stays. used: which runs are
    judged (tipped, and after SHORTEST quarters). example: the run with the middle time. left_out_quiet: quiet runs
    that left `home` by themselves.
    """

    axis: Axis
    outcome: str
    title: str
    home: str
    quarters: int
    settle: int
    seed: int
    tipped_at: np.ndarray
    value_at: np.ndarray
    series: np.ndarray
    still: np.ndarray
    used: np.ndarray
    left_out_quiet: int
    window: float
    bandwidth: float
    ahead: int
    judged: Mapping[str, Warning]

    @property
    def runs(self) -> int:
        """How many runs in which the parameter moves."""
        return len(self.tipped_at)

    @property
    def example(self) -> int:
        """The judged run that tips at the middle time."""
        order = np.flatnonzero(self.used)[np.argsort(self.tipped_at[self.used], kind="stable")]
        return int(order[len(order) // 2])

    @property
    def warns(self) -> bool:
        """Whether any of the statistics does."""
        return any(one.warns for one in self.judged.values())

    @property
    def frame(self) -> pd.DataFrame:
        """One row a statistic, group (tips, quiet) and run of it: tau at the last look, and whether it was an alarm."""
        import pandas as pd

        return pd.concat([pd.DataFrame({"statistic": name, "group": group, "tau": values,
                                        "alarm": values > one.threshold})
                          for name, one in self.judged.items()
                          for group, values in (("tips", one.tips), ("quiet", one.quiet))], ignore_index=True)


def early_warning(scenario: Any = "lets_dance", along: str | Axis = "B=0:0.8", outcome: str = "G", quarters: int = 200,
                  settle: int = 40, runs: int = 40, seed: int = 1, window: float = WINDOW,
                  bandwidth: float = BANDWIDTH, ahead: int = 0, progress: Callable[[int], None] | None = None,
                  **changes: Any) -> EarlyWarning:
    """Move a parameter in `quarters` until runs tip, and ask whether the outcome warned, and how often for nothing.

    outcome: a column of `result.society`. settle: quarters before the parameter moves. Quiet runs keep the first value
    and are as long as those that tip, one for one; `runs` of them, with the same seeds, set the threshold, `runs` others
    test it. window, bandwidth: shares of a series. ahead: quarters before the tip at which the last look is
    taken. progress: called with the number of runs that have ended, and
    again with 1 for each that is judged: at most 6 x runs. Raises `Refused` for bad input, and where too few runs tip.
    """
    axis, name = moving_axis(along), check_indicator(outcome)
    for what, value, low, high in (("quarters", quarters, 2 * SHORTEST, 4000), ("settle", settle, 1, 1000),
                                   ("runs", runs, 2, 10_000), ("ahead", ahead, 0, 4000), ("seed", seed, 0, LAST_SEED)):
        check_whole(what, value, low, high)
    for what, share, top in (("window", window, 0.9), ("bandwidth", bandwidth, 1.0)):
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0.01 <= share <= top:
            raise Refused("{what} must be a share of the series from 0.01 to {top:g}, not {share!r}.", what=what, top=top,
                          share=share)
    scenario = scenarios.load(scenario).changed(**changes)
    knots = [(0, axis.first), (settle, axis.first), (settle + quarters, axis.last)]
    moving, quiet = (moved(scenario, axis.name, way) for way in (knots, [*knots[:2], (settle + quarters, axis.first)]))
    same, other = np.arange(seed, seed + runs), np.arange(seed + runs, seed + 2 * runs)
    columns = [name, *REGIMES]
    forced, null, test = (paths(scenario, schedule, seeds, columns, progress)[:, :, settle:]
                          for schedule, seeds in ((moving, same), (quiet, same), (quiet, other)))
    home = int(forced[1:, :, 0].mean(axis=1).argmax())
    gone = forced[1 + home] < 0.5
    tipped = gone.any(axis=1)
    at = np.where(tipped, gone.argmax(axis=1), np.nan)
    used = tipped & (at - ahead >= SHORTEST)
    if not used.any():
        raise Refused("none of {runs} runs left {regimes} after at least {shortest} quarters while {name} moved from "
                      "{first:g} to {last:g}; move it further, or another parameter.", runs=runs, regimes=REGIMES[home],
                      shortest=SHORTEST + ahead, name=axis.name, first=axis.first, last=axis.last)
    lengths = at[used].astype(int) - ahead
    series = [one[:n] for one, n in zip(forced[0][used], lengths, strict=True)]
    groups: list[list[np.ndarray]] = []
    left_out = 0
    for found in (null, test):
        kept = []
        for k, values in enumerate(found[0]):
            n = int(lengths[k % len(lengths)])
            if (found[1 + home, k, :n] < 0.5).any():
                left_out += 1
            else:
                kept.append(values[:n])
        groups.append(kept)
    judged = judge(series, groups[0], groups[1], window=window, bandwidth=bandwidth, seed=seed, progress=progress)
    span = (axis.last - axis.first) / quarters
    return EarlyWarning(axis, name, scenario.title or scenario.name, REGIMES[home], quarters, settle, seed, at,
                        axis.first + span * at, forced[0], null[0], used, left_out, window, bandwidth, ahead, judged)
