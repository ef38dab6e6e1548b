"""Data in: what is read, what is said of it, and every mistake refused with its row."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pseudo import plain_english
from typer.testing import CliRunner

from letsdance.commands.main import app
from letsdance.experiments.adopters import counts, data
from letsdance.experiments.adopters.describing import describe
from letsdance.params import Refused
from letsdance.report.adopters import data_study, describe_study, series_figure
from letsdance.scenarios import tables
from letsdance.simulation import simulate
from letsdance.words import Text

TIMES = """node,time,category
Ash,1990,city
Birch,1992,city
Cedar,,rural
Elm,1992,rural
"""
EDGES = """source,target,weight
Ash,Birch,2
Birch,Ash,1
Elm,Ash,1
Elm,Birch,1
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "times.csv").write_text(TIMES, encoding="utf-8")
    (tmp_path / "edges.csv").write_text(EDGES, encoding="utf-8")
    return tmp_path


def refused(call, *words):
    with pytest.raises(Refused) as caught:
        call()
    sentence = str(caught.value)
    for word in words:
        assert word in sentence, sentence
    assert "\n" not in sentence
    return caught.value


def csv(folder, text, name="table.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


# ---------------------------------------------------------------- times and edges

def test_times_and_edges_are_read(folder):
    adoption = data.read_times("times.csv", "edges.csv")
    assert adoption.nodes == ("Ash", "Birch", "Cedar", "Elm")
    assert adoption.periods.tolist() == [1990, 1991, 1992]
    assert np.isnan(adoption.times[2])
    assert adoption.matrix.toarray().tolist() == [[0, 2, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0], [1, 1, 0, 0]]
    assert adoption.groups == ("city", "city", "rural", "rural")
    assert "1 of 4" in adoption.said[0]


def test_a_table_is_read_as_its_file_is(folder):
    frame = pd.read_csv("times.csv")
    a, b = data.read_times("times.csv", "edges.csv"), data.read_times(frame, pd.read_csv("edges.csv"))
    assert np.array_equal(a.times, b.times, equal_nan=True)
    assert (a.matrix != b.matrix).nnz == 0
    c = data.read_times(frame.astype({"time": "Int64"}))
    assert np.array_equal(a.times, c.times, equal_nan=True)
    when = frame.assign(time=pd.to_datetime(frame["time"], format="%Y"))
    assert np.array_equal(a.times, data.read_times(when).times, equal_nan=True)  # the first day of each year


def test_other_words_separators_and_marks_of_the_file_are_understood(folder):
    path = folder / "excel.csv"
    path.write_bytes("municipality;year\nAsh;1990\nBirch;1992\n\n".encode("utf-8-sig"))
    assert data.read_times(path).nodes == ("Ash", "Birch")


def test_censoring_at_a_time_of_ones_own(folder):
    adoption = data.read_times(csv(folder, "node,time,adopted\nA,1,1\nB,3,0\nC,4,yes\nD,,0\n"))
    assert adoption.seen_until.tolist() == [4, 3, 4, 4]
    assert np.isnan(adoption.times[[1, 3]]).all()


def test_ties_by_period_are_a_dynamic_network(folder):
    path = csv(folder, "source,target,period\nAsh,Birch,1990\nAsh,Elm,1992\n")
    network = data.read_times("times.csv", path).network
    assert [matrix.nnz for matrix in network] == [1, 0, 1]


@given(st.lists(st.tuples(st.text("aB9 .é-", min_size=1, max_size=4), st.sampled_from(["1", "2", "", " 7"])), min_size=1,
                max_size=6), st.sampled_from([",", ";", "\t", "|"]), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_a_file_reads_the_same_at_once_and_line_by_line(rows, separator, ending, blank_line):
    # A quoted header cell sends a file the slow way, and so does a blank line; lines keep their numbers either way.
    def read(header):
        lines = [header, *(separator.join(row) for row in rows)]
        if blank_line:
            lines.insert(2, "")
        with TemporaryDirectory() as place:
            path = Path(place) / "t.csv"
            path.write_bytes(ending.join([*lines, ""]).encode())
            return tables.open_sheet(path).frame

    quick, slow = read(f"node{separator}time"), read(f'"node"{separator}time')
    assert quick.index.tolist() == slow.index.tolist()
    assert quick.to_numpy().tolist() == slow.to_numpy().tolist()
    assert quick.columns.tolist() == ["node", "time"]
    expected = [[cell.strip() for cell in row] for row in rows]
    assert quick.to_numpy().tolist() == [row for row, raw in zip(expected, rows, strict=True) if any(map(str.strip, raw))]


def test_columns_that_are_not_used_are_said_with_a_hint(folder):
    adoption = data.read_times(csv(folder, "Municipality;Year;Region;Notes\nAsh;1990;N;\nElm;NA;S;late\nOak;1992;S;\n"))
    assert adoption.said[0] == ("Read: semicolons between columns; node is Municipality, time is Year; "
                                "not used: Region, Notes.")
    assert np.isnan(adoption.times[1])
    # All that is needed is there: a slip costs no more than the column, and is said.
    path = csv(folder, "node,time,categroy\nA,1,x\nB,2,y\n")
    assert data.read_times(path).said == ("Read: not used: categroy (if it is category, call it so).",)
    # Its own name goes before another word for it.
    assert data.read_times(csv(folder, "node,time,name\nA,1,x\nB,2,y\n")).nodes == ("A", "B")


@pytest.mark.parametrize(("content", "words"), [
    (b"PK\x03\x04rest", ("cannot be read as a workbook", "or as CSV")),
    (b"\xd0\xcf\x11\xe0rest", ("workbook",)),
    (b"node,time\nM\x81nchen,1\n", ("line 2", "not UTF-8")),
    (b"node,time\nA\0,1\n", ("not text",)),
    (b'node,time\n"A,1\n', ("line 2", "quotation marks")),
    (b"A,1990\nB,1991\n", ("the first line must be the header",)),
    (b"node:time\nA:1\n", ("separate columns by commas",)),
    (b"node,year,period\nA,1,1\n", ("year and period can both be the time",)),
    (b"node,time\nA,1e300\nB,2\n", ("line 2", "too far from 0")),
    (b"node,time\nA,inf\nB,2\n", ("line 2", "whole number")),
    (b'node,time\nA,"1,9"\nB,2\n', ("line 2", "whole number")),
    (b"node,time\nA,19900131\nB,19910228\n", ("line 2", "looks like a date")),
    (b"node,time\nA,199001\nB,199112\n", ("line 2", "looks like a year with a month")),
])
def test_files_that_are_no_table_are_refused(folder, content, words):
    (folder / "odd.csv").write_bytes(content)
    refused(lambda: data.read_times(folder / "odd.csv"), "odd.csv", *words)


def test_a_table_that_is_none_is_refused():
    refused(lambda: data.read_times([1, 2]), "a CSV file's path or a pandas DataFrame")
    refused(lambda: data.read_times(pd.DataFrame()), "column node is missing")
    refused(lambda: data.read_times(pd.DataFrame({"node": [[1], [2]], "time": [1.5, 2]})), "row 1", "whole number")


def test_a_thousand_unknown_contacts_are_refused_at_once(folder):
    nodes = pd.DataFrame({"node": [f"n{k}" for k in range(20_000)], "time": 1}).assign(time=lambda t: 1 + t.index % 5)
    ties = pd.DataFrame({"source": "n0", "target": [f"m{k}" for k in range(20_000)]})
    began = time.process_time()
    error = refused(lambda: data.read_times(nodes, ties), "row 1", "(19,999 more rows have problems.)")
    assert len(error.report) == tables.MOST_PROBLEMS
    assert time.process_time() - began < 10


@pytest.mark.parametrize(("text", "words"), [
    ("node,time\nA,3 March 1990\nB,1991\n", ("line 2", "'3 March 1990'", "date written as text", "2004")),
    ("node,time\nA,1990-03-01\nB,1991\n", ("line 2", "date written as text")),
    ("node,time\nA,1990\nA,1991\n", ("line 3", "'A'", "there already")),
    ("node,time\nA,\nB,\n", ("nobody adopts", "from line 2 to 3")),
    ("node,time\nA,\nB,1990\n", ("line 3", "B is the only adopter")),
    ("node,time\nA,1990.5\nB,1990\n", ("line 2", "whole number")),
    ("node,time\nA,1990\nB,1990,7\n", ("line 3", "a row of 3 under a header of 2")),
    ("node,time\nA,1990\nB\n", ("line 3", "a row of 1 under a header of 2")),
    ("node,when\nA,1990\n", ("'when'", "needs node and time")),
    ("node,time,time\nA,1,2\n", ("time is there twice",)),
    ("node\nA\n", ("column time is missing",)),
    ("node,time\n", ("no rows",)),
    ("", ("empty",)),
    ("node,time\n,1990\nB,1991\n", ("line 2", "missing")),
    ("node,time,adopted\nA,1990,1\nB,1991,perhaps\n", ("line 3", "1 or 0")),
    ("node,time,adopted\nA,,1\nB,1991,1\n", ("line 2", "adopted is 1")),
    ("node,time,innovativeness\nA,1990,x\nB,1991,1\n", ("line 2", "innovativeness")),
])
def test_bad_times_are_refused_with_their_row(folder, text, words):
    path = csv(folder, text)
    refused(lambda: data.read_times(path), "table.csv", *words)


def test_times_outside_the_periods_are_refused(folder):
    refused(lambda: data.read_times("times.csv", last=1991), "line 3", "after the last period 1991")
    refused(lambda: data.read_times("times.csv", first=1991), "line 2", "before the first period 1991")


@pytest.mark.parametrize(("text", "words"), [
    ("source,target\nAsh,Birchh\n", ("line 2", "'Birchh'", "no node", "Did you mean Birch?")),
    ("source,target\nAsh,Birch\nAsh,Birch\n", ("line 3", "earlier row")),
    ("source,target,weight\nAsh,Birch,-1\n", ("line 2", "from 0")),
    ("source,target,weight\nAsh,Birch,much\n", ("line 2", "a number")),
    ("source,target,period\nAsh,Birch,1890\nAsh,Elm,1991\n", ("line 2", "1890", "1990")),
    ("source,target,period\nAsh,Birch,1990\n", ("leave the column period out",)),
    ("source\nAsh\n", ("target is missing",)),
])
def test_bad_edges_are_refused_with_their_row(folder, text, words):
    path = csv(folder, text)
    refused(lambda: data.read_times("times.csv", path), *words)


def test_every_bad_row_is_reported(folder):
    path = csv(folder, "node,time\nA,x\nB,1991\n,1992\nD,y\n")
    error = refused(lambda: data.read_times(path), "line 2", "(2 more rows have problems.)")
    assert error.report["line"].tolist() == [2, 4, 5]
    assert error.report["column"].tolist() == ["time", "node", "time"]
    assert error.report["value"].tolist() == ["x", "", "y"]


# ---------------------------------------------------------------- counts

@pytest.mark.parametrize(("text", "words"), [
    ("year,stock\n1990,1\n1990,2\n", ("line 3", "there already")),
    ("year,cumulative\n1990,3\n1991,2\n", ("line 3", "cumulative", "call it stock")),
    ("year,stock,population\n1990,3,10\n1991,12,10\n", ("line 3", "below the 12 adopters")),
    ("year,new,population\n1990,6,10\n1991,6,10\n", ("line 3", "below the 12 adopters")),
    ("year,percent\n1990,101\n", ("line 2", "100")),
    ("year,stock\n1990,-1\n", ("line 2", "from 0")),
    ("year,stock,new\n1990,1,1\n", ("one column of counts",)),
    ("year\n1990\n", ("one column of counts",)),
    ("year,stock\nMay 1990,1\n", ("line 2", "date written as text")),
    ("year,stok\n1990,1\n", ("Did you mean stock?",)),
])
def test_bad_counts_are_refused_with_their_row(folder, text, words):
    path = csv(folder, text)
    refused(lambda: counts.read_counts(path), "table.csv", *words)


def test_a_count_that_nothing_explains_is_a_stock_and_says_so(folder):
    seen = counts.read_counts(csv(folder, "unit,year,count\nA,1990,5\nA,1991,4\n"))
    assert seen.kind == "stock"
    assert "because it falls" in seen.said[-1]
    assert counts.read_counts(folder / "table.csv", kind="new").adopters("A")["adopters"].tolist() == [5, 9]


def test_stocks_that_fall_fit_no_curve_of_adoption():
    seen = counts.read_counts("case:participatory_budgeting")
    refused(lambda: seen.adopters("Poland's village funds"), "falls, from 1,479 in 2017 to 1,467 in 2018",
            "no cumulative adoption curve can be fitted")
    assert seen.adopters("Brazil")["adopters"].tolist() == [13, 53, 112, 190, 201]
    assert seen.adopters("Brazil")["new"].tolist() == [13, 40, 59, 78, 11]
    refused(lambda: counts.read_counts("case:eu27_home_working").adopters("usually"), "falls, from",
            "hides who came and who left")


def test_series_are_told_as_what_they_are():
    shapes = counts.read_counts("case:participatory_budgeting").shapes().set_index("unit")
    assert shapes.loc["Brazil", "saturates"]           # 11 in four years after 78
    assert not shapes.loc["Brazil", "falls"]
    assert "at least 12 gave it up again" in shapes.loc["Poland's village funds", "says"]
    rising = counts.shape(pd.DataFrame({"period": range(5), "value": [1, 2, 4, 8, 16]}))
    assert rising["saturates"] is False
    assert "cannot be read from it" in rising["says"]
    home = counts.read_counts("case:eu27_home_working").shapes().set_index("unit").loc["usually or sometimes"]
    assert (home["peak"], home["peak_period"]) == (24.4, 2021)
    assert "break in series in 2021" in home["says"]


def test_rogers_shares_are_those_of_the_normal_curve_and_of_the_cuts():
    from io import StringIO

    from scipy.stats import norm

    from letsdance.experiments.adopters.statistics import CUTS
    from letsdance.scenarios.cases import case

    rogers = pd.read_csv(StringIO(case("rogers_categories").text))
    assert tuple(rogers["category"]) == CUTS["rogers"][2] == CUTS["rank"][2]
    edges = [0, *norm.cdf(CUTS["rogers"][1]), 1]
    assert rogers["normal_share_pct"].to_numpy() == pytest.approx(100 * np.diff(edges), abs=6e-4)
    assert rogers["share_rogers_pct"].to_numpy() == pytest.approx(100 * np.diff([0, *CUTS["rank"][1], 1]))


def test_a_population_belongs_to_every_unit(folder):
    seen = counts.read_counts("case:participatory_budgeting")
    refused(lambda: seen.with_population({"Brazil": 5570}), "Poland's village funds is missing")
    people = {"Brazil": 5570, "Poland's village funds": 1400, "Portugal": 308}
    refused(lambda: seen.with_population(people), "below the 1,479 adopters")
    path = csv(folder, "municipality,population\nA,0\nA,5\n")
    refused(lambda: counts.read_population(path), "line 2", "from 1")


# ---------------------------------------------------------------- surveys

def test_a_survey_becomes_a_start_that_runs(folder):
    survey = data.read_survey(csv(folder, "role,willingness,municipality\ncitizen,5,Ash\ncitizen,3,Ash\n"
                                          "official,2,Ash\nCitizens,1,Elm\n"), "1-5")
    assert survey.start() == {"C": pytest.approx((1 + .5 + 0) / 3), "G": .25}
    assert "1-5" in survey.said[0]
    story = survey.scenario("wasteland")
    result = simulate(story, runs=1, quarters=8)
    assert result.scenario.title == "Start from a survey"
    towns = survey.towns({"Ash": 50, "Elm": 30})
    assert towns["willingness"].tolist() == [.75, 0]
    assert np.isnan(towns["government_willingness"][1])
    assert len(simulate(story, runs=1, quarters=8, municipalities=towns).places) == 2


def test_a_scale_is_said_and_confirmed_not_guessed_in_silence(folder):
    assert "0-1" in data.read_survey(csv(folder, "role,willingness\ncitizen,.5\n")).said[0]
    path = csv(folder, "role,willingness\ncitizen,1\nofficial,1\n")
    refused(lambda: data.read_survey(path), "--scale", "0-1")
    assert data.read_survey(path, scale="likert").start() == {"C": 0, "G": 0}
    assert data.read_survey(path, scale="share").start() == {"C": 1, "G": 1}
    path = csv(folder, "role,willingness\ncitizen,1\nofficial,5\n")
    survey = data.read_survey(path)
    assert "a guess" in survey.said[0]
    assert survey.start() == {"C": 0, "G": 1}
    for use in (survey.scenario, lambda: survey.towns(10), lambda: survey.draws(10)):
        refused(use, "--scale 1-5")
    for high, others in ((4, "--scale 1-4, 1-5"), (3, "--scale 1-4, 1-5 or 1-7"), (6, "--scale 1-7")):
        path = csv(folder, f"role,willingness\ncitizen,1\nofficial,{high}\n")
        refused(lambda path=path: data.read_survey(path), f"run from 1 to {high}", others)
    refused(lambda: data.read_survey(path, "5-1"), "no scale '5-1'")


@pytest.mark.parametrize(("scale", "answers", "mean"), [
    ("1-4", "1 4 2 3", .5), ("1-7", "1 7 4 4", .5), ("0-10", "0 10 5 5", .5), ("1-10", "1 10 10 1", .5),
    ("percent", "0 100 62 38", .5), ("0-1", "0 1 1 0", .5), ("1 to 5", "5 5 1 1", .5), ("percent", "62% 38%", .5),
    (None, "62% 38%", .5), (None, "0,62 0,38", .5), ("0-10", "7,5 2,5", .5)])
def test_every_usual_scale_is_read(folder, scale, answers, mean):
    path = csv(folder, "role;willingness\n" + "".join(f"citizen;{answer}\n" for answer in answers.split()))
    survey = data.read_survey(path, scale)
    assert survey.start() == {"C": pytest.approx(mean)}
    survey.scenario()


@pytest.mark.parametrize(("low", "middle", "high"), [
    ("strongly disagree", "Neutral", "Strongly Agree"), ("helemaal oneens", "neutraal", "helemaal eens"),
    ("helemaal mee oneens", "niet eens, niet oneens", "helemaal mee eens"), ("zeker niet", "misschien", "zeker wel"),
    ("nee", "", "ja"), ("never", "sometimes", "always"), ("zeer laag", "gemiddeld", "zeer hoog")])
def test_words_are_a_scale_in_english_and_dutch(folder, low, middle, high):
    path = csv(folder, f'rol,bereidheid\nburger,"{low}"\nbewoner,"{middle}"\ninwoner,"{high}"\nambtenaar,"{high}"\n')
    survey = data.read_survey(path)
    expected = [0, .5, 1, 1] if middle else [0, np.nan, 1, 1]
    assert np.array_equal(survey.frame["willingness"], expected, equal_nan=True)
    assert not survey.guessed


def test_answers_that_are_missing_are_left_out_and_counted(folder):
    cells = ["5", "1", "n.v.t.", "weet niet", "", "NA", "don't know", "9"]
    path = csv(folder, "role,willingness\n" + "".join(f'citizen,"{cell}"\n' for cell in cells))
    refused(lambda: data.read_survey(path, "1-5"), "line 9", "--missing 9")
    survey = data.read_survey(path, "1-5", missing=["9"])
    assert survey.start() == {"C": .5}
    assert "6 of 8 gave no answer" in survey.said[0]


def test_several_items_are_their_mean_and_cronbachs_alpha_says_whether_they_agree(folder):
    # By the textbook's formula through the mean covariance: k c / (v + (k - 1) c).
    rng = np.random.default_rng(3)
    items = np.clip(np.rint(3 + rng.normal(0, 1, (200, 1)) + rng.normal(0, .6, (200, 3))), 1, 5).astype(int)
    trust = np.clip(np.rint(items[:, 0] * 2 + rng.normal(0, 1, 200)), 0, 10).astype(int)
    rows = "".join(f"citizen,{a},{b},{c},{t}\n" for (a, b, c), t in zip(items, trust, strict=True))
    path = csv(folder, "role,willingness_1,willingness_2,willingness_3,trust\n" + rows)
    survey = data.read_survey(path, "1-5,trust=0-10")
    covariance = np.cov(items.T)
    v, c = np.diag(covariance).mean(), covariance[np.triu_indices(3, 1)].mean()
    assert survey.alphas["willingness"] == pytest.approx(3 * c / (v + 2 * c))
    assert f"alpha is {3 * c / (v + 2 * c):.2f}" in " ".join(survey.said)
    assert survey.start() == {"C": pytest.approx((items.mean() - 1) / 4), "T": pytest.approx(trust.mean() / 10)}
    story = survey.scenario("lets_dance")
    start = simulate(story, runs=2, quarters=8).society.query("quarter == 0")["T"]
    assert start.mean() == pytest.approx(trust.mean() / 10, abs=.03)


def test_sampling_error_is_kept_and_spreads_the_start(folder):
    answers = [1, 2, 5, 4, 4, 3, 5, 2]
    path = csv(folder, "role,willingness\n" + "".join(f"citizen,{a}\nofficial,{6 - a}\n" for a in answers))
    survey = data.read_survey(path, "1-5")
    shares = (np.array(answers) - 1) / 4
    error = shares.std(ddof=1) / np.sqrt(8)
    assert survey.error() == {"C": pytest.approx(error), "G": pytest.approx(error)}
    drawn = survey.draws(20_000, seed=1)
    assert drawn.equals(survey.draws(20_000, seed=1))
    assert drawn["C0"].mean() == pytest.approx(shares.mean(), abs=.01)
    # Student's t with 7 degrees of freedom: its quartile lies at .711.
    assert np.quantile(drawn["C0"], .75) - shares.mean() == pytest.approx(.711 * error, rel=.05)
    assert "Written" in run("data", "table.csv", "--scale", "1-5", "--draws", "16", "--save", "starts.csv").stdout
    from letsdance.experiments.design import from_csv as points

    assert len(points("starts.csv")) == 16


@pytest.mark.parametrize(("text", "words"), [
    ("role,willingness\ncitizen,4\nofficail,3\n", ("line 3", "official")),
    ("role,willingness\ncitizen,4\ncitizen,7\n", ("line 3", "1 to 5")),
    ("role,willingness\ncitizen,4\ncitizen,2.5\n", ("line 3", "whole number")),
    ("role,willingness\ncitizen,4\ncitizen,often\n", ("line 3", "'often'")),
    ("role,willingness\ncitizen,\ncitizen,NA\n", ("nobody answered",)),
    ("role,willingness\ncitizen,\ncitizen,4\ncitizen,7\ncitizen,8\n", ("line 4", "1 more row has")),
])
def test_bad_answers_are_refused_with_their_row(folder, text, words):
    path = csv(folder, text)
    refused(lambda: data.read_survey(path, "1-5"), *words)


def test_who_was_not_asked_stays_as_in_the_base(folder):
    story = data.read_survey(csv(folder, "role,willingness\ncitizen,.4\n")).scenario("lets_dance")
    assert (story.C, story.G) == (.4, simulate("lets_dance", runs=1, quarters=8).scenario.G)
    refused(lambda: data.read_survey(folder / "table.csv").towns(100), "does not name municipalities")


# ---------------------------------------------------------------- commands and pages

def run(*words):
    result = CliRunner().invoke(app, ["adopters", *map(str, words)])
    if result.exception and not isinstance(result.exception, SystemExit | Refused):
        raise result.exception
    return result


def test_describe_writes_a_folder_and_says_what_it_found(folder):
    said = json.loads(run("describe", "times.csv", "--edges", "edges.csv", "--by", "rank", "--out", "d", "--json").stdout)
    assert [row["share"] for row in said["curve"]] == [.25, .25, .75]
    assert {p.name for p in (folder / "d").iterdir()} >= {"report.html", "manifest.json", "nodes.parquet", "figures"}
    nodes = pd.read_parquet(folder / "d" / "nodes.parquet").set_index("node")
    assert nodes["threshold"].tolist()[:2] == [0, 1]
    assert nodes.loc["Elm", "threshold"] == 1
    page = (folder / "d" / "report.html").read_text(encoding="utf-8")
    assert "3 of 4 have adopted from 1990 to 1992" in page
    # The folder stays as it is unless it may be replaced.
    assert isinstance(run("describe", "times.csv", "--out", "d").exception, Refused)


def test_describe_works_without_a_network_and_on_a_run(folder):
    assert "Written" in run("describe", "times.csv", "--out", "bare").stdout
    assert "Written" in run("describe", "lets_dance", "--out", "model", "--test", "3").stdout
    assert isinstance(run("describe", "times.csv", "--test", "9", "--out", "x").exception, Refused)
    assert isinstance(run("describe", "lets_danse", "--out", "x").exception, Refused)
    assert isinstance(run("describe", "lets_dance", "--edges", "edges.csv", "--out", "x").exception, Refused)
    assert not (folder / "x").exists()


def test_data_checks_says_and_saves(folder):
    assert "case:bass_example" in run("data").stdout
    assert "a shock, not part of an S-curve" in run("data", "case:eu27_home_working").stdout
    assert "Written" in run("data", "case:participatory_budgeting", "--out", "pb").stdout
    page = (folder / "pb" / "report.html").read_text(encoding="utf-8")
    assert "1,479 in 2017" in page
    assert "It describes what was observed" in page
    assert "every size is assumed" not in page  # that is said of the model's own numbers only
    assert len(pd.read_parquet(folder / "pb" / "table.parquet")) == 10
    assert "4 ties" in run("data", "times.csv", "--edges", "edges.csv").stdout
    csv(folder, "role,willingness,municipality\ncitizen,5,Ash\nofficial,2,Ash\n", "survey.csv")
    csv(folder, "unit,population\nAsh,40\n", "people.csv")
    assert "Written" in run("data", "survey.csv", "--scale", "1-5", "--save", "start.toml", "--base", "wasteland").stdout
    from letsdance import scenarios

    assert (scenarios.load("start.toml").C, scenarios.load("start.toml").G) == (1, .25)
    run("data", "survey.csv", "--scale", "1-5", "--save", "towns.csv", "--population", "people.csv")
    assert simulate("start.toml", runs=1, quarters=8, municipalities="towns.csv").places.names == ("Ash",)
    assert isinstance(run("data", "survey.csv", "--scale", "1-5", "--save", "towns.csv").exception, Refused)
    csv(folder, "node,time\nA,x\nB,y\n", "bad.csv")
    assert isinstance(run("data", "bad.csv", "--report", "report.csv").exception, Refused)
    assert pd.read_csv("report.csv")["line"].tolist() == [2, 3]
    told = run("data", "bad.csv", "--json")
    assert told.exit_code == 2
    assert [row["line"] for row in json.loads(told.stdout)["report"]] == [2, 3]


def test_figures_are_drawn_where_little_is_known(folder):
    for width in (960, 400):
        for text in ("node,time\nA,1\nB,1\n", "node,time,category\nA,1,x\nB,2,y\nC,,x\n"):
            study = describe_study(describe(data.read_times(csv(folder, text)), by="rank"))
            for section in study.sections:
                for make in section.figures.values():
                    assert make(width).svg().startswith("<svg")
        for name in ("bass_example", "participatory_budgeting", "eu27_home_working"):
            assert series_figure(counts.read_counts(f"case:{name}"), width).svg().startswith("<svg")


@pytest.mark.parametrize(("words", "typed"), [
    ((), r"case:\w+.*"), (("c.csv",), ""), (("f.csv",), ""), (("one.csv",), ""),
    (("p.csv",), ""), (("t.csv", "--edges", "e.csv"), ""), (("r.csv",), ""), (("n.csv",), "")], ids=str)
def test_what_is_printed_of_a_table_speaks_the_language_that_is_asked(words, typed, tmp_path, monkeypatch, spoken):
    """What readers decided is a refusal's kin, of which this language says nothing: those lines are held elsewhere."""
    monkeypatch.chdir(tmp_path)
    for name, rows in {"c": "1,stock\n1,1\n2,4\n3,9\n4,9", "f": "1,percent\n1,1.5\n2,40\n3,3\n4,3.5", "one": "1,new\n1,5",
                       "p": None, "n": "1,new\n1,0\n2,0\n3,0", "r": "1,new\n1,1\n2,9\n3,1\n4,1"}.items():
        if rows:
            Path(f"{name}.csv").write_text("unit,period," + rows.replace("1,", "", 1).replace("\n", "\n7,") + "\n")
    Path("p.csv").write_text("unit,population\n7,40\n8,60\n")
    Path("t.csv").write_text("node,time\n1,1\n2,2\n3,4\n")
    Path("e.csv").write_text("source,target\n1,2\n2,3\n")
    done = CliRunner().invoke(app, ["adopters", "data", *words, "--language", spoken.language])
    assert (done.exit_code, len(done.stdout) > 20) == (0, True), done
    assert not re.findall(r"[A-Za-z]{2,}|\d\.\d", re.sub(typed, "", done.stdout) if typed else done.stdout)


def test_the_page_of_a_table_speaks_the_language_that_is_asked(spoken):
    home = counts.read_counts("case:eu27_home_working")
    told = [spoken.refused(line) for line in home.shapes(spoken)["says"]]
    units = sorted(home.units, key=len, reverse=True)
    names = "|".join(("7", *map(re.escape, units), *home.frame.columns, *filter(None, home.frame["note"].unique())))
    assert not plain_english(data_study(told, "7", home.frame, home, spoken), rf"(?i:{names})")


@pytest.mark.parametrize("language", ["nl", "fr", "de"])
def test_what_readers_of_adoption_decide_has_its_words(language, tmp_path):
    table = pd.DataFrame({"node": list("abcdef"), "time": ["1", "2", "3", "4", "900", ""]})
    edges = pd.DataFrame({"source": list("aab"), "target": list("abb")})
    said = data.read_times(table, edges).said
    assert len(said) >= 3
    text = Text(language)
    assert all(text.refused(line) != line for line in said), said
    falling = counts.read_counts(pd.DataFrame({"period": [2, 1, 3], "count": [5, 3, 1]})).said
    assert all(text.refused(line) != line for line in falling), falling
