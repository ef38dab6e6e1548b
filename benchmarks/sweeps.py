"""What sweeps cost, measured here and now: `uv run python -m benchmarks.sweeps` (some ten minutes; `--quick`: one).

Ratios come from one run. The bare engine is the compiled model in two processes, with nothing kept.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.__main__ import say

_POINTS, _REPLICATES = 500, 20  # 10,000 runs


def bare(runs: int) -> None:
    """Runs of the default size in batches of 100, with nothing kept; what a worker process does."""
    from letsdance import scenarios
    from letsdance.simulation import municipalities, schedule
    from letsdance.simulation.run import run_seeds

    scenario = scenarios.load("lone_ranger")
    places, table = municipalities.of(scenario), schedule.build(scenario)
    for first in range(0, runs, 100):
        run_seeds(places, table, np.arange(first, min(first + 100, runs), dtype=np.uint64), 1, None)


def bare_engine(runs: int) -> float:
    """Seconds of the bare engine on two processes, their start included."""
    began = time.perf_counter()
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        list(pool.map(bare, [runs // 2] * 2))
    return time.perf_counter() - began


def asked(points: int) -> Any:
    """A plan of 20 runs a point."""
    from letsdance.experiments.plan import plan

    return plan("lone_ranger", ["k=0.5:1.5"], "latin_hypercube", points, replicates=_REPLICATES)


def swept(points: int, out: Path, executor: Any) -> float:
    """Seconds of a sweep with its results on disk."""
    from letsdance.experiments.sweep import sweep

    began = time.perf_counter()
    sweep(asked(points), out, executor, 2 if isinstance(executor, str) else None)
    return time.perf_counter() - began


def on_dask(points: int, out: Path) -> float:
    """Seconds on two Dask workers, processes of this machine, once they are there."""
    from distributed import Client, LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        client.run(bare, 1)  # local processes are timed with their start; a cluster is there before the sweep
        return swept(points, out, client)


def objects(runs: int) -> float:
    """Seconds a run of mesa.batch_run on the object version, one process."""
    from mesa.batchrunner import batch_run

    from benchmarks.readable import ReadableModel
    from letsdance import scenarios
    from letsdance.simulation import schedule

    table = schedule.build(scenarios.load("lone_ranger"))
    began = time.perf_counter()
    batch_run(ReadableModel, {"schedule": [list(table)]}, rng=list(range(runs)), number_processes=1, max_steps=60,
              display_progress=False)
    return (time.perf_counter() - began) / runs


def child(points: int, out: str) -> None:
    """A sweep in a process of its own; prints its peak memory and its workers' in MiB."""
    seconds = swept(points, Path(out), "processes")
    own, workers = (resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(json.dumps({"seconds": seconds, "own": own, "workers": workers}))


def apart(points: int, out: Path) -> dict[str, float]:
    """`child` in a process of its own."""
    code = f"from benchmarks.sweeps import child; child({points}, {str(out)!r})"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    return dict(json.loads(said.splitlines()[-1]))


def wall(*words: str) -> float:
    """Seconds of a command."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "letsdance", *words], check=True,
                   stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    """Measure and print."""
    said = argparse.ArgumentParser(description=__doc__)
    said.add_argument("--quick", action="store_true", help="a tenth of the runs, no 10^5")
    quick = said.parse_args().quick
    points = _POINTS // 10 if quick else _POINTS
    runs = points * _REPLICATES
    os.environ.setdefault("DASK_DISTRIBUTED__LOGGING__DISTRIBUTED", "critical")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        bare(4)
        engine = [bare_engine(runs)]
        local = [swept(points, place / "local", "processes")]
        engine.append(bare_engine(runs))
        dask = on_dask(points, place / "dask")
        local.append(swept(points, place / "local2", "processes"))
        base, processes = float(np.mean(engine)), float(np.mean(local))
        say(f"{runs:,} runs on disk, two processes, against the bare engine ({runs / base:,.0f} runs/s)",
            f"{processes / base:.2f}x, {runs / processes:,.0f} runs/s", "<= 1.3x", processes / base <= 1.3)
        share = processes / dask
        say("Dask, two local workers, against local processes", f"{share:.2f}", ">= 0.8", share >= 0.8)
        one = objects(3 if quick else 10)
        ratio = (one / 2) / (processes / runs)  # Mesa on two processes would halve its time at best
        say("against mesa.batch_run on the object version, two processes each", f"{ratio:,.0f}x", ">= 150x", ratio >= 150)
        small = apart(50, place / "small")
        if quick:
            return
        large = apart(5_000, place / "large")
        for who in ("own", "workers"):
            grown = large[who] / small[who]
            say(f"peak memory from 10^3 to 10^5 runs, {'the process in charge' if who == 'own' else 'a worker'}",
                f"{small[who]:.0f} -> {large[who]:.0f} MiB", "flat (within 15 %)", grown <= 1.15)
        say("10^5 runs, two processes", f"{large['seconds']:.0f} s", "", None)
        code = f"from letsdance.experiments.store import Sweep; Sweep.open({str(place / 'large')!r}).summary()"
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        seconds = time.perf_counter() - began
        say("opening and summarising a store of 10^5 runs, every outcome", f"{seconds:.1f} s", "< 5 s", seconds < 5)
        wall("sweep", "--resume", "--out", str(place / "large"), "--json")  # writes the report
        seconds = wall("sweep", "--resume", "--out", str(place / "large"), "--json")
        say("resume of a finished sweep of 10^5 runs", f"{seconds:.1f} s", "< 2 s", seconds < 2)
        size = sum(file.stat().st_size for file in (place / "large").rglob("*") if file.is_file())
        say("on disk", f"{size / 1e5:,.0f} bytes a run", "", None)


if __name__ == "__main__":
    main()
