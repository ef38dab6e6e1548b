"""The one reader of tables: whatever way a file was saved, it is read as what it says, or refused in one sentence."""

from __future__ import annotations

import gzip
import io
import re
import time
import unicodedata
import zipfile
from contextlib import suppress

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from letsdance.experiments.adopters import counts, data, history
from letsdance.experiments.adopters.observed import observe
from letsdance.params import Refused
from letsdance.scenarios import tables
from letsdance.scenarios.tables import Reading, Upload, marks, open_sheet
from letsdance.scenarios.tables.kinds import COUNTS, HISTORIES, KINDS, POPULATION, TIMES, plain_name
from letsdance.simulation import municipalities
from letsdance.words import Text, languages

TIMES_CSV = "node,time\nMünchen,2001\nKöln,2002\nCafé Zürich,2004\n"
TOWNS_CSV = "name,citizens\nMünchen,25\nKöln,50\n"


def upload(content, name="t.csv"):
    return Upload(name, content if isinstance(content, bytes) else content.encode())


def refused(call, *words):
    with pytest.raises(Refused) as caught:
        call()
    for word in words:
        assert word in str(caught.value), caught.value
    assert "\n" not in str(caught.value)
    return str(caught.value)


# ---------------------------------------------------------------- ways to save a file

@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_one_table_however_it_was_saved(encoding, separator, ending):
    if encoding == "cp1252" and ending == "\r":
        encoding = "mac_roman"  # what Excel for Mac writes
    content = TIMES_CSV.replace(",", separator).replace("\n", ending).encode(encoding)
    for packed in (content, gzip.compress(content, mtime=0)):
        adoption = data.read_times(upload(packed))
        assert adoption.nodes == ("München", "Köln", "Café Zürich")
        assert adoption.times.tolist() == [2001, 2002, 2004]
        assert len(adoption.said) <= 1
    assert ("Windows-1252" in "".join(adoption.said)) == (encoding == "cp1252")


READERS = {
    "times": (TIMES_CSV, lambda source: data.read_times(source).times.tolist(), [2001, 2002, 2004]),
    "towns": (TOWNS_CSV, lambda source: municipalities.load(source).citizens.tolist(), [25, 50]),
    "counts": ("period,new\n2001,3\n2002,5\n2003,1\n", lambda source: counts.read_counts(source).frame["value"].tolist(),
               [3, 5, 1]),
    "histories": ("t,new,population\n1,3,90\n2,5,90\n", lambda source: history.read(source)[0].cum.tolist(), [3, 8]),
    "population": ("unit,population\nA,12\nB,13\n", lambda source: list(counts.read_population(source).values()), [12, 13]),
    "survey": ("role,willingness\ncitizen,0.5\nofficial,0.25\n",
               lambda source: list(data.read_survey(source).start().values()), [.5, .25]),
}
CHANGES = {
    "blank lines before": lambda text: "\n\n \n" + text,
    "blank lines between": lambda text: text.replace("\n", "\n\n"),
    "rows of separators": lambda text: text + ",\n,,\n",
    "columns of nothing": lambda text: text.replace("\n", ",,\n"),
    "Excel's line": lambda text: "sep=;\n" + text.replace(",", ";"),
    "Excel's line in quotes and blank lines": lambda text: '\n"sep=;"\n\n' + text.replace(",", ";"),
    "spaces": lambda text: text.replace(",", " , ").replace("\n", " \n"),
    "quotes": lambda text: "\n".join(",".join(f'"{cell}"' for cell in row.split(",")) for row in text.split("\n")[:-1]),
    "no line end": lambda text: text.rstrip("\n"),
    "numbered rows of R": lambda text: "\n".join([",".join(f'"{name}"' for name in text.split("\n")[0].split(","))] + [
        f'"{k + 1}",{row}' for k, row in enumerate(text.split("\n")[1:-1])]),
    "a byte-order mark inside": lambda text: "\ufeff\ufeff" + text,
    "capitals": lambda text: text.split("\n", 1)[0].title() + "\n" + text.split("\n", 1)[1],
    "a column that is empty": lambda text: text.replace("\n", ",\n").replace(",\n", ",note\n", 1),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("reader", READERS)
def test_every_reader_has_the_same_tolerance(reader, change):
    text, read, expected = READERS[reader]
    assert read(upload(CHANGES[change](text))) == expected


@pytest.mark.parametrize("reader", READERS)
def test_every_reader_takes_workbooks_and_frames(reader, tmp_path):
    text, read, expected = READERS[reader]
    frame = pd.read_csv(io.StringIO(text))
    assert read(frame) == expected
    frame.to_excel(tmp_path / "t.xlsx", index=False, startrow=2)
    assert read(tmp_path / "t.xlsx") == expected


@given(some.lists(some.tuples(some.text("ab é,;'\"\n|9", min_size=1, max_size=5).filter(str.strip), some.integers(0, 40)),
                  min_size=2, max_size=8, unique_by=lambda row: " ".join(row[0].split())),
       some.sampled_from([",", ";", "\t"]))
@settings(max_examples=60, deadline=None)
def test_what_pandas_writes_is_read_back(rows, separator):
    text = pd.DataFrame(rows, columns=["node", "time"]).to_csv(sep=separator, index=False)
    sheet = open_sheet(upload(text), reading=Reading(separator={",": "comma", ";": "semicolon", "\t": "tab"}[separator]))
    assert sheet.frame["node"].tolist() == [name.strip() for name, _ in rows]
    assert sheet.frame["time"].tolist() == [str(time) for _, time in rows]


def test_lines_keep_their_numbers():
    refused(lambda: data.read_times(upload("\n\nsep=;\nnode;time\nA;2001\n\nB;x\n")), "t.csv, line 7: time 'x'")
    refused(lambda: data.read_times(upload("node,time\rA,2001\rB,x\r")), "line 3: time 'x'")


# ---------------------------------------------------------------- files that are no table, and strangers' files

def workbook(rows, **parts):
    book, file = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(file)
    made = io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, parts.get(name, old.read(name)))
    return made.getvalue()


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
GRAPH = (b'<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph edgedefault="directed">'
         b'<node id="1"/><node id="2"/><edge source="1" target="2"/></graph></graphml>')


@pytest.mark.parametrize(("content", "words"), [
    (b"\xd0\xcf\x11\xe0rest", "before 2007"), (b"PAR1rest", "Parquet"), (b"%PDF-1.7", "PDF"), (b"$FL2@(#)", "SPSS"),
    (b"<stata_dta><header>", "Stata"), (b"RDX3\nX\n", "file of R"), (gzip.compress(b"RDX3\nX\n", mtime=0), "file of R"),
    (b"<!DOCTYPE html><html>", "web page"), (b'{"node": 1}', "JSON"), (b"dl n=3\n", "UCINET"), (b"graph [\n", "GML"),
    (b"<?xml version='1.0'?><a/>", "is XML"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"BZh91", "bzip2"),
    (b"node,time\nA\0,1\n", "not text"), (b"\0" * 64, "not text"), (b"node,time\n\x01\x81,1\n", "not UTF-8"),
    (b"", "empty"), (b" \n,,\n", "empty"), (b"\xef\xbb\xbf", "empty"), (b"sep=;\n", "empty"),
    (b"sep=x\na\n", "no separator"),
    (gzip.compress(b"a,b\n", mtime=0)[:-9], "too early"),
    (gzip.compress(gzip.compress(b"a", mtime=0), mtime=0), "packed twice"),
    (b"\x1f\x8bnonsense", "damaged"), (b"PK\x03\x04rest", "workbook"), (b"a,b,,\nA,1,2,3\n", "2 columns have no name"),
    (BOMB + GRAPH, "declares entities"), (GRAPH[:-20], "damaged"), (b"*Vertices 2\n1 \"a\"\n*Arcs\n1 7\n", "Pajek"),
    (b"node,time\n\"A,1\n", "quotation marks"), (b"node,time\n\"" + b"a" * 200_000 + b"\",1\n", "short cells"),
])
def test_what_is_no_table_is_named(content, words):
    began = time.process_time()
    refused(lambda: open_sheet(upload(content)), "t.csv", words)
    assert time.process_time() - began < 5


def test_files_of_strangers_are_bounded(tmp_path):
    small = Reading(most=2**20)
    refused(lambda: open_sheet(upload(b"a,b\n" + b"1,2\n" * 2**19), reading=small), "larger than 1 MB")
    refused(lambda: open_sheet(upload(gzip.compress(b"0" * 2**28, mtime=0)), reading=small), "unpacks to more than 2 MB")
    wide = b",".join([b"a"] * 3_000) + b"\n" + b",".join([b"1"] * 3_000)
    refused(lambda: open_sheet(upload(wide), reading=small), "3,000 columns")
    sheet = "xl/worksheets/sheet1.xml"
    book = workbook([["node", "time"], ["A", 1]])
    inflated = workbook([["a"]], **{sheet: b"<worksheet>" + b" " * 2**23 + b"</worksheet>"})
    assert len(inflated) < 2**16
    refused(lambda: open_sheet(upload(inflated), reading=small), "unpacks to more than 2 MB")
    entities = workbook([["a"]], **{"xl/workbook.xml": BOMB + b"<workbook/>"})
    refused(lambda: open_sheet(upload(entities)), "declares entities")
    refused(lambda: open_sheet(upload(workbook([["a"]], **{sheet: b"<worksheet"}))), "damaged")
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        xml = archive.read(sheet)
    far = xml.replace(b'r="B2"', b'r="XFD2"')
    assert far != xml
    refused(lambda: open_sheet(upload(workbook([["node", "time"], ["A", 1]], **{sheet: far}))), "16,384 columns")
    huge = xml.replace(b'ref="A1:B2"', b'ref="A1:XFD1048576"')
    assert open_sheet(upload(workbook([["node", "time"], ["A", 1]], **{sheet: huge}))).frame.shape == (1, 2)
    plain = io.BytesIO()
    with zipfile.ZipFile(plain, "w") as archive:
        archive.writestr("t.csv", "node,time\nA,1\n")
    refused(lambda: open_sheet(upload(plain.getvalue())), "archive")
    refused(lambda: open_sheet(tmp_path), "is a folder")
    refused(lambda: open_sheet(tmp_path / "none.csv"), "there is no file")
    refused(lambda: open_sheet("a\0b"), "cannot be read")


@given(some.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_read_or_refused(content):
    for head in (b"", b"node,time\n", b"\xff\xfe", b"\x1f\x8b\x08"):
        with suppress(Refused):
            data.read_times(upload(head + content))


def test_a_sheet_is_chosen_and_the_others_are_named(tmp_path):
    with pd.ExcelWriter(tmp_path / "t.xlsx") as book:
        pd.DataFrame({"node": ["A", "B"], "time": [1, 2]}).to_excel(book, sheet_name="one", index=False)
        pd.DataFrame({"node": ["A", "B"], "time": [3, 4]}).to_excel(book, sheet_name="two", index=False)
    adoption = data.read_times(tmp_path / "t.xlsx")
    assert "sheet one (--sheet for two)" in adoption.said[0]
    assert data.read_times(tmp_path / "t.xlsx", reading=Reading(sheet="two")).times.tolist() == [3, 4]
    refused(lambda: data.read_times(tmp_path / "t.xlsx", reading=Reading(sheet="tow")), "Did you mean two?", "one, two")


@pytest.mark.parametrize("content", [
    b'*Vertices 3\n1 "1"\n2 "2"\n3 "3"\n*Arcs\n2 1 1\n3 2 1\n', b"source,target\n2.0,1.0\n3.0,2.0\n",
    b'\xef\xbb\xbf*Vertices 3\r\n1 "1"\r\n2 "2"\r\n3 "3"\r\n*Arcs\r\n2 1\r\n3 2\r\n',
    b'<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><key id="k" for="node" attr.name="name" attr.type="string"/>'
    b'<graph edgedefault="directed">'
    + b"".join(b'<node id="n%d"><data key="k">%d</data></node>' % (k, k) for k in (1, 2, 3))
    + b'<edge source="n2" target="n1"/><edge source="n3" target="n2"/></graph></graphml>'])
def test_networks_are_read_in_other_formats(content):
    for packed in (content, gzip.compress(content, mtime=0)):
        adoption = data.read_times(upload("id,toa\n1,1\n2,2\n3,4\n"), upload(packed, "e"))
        assert adoption.matrix.toarray().tolist() == [[0, 0, 0], [1, 0, 0], [0, 1, 0]]
    edges = upload(b'*Vertices 3\n1 "1"\n2 "2"\n3 "3"\n*Edges\n2 1\n', "e")
    both = data.read_times(upload("id,toa\n1,1\n2,2\n3,4\n"), edges)
    assert both.matrix.toarray().tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 0]]
    assert "count both ways" in " ".join(both.said)


# ---------------------------------------------------------------- numbers

@pytest.mark.parametrize(("cells", "separator", "value"), [
    (["27.889", "320.475"], ";", 27889), (["27.889", "320.475"], ",", 27889), (["27,889", "1,234,567"], ",", 27889),
    (["27 889", "1 000"], ";", 27889), (["27\u202f889"], ";", 27889), (["27'889"], ",", 27889), (["27’889"], ",", 27889),
    (["1.234.567"], "\t", 1234567), (["27.000", "3.000"], ";", 27000), (["27889.0"], ",", 27889),
    (["2.7889e4"], ",", 27889),
    (["27.889", "320.5"], ",", None), (["27.000", "3.000"], ",", None), (["27.889", "3,125"], ";", None),
    (["27,889.5"], ",", None), (["twenty"], ",", None)])
def test_people_are_whole_whatever_their_thousands(cells, separator, value):
    lines = "".join(f'M{k}{separator}"{cell}"\n' for k, cell in enumerate(cells))
    towns = upload(f"municipality{separator}population\n{lines}")
    for read in (lambda: municipalities.load(towns).citizens[0], lambda: counts.read_population(towns)["M0"]):
        if value is None:
            refused(read, "line 2" if cells[0] != "27.889" or (len(cells) > 1 and cells[1] != "320.5") else "line")
        else:
            assert read() == value


@pytest.mark.parametrize(("cells", "separator", "wanted"), [
    ("0,62 1,00", ";", [.62, 1]), ("0.62 1.00", ";", [.62, 1]), (".5 1", ",", [.5, 1]), ("0.125 0.5", ";", [.125, .5]),
    ("0,125 0,250", ";", [.125, .25]), ("62% 100%", ",", [.62, 1]), ("62,5% 7%", ";", [.625, .07]),
    ("5e-1 1", ",", [.5, 1])])
def test_shares_are_read_with_either_mark(cells, separator, wanted):
    rows = "".join(f'M{k}{separator}9{separator}"{cell}"\n' for k, cell in enumerate(cells.split()))
    places = municipalities.load(upload(f"name{separator}citizens{separator}willingness\n{rows}"))
    assert places.given["willingness"].tolist() == pytest.approx(wanted)


@given(some.lists(some.floats(0, 1e9).map(lambda x: round(x, 2)), min_size=1, max_size=6),
       some.sampled_from(["nl", "en", "fr", "ch", "plain", "comma"]))
@settings(max_examples=100, deadline=None)
def test_numbers_of_every_country_are_read_back(values, country):
    style = {"nl": ("{:,.2f}", {",": ".", ".": ","}), "en": ("{:,.2f}", {}), "fr": ("{:,.2f}", {",": "\u202f", ".": ","}),
             "ch": ("{:,.2f}", {",": "’"}), "plain": ("{:.2f}", {}), "comma": ("{:.2f}", {".": ","})}[country]
    cells = [style[0].format(v).translate(str.maketrans(style[1])) for v in values]
    read, _, _ = marks.read(pd.Series(cells, dtype=str), counts=False, low=-np.inf, high=np.inf,
                            decimal=marks.mark_of({"a": pd.Series(cells, dtype=str)}), sure=False, separator=";")
    assert tables.numbers(read).tolist() == pytest.approx(values)


def test_what_is_unclear_is_asked_for():
    edges = "source;target;weight\nA;B;1.250\n"
    nodes, periods = ["A", "B"], np.arange(2001, 2003)
    refused(lambda: data.read_edges(upload(edges), nodes, periods), "line 2: weight '1.250'", "thousands or of decimals")
    assert data.read_edges(upload(edges), nodes, periods, reading=Reading(decimal="point"))[0][0, 1] == 1.25
    assert data.read_edges(upload(edges), nodes, periods, reading=Reading(decimal="comma"))[0][0, 1] == 1250
    refused(lambda: Reading(decimal="dot"), "point, comma")


# ---------------------------------------------------------------- names and ids

def test_names_are_equal_whatever_their_bytes():
    ties = unicodedata.normalize("NFD", "source,target\nMünchen, Köln \nCafé  Zürich,K\u200böln\n")
    assert data.read_times(upload(TIMES_CSV), upload(ties)).matrix.nnz == 2
    twice = TIMES_CSV + unicodedata.normalize("NFD", "Köln,2003\n")
    refused(lambda: data.read_times(upload(twice)), "line 5", "there already")


@pytest.mark.parametrize("name", ["nan", "NaN", "NA", "None", "null", "n/a", "-", "1e5", "true"])
def test_a_name_is_a_name(name):
    assert data.read_times(upload(f"node,time\n{name},2001\nB,2002\n")).nodes == (name, "B")
    found = history.read(upload(f"task_id,t,new\n{name},1,2\n{name},2,1\n"), 50)
    assert [one.name for one in found] == [name]
    assert municipalities.load(upload(f"name,citizens\n{name},9\n")).names == (name,)


def test_ids_within_groups_take_their_group():
    text = "id,toa,village\n1,1,a\n2,5,a\n1,4,b\n2,3,b\n"
    refused(lambda: data.read_times(upload(text)), "there already", "--group village")
    adoption = data.read_times(upload(text), upload("ego,alter,village\n1,2,a\n2,1,b\n"), group="village")
    assert adoption.nodes == ("a/1", "a/2", "b/1", "b/2")
    assert np.argwhere(adoption.matrix.toarray()).tolist() == [[0, 1], [3, 2]]
    refused(lambda: data.read_times(upload(text), group="vilage"), "Did you mean village?")
    bare = upload("ego,alter\n1,2\n")
    refused(lambda: data.read_times(upload(text), bare, group="village"), "give ties the column village")
    assert "--group" not in refused(lambda: data.read_times(upload("id,toa\n1,1\n1,2\n")), "there already")


# ---------------------------------------------------------------- codes for never

@pytest.mark.parametrize(("times", "codes"), [
    ([2001, 2002, 9999, 2004], [9999]), ([2001, 2002, 0, 2004], [0]), ([1, 5, 18, -9], [-9]), ([1, 5, 18, 99], [99]),
    ([1, 2, 999, -1], [-1, 999]), ([2001, 2001, 9999], [9999]), ([0, 3, 10, -99], [-99]), ([1990, 2020, -999], [-999]),
    ([0, 1, 2, 3], []), ([1, 9, 12], []), ([0, 1, 7, 8, 9], []), ([60, 77, 88, 99], []), ([1950, 1999, 2010], []),
    ([-5, -1, 0, 4], [])])
def test_codes_for_never_are_noticed_because_they_lie_far_away(times, codes):
    assert data.far_codes(np.array(times, float)) == codes
    text = "state,year\n" + "".join(f"S{k},{t}\n" for k, t in enumerate(times))
    if not codes:
        assert len(data.read_times(upload(text)).nodes) == len(times)
        return
    refused(lambda: data.read_times(upload(text)), f"year {codes[0]:.0f}", f"--never {codes[0]:.0f}", "--never none")
    adoption = data.read_times(upload(text), never=[f"{code:.0f}" for code in codes])
    assert np.isnan(adoption.times).tolist() == [t in codes for t in times]
    if abs(codes[0]) < 9_000:
        assert not np.isnan(data.read_times(upload(text), never=["none"]).times).any()


def test_words_for_never_and_slips_are_told():
    adoption = data.read_times(upload("id,toa\nA,1\nB,never\nC,3\n"), never=["never"])
    assert np.isnan(adoption.times[1])
    assert "lies far from all others" in " ".join(data.read_times(upload("id,toa\nA,2001\nB,2002\nC,20004\n")).said)
    refused(lambda: data.read_times(upload("id,toa\nA,1\nB,2\n"), never=["9"]), "no toa is 9")


# ---------------------------------------------------------------- which column is what

@pytest.mark.parametrize(("header", "kind"), [
    ("state,year", "times"), ("country,year_joined", "times"), ("gemeente,jaar", "times"), ("id,toa,group", "times"),
    ("Country Name;Year of adoption", "times"), ("city,id,toa,adopt", "times"), ("node,time,count", "counts"),
    ("country,year,percent", "counts"), ("year,stock", "counts"), ("t,new", "counts"), ("unit,population", "population"),
    ("gemeente,inwoners", "population"), ("municipality,population", "population"), ("rol,bereidheid", "survey"),
    ("role,willingness (1-5)", "survey")])
def test_a_header_tells_the_kind(header, kind):
    separator = ";" if ";" in header else ","
    sheet = open_sheet(upload(header + "\n" + separator.join("1" for _ in header.split(separator)) + "\n"))
    order = [KINDS[name] for name in ("survey", "counts", "times", "population")]
    assert tables.recognise(sheet, order).name == kind


@pytest.mark.parametrize("header", [
    "id,toa,group,net1,net2,net3,age,gender,note", "id,toa,adopt", "city,id,toa,detail,adopt",
    "village,id,toa,net11,net12"])
def test_the_headers_of_netdiffuser_are_read_as_they_are(header):
    columns = header.split(",")
    rows = "".join(",".join({"id": str(k), "toa": str(k)}.get(c, "1") for c in columns) + "\n" for k in (1, 2, 3))
    adoption = data.read_times(upload(header + "\n" + rows))
    assert (adoption.nodes, adoption.times.tolist()) == (("1", "2", "3"), [1, 2, 3])
    waves = "id,toa,group,time\n1,1,a,1\n1,1,a,2\n2,3,a,1\n2,3,a,2\n1,2,b,1\n1,2,b,2\n"
    adoption = data.read_times(upload(waves), upload("ego,alter,value,group\n1,2,1,a\n"), group="group")
    assert adoption.nodes == ("a/1", "a/2", "b/1")
    assert "count as one" in " ".join(adoption.said)


@pytest.mark.parametrize(("text", "kind", "wanted", "never"), [
    ("name,when\nA,2001\nB,2003\n", TIMES, "Is it when?", "Is it name"),
    ("name,begun\nA,1\n", TIMES, "is missing", "Is it"),
    ("name,yeer\nA,2001\n", HISTORIES, "Is it yeer?", "Is it name"),
    ("naem,population\nA,9\n", POPULATION, "Is it naem?", "x"),
    ("name,cumulativ,year\nA,1,2\n", COUNTS, "Did you mean cumulative?", "Did you mean name"),
    ("name,birth_year\nA,1980\n", TIMES, "column time is missing", "x=")])
def test_hints_help_and_never_point_to_nonsense(text, kind, wanted, never):
    said = refused(lambda: tables.read(upload(text), kind), wanted)
    assert never not in said


def test_a_table_of_times_tells_a_history_and_a_curve():
    text = "name,year\nA,2001\nB,2003\nC,2003\n"
    (one,) = history.read(upload(text), 5)
    assert (one.first, one.population, one.cum.tolist()) == (2001, 5, [1, 1, 3])
    (seen,) = observe(upload("state,year\n" + "".join(f"S{k},{2000 + k % 4}\n" for k in range(9))))
    assert seen.count.tolist() == [3, 5, 7, 9]
    refused(lambda: history.read(upload(text), 2), "more than the population of 2")


def test_sentences_use_the_files_own_words():
    refused(lambda: data.read_times(upload("Land;Einw.;year\nA;2001;x\n")), "year 'x'")
    refused(lambda: data.read_times(upload("state,year,group\nA,2001,x\nB,2002,\n")), "group ''", "take the column group")
    refused(lambda: municipalities.load(upload("gemeente;inwoners\nA;veel\n")), "inwoners 'veel'")
    refused(lambda: data.read_times(upload("state,status,year\nA,1,2001\nB,1,\n")), "but status is 1")
    said = data.read_times(upload("Country Name;Year joined;group;x\nA;2001;;1\nB;2002;;\n")).said
    assert said == ("Read: semicolons between columns; node is Country Name, time is Year joined; not used: group (it is "
                    "empty), x.",)


def test_nothing_is_said_where_nothing_was_decided():
    assert data.read_times(upload(TIMES_CSV)).said == ()
    assert municipalities.load(upload(TOWNS_CSV)).said == ()


def test_what_is_given_of_towns_is_written_as_it_was_read():
    places = municipalities.load(upload("gemeente;inwoners;bereidheid;G\nA;1.250;0,62;\nB;9;0,1;0,5\n"))
    assert places.names == ("A", "B")
    again = municipalities.from_text(municipalities.to_csv(places))
    assert again.names == places.names
    assert again.citizens.tolist() == places.citizens.tolist() == [1250, 9]
    assert again.given.tobytes() == places.given.tobytes()
    refused(lambda: municipalities.load(upload("name,citizens,wilingness\nA,9,.5\n")), "Did you mean willingness?")
    assert "not used: province" in municipalities.load(upload("name,citizens,province\nA,9,x\n")).said[0]


def test_names_of_columns_are_plain():
    for name in ("Aantal inwoners", "aantal_inwoners", " Aantal  Inwoners (2024) ", "AANTAL-INWONERS"):
        assert plain_name(name) == "aantal_inwoners"


#: Tables that cannot be used, one for each kind of sentence about a row or a header: text, who reads it, and how.
WRONG = {
    "unit,time\nA,1\nA,2\n": {},
    "node,village,time\n1,a,1\n1,b,2\n2,a,3\n2,b,4\n": {},
    "unit,time\nA,1e300\nB,2\n": {},
    "unit,time,adopted\nA,1,maybe\nB,2,1\n": {},
    "unit,time,adopted\nA,,1\nB,2,1\n": {},
    "unit,time\nA,1\nB,9\n": {"last": 5},
    "unit,time\nA,1\nB,9\n\n": {"first": 3},
    "year;cumulative\n1990;1\n1991;3\n": {},
    "unit,time\nA,20010101\nB,20020101\n": {},
    "country,year,percent\nNL,2000,12\nNL,2001,22\n": {},
    "unit,time\nA,01.000,3\n": {},
    "": {},
    "unit,time\n": {},
    "unit,time\nA,\nB,\n": {},
    "a,b\n1,2\n": {},
    "unit,time\nA,1,2\nB,3\n": {},
    "unit,adopted\nA,2001-03-01\nB,2002-06-30\n": {},
}


@pytest.mark.parametrize("language", languages()[1:])
@pytest.mark.parametrize("content", WRONG, ids=lambda content: repr(content)[:30])
def test_what_is_wrong_with_a_table_is_said_in_the_readers_language_alone(tmp_path, content, language):
    (tmp_path / "x.csv").write_text(content, encoding="utf-8")
    with pytest.raises(Refused) as refused:
        data.read_times(tmp_path / "x.csv", **WRONG[content])
    said = Text(language).refused(refused.value).replace(str(tmp_path), "")
    assert not re.search(r"\b(the|and|must|give|there|already|missing|which|leave|keep|once|this|table of|such)\b", said)


def test_what_another_command_reads_or_another_column_holds_is_hinted_at(tmp_path):
    for content, hint in {"year;cumulative\n1990;1\n1991;3\n": "looks like a table of counts; `letsdance adopters data`",
                          "country,year,percent\nNL,2000,12\nNL,2001,22\n": "this looks like a table of counts",
                          "country,year,share\nNL,2000,12\nNL,2001,22\nBE,2000,5\nBE,2001,8\n":
                              "this looks like a table of counts",
                          "unit,adopted\nA,2001-03-01\nB,2002-06-30\n": "Is it adopted? Then call it time"}.items():
        (tmp_path / "x.csv").write_text(content, encoding="utf-8")
        with pytest.raises(Refused, match=re.escape(hint)):
            data.read_times(tmp_path / "x.csv")
