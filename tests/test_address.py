"""Sweeps at an address: in an object store as in a folder, to the same bytes. The store is moto's, on this machine."""

from __future__ import annotations

import json
import logging
import os
from pathlib import PosixPath

import fsspec
import pytest
from fsspec.implementations.local import LocalFileSystem
from moto.server import ThreadedMotoServer
from upath import UPath

import letsdance as ld
from letsdance.experiments import sensitivity, store
from letsdance.params import Refused

ASKED = dict(factors=["k=0.5:1.5", "mu=0.02:0.06"], points=60, replicates=4, quarters=8, outcomes=["C@8"])


@pytest.fixture(scope="module", autouse=True)
def bucket():
    """An empty bucket of a local S3; keys and endpoint are told as its library wants them."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    told = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_CONFIG_FILE": os.devnull}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in told.items():
            patch.setenv(name, value)
        fsspec.filesystem("s3").mkdir("bucket")
        yield "s3://bucket"
    server.stop()


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    return ld.sweep("lone_ranger", tmp_path_factory.mktemp("here") / "sweep", **ASKED)


@pytest.fixture(scope="module")
def there(bucket):
    return ld.sweep("lone_ranger", f"{bucket}/sweep", **ASKED)


def parts(found):
    return {file.name: file.read_bytes() for file in (found.folder / "runs").iterdir()}


def test_a_store_holds_what_a_folder_holds_to_the_byte(here, there):
    assert parts(there) == parts(here)
    assert set(parts(there)) == {"part-00000.parquet", "part-00001.parquet", "part-00002.parquet"}
    again = ld.Sweep.open("s3://bucket/sweep")
    assert again.finished
    assert "s3://bucket/sweep" in repr(again)
    assert again.runs.equals(here.runs)
    assert again.summary().equals(here.summary())
    assert again.query("SELECT count(*) AS n FROM runs JOIN points USING (point)")["n"].tolist() == [240]
    asked = f"C@8 >= {here.runs['C@8'].median():.3f}"
    apart = [sensitivity.from_sweep(found, asked, "regional").table for found in (again, here)]
    assert apart[0].equals(apart[1])


def test_what_is_missing_is_made_again_to_the_same_bytes(here, there):
    for name in ("part-00001.parquet", "part-00002.parquet"):
        (there.folder / "runs" / name).unlink()
    assert ld.Sweep.open(there.folder).missing() == [1, 2]
    ld.sweep(None, "s3://bucket/sweep", resume=True)
    assert parts(there) == parts(here)


def test_what_was_changed_there_is_named_and_not_read(bucket):
    found = ld.sweep("lone_ranger", f"{bucket}/changed", **ASKED | {"points": 30})
    file = found.part("runs", 1)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))
    with pytest.raises(Refused, match=r"part 1 of s3://bucket/changed is damaged or changed; take away .*--resume"):
        ld.Sweep.open(found.folder).summary()
    (found.folder / "points.parquet").write_bytes(b"x")
    with pytest.raises(Refused, match="was changed after the sweep was begun"):
        ld.Sweep.open(found.folder).summary()


def test_nothing_there_is_written_over_unasked(bucket, there):
    with pytest.raises(Refused, match="is left alone; add --overwrite"):
        ld.sweep("lone_ranger", there.folder, **ASKED)
    fsspec.filesystem("s3").pipe("bucket/mine/diary.txt", b"dear")
    with pytest.raises(Refused, match="not a folder that letsdance wrote"):
        ld.sweep("lone_ranger", f"{bucket}/mine", overwrite=True, **ASKED)
    assert fsspec.filesystem("s3").cat("bucket/mine/diary.txt") == b"dear"
    first = ld.sweep("lone_ranger", f"{bucket}/twice", **ASKED)
    ld.sweep("lone_ranger", f"{bucket}/twice", overwrite=True, **ASKED | {"points": 25})
    assert len(ld.Sweep.open(first.folder).runs) == 100
    assert set(parts(first)) == {"part-00000.parquet"}


def test_commands_write_ask_and_gather_there(bucket, letsdance, tmp_path):
    asked = ["sweep", "lone_ranger", "--factor", "k=0.5:1.5:3", "--replicates", "40", "--quarters", "8", "--json"]
    for share in ("1 of 2", "2 of 2"):
        code, _, said = letsdance(*asked, "--out", f"{bucket}/shares", "--task", share)
        assert code == 0, said
    code, told, said = letsdance("gather", f"{bucket}/shares", "--json")
    assert json.loads(told)["runs"] == 120, said
    assert fsspec.filesystem("s3").cat("bucket/shares/report.html").lower().startswith(b"<!doctype html>")
    code, told, said = letsdance("query", f"{bucket}/shares", "SELECT count(*) AS n FROM runs", "--json")
    assert json.loads(told) == [{"n": 120}], said
    assert not list(tmp_path.iterdir())  # nothing of it lies here


@pytest.mark.parametrize(("address", "words"), [
    ("s3://nowhere/sweep", "is not a folder that `letsdance sweep` wrote"),
    ("s4://bucket/sweep", "there is no kind of address 's4'"),
    ("gs://bucket/sweep", "gcsfs"),
    ("S3://bucket/nothing", "there is no manifest.json in it"), ("s3://", "names no place"), ("s3:///", "names no place"),
    ("data://x", "data://x cannot be reached: "), ("reference://x", "reference://x cannot be reached: "),
    ("dask://x", "dask://x cannot be reached: ")])
def test_an_address_that_holds_nothing_is_refused_in_a_sentence(address, words):
    with pytest.raises(Refused) as refused:
        ld.Sweep.open(address)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_address_is_a_folder_and_where_folders_are_needed_they_are_made(tmp_path, here):
    found = ld.sweep("lone_ranger", f"file://{tmp_path}/mine", **ASKED)
    assert found.folder == tmp_path / "mine"


class Served(PosixPath):
    """A path on a server with folders, as sftp has them: nothing can be written where there is none."""

    fs = LocalFileSystem()
    path = property(str)


def test_where_folders_are_needed_they_are_made(tmp_path, here):
    found = ld.sweep("lone_ranger", Served(tmp_path / "deep" / "sweep"), **ASKED)
    assert isinstance(found.folder, Served)
    assert parts(found) == parts(here)
    assert found.query("SELECT count(*) AS n FROM runs")["n"].tolist() == [240]


def test_a_store_that_cannot_be_reached_is_said(monkeypatch):
    """Nobody listens at that port."""
    closed = UPath("s3://bucket/sweep", endpoint_url="http://127.0.0.1:9", config_kwargs={
        "retries": {"max_attempts": 0}, "connect_timeout": 2})
    with pytest.raises(Refused, match=r"s3://bucket/sweep.* cannot be reached: "):
        store.Sweep.open(closed)
