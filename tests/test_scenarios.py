"""Scenarios and tables of municipalities: what is wrong is refused in one sentence with its place and the remedy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from letsdance import scenarios
from letsdance.params import CONTEXTS, PARAMETERS, PROFILES, Refused
from letsdance.scenarios import LEVERS, SHOCKS, STARTS, Scenario, Use, load, parse_use, read
from letsdance.simulation import municipalities, schedule
from letsdance.simulation.run import simulate

GOOD = """title = "Mine"
says = "A test."
quarters = 40
profile = "telework"
context = ["sticky"]

[start]
C = 0.6
G = 0.4

[parameters]
k = 1.2

[[levers]]
name = "FRCS"
start = 8
duration = 20
strength = 0.5

[[shocks]]
name = "austerity"
start = 12
"""


def with_line(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new, 1)


#: (what is wrong, the file's text, its place, what the sentence must say)
WRONG = [
    ("unknown entry", with_line("quarters = 40", "quarter = 40"), 3, "no entry 'quarter'", "Did you mean quarters?"),
    ("unknown table", GOOD + "\n[lever]\nname = 1\n", 24, "no entry 'lever'", "Did you mean levers?"),
    ("unknown start", with_line("C = 0.6", "c = 0.6"), 8, "no entry 'c'", "Known: C, G"),
    ("start out of range", with_line("C = 0.6", "C = 1.6"), 8, "C0 (", "from 0 to 1", "not 1.6"),
    ("start of the wrong type", with_line("G = 0.4", 'G = "low"'), 9, "must be a number from 0 to 1", "'low'"),
    ("unknown parameter", with_line("k = 1.2", "launch_mn = 4"), 12, "no parameter 'launch_mn'", "Did you mean launch_min?",
     "letsdance show parameters"),
    ("parameter by its title", with_line("k = 1.2", '"interdependence" = 1.2'), 12, "no parameter", "Did you mean k?"),
    ("parameter out of range", with_line("k = 1.2", "k = 12"), 12, "k (interdependence)", "from 0 to 2", "not 12"),
    ("parameter of the wrong type", with_line("k = 1.2", "k = [1]"), 12, "must be a number", "[1]"),
    ("parameter not whole", with_line("k = 1.2", "core = 2.5"), 12, "whole number of citizens", "2.5"),
    ("parameter nan", with_line("k = 1.2", "k = nan"), 12, "from 0 to 2", "nan"),
    ("parameter true", with_line("k = 1.2", "k = true"), 12, "must be a number", "True"),
    ("empty table", with_line("k = 1.2\n", ""), 11, "[parameters] is empty", "put a value in it or take it out"),
    ("empty lever", GOOD + "\n[[levers]]\n", 24, "[[levers]] is empty", "give it a name or take it out"),
    ("empty shock", GOOD + "\n[[shocks]]\n", 24, "[[shocks]] is empty", "give it a name or take it out"),
    ("start not a table", "start = 0.5\n", 1, "start must be a table", "[start]"),
    ("levers not tables", "levers = [1]\n[start]\nC = 0.5\n", 1, "[[levers]]"),
    ("title not text", with_line('"Mine"', "7"), 1, "title must be text", "7"),
    ("horizon too long", with_line("quarters = 40", "quarters = 4000"), 3, "from 8 to 400", "4000"),
    ("horizon not whole", with_line("quarters = 40", "quarters = 40.5"), 3, "whole number", "40.5"),
    ("unknown profile", with_line('"telework"', '"telewrok"'), 4, "no profile 'telewrok'", "Did you mean telework?"),
    ("profile not text", with_line('"telework"', "3"), 4, "no profile 3", "Known: co_creation"),
    ("unknown context", with_line('["sticky"]', '["stiky"]'), 5, "no context 'stiky'", "Did you mean sticky?"),
    ("context not text", with_line('["sticky"]', "[3]"), 5, "no context", "Known: authoritative"),
    ("unknown lever", with_line('"FRCS"', '"FRSC"'), 15, "no lever 'FRSC'", "Did you mean FRCS?", "show levers"),
    ("lever without a name", with_line('name = "FRCS"\n', ""), 14, "has no name"),
    ("unknown shock", with_line('"austerity"', '"austrity"'), 21, "no shock 'austrity'", "Did you mean austerity?"),
    ("unknown entry of a lever", with_line("strength = 0.5", "strenght = 0.5"), 18, "no entry 'strenght'",
     "Did you mean strength?"),
    ("lever after the horizon", with_line("start = 8", "start = 41"), 16, "after the horizon of 40", "start it earlier"),
    ("lever before the first quarter", with_line("start = 8", "start = 0"), 16, "a whole number from 1", "not 0"),
    ("lever's start not whole", with_line("start = 8", "start = 8.5"), 16, "a whole number from 1", "8.5"),
    ("lever without duration", with_line("duration = 20", "duration = 0"), 17, "duration must be", "not 0"),
    ("strength too high", with_line("strength = 0.5", "strength = 5"), 18, "from 0 to 1.5", "not 5"),
    ("strength not a number", with_line("strength = 0.5", 'strength = "full"'), 18, "from 0 to 1.5", "'full'"),
    ("overlapping lever", GOOD + '\n[[levers]]\nname = "FRCS"\nstart = 20\n', 26, "used twice at the same time",
     "FRCS@8+20*0.5", "keep one of them"),
    ("overlapping shock", GOOD + '\n[[shocks]]\nname = "austerity"\nstart = 20\n', 26, "used twice at the same time"),
]


def cases(wrong):
    """The table as pytest takes it."""
    return [pytest.param(w[1], w[2], w[3:], id=w[0]) for w in wrong]


@pytest.mark.parametrize(("text", "line", "said"), cases(WRONG))
def test_what_is_wrong_in_a_file_is_refused_in_one_sentence_with_its_line(tmp_path, text, line, said):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(Refused) as error:
        load(path)
    sentence = str(error.value)
    assert sentence.startswith(f"{path}, line {line}: "), sentence
    for words in said:
        assert words in sentence
    assert "\n" not in sentence
    assert sentence.endswith((".", "?"))


def test_the_good_file_is_good(tmp_path):
    """The oracle of the test above: only the one thing was wrong."""
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    one = load(path)
    assert (one.name, one.C, one.G, one.quarters, one.profile, one.context) == (
        "mine",
        0.6,
        0.4,
        40,
        "telework",
        ("sticky",),
    )
    assert one.levers == (Use("FRCS", 8, 20, 0.5),)
    assert one.shocks == (Use("austerity", 12, 24, 1.0),)  # as long as it usually lasts
    values = one.values()  # default, then context, then profile, then start, then its own
    assert [values[n] for n in ("wN", "k", "cost", "C0")] == [0.77, 1.2, 0.3, 0.6]


@pytest.mark.parametrize(("text", "said"), [
    ("", "is empty"), ("# nothing\n", "is empty"),
    ("title = Mine\n", "not valid TOML"), ("[start]\nC = 0.5\nC = 0.6\n", "not valid TOML"), ("[start\n", "line 1")])
def test_what_is_no_scenario_at_all_is_refused_by_its_path(tmp_path, text, said):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(Refused, match=said) as error:
        load(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path):
    with pytest.raises(Refused, match=r"there is no file .*none\.toml.*letsdance show scenarios --copy"):
        load(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00title")
    with pytest.raises(Refused, match="cannot be read as text"):
        load(tmp_path / "bytes.toml")
    with pytest.raises(Refused, match="cannot be read"):
        load(tmp_path)
    with pytest.raises(Refused, match=r"no scenario 'lone_rangr'\. Did you mean lone_ranger\?"):
        load("lone_rangr")


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("lever", "FRSC@8", "Did you mean FRCS"),
        ("lever", "FRCS@8+", "write NAME@START"),
        ("lever", "FRCS@0", "from 1"),
        ("lever", "FRCS*2", "from 0 to 1.5"),
        ("lever", "FRCS@-3", "write NAME@START"),
        ("shock", "scandl@4", "Did you mean scandal"),
        ("shock", "@4", "austerity@12"),
        ("lever", "frcs", "Did you mean FRCS"),
        ("lever", "FRCS@8+0", "from 1"),
    ],
)
def test_a_lever_typed_wrongly_is_refused_with_how_to_write_it(kind, text, said):
    with pytest.raises(Refused) as error:
        parse_use(kind, text)
    assert said in str(error.value)


@pytest.mark.parametrize(("call", "said"), [
    ({"runs": 0}, "runs must be a whole number from 1"), ({"runs": 2.5}, "2.5"), ({"runs": True}, "True"),
    ({"seed": -1}, "seed must be a whole number from 0"), ({"seed": 2**63}, "seed"), ({"threads": 0}, "threads"),
    ({"quarters": 7}, "from 8 to 400"), ({"quarters": 401}, "from 8 to 400"), ({"profile": "phone"}, "no profile"),
    ({"parameters": {"kk": 1}}, "no parameter"), ({"levers": ["FRCS@99"]}, "after the horizon"),
    ({"levers": ["FRCS@4", "FRCS@9"]}, "twice"), ({"levers": [7]}, "a lever must be text"),
    ({"levers": [{"nam": "FRCS"}]}, "Did you mean name"), ({"levers": [{"name": "FRCS", "strength": -1}]}, "from 0 to 1.5"),
    ({"shocks": "earthquake"}, "no shock"), ({"municipalities": "none.csv"}, "there is no file none.csv")])
def test_simulate_refuses_before_it_runs(call, said, monkeypatch):
    monkeypatch.setattr("letsdance.simulation.run.run_seeds", lambda *a: pytest.fail("it ran"))
    with pytest.raises(Refused) as error:
        simulate("lone_ranger", **call)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_the_horizon_cannot_be_cut_below_a_lever(tmp_path):
    (tmp_path / "mine.toml").write_text(GOOD)
    with pytest.raises(Refused, match="austerity starts in quarter 12, after the horizon of 10"):
        load(tmp_path / "mine.toml").changed(quarters=10)


# ---------------------------------------------------------------- there and back

FREE = st.text(st.characters(codec="utf-8", exclude_characters='"\\', exclude_categories=("C", "Zl", "Zp")), max_size=30)


@st.composite
def stories(draw):
    quarters = draw(st.integers(8, 400))
    names = draw(st.lists(st.sampled_from([n for n in PARAMETERS if n not in ("C0", "G0")]), unique=True, max_size=6))
    values = {n: draw(st.integers(*map(int, PARAMETERS[n].range)) if PARAMETERS[n].whole else
                      st.floats(*map(float, PARAMETERS[n].range))) for n in names}

    def uses(known):
        return tuple(Use(name, draw(st.integers(1, quarters)), draw(st.none() | st.integers(1, 400)),
                         draw(st.floats(0, 1.5)))
                     for name in draw(st.lists(st.sampled_from(sorted(known)), unique=True, max_size=3)))

    shocks = tuple(Use(u.name, u.start, u.duration or SHOCKS[u.name]["duration"] or None, u.strength) for u in uses(SHOCKS))
    return Scenario("x", draw(FREE.filter(str.strip)), draw(FREE), draw(st.floats(0, 1)), draw(st.floats(0, 1)), quarters,
                    draw(st.sampled_from(sorted(PROFILES))),
                    tuple(draw(st.lists(st.sampled_from(sorted(CONTEXTS)), max_size=2,
                                        unique_by=lambda one: CONTEXTS[one]["kind"]))),
                    values, uses(LEVERS), shocks)


@given(stories())
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_a_scenario_comes_back_from_its_file(story):
    back = read("x", "x.toml", story.to_toml())
    assert back == story
    assert (schedule.build(back) == schedule.build(story)).all()


@pytest.mark.parametrize("name", STARTS)
def test_a_start_comes_back_from_its_file(name):
    assert read(name, "x.toml", load(name).to_toml()) == load(name)


@pytest.mark.parametrize("title", ['He said "go"', "tab\there", "back\\slash",
                                   "two\nlines"])
def test_a_title_with_difficult_characters_leaves_a_file_that_can_be_read(title):
    story = Scenario("x", title)
    assert read("x", "x.toml", story.to_toml()).C == story.C


@given(st.sampled_from(sorted(LEVERS)), st.integers(1, 400), st.none() | st.integers(1, 400),
       st.sampled_from([0.0, 0.25, 1.0, 1.5]))
def test_a_lever_is_typed_as_it_is_printed(name, start, duration, strength):
    use = Use(name, start, duration, strength)
    assert parse_use("lever", str(use)) == use


# ---------------------------------------------------------------- tables of municipalities

TABLE = "name,citizens,willingness,g\nAalst,30,0.6,0.3\nBrugge,12,,0.4\n"

#: (what is wrong, the file's text, its line or None for the header, what the sentence must say)
WRONG_TABLES = [
    ("missing column", "name,willingness\nA,0.5\n", None, "the column citizens is missing", "needs name and citizens"),
    (
        "unknown column",
        TABLE.replace("willingness", "wilingness"),
        None,
        "no column 'wilingness'",
        "Did you mean willingness?",
    ),
    ("column twice", TABLE.replace("willingness", "g"), None, "there twice"),
    ("column by symbol and by word", TABLE.replace("willingness", "government_willingness"), None, "there twice"),
    ("duplicate names", TABLE.replace("Brugge", "Aalst"), 3, "'Aalst' is there already, in line 2", "names must differ"),
    ("no name", TABLE.replace("Brugge", " "), 3, "name '' is missing"),
    ("not a number", TABLE.replace("0.6", "high"), 2, "willingness 'high' must be a number from 0 to 1"),
    ("out of range", TABLE.replace("0.6", "60"), 2, "willingness '60' must be a number from 0 to 1"),
    ("infinite", TABLE.replace("0.6", "inf"), 2, "willingness 'inf' must be a number from 0 to 1"),
    ("zero citizens", TABLE.replace(",12,", ",0,"), 3, "citizens '0' must be a whole number from 1"),
    ("no citizens", TABLE.replace(",12,", ",,"), 3, "citizens '' is missing; give a whole number"),
    ("half a citizen", TABLE.replace(",12,", ",12.5,"), 3, "citizens '12.5' must be a whole number"),
    ("citizens not a number", TABLE.replace(",12,", ",few,"), 3, "citizens 'few' must be a whole number"),
    ("citizens without end", TABLE.replace(",12,", ",inf,"), 3, "citizens 'inf' must be a whole number"),
    ("citizens nan", TABLE.replace(",12,", ",nan,"), 3, "citizens 'nan' is not known; take the row out"),
    ("too few fields", TABLE + "Gent,5\n", 4, "a row of 2 under a header of 4", "check the separators"),
    ("too many fields", TABLE + "Gent,5,,,x\n", 4, "a row of 5 under a header of 4", "check the separators"),
    ("empty file", "", None, "is empty", "name and citizens"),
    ("header alone", "name,citizens\n", None, "has no rows", "at least one"),
]


@pytest.mark.parametrize(("text", "line", "said"), cases(WRONG_TABLES))
def test_what_is_wrong_in_a_table_is_refused_in_one_sentence_with_its_line(tmp_path, text, line, said):
    path = tmp_path / "places.csv"
    path.write_text(text)
    with pytest.raises(Refused) as error:
        municipalities.load(path)
    sentence = str(error.value)
    assert sentence.startswith(f"{path}, line {line}: " if line else f"{path}"), sentence
    for words in said:
        assert words in sentence
    assert "\n" not in sentence


TOWNS = "name,citizens,willingness\nAalst,30,0.9\nBrugge,12,\n"


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.text('"\\\n\r\t [x]#', max_size=12))
def test_a_table_in_a_scenario_file_comes_back_to_the_last_character(text):
    story = Scenario("mine", "Mine", municipalities=text)
    assert read("mine", "mine.toml", story.to_toml()) == story


def test_a_scenario_s_own_table_is_what_it_runs_with_and_another_goes_over_it(tmp_path):
    from letsdance.simulation.model import CoCreationModel

    (tmp_path / "towns.csv").write_text(TOWNS)
    beside = simulate("lone_ranger", runs=2, quarters=8, municipalities=tmp_path / "towns.csv")
    story = load("lone_ranger")
    own = Scenario(**{**vars(story), "municipalities": TOWNS})
    within = simulate(own, runs=2, quarters=8)
    assert within.places.names == ("Aalst", "Brugge") == CoCreationModel(own, rng=1).society.municipalities.names
    pd.testing.assert_frame_equal(within.society, beside.society, check_exact=True)
    over = simulate(own, runs=2, quarters=8, municipalities=pd.DataFrame({"name": ["Gent"], "citizens": [9]}))
    assert (over.places.names, over.scenario.municipalities) == (("Gent",), "")  # so that what is written runs as it ran


@pytest.mark.parametrize(("text", "said"), [
    ("municipalities = 4", "mine.toml, line 1: municipalities must be text"),
    ("[[municipalities]]\nname = 'Aalst'", "municipalities must be text"),
    ("municipalities = 'name,citizens'", "scenario mine, municipalities: .* has no rows"),
    ("municipalities = 'name,citizens\\nA,0'", "scenario mine, municipalities: "),
    ('municipalities = """\nname,citizens\nAalst,0\n"""', "line 2: citizens '0' must be a whole number"),
    ('municipalities = """\n\n\n"""', "is empty")])
def test_a_wrong_table_in_a_scenario_file_is_refused(text, said):
    with pytest.raises(Refused, match=said) as refused:
        simulate(read("mine", "mine.toml", text), runs=1, quarters=8)
    assert "\n" not in str(refused.value)


def test_a_blank_line_does_not_shift_the_line_that_is_named(tmp_path):
    path = tmp_path / "places.csv"
    path.write_text("name,citizens\nAalst,30\n\nBrugge,none\n")
    with pytest.raises(Refused, match=r"line 4: citizens 'none' is not known; take the row out"):
        municipalities.load(path)


def test_a_table_in_another_encoding_is_read_and_what_is_none_refused(tmp_path):
    path = tmp_path / "places.csv"
    path.write_bytes("name,citizens\nÅrhus,30\n".encode("cp1252"))
    places = municipalities.load(path)
    assert places.names == ("Århus",)
    assert "Windows-1252" in places.said[0]
    with pytest.raises(Refused, match="is a folder"):
        municipalities.load(tmp_path)
    with pytest.raises(Refused, match=r"there is no file .*; give a CSV of municipalities with .* name and citizens"):
        municipalities.load(tmp_path / "none.csv")


def test_a_good_table_is_read_as_it_says(tmp_path):
    path = tmp_path / "places.csv"
    path.write_text("\ufeff" + TABLE, encoding="utf-8")  # as spreadsheets write it
    places = municipalities.load(path)
    assert places.names == ("Aalst", "Brugge")
    assert places.citizens.tolist() == [30, 12]
    assert places.given["government_willingness"].tolist() == [0.3, 0.4]
    assert places.given["willingness"][0] == 0.6
    assert np.isnan(places.given["willingness"][1])
    assert np.isnan(places.given["trust"]).all()
    frame = pd.DataFrame({"name": ["Aalst", "Brugge"], "citizens": [30, 12], "willingness": [0.6, None], "g": [0.3, 0.4]})
    again = municipalities.load(frame)
    assert again.names == places.names
    assert again.given.tobytes() == places.given.tobytes()
    result = simulate("lone_ranger", runs=1, quarters=8, municipalities=path)
    start = result.municipalities.query("quarter == 0")
    assert start["citizens"].tolist() == [30, 12]
    assert start["willingness"].tolist() == [0.3, 0.4]


def test_every_kind_of_column_is_named_somewhere_people_can_see():
    with pytest.raises(Refused) as error:
        municipalities.load(pd.DataFrame({"xyzzy": [1]}))
    for word in ("name", "citizens", "trust", "innovativeness", "funding"):
        assert word in str(error.value)


def test_shipped_files_say_what_the_loader_says():
    assert [load(name).name for name in STARTS] == list(STARTS)
    assert scenarios.load("lets_dance") is load("lets_dance")
