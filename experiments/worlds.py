"""Worlds: what nobody knows of the model, as sets of values that it may have; one object for all of it.

    Worlds(200, within="30%").compare(["free-range: FRCS@8", "mandate: MANDATE@8"], start="lone_ranger").said
    read("worlds.toml").table("lone_ranger")

A world is one value for everything uncertain: drawn from ranges or distributions (a Latin hypercube, McKay, Beckman and
Conover 1979, each parameter on its own stream of randomness), tied by rank correlations (Iman and Conover 1982), or taken
together from the posterior of a calibration; and structural alternatives, such as a mechanism on or off. Worlds are only as
wide as the ranges that somebody assumed.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from letsdance import scenarios
from letsdance.experiments.executors import ExecutorLike
from letsdance.experiments.outcomes import Outcome
from letsdance.experiments.pieces import Pieces, Task, sources
from letsdance.params import (
    PARAMETERS,
    Parameter,
    Refused,
    Said,
    check_value,
    check_whole,
    files,
    listed,
    nearest,
    number,
    real,
)
from letsdance.scenarios import Scenario, ScenarioLike, mechanism
from letsdance.simulation import municipalities as places
from letsdance.simulation import schedule
from letsdance.simulation.municipalities import Municipalities, MunicipalitiesLike
from letsdance.simulation.run import Result, run_seeds
from letsdance.words import IN_ENGLISH, Text

if TYPE_CHECKING:
    import pandas as pd

    from letsdance.experiments.compare import PoliciesLike
    from letsdance.experiments.map_worlds import Plane
    from letsdance.experiments.over_worlds import OverWorlds
    from letsdance.experiments.posterior import PosteriorLike
    from letsdance.experiments.reasons_worlds import Explained
    from letsdance.experiments.search_worlds import Found
    from letsdance.experiments.tunnel_worlds import Tunnel
    from letsdance.scenarios.policy import Policy

#: What may be said of a parameter: kind -> (how many numbers, an example).
KINDS = {"range": (2, "[0.5, 2]"), "normal": (2, "[0.75, 0.2]"), "lognormal": (2, "[0.75, 1.5]"),
         "triangular": (3, "[0.5, 0.75, 2]"), "values": (0, "[3, 4, 5]")}
#: Alternatives that are no parameter.
STRUCTURES = ("profile", "context", "mechanism")
#: Where society starts; it stays, unless it is named.
_START = ("C0", "G0")
_MOST = 100_000
#: The place in a posterior, whose draws are taken together.
POSTERIOR = "the posterior"
_PURPOSE = 0x3031D5  # names this use of a seed


# ---------------------------------------------------------------- one parameter

@dataclass(frozen=True)
class Spread:
    """What one parameter may be. kind and numbers: range (low, high), normal (mean, sd), lognormal (median, the factor
    that one sd is), triangular (least, likeliest, most), values (each equally likely). A distribution is cut off where the
    parameter's declared range ends."""

    name: str
    kind: str
    numbers: tuple[float, ...]

    def at(self, u: np.ndarray, low: float, high: float, whole: bool) -> np.ndarray:
        """The values at places u of its distribution, float64 like u; low, high: where it is cut off."""
        from scipy import stats

        if self.kind == "values":
            return np.asarray(self.numbers)[np.minimum((u * len(self.numbers)).astype(int), len(self.numbers) - 1)]
        if self.kind == "range":
            a, b = self.numbers
            return np.minimum(np.floor(a + u * (b - a + 1)), b) if whole else a + u * (b - a)
        a, b, *c = self.numbers
        law = (stats.norm(a, b) if self.kind == "normal" else stats.lognorm(np.log(b), scale=a)
               if self.kind == "lognormal" else stats.triang((b - a) / (c[0] - a), a, c[0] - a))
        ends = law.cdf([low, high])
        values = np.clip(law.ppf(ends[0] + u * (ends[1] - ends[0])), low, high)
        return np.rint(values) if whole else values


def parse_spread(name: str, said: object, known: Mapping[str, Parameter] = PARAMETERS) -> Spread:
    """What is said of a parameter: "0.5:2", "3,4,5", [0.5, 2] (a range), or {normal = [0.75, 0.2]}; `Refused` otherwise."""
    if name not in known:
        check_value(name, 0, known=known)
    if isinstance(said, Spread):
        return said
    if isinstance(said, str):
        parts = said.split(":") if ":" in said else said.split(",")
        try:
            numbers = [number(part) for part in parts]
        except ValueError:
            raise Refused("{name}: {said!r} cannot be read; write a range LOW:HIGH, or values A,B,C.", name=name,
                          said=said) from None
        return _spread(name, "range" if ":" in said else "values", numbers, known)
    if isinstance(said, Mapping) and len(said) == 1:
        (kind, numbers), = said.items()
        if kind not in KINDS:
            raise Refused("{name}: there is no distribution {kind!r}.{near} Known: {known}.", name=name, kind=kind,
                          near=nearest(str(kind), KINDS), known=", ".join(KINDS))
        return _spread(name, kind, numbers, known)
    return _spread(name, "range", said, known)


def _spread(name: str, kind: str, said: Any, known: Mapping[str, Parameter]) -> Spread:
    wanted, example = KINDS[kind]
    if not isinstance(said, list | tuple) or (wanted and len(said) != wanted) or not said:
        raise Refused("{name}: a {kind} is written as {kind} = {example}, not {said!r}.", name=name, kind=kind,
                      example=example, said=said)
    whole = known[name].whole
    if kind in ("range", "values"):
        numbers = tuple(check_value(name, value, known=known) for value in said)
    else:
        for value in said:
            if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(real(value)):
                raise Refused("{name}: a {kind} is written as {kind} = {example}, not {said!r}.", name=name, kind=kind,
                              example=example, said=said)
        numbers = tuple(float(value) for value in said)
    a, b = numbers[0], numbers[-1]
    if kind == "values" and len(set(numbers)) < len(numbers):
        raise Refused("{name}: a value stands in its list twice; name each once.", name=name)
    if kind == "range" and not a < b:
        raise Refused("{name}: the range {a:g} to {b:g} is empty; write the lower end first.", name=name, a=a, b=b)
    if kind == "triangular" and not (a <= numbers[1] <= b and a < b):
        raise Refused("{name}: a triangular needs least, likeliest and most in this order, such as {example}.", name=name,
                      example=example)
    if (kind == "normal" and b <= 0) or (kind == "lognormal" and (a <= 0 or b <= 1)):
        raise Refused("{name}: a {kind} needs {needs}, such as {example}.", name=name, kind=kind, example=example,
                      needs=Said("a spread above 0") if kind == "normal" else Said("a median above 0 and a factor above 1"))
    made = Spread(name, kind, numbers)
    low, high = known[name].range
    inside = made.at(np.array([0.0, 1.0]), float(low), float(high), whole)
    if not np.isfinite(inside).all() or (kind not in ("values",) and inside[0] == inside[1] and not whole):
        raise Refused("{name}: hardly anything of this {kind} lies in what {name} may be, {low:g} to {high:g}.", name=name,
                      kind=kind, low=low, high=high)
    return made


# ---------------------------------------------------------------- the worlds

@dataclass(frozen=True, eq=False)
class Worlds:
    """What is uncertain, and how many worlds are drawn of it.

    worlds: how many. within: what every uncertain parameter may be that is not named: "ranges" (all that it may be by its
    declaration), a share such as 0.3 or "30%" (so far from its value; a value of 0 stays), or "fixed" (it stays).
    parameters: name -> what it may be ("0.5:2", "3,4,5", {"normal": [0.75, 0.2]}, see `Spread`). correlations: (name, name,
    rank correlation). posterior: a calibration or a case that was followed, or the folder of
    either, or a survey of the start (`read_survey`); its draws are taken together. alternatives: a switch of the
    model, "profile", "context" or "mechanism" -> its values, equally often. seed: of the draw, on its own stream.

    >>> ld.Worlds(100, within="30%").table("lone_ranger").shape[0]
    100
    """

    worlds: int = 200
    within: float | str = "ranges"
    parameters: Mapping[str, object] = field(default_factory=dict)
    correlations: Sequence[tuple[str, str, float]] = ()
    posterior: PosteriorLike | None = None
    alternatives: Mapping[str, Sequence[object]] = field(default_factory=dict)
    seed: int = 1
    title: str = ""

    def __post_init__(self) -> None:
        check_whole(Said("the number of worlds"), self.worlds, 2, _MOST)
        check_whole(Said("the seed of the worlds"), self.seed, 0, 2**63 - 1)
        object.__setattr__(self, "within", check_within(self.within))
        spreads = {name: parse_spread(name, said) for name, said in self.parameters.items()}
        object.__setattr__(self, "parameters", spreads)
        check_alternatives(self.alternatives)
        for name in self.posterior_values:
            if name in spreads:
                raise Refused("{name} is said twice, by the posterior and by a distribution; keep one.", name=name)
        for name in self.alternatives:
            if name in spreads or name in self.posterior_values:
                raise Refused("{name} is said twice, as an alternative and as a parameter; keep one.", name=name)
        _check_correlations(self)

    @cached_property
    def posterior_values(self) -> dict[str, np.ndarray]:
        """Parameter -> float64[worlds], drawn together from the calibration; the dials of its clock are left out."""
        if self.posterior is None:
            return {}
        from letsdance.experiments.posterior import drawn

        return drawn(self.posterior, self.worlds, self.seed)

    def names(self, *several: Scenario) -> list[str]:
        """Parameters that are drawn for these scenarios: named ones, and, unless they are fixed, all that are uncertain and
        in which the scenarios agree: what they differ in is what is compared."""
        known = several[0].known
        values = [scenario.values() for scenario in several]
        named = [*self.parameters, *self.posterior_values]
        if self.within == "fixed":
            return named
        others = [name for name, p in known.items() if p.role == "uncertainty" and name not in (*_START, *named)
                  and name not in self.alternatives and len({each.get(name) for each in values}) == 1
                  and (self.within == "ranges" or values[0][name] != 0.0)]
        return [*named, *others]

    def table(self, *several: ScenarioLike) -> pd.DataFrame:
        """One row a world: a column for each drawn parameter and alternative. several: on which the worlds act (their
        values are what `within` a share is counted from)."""
        import pandas as pd

        loaded = [scenarios.load(one) for one in several] or [scenarios.load("lets_dance")]
        names = self.names(*loaded)
        u = {name: self._places(name) for name in (*names, *self.alternatives) if name not in self.posterior_values}
        _correlate(u, self.correlations)
        drawn = pd.DataFrame(self.at({**u, **({POSTERIOR: (np.arange(self.worlds) + 0.5) / self.worlds}
                                              if self.posterior_values else {})}, *loaded))
        if drawn.empty:
            raise Refused("nothing is uncertain in these worlds; name parameters, or leave within = \"fixed\" out.")
        return drawn

    def uncertain(self, *several: Scenario) -> list[str]:
        """What has a place of its own in `at`: each drawn parameter and alternative, and the posterior as one."""
        names = [name for name in self.names(*several) if name not in self.posterior_values]
        return [*names, *self.alternatives, *([POSTERIOR] if self.posterior_values else [])]

    def at(self, u: Mapping[str, np.ndarray], *several: Scenario) -> dict[str, np.ndarray | list[object]]:
        """The values at places u (name of `uncertain` -> float64[n] in [0, 1)): a column of n for each drawn parameter and
        alternative."""
        known, values, columns = several[0].known, several[0].values(), dict[str, np.ndarray | list[object]]()
        for name in self.names(*several):
            p = known.get(name) or PARAMETERS[name]
            if name in self.posterior_values:
                found = self.posterior_values[name]
                columns[name] = found[np.minimum((u[POSTERIOR] * len(found)).astype(int), len(found) - 1)]
            else:
                low, high = p.range
                columns[name] = self._spread(p, values[name]).at(u[name], float(low), float(high), p.whole)
        for name, choices in self.alternatives.items():
            at = np.minimum((u[name] * len(choices)).astype(int), len(choices) - 1)
            columns[name] = [choices[k] for k in at]
        return columns

    def _spread(self, p: Parameter, value: float) -> Spread:
        if p.name in self.parameters:
            said = self.parameters[p.name]
            assert isinstance(said, Spread)
            return said
        low, high = map(float, p.range)
        if isinstance(self.within, float):
            ends = sorted((value * (1 - self.within), value * (1 + self.within)))
            low, high = max(low, ends[0]), min(high, ends[1])
            if p.whole:  # what rounds to a whole number within
                low, high = np.ceil(low), np.floor(high)
            if not low < high:
                return Spread(p.name, "values", (value,))
        return Spread(p.name, "range", (low, high))

    def _places(self, name: str) -> np.ndarray:
        """float64[worlds]: places in [0, 1), one in each of as many equal parts; a stream for each name."""
        rng = np.random.default_rng(np.random.SeedSequence([self.seed, _PURPOSE, zlib.crc32(name.encode())]))
        return np.asarray((rng.permutation(self.worlds) + rng.random(self.worlds)) / self.worlds)

    def __str__(self) -> str:
        return self.said()

    def said(self, text: Text = IN_ENGLISH) -> str:
        """How many, and what is uncertain in them, in a language."""
        said = []
        if isinstance(self.within, float):
            said.append(text("report.worlds_within", share=text.percent(self.within)))
        elif self.within == "ranges":
            said.append(text("report.worlds_ranges"))
        alternatives = [text(f"report.worlds_{name}") if name in STRUCTURES else name for name in self.alternatives]
        for key, named in (("as_said", list(self.parameters)), ("posterior", list(self.posterior_values)),
                           ("alternatives", alternatives)):
            if named:
                said.append(text(f"report.worlds_{key}", names=text.listed(named)))
        return text("report.worlds_said", n=text.number(self.worlds), said=text.listed(said))

    # ------------------------------------------------------------ what is asked over them

    def compare(self, given: PoliciesLike, runs: int = 10, seed: int = 1, quarters: int | None = None,
                municipalities: MunicipalitiesLike | None = None, against: str | None = None,
                start: ScenarioLike | None = None, outcome: str | Outcome = "lets_dance", better: str | None = None,
                threads: int | None = None, progress: Callable[[int], None] | None = None,
                keep: str | Path | None = None, executor: ExecutorLike = None) -> OverWorlds:
        """Policies in every world on the same seeds; words as in `letsdance.compare`. progress counts runs. Refused: what
        `compare` refuses.

        keep: a file of what is done, with which the same words go on. executor: as in `sweep`, such as a Dask scheduler's
        address; threads of this process unless said. Both mean the same in all that is asked over worlds.

        >>> worlds = ld.Worlds(8, within="30%")
        >>> found = worlds.compare(["nothing:", "lead: LEAD@2"], runs=2, quarters=8, start="lone_ranger")
        >>> found.worlds
        8
        """
        from letsdance.experiments import over_worlds

        return over_worlds.compare(self, given, runs, seed, quarters, municipalities, against, start, outcome, better,
                                   threads, progress, keep, executor)

    def wind_tunnel(self, portfolio: str | Policy, starts: Sequence[ScenarioLike] = scenarios.STARTS,
                    shocks: Sequence[str] | None = None, at: int = 12, outcome: str | Outcome = "lets_dance",
                    runs: int = 4, seed: int = 1, quarters: int | None = None, better: str | None = None,
                    municipalities: MunicipalitiesLike | None = None, threads: int | None = None,
                    progress: Callable[[int], None] | None = None, keep: str | Path | None = None,
                    executor: ExecutorLike = None) -> Tunnel:
        """One portfolio from every start under every shock, in every world; words as in `letsdance.wind_tunnel`."""
        from letsdance.experiments import tunnel_worlds

        return tunnel_worlds.wind_tunnel(self, portfolio, starts, shocks, at, outcome, runs, seed, quarters, better,
                                         municipalities, threads, progress, keep, executor)

    def search(self, scenario: ScenarioLike,
               aims: Sequence[str] = ("success", "representativeness", "T", "late_adopter_gap"), robustly: str = "mean",
               levers: Sequence[str] | None = None, most: int = 3, condition: str = "lets_dance >= 0.5",
               runs: int = 3, evaluations: int = 600, seed: int = 1, optimisers: int = 2, file: str | Path | None = None,
               threads: int | None = None, progress: Callable[[int], None] | None = None,
               emulator: bool = False) -> Found:
        """Portfolios that no other beats in points and every aim, over worlds; words as in `experiments.search_worlds`."""
        from letsdance.experiments import search_worlds

        return search_worlds.search(self, scenario, aims, robustly, levers, most=most, condition=condition, runs=runs,
                                    evaluations=evaluations, seed=seed, optimisers=optimisers, file=file, threads=threads,
                                    progress=progress, emulator=emulator)

    def basins(self, scenario: ScenarioLike = "lets_dance", grid: int = 7, quarters: int = 60, runs: int = 1, seed: int = 1,
               threads: int | None = None, progress: Callable[[int], None] | None = None,
               keep: str | Path | None = None, executor: ExecutorLike = None,
               **changes: Unpack[scenarios.Acting]) -> Plane:
        """From which starts which future is reached, in how many worlds; words as in `letsdance.basins`."""
        from letsdance.experiments import map_worlds

        return map_worlds.basins(self, scenario, grid, quarters, runs, seed, threads, progress, keep, executor, **changes)

    def explain(self, scenario: ScenarioLike, runs: int = 4, seed: int = 1, threads: int | None = None,
                progress: Callable[[int], None] | None = None,
                municipalities: MunicipalitiesLike | None = None, keep: str | Path | None = None,
                executor: ExecutorLike = None) -> Explained:
        """What happened from a start and why, and in how many worlds the same is so."""
        from letsdance.experiments import reasons_worlds

        return reasons_worlds.explain(self, scenario, runs, seed, threads, progress, municipalities, keep, executor)

    # ------------------------------------------------------------ files

    @classmethod
    def read(cls, file: str | Path) -> Worlds:
        """Worlds from a TOML file (docs/worlds.md). Raises `Refused` with the place of what is wrong."""
        return read(file)

    def to_toml(self) -> str:
        """A file that gives these worlds again. A posterior is named by its folder; one that was not read is refused."""
        if self.posterior is not None and not isinstance(self.posterior, str | Path):
            raise Refused("these worlds come from a calibration, a case or a survey that has no folder; keep it first "
                          "(`letsdance adopters calibrate --out`, `letsdance follow --out`), and name the folder.")
        lines = [f"title = {_quoted(self.title)}", f"worlds = {self.worlds}", f"seed = {self.seed}",
                 f"within = {_quoted(self.within) if isinstance(self.within, str) else repr(self.within)}"]
        lines += [] if self.posterior is None else [f"posterior = {_quoted(str(self.posterior))}"]
        if self.parameters:
            lines += ["", "[parameters]"]
            lines += [f"{name} = {{ {one.kind} = [{', '.join(map(repr, one.numbers))}] }}"
                      for name, one in self.parameters.items() if isinstance(one, Spread)]
        if self.alternatives:
            lines += ["", "[alternatives]"]
            lines += [f"{name} = [{', '.join(_quoted(v) if isinstance(v, str) else str(v).lower() for v in values)}]"
                      for name, values in self.alternatives.items()]
        for a, b, r in self.correlations:
            lines += ["", "[[correlations]]", f'between = ["{a}", "{b}"]', f"rank = {r!r}"]
        return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)


#: A number of worlds, a file that says them, or the worlds themselves.
type WorldsLike = int | str | Path | Worlds


def check_within(within: object) -> float | str:
    """A share above 0, at most 1, as a float; or "ranges" or "fixed". Refused otherwise."""
    if within in ("ranges", "fixed"):
        return str(within)
    share: Any = within
    if isinstance(within, str):
        try:
            share = number(within.rstrip("% ")) / (100.0 if within.strip().endswith("%") else 1.0)
        except ValueError:
            share = None
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0.0 < share <= 1.0:
        raise Refused("within must be a share such as 30% (above 0, at most 100%), ranges or fixed, not {within!r}.",
                      within=within)
    return float(share)


def check_alternatives(alternatives: Mapping[str, Sequence[object]]) -> None:
    """Refuse what is no alternative, or values that are none of it."""
    for name, values in alternatives.items():
        if name not in STRUCTURES and name not in PARAMETERS:
            raise Refused("there is no alternative {name!r}.{near} Name a parameter, profile, context or mechanism.",
                          name=name, near=nearest(name, [*PARAMETERS, *STRUCTURES]))
        if not isinstance(values, list | tuple) or len(values) < 2 or len({repr(v) for v in values}) < len(values):
            raise Refused("{name}: alternatives are a list of two or more different values, not {values!r}.", name=name,
                          values=values)
        for value in values:
            if name == "profile":
                scenarios.check_profile(value)
            elif name == "context":
                scenarios.check_context([] if value == "" else value)
            elif name == "mechanism":
                if not isinstance(value, str):
                    raise Refused("mechanism: name a mechanism's file, or \"\" for none, not {value!r}.", value=value)
            else:
                check_value(name, value)


def _check_correlations(worlds: Worlds) -> None:
    for one in worlds.correlations:
        if len(one) != 3 or not all(isinstance(name, str) and name in PARAMETERS for name in one[:2]) or one[0] == one[1]:
            raise Refused("a correlation is two parameters and a number, such as (\"wN\", \"wS\", 0.6), not {one!r}.",
                          one=one)
        if isinstance(one[2], bool) or not isinstance(one[2], int | float) or not -1.0 < one[2] < 1.0:
            raise Refused("the rank correlation of {a} and {b} must lie between -1 and 1, not {r!r}.", a=one[0], b=one[1],
                          r=one[2])
        for name in one[:2]:
            if name in worlds.posterior_values:
                raise Refused("{name} comes from the posterior, which says how it is correlated; take the correlation "
                              "out.", name=name)
    tied = _tied(worlds.correlations)
    if tied:
        matrix = _matrix(tied, worlds.correlations)
        if np.linalg.eigvalsh(matrix).min() < 1e-9:
            raise Refused("the correlations of {names} cannot all hold at once; weaken one of them.",
                          names=listed(tied))
        if worlds.worlds <= len(tied) + 1:
            raise Refused("correlations of {count} parameters need more than {least} worlds, not {worlds}.",
                          count=len(tied), least=len(tied) + 1, worlds=worlds.worlds)


def _tied(correlations: Sequence[tuple[str, str, float]]) -> list[str]:
    return list(dict.fromkeys(name for one in correlations for name in one[:2]))


def _matrix(names: Sequence[str], correlations: Sequence[tuple[str, str, float]]) -> np.ndarray:
    """The Pearson correlations of normal scores that give these rank correlations."""
    matrix = np.eye(len(names))
    for a, b, r in correlations:
        i, j = names.index(a), names.index(b)
        matrix[i, j] = matrix[j, i] = 2.0 * np.sin(np.pi * r / 6.0)
    return matrix


def _correlate(u: dict[str, np.ndarray], correlations: Sequence[tuple[str, str, float]]) -> None:
    """Put the places of tied parameters in another order, so that ranks correlate (Iman and Conover 1982); each keeps its
    places, so the Latin hypercube stays one."""
    from scipy.stats import norm, rankdata

    names = _tied(correlations)
    if not names:
        return
    for name in names:
        if name not in u:
            raise Refused("{name} is correlated and not uncertain in these worlds; name what it may be, or take the "
                          "correlation out.", name=name)
    places = np.column_stack([u[name] for name in names])
    scores = norm.ppf((np.apply_along_axis(rankdata, 0, places)) / (len(places) + 1.0))
    own = np.linalg.cholesky(np.corrcoef(scores.T))
    wanted = np.linalg.cholesky(_matrix(names, correlations))
    moved = scores @ np.linalg.inv(own).T @ wanted.T
    for k, name in enumerate(names):
        u[name] = np.sort(u[name])[rankdata(moved[:, k], method="ordinal").astype(int) - 1]


def correlated(z: np.ndarray, names: Sequence[str], correlations: Sequence[tuple[str, str, float]]) -> np.ndarray:
    """Normal scores z float64[n, d], a column a name, with these rank correlations; each stays standard normal."""
    tied = _tied(correlations)
    if not tied:
        return z
    made, at = z.copy(), [names.index(name) for name in tied]
    made[:, at] = z[:, at] @ np.linalg.cholesky(_matrix(tied, correlations)).T
    return made


_KEYS = ("title", "worlds", "seed", "within", "posterior", "parameters", "alternatives", "correlations")


def read(file: str | Path) -> Worlds:
    """Worlds from a TOML file. Raises `Refused`; a posterior's and a mechanism's path counts from the file's folder."""
    path = files.named(file, "--worlds")
    text = files.text(path, Said("write one as docs/worlds.md shows, or give a number of worlds"))
    data, place = files.parsed_toml(text, str(file)), scenarios.Place(str(file), text)
    if not data:
        raise Refused("{file} is empty; worlds need at least a line such as worlds = 200.", file=file)
    for key in data:
        if key not in _KEYS:
            raise Refused("{where}there is no entry {key!r} in worlds.{near} Known: {known}.",
                          where=place(key) if isinstance(data[key], dict | list) else place("", key), key=key,
                          near=nearest(key, _KEYS), known=", ".join(_KEYS))
    for key, kind, said in (("parameters", dict, Said("a table")), ("alternatives", dict, Said("a table")),
                            ("correlations", list, Said("tables, each under [[correlations]]")),
                            ("posterior", str, Said("text")), ("title", str, Said("text"))):
        if key in data and not isinstance(data[key], kind):
            raise Refused("{where}{key} must be {said}, not {value!r}.", where=place("", key), key=key, said=said,
                          value=data[key])
    pairs = []
    for nth, row in enumerate(data.pop("correlations", [])):
        between = row.get("between") if isinstance(row, dict) else None
        if not isinstance(between, list) or len(between) != 2 or set(row) != {"between", "rank"}:
            raise Refused('{where}a correlation is written between = ["wN", "wS"] and rank = 0.6.',
                          where=place("correlations", "", nth))
        pairs.append((between[0], between[1], row["rank"]))
    if "posterior" in data:
        data["posterior"] = str(path.parent / data["posterior"])
    alternatives = data.get("alternatives", {})
    if isinstance(alternatives.get("mechanism"), list):
        alternatives["mechanism"] = [
            str(path.parent / one) if isinstance(one, str) and one and one not in mechanism.shipped() else one
            for one in alternatives["mechanism"]]
    try:
        return Worlds(**{"correlations": pairs, **data})
    except Refused as error:
        words = str(error)
        named = next((f"{place(table, name)}" for table in ("parameters", "alternatives") for name in data.get(table, {})
                      if words.startswith((f"{name}:", f"{name} ")) or repr(name) in words), str(place()))
        raise Refused("{place}{error}", place=named, error=words) from None  # what it says knows its template


def of(said: WorldsLike, within: str | float | None = None, seed: int | None = None) -> Worlds:
    """Worlds as they are named: a number, a file, or themselves. within: for a number of worlds ("ranges" unless said)."""
    if isinstance(said, Worlds):
        return said
    text = str(said).strip()
    if not re.fullmatch("-?[0-9]+", text):
        if within is not None:
            raise Refused("{file} says how far its worlds go; leave --within out, or write within = {within} in the file.",
                          file=files.shown(text), within=repr(within))
        found = read(text)
        return found if seed is None else replace(found, seed=seed)
    if len(text) > 9:
        raise Refused("the number of worlds must be a whole number from 2 to {most:,}, not {text}.", most=_MOST, text=text)
    return Worlds(int(text), "ranges" if within is None else within, seed=1 if seed is None else seed)


# ---------------------------------------------------------------- scenarios in worlds

def put(scenario: Scenario, world: Mapping[str, Any], kept: frozenset[str] = frozenset()) -> Scenario:
    """A scenario in a world: a row of `Worlds.table` as a mapping. kept: parameters that the scenario sets against it."""
    numbers = {name: float(value) for name, value in world.items()
               if name not in STRUCTURES and name not in kept}
    made = replace(scenario, parameters={**scenario.parameters, **numbers})
    if "profile" in world:
        made = replace(made, profile=world["profile"])
    if "context" in world:
        made = replace(made, context=scenarios.check_context(world["context"] or []))
    if world.get("mechanism"):
        made = made.changed(mechanisms=[mechanism.load(world["mechanism"])])
    for name, start in (("C0", "C"), ("G0", "G")):
        if name in numbers:
            made = replace(made, **{start: numbers[name]})  # type: ignore[arg-type]
    return made


def rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Each world as a mapping."""
    names = [str(name) for name in table.columns]
    if not names:  # as assumed
        return [{} for _ in range(len(table))]
    return [dict(zip(names, row, strict=True)) for row in zip(*(table[name].tolist() for name in names), strict=True)]


@dataclass(frozen=True, eq=False)
class _InAWorld:
    """The work of one scenario in one world: what `what` makes of its result."""

    several: tuple[Scenario, ...]
    fixed: tuple[frozenset[str], ...]
    where: Municipalities | None
    seeds: np.ndarray
    what: Callable[[Result], Any]

    def __call__(self, task: Task) -> Any:
        _, k, world = task
        there = put(self.several[k], world, self.fixed[k])
        towns = places.of(there, self.where)
        return self.what(Result(there, towns, self.seeds, *run_seeds(towns, schedule.build(there, among=towns),
                                                                     self.seeds, 1)))


def each(several: Sequence[Scenario], table: pd.DataFrame, runs: int, seed: int, what: Callable[[Result], Any],
         municipalities: MunicipalitiesLike | None = None, pieces: Pieces | None = None,
         progress: Callable[[int], None] | None = None) -> Iterator[Any]:
    """Run every scenario in every world on the seeds seed, seed + 1, ...; what(result) of each, world by world: numbers,
    texts and lists of these (`pieces`). progress: hears of runs.
    """
    check_whole("runs", runs, 1, 1_000_000)
    check_whole("seed", seed, 0, 2**63 - runs - 1)
    work = _InAWorld(tuple(several), tuple(shared(several, list(table.columns))),
                     None if municipalities is None else places.load(municipalities),
                     np.arange(seed, seed + runs, dtype=np.uint64), what)
    of = "world" if len(table.columns) else "assumed"
    tasks = [(f"{of} {w} scenario {k}", k, world) for w, world in enumerate(rows(table)) for k in range(len(several))]
    return (pieces or Pieces()).map(work, tasks, (lambda task: progress(runs)) if progress else None)


def head(several: Sequence[Scenario], table: pd.DataFrame, runs: int, seed: int, asked: object,
         municipalities: MunicipalitiesLike | None) -> dict[str, Any]:
    """All that numbers of `each` depend on, as what is kept of them says it."""
    from letsdance.experiments.folder import content_hash

    mechanisms = table["mechanism"].tolist() if "mechanism" in table else []
    return {"scenarios": [scenario.to_toml() for scenario in several], "worlds": len(table), "table": content_hash(table),
            "runs": runs, "seed": seed, "asked": str(asked), "mechanisms": sources(several, mechanisms),
            "municipalities": None if municipalities is None else places.to_csv(places.load(municipalities))}


def shared(several: Sequence[Scenario], drawn: Sequence[str]) -> list[frozenset[str]]:
    """For each scenario the drawn parameters that it sets against a world: those that the scenarios set differently. They
    are not drawn unless they are named."""
    return [frozenset(n for n in scenario.parameters if n in drawn and any(
        other.parameters.get(n) != scenario.parameters[n] for other in several)) for scenario in several]


def outcomes(several: Sequence[Scenario], table: pd.DataFrame, asked: Sequence[Outcome], runs: int, seed: int,
             municipalities: MunicipalitiesLike | None = None, threads: int | None = None,
             progress: Callable[[int], None] | None = None, keep: str | Path | None = None,
             executor: ExecutorLike = None) -> np.ndarray:
    """float64[outcome, scenario, world, run] of every outcome asked for; words as in `each`."""
    pieces = Pieces(threads, executor, keep, partial(head, several, table, runs, seed, [str(one) for one in asked],
                                                     municipalities))
    made = each(several, table, runs, seed, partial(_of, tuple(asked)), municipalities, pieces, progress)
    values = np.array(list(made), np.float64).reshape(len(table), len(several), len(asked), runs)
    return np.ascontiguousarray(values.transpose(2, 1, 0, 3))


def _of(asked: Sequence[Outcome], result: Result) -> list[list[float]]:
    return [np.asarray(outcome.of(result), np.float64).tolist() for outcome in asked]
