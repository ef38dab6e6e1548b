"""A run's state in a file: save it at any quarter, load it, and let it go on, with the same policy or with another.

    save(state_at("lone_ranger", quarter=24, seed=7), "before.npz")
    ends = branch(load("before.npz"), {"go on": [], "free-range": ["FRCS@25+20"]})

Randomness is addressed by seed, quarter and entity, so a state that was saved continues to the same bits, and two
branches meet the same luck.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack, cast

import numpy as np

from letsdance import __version__, scenarios
from letsdance.experiments import state_file
from letsdance.experiments.executors import rules
from letsdance.experiments.folder import check_file, whole_file
from letsdance.params import PARAMETERS, Refused, Said, check_whole
from letsdance.scenarios import Changes, Scenario, ScenarioLike, UseLike
from letsdance.simulation import municipalities as table
from letsdance.simulation import schedule as environment
from letsdance.simulation.indicators import ROW, SOCIETY
from letsdance.simulation.municipalities import Municipalities
from letsdance.simulation.rules.regimes import REGIMES
from letsdance.simulation.society import Society, cores
from letsdance.simulation.state import OWN, State

if TYPE_CHECKING:
    import pandas as pd

#: The name of going on without another policy.
AS_IT_WAS = "as it was"
_FORMAT = 1
#: Parameters that a society is built by: they cannot change on the way.
_BUILT = ("launch_min", "core", "contacts_c", "contacts_g", "members_max", "growth")
_FIXED = {name for name, p in PARAMETERS.items() if p.group in ("start", "networks")} | set(_BUILT)


@dataclass(frozen=True, eq=False)
class Saved:
    """A society at a quarter, and all that it takes to go on. `rows` is what was recorded by then, ROW[quarter + 1]."""

    scenario: Scenario
    places: Municipalities
    seed: int
    quarter: int
    state: State
    rows: np.ndarray
    rules: str
    version: str

    def __repr__(self) -> str:
        return (f"{self.scenario.title}: the state of quarter {self.quarter} of {self.scenario.quarters}, seed "
                f"{self.seed}, {len(self.places)} municipalities, {self.state.trust.size} citizens")

    def society(self, scenario: Scenario | None = None, seed: int | None = None, threads: int | None = None) -> Society:
        """The society as it stands, under a scenario's environment; its own arrays, so that branches do not meet."""
        society = Society(self.places, environment.build(self.scenario, among=self.places), self.seed,
                          cores() if threads is None else threads)
        society.schedule = environment.build(scenario or self.scenario, among=self.places)
        society.seed = np.uint64(self.seed if seed is None else seed)
        for name, column in self.state._asdict().items():
            if name not in OWN:  # no mechanism runs, and whom a policy is for is told by its own schedule
                getattr(society.state, name)[...] = column
        society.quarter = self.quarter
        society.row[0] = self.rows[self.quarter]
        return society


def state_at(scenario: ScenarioLike, quarter: int, seed: int = 1, municipalities: table.MunicipalitiesLike | None = None,
             **changes: Unpack[Changes]) -> Saved:
    """Run a scenario to a quarter and take its state. changes: as in `simulate`. Raises `Refused`.

    >>> ld.state_at("lone_ranger", 4, quarters=8).quarter
    4
    """
    scenario = scenarios.load(scenario).changed(**changes)
    if scenario.mechanisms:
        raise Refused("a saved state does not hold mechanisms of your own yet; leave {names} out, or run it whole.",
                      names=", ".join(one.name for one in scenario.mechanisms))
    check_whole(Said("quarter (before the horizon)"), quarter, 0, scenario.quarters - 1)
    check_whole("seed", seed, 0, 2**63 - 1)
    places = table.of(scenario, municipalities)
    society = Society(places, environment.build(scenario, among=places), int(seed), cores())
    rows = np.zeros(quarter + 1, ROW)
    rows[0] = society.row[0]
    for t in range(1, quarter + 1):
        society.step()
        rows[t] = society.row[0]
    return take(society, scenario, rows)


def take(society: Society, scenario: Scenario, rows: np.ndarray) -> Saved:
    """The state of a society in motion; `rows` are its records so far, ROW[quarter + 1]."""
    state = state_file.clean(State(*(np.array(column) for column in society.state)), society.quarter)
    return Saved(scenario, society.municipalities, int(society.seed), society.quarter, state, rows, rules(),
                 __version__)


def save(saved: Saved, path: str | Path, overwrite: bool = False) -> Path:
    """Write a state to a file (.npz), whole or not at all. Raises `Refused` where that cannot be.

    >>> ld.save_state(ld.state_at("lone_ranger", 4, quarters=8), "before.npz").name
    'before.npz'
    """
    if saved.places.own:
        raise Refused("a state's file does not hold citizens or networks of your own; go on in Python (branch), or run it "
                      "whole.")
    place = check_file(path, overwrite)
    about = {"format": _FORMAT, "rules": saved.rules, "version": saved.version, "seed": saved.seed,
             "quarter": saved.quarter, "name": saved.scenario.name, "scenario": saved.scenario.to_toml(),
             "municipalities": list(saved.places.names)}
    columns = {f"state.{name}": column for name, column in saved.state._asdict().items() if name not in OWN}  # none runs
    with whole_file(place, overwrite) as hidden, hidden.open("wb") as file:
        state_file.write(file, about, {"rows": saved.rows, "citizens": saved.places.citizens, "given": saved.places.given,
                                       **columns})
    return place


def load(path: str | Path) -> Saved:
    """A state from a file. Refused for another file, a damaged or changed one, and one that other rules wrote.

    >>> file = ld.save_state(ld.state_at("lone_ranger", 4, quarters=8), "before.npz")
    >>> ld.load_state(file).quarter
    4
    """
    file = state_file.Reader(path)
    if (written := file.whole("format", 0, 2**31)) != _FORMAT:
        raise Refused("{path} has the format {written}, this version reads {format}; use letsdance {file}.", path=path,
                      written=written, format=_FORMAT, file=file.text("version"))
    if (theirs := file.text("rules")) != rules():
        raise Refused("{path} was saved with other rules or parameters (letsdance {file}), so it would not go on as it "
                      "began; load it with that version, or save it again with this one.", path=path,
                      file=file.text("version"))
    scenario = scenarios.read(file.text("name"), f"{path}, scenario", file.text("scenario"))
    seed, quarter, places = file.whole("seed", 0, 2**63 - 1), file.quarter(), file.places()
    if quarter >= scenario.quarters:
        raise file.no(f"quarter {quarter} is not before its horizon of {scenario.quarters}")
    schedule = environment.build(scenario, among=places)
    rows, state = file.rows(quarter), file.state(places, quarter, schedule[0])
    saved = Saved(scenario, places, seed, quarter, state, rows, theirs, file.text("version"))
    if differs := _unlike_its_record(saved):
        raise file.no(f"what was recorded of quarter {quarter} ({differs}) is not what its state says")
    return saved


def _unlike_its_record(saved: Saved) -> str:
    """The first indicator that the state, measured now, has another value of than its last row; "" if all agree.

    Regimes are left out: measuring them counts a quarter more.
    """
    society = saved.society(threads=1)
    society.measure()
    last = saved.rows[-1]
    return next((name for name in SOCIETY if name not in REGIMES
                 and not np.array_equal(society.row[0][name], last[name], equal_nan=True)), "")


def policy(saved: Saved, name: str, levers: Sequence[UseLike] = (), shocks: Sequence[UseLike] = (),
           parameters: Mapping[str, object] | None = None, quarters: int | None = None) -> Scenario:
    """The saved scenario with another policy from the next quarter on. What would act earlier is refused: it is past."""
    scenario = saved.scenario.changed(levers=levers, shocks=shocks, parameters=parameters, quarters=quarters)
    if scenario.quarters <= saved.quarter:
        raise Refused("the horizon of {quarters} quarters is past: the state is of quarter {quarter}.",
                      quarters=scenario.quarters, quarter=saved.quarter)
    for parameter in parameters or {}:
        if parameter in _FIXED:
            raise Refused("{name}: {parameter} acts only when a run begins, and the state is of quarter {quarter}; take "
                          "it out, or begin a run with it.", name=name, parameter=parameter,
                          quarter=saved.quarter)
    for kind, before, after in (("lever", saved.scenario.levers, scenario.levers),
                                ("shock", saved.scenario.shocks, scenario.shocks)):
        for use in after[len(before):]:
            if use.start <= saved.quarter:
                raise Refused("{name}: {kind} {use_name} starts in quarter {start}, but the state is of quarter "
                              "{quarter}; start it in quarter {quarter_2} or later.", name=name, kind=kind,
                              use_name=use.name, start=use.start, quarter=saved.quarter,
                              quarter_2=saved.quarter + 1)
    return scenario


def branch(saved: Saved, policies: Mapping[str, Sequence[UseLike] | Mapping[str, object]], runs: int = 1,
           quarters: int | None = None, threads: int | None = None,
           progress: Callable[[int], None] | None = None) -> pd.DataFrame:
    """Let a state go on under several policies: one row a policy, run and quarter, from quarter 0, with every indicator.

    policies: by name, each a sequence of levers ("FRCS@25+20") or the keywords of `policy`. Run 0 goes on with the luck
    of the run that was saved; further runs share its past and meet other luck (seed + run) from here on, the same for
    every policy. Raises `Refused`.

    >>> saved = ld.state_at("lone_ranger", 4, quarters=8)
    >>> ld.branch(saved, {"free-range": ["FRCS@5"], "nothing": []}).groupby("policy")["quarter"].max()["nothing"]
    np.int64(8)
    """
    import pandas as pd

    if not policies:
        raise Refused("name at least one policy to go on with.")
    check_whole("runs", runs, 1, 10_000)
    said = {name: how if isinstance(how, Mapping) else {"levers": how} for name, how in policies.items()}
    several = {name: policy(saved, name, quarters=quarters, **cast(Any, how)) for name, how in said.items()}
    frames = {}
    for name, scenario in several.items():
        for run in range(runs):
            society = saved.society(scenario, saved.seed + run, threads)
            rows = np.zeros(scenario.quarters + 1, ROW)
            rows[:saved.quarter + 1] = saved.rows
            for t in range(saved.quarter + 1, scenario.quarters + 1):
                society.step()
                rows[t] = society.row[0]
            frames[name, run] = pd.DataFrame({"seed": saved.seed + run, "quarter": np.arange(len(rows)),
                                              **{column: rows[column] for column in SOCIETY}})
            if progress:
                progress(1)
    return pd.concat(frames, names=["policy", "run"]).reset_index(level=(0, 1)).reset_index(drop=True)
