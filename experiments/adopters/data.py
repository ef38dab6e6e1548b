"""Data in, person by person: times of adoption with their networks, and surveys of willingness, each checked.

A table is a CSV file's path or a pandas DataFrame (`tables`); arrays and matrices come in by `from_arrays`. Counts by
year or place: `counts`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from experiments.adopters import statistics, tables
from experiments.adopters.tables import Invalid
from params import Refused, nearest

if TYPE_CHECKING:
    import pandas as pd

    from scenarios import Scenario
    from simulation.run import Result

_ROLES = {"citizen": ("citizen", "citizens", "resident"),
          "official": ("official", "officials", "government", "civil servant")}
_YES, _NO = ("1", "1.0", "yes", "true"), ("0", "0.0", "no", "false")


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
    """Times of adoption: node and time (blank or NA: not yet), perhaps adopted (0: not yet, time is when last seen),
    category, innovativeness; and edges as of `read_edges`. first, last: the periods, those of the times if not given.
    """
    table = tables.read(source, "times", ("node", "time"), ("adopted", "category", "innovativeness"), blank=("time",))
    where, frame = table.where, table.frame
    rules = [tables.given("node"), tables.once(["node"], ": a node adopts once"),
             *tables.number("time", whole=True, blank=True), *tables.number("innovativeness", example="0.7"),
             tables.given("category"),
             tables.Rule("time", lambda t: ~(tables.numbers(t["time"]).abs() > statistics.LATEST),
                         lambda row: "is too far from 0 to be a period; give one such as 2004"),
             tables.Rule("adopted", lambda t: t["adopted"].str.lower().isin((*_YES, *_NO)), lambda row: "must be 1 or 0")]
    if "adopted" in frame:
        rules.append(tables.Rule("time", lambda t: (t["time"] != "") | ~t["adopted"].str.lower().isin(_YES),
                                 lambda row: "is missing, but adopted is 1; give the period of adoption"))
    if first is not None:
        rules.append(tables.Rule("time", lambda t: ~(tables.numbers(t["time"]) < first),
                                 lambda row: f"is before the first period {first}; choose an earlier one, or take the row "
                                 "out"))
    if last is not None:
        rules.append(tables.Rule("time", lambda t: ~(tables.numbers(t["time"]) > last),
                                 lambda row: f"is after the last period {last}; choose a later last period, or leave the "
                                 "time blank: not by then"))
    tables.check(table, rules)
    known = tables.numbers(frame["time"])
    tables.no_dates(table, "time", known)
    time = known.to_numpy()
    adopted = ~np.isnan(time)
    if "adopted" in frame:
        adopted &= frame["adopted"].str.lower().isin(_YES).to_numpy()
    if not adopted.any():
        raise Refused(f"{where}: nobody adopts ({table.row}s {frame.index[0]} to {frame.index[-1]} are all without a time "
                      f"of adoption), so there is nothing to describe.")
    if adopted.sum() == 1:
        only = int(adopted.argmax())
        raise Refused(f"{where}, {table.row} {frame.index[only]}: {frame['node'].to_numpy()[only]} is the only adopter; "
                      f"statistics of adoption need at least two.")
    latest = int(np.nanmax(time)) if last is None else last
    labels = statistics.periods(np.where(adopted, time, np.nan), first, latest)
    nodes = tuple(frame["node"].tolist())
    said = list(table.said)
    if not adopted.all():
        said.append(f"{int((~adopted).sum()):,} of {len(nodes):,} nodes had not adopted by the end and are censored, not "
                    f"counted as late.")
    ties = None
    if edges is not None:
        ties, told = _edges(edges, nodes, labels)
        said += told
    return Adoption(
        nodes, np.where(adopted, time, np.nan), np.where(np.isnan(time) | adopted, latest, time).astype(np.float64),
        labels, ties, tables.numbers(frame["innovativeness"]).to_numpy() if "innovativeness" in frame else None,
        tuple(frame["category"]) if "category" in frame else None, tuple(said))


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
        raise Refused(f"there is {'one' if adopted.any() else 'no'} adopter; statistics of adoption need at least two.")
    for name, given in (("nodes", nodes), ("innovativeness", innovativeness), ("groups", groups)):
        if given is not None and len(given) != n:
            raise Refused(f"there are {n} times but {len(given)} {name}; they must be as many.")
    seen = np.broadcast_to(np.asarray(labels[-1] if seen_until is None else seen_until, np.float64), known.shape)
    ties = None if network is None else tuple(
        statistics.slices(network, n, len(labels), "out", valued=True))
    return Adoption(tuple(map(str, range(n) if nodes is None else nodes)), known, seen, labels, ties,
                    None if innovativeness is None else np.asarray(innovativeness, np.float64),
                    None if groups is None else tuple(map(str, groups)))


def read_edges(source: Any, nodes: Sequence[str], periods: np.ndarray) -> tuple[sparse.csr_array, ...]:
    """Ties: source (who looks), target (at whom), perhaps weight (1) and period. One matrix, or one a period."""
    return _edges(source, nodes, periods)[0]


def _edges(source: Any, nodes: Sequence[str], periods: np.ndarray) -> tuple[tuple[sparse.csr_array, ...], list[str]]:
    """The matrices, and what was assumed."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    table = tables.read(source, "edges", ("source", "target"), ("weight", "period"))
    where, frame = table.where, table.frame
    index = pa.array(nodes, pa.string())
    place = {name: pc.fill_null(pc.index_in(pa.array(frame[name], pa.string()), index), -1).to_numpy(
        zero_copy_only=False).astype(np.int64) for name in ("source", "target")}
    ties = pd.DataFrame({**place, **({"period": frame["period"].to_numpy()} if "period" in frame else {})})
    again = (ties.duplicated() & (ties["source"] >= 0) & (ties["target"] >= 0)).to_numpy()
    inside = f" from {periods[0]} to {periods[-1]}"
    near: dict[str, str] = {}

    def close(name: str) -> str:
        if name not in near:  # a look at every node takes its time
            near[name] = nearest(name, nodes) if len(near) * len(nodes) < 100_000 else ""
        return near[name]

    def known(name: str) -> tables.Rule:
        return tables.Rule(name, lambda frame: (place[name] >= 0) | (frame[name] == "").to_numpy(),
                           lambda row: f"is no node of the table of times.{close(row[name])}"
                           " Add it there, or take the tie out")

    tables.check(table, [
        tables.given("source"), tables.given("target"), known("source"), known("target"),
        tables.Rule("source", lambda frame: ~again,
                    lambda row: "is there already: this tie was in an earlier row; keep one row"),
        *tables.number("weight", low=0, example="1"),
        *tables.number("period", low=int(periods[0]), high=int(periods[-1]), whole=True, example=str(periods[0])),
    ])
    said = list(table.said)
    loops = int((place["source"] == place["target"]).sum())
    if loops:
        said.append(f"{loops:,} tie{'s' if loops > 1 else ''} of a node to itself {'are' if loops > 1 else 'is'} left out.")
    n, weight = len(nodes), (tables.numbers(frame["weight"]).to_numpy() if "weight" in frame else np.ones(len(frame)))
    if "period" not in frame:
        return (sparse.csr_array((weight, (place["source"], place["target"])), shape=(n, n)),), said
    at = tables.numbers(frame["period"]).to_numpy().astype(np.int64) - periods[0]
    if not len(np.unique(at)) > 1:
        raise Refused(f"{where}: all ties are of one period{inside}; leave the column period out for a network that stays.")
    return tuple(sparse.csr_array((weight[at == t], (place["source"][at == t], place["target"][at == t])), shape=(n, n))
                 for t in range(len(periods))), said


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
    table = tables.read(source, "answers", ("role", "willingness"), ("municipality",))
    where, frame = table.where, table.frame
    role_of = {word: role for role, words in _ROLES.items() for word in words}
    values = tables.numbers(frame["willingness"])
    known, said = values.dropna(), list(table.said)
    if scale is None:
        share, likert = known.between(0, 1).all(), known.isin(range(1, 6)).all()
        if share and likert:  # or nothing is a number
            tables.check(table, tables.number("willingness", example="4 (on a scale from 1 to 5) or 0.6 (from 0 to 1)"))
            raise Refused(f"{where}: every willingness is 1, which is most on a scale 0-1 and least on 1-5; say which, "
                          f"scale share or likert.")
        scale = "likert" if likert or values.max() > 1.5 else "share"
        said.append("Willingness is read as " + ("a Likert scale, 1 (least) to 5 (most)." if scale == "likert" else
                                                 "a share, 0 (least) to 1 (most)."))
    low, high = (1, 5) if scale == "likert" else (0, 1)
    tables.check(table, [
        tables.Rule("role", lambda t: t["role"].str.lower().isin(role_of), lambda row: "must be citizen or official"
              + nearest(row["role"], role_of).rstrip("?").replace(" Did you mean", ", perhaps")),
        *tables.number("willingness", low=low, high=high, whole=scale == "likert",
                       example="4" if scale == "likert" else "0.6"),
        tables.given("municipality")])
    said.append("A survey says what people answer, not what they do: it is a start to explore from, and no measurement "
                "of C and G.")
    return Survey(frame.assign(role=frame["role"].str.lower().map(role_of), willingness=(values - low) / (high - low),
                               municipality=frame.get("municipality", ""))
                  [["role", "willingness", "municipality"]].reset_index(drop=True), tuple(said))


__all__ = ["Adoption", "Invalid", "Survey", "from_arrays", "from_result", "read_edges", "read_survey", "read_times"]
