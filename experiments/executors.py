"""Where runs are made: threads of this process, processes of this machine, or the workers of a Dask cluster.

An executor takes a function and a stream of tasks and yields (task, outcome) as they come, in any order, with a bounded
number under way, so that memory does not grow with the sweep. A worker that dies takes nothing with it: its tasks are
done again, and since a task's numbers depend on the task alone, nothing is lost or doubled.
"""

from __future__ import annotations

import asyncio
import hashlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from itertools import islice
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol

from letsdance import scenarios
from letsdance.params import Refused, Said, check_whole, nearest
from letsdance.simulation.compiled import rules_hash
from letsdance.simulation.society import cores

if TYPE_CHECKING:
    import distributed

Work = Callable[[Any], Any]
KINDS = ("threads", "processes")
_AHEAD = 2          # tasks under way for each worker: one at work, one waiting
_LEAST = 16         # tasks under way in a cluster: an adaptive one grows only where work is waiting
_TRIES = 3          # worker processes that may die at one task before a sweep gives up
_ANSWER = 10.0      # seconds that a scheduler has to answer
_END = object()     # a thread that takes this for a task ends
#: Said of a worker with another version.
OTHER_RULES = Said("a worker has another version of letsdance than the process in charge, so its numbers would be others; "
                   "install the same version everywhere, and start anew what ran while it was changed.")


@cache
def rules() -> str:
    """A hash of all that a run's numbers come from: the model, and what levers, shocks, starts and outcomes mean."""
    here = Path(__file__).parent
    digest = hashlib.sha256(rules_hash().encode())
    told = Path(scenarios.__file__).parent
    for path in [*sorted(told.glob("*.toml")), *sorted(told.glob("*.py")), here / "outcomes.py"]:
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


class Runner(Protocol):
    """What every executor does."""

    def results(self, work: Work, tasks: Iterable[Any]) -> Generator[tuple[Any, Any]]:
        """(task, work(task)) for every task, in any order. Closed early, it stops what is under way."""
        ...


def _stream(work: Work, tasks: Iterable[Any], workers: int, stop: Callable[[], None]) -> Generator[tuple[Any, Any]]:
    """Outcomes of work in so many threads, _AHEAD tasks for each under way; at the end, `stop` ends what they are at.

    Plain threads and simple queues: Ctrl-C may come at any line of the thread in charge, and in the middle of a standard
    pool's or future's lock it would leave it locked, and their threads waiting for ever.
    """
    todo: SimpleQueue[Any] = SimpleQueue()
    done: SimpleQueue[tuple[Any, Any, BaseException | None]] = SimpleQueue()
    waiting = iter(tasks)

    def serve() -> None:
        while (task := todo.get()) is not _END:
            try:
                done.put((task, work(task), None))
            except BaseException as error:
                done.put((task, None, error))

    def give(count: int) -> int:
        given = list(islice(waiting, count))
        for task in given:
            todo.put(task)
        return len(given)

    threads = [threading.Thread(target=serve, daemon=True) for _ in range(workers)]
    try:
        for thread in threads:
            thread.start()
        under_way = give(_AHEAD * workers)
        while under_way:
            task, outcome, error = done.get()
            if error is not None:
                raise error
            under_way += give(1) - 1
            yield task, outcome
    finally:
        stop()
        for _ in threads:
            todo.put(_END)
        for thread in threads:
            if thread.is_alive():
                thread.join()


_of_this_thread = threading.local()


class Stopped(BaseException):
    """The sweep has ended early; what a thread was at is wanted no more."""


def go_on(at: Any = None) -> None:
    """What long work calls now and then: it raises `Stopped` in a thread whose sweep has ended early.

    at: what it begins with, such as a point's number, so that whoever leads a process knows what ended or held it.
    """
    tell = getattr(_of_this_thread, "tell", None)
    if tell is not None and at is not None:
        tell(at)
    ended = getattr(_of_this_thread, "ended", None)
    if ended is not None and ended.is_set():
        raise Stopped


class Threads:
    """Threads of this process: no start-up, best for small designs. The compiled model lets other threads run."""

    def __init__(self, workers: int | None = None) -> None:
        self.workers = workers or cores()

    def results(self, work: Work, tasks: Iterable[Any]) -> Generator[tuple[Any, Any]]:
        """As `Runner.results`."""
        if self.workers == 1:
            yield from ((task, work(task)) for task in tasks)
            return
        ended = threading.Event()

        def one(task: Any) -> Any:
            _of_this_thread.ended = ended
            go_on()
            return work(task)

        yield from _stream(one, tasks, self.workers, ended.set)


class Processes:
    """Processes of this machine, each led by a thread over a pipe of its own: one that is killed, be it in the middle of
    an answer, holds nobody up. Another takes its place and does its task again.

    limit: seconds that a process may be at one point; tries: processes that may end or hang at a point before it is set
    aside (`task.without(point, why)`) and the rest goes on.
    """

    def __init__(self, workers: int | None = None, limit: float | None = None, tries: int = _TRIES) -> None:
        self.workers, self.limit, self.tries = workers or cores(), limit, tries

    def results(self, work: Work, tasks: Iterable[Any]) -> Generator[tuple[Any, Any]]:
        """As `Runner.results`."""
        crew = _Crew(work, self.limit, self.tries)
        yield from _stream(crew.do, tasks, self.workers, crew.end)


class _Crew:
    """Processes that do one task at a time; as many as there are threads that ask."""

    def __init__(self, work: Work, limit: float | None = None, tries: int = _TRIES) -> None:
        self.work, self.ended, self.lock = work, False, threading.Lock()
        self.limit, self.tries = limit, tries
        self.all: list[BaseProcess] = []
        self.idle: list[tuple[BaseProcess, Connection]] = []

    def do(self, task: Any) -> Any:
        """What a process makes of a task, or raises of it."""
        lost: dict[Any, int] = {}
        while lost.get(None, 0) < _TRIES:
            process, pipe = self._one()
            at, why = None, ""
            try:
                pipe.send(task)
                while True:
                    if self.limit is not None and at is not None and not pipe.poll(self.limit):
                        why = f"it took longer than {self.limit:g} seconds"
                        process.kill()
                        raise EOFError
                    done, outcome = pipe.recv()
                    if done is not None:
                        break
                    at = outcome
            except (EOFError, OSError):  # it was killed
                process.join()
                pipe.close()
                at = at if hasattr(task, "without") else None
                lost[at] = lost.get(at, 0) + 1
                if at is not None and lost[at] >= self.tries and not self.ended:
                    why = why or f"its worker process ended (code {process.exitcode})"
                    task = task.without(at, f"{why}, {self.tries} time{'' if self.tries == 1 else 's'}")
                continue
            self.idle.append((process, pipe))
            if done:
                return outcome
            raise outcome
        raise Refused("{tries} worker processes died one after the other at {task}: for want of memory (take fewer with "
                      "--workers, or --executor threads), or since a script calls this outside `if __name__ == "
                      '"__main__":`. A sweep goes on with --resume.', tries=_TRIES, task=task)

    def _one(self) -> tuple[BaseProcess, Connection]:
        """A process that waits for work, or a new one."""
        with self.lock:
            if self.ended:
                raise Stopped
            if self.idle:
                return self.idle.pop()
            context = multiprocessing.get_context("spawn")
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, self.work), daemon=True)
            with _deaf_children():
                process.start()
            theirs.close()  # so that the process's end is the end of its answers
            self.all.append(process)
            return process, ours

    def end(self) -> None:
        """End all of them at once, whatever they are at."""
        with self.lock:
            self.ended = True
            for process in self.all:
                process.terminate()
        for process in self.all:
            process.join()


def _serve(pipe: Connection, work: Work) -> None:
    """What a worker process does: answer task after task, until its parent ends it or has ended, even by a kill."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process in charge hears Ctrl-C for all
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    _of_this_thread.tell = lambda at: pipe.send((None, at))
    while True:
        task = pipe.recv()
        try:
            answer = ForkingPickler.dumps((True, work(task)))
        except Exception as error:
            answer = ForkingPickler.dumps((False, error))
        pipe.send_bytes(answer)


@contextmanager
def _deaf_children() -> Iterator[None]:
    """Processes started here do not hear Ctrl-C, not even while they start."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Dask:
    """The workers of a Dask cluster, by its scheduler's address or by an existing client."""

    def __init__(self, scheduler: Any) -> None:
        if find_spec("distributed") is None:
            raise Refused("a Dask cluster needs the package distributed, which is not installed here; install it with "
                          "`pip install 'letsdance[dask]'`, or run here with --executor processes.")
        self.scheduler = scheduler

    def check(self) -> None:
        """Refuse a cluster that does not answer, has no worker, or another version: before anything is written."""
        with self._client():
            pass

    @contextmanager
    def _client(self) -> Iterator[Any]:
        from distributed import Client

        client, own = (_connect(self.scheduler), True) if isinstance(self.scheduler, str) else (self.scheduler, False)
        try:
            if not isinstance(client, Client) or client.asynchronous:
                raise Refused("a Dask executor takes a scheduler's address such as tcp://host:8786 or a "
                              "distributed.Client, not {kind_of}.", kind_of=type(client).__name__)
            _same_rules(client)
            yield client
        finally:
            if own:
                client.close(timeout=2)

    def results(self, work: Work, tasks: Iterable[Any]) -> Generator[tuple[Any, Any]]:
        """As `Runner.results`. A worker that dies is the scheduler's business: it gives the task to another."""
        from distributed import CancelledError
        from distributed.scheduler import KilledWorker

        try:
            with self._client() as client:
                yield from _dask_stream(client, work, iter(tasks))
        except KilledWorker:
            raise Refused("the cluster's workers died again and again on the same task, perhaps for want of memory; "
                          "give them more, and go on with --resume.") from None
        except (CancelledError, OSError) as error:
            raise Refused("the Dask scheduler went away ({kind_of}); start it again and go on with --resume.",
                          kind_of=type(error).__name__) from None


def _connect(address: str) -> Any:
    import logging

    from distributed import Client

    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what goes wrong is said in one sentence
    try:
        with ThreadPoolExecutor(1) as other:  # a notebook's thread has a loop of its own
            other.submit(asyncio.run, _knock(address)).result()
        return Client(address, timeout=_ANSWER, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise Refused("the Dask scheduler at {address} does not answer within {answer:g} seconds ({kind_of}); is it "
                      "running (`dask scheduler`), and is the address right?", address=address, answer=_ANSWER,
                      kind_of=type(error).__name__) from None


async def _knock(address: str) -> None:
    """Greet a scheduler: a client waits for ever for one that takes the call and says nothing."""
    from distributed import Security
    from distributed.comm import connect

    comm = await asyncio.wait_for(
        connect(address, timeout=_ANSWER, **Security().get_connection_args("client")), _ANSWER + 1)
    await comm.close()


def _same_rules(client: Any) -> None:
    """Refuse workers that hold another version of the model: their numbers would be others."""
    try:
        client.wait_for_workers(1, timeout=_ANSWER)
    except TimeoutError:
        raise Refused("the Dask cluster has no worker after {answer:g} seconds; start one (`dask worker {address}`).",
                      answer=_ANSWER, address=client.scheduler.address) from None
    try:
        found = client.run(rules)
    except Exception as error:  # what a worker raises comes as text
        raise Refused("a worker of the Dask cluster cannot say which version of letsdance it has ({error}); install the "
                      "same version there.", error=error) from None
    others = [worker for worker, theirs in found.items() if theirs != rules()]
    if others:
        raise Refused("{others}: {other_rules}", others=others[0], other_rules=OTHER_RULES)


def _dask_stream(client: Any, work: Work, tasks: Iterator[Any]) -> Generator[tuple[Any, Any]]:
    from distributed import as_completed

    under_way: dict[Any, tuple[Any, Any]] = {}
    stream = as_completed([], loop=client.loop, raise_errors=False)

    def submit() -> None:
        """As many as the workers that are there now can do: workers come and go."""
        ahead = max(_LEAST, 2 * _AHEAD * sum(client.nthreads().values()))
        for task in islice(tasks, max(0, ahead - len(under_way))):
            future = client.submit(work, task, pure=False)
            under_way[future.key] = task, future
            stream.add(future)

    try:
        submit()
        for future in stream:
            outcome = future.result()
            task, _ = under_way.pop(future.key)
            future.release()
            submit()
            yield task, outcome
    finally:
        if under_way and client.status == "running":
            client.cancel([future for _, future in under_way.values()])


#: "threads", "processes", a Dask scheduler's address or client, an executor; None: as the number of runs asks for.
type ExecutorLike = str | Runner | distributed.Client | None


def choose(executor: ExecutorLike, runs: int, workers: int | None = None, limit: float | None = None,
           tries: int = _TRIES) -> Runner:
    """An executor by its name ("threads", "processes"), a scheduler's address ("tcp://..."), a Dask client, or an executor.

    None: threads for a small number of runs, else processes. workers: of threads and processes; a cluster has its own.
    limit, tries: as in `Processes`, which alone can end what hangs.
    """
    check_whole("point-tries", tries, 1, 100)
    if limit is not None:
        if isinstance(limit, bool) or not isinstance(limit, int | float) or not 0.1 <= limit <= 1e6:
            raise Refused("point-timeout must be a number of seconds from 0.1 to 1,000,000, not {limit!r}.",
                          limit=limit)
        if executor not in (None, "processes"):
            raise Refused("only a process of this machine can be ended at a point that hangs; give --point-timeout with "
                          "--executor processes, or leave it out.")
        executor = "processes"
    if workers is not None:
        check_whole("workers", workers, 1, 1024)
    if executor is None:
        executor = "threads" if runs < SMALL or cores() == 1 else "processes"
    if executor == "threads":
        return Threads(workers)
    if executor == "processes":
        return Processes(workers, limit, tries)
    if isinstance(executor, str) and "://" not in executor:
        raise Refused("there is no executor {executor!r}.{near} Name threads or processes, or give a Dask scheduler's "
                      "address such as tcp://127.0.0.1:8786.", executor=executor, near=nearest(executor, KINDS))
    if hasattr(executor, "results"):
        return executor  # type: ignore[no-any-return]
    if workers is not None:
        raise Refused("a Dask cluster has as many workers as were started; leave out the number of workers.")
    return Dask(executor)


#: Runs below which threads are taken: starting processes takes about a second.
SMALL = 2_000
