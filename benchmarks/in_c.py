"""The engine's heaviest phase against plain C: `python -m benchmarks.in_c`.

heaviest.c is the willingness of citizens as a careful C programmer would write it. Here it is built with the
machine's own compiler, run beside the engine's loop on the same state, checked to give the same bits, and timed.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from letsdance.params import defaults, record_dtype
from letsdance.simulation import engine
from letsdance.simulation.compiled import compiled
from letsdance.simulation.luck import Stream
from letsdance.simulation.municipalities import synthetic
from letsdance.simulation.run import state_after
from letsdance.simulation.state import State

SOURCE = Path(__file__).with_name("heaviest.c")
#: As fast as C may be without changing a bit: no contraction into fused operations, no rearranging. The last two
#: only say that nobody reads errno or floating-point traps, without which gcc makes no vector code of sqrt and choices.
FLAGS = ("-O3", "-march=native", "-std=c11", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math")
#: The engine may take this many times as long as C.
TARGET = 1.3
#: Sizes at which to compare: municipalities, citizens in each, quarters in one measurement.
SIZES = ((40, 25, 200), (20, 50_000, 1))
_NAMES = ("b_c", "wN", "wS", "wT", "wU", "k", "U", "ups", "x_lever", "beta", "lo", "hi", "a", "noise", "cover")

MUNICIPALITY = np.dtype([
    ("first", np.int64), ("citizens", np.int64), ("services", np.int64), ("social_capital", np.float64),
    ("citizens_willingness", np.float64), ("neighbours_willingness", np.float64)])


class Ratio(NamedTuple):
    """How long the engine takes, in times of C's, at one size."""

    citizens: int
    engine_ns: float  # a citizen and quarter
    c_ns: float
    ratio: float  # median of measurements taken in turn
    same_bits: bool


def build() -> tuple[Any, str]:
    """heaviest.c as a loaded function, or None; and a sentence that says what was done or what is missing."""
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        return None, "There is no C compiler here (cc), so the engine cannot be compared with C; install gcc or clang."
    with tempfile.TemporaryDirectory(prefix="letsdance-c-") as folder:
        library = Path(folder) / "heaviest.so"
        command = [compiler, *FLAGS, "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-lm"]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode != 0:
            return None, f"The C compiler {compiler} refused {SOURCE.name}: {made.stderr.strip()}"
        loaded = ctypes.CDLL(str(library))  # once loaded, the file may go
    function = loaded.quarters
    pointer, i64, u64 = ctypes.c_void_p, ctypes.c_int64, ctypes.c_uint64
    function.argtypes = [pointer, i64, pointer, i64, *[pointer] * 5, u64, u64, i64, i64]
    function.restype = None
    return function, f"Built {SOURCE.name} with {compiler} {' '.join(FLAGS)}."


@compiled
def quarters_of_engine(s, schedule, seed, t, times):
    """The engine's side of the comparison: the same loop over quarters, compiled too, so that no call is timed."""
    p = schedule[0]
    M = len(s.governments)
    for q in range(t, t + times):
        new = s.willingness[q & 1]
        engine._citizens_willingness(s, p, seed, q, np.int64(0), M, s.willingness[(q - 1) & 1], new)
        for m in range(M):
            gov = s.governments[m]
            gov.citizens_willingness = engine.mean(new, gov.first, gov.citizens)


def some_state(municipalities: int, citizens: int, seed: int, quarters: int) -> tuple[State, np.ndarray]:
    """A society that has lived for some quarters, and its parameters."""
    schedule = np.zeros(quarters + 1, record_dtype())
    schedule[:] = defaults(C0=0.75, G0=0.25)
    return state_after(synthetic(municipalities, citizens), schedule, seed), schedule


def at_size(function: Any, municipalities: int, citizens: int, times: int, measurements: int = 9) -> Ratio:
    """The engine and C on the same state, in turn: `times` quarters a measurement. Both keep their own willingness."""
    seed, t = 7, 9
    state, schedule = some_state(municipalities, citizens, seed, t - 1)
    g = state.governments
    mine = np.zeros(municipalities, MUNICIPALITY)
    for name in ("first", "citizens", "social_capital"):
        mine[name] = g[name]
    mine["services"] = g["services_solo"] + g["services_joint"] + g["services_called"]
    parameters = np.array([schedule[0][name] for name in _NAMES])
    willingness = state.willingness.copy()
    columns = [column.ctypes.data for column in (
        state.disposition, state.trust, state.ties, state.neighbours, parameters)]

    def in_c(at: int, count: int) -> None:
        function(mine.ctypes.data, municipalities, willingness.ctypes.data, willingness.shape[1], *columns, seed,
                 int(Stream.CITIZEN_NOISE), at, count)

    def in_engine(at: int, count: int) -> None:
        quarters_of_engine(state, schedule, np.uint64(seed), at, count)

    def seconds(side: Any, at: int) -> float:
        began = time.perf_counter()
        side(at, times)
        return time.perf_counter() - began

    def same_bits() -> bool:
        means = ("citizens_willingness", "neighbours_willingness")
        return (willingness.tobytes() == state.willingness.tobytes()
                and all(mine[name].tobytes() == g[name].tobytes() for name in means))

    in_c(t, 1)
    in_engine(t, 1)  # compiles at the first call
    same = same_bits()
    pairs = []
    for turn in range(measurements):
        at = t + 1 + turn * times
        sides = (in_engine, in_c) if turn % 2 else (in_c, in_engine)  # neither is always the first
        spent = {side: seconds(side, at) for side in sides}
        pairs.append((spent[in_engine], spent[in_c]))
    each = 1e9 / (times * municipalities * citizens)
    return Ratio(municipalities * citizens, each * median(e for e, _ in pairs), each * median(c for _, c in pairs),
                 median(e / c for e, c in pairs), same and same_bits())


def measure(measurements: int = 15) -> list[Ratio] | None:
    """The ratio engine / C at every size, or None where there is no compiler (the sentence says so)."""
    function, sentence = build()
    print(sentence)
    if function is None:
        return None
    return [at_size(function, *size, measurements) for size in SIZES]


def compare() -> dict[str, float] | None:
    """The ratio engine / C by size in words, or None where there is no compiler; other bits than C's are an error."""
    found = measure()
    if found is None:
        return None
    if wrong := [f"{ratio.citizens:,}" for ratio in found if not ratio.same_bits]:
        raise RuntimeError(f"the engine and {SOURCE.name} differ at {' and '.join(wrong)} citizens; one has changed.")
    return {f"{ratio.citizens:,} citizens": ratio.ratio for ratio in found}


def main() -> None:
    """Print what `measure` finds."""
    for found in measure() or ():
        print(f"{found.citizens:>9,} citizens: engine {found.engine_ns:.1f} ns, C {found.c_ns:.1f} ns a citizen and "
              f"quarter, ratio {found.ratio:.2f} (target {TARGET} at most), "
              f"{'the same bits' if found.same_bits else 'DIFFERENT RESULTS'}")


if __name__ == "__main__":
    main()
