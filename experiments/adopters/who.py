"""Who adopts next, and who late: the units of a cascade in order, with the chance of each by period.

What tells them apart is learnt from the same units' past adoptions (event history: Allison, 1982; Berry and Berry, 1990):
how early each adopted other things; which units adopted early together, a network learnt from past cascades (the
expected place of a unit given who has adopted so far, as in kriging); the share of its neighbours that has adopted; and
covariates. Their weights maximise Cox's partial likelihood over past cascades, from where these had reached some shares,
with a ridge. How many adopt by a period comes from the forecast of the curve (experiments.adopters.forecast), whose hazards
are raised or lowered by how such forecasts of the same units' past cascades did: a prior comes from other units, and these
may be quicker or slower. Nothing later than the origin is used: past cascades are known until then, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance.experiments.adopters.history import Cascade
from letsdance.params import Refused, Said, nearest

if TYPE_CHECKING:
    import pandas as pd

    from letsdance.experiments.adopters.prior import Prior

ORIGINS = (0.1, 0.16, 0.25, 0.34, 0.5)  # shares at which past cascades are looked at
_FEW = 3.0        # past adoptions that move a unit's mean place half of the way
_TOGETHER = 20.0  # past cascades that move the learnt network half of the way
_RIDGE = 4.0
_TRIED = 20       # past cascades whose forecasts are held against what came, the newest
_HALF = 10.0      # of these move the hazards half of the way
_MOST = 2.0       # in logs; none moves them farther
_KNOWN = 3        # adopters that a past cascade needs to say anything


@dataclass(frozen=True, eq=False)
class Adoptions:
    """The same units' adoptions: times[c, i] of cascade c, on one calendar; NaN: not by `until[c]`, its record's end."""

    cascades: tuple[str, ...]
    units: tuple[str, ...]
    times: np.ndarray      # float64[C, N]
    until: np.ndarray      # float64[C]: the last period known
    near: np.ndarray | None = None        # float64[N, N]: rows add up to one, or are empty
    covariates: np.ndarray | None = None  # float64[N, k], standardised
    named: tuple[str, ...] = ()           # the covariates

    def cut(self, at: float) -> Adoptions:
        """What was known at the end of period `at`; cascades that began later are left out."""
        times = np.where(self.times <= at, self.times, np.nan)
        begun = np.isfinite(times).any(axis=1)
        if not begun.any():
            raise Refused("nobody had adopted anything by {at:g}; choose a later period.", at=at)
        return replace(self, cascades=tuple(c for c, there in zip(self.cascades, begun, strict=True) if there),
                       times=times[begun], until=np.minimum(self.until, at)[begun])

    def first(self, c: int) -> float:
        """When the first unit adopted."""
        return float(np.nanmin(self.times[c]))

    def seen(self, c: int, origin: float) -> np.ndarray:
        """float64[N]: times until the origin; inf: not by then."""
        return np.where(self.times[c] <= origin, self.times[c], np.inf)

    def reached(self, c: int, share: float) -> float | None:
        """The period by whose end a share of the units has adopted; None if never."""
        told, need = np.sort(self.times[c][np.isfinite(self.times[c])]), int(np.ceil(share * len(self.units) - 1e-9))
        return float(told[need - 1]) if 0 < need <= len(told) else None


def read(source: Any, edges: Any = None, covariates: Any = None, never: Sequence[str] = ()) -> Adoptions:
    """Adoptions from a table of cascade, unit and time (a calendar; blank: not yet), edges (source, target) and covariates
    (unit, and numbers). A unit without a row in a cascade had not adopted it by the last period of the table. never: codes
    that say "not by then", as of `data.read_times`."""
    from letsdance.experiments.adopters.codes import coded
    from letsdance.scenarios import tables
    from letsdance.scenarios.tables.kinds import ADOPTIONS, EDGES

    table = tables.read(source, ADOPTIONS)
    coded(table, never, node="unit")
    tables.check(table, [tables.once(["cascade", "unit"], Said(": a unit adopts once"))])
    tables.announce(table)
    frame, time = table.frame, tables.numbers(table.frame["time"])
    wide = frame.assign(time=time).pivot(index="cascade", columns="unit", values="time")
    wide = wide.loc[list(dict.fromkeys(frame["cascade"])), list(dict.fromkeys(frame["unit"]))]
    wide = wide[wide.notna().sum(axis=1) > 0]
    if not len(wide):
        raise Refused("{where}: nobody adopts anything, so there is nothing to learn from.", where=table.where)
    units, near, extra = tuple(wide.columns), None, None
    named: tuple[str, ...] = ()
    if edges is not None:
        ties = tables.read(edges, EDGES).frame
        index = {unit: k for k, unit in enumerate(units)}
        pairs = [(index[a], index[b]) for a, b in zip(ties["source"], ties["target"], strict=True)
                 if a in index and b in index]
        if not pairs:
            raise Refused("no edge joins two units of {where}; use the same names in both.", where=table.where)
        near = np.zeros((len(units),) * 2)
        near[tuple(np.array(pairs).T)] = 1
        near /= np.maximum(near.sum(axis=1, keepdims=True), 1)
    if covariates is not None:
        extra, named = _covariates(covariates, units)
    return Adoptions(tuple(map(str, wide.index)), units, wide.to_numpy(np.float64),
                     np.full(len(wide), float(np.nanmax(time))), near, extra, named)


def _covariates(source: Any, units: Sequence[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    import pandas as pd

    from letsdance.scenarios import tables

    sheet = tables.open_sheet(source, "covariates", Said("give a CSV with unit and numbers"))
    columns = list(sheet.frame.columns)
    frame = sheet.frame.set_index(columns[0])
    if missing := [unit for unit in units if unit not in frame.index]:
        raise Refused("{where}: {missing} is missing.{near}", where=sheet.where, missing=missing[0],
                      near=nearest(missing[0], map(str, frame.index)))
    try:
        values = frame.loc[list(units)].apply(pd.to_numeric).to_numpy(np.float64)
    except (TypeError, ValueError):
        raise Refused("{where}: covariates must be numbers; turn words into columns of 0 and 1.",
                      where=sheet.where) from None
    values = np.where(np.isfinite(values), values, np.nanmean(values, axis=0))
    return (values - values.mean(axis=0)) / np.maximum(values.std(axis=0), 1e-12), tuple(columns[1:])


# ---------------------------------------------------------------- what tells units apart

def places(seen: np.ndarray) -> np.ndarray:
    """float64[N]: normal scores of the order of adoption, high: early; ties share; who had not adopted shares the rest."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    return -ndtri((rankdata(seen) - 0.5) / len(seen))


def features(known: Adoptions, c: int, origin: float) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """What is known of each unit at an origin: name -> float64[N], high: early; and bool[N], who is still to adopt."""
    now = known.seen(c, origin)
    past = [places(seen) for k in range(len(known.cascades)) if k != c
            and np.isfinite(seen := known.seen(k, origin)).sum() >= _KNOWN]
    N, count = len(known.units), len(past)
    mean, network = np.zeros(N), np.zeros(N)
    if count:
        mean = np.sum(past, axis=0) / (count + _FEW)
    adopted = np.isfinite(now)
    if count >= _KNOWN and adopted.any() and not adopted.all():
        away = np.array(past) - np.mean(past, axis=0)
        cov, share = away.T @ away / count, count / (count + _TOGETHER)
        spread = np.diag(cov).mean()
        cov = share * cov + (1 - share) * spread * np.eye(N)
        surprise = (places(now) - mean)[adopted]
        network[~adopted] = cov[np.ix_(~adopted, adopted)] @ np.linalg.solve(
            cov[np.ix_(adopted, adopted)] + 0.5 * spread * np.eye(adopted.sum()), surprise)
    found = {"as before": mean, "learnt network": network}
    if known.near is not None:
        found["neighbours"] = known.near @ adopted
    for k, name in enumerate(known.named):
        found[name] = known.covariates[:, k]  # type: ignore[index]
    return found, ~adopted


@dataclass(frozen=True, eq=False)
class _Case:
    """A past cascade at an origin: those still to adopt, what was known of them, and when they did."""

    cascade: int
    share: float
    origin: float
    X: np.ndarray      # float64[n, k], each column with mean 0
    times: np.ndarray  # float64[n]; NaN: never seen


def _case(known: Adoptions, c: int, share: float, origin: float) -> _Case:
    found, open_ = features(known, c, origin)
    X = np.column_stack(list(found.values()))[open_]
    return _Case(c, share, origin, X - X.mean(axis=0) if len(X) else X, known.times[c][open_])


def _cases(known: Adoptions) -> list[_Case]:
    made = []
    for c in range(len(known.cascades)):
        for share in ORIGINS:
            origin = known.reached(c, share)
            if origin is not None and origin < known.until[c]:
                made.append(_case(known, c, share, origin))
    return [one for one in made if len(one.times) > 1]


def _weights(cases: Sequence[_Case], now: float) -> np.ndarray:
    """float64[k]: Cox's partial likelihood (Breslow's ties) over what was known at `now`, a ridge on scaled columns."""
    from scipy.optimize import minimize

    told = [(one.X, np.where(one.times <= now, one.times, np.inf)) for one in cases if one.origin < now]
    told = [(X, t) for X, t in told if np.isfinite(t).any()]
    if not told:
        return np.array([1.0, *np.zeros(cases[0].X.shape[1] - 1)]) if cases else np.ones(1)
    scale = np.maximum(np.concatenate([X for X, _ in told]).std(axis=0), 1e-9)
    ordered = []
    for X, t in told:
        order = np.argsort(-t, kind="stable")  # latest first, so that the risk set is all before and alike
        X, t = X[order] / scale, t[order]
        ordered.append((X, np.isfinite(t), np.searchsorted(-t, -t, side="right") - 1))

    def loss(beta: np.ndarray) -> tuple[float, np.ndarray]:
        total, slope = _RIDGE / 2 * float(beta @ beta), _RIDGE * beta
        for X, event, last in ordered:
            eta = X @ beta
            weight = np.exp(eta - eta.max())
            risk, moment = np.cumsum(weight)[last], np.cumsum(weight[:, None] * X, axis=0)[last]
            total += float((np.log(risk) + eta.max() - eta)[event].sum())
            slope = slope + (moment / risk[:, None] - X)[event].sum(axis=0)
        return total, slope

    return np.asarray(minimize(loss, np.zeros(len(scale)), jac=True, method="BFGS").x) / scale


def concordance(score: np.ndarray, times: np.ndarray) -> float:
    """Harrell's C: of pairs of which one is known to be earlier, the share with the higher score; ties count a half."""
    t = np.where(np.isnan(times), np.inf, times)
    earlier = t[:, None] < t[None]
    if not earlier.any():
        return float("nan")
    gap = score[:, None] - score[None]
    return float(((gap > 0) + 0.5 * (gap == 0))[earlier].mean())


def backtest(known: Adoptions, shares: Sequence[float] = (0.16, 0.34, 0.5)) -> pd.DataFrame:
    """One row a cascade and share: C-index of ours, of each thing alone ("as before", "neighbours", ...), and how many
    were still to adopt. Rolling origin: weights are learnt from what was known at the origin, cascade by cascade."""
    import pandas as pd

    cases, rows = _cases(known), []
    names = list(features(known, 0, known.first(0))[0])
    for one in cases:
        if one.share not in shares or not np.isfinite(one.times).any():
            continue
        beta = _weights([other for other in cases if other.cascade != one.cascade], one.origin)
        rows.append({"cascade": known.cascades[one.cascade], "share": one.share, "origin": one.origin,
                     "open": len(one.times), "ours": concordance(one.X @ beta, one.times),
                     **{name: concordance(one.X[:, k], one.times) for k, name in enumerate(names)}})
    if not rows:
        raise Refused("no cascade reaches a tenth of its units with somebody still to adopt; there is nothing to test.")
    return pd.DataFrame(rows)


# ---------------------------------------------------------------- who

@dataclass(frozen=True)
class Who:
    """Units still to adopt, the earliest first. chances[i, h]: unit i has adopted by the end of period t[h]."""

    cascade: str
    origin: int
    units: tuple[str, ...]
    score: np.ndarray    # float64[n]: log of the relative hazard
    t: np.ndarray        # int64[H]
    chances: np.ndarray  # float64[n, H], never falls
    weights: dict[str, float]
    faster: float = 1.0  # so many times as high as the curve's forecast are the hazards taken, by past cascades
    tried: int = 0       # from so many of them

    def table(self) -> pd.DataFrame:
        """rank, unit, score, and a column a period."""
        import pandas as pd

        return pd.DataFrame({"rank": np.arange(1, len(self.units) + 1), "unit": self.units, "score": self.score,
                             **{f"by {t}": self.chances[:, h] for h, t in enumerate(self.t)}})


def shared_out(score: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """float64[n, H]: chances 1 - exp(-H(t) exp(score)) that add up to the expected number of each column, float64[H]."""
    n, level = len(score), np.linspace(-25, 25, 2001)
    relative = score - score.mean()
    totals = -np.expm1(-np.exp(level[:, None] + relative[None])).sum(axis=1)
    at = np.interp(np.clip(expected, 0, n * (1 - 1e-9)), totals, level)
    return np.where(expected[None] <= 0, 0.0, -np.expm1(-np.exp(at[None] + relative[:, None])))


def curve_until(known: Adoptions, c: int, origin: float) -> Cascade:
    """How many had adopted a cascade by the end of each period until the origin."""
    first, told = int(known.first(c)), known.times[c][np.isfinite(known.times[c])]
    return Cascade(known.cascades[c], len(known.units), first,
                   np.array([(told <= t).sum() for t in range(first, int(origin) + 1)]))


def pace(known: Adoptions, c: int, now: float, periods: int, prior: Prior | None, seed: int = 0) -> tuple[float, int]:
    """(log of how many times as high hazards were as forecast, from how many past cascades).

    The newest of the others are forecast from where they had reached about the share that cascade c has now, and held
    against what came by now. The hazards of all, raised so many times, would have brought as many adopters as came; with
    few cascades that is held back, half with ten.
    """
    from scipy.optimize import brentq

    from letsdance.experiments.adopters.forecast import forecasts
    from letsdance.experiments.adopters.prior import STAGES

    share = (known.times[c] <= now).mean()
    stage = min(STAGES, key=lambda one: abs(one - share))
    reached = [(origin, k) for k in range(len(known.cascades))
               if k != c and (origin := known.reached(k, stage)) is not None and origin < now]
    past = [(curve_until(known, k, origin), k) for origin, k in sorted(reached, key=lambda one: -one[0])[:_TRIED]]
    past = [(curve, k) for curve, k in past if curve.adopters < curve.population]
    if not past:
        return 0.0, 0
    expected, came = [], []
    for made, (curve, k) in zip(forecasts([curve for curve, _ in past], prior, 100, seed), past, strict=True):
        ahead = min(periods, int(now) - curve.last)
        left = curve.population - curve.adopters
        expected.append((made.paths[:, :ahead].mean(axis=0) - curve.adopters) / left)
        came.append((np.sum(known.times[k][:, None] <= curve.last + 1 + np.arange(ahead), axis=0) - curve.adopters) / left)
    # Each cascade counts once, however long it has been watched.
    weight = np.concatenate([np.full(len(one), 1.0 / len(one)) for one in came])
    told, seen = np.clip(np.concatenate(expected), 0.0, 1.0 - 1e-9), np.concatenate(came)

    def missing(level: float) -> float:
        return float(weight @ (seen + np.expm1(np.log1p(-told) * np.exp(level))))

    level = _MOST if missing(_MOST) > 0 else -_MOST if missing(-_MOST) < 0 else float(brentq(missing, -_MOST, _MOST))
    return level * len(past) / (len(past) + _HALF), len(past)


def who(known: Adoptions, cascade: str | None = None, periods: int = 10, prior: Prior | None = None,
        samples: int = 500, seed: int = 0) -> Who:
    """Who is still to adopt one of the cascades (the last of the table, if none is named), and the chance by period.

    Refused for an unknown cascade, or where nobody, or only one, is left.
    """
    from letsdance.experiments.adopters.forecast import forecast

    name = known.cascades[-1] if cascade is None else cascade
    if name not in known.cascades:
        raise Refused("there is no cascade {name!r}.{near}", name=name, near=nearest(name, known.cascades))
    if not 1 <= periods <= 100:
        raise Refused("periods must lie from 1 to 100, not {periods}.", periods=periods)
    c = known.cascades.index(name)
    origin = int(known.until[c])
    one = _case(known, c, 0.0, origin)
    if len(one.times) < 2:
        raise Refused("{name}: only one unit is left to adopt; there is no order." if len(one.times) else
                      "{name}: nobody is left to adopt; there is no order.", name=name)
    beta = _weights([other for other in _cases(known) if other.cascade != c], origin)
    score, names = one.X @ beta, list(features(known, c, origin)[0])
    curve = curve_until(known, c, origin)
    paths = forecast(curve, prior, samples, seed).paths[:, :periods] - curve.adopters
    # A path says how many; who they are, the scores say: chances are means over paths.
    counts = np.arange(len(score) + 1)
    each = shared_out(score, counts.astype(np.float64))
    each[:, -1] = 1.0
    chances = np.stack([each[:, paths[:, h]].mean(axis=1) for h in range(periods)], axis=1)
    level, tried = pace(known, c, origin, periods, prior, seed)
    with np.errstate(divide="ignore"):  # a chance of one stays one
        chances = -np.expm1(np.log1p(-chances) * np.exp(level))
    order = np.argsort(-score, kind="stable")
    left = [unit for unit, t in zip(known.units, known.times[c], strict=True) if np.isnan(t)]
    return Who(name, origin, tuple(left[k] for k in order), score[order], origin + 1 + np.arange(periods), chances[order],
               dict(zip(names, beta.tolist(), strict=True)), float(np.exp(level)), tried)
