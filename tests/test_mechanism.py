"""A user's own mechanism: declared in one file, it runs everywhere, fast, and leaves all other numbers alone."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import time

import numpy as np
import pytest

from letsdance import scenarios
from letsdance.params import PARAMETERS, Refused
from letsdance.simulation.mechanism import CONTRACT, Mechanism, check, load
from letsdance.simulation.model import CoCreationModel
from letsdance.simulation.rules import willingness as will
from letsdance.simulation.run import simulate
from letsdance.words import Text

BURNOUT = '''
"""Burnout: citizens who are busy tire; the tired are less willing and stay away."""
from letsdance.simulation.mechanism import Mechanism

burnout = Mechanism("burnout", title="Burnout of citizens", says="Citizens who are busy tire, and rest when they are not.")
burnout.parameter("tiring", 0.15, (0, 1), "per quarter", says="What one initiative wears.")
burnout.parameter("resting", 0.1, (0, 1), "per quarter", says="How fast the tired recover.")
burnout.parameter("weariness", 2.0, (0, 5), "logit", says="What being worn out takes away.")
burnout.column("tired", of="citizens", says="How worn out a citizen is.")


@burnout.act("tired", after="outcomes")
def tire(tired, load, tiring, resting):
    """tired += tiring load (1 - tired) - resting tired."""
    return tired + tiring * load * (1.0 - tired) - resting * tired


@burnout.term("willingness of citizens")
def weary(tired, weariness):
    """-weariness tired (logits)."""
    return -weariness * tired


@burnout.indicator("citizens")
def worn_out(tired):
    """Citizens who are more than half worn out."""
    return tired > 0.5


burnout.lever("RELIEF", "relief of the busy", [{"parameter": "resting", "add": 0.2}], cost=2, says="They are relieved.")
burnout.shock("overload", "a crisis that wears", [{"parameter": "tiring", "multiply": 2}], duration=8)
'''

#: Every kind of thing that a mechanism can do, of a size that shows.
EVERYTHING = '''
from letsdance.simulation.mechanism import Mechanism, rule

many = Mechanism("many", says="A bit of everything.")
many.parameter("contagion", 0.4, (0, 1), "per quarter", says="How far mood spreads along ties.")
many.parameter("size", 0.2, (0, 1), "share", says="How large all effects are.")


@rule
def closer(a, b, by):
    return a + by * (b - a)


def at_first(resources, disposition, luck, chance):
    """resources, and a draw."""
    return min(1.0, max(0.0, 0.5 * resources + 0.4 * luck + 0.01 * chance + 0.01 * disposition))


def memory(capacity, mean_trust, luck):
    """capacity and trust."""
    return 0.5 * capacity + 0.3 * mean_trust + 0.1 * luck


many.column("mood", of="citizens", start=at_first, says="How a citizen feels.")
many.column("lore", of="governments", start=memory, says="What a government remembers.")


@many.act("mood", after="environment")
def spread(mood, neighbours_mood, contagion, lore, mean_mood):
    """Towards neighbours."""
    return closer(mood, 0.8 * neighbours_mood + 0.1 * lore + 0.1 * mean_mood, contagion)


@many.act("mood", after="calls")
def jolt(mood, luck, chance, load, quarter):
    """A draw each quarter."""
    return min(1.0, max(0.0, mood + 0.02 * chance + 0.02 * (luck - 0.5) - 0.01 * load + 0.0001 * quarter))


@many.act("trust", after="stocks")
def warm(trust, mood, size, p):
    """Mood warms trust."""
    return trust + 0.1 * size * (mood - 0.5) * p.T_rate


@many.act("lore", after="outcomes")
def remember(lore, projects, citizens, chance, mean_mood):
    """Projects are remembered."""
    return 0.9 * lore + 0.1 * min(1.0, projects / citizens) + 0.001 * chance + 0.01 * mean_mood


@many.act("capacity", after="stocks")
def learn(capacity, lore, size):
    """Memory helps."""
    return capacity + 0.1 * size * lore * (1.0 - capacity)


@many.act("government_willingness", after="willingness")
def cheer(willingness, size):
    """A little more."""
    return willingness + 0.01 * size


@many.act("willingness", after="adoption")
def nudge(willingness, size):
    """A little less."""
    return willingness - 0.01 * size


@many.term("joining")
def keen(mood, size):
    """Mood joins."""
    return size * (mood - 0.5)


@many.term("willingness of citizens")
def glad(mood, government_willingness, size):
    """Mood and the government."""
    return size * (mood - 0.5 + 0.1 * government_willingness)


@many.term("willingness of citizens")
def sad(mood, size):
    """Another term."""
    return -0.5 * size * mood


@many.term("willingness of governments")
def proud(lore, size):
    """Memory."""
    return size * lore


@many.term("adoption")
def ripe(lore, mean_mood, size):
    """Memory and mood."""
    return size * (lore + mean_mood)


@many.term("support")
def open_handed(lore, mean_mood, size):
    """Memory and mood."""
    return size * (lore + mean_mood - 1.0)


@many.term("success")
def handy(lore, size):
    """Memory."""
    return size * lore


@many.term("end of services")
def lasting(mean_mood, size):
    """Mood keeps."""
    return -size * mean_mood


@many.act("depth", after="adoption")
def deeper(depth, size):
    """A little deeper."""
    return depth + 0.01 * size * depth


@many.indicator("governments")
def wise(lore, mean_mood):
    """What is remembered."""
    return lore + mean_mood


@many.indicator("citizens")
def merry(mood, neighbours_mood, uses):
    """Mood."""
    return 0.5 * (mood + neighbours_mood) + 0.0 * uses
'''


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mechanisms")
    for name, text in (("burnout", BURNOUT), ("many", EVERYTHING), ("fate", FATE)):
        (folder / f"{name}.py").write_text(text)
    return folder


@pytest.mark.parametrize("name", ["burnout", "many"])
def test_every_mechanism_keeps_the_contract(files, name):
    assert check(files / f"{name}.py") == list(CONTRACT)


def test_it_does_what_its_equations_say(files):
    """An independent computation: the columns, the term and the mean by hand, step by step beside the model."""
    model = CoCreationModel("lets_dance", rng=4, municipalities=4, citizens=30, mechanisms=[files / "burnout.py"])
    tired = np.zeros(len(model.citizens), np.float32)
    for _ in range(20):
        model.step()
        loads = model.society.state.load.astype(float)  # nobody joins or leaves after outcomes
        tired = (tired + 0.15 * loads * (1.0 - tired.astype(float)) - 0.1 * tired.astype(float)).astype(np.float32)
        np.testing.assert_allclose([c.tired for c in model.citizens], tired, atol=1e-6)
        assert model.worn_out == pytest.approx((tired > 0.5).mean(), abs=0.02)
        assert model.x_weary == pytest.approx(-2.0 * tired.astype(float).mean(), abs=1e-5)
        for citizen in model.citizens[::17]:
            why = citizen.why()
            assert why["weary"] == pytest.approx(-2.0 * citizen.tired, abs=1e-6)
            p = model.society.parameters
            drift = float(p.a) * (why["target"] - why["before"]) + why["noise"]
            assert why["after"] == pytest.approx(min(1.0, max(0.0, why["before"] + drift)), abs=1e-6)
    assert tired.max() > 0.5, "somebody is worn out, so something was tested"


def test_it_moves_what_it_should_and_its_lever_helps(files):
    plain, tired = simulate("lets_dance", runs=6), simulate("lets_dance", runs=6, mechanisms=[files / "burnout.py"])
    helped = simulate("lets_dance", runs=6, mechanisms=str(files / "burnout.py"), levers=["RELIEF@1"])
    worn = simulate("lets_dance", runs=6, mechanisms=[load(files / "burnout.py")], shocks=["overload@1"])
    assert tired.rows["C"][:, -1].mean() < plain.rows["C"][:, -1].mean() - 0.1
    still = {"weariness": 0}  # the worn out go on as before, so that nothing hides what a lever does
    area = [simulate(r.scenario.changed(parameters=still), runs=6).rows["worn_out"].mean() for r in (helped, tired, worn)]
    assert area[0] < area[1] < area[2]
    assert helped.rows["spend"][:, 1:].mean() == pytest.approx(tired.rows["spend"][:, 1:].mean() + 2)
    assert set(tired.society.columns) == {*plain.society.columns, "worn_out", "x_weary"}
    assert list(helped.environment.columns) == ["quarter", "points", "resting"]
    assert tired.reference is tired
    assert "worn_out" in helped.reference.society


FATE = '''
from letsdance.simulation.mechanism import Mechanism

fate = Mechanism("fate", says="One outcome only.")
for decision in ("support", "success", "end of services"):
    fate.parameter(f"{decision.split()[0]}_sure", 0, (-40, 40), "logit", says="How sure.")


@fate.term("support")
def supports(support_sure):
    """support_sure."""
    return support_sure


@fate.term("success")
def succeeds(success_sure):
    """success_sure."""
    return success_sure


@fate.term("end of services")
def ends(end_sure):
    """end_sure."""
    return end_sure


@fate.indicator("governments")
def heard(effective_feedback):
    """What is heard."""
    return effective_feedback


@fate.indicator("citizens")
def walls(effective_silo):
    """What stands between departments."""
    return effective_silo


@fate.indicator("governments")
def needed(government_effective_need):
    """What is needed."""
    return government_effective_need
'''


def test_what_acts_of_a_government_is_asked_by_name(files):
    """Feedback, silo and need with levers, reports and what was adopted, by hand from the state and the parameters."""
    model = CoCreationModel("lets_dance", rng=4, municipalities=4, citizens=30, mechanisms=[files / "fate.py"],
                            levers=["BROK@1"], shocks=["audit_report@3", "ombudsman@4"], need_shift=0.1)
    for _ in range(6):
        model.step()
        g, p = model.society.state.governments, model.society.parameters
        adopted = np.array([float(will.adoption_feedback(one.stage, one.depth, p)) for one in g])
        assert model.heard == pytest.approx(np.clip(g["feedback"] * (1 + p.audit) + p.phi_shift, 0, 1).mean())
        assert model.walls == pytest.approx(np.clip(g["silo"] + p.silo_shift - adopted, 0, 1).mean())
        assert model.needed == pytest.approx(np.clip(g["need"] + p.need_shift, 0, 1).mean())
    assert p.audit > 0.0, "a report spoke, so something was tested"


def test_terms_of_support_success_and_ends_decide_what_they_are_called_for(files):
    """Log-odds of 40 leave nothing to chance, either way; success is that of supported work."""
    def rows(**sure):
        return simulate("lets_dance", runs=2, quarters=12, mechanisms=[files / "fate.py"], parameters=sure).rows[:, 1:]

    for name, measured in (("support_sure", "feedback_outside"), ("success_sure", "success_supported")):
        assert np.nanmax(rows(**{name: -40})[measured]) == 0.0
        assert np.nanmin(rows(**{name: 40})[measured]) == 1.0
    assert np.nanmax(rows(success_sure=-40)["success_solo"]) > 0.0
    assert np.nanmin(rows(success_sure=40)["success_solo"]) < 1.0
    assert rows(end_sure=-40)["services_ended"].max() == 0.0
    short = rows(end_sure=40)
    assert short["services_new"].max() > 0.0
    assert np.array_equal(short["services_ended"][:, 1:], short["services_new"][:, :-1])


def test_what_is_lived_before_the_start_knows_nothing_of_the_run_before(files):
    """Runs in the same memory and one alone, with terms of every decision, after years before the start."""
    from letsdance.simulation.mechanism import _whole

    story = scenarios.load("lets_dance").changed(mechanisms=[files / "many.py"], quarters=8, parameters={"burn_in": 6})
    assert _whole(load(files / "many.py"), story) == ""


def test_two_mechanisms_run_together_and_meet_the_luck_they_meet_alone(files):
    """Switched off beside it, a second one leaves the first as it is, to the last bit."""
    alone = simulate("lone_ranger", runs=2, quarters=12, mechanisms=[files / "many.py"])
    both = simulate("lone_ranger", runs=2, quarters=12, mechanisms=[files / "burnout.py", files / "many.py"],
                    parameters={"on_burnout": 0})
    for name in alone.rows.dtype.names:
        assert np.array_equal(alone.rows[name], both.rows[name], equal_nan=True), name


def test_one_own_mechanism_costs_little(files):
    """At most 1.3 times the time without it; the least of several turns, in the time of this process alone."""
    spent: dict[bool, float] = {}
    for turn in range(6):
        for own in (False, True):
            began = time.process_time()
            simulate("lets_dance", runs=30, threads=1, mechanisms=[files / "burnout.py"] if own else ())
            spent[own] = min(spent.get(own, 99.0), time.process_time() - began) if turn else 99.0
    assert spent[True] < 1.3 * spent[False], spent


def test_a_mechanism_can_be_declared_in_a_running_program():
    here = Mechanism("drift_here", says="Everybody tires of it.")
    here.parameter("drift_size", 0.5, (0, 1), "logit", says="How much.")

    @here.term("willingness of citizens")
    def less(drift_size):
        """-drift_size."""
        return -drift_size

    result = simulate("lets_dance", runs=2, quarters=8, mechanisms=here)
    assert (result.rows["x_less"][:, 1:] == -0.5).all()
    with pytest.raises(Refused, match="write it into a file of its own"):
        pickle.dumps(here)


def test_what_is_loaded_is_known_and_what_does_not_run_is_refused(files):
    load(files / "burnout.py")
    assert PARAMETERS["weariness"].range == (0, 5)
    assert "weariness" not in PARAMETERS.shipped
    for asked in ({"parameters": {"weariness": 1.0}}, {"levers": ["RELIEF@3"]}, {"shocks": ["overload@3"]}):
        with pytest.raises(Refused, match=r"belongs to the mechanism burnout, which does not run.*--mechanism .*burnout"):
            simulate("lets_dance", runs=1, **asked)
    with pytest.raises(Refused, match="must lie from 0 to 5"):
        simulate("lets_dance", runs=1, mechanisms=[files / "burnout.py"], parameters={"weariness": 9})
    with pytest.raises(Refused, match="Did you mean weariness"):
        simulate("lets_dance", runs=1, mechanisms=[files / "burnout.py"], parameters={"wearines": 9})


_SHOWN = """
import json, sys
from letsdance.commands import showing
from letsdance.scenarios import mechanism
from letsdance.words import Text
mechanism.everywhere(sys.argv[1])
shown = {what: showing.contents(what, Text("nl")) for what in showing.TABLES}
print(json.dumps({what: [dict(zip(columns, row)) for row in rows] for what, (columns, rows) in shown.items()}))
"""


def test_it_says_in_the_readers_language_what_its_file_has_words_for(files):
    """Every piece that the file says, marked: nothing of it is left in English, and what is left out is listed. In another
    process, because what a command loads is listed in its own for good."""
    one = load(files / "burnout.py")
    marked = {said: f"§{k}" for k, said in enumerate(one.said) if said != "relief of the busy"}
    (files / "sworn.py").write_text(f"{BURNOUT}\nburnout.words('nl', {marked!r})\n", encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", _SHOWN, str(files / "sworn.py")], capture_output=True, check=True)
    shown = json.loads(done.stdout)
    rows = {row["name"]: row for what in ("parameters", "levers", "shocks", "indicators", "mechanisms")
            for row in shown[what]}
    assert rows["weariness"]["title"] == marked["weariness"]
    assert rows["on_burnout"]["title"] == f"{marked['Burnout of citizens']}: werkt"
    assert rows["RELIEF"]["says"] == marked["They are relieved."]
    assert rows["RELIEF"]["title"] == "relief of the busy"
    assert rows["overload"]["title"] == marked["a crisis that wears"]
    assert rows["worn_out"]["says"] == marked["Citizens who are more than half worn out."]
    assert rows["burnout"]["title"] == marked["Burnout of citizens"]
    lacks = {row["code"]: row["which"].split(", ") for row in shown["languages"]}
    assert lacks["nl"] == ["part relief of the busy title"]
    assert {"part Burnout of citizens title", "part relief of the busy title"} <= set(lacks["fr"])
    assert "part logit title" not in lacks["fr"]
    assert Text("nl").title("unit", "logit") == "logit"  # what the house says stays in the house's words


def test_a_scenario_file_names_its_mechanisms_and_restores_them(files):
    (files / "tired.toml").write_text('mechanisms = ["burnout.py"]\n[start]\nC = 0.7\nG = 0.7\n[parameters]\n'
                                      'weariness = 1\n[[levers]]\nname = "RELIEF"\nstart = 3\n')
    story = scenarios.load(files / "tired.toml")
    assert [one.name for one in story.mechanisms] == ["burnout"]
    assert story.values()["weariness"] == 1
    assert scenarios.read("x", "x", story.to_toml()).values() == story.values()
    simulate(story, runs=1, quarters=8)


def test_code_is_never_loaded_from_a_text_that_came_from_elsewhere(files, tmp_path):
    (tmp_path / "never.py").write_text("raise SystemExit('it ran')")
    text = f'mechanisms = ["{tmp_path / "never.py"}"]\n[start]\nC = 0.5\nG = 0.5\n'
    with pytest.raises(Refused, match=r"line 1: this scenario runs with the mechanism .*never loaded .*--mechanism"):
        scenarios.read("x", "uploaded.toml", text)


REFUSED = {
    "nothing = 1": "declares no mechanism",
    "a = Mechanism('a', says='a')\nb = Mechanism('b', says='b')": "declares 2 mechanisms",
    "def": r"line 2: this is not Python",
    "1 / 0": r"line 2: ZeroDivisionError",
    "a = Mechanism('A b')": r"line 2: a mechanism needs a name of small letters",
    "a = Mechanism('a', source='gut')": "must be one of seed, text, assumed, not 'gut'",
    "a = Mechanism('a')\na.parameter('k', 1, (0, 2), 'x')": "has a .* called k already",
    "a = Mechanism('a')\na.parameter('one', 3, (0, 2), 'x')": "line 3: a: the default of one must lie from 0 to 2",
    "a = Mechanism('a')\na.parameter('one', 3, (2, 0), 'x')": "the range of one must be two numbers",
    "a = Mechanism('a')\na.column('one', of='people')": "must be one of citizens, governments",
    "a = Mechanism('a')\na.column('one', of='citizens')\na.column('one', of='citizens')": "one is declared twice",
    "a = Mechanism('a')\na.words('Dutch', {'a': 'b'})": "'Dutch' is not the code of a language",
    "a = Mechanism('a')\na.words('nl', ['a'])": "words are an English text and the same in nl, not",
    "a = Mechanism('a', 'calm')\na.words('nl', {'calme': 'kalm'})": "have 'calme'.* Did you mean calm",
    "a = Mechanism('a')\n@a.act('one', after='lunch')\ndef f(): return 0": "must be one of environment, calls",
    "a = Mechanism('a')\n@a.term('marriage')\ndef f(): return 0": "must be one of willingness of citizens, joining",
    "a = Mechanism('a')\na.lever('FRCS', 'x', [{'parameter': 'k', 'add': 1}])": "the model has the lever FRCS already",
    "a = Mechanism('a')\na.shock('crisis', 'x', [{'parameter': 'k', 'add': 1}])": "has the shock crisis already",
    "a = Mechanism('a')\n@a.indicator('citizens')\ndef services(): return 0": "has the indicator services already",
    "a = Mechanism('a')\na.column('trust', of='governments')": "column or a term called trust already",
    "a = Mechanism('a')\n@a.term('adoption')\ndef budget(): return 0": "column or a term called budget already",
    "a = Mechanism('a')\na.lever('X', 'x', [{'parameter': 'kk', 'add': 1}])": "no parameter 'kk' to act on",
    "a = Mechanism('a')\na.lever('X', 'x', [{'parameter': 'k', 'plus': 1}])": "no entry 'plus' in an effect",
    "a = Mechanism('a')\na.lever('X', 'x', [{'parameter': 'k'}])": "needs a parameter, and add or multiply",
    "a = Mechanism('a')\n@a.indicator('citizens')\ndef f(trsut): return trsut": "asks for 'trsut'.* Did you mean trust",
    "a = Mechanism('a')\n@a.indicator('governments')\ndef f(resources): return 1": "asks for 'resources'",
    "a = Mechanism('a')\n@a.act('luck', after='calls')\ndef f(trust): return 1": "sets 'luck', which is no column",
    "a = Mechanism('a')\n@a.act('willingness', after='calls')\ndef f(trust): return 1": "decided later in the quarter",
    "a = Mechanism('a')\n@a.indicator('citizens')\ndef f(trust): return open('x')": "rule f cannot be compiled",
    "a = Mechanism('a')\n@a.indicator('citizens')\ndef f(trust): return (trust, 1)": "rule f must return one number",
    "a = Mechanism('a')\n@a.indicator('citizens')\ndef f(trust): return 1 / (trust - trust)": "is inf in run 0, quarter 0",
}


@pytest.mark.parametrize("text", REFUSED, ids=range(len(REFUSED)))
def test_a_file_that_is_wrong_is_refused_in_one_sentence(tmp_path, text):
    (tmp_path / "odd.py").write_text(f"from letsdance.simulation.mechanism import Mechanism\n{text}\n")
    with pytest.raises(Refused, match=REFUSED[text]) as said:
        simulate("lets_dance", runs=1, quarters=8, mechanisms=[tmp_path / "odd.py"])
    assert "\n" not in str(said.value)
    assert "odd.py" in str(said.value)


def test_what_is_no_file_of_a_mechanism_is_refused(tmp_path):
    for what, said in (("nowhere.py", "there is no file"), ("notes.txt", "name a Python file"), (3, "must be the path")):
        with pytest.raises(Refused, match=said):
            simulate("lets_dance", runs=1, mechanisms=[what])


def test_a_broken_promise_is_named():
    with pytest.raises(Refused, match=r"all of it says what it is.*: mute says nothing"):
        check(Mechanism("mute"))
