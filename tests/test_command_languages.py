"""What `show`, `check` and `verify` print speaks every language: nothing is English but what is quoted, and codes."""

from __future__ import annotations

import errno
import json
import re
from dataclasses import replace

import pandas as pd
import pytest

from letsdance.commands import main as command
from letsdance.commands import showing
from letsdance.experiments import folder, patterns
from letsdance.experiments.paired import Finding
from letsdance.params import EVIDENCE, PARAMETERS, PROFILES, files
from letsdance.scenarios import LEVERS, STARTS, mechanism
from letsdance.simulation.indicators import SOCIETY
from letsdance.words import Text, catalogue, languages

#: What `show` quotes as its source has it, and the columns of codes: a name in files and commands.
QUOTED = {"evidence": ("says",), "cases": ("source", "checked", "licence")}
CODES = ("name", "reference", "quadrant", "cited", "tested", "line", "read_by", "parameters", "levers", "code", "which",
         "values", "effect", "expected_alone")


@pytest.mark.parametrize("what", showing.TABLES)
def test_no_plain_english_is_left_where_something_is_shown(what, spoken):
    columns, rows = showing.contents(what, spoken)
    said = [showing.title(what, spoken), *(showing.heading(column, spoken) for column in columns)]
    said += [cell for row in rows for column, cell in zip(columns, row, strict=True)
             if column not in (*CODES, *QUOTED.get(what, ())) and not (what == "languages" and column == "name")]
    names = {*PARAMETERS.shipped, *mechanism.shipped(), *LEVERS, "min", "max", "logit"}
    assert not {word for one in said for word in re.findall(r"[A-Za-z]\w{2,}", one)} - names
    for column in ("effect", "expected_alone"):  # of names of the model, and words of ours between them
        for row in rows if column in columns else ():
            left = set(re.findall(r"[A-Za-z]\w{2,}", row[columns.index(column)]))
            assert not left - {*PARAMETERS.shipped, *SOCIETY, *STARTS, *LEVERS, *PROFILES, *EVIDENCE}


def test_what_is_shown_is_said_in_the_language_asked_for_and_is_json_under_the_same_names(letsdance):
    code, out, err = letsdance("show", "levers", "--language", "nl")
    assert (code, err) == (0, "")
    assert out.startswith("Beleidsknoppen")
    assert "A_pull +0,02; y_lever +0,01" in out
    assert "bronnenbestand" in letsdance("show", "evidence", "--language", "nl")[1]
    rows = json.loads(letsdance("show", "parameters", "--language", "fr", "--json")[1])
    assert rows[0].keys() == json.loads(letsdance("show", "parameters", "--json")[1])[0].keys()
    assert rows[0]["title"] == Text("fr").title("parameter", rows[0]["name"])


def test_a_check_speaks_the_language_asked_for(capsys, spoken):
    found = [Finding("F3", "a - b", 0.0512, 0.041, 0.063, 20, "> 0", True, True, True, "S1", "strong", "", "Q", "E", "")]
    command._print_findings(found, spoken)
    said = capsys.readouterr().out
    assert spoken("pattern.F3") in said
    assert f"{spoken.number(0.0512, 3)} ({spoken.band(0.041, 0.063, 3)})" in said
    assert set(re.findall(r"[A-Za-z]{2,}", said)) <= {"F3", "S1"}
    command._print_findings([replace(found[0], holds=False, pattern_holds=False)], Text("nl"))
    said = capsys.readouterr().out
    assert "0 van 1 komen uit. Wat niet: F3 Welke kant" in said


@pytest.mark.parametrize("language", languages()[1:])
def test_what_a_pattern_expects_measures_and_asks_is_said_in_the_language(language):
    """Of two runs, which say nothing of the verdicts: every part, as the page on confidence and `check` have it."""
    text, left = Text(language), set()
    for one in patterns.check(runs=2):
        every = (one.expectation, one.note, one.compared, one.threshold)
        left |= {said for said in every if text.refused(said) == str(said)}
    assert left <= {"", "> 0", "< 0"}
    assert text.refused(patterns.PATTERNS["F1"].expectation).count("0,70") == 1


def test_what_verify_finds_is_said_in_the_language_asked_for(capsys, spoken):
    then = pd.DataFrame({"run": [0, 1], "C": [0.25, 0.5], "gone": [1, 1]})
    now = pd.DataFrame({"run": [0, 1], "C": [0.25, 0.75]})
    found = folder.Differences(folder._differences("society.parquet", then, now))
    assert found == ["society.parquet: no longer there: gone.",
                     "society.parquet: C differs in 1 of 2 rows, first at run 1, by up to 0.25."]
    found.unchecked = ("git",)
    command._print_verdict(found, "since", None, {"numpy": ("1", "2")}, Text("nl"))
    assert capsys.readouterr().out.splitlines() == [
        "Anders (since):", "  society.parquet: niet meer aanwezig: gone.",
        "  society.parquet: C verschilt in 1 van 2 rijen, het eerst bij run 1, tot 0,25.", "  numpy: toen 1, nu 2.",
        "Niet nagezien: git, wat het manifest zegt en niets kan bewijzen."]
    command._print_verdict(folder.Differences(), "0123", None, {}, spoken)
    assert not re.search(r"[A-Za-z]{2,}", capsys.readouterr().out)


@pytest.mark.parametrize(("words", "says"), [
    ("rn", "er is geen opdracht 'rn'. Bedoelt u run? Zie `letsdance --help`."),
    ("adopters foo", "er is geen opdracht 'foo'. Zie `letsdance adopters --help`."),
    ("run --runz 3", "er is geen optie --runz. Bedoelt u --runs? Zie `letsdance run --help`."),
    ("run --runs x", "--runs moet een geheel getal zijn in de cijfers 0 tot en met 9, niet 'x'."),
    ("run --most 0", "--most moet minstens 1 zijn, niet '0'."),
    ("show", "'what' ontbreekt. Zie `letsdance show --help`."),
    ("show levers b c", "deze woorden zijn te veel: b c. Zie `letsdance show --help`."),
    ("run --json=3", "--json krijgt geen waarde. Zie `letsdance run --help`."),
    ("run --runs=3 --nope", "er is geen optie --nope. Zie `letsdance run --help`.")])
def test_what_cannot_be_read_is_said_in_the_language_asked_for(letsdance, words, says):
    """Wherever --language stands, before a word of the command is understood."""
    assert letsdance(*words.split(), "--language=nl") == (2, "", f"letsdance: {says}\n")
    assert letsdance("run", "--language", "nl", "--nope")[2].startswith("letsdance: er is geen optie --nope.")
    assert letsdance("run", "--nope")[2] == "letsdance: there is no option --nope. See `letsdance run --help`.\n"


@pytest.mark.parametrize("language", languages())
def test_a_help_has_the_frame_of_the_language(letsdance, language):
    code, out, _ = letsdance("show", "--language", language, "--help")
    text = Text(language)
    assert code == 0
    for key in ("usage", "options", "arguments", "itself", "required"):
        assert text(f"help.{key}") in out
    assert text("help.default", value="en") in out
    assert letsdance("show", "--help")[1].startswith("Usage: letsdance show [OPTIONS]")


def _helps(command):
    """All that a command's help says, and that of its commands."""
    yield from filter(None, (command.help, getattr(command, "epilog", None), *(
        getattr(one, "help", None) for one in command.params if one.name != "help")))
    for one in getattr(command, "commands", {}).values():
        yield from _helps(one)


@pytest.mark.parametrize("language", languages()[1:])
def test_what_every_command_and_option_does_is_said_in_the_language(language, letsdance):
    """And nothing that no command says any more; options, commands and numbers in it are those of the English."""
    typed = re.compile(r"--[a-z-]+|`[^`]+`|\d[\d.]*(?<!\.)|[a-z]+_[a-z_]+")
    english, own = {" ".join(said.split()) for said in _helps(command.grammar())}, catalogue(language)["help"]
    assert own.keys() == english
    for said, other in own.items():
        assert sorted(typed.findall(said)) == sorted(typed.findall(other)), said
    out = " ".join(letsdance("adopters", "describe", "--help", "--language", language)[1].split())
    assert " ".join(own["Ties count as their weights."].split()) in out
    assert Text(language).help("Map where starts lead and what tips.") in " ".join(
        letsdance("--help", "--language", language)[1].split())
    first = next(other for said, other in own.items() if said.startswith("Describe who adopted when"))
    assert Text(language).help("Describe who adopted when, and what they saw before.") == f"{first.partition('. ')[0]}."


def test_what_the_machine_would_not_do_is_said_in_the_language_asked_for():
    said = files.machine(OSError(errno.ENOSPC, "No space left on device", "/disk/out"))
    assert said == "'/disk/out' cannot be used: the disk is full; make room, or choose another place."
    assert Text("nl").refused(said) == (
        "'/disk/out' kan niet worden gebruikt: de schijf is vol; maak ruimte, of kies een andere plek.")
