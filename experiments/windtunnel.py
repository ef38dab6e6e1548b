"""The wind tunnel: one portfolio against every start and every shock, each time on the citizens and luck of going without.

    wind_tunnel("FRCS@8+20, FAL@8+20").table

A portfolio that only helps where all goes well is found out here (after TAIDA's and the UK Futures Toolkit's worksheet).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from letsdance import scenarios
from letsdance.experiments.outcomes import Outcome, parse
from letsdance.experiments.paired import interval
from letsdance.experiments.precision import bounds
from letsdance.params import Refused, nearest
from letsdance.scenarios import SHOCKS, STARTS, Scenario, ScenarioLike
from letsdance.scenarios.policy import Policy, one_horizon, read_policy
from letsdance.simulation import municipalities as places
from letsdance.simulation.municipalities import MunicipalitiesLike
from letsdance.simulation.run import simulate

if TYPE_CHECKING:
    import pandas as pd

#: The column in which nothing happens.
CALM = "none"
#: Of these less is better; of everything else more.
LESS = ("wasteland", "dead_horse", "unaware", "discontinued", "unanswered_calls", "dead_calls", "crowded_out",
        "services_ended", "discontinuations", "spend", "total_spend", "lever_points", "pilots_per_adoption",
        "late_adopter_gap", "technology_rank", "y_budget")


def less_is_better(outcome: Outcome) -> bool:
    """Whether going down is going well."""
    return outcome.name in LESS or outcome.name.startswith("time_to_")


@dataclass(frozen=True, eq=False)
class WindTunnel:
    """One portfolio, in every start and shock. values: (start, shock) -> (without, with), each float64[runs]."""

    portfolio: Policy
    outcome: Outcome
    starts: Mapping[str, Scenario]
    shocks: tuple[str, ...]
    at: int
    quarters: int
    seed: int
    runs: int
    less: bool
    values: Mapping[tuple[str, str], tuple[np.ndarray, np.ndarray]]

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a start and shock.

        without, with_it: the outcome's mean without and with the portfolio; difference, low, high: paired, with its 95 %
        interval; n: runs in which both were measured; helps, harms: in how many the portfolio does better, worse;
        regret: by how much, on average, one would have been better off without it (0: never); shock_effect: what the
        shock changes with the portfolio, against no shock.
        """
        import pandas as pd

        rows, sign, within = [], -1.0 if self.less else 1.0, bounds(self.outcome)
        for (start, shock), (without, with_it) in self.values.items():
            known = np.isfinite(without) & np.isfinite(with_it)
            d = (with_it - without)[known]
            e = interval(d, None if within is None else within[1] - within[0])
            calm = self.values[start, CALM][1]
            rows.append({
                "start": start, "shock": shock, "without": _mean(without), "with_it": _mean(with_it),
                "difference": e.mean, "low": e.low, "high": e.high, "n": e.n, "helps": int((sign * d > 0).sum()),
                "harms": int((sign * d < 0).sum()), "regret": _mean(np.maximum(-sign * d, 0.0)),
                "shock_effect": _mean(with_it - calm)})
        return pd.DataFrame(rows)

    def worst(self, start: str | None = None) -> pd.Series | None:
        """The row in which the outcome with the portfolio is worst, of one start or of all; None where none is measured."""
        frame = self.table if start is None else self.table[self.table["start"] == start]
        known = frame.dropna(subset="with_it")
        if known.empty:
            return None
        at = known["with_it"].idxmax() if self.less else known["with_it"].idxmin()
        return known.loc[at]

    def counted(self) -> dict[str, int]:
        """In how many cells the portfolio clearly helps, clearly harms, or neither: by the interval of the difference."""
        frame, sign = self.table, -1.0 if self.less else 1.0
        ends = sign * frame[["low", "high"]].to_numpy()
        helps, harms = int((ends.min(axis=1) > 0).sum()), int((ends.max(axis=1) < 0).sum())
        return {"helps": helps, "harms": harms, "unclear": len(frame) - helps - harms}

    def __repr__(self) -> str:
        return (f"{self.portfolio.title}: {self.outcome}, {self.runs} paired runs a cell\n"
                f"{self.table.round(2).to_string(index=False)}")


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else np.nan


@dataclass(frozen=True, eq=False)
class Planned:
    """What a wind tunnel runs: a pair of scenarios, without and with the portfolio, for each start and shock."""

    policy: Policy
    outcome: Outcome
    starts: Mapping[str, Scenario]
    shocks: tuple[str, ...]
    quarters: int
    less: bool
    cells: Mapping[tuple[str, str], tuple[Scenario, Scenario]]


def planned(portfolio: str | Policy, starts: Iterable[ScenarioLike], shocks: Iterable[str] | None, at: int,
            outcome: str | Outcome, quarters: int | None, better: str | None) -> Planned:
    """Everything that can be refused is, before anything runs; words as in `wind_tunnel`."""
    policy = portfolio if isinstance(portfolio, Policy) else read_policy(portfolio)
    if not (policy.levers or policy.parameters or policy.profile):
        raise Refused('portfolio {name!r} does nothing; give it a lever or a parameter, such as "free-range: '
                      'FRCS@8+20".', name=policy.title)
    if policy.shocks or policy.start:
        raise Refused("portfolio {name!r} brings its own shock; the wind tunnel tries them all, so name levers and "
                      "parameters only." if policy.shocks else
                      "portfolio {name!r} brings its own start; the wind tunnel tries them all, so name levers and "
                      "parameters only.", name=policy.title)
    one_horizon(policy)
    names = tuple(SHOCKS) if shocks is None else tuple(dict.fromkeys([shocks] if isinstance(shocks, str) else shocks))
    for name in names:
        if name not in SHOCKS:
            raise Refused("there is no shock {name!r}.{near} See `letsdance show shocks`.", name=name,
                          near=nearest(str(name), SHOCKS))
    asked = parse(outcome)
    if better not in (None, "more", "less"):
        raise Refused("better must be more or less, not {better!r}.", better=better)
    several: dict[str, Scenario] = {}
    for one in [starts] if isinstance(starts, str | Scenario) else starts:
        scenario = scenarios.load(one).changed(quarters=quarters)
        if scenario.name in several:
            raise Refused("two starts are called {name}; rename one of the files.", name=scenario.name)
        several[scenario.name] = scenario
    if not several:
        raise Refused("name at least one start: {starts}, or a scenario file.", starts=", ".join(STARTS))
    if len({scenario.quarters for scenario in several.values()}) > 1:
        raise Refused("the starts have different horizons; give one with quarters (--quarters).")
    last = next(iter(several.values())).quarters
    where = asked.last if asked.first is not None else None
    if where is not None and where > last:
        raise Refused("{asked} looks at quarter {where}, after the horizon of {last}; name an earlier quarter or raise "
                      "quarters.", asked=asked, where=where, last=last)
    cells: dict[tuple[str, str], tuple[Scenario, Scenario]] = {}
    for name, scenario in several.items():
        for shock in (CALM, *names):
            hit = scenario if shock == CALM else scenario.changed(shocks=[{"name": shock, "start": at}])
            cells[name, shock] = hit, replace(policy.on(hit), title=hit.title)
    less = less_is_better(asked) if better is None else better == "less"
    return Planned(policy, asked, several, names, last, less, cells)


def wind_tunnel(portfolio: str | Policy, starts: Iterable[ScenarioLike] = STARTS,
                shocks: Iterable[str] | None = None, at: int = 12,
                outcome: str | Outcome = "lets_dance", runs: int = 20, seed: int = 1, quarters: int | None = None,
                better: str | None = None, municipalities: MunicipalitiesLike | None = None, threads: int | None = None,
                progress: Callable[[int], None] | None = None) -> WindTunnel:
    """Run a portfolio, and going without it, from every start under no shock and under each shock.

    portfolio: a `Policy`, or text as `read_policy` reads it. shocks: all if left out, each from quarter `at` on at
    its declared duration. better: "more" or "less"; if left out, as `LESS` has it. progress: called with the number of
    runs that have ended, of (starts x (shocks + 1) x 2 x runs). Raises `Refused` for bad input.

    >>> found = ld.wind_tunnel("free-range: FRCS@2", ["lone_ranger"], ["scandal"], at=2, runs=2, quarters=8)
    >>> found.table["shock"].tolist()
    ['none', 'scandal']
    """
    made = planned(portfolio, starts, shocks, at, outcome, quarters, better)
    where_they_live = None if municipalities is None else places.load(municipalities)
    values = {cell: tuple(made.outcome.of(simulate(scenario, runs=runs, seed=seed, municipalities=where_they_live,
                                                   threads=threads, progress=progress)) for scenario in pair)
              for cell, pair in made.cells.items()}
    return WindTunnel(made.policy, made.outcome, made.starts, made.shocks, at, made.quarters, seed, runs, made.less,
                      values)  # type: ignore[arg-type]
