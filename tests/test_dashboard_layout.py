"""What is in view: all curves on a low laptop, what leads first on a phone, and lists that a phone folds."""
# ruff: noqa: F811 (a fixture that is imported is named again by each test that asks for it)

from __future__ import annotations

import pytest
from browser import SIZES, browser_type_launch_args, served, visit  # noqa: F401  (fixtures)
from playwright.sync_api import expect

from letsdance.experiments.patterns import PATTERNS


@pytest.mark.parametrize("language", ["en", "nl"])
def test_a_low_laptop_shows_all_six_curves(visit, language):
    page = visit(f"/explore?lang={language}")
    ends = page.locator("[data-chart]").evaluate_all("all => all.map(one => one.getBoundingClientRect().bottom)")
    assert len(ends) == 6
    assert max(ends) <= SIZES["laptop"][1]


def test_late_adopters_leads_with_what_it_found_on_a_phone(visit):
    page = visit("/late_adopters", "phone")
    tops = [page.locator(one).first.evaluate("one => one.getBoundingClientRect().top") for one in (
        ".la-said h1", ".la-top [role=radio]", ".la-three [data-chart]")]
    assert tops == sorted(tops)
    assert tops[-1] < SIZES["phone"][1]  # a curve is in view at once
    assert page.evaluate("document.documentElement.scrollWidth") == SIZES["phone"][0]
    page.locator(".la-three [data-chart]").nth(2).scroll_into_view_if_needed()  # the strip moves, not the page
    assert page.evaluate("document.documentElement.scrollLeft") == 0


def test_a_phone_folds_what_is_long(visit):
    page = visit("/confidence", "phone")
    rows = page.locator("[data-pattern]")
    expect(rows).to_have_count(8)
    page.locator(".ld-patterns .ld-button", has_text="Show all").click()
    expect(rows).to_have_count(len(PATTERNS))
    expect(page.locator("[data-entry]")).to_have_count(4)


def test_a_headline_says_what_its_words_mean(visit):
    page = visit("/explore")
    mark = page.locator(".ld-said .ld-terms summary")
    mark.press("Enter")
    expect(page.locator(".ld-said .ld-terms dt").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".ld-said .ld-terms dt").first).to_be_hidden()
    expect(mark).to_be_focused()
