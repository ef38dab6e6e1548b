"""`letsdance map`: its sub-commands, folders, pages and figures."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from pseudo import plain_english

from letsdance.commands import main as command
from letsdance.experiments.basins import basins
from letsdance.experiments.early_warning import early_warning
from letsdance.experiments.estimates import Estimate
from letsdance.experiments.folder import content_hash
from letsdance.experiments.hysteresis import hysteresis
from letsdance.experiments.residence import residence
from letsdance.experiments.tipping import Fold, Tip, tipping
from letsdance.report import dynamics
from letsdance.report import early_warning as signs
from letsdance.report import tipping as tipping_pages
from letsdance.report.sheet import NARROW, WIDE, text_width
from letsdance.words import ENGLISH, Text, languages

# ---------------------------------------------------------------- the command

COMMANDS = {
    "map": ("--grid 2 --runs 1 --quarters 8 --stay-runs 2 --stay-quarters 16", {"basin_map", "still_there"}),
    "residence": ("lone_ranger wasteland --runs 2 --quarters 16", {"still_there"}),
    "tipping": ("wasteland --along k=0:2 --points 2 --runs 2 --quarters 8", {"tipping_diagram"}),
    "hysteresis": ("--along B=0:0.5 --quarters 16 --settle 2 --wait 16 --runs 2", {"hysteresis_loop", "gap_while_waiting"}),
    "warning": ("--along B=0:0.8 --quarters 60 --settle 4 --runs 20", {"warning_signs"}),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_folder_with_page_tables_and_figures_is_left_and_json_says_its_manifest(letsdance, tmp_path, name):
    options, figures = COMMANDS[name]
    words = ("map", *(() if name == "map" else (name,)), *options.split())
    code, out, err = letsdance(*words, "--json")
    assert (code, err) == (0, "")
    place = tmp_path / f"letsdance-{name}"
    said = json.loads(out)
    assert said == json.loads((place / "manifest.json").read_text())
    assert said["kind"] == name
    assert said["command"] == " ".join(("letsdance", *words))
    for file, recorded in said["tables"].items():
        assert content_hash(pd.read_parquet(place / file)) == recorded
    assert {path.stem for path in (place / "figures").iterdir()} == figures
    page = (place / "report.html").read_text()
    assert "explores" in page
    assert letsdance(*words)[0] == 2  # the folder is left alone
    code, out, err = letsdance(*words, "--overwrite")
    assert (code, err) == (0, "")
    assert "Written:" in out
    again = json.loads((place / "manifest.json").read_text())
    assert again["tables"] == said["tables"]


@pytest.mark.parametrize(("words", "said"), [
    ("map residence --target lets_dnce", "Did you mean lets_dance?"), ("map tipping --along kk=0:1", "Did you mean k?"),
    ("map hysteresis --along FRCS@2=0:1", "FRCS acts on"),
    ("map warning --along k=0.75:0.7 --runs 2", "none of 2 runs left"),
    ("map tipping k=0.2:2", "write --along k=0.2:2"), ("map hysteresis --seed -1", "seed must be"),
    ("map warning --seed -1", "seed must be"),
    ("map tipping nowhere", "there is no scenario 'nowhere'"), ("map warning --runs 0", "runs must be"),
    ("map residence --runs 0", "runs must be"), ("map hysteresis --along phi=0.1:0.9 --runs 2", "moves nothing")])
def test_a_mistake_is_one_sentence_and_leaves_nothing(letsdance, tmp_path, words, said):
    code, out, err = letsdance(*words.split())
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_help_names_the_sub_commands(letsdance):
    code, out, _ = letsdance("map", "--help")
    assert code == 0
    assert all(name in out for name in ("basins", "residence", "tipping", "hysteresis", "warning"))
    assert "--grid" in letsdance("map", "basins", "--help")[1]


def test_the_pages_commands_are_understood():
    import shlex

    group = command.grammar().commands["map"]
    text = (Path(__file__).parents[1] / "docs" / "dynamics.md").read_text(encoding="utf-8")
    lines = text.partition("```sh\n")[2].partition("```")[0].splitlines()
    for line in lines:
        words = shlex.split(line, comments=True)[2:]
        name = words[0] if words and words[0] in group.commands else "basins"
        group.commands[name].make_context(name, words[1:] if words[:1] == [name] else words)
    assert [line.split()[1] for line in lines] == ["map"] * 5


# ---------------------------------------------------------------- figures

@pytest.fixture(scope="module")
def found():
    """What every map finds of a few short runs."""
    return {
        "basins": basins(grid=3, runs=1, quarters=8), "residence": residence(runs=2, quarters=60),
        "tipping": tipping("b_g=0:0.1", points=3, runs=2, quarters=40),
        "services": tipping("k=1:0", "lone_ranger", "services", points=2, runs=1, quarters=8),
        "loop": hysteresis(along="B=0:0.5", quarters=16, settle=2, wait=16, runs=2),
        "warning": early_warning(along="B=0:0.8", quarters=60, settle=4, runs=20)}


@pytest.fixture(scope="module")
def drawn(found):
    """Every figure as a function of the width and the language."""
    return {
        "basins": partial(dynamics.basin_map, found["basins"]),
        "residence": partial(dynamics.still_there, found["residence"]),
        "tipping": partial(tipping_pages.tipping_diagram, found["tipping"]),
        "services": partial(tipping_pages.tipping_diagram, found["services"]),
        "loop": partial(tipping_pages.hysteresis_loop, found["loop"]),
        "gap": partial(tipping_pages.gap_while_waiting, found["loop"]),
        "warning": partial(signs.warning_signs, found["warning"])}


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("name", ["basins", "residence", "tipping", "services", "loop", "gap", "warning"])
def test_no_word_leaves_the_sheet_or_lies_on_another(drawn, name, width, language):
    figure = drawn[name](width, Text(language))
    assert figure.summary.endswith(".")
    boxes = []
    for word in figure._words:
        wide = text_width(word["text"], word["size"], word["bold"])
        left = word["x"] - {"start": 0, "middle": wide / 2, "end": wide}[word["anchor"]]
        assert left >= -1, word["text"]
        assert left + wide <= width + 1, word["text"]
        assert 0 < word["y"] <= figure.height, word["text"]
        boxes.append((left, word["y"] - 0.7 * word["size"], left + wide, word["y"], word["text"]))
    for k, (x0, y0, x1, y1, text) in enumerate(boxes):
        for u0, v0, u1, v1, other in boxes[:k]:
            assert x1 <= u0 + 1 or u1 <= x0 + 1 or y1 <= v0 + 1 or v1 <= y0 + 1, f"{text} lies on {other}"
        assert "…" not in text, text
    if language == ENGLISH:
        assert figure.svg(inline=True) == drawn[name](width).svg(inline=True)


@pytest.mark.parametrize("name", ["basins", "residence", "tipping", "services", "loop", "warning"])
def test_a_map_speaks_the_language_that_is_asked(found, spoken, name):
    page = {"basins": lambda one, text: dynamics.basins_study(one, found["residence"], text),
            "residence": dynamics.residence_study, "loop": tipping_pages.hysteresis_study,
            "warning": signs.warning_study}.get(name, tipping_pages.tipping_study)(found[name], spoken)
    assert not plain_english(page, r"\bb_g\b|transitions\.parquet")


def test_a_page_says_does_not_warn_where_nothing_warns():
    found = early_warning(along="B=0:0.8", quarters=60, settle=4, runs=20, outcome="C")
    assert not found.warns  # citizens hardly notice before the government is gone
    study = signs.warning_study(found)
    assert study.headline.startswith("Neither variance nor lag-1 autocorrelation of C warns")
    assert signs.warning_sentence(found).count("does not warn") == 2


def test_a_page_promises_no_warning_that_whoever_watches_would_not_have():
    """Looking back from a known tip finds more than watching does; the headline goes by what watching finds."""
    found = early_warning(along="B=0:0.8", quarters=60, settle=4, runs=20)
    sure, none = Estimate(0.95, 0.8, 1.0), Estimate(0.05, 0.0, 0.2)

    def headline(watched):
        judged = {name: replace(one, auc=sure, hits=sure, false_alarms=none, watch_hits=watched, watch_false_alarms=none)
                  for name, one in found.judged.items()}
        return signs.warning_study(replace(found, judged=judged)).headline

    assert "cannot be said to be warned" in headline(Estimate(0.2, 0.1, 0.4))
    assert headline(sure).endswith("warn, but not of every tip")


def test_a_share_that_crosses_one_half_without_a_fold_is_told_so():
    found = tipping("b_g=0:0.1", points=3, runs=2, quarters=40)
    tips = {name: [Tip(Estimate(0.05, 0.0, 0.1), True, 1.0)] if name == "lone_ranger" else [] for name in found.tips}
    smooth, folded = (tipping_pages.tipping_study(replace(found, tips=tips, folds=folds)).headline
                      for folds in ([], [Fold(0.05, 0.5, 0.5, "wasteland")]))
    assert smooth.endswith("takes Lone Ranger across one half; the mean field does not fold")
    assert folded.endswith("tips Lone Ranger")
