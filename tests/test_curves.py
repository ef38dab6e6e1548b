"""Bass, logistic and Gompertz: published figures, closed forms, recovery, intervals that cover; bad input."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from letsdance.experiments.adopters import curves, history
from letsdance.experiments.adopters.history import Cascade
from letsdance.params import Refused

# "Bass example series": ten yearly sales figures that textbooks copy, with the published fit (benchmark B1).
EXAMPLE = (840, 1470, 2110, 4000, 7590, 10950, 10530, 9470, 7790, 5890)
TRUE = {"bass": (0.03, 0.38, 0.8), "logistic": (0.5, 8.0, 0.7), "gompertz": (0.3, 8.0, 0.9)}


def example() -> Cascade:
    return Cascade("example", 1_000_000, 1, np.cumsum(EXAMPLE))


def drawn(curve: str, population: int, periods: int, rng: np.random.Generator) -> Cascade:
    """Adopters drawn one by one from the curve, by inverting F on a fine grid: not by the cells that the fit uses."""
    a, b, share = TRUE[curve]
    grid = np.linspace(0, periods, 200_001)
    F = curves.cumulative(curve, grid, a, b)
    u = rng.random(rng.binomial(population, share))
    when = np.ceil(np.interp(u, F, grid, left=0.5, right=np.inf))
    return Cascade(curve, population, 1, np.array([(when <= t).sum() for t in range(1, periods + 1)]))


def test_bass_has_its_closed_form():
    assert curves.cumulative("bass", [1, 2, 5, 8, 10, 15], 0.03, 0.38) == pytest.approx(
        [0.0358, 0.0851, 0.3312, 0.6517, 0.8128, 0.9716], abs=5e-5)


@pytest.mark.parametrize("curve", curves.CURVES)
def test_the_slope_is_the_derivative_and_cells_add_up(curve):
    a, b, _ = TRUE[curve]
    x = np.array([np.log(a), np.log(b) if curve == "bass" else b, 0.0])
    t, h = np.arange(1, 16), 1e-5
    numeric = (curves.cumulative(curve, t + h, a, b) - curves.cumulative(curve, t - h, a, b)) / (2 * h)
    assert curves._slopes(curve, x, 15) == pytest.approx(numeric, rel=1e-6)
    assert curves._cells(curve, x, 15).sum() == pytest.approx(float(curves.cumulative(curve, 15, a, b)))


def test_the_published_fit_of_the_bass_example():
    """M 67,980, p .006594, q .6381, residual standard error 727: the textbook fits the slope at each year's end."""
    made = curves.fit(example(), "bass", "slope")
    assert made.ceiling == pytest.approx(67_980, abs=5)
    assert made.estimates["p"] == pytest.approx(0.006594, abs=1e-6)
    assert made.estimates["q"] == pytest.approx(0.6381, abs=1e-4)
    assert made.goodness == pytest.approx(727, abs=0.5)


def test_least_squares_agrees_with_scipys_curve_fit():
    from scipy.optimize import curve_fit

    def yearly(t, p, q, M):
        F = [(1 - np.exp(-(p + q) * s)) / (1 + q / p * np.exp(-(p + q) * s)) for s in (t, t - 1)]
        return M * (F[0] - F[1])

    best, covariance = curve_fit(yearly, np.arange(1, 11), EXAMPLE, (0.01, 0.5, 60_000))
    made = curves.fit(example(), "bass", "ls")
    assert [made.estimates["p"], made.estimates["q"], made.ceiling] == pytest.approx(best, rel=1e-4)
    # Standard errors on the log scale are relative ones.
    assert np.sqrt(np.diag(made.covariance))[:2] == pytest.approx(np.sqrt(np.diag(covariance))[:2] / best[:2], rel=0.01)


@pytest.mark.parametrize("curve", curves.CURVES)
@pytest.mark.parametrize("method", ["ml", "ls"])
def test_parameters_are_recovered(curve, method):
    made = curves.fit(drawn(curve, 20_000, 25, np.random.default_rng(1)), curve, method)
    assert list(made.estimates.values())[:3] == pytest.approx(TRUE[curve], rel=0.06)


def test_intervals_cover_and_the_profile_agrees():
    """95 % intervals of p, q and the share, from 60 histories: binomially at most 12 of 180 out, 20 with p < .001."""
    out = 0
    for seed in range(60):
        made = curves.fit(drawn("bass", 2_000, 20, np.random.default_rng(seed)))
        for name, true in zip(("p", "q", "share"), TRUE["bass"], strict=True):
            low, high = made.interval(name)
            out += not low <= true <= high
    assert out <= binom.ppf(0.999, 180, 0.05)
    for name in ("p", "q", "share"):  # the last history: quadratic enough that both kinds agree
        assert made.interval(name, kind="profile") == pytest.approx(made.interval(name), rel=0.03)


def test_the_profile_ends_where_the_likelihood_has_fallen():
    made = curves.fit(drawn("bass", 300, 12, np.random.default_rng(3)))
    low, high = made.interval("q", 0.8, "profile")
    loss = curves._loss(made.cascade, "bass")
    grid = np.linspace(-1.5, 1.5, 61)
    for end in (low, high):  # brute force over the other two
        others = min(loss(np.array([made.x[0] + u, np.log(end), made.x[2] + v])) for u in grid for v in grid)
        assert others - loss(made.x) == pytest.approx(1.6424 / 2, abs=0.03)  # chi-squared, 80 %, one degree


def test_a_parametric_bootstrap_spreads_like_the_curvature():
    made = curves.fit(drawn("logistic", 3_000, 20, np.random.default_rng(2)), "logistic")
    rate, middle, share, _ = made.estimates.values()
    cells = np.diff(share * curves.cumulative("logistic", np.arange(1, 21), rate, middle), prepend=0)
    rng = np.random.default_rng(0)
    rates = [curves.fit(Cascade("again", 3_000, 1, rng.multinomial(3_000, [*cells, 1 - cells.sum()])[:-1].cumsum()),
                        "logistic").estimates["rate"] for _ in range(60)]
    assert np.log(rates).std() == pytest.approx(np.sqrt(made.covariance[0, 0]), rel=0.35)


@pytest.mark.parametrize("curve", curves.CURVES)
def test_time_to_a_share_inverts_the_curve(curve):
    made = curves.fit(drawn(curve, 5_000, 25, np.random.default_rng(4)), curve)
    a, b, share, _ = made.estimates.values()
    assert share * float(curves.cumulative(curve, made.time_to(0.5), a, b)) == pytest.approx(0.5)
    assert made.time_to(0.999) == np.inf


@pytest.mark.parametrize("method", ["ml", "ls"])
def test_ordinary_forecasts_start_where_the_history_ends(method):
    cascade = drawn("bass", 5_000, 25, np.random.default_rng(5))
    made = curves.fit(cascade.until(10), "bass", method)
    paths = made.samples(15, 400, np.random.default_rng(0))
    assert (paths >= cascade.cum[9]).all()
    assert (paths <= 5_000).all()
    assert paths[:, -1].mean() == pytest.approx(cascade.cum[-1], rel=0.08)


@pytest.mark.parametrize(("call", "said"), [
    (lambda: curves.fit(example(), "bas"), "Did you mean bass"), (lambda: curves.fit(example(), "bass", "mle"), "ml"),
    (lambda: curves.fit(example().until(2)), "three periods"),
    (lambda: curves.fit(example(), "bass", "ls").interval("p", kind="profile"), "likelihood"),
    (lambda: curves.fit(example(), "bass", "ls").interval("rate"), "It has p, q")])
def test_what_cannot_be_fitted_is_refused(call, said):
    with pytest.raises(Refused, match=said):
        call()


# ---------------------------------------------------------------- histories

def test_a_history_survives_the_way_through_a_file(tmp_path):
    told = [Cascade("a", 50, 1990, np.array([1, 1, 3, 7])), Cascade("b", 20, 0, np.array([2, 2, 5]))]
    history.table(told).to_csv(tmp_path / "h.csv", index=False)
    back = history.read(tmp_path / "h.csv")
    assert [(c.name, c.population, c.first, c.cum.tolist()) for c in back] == [
        (c.name, c.population, c.first, c.cum.tolist()) for c in told]


def test_periods_without_a_row_are_periods_without_adopters():
    one, = history.read(pd.DataFrame({"t": [3, 5, 9], "new": [1, 2, 1]}), population=10)
    assert one.cum.tolist() == [1, 1, 3, 3, 3, 3, 4]
    assert (one.first, one.last, one.reaches(0.3), one.reaches(0.5)) == (3, 9, 2, None)


GOOD = {"task_id": [7, 7, 7], "population": [50, 50, 50], "t": [1, 2, 3], "new": [1, 2, 0], "cum": [1, 3, 3]}


@pytest.mark.parametrize(("change", "said"), [
    ({"t": ["2001-05-01", 2, 3]}, "row 1.*a date written as text"), ({"t": [1, 2, 2]}, "row 3.*is there twice"),
    ({"t": [1, 3, 2]}, "row 3.*comes after period 3"),
    ({"population": [2, 2, 2]}, "row 2.*more than the population"),
    ({"population": [50, 50, 40]}, "row 3.*population of task 7 changes"), ({"cum": [1, 3, 2]}, "row 3.*cum falls"),
    ({"new": [1, 1, 0]}, "row 2.*new is 1, but cum rises"),
    ({"new": [0] * 3, "cum": [0] * 3}, "row 3.*all 50 are censored"),
    ({"new": [0, 1, 0], "cum": [0, 1, 1]}, "row 3.*1 adopter cannot"), ({"t": [1, 2, np.nan]}, "row 3.*t '' is missing"),
    ({"new": [1, -2, 0]}, "row 2.*new '-2' must be"),
    ({"t": [200112, 200201, 200202]}, "row 1.*a year with a month"),
    ({"t": [20011201, 20011202, 20011203]}, "row 1.*a date"),
    ({"new": [1, None, 0]}, "row 2.*new '' is missing"), ({"t": [1, 2, 9_999]}, "row 3.*longer than"),
    ({"cum": [1, 2.5, 3]}, "row 2.*cum '2.5' must be a whole"), ({"task_id": [7, "", 7]}, "row 2.*task_id '' is missing")])
def test_a_bad_row_is_named(change, said, tmp_path):
    table = pd.DataFrame({**GOOD, **change})
    with pytest.raises(Refused, match=said) as refused:
        history.read(table)
    assert "\n" not in str(refused.value)
    if "longer" not in said and "t" not in change:
        table.to_csv(tmp_path / "h.csv", index=False)
        with pytest.raises(Refused, match=r"h\.csv, line \d"):
            history.read(tmp_path / "h.csv")


@pytest.mark.parametrize(("drop", "said"), [("t", "column t"), ("population", "--population")])
def test_a_missing_column_is_named(drop, said):
    with pytest.raises(Refused, match=said):
        history.read(pd.DataFrame(GOOD).drop(columns=drop))
    with pytest.raises(Refused, match="neither"):
        history.read(pd.DataFrame(GOOD).drop(columns=["new", "cum"]))
    with pytest.raises(Refused, match="no rows"):
        history.read(pd.DataFrame(GOOD).head(0))
    with pytest.raises(Refused, match="there is no file"):
        history.read("nowhere.csv")


@pytest.mark.parametrize(("text", "said"), [
    (b"task_id;population;t;new\na;50;1;x\n", "line 2"),
    (b"t,t,new,population\n1,1,1,50\n", "t is there twice"),
    (b"t,new,task_id\n1,1,\x81\n", "is not UTF-8"), (b"", "is empty"),
    (b"t,new,population\n1,1\n", "line 2: a row of 2 under a header of 3")])
def test_a_file_of_another_kind_is_told(text, said, tmp_path):
    (tmp_path / "h.csv").write_bytes(text)
    with pytest.raises(Refused, match=said) as refused:
        history.read(tmp_path / "h.csv")
    assert "\n" not in str(refused.value)


def test_what_lies_at_the_edge_of_the_search_is_said_to_and_has_no_interval(letsdance, tmp_path):
    (tmp_path / "h.csv").write_text("t,new\n1,20\n2,0\n3,0\n4,0\n")
    told = letsdance("adopters", "fit", "h.csv", "--population", "50", "--curve", "bass", "--json")
    fit = json.loads(told[1])
    assert "p" in fit["fits"][0]["at_edge"]
    assert fit["fits"][0]["estimates"]["p"]["low"] is None
    assert "edge of the search" in fit["says"][0]


def test_an_estimate_at_the_edge_of_the_search_has_no_interval_and_says_so():
    """All adopt in the first period, so nothing tells how they imitate: in the API, the description and its page."""
    from letsdance.experiments.adopters import describe, from_arrays
    from letsdance.report.adopters import describe_study

    made = curves.fit(Cascade("x", 50, 1, np.array([20, 20, 20, 20])), "bass", "ml")
    assert set(made.at_edge) == {"p", "q"}
    for kind in ("wald", "profile"):
        assert np.isnan(made.interval("p", kind=kind)).all()
        assert np.isnan(made.interval("q", kind=kind)).all()
        assert 0.2 < made.interval("share", kind=kind)[0] < 0.4 < made.interval("share", kind=kind)[1] < 0.6
    found = describe(from_arrays([1.0] * 30 + [2.0, 4.0] + [np.nan] * 18, last=6))
    assert found.fitted.set_index(["curve", "parameter"]).loc[("bass", "q"), ["low", "high"]].isna().all()
    assert any("Bass: q cannot be told from these data" in line for line in found.said)
    tables = [table for section in describe_study(found).sections for table in section.tables]
    table = next(one for one in tables if "95 % interval" in one.columns)
    assert [row[1] for row in table.rows if row[3] == "edge of the search"] == ["q"]


def test_what_the_data_do_not_tell_has_the_widest_error_and_no_wider():
    """Two on the transformed scale; what they tell has the inverse of its information, whichever way the axes lie."""
    turned = np.linalg.qr(np.random.default_rng(4).normal(size=(3, 3)))[0]
    information, wanted = np.diag([100.0, 4.0, 1e-9]), np.diag([0.01, 0.25, 4.0])
    np.testing.assert_allclose(curves._inverse(turned @ information @ turned.T), turned @ wanted @ turned.T, atol=1e-12)
