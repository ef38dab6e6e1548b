"""Years of that life before the start: stocks come from it and not from the start's label."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.readable import ReadableModel

from letsdance.experiments import branch
from letsdance.params import defaults
from letsdance.scenarios import load
from letsdance.simulation import meanfield
from letsdance.simulation.run import simulate

STOCKS = ("S", "T", "R", "L", "K", "A")
#: Stocks that start alike, whatever C0 and G0.
ALIKE = {"S_hi": 0, "S_lo": 0.45, "T_hi": 0, "T_lo": 0.475, "L_hi": 0, "L_lo": 0.475, "K_hi": 0, "K_lo": 0.325, "A_hi": 0,
         "A_lo": 0.475}


def at_start(runs=8, start="lone_ranger", quarters=8, **parameters):
    return simulate(start, runs=runs, quarters=quarters, seed=3, parameters=parameters)


def apart(start, quarters):
    """How far the label carries: the stocks at the start with it less those without."""
    label, none = (at_start(start=start, burn_in=quarters, **kw).rows for kw in ({}, ALIKE))
    return max(abs(float((label[name] - none[name])[:, 0].mean())) for name in STOCKS)


@pytest.mark.parametrize("start", ["lone_ranger", "dead_horse"])
def test_after_a_long_life_nothing_is_left_of_the_label(start):
    assert apart(start, 0) > 0.15
    assert apart(start, 20) < apart(start, 0)
    assert apart(start, 200) < 0.02


def test_willingness_starts_where_it_was_told_and_nothing_is_adopted_before():
    one, other = at_start(burn_in=33), at_start()
    for name in ("C", "G"):
        np.testing.assert_array_equal(one.rows[name][:, 0], other.rows[name][:, 0])
    assert (one.stage[:, 0] == 0).all()
    assert (one.rows["services"][:, 0] > 1).all()  # but services run
    for event in ("citizen_calls", "services_new", "asked"):
        if event in (one.rows.dtype.names or ()):
            assert (one.rows[event][:, 0] == 0).all()  # and quarter 0 counts nothing that happened before it


def test_a_life_of_no_years_is_no_life():
    for name in ("C", "S", "services"):
        np.testing.assert_array_equal(at_start(burn_in=0).rows[name], at_start().rows[name])


def test_the_readable_twin_and_the_companion_live_the_same_years():
    """Both by means: 40 quarters from Lone Ranger, six municipalities of the twin, the one of the companion."""
    engine = {name: float(at_start(runs=20, burn_in=40).rows[name][:, 0].mean()) for name in STOCKS}
    p = defaults(C0=0.75, G0=0.25, burn_in=40)
    twins = [ReadableModel([p] * 2, citizens=[25] * 12, rng=seed) for seed in range(4)]
    rows = [twin.datacollector.get_table_dataframe("society").iloc[0] for twin in twins]
    companion = dict(zip("CGSTRLKA", meanfield.start(0.75, 0.25, p), strict=True))
    for name in STOCKS:
        assert np.mean([row[name] for row in rows]) == pytest.approx(engine[name], abs=0.06), name
        assert companion[name] == pytest.approx(engine[name], abs=0.15), name


def test_it_can_be_told_in_a_scenario():
    assert load("lone_ranger").changed(parameters={"burn_in": 12}).values()["burn_in"] == 12


@pytest.mark.parametrize("quarter", [0, 3])
def test_a_run_that_was_lived_in_can_be_saved_and_gone_on_with(tmp_path, quarter):
    story = load("lets_dance").changed(parameters={"burn_in": 9, "municipalities": 3}, quarters=8)
    kept = branch.load(branch.save(branch.state_at(story, quarter, seed=5), tmp_path / "lived.npz"))
    gone_on = branch.branch(kept, {"nothing": []})
    whole = simulate(story, runs=1, seed=5)
    np.testing.assert_array_equal(gone_on["C"], whole.rows["C"][0])
    np.testing.assert_array_equal(gone_on["services"], whole.rows["services"][0])
    assert whole.rows["services"][0, 0] > 0
