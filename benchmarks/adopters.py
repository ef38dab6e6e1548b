"""Statistics of adoption on 100,000 nodes: `uv run python -m benchmarks.adopters`.

A child process makes 1,000,000 random ties and 100 periods, then measures exposure and thresholds: seconds of the two
calls, and the peak memory of the whole process, libraries and data included.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time

import numpy as np

NODES, TIES, PERIODS = 100_000, 1_000_000, 100


def measure() -> dict[str, float]:
    """Seconds of each statistic and peak MiB, here and now."""
    from scipy import sparse

    from experiments.adopters import statistics

    rng = np.random.default_rng(1)
    times = rng.integers(1, PERIODS + 1, NODES).astype(float)
    times[rng.random(NODES) < 0.2] = np.nan
    ends = rng.integers(0, NODES, (2, TIES))
    network = sparse.csr_array((np.ones(TIES), (ends[0], ends[1])), shape=(NODES, NODES))
    seconds = {}
    for name in ("exposure", "thresholds", "infectiousness", "susceptibility"):
        began = time.perf_counter()
        getattr(statistics, name)(times, network, first=1, last=PERIODS)
        seconds[name] = time.perf_counter() - began
    return {**seconds, "MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


if __name__ == "__main__":
    if sys.argv[1:] == ["measure"]:
        print(json.dumps(measure()))
    else:
        child = subprocess.run([sys.executable, "-m", "benchmarks.adopters", "measure"], capture_output=True, text=True,
                               check=True)
        found = json.loads(child.stdout)
        both = found["exposure"] + found["thresholds"]
        what = f"exposure and thresholds, {NODES:,} nodes, {TIES:,} ties, {PERIODS} periods"
        met = both < 5 and found["MiB"] < 2048
        print(f"{what:74s} {f'{both:.2f} s, peak {found["MiB"]:,.0f} MiB':>26s}  {'under 5 s and 2 GiB':34s} "
              f"{'yes' if met else 'NO'}")
        print(f"{'infectiousness and susceptibility of the same':74s} "
              f"{f'{found["infectiousness"] + found["susceptibility"]:.2f} s':>26s}")
