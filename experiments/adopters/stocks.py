"""Shares in use, which can fall: stocks with an inflow and an outflow, described, forecast, and the forecasts tried.

Of all who could, a share y uses something. In a period (p + q y)(1 - y) begin (from outside, and by contagion: Bass, 1969)
and d y stop. A series of shares tells the net change alone, so p, q and d rest on how it bends; they are fitted with least
squares, none below zero, and drawn towards what all units together say. Steps that are shocks say nothing about the flows:
they are left out of the fit, and come back in a forecast as often as they came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

from letsdance.experiments.adopters import scores
from letsdance.params import Refused
from letsdance.words import IN_ENGLISH, Text

if TYPE_CHECKING:
    import pandas as pd

    from letsdance.experiments.adopters.counts import Counts

_PURPOSE = 0x73746F63  # names this use of a seed
_POINTS = 0.05  # no move of a share that is smaller is called a shock
_SCALES = 4.0  # and none that lies fewer robust standard deviations (1.4826 MAD) from the other steps
_ALONE = 1 / 3  # the steps beside a shock go on at less than this part of its pace: a steep curve is no shock
_FEWEST = 4  # periods told, to fit flows
_TOWARDS = 4.0  # steps that the pooled flows count for in a unit's own fit
_LEVEL = 0.8


@dataclass(frozen=True)
class Shock:
    """A move within one or two steps that stands out: from `before` at `start` to `after` at `end`, in its units."""

    start: int
    end: int
    before: float
    after: float


def shocks(period: np.ndarray, value: np.ndarray, whole: float) -> list[Shock]:
    """Shocks of a series, int64[T] and float64[T]; `whole` is what a share of 1 is (100 for percent).

    A move over one step or two in a row is one if it is five hundredths of the whole or more, lies four robust standard
    deviations from the other steps, and the steps just before and after go on at less than a third of its pace.
    """
    if len(value) < _FEWEST:
        return []
    gaps, steps = np.diff(period), np.diff(value)
    rate, found = steps / gaps, []
    for length in (2, 1):
        for i in range(len(rate) - length + 1):
            inside = slice(i, i + length)
            move, span = steps[inside].sum(), gaps[inside].sum()
            sign, pace = np.sign(move), move / span
            if abs(move) < _POINTS * whole or (length == 2 and (sign * rate[inside] < _ALONE * abs(pace)).any()):
                continue
            others = np.delete(rate, np.arange(i, i + length))
            if not len(others) or any(sign * r >= _ALONE * abs(pace) for r in
                                      (*rate[max(i - 1, 0):i], *rate[i + length:i + length + 1])):
                continue
            usual = np.median(others)
            if abs(pace - usual) * span > _SCALES * np.sqrt(span) * 1.4826 * np.median(np.abs(others - usual)):
                found.append((i, length))
    taken: list[tuple[int, int]] = []
    for i, length in found:
        if all(i + length <= j or j + more <= i for j, more in taken):
            taken.append((i, length))
    return [Shock(int(period[i]), int(period[i + n]), float(value[i]), float(value[i + n])) for i, n in sorted(taken)]


@dataclass(frozen=True)
class Series:
    """One unit's shares, 0 to 1, at rising periods."""

    unit: str
    period: np.ndarray  # int64[T]
    share: np.ndarray   # float64[T]

    def until(self, count: int) -> Series:
        """The first `count` rows."""
        return Series(self.unit, self.period[:count], self.share[:count])

    def steps(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Of each step: share before, change a period, periods, and whether it is part of a shock; each [T - 1]."""
        gaps = np.diff(self.period)
        part = np.zeros(len(gaps), bool)
        for one in shocks(self.period, self.share, 1.0):
            part |= (self.period[:-1] >= one.start) & (self.period[1:] <= one.end)
        return self.share[:-1], np.diff(self.share) / gaps, gaps, part


def in_table(source: Any) -> list[Series] | None:
    """The shares that a table holds (a column percent, or stock and population); None where it holds something else."""
    from letsdance.experiments.adopters.counts import read_counts
    from letsdance.scenarios import tables
    from letsdance.scenarios.tables.kinds import COUNTS

    sheet = tables.open_sheet(source, "adoption")
    try:
        names = set(tables.meanings(sheet, COUNTS).values())
    except Refused:  # columns that are ambiguous as counts: their own reader says what they are
        return None
    if not names & {"percent", "stock"} or names & {"new", "cumulative"}:
        return None
    return series_of(read_counts(sheet))


def table(made: Sequence[Forecast]) -> pd.DataFrame:
    """unit, sample, t, share: one row a unit, sample and period."""
    import pandas as pd

    return pd.concat([pd.DataFrame({
        "unit": f.series.unit, "sample": np.repeat(np.arange(len(f.paths)), len(f.t)), "t": np.tile(f.t, len(f.paths)),
        "share": f.paths.ravel()}) for f in made], ignore_index=True)


def seen(many: Sequence[Series]) -> pd.DataFrame:
    """unit, t, share: what was seen."""
    import pandas as pd

    return pd.concat([pd.DataFrame({"unit": one.unit, "t": one.period, "share": one.share}) for one in many],
                     ignore_index=True)


def quantile_table(made: Sequence[Forecast]) -> pd.DataFrame:
    """unit, t, q10, q25, q50, q75, q90 of the share."""
    import pandas as pd

    return pd.concat([pd.DataFrame({"unit": f.series.unit, "t": f.t, **dict(zip(
        ("q10", "q25", "q50", "q75", "q90"), f.quantiles(), strict=True))}) for f in made], ignore_index=True)


def series_of(counts: Counts) -> list[Series]:
    """Shares of each unit. Refused for counts that are no shares, and stocks without those who could."""
    if counts.kind not in ("percent", "stock"):
        raise Refused("counts that are {kind} have no outflow; give percent, or stock with a population.",
                      kind=counts.kind)
    made = []
    for unit in counts.units:
        one = counts.series(unit)
        whole = one["population"].to_numpy(np.float64) if counts.kind == "stock" else np.full(len(one), 100.0)
        if not (whole > 0).all():
            raise Refused("the stock of {unit} needs a column population (those who could) to be a share.",
                          unit=unit)
        made.append(Series(unit, one["period"].to_numpy(np.int64), one["value"].to_numpy(np.float64) / whole))
    return made


@dataclass(frozen=True)
class Flows:
    """p: begin from outside; q: begin by contagion; d: stop; all a period. sd: of a period's change beside them."""

    p: float
    q: float
    d: float
    sd: float

    def change(self, share: np.ndarray) -> np.ndarray:
        """Inflow less outflow of a period at these shares."""
        return (self.p + self.q * share) * (1 - share) - self.d * share

    @property
    def at_edge(self) -> tuple[str, ...]:
        """Flows whose best value is none, the edge of what can be: these shares do not tell them."""
        return tuple(name for name in ("p", "q", "d") if getattr(self, name) < 1e-12)

    @property
    def rest(self) -> float:
        """The share at which inflow and outflow are equal: where it settles if flows stay; NaN where nothing flows."""
        if self.q < 1e-12:
            return self.p / (self.p + self.d) if self.p + self.d > 0 else float("nan")
        b = self.q - self.p - self.d
        return float((b + np.sqrt(b * b + 4 * self.q * self.p)) / (2 * self.q))


def _design(y: np.ndarray) -> np.ndarray:
    return np.column_stack([1 - y, y * (1 - y), -y])


def _fit(steps: Sequence[tuple[np.ndarray, ...]], towards: Flows | None) -> Flows:
    from scipy.optimize import nnls

    y, change, gaps, shock = (np.concatenate(part) for part in zip(*steps, strict=True))
    y, change, gaps = y[~shock], change[~shock], gaps[~shock]
    X, target, weight = _design(y), change, np.sqrt(gaps)
    if towards is not None:  # as if the pooled flows had been seen at the unit's own shares
        at = np.linspace(y.min(), y.max(), 5) if len(y) else np.linspace(0, 1, 5)
        X, target = np.vstack([X, _design(at)]), np.append(target, towards.change(at))
        weight = np.append(weight, np.full(5, np.sqrt(_TOWARDS / 5)))
    p, q, d = nnls(X * weight[:, None], target * weight)[0]
    left = (change - _design(y) @ (p, q, d)) * np.sqrt(gaps)
    have = 0.0 if towards is None else _TOWARDS
    squares = (left**2).sum() + have * (0.0 if towards is None else towards.sd**2)
    return Flows(float(p), float(q), float(d), float(np.sqrt(squares / max(len(y) + have - 1, 1))))


@dataclass(frozen=True)
class Model:
    """Flows of each unit and of all together, and the shocks seen."""

    pooled: Flows
    jumps: np.ndarray  # float64[k]: moves that were shocks, as shares
    chance: float      # of a shock in a unit's period
    wider: float = 1.0  # spreads are taken so many times as wide, by how past forecasts did

    def flows(self, one: Series) -> Flows:
        """A unit's own, drawn towards the pooled."""
        return _fit([one.steps()], self.pooled)


def fit(many: Sequence[Series]) -> Model:
    """Flows of all units together, and their shocks. Refused where no unit has four periods."""
    told = [one for one in many if len(one.period) >= _FEWEST]
    if not told:
        raise Refused("no unit has {fewest} periods; flows in and out cannot be told from fewer.", fewest=_FEWEST)
    seen = [(shock.after - shock.before) for one in told for shock in shocks(one.period, one.share, 1.0)]
    periods = sum(int(one.period[-1] - one.period[0]) for one in told)
    return Model(_fit([one.steps() for one in told], None), np.array(seen), len(seen) / periods)


@dataclass(frozen=True)
class Forecast:
    """`paths[k, h]` is the share in use at `t[h]`."""

    series: Series
    t: np.ndarray      # int64[H]
    paths: np.ndarray  # float64[S, H]
    flows: Flows

    def quantiles(self, levels: Sequence[float] = (0.1, 0.25, 0.5, 0.75, 0.9)) -> np.ndarray:
        """float64[len(levels), H]."""
        return np.quantile(self.paths, levels, axis=0)

    def says(self, text: Text = IN_ENGLISH) -> str:
        """One or two sentences, in a language."""
        low, middle, high = (text.number(100 * v, 1) for v in self.quantiles((0.1, 0.5, 0.9))[:, -1])
        edge = self.flows.at_edge
        # Where it settles is the edge itself, all or nothing, where an outflow or every inflow is none.
        rest = float("nan") if "d" in edge or {"p", "q"} <= {*edge} else self.flows.rest
        told = "".join(name for name in "pd" if name not in edge)
        untold = text("report.shares_or").join(text(f"report.shares_untold_{name}") for name in "pqd" if name in edge)
        return (text("report.shares_says", unit=self.series.unit, share=text.number(100 * self.series.share[-1], 1),
                     period=self.series.period[-1], middle=middle, last=self.t[-1], low=low, high=high)
                + (text(f"report.shares_flow_{told}", p=text.number(100 * self.flows.p, 1),
                        d=text.number(100 * self.flows.d, 1)) if told else "")
                + (text("report.shares_untold", what=f"{untold[0].upper()}{untold[1:]}") if untold else "")
                + ("" if np.isnan(rest) else text("report.shares_settles", share=text.number(100 * rest))))


def forecast(one: Series, model: Model, periods: int = 10, samples: int = 500, seed: int = 0) -> Forecast:
    """Sampled shares for so many periods after the series. Equal seeds give equal paths."""
    if not 20 <= samples <= 100_000:
        raise Refused("samples must lie from 20 to 100,000, not {samples}.", samples=samples)
    rng = np.random.default_rng(np.random.SeedSequence([seed, _PURPOSE, crc32(one.unit.encode())]))
    flows, share = model.flows(one), np.full(samples, one.share[-1])
    # The mean change errs by its spread over the square root of the steps behind it.
    steps = int((~one.steps()[3]).sum()) + _TOWARDS
    drift = rng.normal(0, model.wider * flows.sd / np.sqrt(steps), samples)
    paths = np.empty((samples, periods))
    for h in range(periods):
        jump = np.zeros(samples)
        if len(model.jumps):
            jump = np.where(rng.random(samples) < model.chance, rng.choice(model.jumps, samples), 0.0)
        noise = rng.normal(0, model.wider * flows.sd, samples)
        share = np.clip(share + flows.change(share) + drift + noise + jump, 0.0, 1.0)
        paths[:, h] = share
    return Forecast(one, one.period[-1] + 1 + np.arange(periods), paths, flows)


def _origins(one: Series) -> range:
    return range(_FEWEST, len(one.period))


def _tried(many: Sequence[Series], horizon: int, samples: int, seed: int) -> list[tuple[Series, int, Model]]:
    """(series, rows seen, what the other units teach; a single unit's own first part) for each origin."""
    found = []
    for k, one in enumerate(many):
        others = [other for j, other in enumerate(many) if j != k and len(other.period) >= _FEWEST]
        taught = fit(others) if others else None
        found += [(one, rows, taught or fit([one.until(rows)])) for rows in _origins(one)]
    return found


def calibrated(many: Sequence[Series], seed: int = 0) -> Model:
    """The model with spreads as wide as past forecasts from rolling origins needed: 80 % of truths within 80 %.

    Each unit is forecast with what the others teach. With few forecasts the correction is held back, half with ten.
    """
    found = _tried(many, 5, 200, seed)
    needed = []
    for one, rows, model in found:
        made = forecast(one.until(rows), model, int(min(one.period[-1] - one.period[rows - 1], 5)), 200, seed)
        at = np.searchsorted(made.t, one.period[rows:])
        for column, truth in zip(at, one.share[rows:], strict=True):
            if column < len(made.t):
                low, middle, high = np.quantile(made.paths[:, column], [0.1, 0.5, 0.9])
                half = max(high - middle if truth > middle else middle - low, 1e-9)
                needed.append(abs(truth - middle) / half)
    model = fit(many)
    if not needed:
        return model
    units = len({one.unit for one, _, _ in found})
    sure = len(found) / (len(found) + 10.0) if units > 1 else len(found) / (len(found) + 30.0)
    wider = float(np.clip(np.quantile(needed, _LEVEL), 0.3, 4.0))
    return Model(model.pooled, model.jumps, model.chance, float(np.exp(sure * np.log(wider))))


def backtest(many: Sequence[Series], horizon: int = 5, samples: int = 300, seed: int = 0) -> pd.DataFrame:
    """One row a unit, origin and period ahead: error of the median, CRPS, whether the 80 % interval held, below, above;
    and the error of persistence (the last share stays), all as shares. Each unit is forecast with what others teach."""
    import pandas as pd

    rows = []
    for k, one in enumerate(many):
        others = [other for j, other in enumerate(many) if j != k and len(other.period) >= _FEWEST]
        model = calibrated(others, seed) if others else None
        for told in _origins(one):
            made = forecast(one.until(told), model or fit([one.until(told)]), horizon, samples, seed)
            for period, truth in zip(one.period[told:], one.share[told:], strict=True):
                ahead = int(period - one.period[told - 1])
                if ahead <= horizon:
                    paths = made.paths[:, [ahead - 1]]
                    low, middle, high = np.quantile(paths[:, 0], [0.1, 0.5, 0.9])
                    rows.append({"unit": one.unit, "origin": int(one.period[told - 1]), "ahead": ahead,
                                 "error": abs(middle - truth), "crps": float(scores.crps(paths, np.array([truth]))[0]),
                                 "below": truth < low, "above": truth > high,
                                 "persistence": abs(one.share[told - 1] - truth)})
    if not rows:
        raise Refused("no unit has {fewest} periods; there is nothing to test.", fewest=_FEWEST + 1)
    return pd.DataFrame(rows)
