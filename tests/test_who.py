"""Who adopts next: features, weights, chances and C-index against brute force and worlds where the truth is known."""

from __future__ import annotations

import json
import re
from functools import cache

import numpy as np
import pandas as pd
import pytest
from benchmarks.who import reliability
from pseudo import crowded, plain_english

from letsdance.experiments.adopters import synthetic, who
from letsdance.params import Refused
from letsdance.report.forecasting import who_bars, who_study
from letsdance.report.sheet import NARROW, WIDE
from letsdance.words import Text, languages


@cache
def world() -> synthetic.Policies:
    return synthetic.policies(16, units=30, seed=9)


def test_concordance_is_its_definition():
    rng = np.random.default_rng(0)
    score, times = rng.integers(0, 5, 12).astype(float), np.where(rng.random(12) < 0.3, np.nan, rng.integers(0, 9, 12))
    good = pairs = 0.0
    for i in range(12):
        for j in range(12):
            if not np.isnan(times[i]) and (np.isnan(times[j]) or times[i] < times[j]):
                pairs += 1
                good += 1.0 if score[i] > score[j] else 0.5 if score[i] == score[j] else 0.0
    assert who.concordance(score, times) == pytest.approx(good / pairs)


def test_chances_add_up_and_keep_the_order():
    score = np.array([2.0, 1.0, 0.0, -1.0])
    made = who.shared_out(score, np.array([0.0, 0.5, 1.7, 3.9]))
    assert made.sum(axis=0) == pytest.approx([0, 0.5, 1.7, 3.9], abs=0.005)
    assert (np.diff(made, axis=0) <= 1e-12).all()
    hazards = -np.log1p(-made[:, 2])
    assert hazards[0] / hazards[1] == pytest.approx(np.e, rel=1e-6)  # proportional, as the scores say


def test_weights_are_those_of_the_partial_likelihood():
    """Against a plain double loop, without ties: the slope of the penalised likelihood is zero there."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(40, 2))
    times = rng.exponential(1 / np.exp(X @ [1.0, -0.5]))
    beta = who._weights([who._Case(0, 0.1, -1.0, X, times)], np.inf)

    def loss(b: np.ndarray) -> float:
        total = who._RIDGE / 2 * float(((b * X.std(axis=0))**2).sum())
        for i in range(40):
            risk = [float(np.exp(X[j] @ b)) for j in range(40) if times[j] >= times[i]]
            total += np.log(sum(risk)) - float(X[i] @ b)
        return total

    for k in range(2):
        step = 1e-4 * np.eye(2)[k]
        assert (loss(beta + step) - loss(beta - step)) / 2e-4 == pytest.approx(0, abs=0.02)
    assert beta[0] > 0.5
    assert beta[1] < 0


def test_nothing_later_than_the_origin_is_used():
    made = world()
    known = who.read(made.times, made.edges, made.covariates)
    at = int(np.nanquantile(known.times, 0.5))
    later = known.times.copy()
    later[later > at] = np.nan
    blind = who.Adoptions(known.cascades, known.units, later, known.until, known.near, known.covariates, known.named)
    c = int(np.nanargmin(known.times.min(axis=1, initial=np.inf, where=np.isfinite(known.times))))
    for name, values in who.features(known, c, at)[0].items():
        assert np.array_equal(values, who.features(blind, c, at)[0][name]), name


def test_it_ranks_better_than_chance_where_units_differ_and_not_where_they_do_not():
    rng = np.random.default_rng(4)
    keen = rng.normal(size=25)
    for size, low, high in ((1.5, 0.65, 1.0), (0.0, 0.42, 0.58)):
        times = np.array([start + rng.exponential(20 * np.exp(-size * keen)) for start in range(0, 400, 20)]).round()
        known = who.Adoptions(tuple(map(str, range(20))), tuple(map(str, range(25))), np.where(times > 420, np.nan, times),
                              np.full(20, 420.0))
        found = who.backtest(known)
        assert low < found[found["origin"] > 150]["ours"].mean() < high


@pytest.mark.parametrize("faster", [0.5, 1.0, 2.0])
def test_hazards_are_raised_by_what_forecasts_of_past_cascades_missed(faster, monkeypatch):
    """The forecasts say a hazard of .05 a period; units adopt with so many times as much."""
    from letsdance.experiments.adopters import forecast as forecasting

    def said(curves, prior, samples, seed):
        left = [c.population - c.adopters for c in curves]
        return [type("F", (), {"paths": c.adopters + n * -np.expm1(-0.05 * np.arange(1, 101))[None]})()
                for c, n in zip(curves, left, strict=True)]

    monkeypatch.setattr(forecasting, "forecasts", said)
    rng = np.random.default_rng(8)
    times = np.array([start + np.r_[np.zeros(40), 1 + np.floor(rng.exponential(1 / (0.05 * faster), 200))]
                      for start in range(0, 40, 2)])
    known = who.Adoptions(tuple(map(str, range(20))), tuple(map(str, range(240))), np.where(times > 60, np.nan, times),
                          np.full(20, 60.0))
    level, tried = who.pace(known, 19, 60, 10, None)
    assert tried == 19
    assert level == pytest.approx(np.log(faster) * 19 / 29, abs=0.06)
    few = who.Adoptions(known.cascades[:2], known.units, known.times[:2], known.until[:2])
    assert abs(who.pace(few, 1, 60, 10, None)[0]) <= abs(np.log(faster)) / 11 + 0.03  # one cascade says little
    alone = who.Adoptions(known.cascades[:1], known.units, known.times[:1], known.until[:1])
    assert who.pace(alone, 0, 60, 10, None) == (0, 0)


@pytest.mark.parametrize("honest", [True, False])
def test_chances_are_held_against_what_came_by_tenths(honest):
    """Of units that adopt with the chance said, as many do in each tenth; where chances lie nearer to a half, others do."""
    rng = np.random.default_rng(2)
    said = rng.random(8000)
    came = rng.random(8000) < (said if honest else 0.25 + 0.5 * said)
    found = reliability(pd.DataFrame({"policy": np.arange(8000) // 8, "ahead": 5, "said": said, "came": came}))
    assert found["units"].sum() == 8000
    assert np.abs(found["said"] - found["from"] - 0.05).max() < 0.01
    away = np.abs(found["came"] - found["said"]) / found["error"]
    assert away.max() < 3.5 if honest else away.iloc[[0, 1, 2, -3, -2, -1]].min() > 4


def test_units_of_a_policy_err_together():
    """All 40 units of a policy share one draw: what is known is as if there were one unit a policy (binomial)."""
    came = np.repeat(np.random.default_rng(3).random(300) < 0.25, 40)
    found = reliability(pd.DataFrame({"policy": np.arange(12000) // 40, "ahead": 1, "said": 0.25, "came": came})).iloc[0]
    assert found["error"] == pytest.approx(np.sqrt(0.25 * 0.75 / 300), rel=0.06)
    assert (found["units"], found["policies"]) == (12000, 300)


def test_the_command_says_who(tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from letsdance.commands.main import app

    monkeypatch.chdir(tmp_path)
    made = world()
    made.times.to_csv("t.csv", index=False)
    made.edges.to_csv("e.csv", index=False)
    made.covariates.to_csv("x.csv", index=False)
    words = ["adopters", "who", "t.csv", "--edges", "e.csv", "--covariates", "x.csv", "--out", "who", "--test", "--json"]
    done = CliRunner().invoke(app, words)
    said = json.loads(done.stdout)
    assert [row["rank"] for row in said["who"]] == list(range(1, len(said["who"]) + 1))
    chances = np.array([[row[name] for name in row if name.startswith("by ")] for row in said["who"]])
    assert (np.diff(chances, axis=1) >= -1e-12).all()
    assert set(said["weights"]) == {"as before", "learnt network", "neighbours", "size", "line"}
    assert (tmp_path / "who/report.html").exists()
    wrong = CliRunner().invoke(app, ["adopters", "who", "t.csv", "--cascade", "policy-99"])
    assert isinstance(wrong.exception, Refused)


def test_no_plain_english_is_left_in_who_adopts_next(spoken, tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from letsdance.commands.main import app

    columns = ["ours", "as before", "learnt network", "neighbours", "x"]
    test = pd.DataFrame([["1", 0.16, 1990.0, 4, *np.linspace(0.5, 0.9, 5)]],
                        columns=["cascade", "share", "origin", "open", *columns])
    for count, tried, alike in ((40, 12, False), (3, 1, False), (3, 0, True)):
        chances = np.full((count, 10), 0.3) if alike else np.linspace(0.9, 0.1, count)[:, None] * np.ones(10)
        made = who.Who("7", 1990, tuple(map(str, range(count))), np.zeros(count), np.arange(1991, 2001), chances, {}, 1.25,
                       tried)
        assert not plain_english(who_study(made, None if alike else test, spoken), r"\bx\b")
        drawn = [who_bars(made, width, Text(language)) for language in languages() for width in (WIDE, NARROW)]
        assert not [word for figure in drawn for word in crowded(figure)]
    monkeypatch.chdir(tmp_path)
    rows = [f"{c},{u},{2000 + 3 * c + (7 * u + c) % 9 if u + c < 10 else ''}" for c in range(4) for u in range(10)]
    (tmp_path / "t.csv").write_text("\n".join(["cascade,unit,time", *rows]))
    done = CliRunner().invoke(app, ["adopters", "who", "t.csv", "--test", "--language", spoken.language])
    assert len(done.stdout) > 300
    assert not re.findall(r"[A-Za-z]{2,}|\d\.\d", done.stdout)
