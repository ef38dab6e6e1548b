"""Other tools call the model: SALib, the EMA Workbench in sequence and in processes, Mesa; all get the model's numbers."""

from __future__ import annotations

import pickle
import sys
import warnings

import numpy as np
import pytest

from letsdance.experiments.guests import ema_model, guest, identifier, salib_problem
from letsdance.params import Refused
from letsdance.simulation import simulate

FACTORS = ["k=0.5:2", "FRCS.strength=0:1", "FRCS.start=1:6", "launch_min=2:6"]
OUTCOMES = ["C@8", "T@6-8"]


def truth(k: float, strength: float, start: int, launch_min: int) -> np.ndarray:
    """The same by `simulate` alone."""
    result = simulate("lone_ranger", runs=2, quarters=8, seed=3, parameters={"k": k, "launch_min": launch_min},
                      levers=[f"FRCS@{start}*{strength!r}"])
    return np.array([result.rows["C"][:, 8].mean(), result.rows["T"][:, 6:].mean()])


@pytest.fixture
def model():
    return guest("lone_ranger", FACTORS, OUTCOMES, runs=2, seed=3, quarters=8)


def test_the_function_gives_the_numbers_of_simulate_by_name_by_row_and_after_pickling(model):
    points = np.array([[0.7, 0.5, 2, 3], [1.9, 0.25, 5, 6]])
    expected = np.array([truth(0.7, 0.5, 2, 3), truth(1.9, 0.25, 5, 6)])
    np.testing.assert_allclose(model(points), expected, rtol=1e-12)
    np.testing.assert_allclose(pickle.loads(pickle.dumps(model))(points), expected, rtol=1e-12)
    named = model(k=0.7, FRCS_strength=0.5, FRCS_start=2, launch_min=3)
    assert list(named) == ["C_8", "T_6_8"]
    np.testing.assert_allclose(list(named.values()), expected[0], rtol=1e-12)
    np.testing.assert_allclose(model([0.7, 0.5, 2.2, 3.4])[0], expected[0], rtol=1e-12)  # whole numbers are rounded
    assert guest("lone_ranger", FACTORS, "C@8", quarters=8)(points).shape == (2,)


def test_salib_samples_evaluates_and_analyses(model):
    problem = salib_problem(FACTORS)
    assert problem["names"] == ["k", "FRCS.strength", "FRCS.start", "launch_min"]
    assert problem["bounds"] == [[0.5, 2.0], [0.0, 1.0], [1.0, 6.0], [2.0, 6.0]]
    one = guest("lone_ranger", FACTORS, "C@8", runs=2, seed=3, quarters=8)
    problem.sample_sobol(2, calc_second_order=False, seed=1).evaluate(one).analyze_sobol(calc_second_order=False, seed=1)
    np.testing.assert_allclose(problem.results, [model(row)[0][0] for row in problem.samples], rtol=1e-12)
    assert list(problem.to_df()[0].index) == problem["names"]


@pytest.mark.parametrize("processes", [0, 2])
def test_the_ema_workbench_runs_it_in_sequence_and_in_processes(model, processes):
    theirs = ema_model("lone_ranger", FACTORS, OUTCOMES, runs=2, seed=3, quarters=8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ema_workbench import MultiprocessingEvaluator, SequentialEvaluator

        evaluator = MultiprocessingEvaluator(theirs, n_processes=processes) if processes else SequentialEvaluator(theirs)
        with evaluator:
            experiments, outcomes = evaluator.perform_experiments(scenarios=2, policies=2)
    assert {u.name for u in theirs.uncertainties} == {"k", "launch_min"}
    assert {lever.name for lever in theirs.levers} == {"FRCS_strength", "FRCS_start"}
    names = [identifier(f.name) for f in model.factors]
    assert len(experiments) == 4
    for row, (c, t) in zip(experiments[names].to_dict("records"), zip(outcomes["C_8"], outcomes["T_6_8"], strict=True),
                           strict=True):
        assert list(model(**row).values()) == pytest.approx([c, t], rel=1e-12)


def test_mesa_runs_it_in_batches():
    from mesa import batch_run

    from letsdance.simulation import CoCreationModel

    rows = batch_run(CoCreationModel, {"scenario": "lone_ranger", "k": [0.5, 1.5], "quarters": 8}, rng=[3, 4], max_steps=8,
                     display_progress=False)
    assert len(rows) == 4
    for row in rows:
        result = simulate("lone_ranger", runs=1, seed=row["rng"], quarters=8, parameters={"k": row["k"]})
        assert row["G"] == result.rows["G"][0, 8]


@pytest.mark.parametrize(("call", "says"), [
    (lambda: guest("lone_ranger", [], "C@8"), "at least one factor"),
    (lambda: guest("lone_ranger", ["scenario=lone_ranger,wasteland"], "C@8"), "no range of numbers"),
    (lambda: guest("lone_ranger", FACTORS, "CC@8"), "there is no outcome"),
    (lambda: guest("lone_ranger", FACTORS, "C@8")([[1.0, 2.0]]), "2 numbers, but there are 4 factors"),
    (lambda: guest("lone_ranger", FACTORS, "C@8")(kk=1.0), "no factor 'kk' here"),
])
def test_what_cannot_be_is_refused_in_a_sentence(call, says):
    with pytest.raises(Refused, match=says) as refused:
        call()
    assert str(refused.value).endswith(".")


def test_without_the_ema_workbench_a_sentence_says_how_to_have_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ema_workbench", None)
    with pytest.raises(Refused, match="pip install ema-workbench"):
        ema_model("lone_ranger", FACTORS, OUTCOMES)
