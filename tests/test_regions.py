"""A second tier of government: who belongs to which region, how a region moves, and levers that are for it."""

import numpy as np
import pytest

import letsdance as ld
from letsdance import scenarios
from letsdance.experiments.portfolios import space
from letsdance.params import defaults
from letsdance.scenarios import parse_use
from letsdance.scenarios.policy import Policy
from letsdance.simulation import schedule
from letsdance.simulation.mechanism import CONTRACT
from letsdance.simulation.rules.numbers import logistic
from letsdance.simulation.run import run_seeds, simulate, state_after
from letsdance.simulation.society import Society

#: Regions of 3, 3 and 1.
SMALL = {"municipalities": 7, "citizens": 20, "per_region": 3}
REGION = np.array([0, 0, 0, 1, 1, 1, 2])
RUN = {"runs": 2, "quarters": 12, "seed": 3, "mechanisms": ["regions"], "parameters": SMALL}
MIXED = {"levers": ["LEAD@2", "LEAD@3 in the region of M4", "FRCS@2 in M5"], "shocks": ["austerity@3"]}


def told(levers=(), shocks=(), **parameters):
    return scenarios.load("lone_ranger").changed(mechanisms=["regions"], levers=levers, shocks=shocks, quarters=12,
                                                 parameters=SMALL | parameters)


def lived(story, threads=1, reverse=False):
    """A society's own columns of governments, quarter by quarter: regional willingness and support [T, M], and its row."""
    society = Society(simulate(story, runs=1, quarters=8).places, schedule.build(story), 5, threads)
    if reverse:
        society.chunks = [(np.int64(m), np.int64(m + 1)) for m in reversed(range(7))]
    row = society.driver.columns["governments"]
    own, before, rows = [], [], []
    for t in range(story.quarters + 1):
        before.append(society.state.governments["willingness"].copy())
        if t:
            society.step()
        own.append(society.state.own_governments[[row["regional_willingness"], row["regional_support"]]].copy())
        rows.append(society.row[0].copy())
    return np.array(own), np.array(before), np.array(rows)


def test_a_region_moves_by_the_equation_with_its_municipalities_and_its_own_levers():
    story = told(levers=["LEAD@3 in the region of M4", "LEAD@2 in M1"], shocks=["austerity@5"])
    (own, before, _), p = lived(story), defaults()
    effects = {e["parameter"]: e["add"] for e in scenarios.LEVERS["LEAD"]["effects"]}
    for t in range(1, 13):
        gbar = np.array([before[t][r == REGION].mean() for r in REGION])
        lead = (REGION == 1) * (t >= 3)
        g, A = own[t - 1]
        A = A + p.A_rate * (p.A_g * g - A) + lead * effects["A_pull"] * (1 - A)
        y = p.b_g + p.wM * (gbar - .5) + p.wA * (A - .5) - .1 * (t >= 5) + lead * effects["y_lever"]
        target = p.lo + (p.hi - p.lo) * np.array([logistic(p.beta * one) for one in y])
        np.testing.assert_allclose(own[t], [g + p.a * (target - g), A], rtol=0, atol=1e-12)
        for region in range(3):  # equal within a region to the last bit
            assert len(np.unique(own[t][0][region == REGION])) == 1
    assert len(np.unique(own[-1][0])) == 3


def test_threads_order_and_whole_runs_give_the_same_numbers():
    story = told(**MIXED)
    places = simulate(story, runs=1, quarters=8).places
    rows = run_seeds(places, schedule.build(story), np.array([5], np.uint64))[0]
    for threads, reverse in ((1, False), (2, True)):
        _, _, each = lived(story, threads, reverse)
        assert all(np.array_equal(each[n], rows[n][0], equal_nan=True) for n in rows.dtype.names)
    own = state_after(places, schedule.build(story), 5).own_governments
    assert np.array_equal(own, ended(places, story).own_governments)


def ended(places, story):
    society = Society(places, schedule.build(story), 5)
    while society.quarter < story.quarters:
        society.step()
    return society.state


def test_it_keeps_what_every_mechanism_promises():
    assert len(ld.check_mechanism("regions", quarters=8)) == len(CONTRACT)


def test_without_what_needs_it_a_region_changes_no_number_of_the_model():
    bare = simulate("lone_ranger", runs=2, quarters=20, levers=["LEAD@4"], shocks=["austerity@6"])
    quiet = simulate("lone_ranger", runs=2, quarters=20, levers=["LEAD@4", "LEAD@4 in the regions"], shocks=["austerity@6"],
                     mechanisms=["regions"], parameters={"needs_region": 0})
    moved = {n for n in bare.rows.dtype.names if not np.array_equal(bare.rows[n], quiet.rows[n], equal_nan=True)}
    assert moved == {"spend", "efficiency"}  # what the lever in the regions costs
    assert np.array_equal(bare.stage, quiet.stage)


def test_what_needs_the_region_waits_as_often_as_is_declared():
    """Waiting is drawn with the chance needs_region (1 - in_charge)(1 - g'), here g' held by reasons that outweigh all."""
    result = simulate("wasteland", runs=40, quarters=40, mechanisms=["regions"],
                      parameters={"b_g": -0.5, "beta": 20, "needs_region": 0.8, "in_charge": 0.25})
    g = result.rows["regions_willing"][:, 20:]
    n = g.size * 40
    expected = (0.8 * 0.75 * (1 - g)).mean()
    assert abs(result.rows["waiting_for_region"][:, 20:].mean() - expected) < 4 * np.sqrt(expected * (1 - expected) / n)


@pytest.mark.parametrize(("where", "part"), [("the regions", 3 / 7), ("the region of M1, M2", 1 / 7),
                                             ("the region of M3, M4, M7", 3 / 7), ("the region of the 7 largest", 3 / 7)])
def test_a_region_costs_as_much_as_one_municipality(where, part):
    spent = ld.simulate("lone_ranger", levers=[f"LEAD@4+4 in {where}"], **RUN).rows["spend"]
    without = ld.simulate("lone_ranger", **RUN).rows["spend"]
    cost = scenarios.LEVERS["LEAD"]["cost"]
    np.testing.assert_allclose((spent - without)[:, 4:8], cost * part)
    np.testing.assert_array_equal((spent - without)[:, 8:], 0)
    assert schedule.share(parse_use("lever", f"LEAD@4 in {where}"), told()) == pytest.approx(part)


def test_what_is_for_regions_acts_in_no_municipality_and_what_acts_everywhere_is_a_shock():
    for where, regions, towns in (("", False, True), (" in the regions", True, False)):
        made = schedule.build(told(levers=[f"LEAD@1{where}"], shocks=["austerity@1"])).local.of(1)
        assert {bool(made.tables[g]["A_pull"][1] > 0) for g in made.group} == {towns}
        assert {bool(made.tables[g]["A_pull"][1] > 0) for g in made.regions} == {regions}
        assert {round(float(made.tables[g]["B"][1]), 9) for g in (*made.group, *made.regions)} == {0.1}
    assert schedule.build(told()).local is None


@pytest.mark.parametrize(("typed", "text"), [
    ("LEAD@8+20*1 in the regions",) * 2, ("LEAD@8 in regions", "LEAD@8*1 in the regions"),
    ("LEAD@8 in the region", "LEAD@8*1 in the regions"), ("LEAD@8*0.5 in the region of Ash, Birch",) * 2,
    ("LEAD@8 in region of 10 most connected", "LEAD@8*1 in the region of the 10 most connected")])
def test_a_tier_goes_round_by_text_file_and_link(typed, text):
    use = parse_use("lever", typed)
    assert str(use) == text
    story = scenarios.load("lone_ranger").changed(mechanisms=["regions"], levers=[use])
    assert scenarios.read("x", "x.toml", story.to_toml()).levers == (use,)
    policy = Policy.of().with_use("lever", None, use)
    assert Policy.parse(policy.text()) == policy


@pytest.mark.parametrize(("asked", "says"), [
    ({"levers": ["LEAD@4 in the regions"], "mechanisms": [], "parameters": {}}, "a second tier of government, which"),
    ({"levers": ["LEAD@4 in the regions"], "parameters": {**SMALL, "on_regions": 0}}, "does not run in this scenario"),
    ({"levers": ["FAL@4 in the regions"]}, r"FAL moves nothing that a region has; LEAD, .* do: take \"in the regions\""),
    ({"levers": ["PACT@4 in the region of M1"]}, "PACT moves nothing that a region has"),
    ({"levers": ["OUT@4 in the regions for the poorest half"]}, "a region has no citizens of its own"),
    ({"levers": ["LEAD@4 in the region of Oak"]}, "there is no municipality 'Oak'"),
    ({"levers": ["LEAD@4 in the region of M1", "LEAD@6 in the region of M2"]}, "LEAD is used twice at the same time in M1"),
    ({"levers": ["LEAD@4 in the regions", "LEAD@6 in the region of M2"]}, "used twice at the same time"),
])
def test_what_cannot_be_is_refused_in_a_sentence(asked, says):
    with pytest.raises(ld.Refused, match=says):
        ld.simulate("lone_ranger", **RUN | asked)


def test_a_file_is_refused_where_the_tier_does_not_run():
    with pytest.raises(ld.Refused, match="--mechanism regions"):
        scenarios.read("x", "x.toml", '[start]\nC = 0.7\n[[levers]]\nname = "LEAD"\nin = "the regions"\n')


def test_which_region_first_is_searched_and_levers_that_cannot_be_there_act_elsewhere():
    story = told()
    found = space(story, ["LEAD"], (1,), (None,), (1.0,), 1, ["each region"])
    assert [use.where for use in found.uses["LEAD"]] == ["the region of M1", "the region of M4", "the region of M7"]
    assert {found.parts[use.reach] for use in found.uses["LEAD"]} == {1 / 7}
    both = space(story, ["LEAD", "FAL"], (1,), (None,), (1.0,), 1, ["everywhere", "the regions"])
    assert {name: [use.where for use in uses] for name, uses in both.uses.items()} == {
        "LEAD": ["", "the regions"], "FAL": [""]}
    able = space(story, None, (1,), (None,), (1.0,), 1, ["the regions"]).uses
    assert "LEAD" in able
    assert not {"FAL", "OUT", "PACT"} & set(able)


def test_a_rule_asks_for_its_region_only_where_there_is_one():
    plain = ld.Mechanism("plain", says="Looks at a region that there is not.")

    @plain.indicator("governments")
    def seen(region_willingness):
        """What is seen."""
        return region_willingness

    with pytest.raises(ld.Refused, match="asks for 'region_willingness', which neither a column nor a parameter"):
        ld.simulate("lone_ranger", runs=1, quarters=8, mechanisms=[plain])
