"""Residence: Kaplan-Meier against a published table, chains with known chances, and counting by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from letsdance import scenarios
from letsdance.experiments import residence as rs
from letsdance.params import Refused
from letsdance.simulation import meanfield, simulate
from letsdance.simulation import schedule as environment
from letsdance.simulation.indicators import ROW
from letsdance.simulation.rules.regimes import REGIMES


def told(regime):
    """A result whose municipalities were in these regimes [R, Q+1, M]."""
    R, Q, M = regime.shape
    towns = pd.DataFrame({"name": [f"town {m}" for m in range(M)], "citizens": 8})
    like = simulate("wasteland", runs=1, quarters=8, municipalities=towns)
    return replace(like, seeds=np.arange(5, 5 + R, dtype=np.uint64), rows=np.zeros((R, Q), ROW),
                   regime=regime.astype(np.uint8))


def chain(matrix, start, R, Q, M, seed):
    """A Markov chain [R, Q+1, M] with these chances a quarter."""
    rng = np.random.default_rng(seed)
    upto = np.cumsum(matrix, axis=1)
    out = np.full((R, Q + 1, M), start)
    for t in range(Q):
        out[:, t + 1] = (rng.random((R, M, 1)) > upto[out[:, t]]).sum(axis=-1)
    return out


# ---------------------------------------------------------------- Kaplan-Meier

# Weeks in remission under 6-mercaptopurine, + censored (Freireich et al. 1963, Blood 21:699), and the estimate that
# textbooks print of it (Kleinbaum and Klein, Survival Analysis, table 2.2).
ENDED = [6, 6, 6, 7, 10, 13, 16, 22, 23]
CUT = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
PRINTED = {5: 1.0, 6: .8571, 7: .8067, 10: .7529, 13: .6902, 16: .6275, 22: .5378, 23: .4482, 35: .4482}


def test_kaplan_meier_is_the_textbooks():
    found = rs.survival(ENDED + CUT, [True] * 9 + [False] * 12, range(21))
    for week, share in PRINTED.items():
        assert found.share[week] == pytest.approx(share, abs=5e-5)
    assert (found.median.value, found.spells, found.ended, found.until) == (23, 21, 9, 35)
    assert [found.at_risk[t] for t in (6, 7, 10, 22, 23)] == [21, 17, 15, 7, 6]
    assert found.mean.value == pytest.approx(sum(found.share[:35]))


def test_drawn_curves_are_kaplan_meiers_of_the_drawn_runs():
    rng = np.random.default_rng(3)
    durations, ended, runs = rng.integers(0, 12, 60), rng.random(60) < 0.6, rng.integers(0, 6, 60)
    curves = rs._drawn_curves(durations.astype(float), ended, runs, 12, 4, 25)
    for curve, taken in zip(curves, rs.redrawn(6, 4, 25), strict=True):
        rows = np.concatenate([np.flatnonzero(runs == k) for k in taken])
        last = durations[rows].max()
        sample = stats.CensoredData(uncensored=durations[rows][ended[rows]], right=durations[rows][~ended[rows]])
        np.testing.assert_allclose(curve[:last], stats.ecdf(sample).sf.evaluate(np.arange(last)), atol=1e-12)


def test_nothing_ended_and_one_run_have_no_interval():
    for found in (rs.survival([9, 9], [False, False], [0, 1]), rs.survival([3, 5], [True, True], [0, 0])):
        assert np.isnan(found.low).all()
        assert np.isnan([found.median.low, found.mean.high]).all()
    assert rs.survival([9, 9], [False, False], [0, 1]).median.value == np.inf
    with pytest.raises(Refused, match="no spell"):
        rs.survival([], [], [])


def test_intervals_hold_what_they_promise_where_a_run_shares_its_luck():
    # Each run has its own chance of leaving, drawn around the same mean, so its municipalities are alike.
    R, M, Q, covered, narrow = 20, 30, 40, 0, 0
    rates = np.array([0.02, 0.10])
    truth = np.mean([((1 - q) ** np.arange(Q)).sum() for q in rates])
    for k in range(80):
        rng = np.random.default_rng(k)
        rate = rates[rng.integers(0, 2, (R, 1))]
        lasted = rng.geometric(np.broadcast_to(rate, (R, M)))
        cut = np.minimum(lasted, Q).ravel()
        by_run = rs.survival(cut, lasted.ravel() <= Q, np.repeat(np.arange(R), M), seed=k, draws=200).mean
        by_town = rs.survival(cut, lasted.ravel() <= Q, np.arange(R * M), seed=k, draws=60).mean
        covered += by_run.low <= truth <= by_run.high
        narrow += by_town.low <= truth <= by_town.high
    assert stats.binomtest(covered, 80, 0.90).pvalue > 0.01  # percentile intervals of 20 clusters fall a little short
    assert narrow < 60  # towns taken for independent promise too much


# ---------------------------------------------------------------- known chains

LEAVES = np.array([[.99, .01, 0, 0], [.03, .95, 0, .02], [0, 0, 1, 0], [0, 0, 0, 1]])


def test_a_chain_is_found_again():
    result = told(chain(LEAVES, 1, 30, 60, 40, 1))
    table = rs.transitions(result).set_index(["from", "to"])
    for i, here in enumerate(REGIMES):
        for j, there in enumerate(REGIMES):
            row = table.loc[(here, there)]
            if here == "dead_horse":
                assert np.isnan(row["probability"])
                assert row["quarters"] == 0
            elif LEAVES[i, j] in (0, 1):
                assert row["probability"] == LEAVES[i, j]
            else:
                exact = np.sqrt(LEAVES[i, j] * (1 - LEAVES[i, j]) / row["quarters"])
                assert abs(row["probability"] - LEAVES[i, j]) < 4 * exact
                assert row["low"] < row["probability"] < row["high"]
                assert (row["high"] - row["low"]) == pytest.approx(2 * 1.96 * exact, rel=0.5)


def test_first_spells_are_geometric_and_destinations_split_as_the_chances():
    stay = rs._stay(told(chain(LEAVES, 1, 30, 60, 40, 2)), 0, 1)
    assert (stay.home, stay.started) == ("lone_ranger", 1.0)
    t = np.arange(61)
    exact = 0.95 ** t
    assert (np.abs(stay.leave.share - exact) <= 4 * np.sqrt(exact * (1 - exact) / 1200) + 1e-12).all()
    assert stay.leave.median.low <= 14 <= stay.leave.median.high  # log(.5) / log(.95) = 13.5
    assert stay.leave.mean.value == pytest.approx(exact[:60].sum(), rel=0.06)
    split = {name: one.value for name, one in stay.goes_to.items()}
    assert sum(split.values()) == pytest.approx(stay.leave.ended / stay.leave.spells)
    assert split["dead_horse"] == 0
    assert split["lets_dance"] / split["wasteland"] == pytest.approx(1.5, rel=0.25)


def test_spells_are_those_that_a_loop_finds():
    regime = np.random.default_rng(4).integers(0, 3, (3, 12, 5))
    regime = np.repeat(regime, 2, axis=1)[:, :21]
    result, by_hand = told(regime), []
    for r in range(3):
        for m in range(5):
            start = 0
            for t in range(1, 22):
                if t == 21 or regime[r, t, m] != regime[r, start, m]:
                    after = "" if t == 21 else REGIMES[regime[r, t, m]]
                    by_hand.append((r, 5 + r, f"town {m}", REGIMES[regime[r, start, m]], start, min(t, 20) - start,
                                    t < 21, after))
                    start = t
    assert list(rs.spells(result).itertuples(index=False, name=None)) == by_hand


def test_passage_is_what_a_loop_finds():
    regime = np.random.default_rng(5).integers(0, 4, (2, 15, 30))
    result = told(regime)
    durations, reached = rs.passage(result, 2)
    for r in range(2):
        for m in range(30):
            path = list(regime[r, :, m])
            assert reached[r, m] == (2 in path)
            assert durations[r, m] == (path.index(2) if 2 in path else 14)


# ---------------------------------------------------------------- the experiment

@pytest.fixture(scope="module")
def found():
    return rs.residence(["dead_horse", "wasteland"], runs=4, quarters=120, seed=3)


def test_with_one_horizon_kaplan_meier_is_the_plain_share(found):
    result = simulate("dead_horse", runs=4, quarters=120, seed=3)
    at_home = result.regime[:, 0] == REGIMES.index("dead_horse")
    left = result.first_passage()[at_home]
    stay = found.stays["dead_horse"]
    for t in range(120):
        assert stay.leave.share[t] == pytest.approx(1 - (left <= t).mean(), abs=1e-12)
    assert stay.leave.spells == at_home.sum()
    assert stay.mean_field == meanfield.residence(environment.build(scenarios.load("dead_horse"))[0], .25, .75, 120)
    assert found.stays["wasteland"].mean_field == np.inf


def test_same_seed_same_numbers_and_levers_leave_the_mean_field_out(found):
    again = rs.residence(["dead_horse", "wasteland"], runs=4, quarters=120, seed=3)
    assert again.frame.equals(found.frame)
    helped = rs.residence("dead_horse", runs=2, quarters=20, levers=["CB@2"])
    assert helped.stays["dead_horse"].mean_field is None
    shaken = rs.residence("dead_horse", runs=2, quarters=20, shocks=["scandal@4"])
    assert shaken.stays["dead_horse"].mean_field is None


def test_the_transitions_of_every_start_stand_in_one_table(found):
    table = found.transitions
    assert list(table.columns) == ["start", "from", "to", "moves", "quarters", "probability", "low", "high"]
    assert table.index.tolist() == list(range(2 * 16))
    assert table["start"].tolist() == ["dead_horse"] * 16 + ["wasteland"] * 16
    assert table.drop(columns="start")[16:].reset_index(drop=True).equals(found.stays["wasteland"].transitions)


def test_later_spells_begin_within_the_run(found):
    later = found.spells[found.spells["start"] > 0]
    assert sum(curve.spells for curve in found.later.values()) == len(later) > 0
    assert sum(curve.ended for curve in found.later.values()) == later["ended"].sum()


@pytest.mark.parametrize(("words", "said"), [
    ({"target": "lets_dnce"}, "Did you mean lets_dance?"), ({"starts": []}, "name at least one"),
    ({"starts": ["wasteland", "wasteland"]}, "two scenarios are called wasteland"), ({"quarters": 900}, "8 to 400")])
def test_what_cannot_be_is_refused(words, said):
    with pytest.raises(Refused, match=said.replace("?", r"\?")):
        rs.residence(**{"runs": 1, **words})
