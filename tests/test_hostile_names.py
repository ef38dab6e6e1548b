"""Names that strangers choose stay names: on every page, in every figure, page and table that is handed over."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
from browser import browser_type_launch_args, drawn, served  # noqa: F401  (fixtures)

from letsdance.dashboards import downloads
from letsdance.dashboards.compute import Pair
from letsdance.dashboards.state import Policy, View, from_link, to_link
from letsdance.experiments.spreadsheet import harmless, harmless_text, to_csv
from letsdance.report import FIGURES
from letsdance.report.page import render
from letsdance.scenarios import Use
from letsdance.simulation import simulate

#: What runs where it is not escaped: in HTML, in attributes, in SVG, in formulas of charts and of spreadsheets.
NAMES = (
    "<img src=x onerror=window.ran=1>",
    "\"><script>window.ran=2</script>",
    "'><svg/onload=window.ran=3>",
    "</text></svg><script>window.ran=4</script>",
    "</style></title><script>window.ran=5</script>",
    "]]><script>window.ran=6</script>",
    "{{constructor.constructor('window.ran=7')()}}",
    "${window.ran=8}",
    "javascript:window.ran=9",
    "&lt;img src=x onerror=window.ran=10&gt;",
    "{a} {b} {value|x}",
    "$\\frac{1}{",
    "a\x01\x08\x0bb",
    "\u202egnp.exe",
    "=1+1",
    "%00%3Cscript%3E",
)
#: Cells that a spreadsheet runs, and what becomes of them.
FORMULAS = {
    "=1+1": "'=1+1",
    "+cmd|' /C calc'!A0": "'+cmd|' /C calc'!A0",
    "-2+3": "'-2+3",
    "@SUM(1)": "'@SUM(1)",
    "\t=1": "'\t'=1",
    "\r=1": "'\r'=1",
    "  =1": "  '=1",
    "＝1": "'＝1",
    "a;=1": "a;'=1",
    "a\n=1": "a\n'=1",
    '=HYPERLINK("http://evil.example")': '\'=HYPERLINK("http://evil.example")',
    "-": "'-",
    "+": "'+",
}
#: Cells that stay as they are.
PLAIN = (
    *("", "a", "a-b", "a = b", "1", "-1", "+1", "-0.5", "-1,234.5", "1e-3", "-1.5E+10"),
    *("-12 %", "−3", "'=1", "Den Haag; Delft"),
)


class Markup(HTMLParser):
    """What a browser would run of an HTML text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag in ("script", "iframe", "object", "embed", "img", "base", "form", "link") or any(
            name.startswith("on") or (value or "").strip().lower().startswith("javascript:") for name, value in attrs
        ):
            self.found.append(f"{tag} {attrs}")


def policy(name: str, start: str = "lone_ranger") -> Policy:
    return Policy(start, name, levers=(Use("FRCS", 8, 20, 1.0),))


@pytest.fixture(scope="module")
def runs():
    return simulate("lone_ranger", runs=3, quarters=12)


def named(result, name: str):
    """The same runs under hostile words."""
    return replace(result, scenario=replace(result.scenario, title=name, says=name))


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_figures_and_pages_hold_a_name_as_text(runs, name):
    results = {"one": named(runs, name), "other": runs}
    for drawing in FIGURES.values():
        root = ElementTree.fromstring(drawing(results).svg({"title": name}))
        assert {one.tag.rpartition("}")[2] for one in root.iter()} <= {
            "svg",
            "title",
            "desc",
            "metadata",
            "style",
            "g",
            "defs",
            "path",
            "text",
            "tspan",
            "use",
            "clipPath",
            "rect",
        }
        assert not [key for one in root.iter() for key in one.attrib if key.lower().startswith("on")]
    page = render(
        results,
        {
            "command": name,
            "seeds": {"first": 1, "runs": 3},
            "quarters": 12,
            "version": name,
            "git": name,
            "versions": {name: name},
            "tables": {name: name},
            "scenarios": {name: name},
        },
    )
    assert not Markup(page).found


@pytest.mark.parametrize("name", NAMES[:3] + NAMES[-5:], ids=str)
def test_everything_in_the_zip_holds_a_name_as_text(runs, name):
    places = f'name,citizens,C\n"{name.replace(chr(34), chr(34) * 2)}",100,0.4\n=1+1,100,0.5\n'.replace("\r", "")
    view = View("data", policy(name), places=places)
    pair = Pair(view.policy, named(runs, name), runs, 3)
    with zipfile.ZipFile(io.BytesIO(downloads.zipped(downloads.named(pair, view), view).content)) as archive:
        for path in archive.namelist():
            content = archive.read(path)
            if path.endswith(".html"):
                assert not Markup(content.decode()).found, path
            elif path.endswith(".svg"):
                assert not list(ElementTree.fromstring(content).iter("{http://www.w3.org/2000/svg}script")), path
            elif path.endswith(".csv"):
                for row in csv.reader(io.StringIO(content.decode())):
                    assert not [cell for cell in row if harmless(cell) != cell], path


@pytest.mark.parametrize("cell", [*FORMULAS, *PLAIN], ids=repr)
def test_a_cell_that_would_run_is_made_harmless_and_no_other(cell):
    made = harmless(cell)
    assert made == FORMULAS.get(cell, cell)
    assert harmless(made) == made or cell[:1] in "\t\r"
    frame = pd.DataFrame({"name": [cell, "a"], "value": [-1.5, float("nan")], cell or "x": [1, 2]})
    rows = list(csv.reader(io.StringIO(to_csv(frame), newline="")))
    assert rows[0][2] == harmless(cell or "x")
    assert rows[1][:2] == [made, "-1.5"]
    assert to_csv(frame.iloc[:, 1:2]) == 'value\n-1.5\n""\n'


def test_csv_without_a_formula_is_left_to_the_byte():
    for text in ("a;b\r\n1;2\r\n", 'name,citizens\n"x, y",3\n', "", "a\n-1\n"):
        assert harmless_text(text) == text
    assert harmless_text("name,n\n=1,-2\n") == "name,n\n'=1,-2\n"


# ---------------------------------------------------------------- in a browser


@pytest.fixture
def bare(browser, served):  # noqa: F811
    """A page without the policy that would keep scripts from running: only escaping protects it."""
    context = browser.new_context(bypass_csp=True, accept_downloads=True, viewport={"width": 1366, "height": 900})
    page = context.new_page()
    yield page
    context.close()


def hovered(page) -> list[str]:
    """What stands in the tooltips of all charts, when a pointer is over them."""
    found = []
    for chart in page.locator("[data-chart] .ld-plot").all():
        chart.scroll_into_view_if_needed()
        box = chart.bounding_box()
        for share in (0.35, 0.6):
            page.mouse.move(box["x"] + share * box["width"], box["y"] + 0.5 * box["height"])
            page.wait_for_timeout(60)
        found += chart.locator("> div:not(:first-child)").all_inner_texts()
    return found


@pytest.mark.parametrize("where", ["compare", "explore", "late_adopters", "town", "data"])
def test_a_title_in_a_link_runs_nowhere(bare, served, where):  # noqa: F811
    others = tuple(policy(name, "wasteland") for name in NAMES[1:3])
    rows = (name.replace('"', '""') for name in NAMES[:12])
    places = "name,citizens,C\n" + "".join(f'"{one}",50,0.4\n' for one in rows)
    view = View(where, policy(NAMES[0]), others=others, places=places if where in ("town", "data") else "")
    bare.goto(f"{served.url}/{where}?{to_link(view)}")
    bare.locator("h1").first.wait_for()
    drawn(bare) if where != "data" else bare.wait_for_timeout(500)
    said = hovered(bare)
    assert where != "compare" or any(NAMES[0] in one for one in said), said  # the name is there, as it was typed
    for button in bare.locator("[data-chart] .ld-numbers").all()[:3]:
        button.click()
    bare.wait_for_timeout(300)
    assert bare.evaluate("window.ran") is None
    assert not bare.locator("img[src=x]").count()
    assert from_link(to_link(view), where).policy.title == NAMES[0]


def test_pictures_and_tables_of_a_chart_hold_a_name_as_text(bare, served, tmp_path):  # noqa: F811
    view = View("compare", policy(NAMES[1]), others=(policy("=1+1", "wasteland"), policy(NAMES[3], "wasteland")))
    bare.goto(f"{served.url}/compare?{to_link(view)}")
    drawn(bare)
    chart = bare.locator("[data-chart]").first
    for kind in ("SVG", "CSV"):
        with bare.expect_download() as taken:
            chart.locator(".ld-menu > button").click()
            chart.get_by_role("button", name=kind, exact=True).click()
        text = Path(taken.value.path()).read_text()
        if kind == "SVG":
            root = ElementTree.fromstring(text)
            assert not [
                one.tag for one in root.iter() if one.tag.rpartition("}")[2] in ("script", "foreignObject", "image", "a")
            ]
        else:
            rows = list(csv.reader(io.StringIO(text)))
            assert len(rows) > 10
            assert not [cell for row in rows for cell in row if harmless(cell) != cell]
    assert bare.evaluate("window.ran") is None
    for cell in (*FORMULAS, *PLAIN):  # the browser's rule is the server's
        told = next(csv.reader(io.StringIO(bare.evaluate("cell => window.letsdance.csv([[cell, 'x']])", cell), newline="")))
        assert told == [harmless(cell), "x"]
