"""What speeds up the late, and what it does to depth: policies on equal luck, by adopter category.

    found = speed("lets_dance", runs=40)            # or speed("my-calibration"): over its posterior
    print("\n".join(sentences(found)))

Every policy meets the same parameter sets, citizens and luck as the case without it; effects are paired differences.
Categories are ex ante, by innovativeness, so a policy does not change who is late. Formal adoption is not use: beside
time and adoption stand depth, giving up, and use by citizens.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance import scenarios
from letsdance.experiments.adopters.calibrate import Calibration, load
from letsdance.experiments.adopters.identification import called, in_waves
from letsdance.experiments.paired import interval
from letsdance.params import Refused, check_whole, nearest
from letsdance.scenarios import HORIZON, STARTS, Scenario
from letsdance.scenarios.policy import Policy, one_horizon, read_policy
from letsdance.simulation import schedule
from letsdance.simulation.rules.adoption import DISCONTINUED
from letsdance.simulation.run import CATEGORIES, Result, simulate
from letsdance.words import IN_ENGLISH, Text

if TYPE_CHECKING:
    import pandas as pd

#: Ex ante categories from the most to the least innovative, and everybody.
GROUPS = (*CATEGORIES, "all")
#: measure -> (unit, title, what it is).
MEASURES = {
    "sooner": ("quarters", "quarters sooner", "mean quarters since governments first adopted; one that never did has "
               "none (a restricted mean: Royston and Parmar, 2011)"),
    "half": ("quarters", "quarters until half have adopted", "the horizon where half never do"),
    "ever": ("share", "have adopted by the end", "governments that ever adopted"),
    "in_use": ("share", "have it in use at the end", "governments that adopted and have not given it up"),
    "given_up": ("share", "gave it up", "of those that ever adopted, who gave it up at least once"),
    "depth": ("share", "depth where in use", "mean depth of use at the end among those that have it in use"),
    "used": ("share", "depth over all governments", "the same over all, 0 where it is not in use: use, not adoption"),
    "citizens": ("share", "citizens who use it", "at the end; told for all governments only"),
}
#: The switched-off mechanism: what imitation does is the case as it is less the same case without it.
IMITATION = "imitation"


def policies(start: int = 8) -> dict[str, str]:
    """What is tried unless said: name -> policy as `read_policy` reads it."""
    return {"mandate": f"MANDATE@{start}", "pilot support": f"PILOT@{start}", "training": f"TRAIN@{start}",
            "change management": f"CHM@{start}", "stories": f"AWARD@{start}",
            "mandate and change management": f"MANDATE@{start}, CHM@{start}",
            "pilots, training and change management": f"PILOT@{start}, TRAIN@{start}, CHM@{start}"}


# ---------------------------------------------------------------- measures of runs

def measures(result: Result) -> dict[str, np.ndarray]:
    """float64[R, 6] each: the measures by `GROUPS`; NaN where a share is of nothing."""
    horizon = float(result.quarters)
    member = np.stack([result.category == c for c in range(len(CATEGORIES))] + [np.ones_like(result.category, bool)],
                      axis=1).astype(np.float64)  # [R, 6, M]
    count = member.sum(axis=2)

    def mean(what: np.ndarray, of: np.ndarray | None = None) -> np.ndarray:
        """Of what[R, M] over the governments in each group (of those in `of`)."""
        weight = member if of is None else member * of[:, None, :]
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray((weight * what[:, None, :]).sum(axis=2) / weight.sum(axis=2))

    on, ever, depth = result.on[:, -1], result.ever[:, -1].astype(np.float64), result.depth[:, -1].astype(np.float64)
    curve = np.einsum("rgm,rtm->rtg", member, result.ever.astype(np.float64)) / np.where(count > 0, count, np.nan)[:, None]
    half = curve >= 0.5
    citizens = np.full((result.runs, len(GROUPS)), np.nan)
    citizens[:, -1] = result.rows["uses"][:, -1]
    return {
        "sooner": mean(horizon - np.where(np.isnan(result.adopted_at), horizon, result.adopted_at)),
        "half": np.where(np.isnan(curve[:, -1]), np.nan,
                         np.where(half.any(axis=1), half.argmax(axis=1), horizon).astype(np.float64)),
        "half_reached": np.where(np.isnan(curve[:, -1]), np.nan, half.any(axis=1)),
        "ever": mean(ever), "in_use": mean(on.astype(np.float64)),
        "given_up": mean((result.stage == DISCONTINUED).any(axis=1).astype(np.float64), ever),
        "depth": mean(depth, on.astype(np.float64)), "used": mean(np.where(on, depth, 0.0)), "citizens": citizens}


# ---------------------------------------------------------------- the study

@dataclass(frozen=True, eq=False)
class Speed:
    """Measures by policy. `values[policy][measure]` is float64[D, 6]: a row a draw (a run, where the case is a scenario).

    points: what each policy's levers cost beyond the case as it is. calibrated: draws are of a posterior.
    """

    case: str
    scenario: Scenario
    quarters: int
    start: int
    draws: int
    runs: int
    seed: int
    calibrated: bool
    values: Mapping[str, Mapping[str, np.ndarray]]
    points: Mapping[str, float]
    told: Mapping[str, str]         # policy -> what it consists of
    known: Calibration | None = None

    #: The case as it is.
    AS_IT_IS = "as it is"

    @property
    def policies(self) -> tuple[str, ...]:
        """All but the case as it is."""
        return tuple(name for name in self.values if name != self.AS_IT_IS)

    @cached_property
    def effects(self) -> pd.DataFrame:
        """One row a policy, measure and category: before and after (means), mean of the paired difference, low and high:
        95 % over the posterior's draws, or, where the case is a scenario, the t interval of the mean over runs; n: draws in
        which both were measured; higher: in how many of them the policy is above. clear: the interval leaves out 0.

        For imitation, before is the case with imitation switched off, and after is the case as it is.
        """
        import pandas as pd

        rows = []
        for policy in self.policies:
            for measure in MEASURES:
                a, b = (self.values[name][measure] for name in (self.AS_IT_IS, policy))
                before, after = (b, a) if policy == IMITATION else (a, b)
                for g, group in enumerate(GROUPS):
                    known = np.isfinite(before[:, g]) & np.isfinite(after[:, g])
                    d = (after - before)[known, g]
                    if not known.any() and measure == "citizens":
                        continue
                    mean, low, high = self._spread(d)
                    rows.append({"policy": policy, "measure": measure, "category": group,
                                 "before": _mean(before[known, g]), "after": _mean(after[known, g]), "mean": mean,
                                 "low": low, "high": high, "n": int(known.sum()), "higher": int((d > 0).sum()),
                                 "clear": bool(low > 0 or high < 0)})
        return pd.DataFrame(rows)

    def _spread(self, d: np.ndarray) -> tuple[float, float, float]:
        if len(d) < 2:
            return np.nan, np.nan, np.nan
        if self.calibrated:
            low, high = np.quantile(d, [0.025, 0.975])
            return float(d.mean()), float(low), float(high)
        e = interval(d)
        return e.mean, e.low, e.high

    def effect(self, policy: str, measure: str, category: str = "laggards") -> dict[str, Any]:
        """One row of `effects`."""
        rows = self.effects
        row = rows[(rows["policy"] == policy) & (rows["measure"] == measure) & (rows["category"] == category)]
        return {str(key): value for key, value in row.iloc[0].items()}

    @cached_property
    def halves(self) -> pd.DataFrame:
        """One row a policy and category: median quarter in which half have adopted, low and high (80 % of draws), reached:
        the share of runs in which half ever do. A quarter is NaN where so many never get there that it lies after the end.
        """
        import pandas as pd

        rows = []
        for policy, values in self.values.items():
            for g, group in enumerate(GROUPS):
                time, reached = values["half"][:, g], values["half_reached"][:, g]
                known = np.isfinite(time)
                ends = np.quantile(np.where(reached[known] > 0.5, time[known], np.inf), [0.1, 0.5, 0.9],
                                   method="inverted_cdf") if known.any() else [np.nan] * 3
                low, middle, high = (float(v) if np.isfinite(v) else np.nan for v in ends)
                rows.append({"policy": policy, "category": group, "median": middle, "low": low, "high": high,
                             "reached": _mean(reached[known])})
        return pd.DataFrame(rows)

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a policy, draw and category: every measure."""
        import pandas as pd

        return pd.concat([pd.DataFrame({
            "policy": policy, "draw": np.repeat(np.arange(self.draws), len(GROUPS)),
            "category": list(GROUPS) * self.draws, **{m: v.ravel() for m, v in values.items()}})
            for policy, values in self.values.items()], ignore_index=True)


def _over_runs(values: np.ndarray) -> np.ndarray:
    """float64[6]: the mean over the runs in which it was measured; NaN where in none."""
    known = np.isfinite(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(known, values, 0.0).sum(axis=0) / known.sum(axis=0))


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else np.nan


def speed(case: str | Path | Scenario | Calibration = "lets_dance", given: Any = None, start: int = 8,
          quarters: int | None = None, draws: int | None = None, runs: int | None = None, seed: int = 1,
          threads: int | None = None, progress: Callable[[int], None] | None = None) -> Speed:
    """Run a case as it is, without imitation, and under each policy, on the same parameter sets and luck.

    case: a calibration, its folder, a start, or a scenario file. given: policies as name -> text, or texts, as
    `read_policy` reads them; those of `policies(start)` unless said. start: the quarter in which these
    begin. draws: parameter sets from the posterior (50); runs: of each (4), or of the scenario (40). quarters: horizon; the
    scenario's, or for a calibration 60 or as long as its record. progress: hears of runs. Refused for bad input.
    """
    known = case if isinstance(case, Calibration) else None
    if isinstance(case, str | Path) and Path(case).is_dir():
        known = load(case)
    elif isinstance(case, str | Path) and str(case) not in STARTS and Path(case).suffix != ".toml":
        raise Refused("there is no calibration or start {case!r}.{near} Give the folder of `letsdance adopters "
                      "calibrate`, a scenario file (.toml), or one of {starts}.", case=str(case),
                      near=nearest(str(case), STARTS), starts=", ".join(STARTS))
    if draws is not None and known is None:
        raise Refused("draws are parameter sets from a calibration's posterior, and this case is a scenario; say how many "
                      "runs instead.")
    draws = check_whole("draws", 50 if draws is None else draws, 2, 100_000)
    runs = check_whole("runs", (4 if known else 40) if runs is None else runs, 1 if known else 2, 100_000)
    seed, start = check_whole("seed", seed, 0, 2**62), check_whole("start", start, 1, HORIZON[1])
    if known is not None:
        theta, each = known.draws(draws, seed), runs
        last = known.case.last(theta.mean(axis=0))
        horizon = min(max(60, last), HORIZON[1]) if quarters is None else quarters
        several = [known.case.scenario_at(one_set, horizon, known.case.units) for one_set in theta]
        title = _case_named(known, IN_ENGLISH)
    else:
        scenario = scenarios.load(case).changed(quarters=quarters)  # type: ignore[arg-type]
        draws, each, horizon = runs, 1, scenario.quarters
        several, title = [scenario] * draws, scenario.title or scenario.name
    if start > horizon:
        raise Refused("the policies would start in quarter {start}, after the horizon of {horizon}; start them "
                      "earlier.", start=start, horizon=horizon)
    tried = _policies(given, start)
    made = {Speed.AS_IT_IS: Policy(title=Speed.AS_IT_IS), IMITATION: read_policy(f"{IMITATION}: on_imitation=0"), **tried}
    first = {name: policy.on(several[0]).changed(quarters=horizon) for name, policy in made.items()}  # refuses early
    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        def run(job: tuple[str, int]) -> dict[str, np.ndarray]:
            name, d = job
            scenario = made[name].on(several[d]).changed(quarters=horizon)
            result = simulate(scenario, runs=each, seed=seed + d * each, threads=1)
            if progress:
                progress(each)
            return {m: _over_runs(v) for m, v in measures(result).items()}

        jobs = [(name, d) for name in made for d in range(draws)]
        found = list(pool.map(run, jobs))
    values = {name: {m: np.stack([found[k * draws + d][m] for d in range(draws)]) for m in found[0]}
              for k, name in enumerate(made)}
    cost = {name: schedule.build(one).spent for name, one in first.items()}
    told = {name: _told(policy) for name, policy in made.items()}
    return Speed(title, several[0], horizon, start, draws, each, seed, known is not None, values,
                 {name: cost[name] - cost[Speed.AS_IT_IS] for name in made}, told, known)


def _clock(known: Calibration, start: int, text: Text = IN_ENGLISH) -> str:
    """How quarters and the periods of the data go together; nothing where the clock is fitted."""
    clock = known.case.clock
    if len(clock) < 2 or not known.case.seen:
        return ""
    one = known.case.seen[0]
    period = math.ceil((start - clock["begins"]) / clock["quarters_per_period"]) - 1
    at = one.t[0] + period
    where = "before" if period < 0 else "in" if at <= one.t[-1] else "after"
    return text("report.speed_clock", n=text.typed(clock["quarters_per_period"]), start=start,
                where=text(f"report.speed_clock_{where}", at=at))


def _policies(given: Any, start: int) -> dict[str, Policy]:
    chosen = policies(start) if given is None else given
    items = list(chosen.items()) if isinstance(chosen, Mapping) else [
        (None, text) for text in ([chosen] if isinstance(chosen, str) else chosen)]
    made: dict[str, Policy] = {}
    for name, text in items:
        policy = read_policy(f"{name}: {text}" if name else text)
        if policy.start:
            raise Refused("policy {name} has a start of its own; here every policy is tried on the case.",
                          name=policy.title)
        one_horizon(policy)
        if policy.title in made or policy.title in (Speed.AS_IT_IS, IMITATION):
            raise Refused('two policies are called {name}; rename one, such as "other name: MANDATE@8".',
                          name=policy.title)
        if not (policy.levers or policy.shocks or policy.parameters or policy.profile):
            raise Refused('policy {name} does nothing; write such as "mandate: MANDATE@8".', name=policy.title)
        made[policy.title] = policy
    if not made:
        raise Refused("name at least one policy, such as \"mandate: MANDATE@8\".")
    return made


def _told(policy: Policy) -> str:
    """What a policy consists of, as it is typed."""
    if policy.title == IMITATION:
        return IN_ENGLISH("report.speed_told_imitation")
    parts = [*map(str, (*policy.levers, *policy.shocks)), *(f"{n} = {v:g}" for n, v in policy.parameters)]
    return ", ".join(parts + ([f"profile {policy.profile}"] if policy.profile else [])) or IN_ENGLISH("report.nothing_done")


# ---------------------------------------------------------------- in words

def case_named(found: Speed, text: Text = IN_ENGLISH) -> str:
    """The case: a scenario, perhaps with what it was calibrated to."""
    return _case_named(found.known, text) if found.known else text.start(found.case)


def _case_named(known: Calibration, text: Text) -> str:
    curves = known.case.seen
    return text("report.speed_case_more" if len(curves) > 1 else "report.speed_case", n=len(curves) - 1,
                start=text.start(known.case.scenario.title),
                seen=called(curves[0], text) if curves else in_waves(known, text))


def policy_named(name: str, text: Text = IN_ENGLISH) -> str:
    """A policy's name; of those that are tried unless said, in the language."""
    ours = (Speed.AS_IT_IS, IMITATION, *policies())
    return text(f"report.speed_policy_{name.replace(',', '').replace(' ', '_')}") if name in ours else name


def said_effect(row: Mapping[str, Any], measure: str, text: Text = IN_ENGLISH) -> str:
    """'+12 (8 to 15)': a difference with its interval; shares in percentage points, depth in hundredths."""
    values = [float(row[key]) * (100 if MEASURES[measure][0] == "share" else 1) for key in ("mean", "low", "high")]
    if not math.isfinite(values[0]):
        return text("report.back_not_measured")
    digits = 0 if max(map(abs, values)) >= 9.5 else 1
    low, high = (text.number(value, digits) for value in values[1:])
    return text("report.interval", mean=text.signed(values[0], digits), low=low, high=high)


def sentences(found: Speed, category: str = "laggards", text: Text = IN_ENGLISH) -> list[str]:
    """What each policy does to one category: time, adoption, depth and use, cost; the greatest gain in time first."""
    if category not in CATEGORIES:
        raise Refused("there is no category {category!r}. Known: {known}.", category=category,
                      known=", ".join(CATEGORIES))
    order = sorted(found.policies, key=lambda p: -np.nan_to_num(float(found.effect(p, "sooner", category)["mean"])))
    return [_sentence(found, policy, category, text) for policy in order]


def _sentence(found: Speed, policy: str, category: str, text: Text) -> str:
    time, ever, depth, used = (found.effect(policy, m, category) for m in ("sooner", "ever", "depth", "used"))
    fills = {"policy": policy_named(policy, text), "who": text(f"report.speed_who_{category}")}
    if not math.isfinite(time["mean"]):
        return text("report.speed_unmeasured", **fills)
    fills["cost"] = "" if policy == IMITATION else _cost(found.points[policy], text)
    if time["clear"]:
        low, high = sorted((abs(time["low"]), abs(time["high"])))
        digits = 0 if abs(time["mean"]) >= 9.5 else 1
        told = [text(f"report.speed_{'sooner' if time['mean'] > 0 else 'later'}", n=text.number(abs(time["mean"]), digits),
                     band=text("number.to", low=text.number(low, digits), high=text.number(high, digits)), **fills)]
    else:
        told = [text("report.speed_when_alike", size=said_effect(time, "sooner", text), **fills)]
    told.append(text("report.speed_ever", after=_share(ever["after"], text), quarter=found.quarters,
                     before=_share(ever["before"], text)))
    if math.isfinite(depth["mean"]):
        cost = depth["clear"] and depth["mean"] < 0 < time["mean"]
        told.append(text("report.speed_in_use_but" if cost else "report.speed_in_use", **_depths(depth, text)))
    gain = "gain_alike" if not used["clear"] else "gain" if used["mean"] > 0 else "loss"
    return text("report.speed_said", said=text("report.semicolon").join(told), after=text.number(used["after"], 2),
                before=text.number(used["before"], 2), gain=text(f"report.speed_{gain}"))


def _depths(depth: Mapping[str, Any], text: Text) -> dict[str, str]:
    """How depth differs, in words and numbers."""
    way = "deep_alike" if not depth["clear"] else ("shallower" if depth["mean"] < 0 else "deeper") + (
        "_little" if abs(depth["mean"]) < 0.025 else "")
    return {"how": text(f"report.speed_{way}"), "after": text.number(depth["after"], 2),
            "before": text.number(depth["before"], 2)}


def _cost(points: float, text: Text) -> str:
    if points == 0:
        return text("report.speed_for_none")
    return text("report.speed_for" if points > 0 else "report.speed_saves", points=text.in_points(text.number(abs(points))))


def _share(value: float, text: Text) -> str:
    return text.percent(value) if math.isfinite(value) else text("report.speed_share_unknown")


def headline(found: Speed, category: str = "laggards", text: Text = IN_ENGLISH) -> str:
    """The fastest way to the late, and what it does to depth, against the way that makes use deepest."""
    tried, who = [p for p in found.policies if p != IMITATION], text(f"report.speed_who_{category}")
    fast = max(tried, key=lambda p: np.nan_to_num(float(found.effect(p, "sooner", category)["mean"]), nan=-np.inf))
    deep = max(tried, key=lambda p: np.nan_to_num(float(found.effect(p, "depth", category)["mean"]), nan=-np.inf))
    time = found.effect(fast, "sooner", category)
    if not time["clear"] or time["mean"] <= 0:
        return text("report.speed_none", who=who)
    d = found.effect(fast, "depth", category)
    known = math.isfinite(d["mean"])
    return text("report.speed_most", who=who, policy=policy_named(fast, text), n=text.number(float(time["mean"])),
                band=text("number.to", low=text.number(float(time["low"])), high=text.number(float(time["high"]))),
                depth=text("report.speed_most_depth", **_depths(d, text)) if known else "",
                deepest="" if not known or deep == fast else text(
                    "report.speed_deepest", policy=policy_named(deep, text),
                    depth=text.number(found.effect(deep, "depth", category)["after"], 2)))


def limits(found: Speed, text: Text = IN_ENGLISH) -> list[str]:
    """What to keep in mind."""
    clock = _clock(found.known, found.start, text) if found.known else ""
    return [text("report.speed_limit_posterior" if found.calibrated else "report.speed_limit_runs"),
            text("report.speed_limit_each"), text("report.speed_limit_horizon", quarters=found.quarters),
            text("report.speed_limit_depth"), *([clock] if clock else []),
            text("report.speed_limit_seeds_curve" if found.calibrated else "report.speed_limit_seeds")]


def tables_of(found: Speed) -> dict[str, pd.DataFrame]:
    """The tables of a folder."""
    return {"effects": found.effects, "halves": found.halves, "draws": found.table}


def manifest_of(found: Speed, category: Sequence[str] = ("laggards",), text: Text = IN_ENGLISH) -> dict[str, Any]:
    """What a folder says of it, as JSON."""
    return {"case": found.case, "scenario": found.scenario.to_toml(), "quarters": found.quarters, "start": found.start,
            "draws": found.draws, "runs": found.runs, "seed": found.seed, "calibrated": found.calibrated,
            "policies": dict(found.told), "points": dict(found.points), "headline": headline(found, text=text),
            "sentences": [said for one in category for said in sentences(found, one, text)],
            "limits": limits(found, text)}
