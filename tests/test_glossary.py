"""The glossary: each term is known by its own title and by every way it is written; what it says is text, never markup."""

from __future__ import annotations

import json
import re

import pytest

from letsdance.dashboards.parts import terms
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
