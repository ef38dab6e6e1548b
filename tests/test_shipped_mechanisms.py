"""The mechanisms that come with the model: off they change nothing, on they point where the evidence says.

All of them are loaded together and one is switched on, so that they are compiled once.
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pytest
from pseudo import NAMES, seen

from letsdance import scenarios
from letsdance.commands.showing import contents, title
from letsdance.dashboards import parts, told
from letsdance.dashboards.pages import lab
from letsdance.experiments import paired
from letsdance.params import EVIDENCE, PARAMETERS, Refused, marks
from letsdance.report import page
from letsdance.report.figures import FIGURES
from letsdance.report.sheet import Figure
from letsdance.scenarios import mechanism
from letsdance.simulation.mechanism import CONTRACT
from letsdance.simulation.run import simulate
from letsdance.words import Text, declared, missing

ALL = tuple(mechanism.shipped())
RUNS, QUARTERS = 20, 40


@cache
def lived(on: str = "", start: str = "lets_dance", levers: tuple[str, ...] = (), shocks: tuple[str, ...] = (),
          profile: str | None = None, parameters: tuple[tuple[str, float], ...] = ()):
    off = {f"on_{name}": float(name == on) for name in ALL}
    return simulate(start, runs=RUNS, quarters=QUARTERS, seed=400, mechanisms=list(ALL), levers=list(levers),
                    shocks=list(shocks), profile=profile, parameters={**off, **dict(parameters)})


def world(on="", start="lets_dance", levers="", shocks="", profile=None, **parameters):
    levers, shocks = (tuple(re.split(r" (?!in |the |regions)", uses)) if uses else () for uses in (levers, shocks))
    return {"on": on, "start": start, "levers": levers, "shocks": shocks, "profile": profile,
            "parameters": tuple(sorted(parameters.items()))}


def of(what, result, since, until):
    """A number a run: an indicator, or a share of one by another, over quarters; `late`: ever adopted by the late half."""
    rows = result.rows[:, since:until]
    if what in ("late", "early"):
        mine = (result.category >= 3) if what == "late" else (result.category <= 1)
        ever = (np.maximum.accumulate(np.isin(result.stage, (3, 4)), axis=1))[:, since:until].mean(axis=1)
        return (ever * mine).sum(axis=1) / mine.sum(axis=1)
    if "/" in what:
        part, whole = what.split("/")
        return rows[part].sum(axis=1) / rows[whole].sum(axis=1)
    return np.nanmean(rows[what], axis=1)


def interval(what, worlds, since=20, until=QUARTERS + 1):
    """The interval of the paired mean of a - b, or of (a - b) - (c - d)."""
    values = [of(what, lived(**one), since, until) for one in worlds]
    return paired.interval(values[0] - values[1] if len(values) == 2 else values[0] - values[1] - (values[2] - values[3]))


def on_off(on, what, goes, **both):
    return on, what, goes, [world(on, **both), world(**both)], {}


def pulled(on, what, goes, levers="", shocks="", **both):
    """With a lever or shock against without, the mechanism on in both."""
    return on, what, goes, [world(on, levers=levers, shocks=shocks, **both), world(on, **both)], {}


def more(on, what, goes, first, second, **window):
    """A difference of differences: (first with - without) - (second with - without); each is (with, without)."""
    return on, what, goes, [*first, *second], window


def twice(on, what, goes, change, a, b, **window):
    """What a change (levers, shocks) does in a, against what it does in b; a and b are differences of the world."""
    both = ([world(on, **change, **one), world(on, **one)] for one in (a, b))
    return more(on, what, goes, *both, **window)


EXPECTED = [
    twice("turnover", "K", "up", {"shocks": "exodus@30"}, {"phi": 0.8}, {"phi": 0.2}, since=33, until=40),
    twice("turnover", "K", "up", {"shocks": "ombudsman@4"}, {"phi": 0.6, "leavers": 0.15}, {"phi": 0.6, "on_turnover": 0.0},
          since=5, until=12),
    more("supervisors", "L", "up", [world("supervisors", "lone_ranger", "LEAD@8"), world("supervisors", "lone_ranger")],
         [world("", "lone_ranger", "LEAD@8"), world("", "lone_ranger")]),
    more("blame_game", "L", "down", [world("blame_game", shocks="austerity@12+24"), world("blame_game")],
         [world("", shocks="austerity@12+24"), world("")]),
    pulled("benchmarking", "late", "up", "BENCH@1", start="dead_horse"),
    pulled("benchmarking", "depth", "down", "BENCH@1", start="dead_horse"),
    pulled("courage", "ever_adopted", "up", "COURAGE@1", start="lone_ranger"),
    more("professionals", "G", "up",
         [world("professionals", levers="POWER@20 FRCS@4"), world("professionals", levers="FRCS@4")],
         [world("professionals", levers="POWER@20"), world("professionals")], since=22, until=34),
    pulled("professionals", "G", "down", "POWER@20", start="dead_horse"),
    on_off("professionals", "G", "same", own_called=0.8),
    more("latent", "G", "up", [world("latent", "wasteland", "BROK@8 LEAD@8"), world("latent", "wasteland")],
         [world("", "wasteland", "BROK@8 LEAD@8"), world("", "wasteland")]),
    pulled("copying", "success_supported", "down", shocks="uniform@1"),
    pulled("copying", "depth", "down", shocks="uniform@1"),
    on_off("copying", "success_supported", "down"),
    on_off("homophily", "late", "down", start="dead_horse", profile="e_procurement"),
    on_off("need_fit", "success_supported", "up", levers="FRCS@4"),
    pulled("perceived_risk", "misjudged", "down", "RISK@1"),
    pulled("funders", "services", "up", "PATIENT@1"),
    pulled("funders", "services_ended/services", "down", "PATIENT@1"),
    pulled("isomorphism", "unlike_peers", "down", shocks="big_funder@1", start="dead_horse"),
    on_off("size", "success_supported", "up", municipalities=12, citizens=100),
    on_off("size", "ever_adopted", "down", municipalities=12, citizens=100, start="dead_horse"),
    pulled("champions", "ever_adopted", "up", "CHAMP@1", start="lone_ranger"),
    pulled("champions", "A", "up", "CHAMP@1", start="lone_ranger"),
    more("secrecy", "T", "down", [world("secrecy", "lone_ranger", "LEAD@8 FAL@8 FRCS@8", "closed_doors@1"),
                                  world("secrecy", "lone_ranger", shocks="closed_doors@1")],
         [world("secrecy", "lone_ranger", "LEAD@8 FAL@8 FRCS@8"), world("secrecy", "lone_ranger")]),
    on_off("tokenism", "T", "down", start="lone_ranger"),
    on_off("contracts", "feedback_outside", "down"),
    pulled("contracts", "feedback_outside", "up", "COMM@1"),
    pulled("seed_money", "launched_solo", "up", "SEED@1", start="lone_ranger"),
    pulled("seed_money", "services", "up", "SEED@1", start="lone_ranger"),
    on_off("competition", "late", "down", start="dead_horse"),
    pulled("competition", "late", "up", "SHARING@1", start="dead_horse"),
    pulled("good_failures", "L", "up", "FAILWELL@1"),
    twice("good_failures", "L", "up", {"levers": "FAILWELL@1"}, {"phi": 0.7, "start": "dead_horse"},
          {"phi": 0.1, "start": "dead_horse"}),
    on_off("unpredictable_cuts", "K", "down"),
    pulled("unpredictable_cuts", "K", "down", shocks="jumping_budgets@1"),
    twice("kinds_of_cuts", "y_spared", "up", {"shocks": "reviewed_cuts@4"}, {"phi": 0.8}, {"phi": 0.2}, since=8, until=20),
    more("kinds_of_cuts", "K", "down", [world("kinds_of_cuts", shocks="freeze@4"), world("kinds_of_cuts")],
         [world("kinds_of_cuts", shocks="automatic_cuts@4"), world("kinds_of_cuts")], since=8, until=28),
    pulled("replacing", "old_services_run", "down", "REPLACE@1"),
    twice("replacing", "old_services_run", "down", {"levers": "REPLACE@1"}, {}, {"start": "wasteland"}),
    on_off("multilevel", "ever_adopted", "down", start="dead_horse"),
    pulled("multilevel", "ever_adopted", "up", "STEER@1", start="dead_horse"),
    on_off("regions", "ever_adopted", "down", start="lone_ranger"),
    pulled("regions", "ever_adopted", "up", "PACT@1", start="lone_ranger"),
    *(("regions", what, goes, [world("regions", "lone_ranger", f"LEAD@1{more}", shocks, needs_region=1),
                               world("regions", "lone_ranger", "LEAD@1", needs_region=1)], {})
      for more, shocks, directions in (("", "austerity@1+40 in the regions", ("up", "down")),
                                       (" LEAD@1 in the regions", "", ("down", "up")))
      for what, goes in zip(("waiting_for_region", "ever_adopted"), directions, strict=True)),
    pulled("regions", "regions_willing", "up", "LEAD@1", start="lone_ranger"),
    on_off("regions", "feedback_outside", "down", start="lone_ranger"),
    on_off("middle", "feedback_outside", "down"),
    more("middle", "feedback_outside", "up", [world("middle", levers="BROK@8"), world("middle")],
         [world("", levers="BROK@8"), world("")]),
    pulled("command", "launched_called", "up", shocks="command_and_control@1"),
    pulled("command", "services_ended/services", "up", shocks="command_and_control@1"),
    on_off("lessons", "success_supported", "up"),
    more("lessons", "success_supported", "up", [world("lessons", phi=0.7), world(phi=0.7)],
         [world("lessons", phi=0.1), world(phi=0.1)]),
    (*pulled("prototypes", "working_pilots/pilots_started", "up", "PROTO@1", start="dead_horse")[:4], {"since": 1}),
    twice("staff_pools", "K", "up", {"levers": "POOL@4"}, {"phi": 0.8}, {"phi": 0.2}),
    pulled("staff_pools", "K", "down", "POOL@4"),
    *(pulled("public_service", "G", "up", f"{tactic}@4", start="lone_ranger")
      for tactic in ("SELECT", "MEET", "EMPOWER", "MISSION")),
    pulled("public_service", "G", "same", "PAY@4"),
    pulled("public_service", "G", "down", "PAY@4", crowding_out=0.05),
    on_off("exploring", "services_ended/services", "up"),
    more("exploring", "services_ended/services", "up", [world("exploring", levers="LAB@1"), world("exploring")],
         [world("", levers="LAB@1"), world("")]),
    on_off("implementing", "K", "up"),
    pulled("knowledge_systems", "K", "up", "ICT@1"),
    twice("knowledge_systems", "K", "up", {"levers": "ICT@1"}, {}, {"start": "wasteland"}),
    pulled("brokers", "consciousness", "up", "BRIDGE@1", start="lone_ranger"),
    pulled("brokers", "success_supported", "up", "BOND@1"),
    on_off("self_report", "G", "same"),
    pulled("safe_zones", "L", "up", "SAFE@4+20"),
    pulled("safe_zones", "L", "same", "SAFE@4+3"),
    twice("safe_zones", "L", "up", {"levers": "SAFE@4+20"}, {}, {"start": "wasteland"}),
    more("stunt", "T", "up", [world("stunt", "lone_ranger", "GOSEE@4+16"), world("stunt", "lone_ranger")],
         [world("stunt", "lone_ranger", "GOSEE@4+1"), world("stunt", "lone_ranger")], since=20, until=24),
    twice("attention", "G", "up", {"shocks": "election_swing@12"}, {"L0": 0.9, "L_lo": 0.9}, {"L0": 0.1, "L_lo": 0.0},
          since=13, until=20),
    on_off("clawback", "late", "down", start="dead_horse"),
    pulled("clawback", "late", "up", "KEEP@1", start="dead_horse"),
    on_off("rule_lag", "ever_adopted", "down", start="dead_horse", profile="telework"),
    pulled("rule_lag", "ever_adopted", "up", "CATCHUP@1", start="dead_horse", profile="e_procurement"),
    on_off("rule_lag", "ever_adopted", "same", start="dead_horse"),
    pulled("whole_view", "success_supported", "up", "VIEW@1"),
    pulled("whole_view", "T", "down", "VIEW@1"),
    more("whole_view", "T", "up", [world("whole_view", levers="VIEW@1 PRIVACY@1")], [world("whole_view", levers="VIEW@1")]),
    pulled("platform", "feedback_outside", "up", "PLATFORM@1"),
    pulled("platform", "success_supported", "up", "PLATFORM@1"),
    pulled("platform", "services_ended/services", "down", "PLATFORM@1"),
    on_off("seen_success", "L", "up"),
    more("seen_success", "L", "up", [world("seen_success", phi=0.7), world(phi=0.7)],
         [world("seen_success", phi=0.1), world(phi=0.1)]),
    more("crisis_pause", "K", "down", [world("crisis_pause", shocks="crisis@20+8"), world("crisis_pause")],
         [world("", shocks="crisis@20+8"), world("")], since=24, until=32),
    on_off("crisis_pause", "K", "same", f=0.4),
    on_off("narrow_evaluation", "services_ended/services", "up"),
    pulled("narrow_evaluation", "services_ended/services", "down", "BROAD@1"),
    more("narrow_evaluation", "services_ended/services", "up", [world("narrow_evaluation"), world()],
         [world("narrow_evaluation", "lone_ranger"), world("", "lone_ranger")]),  # where trust is less
    pulled("recommendations", "unmet_need", "down", shocks="ombudsman@24"),
    *(("recommendations", "reports_acted_upon", "up",
       [world("recommendations", "dead_horse", shocks="ombudsman@24", **dict.fromkeys(names, high)) for high in (0.9, 0.2)],
       {"since": 25, "until": 26}) for names in (("L0", "L_lo"), ("A_hi", "A_lo"), ("fund",), ("media",))),
    (*pulled("clarity", "pilots_started", "up", "CLEAR@1", start="lone_ranger")[:4], {"since": 1}),
    on_off("clarity", "ever_adopted", "down", start="lone_ranger"),
    ("self_rating", "seen_from_outside", "up", [world("self_rating"), world("self_rating", "wasteland")], {}),
    ("self_rating", "rates_itself", "down", [world("self_rating"), world("self_rating", "wasteland")], {}),
    on_off("self_rating", "G", "same"),
    on_off("peer_learning", "K", "up", start="dead_horse"),
    on_off("peer_learning", "success_supported", "up", start="dead_horse"),
    more("peer_learning", "K", "up", [world("peer_learning", phi=0.7), world(phi=0.7)],
         [world("peer_learning", phi=0.1), world(phi=0.1)]),
    pulled("senior_leader", "walls_between", "down", "ONEHEAD@8"),
    pulled("senior_leader", "feedback_outside", "up", "ONEHEAD@8"),
    twice("senior_leader", "walls_between", "up", {"levers": "ONEHEAD@8"}, {"start": "wasteland"}, {}),
    on_off("failing_late", "K", "down", start="dead_horse"),
    more("failing_late", "K", "down",
         [world("failing_late", "dead_horse", on_pilots=0.0), world("", "dead_horse", on_pilots=0.0)],
         [world("failing_late", "dead_horse"), world("", "dead_horse")]),
    more("idle_skills", "K", "down", [world("idle_skills", "wasteland", "TRAIN@4+8"), world("idle_skills", "wasteland")],
         [world("", "wasteland", "TRAIN@4+8"), world("", "wasteland")]),
    more("idle_skills", "K", "down", [world("idle_skills", "wasteland", "TRAIN@4+8"), world("", "wasteland", "TRAIN@4+8")],
         [world("idle_skills", levers="TRAIN@4+8"), world(levers="TRAIN@4+8")]),
    pulled("tangible_results", "late", "up", "SHOW@1", start="dead_horse"),
    twice("tangible_results", "late", "up", {"levers": "SHOW@1"}, {"start": "dead_horse"}, {"start": "wasteland"}),
    pulled("partners", "success_supported", "down", shocks="many_partners@1"),
    pulled("partners", "success_supported", "down", shocks="no_partners@1"),
    ("traditions", "apart_from_peers", "up",
     [world("traditions", "dead_horse"), world("traditions", "dead_horse", sd_tradition=0.0)], {}),
    pulled("fewer_rules", "ever_adopted", "up", "PRUNE@1", start="lone_ranger"),
    pulled("fewer_rules", "success_supported", "down", "PRUNE@1"),
    twice("fewer_rules", "success_supported", "up", {"levers": "PRUNE@1"}, {"phi": 0.8}, {"phi": 0.2}),
    pulled("risk_talk", "L", "up", "RISKTALK@1", start="dead_horse"),
    twice("risk_talk", "L", "up", {"levers": "RISKTALK@1"}, {"start": "lone_ranger"}, {"start": "wasteland"}),
    on_off("weak_interests", "feedback_outside", "down"),
    pulled("weak_interests", "feedback_outside", "up", "HEAR@1"),
    pulled("weak_interests", "success_supported", "up", "HEAR@1"),
    pulled("careers", "G", "up", "CAREER@1", start="dead_horse"),
    twice("careers", "y_spurred", "up", {"levers": "CAREER@1"}, {"start": "dead_horse"}, {"start": "wasteland"}),
]


@pytest.mark.parametrize(("on", "what", "goes", "worlds", "window"), EXPECTED,
                         ids=[f"{case[0]}-{case[1].replace('/', '_')}-{case[2]}-{k}" for k, case in enumerate(EXPECTED)])
def test_it_points_where_the_evidence_says(on, what, goes, worlds, window):
    it = interval(what, worlds, **window)
    assert {"up": it.low > 0, "down": it.high < 0, "same": it.low == it.high == 0}[goes], it


@pytest.mark.parametrize("start", ["lets_dance", "lone_ranger"])
def test_switched_off_every_other_number_is_as_without_them(start):
    loaded = lived("", start)
    bare = simulate(start, runs=RUNS, quarters=QUARTERS, seed=400)
    assert [n for n in bare.rows.dtype.names if not np.array_equal(bare.rows[n], loaded.rows[n], equal_nan=True)] == []
    assert np.array_equal(bare.stage, loaded.stage)
    assert np.array_equal(bare.depth, loaded.depth)


@pytest.mark.parametrize("word", ALL)
def test_each_is_short_says_all_and_names_its_evidence(word):
    text = mechanism.shipped()[word]
    one = next(one for one in mechanism.described() if one.name == word)
    assert len(text.splitlines()) <= 75  # a whole tier of government
    assert one.expected
    assert not re.search(r"p\.\w+_shift\b", text), "effective_feedback, _silo, _need say what acts"
    assert one.source == "seed"
    assert marks(one.reference) == one.reference.split()
    assert set(marks(one.reference)) <= set(EVIDENCE)
    assert CONTRACT["all of it says what it is"](one, None) == ""
    assert word in {case[0] for case in EXPECTED}, "a test of its direction"


def test_a_shipped_one_goes_by_its_word_and_others_are_refused():
    story = scenarios.load("lone_ranger").changed(mechanisms=["turnover"], shocks=["exodus@12"])
    text = story.to_toml()
    assert 'mechanisms = ["turnover"]' in text
    assert scenarios.read("x", "from a link", text).mechanisms == story.mechanisms
    assert mechanism.load("turnover") is story.mechanisms[0]
    with pytest.raises(Refused, match=r"name a Python file \(.py\), or one of .*Did you mean turnover"):
        mechanism.load("turnovr")
    for asked in ({"levers": ["BENCH@3"]}, {"parameters": {"shame": 1.0}}):
        with pytest.raises(Refused, match=r"belongs to the mechanism benchmarking, which does not run.*--mechanism bench"):
            scenarios.load("lone_ranger").changed(**asked)
    columns, rows = contents("mechanisms")
    assert [row[0] for row in rows] == list(ALL)
    assert all(len(row) == len(columns) for row in rows)
    assert "off" in title("mechanisms")


# ---------------------------------------------------------------- in other languages

#: Names of an equation that are the model's, whatever language is spoken around it.
SYMBOLS = {"min", "max", "iota", "gbar", "nbar"}


@pytest.mark.parametrize("word", ALL)
def test_no_plain_english_is_left_of_it_where_it_is_loaded(word, spoken):
    one = mechanism.load(word)
    names = {*one.parameters, *one.columns, *one.terms, *one.indicators, *one.levers, *one.shocks, *one.replaced, *SYMBOLS,
             *PARAMETERS.shipped}
    said = [piece for kind, _, says, more in lab.parts(one, spoken) for piece in (kind, says, more)]  # on the page Lab
    for kind, table in (("lever", one.levers), ("shock", one.shocks)):  # where it is set, and in a report
        said += [piece for name in table for piece in (spoken.title(kind, name), spoken.says(kind, name),
                                                       *parts.effects(kind, name, spoken))]
    rows = parts.parameter_rows(list(one.parameters), {}, spoken)
    said += [piece for row in rows for piece in (row["title"], row["unit"])]
    said += [spoken.title("group", one.name), *(spoken.title("indicator", name) for name in one.indicators)]
    said += [told.term(term.decision, name, spoken) for name, term in one.terms.items()]
    assert len(said) > 10
    assert not {left for piece in said for left in re.findall(r"[A-Za-z]\w{2,}", piece)} - names


def test_no_plain_english_is_left_in_a_report_of_a_run_with_one(spoken):
    results = {"lone_ranger": lived(**world("stunt", "lone_ranger", "GOSEE@4+16"))}
    drawn = dict.fromkeys(FIGURES, 2 * (Figure("", ""),))
    said = seen(page.render(results, {}, drawn, spoken))
    assert any(spoken.title("lever", "GOSEE") in line for line in said)
    typed = re.compile(rf"{NAMES.pattern}|\bGOSEE\b")
    assert not {left for line in said for left in re.findall(r"[A-Za-z]{2,}", typed.sub("", line))}


def test_a_language_has_words_for_what_is_shipped_and_keeps_what_an_author_wrote(monkeypatch):
    text = Text("nl")
    mechanism.load("stunt")
    assert text.title("lever", "GOSEE") == "leiders gaan zelf kijken"
    assert text.title("parameter", "on_stunt") == "Een stunt, of gemeend: werkt"
    monkeypatch.setattr(PARAMETERS, "_listed", (*PARAMETERS._listed, "goes"))  # as where it is named for a whole process
    declared.cache_clear()
    assert text.title("parameter", "goes") == "gaat kijken"
    assert not list(missing("nl"))
    declared.cache_clear()
    own = mechanism.from_text("own.py", """
import letsdance as ld
own = ld.Mechanism("own_stunt", title="A stunt of mine", says="Nobody saw it.")
own.parameter("called", 0.5, (0, 1), "share", says="The chance that it is called a stunt at first.")
""")
    assert text.title("group", own.name) == "A stunt of mine"
    assert text.says("parameter", "called") == "De kans dat het eerst een stunt genoemd wordt."  # said alike
    assert text.title("parameter", "called") == "called"
    assert not list(missing("nl"))
    monkeypatch.setattr(mechanism, "_everywhere", (own,))
    assert list(missing("nl")) == [f"part {said} title" for said in ("A stunt of mine", "Nobody saw it.", "called")]
