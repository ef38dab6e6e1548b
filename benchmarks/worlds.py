"""What answers over worlds cost: `python -m benchmarks.worlds`. Seconds are this machine's; ratios come from one run."""

from __future__ import annotations

import time
from collections.abc import Callable

from letsdance.experiments.knowing import knowing
from letsdance.experiments.worlds import Worlds
from letsdance.simulation.run import simulate


def seconds(action: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the wall and of the processor."""
    wall, cpu = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    """Compare, and the value of knowing."""
    policies = ["outreach: OUT@8+20", "both: LEAD@8+20, CB@8+20"]
    worlds = Worlds(200, within="30%")
    worlds.compare(policies, runs=1, quarters=8, start="lone_ranger")  # compile first
    found = []
    wall, cpu = seconds(lambda: found.append(worlds.compare(policies, runs=10, start="lone_ranger")))
    _, plain = seconds(lambda: simulate("lone_ranger", runs=400, threads=1))
    print(f"compare of 2 packages, 200 worlds x 10 runs: {wall:.1f} s, {cpu:.1f} s of the processor (aim: 5 s on two "
          f"cores); {cpu / (10 * plain):.2f} times the same number of plain runs")
    wall, _ = seconds(lambda: knowing(found[0]))
    print(f"what knowing is worth, 160 assumptions: {wall:.1f} s")


if __name__ == "__main__":
    main()
