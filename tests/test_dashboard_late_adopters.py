"""Late adopters: curves, times and measures against an independent count; the page does what a person does."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from browser import SIZES, axe_finds_no_serious_fault, browser_type_launch_args, drawn, fits, sized, visit  # noqa: F401  (fixtures)
from playwright.sync_api import expect

from letsdance.dashboards import charts_late_adopters as drawing
from letsdance.dashboards import compute
from letsdance.dashboards.pages.late_adopters import answers, later
from letsdance.dashboards.state import View
from letsdance.experiments.adopters.survival import kaplan_meier
from letsdance.experiments.paired import interval
from letsdance.params import PARAMETERS
from letsdance.scenarios import Use
from letsdance.scenarios.policy import Policy
from letsdance.simulation.run import CATEGORIES
from letsdance.words import Text

LAW = Policy.of(levers=(Use("MANDATE", 8),), profile="e_procurement")
EN = Text("en")


@pytest.fixture(scope="module")
def pair():
    return next(compute.pairs(View(policy=LAW), compute.Token()))


def first_quarter(result, r, c, share):
    """Counted quarter by quarter, from the tidy table's stages."""
    who = np.flatnonzero(result.category[r] == c)
    adopted = set()
    for q in range(result.quarters + 1):
        adopted |= {m for m in who if result.stage[r, q, m] in (3, 4)}
        if len(who) and len(adopted) >= share * len(who) - 1e-9:
            return q
    return np.inf if len(who) else np.nan


@pytest.mark.parametrize("share", [0.5, 0.84])
def test_times_are_the_first_quarters_counted_one_by_one(pair, share):
    found = drawing.times(pair.result, share)
    expected = [[first_quarter(pair.result, r, c, share) for c in range(5)] for r in range(pair.result.runs)]
    np.testing.assert_array_equal(found, expected)


def test_use_and_depth_by_category_are_those_of_the_tidy_table(pair):
    frame = pair.result.adopters
    frame = frame[(frame["view"] == "ex_ante") & (frame["quarter"] == pair.result.quarters)]
    for c, name in enumerate(CATEGORIES):
        rows = frame[frame["category"] == name].sort_values("run")
        np.testing.assert_allclose(drawing.in_use(pair.result)[:, -1, c], rows["adopted"].to_numpy())
        np.testing.assert_allclose(drawing.depth(pair.result)[:, c], rows["depth"].to_numpy(), rtol=1e-6)


def test_survival_is_kaplan_and_meiers(pair):
    chart = drawing.survival_curves(pair, EN, 1)
    result = pair.result
    for c, name in enumerate(CATEGORIES):
        curve = kaplan_meier(result.adopted_at[result.category == c], result.quarters)
        np.testing.assert_allclose(chart.data[name], 100 * curve.at(np.arange(result.quarters + 1)), atol=0.051)
        low, width = (np.array(chart.data[f"{name}{part}"]) for part in (".low", ".high"))
        assert (low <= np.array(chart.data[name]) + 0.1).all()
        assert (np.array(chart.data[name]) <= low + width + 0.1).all()
    columns, rows = chart.table()
    assert (len(columns), rows[-1][0]) == (11, "60")


def test_ahead_is_the_horizon_less_the_restricted_mean(pair):
    from letsdance.experiments.adopters.survival import restricted_mean

    result = pair.result
    for r in range(3):
        late = result.category[r] >= 3
        mean = restricted_mean(result.adopted_at[r][late], result.quarters, upto=result.quarters).mean
        assert drawing.ahead(result)[r] == pytest.approx(result.quarters - mean)


def test_what_is_not_reached_is_said_and_never_a_number():
    inf = np.inf
    assert drawing.said(drawing.when(np.full(20, 12.0)), 60, EN) == ("quarter 12 (year 3)", "12")
    most = np.array([30.0] * 12 + [inf] * 8)
    assert drawing.said(drawing.when(most), 60, EN) == (
        "quarter 30 (year 8)", "not by 60 (year 15) in 8 of 20 runs")
    few = np.array([30.0] * 5 + [inf] * 15)
    assert drawing.said(drawing.when(few), 60, EN) == ("not by 60 (year 15)", "in 15 of 20 runs")
    assert drawing.said(drawing.when(np.full(4, np.nan)), 60, EN) == ("–", "")


def test_the_gap_is_the_results_own_and_its_axis_holds_it(pair):
    chart = drawing.gap(pair, EN, False)
    mean = 100 * pair.result.late_adopter_gap().mean(0)
    np.testing.assert_allclose(chart.data["gap"], mean, atol=0.051)
    assert chart.option["yAxis"]["min"] <= mean.min()
    assert abs(mean[-1]) < 5  # the law is a floor for all, early and late
    assert "0 points in quarter 60 (year 15)" in chart.sentence
    bare = next(compute.pairs(View(policy=Policy.of("lets_dance")), compute.Token()))
    assert re.match(r"Widest in quarter \d+ \(year \d+\): \d+ points", drawing.gap(bare, EN, False).sentence)


def test_measures_are_added_alone_and_taken_out_again():
    policy = Policy.of(levers=(Use("FRCS"),))
    for measure, lever in drawing.MEASURES.items():
        with_it = drawing.switched(policy, measure)
        assert drawing.has(with_it, measure)
        assert not drawing.has(policy, measure)
        assert drawing.switched(with_it, measure) == policy
        if lever:
            assert with_it.levers == (*policy.levers, Use(lever))
        else:
            stronger = min(drawing.STRONGER * PARAMETERS["vM"].default, PARAMETERS["vM"].range[1])
            assert with_it.parameters == (("vM", stronger),)


def test_what_if_counts_paired_differences(pair):
    view = View(policy=LAW)
    added = {"change": compute.simulated(drawing.switched(LAW, "change"), view.seed, 20, compute.Token())}
    heads, rows = drawing.what_if(pair.result, added, LAW, EN)
    assert len(heads) == 6
    by = {row.key: row for row in rows}
    assert (by["mandate"].switch, by["mandate"].small, by["mandate"].cells[0].text) == (True, "in this policy", "–")
    late = [drawing.depth(one)[:, 5] for one in (pair.result, added["change"])]
    gain = 100 * (late[1] - late[0]).mean()
    assert by["change"].cells[5].text == EN.percent(late[1].mean())
    e = interval(100 * (late[1] - late[0]))
    assert by["change"].cells[5].small == f"+{gain:.0f} ({e.low:.0f}–{e.high:.0f})"
    assert gain > 10
    share = [np.array([one.ever[r, -1][one.category[r] == 4].mean() for r in range(20)]).mean() for one in (pair.result,
                                                                                                            added["change"])]
    assert by["change"].cells[4].text == EN.percent(share[1])
    chart = drawing.fast_and_deep(pair.result, added, EN)
    assert chart.data["change"] == [[round(drawing.ahead(added["change"]).mean(), 1), round(100 * late[1].mean(), 1)]]


def test_reasons_are_the_governments_own(pair):
    result = pair.result
    found = drawing.reasons(result, compute.Token(), runs=2)
    one = compute.simulated(replace(LAW), 1, 20, compute.Token())
    frame = replace(one, seeds=one.seeds[:2], rows=one.rows[:2], stage=one.stage[:2], depth=one.depth[:2],
                    regime=one.regime[:2],
                    category=one.category[:2]).municipalities
    frame = frame.sort_values(["run", "municipality", "quarter"])
    group = frame.groupby(["run", "municipality"])
    ever = frame["stage"].isin(["adopted", "upscaled"]).groupby([frame["run"], frame["municipality"]]).cummax()
    before = ever.groupby([frame["run"], frame["municipality"]]).shift(1, fill_value=True)
    heard = group["stage"].shift(1).astype(object).fillna("unaware") != "unaware"
    still = frame[(frame["quarter"] > 0) & ~before.astype(bool) & heard]
    expected = still.groupby(["run", "category"], observed=False)[["push", "pull"]].mean()
    for what in ("push", "pull"):
        np.testing.assert_allclose(found[what].ravel(), expected[what].to_numpy(), rtol=1e-6, atol=1e-9)
    assert "laggards" in drawing.why(found, EN).sentence
    push, pull = (np.nanmean(found[what], axis=0)[4] for what in ("push", "pull"))
    assert f"{'push' if push > pull else 'pull'} laggards: " in drawing.lead(found, EN)
    even = {what: np.full((2, 5), 0.25) for what in ("push", "pull")}
    assert "push laggards as much as need and employees pull them: 0.25 units of value each." in drawing.lead(even, EN)
    assert not drawing.lead({what: np.full((2, 5), np.nan) for what in even}, EN)


def test_what_takes_longer_comes_later_and_can_be_stopped():
    view = View(policy=LAW)
    assert [len(one.charts) for one in answers(view, EN, "q", compute.Token())] == [3]
    done = list(later(view, EN, "q", compute.Token()))
    assert [len(one.charts) for one in done] == [1, 2]
    assert {one.question for one in done} == {"q"}
    stopped = compute.Token()
    job = later(view, EN, "q", stopped)
    next(job)
    stopped.stop()
    with pytest.raises(compute.Stopped):
        list(job)


@pytest.mark.parametrize("policy", [Policy.of("wasteland", quarters=8), Policy.of("lets_dance", profile="telework"),
                                    Policy.of().with_parameter("municipalities", 3.0),
                                    Policy.of(quarters=8).with_parameter("municipalities", 1.0)])
@pytest.mark.parametrize("language", ["en", "nl"])
def test_every_start_can_be_drawn(policy, language):
    view, text = View(policy=policy), Text(language)
    shown, more = ([*job(view, text, "q", compute.Token())][-1] for job in (answers, later))
    assert shown.headline.endswith(".")
    assert "0 of 0" not in shown.headline
    for chart in (*shown.charts, *more.charts):
        assert chart.sentence.endswith(".")
        columns, rows = chart.table()
        assert all(len(row) == len(columns) for row in rows)


# ---------------------------------------------------------------- in the browser

def test_a_profile_and_a_measure(visit):  # noqa: F811
    page = visit("/late_adopters", "phone")
    page.locator("[data-chart=why]").wait_for()
    before = drawn(page)
    page.get_by_role("radio", name="telework").click()
    page.wait_for_function("location.search.includes('profile=telework')")
    page.wait_for_function("(before) => document.querySelector('[data-chart=in_use]').dataset.stamp !== before", arg=before)
    middle = page.locator("[data-chart=in_use]").get_attribute("data-stamp")
    page.locator("[data-table=what_if] summary").last.click()  # on a phone it is folded
    law = page.get_by_role("switch", name="Legal obligation", include_hidden=True)
    law.click()
    page.wait_for_function("location.search.includes('MANDATE')")
    page.wait_for_function("(before) => document.querySelector('[data-chart=in_use]').dataset.stamp !== before", arg=middle)
    expect(law).to_have_attribute("aria-checked", "true")
    expect(page.locator("[data-row=mandate]")).to_contain_text("in this policy")
    expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile(r"laggards have adopted by quarter \d+"))
    for size in SIZES:
        fits(sized(page, size))
    page.get_by_role("button", name="Undo").click()
    expect(law).to_have_attribute("aria-checked", "false")


def test_tables_keyboard_axe_and_dutch(visit):  # noqa: F811
    page = visit("/late_adopters?policy=lone_ranger~FRCS@1*1")
    page.locator("[data-chart=why]").wait_for()
    for name in ("in_use", "survival", "gap", "fast_and_deep", "why"):
        chart = page.locator(f"[data-chart={name}]")
        chart.get_by_role("button", name="Numbers").click()
        expect(chart.get_by_role("columnheader").first).to_be_visible()
    pilot = page.get_by_role("switch", name="Pilot support")
    pilot.focus()
    page.keyboard.press("Space")
    page.wait_for_function("location.search.includes('PILOT')")
    axe_finds_no_serious_fault(page)
    page.get_by_role("button", name="Nederlands").click()
    expect(page.get_by_role("heading", name="Wie wanneer invoert")).to_be_visible()
    expect(page.locator("[data-row=mandate]")).to_contain_text("Wettelijke verplichting")
    for english in ("quarter", "laggards", "Policy", "Measure", " of the ", "adopted", "clear"):
        expect(page.locator("body")).not_to_contain_text(english, use_inner_text=True)
