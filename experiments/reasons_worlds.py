"""Reasons over worlds: what is said of a start as assumed, and in how many worlds the same is so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance import scenarios
from letsdance.experiments.moving import TOLD, moving
from letsdance.experiments.success import chance
from letsdance.experiments.worlds import Worlds, each
from letsdance.params import PARAMETERS
from letsdance.scenarios import Scenario, ScenarioLike
from letsdance.simulation.rules.regimes import REGIMES
from letsdance.simulation.run import Result

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Explained:
    """What is said of a start as assumed, and in how many worlds the same is so: one row a sentence (about, says, worlds,
    share, low, high). goal: the regime of most municipalities at the end as assumed; ends: float64[world], its share."""

    asked: Worlds
    table: pd.DataFrame
    scenario: Scenario
    runs: int
    goal: str
    ends: np.ndarray
    holds: pd.DataFrame

    def where(self) -> pd.DataFrame:
        """Which assumptions the share that ends in `goal` moves with; see `moving`."""
        return moving(self.table, self.ends)

    @property
    def sentences(self) -> list[str]:
        """Each with the share of worlds in which it holds, and what decides most."""
        said = [f"{self.scenario.title} in {self.asked}, {self.runs} runs each."]
        said += [f"{row.says} Holds in {row.share:.0%} ({row.low:.0%}-{row.high:.0%}) of worlds."
                 for row in self.holds.itertuples()]
        found = self.where()
        told = [f"{PARAMETERS[name].title if name in PARAMETERS else name} ({name}: {low:.0%} in the lowest third of "
                f"worlds, {high:.0%} in the highest)" for name, low, high in
                found.loc[found["p"] < TOLD, ["assumption", "low", "high"]].head(3).itertuples(index=False)]
        title = scenarios.load(self.goal).title
        said.append(f"The share that ends in {title} depends most on {'; '.join(told)}." if told else
                    f"No single assumption is shown to move the share that ends in {title}.")
        return said

    def __repr__(self) -> str:
        return "\n".join(self.sentences)


def explain(worlds: Worlds, scenario: ScenarioLike, runs: int, seed: int, threads: int | None = None,
            progress: Callable[[int], None] | None = None) -> Explained:
    """As `Worlds.explain`."""
    import pandas as pd

    from letsdance.experiments.reasons import LAST, bottlenecks, pushes
    from letsdance.words import IN_ENGLISH

    story = scenarios.load(scenario)
    table = worlds.table(story)
    last = min(LAST, story.quarters)
    kept: dict[int, dict[str, Any]] = {}

    def what(result: Result) -> dict[str, Any]:
        shares = {name: float(result.rows[name][:, -1].mean()) for name in REGIMES}
        said: dict[str, Any] = {"shares": shares, "goal": max(shares, key=lambda name: shares[name])}
        for side in ("citizens", "governments"):
            mine = [one for one in pushes(result, last) if one.side == side]
            for way, sign in (("up", 1.0), ("down", -1.0)):
                strongest = max(mine, key=lambda one, sign=sign: sign * one.push)  # type: ignore[misc]
                said[f"{side} {way}"] = strongest.words if sign * strongest.push > 0.0 else ""
        narrow = bottlenecks(result, last)
        most = max(narrow, key=lambda step: narrow[step])
        said["bottleneck"] = most if narrow[most] > 0 else ""
        return said

    each([story], table.iloc[:1, :0], runs, seed, lambda w, k, result: kept.__setitem__(-1, what(result)), None, 1)
    each([story], table, runs, seed, lambda w, k, result: kept.__setitem__(w, what(result)), None, threads, progress)
    here = kept.pop(-1)
    sentences = {"goal": f"Most municipalities end in {scenarios.load(here['goal']).title}."}
    for side in ("citizens", "governments"):
        for way, words in (("up", "made {side} willing"), ("down", "held {side} back")):
            if here[f"{side} {way}"]:
                sentences[f"{side} {way}"] = f"What most {words.format(side=side)} was {here[f'{side} {way}']}."
    if here["bottleneck"]:
        sentences["bottleneck"] = f"The narrowest step is that {IN_ENGLISH(f'report.funnel_{here["bottleneck"]}')}."
    rows = []
    for about, says in sentences.items():
        share = chance(np.array([kept[w][about] == here[about] for w in range(len(table))]))
        rows.append({"about": about, "says": says, "worlds": share.n, "share": share.share, "low": share.low,
                     "high": share.high})
    ends = np.array([kept[w]["shares"][here["goal"]] for w in range(len(table))])
    return Explained(worlds, table, story, runs, here["goal"], ends, pd.DataFrame(rows))
