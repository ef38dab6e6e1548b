"""The paragraph on methods says what was done: from it alone, the same numbers come again."""

from __future__ import annotations

import re

import numpy as np
import pytest

import letsdance as ld

SMALL = {"quarters": 8, "parameters": {"municipalities": 3, "citizens": 20, "k": 1.25}}


def test_from_the_paragraph_the_run_can_be_made_again():
    result = ld.simulate("lone_ranger", runs=3, seed=7, levers=["FRCS@2+4*0.5"], shocks=["scandal@3"], **SMALL)
    said = ld.methods(result)
    start = re.search(r"start ([\w ]+) \(", said)[1].lower().replace(" ", "_")
    first, last = map(int, re.search(r"seeds (\d+) to (\d+)", said).groups())
    quarters = int(re.search(r"for (\d+) quarters", said)[1])
    changed = {name: float(value) for name, value in re.findall(r"(\w+) = ([\d.]+)", said)}
    used = re.findall(r"\w+@\d+\+?\d*\*[\d.]+", said)
    again = ld.simulate(start, runs=last - first + 1, seed=first, quarters=quarters, parameters=changed,
                        levers=[use for use in used if use.split("@")[0] in ld.LEVERS],
                        shocks=[use for use in used if use.split("@")[0] in ld.SHOCKS])
    assert np.array_equal(again.rows["G"], result.rows["G"])
    assert "3 municipalities and 60 citizens" in said


def test_a_comparison_names_its_policies_and_what_its_intervals_are():
    found = ld.compare(["nothing: lone_ranger", "free-range: FRCS@2"], runs=4, seed=5, quarters=8, start="lone_ranger")
    said = ld.methods(found)
    assert "nothing (no lever) and free-range (FRCS@2*1)" in said
    assert "seeds 5 to 8" in said
    assert "paired differences against nothing, with 95 % intervals" in said


def test_a_sweep_names_its_factors_design_and_size(tmp_path):
    sweep = ld.sweep("lone_ranger", tmp_path / "s", factors=["k=0.5:2", "FRCS.strength=0:1"], points=4, replicates=2,
                     seed=3, quarters=8, parameters={"municipalities": 3, "citizens": 20})
    said = ld.methods(sweep)
    assert "k=0.5:2 and FRCS.strength=0:1 in a latin hypercube design of 4 points, with 2 runs at each" in said
    assert "seeds 3 to 4 everywhere, 8 runs of 8 quarters" in said


def test_what_runs_beside_the_models_own_is_named_with_its_hash():
    result = ld.simulate("lone_ranger", runs=2, quarters=8, mechanisms=["turnover"], context=["denmark"],
                         parameters={"municipalities": 3, "citizens": 20, "leavers": 0.1})
    (one,) = result.scenario.mechanisms
    said = ld.methods(result)
    assert f"the context was denmark, mechanisms beside the model's own were turnover ({one.hash})" in said
    assert "leavers = 0.1" in said
    assert f"Of the {len(result.scenario.known)} parameters" in said


@pytest.mark.parametrize(("language", "seeds"), [
    ("nl", "met de seeds 5 tot en met 6"), ("fr", "avec les graines 5 à 6"), ("de", "mit den Seeds 5 bis 6")])
def test_the_paragraph_is_said_in_the_language_asked(language, seeds):
    found = ld.compare(["nothing: lone_ranger", "more: FRCS@2"], runs=2, seed=5, quarters=8, start="lone_ranger")
    said = ld.methods(found, language)
    assert seeds in said
    assert not re.search(r"\b(the|were|with|of|and|quarters|no lever)\b", said)


def test_what_is_no_result_is_refused():
    with pytest.raises(ld.Refused, match="methods are said of a run, a comparison or a sweep, not of dict"):
        ld.methods({})
