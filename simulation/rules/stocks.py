"""Stocks: what experience leaves behind in a municipality (docs/odd.md section 4; S31 S36 S46 S60 S101 S130 S162 T13)."""

from __future__ import annotations

from letsdance.simulation.compiled import rule
from letsdance.simulation.rules.numbers import clip
from letsdance.simulation.rules.outcomes import SOLO


@rule
def next_social_capital(S, S0, participation, p):
    """S += mu Pi (1-S) - dS (S-S0) + levers (1-S): taking part counts, not success (S36)."""
    return clip(S + p.mu * participation * (1.0 - S) - p.dS * (S - S0) + p.S_pull * (1.0 - S), 0.0, 1.0)


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
    """T += T_rate x0 (g(1-silo) - T) + drift, then the blow of a scandal; clipped to 0-1."""
    return clip((T + p.T_rate * p.x0 * (responsiveness - T) + p.T_drift) * p.T_hit, 0.0, 1.0)


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
def next_risk_culture(L, successes, failures, blamed, feedback, citizens, p):
    """L += eL ((s + phi f)(1-L) - chi (1-phi) f L) + L_drift (L0-L) + levers, then a blow; clipped to 0-1.

    f counts supported failures + R_dead x dead calls; `blamed` is f less what a bond covers.
    """
    e = per_initiative(p.eL, citizens)
    gain = (successes + feedback * failures) * (1.0 - L)
    loss = p.chi * (1.0 - feedback) * blamed * L
    return clip((L + e * (gain - loss) + p.L_drift * (p.L0 - L) + p.L_pull * (1.0 - L)) * p.L_hit, 0.0, 1.0)


@rule
def resting_risk_culture(successes, failures, feedback, chi):
    """L* = (s + phi f) / (s + phi f + chi (1-phi) f): where risk culture rests without drift and levers."""
    gain = successes + feedback * failures
    return gain / (gain + chi * (1.0 - feedback) * failures)


@rule
def next_capacity(K, evaluated, willingness, feedback, citizens, p):
    """K += (eK phi J + K_g g + levers)(1-K) - K_decay K; J supported initiatives evaluated; clipped to 0-1."""
    learn = (per_initiative(p.eK, citizens) * feedback * evaluated + p.K_g * willingness + p.K_pull
             + p.K_exchange * p.reflect)
    return clip(K + learn * (1.0 - K) - p.K_decay * K, 0.0, 1.0)


@rule
def next_top_support(A, willingness, participation, mean_trust, p):
    """A += A_rate (A_g g + A_p Pi T - A) + levers (1-A), then a blow; clipped to 0-1."""
    target = p.A_g * willingness + p.A_p * participation * mean_trust
    return clip((A + p.A_rate * (target - A) + p.A_pull * (1.0 - A)) * p.A_hit, 0.0, 1.0)


@rule
def top_support_after_vote(A, spread, chance):
    """A += spread z, clipped to 0-1: an election, or a swing; chance is a standard normal."""
    return clip(A + spread * chance, 0.0, 1.0)
