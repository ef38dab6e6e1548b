"""Town as a picture that leaves the house: one quarter of a film (pages/town.py) on a sheet, with its key."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from letsdance.report.sheet import Figure, shorten, text_width
from letsdance.report.style import COLOURS, INK, PAPER, SOFT, tint
from letsdance.scenarios.maps import Outline
from letsdance.simulation.rules.regimes import REGIMES
from letsdance.simulation.run import STAGES
from letsdance.words import Text

__all__ = ["SHADES", "members", "picture", "running", "sentence"]

#: Unwilling and willing; projects of citizens alone, of citizens with the council, called by the council.
_LOW, _HIGH, _EDGE = "#d9d2c3", "#00568c", "#6b6455"
_KINDS = {"solo": "#b85c00", "joint": "#0072b2", "called": "#8a3a78"}
_USED = "34"  # the stages in which the innovation is in use, as digits
#: A municipality of the small world: width and height of its place, half-axes of its ring of citizens.
_WIDE, _HIGH_AS, _RING, _COLUMNS = 320.0, 268.0, (122.0, 86.0), 3
#: More municipalities than this are drawn as bare squares.
_NAMED = 400
#: A map is no higher than this; its borders.
_HIGHEST, _BORDER = 900.0, 0.8
#: How strong the colour of a stage is, and the one of what was given up.
SHADES, _GIVEN_UP = (0.0, 0.2, 0.45, 0.8, 1.0), "#b85c00"


def members(life: dict[str, Any], quarter: int) -> list[int]:
    """Who takes part in an initiative in this quarter, as rows of citizens."""
    found: list[int] = [who for q, who in life["members"] if q <= quarter][-1]
    return found


def running(shown: dict[str, Any], quarter: int) -> list[dict[str, Any]]:
    """The initiatives that run in this quarter."""
    return [life for life in shown["initiatives"]
            if life["launched"] <= quarter and (life["ended"] is None or quarter < life["ended"])]


def sentence(shown: dict[str, Any], quarter: int, text: Text) -> str:
    """What there is to see, as the page says it."""
    councils = sum(value >= 50 for value in shown["G"][quarter])
    names, stages = shown["names"], shown["stage"][quarter]
    if shown["people"]:
        willing = shown["w"][quarter]
        return text("town.sentence_small", quarter=text.quarter(quarter), willing=sum(w >= 50 for w in willing),
                    citizens=len(willing), councils=councils, all=len(names), projects=sum(shown["projects"][quarter]),
                    services=sum(shown["services"][quarter]), users=shown["uses"][quarter].count("1"))
    counts = [shown["regime"][quarter].count(str(k)) for k in range(len(REGIMES))]
    most = counts.index(max(counts))
    return text("town.sentence_full", quarter=text.quarter(quarter), councils=councils, all=len(names), most=counts[most],
                future=text(f"curve.{REGIMES[most]}"), adopted=sum(stages.count(digit) for digit in _USED))


def picture(shown: dict[str, Any], quarter: int, about: str, text: Text, outline: Outline | None = None,
            colour: str = "future") -> Figure:
    """The town in one quarter: everybody in the small world, each municipality in the full one, as a tile or on a map.

    about: which run it is. outline: the map; colour: what its colours say (a future, willingness of citizens "C" or of the
    council "G", the stage of the innovation).
    """
    said = sentence(shown, quarter, text)
    sheet = Figure(text.labelled(text("town.title"), about), said)
    top = sheet.head(said)
    if shown["people"]:
        below = _people(sheet, shown, quarter, top, text)
    elif outline is not None:
        below = _atlas(sheet, shown, quarter, top, text, outline, colour)
    else:
        below = _tiles(sheet, shown, quarter, top, text)
    sheet.foot(below, text("shell.explores"))
    return sheet


def _mixed(share: float) -> str:
    """The colour of so much willingness."""
    low, high = ([int(colour[i:i + 2], 16) for i in (1, 3, 5)] for colour in (_LOW, _HIGH))
    return "#" + "".join(f"{round(a + share * (b - a)):02x}" for a, b in zip(low, high, strict=True))


def _future(shown: dict[str, Any], quarter: int, m: int) -> str:
    return REGIMES[int(shown["regime"][quarter][m])]


# ---------------------------------------------------------------- the small world

def _people(sheet: Figure, shown: dict[str, Any], quarter: int, top: float, text: Text) -> float:
    """Citizens around their council, and what they do together; returns where it ends."""
    homes = [(_WIDE * (m % _COLUMNS + 0.5), top + _HIGH_AS * (m // _COLUMNS + 0.5)) for m in range(len(shown["names"]))]
    spots = [(x + _RING[0] * math.cos(turn), y + _RING[1] * math.sin(turn))
             for (x, y), size in zip(homes, shown["size"], strict=True)
             for turn in (2 * math.pi * (k + 0.5) / size - math.pi / 2 for k in range(size))]
    for m, (x, y) in enumerate(homes):
        future = _future(shown, quarter, m)
        sheet.box(x - 153, y - 128, 306, 256, tint(COLOURS[future], 0.3))
        sheet.box(x - 152, y - 127, 304, 254, tint(COLOURS[future], 0.08))
        called = text(f"curve.{future}")
        sheet.text(x - 140, y - 105, shorten(shown["names"][m], 270 - text_width(called, 15), 16, True), 16, INK, True)
        sheet.text(x + 140, y - 105, called, 15, COLOURS[future], True, "end")
        stage = text(f"town.stage_{STAGES[int(shown['stage'][quarter][m])]}")
        sheet.text(x + 140, y + 119, text("town.stage_now", stage=stage), 13, SOFT, anchor="end")
    taken: dict[int, list[float]] = {}
    marks = []
    for life in running(shown, quarter):
        who, (x, y) = members(life, quarter), homes[life["m"]]
        turn = math.atan2(sum(spots[n][1] - y for n in who), sum(spots[n][0] - x for n in who))
        others = taken.setdefault(life["m"], [])
        while len(others) < 11 and any(abs(math.remainder(turn - other, 2 * math.pi)) < 0.55 for other in others):
            turn += 0.28
        others.append(turn)
        at = x + 58 * math.cos(turn), y + 50 * math.sin(turn)
        colour = list(_KINDS.values())[life["kind"]]
        for n in who:
            sheet.line([at, spots[n]], tint(colour, 0.65), 2)
        marks.append((*at, colour, life["service"] is not None and life["service"] <= quarter))
    for mark in marks:
        _initiative(sheet, *mark)
    for (x, y), value in zip(homes, shown["G"][quarter], strict=True):
        _council(sheet, x, y, value)
        sheet.text(x, y + 11, str(value), 14, PAPER if value > 60 else INK, True, "middle")
    for (x, y), value, uses in zip(spots, shown["w"][quarter], shown["uses"][quarter], strict=True):
        _citizen(sheet, x, y, value, uses == "1")
    return _key(sheet, top + _HIGH_AS * math.ceil(len(homes) / _COLUMNS) + 22, text)


def _initiative(sheet: Figure, x: float, y: float, colour: str, service: bool) -> None:
    if service:
        sheet.box(x - 9, y - 9, 18, 18, PAPER)
        sheet.box(x - 8, y - 8, 16, 16, colour)
    else:
        sheet.disc(x, y, 8, PAPER, edge=colour, edge_width=2.6)


def _council(sheet: Figure, x: float, y: float, value: float, size: float = 1.0) -> None:
    outline = ((-22, 18), (-22, -4), (0, -21), (22, -4), (22, 18))
    house = [(x + dx * size, y + dy * size) for dx, dy in outline]
    sheet.area(house, _mixed(value / 100))
    sheet.line([*house, house[0]], _EDGE, 1.2)


def _citizen(sheet: Figure, x: float, y: float, value: float, uses: bool) -> None:
    sheet.disc(x, y, 5.5 + 0.06 * value, _mixed(value / 100), edge=_EDGE, edge_width=1)
    if uses:
        sheet.disc(x, y, 3.4, PAPER, edge=_EDGE, edge_width=1)


def _key(sheet: Figure, y: float, text: Text) -> float:
    """What the marks mean, in as many lines as it takes; returns where it ends."""
    words = [text(f"town.key_{name}") for name in ("citizen", "council", "use", *_KINDS, "service")]
    x = 4.0
    for k, word in enumerate(words):
        if x + 34 + text_width(word, 14) > sheet.width:
            x, y = 4.0, y + 26
        at = x + 10, y - 5
        if k == 0:
            _citizen(sheet, *at, 100, False)
        elif k == 1:
            _council(sheet, at[0], at[1], 80, 0.42)
        elif k == 2:
            _citizen(sheet, *at, 60, True)
        else:
            _initiative(sheet, *at, [*_KINDS.values(), SOFT][k - 3], k == 6)
        sheet.text(x + 26, y, word, 14, SOFT)
        x += 26 + text_width(word, 14) + 24
    return y + 14


# ---------------------------------------------------------------- all municipalities

def _tiles(sheet: Figure, shown: dict[str, Any], quarter: int, top: float, text: Text) -> float:
    """A tile for each municipality in the colour of its future; returns where they end."""
    names = shown["names"]
    named = len(names) <= _NAMED
    wide, high, gap = (90.0, 58.0, 6.0) if named else (14.0, 14.0, 2.0)
    columns = int((sheet.width + gap) // (wide + gap))
    for m, name in enumerate(names):
        future = _future(shown, quarter, m)
        x, y = (wide + gap) * (m % columns), top + (high + gap) * (m // columns)
        sheet.box(x, y, wide, high, tint(COLOURS[future], 0.16 if named else 0.8))
        if named:
            sheet.box(x, y, 5, high, COLOURS[future])
            sheet.text(x + 14, y + 24, shorten(name, wide - 20, 14, True), 14, INK, True)
            _glyphs(sheet, x + 14, y + 33, future, shown["C"][quarter][m] >= 50, shown["G"][quarter][m] >= 50)
            if shown["stage"][quarter][m] in _USED:
                _tick(sheet, x + 54, y + 41)
    y = top + (high + gap) * math.ceil(len(names) / columns) + 22
    x = 4.0
    for k, future in enumerate(REGIMES):
        said = f"{text(f'curve.{future}')} {text.number(shown['regime'][quarter].count(str(k)))}"
        if named:
            _glyphs(sheet, x, y - 13, future, k < 2, k % 2 == 0)
        else:
            sheet.box(x, y - 13, 14, 14, tint(COLOURS[future], 0.8))
        sheet.text(x + 42, y, said, 14, SOFT)
        x += 42 + text_width(said, 14) + 26
    if not named:
        return y + 14
    _tick(sheet, x + 4, y - 5)
    sheet.text(x + 18, y, text("town.key_adopted"), 14, SOFT)
    sheet.text(4, y + 26, text("town.key_glyphs"), 14, SOFT)
    return y + 40


def _glyphs(sheet: Figure, x: float, y: float, future: str, citizens: bool, council: bool) -> None:
    """A circle for citizens and a square for the council, filled where willing."""
    colour = COLOURS[future]
    sheet.disc(x + 7, y + 7, 6, colour if citizens else PAPER, edge=colour)
    sheet.box(x + 20, y, 14, 14, colour)
    if not council:
        sheet.box(x + 22, y + 2, 10, 10, PAPER)


def _tick(sheet: Figure, x: float, y: float) -> None:
    sheet.line([(x - 5, y), (x - 1, y + 4), (x + 7, y - 6)], INK, 2.2)


# ---------------------------------------------------------------- a map

def _atlas(sheet: Figure, shown: dict[str, Any], quarter: int, top: float, text: Text, outline: Outline, colour: str,
           ) -> float:
    """Each municipality as its outline, what lies within another above it, and what the colours say; where they end."""
    scale = min(sheet.width / outline.box[0], _HIGHEST / outline.box[1])
    left = (sheet.width - scale * outline.box[0]) / 2
    every = [(-float(np.prod(np.ptp(ring, axis=0))), -len(rings), m, ring)
             for m, rings in enumerate(outline.rings) for ring in rings]
    for *_, m, ring in sorted(every, key=lambda one: one[:3]):
        points = ring * scale + (left, top)
        sheet.area(points, _said(shown, quarter, m, colour))
        sheet.line([*points, points[0]], PAPER, _BORDER)
    for name, (across, down, room) in zip(shown["names"], outline.names, strict=True):
        if text_width(name, 11, True) <= room * scale:
            sheet.text(left + across * scale, top + down * scale + 4, name, 11, INK, True, "middle")
    y, x = top + scale * outline.box[1] + 24, 4.0
    for paint, said in _meant(shown, quarter, colour, text):
        if x + 24 + text_width(said, 14) > sheet.width:
            x, y = 4.0, y + 24
        sheet.box(x, y - 12, 14, 14, paint)
        sheet.text(x + 22, y, said, 14, SOFT)
        x += 22 + text_width(said, 14) + 24
    return y + 14


def _said(shown: dict[str, Any], quarter: int, m: int, colour: str) -> str:
    """The colour of a municipality in a quarter."""
    if colour == "future":
        return tint(COLOURS[_future(shown, quarter, m)], 0.8)
    if colour == "stage":
        return _of_stage(int(shown["stage"][quarter][m]))
    return _mixed(shown[colour][quarter][m] / 100)


def _of_stage(stage: int) -> str:
    return _mixed(SHADES[stage]) if stage < len(SHADES) else _GIVEN_UP


def _meant(shown: dict[str, Any], quarter: int, colour: str, text: Text) -> list[tuple[str, str]]:
    """What the colours say: (colour, words)."""
    if colour == "future":
        counts = [shown["regime"][quarter].count(str(k)) for k in range(len(REGIMES))]
        return [(tint(COLOURS[one], 0.8), f"{text(f'curve.{one}')} {text.number(count)}")
                for one, count in zip(REGIMES, counts, strict=True)]
    if colour == "stage":
        counts = [shown["stage"][quarter].count(str(k)) for k in range(len(STAGES))]
        return [(_of_stage(k), f"{text(f'town.stage_{one}')} {text.number(count)}")
                for k, (one, count) in enumerate(zip(STAGES, counts, strict=True))]
    said = text(f"town.column_{colour}")
    return [(_mixed(share), text.labelled(said, text.percent(share)) if share == 0 else text.percent(share))
            for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
