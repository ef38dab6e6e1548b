"""Adoption of one innovation by governments, in stages (docs/odd.md section 6; S62-S76 S102 S115 S140 S181 S182 S188 T8).

Early adopters answer to top support, leadership and conflict; late ones to imitation and budget. The law is a floor
for all: it lifts whoever sees less in adopting (S63 T8), and nobody else.
"""

from __future__ import annotations

from typing import NamedTuple

from letsdance.simulation.compiled import rule
from letsdance.simulation.rules.numbers import clip, logistic

#: Stages of a government.
UNAWARE, AWARE, PILOTING, ADOPTED, UPSCALED, DISCONTINUED = 0, 1, 2, 3, 4, 5


class Value(NamedTuple):
    """What a government sees in adopting, term by term."""

    base: float
    innovativeness: float
    top_support: float
    leadership: float
    conflict: float
    imitation: float
    obligation: float
    budget: float
    advantage: float
    need: float
    employees: float
    capacity: float
    risk_aversion: float
    willingness: float


@rule
def in_use(stage):
    """Whether a government has the innovation: adopted, or upscaled."""
    return stage in (ADOPTED, UPSCALED)


@rule
def innovativeness_of_rank(rank, M):
    """iota = (M - rank - .5) / M: the first of M governments (rank 0) comes close to 1, the last close to 0."""
    return (M - rank - 0.5) / M


@rule
def category_of_rank(ahead, M):
    """Adopter category 0-4, innovators to laggards, of who has `ahead` others of M before it: 2.5/13.5/34/34/16 % (T8)."""
    place = (ahead + 0.5) / M
    return int(place >= 0.025) + int(place >= 0.16) + int(place >= 0.5) + int(place >= 0.84)


@rule
def exposure(among_peers, among_all, mix):
    """sh = mix * share of peers + (1 - mix) * share of everyone that has adopted."""
    return mix * among_peers + (1.0 - mix) * among_all


@rule
def freshness(before, adopts, p):
    """What is new about an adoption, to be imitated: 1 when it is made, less by `fade` each quarter (T10), share."""
    return 1.0 if adopts else before * (1.0 - p.fade)


@rule
def imitation(iota, news, p):
    """(1 - iota) vM n (1 - crowd n / 2), n the share of fresh adopters met; the next one counts 1 - crowd n (T10)."""
    return (1.0 - iota) * p.on_imitation * p.vM * news * (1.0 - 0.5 * p.crowd * news)


@rule
def advantage(experience_of_peers, iota, p):
    """adv = clip(adv0 + adv_gain * mean over peers (on depth - [discontinued]) + stories for the late, 0, 1)."""
    return clip(p.adv0 + p.adv_gain * experience_of_peers + p.adv_late * (1.0 - iota), 0.0, 1.0)


@rule
def effective_need(need, p):
    """need_m + trends, clipped to 0-1."""
    return clip(need + p.need_shift, 0.0, 1.0)


@rule
def value_terms(iota, top_support, risk_culture, capacity, willingness, need, news, adv, p):
    """The terms of V, without the law; every input is a share. With iota: early adopters', with 1-iota: late ones'."""
    late = 1.0 - iota
    return Value(
        p.v0, p.vI * (iota - 0.5),
        iota * p.vP * (top_support - 0.5), iota * p.vLd * (risk_culture - 0.5), -iota * p.vC * (p.conf - 0.4),
        imitation(iota, news, p), 0.0, -late * 2.0 * p.vB * p.B * p.cost,
        p.vA * (adv - 0.5), p.vN * (need - 0.5), p.vE * p.emp * (top_support - 0.3), p.vK * (capacity - 0.5),
        -p.vR * (0.5 - risk_culture), p.link * p.vG * (willingness - 0.5))


@rule
def obligation(freely, p):
    """mandate (vZ - V), at least 0: what the law adds to the value V that is seen freely. A floor for all (S63 T8)."""
    return p.on_obligation * p.mandate * max(0.0, p.vZ - freely)


@rule
def value(iota, top_support, risk_culture, capacity, willingness, need, news, adv, p):
    """V as it is seen freely, the sum of its terms; the law comes on top (`obligation`)."""
    v = value_terms(iota, top_support, risk_culture, capacity, willingness, need, news, adv, p)
    return (v.base + v.innovativeness + v.top_support + v.leadership + v.conflict + v.imitation + v.budget
            + v.advantage + v.need + v.employees + v.capacity + v.risk_aversion + v.willingness)


@rule
def awareness_probability(iota, share, p):
    """0>1: 1 - (1 - 2 iota aware0 - levers)(1 - aware_sh sh)(1 - aware_law mandate) a quarter.

    The innovative look out further (T16b); the others hear of it from adopters, brokers, awards or the law.
    """
    by_itself = min(1.0, 2.0 * iota * p.aware0 + p.aware_lever)
    by_law = p.aware_law * p.mandate * p.on_obligation
    return 1.0 - (1.0 - by_itself) * (1.0 - p.aware_sh * share) * (1.0 - by_law)


@rule
def pilot_probability(V, p):
    """1>2: pilot_rate sig(ba (V - pilot_th + pilot_support - pilot_blame (chi - 1.5))) a quarter (S57 S61)."""
    return p.pilot_rate * logistic(p.ba * (V - p.pilot_th + p.pilot_support - p.pilot_blame * (p.chi - 1.5)))


@rule
def direct_probability(V, p):
    """1>3 without a pilot: direct_rate sig(ba (V - direct_th)) a quarter."""
    return p.direct_rate * logistic(p.ba * (V - p.direct_th))


@rule
def pilot_success_probability(capacity, risk_culture, p):
    """A pilot works with sig(pilot0 + pilotK (K-.5) + pilotL (L-.5) + cm)."""
    return logistic(p.pilot0 + p.pilotK * (capacity - 0.5) + p.pilotL * (risk_culture - 0.5) + p.cm)


@rule
def decision_probability(V, p):
    """2>3: a pilot that worked convinces with sig(ba (V + decide)); else it is piloted again (a lab rat)."""
    return logistic(p.ba * (V + p.decide))


@rule
def retry_probability(risk_culture, feedback, p):
    """After a failed pilot: back to aware with L (retry + phi), at most 1; else it is lost (`after_lost_pilot`)."""
    return clip(risk_culture * (p.retry + feedback), 0.0, 1.0)


@rule
def after_lost_pilot(luck):
    """The stage after a pilot that taught nothing: half give up, half are as aware as before (luck uniform in 0-1)."""
    return DISCONTINUED if luck < 0.5 else AWARE


@rule
def capacity_after_failed_pilot(K, p):
    """K += K_retry (1-K): a failed pilot that is learnt from."""
    return K + p.K_retry * (1.0 - K)


@rule
def upscaling_probability(depth, capacity, top_support, p):
    """3>4: A up_rate sig(up_slope (up_depth depth + up_K K + up_A A + up_cm cm - up_th)) a quarter.

    Nothing is upscaled without the top: A is a factor, not only a term (S129).
    """
    merit = p.up_depth * depth + p.up_K * capacity + p.up_A * top_support + p.up_cm * p.cm
    return top_support * p.up_rate * logistic(p.up_slope * (merit - p.up_th))


@rule
def giving_up_probability(stage, depth, piloted, feedback, p):
    """3>5: end_rate sig(end_slope (end_th + end_blind [never piloted] - depth - phi + B)); 4>5 end_up of it.

    None under a full mandate. Who has never piloted learns late what it takes (S188).
    """
    needed = p.end_th + p.end_blind * (1.0 - piloted)
    rate = p.end_rate * logistic(p.end_slope * (needed - depth - feedback + p.B))
    rate *= 1.0 - p.mandate * p.on_obligation
    return rate * p.end_up if stage == UPSCALED else rate


@rule
def coerced_share(obliged, V):
    """How much of the decision is the law's: what it adds / max(.2, V + .6), within 0-1."""
    return clip(obliged / max(0.2, V + 0.6), 0.0, 1.0)


@rule
def depth_at_adoption(coerced, piloted, capacity, p):
    """clip(depth0 + depth_vol (1 - coerced) + depth_pilot piloted + depth_K (K-.5) + depth_cm cm, 0, 1)."""
    return clip(p.depth0 + p.depth_vol * (1.0 - coerced) + p.depth_pilot * piloted + p.depth_K * (capacity - 0.5)
                + p.depth_cm * p.cm, 0.0, 1.0)


@rule
def next_depth(depth, feedback, p):
    """depth += depth_grow (phi + cm)(1 - depth) a quarter, at most 1."""
    return min(1.0, depth + p.depth_grow * (feedback + p.cm) * (1.0 - depth))
