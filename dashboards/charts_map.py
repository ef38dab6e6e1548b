"""Charts of the page Map: where starts lead, what tips, how long municipalities stay. Each is a `Chart` as any other."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from letsdance.dashboards.charts import CORNERS, Chart, end_label
from letsdance.experiments.basins import Basins
from letsdance.experiments.boundaries import SHADE, boundaries
from letsdance.experiments.residence import Estimate, Residence, Survival
from letsdance.experiments.tipping import Tipping
from letsdance.report.style import spread
from letsdance.simulation.rules.regimes import REGIMES
from letsdance.words import Text

__all__ = ["basin", "curves", "mean_field", "residence", "share_here", "tipping"]

_SQUARE = {"left": 62, "right": 24, "top": 8, "bottom": 38}  # as charts.plane has it


# ---------------------------------------------------------------- the basin map

def basin(found: Basins, start: tuple[float, float], text: Text) -> Chart:
    """The plane in the colours of the futures that lead, as far as the runs tell; paler where fewer end there."""
    here, told = found.agents, boundaries(found)
    most = here.argmax(axis=2)
    sizes = found.sizes.set_index("regime")
    largest = max(REGIMES, key=lambda name: float(sizes.loc[name, "agents"]))
    row = sizes.loc[largest]
    sentence = text("map.basin_says", n=len(found.starts) ** 2, runs=found.runs, quarters=found.quarters,
                    years=text.years(found.quarters),
                    share=text.percent(float(row["agents"])), future=text(f"curve.{largest}"),
                    low=text.percent(float(row["lowest_run"])), high=text.percent(float(row["highest_run"])),
                    open=text.percent(told.open))

    def table() -> tuple[list[str], list[list[str]]]:
        columns = [text("plane.C"), text("plane.G"), *(text(f"curve.{name}") for name in REGIMES), text("map.told")]
        return columns, [[text.percent(C), text.percent(G), *(text.percent(float(v)) for v in here[i, j]),
                          text(f"curve.{REGIMES[most[i, j]]}") if told.told[i, j] else text("map.not_told")]
                         for i, C in enumerate(found.starts) for j, G in enumerate(found.starts)]

    series: list[dict[str, Any]] = [{"type": "scatter", "id": "corners", "silent": True, "markArea": {"data": []}}]
    data: dict[str, list[Any]] = {}
    for k, area in enumerate(told.areas):
        data[f"area.{k}"] = [[0.0, 0.0]]  # one mark, whose outlines chart.vue draws
        series.append({"type": "custom", "id": f"area.{k}", "silent": True, "z": 1,
                       "_rings": [ring.round(3).tolist() for ring in area.rings],
                       "itemStyle": {"color": f"--{area.regime}", "opacity": SHADE}})
    for key, lines, style in (("open", told.strokes, {"color": "--soft", "width": 0.7, "opacity": 0.7}),
                              ("boundary", told.lines, {"color": "--ink", "width": 2.4})):
        data[key] = [point for line in lines for point in (*line.round(3).tolist(), ["-", "-"])]
        series.append({"type": "line", "id": key, "symbol": "none", "silent": True, "z": 2, "lineStyle": style})
    data["starts"] = [[round(float(C), 4), round(float(G), 4)] for C in found.starts for G in found.starts]
    series.append({"type": "scatter", "id": "starts", "symbolSize": 3, "silent": True, "z": 3,
                   "itemStyle": {"color": "--ink", "opacity": 0.45}})
    return _plane("basin", text("map.basin"), sentence, series, data, start, text, table)


def mean_field(found: Basins, start: tuple[float, float], text: Text) -> Chart:
    """The same starts followed by the mean field, with its fixed points: filled where stable."""
    sentence = text("map.mean_field_says", share=text.percent(found.agreement),
                    n=sum(point.stable for point in found.fixed_points))

    def table() -> tuple[list[str], list[list[str]]]:
        rows = [[text.percent(C), text.percent(G), text(f"curve.{REGIMES[found.mean_field[i, j]]}")]
                for i, C in enumerate(found.starts) for j, G in enumerate(found.starts)]
        rows += [[text.percent(p.state[0]), text.percent(p.state[1]),
                  text("map.stable") if p.stable else text("map.unstable")] for p in found.fixed_points]
        return [text("plane.C"), text("plane.G"), text("map.leads_to")], rows

    edges = np.concatenate([[0.0], (found.starts[1:] + found.starts[:-1]) / 2, [1.0]]).round(4).tolist()
    cells = [[{"xAxis": edges[i], "yAxis": edges[j],
               "itemStyle": {"color": f"--{REGIMES[found.mean_field[i, j]]}", "opacity": 0.65}},
              {"xAxis": edges[i + 1], "yAxis": edges[j + 1]}]
             for i in range(len(found.starts)) for j in range(len(found.starts))]
    ground = {"type": "scatter", "id": "corners", "data": [], "silent": True, "z": 0,
              "markArea": {"silent": True, "label": {"show": False}, "data": cells}}
    points: dict[str, list[Any]] = {}
    series: list[dict[str, Any]] = [ground]
    for name, stable in (("stable", True), ("unstable", False)):
        points[name] = [[round(float(v), 3) for v in p.state[:2]] for p in found.fixed_points if p.stable == stable]
        series.append({
            "type": "scatter", "id": name, "symbolSize": 15 if stable else 12, "silent": True, "z": 7,
            "itemStyle": {"color": "--ink" if stable else "--card", "borderColor": "--card" if stable else "--ink",
                          "borderWidth": 2.5}})
    return _plane("mean_field", text("map.mean_field"), sentence, series, points, start, text, table)


def share_here(found: Basins, C: float, G: float) -> np.ndarray:
    """float64[4]: where municipalities end from the start nearest to (C, G), as shares in the order of REGIMES."""
    at = [int(np.abs(found.starts - value).argmin()) for value in (C, G)]
    shares: np.ndarray = found.agents[at[0], at[1]]
    return shares


def _plane(name: str, title: str, sentence: str, series: list[dict[str, Any]], data: dict[str, list[Any]],
           start: tuple[float, float], text: Text, table: Any) -> Chart:
    """The plane over a ground that is drawn already: names in the corners, a cross at the start on screen, axes."""
    data["start"] = [list(start)]
    for corner, (x, y) in CORNERS.items():
        series.append({"type": "scatter", "id": f"name.{corner}", "silent": True, "z": 6, "symbolSize": 0.1,
                       "label": {"show": True, "formatter": text(f"curve.{corner}"), "fontSize": 12, "fontWeight": 600,
                                 "position": "left" if x else "right", "color": "--ink", "backgroundColor": "--card",
                                 "padding": [3, 7], "borderRadius": 5}})
        data[f"name.{corner}"] = [[0.985 if x else 0.015, 0.955 if y else 0.045]]
    series.append({"type": "scatter", "id": "start", "symbol": "path://M9 0h4v9h9v4h-9v9h-4v-9h-9v-4h9z", "symbolSize": 17,
                   "silent": True, "z": 8, "itemStyle": {"color": "--ink", "borderColor": "--card", "borderWidth": 1.5}})

    def axis(label: str) -> dict[str, Any]:
        return {"type": "value", "min": 0, "max": 1, "interval": 0.5, "name": label, "nameLocation": "middle",
                "nameTextStyle": {"color": "--soft", "fontSize": 12}, "axisLine": {"show": False},
                "axisTick": {"show": False}, "axisLabel": {"color": "--soft", "fontSize": 12}, "splitLine": {"show": False}}

    option = {"animation": False, "grid": dict(_SQUARE), "_square": True, "_percent": True,
              "aria": {"enabled": True},
              "xAxis": {**axis(text("map.C")), "nameGap": 22},
              "yAxis": {**axis(text("map.G")), "nameGap": 46, "nameRotate": 90},
              "series": series}
    return Chart(name, title, sentence, option, data, table)


# ---------------------------------------------------------------- curves with bands

def curves(series: list[dict[str, Any]], data: dict[str, list[Any]], key: str, name: str, colour: str,
           band: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """Add low, mean and high of one curve, one value a category."""
    low, mean, high = (np.asarray(one, np.float64) for one in band)

    def put(values: np.ndarray) -> list[float | None]:
        return [round(float(v), 2) if math.isfinite(v) else None for v in values]

    common = {"type": "line", "stack": f"{key} band", "symbol": "none", "silent": True, "z": 1,
              "lineStyle": {"width": 0, "opacity": 0}, "stackStrategy": "all"}
    series += [{**common, "id": f"{key}.low", "areaStyle": {"opacity": 0}},
               {**common, "id": f"{key}.high", "areaStyle": {"color": f"--{colour}", "opacity": 0.15}},
               _line(key, name, colour, bool(np.isfinite(mean).any()))]
    data[f"{key}.low"], data[f"{key}.high"], data[key] = put(low), put(high - low), put(mean)


def _line(key: str, name: str, colour: str, valued: bool = True) -> dict[str, Any]:
    line = {"type": "line", "id": key, "name": name, "symbol": "none", "z": 3, "emphasis": {"disabled": True},
            "lineStyle": {"width": 2.6, "color": f"--{colour}"}, "itemStyle": {"color": f"--{colour}"}}
    return line | (end_label(name, f"--{colour}") if valued else {})


def _axes() -> dict[str, Any]:
    """What both diagrams share: per cent upwards, room for names at the right."""
    line = {"axisTick": {"show": False}, "axisLine": {"lineStyle": {"color": "--line"}, "onZero": False}}
    return {"animation": False, "grid": {"left": 46, "right": 112, "top": 14, "bottom": 42}, "aria": {"enabled": True},
            "xAxis": {**line, "axisLabel": {"color": "--soft", "fontSize": 12, "hideOverlap": True},
                      "nameLocation": "middle", "nameGap": 25, "nameTextStyle": {"color": "--soft", "fontSize": 12}},
            "yAxis": {"type": "value", "min": 0, "max": 100, "interval": 25,
                      "splitLine": {"lineStyle": {"color": "--line"}},
                      "axisLabel": {"color": "--soft", "fontSize": 12, "formatter": "{value} %"}}}


def tipping(found: Tipping, text: Text) -> Chart:
    """Where runs end for each value, from each start, beside the mean field's equilibria."""
    series: list[dict[str, Any]] = []
    data: dict[str, list[Any]] = {}
    means = found.ends.mean(axis=3)  # [V, S, R]
    names = list(found.starts)
    for s, name in enumerate(names):
        low, mean, high = np.round(spread(100 * means[:, s].T), 2).tolist()
        at = [round(float(value), 5) for value in found.values]
        # areas cannot be stacked on an axis of numbers: the spread at each value is a bar of its own
        series += [{"type": "line", "id": f"{name}.spread", "symbol": "none", "silent": True, "z": 2,
                    "lineStyle": {"width": 7, "color": f"--{name}", "opacity": 0.3}},
                   _line(name, text(f"curve.{name}"), name)]
        data[name] = [list(point) for point in zip(at, mean, strict=True)]
        data[f"{name}.spread"] = [point for x, a, b in zip(at, low, high, strict=True)
                                  for point in ([x, a], [x, b], ["-", "-"])]
    if found.stock is not None:
        for stable in (True, False):
            key = "stable" if stable else "unstable"
            data[key] = [[round(float(v), 5), round(100 * float(p.state[found.stock]), 2)]
                         for v, points in zip(found.values, found.equilibria, strict=True) for p in points
                         if p.stable == stable]
            series.append({"type": "scatter", "id": key, "symbolSize": 8, "silent": True, "z": 5,
                           "itemStyle": {"color": "--ink" if stable else "--card", "borderColor": "--ink",
                                         "borderWidth": 1.6}})
    series[1]["markLine"] = {"silent": True, "symbol": "none", "label": {"show": False},
                             "lineStyle": {"color": "--soft", "type": [4, 4], "width": 1.2},
                             "data": [{"xAxis": round(fold.at, 4)} for fold in found.folds]}
    option = _axes()
    first, last = float(found.values.min()), float(found.values.max())
    option["xAxis"] |= {"type": "value", "min": first, "max": last, "name": text.title("parameter", found.axis.name),
                        "splitLine": {"show": False}}
    option["series"] = series
    said = [_tips(found, name, text) for name in names]
    sentence = text("map.tipping_says", runs=found.runs, quarters=found.quarters, years=text.years(found.quarters),
                    said=" ".join(s for s in said if s) or text("map.no_tip"))
    if found.folds:
        sentence += " " + text("map.folds", at=text.listed([text.short(round(fold.at, 2)) for fold in found.folds]))

    def table() -> tuple[list[str], list[list[str]]]:
        columns = [text.title("parameter", found.axis.name)]
        columns += [text.labelled(text(f"curve.{name}"), part)
                    for name in names for part in (text("chart.mean"), "10-90 %")]
        rows = []
        for v, value in enumerate(found.values):
            row = [text.number(value, 3)]
            for s in range(len(names)):
                low, mean, high = spread(100 * means[v, s])
                row += [text.number(float(mean)), text.band(float(low), float(high))]
            rows.append(row)
        return columns, rows

    measured = text("map.of_C") if found.outcome.name == "C" else text("map.of_G")
    return Chart("tipping", text("map.tipping", what=measured), sentence, option, data, table)


def _tips(found: Tipping, start: str, text: Text) -> str:
    said = []
    for tip in found.tips[start]:
        values = {"start": text(f"curve.{start}"), "at": text.short(round(tip.at.value, 2)),
                  "future": text(f"curve.{found.regime}")}
        key = text("map.rises", **values) if tip.rises else text("map.falls", **values)
        known = math.isfinite(tip.at.low) and math.isfinite(tip.at.high) and tip.seen > 0.5
        said.append(f"{key} ({text.band(tip.at.low, tip.at.high, 2)})." if known else f"{key}.")
    return " ".join(said)


def residence(found: Residence, text: Text) -> Chart:
    """The share of municipalities that have not left the future in which they began, from each start."""
    series: list[dict[str, Any]] = []
    data: dict[str, list[Any]] = {}
    for name, stay in found.stays.items():
        leave = stay.leave
        share, low, high = (100 * _padded(one, found.quarters) for one in (leave.share, leave.low, leave.high))
        curves(series, data, name, text(f"curve.{name}"), name, (low, share, high))
    option = _axes()
    option["xAxis"] |= {"type": "category", "boundaryGap": False, "data": list(range(found.quarters + 1)),
                        "name": text("map.quarters_stayed")}
    option["xAxis"]["axisLabel"] |= {"interval": 19 if found.quarters <= 120 else 39}
    option |= {"series": series, "tooltip": {"trigger": "axis"}, "_unit": "%", "_digits": 0,
               "_names": {"quarter": text("chart.quarter"), "reference": text("chart.reference")}}
    said = [text("map.stays", start=text(f"curve.{name}"), median=_median(stay.leave, text))
            for name, stay in found.stays.items()]
    sentence = text("map.residence_says", runs=found.runs, quarters=found.quarters, years=text.years(found.quarters),
                    said="; ".join(said))

    def table() -> tuple[list[str], list[list[str]]]:
        columns = [text("chart.start"), text("map.median"), text("map.mean_stay"), text("map.goes_to"),
                   text("map.by_mean_field")]
        rows = []
        for name, stay in found.stays.items():
            goes = [f"{text(f'curve.{where}')} {text.percent(share.value)}" for where, share in stay.goes_to.items()
                    if share.value > 0.005]
            field = "–" if stay.mean_field is None else text("map.never") if math.isinf(stay.mean_field) else text.number(
                stay.mean_field)
            rows.append([text(f"curve.{name}"), _median(stay.leave, text), _estimate(stay.leave.mean, text),
                         ", ".join(goes) or "–", field])
        return columns, rows

    return Chart("residence", text("map.residence"), sentence, option, data, table)


def _padded(values: np.ndarray, quarters: int) -> np.ndarray:
    """To the last quarter: 0 where all have left, not a number where nobody was watched any more."""
    return np.concatenate([values, np.full(max(0, quarters + 1 - len(values)), 0.0 if values[-1] == 0.0 else np.nan)])


def _median(curve: Survival, text: Text) -> str:
    if math.isinf(curve.median.value):
        return text("map.longer", quarters=curve.until)
    return _estimate(curve.median, text)


def _estimate(one: Estimate, text: Text) -> str:
    if not math.isfinite(one.low):
        return text.number(one.value)
    value, low = text.number(one.value), text.number(one.low)
    if math.isinf(one.high):
        return text("map.with_open_interval", value=value, low=low)
    return text("map.with_interval", value=value, low=low, high=text.number(one.high))
