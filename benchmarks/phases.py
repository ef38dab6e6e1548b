"""Where a quarter's time goes, phase by phase: `python -m benchmarks.phases`.

A society of many small municipalities, whose columns stay in a processor's cache as those of default runs do, and one of
large ones, whose columns come from memory. Each phase is timed by itself in every quarter of a run, on one thread, and its
time is set against two limits: that of memory (the bytes of the columns that it must read and write at least once, at the
rate at which this machine copies), and that of plain C for the one phase that is written in C as well (`in_c`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks import in_c
from letsdance.scenarios import STARTS, load
from letsdance.simulation import schedule
from letsdance.simulation.engine import QUARTER
from letsdance.simulation.municipalities import synthetic
from letsdance.simulation.society import Society
from letsdance.simulation.state import State

#: Municipalities and citizens of each: in the cache, and from memory.
SIZES = ((400, 25), (20, 50_000))
QUARTERS = 60
NAMES = tuple(phase.__name__ for phase in QUARTER)
#: What each phase must read, and what it must write, of all citizens: columns of the state, a row of those that have two.
#: Of initiatives only those in use are looked at, which no column counts; so calls and outcomes have a low limit.
READS = {"environment": (), "calls": ("willingness", "resources", "load"), "outcomes": ("load",), "stocks": ("trust",),
         "willingness": ("willingness", "disposition", "trust", "ties", "neighbours"),
         "adoption": ("uses", "willingness", "trust", "resources", "ties", "neighbours"), "record": ()}
WRITES: Mapping[str, tuple[str, ...]] = {"stocks": ("trust",), "willingness": ("willingness",), "adoption": ("uses",)}


@dataclass(frozen=True)
class Profile:
    """Seconds of each phase in a run of QUARTERS quarters, the median of runs from the four starts, and its limit."""

    citizens: int
    seconds: dict[str, float]
    bytes: dict[str, int]

    def ns(self, phase: str) -> float:
        """Nanoseconds a citizen and quarter."""
        return 1e9 * self.seconds[phase] / QUARTERS / self.citizens

    def of_memory(self, phase: str, rate: float) -> float:
        """How many times as long as its bytes take at `rate` bytes a second."""
        return self.seconds[phase] / QUARTERS / (self.bytes[phase] / rate)


def touched(state: State, phase: str) -> int:
    """Bytes that a phase must move at least: its columns once, and the records of governments, read and written."""
    def size(name: str) -> int:
        column = getattr(state, name)
        return int(column.nbytes // 2 if name in ("willingness", "uses") else column.nbytes)

    columns = (*READS[phase], *WRITES.get(phase, ()))
    return sum(map(size, columns)) + 2 * int(state.governments.nbytes)


def of_run(start: str, municipalities: int, citizens: int, seed: int) -> tuple[dict[str, float], State]:
    """Seconds of each phase in one run, without what it takes to call a compiled function; and the state at its end."""
    society = Society(synthetic(municipalities, citizens), schedule.build(load(start).changed(quarters=QUARTERS)), seed)
    state, key, lo, hi = society.state, society.seed, np.int64(0), np.int64(municipalities)
    spent = dict.fromkeys(NAMES, 0.0)
    for t in range(1, QUARTERS + 1):
        given = (state, society.schedule.shipped[t], key, np.int64(t), lo)
        society.quarter = t
        call = _seconds(QUARTER[3], *given, lo)  # of no municipality: what every call takes
        for phase in QUARTER[:-1]:
            spent[phase.__name__] += max(0.0, _seconds(phase, *given, hi) - call)
        spent["record"] += max(0.0, _seconds(society.measure) - call)
    return spent, state


def _seconds(action: Callable[..., object], *given: object) -> float:
    began = time.perf_counter()
    action(*given)
    return time.perf_counter() - began


def profile(municipalities: int, citizens: int, times: int = 5) -> Profile:
    """The profile of one size."""
    of_run("lets_dance", municipalities, citizens, 1)  # compiles
    runs = [of_run(start, municipalities, citizens, seed) for seed in range(1, times + 1) for start in STARTS]
    seconds = {name: float(np.median([spent[name] for spent, _ in runs])) for name in NAMES}
    return Profile(municipalities * citizens, seconds, {name: touched(runs[0][1], name) for name in NAMES})


def copying(size: int = 200_000_000) -> float:
    """Bytes a second that this machine reads and writes when it copies an array too large for its caches."""
    source, target = np.ones(size, np.uint8), np.empty(size, np.uint8)
    best = np.inf
    for _ in range(5):
        began = time.perf_counter()
        np.copyto(target, source)
        best = min(best, time.perf_counter() - began)
    return 2 * size / best


def main() -> None:
    """Print the tables."""
    rate = copying()
    print(f"This machine copies {rate / 1e9:.1f} GB a second (read and written).")
    for municipalities, citizens in SIZES:
        found = profile(municipalities, citizens, 5 if municipalities * citizens < 100_000 else 1)
        whole = sum(found.seconds.values())
        print(f"\n{municipalities} municipalities of {citizens:,} citizens, {QUARTERS} quarters: "
              f"{1e9 * whole / QUARTERS / found.citizens:.1f} ns a citizen and quarter")
        for name in NAMES:
            each = found.bytes[name] / found.citizens
            limit = f"{found.of_memory(name, rate):6.1f} x memory ({each:.0f} bytes a citizen)" if each >= 1 else ""
            print(f"  {name:12s} {found.ns(name):7.2f} ns {found.seconds[name] / whole:6.0%}   {limit}".rstrip())
    for one in in_c.measure() or ():
        print(f"  citizens' willingness at {one.citizens:,} citizens: {one.engine_ns:.1f} ns, plain C {one.c_ns:.1f} ns, "
              f"{one.ratio:.2f} x C")


if __name__ == "__main__":
    main()
