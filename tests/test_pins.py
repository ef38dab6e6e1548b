"""What is installed is told: constraints.txt, pyproject.toml and the SBOM agree with each other and with what is needed."""

from __future__ import annotations

import json
import os
import re
import tomllib
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from letsdance.experiments import executors
from letsdance.params import Refused

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LINES = [line for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
PINS = {canonicalize_name(Requirement(line).name): next(iter(Requirement(line).specifier)).version for line in LINES}
SBOM = json.loads((ROOT / "sbom.cdx.json").read_text(encoding="utf-8"))
#: Where the SBOM was made.
MADE_ON = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "python_version": "3.13",
           "python_full_version": "3.13.0"}
AGAIN = "run `.ci/pin`"


def shipped() -> list[str]:
    """What pyproject.toml asks for on behalf of a user, extras included."""
    project = PROJECT["project"]
    return [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]


def own() -> list[str]:
    return [one for one in PROJECT["dependency-groups"]["dev"] if not one.startswith("letsdance")]


def everything(asked: list[str], **platform: str) -> dict[str, list[Requirement]]:
    """Name -> who asks for it and how, with all that these need in their turn, by the metadata of what is installed."""
    found: dict[str, list[Requirement]] = {}
    todo, done = [(Requirement(one), "") for one in asked], set()
    while todo:
        need, extra = todo.pop()
        if need.marker and not need.marker.evaluate(platform | {"extra": extra}):
            continue
        name = canonicalize_name(need.name)
        found.setdefault(name, []).append(need)
        for wanted in ("", *need.extras):
            if (name, wanted) not in done:
                done.add((name, wanted))
                todo += [(Requirement(one), wanted) for one in requires(name) or []]
    return found


def test_a_pin_is_a_name_and_a_version_and_no_address():
    assert len(PINS) == len(LINES)
    for line in LINES:
        assert re.fullmatch(r"[a-z0-9.-]+==[\w.!+]+( ; .+)?", line), line
    for name in ("constraints.txt", "sbom.cdx.json"):
        assert not re.search(r"https?://(?!cyclonedx\.org/schema)|file:|/work|/root|/home", (ROOT / name).read_text()), name


def test_uv_obeys_the_same_pins():
    assert PROJECT["tool"]["uv"]["constraint-dependencies"] == LINES, AGAIN


@pytest.mark.parametrize("one", [*shipped(), *own()])
def test_a_range_has_two_ends_and_admits_the_tested_version(one):
    asked = Requirement(one)
    assert {part.operator for part in asked.specifier} in ({">=", "<"}, {"=="})
    assert asked.specifier.contains(PINS[canonicalize_name(asked.name)]), AGAIN


def test_all_that_is_needed_is_pinned_as_those_who_need_it_admit():
    needed = everything([*shipped(), *own()])
    assert len(needed) > 100
    assert not needed.keys() - PINS.keys(), AGAIN
    refused = [str(asked) for name, who in needed.items() for asked in who
               if not asked.specifier.contains(PINS[name], prereleases=True)]
    assert not refused


@pytest.mark.skipif(os.environ.get("LETSDANCE_PINNED") != "required", reason="only CI says that it installed the pins")
def test_the_pinned_versions_are_those_that_are_tested():
    installed = {}
    for name in everything([*shipped(), *own()]):
        try:
            installed[name] = version(name)
        except PackageNotFoundError:
            continue
    assert installed == {name: PINS[name] for name in installed}


def test_the_sbom_names_what_a_user_gets_and_no_more():
    assert (SBOM["bomFormat"], SBOM["specVersion"]) == ("CycloneDX", "1.6")
    assert SBOM["metadata"]["component"]["name"] == PROJECT["project"]["name"]
    assert SBOM["metadata"]["component"]["version"] == PROJECT["project"]["version"]
    told = {canonicalize_name(one["name"]): one["version"] for one in SBOM["components"]}
    assert len(told) == len(SBOM["components"])
    assert told == {name: PINS[name] for name in everything(shipped(), **MADE_ON)}, AGAIN
    assert all(one["purl"] == f"pkg:pypi/{canonicalize_name(one['name'])}@{one['version']}" for one in SBOM["components"])


def test_the_sbom_tells_licences_and_who_needs_whom():
    for one in SBOM["components"]:  # some declare none
        own = metadata(one["name"])
        declared = own.get("License-Expression") or own.get("License") or "License ::" in str(own.get_all("Classifier"))
        assert one.get("licenses") or not declared, one["name"]
    graph = {one["ref"]: one.get("dependsOn", []) for one in SBOM["dependencies"]}
    ref = {canonicalize_name(one["name"]): one["bom-ref"] for one in SBOM["components"]}
    assert ref["numpy"] in graph[ref["numba"]]
    assert set(graph[SBOM["metadata"]["component"]["bom-ref"]]) == {
        ref[canonicalize_name(Requirement(one).name)] for one in shipped()}


def test_dask_is_an_extra_and_its_lack_is_said_in_a_sentence(monkeypatch):
    assert "distributed" not in everything(PROJECT["project"]["dependencies"])
    monkeypatch.setattr(executors, "find_spec", lambda name: None)
    with pytest.raises(Refused, match=r"distributed.*letsdance\[dask\]"):
        executors.Dask("tcp://127.0.0.1:1")
