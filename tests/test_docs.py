"""The documents: generated parts are fresh, the schedule is the one that runs, examples run, links lead somewhere."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from docs import tables

from letsdance.simulation.society import QUARTER

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
_BLOCK = re.compile(r"^```(?P<kind>\w*)[ ]?(?P<file>\S*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(page: Path, *kinds: str) -> list[tuple[int, str, str, str]]:
    """Line, kind, file name and text of the fenced blocks of these kinds."""
    text = read(page)
    return [(text.count("\n", 0, found.start()) + 2, found["kind"], found["file"], found["text"])
            for found in _BLOCK.finditer(text) if found["kind"] in kinds]


def by_name(pages: list[Path]) -> list:
    return [pytest.param(page, id=page.name) for page in pages]


# ---------------------------------------------------------------- what is generated

@pytest.mark.parametrize("page", by_name([page for page in PAGES if page.parent.name == "docs"]))
def test_generated_parts_are_up_to_date(page):
    assert tables.written(read(page)) == read(page), f"{page.name} is stale: run `uv run python -m docs.tables`"


def test_the_model_is_described_with_every_table():
    said = set(re.findall(r"<!-- generated: ([\w ]+) -->", read(ROOT / "docs/odd.md")))
    elsewhere = {"cases", "columns", "door", "glossary", "shipped mechanisms"}  # in pages of their own
    assert set(tables.PARTS) - elsewhere == said


def test_a_stale_part_is_made_anew():
    stale = "before\n<!-- generated: schedule -->\n| 1 | `calls` |\n<!-- end -->\nafter"
    assert tables.written(stale) == f"before\n<!-- generated: schedule -->\n{tables.schedule()}\n<!-- end -->\nafter"


# ---------------------------------------------------------------- one quarter, said twice

def test_the_quarters_list_and_the_schedule_agree():
    listed = [tables.plain(phase).__name__ for phase in QUARTER]
    part = re.search(r"<!-- generated: schedule -->\n(.*?)<!-- end -->", read(ROOT / "docs/odd.md"), re.DOTALL)
    said = re.findall(r"^\| \d+ \| `(\w+)`", part[1], re.MULTILINE)
    assert listed == said


def test_phases_number_themselves_as_they_run():
    assert [tables.sentence(phase).split(":")[0] for phase in QUARTER] == [f"Phase {n}" for n in range(1, 8)]


# ---------------------------------------------------------------- examples

@pytest.mark.parametrize("page", by_name([page for page in PAGES if blocks(page, "python")]))
def test_examples_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _, _, file, text in blocks(page, "toml", "csv", "python"):
        if file:
            Path(file).write_text(text, encoding="utf-8")
    shared: dict[str, object] = {"__name__": "example"}
    for line, _, file, text in blocks(page, "python"):
        if not file:
            exec(compile("\n" * (line - 1) + text, str(page), "exec"), shared)


def test_the_notebooks_mechanism_is_the_pages():
    """So it is compiled once for both."""
    page = next(text for _, _, file, text in blocks(ROOT / "docs/your_own_mechanism.md", "python") if file == "burnout.py")
    cells = json.loads(read(ROOT / "examples/own_mechanism.ipynb"))["cells"]
    assert f"write_text('''\\\n{page}'''" in "".join(cells[1]["source"])


def commands() -> list:
    found = []
    for page in PAGES:
        for line, _, _, text in blocks(page, "sh", "bash", "console"):
            for said in text.splitlines():
                words = shlex.split(said.removeprefix("$ "), comments=True)
                words = words[2:] if words[:2] == ["uv", "run"] else words
                if words[:1] == ["letsdance"]:
                    found.append(pytest.param(words[1:], id=f"{page.name}:{line}:{' '.join(words)}"))
    return found


@pytest.mark.parametrize("words", commands())
def test_commands_are_understood(words):
    from letsdance.commands.main import _parted, grammar

    words, _ = _parted(words)
    words = words[:words.index(">")] if ">" in words else words
    if not words or words[0].startswith("-"):
        return
    group = grammar()
    command = group.commands[words[0]]
    if hasattr(command, "commands") and len(words) > 1:  # adopters describe, branch save
        words = words[1:]
        command = command.commands[words[0]]
    if "--help" not in words:
        command.make_context(words[0], words[1:])  # reads the words and calls nothing


# ---------------------------------------------------------------- links and language

def anchors(page: Path) -> set[str]:
    """What headings can be linked to, as GitHub names them."""
    text = _BLOCK.sub("", read(page))
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-")
            for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}


@pytest.mark.parametrize("page", by_name(PAGES))
def test_relative_links_lead_somewhere(page):
    text = re.sub(r"`[^`\n]*`", "", _BLOCK.sub("", read(page)))
    for target in re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r"(?:src|href)=\"([^\"]+)\"", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path) if path else page
        assert there.exists(), f"{page.name}: {target} does not exist"
        if anchor and there.suffix == ".md":
            assert anchor in anchors(there), f"{page.name}: {target} has no such heading"


def test_every_rule_of_the_model_is_in_its_description():
    said = read(ROOT / "docs/odd.md")
    for name in tables.RULES:
        for function in re.findall(r"^def (\w+)\(", read(ROOT / f"simulation/rules/{name}.py"), re.MULTILINE):
            assert f"\n{function}(" in said


def test_every_parameter_of_every_switch_and_lever_is_described():
    from letsdance.params import PARAMETERS

    said = read(ROOT / "docs/odd.md")
    assert all(f"| `{name}` |" in said for name in PARAMETERS)


# ---------------------------------------------------------------- Mesa's page

def test_mesas_page_is_built_steps_and_starts_anew(monkeypatch):
    import ipyvuetify as v
    import ipywidgets
    import solara

    from letsdance.dashboards import solaraviz
    from letsdance.params import PARAMETERS

    made = [solaraviz.page.args[0]]
    start = solaraviz.CoCreationModel.__init__
    monkeypatch.setattr(solaraviz.CoCreationModel, "__init__",
                        lambda model, **named: made.append(model) or start(model, **named))
    _, page = solara.render(solara.AppLayout(children=[solaraviz.page]), handle_error=False)
    try:
        shown = {slider.label: slider for slider in page.find(v.Slider).widgets}
        sliders = {name: shown[solaraviz.slider(name).label] for name in solaraviz.SLIDERS}
        for name, slider in sliders.items():
            parameter = PARAMETERS[name]
            assert (slider.v_model, slider.min, slider.max) == (parameter.default, *parameter.range)
        assert len(page.find(ipywidgets.Image).widgets) == len(solaraviz.PLOTS)

        def press(label: str) -> None:
            next(button for button in page.find(v.Btn).widgets if label in button.children).click()

        began = made[0].quarter
        press("Step")
        press("Step")
        assert made[0].quarter == began + 2
        page.find(v.Select).widget.v_model = "wasteland"
        sliders["k"].v_model = 1.5
        press("Reset")
        press("Step")
        assert len(made) == 2
        assert (made[1].own_scenario.name, made[1].own_scenario.values()["k"], made[1].quarter) == ("wasteland", 1.5, 1)
    finally:
        page.close()
