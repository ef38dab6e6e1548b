"""Networks: who knows whom, seeded by address. All are simple graphs in compressed rows (ties, neighbours)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from letsdance.simulation.compiled import compiled, rule
from letsdance.simulation.luck import uniform
from letsdance.simulation.rules.numbers import log


def half_degree(n: int, k: int) -> int:
    """How many neighbours on each side of the ring: half of k, less where there are too few others."""
    return max(0, min(k // 2, (n - 1) // 2))


@rule
def small_world(n, half, rewire, key, first, first_tie, ties, neighbours):
    """Watts and Strogatz (1998): a ring with `half` neighbours a side, each tie's far end moved with chance `rewire`.

    Writes rows first..first+n of `ties` (ends included) and n * 2 * half entries of `neighbours` from first_tie.
    No citizen is tied to himself or twice to the same; where nobody else is left, the tie stays.
    """
    target = np.empty((n, max(half, 1)), np.int32)
    degree = np.zeros(n + 1, np.int32)
    for i in range(n):
        for j in range(half):
            other = i + j + 1
            if other >= n:
                other -= n
            target[i, j] = other
    for i in range(n):
        for j in range(half):
            if uniform(key, (i * half + j) * 64) < rewire:
                for attempt in range(1, 33):
                    other = np.int64(uniform(key, (i * half + j) * 64 + attempt) * n)
                    distance = abs(other - i)
                    free = min(distance, n - distance) > half
                    for l in range(half):
                        free = free and target[i, l] != other and target[other, l] != i
                    if free:
                        target[i, j] = other
                        break
            degree[i] += 1
            degree[target[i, j]] += 1
    at = first_tie
    for i in range(n):
        ties[first + i] = at
        at += degree[i]
    ties[first + n] = at
    for i in range(n):
        degree[i] = 0
    for i in range(n):
        for j in range(half):
            other = np.int64(target[i, j])
            neighbours[np.int64(ties[first + i]) + degree[i]] = first + other
            degree[i] += 1
            neighbours[np.int64(ties[first + other]) + degree[other]] = first + i
            degree[other] += 1


# ---------------------------------------------------------------- the networks of the classic models

class Network(NamedTuple):
    """Who knows whom: the neighbours of i are neighbours[ties[i]:ties[i + 1]]."""

    ties: np.ndarray
    neighbours: np.ndarray

    @property
    def degree(self) -> np.ndarray:
        """How many neighbours each has."""
        return np.diff(self.ties.astype(np.int64))


def ring_lattice(n: int, half: int) -> Network:
    """A ring where each knows `half` neighbours a side: a small world in which nobody moves a tie."""
    half = half_degree(n, 2 * half)
    network = Network(np.zeros(n + 1, np.uint32), np.empty(2 * half * n, np.uint32))
    small_world(n, half, 0.0, np.uint64(0), 0, 0, *network)
    return network


def path(n: int) -> Network:
    """A line of n: each knows the one before and the one behind."""
    return Network(*from_edges(n, np.arange(n - 1), np.arange(1, n)))


def star(leaves: int) -> Network:
    """A hub, row 0, and its leaves, who know only the hub."""
    return Network(*from_edges(leaves + 1, np.zeros(leaves, np.int64), np.arange(1, leaves + 1)))


def grid(rows: int, columns: int, moore: bool = False) -> Network:
    """A grid with edges: four neighbours (von Neumann), or eight with the diagonals (Moore). Row i * columns + j."""
    at = np.arange(rows * columns).reshape(rows, columns)
    pairs = [(at[:, :-1], at[:, 1:]), (at[:-1], at[1:])]
    if moore:
        pairs += [(at[:-1, :-1], at[1:, 1:]), (at[:-1, 1:], at[1:, :-1])]
    a, b = (np.concatenate([pair[side].ravel() for pair in pairs]) for side in (0, 1))
    return Network(*from_edges(rows * columns, a, b))


def erdos_renyi(n: int, degree: float, key: np.uint64) -> Network:
    """Each of the n (n-1) / 2 pairs knows each other with the chance that gives this mean degree (below n - 1)."""
    return Network(*from_edges(n, *_random_pairs(n, degree / (n - 1), key)))


def degree_preserving_rewire(network: Network, share: float, key: np.uint64) -> Network:
    """The same numbers of neighbours after double-edge swaps: a-b and c-d become a-d and c-b (Maslov and Sneppen 2002).

    There are share * edges / 2 swaps of two edges drawn at random, without loops or doubled edges. An edge may be
    drawn again, so that a small share of edges is touched in full, but a share of 1 touches about 1 - 1/e of them.
    """
    return Network(network.ties, _swapped(*network, share, key))


@compiled
def from_edges(n, a, b):
    """The compressed rows of a network of n in which each a[e] and b[e] know each other."""
    ties = np.zeros(n + 1, np.uint32)
    for e in range(len(a)):
        ties[a[e] + 1] += 1
        ties[b[e] + 1] += 1
    for i in range(n):
        ties[i + 1] += ties[i]
    free = ties.copy()
    neighbours = np.empty(2 * len(a), np.uint32)
    for e in range(len(a)):
        neighbours[free[a[e]]], neighbours[free[b[e]]] = b[e], a[e]
        free[a[e]] += 1
        free[b[e]] += 1
    return ties, neighbours


@compiled
def _random_pairs(n, chance, key):
    """The edges of G(n, chance), skipping from one to the next: O(edges) (Batagelj and Brandes 2005)."""
    a = np.empty(64 + int(0.6 * n * n * max(chance, 0.0)), np.int64)
    b = np.empty_like(a)
    edges = drawn = 0
    i, j = 1, -1
    while i < n and chance > 0.0:
        j += 1 + int(log(1.0 - uniform(key, drawn)) / log(1.0 - chance))
        drawn += 1
        while j >= i and i < n:
            j -= i
            i += 1
        if i < n:
            if edges == len(a):
                a, b = np.append(a, a), np.append(b, b)
            a[edges], b[edges] = i, j
            edges += 1
    return a[:edges], b[:edges]


@compiled
def _swapped(ties, neighbours, share, key):
    """The neighbours after degree_preserving_rewire. Rows keep their lengths, so a swap rewrites four entries."""
    new = neighbours.copy()
    edges = len(neighbours) // 2
    ends = np.empty((edges, 2), np.int64)
    e = drawn = 0
    for i in range(len(ties) - 1):
        for tie in range(ties[i], ties[i + 1]):
            if i < neighbours[tie]:
                ends[e, 0], ends[e, 1] = i, neighbours[tie]
                e += 1
    for _ in range(round(0.5 * share * edges)):
        for _ in range(100):  # in a tiny or dense network no swap may be left
            x, y = int(uniform(key, drawn) * edges), int(uniform(key, drawn + 1) * edges)
            turned = int(uniform(key, drawn + 2) * 2)  # c-d or d-c: both ways of swapping are as likely
            drawn += 3
            a, b, c, d = ends[x, 0], ends[x, 1], ends[y, turned], ends[y, 1 - turned]
            if a != c and a != d and b != c and b != d and not (_met(ties, new, a, d) or _met(ties, new, c, b)):
                _replace(ties, new, a, b, d)
                _replace(ties, new, b, a, c)
                _replace(ties, new, c, d, b)
                _replace(ties, new, d, c, a)
                ends[x, 1], ends[y, turned], ends[y, 1 - turned] = d, c, b
                break
    return new


@rule
def _met(ties, neighbours, i, j):
    """Whether i knows j."""
    known = False
    for tie in range(ties[i], ties[i + 1]):
        known = known or neighbours[tie] == j
    return known


@rule
def _replace(ties, neighbours, i, old, new):
    """i knows new in the place of old."""
    for tie in range(ties[i], ties[i + 1]):
        if neighbours[tie] == old:
            neighbours[tie] = new
