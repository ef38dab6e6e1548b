"""Calls and launches: who calls and joins, whether the government supports (docs/odd.md section 4; S3 S15 S17 S19 S30)."""

from __future__ import annotations

from letsdance.simulation.compiled import rule
from letsdance.simulation.rules.numbers import clip

#: Initiatives that one citizen is in at most.
MOST_LOAD = 2
#: Resources are Beta(2, 2): their mean, and their 25 % quantile, below which a citizen is of the poorest quarter (S35).
MEAN_RESOURCES, POOR = 0.5, 0.32635182233306964


@rule
def resources_of(a, b, c):
    """The middle of three uniforms, which is Beta(2, 2): a citizen's resources (share)."""
    return max(min(a, b), min(max(a, b), c))


@rule
def citizen_call_rate(citizens, mean_willingness, p):
    """f f_c (n/25) C: calls by citizens in a quarter (Poisson mean)."""
    return p.f * p.f_c * citizens / 25.0 * mean_willingness


@rule
def government_call_rate(citizens, willingness, p):
    """f f_g (n/25) g: calls by the government in a quarter (Poisson mean)."""
    return p.f * p.f_g * citizens / 25.0 * willingness


@rule
def initiator_weight(willingness, resources, p):
    """w (e0 + e): how likely a citizen is the one who calls; the well-resourced call more (S3)."""
    return willingness * (p.e0 + resources)


@rule
def availability_for(load, p):
    """1, load1, 0 at a load of 0, 1, 2 initiatives: how much time is left to join another."""
    if load <= 0:
        return 1.0
    return p.load1 if load == 1 else 0.0


@rule
def felt(push, p):
    """push^3 / (push^2 + rec_felt^2): half of a push as large as rec_felt is felt, of a letter nothing (T1 T3b), share."""
    square = push * push
    return push * square / (square + p.rec_felt * p.rec_felt + 1e-300)


@rule
def asked_by(near, p):
    """bond / 2 from somebody next door, -bond / 2 from afar: closeness makes people come (S17), added to w (share)."""
    return 0.5 * p.bond if near else -0.5 * p.bond


@rule
def join_probability(w, e, load, p):
    """clip(w + c_e (e - .5) + felt(rec), 0, 1), times what the load leaves: the chance that a contact joins."""
    return clip(w + p.c_e * (e - 0.5) + felt(p.rec, p), 0.0, 1.0) * availability_for(load, p)


@rule
def effective_silo(silo, feedback_of_adoption, p):
    """silo + levers - adopted co-creation, clipped to 0-1."""
    return clip(silo + p.silo_shift - feedback_of_adoption, 0.0, 1.0)


@rule
def crossing(rewire, silo):
    """rewire (1 - silo): which share of ties leads far off; informal ties follow the formal structure (S19)."""
    return rewire * (1.0 - silo)


@rule
def way_round(silo, far, p):
    """silo / (1 + through far): a call gets round silos by its initiator's `far` ties beyond the neighbourhood (S15)."""
    return silo / (1.0 + p.through * far)


@rule
def support_probability(willingness, silo):
    """g (1 - silo): the chance that a government supports a citizens' call; also its responsiveness to everyone."""
    return willingness * (1.0 - silo)


@rule
def felt_responsiveness(responsive, p):
    """r + close (1 - r): officials whom citizens meet make good part of what the responsiveness r lacks (S158)."""
    return responsive + p.close * (1.0 - responsive)
