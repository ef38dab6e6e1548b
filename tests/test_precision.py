"""Precision on demand: the intervals hold however often one looks, and the runs stop where they are narrow enough."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from letsdance.experiments import precision
from letsdance.experiments.outcomes import Outcome
from letsdance.experiments.precision import BETS, Target, asymptotic, betting, capital, run_until, sequence, until
from letsdance.params import Refused
from letsdance.simulation.run import simulate

ALPHA = 0.05


def generator(name: str) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence([20, *name.encode()]))


#: Laws with a known mean in [0, 1]: name -> (mean, values of a shape).
LAWS = {
    "even coin": (0.5, lambda g, shape: (g.random(shape) < 0.5).astype(float)),
    "rare event": (0.05, lambda g, shape: (g.random(shape) < 0.05).astype(float)),
    "beta": (10 / 40, lambda g, shape: g.beta(10, 30, shape)),
    "u-shaped": (0.2 / 0.7, lambda g, shape: g.beta(0.2, 0.5, shape)),
}


def ever_wrong(outside: np.ndarray, n: int) -> float:
    """Highest share of n sequences that may be wrong at some look if ALPHA is kept: with three standard errors."""
    assert len(outside) == n
    return ALPHA + 3 * np.sqrt(ALPHA * (1 - ALPHA) / n)


# ---------------------------------------------------------------- coverage under continuous looking

@pytest.mark.parametrize("law", LAWS)
def test_betting_covers_the_mean_at_all_looks_at_once(law):
    mean, draw = LAWS[law]
    x = draw(generator(law), (2000, 500))
    outside = (capital(x, mean) >= np.log(1 / ALPHA)).any(axis=1)
    assert outside.mean() <= ever_wrong(outside, 2000)


@pytest.mark.parametrize("law", LAWS)
def test_students_interval_looked_at_after_every_run_does_not(law):
    mean, draw = LAWS[law]
    x = draw(generator(law), (2000, 500))
    n = np.arange(1, 501)
    m = np.cumsum(x, axis=1) / n
    with np.errstate(invalid="ignore", divide="ignore"):
        sem = np.sqrt(np.maximum(np.cumsum(x**2, axis=1) / n - m**2, 0) / (n - 1))
        half = stats.t.ppf(1 - ALPHA / 2, n - 1) * sem
    outside = (np.abs(m - mean) > half)[:, 31:].any(axis=1)  # from 32 runs on, as the betting sequence starts
    assert outside.mean() > ever_wrong(outside, 2000)


@pytest.mark.parametrize(("name", "draw", "mean"), [
    ("normal", lambda g, shape: g.normal(3.0, 2.0, shape), 3.0),
    ("skewed", lambda g, shape: g.exponential(1.0, shape), 1.0)])
def test_the_asymptotic_sequence_covers_from_its_first_look_on(name, draw, mean):
    x = draw(generator(name), (2000, 1500))
    n = np.arange(1, 1501)
    m = np.cumsum(x, axis=1) / n
    sd = np.sqrt(np.maximum(np.cumsum(x**2, axis=1) / n - m**2, 0))
    first = precision._FIRST["asymptotic"]
    # half-widths from the function itself, on values -+1 whose standard deviation is 1
    ones = np.resize([-1.0, 1.0], 1500)
    half = np.array([(asymptotic(ones[:k])[1] - ones[:k].mean()) / ones[:k].std() for k in range(first, 1501)])
    outside = (np.abs(m - mean)[:, first - 1:] > sd[:, first - 1:] * half).any(axis=1)
    assert outside.mean() <= ever_wrong(outside, 2000)


@pytest.mark.parametrize(("draw", "mean"), [
    (lambda g, shape: g.lognormal(0.0, 1.5, shape), np.exp(1.125)),
    (lambda g, shape: g.lognormal(0.0, 1.0, shape), np.exp(0.5)),
    (lambda g, shape: g.pareto(3.0, shape), 0.5)], ids=["lognormal(1.5)", "lognormal(1)", "pareto(3)"])
def test_skewed_outcomes_are_believed_only_from_so_many_runs_that_the_sequence_covers(draw, mean):
    """From the first look at which there are `enough`, at every later one too; without, 9-22 % are wrong at some look."""
    looks = [64]
    while looks[-1] < 4000:
        looks.append(looks[-1] + max(8, looks[-1] // 8))
    wrong, at_any = np.zeros(250, bool), np.zeros(250, bool)
    for k, x in enumerate(draw(generator("skew"), (250, looks[-1]))):
        for n in looks:
            low, high = asymptotic(x[:n])
            if not low <= mean <= high:
                at_any[k] = True
                wrong[k] |= n >= precision.enough(x[:n], None)
    assert wrong.mean() <= ever_wrong(wrong, 250)
    assert at_any.mean() > wrong.mean()


def test_how_many_runs_are_enough_is_fifty_times_the_squared_skewness():
    x = generator("enough").exponential(1.0, 500)
    assert precision.enough(x, None) == np.ceil(50 * stats.skew(x) ** 2)
    assert precision.enough(np.append(x, np.nan), None) == precision.enough(x, None)
    assert precision.enough(x, (0.0, 30.0)) == precision.enough(np.ones(9), None) == precision.enough([1.0, 2.0], None) == 1


def test_a_narrow_interval_of_a_skewed_outcome_is_not_reached_and_says_so():
    one = sequence(np.r_[np.zeros(63), 1.0], None)
    found = precision.Precision(Target(Outcome("services", 60, 60), 5.0), "asymptotic", {"a": one, "b": one}, 64, False,
                                {"a": 3000, "b": 60})
    assert found.reach < 5.0
    assert not found.reached
    assert found.skewed == ("a",)
    assert "Not reached: after 64 runs" in str(found)
    assert "(a), so the interval is too often wrong until there are some 3,000 runs." in str(found)
    assert precision.Precision(found.target, "asymptotic", {"b": one}, 64, False, {"b": 60}).reached


def test_where_the_runs_stop_the_interval_holds_as_often_as_promised():
    g, wrong, took = generator("stopping"), 0, []
    for _ in range(200):
        x = (g.random(3000) < 0.3).astype(float)
        n = 32
        while precision.reach(e := sequence(x[:n], (0.0, 1.0))) > 0.1 and n < len(x):
            n += max(8, n // 8)
        wrong += not e.low <= 0.3 <= e.high
        took.append(n)
    assert max(took) < 3000
    assert wrong <= 200 * ALPHA + 3 * np.sqrt(200 * ALPHA * (1 - ALPHA))


# ---------------------------------------------------------------- the published formulas

@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("n", [1, 7, 150])
def test_the_interval_is_what_no_capital_excludes(law, n):
    x = LAWS[law][1](generator(law), n)
    low, high = betting(x)
    grid = np.linspace(0.0025, 0.9975, 200)
    inside = np.array([capital(x, m)[-1] < np.log(1 / ALPHA) for m in grid])
    assert (inside == ((grid > low) & (grid < high))).all()


def test_a_capital_is_the_product_of_its_bets_one_by_one():
    x, m = [0.2, 0.9, 0.4, 0.0, 1.0], 0.3
    for n in range(1, len(x) + 1):
        up = down = 0.0
        for bet in BETS:
            higher = lower = 1.0
            for value in x[:n]:
                higher *= 1 + bet / m * (value - m)
                lower *= 1 - bet / (1 - m) * (value - m)
            up, down = up + higher / len(BETS), down + lower / len(BETS)
        assert np.exp(capital(x, m)[n - 1]) == pytest.approx(max(up, down) / 2, rel=1e-12)


def test_a_fair_bet_gains_nothing_on_average():
    values, chances = np.array([0.0, 0.25, 1.0]), np.array([0.5, 0.3, 0.2])
    m = float(values @ chances)
    for bet in BETS:
        for side in (0, 1):
            assert float(np.exp(precision._gain(values, m, bet, side)) @ chances) == pytest.approx(1.0, abs=1e-12)


def test_the_asymptotic_width_is_the_published_one():
    x = generator("width").normal(5, 3, 200)
    r = (-2 * np.log(ALPHA) + np.log(-2 * np.log(ALPHA) + 1)) / 500
    margin = x.std() * np.sqrt(2 * (200 * r + 1) / (200**2 * r) * np.log(np.sqrt(200 * r + 1) / ALPHA))
    assert asymptotic(x) == pytest.approx((x.mean() - margin, x.mean() + margin))
    assert asymptotic(x[:1]) == (-np.inf, np.inf)


def test_other_bounds_are_a_matter_of_units():
    x = generator("units").random(80)
    low, high = betting(x)
    assert betting(2 * x - 1, -1.0, 1.0) == pytest.approx((2 * low - 1, 2 * high - 1), abs=1e-8)


def test_what_was_not_measured_is_left_out_and_counted():
    x = generator("nan").random(60)
    holes = np.insert(x, [3, 30], np.nan)
    assert sequence(holes, (0.0, 1.0)) == sequence(x, (0.0, 1.0))
    assert sequence(holes, (0.0, 1.0)).n == 60
    nothing = sequence([np.nan] * 5, (0.0, 1.0))
    assert nothing.n == 0
    assert precision.reach(nothing) == np.inf


# ---------------------------------------------------------------- runs

def test_runs_stop_at_the_first_look_that_is_narrow_enough():
    result, found = run_until("dead_horse", "lets_dance@12 +-0.05", seed=3)
    whole = simulate("dead_horse", runs=result.runs, seed=3)
    assert (result.society.to_numpy() == whole.society.to_numpy()).sum() == (~np.isnan(whole.society.to_numpy())).sum()
    values = whole.rows["lets_dance"][:, 12]
    assert found.intervals["dead_horse"] == sequence(values, (0.0, 1.0))
    assert found.reached
    assert found.method == "betting"
    assert found.runs == result.runs == len(values)
    assert str(found).startswith(f"It took {result.runs} runs")
    looks = [32]
    while looks[-1] < result.runs:
        looks.append(looks[-1] + max(8, looks[-1] // 8))
    assert looks[-1] == result.runs
    assert all(precision.reach(sequence(values[:n], (0.0, 1.0))) > 0.05 for n in looks[:-1])


def test_the_numbers_do_not_depend_on_threads():
    one, two = (run_until("dead_horse", "services@12 +-0.3", threads=threads)[1] for threads in (1, 2))
    assert one == two
    assert one.method == "asymptotic"


def test_not_reached_is_said_with_the_width_that_was():
    ended = []
    result, found = run_until("lone_ranger", "G@12 +-0.0001", most=20, progress=ended.append)
    assert (result.runs, sum(ended), found.reached) == (20, 20, False)
    assert str(found).startswith("Not reached: after 20 runs G@12 is known to only +-")
    assert "--most" in str(found)
    assert found.reach > 0.0001


@pytest.mark.parametrize("text", ["lets_dance@60 +-0.02", "lets_dance@60+-.02", " lets_dance@60 ± 0.02 ",
                                  "lets_dance@60 +/- 2e-2"])
def test_a_target_is_read_as_people_write_it(text):
    assert until(text) == Target(Outcome("lets_dance", 60, 60), 0.02)
    assert until(str(until(text))) == until(text)


@pytest.mark.parametrize(("text", "says"), [
    ("lets_dance@60", "cannot be read"), ("lets_dance@60 +-", "cannot be read"), (7, "cannot be read"),
    ("lets_dnce +-0.1", "Did you mean lets_dance?"), ("C +-a lot", "cannot be read|is not a number"),
    ("C +-wide", "'wide' is not a number"), ("C +-0", "more than 0"), ("C +--1", "more than 0"),
    ("C +-nan", "'nan' is not a number"),
    ("time_to_84 +-2", "ever_adopted@60"), ("lever_points +-2", "same in every run")])
def test_a_target_that_cannot_be_is_refused_in_one_sentence(text, says):
    with pytest.raises(Refused, match=says):
        until(text)


@pytest.mark.parametrize("most", [0, -1, 2.5, True, 10**7])
def test_the_most_runs_must_be_a_number_of_runs(most):
    with pytest.raises(Refused, match="most"):
        run_until("lone_ranger", "C +-0.1", most=most)


def test_only_what_is_bounded_is_treated_as_bounded():
    assert precision.bounds(Outcome("lets_dance")) == (0.0, 1.0)
    assert precision.bounds(Outcome("late_adopter_gap")) == (-1.0, 1.0)
    for name in ("representativeness", "services", "legitimacy_measured", "total_spend"):
        assert precision.bounds(Outcome(name)) is None
