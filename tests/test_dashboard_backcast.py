"""Backcasting: the packages that are shown are those that a planted world rewards; limits hold, and it can be stopped."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
import solara
from test_dashboard_events import widgets

from letsdance.dashboards import app, backcast, compute
from letsdance.dashboards.backcast import Question, answers, says, shown
from letsdance.dashboards.state import View, from_link, to_link
from letsdance.params import Refused
from letsdance.scenarios.policy import Policy
from letsdance.words import Text

EN = Text("en")
VIEW = View("late_adopters", Policy.of("dead_horse")).put(
    **{"goal.what": "lets_dance", "goal.share": 5, "budget.limit": 150})


@pytest.fixture
def planted(monkeypatch):
    """A world in which outreach gets there always, open data and pilots only together, and nothing else ever."""
    seen: list[int] = []

    def evaluator(scenario, condition, seeds, towns):
        def evaluate(portfolio, seeds):
            seen.append(len(seeds))
            names = {use.name for use in portfolio}
            return np.full(len(seeds), float("OUT" in names or names >= {"OPEN", "PILOT"}))
        return evaluate

    monkeypatch.setattr(backcast, "evaluator", evaluator)
    monkeypatch.setattr(compute, "_drawn", compute.Kept(64, lambda answer: 1))
    return seen


def test_the_coarse_answer_comes_first_and_ties_are_told_cheapest_first(planted):
    told = []
    question = Question.of(VIEW)
    first = next(answers(question, compute.Token(), told.append))
    assert (first.most, first.last) == (1, False)
    tied = [one for one in shown(first) if one.tied]
    assert {use.name for one in tied for use in one.levers} == {"OUT"}
    assert [one.cost for one in tied] == sorted(one.cost for one in tied)
    assert all((one.share, one.high) == (1.0, 1.0) and one.low < 1 for one in tied)
    assert all(one.cost <= question.limit for one in first.packages)
    assert shown(first)[-1].levers == ()
    assert says(first, EN).startswith("Outreach to citizens of low resources from quarter 1 (year 1) for 20 quarters: this "
                                      "gets there in 100\u00a0% (")
    assert f"of 20 new runs and costs {EN.number(tied[0].cost)} points." in says(first, EN)
    assert told
    assert max(planted) <= backcast._SLICE // 60_000  # between two looks whether it is wanted


def test_a_cheaper_package_of_two_is_found_where_no_lever_alone_leads_there(planted, monkeypatch):
    two = backcast.STEPS[1]
    monkeypatch.setattr(backcast, "STEPS", ({**two, "levers": ["OPEN", "PILOT", "UNI"]},))
    (found,) = answers(Question.of(VIEW), compute.Token(), lambda doing: None)
    assert found.last
    best = shown(found)[0]
    assert {use.name for use in best.levers} == {"OPEN", "PILOT"}
    assert {use.duration for use in best.levers} == {20}  # to the end costs more
    monkeypatch.setattr(backcast, "STEPS", ({**two, "levers": ["UNI"]},))
    (found,) = answers(replace(Question.of(VIEW), seed=2), compute.Token(), lambda doing: None)
    assert says(found, EN).startswith("No package that was tried gets there")


def test_what_is_too_much_is_left_out_and_what_is_not_wanted_stops(planted):
    def steps(citizens):
        policy = Policy.of("dead_horse").with_parameter("municipalities", 400.0).with_parameter("citizens", citizens)
        question = Question.of(replace(VIEW, policy=policy))
        return [found.last for found in answers(question, compute.Token(), lambda doing: None)]

    assert steps(25.0) == [True]  # ten times as many: only each lever alone
    with pytest.raises(Refused, match="would fit"):
        steps(2500.0)
    token = compute.Token()
    with pytest.raises(compute.Stopped):
        list(answers(replace(Question.of(VIEW), seed=3), token, lambda doing: token.stop()))


def test_the_link_asks_and_a_package_goes_to_explore(planted, monkeypatch):
    asked = VIEW.put(**{"goal.asked": 1})
    assert Question.of(from_link(to_link(asked), "late_adopters")) == Question.of(VIEW)
    wrong = VIEW.put(**{"goal.what": "<script>", "goal.share": "11", "budget.limit": "1e9"})
    assert (Question.of(wrong).what, Question.of(wrong).of_ten, Question.of(wrong).limit) == ("ever_adopted", 9, 0)
    monkeypatch.setattr(app, "check_link", lambda query, page: (asked, []))
    monkeypatch.setattr(backcast, "STEPS", backcast.STEPS[:1])
    box, rc = solara.render(app.Shell(), handle_error=False)

    def find(trait, ready=lambda widget: True):
        until = time.monotonic() + 60
        while not (found := [w for w in widgets(box) if trait in w.trait_names() and ready(w)]):
            assert time.monotonic() < until, trait
            time.sleep(0.02)
        return found[0]

    try:
        page = find("goals", lambda widget: bool(widget.rows.value) and not widget.asked)
        assert page.rows.value[0]["share"].startswith("100\u00a0% (")
        assert page.rows.value[0]["tied"]
        page.vue_search({"what": "on", "share": 7, "limit": 0.5, "asked": True})
        find("goals", lambda widget: "whole number of points" in widget.refused)
        page.vue_search({"what": "lets_dance", "share": 5, "limit": 150, "asked": False})
        page.vue_search({"what": "lets_dance", "share": 5, "limit": 150, "asked": True})
        page = find("goals", lambda widget: bool(widget.rows.value))
        page.vue_used(0)
        find("link", lambda widget: widget.page == "explore" and "OUT@1%2B20*1" in widget.link)
    finally:
        rc.close()  # else it goes on
