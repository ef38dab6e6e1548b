"""The minutes: opened again by the libraries that people's programs are like, and run again from what they say."""

from __future__ import annotations

import csv
import io
import re
import time

import full_room
import numpy as np
import pytest
from browser import browser_type_launch_args  # noqa: F401  (fixture)

from letsdance.dashboards.state import from_link
from letsdance.experiments.spreadsheet import harmless
from letsdance.room import agenda as agendas
from letsdance.room import faces, minutes, runs
from letsdance.room.facts import Card, Control
from letsdance.room.inputs import HOST, Input
from letsdance.room.state import Room
from letsdance.simulation import simulate
from letsdance.simulation.municipalities import from_text
from letsdance.words import Text, catalogue, languages

AGENDA = agendas.load("60")
STEP = {name: k for k, name in enumerate(AGENDA.names())}
DOTS = ((0.8, 0.2), (0.6, 0.4), (0.7, 0.3), (0.3, 0.3))


@pytest.fixture(scope="module")
def played():
    """A room that was played to the end, and its answers."""
    simulate(AGENDA.start, runs=1, quarters=8)  # minutes wait a minute for what runs, not for what is compiled
    room, answers = Room("ABCDE", AGENDA, seed=11), runs.Answers()
    n = 0

    def say(who: str, kind: str, **value: object) -> None:
        nonlocal n
        n += 1
        room.take(Input(who, f"input-{n:04d}", kind, value, float(n)))

    for k in range(4):
        say(f"p{k}", "join", nick=f"nick-of-{k}", table=k % 2 + 1)
    say(HOST, "go", to=STEP["track"])
    say("p0", "rate", trend="ageing", weight=5, certainty=4)
    say(HOST, "go", to=STEP["place"])
    for k, (C, G) in enumerate(DOTS):
        say(f"p{k}", "place", C=C, G=G)
    say(HOST, "go", to=STEP["image"])
    for k in range(4):
        say(f"p{k}", "image", target=6 + k % 2, guards=["T", "services"], headline="=HYPERLINK(1)" if k == 0 else "")
    say(HOST, "go", to=STEP["predict"])
    for k in range(4):
        say(f"p{k}", "guess", guess=2 * k, reason="money", why="-2 is low")
    say(HOST, "go", to=STEP["decide"])
    say("p0", "card", lever="FRCS", start=1, duration=20)
    say("p1", "card", lever="OUT", start=5, duration=12)
    say("p0", "ready", guess=6)
    say(HOST, "go", to=STEP["shock"])
    say(HOST, "draw", shock="austerity")
    say(HOST, "go", to=STEP["decide2"])
    say("p1", "card", lever="LEAD", start=21, duration=20)
    say(HOST, "go", to=STEP["results2"])
    say(HOST, "choose", table=2)
    say(HOST, "go", to=STEP["act"])
    say("p0", "act", first="walk the streets", sign="+fewer calls", doubt="will it last?")
    say(HOST, "go", to=STEP["agree"])
    say("p0", "agree", agree=4)
    say(HOST, "note", text="@all: good talk")
    return room, answers


def spoken(room, language):
    room.language = language
    return Text(language)


@pytest.mark.parametrize("language", languages())
def test_the_document_opens_and_says_it_in_the_rooms_language(played, language):
    import docx

    room, answers = played
    text = spoken(room, language)
    content, media, _ = minutes.written(room, answers, "docx", 0.0)
    assert media.endswith("wordprocessingml.document")
    opened = docx.Document(io.BytesIO(content))
    said = "\n".join([*(one.text for one in opened.paragraphs), *(
        cell.text for table in opened.tables for row in table.rows for cell in row.cells)])
    assert opened.core_properties.language == language
    assert round(opened.sections[0].page_width.cm, 1) == 21.0
    for key in ("minutes.question", "minutes.predictions", "minutes.cost", "minutes.compared", "minutes.act"):
        assert text(key) in said
    for lever in ("FRCS", "OUT", "LEAD"):
        assert text.title("lever", lever) in said
    assert text.title("shock", "austerity") in said
    assert "walk the streets" in said
    assert "nick-of" not in said, "tables, not names"


@pytest.mark.parametrize("language", languages())
def test_the_slides_open_and_are_five(played, language):
    import pptx

    room, answers = played
    text = spoken(room, language)
    opened = pptx.Presentation(io.BytesIO(minutes.written(room, answers, "pptx", 0.0)[0]))
    assert len(opened.slides) == 5
    for slide, key in zip(opened.slides, ("question", "predictions", "packages", "compared", "act"), strict=True):
        shown = [shape.text_frame.text for shape in slide.shapes if shape.has_text_frame]
        assert shown[0] == text(f"minutes.{key}")
        assert all(shape.left >= 0 and shape.left + shape.width <= opened.slide_width for shape in slide.shapes)
        assert "seed=11" in slide.notes_slide.notes_text_frame.text
    shown = "\n".join(shape.text_frame.text for shape in opened.slides[2].shapes if shape.has_text_frame)
    for package in minutes.made(room, answers, 0.0).packages:  # two tables: there is room for what came of each
        assert all(one in shown for one in (package.spent, *package.cards, *package.came))
    guessed, ran = (series.values for series in next(
        shape.chart for shape in opened.slides[1].shapes if shape.has_chart).plots[0].series)
    assert guessed == tuple(0.25 if n in (0, 2, 4, 6) else 0.0 for n in range(11))
    assert sum(ran) == pytest.approx(1.0)


@pytest.mark.parametrize("language", languages())
def test_the_page_says_what_was_done_what_it_cost_and_what_came_of_it(played, language):
    room, answers = played
    text = spoken(room, language)
    html, _, headers = minutes.written(room, answers, "html", time.time())
    html = html.decode()
    assert "script" not in headers["Content-Security-Policy"]
    assert f'<html lang="{language}">' in html
    said = minutes.made(room, answers, 0.0)
    assert [row.number for row in said.rows] == [1, 2]
    assert str(faces.Markup.escape(faces.headline(said.rows[1], room, text))) in html, "the package that the room chose"
    for row, package in zip(said.rows, said.packages, strict=True):
        assert package.spent == faces.spent(room, row.number, text, "minutes.spent")
        assert len(package.came) == len(said.measures)
        for one in (package.spent, *package.cards, *package.came):
            assert str(faces.Markup.escape(one)) in html
    assert not re.findall(r'(?<=>)[^<]*\b(?:room|minutes)\.\w+[^<]*(?=<)', html), "a text is missing"
    assert catalogue(language)["text"]["minutes.left_out"].split(".")[0].replace("'", "&#39;") in html


def test_each_link_and_the_seed_give_the_run_again(played):
    """Not from the room's own answers: from the link alone, by `simulate`."""
    room, answers = played
    spoken(room, "en")
    said = minutes.made(room, answers, 0.0)
    assert [name for name, _ in said.links] == ["nothing done", "Table 1", "Table 2", "Tables"]
    for (_, link), row in zip(said.links[1:3], said.rows, strict=True):
        view = from_link(link.partition("?")[2], "explore")
        assert (view.seed, view.runs) == (11, 20)
        again = simulate(view.policy.scenario(), runs=view.runs, seed=view.seed, municipalities=from_text(view.places))
        calm = simulate(view.reference_policy().scenario(), runs=view.runs, seed=view.seed,
                        municipalities=from_text(view.places))
        ten = 10 * again.rows["lets_dance"][:, row.quarter]
        np.testing.assert_array_equal(ten, row.ten)
        assert (ten - 10 * calm.rows["lets_dance"][:, row.quarter]).mean() == pytest.approx(row.more.mean)
    whole = from_link(said.links[-1][1].partition("?")[2], "compare")
    assert [(one.levers, one.shocks) for one in whole.others] == [(room.uses(n), room.shocks()) for n in (1, 2)]
    view = from_link(said.links[0][1].partition("?")[2], "explore")
    base = simulate(view.policy.scenario(), runs=20, seed=11, municipalities=from_text(view.places))
    np.testing.assert_allclose(10 * base.rows["lets_dance"][:, -1], said.ran)


def test_the_table_holds_every_choice_by_table_and_runs_nowhere(played):
    room, _ = played
    spoken(room, "en")
    text = minutes.table(room)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert list(rows[0]) == ["step", "Table", "what", "field", "value"]
    guesses = [(row["Table"], row["value"]) for row in rows if (row["what"], row["field"]) == ("predict", "guess")]
    assert sorted(guesses) == [("1", "0"), ("1", "4"), ("2", "2"), ("2", "6")]
    cards = [row["value"] for row in rows if (row["what"], row["field"]) == ("card", "lever")]
    assert sorted(cards) == ["FRCS", "LEAD", "OUT"]
    assert {row["field"] for row in rows if row["what"] == "track"} == {"ageing weight", "ageing certainty"}
    assert "nick-of" not in text
    assert not [cell for row in rows for cell in row.values() if harmless(cell) != cell]
    assert next(row["value"] for row in rows if row["field"] == "headline") == "'=HYPERLINK(1)"
    assert [row["value"] for row in rows if row["field"] == "seed"] == ["11"]
    places = next(row["value"] for row in rows if row["field"] == "municipalities")
    assert len(from_text(places)) == 40


def test_a_full_room_fits_on_one_a4_page_in_every_language(browser, monkeypatch, tmp_path):
    """Six tables with up to nine cards each, sixty people who wrote all that a phone takes, notes, the wind tunnel."""
    monkeypatch.setattr(runs, "tunnel", lambda *_: full_room.Tunnel())
    room, answers = full_room.full(), runs.Answers()
    page = browser.new_page()
    for language in languages():
        room.language = language
        page.set_content(minutes.written(room, answers, "html", time.time())[0].decode())
        printed = page.pdf(prefer_css_page_size=True)
        (tmp_path / f"{language}.pdf").write_bytes(printed)
        assert len(re.findall(rb"/Type\s*/Page\b(?!s)", printed)) == 1, language
        assert page.locator(".packages tbody").count() == 6
    page.close()


def test_what_does_not_fit_on_the_page_is_counted_and_stands_in_the_table(played):
    room, _ = played
    text = spoken(room, "en")
    lines = [f"{k} {'word ' * 20}".strip() for k in range(9)]
    kept = minutes._few([*lines, lines[0]], text)
    assert kept == [*lines[:2], "and 7 more, in the CSV"]
    assert minutes._few(["x" * 2_000], text) == ["x" * (minutes._FITS - 1) + "…"]


def test_the_table_says_what_the_innovation_is_called_here():
    for called, told in (("=Neighbourhood budgets", ["'=Neighbourhood budgets"]), ("", [])):
        rows = csv.DictReader(io.StringIO(minutes.table(Room("ABCDE", AGENDA.model_copy(update={"innovation": called})))))
        assert [row["value"] for row in rows if (row["what"], row["field"]) == ("run", "innovation")] == told


def test_a_lever_that_was_played_again_stands_once_with_all_its_years():
    room = Room("ABCDE", AGENDA, control=Control(at=len(AGENDA.step) - 1))
    room.cards[1] = [Card("FRCS", 1, 12, 1), Card("OUT", 5, 8, 1), Card("FRCS", 21, 8, 1)]
    assert minutes._cards(room, 1, Text("en")) == [
        "free-range civil servants: years 0–3 and 5–7", f"{Text('en').title('lever', 'OUT')}: years 1–3"]


def test_minutes_of_a_room_where_nothing_happened():
    room, answers = Room("ABCDE", AGENDA), runs.Answers()
    for kind in minutes.KINDS:
        assert len(minutes.written(room, answers, kind, 0.0)[0]) > 100
