"""Invented cascades in which adoption comes in clumps, from worlds that the forecasting model does not assume.

They test forecasts where the truth is known. None of them is data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from letsdance.experiments.adopters.history import Cascade
from letsdance.params import Refused, nearest

if TYPE_CHECKING:
    import pandas as pd

_PURPOSE = 0x696E7665  # names this use of a seed


def _thinned(hazards: Callable[[int, np.ndarray], np.ndarray], population: int, periods: int,
             rng: np.random.Generator) -> np.ndarray:
    """cum[periods] of units that adopt with `hazards(t, adopted)`, from the first adoption on."""
    adopted = np.zeros(population, bool)
    adopted[rng.integers(population)] = True
    cum = [1]
    for t in range(1, periods):
        adopted |= rng.random(population) < 1 - np.exp(-hazards(t, adopted))
        cum.append(int(adopted.sum()))
    return np.array(cum, np.int64)


def shocks(population: int, periods: int, rng: np.random.Generator) -> np.ndarray:
    """Unequal readiness (log-normal), shared log-normal shocks that last, one or two mandates; many never adopt."""
    ready = np.exp(rng.normal(0, rng.uniform(0.3, 1.5), population)) * (rng.random(population) < rng.beta(4, 1.5))
    p, q = np.exp(rng.normal(np.log(0.008), 0.8)), np.exp(rng.normal(np.log(0.10), 0.6))
    memory, size = rng.uniform(0.2, 0.9), rng.uniform(0.4, 1.2)
    wave = np.zeros(periods)
    for t in range(1, periods):
        wave[t] = memory * wave[t - 1] + np.sqrt(1 - memory**2) * rng.normal(0, size)
    push = np.ones(periods)
    for _ in range(rng.poisson(0.7)):
        start = rng.integers(periods)
        push[start:start + rng.integers(1, 5)] = rng.uniform(4, 15)
    return _thinned(lambda t, a: ready * (p + q * a.mean()) * np.exp(wave[t] - size**2 / 2) * push[t], population,
                    periods, rng)


def neighbours(population: int, periods: int, rng: np.random.Generator) -> np.ndarray:
    """Units on a map and a left-right line learn from those near; a region is at times swept by its own wave."""
    place, line = rng.random((population, 2)), rng.normal(size=population)
    near = np.exp(-((place[:, None] - place[None])**2).sum(axis=2) / 0.05 - (line[:, None] - line[None])**2 / 2)
    np.fill_diagonal(near, 0)
    near /= near.sum(axis=1, keepdims=True)
    region = (place[:, 0] > 0.5).astype(int) * 2 + (place[:, 1] > 0.5)
    reach = 1 / (1 + np.exp(-(rng.normal(1.0, 1.0) - line * rng.normal(0, 1.5)) * 3))  # some will never
    p, q = np.exp(rng.normal(np.log(0.006), 0.7)), np.exp(rng.normal(np.log(0.15), 0.6))
    quiet = rng.gamma(0.5, 2.0, (periods, 4)) * (rng.random((periods, 4)) < 0.6) / 0.6
    return _thinned(lambda t, a: (p + q * near @ a) * reach * quiet[t, region], population, periods, rng)


def thresholds(population: int, periods: int, rng: np.random.Generator) -> np.ndarray:
    """Each waits for a share of the others (Granovetter, 1978), then acts in the next session that it holds."""
    wait = np.clip(rng.normal(rng.uniform(0.15, 0.45), rng.uniform(0.1, 0.3), population), 0.0, None)
    session = rng.uniform(0.1, 0.5) * (1 + 2 * (np.arange(periods) % rng.integers(2, 5) == 0))
    own = np.exp(rng.normal(np.log(0.006), 0.6))
    return _thinned(lambda t, a: own + session[t] * (a.mean() >= wait), population, periods, rng)


def waves(population: int, periods: int, rng: np.random.Generator) -> np.ndarray:
    """One to four separate campaigns, each with its own start, speed and share of the population, then silence."""
    count = rng.integers(1, 5)
    sizes = rng.dirichlet(np.ones(count + 1))[:-1] if rng.random() < 0.6 else rng.dirichlet(np.ones(count))
    starts = np.concatenate([[0], rng.uniform(0, periods * 0.7, count - 1)])
    group = rng.choice(count + 1, population, p=np.append(sizes, max(1 - sizes.sum(), 0)) /
                       np.append(sizes, max(1 - sizes.sum(), 0)).sum())
    speed = np.exp(rng.normal(np.log(6), 0.8, count))
    when = np.full(population, np.inf)
    for k in range(count):
        mine = group == k
        when[mine] = starts[k] + rng.gamma(2.0, speed[k] / 2, mine.sum())
    when = np.floor(when - when[np.isfinite(when)].min()) if np.isfinite(when).any() else np.zeros(population)
    return np.array([(when <= t).sum() for t in range(periods)], np.int64)


def states(population: int, periods: int, rng: np.random.Generator) -> np.ndarray:
    """Imitates what is published on policies of US states (Gray, 1973; Berry and Berry, 1990; Boehmke and Skinner, 2012).

    S-curves with a long quiet start until an issue is on the agenda; many policies for which only 10 to 60 % are ready;
    leaders and laggards; neighbours learn from neighbours; a part of the legislatures meets every other year; at times a
    federal programme moves many at once. The shapes are from the papers, every number is invented.
    """
    place = rng.random((population, 2))
    away = ((place[:, None] - place[None])**2).sum(axis=2)
    near = np.zeros((population, population))
    closest = np.argsort(away, axis=1)[:, 1:6]
    np.put_along_axis(near, closest, 1 / closest.shape[1] if closest.size else 0.0, axis=1)
    leads = np.exp(rng.normal(0, 0.7, population))
    ready = rng.random(population) < (rng.uniform(0.1, 0.6) if rng.random() < 0.55 else rng.beta(6, 1.5))
    outside, local, national = np.exp(rng.normal(np.log([0.006, 0.12, 0.10]), 0.7))
    quiet = rng.gamma(2.0, 4.0) if rng.random() < 0.6 else 0.0
    yearly = rng.random(population) < 0.6
    turn = rng.integers(2, size=population)
    push = np.zeros(periods)
    for _ in range(rng.poisson(0.5)):
        start = rng.integers(periods // 2)
        push[start:start + rng.integers(1, 5)] = rng.uniform(0.1, 0.6)

    def hazards(t: int, a: np.ndarray) -> np.ndarray:
        agenda = 1.0 if t >= quiet else 0.15
        meets = np.where(yearly, 1.0, 1.6 * ((t + turn) % 2 == 0))
        return ready * meets * (leads * agenda * (outside + local * near @ a + national * a.mean()) + push[t])

    return _thinned(hazards, population, periods, rng)


def curves(population: int, periods: int, rng: np.random.Generator) -> np.ndarray:
    """No clumps at all: each adopts by itself at a time from a Bass, logistic or Gompertz curve; in half of them all do."""
    share = 1.0 if rng.random() < 0.5 else rng.beta(2, 1)
    u, middle = rng.random(population), np.exp(rng.normal(np.log(15), 0.7))
    kind, steep = rng.integers(3), np.exp(rng.normal(np.log(4), 0.5))
    if kind == 0:
        p, q = 1 / middle / steep, steep / middle
        when = np.log((1 + q / p * u) / (1 - u)) / (p + q)
    elif kind == 1:
        when = middle * (1 + np.log(u / (1 - u)) / steep)
    else:
        when = middle * (1 - np.log(-np.log(u)) / steep)
    when[rng.random(population) >= share] = np.inf
    return _begun(when, periods)


def deadlines(population: int, periods: int, rng: np.random.Generator) -> np.ndarray:
    """Few adopt freely; then a rule says that all, or a part, must by a date: it fills fast before that, or soon after."""
    own = rng.exponential(np.exp(rng.normal(np.log(150), 0.6)), population)
    told = rng.uniform(2, 40)
    date = told + rng.uniform(2, 20)
    bound = rng.random(population) < (1.0 if rng.random() < 0.4 else rng.uniform(0.2, 1.0))
    delay = np.where(rng.random(population) < rng.uniform(0.5, 1.0), rng.beta(3, 1, population) * (date - told),
                     date - told + rng.exponential(rng.uniform(1, 15), population))
    return _begun(np.minimum(own, np.where(bound, told + delay, np.inf)), periods)


def tiers(population: int, periods: int, rng: np.random.Generator) -> np.ndarray:
    """Two to four tiers by capacity; a tier begins when half of the one above it have adopted, and goes at its own pace."""
    count = rng.integers(2, 5)
    tier = np.sort(rng.choice(count, population, p=rng.dirichlet(np.full(count, 2.0))))
    pace = np.exp(rng.normal(np.log(0.15), 0.8, count) - rng.uniform(0, 0.8) * np.arange(count))
    stops = rng.random(count) < 0.15 * np.arange(count)  # a lower tier may never begin

    def hazards(t: int, a: np.ndarray) -> np.ndarray:
        reached = np.array([a[tier == k].mean() if (tier == k).any() else 1.0 for k in range(count)])
        begun = np.cumprod(np.concatenate([[True], (reached[:-1] >= 0.5) & ~stops[1:]]))
        return (pace * begun)[tier] * rng.gamma(1.5, 1 / 1.5)

    return _thinned(hazards, population, periods, rng)


def published(population: int, periods: int, rng: np.random.Generator) -> np.ndarray:
    """Bass curves about the means of 213 published fits (p .03, q .38: Sultan, Farley and Lehmann, 1990), in clumps.

    Governments are slower than buyers, by one to four times here. Studies of states mostly look at programmes that many
    adopt (Walker, 1969: at least twenty of them), so two fifths or more adopt in the end; in three of five all do.
    """
    slower = rng.uniform(1.0, 4.0)
    p, q = np.exp(rng.normal(np.log([0.03, 0.38]), [1.0, 0.4])) / slower
    pool = population if rng.random() < 0.6 else int(np.ceil(rng.uniform(0.4, 1.0) * population))
    spread, adopted, cum = rng.uniform(0.05, 1.5), 1, [1]  # of the hazard that all share in a period, as a variance
    for _ in range(1, periods):
        hazard = (p + q * adopted / pool) * rng.gamma(1 / spread, spread)
        adopted += rng.binomial(max(pool - adopted, 0), 1 - np.exp(-hazard))
        cum.append(adopted)
    return np.array(cum, np.int64)


def _begun(when: np.ndarray, periods: int) -> np.ndarray:
    """cum[periods] from times of adoption (inf: never), from the first one on."""
    if not np.isfinite(when).any():
        return np.zeros(periods, np.int64)
    late = np.floor(when) - np.floor(when[np.isfinite(when)].min())
    return np.array([(late <= t).sum() for t in range(periods)], np.int64)


WORLDS = {"shocks": shocks, "neighbours": neighbours, "thresholds": thresholds, "waves": waves, "states": states,
          "curves": curves, "deadlines": deadlines, "tiers": tiers, "published": published}


def cascades(world: str, count: int, population: int = 50, periods: int = 120, seed: int = 0,
             least: float = 0.16) -> list[Cascade]:
    """Invented cascades of a world, followed for `periods` after the first adoption; those below `least` are dropped."""
    if world not in WORLDS:
        raise Refused("there is no world {world!r}.{near} Known: {known}.", world=world, near=nearest(world, WORLDS),
                      known=", ".join(WORLDS))
    found: list[Cascade] = []
    tried = 0
    while len(found) < count:
        rng = np.random.default_rng(np.random.SeedSequence([seed, _PURPOSE, list(WORLDS).index(world), tried]))
        cum = WORLDS[world](population, periods, rng)
        if cum[-1] >= least * population:
            found.append(Cascade(f"{world}-{len(found) + 1}", population, 0, cum))
        tried += 1
    return found


# ---------------------------------------------------------------- the same units again and again

@dataclass(frozen=True, eq=False)
class Policies:
    """Invented policies among the same units: who adopted when, and what could be known of the units beforehand."""

    times: pd.DataFrame  # cascade, unit, time (NaN: not by the end of its record)
    edges: pd.DataFrame  # source, target: neighbours on a map, both ways
    covariates: pd.DataFrame  # unit, and two numbers that tell a part of what drives it
    cascades: list[Cascade]  # the same as counts by period


def policies(count: int, units: int = 50, seed: int = 0, least: float = 0.16, last: int = 2020,
             law: Law | None = None) -> Policies:
    """Policies that the same units adopt one after another, each by one of seven laws; none is the forecasting model's.

    A policy has a law of its own (Bass, Gompertz or logistic curves of readiness, thresholds on the network, contagion
    along borders, tiers that wait for each other, a federal deadline), a ceiling (a third fill, a third stop below 60 %),
    perhaps a slow start, perhaps a second burst, and a record that ends in year `last`. What units share across policies
    is a general readiness, a left-right line that some policies follow and some oppose, and their place on the map. In
    one policy of six the records of some years are missing, so that their adopters appear in the next year. The ceiling has
    nothing to do with which units adopt first. law: another one for all policies (`bounded`, whose ceiling has).
    """
    import pandas as pd

    country = np.random.default_rng(np.random.SeedSequence([seed, _PURPOSE, 0x756E69]))
    place, line, leads = country.random((units, 2)), country.normal(size=units), country.normal(size=units)
    away = ((place[:, None] - place[None])**2).sum(axis=2)
    near = np.zeros((units, units), bool)
    np.put_along_axis(near, np.argsort(away, axis=1)[:, 1:5], True, axis=1)
    near |= near.T
    told = pd.DataFrame({"unit": _names(units), "size": leads + country.normal(0, 1, units),
                         "line": line + country.normal(0, 0.7, units)})
    rows: list[pd.DataFrame] = []
    found: list[Cascade] = []
    tried = 0
    while len(found) < count:
        rng = np.random.default_rng(np.random.SeedSequence([seed, _PURPOSE, 0x706F6C, tried]))
        tried += 1
        begin = int(rng.integers(last - 90, last - 25))
        when = (law or _policy)(leads, line, near, last - begin + 1, rng)
        cum = _begun(when, last - begin + 1)
        if cum[-1] < max(least * units, 2):
            continue
        name = f"policy-{len(found) + 1}"
        start = begin + int(when.min())
        cum = cum[:last - start + 1]
        found.append(Cascade(name, units, start, cum))
        rows.append(pd.DataFrame({"cascade": name, "unit": told["unit"], "time": np.where(
            np.isfinite(when) & (begin + when <= last), begin + when, np.nan)}))
    edges = pd.DataFrame(np.argwhere(near), columns=["source", "target"]).map(lambda k: told["unit"][k])
    return Policies(pd.concat(rows, ignore_index=True), edges, told, found)


#: (general readiness, place on a left-right line, bool[N, N] neighbours, periods, rng) -> periods of adoption, inf: never.
type Law = Callable[[np.ndarray, np.ndarray, np.ndarray, int, np.random.Generator], np.ndarray]


def bounded(leads: np.ndarray, line: np.ndarray, near: np.ndarray, periods: int, rng: np.random.Generator) -> np.ndarray:
    """A policy that most may take up, or one side of the line, or a part of the map; it begins among those and stops there.

    Law of `policies`, float64[units]. Whose it is shows in who has adopted, and bounds how many will.
    """
    units, kind = len(leads), rng.integers(3)
    appeal, slope = rng.normal(1.0, 0.8), rng.choice([-1, 1]) * abs(rng.normal(0, 3)) * (kind == 1)
    open_ = appeal + slope * line + rng.normal(0, 0.5, units) > 0
    if kind == 2:  # a part of the map, grown along borders
        part = np.arange(units) == rng.integers(units)
        while part.sum() < round(rng.uniform(0.2, 0.8) * units) and (part @ near)[~part].any():
            part |= (part @ near > 0) & (rng.random(units) < 0.5)
        open_ = part
    ready = np.exp(0.7 * (rng.normal(0.6, 0.3) * leads + rng.normal(0, 1, units)))
    own, learnt = np.exp(rng.normal(np.log([0.02, 0.15]), 0.6))
    when = np.full(units, np.inf)
    for t in range(periods):
        seen = when < t
        hazard = open_ * ready * (own + learnt * (0.5 * seen.mean() + 0.5 * near @ seen / near.sum(axis=1)))
        when[~seen & (rng.random(units) < 1 - np.exp(-hazard))] = t
    return when


def _names(units: int) -> list[str]:
    return [f"unit-{k + 1:02d}" for k in range(units)]


def _policy(leads: np.ndarray, line: np.ndarray, near: np.ndarray, periods: int, rng: np.random.Generator) -> np.ndarray:
    """float64[units]: periods of adoption of one policy, inf where never. One function, because it is a list of laws."""
    units = len(leads)
    ready = rng.normal(0.6, 0.3) * leads + rng.normal(0, 0.5) * line + rng.normal(0, 1, units)  # the higher, the earlier
    kind = rng.random()
    ceiling = 1.0 if kind < 0.25 else rng.uniform(0.9, 1.0) if kind < 0.4 else rng.uniform(0.2, 0.6) if kind < 0.7 \
        else rng.uniform(0.6, 0.97)
    open_ = np.argsort(np.argsort(ready + rng.normal(0, 0.7, units))) >= round((1 - ceiling) * units)
    middle, law = np.exp(rng.normal(np.log(14), 0.6)), int(rng.integers(7))
    rank = (np.argsort(np.argsort(-ready)) + rng.random(units)) / units  # 0: the most ready
    if law < 3:
        steep = np.exp(rng.normal(np.log(4), 0.4))
        if law == 0:
            p, q = 1 / middle / steep, steep / middle
            when = np.log((1 + q / p * rank) / (1 - rank)) / (p + q)
        elif law == 1:
            when = middle * (1 - np.log(-np.log(rank)) / steep)
        else:
            when = middle * (1 + np.log(rank / (1 - rank)) / steep)
        when = np.maximum(when, 0.0)
    elif law == 3:  # thresholds: a share of the neighbours and of all must have adopted
        wait, when = np.clip(0.3 - 0.15 * ready, 0, None), np.full(units, np.inf)
        when[ready.argmax()] = 0
        for t in range(1, periods):
            seen = when < t
            share = 0.5 * (near @ seen) / near.sum(axis=1) + 0.5 * seen.mean()
            acts = ~seen & ((share >= wait) & (rng.random(units) < 3 / middle) | (rng.random(units) < 0.15 / middle))
            when[acts] = t
    elif law == 4:  # contagion along borders
        when = np.full(units, np.inf)
        when[rng.integers(units)] = 0
        for t in range(1, periods):
            seen = when < t
            hazard = np.exp(0.6 * ready) * (0.1 + 2.5 * (near @ seen) / near.sum(axis=1)) / middle
            when[~seen & (rng.random(units) < 1 - np.exp(-hazard))] = t
    elif law == 5:  # tiers by readiness, each begins when the one above is half way
        tiers, pace = rng.integers(2, 5), np.exp(rng.normal(np.log(2.5 / middle), 0.5, 5))
        tier, when, begun = np.minimum((rank * tiers).astype(int), tiers - 1), np.empty(units), 0.0
        for k in range(tiers):
            mine = tier == k
            when[mine] = begun + rng.exponential(1 / pace[k], mine.sum())
            begun = float(np.median(when[mine])) if mine.any() else begun
    else:  # few go by themselves; a federal rule moves many within a few years
        when, date = rng.exponential(6 * middle, units), rng.uniform(0.3, 2) * middle
        bound = rng.random(units) < rng.uniform(0.4, 1.0)
        when = np.where(bound, np.minimum(when, date + rng.exponential(rng.uniform(1, 6), units)), when)
    if rng.random() < 0.35:  # a slow start: the first one or two long before the others
        first = np.argsort(when)[:rng.integers(1, 4)]
        late = rng.uniform(0.3, 1.5) * middle
        when = np.where(np.isin(np.arange(units), first), when, when + late)
    when[~open_] = np.inf
    if rng.random() < 0.25:  # a burst: a share of those who remain act in one year
        date = rng.uniform(0.5, 3) * middle
        swept = open_ & (when > date) & (rng.random(units) < rng.uniform(0.2, 0.8))
        when[swept] = date + rng.uniform(0, 2, swept.sum())
    when = np.floor(when)
    if rng.random() < 1 / 6 and np.isfinite(when).any():  # years without records: their adopters appear afterwards
        gap = rng.uniform(0, 2) * middle
        away = np.floor(gap + rng.integers(2, 5))
        when = np.where((when > when[np.isfinite(when)].min()) & (when >= gap) & (when < away), away, when)
    return when
