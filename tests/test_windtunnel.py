"""The wind tunnel: every start, every shock, with and without a portfolio, on equal luck."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats
from typer.testing import CliRunner

from letsdance.experiments.outcomes import known, parse
from letsdance.experiments.windtunnel import CALM, LESS, less_is_better, wind_tunnel
from letsdance.params import Refused
from letsdance.report import windtunnel as pages
from letsdance.report.sheet import NARROW, WIDE
from letsdance.report.study import render
from letsdance.scenarios import SHOCKS, STARTS
from letsdance.scenarios.policy import read_policy
from letsdance.simulation.run import simulate

PORTFOLIO = "law: MANDATE@2, FAL@1; k=1.2"


@pytest.fixture(scope="module")
def found():
    return wind_tunnel(PORTFOLIO, at=4, outcome="G@14", runs=4, seed=3, quarters=16)


def test_every_start_meets_every_shock(found):
    assert list(found.values) == [(start, shock) for start in STARTS for shock in (CALM, *SHOCKS)]
    assert len(found.table) == 4 * (1 + len(SHOCKS))


@pytest.mark.parametrize(("start", "shock"), [("lone_ranger", "scandal"), ("wasteland", CALM), ("dead_horse", "ageing")])
def test_a_cell_is_two_simulations_on_the_same_seeds(found, start, shock):
    duration = SHOCKS.get(shock, {}).get("duration")
    shocks = [] if shock == CALM else [f"{shock}@4" + (f"+{duration}" if duration else "")]
    named = {"runs": 4, "seed": 3, "quarters": 16, "shocks": shocks}
    without = simulate(start, **named).rows["G"][:, 14]
    with_it = simulate(start, levers=["MANDATE@2", "FAL@1"], parameters={"k": 1.2}, **named).rows["G"][:, 14]
    row = found.table.set_index(["start", "shock"]).loc[(start, shock)]
    assert (row["without"], row["with_it"]) == pytest.approx((without.mean(), with_it.mean()))
    says = stats.ttest_rel(with_it, without).confidence_interval(0.95)
    assert (row["low"], row["high"]) == pytest.approx((says.low, says.high), abs=1e-4)  # bounded outcomes: a trifle wider
    assert row["low"] <= says.low + 1e-9
    assert row["high"] >= says.high - 1e-9
    assert (row["helps"], row["harms"]) == ((with_it > without).sum(), (with_it < without).sum())
    assert row["regret"] == pytest.approx(np.maximum(without - with_it, 0).mean())
    calm = simulate(start, levers=["MANDATE@2", "FAL@1"], parameters={"k": 1.2}, **named | {"shocks": []}).rows["G"][:, 14]
    assert row["shock_effect"] == pytest.approx((with_it - calm).mean())


def test_the_worst_is_the_lowest_or_where_less_is_better_the_highest(found):
    table = found.table
    assert found.worst()["with_it"] == table["with_it"].min()
    assert found.worst("lone_ranger")["with_it"] == table.query("start == 'lone_ranger'")["with_it"].min()
    less = wind_tunnel(PORTFOLIO, starts="lone_ranger", shocks=["scandal"], at=4, outcome="G@14", runs=4, seed=3,
                       quarters=16, better="less")
    assert less.worst()["with_it"] == less.table["with_it"].max()
    same = table.set_index(["start", "shock"]).loc[("lone_ranger", "scandal")]
    other = less.table.set_index(["start", "shock"]).loc[("lone_ranger", "scandal")]
    assert (other["helps"], other["harms"]) == (same["harms"], same["helps"])
    d = less.values["lone_ranger", "scandal"]
    assert other["regret"] == pytest.approx(np.maximum(d[1] - d[0], 0).mean())


def test_what_helps_clearly_is_counted_by_the_interval(found):
    table = found.table
    assert found.counted() == {"helps": int((table["low"] > 0).sum()), "harms": int((table["high"] < 0).sum()),
                               "unclear": int(((table["low"] <= 0) & (table["high"] >= 0)).sum())}


def test_a_lever_that_only_costs_is_always_regretted():
    points = wind_tunnel("count: MEAS@1", shocks=["scandal"], outcome="spend@8", runs=2, quarters=8, at=3)
    assert points.less
    assert (points.table["regret"] == 1.0).all()  # a point a quarter, in every run
    assert points.counted() == {"helps": 0, "harms": 8, "unclear": 0}
    assert "clearly raises it in 8" in pages.headline(points)


def test_what_never_comes_is_not_compared():
    never = wind_tunnel("talk: MEAS@1", starts=["wasteland"], shocks=["scandal"], outcome="time_to_97.5", runs=2,
                        quarters=8, at=3)
    assert never.table["n"].tolist() == [0, 0]
    assert never.table[["without", "difference", "regret"]].isna().all(axis=None)
    assert never.worst() is None
    assert never.counted()["unclear"] == 2
    assert "not measured" in render(pages.study(never), {})


def test_every_outcome_of_which_less_is_better_is_known():
    assert set(LESS) <= set(known())
    assert less_is_better(parse("time_to_50"))
    assert not less_is_better(parse("lets_dance"))


def test_the_numbers_do_not_depend_on_threads(found):
    one = wind_tunnel(read_policy(PORTFOLIO), at=4, outcome="G@14", runs=4, seed=3, quarters=16, threads=1)
    assert one.table.equals(found.table)


def test_progress_counts_every_run():
    ended = []
    wind_tunnel("x: FAL", starts=["wasteland"], shocks=["scandal"], runs=3, quarters=8, at=3, progress=ended.append)
    assert sum(ended) == 1 * 2 * 2 * 3


@pytest.mark.parametrize(("named", "says"), [
    ({"portfolio": "nothing:"}, "does nothing"), ({"portfolio": "x: FRC@3"}, "Did you mean FRCS"),
    ({"portfolio": "x: FAL, austerity@3"}, "brings its own shock"), ({"portfolio": "x: FAL, wasteland"}, "own start"),
    ({"portfolio": "x: FAL@3, FAL@9"}, "twice at the same time"), ({"portfolio": "x: FAL@99"}, "after the horizon of 60"),
    ({"shocks": ["scandals"]}, "Did you mean scandal"), ({"starts": ["wastland"]}, "Did you mean wasteland"),
    ({"starts": []}, "at least one start"), ({"starts": ["wasteland", "wasteland"]}, "two starts"),
    ({"at": 99}, "after the horizon"), ({"at": 0}, "start must be a quarter"), ({"outcome": "C@99"}, "after the horizon"),
    ({"outcome": "lets_dnce"}, "Did you mean lets_dance"), ({"better": "most"}, "more or less"),
    ({"runs": 0}, "runs must be")])
def test_a_tunnel_that_cannot_be_is_refused_in_one_sentence(named, says):
    with pytest.raises(Refused) as refused:
        wind_tunnel(**{"portfolio": "x: FAL@3", **named})
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_the_table_as_a_figure_has_every_number(found, width):
    figure = pages.heat(found, width)
    words = [word["text"] for word in figure._words]
    assert sum("→" in word for word in words[5:]) >= len(found.table)
    row = found.table.set_index(["start", "shock"]).loc[("lone_ranger", "scandal")]
    assert f"{100 * row['without']:.0f} → {100 * row['with_it']:.0f}" in [w.replace(" %", "") for w in words]
    assert all(-1 <= word["x"] <= width + 1 and 0 <= word["y"] <= figure.height for word in figure._words)


def test_shocks_that_act_alike_are_said_to(found, monkeypatch):
    rows = found.table.set_index(["start", "shock"])["with_it"]
    alike = rows["lone_ranger", "ageing"] == rows["lone_ranger", "climate"]
    assert any("ageing" in limit and "act alike" in limit for limit in pages.study(found).limits) == alike
    twins = {"one": SHOCKS["ageing"], "other": SHOCKS["ageing"] | {"title": "another name"}, "third": SHOCKS["climate"]}
    monkeypatch.setattr(pages, "SHOCKS", twins)
    assert pages._alike(list(twins)) == [["one", "other"]]


# ---------------------------------------------------------------- the command

def run(*words: str):
    from letsdance.commands.main import app

    return CliRunner().invoke(app, ["wind-tunnel", *words])


def test_the_command_writes_a_folder_and_prints_json_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    short = ("--runs", "2", "--quarters", "12", "--at", "3")
    said = run("x: MANDATE@2", *short, "--start", "lone_ranger", "--only", "scandal", "--outcome", "G", "--json")
    assert said.exit_code == 0, said.output
    answer = json.loads(said.stdout)
    assert [(r["start"], r["shock"]) for r in answer["table"]] == [("lone_ranger", "none"), ("lone_ranger", "scandal")]
    made = wind_tunnel("x: MANDATE@2", ["lone_ranger"], ["scandal"], 3, "G", 2, quarters=12)
    assert [row["difference"] for row in answer["table"]] == pytest.approx(made.table["difference"].tolist())
    assert {p.name for p in (tmp_path / "letsdance-wind-tunnel").iterdir()} == {
        "manifest.json", "report.html", "figures", "wind_tunnel.parquet"}
    refused = run("x: MANDATE@2", *short)
    assert isinstance(refused.exception, Refused)
    assert "--overwrite" in str(refused.exception)
    printed = run("x: MANDATE@2", *short, "--overwrite", "--start", "lone_ranger")
    assert printed.exit_code == 0, printed.output
    assert "scandal" in printed.stdout
    assert "→" in printed.stdout


@pytest.mark.parametrize("words", [["nothing:"], ["x: FRC"], ["x: FAL", "--only", "rain"], ["x: FAL", "--start", "here"],
                                   ["x: FAL", "--outcome", "C@99"], ["x: FAL", "--better", "best"]])
def test_a_mistake_writes_nothing(tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    assert isinstance(run(*words).exception, Refused)
    assert not list(tmp_path.iterdir())
