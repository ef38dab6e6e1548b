"""The page Map: charts say what the experiments found, coarse first; and in a browser, one click starts there."""
# ruff: noqa: F811 (a fixture that is imported is named again by each test that asks for it)

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from browser import axe_finds_no_serious_fault, browser_type_launch_args, fits, redrawn, sized, stamps, visit  # noqa: F401  (fixtures)
from playwright.sync_api import expect

from letsdance.dashboards import charts_map
from letsdance.dashboards.compute import Stopped, Token
from letsdance.dashboards.pages import map as page_map
from letsdance.dashboards.pages.map import Asked
from letsdance.dashboards.state import View, from_link
from letsdance.experiments import tipping
from letsdance.experiments.boundaries import boundaries
from letsdance.params import PARAMETERS, Refused
from letsdance.report.style import spread
from letsdance.scenarios import STARTS, Use
from letsdance.scenarios.policy import Policy
from letsdance.simulation import meanfield, schedule, simulate
from letsdance.simulation.rules.regimes import REGIMES
from letsdance.words import Text

#: A society small enough for tests.
POLICY = (Policy.of("lone_ranger", quarters=12).with_parameter("municipalities", 8).with_parameter("citizens", 10)
          .with_use("lever", None, Use("LEAD", 2, None, 1.0)))
VIEW = View("map", POLICY, seed=5)
TEXT = Text("en")


@pytest.fixture(scope="module")
def asked():
    return Asked.of(VIEW, Token())


@pytest.fixture(scope="module")
def found(asked):
    return page_map.basin_map(asked, 4, 2)


# ---------------------------------------------------------------- what is asked

def test_the_map_does_not_depend_on_where_the_start_lies(asked):
    moved = replace(VIEW, policy=page_map.started(POLICY, 0.123, 0.9), page="explore")
    assert Asked.of(moved, Token()) == asked
    assert Asked.of(replace(VIEW, seed=6), Token()) != asked
    assert hash(Asked.of(moved, Token())) == hash(asked)


def test_started_sets_the_place_and_refuses_what_is_none():
    policy = page_map.started(POLICY, 0.754, 0.1)
    assert (policy.value("C0"), policy.value("G0")) == (0.75, 0.1)
    assert (policy.levers, policy.start, policy.quarters) == (POLICY.levers, POLICY.start, POLICY.quarters)
    for C, G in ((1.2, 0.5), (0.5, -0.1), (None, 0.5), (0.5, float("nan"))):
        with pytest.raises(Refused, match="must be a number from 0 to 1"):
            page_map.started(POLICY, C, G)


def test_only_what_can_be_moved_is_moved():
    assert page_map.check_moved("k") == "k"
    with pytest.raises(Refused, match="Did you mean wN"):
        page_map.check_moved("wn")
    with pytest.raises(Refused, match="cannot be moved"):
        page_map.check_moved("contacts_c")  # a whole number


# ---------------------------------------------------------------- the charts

def test_each_start_is_where_simulate_ends_from_there_and_the_runs_say_what_is_drawn(asked, found):
    chart = charts_map.basin(found, (0.75, 0.3), TEXT)
    told = boundaries(found)
    rows = chart.table()[1]
    assert len(rows) == len(chart.data["starts"]) == 16
    for i, j in ((0, 0), (3, 1), (2, 3)):
        story = replace(asked.policy.scenario(), C=float(found.starts[i]), G=float(found.starts[j]))
        result = simulate(story, runs=2, seed=5)
        shares = [result.rows[name][:, -1].mean() for name in REGIMES]
        most = TEXT(f"curve.{REGIMES[int(np.argmax(shares))]}") if told.told[i, j] else TEXT("map.not_told")
        assert rows[4 * i + j][2:] == [*(TEXT.percent(share) for share in shares), most]
        assert chart.data["starts"][4 * i + j] == pytest.approx(found.starts[[i, j]], abs=1e-4)
        assert charts_map.share_here(found, *(found.starts[k] + 0.1 for k in (i, j))) == pytest.approx(shares)
    drawn = [one for one in chart.option["series"] if one["type"] == "custom"]
    assert [(one["itemStyle"]["color"], len(one["_rings"])) for one in drawn] == [
        (f"--{area.regime}", len(area.rings)) for area in told.areas]
    assert len(chart.data["open"]) == 3 * len(told.strokes)  # two ends, and a break
    assert chart.data["start"] == [[0.75, 0.3]]
    assert "16 starts, 2 runs each, 12 quarters (3 years)" in chart.sentence
    assert f"Hatched ({TEXT.percent(told.open)} of the plane)" in chart.sentence


def test_the_mean_fields_points_are_its_fixed_points(asked, found):
    chart = charts_map.mean_field(found, (0.75, 0.3), TEXT)
    points = meanfield.fixed_points(schedule.build(asked.policy.scenario())[-1])
    for name, stable in (("stable", True), ("unstable", False)):
        assert chart.data[name] == [[round(float(v), 3) for v in p.state[:2]] for p in points if p.stable == stable]
    colours = [low["itemStyle"]["color"] for low, _ in chart.option["series"][0]["markArea"]["data"]]
    assert colours == [f"--{REGIMES[k]}" for k in found.mean_field.ravel()]


def test_a_tipping_diagram_says_where_runs_end(asked, monkeypatch, without_folds):
    monkeypatch.setattr(page_map, "SETTLED", 12)
    found = page_map.tipping_diagram(asked, "k", "G", 3, 2)
    chart = charts_map.tipping(found, TEXT)
    story = replace(asked.policy, title="").with_start("dead_horse").with_parameter("k", 1.0).scenario()
    result = simulate(story, runs=2, seed=5)
    low, mean, high = spread(100 * result.rows["G"][:, -1])
    assert chart.data["dead_horse"][1] == pytest.approx([1.0, mean], abs=0.01)
    assert np.allclose(chart.data["dead_horse.spread"][3:5], [[1.0, low], [1.0, high]], atol=0.01)
    assert chart.sentence.startswith("2 runs from each start at each value, 12 quarters (3 years)")
    columns, rows = chart.table()
    assert len(columns) == 1 + 2 * len(STARTS)
    assert [row[0] for row in rows] == ["0.000", "1.000", "2.000"]
    json.dumps([chart.option, chart.data], allow_nan=False)


def test_stays_say_what_the_experiment_found(asked, monkeypatch):
    monkeypatch.setattr(page_map, "WATCHED", 40)
    found = page_map.stays(asked, 3)
    chart = charts_map.residence(found, TEXT)
    for name, stay in found.stays.items():
        length = len(stay.leave.share)
        assert chart.data[name][:length] == pytest.approx((100 * stay.leave.share).tolist(), abs=0.006)
        assert chart.data[name][length:] == [0.0 if stay.leave.share[-1] == 0 else None] * (41 - length)
    first = found.stays["wasteland"].leave.median.value
    row = next(row for row in chart.table()[1] if row[0] == "Wasteland")
    assert row[1].startswith(f"more than {found.stays['wasteland'].leave.until}" if np.isinf(first) else f"{first:.0f}")
    assert "3 runs from each start, 40 quarters (10 years)" in chart.sentence
    json.dumps([chart.option, chart.data], allow_nan=False)


# ---------------------------------------------------------------- coarse first, and stopped

@pytest.fixture
def without_folds(monkeypatch):
    """Folds are looked for in tests/test_tipping.py; here they would be most of the work. Fixed points: once for each p."""
    known, real = {}, meanfield.fixed_points
    monkeypatch.setattr(tipping, "_folds", lambda *_: [])

    def once(p):
        if p.tobytes() not in known:
            known[p.tobytes()] = real(p)
        return known[p.tobytes()]

    monkeypatch.setattr(meanfield, "fixed_points", once)


@pytest.fixture
def quick(monkeypatch, without_folds):
    for name, sizes in (("GRIDS", ((2, 1), (3, 1), (4, 1))), ("TIPPINGS", ((2, 1), (3, 1))), ("STAYS", (2, 3)),
                        ("SETTLED", 12), ("WATCHED", 12)):
        monkeypatch.setattr(page_map, name, sizes)


def test_coarse_answers_come_first_and_each_says_what_comes_next(asked, quick):
    steps = list(page_map.answers(asked, (0.7, 0.3), True, "k", "C", TEXT))
    assert [sorted(step.charts) for step in steps[:3]] == [
        ["basin", "mean_field"], ["basin", "mean_field", "residence"], ["basin", "mean_field", "residence", "tipping"]]
    assert [step.found.starts.size for step in steps] == [2, 2, 2, 3, 3, 3, 4]
    assert "2 runs from each start" in steps[0].doing
    assert "4 × 4 starts with 1 runs" in steps[-2].doing
    assert steps[-1].doing == ""
    assert len({step.stamp for step in steps}) == 7
    assert len(list(page_map.answers(asked, (0.7, 0.3), False, "k", "C", TEXT))) == 6


def test_another_change_stops_a_map_between_two_starts():
    token = Token()
    asked = Asked.of(replace(VIEW, seed=4321), token)
    token.stop()
    for wait in (lambda: page_map.basin_map(asked, 3, 1), lambda: page_map.stays(asked, 2),
                 lambda: page_map.tipping_diagram(asked, "k", "G", 2, 1)):
        with pytest.raises(Stopped):
            wait()


def test_a_refusal_is_said_beside_its_cause_and_the_rest_is_shown(asked, quick, monkeypatch):
    def refuse(*_):
        raise Refused("k cannot be moved today.")

    monkeypatch.setattr(page_map, "tipping_diagram", refuse)
    *_, last = page_map.answers(asked, (0.7, 0.3), False, "k", "G", TEXT)
    assert last.refused == {"tipping": "k cannot be moved today."}
    assert sorted(last.charts) == ["basin", "mean_field", "residence"]


# ---------------------------------------------------------------- in a browser

LINK = "/map?policy=lone_ranger~quarters=20~citizens=10.0"


def view_of(page):
    path, _, query = page.url.removeprefix("http://").partition("/")[2].partition("?")
    return from_link(query, path or "futures")


@pytest.mark.parametrize("size", ["laptop", "phone"])
def test_a_click_on_the_plane_starts_there(visit, size):
    page = visit(LINK, size)
    chart = page.locator("[data-chart=basin]")
    expect(chart.locator(".ld-sentence")).to_contain_text(re.compile(r"(25 starts, 2|81 starts, 4) runs each, 20 quarters"))
    if size == "laptop":
        fits(sized(page, "projector"))
    fits(sized(page, size))
    plot = chart.locator("canvas")
    plot.scroll_into_view_if_needed()
    page.wait_for_timeout(300)  # the chart follows its card's size
    plane = chart.evaluate("one => one.__vue__.square")  # where it is drawn within its card
    plot.click(position={"x": plane["left"] + 0.4 * plane["side"], "y": plane["top"] + 0.1 * plane["side"]})
    expect(page.get_by_role("heading", level=1)).to_contain_text("20 quarters")
    view = view_of(page)
    assert view.page == "explore"
    assert view.policy.value("C0") == pytest.approx(0.4, abs=0.02)
    assert view.policy.value("G0") == pytest.approx(0.9, abs=0.02)


def test_a_start_can_be_typed_and_is_refused_outside_the_plane(visit):
    page = visit(LINK)
    form = page.get_by_role("region", name="Start somewhere")
    expect(form.get_by_label("citizens' willingness")).to_have_value("75")
    form.get_by_label("citizens' willingness").fill("35")
    number = form.get_by_label("governments' willingness")
    number.fill("")
    form.get_by_role("button", name="Start here").click()
    expect(form.locator("..").get_by_role("alert")).to_have_text("Type a number from 0 to 100 for both.")
    number.fill("162")
    form.get_by_role("button", name="Start here").click()
    expect(form.locator("..").get_by_role("alert")).to_have_count(1)
    number.fill("62")
    number.press("Enter")
    page.wait_for_url("**/explore?**")
    page.wait_for_function("location.search.includes('C0=0.35~G0=0.62')")


def test_another_parameter_another_diagram_and_the_link_says_so(visit):
    page = visit(LINK)
    tipping = page.locator("[data-chart=tipping]")
    expect(tipping.get_by_role("heading")).to_have_text("What tips it: Governments' willingness at the end")
    before = stamps(page)[0]
    page.get_by_label("What is moved").select_option("wN")
    page.get_by_label("What is read").select_option("C")
    redrawn(page, before)
    expect(tipping.get_by_role("heading")).to_have_text("What tips it: Citizens' willingness at the end", timeout=60_000)
    tipping.get_by_role("button", name="Numbers").click()
    expect(tipping.get_by_role("columnheader").first).to_have_text("citizens look at neighbours")
    expect(page.locator("[data-chart=mean_field]")).to_have_count(0)
    page.get_by_role("button", name="More: what the mean field says").click()
    expect(page.locator("[data-chart=mean_field]")).to_be_visible()
    view = view_of(page)
    assert (view.get(page_map.MOVED), view.get(page_map.READ), view.get(page_map.FIELD)) == ("wN", "C", "1")
    tipping.get_by_role("button", name="Download").click()
    with page.expect_download() as download:
        tipping.get_by_role("button", name="Parquet").click()
    frame = pd.read_parquet(download.value.path())
    low, high = PARAMETERS["wN"].range
    assert frame["citizens look at neighbours"].iloc[[0, -1]].tolist() == [low, high]


def test_map_in_dutch_leaves_no_english_and_axe_finds_no_serious_fault(visit):
    """As it opens on a laptop, axe looks at it in tests/test_dashboard.py."""
    page = visit(f"{LINK}&lang=nl", "phone", color_scheme="dark")
    expect(page.locator("[data-chart=tipping]")).to_be_visible()
    page.locator("[data-chart=basin]").get_by_role("button", name="Getallen").click()
    axe_finds_no_serious_fault(page)
    words = page.locator("body").inner_text()
    for english in ("start ", "Start", "runs each", "government", "willing", "quarter", " the ", "computing"):
        assert english not in words, english
