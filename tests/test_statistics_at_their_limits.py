"""Statistics where they are easily wrong by one: empty, one value, ties, equality at a bound, what nobody chooses."""

from __future__ import annotations

import inspect
import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse, stats

from letsdance import scenarios
from letsdance.experiments import discovery, indices, paired, precision, tipping
from letsdance.experiments import early_warning as ew
from letsdance.experiments import hysteresis as hy
from letsdance.experiments import residence as rs
from letsdance.experiments.adopters import curves, scores, statistics, survival
from letsdance.experiments.adopters.history import Cascade
from letsdance.experiments.axis import LAST_SEED, parse_axis
from letsdance.experiments.outcomes import parse
from letsdance.experiments.paired import Interval
from letsdance.experiments.precision import Precision, Target
from letsdance.params import Refused
from letsdance.simulation.luck import address, uniform
from letsdance.simulation.run import simulate
from letsdance.simulation.society import interpreted_arithmetic

NAN, INF = np.nan, np.inf


@pytest.mark.parametrize(("asked", "usual"), [
    (ew.early_warning, {"quarters": 200, "settle": 40, "runs": 40, "ahead": 0, "window": 0.5, "bandwidth": 0.1}),
    (ew.watched, {"window": 0.5, "bandwidth": 0.1}), (ew.detrended, {"bandwidth": 0.1}),
    (hy.hysteresis, {"quarters": 200, "settle": 40, "wait": 200, "runs": 20}),
    (tipping.tipping, {"points": 13, "runs": 10, "quarters": 200}), (rs.residence, {"runs": 20, "quarters": 200}),
    (discovery.find_boxes, {"aim": 0.8, "most": 3, "beside": True}),
    (discovery.discover, {"points": 400, "replicates": 4, "aim": 0.8, "most": 3}),
    (discovery.from_sweep, {"aim": 0.8, "most": 3}), (precision.run_until, {"most": 20_000}),
    (precision.runs_until, {"most": 20_000}), (precision.betting, {"low": 0.0, "high": 1.0}),
    (statistics.structural_dependence, {"repetitions": 999}),
    (statistics.rewire, {"repetition": 0, "swaps_per_edge": 20.0}),
    (statistics.infectiousness, {"reach": 1, "normalised": True}), (statistics.exposure, {"lag": 0, "valued": False}),
    (statistics.susceptibility, {"reach": 1, "normalised": True}), (scores.covers, {"level": 0.8}),
    (statistics.thresholds, {"normalised": True, "lag": 0, "valued": False}), (survival.kaplan_meier, {"origin": 0.0}),
    (survival.restricted_mean, {"origin": 0.0}), (survival.log_rank, {"origin": 0.0}), (survival.by_group, {"origin": 0.0}),
    (paired.rises, {"by": 0.0}), (paired.falls, {"by": 0.0})])
def test_what_nobody_chooses_is_what_the_documents_say(asked, usual):
    given = {name: parameter.default for name, parameter in inspect.signature(asked).parameters.items()}
    assert {name: given[name] for name in usual} == usual


# ---------------------------------------------------------------- paired differences

def test_an_interval_that_ends_at_nothing_is_not_clear_of_it():
    assert [Interval(0.5, low, 1.0, 9).clear for low in (-0.1, 0.0, 0.004)] == [False, False, True]
    assert [Interval(-0.5, -1.0, high, 9).clear for high in (0.1, 0.0, -0.004)] == [False, False, True]
    assert not Interval(NAN, NAN, NAN, 1).clear


def test_a_mean_that_reaches_what_was_asked_is_seen_to_though_it_is_not_proven():
    mixed = np.array([-1.0, 2.0])
    assert paired.rises(mixed, 0.5).seen
    assert not paired.rises(mixed, 0.5000001).seen
    assert not paired.rises(np.array([-1.0, 1.0])).seen
    assert paired.rises(mixed + -0.496).seen
    assert paired.falls(-mixed, 0.5).seen
    assert not paired.falls(-mixed, 0.5000001).seen
    assert not paired.falls(np.array([-1.0, 1.0])).seen
    assert paired.falls(0.496 - mixed).seen
    assert [paired.unchanged(side * mixed, within).seen for side in (1, -1) for within in (0.5, 0.49)] == [True, False] * 2
    assert [paired.not_reversed(mixed - by).seen for by in (0.496, 0.5, 0.504)] == [True, True, False]
    assert [paired.at_least(mixed, level).seen for level in (0.5, 0.504)] == [True, False]
    assert [paired.at_most(mixed, level).seen for level in (0.5, 0.496)] == [True, False]


def test_two_values_have_students_interval_and_fewer_have_none():
    two = paired.interval([1.0, 3.0])
    assert (two.mean, two.low, two.high, two.n) == pytest.approx((2.0, *stats.t.interval(0.95, 1, 2.0, 1.0), 2))
    small = paired.interval(np.array([1e-3, 2e-3, 4e-3]))
    assert small.high - small.mean == pytest.approx(stats.t.ppf(0.975, 2) * stats.sem([1e-3, 2e-3, 4e-3]))
    for few in ([1.0], [], [1.0, NAN]):
        assert np.isnan(paired.interval(few).mean)
        assert paired.interval(few).n == len(few)
    assert paired.interval([0.3] * 5) == Interval(0.3, 0.3, 0.3, 5)
    assert paired.paired([3.0, 5.0], [2.0, 2.0]).mean == 2.0


def unseen(column, alpha, declared, largest, every):
    """(rare, low, high) of one column, by scipy's beta distribution; largest: the largest departure in any column."""
    known = column[np.isfinite(column)]
    n = len(known)
    if n == 0:
        return False, NAN, NAN
    middle = np.median(known)
    away = known - middle
    size = np.abs(away).sum()
    reach = largest if n == every and largest > 0 else max(declared, largest)
    few = size == 0 or size**2 / (away**2).sum() <= n / 2
    if not few and np.abs(away).max() * n > reach:
        return False, NAN, NAN
    ends, each = [], alpha if size == 0 else alpha / 2
    for side in (1, -1):
        part = np.maximum(side * away, 0).sum() / reach if reach > 0 else 0.0
        least = stats.beta.ppf(each, part, n - part + 1) if part > 0 else 0.0
        ends.append((least, stats.beta.ppf(1 - each, part + 1, n - part) if part < n else 1.0))
    return True, middle - reach * (ends[1][1] - ends[0][0]), middle + reach * (ends[0][1] - ends[1][0])


@pytest.mark.parametrize("scale", [1.0, 0.004])
@pytest.mark.parametrize("declared", [0.0, 1.0, 3.0])
def test_what_few_runs_make_has_the_interval_of_clopper_and_pearson(declared, scale):
    rng = np.random.default_rng(4)
    d = np.column_stack([
        np.zeros(8), np.full(8, 2.0), [1, 0, 0, 0, 0, 0, 0, 0], [1, -1, 0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 0, 0, 0], [3, 1, 1, 0, 0, 0, 0, 0], [-2, 1, 0, 0, 0, 0, 0, 0],
        rng.normal(size=8), [NAN] * 8, [NAN] * 7 + [2], [NAN, NAN, 0, 0, 0, 0, 0, 0],
        [NAN, 1, 0, 0, 0, 0, 0, 0], [NAN, 1, 2, 4, 7, 5, 3, 9],
        [NAN, NAN, 3, -1, 0, 0, 0, 0], [0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3 + 1e-13], rng.normal(size=8) / 40]) * scale
    alpha = np.linspace(0.01, 0.1, d.shape[1])
    largest = max(np.abs(column - np.nanmedian(column))[np.isfinite(column)].max(initial=0)
                  for column in d.T if np.isfinite(column).any())
    found = paired.unseen(d, alpha, declared)
    for j, one in enumerate(d.T):
        rare, low, high = unseen(np.round(one, 12), alpha[j], declared, largest, 8)  # what is rounding is no departure
        assert found[0][j] == rare, j
        assert (found[1][j], found[2][j]) == pytest.approx((low, high), nan_ok=True, abs=1e-7), j
    still = paired.unseen(np.zeros((5, 2)), np.full(2, 0.05), declared)
    assert still[0].all()
    assert still[2] == pytest.approx([declared * (1 - 0.05 ** (1 / 5))] * 2, abs=1e-12)


def test_how_skewed_runs_are_counts_quarters_of_three_runs_and_not_of_two():
    d = np.column_stack([[1.0, 2, 6, NAN], [1, 4, NAN, NAN], [5, 5, 5, 5], [0, 0, 0, 1], [1e-4, 2e-4, 9e-4, NAN]])
    own = [stats.skew([1, 2, 6]), 0, stats.skew([0, 0, 0, 1]), stats.skew([1, 2, 9])]
    assert paired.leaning(d, np.ones(5, bool)) == pytest.approx(np.average(own, weights=[3, 4, 4, 3]))
    assert paired.leaning(d[:, [1]], np.ones(1, bool)) == 0.0


@pytest.mark.parametrize("skewness", [0.3, -0.7, 2.5, -4.0])
def test_a_leant_interval_solves_halls_cubic_at_every_tenth_of_the_skewness(skewness):
    n, away = np.array([1, 2, 7, 20]), np.array([12.7, 6.3, 2.4, 2.1])
    below, above = paired.leant(away, skewness, n)
    for k, (size, student) in enumerate(zip(n, away, strict=True)):
        reaches = {1: [student], -1: [student]}
        for tenth in range(1, 11):
            part = skewness * tenth / 10
            a = part / (3 * np.sqrt(size))
            for side in (1, -1):
                roots = np.roots([a**2 / 3, a, 1, part / (6 * np.sqrt(size)) - side * student])
                reaches[side].append(side * roots[np.abs(roots.imag).argmin()].real)
        assert (below[k], above[k]) == pytest.approx((max(reaches[1]), max(reaches[-1])))


# ---------------------------------------------------------------- precision on demand

def test_a_precision_is_reached_at_the_very_width_and_number_of_runs_that_were_asked_for():
    target = Target(parse("services@9"), 0.5)

    def reached(high=0.5, n=40, enough=40):
        return Precision(target, "asymptotic", {"a": Interval(0.0, -0.25, high, n)}, n, False, {"a": enough})

    assert reached().reached
    assert not reached(high=0.51).reached
    assert not reached(n=39).reached
    assert Precision(target, "betting", {"a": Interval(0.0, -0.25, 0.5, 1)}, 1, False).reached  # enough from one run on
    nothing = Precision(target, "betting", {"a": Interval(NAN, 0.0, 1.0, 0)}, 1, False)
    assert (nothing.skewed, nothing.reach, nothing.reached) == (("a",), INF, False)
    assert precision.reach(Interval(0.2, -0.4, 0.5, 9)) == pytest.approx(0.6)
    assert precision.reach(Interval(INF, 0, 1, 9)) == INF
    for within, digits in ((0.02, 3), (0.05, 3), (0.1, 2), (1.0, 1), (5.0, 1), (30.0, 0)):
        said = str(Precision(Target(parse("C"), within), "betting", {"a": Interval(0.123456, 0.1, 0.2, 9)}, 9, False))
        assert f"a {0.123456:.{digits}f}" in said, said
    assert "known to only +-0.75" in str(replace(reached(), intervals={"a": Interval(0, -0.7512, 0.1, 40)}))
    assert reached(n=39).skewed == ("a",)
    both = Precision(target, "asymptotic", {"a": Interval(0, -0.1, 0.1, 9), "b": Interval(0, -0.1, 0.1, 9)}, 9, True,
                     {"a": 70, "b": 3000})
    assert both.skewed == ("a", "b")
    assert "3,000" in str(both)


def test_sequences_at_few_and_at_rounded_values():
    assert precision.asymptotic([1.0]) == (-INF, INF)
    assert precision.asymptotic([]) == (-INF, INF)
    low, high = precision.asymptotic([1.0, 3.0], alpha=0.1)
    r = (-2 * np.log(0.1) + np.log(1 - 2 * np.log(0.1))) / 500
    half = np.sqrt(2 * (2 * r + 1) / (4 * r) * np.log(np.sqrt(2 * r + 1) / 0.1))
    assert (low, high) == pytest.approx((2 - half, 2 + half))
    x = np.array([0.0, 1.0, 1.0, 0.5])
    assert precision.betting(x + np.array([-1e-13, 1e-13, 0, 0])) == pytest.approx(precision.betting(x))
    low, high = precision.betting(x, alpha=0.2)
    assert precision.betting(2 * x + 3, 3.0, 5.0, 0.2) == pytest.approx((3 + 2 * low, 3 + 2 * high))
    assert precision.sequence([0.4, NAN, INF], (0.0, 1.0)).n == 1
    bounded, free = precision.sequence(x, (0.0, 2.0), 0.1), precision.sequence(x, None, 0.1)
    assert bounded == Interval(0.625, *precision.betting(x, 0.0, 2.0, 0.1), 4)
    assert free == Interval(0.625, *precision.asymptotic(x, 0.1), 4)
    assert precision.enough([0.0, 0.0, 1.0], None) == np.ceil(50 * stats.skew([0, 0, 1]) ** 2)
    assert precision.enough([0.0, 0.0, 1e-3], None) == np.ceil(50 * stats.skew([0, 0, 1]) ** 2)
    assert precision.enough([-1.0, 0.0, 1.0], None) == precision.enough([], None) == precision.enough([NAN], None) == 1
    # of what never came in 3,000 runs, and of what always did: an end lies near 0 or 1, where no capital excludes it
    never = np.zeros(3000)
    end = precision.betting(never)[1]
    assert 0 < end < 0.009
    assert precision.capital(never, end + 1e-6)[-1] >= np.log(20) > precision.capital(never, end - 1e-6)[-1]
    assert precision.betting(np.ones(3000)) == pytest.approx((1 - end, 1.0))
    assert [precision.until(f"{text} +-0.1").within for text in ("C", "services@4")] == [0.1, 0.1]


class Told:
    """An outcome of runs that are told: its unit and name, and in each run of a seed 1 or 0, by the scenario."""

    def __init__(self, unit="share", name="told"):
        self.unit, self.name = unit, name

    def of(self, batch):
        story, seeds = batch
        return np.array([float((seed * {"one": 7, "two": 11, "three": 13}[story]) % 5 < 2) for seed in seeds])


@pytest.mark.parametrize("unit", ["share", "citizens"])
@pytest.mark.parametrize("reference", [None, "two"])
def test_runs_are_added_an_eighth_at_a_time_until_every_interval_is_known(reference, unit, monkeypatch):
    calls = []

    def told(story, runs, seed, municipalities, threads, progress):
        calls.append((story, runs, seed))
        return story, range(seed, seed + runs)

    monkeypatch.setattr(precision, "simulate", told)
    monkeypatch.setattr(precision, "joined", lambda parts: [seed for _, seeds in parts for seed in seeds])
    stories, outcome, within = {"one": "one", "two": "two", "three": "three"}, Told(unit), 0.16
    results, found = precision.runs_until(stories, Target(outcome, within), reference, seed=3)
    looks = [{"share": 32, "citizens": 64}[unit]]
    while looks[-1] < found.runs:
        looks.append(looks[-1] + max(8, looks[-1] // 8))
    assert looks[-1] == found.runs > looks[0]
    assert calls == [(story, n - before, 3 + before) for before, n in zip([0, *looks], looks, strict=False)
                     for story in stories]
    assert all(seeds == list(range(3, 3 + found.runs)) for seeds in results.values())
    asked = [name for name in stories if name != reference]
    ends = None if unit != "share" else (0.0, 1.0) if reference is None else (-1.0, 1.0)
    assert found.method == ("betting" if ends else "asymptotic")
    assert found.paired == (reference is not None)
    for n in looks[-2:]:
        values = {name: outcome.of((name, range(3, 3 + n))) for name in stories}
        told_ = {name: values[name] - (values[reference] if reference else 0) for name in asked}
        intervals = {name: precision.sequence(one, ends, 0.05 / len(asked)) for name, one in told_.items()}
        enough = {name: precision.enough(one, ends) for name, one in told_.items()}
        assert (max(precision.reach(one) for one in intervals.values()) <= within) == (n == found.runs)
    assert (found.intervals, found.enough) == (intervals, enough)
    for most in (7, 37):
        calls.clear()
        assert precision.runs_until({"one": "one"}, Target(outcome, 1e-6), most=most)[1].runs == most
        assert sum(runs for _, runs, _ in calls) == most
    gap = Told("citizens", "late_adopter_gap")  # from -1 to 1, so its difference is from -2 to 2
    for before, ends in ((None, (-1.0, 1.0)), ("two", (-2.0, 2.0))):
        one = precision.runs_until({"one": "one", "two": "two"}, Target(gap, 9.0), before)[1]
        values = [gap.of((name, range(1, 33))) for name in ("one", "two")]
        assert one.intervals["one"] == precision.sequence(values[0] - (values[1] if before else 0), ends,
                                                          0.05 if before else 0.025)


# ---------------------------------------------------------------- moved parameters

def limits(monkeypatch, module):
    """What whole numbers it takes, as it asks."""
    asked = {}
    monkeypatch.setattr(module, "check_whole", lambda what, value, low, high: asked.update({what: (low, high)}))
    return asked


def test_a_loop_is_read_off_where_its_parameter_was(monkeypatch):
    """A path that is 2 B, one more once B was at its far end and lies in the middle, a thousandth more a quarter, and r."""
    asked, first, last = limits(monkeypatch, hy), 0.2, 0.8

    def paths(story, schedule, seeds, columns, progress=None):
        B, t = schedule["B"], np.arange(len(schedule))
        turned = np.maximum.accumulate(B) >= last - 1e-9
        one = 2 * B + turned * 4 * (B - first) * (last - B) / (last - first) ** 2 + t / 1000
        if progress:
            progress(len(seeds))
        return np.stack([one + int(seed) for seed in seeds])[None]

    monkeypatch.setattr(hy, "paths", paths)
    monkeypatch.setattr(hy, "_at_rest", lambda story, axis, name, values: np.full((2, len(values)), 7.0))
    ended = []
    found = hy.hysteresis("lets_dance", "B=0.2:0.8", quarters=40, settle=8, wait=16, runs=3, seed=5, progress=ended.append)
    assert asked == {"quarters": (16, 2000), "settle": (1, 1000), "wait": (16, 2000), "runs": (2, 10_000),
                     "seed": (0, LAST_SEED)}
    assert sum(ended) == 4 * 3
    values = np.linspace(first, last, 41)
    bump = 4 * (values - first) * (last - values) / 0.36
    for loop, way in zip(found.loops, (20, 40), strict=True):
        at = np.arange(41) / 40 * way
        for r, seed in enumerate((5, 6, 7)):
            np.testing.assert_allclose(loop.there[r], seed + 2 * values + (8 + at) / 1000)
            knots = (at % 1 < 1e-9) | (at % 1 > 1 - 1e-9)  # between quarters the bump is a chord
            np.testing.assert_allclose(loop.back[r, knots], (seed + 2 * values + bump + (8 + 2 * way - at) / 1000)[knots])
        assert loop.gap.value == pytest.approx(np.trapezoid((loop.back - loop.there)[0], dx=1 / 40))
        assert loop.after.value == pytest.approx((8 + 2 * way) / 1000)
        assert loop.quarters == way
    assert found.waited_at == pytest.approx(0.5)
    assert found.apart.shape == (3, 17)
    np.testing.assert_allclose(found.apart, 1 + 0.04)  # 20 quarters there; 40 and 20 back
    assert (found.title, found.outcome, found.seed, found.settle) == (scenarios.load("lets_dance").title, "G", 5, 8)
    assert hy._stops(found.axis, 0.35, 40, 8) == [[(0, first), (8, first), (18, 0.35)],
                                                  [(0, first), (8, first), (48, last), (78, 0.35)]]
    assert (found.mean_field == 7).all()
    story = replace(scenarios.load("lets_dance"), title="")
    unnamed = hy.hysteresis(story, "B=0.2:0.8", quarters=40, settle=8, wait=16, runs=3)
    assert (unnamed.title, unnamed.seed) == ("lets_dance", 1)


def test_the_mean_field_rests_at_each_value_on_its_way_there_and_back():
    story = scenarios.load("lets_dance")
    p, given = hy.environment.build(story)[0], story.values()
    state, found = hy.meanfield.start(given["C0"], given["G0"], p), np.zeros((2, 2))
    for way, i in ((0, 0), (0, 1), (1, 1), (1, 0)):
        p["B"] = (0.1, 0.9)[i]
        for _ in range(400):
            state = hy.meanfield.step(state, p)
        found[way, i] = state[1]
    axis, values = parse_axis("B=0.1:0.9"), np.array([0.1, 0.9])
    np.testing.assert_allclose(hy._at_rest(story, axis, "G", values), found, atol=1e-9)
    assert np.isnan(hy._at_rest(story, axis, "services", values)).all()


def test_early_warnings_take_what_they_say_and_move_what_they_are_asked(monkeypatch):
    asked, moved = limits(monkeypatch, ew), []

    def paths(story, schedule, seeds, columns, progress=None):
        moved.append((schedule["B"].copy(), seeds.tolist(), list(columns)))
        moving, quarters = np.ptp(schedule["B"]) > 0, len(schedule)
        found = np.zeros((5, len(seeds), quarters))
        found[0] = np.random.default_rng(int(seeds[0])).normal(size=found.shape[1:])
        found[3] = 0.5  # dead_horse: as it is at one half it has not left
        found[3, :, 10 + 30:] = 0.49 if moving else 0.5
        return found

    monkeypatch.setattr(ew, "paths", paths)
    told = []
    found = ew.early_warning("lets_dance", "B=0.1:0.7", quarters=60, settle=10, runs=20, seed=4, ahead=6,
                             progress=told.append)
    assert asked == {"quarters": (48, 4000), "settle": (1, 1000), "runs": (2, 10_000), "ahead": (0, 4000),
                     "seed": (0, LAST_SEED)}
    ramp = np.interp(np.arange(71), [0, 10, 70], [0.1, 0.1, 0.7])
    still = np.full(71, 0.1)
    for (B, seeds, columns), wanted, first in zip(moved, (ramp, still, still), (4, 4, 24), strict=True):
        np.testing.assert_allclose(B, wanted)
        assert seeds == list(range(first, first + 20))
        assert columns == ["G", *ew.REGIMES]
    assert found.home == "dead_horse"
    assert (found.tipped_at == 30).all()
    np.testing.assert_allclose(found.value_at, 0.1 + 0.6 * 30 / 60)
    assert found.used.all()  # 30 - 6 is the shortest
    assert (found.left_out_quiet, found.runs, found.settle, found.ahead) == (0, 20, 10, 6)
    assert told == [1] * 60
    assert len(found.judged["variance"].quiet) == 20
    with pytest.raises(Refused, match="after at least 31 quarters"):
        ew.early_warning("lets_dance", "B=0.1:0.7", quarters=60, settle=10, runs=20, ahead=7)
    unnamed = replace(scenarios.load("lets_dance"), title="")
    assert ew.early_warning(unnamed, "B=0.1:0.7", quarters=60, settle=10, runs=20).title == "lets_dance"
    for words in ({"window": 1}, {"window": "0.5"}, {"bandwidth": 0}, {"bandwidth": True}):
        with pytest.raises(Refused, match="share of the series"):
            ew.early_warning("lets_dance", "B=0.1:0.7", quarters=60, settle=10, runs=20, **words)


def test_a_judgement_takes_two_that_tip_twenty_that_do_not_and_two_to_test():
    rng = np.random.default_rng(2)
    series = [rng.normal(size=24) for _ in range(24)]
    found = ew.judge(series[:2], series[2:22], series[22:])
    assert [len(one.tips) for one in found.values()] == [2, 2]
    for tips, null, quiet in ((1, 20, 2), (2, 19, 2), (2, 20, 1)):
        with pytest.raises(Refused, match="it takes"):
            ew.judge(series[:tips], series[2:2 + null], series[22:22 + quiet])
    # what does not vary has no trend, and is below all that has one
    assert (ew.judge([np.zeros(24)] * 2, series[2:22], series[22:])["autocorrelation"].tips == -1).all()
    calm = ew.judge([np.zeros(24)] * 2, [np.zeros(24)] * 20, [np.zeros(24)] * 2)["autocorrelation"]
    assert (calm.threshold, calm.auc.value, calm.hits.value, len(calm.lead)) == (-1.0, 0.5, 0.0, 0)
    short = np.random.default_rng(1).normal(size=24)
    for window, quarters in ((0.1, 4), (0.25, 6), (0.5, 12)):
        exact = stats.kendalltau(np.arange(25 - quarters), ew.rolling(ew.detrended(short), quarters)["variance"])
        assert ew.trends(short, window)["variance"] == pytest.approx(exact.statistic)
    assert np.isnan(ew._tau(np.zeros(0)))


# ---------------------------------------------------------------- ends of runs

def test_an_outcome_that_only_the_society_has_is_read_at_its_end(monkeypatch):
    monkeypatch.setattr(tipping.meanfield, "fixed_points", lambda in_force: [])
    story = replace(scenarios.load("wasteland").changed(parameters={"k": 0.7}), title="")  # k of its own, which is moved
    found = tipping.tipping("k=0.5:1", [story, "lone_ranger"], outcome="services", regime="wasteland", points=2, runs=2,
                            quarters=10, seed=4)
    assert found.ends.shape == (2, 2, 2, 1)
    for v, k in enumerate((0.5, 1.0)):
        for s, name in enumerate(("wasteland", "lone_ranger")):
            result = simulate(name, runs=2, quarters=10, seed=4, parameters={"k": k})
            np.testing.assert_allclose(found.ends[v, s, :, 0], parse("services").of(result))
            np.testing.assert_allclose(found.within[v, s], (result.regime[:, -1] == 3).mean(axis=1))
    assert ((result.regime[:, -2] == 3).mean(axis=1) != found.within[-1, -1]).any()  # a quarter before it was another share
    assert dict(found.starts) == {"wasteland": "wasteland", "lone_ranger": scenarios.load("lone_ranger").title}
    assert (found.stock, found.runs, found.quarters, found.seed) == (None, 2, 10, 4)
    frame = found.frame
    assert frame["value"].tolist() == [0.5] * 4 + [1.0] * 4
    assert frame["start"].tolist() == (["wasteland"] * 2 + ["lone_ranger"] * 2) * 2
    assert frame["run"].tolist() == [0, 1] * 4
    assert frame["seed"].tolist() == [4, 5] * 4
    assert frame["services"].tolist() == found.ends.ravel().tolist()
    assert frame["share_wasteland"].tolist() == found.within.ravel().tolist()
    assert set(found.tips) == {"wasteland", "lone_ranger"}
    whole = [replace(found, outcome=parse(text)).stock for text in ("C", "G", "A", "G@4", "services")]
    assert whole == [0, 1, 7, None, None]


def test_crossings_at_either_end_of_the_axis_are_said_to_lie_there_only_where_they_have_no_interval():
    values, up = np.arange(4.0), np.array([0.0, 1, 1, 1])
    mean = np.array([0.0, 0.0, 0.0, 1.0])
    for shape, edge in ((up, True), (np.array([0, 0, 1.0, 1]), False), (mean, True)):
        shares = np.stack([shape, shape, shape * 0.2], axis=1)
        tip, = tipping.crossings(values, shares)
        assert tip.seen < 0.95
        assert np.isnan(tip.at.low)
        assert tip.edge is edge
        sure, = tipping.crossings(values, np.stack([shape] * 3, axis=1))
        assert (sure.seen, sure.edge) == (1.0, False)
        assert (sure.at.low, sure.at.high) == (sure.at.value,) * 2
    alone, = tipping.crossings(values, up[:, None])
    assert np.isnan(alone.seen)


# ---------------------------------------------------------------- residence

def test_after_the_last_that_is_watched_a_drawn_curve_stays_where_it_was():
    durations, ended, runs = np.array([2.0, 1, 5, 3]), np.array([True, True, False, False]), np.array([0, 0, 1, 1])
    drawn = rs._drawn_curves(durations, ended, runs, 6, 1, 60)
    taken = rs.redrawn(2, 1, 60)
    assert {tuple(one) for one in drawn[(taken == 0).all(axis=1)]} == {(1, 0.5, 0, 0, 0, 0)}
    assert {tuple(one) for one in drawn[(taken == 1).all(axis=1)]} == {(1, 1, 1, 1, 1, 1)}
    found = rs.survival(durations, ended, runs)
    assert np.isfinite([found.low, found.high]).all()
    assert found.at_risk.tolist() == [4, 4, 3, 2, 1, 1]
    assert (found.spells, found.ended, found.until) == (4, 2, 5)


def test_residence_is_told_for_every_start_and_regime_in_one_table():
    found = rs.residence([replace(scenarios.load("wasteland"), title=""), "lone_ranger"], runs=2, quarters=12, seed=3)
    assert found.stays["wasteland"].title == "wasteland"
    assert found.stays["lone_ranger"].title == scenarios.load("lone_ranger").title
    assert found.spells.index.tolist() == list(range(len(found.spells)))
    told = [(name, what, getattr(stay, what)) for name, stay in found.stays.items() for what in ("leave", "reach")]
    told += [(regime, "later", curve) for regime, curve in found.later.items()]
    frame = found.frame
    assert frame.index.tolist() == list(range(len(frame)))
    at = 0
    for name, what, curve in told:
        rows = frame.iloc[at:at + len(curve.share)]
        assert (set(rows["of"]), set(rows["what"])) == ({name}, {what})
        assert rows["quarter"].tolist() == list(range(len(curve.share)))
        np.testing.assert_array_equal(rows[["share", "low", "high"]].T, [curve.share, curve.low, curve.high])
        at += len(rows)
    assert at == len(frame)
    for regime, curve in found.later.items():
        begun = found.spells[(found.spells["start"] > 0) & (found.spells["regime"] == regime)]
        one = rs.survival(begun["duration"], begun["ended"], begun["seed"], 3)
        np.testing.assert_array_equal([curve.share, curve.low], [one.share, one.low])
        assert curve.mean == one.mean
    assert (found.target, found.runs, found.quarters, found.seed) == ("lets_dance", 2, 12, 3)


# ---------------------------------------------------------------- indices

def test_indices_are_noise_where_more_than_a_twentieth_of_the_draws_have_no_variance(monkeypatch):
    """Of a base point at which A and B say the same a draw of that point alone has none."""
    rng = np.random.default_rng(3)
    N, k = 4, 2
    a, b = rng.random((N, k)), rng.random((N, k))
    rows = np.stack([a, np.column_stack([b[:, 0], a[:, 1]]), np.column_stack([a[:, 0], b[:, 1]]), b], axis=1)
    Y = rows[..., 0] + rows[..., 1]
    Y[0, 3] = Y[0, 0]

    def drawn(none, draws):
        points = np.ones((draws, N))
        points[:none] = [N, 0, 0, 0]
        monkeypatch.setattr(indices, "_again", lambda *_: (points, np.ones((draws, 1))))
        return indices.sobol(["a", "b"], [[0, 1], [0, 1]], rows.reshape(-1, k), Y.ravel(), resamples=draws)

    found = drawn(50, 999)  # of a thousand with the points as they are
    assert np.isfinite(found.table[["first_low", "first_high", "total_low", "total_high"]]).all(axis=None)
    for none, draws in ((51, 999), (51, 1009), (30, 299)):
        with pytest.raises(Refused, match="hardly differs"):
            drawn(none, draws)
    for same in (0.0, 7.0):
        with pytest.raises(Refused, match="does not differ"):
            indices.sobol(["a", "b"], [[0, 1], [0, 1]], rows.reshape(-1, k), np.full(N * 4, same))
    with pytest.raises(Refused, match="at least 2 base points"):
        indices.sobol(["a", "b"], [[0, 1], [0, 1]], rows[:1].reshape(-1, k), Y[:1].ravel())
    monkeypatch.undo()
    assert indices.sobol(["a", "b"], [[0, 1], [0, 1]], rows[1:3].reshape(-1, k), Y[1:3].ravel(), resamples=9).base == 2
    with pytest.raises(Refused, match="at least 2 trajectories"):
        indices.morris(["a"], [[0, 1]], [[0.0], [1.0]], [1.0, 2.0])
    with pytest.raises(Refused, match="not a number at 1 of 4 points"):
        indices.morris(["a"], [[0, 1]], [[0.0], [1.0], [0.0], [1.0]], [[1.0, 2.0], [NAN, NAN], [1, 2], [2, 3]])


@pytest.mark.parametrize("path", [
    [[0, 0], [1, 1], [1, 1]], [[0, 0], [1, 0], [0, 0]], [[0, 0], [0, 0], [1, 1]], [[0, 0], [0, 1], [1, 0]]])
def test_a_trajectory_moves_each_factor_once_and_one_at_a_time(path):
    with pytest.raises(Refused, match="every step of a trajectory moves one factor, each factor once"):
        indices.elementary_effects([[0, 1], [0, 1]], path, [1.0, 2.0, 3.0])
    effects = indices.elementary_effects([[0, 1], [0, 2]], [[0, 0], [0, 1], [0.25, 1]], [1.0, 2.0, 4.0])
    assert effects.tolist() == [[[8.0], [2.0]]]
    with pytest.raises(Refused, match="no whole number of trajectories of 3"):
        indices.elementary_effects([[0, 1], [0, 1]], [*path, [0, 0]], [1.0, 2.0, 3.0, 4.0])


def test_effects_that_are_no_larger_than_luck_are_none():
    """Two trajectories, two seeds: products over different seeds give -1 for the square of the mean and 1.62 for the
    variance, so the mean square of the effects is -1 + 1.62 / 2: below nothing."""
    effects = np.array([[1.9, -0.1], [0.1, -1.9]])
    Y = np.concatenate([np.zeros((2, 1, 2)), effects[:, None]], axis=1).reshape(4, 2)
    table = indices.morris(["a"], [[0, 1]], [[0.0], [1.0]] * 2, Y, resamples=9).table
    assert table[["mu", "mu_star", "sigma"]].to_numpy().tolist() == [[0.0, 0.0, 0.0]]
    Y[[1, 3]] = [[2.5, 0.5], [-0.5, -2.5]]  # -1 + 4.5 / 2
    table = indices.morris(["a"], [[0, 1]], [[0.0], [1.0]] * 2, Y, resamples=9).table
    assert table[["mu", "sigma"]].to_numpy().tolist() == [[0.0, pytest.approx(4.5**0.5)]]


def test_permutations_that_are_as_far_apart_count_however_they_are_rounded():
    """Fifths sum to the same in another order but for the last bit: p by going through every order."""
    from fractions import Fraction
    from itertools import permutations

    counts = (1, 0, 2, 2, 3, 4)
    total = sum(counts)

    def apart(order):
        held, most = 0, Fraction(0)
        for m, count in enumerate(order[:-1], 1):
            held += count
            most = max(most, abs(Fraction(held, total) - Fraction(5 * m - held, 30 - total)))
        return most

    exact = np.mean([apart(order) >= apart(counts) for order in permutations(counts)])
    holds = np.arange(5) < np.array(counts)[:, None]
    found = indices.regional(["a"], np.arange(6.0)[:, None], holds, permutations=4000)
    assert found.table["p"][0] == pytest.approx(exact, abs=0.025)
    assert found.table["distance"][0] == pytest.approx(float(apart(counts)))
    for held, said in ((False, "in no run"), (True, "in every run")):
        with pytest.raises(Refused, match=said):
            indices.regional(["a"], np.arange(6.0)[:, None], np.full((6, 5), held))


# ---------------------------------------------------------------- adopters

def test_weighted_scores_are_those_of_as_many_samples():
    rng = np.random.default_rng(5)
    values, truth = rng.integers(0, 6, (4, 3)) * 1.0, np.array([2.0, -1.0, 4.5])
    weights = np.array([1, 2, 5, 2])
    drawn = np.repeat(values, weights, axis=0)
    brute = [np.mean(np.abs(x - y)) - np.mean(np.abs(x[:, None] - x)) / 2 for x, y in zip(drawn.T, truth, strict=True)]
    np.testing.assert_allclose(scores.weighted_crps(values, weights / 10, truth), brute)


def test_a_tie_of_weight_nought_is_no_tie():
    held = sparse.csr_array((np.array([0.0, 1.0, 2.0]), np.array([1, 2, 0]), np.array([0, 2, 3, 3])), shape=(3, 3))
    assert statistics.exposure([1, 1, 2], held)[0].tolist() == [0.0, 1.0]
    assert statistics.exposure([1, 1, 2], held, valued=True, normalised=False)[1].tolist() == [2.0, 2.0]
    twice = sparse.coo_array((np.ones(2), ([0, 0], [1, 1])), shape=(3, 3))
    assert statistics.exposure([1, 1, 2], twice, valued=True, normalised=False)[0].tolist() == [2.0, 2.0]
    with pytest.raises(Refused, match="n x n matrix"):
        statistics.exposure([1, 2], [])
    with pytest.raises(Refused, match="n x n matrix"):
        statistics.exposure([1, 2], [np.zeros((2, 2)), 3])


def test_periods_are_those_that_are_given_or_those_of_the_first_and_last_adoption():
    assert statistics.periods([3, 5, NAN]).tolist() == [3, 4, 5]
    assert statistics.periods([3, 5, NAN], first=2).tolist() == [2, 3, 4, 5]
    assert statistics.periods([3, 5, NAN], last=6).tolist() == [3, 4, 5, 6]
    assert statistics.periods([0, 0], first=-1, last=0).tolist() == [-1, 0]
    assert statistics.periods([NAN], first=4, last=4).tolist() == [4]
    assert statistics.periods([10**9], first=10**9 - 1).tolist() == [10**9 - 1, 10**9]
    assert statistics.periods([2.0], first=2.0, last=np.int64(3)).tolist() == [2, 3]
    for words, said in (
            (([NAN], 1, None), "nobody adopts"), (([NAN], None, 1), "nobody adopts"), (([NAN], 5, 4), "before the first"),
            (([3], True, None), "whole period"), (([3], 2.5, None), "whole period"), (([3], None, 3.5), "whole period"),
            (([3], 4, None), "adopts in 3"), (([3], None, 2), "adopts in 3"), (([1, 3], 2, None), "adopts in 1"),
            (([3], -(10**9) - 1, None), "too far"), (([3], None, 10**9 + 1), "too far"), (([-2e9], None, None), "too far"),
            (([INF], None, None), "node 0 must be a whole"), (([1, -INF], None, None), "node 1 must be a whole"),
            (([1, 2, 2.5, 3.5], None, None), "node 2 must be"), (([[1, 2]], None, None), "2 dimensions")):
        with pytest.raises(Refused, match=said):
            statistics.periods(*words)


def test_lags_reaches_and_discounts_that_can_be_are_taken_and_others_are_not():
    network = np.array([[0, 1, 1], [1, 0, 0], [1, 1, 0]])
    assert np.isnan(statistics.exposure([1, 2, 3], network, lag=np.int64(2))[:, :2]).all()
    for measure, words in ((statistics.exposure, {"lag": 3}), (statistics.exposure, {"lag": -1}),
                           (statistics.thresholds, {"lag": True}), (statistics.exposure, {"lag": 1.0}),
                           (statistics.infectiousness, {"reach": True}), (statistics.infectiousness, {"reach": 1.0}),
                           (statistics.susceptibility, {"discount": True}), (statistics.susceptibility, {"discount": "1"}),
                           (statistics.susceptibility, {"discount": NAN})):
        with pytest.raises(Refused, match=next(iter(words))):
            measure([1, 2, 3], network, **words)
    far, two = (statistics.infectiousness([1, 2, 3], network, reach=reach) for reach in (99, np.int64(2)))
    assert far.tolist() == two.tolist()


def test_a_rewired_network_that_is_the_observed_one_is_as_low_and_as_high_but_for_rounding():
    """Nine networks: two as observed but for the last bits, one beyond on the side of few and six on the other."""
    times, ties, told = [1, 2, 3, 4], np.eye(4, k=1) + np.eye(4, k=-1), []
    for size, side in itertools.product((1e6, 0.25, -1e6), (1, -1)):
        near = 5e-13 * max(1.0, abs(size))
        away = [near, -near, 3 * side * near, *(-3 * side * near - side * k for k in range(6)), 0.0]
        values = iter([size + one for one in away])
        found = statistics.structural_dependence(times, ties, lambda net, values=values: next(values), 9,
                                                 progress=told.append)
        assert found.p == pytest.approx(2 * (2 + 1 + 1) / 10)
        assert found.observed == size
    assert told == [1] * 54
    with pytest.raises(Refused, match="must give a number"):
        statistics.structural_dependence(times, ties, lambda net: NAN, 2)
    with pytest.raises(Refused, match="no ties in some period"):
        statistics.structural_dependence(times, [ties, ties, np.zeros((4, 4)), ties], repetitions=2)


def test_by_default_those_who_adopt_are_counted_out():
    """Two of the three contacts of 0 adopted just before, as three did in all: 2/3 of a third each."""
    network = np.array([[0, 1, 1, 0, 1], [0] * 5, [0] * 5, [0] * 5, [0] * 5])
    times = [3, 2, 2, 2, 1]
    assert statistics.susceptibility(times, network)[0] == pytest.approx(2 / 3 / 3)
    assert statistics.susceptibility(times, network, normalised=False)[0] == pytest.approx(2 / 3)
    assert statistics.infectiousness(times, network.T)[0] == 0
    assert statistics.infectiousness([1, 2, 2, 2, 3], network.T)[0] == pytest.approx(2 / 3 / 3)


@pytest.mark.parametrize("symmetric", [False, True])
def test_rewiring_swaps_the_ends_of_two_ties_at_a_time(symmetric, monkeypatch):
    """By a list of ties, each with its weight, that is searched at every attempt."""
    monkeypatch.setattr(statistics, "_swap", getattr(statistics._swap, "py_func", statistics._swap))
    rng = np.random.default_rng(3)
    network = (rng.random((7, 7)) < 0.35) * rng.integers(1, 5, (7, 7)) * (1 - np.eye(7))
    network = np.maximum(network, network.T) if symmetric else network
    for seed, repetition, swaps in ((3, 0, 20.0), (0, 2, 2.4)):
        ties = [[i, j, network[i, j]] for i, j in zip(*np.nonzero(network), strict=True)]

        def find(i, j, ties=ties):
            return next((tie for tie in ties if tie[:2] == [i, j]), None)

        with interpreted_arithmetic():
            key = np.uint64(address(np.uint64(seed), np.uint64(7001), np.int64(0), np.int64(repetition)))
            for s in range(round(swaps * (len(ties) // 2 if symmetric else len(ties)))):
                x, y = (ties[int(uniform(key, 2 * s + k) * len(ties))] for k in (0, 1))
                (a, b, _), (c, d, _) = x, y
                if {a, b} & {c, d} or find(a, d) or find(c, b):
                    continue
                if symmetric:
                    back_x, back_y = find(b, a), find(d, c)
                    back_x[1:], back_y[1:] = [c, y[2]], [a, x[2]]
                x[1], y[1] = d, b
        wanted = np.zeros((7, 7))
        for i, j, weight in ties:
            wanted[i, j] += weight
        made = statistics.rewire(sparse.csr_array(network), seed, repetition, swaps).toarray()
        np.testing.assert_array_equal(made, wanted)
        assert (made != network).any()


def test_a_group_of_whom_nobody_is_left_when_others_adopt_tells_nothing():
    found = survival.log_rank([2, 3, NAN], list("aab"), [2, 3, 1])
    assert (found.chi2, found.freedom, found.p) == (0.0, 0, 1.0)
    assert (found.observed, found.expected) == ({"a": 2, "b": 0}, {"a": 2.0, "b": 0.0})
    assert survival.log_rank([NAN, 1], list("ab"), 4).observed == {"a": 0, "b": 1}
    for bad in ([], [[1.0, 2.0]]):
        with pytest.raises(Refused, match="one row of numbers"):
            survival.kaplan_meier(bad)
    curve = survival.kaplan_meier([1, 3, NAN], 4)
    assert curve.at([0.9, 1, 3, 4]).tolist() == pytest.approx([1, 2 / 3, 1 / 3, 1 / 3])
    assert np.isnan(curve.at(4.01))
    assert survival.kaplan_meier([1, 3]).at([3, 9]).tolist() == [0, 0]
    assert [curve.quantile(share) for share in (1 / 3, 0.34, 2 / 3)] == [1, 3, 3]
    assert curve.table()["not_adopted"].tolist() == pytest.approx([2 / 3, 1 / 3])
    assert survival.RestrictedMean(0.0, 0.1, 0.0).interval == (0.0, 0.0)
    assert survival.restricted_mean([1, 2], upto=9).mean == 1.5  # all have adopted, so later is known too
    with pytest.raises(Refused, match="after the origin"):
        survival.restricted_mean([1, 2], upto=0)
    assert survival.restricted_mean([5, 7], origin=4).mean == 2.0
    groups = pd.Categorical(["early", "late"], categories=["late", "early", "none"])  # in an order of their own
    assert survival.by_group([1, 2], groups)["group"].tolist() == ["late", "early"]


# ---------------------------------------------------------------- curves

def made(x, curve="bass", cum=(2, 6, 13, 25), population=50, method="ml", covariance=None, goodness=1.0):
    covariance = np.zeros((3, 3)) if covariance is None else covariance
    return curves.Fit(curve, method, Cascade("x", population, 1, np.array(cum)), np.array(x, float), covariance, goodness)


@pytest.mark.parametrize(("curve", "ends"), [
    ("bass", {"p": (-16, 2), "q": (-16, 3)}), ("logistic", {"rate": (-8, 4), "middle": (-40, 60)}),
    ("gompertz", {"rate": (-8, 4), "middle": (-40, 60)})])
def test_an_estimate_is_at_the_edge_within_a_hundredth_of_the_range_of_the_search(curve, ends):
    for k, (name, (low, high)) in enumerate(ends.items()):
        for part, edge in ((0.0, True), (0.00995, True), (0.01004, False), (0.5, False), (0.98996, False), (0.99005, True)):
            x = [-0.5, -0.5, 0.0]
            x[k] = low + part * (high - low)
            assert made(x, curve).at_edge == ((name,) if edge else ())
    assert made([-0.5, -0.5, -8.0], curve).at_edge == ()
    assert curves._bounds(curve, 4)[2] == (-8.0, 16.0)
    assert curves._WIDEST == 2.0


def test_an_interval_by_least_squares_has_students_quantile_of_one_degree_at_least():
    spread = np.diag([0.04, 0.09, 0.01])
    for periods, freedom in ((3, 1), (4, 1), (5, 2), (9, 6)):
        fit = made([-3, -1, 0.5], cum=range(2, 2 + periods), method="ls", covariance=spread)
        for k, name in enumerate(("p", "q")):
            away = stats.t.ppf(0.9, freedom) * np.sqrt(spread[k, k])
            assert fit.interval(name, 0.8) == pytest.approx((np.exp(fit.x[k] - away), np.exp(fit.x[k] + away)))


def test_a_fit_of_three_periods_and_two_adopters_is_made_and_no_smaller_one():
    found = curves.fit(Cascade("x", 40, 1, np.array([1, 2, 2])), "logistic", "ls")
    rest = np.array([1, 1, 0]) - found.ceiling * curves._cells("logistic", found.x, 3)
    assert found.goodness == pytest.approx(np.sqrt((rest**2).sum()))  # over one, not over none
    four = curves.fit(Cascade("x", 40, 1, np.array([1, 4, 5, 9])), "gompertz", "ls")
    rest = np.array([1, 3, 1, 4]) - four.ceiling * curves._cells("gompertz", four.x, 4)
    assert four.goodness == pytest.approx(np.sqrt((rest**2).sum()))
    for cum in ([1, 2], [1, 1, 1]):
        with pytest.raises(Refused, match="at least three periods and two adopters"):
            curves.fit(Cascade("x", 40, 1, np.array(cum)))


def test_where_all_have_adopted_forecasts_stay_there():
    fit = made([-1, 0, 5], cum=(10, 30, 50), population=50)
    np.testing.assert_array_equal(fit.samples(3, 20, np.random.default_rng(1)), 50)
    assert fit.path(3).tolist() == [50.0] * 3


def test_the_curvature_of_a_square_is_its_matrix():
    A = np.array([[4.0, 1.0, -0.5], [1.0, 3.0, 0.25], [-0.5, 0.25, 2.0]])
    for x in (np.array([1.0, -2.0, 0.0]), np.array([0.05, 30.0, -0.3])):
        np.testing.assert_allclose(curves._hessian(lambda y: float(y @ A @ y / 2 + y.sum()), x), A, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("curve", curves.CURVES)
def test_a_loss_is_the_likelihood_of_those_who_adopted_and_of_those_who_are_left(curve):
    cascade, x = Cascade("x", 30, 1, np.array([0, 3, 3, 8])), np.array([-2.0, -0.5, 0.3])
    cells = np.diff(curves.cumulative(curve, np.arange(1, 5), np.exp(x[0]), np.exp(x[1]) if curve == "bass" else x[1]),
                    prepend=0) / (1 + np.exp(-0.3))
    exact = sum(n * np.log(cell) for n, cell in zip((0, 3, 0, 5), cells, strict=True)) + 22 * np.log(1 - cells.sum())
    assert curves._loss(cascade, curve)(x) == pytest.approx(-exact)
    everybody = Cascade("x", 8, 1, np.array([0, 3, 3, 8]))
    assert curves._loss(everybody, curve)(x) == pytest.approx(-3 * np.log(cells[1]) - 5 * np.log(cells[3]))


def test_parameters_of_a_forecast_vary_by_their_covariance(monkeypatch):
    turned = np.linalg.qr(np.random.default_rng(4).normal(size=(3, 3)))[0]
    spread = turned @ np.diag([0.02, 0.0, 0.001]) @ turned.T
    fit, seen, paths = made([-3.0, -1.0, 0.5], covariance=spread), [], curves.Fit._paths
    monkeypatch.setattr(curves.Fit, "_paths", lambda self, x, periods: seen.append(x) or paths(self, x, periods))
    fit.samples(2, 40_000, np.random.default_rng(6))
    np.testing.assert_allclose(np.cov(seen[0].T), spread, atol=4e-4)
    np.testing.assert_allclose(seen[0].mean(axis=0), fit.x, atol=3e-3)
