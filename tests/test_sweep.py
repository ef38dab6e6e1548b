"""Sweeps: what is kept is what `simulate` gives; killed at any moment they end with the same bytes; mistakes are told."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import random
import re
import resource
import shlex
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pseudo import plain_english
from rough_work import complain, die, rough, ten_megabytes

from letsdance.commands import sweeping
from letsdance.experiments import executors, manifests, store
from letsdance.experiments import sweep as sweeps
from letsdance.experiments.design import Factor, from_table
from letsdance.experiments.outcomes import known
from letsdance.experiments.plan import plan
from letsdance.experiments.store import Sweep
from letsdance.experiments.sweep import run, sweep
from letsdance.params import Refused
from letsdance.scenarios import load
from letsdance.simulation.run import simulate

START = [sys.executable, "-m", "letsdance"]
TINY = {"parameters": {"municipalities": 3, "citizens": 10}, "quarters": 8}
WORDS = ["--set", "municipalities=3", "--set", "citizens=10", "--quarters", "8"]
#: Without git: a commit made while the tests run is no difference.
ENV = {**os.environ, "PATH": str(Path(sys.executable).parent)}


def tiny(factors=("C0=0:1",), method="latin_hypercube", points=3, replicates=60, **more):
    """3 points, 180 runs, 2 parts."""
    points = None if method == "grid" else points
    return plan("lone_ranger", list(factors), method, points, replicates=replicates, **{**TINY, **more})


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones included."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def tables(folder: Path) -> dict[str, bytes]:
    return {name: data for name, data in files(folder).items() if name.endswith(".parquet")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A small sweep with every table, made once: (plan, folder). Not to be changed."""
    asked = tiny(["C0=0:1", "FRCS.strength=0:1.5"], seed=7, keep=["society", "adopters", "governments"])
    where = tmp_path_factory.mktemp("whole") / "sweep"
    sweep(asked, where, "threads", 2)
    return asked, where


# ---------------------------------------------------------------- what is kept

def test_a_sweep_holds_what_simulate_gives(whole):
    _, where = whole
    found = Sweep.open(where)
    frame = found.runs
    assert found.finished
    assert list(zip(frame["point"], frame["run"], frame["seed"], strict=True)) == [
        (p, r, 7 + r) for p in range(3) for r in range(60)]
    assert frame["error"].isna().all()
    for point in (0, 2):  # the second part begins within point 1
        values = found.points.iloc[point]
        result = simulate("lone_ranger", runs=60, seed=7, quarters=8,
                          levers=[{"name": "FRCS", "strength": float(values["FRCS.strength"])}],
                          parameters={**TINY["parameters"], "C0": float(values["C0"])})
        rows = frame[frame["point"] == point]
        for name in ("lets_dance", "G", "T", "depth", "spend"):
            np.testing.assert_array_equal(rows[name], result.rows[name][:, -1].astype(float), err_msg=name)
        np.testing.assert_array_equal(rows["time_to_10"], result.time_to(0.1))
        society = found.frame("society")
        society = society[society["point"] == point].drop(columns="point").reset_index(drop=True)
        expected = result.society[result.society["quarter"].isin([0, 4, 8])].reset_index(drop=True)
        pd.testing.assert_frame_equal(society, expected, check_exact=True)
    assert list(frame.columns) == ["point", "run", "seed", *known(), "error"]


def test_further_tables_have_every_run_of_every_point(whole):
    found = Sweep.open(whole[1])
    sizes = {"society": 3, "adopters": 3 * 2 * 5, "governments": 3}  # quarters; with views and categories; municipalities
    for name, size in sizes.items():
        count = found.frame(name).groupby(["point", "run"]).size()
        assert len(count) == 180
        assert set(count) == {size}, name


def test_citizens_are_kept_as_the_last_quarter_ends(tmp_path):
    """In parts of few runs, however many there are: 30 citizens a run here, a thousand elsewhere."""
    found = sweep(tiny(seed=7, keep=["citizens"]), tmp_path / "s", "threads", 2)
    assert store.part_size(1_000_000, ["citizens"]) == 100
    assert store.part_size(1_000_000) == 5_000
    for point in (0, 2):
        rows = found.frame("citizens").query(f"point == {point}").drop(columns="point").reset_index(drop=True)
        made = simulate("lone_ranger", runs=60, seed=7, quarters=8,
                        parameters={**TINY["parameters"], "C0": float(found.points["C0"][point])}).citizens
        made["municipality"] = made["municipality"].astype(str)
        pd.testing.assert_frame_equal(rows, made, check_exact=True)
    assert found.query("SELECT count(*) AS n FROM citizens JOIN runs USING (point, run)")["n"].tolist() == [180 * 30]


def test_outcomes_are_those_named_at_their_quarters():
    asked = ["T@2", "T@2-5", "time_to_50", "late_adopter_gap@4", "left_start_regime"]
    frame = run(from_table(pd.DataFrame({"C0": [0.25, 0.75]})), "wasteland", asked, replicates=3, seed=0, **TINY)
    for point, C0 in enumerate((0.25, 0.75)):
        result = simulate("wasteland", runs=3, seed=0, parameters={**TINY["parameters"], "C0": C0}, quarters=8)
        rows = frame[frame["point"] == point]
        T = result.rows["T"].astype(float)
        np.testing.assert_array_equal(rows["T@2"], T[:, 2])
        np.testing.assert_allclose(rows["T@2-5"], T[:, 2:6].mean(axis=1), rtol=1e-15)
        half = result.ever.mean(axis=2) >= 0.5
        np.testing.assert_array_equal(rows["time_to_50"], np.where(half.any(axis=1), half.argmax(axis=1), np.nan))
        np.testing.assert_array_equal(rows["late_adopter_gap@4"], result.late_adopter_gap()[:, 4])
        np.testing.assert_array_equal(rows["left_start_regime"], (~np.isnan(result.first_passage())).mean(axis=1))


def test_an_outcome_that_never_comes_is_no_number_and_no_zero():
    frame = run(from_table(pd.DataFrame({"C0": [0.0]})), "wasteland", ["time_to_97.5"], replicates=5, **TINY)
    assert frame["time_to_97.5"].isna().all()
    assert frame["error"].isna().all()


def test_tables_of_municipalities_and_starts_are_factors_and_the_files_are_not_needed_again(tmp_path):
    (tmp_path / "a, b.csv").write_text("name,citizens\nNA,12\nB,20\n", encoding="utf-8")
    (tmp_path / "c.csv").write_text("name,citizens\nC,30\n", encoding="utf-8")
    (tmp_path / "own").write_text("quarters = 20\n[start]\nC = 0.3\nG = 0.6\n", encoding="utf-8")
    named = {"municipalities": [str(tmp_path / "a, b.csv"), str(tmp_path / "c.csv")],
             "scenario": [str(tmp_path / "own"), "wasteland"]}
    asked = plan("lets_dance", [Factor(name, values=tuple(values)) for name, values in named.items()], "grid",
                 replicates=30, quarters=8, keep=["governments"])
    where = tmp_path / "sweep"
    with pytest.raises(Stop):
        sweep(asked, where, "threads", 1, progress=stop_after(1))
    by_hand = {(m, s): simulate(load(s).changed(quarters=8), runs=30, municipalities=m) for m in named["municipalities"]
               for s in named["scenario"]}
    for file in ("a, b.csv", "c.csv", "own"):
        (tmp_path / file).unlink()
    found = sweep(None, where, resume=True)
    for row in found.points.itertuples(index=False):
        rows = found.runs[found.runs["point"] == row.point]
        np.testing.assert_array_equal(rows["G"], by_hand[row.municipalities, row.scenario].rows["G"][:, -1])
    assert set(found.frame("governments").query("point == 0")["municipality"]) == {"NA", "B"}


class Stop(BaseException):
    """What a signal is to a sweep."""


def stop_after(parts):
    """A progress that ends the sweep after some parts."""
    seen = []

    def progress(runs):
        seen.append(runs)
        if len(seen) == parts:
            raise Stop

    return progress


def test_a_sweep_in_memory_is_the_sweep_on_disk(whole):
    asked, where = whole
    frame = run(asked.design, "lone_ranger", ["lets_dance", "T"], replicates=60, seed=7, **TINY)
    pd.testing.assert_frame_equal(frame, Sweep.open(where).frame(columns=list(frame.columns)), check_exact=True)


# ---------------------------------------------------------------- reading

def test_duckdb_and_pandas_tell_the_same(whole):
    found = Sweep.open(whole[1])
    by_sql = found.query('SELECT point, avg("G") AS g FROM runs GROUP BY point ORDER BY point')
    by_pandas = found.runs.groupby("point")["G"].mean()
    np.testing.assert_allclose(by_sql["g"], by_pandas, rtol=1e-12)
    summary = found.summary(["G", "depth"])
    np.testing.assert_allclose(summary["G sd"], found.runs.groupby("point")["G"].std(), rtol=1e-9)
    assert summary["depth n"].tolist() == found.runs.groupby("point")["depth"].count().tolist()
    assert list(summary["C0"]) == list(found.points["C0"])
    pd.testing.assert_frame_equal(pd.concat(found.batches(), ignore_index=True), found.runs)


def test_names_that_differ_in_case_only_are_not_mixed_up(tmp_path):
    names = ["k_g=%g:%g", "K_g=%g:%g", "k=%g:%g"]  # beside the indicator K
    from letsdance.params import PARAMETERS

    dials = [name % PARAMETERS[name.partition("=")[0]].range for name in names]
    found = sweep(tiny(dials, replicates=2, outcomes=["K"]), tmp_path / "s")
    summary = found.summary()
    assert list(found.points.columns) == ["point", "k_g", "K_g", "k"]
    pd.testing.assert_frame_equal(summary[["k_g", "K_g", "k"]], found.points[["k_g", "K_g", "k"]])
    np.testing.assert_allclose(summary["K"], found.runs.groupby("point")["K"].mean(), rtol=1e-12)
    joined = found.query('SELECT points.k AS a, avg(runs."K") AS b FROM runs JOIN points USING (point) '
                         'GROUP BY point, points.k ORDER BY point')
    np.testing.assert_allclose(joined["a"], found.points["k"])
    np.testing.assert_allclose(joined["b"], summary["K"], rtol=1e-12)


def test_a_folder_may_have_any_name(whole, tmp_path):
    import shutil

    place = Path(shutil.copytree(whole[1], tmp_path / "it's [a] k=3 *"))
    found = Sweep.open(place)
    assert found.query("SELECT count(*) AS n FROM runs")["n"].tolist() == [180]
    assert list(found.points.columns) == list(Sweep.open(whole[1]).points.columns)
    assert list(found.runs.columns) == list(Sweep.open(whole[1]).runs.columns)


def test_wrong_questions_are_refused(whole, tmp_path):
    found = Sweep.open(whole[1])
    secret = pd.DataFrame({"x": [1]})
    for asked, words in ((lambda: found.query("SELECT nothing FROM runs"), "DuckDB says"),
                         (lambda: found.query("SELECT * FROM secret"), "DuckDB says"),
                         (lambda: found.frame("cities"), "keeps no table 'cities'"),
                         (lambda: found.frame(columns=["nothing"]), "no column 'nothing'"),
                         (lambda: found.summary(["nothing"]), "no outcome 'nothing'"),
                         (lambda: Sweep.open(tmp_path), "not a folder that `letsdance sweep` wrote")):
        with pytest.raises(Refused, match=words):
            asked()
    assert len(secret) == 1


def test_a_sweep_that_has_begun_can_be_read(tmp_path):
    asked = tiny()
    where = tmp_path / "s"
    begun = store.begin(asked, where, "")
    for read in (lambda: begun.runs, lambda: begun.query("SELECT 1"), lambda: begun.outcomes, lambda: begun.failures):
        with pytest.raises(Refused, match="has no runs yet; go on"):
            read()
    with pytest.raises(Stop):
        sweep(None, where, "threads", 1, resume=True, progress=stop_after(1))
    half = Sweep.open(where)
    assert not half.finished
    assert len(half.runs) == half.query("SELECT count(*) AS n FROM runs")["n"][0] == 100
    assert half.summary(["G"])["G n"].tolist() == [60, 40]
    half.part("runs", 0).write_bytes(b"PAR1")
    with pytest.raises(Refused, match="damaged"):
        half.frame()


# ---------------------------------------------------------------- kill and resume

def begin(words, cwd, **more):
    return subprocess.Popen([*START, *words], cwd=cwd, env=ENV, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            **more)


def letsdance_in(cwd, *words, **more):
    return subprocess.run([*START, *words], cwd=cwd, env=ENV, capture_output=True, text=True, timeout=300, **more)


def children(pid: int) -> list[int]:
    """Processes that a process started, and theirs."""
    said = subprocess.run(["ps", "-e", "-o", "pid=,ppid=,stat="], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in said.splitlines()]
    found, new = [], {pid}
    while new := {int(p) for p, parent, stat in rows if int(parent) in new and not stat.startswith("Z")}:
        found += new
    return found


def alive(pids) -> list[int]:
    said = subprocess.run(["ps", "-o", "pid=,stat=", "-p", ",".join(map(str, pids))], capture_output=True, text=True).stdout
    return [int(line.split()[0]) for line in said.splitlines() if not line.split()[1].startswith("Z")]


def wait_until(what, seconds=60.0):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.002)


SWEEP = ["sweep", "lone_ranger", "--factor", "C0=0:1", "--points", "40", "--replicates", "100", "--keep", "governments",
         "--outcome", "lets_dance", "--outcome", "time_to_10", *WORDS, "--json"]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """The folder of SWEEP, 40 parts, made in one go."""
    cwd = tmp_path_factory.mktemp("uninterrupted")
    done = letsdance_in(cwd, *SWEEP, "--out", "s")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert json.loads(done.stdout)["runs"] == 4000
    return cwd / "s"


def test_killed_by_any_signal_at_any_moment_a_sweep_resumes_to_the_same_bytes(uninterrupted, tmp_path):
    where = tmp_path / "s"
    chance = random.Random()  # other moments each time; what they were is said when it fails
    resumed = ["sweep", "--resume", "--json"]
    said = []
    stops = [(signal.SIGKILL, SWEEP, "threads"), (signal.SIGTERM, resumed, "threads"),
             (signal.SIGINT, resumed, "processes"), (signal.SIGKILL, resumed, "processes")]
    for number, words, executor in stops:
        there = len(list(where.glob("runs/part-*")))
        more = chance.randint(0 if number is signal.SIGKILL else 1, 6)  # before it listens, Python itself ends it
        command = words if words is SWEEP else [*words, "--executor", executor, "--workers", "2"]
        running = begin([*command, "--out", "s"], tmp_path)
        wait_until(lambda at=there + more: len(list(where.glob("runs/part-*"))) >= at and where.exists())
        time.sleep(chance.random() * 0.02)
        own = children(running.pid)
        running.send_signal(number)
        out, err = running.communicate(timeout=60)
        said.append((number.name, executor, there, more, running.returncode, err))
        assert out == "", said
        if number is signal.SIGKILL:
            assert running.returncode == -number, said
        else:
            assert running.returncode == 128 + number, said
            assert err.startswith("Interrupted; "), said
            assert err.count("\n") == 1, said
            assert "parts are kept; go on with `letsdance sweep --resume --out s`" in err, said
            assert not list(where.rglob(".*")), said
        wait_until(lambda own=own: not own or not alive(own))  # nobody works on for a sweep that is gone
    left = where / "runs/.part-00007.parquet-1"  # what a writer leaves that is killed in the middle of a part
    left.write_bytes(b"half")
    done = letsdance_in(tmp_path, *resumed, "--out", "s")
    assert (done.returncode, done.stderr) == (0, ""), (done.stderr, said)
    assert files(where) == files(uninterrupted), said
    again = letsdance_in(tmp_path, *resumed, "--out", "s")
    assert (again.returncode, again.stdout) == (0, done.stdout)
    assert files(where) == files(uninterrupted)


def test_killed_while_it_writes_the_report_a_sweep_resumes_to_the_same_bytes(uninterrupted, tmp_path):
    import shutil

    where = Path(shutil.copytree(uninterrupted, tmp_path / "s"))
    (where / "report.html").unlink()
    running = begin(["sweep", "--resume", "--json", "--out", "s"], tmp_path)
    wait_until(lambda: any(where.glob(".report-*/figures/*")))
    running.kill()
    running.communicate(timeout=60)
    assert not (where / "report.html").exists()
    done = letsdance_in(tmp_path, "sweep", "--resume", "--json", "--out", "s")
    assert (done.returncode, done.stderr) == (0, "")
    assert files(where) == files(uninterrupted)


def test_a_worker_that_is_killed_takes_nothing_with_it(uninterrupted, tmp_path):
    where = tmp_path / "s"
    running = begin([*SWEEP, "--executor", "processes", "--workers", "2", "--out", "s"], tmp_path)
    wait_until(lambda: len(list(where.glob("runs/part-*"))) >= 2)
    said = subprocess.run(["ps", "-e", "-ww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    workers = [int(line.split()[0]) for line in said.splitlines()
               if int(line.split()[1]) == running.pid and "spawn_main" in line]
    os.kill(workers[0], signal.SIGKILL)
    there = len(list(where.glob("runs/part-*")))
    out, err = running.communicate(timeout=120)
    assert (running.returncode, err) == (0, "")
    assert there < 40, "the worker was killed too late to show anything"
    assert json.loads(out)["failed_runs"] == 0
    assert tables(where) == tables(uninterrupted)


def test_one_process_at_a_time_goes_on_with_a_sweep(uninterrupted, tmp_path):
    import shutil

    where = Path(shutil.copytree(uninterrupted, tmp_path / "s"))
    (where / "runs/part-00003.parquet").unlink()
    (where / "runs/.part-00003.parquet-7").write_bytes(b"half")  # what the other one is writing
    with store.alone(Sweep.open(where)):
        done = letsdance_in(tmp_path, "sweep", "--resume", "--json", "--out", "s")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == "letsdance: another process is at work on s; let it end, or stop it first.\n"
        assert (where / "runs/.part-00003.parquet-7").exists()
    done = letsdance_in(tmp_path, "sweep", "--resume", "--json", "--out", "s")
    assert (done.returncode, done.stderr) == (0, "")
    assert files(where) == files(uninterrupted)


def test_the_same_command_with_resume_begins_what_is_not_there_and_goes_on_with_what_is(tmp_path):
    asked = tiny()
    where = tmp_path / "s"
    with pytest.raises(Stop):
        sweep(asked, where, "threads", 1, resume=True, progress=stop_after(1))
    counted = []
    found = sweep(asked, where, "threads", 1, resume=True, progress=counted.append)
    assert counted == [100, 80]  # those that were there, those that were made
    assert found.finished
    with pytest.raises(Refused, match="exists and is left alone"):
        sweep(asked, where)
    with pytest.raises(Refused, match="needs a plan"):
        sweep(None, tmp_path / "t")


@pytest.mark.parametrize(("change", "words"), [
    ({"points": 4}, "points"), ({"replicates": 61}, "replicates"), ({"seed": 2}, "seed"),
    ({"factors": ["C0=0:0.5"]}, "factors"), ({"outcomes": ["G"]}, "outcomes"), ({"keep": ["society"]}, "keep"),
    ({"shocks": ["austerity@2"]}, "scenario")])
def test_another_design_is_not_mixed_into_a_sweep(tmp_path, change, words):
    where = tmp_path / "s"
    store.begin(tiny(), where, "")
    before = files(where)
    with pytest.raises(Refused, match=rf"holds another sweep \(it differs in .*{words}"):
        sweep(tiny(**change), where, resume=True)
    assert files(where) == before


def test_other_points_are_not_mixed_into_a_sweep(tmp_path):
    many = pd.DataFrame({"C0": np.linspace(0, 1, 60)})
    store.begin(plan("lone_ranger", design=from_table(many), **TINY), tmp_path / "s", "")
    many.loc[30, "C0"] += 1e-12
    with pytest.raises(Refused, match="differs in its points"):
        sweep(plan("lone_ranger", design=from_table(many), **TINY), tmp_path / "s", resume=True)


@pytest.mark.parametrize(("change", "words"), [
    ({"format": 99}, "has the format 99"), ({"rules": "0" * 16}, "other rules or parameters"),
    ({"kind": "compare"}, "was written by `letsdance compare`"), ({"seed": ...}, "does not say seed any more")])
def test_another_versions_sweep_is_not_gone_on_with(tmp_path, change, words):
    where = tmp_path / "s"
    store.begin(tiny(), where, "")
    path = where / "manifest.json"
    said = {**json.loads(path.read_text(encoding="utf-8")), **change}
    path.write_text(json.dumps({k: v for k, v in said.items() if v is not ...}), encoding="utf-8")
    before = files(where)
    with pytest.raises(Refused, match=words):
        sweep(None, where, resume=True)
    assert files(where) == before


def test_a_manifest_that_is_none_is_refused(tmp_path):
    (tmp_path / "manifest.json").write_text('{"kind": ', encoding="utf-8")
    with pytest.raises(Refused, match="cannot be read"):
        Sweep.open(tmp_path)


# ---------------------------------------------------------------- points that fail

def test_a_point_that_makes_no_sense_is_kept_with_its_error_and_the_others_go_on(tmp_path):
    late = tmp_path / "late.toml"  # its lever starts after the horizon of 8 quarters: found only at its points
    late.write_text('quarters = 60\n[start]\nC = 0.5\nG = 0.5\n[[levers]]\nname = "FRCS"\nstart = 40\n', encoding="utf-8")
    asked = plan("lets_dance", [f"scenario=lone_ranger,{late}", "C0=0,1"], "grid", replicates=40, keep=["society"], **TINY)
    found = sweep(asked, tmp_path / "s", "threads", 2)
    failures = found.failures
    assert failures["point"].value_counts().to_dict() == {2: 40, 3: 40}
    assert set(failures["error"]) == {"lever FRCS starts in quarter 40, after the horizon of 8; start it earlier or raise "
                                      "quarters (--quarters, or quarters in the file)."}
    assert failures["seed"].tolist() == [*range(1, 41)] * 2
    bad, good = (found.runs[found.runs["error"].isna() == is_good] for is_good in (False, True))
    assert bad[found.outcomes].isna().all(axis=None)
    expected = simulate("lone_ranger", runs=40, parameters={**TINY["parameters"], "C0": 1.0}, quarters=8)
    np.testing.assert_array_equal(good[good["point"] == 1]["G"], expected.rows["G"][:, -1])
    assert set(found.frame("society")["point"]) == {0, 1}
    assert found.summary(["G"])[["runs", "G n"]].to_numpy().tolist() == [[40, 40], [40, 40], [0, 0], [0, 0]]


def test_a_sweep_speaks_the_language_that_is_asked(tmp_path, monkeypatch, spoken):
    from letsdance.report.sweep import study

    outcomes = ["lets_dance@8", "T@4-8", "time_to_84"]
    found = sweep(tiny(["C0=0:1", "k=0.5:1.5"], points=9, replicates=3, outcomes=outcomes), tmp_path / "s", "threads", 1)
    codes = r"\bC0\b|`letsdance sensitivity`"
    assert not plain_english(study(found, spoken), codes)

    def broken(story, **named):
        if story.values()["C0"] == 1.0:
            raise MemoryError("no room")
        return simulate(story, **named)

    monkeypatch.setattr(sweeps, "simulate", broken)
    found = sweep(tiny(["C0=0,0.5,1"], "grid", replicates=2), tmp_path / "f", "threads", 1)
    assert not plain_english(study(found, spoken), f"{codes}|MemoryError: no room")


def test_what_a_sweep_will_take_and_leaves_is_said_in_the_language_that_is_asked(tmp_path, spoken):
    for keep in ([], ["citizens"]):
        assert not re.findall("[A-Za-z]{2,}", sweeping.cost(tiny(["C0=0,1"], "grid", keep=keep), 1, spoken))
    store.begin(tiny(["C0=0,1"], "grid"), tmp_path / "s", "")
    said = sweeping._kept(tmp_path / "s", spoken)
    assert re.findall("[A-Za-z]{2,}", said.partition("`")[0]) == []
    assert said.count("`letsdance sweep --resume --out ") == 1
    assert sweeping._kept(tmp_path / "none", spoken) == ""


def test_what_a_run_raises_is_kept_as_its_error(tmp_path, monkeypatch):
    def broken(story, **named):
        if story.values()["C0"] == 1.0:
            raise MemoryError("no room")
        return simulate(story, **named)

    monkeypatch.setattr(sweeps, "simulate", broken)
    found = sweep(tiny(["C0=0,0.5,1"], "grid"), tmp_path / "s", "threads", 2)
    assert found.finished
    assert set(found.failures["error"]) == {"MemoryError: no room"}
    assert found.failures["point"].unique().tolist() == [2]


def test_a_sweep_in_which_all_fails_is_told(tmp_path, monkeypatch):
    from letsdance.report.sweep import hand_over

    def broken(story, **named):
        if story == "lets_dance":  # asked for the columns of an empty table
            return simulate(story, **named)
        raise MemoryError

    monkeypatch.setattr(sweeps, "simulate", broken)
    found = sweep(tiny(keep=["adopters"]), tmp_path / "s", "threads", 1)
    assert len(found.failures) == 180
    assert len(found.frame("adopters")) == 0
    hand_over(found)
    page = (tmp_path / "s/report.html").read_text(encoding="utf-8")
    assert "180 runs of 3 points failed" in page
    assert "is told by no run" in page
    assert not re.search(r"\bnan\b", page)


# ---------------------------------------------------------------- no room

def test_a_full_disk_is_said_and_what_is_there_is_kept(tmp_path, monkeypatch):
    asked, where, real = tiny(replicates=100), tmp_path / "s", store._sealed
    written = []

    def full(*part):
        written.append(part)
        if len(written) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*part)

    monkeypatch.setattr(store, "_sealed", full)
    with pytest.raises(Refused, match=r"the disk is full\. 2 of 3 parts are kept; make room and go on with --resume"):
        sweep(asked, where, "threads", 1)
    assert not list(where.rglob(".*"))
    sweep(None, where, resume=True)
    sweep(asked, tmp_path / "t")
    assert files(where) == files(tmp_path / "t")


def test_no_room_for_the_folder_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(pd.DataFrame, "to_parquet", lambda *_, **__: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
    with pytest.raises(Refused, match="cannot be written"):
        sweep(tiny(), tmp_path / "s")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="a limit of a process")
def test_files_that_may_not_grow_are_said_in_one_sentence(tmp_path):
    words = ["sweep", "lone_ranger", "--factor", "C0=0:1", "--points", "4", "--replicates", "50", *WORDS, "--out", "s"]

    def limited(size):
        return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    # room for the points but not for a part; then for parts but not for the report
    done = letsdance_in(tmp_path, *words, preexec_fn=limited(8_000))
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert done.stderr.count("\n") == 1
    assert "s/runs cannot be written to: File too large. 0 of 2 parts are kept" in done.stderr
    done = letsdance_in(tmp_path, "sweep", "--resume", "--out", "s", preexec_fn=limited(50_000))
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert done.stderr.count("\n") == 1
    assert "the report cannot be written: File too large. All runs are kept" in done.stderr
    assert not list((tmp_path / "s").rglob(".*"))
    assert not (tmp_path / "s/report.html").exists()
    assert Sweep.open(tmp_path / "s").finished
    done = letsdance_in(tmp_path, "sweep", "--resume", "--out", "s")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "s/report.html").exists()


# ---------------------------------------------------------------- memory

MEMORY = """
import sys
from letsdance.experiments.plan import plan
from letsdance.experiments.sweep import sweep
asked = plan("lone_ranger", ["C0=0:1"], points=int(sys.argv[1]), replicates=50, keep=["society"], every=1,
             parameters={"municipalities": 2, "citizens": 5}, quarters=8)
found = sweep(asked, sys.argv[2], "threads", 1)
held = sum(1 for frame in found.batches("society"))
found.summary(["G"])
status = open("/proc/self/status").read()
print(int(status.split("VmHWM:")[1].split()[0]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_does_not_grow_with_the_sweep(tmp_path):
    peaks = []
    for points in (20, 250):
        done = subprocess.run([sys.executable, "-c", MEMORY, str(points), f"s{points}"], cwd=tmp_path, env=ENV,
                              capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        peaks.append(int(done.stdout) * 1024)
    society = 250 * 50 * 9 * 80 * 8  # bytes of the table of society: kept in memory, it would show
    assert society > 0.15 * peaks[0]
    assert peaks[1] < 1.15 * peaks[0], [peak / 1e6 for peak in peaks]


@pytest.mark.parametrize("workers", [1, 3])
def test_tasks_are_taken_as_they_are_needed(workers):
    taken = []

    def tasks():
        for number in range(50):
            taken.append(number)
            yield number

    for done, _ in enumerate(executors.Threads(workers).results(lambda task: task, tasks()), 1):
        assert len(taken) - done <= 2 * workers
    assert taken == list(range(50))


# ---------------------------------------------------------------- pools

def test_processes_that_always_die_are_given_up():
    with pytest.raises(Refused, match=r"^3 worker processes died one after the other at 1: "):
        list(executors.Processes(1).results(die, [1, 2]))


def test_a_process_that_is_killed_in_the_middle_of_its_answer_holds_nobody_up(tmp_path):
    # With a queue that all workers share, the reader waits for the other half for ever.
    made = sorted(executors.Processes(2).results(partial(ten_megabytes, tmp_path), range(6)))
    assert [(task, len(outcome), set(outcome)) for task, outcome in made] == [
        (task, 10_000_000, {task}) for task in range(6)]  # none is lost, none is doubled


def test_processes_end_at_once_in_the_middle_of_answers(tmp_path):
    (tmp_path / "killed").touch()
    for wanted in range(1, 4):
        stream = executors.Processes(2).results(partial(ten_megabytes, tmp_path), range(100))
        for _ in range(wanted):
            next(stream)
        began = time.monotonic()
        stream.close()
        assert time.monotonic() - began < 10
        assert not multiprocessing.active_children()


def test_what_a_process_raises_is_raised_here():
    with pytest.raises(Refused, match=r"^no such town$"):
        list(executors.Processes(1).results(complain, [1]))


def test_threads_stop_when_nobody_waits_for_them():
    ended, started = [], threading.Event()

    def slow(task):
        started.set()
        try:
            for _ in range(2000):
                executors.go_on()
                time.sleep(0.005)
        except BaseException as stopped:
            ended.append(type(stopped))
            raise

    def first(task):
        return None if task == 0 else slow(task)

    stream = executors.Threads(2).results(first, range(9))
    next(stream)
    started.wait(10)
    began = time.monotonic()
    stream.close()
    assert time.monotonic() - began < 5
    assert set(ended) == {executors.Stopped}


@pytest.mark.parametrize(("executor", "workers", "words"), [
    ("proceses", None, "Did you mean processes"), ("dask", None, "give a Dask scheduler's address"),
    ("threads", 0, "workers must be"), ("threads", True, "workers must be"),
    ("tcp://127.0.0.1:1", 2, "leave out the number")])
def test_a_wrong_executor_is_refused_before_anything_is_written(tmp_path, executor, workers, words):
    with pytest.raises(Refused, match=words):
        sweep(tiny(), tmp_path / "s", executor, workers)
    assert not list(tmp_path.iterdir())


def test_few_runs_are_made_by_threads_and_many_by_processes(monkeypatch):
    monkeypatch.setattr(executors, "cores", lambda: 4)
    assert isinstance(executors.choose(None, executors.SMALL - 1), executors.Threads)
    assert isinstance(executors.choose(None, executors.SMALL), executors.Processes)
    assert executors.choose("threads", 1, 3).workers == 3


# ---------------------------------------------------------------- the commands

@pytest.fixture
def letsdance(letsdance):
    """The same for words as they are typed, in one line: `letsdance("query s")`."""
    return lambda line: letsdance(*shlex.split(line))


SMALL = "--set municipalities=3 --set citizens=10 --quarters 8 --replicates 3"


def test_a_sweep_can_be_run_told_and_asked(letsdance, tmp_path):
    code, out, err = letsdance(f"sweep wasteland --factor C0=0:1:3 --factor profile=co_creation,telework {SMALL} "
                               "--outcome G --outcome time_to_50 --out 'a [b]'")
    assert (code, err) == (0, "")
    assert "6 points, 18 runs: mean (standard deviation over runs)" in " ".join(out.split())
    assert "telework" in out
    assert "never" in out
    assert "letsdance query 'a [b]'" in out
    assert "nan" not in out
    found = Sweep.open(tmp_path / "a [b]")
    first = found.summary(["G"]).iloc[0]
    assert f"{100 * first['G']:.0f}\u00a0% ({100 * first['G sd']:.0f}\u00a0%)" in out
    code, out, err = letsdance("query 'a [b]' 'SELECT point, avg(\"G\") AS g, any_value(time_to_50) AS t FROM runs "
                               "GROUP BY point ORDER BY point' --json")
    assert (code, err) == (0, "")
    np.testing.assert_allclose([row["g"] for row in json.loads(out)], found.summary(["G"])["G"], rtol=1e-9)
    assert {row["t"] for row in json.loads(out)} == {None}
    code, out, _ = letsdance("query 'a [b]' --csv all.csv --json")
    assert (code, json.loads(out)) == (0, {"file": "all.csv", "rows": 18})
    assert len(pd.read_csv("all.csv")) == 18
    code, out, err = letsdance("query 'a [b]' 'SELECT x FROM runs'")
    assert (code, out, err.count("\n")) == (2, "", 1)


def test_a_design_file_is_run(letsdance, tmp_path):
    Path("my.toml").write_text(
        'scenario = "dead_horse"\nmethod = "grid"\nquarters = 8\nreplicates = 2\noutcomes = ["G@4"]\n'
        "[parameters]\nmunicipalities = 2\ncitizens = 5\n[factors]\nC0 = [0.25, 0.5]\n", encoding="utf-8")
    code, out, err = letsdance("sweep my.toml --out s --json")
    assert (code, err) == (0, "")
    assert json.loads(out) == {"folder": "s", "points": 2, "runs": 4, "failed_runs": 0, "failed_points": 0, "set_aside": [],
                               "outcomes": ["G@4"]}
    code, out, err = letsdance("sweep my.toml --out t --replicates 9")
    assert (code, out) == (2, "")
    assert "write replicates into my.toml" in err
    assert letsdance("sweep my.toml --out s --resume --json")[0] == 0


@pytest.mark.parametrize(("words", "said"), [
    ("sweep --factor kk=0:1", "no factor 'kk'"), ("sweep --factor k=2:1", "is empty"),
    ("sweep --points 9", "at least one factor"),
    ("sweep --factor k=1,2 --lever FRCS@1 --lever FRCS@4", "used twice at the same time"),
    ("sweep --factor k=1,2 --executor processes --scheduler tcp://x:1", "not both"),
    ("sweep --factor k=1,2 --executor thread", "Did you mean threads"), ("sweep none.toml", "see docs/sweeps.md"),
    ("sweep --list none.csv", "there is no file none.csv"),
    ("sweep --factor k=1,2 --list none.csv", "leave out the factor k"), ("sweep --resume --overwrite", "one of them"),
    ("sweep --resume", "not a folder that `letsdance sweep` wrote"),
    ("sweep --resume --seed 1", "leave out --seed"), ("sweep wasteland --resume", "leave out wasteland"),
    ("sweep --factor k=0.5:2 --points 100000000 --replicates 1", "100,000,000 runs: some"),
    ("query nowhere", "not a folder that `letsdance sweep` wrote")])
def test_a_mistake_gets_one_sentence_and_leaves_nothing(letsdance, tmp_path, words, said):
    code, out, err = letsdance(words)
    assert (code, out, err.count("\n")) == (2, "", 1), err
    assert said in err
    assert not list(tmp_path.iterdir())


def test_an_unfinished_sweep_is_said_to_be(letsdance, tmp_path):
    with pytest.raises(Stop):
        sweep(tiny(), tmp_path / "s", "threads", 1, progress=stop_after(1))
    code, out, err = letsdance("query s 'SELECT count(*) AS n FROM runs' --json")
    assert (code, json.loads(out)) == (0, [{"n": 100}])
    assert err == "This sweep is not finished: 1 of 2 parts are there.\n"


# ---------------------------------------------------------------- a folder that was changed, or comes from a stranger

@pytest.fixture
def mine(whole, tmp_path):
    """A copy of the small sweep, to be changed."""
    import shutil

    return Path(shutil.copytree(whole[1], tmp_path / "mine"))


def everything_read(where):
    """Each way in which a sweep's runs are read."""
    return (lambda: Sweep.open(where).query("SELECT * FROM runs"), lambda: Sweep.open(where).runs,
            lambda: Sweep.open(where).summary(), lambda: list(Sweep.open(where).batches()),
            lambda: sweep(None, where, "threads", 1, resume=True))


def refuses(where, words):
    for read in everything_read(where):
        with pytest.raises(Refused, match=words) as refused:
            read()
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize("table", ["runs", "society"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.9, 0.97, 1.0])
def test_a_flipped_byte_anywhere_in_a_part_is_named_with_the_remedy(mine, table, share):
    part = mine / table / "part-00001.parquet"
    content = bytearray(part.read_bytes())
    content[round(share * (len(content) - 1))] ^= 4
    part.write_bytes(content)
    refuses(mine, "part 1 of .* is damaged or changed; take away part 1 .* and resume")
    (mine / "runs/part-00001.parquet").unlink()
    assert tables(Path(sweep(None, mine, "threads", 1, resume=True).folder)) == tables(mine)


def test_a_part_that_was_taken_away_as_told_is_made_again_to_the_same_bytes(mine, whole):
    for table in ("runs", "society"):
        (mine / table / "part-00000.parquet").write_bytes(b"PAR1")
    refuses(mine, "take away part 0")
    (mine / "society/part-00000.parquet").unlink()
    sweep(None, mine, "threads", 1, resume=True)
    assert files(mine) == files(whole[1])


def test_a_rewritten_part_a_part_in_anothers_place_and_one_of_another_sweep_are_named(mine, tmp_path):
    part, other = mine / "runs/part-00000.parquet", mine / "runs/part-00001.parquet"
    honest = part.read_bytes()
    frame = pd.read_parquet(part)
    frame.loc[0, "G"] = 0.5
    frame.to_parquet(part, index=False)
    refuses(mine, "part 0 of .* is damaged or changed")
    part.write_bytes(other.read_bytes())
    refuses(mine, "part 0 of .* is of another sweep; take away part 0")
    elsewhere = sweep(tiny(["C0=0:1", "FRCS.strength=0:1.5"], seed=8), tmp_path / "other", "threads", 1)
    part.write_bytes(elsewhere.part("runs", 0).read_bytes())
    refuses(mine, "part 0 of .* is of another sweep")
    part.write_bytes(honest)
    assert len(Sweep.open(mine).runs) == 180


def test_an_edited_manifest_or_table_of_points_is_named(mine):
    path, points = mine / "manifest.json", mine / "points.parquet"
    honest = path.read_text(encoding="utf-8")
    path.write_text(honest.replace('"seed": 7', '"seed": 8'), encoding="utf-8")
    refuses(mine, "manifest.json was changed after the runs were made")
    path.write_text(honest, encoding="utf-8")
    frame = pd.read_parquet(points)
    frame.loc[1, "C0"] = 0.5
    frame.to_parquet(points, index=False)
    refuses(mine, "points.parquet was changed after the sweep was begun")


def test_stray_files_are_not_counted(mine, whole):
    for name in ("part-00002.parquet", "part-1.parquet", "part-00000 (copy).parquet", "notes.txt"):
        (mine / "runs" / name).write_bytes((whole[1] / "runs/part-00000.parquet").read_bytes())
    found = Sweep.open(mine)
    assert found.query("SELECT count(*) AS n FROM runs")["n"].tolist() == [180]
    assert len(found.runs) == found.summary(["G"])["runs"].sum() == 180


@pytest.mark.parametrize("key", [name for name, field in manifests.Sweep.model_fields.items() if field.is_required()])
def test_a_manifest_whose_values_are_others_is_refused_before_anything_is_made(mine, key):
    path = mine / "manifest.json"
    said = json.loads(path.read_text(encoding="utf-8"))
    for value in (10**11, 10**40, -1, 1.5, True, float("nan"), [1], {"a": 1}, [], None, "../x", "\0"):
        if value == said[key]:
            continue
        path.write_text(json.dumps({**said, key: value}), encoding="utf-8")
        with pytest.raises(Refused) as refused:
            sweep(None, mine, "threads", 1, resume=True)
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize("sql", [
    "COPY runs TO '{}/stolen.csv'", "SELECT * FROM read_csv('{}/secret.csv')", "SELECT * FROM '{}/secret.csv'",
    "ATTACH '{}/new.db'", "INSTALL httpfs", "LOAD httpfs", "SET enable_external_access = true", "EXPORT DATABASE '{}/d'",
    "SELECT * FROM glob('{}/*')", "SELECT 1; SELECT * FROM read_text('{}/secret.csv')", "CREATE SECRET (TYPE S3)", "",
    " ; ", "PRAGMA enable_external_access", "SELECT * FROM read_parquet('{}/mine/runs/*')"])
def test_a_question_reaches_nothing_but_the_sweep_s_own_tables(mine, tmp_path, sql):
    (tmp_path / "secret.csv").write_text("a\n1\n")
    before = sorted(path.name for path in tmp_path.iterdir())
    found = Sweep.open(mine)
    with pytest.raises(Refused) as refused:
        found.query(sql.format(tmp_path))
    assert "\n" not in str(refused.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert found.query("SELECT count(*) AS n FROM society")["n"][0] > 180  # its own are readable as before


# ---------------------------------------------------------------- points that kill or hang their worker

def test_points_that_kill_or_hang_their_worker_are_set_aside_and_the_rest_goes_on():
    given = [sweeps.Task(0, 0, 6, 0, ({},) * 6), sweeps.Task(1, 6, 9, 6, ({},) * 3)]
    runner = executors.choose(None, 9, 2, 2.0, 2)
    made = {task.index: done for task, done in runner.results(rough, given)}
    assert made == {0: [(0, ""), (1, ""), (2, "its worker process ended (code 9), 2 times"), (3, ""),
                        (4, "it took longer than 2 seconds, 2 times"), (5, "")], 1: [(6, ""), (7, ""), (8, "")]}


def test_a_point_that_is_set_aside_is_recorded_with_its_reason(whole):
    asked, where = whole
    task = next(sweeps.tasks(asked, 100, [1])).without(2, "it took longer than 2 seconds, 2 times")
    frame = sweeps.work(sweeps.Job.of(asked), task)["runs"].to_pandas()
    assert set(frame[frame["point"] == 2]["error"]) == {"set aside: it took longer than 2 seconds, 2 times"}
    rest = Sweep.open(where).runs.query("point == 1 and run >= 40").reset_index(drop=True)
    pd.testing.assert_frame_equal(frame[frame["point"] == 1].reset_index(drop=True), rest)


@pytest.mark.parametrize(("executor", "limit", "tries", "words"), [
    ("threads", 5, 3, "only a process of this machine"), ("tcp://127.0.0.1:1", 5, 3, "only a process of this machine"),
    (None, 0, 3, "must be a number of seconds"), (None, float("nan"), 3, "must be a number of seconds"),
    (None, 5, 0, "point-tries must be a whole number"), (None, 5, 1.5, "point-tries must be a whole number")])
def test_limits_of_a_point_that_make_no_sense_are_refused(tmp_path, executor, limit, tries, words):
    with pytest.raises(Refused, match=words):
        sweep(tiny(), tmp_path / "s", executor, point_timeout=limit, point_tries=tries)
    assert not (tmp_path / "s").exists()
