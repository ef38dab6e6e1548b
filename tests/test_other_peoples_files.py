"""Files as people bring them: each says the same as a plain table, or is refused in one sentence with what is wrong."""

from __future__ import annotations

import gzip
import io
import unicodedata
import zipfile
from datetime import date

import numpy as np
import openpyxl
import pytest

from letsdance.experiments.adopters import counts, data, history, who
from letsdance.params import Refused
from letsdance.scenarios.tables import Upload
from letsdance.simulation import municipalities


def upload(content):
    return Upload("t.csv", content if isinstance(content, bytes) else content.encode())


def times(content, **asked):
    made = data.read_times(upload(content), **asked)
    return dict(zip(made.nodes, [None if np.isnan(t) else int(t) for t in made.times], strict=True))


def ties(content, nodes=("Ash", "Birch", "Elm tree")):
    (matrix,) = data.read_edges(upload(content), nodes, np.arange(2001, 2005))
    return {(nodes[i], nodes[j]): float(matrix[i, j]) for i, j in zip(*matrix.nonzero(), strict=True)}


def start(content, scale=None, **asked):
    return {name: round(value, 4) for name, value in data.read_survey(upload(content), scale, **asked).start().items()}


def refused(call, words=""):
    with pytest.raises(Refused) as caught:
        call()
    assert words in str(caught.value), caught.value
    assert "\n" not in str(caught.value)


def book(change=None, **sheets):
    made, file = openpyxl.Workbook(), io.BytesIO()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    if change:
        change(made)
    made.save(file)
    return file.getvalue()


def archive(**parts):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name, content in parts.items():
            made.writestr(name.replace("__", "/"), content)
    return file.getvalue()


PLAIN = {"A": 2001, "B": 2002, "C": 2004}
CSV = "node,time\nA,2001\nB,2002\nC,2004\n"
ROWS = [["node", "time"], ["A", 2001], ["B", 2002], ["C", 2004]]


# ---------------------------------------------------------------- the same table

def hidden(made):
    made.create_sheet("before", 0).append(["x"])
    made.worksheets[0].sheet_state = "hidden"


def years_only(made):
    for row in range(2, 5):
        cell = made.worksheets[0].cell(row, 2)
        cell.value, cell.number_format = date(cell.value, 1, 1), "yyyy"


def titled(made):
    made.worksheets[0].insert_rows(1)
    made.worksheets[0]["A1"] = "Laws"
    made.worksheets[0].merge_cells("A1:B1")


SAME = {
    "quoted years": CSV.replace("20", '"20').replace("\n", '"\n').replace('time"', "time"), "2001.0": CSV.replace("01",
    "01.0"),
    "2,001": 'node,time\nA,"2,001"\nB,"2,002"\nC,"2,004"\n', "2.001;": CSV.replace(",", ";").replace("20", "2.0"),
    "'2001": CSV.replace(",2", ",'2"), '="2001"': CSV.replace("2001", '="2001"').replace("2002", '="2002"'),
    "spaces and signs": CSV.replace(",2", ", +2"), "no-break space": CSV.replace(",2", ",\u00a02"),
    "sep = ;": "sep = ;\n" + CSV.replace(",", ";"), "SEP=;": "SEP=;  \n" + CSV.replace(",", ";"),
    "sep=\\t": "sep=\\t\n" + CSV.replace(",", "\t"), "sep=; UTF-16": ("sep=;\n" + CSV.replace(",", ";")).encode("utf-16"),
    "spaces between": CSV.replace(",", " "), "aligned by spaces": CSV.replace(",", "     "),
    "comments": "# made by R\n# in 2020\n" + CSV, "a title": "Table 1. Laws\n\n" + CSV,
    "a title, wide": "Table 1,\n,\n" + CSV,
    "a source below": CSV + "\nSource: CBS\n", "a remark below": CSV + "* as of May,\n",
    "mixed ends": CSV.replace("\n", "\r\n", 1).replace("2001\n", "2001\r"), "CR CR LF": CSV.replace("\n", "\r\r\n"),
    "NEL": CSV.replace("\n", "\u0085"), "LS": CSV.replace("\n", "\u2028"), "DOS end": CSV + "\x1a",
    "form feed": CSV.replace("B", "\fB"),
    "comma in the header's end": CSV.replace("\n", ",\n", 1), "commas in rows' ends": CSV.replace("1\n", "1,\n"),
    "many semicolons": CSV.replace(",", ";").replace("\n", ";;;;\n") + ";;;;\n",
    "an empty column before": "," + CSV.replace(
        "\n", "\n,").rstrip(","),
    "quotes after spaces": CSV.replace(",", '", "').replace("\n", '"\n"').join(['"', ""]).rstrip('"'),
    "single quotes": "'node','time'\n'A','2001'\n'B','2002'\n'C','2004'\n",
    "curly quotes": "“node”,“time”\n“A”,“2001”\n“B”,“2002”\n“C”,“2004”\n",
    "lines in quotes": "".join(f'"{row}"\n' for row in CSV.splitlines()),
    "write.csv": '"","node","time"\n"1","A",2001\n"2","B",2002\n"3","C",2004\n',
    "write.table": '"node" "time"\n"1" "A" 2001\n"2" "B" 2002\n"3" "C" 2004\n',
    "rows of a subset": '"node","time"\n"4","A",2001\n"7","B",2002\n"9","C",2004\n',
    "names of rows": '"","time"\n"A",2001\n"B",2002\n"C",2004\n',
    "index of pandas": ",node,time\n0,A,2001\n1,B,2002\n2,C,2004\n",
    "Markdown": "| node | time |\n|------|:----:|\n| A | 2001 |\n| B | 2002 |\n| C | 2004 |\n",
    "Markdown, bare": "node|time\n---|---:\nA|2001\nB|2002\nC|2004\n",
    "psql": " node | time \n------+------\n A    | 2001\n B    | 2002\n C    | 2004\n(3 rows)\n",
    "mysql": "+------+------+\n| node | time |\n+------+------+\n| A    | 2001 |\n| B    | 2002 |\n| C    | 2004 |\n"
             "+------+------+\n3 rows in set (0.00 sec)\n",
    "files one below the other": "node,time\nA,2001\nnode,time\nB,2002\nnode,time\nC,2004\n",
    "the number of rows below": CSV + "Total,3\n", "the sum below": CSV + "Totaal:,6007\n",
    "a sum of nothing": CSV + "Sum,\n", "digits of Arabic": CSV.translate(str.maketrans("0124", "٠١٢٤")),
    "wide digits": CSV.translate(str.maketrans("0124", "０１２４")),
    "marks of direction": CSV.replace(",2", ",\u200e2"), "LaTeX": "".join(
        f"{row.replace(',', ' & ')} \\\\\n" for row in CSV.splitlines()),
    "UTF-16 without a mark": CSV.encode("utf-16-le"), "UTF-32": CSV.encode("utf-32"),
    "units": CSV.replace("time", "time (year)"), "a header of two lines": CSV.replace("time", '"time\n(year)"'),
    "UTF-16 in gz": gzip.compress(CSV.encode("utf-16"), mtime=0),
    "dates shown as years": book(years_only, s=ROWS), "a header with a hash": "#" + CSV,
    "XLSX": book(s=ROWS), "an empty sheet first": book(a=[], s=ROWS), "notes first": book(a=[["Read me"]], s=ROWS),
    "header in row 3": book(s=[[None], [None], *ROWS]), "title in XLSX": book(s=[["Laws"], [None], *ROWS]),
    "from column C": book(s=[[None, None, *row] for row in ROWS]), "years as text": book(s=[[a, str(b)] for a, b in ROWS]),
    "merged title": book(titled, s=ROWS), "hidden sheet": book(hidden, s=ROWS),
    "ties first": book(ties=[["source", "target"], ["A", "B"]], s=ROWS), "gz": gzip.compress(CSV.encode(), mtime=0),
}
HEADERS = ("state,year", "country,year_joined", "State;Year of adoption", "gemeente;jaar",
    "Gemeentenaam;Jaar van invoering",
           "id,toa", "unit,adopted_year", "country,joined", "member_state,accession_year", "state,adoption", "city,yr",
           "statenam,adopt_year", "municipality,quarter", "school,jaar_invoering", "org,adoption year", "stateabb,year",
           "iso3,year", "fips,yearadopted", "region,start_year", "entity,year", "code,year",
           "country name,Year Joined (EU)")


@pytest.mark.parametrize("name", SAME)
def test_a_table_is_the_same_however_it_was_saved(name):
    assert times(SAME[name]) == PLAIN


@pytest.mark.parametrize("header", HEADERS)
def test_times_are_known_by_the_words_that_people_use(header):
    separator = ";" if ";" in header else ","
    assert times(header + "\n" + CSV.split("\n", 1)[1].replace(",", separator)) == PLAIN


def test_of_several_names_the_one_that_tells_most_rows_apart_is_taken():
    assert times("region,state,year\nEast,A,2001\nEast,B,2002\nWest,C,2004\n") == PLAIN
    frame = counts.read_counts(upload("country,region,year,new\nX,a,2001,1\nX,b,2001,2\nX,a,2002,3\n")).frame
    assert frame["unit"].tolist() == ["a", "b", "a"]
    assert history.read(upload("country,year,new\nA,2001,2\nB,2001,3\nA,2002,3\nB,2002,1\n"), 50)[1].name == "B"


# ---------------------------------------------------------------- never, blank, names

@pytest.mark.parametrize("word", [
    "", "NA", "n/a", ".", "-", "–", "NULL", "None", "NaN", "n.v.t.", "#N/A", "#N/B", "onbekend", "never", "Nooit",
    "not yet",
    "nog niet", "..", "<NA>", "NaT", "#N/V"])
def test_words_for_nothing_are_blank(word):
    assert times(CSV.replace("2002", word)) == PLAIN | {"B": None}


@pytest.mark.parametrize(("code", "first", "last"), [
    (0, 2001, 2004), (-9, 1, 18), (9999, 2001, 2004), (99, 1, 18), (-99, 3, 14), (8888, 1999, 2010), (-8, 1, 5), (1900,
    2001, 2004),
    (2999, 2001, 2004), (3000, 2001, 2004), (99999, 2001, 2004), (88, 1, 12), (1_000_000_000, 2001, 2004), (2100, 2001,
    2010),
    (1111, 2001, 2010)])
def test_any_code_that_lies_far_away_is_asked_about(code, first, last):
    told = [first, code, last, last - 1, first + 1, code]
    text = "node,time\n" + "".join(f"N{k},{t}\n" for k, t in enumerate(told))
    refused(lambda: times(text), f"--never {code}")
    assert list(times(text, never=[str(code)]).values()) == [None if t == code else t for t in told]


@pytest.mark.parametrize("told", [(0, 1, 4), (1, 9, 12), (-5, -1, 4), (-3, -3, 0, 2, 5), (1950, 1999, 2010)])
def test_what_does_not_lie_far_away_is_a_time(told):
    assert list(times("node,time\n" + "".join(f"N{k},{t}\n" for k, t in enumerate(told))).values()) == list(told)


@pytest.mark.parametrize("name", ["NA", "nan", "None", "null", "N/A", "-", "TRUE", "inf", "007", "#N/A", "n.v.t.",
    "onbekend"])
def test_namibia_is_a_country(name):
    assert times(CSV.replace("A,", f"{name},"))[name] == 2001
    assert counts.read_counts(upload(f"country,year,new\n{name},2001,3\n{name},2002,4\n")).units == (name,)
    assert who.read(upload(f"cascade,unit,time\nx,{name},1\nx,B,2\ny,{name},2\ny,B,\n")).units == (name, "B")


@pytest.mark.parametrize(("written", "name"), [
    (unicodedata.normalize("NFD", "Zürich"), "Zürich"), ("New\u00a0York", "New York"), ("New  York", "New York"),
    ("Am\u00adsterdam", "Amsterdam"), ("\u2066Ghent\u2069", "Ghent"), ("Gh\u200bent", "Ghent"), ("Ghent\ufe0f", "Ghent"),
    ("ＡＢＣ", "ABC"), ("Shef\ufb01eld", "Sheffield"), ("’s-Gravenhage", "'s-Gravenhage"), ("Sint\u2011Oedenrode",
    "Sint-Oedenrode"),
    ('"New\nYork"', "New York")])
def test_names_are_equal_however_they_are_written(written, name):
    assert ties(f"source,target\n{written},B\n", (name, "B")) == {(name, "B"): 1}


@pytest.mark.parametrize("rows", ["1.0,2.0\n2.0,3.0", '"1,0","2,0"\n"2,0","3,0"', "1,2.0\n2,3.0", "1.00,2\n2.00,3"])
def test_numbers_as_names_are_whole(rows):
    assert ties(f"source,target\n{rows}\n", ("1", "2", "3")) == {("1", "2"): 1, ("2", "3"): 1}
    assert ties("source,target\n1e+05,2e+05\n", ("100000", "200000")) == {("100000", "200000"): 1}


def test_a_group_is_named_in_any_letters():
    assert times("Village;ID;TOA\n1.0;1;2001\n1.0;2;2002\n2.0;1;2004\n", group="village") == {
        "1/1": 2001, "1/2": 2002, "2/1": 2004}


# ---------------------------------------------------------------- numbers

@pytest.mark.parametrize(("cell", "separator"), [
    ("27.889", ";"), ("27.889", ","), ("27,889", ","), ("27 889", ";"), ("27\u00a0889", ";"), ("27\u202f889", ";"),
    ("27'889", ","),
    ("27’889", ","), ("27,889.00", ","), ("27.889,00", ";"), ("27889,0", ";"), ("2.7889E+04", ","), ("2,7889E+04", ";"),
    ("'27889", ";"), ("27\u2009889", ";"), ("027889", ",")])
def test_people_are_counted_whole(cell, separator):
    other = {"27.889": "320.475", "27,889": "320,475"}.get(cell, "320475")
    text = f'gemeente{separator}inwoners\nA{separator}"{cell}"\nB{separator}"{other}"\n'
    assert municipalities.load(upload(text)).citizens.tolist() == [27889, 320475]


@pytest.mark.parametrize("cell", ["27889 inwoners", "ca. 27.889", "2 7889", "12,34,567", "27.9"])
def test_what_is_no_count_is_refused(cell):
    refused(lambda: municipalities.load(upload(f'gemeente;inwoners\nA;"{cell}"\n')), "inwoners")


@pytest.mark.parametrize("text", [
    "country,year,percent\nA,2019,14.1\nA,2020,17.8\n", "land;jaar;procent\nA;2019;14,1\nA;2020;17,8\n",
    "country,year,share\nA,2019,.141\nA,2020,.178\n", "country,year,use\nA,2019,14.1%\nA,2020,17.8 %\n",
    "country,year,adoption rate (%)\nA,2019,14.1\nA,2020,17.8\n", "country,year,percent\nA,2020,17.8\nA,2019,14.1\n"])
def test_shares_in_use_are_percent_whatever_they_are_called(text):
    made = counts.read_counts(upload(text))
    assert (made.kind, made.frame["value"].tolist()) == ("percent", pytest.approx([14.1, 17.8]))
    eurostat = counts.read_counts(upload("geo,TIME_PERIOD,OBS_VALUE\nA,2019,14.1\nA,2020,17.8\n"), "percent")
    assert eurostat.frame["value"].tolist() == pytest.approx([14.1, 17.8])


# ---------------------------------------------------------------- networks

HEAD = '*Vertices 3\n1 "Ash"\n2 "Birch"\n3 "Elm tree"\n'
GRAPH = ('<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><key id="k" for="node" attr.name="{}" attr.type="string"/>'
         '<graph edgedefault="directed">{}<edge source="0" target="1"/><edge source="1" target="2"/></graph></graphml>')
NODES = "".join(f'<node id="{k}"><data key="k">{name}</data></node>' for k, name in enumerate(("Ash", "Birch", "Elm tree")))
NETWORKS = {
    "arcs": HEAD + "*Arcs\n1 2 1\n2 3 1\n", "no weights": HEAD + "*Arcs\n1 2\n2 3\n", "small": HEAD.lower().replace(
        "ash", "Ash").replace("birch", "Birch").replace("elm", "Elm") + "*arcs\n1 2\n2 3\n",
    "mark, CR LF": "\ufeff" + (HEAD + "*Arcs\n1 2\n2 3\n").replace("\n", "\r\n"),
    "arcslist": HEAD + "*Arcslist\n1 2\n2 3\n",
    "matrix": HEAD + "*Matrix\n0 1 0\n0 0 1\n0 0 0\n", "comment": "% by hand\n" + HEAD + "% so\n*Arcs\n1 2\n2 3\n",
    "relation": HEAD + '*Arcs :1 "likes"\n1 2\n2 3\n', "network": "*Network x\n" + HEAD + "*Arcs\n1 2\n2 3\n",
    "tabs": (HEAD + "\n*Arcs\n1 2 1\n\n2 3 1\n").replace("1 2", "1\t2").replace('3 "', '3\t"'),
    "places": HEAD.replace('h"', 'h" 0.1 0.2 0.5 ellipse') + "*Arcs\n1 2 1\n2 3 1\n",
    "single quotes": HEAD.replace('"', "'") + "*Arcs\n1 2\n2 3\n",
    "gz": gzip.compress((HEAD + "*Arcs\n1 2\n2 3\n").encode(), mtime=0),
    "label": GRAPH.format("Label", NODES), "name": GRAPH.format("name", NODES),
    "gephi": "Source;Target;Type;Weight\nAsh;Birch;Directed;1\nBirch;Elm tree;Directed;1.0\n",
    **{header: f"{header}\nAsh,Birch\nBirch,Elm tree\n" for header in (
        "ego,alter", "i,j", "V1,V2", "tail,head", "sender,receiver", "from,to", "state1,state2", "van,naar")},
    "ties on the second sheet": book(times=ROWS, ties=[["source", "target"], ["Ash", "Birch"], ["Birch", "Elm tree"]]),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_is_the_same_in_every_form(name):
    assert ties(NETWORKS[name]) == {("Ash", "Birch"): 1, ("Birch", "Elm tree"): 1}


def test_ties_of_pajek_keep_direction_weight_and_vertices_without_a_line():
    assert ties("*Vertices 3\n*Arcs\n1 2 2.5\n*Edges\n2 3\n", ("1", "2", "3")) == {
        ("1", "2"): 2.5, ("2", "3"): 1, ("3", "2"): 1}
    assert ties('*Vertices 3\n1 "Ash"\n*Edgeslist\n1 2 3\n', ("Ash", "2", "3")).keys() == {
        ("Ash", "2"), ("2", "Ash"), ("Ash", "3"), ("3", "Ash")}
    refused(lambda: ties(HEAD + "*Arcs\n1 7\n"), "line 6: 7 is no vertex")
    refused(lambda: ties("*Vertices 3 1\n1 a\n*Arcs\n1 2\n"), "two kinds of nodes")


# ---------------------------------------------------------------- what is no table, and what cannot be told

def test_a_node_that_is_called_total_stays_where_nothing_says_that_it_is_a_sum():
    assert times("node,time\nEni,2001\nShell,2002\nTotal,2004\n") == {"Eni": 2001, "Shell": 2002, "Total": 2004}
    assert times("node,time\nTotal,3\nA,1\nB,2\nC,4\n")["Total"] == 3


def test_null_of_a_database_is_blank():
    assert times(CSV + "D,\\N\n") == {**PLAIN, "D": None}


@pytest.mark.parametrize(("content", "words"), [
    (b"@relation x\n@attribute node string\n@data\nA,2001\n", "Weka"), (b"digraph { A -> B }", "Graphviz"),
    (b"strict graph G {\n A -- B;\n}", "Graphviz"), (b"- node: A\n  time: 2001\n", "YAML"),
    (b"---\n- node: A\n  time: 2001\n", "YAML"), (b"node^time\nA^2001\n", "separate columns"),
    (CSV.replace("2001", "2001?"), "2001?"), (CSV.replace("2001", "ca. 2001"), "ca. 2001"),
    (CSV.replace("20", "FY20"), "FY2001"), (CSV.replace("2001", "<2001"), "<2001"),
    (CSV + "A,2001\n", "a node adopts once"),
    (archive(a="x"), "zip"), (archive(mimetype="x", content="x"), "OpenDocument"), (archive(word__document="x"), "Word"),
    (archive(Index__Document="x"), "Numbers"), (b"\x72\x02\x01\x00" + bytes(80), "Stata"),
    (b"\x73\x02\x01\x00" + bytes(80), "Stata"),
    (b"A\n3\n262147\n", "file of R"), (bytes(12) + b"\xc2\xea\x81\x60" + bytes(60), "SAS"), (b"HEADER RECORD*******",
    "SAS"),
    (b"ASCII SPSS PORT FILE", "SPSS"), (b"{\\rtf1 x}", "RTF"), (b'<?xml version="1.0"?><gexf/>', "GEXF"), (b"<table><tr>",
    "web page"),
    (b"node:time\nA:2001\n", "separate columns"), (b"country,2019,2020\nA,1,2\n", "periods stand in rows"),
    (CSV.replace("2001", "1998/99"), "1998/99"), (CSV.replace("2001", "2001Q1"), "2001Q1"), (CSV.replace("2001", "#REF!"),
    "#REF!"),
    (CSV.replace("2001", "3 mei 2001"), "date"), (CSV.replace("2001", "2001-05-03"), "date"),
    (book(s=[["node", "time"], ["A", "=2000+1"], ["B", 2002], ["C", 2004]]),
    "the formula =2000+1 was saved without its result"),
    (b"state,birth_year\nA,2001\nB,2002\n", "birth_year"), (b"name,capacity,need\nA,.5,.6\n", "column time is missing")])
def test_what_cannot_be_read_is_named(content, words):
    refused(lambda: times(content), words)


def test_text_of_other_encodings_is_read_and_mended():
    assert "Zürich" in times("node,time\nZÃ¼rich,2001\nB,2002\n")  # UTF-8, saved as such twice
    assert "Árhus €" in times("node,time\nÁrhus €,2001\nB,2002\n".encode("cp1252"))


def test_decimal_commas_between_semicolons_do_not_make_the_header_a_title():
    text = "Gemeente;Inwoners;Bereidheid;Vertrouwen;Code\n" + "".join(f"P{k};1.{k:03d};0,6;0,5;\n" for k in range(9))
    assert municipalities.load(upload(text)).given["trust"].tolist() == [0.5] * 9
    assert times("Laws, 1998-2004\n" + CSV.replace(",", ";")) == PLAIN


def test_merged_cells_say_the_same_in_each_row():
    rows = [["unit", "period", "new"], ["A", 2001, 3], [None, 2002, 4], ["B", 2001, 1], [None, 2002, 2]]
    merged = book(lambda made: [made.worksheets[0].merge_cells(cells) for cells in ("A2:A3", "A4:A5")], s=rows)
    assert counts.read_counts(upload(merged)).frame["unit"].tolist() == ["A", "A", "B", "B"]


# ---------------------------------------------------------------- surveys

@pytest.mark.parametrize("head", ["respondent,group", "respondent,who", "wie,groep", "respondent,role", "functie,group"])
def test_a_role_is_a_word_where_one_is_there_however_the_columns_are_called(head):
    answers = [(1, "citizen", 4), (2, "official", 3), (3, "citizen", 5), (4, "official", 2)]
    numbered = f"{head},willingness\n" + "".join(f"{id},{role},{score}\n" for id, role, score in answers)
    swapped = ",".join(reversed(head.split(",")))
    turned = f"{swapped},willingness\n" + "".join(f"{role},{id},{score}\n" for id, role, score in answers)
    assert start(numbered, "1-5") == start(turned, "1-5") == {"C": 0.875, "G": 0.375}
    refused(lambda: start(f"{head},willingness\n1,1,4\n2,2,3\n", "1-5"), "must be citizen or official")


WORDS = (
    "Strongly disagree|Disagree|Neither agree nor disagree|Agree|Strongly agree",
    "helemaal oneens|oneens|neutraal|eens|helemaal eens",
    "Helemaal mee oneens|Mee oneens|Niet mee eens, niet mee oneens|Mee eens|Helemaal mee eens",
    "zeer mee oneens|mee oneens|niet eens/niet oneens|mee eens|zeer mee eens",
    "geheel oneens|oneens|neutraal|eens|geheel eens",
    "volledig oneens|oneens|neutraal|eens|volledig eens", "SD|D|N|A|SA",
    "helemaal oneens|een beetje oneens|neutraal|een beetje eens|"
    "helemaal eens", "Strongly disagree|Somewhat disagree|Neutral|Somewhat agree|Strongly agree",
    "very unlikely|unlikely|neutral|likely|very likely", "zeer onwaarschijnlijk|onwaarschijnlijk|neutraal|waarschijnlijk|"
    "zeer waarschijnlijk", "zeer ontevreden|ontevreden|neutraal|tevreden|zeer tevreden",
    "Not at all|A little|Somewhat|Very|Extremely",
    "zeker niet|waarschijnlijk niet|misschien|waarschijnlijk wel|zeker wel",
    "helemaal niet bereid|niet bereid|neutraal|bereid|zeer bereid",
    "1. Strongly disagree|2. Disagree|3. Neutral|4. Agree|5. Strongly agree", "(1) oneens!|2|3|4|(5) eens!",
    "  Helemaal  Oneens |oneens|neutraal|EENS|helemaal eens.")


@pytest.mark.parametrize("words", WORDS)
def test_answers_in_words_run_from_least_to_most(words):
    levels = words.split("|")
    rows = [("citizen", levels[0]), ("citizen", levels[3]), ("citizen", levels[4]), ("official", levels[1])]
    text = "role,willingness\n" + "".join(f'{role},"{word}"\n' for role, word in rows)
    assert start(text, "1-5" if words.startswith("(1) oneens!") else None) == {"C": round(1.75 / 3, 4), "G": 0.25}


@pytest.mark.parametrize("word", [
    "n.v.t.", "weet ik niet", "Weet niet/geen mening", "Don’t know", "I don't know", "DK/NA", "prefer not to say",
    "weigert",
    "niet ingevuld", "(no answer)", "-", "liever niet", "NA"])
def test_no_answer_is_none(word):
    assert start(f"role,willingness\nburger,helemaal oneens\nburger,{word}\nburger,eens\nambtenaar,eens\n") == {"C": .375,
        "G": .75}


@pytest.mark.parametrize("code", ["9", "99", "-1", "8", "0", "6"])
def test_codes_of_no_answer_are_named(code):
    text = f"role,willingness\ncitizen,1\ncitizen,5\ncitizen,{code}\nofficial,3\n"
    refused(lambda: start(text, "1-5"), f"--missing {code}")
    assert start(text, "1-5", missing=[code]) == {"C": 0.5, "G": 0.5}


@pytest.mark.parametrize(("scale", "low", "high"), [
    ("0-1", 0, 1), ("1-4", 1, 4), ("1-5", 1, 5), ("1 tot 7", 1, 7), ("0..10", 0, 10), ("1-10", 1, 10), ("percent", 0, 100)])
def test_scales_are_confirmed(scale, low, high):
    text = f"role,willingness\ncitizen,{low}\ncitizen,{high}\nofficial,{(low + high) / 2:g}\n"
    assert start(text if scale not in ("1-4", "1-10") else text.replace(f"{(low + high) / 2:g}", "4"), scale)["C"] == 0.5
    if scale.startswith("1"):
        told = text.replace("willingness", f"willingness ({low}-{high})").replace(f"{(low + high) / 2:g}", "4")
        assert data.read_survey(upload(told)).guessed == ""  # the header says it
        assert start(told)["C"] == 0.5


def test_items_are_turned_round_and_told_where_they_run_against_the_others():
    rows = [(1, 2, 5), (2, 2, 3), (4, 5, 2), (5, 4, 1)]
    text = "role,willingness_1,willingness_2,willingness_3{}\n" + "".join(f"citizen,{a},{b},{c}\n" for a, b, c in rows)
    made = data.read_survey(upload(text.format("_rev")), "1-5")
    items = np.array([(a, b, 6 - c) for a, b, c in rows]) / 4
    total = items.sum(axis=1).var(ddof=1)
    assert made.alphas["willingness"] == pytest.approx(1.5 * (1 - items.var(axis=0, ddof=1).sum() / total))
    assert made.start()["C"] == pytest.approx((items - 0.25).mean())
    assert "willingness_3 against the others" in " ".join(data.read_survey(upload(text.format("")), "1-5").said)


@pytest.mark.parametrize("role", ["Councillor", "mayor", "raadslid", "burgemeester", "Public official",
    "beleidsmedewerker"])
def test_who_governs_is_an_official(role):
    assert start(f"role,willingness\n{role},0.25\ninwoner,0.5\n") == {"C": 0.5, "G": 0.25}


# ---------------------------------------------------------------- the examples of netdiffuseR, as R exports them

def test_innovations_among_doctors_and_women_are_read_as_r_writes_them():
    """Columns as its manual names them (medInnovations, kfamily); the rows are invented."""
    doctors = ('"","city","id","toa","detail","net1","net2"\n"1",1,1001,1,3,1003,NA\n"2",1,1002,18,2,1001,1003\n'
               '"3",1,1003,5,1,NA,NA\n')
    assert times(doctors) == {"1001": 1, "1002": 18, "1003": 5}
    women = '"village" "id" "toa" "net11"\n"1" 1 1 4 2\n"2" 1 2 9 NA\n"3" 2 1 NA 3\n"4" 2 2 1 1\n'
    refused(lambda: times(women), "--group village")
    assert times(women, group="village") == {"1/1": 4, "1/2": 9, "2/1": None, "2/2": 1}
    made = data.read_times(upload(doctors),
        upload('"ego","alter","value"\n"1",1001,1003,1\n"2",1002,1001,1\n"3",1002,1003,1\n'))
    exposure = made.matrix @ (made.times <= 4)
    assert exposure.tolist() == [0, 1, 0]  # the third sees nobody; the second has one of its two




# ---------------------------------------------------------------- columns that are data themselves

NAMES = ("Ash", "Birch", "Elm tree")
MATRIX = {("Ash", "Birch"): 1.0, ("Birch", "Ash"): 1.0, ("Birch", "Elm tree"): 1.0}


@pytest.mark.parametrize("content", [
    ",Ash,Birch,Elm tree\nAsh,0,1,0\nBirch,1,0,1\nElm tree,0,0,0\n",
    '"","Ash","Birch","Elm tree"\n"Ash",0,1,0\n"Birch",1,0,1\n"Elm tree",0,0,0\n',
    "Ash,Birch,Elm tree\nAsh,0,1,0\nBirch,1,0,1\nElm tree,0,0,0\n",  # as R's write.table has no name above the names
    "Ash;Birch;Elm tree\n0;1;0\n1;0;1\n0;0;0\n", "who\tElm tree\tAsh\tBirch\nBirch\t1\t1\t\nAsh\t\t\t1\nElm tree\t\t\t\n"])
def test_a_matrix_of_ties_is_read_by_its_names(content):
    assert ties(content) == MATRIX


def test_a_matrix_may_have_weights_and_needs_names():
    assert ties(";Ash;Birch;Elm tree\nAsh;0;0,5;0\nBirch;2;0;0,25\nElm tree;0;0;0\n") == {
        ("Ash", "Birch"): 0.5, ("Birch", "Ash"): 2.0, ("Birch", "Elm tree"): 0.25}
    assert ties("source,target,weight\n1,2,3\n2,3,1\n3,1,2\n", ("1", "2", "3")) == {
        ("1", "2"): 3, ("2", "3"): 1, ("3", "1"): 2}  # as many rows as columns, and no matrix
    refused(lambda: ties("0,1,0\n1,0,1\n0,0,0\n"), "the names of its nodes")
    refused(lambda: ties(",Ash,Birch,Oak\nAsh,0,1,0\nBirch,1,0,1\nOak,0,0,0\n"), "'Oak' is no node")


def test_periods_and_innovations_may_stand_side_by_side():
    made = counts.read_counts(upload("land;2001;2002;X2003\nNL;3,5%;4%;6%\nBE;1%;;2%\n"))
    assert made.kind == "percent"
    assert made.frame[["unit", "period", "value"]].to_numpy().tolist() == [
        ["NL", 2001, 3.5], ["NL", 2002, 4], ["NL", 2003, 6], ["BE", 2001, 1], ["BE", 2003, 2]]
    for panel in ("country,2001,2002,2003\nNL,0,1,1\nBE,0,0,1\nDE,0,0,0\n",
                  "country,year,adopted\n" + "".join(f"{c},{y},{int(y >= t)}\n" for c, t in (
                      ("NL", 2002), ("BE", 2003), ("DE", 9999)) for y in (2001, 2002, 2003))):
        assert times(panel) == {"NL": 2002, "BE": 2003, "DE": None}
    made = who.read(upload("state,lottery,abortion\nNY,1967,1970\nCA,,1967\nNJ,1970,\n"))
    assert made.cascades == ("lottery", "abortion")
    assert np.nan_to_num(made.times).tolist() == [[1967, 0, 1970], [1970, 1967, 0]]
    refused(lambda: counts.read_counts(upload("jaar;Delft;Gouda\n2001;1;2\n2002;2;4\n")), "a row a unit and period")


@pytest.mark.parametrize(("content", "words"), [
    ("state,year\nNY,98\nCA,99\nTX,01\nOH,03\n", "1998 and 2003"),
    ("state,jaar\nNY,98\nCA,99\nTX,1\nOH,3\n", "1998 and 2003"),
    ("node,time\nNY,'98\nCA,'99\nTX,'01\n", "1998 and 2001"), ("state,year\nA,2001-02\nB,2003-04\n", "such as 2001"),
    ("state,week\nA,2001W1\nB,2003W2\n", "part of a year"), ("state,date\nA,36526\nB,37622\n", "number days"),
    ("state,year\nA,2001\nB,2003\nC,>2005\n", "or blank")])
def test_years_that_are_none_are_told(content, words):
    refused(lambda: times(content), words)


def test_years_of_two_digits_within_a_century_and_numbers_of_periods_are_times():
    assert times("state,year\nA,61\nB,65\nC,88\n") == {"A": 61, "B": 65, "C": 88}
    assert times("state,period\nA,3\nB,1\nC,60\n") == {"A": 3, "B": 1, "C": 60}


@pytest.mark.parametrize(("cells", "wanted"), [
    ("Mar 2015|April 2016|Dec. 2015", (3, 16, 12)), ("maart 2015|mei 2016|okt 2015", (3, 17, 10)),
    ("Mrz. 2015|Mai 2016|Dez 2015", (3, 17, 12)), ("févr. 2015|août 2016|déc. 2015", (2, 20, 12)),
    ("marzo 2015|abril 2016|diciembre 2015", (3, 16, 12)), ("Mar-98|Apr-02|Dec-98", (3, 52, 12)),
    ("2015-03|2016-04|2015-12", (3, 16, 12)), ("03/2015|04/2016|12/2015", (3, 16, 12)),
    ("03.2015|04.2016|12.2015", (3, 16, 12)), ("2015MM03|2016MM04|2015MM12", (3, 16, 12)),
    ("2015Q1|2016Q2|2015-Q4", (1, 6, 4)), ("T1 2015|T3 2016|T4/2015", (1, 7, 4)), ("2015KW01|2016KW02|2015KW04", (1, 6, 4)),
    ("1e kwartaal 2015|2e kwartaal 2016|4e kwartaal 2015", (1, 6, 4)), ("1. Quartal 2015|2016 Q3|Q4 2015", (1, 7, 4)),
    ("2015H1|2016H2|S2 2015", (1, 4, 2)),
    ("17-03-2015|3-4-2016|1-12-2015", (3, 16, 12)),
    ("3/17/2015|4/3/2016|12/1/2015", (3, 16, 12)), ("1.3.2015|5.4.2016|2.12.2015", (3, 16, 12)),
    ("17 maart 2015|3 april 2016|1 december 2015", (3, 16, 12)),
    ("March 17, 2015|April 3, 2016|December 1, 2015", (3, 16, 12)),
    ("2015-03-17|2016-04-02 00:00:00|2015-12-01T10:00:00Z", (3, 16, 12)),
    ("2015-01-01|2016-01-01|2018-01-01", (2015, 2016, 2018)),
    ("2015JJ00|2016JJ00|2018JJ00", (2015, 2016, 2018)), ("mrt 2015|n.v.t.|okt 2015", (3, None, 10)),
    ("1967*|1984|1991[2]", (1967, 1984, 1991)), ("1967¹|1984|1991", (1967, 1984, 1991))])
def test_months_quarters_and_dates_are_periods_from_the_first_year_on(cells, wanted):
    rows = "".join(f'{name};"{cell}"\n' for name, cell in zip("ABC", cells.split("|"), strict=True))
    assert times(f"gemeente;datum\n{rows}") == dict(zip("ABC", wanted, strict=True))


@pytest.mark.parametrize("cells", [
    "03/04/2015|04/05/2016|01/02/2015",  # day or month first?
    "2001-02|2002-03|2004-05",           # years of schools
    "2015-03|2016|2015-12", "jui 2015|juil 2016|juin 2015",
    "15-Mar|16-Apr|15-Dec", "2015.03|2015.10|2016.01"])
def test_what_may_be_two_dates_is_not_guessed(cells):
    rows = "".join(f"{k};{cell}\n" for k, cell in enumerate(cells.split("|")))
    refused(lambda: times(f"gemeente;datum\n{rows}"), "line 2")


def test_what_was_decided_of_dates_is_said():
    assert times(book(s=[["node", "time"], ["A", date(2001, 5, 3)], ["B", date(2002, 1, 1)]])) == {"A": 5, "B": 13}
    made = data.read_times(upload("gemeente;maand\nDelft;mrt 2015\nGouda;apr 2016\nLeiden;\n"))
    assert "maand in months, January 2015 is 1" in made.said[0]
    told = counts.read_counts(upload("land;jan 2015;feb 2015;mrt 2015\nNL;3;4;6\nBE;1;;2\n")).frame
    assert told[["unit", "period", "value"]].to_numpy().tolist() == [["NL", 1, 3], ["NL", 2, 4], ["NL", 3, 6], ["BE", 1, 1],
                                                                   ["BE", 3, 2]]


@pytest.mark.parametrize("header", ["aantal (x 1.000)", "aantal (x 1000)", "number (thousands)", "aantal (in duizenden)"])
def test_numbers_in_thousands_are_people(header):
    made = counts.read_counts(upload(f"jaar;{header}\n2015;1,2\n2016;2,5\n2017;31\n"))
    assert made.frame["value"].tolist() == [1200, 2500, 31000]
    made = counts.read_counts(upload("year,count (per thousand)\n2015,1\n2016,2\n2017,3\n"))
    assert made.frame["value"].tolist() == [1, 2, 3]


def test_innovations_side_by_side_with_what_else_is_told_of_units():
    made = who.read(upload("code;state;region;founded;Abortion;Lottery\n36;NY;East;1788;1970;1967\n"
                           "6;CA;West;1850;1967;never\n"
                           "48;TX;South;1845;;1991\n"))
    assert (made.cascades, made.units) == (("Abortion", "Lottery"), ("NY", "CA", "TX"))
    assert np.nan_to_num(made.times).tolist() == [[1970, 1967, 0], [1967, 0, 1991]]
    dated = who.read(upload("gemeente;Budget;Right to challenge\nDelft;mrt 2015;apr 2016\nGouda;mei 2015;\n"
                            "Leiden;;jun 2017\n"))
    assert np.nan_to_num(dated.times).tolist() == [[3, 5, 0], [16, 0, 30]]
    never = upload("state;Abortion;Lottery\nNY;1970;1967\nCA;1967;9999\nTX;9999;1991\n")
    refused(lambda: who.read(never), "9999 of CA and 1 more")


def test_a_title_over_merged_cells_stands_above_a_table_with_open_cells():
    rows = [["Adoption of lotteries", None], ["State", "Year"], ["NY", 1967], ["CA", 1984], ["TX", None],
            ["Note: until 2000", None]]
    made = data.read_times(Upload("t.xlsx", book(lambda b: b["a"].merge_cells("A1:B1"), a=rows)))
    assert made.nodes == ("NY", "CA", "TX")
    assert np.nan_to_num(made.times).tolist() == [1967, 1984, 0]


@pytest.mark.parametrize("header", ["node,year", "node,year,", "node,year,region", "node;year", "node\tyear"])
@pytest.mark.parametrize("title", ["E-services in towns", "E-services in towns\n\nSource: own count"])
def test_a_title_stands_above_a_text_whose_last_cells_are_open(header, title):
    """Padded by a spreadsheet or not: a row that ends in an open cell has as many separators as the header."""
    mark = header[4]
    rows = [header.split(mark), *([name, year, ""][:header.count(mark) + 1] for name, year in (
        ("A", "2001"), ("B", ""), ("C", ""), ("D", "2004"), ("E", "")))]
    plain = "\n".join(mark.join(row) for row in rows)
    padded = "\n".join(line + mark * header.count(mark) if line else line for line in title.split("\n"))
    for above in (title, padded):
        assert times(f"{above}\n{plain}\n") == {"A": 2001, "B": None, "C": None, "D": 2004, "E": None}


@pytest.mark.parametrize("content", ["\x0b;", "\x0b", "\x0c,\x0c\n;", "\u2003;\u2003\n"])
def test_what_holds_only_blanks_of_other_kinds_is_empty(content):
    for read in (counts.read_counts, data.read_times, data.read_survey):
        refused(lambda read=read: read(upload(content)), "t.csv")


def test_a_header_may_take_two_lines_as_under_merged_cells():
    years = [["Gemeente", "Scholen", None, None], [None, 2001, 2002, 2003], ["A", 1, 2, 3], ["B", 0, 1, 4]]
    text = "\n".join(";".join("" if cell is None else str(cell) for cell in row) for row in years)
    said = [[unit, year, value] for unit, *values in years[2:] for year, value in zip(years[1][1:], values, strict=True)]
    titled = [["Tabel 1", None], *years]
    for content in (text, f"Tabel 1\n{text}", book(a=years), book(a=titled),
                    book(lambda b: (b["a"].merge_cells("A1:A2"), b["a"].merge_cells("B1:D1")), a=years)):
        assert counts.read_counts(upload(content)).frame[["unit", "period", "value"]].to_numpy().tolist() == said
    two = "gemeente;E-procurement;;Open data;\n;jaar;kosten;jaar;kosten\nA;2001;5;2003;6\nB;2002;7;;8\nC;;3;2005;2\n"
    made = who.read(upload(two))
    assert made.cascades == ("E-procurement jaar", "Open data jaar")
    assert np.nan_to_num(made.times).tolist() == [[2001, 2002, 0], [2003, 0, 2005]]
    # a row whose name is missing is no second line of a header, nor is one below a header that leaves nothing open
    refused(lambda: times("node,year\n,2001\nB,2002\n"), "is missing")


@pytest.mark.parametrize(("content", "wanted"), [
    ("Gemeinde;Einführungsjahr\nAsh;2001\nElm;noch nicht\nOak;2003\n", {"Ash": 2001, "Elm": None, "Oak": 2003}),
    ("commune;année d'adoption\nAsh;2001\nElm;jamais\nOak;2003\n", {"Ash": 2001, "Elm": None, "Oak": 2003}),
    ("Kanton;Jahr\nAsh;2001\nElm;k.A.\nOak;2003\n", {"Ash": 2001, "Elm": None, "Oak": 2003}),
    ("Ville;Année\nAsh;2001\nElm;inconnu\nOak;2003\n", {"Ash": 2001, "Elm": None, "Oak": 2003})])
def test_times_in_german_and_french(content, wanted):
    assert times(content) == wanted


@pytest.mark.parametrize(("header", "kind"), [
    ("year,users", "stock"), ("jaar;gebruikers", "stock"), ("Jahr;Nutzer", "stock"), ("année;utilisateurs", "stock"),
    ("année;nombre d'utilisateurs", "stock"), ("Jahr;Anzahl der Gemeinden", "stock"), ("year,number of adopters", "stock"),
    ("jaar;aantal deelnemende gemeenten", "stock"), ("Jahr;neue", "new"), ("année;nouveaux", "new"),
    ("Jahr;Prozent", "percent"), ("année;cumul", "cumulative"), ("Jahr;kumuliert", "cumulative"),
    ("année;pourcentage", "percent"), ("Jahr;Anteil (%)", "percent")])
def test_counts_by_the_words_of_four_languages(header, kind):
    made = counts.read_counts(upload(f"{header}\n" + "".join(f"{year}{header[4 if header[4] in ',;' else 5]}{value}\n"
                                                             for year, value in ((2001, 3), (2002, 5), (2003, 9)))))
    assert made.kind == kind
    assert made.frame["value"].tolist() == [3, 5, 9]


def test_people_are_no_count_of_adopters():
    made = counts.read_counts(upload("jaar;aantal gebruikers;aantal inwoners\n2001;3;100\n2002;5;101\n2003;9;102\n"))
    assert made.frame[["value", "population"]].to_numpy().tolist() == [[3, 100], [5, 101], [9, 102]]


@pytest.mark.parametrize(("head", "roles", "words"), [
    ("Rolle;Bereitschaft", "Bürgerin|Verwaltung",
     "stimme überhaupt nicht zu|stimme eher nicht zu|weder noch|stimme eher zu|stimme voll und ganz zu"),
    ("Gruppe;Bereitschaft", "Einwohner|Gemeinderat", "gar nicht|wenig|mittelmäßig|ziemlich|sehr"),
    ("Rolle;Antwort", "Bürger|Bürgermeisterin", "trifft gar nicht zu|trifft eher nicht zu|teils, teils|trifft eher zu|"
     "trifft voll und ganz zu"),
    ("rôle;volonté", "citoyenne|élue",
     "Pas du tout d’accord|Plutôt pas d’accord|Ni d’accord ni en désaccord|Plutôt d’accord|Tout à fait d’accord"),
    ("groupe;réponse", "habitants|agents", "jamais|rarement|parfois|souvent|toujours"),
    ("fonction;volonté", "Habitante|Maire", "pas du tout|peu|moyennement|assez|très")])
def test_answers_in_german_and_french_run_from_least_to_most(head, roles, words):
    (citizen, official), levels = roles.split("|"), words.split("|")
    rows = [(citizen, levels[0]), (citizen, levels[3]), (citizen, levels[4]), (citizen, "ne sait pas"),
            (citizen, "weiß nicht"), (official, levels[1]), (official, levels[2])]
    text = f"{head}\n" + "".join(f'{role};"{word}"\n' for role, word in rows)
    assert start(text) == {"C": round(1.75 / 3, 4), "G": 0.375}


def test_codes_for_never_are_noticed_wherever_times_are_read():
    table = "policy,state,year\nA,NY,1998\nA,CA,1999\nA,TX,9999\nB,NY,2001\nB,CA,9999\nB,TX,2003\n"
    refused(lambda: who.read(upload(table)), "say --never 9999")
    assert np.isnan(who.read(upload(table), never=["9999"]).times).sum() == 2


def test_per_cent_are_no_counts():
    refused(lambda: history.read(upload("t,cum\n1,2%\n2,5%\n3,9%\n"), 5000), "must be a whole number")
    assert counts.read_counts(upload("land;jaar;aantal\nNL;2001;12,5 %\nNL;2002;15\u00a0%\n")).kind == "percent"
    assert start("rol;bereidheid\nburger;1 (helemaal niet)\nburger;5 (heel erg)\nburger;3\n", "1-5") == {"C": 0.5}


def test_what_is_not_known_of_a_count_and_what_may_be_a_share_of_one_are_said():
    refused(lambda: counts.read_counts(upload("geo,year,percent\nNL,2001,12\nNL,2002,:\n")), "take the row out")
    said = counts.read_counts(upload("country,year,percent\nNL,2001,0.12\nNL,2002,0.35\n")).said
    assert any("call the column share" in sentence for sentence in said)
