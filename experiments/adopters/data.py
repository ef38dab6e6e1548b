"""Data in, person by person: times of adoption with their networks, each checked.

A table is a file's path, an upload or a pandas DataFrame (`scenarios.tables`); arrays and matrices come in by
`from_arrays`. Counts by year or place: `counts`. Answers: `surveys`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from letsdance.experiments.adopters import statistics
from letsdance.experiments.adopters.codes import coded, far_away, far_codes
from letsdance.experiments.adopters.surveys import Survey, read_survey
from letsdance.params import Refused, Said, nearest
from letsdance.scenarios import tables
from letsdance.scenarios.tables import Invalid, Reading
from letsdance.scenarios.tables.kinds import EDGES, TIMES
from letsdance.scenarios.tables.wide import NO, YES

if TYPE_CHECKING:
    from letsdance.simulation.run import Result

#: Columns that say in which wave of a survey a row was asked.
_WAVES = ("time", "wave", "round", "year", "survey", "survey_year", "period")


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


def read_times(source: Any, edges: Any = None, first: int | None = None, last: int | None = None, *,
               never: Sequence[str] = (), group: str | None = None, reading: Reading | None = None) -> Adoption:
    """Times of adoption: node and time (blank or NA: not yet), perhaps adopted (0: not yet, time is when last seen),
    category, innovativeness; and edges as of `read_edges`. first, last: the periods, those of the times if not given.

    never: codes that say "not by then", such as 9999 ('none': no code is one). group: the column within which nodes have
    names of their own; a node is then called GROUP/NODE.
    """
    sheet = tables.open_sheet(source, "times", Said("give a CSV of times with the columns node and time"), reading,
                              tables.fits(TIMES))
    table = tables.read(sheet, TIMES, reading, [group] if group else ())
    where, said = table.where, list(table.said)
    if group is not None:
        _within(table, group)
    coded(table, never, first, last)
    table, waves = _one_wave(table, sheet)
    table, panel = _one_spell(table)
    frame = table.frame
    said += waves + panel
    tables.check(table, _time_rules(table, _group_hint(table, sheet, group), first, last))
    known = tables.numbers(frame["time"])
    tables.no_dates(table, "time", known)
    time = known.to_numpy()
    adopted = ~np.isnan(time)
    if "adopted" in frame:
        adopted &= frame["adopted"].str.lower().isin(YES).to_numpy()
    if not adopted.any():
        raise Refused("{where}: nobody adopts (from {row} {first} to {last} all are without a time of adoption), so there "
                      "is nothing to describe.", where=where, row=table.row, first=frame.index[0], last=frame.index[-1])
    if adopted.sum() == 1:
        only = int(adopted.argmax())
        raise Refused("{where}, {row} {index}: {node} is the only adopter; statistics of adoption need at least two.",
                      where=where, row=table.row, index=frame.index[only], node=frame["node"].to_numpy()[only])
    latest = int(np.nanmax(time)) if last is None else last
    labels = statistics.periods(np.where(adopted, time, np.nan), first, latest)
    nodes = tuple(frame["node"].tolist())
    said += far_away(table, time)
    if not adopted.all():
        said.append(Said("{n:,} of {of:,} nodes had not adopted by the end and are censored, not counted as late.",
                         n=int((~adopted).sum()), of=len(nodes)))
    ties = None
    if edges is not None:
        ties, told = _edges(edges, nodes, labels, group, reading)
        said += told
    return Adoption(
        nodes, np.where(adopted, time, np.nan), np.where(np.isnan(time) | adopted, latest, time).astype(np.float64),
        labels, ties, tables.numbers(frame["innovativeness"]).to_numpy() if "innovativeness" in frame else None,
        tuple(frame["category"]) if "category" in frame else None, tuple(said))


def _time_rules(table: tables.Table, hint: str, first: int | None, last: int | None) -> list[tables.Rule]:
    """What a table of times must keep to. hint: how to name what is unique only within groups."""
    called = table.name
    rules = [tables.once(["node"], Said(": a node adopts once{hint}", hint=hint)),
             tables.Rule("time", lambda t: ~(tables.numbers(t["time"]).abs() > statistics.LATEST),
                         lambda row: Said("is too far from 0 to be a period; give one such as 2004")),
             tables.Rule("adopted", lambda t: t["adopted"].str.lower().isin({*YES, *NO} - {""}),
                         lambda row: Said("must be 1 or 0"))]
    if "adopted" in table.frame:
        rules.append(tables.Rule("time", lambda t: (t["time"] != "") | ~t["adopted"].str.lower().isin(YES),
                                 lambda row: Said("is missing, but {column} is {value}; give the period of adoption",
                                                  column=called("adopted"), value=row["adopted"])))
    if first is not None:
        rules.append(tables.Rule("time", lambda t: ~(tables.numbers(t["time"]) < first),
                                 lambda row: Said("is before the first period {first}; choose an earlier one, or take the "
                                                  "row out", first=first)))
    if last is not None:
        rules.append(tables.Rule("time", lambda t: ~(tables.numbers(t["time"]) > last),
                                 lambda row: Said("is after the last period {last}; choose a later last period, or leave "
                                                  "the {column} blank: not by then", last=last, column=called("time"))))
    return rules


def _within(table: tables.Table, group: str, columns: Sequence[str] = ("node",)) -> None:
    """Names of nodes with that of their group before them, since they are unique only within it."""
    by = next((name for name, column in table.called.items()
               if tables.plain_name(group) in (name, tables.plain_name(column))), None)
    if by is None:
        raise Refused("{where}: there is no column {group!r} to group by.{near}", where=table.where, group=group,
                      near=nearest(group, [*table.called.values(), *table.left]))
    tables.check(table, [tables.given(by, Said("; each row needs its group"))])
    table.frame[by] = tables.ids(table.frame[by])
    for name in columns:
        table.frame[name] = table.frame[by].str.cat(table.frame[name], sep="/").where(table.frame[name] != "", "")


def _group_hint(table: tables.Table, sheet: tables.Sheet, group: str | None) -> str:
    """Whether nodes that are there twice are not so within some column."""
    node = table.frame["node"]
    if group is not None or not node.duplicated().any():
        return ""
    looks, counted = tables.elsewhere(sheet, TIMES)
    for column in sheet.frame.columns:
        if column and column not in (table.name("node"), table.name("time"), *counted):
            by = sheet.frame.loc[node.index, column]
            if 1 < by.nunique() < len(by) and not (by + "\0" + node).duplicated().any():
                return Said("; if they are unique only within the column {column}, say --group {column}", column=column)
    return Said(", and this looks like a table of {what}, in which `letsdance adopters data` finds its way",
                what=looks) if looks else ""


def _one_wave(table: tables.Table, sheet: tables.Sheet) -> tuple[tables.Table, list[str]]:
    """A survey of several waves, each with the same time of adoption, as one row a node."""
    frame = table.frame
    waves = [column for column in table.left if tables.plain_name(column) in _WAVES]
    if not waves or not frame["node"].duplicated().any():
        return table, []
    by = sheet.frame.loc[frame.index, waves[0]]
    if (frame["node"] + "\0" + by).duplicated().any() or (frame.groupby("node")["time"].nunique() > 1).any():
        return table, []
    return replace(table, frame=frame[~frame["node"].duplicated()]), [
        Said("Each node's rows in {waves} waves ({column}) say the same; they count as one.", waves=by.nunique(),
             column=waves[0])]


def _one_spell(table: tables.Table) -> tuple[tables.Table, list[str]]:
    """A panel, in which a node has a row a period and `adopted` says whether it has it by then, as one row a node: the
    first period in which it has it, or the last one told."""
    frame = table.frame
    if "adopted" not in frame or not frame["node"].duplicated().any() or frame.duplicated(["node", "time"]).any():
        return table, []
    has, when = frame["adopted"].str.lower().isin(YES).to_numpy(), tables.numbers(frame["time"]).to_numpy()
    if np.isnan(when).any():
        return table, []
    order = np.lexsort((np.where(has, when, -when), ~has))
    rows = np.sort(order[~frame["node"].iloc[order].duplicated().to_numpy()])
    return replace(table, frame=frame.iloc[rows], told=None), [
        Said("A row says whether a node had adopted by a period: the first with {adopted} counts.",
             adopted=table.name("adopted"))]


def from_arrays(times: Any, network: Any = None, *, nodes: Sequence[Any] | None = None, first: int | None = None,
                last: int | None = None, seen_until: Any = None, innovativeness: Any = None,
                groups: Sequence[Any] | None = None) -> Adoption:
    """Times of adoption and a network as the statistics take them, for `describe`: NaN for whoever has not adopted.

    network: an n x n matrix (scipy.sparse or numpy; row i looks at column j), or a sequence of them, one a period.
    seen_until: when each was last seen [the last period]. nodes: names [0, 1, ...]. Raises `Refused`.
    """
    labels = statistics.periods(times, first, last)
    known = statistics.whole_times(times)
    n, adopted = len(known), ~np.isnan(known)
    if adopted.sum() < 2:
        raise Refused("there is one adopter; statistics of adoption need at least two." if adopted.any() else
                      "there is no adopter; statistics of adoption need at least two.")
    for name, given in (("nodes", nodes), ("innovativeness", innovativeness), ("groups", groups)):
        if given is not None and len(given) != n:
            raise Refused("there are {n} times but {n_given} {name}; they must be as many.", n=n, n_given=len(given),
                          name=name)
    seen = np.broadcast_to(np.asarray(labels[-1] if seen_until is None else seen_until, np.float64), known.shape)
    ties = None if network is None else tuple(
        statistics.slices(network, n, len(labels), "out", valued=True))
    return Adoption(tuple(map(str, range(n) if nodes is None else nodes)), known, seen, labels, ties,
                    None if innovativeness is None else np.asarray(innovativeness, np.float64),
                    None if groups is None else tuple(map(str, groups)))


def read_edges(source: Any, nodes: Sequence[str], periods: np.ndarray, group: str | None = None,
               reading: Reading | None = None) -> tuple[sparse.csr_array, ...]:
    """Ties: source (who looks), target (at whom), perhaps weight (1) and period. One matrix, or one a period.

    group: as of `read_times`, if the ties have that column; else their nodes are called GROUP/NODE already.
    """
    return _edges(source, nodes, periods, group, reading)[0]


def _edges(source: Any, nodes: Sequence[str], periods: np.ndarray, group: str | None = None,
           reading: Reading | None = None) -> tuple[tuple[sparse.csr_array, ...], list[str]]:
    """The matrices, and what was assumed."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    table = tables.read(source, EDGES, reading, [group] if group else ())
    where, frame = table.where, table.frame
    if group is not None and group in frame:
        _within(table, group, ("source", "target"))
    index = pa.array(nodes, pa.string())
    place = {name: pc.fill_null(pc.index_in(pa.array(frame[name], pa.string()), index), -1).to_numpy(
        zero_copy_only=False).astype(np.int64) for name in ("source", "target")}
    ties = pd.DataFrame({**place, **({"period": frame["period"].to_numpy()} if "period" in frame else {})})
    again = (ties.duplicated() & (ties["source"] >= 0) & (ties["target"] >= 0)).to_numpy()
    inside = Said(" from {first} to {last}", first=int(periods[0]), last=int(periods[-1]))
    grouped = Said("; nodes are called {upper}/NODE, so give ties the column {group} too", upper=group.upper(), group=group
                   ) if group is not None and group not in frame else ""
    near: dict[str, str] = {}

    def close(name: str) -> str:
        if name not in near:  # a look at every node takes its time
            near[name] = nearest(name, nodes) if len(near) * len(nodes) < 100_000 else ""
        return near[name]

    def known(name: str) -> tables.Rule:
        return tables.Rule(name, lambda frame: (place[name] >= 0) | (frame[name] == "").to_numpy(),
                           lambda row: Said("is no node of the table of times.{near} Add it there, or take the tie out"
                                            "{grouped}", near=close(row[name]), grouped=grouped))

    tables.check(table, [
        known("source"), known("target"),
        tables.Rule("source", lambda frame: ~again,
                    lambda row: Said("is there already: this tie was in an earlier row; keep one row")),
        tables.Rule("period", lambda t: tables.numbers(t["period"]).between(periods[0], periods[-1]),
                    lambda row: Said("must be a whole number{inside}, such as {first}", inside=inside,
                                     first=int(periods[0])))])
    said = list(table.said)
    loops = int((place["source"] == place["target"]).sum())
    if loops:
        said.append(Said("{loops:,} ties of a node to itself are left out.", loops=loops) if loops > 1 else
                    Said("1 tie of a node to itself is left out."))
    n, weight = len(nodes), (tables.numbers(frame["weight"]).to_numpy() if "weight" in frame else np.ones(len(frame)))
    if "period" not in frame:
        return (sparse.csr_array((weight, (place["source"], place["target"])), shape=(n, n)),), said
    at = tables.numbers(frame["period"]).to_numpy().astype(np.int64) - periods[0]
    if not len(np.unique(at)) > 1:
        raise Refused("{where}: all ties are of one period{inside}; leave the column {table} out for a network that "
                      "stays.", where=where, inside=inside, table=table.name("period"))
    return tuple(sparse.csr_array((weight[at == t], (place["source"][at == t], place["target"][at == t])), shape=(n, n))
                 for t in range(len(periods))), said


def from_result(result: Result, run: int = 0) -> Adoption:
    """A run of our model: when each government first adopted (quarters from 0), at whom it looks, its innovativeness.

    Ties are those that the model uses: peers both ways, and exchange ties one way while the lever for them is on; a
    government that is both a peer and an exchange partner counts twice among the weights, as in the model.
    """
    from letsdance.simulation import schedule as environment
    from letsdance.simulation.run import CATEGORIES
    from letsdance.simulation.society import Society

    if isinstance(run, bool) or not 0 <= run < result.runs:
        raise Refused("run must be a whole number from 0 to {runs}, not {run!r}.", runs=result.runs - 1, run=run)
    schedule = environment.build(result.scenario, among=result.places)
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


__all__ = ["Adoption", "Invalid", "Survey", "far_codes", "from_arrays", "from_result", "read_edges", "read_survey",
           "read_times"]
