"""Citizens, networks and an observer of one's own: they are what the tables say, and the same table changes nothing."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import letsdance as ld

#: Two towns of six and four.
PEOPLE = pd.DataFrame({"municipality": ["Ash"] * 6 + ["Birch"] * 4, "citizen": list("abcdefghij"),
                       "willingness": np.linspace(0.1, 0.9, 10), "trust": 0.4, "resources": np.linspace(0.9, 0.1, 10),
                       "disposition": 0.0})


def _tie(a, b):
    return pd.DataFrame({"source": [a], "target": [b]})


def _state(**more):
    return ld.Model("lone_ranger", rng=3, quarters=8, **more).society.state


def test_citizens_begin_as_the_table_says():
    state = _state(citizens=PEOPLE.iloc[::-1])  # the order of rows within a town is the table's
    assert state.governments["citizens"].tolist() == [4, 6]
    for name in ("trust", "resources", "disposition"):
        assert np.allclose(getattr(state, name), PEOPLE[name][::-1])
    assert np.allclose(state.willingness[0], PEOPLE["willingness"][::-1])
    assert np.isclose(state.governments["citizens_willingness"][1], PEOPLE["willingness"][:6].mean())


def test_what_the_table_leaves_open_is_as_in_the_scenario():
    towns = pd.DataFrame({"municipality": np.repeat(["M1", "M2", "M3"], 10)})
    open_ones = ld.simulate("lone_ranger", runs=2, quarters=8, citizens=towns)
    plain = ld.simulate("lone_ranger", runs=2, quarters=8, parameters={"municipalities": 3, "citizens": 10})
    assert all(np.array_equal(open_ones.rows[n], plain.rows[n], equal_nan=True) for n in plain.rows.dtype.names)


def test_a_given_network_is_the_one_that_is_walked():
    rng = np.random.default_rng(1)
    graph = nx.gnp_random_graph(10, 0.4, seed=4)
    graph = nx.Graph((a, b) for a, b in graph.edges if (a < 6) == (b < 6))
    edges = [("abcdefghij"[a], "abcdefghij"[b]) for a, b in graph.edges]
    table = pd.DataFrame([e[::-1] if rng.random() < 0.5 else e for e in [*edges, edges[0]]], columns=["from", "to"])
    state = _state(citizens=PEOPLE, networks={"citizens": table})
    known = {frozenset((i, int(j))) for i in range(10) for j in state.neighbours[state.ties[i]:state.ties[i + 1]]}
    assert known == {frozenset(edge) for edge in graph.edges}
    lonely = set(range(10)) - set(graph.nodes)
    assert all(state.ties[i] == state.ties[i + 1] for i in lonely)
    ld.simulate("lets_dance", runs=3, quarters=12, citizens=PEOPLE, networks={"citizens": table})


def test_peers_are_those_of_the_edge_list():
    star = nx.star_graph(4)
    named = nx.relabel_nodes(star, {k: f"M{k + 1}" for k in star})
    state = _state(municipalities=5, networks={"governments": named})
    degree = np.diff(state.peer_ties.astype(int))
    assert degree.tolist() == [4, 1, 1, 1, 1]
    assert state.peers[:8].tolist() == [1, 2, 3, 4, 0, 0, 0, 0]


def test_a_networks_own_edges_given_back_give_the_same_run():
    model = ld.Model("lets_dance", rng=5, quarters=12, municipalities=12)
    s = model.society.state
    walked = (("governments", "M", s.peer_ties, s.peers), ("citizens", "", s.ties, s.neighbours))
    edges = {name: pd.DataFrame([(f"{mark}{i + 1}", f"{mark}{int(j) + 1}") for i in range(len(ties) - 1)
                                 for j in near[ties[i]:ties[i + 1]]], columns=["source", "target"])
             for name, mark, ties, near in walked}
    own = ld.simulate("lets_dance", runs=1, seed=5, quarters=12, parameters={"municipalities": 12}, networks=edges)
    plain = ld.simulate("lets_dance", runs=1, seed=5, quarters=12, parameters={"municipalities": 12})
    assert np.abs(own.rows["C"] - plain.rows["C"]).max() < 0.02  # who is asked first depends on the order of ties
    peers = ld.simulate("lets_dance", runs=1, seed=5, quarters=12, parameters={"municipalities": 12},
                        networks={"governments": edges["governments"]})
    assert np.allclose(peers.rows["G"][0, :2], plain.rows["G"][0, :2], atol=1e-12)  # sums in another order


def test_threads_and_steps_give_the_same_numbers():
    networks = {"governments": pd.DataFrame({"source": ["Ash"], "target": ["Birch"]})}
    one, two = (ld.simulate("lets_dance", runs=4, quarters=8, citizens=PEOPLE, networks=networks, threads=n)
                for n in (1, 2))
    assert all(np.array_equal(one.rows[n], two.rows[n], equal_nan=True) for n in one.rows.dtype.names)
    model = ld.Model("lets_dance", rng=1, quarters=8, citizens=PEOPLE, networks=networks)
    while model.running:
        model.step()
    assert one.rows["C"][0, -1] == model.C
    assert one.municipalities.query("run == 0 and quarter == 8")["willingness"].notna().all()


def test_an_observer_sees_every_quarter_and_moves_nothing():
    seen = []


    def look(society):
        seen.append((int(society.seed), society.quarter, float(society.row["C"][0])))

    told = ld.simulate("lone_ranger", runs=2, quarters=8, observer=look)
    assert [(seed, t) for seed, t, _ in seen] == [(seed, t) for seed in (1, 2) for t in range(9)]
    assert [C for *_, C in seen] == told.rows["C"].ravel().tolist()
    plain = ld.simulate("lone_ranger", runs=2, quarters=8)
    assert np.array_equal(told.stage, plain.stage)


@pytest.mark.parametrize(("given", "words"), [
    ({"citizens": PEOPLE.assign(willingness=1.5)}, "willingness"),
    ({"citizens": PEOPLE.drop(columns="municipality")}, "municipality"),
    ({"citizens": PEOPLE.assign(citizen="a")}, "a citizen stands in one row"),
    ({"citizens": PEOPLE, "networks": {"citizens": _tie("a", "z")}}, "is the name of no citizen"),
    ({"citizens": PEOPLE, "networks": {"citizens": _tie("a", "a")}}, "is tied to itself"),
    ({"citizens": PEOPLE, "networks": {"citizens": _tie("a", "j")}}, "ties stay within a municipality"),
    ({"networks": {"governments": _tie("M1", "M99")}}, "is the name of no municipality"),
    ({"networks": {"goverments": _tie("M1", "M2")}}, "There are those of citizens"),
    ({"citizens": PEOPLE, "municipalities": pd.DataFrame({"name": ["Ash"], "citizens": [9]})}, "no municipality 'Birch'"),
    ({"citizens": PEOPLE, "municipalities": pd.DataFrame({"name": ["Ash", "Birch", "Elm"], "citizens": [6, 4, 9]})},
     "nobody lives in Elm"),
])
def test_what_cannot_be_is_refused(given, words):
    with pytest.raises(ld.Refused) as told:
        ld.simulate("lets_dance", runs=1, quarters=8, **given)
    assert words in str(told.value)
