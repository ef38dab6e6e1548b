"""Indicators: what is measured, each a small rule, and the row that the society leaves behind every quarter.

Never one score: efficiency, legitimacy, feedback, technology, representativeness, accountability and social
capital stand side by side (docs/odd.md section 8; S7 S32 S34 S35 S77-S82 S175).
"""

from __future__ import annotations

import numpy as np

from letsdance.params import Book
from letsdance.scenarios import mechanism
from letsdance.simulation.compiled import rule

_NAN = np.nan


@rule
def share(part, whole):
    """part / whole; not a number where there is no whole (nothing to measure)."""
    return part / whole if whole > 0.0 else _NAN


@rule
def representativeness(poor_participants, participants, poor, citizens):
    """Share of participants from the poorest resource quarter over its share of citizens; 1 is equal (S35)."""
    return share(share(poor_participants, participants), share(poor, citizens))


@rule
def accountability(supported, solo, feedback):
    """(supported services + .4 solo) / all services x (.5 + .5 phi): who runs a service must answer for it (S34)."""
    return share(supported + 0.4 * solo, supported + solo) * (0.5 + 0.5 * feedback)


@rule
def legitimacy(trust, answered, representative):
    """Mean T x supported share of citizens' launches x min(1, representativeness) (S77 S80)."""
    return trust * answered * (1.0 if representative > 1.0 else representative)  # not a number stays not a number


@rule
def efficiency(services, citizens, adopted_depth, points):
    """(services per 100 citizens + depth-weighted adoption per municipality) / point spent in the quarter (S77)."""
    return (100.0 * services / citizens + adopted_depth) / points


@rule
def measured(true, noise_sd, top_support, measure, chance):
    """What the administration reads: noise shrinks with demand from the top (A) and with counting (S81 S82)."""
    return true + noise_sd * (1.0 - top_support) * (1.0 - measure) * chance


#: The row of a society in a quarter: name -> (unit, what it says, reference). The order is that of `.society`.
SOCIETY: Book[tuple[str, str, str]] = Book("indicator", {
    "C": ("share", "mean willingness of citizens", "S84"),
    "G": ("share", "mean willingness of governments", "S84"),
    "S": ("share", "mean social capital", "S29 S36"),
    "T": ("share", "mean trust of citizens in their government", "S46"),
    "R": ("share", "mean reputation of citizens as a partner", "S31"),
    "L": ("share", "mean risk culture: 0 blame, 1 learning; also the C of courage", "S60 S175"),
    "K": ("share", "mean innovation capacity; also the C of capacity", "S12 S175"),
    "A": ("share", "mean political and top-management support", "S20"),
    "lets_dance": ("share", "municipalities where both are willing", "S85"),
    "lone_ranger": ("share", "municipalities where only citizens are willing", "S86"),
    "dead_horse": ("share", "municipalities where only the government is willing", "S87"),
    "wasteland": ("share", "municipalities where neither is willing", "S88"),
    "unaware": ("share", "governments that have not heard of the innovation", "S76"),
    "aware": ("share", "governments that have heard of it", "S76"),
    "piloting": ("share", "governments that pilot it", "S74 S76"),
    "adopted": ("share", "governments that have adopted it, not upscaled", "S76"),
    "upscaled": ("share", "governments that have upscaled it", "S76"),
    "discontinued": ("share", "governments that have given it up", "S76"),
    "on": ("share", "governments that have adopted or upscaled it", "S76"),
    "ever_adopted": ("share", "governments that have ever adopted it", "S9"),
    "depth": ("share", "mean depth of use among those that have it", "S182"),
    "consciousness": ("share", "governments that have heard of it, whatever came then: the C of consciousness", "S175"),
    "uses": ("share", "citizens who use the innovation", "S76"),
    "participation": ("share", "citizens who take part in an initiative", "S36"),
    "projects": ("per municipality", "initiatives under way", "S2"),
    "services": ("per municipality", "services that run", "S98"),
    "services_solo": ("per municipality", "services that citizens run alone", "S34"),
    "services_supported": ("per municipality", "services with the government's support", "S34"),
    "citizen_calls": ("per municipality", "calls by citizens this quarter", "S38"),
    "government_calls": ("per municipality", "calls by governments this quarter", "S38"),
    "launched_solo": ("per municipality", "launches without the government this quarter", "S38"),
    "launched_joint": ("per municipality", "joint launches this quarter: the C of co-creation", "S38 S175"),
    "launched_called": ("per municipality", "launches by call of the government this quarter", "S38"),
    "unanswered_calls": ("per municipality", "citizens' calls that found too few this quarter", "S30"),
    "dead_calls": ("per municipality", "governments' calls that nobody answered this quarter", "S87"),
    "crowded_out": ("per municipality", "calls that failed because the willing were busy this quarter", "S189"),
    "joining": ("share", "contacts who joined, of those asked this quarter", "T1"),
    "success_solo": ("share", "projects by citizens alone that succeeded, of those that ended this quarter", "S28"),
    "success_supported": ("share", "supported projects that succeeded, of those that ended this quarter", "S143"),
    "services_new": ("per municipality", "services that began this quarter", "S98"),
    "services_ended": ("per municipality", "services that ended this quarter", "S25 S41"),
    "pilots_started": ("per municipality", "adoption pilots begun this quarter", "S74"),
    "adoptions": ("per municipality", "adoptions this quarter", "S9"),
    "discontinuations": ("per municipality", "adopters that gave up this quarter", "S73"),
    "efficiency": ("per point", "services per 100 citizens, and depth of adoption per municipality, a point", "S33 S77"),
    "legitimacy": ("share", "trust x answered calls x representativeness", "S77 S80"),
    "legitimacy_measured": ("share", "legitimacy as the administration reads it", "S81 S82"),
    "feedback_inside": ("share", "learning inside: risk culture x feedback", "S78"),
    "feedback_outside": ("share", "citizens' launches that the government answered this quarter", "S78"),
    "technology_rank": ("share", "mean innovativeness rank of those that have it; 1 leaders only, .5 all alike", "S79"),
    "push": ("value", "what obligation and imitation add to the value of adopting", "S79"),
    "pull": ("value", "what need and employees' demand add to it", "S79"),
    "representativeness": ("ratio", "poorest quarter among participants, over its share of citizens", "S35"),
    "representativeness_initiators": ("ratio", "poorest quarter among initiators, over its share", "S3 S35"),
    "accountability": ("share", "who answers for services", "S34"),
    "traditional_output": ("per municipality", "services as they always were; co-creation runs beside them", "S32"),
    "spend": ("points", "points spent this quarter, levers included", "S177"),
    # the reasons, as means over citizens and over governments (logits)
    "x_leaning": ("logit", "citizens' leaning", "S84"),
    "x_disposition": ("logit", "citizens' disposition", "S84"),
    "x_neighbours": ("logit", "citizens look at neighbours", "S17"),
    "x_social_capital": ("logit", "citizens lean on social capital", "S29"),
    "x_trust": ("logit", "citizens lean on trust", "T12"),
    "x_need": ("logit", "citizens answer to need", "T4"),
    "x_levers": ("logit", "levers on citizens", "S35"),
    "y_tradition": ("logit", "tradition of government", "S21"),
    "y_disposition": ("logit", "governments' disposition", "S13"),
    "y_peers": ("logit", "governments look at peers", "S14"),
    "y_risk_culture": ("logit", "governments lean on risk culture", "S23"),
    "y_capacity": ("logit", "governments lean on capacity", "S124"),
    "y_top_support": ("logit", "governments lean on top support", "S20"),
    "y_reputation": ("logit", "governments lean on citizens' reputation", "S24"),
    "y_participation": ("logit", "governments see participation", "T24"),
    "y_budget": ("logit", "budget stress", "S100"),
    "y_levers": ("logit", "levers on governments", "S122"),
    "y_adopted": ("logit", "adopted co-creation", "S128"),
})
mechanism.on_load(lambda loaded, listed: SOCIETY.learn(loaded.measured, listed))

#: The row that the engine fills: the house's own indicators.
ROW = np.dtype((np.record, [(name, np.float64) for name in SOCIETY.shipped]))
