"""Scenario discovery on boxes that were put in, and on noise: `uv run python -m benchmarks.boxes [--tries 100]`.

How often a box is told where there is none (at most 5 % is promised), how often a planted one is found, and how far what
is said of it lies from the truth, which is known. Points are a Latin hypercube; luck is that of runs, or partly that of
the seeds which all points share.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import stats

from letsdance.experiments.design import latin_hypercube
from letsdance.experiments.discovery import Box, Discovery, find_boxes

FACTORS = ("C0=0:1", "LEAD.strength=0:1", "G0=0:1", "B=-0.5:1", "k=0.5:2", "FRCS.strength=0:1.5", "phi=0:1",
           "FRCS.start=1:40")
#: The box that the benchmark plants: C0 at least 0.6 and LEAD at least 0.3.
AT_LEAST = (0.6, 0.3)


@dataclass(frozen=True)
class Case:
    """How often a condition holds inside the planted box and outside, at so many points, runs and factors; luck: the
    share of a run's luck that its seed brings to every point."""

    inside: float
    outside: float
    points: int
    replicates: int = 4
    factors: int = 6
    luck: float = 0.3

    def drawn(self, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Points, and in which runs it holds."""
        X = latin_hypercube(FACTORS[:self.factors], self.points, seed).table.to_numpy(np.float64)
        rng = np.random.default_rng([seed, 77])
        shared, own = rng.normal(size=self.replicates), rng.normal(size=(self.points, self.replicates))
        level = stats.norm.cdf(np.sqrt(self.luck) * shared + np.sqrt(1 - self.luck) * own)
        return X, level < self.chance(X)[:, None]

    def chance(self, X: np.ndarray) -> np.ndarray:
        """How often it truly holds at each point."""
        return np.where(planted(X), self.inside, self.outside)


def planted(X: np.ndarray) -> np.ndarray:
    """Which points lie in the planted box."""
    return np.asarray((X[:, :2] >= AT_LEAST).all(axis=1))


@dataclass(frozen=True)
class Try:
    """What one discovery said: whether any box, whether the planted one (its factors, and at least half of what either
    holds lies in both), how many boxes that are none, and of the first box whether the interval holds the truth and how
    far the density lies from it."""

    any: bool
    planted: bool
    factors: bool
    false: int
    covered: bool | None
    off: float
    enough: int | None


def tried(case: Case, seed: int) -> Try:
    """One try."""
    X, holds = case.drawn(seed)
    found = find_boxes(FACTORS[:case.factors], X, holds, seed=seed, beside=False)
    fresh = np.random.default_rng([seed, 99]).uniform(size=(20_000, case.factors))
    fresh = found_bounds(found)[:, 0] + fresh * np.ptp(found_bounds(found), axis=1)
    chance, left, false = case.chance(fresh), np.ones(len(fresh), bool), 0
    for box in found.boxes:
        here = left & within(box, found, fresh)
        false += not (here.any() and chance[here].mean() > chance[left].mean() + 1e-9)
        left &= ~here
    enough = found.power.enough if found.power and not found.boxes else None
    if not found.boxes:
        return Try(False, False, False, 0, None, np.nan, enough)
    first = found.boxes[0]
    here = within(first, found, fresh)
    both, either = (here & planted(fresh)).sum(), (here | planted(fresh)).sum()
    truth = chance[here].mean()
    return Try(True, both >= either / 2, set(first.limits) == {"C0", "LEAD.strength"}, false,
               first.density.low <= truth <= first.density.high, first.density.value - truth, None)


def found_bounds(found: Discovery) -> np.ndarray:
    """float64[k, 2]: from where to where each factor goes."""
    from letsdance.experiments.sensitivity import bounds_of

    return bounds_of(found.factors)


def within(box: Box, found: Discovery, X: np.ndarray) -> np.ndarray:
    """Which points lie in a box."""
    here = np.ones(len(X), bool)
    for j, factor in enumerate(found.factors):
        low, high = box.limits.get(factor.name, (None, None))
        here &= (X[:, j] >= (-np.inf if low is None else low)) & (X[:, j] <= (np.inf if high is None else high))
    return here


#: Nothing there; then the box of the issue at several sizes; then boxes that are plainer.
CASES = (*(Case(p, p, n, R, k, luck) for p, n, R, k, luck in (
             (0.1, 100, 4, 6, 0.3), (0.3, 400, 4, 6, 0.3), (0.6, 400, 1, 6, 0.0), (0.86, 400, 4, 8, 0.0),
             (0.3, 200, 2, 8, 0.6), (0.863, 400, 1, 6, 0.0))),
         *(Case(0.977, 0.82, n, R, 6, luck) for n, R, luck in (
             (100, 4, 0.3), (200, 2, 0.3), (200, 4, 0.3), (400, 1, 0.0), (400, 2, 0.0), (400, 4, 0.3), (800, 1, 0.0),
             (800, 2, 0.3))),
         Case(0.7, 0.3, 300, 2), Case(0.3, 0.1, 200, 4))


def rows(tries: int, first: int = 0, chosen: tuple[int, ...] = tuple(range(len(CASES)))) -> Iterator[str]:
    """The table, line by line: of the cases chosen, tries from this seed on."""
    yield ("| inside | outside | points | runs each | luck shared | factors | any box | planted | its factors | false "
           "| covers | off |")
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    for case in (CASES[number] for number in chosen):
        said = [tried(case, seed) for seed in range(first, first + tries)]
        is_one = case.inside > case.outside
        covers = [one.covered for one in said if one.covered is not None]
        yield " | ".join((
            f"| {case.inside:.1%}", f"{case.outside:.1%}", f"{case.points}", f"{case.replicates}", f"{case.luck}",
            f"{case.factors}",
            f"{np.mean([one.any for one in said]):.0%}", f"{np.mean([one.planted for one in said]):.0%}" if is_one else "-",
            f"{np.mean([one.factors for one in said]):.0%}" if is_one else "-",
            f"{np.mean([one.false > 0 for one in said]):.1%}",
            f"{np.mean(covers):.0%}" if is_one and covers else "-",
            f"{np.nanmean([one.off for one in said]):+.3f} |" if is_one and covers else "- |"))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.boxes", description=__doc__)
    parser.add_argument("--tries", type=int, default=100)
    parser.add_argument("--first", type=int, default=0, help="seed of the first try [0]")
    parser.add_argument("--case", type=int, action="append", choices=range(len(CASES)),
                        help=f"a row of the table, 0 to {len(CASES) - 1}; may be repeated [all]")
    asked = parser.parse_args()
    for line in rows(asked.tries, asked.first, tuple(asked.case or range(len(CASES)))):
        print(line, flush=True)


if __name__ == "__main__":
    main()
