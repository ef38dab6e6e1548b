"""Every command that prints and writes, where the screen takes nothing: its folder is whole. And `verify` of all folders.

Each command runs twice, once into a full disk, once (--json) into a pipe that nobody reads. Both must end in one
sentence, and the two folders must be the same; then one is tampered with in every way, and each is named.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from letsdance.commands.main import grammar
from letsdance.experiments import folder, manifests
from letsdance.params import Refused

COUNTS = "t,cum\n1,2\n2,4\n3,9\n4,15\n5,22\n6,30\n"
HISTORY = "task_id,t,new,population\n" + "".join(
    f"{one},{t},{new},60\n" for one in "abcde" for t, new in enumerate((1, 2, 4, 7, 9, 9, 7, 5, 3, 2), ord(one) % 3))
TIMES = "node,time\n" + "".join(f"N{k},{2001 + k % 7 if k < 20 else ''}\n" for k in range(24))
WHO = "cascade,unit,time\n" + "".join(
    f"{c},U{u},{2000 + 3 * c + (7 * u + c) % 9 if u + c < 10 else ''}\n" for c in range(4) for u in range(10))
SEEN = "quarter,signal,value,n\n2,support,0.6,200\n"
FILES = {"seen.csv": SEEN, "counts.csv": COUNTS, "history.csv": HISTORY, "times.csv": TIMES, "who.csv": WHO}
SMALL = "--set municipalities=6 --set citizens=12"
#: Every command with what it takes to run it quickly; {place} is the folder of the first round, where inputs lie.
COMMANDS = {
    "run": f"run lone_ranger --runs 2 --quarters 8 {SMALL} --out run",
    "compare": f"compare lone_ranger --policy LEAD@4 --runs 2 --quarters 8 {SMALL} --out compare",
    "wind-tunnel": "wind-tunnel LEAD@4 --start lone_ranger --only austerity --at 4 --runs 2 --quarters 8 --out wind-tunnel",
    "search": f"search lone_ranger --levers LEAD --most 1 --starts 1 --durations end --strengths 1 --runs 4 --quarters 8 "
              f"--fresh-runs 20 --no-robust {SMALL} --out search",
    "pathways": f"pathways lone_ranger --policy 'a: LEAD@2' --policy 'b: OUT+20 if support@4 < 0.9' --runs 2 --quarters 8 "
                f"{SMALL} --out pathways",
    "follow": "follow lone_ranger {place}/seen.csv --worlds 6 --within 10% --moves 1 --quarters 8 --set municipalities=6 "
              "--set citizens=12 --out follow",
    "sweep": f"sweep lone_ranger --factor k=0.5:1 --points 2 --replicates 1 --quarters 8 {SMALL} --executor threads "
             f"--out sweep",
    "sensitivity": f"sensitivity lone_ranger --factor k=0.5:1 --factor C0=.2:.8 --size 2 --replicates 2 --quarters 8 "
                   f"{SMALL} --executor threads --out sensitivity",
    "discover": f"discover lone_ranger --factor C0=.2:.8 --points 40 --replicates 1 --quarters 8 {SMALL} "
                f"--executor threads --out discover",
    "map basins": f"map lone_ranger --grid 2 --runs 1 --quarters 8 --stay-runs 2 --stay-quarters 8 {SMALL} --out basins",
    "map residence": f"map residence lone_ranger --runs 2 --quarters 8 {SMALL} --out residence",
    "map tipping": f"map tipping lone_ranger --along k=.2:2 --points 2 --runs 2 --quarters 8 {SMALL} --out tipping",
    "map hysteresis": f"map hysteresis lone_ranger --quarters 16 --settle 8 --wait 16 --runs 2 {SMALL} --out hysteresis",
    "map warning": f"map warning lets_dance --quarters 60 --settle 20 --runs 20 {SMALL} --out warning",
    "branch save": f"branch save lone_ranger --at 2 --quarters 12 {SMALL} --out state.npz",
    "branch go": "branch go {place}/state.npz --policy LEAD@4 --runs 2 --out branch",
    "adopters describe": "adopters describe {place}/times.csv --out describe",
    "adopters classic": "adopters classic watts --runs 2 --out classic",
    "adopters data": "adopters data {place}/counts.csv --out data",
    "adopters calibrate": "adopters calibrate {place}/counts.csv --population 40 --particles 50 --most 150 --out calibrate",
    "adopters speed": "adopters speed lone_ranger --policy MANDATE@4 --runs 2 --quarters 16 --out speed",
    "adopters learn": "adopters learn {place}/history.csv --out prior.json",
    "adopters forecast": "adopters forecast {place}/history.csv --samples 20 --report forecast",
    "adopters backtest": "adopters backtest {place}/history.csv --stage .34 --samples 20 --out backtest",
    "adopters who": "adopters who {place}/who.csv --out who",
    "adopters fit": "adopters fit {place}/history.csv --curve bass --method ls",
    "query": "query {place}/sweep",
    "gather": "gather {place}/sweep",
    "explain": "explain {place}/run",
    "verify": "verify {place}/run",
    "check": "check --only F1 --runs 2",
    "show": "show indicators",
    "lesson": "lesson",
}
#: Given once before all others, so that what they load and compile is loaded and compiled once.
WARM = [COMMANDS[name].partition(" --out")[0] for name in ("compare", "sensitivity", "adopters classic")]
#: Commands without an end; their pages are tested where the servers are.
ENDLESS = {"dashboard", "workshop"}
WRITES = [name for name, line in COMMANDS.items() if " --out " in line or " --report " in line]
FOLDERS = [name for name in WRITES if not COMMANDS[name].endswith((".json", ".npz"))]


def target(name):
    """What a command writes."""
    return COMMANDS[name].split()[-1]


def all_commands(group=None, path=()):
    found = grammar() if group is None else group
    for name, one in found.commands.items():
        if hasattr(one, "commands"):
            yield from all_commands(one, (*path, name))
        else:
            yield " ".join((*path, name))


def test_every_command_is_here():
    assert set(all_commands()) == set(COMMANDS) | ENDLESS


@pytest.fixture(scope="module")
def forks(tmp_path_factory):
    """`forks(words, folder, stdout)`: a command in a fork of a warm process."""
    program = Path(__file__).with_name("commands_in_forks.py")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "COLUMNS": "200"}
    with subprocess.Popen([sys.executable, str(program), *WARM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          env=environment) as process:
        assert process.stdout.readline() == "ready\n"

        def given(words, where, stdout="file"):
            process.stdin.write(json.dumps({"words": words, "folder": str(where), "stdout": stdout}) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield given
        process.stdin.close()


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Two folders, for the two rounds, with the files that commands read."""
    made = {}
    for name in ("full", "closed"):
        made[name] = tmp_path_factory.mktemp(name)
        for file, text in FILES.items():
            (made[name] / file).write_text(text)
    return made


@pytest.fixture(scope="module")
def rounds(forks, places):
    """`rounds(name)`: how a command ended in both rounds; each runs once."""
    known = {}

    def rounds(name):
        if name not in known:
            words = COMMANDS[name].format(place=places["full"])
            known[name] = {how: forks([*shlex.split(words), *more], places[how], how)
                           for how, more in (("full", ()), ("closed", ("--json",)))}
        return known[name]

    return rounds


@pytest.mark.parametrize("name", COMMANDS)
def test_a_screen_that_takes_nothing_loses_nothing(rounds, places, name):
    for needed in ("sweep", "run", "branch save"):
        if name in ("query", "gather", "explain", "verify", "branch go"):
            rounds(needed)
    for how, ended in rounds(name).items():
        assert ended["code"] == 2, ended
        assert "Traceback" not in ended["err"]
        assert "Exception" not in ended["err"]
        last = ended["err"].strip().splitlines()[-1]
        assert last.startswith("letsdance: what was to be shown cannot be written to standard output ("), ended
        assert ended["err"].count("letsdance: what") == 1
        if name in WRITES:
            made = places[how] / target(name)
            assert made.exists(), "its folder is lost"
            if made.is_dir():
                assert (made / "report.html").stat().st_size > 1_000
                assert manifests.read(made)["version"]
            else:
                assert made.stat().st_size > 100
        assert not [path.name for path in places[how].iterdir() if path.name.startswith(".")], "half a folder is left"


# ---------------------------------------------------------------- verify

def held_against(places, name, where):
    """What `verify` says of a folder, held against the one that the other round made."""
    if name == "run":
        return folder.verify(where)
    return folder.verify(where, rerun=lambda command: places["closed"] / target(name))


@pytest.fixture
def tampered(rounds, places, tmp_path):
    """`tampered(name)`: a copy of what a command wrote."""
    def tampered(name):
        for needed in ("branch save",) if name == "branch go" else ():
            rounds(needed)
        rounds(name)
        return shutil.copytree(places["full"] / target(name), tmp_path / "copy")

    return tampered


@pytest.mark.parametrize("name", FOLDERS)
def test_what_a_command_wrote_is_verified_and_each_change_is_named(tampered, places, name):
    made = tampered(name)
    assert held_against(places, name, made) == []

    whole = {path: path.read_bytes() for path in made.rglob("*") if path.is_file()}

    def named(*words):
        """That the change is told of by the name of what was changed; then it is taken back."""
        try:
            said = held_against(places, name, made)
        except Refused as refused:
            said = [str(refused)]
        assert any(one in line for line in said for one in words), (words, said)
        for path in [path for path in made.rglob("*") if path.is_file() and path not in whole]:
            path.unlink()
        for path, content in whole.items():
            path.write_bytes(content)

    tables = sorted(path for path in whole if path.suffix == ".parquet")
    assert tables
    for path in tables:
        frame = pd.read_parquet(path)
        numeric = [column for column in frame if frame[column].dtype.kind in "fiu" and frame[column].notna().any()]
        if len(frame) and numeric:
            column = numeric[-1]
            at = int(np.flatnonzero(frame[column].notna())[0])
            changed = frame[column].to_numpy().copy()
            changed[at] = changed[at] + 1
            frame.assign(**{column: changed}).to_parquet(path, index=False)
            named(path.name)
        path.write_bytes(whole[path][:-9])
        named(path.name)
        path.unlink()
        named(path.name)
    shutil.copy(tables[0], made / "more.parquet")
    named("more.parquet")
    (made / "more.csv").write_text("a\n1\n")
    named("more.csv")
    page = made / "report.html"
    page.unlink()
    named("report.html")
    if name != "sweep":  # whose page is drawn anew when it is gone on with
        page.write_bytes(whole[page].replace(b"</h1>", b"!</h1>", 1))
        named("report.html")
        figures = sorted(path for path in whole if path.suffix == ".svg")
        for path in figures[:1]:
            path.write_bytes(whole[path] + b" ")
            named(path.name)

    said = json.loads(whole[made / "manifest.json"])
    checked = held_against(places, name, made)
    assert set(checked.unchecked) == {"version", "versions", "git", *(["command"] if name == "run" else [])}
    assert set(checked.as_written) == set(said.get("files", ()))
    # of what else is said each change is named; a command is run again, which tests/test_verify_strangers.py tries
    free = {*checked.unchecked, "command", "files"}
    for entry, value in said.items():
        other = {"one": "1"} if isinstance(value, dict) else [*value, "more"] if isinstance(value, list) else \
            value + 1 if isinstance(value, int) and not isinstance(value, bool) else f"{value}x"
        if entry not in free:
            (made / "manifest.json").write_text(json.dumps({**said, entry: other}))
            named("manifest.json", entry, *([""] if entry in ("kind", "format", "tables") else []))


def test_the_command_itself_says_what_was_changed(forks, rounds, places):
    """As people type it, with a process of its own that gives the command again."""
    rounds("map residence")
    made = places["full"] / "residence"
    ended = forks(["verify", "residence"], places["full"])
    assert ended["code"] == 0, ended
    assert "Identical" in ended["out"]
    kept = (made / "report.html").read_text()
    (made / "report.html").write_text(kept.replace("</title>", " </title>", 1))
    ended = forks(["verify", "residence", "--json"], places["full"])
    assert ended["code"] == 1
    assert json.loads(ended["out"])["differences"] == ["report.html: the file was changed after it was written."]
    (made / "report.html").write_text(kept)
