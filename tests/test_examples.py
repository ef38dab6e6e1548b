"""The notebooks of examples/: they run, and what they printed is what they print now."""

import contextlib
import io
import json
import re
from pathlib import Path

import pytest

from letsdance.params import EVIDENCE

EXAMPLES = Path(__file__).parent.parent / "examples"
BOOKS = sorted(EXAMPLES.rglob("*.ipynb"))
COURSE = sorted((EXAMPLES / "course").glob("week_*.ipynb"))
#: Luck on which no sentence of the course was written.
FRESH = 73_001


def cells(book):
    return [cell for cell in json.loads(book.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]


def printed(cell):
    return "".join("".join(out["text"]) for out in cell["outputs"] if out.get("name") == "stdout")


def same(text):
    """Without the hash of the model's sources, which a comment moves."""
    return re.sub(r"rules [0-9a-f]{16}", "rules", text)


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.stem)
def test_a_notebook_runs_and_prints_what_it_shows(book, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shared = {"__name__": "notebook"}
    for k, cell in enumerate(cells(book)):
        told = io.StringIO()
        with contextlib.redirect_stdout(told):
            exec(compile("".join(cell["source"]), f"{book.name}, cell {k + 1}", "exec"), shared)
        assert same(told.getvalue()) == same(printed(cell)), "stale: run `uv run python -m examples`"


@pytest.mark.parametrize("book", COURSE, ids=lambda book: book.stem)
def test_what_the_course_claims_holds_on_fresh_seeds(book, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shared, claims = {"__name__": "notebook"}, 0
    for k, cell in enumerate(cells(book)):
        source = "".join(cell["source"])
        claims += source.count("\nassert ") + source.count("\n    assert ")
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(source.replace("SEED = 1 ", f"SEED = {FRESH} "), f"{book.name}, cell {k + 1}", "exec"), shared)
    assert shared["SEED"] == FRESH
    assert claims > 4


def test_the_course_is_six_weeks_with_reading_experiment_exercises_and_answers():
    assert [book.stem[:6] for book in COURSE] == [f"week_{k}" for k in range(1, 7)]
    for book in COURSE:
        told = ["".join(cell["source"]) for cell in json.loads(book.read_text(encoding="utf-8"))["cells"]]
        said = "\n".join(text for text in told if "SEED = 1 " not in text)
        asked, answered = said.split("## Exercises")[1].split("## Answers")
        numbers = re.findall(r"(?m)^(\d)\. ", asked)
        assert numbers == re.findall(r"\*\*(\d)\.\*\*", answered) == ["1", "2", "3", "4"]
        assert all(f"**{part}" in said for part in ("Question.", "Reading.", "Predict"))
        marks = set(re.findall(r"\b[ST]\d+[bc]?\b", said)) - {"S0"}
        assert len(marks) > 3
        assert marks <= EVIDENCE.keys()


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.stem)
def test_a_notebook_was_executed_whole_on_nobodys_machine(book):
    assert [cell["execution_count"] for cell in cells(book)] == list(range(1, len(cells(book)) + 1))
    text = book.read_text(encoding="utf-8")
    assert not re.search(r"/(home|root|tmp|Users|work)/", text)
    assert '"output_type": "error"' not in text
