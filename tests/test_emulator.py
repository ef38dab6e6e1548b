"""An emulator: known indices are found, its intervals hold, luck is told apart, and what it was not taught is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import letsdance as ld
from letsdance.experiments import emulator as made
from letsdance.experiments.design import Factor, latin_hypercube
from letsdance.experiments.emulator import emulate, learn
from letsdance.experiments.outcomes import parse
from letsdance.params import PARAMETERS, Refused

#: Sobol's g-function (Saltelli and Sobol 1995) in ten factors: its indices are known.
A = np.array([0.0, 0.5, 3.0, 9.0, *[1e4] * 6])
PARTS = 1.0 / (3.0 * (1.0 + A)**2)
ALL = np.prod(1.0 + PARTS) - 1.0
FIRST, TOTAL = PARTS / ALL, PARTS * np.prod(1.0 + PARTS) / (1.0 + PARTS) / ALL
FACTORS = tuple(Factor(name, *map(float, p.range)) for name, p in PARAMETERS.items()
                if p.role == "uncertainty" and not p.whole and p.range[0] < p.range[1])[:10]
LOW, WIDE = np.array([f.low for f in FACTORS]), np.array([f.high - f.low for f in FACTORS])
NOISE = 0.4


def g(X):
    return np.prod((np.abs(4.0 * (X - LOW) / WIDE - 2.0) + A) / (1.0 + A), axis=1)


def runs(X, seed=2):
    """Four runs of each point: the same seeds everywhere, and luck of its own in each."""
    rng = np.random.default_rng(seed)
    return g(X)[:, None] + np.array([-0.3, 0.1, 0.4, -0.2]) + NOISE * rng.standard_normal((len(X), 4))


@pytest.fixture(scope="module")
def taught():
    X = latin_hypercube(FACTORS, 600, 1).table[[f.name for f in FACTORS]].to_numpy(float)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(made, "_SHAPED", 200)  # of 500, for speed
        return learn(FACTORS, X, runs(X), parse("services"))


def test_luck_is_what_was_put_in_and_the_points_held_back_were_not_seen(taught):
    assert taught.luck == pytest.approx(NOISE**2 / 4, rel=0.1)
    var = ALL + NOISE**2
    assert taught.luck_share.low < NOISE**2 / var < taught.luck_share.high
    assert len(taught.held_back) == 100
    assert len(taught.errors) == 500
    assert 0.7 < taught.explained <= 1.0


def test_indices_of_a_known_function_are_found(taught):
    table = taught.sobol().table
    assert np.abs(table["first"] - FIRST).max() < 0.1  # 60 factors from 2,000 points: benchmarks/worlds.py
    assert np.abs(table["total"] - TOTAL).max() < 0.1
    assert table["total"].to_numpy()[:4].argsort()[::-1].tolist() == [0, 1, 2, 3]
    assert (table["total"][4:].abs() < 0.01).all()


def test_intervals_hold_what_is_measured_where_it_was_never_taught(taught):
    fresh = latin_hypercube(FACTORS, 400, 9).table
    measured, said = runs(fresh[taught.names].to_numpy(float), 5).mean(axis=1), taught.predict(fresh, 0.9)
    assert ((said["low"] <= measured) & (measured <= said["high"])).mean() > 0.86  # 400 points: .9 less two standard errors
    assert (said["high"] - said["low"]).max() < 2.0 * 1.645 * measured.std()  # and they know more than nothing
    confirmed = taught.confirm(40, lambda X: runs(X, 7))
    assert len(confirmed) == 40
    assert confirmed["holds"].mean() > 0.75
    assert confirmed["mean"].tail(20).iloc[:10].min() > confirmed["mean"].tail(10).max()  # where most, then least


def test_what_was_seen_rules_points_out_and_never_the_truth(taught):
    truth = latin_hypercube(FACTORS, 30, 4).table[taught.names]
    left = taught.plausible(2.5, error=0.1, draws=2000)
    assert 0 < len(left) < 1000
    away = np.abs(taught.predict(truth)["mean"] - g(truth.to_numpy(float)))
    assert (away <= 3.0 * np.sqrt((taught.errors**2).mean() + 0.01)).all()


@pytest.mark.parametrize(("change", "said"), [
    ({FACTORS[0].name: FACTORS[0].high + WIDE[0]}, "lies outside"), ({FACTORS[1].name: np.nan}, "lies outside"),
    ({"k_c": 3.0}, "is none of them")])
def test_it_refuses_what_it_was_not_taught(taught, change, said):
    point = latin_hypercube(FACTORS, 2, 4).table[taught.names].assign(**change)
    with pytest.raises(Refused, match=said):
        taught.predict(point)
    with pytest.raises(Refused, match="is missing"):
        taught.predict(latin_hypercube(FACTORS[:9], 2, 4).table)


def test_too_little_to_learn_from_is_refused():
    X = np.random.default_rng(1).random((80, 10)) * WIDE + LOW
    for Y, said in ((np.ones((80, 2)), "nothing to learn"), (np.full((80, 1), np.nan), "not a number")):
        with pytest.raises(Refused, match=said):
            learn(FACTORS, X, Y, parse("C"))
    with pytest.raises(Refused, match="at least 60"):
        learn(FACTORS, X[:20], g(X[:20])[:, None], parse("C"))


def test_a_sweep_teaches_it_and_the_model_confirms(tmp_path, monkeypatch):
    from letsdance.commands.main import app

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(made, "_SLICES", 8)
    small = ld.load_scenario("lone_ranger").changed(parameters={"municipalities": 6, "citizens": 12}, quarters=8)
    folder = ld.sweep(ld.plan(small, ["C0=0.2:0.8", "U=0.1:0.5"], points=80, replicates=2, outcomes=["C@8"]), "taught")
    found = emulate(folder, "C@8")
    assert found.explained > 0.9
    confirmed = found.confirm(8)
    row = confirmed.iloc[0]
    alone = ld.simulate(small, 2, seed=1, parameters={"U": row["U"]}, quarters=8)
    assert set(confirmed) == {"C0", "U", "mean", "low", "high", "measured", "holds"}
    assert confirmed["holds"].mean() >= 0.5
    assert alone.runs == 2
    words = ["sensitivity", "--from", "taught", "--method", "emulated", "--outcome", "C@8", "--out", "said", "--json"]
    monkeypatch.setattr("sys.argv", ["letsdance", *words])
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    said = json.loads(done.output)
    assert said["indices"][0]["factor"] == "C0"
    assert "An emulator told these indices" in (tmp_path / "said" / "report.html").read_text()
