"""A figure as a list of marks on a sheet, drawn by matplotlib as SVG or as PNG.

Places are pixels of the sheet, from its upper left corner: the figures are composed of panels, labels and sentences,
and know how wide words are. There is no global state (no pyplot), so figures may be drawn in any thread, and equal
input gives equal bytes. The font (a subset of Inter) is in the package and goes inside every SVG, where words stay
words: a figure looks the same on every machine.
"""

from __future__ import annotations

import io
import json
import math
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from html import escape
from importlib.resources import as_file, files
from threading import Lock
from typing import Any, Literal

import numpy as np

from letsdance.report.style import ENGLISH, GRID, INK, PAPER, SOFT
from letsdance.words import Text

#: Widths of a sheet in pixels: a page or a projector, and a phone.
WIDE, NARROW = 960, 400
_DPI = 96  # a pixel of the sheet is a pixel of CSS
_POINT = 72 / _DPI
_STYLE = re.compile(r"<style.*?</style>", re.DOTALL)
_SHARP = 2  # pixels of a PNG for a pixel of the sheet
_ONE_AT_A_TIME = Lock()  # matplotlib's settings and fonts belong to the whole process
Anchor = Literal["start", "middle", "end"]
_ALIGN = {"start": "left", "middle": "center", "end": "right"}
Point = tuple[float, float]


def _file(bold: bool, kind: str) -> Any:
    """The font's file: ttf is what matplotlib reads, woff what goes inside an SVG or a page."""
    return files(__package__).joinpath("fonts", f"Inter-{'SemiBold' if bold else 'Regular'}.{kind}")


@cache
def _font(bold: bool) -> Any:
    """matplotlib's name for the font."""
    from matplotlib.font_manager import FontProperties, fontManager

    with as_file(_file(bold, "ttf")) as path:
        fontManager.addfont(path)
    return FontProperties(family="Inter", weight=600 if bold else 400)


@cache
def _measure(bold: bool) -> Any:
    from matplotlib.ft2font import FT2Font

    font = FT2Font(io.BytesIO(_file(bold, "ttf").read_bytes()))
    font.set_size(100, 72)
    return font


@cache
def text_width(text: str, size: float, bold: bool = False) -> float:
    """How wide words are, in pixels of the sheet."""
    font = _measure(bold)
    font.set_text(writable(text), 0.0)
    return float(font.get_width_height()[0]) / 64 * size / 100


#: What no SVG may hold, whoever typed it.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def writable(text: str) -> str:
    """The text without signs that cannot be written; each becomes a question mark."""
    return _UNWRITABLE.sub("?", text)


def shorten(text: str, room: float, size: float, bold: bool = False) -> str:
    """The text, cut with an ellipsis where it is wider than the room."""
    if text_width(text, size, bold) <= room:
        return text
    while len(text) > 1 and text_width(text + "…", size, bold) > room:
        text = text[:-1].rstrip()
    return text + "…"


def fitting(texts: Iterable[str], room: float, size: float, bold: bool = False) -> float:
    """The size, at most the one given, at which no word of the texts is wider than the room."""
    widest = max(text_width(word, size, bold) for text in texts for word in text.split(" "))
    return min(size, size * (room - 1) / widest)


def wrap(text: str, room: float, size: float, bold: bool = False) -> list[str]:
    """The text in lines that are no wider than the room; they break at spaces, not at those that hold words together."""
    lines = [""]
    for word in re.split(r"[ \n]+", text.strip(" \n")):
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
        f"src:url(data:font/woff;base64,{b64encode(_file(bold, "woff").read_bytes()).decode()})format('woff')}}"
        for bold, weight in ((False, 400), (True, 600)))


class Figure:
    """A sheet with a title, a sentence that says what it shows, and marks in the order in which they are drawn.

    Words always lie above shapes.
    """

    def __init__(self, title: str, summary: str, width: float = WIDE) -> None:
        self.title, self.summary, self.width, self.height = writable(title), writable(summary), width, 0.0
        self._shapes: list[tuple[str, Any]] = []
        self._words: list[dict[str, Any]] = []
        self._aside: list[dict[str, Any]] = []  # the words of title and foot, which a page says itself
        self._drawn_marks: str | None = None
        self._body = (0.0, 0.0)  # from below the title to above the last lines: what a page shows

    # ------------------------------------------------------------ marks

    def area(self, points: Sequence[Point] | np.ndarray, fill: str, opacity: float = 1.0) -> None:
        """A filled outline."""
        self._shapes.append(("area", (np.asarray(points, np.float64), fill, opacity)))

    def areas(self, rings: Sequence[np.ndarray], fill: str, opacity: float = 1.0) -> None:
        """Filled outlines; those that run the other way round are holes."""
        self._shapes.append(("areas", (rings, fill, opacity)))

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
            self._words.append({"x": x, "y": y, "text": writable(text), "size": size, "colour": colour, "bold": bold,
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

    # ------------------------------------------------------------ drawn by matplotlib

    def _drawn(self, zoom: float = 1.0, frame: tuple[float, float] | None = None, plain: bool = False) -> Any:
        """The marks as matplotlib's figure, `zoom` times as large; frame: from and to which pixel of the height, without
        the words of title and foot. plain: black words, and greys as light as our colours."""
        from matplotlib.figure import Figure as Canvas
        from matplotlib.lines import Line2D
        from matplotlib.patches import Ellipse, PathPatch, Polygon
        from matplotlib.path import Path
        from matplotlib.patheffects import withStroke
        from matplotlib.transforms import Affine2D

        top, bottom = frame or (0.0, self.height)
        size, point, ink = zoom / _DPI, zoom * _POINT, _grey if plain else str
        canvas = Canvas(figsize=(self.width * size, (bottom - top) * size), dpi=_DPI, facecolor=PAPER)
        # Marks go on the canvas itself: axes would measure ticks that nobody sees.
        sheet = Affine2D().scale(size, -size).translate(0, bottom * size) + canvas.dpi_scale_trans
        for order, (kind, mark) in enumerate(self._shapes):
            if kind == "area":
                points, fill, opacity = mark
                artist: Any = Polygon(points, closed=True, facecolor=ink(fill), alpha=opacity, linewidth=0, zorder=order)
            elif kind == "areas":
                rings, fill, opacity = mark
                path = Path.make_compound_path(*(Path(ring, closed=True) for ring in rings))
                artist = PathPatch(path, facecolor=ink(fill), alpha=opacity, linewidth=0, zorder=order)
            elif kind == "line":
                points, colour, width, dashes = mark
                style: Any = (0, [d / width for d in dashes]) if dashes else "-"
                artist = Line2D(*points.T, color=ink(colour), linewidth=width * point, linestyle=style, zorder=order,
                                solid_capstyle="butt", solid_joinstyle="round")
            else:
                x, y, rx, ry, fill, edge, edge_width, opacity = mark
                artist = Ellipse((x, y), 2 * rx, 2 * ry, facecolor=ink(fill), alpha=opacity, zorder=order,
                                 edgecolor=ink(edge) if edge else "none", linewidth=edge_width * point if edge else 0)
            artist.set_transform(sheet)
            canvas.add_artist(artist)
        for word in [word for word in self._words if frame is None or word not in self._aside]:
            halo = [withStroke(linewidth=4 * point, foreground=ink(word["halo"]))] if word["halo"] else None
            canvas.text(word["x"], word["y"], word["text"].replace("$", r"\$"), color="black" if plain else word["colour"],
                        fontproperties=_font(word["bold"]), fontsize=word["size"] * point, ha=_ALIGN[word["anchor"]],
                        va="baseline", path_effects=halo, zorder=len(self._shapes), transform=sheet)
        return canvas

    def _marks(self) -> str:
        """What stands inside the SVG, drawn once: the file and the piece of a page differ only in their frame."""
        from matplotlib import rc_context

        if self._drawn_marks is None:
            out = io.StringIO()
            # The salt makes names inside the file depend on what is drawn alone.
            with _ONE_AT_A_TIME, rc_context({"svg.fonttype": "none", "svg.hashsalt": f"{self.title} {self.width:g}"}):
                self._drawn().savefig(out, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
            drawn = out.getvalue()
            self._drawn_marks = drawn[drawn.index(">", drawn.index("<svg ")) + 1:]
        return self._drawn_marks

    def svg(self, provenance: Mapping[str, Any] | None = None, inline: bool = False) -> str:
        """The figure as SVG: a file that carries its font and where it comes from, or a piece of a page.

        A page says title and caveat in its own words, so the piece is cut below the one and above the other.
        """
        top, bottom = self._body if inline and self._body[1] else (0.0, float(self.height))
        label = escape(f"{self.title}. {self.summary}", quote=True)
        frame = " ".join(f"{length * _POINT:g}" for length in (0, top, self.width, bottom - top))
        tag = (f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
               f'viewBox="{frame}" preserveAspectRatio="xMinYMin" role="img" aria-label="{label}"')
        if inline:  # matplotlib's style is for every element, and on a page that would be the whole page's
            marks = _own_names(_STYLE.sub("", self._marks()), f"{self.title} {self.width:g}")
            return f'{tag} stroke-linejoin="round" stroke-linecap="butt">{marks}'
        return (f'{tag} width="{self.width:g}" height="{self.height:g}"><title>{escape(self.title)}</title>'
                f"<desc>{escape(self.summary)}</desc><metadata>{escape(_provenance(provenance))}</metadata>"
                f"<style>{font_faces()}</style>{self._marks()}")

    def _repr_html_(self) -> str:
        """A notebook shows the figure."""
        return f'<div style="max-width:{self.width:g}px"><b>{escape(self.title)}</b>{self.svg(inline=True)}</div>'

    def png(self, provenance: Mapping[str, Any] | None = None) -> bytes:
        """The figure as PNG, twice as many pixels as the sheet, with where it comes from in its text chunks."""
        out = io.BytesIO()
        with _ONE_AT_A_TIME:
            self._drawn().savefig(
                out, format="png", dpi=_DPI * _SHARP, pil_kwargs={"compress_level": 3},
                metadata={"Title": self.title, "Description": self.summary, "Software": "letsdance",
                          "letsdance": _provenance(provenance)})
        return out.getvalue()


    def pdf(self, width_mm: float, provenance: Mapping[str, Any] | None = None, *, title: bool = False,
            plain: bool = False) -> bytes:
        """The figure as PDF for print, so many millimetres wide, with its font inside; equal input gives equal bytes.

        title: with our title and last lines, which a paper says in its caption. plain: in black and greys, not our colours.
        """
        from matplotlib import rc_context

        zoom = width_mm / 25.4 * _DPI / self.width
        frame = None if title or not self._body[1] else self._body
        out = io.BytesIO()
        with _ONE_AT_A_TIME, rc_context({"pdf.fonttype": 42}):
            self._drawn(zoom, frame, plain).savefig(
                out, format="pdf", metadata={"Title": self.title, "Subject": self.summary, "Creator": "letsdance",
                                             "Keywords": _provenance(provenance), "Producer": None, "CreationDate": None})
        return out.getvalue()


def _grey(colour: str) -> str:
    """The grey that is as light as a colour '#rrggbb' (luma of Rec. 709); what has a name, such as none, stays."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        return colour
    red, green, blue = (int(colour[at:at + 2], 16) for at in (1, 3, 5))
    return "#" + 3 * f"{round(0.2126 * red + 0.7152 * green + 0.0722 * blue):02x}"


def _provenance(provenance: Mapping[str, Any] | None) -> str:
    return json.dumps(dict(provenance or {}), sort_keys=True, ensure_ascii=False, default=str)


def _own_names(svg: str, salt: str) -> str:
    """Names inside an SVG made its own: several figures stand in one page, and each defines figure_1."""
    from zlib import crc32

    mark = f"f{crc32(salt.encode()):x}"
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{mark}-\1"', svg)
    return re.sub(r'(xlink:href="#|url\(#)', rf"\1{mark}-", svg)


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

    def labels(self, ends: Sequence[tuple[float, str, str]], room: float, size: float = 14) -> None:
        """(value, label, colour) to the right of the lines' ends, moved apart where they would touch."""
        gap = 17
        # Lines that end together keep the order in which they were given.
        step = (self.ys[1] - self.ys[0]) * gap / self.height
        known = sorted((end for end in ends if math.isfinite(end[0])), key=lambda end: -round(end[0] / step))
        places = spaced([float(self.at_y(value)) for value, _, _ in known], gap, self.y + 4, self.y + self.height - 1)
        for (_, label, colour), y in zip(known, places, strict=True):
            self.figure.text(self.x + self.width + 7, y + size * 0.34, shorten(label, room, size, True), size, colour,
                             True)


@cache
def quarter_ticks(last: int) -> tuple[tuple[float, str], ...]:
    """At most five round quarters from 0 on."""
    step = next(s for s in (2, 4, 10, 20, 40, 100) if last / s <= 4.01)
    return tuple((t, str(t)) for t in range(0, last + 1, step))


def scale(highest: float, text: Text = ENGLISH) -> tuple[float, tuple[tuple[float, str], ...]]:
    """A top that is a round number, and ticks up to it."""
    if not math.isfinite(highest) or highest <= 0:
        highest = 1.0
    unit = 10 ** math.floor(math.log10(highest / 4))
    step = next(s * unit for s in (1, 2, 2.5, 5, 10) if highest / (s * unit) <= 4.0001)
    count = math.ceil(highest / step - 1e-9)
    return count * step, tuple((i * step, text.typed(i * step)) for i in range(count + 1))


def share_ticks(text: Text = ENGLISH) -> list[tuple[float, str]]:
    """The scale of a share."""
    return [(0.0, "0"), (0.5, text.percent(0.5)), (1.0, text.percent(1.0))]


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


__all__ = ["NARROW", "WIDE", "Figure", "Panel", "fitting", "font_faces", "quarter_ticks", "scale", "share_ticks", "shorten",
           "spaced", "text_width", "wrap"]
