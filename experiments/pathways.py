"""Adaptive pathways: packages that react to what can be seen, "OUT+20 if C@12 < 0.3", against packages that do not.

    pathways(["steady: LEAD@4, OUT@13+20", "watchful: LEAD@4; OUT+20 if C@12 < 0.3"], start="lone_ranger").summary

A rule looks at one signal in one quarter and starts a lever in the next one where it fires (Haasnoot et al. 2013). The
signal is what a municipality could really observe: counts as they are, willingness and trust by a survey of so many
citizens with its sampling error, drawn on a stream of its own. Until a rule fires nothing differs, and luck is the same in
every path: a run in which it fires is the same run with the lever from there on.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance import scenarios
from letsdance.experiments.executors import ExecutorLike
from letsdance.experiments.outcome_words import titled
from letsdance.experiments.outcomes import Outcome, parse
from letsdance.experiments.over_worlds import OverWorlds
from letsdance.experiments.pieces import Pieces, Task
from letsdance.experiments.windtunnel import less_is_better
from letsdance.experiments.worlds import Worlds, head, put, rows, shared
from letsdance.params import Refused, Said, check_whole, nearest, number
from letsdance.scenarios import LEVERS, Scenario, ScenarioLike, Use
from letsdance.scenarios.policy import Policy, one_horizon, read_policy
from letsdance.simulation import municipalities as places
from letsdance.simulation import schedule
from letsdance.simulation.municipalities import Municipalities, MunicipalitiesLike
from letsdance.simulation.run import Result, run_seeds
from letsdance.words import IN_ENGLISH, Text

if TYPE_CHECKING:
    import pandas as pd

#: What a municipality can observe: counts, and (True) what only a survey of citizens tells, with its sampling error.
SIGNALS: Mapping[str, bool] = {
    "C": True, "T": True, "uses": True, "participation": True, "services": False, "on": False, "ever_adopted": False,
    "citizen_calls": False, "government_calls": False, "dead_calls": False, "unanswered_calls": False,
    "services_new": False, "services_ended": False, "launched_solo": False, "launched_joint": False,
    "launched_called": False}
#: What people call some of them.
WORDS = {"support": "C", "willingness": "C", "trust": "T", "adopters": "on", "use": "uses"}
_RULE = re.compile(r"\s*(?P<lever>\w+)\s*(\+\s*(?P<lasts>\d{1,4}))?\s*(\*\s*(?P<strength>[\d.]{1,9}))?\s+if\s+"
                   r"(?P<signal>\w+)\s*"
                   r"(@\s*|\s+by\s+(quarter\s+)?)?(?P<quarter>\d{1,4})?\s*(?P<relation><=|>=|<|>)\s*(?P<value>[\d.]{1,12}%?)\s*",
                   re.ASCII)
_PURPOSE = 0x9A78  # names this use of a seed


@dataclass(frozen=True)
class Rule:
    """A lever that starts in the quarter after `quarter` where the signal then lies below (or above) a value."""

    lever: str
    signal: str
    quarter: int
    relation: str
    value: float
    duration: int | None = None
    strength: float = 1.0

    def __str__(self) -> str:
        use = Use(self.lever, 1, self.duration, self.strength)
        return f"{str(use).replace('@1', '')} if {self.signal}@{self.quarter} {self.relation} {self.value:g}"

    def use(self) -> Use:
        """The lever as it is used where the rule fires."""
        return Use(self.lever, self.quarter + 1, self.duration, self.strength)

    def fires(self, seen: np.ndarray) -> np.ndarray:
        """bool[R]: in which runs, by what was seen."""
        return np.asarray({"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}[self.relation](
            seen, self.value))


def read_rule(text: str) -> Rule:
    """A rule as it is typed: LEVER+DURATION*STRENGTH if SIGNAL@QUARTER < VALUE. Refused otherwise."""
    found = _RULE.fullmatch(text)
    if not found or found["quarter"] is None:
        raise Refused("rule {text!r} cannot be read; write LEVER+DURATION if SIGNAL@QUARTER < VALUE, such as OUT+20 if "
                      "C@12 < 0.3.", text=text.strip())
    lever = next((name for name in LEVERS if name.lower() == found["lever"].lower()), None)
    if lever is None:
        raise Refused("rule {text!r}: there is no lever {lever!r}.{near} See `letsdance show levers`.", text=text.strip(),
                      lever=found["lever"], near=nearest(found["lever"], LEVERS))
    signal = WORDS.get(found["signal"].lower(), found["signal"])
    if signal not in SIGNALS:
        raise Refused("rule {text!r}: a municipality cannot observe {signal}.{near} It can observe {known}.",
                      text=text.strip(), signal=found["signal"], near=nearest(found["signal"], [*SIGNALS, *WORDS]),
                      known=", ".join(SIGNALS))
    said = found["value"]
    try:
        value = number(said.rstrip("%")) / (100.0 if said.endswith("%") else 1.0)
        strength = number(found["strength"] or "1")
    except ValueError:
        raise Refused("rule {text!r}: {said!r} is not a number.", text=text.strip(), said=said) from None
    lasts = None if found["lasts"] is None else int(found["lasts"])
    use, = scenarios.parse_uses("lever", [Use(lever, 1, lasts, strength)])
    return Rule(lever, signal, check_whole(Said("the quarter of a rule"), int(found["quarter"]), 1, scenarios.HORIZON[1]),
                found["relation"], value, use.duration, use.strength)


@dataclass(frozen=True)
class Pathway:
    """A policy, and the rules by which levers are added to it."""

    policy: Policy
    rules: tuple[Rule, ...] = ()

    def check(self, scenario: Scenario) -> Scenario:
        """The scenario without any rule's lever; `Refused` for rules that look after the horizon or start a lever twice."""
        one_horizon(self.policy)
        made = self.policy.on(scenario)
        for rule in self.rules:
            if rule.quarter >= made.quarters:
                raise Refused("rule {rule}: quarter {quarter} is not before the horizon of {quarters}.", rule=str(rule),
                              quarter=rule.quarter, quarters=made.quarters)
        if self.rules:
            made.changed(levers=[rule.use() for rule in self.rules])  # all at once must be possible
        return made


def read(text: str) -> Pathway:
    """A pathway as it is typed: a policy (`read_policy`) in which parts with "if" are rules.

    "watchful: LEAD@4; OUT+20 if C@12 < 0.3". Raises `Refused`.
    """
    if not isinstance(text, str) or " if " not in text:
        return Pathway(read_policy(text))
    name, colon, rest = text.partition(":")
    name, rest = (name.strip(), rest) if colon else (" ".join(text.split()), text)
    parts = [part for part in re.split(r"[,;\n]", rest) if part.strip()]
    rules = tuple(sorted((read_rule(part) for part in parts if " if " in part), key=lambda rule: rule.quarter))
    plain = [part for part in parts if " if " not in part]
    if not name:
        raise Refused('policy {text!r} has a colon and no name before it; write such as "free-range: FRCS@8+20".',
                      text=text)
    policy = read_policy(f"{name}: {','.join(plain)}") if plain else Policy(title=name)
    return Pathway(policy, rules)


# ---------------------------------------------------------------- how one runs

def follow(scenario: Scenario, rules: Sequence[Rule], towns: Municipalities, seeds: np.ndarray, survey: int = 400
           ) -> tuple[Result, np.ndarray, np.ndarray]:
    """Runs of a scenario with rules: (result, points float64[R], fired bool[R, rules]).

    Rules are asked in the order of their quarters. A run in which one fires is made again with its lever from the next
    quarter on, on the same luck, so it is the same until then. survey: citizens asked where a signal takes a survey.
    """
    order = sorted(range(len(rules)), key=lambda k: rules[k].quarter)
    fired = np.zeros((len(seeds), len(rules)), bool)
    arrays = list(run_seeds(towns, schedule.build(scenario), seeds, 1))
    for k in order:
        rule = rules[k]
        fired[:, k] = rule.fires(seen(rule, arrays[0][rule.signal][:, rule.quarter], seeds, survey))
        for pattern in {tuple(row) for row in fired[fired[:, k]].tolist()}:
            at = np.flatnonzero((fired == np.array(pattern)).all(axis=1))
            more = [rules[j].use() for j in range(len(rules)) if pattern[j]]
            again = run_seeds(towns, schedule.build(scenario.changed(levers=more)), seeds[at], 1)
            for whole, part in zip(arrays, again, strict=True):
                whole[at] = part
    points = np.zeros(len(seeds))
    for pattern in {tuple(row) for row in fired.tolist()}:
        more = [rules[j].use() for j in range(len(rules)) if pattern[j]]
        points[(fired == np.array(pattern)).all(axis=1)] = schedule.build(scenario.changed(levers=more)).spent
    return Result(scenario, towns, seeds, *arrays), points, fired


def seen(rule: Rule, true: np.ndarray, seeds: np.ndarray, survey: int) -> np.ndarray:
    """float64[R]: what a municipality sees of a signal: counts as they are; a share by a survey, with its sampling error,
    the same whatever the policy."""
    if not SIGNALS[rule.signal]:
        return np.asarray(true, np.float64)
    key = zlib.crc32(f"{rule.signal}@{rule.quarter}".encode())
    z = np.array([np.random.default_rng(np.random.SeedSequence([int(seed), _PURPOSE, key])).standard_normal()
                  for seed in seeds])
    p = np.clip(np.asarray(true, np.float64), 0.0, 1.0)
    return np.asarray(np.clip(p + z * np.sqrt(p * (1.0 - p) / survey), 0.0, 1.0))


@dataclass(frozen=True, eq=False)
class Pathways:
    """Pathways on equal luck, perhaps over worlds. over: the comparison by the outcome; points: float64[policy, world,
    run], what levers cost; fired: policy -> bool[world, run, rule]; ways: what each is."""

    over: OverWorlds
    ways: Mapping[str, Pathway]
    points: np.ndarray
    fired: Mapping[str, np.ndarray]

    @property
    def summary(self) -> pd.DataFrame:
        """As `OverWorlds.summary`, with points as the mean over runs, and one column a rule: the share in which it
        fires."""
        frame = self.over.summary
        names = list(self.over.scenarios)
        spent = {name: float(self.points[k].mean()) for k, name in enumerate(names)}
        frame = frame.assign(points=[spent[name] for name in frame["policy"]])
        for n in range(max(len(way.rules) for way in self.ways.values())):
            frame[f"rule_{n + 1}"] = [
                float(self.fired[name][:, :, n].mean()) if len(self.ways[name].rules) > n else np.nan
                for name in frame["policy"]]
        return frame

    @property
    def sentences(self) -> list[str]:
        """`said`, in English."""
        return self.said()

    def said(self, text: Text = IN_ENGLISH) -> list[str]:
        """What each rule does, what a pathway costs and comes to; a rule as it is typed."""
        said = []
        for row in self.summary.to_dict("records"):
            way, name = self.ways[row["policy"]], row["policy"]
            told = [text("report.pathways_rule", rule=rule, share=text.percent(row[f"rule_{k + 1}"]))
                    for k, rule in enumerate(way.rules)]
            mean, low, high = (text.number(row[key], 2) for key in ("mean", "low", "high"))
            said.append(text("report.pathways_said", policy=name, outcome=titled(self.over.outcome, text),
                             level=text("report.interval", mean=mean, low=low, high=high),
                             points=text.in_points(text.number(row["points"])),
                             reacts=text("report.pathways_reacts", said=text.listed(told)) if told else ""))
        return said

    def __repr__(self) -> str:
        return "\n".join(self.sentences)


def pathways(given: Iterable[str] | Mapping[str, str], start: ScenarioLike = "lone_ranger",
             outcome: str | Outcome = "lets_dance",
             runs: int = 20, seed: int = 1, worlds: Worlds | None = None, survey: int = 400,
             quarters: int | None = None, municipalities: MunicipalitiesLike | None = None, threads: int | None = None,
             progress: Callable[[int], None] | None = None, keep: str | Path | None = None,
             executor: ExecutorLike = None) -> Pathways:
    """Packages that react and packages that do not, on the same luck, in one world or in many.

    given: texts as `read` reads them, or by name. outcome: what is compared. worlds: None for the assumed world alone.
    survey: how many citizens a municipality asks where a signal takes a survey. progress: called with the runs that have
    ended. keep, executor: as in `Worlds.compare`. Raises `Refused`.

    >>> found = ld.pathways(["steady: LEAD@2", "watchful: LEAD@2; OUT+4 if support@4 < 0.9"], runs=4, quarters=8)
    >>> found.summary["rule_1"].tolist()
    [nan, 1.0]
    """
    base = scenarios.load(start).changed(quarters=quarters)
    texts = [f"{name}: {text}" if ":" not in text else text for name, text in given.items()] if isinstance(
        given, Mapping) else list(given)
    ways = {way.policy.title: way for way in map(read, texts)}
    if len(ways) < 2 or len(ways) < len(texts):
        raise Refused("name at least two pathways, each with a name of its own, such as 'watchful: LEAD@4; OUT+20 if C@12 "
                      "< 0.3'.")
    check_whole("survey", survey, 10, 10_000_000)
    check_whole("runs", runs, 1, 1_000_000)
    asked = parse(outcome)
    several = {name: way.check(base) for name, way in ways.items()}
    if asked.first is not None and (asked.last or 0) > base.quarters:
        raise Refused("{asked} looks at quarter {last}, after the horizon of {quarters}; name an earlier quarter or raise "
                      "quarters.", asked=asked, last=asked.last, quarters=base.quarters)
    import pandas as pd

    table = worlds.table(*several.values()) if worlds is not None else pd.DataFrame(index=range(1))
    all_of = list(several.values())
    about = [str(asked), survey, *(f"{way.policy} {way.rules}" for way in ways.values())]
    pieces = Pieces(threads, executor, keep, partial(head, all_of, table, runs, seed, about, municipalities))
    work = _Watched(tuple(all_of), tuple(way.rules for way in ways.values()), tuple(shared(all_of, list(table.columns))),
                    None if municipalities is None else places.load(municipalities),
                    np.arange(seed, seed + runs, dtype=np.uint64), survey, asked)
    tasks = [(f"world {w} pathway {k}", k, world) for w, world in enumerate(rows(table)) for k in range(len(ways))]
    made = list(pieces.map(work, tasks, (lambda task: progress(runs)) if progress else None))
    values, points = (np.array([one[at] for one in made], np.float64).reshape(len(table), len(ways), runs)
                      .swapaxes(0, 1).copy() for at in (0, 1))
    fired = {name: np.array([one[2] for one in made[k::len(ways)]], bool).reshape(len(table), runs, len(way.rules))
             for k, (name, way) in enumerate(ways.items())}
    over = OverWorlds(worlds or Worlds(2, "fixed"), table, several, next(iter(several)), asked, less_is_better(asked), seed,
                      values)
    return Pathways(over, ways, points, fired)


@dataclass(frozen=True, eq=False)
class _Watched:
    """The work of one pathway in one world: outcome, points and what fired, each run by run."""

    several: tuple[Scenario, ...]
    rules: tuple[tuple[Rule, ...], ...]
    fixed: tuple[frozenset[str], ...]
    where: Municipalities | None
    seeds: np.ndarray
    survey: int
    asked: Outcome

    def __call__(self, task: Task) -> list[Any]:
        _, k, world = task
        here = put(self.several[k], world, self.fixed[k])
        result, points, fired = follow(here, self.rules[k], places.of(here, self.where), self.seeds, self.survey)
        return [np.asarray(self.asked.of(result), np.float64).tolist(), points.tolist(), fired.tolist()]

