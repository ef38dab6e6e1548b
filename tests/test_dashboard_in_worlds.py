"""In other worlds: a page says what the command's report says of the same worlds, once for all, and stops when asked."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import pairwise

import pytest
from browser import axe_finds_no_serious_fault, browser_type_launch_args, fits, visit  # noqa: F401  (fixtures)
from playwright.sync_api import expect

from letsdance.dashboards import compute, in_worlds
from letsdance.dashboards.pages import compare
from letsdance.dashboards.pages import map as map_page
from letsdance.dashboards.state import View
from letsdance.experiments.worlds import Worlds
from letsdance.params import Refused
from letsdance.report.map_worlds import map_headline
from letsdance.report.tunnel_worlds import tunnel_headline
from letsdance.scenarios import Use
from letsdance.scenarios.policy import Policy
from letsdance.words import Text

EN = Text("en")
SHORT = Policy.of("lone_ranger", levers=(Use("FRCS"),), quarters=8)
VIEW = View("compare", SHORT)


@pytest.fixture(autouse=True)
def _nothing_is_kept(monkeypatch):
    monkeypatch.setattr(compute, "_drawn", compute.Kept(64, lambda answer: 1))
    monkeypatch.setattr(in_worlds, "_PAUSE", -1.0)


def test_the_map_in_other_worlds_is_the_reports_and_comes_once():
    asked, heard, made = map_page.Asked.of(VIEW, compute.Token()), [], []
    runs = map_page.GRID**2 * 4

    def make(worlds, progress):
        made.append(worlds)
        return map_page.plane(asked, EN, worlds, progress)

    said = [in_worlds.known("q", make, 3, "30", runs, compute.Token(), heard.append) for _ in range(2)]
    found = Worlds(3, 0.3).basins(replace(SHORT).scenario(), map_page.GRID, 8, 1, 1)
    assert said[0]["headline"] == map_headline(found, EN)
    assert EN("report.worlds_width") in said[0]["limits"]
    assert [part["figures"][0]["wide"].count("<style") for part in said[0]["sections"] if part["figures"]] == [0]
    assert len(made) == 1
    assert said[0] is said[1]
    assert all(a.share <= b.share < 1 for a, b in pairwise(heard))
    assert len(heard) == runs


def test_the_wind_tunnel_in_other_worlds_is_the_reports_and_stops_when_nobody_wants_it():
    make = partial(compare.tunnel_worlds, SHORT, "A Free-range", VIEW, "C", EN)
    said = in_worlds.known("q", make, 2, "ranges", 10, compute.Token())
    theirs = Worlds(2, "ranges").wind_tunnel(Policy(title="A Free-range", levers=SHORT.levers), at=8, outcome="C", runs=1,
                                             quarters=8)
    assert said["headline"] == tunnel_headline(theirs, EN)
    stopped = compute.Token()
    stopped.stop()
    with pytest.raises(compute.Stopped):
        in_worlds.known("other", make, 2, "ranges", 10, stopped)


def test_a_society_too_large_for_a_page_is_refused_in_a_sentence():
    many = Policy.of("lone_ranger", levers=(Use("FRCS"),), parameters=(("citizens", 5_000.0), ("municipalities", 400.0)))
    with pytest.raises(Refused, match="is more than a page computes"):
        map_page.plane(map_page.Asked.of(View("map", many), compute.Token()), EN, Worlds(40, 0.3), lambda runs: None)


@pytest.mark.parametrize("said", ["", "5000", "30"])
def test_a_link_asks_for_worlds_that_there_are(said):
    view = VIEW.put(**{map_page.IN_WORLDS: said or None})
    assert in_worlds.asked(view, map_page.IN_WORLDS) == ("30" if said == "30" else "")


@pytest.mark.parametrize(("link", "card"), [
    ("/map?policy=lone_ranger~quarters=8~FRCS@1*1", "#map-worlds"),
    ("/compare?policy=lone_ranger~quarters=8~FRCS@1*1&policies.tunnel=A", "#policies-tunnel-worlds")])
@pytest.mark.parametrize("size", ["laptop", "phone"])
def test_a_person_asks_in_other_worlds_and_stops(visit, link, card, size):  # noqa: F811
    page = visit(link, size)
    here = page.locator(card)
    if size == "phone":  # where what is long is folded
        here.locator(".ld-fold > summary").click()
    here.get_by_role("button", name="Within 30 %").click()
    expect(here.locator(".iw-says")).to_be_visible(timeout=120_000)
    expect(here).to_contain_text("only as wide as")
    fits(page)
    axe_finds_no_serious_fault(page)
    here.get_by_role("button", name="Within 30 %").click()
    expect(here.locator(".iw-says")).to_have_count(0)
