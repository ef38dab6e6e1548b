"""One society in motion: the quarter as one ordered list, run as such."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np

from letsdance.simulation import driver
from letsdance.simulation.engine import QUARTER
from letsdance.simulation.indicators import ROW
from letsdance.simulation.municipalities import Municipalities
from letsdance.simulation.schedule import as_schedule
from letsdance.simulation.state import State, empty_state, living

__all__ = ["LARGE", "QUARTER", "Society", "cores", "interpreted_arithmetic"]

#: From this many citizens on, one run is shared between threads; below, whole runs are.
LARGE = 50_000
_CHUNK = 20_000  # citizens that one thread works on at a time: they stay in its cache through the phases
_ZERO = np.int64(0)


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def interpreted_arithmetic() -> Iterator[None]:
    """With the compiler off numpy would warn of the wrap-around that hashing means, and of shares of nothing."""
    with np.errstate(all="ignore"):
        yield


class Society:
    """One run: a state, a schedule of parameters, a seed; `step()` runs one quarter."""

    def __init__(self, municipalities: Municipalities, schedule: np.ndarray, seed: int, threads: int = 1) -> None:
        self.municipalities, self.threads = municipalities, threads
        self.seed = np.uint64(seed)
        self.schedule = schedule
        self.driver = driver.of_schedule(self._schedule)
        given = municipalities.start
        empty = empty_state(municipalities.citizens, self._house[0], self.driver.own, given)
        self.state: State = living(empty, self._people, len(self._tables), self._regions)
        self.quarter = 0
        M = len(municipalities)
        self._row = np.zeros(1, ROW)
        self.row = np.zeros(1, driver.row_of(self.driver.mechanisms)) if self.driver.mechanisms else self._row
        self.stage, self.depth, self.regime = np.zeros(M, np.uint8), np.zeros(M, np.float32), np.zeros(M, np.uint8)
        self.chunks = _chunks(municipalities.citizens)
        p = self._house[0]

        def begin(lo: np.int64, hi: np.int64) -> None:
            self.driver.engine.start_citizens(self.state, given, p, self.seed, lo, hi)
            self.driver.start(self.state, p, self.seed, _ZERO, lo, hi)

        with interpreted_arithmetic(), driver.refusing(self.driver):
            self._live(0)
            self.state.own_numbers[:self.driver.own.parameters] = self._own[0]
            self.driver.engine.start_governments(self.state, given, p, self.seed)
            self._share(begin)
            self.measure()

    @property
    def schedule(self) -> np.ndarray:
        """The parameters in force, a record a quarter (`simulation.schedule`)."""
        return self._schedule

    @schedule.setter
    def schedule(self, schedule: np.ndarray) -> None:
        self._schedule = as_schedule(schedule)
        M, local = len(self.municipalities), self._schedule.local
        everywhere = self._schedule, (self._schedule,), [(0, M, 0)]
        lived = local.of(int(self.seed)) if local else None
        mean, tables, self._blocks = (lived.mean, lived.tables, lived.blocks) if lived else everywhere
        self._house, self._own = mean.shipped, mean.own
        self._tables = [(one.shipped, one.own) for one in tables]
        self._people, self._regions = (lived.people, lived.regions) if lived else (None, None)
        if "state" in self.__dict__:
            self.state = living(self.state, self._people, len(self._tables), self._regions)
            self._live(min(self.quarter, len(self._house) - 1))

    def _live(self, now: int) -> None:
        """Set what citizens of groups, and regions, live under to a quarter's."""
        for k in range(len(self.state.lives)):
            self.state.lives[k] = self._tables[k][0][now]

    def step(self) -> None:
        """One quarter: every phase of QUARTER in turn, and between them what mechanisms add."""
        t = self.quarter + 1
        now = min(t, len(self._house) - 1)
        s, at = self.state, np.int64(t)
        first, *shared = self.driver.quarter
        self._live(now)
        with interpreted_arithmetic(), driver.refusing(self.driver):
            for g in range(len(self._tables)):
                p = self._in_force(g, now)
                for lo, hi, whose in self._blocks:
                    if whose == g:
                        first(s, p, self.seed, at, np.int64(lo), np.int64(hi))
            for g in range(len(self._tables)):
                p = self._in_force(g, now)

                def work(lo: np.int64, hi: np.int64, p: Any = p) -> None:
                    for phase in shared:
                        phase(s, p, self.seed, at, lo, hi)

                self._share(work, g)
            s.own_numbers[:self.driver.own.parameters] = self._own[now]
            self.quarter = t
            self.measure()

    def _in_force(self, group: int, now: int) -> Any:
        """A group's record of a quarter; what the mechanisms' rules read is set to its own."""
        house, own = self._tables[group]
        self.state.own_numbers[:self.driver.own.parameters] = own[now]
        return house[now]

    def parameters_in(self, municipality: int) -> Any:
        """The record of the house's parameters in force this quarter in a municipality (its row)."""
        group = next(g for lo, hi, g in self._blocks if lo <= municipality < hi)
        house, _ = self._tables[group]
        return house[min(self.quarter, len(house) - 1)]

    def parameters_of(self, citizen: int, municipality: int) -> Any:
        """The record of the house's parameters that a citizen (its row) of a municipality lives under this quarter."""
        if not len(self.state.people):
            return self.parameters_in(municipality)
        house, _ = self._tables[self.state.people[citizen]]
        return house[min(self.quarter, len(house) - 1)]

    @property
    def parameters(self) -> Any:
        """The record of the house's parameters in force this quarter; where they differ by municipality or citizen, their
        mean."""
        return self._house[min(self.quarter, len(self._house) - 1)]

    def measure(self) -> None:
        """Record this quarter: `row`, and stage, depth and regime of every government."""
        p, at = self.parameters, np.int64(self.quarter)
        self.driver.engine.record(self.state, p, self.seed, at, self._row[0], self.stage, self.depth, self.regime)
        if self.driver.mechanisms:
            self.driver.measure(self.state, p, self.seed, at, _ZERO, np.int64(len(self.municipalities)))
            driver.fill(self.row, self._row, self.state.own_numbers[self.driver.own.parameters:])

    def _share(self, work: Any, group: int | None = None) -> None:
        """Work on all municipalities, or on those of a group, in chunks."""
        chunks = self.chunks
        if group is not None and len(self._tables) > 1:
            chunks = [(max(lo, np.int64(first)), min(hi, np.int64(last))) for lo, hi in chunks
                      for first, last, whose in self._blocks if whose == group and first < hi and lo < last]
        if self.threads == 1 or len(chunks) == 1:
            for lo, hi in chunks:
                work(lo, hi)
        else:
            with ThreadPoolExecutor(self.threads) as pool:
                list(pool.map(lambda chunk: work(*chunk), chunks))


def _chunks(citizens: np.ndarray) -> list[tuple[np.int64, np.int64]]:
    """Runs of municipalities of some _CHUNK citizens each."""
    chunks, lo, count = [], 0, 0
    for m, n in enumerate(citizens):
        count += int(n)
        if count >= _CHUNK or m == len(citizens) - 1:
            chunks.append((np.int64(lo), np.int64(m + 1)))
            lo, count = m + 1, 0
    return chunks
