"""Curves of adoption that were observed, from any table that tells one, and what is looked at of a curve.

    (brazil,) = observe("case:participatory_budgeting", population=5565, unit="Brazil")

Counts of adoptions say who has ever adopted. A stock or a percentage says who has it in use, may fall, and is held
against the model's use, not against its adoption.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance.experiments.adopters import history
from letsdance.params import Refused, Said, nearest
from letsdance.scenarios import tables
from letsdance.scenarios.tables.kinds import COUNTS, HISTORIES, TIMES

if TYPE_CHECKING:
    import pandas as pd

    from letsdance.experiments.adopters.counts import Counts
    from letsdance.experiments.adopters.data import Adoption
    from letsdance.experiments.adopters.history import Cascade

#: More governments than this are represented by as many.
MOST_GOVERNMENTS = 200
_OF_SHARES = 100_000  # stands for a population that is not told
_MOST_CURVES = 20
_FEWEST_PERIODS = 3
_SHARES = (0.05, 0.16, 0.34, 0.5, 0.84)
_AT = (0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Seen:
    """A curve that was seen: `count[i]` of `population` by the end of period `t[i]`; periods may be skipped.

    They are those who have ever adopted, or, where `active`, those who have it in use then.
    """

    name: str
    population: int
    t: np.ndarray      # int64[T], rising
    count: np.ndarray  # int64[T], never falls unless active
    active: bool = False
    sized: bool = True  # whether it is told how many could; else shares, of a population that stands for any

    @property
    def called(self) -> str:
        """The name in sentences."""
        return self.name if self.named else "the data"

    @property
    def named(self) -> bool:
        """Whether the file gives it a name."""
        return self.name not in ("1", "all")

    @property
    def indicator(self) -> str:
        """What stands for it in the model."""
        return "on" if self.active else "ever_adopted"

    @property
    def share(self) -> np.ndarray:
        """float64[T]."""
        return np.asarray(self.count / self.population, np.float64)

    @property
    def ends(self) -> np.ndarray:
        """float64[T]: periods since the first one began, at the end of each."""
        return (self.t - self.t[0] + 1).astype(np.float64)

    @property
    def units(self) -> int:
        """How many municipalities stand for them in the model."""
        return min(self.population, MOST_GOVERNMENTS)

    def begins_like(self, other: Seen) -> bool:
        """Whether one of the two is the beginning of the other, or the same."""
        n = min(len(self.t), len(other.t))
        return self.population == other.population and np.array_equal(self.t[:n], other.t[:n]) and np.array_equal(
            self.count[:n], other.count[:n])


#: A file's path, a case's name (case:NAME), a table, or what was read already.
type CurvesLike = str | Path | pd.DataFrame | Seen | Sequence[Seen] | Counts | Cascade | Sequence[Cascade] | Adoption


def observe(source: CurvesLike, population: int | None = None, unit: str | Sequence[str] | None = None) -> list[Seen]:
    """Curves from a CSV's path, a case's name, a table, or what was read already: cascades (t, new or cum), counts by
    unit and period, or times of adoption (node, time). unit: which of several. Refused otherwise.
    """
    from letsdance.experiments.adopters.counts import Counts, read_counts
    from letsdance.experiments.adopters.data import read_times

    several = [source] if isinstance(source, Seen) else source
    if isinstance(several, Sequence) and several and all(isinstance(one, Seen) for one in several):
        chosen = _chosen({one.name: one for one in several if isinstance(one, Seen)}, unit)
    elif isinstance(source, Counts):
        chosen = _counted(source, population, unit)
    else:
        sheet, kind = source, HISTORIES  # cascades, read already
        if not isinstance(source, Sequence | history.Cascade) or isinstance(source, str):
            sheet = tables.open_sheet(source, "adoption", Said(
                "give a CSV with t and new or cum, with period and a count, or with node and time"))
            words = {tables.plain_name(name) for name in sheet.frame.columns}
            # new by year is a history and counts; where no other word is a history's, counts say more of it
            kind = tables.recognise(sheet, (HISTORIES, COUNTS, TIMES) if words & {"t", "task_id", "cum"} else
                                    (COUNTS, TIMES)) or COUNTS
        if kind is TIMES:
            adoption = read_times(sheet)
            ever = (adoption.times[None, :] <= adoption.periods[:, None]).sum(axis=1)
            size = _size(population, len(adoption.nodes), int(ever[-1]), Said("the table of {what}", what=Said("times")))
            chosen = _chosen({"all": Seen("all", size, adoption.periods, ever)}, unit)
        elif kind is HISTORIES:
            chosen = _chosen({one.name: Seen(one.name, one.population, one.t, one.cum)
                              for one in history.read(sheet, population)}, unit)
        else:
            chosen = _counted(read_counts(sheet), population, unit)
    if len(chosen) > _MOST_CURVES:
        raise Refused("there are {n_chosen} curves, and at most {most_curves} are calibrated together; name those that "
                      "belong together with unit (--unit).", n_chosen=len(chosen), most_curves=_MOST_CURVES)
    return [_enough(one) for one in chosen]


def _chosen(made: dict[str, Seen], unit: str | Sequence[str] | None) -> list[Seen]:
    return [made[name] for name in _named(made, unit)]


def _named(names: Iterable[str], unit: str | Sequence[str] | None) -> list[str]:
    """All names, or those asked for, in the order of the table."""
    names = list(names)
    wanted = names if unit is None else [unit] if isinstance(unit, str) else list(unit)
    for asked in wanted:
        if asked not in names:
            raise Refused("there is no unit {asked!r}.{near} Known: {known}.", asked=asked, near=nearest(asked, names),
                          known=", ".join(names[:20]))
    return [name for name in names if name in wanted]


def _enough(one: Seen) -> Seen:
    what, periods, most = f"the curve of {one.called}", len(one.t), one.count.max()
    if periods < _FEWEST_PERIODS:
        raise Refused("{what} has too few periods ({periods}); a calibration needs at least {fewest_periods}.", what=what,
                      periods=periods, fewest_periods=_FEWEST_PERIODS)
    if most < 2:
        raise Refused("{what} has too few adopters ({most}), which is no curve; give a history with at least 2.", what=what,
                      most=most)
    if one.population < 5:
        raise Refused("{what} has a population of {population}; the model's networks need at least 5.", what=what,
                      population=one.population)
    return one


def _counted(counts: Any, population: int | None, unit: str | Sequence[str] | None) -> list[Seen]:
    """Curves of `Counts`: new and cumulative counts say who ever adopted, stocks and percentages who has it in use."""
    made = []
    for name in _named(counts.units, unit):
        one = counts.series(name)
        sizes = one["population"].dropna().unique()
        if population is None and len(sizes) > 1:
            raise Refused("the population of {name} changes from {sizes:,.0f} to {sizes_2:,.0f}; give one for all "
                          "periods, in the column or with --population.", name=name, sizes=sizes[0],
                          sizes_2=sizes[1])
        told = int(sizes[0]) if len(sizes) else None
        value, active = one["value"].to_numpy(np.float64), counts.kind in ("stock", "percent")
        sized = counts.kind != "percent" or population is not None or told is not None
        if counts.kind == "percent":
            value = value / 100 * (_size(population, told, 0, name) if sized else _OF_SHARES)
        elif (value != np.rint(value)).any():
            at = int((value != np.rint(value)).argmax())
            raise Refused("{name} has {value:g} in {iloc}; a count is a whole number.", name=name, value=value[at],
                          iloc=one["period"].iloc[at])
        count = np.rint(value.cumsum() if counts.kind == "new" else value).astype(np.int64)
        size = _size(population if sized else _OF_SHARES, told, int(count.max()), name)
        made.append(Seen(name, size, one["period"].to_numpy(np.int64), count, active, sized))
    return made


def _size(given: int | None, told: int | None, adopters: int, where: str) -> int:
    """The population, given or told."""
    if given is None and told is None:
        raise Refused("{where}: it is not said how many could adopt; give a column population, or --population.",
                      where=where)
    size = int(given if given is not None else told or 0)
    if size < max(adopters, 1):
        raise Refused("{where}: {adopters:,} have adopted, more than the population of {size:,}; correct the "
                      "population.", where=where, adopters=adopters, size=size)
    return size


# ---------------------------------------------------------------- what is looked at of a curve

def features(share: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """float64[n, 9] of curves share[n, T]: periods until 5, 16, 34, 50 and 84 % (one more than the record where it is
    never reached), and the share at four quarters of the record.
    """
    length = ends[-1]
    known = np.concatenate([np.zeros((len(share), 1)), share], axis=1)
    at = np.concatenate([[0.0], ends])
    times = [time_to(known, at, level, length + 1) for level in _SHARES]
    levels = [np.array([np.interp(part * length, at, row) for row in known]) for part in _AT]
    return np.column_stack([*times, *levels])


def time_to(share: np.ndarray, at: np.ndarray, level: float, never: float) -> np.ndarray:
    """float64[n]: when curves share[n, T] first reach a level, on straight lines between the points; `never` if not."""
    reached = share >= level - 1e-9
    after = reached.argmax(axis=1)
    before = np.maximum(after - 1, 0)
    rows = np.arange(len(share))
    low, high = share[rows, before], share[rows, after]
    part = np.divide(level - low, high - low, out=np.ones(len(share)), where=high > low)
    found = at[before] + np.clip(part, 0, 1) * (at[after] - at[before])
    return np.where(reached.any(axis=1), found, never)


CHECKS = {"peak": "largest growth in a period", "time_to_50": "periods until half have adopted",
          "clumpiness": "clumpiness (1: adopters come independently)"}


def checks_of(share: np.ndarray, seen: Seen) -> dict[str, np.ndarray]:
    """Three statistics of curves share[n, T], float64[n] each, that a fitted model should reproduce.

    peak: the largest growth a period, as a share. time_to_50: in periods, one more than the record where never.
    clumpiness: sum of squared differences of successive new adopters over twice their sum (von Neumann's ratio as an index
    of dispersion): 1 where adopters come independently, more where they come in clumps; NaN where periods were skipped or
    the curve is of use.
    """
    length = np.diff(seen.ends, prepend=0.0)
    new = np.diff(share, prepend=0.0, axis=1)
    count = new * seen.population
    if seen.active or (length != 1).any():
        clumps = np.full(len(share), np.nan)
    else:
        with np.errstate(invalid="ignore", divide="ignore"):
            clumps = (np.diff(count, axis=1)**2).sum(axis=1) / (2 * count.sum(axis=1))
    known = np.concatenate([np.zeros((len(share), 1)), share], axis=1)
    return {"peak": (new / length).max(axis=1),
            "time_to_50": time_to(known, np.concatenate([[0.0], seen.ends]), 0.5, seen.ends[-1] + 1),
            "clumpiness": np.asarray(clumps)}
