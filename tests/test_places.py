"""A lever acts where it is used: places in the one grammar, in the runs, in files and links, and what they cost."""

import numpy as np
import pytest

import letsdance as ld
from letsdance import scenarios
from letsdance.scenarios import parse_use
from letsdance.scenarios.policy import Policy, read_policy
from letsdance.simulation import schedule
from letsdance.simulation.run import run_seeds
from letsdance.simulation.society import Society

RUN = {"runs": 3, "quarters": 20, "seed": 3}
ALL = ", ".join(f"M{m}" for m in range(1, 41))
TABLE = "name,citizens\nAsh,20\nBirch,30\nCedar,10\nDogwood,20\n"


def same(a, b) -> bool:
    return all(np.array_equal(a.rows[name], b.rows[name], equal_nan=True) for name in a.rows.dtype.names) \
        and np.array_equal(a.stage, b.stage) and np.array_equal(a.regime, b.regime) and np.array_equal(a.depth, b.depth)


@pytest.mark.parametrize("where", [ALL, "100 % of municipalities", "the 40 most connected"])
def test_in_all_towns_is_everywhere_bit_for_bit(where):
    uses = ["LEAD@4+12", "OUT@8*0.7", "EXCH@2"]
    placed = [f"{use} in {where}" for use in uses]
    assert same(ld.simulate("lone_ranger", levers=uses, shocks=["scandal@6"], **RUN),
                ld.simulate("lone_ranger", levers=placed, shocks=[f"scandal@6 in {where}"], **RUN))


@pytest.mark.parametrize(("where", "share"), [("M1, M2", 2 / 40), ("30 %", 12 / 40), ("the 10 most connected", 10 / 40),
                                              ("the laggards", 6 / 40), ("the 4 largest", 4 / 40)])
def test_points_are_in_proportion(where, share):
    spent = ld.simulate("lone_ranger", levers=[f"LEAD@4+12 in {where}"], **RUN).rows["spend"]
    np.testing.assert_allclose(spent[:, 4:16], 20 + 2 * share)
    np.testing.assert_array_equal(spent[:, 16:], 20)


def test_unchosen_towns_change_only_through_their_peers():
    """Without peers and without what all look at, no other town's column moves; the chosen one's does."""
    alone = {"parameters": {"wM": 0.0, "k_g": 0.0, "mix": 1.0, "on_adoption": 0.0}, "runs": 1, "quarters": 24}
    without = ld.simulate("lone_ranger", **alone).municipalities
    within = ld.simulate("lone_ranger", levers=["LEAD@2 in M7"], **alone).municipalities
    moved = (without["top_support"] != within["top_support"]).groupby(within["municipality"]).any()
    assert moved[moved].index.tolist() == ["M7"]
    others = within["municipality"] != "M7"
    columns = ["willingness", "citizens_willingness", "social_capital", "risk_culture"]
    columns = [c for c in columns if c in within]
    assert without.loc[others, columns].equals(within.loc[others, columns])


def test_single_steps_threads_and_order_give_the_same_numbers():
    story = scenarios.load("dead_horse").changed(levers=["CB@3 in the 10 most connected", "LEAD@2 in 25 %"], quarters=16)
    places = ld.simulate(story, runs=1, quarters=16).places
    rows = run_seeds(places, schedule.build(story), np.array([5], np.uint64))[0]
    for chunks in ([(np.int64(0), np.int64(40))], [(np.int64(m), np.int64(m + 1)) for m in reversed(range(40))]):
        society = Society(places, schedule.build(story), 5, 2)
        society.chunks = chunks
        for t in range(1, 17):
            society.step()
            assert [society.row[0][name] for name in "CG"] == [rows[0, t][name] for name in "CG"]


def test_why_tells_the_parameters_of_the_town():
    model = ld.Model("lone_ranger", rng=2, levers=["LEAD@1 in M2"])
    model.step()
    first, second = (model.governments[m].why() for m in (0, 1))
    added, = (effect["add"] for effect in scenarios.LEVERS["LEAD"]["effects"] if effect["parameter"] == "y_lever")
    assert [first["levers"], second["levers"]] == [0.0, pytest.approx(added)]


def test_a_named_town_of_a_table(tmp_path):
    file = tmp_path / "towns.csv"
    file.write_text(TABLE)
    result = ld.simulate("lone_ranger", levers=["LEAD@2 in Ash, Birch"], municipalities=str(file), runs=1, quarters=8)
    assert result.rows["spend"][0, 2] == 21.0
    with pytest.raises(ld.Refused, match="there is no municipality 'Oak'"):
        ld.simulate("lone_ranger", levers=["LEAD@2 in Oak"], municipalities=str(file), runs=1, quarters=8)


@pytest.mark.parametrize("text", ["LEAD@8+20*1 in Ash, Birch", "LEAD@8+20*0.5 in 30 % of municipalities",
                                  "OUT@4*1 in the 10 most connected", "FAL@4*1 in the late majority",
                                  "CB@1*1 in Ash~b=1&c#d"])
def test_a_place_goes_round_by_text_file_link_and_policy(text):
    use = parse_use("lever", text)
    assert str(use) == text
    assert parse_use("lever", str(use)) == use
    story = scenarios.load("lone_ranger").changed(levers=[use])
    assert scenarios.read("x", "x.toml", story.to_toml()).levers == (use,)
    policy = Policy.of().with_use("lever", None, use)
    assert Policy.parse(policy.text()) == policy
    if "=" not in text:
        assert read_policy(f"first: {text}, FRCS@8").levers == (use, parse_use("lever", "FRCS@8"))


def test_files_take_lists_of_towns():
    toml = '[[levers]]\nname = "LEAD"\nin = ["Ash", "Birch"]\n'
    assert scenarios.read("x", "x.toml", toml).levers[0].where == "Ash, Birch"


@pytest.mark.parametrize(("levers", "says"), [
    (["LEAD in"], "in names no municipality"), (["LEAD in M1, M1"], "M1 is named twice"),
    (["LEAD in M1,,M2"], "empty name between commas"), (["LEAD in 101 %"], "101 % of municipalities is more than all"),
    (["LEAD in -3 %"], "cannot be read"), (["LEAD in the 0 largest"], "is no municipality"),
    (["LEAD in the 41 largest"], "write 40 or fewer"),
    (["LEAD in m1"], "there is no municipality 'm1' here. Did you mean M1?"),
    (["OUT@4 in the poorest quarter"], "is a group of citizens; write it behind for"),
    (["LEAD in 0 %"], "0 % of municipalities is more than all of them, or none"),
    (["LEAD in 1 %"], "in '1 % of municipalities' is none of the 40 municipalities here"),
    (["LEAD in M1", "LEAD in M2, M1"], "used twice at the same time"),
    (["LEAD", "LEAD in M1"], "used twice at the same time"),
    (["LEAD in M1", "LEAD in 100 %"], "used twice at the same time in M1"),
    ([{"name": "LEAD", "in": ""}], "in names no municipality"), ([{"name": "LEAD", "in": []}], "in names no municipality"),
    ([{"name": "LEAD", "in": 3}], "must be text or a list of towns"),
])
def test_what_cannot_be_is_refused_in_a_sentence(levers, says):
    with pytest.raises(ld.Refused, match=says):
        ld.simulate("lone_ranger", levers=levers, runs=1, quarters=8)


def test_the_same_lever_may_act_in_one_town_after_another():
    ld.simulate("lone_ranger", levers=["LEAD@1+4 in M1", "LEAD@2 in M2", "LEAD@5 in M1"], runs=1, quarters=8)
