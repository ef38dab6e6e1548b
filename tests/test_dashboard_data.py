"""Data: tables that people bring, guessed and checked by line; what can be taken away, compared with simulate."""
# ruff: noqa: F811 (a fixture that is imported is named again by each test that asks for it)

from __future__ import annotations

import base64
import gzip
import io
import re
import xml.etree.ElementTree
import zipfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import solara
from browser import axe_finds_none_dark_or_small, browser_type_launch_args, drawn, fits, redrawn, sized, visit  # noqa: F401  (fixtures)
from hypothesis import given, settings
from hypothesis import strategies as some
from playwright.sync_api import expect
from scipy import stats

from letsdance import scenarios
from letsdance.dashboards import compute, downloads, tables
from letsdance.dashboards.pages import data as page_data
from letsdance.dashboards.state import View, from_file, from_link, to_file, to_link
from letsdance.dashboards.tables import Choice
from letsdance.experiments.adopters.data import Invalid, read_survey
from letsdance.experiments.folder import content_hash
from letsdance.experiments.folder import tables as kept_tables
from letsdance.params import Refused
from letsdance.scenarios.policy import Policy
from letsdance.scenarios.tables import Upload
from letsdance.simulation import simulate
from letsdance.simulation.municipalities import load, to_csv
from letsdance.words import Text

DUTCH = """Gemeente;Aantal inwoners;Bereidheid burgers;Bereidheid overheid;Vertrouwen;Code
Baarn;24.950;0,71;0,4;0,44;GM1
Zeist;66.500;0,58;;0,47;GM2
"""
SURVEY = "respondent,gemeente,bereidheid (1-5)\n" + "".join(
    f"{who},{town},{answer}\n" for who, town, answers in (
        ("burger", "Baarn", "4534"), ("ambtenaar", "Baarn", "231"), ("inwoner", "Soest", "5445"),
        ("ambtenaar", "Soest", "2"))
    for answer in answers)


def upload(text, name="x.csv"):
    return Upload(name, text if isinstance(text, bytes) else text.encode())


def sheet_of(text, choice=None):
    choice = choice or tables.guess(upload(text))
    return tables.read(upload(text), choice.separator), choice


# ---------------------------------------------------------------- guessing

@given(some.floats(0, 1e9), some.integers(0, 3), some.sampled_from(["en", "nl"]))
def test_numbers_as_the_dashboard_writes_them_are_read_back(value, digits, language):
    text = Text(language).number(value, digits)
    assert tables.number(text, "point" if language == "en" else "comma") == float(f"{value:.{digits}f}")


@pytest.mark.parametrize(("text", "decimal"), [
    ("", "point"), ("x", "point"), ("0,6", "point"), ("0.6", "comma"), ("1.2.3", "point"), ("nan", "point"),
    ("inf", "point"), ("1e5", "point"), ("12-3", "comma"), ("4 of 5", "point")])
def test_what_is_no_number(text, decimal):
    assert np.isnan(tables.number(text, decimal))


def test_a_dutch_table_of_municipalities_is_guessed():
    assert tables.guess(upload(DUTCH)) == Choice("municipalities", "semicolon", "comma", (
        "name", "citizens", "willingness", "government_willingness", "trust", ""), "told")


def test_a_survey_is_guessed_and_its_header_may_tell_the_scale():
    wanted = Choice("survey", "comma", "point", ("role", "municipality", "willingness"), "five")
    assert tables.guess(upload(SURVEY)) == wanted
    assert tables.guess(upload(SURVEY.replace(" (1-5)", ""))) == replace(wanted, scale="")  # somebody has to confirm it


@pytest.mark.parametrize("kind", tables.KINDS)
def test_the_examples_are_guessed_and_have_no_bad_row(kind):
    sheet, choice = sheet_of(page_data.EXAMPLES[kind])
    assert choice.kind == kind
    assert not tables.open_questions(choice)
    assert not tables.check(sheet, choice).bad


@pytest.mark.parametrize("column", ["willingness", "Bereidheid", "ANSWER", "score"])
@pytest.mark.parametrize("separator", tables.SEPARATORS)
def test_names_and_separators(column, separator):
    sign = tables.SEPARATORS[separator]
    text = f"Role{sign}{column}\ncitizen{sign}0.5\nofficial{sign}0.25\n"
    assert tables.guess(upload(text)) == Choice("survey", separator, "point", ("role", "willingness"), "told")


@pytest.mark.parametrize(("answers", "scale"), [
    ("0 0.5 1", "told"), ("1 3 5", ""), ("1 1 1", ""), ("0 1 1", "told"), ("0.5 4 3", ""), ("1 2 6", ""), ("x", ""),
    ("eens oneens", "told"), ("20% 80%", "told")])
def test_the_scale_is_told_or_asked(answers, scale):
    text = "role,willingness\n" + "".join(f"citizen,{answer}\n" for answer in answers.split())
    choice = tables.guess(upload(text))
    assert choice.scale == scale
    assert (("data.ask_scale", "") in tables.open_questions(choice)) == (not scale)


@pytest.mark.parametrize(("scale", "low", "high"), [
    ("share", 0, 1), ("four", 1, 4), ("five", 1, 5), ("seven", 1, 7), ("from_0", 0, 10), ("ten", 1, 10),
    ("percent", 0, 100)])
def test_each_scale_makes_the_shares_that_its_ends_say(scale, low, high):
    rows = [("citizen", low), ("citizen", high), ("official", high)]
    text = "who,score\n" + "".join(f"{who},{value}\n" for who, value in rows)
    draft = page_data.chosen(page_data.opened(upload(text)), "scale", scale)
    assert tables.check(draft.sheet, draft.choice).read.start() == {"C": 0.5, "G": 1.0}
    towns = upload(f"name,citizens,trust,T0\nAsh,20,{low},\nElm,30,{high},\n")
    towns = page_data.chosen(page_data.opened(towns), "scale", scale)
    assert tables.check(towns.sheet, towns.choice).read.given["trust"].tolist() == [0, 1]


@pytest.mark.parametrize(("header", "asked"), [
    ("gemeente,bereidheid", [("data.ask_kind", "")]), ("a,b", [("data.ask_kind", "")]),
    ("role,willingness", []), ("name,citizens", [])])
def test_what_cannot_be_guessed_is_asked(header, asked):
    row = {"role": "citizen", "willingness": "0.4", "name": "Ash", "citizens": "20"}
    choice = tables.guess(upload(f"{header}\n{','.join(row.get(c, '0.4') for c in header.split(','))}\n"))
    assert tables.open_questions(choice) == asked


def test_a_column_chosen_twice_or_missing_is_asked():
    choice = tables.guess(upload("name,citizens,t\nAsh,20,0.5\n"))
    twice = replace(choice, columns=("name", "citizens", "citizens"))
    assert ("data.ask_once", "citizens") in tables.open_questions(twice)
    assert ("data.ask_column", "citizens") in tables.open_questions(replace(choice, columns=("name", "", "trust")))


@pytest.mark.parametrize(("content", "words"), [
    (b"", "is empty"), (b"  \n\n", "is empty"), (b"PK\x03\x04\x14\x00", "workbook"), (b"a,b\n1,\x002\n", "not text"),
    (b'a,b\n"' + b"x" * 200_000, "short cells"), (b"$FL2@(#) SPSS", "SPSS"), (b"{}", "JSON")])
def test_what_is_no_table_is_refused_by_the_one_reader(content, words):
    with pytest.raises(Refused, match=re.escape(words)):
        tables.guess(upload(content))


#: One table, saved in ways of which the command's reader and the page must make the same.
SAVED = {
    "plain": DUTCH, "BOM": "\ufeff" + DUTCH, "UTF-16": DUTCH.encode("utf-16"), "Windows-1252": DUTCH.encode("cp1252"),
    "CR": DUTCH.replace("\n", "\r"), "blank lines": "\n\n" + DUTCH.replace("\n", "\n\n"), "sep=": "sep=;\n" + DUTCH,
    "columns of nothing": DUTCH.replace("\n", ";;\n"), "bars": DUTCH.replace(";", "|"), "tabs": DUTCH.replace(";", "\t"),
    "title": "Gemeenten 2024\n\n" + DUTCH, "source": DUTCH + "\nBron: CBS\n",
    "gz": gzip.compress(DUTCH.encode(), mtime=0),
    "percent": DUTCH.replace("0,71", "71%").replace("0,58", "58%").replace("0,44", "44%").replace("0,47", "47 %").replace(
        "0,4;", "40%;"), "quotes": "\n".join(";".join(f'"{cell}"' for cell in row.split(";"))
                          for row in DUTCH.splitlines()),
}


@pytest.mark.parametrize("saved", SAVED)
def test_the_page_reads_a_file_as_the_command_reads_it(saved):
    draft = page_data.opened(upload(SAVED[saved]))
    assert not tables.open_questions(draft.choice)
    found, plain = tables.check(draft.sheet, draft.choice), load(upload(DUTCH))
    assert not found.bad
    assert to_csv(found.read) == to_csv(plain) == to_csv(load(upload(SAVED[saved])))
    for language in ("en", "nl"):
        says = page_data.confirmed(draft, View(), Text(language))["says"]
        assert any(("Read:" if language == "en" else "Gelezen:") in one for one in says), says
        if language == "nl":
            assert not re.search(r"between|above|below|quotes|unpacked|left out", " ".join(says)), says


def test_a_workbook_has_no_separator_and_is_read():
    file = io.BytesIO()
    pd.DataFrame({"gemeente": ["Baarn", "Zeist"], "inwoners": [24950, 66500]}).to_excel(file, index=False, startrow=2)
    draft = page_data.opened(upload(file.getvalue(), "x.xlsx"))
    assert draft.choice.separator == ""
    assert page_data.confirmed(draft, View(), Text())["options"]["separator"] == []
    assert tables.check(draft.sheet, draft.choice).read.citizens.tolist() == [24950, 66500]


def test_several_items_make_one_scale_and_an_item_may_be_reversed():
    text = "rol;bereid_1;bereid_2;bereid_3_omgekeerd\nburger;1;2;5\nburger;5;4;1\nambtenaar;3;3;3\n"
    draft = page_data.chosen(page_data.opened(upload(text)), "scale", "five")
    assert draft.choice.columns == ("role", "willingness", "willingness", "willingness")
    found = tables.check(draft.sheet, draft.choice).read
    assert found.start() == read_survey(upload(text), "1-5").start() == {"C": 0.5, "G": 0.5}
    assert "alfa" in " ".join(page_data.confirmed(draft, View(), Text("nl"))["says"])


# ---------------------------------------------------------------- bad rows, by line

BAD = """Gemeente,Inwoners,Bereidheid,Vertrouwen
Ash,20,0.5,0.5
Birch,x,0.5,0.5

Cedar,20,1.5,0.5
Ash,20,0.5,0.5
,20,0.5,0.5
Fir,0,0.5,0.5
Gum,2.5,0.5,y
Hazel,20,,
"""


def test_bad_municipalities_are_listed_by_line_and_are_those_that_the_model_refuses():
    sheet, choice = sheet_of(BAD)
    found = tables.check(sheet, choice)
    assert sorted({(p.line, p.column) for p in found.bad}) == [
        (3, "Inwoners"), (5, "Bereidheid"), (6, "Gemeente"), (7, "Gemeente"), (8, "Inwoners"), (9, "Inwoners"),
        (9, "Vertrouwen")]
    assert found.read.names == ("Ash", "Hazel")
    assert (found.good, found.out) == (2, 6)
    dutch = [row[3] for row in page_data.confirmed(page_data.opened(upload(BAD)), View(), Text("nl"))["bad"]]
    assert not any(re.search(r"\b(must|missing|there|such as)\b", one) for one in dutch), dutch
    with pytest.raises(Invalid) as refused:
        load(upload(BAD))
    assert set(refused.value.report["line"]) <= {p.line for p in found.bad}


@settings(max_examples=25, deadline=None)
@given(some.lists(some.tuples(
    some.sampled_from(["citizen", "Official", "tree", ""]),
    some.sampled_from(["1", "3", "5", "6", "2.5", "", "x", "n.v.t."])).filter(any), min_size=1, max_size=12))
def test_bad_answers_are_those_that_the_experiments_refuse(answers):
    text = "role,willingness\n" + "".join(f"{who},{value}\n" for who, value in answers)
    sheet, choice = sheet_of(text, Choice("survey", "comma", "point", ("role", "willingness"), "five"))
    found = tables.check(sheet, choice)
    if not found.bad:
        assert found.read.start() == pytest.approx(read_survey(upload(text), "1-5").start())
        return
    with pytest.raises(Invalid):
        read_survey(upload(text), "1-5")
    good = [row for k, row in enumerate(answers) if k + 2 not in {p.line for p in found.bad}]
    if found.read is not None:
        again = "role,willingness\n" + "".join(f"{who},{value}\n" for who, value in good)
        assert found.read.start() == pytest.approx(read_survey(upload(again), "1-5").start())


def test_the_survey_gives_means_with_the_textbook_interval():
    checked = tables.check(*sheet_of(SURVEY))
    assert not checked.bad
    found = {(m.role, m.municipality): m.value for m in tables.means(checked.read)}
    answers = (np.array([4, 5, 3, 4, 5, 4, 4, 5]) - 1) / 4
    wanted = stats.ttest_1samp(answers, 0).confidence_interval(0.95)
    all_citizens = found["citizen", ""]
    assert (all_citizens.n, all_citizens.mean) == (8, pytest.approx(answers.mean()))
    assert (all_citizens.low, all_citizens.high) == pytest.approx((wanted.low, min(wanted.high, 1)))
    assert found["official", "Soest"].mean == 0.25
    assert np.isnan(found["official", "Soest"].low)
    assert list(found)[:2] == [("citizen", ""), ("official", "")]


# ---------------------------------------------------------------- starting from it

def test_municipalities_start_a_view_that_link_and_file_restore():
    draft = page_data.opened(upload(DUTCH, "gemeenten.csv"))
    view, key, fills = page_data.started(draft, View("data"))
    assert (key, fills["n"]) == ("data.started_municipalities", 2)
    assert from_link(to_link(view), "data") == view
    assert from_file("x.toml", to_file(view)) == view
    towns = compute.simulated(view.policy, 1, 20, compute.Token(), view.places).places
    assert towns.names == ("Baarn", "Zeist")
    assert list(towns.citizens) == [round(24950 / 5), round(66500 / 5)]  # 91,450 of them, 5 for each: below 20,000
    assert towns.given["willingness"] == pytest.approx([0.71, 0.58])
    assert np.isnan(towns.given["government_willingness"][1])


def test_few_inhabitants_are_kept_as_they_are():
    frame = pd.DataFrame({"name": ["Ash", "Birch"], "citizens": [8, 400]})
    assert list(load(pd.read_csv(io.StringIO(tables.places_csv(frame, 100)))).citizens) == [8, 10]
    assert tables.scaled_down([20_000]) == 1
    assert tables.scaled_down([20_001]) == 2
    assert tables.scaled_down([17_500_000]) == 1000


def test_a_survey_starts_both_sides_or_each_municipality():
    draft = page_data.opened(upload(SURVEY, "enquete.csv"))
    view, key, _ = page_data.started(draft, View("data"))
    start = tables.check(*sheet_of(SURVEY)).read.start()
    assert key == "data.started_survey"
    assert (view.policy.value("C0"), view.policy.value("G0")) == pytest.approx((start["C"], start["G"]), abs=1e-4)
    assert view.places == ""
    by_town, *_ = page_data.started(page_data.chosen(draft, "by_town", True), View("data"))
    towns = compute.simulated(by_town.policy, 1, 20, compute.Token(), by_town.places).places
    assert towns.names == ("Baarn", "Soest")
    assert towns.given["government_willingness"] == pytest.approx([0.25, 0.25])
    assert towns.given["willingness"] == pytest.approx([0.75, 0.875])


def test_more_citizens_than_can_run_are_refused():
    draft = page_data.opened(upload("name,citizens\nAsh,5000000\n"))
    page_data.started(draft, View())  # as guessed, each stands for several
    with pytest.raises(Refused, match=re.escape("data.per_too_many")):
        page_data.started(page_data.chosen(draft, "per", 1), View())


def test_a_table_too_long_for_a_link_is_in_the_file_and_comes_back():
    text = "name,citizens\n" + "".join(f"{sha256(str(k).encode()).hexdigest()},{1 + k % 37}\n" for k in range(3000))
    draft = page_data.chosen(page_data.opened(upload(text)), "per", 1)
    places = tables.places_csv(tables.check(*sheet_of(text)).read, 1)
    assert from_file("x.toml", to_file(View(places=places))).places == places
    assert page_data.started(draft, View())[0].places == places


def test_more_towns_than_can_run_are_refused():
    text = "name,citizens\n" + "".join(f"A{k},11\n" for k in range(20_001))
    with pytest.raises(Refused, match=re.escape("data.too_many_towns")):
        page_data.started(page_data.opened(upload(text)), View())


def test_what_starts_comes_back_from_its_file_and_what_could_not_is_refused():
    def draft(letters):
        return page_data.opened(upload("name,citizens\n" + "".join(f"{'n' * letters}{k},11\n" for k in range(8000))))

    view, *_ = page_data.started(draft(240), View())
    assert len(view.places) > 0.98 * page_data.MOST_KEPT
    assert from_file("x.toml", to_file(view)).places == view.places
    with pytest.raises(Refused, match=re.escape("data.too_long")):
        page_data.started(draft(250), View())


def test_a_survey_is_not_overruled_by_what_municipalities_bring():
    places = "name,citizens,willingness,government_willingness,trust\nAsh,40,0.1,0.2,0.7\n007,30,0.1,,0.6\n"
    answers = page_data.opened(upload("who,score\ncitizen,0.8\ncitizen,0.9\n"))
    view, *_ = page_data.started(answers, View(places=places))
    assert view.policy.value("C0") == pytest.approx(0.85)
    assert view.places == "name,citizens,government_willingness,trust\nAsh,40,0.2,0.7\n007,30,,0.6\n"


def test_a_file_is_opened_again_as_it_stood():
    draft = page_data.opened(upload(DUTCH))
    assert page_data.reopened(upload(DUTCH), draft.picks()) == draft
    for name, value in (("decimal", "point"), ("column.2", ""), ("column.5", "trust"), ("scale", "five"), ("per", 7),
                        ("kind", "survey"), ("column.1", "role"), ("by_town", True), ("separator", "tab")):
        draft = page_data.chosen(draft, name, value)
        assert page_data.reopened(upload(DUTCH), draft.picks()) == draft, name
    kept = page_data.opened(upload(DUTCH))
    assert page_data.reopened(upload(DUTCH), {"column.99": "trust", "column.x": "trust", "odd": 1}) == kept


def test_answers_beyond_the_scale_are_said_to_be_on_another():
    for answers, high in (("1 2 6 3", 5), ("0.2 0.4 1.4", 1)):
        text = "who,score\n" + "".join(f"citizen,{answer}\n" for answer in answers.split())
        draft = page_data.chosen(page_data.opened(upload(text)), "scale", "five" if high == 5 else "share")
        assert f"above {high}: 1" in page_data.confirmed(draft, View(), Text())["warned"]
    below = page_data.opened(upload("who,score\ncitizen,0.4\ncitizen,-3\n"))
    assert page_data.confirmed(below, View(), Text())["warned"] == ""


@pytest.mark.parametrize("value", [0, -1, 2.5, "x", None, 10**7])
def test_inhabitants_for_each_citizen_must_be_a_whole_number(value):
    with pytest.raises(Refused, match=re.escape("data.per_wrong")):
        page_data.chosen(page_data.opened(upload(DUTCH)), "per", value)


def test_another_separator_kind_scale_and_column():
    draft = page_data.opened(upload(DUTCH))
    bars = page_data.chosen(draft, "separator", "bar")
    assert len(bars.choice.columns) == 1
    assert ("data.ask_column", "citizens") in tables.open_questions(bars.choice)
    assert page_data.chosen(bars, "separator", "semicolon") == draft
    with pytest.raises(Refused, match="check the separators"):  # decimal commas are no columns
        page_data.chosen(draft, "separator", "comma")
    survey = page_data.chosen(draft, "kind", "survey")
    assert survey.choice.columns == ("municipality", "", "willingness", "", "trust", "")
    assert page_data.chosen(draft, "scale", "five").choice.scale == "five"
    assert page_data.chosen(draft, "column.5", "trust").choice.columns[5] == "trust"
    assert page_data.chosen(draft, "column.5", "nonsense").choice == draft.choice


# ---------------------------------------------------------------- what is taken away

@pytest.fixture(scope="module")
def taken():
    view = View("data", Policy.of("lone_ranger", quarters=20).with_parameter("k", 1.2), seed=3)
    pair = next(compute.pairs(view, compute.Token()))
    results = downloads.named(pair, view)
    file = downloads.file("zip", "all", "zip", results, view)
    with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
        return view, {name: archive.read(name) for name in archive.namelist()}, results


def test_tables_are_those_of_simulate(taken):
    _, files, _ = taken
    own = {"lone_ranger": simulate("lone_ranger", 20, 20, 3, {"k": 1.2}), "reference": simulate("lone_ranger", 20, 20, 3)}
    for name, wanted in kept_tables(own).items():
        parquet = pd.read_parquet(io.BytesIO(files[f"tables/{name}.parquet"]))
        assert content_hash(parquet) == content_hash(wanted)
        csv = pd.read_csv(io.BytesIO(files[f"tables/{name}.csv"]))
        pd.testing.assert_frame_equal(csv, wanted.astype(csv.dtypes.to_dict()), check_exact=False, rtol=1e-12)


def test_scenario_files_make_the_same_numbers_again(taken):
    view, files, results = taken
    assert from_file("lone_ranger.toml", files["lone_ranger.toml"].decode()) == view
    for name, result in results.items():
        story = scenarios.read(name, f"{name}.toml", files[f"{name}.toml"].decode())
        again = simulate(story, runs=20, seed=3)
        np.testing.assert_array_equal(again.rows["C"], result.rows["C"])
    assert downloads.command(results, view) == "letsdance run lone_ranger.toml reference.toml --runs 20 --seed 3"


def test_report_and_figures_say_how_they_were_made(taken):
    view, files, results = taken
    report = files["report.html"].decode()
    assert report.startswith("<!DOCTYPE html>") or report.startswith("<!doctype html>")
    assert downloads.command(results, view) in report
    assert "It explores, it does not forecast" in report
    figures = [name for name in files if name.endswith(".svg")]
    assert len(figures) == sum(name.endswith(".png") for name in files) >= 8
    for name in figures:
        root = xml.etree.ElementTree.fromstring(files[name])
        assert root.tag.endswith("svg")
        assert downloads.command(results, view) in files[name].decode().replace("&quot;", '"')
        assert files[name.replace(".svg", ".png")].startswith(b"\x89PNG")


def test_own_municipalities_are_taken_too():
    view = View("data", Policy.of("lone_ranger", quarters=8), places="name,citizens\nAsh,25\nBirch,40\n")
    assert ("places", "municipalities", ("csv",)) in downloads.listed(view)
    pair = next(compute.pairs(view, compute.Token()))
    results = downloads.named(pair, view)
    assert list(results) == ["lone_ranger"]  # nothing differs from the reference
    assert downloads.file("places", "municipalities", "csv", results, view).content.decode() == view.places
    assert downloads.command(results, view).endswith("--seed 1")  # the table is in the file


@pytest.mark.parametrize("places", [
    "name,citizens,willingness,government_willingness\nAsh,25,0.9,0.81\nBirch,400,0.1234567890123456789,\n",
    'name,citizens,G\r\n"Ash, ""North""",25,0.9\r\n"[start]",40,0.2\r\n',
    'name,citizens,C\n007,9,.3\nNA,9,.1\n"""a\\",9,""'])
def test_what_was_on_screen_with_own_municipalities_runs_again_from_the_file_and_the_zip(places, tmp_path):
    view = View("data", Policy.of("wasteland", quarters=8).with_parameter("k", 1.5), seed=3, places=places)
    pair = next(compute.pairs(view, compute.Token()))
    results, content = downloads.named(pair, view), to_file(view)
    assert from_file("wasteland.toml", content) == view == from_link(to_link(view), "data")
    (tmp_path / "mine.toml").write_text(content, encoding="utf-8", newline="")
    again = simulate(tmp_path / "mine.toml", runs=20, seed=3)
    assert again.places.names == pair.result.places.names
    pd.testing.assert_frame_equal(again.society, pair.result.society, check_exact=True)
    usual = simulate(view.policy.scenario(), runs=20, seed=3)
    assert not np.array_equal(again.rows["C"], usual.rows["C"])  # the table matters
    with zipfile.ZipFile(io.BytesIO(downloads.zipped(results, view).content)) as archive:
        assert archive.read("municipalities.csv").decode() == places
        for name, wanted in (("wasteland", pair.result), ("reference", pair.reference)):
            story = scenarios.read(name, f"{name}.toml", archive.read(f"{name}.toml").decode())
            pd.testing.assert_frame_equal(simulate(story, runs=20, seed=3).society, wanted.society, check_exact=True)


@pytest.mark.parametrize("language", ["en", "nl"])
def test_a_charts_table_is_written_with_numbers_as_numbers(language):
    text, values = Text(language), [1234.5, -0.25, 0.0]
    rows = [[str(4 * k), text.number(v, 2), text.band(v, v + 1), text.percent(v), "–"] for k, v in enumerate(values)]
    names = ["quarter", "mean", "10-90 %", "share", "10-90 %"]
    frame = pd.read_parquet(io.BytesIO(downloads.written(names, rows, language)))
    assert list(frame) == ["quarter", "mean", "10-90 %", "share", "share: 10-90 %"]
    assert frame["mean"].tolist() == values
    assert frame["share"].tolist() == [123450.0, -25.0, 0.0]
    assert frame["10-90 %"].tolist() == [row[2] for row in rows]
    assert frame["share: 10-90 %"].isna().all()


def test_every_figure_and_table_has_a_title_in_both_languages():
    for language in ("en", "nl"):
        rows = page_data.take_rows(View(places="name,citizens\nAsh,25\n"), Text(language))
        assert all(row["title"] for group in rows for row in group["rows"])


# ---------------------------------------------------------------- in a browser

def choose(page, name, text, encoding="utf-8"):
    page.locator(".ld-own input[accept*=csv]").set_input_files(
        files=[{"name": name, "mimeType": "text/csv", "buffer": text.encode(encoding)}])


TOWNS = DUTCH.replace("Zeist;66.500", "Zeist;1.500") + "".join(f"Plaats {k};1.{k:03d};0,6;0,3;0,5;\n" for k in range(38))


@pytest.mark.parametrize("size", ["laptop", "phone"])
def test_a_table_is_confirmed_and_started_from(visit, size):
    page = visit("/data", size)
    before = drawn(page)
    choose(page, "gemeenten.csv", TOWNS + "Zeist;1.000;0,5;;;\n", "utf-8" if size == "laptop" else "utf-16")
    expect(page.get_by_label("This table holds")).to_have_value("municipalities")
    expect(page.get_by_label("What it means: Bereidheid burgers")).to_have_value("willingness")
    expect(page.get_by_text("40 of 41 rows can be used. Left out: 1.")).to_be_visible()
    expect(page.locator(".ld-bad tbody tr")).to_have_text(re.compile("42.*Gemeente.*Zeist.*is there already, in line 3"))
    total = 24_950 + 1_500 + sum(1_000 + k for k in range(38))
    expect(page.get_by_text(f"40 municipalities with {total:,} inhabitants")).to_be_visible()
    page.get_by_role("button", name="Start from it (rows left out: 1)").click()
    expect(page.get_by_text("Started from gemeenten.csv. Municipalities: 40. Rows left out: 1.")).to_be_visible()
    redrawn(page, before)
    expect(page.get_by_text("your 40 municipalities with")).to_be_visible()
    if size == "laptop":
        fits(sized(page, "projector"))
    fits(sized(page, size))
    link = from_link(page.url.partition("?")[2], "data")
    assert [row.split(",")[0] for row in link.places.splitlines()[1:4]] == ["Baarn", "Zeist", "Plaats 0"]
    assert page_data.citizens_of(link.places) == pytest.approx(total / 5, abs=40)
    if size == "phone":
        page.get_by_role("button", name="Back to the usual municipalities").click()
        expect(page.get_by_text("40 municipalities of 25 citizens each")).to_be_visible()
        page.wait_for_function("(before) => document.querySelector('[data-chart]').dataset.stamp === before", arg=before)
    else:
        page.get_by_role("button", name="Explore from here").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("as it stands")


def test_a_survey_by_keyboard_asks_what_it_cannot_know(visit):
    page = visit("/data")
    choose(page, "answers.csv", "who,score\ncitizen,1\ncitizen,1\nofficial,1\n")
    expect(page.get_by_role("alert")).to_contain_text("do not tell the scale")
    expect(page.get_by_role("button", name="Start from it")).to_have_count(0)
    page.get_by_label("Answers run from").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".ld-means tbody tr").first).to_contain_text("citizens")
    page.get_by_role("button", name="Start from it").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Started from answers.csv: citizens 1.00, governments 1.00.")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Explore from here")).to_be_focused()


def test_each_kind_of_bad_file_is_refused_in_a_sentence(visit):
    page = visit("/data")
    for name, text, said in (
            ("empty.csv", "", "is empty"), ("head.csv", "name,citizens\n", "has no rows"),
            ("book.xlsx", "PK\x03\x04\x14\x00\x06", "Save it as CSV"),
            ("long.csv", 'a,b\n"' + "x" * 200_000, "cannot be read"),
            ("huge.csv", "name,citizens\n" + "Ash,1\n" * 900_000, "larger than 5 MB"),
            ("odd.csv", "a,b\n1,2\n", "do not tell what this table holds"),
            ("six.csv", "who,score\ncitizen,6\nofficial,2\n", "do not tell the scale"),
            ("over.csv", "who,score\ncitizen,0.6\nofficial,0.2\nofficial,4.5\n", "do not tell the scale"),
            ("percent.csv", "name,citizens,willingness\nAsh,20,55\nElm,9,3\n", "do not tell the scale")):
        choose(page, name, text)
        expect(page.locator(".ld-own [role=alert]")).to_contain_text(said)
    choose(page, "windows.csv", "naam;inwoners;bereidheid\nÅsa;1.200;0,5\n\nÅsa;20;-0,5\nElm;30;0,4\n", "windows-1252")
    bad = [re.compile("4.*bereidheid.*-0,5.*from 0 to 1"), re.compile("4.*naam.*Åsa.*line 2")]
    expect(page.locator(".ld-bad tbody tr")).to_have_text(bad)
    choose(page, "bad.csv", "name,citizens\nAsh,x\n")
    expect(page.get_by_text("No row can be used.")).to_be_visible()
    expect(page.get_by_role("button", name="Start from it")).to_have_count(0)


def test_a_table_outlives_a_reload_and_another_page_and_its_start_is_undone(visit):
    page = visit("/data")
    before = drawn(page)
    choose(page, "towns.csv", "name,citizens,t\nAsh,40,0.4\nBirch,30,0.5\n")
    page.get_by_label("What it means: t").select_option("willingness")
    expect(page.get_by_label("Answers run from")).to_have_value("told")
    page.wait_for_function("sessionStorage.getItem('letsdance.table').includes('\"column.2\":\"willingness\"')")
    page.reload()
    expect(page.get_by_label("What it means: t")).to_have_value("willingness")
    page.get_by_role("link", name="Confidence").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("explores")
    page.get_by_role("link", name="Data").click()
    expect(page.get_by_label("What it means: t")).to_have_value("willingness")
    page.get_by_role("button", name="Start from it").click()
    expect(page.get_by_text("Started from towns.csv. Municipalities: 2.")).to_be_visible()
    after = redrawn(page, before)
    page.get_by_role("button", name="Undo").click()
    assert redrawn(page, after) == before
    expect(page.get_by_text("Started from towns.csv")).to_have_count(0)
    page.get_by_role("button", name="Redo").click()
    assert redrawn(page, before) == after
    page.evaluate("sessionStorage.setItem('filler', 'x'.repeat(5_242_500))")
    choose(page, "other.csv", "name,citizens\n" + "".join(f"Town {k},40\n" for k in range(100)))
    expect(page.get_by_text("too large for the tab to keep")).to_be_visible()
    page.evaluate("sessionStorage.removeItem('filler')")
    choose(page, "other.csv", "name,citizens\nElm,40\n")
    expect(page.get_by_text("too large for the tab to keep")).to_have_count(0)
    page.get_by_role("button", name="Leave it").click()
    expect(page.get_by_role("heading", name="Is it read as you mean it?")).to_have_count(0)
    page.reload()
    drawn(page)
    expect(page.get_by_text("your 2 municipalities")).to_be_visible()
    expect(page.get_by_role("button", name="Leave it")).to_have_count(0)


def test_downloads_hold_what_runs(visit):
    page = visit("/data?policy=lone_ranger~quarters=20~k=1.2&seed=3")

    def take(name):
        with page.expect_download() as download:
            page.get_by_role("button", name=name).click()
        return download.value.suggested_filename, Path(download.value.path()).read_bytes()

    own = {"lone_ranger": simulate("lone_ranger", 20, 20, 3, {"k": 1.2}), "reference": simulate("lone_ranger", 20, 20, 3)}
    wanted = kept_tables(own)
    name, content = take("Every indicator, run and quarter, Parquet")
    assert name == "society.parquet"
    assert content_hash(pd.read_parquet(io.BytesIO(content))) == content_hash(wanted["society"])
    name, content = take("Adopter categories by quarter, CSV")
    assert name == "adopters.csv"
    assert len(pd.read_csv(io.BytesIO(content))) == len(wanted["adopters"])
    name, content = take("Scenario file: restores this screen, TOML")
    assert (name, from_file(name, content.decode()).policy.value("k")) == ("lone_ranger.toml", 1.2)
    name, content = take("Adoption and use, PNG")
    assert (name, content[:4]) == ("use_and_adoption.png", b"\x89PNG")
    name, content = take("Everything in one zip, ZIP")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert {"report.html", "lone_ranger.toml", "reference.toml", "tables/society.csv"} <= set(archive.namelist())
    expect(page.get_by_text(f"{name} is saved.")).to_be_visible()


def test_axe_finds_no_serious_fault_and_dutch_is_whole(visit):
    page = visit("/data?lang=nl", "laptop", color_scheme="dark")
    choose(page, "gemeenten.csv", DUTCH + "Zeist;1.000;x;;;\n")
    expect(page.locator(".ld-bad")).to_be_visible()
    axe_finds_none_dark_or_small(page)
    words = page.locator("main").inner_text()
    for english in (" the ", "Choose", "rows", "municipal", "citizens", "Figures", "Tables"):
        assert english not in words, english


def test_the_page_renders_without_a_browser():
    from letsdance.dashboards.session import Session, provide

    @solara.component
    def Test():
        provide(Session(View("data"), []))
        page_data.Page()

    _, rendered = solara.render(Test(), handle_error=False)
    try:
        assert rendered.find(children=[Text()("data.title")]).widget is not None
    finally:
        rendered.close()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_an_uploaded_file_is_read_as_the_command_reads_it(encoding):
    def sent(content, name="t.csv"):
        return tables.upload_in({"name": name, "size": len(content), "text": "",
                                    "content": base64.b64encode(content).decode()})

    told = "name;citizens\r\nMünchen;25\r\nKöln;50\r\n"
    choice = tables.guess(sent(("sep=;\r\n" + told).encode(encoding)))
    assert (choice.kind, choice.separator) == ("municipalities", "semicolon")
    assert tables.read(sent(told.encode(encoding)), "semicolon").frame.iloc[0].tolist() == ["München", "25"]
    book = io.BytesIO()
    pd.DataFrame({"gemeente": ["München"], "inwoners": [25]}).to_excel(book, index=False)
    assert tables.guess(sent(book.getvalue(), "t.xlsx")).columns == ("name", "citizens")
    for bad in (b"\xd0\xcf\x11\xe0", b"a\0b", b""):
        with pytest.raises(Refused):
            tables.guess(sent(bad + b" " * 9))
    with pytest.raises(Refused):
        tables.upload_in({"name": "t.csv", "size": 3, "text": "", "content": "not base64!"})
