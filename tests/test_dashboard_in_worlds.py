"""In other worlds: a page says what the command's report says of the same worlds, once for all, and stops when asked."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import pairwise

import pytest
from browser import axe_finds_no_serious_fault, browser_type_launch_args, fits, visit  # noqa: F401  (fixtures)
from playwright.sync_api import expect

from letsdance.dashboards import backcast_worlds, compute, in_worlds, why_worlds
from letsdance.dashboards.backcast import Question
from letsdance.dashboards.pages import compare
from letsdance.dashboards.pages import map as map_page
from letsdance.dashboards.state import View
from letsdance.experiments import search_worlds
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


def test_why_in_other_worlds_is_the_commands():
    heard = []
    said = in_worlds.known("q", partial(why_worlds.study, VIEW, EN), 3, "30", 16, compute.Token(), heard.append)
    found = Worlds(3, 0.3).explain(SHORT.scenario(), why_worlds.RUNS, VIEW.seed)
    asked, ends, *why = found.said(EN)
    assert said["headline"] == ends
    assert [line for part in said["sections"] for line in part["sentences"]] == why
    assert said["limits"] == [asked, EN("report.worlds_width")]
    assert len(heard) == 4
    assert heard[-1].share == 0.99  # the assumed world's runs are counted too


def test_packages_in_other_worlds_are_those_of_the_search_and_cost_no_more_than_the_limit(monkeypatch):
    monkeypatch.setattr(backcast_worlds, "TRIED", 40)
    monkeypatch.setattr(backcast_worlds, "FRESH", 3)
    small = replace(SHORT, parameters=(("citizens", 10.0), ("municipalities", 6.0)))
    view = View("late_adopters", small).put(**{"goal.what": "on", "goal.share": 5, "budget.limit": 12, "goal.asked": 1})
    question, heard = Question.of(view), []
    assert question.limit == 12
    make = partial(backcast_worlds.study, question, EN)
    steps = search_worlds.steps(40, False, 1)
    said = in_worlds.known("q", make, 3, "30", steps, compute.Token(), heard.append)
    theirs = Worlds(3, 0.3)
    found, free = (search_worlds.search(
        theirs, replace(small, levers=()).scenario(), ["success"], starts=[1], strengths=[1.0], condition="on >= 0.5",
        runs=2, fresh_worlds=3, evaluations=40, budget=budget, seed=view.seed) for budget in (12, None))
    assert said["headline"] == found.said(EN)
    assert found.tried["cost"].max() <= 12 < free.tried["cost"].max()
    assert all(a.share <= b.share < 1 for a, b in pairwise(heard))
    stopped, count = compute.Token(), []

    def stop(far):
        count.append(far)
        stopped.stop()

    with pytest.raises(compute.Stopped):
        in_worlds.known("other", make, 3, "30", steps, stopped, stop)
    assert len(count) < 3  # the next portfolio is not run


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
    ("/compare?policy=lone_ranger~quarters=8~FRCS@1*1&policies.tunnel=A", "#policies-tunnel-worlds"),
    ("/explore?policy=lone_ranger~quarters=8~FRCS@1*1", "#explore-worlds"),
    ("/late_adopters?policy=lone_ranger~quarters=8~citizens=10~municipalities=6&goal.asked=1", "#goal-worlds")])
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
