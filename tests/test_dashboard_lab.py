"""The lab: what was loaded with --mechanism is listed, in each language, and its levers stand on the pages."""
# ruff: noqa: F811 (a fixture that is imported is named again by each test that asks for it)

from __future__ import annotations

import re

import pytest
from browser import browser_type_launch_args, dashboard, drawn, visit  # noqa: F401  (fixtures)

from letsdance.scenarios.mechanism import from_text
from letsdance.words import languages

FILE = '''
import letsdance as ld

calm = ld.Mechanism("calm", title="Calm <b>of</b> citizens", says="Citizens who are calm join more.")
calm.parameter("calming", 0.1, (0, 1), "share", says="How much calm adds.")
calm.column("calmness", of="citizens", start=0.5, says="How calm a citizen is.")
calm.lever("REST", "a day of rest", [{"parameter": "calming", "add": 0.2}], cost=2, says="All rest.")

@calm.act("calmness", after="calls")
def settle(calmness, calming):
    """calmness += calming (1 - calmness)."""
    return calmness + calming * (1.0 - calmness)

@calm.term("joining")
def joins(calmness):
    """.1 calmness."""
    return 0.1 * calmness

@calm.indicator("citizens")
def mean_calmness(calmness):
    """How calm citizens are."""
    return calmness

@calm.replaces("willingness.willingness_target")
def target(drive, p):
    """Everybody heads for .5."""
    return 0.5

calm.words("nl", {"Citizens who are calm join more.": "Wie kalm is, doet meer mee.", "All rest.": "Iedereen rust."})
'''


@pytest.fixture(scope="module")
def with_own(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    (folder / "calm.py").write_text(FILE, encoding="utf-8")
    server = dashboard(folder / "log.txt", "--mechanism", str(folder / "calm.py"))
    yield server
    server.stop()
    assert "Traceback" not in server.log.read_text()


def test_everything_that_is_declared_is_listed(with_own, page):
    one = from_text("calm.py", FILE)
    for language in languages():
        page.goto(f"{with_own.url}/lab?lang={language}")
        page.locator("#lab-calm").wait_for(timeout=60_000)
        said = page.locator("#lab-calm").inner_text()
        assert "Calm <b>of</b> citizens" in said  # a name is text, whatever stands in it
        assert one.hash in said
        rows = page.locator("#lab-calm tbody tr").count()
        assert rows == len(one.parameters) + len(one.columns) + len(one.acts) + 1 + 1 + 1 + 1
        for name in (*one.parameters, *one.columns, *one.terms, *one.indicators, *one.levers, *one.replaced):
            assert name in said
        for english, own in one.translated["nl"].items():
            assert (own if language == "nl" else english) in said
    page.goto(f"{with_own.url}/explore?lang=en")
    page.get_by_text(re.compile("a day of rest", re.IGNORECASE)).first.wait_for(timeout=60_000)


def test_without_one_there_is_no_such_page(visit):
    page = visit("/")
    assert page.locator("nav a[href*='lab'], nav button").filter(has_text=re.compile("^Lab$")).count() == 0
