"""What is handed over says what the runs say, opens without a network, and is the same whenever it is made again."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from letsdance.experiments.cards import late_half, reached, stayed
from letsdance.params import PARAMETERS, Refused
from letsdance.report import FIGURES, draw, glance, headline, paragraph, save, write
from letsdance.report.figures import ever_adopted_by_category
from letsdance.report.sheet import NARROW, Figure, spaced, text_width, wrap
from letsdance.report.style import COLOURS, FUTURES, band, colours, decimal, percent, points, spread, titles
from letsdance.scenarios import STARTS
from letsdance.simulation import simulate
from letsdance.words import Text

RUNS, QUARTERS = 5, 24
MANIFEST = {"command": "letsdance run all <five> & more", "version": "0.1.0", "seeds": {"first": 1, "runs": RUNS},
            "quarters": QUARTERS, "git": "0123abcd", "versions": {"python": "3.13", "numpy": "2.3"},
            "scenarios": {"lone_ranger": 'title = "Lone <Ranger>"'}, "tables": {"society.csv": "ab" * 32}}


@pytest.fixture(scope="module")
def results():
    return {name: simulate(name, runs=RUNS, quarters=QUARTERS) for name in STARTS}


@pytest.fixture(scope="module")
def page(results, tmp_path_factory):
    return write(tmp_path_factory.mktemp("page"), results, MANIFEST)


def emptied(result, *names):
    """The result as if these indicators had never been measured."""
    rows = result.rows.copy()
    for name in names or rows.dtype.names:
        rows[name] = np.nan
    return replace(result, rows=rows)


class Reader(HTMLParser):
    """Collects what a browser would load, the ids, the text and the headings; notes tags that do not match."""

    VOID = frozenset({"meta", "link", "br", "hr", "img", "input"})

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.tags.append((tag, given))
        self.ids += [given["id"]] if given.get("id") else []
        self.links += [given["href"]] if tag == "a" else []
        self.loads += [value for key, value in attributes
                       if key in ("src", "srcset", "data", "poster") or (key == "href" and tag != "a")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ("style", "script"):
            self.text += data


def read(path):
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    assert not reader.open
    return reader


# ---------------------------------------------------------------- the page

def test_the_page_asks_nothing_of_a_network(page):
    reader, source = read(page), page.read_text(encoding="utf-8")
    assert reader.loads == []
    assert "script" not in {tag for tag, _ in reader.tags}
    assert "@import" not in source
    assert all(url.startswith("data:") for url in re.findall(r"url\(([^)]*)\)", source))
    assert all(link.startswith("#") and link[1:] in reader.ids for link in reader.links)
    assert len(reader.ids) == len(set(reader.ids))


def test_the_page_has_every_section_in_order_and_a_sentence_for_each_figure(page, results):
    reader = read(page)
    sections = ["futures", "happened", "adoption", "use", "late", "equity", "numbers", "why", "assumed", "left-out",
                "again"]
    assert [given["id"] for tag, given in reader.tags if tag == "section"] == sections
    pictures = [given for tag, given in reader.tags if tag == "svg"]
    assert len(pictures) == 2 * len(FIGURES)
    assert all(given["role"] == "img" and given["aria-label"] for given in pictures)
    for name, figure in draw(results).items():
        assert f"figure-{name}" in reader.ids
        assert figure.summary in reader.text
    assert "It explores, it does not forecast" in reader.text
    assert "every time scale is assumed" in " ".join(reader.text.split())
    assert headline(results) in reader.text
    assert f"All {len(PARAMETERS)} parameters" in reader.text
    for wanted in (MANIFEST["command"], MANIFEST["git"], "ab" * 32, 'title = "Lone <Ranger>"', "S97"):
        assert wanted in reader.text


def test_the_page_shows_what_a_manifest_has_and_no_more(results, tmp_path):
    text = " ".join(read(write(tmp_path, results, {}, save_figures=False)).text.split())
    assert ", git " not in text
    assert "SHA-256" not in text
    assert f"Seeds: 1 to {RUNS}." in text
    assert not (tmp_path / "figures").exists()


def test_equal_input_gives_equal_bytes_in_any_thread(results, page, tmp_path):
    again = [tmp_path / "a", tmp_path / "b"]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda folder: write(folder, results, MANIFEST), again))
    for folder in again:
        for file in sorted(page.parent.rglob("*.*")):
            assert (folder / file.relative_to(page.parent)).read_bytes() == file.read_bytes(), file.name


def test_a_lever_in_use_is_shown_with_its_source(tmp_path):
    used = simulate("lone_ranger", runs=2, quarters=12, levers=["FRCS@2+6*1.0"], shocks=["austerity@4"])
    text = read(write(tmp_path, {"mine": used}, {}, save_figures=False)).text
    assert "free-range civil servants" in text
    assert "S122 S166 S158" in text
    assert "from quarter 2 for 6 quarters, strength 1" in text
    assert "austerity" in text


# ---------------------------------------------------------------- figures

def test_where_a_figure_comes_from_is_inside_it(page):
    for name in FIGURES:
        with Image.open(page.parent / "figures" / f"{name}.png") as image:
            inside = json.loads(image.text["letsdance"])
            assert image.text["Title"]
            assert image.width == 1920
        assert inside["command"] == MANIFEST["command"]
        assert inside["starts"]["wasteland"]["runs"] == RUNS
        tree = ElementTree.parse(page.parent / "figures" / f"{name}.svg").getroot()
        assert json.loads(tree.findtext("{*}metadata")) == inside
        assert tree.findtext("{*}desc")
        assert "font/woff" in tree.findtext("{*}style")


@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_figures_work_for_any_number_of_results_and_any_names(results, count):
    given = list(results.values())
    named = {f"a town <{i}> & a rather long name of a scenario file": given[i % 4] for i in range(count)}
    for width in (960, NARROW):
        for figure in draw(named, width).values():
            tree = ElementTree.fromstring(figure.svg())
            for word in tree.iter("{http://www.w3.org/2000/svg}text"):
                style = dict(part.split(": ") for part in word.get("style").split("; "))
                size = float(style["font-size"].removesuffix("px")) / 0.75  # SVG counts points, a sheet pixels
                wide = text_width("".join(word.itertext()), size, style.get("font-weight") == "600")
                left = float(word.get("x")) / 0.75 - wide * {"middle": 0.5, "end": 1.0}.get(style["text-anchor"], 0.0)
                assert left > -1
                assert left + wide < width + 1, word.text
                assert 0 < float(word.get("y")) / 0.75 < figure.height
            assert "nan" not in figure.svg().lower().replace("finan", "").split("</style>")[1]
    assert len(set(colours(named).values())) == count


def test_nothing_measured_is_drawn_as_nothing(results, tmp_path):
    bare = emptied(results["wasteland"])
    for given in ({"wasteland": bare}, {**results, "wasteland": bare}):
        for figure in [*draw(given).values(), *draw(given, NARROW).values()]:
            assert Image.open(BytesIO(figure.png())).width == 2 * figure.width
        read(write(tmp_path, given, {}, save_figures=False))
    assert dict(paragraph("x", {"x": bare}))["Where it leads"] == "This was not measured."
    some = {"wasteland": emptied(results["wasteland"], "representativeness", "success_solo", "success_supported")}
    assert "No project ends in any run." in dict(paragraph("wasteland", some))["Who fails"]


def test_one_run_is_not_called_many(tmp_path):
    one = {"lone_ranger": simulate("lone_ranger", runs=1, quarters=10)}
    text = read(write(tmp_path, one, {}, save_figures=False)).text
    assert "of 1 runs" not in text
    assert "1 run of each start" in text
    assert "one run each" in FIGURES["late_adopter_gap"](one).svg()


def test_the_four_futures_keep_their_colours(results):
    assert colours(results) == COLOURS
    assert colours({"base": results["wasteland"]}) == {"base": COLOURS["wasteland"]}
    both = {"base": results["wasteland"], "wasteland": results["wasteland"]}
    assert colours(both)["wasteland"] == COLOURS["wasteland"]
    assert colours(both)["base"] not in COLOURS.values()
    assert titles(both) == {"base": "base", "wasteland": "Wasteland"}


def test_neither_pyplot_nor_any_of_matplotlib_is_imported():
    code = ("import sys; from letsdance.report import draw, glance, save, write; "
            "assert not [m for m in sys.modules if m.startswith('matplotlib')]")
    subprocess.run([sys.executable, "-c", code], check=True)


def test_save_and_glance(results, tmp_path):
    svg, png = save(FIGURES["futures"](results), tmp_path / "new", "plane", {"seed": 1})
    assert json.loads(Image.open(png).text["letsdance"]) == {"seed": 1}
    assert svg.read_text(encoding="utf-8").startswith("<svg")
    small = glance(results["lone_ranger"])
    ElementTree.fromstring(small)
    assert "src=" not in small
    assert FIGURES["futures"](results)._repr_html_().count("<svg") == 1


# ---------------------------------------------------------------- sentences, against numbers counted another way

@pytest.mark.parametrize("start", STARTS)
def test_sentences_agree_with_the_tables(results, start):
    result, said = results[start], dict(paragraph(start, results))
    society: pd.DataFrame = result.society
    final = society[society["quarter"] == QUARTERS]

    top = final[list(FUTURES)].mean().idxmax()
    assert FUTURES[top] in said["Where it leads"]
    assert said["Where it leads"].startswith(f"In {(final[top] > 0.5).sum()} of {RUNS} runs more than half")
    assert f": {percent(final[top].mean())} on average" in said["Where it leads"]
    low, high = final[top].quantile(0.1), final[top].quantile(0.9)
    assert f"(10–90 % of runs: {band(low, high)})" in said["Where it leads"]

    kinds = society[["launched_solo", "launched_joint", "launched_called"]].sum()
    for kind, words in zip(kinds.index, ("by citizens alone", "together", "at the government's call"), strict=True):
        share = percent(kinds[kind] / kinds.sum())
        assert f"{share} {words}" in said["Who begins"] or f"{share} are made {words}" in said["Who begins"]

    sums = society.sum(numeric_only=True)
    fails = said["Who fails"].lower()
    assert f"{percent(sums['unanswered_calls'] / sums['citizen_calls'])} of citizens' calls find too few" in fails
    dead = percent(sums["dead_calls"] / sums["government_calls"])
    assert f"{dead} of governments' calls are answered by nobody" in fails
    assert f"{percent(society.groupby('run')['success_solo'].mean().mean())} of those by citizens alone" in fails


def test_what_suffers_is_what_lies_furthest_below_the_best_start(results):
    ends = pd.DataFrame({name: r.society.query(f"quarter > {QUARTERS} - 8").mean(numeric_only=True)
                         for name, r in results.items()})
    said = dict(paragraph("dead_horse", results))["What suffers"]
    services = ends.loc["services"]
    assert services["dead_horse"] < 0.9 * services.max()
    assert f"({decimal(services['dead_horse'])}, against {decimal(services.max())} from " in said
    alone = {"wasteland": results["wasteland"]}
    assert "There is no other start" in dict(paragraph("wasteland", alone))["What suffers"]


def test_times_are_medians_over_all_runs_with_the_count_that_got_there(results):
    result = results["lets_dance"]
    table = result.adopters.query("view == 'ex_ante' and category in ['late_majority', 'laggards']")
    table = table.assign(ever=table["ever_adopted"].fillna(0) * table["governments"])
    both = table.groupby(["run", "quarter"])[["ever", "governments"]].sum()
    half = both[both["ever"] >= both["governments"] / 2 - 1e-9].reset_index().groupby("run")["quarter"].min()
    times = half.reindex(range(RUNS)).fillna(np.inf).sort_values().to_numpy()
    assert late_half(result) == (times[(RUNS - 1) // 2], len(half))
    assert reached(results["wasteland"], 0.5) == (np.inf, 0)
    assert "have not adopted" in dict(paragraph("wasteland", results))["When the late ones come"]


def test_the_headline_counts_where_municipalities_are(results):
    for result in results.values():
        began = max(FUTURES, key=lambda name: result.rows[name][:, 0].mean())
        number = [*FUTURES].index(began)
        assert stayed(result) == ((result.regime[:, -1, :] == number).mean(axis=1) > 0.5).sum()
    if all(2 * stayed(r) > RUNS for r in results.values()):
        assert headline(results) == (f"All four starts keep their hold: after {QUARTERS} quarters ({QUARTERS // 4} years) "
                                     "most municipalities are where they began.")
    rows = results["wasteland"].rows.copy()
    for name in FUTURES:
        rows[name][:, -1] = name == "lets_dance"
    moved = {**results, "wasteland": replace(results["wasteland"], rows=rows)}
    assert "from Wasteland, the largest group of municipalities moves to Let's dance" in headline(moved)


def test_the_headline_begins_with_what_was_done_and_never_hides_who_leads(results):
    bare = results["lone_ranger"]
    acted = simulate("lone_ranger", runs=RUNS, quarters=QUARTERS, levers=["FRCS@4+8"])
    said = headline({"shown": acted, "reference": bare})
    assert said.startswith("Free-range civil servants (24 points), from ")  # 8 quarters of 3 points
    assert f"after {QUARTERS / 4:g} years ({QUARTERS} quarters)" in said
    ends = [float(one.rows["lets_dance"][:, -1].mean()) for one in (acted, bare)]
    dancing = [Text().of_ten(ends[0]), Text().of_ten(ends[1], "_short")]
    assert f"{dancing[0]} are in Let's dance, {dancing[1]} without" in said
    leads = int((acted.rows["lone_ranger"][:, -1] > 0.5).sum())
    assert f"Lone Ranger still leads, with more than half in {leads} of {RUNS} runs." in said


def test_adoption_by_category_is_the_table_of_adopters(results):
    result = results["lets_dance"]
    table = result.adopters.query("view == 'ex_ante'")["ever_adopted"].to_numpy().reshape(RUNS, QUARTERS + 1, 5)
    np.testing.assert_allclose(ever_adopted_by_category(result), table)


# ---------------------------------------------------------------- small things

def test_numbers_never_say_more_or_less_than_they_are():
    said = {0.0: "0 %", 0.001: "under 1 %", 0.164: "16 %", 0.999: "over 99 %", 1.0: "100 %", np.nan: "not measured"}
    assert {value: percent(value).replace("\u00a0", " ") for value in said} == said
    assert [decimal(-0.04), decimal(-1.26), decimal(0.01), decimal(2.0)] == ["0.0", "−1.3", "under 0.1", "2.0"]
    assert [points(0.01), points(0.124)] == ["1 percentage point", "12 percentage points"]
    assert band(0.7, 0.93).replace("\u00a0", " ") == "70–93 %"
    assert band(0.001, 0.5).replace("\u00a0", " ") == "under 1 % to 50 %"
    assert band(np.nan, 0.5) == ""


def test_spread_is_numpys_quantile_of_what_was_measured():
    values = np.random.default_rng(1).random((20, 30))
    values[values < 0.2] = np.nan
    values[:, 3] = np.nan
    known = np.delete(values, 3, axis=1)
    expected = [np.nanquantile(known, 0.1, axis=0), np.nanmean(known, axis=0), np.nanquantile(known, 0.9, axis=0)]
    np.testing.assert_allclose(np.delete(spread(values), 3, axis=1), expected)
    assert np.isnan(spread(values)[:, 3]).all()


def test_labels_are_moved_apart_as_little_as_needed():
    assert spaced([10, 50], 17, 0, 100) == [10, 50]
    assert spaced([50, 50, 50], 10, 0, 100) == [40, 50, 60]
    placed = spaced([98, 99, 100], 10, 0, 100)
    assert placed == [80, 90, 100]
    assert all(text_width(line, 14) <= 120 for line in wrap("the quick brown fox jumps over the lazy dog", 120, 14))


def test_a_line_breaks_where_nothing_was_measured():
    figure = Figure("t", "s", 100)
    figure.line([(0, 0), (10, 0), (np.nan, 0), (20, 0), (30, 0), (40, np.nan), (50, 0)], "#000000")
    figure.foot(20, "")
    assert figure.svg().count("stroke: #000000") == 2


def _colours(pdf):
    """The colours that a PDF fills and strokes with, greys left out: (red, green, blue)."""
    streams = (zlib.decompress(part) for part in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
               if part[:1] == b"x")
    found = {one for drawn in streams for one in re.findall(rb"([\d.]+) ([\d.]+) ([\d.]+) (?:rg|RG)\b", drawn)}
    return {one for one in found if len(set(map(float, one))) > 1}


def test_a_figure_for_print_has_its_width_and_no_title(tmp_path):
    result = simulate("lone_ranger", runs=2, quarters=8, parameters={"municipalities": 3, "citizens": 20})
    figure = draw({"lone_ranger": result})["futures"]
    *_, pdf = save(figure, tmp_path, "futures", {"seed": 1}, width_mm=84)
    said = pdf.read_bytes()
    width, height = map(float, re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", said).groups())
    assert width == pytest.approx(84 / 25.4 * 72, abs=0.01)
    whole = figure.pdf(84, title=True)
    assert height < float(re.search(rb"/MediaBox \[ 0 0 [\d.]+ ([\d.]+) \]", whole)[1])  # title and last lines are left out
    assert said == save(figure, tmp_path, "again", {"seed": 1}, width_mm=84)[2].read_bytes()
    assert b"Inter" in said  # the font is inside
    assert _colours(said)
    assert not _colours(save(figure, tmp_path, "plain", width_mm=84, plain=True)[2].read_bytes())
    for width in (5, "84", True, float("nan")):
        with pytest.raises(Refused, match="number of millimetres from 20 to 1,000"):
            save(figure, tmp_path / "no", "no", width_mm=width)
    assert not (tmp_path / "no").exists()
