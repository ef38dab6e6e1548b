"""What an outcome of a scenario answers to: the design, the runs and their analysis (`experiments.indices`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from letsdance import scenarios
from letsdance.experiments.design import Design, Factor, FactorsLike, latin_hypercube, parse_factors, saltelli, turned
from letsdance.experiments.design import morris as morris_design
from letsdance.experiments.executors import ExecutorLike
from letsdance.experiments.indices import Morris, Regional, Sobol, morris, regional, sobol
from letsdance.experiments.outcome_words import subject
from letsdance.experiments.outcomes import Condition, Outcome, parse, parse_condition
from letsdance.experiments.plan import Changed
from letsdance.params import PARAMETERS, Refused, nearest
from letsdance.scenarios import ScenarioLike
from letsdance.words import IN_ENGLISH, Text

if TYPE_CHECKING:
    import pandas as pd

    from letsdance.experiments.sweep import Sweep
    from letsdance.scenarios import Scenario

#: Methods, with how large their designs are unless said: trajectories, base points, points.
METHODS = {"morris": 10, "sobol": 256, "regional": 400, "emulated": 1000}
_MOST_SOBOL = 20  # factors: beyond it a screening says the same for a hundredth of the runs


# ---------------------------------------------------------------- what is looked at

_LEVELS = {"<=": "at_most", ">=": "at_least", "<": "less", ">": "more"}


def said_condition(condition: Condition, text: Text = IN_ENGLISH) -> tuple[str, str]:
    """What holds, and what that means: ("Wasteland is escaped", "at most 20 % of municipalities in it at quarter 60")."""
    outcome, when = condition.outcome, ""
    if outcome.first is not None:
        when = text("report.screen_at" if outcome.first == outcome.last else "report.screen_over", quarter=outcome.first,
                    first=outcome.first, last=outcome.last)
    value = text.part(condition.value) if outcome.unit == "share" else text.typed(condition.value)
    level = text(f"report.screen_{_LEVELS[condition.relation]}", value=value)
    if outcome.name in scenarios.STARTS:
        does = "escaped" if condition.relation.startswith("<") else "reached"
        return (text(f"report.screen_{does}", future=text.title("start", outcome.name)),
                text("report.screen_in_it", level=level, when=when))
    return text("report.screen_aim"), text("report.screen_level", what=subject(outcome, text), level=level, when=when)


def responses(frame: pd.DataFrame, outcome: str | Outcome | Condition, missing: float | None = None) -> np.ndarray:
    """float64[points, replicates] of an outcome (of a condition: 1 where it holds), from a table with the columns point,
    run and one for the outcome.

    Not a number means that something never comes or is a share of nothing: no point is dropped for it. `missing` is
    the number to put in its place; without one it is refused, unless a condition on a time needs none.
    """
    condition = outcome if isinstance(outcome, Condition) else None
    name = str(condition.outcome if condition else outcome)
    if name not in frame.columns:
        known = [c for c in frame.columns if c not in ("point", "run", "seed", "error")]
        raise Refused("these runs have no outcome {name}; they have {known}.", name=name,
                      known=", ".join(map(str, known)))
    if "error" in frame and (failed := frame["error"].notna()).any():
        first = frame[failed].iloc[0]
        raise Refused("{failed} of {n_frame} runs failed, the first at point {point}: {error}. Every point of the design "
                      "is needed; change the ranges.", failed=int(failed.sum()), n_frame=len(frame), point=first["point"],
                      error=str(first["error"]).rstrip("."))
    table = frame.pivot(index="point", columns="run", values=name).sort_index()
    if table.size != len(frame):
        raise Refused("{n_table} points with {shape} runs each make {size} runs, but there are {n_frame}; finish the "
                      "sweep first.", n_table=len(table), shape=table.shape[1], size=table.size,
                      n_frame=len(frame))
    values = table.to_numpy(np.float64)
    gone = np.isnan(values)
    if gone.any() and missing is not None:
        values = np.where(gone, float(missing), values)
    elif gone.any() and not (condition and condition.outcome.name.startswith("time_to_")):
        raise Refused("{name} is not a number in {gone} of {size} runs, at {gone_2} of {n_gone} points (it never comes, "
                      "or is a share of nothing); name a number to put in its place (missing=, --missing), or choose "
                      "another outcome.", name=name, gone=int(gone.sum()), size=gone.size,
                      gone_2=int(gone.any(axis=1).sum()), n_gone=len(gone))
    return condition.holds(values).astype(np.float64) if condition else values


def check_missing(missing: float | None) -> None:
    """Refuse what cannot stand in the place of what is not a number."""
    if missing is not None and not np.isfinite(missing):
        raise Refused("missing, which stands where an outcome is not a number, must be a number itself, not "
                      "{missing!r}.", missing=missing)


def bounds_of(factors: Any) -> np.ndarray:
    """float64[k, 2]: from where to where each factor goes."""
    return np.array([(min(f.values), max(f.values)) if f.values else (f.low, f.high)
                     for f in turned(parse_factors(factors))], np.float64).reshape(-1, 2)


# ---------------------------------------------------------------- a scenario, its factors, an outcome

@dataclass(frozen=True, eq=False)
class Sensitivity:
    """What an outcome of a scenario answers to: `found` says it; design and runs are what it was found from.

    outcome: an `Outcome`, or the `Condition` of a regional analysis. runs: one row a run.
    """

    method: str
    scenario: Scenario
    outcome: Outcome | Condition
    found: Morris | Sobol | Regional
    design: Design
    runs: pd.DataFrame
    seed: int

    def __repr__(self) -> str:
        head = (f"{self.outcome} from {self.scenario.title}, {self.method}: {len(self.design)} points, "
                f"{len(self.runs):,} runs")
        return f"{head}\n{self.table.drop(columns='title').head(10).round(3).to_string(index=False)}"

    @property
    def factors(self) -> tuple[Factor, ...]:
        """The factors, in the order of the design."""
        return self.design.factors

    @property
    def table(self) -> pd.DataFrame:
        """One row a factor, with its title; the strongest first."""
        by = {"morris": "mu_star", "sobol": "total", "regional": "distance", "emulated": "total"}[self.method]
        titles = {factor.name: factor.title for factor in self.factors}
        table = self.found.table
        titled = table.assign(title=[titles[name] for name in table["factor"]])
        order = ["factor", "title", *(c for c in table if c != "factor")]
        return titled[order].sort_values(by, ascending=False, kind="stable", ignore_index=True)


def default_factors() -> tuple[Factor, ...]:
    """Every parameter that nobody knows well (role: uncertainty), over its declared range."""
    return tuple(Factor(name, float(p.range[0]), float(p.range[1]))
                 for name, p in PARAMETERS.items() if p.role == "uncertainty")


def design_of(method: str, factors: Any, size: int | None = None, seed: int = 1) -> Design:
    """The design that a method needs: trajectories of Morris, Saltelli's rows, or a Latin hypercube (which an emulator is
    taught, for Sobol' indices of many factors).

    Refused for Sobol' indices over very many factors, with the number of points that they would take.
    """
    if method not in METHODS:
        raise Refused("there is no method {method!r}.{near} Known: {known}.", method=method, near=nearest(method, METHODS),
                      known=", ".join(METHODS))
    chosen = turned(parse_factors(factors))
    size = METHODS[method] if size is None else size
    if not chosen:
        raise Refused("sensitivity needs at least one factor, such as k=0.5:2.")
    if method == "morris":
        if size < 2:
            raise Refused("Morris screening needs at least 2 trajectories, not {size}; 10 or more are usual.",
                          size=size)
        return morris_design(chosen, size, seed)
    if method in ("regional", "emulated"):
        return latin_hypercube(chosen, size, seed)
    if len(chosen) > _MOST_SOBOL:
        raise Refused("Sobol' indices of {n_chosen} factors would take {points_needed:,} points of several runs each; "
                      "take the method emulated, or screen them with the method morris first, and name at most "
                      "{most_sobol} that matter.",
                      n_chosen=len(chosen), points_needed=points_needed(method, len(chosen), size),
                      most_sobol=_MOST_SOBOL)
    return saltelli(chosen, size, seed)


def points_needed(method: str, factors: int, size: int | None = None) -> int:
    """How many points a method takes for so many factors."""
    size = METHODS[method] if size is None else size
    return size * {"morris": factors + 1, "sobol": factors + 2, "regional": 1, "emulated": 1}[method]


def sensitivity(
    scenario: ScenarioLike, factors: FactorsLike = (), outcome: str | Outcome | Condition = "lets_dance",
    method: str = "morris", size: int | None = None, replicates: int = 4, seed: int = 1,
    missing: float | None = None, level: float = 0.95,
    executor: ExecutorLike = None, workers: int | None = None, progress: Callable[[int], None] | None = None,
    **more: Unpack[Changed],
) -> Sensitivity:
    """Make the design, run it and analyse it.

    factors: such as ["k=0.5:2", "FRCS.strength=0:1"]; none: every uncertain parameter (morris only). outcome: for
    regional a condition, such as "lets_dance@60 >= 0.5". size: trajectories, base points or points (METHODS).
    replicates: runs at each point, with the same seeds at every point. missing: a number in the place of what is not a
    number. more: as in `experiments.plan.plan`. Raises `Refused`.

    >>> found = ld.sensitivity("lone_ranger", ["k=0.5:2", "f=0.5:2"], size=2, replicates=1, quarters=8)
    >>> sorted(found.table["factor"])
    ['f', 'k']
    """
    from letsdance.experiments.plan import plan
    from letsdance.experiments.sweep import run

    check_missing(missing)
    base = scenarios.load(scenario)
    asked = _asked(method, outcome)
    chosen = parse_factors(factors) or default_factors()
    planned = plan(base, design=design_of(method, chosen, size, seed), replicates=replicates, seed=seed,
                   outcomes=[_outcome(asked)], **more)
    frame = run(planned.design, base, [_outcome(asked)], replicates, seed, executor, workers, progress, **more)
    found = analyse(planned.design, frame, asked, method, seed, missing, level)
    return Sensitivity(method, planned.scenario, asked, found, planned.design, frame, seed)


def from_sweep(sweep: Sweep, outcome: str | Outcome | Condition, method: str | None = None,
               missing: float | None = None, level: float = 0.95, seed: int | None = None) -> Sensitivity:
    """The same of a sweep that is there: a morris design for morris, Saltelli's for sobol, any other for regional.

    seed: of what is drawn in the analysis; that of the sweep unless said.
    """
    usual = {"morris": "morris", "saltelli": "sobol"}.get(sweep.plan.design.method, "regional")
    check_missing(missing)
    method = method or usual
    if method not in (usual, "regional", *(["emulated"] if usual == "regional" else [])):
        raise Refused("this sweep has a {method} design; the method {method_2} needs one of its own. Use the method "
                      "{usual}.", method=sweep.plan.design.method.replace("_", " "), method_2=method, usual=usual)
    asked = _asked(method, outcome)
    frame = runs_of(sweep, _outcome(asked))
    seed = sweep.plan.seed if seed is None else seed
    found = analyse(sweep.plan.design, frame, asked, method, seed, missing, level)
    return Sensitivity(method, sweep.plan.scenario, asked, found, sweep.plan.design, frame, seed)


def runs_of(sweep: Sweep, outcome: Outcome) -> pd.DataFrame:
    """A sweep's runs with a column for this outcome; at the end of the run it may stand there without a quarter."""
    if not sweep.finished:
        raise Refused("the sweep in {folder} is not finished; go on with `letsdance sweep --resume` first.",
                      folder=sweep.folder)
    name, bare = str(outcome), outcome.name
    ends = {Outcome(bare), Outcome(bare, sweep.plan.scenario.quarters, sweep.plan.scenario.quarters)}
    there = next((str(o) for o in ends if str(o) in sweep.outcomes), None) if outcome in ends else None
    frame = sweep.frame(columns=["point", "run", "seed", "error", there or name])
    return frame.rename(columns={there or name: name})


def analyse(design: Design, frame: pd.DataFrame, outcome: Outcome | Condition, method: str, seed: int = 1,
            missing: float | None = None, level: float = 0.95) -> Morris | Sobol | Regional:
    """A method's analysis of runs on its design."""
    names = [factor.name for factor in turned(design.factors)]
    bounds, X = bounds_of(design.factors), design.table[names].to_numpy(np.float64)
    Y = responses(frame, outcome, missing)
    if method == "morris":
        return morris(names, bounds, X, Y, seed, level)
    if method == "sobol":
        return sobol(names, bounds, X, Y, seed, level)
    if method == "emulated":
        from letsdance.experiments.emulator import learn

        assert isinstance(outcome, Outcome)
        return learn(design.factors, X, Y, outcome, seed).sobol(level=level)
    return regional(names, X, Y, seed, level)


def _asked(method: str, outcome: str | Outcome | Condition) -> Outcome | Condition:
    """An outcome, or for a regional analysis a condition."""
    compared = isinstance(outcome, Condition) or (isinstance(outcome, str) and any(c in outcome for c in "<>"))
    if method == "regional":
        if not compared:
            raise Refused("a regional analysis needs a condition, such as '{outcome} >= 0.5'.", outcome=outcome)
        return parse_condition(outcome)  # type: ignore[arg-type]
    if compared:
        raise Refused("the method {method} needs an outcome, not the condition {outcome!r}; take the method regional, or "
                      "leave the comparison out.", method=method, outcome=str(outcome))
    return parse(outcome)  # type: ignore[arg-type]


def _outcome(asked: Outcome | Condition) -> Outcome:
    return asked.outcome if isinstance(asked, Condition) else asked
