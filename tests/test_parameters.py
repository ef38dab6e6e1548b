"""Parameters: declared completely, tied to evidence, each dial turned to its ends, each one of consequence."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

from letsdance import scenarios
from letsdance.params import (
    CONTEXTS,
    EVIDENCE,
    GROUPS,
    PARAMETERS,
    PROFILES,
    ROLES,
    SOURCES,
    Refused,
    check_value,
    defaults,
    record_dtype,
)
from letsdance.scenarios import LEVERS, SHOCKS, STARTS, Scenario
from letsdance.scenarios.mechanism import LEVELS, QUADRANTS
from letsdance.simulation import schedule
from letsdance.simulation.indicators import SOCIETY
from letsdance.simulation.municipalities import synthetic
from letsdance.simulation.society import Society

NAMES = list(PARAMETERS)
SWITCHES = [name for name, p in PARAMETERS.items() if p.unit == "switch"]


def references(text: str) -> list[str]:
    """The lines of the evidence that a reference names; S40-S47 is a range, S131-133 too."""
    found = []
    for token in text.split():
        if ends := re.fullmatch(r"([ST])(\d+)-\1?(\d+)", token):
            found += [f"{ends[1]}{n}" for n in range(int(ends[2]), int(ends[3]) + 1)]
        else:
            found.append(token)
    return found


# ---------------------------------------------------------------- declarations

@pytest.mark.parametrize("name", NAMES)
def test_a_parameter_is_declared_completely(name):
    p = PARAMETERS[name]
    low, high = p.range
    assert p.name == name
    assert name.isidentifier()
    assert low < high
    assert low <= p.default <= high
    assert p.role in ROLES
    assert p.source in SOURCES
    assert p.group in GROUPS
    assert p.unit.strip()
    assert p.title == p.title.strip() != ""
    assert p.says.endswith(".")
    assert len(p.says.split()) >= 4
    assert all(one in EVIDENCE or one == "design" for one in references(p.reference)), p.reference
    assert references(p.reference)
    # what no text gives says so, and what claims a text names it
    assert (p.source == "assumed") == ("design" in p.reference.split()) or p.source == "assumed", p.reference
    if p.whole:
        assert all(value == int(value) for value in (low, high, p.default))
    for band, (start, end) in p.bands.items():
        assert low <= start < end <= high, band
    if p.bands:  # they cover the range without gaps, and the default has a name
        edges = list(p.bands.values())
        assert (edges[0][0], edges[-1][1]) == (low, high)
        assert all(a[1] == b[0] for a, b in pairwise(edges))
        assert p.band(p.default)
    if p.unit == "switch":
        assert (p.range, p.default, p.whole) == ((0, 1), 1, True)


def test_titles_are_unique():
    titles = [p.title for p in PARAMETERS.values()]
    assert len(titles) == len(set(titles))
    assert record_dtype().names == tuple(NAMES)


@pytest.mark.parametrize(("kind", "name"), [(k, n) for k, t in (("context", CONTEXTS), ("profile", PROFILES)) for n in t])
def test_named_values_are_legal(kind, name):
    entry = {"context": CONTEXTS, "profile": PROFILES}[kind][name]
    assert {"title", "reference", "says", "values"} == set(entry) - ({"kind"} if kind == "context" else set())
    assert entry.get("kind", "preset") in ("tradition", "sector", "government", "preset")
    for parameter, value in entry["values"].items():
        assert check_value(parameter, value) == value
    assert all(one in EVIDENCE or one == "design" for one in references(entry["reference"]))


EFFECTS = {"parameter", "add", "multiply", "from", "until", "each_quarter", "threshold", "times", "profile"}


@pytest.mark.parametrize(("kind", "name"), [(k, n) for k, t in (("lever", LEVERS), ("shock", SHOCKS)) for n in t])
def test_a_lever_or_shock_is_declared_completely_and_acts(kind, name):
    entry = (LEVERS if kind == "lever" else SHOCKS)[name]
    special = {"quadrant", "level", "cost", "expects"} if kind == "lever" else {"kind", "duration"}
    assert set(entry) == {"title", "says", "reference", "effects"} | special
    assert all(one in EVIDENCE for one in references(entry["reference"]))
    if kind == "lever":
        assert entry["quadrant"] in QUADRANTS
        assert entry["level"] in LEVELS  # S94
        for one in entry["expects"]:  # said in `show levers`
            assert one["start"] in STARTS, one
            assert one["indicator"] in SOCIETY, one
            assert one["goes"] in ("up", "down", "same", "not up", "any"), one
            assert set(one.get("less_than", "LEAD").split()) <= set(LEVERS), one
            assert all(mark in EVIDENCE for mark in references(one["source"])), one
    for effect in entry["effects"]:
        assert effect["parameter"] in PARAMETERS
        assert set(effect) <= EFFECTS
        assert ("add" in effect) != ("multiply" in effect)
        assert effect.get("times", "link") in PARAMETERS
        assert effect.get("profile", "telework") in PROFILES
    # it moves each parameter it names while it lasts, by what it says, and nothing else but the points
    profile = next((e["profile"] for e in entry["effects"] if "profile" in e), "co_creation")
    bare = Scenario("x", "x", quarters=20, profile=profile)
    moved, still = schedule.build(bare.changed(**{f"{kind}s": [f"{name}@6+8"]})), schedule.build(bare)
    changed = {n for n in record_dtype().names if (moved[n] != still[n]).any()}
    named = {e["parameter"] for e in entry["effects"]}
    assert changed - {"points"} == named
    assert ("points" in changed) == (kind == "lever" and entry["cost"] != 0)
    for quarters in (slice(0, 6), slice(14, None)):
        assert (moved[quarters] == still[quarters]).all()


def test_a_levers_effect_saturates_with_its_strength_and_a_shocks_is_in_proportion():
    for strength in (0.0, 0.5, 1.0, 1.5):
        table = schedule.build(Scenario("x", "x", quarters=20).changed(levers=[f"FAL@2*{strength}"]))
        felt = (1 - math.exp(-strength)) / (1 - math.exp(-1))  # it saturates, its price does not
        assert table["phi_shift"][2] == pytest.approx(0.25 * felt)
        assert table["chi"][2] == pytest.approx(1.5 * (1 - 0.3 * felt))
        assert table["points"][2] == pytest.approx(2 * strength)
        straight = Scenario("x", "x", quarters=20).changed(levers=[f"FAL@2*{strength}"], parameters={"saturation": 0})
        assert schedule.build(straight)["phi_shift"][2] == pytest.approx(0.25 * strength)
        shock = schedule.build(Scenario("x", "x", quarters=20).changed(shocks=[f"austerity@2*{strength}"]))
        assert shock["B"][2] == pytest.approx(0.1 * strength)  # what happens to a society does not saturate
    table = schedule.build(Scenario("x", "x", quarters=20).changed(levers=["REWARD@1*0.2"]))
    assert table["rec"][1] == 0.0  # below the threshold it does nothing, but it costs
    assert table["points"][1] == pytest.approx(1.6)
    table = schedule.build(Scenario("x", "x", quarters=20).changed(shocks=["ageing@3"]))
    np.testing.assert_allclose(table["U"][2:6], [0.5, 0.505, 0.51, 0.515])
    table = schedule.build(Scenario("x", "x", quarters=20).changed(levers=["DECOM@3+10"]))
    np.testing.assert_allclose(table["y_lever"][3:8], [-0.06] * 4 + [0])
    np.testing.assert_allclose(table["B"][6:14], [0] + [-0.04] * 6 + [0])  # -.1 times phi


def test_levers_add_up_before_they_multiply():
    table = schedule.build(
        Scenario("x", "x", quarters=20).changed(levers=["FAL@1", "EFF@1", "OPEN@1"], parameters={"chi": 2})
    )
    assert table["chi"][1] == pytest.approx(2 * 0.7 * 1.3 * 1.1)
    table = schedule.build(Scenario("x", "x", quarters=20).changed(levers=["FRCS@1", "OPEN@1"]))
    assert table["x0"][1] == pytest.approx((0.1 + 0.1) * 1.5)
    table = schedule.build(Scenario("x", "x", quarters=20).changed(levers=["FUND@1"], shocks=["austerity@1"]))
    assert table["fund_shift"][1] == pytest.approx(0.2)
    table = schedule.build(Scenario("x", "x", quarters=20).changed(levers=["MANDATE@1*1.5"]))
    assert table["mandate"][1] == 1.0  # no further than its range


# ---------------------------------------------------------------- refusals

@pytest.mark.parametrize("name", NAMES)
def test_a_value_out_of_range_or_of_the_wrong_kind_is_refused_with_the_range(name):
    p = PARAMETERS[name]
    low, high = p.range
    for bad in (low - 1, high + 1, float("nan"), float("inf"), "much", None, [low]):
        with pytest.raises(Refused, match=rf"^{name} \({re.escape(p.title)}\) must .* {re.escape(f'{low:g} to {high:g}')}"):
            check_value(name, bad)
    for good in (low, high, p.default):
        assert check_value(name, good) == good
    if p.whole and p.unit != "switch":
        with pytest.raises(Refused, match=f"whole number of {p.unit}"):
            check_value(name, p.default + 0.5)
    if p.unit != "switch":
        with pytest.raises(Refused):
            check_value(name, True)


def test_an_unknown_parameter_is_answered_with_the_nearest_by_name_or_title():
    with pytest.raises(Refused, match=r"no parameter 'launch_mn'\. Did you mean launch_min\?"):
        check_value("launch_mn", 1)
    with pytest.raises(Refused, match=r"Did you mean interdependence\?|Did you mean k\?"):
        check_value("interdependenc", 1)
    with pytest.raises(Refused, match=r"letsdance show parameters"):
        check_value("zzzzzzz", 1)
    assert defaults(k=1.5).k == 1.5


# ---------------------------------------------------------------- every dial

#: A busy society at the crossroads, in which every parameter has something to act on.
BUSY = {
    "C0": 0.6,
    "G0": 0.55,
    "B": 0.1,
    "mandate": 0.3,
    "growth": 0.2,
    "long_ties": 1,
    "lab_share": 0.4,
    "cm": 0.3,
    "audit": 0.2,
    "fund_large": 0.2,
    "blame_large": 0.5,
    "swing": 0.05,
    "K_exchange": 0.02,
    "measure": 0.2,
    "end_rate": 0.1,
    "link": 0.5,
    "aware0": 0.08,
    "conf": 0.8,
    "contacts_c": 14,
    "v0": 0.0,
    "K_lo": 0.3,
    "c_d": 0.5,
    "mix_c": 0.6,
    "election_every": 7,
    "f": 1.0,
    "points": 2,
    "end_up": 0.5,
    "p0": 0.1,
    "municipalities": 60,
    "citizens": 30,
    "L_hit": 0.99,
    "T_hit": 0.99,
    "A_hit": 0.99,
    "leave": 0.2,
    "v_failure": 0.4,
    "chi": 2.0,
    "rec": -0.03,
}


def society(changes: dict[str, float], quarters: int, seed: int = 3) -> Society:
    values = BUSY | changes
    story = Scenario("busy", "busy", C=values["C0"], G=values["G0"], quarters=quarters, profile="co_creation").changed(
        levers=["FAL@2+4*0.5"], parameters={n: v for n, v in values.items() if n not in ("C0", "G0")})
    return Society(synthetic(int(values["municipalities"]), int(values["citizens"])), schedule.build(story), seed)


@pytest.fixture(scope="module")
def usual():
    return list(trace(society({}, 40), 40))


def trace(one: Society, quarters: int) -> Iterator[bytes]:
    """All that a user can see in every quarter: every indicator, and every column of every municipality."""
    yield one.row.tobytes() + one.state.governments.tobytes()
    for _ in range(quarters):
        one.step()
        yield one.row.tobytes() + one.state.governments.tobytes()


#: How large a society a test can afford; the ends of these two are a matter of memory.
AFFORDABLE = {"municipalities": 90, "citizens": 400}


@pytest.mark.parametrize("name", NAMES)
def test_every_dial_can_be_turned_to_its_ends(name, obey):
    low, high = PARAMETERS[name].range
    for value in (low, min(high, AFFORDABLE.get(name, high))):
        obey(society({"municipalities": 8, name: value}, 8), 8)


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_moves_some_output(name, usual):
    low, high = PARAMETERS[name].range
    now = BUSY.get(name, PARAMETERS[name].default)
    for end in (low, min(high, AFFORDABLE.get(name, high))):
        if end == now:
            continue
        value = now + 0.8 * (end - now) if not PARAMETERS[name].whole else end
        moved = (a != b for a, b in zip(trace(society({name: value}, 40), 40), usual, strict=True))
        assert any(moved), f"{name} {now} -> {value}"  # no further than the first quarter that differs


def test_the_same_society_leaves_the_same_trace(usual):
    """The oracle of the test above: nothing but a parameter makes a difference."""
    assert list(trace(society({}, 40), 40)) == usual


# ---------------------------------------------------------------- mechanisms

def run(changes: dict[str, float], quarters: int = 30) -> np.ndarray:
    one = society(changes, quarters)
    rows = [one.row.copy()]
    for _ in range(quarters):
        one.step()
        rows.append(one.row.copy())
    return np.concatenate(rows)


#: What a mechanism names: indicators that stay at what they are at the start (most of them at nought) without it.
STILL = {
    "on_calls_c": ("citizen_calls", "launched_solo", "launched_joint", "unanswered_calls", "services_solo"),
    "on_calls_g": ("government_calls", "launched_called", "dead_calls"),
    "on_support": ("launched_joint",),
    "on_projects_end": ("services", "services_new", "services_ended"),
    "on_services_end": ("services_ended",),
    "on_social_capital": ("S",), "on_trust": ("T",), "on_reputation": ("R",), "on_risk_culture": ("L",),
    "on_capacity": ("K",), "on_top_support": ("A",), "on_willingness_c": ("C",), "on_willingness_g": ("G",),
    "on_adoption": ("unaware", "on", "depth", "push", "pull", "y_adopted", "adoptions", "pilots_started"),
    "on_pilots": ("piloting", "pilots_started"), "on_giving_up": ("discontinuations",),
    "on_feedback": ("y_adopted",), "on_uptake": ("uses",),
}
#: A mechanism that others can do without: the same numbers as with these parameters.
SAME_AS = {
    "on_elections": {"election_sd": 0}, "on_imitation": {"vM": 0}, "on_obligation": {"mandate": 0},
    "on_feedback": {"link_y": 0}, "on_calls_c": {"f_c": 0}, "on_calls_g": {"f_g": 0}, "on_pilots": {"pilot_rate": 0},
    "on_uptake": {"p0": 0, "q0": 0},
    "on_social_capital": {"mu": 0, "dS": 0}, "on_reputation": {"eR": 0, "R_drift": 0}, "on_giving_up": {"end_rate": 0},
    "on_trust": {"T_rate": 0, "T_hit": 1},
}


def test_every_mechanism_is_here():
    assert set(STILL) | set(SAME_AS) == set(SWITCHES)


@pytest.mark.parametrize("switch", STILL)
def test_a_mechanism_switched_off_leaves_what_it_names_still(switch):
    on, off = run({}), run({switch: 0})
    for name in STILL[switch]:
        still = np.nan_to_num(off[name])
        assert (still == still[0]).all(), name
        assert (np.nan_to_num(on[name]) != np.nan_to_num(on[name])[0]).any(), f"{name} does not move in any case"
    others = [n for n in on.dtype.names if n not in STILL[switch] and n not in ("spend", "traditional_output")]
    assert sum(np.nan_to_num(np.ptp(off[n])) > 0 for n in others) > 25  # and society goes on


@pytest.mark.parametrize("switch", SAME_AS)
def test_a_mechanism_switched_off_is_the_same_as_its_sizes_at_nought(switch):
    one, other = run({switch: 0}), run(SAME_AS[switch])
    for name in one.dtype.names:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)
    assert one.tobytes() != run({}).tobytes()


def test_the_starts_are_four_corners():
    assert [(s.C, s.G) for s in map(scenarios.load, scenarios.STARTS)] == [
        (0.75, 0.75),
        (0.75, 0.25),
        (0.25, 0.75),
        (0.25, 0.25),
    ]
