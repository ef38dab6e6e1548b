"""The boundaries between futures on the plane of starts: smooth where the runs tell them, and none where they do not.

A start is told where one future leads every other by more than luck explains (paired runs, 95 % at each start). Between
starts, mean shares and their uncertainty are interpolated by curves that make no hills of their own (monotone cubics), and
what lies beyond the outermost starts is taken to be as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import stdtrit  # a tenth of the start-up of scipy.stats

from letsdance.simulation.rules.regimes import REGIMES

if TYPE_CHECKING:
    from letsdance.experiments.basins import Basins

#: Shares from which on an area is drawn darker.
LEVELS = (0.0, 0.5, 0.75)
#: How strongly each of them is laid over the last.
SHADE = 0.38
#: Points on each side at which the plane is looked at, and how far apart the strokes of a hatching are.
_FINE, _STROKES = 121, 0.03


@dataclass(frozen=True)
class Area:
    """Where the runs tell that a future leads and at least such a share ends in it: outlines, holes run the other way."""

    regime: str
    at_least: float
    rings: list[np.ndarray]


@dataclass(frozen=True)
class Boundaries:
    """What the runs tell of a plane of starts, in places (C, G) from 0 to 1.

    told bool[n, n]: whether they tell which future leads, by start; areas, palest first; lines float64[k, 2], where two
    futures are equally common and both are told within one step between starts; strokes float64[2, 2]: a hatching of
    all that is open; open: the share of the plane that is.
    """

    told: np.ndarray
    areas: list[Area]
    lines: list[np.ndarray]
    strokes: list[np.ndarray]
    open: float


def boundaries(found: Basins) -> Boundaries:
    """What can be drawn of a basin map; of a single run, which tells nothing of luck, all is open."""
    from contourpy import contour_generator
    from scipy.ndimage import distance_transform_edt

    fine = np.linspace(0.0, 1.0, _FINE)
    mean, half = _margins(found.shares)
    shares = _refined(found.starts, found.agents, fine)
    ahead = shares[..., :, None] - shares[..., None, :]
    sure = _least(ahead - _refined(found.starts, half, fine)) if found.runs > 1 else np.full(shares.shape, -1.0)
    areas, near = [], []
    for k, name in enumerate(REGIMES):
        for level in LEVELS:
            drawn: Any = contour_generator(fine, fine, np.minimum(sure[..., k], shares[..., k] - level).T,
                                           fill_type="OuterOffset").filled(0.0, 2.0)
            rings = [points[a:b] for points, ends in zip(*drawn, strict=True) for a, b in pairwise(ends)]
            areas += [Area(name, level, rings)] if rings else []
        told = sure[..., k] > 0
        near.append(distance_transform_edt(~told) / (_FINE - 1) if told.any() else np.full(told.shape, np.inf))
    step, lines = float(found.starts[1] - found.starts[0]), []
    for one, other in combinations(range(len(REGIMES)), 2):
        rest = [k for k in range(len(REGIMES)) if k not in (one, other)]
        first = shares[..., [one, other]].min(-1) >= shares[..., rest].max(-1) - 0.01  # the two lead all others
        known = first & (np.maximum(near[one], near[other]) <= step)
        drawn = contour_generator(fine, fine, ahead[..., one, other].T, line_type="Separate").lines(0.0)
        lines += [piece for line in drawn for piece in _pieces(line, known)]
    open_ = sure.max(-1) <= 0
    return Boundaries((_least(mean - half) > 0).any(-1) & (found.runs > 1), sorted(areas, key=lambda area: area.at_least),
                      lines, _hatched(open_), float(open_.mean()))


def _margins(shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """float64[n, n, 4, 4] twice: by how much each future leads each other one, and half its 95 % interval over paired runs.

    The spread at a start is the larger of its own and of the mean over it and its neighbours, since a few runs may agree
    by accident.
    """
    runs = shares.shape[2]
    ahead = shares[..., :, None] - shares[..., None, :]
    if runs < 2:
        return ahead.mean(2), np.zeros(ahead.mean(2).shape)
    from scipy.ndimage import uniform_filter

    own = ahead.var(axis=2, ddof=1)
    spread = np.maximum(own, uniform_filter(own, size=(3, 3, 1, 1), mode="nearest"))
    half: np.ndarray = stdtrit(runs - 1, 0.975) * np.sqrt(spread / runs)
    return ahead.mean(2), half


def _least(ahead: np.ndarray) -> np.ndarray:
    """[..., 4]: by how much each future leads the one that it leads least; itself does not count."""
    least: np.ndarray = np.where(np.eye(len(REGIMES), dtype=bool), np.inf, ahead).min(-1)
    return least


def _refined(starts: np.ndarray, values: np.ndarray, fine: np.ndarray) -> np.ndarray:
    """Values at starts [n, n, ...] at all pairs of fine places; beyond the outermost starts as there."""
    from scipy.interpolate import PchipInterpolator

    at = np.concatenate([[0.0], starts, [1.0]])
    for axis in (0, 1):
        ends = [np.take(values, [k], axis=axis) for k in (0, -1)]
        values = PchipInterpolator(at, np.concatenate([ends[0], values, ends[1]], axis=axis), axis=axis)(fine)
    return values


def _pieces(line: np.ndarray, known: np.ndarray) -> list[np.ndarray]:
    """The parts of a line that lie where it may be drawn."""
    i, j = np.rint(line.T * (_FINE - 1)).astype(int)
    breaks = np.flatnonzero(np.diff(known[i, j].astype(int))) + 1
    return [piece for piece in np.split(line, breaks)
            if len(piece) > 1 and known[tuple(np.rint(piece[0] * (_FINE - 1)).astype(int))]]


def _hatched(where: np.ndarray) -> list[np.ndarray]:
    """Strokes from lower left to upper right over that part of the plane."""
    strokes: list[np.ndarray] = []
    for shift in np.arange(-1.0 + _STROKES / 2, 1.0, _STROKES):
        x = np.arange(max(0.0, shift), min(1.0, 1.0 + shift), 0.25 / (_FINE - 1))
        way = np.stack([x, x - shift], 1)
        strokes += [piece[[0, -1]] for piece in _pieces(way, where)]
    return strokes


