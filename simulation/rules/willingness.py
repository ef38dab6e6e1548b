"""Willingness of citizens and of governments: reasons add up, willingness moves towards what they call for.

x, y are sums of reasons in logits (docs/odd.md section 4; S13 S21-S24 S29 S45 T4 T12 T14 T24); the target is
lo + (hi - lo) sig(beta x), approached at pace a a quarter, with noise. Willingness lies in 0-1.
"""

from __future__ import annotations

from typing import NamedTuple

from letsdance.simulation.compiled import rule
from letsdance.simulation.rules.adoption import ADOPTED, UPSCALED
from letsdance.simulation.rules.numbers import clip, logistic

#: What is seen of others' willingness where there is nobody to look at: neither for nor against.
NOBODY = 0.5


class CitizenReasons(NamedTuple):
    """Why a citizen is willing, term by term, in logits."""

    leaning: float
    disposition: float
    neighbours: float
    social_capital: float
    trust: float
    need: float
    levers: float


class GovernmentReasons(NamedTuple):
    """Why a government is willing, term by term, in logits."""

    tradition: float
    disposition: float
    peers: float
    risk_culture: float
    capacity: float
    top_support: float
    reputation: float
    participation: float
    budget: float
    levers: float
    adopted: float


@rule
def coverage(services, citizens, p):
    """cov = min(1, services / (cover n/25)): how much of the need that services can meet is met (share)."""
    return min(1.0, services / (p.cover * citizens / 25.0))


@rule
def citizen_reasons(disposition, neighbours, social_capital, trust, covered, p):
    """b_c, d, wN(nbar-.5), wS(S-.5), k wT(T-.5), wU(U - ups cov - .5), levers. Inputs are shares; d logits."""
    return CitizenReasons(
        p.b_c, disposition, p.wN * (neighbours - 0.5), p.wS * (social_capital - 0.5), p.k * p.wT * (trust - 0.5),
        p.wU * (p.U - p.ups * covered - 0.5), p.x_lever)


@rule
def citizen_drive(disposition, neighbours, social_capital, trust, covered, p):
    """x, the sum of a citizen's reasons (logits)."""
    r = citizen_reasons(disposition, neighbours, social_capital, trust, covered, p)
    return r.leaning + r.disposition + r.neighbours + r.social_capital + r.trust + r.need + r.levers


@rule
def government_reasons(
        disposition, peers, risk_culture, capacity, top_support, reputation, participation, stage, depth, p):
    """b_g, d_m, wM(gbar-.5), wL(L-.5), wK(K-.5), wA(A-.5), k wR(R-.5), k wD(Pi-.5), -B, levers, adopted co-creation."""
    return GovernmentReasons(
        p.b_g, disposition, p.wM * (peers - 0.5), p.wL * (risk_culture - 0.5), p.wK * (capacity - 0.5),
        p.wA * (top_support - 0.5), p.k * p.wR * (reputation - 0.5), p.k * p.wD * (participation - 0.5),
        -p.B, p.y_lever, adoption_feedback(stage, depth, p))


@rule
def government_drive(
        disposition, peers, risk_culture, capacity, top_support, reputation, participation, stage, depth, p):
    """y, the sum of a government's reasons (logits)."""
    r = government_reasons(
        disposition, peers, risk_culture, capacity, top_support, reputation, participation, stage, depth, p)
    return (r.tradition + r.disposition + r.peers + r.risk_culture + r.capacity + r.top_support + r.reputation
            + r.participation + r.budget + r.levers + r.adopted)


@rule
def adoption_feedback(stage, depth, p):
    """What adopted co-creation adds to y and takes off silo: link_y depth where adopted, twice that upscaled.

    What is adopted in name only changes nobody's mind (S182).
    """
    if stage == ADOPTED:
        return p.on_feedback * p.link * p.link_y * depth
    if stage == UPSCALED:
        return p.on_feedback * p.link * 2.0 * p.link_y * depth
    return 0.0


@rule
def willingness_target(drive, p):
    """lo + (hi - lo) sig(beta x): where willingness heads (share)."""
    return p.lo + (p.hi - p.lo) * logistic(p.beta * drive)


@rule
def next_willingness(willingness, drive, chance, p):
    """w += a (target - w) + noise z, clipped to 0-1; chance is a standard normal."""
    return clip(willingness + p.a * (willingness_target(drive, p) - willingness) + p.noise * chance, 0.0, 1.0)
