"""A sweep in shares, as a job array makes it: the same bytes as in one piece, whatever the order, and closed by gather."""

from __future__ import annotations

import json
import threading

import pytest
from typer.testing import CliRunner

from letsdance.commands.main import app
from letsdance.commands.sweeping import shares
from letsdance.experiments import store
from letsdance.experiments.folder import whole_or_nothing
from letsdance.experiments.plan import plan
from letsdance.experiments.store import Sweep
from letsdance.experiments.sweep import sweep
from letsdance.params import Refused


@pytest.fixture
def asked(monkeypatch):
    monkeypatch.setattr(store, "part_size", lambda *_: 3)
    return plan("lone_ranger", ["k=0.5:2"], points=7, replicates=2, quarters=8,
                parameters={"municipalities": 4, "citizens": 10})


def content(folder):
    return {path.name: path.read_bytes() for path in sorted((folder / "runs").glob("*.parquet"))}


def test_shares_make_the_same_bytes_as_one_process_in_any_order(asked, tmp_path):
    sweep(asked, tmp_path / "one", "threads", 1)
    for k in (3, 1, 2):
        found = sweep(asked, tmp_path / "shared", "threads", 1, task=(k, 3))
    assert found.finished
    assert content(tmp_path / "shared") == content(tmp_path / "one")
    assert found.runs.equals(Sweep.open(tmp_path / "one").runs)


def test_every_task_has_its_share_of_a_small_sweep(tmp_path):
    asked = plan("lone_ranger", ["k=0.5:2"], points=4, replicates=3, quarters=8,
                 parameters={"municipalities": 4, "citizens": 10})
    for k in range(1, 6):
        found = sweep(asked, tmp_path / "shared", "threads", 1, task=(k, 5))
        assert found.missing() == [1, 2, 3, 4][k - 1:]  # six parts of two runs: the first task has two
    assert found.finished
    assert found.runs.equals(sweep(asked, tmp_path / "one", "threads", 1).runs)
    assert store.part_size(1_000_000, tasks=40) == store.part_size(1_000_000)


def test_shares_may_be_made_at_once_and_a_resume_waits_for_them(asked, tmp_path):
    sweep(asked, tmp_path / "one", "threads", 1)
    refused, place = [], tmp_path / "shared"

    def share(k):
        try:
            sweep(asked, place, "threads", 1, task=(k, 4))
        except Refused as error:
            refused.append(str(error))

    workers = [threading.Thread(target=share, args=(k,)) for k in (1, 2, 3, 4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not refused
    assert content(place) == content(tmp_path / "one")
    with store.alone(Sweep.open(place), shared=True), pytest.raises(Refused, match="another process"):
        sweep(None, place, "threads", 1, resume=True)


def test_of_two_that_begin_a_folder_at_once_the_second_takes_nothing_away(tmp_path):
    def begin(says, before=lambda: None):
        with whole_or_nothing(tmp_path / "out", False) as part:
            before()
            (part / "manifest.json").write_text(says)

    with pytest.raises(Refused, match="exists and is left alone"):
        begin("second", before=lambda: begin("first"))
    assert (tmp_path / "out" / "manifest.json").read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_shares_of_another_sweep_are_refused(asked, tmp_path):
    sweep(asked, tmp_path / "s", "threads", 1, task=(1, 3))
    other = plan("lone_ranger", ["k=0.5:1"], points=7, replicates=2, quarters=8)
    with pytest.raises(Refused, match="another sweep"):
        sweep(other, tmp_path / "s", "threads", 1, task=(2, 3))
    with pytest.raises(Refused, match="the task must be a whole number from 1 to 3"):
        sweep(asked, tmp_path / "s", "threads", 1, task=(4, 3))


def test_the_words_of_a_task(monkeypatch):
    assert shares("3 of 40") == shares("3/40") == (3, 40)
    for name, value in (("ID", "12"), ("MIN", "10"), ("COUNT", "5")):
        monkeypatch.setenv(f"SLURM_ARRAY_TASK_{name}", value)
    assert shares("slurm") == (3, 5)
    monkeypatch.delenv("SLURM_ARRAY_TASK_MIN")
    for bad in ("slurm", "0 of 3", "4 of 3", "three", "1 of"):
        with pytest.raises(Refused, match=r"^[^\n]*$"):
            shares(bad)


def test_gather_closes_what_is_whole_and_names_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(store, "part_size", lambda *_: 2)
    words = ["sweep", "lone_ranger", "--factor", "k=0.5,1", "--replicates", "2", "--quarters", "8"]
    monkeypatch.setattr("sys.argv", ["letsdance", *words])
    first = CliRunner().invoke(app, [*words, "--task", "1 of 2", "--json"])
    assert first.exit_code == 0, first.output
    assert json.loads(first.output)["parts_missing"] == 1
    early = CliRunner().invoke(app, ["gather", "letsdance-sweep"])
    assert "1 of 2 parts" in str(early.exception)
    again = CliRunner().invoke(app, [*words, "--task", "1 of 2"])
    assert again.output.startswith("Share 1 of 2 is made. 1 of 2 parts are missing; `letsdance gather letsdance-sweep` w")
    last = CliRunner().invoke(app, [*words, "--task", "2 of 2", "--language", "de"])
    assert last.exit_code == 0
    assert "Anteil 2 von 2 ist fertig. Es fehlt nichts" in last.output
    done = CliRunner().invoke(app, ["gather", "letsdance-sweep", "--json"])
    assert json.loads(done.output)["runs"] == 4
    assert (tmp_path / "letsdance-sweep" / "report.html").exists()
