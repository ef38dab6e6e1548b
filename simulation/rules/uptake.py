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
def uptake_probability(share, trust, resources, available, p):
    """avail (p0 + q0 sh) T (1 - c_d (1-e)) a quarter, sh the share of users met. With T = avail = 1, c_d = 0: Bass."""
    return available * (p.p0 + p.q0 * share) * trust * (1.0 - p.c_d * (1.0 - resources))
