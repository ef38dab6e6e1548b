"""Results -> charts: what ECharts draws, in two parts, with a sentence and a table for whoever cannot see it.

A `Chart` has an `option` that stays while numbers move (axes, colours, names) and numbers by series, rounded, of which a
`Told` sends what changed; assets/chart.vue puts them together and updates in place. Colours are names ("--lets_dance") that
the page resolves, so dark mode and projector size cost no computation. Bands are 10-90 % of runs.
"""

from __future__ import annotations

import hashlib
import math
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from letsdance.dashboards.compute import Pair
from letsdance.experiments.paired import Interval, paired
from letsdance.report.outcomes import writing
from letsdance.report.style import CATEGORY_COLOURS, COLOURS, spread
from letsdance.simulation.run import CATEGORIES, Result
from letsdance.words import Text

__all__ = ["Chart", "Curve", "Told", "adoption", "categories", "css_colours", "end_label", "equity", "key_of", "lines",
           "packed", "plane", "regimes", "whole", "willingness"]

#: On dark paper the same hues, lighter; the late adopters stay the ones that stand out.
_DARK = {"lets_dance": "#58b4ea", "lone_ranger": "#f2a04d", "dead_horse": "#dd90c2", "wasteland": "#b7b1a6"}
_DARK_CATEGORIES = ("#bd8629", "#d0704f", "#dc78b4", "#b896f0", "#dfe3ff")
#: What a curve is about -> (light, dark).
_CURVES = {"citizens": ("#b85c00", "#f2a04d"), "governments": ("#0072b2", "#58b4ea"), "use": ("#6b1e52", "#dd90c2"),
           "trust": ("#00695c", "#4fc7b5"), "equity": ("#8a6d00", "#e0c04a")}
_EDGE = "10-90 %"


def css_colours() -> str:
    """CSS variables for light and dark: every colour that charts and pages name."""
    def block(pairs: Mapping[str, str]) -> str:
        return "".join(f"--{name}:{colour};" for name, colour in pairs.items())

    light = dict(COLOURS) | {f"category{k}": c for k, c in enumerate(CATEGORY_COLOURS)}
    dark = dict(_DARK) | {f"category{k}": c for k, c in enumerate(_DARK_CATEGORIES)}
    light |= {name: pair[0] for name, pair in _CURVES.items()}
    dark |= {name: pair[1] for name, pair in _CURVES.items()}
    return f":root{{{block(light)}}}.ld-dark{{{block(dark)}}}"


@dataclass(frozen=True, eq=False)
class Chart:
    """One chart. series: float64[n], or float64[n, 2] for pairs, NaN where there is none; or a list of what is no number.

    table: makes (columns, rows) as text, when somebody opens it; it must not hold on to a `Result`.

    A session keeps its charts: a megabyte of runs behind each of two hundred open pages is not for a table.
    """

    name: str
    title: str
    sentence: str
    option: dict[str, Any]
    series: Mapping[str, np.ndarray | list[Any]]
    table: Callable[[], tuple[list[str], list[list[str]]]] = lambda: ([], [])

    @cached_property
    def packed(self) -> dict[str, Any]:
        """The series as they are sent; made once for all sessions that share the chart."""
        return {name: packed(values) for name, values in self.series.items()}

    @property
    def data(self) -> dict[str, list[Any]]:
        """The series as ECharts is given them."""
        return {name: listed(values) for name, values in self.series.items()}


class Told:
    """What a page's chart was told so far, so that it is told only what changed since."""

    def __init__(self) -> None:
        self._at = 0
        self.forget()

    def forget(self) -> None:
        """The page missed something: the next time it is told the whole."""
        self._since, self._series = 0, dict[str, Any]()

    def change(self, chart: Chart, stamp: str) -> dict[str, Any]:
        """What to tell: the series that changed (None: gone) since the last time; since 0: all of them.

        A page that missed something sees that it is not at `since`, and asks for the whole.
        """
        now, before, since = chart.packed, self._series, self._since
        changed = {name: one for name, one in now.items() if name not in before or before[name] != one}
        changed |= dict.fromkeys(before.keys() - now.keys())
        self._at += 1
        self._since, self._series = self._at, now
        return {"stamp": stamp, "since": since, "at": self._at, "series": changed}


#: A whole number that stands for none; and fewer numbers than that are sent as they are.
_NONE, _FEW = -32768, 8


def packed(values: np.ndarray | list[Any]) -> Any:
    """Numbers (or None), or pairs of them (or "-"), as {digits, wide, whole}: whole numbers of two bytes in base64.

    A third of the bytes, and exactly the same numbers: whole / 10**digits. What cannot be said so stays a list.
    """
    numbers = values if isinstance(values, np.ndarray) else _array(values)
    if numbers is None or numbers.size < _FEW:
        return listed(values)
    missing = np.isnan(numbers)
    known = np.where(missing, 0.0, numbers)
    for digits in range(5):
        whole = np.round(known * 10**digits)
        if np.abs(whole).max() >= -_NONE:
            break
        if (whole / 10**digits == known).all():
            whole[missing] = _NONE
            return {"digits": digits, "wide": numbers.ndim, "whole": b64encode(whole.astype("<i2").tobytes()).decode()}
    return listed(values)


def listed(values: np.ndarray | list[Any]) -> list[Any]:
    """A series as ECharts is given it: None stands for no number, "-" in pairs."""
    if isinstance(values, list):
        return values
    plain: list[Any] = values.tolist()
    if np.isfinite(values).all():
        return plain
    if values.ndim == 1:
        return [v if v == v else None for v in plain]
    return [[v if v == v else "-" for v in pair] for pair in plain]


def _array(values: list[Any]) -> np.ndarray | None:
    """A list of numbers (or None), or of pairs of them (or "-"), as an array; None where it holds anything else."""
    pairs = bool(values) and isinstance(values[0], list)
    if pairs and not all(isinstance(one, list) and len(one) == 2 for one in values):
        return None
    none = "-" if pairs else None
    flat = [one for pair in values for one in pair] if pairs else values
    if not all(one == none or (type(one) in (int, float) and math.isfinite(one)) for one in flat):
        return None
    numbers = np.array([np.nan if one == none else one for one in flat], np.float64)
    return numbers.reshape(-1, 2) if pairs else numbers


@dataclass(frozen=True, eq=False)
class Curve:
    """A line with its band over runs. values: float64[R, Q+1]; other: the reference's, or None."""

    id: str
    name: str
    colour: str
    values: np.ndarray
    other: np.ndarray | None = None
    band: bool = True
    dashed: bool = False
    end: str = field(default="")


def key_of(question: object) -> str:
    """A short name of what was asked, which the page carries so that a test sees which answer it shows."""
    return hashlib.sha256(repr(question).encode()).hexdigest()[:12]


# ---------------------------------------------------------------- curves over quarters

def lines(name: str, title: str, sentence: str, curves: Sequence[Curve], text: Text, *, difference: bool = False,
          of: str = "C", top: float = 100.0) -> Chart:
    """Curves over quarters, each with its band, the reference dashed; with `difference`, each less its reference.

    Shares are drawn from 0 to 100 %. of: which outcome it is, or one that is written so. top: the upper end of the axis.
    """
    write = writing(of)
    unit, digits = write.factor, write.digits + 1
    counted = _counted_in(of, difference, text)
    quarters = curves[0].values.shape[1] - 1
    series: list[dict[str, Any]] = []
    data: dict[str, np.ndarray | list[Any]] = {}
    shown: list[tuple[str, np.ndarray, np.ndarray | None]] = []
    reach = 0.0
    for curve in curves:
        drawn = curve.values - curve.other if difference and curve.other is not None else curve.values
        low, mean, high = spread(drawn) * unit
        other = None if difference or curve.other is None else spread(curve.other) * unit
        shown.append((curve.name, np.stack([low, mean, high]), None if other is None else other[1].copy()))
        drawn_far = np.stack([low, high]) if curve.band else mean
        reach = max(reach, float(np.nanmax(np.abs(drawn_far), initial=0.0)))
        colour = f"--{curve.colour}"
        if curve.band:
            common = {"type": "line", "stack": f"{curve.id} band", "symbol": "none", "silent": True, "z": 1,
                      "lineStyle": {"width": 0, "opacity": 0}, "stackStrategy": "all"}
            series += [{**common, "id": f"{curve.id}.low", "areaStyle": {"opacity": 0}},
                       {**common, "id": f"{curve.id}.high", "areaStyle": {"color": colour, "opacity": 0.16}}]
            data[f"{curve.id}.low"] = np.round(low, digits)
            data[f"{curve.id}.high"] = np.round(high - low, digits + 1)
        if other is not None:
            series.append({"type": "line", "id": f"{curve.id}.other", "symbol": "none", "silent": True, "z": 2,
                           "lineStyle": {"width": 1.6, "type": [3, 4], "color": colour, "opacity": 0.75}})
            data[f"{curve.id}.other"] = np.round(other[1], digits)
        line: dict[str, Any] = {"type": "line", "id": curve.id, "name": curve.name, "symbol": "none", "z": 3,
                                "lineStyle": {"width": 2.6, "color": colour, **({"type": [8, 5]} if curve.dashed else {})},
                                "itemStyle": {"color": colour}, "emphasis": {"disabled": True}}
        if np.isfinite(mean).any():
            line |= end_label(curve.end or curve.name, colour)
        series.append(line)
        data[curve.id] = np.round(mean, digits)
    option = {
        "animation": False,
        "grid": {"left": 44, "right": 112, "top": 14 if counted == "%" else 30, "bottom": 40},
        "xAxis": {"type": "category", "boundaryGap": False, "data": list(range(quarters + 1)),
                  "name": text("chart.quarter"), "nameLocation": "middle", "nameGap": 22,
                  "nameTextStyle": {"color": "--soft", "fontSize": 12},
                  "axisTick": {"show": False}, "axisLine": {"lineStyle": {"color": "--line"}, "onZero": False},
                  "axisLabel": {"interval": _every(quarters) - 1, "color": "--soft", "fontSize": 12, "hideOverlap": True}},
        "yAxis": {**_values(reach if difference else None, top, unit == 1), "splitLine": {"lineStyle": {"color": "--line"}},
                  **_axis_name(counted),
                  "axisLabel": {"color": "--soft", "fontSize": 12, "formatter": "{value}" + " %" * (counted == "%")}},
        "tooltip": {"trigger": "axis"},
        "series": series,
        "aria": {"enabled": True},
        "_unit": counted if unit == 100 else "", "_digits": write.digits, **({"_most": 100} if top > 100 else {}),
        "_names": {"quarter": text("chart.quarter"), "reference": text("chart.reference")},
    }
    if difference:
        title = text("chart.difference", title=title)
    return Chart(name, title, sentence, option, data, lambda: _table(shown, text, quarters, write.digits, counted))


def _counted_in(of: str, difference: bool, text: Text) -> str:
    """What stands at a chart's axis: "%", "points", "per municipality"."""
    write = writing(of)
    if write.factor == 100:
        return text("number.points_unit") if difference or write.unit != "%" else "%"
    return text(f"compare.unit_{of}")


def _axis_name(counted: str) -> dict[str, Any]:
    """What an upright axis counts, above it; nothing where each number says it."""
    return {} if counted == "%" else {"name": counted, "nameLocation": "end", "nameGap": 11, "nameTextStyle": {
        "color": "--soft", "fontSize": 12, "align": "left", "padding": [0, 0, 0, -38]}}


def end_label(name: str, colour: str) -> dict[str, Any]:
    """A curve's name at its end; only for a curve with a value, because ECharts fails at the end of nothing."""
    return {"endLabel": {"show": True, "formatter": name, "color": colour, "fontWeight": 600, "fontSize": 12,
                         "lineHeight": 13, "distance": 13},
            "labelLayout": {"moveOverlap": "shiftY"}}


def _every(quarters: int) -> int:
    """Quarters between two labels: whole years, five labels or so."""
    return next(step for step in (4, 8, 12, 20, 40, 80, 100) if quarters / step <= 5 or step == 100)


def _values(reach: float | None, top: float, ratio: bool) -> dict[str, Any]:
    """The upright axis: of differences, as far both ways as they reach; else from 0 to the top."""
    if reach is not None:
        limit = _round_up(reach)
        return {"type": "value", "min": -limit, "max": limit, "interval": limit / 2}
    return {"type": "value", "min": 0, "max": top, "interval": 0.5 if ratio else 25}


def _round_up(reach: float) -> float:
    """The end of a symmetrical axis: steady while a hand moves a slider."""
    return next((step for step in (0.1, 0.2, 0.5, 1, 2, 4, 10, 20, 40, 60) if reach <= step), 100.0)


def _table(shown: Sequence[tuple[str, np.ndarray, np.ndarray | None]], text: Text, quarters: int,
           digits: int, counted: str) -> tuple[list[str], list[list[str]]]:
    """Once a year: mean and band of each curve, and the reference's mean; the heads say what they are counted in."""
    columns = [text("chart.quarter")]
    for name, _, other in shown:
        parts = [text("chart.mean"), _EDGE, *([] if other is None else [text("chart.reference")])]
        columns += [text.labelled(name, f"{part} ({counted})") for part in parts]
    rows = []
    for q in sorted({*range(0, quarters + 1, 4), quarters}):
        row = [str(q)]
        for _, (low, mean, high), other in shown:
            row += [text.number(mean[q], digits), text.band(low[q], high[q], digits)]
            row += [text.number(other[q], digits)] if other is not None else []
        rows.append(row)
    return columns, rows


def _curve(pair: Pair, indicator: str, name: str, colour: str, **more: Any) -> Curve:
    other = None if pair.same else pair.reference.rows[indicator]
    return Curve(indicator, name, colour, pair.result.rows[indicator], other, **more)


def _end(pair: Pair, indicator: str) -> Interval:
    return paired(pair.result.rows[indicator][:, -1], pair.reference.rows[indicator][:, -1])


def ended(pair: Pair, text: Text, names: Mapping[str, str], more: str = "") -> str:
    """'Trust ends at 34 % (was 40 %).' for each indicator, with the reference's value where they differ; more: what is said
    of the last one besides."""
    said = []
    for indicator, name in names.items():
        value = spread(pair.result.rows[indicator][:, -1])[1]
        before = spread(pair.reference.rows[indicator][:, -1])[1]
        if pair.same or text.percent(value) == text.percent(before):
            said.append(text("chart.ends", name=name, value=text.percent(value)))
        else:
            said.append(text("chart.ends_from", name=name, value=text.percent(value), before=text.percent(before)))
    return text("chart.by_quarter", quarter=text.quarter(pair.result.quarters), said="; ".join(said) + more)


def willingness(pair: Pair, text: Text, difference: bool = False) -> Chart:
    """Citizens' and governments' mean willingness."""
    names = {"C": text("curve.C"), "G": text("curve.G")}
    curves = [_curve(pair, "C", names["C"], "citizens"), _curve(pair, "G", names["G"], "governments")]
    return lines("willingness", text("chart.willingness"), ended(pair, text, names), curves, text,
                 difference=difference and not pair.same)


def adoption(pair: Pair, text: Text, difference: bool = False) -> Chart:
    """What governments have in use beside what citizens use."""
    names = {"on": text("curve.on"), "uses": text("curve.uses")}
    curves = [_curve(pair, "on", names["on"], "governments"), _curve(pair, "uses", names["uses"], "use")]
    return lines("adoption", text("chart.adoption"), ended(pair, text, names), curves, text,
                 difference=difference and not pair.same)


def regimes(pair: Pair, text: Text, difference: bool = False) -> Chart:
    """Which share of municipalities is in each of the four futures."""
    names = {name: text(f"curve.{name}") for name in COLOURS}
    curves = [_curve(pair, name, title, name) for name, title in names.items()]
    top = max(names, key=lambda name: float(np.nanmean(pair.result.rows[name][:, -1])))
    return lines("regimes", text("chart.regimes"), ended(pair, text, {top: names[top]}), curves, text,
                 difference=difference and not pair.same)


def equity(pair: Pair, text: Text, difference: bool = False) -> Chart:
    """Trust in government, and the poorest quarter's part among participants."""
    names = {"T": text("curve.T"), "representativeness": text("curve.representativeness")}
    curves = [_curve(pair, "T", names["T"], "trust"),
              _curve(pair, "representativeness", names["representativeness"], "equity")]
    return lines("equity", text("chart.equity"), ended(pair, text, names, f"; {text('chart.fair')}"), curves, text,
                 difference=difference and not pair.same, top=_whole(pair, names))


def _whole(pair: Pair, names: Mapping[str, str]) -> float:
    """The end of an axis of shares: 100 %, or as much more as the poorest quarter takes part above its share, which a share
    cannot: the axis is written up to 100 %."""
    ends = [spread(result.rows[name]) for result in (pair.result, pair.reference) for name in names]
    return whole(max(float(np.nanmax(values, initial=0.0)) for values in ends))


def whole(high: float) -> float:
    """The end of an axis, in per cent, that holds a ratio."""
    return 25.0 * max(4, math.ceil(4 * high))


def ever_by_category(result: Result) -> np.ndarray:
    """float64[R, Q+1, 5]: which share of each ex ante category has ever adopted; NaN for a category without members."""
    member = result.category[:, :, None] == np.arange(len(CATEGORIES))
    adopted = np.matmul(result.ever.astype(np.float64), member.astype(np.float64))
    with np.errstate(invalid="ignore", divide="ignore"):
        return adopted / member.sum(1, dtype=np.float64)[:, None]


def categories(pair: Pair, text: Text, difference: bool = False) -> Chart:
    """When early and late adopters adopt, by innovativeness before the run."""
    shares = ever_by_category(pair.result)
    other = None if pair.same else ever_by_category(pair.reference)
    names = [text(f"category.{name}") for name in CATEGORIES]
    curves = [Curve(name, names[c], f"category{c}", shares[:, :, c], None if other is None else other[:, :, c],
                    band=name in ("early_majority", "laggards")) for c, name in enumerate(CATEGORIES)]
    late = float(spread(shares[:, -1, 4])[1])
    early = float(spread(shares[:, -1, 1])[1])
    sentence = text("chart.categories_says", quarter=text.quarter(pair.result.quarters), late=text.percent(late),
                    early=text.percent(early))
    return lines("categories", text("chart.categories"), sentence, curves, text,
                 difference=difference and not pair.same)


# ---------------------------------------------------------------- the plane of willingness

#: Corner of each future on the plane: citizens along, governments up.
CORNERS = {"dead_horse": (0, 1), "lets_dance": (1, 1), "wasteland": (0, 0), "lone_ranger": (1, 0)}


def _path(result: Result) -> np.ndarray:
    """float64[Q+1, 2]: the mean way over runs."""
    return np.stack([result.rows["C"].mean(0), result.rows["G"].mean(0)], 1)


def _clouds(result: Result) -> np.ndarray:
    """float64[n, 2]: all runs' ways as one series, every third quarter, with a break after each run."""
    last = result.quarters
    keep = np.unique(np.append(np.arange(0, last + 1, 3), last))
    ways = np.stack([result.rows["C"][:40, keep], result.rows["G"][:40, keep]], 2)
    return np.round(np.pad(ways, ((0, 0), (0, 1), (0, 0)), constant_values=np.nan).reshape(-1, 2), 3)


def plane(name: str, title: str, sentence: str, shown: Mapping[str, tuple[Result, str]], text: Text, *,
          reference: Result | None = None, keyed: bool = False, lettered: bool = False) -> Chart:
    """Ways over the plane of willingness: runs thin, mean bold, start a ring, end a dot.

    shown: what is drawn, name -> (result, colour name). reference: a way to draw dashed beside it. keyed: with a key
    of the marks where there is room. lettered: the names stand in the dots at the ends, as the letters of Compare do.
    """
    series: list[dict[str, Any]] = [{
        "type": "scatter", "id": "corners", "data": [], "silent": True, "z": 0,
        "markArea": {"silent": True, "data": [[
            {"xAxis": 0.5 * x, "yAxis": 0.5 * y, "itemStyle": {"color": f"--{corner}", "opacity": 0.1},
             "name": text(f"curve.{corner}"),
             "label": {"show": True, "position": ("insideTopRight" if x else "insideTopLeft") if y else (
                       "insideBottomRight" if x else "insideBottomLeft"), "color": f"--{corner}", "fontWeight": 600,
                       "fontSize": 12, "distance": 7}},
            {"xAxis": 0.5 + 0.5 * x, "yAxis": 0.5 + 0.5 * y}] for corner, (x, y) in CORNERS.items()]}}]
    data: dict[str, np.ndarray | list[Any]] = {}
    if reference is not None:
        way = np.round(_path(reference), 3)
        series += [{"type": "line", "id": "reference", "symbol": "none", "silent": True, "z": 3,
                    "lineStyle": {"width": 2, "type": [3, 4], "color": "--soft"}},
                   {"type": "scatter", "id": "reference.end", "symbolSize": 12, "silent": True, "z": 4,
                    "itemStyle": {"color": "--paper", "borderColor": "--soft", "borderWidth": 2.5}}]
        data |= {"reference": way, "reference.end": way[-1:]}
    for key, (result, token) in shown.items():
        way, colour = np.round(_path(result), 3), f"--{token}"
        ends = np.stack([result.rows["C"][:, -1], result.rows["G"][:, -1]], 1)
        common: dict[str, Any] = {"silent": True, "symbol": "none", "type": "line"}
        series += [{**common, "id": f"{key}.runs", "z": 2, "lineStyle": {"width": 1, "color": colour, "opacity": 0.3}},
                   {"type": "scatter", "id": f"{key}.ends", "symbolSize": 5, "z": 3, "silent": True,
                    "itemStyle": {"color": colour, "opacity": 0.6}},
                   {**common, "id": f"{key}.way", "z": 5, "lineStyle": {"width": 3, "color": colour}},
                   {"type": "scatter", "id": f"{key}.start", "symbolSize": 13, "z": 6, "silent": True,
                    "itemStyle": {"color": "--paper", "borderColor": colour, "borderWidth": 3}},
                   {"type": "scatter", "id": f"{key}.end", "symbolSize": 20 if lettered else 17, "z": 7, "silent": True,
                    "itemStyle": {"color": colour, "borderColor": "--paper", "borderWidth": 2},
                    **({"label": {"show": True, "formatter": key, "color": "--card", "fontWeight": 600, "fontSize": 11}}
                       if lettered else {})}]
        data |= {f"{key}.runs": _clouds(result), f"{key}.ends": np.round(ends, 3), f"{key}.way": way,
                 f"{key}.start": way[:1], f"{key}.end": way[-1:]}

    def axis(label: str, at: str) -> dict[str, Any]:
        return {"type": "value", "min": 0, "max": 1, "interval": 0.5, "name": label, "nameLocation": at,
                "nameTextStyle": {"color": "--soft", "fontSize": 12}, "axisLine": {"show": False},
                "axisTick": {"show": False}, "axisLabel": {"color": "--soft", "fontSize": 12, "formatter": "{value}"},
                "splitLine": {"lineStyle": {"color": "--paper", "width": 2}}}

    option = {"animation": False, "grid": {"left": 62, "right": 24, "top": 8, "bottom": 38}, "_square": True,
              "xAxis": {**axis(text("plane.C"), "middle"), "nameGap": 22},
              "yAxis": {**axis(text("plane.G"), "middle"), "nameGap": 46, "nameRotate": 90},
              "series": series, "aria": {"enabled": True}, "_percent": True,
              "_key": [["ring", text("plane.start")], ["dot", text("plane.end")], ["runs", text("plane.runs")],
                       *([["dashed", text("chart.reference")]] if reference is not None else [])] if keyed else []}

    rows = [[_title(key, result, text), *_ends(result, text)] for key, (result, _) in shown.items()]
    rows += [[text("chart.reference"), *_ends(reference, text)]] if reference is not None else []
    columns = [text("chart.start"), text("plane.C"), text("plane.G"), text("plane.C_end"), text("plane.G_end")]
    return Chart(name, title, sentence, option, data, lambda: (columns, rows))


def _ends(result: Result, text: Text) -> list[str]:
    way = _path(result)
    return [text.percent(v) for v in (*way[0], *way[-1])]


def _title(key: str, result: Result, text: Text) -> str:
    return text.title("start", key) if key in CORNERS else result.scenario.title


def plane_of(pair: Pair, text: Text) -> Chart:
    """A policy's way over the plane, the reference dashed."""
    way = _path(pair.result)
    sentence = text("plane.says", C=text.percent(way[-1, 0]), G=text.percent(way[-1, 1]))
    if not pair.same:
        end = _path(pair.reference)[-1]
        sentence += " " + text("plane.without", C=text.percent(end[0]), G=text.percent(end[1]))
    return plane("plane", text("chart.plane"), sentence, {"shown": (pair.result, pair.policy.start)}, text,
                 reference=None if pair.same else pair.reference, keyed=True)
