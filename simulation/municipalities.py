"""A table of municipalities, loaded from a file: it replaces the synthetic ones, with their own sizes and starts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from letsdance.params import Refused, Said
from letsdance.scenarios import Scenario, tables
from letsdance.scenarios.tables import kinds
from letsdance.simulation.networks import Network
from letsdance.simulation.state import CITIZEN_START, GIVEN, GOVERNMENT_START, PERSON, Given, given_nothing

if TYPE_CHECKING:
    import pandas as pd

#: The symbols of the governments' columns, accepted beside the words.
_SYMBOLS = {"g": "government_willingness", "G": "government_willingness", "C": "willingness", "w": "willingness",
            "T": "trust", "S": "social_capital", "S0": "baseline_social_capital", "R": "reputation",
            "L": "risk_culture", "K": "capacity", "A": "top_support", "phi": "feedback", "fund": "funding",
            "iota": "innovativeness"}
#: A table of municipalities, as it is read everywhere.
KIND = kinds.municipalities((*CITIZEN_START, *GOVERNMENT_START), _SYMBOLS)


def _nobody() -> np.ndarray:
    return np.zeros((len(PERSON), 0))


_NO_NETWORK = Network(np.zeros(0, np.uint32), np.zeros(0, np.uint32))


@dataclass(frozen=True)
class Municipalities:
    """Names, sizes and what is given of each municipality's start (NaN: as in the scenario)."""

    names: tuple[str, ...]
    citizens: np.ndarray  # int64[M]
    given: np.ndarray     # GIVEN[M]
    said: tuple[str, ...] = ()  # what was decided in reading
    people: np.ndarray = field(default_factory=_nobody)  # float64[4, N]: a user's own citizens (`state.PERSON`), or none
    ties: Network | None = None           # of citizens, by rows; None: small worlds as in the scenario
    peers: Network | None = None          # of governments, by rows

    @property
    def start(self) -> Given:
        """What stands when a run begins, as the engine takes it."""
        ties, peers = self.ties or _NO_NETWORK, self.peers or _NO_NETWORK
        return Given(self.given, self.people, *ties, *peers)

    @property
    def own(self) -> bool:
        """Whether its citizens or a network are the user's own, which stand in no table of municipalities."""
        return bool(self.people.shape[1]) or self.ties is not None or self.peers is not None

    def __len__(self) -> int:
        return len(self.names)


#: A CSV's path, a table, or what was read of one.
type MunicipalitiesLike = str | Path | pd.DataFrame | Municipalities


def synthetic(count: int, citizens: int) -> Municipalities:
    """`count` municipalities of equal size, all as in the scenario."""
    return Municipalities(tuple(f"M{m + 1}" for m in range(count)), np.full(count, citizens, np.int64),
                          given_nothing(count))


def of(scenario: Scenario, source: MunicipalitiesLike | None = None) -> Municipalities:
    """The municipalities that a scenario meets: those of a file or table, else its own, else synthetic ones as many as
    it says."""
    if source is not None:
        return load(source)
    if scenario.municipalities:
        try:
            return from_text(scenario.municipalities)
        except Refused as error:
            raise Refused("scenario {name}, municipalities: {error}", name=scenario.name, error=error) from None
    values = scenario.values()
    return synthetic(int(values["municipalities"]), int(values["citizens"]))


def load(source: MunicipalitiesLike, scale: tuple[float, float] = (0.0, 1.0),
         reading: tables.Reading | None = None) -> Municipalities:
    """A file (name, citizens, then any of `willingness`, `trust` or a government column), or a table read already.

    scale: the ends of what is given of a start, which then becomes shares.
    """
    if isinstance(source, Municipalities):
        return source
    low, high = scale
    kind = replace(KIND, fields=tuple(replace(one, low=low, high=high) if one.blank else one for one in KIND.fields))
    table = tables.read(source, kind, reading)
    frame, row = table.frame, table.row
    first: dict[str, int] = {}
    for line, name in zip(frame.index, frame["name"], strict=True):
        first.setdefault(name, line)
    tables.check(table, [tables.Rule("name", lambda t: ~t.duplicated("name"), lambda told: Said(
        "is there already, in {row} {line}; names must differ", row=Said(row), line=first[told["name"]]))])
    tables.announce(table)
    given = given_nothing(len(frame))
    for word in frame.columns:
        if word not in ("name", "citizens"):
            given[word] = (tables.numbers(frame[word]) - low) / (high - low)
    assert given.dtype == GIVEN
    return Municipalities(tuple(frame["name"]), tables.numbers(frame["citizens"]).to_numpy().astype(np.int64), given,
                          table.said)


@lru_cache(16)
def from_text(text: str) -> Municipalities:
    """A table of municipalities from its CSV's text, as scenario files, manifests and links carry it."""
    return load(tables.pasted(text, Said("the table of municipalities")))


def to_csv(places: Municipalities, form: str | None = None) -> str:
    """A table as the CSV text that `load` reads, with the columns that anything is given in. form: of shares, as '%.4g'."""
    import pandas as pd

    columns = {word: places.given[word] for word in KIND.names[2:] if np.isfinite(places.given[word]).any()}
    return str(pd.DataFrame({"name": places.names, "citizens": places.citizens, **columns}).to_csv(
        index=False, lineterminator="\n", float_format=form))
