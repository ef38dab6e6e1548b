"""What answers over worlds cost, and how often their intervals hold: `python -m benchmarks.worlds [PART ...]`.

Parts: compare, filter, emulator, search, coverage, coverage_asked (minutes each; without a name all but the last two).
Seconds are this machine's; ratios come from one run.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from letsdance import scenarios
from letsdance.experiments import follow, particles
from letsdance.experiments.adopters.abc_smc import coverage as held
from letsdance.experiments.design import latin_hypercube
from letsdance.experiments.emulator import learn
from letsdance.experiments.knowing import knowing
from letsdance.experiments.outcomes import parse
from letsdance.experiments.seen import Seen
from letsdance.experiments.sensitivity import default_factors
from letsdance.experiments.worlds import Worlds
from letsdance.simulation.run import simulate


def seconds(action: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the wall and of the processor."""
    wall, cpu = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - wall, time.process_time() - cpu


def compare() -> None:
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


def seen_in(quarters: tuple[int, ...]) -> list[Seen]:
    """Surveys of 400 citizens and counts; `follow.recover` puts in what synthetic cities would show."""
    return [one for q in quarters for one in (Seen(q, "C", 0.7, 400), Seen(q, "T", 0.3, 400), Seen(q, "services", 1.0),
                                              Seen(q, "ever_adopted", 0.1))]


def filtered() -> None:
    """One quarter of the filter for a default society, late in a case."""
    quarters = (4, 8, 12, 16, 20)
    case, _ = follow.make_case(seen_in(quarters), "lone_ranger", None, Worlds(500, within="30%"))
    rng = np.random.default_rng(1)
    cloud = particles.begin(500, len(case.names), 60, rng)
    case.simulate(cloud.z[:8], cloud.luck[:8], 4)  # compile first
    city = particles.begin(1, len(case.names), 60, rng)
    true = case.simulate(city.z, city.luck, 20)[0]
    case = replace(case, seen=tuple(replace(one, value=float(true[one.quarter, case.kept.index(one.signal)]))
                                    for one in case.seen))
    for q in quarters:
        wall, cpu = seconds(lambda q=q: particles.take_in(cloud, q, case.likelihood(q), case.simulate, rng, 1, case.start))
        print(f"filter, 500 particles of a default society, data of quarter {q}: {wall:.2f} s, {cpu:.2f} s of the "
              "processor (aim: 2 s)")


def g_function() -> tuple[Callable[[np.ndarray], np.ndarray], np.ndarray, np.ndarray, float]:
    """Sobol's g in 60 factors, of which eight matter: the function, first and total indices, variance (Saltelli and Sobol
    1995)."""
    a = np.array([0.0, 0.5, 1.0, 2.0, 4.5, 9.0, 20.0, 99.0, *[1e4] * 52])
    parts = 1.0 / (3.0 * (1.0 + a)**2)
    every = float(np.prod(1.0 + parts) - 1.0)
    return (lambda u: np.prod((np.abs(4.0 * u - 2.0) + a) / (1.0 + a), axis=1), parts / every,
            parts * np.prod(1.0 + parts) / (1.0 + parts) / every, every)


def ishigami() -> tuple[Callable[[np.ndarray], np.ndarray], np.ndarray, np.ndarray, float]:
    """Ishigami and Homma's function (1990) of three factors, and 57 that each add a little in a straight line, three tenths
    of the variance together: many weak factors, as the model has."""
    a, b, pi = 7.0, 0.1, np.pi
    alone = np.array([0.5 * (1.0 + b * pi**4 / 5.0)**2, a**2 / 8.0, 0.0])
    pair = b**2 * pi**8 * (1.0 / 18.0 - 1.0 / 50.0)
    three = float(alone.sum() + pair)
    weak = 3.0 / 7.0 * three / 57.0
    every = three + 57.0 * weak

    def f(u: np.ndarray) -> np.ndarray:
        x = pi * (2.0 * u[:, :3] - 1.0)
        return np.asarray(np.sin(x[:, 0]) + a * np.sin(x[:, 1])**2 + b * x[:, 2]**4 * np.sin(x[:, 0])
                          + np.sqrt(12.0 * weak) * u[:, 3:].sum(axis=1))

    first = np.concatenate([alone, np.full(57, weak)]) / every
    return f, first, first + np.concatenate([[pair, 0.0, pair], np.zeros(57)]) / every, every


def emulator() -> None:
    """60 factors with known indices, 1,587 points of 4 runs (a tenth of Saltelli's design of 256 base points) and 2,000,
    half of a run's variance luck."""
    factors = tuple(f for f in default_factors() if f.low < f.high)[:60]
    names, ends = [f.name for f in factors], np.array([(f.low, f.high) for f in factors])
    for title, points, (f, first, total, every) in (
            ("Sobol's g", 1587, g_function()), ("Ishigami and 57 weak", 1587, ishigami()),
            ("Sobol's g", 2000, g_function())):
        X = latin_hypercube(factors, points, 1).table[names].to_numpy(np.float64)
        Y = f((X - ends[:, 0]) / (ends[:, 1] - ends[:, 0]))[:, None] + np.sqrt(every) * np.random.default_rng(
            2).standard_normal((points, 4))
        wall, cpu = time.perf_counter(), time.process_time()
        said = learn(factors, X, Y, parse("services"))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        table = said.sobol().table
        print(f"emulator of 60 factors, {title}, {points:,} points ({points / (256 * 62):.0%} of Saltelli's design): fit "
              f"{wall:.1f} s, {cpu:.1f} s of the processor (aim: 30 s); tells {said.explained:.0%} of the variance not "
              f"seen, 95 % intervals hold {said.coverage()}; largest error first order "
              f"{np.abs(table['first'] - first).max():.3f}, total {np.abs(table['total'] - total).max():.3f} (aim: .05)",
              flush=True)


def search() -> None:
    """Twelve levers, several aims."""
    levers = ["OUT", "LEAD", "CB", "FRCS", "FAL", "BROK", "MANDATE", *sorted(set(scenarios.LEVERS) - {
        "OUT", "LEAD", "CB", "FRCS", "FAL", "BROK", "MANDATE"})][:12]
    found = []
    wall, cpu = seconds(lambda: found.append(Worlds(30, "30%").search("lone_ranger", levers=levers, runs=2,
                                                                      evaluations=400)))
    _, plain = seconds(lambda: simulate("lone_ranger", runs=400, threads=1))
    print(f"search over 30 worlds x 2 runs, 12 levers, 4 aims beside points, {len(found[0].tried)} portfolios: {wall:.0f} "
          f"s, {cpu:.0f} s of the processor, as long as {400 * cpu / plain:,.0f} plain runs (aim: 300 s)")
    print(found[0].answer)


def coverage(minutes: float = 3.0, officials: bool = False) -> None:
    """How often a followed city's intervals hold the truth; as many synthetic cities as the minutes allow. officials:
    whether they are asked too."""
    import pandas as pd

    scenario = scenarios.load("lone_ranger").changed(parameters={"municipalities": 10, "citizens": 15}, quarters=16)
    asked = [Seen(q, "G", 0.3, None, 0.04) for q in (4, 8)] if officials else []
    case, _ = follow.make_case([*seen_in((4, 8)), *asked], scenario, None, Worlds(1200, within="30%"))
    end, rows, seed = time.perf_counter() + 60.0 * minutes, [], 1000
    while time.perf_counter() < end:
        rows.append(follow.recover(case, 1, seed).assign(repetition=seed))
        seed += 1
    print(held(pd.concat(rows)).round(2).to_string(index=False))


PARTS = {"compare": compare, "filter": filtered, "emulator": emulator, "search": search, "coverage": coverage,
         "coverage_asked": lambda: coverage(officials=True)}


def main() -> None:
    """The parts that are named, else all but coverage."""
    for name in sys.argv[1:] or [name for name in PARTS if not name.startswith("coverage")]:
        PARTS[name]()


if __name__ == "__main__":
    main()
