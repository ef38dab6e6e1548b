"""Every reader of what people bring, on what nobody would write: a value that obeys its declaration, or one sentence.

Each test breaks and mixes real inputs. What a reader does not refuse must obey its schema and survive its own writer.
HYPOTHESIS_PROFILE=search goes on with others, for HYPOTHESIS_SECONDS in each test.
"""

from __future__ import annotations

import functools
import gzip
import io
import json
import os
import time
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from letsdance import scenarios
from letsdance.dashboards import state as screens
from letsdance.experiments import branch, folder, manifests, plan, store
from letsdance.experiments.sweep import sweep
from letsdance.params import PARAMETERS, Refused
from letsdance.scenarios import tables
from letsdance.scenarios.tables import Upload
from letsdance.scenarios.tables.kinds import KINDS
from letsdance.simulation import municipalities, simulate

MOST = 1_500  # characters of a sentence
SMALL = {"municipalities": 6, "citizens": 12}


#: Inputs that each test tried.
TRIED: dict[str, int] = {}
SEARCH = os.environ.get("HYPOTHESIS_PROFILE") == "search"


def examples(share):
    """So many times 60 inputs, the same in every run; `search` goes on with others for HYPOTHESIS_SECONDS, in each test."""
    most = float(os.environ.get("HYPOTHESIS_SECONDS", "60")) if SEARCH else 0.0

    def decorate(test):
        inner, name = test.hypothesis.inner_test, test.__name__

        @functools.wraps(inner)
        def counted(*args, **named):
            TRIED[name] = TRIED.get(name, 0) + 1
            inner(*args, **named)

        test.hypothesis.inner_test = counted
        test = settings(max_examples=max(1, round(share * 60)), suppress_health_check=list(HealthCheck))(test)

        @functools.wraps(test)
        def rounds(*args, **named):
            began = time.monotonic()
            test(*args, **named)
            while time.monotonic() - began < most:
                test(*args, **named)

        return rounds

    return decorate


@pytest.fixture(scope="module", autouse=True)
def told(pytestconfig):
    """How many inputs were tried, where it is asked for (-s)."""
    yield
    if pytestconfig.getoption("capture") == "no":
        print(f"\n{sum(TRIED.values()):,} inputs: " + ", ".join(f"{name} {n:,}" for name, n in TRIED.items()))


def tried(read, folder=None):
    """(what a reader gives, None) or (None, its one sentence); anything else fails, as does a file left behind."""
    before = kept(folder)
    try:
        found, said = read(), None
    except Refused as refused:
        found, said = None, sentence(str(refused))
    assert kept(folder) == before, "a reader wrote"
    return found, said


def kept(folder):
    """The files of a folder with their bytes."""
    return {path: path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()} if folder else {}


def sentence(said):
    """A refusal as people can read it."""
    assert "\n" not in said, said
    assert len(said) <= MOST, said
    assert said.endswith((".", "?", ".)")), said
    assert "Traceback" not in said
    said.encode()  # what a screen can show
    return said


# ---------------------------------------------------------------- what stands where something else should

HUGE = 10**40
ODD = st.sampled_from([None, True, False, -1, 0, 1, 2, 0.5, -0.5, 1e308, 2**31, 2**53, 2**63, 2**64, HUGE, -HUGE,
                       float("nan"), float("inf"), "", " ", "many", "k", "a\nb", "\0", "\u202e", "１", "x" * 3_000, [], [1],
                       ["a"], [[[]]], {}, {"a": 1}, {"": {}}, {"name": "FRCS"}, [{"name": "FRCS"}]])
JSON = st.recursive(ODD, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
    st.text(max_size=5), inner, max_size=3), max_leaves=6)
WORDS = st.sampled_from(["nan", "inf", "-1", "9" * 400, "1e999", "0x10", "1_0", "2020-01-01", "true", "''", "'x'", "[]",
                         "{}", "[1]", "'''\n'''", f"'{'x' * 3_000}'",
                         f"[{'1, ' * 2_000}]", "'FRCS'", "{a = 1}", "'\\u0000'"])


def paths(data, at=()):
    """Every place in nested data."""
    yield at
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, inner in items:
        yield from paths(inner, (*at, key))


def put(data, at, value):
    """Data with another value at a place; `...` takes the entry out."""
    if not at:
        return {} if value is ... else value
    copied = data.copy()
    if value is ... and len(at) == 1:
        del copied[at[0]]
    else:
        copied[at[0]] = put(copied[at[0]], at[1:], value)
    return copied


@st.composite
def broken(draw, real, most=3):
    """Real JSON with a few entries taken out or replaced, or one added."""
    said = real
    for _ in range(draw(st.integers(1, most))):
        at = draw(st.sampled_from(list(paths(said))[1:] or [()]))
        said = put(said, at, draw(st.just(...) | JSON))
        if not isinstance(said, dict):
            return said
    if draw(st.booleans()):
        said = {**said, draw(st.text(max_size=8)): draw(JSON)}
    return said


@st.composite
def spoilt(draw, real):
    """A text with pieces doubled, cut out, swapped for odd words, or its lines shuffled."""
    text = draw(st.sampled_from(real))
    for _ in range(draw(st.integers(1, 3))):
        lines = text.split("\n")
        k = draw(st.integers(0, len(lines) - 1))
        how = draw(st.sampled_from(["value", "cut", "double", "line", "move", "letter"]))
        if how == "value" and "=" in lines[k]:
            lines[k] = lines[k].partition("=")[0] + "= " + draw(WORDS)
        elif how == "cut":
            del lines[k:k + draw(st.integers(1, 3))]
        elif how == "double":
            lines.insert(draw(st.integers(0, len(lines))), lines[k])
        elif how == "line":
            lines.insert(k, draw(st.text(max_size=20)))
        elif how == "move":
            lines = draw(st.permutations(lines))
        else:
            at = draw(st.integers(0, len(lines[k])))
            lines[k] = lines[k][:at] + draw(st.characters()) + lines[k][at + draw(st.integers(0, 1)):]
        text = "\n".join(lines)
    return text


# ---------------------------------------------------------------- scenarios and designs

TOWNS = "name,citizens,willingness\nAa,30,.4\nBee,45,\n"
STORIES = [*(scenarios.load(name).to_toml() for name in scenarios.STARTS),
           scenarios.load("lone_ranger").changed(parameters={"k": 1.5, "citizens": 40}, levers=["FRCS@8+20*0.7", "LEAD@3"],
                                                 shocks=["austerity@12+4"], profile="telework").to_toml(),
           'title = "a"\ncontext = ["sticky"]\nquarters = 20\nmunicipalities = """\n' + TOWNS +
           '"""\n[start]\nC = 0.5\nG = 0.4\n']


@examples(3)
@given(st.one_of(spoilt(STORIES), st.text(max_size=80)))
def test_a_scenario_is_one_or_is_refused(text):
    found, _ = tried(lambda: scenarios.read("mine", "mine.toml", text))
    if found is None:
        return
    assert scenarios.read("mine", "mine.toml", found.to_toml()) == found
    assert scenarios.HORIZON[0] <= found.quarters <= scenarios.HORIZON[1]
    for name, value in found.values().items():
        low, high = PARAMETERS[name].range
        assert low <= value <= high, name


DESIGNS = ['scenario = "lone_ranger"\nmethod = "grid"\npoints = 3\nreplicates = 2\nquarters = 20\n'
           'keep = ["society"]\nevery = 2\noutcomes = ["lets_dance@20"]\nlevers = ["LEAD@4"]\n'
           '[parameters]\ncitizens = 12\n[factors]\nk = [0.5, 2.0]\n',
           'title = "two"\npoints = 8\nseed = 5\nmethod = "latin_hypercube"\nprofile = "telework"\n[factors]\nk = "0.5:2"\n'
           'FRCS.strength = "0:1"\n"FRCS.start" = "1:9"\n',
           'method = "morris"\ntrajectories = 2\nshocks = "austerity@8"\n[factors]\nG0 = "0.2:0.8"\nC0 = "0.2:0.8"\n',
           'method = "grid"\nmunicipalities = "towns.csv"\n[factors]\nscenario = "lone_ranger,wasteland"\n'
           'profile = ["telework"]\n']


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a table of municipalities."""
    made = tmp_path_factory.mktemp("fuzz")
    (made / "towns.csv").write_text(TOWNS)
    return made


@examples(2)
@given(text=st.one_of(spoilt(DESIGNS), st.text(max_size=60)))
def test_a_design_is_one_or_is_refused(place, text):
    file = place / "design.toml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    found, _ = tried(lambda: plan.read(file), place)
    if found is None:
        return
    assert json.loads(json.dumps(found.said())) == found.said(), "a sweep's manifest can say it"
    assert 1 <= found.replicates <= plan.MOST_RUNS
    assert 0 <= found.seed < 2**62
    again = scenarios.read("x", "x", found.scenario.to_toml())
    assert again.values() == found.scenario.values()
    for point in found.design.points(0, min(3, len(found.design))):
        assert all(np.isfinite(value) for value in point.values() if isinstance(value, float))


# ---------------------------------------------------------------- states

@pytest.fixture(scope="module")
def entries(tmp_path_factory):
    """The arrays of saved states, by name."""
    made = []
    for quarter, start in ((0, "lone_ranger"), (7, "lets_dance")):
        path = tmp_path_factory.mktemp("state") / "s.npz"
        branch.save(branch.state_at(start, quarter, seed=3, parameters=SMALL, quarters=12), path)
        with np.load(path) as found:
            made.append({name: found[name] for name in found.files})
    return made


@st.composite
def array(draw, real):
    """An array with a few values changed, or of another type or shape."""
    how = draw(st.sampled_from(["values", "values", "values", "values", "type", "shape", "all"]))
    if how == "type":
        kind = draw(st.sampled_from(["f8", "f4", "i8", "u1", "U3", "?", "c16", "M8[s]"]))
        return np.zeros(real.shape, kind)
    if how == "shape":
        return draw(st.sampled_from([real[:0], real[:-1] if real.ndim else real, np.concatenate([real, real]), real[None],
                                     np.zeros((), real.dtype)]))
    changed = np.array(real)
    column = changed
    if real.dtype.names:
        column = changed[draw(st.sampled_from(real.dtype.names))]
    value = draw(st.sampled_from([0, 1, 2, 3, 5, 9, 200, 255, -1, 2**31, 2**62]) if column.dtype.kind in "iu" else
                 st.sampled_from([0.0, 1.0, 0.5, -0.1, 1.1, 1e30, -1e300, float("nan"), float("inf")]))
    with np.errstate(all="ignore"):
        cast = np.array([value]).astype(column.dtype)[0]
    if how == "all" or not column.size:  # of a column that only a mechanism fills there is nothing to change
        column[...] = cast
    else:
        for _ in range(draw(st.integers(1, 3)) if column.size else 0):
            column.flat[draw(st.integers(0, max(0, column.size - 1)))] = cast
    return changed


@examples(4)
@given(data=st.data())
def test_a_state_is_one_that_goes_on_or_is_refused(tmp_path_factory, entries, data):
    real = dict(data.draw(st.sampled_from(entries)))
    for name in data.draw(st.lists(st.sampled_from(sorted(real)), min_size=1, max_size=2, unique=True)):
        if name == "about" and data.draw(st.integers(0, 4)):
            said = data.draw(broken(json.loads(real[name].tobytes()), 1))
            real[name] = np.frombuffer(json.dumps(said).encode(), np.uint8)
        elif data.draw(st.integers(0, 20)) == 20:
            del real[name]
        else:
            real[name] = data.draw(array(real[name]))
    file = tmp_path_factory.mktemp("one") / "s.npz"
    np.savez(file, **real)
    found, _ = tried(lambda: branch.load(file), file.parent)
    if found is not None:
        society = found.society(threads=1)
        society.step()
        assert society.quarter == found.quarter + 1
        rows = np.concatenate([found.rows, society.row])
        later = branch.take(society, found.scenario.changed(quarters=40), rows)
        branch.load(branch.save(later, file.with_name("next.npz")))


@pytest.fixture(scope="module")
def packed(entries):
    """A state's bytes, the same in every run: numpy writes the time of day into its archives, and an example that breaks
    a byte of it, or is tried again two seconds later, would be another one."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, column in entries[0].items():
            raw = io.BytesIO()
            np.save(raw, column)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), raw.getvalue(), zipfile.ZIP_DEFLATED)
    return whole.getvalue()


@examples(2)
@given(data=st.data())
def test_bytes_of_a_state_are_one_or_are_refused(tmp_path_factory, packed, data):
    raw = bytearray(packed)
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    file = tmp_path_factory.mktemp("raw") / "s.npz"
    file.write_bytes(raw[:data.draw(st.integers(0, len(raw)) | st.just(len(raw)))])
    found, _ = tried(lambda: branch.load(file), file.parent)
    if found is not None:
        found.society(threads=1).step()


@examples(0.3)
@given(st.integers(0, 40), st.integers(0, 2**63 - 1), st.sampled_from(scenarios.STARTS), st.data())
def test_every_state_that_was_saved_is_loaded(tmp_path_factory, quarter, seed, start, data):
    names = data.draw(st.lists(st.sampled_from([n for n in PARAMETERS if n not in SMALL]), max_size=3, unique=True))
    values = {name: data.draw(st.sampled_from([*PARAMETERS[name].range, PARAMETERS[name].default])) for name in names}
    state, said = tried(lambda: branch.state_at(start, quarter, seed, parameters={**SMALL, **values}, quarters=60))
    assert state is not None, said
    file = branch.save(state, tmp_path_factory.mktemp("any") / "s.npz")
    found = branch.load(file)
    assert found.quarter == quarter
    assert found.state.trust.tobytes() == state.state.trust.tobytes()


# ---------------------------------------------------------------- manifests

@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A run's folder, a sweep's, and their manifests."""
    made = tmp_path_factory.mktemp("folders")
    results = {"mine": simulate("lone_ranger", runs=1, quarters=8, parameters=SMALL)}
    folder.write(made / "run", results, "letsdance run", municipalities=TOWNS)
    sweep(plan.plan("lone_ranger", ["k=0.5,1"], "grid", replicates=1, quarters=8, parameters=SMALL), made / "sweep")
    return {kind: (made / kind, json.loads((made / kind / "manifest.json").read_text())) for kind in ("run", "sweep")}


@examples(3)
@given(data=st.data())
def test_a_manifest_is_one_or_is_refused(folders, data):
    where, real = folders[data.draw(st.sampled_from(sorted(folders)))]
    said = data.draw(broken(real))
    (where / "manifest.json").write_text(json.dumps(said))
    try:
        found, _ = tried(lambda: manifests.read(where), where)
        if found is not None:
            assert json.dumps(found) == json.dumps(said), "what was accepted is what stands there"
            assert isinstance(found.get("command"), str | None)
            if not found.get("kind"):
                assert min(found["seeds"]["runs"], found["quarters"], 1 + found["seeds"]["first"]) >= 1
        opened, _ = tried(lambda: store.Sweep.open(where), where)
        if opened is not None:
            planned, _ = tried(lambda: opened.plan, where)
            if planned is not None:
                assert json.dumps(planned.said())
            tried(lambda: opened.missing(), where)
            tried(lambda: len(opened.runs), where)
    finally:
        (where / "manifest.json").write_text(json.dumps(real))


# ---------------------------------------------------------------- links

POLICIES = ["lone_ranger", "wasteland~k=1.5", "lets_dance~title=a%20b~profile=telework~quarters=40~FRCS@8+20*0.5",
            "dead_horse~austerity@12+24*1~LEAD@3", "zz", "lone_ranger~zz=1", "lone_ranger~k=zz", "lone_ranger~FRCS@99",
            "lone_ranger~FRCS@8~FRCS@9", "lone_ranger~context=sticky", "~", "", "lone_ranger~k=1e400", "lone_ranger~C0=-1"]
VALUES = st.sampled_from([*POLICIES, "1", "0", "20", "300", "301", "-1", "9" * 50, "1e3", "nan", "start", "levers", "nl",
                          "dark", "\0", "１", "eJw", "eJwDAAAAAAE", screens._packed(TOWNS), screens._packed("zz"), "=",
                          "\u202e", "%ff"])
KEYS = st.sampled_from(["policy", "seed", "runs", "ref", "diff", "and", "places", "lang", "theme", "projector",
                        "town.quarter", "explore.x", "v", "zz", "", "."])


@examples(5)
@given(st.lists(st.tuples(KEYS, VALUES | st.text(max_size=12)), max_size=7),
       st.sampled_from(["futures", "explore", "town"]))
def test_a_link_is_read_as_far_as_it_can_be(parts, page):
    query = screens.urlencode(parts, quote_via=screens.quote, errors="surrogatepass")
    view, problems = screens.check_link(query, page)
    for problem in problems:
        sentence(problem)
    again, more = screens.check_link(screens.to_link(view), page)
    assert not more, more
    assert again == view, "what was kept comes back"
    view.policy.scenario()
    view.reference_policy().scenario()
    found, _ = tried(lambda: screens.from_link(query, page))
    assert (found is None) == bool(problems), problems
    if not problems:
        return
    good = [part for part in parts if not screens.check_link(screens.urlencode([part], quote_via=screens.quote,
                                                                               errors="surrogatepass"), page)[1]]
    alone, none = screens.check_link(screens.urlencode(good, quote_via=screens.quote, errors="surrogatepass"), page)
    assert not none, none
    for name in ("seed", "runs", "language", "theme", "projector", "difference"):
        assert getattr(alone, name) == getattr(view, name), f"{name} was lost with what is wrong"


@examples(3)
@given(st.text(max_size=80) | st.binary(max_size=80).map(lambda raw: raw.decode("latin-1")))
def test_any_text_as_a_link_is_no_error(query):
    view, problems = screens.check_link(query)
    for problem in problems:
        sentence(problem)
    assert screens.check_link(screens.to_link(view))[0] == view


# ---------------------------------------------------------------- tables

KNOWN = {**KINDS, "municipalities": municipalities.KIND}
CELLS = st.sampled_from(["", " ", "0", "1", "12", "2001", "0.5", "0,5", "1.250", "1,250", "1 250", "-3", "62%", "nan",
                         "inf", "1e999", "9" * 400, "Aa", "Bee", "Zoë", "=1+1", '"', "a\nb", "١٢", "１", "\0", "n/a",
                         "\u202ex", "x" * 300])
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1", "cp1252", "cp437", "utf-32")


@st.composite
def csvs(draw, kind):
    """Bytes of a table of a kind, more or less: in any encoding, with any separator, some of it wrong."""
    names = [field.name for field in kind.fields]
    header = draw(st.lists(st.sampled_from(names), min_size=1, max_size=5, unique=True))
    header = list(dict.fromkeys([*kind.needed, *header])) if draw(st.integers(0, 3)) else header
    rows = draw(st.lists(st.lists(CELLS, min_size=len(header), max_size=len(header)), max_size=4))
    whole = [[field_value(kind[name], k) if name in names else "" for name in header] for k in range(3)]
    lines = [header, *(whole if draw(st.booleans()) else []), *(rows if draw(st.booleans()) else [])]
    separator = draw(st.sampled_from([",", ";", "\t", "|", " "]))
    quoted = draw(st.booleans())
    text = draw(st.sampled_from(["\n", "\r\n", "\r"])).join(
        separator.join(f'"{cell}"' if quoted else cell for cell in line) for line in lines)
    raw = text.encode(draw(st.sampled_from(ENCODINGS)), "replace")
    how = draw(st.sampled_from(["whole", "whole", "whole", "cut", "byte", "gz"]))
    if how == "cut":
        return raw[:draw(st.integers(0, len(raw)))]
    if how == "byte" and raw:
        at = draw(st.integers(0, len(raw) - 1))
        return raw[:at] + draw(st.binary(min_size=1, max_size=3)) + raw[at + 1:]
    return gzip.compress(raw, mtime=0) if how == "gz" else raw


def field_value(field, k):
    """A value that a column may have."""
    if field.type in ("id", "text"):
        return f"N{k}"
    return str(0.5 if field.high == 1 else max(2001 + k if field.high > 3_000 else 5 + k, int(max(field.low, 0))))


@examples(6)
@given(st.sampled_from(sorted(KNOWN)).flatmap(lambda name: st.tuples(
    st.just(name), csvs(KNOWN[name]) | st.binary(max_size=60))))
def test_a_table_is_one_or_is_refused(case):
    name, raw = case
    kind = KNOWN[name]

    def read():
        table = tables.read(Upload("t.csv", raw), kind)
        tables.check(table)
        return table

    found, _ = tried(read)
    if found is None:
        return
    assert len(found.frame)
    assert set(kind.needed) <= set(found.frame.columns)
    for field in kind.fields:
        if field.numeric and field.name in found.frame:
            numbers = tables.numbers(found.frame[field.name])
            assert (numbers.isna() | numbers.between(field.low, field.high)).all(), field.name
            assert field.blank or numbers.notna().all(), field.name
    for said in found.said:
        assert "\n" not in said
    written = found.frame.to_csv(index=False)
    again = tables.read(Upload("t.csv", written.encode()), kind)
    shared = [column for column in found.frame if not (found.frame[column] == "").all()]
    pd.testing.assert_frame_equal(again.frame[shared].reset_index(drop=True), found.frame[shared].reset_index(drop=True))


@examples(2)
@given(csvs(KNOWN["municipalities"]))
def test_municipalities_are_some_or_are_refused(raw):
    found, _ = tried(lambda: municipalities.load(Upload("t.csv", raw)))
    if found is None:
        return
    assert len(set(found.names)) == len(found) > 0
    assert found.citizens.min() >= 1
    again = municipalities.from_text(municipalities.to_csv(found))
    assert again.names == found.names
    assert (again.citizens == found.citizens).all()
    assert all(np.array_equal(again.given[n], found.given[n], equal_nan=True) for n in found.given.dtype.names)
