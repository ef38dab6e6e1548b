"""A case is followed: the filter is the exact one where that is known, runs are the model's, and cities are found again."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as some
from pseudo import crowded, plain_english
from scipy.special import ndtri
from typer.testing import CliRunner

import letsdance as ld
from letsdance.experiments import particles
from letsdance.experiments.adopters import sampling
from letsdance.experiments.adopters.abc_smc import coverage
from letsdance.experiments.follow import _stopped, follow, load, make_case, recover
from letsdance.experiments.luck_paths import along
from letsdance.experiments.outcomes import parse_condition
from letsdance.experiments.seen import SEEN, Seen, as_csv, read_seen
from letsdance.experiments.worlds import Worlds, read
from letsdance.params import Refused
from letsdance.report import following as pages
from letsdance.report.sheet import NARROW, WIDE
from letsdance.report.study import render
from letsdance.scenarios.tables import pasted
from letsdance.simulation import municipalities
from letsdance.words import Text, languages

SMALL = ld.load_scenario("lone_ranger").changed(parameters={"municipalities": 8, "citizens": 12}, quarters=14)


# ---------------------------------------------------------------- the filter against Kalman's

class Walk:
    """x[t] = x[t-1] + b + w, seen as y = x + v: x[0] ~ N(0, 1), b ~ N(0, .3), w ~ N(0, .2), v ~ N(0, .1)."""

    drift, walk, error = 0.3, 0.2, 0.1

    def simulate(self, z, luck, last):
        """Steps of each path's own luck, a number a seed and quarter."""
        with np.errstate(over="ignore"):
            x = luck[:, :last + 1] * np.uint64(0x9E3779B97F4A7C15) + np.arange(last + 1, dtype=np.uint64) * np.uint64(
                0xBF58476D1CE4E5B9)
            for by, times in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
                x = (x ^ (x >> np.uint64(by))) * np.uint64(times)
        steps = self.drift * z[:, 1:2] + self.walk * ndtri((x >> np.uint64(11)).astype(float) / 2**53 + 1e-16)
        steps[:, 0] = z[:, 0]
        return np.cumsum(steps, axis=1)[:, :, None]

    def seen(self, t, y):
        return lambda traces: -0.5 * ((traces[:, t, 0] - y) / self.error)**2 - np.log(self.error * np.sqrt(2 * np.pi))

    def exact(self, ys):
        """Kalman (1960): mean and covariance of level and drift, and the log chance of all that was seen."""
        m, P, said = np.zeros(2), np.diag([1.0, self.drift**2]), 0.0
        for y in ys:
            F = np.array([[1.0, 1.0], [0.0, 1.0]])
            m, P = F @ m, F @ P @ F.T + np.diag([self.walk**2, 0.0])
            S = P[0, 0] + self.error**2
            said += -0.5 * (y - m[0])**2 / S - 0.5 * np.log(2 * np.pi * S)
            m, P = m + P[:, 0] / S * (y - m[0]), P - np.outer(P[:, 0], P[0]) / S
        return m, np.sqrt(np.diag(P)), said


def test_the_filter_is_kalmans_and_keeps_many_particles_where_the_bootstrap_keeps_few():
    model, rng = Walk(), np.random.default_rng(4)
    ys = np.cumsum(0.25 + model.walk * rng.standard_normal(10)) + 0.5 + model.error * rng.standard_normal(10)
    mean, sd, chance = model.exact(ys)
    found = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        cloud = particles.begin(500, 2, 10, rng)
        how = [particles.take_in(cloud, t, model.seen(t, y), model.simulate, rng) for t, y in enumerate(ys, 1)]
        level, drift = cloud.traces[:, 10, 0], model.drift * cloud.z[:, 1]
        found.append([level.mean(), level.std(), drift.mean(), drift.std(), sum(one.evidence for one in how)])
        assert cloud.distinct > 100
    middle, error = np.mean(found, axis=0), np.std(found, axis=0) / np.sqrt(5)
    exact = np.array([mean[0], sd[0], mean[1], sd[1], chance])
    assert (np.abs(middle - exact) < 4 * error + 0.03 * np.array([sd[0], sd[0], sd[1], sd[1], 1.0])).all(), (middle, exact)
    plain = particles.bootstrap(500, 2, [(t, model.seen(t, y)) for t, y in enumerate(ys, 1)], 10, model.simulate,
                                np.random.default_rng(1))
    assert abs(plain.traces[:, 10, 0].mean() - mean[0]) < 0.1  # the readable reference
    assert plain.distinct < 50


def test_weights_grow_by_as_much_as_leaves_half_and_are_drawn_in_proportion():
    far = -0.5 * np.linspace(-40, 40, 400)**2
    at = particles.next_degree(far, 0.0)
    assert sampling.effective(at * far) == pytest.approx(200, abs=1)
    assert particles.next_degree(np.zeros(9), 0.3) == 1.0
    weights = np.array([0.5, 0.1, 0.4])
    counts = np.bincount(sampling.chosen(weights, 3001, np.random.default_rng(1)), minlength=3)
    assert (np.abs(counts - 3001 * weights) < 1.0).all()  # floor or ceiling of each one's part (Kitagawa 1996)


# ---------------------------------------------------------------- runs whose luck is told quarter by quarter

@pytest.mark.parametrize("levers", [[], ["OUT@3+6", "LEAD@5"], ["OUT@3+6 in the 4 largest"]])
def test_equal_seeds_are_the_run_of_that_seed_and_others_share_its_past(levers):
    story = SMALL.changed(levers=levers)
    towns = municipalities.of(story)
    plain = ld.simulate(story, 1, seed=7)
    rows, stage, depth, regime, category = along(story, towns, np.full(15, 7, np.uint64))
    assert rows.tobytes() == plain.rows.tobytes()
    assert (stage == plain.stage).all()
    assert (depth == plain.depth).all()
    assert (regime == plain.regime).all()
    assert (category == plain.category).all()
    other = along(story, towns, np.r_[np.full(6, 7), np.full(9, 8)].astype(np.uint64))[0]
    assert other[0, :6].tobytes() == rows[0, :6].tobytes()
    assert (other["C"][0, 6:] != rows["C"][0, 6:]).all()


def test_a_particle_is_the_model_with_its_values_and_threads_do_not_matter():
    worlds = Worlds(6, "20%", correlations=[("wS", "wT", 0.5)])
    seen = [Seen(6, "C", 0.6, 400)]
    case, _ = make_case(seen, SMALL, None, worlds, threads=1)
    cloud = particles.begin(6, len(case.names), 14, np.random.default_rng(1))
    found, columns = case.simulate(cloud.z, cloud.luck, 6), case.worlds_at(cloud.z)
    for k in range(3):
        alone = ld.simulate(SMALL, 1, seed=int(cloud.luck[k, 0]), quarters=8,
                            parameters={name: values[k] for name, values in columns.items()})
        assert found[k, :, case.kept.index("C")].tolist() == alone.rows["C"][0, :7].tolist()
    many, _ = make_case(seen, SMALL, None, worlds, threads=3)
    assert many.simulate(cloud.z, cloud.luck, 6).tobytes() == found.tobytes()
    slow, _ = make_case(seen, SMALL.changed(shocks=["scandal@12"]), None, worlds, threads=2)  # a schedule for each
    assert slow.simulate(cloud.z, cloud.luck, 6).tobytes() == found.tobytes()


def test_what_stops_now_was_there_before():
    story = SMALL.changed(levers=["LEAD@2"])
    plan = ld.load_scenario("lone_ranger").changed(levers=["OUT@3+8", "CB@9"], quarters=14).levers
    policy = ld.Policy(title="plan", levers=plan)
    whole = policy.on(story)
    stopped = _stopped(whole, policy, 6)
    assert [str(use) for use in stopped.levers] == ["LEAD@2*1", "OUT@3+4*1"]
    a, b = (ld.simulate(one, 2).rows["C"] for one in (whole, stopped))
    assert (a[:, :7] == b[:, :7]).all()
    assert (a[:, 7:] != b[:, 7:]).any()


# ---------------------------------------------------------------- a case

@pytest.fixture(scope="module")
def found():
    truth = ld.simulate(SMALL, 1, seed=5).society.set_index("quarter")
    rng, seen = np.random.default_rng(2), []
    for quarter in (3, 6, 9):
        seen += [Seen(quarter, "C", float(truth["C"][quarter] + 0.03 * rng.standard_normal()), error=0.03),
                 Seen(quarter, "G", float(truth["G"][quarter] + 0.05 * rng.standard_normal()), error=0.05)]
    return truth, follow(seen, SMALL, "late help: OUT@10", Worlds(80, "20%"), needed=0.5, moves=4)


def test_it_knows_where_the_city_stands_and_less_before(found):
    truth, told = found
    last = told.standing.iloc[-1]
    for name in ("C", "G"):
        assert last[f"{name}_low_95"] < truth[name][9] < last[f"{name}_high_95"]
        assert last[f"{name}_high_95"] - last[f"{name}_low_95"] < 0.3
    assert told.learnt.set_index("parameter").loc["C0", "narrowing"] < 0.4
    assert told.path.shape == (80, 10, 2)
    assert told.now == 9
    assert told.holds.shape == told.before.shape == (2, 80)


def test_what_is_to_come_is_on_equal_luck_and_the_page_says_it(found):
    _, told = found
    _, with_it = told.chances()
    assert with_it.low <= with_it.share <= with_it.high
    assert told.verdict == ("holds" if with_it.low >= 0.5 else "fails" if with_it.high < 0.5 else "open")
    study = pages.study(told, coverage(pd.DataFrame({"parameter": "C", "truth": [0.5], "low_80": 0.4, "high_80": 0.6,
                                                     "low_95": 0.3, "high_95": 0.7})))
    html = render(study, {"command": "x"})
    for part in (with_it.said().split(" (")[0], "Where it stands", "Does it find what is known"):
        assert part in html
    assert pages.plane(told, NARROW).width == NARROW < pages.plane(told, WIDE).width


def test_a_case_speaks_the_language_that_is_asked(found, spoken):
    _, told = found
    held = coverage(pd.DataFrame({"parameter": "C", "truth": [0.5], "low_80": 0.4, "high_80": 0.6, "low_95": 0.3,
                                  "high_95": 0.7}))
    either = {"profile": ("co_creation", "telework"), "T_lo": (0.3, 0.5)}
    seen = (*told.case.seen, Seen(9, "services", 0.2), Seen(9, "uses", 0.3, 200))
    unsure = replace(told, plan=ld.Policy(title="no plan"), target=parse_condition("lets_dance@10-14 >= 0.3"),
                     case=replace(told.case, seen=seen, worlds=replace(told.case.worlds, alternatives=either)),
                     draws=told.draws.assign(profile="telework", T_lo=0.3),
                     prior=told.prior.assign(profile="co_creation", T_lo=0.5),
                     filtered=told.filtered.assign(surprise=0.01))
    typed = "|".join(["late help|OUT,|T_lo", r"\w+ = \d+", *(rf"\({name}\)" for name in told.draws)])
    for one in (told, unsure):
        assert not plain_english(pages.study(one, held if one is told else None, spoken), typed)


def test_a_ring_holds_80_per_cent_of_the_worlds_and_is_kept_within_the_plane(found):
    points = np.random.default_rng(3).multivariate_normal([0.4, 0.6], [[0.02, 0.015], [0.015, 0.03]], 1000)
    ring = pages.region(points, corners=720)
    turn = np.roll(ring, -1, axis=0) - ring
    inside = [(turn[:, 0] * (y - ring[:, 1]) - turn[:, 1] * (x - ring[:, 0]) >= 0).all() for x, y in points]
    assert np.mean(inside) == pytest.approx(0.8, abs=0.002)  # a polygon of many corners, a little within the ellipse
    normal = pages.region(np.random.default_rng(4).standard_normal((200_000, 2)))
    assert np.linalg.norm(normal, axis=1) == pytest.approx(np.sqrt(-2 * np.log(0.2)), abs=0.02)
    still = pages.region(np.column_stack([points[:, 0], np.full(1000, 0.5)]))
    assert still == pytest.approx(np.tile([points[:, 0].mean(), 0.5], (72, 1)))
    _, told = found
    step, xs, ys = pages._close_up(told)
    way = told.path.mean(axis=0)
    assert xs[0] <= way[:, 0].min() <= way[:, 0].max() <= xs[1]
    assert ys[0] <= way[:, 1].min() <= way[:, 1].max() <= ys[1]
    assert xs[1] - xs[0] == pytest.approx(ys[1] - ys[0])
    assert 2 * step <= xs[1] - xs[0] <= max(5 * step, 1.0)


@pytest.mark.parametrize("language", languages())
def test_its_figures_have_room(found, language):
    _, told = found
    drawn = [make(width) for part in pages.study(told, text=Text(language)).sections for make in part.figures.values()
             for width in (WIDE, NARROW)]
    assert len(drawn) == 8
    assert [crowded(figure) for figure in drawn] == [[]] * 8


def test_what_was_not_foreseen_is_said():
    odd = follow([Seen(3, "C", 0.6, error=0.02), Seen(3, "services", 9.0)], SMALL, None, Worlds(50, "10%"), moves=1)
    assert odd.filtered["surprise"].iloc[0] < 0.05
    assert "was not expected" in str(odd)


def test_alternatives_have_chances_that_follow_the_data():
    worlds = Worlds(60, "fixed", {"C0": "0.6:0.7", "G0": "0.2:0.3"}, alternatives={"T_lo": [0.3, 0.5], "profile": [
        "co_creation", "telework"]})
    case, _ = make_case([Seen(2, "T", 0.5, error=0.01)], SMALL, None, worlds)
    cloud = particles.begin(60, len(case.names), 14, np.random.default_rng(1))
    trust = case.simulate(cloud.z, cloud.luck, 2)[:, 2, case.kept.index("T")]
    which = np.array(case.worlds_at(cloud.z)["T_lo"])
    there = float(trust[which == 0.5].mean())
    told = follow([Seen(2, "T", there, error=0.01)], SMALL, None, worlds, moves=2)
    frame = told.structures.set_index(["alternative", "value"])
    assert frame.loc[("T_lo", "0.5"), "now"] > 0.95 > frame.loc[("T_lo", "0.5"), "before"]
    assert 0.2 < frame.loc[("profile", "telework"), "now"] < 0.8  # trust in quarter 2 knows nothing of it
    assert frame.groupby("alternative")["now"].sum().tolist() == pytest.approx([1.0, 1.0])


def test_synthetic_cities_are_found_again():
    """Few cities, so only gross faults show here; the table of coverage is `python -m benchmarks.worlds`."""
    case, _ = make_case([Seen(q, name, 0.5, 200) for q in (2, 4) for name in ("C", "T")], SMALL, None, Worlds(48, "20%"))
    rows = recover(case, 8, moves=3)
    told = coverage(rows[rows["parameter"].isin(["C", "T", "G"])])
    at = told[told["level"] == 0.95]
    assert (at["held"] >= at["from"] - 0.1).all(), told
    assert (rows["low_95"] <= rows["low_80"]).all()


@pytest.mark.parametrize("threads", [1, 2])
def test_every_run_is_heard_between_and_what_is_raised_there_ends_it(threads):
    heard = []
    follow([Seen(2, "C", 0.5, 200)], SMALL, None, Worlds(20, "20%"), threads=threads, between=heard.append)
    assert sum(heard) % 20 == 0
    assert sum(heard) >= 20 * (1 + 2 + 1)  # before; where something was seen a run and a proposal; now
    if threads == 1:
        assert set(heard) == {1}

    def enough(count):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        follow([Seen(2, "C", 0.5, 200)], SMALL, None, Worlds(20, "20%"), threads=threads, between=enough)


@pytest.mark.parametrize("worlds", [Worlds(24, "20%"), Worlds(24, "20%", alternatives={
    "profile": ["co_creation", "telework"]})])
def test_a_case_that_was_interrupted_goes_on_to_the_same_particles(tmp_path, worlds):
    heard, file = [], tmp_path / "done.jsonl"

    def stop(count):
        heard.append(count)
        if sum(heard) >= 40:
            raise KeyboardInterrupt

    def asked(**words):
        return follow([Seen(2, "C", 0.5, 200), Seen(4, "T", 0.4, 200)], SMALL, None, worlds, **words)

    whole = asked()
    with pytest.raises(KeyboardInterrupt):
        asked(keep=file, between=stop)
    assert len(file.read_text().splitlines()) > 20
    again = asked(keep=file)
    for one, other in ((whole.draws, again.draws), (whole.standing, again.standing), (whole.filtered, again.filtered)):
        pd.testing.assert_frame_equal(one, other, check_exact=True)
    assert np.array_equal(whole.holds, again.holds)
    with pytest.raises(Refused, match="begun by another command"):
        asked(keep=file, seed=2)


# ---------------------------------------------------------------- tables and the command

@pytest.mark.parametrize(("text", "said"), [
    ("quarter,signal,value\n2,support,0.5\n", "how many were asked"),
    ("quarter,signal,value,n\n2,K,0.5,9\n", "cannot be seen"),
    ("quarter,signal,value,n\n2,support,50,9\n", "is a share"), ("quarter,signal,value\nx,services,1\n", "whole number"),
    ("quarter,signal,value\n2,services,1\n2,services,2\n", "seen twice"), ("quarter,value\n2,1\n", "signal"),
    ("quarter,signal,value\n99,services,1\n", "before the horizon")])
def test_what_cannot_be_seen_is_refused(text, said, tmp_path):
    (tmp_path / "seen.csv").write_text(text)
    with pytest.raises(Refused, match=r"^[^\n]*$") as refused:
        follow(tmp_path / "seen.csv", SMALL)
    assert said in str(refused.value)


def test_words_are_read_as_people_write_them(tmp_path):
    (tmp_path / "gezien.csv").write_text("kwartaal;signaal;waarde;n;fout\n8;trust;0,45;300;\n4;officials;0,3;;0,05\n")
    first, second = read_seen(tmp_path / "gezien.csv")
    assert (first.quarter, first.signal, first.value, first.error) == (4, "G", 0.3, 0.05)
    assert (second.signal, second.value, second.asked) == ("T", 0.45, 300)
    assert second.spread(np.array(0.5), 10) == pytest.approx(np.sqrt(0.25 / 300))
    assert Seen(3, "services", 2.0).spread(np.array([0.1, 4.0]), 10).tolist() == [0.1, 0.2]


@given(some.lists(some.builds(
    Seen, some.integers(0, 200), some.sampled_from(sorted(SEEN)), some.floats(0, 1), some.integers(2, 10**6),
    some.one_of(some.just(np.nan), some.floats(1e-6, 9))), min_size=1, unique_by=lambda one: (one.quarter, one.signal)))
def test_what_was_seen_is_read_back_as_it_was_written(seen):
    again = read_seen(pasted(as_csv(seen)))
    assert list(map(repr, again)) == list(map(repr, sorted(seen, key=lambda one: (one.quarter, one.signal))))
    waves = (Seen(2, "C", 0.5, 400), Seen(4, "C", 0.625, 400, panel=0.7), Seen(4, "T", 0.25, 400))
    assert list(map(repr, read_seen(pasted(as_csv(waves))))) == list(map(repr, waves))


def test_the_command_leaves_a_posterior_that_worlds_take(tmp_path, monkeypatch):
    from letsdance.commands.main import app

    monkeypatch.chdir(tmp_path)
    (tmp_path / "seen.csv").write_text("quarter,signal,value,n\n2,support,0.6,200\n4,trust,0.3,200\n")
    words = ["follow", "lone_ranger", "seen.csv", "--plan", "p: OUT@3", "--worlds", "24", "--within", "20%", "--moves", "1",
             "--set", "municipalities=8", "--set", "citizens=12", "--quarters", "10", "--recover", "1", "--json"]
    monkeypatch.setattr("sys.argv", ["letsdance", *words])
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    said = json.loads(done.output)
    assert said["verdict"] in ("holds", "fails", "open")
    assert [row["quarter"] for row in said["standing"]] == [2, 4]
    assert len(said["coverage"]) == 8
    (tmp_path / "w.toml").write_text('worlds = 30\nwithin = "fixed"\nposterior = "letsdance-follow"\n')
    table, draws = read("w.toml").table("lone_ranger"), load("letsdance-follow").draws
    assert len(table) == 30
    assert set(table["C0"]) <= set(draws["C0"])
    assert (table["C0"].std(), table["C0"].mean()) == pytest.approx((draws["C0"].std(), draws["C0"].mean()), rel=0.5)
    with pytest.raises(Refused, match="not a folder"):
        load("nowhere")
