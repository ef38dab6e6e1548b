"""Following a case on the page Data: its numbers are `ld.follow`'s, its words and figures the report's; it stops."""
# ruff: noqa: F811 (a fixture that is imported is named again by each test that asks for it)

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from time import monotonic, sleep

import pandas as pd
import pytest
import solara
from browser import axe_finds_none_dark_or_small, browser_type_launch_args, visit  # noqa: F401  (fixtures)
from playwright.sync_api import expect
from test_dashboard_events import widgets

import letsdance as ld
from letsdance.dashboards import app, compute
from letsdance.dashboards import follow as page
from letsdance.dashboards.follow import EXAMPLE, Question, in_colours, known, shown, told
from letsdance.dashboards.state import View, from_link, to_link
from letsdance.experiments.follow import load
from letsdance.experiments.seen import as_csv, read_seen
from letsdance.params import Refused
from letsdance.report import following as report
from letsdance.report.sheet import NARROW
from letsdance.report.style import COLOURS, INK, OWN, tint
from letsdance.scenarios.policy import Policy
from letsdance.scenarios.tables import pasted
from letsdance.words import Text

EN = Text("en")
START = Policy.of("lone_ranger", quarters=14).with_parameter("municipalities", 8.0).with_parameter("citizens", 12.0)
POLICY = replace(START, levers=ld.load_scenario("lone_ranger").changed(levers=["OUT@3+4", "FRCS@9"]).levers)
VIEW = View("data", POLICY, seed=5).put(**{"follow.seen": as_csv(read_seen(pasted(EXAMPLE))), "goal.share": 3,
                                           "goal.chance": 60, "follow.within": "ranges"})
N = 24


@pytest.fixture(scope="module")
def found():
    question = Question.of(VIEW)
    return known(question, question.rows(), N, compute.Token())


def test_the_numbers_are_those_of_the_command_with_the_same_seed(found, tmp_path):
    (tmp_path / "seen.csv").write_text(EXAMPLE)
    story = ld.load_scenario("lone_ranger").changed(parameters={"municipalities": 8, "citizens": 12}, quarters=14)
    alone = ld.follow(tmp_path / "seen.csv", story, plan="plan: OUT@3+4, FRCS@9", worlds=ld.Worlds(N, "ranges"),
                      target="lets_dance >= 0.3", needed=0.6, seed=5, threads=2)
    for name, table in alone.tables.items():
        pd.testing.assert_frame_equal(found.tables[name], table, check_exact=True)
    assert found.said() == alone.said()
    assert (found.holds == alone.holds).all()
    assert found.path.tobytes() == alone.path.tobytes()


def test_it_says_and_shows_what_the_report_does_in_the_colours_of_the_page(found, spoken):
    named = told(found, "", spoken)
    answer = shown(named, Question.of(VIEW), 0, spoken)
    study = report.study(named, text=spoken)
    assert answer.headline == study.headline == named.said(spoken)[1]
    assert [part["sentences"] for part in answer.sections[:-1]] == [list(part.sentences) for part in study.sections]
    assert [part["heading"] for part in answer.sections[:-1]] == [part.heading for part in study.sections]
    assert answer.sections[0]["tables"][0]["rows"] == report.standing_table(named, spoken).rows
    figures = [one for part in answer.sections for one in part["figures"]]
    assert [one["name"] for one in figures] == ["plane", "chances"]
    plain = report.plane(named, NARROW, spoken).svg(inline=True)
    for one in figures:
        for piece in (one["wide"], one["narrow"]):
            assert not re.search("#[0-9a-f]{6}|<style|<script", piece)
    words = re.compile(r"<text[^>]*>([^<]*)</text>")
    assert words.findall(figures[0]["narrow"]) == words.findall(plain)


def test_colours_are_the_pages_also_where_they_are_paler():
    assert page._css(INK) == "var(--ink)"
    assert page._css(OWN[0]) == "var(--trust)"
    for name, colour in COLOURS.items():
        assert page._css(tint(colour, 0.1)) == f"color-mix(in srgb, var(--{name}) 10%, var(--card))"
    figure = report.Figure("<b>", "& so on")
    figure.text(2, 20, "<script>#123456;</script>")
    figure.foot(40, "x")
    assert "<script" not in in_colours(figure)


def test_the_link_says_the_question_and_what_it_says_wrongly_is_as_usual():
    assert Question.of(from_link(to_link(VIEW), "data")) == Question.of(VIEW)
    wrong = VIEW.put(**{"goal.what": "<b>", "goal.share": "11", "goal.chance": "100", "follow.within": "far"})
    usual = Question.of(wrong)
    assert (usual.what, usual.of_ten, usual.chance, usual.within) == ("lets_dance", 5, 80, "30")
    rows = [f"{quarter},{name},0.5,9," for quarter in range(1, 100) for name in ("support", "trust", "use", "officials")]
    long = "\n".join(["quarter,signal,value,n,error", *rows, *rows])
    with pytest.raises(Refused, match="more rows than a page follows"):
        Question.of(VIEW.put(**{"follow.seen": long})).rows()
    assert f"```csv seen.csv\n{EXAMPLE}```" in (Path(__file__).parent.parent / "docs" / "following.md").read_text()


def test_a_large_society_has_fewer_particles_and_a_larger_one_none():
    def particles(citizens):
        policy = Policy.of("lone_ranger").with_parameter("municipalities", 40.0).with_parameter("citizens", citizens)
        question = Question.of(replace(VIEW, policy=policy))
        return question.particles(question.rows())

    # 12 quarters of 60 up to which weights come in, 4 times, and 4 runs to the end: 4.8 of 60 quarters
    for citizens in (25.0, 300.0):
        fit = [n for n in page.STEPS if 40 * citizens * 60 * round(4.8 * n) <= compute.MOST_WORK]
        assert particles(citizens) == tuple(fit)
    assert particles(25.0) == page.STEPS
    assert particles(300.0) == page.STEPS[:1]
    with pytest.raises(Refused, match="would fit"):
        particles(2000.0)


def test_how_far_it_is_grows_from_nothing_and_it_stops_when_nobody_wants_it(monkeypatch):
    monkeypatch.setattr(compute, "_drawn", compute.Kept(64, lambda answer: 1))
    monkeypatch.setattr(page, "_PAUSE", -1.0)
    question, heard, token = replace(Question.of(VIEW), seed=6), [], compute.Token()
    known(question, question.rows(), N, token, heard.append)
    assert (heard[0].share, heard[0].runs) == (0.0, 0)
    assert all(a.share <= b.share < 1 and a.runs < b.runs for a, b in pairwise(heard))
    # before and now, with the plan and without; and where something was seen at least a run and a proposal
    assert heard[-1].runs == len(heard) - 1 >= N * (4 + 3 * 2)

    def stop(doing):
        if doing.runs == 7:
            token.stop()

    with pytest.raises(compute.Stopped):
        known(replace(question, seed=7), question.rows(), N, token, stop)


def test_a_person_asks_is_refused_opens_a_file_and_takes_all_away(monkeypatch, tmp_path, found):
    monkeypatch.setattr(page, "STEPS", (12, N))
    monkeypatch.setattr(page.study, "write", lambda part, made, manifest: (part / "report.html").write_text(made.headline))
    monkeypatch.setattr(app, "check_link", lambda query, page: (VIEW.put(**{"follow.seen": None}), []))
    box, rc = solara.render(app.Shell(), handle_error=False)

    def find(ready=lambda widget: True, trait="headline"):
        until = monotonic() + 120
        while not (seen := [w for w in widgets(box) if trait in w.trait_names() and hasattr(w, "nears") and ready(w)]):
            assert monotonic() < until
            sleep(0.02)
        return seen[0]

    asked = {"rows": EXAMPLE, "what": "lets_dance", "share": 3, "chance": 60, "within": "ranges", "asked": True}
    try:
        case = find()
        case.vue_ask({**asked, "rows": "quarter,signal,value\n2,support,0.5\n"})
        assert "how many were asked" in find(lambda w: w.refused).refused
        content = EXAMPLE.replace(",", ";").replace("0.", "0,")
        case.vue_opened({"name": "gezien.csv", "size": len(content), "text": content})
        find(lambda w: w.rows == dict(VIEW.own)["follow.seen"] and not w.asked)
        case.vue_ask(asked)
        case = find(lambda w: w.headline and not w.asked and not w.says)
        assert case.headline == told(found, "", EN).said()[1]
        assert case.done.value[1].startswith(f"{N} particles")
        assert "letsdance follow scenario.toml seen.csv" in case.done.value[-1]
        assert "--worlds 5000 --within ranges" in case.done.value[-1]
        case.vue_wanted({"name": "follow", "kind": "zip"})
        file = find(lambda w: w.file.value["serial"]).file.value
    finally:
        rc.close()
    with zipfile.ZipFile(io.BytesIO(file["content"])) as archive:
        archive.extractall(tmp_path / "letsdance-follow")
    out = tmp_path / "letsdance-follow"
    for name, table in found.tables.items():
        pd.testing.assert_frame_equal(pd.read_parquet(out / f"{name}.parquet"), table)
    assert len(load(out).draws) == N
    assert (out / "report.html").read_text() == case.headline
    assert ld.load_scenario(out / "scenario.toml").levers == ()
    assert as_csv(read_seen(out / "seen.csv")) == as_csv(found.case.seen) == dict(VIEW.own)["follow.seen"]


def test_a_reader_puts_in_the_example_and_sees_where_it_stands(visit):
    tab = visit(f"/data?policy={START.text()}")
    tab.emulate_media(color_scheme="dark")
    tab.get_by_role("button", name="Follow a case").click()
    expect(tab.locator("#follow textarea")).to_be_focused()
    tab.get_by_role("button", name="Put in an example").click()
    expect(tab.locator("#follow textarea")).to_have_value(EXAMPLE)
    tab.keyboard.press("Tab")
    ask = tab.get_by_role("button", name="Where do we stand?")
    ask.press("Enter")
    expect(tab.locator("#follow .ld-answer h3").first).to_contain_text("The chance of", timeout=120_000)
    if (stop := tab.get_by_role("button", name="Stop")).is_visible():
        stop.click()
    expect(ask).to_be_visible(timeout=120_000)
    expect(tab.get_by_role("img", name="Where it stands").first).to_be_visible()
    axe_finds_none_dark_or_small(tab)
