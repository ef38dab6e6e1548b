"""What is said of each line of the evidence is held against the code."""

import re
from pathlib import Path

import pytest

from letsdance.commands.showing import contents, title
from letsdance.experiments import evidence
from letsdance.experiments.patterns import PATTERNS
from letsdance.params import EVIDENCE

TESTS = Path(__file__).parent
LINES = evidence.lines()


def test_every_line_has_one_state_and_no_other_line_has_one():
    told = [mark for state, table in evidence.states().items() if state != "beyond" for mark in table]
    assert len(told) == len(set(told))
    assert set(told) <= set(EVIDENCE)
    assert set(evidence.states()) - {"beyond"} <= set(evidence.STATES)
    assert {f"S{n}" for n in range(1, 191)} == {one.name for one in LINES if one.state != "source"}
    assert sum(evidence.counts().values()) == 190


@pytest.mark.parametrize("line", [one for one in LINES if one.state == "tested"], ids=lambda one: one.name)
def test_a_tested_line_names_a_pattern_or_a_test_that_exists_and_mentions_it(line):
    mentioned = False
    for test in line.tested:
        if test in PATTERNS:
            mentioned |= line.name in evidence.marks(PATTERNS[test].source)
            continue
        file, _, name = test.partition("::")
        text = (TESTS / file).read_text(encoding="utf-8")
        body = text[text.index(f"def {name}("):].split("\ndef ")[0] if name else text
        mentioned |= bool(re.search(rf"\b{line.name}\b", body))
    assert mentioned, line.tested


def test_a_built_line_is_cited_by_something_that_runs_and_any_other_says_why():
    expected = (TESTS / "test_shipped_mechanisms.py").read_text(encoding="utf-8")
    for one in LINES:
        if one.state == "optional":
            for word in one.why.split():
                assert f"mechanism {word}" in one.where, (one.name, word)
                assert f'("{word}"' in expected or f'"{word}", "' in expected, word
        if one.state == "built":
            assert one.where, one.name
        if one.state in ("fails", "partly", "stand_in", "missing", "frame"):
            assert one.why, one.name


def test_what_is_shown_says_the_counts_and_every_line():
    columns, rows = contents("evidence")
    assert f"{evidence.counts()['tested']} tested" in title("evidence")
    assert len(rows) == len(EVIDENCE) + len(evidence.states()["beyond"])
    assert all(len(row) == len(columns) for row in rows)
