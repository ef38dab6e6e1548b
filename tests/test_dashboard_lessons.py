"""Lessons in the dashboard: the link keeps a class's place, a control is another curve, the mechanism can be switched off;
and what pages share: the budget, arrows in radio groups, /late-adopters."""

from __future__ import annotations

import re

import numpy as np
import pytest
from browser import browser_type_launch_args, drawn, fits, go, sized, visit  # noqa: F401
from playwright.sync_api import expect

from letsdance.dashboards import app, compute
from letsdance.dashboards.pages import lessons as page_of
from letsdance.dashboards.state import View, check_link, price
from letsdance.experiments.lessons import Bench
from letsdance.scenarios.lessons import load
from letsdance.scenarios.policy import Policy
from letsdance.simulation import schedule
from letsdance.words import Text


@pytest.mark.parametrize("query", ["", "lessons.name=nothing", "lessons.step=99", "lessons.step=-1", "lessons.step=x",
                                   "lessons.set=chi%3D99,zz%3D1,chi%3Dx,%3D", "lessons.guess=9"])
def test_a_link_that_says_what_cannot_be_opens_the_lesson_all_the_same(query):
    view, _ = check_link(query, "lessons")
    lesson = page_of.lesson_of(view)
    assert lesson.name == "invitations"
    assert page_of.step_of(view) == 0
    assert page_of.own_of(view, lesson, Text()) is None


def test_a_class_sets_what_the_lesson_moves_and_opens_it_in_explore():
    view, problems = check_link("lessons.name=blame&lessons.set=chi%3D2,FAL%3D1,k%3D2", "lessons")
    lesson = page_of.lesson_of(view)
    own = page_of.own_of(view, lesson, Text())
    assert not problems
    assert own.policy == "chi=2, FAL@8"
    policy = page_of.policy_of(lesson, own)
    assert (policy.start, policy.value("chi"), [use.name for use in policy.levers]) == ("dead_horse", 2.0, ["FAL"])


def test_curves_with_the_mechanism_off_are_runs_with_it_off():
    lesson, text = load("blame"), Text()
    shown = next(page_of.job_of(lesson, None, True, text, compute.Token()))
    off = Bench(lesson, shown.found.runs, 1).result(lesson.arm[1], True)
    assert shown.chart.data["blame"] == pytest.approx(100 * off.rows["L"].mean(axis=0), abs=0.06)
    on = shown.found.results["blame"].rows["L"][:, -1]
    assert not np.isclose(off.rows["L"][:, -1].mean(), on.mean(), atol=0.05)


def test_a_price_is_the_points_of_the_schedule():
    policy = Policy.parse("lone_ranger~FRCS@8+20*1~OUT@50*0.5")
    whole, each = price(policy)
    assert whole == pytest.approx(sum(each)) == pytest.approx(schedule.build(policy.scenario())["points"].sum())
    assert len(each) == 2


def test_late_adopters_opens_where_governments_adopt_unless_somebody_chose():
    assert app.suited(View(page="late_adopters")).policy.start == app.ADOPTING
    chosen = View(page="late_adopters", policy=Policy.parse("lone_ranger~k=1.2"))
    assert app.suited(chosen) is chosen
    assert app.suited(View(page="explore")).policy == Policy.of()


def test_a_class_goes_through_a_lesson(visit):  # noqa: F811
    page = visit("/lessons?lessons.name=training&lessons.step=1")
    page.get_by_label("Training with practice").check(force=True)
    expect(page.locator(".ls-key")).to_contain_text("Your own setting")
    page.locator(".ls-steps button").first.click()
    page.get_by_role("radio").first.focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio").nth(1)).to_have_attribute("aria-checked", "true")
    for step in (1, 2):  # the button moves down when the chart comes: each click waits for its step
        page.get_by_role("button", name="Next", exact=True).click()
        expect(page.locator(".ls-steps button").nth(step)).to_have_attribute("aria-current", "step")
    expect(page.locator(".ls-body")).to_contain_text("You predicted it.")
    page.get_by_label("Switch off").check(force=True)
    expect(page.locator("[data-chart=lesson]")).to_contain_text("switched off in every curve")
    other = visit(page.url.partition(page.url.split("/", 3)[2])[2])
    expect(other.locator(".ls-body")).to_contain_text("You predicted it.")
    assert drawn(other) == drawn(page)


def test_a_budget_that_the_link_carries_and_the_address_that_people_type(visit):  # noqa: F811
    page = visit("/late-adopters?policy=lone_ranger~FRCS@8%2B20*1&budget.limit=50")
    expect(page.locator(".ld-budget")).to_contain_text("10 points over the limit of 50")
    expect(page.get_by_role("heading", level=1)).to_contain_text("early adopters")
    page.locator(".ld-budget input").fill("100")
    page.locator(".ld-budget input").press("Enter")
    expect(page.locator(".ld-budget")).to_contain_text("60 of 100 points")
    page.wait_for_function("location.search.includes('budget.limit=100')")
    expect(page.locator(".ld-reached")).to_have_count(0)  # nothing is wanted yet
    page.get_by_label("Target").select_option("on")
    page.get_by_label("at least", exact=True).select_option("1")
    said = page.locator(".ld-reached")
    expect(said).to_have_text(re.compile(r"^reached in \d+ of 20 runs; on average .* of 10$"))
    page.wait_for_function("location.search.includes('goal.what=on') && location.search.includes('goal.share=1')")
    before = said.inner_text()
    # the same package, wherever it runs
    for name, size in (("town", "phone"), ("explore", "phone"), ("compare", "laptop")):
        go(page, name)
        fits(sized(page, size))
        expect(said).to_have_text(before)
        expect(page.locator(".ld-suffers")).to_contain_text("Suffers: ")
    go(page, "confidence")
    expect(said).to_have_count(0)
