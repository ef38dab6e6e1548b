"""Pages show one font, the shipped one, whatever fonts a machine has; so their layout is everybody's."""


from __future__ import annotations

import os
import re
from pathlib import Path

import matplotlib
import pytest
from browser import (  # noqa: F401  (fixtures)
    ARGS,
    CHROMIUM,
    browser_type_launch_args,
    drawn,
    fits,
    go,
    visit,
    wait_until,
)
from fontTools.ttLib import TTFont
from playwright.sync_api import Error

from letsdance.words import catalogue

HOUSE = Path(__file__).parent.parent
FONTS = HOUSE / "report" / "fonts"
PAGES = ("", "explore", "compare", "late_adopters", "town", "map", "confidence", "data")
#: The only font of a machine that has nearly none: far wider than ours. (Chromium ends itself where there is none.)
WIDE = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSansMono.ttf"


@pytest.fixture(scope="module")
def poor(playwright, tmp_path_factory):
    """A browser on a machine with a single font, which is not ours."""
    if not CHROMIUM:
        pytest.skip("the browser tests need chromium")
    folder = tmp_path_factory.mktemp("fonts")
    (folder / "only").mkdir()
    (folder / "only" / WIDE.name).write_bytes(WIDE.read_bytes())
    (folder / "fonts.conf").write_text(f'<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
                                       f"<dir>{folder}/only</dir><cachedir>{folder}/cache</cachedir></fontconfig>")
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS,
                                         env={**os.environ, "FONTCONFIG_FILE": str(folder / "fonts.conf")})
    yield browser
    browser.close()


MACHINES = ["fonts of this machine", "one wide font"]


@pytest.fixture
def phone(request, browser, served):
    """`phone(path, before)`: a page at a phone's size, with one wide font unless many are asked for; `before(page)` runs
    first."""
    machine = browser if getattr(request, "param", "") == MACHINES[0] else request.getfixturevalue("poor")
    contexts = []

    def phone(path: str, before=lambda page: None):
        context = machine.new_context(viewport={"width": 390, "height": 844})
        context.set_default_timeout(120_000)  # a loaded machine is slow, not wrong
        contexts.append(context)
        page = context.new_page()
        before(page)
        page.goto(f"{served.url}/{path}")
        drawn(page)
        return page

    yield phone
    for context in contexts:
        context.close()


def fonts_on(page) -> dict[str, str]:
    """The fonts that the page's words are shown in, other than shipped ones: family -> some words."""
    asked = page.context.new_cdp_session(page)
    asked.send("DOM.enable")
    asked.send("CSS.enable")
    nodes, found = [asked.send("DOM.getDocument", {"depth": -1})["root"]], {}
    while nodes:
        node = nodes.pop()
        nodes += node.get("children", [])
        words = [child["nodeValue"] for child in node.get("children", [])
                 if child["nodeType"] == 3 and child["nodeValue"].strip()]
        if node["nodeType"] == 1 and words and node["nodeName"] not in ("SCRIPT", "STYLE", "TITLE", "NOSCRIPT"):
            try:
                fonts = asked.send("CSS.getPlatformFontsForNode", {"nodeId": node["nodeId"]})["fonts"]
            except Error as gone:  # the page went on and shows these words no more
                if "Could not find node" not in str(gone):
                    raise
                continue
            for font in fonts:
                if not font["isCustomFont"]:
                    found[font["familyName"]] = words[0][:80]
    return found


MARGIN_OF_ACTIVE = """() => {
    const strip = document.querySelector('nav'), now = strip.querySelector('[aria-current]');
    const [outer, inner] = [strip.getBoundingClientRect(), now.getBoundingClientRect()];
    return Math.min(inner.left - outer.left, outer.right - inner.right); }"""


def test_every_word_of_a_page_is_in_the_shipped_font(phone):
    page = phone(f"{PAGES[0]}?lang=de")  # its words are the longest
    for name in PAGES:
        if name != PAGES[0]:
            go(page, name)
        assert fonts_on(page) == {}, name
        # the link of the page is wholly in sight, clear of the strip's faded end
        wait_until(page, lambda: page.evaluate(MARGIN_OF_ACTIVE) >= 16, why=lambda name=name: name)
        page.set_viewport_size({"width": 360, "height": 740})
        fits(page)  # and no page is wider than a small phone
        page.set_viewport_size({"width": 390, "height": 844})


def test_french_stands_with_its_spaces():
    for table, entries in catalogue("fr").items():
        texts = [entry.values() if isinstance(entry, dict) else [entry] for entry in entries.values()]
        for said in [text for some in texts for text in some]:
            assert not re.search(r" [:;?!%»]|« ", said), (table, said)


@pytest.mark.parametrize("phone", MACHINES, indirect=True)
@pytest.mark.parametrize("name", ["", "data"])
def test_a_font_that_comes_late_moves_no_link_out_of_sight(phone, name):
    def slowly(page):
        page.route(re.compile("Inter-.*woff"), lambda route: (page.wait_for_timeout(1500), route.continue_()))

    page = phone(name, slowly)
    page.evaluate("document.fonts.ready.then(() => true)")
    assert page.evaluate(MARGIN_OF_ACTIVE) >= 16


@pytest.mark.parametrize("phone", MACHINES, indirect=True)
def test_another_language_and_a_turned_phone_keep_the_active_link_in_sight(phone):
    page = phone("data")
    page.get_by_role("button", name="Nederlands").click()
    page.wait_for_function("document.documentElement.lang === 'nl'")
    page.wait_for_function(f"({MARGIN_OF_ACTIVE})() >= 16")
    page.set_viewport_size({"width": 340, "height": 700})
    page.wait_for_function(f"({MARGIN_OF_ACTIVE})() >= 16")


def test_the_font_has_every_character_that_pages_reports_and_figures_say():
    """What it lacks would be shown in some other font, on some machines in none."""
    has = [set(TTFont(FONTS / f"Inter-{weight}.{kind}").getBestCmap()) for weight in ("Regular", "SemiBold")
           for kind in ("woff", "ttf")]
    assert has[0] == has[1] == has[2] == has[3]
    said = {path: path.read_text(encoding="utf-8") for folder in ("dashboards", "report", "params", "scenarios", "words")
            for path in (HOUSE / folder).rglob("*") if path.suffix in (".py", ".vue", ".j2", ".toml", ".js")}
    missing = {(character, path.name) for path, text in said.items() for character in set(text)
               if ord(character) not in has[0] and character.isprintable()}
    assert not missing
    assert len(said) > 50  # and it did read them
