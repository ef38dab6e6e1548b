"""Each recipe of CONTRIBUTING.md is carried out on a copy of the house, to the letter."""

from __future__ import annotations

import math
import os
import re
import shlex
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from browser import Server, free_port

from letsdance.params import PARAMETERS

ROOT = Path(__file__).parents[1]
FOLDERS = [place.parent.name for place in ROOT.glob("*/__init__.py")]
PARTS = re.split(r"^## ", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
BLOCK = re.compile(r"^```(\w+) ?(\S*) ?(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class House:
    """A copy of the house in which a recipe is carried out."""

    def __init__(self, place: Path, recipe: str) -> None:
        self.place = place
        for name in FOLDERS:
            shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__", "*_cache"))
        inside = place / "src" / "letsdance"
        inside.mkdir(parents=True)
        for file in (ROOT / "src" / "letsdance").glob("*.py*"):
            shutil.copy(file, inside / file.name)
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")} | {
            "PYTHONPATH": str(place / "src")}
        text = next(part for part in PARTS if part.startswith(f"{recipe}\n"))
        self.commands = []
        for kind, name, table, said in BLOCK.findall(text):
            if kind == "sh":
                self.commands += said.splitlines()
            else:
                self.change(kind, place / name, table, said)

    def change(self, kind: str, file: Path, table: str, said: str) -> None:
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        if kind == "diff":
            old, new = (said_line[1:] for said_line in said.splitlines())
            assert before.count(f"{old}\n") == 1, f"{file.name} has no line {old}"
            after = before.replace(f"{old}\n", f"{new}\n")
        elif table:
            assert before.count(f"\n{table}\n") == 1, f"{file.name} has no table {table}"
            after = before.replace(f"\n{table}\n", f"\n{table}\n{said}")
        else:
            after = f"{before}\n{said}" if before else said
        file.write_text(after, encoding="utf-8", newline="\n")

    def run(self, *words: str) -> str:
        done = subprocess.run([sys.executable, *words], cwd=self.place, env=self.environment | {"NUMBA_DISABLE_JIT": "1"},
                              capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def carried_out(self) -> list[str]:
        """What each command says."""
        return [self.run("-m", "letsdance", *shlex.split(command)[1:]) for command in self.commands]


def test_a_lever_is_one_table(tmp_path):
    house = House(tmp_path, "A lever")
    listed, ran, _ = house.carried_out()
    assert "tea with the neighbours" in listed
    assert "Lone Ranger" in ran
    assert "TEA@4+8*0.5" in (tmp_path / "tea" / "report.html").read_text(encoding="utf-8")
    # at half its strength 1 / (1 + e^(-l/2)) of the lever's effect of .05, while it acts and no longer
    half = 1 / (1 + math.exp(-PARAMETERS["saturation"].default / 2))
    code = ("import letsdance as ld; print(ld.simulate('lone_ranger', runs=1, quarters=12, levers=['TEA@4+8*0.5'], "
            "parameters={'municipalities': 3, 'citizens': 20}).environment['x0'].round(3).tolist(), "
            "ld.PARAMETERS['x0'].default, sep='\\n')")
    said, before = map(eval, house.run("-c", code).splitlines())
    assert said == pytest.approx([before] * 4 + [round(before + 0.05 * half, 3)] * 8 + [before])
    assert (tmp_path / "swept" / "report.html").exists()


def test_a_page_is_one_file_a_name_and_its_texts(tmp_path):
    house = House(tmp_path, "A page")
    (tmp_path / "log").touch()
    port = free_port()
    server = Server(["-m", "letsdance", "dashboard", "--port", str(port), "--no-browser"], port, tmp_path / "log",
                    cwd=tmp_path, environment=house.environment)
    try:
        server.wait()
        with urllib.request.urlopen(f"{server.url}/trust", timeout=60) as answer:
            assert answer.status == 200
    finally:
        server.stop()
    # what compiles in the background is not waited for
    code = ("import os; from letsdance.dashboards import app; from letsdance.words import Text; "
            "assert 'trust' in app.present(); assert app.component('trust') is not None; "
            "print(Text()('page.trust'), Text('nl')('page.trust'), flush=True); os._exit(0)")
    assert house.run("-c", code).split() == ["Trust", "Trust"]  # Dutch falls back to English


def test_a_language_is_one_file(tmp_path):
    house = House(tmp_path, "A language")
    (listed,) = house.carried_out()
    assert "fy" in listed
    code = ("from letsdance.words import Text, languages; t = Text('fy'); assert 'fy' in languages(); "
            "print(t.name, t('page.futures'), t('page.town'), t.title('lever', 'FRCS'), t.number(1234.5, 1))")
    assert house.run("-c", code).strip() == "Frysk Takomsten Town frije amtners 1.234,5"


def test_a_mechanism_has_its_page():
    assert (ROOT / "docs" / "your_own_mechanism.md").exists()  # which tests/test_mechanism.py carries out
