"""`simulate`: paired runs of a scenario, and the tidy tables that they leave."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance import scenarios
from letsdance.params import Refused, check_whole
from letsdance.scenarios import Scenario, ScenarioLike, UseLike
from letsdance.scenarios.mechanism import Mechanisms, named, of_rules
from letsdance.simulation import driver as drivers
from letsdance.simulation import own
from letsdance.simulation import schedule as environment
from letsdance.simulation.compiled import cold
from letsdance.simulation.indicators import ROW
from letsdance.simulation.municipalities import Municipalities, MunicipalitiesLike
from letsdance.simulation.own import TableLike
from letsdance.simulation.rules.adoption import ADOPTED, DISCONTINUED, PILOTING, UNAWARE, UPSCALED
from letsdance.simulation.rules.regimes import REGIMES
from letsdance.simulation.society import LARGE, Society, cores, interpreted_arithmetic
from letsdance.simulation.state import State, empty_state, living

if TYPE_CHECKING:
    import pandas as pd

#: Adopter categories, from the most to the least innovative, with the shares that Rogers gave them.
CATEGORIES = {"innovators": 0.025, "early_adopters": 0.135, "early_majority": 0.34, "late_majority": 0.34,
              "laggards": 0.16}
STAGES = ("unaware", "aware", "piloting", "adopted", "upscaled", "discontinued")
_BATCH = 8  # runs between two reports of progress
_MOST_RUNS = 1_000_000


def simulate(
    scenario: ScenarioLike,
    runs: int = 20,
    quarters: int | None = None,
    seed: int = 1,
    parameters: Mapping[str, object] | None = None,
    levers: Sequence[UseLike] = (),
    shocks: Sequence[UseLike] = (),
    profile: str | None = None,
    context: Sequence[str] = (),
    municipalities: MunicipalitiesLike | None = None,
    citizens: TableLike | None = None,
    networks: Mapping[str, object] | None = None,
    mechanisms: Mechanisms = (),
    rules: Mapping[str, Callable[..., object]] | None = None,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
    between: Callable[[], None] | None = None,
    observer: Callable[[Society], None] | None = None,
) -> Result:
    """Run a scenario several times, with seeds seed, seed + 1, ...: the same seeds meet the same citizens and luck.

    scenario: a start by name (lets_dance, lone_ranger, dead_horse, wasteland), a file's path, or a `Scenario`.
    quarters: horizon, 8-400; the scenario's (60) if not given. parameters: changes by name. levers, shocks: such as
    "FRCS@8+20*1.0". profile: the innovation. context: named sets of parameters, such as "denmark" and
    "mental_health", one of each kind. municipalities: a CSV's path or a table. mechanisms: shipped ones by their word
    (`letsdance show mechanisms`), or your own, each the path of its file or a `Mechanism` (docs/your_own_mechanism.md).
    rules: one's own in the place of the model's, as
    {"willingness.willingness_target": f}, with the same arguments. threads: None for all cores;
    the numbers are the same whatever it is. progress: called with the number of runs that have ended. between: called
    before each quarter (it may raise, to stop); observer: called at every quarter's end, from the start on, with the
    `Society` as it stands (quarter, seed, row, parameters, state: look, do not change). With either, runs go one after
    another. citizens, networks: tables of your own citizens, and of who knows whom (`simulation.own.of`).
    Raises `Refused` (a ValueError) for bad input.

    >>> result = ld.simulate("lone_ranger", runs=2, quarters=8, levers=["FRCS@4+4"])
    >>> result.society.shape[0]
    18
    """
    chosen = scenarios.load(scenario).changed(
        parameters=parameters, levers=levers, shocks=shocks, profile=profile, quarters=quarters,
        mechanisms=[*named(mechanisms), *of_rules(rules)], context=context)
    check_whole("runs", runs, 1, _MOST_RUNS)
    if threads is not None:
        check_whole("threads", threads, 1, 1024)
    check_whole("seed", seed, 0, 2**63 - runs - 1)
    places = own.of(chosen, municipalities, citizens, networks)
    if municipalities is not None:
        chosen = replace(chosen, municipalities="")  # another table goes over its own
    seeds = np.arange(seed, seed + runs, dtype=np.uint64)
    with _second_compiler():
        outputs = run_seeds(places, environment.build(chosen, among=places), seeds, threads, progress, between, observer)
    return Result(chosen, places, seeds, *outputs)


def compile_ahead() -> None:
    """Compile the second half of the phases into the cache; what `_second_compiler` runs."""
    from numba import typeof

    from letsdance.simulation import engine

    schedule = environment.build(scenarios.load("lets_dance"), 8).shipped
    state, at = empty_state(np.full(2, 8), schedule[0]), np.int64(0)
    for phase in (engine.adoption, engine.willingness, engine.stocks):
        phase.compile(tuple(typeof(a) for a in (state, schedule[0], np.uint64(0), at, at, at)))
    M = len(state.governments)
    columns = np.zeros(M, np.uint8), np.zeros(M, np.float32), np.zeros(M, np.uint8)
    engine.record.compile(tuple(typeof(a) for a in (
        state, schedule[0], np.uint64(0), at, np.zeros(1, ROW)[0], *columns)))


@contextmanager
def _second_compiler() -> Iterator[None]:
    """On a cold cache, a second process compiles some phases while this one compiles the others."""
    if not cold() or cores() == 1:
        yield
        return
    import os
    import subprocess
    import sys

    folders = os.pathsep.join(path for path in sys.path if path)
    second = subprocess.Popen([sys.executable, "-c", "from letsdance.simulation.run import compile_ahead; compile_ahead()"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              env={**os.environ, "PYTHONPATH": folders})
    try:
        yield
    finally:
        second.wait()


def run_seeds(places: Municipalities, schedule: np.ndarray, seeds: np.ndarray, threads: int | None = None,
              progress: Callable[[int], None] | None = None,
              between: Callable[[], None] | None = None,
              observer: Callable[[Society], None] | None = None) -> tuple[np.ndarray, ...]:
    """One run a seed under a schedule that is made already: the arrays of a `Result`, and no table.

    schedule: the parameters in force, record [Q+1] with row 0 for the start (`simulation.schedule.build`). seeds:
    uint64[R]. threads, progress, between, observer: as in `simulate`. Returns rows indicators.ROW[R, Q+1], stage
    uint8[R, Q+1, M], depth float32[R, Q+1, M], regime uint8[R, Q+1, M] and category uint8[R, M] (ex ante). Nothing is
    checked here.
    """
    threads = cores() if threads is None else int(threads)
    R, Q, M = len(seeds), len(schedule), len(places)
    table = environment.as_schedule(schedule)
    driver, house = drivers.of_schedule(table), table.shipped
    rows, more = np.zeros((R, Q), ROW), np.zeros((R, Q, driver.own.indicators))
    stage, depth, regime = np.zeros((R, Q, M), np.uint8), np.zeros((R, Q, M), np.float32), np.zeros((R, Q, M), np.uint8)
    category = np.zeros((R, M), np.uint8)
    if between is not None or observer is not None or int(places.citizens.sum()) >= LARGE:
        for r, seed in enumerate(seeds):
            society = Society(places, table, int(seed), threads)
            for t in range(Q):
                if between:
                    between()
                if t > 0:
                    society.step()
                if observer:
                    observer(society)
                rows[r, t], stage[r, t], depth[r, t], regime[r, t] = (
                    society._row[0], society.stage, society.depth, society.regime)
                more[r, t] = society.state.own_numbers[driver.own.parameters:]
            category[r] = society.state.governments["category"]
            if progress:
                progress(1)
        return _whole_rows(driver, rows, more), stage, depth, regime, category
    workers = max(1, min(threads, R))
    edges = np.linspace(0, R, min(R, max(workers, -(-R // _BATCH))) + 1).astype(int)

    def work(chunk: tuple[int, int]) -> None:
        lo, hi = chunk
        state = empty_state(places.citizens, house[0], driver.own, places.start)
        with interpreted_arithmetic(), drivers.refusing(driver):
            for at, whose, under in _under(table, M, seeds, lo, hi):
                driver.run_many(living(state, *whose), places.start, *under, seeds[at], rows[at], more[at],
                                stage[at], depth[at], regime[at], category[at])
        if progress:
            progress(hi - lo)

    chunks = list(pairwise(edges.tolist()))
    if workers == 1:
        for chunk in chunks:
            work(chunk)
    else:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(work, chunks))
    return _whole_rows(driver, rows, more), stage, depth, regime, category


def _under(table: environment.Schedule, M: int, seeds: np.ndarray, lo: int,
           hi: int) -> Iterator[tuple[slice, tuple[Any, ...], tuple[Any, ...]]]:
    """Runs lo..hi in slices that live under the same parameters, what `state.living` is told of who lives under which of
    them, and these as `run_many` takes them."""
    local = table.local
    if local is None:
        whole = table.shipped, table.own
        yield slice(lo, hi), (None, 1, None), (*whole, *(one[None] for one in whole), np.array([[0, M, 0]]))
        return
    for at in [slice(r, r + 1) for r in range(lo, hi)] if local.drawn else [slice(lo, hi)]:
        lived = local.of(int(seeds[at][0]))
        yield at, (lived.people, len(lived.tables), lived.regions), (
            lived.mean.shipped, lived.mean.own, np.stack([one.shipped for one in lived.tables]),
            np.stack([one.own for one in lived.tables]), np.array(lived.blocks))


def state_after(places: Municipalities, schedule: np.ndarray, seed: int) -> State:
    """The state after the last quarter of one run, at the speed of a whole run; schedule as in `run_seeds`."""
    table = environment.as_schedule(schedule)
    driver, house, Q, M = drivers.of_schedule(table), table.shipped, len(schedule), len(places)
    state = empty_state(places.citizens, house[0], driver.own, places.start)
    with interpreted_arithmetic(), drivers.refusing(driver):
        (_, whose, under), = _under(table, M, np.array([seed], np.uint64), 0, 1)
        driver.run_many(living(state, *whose), places.start, *under, np.array([seed], np.uint64),
                        np.zeros((1, Q), ROW), np.zeros((1, Q, driver.own.indicators)), np.zeros((1, Q, M), np.uint8),
                        np.zeros((1, Q, M), np.float32), np.zeros((1, Q, M), np.uint8), np.zeros((1, M), np.uint8))
    return state


def _whole_rows(driver: drivers.Driver, rows: np.ndarray, more: np.ndarray) -> np.ndarray:
    """The engine's rows with what mechanisms measured behind; `Refused` where that is no number."""
    if not driver.mechanisms:
        return rows
    whole = np.zeros(rows.shape, drivers.row_of(driver.mechanisms))
    drivers.fill(whole, rows, more)
    for k, (name, owner) in enumerate((name, one) for one in driver.mechanisms for name in one.measured):
        if not np.isfinite(more[..., k]).all():
            run, quarter = (int(at) for at in np.argwhere(~np.isfinite(more[..., k]))[0])
            raise Refused("{owner}: {name} is {found} in run {run}, quarter {quarter}; a rule must give a finite "
                          "number whatever it is asked (a division by 0?).",
                          owner=owner.called, name=name, found=more[run, quarter, k], run=run,
                          quarter=quarter)
    return whole


@dataclass(frozen=True, eq=False)
class Result:
    """Paired runs of one scenario. R runs, quarters 0..Q, M municipalities.

    Tables are made when asked for: `.society`, `.adopters` from what was kept; `.municipalities`, `.initiatives`,
    `.citizens` by running again, because they are large (the numbers are the same).
    """

    scenario: Scenario
    places: Municipalities
    seeds: np.ndarray       # uint64[R]
    rows: np.ndarray        # indicators.ROW[R, Q+1]
    stage: np.ndarray       # uint8[R, Q+1, M]
    depth: np.ndarray       # float32[R, Q+1, M]
    regime: np.ndarray      # uint8[R, Q+1, M]
    category: np.ndarray    # uint8[R, M], ex ante adopter category

    @property
    def runs(self) -> int:
        """How many runs."""
        return len(self.seeds)

    @property
    def quarters(self) -> int:
        """The last quarter."""
        return self.rows.shape[1] - 1

    def _index(self, *inner: tuple[str, Sequence[Any]]) -> dict[str, Any]:
        """Columns run, seed, quarter and further ones, in the order of the arrays."""
        levels: list[tuple[str, Any]] = [("run", np.arange(self.runs)), ("quarter", np.arange(self.quarters + 1)), *inner]
        grid = np.meshgrid(*(np.arange(len(v)) for _, v in levels), indexing="ij")
        columns = {name: np.asarray(values)[at.ravel()] for (name, values), at in zip(levels, grid, strict=True)}
        run = columns.pop("run")
        return {"run": run, "seed": self.seeds[run].astype(np.int64), **columns}

    @cached_property
    def society(self) -> pd.DataFrame:
        """One row a run and quarter: run, seed, quarter, then every indicator of `simulation.indicators.SOCIETY`, and what
        mechanisms of the user's own measure."""
        import pandas as pd

        return pd.DataFrame({**self._index(), **{name: self.rows[name].ravel() for name in self.rows.dtype.names or ()}})

    @cached_property
    def on(self) -> np.ndarray:
        """bool[R, Q+1, M]: which governments have the innovation in use, upscaled included."""
        return (self.stage == ADOPTED) | (self.stage == UPSCALED)

    @cached_property
    def ever(self) -> np.ndarray:
        """bool[R, Q+1, M]: which governments have ever adopted it by then."""
        return np.maximum.accumulate(self.on, axis=1)

    @cached_property
    def adopted_at(self) -> np.ndarray:
        """float64[R, M]: the quarter in which each government first adopted; NaN where it never did (censored)."""
        return np.where(self.on.any(axis=1), self.on.argmax(axis=1), np.nan)

    @cached_property
    def ex_post(self) -> np.ndarray:
        """int8[R, M]: adopter category by rank of time of adoption (Rogers' shares of all governments).

        Those who never adopted come last, whatever category their ranks fall into; ties in time are by row.
        """
        order = np.argsort(np.argsort(np.nan_to_num(self.adopted_at, nan=np.inf), axis=1, kind="stable"), axis=1,
                           kind="stable")
        cuts = np.cumsum(list(CATEGORIES.values()))[:-1]
        return np.searchsorted(cuts, (order + 0.5) / order.shape[1], side="right").astype(np.int8)

    @cached_property
    def adopters(self) -> pd.DataFrame:
        """One row a run, quarter, view (ex_ante by innovativeness, ex_post by time of adoption) and category.

        Columns: governments (how many there are), then shares of them: aware (and beyond), piloting, adopted (in use,
        upscaled included), upscaled, discontinued, ever_adopted; depth, the mean over those in use.
        """
        import pandas as pd

        names = list(CATEGORIES)
        frame = self._index(("view", ["ex_ante", "ex_post"]), ("category", names))
        frame["category"] = pd.Categorical(frame["category"], categories=names, ordered=True)
        on, ever = self.on, self.ever
        views = (self.category, self.ex_post)
        member = np.stack([np.stack([by == c for c in range(len(names))], 1) for by in views], 1)
        weight = member.astype(np.float64)  # [R, view, category, M]

        def count(what: np.ndarray) -> np.ndarray:
            return np.einsum("rvcm,rtm->rtvc", weight, what.astype(np.float64)).ravel()

        governments = count(np.ones_like(on))
        frame["governments"] = governments.astype(np.int64)
        with np.errstate(invalid="ignore", divide="ignore"):
            for name, what in (("aware", self.stage != UNAWARE), ("piloting", self.stage == PILOTING), ("adopted", on),
                               ("upscaled", self.stage == UPSCALED), ("discontinued", self.stage == DISCONTINUED),
                               ("ever_adopted", ever)):
                frame[name] = count(what) / governments
            frame["depth"] = count(np.where(on, self.depth, 0.0)) / count(on)
        return pd.DataFrame(frame)

    @cached_property
    def municipalities(self) -> pd.DataFrame:
        """One row a run, quarter and municipality: its government's columns, its citizens' means, what happened."""
        import pandas as pd

        from letsdance.simulation.state import GOVERNMENT

        hidden = {"first", "first_tie", "first_slot", "slots", "held", "quadrant", "willingness_before",
                  "stage_before", "depth_before", "capacity_before"}
        kept = [name for name in GOVERNMENT.names or () if name not in hidden]
        tables = {name: np.empty(self.regime.shape, GOVERNMENT[name]) for name in kept}
        for r, society in self._again():
            for name in kept:
                tables[name][r, society.quarter] = society.state.governments[name]
        frame = {**self._index(("municipality", self.places.names)), **{n: v.ravel() for n, v in tables.items()}}
        frame["regime"] = pd.Categorical.from_codes(frame["regime"], REGIMES)
        frame["stage"] = pd.Categorical.from_codes(frame["stage"], STAGES, ordered=True)
        frame["category"] = pd.Categorical.from_codes(frame["category"], list(CATEGORIES), ordered=True)
        return pd.DataFrame(frame)

    @cached_property
    def initiatives(self) -> pd.DataFrame:
        """One row an initiative: its kind, size, ownership, launch, since when a service, and end (NaN: not yet, never)."""
        import pandas as pd

        from letsdance.simulation.state import SERVICE

        lives: dict[tuple[int, int, int], dict[str, Any]] = {}
        for r, society in self._again():
            g, it = society.state.governments, society.state.initiatives
            slots = np.concatenate([np.arange(a, a + n) for a, n in g[["first_slot", "initiatives"]]])
            place = np.repeat(np.arange(len(g)), g["initiatives"])
            for m, one in zip(place, it[slots], strict=True):
                life = lives.setdefault((r, int(m), int(one["id"])), {
                    "run": r, "seed": int(self.seeds[r]), "municipality": self.places.names[m],
                    "kind": ("solo", "joint", "called")[one["kind"]], "size": int(one["launch_size"]),
                    "own": float(one["own"]), "by_lab": bool(one["by_lab"]), "launched": int(one["launched"]),
                    "service_from": np.nan})
                if one["phase"] == SERVICE and np.isnan(life["service_from"]):
                    life["service_from"] = society.quarter
                life["members"], life["seen"] = int(one["members"]), society.quarter
        columns = ["run", "seed", "municipality", "kind", "size", "own", "by_lab", "launched", "service_from",
                   "members", "ended"]
        frame = pd.DataFrame(list(lives.values()), columns=[*columns[:-1], "seen"])
        frame["ended"] = np.where(frame["seen"] < self.quarters, frame["seen"] + 1, np.nan)
        return frame[columns]

    @cached_property
    def citizens(self) -> pd.DataFrame:
        """One row a run and citizen, as the last quarter ends; see `citizens_at`."""
        return self.citizens_at(self.quarters)

    def citizens_at(self, quarter: int) -> pd.DataFrame:
        """One row a run and citizen, as a quarter ends: the state's columns, made by running again.

        Columns: run, seed, quarter, municipality, citizen (its number there), willingness, trust, resources (shares, 0-1),
        disposition (logits), load (initiatives it takes part in), uses (whether it uses the innovation). R times all
        citizens are rows: `.to_parquet(file)` keeps them. Raises `Refused` for a quarter that is not there.
        """
        import pandas as pd

        at = check_whole("quarter", quarter, 0, self.quarters)
        sizes = self.places.citizens
        place = np.repeat(np.arange(len(sizes)), sizes)
        where = {"municipality": pd.Categorical.from_codes(place, list(self.places.names)),
                 "citizen": np.concatenate([np.arange(n) for n in sizes])}
        frames = []
        for r, society in self._again():
            if society.quarter == at:
                s = society.state
                frames.append(pd.DataFrame({
                    "run": r, "seed": int(self.seeds[r]), "quarter": at, **where,
                    "willingness": s.willingness[at & 1].copy(), "trust": s.trust.copy(), "resources": s.resources.copy(),
                    "disposition": s.disposition.copy(), "load": s.load.copy(), "uses": s.uses[at & 1] != 0}))
        return pd.concat(frames, ignore_index=True)

    def _again(self) -> Any:
        """Every run again, quarter by quarter."""
        schedule = environment.build(self.scenario, among=self.places)
        for r, seed in enumerate(self.seeds):
            society = Society(self.places, schedule, int(seed), cores())
            yield r, society
            for _ in range(self.quarters):
                society.step()
                yield r, society

    @cached_property
    def environment(self) -> pd.DataFrame:
        """One row a quarter: the parameters that levers, shocks and trends change, as they are in force."""
        import pandas as pd

        schedule = environment.build(self.scenario, among=self.places)
        moving = [name for name in schedule.dtype.names or () if np.ptp(schedule[name]) > 0]
        return pd.DataFrame({"quarter": np.arange(len(schedule)),
                             **{name: np.asarray(schedule[name]) for name in moving}})

    @cached_property
    def reference(self) -> Result:
        """The same start, citizens and luck without levers and shocks: what effects are measured against."""
        if not self.scenario.levers and not self.scenario.shocks:
            return self
        bare = self.scenario.without_policy()
        outputs = run_seeds(self.places, environment.build(bare), self.seeds)
        return Result(bare, self.places, self.seeds, *outputs)

    def band(self, indicator: str, low: float = 0.1, high: float = 0.9) -> np.ndarray:
        """float64[3, Q+1]: lower quantile, mean and upper quantile over runs of an indicator in each quarter."""
        values = self.rows[indicator]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a quarter in which no run has a value: NaN says so
            return np.stack([np.nanquantile(values, low, axis=0), np.nanmean(values, axis=0),
                             np.nanquantile(values, high, axis=0)])

    def time_to(self, share: float) -> np.ndarray:
        """float64[R]: the first quarter in which this share of governments has adopted; NaN where it never comes."""
        reached = self.rows["ever_adopted"] >= share
        return np.where(reached.any(axis=1), reached.argmax(axis=1), np.nan)

    def pilots_per_adoption(self) -> np.ndarray:
        """float64[R]: pilots begun for each adoption, over the whole run; NaN where nobody adopted."""
        adoptions = self.rows["adoptions"].sum(axis=1)
        return np.divide(self.rows["pilots_started"].sum(axis=1), adoptions, where=adoptions > 0,
                         out=np.full(self.runs, np.nan))

    def relative_efficiency(self) -> np.ndarray:
        """float64[R, Q+1]: efficiency over that of the same run without levers and shocks; 1 is the same."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.rows["efficiency"] / self.reference.rows["efficiency"]

    def late_adopter_gap(self) -> np.ndarray:
        """float64[R, Q+1]: ever adopted among the two early categories less among the two late ones (ex ante)."""
        ever = self.ever
        early, late = (self.category <= 1)[:, None, :], (self.category >= 3)[:, None, :]
        with np.errstate(invalid="ignore"):
            return (ever & early).sum(2) / early.sum(2) - (ever & late).sum(2) / late.sum(2)

    def first_passage(self) -> np.ndarray:
        """float64[R, M]: the quarter in which each municipality first leaves its start regime; NaN: not within the run."""
        left = self.regime != self.regime[:, :1, :]
        return np.where(left.any(axis=1), left.argmax(axis=1), np.nan)

    def summary(self) -> pd.DataFrame:
        """A small table: mean and 10-90 % band over runs of the main indicators at the end."""
        import pandas as pd

        names = [*REGIMES, "C", "G", "services", "T", "ever_adopted", "uses", "representativeness", "legitimacy"]
        bands = {name: self.band(name)[:, -1] for name in names}
        frame = pd.DataFrame(bands, index=["10 %", "mean", "90 %"]).T
        return frame[["mean", "10 %", "90 %"]].round(2)

    def __repr__(self) -> str:
        levers = ", ".join(map(str, self.scenario.levers)) or "no levers"
        return (f"{self.scenario.title}: {self.runs} runs of {self.quarters} quarters, "
                f"{len(self.places)} municipalities, {levers}\n{self.summary()}")

    def _repr_html_(self) -> str:
        """A notebook shows a small table and a figure."""
        from importlib.metadata import entry_points

        head = repr(self).splitlines()[0]
        figures = "".join(entry.load()(self) for entry in entry_points(group="letsdance.glance"))
        return f"<p><b>{head}</b></p>{self.summary().to_html()}{figures}"
