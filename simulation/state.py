"""The state: columns, with dtypes, shapes and units.

Citizens of one municipality lie side by side, so that a municipality is the unit of parallel work and of
understanding. Citizens are columns (float32 or uint8, one entry a citizen); governments and initiatives are
records. Shares are 0-1. Willingness and uses have two rows: the quarter's and the last one's, in turn.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from letsdance.params import record_dtype
from letsdance.simulation.networks import half_degree

_F, _I = np.float64, np.int64

#: Columns of a government that a table of municipalities may set, with the words people read.
GOVERNMENT_START = {
    "government_willingness": "willingness of the government",
    "social_capital": "social capital of the community",
    "baseline_social_capital": "where social capital settles when nobody takes part",
    "reputation": "citizens' reputation as a partner",
    "risk_culture": "0 blame, 1 learning",
    "capacity": "innovation capacity",
    "top_support": "political and top-management support",
    "feedback": "feedback, accountability and learning (phi)",
    "silo": "how far departments work apart",
    "funding": "long-term funding",
    "need": "need for the innovation",
    "innovativeness": "innovativeness (iota); adopter categories are its ranks",
}
#: Means of its citizens that a table of municipalities may set.
CITIZEN_START = {"willingness": "mean willingness of the citizens", "trust": "mean trust of the citizens"}

#: What a table of municipalities may say of each; NaN means: as in the scenario.
GIVEN = np.dtype((np.record, [(name, _F) for name in (*CITIZEN_START, *GOVERNMENT_START)]))

#: What happened in a municipality this quarter; set back to nought when the quarter begins.
COUNTS = (
    "citizen_calls", "government_calls", "launched_solo", "launched_joint", "launched_called",
    "unanswered_calls", "dead_calls", "crowded_out", "asked", "joined", "initiators_poor",
    "supported_successes", "supported_failures", "solo_successes", "solo_failures",
    "services_new", "services_ended", "ended_solo", "pilots_started", "pilots_worked", "adoptions", "discontinuations",
)

GOVERNMENT = np.dtype((np.record, np.dtype([
    # where its citizens, ties and initiatives lie
    ("first", _I), ("citizens", _I), ("first_tie", _I), ("first_slot", _I), ("slots", _I), ("initiatives", _I),
    # willingness and stocks, shares
    ("willingness", _F), ("social_capital", _F), ("baseline_social_capital", _F),
    ("reputation", _F), ("risk_culture", _F), ("capacity", _F), ("capacity_before", _F), ("top_support", _F),
    ("feedback", _F), ("silo", _F),
    ("funding", _F), ("need", _F), ("innovativeness", _F), ("disposition", _F),
    # as the quarter began: what peers look at lies together
    ("willingness_before", _F), ("depth_before", _F), ("news_before", _F), ("stage_before", _I),
    # adoption
    ("category", _I), ("stage", _I), ("timer", _I), ("piloted", _I), ("adopted_at", _I),
    ("depth", _F), ("news", _F), ("value", _F), ("obliged", _F), ("push", _F), ("pull", _F),
    # its citizens, as means and counts
    ("citizens_willingness", _F), ("citizens_trust", _F), ("citizens_disposition", _F), ("neighbours_willingness", _F),
    ("peers_willingness", _F), ("peers_adopted", _F), ("peers_news", _F), ("peers_experience", _F), ("exposure", _F),
    ("novelty", _F), ("advantage", _F),
    ("reach", _I), ("poor", _I), ("participants", _I), ("participants_poor", _I), ("users", _I),
    # its initiatives
    ("projects", _I), ("services_solo", _I), ("services_joint", _I), ("services_called", _I), ("blamed", _F),
    # its regime
    ("regime", _I), ("quadrant", _I), ("held", _I),
    *((name, _I) for name in COUNTS),
], align=True)))

#: An initiative's life: a project, then perhaps a service.
PROJECT, SERVICE = 1, 2
INITIATIVE = np.dtype((np.record, np.dtype([
    ("id", np.int64),      # launched quarter, side that called, number of the call: its address for luck
    ("own", np.float32), ("launched", np.int16),
    ("kind", np.uint8), ("phase", np.uint8), ("launch_size", np.uint8), ("members", np.uint8), ("by_lab", np.uint8),
], align=True)))


#: Columns of the state that a user's own mechanisms and the schedule fill: no file of a state holds them.
OWN = ("own_citizens", "own_governments", "own_numbers", "own_terms", "people", "lives")


class State(NamedTuple):
    """All columns of one society. N citizens, M governments, E directed ties."""

    governments: Any         # GOVERNMENT[M]
    willingness: Any         # float32[2, N], row quarter & 1 is the latest
    trust: Any               # float32[N]
    resources: Any           # float32[N], fixed
    disposition: Any         # float32[N], logits, fixed
    load: Any                # uint8[N], 0-2
    uses: Any                # uint8[2, N], 0 or 1
    ties: Any                # uint32[N+1], where a citizen's neighbours begin
    neighbours: Any          # uint32[E + 1], row numbers, one spare
    peer_ties: Any           # uint32[M+1]
    peers: Any               # uint32[E']
    exchange: Any            # uint32[M, 2], extra peers by exchange
    initiatives: Any         # INITIATIVE[slots]
    members: Any             # uint32[slots, members_max], row numbers
    society: Any             # float64[2]: share of governments that has adopted (all), their mean news
    # What a user's own mechanisms add (simulation.driver): no rows where none is loaded. Terms of decisions come first,
    # those of a citizen's willingness (logits) before those of joining (share); of a government's willingness (logits)
    # before those of adopting (value), of its support, of success and of services' ends (logits).
    own_citizens: Any        # float32[k, N]
    own_governments: Any     # float64[k, M]; with a second tier the last is 1 + which of `lives` acts in its region, or 0
    own_numbers: Any         # float64[k]: parameters in force this quarter, then what is measured
    own_terms: Any           # int64[7, 2]: of each of `scenarios.mechanism.DECISIONS` its terms' first row, how many
    # Where something acts for a group of citizens, or in regions (simulation.schedule); length 0 where nothing does.
    people: Any              # uint16[N or 0]: which of `lives` each citizen lives under
    lives: Any               # record_dtype[K]: sets of parameters in force this quarter


class Given(NamedTuple):
    """What stands when a run begins, as the user's tables say it; NaN or length 0: as in the scenario."""

    places: Any       # GIVEN[M]
    people: Any       # float64[4, N or 0]: `PERSON`
    ties: Any         # uint32[N+1 or 0], where each citizen's neighbours begin
    neighbours: Any   # uint32[E]
    peer_ties: Any    # uint32[M+1 or 0]
    peers: Any        # uint32[E']


#: Columns of a citizen that a table of citizens may set.
PERSON = {"willingness": "willingness", "trust": "trust in the government", "resources": "time, skill and education",
          "disposition": "lasting inclination (logits)"}


class Own(NamedTuple):
    """How many rows a user's own mechanisms need of each, terms and columns together."""

    parameters: int = 0
    indicators: int = 0
    citizens: int = 0
    governments: int = 0
    #: Of each decision its terms' first row and how many they are: they stand first among its side's rows.
    terms: tuple[tuple[int, int], ...] = ((0, 0),) * 7


def least_members(p: Any) -> int:
    """How many members every initiative holds at least: it is launched with launch_min, and its core goes on."""
    return max(1, min(int(p.launch_min), int(p.core)))


def empty_state(citizens: np.ndarray, p: Any, own: Own = Own(), given: Given | None = None) -> State:  # noqa: B008
    """A state with room for `citizens` (how many in each municipality), a user's own columns and the networks that are
    given, nothing filled in."""
    more_ties, more_peers = (len(given.neighbours), len(given.peers)) if given else (0, 0)
    sizes = np.asarray(citizens, dtype=np.int64)
    N, M = int(sizes.sum()), len(sizes)
    governments = np.zeros(M, GOVERNMENT)
    governments["citizens"] = sizes
    governments["first"][1:] = np.cumsum(sizes)[:-1]
    degree = 2 * np.array([half_degree(int(n), int(p.k_c)) for n in sizes], dtype=np.int64)
    governments["first_tie"][1:] = np.cumsum(sizes * degree)[:-1]
    least = least_members(p)  # of the two memberships that a citizen can have
    governments["slots"] = 2 * sizes // least + 1
    governments["first_slot"][1:] = np.cumsum(governments["slots"])[:-1]
    slots = int(governments["slots"].sum())
    width = max(int(p.members_max), least)  # a lever may have more people asked
    return State(
        governments=governments,
        willingness=np.empty((2, N), np.float32), trust=np.empty(N, np.float32), resources=np.empty(N, np.float32),
        disposition=np.empty(N, np.float32), load=np.empty(N, np.uint8), uses=np.empty((2, N), np.uint8),
        ties=np.zeros(N + 1, np.uint32), neighbours=np.zeros(max(int((sizes * degree).sum()), more_ties) + 1, np.uint32),
        peer_ties=np.zeros(M + 1, np.uint32),
        peers=np.empty(max(2 * half_degree(M, int(p.k_g)) * M, more_peers), np.uint32),
        exchange=np.zeros((M, 2), np.uint32),
        initiatives=np.empty(slots, INITIATIVE), members=np.empty((slots, width), np.uint32),
        society=np.zeros(2),
        own_citizens=np.zeros((own.citizens, N), np.float32), own_governments=np.zeros((own.governments, M)),
        own_numbers=np.zeros(own.parameters + own.indicators), own_terms=np.array(own.terms, np.int64),
        people=np.zeros(0, np.uint16), lives=np.zeros(0, record_dtype()))


def living(state: State, people: np.ndarray | None, count: int, regions: np.ndarray | None = None) -> State:
    """The state in which each citizen, and each municipality's region, lives under one of `count` sets of parameters; None:
    under the municipality's."""
    if people is None and regions is None:
        return state if not len(state.lives) else state._replace(people=state.people[:0], lives=state.lives[:0])
    if regions is not None:
        state.own_governments[-1] = 1.0 + regions
    return state._replace(people=state.people[:0] if people is None else people, lives=np.zeros(count, record_dtype()))


def given_nothing(municipalities: int) -> np.ndarray:
    """A table of municipalities that says nothing of any: all as in the scenario."""
    given = np.zeros(municipalities, GIVEN)
    for name in GIVEN.names or ():
        given[name] = np.nan
    return given
