"""What who has adopted says of how many will: against every draw of adopters, brute force, and cases whose law is known."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from typer.testing import CliRunner

from letsdance.experiments.adopters import composition, similar, synthetic, who
from letsdance.experiments.adopters.forecast import forecast, forecasts
from letsdance.experiments.adopters.history import Cascade
from letsdance.experiments.adopters.prior import Recalibration, default
from letsdance.params import Refused


def table(times: np.ndarray, until: float, **more: object) -> who.Adoptions:
    return who.Adoptions(tuple(f"c{k}" for k in range(len(times))), tuple(f"u{k}" for k in range(times.shape[1])), times,
                         np.full(len(times), until), **more)


def test_adopters_drawn_by_chance_differ_by_nothing_and_by_one_standard_error():
    """Over all fifteen pairs of six units: means exactly 0, and squares exactly 1."""
    rng = np.random.default_rng(1)
    past = rng.permuted(np.tile(np.arange(6.0), (4, 1)), axis=1)
    near = rng.random((6, 6)) * (1 - np.eye(6))
    found = []
    for pair in combinations(range(6), 2):
        now = np.where(np.isin(np.arange(6), pair), 0.0, np.nan)
        known = table(np.vstack([past, now]), 9.0, near=near, covariates=np.arange(6.0)[:, None], named=("x",))
        made = composition.differences(known, 4, 0)
        found.append(made.values)
    assert made.names == ("as before", "x", "as before²", "x²", "learnt network", "neighbours")
    assert np.mean(found, axis=0) == pytest.approx(np.zeros(6), abs=1e-12)
    assert (np.array(found)[:, :2]**2).mean(axis=0) == pytest.approx([1, 1])


def test_adopters_who_hang_together_and_lie_at_one_end_are_seen():
    half = np.arange(10) < 5
    past = np.array([np.where(half, k % 2, 1 - k % 2) + 0.01 * np.arange(10) for k in range(6)])  # each half together
    near = np.outer(half, half) * 1.0 + np.outer(~half, ~half)
    np.fill_diagonal(near, 0)
    one, both = (np.where(np.isin(np.arange(10), some), 0.0, np.nan) for some in ([0, 1, 2, 3], [0, 1, 8, 9]))
    said = [dict(zip(*composition.differences(table(np.vstack([past, now]), 9.0, near=near, covariates=half[:, None] * 1.0,
                                                    named=("side",)), 6, 0), strict=True)) for now in (one, both)]
    for name in ("side", "side²", "learnt network", "neighbours"):
        assert said[0][name] > said[1][name] + 0.5, name


def invented(slope: float, count: int, seed: int) -> list[composition.Case]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, 4))
    z = slope * x[:, 1] + np.sqrt(1 - slope**2) * rng.normal(size=count)
    return [composition.Case(k, x[k], float(z[k])) for k in range(count)]


def test_where_the_truth_ranked_is_told_from_how_adopters_differed_and_noise_is_not():
    for slope, helps in ((0.8, True), (0.0, False)):
        ridges = [composition._ridge(invented(slope, 60, seed)) for seed in range(4)]
        assert sum(ridge is not None for ridge in ridges) == (4 if helps else 0)
    mean, spread = composition._predicted(invented(0.8, 4000, 9), np.array([0.0, 1.5, 0.0, 0.0]), 3.0)
    assert mean == pytest.approx(0.8 * 1.5, abs=0.05)
    assert spread == pytest.approx(0.6, abs=0.03)
    assert composition._ridge(invented(0.8, 9, 0)) is None  # fewer than ten cascades tell nothing


def test_the_spread_is_that_of_predictions_of_each_case_from_the_others():
    """By brute force, on columns that are standardised already: the leverage gives what leaving out gives."""
    cases = invented(0.5, 30, 4)
    X, z = np.array([one.differences for one in cases]), np.array([one.score for one in cases])
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    A, held = np.column_stack([np.ones(30), X]), np.diag([composition._HELD, *np.full(4, 10.0)])
    errors = [z[k] - A[k] @ np.linalg.solve(A[rest].T @ A[rest] + held, A[rest].T @ z[rest])
              for k in range(30) for rest in [np.arange(30) != k]]
    wanted = np.sqrt((np.square(errors).sum() + composition._HELD) / (30 + composition._HELD))
    assert composition._predicted(cases, cases[0].differences, 10.0)[1] == pytest.approx(wanted)


def test_ranks_are_moved_to_a_normal_score_of_that_mean_and_spread():
    from scipy.special import ndtri

    weights, middle = Recalibration(1.0, 1.0, 0.7, 0.5).weights(4000), ndtri((np.arange(4000) + 0.5) / 4000)
    assert weights.sum() == pytest.approx(1)
    assert weights @ middle == pytest.approx(0.7, abs=0.002)
    assert np.sqrt(weights @ (middle - 0.7)**2) == pytest.approx(0.5, abs=0.002)


def under_way(ridge: float | None) -> tuple[composition.Units, Cascade]:
    """Twelve past cascades, of which those with keen adopters went on higher, and one under way whose adopters are."""
    rng = np.random.default_rng(6)
    times = np.where(rng.random((13, 20)) < 0.5, np.floor(rng.uniform(0, 20, (13, 20))), np.nan)
    known = table(times, 20.0, covariates=np.isfinite(times[12])[:, None] * 1.0, named=("keen",))
    at = composition.differences(known, 12, 20).values
    cases = tuple(composition.Case(k, (k % 3 - 1) * at, 1.5 * (k % 3 - 1)) for k in range(12))
    return composition.Units(known, cases, ridge), who.curve_until(known, 12, 20)


def test_a_forecast_is_moved_where_its_adopters_are_those_of_cascades_that_went_on():
    units, history = under_way(1.0)
    plain, moved = (forecast(history, samples=100, units=one) for one in (None, units))
    assert units.move(history)[0] > 0.9
    assert moved.paths.mean() > plain.paths.mean() + 1
    assert (np.diff(moved.paths, axis=1) >= 0).all()
    assert moved.paths.min() >= history.adopters
    for same in (replace(history, name="another"), history):  # of another cascade, or where it does not help, nothing moves
        unmoved = forecast(same, samples=100, units=units if same is not history else under_way(None)[0])
        assert np.array_equal(unmoved.paths, forecast(same, samples=100).paths)


def test_a_history_and_a_table_of_units_that_disagree_are_refused():
    units, history = under_way(1.0)
    with pytest.raises(Refused, match="c12: 9 of 21 had adopted by 20 in the history, 9 of 20 in the table"):
        units.move(replace(history, population=21))
    with pytest.raises(Refused, match=r"d12 is no cascade of the table of units\. Did you mean c12"):
        forecasts([replace(history, name="d12")], samples=20, units=units)


def test_a_past_cascade_is_forecast_without_itself():
    cascades = synthetic.cascades("shocks", 8, periods=30, seed=2)
    prior = replace(default(), past=similar.past(cascades))
    left = composition._without(prior, cascades[3]).past.cascades
    assert [c.name for c in left] == [c.name for c in cascades if c is not cascades[3]]
    assert composition._without(prior, replace(cascades[3], cum=cascades[3].cum + 1)) is prior


def test_part_of_the_map_or_a_side_of_the_line_bounds_who_adopts():
    """Of policies that stop below 70 %, adopters lie on one side of the line, or have each other as neighbours."""
    made = synthetic.policies(24, seed=5, law=synthetic.bounded)
    known = who.read(made.times, made.edges, made.covariates)
    low = [c for c in range(24) if np.isfinite(known.times[c]).mean() < 0.7]
    told = [dict(zip(*composition.differences(known, c, 2020), strict=True)) for c in low]
    assert len(low) >= 6
    assert np.mean([one["line²"] > 4 or one["neighbours"] > 0.2 for one in told]) > 0.7


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_command_takes_a_table_of_units(language, tmp_path, monkeypatch):
    from letsdance.commands.main import app

    monkeypatch.chdir(tmp_path)
    rows = [f"p{c},u{u},{2000 + (3 * u + c) % 7 if u < 5 + 2 * c else ''}" for c in range(3) for u in range(12)]
    (tmp_path / "t.csv").write_text("\n".join(["cascade,unit,time", *rows]))
    (tmp_path / "x.csv").write_text("\n".join(["unit,size", *(f"u{u},{u}" for u in range(12))]))
    words = ["adopters", "forecast", "t.csv", "--covariates", "x.csv", "--samples", "20"]
    said = CliRunner().invoke(app, [*words, "--language", language, "--report", "page"])
    assert not said.exception
    sentence = {"en": "takes ten past", "fr": "dix cascades"}[language]
    assert sentence in " ".join(said.stdout.split())
    assert sentence in (tmp_path / "page/report.html").read_text(encoding="utf-8")
    if language == "en":
        told = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
        assert told["units"]["says"] == "few"
        assert [(f["task_id"], f["population"], f["adopters"]) for f in told["forecasts"]] == [
            ("p0", 12, 5), ("p1", 12, 7), ("p2", 12, 9)]
