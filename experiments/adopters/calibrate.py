"""Parameters of the adoption module fitted to curves that were seen, and what those curves cannot tell.

    found = calibrate("history.csv", population=50, free=["v0=-0.6:0.3", "vM=0:2"])
    print("\n".join(cannot_tell(found)))

Simulation-based inference (experiments.adopters.abc_smc): the model runs with parameters drawn from the prior, and those
stay whose curves come near. Everything else is as in the scenario. Two dials set the model's clock beside the data's:
`quarters_per_period` and `begins`, the quarter in which the data's first period begins; both may be fitted.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import scenarios
from experiments.adopters import abc_smc, history
from experiments.adopters.abc_smc import Box, Sample
from experiments.adopters.sampling import second_moments
from params import PARAMETERS, Refused, check_value, nearest
from scenarios import HORIZON, Scenario
from simulation.run import simulate

if TYPE_CHECKING:
    import pandas as pd

#: What is fitted unless said, and between what; of 57 parameters these move the curve most (docs/calibration.md).
DEFAULT = {"v0": (-0.6, 0.3), "G0": (0.25, 0.9), "aware0": (0.01, 0.2), "vM": (0.0, 2.0)}
#: The clock: dial -> (unless said, least, most, title).
CLOCK = {"quarters_per_period": (4.0, 0.25, 40.0, "quarters of the model in a period of the data"),
         "begins": (0.0, 0.0, 200.0, "quarter in which the data's first period begins")}
#: More governments than this are represented by as many.
MOST_GOVERNMENTS = 200
_MOST_CURVES = 20
_FEWEST_PERIODS = 3
_SHARES = (0.05, 0.16, 0.34, 0.5, 0.84)
_AT = (0.25, 0.5, 0.75, 1.0)
_PURPOSE = 0x63616C69  # names this use of a seed
_KIND = "adopters calibrate"


# ---------------------------------------------------------------- what was seen

@dataclass(frozen=True)
class Seen:
    """A curve that was seen: `cum[i]` of `population` have adopted by the end of period `t[i]`; periods may be skipped."""

    name: str
    population: int
    t: np.ndarray    # int64[T], rising
    cum: np.ndarray  # int64[T], never falls

    @property
    def share(self) -> np.ndarray:
        """float64[T]."""
        return np.asarray(self.cum / self.population, np.float64)

    @property
    def ends(self) -> np.ndarray:
        """float64[T]: periods since the first one began, at the end of each."""
        return (self.t - self.t[0] + 1).astype(np.float64)

    @property
    def units(self) -> int:
        """How many municipalities stand for them in the model."""
        return min(self.population, MOST_GOVERNMENTS)


def observe(source: Any, population: int | None = None, unit: str | Sequence[str] | None = None) -> list[Seen]:
    """Curves from a CSV's path, a table, or what was read already: cascades (t, new or cum), counts by unit and period,
    or times of adoption (node, time). unit: which of several. Refused otherwise.
    """
    from experiments.adopters.data import Counts, read_counts, read_times

    if isinstance(source, Sequence) and not isinstance(source, str) and source and all(
            isinstance(one, Seen) for one in source):
        made = list(source)
    elif isinstance(source, Seen):
        made = [source]
    elif isinstance(source, Counts):
        made = _counted(source, population)
    else:
        words = _header(source)
        if "node" in words:
            adoption = read_times(source if hasattr(source, "columns") else Path(source))
            cum = (adoption.times[None, :] <= adoption.periods[:, None]).sum(axis=1)
            made = [Seen("all", _size(population, len(adoption.nodes), int(cum[-1]), "the table of times"),
                         adoption.periods, cum)]
        elif "t" in words or not words:
            made = [Seen(one.name, one.population, one.t, one.cum) for one in history.read(source, population)]
        else:
            made = _counted(read_counts(source if hasattr(source, "columns") else Path(source)), population)
    names = [one.name for one in made]
    for asked in [unit] if isinstance(unit, str) else (unit or ()):
        if asked not in names:
            raise Refused(f"there is no unit {asked!r}.{nearest(asked, names)} Known: {', '.join(names[:20])}.")
    if unit is not None:
        made = [one for one in made if one.name == unit or (not isinstance(unit, str) and one.name in unit)]
    if len(made) > _MOST_CURVES:
        raise Refused(f"there are {len(made)} curves, and at most {_MOST_CURVES} are calibrated together; "
                      f"name those that belong together with unit (--unit).")
    for one in made:
        if len(one.t) < _FEWEST_PERIODS:
            raise Refused(f"the curve of {one.name} has {len(one.t)} periods; a calibration needs at least "
                          f"{_FEWEST_PERIODS}.")
        if one.cum[-1] < 2:
            raise Refused(f"{one.name} has {one.cum[-1]} adopter{'s' if one.cum[-1] != 1 else ''}, which is no curve; "
                          f"give a history with at least 2.")
        if one.population < 5:
            raise Refused(f"{one.name} has a population of {one.population}; the model's networks need at least 5.")
    return made


def _header(source: Any) -> set[str]:
    """The columns' names in small letters; none where it is no table or file."""
    if hasattr(source, "columns"):
        return {str(name).strip().lower() for name in source.columns}
    if not isinstance(source, str | Path):
        return set()
    try:
        with Path(source).open(encoding="utf-8-sig") as lines:
            first = lines.readline()
    except (OSError, UnicodeDecodeError):
        return set()  # history.read says what is wrong with the file
    return {word.strip().lower() for word in first.replace(";", ",").replace("\t", ",").split(",")} - {""}


def _counted(counts: Any, population: int | None) -> list[Seen]:
    made = []
    for unit in counts.units:
        one = counts.adopters(unit)
        known = counts.series(unit)["population"].dropna()
        cum = one["adopters"].to_numpy(np.float64).round().astype(np.int64)
        size = None if not len(known) else int(known.iloc[-1])
        made.append(Seen(unit, _size(population, size, int(cum[-1]), unit), one["period"].to_numpy(np.int64), cum))
    return made


def _size(given: int | None, told: int | None, adopters: int, where: str) -> int:
    if given is None and told is None:
        raise Refused(f"{where}: it is not said how many could adopt; give a column population, or --population.")
    size = int(given if given is not None else told or 0)
    if size < adopters:
        raise Refused(f"{where}: {adopters:,} have adopted, more than the population of {size:,}; correct the population.")
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


def checks_of(share: np.ndarray, seen: Seen) -> dict[str, np.ndarray]:
    """Three statistics of curves share[n, T], float64[n] each, that a fitted model should reproduce.

    peak: the largest growth a period, as a share. time_to_50: in periods, one more than the record where never.
    clumpiness: sum of squared differences of successive new adopters over twice their sum (von Neumann's ratio as an index
    of dispersion): 1 where adopters come independently, more where they come in clumps; NaN where periods were skipped.
    """
    length = np.diff(seen.ends, prepend=0.0)
    new = np.diff(share, prepend=0.0, axis=1)
    count = new * seen.population
    with np.errstate(invalid="ignore", divide="ignore"):
        clumps = (np.diff(count, axis=1)**2).sum(axis=1) / (2 * count.sum(axis=1)) if (length == 1).all() else \
            np.full(len(share), np.nan)
    known = np.concatenate([np.zeros((len(share), 1)), share], axis=1)
    return {"peak": (new / length).max(axis=1),
            "time_to_50": time_to(known, np.concatenate([[0.0], seen.ends]), 0.5, seen.ends[-1] + 1),
            "clumpiness": np.asarray(clumps)}


CHECKS = {"peak": "largest growth in a period", "time_to_50": "periods until half have adopted",
          "clumpiness": "clumpiness (1: adopters come independently)"}


# ---------------------------------------------------------------- what is fitted, and how the model runs

def parse_free(free: Any = None) -> dict[str, tuple[float, float]]:
    """NAME=LOW:HIGH as typed, a mapping name -> (low, high), or None for `DEFAULT`. Refused otherwise."""
    if free is None or (not isinstance(free, Mapping) and not list(free)):
        return dict(DEFAULT)
    made: dict[str, tuple[float, float]] = {}
    for one in free.items() if isinstance(free, Mapping) else ([free] if isinstance(free, str) else free):
        if isinstance(one, str):
            name, _, span = (part.strip() for part in one.partition("="))
            low, colon, high = span.partition(":")
            try:
                if not colon:
                    raise ValueError
                ends = (float(low), float(high))
            except ValueError:
                _known(name)
                raise Refused(f"{one!r} cannot be read; write NAME=LOW:HIGH, such as vM=0:2.") from None
        else:
            name, ends = str(one[0]), (float(one[1][0]), float(one[1][1]))
        _known(name)
        if name in made:
            raise Refused(f"{name} is fitted twice; keep one.")
        if not ends[0] < ends[1]:
            raise Refused(f"{name}: {ends[0]:g} to {ends[1]:g} is no range; the lower end comes first.")
        least, most = CLOCK[name][1:3] if name in CLOCK else PARAMETERS[name].range
        if not (least <= ends[0] and ends[1] <= most):
            raise Refused(f"{name}: {ends[0]:g} to {ends[1]:g} goes beyond its range, {least:g} to {most:g}.")
        made[name] = ends
    return made


def _known(name: str) -> None:
    fixed = ("municipalities", "citizens")
    choice = [*CLOCK, *(n for n, p in PARAMETERS.items() if p.role == "uncertainty" and n not in fixed)]
    if name in fixed:
        raise Refused(f"{name} cannot be fitted: it is how large the model is; set it, or leave it to the population.")
    if name not in CLOCK and (name not in PARAMETERS or PARAMETERS[name].role == "lever"):
        raise Refused(f"there is nothing called {name!r} to fit.{nearest(name, choice)} Any parameter of "
                      f"`letsdance show parameters`, {' or '.join(CLOCK)}.")


def title_of(name: str) -> str:
    """A parameter's name for people."""
    return CLOCK[name][3] if name in CLOCK else PARAMETERS[name].title


@dataclass(frozen=True, eq=False)
class Case:
    """A scenario beside data: what is fixed, and how parameter sets become curves."""

    scenario: Scenario
    seen: tuple[Seen, ...]
    free: Mapping[str, tuple[float, float]]
    clock: Mapping[str, float] = field(default_factory=dict)  # of the dials that are not fitted

    def values(self, theta: np.ndarray) -> tuple[dict[str, float], dict[str, float]]:
        """One parameter set theta[k] as (the model's parameters, the clock)."""
        given = dict(zip(self.free, map(float, theta), strict=True))
        model = {n: float(round(v)) if PARAMETERS[n].whole else v for n, v in given.items() if n not in CLOCK}
        return model, {n: given.get(n, self.clock.get(n, CLOCK[n][0])) for n in CLOCK}

    def quarters(self, theta: np.ndarray, one: Seen) -> np.ndarray:
        """int64[T]: the quarters of the model at which the periods of a curve end."""
        clock = self.values(theta)[1]
        return np.rint(clock["begins"] + clock["quarters_per_period"] * one.ends).astype(np.int64)

    def story(self, theta: np.ndarray, quarters: int, units: int | None = None) -> Scenario:
        """The scenario with a parameter set, as many quarters long or longer (until its last lever or shock begins)."""
        size = {} if units is None else {"municipalities": units}
        least = max([HORIZON[0], *(use.start for use in (*self.scenario.levers, *self.scenario.shocks))])
        return self.scenario.changed(parameters={**self.values(theta)[0], **size}, quarters=max(least, quarters))

    def curves(self, theta: np.ndarray, seeds: np.ndarray, pool: ThreadPoolExecutor) -> list[np.ndarray]:
        """For each curve seen float64[n, T]: one run for each of theta[n, k], with seeds[n]."""
        def run(job: tuple[Seen, int]) -> np.ndarray:
            one, k = job
            at = self.quarters(theta[k], one)
            story = self.story(theta[k], int(at[-1]), one.units)
            ever = simulate(story, runs=1, seed=int(seeds[k]) + self.seen.index(one), threads=1).rows["ever_adopted"][0]
            return np.asarray(ever[at])

        return [np.stack(list(pool.map(run, [(one, k) for k in range(len(theta))]))) for one in self.seen]

    def features(self, curves: Sequence[np.ndarray]) -> np.ndarray:
        """float64[n, 9]: the features, as means over all curves."""
        return np.mean([features(share, one.ends) for share, one in zip(curves, self.seen, strict=True)], axis=0)

    def simulator(self, pool: ThreadPoolExecutor) -> abc_smc.Simulator:
        """What the inference calls; the seeds come from its Generator, so threads do not matter."""
        def simulated(theta: np.ndarray, rng: np.random.Generator) -> np.ndarray:
            return self.features(self.curves(theta, _seeds(len(theta), rng), pool))

        return simulated


def _seeds(count: int, rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 2**62, count)


def make_case(source: Any, scenario: str | Path | Scenario = "lets_dance", free: Any = None,
              population: int | None = None, unit: str | Sequence[str] | None = None,
              parameters: Mapping[str, object] | None = None, profile: str | None = None,
              quarters_per_period: float = 4.0, begins: float = 0.0, prior: Calibration | None = None) -> Case:
    """Data and scenario put together and checked; the arguments are those of `calibrate`."""
    seen = observe(source, population, unit)
    chosen = parse_free(free) if prior is None or free else {}
    if prior is not None:
        for name, ends in prior.case.free.items():
            if chosen.setdefault(name, ends) != ends:
                low, high = ends
                raise Refused(f"the prior knows {name} between {low:g} and {high:g}; leave it out of what is fitted, or "
                              f"give the same range.")
    clock = {"quarters_per_period": quarters_per_period, "begins": begins}
    for name, value in clock.items():
        _, low, high, title = CLOCK[name]
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise Refused(f"{name} ({title}) must lie from {low:g} to {high:g}, not {value!r}.")
    for name in parameters or {}:
        check_value(name, parameters[name])  # type: ignore[index]
        if name in chosen:
            raise Refused(f"{name} is both set and fitted; keep one.")
    story = scenarios.load(scenario).changed(parameters=parameters, profile=profile)
    case = Case(story, tuple(seen), chosen, {n: float(v) for n, v in clock.items() if n not in chosen})
    longest = max(case.quarters(np.array([high for _, high in chosen.values()]), one)[-1] for one in seen)
    if longest > HORIZON[1]:
        raise Refused(f"the record would last {longest} quarters, and the model runs {HORIZON[1]} at most; let a period "
                      f"be fewer quarters (--quarters-per-period).")
    late = [str(use) for use in (*story.levers, *story.shocks) if use.start > longest]
    if late:
        raise Refused(f"{late[0]} starts after the record's {longest} quarters; start it earlier or take it out.")
    return case


# ---------------------------------------------------------------- the calibration

@dataclass(frozen=True, eq=False)
class Calibration:
    """What was found. S posterior draws run once more; for each curve seen its T periods."""

    case: Case
    sample: Sample
    predicted: tuple[np.ndarray, ...]  # a curve seen each: float64[S, T], shares that new runs predict
    seed: int
    prior: str = ""                    # the folder of the prior, where one was given
    recovered: pd.DataFrame | None = None

    def draws(self, count: int, seed: int = 0) -> np.ndarray:
        """float64[count, k]: parameter sets drawn from the posterior."""
        return self.sample.draws(count, np.random.default_rng(np.random.SeedSequence([seed, _PURPOSE, 1])))

    @property
    def table(self) -> pd.DataFrame:
        """One row a parameter: prior range, mean, sd, low and high of 80 and 95 %, narrowing (posterior over prior sd),
        overlap (of posterior and prior, 1: the same)."""
        import pandas as pd

        prior = self.sample.box.theta_draws()
        ends = {level: self.sample.interval(level) for level in abc_smc.LEVELS}
        rows = []
        for k, (name, (low, high)) in enumerate(self.case.free.items()):
            edges = np.quantile(prior[:, k], np.linspace(0, 1, 11))
            edges[0], edges[-1] = -np.inf, np.inf
            held = np.histogram(self.sample.theta[:, k], edges, weights=self.sample.weights)[0]
            rows.append({"parameter": name, "title": title_of(name), "low": low, "high": high,
                         "mean": float(self.sample.mean[k]), "sd": float(self.sample.sd[k]),
                         **{f"{end}_{100 * level:.0f}": float(ends[level][side, k])
                            for level in abc_smc.LEVELS for side, end in enumerate(("low", "high"))},
                         "narrowing": float(self.sample.sd[k] / prior[:, k].std()),
                         "overlap": float(np.minimum(held, 0.1).sum())})
        return pd.DataFrame(rows)

    @property
    def checks(self) -> pd.DataFrame:
        """Posterior predictive checks (Gelman, Meng and Stern, 1996), a row each curve and statistic: observed, median and
        95 % of what is predicted, p: the share of predictions above what was seen, ties half."""
        import pandas as pd

        rows = []
        for one, predicted in zip(self.case.seen, self.predicted, strict=True):
            seen, made = checks_of(one.share[None], one), checks_of(predicted, one)
            for name in CHECKS:
                at, values = float(seen[name][0]), made[name]
                values = values[np.isfinite(values)]
                known = len(values) > 0 and math.isfinite(at)
                low, middle, high = np.quantile(values, [0.025, 0.5, 0.975]) if known else [np.nan] * 3
                near = np.isclose(values, at)
                rows.append({"unit": one.name, "statistic": name, "observed": at, "low": low, "median": middle,
                             "high": high, "p": float(((values > at) & ~near).mean() + near.mean() / 2) if known else
                             np.nan})
        return pd.DataFrame(rows)

    @property
    def particles(self) -> pd.DataFrame:
        """One row a particle: weight, distance, and a column each parameter."""
        import pandas as pd

        return pd.DataFrame({"weight": self.sample.weights, "distance": self.sample.distance,
                             **dict(zip(self.case.free, self.sample.theta.T, strict=True))})

    @property
    def fan(self) -> pd.DataFrame:
        """One row a curve and period: seen, and quantiles of what is predicted, as shares."""
        import pandas as pd

        levels = {"low_95": 0.025, "low_80": 0.1, "low_50": 0.25, "median": 0.5, "high_50": 0.75, "high_80": 0.9,
                  "high_95": 0.975}
        return pd.concat([pd.DataFrame({"unit": one.name, "t": one.t, "seen": one.share, **{
            name: np.quantile(predicted, level, axis=0) for name, level in levels.items()}})
            for one, predicted in zip(self.case.seen, self.predicted, strict=True)], ignore_index=True)


def calibrate(source: Any, scenario: str | Path | Scenario = "lets_dance", free: Any = None,
              population: int | None = None, unit: str | Sequence[str] | None = None,
              parameters: Mapping[str, object] | None = None, profile: str | None = None,
              quarters_per_period: float = 4.0, begins: float = 0.0, prior: Calibration | str | Path | None = None,
              widen: float = 2.0, particles: int = 400, most: int = 4000, predictions: int = 200, repetitions: int = 0,
              seed: int = 0, threads: int | None = None, progress: Callable[[int], None] | None = None) -> Calibration:
    """Fit parameters of a scenario to curves of adoption.

    source, population, unit: as `observe`; several curves share their parameters. free: as `parse_free`. quarters_per_
    period, begins: the clock, where it is not fitted. prior: an earlier calibration or its folder, whose posterior is
    known beforehand with its spread times `widen`, for this case is not that case. particles: kept; most: simulations.
    predictions: runs of the posterior predictive. repetitions: of the recovery test on synthetic data of the same kind
    (each costs a calibration). progress: hears of simulations. Equal seeds give equal numbers. Refused for bad input.
    """
    _whole("particles", particles, 50, 100_000)
    _whole("the most simulations (most)", most, 2 * particles, 10_000_000)
    _whole("predictions", predictions, 20, 100_000)
    _whole("repetitions of the recovery test", repetitions, 0, 10_000)
    if not 1 <= widen <= 10:
        raise Refused(f"widen must lie from 1 (this case is that case) to 10, not {widen:g}.")
    past = load(prior) if isinstance(prior, str | Path) else prior
    case = make_case(source, scenario, free, population, unit, parameters, profile, quarters_per_period, begins, past)
    box = box_of(case.free, past, widen)
    rng = np.random.default_rng(np.random.SeedSequence([seed, _PURPOSE]))
    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        simulator = case.simulator(pool)
        observed = case.features([one.share[None] for one in case.seen])[0]
        found = abc_smc.infer(simulator, box, observed, rng, particles, most, progress)
        theta = found.draws(predictions, rng)
        predicted = case.curves(theta, _seeds(len(theta), rng), pool)
        if progress:
            progress(len(theta))
        recovered = abc_smc.recover(simulator, box, repetitions, seed, particles, most, progress) if repetitions else None
    named = str(prior) if isinstance(prior, str | Path) else "an earlier calibration" if prior is not None else ""
    return Calibration(case, found, tuple(predicted), seed, named, recovered)


def _whole(what: str, value: int, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not low <= value <= high:
        raise Refused(f"{what} must be a whole number from {low:,} to {high:,}, not {value!r}.")


def box_of(free: Mapping[str, tuple[float, float]], past: Calibration | None = None, widen: float = 2.0) -> Box:
    """The prior: flat, or for what an earlier calibration knows its posterior with the spread times `widen`."""
    low, high = np.array(list(free.values()), np.float64).T
    if past is None:
        return Box(tuple(free), low, high)
    sample = past.sample
    mean = sample.weights @ sample.z
    cov = second_moments(sample.weights, sample.z - mean) * widen**2 + 1e-6 * np.eye(len(mean))
    return Box(tuple(free), low, high, tuple(past.case.free), mean, cov)


# ---------------------------------------------------------------- in words

def plain(value: float) -> str:
    """A parameter's value with two digits that count."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "not measured"
    digits = max(0, 1 - math.floor(math.log10(abs(value))))
    return f"{value:.{min(digits, 4)}f}".replace("-", "−")


def cannot_tell(found: Calibration) -> list[str]:
    """What the data cannot tell, in sentences: what stays as wide as before, what is known only together, what the model
    does not reproduce, and what no curve of adoption says."""
    said, table = [], found.table
    wide = [(str(row["title"]), float(row["narrowing"])) for _, row in table.iterrows() if row["narrowing"] > 0.8]
    for title, ratio in wide:
        said.append(f"The curve says next to nothing about “{title}” on its own: its spread is {100 * ratio:.0f} % of what "
                    f"it was before the data.")
    for _, row in table.iterrows():
        if 0.5 < row["narrowing"] <= 0.8:
            said.append(f"The curve says little about “{row['title']}”: {plain(row['low_80'])} to {plain(row['high_80'])} "
                        f"stay likely (80 %), of {plain(row['low'])} to {plain(row['high'])}.")
    r = found.sample.correlation
    names = list(found.case.free)
    for i in range(len(names)):
        for j in range(i + 1, len(names)):
            if abs(r[i, j]) >= 0.5:
                way = "with less of" if r[i, j] < 0 else "with more of"
                said.append(f"“{title_of(names[i])}” and “{title_of(names[j])}” are known together rather than each: more "
                            f"of the one {way} the other makes much the same curve (correlation "
                            f"{f'{r[i, j]:.1f}'.replace('-', '−')}).")
    for _, row in found.checks.iterrows():
        if row["p"] < 0.025 or row["p"] > 0.975:
            way = "less" if row["p"] < 0.025 else "more"
            where = f" of {row['unit']}" if len(found.case.seen) > 1 else ""
            said.append(f"The fitted model does not do what the data{where} do: {CHECKS[str(row['statistic'])]} is "
                        f"{plain(float(row['observed']))}, and {100 * max(row['p'], 1 - row['p']):.0f} % of its runs have "
                        f"{way}.")
    large = [one for one in found.case.seen if one.population > MOST_GOVERNMENTS]
    if large:
        said.append(f"{large[0].name} has {large[0].population:,} who could adopt and the model runs {MOST_GOVERNMENTS}: "
                    f"its luck is larger than theirs, so the intervals are wider than they need be.")
    if found.sample.effective < 100:
        said.append(f"The posterior rests on only {found.sample.effective:.0f} parameter sets (by their weights); more "
                    f"simulations would make its intervals steadier.")
    if "quarters_per_period" not in names:
        clock = found.case.clock["quarters_per_period"]
        said.append(f"That a period is {clock:g} quarters of the model is assumed, not found: the model's time scale comes "
                    f"from nowhere else, so what is said of speed hangs on it.")
    said.append("A curve of formal adoption says nothing about depth, use by citizens or giving up, and nothing about "
                "levers that were not pulled while it was recorded, such as a mandate.")
    return said


def found_in_words(found: Calibration) -> list[str]:
    """What the data do tell: a sentence each parameter that they narrow."""
    said = []
    for _, row in found.table.iterrows():
        if row["narrowing"] <= 0.5:
            said.append(f"“{row['title']}” is likely {plain(row['low_80'])} to {plain(row['high_80'])} (80 %), of "
                        f"{plain(row['low'])} to {plain(row['high'])} before.")
    return said or ["No parameter is known twice as well as before: the data narrow combinations, not single parameters."]


def headline_of(found: Calibration) -> str:
    """How much of what was open the data have settled, and what they leave together."""
    table, names = found.table, list(found.case.free)
    best = table.loc[table["narrowing"].idxmin()]
    settled = int((table["narrowing"] <= 0.5).sum())
    count = f"{settled} of {len(names)}" if settled else "None of the" if len(names) > 1 else "Not even the one"
    first = (f"{count} fitted parameter{'s are' if len(names) > 1 else ' is'} known at least twice as well as before; best "
             f"known is “{best['title']}” ({plain(best['low_80'])} to {plain(best['high_80'])}, 80 %)")
    r = np.abs(np.triu(found.sample.correlation, 1))
    i, j = np.unravel_index(int(r.argmax()), r.shape)
    if r[i, j] < 0.5:
        return f"{first}."
    return f"{first}, and “{title_of(names[i])}” and “{title_of(names[j])}” only together."


def recovery_in_words(recovered: pd.DataFrame) -> str:
    """How often intervals held the truth in the recovery test, and whether that is within sampling error."""
    held = abc_smc.coverage(recovered)
    parts = []
    for level, part in held.groupby("level"):
        parts.append(f"{100 * float(level):.0f} % intervals held it "  # type: ignore[arg-type]
                     f"{100 * part['held'].mean():.0f} % of the time")
    wrong = held[~held["right"]]
    n = int(held["repetitions"].iloc[0])
    end = "each parameter is within sampling error of its level" if not len(wrong) else (
        "outside sampling error: " + ", ".join(
            f"{row['parameter']} at {100 * row['level']:.0f} % ({100 * row['held']:.0f} %)" for _, row in wrong.iterrows()))
    return f"In {n} synthetic cases with a known truth, " + " and ".join(parts) + f"; {end}."


# ---------------------------------------------------------------- in a folder

def manifest_of(found: Calibration) -> dict[str, Any]:
    """What a folder says of a calibration, as JSON; `load` reads it."""
    case = found.case
    return {"scenario": case.scenario.to_toml(), "free": {n: list(ends) for n, ends in case.free.items()},
            "clock": dict(case.clock), "seed": found.seed, "prior": found.prior,
            "effective": found.sample.effective, "rounds": [list(r) for r in found.sample.rounds],
            "seen": [{"name": one.name, "population": one.population, "t": one.t.tolist(), "cum": one.cum.tolist()}
                     for one in case.seen],
            "found": found_in_words(found), "cannot_tell": cannot_tell(found),
            "recovery": None if found.recovered is None else recovery_in_words(found.recovered)}


def tables_of(found: Calibration) -> dict[str, pd.DataFrame]:
    """The tables of a folder."""
    import pandas as pd

    made = {"parameters": found.table, "particles": found.particles, "checks": found.checks, "fan": found.fan,
            "predicted": pd.DataFrame({
                "unit": [one.name for one, p in zip(found.case.seen, found.predicted, strict=True) for _ in range(p.size)],
                "draw": np.concatenate([np.repeat(np.arange(len(p)), p.shape[1]) for p in found.predicted]),
                "t": np.concatenate([np.tile(one.t, len(p)) for one, p in
                                     zip(found.case.seen, found.predicted, strict=True)]),
                "share": np.concatenate([p.ravel() for p in found.predicted])})}
    return made if found.recovered is None else {**made, "recovered": found.recovered,
                                                 "coverage": abc_smc.coverage(found.recovered)}


def load(folder: str | Path) -> Calibration:
    """A calibration that `letsdance adopters calibrate` kept. Refused for anything else."""
    import pandas as pd

    place = Path(folder)
    path = place / "manifest.json"
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Refused(f"there is no calibration in {place}; make one with `letsdance adopters calibrate COUNTS.csv "
                      f"--out {place}`.") from None
    except (OSError, ValueError) as error:
        raise Refused(f"{path} cannot be read: {error}.") from None
    if not isinstance(said, dict) or said.get("kind") != _KIND:
        raise Refused(f"{place} holds no calibration but {said.get('kind', 'a run') if isinstance(said, dict) else '?'}; "
                      f"make one with `letsdance adopters calibrate COUNTS.csv`.")
    try:
        particles = pd.read_parquet(place / "particles.parquet")
        predicted = pd.read_parquet(place / "predicted.parquet")
        free = {name: (float(low), float(high)) for name, (low, high) in said["free"].items()}
        seen = tuple(Seen(one["name"], int(one["population"]), np.array(one["t"]), np.array(one["cum"]))
                     for one in said["seen"])
        case = Case(scenarios.read("calibrated", str(path), said["scenario"]), seen, free, said["clock"])
        box = box_of(free)
        weights = particles["weight"].to_numpy(np.float64)
        sample = Sample(box, box.z(particles[list(free)].to_numpy(np.float64)), weights / weights.sum(),
                        np.zeros((len(particles), 0)), particles["distance"].to_numpy(np.float64), np.zeros(0),
                        tuple((int(n), float(e), float(p)) for n, e, p in said["rounds"]))
        shares = tuple(predicted[predicted["unit"] == one.name]["share"].to_numpy().reshape(-1, len(one.t)) for one in seen)
        recovered = pd.read_parquet(place / "recovered.parquet") if (place / "recovered.parquet").exists() else None
    except Refused:
        raise
    except Exception as error:  # whatever a damaged file makes pyarrow say
        raise Refused(f"{place} is damaged ({type(error).__name__}); calibrate again.") from None
    return Calibration(case, sample, shares, int(said["seed"]), str(said["prior"]), recovered)
