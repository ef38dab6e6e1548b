"""Citizens and networks of a user's own: read from tables, and put into the municipalities that a run meets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance.params import Refused, Said, nearest
from letsdance.scenarios import Scenario, tables
from letsdance.scenarios.tables.kinds import CITIZENS, EDGES
from letsdance.simulation import municipalities
from letsdance.simulation.municipalities import Municipalities, MunicipalitiesLike
from letsdance.simulation.networks import Network, from_edges
from letsdance.simulation.state import PERSON, given_nothing

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

#: A table: a file's path, or what pandas read; a network may be networkx's too.
type TableLike = str | Path | pd.DataFrame
NETWORKS = ("citizens", "governments")


def of(scenario: Scenario, source: MunicipalitiesLike | None, citizens: TableLike | None,
       networks: Mapping[str, object] | None) -> Municipalities:
    """The municipalities that a scenario meets (`municipalities.of`), with a user's own citizens and networks.

    citizens: a row each, with the column municipality, and any of citizen (its name), willingness, trust, resources (0-1)
    and disposition (logits); what is left open is as in the scenario. networks: {"citizens": edges} within a municipality,
    by the names of the table of citizens (without them by number, 1 the first), and {"governments": edges} by the names of
    municipalities: a table of source and target, or a networkx graph; ties go both ways. Where a table of municipalities is
    given, the citizens live in these. Raises `Refused`.
    """
    places = municipalities.of(scenario, source)
    named = source is not None or bool(scenario.municipalities)
    names: list[str] = []
    if citizens is not None:
        places, names = _peopled(places, citizens, named)
    for kind, edges in dict(networks or {}).items():
        if kind not in NETWORKS:
            raise Refused("there is no network of {kind!r}.{near} There are those of citizens and of governments.",
                          kind=kind, near=nearest(str(kind), NETWORKS))
        if kind == "governments":
            places = replace(places, peers=_network(edges, list(places.names), "municipality", len(places)))
        else:
            known = names or [str(k + 1) for k in range(int(places.citizens.sum()))]
            ties = _network(edges, known, "citizen", len(known))
            _within(ties, places, known)
            places = replace(places, ties=ties)
    return places


def _peopled(places: Municipalities, source: TableLike, named: bool) -> tuple[Municipalities, list[str]]:
    """The municipalities with these citizens, and the citizens' names in the order of rows."""
    table = tables.read(source, CITIZENS)
    rules = [tables.once(["citizen"], Said(": a citizen stands in one row"))] if "citizen" in table.frame else []
    tables.check(table, rules)
    tables.announce(table)
    frame = table.frame
    towns = list(places.names) if named else list(dict.fromkeys(frame["municipality"]))
    if unknown := [town for town in dict.fromkeys(frame["municipality"]) if town not in towns]:
        raise Refused("{where}: there is no municipality {town!r} in the table of municipalities.{near}", where=table.where,
                      town=unknown[0], near=nearest(unknown[0], towns))
    if empty := [town for town in towns if town not in set(frame["municipality"])]:
        raise Refused("{where}: nobody lives in {town}; give it citizens, or leave it out of the table of municipalities.",
                      where=table.where, town=empty[0])
    place = frame["municipality"].map({town: m for m, town in enumerate(towns)}).to_numpy()
    order = np.argsort(place, kind="stable")
    people = np.full((len(PERSON), len(frame)), np.nan)
    for row, column in enumerate(PERSON):
        if column in frame:
            people[row] = tables.numbers(frame[column]).to_numpy(np.float64)[order]
    given = places.given.copy() if named else given_nothing(len(towns))
    sizes = np.bincount(place, minlength=len(towns)).astype(np.int64)
    for row, column in enumerate(("willingness", "trust")):  # the stocks of a place begin where its people are
        for m, one in enumerate(np.split(people[row], np.cumsum(sizes)[:-1])):
            if np.isnan(given[column][m]) and not np.isnan(one).all():
                given[column][m] = np.nanmean(one)
    names = frame["citizen"].to_numpy()[order].tolist() if "citizen" in frame else []
    return replace(places, names=tuple(towns), citizens=sizes, given=given, people=people, said=(*places.said, *table.said)
                   ), names


def _network(edges: Any, names: list[str], what: str, n: int) -> Network:
    """The network of n rows in compressed rows: each tie once, both ways."""
    import pandas as pd

    if hasattr(edges, "edges") and hasattr(edges, "nodes"):
        edges = pd.DataFrame([(str(a), str(b)) for a, b in edges.edges()], columns=["source", "target"])
    table = tables.read(edges, EDGES)
    row = {name: k for k, name in enumerate(names)}
    tables.check(table, [
        tables.Rule("source", lambda t: t["source"].isin(row), lambda told: _stranger(told["source"], what, names)),
        tables.Rule("target", lambda t: t["target"].isin(row), lambda told: _stranger(told["target"], what, names)),
        tables.Rule("target", lambda t: t["source"] != t["target"],
                    lambda told: Said("is tied to itself; take the row away"))])
    tables.announce(table)
    ends = np.array([[row[a], row[b]] for a, b in zip(table.frame["source"], table.frame["target"], strict=True)], np.int64)
    ends = np.unique(np.sort(ends.reshape(-1, 2), axis=1), axis=0)
    return Network(*from_edges(n, np.ascontiguousarray(ends[:, 0]), np.ascontiguousarray(ends[:, 1])))


def _stranger(name: str, what: str, names: list[str]) -> Said:
    near = nearest(name, names)
    return Said("is the name of no {what}.{near}", what=Said(what), near=near) if near else Said(
        "is the name of no {what}", what=Said(what))


def _within(ties: Network, places: Municipalities, names: list[str]) -> None:
    """Citizens know each other within their municipality: a quarter works on each by itself."""
    town = np.repeat(np.arange(len(places)), places.citizens)
    own = np.repeat(np.arange(len(town)), ties.degree)
    far = np.flatnonzero(town[own] != town[ties.neighbours.astype(np.int64)])
    if len(far):
        a, b = int(own[far[0]]), int(ties.neighbours[far[0]])
        raise Refused("the citizens {a} and {b} are tied, but live in {here} and {there}; citizens' ties stay within a "
                      "municipality, ties between municipalities are those of governments.", a=names[a], b=names[b],
                      here=places.names[town[a]], there=places.names[town[b]])
