"""The same design gives the same bytes in threads, in processes and in a Dask cluster of separate processes, one of whose
workers is killed in mid-sweep; a cluster that cannot do it is refused in one sentence."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from letsdance.experiments import executors
from letsdance.experiments.plan import plan
from letsdance.experiments.store import Sweep
from letsdance.experiments.sweep import Job, Task, run, sweep, work
from letsdance.params import Refused

ENV = dict(os.environ)
#: What distributed says of its own: of ports, of clients that close, of loops that end.
pytestmark = [pytest.mark.filterwarnings("ignore::UserWarning:distributed"),
              pytest.mark.filterwarnings("ignore::RuntimeWarning:distributed"),
              pytest.mark.filterwarnings("ignore::ResourceWarning"),
              pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]


def asked(points=12, **more):
    """12 points of 100 runs: 12 parts."""
    return plan("lets_dance", ["C0=0:1", "profile=co_creation,telework,e_procurement"], "latin_hypercube", points,
                replicates=100, seed=3, keep=["adopters"], quarters=8, parameters={"municipalities": 3, "citizens": 10},
                **more)


def tables(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.parquet"))}


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """The tables as one thread makes them."""
    where = tmp_path_factory.mktemp("expected") / "s"
    sweep(asked(), where, "threads", 1)
    return tables(where)


# ---------------------------------------------------------------- a cluster

class Cluster:
    """A Dask scheduler and workers of one thread, each a process of its own on this machine."""

    def __init__(self, place: Path) -> None:
        self.place, self.workers = place, []
        self.file = place / "scheduler.json"
        self.scheduler = self.start("scheduler", "--port", "0")
        self.until(lambda: self.file.exists() and self.file.read_text())
        self.address = json.loads(self.file.read_text())["address"]

    def start(self, kind, *words):
        log = (self.place / f"{kind}{len(self.workers)}.log").open("w")
        return subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{kind}", "--host", "127.0.0.1", "--no-dashboard",
             "--scheduler-file", str(self.file), *words], cwd=self.place, env=ENV, stdout=log, stderr=log)

    def work(self, count):
        for _ in range(count):
            self.workers.append(self.start("worker", "--nthreads", "1", "--no-nanny", "--local-directory",
                                           str(self.place)))
        return self

    def until(self, what, seconds=60):
        end = time.monotonic() + seconds
        while not what():
            assert self.scheduler.poll() is None, (self.place / "scheduler0.log").read_text()
            assert time.monotonic() < end
            time.sleep(0.02)

    def end(self):
        for process in [*self.workers, self.scheduler]:
            process.kill()
            process.wait(timeout=30)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A cluster of two workers, shared by tests that do it no harm."""
    made = Cluster(tmp_path_factory.mktemp("cluster")).work(2)
    yield made
    made.end()


@pytest.fixture
def own_cluster(tmp_path):
    """A cluster without workers, for tests that kill."""
    (tmp_path / "cluster").mkdir()
    made = Cluster(tmp_path / "cluster")
    yield made
    made.end()


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(executors, "_ANSWER", 1.0)


# ---------------------------------------------------------------- the same tables everywhere

@pytest.mark.parametrize(("executor", "workers"), [("threads", 3), ("processes", 2)])
def test_tables_do_not_depend_on_the_executor(tmp_path, expected, executor, workers):
    sweep(asked(), tmp_path / "s", executor, workers)
    assert tables(tmp_path / "s") == expected


def test_a_cluster_gives_the_same_tables(tmp_path, expected, cluster):
    sweep(asked(), tmp_path / "s", cluster.address)
    assert tables(tmp_path / "s") == expected


def test_an_existing_client_gives_the_same_tables_and_stays_open(tmp_path, expected, cluster):
    from distributed import Client

    with Client(cluster.address, set_as_default=False) as client:
        sweep(asked(), tmp_path / "s", client)
        assert tables(tmp_path / "s") == expected
        frame = run(asked().design, "lets_dance", ["G"], replicates=100, seed=3, quarters=8, executor=client,
                    parameters={"municipalities": 3, "citizens": 10})
        assert frame["G"].tolist() == Sweep.open(tmp_path / "s").runs["G"].tolist()
        assert client.status == "running"


def test_a_cluster_is_named_on_the_command_line(tmp_path, cluster):
    done = subprocess.run(
        [sys.executable, "-m", "letsdance", "sweep", "--factor", "C0=0,1",
         "--replicates", "2", "--quarters", "8", "--set", "municipalities=2", "--set", "citizens=5",
         "--scheduler", cluster.address, "--json", "--out", "s"],
        cwd=tmp_path, env=ENV, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["runs"] == 4


def test_a_worker_killed_in_mid_sweep_loses_and_doubles_nothing(tmp_path, expected, own_cluster):
    own_cluster.work(2)
    seen = []

    def progress(runs):
        seen.append(runs)
        if len(seen) == 3:
            victim = own_cluster.workers[0]
            os.kill(victim.pid, signal.SIGKILL)
            victim.wait(timeout=30)

    own_cluster.until(lambda: (own_cluster.place / "scheduler0.log").read_text().count("Register worker") >= 2)
    found = sweep(asked(), tmp_path / "s", own_cluster.address, progress=progress)
    assert own_cluster.workers[0].returncode == -signal.SIGKILL
    assert found.finished
    assert sum(seen) == len(found.runs) == 1200
    assert tables(tmp_path / "s") == expected


def test_a_scheduler_that_goes_away_loses_nothing(tmp_path, expected, own_cluster):
    own_cluster.work(1)
    seen = []

    def progress(runs):
        seen.append(runs)
        if len(seen) == 2:
            own_cluster.scheduler.kill()
            own_cluster.scheduler.wait(timeout=30)

    with pytest.raises(Refused, match=r"the Dask scheduler went away .* go on with --resume"):
        sweep(asked(), tmp_path / "s", own_cluster.address, progress=progress)
    there = tables(tmp_path / "s")
    assert 2 <= sum(name.startswith("runs/") for name in there) < 12
    assert there.items() <= expected.items()
    sweep(None, tmp_path / "s", "threads", 1, resume=True)
    assert tables(tmp_path / "s") == expected


# ---------------------------------------------------------------- clusters that cannot do it

def test_a_scheduler_that_does_not_answer_is_refused(tmp_path, impatient):
    with socket.socket() as silent:  # takes calls and never answers
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        with pytest.raises(Refused, match=f"at {re.escape(address)} does not answer"):
            sweep(asked(), tmp_path / "s", address)
        assert time.monotonic() - began < 15
    for address in ("tcp://127.0.0.1:1", "tcp://no.such.host.invalid:8786", "teacup://127.0.0.1:1", "tcp://127.0.0.1:x"):
        with pytest.raises(Refused, match="does not answer"):
            sweep(asked(), tmp_path / "s", address)
    assert not list(tmp_path.iterdir())


def test_an_old_sweep_is_not_overwritten_for_a_scheduler_that_does_not_answer(tmp_path, impatient):
    sweep(asked(points=1), tmp_path / "s", "threads", 1)
    before = tables(tmp_path / "s")
    with pytest.raises(Refused, match="does not answer"):
        sweep(asked(), tmp_path / "s", "tcp://127.0.0.1:1", overwrite=True)
    assert tables(tmp_path / "s") == before


def test_a_cluster_without_workers_is_refused(tmp_path, own_cluster, impatient):
    with pytest.raises(Refused, match="has no worker after 1 seconds; start one"):
        sweep(asked(), tmp_path / "s", own_cluster.address)
    assert not (tmp_path / "s").exists()


def test_workers_of_another_version_are_refused(tmp_path, cluster, monkeypatch):
    monkeypatch.setattr(executors, "rules_hash", lambda: "another model")
    executors.rules.cache_clear()
    try:
        with pytest.raises(Refused, match="another version of letsdance"):
            sweep(asked(), tmp_path / "s", cluster.address)
        assert not (tmp_path / "s").exists()
        job = Job.of(asked())
    finally:
        executors.rules.cache_clear()
    monkeypatch.undo()
    with pytest.raises(Refused, match="another version of letsdance"):  # a worker that came later than the check
        work(job, Task(0, 0, 1, 0, ({"C0": 0.5},)))


def test_workers_without_letsdance_are_refused(tmp_path, cluster, monkeypatch):
    (tmp_path / "only_here.py").write_text("def rules():\n    return 'x'\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    from only_here import rules

    monkeypatch.setattr(executors, "rules", rules)
    with pytest.raises(Refused, match="cannot say which version of letsdance"):
        executors.Dask(cluster.address).check()


def test_what_is_no_cluster_is_refused(tmp_path):
    with pytest.raises(Refused, match=r"takes a scheduler's address .* not int"):
        sweep(asked(), tmp_path / "s", 5)
    assert not list(tmp_path.iterdir())
