"""Reasons over worlds: what is said of a start as assumed, and in how many worlds the same is so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance import scenarios
from letsdance.experiments.executors import ExecutorLike
from letsdance.experiments.moving import TOLD, assumption_named, moving
from letsdance.experiments.pieces import Pieces
from letsdance.experiments.success import chance
from letsdance.experiments.worlds import Worlds, each, head
from letsdance.scenarios import Scenario, ScenarioLike
from letsdance.simulation.municipalities import MunicipalitiesLike
from letsdance.simulation.rules.regimes import REGIMES
from letsdance.simulation.run import Result
from letsdance.words import IN_ENGLISH, Text

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Explained:
    """What is said of a start as assumed, and in how many worlds the same is so: one row a sentence (about, says, worlds,
    share, low, high). here: what is so as assumed, by what it is about (`_says`). goal: the regime of most municipalities
    at the end as assumed; ends: float64[world], its share."""

    asked: Worlds
    table: pd.DataFrame
    scenario: Scenario
    runs: int
    goal: str
    ends: np.ndarray
    holds: pd.DataFrame
    here: Mapping[str, str]

    def where(self) -> pd.DataFrame:
        """Which assumptions the share that ends in `goal` moves with; see `moving`."""
        return moving(self.table, self.ends)

    @property
    def sentences(self) -> list[str]:
        """`said`, in English."""
        return self.said()

    def said(self, text: Text = IN_ENGLISH) -> list[str]:
        """Each with the share of worlds in which it holds, and what decides most."""
        said = [text("report.reasons_worlds", start=text.start(self.scenario.title), worlds=self.asked.said(text),
                     runs=self.runs)]
        said += [text("report.reasons_holds", says=_says(row.about, self.here[row.about], text),
                      share=text("report.with_band", value=text.percent(row.share), band=text.percents(row.low, row.high)))
                 for row in self.holds.itertuples()]
        found, future = self.where(), text.title("start", self.goal)
        told = [text("report.reasons_third", assumption=assumption_named(name, text), low=text.percent(low),
                     high=text.percent(high)) for name, low, high in
                found.loc[found["p"] < TOLD, ["assumption", "low", "high"]].head(3).itertuples(index=False)]
        return [*said, text("report.reasons_depends", future=future, said=text("report.semicolon").join(told)) if told else
                text("report.reasons_depends_not", future=future)]

    def __repr__(self) -> str:
        return "\n".join(self.sentences)


def _says(about: str, name: str, text: Text) -> str:
    """A sentence: where most end (goal), the narrowest step (bottleneck), or what most moved a side up or down."""
    if about == "goal":
        return text("report.reasons_goal", future=text.title("start", name))
    if about == "bottleneck":
        return text("report.reasons_bottleneck", step=text(f"report.funnel_{name}"))
    return text(f"report.reasons_{about}", reason=text.title("indicator", name))


def explain(worlds: Worlds, scenario: ScenarioLike, runs: int, seed: int, threads: int | None = None,
            progress: Callable[[int], None] | None = None,
            municipalities: MunicipalitiesLike | None = None, keep: str | Path | None = None,
            executor: ExecutorLike = None) -> Explained:
    """As `Worlds.explain`."""
    import pandas as pd

    scenario = scenarios.load(scenario)
    table = worlds.table(scenario)
    pieces = Pieces(threads, executor, keep, partial(head, [scenario], table, runs, seed, "explain", municipalities))
    here, = each([scenario], table.iloc[:1, :0], runs, seed, _so, municipalities, pieces, progress)
    kept = list(each([scenario], table, runs, seed, _so, municipalities, pieces, progress))
    told = {about: here[about] for about in ("goal", *(f"{side}_{way}" for side in ("citizens", "governments")
                                                       for way in ("up", "down")), "bottleneck") if here[about]}
    rows = []
    for about, name in told.items():
        share = chance(np.array([one[about] == name for one in kept]))
        rows.append({"about": about, "says": _says(about, name, IN_ENGLISH), "worlds": share.n, "share": share.share,
                     "low": share.low, "high": share.high})
    ends = np.array([one["shares"][here["goal"]] for one in kept])
    return Explained(worlds, table, scenario, runs, here["goal"], ends, pd.DataFrame(rows), told)


def _so(result: Result) -> dict[str, Any]:
    """What is so in a world: each regime's share at the end, the largest, what most moved whom, and the narrowest step."""
    from letsdance.experiments.reasons import LAST, bottlenecks, pushes

    last = min(LAST, result.quarters)
    shares = {name: float(result.rows[name][:, -1].mean()) for name in REGIMES}
    said: dict[str, Any] = {"shares": shares, "goal": max(shares, key=lambda name: shares[name])}
    for side in ("citizens", "governments"):
        mine = [one for one in pushes(result, last) if one.side == side]
        for way, sign in (("up", 1.0), ("down", -1.0)):
            strongest = max(mine, key=lambda one, sign=sign: sign * one.push)  # type: ignore[misc]
            said[f"{side}_{way}"] = strongest.name if sign * strongest.push > 0.0 else ""
    narrow = bottlenecks(result, last)
    most = max(narrow, key=lambda step: narrow[step])
    said["bottleneck"] = most if narrow[most] > 0 else ""
    return said
