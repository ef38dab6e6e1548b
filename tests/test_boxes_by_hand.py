"""Scenario discovery counted again, plainly and slowly, on few points with many ties: peeling, pasting, corners, chance.

The compiled loops are called as plain Python here (`plain`), which is the same function without its compiler.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.optimize import brentq

from letsdance.experiments import discovery as d
from letsdance.experiments.design import parse_factors
from letsdance.experiments.estimates import Estimate
from letsdance.params import Refused

INF = np.inf


def plain(function):
    """The function uncompiled."""
    return getattr(function, "py_func", function)


def points(seed, n=60, k=3, parts=4):
    """Points with many ties in all factors but the first, and shares of so many runs that lean on two of the factors."""
    rng = np.random.default_rng([seed, 5])
    X = np.column_stack([rng.permutation(n) / n, *(rng.integers(0, 12, n) * 1.0 for _ in range(k - 1))])
    chance = 0.15 + 0.7 * ((X[:, 0] > 0.4) & (X[:, -1] < 8))
    return X, rng.binomial(parts, chance) / parts


def within(X, low, high):
    return np.array([all(a <= x <= b for x, a, b in zip(row, low, high, strict=True)) for row in X])


# ---------------------------------------------------------------- a share and its interval

def wilson(p, n, z):
    """The two chances from which p lies z standard errors away."""
    return sorted(np.roots([1 + z * z / n, -(2 * p + z * z / n), p * p]).real)


@pytest.mark.parametrize("n", [1.0, 4.0, 7.5, 40.0])
@pytest.mark.parametrize("p", [0.0, 0.01, 0.3, 0.5, 0.95, 1.0])
def test_wilsons_interval_ends_where_the_share_is_so_many_standard_errors_away(p, n):
    for z in (1.0, 1.96, 12.7):
        found = d._wilson(p, n, z)
        assert found.value == p
        assert found[1:] == pytest.approx(tuple(wilson(p, n, z)), abs=1e-9)
        assert 0.0 <= found.low <= found.high <= 1.0


def test_wilsons_interval_never_leaves_what_a_share_can_be():
    for n, z in product(np.arange(1.0, 60), (0.7, 1.0, 1.96, 2.58)):
        assert d._wilson(0.0, n, z).low >= 0.0
        assert d._wilson(1.0, n, z).high <= 1.0


def share_by_hand(holds, weight):
    """Kish's effective points, Satterthwaite's degrees of freedom (of the points one at least), in loops."""
    rows = [(w, row) for w, row in zip(weight, holds, strict=True) if w > 0]
    total, R = sum(w for w, _ in rows), len(holds[0])
    n = total**2 / sum(w**2 for w, _ in rows)
    by_seed = [sum(w * row[r] for w, row in rows) / total for r in range(R)]
    p = sum(by_seed) / R
    points = sum(w**2 * (sum(row) / R - p) ** 2 for w, row in rows) / total**2 * n / (n - 1)
    seeds = sum((one - p) ** 2 for one in by_seed) / (R - 1) / R if R > 1 else 0.0
    freedom = (points + seeds) ** 2 / (points**2 / max(n - 1, 1) + (seeds**2 / (R - 1) if R > 1 else 0.0))
    return p, *wilson(p, max(min(n, p * (1 - p) / (points + seeds)), 1), stats.t.ppf(0.975, freedom))


@pytest.mark.parametrize("replicates", [1, 2, 5])
def test_an_interval_of_a_share_is_that_of_its_effective_points_and_seeds(replicates):
    rng = np.random.default_rng(replicates)
    for n in (3, 8, 30):
        shared = rng.random(replicates) < 0.5
        for luck in (0.0, 0.7):
            holds = np.where(rng.random((n, replicates)) < luck, shared, rng.random((n, replicates)) < 0.4) * 1.0
            holds[0], holds[1] = 1.0, 0.0
            for weight in (np.ones(n), rng.integers(0, 3, n) / 2 + np.eye(n)[0] + np.eye(n)[1]):
                p, low, high = share_by_hand(holds.tolist(), weight)
                found = d.share_interval(holds, weight)
                assert found == pytest.approx((p, max(low, 0.0), min(high, 1.0)), abs=1e-9)
                if (weight == 1).all():
                    assert d.share_interval(holds) == found


def test_an_interval_of_points_that_are_all_alike_is_wilsons_of_their_number():
    z = stats.norm.ppf(0.975)
    for p, n, replicates in ((1.0, 6, 1), (0.0, 6, 3), (0.5, 9, 1), (1.0, 1, 1), (0.0, 1, 4), (1.0, 2, 1)):
        found = d.share_interval(np.full((n, replicates), p))
        assert found == pytest.approx((p, *wilson(p, n, z)), abs=1e-9)
    half = d.share_interval(np.ones((3, 1)), np.array([2.0, 1.0, 1.0]))  # (2 + 1 + 1)² / (4 + 1 + 1)
    assert half == pytest.approx((1.0, *wilson(1.0, 16 / 6, z)), abs=1e-9)
    assert np.isnan(d.share_interval(np.ones((3, 1)), np.zeros(3))).all()
    assert np.isnan(d.share_interval(np.ones((0, 2)))).all()
    alone = d.share_interval(np.array([[1.0, 0.0, 0.0]]))  # one point: seeds alone tell how sure it is
    assert alone == pytest.approx((1 / 3, *wilson(1 / 3, 1.0, stats.t.ppf(0.975, 2))), abs=1e-9)


# ---------------------------------------------------------------- peeling and pasting

def peeled(X, share, whole, sides, fewest):
    """[(low, high, points, sum of shares)], each peel by numpy's quantile."""
    here, low, high = np.ones(len(X), bool), np.full(X.shape[1], -INF), np.full(X.shape[1], INF)
    steps = [(low.copy(), high.copy(), len(X), share.sum())]
    while share[here].mean() < 1:
        best = None
        for j, side in product(range(X.shape[1]), (0, 1)):
            x, y = X[here, j] * (1, -1)[side], share[here]
            gone = (x < np.quantile(x, 0.05)) | (x == x.min())
            if not sides[side, j] or gone.all() or (~gone).sum() < fewest:
                continue
            gain = (y[~gone].mean() - y.mean()) / gone.sum()
            if best is None or gain > best[0]:
                limit = x[~gone].min() if whole[j] else (x[~gone].min() + x[gone].max()) / 2
                best = gain, j, side, limit * (1, -1)[side]
        if best is None:
            break
        _, j, side, limit = best
        (low, high)[side][j] = limit
        here = within(X, low, high)
        steps.append((low.copy(), high.copy(), here.sum(), share[here].sum()))
    return steps


def as_it_is(X, share, whole, sides, fewest, rows=None):
    rows = len(X) if rows is None else rows
    low, high, count, total = np.empty((rows, X.shape[1])), np.empty((rows, X.shape[1])), np.empty(rows), np.empty(rows)
    steps = plain(d._peeled)(X, np.argsort(X, axis=0, kind="stable"), share, whole, sides, fewest, low, high, count, total)
    return list(zip(low[:steps], high[:steps], count[:steps], total[:steps], strict=True))


@pytest.mark.parametrize("seed", range(6))
def test_every_peel_is_that_of_a_search_by_quantiles(seed):
    X, share = points(seed, n=(61, 47, 30)[seed % 3])
    rng, every = np.random.default_rng(seed), np.ones((2, 3), bool)
    for sides in (every, rng.random((2, 3)) < 0.5):
        whole, fewest = rng.random(3) < 0.5, (10.0, 5.0)[seed % 2]
        ours, theirs = as_it_is(X, share, whole, sides, fewest), peeled(X, share, whole, sides, fewest)
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            for a, b in zip(one, other, strict=True):
                np.testing.assert_allclose(a, b, atol=1e-12)


def test_peeling_stops_at_a_box_of_ones_and_where_there_is_no_room_for_more():
    X, _ = points(1)
    share = np.where((X[:, 0] > 0.3) & (X[:, 1] > 2), 1.0, np.arange(60) % 3 / 3)
    every, whole = np.ones((2, 3), bool), np.zeros(3, bool)
    steps = as_it_is(X, share, whole, every, 5.0)
    density = [total / count for _, _, count, total in steps]
    assert density[-1] == pytest.approx(1.0)
    assert (np.array(density[:-1]) < 1 - 1e-9).all()
    assert len(as_it_is(X, share, whole, every, 5.0, rows=4)) == 4
    assert len(as_it_is(X, np.ones(60), whole, every, 5.0)) == 1
    assert len(as_it_is(np.ones((60, 3)), share, whole, every, 5.0)) == 1
    boxes = d.peel(X, share, whole)
    assert len(boxes) == len(peeled(X, share, whole, every, 10.0))
    assert [d._fewest(n) for n in (40, 200, 201, 1000)] == [10.0, 10.0, 0.05 * 201, 50.0]


def pasted(X, share, low, high):
    """Side by side: of the twentieth that lies next beyond each limit, the one that makes the box densest."""
    low, high = low.copy(), high.copy()
    while (here := within(X, low, high)).any():
        size, best = max(round(0.05 * here.sum()), 1), None
        for side, j in product((0, 1), range(X.shape[1])):
            edge = (low, high)[side]
            wide = low.copy(), high.copy()
            wide[side][j] = (-INF, INF)[side]
            beyond = within(X, *wide) & ~here
            if not np.isfinite(edge[j]) or not beyond.any():
                continue
            away = np.sort(np.abs(X[beyond, j] - edge[j]))
            reach = away[size - 1] if len(away) > size else INF
            more = here | (beyond & (np.abs(X[:, j] - edge[j]) <= reach))
            if share[more].mean() >= share[here].mean() and (best is None or share[more].mean() > best[0]):
                best = share[more].mean(), side, j, edge[j] + reach * (-1, 1)[side]
        if best is None:
            break
        _, side, j, to = best
        (low, high)[side][j] = to
    return low, high


@pytest.mark.parametrize("seed", range(8))
def test_every_paste_is_that_of_a_search_side_by_side(seed):
    X, share = points(seed, n=(60, 110)[seed % 2], parts=2)
    X = np.round(X * 64) / 64  # so that every distance is exact
    rng = np.random.default_rng([seed, 2])
    for _ in range(4):
        low = np.where(rng.random(3) < 0.7, np.array([0.625, 6, 1]) - rng.integers(0, 2, 3), -INF)
        high = np.where(rng.random(3) < 0.7, np.array([0.875, 9, 6]) + rng.integers(0, 2, 3), INF)
        made = low.copy(), high.copy()
        plain(d._pasted)(X, share, *made)
        for a, b in zip(made, pasted(X, share, low, high), strict=True):
            np.testing.assert_array_equal(a, b)


def test_pasting_takes_a_slice_at_a_time_and_leaves_an_empty_box_as_it_is():
    X = np.arange(60.0)[:, None]
    share = (X[:, 0] >= 19) * 1.0
    for low in (29.5, 45.0):
        edges = np.array([low]), np.array([INF])
        plain(d._pasted)(X, share, *edges)
        assert edges[0] == 20  # the next slice, of 18 and 19, would thin it
    falls = d.paste(X, (X[:, 0] != 40) * 1.0, (np.array([41.0]), np.array([INF])))
    assert falls[0] == [41.0]
    empty = d.paste(X, share, (np.array([70.0]), np.array([80.0])))
    assert (empty[0], empty[1]) == (70.0, 80.0)
    every = d.paste(X, np.ones(60), (np.array([30.0]), np.array([40.0])))
    assert (every[0], every[1]) == (-INF, INF)


@pytest.mark.parametrize(("bounds", "whole", "box", "said"), [
    ((0, 1), False, (0.1234, 0.8765), (0.12, 0.88)), ((0, 1), False, (0.0049, 0.9951), (-INF, INF)),
    ((0, 1), False, (0.0051, 0.9949), (0.01, 0.99)), ((0, 1), False, (-INF, INF), (-INF, INF)),
    ((0, 2), False, (0.34, 1.21), (0.3, 1.2)), ((0, 1.99), False, (0.342, 1.211), (0.34, 1.21)),
    ((-0.5, 1), False, (-0.3749, 0.305), (-0.37, 0.3)), ((1, 40), True, (12.4, 33.0), (12, 33)),
    ((1, 40), True, (1.2, 39.7), (-INF, INF)), ((0, 30), False, (4.4, 26.5), (4, 26)),
    ((0, 1), False, (0.3, 0.7), (0.3, 0.7))])
def test_limits_are_rounded_to_what_can_be_said(bounds, whole, box, said):
    low, high = d._rounded((np.array([box[0]]), np.array([box[1]])), np.array([bounds], float), np.array([whole]))
    assert (low[0], high[0]) == said


def told(held, here, total, n):
    """Log-likelihood of two shares less that of one."""
    one, two, rest = total / n, held / here, (total - held) / (n - here)
    if two <= one:
        return 0.0
    return n * stats.entropy([one, 1 - one]) - here * stats.entropy([two, 1 - two]) - (n - here) * stats.entropy(
        [rest, 1 - rest])


@pytest.mark.parametrize("aim", [0.6, 0.8, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_the_best_box_is_the_least_likely_of_those_that_reach_the_aim(seed, aim):
    X, share = points(seed)
    bounds, whole = np.array([[0, 1], [0, 11], [0, 11]], float), np.array([False, True, True])
    found = []
    for box in d.peel(X, share, whole):
        limits = d._rounded(d.paste(X, share, box), bounds, whole)
        here = within(X, *limits)
        if 0 < here.sum() < len(X):
            found.append((share[here].mean() >= aim, told(share[here].sum(), here.sum(), share.sum(), len(X)), limits))
    top = [one for one in found if one[0]] or found
    wanted = max(top, key=lambda one: one[1])[2]
    np.testing.assert_array_equal(d._best(X, share, bounds, whole, aim), wanted)
    nothing = d._best(X, share, bounds, whole, aim, np.zeros((2, 3), bool))
    np.testing.assert_array_equal(nothing, [[-INF] * 3, [INF] * 3])


# ---------------------------------------------------------------- chance

def test_what_a_box_tells_is_the_likelihood_of_two_shares_against_one():
    for share in (0.0, 1.0, 0.2, 0.5, 0.99):
        assert plain(d._entropy)(share) == pytest.approx(stats.entropy([share, 1 - share]), abs=1e-15)
    for here, held, n, total in ((10, 8.0, 40, 12.0), (10, 10.0, 40, 10.0), (30, 12.0, 40, 12.0), (7, 6.5, 15, 9.0)):
        assert plain(d._unlikely)(here, held, n, total) == pytest.approx(told(held, here, total, n))
    for here, held in ((10, 2.0), (10, 3.0), (3, 0.9), (7, 2.1), (20, 0.0), (13, 3.9)):
        assert plain(d._unlikely)(here, held, 40, 12.0) == 0.0
    share = np.array([0.0, 0.5, 0.25, 1.0, 0.5])
    assert plain(d._runs)(share) == pytest.approx(0.45 * 0.55 / np.mean((share - 0.45) ** 2))
    for part in (0.1, 0.5, 0.77):
        assert plain(d._handicap)(part) == pytest.approx(np.sqrt(2 * np.log(np.e / (4 * part * (1 - part)))))


def bridge(x, share):
    """How far the sum of shares up to each value falls below its due and rises above."""
    sums = [sum(share[x <= at] - share.mean()) for at in [-INF, *x]]
    return -min(sums), max(sums)


@pytest.mark.parametrize("seed", range(4))
def test_how_far_the_values_of_a_factor_lie_apart_is_read_where_a_value_ends(seed):
    X, share = points(seed, n=25)
    order = np.argsort(X, axis=0, kind="stable")
    ends = d._ends(X, order)
    for j in range(3):
        assert ends[:, j].tolist() == [at == 24 or X[order[at, j], j] != X[order[at + 1, j], j] for at in range(25)]
        assert plain(d._bridge)(order[:, j], ends[:, j], share) == pytest.approx(bridge(X[:, j], share), abs=1e-12)
    cells = d._cells(X, order)
    assert cells.tolist() == [[int((X[:, j] < X[i, j]).sum() * 20 / 25) for j in range(3)] for i in range(25)]


def corner(cell, share, least, parts):
    """(by how much the best corner of two factors stands out, its restricting sides), every corner of every two."""
    n, k = cell.shape
    runs, best = share.mean() * (1 - share.mean()) / share.var(), (-INF, None)
    for a in range(k):
        for b, u, v, first, second in product(range(a, k), range(parts + 1), range(parts + 1), (1, 0), (1, 0)):
            here = ((cell[:, a] < u) == first) & ((cell[:, b] < v) == second)
            if not least <= here.sum() <= n - least or share[here].mean() <= share.mean():
                continue
            part = here.mean()
            excess = np.sqrt(2 * runs * told(share[here].sum(), here.sum(), share.sum(), n)) - np.sqrt(
                2 * np.log(np.e / (4 * part * (1 - part))))
            if excess > best[0] + 1e-12:
                sides = np.zeros((2, k), bool)
                sides[first, a] |= 0 < u < parts
                sides[second, b] |= 0 < v < parts
                best = excess, sides
    return best


@pytest.mark.parametrize("seed", range(8))
def test_the_corner_is_that_of_a_search_through_all_of_few_cells(seed, monkeypatch):
    monkeypatch.setattr(d, "_CELLS", 4)
    rng = np.random.default_rng([seed, 3])
    k, n, least = (1, 2, 3)[seed % 3], 30, (3.0, 7.0)[seed % 2]
    cell = rng.integers(0, 4, (n, k))
    share = rng.binomial(4, np.where((cell[:, 0] < 2) & (cell[:, -1] > 0), 0.8, 0.3)) / 4
    sides = np.zeros((2, k), bool)
    sides[0, 0] = True
    most, wanted = corner(cell, share, least, 4)
    assert plain(d._corner)(cell, share, least, sides) == pytest.approx(most)
    assert sides.tolist() == wanted.tolist()


def test_where_every_part_of_a_factor_says_the_same_no_corner_stands_out(monkeypatch):
    monkeypatch.setattr(d, "_CELLS", 4)
    cell, share, sides = np.repeat(np.arange(4), 8)[:, None], np.tile([0.0, 0.5, 0.5, 1.0], 8), np.ones((2, 1), bool)
    assert plain(d._corner)(cell, share, 3.0, sides) == -INF
    assert sides.all()  # as they were


def test_a_scan_is_the_farthest_factor_the_farthest_corner_and_the_farthest_peel(monkeypatch):
    monkeypatch.setattr(d, "_CELLS", 4)
    monkeypatch.setattr(d, "_corner", plain(d._corner))  # or it would be compiled, and kept, with so few cells
    for seed in range(4):
        X, share = points(seed, n=40, k=2)
        order = np.argsort(X, axis=0, kind="stable")
        whole, ends, cell = np.array([False, True]), d._ends(X, order), d._cells(X, order)
        one = max(max(bridge(X[:, j], share)) for j in range(2)) / share.std() / np.sqrt(40)
        steps = [(total - count * share.mean()) / np.sqrt(count * (1 - count / 40)) / share.std() for _, _, count, total in
                 peeled(X, share, whole, np.ones((2, 2), bool), 10.0)[1:]]
        found = plain(d._scan)(X, order, ends, cell, share, whole, 10.0)
        assert found == pytest.approx((one, corner(cell, share, 10.0, 4)[0], max([0.0, *steps])))


def test_points_that_are_all_alike_stand_out_nowhere():
    X, share = np.ones((30, 2)), np.arange(30) % 3 / 2
    order = np.argsort(X, axis=0, kind="stable")
    found = plain(d._scan)(X, order, d._ends(X, order), d._cells(X, order), share, np.zeros(2, bool), 10.0)
    assert found == (pytest.approx(0.0, abs=1e-12), -INF, 0.0)


@pytest.mark.parametrize("seed", range(3))
def test_the_p_of_any_box_is_that_of_its_place_among_the_permutations(seed, monkeypatch):
    monkeypatch.setattr(d, "_PERMUTATIONS", 39)
    X, share = points(seed, n=40, k=2)
    share = np.where(np.random.default_rng(seed).random(40) < 0.5, share, 0.25)
    whole, order = np.array([False, True]), np.argsort(X, axis=0, kind="stable")
    p, needed, sides = d.any_box(X, share, whole, np.random.default_rng([seed, 8]))
    rng = np.random.default_rng([seed, 8])
    found = [d._scan(X, order, d._ends(X, order), d._cells(X, order), one, whole, 10.0)
             for one in [share, *(rng.permutation(share) for _ in range(39))]]
    weighted = [min(sum(other[k] >= one[k] - 1e-9 for other in found) / weight
                    for k, weight in enumerate((0.15, 0.75, 0.1))) for one in found]
    assert p == sum(one <= weighted[0] + 1e-9 for one in weighted) / 40
    for k, weight in enumerate((0.15, 0.75)):
        drawn = sorted(one[k] for one in found[1:])
        assert needed[k] == next(value for at, value in enumerate(drawn) if at >= (1 - 0.05 * weight) * 38 - 1e-9)
    wanted = np.zeros((2, 2), bool)
    d._corner(d._cells(X, order), share, 10.0, wanted)
    assert sides.tolist() == wanted.tolist()


@pytest.mark.parametrize("seed", range(4))
def test_the_chance_of_a_limit_is_smirnovs_among_the_points_of_the_rest_of_the_box(seed):
    X, share = points(seed, n=50)
    box = np.array([0.3, -INF, 2.0]), np.array([INF, 8.0, 9.0])
    found = d.by_chance(X, share, box)
    assert set(found) == {(0, 0), (0, 2), (1, 1), (1, 2)}
    for (side, j), p in found.items():
        wide = box[0].copy(), box[1].copy()
        wide[side][j] = (-INF, INF)[side]
        here = within(X, *wide)
        lacks = bridge(X[here, j], share[here])[side]
        assert p == pytest.approx(min(1.0, 6 * np.exp(-2 * lacks**2 / (share[here].var() * here.sum()))))
    assert d.by_chance(X, np.full(50, 0.5), box) == dict.fromkeys(found, 1.0)  # nothing lacks where all are alike
    assert d.by_chance(X, share / 1000, box) == pytest.approx(found)  # how seldom it holds is no matter


def test_the_limit_that_chance_explains_best_is_left_out_until_none_is_left_to_chance(monkeypatch):
    """Peeling and chance as told: which sides are asked for, one after another."""
    asked = []
    told_ = iter([{(0, 0): 0.01, (1, 1): 0.3, (0, 1): 0.05}, {(0, 0): 0.02, (0, 1): 0.05}, {(0, 0): 0.049}])
    boxes = iter([([1.0, 1.0], [INF, 2.0]), ([1.0, 1.0], [INF, INF]), ([1.0, -INF], [INF, INF])])

    def best(X, share, bounds, whole, aim, sides):
        asked.append(sides.tolist())
        return tuple(np.array(edge) for edge in next(boxes))

    monkeypatch.setattr(d, "_best", best)
    monkeypatch.setattr(d, "by_chance", lambda *_: next(told_))
    X, corner_ = np.zeros((4, 2)), np.array([[True, False], [False, False]])
    limits, chance = d._search(X, np.zeros(4), np.zeros((2, 2)), np.zeros(2, bool), 0.8, 0.001, corner_)
    assert asked == [[[True, True], [True, True]], [[True, True], [False, False]], [[True, False], [False, False]]]
    assert ([edge.tolist() for edge in limits], chance) == ([[1.0, -INF], [INF, INF]], {(0, 0): 0.049})
    # None is left: where chance explains no box at all, the corner that told so is the box, with that p on all its sides.
    for p, chances, sides in ((0.04, {(1, 0): 0.04, (0, 1): 0.04}, 1), (0.05, {}, 0)):
        told_ = iter([{(0, 0): 0.06}, {}, {(1, 0): 0.9, (0, 1): 0.8}])
        boxes, asked[:] = iter([([1.0, -INF], [INF, INF])] * 3), []
        assert d._search(X, np.zeros(4), np.zeros((2, 2)), np.zeros(2, bool), 0.8, p, corner_)[1] == chances
        assert len(asked) == 2 + sides
        assert asked[2:] == [corner_.tolist()] * sides


def test_every_point_is_left_out_of_one_search_in_ten_twice_over():
    parts = list(d._partitions(43, np.random.default_rng(2)))
    assert len(parts) == 20
    for half in (parts[:10], parts[10:]):
        assert sorted(np.concatenate([out for _, out in half])) == list(range(43))
        for kept, out in half:
            assert sorted([*kept, *out]) == list(range(43))
            assert len(out) in (4, 5)
    assert [out.tolist() for _, out in parts[:10]] != [out.tolist() for _, out in parts[10:]]
    X = np.column_stack([np.arange(43.0), np.arange(43.0) % 7])
    weight, alone = d._crossed(X, lambda kept: (np.array([kept.min() + 3.0, 2.0]), np.array([kept.max() - 3.0, 5.0])),
                               np.random.default_rng(2))
    wanted, sides = np.zeros(43), np.zeros((2, 2, 43))
    for kept, out in parts:
        for i in out:
            low, high = [x >= a for x, a in zip(X[i], (kept.min() + 3, 2), strict=True)], [
                x <= b for x, b in zip(X[i], (kept.max() - 3, 5), strict=True)]
            wanted[i] += all(low + high) / 2
            sides[0, :, i] += np.array(low) / 2
            sides[1, :, i] += np.array(high) / 2
    assert weight.tolist() == wanted.tolist()
    assert alone.tolist() == sides.tolist()


FACTORS = parse_factors(["C0=0:1", "contacts_c=1:12", "FRCS.start=1:12"])
BOUNDS = np.array([[0, 1], [1, 12], [1, 12]], float)


def table(seed, n=80):
    X, share = points(seed, n)
    X[:, 1:] += 1
    return X, np.random.default_rng(seed).random((n, 3)) < share[:, None]


def test_what_is_said_of_a_box_is_counted_on_points_left_out(monkeypatch):
    monkeypatch.setattr(d, "_PERMUTATIONS", 39)
    X, holds = table(2)
    H, whole = holds * 1.0, np.array([False, True, True])
    share, every = H.mean(axis=1), 70.0
    box, limits, power = d._next(FACTORS, X, H, BOUNDS, whole, 0.8, every, np.random.default_rng(4))
    rng = np.random.default_rng(4)
    p, needed, corner_ = d.any_box(X, share, whole, rng)
    assert (box.p, [tuple(edge) for edge in limits]) == (p, [tuple(edge) for edge in d._search(
        X, share, BOUNDS, whole, 0.8, p, corner_)[0]])
    sides = np.isfinite(np.stack(limits))
    weight, alone = np.zeros(80), np.zeros((2, 3, 80))
    for kept, out in d._partitions(80, rng):
        low, high = d._best(X[kept], share[kept], BOUNDS, whole, 0.8, sides)
        for i in out:
            weight[i] += within(X[[i]], low, high)[0] / 2
            alone[0, :, i] += (X[i] >= low) / 2
            alone[1, :, i] += (X[i] <= high) / 2
    here = within(X, *limits)
    assert box.density == pytest.approx(d.share_interval(H, weight))
    covered = weight @ share / every
    assert box.coverage == pytest.approx((covered, *wilson(covered, every, stats.norm.ppf(0.975))))
    assert (box.support, box.points) == (here.mean(), here.sum())
    assert (box.base, box.found_density) == pytest.approx((share.mean(), share[here].mean()))
    named = {FACTORS[j].name: tuple(None if np.isinf(limits[side][j]) else limits[side][j] for side in (0, 1))
             for j in range(3) if sides[:, j].any()}
    assert box.limits == named
    by_side = d.by_chance(X, share, limits)
    assert box.chance == pytest.approx({FACTORS[j].name: max(by_side.get((side, j), 0.0) for side in (0, 1))
                                        for j in range(3) if sides[:, j].any()})
    other = d._power(share, alone, weight, needed)
    assert (power.visible, power.enough) == (pytest.approx(other.visible), other.enough)
    assert power.visible == pytest.approx((needed[0] + stats.norm.ppf(0.8) * np.sqrt(3 / 16)) * share.std() / np.sqrt(
        80) / (3 / 16))


def needs(share, weight, needed):
    """How many times the root of the points a box needs, by its likelihood and the part that it holds."""
    n, total = len(share), share.sum()
    here, held = weight.sum(), weight @ share
    part = min(max(here / n, 1 / n), 1 - 1 / n)
    runs = total / n * (1 - total / n) / share.var()
    handicap = np.sqrt(2 * np.log(np.e / (4 * part * (1 - part))))
    return (needed + handicap + stats.norm.ppf(0.8)) / np.sqrt(2 * told(held, here, total, n) * runs)


def test_how_many_points_would_do_for_a_box_of_one_point_and_for_all_but_one():
    share, nowhere = np.tile([0.25, 0.5, 0.5, 0.75], 10), np.zeros((2, 1, 40))
    few, most = np.zeros(40), np.ones(40)
    few[3], most[0] = 0.5, 0.5
    for weight in (few, most):
        for needed in (0.2, 1.0, 4.0):
            times = max(needs(share, weight, needed), np.sqrt(1.5))
            found = d._power(share, nowhere, weight, np.array([9.0, needed])).enough
            assert found == (float(f"{40 * times**2:.2g}") if times < 5 else None)
    # What stands out so much that it should have been found is told to need half as many again.
    sure = (share > 0.5) * 1.0
    assert d._power(share, nowhere, sure, np.array([9.0, 0.1])).enough == 60
    # No more than five times the root is foretold.
    weight = (np.arange(40) < 8) + 0.0
    weight[[0, 3]] = 0.5, 1.5
    edge = brentq(lambda needed: needs(share, weight, needed) - 5, -2.0, 99.0)
    assert d._power(share, nowhere, weight, np.array([99.0, edge - 1e-4])).enough == 1000
    assert d._power(share, nowhere, weight, np.array([99.0, edge + 1e-4])).enough is None
    assert d._power(share, nowhere, np.zeros(40), np.array([1.0, 1.0])).enough is None
    near = 0.5 + (share - 0.5) / 250  # of very many runs each, so that little is much
    found = d._power(near, nowhere, (share > 0.5) * 1.0, np.array([99.0, 9.0])).enough
    assert found == float(f"{40 * needs(near, (share > 0.5) * 1.0, 9.0) ** 2:.2g}")


def test_a_sweeps_own_seed_is_taken_unless_another_is_said(monkeypatch):
    asked = []
    monkeypatch.setattr(d, "runs_of", lambda sweep, outcome: outcome)
    monkeypatch.setattr(d, "_of", lambda *words: asked.append(words[3:]))
    sweep = SimpleNamespace(plan=SimpleNamespace(seed=7, design="design", scenario="scenario"))
    for seed in (None, 0, 3):
        d.from_sweep(sweep, "C@8 >= 0.5", seed=seed)
    assert [(aim, most, seed, missing) for _, aim, most, seed, missing in asked] == [
        (0.8, 3, seed, None) for seed in (7, 0, 3)]


def test_as_many_permutations_are_made_as_the_guide_says():
    guide = (Path(__file__).parents[1] / "docs/sensitivity.md").read_text(encoding="utf-8")
    assert f"other points at random, {d._PERMUTATIONS} times" in guide


def test_what_holds_in_one_run_alone_is_covered_as_if_in_one_whole_point(monkeypatch):
    monkeypatch.setattr(d, "_PERMUTATIONS", 9)
    X, _ = table(2)
    H = np.zeros((80, 3))
    H[5, 1] = 1.0
    box, _, _ = d._next(FACTORS, X, H, BOUNDS, np.array([False, True, True]), 0.8, 1 / 3, np.random.default_rng(4))
    assert box.coverage == pytest.approx((box.coverage.value, *wilson(box.coverage.value, 1.0, stats.norm.ppf(0.975))))


def test_noise_has_a_box_that_was_tried_with_limits_that_chance_explains(monkeypatch):
    monkeypatch.setattr(d, "_PERMUTATIONS", 39)
    X, _ = table(0)
    share = np.random.default_rng(1).random((80, 1)) < 0.5
    found = d.find_boxes(FACTORS, X, share, beside=False)
    assert not found.boxes
    assert found.tried is not None
    assert max(found.tried.chance.values()) >= 0.05
    limits = d._best(X, share[:, 0] * 1.0, BOUNDS, np.array([False, True, True]), 0.8)
    assert found.tried.found_density == pytest.approx(share[within(X, *limits)].mean())
    assert (found.points, found.replicates, found.seed, found.held) == (80, 1, 1, share.mean())


def test_each_next_box_is_of_what_lies_outside_and_as_many_are_told_as_asked(monkeypatch):
    seen = []

    def one(factors, X, H, bounds, whole, aim, every, rng):
        seen.append((X[:, 0].tolist(), whole.tolist(), aim, every))
        low = X[:, 0].max() - 9
        box = d.Box({"C0": (low, None)}, Estimate(0.9, 0.8, 1.0), Estimate(0.5, 0.4, 0.6), 0.2, 0.5, 9, 0.9, {"C0": 0.01},
                    0.01 if X[:, 0].max() > 60 else 0.05)
        return box, (np.array([low, -INF, -INF]), np.full(3, INF)), d.Power(0.1, None)

    monkeypatch.setattr(d, "_next", one)
    X = np.column_stack([np.arange(80.0), np.zeros(80), np.ones(80)])
    H = (np.arange(80) % 2)[:, None] * 1.0
    found = d.find_boxes(FACTORS, X, H, beside=False)
    assert len(found.boxes) == 2  # the third, of 0 to 59, is no better than chance
    assert found.tried.p == 0.05
    assert [len(points) for points, *_ in seen] == [80, 70, 60]
    assert {(tuple(whole), aim, every) for _, whole, aim, every in seen} == {((False, True, True), 0.8, 40.0)}
    seen.clear()
    assert len(d.find_boxes(FACTORS, X, H, most=1, beside=False).boxes) == 1
    assert len(seen) == 1
    forty = X[40:]
    assert len(d.find_boxes(FACTORS, forty, H[40:], beside=False).boxes) == 1  # then 30 are too few to go on
    with pytest.raises(Refused, match="39 points are too few"):
        d.find_boxes(FACTORS, X[:39], H[:39])
    d.find_boxes(FACTORS, X, H[:, 0], aim=1.0, most=100, beside=False)
    for words in ({"aim": 0.0}, {"aim": 1.001}, {"most": 0}, {"most": 101}):
        with pytest.raises(Refused):
            d.find_boxes(FACTORS, X, H, **words)
    for bad in (-0.01, 1.01, np.inf):
        with pytest.raises(Refused, match="known in every run"):
            d.find_boxes(FACTORS, X, np.where(np.arange(80)[:, None] == 3, bad, H))


def test_the_regional_method_is_asked_wherever_a_condition_holds_in_some_runs_and_not_in_all(monkeypatch):
    asked = []
    said = pd.DataFrame({"factor": ["C0", "contacts_c", "FRCS.start"], "told_apart": [True, False, True]})
    monkeypatch.setattr(d, "regional", lambda *words: asked.append(words) or SimpleNamespace(table=said))
    monkeypatch.setattr(d, "_PERMUTATIONS", 9)
    X, some = table(1)[0], np.zeros(80)
    some[3] = 0.4
    for H, apart in ((some, ("C0", "FRCS.start")), (1 - some, ("C0", "FRCS.start")), (0 * some, ()), (0 * some + 1, ())):
        assert d.find_boxes(FACTORS, X, H, most=1, seed=6).apart == apart
        assert d.find_boxes(FACTORS, X, H, most=1, seed=6, beside=False).apart == ()
    assert [(names, seed) for names, _, _, seed in asked] == [(["C0", "contacts_c", "FRCS.start"], 6)] * 2


def test_the_trade_off_along_a_peeling_is_counted_step_by_step():
    X, holds = table(3)
    share, whole = holds.mean(axis=1), np.array([False, True, True])
    found = d._steps(X, share, whole, np.random.default_rng(6))
    boxes, n = d.peel(X, share, whole), len(X)
    checked = np.zeros((len(boxes), 2))
    for kept, out in d._partitions(n, np.random.default_rng(6)):
        without = d.peel(X[kept], share[kept], whole)
        for step in range(len(boxes)):
            here = [i for i in out if within(X[[i]], *without[min(step, len(without) - 1)])[0]]
            checked[step] += len(here) / 2, sum(share[i] for i in here) / 2
    assert found["step"].tolist() == list(range(len(boxes)))
    for row, (low, high), (count, total) in zip(found.to_dict("records"), boxes, checked, strict=True):
        here = within(X, low, high)
        assert row["restricted"] == sum(np.isfinite([a, b]).any() for a, b in zip(low, high, strict=True))
        for half, size, held in (("found", here.sum(), share[here].sum()), ("checked", count, total)):
            assert row[f"{half}_coverage"] == pytest.approx(held / share.sum())
            assert row[f"{half}_support"] == pytest.approx(size / n)
            assert row[f"{half}_density"] == pytest.approx(held / size if size else np.nan, nan_ok=True)
    assert d._steps(X, np.full(n, 0.5), whole, np.random.default_rng(6)).columns.tolist() == found.columns.tolist()
    assert len(d._steps(X, np.full(n, 0.5), whole, np.random.default_rng(6))) == 0


# ---------------------------------------------------------------- words

def spoken(boxes=(), tried=None, power=None, points=100, replicates=4, held=0.4, apart=(), aim=0.8):
    return d.sentences(d.Discovery(None, FACTORS, tuple(boxes), tried, power, held, aim, points, replicates, 1,
                                   None, tuple(apart)))


def a_box(density=0.9, limits=None):
    limits = limits or {"C0": (0.5, None)}
    chance = dict.fromkeys(limits, 0.01)
    return d.Box(limits, Estimate(density, 0.8, 0.95), Estimate(0.5, 0.4, 0.6), 0.2, 0.3, 20, 0.9, chance, 0.01)


def test_a_box_is_said_with_its_shares_and_what_was_aimed_at():
    where = f"{FACTORS[0].title} is at least 0.5"
    assert spoken([a_box()], apart=["C0"]) == [
        f"The condition holds where {where}: true for 90\u00a0% (80–95\u00a0%) of runs there, which are "
        "50\u00a0% (40–60\u00a0%) of all runs in which it holds. Without this box it is true for 30\u00a0%."]
    two = spoken([a_box(0.8), a_box(0.7)], apart=["C0"])
    assert two[1].startswith(f"Of what lies outside, it also holds where {where}: true for 70\u00a0%")
    assert len(two) == 2
    assert spoken([a_box(0.79)], apart=["C0"])[1] == (
        "The 80\u00a0% aimed at is not reached on points left out of the search.")
    assert spoken(held=1.0) == ["The condition holds in every run, so there is no part of the ranges to tell from another; "
                                "choose another number, or other ranges."]
    assert "in no run" in spoken(held=0.0)[0]


def test_a_side_that_is_free_is_not_a_number_in_the_table():
    boxes_ = (a_box(limits={"C0": (None, 0.5)}), a_box(limits={"contacts_c": (None, 4.0), "FRCS.start": (None, 9.0)}))
    table_ = d.Discovery(None, FACTORS, boxes_, None, None, 0.4, 0.8, 100, 4, 1, None).table
    assert table_["at_least"].dtype == float
    assert np.isnan(table_["at_least"]).all()
    assert table_["at_most"].tolist() == [0.5, 4.0, 9.0]
    assert table_["box"].tolist() == [1, 2, 2]
    assert table_["chance"].tolist() == [0.01] * 3
    turned = d.Discovery(None, FACTORS, (a_box(),), None, None, 0.4, 0.8, 100, 4, 1, None).table
    assert (turned["at_most"].dtype, turned["at_least"].tolist()) == (float, [0.5])
    empty = d.Discovery(None, FACTORS, (), None, None, 0.4, 0.8, 100, 4, 1, None).table
    assert empty.columns.tolist() == table_.columns.tolist()


def test_too_few_runs_are_said_with_how_many_would_do():
    assert spoken()[0] == ("The condition holds in 40\u00a0% of all runs. Too few runs to tell where: all but a few of the "
                           "100 points of 4 runs say the same.")
    assert "100 points of 1 run say" in spoken(replicates=1)[0]
    assert "of 4 runs say the same" in spoken(tried=a_box())[0]
    assert "of 4 runs say the same" in spoken(power=d.Power(0.2, 5))[0]
    enough = spoken(tried=a_box(), power=d.Power(0.2, 1500))[0]
    assert "is at least 0.5; 90\u00a0%) is not told apart from chance" in enough
    assert "about 1,500 points (6,000 runs) would do, in four of five tries" in enough
    nothing = spoken(tried=a_box(), power=d.Power(0.234, None), points=312)[0]
    assert "it held 23 percentage points more often; for half as much about 1,200 points (4,800 runs) would do" in nothing
    assert "held 1 percentage points" in spoken(tried=a_box(), power=d.Power(0.001, None))[0]


def test_what_the_regional_method_says_otherwise_is_said_with_the_reason():
    boxed, other = FACTORS[0].title, FACTORS[1].title
    assert spoken([a_box()], apart=["C0", "contacts_c"])[1] == (
        f"`sensitivity --method regional` also tells {other} apart on the same runs: it asks of each factor alone whether "
        "its values lie elsewhere where it holds, which takes fewer runs; no box is sharper for it on these runs.")
    assert spoken(apart=["contacts_c"])[1].endswith("no box stands out from chance.")
    alone = spoken([a_box()])[1]
    assert alone.startswith(f"`sensitivity --method regional` does not tell {boxed} apart on the same runs")
    assert "this one matters within the limits of the others" in alone
    assert "these matter within" in spoken([a_box(limits={"C0": (0.5, None), "contacts_c": (None, 4.0)})])[1]
    assert len(spoken([a_box()], apart=["C0"])) == 1


def test_limits_and_shares_in_words():
    start, plain_, contacts = FACTORS[2], FACTORS[0], FACTORS[1]
    assert d.said_limits(start, 4.0, None) == "the start of free-range civil servants is quarter 4 or later"
    assert d.said_limits(plain_, None, 0.25) == f"{plain_.title} is at most 0.25"
    assert d.said_limits(contacts, 2.0, 4.0) == f"{contacts.title} lies between 2 and 4 {contacts.unit}"
    assert d.said_limit(-0.0) == "0"
    assert d.said_limit(-1.5) == "−1.5"
    assert d._interval(Estimate(0.126, 0.054, 0.996)) == "13\u00a0% (5–100\u00a0%)"
