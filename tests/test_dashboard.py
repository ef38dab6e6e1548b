"""The dashboard in a real browser: what a person sees and does, on a projector, a laptop and a phone."""
# ruff: noqa: F811 (a fixture that is imported is named again by each test that asks for it)

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from benchmarks.people import Person
from browser import (  # noqa: F401  (fixtures)
    COMMAND,
    SIZES,
    browser_type_launch_args,
    dashboard,
    drawn,
    fits,
    free_port,
    go,
    redrawn,
    sized,
    stamps,
    visit,
    visit_once,
    visiting,
    wait_until,
)
from PIL import Image
from playwright.sync_api import expect

from letsdance.dashboards.state import View, from_file, from_link
from letsdance.scenarios import Use, read
from letsdance.scenarios.policy import Policy
from letsdance.words import Text, languages

APP = Path(__file__).parent.parent / "dashboards" / "app.py"
POLICY = "policy=lone_ranger~k=1.2~FRCS@8%2B20*1"
#: Where the whole map is waited for: a society that it is quickly drawn of.
SMALL = "policy=lone_ranger~quarters=20~citizens=10.0~k=1.2~FRCS@8*1"
#: Bytes that the server may have grown by after 25 pages: noise of the allocator. One page holds some 1 MB.
MOST_GROWTH = 6_000_000
#: Where pages show more than at their bare address.
SHOWN = {"explore": f"/explore?{POLICY}",
         "compare": f"/compare?{POLICY}&and=lone_ranger~LEAD@4*1&and=wasteland~FAL@4*1",
         "late_adopters": f"/late_adopters?{POLICY}",
         "town": f"/town?{POLICY}&town.at-quarter=12&town.who-is-told=council.2",
         "lessons": f"/lessons?{POLICY}&lessons.name=blame&lessons.step=3&lessons.set=chi%3D2",
         "data": f"/data?{POLICY}", "map": f"/map?{SMALL}"}
#: Pages in which axe finds nothing at all, be it ever so small.
FLAWLESS = ("futures", "explore", "compare", "late_adopters")
PAGES = [name for name in re.findall(r'"(\w+)"', re.search(r"^PAGES = \((.*?)\)", APP.read_text(), re.M | re.S)[1])
         if APP.with_name("pages").joinpath(f"{name}.py").exists()]


def slide(page, name, value):
    """Move a slider as a hand does; the browser sends what it sends."""
    page.locator(f"[data-parameter={name}] input[type=range]").evaluate(
        "(one, value) => { one.value = value; ['input', 'change'].forEach(kind => one.dispatchEvent(new Event(kind))); }",
        str(value))


def address(name: str) -> str:
    """Where a page is, with something to see on it."""
    return SHOWN.get(name, "/" if name == PAGES[0] else f"/{name}")


def whole(page) -> None:
    """Wait until nothing on the page is still to come."""
    expect(page.locator("h1").first).to_be_visible()
    page.wait_for_function("() => !document.querySelector('.ld-waiting')", timeout=60_000)
    for told in page.locator(".mp-doing").all():  # the map says when it is as fine as it gets by itself
        expect(told).to_have_text(re.compile("|".join(Text(one)("map.done") for one in ("en", "nl"))), timeout=60_000)
    if "/late_adopters" in page.url:
        page.locator("[data-chart=why]").wait_for()
    if "town.who-is-told" in page.url:
        expect(page.locator(".tw-story")).to_have_attribute("aria-busy", "false")
        page.locator(".tw-story h2, .tw-story h3").first.wait_for()
    drawn(page)


def upload(text):
    """A file that somebody chooses."""
    return {"name": "mine.toml", "mimeType": "text/plain", "buffer": text.encode()}


def view_of(page) -> View:
    """The view that the address says."""
    path, _, query = page.url.removeprefix("http://").partition("/")[2].partition("?")
    return from_link(query, path or "futures")


# ---------------------------------------------------------------- Futures

def test_futures_tells_four_futures_and_one_click_opens_one(visit):
    page = visit("/", "phone")
    expect(page.get_by_role("heading", name="Four futures of citizens and government")).to_be_visible()
    for name in ("Let's dance", "Lone Ranger", "Flogging a dead horse", "Wasteland"):
        expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    expect(page.locator("[data-card=dead_horse]")).to_contain_text(
        re.compile(r"Citizens stay away: \d+\s% \(\d+–\d+\) of the government's calls are answered by nobody"))
    for size in SIZES:
        fits(sized(page, size))
    before = drawn(sized(page, "phone"))
    page.get_by_role("button", name="Explore Wasteland").click()
    redrawn(page, before)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Wasteland as it stands")
    assert view_of(page) == View("explore", Policy.of("wasteland"))
    before = drawn(page)
    page.go_back()
    expect(page.get_by_role("heading", name="Four futures of citizens and government")).to_be_visible()
    redrawn(page, before)


# ---------------------------------------------------------------- Explore

def test_a_lever_changes_curves_headline_and_address(visit):
    page = visit("/explore", "projector")
    fits(page)
    for size in ("laptop", "phone"):
        sized(page, size)
        if size == "phone":
            page.locator(".ld-levers > summary", has_text="People").click()
        _a_lever(page)


def _a_lever(page):
    before = drawn(page)
    page.get_by_role("switch", name="Free-range civil servants").click()
    after = redrawn(page, before)
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(
        r"Free-range civil servants \(180 points\): after 15 years \(60 quarters\) \d of 10 municipalities are in "
        r"Let's dance, "
        r"\d of 10 in the reference; more in \d+ of 20 runs\. Lone Ranger still leads: \d of 10 municipalities\."))
    expect(page.locator(".ld-section").filter(has_text="Levers")).to_contain_text("3 points a quarter")
    page.get_by_role("button", name="Undo").click()
    assert redrawn(page, after) == before
    expect(page.get_by_role("heading", level=1)).to_contain_text("as it stands")
    page.get_by_role("button", name="Redo").click()
    assert redrawn(page, before) == after
    page.get_by_role("button", name="Reset").click()
    redrawn(page, after)
    assert view_of(page).policy == Policy.of()
    fits(page)


@pytest.fixture(scope="module")
def explored(visit_once):
    return visit_once("/explore")


@pytest.fixture
def explore(explored):
    """Explore as it opens, in one page for all tests that change the policy only."""
    yield explored
    reset = explored.get_by_role("button", name="Reset")
    if reset.is_enabled():
        reset.click()
    expect(explored.get_by_role("heading", level=1)).to_contain_text("as it stands")
    wait_until(explored, lambda: view_of(explored).policy == Policy.of(), why=lambda: explored.url)
    drawn(explored)


def test_a_slider_by_keyboard_by_number_and_what_is_refused(explore):
    page = explore
    before = drawn(page)
    slider = page.get_by_role("slider", name="Interdependence")
    slider.focus()
    page.keyboard.press("ArrowRight")
    after = redrawn(page, before)
    page.wait_for_function("location.search.includes('k=0.76')")
    assert view_of(page).policy.value("k") == pytest.approx(0.76)
    number = page.get_by_role("spinbutton", name="Interdependence")
    number.fill("9")
    number.press("Enter")
    expect(page.locator("[data-parameter=k] .ld-refused")).to_contain_text("must lie from 0 to 2")
    assert stamps(page)[0] == after
    number.fill("1.5")
    number.press("Enter")
    redrawn(page, after)
    expect(page.locator("[data-parameter=k] .ld-refused")).to_have_count(0)
    expect(page.locator("[data-parameter=k] .ld-in")).to_have_text("entangled")


def test_the_last_change_wins(explore):
    page = explore
    before = drawn(page)
    for value in (0.1, 0.4, 0.9, 1.3, 0.6, 1.9):
        slide(page, "k", value)
    page.wait_for_function("location.search.includes('k=1.9')")
    redrawn(page, before)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Interdependence at 1.9 (was 0.75)")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Interdependence at 0.6")


def test_replay_shows_the_last_change_again(explore):
    page = explore
    before = drawn(page)
    slide(page, "k", 1.5)
    after = redrawn(page, before)
    page.evaluate("""() => { window.said = [];
        new MutationObserver(() => window.said.push(document.querySelector('h1').textContent))
            .observe(document.body, { subtree: true, childList: true, characterData: true }); }""")
    page.get_by_role("button", name="Replay last change").click()
    page.wait_for_function("window.said.some(one => one.includes('as it stands'))")
    page.wait_for_function("(after) => document.querySelector('[data-chart]').dataset.stamp === after", arg=after)
    expect(page.get_by_role("heading", level=1)).to_contain_text("at 1.5")
    said = page.evaluate("window.said")
    shown = [re.search(r"as it stands|at 1\.[0-4]|at 1\.5", one) for one in said[next(
        k for k, one in enumerate(said) if "as it stands" in one):]]
    steps = [one[0] for one in shown if one]
    assert steps == sorted(steps, key=lambda one: (one != "as it stands", one))
    assert {steps[0], steps[-1]} == {"as it stands", "at 1.5"}
    assert len(set(steps)) > 2
    assert view_of(page).policy.value("k") == 1.5


def test_what_stands_behind_a_question_mark(explore):
    page = explore
    page.get_by_role("button", name="What is this: Free-range civil servants").click()
    told = page.locator("[data-lever=FRCS] .ld-told")
    expect(told).to_contain_text("Officials leave the office")
    expect(told).to_contain_text("push on governments' willingness: +0.04")
    expect(told).to_contain_text("S122")
    page.get_by_role("button", name="What is this: Citizens look at neighbours").click()
    expect(page.locator("[data-parameter=wN] .ld-told")).to_contain_text("citizen_reasons")


def test_sliders_have_named_bands_of_which_none_is_cut(visit):
    page = visit(f"/explore?{POLICY}&lang=nl")
    page.evaluate("document.fonts.ready")
    assert page.locator("[data-parameter]").count() == page.locator(".ld-bands .ld-in").count() > 20
    cut = """() => [...document.querySelectorAll('.ld-bands')].filter((row) => {
        const inside = row.getBoundingClientRect();
        const names = [...row.querySelectorAll('em')].map(one => one.getBoundingClientRect());
        names.sort((a, b) => a.left - b.left);
        return names.some((one, k) => one.left < inside.left - 1 || one.right > inside.right + 1
            || (k && one.left < names[k - 1].right));
    }).map(row => row.textContent)"""
    for size in ("laptop", "phone"):
        sized(page, size)
        page.evaluate("document.querySelectorAll('details.ld-sliders').forEach((one) => { one.open = true; })")
        wait_until(page, lambda: not page.evaluate(cut), why=lambda: str(page.evaluate(cut)))


def test_names_in_the_corners_of_the_plane_stand_clear_of_each_other_and_of_dots(visit):
    page = visit(f"/map?{SMALL}&lang=nl&map.mean-field=1", "phone")
    whole(page)
    _corners(page, 2)
    for name in ("explore", ""):
        go(page, name)
        whole(page)
        _corners(page, 1)


def _corners(page, planes):
    """Wait until this is so of all planes: a chart may be drawn once more, in another size, after its numbers came."""
    wait_until(page, lambda: not _crowded(page, planes), why=lambda: str(_crowded(page, planes)))


def _crowded(page, planes):
    """What is wrong with the names in the corners of planes."""
    found = page.evaluate("""() => [...document.querySelectorAll('[data-chart]')].map(one => one.__vue__)
        .filter(one => one && one.square).map((one) => {
        const { left, top, side, dots } = one.square, names = ['Dood paard', "Let's dance", 'Niemandsland', 'Lone Ranger'];
        const drawn = one.chart.getZr().storage.getDisplayList(true);
        const texts = drawn.filter(el => el.style && names.includes(el.style.text)).map((el) => {
            const rect = el.getBoundingRect().clone();
            if (el.transform) rect.applyTransform(el.transform);
            return [el.style.text, rect.x, rect.y, rect.x + rect.width, rect.y + rect.height];
        });
        const points = one.full.series.filter(series => series.symbolSize > 8).flatMap(series =>
            one.series[series.id].map(([x, y]) =>
                [left + x * side, top + (1 - y) * side, series.symbolSize * dots / 2]));
        return { texts, points, left, side };
    })""")
    wrong = [f"{len(found)} planes"] * (len(found) != planes)
    for chart in found:
        names = sorted(one[0] for one in chart["texts"])
        wrong += [f"named {names}"] * (names != ["Dood paard", "Let's dance", "Lone Ranger", "Niemandsland"])
        for name, x, y, right, bottom in chart["texts"]:
            wrong += [f"{name} leaves the plane"] * (not chart["left"] <= x < right <= chart["left"] + chart["side"])
            wrong += [f"{name} lies on a dot at {px}, {py}" for px, py, radius in chart["points"]
                      if max(x - px, px - right, 0) ** 2 + max(y - py, py - bottom, 0) ** 2 <= radius ** 2]
            wrong += [f"{name} lies on {other[0]}" for other in chart["texts"] if other[0] != name
                      and other[1] < right and other[3] > x and other[2] < bottom and other[4] > y]
    return wrong


def test_the_site_has_its_own_icon_from_this_machine(explored):
    page = explored
    icons = page.locator("link[rel=icon]").evaluate_all("all => all.map(one => one.href)")
    assert len(icons) == 2
    for icon in icons:
        assert icon.startswith(page.url.split("/explore")[0])
        name = icon.rpartition("/")[2]
        served = page.request.get(icon).body()
        assert served == APP.with_name("assets").joinpath(name).read_bytes()
        assert served.startswith(b"<svg" if name.endswith("svg") else b"\x89PNG")


def test_numbers_are_written_and_read_with_a_comma_in_dutch(visit):
    page = visit("/explore?lang=nl")
    before = drawn(page)
    number = page.locator("[data-parameter=k] .ld-number")
    expect(number).to_have_value("0,75")
    number.fill("1,25")
    number.press("Enter")
    redrawn(page, before)
    assert view_of(page).policy.value("k") == 1.25
    number.press("ArrowUp")
    page.wait_for_function("location.search.includes('k=1.26')")
    number.fill("veel")
    number.press("Enter")
    expect(page.locator("[data-parameter=k] .ld-refused")).to_contain_text("moet een getal")
    expect(number).to_have_value("1,26")


def test_the_four_futures_fit_on_one_projected_screen(visit):
    page = visit("/?projector=1&lang=nl", "projector")
    for language, called in (("nl", "Nederlands"), ("en", "English"), ("fr", "Français"), ("de", "Deutsch")):
        page.get_by_role("button", name=called).click()
        page.wait_for_function(f"document.documentElement.lang === '{language}'")
        for name in ("dead_horse", "lets_dance", "wasteland", "lone_ranger"):
            expect(page.locator(f"[data-card={name}]")).to_be_in_viewport(ratio=0.99)


def test_any_condition_can_be_found_by_name(explore):
    page = explore
    before = drawn(page)
    page.get_by_label("Another condition").fill("pace of trust")
    page.get_by_role("button", name="pace of trust T_rate").click()
    slide(page, "T_rate", 0.3)
    redrawn(page, before)
    assert view_of(page).policy.parameters == (("T_rate", 0.3),)


def test_a_curve_without_any_value_is_no_fault(visit):
    page = visit("/explore?policy=wasteland~quarters=12~C0=0.04~G0=0.05")
    before = drawn(page)
    number = page.locator("[data-parameter=C0] .ld-number")
    for value in ("0.6", "0.04"):  # there and back: a label that comes and goes
        number.fill(value)
        number.press("Enter")
        before = redrawn(page, before)
    assert view_of(page).policy.value("C0") == 0.04


def test_difference_and_another_reference(visit):
    page = visit(f"/explore?{POLICY}&goal.what=on")
    assert page.locator("[data-chart]").nth(1).get_attribute("data-chart") == "adoption"  # what is wanted is large
    before = drawn(page)
    page.get_by_text("Difference", exact=True).click()
    first = redrawn(page, before)
    expect(page.get_by_role("heading", name="Willingness to co-create: difference in points")).to_be_visible()
    page.get_by_label("Compared with").select_option("levers")
    second = redrawn(page, first)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Free-range civil servants")
    page.get_by_label("Compared with").select_option("keep")
    redrawn(page, second)
    assert view_of(page).reference == view_of(page).policy


def test_more_runs_come_in_steps(visit):
    page = visit("/explore")
    before = drawn(page)
    page.get_by_text("Innovation, time and luck").click()
    page.get_by_label("Runs").select_option("80")
    redrawn(page, before)
    page.wait_for_function("document.querySelector('h1').textContent.includes('of 80 runs')")


def test_a_chart_has_a_table_and_downloads(visit):
    page = visit(f"/explore?{POLICY}")
    chart = page.locator("[data-chart=willingness]")
    chart.get_by_role("button", name="Numbers").click()
    expect(chart.get_by_role("columnheader").first).to_have_text("Quarter")
    assert chart.get_by_role("row").count() == 17
    for kind, begins in (("CSV", b"Quarter,"), ("SVG", b"<svg"), ("PNG", b"\x89PNG")):
        chart.get_by_role("button", name="Download").click()
        with page.expect_download() as download:
            chart.get_by_role("button", name=kind).click()
        assert Path(download.value.path()).read_bytes().startswith(begins)


# ---------------------------------------------------------------- link, file, people, loss

def test_a_link_and_a_file_restore_the_screen(visit, tmp_path):
    page = visit("/explore?lang=nl&theme=dark")
    before = drawn(page)
    slide(page, "k", 1.25)
    page.get_by_role("switch", name="Vrij bewegende ambtenaren").click()
    page.wait_for_function("location.search.includes('FRCS')")
    redrawn(page, before)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Vrij bewegende")
    said = page.get_by_role("heading", level=1).inner_text()
    other = visit(page.url.partition(page.url.split("/explore")[0])[2])
    stamp = drawn(other)
    wait_until(page, lambda: set(stamps(page)) == {stamp})
    expect(other.get_by_role("heading", level=1)).to_have_text(said, use_inner_text=True)
    assert "ld-dark" in other.evaluate("document.documentElement.className")
    page.get_by_role("button", name="Delen", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Scenariobestand opslaan").click()
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert from_file("x.toml", text) == view_of(page)
    assert read("x", "x.toml", text).levers == (Use("FRCS", 1),)
    third = visit("/")
    third.get_by_role("button", name="Share", exact=True).click()
    third.locator("input[type=file]").set_input_files(files=[upload(text)])
    expect(third.get_by_role("heading", level=1)).to_have_text(said)
    assert drawn(third) == stamp


def test_a_file_that_is_none_is_refused_in_a_sentence(visit):
    page = visit("/")
    for text, said in (("", "is empty"), ("[start]\nC = 7\n", "line 2"), ("not toml", "not valid TOML"),
                       ("[start]\nC = 0.5\n[parameters]\nkk = 1\n", "no parameter")):
        if not page.locator("input[type=file]").count():
            page.get_by_role("button", name="Share", exact=True).click()
        page.locator("input[type=file]").set_input_files(files=[upload(text)])
        expect(page.get_by_role("alert")).to_contain_text(said)
        page.get_by_role("button", name="Dismiss").click()
        expect(page.get_by_role("alert")).to_have_count(0)


def test_a_link_that_is_wrong_says_so_and_shows_the_rest(visit):
    page = visit("/explore?policy=lone_ranjer&lang=en")
    expect(page.get_by_role("alert")).to_contain_text("Did you mean lone_ranger")
    expect(page.get_by_role("heading", level=1)).to_contain_text("as it stands")


def test_two_people_do_not_see_each_other(visit):
    first, second = visit("/explore"), visit("/explore")
    before, own = drawn(second), drawn(first)
    slide(first, "k", 1.5)
    redrawn(first, own)
    expect(first.get_by_role("heading", level=1)).to_contain_text("at 1.5")
    second.get_by_role("switch", name="Awards and stories").click()
    redrawn(second, before)
    assert view_of(second).policy.parameters == ()
    assert view_of(first).policy.levers == ()


def test_a_chart_that_missed_numbers_asks_for_the_whole(visit):
    """Charts are told what changed; one that lost its place draws what a page that was told everything draws."""
    series = "() => [...document.querySelectorAll('[data-chart]')].map(one => one.__vue__.series)"
    page = visit("/explore")
    before = drawn(page)
    page.evaluate("""() => document.querySelectorAll('[data-chart]').forEach((one, k) => {
        if (k % 2) Object.assign(one.__vue__, { at: 99, series: {} }); })""")
    for value in (1.3, 1.4):
        slide(page, "k", value)
        before = redrawn(page, before)
    other = visit("/explore?" + page.url.partition("?")[2])
    assert drawn(other) == before
    assert page.evaluate(series) == other.evaluate(series)


def test_a_lost_connection_comes_back_to_the_same_state(visit):
    page = visit("/explore")
    before = drawn(page)
    slide(page, "k", 1.5)
    after = redrawn(page, before)
    page.evaluate("solara.debug.dropConnection()")
    page.wait_for_function("solara.debug.reconnectCount === 1 && solara.debug.connectionStatus === 'connected'",
                           timeout=20_000)
    page.get_by_role("button", name="Undo").click()  # what can be undone is still known: it is the same session
    assert redrawn(page, after) == before


def test_results_that_overtake_the_answer_to_a_page_that_came_back_stay(served, browser):
    page, answers = browser.new_page(), []

    def between(socket):
        server = socket.connect_to_server()

        def pass_on(message):
            told = message.encode() if isinstance(message, str) else message
            if b"update_states" in told:  # how everything stands: what a page that came back asks for
                answers.append((socket, message))
                if len(answers) == 1:
                    return  # held back
            socket.send(message)

        server.on_message(pass_on)

    try:
        page.route_web_socket("**/jupyter/**", between)
        page.goto(f"{served.url}/explore")
        before = drawn(page)
        slide(page, "k", 1.5)
        after = redrawn(page, before)
        page.evaluate("solara.debug.dropConnection()")
        wait_until(page, lambda: answers)
        page.get_by_role("button", name="Undo").click()
        assert redrawn(page, after) == before
        socket, message = answers[0]
        socket.send(message)
        wait_until(page, lambda: len(answers) > 1)  # it asks again, for results came after it had asked
        wait_until(page, lambda: set(stamps(page)) == {before})
    finally:
        page.close()


def test_a_server_that_was_started_again_shows_the_same_screen(tmp_path, browser):
    server = dashboard(tmp_path / "log.txt")
    page = browser.new_page()
    try:
        page.goto(f"{server.url}/explore?lang=nl")
        before = drawn(page)
        slide(page, "k", 1.5)
        after = redrawn(page, before)
        expect(page.get_by_role("heading", level=1)).to_contain_text("1,5")
        said = page.get_by_role("heading", level=1).inner_text()
        page.wait_for_function("location.search.includes('k=1.5')")
        server.process.kill()
        server.stop()
        page.wait_for_function("solara.debug.connectionStatus !== 'connected'")
        page.evaluate("window.before = true")
        server = dashboard(tmp_path / "again.txt", port=int(server.url.rpartition(":")[2]))
        page.wait_for_function("!window.before", timeout=60_000)  # a new page: the old session is gone
        assert drawn(page) == after
        expect(page.get_by_role("heading", level=1)).to_have_text(said)
    finally:
        page.close()
        server.stop()


def test_pages_opened_and_closed_leave_no_memory_behind(tmp_path, browser):
    """A browser says that its page goes; what it then gives back shows in 25 pages, which need no drawing."""
    server = dashboard(tmp_path / "log.txt")
    page = browser.new_page()

    def kernels() -> int:
        with urllib.request.urlopen(f"{server.url}/resourcez") as answer:
            return json.load(answer)["kernels"]["total"]

    def resident() -> int:
        pages = Path(f"/proc/{server.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def cycle(times: int) -> int:
        """Resident bytes after so many pages were opened and closed."""
        for _ in range(times):
            person = Person(server.url, "/")
            person.wait(person.stamp)
            person.leave()
        wait_until(page, lambda: kernels() == 0)
        return resident()

    try:
        for _ in range(3):
            page.goto(server.url)
            page.wait_for_url("**/?policy=*")  # before it has quite come it cannot say that it goes
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            assert kernels() == 1
            page.goto("about:blank")
            wait_until(page, lambda: kernels() == 0)
        held = cycle(10)  # what the first pages load stays
        for _ in range(4):  # what the server loads beside them comes once; what pages leave behind grows each time
            before, held = held, cycle(25)
            if held - before < MOST_GROWTH:
                break
        assert held - before < MOST_GROWTH
    finally:
        page.close()
        server.stop()


# ---------------------------------------------------------------- everywhere

@pytest.fixture(scope="module", params=PAGES)
def one(request, browser, served, left_pages):
    """A page with a refusal at its top, opened once for the tests below: the first only look, the last ones change it."""
    name = request.param
    with visiting(browser, served, left_pages) as visit:
        page = visit(address(name) + ("&" if "?" in address(name) else "?") + "foo=1")
        whole(page)
        page.name = name
        yield page


def test_axe_finds_no_serious_fault(one):
    page, opened = one, []
    if page.name == "explore":
        opened = [page.get_by_role("button", name=behind, exact=True)
                  for behind in ("What is this: Free-range civil servants", "Share")]
        opened.append(page.locator("[data-chart=equity]").get_by_role("button", name="Numbers"))
    for button in opened:
        button.click()
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    for scheme, size in (("light", "laptop"), ("dark", "laptop"), ("light", "phone")):
        page.emulate_media(color_scheme=scheme)
        sized(page, size)
        page.wait_for_function(f"was => ({background} === was) === {str(scheme == 'light').lower()}", arg=light)
        whole(page)
        found = Axe().run(page).response["violations"]
        assert not [(scheme, size, v["id"], [n["html"][:160] for n in v["nodes"]][:3]) for v in found
                    if v["impact"] in ("serious", "critical") or page.name in FLAWLESS]
    page.emulate_media(color_scheme="light")
    whole(sized(page, "laptop"))
    for button in opened:
        button.click()


def test_every_control_can_be_reached_by_keyboard_with_visible_focus(one):
    page = one
    controls = page.locator("a[href], button:not([disabled]):not([tabindex='-1']), input:not([disabled]), select, summary")
    wanted = {handle for handle in range(controls.count()) if controls.nth(handle).is_visible()}
    page.evaluate("""() => { window.met = new Set(); document.addEventListener('focusin', (event) => {
        window.met.add(event.target);
        const one = event.target, hidden = one.matches('input[type=checkbox], input[type=file]');
        const shown = hidden ? [one.nextElementSibling, one.parentElement].filter(Boolean) : [one];
        if (shown.every(each => getComputedStyle(each).outlineStyle === 'none'))
            (window.dull ||= []).push(one.outerHTML.slice(0, 99)); });
        }""")
    for _ in range(len(wanted) + 20):
        page.keyboard.press("Tab")
    missed = controls.evaluate_all("""all => all.filter(one => one.checkVisibility() && !window.met.has(one))
        .map(one => one.outerHTML.slice(0, 120))""")
    assert not missed
    assert not page.evaluate("window.dull || []")


#: What reads the same in both languages: names, formats, and a few words.
SAME = {*(Text(one).name for one in languages()), "Code", "Experiment",
        "Let’s Dance", "Let's dance", "Lone Ranger", "Social impact bond", "Runs", "runs", "run", "LIPSE", "(LIPSE)",
        "Parameters", "Term", "ZIP", "HTML", "TOML", "CSV", "Parquet", "SVG", "PNG", "start", "in", "Sector", "platform"}
#: All that can be read or heard on a page, but for quotations marked as English: texts, labels, and what charts write.
READ = """async () => {
  const found = new Set(), echarts = await window.letsdance.echarts();
  const labels = ['aria-label', 'title', 'placeholder', 'aria-valuetext', 'alt'];
  const walk = (node) => {
    if (node.nodeType === 3) found.add(node.textContent.trim());
    if (node.nodeType !== 1 || node.hidden || ['STYLE', 'SCRIPT', 'CODE'].includes(node.tagName)) return;
    if (node.lang === 'en') return;
    labels.forEach(name => found.add((node.getAttribute(name) || '').trim()));
    const chart = echarts.getInstanceByDom(node);
    if (chart) option(chart.getOption(), '');
    node.childNodes.forEach(walk);
  };
  const option = (value, name) => {
    if (typeof value === 'string' && ['name', 'text', 'formatter', 'data', 'value'].includes(name)) found.add(value.trim());
    else if (Array.isArray(value)) value.forEach(one => option(one, name));
    else if (value && typeof value === 'object') Object.entries(value).forEach(([key, one]) => option(one, key));
  };
  document.querySelectorAll('header, main').forEach(walk);
  return [...found].filter(text => /\\p{L}{2}/u.test(text));
}"""


def test_the_language_switch_leaves_no_english(one):
    page = one

    def read() -> set[str]:
        whole(page)
        page.locator("[data-chart] .ld-numbers[aria-expanded=false]").evaluate_all("all => all.forEach(one => one.click())")
        expect(page.locator("[data-chart] .ld-numbers[aria-expanded=false]")).to_have_count(0)
        page.evaluate("""() => document.querySelectorAll('details:not([open])').forEach(one => {
            one.open = true; (window.opened ||= new Set()).add(one); })""")
        page.wait_for_timeout(300)  # for what is written only when a section opens
        return set(page.evaluate(READ))

    before = read()
    assert len(before) > 40
    page.get_by_role("button", name="Nederlands").click()
    page.wait_for_function("document.documentElement.lang === 'nl'")
    expect(page.get_by_role("alert").first).to_contain_text("er is geen onderdeel 'foo' in een link.")
    names = re.compile("|".join(sorted(map(re.escape, SAME), key=len, reverse=True)))
    left: set[str] = set()

    def nothing_left() -> bool:
        left.clear()
        left.update(text for text in before & read() if re.search(r"[^\W\d_]{3}", names.sub("", text)))
        return not left

    wait_until(page, nothing_left, why=lambda: f"still English: {sorted(left)}")
    page.evaluate("(window.opened || []).forEach(one => { one.open = false; })")  # no hand opened them
    assert page.title() == f"{Text('nl')(f'page.{page.name}')} · Let’s Dance"


def test_a_link_restores_every_page(one, visit):
    page = one
    for close in page.locator(".ld-notices button").all():  # what a link said is of that link
        close.click()
    opened = page.locator("[data-chart] .ld-numbers[aria-expanded=true]")

    def closed() -> bool:  # a chart that is drawn anew meanwhile comes back with its table open
        opened.evaluate_all("all => all.forEach(one => one.click())")
        return "chart.tables=" not in page.evaluate("location.search") and not opened.count()

    wait_until(page, closed, why=lambda: page.url)
    tables = page.locator("[data-chart] .ld-numbers")

    def two_open() -> bool:  # one whose chart is drawn anew at that moment hears no click
        tables.evaluate_all("all => all.slice(0, 2).forEach(one => one.ariaExpanded === 'false' && one.click())")
        return not tables.count() or "chart.tables=" in page.evaluate("location.search")

    wait_until(page, two_open, why=lambda: page.url)
    for section in page.locator(".ld-section > summary").all():  # opened ones close, closed ones open
        section.click()
    page.get_by_role("button", name="Nederlands").click()  # it may be so already
    page.get_by_role("button", name="Licht of donker").click()
    page.get_by_role("button", name="Grote letters").click()
    page.wait_for_function("location.search.includes('projector=1') && location.search.includes('lang=nl')")
    whole(page)
    other = visit(page.url.partition(page.url.split("/", 3)[2])[2])
    whole(other)
    state = """() => [document.documentElement.className, document.documentElement.lang,
        ...[...document.querySelectorAll('main select, main input')].map(one => [one.value, one.checked]),
        ...[...document.querySelectorAll('main details')].map(one => one.open)]"""
    wait_until(other, lambda: other.evaluate(state) == page.evaluate(state),
               why=lambda: f"{other.evaluate(state)} is not {page.evaluate(state)}")
    words = [[]]  # of both, read again as long as either still counts

    def alike() -> bool:
        words[:] = [one.locator("main").inner_text().split() for one in (page, other)]
        return words[0] == words[1]

    wait_until(other, alike, why=lambda: f"{' '.join(words[1])} is not {' '.join(words[0])}")
    wait_until(other, lambda: other.url == page.url, why=lambda: f"{other.url} is not {page.url}")


def test_dark_light_and_projector(visit):
    page = visit("/explore", "projector")
    size = page.evaluate("getComputedStyle(document.documentElement).fontSize")
    page.get_by_role("button", name="Large type").click()
    page.wait_for_function("location.search.includes('projector=1')")
    assert float(page.evaluate("getComputedStyle(document.documentElement).fontSize")[:-2]) > 1.2 * float(size[:-2])
    page.get_by_role("button", name="Light or dark").click()
    page.wait_for_function("document.documentElement.classList.contains('ld-dark')")
    assert view_of(page).theme == "dark"


def test_fonts_and_charts_come_from_here(explored):
    page = explored
    assert page.evaluate("document.fonts.ready.then(() => document.fonts.check('16px Inter'))")
    assert page.faults.requests > 5  # the watch saw the requests that it judged


def test_a_phone_shows_where_one_is(visit):
    page = visit("/data", "phone")
    link = page.get_by_role("link", name="Data", exact=True)
    expect(link).to_be_in_viewport(ratio=1)
    page.get_by_role("link", name="Futures", exact=True).click()
    expect(page.get_by_role("link", name="Futures", exact=True)).to_be_in_viewport(ratio=1)
    expect(link).not_to_be_in_viewport()


def test_every_page_is_whole_in_the_bar_on_a_laptop_and_a_projector(visit):
    page = visit("/?lang=de", "laptop")
    for look in ("", "&projector=1"):
        for language in languages():
            page.goto(page.url.split("?")[0] + f"?lang={language}{look}")
            expect(page.locator("html")).to_have_attribute("lang", language)
            for wide in (1024, 1366, 1920):
                page.set_viewport_size({"width": wide, "height": 900})
                cut = page.evaluate("(() => { const bar = document.querySelector('.ld-bar nav');"
                                    " return bar.scrollWidth - bar.clientWidth; })()")
                assert cut <= 0, (language, look, wide, cut)


# ---------------------------------------------------------------- how it starts, how fast it is

def test_solara_run_works_too(tmp_path, browser):
    from browser import Server

    port = free_port()
    server = Server(["-m", "solara", "run", "dashboards/app.py", "--host", "127.0.0.1", "--port", str(port), "--no-open",
                     "--production"], port, tmp_path / "log.txt")
    try:
        server.wait()
        page = browser.new_page()
        page.goto(server.url)
        drawn(page)
        page.close()
    finally:
        server.stop()


def test_a_taken_port_ends_in_a_sentence(served):
    port = served.url.rpartition(":")[2]
    done = subprocess.run([sys.executable, *COMMAND, "dashboard", "--port", port, "--no-browser"], capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 2
    assert f"port {port} on 127.0.0.1 is taken" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_projector_option_and_ctrl_c(tmp_path):
    server = dashboard(tmp_path / "log.txt", "--projector")
    until = time.monotonic() + 60
    while "projector=1" not in server.log.read_text() and time.monotonic() < until:
        time.sleep(0.1)
    server.stop()
    assert "projector=1" in server.log.read_text()
    assert "Traceback" not in server.log.read_text()
    assert "nothing was written" not in server.log.read_text()


def pictures() -> Path | None:
    """Where pictures of the pages go, when LETSDANCE_PICTURES names a folder."""
    folder = os.environ.get("LETSDANCE_PICTURES")
    return Path(folder) if folder else None


@pytest.mark.skipif(pictures() is None, reason="LETSDANCE_PICTURES names no folder")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", PAGES)
def test_pictures(visit, name, size, scheme):
    page = visit(address(name), size, color_scheme=scheme)
    whole(page)
    page.evaluate("document.fonts.ready")
    folder = pictures()
    folder.mkdir(parents=True, exist_ok=True)
    taken = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    # few colours make small files; pages have few, so nothing is seen to be lost
    small = taken.quantize(200, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    path = folder / f"{name}-{size}-{scheme}.png"
    small.save(path, optimize=True)
    assert size == "projector" or path.stat().st_size < 150_000
