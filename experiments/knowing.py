"""What knowing is worth: by how much the choice of a policy would do better if an assumption, or all of them, were known.

    knowing(Worlds(400, within="30%").compare(["a: LEAD@8", "b: OUT@8"], start="lone_ranger")).said

The expected value of perfect information is the mean over worlds of the best policy in each, less the best policy's mean
(Raiffa and Schlaifer 1961). That of one assumption replaces each world's outcome by what is expected where only that
assumption is known, a smooth regression on it (Strong, Oakley and Brennan 2014). Both pick the best of several noisy means
and so look too large by luck: the first is measured on other runs than those that pick (its interval reaches from there to
what the same runs would say), the second is held against the same of assumptions that were shuffled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from letsdance.experiments.estimates import LEVEL, Estimate
from letsdance.experiments.moving import numbers
from letsdance.experiments.over_worlds import OverWorlds, world_means
from letsdance.params import PARAMETERS, Refused

if TYPE_CHECKING:
    import pandas as pd

#: Bases of a regression, shuffles, draws of an interval, and how many assumptions get one.
_BASES, _SHUFFLES, _DRAWS, _TOLD = 5, 200, 200, 10
_PURPOSE = 0x4B904  # names this use of a seed


@dataclass(frozen=True, eq=False)
class Knowing:
    """What knowing is worth, in the outcome's own unit. best: the policy with the best mean over worlds; perfect: what
    knowing the world would add, with a 95 % interval; table: one row an assumption, dearest first: assumption, title, value
    with low and high, chance: how often the dearest of all shuffled assumptions looks as valuable, switch:
    the policy that would be chosen instead where it is known, in share of worlds; points: its value in points, at the price
    of the best policy's own effect (NaN where that has none)."""

    found: OverWorlds
    best: str
    perfect: Estimate
    table: pd.DataFrame

    @property
    def worth(self) -> pd.DataFrame:
        """The assumptions that are shown to be worth knowing: luck makes none look so dear in nineteen of twenty tries."""
        return self.table[(self.table["chance"] < 1.0 - LEVEL) & (self.table["value"] > 0.0)]

    def __repr__(self) -> str:
        return (f"best over worlds: {self.best}; knowing the world would add {self.perfect.value:.4g} "
                f"({self.perfect.low:.4g} to {self.perfect.high:.4g})\n"
                f"{self.table.head(10).round(4).to_string(index=False)}")


def perfect(good: np.ndarray) -> tuple[float, float]:
    """Expected value of perfect information from good[policy, world, run] (more is better), from below and from above.

    From above: the best of each world's means, which luck makes look better than it is. From below: each run measures what
    the other runs pick, so that luck does not look like knowledge, but picks less well. They meet as runs grow; with one
    run a world nothing holds it from below.
    """
    P, W, R = good.shape
    whole, total = good.mean(axis=(1, 2)).max(), good.sum(axis=2)
    above = float((total / R).max(axis=0).mean() - whole)
    if R < 2:
        return 0.0, above
    rest = (total[:, :, None] - good).reshape(P, W * R)
    measured = good.reshape(P, W * R)[rest.argmax(axis=0), np.arange(W * R)]
    return float(measured.mean() - whole), above


def partial(x: np.ndarray, means: np.ndarray) -> tuple[float, np.ndarray]:
    """Expected value of knowing x[W], from means[policy, W] (more is better), and the policy that it would choose, int[W].

    The difference of each policy from the first is regressed on x by a cubic regression spline of few bases (a line or less
    where x takes few values); the estimate is the mean of the best fitted value less the best mean.
    """
    q, _ = np.linalg.qr(_basis(x))
    fitted = q @ (q.T @ (means - means[:1]).T)  # W x policies
    return _value(fitted), fitted.argmax(axis=1)


def _value(fitted: np.ndarray) -> float:
    """What choosing by fitted[world, policy] adds to choosing once."""
    return float(fitted.max(axis=1).mean() - fitted.mean(axis=0).max())


def _basis(x: np.ndarray) -> np.ndarray:
    """float64[W, b]: a natural way to bend with x: each of few values, or a restricted cubic spline (Harrell 2001)."""
    values = np.unique(x)
    if len(values) <= _BASES:
        return np.asarray((x[:, None] == values[None, :]).astype(np.float64))
    z = (x - x.mean()) / x.std()
    knots = np.unique(np.quantile(z, [0.05, 0.275, 0.5, 0.725, 0.95]))
    last, before = knots[-1], knots[-2]

    def cube(at: float) -> np.ndarray:
        return np.asarray(np.maximum(z - at, 0.0) ** 3)

    bends = [cube(k) - cube(before) * (last - k) / (last - before) + cube(last) * (before - k) / (last - before)
             for k in knots[:-2]]
    return np.column_stack([np.ones_like(z), z, *bends])


def knowing(found: OverWorlds, seed: int = 1) -> Knowing:
    """What it is worth to know, of a comparison over worlds, before a policy is chosen. Refused: fewer than 20 worlds in
    which every policy was measured.

    seed: of the shuffles and of the draws of the interval. Costs are left out: policies are chosen by the outcome alone.

    >>> both = ld.Worlds(20, within="30%").compare(["a: LEAD@2", "b: OUT@2"], runs=2, quarters=8, start="lone_ranger")
    >>> ld.knowing(both).best in ("a", "b")
    True
    """
    import pandas as pd

    sign = -1.0 if found.less else 1.0
    known = np.isfinite(found.values).all(axis=(0, 2))
    if known.sum() < 20:
        raise Refused("the value of knowing needs at least 20 worlds in which every policy was measured, not {count}; take "
                      "more worlds, or another outcome.", count=int(known.sum()))
    good = sign * found.values[:, known]
    names, means = list(found.scenarios), good.mean(axis=2)
    best = names[int(means.mean(axis=1).argmax())]
    W = means.shape[1]
    rng = np.random.default_rng(np.random.SeedSequence([seed, _PURPOSE]))
    below, above = np.array([perfect(good[:, rng.integers(0, W, W)]) for _ in range(_DRAWS)]).T
    value = max(0.0, perfect(good)[0])
    low, high = np.quantile(below, (1 - LEVEL) / 2), np.quantile(above, (1 + LEVEL) / 2)
    gain = means - means[:1]
    columns = {name: column[known] for name, column in numbers(found.table) if np.ptp(column[known]) > 0.0}
    bases = {name: np.linalg.qr(_basis(x))[0] for name, x in columns.items()}
    fitted = {name: q @ (q.T @ gain.T) for name, q in bases.items()}
    worth = {name: _value(of) for name, of in fitted.items()}
    # all assumptions meet the same shuffles, and each is held against the dearest of them (Westfall and Young 1993)
    null = np.array([max(_value(q @ (q.T @ gain[:, shuffled].T)) for q in bases.values())
                     for shuffled in (rng.permutation(W) for _ in range(_SHUFFLES))])
    rows: list[dict[str, object]] = []
    for name in sorted(worth, key=lambda name: -worth[name]):
        again = [partial(columns[name][at], means[:, at])[0] for at in rng.integers(0, W, (_DRAWS, W))
                 ] if len(rows) < _TOLD else [np.nan]
        ends = np.quantile(again, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        counts = np.bincount(fitted[name].argmax(axis=1), minlength=len(names)) / W
        counts[names.index(best)] = 0.0
        rows.append({"assumption": name, "title": PARAMETERS[name].title if name in PARAMETERS else name,
                     "value": worth[name], "low": float(ends[0]), "high": float(ends[1]),
                     "chance": (1.0 + float((null >= worth[name]).sum())) / (_SHUFFLES + 1.0),
                     "switch": names[int(counts.argmax())] if counts.any() else "", "share": float(counts.max())})
    price = _price(found, best)
    table = pd.DataFrame(rows)
    table["points"] = table["value"] * price
    return Knowing(found, best, Estimate(value, max(0.0, float(min(low, value))), float(max(high, value))), table)


def _price(found: OverWorlds, best: str) -> float:
    """Points that one unit of the outcome costs where the best policy buys it; NaN where it buys nothing for points."""
    if best == found.reference:
        return np.nan
    effect = (-1.0 if found.less else 1.0) * float(np.nanmean(world_means(found.difference(best))))
    points = found.points(best)
    return points / effect if effect > 0.0 and points > 0.0 else np.nan
