"""The room's pictures, as SVG that needs no script. Everything that is text is escaped in one place (`tag`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from letsdance.report.style import COLOURS
from letsdance.words import Text

if TYPE_CHECKING:
    from letsdance.room.runs import Tabled
    from letsdance.simulation.run import Result

__all__ = ["TABLES", "agreement", "guesses", "plane", "qr", "replay", "strip", "tables", "tag", "trends"]

#: Colours of the six tables; their number stands beside, so that colour never stands alone.
TABLES = ("#00796b", "#c2185b", "#3949ab", "#8a6d00", "#4e342e", "#5e1a8c")


def tag(name: str, inside: object = "", **attributes: object) -> Markup:
    """An element; `class_` is class, view_box is viewBox, other_names are other-names."""
    written = "".join(f' {"viewBox" if key == "view_box" else key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
                      for key, value in attributes.items())
    return Markup(f"<{name}{written}>{escape(inside)}</{name}>")


def _all(parts: Sequence[object]) -> Markup:
    return Markup("").join(escape(part) for part in parts)


def _svg(width: float, height: float, label: str, parts: Sequence[object], class_: str = "chart") -> Markup:
    return tag("svg", _all([tag("title", label), *parts]), view_box=f"0 0 {width:g} {height:g}", class_=class_, role="img",
               aria_label=label)


def qr(address: str) -> Markup:
    """A QR code, drawn here."""
    import segno

    return Markup(segno.make(address, error="m").svg_inline(border=3, dark="#000", light="#fff", omitsize=True,
                                                            svgclass="qr", lineclass=None))


# ---------------------------------------------------------------- the plane

_SIDE = 1000.0


def _at(C: float, G: float) -> tuple[float, float]:
    return 40 + 920 * C, 960 - 920 * G


def plane(dots: Sequence[tuple[float, float]], text: Text, own: tuple[float, float] | None = None, tap: bool = False,
          mean: bool = True, towns: Sequence[tuple[float, float]] = ()) -> Markup:
    """Municipalities on the plane of willing citizens (right) and willing governments (up); towns: those of a table, as
    squares."""
    corners = {"lets_dance": (0.5, 0.5), "lone_ranger": (0.5, 0.0), "dead_horse": (0.0, 0.5), "wasteland": (0.0, 0.0)}
    parts: list[object] = []
    for name, (C, G) in corners.items():
        x, y = _at(C, G + 0.5)
        parts += [tag("rect", x=x, y=y, width=460, height=460, fill=COLOURS[name], class_="quarter"),
                  tag("text", text(f"curve.{name}"), x=x + 230, y=y + (62 if G else 425), class_="corner",
                      text_anchor="middle")]
    parts += [tag("line", x1=500, x2=500, y1=40, y2=960, class_="axis"),
              tag("line", x1=40, x2=960, y1=500, y2=500, class_="axis")]
    for C, G in towns:
        x, y = _at(C, G)
        parts.append(tag("rect", x=f"{x - 13:.0f}", y=f"{y - 13:.0f}", width=26, height=26, class_="town"))
    for C, G in dots:
        x, y = _at(C, G)
        parts.append(tag("circle", cx=f"{x:.0f}", cy=f"{y:.0f}", r=16, class_="dot"))
    if mean and len(dots) > 1:
        x, y = _at(sum(C for C, _ in dots) / len(dots), sum(G for _, G in dots) / len(dots))
        parts += [tag("path", d=f"M{x - 34:.0f} {y:.0f}h68M{x:.0f} {y - 34:.0f}v68", class_="mean")]
    if own is not None:
        x, y = _at(*own)
        parts.append(tag("circle", cx=f"{x:.0f}", cy=f"{y:.0f}", r=30, class_="own"))
    parts += [tag("text", text("room.axis_C"), x=500, y=996, text_anchor="middle", class_="named"),
              tag("text", text("room.axis_G"), x=0, y=0, text_anchor="middle", class_="named",
                  transform="translate(24 500) rotate(-90)")]
    return _svg(_SIDE, _SIDE, text("room.plane_label", n=len(dots)), parts, "chart plane tap" if tap else "chart plane")


# ---------------------------------------------------------------- trends

def trends(rated: Sequence[tuple[str, float, float, int]], text: Text) -> Markup:
    """The room's map of trends: (title, mean weight, mean certainty, by how many), numbered as in the list beside it."""
    parts: list[object] = [tag("rect", x=70, y=30, width=900, height=600, class_="field"),
                           tag("line", x1=520, x2=520, y1=30, y2=630, class_="axis"),
                           tag("line", x1=70, x2=970, y1=330, y2=330, class_="axis")]
    for key, x, y, anchor in (("room.corner_act", 955, 62, "end"), ("room.corner_watch", 955, 615, "end"),
                              ("room.corner_know", 85, 62, "start"), ("room.corner_leave", 85, 615, "start")):
        head, colon, rest = text(key).partition(": ")  # in two lines, so that neither crosses the axis
        lines = [f"{head}:", rest] if colon else [head]
        top = y if y < 330 else y + 36 * (1 - len(lines))
        parts += [tag("text", line, x=x, y=top + 36 * k, text_anchor=anchor, class_="corner")
                  for k, line in enumerate(lines)]
    places: list[tuple[float, float]] = []
    for number, (title, weight, certainty, n) in enumerate(rated, 1):
        if not n:
            continue
        across, up = 70 + 900 * (weight - 0.5) / 5, 630 - 600 * (certainty - 0.5) / 5
        while any(abs(across - a) < 44 and abs(up - b) < 44 for a, b in places):  # what was rated alike stands side by side
            across += 46
        places.append((across, up))
        parts += [tag("circle", tag("title", title), cx=f"{across:.0f}", cy=f"{up:.0f}", r=26, class_="ball"),
                  tag("text", number, x=f"{across:.0f}", y=f"{up + 10:.0f}", text_anchor="middle", class_="number")]
    parts += [tag("text", text("room.axis_weight"), x=520, y=672, text_anchor="middle", class_="named"),
              tag("text", text("room.axis_certainty"), x=0, y=0, text_anchor="middle", class_="named",
                  transform="translate(44 330) rotate(-90)")]
    return _svg(1000, 690, text("room.trends_label"), parts)


# ---------------------------------------------------------------- of ten municipalities

def guesses(guessed: Sequence[int], runs: Sequence[float] | None, text: Text, own: int | None = None) -> Markup:
    """Guesses upwards; where the runs ended downwards, both of ten municipalities and as shares of all."""
    up, down = Counter(guessed), Counter(round(one) for one in runs) if runs is not None else Counter()
    most = max([0.2, *(n / len(guessed) for n in up.values()), *(n / len(runs or (1,)) for n in down.values())])
    base, tall = (300.0, 240.0) if runs is not None else (520.0, 440.0)
    parts: list[object] = [tag("line", x1=40, x2=980, y1=base, y2=base, class_="axis")]
    for n in range(11):
        x, share = 60.0 + 84 * n, up[n] / max(1, len(guessed))
        if share:
            parts += [tag("rect", x=x, y=f"{base - tall * share / most:.1f}", width=70, height=f"{tall * share / most:.1f}",
                          rx=4, class_="guess mine" if own == n else "guess"),
                      tag("text", up[n], x=x + 35, y=f"{base - tall * share / most - 8:.1f}", text_anchor="middle",
                          class_="count")]
        share = down[n] / max(1, len(runs or ()))
        if share:
            parts += [tag("rect", x=x, y=base + 44, width=70, height=f"{tall * share / most:.1f}", rx=4, class_="ran"),
                      tag("text", down[n], x=x + 35, y=f"{base + 44 + tall * share / most + 30:.1f}", text_anchor="middle",
                          class_="count")]
        parts.append(tag("text", n, x=x + 35, y=base + 34, text_anchor="middle", class_="scale"))
    low = base + (tall + 110 if runs is not None else 72)
    parts.append(tag("text", text("room.axis_ten"), x=510, y=low, text_anchor="middle", class_="named"))
    said = text("room.guesses_label", n=len(guessed), runs=len(runs or ()))
    return _svg(1000, low + 18, said, parts)


def tables(rows: Sequence[Tabled], before: Any, guessed: dict[int, int], target: int | None,
           text: Text) -> Markup:
    """A line a table: where its runs end of ten municipalities, mean and where 8 in 10 lie, its own guess, the target."""
    import numpy as np

    high, left, scale = 92.0, 220.0, 74.0
    parts: list[object] = []
    tall = 40 + high * (len(rows) + 1)
    for n in range(0, 11, 2):
        x = left + scale * n
        parts += [tag("line", x1=x, x2=x, y1=20, y2=tall, class_="grid"),
                  tag("text", n, x=x, y=tall + 34, text_anchor="middle", class_="scale")]
    if target is not None:
        x = left + scale * target
        parts += [tag("line", x1=x, x2=x, y1=20, y2=tall, class_="target")]
    for k, (name, values, colour, guess) in enumerate([
            (text("room.nothing"), np.asarray(before), "", None),
            *((text("room.table_n", n=row.number), row.ten, TABLES[row.number - 1], guessed.get(row.number))
              for row in rows)]):
        y = 20 + high * (k + 0.5)
        low, mean, top = (float(v) for v in (np.quantile(values, 0.1), values.mean(), np.quantile(values, 0.9)))
        paint = {"fill": colour, "class_": f"paint t{TABLES.index(colour) + 1}"} if colour else {"class_": "soft"}
        parts += [tag("text", name, x=left - 22, y=y + 10, text_anchor="end", class_="row"),
                  tag("rect", x=f"{left + scale * low:.1f}", y=y - 15, width=f"{max(6.0, scale * (top - low)):.1f}",
                      height=30, rx=15, opacity=0.35, **paint),
                  tag("circle", cx=f"{left + scale * mean:.1f}", cy=y, r=19, **paint)]
        if guess is not None:
            parts.append(tag("path", d=f"M{left + scale * guess:.1f} {y - 30}l11 -16h-22z", class_="guessed"))
    parts.append(tag("text", text("room.axis_ten"), x=left + 5 * scale, y=tall + 76, text_anchor="middle", class_="named"))
    return _svg(1000, tall + 94, text("room.tables_label"), parts)


def strip(row: Tabled, before: Sequence[float], guess: int | None, target: int | None, text: Text) -> Markup:
    """A table's line of `tables`, small enough for a line of text; nothing done is a stroke."""
    import numpy as np

    def at(n: float) -> float:
        return round(20 + 40 * n, 1)

    low, mean, top = (float(v) for v in (np.quantile(row.ten, 0.1), row.ten.mean(), np.quantile(row.ten, 0.9)))
    paint = {"fill": TABLES[row.number - 1], "class_": f"paint t{row.number}"}
    calm = at(float(np.mean(before)))
    parts: list[object] = [tag("line", x1=at(0), x2=at(10), y1=46, y2=46, class_="grid"),
                           tag("line", x1=calm, x2=calm, y1=26, y2=66, class_="axis")]
    if target is not None:
        parts.append(tag("line", x1=at(target), x2=at(target), y1=14, y2=74, class_="target"))
    parts += [tag("rect", x=at(low), y=34, width=max(6.0, at(top) - at(low)), height=24, rx=12, opacity=0.35, **paint),
              tag("circle", cx=at(mean), cy=46, r=15, **paint)]
    if guess is not None:
        parts.append(tag("path", d=f"M{at(guess)} 26l10 -16h-20z", class_="guessed"))
    return _svg(440, 80, text("room.table_n", n=row.number), parts, "strip")


def agreement(said: Sequence[int], text: Text) -> Markup:
    """How many agree, from 1 (not at all) to 5 (wholly)."""
    counted, most = Counter(said), max([*Counter(said).values(), 1])
    parts: list[object] = [tag("line", x1=60, x2=940, y1=380, y2=380, class_="axis")]
    for n in range(1, 6):
        x = 80 + 175 * (n - 1)
        if counted[n]:
            parts += [tag("rect", x=x, y=380 - 320 * counted[n] / most, width=140, height=320 * counted[n] / most, rx=4,
                          class_="guess"),
                      tag("text", counted[n], x=x + 70, y=370 - 320 * counted[n] / most, text_anchor="middle",
                          class_="count")]
        parts.append(tag("text", n, x=x + 70, y=418, text_anchor="middle", class_="scale"))
    parts += [tag("text", text("room.agree_low"), x=60, y=462, class_="named"),
              tag("text", text("room.agree_high"), x=940, y=462, text_anchor="end", class_="named")]
    return _svg(1000, 480, text("room.agreement_label", n=len(said)), parts)


# ---------------------------------------------------------------- a table's run

def replay(row: Tabled, without: Result, text: Text) -> Markup:
    """Of ten municipalities those in Let's dance, year by year: the band of a table's runs, its mean and nothing done; what
    the table did lies below as bars. It is drawn from left to right."""
    import numpy as np

    paths = 10.0 * row.result.rows["lets_dance"][:, :row.quarter + 1]
    calm = 10.0 * without.rows["lets_dance"][:, :row.quarter + 1]
    low, mean, top = np.quantile(paths, 0.1, axis=0), paths.mean(axis=0), np.quantile(paths, 0.9, axis=0)
    colour = TABLES[row.number - 1]

    def at(q: float, n: float) -> str:
        return f"{70 + 890 * q / row.quarter:.1f} {430 - 40 * n:.1f}"

    parts: list[object] = []
    for n in range(0, 11, 2):
        parts += [tag("line", x1=70, x2=960, y1=430 - 40 * n, y2=430 - 40 * n, class_="grid"),
                  tag("text", n, x=52, y=440 - 40 * n, text_anchor="end", class_="scale")]
    every = 4 if row.quarter <= 24 else 20
    for q in range(0, row.quarter + 1, every):
        parts.append(tag("text", q // 4, x=70 + 890 * q / row.quarter, y=468, text_anchor="middle", class_="scale"))
    parts.append(tag("text", text("room.axis_year"), x=515, y=502, text_anchor="middle", class_="named"))
    band = [at(q, float(top[q])) for q in range(row.quarter + 1)] + [
        at(q, float(low[q])) for q in range(row.quarter, -1, -1)]
    parts += [tag("polygon", points=" ".join(one.replace(" ", ",") for one in band), fill=colour, opacity=0.25,
                  class_=f"sweep paint t{row.number}"),
              tag("polyline", points=" ".join(at(q, float(v)).replace(" ", ",") for q, v in enumerate(calm.mean(axis=0))),
                  class_="calm"),
              tag("polyline", points=" ".join(at(q, float(v)).replace(" ", ",") for q, v in enumerate(mean)),
                  stroke=colour, class_=f"way t{row.number}")]
    for k, use in enumerate(row.uses):
        ends = min(row.quarter, use.start + (use.duration or row.quarter) - 1)
        if use.start > row.quarter:
            continue
        x, wide = 70 + 890 * (use.start - 1) / row.quarter, 890 * (ends - use.start + 1) / row.quarter
        y = 530 + 34 * k
        parts += [tag("rect", x=f"{x:.1f}", y=y, width=f"{wide:.1f}", height=24, rx=6, fill=colour, opacity=0.4,
                      class_=f"paint t{row.number}"),
                  tag("text", text.title("lever", use.name), x=f"{min(x + 8, 560):.1f}", y=y + 18, class_="small")]
    return _svg(1000, 540 + 34 * max(1, len(row.uses)), text("room.replay_label", n=row.number), parts)
