"""Runs whose luck is told quarter by quarter: a seed for each, so that a run may share another's past and not its future.

    rows = along(scenario, towns, seeds)    # seeds uint64[Q + 1]; all alike: the run of `simulate` with that seed

The phases are the engine's own, in the order of `simulation.engine.QUARTER`; a test holds that equal seeds give the run of
that seed to the last bit.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from letsdance.scenarios import Scenario
from letsdance.simulation import driver, engine, schedule
from letsdance.simulation.compiled import compiled
from letsdance.simulation.engine import adoption, calls, environment, outcomes, record, stocks, willingness
from letsdance.simulation.indicators import ROW
from letsdance.simulation.municipalities import Municipalities
from letsdance.simulation.networks import half_degree
from letsdance.simulation.society import LARGE, Society, interpreted_arithmetic
from letsdance.simulation.state import State, empty_state, least_members

assert (environment, calls, outcomes, stocks, willingness, adoption, record) == engine.QUARTER  # written out below
_start_citizens, _start_governments = engine.start_citizens, engine.start_governments
#: So many states of other sizes a thread keeps, to write runs into.
_ROOMS = 64
_room = threading.local()


@compiled
def _along(s, given, table, luck, rows, stage, depth, regime, category):
    """One run, start included: table[t] is quarter t's parameters, luck[t] its seed."""
    zero, M = np.int64(0), np.int64(len(s.governments))
    for t in range(len(rows)):
        p, seed = table[t], luck[t]
        if t == 0:
            _start_governments(s, given, p, seed)
            _start_citizens(s, given, p, seed, zero, M)
            for m in range(M):
                category[m] = s.governments[m].category
        else:
            environment(s, p, seed, t, zero, M)
            calls(s, p, seed, t, zero, M)
            outcomes(s, p, seed, t, zero, M)
            stocks(s, p, seed, t, zero, M)
            willingness(s, p, seed, t, zero, M)
            adoption(s, p, seed, t, zero, M)
        record(s, p, seed, t, rows[t], stage[t], depth[t], regime[t])


def _state(towns: Municipalities, p: Any) -> State:
    """Room for a run, this thread's own; made where there is none of its sizes (`state.empty_state`) yet."""
    key = (half_degree(10**6, int(p.k_c)), half_degree(10**6, int(p.k_g)), least_members(p), int(p.members_max))
    kept: dict[str, Any] = _room.__dict__
    if kept.get("towns") is not towns:
        kept.update(towns=towns, states={})
    states: dict[Any, State] = kept["states"]
    if key not in states:
        if len(states) >= _ROOMS:
            del states[next(iter(states))]
        states[key] = empty_state(towns.citizens, p, given=towns.start)
    return states[key]


def along(scenario: Scenario, towns: Municipalities, luck: np.ndarray, last: int | None = None,
          table: np.ndarray | None = None) -> tuple[np.ndarray, ...]:
    """One run up to quarter `last`, as the arrays of a `Result` of one run. luck: uint64[last + 1]; table: the schedule,
    where it is made already."""
    last = scenario.quarters if last is None else last
    made = schedule.build(scenario, max(last, 1), towns) if table is None else schedule.as_schedule(table)
    M, T = len(towns), last + 1
    rows = np.zeros((1, T), ROW)
    stage, depth, regime = (np.zeros((1, T, M), kind) for kind in (np.uint8, np.float32, np.uint8))
    category = np.zeros((1, M), np.uint8)
    if made.mechanisms or made.local is not None or int(towns.citizens.sum()) >= LARGE:
        society = Society(towns, made, int(luck[0]), 1)
        for t in range(T):
            if t:
                society.seed = np.uint64(luck[t])
                society.step()
            rows[0, t], stage[0, t], depth[0, t], regime[0, t] = (
                society._row[0], society.stage, society.depth, society.regime)
        category[0] = society.state.governments["category"]
        return rows, stage, depth, regime, category
    house = made.shipped
    with interpreted_arithmetic(), driver.refusing(driver.of_schedule(made)):
        _along(_state(towns, house[0]), towns.start, house[:T], np.ascontiguousarray(luck[:T], np.uint64), rows[0],
               stage[0], depth[0], regime[0], category[0])
    return rows, stage, depth, regime, category


__all__ = ["along"]
