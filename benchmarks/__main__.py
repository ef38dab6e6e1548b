"""The figures that the project promises, measured here and now: `uv run python -m benchmarks`.

Absolute times belong to this machine; ratios are medians of interleaved repetitions in one run.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from letsdance.scenarios import STARTS

COUNTRY = (342, 18_000_000)  # municipalities and citizens of a whole country, one agent a person
ROWS: list[tuple[str, str, str, str]] = []


def say(what: str, figure: str, target: str, met: bool | None) -> None:
    """One line of the table, printed as it comes."""
    verdict = "" if met is None else ("yes" if met else "NO")
    ROWS.append((what, figure, target, verdict))
    print(f"{what:74s} {figure:>26s}  {target:34s} {verdict}", flush=True)


def median(action: Callable[[], object], times: int = 5) -> float:
    """Median seconds of an action."""
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def throughput() -> float:
    """Runs a second at default size on all cores and in one process; returns seconds a run in one process."""
    from letsdance.simulation import simulate

    for name in STARTS:
        simulate(name, runs=2)
    both = {n: 200 / median(lambda n=n: simulate(n, runs=200, threads=2)) for n in STARTS}
    one = {n: 100 / median(lambda n=n: simulate(n, runs=100, threads=1)) for n in STARTS}
    mean_both, mean_one = statistics.harmonic_mean(both.values()), statistics.harmonic_mean(one.values())
    each = ", ".join(f"{n} {v:,.0f}" for n, v in both.items())
    say("default size, runs a second, two threads (mean of the four starts)", f"{mean_both:,.0f}", ">= 800, aim 1,500",
        mean_both >= 800)
    print(f"    of which {each}")
    say("default size, runs a second, one thread", f"{mean_one:,.0f}", "", None)
    return 1 / mean_one


def readable(engine_seconds: float) -> None:
    """One process against the readable reference."""
    from benchmarks.readable import ReadableModel
    from letsdance.params import defaults
    from letsdance.simulation import simulate

    ratios = []
    for k, name in enumerate(STARTS):
        C, G = (0.75 if name in ("lets_dance", other) else 0.25 for other in ("lone_ranger", "dead_horse"))
        began = time.perf_counter()
        model = ReadableModel([defaults(C0=C, G0=G)] * 61, rng=k + 1)
        for _ in range(60):
            model.step()
        slow = time.perf_counter() - began
        ratios.append(slow / (median(lambda name=name: simulate(name, runs=50, threads=1), 3) / 50))
    ratio = statistics.median(ratios)
    say("one process, times the readable reference", f"{ratio:,.0f}", ">= 150, aim 250", ratio >= 150)


def large(citizens: int, municipalities: int, quarters: int, threads: int) -> dict[str, float]:
    """One large run in its own process: seconds, ns a citizen and quarter, peak MiB."""
    code = f"""
import json, resource, time
import numpy as np
from letsdance.simulation import simulate
from letsdance.simulation.municipalities import Municipalities
from letsdance.simulation.state import given_nothing
def places(M, N):
    return Municipalities(tuple(f"M{{m}}" for m in range(M)), np.full(M, N // M, np.int64), given_nothing(M))
for some in (1000, 60000):  # both ways of running are loaded before the clock starts
    simulate("lets_dance", runs=1, quarters=8, municipalities=places(2, some), threads={threads})
began = time.perf_counter()
simulate("lets_dance", runs=1, quarters={quarters}, municipalities=places({municipalities}, {citizens}), threads={threads})
seconds = time.perf_counter() - began
print(json.dumps(dict(seconds=seconds, peak=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    said = json.loads(done.stdout.splitlines()[-1])
    return {**said, "ns": said["seconds"] / citizens / quarters * 1e9}


def sizes(country: bool) -> None:
    """Cost per citizen and quarter from 10^4 to a whole country; the country's time and memory."""
    costs = {}
    for citizens, municipalities, quarters in ((10_000, 40, 60), (100_000, 40, 60), (1_000_000, 40, 60)):
        costs[citizens] = min(large(citizens, municipalities, quarters, 2)["ns"] for _ in range(3))
    if country:
        run = large(COUNTRY[1], COUNTRY[0], 60, 2)
        costs[COUNTRY[1]] = run["ns"]
        say("18 million citizens, 342 municipalities, 60 quarters, two threads", f"{run['seconds']:.1f} s",
            "< 45 s, aim 25 s", run["seconds"] < 45)
        say("  its peak memory", f"{run['peak']:,.0f} MiB", "< 2,048 MiB", run["peak"] < 2048)
    spread = max(costs.values()) / min(costs.values())
    say("cost per citizen and quarter, dearest size over cheapest", f"{spread:.2f}", "<= 2", spread <= 2)
    print("    " + ", ".join(f"{n:,} citizens {c:.1f} ns" for n, c in costs.items()))


def in_c() -> None:
    """The heaviest phase against the same loop in plain C."""
    from benchmarks.in_c import compare

    found = compare()
    if found is None:
        print("    no C compiler here, so the heaviest phase is not compared")
        return
    for what, ratio in found.items():
        say(f"citizens' willingness over plain C, {what}", f"{ratio:.2f}", "<= 1.3", ratio <= 1.3)


def command() -> None:
    """Whole processes: help, the first result cold and warm, peak memory of the default."""
    letsdance = [sys.executable, "-m", "letsdance"]

    def run(*words: str, cache: str) -> tuple[float, float]:
        """Seconds until the last line of the table (the first result) and until the end."""
        with tempfile.TemporaryDirectory() as folder:
            environment = {**os.environ, "XDG_CACHE_HOME": cache, "PYTHONUNBUFFERED": "1"}
            environment.pop("NUMBA_CACHE_DIR", None)
            target = ("--out", f"{folder}/out") if words[0] == "run" else ()
            began = time.perf_counter()
            process = subprocess.Popen([*letsdance, *words, *target], env=environment, stdout=subprocess.PIPE, text=True)
            first = 0.0
            for line in process.stdout or ():
                if line.startswith("trust in government"):
                    first = time.perf_counter() - began
            if process.wait():
                raise RuntimeError(f"letsdance {' '.join(words)} ended with {process.returncode}")
            return first, time.perf_counter() - began

    with tempfile.TemporaryDirectory() as cache:
        cold, cold_all = run("run", "--runs", "1", cache=cache)
        warm, warm_all = map(statistics.median, zip(*(run("run", "--runs", "1", cache=cache) for _ in range(5)),
                                                    strict=True))
        helped = statistics.median(run("--help", cache=cache)[1] for _ in range(5))
        measured = subprocess.run(
            [sys.executable, "-c", "import resource, subprocess, sys, tempfile\n"
             "with tempfile.TemporaryDirectory() as f:\n"
             f"    subprocess.run({letsdance!r} + ['run', '--out', f + '/out'], stdout=subprocess.DEVNULL, check=True)\n"
             "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)"],
            env={**os.environ, "XDG_CACHE_HOME": cache}, capture_output=True, text=True, check=True)
    say("letsdance run --runs 1, nothing compiled yet: first result (the table)", f"{cold:.1f} s", "< 20 s", cold < 20)
    say("  with figures and report", f"{cold_all:.1f} s", "", None)
    say("letsdance run --runs 1, warm: first result (the table)", f"{warm:.2f} s", "< 3 s", warm < 3)
    say("  with figures and report", f"{warm_all:.2f} s", "", None)
    say("letsdance --help", f"{helped:.2f} s", "< 0.5 s", helped < 0.5)
    peak = float(measured.stdout)
    say("letsdance run (default), peak memory", f"{peak:,.0f} MiB", "< 400 MiB", peak < 400)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="leave out the run of 18 million citizens")
    parser.add_argument("--only", choices=("throughput", "sizes", "c", "command"), help="one part only")
    chosen = parser.parse_args()
    print(f"numpy {np.__version__}, {len(os.sched_getaffinity(0))} cores, Python {sys.version.split()[0]}, "
          f"in {Path.cwd().name}\n")
    if chosen.only in (None, "throughput"):
        readable(throughput())
    if chosen.only in (None, "sizes"):
        sizes(country=not chosen.quick)
    if chosen.only in (None, "c"):
        in_c()
    if chosen.only in (None, "command"):
        command()


if __name__ == "__main__":
    main()
