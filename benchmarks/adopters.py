"""Statistics of adoption on 100,000 nodes: `uv run python -m benchmarks.adopters`.

A child process makes 1,000,000 random ties and 100 periods, then measures exposure and thresholds: seconds of the two
calls, and the peak memory of the whole process, libraries and data included. Then `letsdance adopters describe` reads the
same from two CSV files and writes its tables, figures and page: seconds and peak memory of the whole command.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

NODES, TIES, PERIODS = 100_000, 1_000_000, 100


def made() -> tuple[np.ndarray, np.ndarray]:
    """Times of adoption, a fifth of them not yet; and different ties [2, TIES]."""
    rng = np.random.default_rng(1)
    times = rng.integers(1, PERIODS + 1, NODES).astype(float)
    times[rng.random(NODES) < 0.2] = np.nan
    pairs = rng.choice(np.unique(rng.integers(0, NODES**2, TIES + TIES // 100)), TIES, replace=False)
    return times, np.stack(np.divmod(pairs, NODES))


def measure() -> dict[str, float]:
    """Seconds of each statistic and peak MiB, here and now."""
    from scipy import sparse

    from letsdance.experiments.adopters import statistics

    times, ends = made()
    network = sparse.csr_array((np.ones(TIES), (ends[0], ends[1])), shape=(NODES, NODES))
    seconds = {}
    for name in ("exposure", "thresholds", "infectiousness", "susceptibility"):
        began = time.perf_counter()
        getattr(statistics, name)(times, network, first=1, last=PERIODS)
        seconds[name] = time.perf_counter() - began
    return {**seconds, "MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def command(folder: Path) -> dict[str, float]:
    """Seconds, seconds of the processor and peak MiB of the whole command on CSV files."""
    import pandas as pd

    times, ends = made()
    pd.DataFrame({"node": [f"n{i}" for i in range(NODES)], "time": pd.array(times, "Int64")}).to_csv(
        folder / "times.csv", index=False)
    pd.DataFrame({"source": ends[0], "target": ends[1]}).map("n{}".format).to_csv(folder / "edges.csv", index=False)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    began, before = time.perf_counter(), used.ru_utime + used.ru_stime
    subprocess.run([sys.executable, "-m", "letsdance", "adopters", "describe", "times.csv",
                    "--edges", "edges.csv"],
                   cwd=folder, capture_output=True, check=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"seconds": time.perf_counter() - began, "processor": used.ru_utime + used.ru_stime - before,
            "MiB": used.ru_maxrss / 1024}


def _line(what: str, found: str, goal: str = "", met: bool | None = None) -> None:
    print(f"{what:74s} {found:>26s}  {goal:34s} {'' if met is None else 'yes' if met else 'NO'}".rstrip())


def main() -> None:
    """One line a measurement."""
    child = subprocess.run([sys.executable, "-m", "benchmarks.adopters", "measure"], capture_output=True, text=True,
                           check=True)
    found: dict[str, Any] = json.loads(child.stdout)
    both = found["exposure"] + found["thresholds"]
    _line(f"exposure and thresholds, {NODES:,} nodes, {TIES:,} ties, {PERIODS} periods",
          f"{both:.2f} s, peak {found['MiB']:,.0f} MiB", "under 5 s and 2 GiB", both < 5 and found["MiB"] < 2048)
    _line("infectiousness and susceptibility of the same",
          f"{found['infectiousness'] + found['susceptibility']:.2f} s")
    with TemporaryDirectory() as folder:
        whole = command(Path(folder))
    _line("letsdance adopters describe of the same, from CSV to page",
          f"{whole['seconds']:.1f} s ({whole['processor']:.1f} s CPU), {whole['MiB']:,.0f} MiB", "under 10 s and 2 GiB",
          whole["seconds"] < 10 and whole["MiB"] < 2048)


if __name__ == "__main__":
    if sys.argv[1:] == ["measure"]:
        print(json.dumps(measure()))
    else:
        main()
