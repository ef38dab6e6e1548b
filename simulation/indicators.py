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


#: What is measured: name -> (unit, what it says, reference, how it is computed, as `record` reads it).
_DECLARED = {
    "C": ("share", "mean willingness of citizens", "S84", "people(citizens_willingness)"),
    "G": ("share", "mean willingness of governments", "S84", "mean(willingness)"),
    "S": ("share", "mean social capital", "S29 S36", "mean(social_capital)"),
    "T": ("share", "mean trust of citizens in their government", "S46", "people(citizens_trust)"),
    "R": ("share", "mean reputation of citizens as a partner", "S31", "mean(reputation)"),
    "L": ("share", "mean risk culture: 0 blame, 1 learning; also the C of courage", "S60 S175", "mean(risk_culture)"),
    "K": ("share", "mean innovation capacity; also the C of capacity", "S12 S175", "mean(capacity)"),
    "A": ("share", "mean political and top-management support", "S20", "mean(top_support)"),
    "lets_dance": ("share", "municipalities where both are willing", "S85", "mean(regime == LETS_DANCE)"),
    "lone_ranger": ("share", "municipalities where only citizens are willing", "S86", "mean(regime == LONE_RANGER)"),
    "dead_horse": ("share", "municipalities where only the government is willing", "S87", "mean(regime == DEAD_HORSE)"),
    "wasteland": ("share", "municipalities where neither is willing", "S88", "mean(regime == WASTELAND)"),
    "unaware": ("share", "governments that have not heard of the innovation", "S76", "mean(stage == UNAWARE)"),
    "aware": ("share", "governments that have heard of it", "S76", "mean(stage == AWARE)"),
    "piloting": ("share", "governments that pilot it", "S74 S76", "mean(stage == PILOTING)"),
    "adopted": ("share", "governments that have adopted it, not upscaled", "S76", "mean(stage == ADOPTED)"),
    "upscaled": ("share", "governments that have upscaled it", "S76", "mean(stage == UPSCALED)"),
    "discontinued": ("share", "governments that have given it up", "S76", "mean(stage == DISCONTINUED)"),
    "on": ("share", "governments that have adopted or upscaled it", "S76", "mean(in_use(stage))"),
    "ever_adopted": ("share", "governments that have ever adopted it", "S9", "mean(adopted_at >= 0)"),
    "depth": ("share", "mean depth of use among those that have it", "S182",
              "share(total(depth if in_use(stage) else 0.0), total(in_use(stage)))"),
    "consciousness": ("share", "governments that have heard of it, whatever came then: the C of consciousness", "S175",
                      "1.0 - unaware"),
    "uses": ("share", "citizens who use the innovation", "S76", "a_head(users)"),
    "participation": ("share", "citizens who take part in an initiative", "S36", "a_head(participants)"),
    "projects": ("per municipality", "initiatives under way", "S2", "mean(projects)"),
    "services": ("per municipality", "services that run", "S98", "mean(services_solo + services_joint + services_called)"),
    "services_solo": ("per municipality", "services that citizens run alone", "S34", "mean(services_solo)"),
    "services_supported": ("per municipality", "services with the government's support", "S34",
                           "mean(services_joint + services_called)"),
    "citizen_calls": ("per municipality", "calls by citizens this quarter", "S38", "mean(citizen_calls)"),
    "government_calls": ("per municipality", "calls by governments this quarter", "S38", "mean(government_calls)"),
    "launched_solo": ("per municipality", "launches without the government this quarter", "S38", "mean(launched_solo)"),
    "launched_joint": ("per municipality", "joint launches this quarter: the C of co-creation", "S38 S175",
                       "mean(launched_joint)"),
    "launched_called": ("per municipality", "launches by call of the government this quarter", "S38",
                        "mean(launched_called)"),
    "unanswered_calls": ("per municipality", "citizens' calls that found too few this quarter", "S30",
                         "mean(unanswered_calls)"),
    "dead_calls": ("per municipality", "governments' calls that nobody answered this quarter", "S87", "mean(dead_calls)"),
    "crowded_out": ("per municipality", "calls that failed because the willing were busy this quarter", "S189",
                    "mean(crowded_out)"),
    "joining": ("share", "contacts who joined, of those asked this quarter", "T1", "share(total(joined), total(asked))"),
    "success_solo": ("share", "projects by citizens alone that succeeded, of those that ended this quarter", "S28",
                     "share(total(solo_successes), total(solo_successes + solo_failures))"),
    "success_supported": ("share", "supported projects that succeeded, of those that ended this quarter", "S143",
                          "share(total(supported_successes), total(supported_successes + supported_failures))"),
    "services_new": ("per municipality", "services that began this quarter", "S98", "mean(services_new)"),
    "services_ended": ("per municipality", "services that ended this quarter", "S25 S41", "mean(services_ended)"),
    "pilots_started": ("per municipality", "adoption pilots begun this quarter", "S74", "mean(pilots_started)"),
    "adoptions": ("per municipality", "adoptions this quarter", "S9", "mean(adoptions)"),
    "discontinuations": ("per municipality", "adopters that gave up this quarter", "S73", "mean(discontinuations)"),
    "efficiency": (
        "per point", "services per 100 citizens, and depth of adoption per municipality, a point", "S33 S77",
        "efficiency(total(services_solo + services_joint + services_called), total(citizens), "
        "mean(depth if in_use(stage) else 0.0), spend)"),
    "legitimacy": ("share", "trust x answered calls x representativeness", "S77 S80",
                   "legitimacy(T, feedback_outside, representativeness)"),
    "legitimacy_measured": ("share", "legitimacy as the administration reads it", "S81 S82",
                            "measured(legitimacy, measure_noise, A, measure, chance)"),
    "feedback_inside": ("share", "learning inside: risk culture x feedback", "S78",
                        "mean(risk_culture * effective_feedback(feedback, p))"),
    "feedback_outside": ("share", "citizens' launches that the government answered this quarter", "S78",
                         "share(total(launched_joint), total(launched_solo + launched_joint))"),
    "technology_rank": ("share", "mean innovativeness rank of those that have it; 1 leaders only, .5 all alike", "S79",
                        "share(total(innovativeness if in_use(stage) else 0.0), total(in_use(stage)))"),
    "push": ("value", "what obligation and imitation add to the value of adopting", "S79", "mean(push)"),
    "pull": ("value", "what need and employees' demand add to it", "S79", "mean(pull)"),
    "representativeness": (
        "ratio", "poorest quarter among participants, over its share of citizens", "S35",
        "representativeness(total(participants_poor), total(participants), total(poor), total(citizens))"),
    "representativeness_initiators": (
        "ratio", "poorest quarter among initiators, over its share", "S3 S35",
        "representativeness(total(initiators_poor), total(launched_solo + launched_joint), total(poor), total(citizens))"),
    "accountability": (
        "share", "who answers for services", "S34",
        "accountability(total(services_joint + services_called), total(services_solo), "
        "mean(effective_feedback(feedback, p)))"),
    "traditional_output": ("per municipality", "services as they always were; co-creation runs beside them", "S32", "1.0"),
    "spend": ("points", "points spent this quarter, levers included", "S177", "running_cost + points"),
    # the reasons, as means over citizens and over governments (logits)
    "x_leaning": ("logit", "citizens' leaning", "S84", "x.leaning"),
    "x_disposition": ("logit", "citizens' disposition", "S84", "x.disposition"),
    "x_neighbours": ("logit", "citizens look at neighbours", "S17", "x.neighbours"),
    "x_social_capital": ("logit", "citizens lean on social capital", "S29", "x.social_capital"),
    "x_trust": ("logit", "citizens lean on trust", "T12", "x.trust"),
    "x_need": ("logit", "citizens answer to need", "T4", "x.need"),
    "x_levers": ("logit", "levers on citizens", "S35", "x.levers"),
    "y_tradition": ("logit", "tradition of government", "S21", "y.tradition"),
    "y_disposition": ("logit", "governments' disposition", "S13", "y.disposition"),
    "y_peers": ("logit", "governments look at peers", "S14", "y.peers"),
    "y_risk_culture": ("logit", "governments lean on risk culture", "S23", "y.risk_culture"),
    "y_capacity": ("logit", "governments lean on capacity", "S124", "y.capacity"),
    "y_top_support": ("logit", "governments lean on top support", "S20", "y.top_support"),
    "y_reputation": ("logit", "governments lean on citizens' reputation", "S24", "y.reputation"),
    "y_participation": ("logit", "governments see participation", "T24", "y.participation"),
    "y_budget": ("logit", "budget stress", "S100", "y.budget"),
    "y_levers": ("logit", "levers on governments", "S122", "y.levers"),
    "y_adopted": ("logit", "adopted co-creation", "S128", "mean(adoption_feedback(stage_before, depth_before, p))"),
}
#: The reasons whose terms are measured, of the average citizen and the average government.
REASONS = {
    "x": "citizen_reasons(people(citizens_disposition), people(neighbours_willingness), people(social_capital), T, "
         "people(coverage(services_solo + services_joint + services_called, citizens, p)), p)",
    "y": "government_reasons(mean(disposition), mean(peers_willingness), L, mean(capacity_before), A, R, "
         "mean(participants / citizens), UNAWARE, 0.0, p)",
}
#: name -> how it is computed.
FORMULAS = {name: formula for name, (_, _, _, formula) in _DECLARED.items()}
#: The row of a society in a quarter: name -> (unit, what it says, reference). The order is that of `.society`.
SOCIETY: Book[tuple[str, str, str]] = Book("indicator", {name: said[:3] for name, said in _DECLARED.items()})
mechanism.on_load(lambda loaded, listed: SOCIETY.learn(loaded.measured, listed))

#: The row that the engine fills: the house's own indicators.
ROW = np.dtype((np.record, [(name, np.float64) for name in SOCIETY.shipped]))
