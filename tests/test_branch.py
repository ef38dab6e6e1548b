"""A saved state goes on to the same bits, under the same policy or another, from any quarter, in any process."""

import io
import json
import re
import subprocess
import sys

import numpy as np
import pytest
from pseudo import plain_english
from typer.testing import CliRunner

from letsdance.commands.main import app
from letsdance.experiments import branch as branches
from letsdance.experiments.branch import AS_IT_WAS, branch, load, policy, save, state_at
from letsdance.params import Refused
from letsdance.simulation import simulate
from letsdance.simulation.indicators import SOCIETY

SMALL = {"municipalities": 8, "citizens": 12}


def told(frame, name, run=0):
    """float64[quarters + 1, indicators] of one branch."""
    return frame[(frame["policy"] == name) & (frame["run"] == run)][list(SOCIETY)].to_numpy(float)


def content(column):
    """The bytes of a column, without the gaps between the fields of a record."""
    return [column[name].tobytes() for name in column.dtype.names] if column.dtype.names else [column.tobytes()]


@pytest.fixture
def saved(tmp_path):
    """A state of Lone Ranger at quarter 10, through a file."""
    return load(save(state_at("lone_ranger", 10, seed=7, parameters=SMALL, quarters=24), tmp_path / "state.npz"))


@pytest.mark.parametrize("quarter", [0, 1, 9, 23])
@pytest.mark.parametrize("start", ["lone_ranger", "lets_dance"])
def test_going_on_is_the_run_that_was_never_stopped(tmp_path, start, quarter):
    state = load(save(state_at(start, quarter, seed=3, parameters=SMALL, quarters=24), tmp_path / "s.npz"))
    whole = simulate(start, runs=1, seed=3, quarters=24, parameters=SMALL).society[list(SOCIETY)].to_numpy(float)
    assert np.array_equal(told(branch(state, {AS_IT_WAS: []}), AS_IT_WAS), whole, equal_nan=True)


def test_a_later_policy_is_the_run_that_had_it_from_the_start(saved):
    """A lever that begins after the branching is the same world, whether it was announced at quarter 0 or not."""
    found = branch(saved, {"free-range": ["FRCS@11+8", "FAL@15+4"], "blamed": {"shocks": ["scandal@12"]}})
    for name, changes in (("free-range", {"levers": ["FRCS@11+8", "FAL@15+4"]}), ("blamed", {"shocks": ["scandal@12"]})):
        whole = simulate("lone_ranger", runs=1, seed=7, quarters=24, parameters=SMALL, **changes).society
        assert np.array_equal(told(found, name), whole[list(SOCIETY)].to_numpy(float), equal_nan=True)
    assert not np.array_equal(told(found, "free-range"), told(found, "blamed"), equal_nan=True)


def test_a_saved_state_is_told_in_the_language_that_is_asked(tmp_path, monkeypatch, spoken):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["branch", "save", "lone_ranger", "--at", "2", "--quarters", "8", "--out", "0.npz",
                                    "--language", spoken.language])
    said = done.stdout.replace("0.npz", "")
    assert (done.exit_code, re.findall("[A-Za-z]{2,}", said)) == (0, []), done.stdout


def test_a_branch_speaks_the_language_that_is_asked(saved, spoken):
    from letsdance.report.branching import study

    for runs, policies in ((2, {AS_IT_WAS: [], "#1": ["FRCS@11+8"]}), (1, {AS_IT_WAS: [], "#1": []}), (1, {AS_IT_WAS: []})):
        assert not plain_english(study(saved, branch(saved, policies, runs), spoken))


def test_a_table_of_municipalities_travels_with_the_state(tmp_path):
    table = tmp_path / "towns.csv"
    table.write_text("name,citizens,willingness\nAa,30,.4\nBee,45,\nCee,20,.7\n")
    state = load(save(state_at("wasteland", 6, municipalities=table, quarters=16), tmp_path / "s.npz"))
    table.unlink()
    assert state.places.names == ("Aa", "Bee", "Cee")
    table.write_text("name,citizens,willingness\nAa,30,.4\nBee,45,\nCee,20,.7\n")
    whole = simulate("wasteland", runs=1, quarters=16, municipalities=table).society[list(SOCIETY)].to_numpy(float)
    assert np.array_equal(told(branch(state, {AS_IT_WAS: []}), AS_IT_WAS), whole, equal_nan=True)


def test_another_process_goes_on_to_the_same_bits(saved, tmp_path):
    save(saved, tmp_path / "again.npz")
    code = ("import sys; from letsdance.experiments.branch import load, branch; "
            "branch(load(sys.argv[1]), {'a': ['FRCS@11']}).to_parquet(sys.argv[2])")
    subprocess.run([sys.executable, "-c", code, tmp_path / "again.npz", tmp_path / "a.parquet"], check=True)
    import pandas as pd

    assert np.array_equal(told(pd.read_parquet(tmp_path / "a.parquet"), "a"), told(branch(saved, {"a": ["FRCS@11"]}), "a"),
                          equal_nan=True)


def test_branches_share_the_past_and_their_luck_and_leave_the_state_alone(saved):
    before = {name: content(column) for name, column in saved.state._asdict().items()}
    found = branch(saved, {"a": [], "b": ["FRCS@11"]}, runs=3)
    past = saved.rows[list(SOCIETY)]
    for name in "ab":
        for run in range(3):
            assert np.array_equal(told(found, name, run)[:11], np.array(past.tolist(), float), equal_nan=True)
    assert not np.array_equal(told(found, "a", 0)[11:], told(found, "a", 1)[11:], equal_nan=True), "other luck"
    assert np.array_equal(told(branch(saved, {"c": []}, runs=3), "c", 2), told(found, "a", 2), equal_nan=True), "same luck"
    for name, column in saved.state._asdict().items():
        assert content(column) == before[name], name


@pytest.mark.parametrize(("changes", "said"), [
    ({"levers": ["FRCS@10"]}, "starts in quarter 10, but the state is of quarter 10; start it in quarter 11"),
    ({"shocks": ["austerity@3"]}, "start it in quarter 11"),
    ({"levers": ["FRCS@11", "FRCS@12"]}, "used twice at the same time"),
    ({"parameters": {"C0": 0.2}}, "acts only when a run begins"),
    ({"parameters": {"k_c": 4}}, "acts only when a run begins"),
    ({"parameters": {"members_max": 20}}, "acts only when a run begins"),
    ({"parameters": {"kk": 1}}, "kk"),
    ({"quarters": 10}, "past"),
])
def test_a_policy_that_makes_no_sense_is_refused(saved, changes, said):
    with pytest.raises(Refused, match=said):
        policy(saved, "mine", **changes)


@pytest.mark.parametrize(("quarter", "seed"), [(24, 1), (-1, 1), (True, 1), (2.5, 1), (3, -1), (3, "a")])
def test_a_state_that_cannot_be_is_refused(quarter, seed):
    with pytest.raises(Refused, match="must be a whole number"):
        state_at("lone_ranger", quarter, seed=seed, quarters=24)


def test_a_file_that_is_no_state_is_refused(saved, tmp_path, monkeypatch):
    place = save(saved, tmp_path / "s.npz")
    whole = place.read_bytes()
    for content in (b"", b"text", whole[:len(whole) // 2], whole[:-20]):
        (tmp_path / "bad.npz").write_bytes(content)
        with pytest.raises(Refused, match="is not a state that letsdance saved, or it is damaged"):
            load(tmp_path / "bad.npz")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(Refused, match="is not a state"):
        load(tmp_path / "other.npz")
    with pytest.raises(Refused, match="there is no file"):
        load(tmp_path / "nowhere.npz")
    monkeypatch.setattr(branches, "rules", lambda: "another")
    with pytest.raises(Refused, match="saved with other rules or parameters"):
        load(place)


def test_a_file_is_written_whole_or_not_at_all(saved, tmp_path, monkeypatch):
    place = save(saved, tmp_path / "s.npz")
    before = place.read_bytes()
    with pytest.raises(Refused, match="exists and is left alone"):
        save(saved, place)
    with pytest.raises(Refused, match="does not exist"):
        save(saved, tmp_path / "no" / "s.npz")
    with pytest.raises(Refused, match="is a folder"):
        save(saved, tmp_path)

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(Refused, match="No space left on device"):
        save(saved, place, overwrite=True)
    assert place.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s.npz", "state.npz"]


def test_the_command_saves_goes_on_and_reports(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    invoke = CliRunner().invoke
    small = ["--set", "municipalities=8", "--set", "citizens=12", "--quarters", "20"]
    made = invoke(app, ["branch", "save", "lone_ranger", "--at", "8", "--seed", "5", *small, "--out", "s.npz", "--json"])
    assert json.loads(made.stdout) == {"file": "s.npz", "scenario": "lone_ranger", "seed": 5, "quarter": 8}
    gone = invoke(app, ["branch", "go", "s.npz", "--policy", "free-range: FRCS@9+8", "--runs", "2", "--out", "b", "--json"])
    said = json.loads(gone.stdout)
    assert list(said["ends"]) == [AS_IT_WAS, "free-range"]
    whole = simulate("lone_ranger", runs=1, seed=5, quarters=20, parameters=SMALL, levers=["FRCS@9+8"])
    import pandas as pd

    frame = pd.read_parquet(tmp_path / "b" / "society.parquet")
    assert np.array_equal(told(frame, "free-range"), whole.society[list(SOCIETY)].to_numpy(float), equal_nan=True)
    assert said["ends"]["free-range"]["lets_dance"] == pytest.approx(
        frame[(frame["policy"] == "free-range") & (frame["quarter"] == 20)]["lets_dance"].mean())
    page = (tmp_path / "b" / "report.html").read_text()
    assert "One past, 2 ways to go on from quarter 8" in page
    assert (tmp_path / "b" / "figures" / "branches.svg").exists()
    assert said["says"][0].startswith("With free-range, ")
    assert "95 % interval of the paired difference" in said["says"][0]
    shown = invoke(app, ["branch", "go", "s.npz", "--runs", "2", "--out", "c"])
    assert "municipalities in Let's dance" in shown.stdout
    wrong = invoke(app, ["branch", "go", "s.npz", "--policy", "x: lone_ranger", "--out", "d"])
    assert isinstance(wrong.exception, Refused)
    assert not (tmp_path / "d").exists()


def test_the_state_holds_no_code(saved, tmp_path):
    """A file from somebody else must not run anything: it opens without pickle."""
    with np.load(io.BytesIO(save(saved, tmp_path / "s.npz").read_bytes()), allow_pickle=False) as found:
        assert {found[name].dtype.kind for name in found.files} <= set("Vfui")
