"""Where municipalities lie: a GeoJSON that somebody brings, or coordinates in their own table, as outlines to be drawn.

A stranger's geometry is data and no more: it has a declared schema, its bytes, features and rings are bounded, every
number is finite and near, and what is drawn of it has at most `MOST_POINTS` corners, whatever was sent. Names are
matched as the one reader of tables writes them. Longitudes and latitudes are drawn on a plane that is true in the middle
of the map; other coordinates (metres of a national grid) as they are. What lies across an ocean is drawn below, at the same
scale, as atlases do: else a country with islands far away would be a speck.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Annotated, Any, Literal, TypedDict

import numpy as np
import pandas as pd
from pydantic import AllowInfNan, ConfigDict, FailFast, Field, TypeAdapter, ValidationError, with_config

from letsdance.params import Refused
from letsdance.scenarios.tables import ids, open_sheet, pasted, plain_name

__all__ = ["MOST_BYTES", "MOST_POINTS", "Drawn", "Outline", "Shapes", "coordinates", "drawn", "placed", "read", "squares",
           "too_large"]

#: What a file may hold: bytes, features, rings, and the size of a coordinate (metres on Earth, and some room).
MOST_BYTES, MOST_FEATURES, MOST_RINGS, FARTHEST = 5_000_000, 20_000, 20_000, 1e8
#: Corners that are drawn; a finer outline is drawn on a coarser grid until it has no more.
MOST_POINTS = 40_000
#: The width of a drawing in its own units; steps of its grid; the longest side beside the shorter one.
_WIDE, _STEPS, _LONGEST = 2000, (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48), 2.5
#: Municipalities that are laid out by their places; more take the order of their table.
_MOST_LAID = 1_500
#: Empty squares beside each one that is taken, so that a country keeps its outline; its height beside its width at most;
#: how many municipalities close by make a square land.
_ROOM, _TALLEST, _NEAR = 0.4, 1.2, 3
#: Emptiness that parts a map: at least so much (degrees; metres) and at least this part of the main land's longer side.
_OCEAN, _WIDER = (5.0, 5e5), 0.25
#: A square and the gap after it, in units of a drawing of squares.
_SQUARE, _GAP = 96, 4
#: Properties of features that can hold names or codes, and how long those are.
_MOST_PROPERTIES, _LONGEST_NAME = 20, 200
#: What a file writes before or behind a municipality's name, and a table does not, or the other way round.
_KIND = re.compile(r"^(?:gemeente|gemeinde|commune|municipality|municipalite|city|town|ville|stadt?)"
                   r"_(?:of_|van_|de_|du_|d_)?"
                   r"|_(?:gemeente|gemeinde|commune|municipality|city|town|stadt?)$")
#: Names that are guessed at, so that two files of thousands cost no minute, and how alike a guess must be.
_MOST_GUESSED, _ALIKE = 40, 0.6
#: Columns of a table that say where a municipality lies: east and north, by the names that they have in files.
_COLUMNS = ((("longitude", "lon", "lng", "long", "lengtegraad", "laengengrad", "langengrad"),
             ("latitude", "lat", "breedtegraad", "breitengrad")),
            (("x", "x_coordinate", "x_coordinaat", "easting", "oost"),
             ("y", "y_coordinate", "y_coordinaat", "northing", "noord")))


# ---------------------------------------------------------------- reading a GeoJSON

@dataclass(frozen=True, eq=False)
class Shapes:
    """What a file holds: for each feature its rings (float64[n, 2] each; none for a point) and a point of it.

    names: for each property that holds names or codes, the features' values. left: features without an outline or point.
    """

    names: Mapping[str, tuple[str, ...]]
    rings: tuple[tuple[np.ndarray, ...], ...]
    points: np.ndarray  # float64[F, 2]
    left: int

#: The first fault ends the reading, so that a file of faults takes no longer than one of shapes.
type _Number = Annotated[float, Field(strict=True, ge=-FARTHEST, le=FARTHEST), AllowInfNan(False)]
type _Position = Annotated[list[_Number], Field(min_length=2, max_length=4), FailFast()]
type _Polygon = Annotated[list[Annotated[list[_Position], FailFast()]], FailFast()]
_STRICT = ConfigDict(strict=True)


@with_config(_STRICT)
class _Point(TypedDict):
    type: Literal["Point"]
    coordinates: _Position


@with_config(_STRICT)
class _Outlined(TypedDict):
    type: Literal["Polygon"]
    coordinates: _Polygon


@with_config(_STRICT)
class _Many(TypedDict):
    type: Literal["MultiPolygon"]
    coordinates: Annotated[list[_Polygon], FailFast()]


@with_config(_STRICT)
class _Other(TypedDict):
    type: Literal["LineString", "MultiLineString", "MultiPoint", "GeometryCollection"]


@with_config(_STRICT)
class _Feature(TypedDict):
    type: Literal["Feature"]
    geometry: Annotated[_Point | _Outlined | _Many | _Other, Field(discriminator="type")] | None
    properties: dict[str, Any] | None


@with_config(_STRICT)
class _Collection(TypedDict):
    """What is read of a GeoJSON (RFC 7946)."""

    type: Literal["FeatureCollection"]
    features: Annotated[list[_Feature], Field(min_length=1, max_length=MOST_FEATURES), FailFast()]


@cache
def _schema() -> TypeAdapter[_Collection]:
    return TypeAdapter(_Collection)


def too_large(name: str) -> Refused:
    """The refusal of a file of too many bytes."""
    return Refused("{name} is larger than {most} MB; save the map with simpler outlines (a generalised one).", name=name,
                   most=MOST_BYTES // 1_000_000)


def read(content: bytes, name: str) -> Shapes:
    """The shapes of a GeoJSON; `Refused` in one sentence for anything else."""
    if len(content) > MOST_BYTES:
        raise too_large(name)
    try:
        features = _schema().validate_json(content.removeprefix(b"\xef\xbb\xbf"))["features"]
    except ValidationError as wrong:
        raise _fault(wrong.errors(include_url=False, include_context=False)[0], name) from None
    rings, points, kept = [], [], []
    for feature in features:
        outline = _rings(feature["geometry"])
        if outline is not None:
            kept.append(feature["properties"] or {})
            rings.append(tuple(outline[0]))
            points.append(outline[1])
    if not kept:
        raise Refused("{name} has no Polygon, MultiPolygon or Point, so there is nothing to draw; save the municipalities' "
                      "outlines.", name=name)
    if sum(map(len, rings)) > MOST_RINGS:
        raise Refused("{name} has more than {most:,} rings; save the map with simpler outlines (a generalised one).",
                      name=name, most=MOST_RINGS)
    return Shapes(_properties(kept), tuple(rings), np.array(points, np.float64), len(features) - len(kept))


def _fault(first: Mapping[str, Any], name: str) -> Refused:
    """The sentence for the first thing that is no GeoJSON of municipalities."""
    where, kind, value = first["loc"], first["type"], first["input"]
    if kind == "json_invalid":
        return Refused("{name} is no GeoJSON: it cannot be read as JSON. Save the map as GeoJSON, a text in UTF-8.",
                       name=name)
    if where[:1] == ("type",) and value == "Topology":
        return Refused("{name} is TopoJSON; save the map as GeoJSON.", name=name)
    if where[:1] == ("features",) and kind == "too_long":
        return Refused("{name} has more than {most:,} features; keep those of the municipalities.", name=name,
                       most=MOST_FEATURES)
    if len(where) < 2 or where[0] != "features":
        return Refused("{name} is no GeoJSON of municipalities: it must be a FeatureCollection with features. Save the "
                       "map as GeoJSON.", name=name)
    if kind in ("finite_number", "less_than_equal", "greater_than_equal"):
        return Refused("{name}, feature {feature}: a coordinate is {value}, which is no place; give finite numbers up "
                       "to {most:,.0f}.", name=name, feature=where[1] + 1, value=f"{value:.6g}", most=FARTHEST)
    return Refused("{name}, feature {feature}: this is no Feature with a Polygon, MultiPolygon or Point and properties. "
                   "Save the map as GeoJSON again.", name=name, feature=where[1] + 1)


def _rings(geometry: Mapping[str, Any] | None) -> tuple[list[np.ndarray], tuple[float, float]] | None:
    """A feature's rings and its point, or a corner; None where it has neither."""
    if geometry is None or "coordinates" not in geometry:
        return None
    told = geometry["coordinates"]
    if geometry["type"] == "Point":
        return [], (told[0], told[1])
    polygons = [told] if geometry["type"] == "Polygon" else told
    rings = [np.array([one[:2] for one in ring], np.float64) for polygon in polygons for ring in polygon if len(ring) > 3]
    return (rings, tuple(rings[0][0].tolist())) if rings else None


def _area(ring: np.ndarray) -> float:
    """Twice the area within a ring, with its direction as the sign; from its first corner, so that digits are kept."""
    x, y = (ring - ring[0]).T
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))


def _middle(ring: np.ndarray) -> tuple[float, float]:
    """The centre of what a ring encloses."""
    area = _area(ring)
    if area == 0:
        x, y = ring.mean(axis=0)
        return float(x), float(y)
    x, y = (ring - ring[0]).T
    cross = x * np.roll(y, -1) - y * np.roll(x, -1)
    return (float(ring[0, 0] + np.dot(x + np.roll(x, -1), cross) / (3 * area)),
            float(ring[0, 1] + np.dot(y + np.roll(y, -1), cross) / (3 * area)))


def _properties(features: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """What can be names or codes: short texts and numbers, in the one form that the reader of tables gives them."""
    known = list(dict.fromkeys(name for one in features for name, value in one.items() if _may_name(value)))
    return {name: tuple(ids(pd.Series([str(one[name]) if _may_name(one.get(name)) else "" for one in features], dtype=str)))
            for name in known[:_MOST_PROPERTIES]}


def _may_name(value: object) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool) and len(str(value)) <= _LONGEST_NAME


# ---------------------------------------------------------------- matching

def _matched(names: Sequence[str], shapes: Shapes) -> tuple[str, list[list[int]]]:
    """The property that names most municipalities, and each municipality's features by it."""
    best: tuple[str, list[list[int]]] = "", []
    for name, values in shapes.names.items():
        found = _found(names, values)
        if sum(map(bool, found)) > sum(map(bool, best[1])):
            best = name, found
    return best


def _found(names: Sequence[str], values: Sequence[str]) -> list[list[int]]:
    """Each name's features: those written alike; else those alike without capitals, accents and signs; else those alike
    without "Gemeente" and the like; where only one name can be meant."""
    own = list(ids(pd.Series(list(names), dtype=str)))
    exact = _at(values)
    found = [exact.get(name, []) for name in own]
    for plain in (plain_name, _bare):
        free = [k for k, rows in enumerate(found) if not rows]
        taken = {row for rows in found for row in rows}
        rest = ["" if row in taken else plain(value) for row, value in enumerate(values)] if free else []
        loose = _at(rest)
        asked = _at([plain(own[k]) for k in free])
        for k in free:
            name = plain(own[k])
            if name and len(asked[name]) == 1 and len({values[row] for row in loose.get(name, [])}) == 1:
                found[k] = loose[name]
    return found


def _bare(name: str) -> str:
    """A municipality's name without what says that it is one."""
    return _KIND.sub("", plain_name(name))


def _guesses(lost: Sequence[str], spare: Sequence[str]) -> tuple[str, ...]:
    """For each name that was not found the nearest of those that the file names besides; "" where none is near."""
    known = {_bare(one): one for one in spare}
    near = [difflib.get_close_matches(_bare(one), known, n=1, cutoff=_ALIKE) for one in lost[:_MOST_GUESSED]]
    return tuple(known[one[0]] if one else "" for one in near) + ("",) * max(0, len(lost) - _MOST_GUESSED)


def _at(values: Iterable[str]) -> dict[str, list[int]]:
    """Where each value stands; '' is none."""
    found: dict[str, list[int]] = {}
    for k, value in enumerate(values):
        if value:
            found.setdefault(value, []).append(k)
    return found


# ---------------------------------------------------------------- drawing

@dataclass(frozen=True, eq=False)
class Outline:
    """Municipalities as outlines in units of a box: rings of each, int64[n, 2] each, those within others left open; names:
    where a name can stand, and how wide it may be (x, y, width)."""

    box: tuple[int, int]
    rings: tuple[tuple[np.ndarray, ...], ...]
    names: tuple[tuple[int, int, int], ...]

    @property
    def paths(self) -> list[str]:
        """Each municipality as an SVG path, with relative steps."""
        return ["".join(map(_path, rings)) for rings in self.rings]


@dataclass(frozen=True, eq=False)
class Drawn:
    """A map of municipalities, each as its shape (None where there are points only) and as a square near its place.

    by: the property that their names were found in. lost: municipalities that are not in the file, which stand below the
    others. spare: what the file names besides. left: features that could not be drawn. far: municipalities that lie farther
    from the others than it is drawn. guesses: of each that is lost, which of the spare ones may be meant, or "".
    """

    municipalities: tuple[str, ...]
    shapes: Outline | None
    squares: Outline
    by: str = ""
    lost: tuple[str, ...] = ()
    spare: tuple[str, ...] = ()
    left: int = 0
    far: tuple[str, ...] = ()
    guesses: tuple[str, ...] = ()


def drawn(municipalities: Sequence[str], shapes: Shapes, name: str) -> Drawn:
    """The map of these municipalities; `Refused` where the file has none of them."""
    by, found = _matched(municipalities, shapes)
    here = [m for m, rows in enumerate(found) if rows]
    if not here:
        called = next((one for values in shapes.names.values() for one in values if one), "")
        raise Refused("no municipality of your table is in {name} by name or code: the table has {own!r}, the file "
                      "{called!r}. Open a map whose features have your names, or codes, among their properties.", name=name,
                      own=municipalities[0], called=called[:60])
    rings = [[ring for row in found[m] for ring in shapes.rings[row]] for m in here]
    points = np.array([shapes.points[found[m][0]] for m in here])
    lengths = [[len(ring) for ring in one] for one in rings]
    told = np.concatenate([points, *(ring for one in rings for ring in one)])
    each = np.arange(len(here))
    flat, far = _gathered(told, np.concatenate([each, np.repeat(each, list(map(sum, lengths)))]))
    middle, corners = flat[:len(here)], flat[len(here):]
    ends = np.cumsum([length for one in lengths for length in one])[:-1]
    flatly = iter(np.split(corners, ends) if len(corners) else ())
    for k, one in enumerate(lengths):
        if one:
            middle[k] = _middle(max(islice(flatly, len(one)), key=lambda ring: abs(_area(ring))))
    taken = {row for rows in found for row in rows}
    spare = tuple(value for row, value in enumerate(shapes.names[by]) if row not in taken and value)
    lost = [m for m in range(len(municipalities)) if not found[m]]
    outline = _outlines(corners, lengths, middle, here, lost, name) if len(corners) else None
    missed = tuple(municipalities[m] for m in lost)
    return Drawn(tuple(municipalities), outline, squares(_whole(middle, here, len(municipalities))), by, missed, spare,
                 shapes.left, tuple(municipalities[here[k]] for k in far), _guesses(missed, spare))


def _whole(places: np.ndarray, here: Sequence[int], count: int) -> np.ndarray:
    """Places of all municipalities; NaN for those that have none."""
    whole = np.full((count, 2), np.nan)
    whole[list(here)] = places
    return whole


def _plane(points: np.ndarray) -> np.ndarray:
    """Points on a plane, the north at the top: x to the right, y down."""
    if _metres(points):
        return points * (1.0, -1.0)
    east, north = points.T
    across = east % 360  # a country that lies on both sides of the 180th meridian is one
    east = across if np.ptp(east) > 180 and np.ptp(across) < np.ptp(east) else east
    middle = math.radians(float(north.min() + north.max()) / 2)
    return np.column_stack([east * max(math.cos(middle), 0.02), -north])


def _gathered(points: np.ndarray, of: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """Points on a plane, and the municipalities that were moved: each part of the map that lies across an ocean stands
    below the main one, in lines from left to right, and is true in its own middle. of: int64[P], each point's municipality.
    """
    flat = _plane(points)
    low, high = np.full((2, of.max() + 1, 2), np.inf)
    np.minimum.at(low, of, flat)
    np.minimum.at(high, of, -flat)
    found = _parted(low, -high, _OCEAN[int(_metres(points))])
    main, *parts = sorted(found, key=lambda part: (-len(part), part.min()))
    if not parts:
        return flat, []
    rows = np.isin(of, main)
    flat[rows] = _plane(points[rows])
    (left, _), (right, bottom) = flat[rows].min(axis=0), flat[rows].max(axis=0)
    gap = 0.04 * (right - left)
    x, y = left, bottom + gap
    for part in parts:
        rows = np.isin(of, part)
        own = _plane(points[rows])
        own -= own.min(axis=0)
        if x > left and x + own[:, 0].max() > right:  # the next line
            x, y = left, bottom + gap
        flat[rows] = own + np.array([x, y])
        x, bottom = x + own[:, 0].max() + gap, max(bottom, y + own[:, 1].max())
    return flat, sorted(int(m) for part in parts for m in part)


def _parted(low: np.ndarray, high: np.ndarray, ocean: float) -> list[np.ndarray]:
    """Municipalities in parts without an ocean within them, straight from edge to edge. low, high: float64[M, 2], corners.
    """
    parts, whole = [], [np.arange(len(low))]
    while whole:
        which = whole.pop()
        for axis in (0, 1):
            order = which[np.argsort(low[which, axis], kind="stable")]
            empty = low[order[1:], axis] - np.maximum.accumulate(high[order, axis])[:-1]
            cut = int(np.argmax(empty)) + 1 if len(empty) else 0
            land = max(order[:cut], order[cut:], key=len)
            if cut and empty[cut - 1] > max(ocean, _WIDER * (high[land].max(axis=0) - low[land].min(axis=0)).max()):
                whole += [order[:cut], order[cut:]]
                break
        else:
            parts.append(which)
    return parts


def _metres(points: np.ndarray) -> bool:
    """Whether coordinates are metres, since they cannot be degrees."""
    return bool(np.abs(points[:, 0]).max() > 180 or np.abs(points[:, 1]).max() > 90)


def _outlines(corners: np.ndarray, rings: Sequence[Sequence[int]], middle: np.ndarray, here: Sequence[int],
              lost: Sequence[int], name: str) -> Outline:
    """Each municipality's rings as a path; those that have no outline as a small square where they lie, those that have no
    place below. corners: of all rings, one after another; rings: the lengths of each municipality's."""
    every = np.concatenate([middle, corners])
    low, size = every.min(axis=0), np.maximum(np.ptp(every, axis=0), 1e-9)
    unit = _WIDE / max(size[0], size[1] / _LONGEST)
    left = iter(_on_grid((corners - low) * unit, [length for one in rings for length in one], name))
    width, bottom = (max(1, math.ceil(side * unit)) for side in size)
    drawn: dict[int, list[np.ndarray]] = {}
    names: dict[int, tuple[int, int, int]] = {}
    for m, lengths, (x, y) in zip(here, rings, np.rint((middle - low) * unit).astype(int).tolist(), strict=True):
        outline = [ring for ring in islice(left, len(lengths)) if len(ring)]
        drawn[m] = outline or [_square(x - 10, y - 10, 20)]
        names[m] = (x, y, max((int(np.ptp(ring[:, 0])) for ring in outline), default=0))
    width = max(width, 400) if lost else width
    across = max(1, width // (_SQUARE + _GAP))
    for k, m in enumerate(lost):  # below the map, in rows
        x, y = (_SQUARE + _GAP) * (k % across), bottom + 60 + (_SQUARE + _GAP) * (k // across)
        drawn[m], names[m] = [_square(x, y)], (x + _SQUARE // 2, y + _SQUARE // 2, _SQUARE)
    bottom += (60 + (_SQUARE + _GAP) * math.ceil(len(lost) / across)) if lost else 0
    count = len(here) + len(lost)
    return Outline((width, bottom), tuple(tuple(drawn[m]) for m in range(count)), tuple(names[m] for m in range(count)))


def _on_grid(corners: np.ndarray, lengths: Sequence[int], name: str) -> list[np.ndarray]:
    """Rings with their corners on a grid, each corner once in a row; a ring that is too small for it is empty.

    Corners that two municipalities share fall on the same place, so that no gap opens between them.
    """
    many = np.array(lengths, np.int64)
    of = np.repeat(np.arange(len(many)), many)
    first = np.cumsum(many) - many
    before = np.arange(len(corners)) - 1
    before[first] = first + many - 1
    for step in _STEPS:
        there = np.rint(corners / step).astype(np.int64) * step
        moved = (there != there[before]).any(axis=1)
        counted = np.bincount(of[moved], minlength=len(many))
        if counted[counted > 2].sum() <= MOST_POINTS:
            moved &= (counted > 2)[of]
            return np.split(there[moved], np.cumsum(np.where(counted > 2, counted, 0))[:-1])
    raise Refused("{name} has outlines with more than {most:,} corners however coarsely they are drawn; save the map with "
                  "simpler outlines.", name=name, most=MOST_POINTS)


def _path(ring: np.ndarray) -> str:
    steps = " ".join(f"{x} {y}" for x, y in np.diff(ring, axis=0).tolist())
    return f"M{ring[0, 0]} {ring[0, 1]}l{steps}z"


def _square(x: int, y: int, side: int = _SQUARE) -> np.ndarray:
    return np.array([(x, y), (x + side, y), (x + side, y + side), (x, y + side)], np.int64)


# ---------------------------------------------------------------- squares

def squares(places: np.ndarray) -> Outline:
    """A square for each municipality, as near to its place as it can be; those without a place (NaN), or all where they
    are too many, in the order of the table. places: float64[M, 2], y down."""
    known = np.flatnonzero(np.isfinite(places).all(axis=1))
    cells = np.zeros((len(places), 2), np.int64)
    if 0 < len(known) <= _MOST_LAID:
        cells[known] = _laid(places[known])
    else:
        known = known[:0]
    across = int(cells[known, 0].max()) + 1 if len(known) else math.ceil(math.sqrt(1.6 * len(places)))
    down = int(cells[known, 1].max()) + 1 if len(known) else 0
    others = np.setdiff1d(np.arange(len(places)), known)
    for k, m in enumerate(others):
        cells[m] = k % across, down + (1 if down else 0) + k // across
    side = _SQUARE + _GAP
    half = _SQUARE // 2
    wide, high = (cells.max(axis=0) + 1) * side - _GAP
    return Outline((int(wide), int(high)), tuple((_square(x * side, y * side),) for x, y in cells.tolist()),
                   tuple((x * side + half, y * side + half, _SQUARE) for x, y in cells.tolist()))


def _laid(places: np.ndarray) -> np.ndarray:
    """A cell for each place, so that all lie as near as they can (the sum of squares is least): int64[M, 2].

    Half of where a municipality goes is its place, half its rank from west to east and north to south: towns lie close
    together, and all squares are equal.
    """
    from scipy.optimize import linear_sum_assignment

    count = len(places)
    size = np.maximum(np.ptp(places, axis=0), 1e-12)
    tall = float(np.clip(size[1] / size[0], 1 / _LONGEST, _TALLEST)) if count > 1 else 1.0
    across = max(1, round(math.sqrt(count * (1 + _ROOM) / tall)))
    down = math.ceil(count * (1 + _ROOM) / across)
    place = (places - places.min(axis=0)) / size
    rank = np.argsort(np.argsort(places, axis=0, kind="stable"), axis=0, kind="stable") / max(count - 1, 1)
    goal = (place + rank) / 2 * (across - 1, down - 1)
    cells = np.stack(np.meshgrid(np.arange(across), np.arange(down)), axis=-1).reshape(-1, 2)
    cost = ((goal[:, None, :] - cells[None, :, :]) ** 2).sum(axis=2)
    near = min(_NEAR, count) - 1  # a cell is land where some municipalities lie close to it
    land = np.sort(np.argsort(np.partition(cost, near, axis=0)[near], kind="stable")[:count])
    chosen = cells[land][linear_sum_assignment(cost[:, land])[1]]
    return np.asarray(chosen - chosen.min(axis=0), np.int64)


# ---------------------------------------------------------------- coordinates in a table

def coordinates(columns: Iterable[str]) -> dict[str, str] | None:
    """The columns of a table that say where a municipality lies, by what they are (longitude and latitude, or x and y);
    None if there are none."""
    known = {plain_name(column): column for column in columns}
    for pair in _COLUMNS:
        found = {names[0]: known[name] for names in pair for name in names if name in known}
        if len(found) == len(pair):
            return found
    return None


def placed(table: str) -> np.ndarray | None:
    """Where a table of municipalities (CSV) says that they lie: float64[M, 2] on a plane, y down; None if it does not."""
    sheet = open_sheet(pasted(table))
    pair = coordinates(sheet.frame.columns)
    if pair is None:
        return None
    east, north = (pd.to_numeric(sheet.frame[name], errors="coerce").to_numpy(np.float64) for name in pair.values())
    points = np.column_stack([east, north])
    good = np.isfinite(points).all(axis=1) & (np.abs(points) <= FARTHEST).all(axis=1)
    if not good.any():
        return None
    return _whole(_plane(points[good]), np.flatnonzero(good).tolist(), len(points))
