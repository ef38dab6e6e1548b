"""The mean-field companion: the expected quarter of one average municipality, in eight stocks (docs/odd.md section 5).

It is the agents' quarter with draws replaced by expectations and citizens by the average citizen, under the same
parameter names and through the same rules. It leaves out luck, networks, the time until a project is evaluated,
citizens too busy to join, growing services, elections and adoption. It adds five closures, all assumed:

- launch: whoever is asked joins as an average citizen with time (e = .5, load 0) would, so an initiative starts
  with probability P(Bin(asked, clip(C + rec)) >= launch_min); an initiator counts as one of those asked.
- participation: Pi = act / (act + .5), act the memberships of running projects per citizen, a project counted at
  the middle of the sizes it can have. Service cores stay out of act: they are largely the same people, and with
  them participation would be about twice the agents' where little runs.
- services are quasi-steady: begun per quarter, times how long one lasts.
- scale: an initiative has the size at which the parabola h is .4, so that thQ h raises th0 by .4 thQ.
- heterogeneity: people of spread sd around x head on average for sig(beta' x), where
  beta' = beta / sqrt(1 + pi/8 (beta sd)^2) (MacKay 1992, 'The evidence framework applied to classification
  networks'). sd^2 = sd_d^2 + (wN sd_w)^2 / k_c: dispositions, and what is left of neighbours' spread in a mean of
  k_c. Both sides share this slope; governments' own, smaller spread would keep Lone Ranger longer.

A state is float64[8], shares in the order of `STOCKS`; a step is a quarter; nothing is random.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import root

from letsdance.params import Refused, check_value
from letsdance.simulation.compiled import compiled, part
from letsdance.simulation.rules import calls as call
from letsdance.simulation.rules import outcomes as outcome
from letsdance.simulation.rules import regimes as future
from letsdance.simulation.rules import stocks as stock
from letsdance.simulation.rules import willingness as will
from letsdance.simulation.rules.numbers import clip, exp
from letsdance.simulation.rules.outcomes import CALLED, JOINT, SOLO

__all__ = ["STOCKS", "FixedPoint", "basin_map", "fixed_points", "over_grid", "residence", "start", "step", "trajectory"]

#: The eight stocks: willingness of citizens and government, social capital, trust, reputation, risk culture,
#: capacity, top support.
STOCKS = ("C", "G", "S", "T", "R", "L", "K", "A")

_CITIZENS = 25.0  # any number would do: rates rise with n/25 and what one event teaches falls with 25/n
_HALF = 0.5  # memberships per citizen at which half of the citizens take part
_LONGEST = 400.0  # quarters of the longest run: what never ends lasts as long
_TYPICAL = math.sqrt(0.1)  # distance from the best size, in logs and units of W, at which h is .4


@dataclass(frozen=True, slots=True)
class FixedPoint:
    """A state that reproduces itself. It is an attractor if stable, else a saddle or a repeller."""

    state: np.ndarray        # float64[8], shares, in the order of STOCKS
    stable: bool             # whether small deviations die out: spectral radius of the Jacobian below 1
    eigenvalues: np.ndarray  # complex128[8] of the Jacobian of one quarter, largest modulus first
    regime: int              # its quadrant, a number of simulation.rules.regimes


# ---------------------------------------------------------------- the expected quarter

@part
def _launch(joins, asked, p):
    """P(Bin(asked, joins) >= launch_min)."""
    chance = 0.0
    ways = 1.0
    for j in range(asked + 1):
        if j >= p.launch_min:
            chance += ways * joins**j * (1.0 - joins) ** (asked - j)
        ways *= (asked - j) / (j + 1.0)
    return min(1.0, chance)


@part
def _size(asked, p):
    """The middle of the sizes that an initiative can have (members)."""
    return 0.5 * (p.launch_min + min(max(np.float64(asked), p.launch_min), p.members_max))


@part
def _averaged(drive, p):
    """The drive at which willingness_target gives the mean target of people who are spread around `drive`."""
    neighbours = p.wN * p.sd_w
    variance = p.sd_d * p.sd_d + neighbours * neighbours / max(1.0, p.k_c)
    return drive / math.sqrt(1.0 + math.pi / 8.0 * p.beta * p.beta * variance)


@part
def _quarter(before, after, p):
    """The expected quarter from before[8] to after[8], in the order of the agents' phases.

    One function, because it is the system of equations: each phase takes up what those above it have found.
    """
    C, G, S, T, R, L, K, A = (
        before[0], before[1], before[2], before[3], before[4], before[5], before[6], before[7])

    # calls
    asked_c, asked_g = int(p.contacts_c) + 1, int(p.contacts_g)
    joins = call.join_probability(C, call.MEAN_RESOURCES, 0, p)
    silo = call.effective_silo(p.silo, 0.0, p)
    felt = call.felt_responsiveness(call.support_probability(G, silo), p)
    far = call.crossing(p.rewire_c, p.silo)
    known = p.near * (1.0 - far) if p.k_c >= 2.0 else 0.0
    near, afar = call.asked_by(True, p), call.asked_by(False, p)
    comes = call.join_probability(C + known * near + (1.0 - known) * afar, call.MEAN_RESOURCES, 0, p)
    round_silos = call.way_round(silo, far * p.k_c, p)
    supported = call.support_probability(G, round_silos) if p.on_support else 0.0
    launched_c = call.citizen_call_rate(_CITIZENS, C, p) * _launch(comes, asked_c, p) if p.on_calls_c else 0.0
    calls_g = call.government_call_rate(_CITIZENS, G, p) if p.on_calls_g else 0.0
    launched_g = calls_g * _launch(joins, asked_g, p)
    dead = calls_g - launched_g

    # outcomes
    feedback = outcome.effective_feedback(p.phi, p)
    typical = p.s_star * exp(-p.W * _TYPICAL)
    lasts = p.project_quarters if p.on_projects_end else _LONGEST
    successes = failures = blamed = memberships = services = practice = T_learnt = R_learnt = 0.0
    for kind in (SOLO, JOINT, CALLED):
        if kind == CALLED:
            launched, size, kept = launched_g, _size(asked_g, p), 1.0 - p.lab_share * (1.0 - p.lab_service)
        else:
            launched = launched_c * (supported if kind == JOINT else 1.0 - supported)
            size, kept = _size(asked_c, p), 1.0
        memberships += launched * lasts * size
        if not p.on_projects_end:
            continue
        own = outcome.ownership(kind, p)
        funding = outcome.effective_funding(p.fund, size, p)
        works = outcome.success_probability(kind, S, own, K, typical, p)
        ends = outcome.end_probability(kind, own, funding, feedback, p.core, p) if p.on_services_end else 0.0
        run = launched * works * kept / max(ends, 1.0 / _LONGEST)
        services += run
        practice += launched + run if kind != SOLO else 0.0
        for succeeded, chance in ((True, works), (False, 1.0 - works)):
            v = stock.experience(kind, succeeded, p)
            T_learnt += launched * size / _CITIZENS * chance * (stock.trust_after_experience(T, v, p) - T)
            R_learnt += launched * chance * (stock.reputation_after(R, succeeded, _CITIZENS, p) - R)
        if kind != SOLO:
            successes += launched * works
            failures += launched * (1.0 - works)
            blamed += launched * (1.0 - works) * (p.blame_large if size >= p.bond_size else 1.0)
    act = memberships / _CITIZENS
    participation = act / (act + _HALF)

    # stocks
    if p.on_social_capital:
        S = stock.next_social_capital(S, p.S0, participation, joins, p)
    if p.on_trust:
        T = stock.trust_of_everyone(clip(T + T_learnt, 0.0, 1.0), felt, p)
    if p.on_reputation:
        R_learnt += dead * (stock.reputation_after_dead_call(R, _CITIZENS, p) - R)
        R = stock.reputation_fades(clip(R + R_learnt, 0.0, 1.0), p)
    if p.on_risk_culture:
        L = stock.next_risk_culture(
            L, successes, failures + p.R_dead * dead, blamed + p.R_dead * dead, feedback, _CITIZENS, p)
    if p.on_capacity:
        K = stock.next_capacity(K, successes + failures, practice, G, feedback, _CITIZENS, p)
    if p.on_top_support:
        A = stock.next_top_support(A, G, participation, T, p)

    # willingness
    x = will.citizen_drive(0.0, C, S, T, will.coverage(services, _CITIZENS, p), p)
    y = will.government_drive(0.0, G, L, K, A, R, participation, 0, 0.0, p)
    after[0] = will.next_willingness(C, _averaged(x, p), 0.0, p) if p.on_willingness_c else C
    after[1] = will.next_willingness(G, _averaged(y, p), 0.0, p) if p.on_willingness_g else G
    after[2], after[3], after[4], after[5], after[6], after[7] = S, T, R, L, K, A


@compiled
def _paths(states, table, quarters):
    """Paths [quarters + 1, n, 8] from states [n, 8]; table[0] are the parameters."""
    p = table[0]
    paths = np.empty((quarters + 1, states.shape[0], 8))
    for i in range(states.shape[0]):
        for k in range(8):
            paths[0, i, k] = states[i, k]
        for t in range(quarters):
            _quarter(paths[t, i], paths[t + 1, i], p)
    return paths


def _table(p: Any, **changes: float) -> np.ndarray:
    """The parameters as a table of one row, which compiled code takes in a small part of the time of a record by itself."""
    table = np.array([p])
    for name, value in changes.items():
        table[name] = value
    return table


def step(state: np.ndarray, p: Any) -> np.ndarray:
    """The state one quarter later, expected.

    `state` is float64[..., 8], shares in the order of `STOCKS`; the result has its shape. `p` is a record of
    parameters (`params.defaults()`). Raises `Refused` if the last axis is not 8 long.
    """
    state = np.asarray(state, dtype=np.float64)
    if state.ndim == 0 or state.shape[-1] != len(STOCKS):
        raise Refused("a state has the {n_stocks} stocks {stocks} on its last axis, not the shape {shape}.",
                      n_stocks=len(STOCKS), stocks=", ".join(STOCKS), shape=state.shape)
    return _paths(np.ascontiguousarray(state.reshape(-1, 8)), _table(p), 1)[1].reshape(state.shape)


# ---------------------------------------------------------------- what follows from it

def start(C0: float, G0: float, p: Any) -> np.ndarray:
    """The state float64[8] that a run starts in on average, for start means C0 and G0 (docs/odd.md section 2).

    S rises with C0, and T, L, K, A with G0, linearly between .25 and .75; then `burn_in` quarters pass. Raises `Refused` if
    C0 or G0 is no share.
    """
    return _starts(np.array([check_value("C0", C0)]), np.array([check_value("G0", G0)]), p)[0]


def trajectory(C0: float, G0: float, p: Any, quarters: int) -> np.ndarray:
    """The path float64[quarters + 1, 8] from `start(C0, G0, p)`, row t the state at quarter t."""
    return _paths(start(C0, G0, p)[None], _table(p), quarters)[:, 0]


def residence(p: Any, C0: float, G0: float, limit: int = 400) -> int | None:
    """Quarters from `start(C0, G0, p)` until the regime first changes, or None if it does not within `limit`.

    As with the agents, the regime changes in the quarter in which another quadrant has held for `HOLD` quarters.
    """
    quadrants = _quadrants(trajectory(C0, G0, p, limit))
    held = 1
    for t in range(1, limit + 1):
        held = held + 1 if quadrants[t] == quadrants[t - 1] else 1
        if quadrants[t] != quadrants[0] and held >= future.HOLD:
            return t
    return None


def basin_map(
        p: Any, grid: int | np.ndarray = 21, quarters: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where starts lead: C0 float64[n], G0 float64[n] and regime int64[n, n].

    regime[i, j] is the regime (a number of simulation.rules.regimes) `quarters` after `start(C0[i], G0[j], p)`.
    `grid` is n, for start means evenly from 0 to 1, or the n start means themselves (shares, else `Refused`).
    """
    means = np.linspace(0.0, 1.0, grid) if isinstance(grid, int) else np.asarray(grid, dtype=np.float64)
    ends = _paths(over_grid(means, p), _table(p), quarters)[-1]
    return means, means.copy(), _quadrants(ends).reshape(len(means), len(means))


def fixed_points(p: Any) -> list[FixedPoint]:
    """All fixed points found, by rising C and G: attractors, and the saddles and repellers between them.

    Newton's method is started where the six stocks are at rest under a willingness that is held fixed, over a grid
    of (C, G), and where long runs end. None is proven absent; two closer than 1e-5 count as one.
    """
    table, held = _table(p), _table(p, on_willingness_c=0.0, on_willingness_g=0.0)

    def drift(x: np.ndarray) -> np.ndarray:
        return _paths(x[None], table, 1)[1, 0] - x

    starts = over_grid(np.linspace(0.08, 0.92, 15), p)
    candidates = np.concatenate([_paths(starts, held, 400)[-1], _paths(starts[::16], table, 400)[-1]])
    points: list[np.ndarray] = []
    for candidate in candidates:
        x = root(drift, candidate, tol=1e-13).x
        inside = np.all((x >= 0.0) & (x <= 1.0))
        if inside and np.abs(drift(x)).max() < 1e-10 and all(np.abs(x - y).max() > 1e-5 for y in points):
            points.append(x)
    return [_fixed_point(x, p) for x in sorted(points, key=lambda x: (x[0], x[1]))]


def _fixed_point(x: np.ndarray, p: Any) -> FixedPoint:
    """A fixed point with its stability."""
    nudge = 1e-6 * np.eye(len(STOCKS))
    jacobian = ((step(x + nudge, p) - step(x - nudge, p)) / 2e-6).T
    eigenvalues = np.linalg.eigvals(jacobian).astype(np.complex128)
    eigenvalues = eigenvalues[np.argsort(-np.abs(eigenvalues))]
    return FixedPoint(x, bool(np.abs(eigenvalues[0]) < 1.0), eigenvalues, int(future.quadrant(x[0], x[1])))


def over_grid(means: np.ndarray, p: Any) -> np.ndarray:
    """`start` for every pair of start means (shares, else `Refused`): states [len(means)^2, 8]; C varies slowest."""
    C, G = ([check_value(name, mean) for mean in means] for name in ("C0", "G0"))
    return _starts(np.repeat(C, len(G)), np.tile(G, len(C)), p)


def _starts(C: np.ndarray, G: np.ndarray, p: Any) -> np.ndarray:
    """The states [n, 8] that runs start in on average, for start means C [n] and G [n]."""
    rise_c, rise_g = (np.array([stock.start_rise(mean) for mean in means]) for means in (C, G))
    states = np.array([
        C, G, p.S_lo + p.S_hi * rise_c, p.T_lo + p.T_hi * rise_g, np.full(len(C), p.R0),
        p.L_lo + p.L_hi * rise_g, p.K_lo + p.K_hi * rise_g, p.A_lo + p.A_hi * rise_g]).T
    held = _table(p, on_willingness_c=0.0, on_willingness_g=0.0)
    return _paths(np.ascontiguousarray(np.clip(states, 0.0, 1.0)), held, int(p.burn_in))[-1]


def _quadrants(states: np.ndarray) -> np.ndarray:
    """The quadrant int64[n] of each of n states."""
    return np.array([future.quadrant(C, G) for C, G in states[:, :2]], dtype=np.int64)
