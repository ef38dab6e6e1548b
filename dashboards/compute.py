"""Numbers for the screen: off the event loop, the last change wins, a running computation is cancelled by the next.

`use_latest(job, dependencies)` is what pages use: `job(token)` is a generator that runs in a thread of a small pool
and yields one answer after another (20 runs at once, then more; where many wait, 5 first); each is shown as it comes.
Everybody's first answer comes before anybody's finer one. `pairs` is the usual job:
a policy and its reference on equal luck. Results are kept, so the reference and what undo goes back to cost nothing.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Generator, Hashable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd  # noqa: F401  here, not when first needed: Solara looks into a pandas that a thread has half imported
import solara
from solara.server import kernel_context

from letsdance.dashboards.limits import MOST_WORK, check_size, size_of
from letsdance.dashboards.session import use_words
from letsdance.dashboards.state import RUNS, View
from letsdance.params import LetsDanceError, Refused, Said
from letsdance.scenarios import STARTS
from letsdance.scenarios.policy import Policy
from letsdance.simulation.run import Result, simulate
from letsdance.simulation.society import cores

__all__ = ["LONG", "MOST_WORK", "QUICK", "Answer", "Kept", "Pair", "Queue", "Stopped", "Token", "alone", "between",
           "check_size", "check_work", "drawn", "extended", "give_way", "municipalities", "pairs", "results", "simulated",
           "size_of", "stages", "use_latest", "use_told", "warm"]

_log = logging.getLogger("letsdance.dashboard")
_here = threading.local()
#: Seconds that a slice of a long job waits for sliders at most: it goes on slowly, but it goes on.
_POLITE = 0.5
#: Citizens x quarters x runs that take about 30 ms; between two such slices a computation can be stopped.
_SLICE = 20 * 1_000 * 60
#: Cells (runs x quarters x municipalities) of results that are kept for all sessions together: some 100 MB.
_KEPT = 6_000_000
#: Answers, drawn, that are kept for all sessions together.
_DRAWN = 64
#: Threads of a queue: as many answers can be under way, in turns; further ones wait without a thread.
_THREADS = 24
#: Runs of a first answer while others wait for theirs.
_FEW = 5
#: Of so many turns one goes to a finer answer even while first ones wait: who has stopped moving sees all runs too.
_FINER = 8
#: Answers under way of one person, who moves one slider at a time but may have pages open.
_AT_ONCE = 3


class Stopped(LetsDanceError):
    """Another change came; the answer is no longer wanted."""


class Token:
    """Whether an answer is still wanted."""

    def __init__(self) -> None:
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Nobody wants the answer any more."""
        self._stopped.set()

    @property
    def stopped(self) -> bool:
        """Whether nobody wants it any more."""
        return self._stopped.is_set()

    def check(self) -> None:
        """Raise `Stopped` when the answer is no longer wanted."""
        if self._stopped.is_set():
            raise Stopped

    def sleep(self, seconds: float) -> None:
        """Wait, unless stopped."""
        if self._stopped.wait(seconds):
            raise Stopped


# ---------------------------------------------------------------- whose turn it is

_Waiting = OrderedDict[Hashable, deque[Callable[[], None] | threading.Event]]


class Queue:
    """Work in turns: round robin among people, so that one who asks ten things does not delay the others.

    places: how many work at once. What takes long gives its place to the next one at each `pause`, and comes back.
    Finer answers, to those who have seen a first one, wait for first ones.
    """

    def __init__(self, name: str, places: int) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix=name)
        self._lock, self._free, self._started, self._places, self._turns = threading.Lock(), places, 0, places, 0
        self._idle = threading.Condition(self._lock)
        self._waiting: tuple[_Waiting, _Waiting] = (OrderedDict(), OrderedDict())  # for first answers, for finer ones
        self._working: dict[Hashable, int] = {}

    def submit(self, person: Hashable, work: Callable[[], None], finer: bool = False) -> None:
        """Do this when it is the person's turn. finer: behind all that is not."""
        with self._lock:
            self._wait(person, finer).append(work)
        self._next()

    def _wait(self, person: Hashable, finer: bool) -> deque[Callable[[], None] | threading.Event]:
        return self._waiting[finer].setdefault(person, deque())

    @property
    def crowded(self) -> bool:
        """Whether more people wait for a first answer than can be served at once."""
        with self._lock:
            return len(self._waiting[False]) >= self._places

    @property
    def busy(self) -> bool:
        """Whether anybody waits or works."""
        with self._lock:
            return self._occupied()

    @property
    def alone(self) -> bool:
        """Whether nobody waits and at most one works."""
        with self._lock:
            return not any(self._waiting) and self._started <= 1

    def wait(self, seconds: float) -> None:
        """Until nobody waits or works, so many seconds at most."""
        with self._idle:
            self._idle.wait_for(lambda: not self._occupied(), seconds)

    def _occupied(self) -> bool:
        return any(self._waiting) or bool(self._started)

    def pause(self) -> None:
        """Between two slices of work: the others' turn, if others wait."""
        person = _here.person
        with self._lock:
            if not any(self._waiting):
                return
            turn = threading.Event()
            self._wait(person, _here.finer).append(turn)
            self._free += 1
        self._next()
        turn.wait()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """While something is waited for, another has the place."""
        with self._lock:
            self._free += 1
        self._next()
        try:
            yield
        finally:
            turn = threading.Event()
            with self._lock:
                self._wait(_here.person, _here.finer).appendleft(turn)
            self._next()
            turn.wait()

    def _next(self) -> None:
        """Give the free places to those whose turn it is."""
        while True:
            with self._lock:
                found = self._take() if self._free > 0 else None
                if found is None:
                    return
                person, turn, finer = found
                self._free -= 1
            if isinstance(turn, threading.Event):
                turn.set()
                continue
            try:
                with kernel_context.without_context():  # a thread belongs to nobody
                    self._pool.submit(self._work, person, turn, finer)
            except RuntimeError:  # the server is stopping
                return

    def _take(self) -> tuple[Hashable, Callable[[], None] | threading.Event, bool] | None:
        """Who is next, with what, and whether it is a finer answer: what was begun goes on, what is new begins where a
        thread is free."""
        self._turns += 1
        for finer in (True, False) if self._turns % _FINER == 0 else (False, True):
            waiting = self._waiting[finer]
            for person, turns in list(waiting.items()):
                new = self._started < _THREADS and self._working.get(person, 0) < _AT_ONCE
                turn = next((turn for turn in turns if new or isinstance(turn, threading.Event)), None)
                if turn is None:
                    continue
                turns.remove(turn)
                waiting.move_to_end(person)
                if not turns:
                    del waiting[person]
                if not isinstance(turn, threading.Event):
                    self._started += 1
                    self._working[person] = self._working.get(person, 0) + 1
                return person, turn, finer
        return None

    def _work(self, person: Hashable, work: Callable[[], None], finer: bool) -> None:
        _here.queue, _here.person, _here.finer = self, person, finer
        try:
            work()
        finally:
            _here.queue = None
            with self._lock:
                self._free += 1
                self._started -= 1
                self._working[person] -= 1
                if not self._working[person]:
                    del self._working[person]
                self._idle.notify_all()
            self._next()


def _queue() -> Queue | None:
    """The queue in whose thread this is, if in one."""
    return getattr(_here, "queue", None)


QUICK = Queue("letsdance", max(2, cores()))
#: For jobs of seconds (a map, a wind tunnel): whoever moves a slider meanwhile does not wait behind them.
LONG = Queue("letsdance-long", 1)


# ---------------------------------------------------------------- how much may be asked

def check_work(policy: Policy, runs: int, places: str = "") -> None:
    """`Refused`, with what would fit, where a question takes more than `MOST_WORK`: from links, files, sliders, tables."""
    check_size(*size_of(policy.scenario(), municipalities(places)), policy.quarters, runs)


# ---------------------------------------------------------------- what was computed is kept

class Kept[T]:
    """What was last used, up to a size; shared by all sessions, because an answer says nothing about who asked."""

    def __init__(self, most: int, size: Callable[[T], int]) -> None:
        self._lock, self._most, self._of, self._size = threading.Lock(), most, size, 0
        self._found: OrderedDict[Any, T] = OrderedDict()

    def get(self, key: Any) -> T | None:
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
            return self._found.get(key)

    def put(self, key: Any, made: T) -> None:
        with self._lock:
            if key not in self._found:
                self._size += self._of(made)
            self._found[key] = made
            while self._size > self._most and len(self._found) > 1:
                _, old = self._found.popitem(last=False)
                self._size -= self._of(old)


class _Shared:
    """What one is making others do not make again: they wait for it, and are given it."""

    def __init__(self) -> None:
        self._lock, self._making = threading.Lock(), dict[Any, threading.Event]()

    @contextmanager
    def alone(self, key: Any, token: Token) -> Iterator[None]:
        """One at a time for a key; who waits gives up its place in the queue, and may stop waiting."""
        while True:
            with self._lock:
                other = self._making.get(key)
                if other is None:
                    mine = self._making[key] = threading.Event()
                    break
            queue = _queue()
            with queue.aside() if queue is not None else nullcontext():
                while not other.wait(0.05) and not token.stopped:
                    pass
            token.check()
        try:
            yield
        finally:
            with self._lock:
                del self._making[key]
            mine.set()


_kept: Kept[Result] = Kept(_KEPT, lambda result: result.stage.size)
_drawn: Kept[Any] = Kept(_DRAWN, lambda answer: 1)
_shared = _Shared()
#: `with alone(key, token)`: one at a time makes what the key names.
alone = _shared.alone


def drawn[T](key: Hashable, make: Callable[[], T], token: Token) -> T:
    """What make() gives, made once for all sessions that ask for the same; key: everything that it depends on."""
    with alone(key, token):
        found: T | None = _drawn.get(key)
        if found is None:
            found = make()
            _drawn.put(key, found)
        return found


def municipalities(places: str) -> Any:
    """A view's own municipalities from their CSV, None for the usual ones; `Refused` for a bad one."""
    from letsdance.simulation.municipalities import from_text

    return from_text(places) if places else None


def stages(runs: int) -> tuple[int, ...]:
    """How many runs are shown one after another: 20, 40, 80, ... and at last all. Where many wait, a few come first."""
    return _steps(runs, few=QUICK.crowded)


def _steps(runs: int, few: bool = True) -> tuple[int, ...]:
    return (*(n for n in (*[_FEW] * few, 20, 40, 80, 160) if n < runs), runs)


def simulated(policy: Policy, seed: int, runs: int, token: Token, places: str = "") -> Result:
    """The result of a policy; runs that were computed before are not computed again.

    Raises `Refused` for what cannot run, `Stopped` when another change came.
    """
    question = replace(policy, title=""), seed, places
    steps = _steps(runs)
    with alone(question, token):
        done = next((kept for n in reversed(steps) if (kept := _kept.get((*question, n)))), None)
        if done is None or done.runs < runs:
            done = extended(policy, seed, runs, token, places, done)
            _kept.put((*question, runs), done)
        return done


def extended(policy: Policy, seed: int, runs: int, token: Token, places: str, done: Result | None) -> Result:
    """The result of a policy, which is not kept: the runs of `done`, and those that it lacks.

    Raises `Refused`, `Stopped`.
    """
    check_work(policy, runs, places)
    scenario, towns = policy.scenario(), municipalities(places)
    parts = [done] if done is not None else []
    have = done.runs if done is not None else 0
    slice_of = _SLICE // 4 if _long() else _SLICE  # a long job comes to where it can give way sooner
    step = int(np.clip(slice_of // (size_of(scenario, towns)[0] * scenario.quarters), 1, 20))

    while have < runs:
        between(token)
        n = min(step, runs - have)
        alone = not QUICK.busy if _long() else QUICK.alone  # several at once: each its own core
        parts.append(simulate(scenario, runs=n, seed=seed + have, municipalities=towns, threads=cores() if alone else 1,
                              between=partial(between, token) if step == 1 else None))
        have += n
    if len(parts) == 1:
        return parts[0]
    return Result(parts[0].scenario, parts[0].places, *(np.concatenate([getattr(part, name) for part in parts])
                  for name in ("seeds", "rows", "stage", "depth", "regime", "category")))


def between(token: Token) -> None:
    """Between two slices of work: the others' turn, and `Stopped` where the answer is no longer wanted."""
    give_way()
    token.check()


def give_way() -> None:
    """Between slices of work: the others' turn; a long job also waits for sliders, half a second at most."""
    if _long():
        QUICK.wait(_POLITE)
    if (queue := _queue()) is not None:
        queue.pause()


def _long() -> bool:
    """Whether this is a thread for long jobs."""
    return _queue() is LONG


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
    """The view's policy (or another) beside the view's reference, some runs first, then more.

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
            simulated(Policy.of(start), 1, RUNS[0], token)
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

    After each answer a job goes back to the end of the queue, behind all who have no answer yet.
    """

    def __init__(self) -> None:
        self._token = Token()
        self._context = kernel_context.get_current_context() if kernel_context.has_current_context() else None

    def ask(self, job: Callable[[Token], Generator[Any, None, None]], deliver: Callable[[Any, str], None],
            queue: Queue) -> None:
        self._token.stop()
        self._token = token = Token()
        self._go_on(queue, job(token), token, deliver, finer=False)

    def stop(self) -> None:
        self._token.stop()

    def _go_on(self, queue: Queue, *turn: Any, finer: bool) -> None:
        person = self._context.session_id if self._context is not None else id(self)
        queue.submit(person, lambda: self._turn(queue, *turn), finer)

    def _turn(self, queue: Queue, answers: Generator[Any, None, None], token: Token,
              deliver: Callable[[Any, str], None]) -> None:
        try:
            token.check()
            self._deliver(token, deliver, next(answers), "")
        except (Stopped, StopIteration):
            answers.close()
        except Refused as refused:
            self._refuse(token, deliver, str(refused))
        except Exception as error:  # said on the page as one sentence; the log has the rest
            _log.exception("a computation failed")
            self._refuse(token, deliver, Said(
                "this could not be computed ({error}); undo the last change.", error=type(error).__name__))
        else:
            self._go_on(queue, answers, token, deliver, finer=True)

    def _refuse(self, token: Token, deliver: Callable[[Any, str], None], sentence: str) -> None:
        with suppress(Stopped):  # another change came meanwhile
            self._deliver(token, deliver, None, sentence)

    def _deliver(self, token: Token, deliver: Callable[[Any, str], None], value: Any, refused: str) -> None:
        token.check()
        context = self._context
        if context is not None and context.closed_event.is_set():
            raise Stopped
        with context or nullcontext():
            deliver(value, refused)


def use_told[T](kind: type[T]) -> tuple[T | None, Callable[[T], None]]:
    """What a job last told of how far it is (a `kind`; None: nothing), and how it tells it from its thread; a hook."""
    told: solara.Reactive[T | None] = solara.use_reactive(None)
    here: Any = kernel_context.get_current_context() if kernel_context.has_current_context() else nullcontext()

    def tell(now: T) -> None:
        with here:
            told.value = now

    return told.value, tell


def use_latest[T](job: Callable[[Token], Generator[T, None, None]], dependencies: list[Any],
                  queue: Queue = QUICK) -> Answer[T]:
    """The newest answer of a job that starts again whenever a dependency changes; a hook, for components.

    job(token) is a generator; it runs in a thread, so it must not touch widgets. `token.check()` between slices of
    work makes it stop when the next change comes. queue: `LONG` for what takes seconds.
    """
    answer: solara.Reactive[Answer[T]] = solara.use_reactive(Answer())
    latest = solara.use_memo(_Latest, [])

    def deliver(value: Any, refused: str) -> None:
        answer.value = Answer(answer.peek().value if value is None else value, refused)

    solara.use_effect(lambda: latest.ask(job, deliver, queue), dependencies)
    solara.use_effect(lambda: latest.stop, [])
    return replace(answer.value, refused=use_words(answer.value.refused))
