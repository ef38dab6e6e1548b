"""Runs at every point of a design, wherever they are made, kept as they come.

    found = sweep(plan("lone_ranger", ["k=0.5:2"], points=100), "my-sweep")     # a folder; Sweep.open("my-sweep")
    frame = run(latin_hypercube(["k=0.5:2"], 100), "lone_ranger", ["lets_dance@60"])     # in memory

Run r of every point has the same seed, so points meet the same citizens and the same luck. A point that cannot be run
is kept with its error, and the others go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from letsdance import scenarios
from letsdance.experiments import address, executors, store
from letsdance.experiments.design import Design, at
from letsdance.experiments.outcomes import Outcome, known
from letsdance.experiments.plan import Asked, Changed, Plan, plan
from letsdance.experiments.store import RUNS, Sweep
from letsdance.params import Refused, Said, check_whole
from letsdance.scenarios import ScenarioLike
from letsdance.simulation.municipalities import from_text
from letsdance.simulation.run import Result, simulate

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["Sweep", "Task", "run", "sweep", "work"]

_BATCH = 200  # runs of one point that are in memory at a time
Progress = Callable[[int], None]
#: How the error of a point begins that ended or held its worker.
SET_ASIDE = "set aside"


@dataclass(frozen=True, slots=True)
class Task:
    """A part: runs first..last - 1 of all runs in order of points, and the points that they belong to, from `point` on."""

    index: int
    first: int
    last: int
    point: int
    points: tuple[dict[str, Any], ...]
    aside: tuple[tuple[int, str], ...] = ()  # points that are not tried again, and why

    def without(self, point: int, why: str) -> Task:
        """The same without a point that ended or held the processes that were at it."""
        return replace(self, aside=(*self.aside, (point, why)))

    def __str__(self) -> str:
        return f"points {self.point:,} to {self.point + len(self.points) - 1:,}"


def tasks(plan: Plan, size: int, wanted: Iterable[int]) -> Iterator[Task]:
    """The tasks of a plan, one by one."""
    for index in wanted:
        first, last = index * size, min((index + 1) * size, plan.runs)
        point = first // plan.replicates
        yield Task(index, first, last, point, tuple(plan.design.points(point, -(-last // plan.replicates))))


# ---------------------------------------------------------------- at a worker

@dataclass(frozen=True, eq=False)
class Job:
    """What a worker needs beside the task: the plan without its points."""

    scenario: Any
    replicates: int
    seed: int
    outcomes: tuple[Outcome, ...]
    keep: tuple[str, ...]
    every: int
    municipalities: str | None
    texts: tuple[tuple[str, str], ...]
    rules: str

    @classmethod
    def of(cls, plan: Plan) -> Job:
        """The job of a plan."""
        return cls(plan.scenario, plan.replicates, plan.seed, plan.outcomes or tuple(Outcome(name) for name in known()),
                   plan.keep, plan.every, plan.municipalities, tuple(plan.texts.items()), executors.rules())


@cache
def _story(path: str, text: str) -> Any:
    return scenarios.read(Path(path).stem, path, text)


@cache
def _warm() -> None:
    simulate("lets_dance", runs=1, quarters=8, threads=1)


def work(job: Job, task: Task) -> dict[str, pa.Table]:
    """The tables of a part. What a point raises is kept as its error. Refused at a worker with another model."""
    import pyarrow as pa

    if job.rules != executors.rules():
        raise Refused(executors.OTHER_RULES)
    parts: dict[str, list[pa.Table]] = {RUNS: [], **{name: [] for name in job.keep}}
    aside = dict(task.aside)
    _warm()  # compiling is no point's doing
    for number, point in enumerate(task.points, task.point):
        executors.go_on(number)
        low = max(task.first, number * job.replicates) - number * job.replicates
        high = min(task.last, (number + 1) * job.replicates) - number * job.replicates
        try:
            if number in aside:
                raise Refused("{set_aside}: {aside}", set_aside=SET_ASIDE, aside=aside[number])
            made = _point(job, point, number, low, high)
        except Exception as error:
            said = str(error) if isinstance(error, Refused) else f"{type(error).__name__}: {error}"
            made = {RUNS: [_rows(job, number, low, high, {}, said)]}
        for name, pieces in made.items():
            parts[name] += pieces
    return {name: pa.concat_tables(pieces).combine_chunks() if pieces else _nothing(job, name)
            for name, pieces in parts.items()}


def _point(job: Job, point: Mapping[str, Any], number: int, low: int, high: int) -> dict[str, list[pa.Table]]:
    texts, file = dict(job.texts), point.get("scenario")
    scenario = at(job.scenario, point, {file: _story(file, texts[file])} if file in texts else None)
    text = texts[point["municipalities"]] if "municipalities" in point else job.municipalities
    parts: dict[str, list[pa.Table]] = {RUNS: [], **{name: [] for name in job.keep}}
    for first in range(low, high, _BATCH):
        last = min(first + _BATCH, high)
        result = simulate(scenario, runs=last - first, seed=job.seed + first, threads=1,
                          municipalities=None if text is None else from_text(text))
        parts[RUNS].append(_rows(job, number, first, last, {str(o): o.of(result) for o in job.outcomes}, None))
        for name in job.keep:
            parts[name].append(_level(name, result, number, first, job.every))
    return parts


def _rows(job: Job, point: int, low: int, high: int, values: Mapping[str, np.ndarray], error: str | None) -> pa.Table:
    import pyarrow as pa

    run = np.arange(low, high)
    nothing = np.full(len(run), np.nan)
    return pa.table({
        "point": np.full(len(run), point, np.int64), "run": run.astype(np.int32), "seed": job.seed + run.astype(np.int64),
        **{str(o): values.get(str(o), nothing) for o in job.outcomes},
        "error": pa.array([error] * len(run), pa.string())})


def _level(name: str, result: Result, point: int, first: int, every: int) -> pa.Table:
    """A further table of a result, with the point in front."""
    import pandas as pd
    import pyarrow as pa

    if name == "governments":
        from letsdance.experiments.folder import governments

        frame = governments(result)
    elif name == "citizens":
        frame = result.citizens
    else:
        frame = result.society if name == "society" else result.adopters
        frame = frame[(frame["quarter"] % every == 0) | (frame["quarter"] == result.quarters)]
    frame = frame.assign(run=frame["run"] + first)
    frame.insert(0, "point", point)
    for column in frame.columns:
        if isinstance(frame[column].dtype, pd.CategoricalDtype):
            frame[column] = frame[column].astype(str)
    return pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)


def _nothing(job: Job, name: str) -> pa.Table:
    """An empty part of a further table: all its points failed. It has the columns of a whole one."""
    result = simulate("lets_dance", runs=1, quarters=8, threads=1)
    return _level(name, result, 0, 0, job.every).slice(0, 0)


# ---------------------------------------------------------------- in charge

def sweep(what: Plan | ScenarioLike | None, out: str | Path, executor: executors.ExecutorLike = None,
          workers: int | None = None, *, resume: bool = False,
          overwrite: bool = False, progress: Progress | None = None, command: str = "",
          point_timeout: float | None = None, point_tries: int = 3, task: tuple[int, int] | None = None,
          **asked: Unpack[Asked]) -> Sweep:
    """Make all runs of a plan into the folder `out`; with `resume`, those that are missing there.

    what: a plan, or a scenario; then `asked` says the rest of the plan (`experiments.plan.plan`: factors, points, ...).

    With `resume` a folder that is not there yet is begun, if there is a plan.
    executor: "threads", "processes", a Dask scheduler's address, a distributed.Client, or None to choose. Killed at any
    moment, it leaves whole parts and can be resumed to the same bytes. progress: called with numbers of runs done.
    point_timeout, point_tries: a point at which so many processes ended, or took longer (seconds), is set aside: its runs
    have that as their error, and the rest goes on. task: (k, n) makes only the kth of n shares of the parts, in a folder
    that all n share; the first begins it. Raises `Refused`; whatever is done by then is kept.

    >>> found = ld.sweep("lone_ranger", "out", factors=["k=0.5:2"], points=4, replicates=2, quarters=8)
    >>> len(found.runs)
    8
    """
    place = address.place(out)
    planned = what if isinstance(what, Plan) or what is None else plan(what, **asked)
    if planned is None and not resume:
        raise Refused("a new sweep needs a plan: name factors, or give a design file.")
    runner = executors.choose(executor, planned.runs if planned else int(Sweep.open(place).manifest["runs"]), workers,
                              point_timeout, point_tries)
    if isinstance(runner, executors.Dask):
        runner.check()
    if task is not None:
        return _share(planned, place, runner, task, command, progress)
    if resume and (address.there(place) or planned is None):  # with a plan, a sweep that was killed before it began begins
        found = store.resume(place, planned)
    else:
        assert planned is not None
        found = store.begin(planned, place, command, overwrite)
    with store.alone(found):
        store.tidy(found)
        _make(found, runner, progress)
    return Sweep.open(place)


def _share(planned: Plan | None, place: Path, runner: executors.Runner, task: tuple[int, int], command: str,
           progress: Progress | None) -> Sweep:
    """One of several processes, perhaps on other machines, that make a sweep together."""
    k, n = task
    check_whole(Said("the task"), k, 1, check_whole(Said("the number of tasks"), n, 1, 1_000_000))
    try:
        there = address.there(place) or planned is None
        found = store.resume(place, planned) if there or planned is None else store.begin(
            planned, place, command, tasks=n)
    except Refused:
        if not address.there(place) or planned is None:
            raise
        found = store.resume(place, planned)  # another one has begun it meanwhile
    with store.alone(found, shared=True):
        _make(found, runner, progress, lambda index: index % n == k - 1)
    return Sweep.open(place)


def _make(found: Sweep, runner: executors.Runner, progress: Progress | None,
          mine: Callable[[int], bool] = lambda index: True) -> None:
    """The parts that are missing and mine."""
    missing = [index for index in found.missing() if mine(index)]
    size, total = int(found.manifest["part_size"]), int(found.manifest["runs"])
    wanted = sum(_length(size, total, index) for index in range(found.parts) if mine(index))
    if progress and (there := wanted - sum(_length(size, total, index) for index in missing)):
        progress(there)
    if not missing:
        return
    job = partial(work, Job.of(found.plan))
    # closed at once when this ends early: nothing works on for a sweep that nobody waits for
    with closing(runner.results(job, tasks(found.plan, size, missing))) as made:
        for task, tables in made:
            store.write_part(found, task.index, tables)
            if progress:
                progress(task.last - task.first)


def _length(size: int, total: int, index: int) -> int:
    return min((index + 1) * size, total) - index * size


def run(design: Design, scenario: ScenarioLike = "lets_dance", outcomes: Iterable[str | Outcome] = ("lets_dance",),
        replicates: int = 20, seed: int = 1, executor: executors.ExecutorLike = None,
        workers: int | None = None, progress: Progress | None = None, **more: Unpack[Changed]) -> pd.DataFrame:
    """A small sweep in memory: one row a run with point, run, seed, outcomes and error, in that order.

    more: as in `plan` (quarters, profile, parameters, levers, shocks, municipalities).
    """
    return run_plan(plan(scenario, design=design, outcomes=outcomes, replicates=replicates, seed=seed, **more), executor,
                    workers, progress)


def run_plan(asked: Plan, executor: executors.ExecutorLike = None, workers: int | None = None,
             progress: Progress | None = None) -> pd.DataFrame:
    """As `run`, of a plan that is made already."""
    import pyarrow as pa

    size = store.part_size(asked.runs)
    wanted = range(-(-asked.runs // size))
    made = {}
    runner = executors.choose(executor, asked.runs, workers)
    with closing(runner.results(partial(work, Job.of(asked)), tasks(asked, size, wanted))) as stream:
        for task, tables in stream:
            made[task.index] = tables[RUNS]
            if progress:
                progress(task.last - task.first)
    return pa.concat_tables([made[index] for index in wanted]).to_pandas()


