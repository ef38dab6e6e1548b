"""Shares in use as stocks with inflow and outflow: shocks, fits, forecasts and their test, against made-up truth."""

from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pytest
from pseudo import crowded, plain_english

from letsdance.experiments.adopters import stocks
from letsdance.experiments.adopters.counts import read_counts
from letsdance.params import Refused
from letsdance.report.forecasting import share_fan, shares_study
from letsdance.report.sheet import NARROW, WIDE
from letsdance.scenarios.cases import case
from letsdance.words import Text, languages

YEARS = np.arange(2010, 2020)


@pytest.mark.parametrize(("values", "found"), [
    ([18, 19, 20, 30, 41, 42, 41, 42, 42, 43], [(2012, 2014)]),          # two years, 20 to 41
    ([10, 10.5, 11, 13.7, 14, 14.2, 14.8, 15, 15.1, 15.4], []),           # 2.7 points are none
    ([1, 2, 5, 15, 40, 75, 90, 96, 98, 99], []),                          # a steep S-curve
    ([5, 5.2, 5.1, 12.2, 13.0, 10.2, 9.0, 9.0, 9.1, 9], [(2012, 2013)]),  # up at once, down slowly
    ([40, 40.5, 41, 41.2, 22, 22.5, 23, 23.2, 23.1, 23], [(2013, 2014)]),  # a fall
    ([10] * 10, []), ([10, 12, 14, 16, 18, 20, 22, 24, 26, 28], [])])
def test_a_shock_is_named_only_where_it_is_one(values, found):
    assert [(s.start, s.end) for s in stocks.shocks(YEARS, np.array(values, float), 100.0)] == found


def test_a_jump_across_years_without_rows_is_found():
    made = stocks.shocks(np.array([2010, 2011, 2012, 2014, 2015, 2016]), np.array([18.0, 19, 20, 41, 42, 42]), 100.0)
    assert [(s.start, s.end, s.before, s.after) for s in made] == [(2012, 2014, 20.0, 41.0)]


def test_no_sentence_makes_a_step_part_of_a_smaller_rise():
    text = "unit,year,percent\n" + "\n".join(f"A,{y},{v}" for y, v in zip(
        range(2015, 2025), [13.2, 11.6, 12.0, 11.9, 11.6, 18.0, 16.4, 15.0, 15.2, 15.1], strict=True))
    said = read_counts(pd.read_csv(io.StringIO(text)), None).shapes()["says"][0]
    assert "from 2019 to 2020 it rose by 6.4 points" in said
    assert "of its rise" not in said


def made(p: float, q: float, d: float, start: float, noise: float, rng: np.random.Generator, periods: int = 25):
    """A stock by its own equation, written out once more."""
    share = [start]
    for _ in range(periods - 1):
        y = share[-1]
        share.append(float(np.clip(y + p * (1 - y) + q * y * (1 - y) - d * y + rng.normal(0, noise), 0, 1)))
    return stocks.Series(f"{start:.3f}", np.arange(2000, 2000 + periods), np.array(share))


def test_flows_without_noise_are_found_exactly_and_rest_where_nothing_changes():
    one = made(0.02, 0.3, 0.1, 0.05, 0.0, np.random.default_rng(0))
    flows = stocks.fit([one]).pooled
    assert (flows.p, flows.q, flows.d) == pytest.approx((0.02, 0.3, 0.1), abs=1e-6)
    assert flows.change(np.array([flows.rest]))[0] == pytest.approx(0, abs=1e-12)
    assert stocks.Flows(0.1, 0.0, 0.3, 0.0).rest == pytest.approx(0.25)


def test_intervals_hold_where_the_truth_is_known_and_beat_persistence():
    rng = np.random.default_rng(5)
    many = [made(rng.uniform(0, 0.02), rng.uniform(0.1, 0.4), rng.uniform(0.02, 0.12), rng.uniform(0.02, 0.3), 0.01, rng,
                 16) for _ in range(12)]
    model = stocks.calibrated(many[:6])
    below, above, gain = [], [], []
    for one in many[6:]:
        for told in (6, 9, 12):
            f, truth = stocks.forecast(one.until(told), model, 4, 300), one.share[told:told + 4]
            low, middle, high = f.quantiles((0.1, 0.5, 0.9))
            below.append((truth < low).mean())
            above.append((truth > high).mean())
            gain.append(np.abs(one.share[told - 1] - truth).mean() - np.abs(middle - truth).mean())
    assert np.mean(below) < 0.25
    assert np.mean(above) < 0.25
    assert 0.02 < np.mean(below) + np.mean(above) < 0.4
    assert np.mean(gain) > 0
    again = stocks.forecast(many[6].until(6), model, 4, 300)
    assert (again.paths == stocks.forecast(many[6].until(6), model, 4, 300).paths).all()


def test_a_flow_at_the_edge_of_what_can_be_is_said_not_to_be_told():
    flows = stocks.Flows(0.02, 0.1, 0.0, 0.01)
    one = stocks.Series("a", YEARS[:6], np.linspace(0.1, 0.4, 6))
    said = stocks.Forecast(one, np.array([9]), np.full((20, 1), 0.5), flows).says()
    assert flows.at_edge == ("d",)
    assert "2.0\u00a0% of those without it begin by themselves, as far as shares tell" in said
    assert "How many stop cannot be told: the best value is none" in said
    assert "settles" not in said  # at 100 %, which is the edge and no estimate
    inside = stocks.Forecast(one, np.array([9]), np.full((20, 1), 0.5), stocks.Flows(0.02, 0.1, 0.05, 0.01)).says()
    assert "5.0\u00a0% of those with it stop" in inside
    assert "cannot be told" not in inside
    assert "settles near" in inside


def test_no_plain_english_is_left_in_forecasts_of_shares(spoken):
    """Flows of which all, some or none can be told; shares that rise and fall."""
    one, t = stocks.Series("1", YEARS[:6], np.linspace(0.1, 0.4, 6)), np.arange(2016, 2026)
    told = [stocks.Forecast(one, t, np.linspace(0.3, end, 20)[:, None] * np.ones(10), stocks.Flows(p, q, d, 0.01))
            for end, p, q, d in ((0.9, 0.02, 0.1, 0.05), (0.2, 0.0, 0.1, 0.05), (0.9, 0.02, 0.0, 0.0),
                                 (0.9, 0.0, 0.0, 0.0))]
    for made in (told[:1], told[:2], told[1:2] * 2, told * 2):
        assert not plain_english(shares_study(made, spoken))
    drawn = [share_fan(told[0], width, Text(language)) for language in languages() for width in (WIDE, NARROW)]
    assert not [word for figure in drawn for word in crowded(figure)]


def test_what_cannot_be_a_share_is_refused():
    with pytest.raises(Refused, match="no outflow"):
        stocks.series_of(read_counts("case:bass_example"))
    with pytest.raises(Refused, match="cannot be told from fewer"):
        stocks.fit([stocks.Series("a", YEARS[:3], np.array([0.1, 0.2, 0.3]))])


def test_shares_are_forecast_and_tested_by_the_same_commands(tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from letsdance.commands.main import app

    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.csv").write_text(case("eu27_home_working").text)
    done = CliRunner().invoke(app, ["adopters", "forecast", "s.csv", "--samples", "50", "--out", "F.csv", "--json"])
    said = json.loads(done.stdout)
    assert [one["unit"] for one in said["forecasts"]] == ["usually", "usually or sometimes"]
    assert said["kind"] == "share in use"
    assert (tmp_path / "F.csv").read_text().startswith("unit,sample,t,share")
    done = CliRunner().invoke(app, ["adopters", "forecast", "s.csv", "--samples", "50", "--report", "page", "--json"])
    assert json.loads(done.stdout)["forecasts"] == said["forecasts"]
    quantiles = pd.read_parquet(tmp_path / "page" / "quantiles.parquet").set_index(["unit", "t"])
    one = said["forecasts"][1]
    assert quantiles.loc[one["unit"], "q90"].tolist() == one["quantiles"]["q90"]
    page = (tmp_path / "page" / "report.html").read_text()
    assert "What may come of usually or sometimes" in page
    assert page.count("<svg") >= 2
    done = CliRunner().invoke(app, ["adopters", "backtest", "s.csv", "--json", "--samples", "50", "--out", "tried"])
    said = json.loads(done.stdout)
    assert said["forecasts"] > 10
    assert said["folder"] == "tried"
    rows = pd.read_parquet(next((tmp_path / "tried").glob("**/scores.parquet")))
    assert rows["error"].mean() == pytest.approx(said["error"])
    assert "Shares in use in s.csv" in (tmp_path / "tried" / "report.html").read_text()
