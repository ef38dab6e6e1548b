"""Data in: times of adoption, networks, yearly counts, populations at risk and surveys of willingness, each checked.

A table is a CSV file's path or a pandas DataFrame. What is wrong with it is refused in one sentence that names the first
bad row (line 1 is the header) and counts the others; `Invalid.report` lists them all, a row each.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from experiments.adopters import statistics
from params import Refused, nearest

if TYPE_CHECKING:
    import pandas as pd

    from scenarios import Scenario
    from simulation.run import Result

#: The series that ship, and the file that holds each (sources in facts/README.md).
_SHIPPED = {"bass_example": "ten years of sales, the Bass example series",
            "participatory_budgeting": "active municipal participatory budgets in Brazil, Poland and Portugal",
            "eu27_home_working": "employed persons in the EU27 who work from home, %"}
#: What a count can be, and what it says.
KINDS = {"new": "adoptions in each period", "stock": "cases active at the time",
         "cumulative": "all who have ever adopted by then", "percent": "active cases, % of those who could"}
_ALIASES = {
    "node": ("name", "id", "municipality"), "time": ("toa", "year", "period", "quarter", "adopted_at"),
    "adopted": ("event", "status"), "category": ("group",), "innovativeness": (),
    "source": ("from", "ego"), "target": ("to", "alter"), "weight": ("value",),
    "period": ("year", "quarter", "t", "time"), "unit": ("place", "municipality", "state", "country", "name"),
    "new": ("sales", "adoptions"), "stock": ("active",), "cumulative": ("ever",), "percent": (), "count": (),
    "population": ("at_risk",), "note": (), "role": (), "willingness": (), "municipality": ("name", "place"),
}
_ROLES = {"citizen": ("citizen", "citizens", "resident"),
          "official": ("official", "officials", "government", "civil servant")}
_YES, _NO = ("1", "1.0", "yes", "true"), ("0", "0.0", "no", "false")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*|.*[A-Za-z]{3,}.*\d.*|.*\d.*[A-Za-z]{3,}.*")


class Invalid(Refused):
    """A table that cannot be used: one sentence, and `report`, a row each problem: line, column, value, problem."""

    def __init__(self, sentence: str, report: pd.DataFrame) -> None:
        super().__init__(sentence)
        self.report = report


# ---------------------------------------------------------------- reading and checking

@dataclass(frozen=True)
class _Rule:
    """What must hold of a column in every row, and the words for a row in which it does not."""

    column: str
    holds: Callable[[pd.DataFrame], Any]        # the whole table -> bool a row
    says: Callable[[pd.Series], str]            # a bad row -> what is wrong and what to do


def _table(source: Any, what: str, needed: Sequence[str], optional: Sequence[str]) -> tuple[str, pd.DataFrame]:
    """The table's name in sentences, and its columns as stripped text; the index is the line of the file."""
    import pandas as pd

    if isinstance(source, pd.DataFrame):
        where = f"the table of {what}"
        frame = source.copy()
        frame.columns = [str(name) for name in frame.columns]
        frame.index = pd.RangeIndex(1, len(frame) + 1)
        known = {name: frame[name].map(_text) for name in frame.columns}
        frame = pd.DataFrame(known, index=frame.index, dtype=str)
    else:
        where, frame = str(source), _csv(Path(source), what, needed)
    columns: dict[str, str] = {}
    choice = (*needed, *optional)
    for column in frame.columns:
        word = column.strip().lower().replace(" ", "_")
        name = word if word in choice else next((n for n in choice if word in _ALIASES.get(n, ())), None)
        if name is None:
            raise Refused(f"{where}: there is no column {column!r} in a table of {what}.{nearest(word, choice)} "
                          f"Known: {', '.join(choice)}.")
        if name in columns.values():
            raise Refused(f"{where}: the column {name} is there twice; keep one.")
        columns[column] = name
    frame = frame.rename(columns=columns)
    for name in needed:
        if name not in frame:
            raise Refused(f"{where}: the column {name} is missing; a table of {what} needs {' and '.join(needed)}.")
    if not len(frame):
        raise Refused(f"{where} has no rows; give at least one below the header.")
    return where, frame


def _text(value: Any) -> str:
    """A cell as it would stand in a file: nothing for what is missing, no .0 after whole numbers."""
    import pandas as pd

    if value is None or pd.isna(value):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _csv(path: Path, what: str, needed: Sequence[str]) -> pd.DataFrame:
    """A CSV file as text, separated by comma, semicolon or tab; the index is the line. Blank lines are left out."""
    import pandas as pd

    example = f"give a CSV of {what} with the columns {' and '.join(needed)}."
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline()
            file.seek(0)
            reader = csv.reader(file, delimiter=max(",;\t", key=header.count))
            rows = [(reader.line_num, row) for row in reader if any(row)]
    except FileNotFoundError:
        raise Refused(f"there is no file {path}; {example}") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Refused(f"{path} cannot be read as CSV: {error}.") from None
    if not rows:
        raise Refused(f"{path} is empty; {example}")
    names = [name.strip() for name in rows[0][1]]
    for line, row in rows[1:]:
        if len(row) != len(names):
            raise Refused(f"{path}, line {line}: a row of {len(row)} under a header of {len(names)}; check the commas.")
    for name in names:
        if names.count(name) > 1:
            raise Refused(f"{path}: the column {name} is there twice; keep one.")
    columns = zip(*(row for _, row in rows[1:]), strict=True) if len(rows) > 1 else [()] * len(names)
    return pd.DataFrame({name: [cell.strip() for cell in column] for name, column in zip(names, columns, strict=True)},
                        index=[line for line, _ in rows[1:]], dtype=str)


def _check(where: str, frame: pd.DataFrame, rules: Iterable[_Rule]) -> None:
    """Refuse a table in which a rule does not hold: pandera finds every bad row, this names the first."""
    import pandas as pd
    import pandera.pandas as pa

    rules = [rule for rule in rules if rule.column in frame]
    columns: dict[str, list[pa.Check]] = {}
    for k, rule in enumerate(rules):
        held = pd.Series(np.asarray(rule.holds(frame), bool), index=frame.index)
        columns.setdefault(rule.column, []).append(pa.Check(lambda series, held=held: held, error=str(k)))
    schema = pa.DataFrameSchema({name: pa.Column(None, checks, nullable=True) for name, checks in columns.items()})
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        bad = errors.failure_cases.assign(rule=lambda t: t["check"].astype(int)).sort_values(["index", "rule"])
        rows = [(int(line), rules[k].column, _text(frame.at[line, rules[k].column]), rules[k].says(frame.loc[line]))
                for line, k in zip(bad["index"], bad["rule"], strict=True)]
        report = pd.DataFrame(rows, columns=["line", "column", "value", "problem"])
        line, column, value, problem = rows[0]
        place = "row" if where.startswith("the table") else "line"
        more = report["line"].nunique() - 1
        others = f" ({more} more {'row has' if more == 1 else 'rows have'} problems.)" if more else ""
        raise Invalid(f"{where}, {place} {line}: {column} {value!r} {problem}.{others}", report) from None


def _numbers(column: pd.Series) -> pd.Series:
    """float64: NaN for what is blank or no number."""
    import pandas as pd

    return pd.to_numeric(column.where(column != "", "nan"), errors="coerce").astype(np.float64)


def _number(name: str, low: float = -np.inf, high: float = np.inf, whole: bool = False, blank: bool = False,
            example: str = "2004") -> list[_Rule]:
    """A column of numbers within a range."""
    kind = "a whole number" if whole else "a number"
    reach = (f" from {low:,g} to {high:,g}" if np.isfinite(high) else f" from {low:,g}") if np.isfinite(low) else ""

    def holds(frame: pd.DataFrame) -> Any:
        values = _numbers(frame[name])
        good = values.between(low, high) & np.isfinite(values) & ((values == values.round()) if whole else True)
        return good | ((frame[name] == "") if blank else False)

    def says(row: pd.Series) -> str:
        text = row[name]
        if text == "":
            return f"is missing; give {kind}{reach}, such as {example}"
        if _DATE.fullmatch(text):
            return f"is text or a date written as text; give {kind}{reach}, such as {example}"
        return f"must be {kind}{reach}, such as {example}"

    return [_Rule(name, holds, says)]


def _given(name: str) -> _Rule:
    return _Rule(name, lambda frame: frame[name] != "", lambda row: "is missing")


def _once(names: list[str], why: str) -> _Rule:
    """Rows that say the same of these columns as an earlier row."""
    return _Rule(names[0], lambda frame: ~frame.duplicated(names), lambda row: f"is there already{why}; keep one row")


# ---------------------------------------------------------------- times of adoption and networks

@dataclass(frozen=True, eq=False)
class Adoption:
    """Who adopted when, and who looks at whom. n nodes, T periods."""

    nodes: tuple[str, ...]
    times: np.ndarray                                # float64[n], NaN: not by then (censored)
    seen_until: np.ndarray                           # float64[n], the last period in which each was observed
    periods: np.ndarray                              # int64[T]
    network: tuple[sparse.csr_array, ...] | None = None  # one for all periods, or one a period
    innovativeness: np.ndarray | None = None         # float64[n]
    groups: tuple[str, ...] | None = None            # categories known before anybody adopts
    said: tuple[str, ...] = ()                       # what was assumed on the way in

    @property
    def span(self) -> dict[str, Any]:
        """The first and last period, as the statistics take them."""
        return {"first": int(self.periods[0]), "last": int(self.periods[-1])}

    @property
    def matrix(self) -> Any:
        """The network as the statistics take it; `Refused` where there is none."""
        if self.network is None:
            raise Refused("this needs a network; give edges (--edges EDGES.csv, with the columns source and target).")
        return self.network[0] if len(self.network) == 1 else list(self.network)


def read_times(source: Any, edges: Any = None, first: int | None = None, last: int | None = None) -> Adoption:
    """Times of adoption: node and time (blank: not yet), perhaps adopted (0: not yet, time is when last seen), category,
    innovativeness; and edges as of `read_edges`. first, last: the periods, those of the times if not given.
    """
    where, frame = _table(source, "times", ("node", "time"), ("adopted", "category", "innovativeness"))
    rules = [_given("node"), _once(["node"], ": a node adopts once"), *_number("time", whole=True, blank=True),
             *_number("innovativeness", example="0.7"), _given("category"),
             _Rule("adopted", lambda t: t["adopted"].str.lower().isin((*_YES, *_NO)), lambda row: "must be 1 or 0")]
    if "adopted" in frame:
        rules.append(_Rule("time", lambda t: (t["time"] != "") | ~t["adopted"].str.lower().isin(_YES),
                           lambda row: "is missing, but adopted is 1; give the period of adoption"))
    if first is not None:
        rules.append(_Rule("time", lambda t: ~(_numbers(t["time"]) < first),
                           lambda row: f"is before the first period {first}; choose an earlier one, or take the row out"))
    if last is not None:
        rules.append(_Rule("time", lambda t: ~(_numbers(t["time"]) > last),
                           lambda row: f"is after the last period {last}; choose a later last period, or leave the time "
                           "blank: not by then"))
    _check(where, frame, rules)
    time = _numbers(frame["time"]).to_numpy()
    adopted = ~np.isnan(time)
    if "adopted" in frame:
        adopted &= frame["adopted"].str.lower().isin(_YES).to_numpy()
    row = "row" if where.startswith("the table") else "line"
    if not adopted.any():
        raise Refused(f"{where}: nobody adopts ({row}s {frame.index[0]} to {frame.index[-1]} are all without a time of "
                      f"adoption), so there is nothing to describe.")
    if adopted.sum() == 1:
        only = int(adopted.argmax())
        raise Refused(f"{where}, {row} {frame.index[only]}: {frame['node'].to_numpy()[only]} is the only adopter; "
                      f"statistics of adoption need at least two.")
    latest = int(np.nanmax(time)) if last is None else last
    labels = statistics.periods(np.where(adopted, time, np.nan), first, latest)
    nodes = tuple(frame["node"].tolist())
    said = []
    if not adopted.all():
        count = int((~adopted).sum())
        said.append(f"{count} of {len(nodes)} nodes had not adopted by the end and are censored, not counted as late.")
    return Adoption(
        nodes, np.where(adopted, time, np.nan), np.where(np.isnan(time) | adopted, latest, time).astype(np.float64),
        labels, None if edges is None else read_edges(edges, nodes, labels),
        _numbers(frame["innovativeness"]).to_numpy() if "innovativeness" in frame else None,
        tuple(frame["category"]) if "category" in frame else None, tuple(said))


def read_edges(source: Any, nodes: Sequence[str], periods: np.ndarray) -> tuple[sparse.csr_array, ...]:
    """Ties: source (who looks), target (at whom), perhaps weight (1) and period. One matrix, or one a period."""
    import pandas as pd

    where, frame = _table(source, "edges", ("source", "target"), ("weight", "period"))
    index = pd.Index(nodes)
    place = {name: index.get_indexer(frame[name]) for name in ("source", "target")}
    inside = f" from {periods[0]} to {periods[-1]}"

    def known(name: str) -> _Rule:
        return _Rule(name, lambda frame: (place[name] >= 0) | (frame[name] == "").to_numpy(),
                     lambda row: f"is no node of the table of times.{nearest(row[name], nodes)}"
                     " Add it there, or take the tie out")

    _check(where, frame, [
        _given("source"), _given("target"), known("source"), known("target"),
        _once([n for n in ("source", "target", "period") if n in frame], ": this tie was in an earlier row"),
        *_number("weight", low=0, example="1"),
        *_number("period", low=int(periods[0]), high=int(periods[-1]), whole=True, example=str(periods[0])),
    ] if len(frame) else ())
    n, weight = len(nodes), (_numbers(frame["weight"]).to_numpy() if "weight" in frame else np.ones(len(frame)))
    if "period" not in frame:
        return (sparse.csr_array((weight, (place["source"], place["target"])), shape=(n, n)),)
    at = _numbers(frame["period"]).to_numpy().astype(np.int64) - periods[0]
    if not len(np.unique(at)) > 1:
        raise Refused(f"{where}: all ties are of one period{inside}; leave the column period out for a network that stays.")
    return tuple(sparse.csr_array((weight[at == t], (place["source"][at == t], place["target"][at == t])), shape=(n, n))
                 for t in range(len(periods)))


def from_result(result: Result, run: int = 0) -> Adoption:
    """A run of our model: when each government first adopted (quarters from 0), at whom it looks, its innovativeness.

    Ties are those that the model uses: peers both ways, and exchange ties one way while the lever for them is on; a
    government that is both a peer and an exchange partner counts twice among the weights, as in the model.
    """
    from simulation import schedule as environment
    from simulation.run import CATEGORIES
    from simulation.society import Society

    if isinstance(run, bool) or not 0 <= run < result.runs:
        raise Refused(f"run must be a whole number from 0 to {result.runs - 1}, not {run!r}.")
    schedule = environment.build(result.scenario)
    state = Society(result.places, schedule, int(result.seeds[run])).state
    M = len(result.places)
    source = np.repeat(np.arange(M), np.diff(state.peer_ties.astype(np.int64)))
    target = state.peers[:len(source)].astype(np.int64)
    extra = np.minimum(2, schedule["long_ties"].astype(np.int64)) if M > 1 else np.zeros(len(schedule), np.int64)
    made = {}
    for count in np.unique(extra):
        rows = np.concatenate([source, np.repeat(np.arange(M), count)])
        columns = np.concatenate([target, state.exchange[:, :count].astype(np.int64).ravel()])
        made[count] = sparse.csr_array(sparse.coo_array((np.ones(len(rows)), (rows, columns)), shape=(M, M)))
    slices = tuple(made[count] for count in extra)
    names = list(CATEGORIES)
    times = np.asarray(result.adopted_at[run], np.float64)
    return Adoption(
        tuple(result.places.names), times, np.full(M, float(result.quarters)), np.arange(result.quarters + 1),
        slices[:1] if len(made) == 1 else slices, np.asarray(state.governments["innovativeness"], np.float64).copy(),
        tuple(names[c].replace("_", " ") for c in result.category[run]),
        (f"Run {run + 1} of {result.runs} of {result.scenario.title}, seed {int(result.seeds[run])}; periods are quarters.",
         "Who gave the innovation up again still counts as having adopted it once."))


# ---------------------------------------------------------------- yearly counts

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
            raise Refused(f"there is no unit {unit!r}.{nearest(str(unit), self.units)} Known: {', '.join(self.units)}.")
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
        if self.kind == "percent" or (self.kind == "stock" and (one["value"].diff() < 0).any()):
            raise Refused(f"{shape(one, name, self.kind)['says']} No cumulative adoption curve can be fitted.")
        return one.assign(new=one["value"].diff().fillna(one["value"]),
                          adopters=one["value"])[["period", "new", "adopters"]]

    def shapes(self) -> pd.DataFrame:
        """One row a unit: what the series is, in numbers and in a sentence (`shape`)."""
        import pandas as pd

        return pd.DataFrame([{"unit": unit, **shape(self.series(unit), unit, self.kind)} for unit in self.units])

    def with_population(self, population: Mapping[str, float] | pd.Series) -> Counts:
        """The same with those at risk in each unit, checked."""
        for unit in self.units:
            if unit not in population:
                raise Refused(f"the population of {unit} is missing.{nearest(unit, map(str, population.keys()))}")
        frame = self.frame.assign(population=[float(population[unit]) for unit in self.frame["unit"]])
        _check_population("the table of counts", frame.set_axis(range(1, len(frame) + 1)), self.kind)
        return replace(self, frame=frame)


def read_counts(source: Any, kind: str | None = None) -> Counts:
    """Counts by unit (may be left out) and period: in a column new, stock, cumulative or percent, which says what they
    are, or in a column count with `kind`; perhaps population and note. A count that nothing explains is a stock.
    """
    if kind is not None and kind not in KINDS:
        raise Refused(f"there is no kind of count {kind!r}.{nearest(str(kind), KINDS)} Known: {', '.join(KINDS)}.")
    where, frame = _table(source, "counts", ("period",), ("unit", *KINDS, "count", "population", "note"))
    values = [name for name in (*KINDS, "count") if name in frame]
    if len(values) != 1:
        raise Refused(f"{where}: give one column of counts, named for what it is: {', '.join(KINDS)}"
                      + (f"; there are {' and '.join(values)}." if values else "."))
    name, said = values[0], []
    if name != "count" and kind is not None and kind != name:
        raise Refused(f"{where}: the column {name} says that these are {KINDS[name]}, but kind is {kind}; change one.")
    if "unit" not in frame:
        frame["unit"] = "all"
    high = 100 if (kind or name) == "percent" else np.inf

    def in_order(frame: pd.DataFrame) -> Any:
        return ~(_numbers(frame["period"]).groupby(frame["unit"]).diff() < 0)

    _check(where, frame, [
        _given("unit"), *_number("period", whole=True), *_number(name, low=0, high=high, example="13"),
        _Rule("period", lambda t: ~t.duplicated(["unit", "period"]),
              lambda row: f"is there already for {row['unit']}; keep one row a unit and period"),
        _Rule("period", in_order, lambda row: f"comes after a later one of {row['unit']}; sort the rows by period"),
        *_number("population", low=0, blank=True, example="2175")])
    data = frame.assign(value=_numbers(frame[name]), period=_numbers(frame["period"]).astype(np.int64),
                        population=_numbers(frame["population"]) if "population" in frame else np.nan,
                        note=frame.get("note", ""))
    falls = (data.groupby("unit")["value"].diff() < 0)
    chosen = kind or (name if name != "count" else "stock")
    if kind is None and name == "count":
        said.append("The column count does not say what it counts; it is read as the cases active at the time (a stock)"
                    + (", because it falls" if falls.any() else "") + ". If it counts adoptions in each period, say "
                    "kind new.")
    if chosen == "cumulative":
        _check(where, frame, [_Rule(name, lambda t: ~falls, lambda row: f"is lower than in the period before in "
                                    f"{row['unit']}, which a cumulative count cannot be; call it stock")])
    data = data[["unit", "period", "value", "population", "note"]]
    _check_population(where, data, chosen)
    return Counts(data.reset_index(drop=True), chosen, tuple(said))


def _check_population(where: str, data: pd.DataFrame, kind: str) -> None:
    """Refuse a population at risk below the adopters."""
    if kind == "percent":
        return
    adopters = data.groupby("unit")["value"].cumsum() if kind == "new" else data["value"]
    _check(where, data.assign(adopters=adopters), [_Rule(
        "population", lambda t: ~(t["population"] < t["adopters"]),
        lambda row: f"is below the {row['adopters']:g} adopters of {row['unit']} in {row['period']}; "
                    f"give all who could adopt")])


def shape(series: pd.DataFrame, unit: str = "it", kind: str = "stock") -> dict[str, Any]:
    """What a series is, without a model: its ends, its peak, how far it fell, its greatest step, and a sentence.

    Rates are a period of time, since counts may skip years. `saturates` says whether the last step was less than half
    the fastest; None where the series falls or is too short to tell.
    """
    period, value = series["period"].to_numpy(np.int64), series["value"].to_numpy(np.float64)
    unit = unit[:1].upper() + unit[1:]
    sign = " %" if kind == "percent" else ""
    total = value.cumsum() if kind == "new" else value
    rate = np.diff(total) / np.diff(period)
    peak = int(total.argmax())
    fell = bool((np.diff(total) < 0).any())
    low = peak + int(total[peak:].argmin())

    def n(number: float) -> str:
        return f"{number:,.1f}".removesuffix(".0") + sign

    def points(number: float) -> str:
        return n(number).removesuffix(sign) + (" points" if sign else "")

    found: dict[str, Any] = {
        "kind": kind, "periods": len(period), "first": int(period[0]), "last": int(period[-1]),
        "at_first": float(total[0]), "at_last": float(total[-1]), "peak": float(total[peak]),
        "peak_period": int(period[peak]), "falls": fell, "saturates": None}
    if len(period) == 1:
        return found | {"says": f"{unit}: {n(total[0])} in {period[0]}, one period, so no curve."}
    step = int(np.diff(total).argmax())
    rise = total[peak] - total[0]
    jump = np.diff(total)[step] / rise if rise > 0 else 0.0
    if not fell:
        whole = "adopters in all" if kind == "new" else KINDS[kind].split(",")[0]
        found["saturates"] = bool(rate[-1] < rate.max() / 2) if len(rate) >= 3 else None
        end = {True: "the last step is less than half as fast as the fastest, so growth is slowing",
               False: "it still rises at more than half its fastest, so where it will end cannot be read from it",
               None: "too few steps to say whether it slows"}[found["saturates"]]
        return found | {"says": f"{unit}: {whole} rise from {n(total[0])} in {period[0]} to {n(total[-1])} in "
                                f"{period[-1]}; {end}."}
    left = total[peak] - total[-1]
    parts = [f"{unit}: {'a share' if kind == 'percent' else 'a stock of active cases'} that falls, from {n(total[peak])} "
             f"in {period[peak]} to {n(total[low])} in {period[low]}"] if low > peak else [
             f"{unit}: {'a share' if kind == 'percent' else 'a stock of active cases'} with falls on the way, from "
             f"{n(total[0])} in {period[0]} to {n(total[-1])} in {period[-1]}"]
    if low > peak and period[-1] != period[low]:
        parts.append(f"{n(total[-1])} in {period[-1]}")
    if jump > 0.5 and len(rate) >= 4:
        parts.append(f"{points(np.diff(total)[step])} of its rise of {points(rise)} came in one step, from "
                     f"{period[step]} to {period[step + 1]}: a shock, not an S-curve")
    if left > 0 and kind == "stock":
        parts.append(f"at least {n(left)} gave it up again, and those who came in between hide more")
    notes = [f"{note} in {at}" for at, note in zip(period, series["note"], strict=True) if note] \
        if "note" in series else []
    return found | {"says": "; ".join(parts + notes) + "."}


def read_population(source: Any) -> dict[str, float]:
    """Those at risk: unit and population, one row a unit."""
    where, frame = _table(source, "population", ("unit", "population"), ())
    _check(where, frame, [_given("unit"), _once(["unit"], ""), *_number("population", low=1, example="2175")])
    return dict(zip(frame["unit"], _numbers(frame["population"]), strict=True))


# ---------------------------------------------------------------- surveys

@dataclass(frozen=True, eq=False)
class Survey:
    """Answers about willingness, as shares 0-1, and what they say of a start."""

    frame: pd.DataFrame      # role (citizen, official), willingness 0-1, municipality ('' if not asked)
    said: tuple[str, ...]

    def start(self) -> dict[str, float]:
        """C, the citizens' mean, and G, the officials'; who was not asked is left out."""
        means = self.frame.groupby("role")["willingness"].mean()
        return {symbol: float(means[role]) for symbol, role in (("C", "citizen"), ("G", "official")) if role in means}

    def scenario(self, base: str | Path | Scenario = "lets_dance", name: str = "survey") -> Scenario:
        """A scenario that starts where the answers are; all else is as in the base."""
        import scenarios

        story, at = scenarios.load(base), self.start()
        asked = self.frame["role"].value_counts()
        told = " and ".join(f"{asked[role]} {role}{'s' if asked[role] > 1 else ''}" for role in _ROLES if role in asked)
        return replace(story, name=name, title="Start from a survey", C=at.get("C", story.C), G=at.get("G", story.G),
                       says=f"Starts at the mean willingness of {told}; all else as in {story.title}.")

    def towns(self, population: Mapping[str, float] | int) -> pd.DataFrame:
        """A table of municipalities for `simulate(municipalities=...)`; population: citizens of each, or of all."""
        import pandas as pd

        named = self.frame[self.frame["municipality"] != ""]
        if not len(named):
            raise Refused("the survey does not name municipalities; add the column municipality, or use scenario().")
        means = named.pivot_table("willingness", "municipality", "role", aggfunc="mean", sort=False)
        for town in means.index:
            if not isinstance(population, int) and town not in population:
                raise Refused(f"the population of {town} is missing.{nearest(town, map(str, population))}")
        return pd.DataFrame({
            "name": means.index,
            "citizens": [int(population if isinstance(population, int) else population[t]) for t in means.index],
            "willingness": means.get("citizen", np.nan), "government_willingness": means.get("official", np.nan),
        }).reset_index(drop=True)


def read_survey(source: Any, scale: str | None = None) -> Survey:
    """Answers: role (citizen or official) and willingness, from 0 to 1 or on a Likert scale 1-5; perhaps municipality.

    scale: "share" or "likert"; recognised if not given, and said. On a Likert scale 1 is 0, 3 is .5 and 5 is 1.
    """
    if scale not in (None, "share", "likert"):
        raise Refused(f"there is no scale {scale!r}. Known: share (0 to 1) and likert (1 to 5).")
    where, frame = _table(source, "answers", ("role", "willingness"), ("municipality",))
    role_of = {word: role for role, words in _ROLES.items() for word in words}
    values = _numbers(frame["willingness"])
    said = []
    if scale is None:
        share, likert = values.dropna().between(0, 1).all(), values.dropna().isin(range(1, 6)).all()
        if share and likert:
            raise Refused(f"{where}: every willingness is 1, which is most on a scale 0-1 and least on 1-5; say which, "
                          f"scale share or likert.")
        scale = "likert" if likert or values.max() > 1.5 else "share"
        said.append("Willingness is read as " + ("a Likert scale, 1 (least) to 5 (most)." if scale == "likert" else
                                                 "a share, 0 (least) to 1 (most)."))
    low, high = (1, 5) if scale == "likert" else (0, 1)
    _check(where, frame, [
        _Rule("role", lambda t: t["role"].str.lower().isin(role_of), lambda row: "must be citizen or official"
              + nearest(row["role"], role_of).rstrip("?").replace(" Did you mean", ", perhaps")),
        *_number("willingness", low=low, high=high, whole=scale == "likert", example="4" if scale == "likert" else "0.6"),
        _given("municipality")])
    said.append("A survey says what people answer, not what they do: it is a start to explore from, and no measurement "
                "of C and G.")
    return Survey(frame.assign(role=frame["role"].str.lower().map(role_of), willingness=(values - low) / (high - low),
                               municipality=frame.get("municipality", ""))
                  [["role", "willingness", "municipality"]].reset_index(drop=True), tuple(said))


# ---------------------------------------------------------------- what ships

def examples() -> dict[str, str]:
    """The series that ship: name and what it is. Sources stand in facts/README.md of this package."""
    return dict(_SHIPPED)


def example(name: str) -> Counts:
    """A series that ships, read as any CSV of counts is."""
    if name not in _SHIPPED:
        raise Refused(f"there is no example {name!r}.{nearest(name, _SHIPPED)} Known: {', '.join(_SHIPPED)}.")
    from importlib.resources import as_file

    with as_file(files(__package__).joinpath("facts", f"{name}.csv")) as path:
        return read_counts(path)


__all__ = ["KINDS", "Adoption", "Counts", "Invalid", "Survey", "example", "examples", "from_result",
           "read_counts", "read_edges", "read_population", "read_survey", "read_times", "shape"]
