"""The table of bad inputs: every one ends in one clear sentence, without a traceback, and leaves nothing behind.

Each row is a command line in an empty folder. `{name}` stands for a file or folder that FILES makes there first.
"""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

LONG = "x" * 300
DEEP = 20_000
HUGE = "9" * 5000
SCENARIO = "title = 'x'\n[start]\nC = 0.5\nG = 0.5\n"
DESIGN = "points = 4\n[factors]\nk = [0.5, 2.0]\n"
RUN = {"format": 1, "version": "0.1.0", "command": "letsdance run lone_ranger", "seeds": {"first": 1, "runs": 1},
       "quarters": 8, "scenarios": {"x": SCENARIO}, "municipalities": None, "tables": {}, "git": None, "versions": {}}
SWEEP = {"format": 2, "points_hash": "0" * 64,
         "version": "0.1.0", "command": "letsdance sweep", "kind": "sweep", "rules": "x", "method": "list",
         "factors": ["k=0.5,1"], "points": 2, "replicates": 1, "seed": 1, "runs": 2, "part_size": 100,
         "scenario": {"name": "x", "toml": SCENARIO}, "outcomes": [], "keep": [], "every": 4, "municipalities": None,
         "texts": {}, "title": "", "tables": {}, "git": None, "versions": {}}


def manifest(base: dict, **changes: object) -> Callable[[Path], None]:
    """A folder with a manifest; a change of `...` leaves the entry out."""
    def make(place: Path) -> None:
        place.mkdir()
        said = {name: value for name, value in {**base, **changes}.items() if value is not ...}
        (place / "manifest.json").write_text(json.dumps(said))
        if base is SWEEP:
            (place / "runs").mkdir()
            pd.DataFrame({"point": [0, 1], "k": [0.5, 1.0]}).to_parquet(place / "points.parquet")
    return make


def raw(content: str | bytes, within: str = "") -> Callable[[Path], None]:
    """A file with this content, or a folder with such a file."""
    def make(place: Path) -> None:
        if within:
            place.mkdir()
            place /= within
        place.write_bytes(content if isinstance(content, bytes) else content.encode())
    return make


WRONG = {"text": "many", "null": None, "negative": -1, "enormous": 10**40, "list": [1], "table": {"a": 1}, "half": 0.5,
         "true": True, "nothing": ...}
#: What may stand for an entry without being wrong: text for text, null where nothing need be said, and so on.
FINE = {("version", "text"), ("command", "text"), ("municipalities", "null"), ("municipalities", "nothing"),
        ("rules", "text"), ("title", "text"), ("git", "null"), ("git", "table"), ("git", "nothing"), ("tables", "nothing"),
        ("versions", "nothing"), ("kind", "nothing"), ("command", "null"), ("command", "nothing"), ("points", "nothing")}
MANIFESTS = {f"{kind}.{entry}.{how}": manifest(base, **{entry: value})
             for kind, base in (("run", RUN), ("sweep", SWEEP)) for entry in base for how, value in WRONG.items()
             if (entry, how) not in FINE}
def piped(place: Path) -> None:
    """A sweep whose points are a pipe that nobody writes into."""
    manifest(SWEEP)(place)
    (place / "points.parquet").unlink()
    os.mkfifo(place / "points.parquet")


FILES: dict[str, Callable[[Path], None]] = {
    "piped": piped,
    "pop.csv": raw("t,new,population\n1,2,50\n2,3,50\n3,4,50\n"), "both.csv": raw("t,new,cum\n1,2,2\n2,3,5\n3,4,8\n"),
    "early.csv": raw("t,new\n-2,2\n-1,3\n0,4\n"), "many.net": raw(f"*Vertices {HUGE}\n*Edges\n1 2\n"),
    "wide.net": raw("*Vertices １\n*Edges\n1 2\n"), "pipe.toml": lambda place: os.mkfifo(place),
    "folder": lambda place: place.mkdir(),
    "empty": raw(""), "empty.toml": raw(""), "words.toml": raw("these are words"), "binary.toml": raw(bytes(range(256))),
    "nul.toml": raw(SCENARIO.replace("'x'", "'a\0b'")), "utf16.toml": raw(SCENARIO.encode("utf-16")),
    "latin.toml": raw("title = 'M\xfcnchen'\n[start]\nC = 0.5\nG = 0.5\n".encode("latin-1")),
    "deep.toml": raw(f"title = {'[' * DEEP}{']' * DEEP}\n"), "deeptable.toml": raw(f"[{'.'.join('a' * DEEP)}]\n"),
    "digits.toml": raw(f"quarters = {HUGE}\n[start]\nC = 0.5\nG = 0.5\n"),
    "nan.toml": raw(SCENARIO.replace("0.5", "nan")), "inf.toml": raw(SCENARIO.replace("0.5", "inf")),
    "date.toml": raw(SCENARIO.replace("0.5", "2020-01-01")), "twice.toml": raw(SCENARIO + "[start]\nC = 1.0\n"),
    "twin.toml": raw("context = ['sticky', 'fluid']\n" + SCENARIO),
    "same.toml": raw("context = ['sticky', 'sticky']\n" + SCENARIO),
    "deep.json": raw(f"{'[' * DEEP}{']' * DEEP}", "manifest.json"), "words.json": raw("these are words", "manifest.json"),
    "list.json": raw("[]", "manifest.json"), "nan.json": raw("NaN", "manifest.json"),
    "text.json": raw('"x"', "manifest.json"), "nothing.json": raw("{}", "manifest.json"),
    "digits.json": raw(HUGE, "manifest.json"), "binary.json": raw(bytes(range(256)), "manifest.json"),
    "null.json": raw("null", "manifest.json"), "deepplan.toml": raw(f"points = {'[' * DEEP}{']' * DEEP}\n"),
    "noplan.toml": raw("points = 4\n"), "zero.toml": raw(DESIGN.replace("4", "0")),
    "prior.json": raw("{}"), "priorlist.json": raw("[1]"), "priordeep.json": raw("[" * DEEP + "]" * DEEP),
    "history.csv": raw("t,new\n1,2\n2,3\n3,4\n"), "counts.csv": raw("t,cum\n1,2\n2,3\n3,4\n"),
    "times.csv": raw("node,time\nA,2001\nB,2002\nC,2004\n"),
    "survey.csv": raw("respondent,group,willingness\n" + "".join(
        f"{k},{'citizen' if k % 2 else 'official'},{1 + k % 5}\n" for k in range(20))),
    "shares.csv": raw("unit,year,percent\n" + "".join(
        f"{u},{2000 + t},{10 + 3 * t - (9 if t == 6 else 0)}\n" for u in "AB" for t in range(9))),
    "state.npz": lambda place: np.savez(place, a=np.arange(3)),
    "words.npz": raw("these are words"), "pickle.npy": raw(b"\x80\x04K\x01."),
    **MANIFESTS,
}

PATHS = {"long": LONG, "deeply long": "/".join(["x" * 200] * 30), "below a file": "{empty}/x", "surrogate": "a\udcffb",
         "empty name": "", "blank name": " "}
READERS = ("run {}", "run {}.toml", "explain {}", "explain --scenario {}.toml", "verify {}", "query {} 'SELECT 1'",
           "run lone_ranger --municipalities {}", "sweep {}.toml", "sweep --design {}.toml", "branch go {}", "map {}",
           "compare {}.toml --policy LEAD@4", "adopters data {}", "adopters describe {}", "adopters fit {} --population 50",
           "adopters forecast {} --population 50", "adopters learn {}", "adopters backtest {}", "adopters calibrate {}",
           "adopters calibrate --seen {}", "adopters calibrate --survey 0={}", "adopters speed {}",
           "adopters forecast {{history.csv}} --population 50 --prior {}", "search {}.toml",
           "sensitivity {}", "discover {}", "wind-tunnel LEAD@4 --municipalities {}",
           "adopters data {{times.csv}} --edges {}")
WRITERS = ("run lone_ranger --runs 1 --quarters 8 --out {}", "compare lone_ranger --policy LEAD@4 --runs 20 --out {}",
           "sweep lone_ranger --factor k=0.5:1 --points 2 --out {}", "branch save lone_ranger --at 2 --out {}",
           "adopters fit {{history.csv}} --population 50 --out {}", "adopters describe {{times.csv}} --out {}",
           "adopters learn {{history.csv}} --out {}")
SEEDS = ("-1", "9223372036854775808", "1e3", "x", "", "1.5", "٣", "１", "nan", HUGE, "0x10", "1_000")
NUMBERS = ("-1", "0", "x", "", "1.5", "nan", "inf", "1e9", "１", HUGE, "99999999999999")
WHOLE = (("run lone_ranger --quarters {}", NUMBERS), ("run lone_ranger --runs {}", NUMBERS),
         ("run lone_ranger --until lets_dance@60+-0.02 --most {}", NUMBERS),
         ("check --runs {}", NUMBERS), ("compare lone_ranger --policy LEAD@4 --runs {}", NUMBERS),
         ("wind-tunnel LEAD@4 --runs {}", NUMBERS), ("search wasteland --evaluations {}", NUMBERS),
         ("sweep lone_ranger --factor k=0.5:1 --points {}", NUMBERS),
         ("branch save lone_ranger --at {} --out a", NUMBERS[:1] + NUMBERS[2:]),
         ("sweep lone_ranger --factor k=0.5:1 --replicates {}", NUMBERS),
         ("adopters fit {{history.csv}} --population {}", NUMBERS),
         ("compare lone_ranger --policy LEAD@4 --runs 4 --worlds {}", ("1e9", "²", "１", HUGE)),
         ("sweep lone_ranger --factor k=0.5:1 --points 2 --out a --task '{} of 2'", ("0", "3", "²", "１", HUGE)),
         ("adopters classic watts --set z={}", ("x", "", "nan", "-1", HUGE)))
SEEDED = ("run lone_ranger --seed {}", "explain --scenario lone_ranger --seed {}", "check --seed {} --only F1",
          "compare lone_ranger --policy LEAD@4 --seed {}", "wind-tunnel LEAD@4 --seed {}", "search wasteland --seed {}",
          "sweep lone_ranger --factor k=0.5:1 --points 2 --seed {}", "sensitivity lone_ranger --seed {}",
          "discover wasteland --factor G0=0.1:0.9 --condition wasteland@60<=0.2 --seed {}",
          "branch save lone_ranger --at 2 --out a --seed {}", "map tipping --seed {}", "map residence --seed {}",
          "adopters forecast {{history.csv}} --population 50 --seed {}", "adopters classic watts --seed {}",
          "adopters calibrate {{counts.csv}} --population 50 --seed {}", "adopters backtest {{history.csv}} --seed {}")
USES = ("", " ", "@", "FRCS@", "FRCS@0", "FRCS@-1", "FRCS@8+0", "FRCS@8*9", "FRCS@8*nan", "FRCS@８", "FRCS@٣", "zz",
        "FRCS@99999", "FRCS@8+20*1*1", f"FRCS@{HUGE}", "FRCS\0", "austerity@4", "ＦRCS@8", "FRCS@1e1", "FRCS@8+²",
        "FRCS@8*１")
SETS = ("", "=", "k", "k=", "k=x", "k=nan", "k=inf", "k=-1", "k=1e99", "zz=1", "k=１", "k=0x1", "k=1_0", f"k={HUGE}", "=1",
        "k=1=2")


#: Options that would do nothing where they stand: silence would let people believe that they did.
IDLE = (
    "run lone_ranger --most 50", "run lone_ranger --until lets_dance@60+-0.02 --runs 20", "run lone_ranger --most=50",
    "compare lone_ranger --policy LEAD@4 --most 50", "compare lone_ranger --policy LEAD@4 --until T+-0.02 --runs=20",
    *(f"explain {{{{folder}}}} {option}" for option in ("--runs 2", "--quarters 8", "--seed 2", "--set k=1",
                                                      "--lever FRCS@8", "--shock austerity", "--profile telework")),
    "show scenarios --copy lone_ranger --json", "show levers --copy lone_ranger",
    *(f"sensitivity --from {{{{folder}}}} {option}" for option in (
        "--replicates 4", "--size 10", "--quarters 8", "--set k=1", "--lever FRCS@8", "--shock austerity",
        "--profile telework", "--municipalities x.csv", "--executor threads", "--workers 2", "lone_ranger",
        "--factor k=0.5:1")),
    *(f"discover --from {{{{folder}}}} {option}" for option in ("--points 400", "--replicates 4", "--quarters 8",
                                                              "--workers 2", "lone_ranger")),
    "sweep lone_ranger --factor k=0.5,1 --every 4", "sweep --resume --out {{folder}} --quarters 8",
    "sweep lone_ranger --factor k=0.5,1 --trajectories 4", "sweep lone_ranger --factor k=0.5,1 --method grid --points 4",
    "sweep lone_ranger --factor k=0.5:1 --points 4 --executor threads --scheduler tcp://127.0.0.1:1",
    "sweep lone_ranger --factor k=0.5:1 --points 4 --executor threads --point-timeout 9",
    *(f"adopters classic {option}" for option in ("--set p=.1", "--runs 3", "--seed 2", "--out x", "--overwrite")),
    *(f"adopters data {option}" for option in ("--sheet x", "--out x", "--kind new", "--seed 3", "--overwrite")),
    *(f"adopters data {{{{counts.csv}}}} {option}" for option in (
        "--sheet zz", "--scale 1-5", "--missing 9", "--base wasteland", "--draws 3", "--seed 3", "--save a.toml",
        "--never 9999", "--group g", "--edges e.csv")),
    "adopters data {{times.csv}} --kind new", "adopters data {{times.csv}} --population p.csv",
    "adopters data {{survey.csv}} --base wasteland", "adopters data {{survey.csv}} --base wasteland --save a.csv",
    "adopters data {{survey.csv}} --draws 3", "adopters data {{survey.csv}} --draws 3 --save a.toml",
    "adopters data {{survey.csv}} --population pop.csv", "adopters data {{survey.csv}} --population pop.csv --save a.toml",
    "adopters data {{survey.csv}} --seed 3 --save a.toml",
    "adopters describe {{times.csv}} --valued", "adopters describe {{times.csv}} --lag 1",
    "adopters describe {{times.csv}} --test 9", "adopters describe {{times.csv}} --count",
    "adopters describe {{times.csv}} --direction in", "adopters describe lone_ranger --first 3",
    "adopters describe lone_ranger --never 9", "adopters describe {{times.csv}} --seed -3",
    "adopters calibrate {{counts.csv}} --population 50 --widen 2", "adopters speed lone_ranger --draws 9",
    "adopters speed lone_ranger --policy MANDATE@4 --start 9",
    "adopters backtest {{shares.csv}} --every 2", "adopters backtest {{shares.csv}} --stage .5",
    "adopters forecast {{shares.csv}} --population 50", "adopters backtest {{shares.csv}} --prior p.json",
    "search lone_ranger --chance 0.8 --budget 100",
)


def words(line: str) -> list[str]:
    import shlex
    return shlex.split(line)


def rows() -> dict[str, list[str]]:
    """Every bad input by a name."""
    said: dict[str, list[str]] = {}

    def add(name: str, line: str, *fills: str) -> None:
        assert name not in said, name
        said[name] = [word.replace("{}", fill).replace("{{", "{").replace("}}", "}") if "{}" in word else
                      word.replace("{{", "{").replace("}}", "}") for word in words(line) for fill in (fills or ("",))[:1]]

    for how, path in PATHS.items():
        for line in READERS + WRITERS:
            if how != "empty name" or "{}." not in line:
                add(f"{line} | {how}", line, path)
    for line in READERS:
        add(f"{line} | two lines", line, "no\nsuch\u202efile")
    for line, fills in WHOLE:
        for fill in fills:
            add(f"{line} | {fill[:20]}", line, fill)
    for line in SEEDED:
        for fill in SEEDS:
            add(f"{line} | {fill[:20]}", line, fill)
    for option, fills in (("--lever", USES), ("--shock", USES), ("--set", SETS)):
        for fill in fills:
            if option == "--shock" and fill == "austerity@4":
                continue
            add(f"run {option} {fill[:20]!r}", f"run lone_ranger {option} {{}}", fill)
    for fill in (*USES, "x:", ": FRCS@8", "zz: zz@8"):
        if fill != "austerity@4":
            add(f"compare --policy {fill[:20]!r}", "compare lone_ranger --policy {}", fill)
    for name in FILES:
        if name.endswith(".toml"):
            add(f"run {name}", f"run {{{{{name}}}}}")
            add(f"sweep {name}", f"sweep {{{{{name}}}}}")
        elif name.endswith(".json") and not name.startswith("prior"):
            add(f"verify {name}", f"verify {{{{{name}}}}}")
            add(f"query {name}", f"query {{{{{name}}}}} 'SELECT 1'")
        elif name.startswith("prior"):
            add(f"prior {name}", f"adopters forecast {{{{history.csv}}}} --population 50 --prior {{{{{name}}}}}")
        elif name.endswith(("npz", "npy")):
            add(f"branch {name}", f"branch go {{{{{name}}}}}")
        elif name.startswith("run."):
            add(f"verify {name}", f"verify {{{{{name}}}}}")
            add(f"explain {name}", f"explain {{{{{name}}}}}")
        elif name.startswith("sweep."):
            add(f"query {name}", f"query {{{{{name}}}}} 'SELECT 1'")
            add(f"resume {name}", f"sweep --resume --out {{{{{name}}}}}")
            add(f"verify {name}", f"verify {{{{{name}}}}}")
    for name, line in {
        "empty SQL": "query {{sweep.title.text}} ''", "blank SQL": "query {{folder}} ' '",
        "base zz": "wind-tunnel LEAD@4 --base zz", "two contexts of one kind": "run {{twin.toml}} --runs 1",
        "no levels": "sweep lone_ranger --factor k=0.5:1 --method grid --levels 0",
        "policy of nothing": "compare lone_ranger --policy x:", "no profile": "run lone_ranger --profile ''",
        "show nothing": "show zz", "copy nothing": "show scenarios --copy zz", "no such command": "zz",
        "two populations": "adopters fit {{pop.csv}} --population 60",
        "new beside another cum": "adopters fit {{both.csv}} --population 60",
        "negative time": "adopters fit {{early.csv}} --population 60",
        "query a pipe": "query {{piped}} 'SELECT 1'", "resume a pipe": "sweep --resume --out {{piped}}",
        "analyse a pipe": "sensitivity --from {{piped}}",
        "vertices without end": "adopters data {{times.csv}} --edges {{many.net}}",
        "full-width vertices": "adopters data {{times.csv}} --edges {{wide.net}}",
        "few most": "run lone_ranger --most -1", "levels of a factor": "sweep lone_ranger --factor k=0.5:1:0 --method grid",
    }.items():
        add(name, line)
    for line in IDLE:
        add(f"idle: {line}", line)
    return said


ROWS = rows()


@pytest.fixture(scope="module")
def warm():
    """What commands import, imported: the first to ask would seem to be at work."""
    for name in ("letsdance.experiments.adopters", "letsdance.experiments.search", "letsdance.experiments.sensitivity",
                 "letsdance.experiments.sweep", "letsdance.report.study"):
        import_module(name)


@pytest.fixture
def soon(warm):
    """A refusal comes at once; what is still at work after some seconds was not refused."""
    def late(*_):
        raise AssertionError("still at work")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, 20)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("name", ROWS)
def test_a_bad_input_ends_in_one_sentence(name, soon, letsdance, tmp_path):
    files = []
    line = []
    for word in ROWS[name]:
        for file in re.findall(r"{([^{}]+)}", word):
            if file in FILES:
                if not (tmp_path / file).exists():
                    FILES[file](tmp_path / file)
                    files.append(file)
                word = word.replace(f"{{{file}}}", file)
        line.append(word)
    before = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*"))
    code, out, said = letsdance(*line)
    assert code == 2, (code, out[-300:], said[-300:])
    assert "Traceback" not in out + said
    said = said.strip()
    assert said.startswith("letsdance: "), said
    assert said.count("\n") == 0, said
    assert len(said) < 1500, said
    assert said.endswith((".", "?", ".)")), said
    assert sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*")) == before
