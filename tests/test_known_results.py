"""Known results, as limit cases of the model's own diffusion core, against their oracles.

An oracle is a closed form, a published number, or an experiment re-run with an independent program
(tests/facts/*_reference.csv). Numbers in capitals, B1 to B10, are those of the list of benchmarks.
"""

import csv
import doctest
import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import optimize, stats

from letsdance.params import Refused
from letsdance.simulation import limits
from letsdance.simulation.limits import (
    NEVER,
    bass,
    bass_by_steps,
    bass_curve,
    bass_inflections,
    bass_mean_time,
    bass_peak,
    bass_time,
    categories_by_rank,
    categories_by_spread,
    centola_macy,
    count_needed,
    curve,
    diffuse,
    first,
    fraction_needed,
    frailty,
    front_speed,
    gamma_frailty_survival,
    gleeson_final,
    granovetter,
    granovetter_equilibrium,
    lattice_front,
    random_seeds,
    si,
    si_total_time,
    ties_key,
    watts,
    watts_chance,
    watts_window,
)
from letsdance.simulation.networks import degree_preserving_rewire, erdos_renyi, grid, path, ring_lattice, star
from letsdance.simulation.rules.thresholds import threshold_probability

P, Q = 0.03, 0.38  # Sultan, Farley and Lehmann (1990)


def reference(name: str) -> list[dict[str, float]]:
    """A table of an independent program's results; an empty cell is not a number."""
    with (Path(__file__).parent / "facts" / f"{name}_reference.csv").open(encoding="utf-8") as file:
        return [{key: float(cell or "nan") for key, cell in row.items()} for row in csv.DictReader(file)]


def share_by(times: np.ndarray, at) -> np.ndarray:
    """Share that has adopted by each of some times [run, time]."""
    return np.array([(times <= t + 1e-9).mean(axis=1) for t in at]).T


def test_the_example_runs():
    assert doctest.testmod(limits).failed == 0


# ---------------------------------------------------------------- B1 Bass

@cache
def bass_runs(n: int, runs: int, dt: float, horizon: float) -> np.ndarray:
    return np.sort([bass(P, Q, n, dt, horizon, seed) for seed in range(runs)], axis=1)


def test_bass_closed_forms_give_the_printed_numbers():
    assert bass_curve([1, 2, 5, 8, 10, 15], P, Q) == pytest.approx([.0358, .0851, .3312, .6517, .8128, .9716], abs=5e-5)
    assert bass_time([.16, .50, .84, .95], P, Q) == pytest.approx([3.126, 6.550, 10.456, 13.569], abs=5e-4)
    assert bass_peak(P, Q) == pytest.approx((6.193, .4605, .1106), abs=5e-4)
    assert bass_mean_time(P, Q) == pytest.approx(math.log(1 + Q / P) / Q, rel=1e-12) == pytest.approx(6.881, abs=5e-4)
    assert bass_mean_time(P, Q, above=.84) == pytest.approx(13.096, abs=5e-4)
    assert bass_inflections(P, Q) == pytest.approx((2.981, 9.405), abs=5e-4)
    assert bass_curve(bass_inflections(P, Q), P, Q) == pytest.approx([.149, .772], abs=5e-4)


def test_bass_curve_of_many_runs():
    t = np.arange(1, 21)
    F = share_by(bass_runs(10_000, 100, .01, 60), t)
    assert np.abs(F.mean(axis=0) - bass_curve(t, P, Q)).max() <= .005


def test_bass_single_runs_scatter_as_they_should():
    t, sd = [5, 8, 15], np.array([.0099, .0108, .0022])
    F = share_by(bass_runs(10_000, 100, .01, 60), t)
    assert np.all(np.abs(F[:10] - bass_curve(t, P, Q)) <= 4 * sd)  # in all 100 chance alone would fail 1 test in 50
    assert F.std(axis=0, ddof=1) == pytest.approx(sd, rel=.25)  # 100 runs tell a SD to 7 %


def test_bass_times_and_peak_of_many_runs():
    times = bass_runs(10_000, 100, .01, 60)
    for share in (.16, .50, .84, .95):
        assert times[:, round(share * 10_000) - 1].mean() == pytest.approx(bass_time(share, P, Q), abs=.05)
    assert times.mean() == pytest.approx(6.881, abs=.05)
    assert times[:, 8_400:].mean() == pytest.approx(13.096, abs=.05)
    peak, share, speed = bass_peak(P, Q)
    before, at, after = share_by(times, [peak - .5, peak, peak + .5]).mean(axis=0)
    assert (at, after - before) == pytest.approx((share, speed), abs=.005)


def test_bass_in_small_populations_is_late():
    assert share_by(bass_runs(100, 1000, .01, 60), [8]).mean() == pytest.approx(.627, abs=4 * .11 / math.sqrt(1000))
    assert share_by(bass_runs(100, 1000, .01, 60), [8]).mean() < bass_curve(8, P, Q) - .015
    assert share_by(bass_runs(100, 1000, .01, 60), [8]).std() == pytest.approx(.11, rel=.1)


@pytest.mark.parametrize(("n", "runs"), [(100, 1000), (1000, 200), (10_000, 100)])
def test_bass_as_an_independent_program_has_it(n, runs):
    for row in (row for row in reference("bass_abm") if row["N"] == n):
        ours = share_by(bass_runs(n, runs, .01, 60), [row["t"]])
        assert ours.mean() == pytest.approx(row["mean"], abs=4 * math.hypot(row["se"], row["sd"] / math.sqrt(runs)))


def test_bass_in_steps_of_one_is_another_curve():
    t, printed = [1, 2, 5, 8, 10, 15], [.0300, .0702, .2729, .5881, .7826, .9782]
    assert bass_by_steps(P, Q, 15)[t] == pytest.approx(printed, abs=5e-5)
    share = share_by(bass_runs(10_000, 100, 1., 15), t).mean(axis=0)
    assert share == pytest.approx(printed, abs=.005)
    assert np.all(np.abs(share - bass_curve(t, P, Q))[2:4] > .05)


# ---------------------------------------------------------------- B2 SI
# A step of dt multiplies the infected by 1 + dt where time would by e^dt, and the rest by 1 - dt where time would by
# e^-dt: growth lags and the end hurries, each by dt/2 per unit of time. So |bias| of a duration T is at most T dt/2.

@cache
def si_runs(n: int, dt: float) -> np.ndarray:
    return np.sort([si(n, 1., first(n, 1), dt, 100, seed) for seed in range(500)], axis=1)


@pytest.mark.parametrize(("n", "upto", "mean", "sd"), [
    (1000, 1., 14.954, 1.820), (1000, .5, 7.475, 1.287), (1000, .84, 9.130, 1.290), (100, 1., 10.251, 1.846)])
def test_si_total_time(n, upto, mean, sd):
    assert si_total_time(n, 1., upto) == pytest.approx((mean, sd), abs=5e-4)
    dt = .01
    times = si_runs(n, dt)[:, round(upto * n) - 1]
    assert abs(times.mean() - mean) <= 3 * sd / math.sqrt(len(times)) + mean * dt / 2
    assert times.std(ddof=1) == pytest.approx(sd, rel=.1)  # 500 runs tell it to 3 %


def test_si_from_many_seeds_is_logistic():
    t = np.arange(1, 6)
    logistic = 1 / (1 + 19 * np.exp(-t))
    assert logistic == pytest.approx([.125, .280, .514, .742, .887], abs=5e-4)
    times = np.array([si(10_000, 1., first(10_000, 500), .01, 5, seed) for seed in range(100)])
    infected = share_by(times, t).mean(axis=0)  # a single run has a SD of .011 at its steepest
    assert infected == pytest.approx(logistic, abs=.01)


def test_si_along_a_path():
    times = np.array([si(path(51), 1., first(51, 1), .02, 400, seed) for seed in range(1000)])
    for d in (1, 10, 25, 50):  # waits are geometric: their mean, 1/beta, has no bias of the time step
        assert abs(times[:, d].mean() - d) <= 3 * math.sqrt(d / 1000)
        assert times[:, d].std(ddof=1) == pytest.approx(math.sqrt(d), rel=.12)


def test_si_from_the_hub_of_a_star():
    k = np.arange(1, 101)
    mean, sd = (1 / k).sum(), math.sqrt((1 / k**2).sum())
    assert (mean, sd) == pytest.approx((5.187, 1.279), abs=5e-4)
    total = np.array([si(star(100), 1., first(101, 1), .01, 100, seed) for seed in range(1000)]).max(axis=1)
    assert abs(total.mean() - mean) <= 3 * sd / math.sqrt(1000) + mean * .01 / 2
    assert total.std(ddof=1) == pytest.approx(sd, rel=.1)


# ---------------------------------------------------------------- B3 Granovetter

def adopters(when: np.ndarray) -> int:
    return int((when != NEVER).sum())


def crowd(n: int, mean: float, sd: float) -> np.ndarray:
    """Thresholds of n at the quantiles of a normal of this mean and SD (as counts), rounded up."""
    return np.ceil(stats.norm.ppf((np.arange(n) + .5) / n, mean, sd))


def test_granovetter_by_one_threshold():
    chain = list(range(100))
    assert granovetter(chain).tolist() == list(range(1, 101))  # 100 adopters, one a round
    assert adopters(granovetter([0, 2, *chain[2:]])) == 1
    assert adopters(granovetter([*chain[:50], 51, *chain[51:]])) == 50
    assert adopters(granovetter([threshold + 1 for threshold in chain])) == 0


def test_granovetter_tips_in_a_crowd_without_end():
    # At the tipping point the curve touches the diagonal: density 1 at r = Phi((r - mean) / sd).
    def gap(sd):
        x = -math.sqrt(-2 * math.log(sd * math.sqrt(2 * math.pi)))
        return stats.norm.cdf(x) - (.25 + sd * x)

    tipping = optimize.brentq(gap, .11, .13)
    assert tipping == pytest.approx(.12222, abs=1e-5)
    assert granovetter_equilibrium(.25, .12221) == pytest.approx(.0603, abs=2e-4)
    assert granovetter_equilibrium(.25, .12223) == pytest.approx(1., abs=5e-5)


@pytest.mark.parametrize("sd", [.1200, .1215, .1222, .1223, .1235])
def test_granovetter_tips_in_a_large_crowd(sd):
    n = 100_000
    share = adopters(granovetter(crowd(n, .25 * n, sd * n))) / n
    assert share == pytest.approx(granovetter_equilibrium(.25, sd), abs=.001)


@pytest.mark.parametrize(("sd", "expected"), [(12.5, 5), (12.55, 100), (13., 100)])
def test_granovetter_in_a_crowd_of_a_hundred(sd, expected):
    assert adopters(granovetter(crowd(100, 25, sd))) == expected


def test_granovetter_tips_first_at_12_55_in_a_crowd_of_a_hundred():
    assert all(adopters(granovetter(crowd(100, 25, sd))) < 10 for sd in np.arange(12., 12.545, .01))


# ---------------------------------------------------------------- B4 Watts, and Gleeson and Cahalane

def test_watts_window():
    for phi, window in ((.18, (1.021, 5.765)), (.15, (1.004, 7.477)), (.12, (1.000, 10.657)), (.22, (1.114, 3.863)),
                        (.25, (1.114, 3.863))):
        assert watts_window(phi) == pytest.approx(window, abs=5e-4)
    assert watts_window(.26) is watts_window(.3) is watts_window(.5) is None


def test_watts_chance_gives_the_printed_numbers():
    theory = [.549, .754, .873, .865, .695, .376, 0, 0]
    assert [watts_chance(z, .18) for z in (1.5, 2, 3, 4, 5, 5.5, 6, 8)] == pytest.approx(theory, abs=6e-4)


@pytest.mark.parametrize("z", [.8, 2., 5., 8.])
def test_watts_cascades(z):
    sizes = np.array([(watts(10_000, z, .18, seed) != NEVER).mean() for seed in range(400)])
    everywhere = sizes > .1
    row = next(row for row in reference("watts") if row["z"] == z)
    if z in (.8, 8.):
        assert everywhere.mean() < .005
    else:
        error = 3 * math.sqrt(watts_chance(z, .18) * (1 - watts_chance(z, .18)) / len(sizes))
        assert everywhere.mean() == pytest.approx(watts_chance(z, .18), abs=error)
        assert everywhere.mean() == pytest.approx(row["P_global"], abs=error)
        assert sizes[everywhere].mean() == pytest.approx(row["mean_size_if_global"], abs=.01)
    assert np.median(sizes[~everywhere]) == pytest.approx(row["median_size_otherwise"], abs=1e-4)


@pytest.mark.parametrize(("z", "phi", "seeds", "printed"), [
    (4, .5, .1, .163), (6, .5, .2, .327), (4, .3, .01, .0272), (10, .18, .01, .0197), (4, .18, .01, .9804),
    (6, .18, .01, None), (8, .18, .05, None)])
def test_gleeson_cahalane(z, phi, seeds, printed):
    theory = gleeson_final(z, phi, seeds)
    if printed:
        assert theory == pytest.approx(printed, rel=.002)
    sizes = [(watts(10_000, z, phi, seed, round(seeds * 10_000)) != NEVER).mean() for seed in range(20)]
    assert np.mean(sizes) == pytest.approx(theory, abs=.015)
    row = next(row for row in reference("gleeson") if (row["z"], row["phi"], row["rho0"]) == (z, phi, seeds))
    assert np.mean(sizes) == pytest.approx(row["mean"], abs=4 * row["sd"] * math.sqrt(2 / 20))


@pytest.mark.parametrize("phi", [.07, .1, .2, .25, "1/3", .5])
def test_thresholds_are_exact(phi):
    """Who knows k needs ceil(phi k), no float in between: with one fewer the rule says no, with as many yes."""
    share = limits.Fraction(str(phi))
    k = np.arange(1, 301)
    for contacts, threshold in zip(k.tolist(), fraction_needed(phi, k)):
        needed = math.ceil(share * contacts)
        assert threshold_probability(needed / contacts, 0., threshold, 1., None) == 1.
        assert threshold_probability((needed - 1) / contacts, 0., threshold, 1., None) == 0.


def test_who_knows_nobody_never_adopts():
    assert fraction_needed(.18, np.array([0, 1])).tolist() == [math.inf, 1.]
    network = erdos_renyi(2000, 1., ties_key(1))
    when = diffuse(threshold_probability, network, first(2000, 0), 50, trust=0.,
                   resources=fraction_needed(0., network.degree))
    assert np.array_equal(when != NEVER, network.degree > 0)


# ---------------------------------------------------------------- B5 fronts

@pytest.mark.parametrize(("half", "tau", "seeds", "steps"), [
    (2, 1, 2, 250), (2, 2, 2, 499), (2, 3, 3, None), (5, 1, 5, 100), (5, 3, 5, 166), (5, 5, 5, 496), (5, 6, 6, None)])
def test_front_on_a_ring(half, tau, seeds, steps):
    n, when, speed = 1000, lattice_front(1000, half, tau, seeds), front_speed(half, tau)
    if steps is None:
        assert speed == 0
        assert adopters(when) == seeds
    else:
        assert when.max() == steps
        assert np.sort(when)[n // 2 - 1] == math.ceil((n / 2 - seeds) / (2 * speed))
        for t in range(20):
            assert (when <= t).sum() == seeds + 2 * speed * t


@pytest.mark.parametrize(("moore", "count"), [
    (False, lambda t: 2 * t * t + 2 * t + 1), (True, lambda t: (2 * t + 1) ** 2)])
def test_front_on_a_grid(moore, count):
    side, reach = 61, 30
    network = grid(side, side, moore)
    seeds = np.arange(side * side) == side * side // 2
    when = diffuse(threshold_probability, network, seeds, reach, trust=0., resources=count_needed(1, network.degree))
    assert [(when <= t).sum() for t in range(reach + 1)] == [count(t) for t in range(reach + 1)]
    assert curve(when, reach).tolist() == [count(t) / side**2 for t in range(reach + 1)]


# ---------------------------------------------------------------- B6 Centola and Macy

@cache
def centola_macy_runs(degree: int, tau: int, rewired: float, runs: int = 50, slip: float = 0.) -> np.ndarray:
    """The step at which 90 % of 1000 have adopted, by run."""
    return np.array([np.sort(centola_macy(1000, degree, tau, rewired, seed, slip))[899] for seed in range(runs)])


@pytest.mark.parametrize("degree", [4, 10])
def test_simple_contagion_always_gains_from_long_ties(degree):
    median = [np.median(centola_macy_runs(degree, 1, p)) for p in (0., .001, .01, .03, .1, .3, 1.)]
    assert np.all(np.diff(median) < 0)


def test_complex_contagion_collapses():
    for p in (.01, .03, .1, .3, 1.):
        assert np.all(centola_macy_runs(4, 2, p) == NEVER)
    for tau in (3, 4, 5):
        assert np.all(centola_macy_runs(10, tau, 0.) < NEVER)
        assert np.all(centola_macy_runs(10, tau, 1.) == NEVER)


@pytest.mark.parametrize("row", reference("centola_macy"), ids=lambda row: "{degree:g}-{tau:g}-{p:g}".format(**row))
def test_centola_macy_as_an_independent_program_has_it(row):
    steps = centola_macy_runs(int(row["degree"]), int(row["tau"]), row["p"])
    full, expected = int((steps < NEVER).sum()), round(row["P_full90"] * row["runs"])
    if row["p"] == 0.:  # no chance in it but where it starts
        assert set(steps) == {row["median_steps_to_90"] if expected else NEVER}
    else:
        table = [[full, 50 - full], [expected, round(row["runs"]) - expected]]
        assert stats.fisher_exact(table).pvalue > .001
        if row["P_full90"] == 1.:
            assert np.median(steps) == pytest.approx(row["median_steps_to_90"], rel=.15, abs=1)


def test_with_noise_long_ties_help_complex_contagion_again():
    """Eckles et al. (2024): a chance of order n^(-1/tau) below the threshold turns the sign of rewiring around."""
    slip = 1000 ** -.5
    exact = {p: centola_macy_runs(4, 2, p, 20) for p in (0., .1, 1.)}
    noisy = {p: centola_macy_runs(4, 2, p, 20, slip) for p in (0., .1, 1.)}
    assert exact[0.].max() < NEVER == exact[.1].min() == exact[1.].min()
    assert noisy[1.].max() < noisy[.1].max() < noisy[0.].min() < NEVER
    assert np.median(noisy[.1]) < np.median(noisy[0.]) / 3


# ---------------------------------------------------------------- B9 late adopters

@pytest.mark.parametrize(("alpha", "printed"), [(.5, .447), (1., .333), (2., .250), (math.inf, .135)])
def test_heterogeneity_alone_gives_late_adopters(alpha, printed):
    assert gamma_frailty_survival(20, .1, alpha) == pytest.approx(printed, abs=5e-4)
    times = np.array([frailty(.1, alpha, 10_000, .05, 60, seed) for seed in range(20)])
    t = np.arange(0, 61, 10)
    waiting, expected = 1 - share_by(times, t).mean(axis=0), gamma_frailty_survival(t, .1, alpha)
    assert waiting == pytest.approx(expected, abs=.005)
    hazard = -np.diff(np.log(waiting[:5])) / 10
    if math.isinf(alpha):
        assert hazard == pytest.approx(.1, rel=.05)
    else:
        assert np.all(np.diff(hazard) < 0)
        assert hazard == pytest.approx(-np.diff(np.log(expected[:5])) / 10, rel=.05)
        assert waiting[-1] > 5 * gamma_frailty_survival(60, .1, math.inf)  # the long tail


# ---------------------------------------------------------------- B10 categories

def test_categories_by_rank_are_the_models():
    assert np.bincount(categories_by_rank(1000)).tolist() == [25, 135, 340, 340, 160]
    assert np.all(np.diff(categories_by_rank(1000)) >= 0)


def test_categories_by_spread_are_rogers():
    times = np.random.default_rng(1).normal(20., 5., 1_000_000)
    percent = np.bincount(categories_by_spread(times)) / 10_000
    assert percent == pytest.approx([2.28, 13.59, 34.13, 34.13, 15.87], abs=.2)  # 4 SE of the largest
    assert categories_by_spread(np.array([1., 2., 3.])).tolist() == [2, 3, 4]  # on a cut: the later category


# ---------------------------------------------------------------- what they stand on

def neighbours(network, i) -> list[int]:
    return network.neighbours[network.ties[i]:network.ties[i + 1]].tolist()


def assert_simple(network) -> None:
    """Nobody knows himself or anybody twice, and whom one knows knows one."""
    met = [neighbours(network, i) for i in range(len(network.ties) - 1)]
    for i, others in enumerate(met):
        assert i not in others
        assert len(set(others)) == len(others)
        assert all(i in met[j] for j in others)


def test_random_graphs_are_simple_and_poisson():
    n, z = 20_000, 4.
    network = erdos_renyi(n, z, ties_key(3))
    assert_simple(network)
    assert network.degree.mean() == pytest.approx(z, abs=4 * math.sqrt(2 * z / n))
    seen = np.bincount(np.minimum(network.degree, 11), minlength=12)
    expected = n * np.append(stats.poisson.pmf(np.arange(11), z), stats.poisson.sf(10, z))
    assert stats.chisquare(seen, expected).pvalue > .001
    assert erdos_renyi(10, 0., ties_key(3)).degree.sum() == 0


@pytest.mark.parametrize("share", [0., .1, 1.])
def test_rewiring_keeps_degrees(share):
    lattice = ring_lattice(1000, 5)
    network = degree_preserving_rewire(lattice, share, ties_key(4))
    assert_simple(network)
    assert np.array_equal(network.degree, lattice.degree)
    kept = np.mean([len(set(neighbours(network, i)) & set(neighbours(lattice, i))) / 10 for i in range(1000)])
    assert kept == pytest.approx(math.exp(-share), abs=.02)  # what drawing edges at random leaves


def test_small_networks_are_what_they_are_called():
    assert [neighbours(path(4), i) for i in range(4)] == [[1], [0, 2], [1, 3], [2]]
    assert [neighbours(star(3), i) for i in range(4)] == [[1, 2, 3], [0], [0], [0]]
    assert [sorted(neighbours(ring_lattice(7, 2), i)) for i in (0, 3)] == [[1, 2, 5, 6], [1, 2, 4, 5]]
    assert sorted(neighbours(grid(3, 3), 4)) == [1, 3, 5, 7]
    assert sorted(neighbours(grid(3, 4, moore=True), 0)) == [1, 4, 5]


def test_random_seeds_are_so_many_and_evenly_spread():
    chosen = sum(random_seeds(20, 5, seed).astype(int) for seed in range(4000))
    assert chosen.sum() == 5 * 4000
    assert chosen == pytest.approx(1000, abs=4 * math.sqrt(4000 * .25 * .75))


def test_a_network_of_another_size_is_refused():
    with pytest.raises(Refused, match="10 rows, but the network has 9"):
        diffuse(threshold_probability, path(9), first(10, 1), 5)
