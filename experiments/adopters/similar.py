"""What past cascades did from a place like this one: the reference class (Kahneman and Tversky, 1979) as sampled paths.

A path goes on from where a past cascade was most like the history, by the share that had adopted and the recent speed,
and takes of those who remain the share that the past cascade took in each period.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from letsdance.experiments.adopters.history import Cascade

#: Past cascades kept, at most.
MOST = 300
#: Fewer are no class.
FEWEST = 5
_RECENT = 5  # periods over which the speed is taken
_NEXT = 8  # cascades as one of which a path goes on when a record ends; a third of them if these are fewer


@dataclass(frozen=True, eq=False)
class Past:
    """Past cascades, each from its first adopter on; at least five, the longest two periods or more."""

    cascades: tuple[Cascade, ...]

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
        """float64[n, T, 2]: where each cascade was at each period that another one follows; inf elsewhere."""
        return np.stack([np.pad(_place(c), ((0, self._share.shape[1] - len(c.cum)), (0, 0)),
                                constant_values=np.inf) for c in self.cascades])

    def _nearest(self, place: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """The `count` cascades that were nearest to a place, and the first period at which each was."""
        away = ((self._places - place)**2).sum(axis=2)
        away[np.arange(away.shape[1]) >= self._length[:, None] - 1] = np.inf
        at = away.argmin(axis=1)
        least = away[np.arange(len(away)), at]
        order = np.argsort(least, kind="stable")[:count]
        order = order[np.isfinite(least[order])]
        return order, at[order]

    @cached_property
    def _after(self) -> tuple[np.ndarray, np.ndarray]:
        """int64[n, 8 or fewer] twice: where a path goes on when the record of a cascade ends (a cascade, a period)."""
        found = [self._nearest(_place(c)[-1], min(_NEXT, max(len(self.cascades) // 3, 1))) for c in self.cascades]
        return np.array([other for other, _ in found]), np.array([at for _, at in found])

    def paths(self, history: Cascade, count: int, periods: int, rng: np.random.Generator) -> np.ndarray:
        """int64[count, periods]: how past cascades went on, each path from one of the most similar half (at least ten).

        Where a record ends, its path goes on as one of the eight (or a third of the) cascades that are most like its end.
        """
        likely, begin = self._nearest(_place(history)[-1], max(10, round(len(self.cascades) / 2)))
        pick = rng.permutation(np.arange(count) % len(likely))
        which, at, left = likely[pick], begin[pick], np.ones(count)
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


def past(cascades: Sequence[Cascade]) -> Past | None:
    """What is kept of past cascades: at most 300 of them, spread evenly; None if fewer than five tell a second period."""
    told = [Cascade(c.name, c.population, c.first, c.cum[np.argmax(c.cum > 0):]) for c in cascades if c.adopters]
    told = [c for c in told if len(c.cum) > 1]
    if len(told) < FEWEST:
        return None
    kept = np.unique(np.linspace(0, len(told) - 1, min(MOST, len(told))).round().astype(int))
    return Past(tuple(told[k] for k in kept))


def _place(cascade: Cascade) -> np.ndarray:
    """float64[T, 2]: share adopted and recent speed, each on the scale on which counts vary alike (Anscombe, 1948)."""
    share = cascade.cum / cascade.population
    periods = np.arange(len(share))
    since = np.maximum(periods - _RECENT, 0)
    gone = np.maximum(periods - since, 1)
    speed = np.where(periods > 0, share - share[since], share) / gone
    return np.arcsin(np.sqrt(np.column_stack([share, np.minimum(speed, 1)])))
