"""A mechanism of a user's own (`Mechanism`, `load`), and the contract that every mechanism keeps (`check`)."""

from __future__ import annotations

import inspect
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from letsdance import scenarios
from letsdance.params import Refused
from letsdance.scenarios import Scenario, ScenarioLike
from letsdance.scenarios.mechanism import DECISIONS, Mechanism, MechanismLike, Mechanisms, load, loaded, shipped
from letsdance.simulation import schedule as environment
from letsdance.simulation.compiled import rule
from letsdance.simulation.municipalities import synthetic
from letsdance.simulation.run import run_seeds
from letsdance.simulation.society import Society

__all__ = ["CONTRACT", "DECISIONS", "Mechanism", "MechanismLike", "Mechanisms", "check", "load", "loaded", "rule",
           "shipped"]

_PLACES = synthetic(5, 30)
_SEEDS = np.arange(3, 6, dtype=np.uint64)


def check(mechanism: MechanismLike, scenario: ScenarioLike = "lets_dance", quarters: int = 12) -> list[str]:
    """Hold a mechanism against the contract (`CONTRACT`): the promises that it keeps, in words.

    Raises `Refused` with the first promise that it breaks. Takes a few seconds, most of them to compile.

    >>> calm = ld.Mechanism("calm", says="Nothing happens.")
    >>> ld.check_mechanism(calm, quarters=8)[1]
    'switched off, every other number is as without it'
    """
    one = load(mechanism)
    scenario = scenarios.load(scenario).changed(mechanisms=[one], quarters=quarters)
    for promise, holds in CONTRACT.items():
        if broken := holds(one, scenario):
            raise Refused("{owner} breaks a promise of mechanisms ({promise}): {broken}.",
                          owner=one.called, promise=promise, broken=broken)
    return list(CONTRACT)


def _rows(scenario: Scenario, parameters: dict[str, float] | None = None, threads: int = 1) -> np.ndarray:
    return run_seeds(_PLACES, environment.build(scenario.changed(parameters=parameters)), _SEEDS, threads)[0]


def _differs(a: np.ndarray, b: np.ndarray, names: tuple[str, ...] | None = None) -> str:
    """The first indicator in which two records differ; "" for none."""
    found = next((n for n in names or a.dtype.names or () if not np.array_equal(a[n], b[n], equal_nan=True)), "")
    return f"{found} is another" if found else ""


def _silent(one: Mechanism, scenario: Scenario) -> str:
    bare = _rows(replace(scenario, mechanisms=tuple(m for m in scenario.mechanisms if m != one), parameters={}))
    return _differs(bare, _rows(scenario, {one.switch: 0.0}), bare.dtype.names)


def _society(scenario: Scenario, threads: int = 1) -> Society:
    return Society(_PLACES, environment.build(scenario), int(_SEEDS[0]), threads)


def _lived(society: Society, quarters: int) -> np.ndarray:
    rows = np.zeros((1, quarters + 1), society.row.dtype)
    rows[0, society.quarter] = society.row[0]
    while society.quarter < quarters:
        society.step()
        rows[0, society.quarter] = society.row[0]
    return rows


def _whole(one: Mechanism, scenario: Scenario) -> str:
    return _differs(_rows(scenario), _rows(scenario, threads=2)) or _differs(_rows(scenario)[:1], _lived(_society(scenario),
                                                                                               scenario.quarters))


def _any_order(one: Mechanism, scenario: Scenario) -> str:
    society = _society(scenario, 2)
    society.chunks = [(np.int64(m), np.int64(m + 1)) for m in reversed(range(len(_PLACES)))]
    return _differs(_rows(scenario)[:1], _lived(society, scenario.quarters))


def _goes_on(one: Mechanism, scenario: Scenario) -> str:
    half, first, second = scenario.quarters // 2, _society(scenario), _society(scenario)
    _lived(first, half)
    for name, column in first.state._asdict().items():
        getattr(second.state, name)[...] = column
    second.quarter = half
    then, now = _lived(first, scenario.quarters), _lived(second, scenario.quarters)
    return _differs(then[:, half + 1:], now[:, half + 1:])


def _ends(one: Mechanism, scenario: Scenario) -> str:
    for name, parameter in one.parameters.items():
        for end in parameter.range:
            rows = _rows(scenario, {name: end})
            if odd := [n for n in ("C", "G", "T", *one.measured) if not np.isfinite(rows[n]).all()]:
                return f"at {name} = {end:g}, {odd[0]} is no number"
    return ""


def _says(one: Mechanism, scenario: Scenario) -> str:
    unsaid = [f"the rule {r.__name__}" for _, r in one.rules if not inspect.getdoc(r)]
    unsaid += [f"the parameter {n}" for n, p in one.parameters.items() if not p.says]
    unsaid += [f"the column {n}" for n, c in one.columns.items() if not c.says] + ([] if one.says else [one.name])
    return f"{unsaid[0]} says nothing; write a docstring with its equation, or says=" if unsaid else ""


def _acts(one: Mechanism, scenario: Scenario) -> str:
    still = environment.build(scenario)
    for names in (one.levers, one.shocks):
        for name in names:
            pulled = name in one.levers
            moved = environment.build(scenario.changed(levers=[name] * pulled, shocks=[name] * (not pulled)))
            fields = [n for n in still.dtype.names or () if n != "points"]
            if not any((np.asarray(still[n]) != np.asarray(moved[n])).any() for n in fields):
                return f"{name} moves nothing"
    return ""


def _travels(one: Mechanism, scenario: Scenario) -> str:
    return "" if not one.text or pickle.loads(pickle.dumps(one)) == one else "another process would load another one"


_INTERPRETED = """
import sys, numpy as np
from letsdance import scenarios
from letsdance.simulation import mechanism
scenario = scenarios.load(sys.argv[2]).changed(mechanisms=[sys.argv[1]], quarters=8)
sys.stdout.buffer.write(mechanism._lived(mechanism._society(scenario), 8).tobytes())
"""


def _uncompiled(one: Mechanism, scenario: Scenario) -> str:
    if not one.text or scenario.name not in scenarios.STARTS or not (one.file in shipped() or Path(one.file).is_file()):
        return ""
    folders = os.pathsep.join(path for path in sys.path if path)
    told = subprocess.run([sys.executable, "-c", _INTERPRETED, one.file, scenario.name], capture_output=True, check=False,
                          env={**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": folders})
    rows = _lived(_society(replace(scenario, quarters=8)), 8)
    if told.returncode:
        return f"it does not run without the compiler: {told.stderr.decode().strip().splitlines()[-1]}"
    return _differs(rows, np.frombuffer(told.stdout, rows.dtype).reshape(rows.shape))


#: What every mechanism promises, and what finds out: "" where it is kept, else what is broken.
CONTRACT: dict[str, Callable[[Mechanism, Scenario], str]] = {
    "all of it says what it is": _says,
    "switched off, every other number is as without it": _silent,
    "threads and single steps give the same numbers": _whole,
    "municipalities may be worked in any order": _any_order,
    "a state that is taken goes on to the same numbers": _goes_on,
    "at both ends of every parameter there are numbers": _ends,
    "levers and shocks move something": _acts,
    "another process loads the same": _travels,
    "without the compiler the numbers are the same": _uncompiled,
}
