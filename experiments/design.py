"""Which points: factors with their ranges, and the designs that place points in them.

A factor is a dial by its name: a parameter ("k", "C0"), a dial of a lever or shock ("FRCS.strength", "FRCS.start",
"austerity.duration"), or a choice ("scenario", "profile", "municipalities"). A design is a table with one row a point
and one column a factor; `Design.scenario(base, row)` is the scenario that a point means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance import scenarios
from letsdance.params import PARAMETERS, Refused, Said, check_value, check_whole, listed, nearest, number, real, whole
from letsdance.scenarios import LEVERS, SHOCKS, Scenario, Use, tables
from letsdance.words import IN_ENGLISH, Text

if TYPE_CHECKING:
    import pandas as pd

METHODS = ("grid", "latin_hypercube", "sobol", "morris", "saltelli", "one_at_a_time", "list")
#: Factors that are chosen, not turned.
CHOICES = ("scenario", "profile", "municipalities")
#: The dials of a lever or shock, with their ranges: strength as in `scenarios`, quarters from the first on.
DIALS = {"strength": (0.0, 1.5), "start": (1, scenarios.HORIZON[1]), "duration": (1, scenarios.HORIZON[1])}
_LEVELS = 5         # levels of a range in a grid, unless said
_MOST_LEVELS = 10_000
_MOST_POINTS = 10_000_000
_MOST_NAMED = 50    # different numbers of a list's column that its factor names one by one


@dataclass(frozen=True)
class Factor:
    """A dial with a range low..high, or with values of its own. `whole`: it takes whole numbers only."""

    name: str
    low: float = 0.0
    high: float = 1.0
    values: tuple[Any, ...] = ()
    levels: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", tuple(check_cell(self.name, v, f"factor {self.name}") for v in self.values))
        _check_factor(self)

    @property
    def whole(self) -> bool:
        """Whether it takes whole numbers only."""
        return PARAMETERS[self.name].whole if _turned(self.name) else self.name.partition(".")[2] in ("start", "duration")

    @property
    def title(self) -> str:
        """Its name for people."""
        return self.said()

    def said(self, text: Text = IN_ENGLISH) -> str:
        """Its name for people, in a language."""
        use, _, dial = self.name.partition(".")
        if dial:
            return text(f"report.dial_{dial}", use=text.title("lever" if use in LEVERS else "shock", use))
        return text.title("parameter", self.name) if _turned(self.name) else self.name

    @property
    def unit(self) -> str:
        """Of its values."""
        if _turned(self.name):
            return PARAMETERS[self.name].unit
        return {"strength": "times", "start": "quarter", "duration": "quarters"}.get(self.name.partition(".")[2], "")

    def counted(self, text: Text = IN_ENGLISH) -> str:
        """The unit of its values, in a language."""
        if _turned(self.name):
            return text.title("unit", self.unit)
        return {"times": text("report.dial_times"), "quarter": text("report.quarter"),
                "quarters": text("report.unit_quarters"), "": ""}[self.unit]

    def at(self, u: Any) -> list[Any]:
        """The values at places u in [0, 1] of its range; each of its own values has an equal part of it."""
        u = np.asarray(u, np.float64)
        if self.values:
            return [self.values[k] for k in np.minimum((u * len(self.values)).astype(int), len(self.values) - 1)]
        if self.whole:  # every whole number has an equal part of [0, 1]
            return [int(v) for v in np.minimum(np.floor(self.low + u * (self.high - self.low + 1)), self.high)]
        return [float(v) for v in self.low + u * (self.high - self.low)]

    def grid(self) -> list[Any]:
        """Its own values, or levels evenly from low to high."""
        if self.values:
            return list(self.values)
        levels = np.linspace(self.low, self.high, self.levels or _LEVELS)
        return list(dict.fromkeys(round(float(v)) for v in levels)) if self.whole else [float(v) for v in levels]

    def __str__(self) -> str:
        if self.values:
            return f"{self.name}={','.join(v if isinstance(v, str) else _exact(v) for v in self.values)}"
        return f"{self.name}={_exact(self.low)}:{_exact(self.high)}" + (f":{self.levels}" if self.levels else "")


def _turned(name: str) -> bool:
    """Whether it is a parameter that is turned; "municipalities" is a choice of tables, not the number of them."""
    return name in PARAMETERS and name not in CHOICES


def _exact(value: float) -> str:
    """A number so that it is read back to the last bit."""
    return repr(float(value)).removesuffix(".0")


def _range(name: str) -> tuple[float, float] | None:
    """Within which a dial may be turned; None for a choice. Refused for an unknown name."""
    if name in CHOICES:
        return None
    if _turned(name):
        low, high = PARAMETERS[name].range
        return float(low), float(high)
    use, dot, dial = name.partition(".")
    if dot and (use in LEVERS or use in SHOCKS) and dial in DIALS:
        return DIALS[dial]
    if dot and (use in LEVERS or use in SHOCKS):
        raise Refused("factor {name!r}: {use} has no dial {dial!r}.{near} Known: {known}.", name=name, use=use, dial=dial,
                      near=nearest(dial, DIALS), known=", ".join(DIALS))
    dials = [f"{use}.{dial}" for use in (*LEVERS, *SHOCKS) for dial in DIALS]
    raise Refused("there is no factor {name!r}.{near} Name a parameter (`letsdance show parameters`), a dial of a lever "
                  "or shock such as FRCS.strength, or one of {choices}.", name=name,
                  near=nearest(name, [*PARAMETERS, *CHOICES, *dials]), choices=", ".join(CHOICES))


def _check_factor(factor: Factor) -> None:
    span = _range(factor.name)
    if factor.values:
        if len(set(map(str, factor.values))) < len(factor.values):
            raise Refused("factor {name}: a value stands in its list twice; name each once.", name=factor.name)
        return
    if span is None:
        raise Refused("factor {name} needs a list of names, such as {name}={or_not}, not a range.", name=factor.name,
                      or_not="lone_ranger,wasteland" if factor.name == "scenario" else "a,b")
    low, high = real(factor.low), real(factor.high)
    if not (np.isfinite(low) and np.isfinite(high)):
        raise Refused("factor {name}: the range must have two numbers, not {low} and {high}.", name=factor.name,
                      low=low, high=high)
    if not low < high:
        raise Refused("factor {name}: the range {low:g} to {high:g} is empty; write the lower end first.", name=factor.name,
                      low=low, high=high)
    if low < span[0] or high > span[1]:
        raise Refused("factor {name}: the range {low:g} to {high:g} leaves what {name} may be, {span:g} to "
                      "{span_2:g}.", name=factor.name, low=low, high=high, span=span[0], span_2=span[1])
    if factor.whole and (low != int(low) or high != int(high)):
        raise Refused("factor {name}: it takes whole numbers only, so the range cannot be {low:g} to {high:g}.",
                      name=factor.name, low=low, high=high)
    if factor.levels and not 2 <= factor.levels <= _MOST_LEVELS:
        raise Refused("factor {name}: a range needs 2 to {most_levels:,} levels, not {levels:,}.", name=factor.name,
                      most_levels=_MOST_LEVELS, levels=factor.levels)


def check_cell(name: str, value: Any, where: str = "") -> Any:
    """A value of a factor as it goes into a table, or `Refused`. Files that it names are read by `plan`, not here."""
    place = f"{where}: " if where else ""
    if name == "profile":
        return scenarios.check_profile(value, place)
    if name in CHOICES:
        if not isinstance(value, str | Path) or not str(value):
            raise Refused("{place}{name} must be a name or a file's path, not {value!r}.", place=place, name=name,
                          value=value)
        return str(value)
    if name in PARAMETERS:
        return check_value(name, value, where)
    use, _, dial = name.partition(".")
    low, high = _range(name) or (0.0, 0.0)
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer) or not low <= value <= high:
        raise Refused("{place}{dial} of {use} must be a number from {low:g} to {high:g}, not {value!r}.", place=place,
                      dial=dial, use=use, low=low, high=high, value=value)
    if dial != "strength" and value != int(value):
        raise Refused("{place}{dial} of {use} must be a whole number of quarters, not {value:g}.", place=place, dial=dial,
                      use=use, value=value)
    return float(value) if dial == "strength" else int(value)


def parse_factor(name: str, said: Any) -> Factor:
    """A factor as it is typed or stands in a file: "0.5:2" (a range), "0.5:2:4" (with levels), "1,2,3" or a list."""
    if isinstance(said, list | tuple):
        if not said:
            raise Refused("factor {name}: the list is empty; put values in it or take the factor out.", name=name)
        return Factor(name, values=tuple(said))
    text = str(said).strip()
    if name in CHOICES or "," in text:
        parts = [part.strip() for part in text.split(",") if part.strip()]
        return parse_factor(name, parts if name in CHOICES else [_number(name, part) for part in parts])
    pieces = text.split(":")
    if len(pieces) not in (2, 3):
        raise Refused("factor {name}: {said!r} cannot be read; write a range LOW:HIGH, LOW:HIGH:LEVELS, or values "
                      "A,B,C.", name=name, said=said)
    low, high = (_number(name, piece) for piece in pieces[:2])
    if len(pieces) == 2:
        return Factor(name, low, high)
    try:
        levels = whole(pieces[2])
    except ValueError:
        raise Refused("factor {name}: the number of levels must be a whole number, not {pieces!r}.", name=name,
                      pieces=pieces[2].strip()) from None
    return Factor(name, low, high, levels=check_whole(Said("factor {name}: the number of levels", name=name), levels, 1,
                                                      1_000_000))


def _number(name: str, text: str) -> float:
    _range(name)  # an unknown name is the greater mistake
    try:
        value = number(text)
        return int(value) if value == int(value) else value
    except (ValueError, OverflowError):  # nan and inf are no whole numbers
        raise Refused("factor {name}: {text!r} is not a number.", name=name, text=text.strip()) from None


#: Factors as a table {name: range}, as NAME=RANGE, or themselves.
type FactorsLike = Mapping[str, object] | Iterable[str | Factor]


def parse_factors(said: FactorsLike) -> tuple[Factor, ...]:
    """Factors from a table of a file, from NAME=RANGE as typed, or as `Factor`. Each name once."""
    factors = []
    if isinstance(said, Mapping):
        factors = [parse_factor(name, value) for name, value in said.items()]
    else:
        for one in said:
            if isinstance(one, Factor):
                factors.append(one)
                continue
            name, equals, value = one.partition("=")
            if not equals:
                raise Refused("factor {one!r} cannot be read; write NAME=LOW:HIGH, such as k=0.5:2.", one=one)
            factors.append(parse_factor(name.strip(), value))
    names = [factor.name for factor in factors]
    for name in names:
        if names.count(name) > 1:
            raise Refused("factor {name} is named twice; keep one of them.", name=name)
    return tuple(factors)


@dataclass(frozen=True, eq=False)
class Design:
    """Points to run: `table` has one row a point and one column a factor; `method` says how they were placed."""

    factors: tuple[Factor, ...]
    table: pd.DataFrame
    method: str

    def __len__(self) -> int:
        return len(self.table)

    def scenario(self, base: Scenario, row: int) -> Scenario:
        """The scenario that a point means. Refused where the point makes no sense."""
        return at(base, self.points(row, row + 1)[0])

    def points(self, first: int, last: int) -> list[dict[str, Any]]:
        """Points first..last - 1, as plain values by factor."""
        part = self.table.iloc[first:last]
        return [dict(zip(part.columns, row, strict=True)) for row in zip(*(part[c].tolist() for c in part), strict=True)]


def at(base: Scenario, point: Mapping[str, Any], several: Mapping[str, Scenario] | None = None) -> Scenario:
    """A scenario with the dials at a point; a dial of a lever or shock that the scenario does not use adds it.

    several: the scenarios that the factor "scenario" names, where they are not to be read from their files again.
    """
    if "scenario" in point:
        start = (several or {}).get(point["scenario"]) or scenarios.load(point["scenario"])
        start = start.changed(mechanisms=base.mechanisms)
        base = replace(start, quarters=base.quarters, profile=base.profile if "profile" in point else start.profile,
                       parameters={**start.parameters, **base.parameters}, levers=(*start.levers, *base.levers),
                       shocks=(*start.shocks, *base.shocks))
    uses = {"levers": list(base.levers), "shocks": list(base.shocks)}
    parameters = {}
    for name, value in point.items():
        if _turned(name):
            parameters[name] = value
        elif "." in name:
            use, dial = name.split(".")
            kind = "levers" if use in LEVERS else "shocks"
            found = [k for k, one in enumerate(uses[kind]) if one.name == use]
            if not found:
                lasts = None if kind == "levers" else (SHOCKS[use]["duration"] or None)
                uses[kind].append(Use(use, 1, lasts, 1.0))
                found = [len(uses[kind]) - 1]
            if len(found) > 1:
                raise Refused("factor {name}: the scenario uses {use} {n_found} times, so it is not clear which one is "
                              "meant; keep one.", name=name, use=use, n_found=len(found))
            changed: dict[str, Any] = {dial: value}
            uses[kind][found[0]] = replace(uses[kind][found[0]], **changed)
    moved = replace(base, levers=tuple(uses["levers"]), shocks=tuple(uses["shocks"]))
    return moved.changed(parameters=parameters, profile=point.get("profile"))


# ---------------------------------------------------------------- the designs

def count(method: str, factors: tuple[Factor, ...], points: int | None, trajectories: int | None) -> float:
    """How many points a design asks for, before it is made; too many are not refused here, but by what they cost."""
    def whole(said: Any, name: str) -> float:
        return real(said) if isinstance(said, int) and said > _MOST_POINTS else check_points(said, name)

    if method == "grid":
        return float(np.prod([float(len(f.grid())) for f in factors]))
    if method == "morris":
        return whole(10 if trajectories is None else trajectories, "trajectories") * (len(factors) + 1)
    rows = len(factors) + 2 if method == "saltelli" else 1
    return 0.0 if points is None else whole(points, "points") * rows


def make(method: str, factors: Any, points: int | None = None, seed: int = 1, trajectories: int | None = None,
         file: str | Path | None = None, scenario: Scenario | None = None) -> Design:
    """A design by the name of its method (METHODS); `points` and `trajectories` where the method asks for them."""
    if method not in METHODS:
        raise Refused("there is no design {method!r}.{near} Known: {known}.", method=method, near=nearest(method, METHODS),
                      known=", ".join(METHODS))
    chosen = parse_factors(factors)
    for name, given, takes in ((Said("number of points"), points is not None, ("latin_hypercube", "sobol", "saltelli")),
                               (Said("number of trajectories"), trajectories is not None, ("morris",)),
                               (Said("file of points"), file is not None, ("list",))):
        if given and method not in takes:
            raise Refused("a {method} design takes no {name}; leave it out, or choose the method {takes}.",
                          method=method.replace("_", " "), name=name, takes=listed(takes, "or"))
    if method == "list":
        if file is None:
            raise Refused("a list design needs a CSV of points: one column a factor, one row a point.")
        if chosen:
            raise Refused("a list design takes its factors from its file; leave out the factor {name}, or make it a "
                          "column of the file.", name=chosen[0].name)
        return from_csv(file)
    if not chosen:
        raise Refused("a design needs at least one factor, such as k=0.5:2.")
    if method == "grid":
        return grid(chosen)
    if method == "one_at_a_time":
        return one_at_a_time(chosen, scenario)
    if method == "morris":
        return morris(chosen, 10 if trajectories is None else trajectories, seed)
    if points is None:
        raise Refused("a {method} design needs the number of points, such as 200.",
                      method=method.replace("_", " "))
    return {"latin_hypercube": latin_hypercube, "sobol": sobol, "saltelli": saltelli}[method](chosen, points, seed)


def check_points(points: object, name: str = "points") -> int:
    """How many points, or `Refused`."""
    return check_whole(name, points, 1, _MOST_POINTS)


def _generator(seed: int) -> np.random.Generator:
    return np.random.default_rng([check_whole(Said("the design's seed"), seed, 0, 2**63 - 1), 0x0DE51])


def _design(factors: tuple[Factor, ...], columns: Mapping[str, list[Any]], method: str) -> Design:
    import pandas as pd

    return Design(factors, pd.DataFrame(dict(columns)), method)


def _placed(factors: tuple[Factor, ...], u: np.ndarray, method: str) -> Design:
    """A design from places in the unit cube, float64[n, k]."""
    return _design(factors, {factor.name: factor.at(u[:, k]) for k, factor in enumerate(factors)}, method)


def grid(factors: Any) -> Design:
    """Every combination of levels; the last factor changes fastest."""
    chosen = parse_factors(factors)
    levels = [factor.grid() for factor in chosen]
    count = int(np.prod([float(len(each)) for each in levels]))
    check_points(count, Said("the number of points of the grid"))
    places = np.unravel_index(np.arange(count), [len(each) for each in levels])
    return _design(chosen, {f.name: [values[i] for i in at] for f, values, at in zip(chosen, levels, places, strict=True)},
                   "grid")


def latin_hypercube(factors: Any, points: int, seed: int = 1) -> Design:
    """A Latin hypercube (McKay, Beckman and Conover 1979): every factor's range is covered evenly."""
    from scipy.stats import qmc

    chosen = parse_factors(factors)
    u = qmc.LatinHypercube(len(chosen), rng=_generator(seed)).random(check_points(points))
    return _placed(chosen, u, "latin_hypercube")


def sobol(factors: Any, points: int, seed: int = 1) -> Design:
    """The first points of a scrambled Sobol' sequence (Owen 1998); powers of two keep its balance."""
    from scipy.stats import qmc

    chosen = parse_factors(factors)
    draw = qmc.Sobol(len(chosen), rng=_generator(seed))
    count = check_points(points)
    return _placed(chosen, draw.random_base2(int(np.ceil(np.log2(count))))[:count], "sobol")


def morris(factors: Any, trajectories: int = 10, seed: int = 1, levels: int = 4) -> Design:
    """Trajectories that turn one factor at a time (Morris 1991), sampled by SALib: (k + 1) points each."""
    from SALib.sample import morris as sample

    chosen = parse_factors(factors)
    check_points(check_points(trajectories, "trajectories") * (len(chosen) + 1), Said("the points of the Morris design"))
    problem = {"num_vars": len(chosen), "names": [f.name for f in chosen], "bounds": [[0.0, 1.0]] * len(chosen)}
    own = int(_generator(seed).integers(1, 2**31))  # SALib takes a seed of 0 for none
    return _placed(chosen, sample.sample(problem, trajectories, num_levels=levels, seed=own), "morris")


def saltelli(factors: Any, points: int, seed: int = 1) -> Design:
    """What Sobol' indices need, sampled by SALib: `points` base points, each in k + 2 rows, A, AB_1..AB_k, B (Saltelli et
    al. 2010). A power of two of base points keeps the balance of the Sobol' sequence."""
    from SALib.sample import sobol as sample

    chosen = turned(parse_factors(factors))
    check_points(points, Said("the number of base points"))
    if points & (points - 1):
        below = 2 ** int(np.log2(points))
        raise Refused("the number of base points must be a power of two, such as {below} or {value}, not {points}.",
                      below=below, value=2 * below, points=points)
    problem = {"num_vars": len(chosen), "names": [f.name for f in chosen], "bounds": [[0.0, 1.0]] * len(chosen)}
    # A generator of its own: SALib would take a seed of 0 for none.
    return _placed(chosen, sample.sample(problem, points, calc_second_order=False, seed=_generator(seed)), "saltelli")


def turned(factors: tuple[Factor, ...]) -> tuple[Factor, ...]:
    """Refuse factors that are chosen, not turned: between their values there is no distance."""
    for factor in factors:
        if any(isinstance(value, str) for value in factor.values):
            raise Refused("factor {name} has no range of numbers; sensitivity needs factors such as k=0.5:2.",
                          name=factor.name)
    return factors


def one_at_a_time(factors: Any, scenario: Scenario | None = None) -> Design:
    """A first point with every factor at its base (the scenario's value of it, else the first level), then each factor
    alone through its levels."""
    chosen = parse_factors(factors)
    scenario = scenario or scenarios.load("lets_dance")
    own: dict[str, Any] = {n: v for n, v in scenario.values().items() if _turned(n)} | {"profile": scenario.profile}
    for use in (*scenario.levers, *scenario.shocks):
        own |= {f"{use.name}.{dial}": getattr(use, dial) for dial in DIALS if getattr(use, dial) is not None}
    base = {f.name: own[f.name] if f.name in own else f.grid()[0] for f in chosen}
    rows = [base] + [{**base, f.name: value} for f in chosen for value in f.grid() if value != base[f.name]]
    return _design(chosen, {f.name: [row[f.name] for row in rows] for f in chosen}, "one_at_a_time")


def from_table(table: pd.DataFrame, where: Callable[[int], str] = lambda row: f"row {row + 1}") -> Design:
    """Points that the user names: one column a factor, one row a point. Every cell is checked."""
    import pandas as pd

    if not len(table.columns) or not len(table):
        raise Refused("a list of points needs at least one column (a factor) and one row (a point).")
    columns: dict[str, list[Any]] = {}
    for k, name in enumerate(map(str, table.columns)):
        _range(name)
        if name in columns:
            raise Refused("the column {name} stands in the list of points twice; keep one.", name=name)
        cells = table.iloc[:, k].tolist()
        for row, cell in enumerate(cells):
            if cell is None or cell != cell:
                raise Refused("{where}: {name} is empty; every point needs every factor.", where=where(row),
                              name=name)
        columns[name] = [check_cell(name, cell, where(row)) for row, cell in enumerate(cells)]
    return Design(tuple(_seen(name, cells) for name, cells in columns.items()), pd.DataFrame(columns), "list")


def _seen(name: str, cells: list[Any]) -> Factor:
    """The factor that a column of a list shows: its values, or their range where they are many."""
    values = tuple(dict.fromkeys(cells))
    if len(values) > _MOST_NAMED and name not in CHOICES:
        return Factor(name, min(values), max(values))
    return Factor(name, values=values)


def from_csv(source: Any) -> Design:
    """A list of points from a file with a header of factors and a row a point."""
    import pandas as pd

    remedy = Said("a list of points is a CSV with one column a factor")
    sheet = tables.open_sheet(source, "points", remedy)
    names = [name for name in sheet.frame.columns if name]
    for name in names:
        _range(name)
    kind = tables.Kind("points", "points", (), tuple(
        tables.Field(name, "text" if name in CHOICES else "number", (name,), example="0.5") for name in names))
    if not len(sheet.frame):
        raise Refused("{where} has no points: it needs a header of factors and at least one row.",
                      where=sheet.where)
    table = tables.read(sheet, kind)
    empty = [name for name in table.left if name]
    if empty:
        raise Refused("{where}: the column {empty} is empty; every point needs every factor.", where=sheet.where,
                      empty=empty[0])
    tables.check(table)
    tables.announce(table)
    columns = {name: table.frame[name] if name in CHOICES else tables.numbers(table.frame[name]) for name in names}
    index = table.frame.index
    return from_table(pd.DataFrame(columns).reset_index(drop=True), lambda row: f"{table.where}, {table.row} {index[row]}")
