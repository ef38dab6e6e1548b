"""Counts in: adoptions or active cases by unit and period, and those at risk, each checked.

A series may fall or never saturate; `shape` says what it is, and no curve is forced on it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance.experiments.adopters import statistics, stocks
from letsdance.params import Refused, Said, nearest
from letsdance.scenarios import tables
from letsdance.scenarios.tables import Reading
from letsdance.scenarios.tables.kinds import COUNTS, POPULATION
from letsdance.words import IN_ENGLISH, Text, capital

if TYPE_CHECKING:
    import pandas as pd

#: What a count can be, and what it says.
KINDS = {"new": "adoptions in each period", "stock": "cases active at the time",
         "cumulative": "all who have ever adopted by then", "percent": "active cases, % of those who could"}
_MOST = 1e12  # no count is larger


@dataclass(frozen=True, eq=False)
class Counts:
    """Counts by unit and period, and what they are."""

    frame: pd.DataFrame      # unit, period, value, population (NaN: not given), note
    kind: str                # of KINDS
    said: tuple[str, ...] = ()

    @property
    def units(self) -> tuple[str, ...]:
        """Municipalities, states or countries, in the table's order."""
        return tuple(dict.fromkeys(self.frame["unit"]))

    def series(self, unit: str | None = None) -> pd.DataFrame:
        """One unit's rows: period, value, population, note. The only unit if none is named."""
        if unit is None and len(self.units) == 1:
            unit = self.units[0]
        if unit not in self.units:
            raise Refused("there is no unit {unit!r}.{near} Known: {known}.", unit=unit,
                          near=nearest(str(unit), self.units), known=", ".join(self.units))
        return self.frame[self.frame["unit"] == unit].drop(columns="unit").reset_index(drop=True)

    def adopters(self, unit: str | None = None) -> pd.DataFrame:
        """period, new, adopters: the cumulative curve that Bass, logistic and Gompertz are fitted to.

        Refused for stocks that fall and for percentages: they hide who came and who left, and no model of adoption
        alone can fall.
        """
        one = self.series(unit)
        name = unit or self.units[0]
        if self.kind == "new":
            return one.assign(new=one["value"], adopters=one["value"].cumsum())[["period", "new", "adopters"]]
        falls = np.flatnonzero(one["value"].diff() < 0)
        if self.kind == "percent" or (self.kind == "stock" and len(falls)):
            first, then = one.iloc[falls[0] - 1:falls[0] + 1].itertuples(index=False) if len(falls) else (None, None)
            why = Said("falls, from {value:,g} in {period} to {value_2:,g} in {period_2}", value=first.value,
                       period=first.period, value_2=then.value, period_2=then.period) if first and then else Said(
                "is told in per cent")
            raise Refused("{name} {why}: it hides who came and who left, and no cumulative adoption curve can be fitted. "
                          "`letsdance adopters data` says what it does, `letsdance adopters calibrate` takes it as it is.",
                          name=name, why=why)
        return one.assign(new=one["value"].diff().fillna(one["value"]),
                          adopters=one["value"])[["period", "new", "adopters"]]

    def shapes(self, text: Text = IN_ENGLISH) -> pd.DataFrame:
        """One row a unit: what the series is, in numbers and in a sentence (`shape`)."""
        import pandas as pd

        return pd.DataFrame([{"unit": unit, **shape(self.series(unit), unit, self.kind, text)} for unit in self.units])

    def with_population(self, population: Mapping[str, float] | pd.Series) -> Counts:
        """The same with those at risk in each unit, checked."""
        for unit in self.units:
            if unit not in population:
                raise Refused("the population of {unit} is missing.{near}", unit=unit,
                              near=nearest(unit, map(str, population.keys())))
        frame = self.frame.assign(population=[float(population[unit]) for unit in self.frame["unit"]])
        table = tables.Table(Said("the table of {what}", what=Said("counts")), frame.set_axis(range(1, len(frame) + 1)),
                             row="row")
        _check_population(table, self.kind)
        return replace(self, frame=frame)


def read_counts(source: Any, kind: str | None = None, reading: Reading | None = None) -> Counts:
    """Counts by unit (may be left out) and period: in a column new, stock, cumulative or percent, which says what they
    are, or in a column count with `kind`; perhaps population and note. A count that nothing explains is a stock.
    """
    if kind is not None and kind not in KINDS:
        raise Refused("there is no kind of count {kind!r}.{near} Known: {known}.", kind=kind,
                      near=nearest(str(kind), KINDS), known=", ".join(KINDS))
    table = tables.read(source, COUNTS, reading)
    where, frame = table.where, table.frame
    name, said = _counted(table), list(table.said)
    if name != "count" and kind is not None and kind != name:
        raise Refused("{where}: the column {name} says that these are {kinds}, but kind is {kind}; change one.",
                      where=where, name=name, kinds=KINDS[name], kind=kind)
    if "unit" not in frame:
        frame["unit"] = "all"
    if name == "count" and kind is None and _signed(table, name):
        kind = "percent"
    high = 100 if (kind or name) == "percent" else np.inf

    def most(column: str) -> tables.Rule:
        return tables.Rule(column, lambda t: ~(tables.numbers(t[column]) > _MOST),
                           lambda row: Said("is more than there can be"))

    tables.check(table, [
        *tables.number(name, low=0, high=high, example="13"),
        tables.Rule("period", lambda t: ~t.duplicated(["unit", "period"]),
              lambda row: Said("is there already{of}; keep one row a unit and period", of=_of(row))),
        most(name), most("population"),
        tables.Rule("period", lambda t: ~(tables.numbers(t["period"]).abs() > statistics.LATEST),
                    lambda row: Said("is too far from 0 to be a period; give one such as 2004"))])
    tables.no_dates(table, "period", tables.numbers(frame["period"]))
    data = frame.assign(value=tables.numbers(frame[name]), period=tables.numbers(frame["period"]).astype(np.int64),
                        population=tables.numbers(frame["population"]) if "population" in frame else np.nan,
                        note=frame.get("note", ""))
    if (data.groupby("unit")["period"].diff() < 0).any():
        order = {unit: k for k, unit in enumerate(dict.fromkeys(data["unit"]))}
        data = data.sort_values(["unit", "period"], key=lambda one: one.map(order) if one.name == "unit" else one)
        said.append(Said("The rows are sorted by {column}.", column=table.name("period")))
    if (kind or name) == "percent" and 0 < data["value"].max() <= 1 and not _signed(table, name):
        said.append(Said("All are at most {most:g} %: if they are shares of 1, call the column share.",
                         most=float(data["value"].max())))
    falls = (data.groupby("unit")["value"].diff() < 0)
    chosen = kind or (name if name != "count" else "stock")
    if kind is None and name == "count":
        said.append(Said("The column count does not say what it counts; it is read as the cases active at the time (a "
                         "stock), because it falls. If it counts adoptions in each period, say kind new.") if falls.any()
                    else Said("The column count does not say what it counts; it is read as the cases active at the time (a "
                              "stock). If it counts adoptions in each period, say kind new."))
    if chosen == "cumulative":
        tables.check(table, [tables.Rule(name, lambda t: ~falls, lambda row: Said(
            "is lower than in the period before{of}, which a cumulative count cannot be; call it stock", of=_of(row)))])
    data = data[["unit", "period", "value", "population", "note"]]
    _check_population(replace(table, frame=data), chosen)
    return Counts(data.reset_index(drop=True), chosen, tuple(said))


def _counted(table: tables.Table) -> str:
    """The one column that holds counts, or `Refused`."""
    values, where, known = [name for name in (*KINDS, "count") if name in table.frame], table.where, ", ".join(KINDS)
    if len(values) == 1:
        return values[0]
    if values:
        raise Refused("{where}: give one column of counts, named for what it is: {known}; there are {there}.",
                      where=where, known=known, there=", ".join(values))
    if len(table.left) > 1:
        raise Refused("{where}: give one column of counts, named for what it is: {known}; {there} stand side by side, "
                      "so give a row a unit and period.", where=where, known=known, there=", ".join(table.left[:3]))
    raise Refused("{where}: give one column of counts, named for what it is: {known}.", where=where, known=known)


def _signed(table: tables.Table, name: str) -> bool:
    """Whether the cells of a column say per cent themselves."""
    return table.told is not None and bool(table.told[name].str.contains("%").any())


def _of(row: Mapping[str, Any]) -> str:
    """Whose row it is, where there are several units."""
    return "" if row["unit"] == "all" else Said(" of {unit}", unit=row["unit"])


def _check_population(table: tables.Table, kind: str) -> None:
    """Refuse a population at risk below the adopters."""
    if kind == "percent":
        return
    data = table.frame
    adopters = data.groupby("unit")["value"].cumsum() if kind == "new" else data["value"]
    tables.check(replace(table, frame=data.assign(adopters=adopters), kind=None), [tables.Rule(
        "population", lambda t: ~(t["population"] < t["adopters"]),
        lambda row: Said("is below the {adopters:,.12g} adopters{of} in {period}; give all who could adopt",
                         adopters=float(row["adopters"]), of=_of(row), period=row["period"]))])


def shape(series: pd.DataFrame, unit: str = "it", kind: str = "stock", text: Text = IN_ENGLISH) -> dict[str, Any]:
    """What a series is, without a model: its ends, its peak, how far it fell, its greatest step, and a sentence.

    Rates are a period of time, since counts may skip years. `saturates` says whether the last step was less than half
    the fastest; None where the series falls or is too short to tell.
    """
    period, value = series["period"].to_numpy(np.int64), series["value"].to_numpy(np.float64)
    unit = capital(unit)
    total = value.cumsum() if kind == "new" else value
    rate = np.diff(total) / np.diff(period)
    peak = int(total.argmax())
    fell = bool((np.diff(total) < 0).any())

    def n(number: float) -> str:
        number = round(number, 1)
        return text.part(number / 100) if kind == "percent" else text.number(number, 0 if number.is_integer() else 1)

    found: dict[str, Any] = {
        "kind": kind, "periods": len(period), "first": int(period[0]), "last": int(period[-1]),
        "at_first": float(total[0]), "at_last": float(total[-1]), "peak": float(total[peak]),
        "peak_period": int(period[peak]), "falls": fell, "saturates": None}
    if len(period) == 1:
        return found | {"says": text("report.data_shape_one", unit=unit, value=n(total[0]), period=period[0])}
    jumps = [] if kind == "new" else stocks.shocks(period, total, _whole(series, total, kind))
    if not fell:
        found["saturates"] = bool(rate[-1] < rate.max() / 2) if len(rate) >= 3 else None
    return found | {"says": _shaped(period, total, unit, kind, n, jumps, found["saturates"], text) + _noted(series, text)}


def _shaped(period: np.ndarray, total: np.ndarray, unit: str, kind: str, n: Callable[[float], str],
            jumps: list[stocks.Shock], slows: bool | None, text: Text) -> str:
    """The sentence of `shape`, without its end."""
    peak = int(total.argmax())
    low = peak + int(total[peak:].argmin())
    ends: dict[str, Any] = {"unit": unit, "low": n(total[0]), "first": period[0], "high": n(total[-1]), "last": period[-1]}
    told = [_jumped(one, kind, n, text) for one in jumps]
    if not (np.diff(total) < 0).any():
        ends["what"] = text(f"report.data_what_{kind}")
        if total[peak] == total[0]:
            return text("report.data_shape_stay", value=n(total[0]), **ends).removesuffix(".")
        end = {True: "slows", False: "goes_on", None: "few"}[slows]
        return text("report.semicolon").join([text("report.data_shape_rise", **ends),
                                              *(told or [text(f"report.data_shape_{end}")])])
    of = "share" if kind == "percent" else "stock"
    if low > peak:
        ends |= {"low": n(total[peak]), "first": period[peak], "high": n(total[low]), "last": period[low]}
    parts = [text(f"report.data_shape_{'falls' if low > peak else 'bumps'}_{of}", **ends)]
    if low > peak and period[-1] != period[low]:
        parts.append(text("report.data_shape_then", value=n(total[-1]), period=period[-1]))
    left = total[peak] - total[-1]
    gave_up = [text("report.data_shape_gave_up", n=n(left))] if left > 0 and kind == "stock" else []
    return text("report.semicolon").join([*parts, *told, *gave_up])


def _noted(series: pd.DataFrame, text: Text) -> str:
    """Notes of the table, as they stand there, with their periods, and the end of the sentence."""
    noted: dict[str, list[str]] = {}
    for at, note in zip(series["period"], series.get("note", [""] * len(series)), strict=True):
        if note:
            noted.setdefault(note, []).append(str(at))
    return "".join(text("report.semicolon") + text("report.data_shape_then", value=note, period=text.listed(at))
                   for note, at in noted.items()) + "."


def _whole(series: pd.DataFrame, total: np.ndarray, kind: str) -> float:
    """What a share of 1 is: 100 %, those who could, or where nobody says how many could, the most there ever were."""
    if kind == "percent":
        return 100.0
    could = series["population"].max() if "population" in series else np.nan
    return float(could) if could > 0 else float(max(total.max(), 1.0))


def _jumped(one: stocks.Shock, kind: str, n: Callable[[float], str], text: Text) -> str:
    move = one.after - one.before
    size = text.in_points(text.short(round(abs(move), 1))) if kind == "percent" else n(abs(move))
    return text("report.data_shape_rose" if move > 0 else "report.data_shape_fell", first=one.start, last=one.end,
                size=size)


def read_population(source: Any, reading: Reading | None = None, said: list[str] | None = None) -> dict[str, float]:
    """Those at risk: unit and population, one row a unit. said: a list that takes what was decided in reading."""
    table = tables.read(source, POPULATION, reading)
    frame = table.frame
    tables.check(table, [tables.once(["unit"])])
    if said is not None:
        said += table.said
    return dict(zip(frame["unit"], tables.numbers(frame["population"]), strict=True))


__all__ = ["KINDS", "Counts", "read_counts", "read_population", "shape"]
