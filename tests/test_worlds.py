"""Worlds: drawn as they are said, run as anybody would, and answered with intervals that cover what they should."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from pseudo import crowded, plain_english
from scipy import stats
from typer.testing import CliRunner

import letsdance as ld
from letsdance.experiments.knowing import knowing, partial, perfect
from letsdance.experiments.moving import assumption_named, moving
from letsdance.experiments.outcomes import parse
from letsdance.experiments.over_worlds import OverWorlds, tenth
from letsdance.experiments.parts_of_luck import mean_over, parts, squares, variances
from letsdance.experiments.worlds import Worlds, of, outcomes, put, read, rows
from letsdance.params import PARAMETERS, Refused
from letsdance.report import map_worlds, tunnel_worlds
from letsdance.report import worlds as pages
from letsdance.report.sheet import NARROW, WIDE
from letsdance.report.study import render
from letsdance.scenarios import load
from letsdance.simulation.rules.regimes import REGIMES
from letsdance.words import Text

SMALL = {"municipalities": 8, "citizens": 12}


def small(start="lone_ranger", quarters=12):
    return load(start).changed(parameters=SMALL, quarters=quarters)


# ---------------------------------------------------------------- how worlds are drawn

def test_every_uncertain_parameter_is_drawn_over_its_range_once_in_each_part():
    table, usual = Worlds(50).table("lone_ranger"), load("lone_ranger").values()
    wanted = {n for n, p in PARAMETERS.items() if p.role == "uncertainty"} - {"C0", "G0"}
    assert set(table.columns) == wanted
    for name in table:
        low, high = PARAMETERS[name].range
        places = (table[name] - low) / (high - low + PARAMETERS[name].whole)
        assert places.between(0, 1).all()
        if not PARAMETERS[name].whole:
            assert sorted(np.floor(places * 50)) == list(range(50)), name
        else:
            assert (table[name] == table[name].round()).all()
    near = Worlds(50, within="30%").table("lone_ranger")
    for name in near:
        limit = 0.3 * abs(usual[name]) + 1e-12
        assert ((near[name] - usual[name]).abs() <= limit).all(), name
    assert "growth" not in near  # its value is 0, and 30 % of nothing is nothing


def test_a_parameter_has_its_own_stream_and_a_seed_its_own_worlds():
    alone = Worlds(20, "fixed", {"k": [0.5, 2]}).table()
    beside = Worlds(20, "fixed", {"a": [0.1, 0.3], "k": [0.5, 2], "mu": [0.01, 0.1]}).table()
    assert alone["k"].tolist() == beside["k"].tolist()
    assert abs(np.corrcoef(beside["k"], beside["a"])[0, 1]) < 0.7
    assert alone["k"].tolist() != Worlds(20, "fixed", {"k": [0.5, 2]}, seed=2).table()["k"].tolist()


@pytest.mark.parametrize(("said", "law"), [
    ({"normal": [9, 2]}, stats.truncnorm((1 - 9) / 2, (20 - 9) / 2, 9, 2)),
    ({"triangular": [2, 9, 12]}, stats.triang(0.7, 2, 10)),
    ({"lognormal": [5, 1.3]}, stats.lognorm(np.log(1.3), scale=5)), ("4:12", stats.uniform(4, 8))])
def test_distributions_are_those_of_scipy_cut_off_at_the_range(said, law):
    values = Worlds(2000, "fixed", {"beta": said}).table()["beta"]
    assert stats.kstest(values, law.cdf).pvalue > 0.5  # a Latin hypercube is closer than chance
    assert values.between(*PARAMETERS["beta"].range).all()


def test_values_and_whole_numbers_come_equally_often():
    table = Worlds(60, "fixed", {"launch_min": "3,4,5", "s_star": [4, 9]}).table()
    assert table["launch_min"].value_counts().to_dict() == {3: 20, 4: 20, 5: 20}
    assert table["s_star"].value_counts().to_dict() == dict.fromkeys(range(4, 10), 10)


def test_correlations_are_met_and_the_hypercube_stays_one():
    ties = [("wN", "wS", 0.7), ("wS", "wT", -0.5)]
    given = {"wN": [0, 1], "wS": [0, 1], "wT": [0, 1], "wU": [0, 1]}
    table = Worlds(300, "fixed", given, ties).table()
    ranks = stats.spearmanr(table).statistic
    assert ranks[0, 1] == pytest.approx(0.7, abs=0.03)
    assert ranks[1, 2] == pytest.approx(-0.5, abs=0.03)
    assert abs(ranks[0, 3]) < 0.2
    for name in table:
        assert sorted(np.floor(table[name] * 300)) == list(range(300))


def calibrated():
    """A calibration whose posterior is a line: what v0 has more, vM has less."""
    from letsdance.experiments.adopters.abc_smc import Sample
    from letsdance.experiments.adopters.calibrate import Calibration, Case, box_of

    free = {"v0": (-0.6, 0.3), "vM": (0.0, 2.0), "begins": (0.0, 8.0)}
    v0 = np.random.default_rng(1).uniform(-0.4, 0.1, 400)
    theta, box = np.column_stack([v0, 0.8 - 2 * v0, np.full(400, 3.0)]), box_of(free)
    sample = Sample(box, box.z(theta), np.full(400, 1 / 400), np.zeros((400, 0)), np.zeros(400), np.zeros(0), (), 0.5)
    return Calibration(Case(small(), (), free), sample, (), 1)


def test_a_posterior_is_drawn_together():
    table = Worlds(80, "30%", posterior=calibrated()).table(small())
    assert "begins" not in table  # a dial of the data's clock
    assert np.corrcoef(table["v0"], table["vM"])[0, 1] < -0.9
    assert table["v0"].between(-0.45, 0.15).all()
    with pytest.raises(Refused, match="said twice"):
        Worlds(80, parameters={"v0": "0:0.1"}, posterior=calibrated())
    with pytest.raises(Refused, match="has no folder"):
        Worlds(80, posterior=calibrated()).to_toml()


def test_a_survey_says_how_far_the_start_may_lie():
    import pandas as pd

    from letsdance.experiments.adopters.surveys import read_survey

    answers = np.tile([0.4, 0.5, 0.6, 0.7], 25)
    survey = read_survey(pd.DataFrame({"role": "citizen", "willingness": answers}), scale="share")
    table = Worlds(400, "fixed", posterior=survey).table(small())
    assert list(table) == ["C0"]
    assert table["C0"].mean() == pytest.approx(0.55, abs=0.003)
    assert table["C0"].std() == pytest.approx(answers.std(ddof=1) / 10, rel=0.15)
    assert table["C0"][3] == put(small(), rows(table)[3]).C


def test_alternatives_come_equally_often():
    table = Worlds(40, "fixed", {"k": [0.5, 1]}, alternatives={
        "on_imitation": [0, 1], "profile": ["co_creation", "telework"]}).table()
    assert table["on_imitation"].value_counts().to_dict() == {0: 20, 1: 20}
    assert table["profile"].value_counts().to_dict() == {"co_creation": 20, "telework": 20}
    there = put(small(), rows(table)[0])
    assert there.profile == table["profile"][0]
    assert there.values()["on_imitation"] == table["on_imitation"][0]


@pytest.mark.parametrize(("make", "said"), [
    (lambda: Worlds(1), "from 2"), (lambda: Worlds(within="3 metres"), "share such as 30%"),
    (lambda: Worlds(within=2.0), "30%"), (lambda: Worlds(parameters={"kk": "1:2"}), "Did you mean"),
    (lambda: Worlds(parameters={"k": "2:1"}), "lower end first"), (lambda: Worlds(parameters={"k": "a:b"}), "LOW:HIGH"),
    (lambda: Worlds(parameters={"k": "0:9"}), "must lie from 0 to 2"),
    (lambda: Worlds(parameters={"k": {"norml": [1, 2]}}), "Did you mean normal"),
    (lambda: Worlds(parameters={"k": {"normal": [1]}}), "normal = [0.75, 0.2]"),
    (lambda: Worlds(parameters={"k": {"normal": [1, -2]}}), "spread above 0"),
    (lambda: Worlds(parameters={"k": {"normal": [900, 0.1]}}), "hardly anything"),
    (lambda: Worlds(parameters={"k": {"triangular": [2, 1, 0]}}), "in this order"),
    (lambda: Worlds(correlations=[("k", "k", 0.5)]), "two parameters"),
    (lambda: Worlds(correlations=[("k", "a", 1.5)]), "between -1 and 1"),
    (lambda: Worlds(correlations=[("k", "a", 0.9), ("a", "mu", 0.9), ("k", "mu", -0.9)]), "cannot all hold"),
    (lambda: Worlds(3, correlations=[("k", "a", 0.5)]), "more than 3 worlds"),
    (lambda: Worlds(20, "fixed", correlations=[("k", "a", 0.5)]).table(), "not uncertain"),
    (lambda: Worlds(alternatives={"profile": ["telework", "tele"]}), "there is no profile"),
    (lambda: Worlds(alternatives={"profil": ["a", "b"]}), "Did you mean profile"),
    (lambda: Worlds(alternatives={"on_imitation": [1]}), "two or more"),
    (lambda: Worlds(parameters={"k": "0:1"}, alternatives={"k": [0, 1]}), "said twice"),
    (lambda: Worlds(within="fixed").table(), "nothing is uncertain"), (lambda: Worlds(posterior="nowhere"), "not a folder"),
    (lambda: of("many.toml"), "many.toml"), (lambda: of("-3"), "from 2"), (lambda: of("9" * 40), "from 2")])
def test_what_cannot_be_is_refused_in_a_sentence(make, said):
    with pytest.raises(Refused, match=r"^[^\n]*$") as refused:
        make()
    assert said in str(refused.value)


FILE = """
title = "what we do not know"
worlds = 24
within = 0.2
[parameters]
k = "0.5:1.5"
beta = { normal = [9, 2] }
launch_min = { values = [3, 4] }
[alternatives]
on_imitation = [0, 1]
[[correlations]]
between = ["k", "beta"]
rank = 0.4
"""


def test_a_file_says_the_same_as_python_and_is_written_again(tmp_path):
    file = tmp_path / "worlds.toml"
    file.write_text(FILE)
    said = Worlds(24, 0.2, {"k": "0.5:1.5", "beta": {"normal": [9, 2]}, "launch_min": "3,4"}, [("k", "beta", 0.4)],
                  alternatives={"on_imitation": [0, 1]})
    assert read(file).table("wasteland").equals(said.table("wasteland"))
    (tmp_path / "again.toml").write_text(read(file).to_toml())
    assert read(tmp_path / "again.toml").table().equals(said.table())
    with pytest.raises(Refused, match="leave --within out"):
        of(str(file), "20%")


@pytest.mark.parametrize(("change", "said"), [
    (("\nk =", "\nkk ="), "line 6: "), (("[parameters]", "[parameter]"), "Did you mean parameters"), ((FILE, ""), "is "
                                                                                                                  "empty"),
    (("rank = 0.4", "rnk = 0.4"), "a correlation is written"), (("0.2", "[2]"), "within must be"),
    (("on_imitation", "on_imitaton"), "on_imitation"), (("worlds = 24", "worlds = "), "not valid TOML")])
def test_a_file_that_is_wrong_is_refused_with_its_place(tmp_path, change, said):
    file = tmp_path / "w.toml"
    file.write_text(FILE.replace(*change))
    with pytest.raises(Refused) as refused:
        read(file)
    assert said in str(refused.value)
    assert "w.toml" in str(refused.value)


def test_what_is_wrong_with_a_value_of_a_file_is_said_in_the_reader_s_language(tmp_path):
    file = tmp_path / "w.toml"
    file.write_text(FILE.replace("\nk =", "\nkk ="))
    with pytest.raises(Refused) as refused:
        read(file)
    assert Text("nl").refused(refused.value).startswith(f"{file}, regel 6: er is geen parameter 'kk'.")


# ---------------------------------------------------------------- how they are run

def test_a_world_is_a_simulation_with_its_values_whatever_the_threads():
    story = small()
    table = Worlds(3, "30%").table(story)
    asked = [parse("G"), parse("services@6")]
    two = outcomes([story, small("wasteland")], table, asked, 2, 7, threads=2)
    assert np.array_equal(two, outcomes([story, small("wasteland")], table, asked, 2, 7, threads=1), equal_nan=True)
    world = {name: float(value) for name, value in rows(table)[1].items()}
    alone = ld.simulate("wasteland", 2, 12, 7, {**SMALL, **world})
    assert two[0, 1, 1].tolist() == alone.rows["G"][:, 12].tolist()
    assert two[1, 1, 1].tolist() == alone.rows["services"][:, 6].tolist()


@pytest.mark.parametrize("executor", [None, "processes"])
def test_work_that_was_interrupted_goes_on_from_its_file_to_the_same_numbers(tmp_path, executor):
    """Wherever it is made; only what is missing is run; another question does not go on with it."""
    file, told = tmp_path / "kept.jsonl", []

    def stop(runs):
        told.append(runs)
        if len(told) == 3:
            raise KeyboardInterrupt

    def asked(progress=None, seed=1, **words):
        policies = ["a: OUT@2", "b: LEAD@2"]
        return Worlds(4, "30%").compare(policies, 2, seed, start=small(), progress=progress, **words).values

    whole = asked()
    with pytest.raises(KeyboardInterrupt):
        asked(stop, keep=file, executor=executor)
    kept = len(file.read_text().splitlines()) - 1
    assert 3 <= kept < 8
    file.write_text(file.read_text() + '["world 3 scen')  # a line that was cut off
    counted = []
    assert asked(counted.append, keep=file, executor=executor).tolist() == whole.tolist()
    assert counted == [2] * 8
    names = [json.loads(line)[0] for line in file.read_text().splitlines()[1:] if line.endswith("]")]
    assert sorted(names) == sorted(f"world {w} scenario {k}" for w in range(4) for k in range(2))
    with pytest.raises(Refused, match="begun by another command"):
        asked(seed=2, keep=file)


def test_what_policies_differ_in_is_compared_and_not_drawn():
    worlds = Worlds(4, "30%", {"beta": "5:12"})
    found = worlds.compare(["low: k=0.3", "high: k=1.4", "same: LEAD@2"], runs=1, start=small())
    assert "k" not in found.table
    assert "a" in found.table
    alone = ld.simulate(small(), 1, parameters={**rows(found.table)[2], "k": 1.4})
    assert found.level("high")[2, 0] == alone.rows["lets_dance"][0, -1]


# ---------------------------------------------------------------- intervals and parts

def crossed(rng, W, R, worlds, seeds, rest, mean=0.3):
    return (mean + worlds * rng.standard_normal(W)[:, None] + seeds * rng.standard_normal(R)[None]
            + rest * rng.standard_normal((W, R)))


def test_the_parts_are_those_of_an_analysis_of_variance():
    d = crossed(np.random.default_rng(3), 7, 5, 1.0, 0.5, 0.7)
    # by least squares on indicator columns, which knows nothing of means of rows and columns
    w, r = np.repeat(np.arange(7), 5), np.tile(np.arange(5), 7)
    one, y = np.ones((35, 1)), d.ravel()

    def rest(*columns):
        x = np.hstack(columns)
        return float(((y - x @ np.linalg.lstsq(x, y, rcond=None)[0])**2).sum())

    A, B = (w[:, None] == np.arange(7)).astype(float), (r[:, None] == np.arange(5)).astype(float)
    both = rest(one, A, B)
    assert squares(d) == pytest.approx(((rest(one, B) - both) / 6, (rest(one, A) - both) / 4, both / 24))
    a, b, e = squares(d)
    assert variances(d) == pytest.approx((max(0, (a - e) / 5), max(0, (b - e) / 7), e))


@pytest.mark.parametrize("sizes", [(1.0, 0.2, 0.5, 60, 6), (0.3, 0.1, 1.0, 60, 6), (1.0, 1.0, 0.5, 40, 5),
                                   (0.1, 0.1, 1.0, 50, 6)])
def test_intervals_cover_the_mean_and_the_part_that_is_not_knowing(sizes):
    """90 % is asked of 95: the interval of 120 tries allows no less than that."""
    *sd, W, R = sizes
    rng, hits = np.random.default_rng(11), np.zeros(2)
    share = sd[0]**2 / sum(s**2 for s in sd)
    for _ in range(120):
        d = crossed(rng, W, R, *sd)
        e, p = mean_over(d), parts(d).not_knowing
        hits += [e.low <= 0.3 <= e.high, p.low <= share <= p.high]
    assert (hits / 120 >= 0.9).all(), hits


def test_one_run_a_world_is_students_interval_and_equal_values_have_none():
    d = np.random.default_rng(5).standard_normal((12, 1))
    e, t = mean_over(d), stats.ttest_1samp(d[:, 0], 0.0).confidence_interval(0.95)
    assert (e.low, e.high, e.n) == (pytest.approx(t.low), pytest.approx(t.high), 12)
    same = mean_over(np.full((9, 4), 0.1))
    assert (same.low, same.high) == pytest.approx((0.1, 0.1))
    assert mean_over(np.full((9, 4), 0.1), 1.0).high > 0.1  # nothing seen in 9 worlds leaves a chance
    nearly = mean_over(np.array([1.0] * 5 + [0.6, 0.7])[:, None], 1.0)
    assert nearly.high > 1.0
    assert nearly.within((0.0, 1.0)) == replace(nearly, high=1.0)  # no share is more than all
    assert nearly.within(None) == nearly
    gaps = np.where(np.arange(12)[:, None] < 3, np.nan, d)
    assert mean_over(gaps).n == 9
    assert np.isnan(parts(gaps).not_knowing.value)
    assert np.isnan(parts(d).not_knowing.value)


def test_a_planted_assumption_is_found_and_chance_is_not():
    rng, W = np.random.default_rng(2), 120
    import pandas as pd

    hits = 0
    for k in range(20):
        table = pd.DataFrame(rng.random((W, 40)), columns=[f"p{i}" for i in range(40)]).assign(
            profile=rng.choice(["a", "b"], W))
        noise = moving(table, rng.standard_normal(W))
        hits += bool((noise["p"] < 0.05).any())
        if k == 0:
            found = moving(table, -2 * table["p7"].to_numpy() + 0.3 * rng.standard_normal(W))
            first = found.iloc[0]
            assert (first["assumption"], first["rank"] < -0.5) == ("p7", True)
            third = table["p7"] <= np.quantile(table["p7"], 1 / 3, method="nearest")
            assert first["low"] > first["high"]
            assert first["to"] == table["p7"][third].max()
            named = moving(table, (table["profile"] == "b").to_numpy() + 0.2 * rng.standard_normal(W))
            assert named["assumption"][0].startswith("profile=")
    assert hits <= 4  # 5 % of 20


# ---------------------------------------------------------------- what knowing is worth

def gaussian(W, R, mu, b, noise, seed=1, actions=2):
    """Two policies whose difference is mu + b x + noise, in made-up worlds; the reference is 0."""
    import pandas as pd

    rng = np.random.default_rng(seed)
    x = rng.standard_normal((W, len(b)))
    values = np.zeros((actions, W, R))
    values[1] = (mu + x @ b)[:, None] + noise * rng.standard_normal((W, R))
    table = pd.DataFrame(x, columns=["k", "a", "mu"][:len(b)])
    stories = {"stay": load("lone_ranger"), "act": load("lone_ranger").changed(levers=["LEAD@1"])}
    return OverWorlds(Worlds(W), table, stories, "stay", parse("services"), False, 1, values)


def closed_form(mu, sd):
    """E max(0, N(mu, sd)) - max(0, mu)."""
    return mu * stats.norm.cdf(mu / sd) + sd * stats.norm.pdf(mu / sd) - max(0.0, mu)


def test_the_value_of_knowing_is_the_closed_form_of_a_linear_gaussian_choice():
    b = np.array([0.8, 0.3, 0.0])
    found = gaussian(4000, 4, 0.2, b, 0.5)
    told = knowing(found)
    whole = closed_form(0.2, float(np.hypot(*b[:2])))
    assert told.best == "act"
    assert told.perfect.low <= whole <= told.perfect.high
    assert told.perfect.value == pytest.approx(whole, rel=0.1)
    by = told.table.set_index("assumption")
    assert by.loc["k", "value"] == pytest.approx(closed_form(0.2, 0.8), rel=0.08)
    assert by.loc["a", "value"] == pytest.approx(closed_form(0.2, 0.3), rel=0.25)
    assert by.loc["k", "low"] <= closed_form(0.2, 0.8) <= by.loc["k", "high"]
    assert told.worth["assumption"].tolist() == ["k", "a"]
    assert by.loc["k", "switch"] == "stay"
    assert by.loc["k", "share"] == pytest.approx(stats.norm.cdf(-0.2 / 0.8), abs=0.03)
    assert "Measure" in " ".join(pages.knowing_sentences(told))


def test_luck_is_worth_nothing_to_know():
    """The plain estimate would pay for noise: 10 runs of noise 3 look worth .4 to know."""
    good = np.zeros((2, 500, 10))
    good[1] = 3.0 * np.random.default_rng(4).standard_normal((500, 10))
    plain = good.mean(axis=2).max(axis=0).mean() - good.mean(axis=(1, 2)).max()
    assert plain > 0.25
    assert perfect(good)[0] < 0.1
    assert perfect(good)[1] == pytest.approx(plain)
    found = gaussian(300, 6, 0.0, np.zeros(3), 3.0)
    assert knowing(found).worth.empty
    x = np.arange(10) % 2
    assert partial(x, np.array([np.zeros(10), 2.0 * x - 1.0]))[0] == pytest.approx(0.5)


def test_values_of_knowing_are_refused_where_there_are_few_worlds():
    with pytest.raises(Refused, match="at least 20 worlds"):
        knowing(gaussian(10, 2, 0, np.zeros(3), 1))


# ---------------------------------------------------------------- the answers

@pytest.fixture(scope="module")
def found():
    return Worlds(30, "30%").compare({"nothing": small(), "both": "LEAD@2, CB@2", "law": "MANDATE@2"}, runs=3,
                                     start=small(), outcome="G@10")


def test_the_summary_is_an_independent_count(found):
    by = found.by_run.groupby(["policy", "world"])["G@10"].mean().unstack("policy")
    frame = found.summary.set_index("policy")
    gain = by["both"] - by["nothing"]
    assert frame.loc["both", "difference"] == pytest.approx(gain.mean())
    assert frame.loc["both", "better"] == (gain > 0).mean()
    assert frame.loc["both", "worse"] == (gain < 0).mean()
    assert frame.loc["law", "worst"] == pytest.approx(by["law"].min())
    assert frame.loc["law", "worst_tenth"] == pytest.approx(by["law"].nsmallest(3).mean())
    regret = by.max(axis=1) - by["law"]
    assert frame.loc["law", "regret"] == pytest.approx(regret.mean())
    assert frame.loc["law", "largest_regret"] == pytest.approx(regret.max())
    exact = stats.binomtest(int((gain > 0).sum()), 30).proportion_ci(0.95, "exact")
    assert (frame.loc["both", "better_low"], frame.loc["both", "better_high"]) == pytest.approx((exact.low, exact.high))
    clear = [stats.ttest_1samp(row, 0).confidence_interval(0.95).low > 0 for row in found.difference("both")]
    assert frame.loc["both", "clearly_better"] == pytest.approx(np.mean(clear), abs=0.05)
    assert tenth(np.arange(20.0)) == 0.5


def test_less_may_be_better():
    worlds = Worlds(6, "30%")
    more, less = (worlds.compare(["nothing:", "lead: LEAD@2"], 2, start=small(), outcome="T", better=b)
                  for b in ("more", "less"))
    assert more.better("lead")[0].successes == less.better("lead")[1].successes
    assert (more.regret.max(axis=0) == less.regret.max(axis=0)).all()


def test_the_page_says_what_was_counted(found):
    page = render(pages.study(found), {"version": "0", "command": "x"})
    for words in ("over 30 worlds", "is not knowing", "only as wide as the ranges", "regret", "worst tenth"):
        assert words in page
    assert f"better than nothing in {100 * found.summary.set_index('policy').loc['both', 'better']:.0f}" in page
    for width in (WIDE, NARROW):
        assert pages.sorted_worlds(found, width).svg()
        assert pages.assumptions(found, "both", width).svg()


#: What is typed: policies, and parameters by the names by which they are set.
TYPED = "|".join(sorted(map(re.escape, PARAMETERS), key=len, reverse=True))


def typed(*policies):
    return rf"(?i:{'|'.join(policies)})|\((?:{TYPED})\)|\([A-Z]+, |(?:{'|'.join(SMALL)}) = |Holm"


def test_answers_over_worlds_speak_the_language_that_is_asked(found, spoken):
    assert not plain_english(pages.study(found, text=spoken), typed("nothing", "both", "law"))
    told = gaussian(200, 4, 0.2, np.array([0.8, 0.3, 0.0]), 0.5)
    assert "(k)" in " ".join(pages.knowing_sentences(knowing(told), spoken))
    assert not plain_english(pages.study(told, knowing(told), spoken), typed("stay", "act"))
    noise = gaussian(60, 4, 0.0, np.zeros(3), 3.0)
    assert not plain_english(pages.study(noise, knowing(noise), spoken), typed("stay", "act"))
    for width in (WIDE, NARROW):
        assert not crowded(pages.sorted_worlds(found, width, spoken))


def test_an_assumption_is_named_as_it_is_set(spoken):
    assert assumption_named("k") == f"{PARAMETERS['k'].title} (k)"
    assert assumption_named("profile=telework", spoken) == (
        f"{spoken('report.worlds_profile')} {spoken.title('profile', 'telework')}")
    assert assumption_named("free_rule") == "free_rule"


def test_a_wind_tunnel_over_worlds_holds_the_same_runs_as_a_comparison(spoken):
    worlds = Worlds(5, "30%")
    tunnel = worlds.wind_tunnel("lead: LEAD@2", [small()], ["scandal"], at=3, outcome="G", runs=2)
    pair = worlds.compare({"without": small().changed(shocks=["scandal@3"]), "with": small().changed(
        shocks=["scandal@3"], levers=["LEAD@2"])}, 2, outcome="G")
    assert tunnel.difference("lone_ranger", "scandal").tolist() == pair.difference("with").tolist()
    assert tunnel.summary["shock"].tolist() == ["none", "scandal"]
    assert tunnel_worlds.heat(tunnel, NARROW).svg()
    assert "least often from" in render(tunnel_worlds.tunnel_study(tunnel), {"version": "0"})
    assert not plain_english(tunnel_worlds.tunnel_study(tunnel, spoken), typed("lead"))


def test_a_map_over_worlds_counts_how_many_worlds_agree(spoken):
    worlds = Worlds(4, "30%")
    found = worlds.basins(small(), grid=3, quarters=12, runs=2)
    assert found.shares.shape == (3, 3, 4, 2, 4)
    np.testing.assert_allclose(found.shares.sum(axis=-1), 1.0)
    here = found.shares[2, 0].mean(axis=1).argmax(axis=1) == found.assumed[2, 0].mean(axis=0).argmax()
    assert found.same[2, 0] == here.mean()
    there = replace(small(), C=float(found.starts[2]), G=float(found.starts[0]))
    alone = ld.simulate(there, 2, parameters=rows(found.table)[3])
    assert found.shares[2, 0, 3, :, REGIMES.index("lone_ranger")].tolist() == alone.rows["lone_ranger"][:, -1].tolist()
    assert map_worlds.plane(found, NARROW).svg()
    assert "per cent of worlds" in render(map_worlds.map_study(found), {"version": "0"})
    assert not plain_english(map_worlds.map_study(found, spoken), typed("none"))


def test_reasons_hold_in_every_world_where_worlds_are_alike(spoken):
    same = Worlds(4, "fixed", {"measure_noise": "0.09:0.11"}).explain(small(), runs=2)
    assert same.holds.set_index("about").loc["goal", "share"] == 1.0
    assert len(same.sentences) >= 4
    assert same.holds["says"].tolist() == [line.partition(" Holds")[0] for line in same.sentences[1:-1]]
    assert not re.findall(r"[A-Za-z]{2,}|\d\.\d", re.sub(typed("measure_noise"), "", " ".join(same.said(spoken))))
    open_ = Worlds(12, "ranges").explain(small(), runs=1).said(spoken)
    assert not re.findall(r"[A-Za-z]{2,}|\d\.\d", re.sub(typed("none"), "", " ".join(open_)))


# ---------------------------------------------------------------- commands

@pytest.mark.parametrize("words", [
    ["compare", "lone_ranger", "--policy", "lead: LEAD@2", "--worlds", "22", "--within", "30%", "--runs", "2"],
    ["compare", "lone_ranger", "wasteland", "--worlds", "w.toml", "--runs", "1"],
    ["wind-tunnel", "lead: LEAD@2", "--start", "lone_ranger", "--only", "scandal", "--worlds", "3", "--runs", "1",
     "--at", "3"],
    ["map", "--grid", "2", "--worlds", "3", "--runs", "1"],
    ["explain", "--scenario", "lone_ranger", "--worlds", "3", "--within", "20%", "--runs", "1"]])
def test_commands_take_worlds_and_their_folders_are_verified(words, tmp_path, monkeypatch):
    from letsdance.commands.main import app

    monkeypatch.chdir(tmp_path)
    (tmp_path / "w.toml").write_text('worlds = 3\nwithin = "fixed"\n[parameters]\nk = "0.5:1"\n')
    monkeypatch.setattr("sys.argv", ["letsdance", *words, "--quarters", "8", "--json"])
    done = CliRunner().invoke(app, [*words, "--quarters", "8", "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.output)
    if words[0] == "explain":
        assert "Holds in" in " ".join(said["lone_ranger"]["sentences"])
        return
    assert said["worlds"] == int(words[words.index("--worlds") + 1].replace("w.toml", "3"))
    place = tmp_path / f"letsdance-{words[0]}"
    assert (place / "report.html").exists()
    manifest = json.loads((place / "manifest.json").read_text())
    (tmp_path / "again.toml").write_text(manifest["worlds_toml"])
    assert read(tmp_path / "again.toml").worlds == said["worlds"]


@pytest.mark.parametrize(("words", "said"), [
    (["compare", "lone_ranger", "wasteland", "--within", "30%"], "--worlds 200"),
    (["compare", "lone_ranger", "wasteland", "--worlds", "9", "--until", "G +-0.1"], "--until"),
    (["map", "--worlds", "none.toml"], "none.toml"), (["map", "--worlds", "4", "--within", "x"], "30%"),
    (["search", "lone_ranger", "--worlds", "4", "--no-robust"], "--no-robust")])
def test_mistakes_end_in_one_sentence(words, said, tmp_path, monkeypatch):
    from letsdance.commands.main import app

    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, words)
    assert isinstance(done.exception, Refused)
    assert said in str(done.exception)
    assert not list(tmp_path.iterdir())
