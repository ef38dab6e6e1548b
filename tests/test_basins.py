"""Basins: agents beside the mean field, each held to what it is made of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from letsdance import scenarios
from letsdance.experiments.basins import basins
from letsdance.params import Refused
from letsdance.simulation import meanfield, simulate
from letsdance.simulation import schedule as environment
from letsdance.simulation.rules.regimes import REGIMES


@pytest.fixture(scope="module")
def found():
    return basins(grid=3, quarters=20, runs=3, seed=7)


def test_agents_are_runs_from_each_start(found):
    start = replace(scenarios.load("lets_dance"), C=float(found.starts[0]), G=float(found.starts[2]))
    result = simulate(start, runs=3, quarters=20, seed=7)
    by_hand = [(result.regime[:, -1] == k).mean(axis=1) for k in range(4)]
    np.testing.assert_allclose(found.shares[0, 2], np.array(by_hand).T, atol=1e-12)
    assert found.runs == 3


def test_the_mean_field_is_its_own_basin_map(found):
    p = environment.build(scenarios.load("lets_dance"))[0]
    np.testing.assert_array_equal(found.mean_field, meanfield.basin_map(p, found.starts, 20)[2])


def test_levers_act_on_the_mean_field_too():
    # In force from quarter 1 to the end, so the mean field lives under one record of parameters throughout.
    story = scenarios.load("lets_dance").changed(levers=["FRCS@1*1.5", "LEAD@1*1.5"], quarters=60)
    helped = basins(story, grid=5, quarters=60, runs=1)
    expected = meanfield.basin_map(environment.build(story)[-1], helped.starts, 60)[2]
    np.testing.assert_array_equal(helped.mean_field, expected)
    assert (helped.mean_field != basins(grid=5, quarters=60, runs=1).mean_field).any()


def test_sizes_and_agreement_are_counted_by_hand(found):
    sizes = found.sizes.set_index("regime")
    assert list(sizes.index) == list(REGIMES)
    np.testing.assert_allclose(sizes[["agents", "mean_field"]].sum(), 1)
    frame = found.frame
    agree = frame[list(REGIMES)].idxmax(axis=1) == frame["mean_field"]
    assert found.agreement == agree.mean()
    np.testing.assert_allclose(sizes["agents"], frame[list(REGIMES)].mean())
    assert (sizes["lowest_run"] <= sizes["agents"] + 1e-12).all()
    assert (sizes["agents"] <= sizes["highest_run"] + 1e-12).all()


def test_corners_stay_where_they_start_for_a_while(found):
    assert [found.mean_field[i, j] for i, j in ((2, 2), (2, 0), (0, 2), (0, 0))] == [0, 1, 2, 3]
    assert [found.agents[i, j].argmax() for i, j in ((2, 2), (2, 0), (0, 2), (0, 0))] == [0, 1, 2, 3]


@pytest.mark.parametrize(("words", "said"), [
    ({"grid": 1}, "grid must be a whole number from 2"), ({"grid": True}, "grid"),
    ({"parameters": {"C0": 0.3}}, "C0 cannot be set"), ({"scenario": "nowhere"}, "there is no scenario"),
    ({"quarters": 3}, "from 8 to 400")])
def test_what_cannot_be_is_refused(words, said):
    with pytest.raises(Refused, match=said):
        basins(**{"grid": 2, "runs": 1, **words})
