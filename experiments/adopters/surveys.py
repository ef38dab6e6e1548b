"""Surveys in: what people answered about willingness and trust, as shares 0-1, and what it says of a start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from params import Refused, nearest
from scenarios import tables
from scenarios.tables.kinds import SURVEY

if TYPE_CHECKING:
    import pandas as pd

    from scenarios import Scenario

_ROLES = {"citizen": ("citizen", "citizens", "resident"),
          "official": ("official", "officials", "government", "civil servant")}


@dataclass(frozen=True, eq=False)
class Survey:
    """Answers about willingness, as shares 0-1, and what they say of a start."""

    frame: pd.DataFrame      # role (citizen, official), willingness 0-1, municipality ('' if not asked)
    said: tuple[str, ...]

    def start(self) -> dict[str, float]:
        """C, the citizens' mean, and G, the officials'; who was not asked is left out."""
        means = self.frame.groupby("role")["willingness"].mean()
        return {symbol: float(means[role]) for symbol, role in (("C", "citizen"), ("G", "official")) if role in means}

    def scenario(self, base: str | Path | Scenario = "lets_dance", name: str = "survey") -> Scenario:
        """A scenario that starts where the answers are; all else is as in the base."""
        import scenarios

        story, at = scenarios.load(base), self.start()
        asked = self.frame["role"].value_counts()
        told = " and ".join(f"{asked[role]} {role}{'s' if asked[role] > 1 else ''}" for role in _ROLES if role in asked)
        return replace(story, name=name, title="Start from a survey", C=at.get("C", story.C), G=at.get("G", story.G),
                       says=f"Starts at the mean willingness of {told}; all else as in {story.title}.")

    def towns(self, population: Mapping[str, float] | int) -> pd.DataFrame:
        """A table of municipalities for `simulate(municipalities=...)`; population: citizens of each, or of all."""
        import pandas as pd

        named = self.frame[self.frame["municipality"] != ""]
        if not len(named):
            raise Refused("the survey does not name municipalities; add the column municipality, or use scenario().")
        means = named.pivot_table("willingness", "municipality", "role", aggfunc="mean", sort=False)
        for town in means.index:
            if not isinstance(population, int) and town not in population:
                raise Refused(f"the population of {town} is missing.{nearest(town, map(str, population))}")
        return pd.DataFrame({
            "name": means.index,
            "citizens": [int(population if isinstance(population, int) else population[t]) for t in means.index],
            "willingness": means.get("citizen", np.nan), "government_willingness": means.get("official", np.nan),
        }).reset_index(drop=True)


def read_survey(source: Any, scale: str | None = None) -> Survey:
    """Answers: role (citizen or official) and willingness, from 0 to 1 or on a Likert scale 1-5; perhaps municipality.

    scale: "share" or "likert"; recognised if not given, and said. On a Likert scale 1 is 0, 3 is .5 and 5 is 1.
    """
    if scale not in (None, "share", "likert"):
        raise Refused(f"there is no scale {scale!r}. Known: share (0 to 1) and likert (1 to 5).")
    table = tables.read(source, SURVEY)
    where, frame = table.where, table.frame
    role_of = {word: role for role, words in _ROLES.items() for word in words}
    values = tables.numbers(frame["willingness"])
    known, said = values.dropna(), list(table.said)
    if scale is None:
        share, likert = known.between(0, 1).all(), known.isin(range(1, 6)).all()
        if share and likert:  # or nothing is a number
            tables.check(table, tables.number("willingness", example="4 (on a scale from 1 to 5) or 0.6 (from 0 to 1)"))
            raise Refused(f"{where}: every willingness is 1, which is most on a scale 0-1 and least on 1-5; say which, "
                          f"scale share or likert.")
        scale = "likert" if likert or values.max() > 1.5 else "share"
        said.append("Willingness is read as " + ("a Likert scale, 1 (least) to 5 (most)." if scale == "likert" else
                                                 "a share, 0 (least) to 1 (most)."))
    low, high = (1, 5) if scale == "likert" else (0, 1)
    tables.check(table, [
        tables.Rule("role", lambda t: t["role"].str.lower().isin(role_of), lambda row: "must be citizen or official"
              + nearest(row["role"], role_of).rstrip("?").replace(" Did you mean", ", perhaps")),
        *tables.number("willingness", low=low, high=high, whole=scale == "likert",
                       example="4" if scale == "likert" else "0.6"),
        tables.given("municipality")])
    said.append("A survey says what people answer, not what they do: it is a start to explore from, and no measurement "
                "of C and G.")
    return Survey(frame.assign(role=frame["role"].str.lower().map(role_of), willingness=(values - low) / (high - low),
                               municipality=frame.get("municipality", ""))
                  [["role", "willingness", "municipality"]].reset_index(drop=True), tuple(said))


__all__ = ["Survey", "read_survey"]
