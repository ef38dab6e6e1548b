"""Backtests: nothing of the truth leaks, scores are those of a computation by hand, the sentence follows the numbers."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from pseudo import crowded, plain_english

from letsdance.experiments.adopters import backtest, history, prior, synthetic
from letsdance.experiments.adopters.backtest import LEVELS, MEASURES, OURS, Backtest
from letsdance.experiments.adopters.history import Cascade
from letsdance.params import Refused
from letsdance.report.forecasting import backtest_study, calibration, scoreboard


@pytest.fixture(scope="module")
def tested() -> Backtest:
    return backtest.backtest(synthetic.cascades("shocks", 8, seed=4, periods=60), samples=80)


def test_the_reference_class_repeats_what_the_past_did():
    past = [Cascade(str(k), 10, 0, np.array([1, 5, 5 + k])) for k in range(4)]
    paths = backtest.reference(Cascade("x", 20, 0, np.array([4, 10])), past, 8, np.random.default_rng(0))
    # From half onward the past took 0, 20, 40 and 60 % of those who remained, then its record ended.
    assert sorted(paths[:, 0]) == sorted(paths[:, -1]) == [10, 10, 12, 12, 14, 14, 16, 16]
    assert backtest.reference(Cascade("x", 20, 0, np.array([10])), past[:3], 8, np.random.default_rng(0)) is None


def test_persistence_goes_on_at_the_last_rate():
    begun = Cascade("x", 10_000, 0, np.array([50, 50, 52, 54, 56, 58, 60]))
    paths = backtest.persistence(begun, 2_000, np.random.default_rng(0))
    assert paths[:, 9].mean() == pytest.approx(60 + 10 * 2.0, abs=0.3)
    assert paths[:, 9].var() == pytest.approx(20, rel=0.1)


def test_measures_are_those_computed_by_hand():
    whole = Cascade("x", 10, 0, np.array([1, 2, 5, 8, 9]))
    paths = np.tile([3, 4, 9], (4, 1))
    paths = np.concatenate([paths, np.full((4, 97), 9)], axis=1)
    found = backtest.measured(whole, 1, paths, whole.cum[2:])
    assert found["mae"] == found["crps"] == pytest.approx((2 + 4 + 0) / 3 / 10)  # all samples agree: CRPS is the error
    assert found["coverage"] == pytest.approx(1 / 3)
    assert found["time_84"] == 0  # both come there in the third period
    late = backtest.measured(whole, 1, np.full((4, 100), 9), whole.cum[2:])
    assert late["time_84"] == 2  # in the first period instead of the third
    never = backtest.measured(Cascade("x", 10, 0, np.array([1, 2, 5, 8, 8])), 1, paths, np.array([5, 8, 8]))
    assert never["time_84"] == 0  # the truth is cut at the end of the record, three periods ahead


def test_what_comes_after_the_cut_does_not_change_the_forecast():
    """The same cascades with another end: what they are forecast from is equal, so every model's paths must be too."""
    known, rng = prior.weak(), np.random.default_rng
    whole = synthetic.cascades("shocks", 6, seed=2, periods=40)
    at = whole[0].reaches(0.16)
    other = Cascade(whole[0].name, 50, 0, np.append(whole[0].cum[:at + 1], 50))
    for make in (lambda c: backtest.by_curve(c.until(at + 1), "bass", 30, rng(0)),
                 lambda c: backtest.forecast(c.until(at + 1), known, 30).paths):
        assert (make(whole[0]) == make(other)).all()


def test_every_model_forecasts_the_same_and_differences_are_paired(tested):
    wide = tested.scores.pivot(index=["task_id", "origin"], columns="model", values="crps")
    assert wide[["bass", "logistic", "gompertz", "persistence", OURS]].notna().all(axis=None)
    by_cascade = (wide["bass"] - wide[OURS]).groupby(level="task_id").mean()
    row = tested.differences().query("model == 'bass' and measure == 'crps'").iloc[0]
    assert row["difference"] == pytest.approx(by_cascade.mean())
    assert row["se"] == pytest.approx(by_cascade.std() / np.sqrt(len(by_cascade)))
    assert set(tested.summary()["model"]) <= set(backtest.MODELS)
    assert tested.prior == "default"


def test_a_backtest_can_be_done_again(tested):
    again = backtest.backtest(synthetic.cascades("shocks", 8, seed=4, periods=60), samples=80)
    pd.testing.assert_frame_equal(again.scores, tested.scores)


def test_a_rolling_origin_forecasts_anew_every_so_many_periods():
    cum = np.array([1, 3, 8, 9, 9, 17, 18, 20, 26, 30, 43, 44, 45])
    past = [Cascade(str(k), 50, 1990, cum) for k in range(6)]
    made = backtest.backtest(past, prior=prior.weak(), samples=20, every=3)
    ours = made.scores[(made.scores["model"] == OURS) & (made.scores["task_id"] == "0")]
    # 16 % by 1992; 34 % by 1995, 50 % by 1998; 84 % by 2000, where it ends.
    assert ours[["origin", "stage"]].to_numpy().tolist() == [[1992, 0.16], [1995, 0.34], [1998, 0.5]]
    assert made.every == 3
    rival = made.differences().query("model == 'bass' and measure == 'mae'").iloc[0]
    wide = made.scores.pivot(index=["task_id", "origin"], columns="model", values="mae")
    assert rival["difference"] == pytest.approx((wide["bass"] - wide[OURS]).mean())


def test_stages_that_one_period_reaches_are_one_forecast():
    past = [Cascade(str(k), 50, 0, np.array([1, 2, 3, 20, 30, 31])) for k in range(5)]
    made = backtest.backtest(past, prior=prior.weak(), samples=20)
    assert made.scores.groupby("task_id")["stage"].unique().iloc[0].tolist() == [0.34, 0.5]


def invented(ours: float, bass: float, spread: float) -> Backtest:
    rows = [{"task_id": str(k), "stage": 0.5, "origin": 7, "model": model,
             **dict.fromkeys(MEASURES, level + spread * (k % 2) * (model == OURS)),
             **{f"held_{round(100 * v)}": v for v in LEVELS}}
            for k in range(10) for model, level in ((OURS, ours), ("bass", bass))]
    return Backtest(pd.DataFrame(rows), 10, 0, "given")


@pytest.mark.parametrize(("ours", "bass", "spread", "said"), [
    (0.1, 0.2, 0.01, "Trust our forecast: it beats the next best, the Bass curve, by 9.5"),
    (0.2, 0.1, 0.01, "Trust the Bass curve: on these cascades it beats our forecast by 10.5"),
    (0.1, 0.11, 0.05, "cannot be told apart")])
def test_the_verdict_follows_the_numbers(ours, bass, spread, said):
    assert said in invented(ours, bass, spread).verdict()


@pytest.mark.parametrize(("every", "skipped", "known"), [(None, 0, "given"), (1, 3, "learnt"), (4, 1, "invented"),
                                                         (None, 2, "default")])
@pytest.mark.parametrize("levels", [(0.1, 0.2, 0.01), (0.2, 0.1, 0.01), (0.1, 0.11, 0.05)])
def test_a_backtest_speaks_the_language_that_is_asked(every, skipped, known, levels, spoken):
    made = replace(invented(*levels), every=every, skipped=skipped, prior=known)
    assert not plain_english(backtest_study(made, spoken))
    for width in (960, 400):
        assert not crowded(scoreboard(made, width, spoken))
        assert not crowded(calibration(made, width, spoken))


@pytest.mark.parametrize(("share", "steps"), [(12, 40), (12, 12), (40, 12), (0, 3)])
def test_progress_adds_up(share, steps):
    told: list[int] = []
    step = backtest._part(told.append, share, steps)
    for _ in range(steps):
        step(1)
    assert sum(told) == share


def test_what_cannot_be_tested_is_refused():
    short = [Cascade(str(k), 50, 0, np.array([1, 2, 3])) for k in range(5)]
    with pytest.raises(Refused, match="nothing to test"):
        backtest.backtest(short)
    with pytest.raises(Refused, match="from 1 on, not 0"):
        backtest.backtest(short, every=0)
    with pytest.raises(Refused, match="between 0 and 1"):
        backtest.backtest(short, stages=[16])


# ---------------------------------------------------------------- command, figures, page

def test_the_command_writes_tables_and_a_page(tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from letsdance.commands.main import app

    monkeypatch.chdir(tmp_path)
    history.table(synthetic.cascades("shocks", 6, seed=4, periods=50)).to_csv("past.csv", index=False)
    done = CliRunner().invoke(app, ["adopters", "backtest", "past.csv", "--out", "bt", "--samples", "40", "--json"])
    said = json.loads(done.stdout)
    page = (tmp_path / "bt/report.html").read_text(encoding="utf-8")
    assert said["verdict"].split(":")[0] in page
    told = json.loads((tmp_path / "bt/manifest.json").read_text(encoding="utf-8"))
    assert set(told["tables"]) == {f"{n}.parquet" for n in ("scores", "summary", "differences", "calibration", "history")}
    again = CliRunner().invoke(app, ["adopters", "backtest", "past.csv", "--out", "bt"])
    assert isinstance(again.exception, Refused)


@pytest.mark.parametrize("width", [960, 400])
def test_figures_stay_on_their_sheet_and_say_the_numbers(tested, width):
    from letsdance.experiments.adopters.forecast import forecast
    from letsdance.report import forecasting as figures
    from letsdance.report.sheet import text_width

    begun = Cascade("x", 50, 1990, np.array([1, 1, 2, 2, 3, 8, 9, 9, 10]))
    stuck = Cascade("y", 50, 1990, np.array([10, 43, 43]))
    held = tested.calibration().set_index(["model", "level"])["held"]
    made = [figures.fan(forecast(begun, samples=40), width), figures.fan(forecast(stuck, samples=40), width),
            figures.scoreboard(tested, width), figures.calibration(tested, width)]
    assert f"{round(100 * held[OURS, 0.8])}" in made[3].summary
    assert "passed" in made[1].summary
    for figure in made:
        assert figure.height > 200
        for word in figure._words:
            wide = text_width(word["text"], word["size"], word["bold"])
            left = word["x"] - {"start": 0, "middle": wide / 2, "end": wide}[word["anchor"]]
            assert left >= -1, word
            assert left + wide <= width + 1, word
