"""The mean-field companion against closed forms, against iteration, and against what docs/odd.md section 5 says of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from letsdance.params import CONTEXTS, PARAMETERS, Refused, defaults
from letsdance.simulation import meanfield as mf
from letsdance.simulation.rules.outcomes import CALLED, JOINT, ownership, success_probability
from letsdance.simulation.rules.regimes import DEAD_HORSE, LETS_DANCE, LONE_RANGER, WASTELAND, quadrant
from letsdance.simulation.rules.stocks import resting_risk_culture
from letsdance.simulation.rules.willingness import citizen_drive, willingness_target

PRESETS = {"default": {}, "sticky": CONTEXTS["sticky"]["values"], "fluid": CONTEXTS["fluid"]["values"]}
#: Willingness stays where it is, so that the stocks come to rest under a known activity.
HELD = {"on_willingness_c": 0, "on_willingness_g": 0}
#: th0 = .4 in place of the scale term: what the closure says that the scale term is worth.
NO_SCALE = {"thQ": 0, "th0": 0.4}


@pytest.fixture(scope="module")
def found():
    return {name: mf.fixed_points(defaults(**values)) for name, values in PRESETS.items()}


def at_rest(C, G, **changes):
    p = defaults(**HELD, **changes)
    return dict(zip(mf.STOCKS, mf.trajectory(C, G, p, 4000)[-1])), p


def far(x, p, quarters):
    for _ in range(quarters):
        x = mf.step(x, p)
    return x


# ---------------------------------------------------------------- closed forms

@pytest.mark.parametrize(("C", "G"), [(0.3, 0.8), (0.5, 0.5), (0.8, 0.3)])
def test_social_capital_rests_at_its_closed_form(C, G):
    x, p = at_rest(C, G)
    known = p.near * (1 - p.rewire_c * (1 - p.silo))  # contacts over a tie that stays in the neighbourhood
    launch_c, launch_g = (binom.sf(3, 8, joins) for joins in (C + p.bond * (known - 0.5), C))
    act = 0.6 * (C * launch_c + G * launch_g) * 4 * 6 / 25  # four quarters long, six members, 25 citizens
    participation = act / (act + 0.5)
    assert x["S"] == pytest.approx((p.mu * participation + p.dS * p.S0) / (p.mu * participation + p.dS), abs=1e-10)


def test_risk_culture_without_drift_rests_at_its_closed_form():
    x, p = at_rest(0.6, 0.7, L_drift=0, on_calls_g=0, **NO_SCALE)
    works = success_probability(JOINT, x["S"], ownership(JOINT, p), x["K"], 6.0, p)
    assert x["L"] == pytest.approx(resting_risk_culture(works, 1 - works, p.phi, p.chi), abs=1e-10)


def test_dead_calls_count_as_failures_in_risk_culture():
    x, p = at_rest(0.4, 0.8, L_drift=0, on_calls_c=0, **NO_SCALE)
    launch = binom.sf(3, 8, 0.4)
    works = success_probability(CALLED, x["S"], ownership(CALLED, p), x["K"], 6.0, p)
    failures = launch * (1 - works) + p.R_dead * (1 - launch)
    assert x["L"] == pytest.approx(resting_risk_culture(launch * works, failures, p.phi, p.chi), abs=1e-10)


def test_scale_term_raises_th0_by_point_four():
    x = mf.start(0.6, 0.6, defaults())
    np.testing.assert_allclose(mf.step(x, defaults()), mf.step(x, defaults(**NO_SCALE)), rtol=0, atol=1e-12)


@pytest.mark.parametrize("sd_d", [0, 0.1, 0.2])
@pytest.mark.parametrize("b_c", [-0.2, 0.04, 0.3])
def test_slope_is_that_of_a_population_with_different_dispositions(sd_d, b_c):
    p = defaults(a=1, wN=0, sd_d=sd_d, b_c=b_c, on_calls_c=0, on_calls_g=0, on_social_capital=0, on_trust=0)
    x = mf.start(0.5, 0.5, p)
    dispositions, weights = np.polynomial.hermite_e.hermegauss(60)
    drive = citizen_drive(0.0, x[0], x[2], x[3], 0.0, p)
    exact = sum(w * willingness_target(drive + sd_d * d, p) for d, w in zip(dispositions, weights / weights.sum()))
    assert mf.step(x, p)[0] == pytest.approx(exact, abs=0.015)


def test_a_quarter_is_the_one_worked_out_by_hand_from_the_model():
    C, G, S, T, R, L, K, A = x = np.array([0.6, 0.7, 0.5, 0.45, 0.55, 0.4, 0.35, 0.5])

    def sig(z):
        return 1 / (1 + np.exp(-z))

    launch = binom.sf(3, 8, C)
    launch_c = binom.sf(3, 8, C - 0.1 * 0.05)  # .45 of a citizen's contacts are near: bond (.45 - .5)
    supports = (1 - 0.2 / (1 + 0.1 * 0.6)) * G  # .6 of six ties lead far and round silos
    own = np.array([0.8, 0.65, 0.35])  # solo, joint, called
    n = 0.6 * np.array([C * launch_c * (1 - supports), C * launch_c * supports, G * launch])
    dead = 0.6 * G * (1 - launch)
    works = sig(0.4 + 2 * S - 1 + 2 * own - 1 + np.array([-0.5, 0.5 + K - 0.5, 0.5 + K - 0.5]))
    ends = sig(-2.6 + 0.8 * 0.4 * np.array([0.5, 1, 1]) - 0.8 * (2 * own - 1) + 1.2 * 0.2 + np.array([0.3, -0.3, -0.3]))
    cov = min(1, (n * works / ends).sum() / 8)
    act = n.sum() * 4 * 6 / 25
    part = act / (act + 0.5)
    s, f = (n * works)[1:].sum(), (n * (1 - works))[1:].sum()
    q = 1 - 0.92**4
    trust = T + 6 / 25 * q * (n[0] * 1.25 * (0.1 - T) + s * (1 - T) + f * (0.5 - T))
    trust += 0.08 * 0.1 * (0.8 * G - trust)
    reputation = R + 0.12 * ((n * works).sum() - n.sum() * R) - 0.3 * 0.12 * dead * R
    reputation += 0.015 * (0.5 - reputation)
    f_all = f + 0.3 * dead
    risk = L + 0.12 * ((s + 0.4 * f_all) * (1 - L) - 1.5 * 0.6 * f_all * L) + 0.03 * (0.35 - L)
    capital = S + 0.085 * part * (1 - S) - 0.03 * (S - 0.2)
    capacity = K + (0.06 * 0.4 * (s + f) + 0.04 * G) * (1 - K) - 0.03 * K
    support = A + 0.04 * (0.7 * G + 0.3 * part * trust - A)
    slope = 9 / np.sqrt(1 + np.pi / 8 * 81 * (0.15**2 + (0.55 * 0.12) ** 2 / 6))
    drive_c = 0.04 + 0.55 * (C - 0.5) + 0.8 * (capital - 0.5) + 0.75 * 0.3 * (trust - 0.5) + 0.3 * (0 - 0.3 * cov)
    drive_g = (0.1 + 0.6 * (G - 0.5) + 0.4 * (risk - 0.5) + 0.3 * (capacity - 0.5) + 0.45 * (support - 0.5)
               + 0.75 * (0.2 * (reputation - 0.5) + 0.1 * (part - 0.5)))
    willing = C + 0.2 * (0.1 + 0.8 * sig(slope * drive_c) - C), G + 0.2 * (0.1 + 0.8 * sig(slope * drive_g) - G)
    by_hand = [*willing, capital, trust, reputation, risk, capacity, support]
    np.testing.assert_allclose(mf.step(x, defaults()), by_hand, rtol=0, atol=1e-12)


# ---------------------------------------------------------------- fixed points

@pytest.mark.parametrize("name", PRESETS)
def test_fixed_points_are_fixed(found, name):
    p = defaults(**PRESETS[name])
    for point in found[name]:
        np.testing.assert_allclose(mf.step(point.state, p), point.state, rtol=0, atol=1e-8)
        assert point.regime == quadrant(*point.state[:2])


@pytest.mark.parametrize("name", PRESETS)
def test_stability_is_what_a_small_push_shows(found, name):
    p = defaults(**PRESETS[name])
    states = np.array([point.state for point in found[name]])
    stable = np.array([point.stable for point in found[name]])
    luck = np.random.default_rng(1)
    pushed = far(states + luck.uniform(-1e-4, 1e-4, states.shape), p, 3000)
    distance = np.abs(pushed - states).max(axis=1)
    assert np.all(distance[stable] < 1e-8)
    assert np.all(distance[~stable] > 0.05)


def test_defaults_hold_two_futures_and_one_saddle(found):
    assert [(point.regime, point.stable) for point in found["default"]] == [
        (WASTELAND, True), (WASTELAND, False), (LETS_DANCE, True)]


def test_sticky_holds_all_four_futures(found):
    assert {point.regime for point in found["sticky"] if point.stable} == {
        LETS_DANCE, LONE_RANGER, DEAD_HORSE, WASTELAND}
    p = defaults(**PRESETS["sticky"])
    assert all(mf.residence(p, C, G) is None for C in (0.25, 0.75) for G in (0.25, 0.75))


# ---------------------------------------------------------------- residence, basins

@pytest.mark.parametrize(("C", "G"), [(0.75, 0.25), (0.25, 0.75)])
def test_more_interdependence_shortens_the_mixed_futures(C, G):
    quarters = [mf.residence(defaults(k=k), C, G) for k in (0.25, 0.75, 1.5)]
    assert None not in quarters
    assert quarters[0] > quarters[1] > quarters[2]


def test_residence_ends_when_another_quadrant_has_held():
    p = defaults()
    path = mf.trajectory(0.75, 0.25, p, 400)
    t = mf.residence(p, 0.75, 0.25)
    assert all(quadrant(*x[:2]) == LONE_RANGER for x in path[:t - 1])
    assert quadrant(*path[t - 1, :2]) == quadrant(*path[t, :2]) != LONE_RANGER
    assert mf.residence(p, 0.75, 0.25, limit=t) == t
    assert mf.residence(p, 0.75, 0.25, limit=t - 1) is None


def test_basins_are_those_of_the_attractors():
    p = defaults()
    C0, G0, regime = mf.basin_map(p, grid=5)
    assert regime.shape == (5, 5)
    assert C0[1] == G0[1] == 0.25
    assert regime[0, 0] == regime[1, 1] == WASTELAND
    assert regime[4, 4] == regime[3, 1] == regime[1, 3] == LETS_DANCE
    np.testing.assert_array_equal(mf.basin_map(p, C0[1:])[2], regime[1:, 1:])
    early = mf.basin_map(p, grid=5, quarters=20)[2]
    assert (early[3, 1], early[1, 3]) == (LONE_RANGER, DEAD_HORSE)


# ---------------------------------------------------------------- the step

@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=8, max_size=8),
       st.dictionaries(st.sampled_from(sorted(PARAMETERS)), st.floats(0, 1), max_size=40))
def test_stocks_stay_shares_for_all_parameters_in_range(state, places):
    values = {}
    for name, place in places.items():
        low, high = PARAMETERS[name].range
        value = min(high, low + place * (high - low))
        values[name] = round(value) if PARAMETERS[name].whole else value
    x = np.array(state)
    p = defaults(**values)
    for _ in range(3):
        x = mf.step(x, p)
        assert np.all((x >= 0) & (x <= 1)), dict(zip(mf.STOCKS, x))


def test_a_stack_of_states_steps_as_each_does():
    p = defaults()
    states = np.random.default_rng(2).uniform(size=(2, 3, 8))
    one_by_one = np.array([[mf.step(x, p) for x in row] for row in states])
    np.testing.assert_array_equal(mf.step(states, p), one_by_one)


@pytest.mark.parametrize(("switch", "stocks"), [
    ("on_willingness_c", "C"), ("on_willingness_g", "G"), ("on_social_capital", "S"), ("on_trust", "T"),
    ("on_reputation", "R"), ("on_risk_culture", "L"), ("on_capacity", "K"), ("on_top_support", "A")])
def test_a_mechanism_switched_off_leaves_its_stock_alone(switch, stocks):
    x = np.full(8, 0.6)
    column = mf.STOCKS.index(stocks)
    assert mf.step(x, defaults(**{switch: 0}))[column] == x[column]
    assert mf.step(x, defaults())[column] != x[column]


def test_bad_input_is_refused():
    with pytest.raises(Refused, match="8 stocks"):
        mf.step(np.zeros(7), defaults())
    with pytest.raises(Refused, match="C0"):
        mf.start(1.2, 0.5, defaults())
