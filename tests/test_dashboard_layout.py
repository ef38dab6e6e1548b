"""What is in view: all curves on a low laptop, what leads first on a phone, and lists that a phone folds."""
# ruff: noqa: F811 (a fixture that is imported is named again by each test that asks for it)

from __future__ import annotations

import re

import pytest
from browser import SIZES, browser_type_launch_args, go, visit  # noqa: F401  (fixtures)
from playwright.sync_api import expect

from letsdance.experiments.patterns import PATTERNS

#: How long a page may be on a phone before anything is opened: three screens.
SHORT = 3 * SIZES["phone"][1]


def short(page) -> None:
    """The page is short, as soon as all of it stands and what is long is folded."""
    page.wait_for_function("most => document.documentElement.scrollHeight < most", arg=SHORT)


def shown_in_order(page) -> list[str]:
    """The charts of a page as they stand there."""
    return page.locator("[data-chart]").evaluate_all("all => all.map(one => one.dataset.chart)")


def stands_beside(page, name: str) -> bool:
    """Whether what is said of where the pointer is leaves the chart's curves in view, and is within the screen."""
    plot = page.locator(f"[data-chart={name}] canvas").first
    plot.hover()
    page.wait_for_function("""() => [...document.querySelectorAll('.ld-hint')].some(one =>
        one.style.visibility !== 'hidden' && one.style.opacity !== '0' && one.clientHeight > 20)""")
    hint = page.locator(".ld-hint").evaluate_all("""all => all.filter(one => one.style.visibility !== 'hidden'
        && one.style.opacity !== '0' && one.clientHeight > 20).map(one => one.getBoundingClientRect().toJSON())[0]""")
    box, width = plot.bounding_box(), page.viewport_size["width"]
    over = (hint["left"] < box["x"] + box["width"] and hint["right"] > box["x"]
            and hint["top"] < box["y"] + box["height"] and hint["bottom"] > box["y"])
    page.mouse.move(0, 0)
    page.wait_for_function("""() => [...document.querySelectorAll('.ld-hint')].every(one =>
        one.style.visibility === 'hidden' || one.style.opacity === '0' || one.clientHeight < 20)""")
    return not over and hint["left"] >= 0 and hint["right"] <= width


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_low_laptop_shows_all_six_curves_and_all_pages(visit, language):
    page = visit(f"/explore?lang={language}")
    ends = page.locator("[data-chart]").evaluate_all("all => all.map(one => one.getBoundingClientRect().bottom)")
    assert len(ends) == 6
    assert max(ends) <= SIZES["laptop"][1]
    assert page.locator("nav").evaluate("strip => strip.scrollWidth <= strip.clientWidth")
    plots = page.locator("[data-chart] .ld-plot").evaluate_all("all => all.map(one => one.clientWidth * one.clientHeight)")
    assert min(plots[:2]) > 2 * max(plots[2:])  # the plane and one outcome are large, the rest is small
    for k, name in enumerate(shown_in_order(page)[1:3]):
        assert stands_beside(page, name), k
    before = shown_in_order(page)
    page.locator("[data-chart=adoption] .ld-enlarge").click()
    page.wait_for_function("document.querySelectorAll('[data-chart]')[1].dataset.chart === 'adoption'")
    assert shown_in_order(page) == ["plane", "adoption", *(name for name in before[1:] if name != "adoption")]
    page.wait_for_function("location.search.includes('explore.large=adoption')")
    assert page.locator("[data-chart=adoption] .ld-enlarge").count() == 0


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
    assert page.locator(".ld-chart-origins").bounding_box()["y"] < 500  # the picture is in view at once
    short(page)
    rows = page.locator("[data-pattern]")
    expect(rows).to_have_count(8)
    page.locator(".ld-patterns .ld-button", has_text="Show all").click()
    expect(rows).to_have_count(len(PATTERNS))
    expect(page.locator("[data-entry]")).to_have_count(4)
    expect(page.locator("#ld-box input")).to_be_hidden()
    page.locator("[data-origin=assumed] summary").click()
    page.locator("[data-origin=assumed] .ld-link").click()
    expect(page.locator("#ld-box input")).to_be_focused()  # what is looked up is opened
    go(page, "explore")
    short(page)
    assert stands_beside(page, "regimes")
    tops = [page.locator(one).first.bounding_box()["y"] for one in (
        ".ld-said h1", "[data-chart]", ".ld-actions", ".ld-start")]
    assert tops == sorted(tops)
    assert tops[2] < SIZES["phone"][1]
    lever = page.locator("[data-lever=FRCS] [role=switch]")
    expect(lever).to_be_hidden()
    page.locator(".ld-levers:has([data-lever=FRCS]) > summary").click()
    lever.click()
    expect(page.locator(".ld-levers:has([data-lever=FRCS]) .ld-named")).to_have_text("Free-range civil servants")


def test_a_phone_folds_tables_until_they_are_asked_for(visit):
    page = visit("/late_adopters?lang=fr", "phone")
    expect(page.locator("[data-chart=why]")).to_have_count(1, timeout=60_000)
    short(page)
    for name in ("compare", "data", "map"):
        go(page, name)
        short(page)
    go(page, "compare")
    table = page.locator("[data-table=effects]")
    expect(table.locator("table")).to_be_hidden()
    table.locator("summary", has_text="Chiffres").click()
    expect(table.locator("[data-row]").first).to_be_visible()


def test_a_headline_says_what_its_words_mean(visit):
    page = visit("/explore")
    mark = page.locator(".ld-said .ld-terms summary")
    mark.press("Enter")
    expect(page.locator(".ld-said .ld-terms dt").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".ld-said .ld-terms dt").first).to_be_hidden()
    expect(mark).to_be_focused()
    for name in ("town", "data"):
        go(page, name)
        expect(page.locator(".ld-heading .ld-terms summary")).to_have_count(1)


@pytest.mark.parametrize("size", ["projector", "phone"])
def test_paper_holds_charts_whole_and_no_buttons(visit, size):
    for path in ("/explore?policy=lone_ranger~LEAD@5&budget.limit=100&goal.what=on", "/late_adopters"):
        page = visit(path, size)
        if path.startswith("/explore"):  # what was done stands with its charts, on one sheet
            expect(page.locator(".ld-reached")).to_be_visible()
            assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True))) == 1
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        widths = page.locator("[data-chart] canvas").evaluate_all("all => all.map(one => one.clientWidth)")
        assert min(widths) > 300  # half a sheet, however narrow the screen
        page.set_viewport_size({"width": 720, "height": 1000})  # what is left of a sheet of A4 between its margins
        cards = page.locator("[data-chart]")
        page.wait_for_function("""() => [...document.querySelectorAll('[data-chart]')].every(card => {
            const [whole, plot] = [card, card.querySelector('canvas')].map(one => one.getBoundingClientRect());
            return plot.left >= whole.left && plot.right <= whole.right && plot.bottom <= whole.bottom
                && plot.height > whole.height / 2; })""")
        assert cards.count() >= 3
        assert page.locator(".ld-page button:visible").all_inner_texts() == []
