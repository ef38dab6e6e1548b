"""Classic models by name: the simulation lies on its closed form, and published figures come out."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from pseudo import crowded, plain_english
from typer.testing import CliRunner

from letsdance.commands.main import app
from letsdance.experiments.adopters.classic import MODELS, classic_model, settings, threshold_diffusion
from letsdance.experiments.adopters.statistics import exposure, thresholds
from letsdance.params import Refused
from letsdance.report.adopters import classic_figure, classic_study
from letsdance.simulation import limits


def test_bass_lies_on_its_curve():
    # B1: mean of 100 runs of 10,000 within .005; here 20 runs of 10,000, whose mean has an SD below .0025.
    found = classic_model("bass", runs=20, n=10_000)
    assert found.gap < .0085
    assert found.closed == pytest.approx(limits.bass_curve(found.time, .03, .38))
    at = {t: found.closed[np.argmin(abs(found.time - t))] for t in (1, 2, 5, 8, 10, 15)}
    assert list(at.values()) == pytest.approx([.0358, .0851, .3312, .6517, .8128, .9716], abs=1e-4)


def test_si_lies_on_the_logistic():
    found = classic_model("si", runs=10, n=10_000)
    assert found.gap < .01
    logistic = [found.closed[np.argmin(abs(found.time - t))] for t in (1, 2, 3, 4, 5)]
    assert logistic == pytest.approx([.125, .280, .514, .742, .887], abs=6e-4)


@pytest.mark.parametrize(("sd", "end"), [(.10, .0062), (.2, 1)])
def test_granovetters_crowd_comes_to_rest_where_theory_says(sd, end):
    found = classic_model("granovetter", runs=10, n=20_000, sd=sd, rounds=100)
    assert found.closed[-1] == pytest.approx(limits.granovetter_equilibrium(.25, sd), abs=1e-6)
    assert found.closed[-1] == pytest.approx(end, abs=.12)
    assert found.gap < .03


@pytest.mark.parametrize(("z", "phi", "share"), [(4, .18, .01), (6, .5, .2), (10, .18, .01)])
def test_watts_follows_gleeson_and_cahalane(z, phi, share):
    # B4: final shares .9804, .327 and .0197, within .015.
    found = classic_model("watts", runs=5, n=10_000, z=z, phi=phi, seeds=int(share * 10_000), rounds=60)
    assert found.closed[-1] == pytest.approx(limits.gleeson_final(z, phi, share), abs=1e-6)
    assert found.shares[:, -1].mean() == pytest.approx(found.closed[-1], abs=.015)
    assert np.abs(found.shares.mean(axis=0) - found.closed)[:3].max() < .015


def test_a_single_seed_has_a_chance_and_no_path():
    found = classic_model("watts", runs=4, n=1000, seeds=1)
    assert found.closed is None
    assert np.isnan(found.gap)
    assert "1.02 to 5.76" in found.findings[1]
    assert "87\u00a0%" in found.findings[1]


def test_an_unrewired_ring_is_exact_and_long_ties_help_or_harm():
    found = classic_model("centola_macy", runs=2, rewired=0, rounds=130)
    assert found.gap == 0
    assert "112" in found.findings[0]          # B6: degree 10, tau 2, median rounds to 90 %
    fast = classic_model("centola_macy", runs=5, tau=1, rewired=.1)
    slow = classic_model("centola_macy", runs=5, tau=4, rewired=.3)
    assert np.median([np.argmax(one >= .9) for one in fast.shares]) == pytest.approx(5, abs=1)
    assert (slow.shares[:, -1] < .9).all()     # B6: dead beyond .1


@pytest.mark.parametrize("name", MODELS)
def test_the_same_seed_gives_the_same_numbers_and_figures_are_drawn(name):
    a, b = (classic_model(name, runs=2, seed=0, n=300) for _ in range(2))
    assert (a.shares == b.shares).all()
    assert (a.shares[1] == classic_model(name, runs=1, seed=1, n=300).shares[0]).all()
    assert (np.diff(a.shares, axis=1) >= 0).all()
    for width in (960, 400):
        assert classic_figure(a, width).svg().startswith("<svg")


#: Who wrote of it, and parameters as they are set.
SOURCES = "|".join((*(re.escape(model.source) for model in MODELS.values()),
                    *{key for name in MODELS for key in settings(name)}))


@pytest.mark.parametrize(("name", "more"), [
    *((name, {}) for name in MODELS), ("watts", {"seeds": 1}), ("watts", {"phi": .9}), ("watts", {"z": 20}),
    ("centola_macy", {"tau": 1}), ("granovetter", {"n": 20})])
def test_a_classic_model_speaks_the_language_that_is_asked(name, more, spoken):
    made = classic_model(name, **{"runs": 2, "n": 300} | more)
    assert not plain_english(classic_study(made, spoken), rf"\b(?:{SOURCES})\b")
    for width in (960, 400):
        assert not crowded(classic_figure(made, width, spoken))


@pytest.mark.parametrize("words", [("watts", "--runs", "2", "--out", "0"), ("bass", "--runs", "1", "--out", "0"), ()])
def test_what_is_printed_of_classics_speaks_the_language_that_is_asked(words, tmp_path, monkeypatch, spoken):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["adopters", "classic", *words, "--language", spoken.language])
    assert (done.exit_code, len(done.stdout) > 200) == (0, True), done
    typed = re.compile(rf"0/report.html|\b(?:{SOURCES}|{'|'.join(MODELS)})\b")
    assert not re.findall(r"[A-Za-z]{2,}|\d\.\d", typed.sub("", done.stdout))


@pytest.mark.parametrize("name", MODELS)
def test_every_setting_moves_something(name):
    base = classic_model(name, runs=2, n=300)
    other = {"p": .1, "q": .8, "horizon": 7, "dt": .05, "beta": 2, "seeds": .2, "mean": .1, "sd": .3, "rounds": 7, "z": 2,
             "phi": .4, "tau": 3, "degree": 6, "rewired": .9, "n": 500}
    for key in settings(name):
        value = 20 if (name, key) == ("watts", "seeds") else other[key]
        moved = classic_model(name, runs=2, **{"n": 300, key: value})
        assert moved.shares.shape != base.shares.shape or (moved.shares != base.shares).any() \
            or (moved.time != base.time).any(), key


@pytest.mark.parametrize(("call", "words"), [
    (lambda: classic_model("basss"), "Did you mean bass?"),
    (lambda: classic_model("bass", phi=.1), "no parameter 'phi'"),
    (lambda: classic_model("bass", p=2), "from 0.0001 to 1"),
    (lambda: classic_model("bass", n=10.5), "whole number"),
    (lambda: classic_model("centola_macy", degree=7), "even"),
    (lambda: classic_model("watts", n=100, seeds=200), "more than n"),
    (lambda: classic_model("bass", runs=0), "runs"),
    (lambda: classic_model("bass", seed=-1), "seed"),
    (lambda: threshold_diffusion([.1], np.zeros((1, 1)), [True, False], 3), "as many"),
])
def test_bad_settings_are_refused(call, words):
    with pytest.raises(Refused, match=words.replace("?", r"\?")):
        call()


# ---------------------------------------------------------------- thresholds on any network

def test_threshold_nought_adopts_second_even_alone():
    # netdiffuseR's rdiffnet: exposure to the state before, so a chain goes one link a period.
    chain = np.diag(np.ones(4), -1)
    when = threshold_diffusion([.5, .5, .5, .5, .5], chain, [True, False, False, False, False], 9)
    assert when.tolist() == [1, 2, 3, 4, 5]
    assert threshold_diffusion([1, 0], np.zeros((2, 2)), [True, False], 3).tolist() == [1, 2]
    assert np.isnan(threshold_diffusion([1, .1], np.zeros((2, 2)), [True, False], 3)[1])


def test_threshold_diffusion_is_watts_model_of_our_engine():
    from letsdance.simulation.networks import erdos_renyi

    network = erdos_renyi(400, 4, limits.ties_key(3))
    seeds = limits.random_seeds(400, 8, 3)
    needed = np.where(network.degree > 0, limits.fraction_needed(".18", network.degree), np.inf)
    when = threshold_diffusion(needed - 1e-9, network, seeds, 100)
    ours = limits.watts(400, 4, ".18", 3, 8)
    assert np.array_equal(np.where(ours == limits.NEVER, np.nan, ours + 1.0), when, equal_nan=True)


def test_a_measured_threshold_is_no_lower_than_the_true_one():
    rng = np.random.default_rng(2)
    ties, true = (rng.random((60, 60)) < .1).astype(float), rng.random(60) * .6
    when = threshold_diffusion(true, ties, rng.random(60) < .1, 12)
    late = when > 1
    assert late.sum() > 20
    measured = thresholds(when, ties, first=1, last=12)
    assert (measured[late] >= true[late]).all()
    before = exposure(when, ties, first=1, last=12, lag=1)
    t = when[late].astype(int) - 1
    assert (before[late, t] >= true[late]).all()
    earlier = t > 1                 # one period earlier it had not been reached
    assert (before[late, t - 1][earlier] < true[late][earlier]).all()


# ---------------------------------------------------------------- the command

def test_the_command_runs_lists_and_refuses(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["adopters", "classic", "bass", "--set", "p=.05", "--set", "n=200", "--runs", "3", "--json"]
    said = json.loads(CliRunner().invoke(app, words).stdout)
    assert said["settings"]["p"] == .05
    assert said["curve"][-1]["closed_form"] == pytest.approx(float(limits.bass_curve(20, .05, .38)))
    assert (tmp_path / "letsdance-classic" / "report.html").exists()
    assert all(name in CliRunner().invoke(app, ["adopters", "classic"]).stdout for name in MODELS)
    for bad in (["bas"], ["bass", "--set", "p"], ["bass", "--set", "pp=1"]):
        assert isinstance(CliRunner().invoke(app, ["adopters", "classic", *bad, "--out", "x"]).exception, Refused)
