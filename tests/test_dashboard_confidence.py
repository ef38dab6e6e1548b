"""Confidence: origins, equations and verdicts come from the declarations, the rules and the runs, never typed in."""
# ruff: noqa: F811 (a fixture that is imported is named again by each test that asks for it)

from __future__ import annotations

import importlib
import inspect
import re
import threading
from collections import Counter
from dataclasses import replace

import pytest
import solara
from browser import SIZES, axe_finds_none_dark_or_small, browser_type_launch_args, drawn, fits, sized, visit  # noqa: F401  (fixtures)
from playwright.sync_api import expect

from letsdance.dashboards import compute, limits, parts
from letsdance.dashboards.pages import confidence
from letsdance.dashboards.session import Session, provide
from letsdance.dashboards.state import View, from_link
from letsdance.experiments import patterns
from letsdance.params import EVIDENCE, PARAMETERS, Refused
from letsdance.scenarios import LEVERS, SHOCKS
from letsdance.words import Text, catalogue

ENGLISH, DUTCH = Text("en"), Text("nl")


# ---------------------------------------------------------------- where the numbers come from

def test_origins_agree_with_the_declared_marks():
    counts = Counter(confidence.origin(name) for name in PARAMETERS)
    declared = Counter(p.source for p in PARAMETERS.values())
    assert counts["assumed"] == declared["assumed"]
    assert counts["text"] == declared["text"]
    assert counts["lipse"] + counts["sister"] == declared["seed"]
    assert set(counts) == set(confidence.ORIGINS)


def test_a_parameter_counts_as_lipse_only_if_it_names_a_line_of_lipse():
    for name, p in PARAMETERS.items():
        if p.source == "seed":
            lines = [EVIDENCE[mark] for mark in parts.marks(p.reference)]
            assert (confidence.origin(name) == "lipse") == any(re.match("LIPSE|WP", line) for line in lines), name


def test_marks_are_spelt_out():
    assert parts.marks("S41-S43 T4 design S9999") == ["S41", "S42", "S43", "T4"]


def test_the_chart_adds_up_and_has_a_table():
    chart = confidence.origins_chart(ENGLISH)
    assert sum(bar for values in chart.data.values() for bar in values if bar) == len(PARAMETERS)
    columns, rows = chart.table()
    assert len(columns) == 5
    assert [sum(int(cell) for cell in row[1:]) for row in rows] == [
        sum(p.group == group for p in PARAMETERS.values()) for group in dict.fromkeys(p.group for p in PARAMETERS.values())]
    assert str(len(PARAMETERS)) in chart.sentence


@pytest.mark.parametrize(("value", "en", "nl"), [
    (0.085, "0.085", "0,085"), (25, "25", "25"), (1.0, "1", "1"), (-0.5, "−0.5", "−0,5"), (10000, "10,000", "10.000")])
def test_declared_numbers_keep_all_decimals(value, en, nl):
    assert (confidence.exact(value, ENGLISH), confidence.exact(value, DUTCH)) == (en, nl)


# ---------------------------------------------------------------- equations

def test_every_rule_is_there_with_its_own_words_and_parameters():
    for rule in parts.rules():
        module = importlib.import_module(f"letsdance.simulation.rules.{rule.topic}")
        function = getattr(module, rule.name)
        function = getattr(function, "py_func", function)
        assert rule.says == " ".join(inspect.getdoc(function).split())
        read = set(re.findall(r"\bp\.(\w+)", inspect.getsource(function))) & PARAMETERS.keys()
        assert set(rule.parameters) == read, rule.name
    names = {rule.name for rule in parts.rules()}
    assert {"join_probability", "next_willingness", "value_terms", "success_probability"} <= names


@pytest.mark.parametrize("text", [ENGLISH, DUTCH])
def test_everything_can_be_looked_up(text):
    known = confidence.entries(text)
    assert [len(known[tab]) for tab in confidence.TABS] == [
        len(parts.rules()), len(PARAMETERS), len(LEVERS), len(SHOCKS), len(EVIDENCE)]
    assert all(entry["title"] for tab in known.values() for entry in tab)
    for entry in known["parameters"]:
        assert set(entry["marks"]) <= set(EVIDENCE)


def test_what_is_said_twice_is_said_alike():
    texts = catalogue("en")["text"]
    for id, pattern in patterns.PATTERNS.items():
        assert texts[f"pattern.{id}"] == pattern.question


# ---------------------------------------------------------------- verdicts

@pytest.fixture
def few(monkeypatch):
    """Two quick patterns in place of all."""
    chosen = {id: patterns.PATTERNS[id] for id in ("F12", "F3", "S178")}
    monkeypatch.setattr(confidence, "PATTERNS", chosen)
    monkeypatch.setattr(confidence, "_found", {})
    return chosen


def test_verdicts_come_one_by_one_and_are_those_of_the_experiments(few):
    states = list(confidence.check(1, compute.Token()))
    assert [(s.running, len(s.findings)) for s in states] == [("F12", 0), ("F3", 1), ("S178", 2), ("", 3)]
    wanted = patterns.check(20, 1, list(few))
    assert [part for _, parts in states[-1].findings for part in parts] == wanted
    assert states[-1].holding() == patterns.holding(wanted)
    again = list(confidence.check(1, compute.Token()))
    assert [(s.running, len(s.findings)) for s in again] == [("", 3)]  # another session meets what was found
    assert confidence.checked_before(1) == again[-1]
    assert not confidence.checked_before(2).findings


def test_a_check_stops_and_the_next_one_can_begin(few):
    token = compute.Token()
    states = confidence.check(2, token)
    assert next(states).running == "F12"
    token.stop()
    with pytest.raises(compute.Stopped):
        next(states)
    assert next(confidence.check(2, compute.Token())).running == "F12"


def test_two_who_check_the_same_share_what_is_found(few, monkeypatch):
    runs, real = [], confidence.Laboratory.run
    monkeypatch.setattr(confidence.Laboratory, "run", lambda *a, **k: (runs.append(1), real(*a, **k))[1])
    alone = list(confidence.check(3, compute.Token()))[-1]
    once = len(runs)
    confidence._found.clear()
    states: list[list] = [[], []]
    threads = [threading.Thread(target=lambda said=said: said.extend(confidence.check(3, compute.Token())))
               for said in states]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert states[0][-1] == states[1][-1] == alone
    assert len(runs) == 2 * once


def test_a_check_has_the_limit_of_all_pages(few, monkeypatch):
    monkeypatch.setattr(limits, "MOST_WORK", 1000)
    with pytest.raises(Refused, match="would fit"):
        list(confidence.check(4, compute.Token()))


def test_the_summary_names_what_does_not_hold(few):
    done = list(confidence.check(1, compute.Token()))[-1]
    part = done.findings[0][1][0]
    failed = tuple(replace(p, holds=False) for p in done.findings[1][1])
    broken = confidence.Checked(1, (done.findings[0], ("F3", failed), done.findings[2]))
    assert confidence.summary(broken, False, ENGLISH) == (
        f"1 of 2 hold. What does not: F3 {ENGLISH('pattern.F3')}")
    assert confidence.summary(done, False, DUTCH) == "Alle 2 komen uit."
    assert "Stopped after 1 of 3" in confidence.summary(confidence.Checked(1, done.findings[:1]), False, ENGLISH)
    assert confidence.summary(confidence.Checked(1), False, ENGLISH) == "Not checked on this screen yet."
    shown = confidence.verdict((part,), ENGLISH)
    assert shown["holds"] == part.holds
    assert confidence.verdict(failed, ENGLISH)["partly"] == f"0 of {len(failed)} parts hold"


# ---------------------------------------------------------------- without a browser

@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_page_renders_without_a_browser(language):
    @solara.component
    def Test():
        provide(Session(View("confidence", language=language), []))
        confidence.Page()

    _, rendered = solara.render(Test(), handle_error=False)
    try:
        assert rendered.find(children=[Text(language)("confidence.title")]).widget is not None
    finally:
        rendered.close()


# ---------------------------------------------------------------- in a browser

def test_it_says_at_once_that_it_explores_and_shows_where_numbers_come_from(visit):
    page = visit("/confidence", "phone")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("It explores, it does not forecast")
    for size in reversed(SIZES):
        fits(sized(page, size))
        assert heading.bounding_box()["y"] < 200
    sized(page, "phone")
    for name, n in Counter(confidence.origin(name) for name in PARAMETERS).items():
        expect(page.locator(f"[data-origin={name}] .ld-big")).to_contain_text(str(n))
    page.locator("[data-origin=text] summary").click()
    page.get_by_role("button", name="Show these other studies").click()
    expect(page.locator("#ld-box")).to_be_in_viewport()
    n = Counter(p.source for p in PARAMETERS.values())["text"]
    expect(page.locator("#ld-box")).to_contain_text(f"{n} found")
    page.wait_for_function("location.search.includes('confidence.origin=text')")
    page.get_by_label("Find by word").fill("interdependence")
    found = [entry["key"] for entry in confidence.entries(ENGLISH)["parameters"]
             if entry["origin"] == "text" and "interdependence" in f"{entry['title']} {entry['says']}".lower()]
    assert "k" in found
    expect(page.locator("[data-entry]")).to_have_count(len(found))
    expect(page.locator("[data-entry=k]")).to_contain_text("range 0 to 2")
    page.wait_for_function("location.search.includes('interdependence')")
    for size in SIZES:
        fits(sized(page, size))
    other = visit(page.url.partition(page.url.split("/confidence")[0])[2])
    expect(other.locator("[data-entry]")).to_have_count(len(found))
    assert dict(from_link(page.url.partition("?")[2]).own)["confidence.find"] == "interdependence"


def test_an_equation_is_found_with_its_source_and_parameters(visit):
    page = visit("/confidence")
    page.get_by_label("Find by word").fill("join probability")
    entry = page.locator("[data-entry=join_probability]")
    rule = next(rule for rule in parts.rules() if rule.name == "join_probability")
    expect(entry).to_contain_text(rule.says)
    for name in rule.parameters:
        expect(entry.locator(".ld-columns")).to_contain_text(ENGLISH.title("parameter", name))
    expect(entry).to_contain_text(EVIDENCE["S3"])


def test_patterns_are_checked_on_demand_and_can_be_stopped(visit):
    page = visit("/confidence?seed=5")
    assert page.locator("[data-holds]").count() == 0
    page.get_by_role("button", name="Check them now").click()
    page.locator("[data-pattern=F2][data-holds]").wait_for()
    expect(page.locator(".ld-summary")).to_contain_text(re.compile(r"hold\. Checking F\d+: \d+ of"))
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".ld-summary")).to_contain_text("Stopped after")
    wanted = patterns.holding(patterns.check(20, 5, ["F1", "F2"]))
    for id, holds in wanted.items():
        expect(page.locator(f"[data-pattern={id}] .ld-chip")).to_have_text("holds" if holds else "does not hold")
    page.locator("[data-pattern=F2] summary").click()
    expect(page.locator("[data-pattern=F2] tbody tr")).to_have_count(len(patterns.check(20, 5, "F2")))
    assert "confidence.check" not in page.url


def test_axe_finds_no_serious_fault_and_dutch_is_whole(visit):
    page = visit("/confidence?lang=nl&confidence.tab=parameters", "laptop", color_scheme="dark")
    page.locator("[data-pattern=F1] summary").click()
    page.locator("[data-entry] summary").first.click()
    axe_finds_none_dark_or_small(page)
    words = page.evaluate("""() => { const main = document.querySelector('main').cloneNode(true);
        main.querySelectorAll('[lang=en], style').forEach((one) => one.remove()); return main.textContent; }""")
    assert drawn(page)
    for english in (" the ", " and ", "citizens", "government", "willing", "Show", "Check", "found", "range"):
        assert english not in words, english
