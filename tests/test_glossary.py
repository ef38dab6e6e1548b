"""The glossary: each term is known by its own title and by every way it is written; what it says is text, never markup."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import full_room
import pytest
from markupsafe import Markup, escape

from letsdance.dashboards.parts import explained, terms
from letsdance.room import faces, runs
from letsdance.words import Text, catalogue, declared, languages


@pytest.mark.parametrize("language", languages())
def test_every_term_is_found_by_its_title_and_every_form_of_it_is_used(language):
    text = Text(language)
    said = json.dumps({kind: told for kind, told in catalogue(language).items() if kind != "term"}, ensure_ascii=False)
    said = re.sub(r"\s", " ", said.lower())
    for name, entry in catalogue(language)["term"].items():
        assert (entry["title"], entry["says"]) in text.terms(f"x {entry['title']} y"), name
        assert entry["says"].endswith((".", "?")), name
        for form in re.sub(r"\s", " ", entry["forms"]).split(", "):
            assert re.search(rf"(?<!\w){re.escape(form)}", said), f"{name}: nobody writes {form!r}"
    assert not text.terms("zz 12")
    assert not text.terms("xwillingx")  # within a word it is another word


def test_what_terms_mean_is_text_that_a_key_opens():
    html = terms("By quarter 60: trust 26 %; the poorest's part.", Text("en"))
    assert html.startswith("<details><summary")  # opened by click, touch, Enter and Space alike
    assert re.findall("<dt>(.*?)</dt>", html) == ["quarter", "trust", "poorest&#x27;s part"]
    assert "<script>" not in terms("<script>trust</script>", Text("en"))
    assert not terms("zz", Text("en"))
    assert len(declared("term")) > 15


def test_behind_a_control_stands_what_its_own_words_mean():
    text = Text("en")
    meant = re.findall("<dt>(.*?)</dt>", explained("lever.OUT", text))
    assert meant == [title for title, _ in text.terms(f"{text.title('lever', 'OUT')}. {text.says('lever', 'OUT')}")]
    assert any("ld-meant" in explained(f"parameter.{name}", text) for name in declared("parameter"))


@pytest.mark.parametrize("language", languages())
def test_a_phone_says_what_the_words_on_it_mean_and_no_others(language):
    room, answers = full_room.full(), runs.Answers()
    room.language = language
    who = next(iter(room.people))
    seen = set()
    for at in range(len(room.agenda.step)):
        room.control = replace(room.control, at=at)
        face, _, meant = str(faces.phone(room, answers, who, 0.0, "1", "/say")).partition('<details id="terms"')
        told = [title for title, _ in Text(language).terms(Markup(face).striptags())]
        assert re.findall("<dt>(.*?)</dt>", meant) == [str(escape(title)) for title in told], at
        seen |= set(told)
    assert len(seen) > 3
    assert "terms" not in str(faces.phone(room, answers, "nobody", 0.0, "1", "/say"))
