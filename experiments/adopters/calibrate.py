"""Parameters fitted to curves of adoption and to what people answered in waves, and what these data cannot tell.

    found = calibrate("history.csv", population=50, free=["v0=-0.6:0.3", "vM=0:2"], seen="waves.csv")
    print(found.table, "\n".join(identification.cannot_tell(found)))

Simulation-based inference (experiments.adopters.abc_smc): the model runs with parameters drawn from the prior, and those
stay whose curves and answers come near; of answers (`experiments.seen`) the sampling error is drawn too. Everything else is
as in the scenario. Two dials set the model's clock beside the data's: `quarters_per_period` and `begins`, the quarter in
which the data's first period begins; both may be fitted. A wave's quarter counts from there.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance import scenarios
from letsdance.experiments.adopters import abc_smc, structures
from letsdance.experiments.adopters.abc_smc import Box, Sample
from letsdance.experiments.adopters.observed import CHECKS, CurvesLike, Seen, checks_of, features, observe
from letsdance.experiments.executors import ExecutorLike
from letsdance.experiments.pieces import Pieces, Task, sources
from letsdance.experiments.seen import Seen as Wave
from letsdance.experiments.seen import SeenLike, answered, read_seen, waves_before
from letsdance.params import PARAMETERS, Refused, Said, check_value, check_whole, files, nearest, number
from letsdance.scenarios import HORIZON, Scenario, ScenarioLike
from letsdance.simulation.run import simulate

if TYPE_CHECKING:
    import pandas as pd

#: What is fitted unless said, and between what; of 57 parameters these move the curve most (docs/calibration.md).
DEFAULT = {"v0": (-0.6, 0.3), "G0": (0.25, 0.9), "aware0": (0.01, 0.2), "vM": (0.0, 2.0)}
#: And beside or instead of these, where people were asked: where it began on the plane.
START = {"C0": (0.05, 0.95), "G0": (0.05, 0.95)}
#: The clock: dial -> (unless said, least, most, title).
CLOCK = {"quarters_per_period": (4.0, 0.25, 40.0, "quarters of the model in a period of the data"),
         "begins": (0.0, 0.0, 200.0, "quarter in which the data's first period begins")}
_PURPOSE = 0x63616C69  # names this use of a seed
_ANSWERS = 0x736179  # names the stream of sampling errors
_KIND = "adopters calibrate"


# ---------------------------------------------------------------- what is fitted, and how the model runs

#: Parameters to fit with their ranges: NAME=LOW:HIGH, one or several, or name -> (low, high).
type FreeLike = str | Sequence[str] | Mapping[str, str | tuple[float, float]]


def parse_free(free: FreeLike | None = None,
               unless_said: Mapping[str, tuple[float, float]] = DEFAULT) -> dict[str, tuple[float, float]]:
    """NAME=LOW:HIGH as typed, a mapping name -> (low, high), or None for what is fitted unless said. Refused otherwise."""
    if free is None or (isinstance(free, Sequence) and not free):
        return dict(unless_said)
    if not isinstance(free, Mapping | Sequence):
        raise Refused("what is fitted must be told as NAME=LOW:HIGH or as a mapping, not {free!r}.", free=free)
    made: dict[str, tuple[float, float]] = {}
    for one in free.items() if isinstance(free, Mapping) else ([free] if isinstance(free, str) else free):
        name, _, span = one.partition("=") if isinstance(one, str) else (str(one[0]), "", one[1])
        name = name.strip()
        try:
            low, high = span.split(":") if isinstance(span, str) else span
            ends = (number(str(low)), number(str(high)))
        except (TypeError, ValueError):
            _known(name)
            raise Refused("{name}: {one!r} is no range; write NAME=LOW:HIGH, such as vM=0:2.", name=name,
                          one=one if isinstance(one, str) else span) from None
        _known(name)
        if name in made:
            raise Refused("{name} is fitted twice; keep one.", name=name)
        if not ends[0] < ends[1]:
            raise Refused("{name}: {ends:g} to {ends_2:g} is no range; the lower end comes first.", name=name, ends=ends[0],
                          ends_2=ends[1])
        least, most = CLOCK[name][1:3] if name in CLOCK else PARAMETERS[name].range
        if not (least <= ends[0] and ends[1] <= most):
            raise Refused("{name}: {ends:g} to {ends_2:g} goes beyond its range, {least:g} to {most:g}.", name=name,
                          ends=ends[0], ends_2=ends[1], least=least, most=most)
        made[name] = ends
    return made


def _known(name: str) -> None:
    fixed = ("municipalities", "citizens")
    choice = [*CLOCK, *(n for n, p in PARAMETERS.items() if p.role == "uncertainty" and n not in fixed)]
    if name in fixed:
        raise Refused("{name} cannot be fitted: it is how large the model is; set it, or leave it to the population.",
                      name=name)
    if name not in CLOCK and (name not in PARAMETERS or PARAMETERS[name].role == "lever"):
        raise Refused("there is nothing called {name!r} to fit.{near} Any parameter of `letsdance show parameters`, "
                      "{clock}.", name=name, near=nearest(name, choice), clock=" or ".join(CLOCK))


def title_of(name: str) -> str:
    """A parameter's name for people."""
    return CLOCK[name][3] if name in CLOCK else PARAMETERS[name].title


def _ranges(free: Mapping[str, tuple[float, float]]) -> str:
    return ", ".join(f"{name}={low:g}:{high:g}" for name, (low, high) in free.items())


@dataclass(frozen=True, eq=False)
class Case:
    """A scenario beside data: what is fixed, and how parameter sets become curves."""

    scenario: Scenario
    seen: tuple[Seen, ...]
    free: Mapping[str, tuple[float, float]]
    clock: Mapping[str, float] = field(default_factory=dict)  # of the dials that are not fitted
    waves: tuple[Wave, ...] = ()  # what people answered, or else was seen, of the one curve's society

    def values(self, theta: np.ndarray) -> tuple[dict[str, float], dict[str, float]]:
        """One parameter set theta[k] as (the model's parameters, the clock)."""
        given = dict(zip(self.free, map(float, theta), strict=True))
        model = {n: float(round(v)) if PARAMETERS[n].whole else v for n, v in given.items() if n not in CLOCK}
        return model, {n: given.get(n, self.clock.get(n, CLOCK[n][0])) for n in CLOCK}

    def quarters(self, theta: np.ndarray, one: Seen) -> np.ndarray:
        """int64[T]: the quarters of the model at which the periods of a curve end."""
        clock = self.values(theta)[1]
        return np.rint(clock["begins"] + clock["quarters_per_period"] * one.ends).astype(np.int64)

    def scenario_at(self, theta: np.ndarray, quarters: int, units: int | None = None) -> Scenario:
        """The scenario with a parameter set, as many quarters long or longer (until its last lever or shock begins)."""
        size = {} if units is None else {"municipalities": units}
        least = max([HORIZON[0], *(use.start for use in (*self.scenario.levers, *self.scenario.shocks))])
        return self.scenario.changed(parameters={**self.values(theta)[0], **size}, quarters=max(least, quarters))

    @property
    def units(self) -> int | None:
        """How many municipalities stand for the first curve's society; None for as many as in the scenario."""
        return self.seen[0].units if self.seen else None

    def last(self, theta: np.ndarray) -> int:
        """The quarter of the model in which the data end."""
        return int(max([*(self.quarters(theta, one)[-1] for one in self.seen), *self.asked(theta)]))

    def asked(self, theta: np.ndarray) -> np.ndarray:
        """int64[W]: the quarters of the model in which the waves were seen."""
        return np.rint(self.values(theta)[1]["begins"] + np.array([one.quarter for one in self.waves])).astype(np.int64)

    @cached_property
    def _named(self) -> str:
        """By what pieces of its work are kept, beside others of other structures."""
        return f"{zlib.crc32(self.scenario.to_toml().encode()):08x}"

    def one_set(self, task: Task) -> list[Any]:
        """One run of each curve's society with one parameter set and seed: [each curve, what was answered in the waves]."""
        _, given, seed = task
        theta = np.array(given)
        curves, waves, asked = [], np.zeros(0), self.asked(theta)
        for which, one in enumerate(self.seen or (None,)):
            at = np.zeros(0, np.int64) if one is None else self.quarters(theta, one)
            scenario = self.scenario_at(theta, int(max([*at[-1:], *asked])), one.units if one else None)
            run = simulate(scenario, runs=1, seed=seed + which, threads=1)
            if one is not None:
                curves.append(np.asarray(run.rows[one.indicator][0, at], np.float64).tolist())
            if self.waves:
                true = np.array([[run.rows[wave.signal][0, t] for wave, t in zip(self.waves, asked, strict=True)]])
                luck = np.random.default_rng(np.random.SeedSequence([seed, _ANSWERS]))
                waves = answered(self.waves, true, len(run.places), luck.standard_normal(true.shape))[0]
        return [curves, waves.tolist()]

    def runs(self, theta: np.ndarray, seeds: np.ndarray, pool: ThreadPoolExecutor | Pieces,
             progress: Callable[[int], None] | None = None) -> tuple[list[np.ndarray], np.ndarray]:
        """One run of each curve's society for each of theta[n, k], with seeds[n]: for each curve seen float64[n, T], and
        float64[n, W] of what would have been answered in the waves, with a sampling error drawn for each run."""
        tasks = [(f"{self._named} {seed} {given}", given, seed)
                 for given, seed in zip(theta.tolist(), map(int, seeds), strict=True)]
        made = []
        for one in pool.map(self.one_set, tasks):
            made.append(one)
            if progress:
                progress(1)
        return ([np.array([curves[which] for curves, _ in made], np.float64) for which in range(len(self.seen))],
                np.array([waves for _, waves in made], np.float64))

    def features(self, curves: Sequence[np.ndarray], waves: np.ndarray) -> np.ndarray:
        """float64[n, 9 + W]: the features of the curves, as means over all, and what was answered; of a panel its change
        since the wave before, which is known better than either."""
        of_curves = [np.mean([features(share, one.ends) for share, one in zip(curves, self.seen, strict=True)], axis=0)
                     ] if self.seen else []
        changes = np.array(waves)
        for k, earlier in enumerate(waves_before(self.waves)):
            if earlier is not None and self.waves[k].panel:
                changes[:, k] -= waves[:, earlier]
        return np.column_stack([*of_curves, changes])

    @property
    def observed(self) -> np.ndarray:
        """float64[9 + W]: the features of the data."""
        return self.features([one.share[None] for one in self.seen], np.array([[one.value for one in self.waves]]))[0]

    def simulator(self, pool: ThreadPoolExecutor | Pieces,
                  progress: Callable[[int], None] | None = None) -> abc_smc.Simulator:
        """What the inference calls; seeds come from its Generator, so threads do not matter. progress: hears of runs."""
        def simulated(theta: np.ndarray, rng: np.random.Generator) -> np.ndarray:
            return self.features(*self.runs(theta, _seeds(len(theta), rng), pool, progress))

        return simulated


def _seeds(count: int, rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 2**62, count)


def make_case(source: Any = None, scenario: str | Path | Scenario = "lets_dance", free: Any = None,
              population: int | None = None, unit: str | Sequence[str] | None = None,
              parameters: Mapping[str, object] | None = None, profile: str | None = None,
              quarters_per_period: float = 4.0, begins: float = 0.0, past: Sequence[Calibration] = (),
              seen: SeenLike | None = None) -> Case:
    """Data and scenario put together and checked; arguments as in `calibrate`, past: the prior's calibrations."""
    curves, waves = _data(source, population, unit, seen)
    given = dict(parameters or {})
    unless_said = {**(DEFAULT if curves else {}), **{n: ends for n, ends in START.items() if waves and n not in given}}
    chosen = _chosen(free, unless_said, past)
    if waves and "quarters_per_period" in chosen:
        raise Refused("quarters_per_period is fitted, so it is not known in which quarter of the model a wave was seen; "
                      "fix it (--quarters-per-period), or leave the waves out.")
    clock = {"quarters_per_period": quarters_per_period, "begins": begins}
    for name, value in clock.items():
        _, low, high, title = CLOCK[name]
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise Refused("{name} ({title}) must lie from {low:g} to {high:g}, not {value!r}.", name=name, title=title,
                          low=low, high=high, value=value)
    for name in given:
        check_value(name, given[name])  # type: ignore[arg-type]
        if name in chosen:
            raise Refused("{name} is both set and fitted; keep one.", name=name)
        if name == "municipalities" and curves:
            raise Refused("municipalities cannot be set here: there are as many as could adopt; give the population.")
    scenario = scenarios.load(scenario).changed(parameters=parameters, profile=profile)
    case = Case(scenario, curves, chosen, {n: float(v) for n, v in clock.items() if n not in chosen}, waves)
    _fits(case)
    return case


def _data(source: Any, population: int | None, unit: str | Sequence[str] | None,
          seen: SeenLike | None) -> tuple[tuple[Seen, ...], tuple[Wave, ...]]:
    """The curves and the waves."""
    if source is None and seen is None:
        raise Refused("there is nothing to calibrate to; give a curve of adoption, or what was seen in waves (--seen), or "
                      "both.")
    for name, value in (("population", population), ("unit", unit)):
        if source is None and value:
            raise Refused("{name} is of a curve of adoption, and there is none; give one, or leave {name} out.", name=name)
    curves = () if source is None else tuple(observe(source, population, unit))
    if seen is not None and len(curves) > 1:
        raise Refused("what was seen in waves is of one society, and there are {n} curves; name the one that is of the "
                      "same with unit (--unit).", n=len(curves))
    return curves, () if seen is None else read_seen(seen)


def _chosen(free: Any, unless_said: Mapping[str, tuple[float, float]],
            past: Sequence[Calibration]) -> dict[str, tuple[float, float]]:
    """What is fitted: as told, and what earlier calibrations fitted."""
    chosen = parse_free(free, unless_said) if not past or free else {}
    for one in past:
        if dict(one.case.free) != dict(past[0].case.free):
            raise Refused("the calibrations of the prior fitted different things: {ranges}; and {ranges_2}; give those "
                          "that fitted the same.", ranges=_ranges(past[0].case.free),
                          ranges_2=_ranges(one.case.free))
        for name, ends in one.case.free.items():
            if chosen.setdefault(name, ends) != ends:
                low, high = ends
                raise Refused("the prior knows {name} between {low:g} and {high:g}; leave it out of what is fitted, or "
                              "give the same range.", name=name, low=low, high=high)
    return chosen


def _fits(case: Case) -> None:
    """Refuse data that last longer than the model runs, and levers that would start after them."""
    high = np.array([high for _, high in case.free.values()])
    longest = max([case.quarters(high, one)[-1] for one in case.seen], default=0)
    if longest > HORIZON[1]:
        raise Refused("the record would last {longest} quarters, and the model runs {horizon} at most; let a period be "
                      "fewer quarters (--quarters-per-period).", longest=longest, horizon=HORIZON[1])
    longest = case.last(high)
    if longest > HORIZON[1]:
        raise Refused("the last wave would be seen in quarter {longest} of the model, which runs {horizon} at most; let "
                      "the data begin earlier (--begins).", longest=longest, horizon=HORIZON[1])
    late = [str(use) for use in (*case.scenario.levers, *case.scenario.shocks) if use.start > longest]
    if late:
        raise Refused("{late} starts after the record's {longest} quarters; start it earlier or take it out.", late=late[0],
                      longest=longest)


# ---------------------------------------------------------------- the calibration

@dataclass(frozen=True, eq=False)
class Calibration:
    """What a calibration found. S posterior draws run once more; for each curve seen its T periods, and W waves."""

    case: Case
    sample: Sample
    predicted: tuple[np.ndarray, ...]  # a curve seen each: float64[S, T], shares that new runs predict
    seed: int
    prior: str = ""                    # the prior's folders, where some were given
    recovered: pd.DataFrame | None = None
    notes: tuple[str, ...] = ()        # sentences on how data and prior were taken
    answers: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))  # float64[S, W], what new runs would answer
    structures: pd.DataFrame | None = None  # one row a structure that was compared (`structures.compare`)

    def __repr__(self) -> str:
        (held, of), waves = self.inside, self.waves["inside"]
        said = [f"{held} of {of} periods"] * (of > 0) + [f"{waves.sum()} of {len(waves)} waves"] * (len(waves) > 0)
        frame = self.table[["parameter", "low", "high", "mean", "low_95", "high_95", "narrowing"]].round(3)
        return (f"{len(self.sample.theta)} sets of {len(self.case.free)} parameters; {' and '.join(said)} lie within "
                f"95 % of what they predict\n{frame.to_string(index=False)}")

    def draws(self, count: int, seed: int = 0) -> np.ndarray:
        """float64[count, k]: parameter sets drawn from the posterior."""
        return self.sample.draws(count, np.random.default_rng(np.random.SeedSequence([seed, _PURPOSE, 1])))

    @property
    def strongest_pair(self) -> tuple[int, int, float]:
        """The two parameters that the data tie together most, and their correlation; 0 for a single parameter."""
        r = np.triu(self.sample.correlation, 1)
        i, j = np.unravel_index(int(np.abs(r).argmax()), r.shape)
        return int(i), int(j), float(r[i, j])

    @property
    def inside(self) -> tuple[int, int]:
        """How many periods lie within 95 % of what is predicted, to half a municipality of the model; of how many."""
        held = 0
        for one, predicted in zip(self.case.seen, self.predicted, strict=True):
            low, high = np.quantile(predicted, [0.025, 0.975], axis=0)
            step = 1e-9 + (0.5 / one.units if one.units < one.population else 0)
            held += int(((low <= one.share + step) & (one.share <= high + step)).sum())
        return held, sum(len(one.t) for one in self.case.seen)

    @property
    def table(self) -> pd.DataFrame:
        """One row a parameter: prior range, mean, sd, low and high of 80 and 95 %, narrowing (posterior over prior sd),
        overlap (of posterior and prior, 1: the same)."""
        import pandas as pd

        prior = self.sample.box.as_sample()
        ends = {level: self.sample.interval(level) for level in abc_smc.LEVELS}
        rows = []
        for k, (name, (low, high)) in enumerate(self.case.free.items()):
            edges = np.quantile(prior.theta[:, k], np.linspace(0, 1, 11))
            edges[0], edges[-1] = -np.inf, np.inf
            held = np.histogram(self.sample.theta[:, k], edges, weights=self.sample.weights)[0]
            rows.append({"parameter": name, "title": title_of(name), "low": low, "high": high,
                         "mean": float(self.sample.mean[k]), "sd": float(self.sample.sd[k]),
                         **{f"{end}_{100 * level:.0f}": float(ends[level][side, k])
                            for level in abc_smc.LEVELS for side, end in enumerate(("low", "high"))},
                         "narrowing": float(self.sample.sd[k] / prior.sd[k]),
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
            rows += [{"unit": one.name, "statistic": name, **_beside(float(seen[name][0]), made[name])} for name in CHECKS]
        return pd.DataFrame(rows)

    @property
    def waves(self) -> pd.DataFrame:
        """What was seen in waves, a row each: quarter, signal, observed, low, median and high (95 %) of what new runs would
        answer with as large an error, p: as in `checks`; inside: whether it lies within those 95 %."""
        import pandas as pd

        rows: list[dict[str, object]] = [
            {"quarter": one.quarter, "signal": one.signal,
             **_beside(one.value, np.clip(self.answers[:, k], 0.0, one.most))}
            for k, one in enumerate(self.case.waves)]
        made = pd.DataFrame(rows, columns=["quarter", "signal", "observed", "low", "median", "high", "p"])
        return made.assign(inside=made["observed"].between(made["low"], made["high"]))

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

        if not self.case.seen:
            return pd.DataFrame(columns=["unit", "t", "seen"])
        levels = {"low_95": 0.025, "low_80": 0.1, "low_50": 0.25, "median": 0.5, "high_50": 0.75, "high_80": 0.9,
                  "high_95": 0.975}
        return pd.concat([pd.DataFrame({"unit": one.name, "t": one.t, "seen": one.share, **{
            name: np.quantile(predicted, level, axis=0) for name, level in levels.items()}})
            for one, predicted in zip(self.case.seen, self.predicted, strict=True)], ignore_index=True)


def _beside(at: float, values: np.ndarray) -> dict[str, float]:
    """What was seen beside what is predicted: observed, low, median, high (95 %), p; NaN where nothing compares."""
    values = values[np.isfinite(values)]
    known = len(values) > 0 and math.isfinite(at)
    low, middle, high = np.quantile(values, [0.025, 0.5, 0.975]) if known else [np.nan] * 3
    near = np.isclose(values, at)
    return {"observed": at, "low": low, "median": middle, "high": high,
            "p": float(((values > at) & ~near).mean() + near.mean() / 2) if known else np.nan}


#: An earlier calibration or its folder, or several.
type PriorLike = str | Path | Calibration | Sequence[str | Path | Calibration]


def calibrate(source: CurvesLike | None = None, scenario: ScenarioLike = "lets_dance", free: FreeLike | None = None,
              population: int | None = None, unit: str | Sequence[str] | None = None,
              parameters: Mapping[str, object] | None = None, profile: str | None = None,
              quarters_per_period: float = 4.0, begins: float = 0.0, seen: SeenLike | None = None,
              prior: PriorLike | None = None, widen: float | None = None, particles: int = 400, most: int = 4000,
              predictions: int = 200, repetitions: int = 0, seed: int = 0,
              threads: int | None = None, progress: Callable[[int], None] | None = None,
              alternatives: structures.AlternativesLike | None = None, keep: str | Path | None = None,
              executor: ExecutorLike = None) -> Calibration:
    """Fit parameters of a scenario to curves of adoption, to what people answered in waves, or to both.

    source, population, unit: as `observe`; several curves share their parameters. seen: what was answered or counted, as
    `ld.follow` reads it, its quarters counted from where the data begin. scenario, parameters, profile: what
    is not fitted. free: as `parse_free`. begins, quarters_per_period: the clock, where it is not fitted. prior: an
    earlier calibration or its folder, or several (`box_of`). particles: kept; most: simulations. predictions: runs of
    the posterior predictive. repetitions: of the recovery test on synthetic data of the same kind (each costs a
    calibration). threads: all cores unless said. progress: hears of simulations. Equal seeds give equal numbers.
    alternatives: structures to compare beside the scenario's, such as {"context": ["", "denmark"]} (`structures.parse`);
    they take as many simulations again. keep: a file of what is done, with which the same words go on; executor: as in
    `sweep`. Refused for bad input.

    >>> curve = ld.Cascade("a", 50, 1, np.array([1, 4, 9, 16, 20]))
    >>> found = ld.calibrate(curve, free=["mu=0:0.2"], particles=50, most=100, predictions=20)
    >>> found.table["parameter"].tolist()
    ['mu']
    """
    check_whole("particles", particles, 50, 100_000)
    check_whole(Said("the most simulations (most)"), most, 2 * particles, 10_000_000)
    check_whole("predictions", predictions, 20, 100_000)
    check_whole(Said("repetitions of the recovery test"), repetitions, 0, 10_000)
    check_whole("seed", seed, 0, 2**62)
    given = [] if prior is None else [prior] if isinstance(prior, str | Path | Calibration) else list(prior)
    past = [load(one) if isinstance(one, str | Path) else one for one in given]
    case = make_case(source, scenario, free, population, unit, parameters, profile, quarters_per_period, begins, past, seen)
    compared = structures.parse(alternatives)
    box = box_of(case.free, past, widen)
    rng = np.random.default_rng(np.random.SeedSequence([seed, _PURPOSE]))
    pool = Pieces(threads, executor, keep, lambda: {
        "case": f"{case.scenario.to_toml()}{case.seen}{case.clock}{case.waves}", "box": repr(box), "seed": seed,
        "most": most, "particles": particles, "mechanisms": sources([case.scenario], compared.get("mechanism", ()))})
    simulator = case.simulator(pool, progress)  # which tells of each run, so that progress shows from the first second
    found = abc_smc.infer(simulator, box, case.observed, rng, particles, most)
    theta = found.draws(predictions, rng)
    predicted, answers = case.runs(theta, _seeds(len(theta), rng), pool, progress)
    recovered = abc_smc.recover(simulator, box, repetitions, seed, particles, most) if repetitions else None
    luck = np.random.default_rng(np.random.SeedSequence([seed, _PURPOSE, 2]))
    beside = structures.compare(case, compared, box, most, luck, pool, progress) if compared else None
    named = ", ".join(str(one) if isinstance(one, str | Path) else "an earlier calibration" for one in given)
    return Calibration(case, found, tuple(predicted), seed, named, recovered, tuple(_notes(case, past)), answers, beside)


def box_of(free: Mapping[str, tuple[float, float]], past: Sequence[Calibration] = (), widen: float | None = None) -> Box:
    """The prior: flat, or for what earlier calibrations know, a normal on the logit scale of the ranges.

    From one calibration: its posterior with the spread times `widen` (2 unless said), for this case is not that case. From
    several: what they have in common (`abc_smc.common`), spread as a new case would be; times `widen` (1 unless said).
    """
    low, high = np.array(list(free.values()), np.float64).T
    if not past:
        if widen is not None:
            raise Refused("widen is how much wider than an earlier calibration the prior is; give that one with prior.")
        return Box(tuple(free), low, high)
    times = (2.0 if len(past) == 1 else 1.0) if widen is None else widen
    if not 1 <= times <= 10:
        raise Refused("widen must lie from 1 (as spread as what is known) to 10, not {times:g}.", times=times)
    if len(past) == 1:
        mean, second = abc_smc.moments(past[0].sample)
        cov = second - np.outer(mean, mean) + 1e-6 * np.eye(len(mean))
    else:
        mean, cov = abc_smc.common([one.sample for one in past])
    return Box(tuple(free), low, high, tuple(past[0].case.free), mean, cov * times**2)


#: What the reader must know of how prior and data go together.
_NOTES = {
    "same": Said("The prior was learnt from these very data, so they count twice and the intervals are too narrow; "
                 "use a prior from other cases."),
    "other": Said("The prior was learnt under another scenario or another clock than this case has, so what it knows may "
                  "not hold here.")}


def _notes(case: Case, past: Sequence[Calibration]) -> list[str]:
    """Those of the notes that hold."""
    told = {(one.quarter, one.signal, one.value) for one in case.waves}
    same = any(one.begins_like(old) for earlier in past for old in earlier.case.seen for one in case.seen) or any(
        (old.quarter, old.signal, old.value) in told for earlier in past for old in earlier.case.waves)
    other = any(earlier.case.scenario.to_toml() != case.scenario.to_toml()
                or any(case.clock.get(name, value) != value for name, value in earlier.case.clock.items())
                for earlier in past)
    return [_NOTES[name] for name, holds in (("same", same), ("other", other)) if holds]


# ---------------------------------------------------------------- in a folder

def manifest_of(found: Calibration) -> dict[str, Any]:
    """What a folder says of a calibration beside its tables, as JSON; `load` reads it."""
    case, box = found.case, found.sample.box
    known = {} if box.mean is None or box.cov is None else {"names": box.learnt, "mean": box.mean.tolist(),
                                                            "cov": box.cov.tolist()}
    return {"scenario": case.scenario.to_toml(), "free": {n: list(ends) for n, ends in case.free.items()},
            "clock": dict(case.clock), "seed": found.seed, "prior": found.prior, "known_before": known,
            "effective": found.sample.effective, "rounds": [list(r) for r in found.sample.rounds],
            "surprise": found.sample.surprise, "notes": list(found.notes),
            "seen": [{"name": one.name, "population": one.population, "active": one.active, "sized": one.sized,
                      "t": one.t.tolist(),
                      "count": one.count.tolist()} for one in case.seen],
            "waves": [{**asdict(one), "error": one.error if math.isfinite(one.error) else None} for one in case.waves]}


def tables_of(found: Calibration) -> dict[str, pd.DataFrame]:
    """The tables of a folder."""
    import pandas as pd

    made = {"parameters": found.table, "particles": found.particles}
    if found.case.seen:
        predicted = pd.concat([pd.DataFrame({"unit": one.name, "draw": np.repeat(np.arange(len(p)), p.shape[1]),
                                             "t": np.tile(one.t, len(p)), "share": p.ravel()})
                               for one, p in zip(found.case.seen, found.predicted, strict=True)], ignore_index=True)
        made |= {"checks": found.checks, "fan": found.fan, "predicted": predicted}
    if found.case.waves:
        made |= {"waves": found.waves, "answers": pd.DataFrame(
            found.answers, columns=[f"{one.signal}@{one.quarter}" for one in found.case.waves])}
    if found.structures is not None:
        made["structures"] = found.structures
    return made if found.recovered is None else {**made, "recovered": found.recovered,
                                                 "coverage": abc_smc.coverage(found.recovered)}


def load(folder: str | Path) -> Calibration:
    """A calibration that `letsdance adopters calibrate` kept. Refused for anything else."""
    from letsdance.experiments import manifests
    from letsdance.experiments.unpacked import read_table

    place = files.named(folder)
    path = place / "manifest.json"
    said = manifests.read(place, _KIND, Said("make one with `letsdance adopters calibrate COUNTS.csv --out {place}`",
                                             place=place))
    try:
        particles = read_table(place / "particles.parquet")
        predicted = read_table(place / "predicted.parquet") if said["seen"] else None
        free = {name: (float(low), float(high)) for name, (low, high) in said["free"].items()}
        seen = tuple(Seen(one["name"], int(one["population"]), np.array(one["t"]), np.array(one["count"]), one["active"],
                          one.get("sized", True))
                     for one in said["seen"])
        waves = tuple(Wave(**{**one, "error": np.nan if one["error"] is None else one["error"]})
                      for one in said.get("waves", []))
        case = Case(scenarios.read("calibrated", str(path), said["scenario"]), seen, free, said["clock"], waves)
        box, known = box_of(free), said["known_before"]
        if known:
            box = replace(box, learnt=tuple(known["names"]), mean=np.array(known["mean"]), cov=np.array(known["cov"]))
        weights = particles["weight"].to_numpy(np.float64)
        sample = Sample(box, box.z(particles[list(free)].to_numpy(np.float64)), weights / weights.sum(),
                        np.zeros((len(particles), 0)), particles["distance"].to_numpy(np.float64), np.zeros(0),
                        tuple((int(n), float(e), float(p)) for n, e, p in said["rounds"]), float(said["surprise"]))
        shares = () if predicted is None else tuple(
            predicted[predicted["unit"] == one.name]["share"].to_numpy().reshape(-1, len(one.t)) for one in seen)
        answers = read_table(place / "answers.parquet").to_numpy(np.float64) if waves else np.zeros((0, 0))
        recovered, beside = (read_table(place / f"{name}.parquet") if (place / f"{name}.parquet").exists() else None
                             for name in ("recovered", "structures"))
        return Calibration(case, sample, shares, int(said["seed"]), str(said["prior"]), recovered, tuple(said["notes"]),
                           answers, beside)
    except Refused:
        raise
    except Exception as error:  # whatever a damaged file makes pyarrow say
        raise Refused("{place} is damaged ({kind_of}); calibrate again.", place=place,
                      kind_of=type(error).__name__) from None
