"""Policies on equal luck: differences are what they should be, their intervals cover, and bad policies are refused."""

from __future__ import annotations

import html
import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from letsdance.experiments import compare as comparing
from letsdance.experiments import folder
from letsdance.experiments.compare import INDICATORS, band, compare, policies
from letsdance.experiments.outcomes import Outcome, parse
from letsdance.experiments.paired import Interval, interval, leaning, leant, unseen
from letsdance.experiments.precision import sequence
from letsdance.params import Refused
from letsdance.report import comparison as pages
from letsdance.report.outcomes import change
from letsdance.report.sheet import NARROW, WIDE
from letsdance.report.study import render
from letsdance.scenarios import LEVERS, Use, load
from letsdance.scenarios.policy import Policy, read_policy
from letsdance.simulation import schedule
from letsdance.simulation.indicators import SOCIETY
from letsdance.simulation.run import simulate
from letsdance.simulation.society import Society

FREE = "FRCS@2+6, FAL@2*0.5; k=1.2"


@pytest.fixture(scope="module")
def found():
    """Three policies from a start where something happens within 16 quarters."""
    return compare({"as it is": "lone_ranger", "free-range": FREE, "lead": "LEAD@1*1.5"}, runs=6, seed=5, quarters=16,
                   start="lone_ranger")


# ---------------------------------------------------------------- what differs

def test_policies_that_are_alike_differ_in_nothing():
    same = compare({"one": "dead_horse", "other": "dead_horse"}, runs=3, quarters=10)
    d = same.differences
    measured = d["n"] >= 2
    assert measured.mean() > 0.5
    for column in ("mean", "low", "high", "band_low", "band_high"):
        assert (d.loc[measured, column] == 0).all()
        assert d.loc[~measured, column].isna().all()
    assert (d[["higher", "lower"]] == 0).all(axis=None)
    assert (same.municipalities[["changed", "gained", "lost"]] == 0).all(axis=None)
    assert (same.citizens[["elsewhere", "uses_gained", "uses_lost", "willing_gained", "willing_lost"]] == 0).all(axis=None)
    assert same.moves.loc[same.moves["before"] != same.moves["after"], "citizens"].sum() == 0
    cost = same.cost_per_effect("other", "C")
    assert (cost.points, cost.why) == (0.0, "no effect to divide by: its interval includes 0")
    assert np.isnan(cost.each)
    assert pages.headlines(same)["other"] == ("Other makes no difference to the share of municipalities in Let's dance by "
                                              "quarter 10, for no more points.")


def test_a_comparison_says_in_municipalities_what_a_difference_comes_to_and_that_the_start_still_leads():
    made = compare({"nothing": "lone_ranger", "office": "FRCS"}, runs=4, quarters=40, start="lone_ranger")
    after, before = (float(made.results[name].rows["lets_dance"][:, -1].mean()) for name in ("office", "nothing"))
    assert math.floor(10 * after + 0.5) > math.floor(10 * before + 0.5) > 0
    leads = float(made.results["office"].rows["lone_ranger"][:, -1].mean())
    assert leads > 0.5
    said = pages.study(made).headline
    assert said == (f"{pages.headlines(made)['office']} That is {10 * after:.0f} of 10 municipalities, not "
                    f"{10 * before:.0f} of 10. Lone Ranger still leads: {10 * leads:.0f} of 10 municipalities.")
    assert pages.study(made, "T").headline == pages.headlines(made, "T")["office"]  # no share of municipalities


def test_what_levers_cost_is_found_again_in_what_is_spent():
    made = compare({"nothing": "wasteland", "dear": "FUND@3+4*0.5, FRCS@2"}, runs=3, quarters=12, start="wasteland")
    points = LEVERS["FUND"]["cost"] * 0.5 * 4 + LEVERS["FRCS"]["cost"] * 11  # quarters 3-6, and 2-12
    assert made.points("dear") == pytest.approx(points)
    spent = made.effect("dear", "total_spend").difference
    assert (spent.mean, spent.low, spent.high) == pytest.approx((points, points, points))
    quarters = made.differences.query("indicator == 'spend'").set_index("quarter")["mean"]
    assert quarters.to_dict() == pytest.approx({q: 3.0 * (q >= 2) + 2.0 * (3 <= q <= 6) for q in range(13)})
    cost = made.cost_per_effect("dear", "total_spend")
    assert (cost.each, cost.low, cost.high) == pytest.approx((1, 1, 1))


def test_differences_are_those_of_an_independent_count(found):
    tables = {name: result.society.set_index(["run", "quarter"]) for name, result in found.results.items()}
    for policy in found.others:
        d = (tables[policy] - tables["as it is"])[list(SOCIETY)].stack().rename_axis(["run", "quarter", "indicator"])
        by = d.dropna().groupby(["indicator", "quarter"])
        mine = found.differences[found.differences["policy"] == policy].set_index(["indicator", "quarter"])
        mine = mine.drop("late_adopter_gap", level="indicator")
        n = by.count().reindex(mine.index, fill_value=0)
        assert (mine["n"] == n).all()
        several = n >= 2
        mean, sem = by.mean().reindex(mine.index), by.sem().reindex(mine.index)
        np.testing.assert_allclose(mine.loc[several, "mean"], mean[several], atol=1e-12)
        half = stats.t.ppf(0.975, n[several] - 1) * sem[several]
        # Student's, and wider where few runs make the mean.
        low, high = mean[several] - half, mean[several] + half
        assert (mine.loc[several, "high"] >= high - 1e-12).all()
        assert (mine.loc[several, "low"] <= low + 1e-12).all()
        assert np.isclose(mine.loc[several, "high"], high, atol=1e-12).mean() > 0.3
        assert mine.loc[~several, "mean"].isna().all()
        assert (mine["higher"] == (d.dropna() > 0).groupby(["indicator", "quarter"]).sum().reindex(
            mine.index, fill_value=0)).all()
        assert (mine.loc[several, "band_low"] <= mine.loc[several, "low"]).all()
        assert (mine.loc[several, "band_high"] >= mine.loc[several, "high"]).all()
    assert set(found.differences["indicator"]) == set(INDICATORS)
    assert len(found.differences) == 2 * len(INDICATORS) * 17


def test_an_effect_is_that_of_scipys_paired_test(found):
    for outcome in ("G@16", "T@8-16", "total_spend"):
        after, before = (parse(outcome).of(found.results[name]) for name in ("lead", "as it is"))
        e = found.effect("lead", outcome)
        assert (e.before, e.after) == pytest.approx((before.mean(), after.mean()))
        if np.ptp(after - before) > 1e-12:
            says = stats.ttest_rel(after, before).confidence_interval(0.95)
            assert e.difference.low <= says.low + 1e-12
            assert e.difference.high >= says.high - 1e-12  # wider where few runs make the mean


def test_what_never_comes_is_compared_only_where_it_comes_under_both(found):
    after, before = (found.results[name].time_to(0.1) for name in ("lead", "as it is"))
    both = np.isfinite(after) & np.isfinite(before)
    assert 0 < both.sum() < 6 or both.sum() == 0
    e = found.effect("lead", "time_to_10")
    assert (e.difference.n, e.runs) == (both.sum(), 6)
    assert "in only" in pages.headlines(found, "time_to_97.5")["free-range"]
    assert found.cost_per_effect("lead", "time_to_97.5").why == "the effect could not be measured"


def test_the_numbers_do_not_depend_on_threads(found):
    again = compare({"as it is": "lone_ranger", "free-range": FREE, "lead": "LEAD@1*1.5"}, runs=6, seed=5, quarters=16,
                    start="lone_ranger", threads=1)
    pd.testing.assert_frame_equal(again.differences, found.differences)


def test_against_names_the_reference(found):
    turned = compare({"as it is": "lone_ranger", "lead": "LEAD@1*1.5"}, runs=6, seed=5, quarters=16,
                     start="lone_ranger", against="lead")
    one, other = turned.effect("as it is", "G").difference, found.effect("lead", "G").difference
    assert (one.mean, one.low, one.high) == pytest.approx((-other.mean, -other.high, -other.low))
    assert turned.points("as it is") == -found.points("lead")


# ---------------------------------------------------------------- intervals that cover

def kinds(g: np.random.Generator, runs: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Paths[runs, 30] of paired differences with their known means, one kind each: what runs of the model do."""
    quarter = np.arange(30)
    began = g.geometric(0.006, (runs, 1))         # an event that stays, once it came
    came = 1 - 0.994 ** quarter
    places = g.binomial(40, 0.01, (runs, 30)) / 40
    jump = (g.random((runs, 1)) < 0.08) * (quarter >= 10)
    usual = g.normal(size=(runs, 1)) + 0.5 * g.normal(size=(runs, 30)).cumsum(axis=1)
    tail = g.gamma(0.4, size=(runs, 1)) + 0.5 * g.gamma(0.4, size=(runs, 30))  # skewness 2.8, in all runs and quarters
    holes = np.where(g.random((runs, 30)) < 0.3, np.nan, usual)
    return {
        "a long tail": (tail, np.full(30, 0.6)),
        "a long tail downwards": (-tail, np.full(30, -0.6)),
        "not measured in three runs of ten": (holes, np.zeros(30)),
        "an event that stays": ((began <= quarter) * 1.0, came),
        "a rare event in every quarter": ((g.random((runs, 30)) < 0.01) * 1.0, np.full(30, 0.01)),
        "nearly all": (1.0 - (began <= quarter), 1 - came),
        "gained and lost": ((g.random((runs, 30)) < 0.03) * g.choice([-1.0, 1.0], (runs, 30)), np.zeros(30)),
        "places of forty": (places, np.full(30, 0.01)),
        "a jump in one run of twelve": (jump * 0.6, 0.048 * (quarter >= 10)),
        "what all runs have": (usual, np.zeros(30)),
    }


@pytest.mark.parametrize("runs", [20, 100])
def test_a_band_covers_every_quarter_at_once_whatever_kind_of_outcome(runs):
    n = 60
    held: dict[str, int] = {}
    for k in range(n):
        for name, (d, mean) in kinds(np.random.default_rng([runs, k]), runs).items():
            b = band(d, seed=k)
            inside = (b["band_low"] <= mean + 1e-12) & (mean <= b["band_high"] + 1e-12)
            held[name] = held.get(name, 0) + int(inside.all())
    assert {name: count / n for name, count in held.items() if count / n < 0.93} == {}


def test_the_side_of_the_long_tail_reaches_as_far_as_halls_cubic_says():
    n, t = np.array([20, 100]), np.array([3.2, 3.0])
    for skewness in (0.4, 0.9, -0.9):
        below, above = leant(t, skewness, n)
        a = skewness / (3 * np.sqrt(n))

        def cubic(ratio, a=a, skewness=skewness):
            return ratio + a * ratio**2 + a**2 * ratio**3 / 3 + skewness / (6 * np.sqrt(n))

        far, side = (above, -1) if skewness > 0 else (below, 1)
        np.testing.assert_allclose(cubic(side * far), side * t)  # its normal score is Student's quantile
        assert (far > t).all()
        assert ((above if skewness < 0 else below) == t).all()
    for one in leant(t, 0.0, n):
        assert (one == t).all()
    reaches = [leant(t, skewness, n)[1][0] for skewness in (0.5, 1.0, 1.5, 3.0, 4.0)]
    assert reaches == sorted(reaches)  # a longer tail never makes it shorter


def test_students_ratio_of_skewed_values_needs_that_much():
    """20 exponential values: their own ratio's quantiles, of 200,000 draws; a sample shows less of the skewness than the 2
    that it is, and with what it shows in the median the interval is about as long as it must be."""
    x = np.random.default_rng(2).exponential(size=(200_000, 20))
    ratio = (x.mean(axis=1) - 1) / (x.std(axis=1, ddof=1) / np.sqrt(20))
    shown = float(np.median(stats.skew(x[:20_000], axis=1)))
    for tail in (0.025, 0.0025):
        student = np.array([stats.t.ppf(1 - tail, 19)])
        below, above = (float(one[0]) for one in leant(student, shown, np.array([20])))
        assert -np.quantile(ratio, tail) == pytest.approx(above, rel=0.2)
        assert -np.quantile(ratio, tail) > 1.4 * student[0]
        assert np.quantile(ratio, 1 - tail) <= below


def test_how_skewed_runs_are_is_the_mean_over_the_quarters_that_move():
    d = np.random.default_rng(3).exponential(size=(20, 6))
    d[:, 2] = 0.5
    d[:8, 4] = np.nan
    moving = np.array([True, True, False, True, True, True])
    own = np.array([stats.skew(one[np.isfinite(one)]) if np.ptp(one) != 0 else 0.0 for one in d.T])
    n = np.isfinite(d).sum(axis=0)
    assert leaning(d, moving) == pytest.approx(np.average(own[moving], weights=n[moving]))
    assert leaning(-d, moving) == pytest.approx(-leaning(d, moving))
    assert leaning(d, np.zeros(6, bool)) == 0.0
    mirrored = band(-d, seed=1)
    assert mirrored["band_high"] == pytest.approx(-band(d, seed=1)["band_low"])


def test_how_far_runs_could_lie_apart_is_of_those_that_were_measured(found):
    values = [np.array([[1.0, np.nan, np.nan], [4.0, np.nan, 2.0], [np.nan, np.nan, 9.0]]), np.zeros((3, 3))]
    assert found._reach(Outcome("representativeness"), values) == 7.0
    assert found._reach(Outcome("representativeness"), [one[:, :1] for one in values]) == 3.0


def test_bands_of_the_model_cover_the_mean_of_all_runs():
    """A small part of `python -m benchmarks.coverage`: outcomes that all runs have, and such that few have."""
    from benchmarks import coverage

    rows = list(coverage.measured(600, 30, ("seldom",), ("C", "lets_dance", "ever_adopted", "services"), quarters=16))
    assert {row.runs for row in rows} == {20, 100}
    assert np.mean([row.all_quarters for row in rows]) >= 0.93
    assert all(row.all_quarters >= stats.binom.ppf(0.001, 30, 0.95) / 30 for row in rows), rows
    assert all(row.each_quarter >= row.all_quarters for row in rows)


def test_what_twenty_runs_have_not_seen_may_still_have_a_chance_of_one_in_seven():
    alike = interval(np.zeros(20), reach=1.0)
    assert (alike.low, alike.high) == pytest.approx((-(1 - 0.05 ** (1 / 20)), 1 - 0.05 ** (1 / 20)))
    assert alike.high == pytest.approx(0.139, abs=5e-4)
    b = band(np.full((20, 12), 0.25), apart=3)
    assert (b["band_high"][3:] - 0.25 >= 0.139).all()
    assert (b["band_high"][:3] == 0.25).all()  # before policies differ the runs are the same, and this is known
    one = np.array([1.0] + [0.0] * 19)
    exact = stats.binomtest(1, 20).proportion_ci(0.95, method="exact")
    assert interval(one, reach=1.0).high == pytest.approx(exact.high)  # Clopper and Pearson's where it reaches farther

def paths(g: np.random.Generator, runs: int, quarters: int) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian paths that remember (AR(1), .8) around a known mean."""
    mean = np.sin(np.arange(quarters) / 5)
    x = np.empty((runs, quarters))
    x[:, 0] = g.normal(size=runs)
    for t in range(1, quarters):
        x[:, t] = 0.8 * x[:, t - 1] + 0.6 * g.normal(size=runs)
    return mean, mean + (1 + np.arange(quarters) / 10) * x


@pytest.mark.parametrize("runs", [20, 40])
def test_intervals_cover_a_known_mean_as_often_as_they_say(runs):
    g, n = np.random.default_rng([runs, 1]), 500
    each, once, together = [], 0, 0
    for k in range(n):
        mean, x = paths(g, runs, 24)
        b = band(x, seed=k)
        inside = (b["low"] <= mean) & (mean <= b["high"])
        each.append(inside.mean())
        once += inside.all()
        together += ((b["band_low"] <= mean) & (mean <= b["band_high"])).all()
    error = np.sqrt(0.05 * 0.95 / n)
    assert abs(np.mean(each) - 0.95) <= 3 * np.std(each) / np.sqrt(n)
    assert together / n >= 0.95 - 3 * error
    assert once / n < 0.95 - 3 * error  # the intervals of single quarters do not hold all at once: the band is needed


def test_a_band_is_never_wider_than_bonferronis_nor_narrower_than_the_interval():
    _, x = paths(np.random.default_rng(4), 24, 30)
    b = band(x)
    error = stats.sem(x)
    usual = ~unseen(x, np.full(30, 0.05), 1.0)[0]  # elsewhere few runs make the mean
    assert usual.mean() > 0.8
    np.testing.assert_allclose((b["high"] - b["mean"])[usual], (stats.t.ppf(0.975, 23) * error)[usual])
    assert (b["band_high"] - b["mean"] <= stats.t.ppf(1 - 0.0125 / 30, 23) * error + 1e-12)[usual].all()
    assert (b["band_high"] > b["high"]).all()


def test_quarters_that_move_as_one_need_no_wider_band():
    one = np.random.default_rng(5).normal(size=(30, 1))
    b = band(one * np.linspace(1, 3, 20))
    np.testing.assert_allclose(b["band_high"] - b["mean"], b["high"] - b["mean"], rtol=0.08)


def test_a_band_leaves_out_what_was_not_measured():
    x = np.random.default_rng(6).normal(size=(9, 3))
    x[4:, 1] = np.nan
    x[1:, 2] = np.nan
    b = band(x)
    assert b["n"].tolist() == [9, 4, 1]
    assert b["mean"][1] == pytest.approx(x[:4, 1].mean())
    assert b["high"][1] - b["mean"][1] == pytest.approx(stats.t.ppf(0.975, 3) * stats.sem(x[:4, 1]))
    assert all(np.isnan(b[name][2]) for name in ("mean", "low", "band_high"))


def test_cost_per_effect_is_the_points_over_the_effect(found):
    assert found.points("lead") == 16 * 1.5 * LEVERS["LEAD"]["cost"]
    e, cost = found.effect("lead", "G").difference, found.cost_per_effect("lead", "G")
    assert e.low > 0
    assert (cost.each, cost.low, cost.high) == pytest.approx(tuple(cost.points / one for one in (e.mean, e.high, e.low)))
    turned = compare({"lead": "LEAD@1*1.5", "as it is": "lone_ranger"}, runs=6, seed=5, quarters=16,
                     start="lone_ranger", against="lead")
    assert turned.cost_per_effect("as it is", "G").why == "it costs no more points than what it is compared with"


# ---------------------------------------------------------------- whose fate changed

def test_fates_are_counted_municipality_by_municipality(found):
    before, after = found.results["as it is"], found.results["lead"]
    for m, row in enumerate(found.municipalities.query("policy == 'lead'").to_dict("records")):
        was, now = ([r.municipalities.query(f"quarter == 16 and municipality == '{row['municipality']}'")
                     for r in (before, after)] if m < 3 else (None, None))
        if was is None:
            assert row["changed"] == (before.regime[:, -1, m] != after.regime[:, -1, m]).sum()
            continue
        assert row["changed"] == (was["regime"].astype(str).to_numpy() != now["regime"].astype(str).to_numpy()).sum()
        adopted = [(one["adopted_at"] >= 0).to_numpy() for one in (was, now)]
        assert (row["gained"], row["lost"]) == ((adopted[1] & ~adopted[0]).sum(), (adopted[0] & ~adopted[1]).sum())
    moved = found.moves.query("policy == 'lead' and before != after")
    changed = found.municipalities.query("policy == 'lead'")
    assert moved["municipalities"].sum() == pytest.approx(changed["changed"].sum() / 6)
    assert moved["citizens"].sum() == pytest.approx(found.citizens.query("policy == 'lead'")["elsewhere"].mean())
    assert moved["municipalities"].sum() > 0


def test_citizens_are_asked_one_by_one(found):
    rows = found.citizens.query("policy == 'free-range'")
    for run in (0, 5):
        ends = []
        for name in ("as it is", "free-range"):
            result = found.results[name]
            society = Society(result.places, schedule.build(result.scenario), int(result.seeds[run]))
            for _ in range(16):
                society.step()
            ends.append((society.state.uses[0].astype(bool), society.state.willingness[0] >= 0.5))
        counted = [(ends[j][k] & ~ends[i][k]).sum() for k in (0, 1) for i, j in ((0, 1), (1, 0))]
        assert rows.loc[rows["run"] == run, ["uses_gained", "uses_lost", "willing_gained", "willing_lost"]].to_numpy(
            )[0].tolist() == counted
    # what each gains and loses comes to the difference in the society's own share
    net = (rows["uses_gained"] - rows["uses_lost"]).to_numpy() / found.results["as it is"].places.citizens.sum()
    np.testing.assert_allclose(net, found.paired("free-range", "uses")[:, -1], atol=1e-12)


def test_only_the_first_runs_are_asked_and_the_rest_is_said_to_be_unknown(monkeypatch, found):
    monkeypatch.setattr(comparing, "ASKED", 2)
    few = compare({"a": "lone_ranger", "b": "MANDATE@1"}, runs=3, quarters=8, start="lone_ranger").citizens
    assert few["uses_gained"].isna().tolist() == [False, False, True]
    assert few["elsewhere"].notna().all()


def test_own_municipalities_keep_their_names_and_sizes():
    towns = pd.DataFrame({"name": ["Ash", "Birch"], "citizens": [20, 60]})
    made = compare(["lone_ranger", "law: MANDATE@1"], runs=2, quarters=8, start="lone_ranger", municipalities=towns)
    assert made.municipalities["municipality"].tolist() == ["Ash", "Birch"]
    assert made.municipalities["citizens"].tolist() == [20, 60]
    assert set(made.citizens["elsewhere"]) <= {0, 20, 60, 80}


# ---------------------------------------------------------------- precision

def test_runs_are_added_until_every_difference_is_known():
    made = compare({"a": "dead_horse", "b": "MANDATE@1", "c": "FAL@1"}, quarters=12, start="dead_horse",
                   until="G@12 +-0.06", seed=9)
    p = made.precision
    assert p.reached
    assert p.paired
    assert p.runs == made.runs
    for name in ("b", "c"):
        d = parse("G@12").of(simulate(made.results[name].scenario, runs=p.runs, seed=9)) - parse("G@12").of(
            simulate("dead_horse", runs=p.runs, seed=9, quarters=12))
        assert p.intervals[name] == sequence(d, (-1.0, 1.0), 0.05 / 2)
        assert made.effect(name, "G").difference == p.intervals[name]  # wider than Student's, which holds for one look
        assert made.effect(name, "C").difference.low == pytest.approx(
            made.differences.query(f"policy == '{name}' and indicator == 'C' and quarter == 12")["low"].item())
    assert "paired difference in G@12" in str(p)


# ---------------------------------------------------------------- policies in words

def test_a_policy_is_read_as_people_write_it():
    assert read_policy("free: frcs@8+20, austerity@3 ; k = 1.2\nprofile=telework") == Policy(
        title="free", levers=(Use("FRCS", 8, 20),), shocks=(Use("austerity", 3, 24),), parameters=(("k", 1.2),),
        profile="telework")
    assert read_policy("FRCS@8 * 0.5") == Policy(title="FRCS@8 * 0.5", levers=(Use("FRCS", 8, None, 0.5),))
    assert read_policy("nothing:") == Policy(title="nothing")
    assert read_policy("elsewhere: wasteland, FAL") == Policy("wasteland", "elsewhere", levers=(Use("FAL"),))
    assert read_policy("wasteland") == Policy("wasteland", "Wasteland")
    assert read_policy("abroad: context=denmark, quarters=40, k=1") == Policy(
        title="abroad", context=("denmark",), quarters=40, parameters=(("k", 1.0),))


def test_what_a_policy_leaves_to_its_start_is_as_the_start_has_it():
    plain = Policy("lone_ranger").with_parts(["FRCS@8", "k=1.2", "mu=0.5"])
    assert (plain.profile, plain.quarters) == ("", 0)
    assert plain.value("C0") == load("lone_ranger").values()["C0"]
    assert plain.with_parameter("k", plain.base()["k"]) == Policy("lone_ranger").with_parts(["FRCS@8", "mu=0.5"])
    assert plain.scenario() == Policy.of("lone_ranger").with_parts(["FRCS@8", "k=1.2", "mu=0.5"]).scenario()


def test_people_and_links_write_the_same_parts():
    typed = read_policy("Ours: lone_ranger, FRCS@8+20*0.5 in Ash, Birch, OUT@4 for the poorest quarter, austerity@3, "
                        "k=1.2, profile=telework, context=denmark, quarters=40")
    linked = Policy.parse(replace(Policy.of("lone_ranger", "Ours"), **{name: getattr(typed, name) for name in (
        "levers", "shocks", "parameters", "profile", "context", "quarters")}).text())
    assert linked == typed
    assert linked.scenario() == typed.on(load("lone_ranger"))


def test_what_is_shared_gives_way_to_what_a_policy_says_itself():
    shared = {"profile": "telework", "parameters": {"k": 1.2}, "quarters": 20}
    made = policies(["a: lone_ranger, k=0.75", "b: lone_ranger, profile=co_creation, FAL"], shared=shared)
    own = load("lone_ranger").values()["k"]
    assert own == 0.75
    assert [(story.profile, story.values()["k"], story.quarters) for story in made.values()] == [
        ("telework", 0.75, 20), ("co_creation", 1.2, 20)]


def test_a_longer_horizon_lets_later_levers_in():
    made = policies(["lone_ranger", "late: FRCS@80"], start="lone_ranger", quarters=100)
    assert made["late"].levers[0].start == 80


def test_scenarios_files_and_texts_are_all_policies(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('title = "My own"\n[start]\nC = 0.6\nG = 0.4\n', encoding="utf-8")
    made = policies([load("lone_ranger"), str(file), f"with a file: {file}, FAL@3"], quarters=20)
    assert list(made) == ["Lone Ranger", "My own", "with a file"]
    assert made["with a file"].C == 0.6
    assert {story.quarters for story in made.values()} == {20}


@pytest.mark.parametrize(("given", "says"), [
    ("x: FRC@3", "policy x: there is no lever, shock or start 'FRC'. Did you mean FRCS"),
    ("x: FRCS@3, FRCS@5", "policy x: lever FRCS is used twice at the same time"),
    ("x: FRCS@3+two", "cannot be read"), ("x: FRCS@3*9", "strength must be a number from 0 to 1.5"),
    ("x: FRCS@99", "after the horizon of 12"), ("x: k=a", "k must be a number, not 'a'"),
    ("x: trst=1", "no parameter 'trst'"),
    ("x: k=99", "must lie from"), ("x: k=1, k=2", "k is set twice"), ("x: title=y, FAL", "title is set twice"),
    ("x: context=mars", "no context 'mars'"), ("x: quarters=ten", "quarters must be a whole number"),
    ("x: profile=tele", "no profile 'tele'"),
    ("x: wasteland, lone_ranger", "two starts"), ("  ", "is empty"), (": FRCS@3", "no name before it"),
    ("none.toml", "no file none.toml"), (7, "must be text"), ("Lone Ranger: FAL@3", "two policies are called Lone Ranger"),
    ("x: municipalities=20", "do not have the same citizens")])
def test_a_policy_that_cannot_be_is_refused_in_one_sentence(given, says):
    with pytest.raises(Refused) as refused:
        compare(["lone_ranger", given], start="lone_ranger", runs=2, quarters=12)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("named", "says"), [
    ({"given": ["lone_ranger"]}, "at least two policies"), ({"given": "lone_ranger"}, "at least two policies"),
    ({"given": ["a: FAL@3", "b: FAL@4"]}, "does not say where it starts"),
    ({"given": ["lone_ranger", "wasteland"], "against": "wastland"}, "no policy 'wastland'"),
    ({"given": ["lone_ranger", "wasteland"], "runs": 0}, "runs must be"),
    ({"given": ["lone_ranger", "wasteland"], "until": "C"}, "cannot be read"),
    ({"given": [load("lone_ranger"), load("wasteland").changed(quarters=20)]}, "one horizon")])
def test_a_comparison_that_cannot_be_is_refused(named, says):
    with pytest.raises(Refused, match=says):
        compare(**named)


def test_an_unknown_policy_of_a_comparison_is_refused(found):
    with pytest.raises(Refused, match="Did you mean lead"):
        found.effect("leed", "C")


# ---------------------------------------------------------------- figures, page and command

@pytest.mark.parametrize(("outcome", "mean", "low", "high", "says"), [
    ("C", 0.3425, 0.29, 0.396, "+34 (29 to 40) percentage points"), ("C", -0.053, -0.073, -0.032,
                                                                     "−5.3 (−7.3 to −3.2) percentage points"),
    ("C", 0.0002, -0.0007, 0.0011, "0.0 (−0.1 to 0.1) percentage points"), ("C", 0.0, 0.0, 0.0, "0 percentage points"),
    ("C", 0.0123, 0.0002, 0.025, "+1.23 (0.02 to 2.50) percentage points"),  # clear, so no end is rounded to 0
    ("services", -0.374, -0.471, -0.277, "−0.37 (−0.47 to −0.28)"), ("total_spend", 100.0, 100.0, 100.0, "+100 points"),
    ("C", np.nan, np.nan, np.nan, "not measured")])
def test_differences_are_written_with_few_decimals_and_none_too_few(outcome, mean, low, high, says):
    assert change(parse(outcome), Interval(mean, low, high, 20)) == says


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("make", [pages.differences, pages.effects, pages.fates])
def test_figures_name_every_policy_and_stay_on_their_sheet(found, make, width):
    figure = make(found, width)
    words = [word["text"] for word in figure._words]
    for name in ("free-range", "lead"):
        assert any(name in word for word in words)
    assert all(-1 <= word["x"] <= width + 1 and 0 <= word["y"] <= figure.height for word in figure._words)
    assert "nan" not in figure.svg().lower().split("<style>")[0]


def test_the_page_says_what_the_tables_say(found):
    page = html.unescape(render(pages.study(found, "G"), {}))
    e = found.effect("lead", "G").difference
    assert f"Lead raises governments' willingness by {100 * e.mean:.0f}" in page
    assert f"in 6 of 6 runs, for {found.points('lead'):.0f} points." in page
    ends = found.municipalities.query("policy == 'lead'")["changed"].sum() / 6
    assert f"Under lead, {ends:.{0 if ends >= 20 else 1}f}" in page
    assert "nan" not in page.split("</style>")[1].replace("finan", "").replace("governan", "").lower()


SHORT = ("--runs", "3", "--quarters", "12")


def test_the_command_prints_a_table_and_writes_a_folder(letsdance, tmp_path):
    words = ("compare", "lone_ranger", "--policy", f"free-range: {FREE}", "--policy", "law: MANDATE@1", *SHORT)
    code, out, err = letsdance(*words)
    assert (code, err) == (0, "")
    assert "free-range" in out
    assert "law" in out
    place = tmp_path / "letsdance-compare"
    tables = ("differences", "effects", "municipalities", "moves", "citizens")
    assert {p.name for p in place.iterdir()} == {"manifest.json", "report.html", "figures",
                                                 *(f"{name}.parquet" for name in tables)}
    made = compare({"Lone Ranger": "lone_ranger", "free-range": FREE, "law": "MANDATE@1"}, runs=3, quarters=12,
                   start="lone_ranger")
    stored = pd.read_parquet(place / "differences.parquet")
    assert folder.content_hash(stored) == folder.content_hash(made.differences)
    code, out, err = letsdance(*words)
    assert code == 2
    assert "--overwrite" in err


@pytest.mark.parametrize("more", [("--runs", "3"), ("--until", "G@10 +-0.3")])
def test_a_folder_holds_what_it_takes_to_make_its_tables_anew(letsdance, tmp_path, more):
    (tmp_path / "towns.csv").write_text("name,citizens,willingness\nAsh,20,0.3\nBirch,40,\n", encoding="utf-8")
    code, _, err = letsdance("compare", "lone_ranger", "--policy", f"free-range: {FREE}", "--policy", "wasteland",
                             "--quarters", "12", "--municipalities", "towns.csv", "--against", "free-range", "--outcome",
                             "T@6-12", "--seed", "0", "--lever", "MEAS@2", *more)
    assert (code, err) == (0, "")
    assert letsdance("verify", "letsdance-compare", "--json")[0] == 0


def test_json_is_all_that_json_prints(letsdance, tmp_path):
    code, out, err = letsdance("compare", "dead_horse", "lone_ranger", "--policy", "law: MANDATE@1", "--against", "law",
                               "--until", "G@12 +-0.3", "--quarters", "12", "--out", "here", "--json", "--outcome", "G@12",
                               "--shock", "austerity@3")
    assert (code, err) == (0, "")
    said = json.loads(out)
    assert said["reference"] == "law"
    assert said["runs"] == said["precision"]["runs"] >= 32
    assert said["precision"]["reached"] is True
    assert set(said["said"]) == {"Flogging a dead horse", "Lone Ranger"}
    assert {row["outcome"] for row in said["effects"]} >= {"G", "lets_dance"}
    manifest = json.loads((tmp_path / "here/manifest.json").read_text(encoding="utf-8"))
    assert all("austerity" in story for story in manifest["scenarios"].values())


@pytest.mark.parametrize("words", [
    ["lone_ranger"], ["lone_rangr", "wasteland"], ["lone_ranger", "--policy", "x: FRC@3"],
    ["lone_ranger", "wasteland", "--outcome", "C@99"], ["lone_ranger", "wasteland", "--until", "C@99 +-0.1"],
    ["lone_ranger", "wasteland", "--against", "nobody"], ["--policy", "a: FAL", "--policy", "b: FAL"],
    ["lone_ranger", "wasteland", "--set", "k=99"], ["lone_ranger", "wasteland", "--municipalities", "none.csv"]])
def test_a_mistake_ends_in_one_sentence_and_writes_nothing(letsdance, tmp_path, words):
    code, out, err = letsdance("compare", *words)
    assert (code, out) == (2, "")
    assert err.startswith("letsdance: ")
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())
