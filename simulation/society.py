"""One society in motion: the quarter as one ordered list, run as such."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np

from letsdance.simulation import engine
from letsdance.simulation.indicators import ROW
from letsdance.simulation.municipalities import Municipalities
from letsdance.simulation.state import State, empty_state

#: One quarter, in this order. Each phase is compiled and works on municipalities lo..hi of a state; the first and
#: the last are serial, because they look at all municipalities at once.
QUARTER = (
    engine.environment,
    engine.calls,
    engine.outcomes,
    engine.stocks,
    engine.willingness,
    engine.adoption,
    engine.record,
)

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
        self.municipalities, self.schedule, self.threads = municipalities, schedule, threads
        self.seed = np.uint64(seed)
        self.state: State = empty_state(municipalities.citizens, schedule[0])
        self.quarter = 0
        M = len(municipalities)
        self.row = np.zeros(1, ROW)
        self.stage, self.depth, self.regime = np.zeros(M, np.uint8), np.zeros(M, np.float32), np.zeros(M, np.uint8)
        self.chunks = _chunks(municipalities.citizens)
        with interpreted_arithmetic():
            engine.start_governments(self.state, municipalities.given, schedule[0], self.seed)
            self._share(lambda lo, hi: engine.start_citizens(self.state, municipalities.given, schedule[0], self.seed,
                                                             lo, hi))
            self.measure()

    def step(self) -> None:
        """One quarter: every phase of QUARTER in turn."""
        t = self.quarter + 1
        p, s, at = self.schedule[min(t, len(self.schedule) - 1)], self.state, np.int64(t)
        first, *shared, _ = QUARTER
        with interpreted_arithmetic():
            first(s, p, self.seed, at, _ZERO, np.int64(len(self.municipalities)))

            def work(lo: np.int64, hi: np.int64) -> None:
                for phase in shared:
                    phase(s, p, self.seed, at, lo, hi)

            self._share(work)
            self.quarter = t
            self.measure()

    @property
    def parameters(self) -> Any:
        """The record of parameters in force this quarter."""
        return self.schedule[min(self.quarter, len(self.schedule) - 1)]

    def measure(self) -> None:
        """Record this quarter: `row`, and stage, depth and regime of every government."""
        QUARTER[-1](self.state, self.parameters, self.seed, np.int64(self.quarter), self.row[0], self.stage, self.depth,
                    self.regime)

    def _share(self, work: Any) -> None:
        if self.threads == 1 or len(self.chunks) == 1:
            for lo, hi in self.chunks:
                work(lo, hi)
        else:
            with ThreadPoolExecutor(self.threads) as pool:
                list(pool.map(lambda chunk: work(*chunk), self.chunks))


def _chunks(citizens: np.ndarray) -> list[tuple[np.int64, np.int64]]:
    """Runs of municipalities of some _CHUNK citizens each."""
    chunks, lo, count = [], 0, 0
    for m, n in enumerate(citizens):
        count += int(n)
        if count >= _CHUNK or m == len(citizens) - 1:
            chunks.append((np.int64(lo), np.int64(m + 1)))
            lo, count = m + 1, 0
    return chunks
