"""The society as a Mesa model: Mesa's own ways of asking give the numbers of `simulate`, and agents say why."""

from __future__ import annotations

import copy
import gc
import pickle

import mesa
import numpy as np
import pandas as pd
import pytest
from mesa.agentset import AgentSet, _HardKeyAgentSet

from letsdance.params import Refused
from letsdance.simulation.agents import Citizen, Government, View
from letsdance.simulation.indicators import SOCIETY
from letsdance.simulation.model import CoCreationModel
from letsdance.simulation.rules.willingness import next_willingness
from letsdance.simulation.run import simulate
from letsdance.simulation.state import GOVERNMENT

SMALL = {"municipalities": 5, "citizens": 12}


@pytest.fixture
def model():
    one = CoCreationModel(scenario="lone_ranger", rng=7, k=1.0, aware0=0.5, **SMALL)
    one.run_for(9)
    return one


def values(model):
    return np.array([getattr(model, name) for name in SOCIETY])


# ---------------------------------------------------------------- the numbers

@pytest.mark.parametrize("start", ["lone_ranger", "wasteland"])
def test_the_model_has_the_numbers_of_simulate(start):
    model = CoCreationModel(scenario=start, rng=7, k=1.0, levers=["FRCS@3"], quarters=20)
    rows = simulate(start, runs=1, seed=7, quarters=20, parameters={"k": 1.0}, levers=["FRCS@3"]).rows[0]
    for t in range(21):
        if t:
            model.step()
        assert model.quarter == t
        assert model.running == (t < 20)
        np.testing.assert_array_equal(values(model), np.array(rows[t].tolist()))
    frame = model.datacollector.get_model_vars_dataframe()
    assert list(frame.columns) == list(SOCIETY)
    for name in SOCIETY:
        np.testing.assert_array_equal(frame[name].to_numpy(dtype=float), rows[name])


def test_the_model_runs_for_as_long_as_it_is_told():
    one, other = (CoCreationModel("dead_horse", rng=3, quarters=12, **SMALL) for _ in range(2))
    one.run_for(5)
    for _ in range(5):
        other.step()
    assert one.quarter == 5
    np.testing.assert_array_equal(values(one), values(other))
    model = CoCreationModel("dead_horse", rng=3, quarters=8, **SMALL)
    while model.running:
        model.step()
    assert model.quarter == 8


def test_without_a_seed_it_is_still_a_society_and_seeds_differ():
    assert CoCreationModel(**SMALL).seed != CoCreationModel(**SMALL).seed
    assert (
        CoCreationModel(rng=np.int64(7), **SMALL).C
        == CoCreationModel(rng=7, **SMALL).C
        != CoCreationModel(rng=8, **SMALL).C
    )
    assert 0.0 <= CoCreationModel(rng=np.random.default_rng(3), **SMALL).C <= 1.0


@pytest.mark.parametrize(("call", "said"), [
    ({"kk": 1}, "no parameter 'kk'"), ({"k": 9}, "from 0 to 2"), ({"lever": ["FRCS"]}, "Did you mean levers"),
    ({"rng": -1}, "rng must be a whole number"), ({"rng": True}, "rng must be"), ({"quarters": 5}, "from 8 to 400"),
    ({"scenario": "lone"}, "Did you mean lone_ranger"), ({"municipalities": 0}, "from 1 to")])
def test_bad_input_is_refused(call, said):
    with pytest.raises(Refused) as error:
        CoCreationModel(**call)
    assert said in str(error.value)


def test_an_unknown_attribute_is_answered_with_the_nearest():
    model = CoCreationModel(rng=1, **SMALL)
    with pytest.raises(AttributeError, match="Did you mean services"):
        _ = model.servces
    assert not hasattr(model, "no_such_thing")


# ---------------------------------------------------------------- agents

def test_agents_are_rows_by_name(model):
    state = model.society.state
    assert len(model.agents) == 65
    assert len(model.agents_by_type[Citizen]) == 60
    assert len(model.agents_by_type[Government]) == 5
    assert {a.unique_id for a in model.agents} == set(range(1, 66))
    for citizen in model.agents_by_type[Citizen]:
        row = citizen.row
        for name in ("trust", "resources", "disposition", "load"):
            assert getattr(citizen, name) == getattr(state, name)[row]
        assert citizen.willingness == state.willingness[9 & 1, row]
        assert citizen.uses == state.uses[9 & 1, row]
        assert isinstance(citizen.willingness, float)
        assert citizen.government.row == row // 12
        assert citizen in citizen.government.people
    for government in model.governments:
        for name in GOVERNMENT.names:
            if name in ("initiatives", "stage", "stage_before", "category", "regime", "quadrant"):
                continue
            assert getattr(government, name) == state.governments[name][government.row], name
        assert government.stage in ("unaware", "aware", "piloting", "adopted", "upscaled", "discontinued")
        assert government.name == f"M{government.row + 1}"
        assert len(government.people) == government.citizens == 12


def test_initiatives_and_members_agree(model):
    assert sum(len(g.initiatives) for g in model.governments) > 0
    for government in model.governments:
        assert len(government.initiatives) == government.projects + government.services_solo + \
            government.services_joint + government.services_called
        for one in government.initiatives:
            assert len(set(one.members)) == len(one.members) > 0
            assert all(member.government is government for member in one.members)
    for citizen in model.citizens:
        assert len(citizen.initiatives) == citizen.load


def test_neighbours_know_each_other(model):
    for agents in (model.citizens, model.governments):
        assert any(len(agent.neighbors) for agent in agents)
        for agent in agents:
            assert agent not in agent.neighbors
            assert all(agent in other.neighbors for other in agent.neighbors)
    assert all(n.government is c.government for c in model.citizens for n in c.neighbors)


def test_setting_a_column_moves_the_society():
    one, other = (CoCreationModel("lone_ranger", rng=7, **SMALL) for _ in range(2))
    citizen = other.citizens[3]
    citizen.willingness = 0.125
    assert citizen.willingness == 0.125 == other.society.state.willingness[0, 3]
    other.governments[2].willingness = 0.9
    other.governments[2].stage = "adopted"
    assert other.society.state.governments["stage"][2] == 3
    one.run_for(2)
    other.run_for(2)
    assert one.citizens[3].willingness != other.citizens[3].willingness
    assert (values(one) != values(other)).any()
    with pytest.raises(ValueError, match="not in"):
        other.governments[2].stage = "adoptd"


def test_agent_sets_do_what_mesa_s_do(model):
    citizens = model.agents_by_type[Citizen]
    willing = citizens.select(lambda c: c.willingness > 0.5)
    assert 0 < len(willing) < 60
    assert isinstance(willing, AgentSet)
    assert citizens.agg("willingness", np.mean) == pytest.approx(model.C, abs=1e-7)
    assert model.agents_by_type[Government].agg("willingness", np.mean) == pytest.approx(model.G)
    assert citizens.get("load") == [c.load for c in model.citizens]
    groups = model.agents_by_type[Government].groupby("regime").count()
    assert sum(groups.values()) == 5
    assert len(citizens.shuffle()) == 60
    assert sorted(citizens.sort("trust").get("trust")) == citizens.sort("trust", ascending=True).get("trust")
    with pytest.raises(Refused, match="cannot be removed"):
        model.citizens[0].remove()


# ---------------------------------------------------------------- why

@pytest.mark.parametrize("scenario", ["lone_ranger", "dead_horse"])
def test_everybody_s_reasons_add_up_to_what_they_became(scenario):
    model = CoCreationModel(scenario=scenario, rng=7, levers=["OUT@2", "LEAD@2", "MANDATE@4"], shocks=["scandal@6"],
                            aware0=0.5, growth=0.1, **SMALL)
    assert model.citizens[0].why() == model.governments[0].why() == {}
    for _ in range(12):
        model.step()
        p = model.society.parameters
        for agent in [*model.citizens, *model.governments]:
            why = dict(agent.why())
            terms = [why.pop(name) for name in list(why) if name not in ("drive", "target", "noise", "before", "after")]
            assert len(terms) == (7 if isinstance(agent, Citizen) else 11)
            assert why["drive"] == pytest.approx(sum(terms), abs=1e-12)
            after = next_willingness(why["before"], why["drive"], why["noise"] / p.noise, p)
            exact = 1e-12 if isinstance(agent, Government) else 6e-8  # citizens are kept in single precision
            assert agent.willingness == why["after"] == pytest.approx(after, abs=exact)


def test_why_a_government_adopts_and_a_citizen_uses():
    # a failed pilot raises capacity after the value was seen: without it the terms are those of the decision
    model = CoCreationModel(scenario="lets_dance", rng=7, aware0=0.5, K_retry=0.0, shocks=["austerity@2"], **SMALL)
    model.run_for(9)
    assert len({g.stage for g in model.governments}) > 1
    for government in model.governments:
        why = government.why("adoption")
        names = ("base", "innovativeness", "top_support", "leadership", "conflict", "imitation", "obligation", "budget",
                 "advantage", "need", "employees", "capacity", "risk_aversion", "willingness")
        assert why["value"] == government.value == pytest.approx(sum(why[n] for n in names), abs=1e-12)
        assert why["imitation"] + why["obligation"] == pytest.approx(government.push)
        assert why["need"] + why["employees"] == pytest.approx(government.pull)
        assert all(0.0 <= why[n] <= 1.0 for n in ("pilots", "adopts_directly", "decides_after_pilot", "gives_up"))
    for citizen in model.citizens:
        why = citizen.why("use")
        assert why["uses"] == citizen.uses
        assert 0.0 <= why["chance"] <= why["offered"]
    with pytest.raises(Refused, match="ask for 'willingness' or 'use'"):
        model.citizens[0].why("dance")
    with pytest.raises(Refused, match="ask for 'willingness' or 'adoption'"):
        model.governments[0].why("dance")


def test_terms_add_up_to_the_value_after_a_failed_pilot():
    model = CoCreationModel("lets_dance", rng=0, aware0=0.5, K_retry=1.0)
    for _ in range(8):
        model.step()
        for government in model.governments:
            why = government.why("adoption")
            assert sum(list(why.values())[:14]) == pytest.approx(why["value"], abs=1e-9)


# ---------------------------------------------------------------- Mesa's tools

def test_reporters_are_mesa_s():
    model = CoCreationModel(
        "lone_ranger", rng=7, agent_reporters={"w": "willingness"},
        agenttype_reporters={Government: {"stage": "stage", "twice": lambda g: 2 * g.willingness}}, **SMALL)
    model.run_for(3)
    agents = model.datacollector.get_agent_vars_dataframe()
    assert len(agents) == 4 * 65
    assert agents["w"].xs(3, level="Step").tolist() == [a.willingness for a in model.agents]
    types = model.datacollector.get_agenttype_vars_dataframe(Government)
    assert len(types) == 4 * 5
    assert types["twice"].xs(3, level="Step").tolist() == [2 * g.willingness for g in model.governments]


@pytest.mark.parametrize("processes", [1, 2])
def test_batch_run_has_the_numbers_of_simulate(processes):
    found = pd.DataFrame(mesa.batch_run(
        CoCreationModel, {"scenario": "lone_ranger", "k": [0.5, 1.5], "quarters": 10, **SMALL}, rng=[3, 4],
        number_processes=processes, max_steps=10, data_collection_period=-1, display_progress=False))
    assert len(found) == 4
    for k in (0.5, 1.5):
        rows = simulate("lone_ranger", runs=2, seed=3, quarters=10, parameters={"k": k, **SMALL}).rows[:, -1]
        one = found[found["k"] == k].sort_values("rng" if "rng" in found else "seed")
        for name in ("C", "G", "services", "T", "legitimacy_measured"):
            np.testing.assert_array_equal(one[name].to_numpy(dtype=float), rows[name], err_msg=name)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["deepcopy", "pickle"])
def test_a_copy_goes_on_as_the_original_would(model, copied):
    list(model.agents)  # views are made: they must not tie the copy to the original
    twin = copied(model)
    model.run_for(6)
    assert twin.quarter == 9
    before = twin.citizens[0].willingness
    twin.run_for(6)
    np.testing.assert_array_equal(values(twin), values(model))
    assert twin.citizens[0].model is twin
    assert twin.citizens[0].willingness == model.citizens[0].willingness != before
    twin.citizens[0].willingness = 0.0
    assert model.citizens[0].willingness > 0.0


def test_the_dashboard_of_mesa_takes_the_model():
    from mesa.visualization import SolaraViz, make_plot_component

    model = CoCreationModel("lone_ranger", rng=7, **SMALL)
    page = SolaraViz(
        model,
        components=[make_plot_component(["C", "G"])],
        model_params={
            "scenario": "lone_ranger",
            "rng": 7,
            "k": {"type": "SliderFloat", "value": 1.0, "min": 0.0, "max": 2.0, "step": 0.1, "label": "k"},
        },
    )
    assert page is not None


def _views():
    return sum(issubclass(type(thing), View) for thing in gc.get_objects())  # a proxy of what is gone has a type too


def test_a_million_citizens_cost_no_objects():
    gc.collect()
    before = _views()  # of models that other tests still hold
    model = CoCreationModel("lone_ranger", rng=1, municipalities=1000, citizens=1000)
    model.step()
    assert len(model.agents) == 1_001_000
    assert len(model.agents_by_type[Citizen]) == 1_000_000
    assert 0.0 < model.C < 1.0
    assert model._made == {}
    assert _views() - before < 1000


def test_an_agent_of_one_s_own_lives_beside_the_views(model):
    class Journalist(mesa.Agent):
        def step(self):
            self.seen = self.model.C

    journalist = Journalist(model)
    assert journalist.unique_id == 66
    assert journalist in model.agents
    assert len(model.agents) == 66
    assert model.agents_by_type[Journalist].agg("unique_id", max) == 66
    model.agents_by_type[Journalist].do("step")
    assert journalist.seen == model.C
    journalist.remove()
    assert len(model.agents) == 65
    assert journalist not in model.agents


def test_what_mesa_s_private_names_are_relied_on_for():
    """`Views` stands in for Mesa's registry under these names; a Mesa that renames them must fail here first."""
    plain = mesa.Model(rng=1)
    assert isinstance(plain._all_agents, _HardKeyAgentSet)
    assert isinstance(plain._agents_by_type, dict)
    assert plain.agents is plain._all_agents or len(plain.agents) == 0
    assert plain.agents_by_type == {}
    agent = mesa.Agent(plain)
    assert agent in plain._all_agents
    assert agent in plain._agents_by_type[mesa.Agent]
    assert isinstance(vars(plain._all_agents)["_agents"], dict)
    model = CoCreationModel(rng=1, **SMALL)
    assert model.agents is model._all_agents
    assert isinstance(model._all_agents, _HardKeyAgentSet)
    assert set(model._agents_by_type) == {Citizen, Government}
