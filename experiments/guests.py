"""The model as a guest of other tools: a SALib problem and an EMA Workbench model, one import away.

    problem = salib_problem(["k=0.5:2", "FRCS.strength=0:1"])
    problem.sample_sobol(256).evaluate(guest("lone_ranger", ["k=0.5:2", "FRCS.strength=0:1"], "lets_dance@60"))
    model = ema_model("wasteland", ["k=0.5:2", "FRCS.strength=0:1"], ["wasteland@60"])

Run r of every point has the seed seed + r, so points meet the same citizens and luck; several runs make a mean.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance import scenarios
from letsdance.experiments.design import Factor, at, parse_factors
from letsdance.experiments.outcomes import Outcome, parse_all
from letsdance.experiments.sensitivity import bounds_of
from letsdance.params import PARAMETERS, Refused
from letsdance.scenarios import LEVERS, Scenario
from letsdance.simulation.run import simulate

if TYPE_CHECKING:
    from ema_workbench import Model


@dataclass(frozen=True)
class Guest:
    """The model as a function of its factors: `model(k=0.7, FRCS_strength=1)`, or `model(X)` for a matrix of points.

    Keywords answer with a mean over runs of each outcome by name, a matrix float64[points, k] with a vector (one
    outcome) or a matrix float64[points, outcomes]. Names are written as Python's: FRCS.strength as FRCS_strength,
    lets_dance@60 as lets_dance_60. An outcome that is not a number in a run is not a number in the mean. It can be
    pickled, and runs on one core, so that the tool may spread it over processes.
    """

    scenario: Scenario
    factors: tuple[Factor, ...]
    outcomes: tuple[Outcome, ...]
    runs: int = 4
    seed: int = 1

    def __call__(self, X: Any = None, **named: Any) -> Any:
        if X is None:
            values = self._means([named.get(identifier(f.name)) for f in self.factors], named)
            return {identifier(str(o)): value for o, value in zip(self.outcomes, values, strict=True)}
        points = np.atleast_2d(np.asarray(X, np.float64))
        if points.shape[1] != len(self.factors):
            raise Refused("a point has {shape} numbers, but there are {n_factors} factors.", shape=points.shape[1],
                          n_factors=len(self.factors))
        answers = np.array([self._means(point, {}) for point in points])
        return answers[:, 0] if len(self.outcomes) == 1 else answers

    def _means(self, values: Any, named: Mapping[str, Any]) -> list[float]:
        known = {identifier(f.name): f for f in self.factors}
        for name in named:
            if name not in known:
                raise Refused("there is no factor {name!r} here; known: {known}.", name=name,
                              known=", ".join(known))
        point = {f.name: _value(f, v) for f, v in zip(self.factors, values, strict=True) if v is not None}
        result = simulate(at(self.scenario, point), runs=self.runs, seed=self.seed, threads=1)
        return [float(outcome.of(result).mean()) for outcome in self.outcomes]


def _value(factor: Factor, value: Any) -> Any:
    """As the model takes it: tools hand whole numbers over as decimal ones, and sample between them."""
    return round(float(value)) if factor.whole else float(value)


def identifier(name: str) -> str:
    """A factor's or outcome's name as a name of Python's: FRCS.strength -> FRCS_strength, T@40-60 -> T_40_60."""
    return re.sub(r"\W", "_", name)


def guest(scenario: Any, factors: Any, outcomes: str | Outcome | Iterable[str | Outcome], runs: int = 4, seed: int = 1,
          quarters: int | None = None) -> Guest:
    """The model as a function of factors such as ["k=0.5:2", "FRCS.strength=0:1"]. Raises `Refused` for bad input."""
    chosen = parse_factors(factors)
    bounds_of(chosen)
    if not chosen:
        raise Refused("name at least one factor, such as k=0.5:2.")
    model = Guest(scenarios.load(scenario).changed(quarters=quarters), chosen, parse_all(outcomes), runs, seed)
    at(model.scenario, {f.name: _value(f, low) for f, (low, _) in zip(chosen, bounds_of(chosen), strict=True)})
    return model


def salib_problem(factors: Any) -> Any:
    """The factors as SALib's `ProblemSpec`: names, bounds, and samples and analyses to chain."""
    from SALib import ProblemSpec

    chosen = parse_factors(factors)
    return ProblemSpec({"num_vars": len(chosen), "names": [f.name for f in chosen],
                        "bounds": [[float(low), float(high)] for low, high in bounds_of(chosen)]})


def ema_model(scenario: Any, factors: Any, outcomes: str | Outcome | Iterable[str | Outcome], runs: int = 4,
              seed: int = 1, quarters: int | None = None, name: str = "letsdance") -> Model:
    """An EMA Workbench model of the function `guest`, for `perform_experiments`, in sequence or in processes.

    Levers' dials and parameters of the role "lever" are its levers, all other factors its uncertainties; outcomes are
    scalars. Refused where the EMA Workbench is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # it warns of every evaluator that is not installed
            from ema_workbench import IntegerParameter, Model, RealParameter, ScalarOutcome
    except ImportError:
        raise Refused("the EMA Workbench is not installed; install it with `pip install ema-workbench`.") from None
    function = guest(scenario, factors, outcomes, runs, seed, quarters)
    model = Model(name, function=function)
    sides: dict[bool, list[Any]] = {True: [], False: []}
    for factor, (low, high) in zip(function.factors, bounds_of(function.factors), strict=True):
        kind, number = (IntegerParameter, int) if factor.whole else (RealParameter, float)
        sides[_is_lever(factor.name)].append(kind(identifier(factor.name), number(low), number(high)))
    model.levers, model.uncertainties = sides[True], sides[False]
    model.outcomes = [ScalarOutcome(identifier(str(outcome))) for outcome in function.outcomes]
    return model


def _is_lever(name: str) -> bool:
    parameter = PARAMETERS.get(name)
    return parameter.role == "lever" if parameter else name.partition(".")[0] in LEVERS
