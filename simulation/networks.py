"""Networks: who knows whom, seeded by address. All are simple graphs in compressed rows (ties, neighbours)."""

from __future__ import annotations

import numpy as np

from simulation.compiled import rule
from simulation.luck import uniform


def half_degree(n: int, k: int) -> int:
    """How many neighbours on each side of the ring: half of k, less where there are too few others."""
    return max(0, min(k // 2, (n - 1) // 2))


@rule
def small_world(n, half, rewire, key, first, first_tie, ties, neighbours):
    """Watts and Strogatz (1998): a ring of n with `half` neighbours a side, each tie's far end moved with chance `rewire`.

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
