"""Scores of sampled forecasts: CRPS (lower is better), and whether an interval holds the truth."""

from __future__ import annotations

import numpy as np


def crps(samples: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """float64[H]: mean |X - y| less half the mean |X - X'| over all pairs (Gneiting and Raftery, 2007), exactly.

    samples: [S, H]; truth: [H]; the samples are the forecast itself, so pairs include a sample with itself.
    """
    count = len(samples)
    ordered = np.sort(np.asarray(samples, np.float64), axis=0)
    rank = 2 * np.arange(1, count + 1) - count - 1
    return np.abs(ordered - truth).mean(axis=0) - (rank @ ordered) / count**2


def covers(samples: np.ndarray, truth: np.ndarray, level: float = 0.8) -> np.ndarray:
    """bool[H]: whether the central interval of this level holds the truth, its ends included."""
    low, high = np.quantile(samples, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return (truth >= low) & (truth <= high)


def weighted_crps(values: np.ndarray, weights: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """float64[H]: the same for values[S, H] with weights[S] that sum to one."""
    order = np.argsort(values, axis=0, kind="stable")
    ordered, mine = np.take_along_axis(values, order, axis=0), weights[order]
    return np.asarray(weights @ np.abs(values - truth)
                      - ((2 * np.cumsum(mine, axis=0) - mine - 1) * mine * ordered).sum(axis=0))
