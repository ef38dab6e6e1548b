"""`verify` of a folder from a stranger: only commands that leave such a folder are given again."""

from __future__ import annotations

import inspect
import json
import os
from typing import get_type_hints

import numpy as np
import pandas as pd
import pytest

from letsdance.commands.main import _AGAIN, _NAMES_NO_FILE, _NEVER, _recorded, grammar
from letsdance.experiments import folder
from letsdance.params import Refused, files

HONEST = [
    ("compare", "letsdance compare lone_ranger --policy 'free: FRCS@8+20' --runs 20"), ("map", "letsdance map lone_ranger"),
    ("map", "letsdance map --runs 2"), ("tipping", "letsdance map tipping k=0.2:2"),
    ("forecast", "letsdance adopters forecast h.csv"),
    ("sweep", "letsdance sweep lone_ranger --factor k=0.5:2 --points 100"),
    ("branch", "letsdance branch go s.npz --runs 2"),
    ("adopters classic", "letsdance adopters classic bass"), ("search", "letsdance search lone_ranger"),
    ("wind-tunnel", "letsdance wind-tunnel lone_ranger"),
    ("sensitivity", "letsdance sensitivity lone_ranger --factor k=0.5:2")]
HOSTILE = [
    ("query", "letsdance query s 'COPY runs TO x'"), ("compare", "letsdance query s 'SELECT 1'"), ("compare", "rm -rf /"),
    ("compare", "letsdance dashboard"), ("sweep", "letsdance sweep lone_ranger --scheduler tcp://10.0.0.1:8786"),
    ("sweep", "letsdance sweep lone_ranger --scheduler=tcp://10.0.0.1:8786"), ("sweep", "letsdance sweep --resume"),
    ("compare", "letsdance compare lone_ranger --out /etc --overwrite"), ("compare", "letsdance compare --nonsense 3"),
    ("adopters data", "letsdance adopters data f.csv --save /etc/passwd"), ("compare", "letsdance compare 'unclosed"),
    ("branch", "letsdance branch save lone_ranger --at 3"), ("branch", "letsdance branch"), ("", "letsdance compare"),
    ("compare", ""), ("compare", "letsdance compare --runs x"), ("nothing", "letsdance compare lone_ranger"),
    ("compare", "letsdance compare --help"), ("map", "letsdance map nowhere --out x"),
    ("compare", "python -c 'import os' compare"),
    ("search", "letsdance search lone_ranger --aim points --keep /tmp/any"),
    ("search", "letsdance search lone_ranger --aim points --keep=/tmp/any")]
#: Options of commands that are given again and name a file or folder, by what is done with it: read, never written.
READ = {"--municipalities", "--edges", "--population", "--prior", "--from", "--list", "--covariates", "--design", "--seen"}


def all_commands(group=None, path=()):
    found = grammar() if group is None else group
    for name, one in found.commands.items():
        if hasattr(one, "commands"):
            yield from all_commands(one, (*path, name))
        else:
            yield " ".join((*path, name)), one


@pytest.mark.parametrize(("kind", "command"), HONEST)
def test_what_letsdance_records_is_given_again(kind, command):
    option = "--report" if kind == "forecast" else "--out"
    words = _recorded(kind, command, option)
    assert words[:1] == _AGAIN[kind].split()[:1]


@pytest.mark.parametrize(("kind", "command"), HOSTILE)
def test_nothing_else_is_given_again(kind, command):
    with pytest.raises(Refused, match="is not given again") as refused:
        _recorded(kind, command, "--out")
    assert "\n" not in str(refused.value)


def test_every_option_that_names_a_file_is_known_to_be_read():
    """A new option that writes a file must not be given again: here it is met."""
    known = {}
    for name, one in all_commands():
        if name in _AGAIN.values() or name.startswith("map "):
            hints = get_type_hints(inspect.unwrap(one.callback), include_extras=False)
            known[name] = {option for parameter in one.params if "Path" in str(hints.get(parameter.name))
                           for option in parameter.opts if option.startswith("--")}
    assert {"--municipalities", "--out"} <= known["compare"]
    for name, options in known.items():
        never = _NEVER - _NAMES_NO_FILE.get(name, set())
        assert options <= READ | never, (name, options - READ - never)
    assert all("--keep" in known[name] for name in ("search", "compare", "map basins", "adopters calibrate"))


def test_another_option_cannot_name_the_folder():
    with pytest.raises(Refused, match="is not given again"):
        _recorded("compare", "letsdance compare lone_ranger", "--scheduler")


@pytest.fixture
def made(tmp_path):
    from letsdance.simulation import simulate

    return folder.write(tmp_path / "r", {"lone_ranger": simulate("lone_ranger", runs=1, quarters=8)}, "letsdance run")


def test_a_table_that_may_not_be_read_is_not_damaged(made, monkeypatch):
    assert folder.verify(made) == []

    def forbidden(path, *_, **__):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(pd, "read_parquet", forbidden)
    with pytest.raises(Refused, match="Permission denied; whether it is whole is not known"):
        folder.verify(made)


def test_what_nobody_checks_is_named(made):
    """Of another version, also the entries that this one does not say; the command of a run, for it is not given again."""
    said = json.loads((made / "manifest.json").read_text(encoding="utf-8"))
    assert folder.verify(made).unchecked == ("version", "command", "git", "versions")
    (made / "manifest.json").write_text(json.dumps({**said, "command": "letsdance other", "praise": 10}), encoding="utf-8")
    assert folder.verify(made) == ["manifest.json: praise is not what comes out now."]
    (made / "manifest.json").write_text(json.dumps({**said, "version": "0.0.1", "praise": 10}), encoding="utf-8")
    found = folder.verify(made)
    assert found == []
    assert set(found.unchecked) == {"version", "command", "git", "versions", "praise"}


@pytest.mark.parametrize("name", ["report.html", "society.parquet"])
def test_what_is_no_file_is_not_waited_for(made, name):
    """A pipe that nobody writes into, a device without an end."""
    (made / "report.html").write_text("x", encoding="utf-8")
    said = json.loads((made / "manifest.json").read_text(encoding="utf-8"))
    said["files"]["report.html"] = folder.hash_of(made / "report.html")
    (made / "manifest.json").write_text(json.dumps(said), encoding="utf-8")
    assert folder.verify(made) == []
    (made / name).unlink()
    os.mkfifo(made / name)
    assert any(line.startswith(f"{name}: ") for line in folder.verify(made))
    (made / name).unlink()
    (made / name).symlink_to("/dev/zero")
    assert any(line.startswith(f"{name}: ") for line in folder.verify(made))


LARGE = {
    "rows": {"x": np.zeros(300_000)},
    "one long text": {"x": ["x" * 10_000] * 300},
    "lists": {"x": [[1.0] * 1_000] * 300},
}


@pytest.mark.parametrize("name", LARGE)
def test_a_table_is_refused_by_what_it_would_unpack_to(made, name, monkeypatch):
    monkeypatch.setattr(files, "memory", lambda: 3_000_000)
    assert folder.verify(made) == []
    pd.DataFrame(LARGE[name]).to_parquet(made / "society.parquet", index=False)
    assert (made / "society.parquet").stat().st_size < 30_000
    with pytest.raises(Refused, match=r"would unpack to more than half of this machine's memory \(0.0 GB\); it is not"):
        folder.verify(made)
    if name == "rows":
        monkeypatch.undo()
        assert any("society.parquet: the file was changed" in line for line in folder.verify(made))


@pytest.mark.parametrize("key", ["version", "scenarios", "seeds", "tables", "municipalities", "versions", "git", "kind",
                                 "command"])
def test_a_manifest_whose_values_are_others_is_refused(made, key):
    said = json.loads((made / "manifest.json").read_text(encoding="utf-8"))
    for value in (10**40, -1, 1.5, [1], {"a": 1}, {"../x": "1"} if key == "tables" else True):
        (made / "manifest.json").write_text(json.dumps({**said, key: value}), encoding="utf-8")
        with pytest.raises(Refused) as refused:
            folder.verify(made)
        assert "\n" not in str(refused.value)
