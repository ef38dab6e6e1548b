"""Tipping and hysteresis: crossings and folds that are known, and systems whose loops are."""

from __future__ import annotations

import numpy as np
import pytest

from letsdance import scenarios
from letsdance.experiments import tipping as tp
from letsdance.experiments.axis import moved, parse_axis, paths
from letsdance.experiments.hysteresis import hysteresis
from letsdance.params import Refused
from letsdance.simulation import schedule as environment
from letsdance.simulation import simulate
from letsdance.simulation.meanfield import fixed_points
from letsdance.simulation.rules.regimes import REGIMES

# ---------------------------------------------------------------- what is moved


def test_an_axis_is_a_parameter_or_a_levers_strength():
    axis = parse_axis("b_g = 0.3:-0.1")
    assert (axis.name, axis.first, axis.last, axis.lever) == ("b_g", 0.3, -0.1, None)
    np.testing.assert_allclose(axis.values(5), [.3, .2, .1, 0, -.1], atol=1e-12)
    assert list(parse_axis("launch_min=2:5").values(9)) == [2, 3, 4, 5]
    lever = parse_axis("FRCS@8+20=0:1.5")
    assert str(lever.put(scenarios.load("lone_ranger"), 0.5).levers[0]) == "FRCS@8+20*0.5"
    assert axis.put(scenarios.load("lone_ranger"), 0.2).values()["b_g"] == 0.2


@pytest.mark.parametrize(("text", "said"), [
    ("k", "write NAME=FROM:TO"), ("k=1", "write NAME=FROM:TO"), ("k=a:2", "'a' is not a number"), ("k=1:1", "begins where"),
    ("k=0:9", "must lie from 0 to 2"), ("kk=0:1", "Did you mean k"), ("FRSC@8=0:1", "FRCS"), ("FRCS@8*1=0:1", "leave"),
    ("FRCS@8=0:9", "strength must be"), (3, "cannot be read")])
def test_an_axis_that_cannot_be_read_is_refused(text, said):
    with pytest.raises(Refused, match=said):
        parse_axis(text)


# ---------------------------------------------------------------- crossings

def test_a_crossing_is_where_the_line_is_one_half_and_its_interval_holds_it():
    values, where = np.linspace(0, 1, 11), 0.43
    rng = np.random.default_rng(1)
    held = 0
    for k in range(60):
        shift = rng.normal(0, 0.05, 12)
        shares = np.clip(0.5 + 2 * (values[:, None] - where - shift), 0, 1)
        tip, = tp.crossings(values, shares, seed=k)
        assert tip.rises
        assert tip.seen == 1
        held += tip.at.low <= where <= tip.at.high
    assert 47 <= held <= 60  # 95 % of 60, less what percentile intervals of 12 runs fall short, and chance


def test_every_crossing_is_told_with_its_direction():
    values = np.array([0., 1, 2, 3])
    found = tp.crossings(values, np.array([[0.], [1], [.75], [.25]]))
    assert [(tip.at.value, tip.rises) for tip in found] == [(0.5, True), (2.5, False)]
    assert np.isnan(found[0].at.low)  # one run has no spread
    assert tp.crossings(values, np.full((4, 3), 0.2)) == []


def test_a_crossing_that_few_draws_show_says_so():
    tip, = tp.crossings(np.array([0., 1]), np.array([[0., 0, 0], [1, 1, 0]]))
    assert 0.5 < tip.seen < 0.9  # 20 of 27 draws take the third run at most once


# ---------------------------------------------------------------- the diagram

@pytest.fixture(scope="module")
def found():
    return tp.tipping("b_g=0:0.1", ["lone_ranger", "dead_horse"], points=2, runs=3, quarters=60, seed=2)


def test_ends_are_those_of_the_runs(found):
    for v, value in enumerate((0.0, 0.1)):
        for s, name in enumerate(("lone_ranger", "dead_horse")):
            result = simulate(name, runs=3, quarters=60, seed=2, parameters={"b_g": value})
            np.testing.assert_allclose(found.within[v, s], (result.regime[:, -1] == 0).mean(axis=1))
            np.testing.assert_allclose(found.ends[v, s].mean(axis=1), result.rows["G"][:, -1], atol=1e-9)
    last = result.municipalities.query("quarter == 60")["willingness"].to_numpy().reshape(3, -1)
    np.testing.assert_array_equal(found.ends[1, 1], last)


def test_equilibria_are_the_mean_fields_and_a_fold_lies_between_more_and_fewer(found):
    def stable(b_g):
        record = environment.build(scenarios.load("lone_ranger").changed(parameters={"b_g": b_g}))[0]
        return [point for point in fixed_points(record) if point.stable]

    assert [sum(p.stable for p in points) for points in found.equilibria] == [len(stable(0.0)), len(stable(0.1))] == [3, 2]
    fold, = found.folds
    assert fold.regime == "lone_ranger"
    assert len(stable(fold.at - 0.002)) == 3
    assert len(stable(fold.at + 0.002)) == 2
    rest = min(np.hypot(p.state[0] - fold.C, p.state[1] - fold.G) for p in stable(fold.at - 0.002))
    assert rest < 0.05
    frame = found.equilibria_frame
    assert set(frame.loc[frame["stable"] & (frame["value"] == 0), "regime"]) == {"lets_dance", "lone_ranger", "wasteland"}


def test_a_lever_and_any_outcome_make_a_diagram():
    steps = []
    helped = tp.tipping("FRCS@2=0:1.5", "lone_ranger", outcome="services@10", regime="lone_ranger", points=2, runs=2,
                        quarters=12, progress=steps.append)
    assert steps == [1] * 2 * (1 + 1)  # each point: the start, and the equilibria
    for v, strength in enumerate((0, 1.5)):
        result = simulate("lone_ranger", runs=2, quarters=12, levers=[f"FRCS@2*{strength}"])
        np.testing.assert_allclose(helped.ends[v, 0, :, 0], result.rows["services"][:, 10])
    assert helped.stock is None
    assert len(helped.frame) == 4


@pytest.mark.parametrize(("words", "said"), [
    ({"regime": "wastland"}, "Did you mean wasteland"), ({"outcome": "GG"}, "there is no outcome"),
    ({"points": 1}, "points must be"), ({"starts": []}, "at least one start"), ({"runs": 0}, "runs must be"),
    ({"parameters": {"k": 1}}, "k is what is moved")])
def test_a_diagram_that_cannot_be_is_refused(words, said):
    with pytest.raises(Refused, match=said):
        tp.tipping(**{"along": "k=0:2", "starts": ["wasteland"], "points": 2, "runs": 1, "quarters": 8, **words})


# ---------------------------------------------------------------- moved within a run

def test_a_parameter_moves_in_straight_lines_and_the_rest_stays():
    story = scenarios.load("lone_ranger").changed(levers=["FRCS@2"])
    schedule = moved(story, "U", [(0, .5), (4, .5), (8, .9), (10, .1)])
    np.testing.assert_allclose(schedule["U"], [.5, .5, .5, .5, .5, .6, .7, .8, .9, .5, .1])
    plain = environment.build(story, 10)
    assert all((schedule[name] == plain[name]).all() for name in plain.dtype.names if name != "U")
    assert list(moved(story, "election_every", [(0, 8), (4, 10)])["election_every"]) == [8, 8, 9, 10, 10]


@pytest.mark.parametrize(("name", "said"), [("members_max", "shapes the room"), ("citizens", "shapes the room"),
                                            ("y_lever", "moved by the scenario's own levers")])
def test_what_cannot_move_within_a_run_is_refused(name, said):
    low, high = {"members_max": (4, 20), "citizens": (10, 50), "y_lever": (0, .2)}[name]
    with pytest.raises(Refused, match=said):
        moved(scenarios.load("lone_ranger").changed(levers=["FRCS@2"]), name, [(0, low), (8, high)])


# ---------------------------------------------------------------- hysteresis: systems whose loops are known

def follow(step, noise=0.002):
    """In place of the model: x from its rest at the first value, driven by the moved parameter, some noise a quarter."""
    def paths(story, schedule, seeds, indicators, progress=None):
        drive, out = schedule["B"], np.empty((1, len(seeds), len(schedule)))
        for r, seed in enumerate(seeds):
            rng = np.random.default_rng(int(seed))
            x = 0.0
            for t, p in enumerate(drive):
                if t:
                    for _ in range(10):
                        x += 0.1 * step(x, p)
                    x += noise * rng.normal()
                out[0, r, t] = x
        if progress:
            progress(len(seeds))
        return out
    return paths


@pytest.fixture
def no_mean_field(monkeypatch):
    """These systems have none, and it takes seconds to come to rest at every value."""
    monkeypatch.setattr("letsdance.experiments.hysteresis._at_rest", lambda *_: np.full((2, 41), np.nan))


@pytest.mark.usefixtures("no_mean_field")
def test_a_lag_is_told_from_hysteresis_and_its_gap_is_the_closed_forms(monkeypatch):
    tau, way = 6.0, 200
    monkeypatch.setattr("letsdance.experiments.hysteresis.paths", follow(lambda x, p: (p - x) / tau))
    found = hysteresis(along="B=0:1", outcome="G", quarters=way, settle=40, wait=100, runs=6)
    # On a ramp of speed 1/way x lags by q = lag/way, growing in from 0 at the start and from -q at the turn, so the
    # mean gap is 2q - 3q^2; the lag of a quarter's ten steps is (1 - g)/g, g the share of the way that x goes in one.
    g = 1 - (1 - 0.1 / tau) ** 10
    for loop in found.loops:
        q = (1 - g) / g / loop.quarters
        assert loop.gap.value == pytest.approx(2 * q - 3 * q * q, abs=0.002)
    assert found.verdict == "lag"


@pytest.mark.usefixtures("no_mean_field")
def test_a_fold_is_hysteresis(monkeypatch):
    # x' = p - 1/2 + 2 (x - 1/2) - 8 (x - 1/2)^3 has folds at p = 1/2 -+ (4/3) sqrt(1/12)
    fold = follow(lambda x, p: (p - .5) + 2 * (x - .5) - 8 * (x - .5) ** 3)
    monkeypatch.setattr("letsdance.experiments.hysteresis.paths", fold)
    found = hysteresis(along="B=0:1", outcome="G", quarters=400, settle=40, wait=200, runs=6)
    assert found.verdict == "hysteresis"
    fold = 4 / 3 * np.sqrt(1 / 12)
    slow = found.loops[1]
    jump = found.values[(slow.there.mean(axis=0) > 0.5).argmax()]
    assert jump == pytest.approx(.5 + fold, abs=0.06)
    assert found.loops[0].gap.value > slow.gap.value > 2 * fold * 0.9
    assert found.gap_left.value == pytest.approx(found.gap_before.value, rel=0.1)


@pytest.mark.usefixtures("no_mean_field")
def test_what_follows_at_once_has_no_loop(monkeypatch):
    monkeypatch.setattr("letsdance.experiments.hysteresis.paths", follow(lambda x, p: 5 * (p - x), noise=0.05))
    verdicts = [hysteresis(along="B=0:1", outcome="G", quarters=60, wait=32, runs=8, seed=seed).verdict
                for seed in range(1, 40, 10)]
    assert set(verdicts) <= {"no loop", "lag"}
    assert "no loop" in verdicts


def test_the_model_is_moved_there_and_back():
    calls = []
    found = hysteresis("lets_dance", "B=0:0.8", "G", quarters=40, settle=8, wait=16, runs=3, progress=calls.append)
    assert sum(calls) == 4 * 3
    slow = found.loops[1]
    np.testing.assert_allclose(slow.there[:, -1], slow.back[:, -1])  # one and the same turning point
    assert slow.there[:, 0].mean() > slow.there[:, -1].mean()
    schedule = moved(scenarios.load("lets_dance"), "B", [(0, 0), (8, 0), (48, .8), (88, 0), (96, 0)])
    by_hand = paths(scenarios.load("lets_dance"), schedule, np.arange(1, 4), ["G"])[0]
    np.testing.assert_allclose(slow.there[:, [0, 20, 40]], by_hand[:, [8, 28, 48]])
    np.testing.assert_allclose(slow.back[:, [0, 20, 40]], by_hand[:, [88, 68, 48]])
    np.testing.assert_allclose(slow.after.value, (by_hand[:, -1] - by_hand[:, 8]).mean())
    assert np.isfinite(found.mean_field).all()
    assert len(found.frame) == 2 * 2 * 3 * 41
    apart = np.abs((slow.back - slow.there).mean(axis=0))
    assert found.waited_at == found.values[apart[:-1].argmax()]  # of the slower loop, not of the faster
    assert [loop.quarters for loop in found.loops] == [20, 40]


@pytest.mark.parametrize(("words", "said"), [
    ({"along": "FRCS@2=0:1"}, "FRCS acts on y_lever"), ({"along": "phi=0.4:0.9"}, "moves nothing within a run"),
    ({"outcome": "Gee"}, "there is no indicator"), ({"quarters": 4}, "quarters must be"), ({"runs": 1}, "runs must be"),
    ({"outcome": "depth"}, "share of nothing")])
def test_a_loop_that_cannot_be_is_refused(words, said):
    with pytest.raises(Refused, match=said):
        hysteresis(**{"scenario": "lets_dance", "along": "B=0:0.5", "quarters": 16, "wait": 16, "runs": 2, **words})


def test_regimes_are_known_by_name():
    assert set(tp.STOCKS) == set("CGSTRLKA")
    assert tp.tipping("k=0:2", "wasteland", regime=REGIMES[3], points=2, runs=1, quarters=8).within.min() > 0.9


def test_of_several_crossings_a_draw_gives_to_each_the_nearest_in_its_direction():
    """Up at 2.5, down at 5, up at 7.5: the interval of the last is made of crossings near it, not of those near 0."""
    from letsdance.experiments.tipping import crossings

    values = np.arange(11.0)
    mean = np.array([0.1, 0.1, 0.3, 0.7, 0.7, 0.5, 0.3, 0.3, 0.7, 0.9, 0.9])
    mean[5] = 0.45
    shares = np.clip(mean[:, None] + np.random.default_rng(1).normal(0, 0.02, (11, 12)), 0, 1)
    tips = crossings(values, shares)
    assert [tip.rises for tip in tips] == [True, False, True]
    for tip, at in zip(tips, (2.5, 4.8, 7.5), strict=True):
        assert tip.at.value == pytest.approx(at, abs=0.15)
        assert at - 0.4 < tip.at.low <= tip.at.value <= tip.at.high < at + 0.4


def test_a_crossing_at_the_edge_of_what_was_tried_has_no_interval_and_says_so():
    """Most runs cross within the axis, three of ten would beyond it: an interval would be one of the axis."""
    values = np.linspace(0, 1, 11)
    where = np.r_[np.full(7, 0.9), np.full(3, 1.2)]
    shares = np.clip(0.5 + 2 * (values[:, None] - where), 0, 1)
    tip, = tp.crossings(values, shares)
    assert 0.9 < tip.at.value < 1
    assert tip.seen < 0.95
    assert tip.edge
    assert np.isnan([tip.at.low, tip.at.high]).all()
    inside = np.linspace(0, 2, 21)
    tip, = tp.crossings(inside, np.clip(0.5 + 2 * (inside[:, None] - where), 0, 1))
    assert tip.seen == 1
    assert not tip.edge
    assert tip.at.low < tip.at.value < tip.at.high
