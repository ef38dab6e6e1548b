"""Numbers for the screen: off the event loop, the last change wins, a running computation is cancelled by the next.

`use_latest(job, dependencies)` is what pages use: `job(token)` is a generator that runs in a thread of a small pool
and yields one answer after another (20 runs at once, then more); each is shown as it comes. `pairs` is the usual job:
a policy and its reference on equal luck. Results are kept, so the reference and what undo goes back to cost nothing.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd  # noqa: F401  here, not when first needed: Solara looks into a pandas that a thread has half imported
import solara
from solara.server import kernel_context

from dashboards.session import use_words
from dashboards.state import RUNS, Policy, View
from params import Refused
from scenarios import STARTS
from simulation.run import Result, simulate
from simulation.society import cores

__all__ = ["LONG", "Answer", "Pair", "Stopped", "Token", "extended", "give_way", "municipalities", "pairs", "results",
           "simulated", "stages", "use_latest", "warm"]

_log = logging.getLogger("letsdance.dashboard")
_POOL = ThreadPoolExecutor(max(2, cores()), thread_name_prefix="letsdance")
_here = threading.local()
#: For jobs of seconds (a map, a wind tunnel): whoever moves a slider meanwhile does not wait behind them.
LONG = ThreadPoolExecutor(1, thread_name_prefix="letsdance-long", initializer=lambda: setattr(_here, "long", True))
#: Seconds that a slice of a long job waits for sliders at most: it goes on slowly, but it goes on.
_POLITE = 0.5
#: Citizens x quarters x runs that take about 30 ms; between two such slices a computation can be stopped.
_SLICE = 20 * 1_000 * 60
#: Cells (runs x quarters x municipalities) of results that are kept for all sessions together: some 100 MB.
_KEPT = 6_000_000


class Stopped(Exception):
    """Another change came; the answer is no longer wanted."""


class Token:
    """Whether an answer is still wanted."""

    def __init__(self) -> None:
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Nobody wants the answer any more."""
        self._stopped.set()

    def check(self) -> None:
        """Raise `Stopped` when the answer is no longer wanted."""
        if self._stopped.is_set():
            raise Stopped

    def sleep(self, seconds: float) -> None:
        """Wait, unless stopped."""
        if self._stopped.wait(seconds):
            raise Stopped


# ---------------------------------------------------------------- what was computed is kept

class _Kept:
    """The results last used, up to a size; shared by all sessions, because a result says nothing about who asked."""

    def __init__(self, most: int) -> None:
        self._lock, self._most, self._size = threading.Lock(), most, 0
        self._results: OrderedDict[Any, Result] = OrderedDict()

    def get(self, key: Any) -> Result | None:
        with self._lock:
            if key in self._results:
                self._results.move_to_end(key)
            return self._results.get(key)

    def put(self, key: Any, result: Result) -> None:
        with self._lock:
            if key not in self._results:
                self._size += result.stage.size
            self._results[key] = result
            while self._size > self._most and len(self._results) > 1:
                _, old = self._results.popitem(last=False)
                self._size -= old.stage.size


_kept = _Kept(_KEPT)
_running = 0
_count = threading.Condition()


def municipalities(places: str) -> Any:
    """A view's own municipalities from their CSV, None for the usual ones; `Refused` for a bad one."""
    from simulation.municipalities import from_text

    return from_text(places) if places else None


def stages(runs: int) -> tuple[int, ...]:
    """How many runs are shown one after another: 20, 40, 80, ... and at last all."""
    return (*(n for n in (20, 40, 80, 160) if n < runs), runs)


def simulated(policy: Policy, seed: int, runs: int, token: Token, places: str = "") -> Result:
    """The result of a policy; runs that were computed before are not computed again.

    Raises `Refused` for what cannot run, `Stopped` when another change came.
    """
    question = replace(policy, title=""), seed, places
    steps = stages(runs)
    done = next((kept for n in reversed(steps) if (kept := _kept.get((*question, n)))), None)
    if done is None or done.runs < runs:
        done = extended(policy, seed, runs, token, places, done)
        _kept.put((*question, runs), done)
    return done


def extended(policy: Policy, seed: int, runs: int, token: Token, places: str, done: Result | None) -> Result:
    """The result of a policy, which is not kept: the runs of `done`, and those that it lacks.

    Raises `Refused`, `Stopped`.
    """
    scenario, towns = policy.scenario(), municipalities(places)
    parts = [done] if done is not None else []
    have = done.runs if done is not None else 0
    values = scenario.values()
    citizens = int(towns.citizens.sum()) if towns is not None else int(values["municipalities"] * values["citizens"])
    slice_of = _SLICE // 4 if _long() else _SLICE  # a long job comes to where it can give way sooner
    step = int(np.clip(slice_of // (citizens * scenario.quarters), 1, 20))
    while have < runs:
        give_way()
        token.check()
        n = min(step, runs - have)
        with _count:
            threads = cores() if _running <= (0 if _long() else 1) else 1  # several at once: each its own core
        parts.append(simulate(scenario, runs=n, seed=seed + have, municipalities=towns, threads=threads))
        have += n
    if len(parts) == 1:
        return parts[0]
    return Result(parts[0].scenario, parts[0].places, *(np.concatenate([getattr(part, name) for part in parts])
                  for name in ("seeds", "rows", "stage", "depth", "regime", "category")))


def give_way() -> None:
    """In a long job, before a slice of work: wait while sliders are being answered, half a second at most."""
    if _long():
        with _count:
            _count.wait_for(lambda: _running <= 0, _POLITE)


def _long() -> bool:
    """Whether this is a thread of the pool for long jobs."""
    return getattr(_here, "long", False)


@dataclass(frozen=True, eq=False)
class Pair:
    """A policy's runs and its reference's, seed by seed on equal luck; `policy` is the one that ran."""

    policy: Policy
    result: Result
    reference: Result
    wanted: int

    @property
    def same(self) -> bool:
        """Whether nothing differs from the reference."""
        return self.result is self.reference

    def difference(self, indicator: str) -> np.ndarray:
        """float64[R, Q+1]: an indicator less the reference's, run by run."""
        return self.result.rows[indicator] - self.reference.rows[indicator]


def pairs(view: View, token: Token, policy: Policy | None = None) -> Iterator[Pair]:
    """The view's policy (or another) beside the view's reference, 20 runs first, then more.

    The reference runs for as many quarters as the policy, so that the two can be compared.
    """
    policy = view.policy if policy is None else policy
    reference = replace(view.reference_policy(), quarters=policy.quarters)
    for runs in stages(view.runs):
        result = simulated(policy, view.seed, runs, token, view.places)
        yield Pair(policy, result, simulated(reference, view.seed, runs, token, view.places), view.runs)


def results(policies: dict[str, Policy], view: View, token: Token) -> dict[str, Result]:
    """Every policy's result at the view's runs, seed and municipalities, on equal luck."""
    return {name: simulated(policy, view.seed, view.runs, token, view.places) for name, policy in policies.items()}


def warm() -> None:
    """Compile or load the engine and run the four starts, so that the first page and the first slider are quick."""
    token = Token()
    try:
        for start in STARTS:
            simulated(Policy(start), 1, RUNS[0], token)
    except Exception as error:  # the first page will meet the same error and show it
        if "shutdown" not in str(error):  # the server was stopped meanwhile: nothing to tell
            _log.exception("the engine did not warm up")


# ---------------------------------------------------------------- the last change wins

@dataclass(frozen=True, slots=True)
class Answer[T]:
    """The newest value (None: none yet), and what was refused ('' if nothing). Old values stay until a new one comes."""

    value: T | None = None
    refused: str = ""


class _Latest:
    """Runs the newest job of one component and delivers what it yields; older jobs are stopped.

    After each answer a job goes back to the end of the queue: everybody's first answer comes before anybody's finer one.
    """

    def __init__(self) -> None:
        self._token = Token()
        self._context = kernel_context.get_current_context() if kernel_context.has_current_context() else None

    def ask(self, job: Callable[[Token], Generator[Any, None, None]], deliver: Callable[[Any, str], None],
            pool: ThreadPoolExecutor) -> None:
        self._token.stop()
        self._token = token = Token()
        pool.submit(self._turn, pool, job(token), token, deliver)

    def stop(self) -> None:
        self._token.stop()

    def _turn(self, pool: ThreadPoolExecutor, answers: Generator[Any, None, None], token: Token,
              deliver: Callable[[Any, str], None]) -> None:
        global _running
        quick = pool is _POOL  # long jobs do not count: a slider gets all cores beside them, and the system shares
        with _count:
            _running += quick
        try:
            token.check()
            self._deliver(token, deliver, next(answers), "")
        except (Stopped, StopIteration):
            answers.close()
        except Refused as refused:
            self._deliver(token, deliver, None, str(refused))
        except Exception as error:  # said on the page as one sentence; the log has the rest
            _log.exception("a computation failed")
            self._deliver(token, deliver, None, f"this could not be computed ({type(error).__name__}); undo the last "
                                                f"change.")
        else:
            with suppress(RuntimeError):  # the server is stopping
                pool.submit(self._turn, pool, answers, token, deliver)
        finally:
            with _count:
                _running -= quick
                _count.notify_all()

    def _deliver(self, token: Token, deliver: Callable[[Any, str], None], value: Any, refused: str) -> None:
        token.check()
        context = self._context
        if context is not None and context.closed_event.is_set():
            raise Stopped
        with context or nullcontext():
            deliver(value, refused)


def use_latest[T](job: Callable[[Token], Generator[T, None, None]], dependencies: list[Any],
                  pool: ThreadPoolExecutor = _POOL) -> Answer[T]:
    """The newest answer of a job that starts again whenever a dependency changes; a hook, for components.

    job(token) is a generator; it runs in a thread, so it must not touch widgets. `token.check()` between slices of
    work makes it stop when the next change comes. pool: `LONG` for what takes seconds.
    """
    answer: solara.Reactive[Answer[T]] = solara.use_reactive(Answer())
    latest = solara.use_memo(_Latest, [])

    def deliver(value: Any, refused: str) -> None:
        answer.value = Answer(answer.peek().value if value is None else value, refused)

    solara.use_effect(lambda: latest.ask(job, deliver, pool), dependencies)
    solara.use_effect(lambda: latest.stop, [])
    return replace(answer.value, refused=use_words(answer.value.refused))
