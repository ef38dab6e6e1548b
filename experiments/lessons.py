"""A lesson's experiment: every way of running it on the same seeds, every claim measured, every sentence with its numbers.

    found = conduct(load("law"))
    found.claims["laggards"].verdict.holds
    found.said(lesson.happened[0], Text("nl"))
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance.experiments import outcomes, paired
from letsdance.experiments.estimates import LEVEL
from letsdance.params import Refused, Said, check_whole, nearest
from letsdance.scenarios import Scenario
from letsdance.scenarios import load as load_start
from letsdance.scenarios.lessons import Arm, Claim, Lesson, Sentence
from letsdance.scenarios.policy import Policy, read_policy
from letsdance.simulation.run import CATEGORIES, Result, simulate

if TYPE_CHECKING:
    from letsdance.words import Text

__all__ = ["Conducted", "Measured", "conduct", "own_arm"]

#: What is measured of a run of a classic model: the share that has adopted at the end, the time until half have, and how
#: far the run lies above its closed form, as a mean over time.
CLASSIC = {"final": "share", "half": "time", "above_closed_form": "share"}
#: The name of the arm that a class sets itself.
OWN = "own"


@dataclass(frozen=True)
class Measured:
    """A claim, measured: its verdict, the means of both arms (before: of `against`), in how many runs it went its way."""

    claim: Claim
    verdict: paired.Verdict
    before: float
    after: float
    with_sign: int
    unit: str

    @property
    def runs(self) -> int:
        """How many runs were measured."""
        return self.verdict.effect.n

    def shown(self, what: str, text: Text) -> str:
        """A number of the claim in a language: before, after, change, runs, of_ten, of_ten_before."""
        if what == "runs":
            return text.in_runs(self.with_sign, self.runs)
        if what.startswith("of_ten"):
            return text.of_ten(self.after) if what == "of_ten" else text.of_ten(self.before, "_short")
        value = {"before": self.before, "after": self.after, "change": abs(self.after - self.before)}[what]
        if self.unit == "share":
            apart = what == "change" or self.claim.minus or self.claim.spread or self.claim.off == "less"
            return text.points(value) if apart else text.percent(value)
        return text.short(value) if abs(value) < 1 else text.number(value, 0 if abs(value) >= 20 else 1)


@dataclass(frozen=True, eq=False)
class Conducted:
    """A lesson that was run: results by arm, claims by name."""

    lesson: Lesson
    arms: tuple[Arm, ...]
    results: Mapping[str, Any]  # of an arm: a Result, or a Classic
    claims: Mapping[str, Measured]
    seed: int
    runs: int

    @property
    def holds(self) -> bool:
        """Whether every claim does."""
        return all(one.verdict.holds for one in self.claims.values())

    def said(self, sentence: Sentence, text: Text) -> str:
        """A sentence in a language, with what was measured."""
        told = sentence.said(text.language)
        for name, what in sentence.slots():
            told = told.replace(f"{{{name}.{what}}}", self.claims[name].shown(what, text))
        return told

    def shown(self) -> Iterator[tuple[Arm, list[tuple[str, str, np.ndarray]]]]:
        """Every arm with what the lesson shows: (outcome, unit, one value a run); empty for what an arm does not have."""
        for arm in self.arms:
            found = []
            for name in self.lesson.shown:
                if arm.classic:
                    found.append((name, CLASSIC.get(name, ""), _classic(self.results[arm.name], name)
                                  if name in CLASSIC else np.array([])))
                else:
                    found.append((name, "" if name in CLASSIC else outcomes.parse(name).unit,
                                  np.array([]) if name in CLASSIC else outcomes.parse(name).of(self.results[arm.name])))
            yield arm, found


def scenario_of(lesson: Lesson, arm: Arm, off: bool = False) -> Scenario:
    """The scenario of an arm; off: with the mechanism of the lesson's glass box switched off."""
    usual: dict[str, Any] = {"parameters": dict(lesson.parameters), "quarters": lesson.quarters}
    policy = read_policy(f"{arm.name}: {arm.policy}") if arm.policy.strip() else Policy(title=arm.name)
    if off and lesson.glass:
        off_too = {**dict(policy.parameters), lesson.glass.off: lesson.glass.at}  # also where its start has it so already
        policy = replace(policy, parameters=tuple(sorted(off_too.items())))
    return replace(policy.on(load_start(policy.start or lesson.start).changed(**usual)), title=arm.title.en)


class Bench:
    """Where a lesson is run: every arm once, on the same seeds, with the mechanism of its glass box on or off."""

    def __init__(self, lesson: Lesson, runs: int, seed: int, progress: Callable[[int], None] | None = None) -> None:
        self.lesson, self.runs, self.seed, self.progress = lesson, runs, seed, progress
        self._kept: dict[tuple[str, bool], Any] = {}

    def scenario(self, arm: Arm, off: bool = False) -> Scenario:
        """The scenario of an arm."""
        return scenario_of(self.lesson, arm, off)

    def result(self, arm: Arm, off: bool = False) -> Any:
        """Its runs."""
        key = (arm.name, off)
        if key not in self._kept:
            if arm.classic:
                from letsdance.experiments.adopters.classic import classic_model

                settings: dict[str, Any] = dict(arm.settings)
                self._kept[key] = classic_model(arm.classic, self.runs, self.seed + arm.seeds_from, **settings)
            else:
                self._kept[key] = simulate(self.scenario(arm, off), runs=self.runs, seed=self.seed + arm.seeds_from)
            if self.progress:
                self.progress(1)
        return self._kept[key]

    def arm(self, name: str) -> Arm:
        """An arm by its name."""
        return next(one for one in self.lesson.arm if one.name == name)


def needed(lesson: Lesson) -> int:
    """How many sets of runs a lesson takes."""
    off = {arm for claim in lesson.claim if claim.off for arm in (claim.of, claim.against, claim.also) if arm}
    return len(lesson.arm) + len(off)


def conduct(lesson: Lesson, runs: int = 20, seed: int = 1, own: Arm | None = None,
            progress: Callable[[int], None] | None = None) -> Conducted:
    """Run every arm of a lesson and measure its claims, on seeds seed, seed + 1, ... own: an arm that a class set itself.

    progress: called with 1 for each of the `needed` sets of runs. Raises `Refused`.
    """
    check_whole(Said("runs (20 or more for a verdict)"), runs, 2, 1_000_000)
    bench = Bench(lesson, int(runs), seed, progress)
    check(lesson)
    claims = {claim.name: measure(bench, claim) for claim in lesson.claim}
    arms = (*lesson.arm, *([own] if own else []))
    return Conducted(lesson, arms, {arm.name: bench.result(arm) for arm in arms}, claims, seed, int(runs))


def check(lesson: Lesson) -> None:
    """`Refused` where an arm or an outcome of a lesson cannot be, before anything runs."""
    bench = Bench(lesson, 2, 1)
    for arm in lesson.arm:
        if arm.classic:
            from letsdance.experiments.adopters.classic import settings

            known = settings(arm.classic)
            for key in arm.settings:
                if key not in known:
                    raise Refused("{name} has no parameter {key!r}.{near} Known: {known}.", name=arm.classic, key=key,
                                  near=nearest(key, known), known=", ".join(known))
        else:
            bench.scenario(arm)
    classic = {arm.name for arm in lesson.arm if arm.classic}
    for claim in lesson.claim:
        for name in filter(None, (claim.outcome, claim.over, claim.minus)):
            if claim.of in classic:
                if name not in CLASSIC:
                    raise Refused("the claim {name} measures {outcome!r} of a classic model; known: {known}.",
                                  name=claim.name, outcome=name, known=", ".join(CLASSIC))
            elif (last := _asked(name)[1].last or 0) > lesson.quarters:
                raise Refused("{outcome} looks at quarter {last}, after the lesson's horizon of {quarters}; name an "
                              "earlier quarter, or raise `quarters`.", outcome=name, last=last, quarters=lesson.quarters)
    for name in lesson.shown:
        if name not in CLASSIC:
            outcomes.parse(name)


def own_arm(lesson: Lesson, parameters: Mapping[str, float], levers: tuple[str, ...], text: Text) -> Arm:
    """The arm that a class sets with the lesson's controls, `Refused` where it moves anything else."""
    known = [one.parameter or one.lever for one in lesson.control]
    parts = [*(f"{name}={value:g}" for name, value in parameters.items()), *levers]
    for name in (*parameters, *(lever.partition("@")[0].partition("*")[0].strip() for lever in levers)):
        control = next((one for one in lesson.control if name in (one.parameter, one.lever)), None)
        if control is None:
            raise Refused("this lesson does not move {name}; it moves {known}. For more, use `letsdance run`.", name=name,
                          known=", ".join(known))
        if control.parameter and not control.low <= parameters[name] <= control.high:
            raise Refused("{name} is moved from {low:g} to {high:g} in this lesson, not to {value:g}.", name=name,
                          low=control.low, high=control.high, value=parameters[name])
    return Arm.model_validate({"name": OWN, "policy": ", ".join(parts), "title": {"en": text("lesson.own_arm")}})


# ---------------------------------------------------------------- a claim

def measure(bench: Bench, claim: Claim) -> Measured:
    """A claim on the bench's seeds."""
    off = claim.off == "both"
    after = _values(bench, claim, claim.of, off)
    unit = "share" if claim.over else _unit(bench, claim)
    if claim.against is None:
        return Measured(claim, _verdict(claim, after), np.nan, _mean(after), _sign(claim, after), unit)
    before = _values(bench, claim, claim.against, off) + (_values(bench, claim, claim.also, off) if claim.also else 0.0)
    if claim.demand == "together":
        return Measured(claim, _together(after, before), _mean(before), _mean(after), len(after), unit)
    difference = after - before
    if claim.off == "less":  # the effect without the mechanism, less the effect with it
        with_it = difference
        after, before = (_values(bench, claim, name, True) for name in (claim.of, claim.against))
        difference = (after - before) - with_it
        after, before = after - before, with_it
    return Measured(claim, _verdict(claim, difference), _mean(before), _mean(after), _sign(claim, difference), unit)


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values))


def _unit(bench: Bench, claim: Claim) -> str:
    return CLASSIC[claim.outcome] if bench.arm(claim.of).classic else _asked(claim.outcome)[1].unit


_DEMANDS: dict[str, Callable[[Any, float], paired.Verdict]] = {
    "rises": paired.rises, "falls": paired.falls, "unchanged": paired.unchanged, "at_least": paired.at_least,
    "at_most": paired.at_most}


def _verdict(claim: Claim, values: np.ndarray) -> paired.Verdict:
    return _DEMANDS[claim.demand](values, claim.by)


def _sign(claim: Claim, values: np.ndarray) -> int:
    """In how many runs it went the way that the claim says."""
    went = {"rises": values > 0, "falls": values < 0, "unchanged": np.abs(values) <= claim.by,
            "at_least": values >= claim.by, "at_most": values <= claim.by}
    return int(went[claim.demand].sum())


def _together(a: np.ndarray, b: np.ndarray) -> paired.Verdict:
    """Whether two arms rise and fall together from seed to seed: their correlation, with Fisher's interval (1921)."""
    n = len(a)
    if n < 4 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return paired.Verdict(paired.Interval(np.nan, np.nan, np.nan, n), Said("correlation > 0"), False, False)
    from scipy.special import ndtri

    r = float(np.clip(np.corrcoef(a, b)[0, 1], -0.999999, 0.999999))
    away = float(ndtri(0.5 + LEVEL / 2)) / np.sqrt(n - 3)
    low, high = np.tanh(np.arctanh(r) - away), np.tanh(np.arctanh(r) + away)
    return paired.Verdict(paired.Interval(r, float(low), float(high), n), Said("correlation > 0"), bool(low > 0), r > 0)


def _values(bench: Bench, claim: Claim, name: str, off: bool) -> np.ndarray:
    """One number a run of an arm."""
    arm = bench.arm(name)
    result = bench.result(arm, off)

    def of(outcome: str) -> np.ndarray:
        return _classic(result, outcome) if arm.classic else _of(result, outcome)

    values = of(claim.outcome)
    if claim.over:
        with np.errstate(divide="ignore", invalid="ignore"):
            values = values / of(claim.over)
    if claim.minus:
        values = values - of(claim.minus)
    return np.abs(values - np.median(values)) if claim.spread else values


def _asked(outcome: str) -> tuple[str, outcomes.Outcome]:
    """An adopter category or '', and the outcome: "laggards: ever_adopted@60", "on@60"."""
    who, colon, name = outcome.partition(":")
    if not colon:
        return "", outcomes.parse(outcome)
    asked = outcomes.parse(name.strip())
    if who.strip() not in CATEGORIES:
        raise Refused("there is no adopter category {who!r}.{near} Known: {known}.", who=who,
                      near=nearest(who, CATEGORIES), known=", ".join(CATEGORIES))
    if asked.name not in ("ever_adopted", "on"):
        raise Refused("of one adopter category only ever_adopted and on can be measured, not {name}.", name=asked.name)
    return who.strip(), asked


def _of(result: Result, outcome: str) -> np.ndarray:
    """An outcome of the society, or of the governments of one adopter category."""
    who, asked = _asked(outcome)
    if not who:
        return asked.of(result)
    member = result.category == list(CATEGORIES).index(who)
    last = result.quarters if asked.first is None else int(asked.last or asked.first)
    has = result.adopted_at <= last if asked.name == "ever_adopted" else np.isin(result.stage[:, last], (3, 4))
    return np.asarray((has & member).sum(axis=1) / member.sum(axis=1), np.float64)


def _classic(result: Any, outcome: str) -> np.ndarray:
    """What CLASSIC says, of every run of a classic model."""
    shares: np.ndarray = result.shares
    if outcome == "final":
        return np.asarray(shares[:, -1], np.float64)
    if outcome == "half":
        reached = shares >= 0.5
        return np.where(reached.any(axis=1), result.time[reached.argmax(axis=1)], np.nan)
    return np.asarray(np.nanmean(shares - result.closed, axis=1), np.float64)
