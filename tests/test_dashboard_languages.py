"""A language that nobody speaks, on every page of the dashboard: what is still English, seen or heard, stands out."""

from __future__ import annotations

import os
import re

import pseudo
import pytest
from browser import browser_type_launch_args, dashboard, wait_until  # noqa: F401  (fixtures)

from letsdance import words
from letsdance.dashboards import app
from letsdance.params import PARAMETERS
from letsdance.scenarios import lessons, mechanism

#: A mechanism that is shipped, so that there is a page for it.
OWN = "turnover"
#: Names: of the project, of languages, of formats of files, and of a mechanism, its switch and parameters.
NAMES = re.compile("|".join(("Let’s Dance", "[A-Z]{2} (?:Deutsch|Français|Nederlands)",
                             "CSV|PNG|SVG|HTML|TOML|ZIP|Parquet|XLSX",
                             rf"\b(?:on_)?{OWN}\b(?: · \w+ [0-9a-f]{{16}})?")))
#: All that stands in a page, its labels and hints included; what is code, or marked as English, left out.
SAID = """() => {
    const said = [];
    const look = node => {
        if (node.nodeType === 3) { if (node.textContent.trim()) said.push(node.textContent.trim()); return; }
        if (node.nodeType !== 1 || ['script', 'style', 'code', 'pre', 'metadata'].includes(node.localName)) return;
        if (node !== document.body && node.getAttribute('lang') === 'en') return;
        for (const name of ['aria-label', 'title', 'placeholder', 'alt']) said.push(node.getAttribute(name) || '');
        for (const one of [...node.childNodes, ...(node.shadowRoot ? node.shadowRoot.childNodes : [])]) look(one);
    };
    look(document.body);
    return said; }"""


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    """The dashboard with that language in its bar."""
    place = tmp_path_factory.mktemp("language")
    (place / "qo.toml").write_text(pseudo.language("refused", "word"), encoding="utf-8")
    before = os.environ.get(words.OWN)
    os.environ[words.OWN] = str(place)
    try:
        server = dashboard(tmp_path_factory.mktemp("log") / "log.txt", "--mechanism", OWN)
    finally:
        os.environ.pop(words.OWN) if before is None else os.environ.update({words.OWN: before})
    yield server
    server.stop()
    assert "Traceback" not in server.log.read_text()


def own_words():
    """What is written in a lesson's file, which brings its own languages, and equations of the mechanism's names."""
    said = {one.said("en") for name in lessons.names() for one in lessons.load(name).texts()}
    one = mechanism.load(OWN)
    return said | {mechanism.sentence(act.rule) for act in one.acts} | {*one.numbers, *one.columns, *PARAMETERS.shipped}


@pytest.mark.parametrize("name", [*app.PAGES, app.LAB])
def test_no_plain_english_is_left_on_a_page(foreign, page, name):
    page.goto(f"{foreign.url}/{name}?lang=qo")
    page.locator("main h1, main h2").first.wait_for(timeout=60_000)
    looks = [[], page.evaluate(SAID)]

    def settled():
        """Whether all is there: nothing is waited for, and nothing came between two looks."""
        page.wait_for_timeout(500)
        looks.append(page.evaluate(SAID))
        return looks[-1] == looks[-2] and not page.locator(".ld-waiting").count()

    wait_until(page, settled)
    assert len(set(looks[-1])) > 15
    known = own_words()
    assert name != "lessons" or known & set(looks[-1])  # what is English is seen
    assert not {said for said in looks[-1] if said not in known and re.search("[A-Za-z]{3,}", NAMES.sub("", said))}
