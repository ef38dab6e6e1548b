"""How much one question may cost, for every page and for the room: from links, files, sliders, tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from letsdance.dashboards.state import RUNS
from letsdance.params import Refused

if TYPE_CHECKING:
    from letsdance.scenarios import Scenario
    from letsdance.simulation.municipalities import Municipalities

__all__ = ["MOST_WORK", "check_size", "size_of"]

#: Citizens x quarters x runs that one question may ask for: a minute or two of one core. A run counts as at least
#: `_LEAST` quarters, for a start (who knows whom) takes that long and all citizens have to be held at once.
MOST_WORK = 2_500_000_000
_LEAST = 60
#: A municipality takes as long as so many citizens, however few live there; what is kept of it takes memory too.
_TOWN = 100


def size_of(scenario: Scenario, towns: Municipalities | None = None) -> tuple[int, int]:
    """(citizens in all, municipalities) of a scenario, or of the reader's own towns in its place."""
    if towns is not None:
        return int(towns.citizens.sum()), len(towns)
    values = scenario.values()
    return int(values["municipalities"] * values["citizens"]), int(values["municipalities"])


def check_size(citizens: int, municipalities: int, quarters: int, runs: int) -> None:
    """`Refused`, with what would fit, where so many citizens in all take more than `MOST_WORK`."""
    counted = max(quarters, _LEAST)
    if max(citizens, _TOWN * municipalities) * counted * runs <= MOST_WORK:
        return
    if citizens * counted * runs <= MOST_WORK:
        raise Refused("{municipalities:,} municipalities x {quarters} quarters x {runs} runs is more than a page computes; "
                      "{most:,} would fit, and `letsdance run` has no such limit.", municipalities=municipalities,
                      quarters=quarters, runs=runs, most=MOST_WORK // (counted * runs * _TOWN))
    fewer = MOST_WORK // (citizens * counted)
    if RUNS[0] <= fewer < runs:
        raise Refused("{citizens:,} citizens x {quarters} quarters x {runs} runs is more than a page computes; {fewer} "
                      "runs would fit, and `letsdance run` has no such limit.", citizens=citizens, quarters=quarters,
                      runs=runs, fewer=fewer)
    raise Refused("{citizens:,} citizens x {quarters} quarters x {runs} runs is more than a page computes; {most:,} "
                  "citizens in all would fit, and `letsdance run` has no such limit.", citizens=citizens,
                  quarters=quarters, runs=runs, most=MOST_WORK // (counted * runs))
