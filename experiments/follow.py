"""Follow a case: new data each quarter say where it stands, how sure that is, and whether its plan still holds.

    found = follow("seen.csv", "lone_ranger", plan="outreach: OUT@9+20")
    print(found.standing, "\n".join(found.sentences))

What was seen (a row each: quarter, signal, value, and n people asked or a standard error) narrows worlds by a particle
filter (`experiments.particles`): a particle is a world, a start and a path of luck, run with what has been done so far.
From where they stand all go on twice on the same luck, with the rest of the plan and without it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance import scenarios
from letsdance.experiments import particles
from letsdance.experiments.adopters.abc_smc import LEVELS
from letsdance.experiments.executors import ExecutorLike
from letsdance.experiments.luck_paths import along
from letsdance.experiments.moving import parameter_named
from letsdance.experiments.outcomes import Condition, parse_condition
from letsdance.experiments.particles import Cloud, Taken
from letsdance.experiments.pieces import Pieces, Task, sources
from letsdance.experiments.posterior import rows as of_draws
from letsdance.experiments.seen import Before, Seen, SeenLike, answered, read_seen, waves_before
from letsdance.experiments.success import MAJORITY, Chance, chance, words
from letsdance.experiments.worlds import STRUCTURES, Worlds, correlated, put
from letsdance.params import PARAMETERS, Refused, check_whole, files
from letsdance.scenarios import Scenario, ScenarioLike
from letsdance.scenarios.policy import Policy, read_policy
from letsdance.simulation import municipalities as places
from letsdance.simulation import schedule
from letsdance.simulation.municipalities import MunicipalitiesLike
from letsdance.simulation.rules.regimes import REGIMES
from letsdance.simulation.run import Result
from letsdance.simulation.society import cores
from letsdance.words import IN_ENGLISH, Text

if TYPE_CHECKING:
    import pandas as pd

#: What is told of where the case stands.
STANDING = ("C", "G", "T", *REGIMES, "services", "ever_adopted")
#: Where the start may lie on the plane, unless worlds say it.
_PLANE = "0.05:0.95"
_PURPOSE = 0xF0110  # names this use of a seed
_SPANS = 8  # parts of the particles for each thread
#: What is followed where nothing is planned.
NO_PLAN = "no plan"


# ---------------------------------------------------------------- particles of a case

@dataclass(frozen=True, eq=False)
class Case:
    """What is followed: a scenario with all that is planned, what is uncertain of it, and what was seen.

    between: hears, in the caller's thread, how many particles ran since; what it raises stops the rest. pieces: where runs
    are made and kept; on so many threads unless said.
    """

    scenario: Scenario
    worlds: Worlds
    towns: places.Municipalities
    seen: tuple[Seen, ...]
    threads: int
    between: Callable[[int], None] = lambda count: None
    pieces: Pieces | None = None

    @cached_property
    def names(self) -> list[str]:
        """What is uncertain, in the order of the particles' columns."""
        return self.worlds.uncertain(self.scenario)

    @property
    def start(self) -> list[int]:
        """The columns of where it began."""
        return [self.names.index(name) for name in ("C0", "G0") if name in self.names]

    def worlds_at(self, z: np.ndarray) -> dict[str, Any]:
        """The worlds of particles z float64[n, d]: a column of n for each parameter and alternative."""
        from scipy.special import ndtr

        u = dict(zip(self.names, ndtr(correlated(z, self.names, self.worlds.correlations)).T, strict=True))
        return self.worlds.at(u, self.scenario)

    def each(self, z: np.ndarray, luck: np.ndarray, last: int, scenario: Scenario,
             what: partial[Any]) -> np.ndarray:
        """Run every particle up to quarter `last`; what(arrays of a `Result`, its luck) of each."""
        columns = self.worlds_at(z)
        names = list(columns)
        plain = not (scenario.levers or scenario.shocks or scenario.mechanisms or set(names) & set(STRUCTURES))
        base = None
        if plain:  # parameters stay as they are: no schedule needs to be made
            base = schedule.build(scenario, max(last, 1), self.towns).shipped
        pieces = self.pieces or Pieces(self.threads)
        edges = np.linspace(0, len(z), min(len(z), _SPANS * self.threads if self.threads > 1 else len(z)) + 1).astype(int)
        of, tasks = f"{what.func.__name__} {self.kept} {last} {scenario.to_toml()}" if pieces.kept.file else "", []
        for lo, hi in pairwise(edges.tolist()):
            some, name = {one: columns[one][lo:hi] for one in names}, f"{lo}"
            if of:
                said = f"{of} {[list(one) for one in some.values()]}".encode() + luck[lo:hi].tobytes()
                name = f"{lo} {hashlib.sha256(said).hexdigest()[:32]}"
            tasks.append((name, some, luck[lo:hi]))
        work = _Run(scenario, self.towns, last, base, what)
        return np.concatenate([np.asarray(one) for one in pieces.map(work, tasks, lambda task: self.between(len(task[2])))])

    @cached_property
    def kept(self) -> tuple[str, ...]:
        """What is kept of a particle's run: where it stands, and what was seen."""
        return tuple(dict.fromkeys([*STANDING, *(one.signal for one in self.seen)]))

    def simulate(self, z: np.ndarray, luck: np.ndarray, last: int) -> np.ndarray:
        """float64[n, last + 1, s] of `kept`."""
        return self.each(z, luck, last, self.scenario, partial(_traces, self.kept))

    def likelihood(self, quarter: int) -> particles.Likelihood:
        """Of what was seen in one quarter."""
        M = len(self.towns)

        def log_likelihood(traces: np.ndarray) -> np.ndarray:
            return np.sum([one.log_likelihood(true, M, before) for one, true, before in self.waves(quarter, traces)],
                          axis=0)

        return log_likelihood

    def waves(self, quarter: int, traces: np.ndarray) -> Iterator[tuple[Seen, np.ndarray, Before | None]]:
        """What was seen in one quarter, what is true of it in each particle, and the wave before."""
        def true(one: Seen) -> np.ndarray:
            return np.asarray(traces[:, one.quarter, self.kept.index(one.signal)])

        for one, earlier in zip(self.seen, waves_before(self.seen), strict=True):
            if one.quarter == quarter:
                yield one, true(one), None if earlier is None else (self.seen[earlier], true(self.seen[earlier]))

    def holds(self, z: np.ndarray, luck: np.ndarray, scenario: Scenario, target: Condition) -> np.ndarray:
        """bool[n]: in which particles the target is reached under a scenario."""
        return self.each(z, luck, scenario.quarters, scenario, partial(_holds, scenario, self.towns, target))


@dataclass(frozen=True, eq=False)
class _Run:
    """The work of some particles: what `what` makes of each. base: the schedule, where only its parameters differ."""

    scenario: Scenario
    towns: places.Municipalities
    last: int
    base: np.ndarray | None
    what: Callable[[tuple[np.ndarray, ...], np.ndarray], Any]

    def __call__(self, task: Task) -> np.ndarray:
        _, columns, luck = task
        if self.base is not None:
            numbers = np.column_stack([np.asarray(column, np.float64) for column in columns.values()])
            at = [(self.base.dtype.names or ()).index(name) for name in columns]
        made = []
        for k, path in enumerate(luck):
            if self.base is None:
                there = put(self.scenario, {name: column[k] for name, column in columns.items()})
                arrays = along(there, self.towns, path, self.last)
            else:
                table = self.base.copy()
                table.view(np.float64).reshape(len(table), -1)[:, at] = numbers[k]
                arrays = along(self.scenario, self.towns, path, self.last, table)
            made.append(self.what(arrays, path))
        return np.array(made)


def _traces(kept: Sequence[str], arrays: tuple[np.ndarray, ...], luck: np.ndarray) -> np.ndarray:
    """float64[last + 1, s] of what is kept of a particle's run."""
    return np.stack([arrays[0][name][0] for name in kept], axis=1).astype(np.float64)


def _holds(scenario: Scenario, towns: places.Municipalities, target: Condition, arrays: tuple[np.ndarray, ...],
           luck: np.ndarray) -> bool:
    """Whether a particle's run reaches the target."""
    result = Result(scenario, towns, luck[:1], *arrays)
    return bool(target.holds(target.outcome.of(result))[0])


# ---------------------------------------------------------------- what was found

@dataclass(frozen=True, eq=False)
class Followed:
    """A case as far as it was seen.

    now: the last quarter in which something was seen. standing: one row a quarter seen: for C, G, T, the share of
    municipalities in each future, services and adopters the mean and the ends of 80 and 95 % (C_low_95, ...), as was known
    then. filtered: one row a quarter seen: how the data came in (expected, evidence, degrees, effective, moved, distinct).
    path: float64[particles, now + 1, 2], C and G of every particle since the start. draws: one row a particle, what is
    uncertain. before, holds: bool[2, particles], whether the target is reached without the rest of the plan and with it,
    before anything was seen and now.
    """

    case: Case
    plan: Policy
    target: Condition
    needed: float
    seed: int
    now: int
    standing: pd.DataFrame
    filtered: pd.DataFrame
    path: np.ndarray
    draws: pd.DataFrame
    prior: pd.DataFrame
    before: np.ndarray
    holds: np.ndarray

    def chances(self, when: str = "now") -> tuple[Chance, Chance]:
        """(without the rest of the plan, with it): the chance of the target "now" or "before"; intervals count only
        particles that differ."""
        held = self.holds if when == "now" else self.before
        count = int(self.filtered["distinct"].iloc[-1]) if when == "now" else held.shape[1]
        return _thinned(held[0], count), _thinned(held[1], count)

    @property
    def verdict(self) -> str:
        """"holds", "fails" or "open": whether the chance with the plan is surely as high as is needed, or surely not."""
        with_it = self.chances()[1]
        return "holds" if with_it.low >= self.needed else "fails" if with_it.high < self.needed else "open"

    @cached_property
    def learnt(self) -> pd.DataFrame:
        """One row a parameter: its mean and spread before and now, the ends of 95 % now, and narrowing (spread now over
        before); what the data narrowed most comes first."""
        import pandas as pd

        rows = []
        for name in self.draws:
            now, before = self.draws[name], self.prior[name]
            if now.dtype.kind in "fiu" and before.std() > 0:
                rows.append({"parameter": name, "title": PARAMETERS[name].title if name in PARAMETERS else name,
                             "mean_before": before.mean(), "sd_before": before.std(), "mean": now.mean(), "sd": now.std(),
                             "low_95": now.quantile(0.025), "high_95": now.quantile(0.975),
                             "narrowing": now.std() / before.std()})
        return pd.DataFrame(rows).sort_values("narrowing", kind="stable", ignore_index=True)

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """What is kept in a folder, by name."""
        return {"standing": self.standing, "filtered": self.filtered, "learnt": self.learnt, "draws": self.draws}

    def again(self, scenario: Scenario, plan: str | None, moves: int, municipalities: str | None,
              text: Text = IN_ENGLISH) -> dict[str, Any]:
        """What it takes to follow the case again, as a folder's manifest has it, and what was found in a language.

        scenario, plan: as they were asked, the plan apart. municipalities: their CSV, None for the usual ones.
        """
        rows = [{**asdict(one), "error": one.error if np.isfinite(one.error) else None} for one in self.case.seen]
        return {"worlds": self.case.worlds.worlds, "worlds_toml": self.case.worlds.to_toml(),
                "scenario": scenario.to_toml(), "plan": plan, "target": str(self.target), "chance": self.needed,
                "seed": self.seed, "moves": moves, "now": self.now, "seen": rows, "municipalities": municipalities,
                "sentences": self.said(text)}

    @property
    def structures(self) -> pd.DataFrame:
        """One row a value of each structural alternative: its chance before and now."""
        import pandas as pd

        rows = [{"alternative": name, "value": str(value), "before": float((self.prior[name] == value).mean()),
                 "now": float((self.draws[name] == value).mean())}
                for name, values in self.case.worlds.alternatives.items() for value in values]
        return pd.DataFrame(rows, columns=["alternative", "value", "before", "now"])

    def taken_together(self, count: int, seed: int) -> dict[str, np.ndarray]:
        """Draws of the parameters, for `Worlds(posterior=...)`."""
        return _drawn(self.draws, count, seed)

    @property
    def sentences(self) -> list[str]:
        """Where it stands, how sure that is, whether the plan holds, and what was unexpected."""
        return self.said()

    def said(self, text: Text = IN_ENGLISH) -> list[str]:
        """The sentences, in a language."""
        odd = self.unexpected(text)
        return [self._stands(text), self._whether(text),
                text("report.follow_at_first", before=self.chances("before")[1].said(text)), *([odd] if odd else []),
                self._told_most(text)]

    def unexpected(self, text: Text = IN_ENGLISH) -> str:
        """That what was seen lay beyond what the worlds foresaw, and when first; '' where it did not."""
        odd = self.filtered[self.filtered["surprise"] < 0.05]
        return text("report.follow_odd", quarter=int(odd.iloc[0]["quarter"])) if len(odd) else ""

    def _stands(self, text: Text) -> str:
        last = self.standing.iloc[-1]
        where = max(REGIMES, key=lambda name: last[name])
        sides = {name: text("report.interval", **{part: text.number(last[f"{name}{end}"], 2) for part, end in (
            ("mean", ""), ("low", "_low_95"), ("high", "_high_95"))}) for name in ("C", "G")}
        return text("report.follow_stands", quarter=self.now, future=text.title("start", where),
                    sure=text.percent(last[f"most_in_{where}"]), **sides)

    def _whether(self, text: Text) -> str:
        """Whether the plan holds; without one, the chance as things go."""
        without, with_it = self.chances()
        goal = words(self.target, text)
        if not self.plan.levers:
            return text("report.follow_as_things_go", goal=goal, with_it=with_it.said(text))
        verdict = self.verdict if self.verdict != "fails" else (
            "no_longer" if self.chances("before")[1].share >= self.needed else "short")
        return text("report.follow_plan", verdict=text(f"report.follow_{verdict}"), goal=goal, plan=self.plan.title,
                    with_it=with_it.said(text), without=without.said(text), needed=text.percent(self.needed))

    def _told_most(self, text: Text) -> str:
        most = self.learnt[self.learnt["narrowing"] < 0.8].head(3)
        told = [text("report.follow_learnt_item", parameter=parameter_named(row.parameter, text),
                     **{end: text.typed(float(f"{getattr(row, f'{end}_95'):.2g}")) for end in ("low", "high")})
                for row in most.itertuples()]
        return text("report.follow_learnt", said=text("report.semicolon").join(told)) if told else text(
            "report.follow_learnt_little")

    def __repr__(self) -> str:
        return "\n".join(self.sentences)


def _thinned(held: np.ndarray, count: int) -> Chance:
    """The chance, its interval as of so many particles."""
    share = float(held.mean())
    made = chance(np.arange(count) < round(share * count))
    return replace(made, successes=int(held.sum()), n=len(held))


def _drawn(draws: pd.DataFrame, count: int, seed: int) -> dict[str, np.ndarray]:
    at = of_draws(count, len(draws), seed)
    return {str(name): draws[name].to_numpy(np.float64)[at] for name in draws
            if str(name) in PARAMETERS and draws[name].dtype.kind in "fiub"}


@dataclass(frozen=True, eq=False)
class Kept:
    """The draws of a folder that `letsdance follow` wrote."""

    draws: pd.DataFrame

    def taken_together(self, count: int, seed: int) -> dict[str, np.ndarray]:
        """As `Followed.taken_together`."""
        return _drawn(self.draws, count, seed)


def load(folder: str | Path) -> Kept:
    """What a folder of `letsdance follow` holds for `Worlds(posterior=...)`. Refused for anything else."""
    from letsdance.experiments import manifests
    from letsdance.experiments.unpacked import read_table

    place = files.named(folder)
    manifests.read(place, "follow")
    try:
        return Kept(read_table(place / "draws.parquet"))
    except Refused:
        raise
    except Exception as error:  # whatever a damaged file makes pyarrow say
        raise Refused("{place} is damaged ({kind_of}); follow the case again.", place=place,
                      kind_of=type(error).__name__) from None


# ---------------------------------------------------------------- following

def make_case(seen: SeenLike, scenario: ScenarioLike = "lone_ranger", plan: str | Policy | None = None,
              worlds: Worlds | None = None, municipalities: MunicipalitiesLike | None = None,
              threads: int | None = None) -> tuple[Case, Policy]:
    """The case and its plan, checked; words as in `follow`."""
    told = read_seen(seen)
    policy = Policy(title=NO_PLAN) if plan is None else read_policy(plan) if isinstance(plan, str) else plan
    scenario = policy.on(scenarios.load(policy.start or scenario))
    there = worlds or Worlds(2000, within="30%")
    if told[-1].quarter >= scenario.quarters:
        raise Refused("quarter {quarter} was seen, which is not before the horizon of {horizon}; raise quarters.",
                      quarter=told[-1].quarter, horizon=scenario.quarters)
    fixed = {*there.parameters, *there.posterior_values, *there.alternatives, *scenario.parameters}
    start = {name: _PLANE for name in ("C0", "G0") if name not in fixed}
    there = replace(there, parameters={**there.parameters, **start})
    towns = places.of(scenario, municipalities)
    return Case(scenario, there, towns, told, cores() if threads is None else threads), policy


def follow(seen: SeenLike, scenario: ScenarioLike = "lone_ranger", plan: str | Policy | None = None,
           worlds: Worlds | None = None, target: str | Condition = MAJORITY, needed: float = 0.8, seed: int = 1,
           municipalities: MunicipalitiesLike | None = None, moves: int = 1, threads: int | None = None,
           progress: Callable[[int], None] | None = None, between: Callable[[int], None] | None = None,
           keep: str | Path | None = None, executor: ExecutorLike = None) -> Followed:
    """Where a case stands by what was seen, how sure that is, and whether its plan still holds.

    seen: a table or its file: quarter, signal, value, and n people asked or error, a standard error, for what people say
    (support, trust, use, officials). plan: a policy such as "outreach: OUT@9+20"; what of it lies before now has been done.
    worlds: what is uncertain (2,000 particles within 30 % unless said); where the start lies on the plane is uncertain too,
    unless worlds or the scenario name C0 and G0. target, needed: what is wanted, and with what chance. moves: the most
    proposals for each particle at each degree. progress: hears of each quarter seen, and twice of what is to come. between:
    as of `Case`. keep, executor: as in `Worlds.compare`. Equal seeds give equal numbers, whatever the threads. Raises
    `Refused`.

    >>> seen = pd.DataFrame({"quarter": [2, 4], "signal": "support", "value": [0.6, 0.62], "n": 400})
    >>> found = ld.follow(seen, ld.load_scenario("lone_ranger").changed(quarters=8), worlds=ld.Worlds(50, "20%"))
    >>> found.now
    4
    """
    import pandas as pd

    asked = parse_condition(target)
    check_whole("seed", seed, 0, 2**62)
    check_whole("moves", moves, 1, 100)
    if isinstance(needed, bool) or not isinstance(needed, int | float) or not 0.0 < needed < 1.0:
        raise Refused("the chance that is needed must lie between 0 and 1, not {needed!r}.", needed=needed)
    case, policy = make_case(seen, scenario, plan, worlds, municipalities, threads)
    case = replace(case, between=between) if between else case
    if keep is not None or executor is not None:
        case = replace(case, pieces=Pieces(case.threads if executor is None else None, executor, keep, lambda: {
            "scenario": case.scenario.to_toml(), "seen": repr(case.seen), "target": str(asked), "seed": seed,
            "moves": moves, "worlds": case.worlds.worlds, "uncertain": case.names,
            "municipalities": places.to_csv(case.towns),
            "mechanisms": sources([case.scenario], case.worlds.alternatives.get("mechanism", ()))}))
    if (asked.outcome.last or 0) > case.scenario.quarters:
        raise Refused("{asked} looks at quarter {last}, after the horizon of {quarters}; name an earlier quarter or raise "
                      "quarters.", asked=asked.outcome, last=asked.outcome.last, quarters=case.scenario.quarters)
    step = progress or (lambda count: None)
    rng = np.random.default_rng(np.random.SeedSequence([seed, _PURPOSE]))
    cloud = particles.begin(case.worlds.worlds, len(case.names), case.scenario.quarters, rng)
    first = pd.DataFrame(case.worlds_at(cloud.z))

    def reached(after: int) -> np.ndarray:
        """bool[2, particles]: without what of the plan lies after a quarter, and with it; run once where they are one."""
        stopped, with_it = _stopped(case.scenario, policy, after), case.holds(cloud.z, cloud.luck, case.scenario, asked)
        same = stopped.levers == case.scenario.levers
        return np.stack([with_it if same else case.holds(cloud.z, cloud.luck, stopped, asked), with_it])

    before = reached(0)
    step(1)
    standing, filtered = taken_in(case, cloud, rng, moves, step)
    now = case.seen[-1].quarter
    holds = reached(now)
    step(1)
    path = cloud.traces[:, :, [case.kept.index("C"), case.kept.index("G")]]
    return Followed(replace(case, between=Case.between), policy, asked, float(needed), seed, now, standing, filtered, path,
                    pd.DataFrame(case.worlds_at(cloud.z)), first, before, holds)


def taken_in(case: Case, cloud: Cloud, rng: np.random.Generator, moves: int,
             step: Callable[[int], None]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Let a cloud know all that was seen, quarter by quarter: (standing, filtered) of `Followed`."""
    import pandas as pd

    standing, filtered = [], []
    for quarter in sorted({one.quarter for one in case.seen}):
        taken = particles.take_in(cloud, quarter, case.likelihood(quarter), case.simulate, rng, moves, case.start)
        standing.append({"quarter": quarter, **_standing(case, cloud, quarter)})
        filtered.append({"quarter": quarter, **_told(case, taken, quarter)})
        step(1)
    return pd.DataFrame(standing), pd.DataFrame(filtered)


def recover(case: Case, repetitions: int, seed: int = 1, moves: int = 1,
            progress: Callable[[int], None] | None = None) -> pd.DataFrame:
    """Synthetic cities of the same kind, followed as the case is (Cook, Gelman and Rubin 2006; Talts et al. 2018): a world,
    a start and luck drawn from what is uncertain, seen in the same quarters with the same errors.

    One row a repetition and thing told of where the city stands at last: parameter (its name), truth, mean, low and high of
    80 and 95 %, rank (share of particles below the truth, ties half). `abc_smc.coverage` counts how often intervals hold.
    """
    import pandas as pd

    rows, M, now = [], len(case.towns), case.seen[-1].quarter
    for repetition in range(repetitions):
        rng = np.random.default_rng(np.random.SeedSequence([seed, _PURPOSE, repetition + 1]))
        truth = particles.begin(1, len(case.names), case.scenario.quarters, rng)
        trace = case.simulate(truth.z, truth.luck, now)[0]
        there = np.array([[trace[one.quarter, case.kept.index(one.signal)] for one in case.seen]])
        values = answered(case.seen, there, M, rng.standard_normal(there.shape))[0]
        seen = [replace(one, value=float(value)) for one, value in zip(case.seen, values, strict=True)
                if np.isfinite(value)]
        city = replace(case, seen=tuple(seen))
        cloud = particles.begin(case.worlds.worlds, len(case.names), case.scenario.quarters, rng)
        standing, _ = taken_in(city, cloud, rng, moves, lambda count: None)
        for name in ("C", "G", "T", "services"):
            values, true = cloud.traces[:, now, city.kept.index(name)], float(trace[now, case.kept.index(name)])
            rows.append({"repetition": repetition, "parameter": name, "truth": true, "mean": float(values.mean()),
                         "rank": float((values < true).mean() + 0.5 * (values == true).mean()),
                         **{end: float(standing[f"{name}_{end}"].iloc[-1]) for level in LEVELS
                            for end in (f"low_{100 * level:.0f}", f"high_{100 * level:.0f}")}})
        if progress:
            progress(1)
    return pd.DataFrame(rows)


def steps(case_seen: Sequence[Seen]) -> int:
    """How often `follow` calls progress."""
    return len({one.quarter for one in case_seen}) + 2


def _stopped(scenario: Scenario, policy: Policy, now: int) -> Scenario:
    """The scenario in which nothing of the policy acts after a quarter; what acted by then is as it was."""
    mine, kept = list(policy.levers), []
    for use in scenario.levers:
        if use in mine:
            mine.remove(use)
            if use.start > now:
                continue
            use = replace(use, duration=min(use.duration or 10**6, now - use.start + 1))
        kept.append(use)
    return replace(scenario, levers=tuple(kept))


def _standing(case: Case, cloud: Cloud, quarter: int) -> dict[str, float]:
    said: dict[str, float] = {}
    for name in case.kept:
        values = cloud.traces[:, quarter, case.kept.index(name)]
        values = values[np.isfinite(values)] if np.isfinite(values).any() else np.full(1, np.nan)
        said[name] = float(values.mean())
        for level in LEVELS:
            low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
            said |= {f"{name}_low_{100 * level:.0f}": float(low), f"{name}_high_{100 * level:.0f}": float(high)}
    most = np.stack([cloud.traces[:, quarter, case.kept.index(name)] for name in REGIMES]).argmax(axis=0)
    return said | {f"most_in_{name}": float((most == k).mean()) for k, name in enumerate(REGIMES)}


def _told(case: Case, taken: Taken, quarter: int) -> dict[str, float]:
    """How a quarter's data came in. surprise: the chance, before them, of data that lie as far from their middle."""
    from scipy.special import ndtr

    M, far = len(case.towns), []
    for one, true, before in case.waves(quarter, taken.expected):
        away = one.away(true, M, before)[0]
        away = away[np.isfinite(away)]
        if len(away):
            below = float(ndtr(away).mean())
            far.append(2.0 * min(below, 1.0 - below))
    surprise = min(1.0, len(far) * min(far)) if far else 1.0  # of several at once (Bonferroni)
    return {"surprise": surprise, "evidence": taken.evidence, "degrees": taken.degrees, "effective": taken.effective,
            "moved": taken.moved, "distinct": taken.distinct}


__all__ = ["Case", "Followed", "Kept", "follow", "load", "make_case", "recover", "steps"]
