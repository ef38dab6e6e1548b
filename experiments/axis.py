"""What is moved: a parameter or a lever's strength from one value to another, from run to run or within one."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from letsdance import scenarios
from letsdance.params import PARAMETERS, Refused, check_value, check_whole, nearest, number
from letsdance.scenarios import LEVERS, Scenario, Use, parse_use
from letsdance.simulation import municipalities
from letsdance.simulation import schedule as environment
from letsdance.simulation.indicators import SOCIETY
from letsdance.simulation.run import run_seeds
from letsdance.simulation.state import empty_state
from letsdance.words import IN_ENGLISH, Text

#: The largest seed of what is moved within a run: those of all runs that follow it are whole numbers of 64 bits too.
LAST_SEED = 2**62
_AXIS = re.compile(r"(?P<what>[^=]+)=(?P<first>[^:=]+):(?P<last>[^:=]+)")


@dataclass(frozen=True, slots=True)
class Axis:
    """A parameter, or a lever's strength, from `first` to `last` (which may be the lower one)."""

    name: str
    first: float
    last: float
    lever: Use | None = None

    @property
    def title(self) -> str:
        """In words."""
        return self.said()

    def said(self, text: Text = IN_ENGLISH) -> str:
        """What is moved, in words."""
        if self.lever:
            return text("report.strength_of", lever=text.title("lever", self.lever.name))
        return text.title("parameter", self.name)

    def values(self, points: int) -> np.ndarray:
        """float64[<= points]: even values from first to last, whole where the parameter is, each once."""
        check_whole("points", points, 2, 201)
        even = np.linspace(self.first, self.last, points)
        if not self.lever and PARAMETERS[self.name].whole:
            even = np.unique(np.round(even))
            return even if self.first < self.last else even[::-1]
        return even

    def put(self, scenario: Scenario, value: float) -> Scenario:
        """The scenario with this value."""
        if self.lever:
            return scenario.changed(levers=[replace(self.lever, strength=float(value))])
        return scenario.changed(parameters={self.name: float(value)})


def parse_axis(text: str | Axis) -> Axis:
    """NAME=FROM:TO for a parameter, such as k=0.2:2, or LEVER@START+DURATION=FROM:TO for a strength, else Refused."""
    if isinstance(text, Axis):
        return text
    found = _AXIS.fullmatch(text.replace(" ", "")) if isinstance(text, str) else None
    if not found:
        raise Refused("{text!r} cannot be read; write NAME=FROM:TO, such as k=0.2:2 or FRCS@8+20=0:1.5.",
                      text=text)
    what, ends = found["what"], []
    for end in (found["first"], found["last"]):
        try:
            ends.append(number(end))
        except ValueError:
            raise Refused("{text!r}: {end!r} is not a number; write NAME=FROM:TO, such as k=0.2:2.", text=text,
                          end=end) from None
    if ends[0] == ends[1]:
        raise Refused("{text!r} begins where it ends; write two different values.", text=text)
    code = re.split(r"\W", what)[0]
    if what in PARAMETERS:
        return Axis(what, check_value(what, ends[0]), check_value(what, ends[1]))
    if code in LEVERS:
        if "*" in what:
            raise Refused("{text!r}: the strength is what is moved; leave *{what} out.", text=text,
                          what=what.partition("*")[2])
        use = parse_use("lever", what)
        for end in ends:
            scenarios.parse_uses("lever", [replace(use, strength=end)])
        return Axis(what, ends[0], ends[1], use)
    raise Refused("there is no parameter or lever {what!r}.{near} See `letsdance show parameters`.", what=what,
                  near=nearest(what, [*PARAMETERS, *LEVERS]))


# ---------------------------------------------------------------- a parameter moved within a run

def moved(scenario: Scenario, name: str, knots: Sequence[tuple[int, float]]) -> np.ndarray:
    """The parameters in force, `name` moved in straight lines through (quarter, value); a record array [last + 1].

    Raises `Refused` where the parameter cannot be moved within a run: it shapes the room that a run has, or a lever,
    shock or trend of the scenario moves it already.
    """
    parameter = PARAMETERS[name]
    quarters, path = zip(*knots, strict=True)
    schedule = environment.build(scenario, int(quarters[-1]))
    if schedule.local:
        uses = (*scenario.levers, *scenario.shocks)
        raise Refused("a parameter is moved within a run in all municipalities and for everybody, and {use} acts for some "
                      "only; take its place and group out.",
                      use=next((use for use in uses if use.reach), uses[0]))
    if np.ptp(schedule[name]) > 0:
        raise Refused("{name} ({title}) is moved by the scenario's own levers or shocks already; take them out, or move "
                      "another parameter.", name=name, title=parameter.title)
    values = np.interp(np.arange(len(schedule)), quarters, path)
    schedule[name] = np.round(values) if parameter.whole else values
    ends = schedule[[int(np.argmin(schedule[name])), int(np.argmax(schedule[name]))]]
    rooms = [[column.shape for column in empty_state(municipalities.of(scenario).citizens, p)] for p in ends]
    if rooms[0] != rooms[1] or name in ("municipalities", "citizens", "k_c", "k_g"):
        raise Refused("{name} ({title}) shapes the room that a run has, so it cannot move within one; `letsdance map "
                      "tipping` runs each value apart.", name=name, title=parameter.title)
    return schedule


def moving_axis(along: str | Axis) -> Axis:
    """An axis that can move within a run: a parameter. Refused for a lever, with the parameters that it moves."""
    axis = parse_axis(along)
    if axis.lever:
        names = dict.fromkeys(entry["parameter"] for entry in LEVERS[axis.lever.name]["effects"])
        raise Refused("a lever's strength cannot move within a run; {name} acts on {names}: move one of these.",
                      name=axis.lever.name, names=", ".join(names))
    return axis


def check_indicator(name: str) -> str:
    """A column of the society's table, or `Refused`."""
    if name not in SOCIETY:
        raise Refused("there is no indicator {name!r}.{near} See `letsdance show indicators`.", name=name,
                      near=nearest(str(name), SOCIETY))
    return name


def paths(scenario: Scenario, schedule: np.ndarray, seeds: np.ndarray, indicators: Sequence[str],
          progress: Callable[[int], None] | None = None) -> np.ndarray:
    """float64[len(indicators), R, quarters + 1]: the society's columns under a schedule. Refused where one is not
    measured in every quarter."""
    rows = run_seeds(municipalities.of(scenario), schedule, np.asarray(seeds, np.uint64), progress=progress)[0]
    found = np.stack([rows[name] for name in indicators])
    for name, values in zip(indicators, found, strict=True):
        if not np.isfinite(values).all():
            raise Refused("{name} is a share of nothing in some quarters, so it has no path; choose another outcome, such "
                          "as C or G.", name=name)
    return found
