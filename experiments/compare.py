"""Policies on the same citizens and the same luck: what differs, how surely, for whom, and at what cost.

    compare({"as it is": "lone_ranger", "free-range": "FRCS@8+20, FAL@8+20"}, start="lone_ranger")

The same seeds meet in every policy, so everything is a difference within a run, averaged over runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from letsdance import scenarios
from letsdance.experiments.outcomes import Outcome, parse
from letsdance.experiments.paired import Interval, interval, leaning, leant, unseen
from letsdance.experiments.precision import MOST, Precision, Target, bounds, runs_until
from letsdance.params import Refused, check_text, nearest
from letsdance.scenarios import Changes, Scenario, ScenarioLike
from letsdance.scenarios.policy import Policy, read_policy
from letsdance.simulation import municipalities as table
from letsdance.simulation import schedule
from letsdance.simulation.indicators import SOCIETY
from letsdance.simulation.rules.regimes import REGIMES
from letsdance.simulation.run import Result, simulate
from letsdance.simulation.society import LARGE, Society, cores
from letsdance.words import Text

if TYPE_CHECKING:
    import pandas as pd

#: What a table of differences holds: every indicator, and the gap of late adopters.
INDICATORS = (*SOCIETY, "late_adopter_gap")
#: What is looked at first, in this order.
MAIN = ("lets_dance", "C", "G", "services", "on", "uses", "T", "representativeness")
#: Citizens are asked one by one in this many runs at most: each takes its run once more.
ASKED = 100
_DRAWS = 1000          # of the largest deviation over the quarters
_BAND = 0x62616E64     # names the stream of these draws


# ---------------------------------------------------------------- policies

type PolicyLike = str | Path | Scenario | Policy
#: Policies by name, or one after the other; text is read by `read_policy`.
type PoliciesLike = Mapping[str, PolicyLike] | Iterable[PolicyLike] | PolicyLike


def policies(given: PoliciesLike, start: ScenarioLike | None = None, quarters: int | None = None,
             shared: Changes | None = None) -> dict[str, Scenario]:
    """Policies by name as scenarios of one horizon. given: a mapping name -> text or `Scenario`, or a sequence of these.

    start: what texts build on. shared: changes of every start that a text names. Refused: fewer than two, two of one name,
    different horizons, different citizens.
    """
    more: Changes = {"quarters": quarters, **(shared or {})}
    base = None if start is None else scenarios.load(start).changed(quarters=quarters)
    pairs = list(given.items()) if isinstance(given, Mapping) else [(None, one) for one in (
        [given] if isinstance(given, str | Path | Scenario | Policy) else given)]
    made: dict[str, Scenario] = {}
    for name, one in pairs:
        if isinstance(one, Scenario):
            policy = Policy(title=str(name or one.title or one.name))
            own: Scenario | None = one.changed(quarters=quarters)
        elif isinstance(one, Policy | str | Path):
            policy = one if isinstance(one, Policy) else read_policy(
                f"{name}: {one}" if name and isinstance(one, str) and ":" not in one else str(one))
            policy = replace(policy, title=str(name or policy.title), quarters=quarters or policy.quarters)
            own = scenarios.load(policy.start).changed(**more) if policy.start else base
        else:
            raise Refused('a policy must be text such as "free-range: FRCS@8+20" or a Scenario, not {one!r}.',
                          one=one)
        if own is None:
            raise Refused("policy {name} does not say where it starts; name a start or a scenario file.",
                          name=policy.title)
        check_text("the name of a policy", policy.title, scenarios.MOST_TEXT["title"])
        if policy.title in made:
            raise Refused('two policies are called {name}; rename one, such as "other name: ...".',
                          name=policy.title)
        made[policy.title] = policy.on(own)
    if len(made) < 2:
        raise Refused("name at least two policies to compare, such as a start and \"free-range: FRCS@8+20\".")
    first_name, first = next(iter(made.items()))
    for name, scenario in made.items():
        if scenario.quarters != first.quarters:
            raise Refused("{name} lasts {quarters} quarters and {first_name} {first_quarters}; give one horizon with "
                          "quarters (--quarters).", name=name, quarters=scenario.quarters, first_name=first_name,
                          first_quarters=first.quarters)
    return made


def _same_citizens(several: Mapping[str, Scenario]) -> None:
    (first_name, first), *others = several.items()
    sizes = ("municipalities", "citizens")
    for name, scenario in others:
        if any(scenario.values()[size] != first.values()[size] for size in sizes):
            own, of_first = ([int(one.values()[size]) for size in sizes] for one in (scenario, first))
            raise Refused("{name} and {first_name} do not have the same citizens ({places} municipalities of {citizens} "
                          "and {first_places} municipalities of {first_citizens}); give them the same number of "
                          "municipalities and citizens.", name=name, first_name=first_name, places=own[0], citizens=own[1],
                          first_places=of_first[0], first_citizens=of_first[1])


# ---------------------------------------------------------------- a comparison

def compare(given: PoliciesLike, runs: int = 20, seed: int = 1, quarters: int | None = None,
            municipalities: table.MunicipalitiesLike | None = None, against: str | None = None,
            start: ScenarioLike | None = None, threads: int | None = None,
            progress: Callable[[int], None] | None = None, until: str | Target | None = None,
            most: int = MOST) -> Comparison:
    """Run policies on the same seeds. The first, or the one that `against` names, is what the others are held against.

    given: a mapping name -> policy, or a sequence; a policy is a `Scenario` or text as `read_policy` reads it. start:
    what texts build on. until: such as "lets_dance@60 +-0.02", adds runs until each paired difference is known so
    well, `most` at most; `runs` then does not count. progress: called with the number of runs that have ended.
    Raises `Refused` for bad input.

    >>> found = ld.compare(["free-range: FRCS@4", "lead: LEAD@4"], runs=4, quarters=8, start="lone_ranger")
    >>> found.effects()["policy"].unique().tolist()
    ['lead']
    """
    several = policies(given, start, quarters)
    reference = next(iter(several)) if against is None else against
    if reference not in several:
        raise Refused("there is no policy {reference!r} to compare against.{near} Known: {known}.", reference=reference,
                      near=nearest(reference, several), known=", ".join(several))
    if municipalities is None:
        _same_citizens(several)
    else:
        municipalities = table.load(municipalities)
    if until is not None:
        results, precision = runs_until(several, until, reference, seed, most, municipalities, threads, progress)
        return Comparison(results, reference, precision)
    return Comparison({name: simulate(scenario, runs=runs, seed=seed, municipalities=municipalities, threads=threads,
                                      progress=progress) for name, scenario in several.items()}, reference)


def tables(found: Comparison, outcome: str | Outcome = "lets_dance") -> dict[str, pd.DataFrame]:
    """What a folder keeps of a comparison; `outcome` and the main outcomes are in `effects`."""
    return {"differences": found.differences, "effects": found.effects(listing(found, outcome)),
            "municipalities": found.municipalities, "moves": found.moves, "citizens": found.citizens}


def listing(found: Comparison, outcome: str | Outcome) -> list[Outcome]:
    """The outcome asked for, then the main ones, each once."""
    return list(dict.fromkeys(resolved(parse(one), found.quarters) for one in (outcome, *MAIN)))


def resolved(outcome: Outcome, last: int) -> Outcome:
    """A quarter that is the last one needs no name: X@60 is X."""
    return Outcome(outcome.name) if outcome.first == outcome.last == last else outcome


@dataclass(frozen=True)
class Effect:
    """A policy's paired difference in an outcome. n runs in which both could be measured, of `runs`.

    before, after: the means of reference and policy over these n runs. higher, lower: in how many it is above, below.
    """

    difference: Interval
    before: float
    after: float
    higher: int
    lower: int
    runs: int


@dataclass(frozen=True)
class Cost:
    """What a policy's levers cost beyond the reference's, in points over the horizon, for each unit of effect.

    points: not a matter of luck. each, low, high: points for one unit of difference; NaN where `reason` names why.
    """

    points: float
    effect: Interval
    each: float
    low: float
    high: float
    reason: str = ""

    @property
    def why(self) -> str:
        """Why there is none, as a sentence; "" where there is one."""
        return Text()(f"report.why_{self.reason}") if self.reason else ""


@dataclass(frozen=True, eq=False)
class Comparison:
    """Policies on equal luck: results by name, and the name of the reference."""

    results: Mapping[str, Result]
    reference: str
    precision: Precision | None = None

    @property
    def others(self) -> tuple[str, ...]:
        """The policies that are held against the reference."""
        return tuple(name for name in self.results if name != self.reference)

    @property
    def runs(self) -> int:
        """How many runs of each policy."""
        return self.results[self.reference].runs

    @property
    def quarters(self) -> int:
        """The last quarter."""
        return self.results[self.reference].quarters

    # ------------------------------------------------------------ what differs

    @cached_property
    def differences(self) -> pd.DataFrame:
        """One row a policy, indicator and quarter: the paired difference from the reference.

        mean; low, high: 95 % interval of that quarter; band_low, band_high: 95 % band that covers all quarters of the
        indicator at once (see `band`); n: runs in which both were measured; higher, lower: in how many of them the policy
        lies above, below. NaN where fewer than two runs were measured.
        """
        import pandas as pd

        frames, quarter = [], np.arange(self.quarters + 1)
        for policy in self.others:
            for name in INDICATORS:
                both = self._both(policy, name)
                d = both[0] - both[1]
                with np.errstate(invalid="ignore"):
                    higher, lower = (d > 0).sum(axis=0), (d < 0).sum(axis=0)
                frames.append(pd.DataFrame({
                    "policy": policy, "indicator": name, "quarter": quarter,
                    **band(d, int(self.results[policy].seeds[0]), apart=self._apart[policy],
                           reach=self._reach(Outcome(name), both)), "higher": higher, "lower": lower}))
        return pd.concat(frames, ignore_index=True)

    def paired(self, policy: str, indicator: str) -> np.ndarray:
        """float64[R, Q+1]: policy less reference, run by run; NaN where either was not measured."""
        after, before = self._both(policy, indicator)
        return after - before

    def _both(self, policy: str, indicator: str) -> list[np.ndarray]:
        """float64[R, Q+1] of the policy and of the reference."""
        pair = [self.results[name] for name in (policy, self.reference)]
        return [np.asarray(one.late_adopter_gap() if indicator == "late_adopter_gap" else one.rows[indicator], np.float64)
                for one in pair]

    def _schedule(self, name: str) -> schedule.Schedule:
        """The parameters in force under a policy."""
        result = self._result(name)
        return schedule.build(result.scenario, among=result.places)

    @cached_property
    def _apart(self) -> dict[str, int]:
        """For each policy the first quarter whose parameters are not the reference's, Q + 1 if none: before it the runs
        are the same."""
        schedules = {name: self._schedule(name) for name in self.results}
        there, found = schedules[self.reference], {}
        for name, here in schedules.items():
            differs = np.flatnonzero(np.array([a.tobytes() != b.tobytes() for a, b in zip(here, there, strict=True)]))
            # the same in the mean is not the same where it acts in other places, or for others
            several = [self._result(one).scenario for one in (name, self.reference)]
            ours, theirs = ({*scenario.levers, *scenario.shocks} for scenario in several)
            moved = [use.start for use in ours ^ theirs if use.reach]
            found[name] = min([*differs[:1].tolist(), *moved, self.quarters + 1])
        return found

    def _reach(self, outcome: Outcome, values: Sequence[np.ndarray]) -> float:
        """How far differences could lie apart: by an outcome's bounds; where nothing bounds it, as far as runs of one
        policy lie from each other in a quarter, values[R] or [R, Q+1] of each: 0 for what no luck moves."""
        within = bounds(outcome)
        if within is not None:
            return within[1] - within[0]
        return max(float(np.nanmax(np.fmax.reduce(one) - np.fmin.reduce(one), initial=0.0)) if len(one) else 0.0
                   for one in values)  # over the runs in which it was measured

    def effect(self, policy: str, outcome: str | Outcome) -> Effect:
        """The paired difference in an outcome ("lets_dance@60", "time_to_84"), over the runs where both are measured.

        Its interval is a t interval, an exact one where few runs make the mean (`paired.unseen`), none where policy and
        reference cannot differ yet; but where this outcome decided how many runs there are, the confidence sequence.
        """
        asked = parse(outcome)
        after, before = asked.of(self._result(policy)), asked.of(self.results[self.reference])
        known = np.isfinite(after) & np.isfinite(before)
        d = after[known] - before[known]
        was, now = (float(v[known].mean()) if known.any() else np.nan for v in (before, after))
        decided = self.precision is not None and resolved(asked, self.quarters) == resolved(
            self.precision.target.outcome, self.quarters)
        last = self.quarters if asked.last is None else asked.last
        reach = None if self._apart[policy] > last else self._reach(asked, (after[known], before[known]))
        return Effect(self.precision.intervals[policy] if self.precision and decided and policy != self.reference
                      else interval(d, reach), was, now, int((d > 0).sum()), int((d < 0).sum()), len(known))

    def effects(self, outcomes: Sequence[str | Outcome] = MAIN) -> pd.DataFrame:
        """One row a policy and outcome: before, after, mean, low, high, n, runs, higher, lower."""
        import pandas as pd

        rows = []
        for policy in self.others:
            for outcome in map(parse, outcomes):
                e = self.effect(policy, outcome)
                rows.append({"policy": policy, "outcome": str(outcome), "unit": outcome.unit, "before": e.before,
                             "after": e.after, "mean": e.difference.mean, "low": e.difference.low,
                             "high": e.difference.high, "n": e.difference.n, "runs": e.runs, "higher": e.higher,
                             "lower": e.lower})
        return pd.DataFrame(rows)

    # ------------------------------------------------------------ whose fate changed

    @cached_property
    def municipalities(self) -> pd.DataFrame:
        """One row a policy and municipality: in how many runs its fate differs from the reference.

        changed: the regime at the end is another; before, after: the regime that it most often ends in; gained, lost: it
        has ever adopted under the policy only, under the reference only; runs: of how many.
        """
        import pandas as pd

        frames = []
        for policy in self.others:
            before, after = self._ends(self.reference), self._ends(policy)
            was, now = self.results[self.reference].ever[:, -1], self.results[policy].ever[:, -1]
            frames.append(pd.DataFrame({
                "policy": policy, "municipality": self._places.names, "citizens": self._places.citizens,
                "changed": (before != after).sum(axis=0), "before": _usual(before), "after": _usual(after),
                "gained": (now & ~was).sum(axis=0), "lost": (was & ~now).sum(axis=0), "runs": self.runs}))
        return pd.concat(frames, ignore_index=True)

    @cached_property
    def moves(self) -> pd.DataFrame:
        """One row a policy and pair of regimes at the end, reference's and policy's: how many end so, as means over runs.

        municipalities and citizens with their 95 % intervals (…_low, …_high).
        """
        import pandas as pd

        rows = []
        for policy in self.others:
            before, after = self._ends(self.reference), self._ends(policy)
            for i, was in enumerate(REGIMES):
                for j, now in enumerate(REGIMES):
                    here = (before == i) & (after == j)
                    row: dict[str, Any] = {"policy": policy, "before": was, "after": now}
                    for name, counted, most in (("municipalities", here.sum(axis=1), here.shape[1]),
                                                ("citizens", here @ self._places.citizens, self._places.citizens.sum())):
                        e = interval(counted, float(most))
                        row |= {name: float(counted.mean()), f"{name}_low": e.low, f"{name}_high": e.high}
                    rows.append(row)
        return pd.DataFrame(rows)

    @cached_property
    def citizens(self) -> pd.DataFrame:
        """One row a policy and run: how many citizens have another fate at the end than they have under the reference.

        elsewhere: they live in a municipality whose regime is another. Asked one by one in the first 100 runs, by running
        them again (NaN in further runs): uses_gained, uses_lost: they use the innovation under one policy only;
        willing_gained, willing_lost: their willingness is .5 or more under one only.
        """
        import pandas as pd

        frames = []
        states = {name: self._last_states(name) for name in self.results}
        for policy in self.others:
            elsewhere = (self._ends(self.reference) != self._ends(policy)) @ self._places.citizens
            frame = {"policy": policy, "run": np.arange(self.runs), "seed": self.results[policy].seeds.astype(np.int64),
                     "elsewhere": elsewhere}
            for k, what in enumerate(("uses", "willing")):
                was, now = states[self.reference][k], states[policy][k]
                for side, differs in (("gained", now & ~was), ("lost", was & ~now)):
                    frame[f"{what}_{side}"] = np.concatenate([
                        differs.sum(axis=1).astype(np.float64), np.full(self.runs - len(differs), np.nan)])
            frames.append(pd.DataFrame(frame))
        return pd.concat(frames, ignore_index=True)

    # ------------------------------------------------------------ at what cost

    def points(self, policy: str) -> float:
        """Points that a policy's levers cost over the horizon beyond those of the reference."""
        spent = [self._schedule(name).spent for name in (policy, self.reference)]
        return spent[0] - spent[1]

    def cost_per_effect(self, policy: str, outcome: str | Outcome) -> Cost:
        """Points for each unit of difference in an outcome, with a 95 % interval.

        Luck moves the effect and not the points, so Fieller's interval (1954) is the points over the ends of the
        effect's interval; there is none where that interval holds 0.
        """
        points, e = self.points(policy), self.effect(policy, outcome).difference
        if not np.isfinite(e.mean):
            reason = "unmeasured"
        elif e.low <= 0.0 <= e.high:
            reason = "holds_0"
        elif points <= 0.0:
            reason = "no_dearer"
        else:
            low, high = sorted(abs(points / end) for end in (e.low, e.high))
            return Cost(points, e, abs(points / e.mean), low, high)
        return Cost(points, e, np.nan, np.nan, np.nan, reason)

    # ------------------------------------------------------------ within

    @property
    def _places(self) -> table.Municipalities:
        return self.results[self.reference].places

    def _result(self, policy: str) -> Result:
        if policy not in self.results:
            raise Refused("there is no policy {policy!r} in this comparison.{near} Known: {known}.", policy=policy,
                          near=nearest(policy, self.results), known=", ".join(self.results))
        return self.results[policy]

    def _ends(self, policy: str) -> np.ndarray:
        """uint8[R, M]: each municipality's regime at the end."""
        return self._result(policy).regime[:, -1]

    def _last_states(self, policy: str) -> tuple[np.ndarray, np.ndarray]:
        """(uses, willing): bool[runs asked, N] at the end, from running again."""
        result = self.results[policy]
        table_of = schedule.build(result.scenario, among=result.places)
        threads = cores() if int(self._places.citizens.sum()) >= LARGE else 1
        uses, willing = [], []
        for seed in result.seeds[:ASKED]:
            society = Society(self._places, table_of, int(seed), threads)
            for _ in range(result.quarters):
                society.step()
            latest = society.quarter & 1
            uses.append(society.state.uses[latest] > 0)
            willing.append(society.state.willingness[latest] >= 0.5)
        return np.array(uses), np.array(willing)

    def __repr__(self) -> str:
        frame = self.effects().drop(columns=["unit", "runs"]).round(2)
        return (f"{', '.join(self.others)} against {self.reference}: {self.runs} paired runs of {self.quarters} quarters\n"
                f"{frame.to_string(index=False)}")


def _usual(regimes: np.ndarray) -> list[str]:
    """Each column's most frequent regime, the first of REGIMES where several are."""
    counts = np.stack([(regimes == k).sum(axis=0) for k in range(len(REGIMES))])
    return [REGIMES[k] for k in counts.argmax(axis=0)]


def band(d: Any, seed: int = 1, level: float = 0.95, reach: float = 1.0, apart: int = 0) -> dict[str, np.ndarray]:
    """mean, low, high, band_low, band_high, n over runs of paths d[R, Q], each float64[Q] (n: int64[Q]).

    low..high is the interval of one quarter, by Student's t. band_low..band_high covers all quarters at once: a sup-t band
    (Montiel Olea and Plagborg-Møller 2019), its critical value from a Gaussian multiplier bootstrap of the largest
    deviation over the quarters (Chernozhukov, Chetverikov and Kato 2013), carried over to Student's t because runs are few:
    the level for each quarter that the bootstrap finds is used with n - 1 degrees of freedom, Bonferroni's at most. On the
    side of a long tail it reaches farther, by the skewness that all quarters together tell (`paired.leant`).
    Where few runs make the mean, either is widened to an exact interval at its level (`paired.unseen`), so that what so few
    runs cannot have seen is not excluded; half of what the band may err is kept for such quarters, if there are any; with
    fewer runs than quarters each quarter has Bonferroni's part, for so few cannot tell how quarters move together.

    reach: how far differences could lie apart (1 for a share). apart: the first quarter in which they can differ at all:
    before it the band has no width, because the runs are the same.
    """
    d = np.asarray(d, np.float64)
    known = np.isfinite(d)
    n = known.sum(axis=0)
    some, filled = n >= 2, np.where(known, d, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(some, filled.sum(axis=0) / n, np.nan)
        rest = np.where(known & some, d - mean, 0.0)
        error = np.sqrt((rest**2).sum(axis=0) / (n - 1) / n)
        # values that are all alike differ from their mean by rounding only
        alike = np.where(known, d, -np.inf).max(axis=0) == np.where(known, d, np.inf).min(axis=0)
        error = np.where(some, np.where(alike, 0.0, error), np.nan)
        moving = error > 0
        seldom = some & (np.arange(d.shape[1]) >= apart) & unseen(d, np.full(d.shape[1], 1.0 - level), reach)[0]
        kept = (1.0 + level) / 2.0 if seldom.any() else level
        each = level
        if moving.any() and len(d) < d.shape[1]:
            each = 1 - (1 - kept) / int(moving.sum())
        elif moving.any():
            each = _level_of_each(rest[:, moving] / (error[moving] * n[moving]), seed, kept)
        free, found, skewness = np.maximum(n - 1, 1), {"mean": mean, "n": n}, leaning(d, moving)
        for name, one in (("", level), ("band_", max(level, each))):
            away = stats.t.ppf(0.5 + one / 2, free)
            below, above = leant(away, skewness, n) if name else (away, away)
            low, high = mean - below * error, mean + above * error
            _, lowest, highest = unseen(d, np.full(d.shape[1], 1.0 - one), reach)
            found[f"{name}low"] = np.where(seldom, np.minimum(low, lowest), low)
            found[f"{name}high"] = np.where(seldom, np.maximum(high, highest), high)
    return {name: found[name] for name in ("mean", "low", "high", "band_low", "band_high", "n")}


def _level_of_each(z: np.ndarray, seed: int, level: float) -> float:
    """At which level every quarter must be covered so that all are at once; z[R, Q]: deviations, their errors' share.

    A sum of z with Gaussian multipliers is Gaussian itself, so it is drawn from z's singular values: few numbers
    however many runs there are.
    """
    _, s, v = np.linalg.svd(z, full_matrices=False)
    rng = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, _BAND])))
    draws = rng.standard_normal((_DRAWS, len(s))) @ (s[:, None] * v)
    draws /= np.sqrt((z**2).sum(axis=0))  # each quarter's deviation in its own errors
    largest = float(np.quantile(np.abs(draws).max(axis=1), level))
    return float(min(1 - 2 * stats.norm.sf(largest), 1 - (1 - level) / z.shape[1]))
