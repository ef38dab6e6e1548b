"""Boundaries on the plane of starts: found where they are planted, told where a t-test tells, and none drawn elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_rel

from letsdance.experiments.basins import Basins
from letsdance.experiments.boundaries import LEVELS, boundaries
from letsdance.simulation.rules.regimes import REGIMES


def planted(noise: float = 0.02, runs: int = 4, grid: int = 9, steep: float = 20.0, seed: int = 1) -> Basins:
    """Two futures, of which the first leads where C + G > 1; each start has luck of its own."""
    starts = np.linspace(0.05, 0.95, grid)
    C, G = np.meshgrid(starts, starts, indexing="ij")
    luck = np.random.default_rng(seed).normal(0.0, noise, (grid, grid, runs)) if noise else np.zeros((grid, grid, runs))
    shares = np.zeros((grid, grid, runs, len(REGIMES)))
    shares[..., 0] = np.clip(1 / (1 + np.exp(-steep * (C + G - 1)))[:, :, None] + luck, 0, 1)
    shares[..., 1] = 1 - shares[..., 0]
    return Basins(starts, 8, seed, shares, shares.mean(2).argmax(-1), [], {})


def size(rings) -> float:
    """What outlines enclose, holes taken off (the formula of the shoelace)."""
    return float(sum(np.dot(r[:-1, 0], r[1:, 1]) - np.dot(r[1:, 0], r[:-1, 1]) for r in rings) / 2)


def test_the_boundary_is_smooth_and_where_it_was_planted():
    drawn = boundaries(planted())
    points = np.concatenate(drawn.lines)
    among = ((points > 0.05) & (points < 0.95)).all(1)  # beyond the outermost starts it goes on as there
    assert np.abs(points[among].sum(1) - 1).max() < 0.03  # a grid of 9 draws steps of .11
    assert len(drawn.lines) == 1
    assert np.ptp(points[:, 0]) > 0.9                  # from edge to edge
    for area in drawn.areas:
        side = 1 if area.regime == REGIMES[0] else -1
        assert min((side * (ring.sum(1) - 1)).min() for ring in area.rings) > -0.01
    pale = {area.regime: size(area.rings) for area in drawn.areas if area.at_least == LEVELS[0]}
    assert sum(pale.values()) + drawn.open == pytest.approx(1, abs=0.02)
    dark = {area.regime: size(area.rings) for area in drawn.areas if area.at_least == LEVELS[-1]}
    # three quarters end there from C + G = 1 + ln(3) / 20 on: a triangle
    assert dark[REGIMES[0]] == pytest.approx((1 - np.log(3) / 20) ** 2 / 2, abs=0.02)


def test_a_start_is_told_only_where_a_paired_t_test_tells():
    found = planted(noise=0.15, runs=5, steep=3.0)
    told = boundaries(found).told
    first, second = found.shares[..., 0], found.shares[..., 1]
    tells = np.vectorize(lambda i, j: ttest_rel(first[i, j], second[i, j]).pvalue < 0.05)(*np.indices(told.shape))
    assert not (told & ~tells).any()
    assert 0.3 < told.mean() < tells.mean()            # its neighbours' spread may hold one back, and does not hold all


def test_where_luck_cannot_tell_nothing_is_drawn():
    noisy = boundaries(planted(noise=0.5, runs=3, steep=0.5))
    assert not noisy.lines
    assert noisy.open > 0.9
    assert noisy.strokes
    one = boundaries(planted(runs=1))
    assert (one.open, one.areas, one.lines, one.told.any()) == (1.0, [], [], False)
    without = boundaries(planted(noise=0.0))           # runs that agree to the last digit
    assert without.open < 0.02
    assert without.told.mean() > 0.85                  # but for the starts on the line itself
