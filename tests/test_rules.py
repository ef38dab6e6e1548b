"""Every rule of simulation/rules and every indicator, called by hand on plain numbers.

Against a formula written anew from MODEL.md, for bounds, for the direction in which each argument and parameter
must push, and at its limits. A rule that is missing from CASES fails `test_every_rule_is_here`.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from scipy import special, stats

from letsdance.params import PARAMETERS, defaults, record_dtype
from letsdance.simulation import indicators, rules
from letsdance.simulation.rules import adoption, calls, numbers, outcomes, regimes, stocks, thresholds, uptake, willingness
from letsdance.simulation.rules.numbers import exp, log, logistic, normal_quantile, poisson_quantile
from letsdance.simulation.rules.outcomes import CALLED, JOINT, SOLO

SHARE, LOAD, KIND, STAGE = (0.0, 1.0), (0, 1, 2), (0, 1, 2), (0, 1, 2, 3, 4, 5)
SIZE, COUNT, CITIZENS, FLAG = (1.0, 24.0), (0.0, 8.0), (1.0, 10_000.0), (0, 1)
LOGIT, NORMAL, VALUE = (-3.0, 3.0), (-8.0, 8.0), (-3.0, 3.0)


def sig(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if abs(x) < 40 else float(x > 0)


def cut(x: float) -> float:
    return min(1.0, max(0.0, x))


@dataclass
class Case:
    """A rule, what its arguments may be, the parameters it uses, its formula anew, and where it must go."""

    rule: Any
    args: dict[str, Any]
    uses: str
    says: Callable[..., Any]
    up: str = ""
    down: str = ""
    bounds: tuple[float, float] | None = None
    #: What the middle is, where the usual middle (defaults; halfway) would be flat.
    middle: dict[str, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.rule.__name__


def _felt(p, push):
    size = push**2 + p.rec_felt**2
    return push**3 / size if size else 0.0


def _join(p, w, e, load):
    return cut(w + p.c_e * (e - 0.5) + _felt(p, p.rec)) * [1, p.load1, 0][load]


def _h(p, size):
    return 0.5 - (math.log(size / p.s_star) / p.W) ** 2


def _success(p, kind, social_capital, own, capacity, size):
    side = -p.thG + p.th_solo if kind == 0 else p.thG + p.thK * (capacity - 0.5) + p.th_joint
    return sig(p.th0 + p.thS * (2 * social_capital - 1) + p.thO * (2 * own - 1) + side + p.thQ * _h(p, size))


def _ends(p, kind, own, funding, feedback, members):
    solo = kind == 0
    x = p.hz0 - p.hzF * (2 * funding - 1) * (p.hzF_solo if solo else 1) - p.hzO * (2 * own - 1)
    x += -p.hzP * (2 * feedback - 1) + (p.hzG if solo else -p.hzG)
    return sig(x - (p.thQ * _h(p, members) if p.growth > 0 else 0))


def _year(p):
    return 1 - (1 - p.T_rate) ** 4


def _strain(p):
    return p.B / (p.B + p.B_half) if p.B > 0 else 0.0


def _practised(p, supported, citizens):
    q = supported * 25 / citizens
    return p.K_idle + (1 - p.K_idle) * q / (q + p.practice)


def _news(p, T, responsiveness):
    news = p.T_rate * p.x0 * (responsiveness - T) + p.T_drift
    return news * p.T_neg if news < 0 else news


def _capacity(p, K, evaluated, supported, willingness, feedback, citizens):
    learnt = min(1, p.eK * 25 / citizens) * feedback * evaluated + p.K_g * willingness
    learnt += (p.K_pull + p.K_exchange * p.reflect) * _practised(p, supported, citizens)
    return cut(K + learnt * (1 - K) - p.K_decay * (1 + p.K_B * _strain(p) * (1 - feedback)) * K)


def _imitated(p, iota, news):
    return (1 - iota) * p.on_imitation * p.vM * (news - p.crowd * news**2 / 2)


def _risk(p, L, successes, failures, blamed, feedback, citizens):
    e = min(1, p.eL * 25 / citizens)
    chi = p.chi * (1 + p.chi_B * _strain(p))
    moved = e * ((successes + feedback * failures) * (1 - L) - chi * (1 - feedback) * blamed * L)
    return cut((L + moved + p.L_drift * (p.L0 - L) + p.L_pull * (1 - L)) * p.L_hit)


def _V(p, iota, top_support, risk_culture, capacity, willingness, need, news, adv):
    A, L, K, g = top_support, risk_culture, capacity, willingness
    return (p.v0 + p.vI * (iota - 0.5) + iota * (p.vP * (A - 0.5) + p.vLd * (L - 0.5) - p.vC * (p.conf - 0.4))
            + _imitated(p, iota, news) - (1 - iota) * 2 * p.vB * p.B * p.cost
            + p.vA * (adv - 0.5) + p.vN * (need - 0.5) + p.vE * p.emp * (A - 0.3) + p.vK * (K - 0.5)
            - p.vR * (0.5 - L) + p.link * p.vG * (g - 0.5))


def _x(p, disposition, neighbours, social_capital, trust, covered):
    return (p.b_c + disposition + p.wN * (neighbours - 0.5) + p.wS * (social_capital - 0.5) + p.k * p.wT * (trust - 0.5)
            + p.wU * (p.U - p.ups * covered - 0.5) + p.x_lever)


def _adopted(p, stage, depth):
    return p.on_feedback * p.link * {3: 1, 4: 2}.get(stage, 0) * p.link_y * depth


def _y(p, disposition, peers, risk_culture, capacity, top_support, reputation, participation, stage, depth):
    return (p.b_g + disposition + p.wM * (peers - 0.5) + p.wL * (risk_culture - 0.5) + p.wK * (capacity - 0.5)
            + p.wA * (top_support - 0.5) + p.k * (p.wR * (reputation - 0.5) + p.wD * (participation - 0.5)) - p.B
            + p.y_lever + _adopted(p, stage, depth))


V_ARGS = {n: SHARE for n in ("iota", "top_support", "risk_culture", "capacity", "willingness", "need", "news", "adv")}
V_USES = "v0 vI vP vLd vC vM crowd vB vA vN vE vK vR vG conf cost emp link B on_imitation"
X_ARGS = {"disposition": LOGIT, "neighbours": SHARE, "social_capital": SHARE, "trust": SHARE, "covered": SHARE}
X_USES = "b_c wN wS wT wU U ups k x_lever"
Y_ARGS = {"disposition": LOGIT, **{n: SHARE for n in ("peers", "risk_culture", "capacity", "top_support", "reputation",
                                                     "participation")}, "stage": STAGE,
          "depth": SHARE}
Y_USES = "b_g wM wL wK wA wR wD k B y_lever link link_y on_feedback"
HALF = {"p.mandate": 0.5}

CASES = [
    # calls
    Case(
        calls.citizen_call_rate,
        {"citizens": CITIZENS, "mean_willingness": SHARE},
        "f f_c",
        lambda p, citizens, mean_willingness: p.f * p.f_c * citizens / 25 * mean_willingness,
        up="citizens mean_willingness p.f p.f_c",
    ),
    Case(
        calls.government_call_rate,
        {"citizens": CITIZENS, "willingness": SHARE},
        "f f_g",
        lambda p, citizens, willingness: p.f * p.f_g * citizens / 25 * willingness,
        up="citizens willingness p.f p.f_g",
    ),
    Case(
        calls.initiator_weight,
        {"willingness": SHARE, "resources": SHARE},
        "e0",
        lambda p, willingness, resources: willingness * (p.e0 + resources),
        up="willingness resources p.e0",
    ),
    Case(
        calls.availability_for,
        {"load": LOAD},
        "load1",
        lambda p, load: [1, p.load1, 0][load],
        up="p.load1",
        down="load",
        bounds=SHARE,
    ),
    Case(
        calls.join_probability,
        {"w": SHARE, "e": SHARE, "load": LOAD},
        "c_e rec rec_felt load1",
        _join,
        up="w e p.rec p.load1",
        down="load p.rec_felt",
        bounds=SHARE,
        middle={"p.rec": 0.06},
    ),
    Case(
        calls.felt,
        {"push": (-0.5, 0.5)},
        "rec_felt",
        _felt,
        up="push",
        middle={"push": 0.05},
    ),
    Case(
        calls.felt_responsiveness,
        {"responsive": SHARE},
        "close",
        lambda p, responsive: responsive + p.close * (1 - responsive),
        up="responsive p.close",
        bounds=SHARE,
    ),
    Case(
        calls.asked_by,
        {"near": FLAG},
        "bond",
        lambda p, near: (near - 0.5) * p.bond,
        up="near",
    ),
    Case(
        calls.crossing,
        {"rewire": SHARE, "silo": SHARE},
        "",
        lambda p, rewire, silo: rewire - rewire * silo,
        up="rewire",
        down="silo",
        bounds=SHARE,
    ),
    Case(
        calls.way_round,
        {"silo": SHARE, "far": COUNT},
        "through",
        lambda p, silo, far: silo / (1 + far * p.through),
        up="silo",
        down="far p.through",
        bounds=SHARE,
    ),
    Case(
        calls.effective_silo,
        {"silo": SHARE, "feedback_of_adoption": SHARE},
        "silo_shift",
        lambda p, silo, feedback_of_adoption: cut(silo + p.silo_shift - feedback_of_adoption),
        up="silo p.silo_shift",
        down="feedback_of_adoption",
        bounds=SHARE,
        middle={"p.silo_shift": 0.3},
    ),
    Case(
        calls.support_probability,
        {"willingness": SHARE, "silo": SHARE},
        "",
        lambda p, willingness, silo: willingness * (1 - silo),
        up="willingness",
        down="silo",
        bounds=SHARE,
    ),
    # outcomes
    Case(
        outcomes.ownership,
        {"kind": KIND},
        "own_solo own_joint own_called",
        lambda p, kind: [p.own_solo, p.own_joint, p.own_called][kind],
        up="p.own_joint",
        bounds=SHARE,
    ),
    Case(outcomes.scale, {"size": SIZE}, "s_star W", _h, up="p.W", bounds=(-math.inf, 0.5)),
    Case(
        outcomes.success_probability,
        {"kind": KIND, "social_capital": SHARE, "own": SHARE, "capacity": SHARE, "size": SIZE},
        "th0 thS thO thG thK thQ th_solo th_joint s_star W",
        _success,
        up="social_capital own capacity p.th0",
        bounds=SHARE,
    ),
    Case(
        outcomes.effective_feedback,
        {"feedback": SHARE},
        "phi_shift audit",
        lambda p, feedback: cut(feedback + p.phi_shift + p.audit * feedback),
        up="feedback p.phi_shift p.audit",
        bounds=SHARE,
    ),
    Case(
        outcomes.effective_funding,
        {"funding": SHARE, "size": SIZE},
        "fund_shift fund_large bond_size",
        lambda p, funding, size: cut(funding + p.fund_shift + (p.fund_large if size >= p.bond_size else 0)),
        up="funding p.fund_shift p.fund_large",
        bounds=SHARE,
    ),
    Case(
        outcomes.end_probability,
        {"kind": KIND, "own": SHARE, "funding": SHARE, "feedback": SHARE, "members": SIZE},
        "hz0 hzF hzF_solo hzO hzP hzG growth thQ s_star W",
        _ends,
        up="p.hz0",
        down="own funding feedback",
        bounds=SHARE,
    ),
    # stocks
    Case(
        stocks.next_social_capital,
        {"S": SHARE, "S0": SHARE, "participation": SHARE, "come": SHARE},
        "mu dS S_pull",
        lambda p, S, S0, participation, come: cut(
            S + (p.mu * participation + p.S_pull * come) * (1 - S) - p.dS * (S - S0)),
        up="S0 participation come p.mu p.S_pull",
        bounds=SHARE,
        middle={"p.S_pull": 0.05},
    ),
    Case(
        stocks.experience,
        {"kind": KIND, "succeeded": FLAG},
        "v_solo v_success v_failure",
        lambda p, kind, succeeded: p.v_solo if kind == 0 else [p.v_failure, p.v_success][succeeded],
        up="p.v_failure",
        bounds=SHARE,
        middle={"kind": 2, "succeeded": 0},
    ),
    Case(
        stocks.trust_after_experience,
        {"T": SHARE, "v": SHARE},
        "T_rate T_neg",
        lambda p, T, v: T + (min(1, _year(p) * p.T_neg) if v < T else _year(p)) * (v - T),
        up="T v",
        down="p.T_neg",
        bounds=SHARE,
        middle={"T": 0.7, "v": 0.4},
    ),
    Case(
        stocks.trust_of_everyone,
        {"T": SHARE, "responsiveness": SHARE},
        "T_rate x0 T_drift T_hit T_neg",
        lambda p, T, responsiveness: cut((T + _news(p, T, responsiveness)) * p.T_hit),
        up="T responsiveness p.T_drift p.T_hit",
        bounds=SHARE,
    ),
    Case(
        stocks.per_initiative,
        {"rate": SHARE, "citizens": CITIZENS},
        "",
        lambda p, rate, citizens: min(1, rate * 25 / citizens),
        up="rate",
        down="citizens",
        bounds=SHARE,
    ),
    Case(
        stocks.reputation_after,
        {"R": SHARE, "succeeded": FLAG, "citizens": CITIZENS},
        "eR",
        lambda p, R, succeeded, citizens: R + min(1, p.eR * 25 / citizens) * (succeeded - R),
        up="R succeeded",
        bounds=SHARE,
    ),
    Case(
        stocks.reputation_after_dead_call,
        {"R": SHARE, "citizens": CITIZENS},
        "eR R_dead",
        lambda p, R, citizens: R - p.R_dead * min(1, p.eR * 25 / citizens) * R,
        up="R citizens",
        down="p.R_dead p.eR",
        bounds=SHARE,
    ),
    Case(
        stocks.reputation_fades,
        {"R": SHARE},
        "R_drift R0",
        lambda p, R: R + p.R_drift * (p.R0 - R),
        up="R p.R0",
        bounds=SHARE,
    ),
    Case(
        stocks.next_risk_culture,
        {"L": SHARE, "successes": COUNT, "failures": COUNT, "blamed": COUNT, "feedback": SHARE, "citizens": CITIZENS},
        "eL chi chi_B B B_half L_drift L0 L_pull L_hit",
        _risk,
        up="successes failures feedback p.L0 p.L_pull p.L_hit",
        down="blamed p.chi p.B",
        bounds=SHARE,
        middle={"citizens": 400.0},
    ),
    Case(
        stocks.resting_risk_culture,
        {"successes": (0.1, 8.0), "failures": COUNT, "feedback": SHARE, "chi": (0.0, 8.0)},
        "",
        lambda p, successes, failures, feedback, chi: (
            (successes + feedback * failures) / (successes + feedback * failures + chi * (1 - feedback) * failures)
        ),
        up="successes feedback",
        down="failures chi",
        bounds=SHARE,
    ),
    Case(stocks.strain, {}, "B B_half", _strain, up="p.B", down="p.B_half", bounds=SHARE, middle={"p.B": 0.2}),
    Case(
        stocks.practised,
        {"supported": COUNT, "citizens": CITIZENS},
        "K_idle practice",
        _practised,
        up="supported p.K_idle",
        down="citizens p.practice",
        bounds=SHARE,
    ),
    Case(
        stocks.next_capacity,
        {"K": SHARE, "evaluated": COUNT, "supported": COUNT, "willingness": SHARE, "feedback": SHARE, "citizens": CITIZENS},
        "eK K_g K_pull K_exchange reflect K_idle practice K_decay K_B B B_half",
        _capacity,
        up="evaluated supported willingness feedback p.eK p.K_g p.K_pull p.K_exchange",
        down="citizens p.K_decay p.B",
        bounds=SHARE,
        middle={"p.K_pull": 0.02, "p.B": 0.1},
    ),
    Case(
        stocks.next_top_support,
        {"A": SHARE, "willingness": SHARE, "participation": SHARE, "mean_trust": SHARE},
        "A_rate A_g A_p A_pull A_hit",
        lambda p, A, willingness, participation, mean_trust: cut(
            (A + p.A_rate * (p.A_g * willingness + p.A_p * participation * mean_trust - A) + p.A_pull * (1 - A))
            * p.A_hit
        ),
        up="willingness participation mean_trust p.A_g p.A_p p.A_pull p.A_hit",
        bounds=SHARE,
    ),
    Case(
        stocks.top_support_after_vote,
        {"A": SHARE, "spread": (0.0, 0.5), "chance": NORMAL},
        "",
        lambda p, A, spread, chance: cut(A + spread * chance),
        up="A chance",
        bounds=SHARE,
    ),
    # willingness
    Case(
        willingness.coverage,
        {"services": (0.0, 500.0), "citizens": CITIZENS},
        "cover",
        lambda p, services, citizens: min(1, services / (p.cover * citizens / 25)),
        up="services",
        down="citizens p.cover",
        bounds=SHARE,
    ),
    Case(
        willingness.citizen_drive,
        X_ARGS,
        X_USES,
        _x,
        down="covered",
        up="disposition neighbours social_capital trust p.b_c p.U p.x_lever",
    ),
    Case(willingness.citizen_reasons, X_ARGS, X_USES, lambda p, **a: _x(p, **a)),
    Case(
        willingness.government_drive,
        Y_ARGS,
        Y_USES,
        _y,
        down="p.B",
        up="disposition peers risk_culture capacity top_support reputation participation p.b_g p.y_lever",
    ),
    Case(willingness.government_reasons, Y_ARGS, Y_USES, lambda p, **a: _y(p, **a)),
    Case(
        willingness.adoption_feedback,
        {"stage": STAGE, "depth": SHARE},
        "link link_y on_feedback",
        _adopted,
        up="depth p.link p.link_y",
        bounds=(0, 1),
        middle={"stage": 4},
    ),
    Case(
        willingness.willingness_target,
        {"drive": LOGIT},
        "lo hi beta",
        lambda p, drive: p.lo + (p.hi - p.lo) * sig(p.beta * drive),
        up="drive p.lo p.hi",
        bounds=SHARE,
        middle={"drive": 0.1},
    ),
    Case(
        willingness.next_willingness,
        {"willingness": SHARE, "drive": LOGIT, "chance": NORMAL},
        "a noise lo hi beta",
        lambda p, willingness, drive, chance: cut(
            willingness + p.a * (p.lo + (p.hi - p.lo) * sig(p.beta * drive) - willingness) + p.noise * chance
        ),
        up="willingness drive chance",
        bounds=SHARE,
    ),
    # adoption
    Case(
        adoption.exposure,
        {"among_peers": SHARE, "among_all": SHARE, "mix": SHARE},
        "",
        lambda p, among_peers, among_all, mix: mix * among_peers + (1 - mix) * among_all,
        up="among_peers among_all",
        bounds=SHARE,
    ),
    Case(
        adoption.advantage,
        {"experience_of_peers": (-1.0, 1.0), "iota": SHARE},
        "adv0 adv_gain adv_late",
        lambda p, experience_of_peers, iota: cut(p.adv0 + p.adv_gain * experience_of_peers + p.adv_late * (1 - iota)),
        up="experience_of_peers p.adv0 p.adv_late",
        down="iota",
        bounds=SHARE,
        middle={"p.adv_late": 0.1},
    ),
    Case(
        adoption.effective_need,
        {"need": SHARE},
        "need_shift",
        lambda p, need: cut(need + p.need_shift),
        up="need p.need_shift",
        bounds=SHARE,
    ),
    Case(
        adoption.value,
        V_ARGS,
        V_USES,
        _V,
        down="p.conf p.B",
        up="top_support risk_culture capacity willingness need news adv p.v0",
    ),
    Case(adoption.value_terms, V_ARGS, V_USES, lambda p, **a: _V(p, **a)),
    Case(
        adoption.freshness,
        {"before": SHARE, "adopts": FLAG},
        "fade",
        lambda p, before, adopts: 1 if adopts else before * (1 - p.fade),
        up="before",
        down="p.fade",
        bounds=SHARE,
        middle={"adopts": 0},
    ),
    Case(
        adoption.imitation,
        {"iota": SHARE, "news": SHARE},
        "vM crowd on_imitation",
        _imitated,
        up="news p.vM",
        down="iota p.crowd",
    ),
    Case(
        adoption.obligation,
        {"freely": VALUE},
        "vZ mandate on_obligation",
        lambda p, freely: p.on_obligation * p.mandate * max(0, p.vZ - freely),
        up="p.vZ p.mandate",
        down="freely",
        middle=HALF,
    ),
    Case(
        adoption.awareness_probability,
        {"iota": SHARE, "share": SHARE},
        "aware0 aware_lever aware_sh aware_law mandate on_obligation",
        lambda p, iota, share: (
            1
            - (1 - min(1, 2 * p.aware0 * iota + p.aware_lever))
            * (1 - p.aware_sh * share)
            * (1 - p.aware_law * p.mandate * p.on_obligation)
        ),
        up="iota share p.aware0 p.aware_lever p.aware_sh p.aware_law p.mandate",
        bounds=SHARE,
        middle=HALF,
    ),
    Case(
        adoption.pilot_probability,
        {"V": VALUE},
        "pilot_rate ba pilot_th pilot_support pilot_blame chi",
        lambda p, V: p.pilot_rate * sig(p.ba * (V - p.pilot_th + p.pilot_support - p.pilot_blame * (p.chi - 1.5))),
        up="V p.pilot_rate p.pilot_support",
        down="p.pilot_th p.chi",
        bounds=SHARE,
    ),
    Case(
        adoption.direct_probability,
        {"V": VALUE},
        "direct_rate ba direct_th",
        lambda p, V: p.direct_rate * sig(p.ba * (V - p.direct_th)),
        up="V p.direct_rate",
        down="p.direct_th",
        bounds=SHARE,
    ),
    Case(
        adoption.pilot_success_probability,
        {"capacity": SHARE, "risk_culture": SHARE},
        "pilot0 pilotK pilotL cm",
        lambda p, capacity, risk_culture: sig(
            p.pilot0 + p.pilotK * (capacity - 0.5) + p.pilotL * (risk_culture - 0.5) + p.cm
        ),
        up="capacity risk_culture p.pilot0 p.cm",
        bounds=SHARE,
    ),
    Case(
        adoption.decision_probability,
        {"V": VALUE},
        "ba decide",
        lambda p, V: sig(p.ba * (V + p.decide)),
        up="V p.decide",
        bounds=SHARE,
    ),
    Case(
        adoption.retry_probability,
        {"risk_culture": SHARE, "feedback": SHARE},
        "retry",
        lambda p, risk_culture, feedback: cut(risk_culture * (p.retry + feedback)),
        up="risk_culture feedback p.retry",
        bounds=SHARE,
    ),
    Case(
        adoption.capacity_after_failed_pilot,
        {"K": SHARE},
        "K_retry",
        lambda p, K: K + p.K_retry * (1 - K),
        up="K p.K_retry",
        bounds=SHARE,
    ),
    Case(
        adoption.upscaling_probability,
        {"depth": SHARE, "capacity": SHARE, "top_support": SHARE},
        "up_rate up_slope up_depth up_K up_A up_cm up_th cm",
        lambda p, depth, capacity, top_support: (
            top_support
            * p.up_rate
            * sig(
                p.up_slope * (p.up_depth * depth + p.up_K * capacity + p.up_A * top_support + p.up_cm * p.cm - p.up_th)
            )
        ),
        up="depth capacity top_support p.up_rate p.up_depth p.up_K p.up_A p.up_cm p.cm",
        down="p.up_th",
        bounds=SHARE,
        middle={"p.cm": 0.5},
    ),
    Case(
        adoption.giving_up_probability,
        {"stage": (3, 4), "depth": SHARE, "piloted": FLAG, "feedback": SHARE},
        "end_rate end_slope end_th end_blind end_up B mandate on_obligation",
        lambda p, stage, depth, piloted, feedback: (
            p.end_rate
            * sig(p.end_slope * (p.end_th + p.end_blind * (1 - piloted) - depth - feedback + p.B))
            * (1 - p.mandate * p.on_obligation)
            * (p.end_up if stage == 4 else 1)
        ),
        up="p.end_rate p.end_th p.B",
        down="stage depth piloted feedback p.mandate",
        bounds=SHARE,
    ),
    Case(
        adoption.coerced_share,
        {"obliged": (0.0, 3.0), "V": VALUE},
        "",
        lambda p, obliged, V: cut(obliged / max(0.2, V + 0.6)),
        up="obliged",
        down="V",
        bounds=SHARE,
        middle={"obliged": 0.4},
    ),
    Case(
        adoption.depth_at_adoption,
        {"coerced": SHARE, "piloted": FLAG, "capacity": SHARE},
        "depth0 depth_vol depth_pilot depth_K depth_cm cm",
        lambda p, coerced, piloted, capacity: cut(
            p.depth0
            + p.depth_vol * (1 - coerced)
            + p.depth_pilot * piloted
            + p.depth_K * (capacity - 0.5)
            + p.depth_cm * p.cm
        ),
        up="piloted capacity p.depth0 p.depth_vol p.depth_cm p.cm",
        down="coerced",
        bounds=SHARE,
        middle={"p.cm": 0.2},
    ),
    Case(
        adoption.next_depth,
        {"depth": SHARE, "feedback": SHARE},
        "depth_grow cm",
        lambda p, depth, feedback: min(1, depth + p.depth_grow * (feedback + p.cm) * (1 - depth)),
        up="depth feedback p.depth_grow p.cm",
        bounds=SHARE,
    ),
    # uptake
    Case(
        uptake.availability,
        {"stage": STAGE, "depth": SHARE},
        "avail_pilot avail_adopted",
        lambda p, stage, depth: {2: p.avail_pilot, 3: p.avail_adopted * depth, 4: depth}.get(stage, 0),
        up="depth p.avail_adopted",
        bounds=SHARE,
        middle={"stage": 3},
    ),
    Case(
        uptake.uptake_probability,
        {"share": SHARE, "ready": SHARE, "resources": SHARE, "available": SHARE},
        "p0 q0 c_d",
        lambda p, share, ready, resources, available: (
            available * (p.p0 + p.q0 * share) * ready * (1 - p.c_d * (1 - resources))
        ),
        up="share ready resources available p.p0 p.q0",
        down="p.c_d",
    ),
    Case(
        uptake.ready_to_use,
        {"trust": SHARE, "willingness": SHARE},
        "c_w",
        lambda p, trust, willingness: trust * (1 - p.c_w * (1 - willingness)),
        up="trust willingness",
        down="p.c_w",
        bounds=SHARE,
    ),
    Case(
        uptake.lapse_probability,
        {"willingness": SHARE},
        "lapse",
        lambda p, willingness: p.lapse * (1 - willingness),
        up="p.lapse",
        down="willingness",
        bounds=SHARE,
    ),
    # thresholds and regimes
    Case(
        thresholds.threshold_probability,
        {"share": SHARE, "slip": SHARE, "threshold": SHARE, "available": SHARE},
        "",
        lambda p, share, slip, threshold, available: (
            available * (1 if share >= threshold else slip if share > 0 else 0)
        ),
        up="share slip available",
        down="threshold",
        bounds=SHARE,
        middle={"share": 0.9, "threshold": 0.95},
    ),
    Case(
        regimes.quadrant,
        {"C": SHARE, "G": SHARE},
        "",
        lambda p, C, G: 2 * (C < 0.5) + (G < 0.5),
        down="C G",
        bounds=(0, 3),
        middle={"C": 0.45, "G": 0.45},
    ),
    Case(
        adoption.in_use,
        {"stage": STAGE},
        "",
        lambda p, stage: stage in (3, 4),
        bounds=(0, 1),
    ),
    Case(
        adoption.innovativeness_of_rank,
        {"rank": tuple(range(10)), "M": (10, 40, 400)},
        "",
        lambda p, rank, M: 1 - (rank + 0.5) / M,
        up="M",
        down="rank",
        bounds=SHARE,
    ),
    Case(
        adoption.category_of_rank,
        {"ahead": tuple(range(40)), "M": (40, 200, 1000)},
        "",  # Rogers' cuts of the normal curve, as he rounds them: 2.5, 16, 50 and 84 %
        lambda p, ahead, M: sum(40 * ahead + 20 >= cut * M for cut in (1, 6.4, 20, 33.6)),
        up="ahead",
        bounds=(0, 4),
        middle={"ahead": 19, "M": 40},
    ),
    Case(
        adoption.after_lost_pilot,
        {"luck": (0.0, 0.999)},
        "",
        lambda p, luck: 5 if luck < 0.5 else 1,
        bounds=(1, 5),
    ),
    Case(
        calls.resources_of,
        {"a": SHARE, "b": SHARE, "c": SHARE},
        "",
        lambda p, a, b, c: sorted((a, b, c))[1],
        bounds=SHARE,
    ),
    Case(
        stocks.start_rise,
        {"mean": SHARE},
        "",
        lambda p, mean: cut(2 * mean - 0.5),
        up="mean",
        bounds=SHARE,
        middle={"mean": 0.4},
    ),
    # indicators
    Case(
        indicators.share,
        {"part": COUNT, "whole": COUNT},
        "",
        lambda p, part, whole: part / whole if whole else math.nan,
        up="part",
        down="whole",
    ),
    Case(
        indicators.representativeness,
        {"poor_participants": COUNT, "participants": (1.0, 50.0), "poor": (1.0, 50.0), "citizens": (50.0, 90.0)},
        "",
        lambda p, poor_participants, participants, poor, citizens: poor_participants / participants / (poor / citizens),
        up="poor_participants citizens",
        down="participants poor",
    ),
    Case(
        indicators.accountability,
        {"supported": COUNT, "solo": (0.1, 8.0), "feedback": SHARE},
        "",
        lambda p, supported, solo, feedback: (supported + 0.4 * solo) / (supported + solo) * (0.5 + 0.5 * feedback),
        up="supported feedback",
        down="solo",
        bounds=SHARE,
    ),
    Case(
        indicators.legitimacy,
        {"trust": SHARE, "answered": SHARE, "representative": (0.0, 4.0)},
        "",
        lambda p, trust, answered, representative: trust * answered * min(1, representative),
        up="trust answered representative",
        bounds=SHARE,
        middle={"representative": 0.6},
    ),
    Case(
        indicators.efficiency,
        {"services": COUNT, "citizens": (1.0, 1e6), "adopted_depth": SHARE, "points": (1.0, 100.0)},
        "",
        lambda p, services, citizens, adopted_depth, points: (services / citizens * 100 + adopted_depth) / points,
        up="services adopted_depth",
        down="citizens points",
    ),
    Case(
        indicators.measured,
        {"true": SHARE, "noise_sd": (0.0, 0.5), "top_support": SHARE, "measure": SHARE, "chance": NORMAL},
        "",
        lambda p, true, noise_sd, top_support, measure, chance: (
            true + noise_sd * (1 - top_support) * (1 - measure) * chance
        ),
        up="true chance",
    ),
]
BY_NAME = {case.name: case for case in CASES}
WITH_P = {case.name: "p" in inspect.signature(getattr(case.rule, "py_func", case.rule)).parameters for case in CASES}


def domain(case: Case, name: str) -> Any:
    """What an argument or parameter (p.name) may be: a range of floats, or a tuple of whole numbers."""
    if not name.startswith("p."):
        return case.args[name]
    parameter = PARAMETERS[name[2:]]
    low, high = parameter.range
    return tuple(range(int(low), int(high) + 1)) if parameter.whole else (float(low), float(high))


def values(where: Any) -> st.SearchStrategy[Any]:
    if isinstance(where[0], float):
        return st.floats(*where)
    return st.sampled_from(where)


def inputs(case: Case) -> st.SearchStrategy[dict[str, Any]]:
    names = [*case.args, *(f"p.{n}" for n in case.uses.split())]
    return st.fixed_dictionaries({name: values(domain(case, name)) for name in names})


USUAL = defaults()


def called(case: Case, given: dict[str, Any]) -> Any:
    """The rule itself, by keywords, on plain numbers."""
    args = {name: value for name, value in given.items() if not name.startswith("p.")}
    if not WITH_P[case.name]:
        return case.rule(**args)
    p = np.zeros(1, record_dtype())
    p[0] = USUAL
    for name, value in given.items():
        if name.startswith("p."):
            p[name[2:]] = value
    return case.rule(**args, p=p[0])


def formula(case: Case, given: dict[str, Any]) -> float:
    args = {name: value for name, value in given.items() if not name.startswith("p.")}
    p = {name: parameter.default for name, parameter in PARAMETERS.items()}
    p |= {name[2:]: value for name, value in given.items() if name.startswith("p.")}
    return case.says(type("P", (), p), **args)


each = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


# ---------------------------------------------------------------- all rules

def test_every_rule_is_here():
    modules = [import_module(f"{rules.__name__}.{one.name}") for one in iter_modules(rules.__path__)]
    found = {
        name
        for module in [*modules, indicators]
        for name, thing in vars(module).items()
        if callable(thing) and getattr(thing, "__module__", "") == module.__name__ and not inspect.isclass(thing)
    }
    arithmetic = {"clip", "exp", "log", "logistic", "shifted", "normal_quantile", "poisson_quantile", "_poisson_by_sum"}
    assert found - arithmetic == set(BY_NAME)


@each
def test_a_rule_is_the_formula_of_the_model(case):
    @given(inputs(case))
    @settings(max_examples=40)
    def law(drawn):
        found = called(case, drawn)
        # reasons and values come term by term; their sum is the formula
        total = sum(found) if isinstance(found, tuple) else found
        assert total == pytest.approx(formula(case, drawn), rel=1e-9, abs=1e-11, nan_ok=True)
        if case.bounds:
            assert case.bounds[0] <= found <= case.bounds[1]

    law()


@pytest.mark.parametrize(("case", "name", "sign"), [
    pytest.param(case, name, sign, id=f"{case.name}-{name}")
    for case in CASES for sign, names in ((1, case.up), (-1, case.down)) for name in names.split()])
def test_a_rule_goes_where_it_must(case, name, sign):
    where = domain(case, name)

    @given(inputs(case), values(where))
    @settings(max_examples=15)
    def law(drawn, other):
        low, high = sorted((drawn[name], other))
        change = called(case, drawn | {name: high}) - called(case, drawn | {name: low})
        assert not sign * change < -1e-12

    law()
    # and it does go: from the middle of everything, a step changes it
    middle = {n: ((a := domain(case, n))[0] + a[-1]) / 2 if isinstance(domain(case, n)[0], float) else domain(case, n)[1]
              for n in case.args} | case.middle
    step = (where[1] - where[0]) / 10 if isinstance(where[0], float) else 1
    at = middle.get(name, PARAMETERS[name[2:]].default if name.startswith("p.") else None)
    low, high = (at, at + step) if at + step <= where[-1] else (at - step, at)
    change = called(case, middle | {name: high}) - called(case, middle | {name: low})
    assert sign * change > 1e-9


# ---------------------------------------------------------------- terms, limits, closed forms

def test_the_example_of_the_handbook():
    assert calls.join_probability(w=0.6, e=0.3, load=0, p=defaults()) == pytest.approx(0.6 + 0.5 * (0.3 - 0.5))


@given(inputs(BY_NAME["value"]))
def test_value_is_the_sum_of_its_terms(drawn):
    terms = called(BY_NAME["value_terms"], drawn)
    assert sum(terms) == pytest.approx(called(BY_NAME["value"], drawn), abs=1e-12)
    assert terms.obligation == 0  # the law looks at their sum, and is added by whoever looks


@pytest.mark.parametrize(("side", "args"), [("citizen", X_ARGS), ("government", Y_ARGS)])
def test_a_reason_stands_alone(side, args):
    """At the middle of everything each term but the constant ones is nought, and moving one input moves one term."""
    p = defaults()
    middle = {name: 0.0 if name == "disposition" else 0.5 for name in args} | ({"stage": 3} if "stage" in args else {})
    reasons = getattr(willingness, f"{side}_reasons")
    rest = reasons(**middle, p=p)
    assert sum(map(abs, rest)) == pytest.approx({"citizen": 0.04 + 0.3 * 0.3 * 0.5, "government": 0.10 + 0.05 * 0.5}[side])
    for name in middle:
        moved = reasons(**middle | {name: 4 if name == "stage" else 0.9}, p=p)
        assert sum(a != b for a, b in zip(rest, moved, strict=True)) == 1, name


def test_resources_are_beta_2_2():
    """The middle of three uniforms is: P(<= x) = 3 x^2 - 2 x^3, and so is what the poorest quarter and the mean rest on."""
    beta, at = stats.beta(2, 2), (np.arange(40) + 0.5) / 40
    below = np.mean([calls.resources_of(a=a, b=b, c=c) < 0.3 for a in at for b in at for c in at])
    assert below == pytest.approx(beta.cdf(0.3), abs=1e-3)
    poorest, average = calls.POOR, calls.MEAN_RESOURCES
    assert beta.cdf(poorest) == pytest.approx(0.25, abs=1e-15)
    assert average == beta.mean()


def test_an_early_adopter_answers_to_the_top_and_a_late_one_to_peers():
    p = defaults(B=0.3)
    usual = {n: 0.5 for n in V_ARGS}
    early, late = (adoption.value_terms(**usual | {"iota": iota, "top_support": 0.9, "risk_culture": 0.9}, p=p)
                   for iota in (1.0, 0.0))
    assert (early.imitation, early.budget) == (0, 0)
    assert (late.top_support, late.leadership, late.conflict) == (0, 0, 0)
    assert early.top_support > 0 < early.leadership
    assert late.imitation > 0 > late.budget


@given(st.floats(-2, 2), st.floats(0, 1))
def test_the_law_is_a_floor_for_all_and_moves_nobody_who_sees_more(freely, strict):
    p = defaults(mandate=strict)
    lifted = freely + adoption.obligation(freely=freely, p=p)
    assert lifted == pytest.approx(freely if freely >= p.vZ else freely + strict * (p.vZ - freely))
    assert freely + adoption.obligation(freely=freely, p=defaults(mandate=1)) >= p.vZ - 1e-12


@given(st.floats(0, 1), st.floats(0, 1))
def test_imitation_never_outweighs_innovativeness(news, iota):
    """However many have just adopted, who is more innovative values it no less (T10)."""
    p = defaults()
    less, more = (adoption.value_terms(**{n: 0.5 for n in V_ARGS} | {"iota": i, "news": news}, p=p)
                  for i in sorted((iota, 1.0)))
    assert more.imitation + more.innovativeness >= less.imitation + less.innovativeness - 1e-12


@given(st.floats(0, 1), st.floats(0, 1), st.floats(-0.5, 0.5), st.floats(0, 2))
def test_nobody_joins_a_third_initiative(w, e, rec, c_e):
    assert calls.join_probability(w=w, e=e, load=2, p=defaults(rec=rec, c_e=c_e)) == 0.0


@given(st.integers(2, 20), st.integers(1, 24))
def test_the_best_size_is_best(star, size):
    p = defaults(s_star=star)
    assert outcomes.scale(float(star), p) == 0.5
    assert size == star or outcomes.scale(float(size), p) < 0.5


@pytest.mark.parametrize("kind", [SOLO, JOINT, CALLED])
def test_support_helps_who_has_it_and_its_lack_hurts_who_has_not(kind):
    usual = {"kind": kind, "social_capital": 0.5, "own": 0.5, "capacity": 0.5, "size": 6.0}
    more = outcomes.success_probability(**usual, p=defaults(thG=1.0)) - outcomes.success_probability(**usual, p=defaults())
    assert (more > 0) == (kind != SOLO)
    assert (more < 0) == (kind == SOLO)
    usual = {"kind": kind, "own": 0.5, "funding": 0.5, "feedback": 0.5, "members": 3.0}
    more = outcomes.end_probability(**usual, p=defaults(hzG=1.0)) - outcomes.end_probability(**usual, p=defaults())
    assert (more > 0) == (kind == SOLO)


def test_capacity_and_full_funding_do_not_reach_citizens_alone_as_they_reach_others():
    usual = {"social_capital": 0.5, "own": 0.5, "size": 6.0, "p": defaults()}
    alone = [outcomes.success_probability(kind=SOLO, capacity=K, **usual) for K in (0.0, 1.0)]
    assert alone[0] == alone[1]
    ends = {kind: [outcomes.end_probability(kind=kind, own=0.5, funding=f, feedback=0.5, members=3.0, p=defaults())
                   for f in (0.0, 1.0)] for kind in (SOLO, JOINT)}
    def logit(x):
        return math.log(x / (1 - x))
    reach = {kind: logit(low) - logit(high) for kind, (low, high) in ends.items()}
    assert reach[SOLO] == pytest.approx(0.5 * reach[JOINT]) == pytest.approx(0.8)


@given(st.floats(0.1, 0.9), st.floats(0.1, 1), st.floats(0, 0.5))
def test_bad_news_weighs_more(T, share, rate):
    p, size = defaults(T_rate=rate), share * min(T, 1 - T)
    up = stocks.trust_after_experience(T=T, v=T + size, p=p) - T
    down = T - stocks.trust_after_experience(T=T, v=T - size, p=p)
    # up to rounding, and never further than the experience itself
    assert down == pytest.approx(min(size, 1.25 * up), rel=1e-9, abs=1e-12)


@given(successes=st.floats(0.5, 3), failures=st.floats(0.1, 3), feedback=st.floats(0, 1), chi=st.floats(0, 8),
       start=st.floats(0, 1))
@settings(max_examples=25)
def test_risk_culture_rests_at_its_closed_form(successes, failures, feedback, chi, start):
    # Where more than twice the way is gone in one quarter, the step leaps over its resting point and never rests.
    assume(0.12 * (successes + feedback * failures + chi * (1 - feedback) * failures) < 1.8)
    p = defaults(L_drift=0, chi=chi, eL=0.12)
    L = start
    for _ in range(1000):
        L = stocks.next_risk_culture(L=L, successes=successes, failures=failures, blamed=failures, feedback=feedback,
                                     citizens=25.0, p=p)
    assert pytest.approx(stocks.resting_risk_culture(successes=successes, failures=failures, feedback=feedback, chi=chi),
                         abs=1e-6) == L


@given(K=st.floats(0, 1), g=st.floats(0, 1))
def test_capacity_rests_where_learning_and_loss_balance(K, g):
    p = defaults()
    for _ in range(800):
        K = stocks.next_capacity(K=K, evaluated=0.0, supported=0.0, willingness=g, feedback=0.4, citizens=25.0, p=p)
    assert pytest.approx(0.04 * g / (0.04 * g + 0.03), abs=1e-9) == K


@given(S=st.floats(0, 1), participation=st.floats(0, 1))
def test_social_capital_rests_where_building_and_wear_balance(S, participation):
    p = defaults()
    for _ in range(1500):
        S = stocks.next_social_capital(S=S, S0=0.2, participation=participation, come=0.5, p=p)
    assert pytest.approx((0.085 * participation + 0.03 * 0.2) / (0.085 * participation + 0.03), abs=1e-9) == S


@given(w=st.floats(0, 1), drive=st.floats(-1, 1))
def test_willingness_comes_to_its_target(w, drive):
    p = defaults(noise=0)
    assert willingness.next_willingness(willingness=w, drive=drive, chance=1.0, p=defaults(noise=0, a=1)) == pytest.approx(
        willingness.willingness_target(drive=drive, p=p), abs=1e-12)
    for _ in range(200):
        w = willingness.next_willingness(willingness=w, drive=drive, chance=0.0, p=p)
    assert w == pytest.approx(willingness.willingness_target(drive=drive, p=p), abs=1e-9)


def test_legitimacy_is_unknown_where_representativeness_is():
    assert math.isnan(indicators.legitimacy(trust=0.5, answered=0.5, representative=math.nan))


@given(st.floats(0, 1), st.floats(0, 1), st.sampled_from([3, 4]))
def test_nobody_gives_up_under_a_full_mandate(depth, feedback, stage):
    chance = adoption.giving_up_probability(stage=stage, depth=depth, piloted=0.0, feedback=feedback, p=defaults(mandate=1))
    assert chance == 0.0


@given(st.floats(0, 1), st.floats(0, 1))
def test_nothing_is_used_that_is_not_offered(share, depth):
    for stage in (adoption.UNAWARE, adoption.AWARE, adoption.DISCONTINUED):
        available = uptake.availability(stage=stage, depth=depth, p=defaults())
        assert uptake.uptake_probability(share=share, ready=1.0, resources=1.0, available=available, p=defaults()) == 0.0


def test_the_quadrants_have_their_names():
    assert [
        regimes.REGIMES[regimes.quadrant(C=C, G=G)] for C, G in ((0.75, 0.75), (0.75, 0.25), (0.25, 0.75), (0.25, 0.25))
    ] == ["lets_dance", "lone_ranger", "dead_horse", "wasteland"]
    assert regimes.quadrant(C=0.5, G=0.5) == regimes.LETS_DANCE


# ---------------------------------------------------------------- where a rule turns: by hand, at the turn and beside it

TURNS = [
    # what the law adds / max(.2, V + .6): the floor holds up to V = -.4
    *((adoption.coerced_share, {"obliged": 0.1, "V": V}, {}, share)
      for V, share in ((-3.0, 0.5), (-0.6, 0.5), (-0.45, 0.5), (-0.4, 0.5), (-0.35, 0.4), (-0.2, 0.25), (0.4, 0.1))),
    (adoption.coerced_share, {"obliged": 1.2, "V": 0.4}, {}, 1.0),
    *((adoption.obligation, {"freely": V}, {"vZ": 0.5, "mandate": m}, more)
      for V, m, more in ((-0.5, 1.0, 1.0), (0.5, 1.0, 0.0), (0.51, 1.0, 0.0), (0.0, 0.5, 0.25), (-1.0, 0.0, 0.0))),
    (adoption.awareness_probability, {"iota": 0.5, "share": 0.0}, {"aware0": 0.4, "aware_lever": 0.5, "mandate": 0.0}, 0.9),
    (adoption.awareness_probability, {"iota": 0.5, "share": 0.0}, {"aware0": 0.7, "aware_lever": 0.5, "mandate": 0.0}, 1.0),
    (adoption.retry_probability, {"risk_culture": 0.8, "feedback": 0.5}, {"retry": 0.5}, 0.8),
    (adoption.retry_probability, {"risk_culture": 1.0, "feedback": 0.9}, {"retry": 0.5}, 1.0),
    (adoption.next_depth, {"depth": 0.5, "feedback": 0.4}, {"depth_grow": 0.1, "cm": 0.2}, 0.53),
    (adoption.next_depth, {"depth": 1.0, "feedback": 0.4}, {"depth_grow": 0.1, "cm": 0.2}, 1.0),
    # the bond's money: from so many members on
    *((outcomes.effective_funding, {"funding": 0.2, "size": size},
       {"fund_shift": 0.1, "fund_large": 0.4, "bond_size": 8.0}, fund)
      for size, fund in ((7.0, 0.3), (7.99, 0.3), (8.0, 0.7), (9.0, 0.7))),
    (outcomes.effective_feedback, {"feedback": 0.4}, {"phi_shift": 0.1, "audit": 0.5}, 0.7),
    (outcomes.effective_feedback, {"feedback": 0.9}, {"phi_shift": 0.1, "audit": 0.5}, 1.0),
    # 25 citizens are what rates are told for
    *((stocks.per_initiative, {"rate": 0.1, "citizens": n}, {}, rate)
      for n, rate in ((1.0, 1.0), (2.5, 1.0), (5.0, 0.5), (25.0, 0.1), (250.0, 0.01))),
    (stocks.trust_after_experience, {"T": 0.5, "v": 1.0}, {"T_rate": 0.5, "T_neg": 1.0}, 0.5 + 15 / 16 * 0.5),
    (stocks.trust_after_experience, {"T": 0.5, "v": 0.0}, {"T_rate": 0.25, "T_neg": 1.25},
     0.5 - 1.25 * 175 / 256 * 0.5),
    (stocks.trust_after_experience, {"T": 0.5, "v": 0.0}, {"T_rate": 0.5, "T_neg": 2.0}, 0.0),  # never beyond it
    *((willingness.coverage, {"services": k, "citizens": 50.0}, {"cover": 2.0}, share)
      for k, share in ((0.0, 0.0), (1.0, 0.25), (4.0, 1.0), (5.0, 1.0))),
    *((willingness.adoption_feedback, {"stage": stage, "depth": 0.5}, {"on_feedback": 1.0, "link": 0.5, "link_y": 0.4}, y)
      for stage, y in enumerate((0.0, 0.0, 0.0, 0.1, 0.2, 0.0))),
    *((uptake.availability, {"stage": stage, "depth": 0.5}, {"avail_pilot": 0.1, "avail_adopted": 0.6}, there)
      for stage, there in enumerate((0.0, 0.0, 0.1, 0.3, 0.5, 0.0))),
    *((calls.availability_for, {"load": load}, {"load1": 0.3}, left) for load, left in enumerate((1.0, 0.3, 0.0, 0.0))),
    *((regimes.quadrant, {"C": C, "G": G}, {}, found) for C, G, found in (
        (0.5, 0.5, 0), (0.5, 0.4999, 1), (0.4999, 0.5, 2), (0.4999, 0.4999, 3), (0.5049, 0.5049, 0), (0.4951, 0.4951, 3))),
    *((thresholds.threshold_probability, {"share": share, "threshold": 0.5, "available": 0.8}, {"slip": 0.25}, chance)
      for share, chance in ((0.0, 0.0), (0.01, 0.2), (0.4999, 0.2), (0.5, 0.8), (1.0, 0.8))),
    (thresholds.threshold_probability, {"share": 0.0, "threshold": 0.0, "available": 0.8}, {"slip": 0.25}, 0.8),
    *((indicators.legitimacy, {"trust": 0.5, "answered": 0.8, "representative": ratio}, {}, found)
      for ratio, found in ((0.5, 0.2), (1.0, 0.4), (1.005, 0.4), (2.0, 0.4))),
]


@pytest.mark.parametrize(("rule", "args", "parameters", "by_hand"), [
    pytest.param(*turn, id=f"{turn[0].__name__}-{k}") for k, turn in enumerate(TURNS)])
def test_a_rule_turns_where_it_says(rule, args, parameters, by_hand):
    if WITH_P[rule.__name__]:
        args = args | {name: value for name, value in parameters.items() if name not in PARAMETERS}
        args |= {"p": defaults(**{name: value for name, value in parameters.items() if name in PARAMETERS})}
    else:
        args = args | parameters
    assert rule(**args) == pytest.approx(by_hand, rel=1e-12, abs=1e-12)


def test_numbers_of_stages_kinds_and_regimes_are_those_of_the_handbook():
    assert (adoption.UNAWARE, adoption.AWARE, adoption.PILOTING, adoption.ADOPTED, adoption.UPSCALED,
            adoption.DISCONTINUED) == (0, 1, 2, 3, 4, 5)
    assert (int(SOLO), int(JOINT), int(CALLED)) == (0, 1, 2)
    assert (regimes.LETS_DANCE, regimes.LONE_RANGER, regimes.DEAD_HORSE, regimes.WASTELAND, regimes.HOLD) == (0, 1, 2, 3, 2)


# ---------------------------------------------------------------- arithmetic

@given(st.floats(-40, 40))
@example(0.0)
@example(40.0)
def test_exp(x):
    # seven terms of Taylor at |x|/256: below 1e-13 up to |x| = 5, where beta times drive mostly is, then growing as x^7
    assert exp(x) == pytest.approx(math.exp(x), rel=max(1e-13, 1e-18 * abs(x) ** 7))


@given(st.floats(40, 1e300))
def test_exp_is_clipped_beyond_forty(x):
    assert exp(x) == exp(40.0)
    assert exp(-x) == exp(-40.0) > 0


@given(st.floats(1e-300, 1e300))
@example(1.0)
@example(math.sqrt(2))
@example(np.nextafter(1.0, 0.0))
@example(2.0**-53)
def test_log(x):
    assert log(x) == pytest.approx(math.log(x), rel=1e-13, abs=1e-13)


@given(st.floats(-40, 40))
def test_logistic(x):
    assert logistic(x) == pytest.approx(float(special.expit(x)), rel=1e-12)
    assert logistic(x) + logistic(-x) == pytest.approx(1.0, abs=1e-12)
    assert numbers.shifted(logistic(x), 0.0) == logistic(x)
    for more in (-2.5, 0.3, 4.0):  # log-odds add up
        assert numbers.shifted(logistic(x), more) == pytest.approx(float(special.expit(x + more)), rel=1e-9)
    assert (numbers.shifted(0.0, 3.0), numbers.shifted(1.0, -3.0)) == (0.0, 1.0)


@given(st.floats(2.0**-22, 1 - 2.0**-22))
@example(0.5)
@example(2.0**-22)
def test_normal_quantile(u):
    assert normal_quantile(u) == pytest.approx(special.ndtri(u), abs=1e-6)


TAILS = np.sort(np.concatenate([np.arange(2000) * 2.0**-53, 2.0 ** -np.arange(2, 53), 1 - 2.0 ** -np.arange(2, 54)]))


def test_normal_quantile_is_finite_and_rises_where_luck_falls():
    assert all(abs(normal_quantile(u)) < 5.1 for u in TAILS)
    z = np.array([normal_quantile(u) for u in np.linspace(2.0**-22, 1 - 2.0**-22, 20_001)])
    assert (np.diff(z) > 0).all()


def test_normal_quantile_is_as_exact_in_the_tails_as_it_says():
    z = np.array([normal_quantile(u) for u in TAILS])
    np.testing.assert_allclose(z, special.ndtri(np.clip(TAILS, 2.0**-22, 1 - 2.0**-22)), rtol=0, atol=5e-6)


@given(st.floats(0.0, 1.0, exclude_max=True), st.floats(1e-3, 30))
def test_poisson_quantile_is_that_of_scipy(u, rate):
    u = min(u, 1 - 1e-12)  # the very last uniforms are a test of their own
    count = poisson_quantile(u, rate)
    # within rounding of the summed probabilities, the count is the least whose cumulated probability exceeds u
    assert stats.poisson.cdf(count, rate) > u - 1e-12
    assert count == 0 or stats.poisson.cdf(count - 1, rate) <= u + 1e-12


@given(st.floats(0.0, 1.0, exclude_max=True), st.floats(30.001, 1e6))
def test_poisson_quantile_of_a_high_rate_is_at_most_one_off(u, rate):
    u = min(max(u, 2.0**-22), 1 - 2.0**-22)  # as far as the normal quantile is exact
    assert abs(poisson_quantile(u, rate) - stats.poisson.ppf(u, rate)) <= 1


@given(st.integers(0, 2**53 - 1), st.floats(0, 60), st.floats(0, 60))
@settings(max_examples=400)
def test_a_higher_rate_never_takes_an_event_away(whole, one, other):
    low, high = sorted((one, other))
    assume(high <= 30.0 or low > 30.0)  # where the two methods meet, and the last uniforms, are the next tests'
    u = min(whole * 2.0**-53, 1 - 1e-12)
    assert poisson_quantile(u, low) <= poisson_quantile(u, high)


def test_a_higher_rate_never_takes_an_event_away_where_the_methods_meet():
    for u in np.linspace(0, 1, 20_001)[:-1]:
        assert poisson_quantile(u, 30.0) <= poisson_quantile(u, 30.0 + 1e-9), u


def test_the_last_uniform_does_not_run_away():
    for rate in np.linspace(0.1, 30, 300):
        assert poisson_quantile(1 - 2.0**-53, rate) <= stats.poisson.isf(2.0**-53, rate) + 2, rate


@pytest.mark.parametrize("rate", [0.5, 5.0, 30.0])
def test_counts_up_to_a_rate_of_thirty_are_exact(rate):
    u = (np.arange(4000) + 0.5) / 4000
    assert [poisson_quantile(one, rate) for one in u] == stats.poisson.ppf(u, rate).tolist()


@pytest.mark.parametrize("rate", [31.0, 100.0, 900.0])
def test_counts_of_a_high_rate_are_neither_too_high_nor_too_low(rate):
    """Over evenly spaced uniforms: the mean and the variance are the rate; one too many in every draw would be seen."""
    counts = np.array([poisson_quantile(u, rate) for u in (np.arange(4000) + 0.5) / 4000])
    assert counts.mean() == pytest.approx(rate, abs=0.05)
    assert counts.var() == pytest.approx(rate, rel=0.01)
    off = counts - stats.poisson.ppf((np.arange(4000) + 0.5) / 4000, rate)
    assert (off != 0).mean() < 0.02


def test_no_rate_no_event():
    assert poisson_quantile(0.999999, 0.0) == 0
    assert poisson_quantile(0.999999, -1.0) == 0
    assert numbers.clip(2.0, 0.0, 1.0) == 1.0
