"""`verify` of a folder from a stranger: only commands that leave such a folder are given again."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from letsdance.commands.main import _AGAIN, _recorded
from letsdance.experiments import folder
from letsdance.params import Refused

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
    ("compare", "python -c 'import os' compare")]


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


@pytest.mark.parametrize("key", ["version", "scenarios", "seeds", "tables", "municipalities", "versions", "git", "kind",
                                 "command"])
def test_a_manifest_whose_values_are_others_is_refused(made, key):
    said = json.loads((made / "manifest.json").read_text(encoding="utf-8"))
    for value in (10**40, -1, 1.5, [1], {"a": 1}, {"../x": "1"} if key == "tables" else True):
        (made / "manifest.json").write_text(json.dumps({**said, key: value}), encoding="utf-8")
        with pytest.raises(Refused) as refused:
            folder.verify(made)
        assert "\n" not in str(refused.value)
