"""Stocks: what experience leaves behind in a municipality (docs/odd.md section 4; S31 S36 S46 S60 S101 S130 S162 T13)."""

from __future__ import annotations

from letsdance.simulation.compiled import rule
from letsdance.simulation.rules.numbers import clip
from letsdance.simulation.rules.outcomes import SOLO


@rule
def start_rise(mean):
    """hi = clip((mean - .25) / .5, 0, 1): how far stocks rise at the start with a start mean of willingness (S84)."""
    return clip((mean - 0.25) / 0.5, 0.0, 1.0)


@rule
def next_social_capital(S, S0, participation, come, p):
    """S += mu Pi (1-S) - dS (S-S0) + levers come (1-S): taking part counts, not success (S36).

    Levers build it with those who come, the share that would join if asked: not without them (S30 S95).
    """
    pull = p.S_pull * come
    return clip(S + p.mu * participation * (1.0 - S) - p.dS * (S - S0) + pull * (1.0 - S), 0.0, 1.0)


@rule
def experience(kind, succeeded, p):
    """v: what members make of their government after a supported success, a supported failure, or acting alone."""
    if kind == SOLO:
        return p.v_solo
    return p.v_success if succeeded else p.v_failure


@rule
def trust_after_experience(T, v, p):
    """T += q (v-T), times T_neg if v < T; q = 1 - (1 - T_rate)^4, a year's worth, at most 1 (T13)."""
    rest = 1.0 - p.T_rate
    q = 1.0 - rest * rest * rest * rest
    step = min(1.0, q * p.T_neg) if v < T else q
    return T + step * (v - T)


@rule
def trust_of_everyone(T, responsiveness, p):
    """T += news, times T_neg if bad (T13), news = T_rate x0 (r - T) + drift; then the blow of a scandal; within 0-1."""
    news = p.T_rate * p.x0 * (responsiveness - T) + p.T_drift
    step = news * p.T_neg if news < 0.0 else news
    return clip((T + step) * p.T_hit, 0.0, 1.0)


@rule
def per_initiative(rate, citizens):
    """rate (25/n), at most 1: without the factor a larger municipality learns faster only because more happens."""
    return min(1.0, rate * 25.0 / citizens)


@rule
def reputation_after(R, succeeded, citizens, p):
    """R += eR (ok - R) for an evaluated initiative, eR per 25 citizens."""
    return R + per_initiative(p.eR, citizens) * ((1.0 if succeeded else 0.0) - R)


@rule
def reputation_after_dead_call(R, citizens, p):
    """R += R_dead eR (0 - R) for a call that nobody answered."""
    return R - p.R_dead * per_initiative(p.eR, citizens) * R


@rule
def reputation_fades(R, p):
    """R += R_drift (R0 - R)."""
    return R + p.R_drift * (p.R0 - R)


@rule
def strain(p):
    """B / (B + B_half), 0 for B <= 0: what budget stress does to people and politics; the first cut hurts most (share)."""
    stress = max(0.0, p.B)
    return stress / (stress + p.B_half)


@rule
def next_risk_culture(L, successes, failures, blamed, feedback, citizens, p):
    """L += eL ((s + phi f)(1-L) - chi' (1-phi) f L) + L_drift (L0-L) + levers, then a blow; clipped to 0-1.

    f counts supported failures + R_dead x dead calls; `blamed` is f less what a bond covers. Under budget stress
    failure is blamed harder, chi' = chi (1 + chi_B strain) (S176).
    """
    e = per_initiative(p.eL, citizens)
    gain = (successes + feedback * failures) * (1.0 - L)
    loss = p.chi * (1.0 + p.chi_B * strain(p)) * (1.0 - feedback) * blamed * L
    return clip((L + e * (gain - loss) + p.L_drift * (p.L0 - L) + p.L_pull * (1.0 - L)) * p.L_hit, 0.0, 1.0)


@rule
def resting_risk_culture(successes, failures, feedback, chi):
    """L* = (s + phi f) / (s + phi f + chi (1-phi) f): where risk culture rests without drift and levers."""
    gain = successes + feedback * failures
    return gain / (gain + chi * (1.0 - feedback) * failures)


@rule
def practised(supported, citizens, p):
    """K_idle + (1 - K_idle) q / (q + practice), q supported initiatives and services per 25 citizens: what teaching
    keeps. Training lasts only where it is practised (S169)."""
    q = supported * 25.0 / citizens
    return p.K_idle + (1.0 - p.K_idle) * q / (q + p.practice)


@rule
def next_capacity(K, evaluated, supported, willingness, feedback, citizens, p):
    """K += (eK phi J + K_g g + levers' teaching x practised)(1-K) - K_decay (1 + K_B strain (1-phi)) K; clipped to 0-1.

    J supported initiatives evaluated. Cuts take people and what they know, least where feedback keeps it (S106 S136).
    """
    taught = (p.K_pull + p.K_exchange * p.reflect) * practised(supported, citizens, p)
    learn = per_initiative(p.eK, citizens) * feedback * evaluated + p.K_g * willingness + taught
    leak = p.K_decay * (1.0 + p.K_B * strain(p) * (1.0 - feedback))
    return clip(K + learn * (1.0 - K) - leak * K, 0.0, 1.0)


@rule
def next_top_support(A, willingness, participation, mean_trust, p):
    """A += A_rate (A_g g + A_p Pi T - A) + levers (1-A), then a blow; clipped to 0-1."""
    target = p.A_g * willingness + p.A_p * participation * mean_trust
    return clip((A + p.A_rate * (target - A) + p.A_pull * (1.0 - A)) * p.A_hit, 0.0, 1.0)


@rule
def top_support_after_vote(A, spread, chance):
    """A += spread z, clipped to 0-1: an election, or a swing; chance is a standard normal."""
    return clip(A + spread * chance, 0.0, 1.0)
