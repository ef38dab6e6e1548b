"""A release by one command, a citation and a container that name what is here."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
CHANGES = ("# Changelog\n\n## 1.0 (unreleased)\n\n- Something\n  in two lines.\n- **Breaking**: a name.\n\n"
           "## 0.1.0\n\n- First.\n")


def test_the_citation_names_this_version():
    said = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {VERSION}\n" in said
    assert "\nlicense: Apache-2.0\n" in said


@pytest.fixture
def copy(tmp_path):
    """A repository with what a release touches."""
    (tmp_path / ".ci").mkdir()
    for name in (".ci/release", "pyproject.toml", "CITATION.cff"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "CHANGELOG.md").write_text(CHANGES, encoding="utf-8")
    for words in (["init", "-q", "-b", "main"], ["config", "user.name", "x"], ["config", "user.email", "x@example.org"],
                  ["add", "-A"], ["commit", "-q", "-m", "begin"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    return tmp_path


def release(place, version):
    return subprocess.run([sys.executable, ".ci/release", version], cwd=place, capture_output=True, text=True)


def git(place, *words):
    return subprocess.run(["git", *words], cwd=place, check=True, capture_output=True, text=True).stdout


def test_a_release_is_a_commit_a_tag_and_its_notes_with_what_breaks_first(copy):
    done = release(copy, "1.0.0")
    assert done.returncode == 0, done.stderr
    assert git(copy, "status", "--porcelain") == ""
    assert git(copy, "tag").split() == ["v1.0.0"]
    notes = git(copy, "tag", "--list", "--format=%(contents)", "v1.0.0")
    assert notes.index("**Breaking**: a name.") < notes.index("Something\n  in two lines.")
    assert "First." not in notes
    assert tomllib.loads((copy / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"] == "1.0.0"
    assert "\nversion: 1.0.0\n" in (copy / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r"^## 1\.0\.0 \(\d{4}-\d\d-\d\d\)$", (copy / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize(("version", "before", "said"), [
    ("1.0", None, "three numbers"), ("2.0.0", None, "no heading '## 2.0 (unreleased)'"),
    ("1.0.0", lambda place: (place / "CITATION.cff").write_text("x"), "not committed"),
    ("1.0.0", lambda place: git(place, "tag", "v1.0.0"), "a tag v1.0.0 already")])
def test_a_release_that_cannot_be_changes_nothing(copy, version, before, said):
    if before:
        before(copy)
    whole = git(copy, "log", "--format=%H"), git(copy, "diff"), git(copy, "tag")
    done = release(copy, version)
    assert done.returncode == 1
    assert said in done.stderr
    assert (git(copy, "log", "--format=%H"), git(copy, "diff"), git(copy, "tag")) == whole


def instructions():
    text = re.sub(r"\\\n", " ", (ROOT / "Containerfile").read_text(encoding="utf-8"))
    return [line.split(maxsplit=1) for line in text.splitlines() if line and not line.startswith("#")]


def test_the_container_is_built_from_what_is_here_and_does_not_run_as_root():
    said = instructions()
    assert said[0][0] == "FROM"
    minor = re.search(r"python:3\.(\d+)", said[0][1])[1]
    assert (ROOT / ".python-version").read_text().strip() == f"3.{minor}"
    order = [word for word, _ in said]
    assert order.index("USER") < order.index("ENTRYPOINT")
    assert dict(said)["USER"] != "root"
    assert dict(said)["ENTRYPOINT"] == '["letsdance"]'
    left_out = (ROOT / ".dockerignore").read_text().split()
    assert {".git", ".venv"} <= set(left_out)
    assert not {"src", "constraints.txt", "pyproject.toml", "hatch_build.py", "README.md", "LICENSE"} & set(left_out)


def builder():
    """docker or podman, where one is here and at work."""
    tools = [tool for name in ("docker", "podman") if (tool := shutil.which(name))]
    return next((tool for tool in tools if subprocess.run([tool, "info"], capture_output=True).returncode == 0), None)


def test_the_container_runs():
    tool = builder()
    if tool is None:
        pytest.skip("no docker and no podman at work here")
    subprocess.run([tool, "build", "-q", "-t", "letsdance-test", "-f", "Containerfile", "."], cwd=ROOT, check=True)
    said = subprocess.run([tool, "run", "--rm", "letsdance-test", "run", "wasteland", "--runs", "1", "--json"], check=True,
                          capture_output=True, text=True).stdout
    assert '"wasteland"' in said
