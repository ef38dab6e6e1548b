"""Does the calibration of the model itself find what is known: `uv run python -m benchmarks.calibration`.

Truths are drawn from the prior, a record of so many years and municipalities is simulated from each, and its parameters
are inferred from the curve, or from the curve and what people answered (`--waves 400`: willingness and trust of so many
citizens, and of officials with an error of .05, at the start and every two years). Takes minutes to hours; a smaller test
of the same kind runs with the tests.
"""

from __future__ import annotations

import argparse
import os
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from letsdance.experiments.adopters import abc_smc
from letsdance.experiments.adopters.calibrate import box_of, make_case
from letsdance.experiments.adopters.identification import recovery_in_words
from letsdance.experiments.adopters.observed import Seen
from letsdance.experiments.seen import Seen as Wave


def main() -> None:
    """Print coverage, ranks and spreads a parameter."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=40)
    parser.add_argument("--particles", type=int, default=400)
    parser.add_argument("--most", type=int, default=4000, help="simulations each")
    parser.add_argument("--population", type=int, default=40, help="municipalities")
    parser.add_argument("--years", type=int, default=15)
    parser.add_argument("--waves", type=int, default=0, help="citizens asked in each wave; 0: nobody")
    parser.add_argument("--fit", action="append", help="NAME=LOW:HIGH, as the command has it")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    # only the periods and the population of this curve count: data are simulated
    shape = Seen("synthetic", asked.population, np.arange(1, asked.years + 1),
                 np.linspace(2, asked.population, asked.years).astype(np.int64))
    asked_of = [one for quarter in range(0, 4 * asked.years + 1, 8) for one in (
        Wave(quarter, "C", 0.5, asked.waves), Wave(quarter, "T", 0.5, asked.waves), Wave(quarter, "G", 0.5, error=0.05))]
    case = make_case(shape, free=asked.fit, seen=asked_of if asked.waves else None)
    box, began = box_of(case.free), time.perf_counter()
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        found = abc_smc.recover(case.simulator(pool), box, asked.repetitions, asked.seed, asked.particles, asked.most)
    seconds = time.perf_counter() - began
    print(f"{asked.repetitions} repetitions, {asked.particles} particles, {asked.most} simulations each: "
          f"{seconds:.0f} s, {seconds / asked.repetitions / asked.most * 1000:.1f} ms a simulation")
    print(abc_smc.coverage(found).round(3).to_string(index=False))
    prior, ranks = box.as_sample().sd, abc_smc.uniform(found).set_index("parameter")["p"]
    for k, (name, part) in enumerate(found.groupby("parameter", sort=False)):
        error = np.corrcoef(part["truth"], part["mean"])[0, 1]
        print(f"{name}: posterior sd over prior sd {part['sd'].mean() / prior[k]:.2f}, correlation of truth and estimate "
              f"{error:.2f}, ranks against uniform p = {ranks[name]:.2f}")
    print(recovery_in_words(found))


if __name__ == "__main__":
    main()
