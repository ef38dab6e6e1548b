"""What past cascades did from a place like this one: the reference class (Kahneman and Tversky, 1979) as sampled paths.

A path goes on from where a past cascade was most like the history, and takes of those who remain the share that the past
cascade took in each period. Cascades count by a kernel (Nadaraya, 1964; Watson, 1964) of how near they came: by the share
adopted, the recent speed, the age, how long half of the adopters have been there, and how long nobody came.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from letsdance.experiments.adopters import scores
from letsdance.experiments.adopters.history import Cascade
from letsdance.experiments.adopters.sampling import chosen, effective

#: Past cascades kept, at most.
MOST = 300
#: Fewer are no class.
FEWEST = 5
#: Among these, how narrow the kernel is, is chosen by forecasts of each past cascade from the others.
NARROW = (0.25, 0.5, 1.0, 2.0, 4.0)
#: And what a difference in what else is told of cascades counts for.
ALIKE = (0.0, 0.5, 1.0, 2.0, 4.0)
_COLUMNS = 12  # told of cascades, at most
_RECENT = 5  # periods over which the speed is taken
_NEXT = 8  # cascades as one of which a path goes on when a record ends; a third of them if these are fewer
_EQUAL = 10  # a forecast rests on no fewer past cascades, counted by their weights
#: What a difference counts for: of the two shares on Anscombe's scale, and of the logs of three spans of periods.
_COUNTS = np.sqrt([60.0, 120.0, 2.0, 2.0, 1.0])
_AFTER = (2, 5, 10, 20, 40, 80)  # periods after a cut at which forecasts are scored to choose the kernel
_TRIED = 400  # cuts, at most


@dataclass(frozen=True, eq=False)
class Past:
    """Past cascades, each from its first adopter on; at least five, the longest two periods or more."""

    cascades: tuple[Cascade, ...]
    narrow: float = 1.0  # the kernel is exp(-narrow d² - alike u): d² by place, u by what else is told
    alike: float = 0.0

    @cached_property
    def _share(self) -> np.ndarray:
        """float64[n, T]: share adopted by period; after the end of a record it stays."""
        longest = max(len(c.cum) for c in self.cascades)
        return np.array([np.pad(c.cum, (0, longest - len(c.cum)), mode="edge") / c.population for c in self.cascades])

    @cached_property
    def _length(self) -> np.ndarray:
        return np.array([len(c.cum) for c in self.cascades])

    @cached_property
    def _places(self) -> np.ndarray:
        """float64[n, T, 5]: where each cascade was at each period that another one follows; far away elsewhere."""
        return np.stack([np.pad(_place(c)[:-1], ((0, self._share.shape[1] - len(c.cum) + 1), (0, 0)),
                                constant_values=np.inf) for c in self.cascades])

    @cached_property
    def columns(self) -> dict[str, np.ndarray]:
        """What is told of the cascades: names -> float64[n] in standard deviations, or str[n] if not all are numbers; not
        told: NaN or ''. Columns that tell fewer than half of the cascades, or nothing but one thing, are left out."""
        found: dict[str, np.ndarray] = {}
        for name in sorted({name for c in self.cascades for name in c.about}):
            said = np.array([c.about.get(name, "") for c in self.cascades])
            if (said != "").mean() < 0.5 or len(set(said) - {""}) < 2:
                continue
            numbers = np.array([_number(text) for text in said])
            if (np.isfinite(numbers) == (said != "")).all():
                found[name] = (numbers - np.nanmean(numbers)) / np.nanstd(numbers)
            elif len(set(said)) <= max(len(said) // 3, 2):  # nearly each its own: a name, not a kind
                found[name] = said
        return dict(list(found.items())[:_COLUMNS])

    @cached_property
    def _moments(self) -> dict[str, tuple[float, float]]:
        """Mean and standard deviation of each column of numbers, as they are told."""
        told = {name: np.array([_number(c.about.get(name, "")) for c in self.cascades])
                for name, column in self.columns.items() if column.dtype.kind == "f"}
        return {name: (float(np.nanmean(numbers)), float(np.nanstd(numbers))) for name, numbers in told.items()}

    def unlike(self, about: Mapping[str, str]) -> np.ndarray:
        """float64[n]: how much else is told of each cascade than `about` says; what is not told does not differ."""
        total = np.zeros(len(self.cascades))
        for name, column in self.columns.items():
            said = about.get(name, "")
            if column.dtype.kind == "f":
                mean, deviation = self._moments[name]
                total += np.nan_to_num((column - (_number(said) - mean) / deviation)**2)
            elif said:
                total += 2.0 * ((column != said) & (column != ""))
        return total

    def _nearest(self, place: np.ndarray, without: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The period at which each cascade came nearest to a place, and the distance squared there."""
        away = ((self._places - place)**2).sum(axis=2)
        at = away.argmin(axis=1)
        least = away[np.arange(len(away)), at]
        if without is not None:
            least[without] = np.inf
        return at, least

    @cached_property
    def _after(self) -> tuple[np.ndarray, np.ndarray]:
        """int64[n, 8 or fewer] twice: where a path goes on when the record of a cascade ends (a cascade, a period)."""
        others, periods = [], []
        told = int((self._length > 1).sum())
        for c in self.cascades:
            at, away = self._nearest(_place(c)[-1])
            order = np.argsort(away, kind="stable")[:min(_NEXT, max(told // 3, 1))]
            others.append(order)
            periods.append(at[order])
        return np.array(others), np.array(periods)

    def paths(self, history: Cascade, count: int, periods: int, rng: np.random.Generator) -> np.ndarray:
        """int64[count, periods]: how past cascades went on, drawn by their weights.

        Where a record ends, its path goes on as one of the eight (or a third of the) cascades that are most like its end.
        """
        begin, away = self._nearest(_place(history)[-1])
        weights = _weights(self.narrow * away + self.alike * self.unlike(history.about))
        which = rng.permutation(chosen(weights, count, rng))
        at, left = begin[which], np.ones(count)
        paths = np.empty((count, periods))
        for h in range(periods):
            over = np.flatnonzero(at >= self._length[which] - 1)
            if len(over):
                (other, then), one = self._after, rng.integers(self._after[0].shape[1], size=len(over))
                at[over], which[over] = then[which[over], one], other[which[over], one]
            before = self._share[which, at]
            at = at + 1
            left = left * np.where(before < 1, (1 - self._share[which, at]) / np.maximum(1 - before, 1e-12), 1.0)
            paths[:, h] = 1 - left
        remain = history.population - history.adopters
        more = np.floor(remain * paths + rng.random((count, 1)))
        return history.adopters + np.minimum(np.maximum(more, 0), remain).astype(np.int64)

    def sharpened(self, stages: Sequence[float]) -> Past:
        """The same with the kernel that forecasts best: each cascade from where it reached these shares, from the others.

        First how narrow, then what is told of cascades. Of those within a standard error of the least CRPS (taken over
        cascades) the widest kernel, and the least that it counts; as it is with few cascades.
        """
        cuts = [(k, at) for k, c in enumerate(self.cascades) for stage in stages
                if (at := c.reaches(stage)) is not None and at + _AFTER[0] < len(c.cum)]
        if len({k for k, _ in cuts}) < FEWEST:
            return self
        cuts = [cuts[i] for i in np.unique(np.linspace(0, len(cuts) - 1, min(_TRIED, len(cuts))).round().astype(int))]
        tried = [self._try(k, at) for k, at in cuts]
        which = np.array([k for k, _ in cuts])
        narrow = simplest([[one.score(n, 0.0) for n in NARROW] for one in tried], which)
        made = replace(self, narrow=NARROW[narrow])
        if not self.columns:
            return made
        return replace(made, alike=ALIKE[simplest([[one.score(made.narrow, a) for a in ALIKE] for one in tried], which)])

    def _try(self, k: int, at: int) -> _Try:
        """What is needed to score forecasts of cascade `k` from period `at` on from all others."""
        told = self.cascades[k].cum
        ahead = np.array([h for h in _AFTER if at + h < len(told)])
        begin, away = self._nearest(_place(self.cascades[k].until(at + 1))[-1], without=k)
        before = self._share[np.arange(len(begin)), begin][:, None]
        after = self._share[np.arange(len(begin))[:, None], np.minimum(begin[:, None] + ahead, self._share.shape[1] - 1)]
        taken = np.where(before < 1, 1 - (1 - after) / np.maximum(1 - before, 1e-12), 0.0)
        truth = (told[at + ahead] - told[at]) / max(self.cascades[k].population - told[at], 1)
        return _Try(away, self.unlike(self.cascades[k].about), taken, truth)


class _Try(NamedTuple):
    """A past cascade cut: how far away and how unlike the others are, what they took then, and what it took."""

    away: np.ndarray    # float64[n]
    unlike: np.ndarray  # float64[n]
    taken: np.ndarray   # float64[n, H]
    truth: np.ndarray   # float64[H]

    def score(self, narrow: float, alike: float) -> float:
        """Mean CRPS over the periods looked at."""
        weights = _weights(narrow * self.away + alike * self.unlike)
        return float(scores.weighted_crps(self.taken, weights, self.truth).mean())


def simplest(scored: Sequence[Sequence[float]], which: np.ndarray) -> int:
    """The first choice whose score is within a standard error of the least; which: the cascade of each row."""
    rows = np.array(scored)
    each = np.array([rows[which == k].mean(axis=0) for k in np.unique(which)])
    more = each - each[:, [each.mean(axis=0).argmin()]]
    return int((more.mean(axis=0) <= more.std(axis=0, ddof=1) / np.sqrt(len(more))).argmax())


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return np.nan
    return value if np.isfinite(value) else np.nan


def _weights(away: np.ndarray) -> np.ndarray:
    """float64[n]: exp(-away), to sum to one; made more equal until they count for ten cascades (or nearly all of fewer)."""
    told = np.isfinite(away)
    log = np.where(told, away[told].min(initial=np.inf) - away, -np.inf)
    enough = min(_EQUAL, 0.9 * told.sum())
    while effective(log) < enough:
        log = 0.8 * log
    weights = np.exp(log - log.max())
    return weights / weights.sum()


def past(cascades: Sequence[Cascade], narrow: float = 1.0, alike: float = 0.0) -> Past | None:
    """What is kept of past cascades: at most 300 of them, spread evenly; None if fewer than five tell a second period."""
    told = [replace(c, cum=c.cum[np.argmax(c.cum > 0):]) for c in cascades if c.adopters]
    told = [c for c in told if len(c.cum) > 1]
    if len(told) < FEWEST:
        return None
    kept = np.unique(np.linspace(0, len(told) - 1, min(MOST, len(told))).round().astype(int))
    return Past(tuple(told[k] for k in kept), narrow, alike)


def _place(cascade: Cascade) -> np.ndarray:
    """float64[T, 5]: share adopted and recent speed, each on the scale on which counts vary alike (Anscombe, 1948); the
    logs of the age, of how long half of the adopters so far have been there, and of how long nobody came; by `_COUNTS`."""
    cum = cascade.cum[int(np.argmax(cascade.cum > 0)):]
    silent = len(cascade.cum) - len(cum)
    share, periods = cum / cascade.population, np.arange(len(cum))
    since = np.maximum(periods - _RECENT, 0)
    speed = np.where(periods > 0, share - share[since], share) / np.maximum(periods - since, 1)
    half = np.searchsorted(cum, (cum + 1) // 2)
    latest = np.maximum.accumulate(np.where(np.diff(cum, prepend=0) > 0, periods, 0))
    place = np.column_stack([np.arcsin(np.sqrt(np.column_stack([share, np.minimum(speed, 1)]))),
                             np.log(3 + periods), np.log(2 + periods - half), np.log(2 + periods - latest)])
    return np.pad(place * _COUNTS, ((silent, 0), (0, 0)), mode="edge")
