"""Uptake of the innovation by citizens: adoption by governments and use by citizens are two curves (S7 S35 S76)."""

from __future__ import annotations

from letsdance.simulation.compiled import rule
from letsdance.simulation.rules.adoption import ADOPTED, PILOTING, UPSCALED


@rule
def availability(stage, depth, p):
    """avail: avail_pilot in a pilot, avail_adopted depth when adopted, depth when upscaled, else 0 (share)."""
    if stage == PILOTING:
        return p.avail_pilot
    if stage == ADOPTED:
        return p.avail_adopted * depth
    return depth if stage == UPSCALED else 0.0


@rule
def ready_to_use(trust, willingness, p):
    """T (1 - c_w (1-w)): whoever is not willing uses little of what is offered (S87), share."""
    return trust * (1.0 - p.c_w * (1.0 - willingness))


@rule
def uptake_probability(share, ready, resources, available, p):
    """avail (p0 + q0 sh) ready (1 - c_d (1-e)) a quarter, sh the share of users met, ready = T (1 - c_w (1-w)).

    With ready = avail = 1, c_d = 0: Bass.
    """
    return available * (p.p0 + p.q0 * share) * ready * (1.0 - p.c_d * (1.0 - resources))


@rule
def lapse_probability(willingness, p):
    """lapse (1-w) a quarter: whoever uses without being willing stops again, while it is still offered (S87)."""
    return p.lapse * (1.0 - willingness)
