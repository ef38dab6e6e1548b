"""What a sweep does: a design, the scenario that its points change, how many runs each, and what is kept.

    plan("lone_ranger", ["k=0.5:2", "FRCS.strength=0:1"], "latin_hypercube", points=200, replicates=20)
    read("my_sweep.toml")
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from letsdance import scenarios
from letsdance.experiments import design as designs
from letsdance.experiments.design import Design, FactorsLike
from letsdance.experiments.outcomes import Outcome, parse_all
from letsdance.params import Refused, Said, check_whole, files, nearest
from letsdance.scenarios import Acting, Scenario, ScenarioLike, UseLike
from letsdance.simulation import municipalities as places
from letsdance.simulation.municipalities import MunicipalitiesLike

#: Tables that a sweep may keep beside one row a run: name -> sentence.
LEVELS = {
    "society": "one row a run and quarter: every indicator",
    "adopters": "one row a run, quarter, view and adopter category",
    "governments": "one row a run and municipality: when it adopted, its categories, where it ended",
    "citizens": "one row a run and citizen, as the last quarter ends; each run is made twice",
}
MOST_RUNS = 20_000_000
#: Entries of a design file: what they may be, and that in words.
_TEXT, _WHOLE = (str, Said("text in quotes")), (int, Said("a whole number"))
_LIST, _TABLE = ((list, str), Said("a list")), (dict, Said("a table"))
_KEYS: dict[str, tuple[Any, Said]] = {
    "title": _TEXT, "scenario": _TEXT, "quarters": _WHOLE, "profile": _TEXT, "parameters": _TABLE, "levers": _LIST,
    "shocks": _LIST, "municipalities": _TEXT, "method": _TEXT, "points": _WHOLE, "trajectories": _WHOLE, "file": _TEXT,
    "factors": _TABLE, "replicates": _WHOLE, "seed": _WHOLE, "outcomes": _LIST, "keep": _LIST, "every": _WHOLE}


@dataclass(frozen=True, eq=False)
class Plan:
    """A design and what is run at each of its points. Run r of every point has the seed seed + r: equal luck.

    outcomes: columns of the table of runs; none: every indicator at the end, and the measures of the whole run.
    keep: further tables (LEVELS), at quarters 0, every, 2 every, ... and the last.
    """

    design: Design
    scenario: Scenario
    replicates: int = 20
    seed: int = 1
    outcomes: tuple[Outcome, ...] = ()
    keep: tuple[str, ...] = ()
    every: int = 4
    municipalities: str | None = None                                # a CSV's text, for all points
    texts: Mapping[str, str] = field(default_factory=dict)           # of files that factors name, by path
    title: str = ""

    def __repr__(self) -> str:
        factors = ", ".join(map(str, self.design.factors))
        return (f"{self.scenario.title}: {len(self.design):,} points of {factors}, {self.replicates} runs each, "
                f"seed {self.seed}")

    @property
    def runs(self) -> int:
        """How many runs in all."""
        return len(self.design) * self.replicates

    def said(self) -> dict[str, object]:
        """Everything but the points, as JSON."""
        return {
            "title": self.title, "method": self.design.method, "factors": [str(f) for f in self.design.factors],
            "points": len(self.design), "replicates": self.replicates, "seed": self.seed, "runs": self.runs,
            "scenario": {"name": self.scenario.name, "toml": self.scenario.to_toml()},
            "outcomes": [str(o) for o in self.outcomes], "keep": list(self.keep), "every": self.every,
            "municipalities": self.municipalities, "texts": dict(self.texts)}


class Changed(Acting, total=False):
    """What `plan` takes of a scenario, for functions that pass it on."""

    quarters: int | None
    municipalities: MunicipalitiesLike | None


class Asked(Changed, total=False):
    """What `plan` takes beside the scenario."""

    factors: FactorsLike
    method: str
    points: int | None
    trajectories: int | None
    file: str | Path | None
    design: Design | None
    replicates: int
    seed: int
    outcomes: Iterable[str | Outcome]
    keep: Iterable[str]
    every: int
    title: str


def plan(
    scenario: ScenarioLike = "lets_dance", factors: FactorsLike = (), method: str = "latin_hypercube",
    points: int | None = None, *, trajectories: int | None = None, file: str | Path | None = None,
    design: Design | None = None, replicates: int = 20, seed: int = 1, outcomes: Iterable[str | Outcome] = (),
    keep: Iterable[str] = (), every: int = 4, quarters: int | None = None, profile: str | None = None,
    parameters: Mapping[str, object] | None = None, levers: Sequence[UseLike] = (),
    shocks: Sequence[UseLike] = (), municipalities: MunicipalitiesLike | None = None,
    title: str = "",
) -> Plan:
    """A plan, checked. `design` takes the place of factors, method and points. Raises `Refused` for what is wrong.

    municipalities: a CSV's path, or a table. The other arguments are those of `simulate` and `design.make`.

    >>> ld.plan("lone_ranger", ["k=0.5:2", "FRCS.strength=0:1"], points=10, replicates=5).runs
    50
    """
    base = scenarios.load(scenario).changed(parameters=parameters, levers=levers, shocks=shocks, profile=profile,
                                            quarters=quarters)
    for name, value, low, high in (("replicates", replicates, 1, 1_000_000), ("every", every, 1, 400),
                                   ("seed", seed, 0, 2**62 - 1)):
        check_whole(name, value, low, high)
    asked = [outcomes] if isinstance(outcomes, str | Outcome) else list(outcomes)
    chosen = parse_all(asked) if asked else ()
    for outcome in chosen:
        if outcome.last is not None and outcome.last > base.quarters:
            raise Refused("{outcome} looks at quarter {last}, after the horizon of {quarters}; name an earlier quarter or "
                          "raise quarters.", outcome=outcome, last=outcome.last, quarters=base.quarters)
    levels = tuple(dict.fromkeys([keep] if isinstance(keep, str) else keep))
    for level in levels:
        if level not in LEVELS:
            raise Refused("there is no table {level!r} to keep.{near} Known: {known}.", level=level,
                          near=nearest(level, LEVELS), known=", ".join(LEVELS))
    if design is None:
        if method not in designs.METHODS:
            raise Refused("there is no design {method!r}.{near} Known: {known}.", method=method,
                          near=nearest(method, designs.METHODS), known=", ".join(designs.METHODS))
        dials = designs.parse_factors(factors)
        _refuse_too_many(designs.count(method, dials, points, trajectories) * replicates, base)
        design = designs.make(method, dials, points, int(seed), trajectories, file, base)
    _refuse_too_many(len(design) * replicates, base)
    for factor in design.factors:
        last = max(factor.values) if factor.values else factor.high
        if factor.name.endswith(".start") and last > base.quarters:
            raise Refused("factor {name} reaches quarter {last:g}, after the horizon of {quarters}; lower it or raise "
                          "quarters.", name=factor.name, last=last, quarters=base.quarters)
    named = [factor.name for factor in design.factors]
    if "scenario" in named and "profile" not in named and profile is not None:
        raise Refused("with the factor scenario every scenario keeps the innovation of its file, so the profile {profile} "
                      "would be lost; give it as a factor: profile={profile}.", profile=profile)
    if "municipalities" in named and municipalities is not None:
        raise Refused("the tables of municipalities are a factor, so another one for all points would be lost; leave out "
                      "one of the two.")
    texts = _texts(design)
    for name in parameters or {}:
        if name in (factor.name for factor in design.factors):
            raise Refused("{name} is both a factor and set to one value; keep one of them.", name=name)
    designs.at(base, design.points(0, 1)[0])  # what is wrong at the first point is mostly wrong at all
    return Plan(design, base, int(replicates), int(seed), chosen, levels, int(every),
                None if municipalities is None else _text(municipalities), texts, title)


def _text(table: Any) -> str:
    """A table of municipalities as CSV text, however it was given; what is wrong with it is said now."""
    return places.to_csv(places.load(table))


def _texts(design: Design) -> dict[str, str]:
    """The files that points name, checked: what is run again must not depend on them."""
    texts = {}
    for factor in design.factors:
        for value in factor.values if factor.name in ("scenario", "municipalities") else ():
            try:
                if factor.name == "municipalities":
                    texts[value] = _text(value)
                elif value not in scenarios.STARTS:
                    places.of(scenarios.load(value))
                    texts[value] = files.text(value)
            except Refused as error:
                raise Refused("factor {name}: {error}", name=factor.name, error=str(error)) from None
    return texts


def _refuse_too_many(runs: float, base: Scenario) -> None:
    if runs <= MOST_RUNS:
        return
    seconds, size = estimate(base)
    from letsdance.simulation.society import cores

    raise Refused("this asks for {runs:,.0f} runs: some {long} on the {cores} cores of this machine and {runs_2:,.0f} GB "
                  "(measured here: {value:.1f} ms a run). The most is {most_runs:,}; take fewer factors, levels, points "
                  "or replicates.", runs=runs, long=_long(runs * seconds / cores()), cores=cores(),
                  runs_2=runs * size / 1e9, value=1000 * seconds, most_runs=MOST_RUNS)


def estimate(scenario: Scenario) -> tuple[float, float]:
    """(seconds that one run of a scenario takes on one core, measured now; bytes that its row takes on disk)."""
    from time import perf_counter

    from letsdance.simulation.run import simulate

    simulate(scenario, runs=1, threads=1)
    began = perf_counter()
    simulate(scenario, runs=4, threads=1)
    return (perf_counter() - began) / 4, 600.0


def _long(seconds: float) -> str:
    for name, length in (("years", 365 * 86400), ("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:,.0f} {name}"
    return f"{seconds:.0f} seconds"


# ---------------------------------------------------------------- design files

def read(path: str | Path) -> Plan:
    """A plan from a design file (TOML). Raises `Refused` with the place in the file."""
    text = files.text(path, Said("see docs/sweeps.md for a design to copy"))
    data = files.parsed_toml(text, str(path))
    place = scenarios.Place(str(path), text)
    for key, value in data.items():
        where = place(key) if isinstance(value, dict) else place("", key)
        if key not in _KEYS:
            raise Refused("{where}there is no entry {key!r} in a design.{near} Known: {known}.", where=where, key=key,
                          near=nearest(key, _KEYS), known=", ".join(_KEYS))
        if isinstance(value, bool) or not isinstance(value, _KEYS[key][0]):
            raise Refused("{where}{key} must be {said}, not {value!r}.", where=where, key=key, said=_KEYS[key][1],
                          value=value)
        if value == {}:
            raise Refused("{where}[{key}] must be a table with at least one entry.", where=where, key=key)
        if key in ("keep", "outcomes") and not all(isinstance(one, str) for one in value):
            raise Refused("{where}{key} must be a list of texts in quotes.", where=where, key=key)
    here = Path(path).parent

    def beside(value: Any) -> Any:
        """The path of a file that stands beside the design."""
        try:
            if isinstance(value, str) and value and value not in scenarios.STARTS and (here / value).is_file():
                return str(here / value)
        except (OSError, ValueError):  # no file can have this name, which its reader says
            pass
        return value

    factors = []
    for name, value in _dials(data.pop("factors", {})):
        try:
            if name in ("scenario", "municipalities"):
                value = [beside(v) for v in (value if isinstance(value, list) else str(value).split(","))]
            factors.append(designs.parse_factor(name, value))
        except Refused as error:
            raise Refused("{place}{error}", place=_of(place, name), error=str(error)) from None
    for key in ("file", "municipalities", "scenario"):
        if key in data:
            data[key] = beside(data[key])
    try:
        return plan(factors=factors, **{"scenario": "lets_dance", **data})
    except Refused as error:
        said = str(error)
        factor = next((f.name for f in factors if said.startswith(f"factor {f.name}")), "")
        key = next((key for key in data if said.startswith((f"{key} ", f"this {key}"))), "")
        raise Refused("{place}{error}", place=_of(place, factor) if factor else place("", key) if key else place(),
                      error=str(error)) from None


def _dials(table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Factors by name: FRCS.strength without quotes is a table FRCS with an entry strength in TOML."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{dial}", inner) for dial, inner in value.items())
        else:
            yield name, value


def _of(place: scenarios.Place, factor: str) -> str:
    """Where in a design file a factor stands."""
    use, _, dial = factor.partition(".")
    found = place(f"factors.{use}", dial) if dial else ""
    return found if found.startswith(f"{place.path}, line") else place("factors", factor)
