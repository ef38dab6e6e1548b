"""Answers over worlds: policies, the wind tunnel, the map of starts and reasons, in every world on the same seeds.

The headline is the mean over worlds and luck with an interval for both; beside it how often a policy is the better one, the
worst world, the worst tenth and regret; luck is told apart from not knowing (`parts_of_luck`), and which assumptions move
the answer is told by rank correlations that hold for all parameters together (Holm 1979).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from letsdance import scenarios
from letsdance.experiments.compare import PoliciesLike, Policy, policies
from letsdance.experiments.outcomes import Outcome, parse
from letsdance.experiments.paired import Interval
from letsdance.experiments.parts_of_luck import Parts, mean_over, parts
from letsdance.experiments.precision import bounds
from letsdance.experiments.success import Chance, chance
from letsdance.experiments.windtunnel import CALM, less_is_better, planned
from letsdance.experiments.worlds import Worlds, each, outcomes
from letsdance.params import PARAMETERS, Refused, check_whole, nearest
from letsdance.scenarios import Acting, Scenario, ScenarioLike
from letsdance.simulation import schedule
from letsdance.simulation.municipalities import MunicipalitiesLike
from letsdance.simulation.rules.regimes import REGIMES
from letsdance.simulation.run import Result

if TYPE_CHECKING:
    import pandas as pd

#: The share of worlds that "the worst tenth" is, and the level at which an assumption is told to move an answer.
TENTH, TOLD = 0.1, 0.05


# ---------------------------------------------------------------- which assumptions move an answer

def moving(table: pd.DataFrame, value: np.ndarray) -> pd.DataFrame:
    """Which assumptions a world's value moves with, strongest first.

    table: one row a world. value: float64[W], NaN where it was not measured. One row an assumption (a choice that is no
    number: one row a value of it, name=value): rank, Spearman's rank correlation; p, its chance, held against all
    assumptions together (Holm 1979); low, high, the mean of the value in the thirds of worlds with its lowest and highest
    values; to, from_: where these thirds end and begin.
    """
    import pandas as pd
    from scipy.stats import rankdata, t

    known = np.isfinite(value)
    n, rows = int(known.sum()), []
    if n < 6 or np.ptp(value[known]) == 0.0:
        return pd.DataFrame(columns=["assumption", "rank", "p", "low", "high", "to", "from_"])
    y = value[known]
    of_y = rankdata(y)
    for name, column in numbers(table):
        x = column[known]
        if np.ptp(x) == 0.0:
            continue
        r = float(np.corrcoef(rankdata(x), of_y)[0, 1])
        size = min(abs(r), 1.0 - 1e-12)
        p = 2.0 * float(t.sf(size * np.sqrt((n - 2) / (1.0 - size**2)), n - 2))
        ends = np.quantile(x, [1 / 3, 2 / 3], method="nearest")
        if ends[0] == ends[1]:  # of few values: the lowest and the highest
            ends = np.array([x[x < x.max()].max(), x.max()])
        rows.append({"assumption": name, "rank": r, "p": p, "low": float(y[x <= ends[0]].mean()),
                     "high": float(y[x >= ends[1]].mean()), "to": float(ends[0]), "from_": float(ends[1])})
    found = pd.DataFrame(rows).sort_values("p", kind="stable", ignore_index=True)
    found["p"] = np.minimum(np.maximum.accumulate(found["p"] * (len(found) - np.arange(len(found)))), 1.0)
    return found


def numbers(table: pd.DataFrame) -> list[tuple[str, np.ndarray]]:
    """Every assumption as numbers; a choice as 0 or 1 for each of its values."""
    found: list[tuple[str, np.ndarray]] = []
    for name in map(str, table.columns):
        column = table[name]
        if column.dtype.kind in "fiub":
            found.append((name, column.to_numpy(np.float64)))
        else:
            words = column.astype(str)
            found += [(f"{name}={value}", (words == value).to_numpy(np.float64)) for value in sorted(words.unique())]
    return found


# ---------------------------------------------------------------- policies over worlds

@dataclass(frozen=True, eq=False)
class OverWorlds:
    """Policies in every world. values: float64[policy, world, run] of the outcome; table: one row a world, what it is.

    Every world and policy met the seeds seed, seed + 1, ...; differences are from the reference, in the same world and run.
    """

    asked: Worlds
    table: pd.DataFrame
    stories: Mapping[str, Scenario]
    reference: str
    outcome: Outcome
    less: bool
    seed: int
    values: np.ndarray

    @property
    def worlds(self) -> int:
        """How many worlds."""
        return int(self.values.shape[1])

    @property
    def runs(self) -> int:
        """How many runs of each policy in each world."""
        return int(self.values.shape[2])

    @property
    def quarters(self) -> int:
        """The last quarter."""
        return self.stories[self.reference].quarters

    @property
    def others(self) -> tuple[str, ...]:
        """The policies that are held against the reference."""
        return tuple(name for name in self.stories if name != self.reference)

    def level(self, policy: str) -> np.ndarray:
        """float64[world, run]: a policy's outcome."""
        if policy not in self.stories:
            raise Refused("there is no policy {policy!r} in this comparison.{near} Known: {known}.", policy=policy,
                          near=nearest(policy, self.stories), known=", ".join(self.stories))
        return np.asarray(self.values[list(self.stories).index(policy)])

    def difference(self, policy: str) -> np.ndarray:
        """float64[world, run]: the outcome less the reference's."""
        return self.level(policy) - self.level(self.reference)

    @property
    def reach(self) -> float | None:
        """How far values can lie apart; None where nothing bounds them."""
        within = bounds(self.outcome)
        return None if within is None else within[1] - within[0]

    def effect(self, policy: str) -> Interval:
        """The mean difference over worlds and luck, with a 95 % interval for both."""
        return mean_over(self.difference(policy), self.reach)

    def parts(self, policy: str) -> Parts:
        """What of a run's difference from the reference is luck, and what is not knowing."""
        return parts(self.difference(policy))

    def better(self, policy: str) -> tuple[Chance, Chance, Chance]:
        """In what share of worlds the policy is better than the reference, worse, and clearly better (by the interval of
        that world's runs): of worlds in which both were measured."""
        gain = (-1.0 if self.less else 1.0) * self.difference(policy)
        means = world_means(gain)
        known = np.isfinite(means)
        clear = np.array([mean_interval(g) > 0.0 for g in gain[known]])
        return chance(means[known] > 0.0), chance(means[known] < 0.0), chance(clear)

    @cached_property
    def regret(self) -> np.ndarray:
        """float64[policy, world]: how much better the best of these policies is in that world (Savage 1951)."""
        good = (-1.0 if self.less else 1.0) * np.stack([world_means(self.level(name)) for name in self.stories])
        return np.asarray(good.max(axis=0) - good)

    @cached_property
    def summary(self) -> pd.DataFrame:
        """One row a policy, the reference first: its level over worlds, and how it stands against the reference.

        mean, low, high: over worlds and luck; worst: the worst world; worst_tenth: the mean of the worst tenth of worlds;
        difference, difference_low, difference_high; better, worse, clearly_better: shares of worlds, better with its
        interval; regret, largest_regret: over worlds; points: what levers cost beyond the reference's; not_knowing: the
        part of a run's variance that is not luck, with its interval.
        """
        import pandas as pd

        rows = []
        for k, name in enumerate([self.reference, *self.others]):
            level, sign = self.level(name), -1.0 if self.less else 1.0
            e, means = mean_over(level, self.reach), world_means(level)
            row: dict[str, Any] = {"policy": name, "mean": e.mean, "low": e.low, "high": e.high,
                                   "worst": sign * float(np.nanmin(sign * means)) if np.isfinite(means).any() else np.nan,
                                   "worst_tenth": sign * tenth(sign * means)}
            regret = self.regret[list(self.stories).index(name)]
            row |= {"regret": mean(regret), "largest_regret": float(np.nanmax(regret, initial=-np.inf))
                    if np.isfinite(regret).any() else np.nan}
            if k:
                d, (up, down, clear), luck = self.effect(name), self.better(name), self.parts(name).not_knowing
                row |= {"difference": d.mean, "difference_low": d.low, "difference_high": d.high, "better": up.share,
                        "better_low": up.low, "better_high": up.high, "worse": down.share, "clearly_better": clear.share,
                        "points": self.points(name), "not_knowing": luck.value, "not_knowing_low": luck.low,
                        "not_knowing_high": luck.high}
            rows.append(row)
        return pd.DataFrame(rows)

    def where(self, policy: str) -> pd.DataFrame:
        """Which assumptions the policy's difference moves with; see `moving`."""
        return moving(self.table, world_means(self.difference(policy)))

    @cached_property
    def by_world(self) -> pd.DataFrame:
        """One row a world: what it is, then each policy's mean outcome and regret in it."""
        columns = {"world": np.arange(self.worlds)}
        for k, name in enumerate(self.stories):
            columns |= {f"mean {name}": world_means(self.level(name)), f"regret {name}": self.regret[k]}
        return self.table.assign(**columns)

    @cached_property
    def by_run(self) -> pd.DataFrame:
        """One row a policy, world and run: the outcome."""
        import pandas as pd

        P, W, R = self.values.shape
        return pd.DataFrame({"policy": np.repeat(list(self.stories), W * R),
                             "world": np.tile(np.repeat(np.arange(W), R), P),
                             "run": np.tile(np.arange(R), P * W), "seed": np.tile(np.arange(R) + self.seed, P * W),
                             str(self.outcome): self.values.ravel()})

    def points(self, policy: str) -> float:
        """Points that a policy's levers cost over the horizon beyond those of the reference."""
        spent = [schedule.build(self.stories[name]).spent for name in (policy, self.reference)]
        return spent[0] - spent[1]

    def __repr__(self) -> str:
        shown = ["policy", "mean", "worst_tenth", "difference", "better", "worse", "largest_regret"]
        return (f"{self.outcome} in {self.asked}, {self.runs} paired runs each\n"
                f"{self.summary.reindex(columns=shown).round(3).to_string(index=False)}")


def world_means(values: np.ndarray) -> np.ndarray:
    """float64[W]: the mean of values[W, R] over what was measured; NaN where nothing was."""
    known = np.isfinite(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(known, values, 0.0).sum(axis=1) / known.sum(axis=1))


def mean_interval(values: np.ndarray) -> float:
    """The lower end of the t interval of values[R]; -inf where fewer than two were measured."""
    from letsdance.experiments.paired import interval

    values = values[np.isfinite(values)]
    return interval(values).low if len(values) > 1 else -np.inf


def mean(values: np.ndarray) -> float:
    """The mean of what was measured."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else np.nan


def tenth(values: np.ndarray) -> float:
    """The mean of the lowest tenth (at least one) of what was measured."""
    known = np.sort(values[np.isfinite(values)])
    return float(known[:max(1, round(TENTH * len(known)))].mean()) if len(known) else np.nan


def compare(worlds: Worlds, given: PoliciesLike, runs: int, seed: int, quarters: int | None,
            municipalities: MunicipalitiesLike | None, against: str | None, start: ScenarioLike | None,
            outcome: str | Outcome, better: str | None, threads: int | None = None,
            progress: Callable[[int], None] | None = None) -> OverWorlds:
    """As `Worlds.compare`."""
    stories = policies(given, start, quarters)
    reference = next(iter(stories)) if against is None else against
    if reference not in stories:
        raise Refused("there is no policy {reference!r} to compare against.{near} Known: {known}.", reference=reference,
                      near=nearest(reference, stories), known=", ".join(stories))
    if better not in (None, "more", "less"):
        raise Refused("better must be more or less, not {better!r}.", better=better)
    asked = parse(outcome)
    _within(asked, next(iter(stories.values())).quarters)
    table = worlds.table(*stories.values())
    values = outcomes(list(stories.values()), table, [asked], runs, seed, municipalities, threads, progress)[0]
    less = less_is_better(asked) if better is None else better == "less"
    return OverWorlds(worlds, table, stories, reference, asked, less, seed, values)


def _within(asked: Outcome, quarters: int) -> None:
    """Refuse what lies after the horizon before anything runs."""
    if asked.first is not None and (asked.last or asked.first) > quarters:
        raise Refused("{asked} looks at quarter {last}, after the horizon of {quarters}; name an earlier quarter or raise "
                      "quarters.", asked=asked, last=asked.last, quarters=quarters)


# ---------------------------------------------------------------- the wind tunnel over worlds

@dataclass(frozen=True, eq=False)
class Tunnel:
    """One portfolio in every start, shock and world. values: float64[start and shock, 2, world, run], without and with it;
    cells: the start and shock of each."""

    asked: Worlds
    table: pd.DataFrame
    portfolio: Policy
    outcome: Outcome
    starts: Mapping[str, Scenario]
    cells: tuple[tuple[str, str], ...]
    at: int
    less: bool
    seed: int
    values: np.ndarray

    @property
    def worlds(self) -> int:
        """How many worlds."""
        return int(self.values.shape[2])

    @property
    def runs(self) -> int:
        """How many runs without and with it, in each cell and world."""
        return int(self.values.shape[3])

    def difference(self, start: str, shock: str = CALM) -> np.ndarray:
        """float64[world, run]: with the portfolio less without it."""
        k = self.cells.index((start, shock))
        return np.asarray(self.values[k, 1] - self.values[k, 0])

    @cached_property
    def summary(self) -> pd.DataFrame:
        """One row a start and shock: without, with_it (means over worlds), difference with its interval, the shares of
        worlds in which the portfolio is better and worse, the worst tenth of worlds with it, the mean and the largest
        regret (how much better going without it is in a world), and not_knowing, the part of a run's variance that is not
        luck."""
        import pandas as pd

        within, sign, rows = bounds(self.outcome), -1.0 if self.less else 1.0, []
        for (start, shock), (without, with_it) in zip(self.cells, self.values, strict=True):
            d = with_it - without
            e = mean_over(d, None if within is None else within[1] - within[0])
            gain = sign * world_means(d)
            known = gain[np.isfinite(gain)]
            up = chance(known > 0.0) if len(known) else Chance(0, 1, 0.0, 1.0)
            rows.append({
                "start": start, "shock": shock, "without": mean(without), "with_it": mean(with_it), "difference": e.mean,
                "low": e.low, "high": e.high, "worlds": e.n, "better": up.share, "better_low": up.low,
                "better_high": up.high, "worse": float((known < 0.0).mean()) if len(known) else np.nan,
                "worst_tenth": sign * tenth(sign * world_means(with_it)), "regret": mean(np.maximum(-known, 0.0)),
                "largest_regret": float(np.maximum(-known, 0.0).max(initial=0.0)),
                "not_knowing": parts(d).not_knowing.value})
        return pd.DataFrame(rows)

    def where(self, start: str, shock: str = CALM) -> pd.DataFrame:
        """Which assumptions the difference moves with in a cell; see `moving`."""
        return moving(self.table, world_means(self.difference(start, shock)))

    def __repr__(self) -> str:
        return (f"{self.portfolio.name}: {self.outcome} in {self.asked}, {self.runs} paired runs a cell and world\n"
                f"{self.summary.round(2).to_string(index=False)}")


def wind_tunnel(worlds: Worlds, portfolio: str | Policy, starts: Sequence[ScenarioLike], shocks: Sequence[str] | None,
                at: int, outcome: str | Outcome, runs: int, seed: int, quarters: int | None, better: str | None,
                municipalities: MunicipalitiesLike | None, threads: int | None = None,
                progress: Callable[[int], None] | None = None) -> Tunnel:
    """As `Worlds.wind_tunnel`."""
    made = planned(portfolio, starts, shocks, at, outcome, quarters, better)
    stories = [story for pair in made.cells.values() for story in pair]
    table = worlds.table(*stories)
    values = outcomes(stories, table, [made.outcome], runs, seed, municipalities, threads, progress)[0]
    shaped = values.reshape(len(made.cells), 2, len(table), runs)
    return Tunnel(worlds, table, made.policy, made.outcome, made.starts, tuple(made.cells), at, made.less, seed, shaped)


# ---------------------------------------------------------------- the map of starts over worlds

@dataclass(frozen=True, eq=False)
class Plane:
    """Where starts lead, in every world. starts: float64[n]; shares: float64[n, n, world, run, 4], the share of
    municipalities in each regime at the end; assumed: the same in the world that is assumed, float64[n, n, run, 4]. First
    axis: C."""

    asked: Worlds
    table: pd.DataFrame
    starts: np.ndarray
    quarters: int
    seed: int
    shares: np.ndarray
    assumed: np.ndarray

    @cached_property
    def same(self) -> np.ndarray:
        """float64[n, n]: in what share of worlds most municipalities end in the regime where most end as assumed."""
        there, here = self.shares.mean(axis=3).argmax(axis=3), self.assumed.mean(axis=2).argmax(axis=2)
        return np.asarray((there == here[:, :, None]).mean(axis=2))

    @property
    def sizes(self) -> pd.DataFrame:
        """One row a regime: the share of the plane that leads there as assumed, the mean over worlds with its interval, and
        between which shares nine of ten worlds lie."""
        import pandas as pd

        by_world = self.shares.mean(axis=(0, 1))
        rows = []
        for k, name in enumerate(REGIMES):
            e, means = mean_over(by_world[:, :, k], 1.0), by_world[:, :, k].mean(axis=1)
            low, high = np.quantile(means, [0.05, 0.95])
            rows.append({"regime": name, "assumed": float(self.assumed.mean(axis=(0, 1, 2))[k]), "mean": e.mean,
                         "low": e.low, "high": e.high, "nine_of_ten_from": float(low), "nine_of_ten_to": float(high)})
        return pd.DataFrame(rows)

    @property
    def frame(self) -> pd.DataFrame:
        """One row a start: C, G, the mean share of each regime over worlds, the regime as assumed, and the share of worlds
        that agree with it."""
        import pandas as pd

        C, G = np.meshgrid(self.starts, self.starts, indexing="ij")
        means = self.shares.mean(axis=(2, 3))
        here = self.assumed.mean(axis=2).argmax(axis=2)
        return pd.DataFrame({"C": C.ravel(), "G": G.ravel(), **{name: means[:, :, k].ravel() for k, name in
                                                                enumerate(REGIMES)},
                             "assumed": np.array(REGIMES)[here.ravel()], "same": self.same.ravel()})

    def where(self, regime: str) -> pd.DataFrame:
        """Which assumptions the size of a regime's part of the plane moves with; see `moving`."""
        if regime not in REGIMES:
            raise Refused("there is no regime {regime!r}.{near} Known: {known}.", regime=regime,
                          near=nearest(regime, REGIMES), known=", ".join(REGIMES))
        return moving(self.table, self.shares.mean(axis=(0, 1, 3))[:, REGIMES.index(regime)])

    def __repr__(self) -> str:
        n = len(self.starts)
        return (f"{n} x {n} starts in {self.asked}; a world agrees with the assumed one at {self.same.mean():.0%} of "
                f"starts on average\n{self.sizes.round(2).to_string(index=False)}")


def basins(worlds: Worlds, scenario: ScenarioLike, grid: int, quarters: int, runs: int, seed: int,
           threads: int | None = None, progress: Callable[[int], None] | None = None, **changes: Unpack[Acting]) -> Plane:
    """As `Worlds.basins`."""
    check_whole("grid", grid, 2, 101)
    story = scenarios.load(scenario).changed(quarters=quarters, **changes)
    fixed = [name for name in ("C0", "G0") if name in story.parameters or name in worlds.parameters
             or name in worlds.posterior_values]
    if fixed:
        raise Refused("the basin map starts everywhere on the plane, so {fixed} cannot be set; take it out.",
                      fixed=" and ".join(fixed))
    starts = np.linspace(0.05, 0.95, grid)
    stories = [replace(story, C=float(C), G=float(G)) for C in starts for G in starts]
    table = worlds.table(story)
    shares = np.zeros((len(stories), len(table), runs, len(REGIMES)))
    assumed = np.zeros((len(stories), 1, runs, len(REGIMES)))

    def keep(into: np.ndarray) -> Callable[[int, int, Result], None]:
        def one(w: int, k: int, result: Result) -> None:
            into[k, w] = np.stack([result.rows[name][:, -1] for name in REGIMES], axis=1)
        return one

    each(stories, table, runs, seed, keep(shares), None, threads, progress)
    each(stories, table.iloc[:1, :0], runs, seed, keep(assumed), None, threads, progress)
    return Plane(worlds, table, starts, quarters, seed, shares.reshape(grid, grid, len(table), runs, -1),
                 assumed.reshape(grid, grid, runs, -1))


# ---------------------------------------------------------------- reasons over worlds

@dataclass(frozen=True, eq=False)
class Explained:
    """What is said of a start as assumed, and in how many worlds the same is so: one row a sentence (about, says, worlds,
    share, low, high). goal: the regime of most municipalities at the end as assumed; ends: float64[world], its share."""

    asked: Worlds
    table: pd.DataFrame
    scenario: Scenario
    runs: int
    goal: str
    ends: np.ndarray
    holds: pd.DataFrame

    def where(self) -> pd.DataFrame:
        """Which assumptions the share that ends in `goal` moves with; see `moving`."""
        return moving(self.table, self.ends)

    @property
    def sentences(self) -> list[str]:
        """Each with the share of worlds in which it holds, and what decides most."""
        said = [f"{self.scenario.title} in {self.asked}, {self.runs} runs each."]
        said += [f"{row.says} Holds in {row.share:.0%} ({row.low:.0%}-{row.high:.0%}) of worlds."
                 for row in self.holds.itertuples()]
        found = self.where()
        told = [f"{PARAMETERS[name].title if name in PARAMETERS else name} ({name}: {low:.0%} in the lowest third of "
                f"worlds, {high:.0%} in the highest)" for name, low, high in
                found.loc[found["p"] < TOLD, ["assumption", "low", "high"]].head(3).itertuples(index=False)]
        title = scenarios.load(self.goal).title
        said.append(f"The share that ends in {title} depends most on {'; '.join(told)}." if told else
                    f"No single assumption is shown to move the share that ends in {title}.")
        return said

    def __repr__(self) -> str:
        return "\n".join(self.sentences)


def explain(worlds: Worlds, scenario: ScenarioLike, runs: int, seed: int, threads: int | None = None,
            progress: Callable[[int], None] | None = None) -> Explained:
    """As `Worlds.explain`."""
    import pandas as pd

    from letsdance.experiments.reasons import FUNNEL, LAST, bottlenecks, pushes

    story = scenarios.load(scenario)
    table = worlds.table(story)
    last = min(LAST, story.quarters)
    kept: dict[int, dict[str, Any]] = {}

    def what(result: Result) -> dict[str, Any]:
        shares = {name: float(result.rows[name][:, -1].mean()) for name in REGIMES}
        said: dict[str, Any] = {"shares": shares, "goal": max(shares, key=lambda name: shares[name])}
        for side in ("citizens", "governments"):
            mine = [one for one in pushes(result, last) if one.side == side]
            for way, sign in (("up", 1.0), ("down", -1.0)):
                strongest = max(mine, key=lambda one, sign=sign: sign * one.push)  # type: ignore[misc]
                said[f"{side} {way}"] = strongest.words if sign * strongest.push > 0.0 else ""
        narrow = bottlenecks(result, last)
        most = max(narrow, key=lambda step: narrow[step])
        said["bottleneck"] = most if narrow[most] > 0 else ""
        return said

    each([story], table.iloc[:1, :0], runs, seed, lambda w, k, result: kept.__setitem__(-1, what(result)), None, 1)
    each([story], table, runs, seed, lambda w, k, result: kept.__setitem__(w, what(result)), None, threads, progress)
    here = kept.pop(-1)
    sentences = {"goal": f"Most municipalities end in {scenarios.load(here['goal']).title}."}
    for side in ("citizens", "governments"):
        for way, words in (("up", "made {side} willing"), ("down", "held {side} back")):
            if here[f"{side} {way}"]:
                sentences[f"{side} {way}"] = f"What most {words.format(side=side)} was {here[f'{side} {way}']}."
    if here["bottleneck"]:
        sentences["bottleneck"] = f"The narrowest step is that {FUNNEL[here['bottleneck']]}."
    rows = []
    for about, says in sentences.items():
        share = chance(np.array([kept[w][about] == here[about] for w in range(len(table))]))
        rows.append({"about": about, "says": says, "worlds": share.n, "share": share.share, "low": share.low,
                     "high": share.high})
    ends = np.array([kept[w]["shares"][here["goal"]] for w in range(len(table))])
    return Explained(worlds, table, story, runs, here["goal"], ends, pd.DataFrame(rows))
