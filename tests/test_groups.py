"""A lever acts for whom it is meant: groups of citizens in the one grammar, in runs, in files and links, their points."""

from types import SimpleNamespace

import numpy as np
import pytest

import letsdance as ld
from letsdance import scenarios
from letsdance.experiments.compare import compare
from letsdance.experiments.portfolios import space
from letsdance.params import PARAMETERS
from letsdance.scenarios import LEVERS, SHOCKS, groups, parse_use
from letsdance.scenarios.policy import Policy, read_policy
from letsdance.simulation import schedule
from letsdance.simulation.run import run_seeds
from letsdance.simulation.society import Society
from letsdance.words import languages, text_in

#: Of 20 citizens a quarter is 5 and a third 7.
SMALL = {"municipalities": 6, "citizens": 20}
RUN = {"runs": 2, "quarters": 16, "seed": 3, "parameters": SMALL}
EACH = [name for name, p in PARAMETERS.items() if p.each_citizen]


def same(a, b) -> bool:
    return all(np.array_equal(a.rows[name], b.rows[name], equal_nan=True) for name in a.rows.dtype.names) \
        and np.array_equal(a.stage, b.stage) and np.array_equal(a.regime, b.regime) and np.array_equal(a.depth, b.depth)


class People:
    """Citizens with what they are told by."""

    def __init__(self, citizens, **columns):
        self.citizens, self.columns = np.array(citizens), columns

    def of(self, what):
        return np.array(self.columns[what])


# ---------------------------------------------------------------- who they are

def test_a_group_is_told_in_each_municipality_by_itself_and_ties_are_by_row():
    people = People([4, 3], resources=[.9, .1, .5, .5, .2, .3, .1])
    assert np.flatnonzero(groups.chosen("the poorest half", people)).tolist() == [1, 2, 4, 6]  # 2 of 4; 1.5 of 3 is 2
    assert np.flatnonzero(groups.chosen("the richest quarter", people)).tolist() == [0, 5]


@pytest.mark.parametrize(("share", "rest"), [("10 %", "90 %"), ("quarter", "75 %"), ("half", "half"), ("62.5 %", "37.5 %")])
def test_the_two_ends_of_a_ranking_share_nobody_and_leave_nobody_out(share, rest):
    sizes = np.arange(1, 60)
    people = People(sizes, resources=np.random.default_rng(1).integers(0, 9, sizes.sum()))
    poorest, richest = (groups.chosen(whom, people) for whom in (f"the poorest {share}", f"the richest {rest}"))
    assert np.array_equal(poorest, ~richest)
    assert not groups.meet(f"the poorest {share}", f"the richest {rest}")


def test_they_are_those_who_stand_so_when_the_run_begins():
    society = Society(ld.simulate("dead_horse", runs=1, quarters=8, parameters=SMALL).places,
                      schedule.build(scenarios.load("dead_horse").changed(
                          parameters=SMALL, levers=["OUT@2 for the least trusting quarter"], quarters=8)), 7)
    trust = society.state.trust.reshape(6, 20)
    chosen = society.state.people.reshape(6, 20) != society._blocks[0][2]
    assert (chosen.sum(axis=1) == 5).all()
    assert all(row[mine].max() <= row[~mine].min() for row, mine in zip(trust, chosen, strict=True))


# ---------------------------------------------------------------- what acts on them

@pytest.mark.parametrize("name", EACH)
def test_what_is_declared_to_be_asked_one_by_one_is_and_nothing_else_reads_it(name):
    """A parameter moved for two halves of citizens, each by itself, is the parameter moved for all, in every number; moved
    for nobody it moves nothing but what the mean record says."""
    low, high = PARAMETERS[name].range
    moved = 0.6 * high + 0.4 * low if name != "T_hit" else 0.9
    story = scenarios.load("dead_horse").changed(parameters=SMALL | {"S_pull": 0.02}, quarters=12)
    plain, other = schedule.build(story), schedule.build(story)
    other[name][3:] = moved
    places = ld.simulate(story, runs=1, quarters=12).places
    N, seeds = 120, np.array([5], np.uint64)

    def lived(people):
        table = plain.copy()
        tables = (plain, other, other.copy())
        table.local = SimpleNamespace(
            drawn=True, of=lambda seed: schedule.Lived(tables, np.zeros(6, np.int64), other, people))
        return run_seeds(places, table, seeds)

    for group, like in ((np.arange(N) % 2 + 1, other), (np.zeros(N), plain)):
        found, wanted = lived(group.astype(np.uint16)), run_seeds(places, like, seeds)
        for column in wanted[0].dtype.names:
            if not column.startswith("x_") or like is other:
                np.testing.assert_array_equal(found[0][column], wanted[0][column])
        assert all(np.array_equal(a, b) for a, b in zip(found[1:], wanted[1:], strict=True))


def test_everybody_is_no_group():
    uses = ["OUT@4+6", "REWARD@2*0.8"]
    everybody = ld.simulate("lone_ranger", levers=uses, **RUN)
    assert same(everybody, ld.simulate("lone_ranger", levers=[f"{use} for 100 % of citizens" for use in uses], **RUN))
    halves = [f"{use} for the {by} half" for use in uses for by in ("poorest", "richest")]
    assert same(everybody, ld.simulate("lone_ranger", levers=halves, **RUN))


def test_a_group_lies_between_nobody_and_everybody():
    """More of the citizens of a quarter take part where more are sought out; those left out join as they did."""
    joining = [ld.simulate("dead_horse", levers=levers, runs=8, quarters=24).rows["joining"][:, 2:].mean()
               for levers in ([], ["OUT@1*1.5 for the poorest third"], ["OUT@1*1.5"])]
    assert joining == sorted(joining)


@pytest.mark.parametrize(("use", "part"), [
    ("OUT@4+8 for the poorest quarter", 5 / 20), ("OUT@4+8 for the richest third", 7 / 20),
    ("OUT@4+8 in M1, M2 for the poorest quarter", 2 / 6 * 5 / 20),
    ("OUT@4+8 in the 3 largest for 30 % of citizens", 3 / 6 * 6 / 20)])
def test_points_are_in_proportion_to_the_citizens_reached(use, part):
    spent = ld.simulate("lone_ranger", levers=[use], **RUN).rows["spend"]
    np.testing.assert_allclose(spent[:, 4:12], 20 + 3 * part)
    np.testing.assert_array_equal(spent[:, 12:], 20)
    story = scenarios.load("lone_ranger").changed(parameters=SMALL)
    assert schedule.share(parse_use("lever", use), story) == pytest.approx(part)


@pytest.mark.parametrize("more", [[], ["REWARD@2 for 30 % of citizens", "LEAD@2 in M4"]])
def test_single_steps_threads_and_order_give_the_same_numbers_and_why_tells_the_citizens_own(more):
    where = " in M1, M4" if more else ""
    story = scenarios.load("dead_horse").changed(
        parameters=SMALL, quarters=12, levers=[f"OUT@3{where} for the poorest half", *more], shocks=["insecurity@5"])
    places = ld.simulate(story, runs=1, quarters=12).places
    rows = run_seeds(places, schedule.build(story), np.array([5], np.uint64))[0]
    for chunks in ([(np.int64(0), np.int64(6))], [(np.int64(m), np.int64(m + 1)) for m in reversed(range(6))]):
        society = Society(places, schedule.build(story), 5, 2)
        society.chunks = chunks
        for t in range(1, 13):
            society.step()
            assert [society.row[0][name] for name in "CGT"] == [rows[0, t][name] for name in "CGT"]
    model = ld.Model(story, rng=5)
    model.run_for(4)
    pushed = [citizen.why()["levers"] for citizen in model.citizens]
    assert {round(push, 3) for push in pushed} == {0.0, 0.03}
    assert [sum(push > 0 for push in pushed[m:m + 20]) for m in range(0, 120, 20)] == (
        [10, 0, 0, 10, 0, 0] if more else [10] * 6)


def test_a_saved_state_goes_on_for_the_same_citizens(tmp_path):
    levers = ["OUT@3 for the least willing third"]
    whole = ld.simulate("lone_ranger", levers=levers, runs=1, quarters=12, seed=4, parameters=SMALL)
    for quarter, before, after in ((6, levers, []), (2, [], levers)):
        file = tmp_path / f"{quarter}.npz"
        ld.save_state(ld.state_at("lone_ranger", quarter, seed=4, levers=before, quarters=12, parameters=SMALL), file)
        went_on = ld.branch(ld.load_state(file), {"on": after})
        np.testing.assert_array_equal(went_on["C"], whole.rows["C"][0])


def test_two_policies_for_others_at_the_same_points_are_two():
    found = compare([f"{who}: OUT@2 for the {who}est half, municipalities=6" for who in ("poor", "rich")], 4,
                    quarters=12, start="dead_horse")
    assert found._apart["rich"] == 2


# ---------------------------------------------------------------- how it is typed

@pytest.mark.parametrize("text", [
    "OUT@4+20*0.5 in M1, M2 for the poorest quarter", "REWARD@4*1 for the least trusting 30 %",
    "OUT@1*1 for 12.5 % of citizens", "OUT@1*1 in 30 % of municipalities for the most willing third"])
def test_a_group_goes_round_by_text_file_link_and_policy(text):
    use = parse_use("lever", text)
    assert str(use) == text
    story = scenarios.load("lone_ranger").changed(levers=[use])
    assert scenarios.read("x", "x.toml", story.to_toml()).levers == (use,)
    policy = Policy.of().with_use("lever", None, use)
    assert Policy.parse(policy.text()) == policy
    assert read_policy(f"first: {text}, FRCS@8").levers == (use, parse_use("lever", "FRCS@8"))


@pytest.mark.parametrize(("text", "wanted"), [
    ("OUT for the poorest 25 % in M1", "OUT@1*1 in M1 for the poorest quarter"), ("OUT for poorest half of citizens",
                                                                                  "OUT@1*1 for the poorest half"),
    ("OUT for a quarter of citizens", "OUT@1*1 for 25 % of citizens"), ("OUT for everybody", "OUT@1*1"),
    ("LEAD for the richest 100 %", "LEAD@1*1")])
def test_a_group_has_one_spelling(text, wanted):
    assert str(parse_use("lever", text)) == wanted


@pytest.mark.parametrize(("levers", "says"), [
    (["OUT for"], "for names no citizens"), (["OUT for the porest quarter"], "Did you mean the poorest quarter"),
    (["OUT for the poorest 0 %"], "is nobody; write a share above 0"),
    (["OUT for 130 % of citizens"], "more than all of them"),
    (["OUT for the poorest 1 %"], "is nobody in municipalities of 20 citizens or fewer"),
    (["LEAD for the poorest quarter"], "LEAD does not act on citizens one by one.*OUT, REWARD can"),
    (["OUT", "OUT for the poorest quarter"], "used twice at the same time"),
    (["OUT for the poorest half", "OUT for the richest 60 %"], "used twice at the same time"),
    (["OUT for the poorest half", "OUT for the least trusting half"], "used twice at the same time"),
    ([{"name": "OUT", "for": ""}], "for names no citizens"), ([{"name": "OUT", "for": 3}], "for must be text"),
])
def test_what_cannot_be_is_refused_in_a_sentence(levers, says):
    with pytest.raises(ld.Refused, match=says):
        ld.simulate("lone_ranger", levers=levers, runs=1, quarters=8, parameters=SMALL)


def test_who_can_be_for_a_group_follows_from_what_they_change():
    able = [name for book in (LEVERS, SHOCKS) for name, entry in book.items() if scenarios.for_groups(entry)]
    assert able == ["OUT", "REWARD", "insecurity"]


def test_the_mean_field_has_no_groups():
    with pytest.raises(ld.Refused, match=r"belongs to no group, so OUT@1\*1 for the poorest half cannot act"):
        ld.basins("lets_dance", grid=2, quarters=8, runs=1, levers=["OUT for the poorest half"])


def test_a_mechanism_that_reads_what_differs_between_citizens_is_refused():
    nosy = ld.Mechanism("nosy")

    @nosy.term("joining")
    def eager(rec):
        """rec."""
        return rec

    with pytest.raises(ld.Refused, match="the rule eager reads rec, which is not the same for all citizens"):
        ld.simulate("lone_ranger", levers=["REWARD for the poorest half"], mechanisms=[nosy], **RUN)


def test_whom_first_is_searched_at_their_part_of_the_points():
    story = scenarios.load("lone_ranger").changed(parameters=SMALL)
    found = space(story, ["OUT", "LEAD"], [1], [None], [1], whom=["everybody", "the poorest quarter"])
    assert [use.reach for use in found.uses["OUT"]] == ["", " for the poorest quarter"]
    assert [use.reach for use in found.uses["LEAD"]] == [""]
    assert found.cost((found.uses["OUT"][1],)) == pytest.approx(0.25 * found.cost((found.uses["OUT"][0],)))
    assert list(space(story, whom=["the poorest quarter"]).uses) == ["OUT", "REWARD"]
    with pytest.raises(ld.Refused, match="LEAD does not act on citizens"):
        space(story, ["LEAD"], whom=["the poorest quarter"])


@pytest.mark.parametrize("language", languages())
def test_every_group_is_said_in_every_language(language):
    said = {text_in(language).group(groups.check(f"the {by} quarter")) for by in groups.BY} | {
        text_in(language).group("25 % of citizens")}
    assert len(said) == len(groups.BY) + 1
    assert all("25" in one and "group." not in one for one in said)
