"""Laws over random societies, and minimally different worlds: what is changed changes, and nothing else does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from letsdance.params import CONTEXTS, PARAMETERS, PROFILES
from letsdance.scenarios import LEVERS, SHOCKS, STARTS, Scenario, Use, load
from letsdance.simulation import schedule
from letsdance.simulation.municipalities import Municipalities, synthetic
from letsdance.simulation.run import CATEGORIES, simulate
from letsdance.simulation.society import Society
from letsdance.simulation.state import CITIZEN_START, GOVERNMENT_START, given_nothing

QUARTERS = 14
FREE = [name for name in PARAMETERS if name not in ("C0", "G0", "municipalities", "citizens")]


@st.composite
def societies(draw):
    """Any society: sizes, parameters within their ranges, starts of municipalities, levers, shocks, contexts, profile."""
    values = {}
    for name in draw(st.lists(st.sampled_from(FREE), unique=True, max_size=25)):
        low, high = PARAMETERS[name].range
        values[name] = draw(
            st.integers(int(low), int(high)) if PARAMETERS[name].whole else st.floats(float(low), float(high))
        )

    def uses(known):
        return tuple(
            Use(n, draw(st.integers(1, QUARTERS)), draw(st.none() | st.integers(1, QUARTERS)), draw(st.floats(0, 1.5)))
            for n in draw(st.lists(st.sampled_from(sorted(known)), unique=True, max_size=5))
        )

    story = Scenario("x", "x", "", draw(st.floats(0, 1)), draw(st.floats(0, 1)), QUARTERS,
                     draw(st.sampled_from(sorted(PROFILES))),
                     tuple(draw(st.lists(st.sampled_from(sorted(CONTEXTS)), unique=True, max_size=2))),
                     values, uses(LEVERS), uses(SHOCKS))
    sizes = draw(st.lists(st.integers(1, 60), min_size=1, max_size=9))
    given = given_nothing(len(sizes))
    for name in draw(st.lists(st.sampled_from([*CITIZEN_START, *GOVERNMENT_START]), unique=True, max_size=4)):
        given[name][draw(st.integers(0, len(sizes) - 1))] = draw(st.floats(0, 1))
    places = Municipalities(tuple(f"M{m}" for m in range(len(sizes))), np.array(sizes), given)
    return Society(places, schedule.build(story), draw(st.integers(0, 2**63 - 1)))


@given(societies())
@settings(max_examples=120, suppress_health_check=list(HealthCheck))
def test_every_society_obeys_the_laws(obey, society):
    obey(society, QUARTERS)


@pytest.mark.parametrize("start", STARTS)
def test_the_starts_obey_the_laws(obey, start):
    story = load(start).changed(levers=["LAB@3", "POWER@5", "MANDATE@9*0.5"], shocks=["scandal@7", "crisis@11"],
                                parameters={"growth": 0.2, "f": 1.2})
    obey(Society(synthetic(20, 25), schedule.build(story), 5), 40)


def test_the_laws_can_be_broken(obey):
    """The oracle of the tests above: each of these small lies is noticed."""
    def lie(state):
        return {"load": lambda: state.load.__setitem__(0, (state.load[0] + 1) % 3),
                "trust": lambda: state.trust.__setitem__(3, np.float32(1.5)),
                "uses": lambda: state.uses.__setitem__((slice(None), 0), 1 - state.uses[0, 0]),
                "members": lambda: state.members.__setitem__((0, 1), state.members[0, 0]),
                "calls": lambda: state.governments["citizen_calls"].__iadd__(1)}

    for name in lie(Society(synthetic(4, 25), schedule.build(load("lets_dance")), 5).state):
        society = obey(Society(synthetic(4, 25), schedule.build(load("lets_dance")), 5), 10)
        lie(society.state)[name]()
        with pytest.raises(AssertionError):
            obey(society, 0)


@pytest.mark.parametrize("start", STARTS)
def test_tables_add_up(start):
    result = simulate(start, runs=3, quarters=30, levers=["PILOT@4"])
    society = result.society.set_index(["run", "quarter"])
    M = len(result.places)
    for view in ("ex_ante", "ex_post"):
        frame = result.adopters[result.adopters["view"] == view]
        assert (frame.groupby(["run", "quarter"])["governments"].sum() == M).all()

        def total(column, frame=frame):
            return (frame[column] * frame["governments"]).groupby([frame["run"], frame["quarter"]]).sum() / M

        for column, indicator in (
            ("adopted", "on"),
            ("upscaled", "upscaled"),
            ("piloting", "piloting"),
            ("aware", "consciousness"),
            ("discontinued", "discontinued"),
            ("ever_adopted", "ever_adopted"),
        ):
            np.testing.assert_allclose(total(column), society[indicator], rtol=0, atol=1e-12, err_msg=column)
    sizes = np.bincount(result.category[0], minlength=5)
    assert sizes.tolist() == [1, 5, 14, 14, 6]  # Rogers' shares of 40, to whole governments
    assert list(CATEGORIES) == list(result.adopters["category"].cat.categories)
    places = result.municipalities
    again = places.groupby(["run", "quarter"], observed=True)
    np.testing.assert_allclose(again["willingness"].mean(), society["G"], atol=1e-12)
    np.testing.assert_allclose(again["citizen_calls"].mean(), society["citizen_calls"], atol=1e-12)
    lives = result.initiatives
    launches = society[["launched_solo", "launched_joint", "launched_called"]].sum().sum() * M
    assert len(lives) == round(launches)
    open_ones = lives[lives["ended"].isna()].groupby("run").size()
    last = society.xs(30, level="quarter")
    assert (open_ones == ((last["projects"] + last["services"]) * M).round()).all()
    assert (lives["ended"].dropna() > lives["launched"][lives["ended"].notna()]).all()


# ---------------------------------------------------------------- minimally different worlds

def same(one, other):
    """Where rows are the same to the last bit (NaN is NaN), run by run and quarter by quarter."""
    return np.array([[a.tobytes() == b.tobytes() for a, b in zip(x, y, strict=True)]
                     for x, y in zip(one.rows, other.rows, strict=True)])


@pytest.mark.parametrize("use", [*LEVERS, *SHOCKS])
def test_what_starts_later_leaves_the_time_before_alone(use):
    kind = "levers" if use in LEVERS else "shocks"
    profile = "telework" if use == "digital_tools" else None
    bare = simulate("lone_ranger", runs=2, quarters=12, profile=profile)
    moved = simulate("lone_ranger", runs=2, quarters=12, profile=profile, **{kind: [f"{use}@8"]})
    equal = same(bare, moved)
    assert equal[:, :8].all()
    assert not equal[:, 8:].any()  # and what acts is seen at once, if only in what is spent
    asleep = simulate("lone_ranger", runs=2, quarters=12, profile=profile, **{kind: [f"{use}@8*0"]})
    assert same(bare, asleep).all()  # at a strength of nought it is not there


#: A change that has nothing to act on, and the world in which it has nothing.
IDLE = {
    "lab_service": ({}, {"lab_service": 0.9}),
    "reflect": ({}, {"reflect": 0.2}),
    "vZ": ({}, {"vZ": 2.0}),
    "aware_law": ({}, {"aware_law": 1.0}),
    "cost": ({}, {"cost": 2.0}),
    "up_cm": ({}, {"up_cm": 1.0}),
    "fund_large": ({"members_max": 5}, {"fund_large": 1.0}),
    "blame_large": ({"members_max": 5}, {"blame_large": 0.0}),
    "leave": ({"on_giving_up": 0, "on_pilots": 0}, {"leave": 0.5}),
    "pilot_quarters": ({"on_pilots": 0}, {"pilot_quarters": 2}),
    "near": ({"k_c": 0}, {"near": 0.1}),
    "election_every": ({"on_elections": 0}, {"election_every": 3}),
    "no use": ({"on_adoption": 0}, {"p0": 0.9, "q0": 2.0, "avail_pilot": 1.0}),
    "s_star": ({"thQ": 0}, {"s_star": 12}),
    "wR": ({"k": 0}, {"wR": 2.0, "wD": 0.5, "wT": 1.0}),
    "rewire_c": ({"k_c": 0}, {"rewire_c": 0.9}),
    "more threads of peers": ({"municipalities": 1}, {"k_g": 20, "long_ties": 2}),
}


@pytest.mark.parametrize("name", IDLE)
def test_what_acts_on_nothing_changes_nothing(name):
    base, change = IDLE[name]
    one = simulate("lets_dance", runs=2, quarters=30, parameters=base)
    assert same(one, simulate("lets_dance", runs=2, quarters=30, parameters=base | change)).all()


def test_without_adoption_co_creation_is_what_it_is_without_a_link():
    """Adoption and use of an innovation that is not co-creation itself do not touch co-creation, not even its luck."""
    bare = simulate("lone_ranger", runs=2, quarters=40, profile="telework", parameters={"on_adoption": 0})
    full = simulate("lone_ranger", runs=2, quarters=40, profile="telework", parameters={"K_retry": 0})
    for name in (
        "C",
        "G",
        "S",
        "T",
        "R",
        "L",
        "K",
        "A",
        "services",
        "citizen_calls",
        "participation",
        "legitimacy_measured",
    ):
        np.testing.assert_array_equal(bare.rows[name], full.rows[name], err_msg=name)
    assert (full.rows["on"][:, -1] > bare.rows["on"][:, -1]).all()


def start(places=None, quarters=1, scenario="lone_ranger", seed=9, **parameters):
    story = load(scenario).changed(parameters=parameters)
    society = Society(places or synthetic(12, 25), schedule.build(story), seed)
    for _ in range(quarters):
        society.step()
    return society


def given_one(name, value, m=4):
    given = given_nothing(12)
    given[name][m] = value
    return Municipalities(tuple(f"M{i}" for i in range(12)), np.full(12, 25), given)


@pytest.mark.parametrize("name", [*CITIZEN_START, *GOVERNMENT_START])
def test_one_municipality_that_starts_otherwise_touches_others_through_peers_only(name):
    one, other = start(), start(given_one(name, 0.97))
    a, b = one.state.governments, other.state.governments
    assert a[4].tobytes() != b[4].tobytes()
    peers = one.state.peers[one.state.peer_ties[4]:one.state.peer_ties[5]].tolist()
    rest = [m for m in range(12) if m != 4]
    if name == "innovativeness":  # categories are ranks of it: they may shift, and with them nothing else
        for column in set(a.dtype.names) - {"category"}:
            assert (a[column][rest] == b[column][rest]).all(), column
        return
    strangers = [m for m in rest if m not in peers]
    assert strangers
    assert peers
    assert all(a[m].tobytes() == b[m].tobytes() for m in strangers)
    through = {"peers_willingness", "willingness", "value", "citizens_trust"} if name == "government_willingness" else set()
    changed = {c for c in a.dtype.names if (a[c][rest] != b[c][rest]).any()}
    assert changed <= through, changed
    assert (name == "government_willingness") == ("peers_willingness" in changed)
    citizens = np.repeat(np.arange(12), 25) != 4
    for column in ("trust", "resources", "disposition", "load"):
        assert (getattr(one.state, column) == getattr(other.state, column))[citizens].all(), column


def test_one_more_municipality_at_the_end_leaves_the_citizens_of_the_first_alone():
    one, other = start(synthetic(12, 25), 0), start(synthetic(13, 25), 0)
    N = 12 * 25
    for column in ("trust", "resources", "disposition", "load"):
        assert (getattr(one.state, column) == getattr(other.state, column)[:N]).all(), column
    assert (one.state.willingness[0] == other.state.willingness[0, :N]).all()
    assert (one.state.ties == other.state.ties[:N + 1]).all()
    E = one.state.ties[-1]
    assert (one.state.neighbours[:E] == other.state.neighbours[:E]).all()
    for column in ("willingness", "social_capital", "risk_culture", "capacity", "top_support", "need"):
        assert (one.state.governments[column] == other.state.governments[column][:12]).all(), column


def test_a_larger_municipality_leaves_the_luck_of_its_first_citizens_alone():
    one, other = start(synthetic(3, 25), 0), start(synthetic(3, 40), 0)
    for column in ("trust", "resources", "disposition"):
        assert (getattr(one.state, column)[:25] == getattr(other.state, column)[:25]).all()


def begun(society):
    """The initiatives under way, by municipality and address: kind and members."""
    s, g = society.state, society.state.governments
    return {(m, int(s.initiatives[slot]["id"])): (int(s.initiatives[slot]["kind"]),
                                                  s.members[slot, :s.initiatives[slot]["members"]].tolist())
            for m in range(len(g)) for slot in range(g["first_slot"][m], g["first_slot"][m] + g["initiatives"][m])}


@pytest.mark.parametrize("side", ["c", "g"])
def test_a_higher_call_rate_only_adds_calls(side):
    other_side = {"c": "on_calls_g", "g": "on_calls_c"}[side]
    column = {"c": "citizen_calls", "g": "government_calls"}[side]
    few, many = (start(scenario="lets_dance", **{f"f_{side}": rate, other_side: 0}) for rate in (1.0, 2.5))
    a, b = few.state.governments[column], many.state.governments[column]
    assert (b >= a).all()
    assert (b > a).any()
    before, after = begun(few), begun(many)
    assert before.items() <= after.items()  # those that were begun are begun, by the same people
    assert len(after) > len(before) > 0


def test_more_support_turns_solo_into_joint_and_nothing_else():
    """In the first quarter, whether the government supports a call does not touch who calls and who joins."""
    silent, walled = (begun(start(synthetic(150, 25), scenario="lets_dance", silo_shift=silo)) for silo in (-0.1, 0.7))
    assert silent.keys() == walled.keys()
    assert all(silent[key][1] == walled[key][1] for key in silent)
    kinds = [(silent[key][0], walled[key][0]) for key in silent]
    assert (1, 0) in kinds
    assert (0, 1) not in kinds


def test_an_easier_way_in_never_keeps_a_willing_contact_out():
    low, high = begun(start(rec=0.0, f=0.2)), begun(start(rec=0.2, f=0.2))
    assert low.keys() <= high.keys()
    first = {key: members for key, (_, members) in low.items() if key[1] & (2**24 - 1) == 0}
    assert all(set(members[:1]) == set(high[key][1][:1]) for key, members in first.items())
    assert sum(len(m) for _, m in high.values()) > sum(len(m) for _, m in low.values())


def test_policies_meet_the_same_citizens():
    one = start(quarters=0)
    for changes in ({"k": 1.5}, {"f": 2.0, "th0": 1.0}, {"wN": 0.1, "beta": 3, "on_uptake": 0}):
        other = start(quarters=0, **changes)
        for column in ("willingness", "trust", "resources", "disposition", "neighbours", "peers"):
            a, b = (getattr(x.state, column) for x in (one, other))
            assert (a[0] == b[0]).all() if a.ndim == 2 else (a == b).all(), column
