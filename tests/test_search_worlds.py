"""Search over worlds: fronts are fronts, measures are what they say, an interrupted search is the whole one."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from pseudo import plain_english
from typer.testing import CliRunner

from letsdance.experiments import search_emulated, search_worlds
from letsdance.experiments.emulator import FITS
from letsdance.experiments.portfolios import code, cost, space
from letsdance.experiments.search_worlds import MEASURES, Found, confirmed, measured, search, steps, undominated
from letsdance.experiments.worlds import Worlds
from letsdance.params import Refused
from letsdance.report.search_worlds import search_study
from letsdance.scenarios import Use, load

START = load("lone_ranger").changed(parameters={"municipalities": 8, "citizens": 12}, quarters=12)
LEVERS = ["CB", "LEAD", "OUT", "FAL"]
WORLDS = Worlds(6, "30%")


def planted(portfolio):
    """Success where CB and LEAD are in and the world is kind; trust falls with each lever."""
    names = {use.name for use in portfolio}
    kind = np.linspace(0, 1, 6)[:, None] * np.ones((1, 2))
    success = (kind < 0.2 + 0.4 * ({"CB", "LEAD"} <= names) + 0.2 * ("OUT" in names)).astype(float)
    return np.stack([success, np.full((6, 2), 0.9 - 0.1 * len(names))])


def found(tmp=None, **more):
    return search(WORLDS, START, ["success", "T"], levers=LEVERS, starts=[1], durations=[None], strengths=[1.0], most=3,
                  runs=2, evaluations=30, evaluate=planted, file=tmp, **more)


def test_measures_are_what_they_say():
    good = np.array([[0.0, 0.2], [0.5, 0.7], [1.0, 1.0]])
    assert measured(good, "mean", np.zeros(3), 0.5) == pytest.approx(1.7 / 3)
    assert measured(good, "worst_tenth", np.zeros(3), 0.5) == pytest.approx(0.1)
    assert measured(good, "satisficing", np.zeros(3), 0.6) == pytest.approx(2 / 3)
    assert measured(good, "regret", np.array([0.5, 0.6, 1.0]), 0.5) == pytest.approx(-0.4)


def test_a_front_holds_what_no_other_beats():
    rng = np.random.default_rng(3)
    points = rng.integers(0, 5, (60, 3)).astype(float)
    on = undominated(points)
    for k in range(60):
        beaten = any((q >= points[k]).all() and (q > points[k]).any() for q in points)
        assert on[k] == (not beaten)


@pytest.mark.parametrize("how", ["mean", "satisficing", "regret"])
def test_a_small_space_is_searched_whole_and_the_front_is_that_of_all(how):
    made = found(robustly=how)
    whole = list(space(START, LEVERS, [1], [None], [1.0], 3).portfolios())
    assert set(made.tried["portfolio"]) == {code(p) for p in whole}
    best = np.max([planted(p).mean(axis=2) for p in whole], axis=0)
    points = np.array([[-cost(p, 12), *(measured(planted(p)[k], how, best[k], 0.5) for k in range(2))] for p in whole])
    front = {code(p) for p, on in zip(whole, undominated(points), strict=True) if on}
    assert set(made.front["portfolio"]) == front or (len(front) > 10 and set(made.front["portfolio"]) < front)
    assert made.front["success_mean"].is_monotonic_decreasing
    assert (made.seeds["of_the_front"] > 0.5).all()
    assert made.front["tied"][0]


@pytest.mark.parametrize("how", MEASURES)
def test_a_search_over_worlds_speaks_the_language_that_is_asked(how, spoken):
    made = found(robustly=how)
    assert made.told(made.front["portfolio"][0]) == made.front["words"][0]
    assert not plain_english(search_study(made, spoken))


def test_an_interrupted_search_is_the_whole_one(tmp_path):
    file = tmp_path / "kept.jsonl"
    first = found(file)
    lines = file.read_text().splitlines()
    file.write_text("\n".join(lines[:9]) + '\n["CB@1*1", [[0.')  # killed while it wrote
    calls = []
    again = search(WORLDS, START, ["success", "T"], levers=LEVERS, starts=[1], durations=[None], strengths=[1.0],
                   most=3, runs=2, evaluations=30, evaluate=lambda p: calls.append(p) or planted(p),
                   evaluate_fresh=planted, file=file)
    assert again.front.equals(first.front)
    assert again.tried.equals(first.tried)
    assert len(calls) == len(lines) - 9
    with pytest.raises(Refused, match="begun by another command"):
        search(WORLDS, START, ["T"], levers=LEVERS, evaluate=planted, file=file)
    with pytest.raises(Refused, match="begun by another command"):
        search(WORLDS, START, ["success", "T"], levers=LEVERS, starts=[1], durations=[None], strengths=[1.0], most=3,
               runs=2, evaluations=30, evaluate=planted, file=file,
               municipalities=pd.DataFrame({"name": ["Ash"], "citizens": [40]}))


@pytest.mark.parametrize(("words", "said"), [
    ({"robustly": "best"}, "robust measure"), ({"aims": ["sucess"]}, "no outcome"), ({"aims": ["cost"]}, "beside the "
                                                                                                         "points"),
    ({"aims": ["T@99"]}, "after the horizon"), ({"evaluations": 10**6}, "more than")])
def test_what_cannot_be_searched_is_refused(words, said):
    with pytest.raises(Refused) as refused:
        search(Worlds(100), START, **words)
    assert said in str(refused.value)


def test_the_model_is_searched_and_threads_change_nothing(tmp_path, monkeypatch):
    from letsdance.commands.main import app

    words = {"levers": ["LEAD", "CB"], "starts": [1], "durations": [None], "strengths": [1.0], "runs": 2, "evaluations": 10,
             "fresh_worlds": 4}
    one, two = (search(Worlds(3, "30%"), START, ["success", "G"], threads=n, **words) for n in (1, 2))
    assert isinstance(one, Found)
    assert one.front.equals(two.front)
    assert set(one.front["radius"]) <= {0.0, 0.1, 0.2, 0.3, 0.4, 0.5}
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(START.to_toml())
    line = ["search", "small.toml", "--levers", "LEAD,CB", "--starts", "1", "--durations", "end",
            "--strengths", "1", "--worlds", "3", "--within", "30%", "--aim", "success", "--aim", "G",
            "--runs", "2", "--evaluations", "10", "--json"]
    monkeypatch.setattr("sys.argv", ["letsdance", *line])
    done = CliRunner().invoke(app, line)
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["tried"] == 4
    assert "beaten by none" in (tmp_path / "letsdance-search" / "report.html").read_text()


def test_a_search_that_is_interrupted_says_what_it_kept(tmp_path, monkeypatch):
    from letsdance.commands import over_worlds
    from letsdance.commands.screen import Interrupted
    from letsdance.words import Text

    def stop(*given, **words):
        raise Interrupted(2)

    monkeypatch.setattr(search_worlds, "search", stop)
    file = tmp_path / "kept.jsonl"
    words = {"evaluations": 10, "emulator": False, "aims": ["success"], "file": file}
    for said in ("", "kept in"):
        with pytest.raises(Interrupted) as interrupted:
            over_worlds.search(WORLDS, START, words, tmp_path / "out", False, True, Text())
        assert said in interrupted.value.kept
        assert ("nothing was written; with --keep FILE" in interrupted.value.kept) == (not file.exists())
        file.write_text("")


def test_a_robust_check_that_is_interrupted_says_how_to_go_on(tmp_path, monkeypatch):
    from letsdance.commands import over_worlds
    from letsdance.commands.screen import Interrupted
    from letsdance.experiments import robust
    from letsdance.words import Text

    def stop(*given, **words):
        raise Interrupted(2)

    file = tmp_path / "kept.jsonl"
    file.write_text("")
    monkeypatch.setattr(robust, "check", stop)
    monkeypatch.setattr(robust, "read", lambda out: ({}, [1, 2, 3]))
    monkeypatch.setattr("sys.argv", ["letsdance", "check", "--robust", "--worlds", "6", "--resume", "--out", str(file)])
    with pytest.raises(Interrupted) as interrupted:
        over_worlds.robust(WORLDS, file, 4, 1, None, True, None, None, True, Text())
    assert interrupted.value.kept == ("3 of 6 parts are kept; go on with `letsdance check --robust --worlds 6 "
                                      f"--out {file} --resume`.")


# ---------------------------------------------------------------- an emulator says what to run

EIGHT = ["CB", "LEAD", "OUT", "FAL", "FRCS", "BROK", "MANDATE", "FLEX"]
KIND = Worlds(6, "fixed", parameters={"k": "0.5:1.5"})


def told(portfolio, k, runs=2):
    """float64[aims, worlds, runs]: success where CB and LEAD are in, less where k is large, beside luck of each run; trust
    falls with each lever."""
    names = {use.name for use in portfolio}
    luck = 0.02 * np.array([-1.0, 1.0])[:runs]
    success = (0.3 + 0.4 * ({"CB", "LEAD"} <= names) + 0.2 * ("OUT" in names) - 0.3 * (np.asarray(k) - 1.0))[:, None] + luck
    return np.stack([success, np.full(success.shape, 0.9 - 0.1 * len(names))])


def by_pairs(portfolios, table):
    """What a pair of a portfolio and a world comes to."""
    return np.concatenate([told(p, [k]) for p, k in zip(portfolios, table["k"], strict=True)], axis=1)


@pytest.fixture(scope="module")
def guided(tmp_path_factory):
    asked = KIND.table(START)["k"].to_numpy()
    file, calls, told_of = tmp_path_factory.mktemp("guided") / "kept.jsonl", [], []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search_worlds, "PAIRS", 240)
        made = search(KIND, START, ["success", "T"], levers=EIGHT, starts=[1], durations=[None], strengths=[1.0], most=3,
                      runs=2, evaluations=200, emulator=True, evaluate=lambda p: calls.append(p) or told(p, asked),
                      evaluate_fresh=lambda p: told(p, asked), teacher=by_pairs, file=file, progress=told_of.append)
        most = steps(200, True, 2)
    return made, calls, asked, file, told_of, most


def test_an_emulator_finds_the_front_of_all_and_runs_fewer(guided, spoken):
    made, calls, asked, *_ = guided
    whole = list(space(START, EIGHT, [1], [None], [1.0], 3).portfolios())
    points = np.array([[-cost(p, 12), *told(p, asked).mean(axis=(1, 2))] for p in whole])
    front = {code(p) for p, on in zip(whole, undominated(points), strict=True) if on}
    assert set(made.front["portfolio"]) <= front
    assert {"CB", "LEAD", "OUT"} == {use.name for use in made.portfolios[made.front["portfolio"][0]]}
    assert len(calls) == confirmed(200) == len(made.tried) < len(whole)  # what is told was run, and no more
    assert made.runs == confirmed(200) * 6 * 2 + 240 * 2
    by_code = dict(zip(map(code, whole), points, strict=True))
    for row in made.tried.itertuples():
        assert [-row.cost, row.success, row.T] == pytest.approx(by_code[row.portfolio])
    table = made.taught.table.set_index("aim")
    assert table.loc["T", "explained"] > 0.99  # a straight line
    assert table.loc["success", "explained"] > 0.5  # two levers together are in few of the pairs
    assert table["coverage"].min() > 0.85
    assert not plain_english(search_study(made, spoken))


def test_each_step_of_a_search_with_an_emulator_is_told_of(guided):
    *_, told_of, most = guided
    assert 240 + 2 * FITS + confirmed(200) < sum(told_of) <= most
    assert max(told_of) < most / 5  # the bar stands still nowhere


def test_what_taught_an_emulator_is_kept(guided, tmp_path):
    lines = guided[3].read_text().splitlines()
    assert sum(line.startswith('["pair ') for line in lines) == 240
    drawn = [(), (Use("CB"),), (Use("CB"), Use("LEAD"))] * 40
    table, file, asked = KIND.table(START).sample(120, replace=True, random_state=1), tmp_path / "kept.jsonl", []

    def teach():
        def teacher(portfolios, table):
            asked.append(len(portfolios))
            return by_pairs(portfolios, table)

        heard = []
        kept = search_worlds.Kept(planted, {}, file, 1, heard.append)
        values = kept.taught(teacher)(drawn, table)
        assert sum(heard) == 120  # those that were kept too
        return values

    first = teach()
    assert first.tolist() == by_pairs(drawn, table).tolist()
    lines = file.read_text().splitlines()
    file.write_text("\n".join(lines[:71]) + '\n["pair 70 C')  # killed while it wrote
    asked.clear()
    assert teach().tolist() == first.tolist()
    assert sum(asked) == 120 - 70


def test_an_emulator_refuses_what_it_was_not_taught(guided):
    made, *_ = guided
    with pytest.raises(Refused, match="WEAK is none of them"):
        made.taught.evaluate((Use("WEAK"),))
    wider = replace(made.taught, worlds=np.array([[0.7], [2.0]]))
    with pytest.raises(Refused, match="outside"):
        wider.evaluate(())


@pytest.mark.parametrize(("worlds", "words", "said"), [
    (KIND, {"runs": 1}, "tells luck apart"), (KIND, {"whom": ["everybody", "the poorest quarter"]}, "act everywhere"),
    (Worlds(6, "fixed", alternatives={"profile": ["co_creation", "telework"]}), {}, "profile has none")])
def test_what_an_emulator_cannot_learn_is_refused_before_anything_runs(worlds, words, said):
    with pytest.raises(Refused, match=said):
        search(worlds, START, ["success"], levers=["OUT", "REWARD"], emulator=True, evaluate=planted, **words)


def test_the_most_promising_are_the_best_in_each_aim_in_turn_and_never_one_that_is_beaten_before():
    rng = np.random.default_rng(5)
    points = rng.random((40, 3))
    chosen = search_emulated.promising(points, 25)
    layer = np.full(40, -1)
    for k in range(40):
        left = np.flatnonzero(layer < 0)
        if not len(left):
            break
        layer[left[undominated(points[left])]] = k
    assert len(set(chosen)) == len(chosen) == 25
    assert (np.diff(layer[chosen]) >= 0).all()
    assert {int(points[:, aim].argmax()) for aim in range(3)} == set(chosen[:len({int(k) for k in points.argmax(axis=0)})])
    assert sorted(search_emulated.promising(points, 99)) == list(range(40))
