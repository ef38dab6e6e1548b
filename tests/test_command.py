"""The command: quick to help, one sentence for a mistake, a folder written whole or not at all and verified to the bit."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from letsdance.commands import main as command
from letsdance.params import EVIDENCE, PARAMETERS
from letsdance.scenarios import LEVERS, SHOCKS, STARTS
from letsdance.simulation.indicators import SOCIETY
from letsdance.simulation.run import simulate

ROOT = Path(__file__).parent.parent
START = [sys.executable, "-m", "letsdance"]
SHORT = ("--runs", "2", "--quarters", "12")
AS_KEPT = (*SHORT, "--seed", "5", "--lever", "FRCS@4+6*0.5", "--set", "k=1.1")  # what `folder` holds


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder that `letsdance run` wrote, made once."""
    place = tmp_path_factory.mktemp("once")
    done = subprocess.run([*START, "run", "lone_ranger", "dead_horse", *AS_KEPT, "--out", "a folder", "--json"], cwd=place,
                          capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return place / "a folder", json.loads(done.stdout)


def copied(folder: Path, to: Path) -> Path:
    import shutil

    return Path(shutil.copytree(folder, to))


# ---------------------------------------------------------------- quick

HEAVY = ("mesa", "pandas", "numba", "numpy", "matplotlib", "scipy", "pyarrow", "solara")


@pytest.mark.parametrize("words", ["--help", "run --help", "show --help"])
def test_help_does_not_wait_for_what_it_does_not_need(words):
    script = (f"import sys; sys.argv = ['letsdance', *{words.split()!r}]\nfrom letsdance.commands.main import main\n"
              f"try: main()\nexcept SystemExit: pass\nprint([m for m in {HEAVY!r} if m in sys.modules])")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "Usage" in done.stdout


def test_help_takes_less_than_half_a_second():
    """Of a processor, which what else runs beside it lengthens little."""
    def once():
        began = os.times()
        subprocess.run([*START, "--help"], capture_output=True, check=True, cwd=ROOT, timeout=60)
        ended = os.times()
        return ended.children_user + ended.children_system - began.children_user - began.children_system

    assert min(once() for _ in range(5)) < 0.5


def test_help_names_every_command(letsdance):
    code, out, err = letsdance("--help")
    assert (code, err) == (0, "")
    for name in ("run", "verify", "explain", "map", "check", "show"):
        assert re.search(rf"^\s+{name}\b", out, re.MULTILINE)
    assert "explores" in out


@pytest.mark.parametrize("words", [(), ("branch",), ("map",), ("adopters",)])
def test_a_list_of_commands_says_whole_sentences(letsdance, words):
    listed = letsdance(*words, "--help")[1].partition("Commands:")[2]
    assert listed.count("\n") > 2
    assert "..." not in listed


# ---------------------------------------------------------------- show

@pytest.mark.parametrize(("what", "names"), [
    ("parameters", list(PARAMETERS)), ("levers", list(LEVERS)), ("shocks", list(SHOCKS)), ("evidence", list(EVIDENCE)),
    ("indicators", list(SOCIETY)), ("scenarios", [*STARTS, "sticky", "fluid", "telework"])])
def test_show_prints_everything_there_is(letsdance, what, names):
    code, out, err = letsdance("show", what)
    assert (code, err) == (0, "")
    first = {line.split()[0] for line in out.splitlines() if line.strip()}
    assert set(names) <= first
    code, out, err = letsdance("show", what, "--json")
    rows = json.loads(out)
    assert (code, err) == (0, "")
    assert [row.get("name") or row["line"] for row in rows][:len(names)] == names or what == "scenarios"
    assert all(len(set(row)) == len(rows[0]) for row in rows)


def test_show_says_units_ranges_and_sources(letsdance):
    rows = {row["name"]: row for row in json.loads(letsdance("show", "parameters", "--json")[1])}
    assert (rows["k"]["range"], rows["k"]["unit"], rows["k"]["source"]) == ("0 to 2", "1", "text")
    assert f"y_lever +{LEVERS['FRCS']['effects'][0]['add']}" in letsdance("show", "levers")[1]


@pytest.mark.parametrize("start", STARTS)
def test_a_copied_start_runs_as_the_start(letsdance, tmp_path, start):
    code, out, _ = letsdance("show", "scenarios", "--copy", start)
    assert code == 0
    (tmp_path / "mine.toml").write_text(out)
    mine, shipped = simulate(tmp_path / "mine.toml", runs=1, quarters=8), simulate(start, runs=1, quarters=8)
    assert mine.rows.tobytes() == shipped.rows.tobytes()


# ---------------------------------------------------------------- mistakes

MISTAKES = [
    ("run lone_rangr", "Did you mean lone_ranger?"),
    ("run none.toml", "there is no file none.toml"),
    ("run --set kk=1", "there is no parameter 'kk'"),
    ("run --set k=9", "k (interdependence) must lie from 0 to 2"),
    ("run --set k", "write NAME=VALUE"),
    ("run --set k=high", "must be a number from 0 to 2, not 'high'"),
    ("run --set launch_mn=high", "launch_min"),
    ("run --lever FRSC@8", "Did you mean FRCS?"),
    ("run --lever FRCS@99", "after the horizon of 60"),
    ("run --lever FRCS@3 --lever FRCS@9", "twice at the same time"),
    ("run --shock scandl", "Did you mean scandal?"),
    ("run --quarters 3", "from 8 to 400"),
    ("run --runs 0", "runs must be a whole number from 1"),
    ("run --seed -1", "seed must be a whole number from 0"),
    ("run --profile phone", "there is no profile 'phone'"),
    ("run --municipalities none.csv", "there is no file none.csv"),
    ("run --out missing/deep", "does not exist; make it first"),
    ("run lone_ranger lone_ranger", "two scenarios are called lone_ranger"),
    ("verify nowhere", "is not a folder that letsdance wrote"),
    ("explain", "give either a folder or --scenario"),
    ("explain nowhere", "is not a folder that `letsdance run` wrote"),
    ("explain --scenario lone_rangr", "Did you mean lone_ranger?"),
    ("map --grid 1", "grid must be a whole number from 2"),
    ("map --grid 2 --quarters 3", "from 8 to 400"),
    ("map nowhere", "there is no scenario 'nowhere'"),
    ("map --grid 2 --set b_g=7", "b_g (tradition of government)"),
    ("check --only F99", "F99"),
    ("check --runs 0", "runs"),
    ("show parametres", "Did you mean parameters?"),
    ("show scenarios --copy lone", "Did you mean lone_ranger?"),
]


@pytest.mark.parametrize(("words", "said"), MISTAKES, ids=[words for words, _ in MISTAKES])
def test_a_mistake_is_one_sentence_and_writes_nothing(letsdance, tmp_path, words, said):
    for more in ((), ("--json",)):
        code, out, err = letsdance(*shlex.split(words), *more)
        assert (code, out) == (2, "")
        assert err.startswith("letsdance: ")
        assert said in err
        assert err.count("\n") == 1
        assert list(tmp_path.iterdir()) == []


def test_a_mistake_in_a_file_is_found_by_its_line(letsdance, tmp_path):
    (tmp_path / "mine.toml").write_text("[start]\nC = 0.5\nG = 2\n")
    (tmp_path / "places.csv").write_text("name,citizens\nA,9\nA,9\n")
    for words, place in (
        ("run mine.toml", "mine.toml, line 3: "),
        ("run --municipalities places.csv", "places.csv, line 3: "),
    ):
        code, out, err = letsdance(*words.split())
        assert (code, out) == (2, "")
        assert err.startswith(f"letsdance: {place}")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine.toml", "places.csv"]


# ---------------------------------------------------------------- run

def test_run_writes_everything_it_takes_to_run_again(folder):
    place, said = folder
    names = {str(p.relative_to(place)) for p in place.rglob("*") if p.is_file()}
    assert {
        "manifest.json",
        "society.parquet",
        "adopters.parquet",
        "governments.parquet",
        "report.html",
        "lone_ranger.toml",
        "dead_horse.toml",
    } <= names
    assert any(n.startswith("figures/") and n.endswith(".png") for n in names)
    assert any(n.startswith("figures/") and n.endswith(".svg") for n in names)
    manifest = json.loads((place / "manifest.json").read_text())
    assert manifest["seeds"] == {"first": 5, "runs": 2}
    assert manifest["quarters"] == 12
    assert manifest["parameters"]["dead_horse"]["k"] == 1.1
    assert manifest["command"] == (
        "letsdance run lone_ranger dead_horse --runs 2 --quarters 12 --seed 5 --lever 'FRCS@4+6*0.5' --set k=1.1"
    )
    page = (place / "report.html").read_text()
    assert not re.search(r"""(src|href)=["']?(https?:)?//|url\(["']?https?:|@import""", page)  # it needs no network
    assert "FRCS" in page
    society = pd.read_parquet(place / "society.parquet")
    for name in ("lone_ranger", "dead_horse"):
        result = simulate(place / f"{name}.toml", runs=2, seed=5)
        mine = society.query("scenario == @name").drop(columns="scenario").reset_index(drop=True)
        pd.testing.assert_frame_equal(mine, result.society, check_exact=True)
        # what is printed is what was computed
        C = result.rows["C"][:, -1]
        assert said["scenarios"][name]["C"]["mean"] == pytest.approx(C.mean(), rel=1e-15)
    assert said["folder"] == "a folder"
    assert oct(place.stat().st_mode)[-3:] == "755"
    assert [p.name for p in place.parent.iterdir()] == ["a folder"]  # nothing hidden is left beside it


def test_run_prints_a_table_and_where_it_wrote(letsdance, tmp_path):
    (tmp_path / "places.csv").write_text("name,citizens\nAalst,30\nBrugge,12\n")
    code, out, err = letsdance("run", "wasteland", *SHORT, "--municipalities", "places.csv")
    assert (code, err) == (0, "")
    for words in (
        "Wasteland",
        "services per municipality",
        "2 municipalities",
        "who lags",
        "letsdance-run",
        "does not forecast",
    ):
        assert words in " ".join(out.split())
    assert "in Wasteland, at the end" in out
    assert (tmp_path / "letsdance-run" / "municipalities.csv").read_text() == "name,citizens\nAalst,30\nBrugge,12\n"
    assert letsdance("verify", "letsdance-run")[0] == 0


def test_an_existing_folder_is_left_alone(letsdance, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    code, out, err = letsdance("run", "wasteland", *SHORT, "--out", "mine")
    assert (code, out) == (2, "")
    assert "exists and is left alone; add --overwrite" in err
    code, out, err = letsdance("run", "wasteland", *SHORT, "--out", "mine", "--overwrite")
    assert (code, out) == (2, "")
    assert "not a folder that letsdance wrote" in err
    (tmp_path / "file").write_text("a file")
    assert letsdance("run", "wasteland", *SHORT, "--out", "file", "--overwrite")[0] == 2
    assert [p.name for p in mine.iterdir()] == ["thesis.txt"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "mine"]


def test_overwrite_replaces_a_folder_of_letsdance_whole(letsdance, tmp_path, folder):
    place = copied(folder[0], tmp_path / "out")
    code, _, err = letsdance("run", "wasteland", *SHORT, "--out", "out", "--overwrite")
    assert (code, err) == (0, "")
    assert (place / "wasteland.toml").exists()
    assert not (place / "lone_ranger.toml").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("error", [RuntimeError("no ink"), KeyboardInterrupt(), OSError(28, "No space left on device")],
                         ids=["error", "interrupt", "disk full"])
@pytest.mark.parametrize("existing", [False, True])
def test_a_failure_while_writing_leaves_no_half_folder(monkeypatch, tmp_path, folder, error, existing):
    def fails(part, *_, **__):
        (Path(part) / "half.html").write_text("half")
        raise error

    monkeypatch.setattr("letsdance.report.write", fails, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    if existing:
        copied(folder[0], tmp_path / "out")
    before = {p.relative_to(tmp_path): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    monkeypatch.setattr(sys, "argv", ["letsdance", "run", "wasteland", *SHORT, "--out", "out", "--overwrite", "--json"])
    with pytest.raises((SystemExit, RuntimeError)) as ended:
        command.main()
    if isinstance(ended.value, SystemExit):
        assert ended.value.code not in (0, None)
    assert {p.relative_to(tmp_path): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before
    assert [p.name for p in tmp_path.iterdir()] == (["out"] if existing else [])


@pytest.mark.parametrize(("stop", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_run_that_is_stopped_leaves_nothing_behind(tmp_path, stop, code):
    script = """if True:
        import sys, time
        from letsdance import report
        def slow(part, *_, **__):
            (part / "half.html").write_text("half")
            print("writing", flush=True)
            time.sleep(60)
        report.write = slow
        sys.argv = ["letsdance", "run", "wasteland", "--runs", "1", "--quarters", "8", "--json"]
        from letsdance.commands.main import main
        main()"""
    with subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as running:
        assert running.stdout.readline() == "writing\n"
        assert len(list(tmp_path.iterdir())) == 1  # there is something to clean up
        running.send_signal(stop)
        _, err = running.communicate(timeout=30)
    assert list(tmp_path.iterdir()) == []
    assert running.returncode == code
    assert err == "Interrupted; nothing was written.\n"


# ---------------------------------------------------------------- verify

def test_verify_says_identical(letsdance, folder):
    code, out, err = letsdance("verify", str(folder[0]))
    assert (code, err) == (0, "")
    assert out.startswith("Identical")
    code, out, err = letsdance("verify", str(folder[0]), "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["identical"] is True


def test_verify_says_which_file_was_changed(letsdance, tmp_path, folder):
    place = copied(folder[0], tmp_path / "out")
    frame = pd.read_parquet(place / "society.parquet")
    frame.loc[7, "C"] += 1e-15
    frame.to_parquet(place / "society.parquet", index=False)
    (place / "adopters.parquet").write_bytes(b"not a table")
    (place / "governments.parquet").unlink()
    code, out, _ = letsdance("verify", "out", "--json")
    said = json.loads(out)
    assert code == 1
    assert said["identical"] is False
    text = "\n".join(said["differences"])
    assert "society.parquet: the file was changed" in text
    assert "adopters.parquet: the file is damaged" in text
    assert "governments.parquet: the file is missing" in text
    code, out, _ = letsdance("verify", "out")
    assert code == 1
    assert "Different" in out
    assert "society.parquet" in out


def test_verify_says_what_differs_when_a_parameter_was_changed(letsdance, tmp_path, folder):
    place = copied(folder[0], tmp_path / "out")
    manifest = json.loads((place / "manifest.json").read_text())
    manifest["scenarios"]["dead_horse"] = manifest["scenarios"]["dead_horse"].replace("k = 1.1", "k = 1.2")
    (place / "manifest.json").write_text(json.dumps(manifest))
    code, out, _ = letsdance("verify", "out", "--json")
    differences = json.loads(out)["differences"]
    assert code == 1
    assert any(
        re.match(r"society\.parquet: C differs in \d+ of 52 rows, first at scenario dead_horse", d) for d in differences
    )
    assert not any("lone_ranger" in d for d in differences)
    assert not any("file was changed" in d for d in differences)


@pytest.mark.parametrize(
    ("text", "said"), [("{", "cannot be read"), ("[]", "lacks what it takes"), ("{}", "lacks what it takes")]
)
def test_verify_refuses_a_broken_manifest(letsdance, tmp_path, text, said):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "manifest.json").write_text(text)
    code, out, err = letsdance("verify", "out")
    assert (code, out) == (2, "")
    assert said in err


# ---------------------------------------------------------------- explain, map, check

def test_explain_says_the_same_of_a_folder_and_of_its_scenario(letsdance, folder):
    code, out, err = letsdance("explain", str(folder[0]), "--json")
    assert (code, err) == (0, "")
    said = json.loads(out)
    code, out, _ = letsdance("explain", "--scenario", "dead_horse", *AS_KEPT, "--json")
    assert code == 0
    assert json.loads(out)["dead_horse"] == said["dead_horse"]
    assert set(said) == {"lone_ranger", "dead_horse"}
    assert all(sentence.endswith(".") for one in said.values() for sentence in one)
    text = letsdance("explain", "--scenario", "dead_horse", *SHORT)[1]
    assert "citizens" in text
    assert "Flogging a dead horse" in text


def test_map_draws_and_says_where_starts_lead(letsdance, tmp_path):
    code, out, err = letsdance("map", "--grid", "2", "--runs", "1", "--quarters", "10", "--out", "plane", "--json")
    assert (code, err) == (0, "")
    said = json.loads(out)
    assert json.loads((tmp_path / "plane" / "manifest.json").read_text()) == said
    assert said["starts"] == [0.05, 0.95]
    assert [[max(range(4), key=cell.__getitem__) for cell in row] for row in said["agents"]] == [[3, 2], [1, 0]]
    assert said["mean_field"] == [[3, 2], [1, 0]]
    assert any(p.suffix == ".png" for p in (tmp_path / "plane").rglob("*"))
    assert letsdance("map", "--grid", "2", "--out", "plane")[0] == 2


def test_check_tests_one_pattern(letsdance, tmp_path):
    code, out, err = letsdance("check", "--only", "F3", "--runs", "2", "--json")
    assert (code, err) == (0, "")
    assert len(json.loads(out)) == 1
    assert list(tmp_path.iterdir()) == []


def test_verify_gives_what_an_experiment_recorded_once_more(letsdance, tmp_path):
    """Any folder of a sub-command: its command is given again, in a process of its own, and its tables are compared."""
    code, _, err = letsdance("sweep", "lone_ranger", "--factor", "k=0.5:1:2", "--replicates", "2", "--quarters", "8",
                             "--set", "citizens=8", "--out", "s")
    assert code == 0, err
    assert "Identical" in letsdance("verify", "s")[1]
    part = next((tmp_path / "s" / "runs").glob("*.parquet"))
    table = pd.read_parquet(part)
    table.loc[1, "C"] += 1e-9
    table.to_parquet(part, index=False)
    code, out, _ = letsdance("verify", "s")
    assert code == 1
    assert "runs/part-00000.parquet: C differs in 1 of 4 rows" in out


def test_verify_of_a_folder_that_is_not_named_by_out_or_has_files_beside_it(letsdance, tmp_path, monkeypatch):
    Path("s.csv").write_text("role,willingness\n" + "citizen,0.6\nofficial,0.3\n" * 9, encoding="utf-8")
    for made in (("forecast", "case:mothers_pensions", "--samples", "20", "--out", "f.csv", "--report=made"),
                 ("data", "s.csv", "--save", "start.toml", "--report", "bad.csv", "--out", "made")):
        assert letsdance("adopters", *made, "--overwrite")[0] == 0
        there = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
        code, out, err = letsdance("verify", "made", "--json")
        assert (code, json.loads(out)["identical"]) == (0, True), (out, err)
        assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == there


def test_an_interruption_that_python_drops_is_raised_by_the_next_step(monkeypatch, capsys):
    from letsdance.commands import screen

    class Cleared:
        def __del__(self):
            screen.interrupt(signal.SIGINT)

    monkeypatch.setattr(screen, "_heard", [])
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    with screen.progress("report.bar_runs", 2, quiet=True) as advance:
        advance(1)
        Cleared()  # what is raised in there goes nowhere
        with pytest.raises(screen.Interrupted):
            advance(1)
    assert capsys.readouterr().err == ""


def test_what_is_shown_beside_the_work_speaks_the_language_asked(monkeypatch, spoken):
    from letsdance.commands import screen

    screen._speak("qo")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    shown = []
    monkeypatch.setattr("rich.progress.Progress.add_task", lambda self, label, **_: shown.append(label) or 0)
    with screen.progress("report.bar_design", 6, False, factors=3, points=2, runs=1):
        pass
    assert shown == [spoken("report.bar_design", factors=3, points=2, runs=1)]
    monkeypatch.setattr("rich.console.Console.status", lambda self, label: shown.append(label) or screen.contextmanager(
        lambda: iter([None]))())
    with screen.busy("report.bar_reading", False):
        pass
    assert shown[1] == spoken("report.bar_reading")
    assert not re.search("[A-Za-z]{2,}", "".join(shown))


@pytest.mark.parametrize(("language", "remark", "refused"), [
    ("en", "Read: semicolons between columns; name is gemeente, citizens is inwoners.", "must be a whole number"),
    ("nl", "Gelezen: puntkomma's tussen de kolommen; name is gemeente, citizens is inwoners.", "moet een geheel getal"),
    ("fr", "Lu\u00a0: des points-virgules entre les colonnes\u202f; name est gemeente, citizens est inwoners.",
     "doit être un nombre entier"),
    ("de", "Gelesen: Semikolons zwischen den Spalten; name ist gemeente, citizens ist inwoners.", "ganze Zahl")])
def test_remarks_and_refusals_speak_the_language_asked(letsdance, tmp_path, language, remark, refused):
    (tmp_path / "towns.csv").write_text("gemeente;inwoners\nAsh;20\nElm;30\n", encoding="utf-8")
    asked = ("run", "wasteland", "--runs", "1", "--quarters", "8", "--municipalities", "towns.csv", "--json")
    assert remark in letsdance(*asked, "--language", language)[2]
    code, _, err = letsdance("run", "--runs", "0", "--out", "none", "--language", language)
    assert (code, refused in err) == (2, True), err


@pytest.mark.parametrize("words", [
    ("run", "wasteland", "lone_ranger", "--runs", "4", "--quarters", "8"),
    ("run", "lone_ranger", "--until", "G +-0.5", "--quarters", "8"),
    ("compare", "lone_ranger", "--policy", "0: LEAD@2", "--runs", "3", "--quarters", "8", "--outcome", "G"),
    ("compare", "lone_ranger", "--policy", "0: LEAD@2", "--runs", "3", "--quarters", "8", "--outcome", "G",
     "--worlds", "20", "--within", "30%"),
    ("wind-tunnel", "0: LEAD@2", "--only", "scandal", "--at", "3", "--runs", "2", "--quarters", "8"),
    ("wind-tunnel", "0: LEAD@2", "--only", "scandal", "--at", "3", "--runs", "2", "--quarters", "8", "--worlds", "3"),
    ("map", "--grid", "2", "--worlds", "3", "--runs", "1", "--quarters", "8"),
    ("explain", "--scenario", "lone_ranger", "--worlds", "3", "--runs", "1", "--quarters", "8"),
    ("pathways", "lone_ranger", "--policy", "0: LEAD@2", "--policy", "1: LEAD@2; OUT+4 if C@4 < 6", "--runs", "2",
     "--quarters", "8"),
    ("search", "lone_ranger", "--levers", "LEAD,CB", "--starts", "1", "--durations", "end", "--strengths", "1", "--worlds",
     "3", "--within", "30%", "--aim", "success", "--aim", "G", "--runs", "2", "--evaluations", "20", "--quarters", "8"),
], ids=" ".join)
def test_what_is_printed_speaks_the_language_asked(words, letsdance, spoken):
    """What is typed stays as it is typed: codes, paths, names of policies."""
    code, out, err = letsdance(*words, "--language", spoken.language, *(["--out", "0"] if words[0] != "explain" else []))
    assert (code, err) == (0, "")
    assert len(out) > 200
    typed = re.compile(r"Lone Ranger|lone_ranger|"
                       rf"OUT\+4\*1 if C@4 < 6|\[/?bold\]|0/report.html|\((?:{'|'.join(PARAMETERS)})\)|\bS\d+\b")
    assert not re.findall(r"[A-Za-z]{2,}|\d\.\d", typed.sub("", out))
