"""Five more kinds of invented policies, for benchmarks alone: nothing that ships was learnt from them.

They are made to differ from each other and from `experiments.adopters.synthetic`: each has fifty units and a calendar
that ends in 2017, a first adoption from 1905 to 1995, a ceiling of its own (three in ten fill or nearly, two in five stop
at 18 to 62 %), and slow starts in several ways.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from letsdance.experiments.adopters.history import Cascade

LAST = 2017
_UNITS = 50


def _ceiling(rng: np.random.Generator) -> float:
    edges, spans = (0.22, 0.32, 0.72), ((1.0, 1.0), (0.92, 1.0), (0.18, 0.62), (0.62, 0.95))
    return float(rng.uniform(*spans[int(np.searchsorted(edges, rng.random()))]))


def shifting(units: int, periods: int, rng: np.random.Generator) -> np.ndarray:
    """Logistic or Gompertz hazards whose rate shifts for good at three dates; counts of a year are overdispersed."""
    pool, rate = max(round(_ceiling(rng) * units), 1), np.exp(rng.normal(np.log(0.22), 0.6))
    dates, factors = rng.integers(3, 40, 3), np.exp(rng.normal(0, 0.7, 3))
    gompertz, spread = rng.random() < 0.3, np.exp(rng.normal(np.log(2.5), 0.6))
    adopted, cum = 1, [1]
    for t in range(1, periods):
        share = adopted / pool
        pull = share if not gompertz else max(-np.log(share) * share / (1 - share + 1e-9), 0.01)
        hazard = rate * factors[dates <= t].prod() * pull + 0.004
        adopted += rng.binomial(pool - adopted, 1 - np.exp(-hazard * rng.gamma(1 / spread, spread)))
        cum.append(adopted)
    return np.array(cum, np.int64)


def regions(units: int, periods: int, rng: np.random.Generator) -> np.ndarray:
    """Thresholds on the share of a region and of all; opponents never adopt; sessions every other year."""
    region, line, way = rng.integers(0, 5, units), rng.normal(size=units), rng.choice([-1, 1])
    open_ = np.argsort(np.argsort(way * line + rng.normal(0, 0.5, units))) < max(round(_ceiling(rng) * units), 1)
    wait = np.clip(rng.normal(rng.uniform(0.05, 0.3), 0.15, units), 0, 1)
    alone, follows = np.exp(rng.normal(np.log([0.012, 0.12]), [0.8, 0.6]))
    adopted, odd = np.zeros(units, bool), rng.integers(0, 2, units)
    adopted[rng.choice(np.flatnonzero(open_))] = True
    cum = [1]
    for t in range(1, periods):
        near = np.array([adopted[region == k].mean() if (region == k).any() else 0.0 for k in range(5)])[region]
        hazard = alone * np.exp(0.5 * way * line) + follows * (0.5 * adopted.mean() + 0.5 * near >= wait)
        hazard *= open_ * np.where((t + odd) % 2 == 0, 1.6, 0.4)
        adopted |= rng.random(units) < 1 - np.exp(-hazard)
        cum.append(int(adopted.sum()))
    return np.array(cum, np.int64)


def frailty(units: int, periods: int, rng: np.random.Generator) -> np.ndarray:
    """Internal and external hazards with gamma frailty, shared shocks that last, and at times a date of take-off."""
    variance = np.exp(rng.normal(np.log(0.9), 0.6))
    ready = rng.gamma(1 / variance, variance, units) * (rng.random(units) < _ceiling(rng))
    if not ready.any():
        return np.zeros(periods, np.int64)
    p, q = np.exp(rng.normal(np.log([0.01, 0.12]), [0.8, 0.7]))
    date = rng.exponential(10) if rng.random() < 0.4 else 0.0
    memory, size, wave = rng.uniform(0.3, 0.95), rng.uniform(0.3, 1.0), 0.0
    adopted = np.zeros(units, bool)
    adopted[rng.choice(units, p=ready / ready.sum())] = True
    cum = [1]
    for t in range(1, periods):
        wave = memory * wave + np.sqrt(1 - memory**2) * rng.normal(0, size)
        hazard = ready * (p + q * adopted.mean()) * np.exp(wave - size**2 / 2) * (1.0 if t >= date else 0.2)
        adopted |= rng.random(units) < 1 - np.exp(-hazard)
        cum.append(int(adopted.sum()))
    return np.array(cum, np.int64)


def windows(units: int, periods: int, rng: np.random.Generator) -> np.ndarray:
    """Attention comes and goes: quiet hazards and loud ones by turns, no contagion; one in eight gets a mandate."""
    pool = max(round(_ceiling(rng) * units), 1)
    quiet, loud = np.exp(rng.normal(np.log([0.015, 0.2]), [0.8, 0.6]))
    opens, closes, open_ = rng.uniform(0.04, 0.25), rng.uniform(0.08, 0.3), rng.random() >= 0.6
    mandate = int(rng.integers(5, 60)) if rng.random() < 0.12 else periods
    adopted, cum = 1, [1]
    for t in range(1, periods):
        open_ = bool(open_) ^ bool(rng.random() < (closes if open_ else opens))
        hazard = (loud if open_ else quiet) * rng.gamma(1.5, 1 / 1.5)
        if mandate <= t < mandate + 4:
            pool, hazard = max(pool, round(0.97 * units)), hazard + 0.5
        adopted += rng.binomial(pool - adopted, 1 - np.exp(-hazard))
        cum.append(adopted)
    return np.array(cum, np.int64)


def separate(units: int, periods: int, rng: np.random.Generator) -> np.ndarray:
    """Log-normal times, each by itself, many never; in three of ten a burst moves two fifths of those who would adopt."""
    share, middle, spread = _ceiling(rng), np.exp(rng.normal(np.log(18), 0.6)), np.exp(rng.normal(np.log(0.6), 0.4))
    when = np.where(rng.random(units) < share, middle * np.exp(spread * rng.normal(size=units)), np.inf)
    if rng.random() < 0.3:
        swept = np.isfinite(when) & (rng.random(units) < 0.4)
        when[swept] = np.minimum(when[swept], rng.uniform(0.3, 1.5) * middle + rng.uniform(0, 3, swept.sum()))
    if not np.isfinite(when).any():
        return np.zeros(periods, np.int64)
    when = np.floor(when - when[np.isfinite(when)].min())
    return np.array([(when <= t).sum() for t in range(periods)], np.int64)


KINDS: dict[str, Callable[[int, int, np.random.Generator], np.ndarray]] = {
    "shifting": shifting, "regions": regions, "frailty": frailty, "windows": windows, "separate": separate}


def cascades(kind: str, count: int, seed: int, least: float = 0.16) -> list[Cascade]:
    """Policies of a kind, or of all kinds in turn ("kinds"); those that fewer than `least` ever adopt are left out."""
    found: list[Cascade] = []
    tried, names = 0, list(KINDS)
    while len(found) < count:
        name = names[len(found) % len(names)] if kind == "kinds" else kind
        rng = np.random.default_rng(np.random.SeedSequence([seed, 0x6B696E64, names.index(name), tried]))
        tried += 1
        first = int(rng.integers(1905, 1996))
        cum = KINDS[name](_UNITS, LAST - first + 1, rng)
        if cum[-1] >= least * _UNITS:
            found.append(Cascade(f"{name}-{len(found) + 1}", _UNITS, first, cum))
    return found
