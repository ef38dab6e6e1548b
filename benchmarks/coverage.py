"""How often the bands of `compare` hold every quarter at once: `uv run python -m benchmarks.coverage [--runs 3000]`.

Two policies run on many equal seeds; their mean difference over all of these is taken for the truth. Batches of 20 and of
100 runs out of them are what people have: for each indicator, in how many batches does the 95 % band hold the truth in all
quarters? At least 93 % is promised. Each pair of policies is another kind of difference: one that is everywhere, one
that is seldom, one that comes late, and one that hardly is.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from letsdance.experiments.compare import INDICATORS, Comparison, band, compare
from letsdance.experiments.outcomes import Outcome

#: Name -> (start, policy).
PAIRS = {"strong": ("lone_ranger", "FRCS@8"), "seldom": ("wasteland", "LEAD@1"), "late": ("dead_horse", "FAL@40+12"),
         "weak": ("lets_dance", "MEAS@1")}
SIZES = (20, 100)
PROMISED = 0.93


@dataclass(frozen=True)
class Covered:
    """In what share of the batches of so many runs the band of an indicator holds the truth in every quarter, and how many
    quarters each holds on average."""

    pair: str
    indicator: str
    runs: int
    all_quarters: float
    each_quarter: float


def covered(found: Comparison, pair: str, indicator: str, size: int, batches: int, seed: int = 1) -> Covered:
    """Of one indicator. A quarter in which nothing could be measured has no band and is not counted."""
    policy = found.others[0]
    d = found.paired(policy, indicator)
    known = np.isfinite(d)
    with np.errstate(invalid="ignore", divide="ignore"):
        truth = np.where(known, d, 0.0).sum(axis=0) / known.sum(axis=0)
    both = found._both(policy, indicator)
    rng = np.random.default_rng([seed, size])
    hits = []
    for _ in range(batches):
        here = rng.choice(len(d), size, replace=False)
        reach = found._reach(Outcome(indicator), [one[here] for one in both])  # what these runs say, as everybody has it
        made = band(d[here], seed, apart=found._apart[policy], reach=reach)
        slack = 1e-9 * np.maximum(1.0, np.abs(truth))
        hits.append(~((made["band_low"] > truth + slack) | (made["band_high"] < truth - slack)))
    hit = np.array(hits)
    return Covered(pair, indicator, size, float(hit.all(axis=1).mean()), float(hit.mean()))


def measured(runs: int, batches: int, pairs: tuple[str, ...] = tuple(PAIRS), indicators: tuple[str, ...] = INDICATORS,
             quarters: int = 60, sizes: tuple[int, ...] = SIZES) -> Iterator[Covered]:
    """Every pair, indicator and size."""
    for pair in pairs:
        start, policy = PAIRS[pair]
        found = compare([start, f"with: {policy}"], start=start, runs=runs, quarters=quarters)
        for indicator in indicators:
            for size in sizes:
                yield covered(found, pair, indicator, size, batches)


def main() -> None:
    asked = argparse.ArgumentParser(prog="python -m benchmarks.coverage", description=(__doc__ or "").split("\n\n")[0])
    asked.add_argument("--runs", type=int, default=3000, help="runs that make the truth (3000)")
    asked.add_argument("--batches", type=int, default=200, help="batches of each size (200)")
    asked.add_argument("--pair", choices=PAIRS, action="append", help="a pair of policies; may be repeated [default: all]")
    asked.add_argument("--size", type=int, choices=SIZES, action="append", help="runs of a batch; may be repeated [all]")
    asked.add_argument("--each", action="store_true", help="print each indicator as it comes")
    said = asked.parse_args()
    sizes = tuple(said.size or SIZES)
    rows = []
    for row in measured(said.runs, said.batches, tuple(said.pair or PAIRS), sizes=sizes):
        rows.append(row)
        if said.each:
            print(f"{row.pair} {row.runs} {row.indicator} {row.all_quarters:.3f}", flush=True)
    print("| pair | runs | indicators | mean | lowest | below 93 % |\n|---|---|---|---|---|---|")
    for pair in dict.fromkeys(row.pair for row in rows):
        for size in sizes:
            here = sorted((row for row in rows if (row.pair, row.runs) == (pair, size)), key=lambda row: row.all_quarters)
            low = [f"{row.indicator} {row.all_quarters:.1%}" for row in here if row.all_quarters < PROMISED]
            print(f"| {pair} | {size} | {len(here)} | {np.mean([row.all_quarters for row in here]):.1%} | "
                  f"{here[0].indicator} {here[0].all_quarters:.1%} | {', '.join(low) or 'none'} |", flush=True)


if __name__ == "__main__":
    main()
