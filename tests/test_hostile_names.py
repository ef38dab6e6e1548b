"""Names that strangers choose stay names: on every page, in every figure, page and table that is handed over."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
from browser import browser_type_launch_args, drawn  # noqa: F401  (fixtures)

from letsdance.commands.screen import console, print_table, say
from letsdance.dashboards import downloads
from letsdance.dashboards.charts_compare import lineup
from letsdance.dashboards.compute import Pair, Token
from letsdance.dashboards.pages import town
from letsdance.dashboards.pages.lessons import step_of
from letsdance.dashboards.state import View, from_link, to_link
from letsdance.experiments.spreadsheet import harmless, harmless_text, to_csv
from letsdance.params import within
from letsdance.report import FIGURES
from letsdance.report.page import render
from letsdance.room import agenda as agendas
from letsdance.room import faces, minutes
from letsdance.room import runs as runs_of
from letsdance.room.inputs import HOST, Input
from letsdance.room.state import Room
from letsdance.scenarios import Use
from letsdance.scenarios.policy import Policy
from letsdance.simulation import simulate
from letsdance.words import Text

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
    "[/b][red]x",
)
#: Some at a time, one after the other in one text: what is no text where one of them stands is seen there too. The last
#: ones command where a text begins.
TOGETHER = ("".join(NAMES[:4]), "".join(NAMES[4:7]), "".join(NAMES[7:11]), "".join(NAMES[11:14]), "".join(NAMES[14:]))
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
    return Policy.of(start, name, levers=(Use("FRCS", 8, 20, 1.0),))


@pytest.fixture(scope="module")
def runs():
    return simulate("lone_ranger", runs=3, quarters=12)


def named(result, name: str):
    """The same runs under hostile words."""
    return replace(result, scenario=replace(result.scenario, title=name, says=name))


@pytest.mark.parametrize("name", TOGETHER, ids=range(len(TOGETHER)))
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


@pytest.mark.parametrize("name", ["".join(NAMES[:3]), *TOGETHER[-2:]], ids=range(3))
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


# ---------------------------------------------------------------- the room


class Shape(HTMLParser):
    """The tags of a page with the names of their attributes: what a browser does with it, but for what it shows."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, ...]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, *sorted(name for name, _ in attrs)))


def faces_of(typed: str) -> dict[str, str]:
    """Every face of a room in every step, and its minutes, where people typed this everywhere."""
    agenda = agendas.load("60").model_copy(update={"innovation": typed[:60]})
    room, answers = Room("ABCDE", agenda, seed=3), runs_of.Answers()
    found, ids = {}, iter(range(10_000))

    def say(who: str, kind: str, **value: object) -> None:
        room.take(Input(who, f"input-{next(ids):04d}", kind, value, 1.0))

    say("p0", "join", nick=typed[:24], table=1)
    say(HOST, "places", text='name,citizens,C\n"{}",60,0.4\nB,60,0.5\n'.format(typed[:60].replace('"', '""')))
    line = typed[:160]
    said = {"image": {"target": 6, "guards": ["T", "K"], "headline": line},
            "guess": {"guess": 4, "reason": "money", "why": line},
            "act": {"first": line, "sign": line, "doubt": line}}
    for at, name in enumerate(room.agenda.names()):
        say(HOST, "go", to=at)
        if (kind := "guess" if name == "predict" else name) in said:
            say("p0", kind, **said[kind])
        if name == "act":
            say(HOST, "note", text=typed)
        for last in (False, True):  # what runs is drawn when it is there
            shown = (("phone", faces.phone(room, answers, "p0", 1.0, "fresh-id", "/in")),
                     ("projector", faces.projector(room, answers, 1.0, "http://x/join/ABCDE")),
                     ("host", faces.host(room, answers, 1.0, "http://x/join/ABCDE", "fresh-id")))
            answers.wait(0 if last else 60)
        found |= {f"{face} {name}": faces.page(face, html, room, "nonce", "/base", "stamp", line) for face, html in shown}
    found["minutes"] = minutes.written(room, answers, "html", 0.0)[0].decode()
    found["table"] = minutes.written(room, answers, "csv", 0.0)[0].decode("utf-8-sig")
    return found


def test_a_rooms_faces_hold_what_people_type_as_text():
    """They have the tags and attributes that they have where everybody typed "plain"."""
    plain = faces_of("plain")
    for typed in ("".join(NAMES[:6]), "".join(NAMES[6:12])):
        shown = faces_of(typed)
        assert shown.keys() == plain.keys()
        for face, html in shown.items():
            if face == "table":
                assert not [cell for row in csv.reader(io.StringIO(html)) for cell in row if harmless(cell) != cell]
            else:
                assert Shape(html).found == Shape(plain[face]).found, face
        assert sum(typed[:24] in unescape(html) for html in shown.values()) > 5  # it is shown, as it was typed


# ---------------------------------------------------------------- a terminal


def test_what_a_command_shows_commands_no_screen(capsys):
    """Brackets are no markup, and nothing of what people typed moves the cursor or turns what follows."""
    name = "[/b][red]x"
    print_table(f"title {name}", [f"head {name}", "\x9b2J"], [[f"cell {name}", "\x1b[2J\u202ez\r"]])
    say("[bold]Written[/]: {file}", file=f"file {name}\x1b]0;z\x07")
    console().print(f"line {name}\x1b[31m\nsecond")
    out = capsys.readouterr().out
    assert all(f"{what} {name}" in out for what in ("title", "head", "cell", "file", "line"))
    assert "Written: " in out
    assert r"\x1b[2J\u202ez\r" in out
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", out)


# ---------------------------------------------------------------- folders

#: Commands whose inputs hold names that strangers chose: titles, policies, municipalities, people in a table.
HANDED = {
    "run": "run {story} --runs 2 --quarters 8 --municipalities {places}",
    "compare": "compare {story} --policy {policy} --runs 2 --quarters 8",
    "pathways": "pathways {story} --policy {policy} --policy {other} --runs 2 --quarters 8",
    "describe": "adopters describe {times}",
    "data": "adopters data {times}",
}


@pytest.mark.parametrize("name", HANDED)
def test_a_folder_holds_names_as_text(letsdance, tmp_path, name):
    told = NAMES[1] + NAMES[-1]
    cell = told.replace('"', '""')
    files = {"story.toml": f"title = '''{told}'''\nsays = '''{NAMES[3]}'''\n[start]\nC = 0.5\nG = 0.5\n"
                           "[parameters]\nmunicipalities = 4\ncitizens = 12\n",
             "places.csv": f'name,citizens,C\n"{cell}",60,0.4\n=1+1,60,0.5\n',
             "times.csv": "node,time\n" + "".join(f'"{cell}{k}",{2001 + k % 4}\n' for k in range(12)) + "=1+1,2003\n"}
    for file, text in files.items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    fills = {"story": "story.toml", "places": "places.csv", "times": "times.csv", "policy": f"{NAMES[0]}[/b]: LEAD@2",
             "other": "b: OUT+4 if support@4 < 0.9"}
    code, out, err = letsdance(*(word.format(**fills) for word in HANDED[name].split()), "--out", "made")
    assert code == 0, err
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", out)
    handed = sorted(path for path in (tmp_path / "made").rglob("*") if path.suffix in (".html", ".svg", ".csv"))
    assert any(path.suffix == ".html" for path in handed)
    for path in handed:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".html":
            assert not Markup(text).found, path
        elif path.suffix == ".svg":
            assert not list(ElementTree.fromstring(text).iter("{http://www.w3.org/2000/svg}script")), path
        elif path.name != "municipalities.csv":  # the user's own table, to the byte
            assert not [cell for row in csv.reader(io.StringIO(text)) for cell in row if harmless(cell) != cell], path


@pytest.mark.parametrize(("what", "kind"), [("picture", "svg"), ("municipalities", "csv"), ("initiatives", "csv")])
def test_what_town_hands_over_holds_names_as_text(what, kind):
    rows = "".join('"{}",60,0.4\n'.format(name.replace('"', '""')) for name in (*NAMES[:12], "=1+1", "@SUM(1)"))
    run = town.Run.of(View("town", policy(NAMES[0]), places=f"name,citizens,C\n{rows}"), "full", Token())
    content = town.made(run, False, 8, what, kind, Text("en")).content.decode()
    if kind == "svg":
        tags = {one.tag.rpartition("}")[2] for one in ElementTree.fromstring(content).iter()}
        assert not tags & {"script", "foreignObject", "image", "a"}
    else:
        assert not [cell for row in csv.reader(io.StringIO(content, newline="")) for cell in row if harmless(cell) != cell]


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


@pytest.fixture(scope="module")
def bare(browser, served):
    """A page, one for all links, without the policy that would keep scripts from running: only escaping protects it."""
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
        found += page.locator(".ld-hint").all_inner_texts()
    return found


DASHBOARD = Path(__file__).parents[1] / "dashboards"
PAGES = [file.stem for file in sorted((DASHBOARD / "pages").glob("[a-z]*.py")) if file.stem != "lab"]
#: What stands there where a number or a name of ours is asked for.
ODD = (NAMES[1], "9" * 4_400, "１", "-1", "²", "1_0", "", "1e400", "citizen." + "9" * 4_400)


@pytest.mark.parametrize("where", PAGES)
def test_a_title_in_a_link_runs_nowhere(bare, served, where):
    others = tuple(policy(name, "wasteland") for name in NAMES[1:3])
    rows = (name.replace('"', '""') for name in NAMES[:12])
    places = "name,citizens,C\n" + "".join(f'"{one}",50,0.4\n' for one in rows)
    view = View(where, policy(NAMES[0]), others=others, places=places if where in ("town", "data") else "")
    bare.goto(f"{served.url}/{where}?{to_link(view)}")
    bare.locator("h1").first.wait_for()
    drawn(bare) if where not in ("data", "map", "lessons", "futures") else bare.wait_for_timeout(500)
    said = hovered(bare)
    assert where != "compare" or any(NAMES[0] in one for one in said), said  # the name is there, as it was typed
    for button in bare.locator("[data-chart] .ld-numbers").all()[:3]:
        button.click()
    for chart in bare.locator("[data-chart]:has(.ld-menu)").all()[:3] if where != "town" else ():  # it hands over others
        taken(bare, chart)
    bare.wait_for_timeout(300)
    assert bare.evaluate("window.ran") is None
    assert not bare.locator("img[src=x]").count()
    assert from_link(to_link(view), where).policy.title == NAMES[0]


@pytest.mark.parametrize("said", ODD, ids=range(len(ODD)))
def test_a_number_that_a_link_says_is_plain_and_within_its_bounds(said):
    """What is none is what the page shows without it; digits of other scripts are none, nor are five thousand."""
    assert within(said, 0, 400) is None
    view = View("compare", others=(policy("x"),)).put(**{"policies.at": said, "lessons.step": said})
    assert lineup(view)[1] == 0
    assert step_of(view) == 0


def taken(page, chart) -> None:
    """A chart's figure and table, as a browser saves them: nothing in them runs."""
    for kind in ("SVG", "CSV"):
        with page.expect_download() as saved:
            chart.locator(".ld-menu > button").click()
            chart.get_by_role("button", name=kind, exact=True).click()
        text = Path(saved.value.path()).read_text()
        if kind == "SVG":
            root = ElementTree.fromstring(text)
            assert not [
                one.tag for one in root.iter() if one.tag.rpartition("}")[2] in ("script", "foreignObject", "image", "a")
            ]
        else:
            rows = list(csv.reader(io.StringIO(text)))
            assert len(rows) > 1
            assert not [cell for row in rows for cell in row if harmless(cell) != cell]


def test_pictures_and_tables_of_a_chart_hold_a_name_as_text(bare, served):
    view = View("compare", policy(NAMES[1]), others=(policy("=1+1", "wasteland"), policy(NAMES[3], "wasteland")))
    bare.goto(f"{served.url}/compare?{to_link(view)}")
    drawn(bare)
    taken(bare, bare.locator("[data-chart]").first)
    assert bare.evaluate("window.ran") is None
    for cell in (*FORMULAS, *PLAIN):  # the browser's rule is the server's
        told = next(csv.reader(io.StringIO(bare.evaluate("cell => window.letsdance.csv([[cell, 'x']])", cell), newline="")))
        assert told == [harmless(cell), "x"]
