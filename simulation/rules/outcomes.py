"""Outcomes: whether a project succeeds, whether a service ends (docs/odd.md section 4; S25 S27 S28 S29 S41 S143 T5 T12)."""

from __future__ import annotations

import numpy as np

from letsdance.simulation.compiled import rule
from letsdance.simulation.rules.numbers import clip, log, logistic

#: Kinds of initiative: citizens alone, citizens with support, called by the government.
SOLO, JOINT, CALLED = np.int64(0), np.int64(1), np.int64(2)


@rule
def ownership(kind, p):
    """How much citizens feel that the initiative is theirs, by its kind (share)."""
    if kind == SOLO:
        return p.own_solo
    return clip(p.own_joint if kind == JOINT else p.own_called, 0.0, 1.0)


@rule
def scale(size, p):
    """h = .5 - (ln(size / s*) / W)^2: the parabola of scale; too small hinders, too large blocks (S27)."""
    distance = log(size / p.s_star) / p.W
    return 0.5 - distance * distance


@rule
def success_probability(kind, social_capital, own, capacity, size, p):
    """sig(th0 + thS(2S-1) + thO(2own-1) + [supported](thG + thK(K-.5) + th_joint) - [solo](thG - th_solo) + thQ h)."""
    if kind == SOLO:
        help_of_government = p.th_solo - p.thG
    else:
        help_of_government = p.thG + p.thK * (capacity - 0.5) + p.th_joint
    return logistic(p.th0 + p.thS * (2.0 * social_capital - 1.0) + p.thO * (2.0 * own - 1.0) + help_of_government
                    + p.thQ * scale(size, p))


@rule
def effective_feedback(feedback, p):
    """phi + levers + reports, clipped to 0-1; a report adds in proportion to the feedback already there (S42)."""
    return clip(feedback + p.phi_shift + p.audit * feedback, 0.0, 1.0)


@rule
def effective_funding(funding, size, p):
    """fund + levers (+ the bond's money from bond_size members on), clipped to 0-1."""
    return clip(funding + p.fund_shift + (p.fund_large if size >= p.bond_size else 0.0), 0.0, 1.0)


@rule
def end_probability(kind, own, funding, feedback, members, p):
    """sig(hz0 - hzF(2fund-1)(1, or hzF_solo) - hzO(2own-1) - hzP(2phi-1) -/+ hzG [supported/solo] [- thQ h]) a quarter.

    The term in h belongs to the option that services grow (`growth` > 0).
    """
    reach = p.hzF_solo if kind == SOLO else 1.0
    sign = 1.0 if kind == SOLO else -1.0
    size_term = p.thQ * scale(members, p) if p.growth > 0.0 else 0.0
    return logistic(p.hz0 - p.hzF * (2.0 * funding - 1.0) * reach - p.hzO * (2.0 * own - 1.0)
                    - p.hzP * (2.0 * feedback - 1.0) + sign * p.hzG - size_term)
