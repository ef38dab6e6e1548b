"""The documents as a site: every page is in it, it needs no network, and it can be searched."""

import re

import pytest
from browser import browser_type_launch_args  # noqa: F401  (a fixture)
from docs import site


@pytest.fixture(scope="session")  # Sphinx complains of a second time in one process
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    return folder, site.build(folder)


def test_it_is_built_without_a_complaint(built):
    assert built[1] == []


def test_every_page_is_in_a_group_and_in_the_site(built):
    names = {page.with_suffix("").as_posix() for page in site.pages()}
    assert names == {name for group in site.GROUPS.values() for name in group}
    assert all((built[0] / f"{name}.html").is_file() for name in names)


def test_nothing_is_fetched(built):
    for page in built[0].rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        fetched = re.findall(r"<(?:script|img|iframe)[^>]+src=\"([^\"]+)\"", text)
        fetched += re.findall(r"<link[^>]+rel=\"(?:stylesheet|icon|preload)\"[^>]+href=\"([^\"]+)\"", text)
        assert not [one for one in fetched if re.match(r"(https?:)?//", one)], page.name
    for sheet in built[0].rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//", sheet.read_text(encoding="utf-8")), sheet.name


@pytest.mark.parametrize(("word", "there"), [("willingness", "docs/odd"), ("projector", "docs/workshop")])
def test_a_word_is_found_without_a_server(built, page, word, there):
    page.goto(f"{(built[0] / 'search.html').as_uri()}?q={word}")
    page.locator(f"#search-results a[href*='{there}.html']").first.wait_for(timeout=20_000)
