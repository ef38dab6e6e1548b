"""A figure as a list of marks on a sheet, written as SVG or as PNG.

Eight figures must be there before a reader wonders whether they come. Importing matplotlib alone takes longer than
all of this, so the few marks that the figures need (areas, lines, discs, words) are written here: as SVG text, and
as PNG by Pillow. There is no global state, so figures may be drawn in any thread, and equal input gives equal bytes.
The font (a subset of Inter) is in the package and goes inside every SVG: a figure looks the same on every machine.
"""

from __future__ import annotations

import io
import json
import math
from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any, Literal

import numpy as np

from report.style import GRID, INK, PAPER, SOFT

#: Widths of a sheet in pixels: a page or a projector, and a phone.
WIDE, NARROW = 960, 400
FONT = "Inter, 'DejaVu Sans', Verdana, Helvetica, Arial, sans-serif"
_SHARP, _FINE = 2, 2  # pixels of a PNG per unit of the sheet; how much finer shapes are drawn before they are averaged
Anchor = Literal["start", "middle", "end"]
_ANCHOR = {"start": "ls", "middle": "ms", "end": "rs"}  # in Pillow's words: on the baseline
Point = tuple[float, float]


@cache
def font_bytes(bold: bool) -> bytes:
    """The font's file."""
    return files(__package__).joinpath("fonts", f"Inter-{'SemiBold' if bold else 'Regular'}.woff").read_bytes()


@cache
def _font(size: float, bold: bool) -> Any:
    from PIL import ImageFont

    return ImageFont.truetype(io.BytesIO(font_bytes(bold)), size, layout_engine=ImageFont.Layout.BASIC)


@cache
def text_width(text: str, size: float, bold: bool = False) -> float:
    """How wide words are, in units of the sheet."""
    return float(_font(100, bold).getlength(text)) * size / 100


def shorten(text: str, room: float, size: float, bold: bool = False) -> str:
    """The text, cut with an ellipsis where it is wider than the room."""
    if text_width(text, size, bold) <= room:
        return text
    while len(text) > 1 and text_width(text + "…", size, bold) > room:
        text = text[:-1].rstrip()
    return text + "…"


def wrap(text: str, room: float, size: float, bold: bool = False) -> list[str]:
    """The text in lines that are no wider than the room."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer, size, bold) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return [shorten(line, room, size, bold) for line in lines]


@cache
def font_faces() -> str:
    """CSS that carries the font."""
    return "".join(
        f"@font-face{{font-family:Inter;font-weight:{weight};"
        f"src:url(data:font/woff;base64,{b64encode(font_bytes(bold)).decode()})format('woff')}}"
        for bold, weight in ((False, 400), (True, 600)))


class Figure:
    """A sheet with a title, a sentence that says what it shows, and marks in the order in which they are drawn.

    Words always lie above shapes.
    """

    def __init__(self, title: str, summary: str, width: float = WIDE) -> None:
        self.title, self.summary, self.width, self.height = title, summary, width, 0.0
        self._shapes: list[tuple[str, Any]] = []
        self._words: list[dict[str, Any]] = []
        self._aside: list[dict[str, Any]] = []  # the words of title and foot, which a page says itself
        self._body = (0.0, 0.0)  # from below the title to above the last lines: what a page shows

    # ------------------------------------------------------------ marks

    def area(self, points: Sequence[Point] | np.ndarray, fill: str, opacity: float = 1.0) -> None:
        """A filled outline."""
        self._shapes.append(("area", (np.asarray(points, np.float64), fill, opacity)))

    def line(self, points: Sequence[Point] | np.ndarray, colour: str, width: float = 1.0,
             dashes: tuple[float, float] | None = None) -> None:
        """A line through points; it breaks where a point is not a number."""
        points = np.asarray(points, np.float64)
        known = np.isfinite(points).all(axis=1)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(int)))
        for first, last in edges.reshape(-1, 2):
            if last - first > 1:
                self._shapes.append(("line", (points[first:last], colour, width, dashes)))

    def disc(self, x: float, y: float, rx: float, fill: str, ry: float | None = None, edge: str | None = None,
             edge_width: float = 2.0, opacity: float = 1.0) -> None:
        """A disc or an ellipse."""
        if math.isfinite(x) and math.isfinite(y):
            self._shapes.append(("disc", (x, y, rx, rx if ry is None else ry, fill, edge, edge_width, opacity)))

    def text(self, x: float, y: float, text: str, size: float = 15, colour: str = INK, bold: bool = False,
             anchor: Anchor = "start", halo: str | None = None) -> None:
        """Words on a baseline; halo is a rim in the colour of the ground that keeps lines off the letters."""
        if text:
            self._words.append({"x": x, "y": y, "text": text, "size": size, "colour": colour, "bold": bold,
                                "anchor": anchor, "halo": halo})

    def box(self, x: float, y: float, width: float, height: float, fill: str, opacity: float = 1.0) -> None:
        """A filled rectangle."""
        self.area([(x, y), (x + width, y), (x + width, y + height), (x, y + height)], fill, opacity)

    # ------------------------------------------------------------ what every figure has

    def head(self, subtitle: str) -> float:
        """Title and subtitle on top; returns where the rest may begin."""
        y = 8.0
        for line in wrap(self.title, self.width - 8, 21, True):
            y += 25
            self.text(2, y - 5, line, 21, bold=True)
        self._aside, self._body = self._words[:], (y + 2, 0.0)
        for line in wrap(subtitle, self.width - 8, 14.5):
            y += 21
            self.text(2, y - 3, line, 14.5, SOFT)
        return y + 14

    def foot(self, y: float, text: str) -> None:
        """The last lines, and with them the height of the sheet."""
        self._body, first = (self._body[0], y), len(self._words)
        for line in wrap(text, self.width - 8, 13):
            y += 18
            self.text(2, y, line, 13, SOFT)
        self._aside += self._words[first:]
        self.height = math.ceil(y + 8)

    # ------------------------------------------------------------ SVG

    def svg(self, provenance: Mapping[str, Any] | None = None, inline: bool = False) -> str:
        """The figure as SVG: a file that carries its font and where it comes from, or a piece of a page.

        A page says title and caveat in its own words, so the piece is without them.
        """
        words, (top, bottom) = self._words, (0.0, float(self.height))
        if inline and self._body[1]:
            words, (top, bottom) = [word for word in self._words if word not in self._aside], self._body
        size = f'viewBox="0 {top:g} {self.width:g} {bottom - top:g}"'
        label = escape(f"{self.title}. {self.summary}", quote=True)
        out = [f'<svg xmlns="http://www.w3.org/2000/svg" {size} preserveAspectRatio="xMinYMin" role="img" '
               f'aria-label="{label}" font-family="{FONT}" style="font-kerning:none">']
        if not inline:
            out[0] = out[0].replace(size, f'width="{self.width:g}" height="{self.height:g}" {size}')
            out += [f"<title>{escape(self.title)}</title>", f"<desc>{escape(self.summary)}</desc>",
                    f"<metadata>{escape(_provenance(provenance))}</metadata>", f"<style>{font_faces()}</style>",
                    f'<rect width="100%" height="100%" fill="{PAPER}"/>']
        for kind, mark in self._shapes:
            out.append(_SVG[kind](*mark))
        for word in words:
            width = text_width(word["text"], word["size"], word["bold"])
            # The width is told, so that another font, where the file's own is not used, cannot run into its neighbours.
            out.append(
                f'<text x="{word["x"]:.1f}" y="{word["y"]:.1f}" font-size="{word["size"]:g}" fill="{word["colour"]}"'
                + (' font-weight="600"' if word["bold"] else "")
                + (f' text-anchor="{word["anchor"]}"' if word["anchor"] != "start" else "")
                + (f' stroke="{word["halo"]}" stroke-width="4" stroke-linejoin="round" paint-order="stroke"'
                   if word["halo"] else "")
                + f' textLength="{width:.1f}" lengthAdjust="spacingAndGlyphs">{escape(word["text"])}</text>')
        return "\n".join([*out, "</svg>"]) + "\n"

    def _repr_html_(self) -> str:
        """A notebook shows the figure."""
        return f'<div style="max-width:{self.width:g}px"><b>{escape(self.title)}</b>{self.svg(inline=True)}</div>'

    # ------------------------------------------------------------ PNG

    def png(self, provenance: Mapping[str, Any] | None = None) -> bytes:
        """The figure as PNG, twice as many pixels as units, with where it comes from in its text chunks."""
        from PIL import Image, ImageDraw
        from PIL.PngImagePlugin import PngInfo

        fine = _SHARP * _FINE
        image = Image.new("RGB", (round(self.width * fine), round(self.height * fine)), PAPER)
        pen = ImageDraw.Draw(image, "RGBA")
        for kind, mark in self._shapes:
            _PNG[kind](pen, fine, *mark)
        image = image.reduce(_FINE)
        pen = ImageDraw.Draw(image)
        for word in self._words:
            halo = {"stroke_width": _SHARP * 2, "stroke_fill": word["halo"]} if word["halo"] else {}
            pen.text((word["x"] * _SHARP, word["y"] * _SHARP), word["text"], word["colour"],
                     _font(word["size"] * _SHARP, word["bold"]), anchor=_ANCHOR[word["anchor"]], **halo)
        info = PngInfo()
        for key, value in (("Title", self.title), ("Description", self.summary), ("Software", "letsdance"),
                           ("letsdance", _provenance(provenance))):
            info.add_itxt(key, value)
        out = io.BytesIO()
        image.save(out, "png", pnginfo=info, compress_level=3, dpi=(96 * _SHARP, 96 * _SHARP))
        return out.getvalue()


def _provenance(provenance: Mapping[str, Any] | None) -> str:
    return json.dumps(dict(provenance or {}), sort_keys=True, ensure_ascii=False, default=str)


# ---------------------------------------------------------------- each mark, twice

def _path(points: np.ndarray) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points.tolist())


def _opacity(opacity: float) -> str:
    return f' fill-opacity="{opacity:g}"' if opacity < 1 else ""


def _svg_area(points: np.ndarray, fill: str, opacity: float) -> str:
    return f'<path d="{_path(points)}Z" fill="{fill}"{_opacity(opacity)}/>'


def _svg_line(points: np.ndarray, colour: str, width: float, dashes: tuple[float, float] | None) -> str:
    dash = f' stroke-dasharray="{dashes[0]:g} {dashes[1]:g}"' if dashes else ""
    return (f'<path d="{_path(points)}" fill="none" stroke="{colour}" stroke-width="{width:g}" '
            f'stroke-linejoin="round"{dash}/>')


def _svg_disc(x: float, y: float, rx: float, ry: float, fill: str, edge: str | None, edge_width: float,
              opacity: float) -> str:
    rim = f' stroke="{edge}" stroke-width="{edge_width:g}"' if edge else ""
    return f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{rx:.1f}" ry="{ry:.1f}" fill="{fill}"{_opacity(opacity)}{rim}/>'


def _rgba(colour: str, opacity: float) -> tuple[int, int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16), round(255 * opacity)


def _png_area(pen: Any, fine: int, points: np.ndarray, fill: str, opacity: float) -> None:
    pen.polygon((points * fine).ravel().tolist(), fill=_rgba(fill, opacity))


def _png_line(pen: Any, fine: int, points: np.ndarray, colour: str, width: float,
              dashes: tuple[float, float] | None) -> None:
    for piece in _dashed(points, dashes) if dashes else [points]:
        pen.line((piece * fine).ravel().tolist(), fill=_rgba(colour, 1), width=max(1, round(width * fine)),
                 joint="curve")


def _png_disc(pen: Any, fine: int, x: float, y: float, rx: float, ry: float, fill: str, edge: str | None,
              edge_width: float, opacity: float) -> None:
    grown = edge_width / 2 if edge else 0.0  # an SVG stroke straddles the edge; Pillow's lies inside it
    pen.ellipse([(x - rx - grown) * fine, (y - ry - grown) * fine, (x + rx + grown) * fine, (y + ry + grown) * fine],
                fill=_rgba(fill, opacity), outline=_rgba(edge, 1) if edge else None,
                width=round(edge_width * fine) if edge else 0)


def _dashed(points: np.ndarray, dashes: tuple[float, float]) -> list[np.ndarray]:
    """The line in pieces as long as the dashes."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    pieces = []
    for start in np.arange(0.0, along[-1], sum(dashes)):
        stop = min(start + dashes[0], along[-1])
        inside = along[(along > start) & (along < stop)]
        at = np.concatenate([[start], inside, [stop]])
        pieces.append(np.column_stack([np.interp(at, along, points[:, axis]) for axis in (0, 1)]))
    return pieces


_SVG: dict[str, Any] = {"area": _svg_area, "line": _svg_line, "disc": _svg_disc}
_PNG: dict[str, Any] = {"area": _png_area, "line": _png_line, "disc": _png_disc}


# ---------------------------------------------------------------- a panel: a rectangle with scales

class Panel:
    """A rectangle of a figure with a scale each way: a thin grey grid, bands, lines and labels in data's own units."""

    def __init__(self, figure: Figure, x: float, y: float, width: float, height: float,
                 xs: tuple[float, float], ys: tuple[float, float]) -> None:
        self.figure, self.x, self.y, self.width, self.height, self.xs, self.ys = figure, x, y, width, height, xs, ys

    def at_x(self, value: Any) -> Any:
        """Where a value lies across the sheet."""
        return self.x + (np.asarray(value, np.float64) - self.xs[0]) / (self.xs[1] - self.xs[0]) * self.width

    def at_y(self, value: Any) -> Any:
        """Where a value lies down the sheet, kept within the panel."""
        share = (np.asarray(value, np.float64) - self.ys[0]) / (self.ys[1] - self.ys[0])
        return self.y + (1 - np.clip(share, 0, 1)) * self.height

    def points(self, x: Any, y: Any) -> np.ndarray:
        """Points on the sheet."""
        return np.column_stack([self.at_x(x), self.at_y(y)])

    def scale_y(self, ticks: Sequence[tuple[float, str]], labels: bool = True) -> None:
        """Grey lines across, with their values to the left."""
        for value, label in ticks:
            y = float(self.at_y(value))
            self.figure.line([(self.x, y), (self.x + self.width, y)], GRID, 1)
            if labels:
                self.figure.text(self.x - 7, y + 4.5, label, 13, SOFT, anchor="end")

    def scale_x(self, ticks: Sequence[tuple[float, str]]) -> None:
        """Values below."""
        for value, label in ticks:
            self.figure.text(float(self.at_x(value)), self.y + self.height + 19, label, 13, SOFT, anchor="middle")

    def heading(self, text: str, colour: str = INK) -> None:
        """What the panel shows, above it."""
        room = self.figure.width - self.x if self.figure.width < 600 else self.width + 60
        self.figure.text(self.x, self.y - 10, shorten(text, room, 16, True), 16, colour, True)

    def band(self, x: np.ndarray, low: np.ndarray, high: np.ndarray, colour: str, opacity: float = 0.2) -> None:
        """The area between two lines; it breaks where either is not a number."""
        known = np.isfinite(low) & np.isfinite(high)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(int)))
        for first, last in edges.reshape(-1, 2):
            if last - first > 1:
                part = slice(first, last)
                self.figure.area(np.concatenate([self.points(x[part], low[part]),
                                                 self.points(x[part], high[part])[::-1]]), colour, opacity)

    def line(self, x: np.ndarray, y: np.ndarray, colour: str, width: float = 2.6,
             dashes: tuple[float, float] | None = None) -> None:
        """A line."""
        self.figure.line(self.points(x, y), colour, width, dashes)

    def labels(self, ends: Sequence[tuple[float, str, str]], room: float, size: float = 14, gap: float = 17) -> None:
        """(value, label, colour) to the right of the lines' ends, moved apart where they would touch."""
        # Lines that end together keep the order in which they were given.
        step = (self.ys[1] - self.ys[0]) * gap / self.height
        known = sorted((end for end in ends if math.isfinite(end[0])), key=lambda end: -round(end[0] / step))
        places = spaced([float(self.at_y(value)) for value, _, _ in known], gap, self.y + 4, self.y + self.height - 1)
        for (_, label, colour), y in zip(known, places, strict=True):
            self.figure.text(self.x + self.width + 7, y + size * 0.34, shorten(label, room, size, True), size, colour,
                             True)


def spaced(places: Sequence[float], gap: float, top: float, bottom: float) -> list[float]:
    """Places in ascending order, moved as little as needed to lie a gap apart between top and bottom."""
    groups: list[list[float]] = []  # [sum of wishes, how many, first place]: neighbours that touch move as one
    for wish in places:
        groups.append([wish, 1, wish])
        while True:
            total, count, _ = groups[-1]
            first = total / count - gap * (count - 1) / 2
            groups[-1][2] = max(top, min(first, bottom - gap * (count - 1)))
            if len(groups) < 2 or groups[-2][2] + gap * groups[-2][1] <= groups[-1][2]:
                break
            last = groups.pop()
            groups[-1][0] += last[0]
            groups[-1][1] += last[1]
    return [first + gap * i for _, count, first in groups for i in range(int(count))]


__all__ = ["NARROW", "WIDE", "Figure", "Panel", "font_faces", "shorten", "spaced", "text_width", "wrap"]
