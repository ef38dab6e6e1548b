"""The patterns that the evidence leads us to expect, each as an experiment on equal luck.

Every open pattern is one small function: it runs what its line asks for and yields parts, a sentence and a
`Verdict` each. A pattern holds only where all its parts hold. One that does not hold is reported, not tuned away.
Contested and supporting patterns are measured in the same way and not scored.

One line of the evidence has no experiment, because the model leaves out what it is about: officials look at whether
people take part, not at who does (T24).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance.experiments.paired import Finding, Verdict, at_least, at_most, falls, not_reversed, rises, unchanged
from letsdance.params import PROFILES, Refused, Said, Title, check_whole, nearest
from letsdance.scenarios import LEVERS, STARTS, Scenario, load
from letsdance.simulation import municipalities
from letsdance.simulation import schedule as environment
from letsdance.simulation.rules.regimes import REGIMES
from letsdance.simulation.run import CATEGORIES, Result, run_seeds, simulate
from letsdance.simulation.society import Society
from letsdance.simulation.state import PROJECT, SERVICE

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PATTERNS", "Laboratory", "Pattern", "check", "holding", "table"]

Parts = Iterator[tuple[Said, Verdict]]
Experiment = Callable[["Laboratory"], Parts]
#: Neither willing nor unwilling: where no start is implied.
MIDDLE = Scenario("middle", Said("In the middle"), "Both sides start half willing.", C=0.5, G=0.5)
#: Willingness stays where it starts, so that an experiment moves nothing but what it is about.
HELD: dict[str, Any] = {"on_willingness_c": 0, "on_willingness_g": 0}


@dataclass
class Laboratory:
    """Where experiments run: the same seeds for all, and every run made once."""

    runs: int = 20
    seed: int = 1
    _kept: dict[tuple[Any, ...], Result] = field(default_factory=dict, repr=False)
    #: Parameters in another world than the assumed one; what an experiment sets itself goes over them.
    world: Mapping[str, float] = field(default_factory=dict)

    def scenario(self, start: str | Scenario) -> Scenario:
        """A start in this laboratory's world."""
        return load(start).changed(parameters=self.world) if self.world else load(start)

    def run(self, start: str | Scenario, quarters: int = 60, *, levers: Sequence[str] = (), shocks: Sequence[str] = (),
            profile: str | None = None, times: int = 1, **parameters: float) -> Result:
        """`runs` x `times` runs of a start with parameters changed."""
        key = (load(start).name, quarters, *levers, "|", *shocks, profile, times, *sorted(parameters.items()))
        if key not in self._kept:
            self._kept[key] = simulate(
                self.scenario(start), self.runs * times, quarters, self.seed, parameters, levers, shocks, profile)
        return self._kept[key]

    def seeds(self) -> range:
        """The seeds of the runs."""
        return range(self.seed, self.seed + self.runs)


def called(start: str | Scenario) -> Title | Said:
    """What people call a start."""
    return Said(start.title) if isinstance(start, Scenario) else Title("start", start, load(start).title)


@dataclass(frozen=True)
class Pattern:
    """What we expect to see, why, and the experiment that looks."""

    id: str
    question: str
    expectation: Said
    source: str
    strength: str
    prototype: str
    note: Said
    scored: bool
    experiment: Experiment

    def findings(self, lab: Laboratory) -> list[Finding]:
        """The experiment's parts as rows of the report."""
        parts = list(self.experiment(lab))
        whole = all(verdict.holds for _, verdict in parts)
        return [Finding(self.id, compared, v.effect.mean, v.effect.low, v.effect.high, v.effect.n, v.demand, v.holds,
                        whole, self.scored, self.source, self.strength, self.prototype, self.question, self.expectation,
                        self.note) for compared, v in parts]


PATTERNS: dict[str, Pattern] = {}


def pattern(id: str, question: str, expectation: Said, source: str, strength: str, *, prototype: str = "",
            note: Said | None = None, scored: bool = True) -> Callable[[Experiment], Experiment]:
    """Register an experiment. prototype: a rough prototype's figures, for orientation; note: how the line was read."""
    def register(experiment: Experiment) -> Experiment:
        PATTERNS[id] = Pattern(id, question, expectation, source, strength, prototype, note or Said(""), scored, experiment)
        return experiment
    return register


# ---------------------------------------------------------------- what is measured of a run, one value a seed

def late(result: Result, name: str, quarters: int = 20) -> np.ndarray:
    """Mean of an indicator over the last quarters of each run."""
    return result.rows[name][:, -quarters:].mean(axis=1)


def launches(result: Result) -> np.ndarray:
    """Launches of all kinds, per municipality, [run, quarter]."""
    return np.sum([result.rows[f"launched_{kind}"] for kind in ("solo", "joint", "called")], axis=0)


def success_rate(result: Result) -> np.ndarray:
    """Share of all evaluated projects that became services (without a lab every success does)."""
    wait = int(result.scenario.values()["project_quarters"])
    return result.rows["services_new"].sum(axis=1) / launches(result)[:, :-wait].sum(axis=1)


def end_rate(result: Result, quarters: Sequence[int] | slice = slice(1, None)) -> np.ndarray:
    """Services that ended over services that ran when the quarter began, in these quarters: the hazard."""
    at = np.arange(result.quarters + 1)[quarters]
    return result.rows["services_ended"][:, at].sum(axis=1) / result.rows["services"][:, at - 1].sum(axis=1)


def by_place(result: Result, *names: str) -> list[np.ndarray]:
    """Columns of every municipality, [run, quarter, municipality]."""
    frame, shape = result.municipalities, result.regime.shape
    return [frame[name].to_numpy(dtype=np.float64).reshape(shape) for name in names]


def ever_adopted(result: Result, *categories: int, by: float = np.inf) -> np.ndarray:
    """Share of these adopter categories (0 innovators to 4 laggards) that adopted by a quarter, or ever."""
    member = np.isin(result.category, categories)
    return ((result.adopted_at <= by) & member).sum(axis=1) / member.sum(axis=1)


def on_at_end(result: Result, *categories: int) -> np.ndarray:
    """Governments of these categories that use the innovation at the end, as a share of all governments."""
    on = np.isin(result.stage[:, -1], (3, 4)) & np.isin(result.category, categories)
    return on.mean(axis=1)


def residence(result: Result, start: str) -> np.ndarray:
    """Median quarters until a municipality leaves the future that it starts in; the horizon where most never do."""
    began = result.regime[:, 0] == REGIMES.index(start)
    left = np.where(np.isnan(result.first_passage()), result.quarters + 1.0, result.first_passage())
    return np.array([np.median(one[at]) for one, at in zip(left, began, strict=True)])


def time_to_share(result: Result, share: float) -> np.ndarray:
    """Quarter in which this share of those who adopt within the run has adopted; NaN where nobody does."""
    ever = result.rows["ever_adopted"]
    return np.where(ever[:, -1] > 0, (ever >= share * ever[:, -1:]).argmax(axis=1), np.nan)


# ---------------------------------------------------------------- the four futures

@pattern("F1", "Do the four starts stay recognisable for ten years?",
         Said("at least .70 of municipalities are in their own future at quarter 40"),
         "S84 S85 S86 S87 S88", "weak (design)", prototype="1, .92, .76, 1")
def four_starts(lab: Laboratory) -> Parts:
    for start in STARTS:
        yield Said("{start}: share in its own future at 40", start=called(start)), at_least(
            lab.run(start, 80).rows[start][:, 40], 0.70)


@pattern("F2", "Are people stuck, and are the mixed futures the ones that slowly come loose?",
         Said("after 20 years at least .95 of Let's dance and Wasteland are where they were; fewer of the mixed than at "
         "40, yet their mean is still in its quadrant"),
         "S89", "weak", prototype="ok")
def stuck(lab: Laboratory) -> Parts:
    for start in ("lets_dance", "wasteland"):
        yield Said("{start}: share in its own future at 80", start=called(start)), at_least(
            lab.run(start, 80).rows[start][:, 80], 0.95)
    for start in ("lone_ranger", "dead_horse"):
        rows = lab.run(start, 80).rows
        yield Said("{start}: share at 80 less share at 40", start=called(start)), falls(
            rows[start][:, 80] - rows[start][:, 40])
        willing, unwilling = ("C", "G") if start == "lone_ranger" else ("G", "C")
        for name, demand in ((willing, at_least), (unwilling, at_most)):
            yield Said("{start}: mean {name} at 80", start=called(start), name=name), demand(rows[name][:, 80], 0.5)


def side(names: str, quarters: int, strength: float = 1.0) -> list[str]:
    """A portfolio of levers from quarter 8 on."""
    return [f"{name}@8+{quarters}*{strength:g}" for name in names.split()]


GOVERNMENT_SIDE, CITIZEN_SIDE = "LEAD FRCS FAL BROK TRAIN", "CB OUT POWER FUND"


def points(names: str) -> float:
    """What a portfolio costs in a quarter at strength 1."""
    return sum(LEVERS[name]["cost"] for name in names.split())


EQUAL = points(GOVERNMENT_SIDE) / points(CITIZEN_SIDE)


@pattern("F3", "Which side must move to get out of Lone Ranger?",
         Said("levers on the government's side bring at least .5 more municipalities to Let's dance at 60 than levers on "
         "the citizens' side of equal cost"),
         "S89", "weak", prototype=".94 against .10",
         note=Said("Levers act in quarters 8 to 27; the citizens' side costs more at strength 1 and is used at the "
                   "strength that costs as much."))
def ranger_sides(lab: Laboratory) -> Parts:
    government = lab.run("lone_ranger", levers=side(GOVERNMENT_SIDE, 20)).rows["lets_dance"][:, 60]
    citizens = lab.run("lone_ranger", levers=side(CITIZEN_SIDE, 20, EQUAL)).rows["lets_dance"][:, 60]
    yield Said("Let's dance at 60, government side less citizen side"), rises(government - citizens, 0.5)


@pattern("F5", "Can one side alone lead out of Wasteland?",
         Said("with one side alone at most .1 of municipalities are in Let's dance at 60, with both at least .5"),
         "S30 S89", "weak", prototype="at most .01, both .72",
         note=Said("Levers at full strength in quarters 8 to 39."))
def wasteland_sides(lab: Laboratory) -> Parts:
    for name, levers in ((Said("government side"), GOVERNMENT_SIDE), (Said("citizen side"), CITIZEN_SIDE)):
        dancing = lab.run("wasteland", levers=side(levers, 32)).rows["lets_dance"][:, 60]
        yield Said("{name} alone: Let's dance at 60", name=name), at_most(dancing, 0.1)
    both = lab.run("wasteland", levers=side(f"{GOVERNMENT_SIDE} {CITIZEN_SIDE}", 32)).rows["lets_dance"][:, 60]
    yield Said("both sides: Let's dance at 60"), at_least(both, 0.5)


@pattern("F7", "Does interdependence shorten the two mixed futures?",
         Said("the median time that a municipality stays falls as k goes from .25 to .75 to 1.5"),
         "T14", "weak", prototype="ok",
         note=Said("Run for 240 quarters; a run in which most never leave counts as 241, which understates the fall."))
def interdependence(lab: Laboratory) -> Parts:
    for start in ("lone_ranger", "dead_horse"):
        low, middle, high = (residence(lab.run(start, 240, k=k), start) for k in (0.25, 0.75, 1.5))
        yield Said("{start}: median quarters at k .75 less k .25", start=called(start)), falls(middle - low)
        yield Said("{start}: median quarters at k 1.5 less k .75", start=called(start)), falls(high - middle)


@pattern("F9", "What does the loss of a leader do where governments call and nobody comes?",
         Said("at least .3 more municipalities are in Wasteland at 60"),
         "S20 S129 T21", "medium", prototype=".15 to .70")
def leader_loss(lab: Laboratory) -> Parts:
    lost, kept = (lab.run("dead_horse", shocks=s).rows["wasteland"][:, 60] for s in (["leader_loss@12"], []))
    yield Said("Wasteland at 60, leader lost at 12 less kept"), rises(lost - kept, 0.3)


@pattern("F10", "Do unmet needs bring citizens out?",
         Said("mean C at 60 rises with U at .3, .5, .7"),
         "T4", "strong (correlational)", prototype=".21, .37, .65",
         note=Said("From Flogging a dead horse."))
def unmet_need(lab: Laboratory) -> Parts:
    low, middle, high = (lab.run("dead_horse", U=u).rows["C"][:, 60] for u in (0.3, 0.5, 0.7))
    yield Said("C at 60, U .5 less U .3"), rises(middle - low)
    yield Said("C at 60, U .7 less U .5"), rises(high - middle)


# ---------------------------------------------------------------- taking part

@pattern("F12", "Does paying citizens bring more of them in?",
         Said("small pay moves the share that joins a call by no more than .02, large pay lifts it by .02 to .08; an "
         "extra joiner costs at least twice what outreach makes him cost"),
         "T1", "strong", prototype="rec .06 by construction",
         note=Said("Half-willing citizens and governments held there, so that only the offer differs; levers in quarters "
              "1 to 8, measured while they act. Held willingness leaves out part of what outreach does."))
def reward(lab: Laboratory) -> Parts:
    def joining(*levers: str) -> np.ndarray:
        return np.nanmean(lab.run(MIDDLE, 8, levers=levers, **HELD).rows["joining"][:, 1:], axis=1)

    nothing, outreach = joining(), joining("OUT@1+8")
    small, large = joining("REWARD@1+8*0.2") - nothing, joining("REWARD@1+8") - nothing
    yield Said("share joining, small pay less none"), unchanged(small, 0.02)
    yield Said("share joining, large pay less none"), rises(large, 0.02)
    yield Said("share joining, large pay less none (upper bound)"), at_most(large, 0.08)
    yield Said("extra share per point: outreach less twice large pay"), rises((outreach - nothing) / 3 - 2 * large / 8)


@pattern("F13", "Must outreach to citizens of low resources be paid for in services?",
         Said("both the poorest quarter's share of participants and services rise"),
         "T2 T3", "strong", prototype="low share .88 to .94, services 5.4 to 5.9",
         note=Said("In Let's dance, OUT from quarter 8 to 60, means over quarters 41 to 60."))
def outreach(lab: Laboratory) -> Parts:
    on, off = lab.run("lets_dance", levers=["OUT@8"]), lab.run("lets_dance")
    yield Said("representativeness, on less off"), rises(late(on, "representativeness") - late(off, "representativeness"))
    yield Said("services per municipality, on less off"), rises(late(on, "services") - late(off, "services"))


@pattern("F15", "Do people carry further what they feel is theirs?",
         Said("as ownership goes from .2 to .5 to .8 success rises and fewer services end"),
         "S28", "medium", prototype="success .64, .77, .84; end rate .13, .09, .06",
         note=Said("In Let's dance, the same ownership for all kinds of initiative."))
def ownership(lab: Laboratory) -> Parts:
    runs = [lab.run("lets_dance", own_solo=own, own_joint=own, own_called=own) for own in (0.2, 0.5, 0.8)]
    for less, more, (low, high) in zip(runs[:-1], runs[1:], ((0.2, 0.5), (0.5, 0.8)), strict=True):
        yield Said("success rate, own {high:g} less {low:g}", high=high, low=low), rises(
            success_rate(more) - success_rate(less))
        yield Said("end rate of services, own {high:g} less {low:g}", high=high, low=low), falls(
            end_rate(more) - end_rate(less))


def follow_on(result: Result) -> np.ndarray:
    """Correlation over municipalities of S at t with launches in t+1..t+4, mean over every eighth quarter."""
    capital, *kinds = by_place(result, "social_capital", "launched_solo", "launched_joint", "launched_called")
    launched = np.sum(kinds, axis=0)
    return np.array([np.mean([np.corrcoef(capital[r, t], launched[r, t + 1:t + 5].sum(axis=0))[0, 1]
                              for t in range(8, result.quarters - 3, 8)]) for r in range(result.runs)])


@pattern("F16", "Do launches follow social capital from place to place?",
         Said("S at t and launches in t+1 to t+4 correlate above .2 over municipalities"),
         "S29 T15", "medium", prototype="corr(S, C) .3 to .98",
         note=Said("From the middle, spread of S0 at .15; mean over t = 8, 16, ... 56."))
def capital_then_launches(lab: Laboratory) -> Parts:
    yield Said("correlation over municipalities"), at_least(follow_on(lab.run(MIDDLE, sd_S0=0.15)), 0.2)


@pattern("F18", "Is there a size at which a group works best?",
         Said("success is highest at a size between 2 and 12, and at least .05 lower at both ends"),
         "S27", "medium", prototype=".58, .73, .77, .79, .72",
         note=Said("In Let's dance; every initiative has exactly 2, 4, 6, 8 or 12 members, and up to 24 are asked."))
def call_size(lab: Laboratory) -> Parts:
    sizes = (2, 4, 6, 8, 12)
    rates = [success_rate(lab.run("lets_dance", launch_min=n, members_max=n, contacts_c=24, contacts_g=24))
             for n in sizes]
    best = max(range(1, len(sizes) - 1), key=lambda at: rates[at].mean())
    for end in (0, -1):
        yield Said("success rate, {best} members less {end}", best=sizes[best], end=sizes[end]), rises(
            rates[best] - rates[end], 0.05)


@pattern("F19", "Is long-term money what services die of, rather than what they are born of?",
         Said("as fund goes from 0 to .8 the end rate falls by at least 40 % (and at each step), launches change by less "
         "than 10 %"),
         "S25", "medium", prototype="end rate .109, .080, .053; launches 626, 619, 600",
         note=Said("In Lone Ranger, four times the seeds: that something changes little takes more runs to show."))
def long_term_money(lab: Laboratory) -> Parts:
    poor, usual, rich = (lab.run("lone_ranger", times=4, fund=fund) for fund in (0.0, 0.3, 0.8))
    yield Said("end rate, fund .3 over fund 0, relative"), falls(end_rate(usual) / end_rate(poor) - 1)
    yield Said("end rate, fund .8 over fund .3, relative"), falls(end_rate(rich) / end_rate(usual) - 1)
    yield Said("end rate, fund .8 over fund 0, relative"), falls(end_rate(rich) / end_rate(poor) - 1, 0.4)
    yield Said("launches, fund .8 over fund 0, relative"), unchanged(
        launches(rich).sum(axis=1) / launches(poor).sum(axis=1) - 1, 0.1)


# ---------------------------------------------------------------- trust

def trust_on_part_and_success(start: Scenario, seed: int, quarters: int = 60, year: int = 4) -> tuple[float, float]:
    """Least squares of citizens' change in trust over a year on having taken part and on having succeeded in it.

    One row a citizen and year from quarter 8 on, years as fixed effects. Returns the two coefficients.
    """
    scenario = start.changed(quarters=quarters)
    society = Society(municipalities.of(scenario), environment.build(scenario), seed)
    s = society.state
    place = np.repeat(np.arange(len(s.governments)), s.governments["slots"])
    changes: list[np.ndarray] = []
    parts: list[np.ndarray] = []
    successes: list[np.ndarray] = []
    while society.quarter < quarters:
        if society.quarter >= 8 and (society.quarter - 8) % year == 0:
            before, part, success = s.trust.copy(), s.load > 0, np.zeros(len(s.trust), bool)
        held = _held(s, PROJECT)
        projects = (place[held] << 48) + s.initiatives["id"][held]
        crews = [s.members[slot, :s.initiatives["members"][slot]].astype(np.int64) for slot in held]
        society.step()
        if society.quarter <= 8:
            continue
        part |= s.load > 0
        held = _held(s, SERVICE)
        for crew, became in zip(crews, np.isin(projects, (place[held] << 48) + s.initiatives["id"][held]), strict=True):
            part[crew] = True
            success[crew] |= became
        if (society.quarter - 8) % year == 0:
            for all_years, column in ((changes, s.trust - before), (parts, part), (successes, success)):
                all_years.append(column - column.mean())
    x = np.column_stack([np.concatenate(parts), np.concatenate(successes)])
    taking_part, succeeding = np.linalg.lstsq(x, np.concatenate(changes), rcond=None)[0]
    return float(taking_part), float(succeeding)


def _held(s: Any, phase: int) -> np.ndarray:
    """Slots in use by initiatives of this phase."""
    g = s.governments
    used = np.concatenate([np.arange(a, a + n) for a, n in zip(g["first_slot"], g["initiatives"], strict=True)])
    return used[s.initiatives["phase"][used] == phase]


@pattern("F22", "Is it taking part that builds trust, or success?",
         Said("success raises trust; taking part alone changes it by no more than .02 in a year"),
         "T11b", "medium",
         note=Said("Citizens in Let's dance, quarters 8 to 60: change in T over a year on being a member of anything in "
              "that year and on a project of theirs becoming a service in it, years as fixed effects. No effect is "
              "read as in T1: within .02."))
def trust_and_success(lab: Laboratory) -> Parts:
    dance = lab.scenario("lets_dance")
    part, success = np.array([trust_on_part_and_success(dance, seed) for seed in lab.seeds()]).T
    yield Said("change in T on success"), rises(success)
    yield Said("change in T on taking part alone"), unchanged(part, 0.02)


def shock_areas(lab: Laboratory, quarters: int, rest: int = 120, after: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Areas under the deviation of mean T after it drifts by -.05, and by +.05, in each of `quarters` quarters."""
    scenario = lab.scenario("lets_dance").changed(quarters=rest + after)
    calm = lab.run("lets_dance", rest + after)

    def area(drift: float) -> np.ndarray:
        schedule = environment.build(scenario)
        schedule["T_drift"][rest + 1:rest + 1 + quarters] = drift
        rows = run_seeds(calm.places, schedule, calm.seeds)[0]
        return np.sign(drift) * (rows["T"] - calm.rows["T"])[:, rest + 1:].sum(axis=1)

    return area(-0.05), area(0.05)


@pattern("F23", "Does bad news weigh more than equally good news?",
         Said("the area under the deviation of trust is larger after the negative shock"),
         "T13", "strong for the sign (experiments), weak here",
         note=Said("Let's dance at rest, after 120 quarters; everybody's T drifts by +-.05 in one quarter, the most that "
              "the parameter allows and small enough to be felt equally both ways; area over the 40 quarters from "
              "there, against the same run without a shock."))
def bad_news(lab: Laboratory) -> Parts:
    bad, good = shock_areas(lab, 1)
    yield Said("area under the negative deviation"), rises(bad)
    yield Said("area under the positive deviation"), rises(good)
    yield Said("negative area less positive area"), rises(bad - good)


# ---------------------------------------------------------------- feedback, risk culture, learning

def resting_point(result: Result, quarters: int = 20) -> np.ndarray:
    """L* from a run's own supported successes and failures and dead calls in its last quarters."""
    rows, values = result.rows, result.scenario.values()
    wait = int(values["project_quarters"])
    evaluated = (rows["launched_joint"] + rows["launched_called"])[:, -quarters - wait:-wait]
    s = np.nansum(rows["success_supported"][:, -quarters:] * evaluated, axis=1)
    f = evaluated.sum(axis=1) - s + values["R_dead"] * rows["dead_calls"][:, -quarters:].sum(axis=1)
    gain = s + values["phi"] * f
    return gain / (gain + values["chi"] * (1.0 - values["phi"]) * f)


#: Many small, short initiatives: about two or three supported ones are evaluated in a municipality and quarter.
FREQUENT: dict[str, Any] = {**HELD, "f": 3, "project_quarters": 1, "launch_min": 2, "members_max": 2, "core": 1}


@pattern("F24", "Do feedback and forgiveness decide how risk is thought of?",
         Said("L at 40 rises with phi and falls with chi; where events are frequent it is within .1 of L*"),
         "S47 S56 S57 S60", "medium", prototype="phi 0 to .8: .56 to .72",
         note=Said("Let's dance; phi 0, .4, .8 by chi .75, 1.5, 3. L* is that of the run's own events and leaves out the "
              "drift of L, so they must be frequent: f 3, pairs that work for one quarter and services run by one, "
              "with willingness held. More calls alone do not make events frequent, because people are busy."))
def feedback_and_blame(lab: Laboratory) -> Parts:
    phis, chis = (0.0, 0.4, 0.8), (0.75, 1.5, 3.0)
    L = np.array([[lab.run("lets_dance", phi=phi, chi=chi).rows["L"][:, 40] for chi in chis] for phi in phis])
    for at in (1, 2):
        yield Said("L at 40, phi {high:g} less {low:g}, mean over chi", high=phis[at], low=phis[at - 1]), rises(
            (L[at] - L[at - 1]).mean(axis=0))
    for at in (1, 2):
        yield Said("L at 40, chi {high:g} less {low:g}, mean over phi", high=chis[at], low=chis[at - 1]), falls(
            (L[:, at] - L[:, at - 1]).mean(axis=0))
    for phi in phis:
        for chi in chis:
            busy = lab.run("lets_dance", 40, phi=phi, chi=chi, **FREQUENT)
            yield Said("L at 40 less L*, phi {phi:g}, chi {chi:g}, frequent", phi=phi, chi=chi), unchanged(
                busy.rows["L"][:, 40] - resting_point(busy), 0.1)


@pattern("F25", "Do services live longer where feedback is heard?",
         Said("the hazard falls as phi goes from 0 to .4 to .8; services that end stood where phi was lower"),
         "S41 T5", "medium", prototype="end rate .19, .09, .03",
         note=Said("In Let's dance. For the second part phi spreads evenly from 0 to .8 over 40 municipalities: mean phi "
              "of services that end in a quarter less that of services running at its end, quarters 9 to 60."))
def feedback_and_survival(lab: Laboratory) -> Parts:
    import pandas as pd

    low, middle, high = (end_rate(lab.run("lets_dance", phi=phi)) for phi in (0.0, 0.4, 0.8))
    yield Said("hazard ratio less 1, phi .4 over 0"), falls(middle / low - 1)
    yield Said("hazard ratio less 1, phi .8 over .4"), falls(high / middle - 1)
    phi = np.linspace(0.0, 0.8, 40)
    places = pd.DataFrame({"name": [f"M{m}" for m in range(40)], "citizens": 25, "phi": phi})
    spread = simulate(lab.scenario("lets_dance"), lab.runs, 60, lab.seed, municipalities=places)
    ended, *kinds = by_place(spread, "services_ended", "services_solo", "services_joint", "services_called")
    ended, running = ended[:, 9:].sum(axis=1), np.sum(kinds, axis=0)[:, 9:].sum(axis=1)
    yield Said("phi of ended less phi of surviving services"), falls(
        ended @ phi / ended.sum(axis=1) - running @ phi / running.sum(axis=1))


@pattern("F27", "Do reports of ombudsman and audit help most where feedback already works?",
         Said("the pulses save a larger share of services from ending at high phi than at low phi"),
         "S42", "medium",
         note=Said("Let's dance, phi .2 and .6; a report at 12, 24, 36 and 48 for four quarters each. Survival gain is "
              "the relative fall of the hazard in those quarters (a hazard ratio, as in F25); in absolute terms the "
              "hazard at high phi is small and has less to fall."))
def reports(lab: Laboratory) -> Parts:
    pulses = [f"ombudsman@{at}" for at in (12, 24, 36, 48)]
    heard = [at + q for at in (12, 24, 36, 48) for q in range(4)]

    def gain(phi: float) -> np.ndarray:
        without, with_reports = (end_rate(lab.run("lets_dance", phi=phi, shocks=s), heard) for s in ([], pulses))
        return 1 - with_reports / without

    low, high = gain(0.2), gain(0.6)
    yield Said("relative fall of the hazard at phi .6"), rises(high)
    yield Said("relative fall of the hazard, phi .6 less phi .2"), rises(high - low)


@pattern("F28", "Is a steady effort worth more than one burst of equal cost?",
         Said("K, L and G are higher after the steady effort, 20 quarters after the burst has ended"),
         "S124 S130 S162 S180", "weak",
         note=Said("Lone Ranger, TRAIN and FAL: quarters 8 to 17 at strength 1, or 8 to 37 at a third; measured at 37, "
              "while the steady effort still goes on."))
def burst_or_steady(lab: Laboratory) -> Parts:
    burst = lab.run("lone_ranger", levers=["TRAIN@8+10*1", "FAL@8+10*1"])
    steady = lab.run("lone_ranger", levers=["TRAIN@8+30*0.3333333", "FAL@8+30*0.3333333"])
    for name in "KLG":
        yield Said("{name} at 37, steady less burst", name=name), rises(steady.rows[name][:, 37] - burst.rows[name][:, 37])


@pattern("F29", "Do labs deliver services, or pilots?",
         Said("pilots rise with a lab, with and without a route to implementation; services rise clearly only with it"),
         "S151 S163 T6", "medium",
         note=Said("Let's dance, from quarter 8 on. Pilots are the initiatives that the government calls (a third of them "
              "the lab's), mean over quarters 41 to 60, as are services. Clearly only with it: services rise with "
              "it, and by more than twice the rise of the lab alone."))
def labs(lab: Laboratory) -> Parts:
    none, alone, route = (lab.run("lets_dance", levers=levers) for levers in ([], ["LAB@8"], ["LAB@8", "IMPL@8"]))
    for with_it, run in ((Said("lab alone"), alone), (Said("lab and route"), route)):
        yield Said("pilots per quarter, {with_it} less none", with_it=with_it), rises(
            late(run, "launched_called") - late(none, "launched_called"))
    services = [late(run, "services") for run in (none, alone, route)]
    yield Said("services, lab and route less none"), rises(services[2] - services[0])
    yield Said("services, rise with the route less twice the rise without"), rises(
        (services[2] - services[0]) - 2 * (services[1] - services[0]))


@pattern("F30", "Does exchange teach without reflection?",
         Said("capacity K moves by no more than .02 without reflection and rises with it"),
         "S172", "weak",
         note=Said("Lone Ranger, EXCH from quarter 8 on, mean of K over quarters 41 to 60."))
def exchange(lab: Laboratory) -> Parts:
    none = late(lab.run("lone_ranger"), "K")
    without, full = (late(lab.run("lone_ranger", levers=["EXCH@8"], reflect=r), "K") - none for r in (0, 1))
    yield Said("K, exchange without reflection less none"), unchanged(without, 0.02)
    yield Said("K, exchange with reflection less none"), rises(full)


@pattern("F32", "Who answers for services that citizens run alone?",
         Said("accountability in Lone Ranger is at least .1 below Let's dance; traditional output is equal in all runs"),
         "S32 S34", "medium",
         note=Said("Mean over quarters 41 to 60; traditional output is equal by construction."))
def accountable(lab: Laboratory) -> Parts:
    ranger, dance = (late(lab.run(start, 80), "accountability") for start in ("lone_ranger", "lets_dance"))
    yield Said("accountability, Lone Ranger less Let's dance"), falls(ranger - dance, 0.1)
    output = [lab.run(start, 80).rows["traditional_output"] for start in STARTS]
    yield Said("traditional output, largest less smallest over the four starts"), unchanged(
        np.ptp(np.concatenate(output, axis=1), axis=1), 0.0)


# ---------------------------------------------------------------- diffusion

#: Adopter categories as they are said, the first to adopt first.
ADOPTERS = (Said("innovators"), Said("early adopters"), Said("early majority"), Said("late majority"), Said("laggards"))


def base(lab: Laboratory, **changes: Any) -> Result:
    """Adoption by 120 governments from the middle for 80 quarters, four times the seeds: a run has three innovators."""
    return lab.run(MIDDLE, 80, municipalities=120, times=4, **changes)


_BASE = Said("From the middle with nothing held, 120 governments for 80 quarters, four times the seeds because a run has "
             "only three innovators.")


@pattern("F33", "Does the innovation spread in an S, from the innovators to the laggards?",
         Said("growth is fastest between 10 and 50 % of adopters; median quarters of adoption follow the categories' "
         "order"),
         "T16 T16b", "strong", prototype="medians 25, 25, 32, 47, 54",
         note=Said("{base} Growth is tenths of all adopters per quarter; 50 to 90 % stands for the top, where the last "
                   "tenth may be cut off. Medians are over those who adopt; runs in which no innovator does are left out.",
                   base=_BASE))
def s_curve(lab: Laboratory) -> Parts:
    run = base(lab)
    t10, t50, t90 = (time_to_share(run, share) for share in (0.1, 0.5, 0.9))
    first, middle, last = (tenths / np.maximum(t, 1) for tenths, t in ((1, t10), (4, t50 - t10), (4, t90 - t50)))
    yield Said("growth from 10 to 50 % less growth up to 10 %"), rises(middle - first)
    yield Said("growth from 10 to 50 % less growth from 50 to 90 %"), rises(middle - last)
    at = np.where(run.category[:, :, None] == np.arange(len(CATEGORIES)), run.adopted_at[:, :, None], np.nan)
    at = at[np.isfinite(at).any(axis=1).all(axis=1)]
    medians = np.nanmedian(at, axis=1)
    for c, (earlier, later) in enumerate(pairwise(ADOPTERS)):
        yield Said("median quarter, {later} less {earlier}", later=later, earlier=earlier), not_reversed(
            medians[:, c + 1] - medians[:, c])
    yield Said("median quarter, laggards less innovators"), rises(medians[:, 4] - medians[:, 0])


@pattern("F34", "Who imitates?",
         Said("without imitation at least .2 fewer laggards ever adopt, and innovators differ by no more than .05"),
         "S63 S70", "medium", prototype="-.38, 0",
         note=_BASE)
def imitation(lab: Laboratory) -> Parts:
    off, on = base(lab, on_imitation=0), base(lab)
    yield Said("laggards who ever adopt, off less on"), falls(ever_adopted(off, 4) - ever_adopted(on, 4), 0.2)
    yield Said("innovators who ever adopt, off less on"), unchanged(ever_adopted(off, 0) - ever_adopted(on, 0), 0.05)


def held(lab: Laboratory, profile: str, **changes: Any) -> Result:
    """Adoption of a profile by 120 governments from the middle, willingness held there."""
    return lab.run(MIDDLE, 80, profile=profile, municipalities=120, **HELD, **changes)


@pattern("F35", "Whom does a legal obligation move?",
         Said("a mandate at 20 brings in at least .3 more laggards, innovators differ by no more than .05, and it takes "
         "less time from a tenth to nine tenths of adopters"),
         "S63 T8", "strong", prototype="+.47, +.02",
         note=Said("{base} The innovation is e-procurement, where obligation was studied (S63).", base=_BASE))
def mandate(lab: Laboratory) -> Parts:
    law, free = (base(lab, profile="e_procurement", levers=levers) for levers in (["MANDATE@20"], []))
    yield Said("laggards who ever adopt, mandate less none"), rises(ever_adopted(law, 4) - ever_adopted(free, 4), 0.3)
    yield Said("innovators who ever adopt, mandate less none"), unchanged(
        ever_adopted(law, 0) - ever_adopted(free, 0), 0.05)
    spread = [time_to_share(run, 0.9) - time_to_share(run, 0.1) for run in (law, free)]
    yield Said("quarters from 10 to 90 % of adopters, mandate less none"), falls(spread[0] - spread[1])


@pattern("F38", "Whom does an empty purse stop, and from what?",
         Said("at a budget stress of .6 a larger part of the adopters of dear e-procurement is lost than of cheap "
         "telework, most of them late adopters"),
         "S64", "medium", prototype=".55 to .24 (-56 %); .73 to .44 (-40 %)",
         note=Said("From the middle, 120 governments, at quarter 80. Willingness is held: free, such stress would take it "
              "away everywhere, and every adopter with it. That late adopters lose more does not hold on fresh seeds: "
              "+.014 and +.011, +-.03, on 2001 to 2020 and 3001 to 3020."))
def empty_purse(lab: Laboratory) -> Parts:
    early, late_ones = (0, 1, 2), (3, 4)
    losses = {}
    for profile in ("e_procurement", "telework"):
        calm, stress = held(lab, profile), held(lab, profile, B=0.6)
        losses[profile] = 1 - stress.rows["on"][:, 80] / calm.rows["on"][:, 80]
        lost = [on_at_end(calm, *who) - on_at_end(stress, *who) for who in (late_ones, early)]
        yield Said("{profile}: lost among the late half less lost among the early half",
                   profile=Title("profile", profile, PROFILES[profile]["title"])), rises(lost[0] - lost[1])
    yield Said("relative loss, e-procurement less telework"), rises(losses["e_procurement"] - losses["telework"])


# ---------------------------------------------------------------- contested or supporting: reported, not scored

def joint_share(result: Result) -> np.ndarray:
    """Joint initiatives as a share of those that citizens began."""
    joint, solo = (result.rows[f"launched_{kind}"].sum(axis=1) for kind in ("joint", "solo"))
    return joint / (joint + solo)


@pattern("S15", "Do ties beyond the neighbourhood get round silos?",
         Said("a larger share of citizens' initiatives is joint where more ties lead far off"),
         "S15 S19", "supporting", scored=False,
         note=Said("Let's dance and Lone Ranger, rewire_c .05 or .5."))
def ties_and_joint_work(lab: Laboratory) -> Parts:
    for start in ("lets_dance", "lone_ranger"):
        few, many = (joint_share(lab.run(start, rewire_c=share)) for share in (0.05, 0.5))
        yield Said("{start}: joint share, many ties less few", start=called(start)), rises(many - few)


@pattern("S17", "Does closeness make people come?",
         Said("fewer take part where no tie stays in the neighbourhood"),
         "S17", "supporting", scored=False,
         note=Said("Flogging a dead horse and the middle, means over quarters 41 to 60; rewire_c 1 less .125. That news "
              "spreads fastest in between does not show: governments' rewire_g moves the quarter by which half have "
              "adopted by less than a quarter. Where they hear of it from peers alone, it is slower without ties "
              "afar."))
def closeness(lab: Laboratory) -> Parts:
    for start in ("dead_horse", MIDDLE):
        scattered, usual = (late(run, "participation") for run in (lab.run(start, rewire_c=1), lab.run(start)))
        yield Said("{start}: participation, all ties afar less usual", start=called(start)), falls(scattered - usual)


@pattern("S18", "Do bridging and bonding brokers do different things?",
         Said("bridging makes more governments aware, bonding makes joint work succeed; services rise more with both than "
         "with either"),
         "S16 S18", "supporting", scored=False,
         note=Said("Let's dance: what BROK does to awareness and silos, what it does to joint success, or both, from the "
              "start on."))
def brokers(lab: Laboratory) -> Parts:
    none = lab.run("lets_dance", times=2)
    bridge = lab.run("lets_dance", times=2, aware_lever=0.02, silo_shift=-0.15)
    bond = lab.run("lets_dance", times=2, th_joint=0.2)
    both = lab.run("lets_dance", times=2, aware_lever=0.02, silo_shift=-0.15, th_joint=0.2)
    yield Said("aware at 20, bridging less none"), rises(
        bridge.rows["consciousness"][:, 20] - none.rows["consciousness"][:, 20])
    success = [np.nanmean(run.rows["success_supported"][:, 8:], axis=1) for run in (none, bond)]
    yield Said("success of joint work, bonding less none"), rises(success[1] - success[0])
    services = [late(run, "services_supported") for run in (bridge, bond, both)]
    yield Said("services with support, both less bridging"), rises(services[2] - services[0])
    yield Said("services with support, both less bonding"), rises(services[2] - services[1])


#: One portfolio a quadrant of the OECD's, and one of all four, each of three points a quarter.
QUADRANTS: dict[str, dict[str, float]] = {
    Said("ideas"): {"FAL": 1.5}, Said("workforce"): {"LEAD": 1.5},
    Said("rules"): {"RULES": 0.75, "FLEX": 0.75, "FUND": 0.375}, Said("organisation"): {"BROK": 1.5, "LAB": 0.5},
    "mixed": {"FAL": 0.375, "LEAD": 0.375, "FLEX": 0.75, "BROK": 0.75},
}


@pattern("S95", "Does a mix of quadrants do more than one of them at equal cost?",
         Said("of equal cost, the mix brings more of Lone Ranger to Let's dance than any one quadrant"),
         "S95 S96", "supporting", scored=False,
         note=Said("Three points in quarters 8 to 27; Let's dance at 60."))
def quadrants(lab: Laboratory) -> Parts:
    dancing = {name: lab.run("lone_ranger", levers=[f"{lever}@8+20*{size}" for lever, size in uses.items()]
                             ).rows["lets_dance"][:, 60] for name, uses in QUADRANTS.items()}
    for name in list(QUADRANTS)[:-1]:
        yield Said("Let's dance at 60, mixed less {name}", name=name), rises(dancing["mixed"] - dancing[name])


@pattern("S71", "Does employees' demand help only where the top supports it?",
         Said("telework: demand brings adopters at high top support, more than at low, where it brings none"),
         "S71", "supporting", prototype="without demand .66 against .73 (base)", scored=False,
         note=Said("From the middle, willingness and top support held; A about .15 or .70, demand .6 or 0."))
def employees(lab: Laboratory) -> Parts:
    def gain(A: float) -> np.ndarray:
        wanted, unwanted = (held(lab, "telework", emp=emp, on_top_support=0, A_lo=A, A_hi=0).rows["on"][:, 80]
                            for emp in (0.6, 0.0))
        return wanted - unwanted

    low, high = gain(0.15), gain(0.70)
    yield Said("on-share at 80 by demand, A .70"), rises(high)
    yield Said("on-share at 80 by demand, A .15"), at_most(low, 0.02)
    yield Said("on-share at 80 by demand, A .70 less A .15"), rises(high - low)


@pattern("S74", "What if nobody piloted?",
         Said("fewer governments have the innovation at 80 when none may pilot"),
         "S74", "supporting", prototype=".40 against .61", scored=False,
         note=_BASE)
def no_pilots(lab: Laboratory) -> Parts:
    yield Said("on-share at 80, no pilots less pilots"), falls(
        base(lab, on_pilots=0).rows["on"][:, 80] - base(lab).rows["on"][:, 80])


@pattern("S178", "All state or no state?",
         Said("both have fewer services at 60 than joint work"),
         "S178", "supporting", prototype="5.4 against 1.4 and 3.3", scored=False)
def false_pair(lab: Laboratory) -> Parts:
    joint, state, citizens = (lab.run(start, 80).rows["services"][:, 60]
                              for start in ("lets_dance", "dead_horse", "lone_ranger"))
    yield Said("services at 60, all state less joint"), falls(state - joint)
    yield Said("services at 60, no state less joint"), falls(citizens - joint)


@pattern("S29", "With social capital held where it started, do launches still follow it?",
         Said("the correlation of F16 without the way back from taking part to social capital is above 0"),
         "S29 T15", "supporting", scored=False,
         note=Said("From the middle, S held at a spread of .15."))
def capital_held(lab: Laboratory) -> Parts:
    yield Said("correlation over municipalities, S held"), rises(follow_on(lab.run(MIDDLE, sd_S=0.15, on_social_capital=0)))


@pattern("T13", "And if the news is large?",
         Said("at rest in Let's dance a year of drift by -.05 a quarter leaves the larger area"),
         "T13", "supporting", scored=False,
         note=Said("As F23, four quarters long. Not scored: the good news is cut off where trust reaches 1, so the two "
              "are not equally large."))
def large_news(lab: Laboratory) -> Parts:
    bad, good = shock_areas(lab, 4)
    yield Said("negative area less positive area, large shocks"), rises(bad - good)


@pattern("T8", "Does an obligation at least bring laggards in sooner?",
         Said("by quarter 40, twenty quarters after the mandate, at least .3 more laggards have adopted"),
         "T8 S63", "supporting", scored=False,
         note=Said("{base} F35 counts at quarter 80, as the prototype did.", base=_BASE))
def sooner(lab: Laboratory) -> Parts:
    law, free = (ever_adopted(base(lab, **policy), 4, by=40) for policy in ({"levers": ["MANDATE@20"]}, {}))
    yield Said("laggards who have adopted by 40, mandate less none"), rises(law - free, 0.3)


@pattern("T12b", "Do independent citizen initiatives last longer than supported ones?",
         Said("contested: in the Covid crisis they did (against S25, T12); the model gives support an advantage (hzG)"),
         "T12b S25", "contested", scored=False,
         note=Said("From the middle without government calls: end rate of solo less joint services."))
def independence(lab: Laboratory) -> Parts:
    run = lab.run(MIDDLE, on_calls_g=0)
    ended, alone, solo, joint = by_place(run, "services_ended", "ended_solo", "services_solo", "services_joint")
    rate_solo = alone[:, 1:].sum(axis=(1, 2)) / solo[:, :-1].sum(axis=(1, 2))
    rate_joint = (ended - alone)[:, 1:].sum(axis=(1, 2)) / joint[:, :-1].sum(axis=(1, 2))
    yield Said("end rate, solo less joint"), falls(rate_solo - rate_joint)


@pattern("T22", "Do efforts at participation move trust?",
         Said("contested: in Norwegian municipalities hardly; here mean T moves by no more than .02"),
         "T22", "contested", scored=False,
         note=Said("Outreach in Let's dance as in F13."))
def efforts_and_trust(lab: Laboratory) -> Parts:
    on, off = lab.run("lets_dance", levers=["OUT@8"]), lab.run("lets_dance")
    yield Said("mean T, outreach less none"), unchanged(late(on, "T") - late(off, "T"), 0.02)


# ---------------------------------------------------------------- the report

def check(runs: int = 20, seed: int = 1, only: str | Iterable[str] | None = None,
          progress: Callable[[str], None] | None = None) -> list[Finding]:
    """Run the patterns (all, or those in `only`) on seeds seed, seed + 1, ...; progress is told each id that is done.

    Fewer than 20 runs give a quick look, not a verdict.

    Raises `Refused` for what cannot be.

    >>> [finding.id for finding in ld.check(runs=2, only="F3")][0]
    'F3'
    """
    wanted = list(PATTERNS) if only is None else [only] if isinstance(only, str) else list(only)
    for id in wanted:
        if id not in PATTERNS:
            raise Refused("there is no pattern {id!r}.{near} Known: {known}.", id=id, near=nearest(str(id), PATTERNS),
                          known=", ".join(PATTERNS))
    check_whole(Said("runs (20 or more for a verdict)"), runs, 2, 1_000_000)
    lab, findings = Laboratory(int(runs), seed), []
    for id in wanted:
        findings += PATTERNS[id].findings(lab)
        if progress:
            progress(id)
    return findings


def holding(findings: Iterable[Finding]) -> dict[str, bool]:
    """Whether each pattern holds, that is all its parts."""
    return {f.id: f.pattern_holds for f in findings}


def table(findings: Sequence[Finding]) -> pd.DataFrame:
    """The findings as a table, one row a part, in the order in which they were measured."""
    import pandas as pd

    names = ("id", "compared", "effect", "low", "high", "n", "threshold", "holds", "pattern_holds", "scored", "source",
             "strength", "prototype", "question", "expectation", "note")
    return pd.DataFrame([{name: getattr(f, name) for name in names} for f in findings], columns=list(names))
