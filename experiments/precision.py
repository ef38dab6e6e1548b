"""Precision on demand: more runs until the interval is as narrow as was asked, with intervals that may be looked at often.

    run_until("lone_ranger", "lets_dance@60 +-0.02")

Whoever stops when an interval looks narrow enough has looked at it many times, and Student's interval holds for one
look only. A confidence sequence holds at all looks at once, so it also holds at the one where the runs stop.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from letsdance import scenarios
from letsdance.experiments.outcomes import Outcome, parse
from letsdance.experiments.paired import Interval
from letsdance.params import Refused, Said, check_whole, number
from letsdance.scenarios import Scenario
from letsdance.simulation.run import Result, simulate
from letsdance.words import Text

MOST = 20_000
_FIRST = {"betting": 32, "asymptotic": 64}  # runs before the first look
#: Shares of the capital that are put at stake: large ones find out soon, small ones in the long run.
BETS = tuple(0.95 * 0.5**k for k in range(9))
#: Times the squared skewness: runs from which an asymptotic interval is believed. Cochran (1977, Sampling Techniques,
#: p. 42) says 25 for one look; looked at often, twice as many keep 5 % (docs/comparing.md has the figures).
_SKEWED = 50.0
_BEST_AT = 500   # runs at which the asymptotic sequence is tightest
_TARGET = re.compile(r"(?P<outcome>.+?)\s*(\+\s*/?\s*-|±)\s*(?P<within>\S+)")


@dataclass(frozen=True, slots=True)
class Target:
    """An outcome and how far its interval may reach to either side of the mean."""

    outcome: Outcome
    within: float

    def __str__(self) -> str:
        return f"{self.outcome} +-{self.within:g}"


@dataclass(frozen=True)
class Precision:
    """What was asked, what was reached, and how. intervals: by scenario, of the mean or of the paired difference.

    Where there are several, they hold together: each is made at the level 1 - .05 / how many. An interval's n is the
    number of runs in which the outcome could be measured. enough: by scenario, from how many runs on an interval is to be
    believed, by the skewness that was measured; 1 where the interval holds for any number.
    """

    target: Target
    method: str
    intervals: Mapping[str, Interval]
    runs: int
    paired: bool
    enough: Mapping[str, int] = field(default_factory=dict)

    @property
    def reach(self) -> float:
        """How far the widest interval reaches from its mean."""
        return max(reach(one) for one in self.intervals.values())

    @property
    def reached(self) -> bool:
        """Whether every interval is as narrow as was asked, and rests on enough runs to be believed."""
        return self.reach <= self.target.within and not self.skewed

    @property
    def skewed(self) -> tuple[str, ...]:
        """The scenarios whose outcome is so skewed that these runs are too few for the interval to be believed."""
        return tuple(name for name, one in self.intervals.items() if one.n < self.enough.get(name, 1))

    def __str__(self) -> str:
        return self.said(Text())

    def said(self, text: Text) -> str:
        """What was reached, and how, in a language."""
        target, within = self.target, text.typed(self.target.within)
        what = text("report.known_pair", outcome=target.outcome) if self.paired else str(target.outcome)
        digits = max(0, 1 - int(np.floor(np.log10(target.within))))
        known = text("report.semicolon").join(
            f"{name} " + text("report.interval", **{end: text.number(getattr(one, end), digits)
                                                    for end in ("mean", "low", "high")})
            for name, one in self.intervals.items())
        if self.reached:
            said = text("report.known", runs=text.number(self.runs), what=what, within=within, known=known)
        else:
            seems = "seems" if self.reach <= target.within else "only"
            got = text(f"report.known_{seems}", reach=text.typed(float(f"{self.reach:.2g}"))) if np.isfinite(
                self.reach) else text("report.known_none")
            said = text("report.known_not", runs=text.number(self.runs), what=what, within=within, known=known, got=got)
        if self.skewed:
            most = max(self.enough[name] for name in self.skewed)
            said += text("report.known_skewed", names=text.listed(list(self.skewed)), n=text.number(most))
        return said + text("report.known_method", method=text(f"report.method_{self.method}"))


def until(text: str | Target) -> Target:
    """OUTCOME +-HALF_WIDTH, such as "lets_dance@60 +-0.02" (also with the sign ±). Refused otherwise."""
    if isinstance(text, Target):
        return text
    found = _TARGET.fullmatch(text.strip()) if isinstance(text, str) else None
    if not found:
        raise Refused('precision {text!r} cannot be read; write OUTCOME +-HALF_WIDTH, such as "lets_dance@60 +-0.02".',
                      text=text)
    outcome = parse(found["outcome"])
    try:
        within = number(found["within"])
    except ValueError:
        raise Refused("precision {text!r}: {within!r} is not a number; write it such as +-0.02.", text=text,
                      within=found["within"]) from None
    if not (np.isfinite(within) and within > 0):
        raise Refused("precision {text!r}: the half-width must be more than 0, such as +-0.02.", text=text)
    if outcome.name.startswith("time_to_"):
        raise Refused("{outcome} never comes in some runs, so it has no mean to be known; ask for the share that has "
                      'adopted by a quarter, such as "ever_adopted@60 +-0.02".', outcome=outcome)
    if outcome.name == "lever_points":
        raise Refused("lever_points are the same in every run, so no run makes them better known; ask for another outcome.")
    return Target(outcome, within)


def bounds(outcome: Outcome) -> tuple[float, float] | None:
    """Between which values an outcome must lie in every run; None where nothing bounds it."""
    if outcome.name == "late_adopter_gap":
        return -1.0, 1.0
    # legitimacy as it is measured carries noise and may leave the range of a share
    return (0.0, 1.0) if outcome.unit == "share" and outcome.name != "legitimacy_measured" else None


# ---------------------------------------------------------------- confidence sequences

def capital(x: Any, m: float) -> np.ndarray:
    """float64[..., n]: log of the capital of who bets, after each value x[..., n] in [0, 1], that the mean is not m.

    Half is bet on a higher and half on a lower mean, each spread evenly over BETS; what counts is the richer half. Were m
    (0 < m < 1) the mean, it would stay below log(1 / alpha) for ever with probability 1 - alpha (Ville 1939); where it
    does not, m is outside.
    """
    x = np.asarray(x, np.float64)
    halves = [np.full(x.shape, -np.inf), np.full(x.shape, -np.inf)]
    for bet in BETS:
        for side in (0, 1):
            halves[side] = np.logaddexp(halves[side], np.cumsum(_gain(x, m, bet, side), axis=-1))
    return np.asarray(np.maximum(*halves) - np.log(2 * len(BETS)))


def _gain(x: Any, m: float, bet: Any, side: int) -> np.ndarray:
    """How the log of the capital on a higher (side 0) or lower (side 1) mean changes with each value."""
    return np.log1p(bet * ((x / m - 1) if side == 0 else ((1 - x) / (1 - m) - 1)))


def betting(values: Any, low: float = 0.0, high: float = 1.0, alpha: float = 0.05) -> tuple[float, float]:
    """The betting confidence sequence after values[n] that lie in low..high: every mean that `capital` does not exclude.

    Each half's capital is monotone in m, so the two ends are found by halving.
    """
    x = np.clip((np.asarray(values, np.float64) - low) / (high - low), 0.0, 1.0)  # off by rounding at most
    x, count = np.unique(x, return_counts=True)  # constant bets do not mind the order
    rich, every, ends = np.log(2 * len(BETS) / alpha), np.array(BETS)[:, None], []
    for side in (0, 1):
        inside, outside = (1.0, 0.0) if side == 0 else (0.0, 1.0)
        for _ in range(32):
            m = (inside + outside) / 2
            if np.logaddexp.reduce(_gain(x, m, every, side) @ count) >= rich:
                outside = m
            else:
                inside = m
        ends.append(low + (high - low) * outside)
    return ends[0], ends[1]


def asymptotic(values: Any, alpha: float = 0.05) -> tuple[float, float]:
    """The asymptotic confidence sequence after values[n]: mean -+ sd sqrt(2 (n r + 1) / (n² r) log(sqrt(n r + 1) / alpha)).

    r, the paper's rho squared, makes it tightest at _BEST_AT values (Waudby-Smith et al. 2024, theorem 2.2).
    """
    values = np.asarray(values, np.float64)
    n = len(values)
    if n < 2:
        return -np.inf, np.inf
    r = (-2 * np.log(alpha) + np.log(1 - 2 * np.log(alpha))) / _BEST_AT
    half = values.std() * np.sqrt(2 * (n * r + 1) / (n**2 * r) * np.log(np.sqrt(n * r + 1) / alpha))
    return float(values.mean() - half), float(values.mean() + half)


def sequence(values: Any, within: tuple[float, float] | None, alpha: float = 0.05) -> Interval:
    """The confidence sequence after these values: betting where they are bounded, else asymptotic; NaN is left out."""
    known = np.asarray(values, np.float64)
    known = known[np.isfinite(known)]
    low, high = asymptotic(known, alpha) if within is None else betting(known, *within, alpha)
    return Interval(float(known.mean()) if len(known) else np.nan, low, high, len(known))


def reach(interval: Interval) -> float:
    """How far an interval reaches from its mean; infinite where there is no mean."""
    if not np.isfinite(interval.mean):
        return np.inf
    return max(interval.high - interval.mean, interval.mean - interval.low)


def enough(values: Any, within: tuple[float, float] | None) -> int:
    """From how many runs on `sequence` is to be believed: 50 times the squared skewness of these values, where nothing
    bounds them. What is so rare that it did not come yet makes no skewness, and is not seen."""
    known = np.asarray(values, np.float64)
    known = known[np.isfinite(known)]
    if within is not None or len(known) < 3 or np.ptp(known) == 0.0:
        return 1
    away = known - known.mean()
    return max(1, int(np.ceil(_SKEWED * np.mean(away**3) ** 2 / np.mean(away**2) ** 3)))


# ---------------------------------------------------------------- runs until it is reached

def run_until(scenario: Any, text: str | Target, seed: int = 1, most: int = MOST, municipalities: Any = None,
              threads: int | None = None, progress: Callable[[int], None] | None = None) -> tuple[Result, Precision]:
    """Run a scenario with seeds seed, seed + 1, ... until its outcome is known as asked, or `most` runs are made.

    Returns all runs as one `Result`, and what was reached. Raises `Refused` for bad input.
    """
    scenario = scenarios.load(scenario)
    results, found = runs_until({scenario.name: scenario}, text, seed=seed, most=most, municipalities=municipalities,
                                threads=threads, progress=progress)
    return results[scenario.name], found


def runs_until(several: Mapping[str, Scenario], text: str | Target, reference: str | None = None, seed: int = 1,
               most: int = MOST, municipalities: Any = None, threads: int | None = None,
               progress: Callable[[int], None] | None = None) -> tuple[dict[str, Result], Precision]:
    """Run scenarios on the same seeds until each mean, or each paired difference from `reference`, is known as asked.

    Runs are added in batches, an eighth more at a time. `progress` is called with the number of runs that have ended.
    A batch is kept whole: some 50 kB a run of 40 municipalities and 60 quarters. Raises `Refused` for bad input.
    """
    target = until(text)
    check_whole(Said("most (the most runs to make)"), most, 1, 1_000_000)
    own = bounds(target.outcome)
    asked = [name for name in several if name != reference]
    within = own if own is None or reference is None else (own[0] - own[1], own[1] - own[0])
    method = "asymptotic" if within is None else "betting"
    batches: dict[str, list[Result]] = {name: [] for name in several}
    values: dict[str, list[np.ndarray]] = {name: [] for name in several}
    runs, found = 0, None
    while found is None or not (found.reached or runs >= most):
        more = min(_FIRST[method] if runs == 0 else max(8, runs // 8), most - runs)
        for name, scenario in several.items():
            batch = simulate(scenario, runs=more, seed=seed + runs, municipalities=municipalities, threads=threads,
                             progress=progress)
            batches[name].append(batch)
            values[name].append(target.outcome.of(batch))
        runs += more
        known = {name: np.concatenate(parts) for name, parts in values.items()}
        told = {name: known[name] - (0.0 if reference is None else known[reference]) for name in asked}
        found = Precision(target, method, {name: sequence(one, within, 0.05 / len(asked)) for name, one in told.items()},
                          runs, reference is not None, {name: enough(one, within) for name, one in told.items()})
    return {name: joined(parts) for name, parts in batches.items()}, found


def joined(parts: list[Result]) -> Result:
    """Runs of one scenario, made apart, as one result."""
    arrays = [f.name for f in fields(Result) if f.name not in ("scenario", "places")]
    return Result(parts[0].scenario, parts[0].places,
                  *(np.concatenate([getattr(part, name) for part in parts]) for name in arrays))
