"""What a city sees of itself each quarter, with how far it may be wrong: a row each of quarter, signal, value, and n people
asked or a standard error; of a panel, how alike the same people's answers are to those they gave before.

`follow` weighs by these errors (`Seen.log_likelihood`), `calibrate` draws them (`answered`): they are told once, here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance import scenarios
from letsdance.experiments.pathways import SIGNALS, WORDS
from letsdance.params import Refused, Said, nearest
from letsdance.scenarios import tables
from letsdance.scenarios.tables.kinds import Field, Kind
from letsdance.simulation.indicators import SOCIETY

if TYPE_CHECKING:
    import pandas as pd

#: What may be seen, and whether only people who are asked tell it: a municipality's signals, and its officials' answers.
SEEN: Mapping[str, bool] = {**SIGNALS, "G": True}
_CALLED = {**WORDS, "officials": "G"}
_SAID = {signal: word for word, signal in reversed(_CALLED.items())}
#: A count is taken to be right to one, or to this part of it where that is more.
ROUGH = 0.05
KIND = Kind("seen", "what was seen", ("quarter", "signal", "value"), (
    Field("quarter", "whole", ("quarter", "kwartaal", "t", "period"), low=0, high=scenarios.HORIZON[1], example="8"),
    Field("signal", "text", ("signal", "signaal", "indicator", "what", "wat")),
    Field("value", "number", ("value", "waarde", "share", "mean"), low=0, example="0.4"),
    Field("n", "whole", ("n", "asked", "respondents", "gevraagd"), low=2, blank=True, example="400"),
    Field("error", "number", ("error", "se", "standard_error", "fout"), low=0, blank=True, example="0.02"),
    Field("panel", "number", ("panel", "again", "same_people", "opnieuw"), low=0, high=0.99, blank=True, example="0.7")),
    strict=True)


@dataclass(frozen=True)
class Seen:
    """One thing seen at a quarter's end. asked: how many people said it (0: nobody was asked); error: its standard error
    (NaN: from `asked`, or `ROUGH`). panel: the correlation of its error with that of the wave before of the same signal,
    where the same people were asked again (0: other people, drawn anew)."""

    quarter: int
    signal: str
    value: float
    asked: int = 0
    error: float = np.nan
    panel: float = 0.0

    def spread(self, true: np.ndarray, municipalities: int) -> np.ndarray:
        """The standard error of what is seen where the truth is this: as told; of a share of so many people; of a count."""
        true = np.asarray(true, np.float64)
        if np.isfinite(self.error):
            return np.full_like(true, self.error)
        if self.asked:
            p = np.clip(true, 0.5 / self.asked, 1.0 - 0.5 / self.asked)
            return np.asarray(np.sqrt(p * (1.0 - p) / self.asked))
        return np.maximum(1.0 / municipalities, ROUGH * np.abs(true))

    def away(self, true: np.ndarray, municipalities: int, before: Before | None = None) -> tuple[np.ndarray, np.ndarray]:
        """By how many standard errors what was seen lies above what was to be expected where the truth is this, and that
        standard error; in a panel, given how far the same people's answers lay from the truth before."""
        sd = self.spread(true, municipalities)
        away = (self.value - true) / sd
        if not self.panel or before is None:
            return away, sd
        rest = np.sqrt(1.0 - self.panel**2)
        return (away - self.panel * np.nan_to_num(before[0].away(before[1], municipalities)[0])) / rest, sd * rest

    def log_likelihood(self, true: np.ndarray, municipalities: int, before: Before | None = None) -> np.ndarray:
        """log of the normal density of what was seen; where there was nothing to measure, that it is half as likely as one
        standard error away. before: the wave before of the same signal and what was true then, float64[n]."""
        known = np.isfinite(true)
        away, sd = self.away(np.where(known, true, self.value), municipalities, before)
        away = np.where(known, away, 1.5)
        return np.asarray(-0.5 * away**2 - np.log(sd * np.sqrt(2.0 * np.pi)))

    @property
    def most(self) -> float:
        """The most that can be seen of it: 1 of a share."""
        return 1.0 if SOCIETY[self.signal][0] == "share" else np.inf

    def __str__(self) -> str:
        how = f", {self.asked} asked" if self.asked else ""
        return f"{self.signal}@{self.quarter} = {self.value:g}{how}"


#: The wave before of the same signal, and what was true then.
type Before = tuple[Seen, np.ndarray]


def waves_before(seen: Sequence[Seen]) -> list[int | None]:
    """For each thing seen, in the order of quarters, where among them the wave before of the same signal stands."""
    last: dict[str, int] = {}
    found = []
    for k, one in enumerate(seen):
        found.append(last.get(one.signal))
        last[one.signal] = k
    return found


def answered(seen: Sequence[Seen], true: np.ndarray, municipalities: int, luck: np.ndarray) -> np.ndarray:
    """float64[n, W]: what would be seen where the truth is true[n, W]; luck[n, W]: standard normal draws.

    In a panel the error of a wave is as alike that of the wave before as `Seen.panel` says (an autoregression), so that the
    change between the two has a smaller error than two surveys of other people.
    """
    away = np.array(luck, np.float64)
    for k, earlier in enumerate(waves_before(seen)):
        if earlier is not None and (r := seen[k].panel):
            away[:, k] = r * away[:, earlier] + np.sqrt(1.0 - r**2) * luck[:, k]
    spread = np.column_stack([one.spread(true[:, k], municipalities) for k, one in enumerate(seen)])
    return np.asarray(true + spread * away)


#: A file, a table, or what was seen already.
type SeenLike = Any


def read_seen(source: SeenLike) -> tuple[Seen, ...]:
    """What was seen, by quarter: columns quarter, signal, value, and n (people asked) or error (a standard error) for what
    people say; panel, where the same people were asked again. Raises `Refused`, with the row of what is wrong."""
    if isinstance(source, Sequence) and not isinstance(source, str) and all(isinstance(one, Seen) for one in source):
        found = list(source)
    else:
        table = tables.read(source, KIND)
        tables.announce(table)
        frame = table.frame

        def signal(said: Any) -> str:
            name = str(said).strip()
            return _CALLED.get(name.lower(), name)

        def asked(t: pd.DataFrame) -> list[bool]:
            answered = np.any([(tables.numbers(t[column]) > 0).to_numpy() for column in ("n", "error") if column in t]
                              or [np.zeros(len(t), bool)], axis=0)
            return [known or not SEEN.get(signal(name), False) for name, known in zip(t["signal"], answered, strict=True)]

        def share(t: pd.DataFrame) -> list[bool]:
            return [not (signal(name) in SEEN and SOCIETY[signal(name)][0] == "share" and value > 1.0)
                    for name, value in zip(t["signal"], tables.numbers(t["value"]), strict=True)]

        tables.check(table, [
            tables.Rule("signal", lambda t: [signal(name) in SEEN for name in t["signal"]], lambda cell: Said(
                "cannot be seen by a municipality.{near} It can see {known}", near=nearest(str(cell["signal"]), [
                    *SEEN, *_CALLED]), known=", ".join(SEEN))),
            tables.Rule("value", share, lambda cell: Said("is a share, so it lies from 0 to 1")),
            tables.Rule("signal", asked, lambda cell: Said(
                "is what people say: give n, how many were asked, or error, its standard error"))])
        columns = {name: tables.numbers(frame[name]).tolist() if name in frame else [np.nan] * len(frame)
                   for name in ("quarter", "value", "n", "error", "panel")}
        found = [Seen(int(quarter), signal(name), value, int(n) if n > 0 else 0, error if error > 0 else np.nan,
                      panel if panel > 0 else 0.0)
                 for name, quarter, value, n, error, panel in zip(frame["signal"], *columns.values(), strict=True)]
    if not found:
        raise Refused("nothing was seen yet; give at least one row: quarter, signal, value.")
    counted = Counter((one.quarter, one.signal) for one in found)
    if twice := [key for key, times in counted.items() if times > 1]:
        quarter, name = min(twice)
        raise Refused("{name} is seen twice in quarter {quarter}; keep one, or their mean.", name=name, quarter=quarter)
    ordered = tuple(sorted(found, key=lambda one: (one.quarter, one.signal)))
    for one, earlier in zip(ordered, waves_before(ordered), strict=True):
        if not 0.0 <= one.panel < 1.0:
            raise Refused("panel is the correlation with the same people's earlier answers, so it lies from 0 to less than "
                          "1, not {panel!r}.", panel=one.panel)
        if one.panel and earlier is None:
            raise Refused("{name} is asked for the first time in quarter {quarter}, so panel has no earlier answers of the "
                          "same people; leave panel blank there.", name=one.signal, quarter=one.quarter)
    return ordered


def as_csv(seen: Sequence[Seen]) -> str:
    """What was seen as a CSV, which `read_seen` reads back as it is."""
    again = any(one.panel for one in seen)
    rows = [f"{one.quarter},{_SAID.get(one.signal, one.signal)},{float(one.value)!r},{one.asked or ''},"
            + ("" if np.isnan(one.error) else repr(float(one.error))) + (f",{float(one.panel) or ''}" if again else "")
            for one in seen]
    return "\n".join(["quarter,signal,value,n,error" + ",panel" * again, *rows, ""])
