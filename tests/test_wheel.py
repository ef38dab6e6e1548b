"""A wheel puts one name into site-packages, and works beside other people's `params` and `report`; so does the copy here.

The environment is new and empty but for the wheel, two foreign modules of everyday names, and a path to the
dependencies that are installed here already.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tomllib
import urllib.request
import venv
import zipfile
from pathlib import Path

import pytest
from browser import Server, free_port

ROOT = Path(__file__).parents[1]
FOLDERS = {place.parent.name for place in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks", "docs"}
FOREIGN = "raise SystemExit('a foreign module was taken for ours')\n"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    place = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place)], cwd=ROOT, check=True,
                   capture_output=True)
    return next(place.glob("*.whl"))


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory):
    """The interpreter of a new environment with the wheel in it."""
    place = tmp_path_factory.mktemp("environment")
    venv.create(place, with_pip=False)
    known = {"base": str(place), "platbase": str(place)}
    packages = Path(sysconfig.get_path("purelib", "venv", vars=known))
    with zipfile.ZipFile(wheel) as file:  # it is pure Python: to unpack it is to install it
        file.extractall(packages)
    here = Path(sysconfig.get_path("purelib"))
    (packages / "dependencies.pth").write_text(f"{here}\n", encoding="utf-8")  # read as a path: its own .pth files are not
    for folder in ("share", "etc"):  # what widgets bring for the browser
        (place / folder).symlink_to(Path(sys.prefix) / folder, target_is_directory=True)
    for name in ("params", "report"):
        (packages / f"{name}.py").write_text(FOREIGN, encoding="utf-8")
    return Path(sysconfig.get_path("scripts", "venv", vars=known)) / Path(sys.executable).name


def run(python, place, *words, **more):
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run([python, *words], cwd=place, capture_output=True, text=True, timeout=300, env=environment | more)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_one_name_is_installed_and_every_folder_of_the_house_is_in_it(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"letsdance"}
    inside = {name.split("/")[1] for name in names if name.startswith("letsdance/") and name.count("/") > 1}
    assert inside == FOLDERS
    assert "letsdance/py.typed" in names
    assert "letsdance/__init__.pyi" in names


def test_a_wheel_holds_every_file_that_is_kept_here(wheel):
    kept = subprocess.run(["git", "ls-files", *FOLDERS, "src/letsdance"], cwd=ROOT, capture_output=True, text=True)
    if kept.returncode or not kept.stdout:
        pytest.skip("this is no clone")
    there = set(zipfile.ZipFile(wheel).namelist())
    wanted = {file if file.startswith("letsdance/") else f"letsdance/{file}" for file in
              (line.removeprefix("src/") for line in kept.stdout.splitlines())}
    assert not {file for file in wanted if not file.endswith((".gitkeep",))} - there


def test_from_a_wheel_the_model_runs_beside_foreign_params_and_report(python, tmp_path):
    (tmp_path / "params.py").write_text(FOREIGN, encoding="utf-8")
    (tmp_path / "study.py").write_text(
        "import letsdance as ld, letsdance.params, letsdance.report\n"
        "result = ld.simulate('lone_ranger', runs=1, quarters=8, parameters={'municipalities': 3, 'citizens': 10})\n"
        "print(ld.__file__, result.runs)\n", encoding="utf-8")
    said = run(python, tmp_path, "study.py")
    assert str(ROOT) not in said
    assert said.endswith(" 1\n")


def test_from_a_wheel_the_command_runs_and_checks(python, tmp_path):
    small = ["--set", "municipalities=3", "--set", "citizens=10", "--quarters", "8", "--runs", "1"]
    run(python, tmp_path, "-m", "letsdance", "run", *small, "--out", "out")
    assert (tmp_path / "out" / "report.html").exists()
    said = run(python, tmp_path, "-m", "letsdance", "check", "--only", "F3", "--runs", "2", "--json", NUMBA_DISABLE_JIT="0")
    assert '"F3"' in said


def test_from_a_wheel_the_dashboard_shows_its_first_page(python, tmp_path):
    server = Server(["-m", "letsdance", "dashboard", "--port", str(port := free_port()), "--no-browser"], port,
                    tmp_path / "log", python=str(python), cwd=tmp_path)
    try:
        server.wait()
        for path in ("/", "/static/assets/Inter-Regular.woff"):
            with urllib.request.urlopen(f"{server.url}{path}", timeout=60) as answer:
                assert len(answer.read()) > 1000
    finally:
        server.stop()


def test_here_the_name_leads_to_the_folders_of_the_house():
    """As in a wheel: `letsdance` is what is on the path, everyday names are not, and links or `__path__` lead home."""
    code = ("import importlib.util, sys\n"
            f"for name in {sorted(FOLDERS)!r}:\n"
            "    assert importlib.util.find_spec(f'letsdance.{name}'), name\n"
            "    assert not importlib.util.find_spec(name), name\n")
    subprocess.run([sys.executable, "-P", "-c", code], check=True, cwd=ROOT.parent)


def test_without_links_the_folders_are_found_where_they_stand(tmp_path):
    """As where an editable install's links are missing, or cannot be made."""
    (tmp_path / "src").mkdir()
    for name in ("params", "words", "scenarios"):
        (tmp_path / name).symlink_to(ROOT / name, target_is_directory=True)
    inside = tmp_path / "src" / "letsdance"
    inside.mkdir()
    for name in ("__init__.py", "__init__.pyi"):
        (inside / name).write_bytes((ROOT / "src" / "letsdance" / name).read_bytes())
    code = f"import sys; sys.path.insert(0, {str(tmp_path / 'src')!r}); import letsdance.params as p; print(p.__file__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.strip() == str(tmp_path / "params" / "__init__.py")


def test_one_list_says_what_is_in_the_wheel():
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    said = build["targets"]["wheel"]
    assert {name: f"letsdance/{name}" for name in FOLDERS} | {"src/letsdance": "letsdance"} == said["sources"]
    assert set(said["only-include"]) == set(said["sources"])
