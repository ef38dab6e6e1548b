"""The same model as idiomatic Mesa: the readable reference, to learn from and to measure against.

Citizens and governments are Python objects, random numbers are drawn in sequence, networks come from networkx,
and there are no arrays. The science is not written twice: methods call the very rules that the engine compiles,
here as plain Python. The two share nothing else, so that each can show the other wrong: they must agree in
distribution, quarter by quarter and indicator by indicator (tests/test_readable.py).

Read it from the bottom, `ReadableModel.step`, or from the top. Left out, because they change no default run: the
switches that take a mechanism out, and tables of given municipalities. See it run: `python -m benchmarks.readable`.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

import mesa
import networkx as nx

from letsdance.params import defaults
from letsdance.simulation import indicators
from letsdance.simulation.networks import half_degree
from letsdance.simulation.rules import adoption, calls, numbers, outcomes, regimes, stocks, uptake, willingness

# ---------------------------------------------------------------- plain rules and plain parameters

_plain: dict[str, dict[str, Any]] = {}


def plain(module: ModuleType) -> Any:
    """`module` as it would be without numba: its functions, and those they call in turn, as ordinary Python.

    A rule's `py_func` is plain, but looks up the rules that it calls (exp, logistic, ...) among its module's names,
    and finds the compiled ones. So each function is made anew over a copy of those names that holds only plain ones.
    """
    if module.__name__ not in _plain:
        names = _plain[module.__name__] = dict(vars(module))
        for name, thing in vars(module).items():
            rule = getattr(thing, "py_func", None)
            if rule is None:
                continue  # not compiled
            if rule.__module__ == module.__name__:
                names[name] = FunctionType(rule.__code__, names, name, rule.__defaults__)
            else:  # imported from another module of rules
                names[name] = getattr(plain(sys.modules[rule.__module__]), rule.__name__)
    return SimpleNamespace(**_plain[module.__name__])


numbers, calls, outcomes, stocks = plain(numbers), plain(calls), plain(outcomes), plain(stocks)
willingness, adoption, uptake = plain(willingness), plain(adoption), plain(uptake)
regimes, indicators = plain(regimes), plain(indicators)


def plain_numbers(record: Any) -> SimpleNamespace:
    """A parameter record as plain Python numbers, with which plain Python is several times faster."""
    return SimpleNamespace(**dict(zip(record.dtype.names, record.item(), strict=True)))


clip, share = numbers.clip, indicators.share
SOLO, JOINT, CALLED = int(outcomes.SOLO), int(outcomes.JOINT), int(outcomes.CALLED)
KINDS = {SOLO: "solo", JOINT: "joint", CALLED: "called"}

#: Citizens with fewer resources are the poorest quarter: 3x^2 - 2x^3 = 1/4, the 25 % quantile of Beta(2, 2).
POOR = 0.32635182233306964


def mean(values: Iterable[float], of_none: float = 0.0) -> float:
    """The mean, or `of_none` where there is nothing."""
    values = list(values)
    return sum(values) / len(values) if values else of_none


def rise(start_mean: float) -> float:
    """hi: 0 at a start mean of .25, 1 at .75, linear between."""
    return clip((start_mean - 0.25) / 0.5, 0.0, 1.0)


def small_world(agents: Sequence[Any], k: int, rewire: float, random: Any) -> None:
    """Give every agent its `neighbours`, by Watts and Strogatz."""
    graph = nx.watts_strogatz_graph(len(agents), 2 * half_degree(len(agents), k), rewire, seed=random)
    for i, agent in enumerate(agents):
        agent.place = i
        agent.neighbours = [agents[j] for j in graph[i]]


def is_near(one: Any, other: Any, n: int, k: int) -> bool:
    """Whether two of n are neighbours on the ring that they were tied from."""
    distance = abs(one.place - other.place)
    return min(distance, n - distance) <= half_degree(n, k)


# ---------------------------------------------------------------- who acts

class Citizen(mesa.Agent):
    """Somebody who may call, join, come to trust, and use the innovation."""

    def __init__(self, model: ReadableModel, government: Government, p: Any) -> None:
        super().__init__(model)
        self.government = government
        self.neighbours: list[Citizen] = []  # the model ties the network once everybody is there
        self.willingness = clip(self.random.gauss(p.C0, p.sd_w), 0.0, 1.0)
        self.trust = clip(self.random.gauss(p.T_lo + p.T_hi * rise(p.G0), p.sd_T), 0.0, 1.0)
        self.resources = self.rng.beta(2, 2)
        self.disposition = self.random.gauss(0.0, p.sd_d)
        self.load = 0
        self.uses = False

    @property
    def is_poor(self) -> bool:
        """In the poorest quarter by resources."""
        return self.resources < POOR

    def lives_under(self, p: Any) -> Any:
        """The parameters that this citizen meets: those of the poorest, where it is one of them."""
        return self.model.for_poorest if self in self.government.poorest else p

    def answer(self, bond: float, p: Any) -> tuple[bool, bool]:
        """Asked to join: (would join if not busy, joins). One mood for both: nobody joins busy who would not free."""
        mood, w, p = self.random.random(), self.willingness + bond, self.lives_under(p)
        return (mood < calls.join_probability(w, self.resources, 0, p),
                mood < calls.join_probability(w, self.resources, self.load, p))

    def look_around(self, p: Any) -> None:
        """See last quarter's neighbours, before any of them changes."""
        self.neighbours_willingness = mean((other.willingness for other in self.neighbours), 0.5)
        self.neighbours_use = mean(other.uses for other in self.neighbours)
        self.reasons = willingness.citizen_reasons(
            self.disposition, self.neighbours_willingness, self.government.social_capital, self.trust,
            self.government.covered, self.lives_under(p))

    def change_willingness(self, p: Any) -> None:
        """Move towards what the reasons call for."""
        self.willingness = willingness.next_willingness(self.willingness, sum(self.reasons), self.random.gauss(), p)

    def start_or_stop_using(self, p: Any) -> None:
        """Start to use what the government offers; leave once it has given it up."""
        offered = uptake.availability(self.government.stage, self.government.depth, p)
        if self.uses and self.government.stage == adoption.DISCONTINUED:
            self.uses = not self.model.happens(p.leave)
        elif self.uses:
            self.uses = not (offered > 0.0 and self.model.happens(uptake.lapse_probability(self.willingness, p)))
        elif offered > 0.0:
            met = adoption.exposure(self.neighbours_use, self.government.share_using, p.mix_c)
            ready = uptake.ready_to_use(self.trust, self.willingness, p)
            self.uses = self.model.happens(uptake.uptake_probability(met, ready, self.resources, offered, p))


class Initiative:
    """What citizens do together, alone or with their government: a project, then perhaps a service."""

    def __init__(self, kind: int, members: list[Citizen], quarter: int, by_lab: bool, p: Any) -> None:
        self.kind, self.members, self.launched, self.by_lab = kind, members, quarter, by_lab
        self.size = len(members)  # as a project; a service may be run by fewer
        self.own = outcomes.ownership(kind, p)
        self.is_service = False
        for citizen in members:
            citizen.load += 1

    def become_service(self, core: int) -> None:
        """A core runs it from now on, the initiator among them; the others are free again."""
        self.is_service = True
        self.release(self.members[core:])
        self.members = self.members[:core]

    def release(self, members: list[Citizen]) -> None:
        """These members are free again."""
        for citizen in members:
            citizen.load -= 1


class Government(mesa.Agent):
    """A municipality: its government, its community, and the initiatives in it."""

    def __init__(self, model: ReadableModel, innovativeness: float, p: Any) -> None:
        super().__init__(model)
        self.citizens: list[Citizen] = []
        self.poorest: set[Citizen] = set()  # for whom something acts that does not for the others
        self.neighbours: list[Government] = []
        self.exchange: list[Government] = []  # two distant peers, met only by exchange
        self.initiatives: list[Initiative] = []

        def start(average: float, spread: float) -> float:
            return clip(self.random.gauss(average, spread), 0.0, 1.0)

        self.willingness = start(p.G0, p.sd_g)
        self.social_capital = start(p.S_lo + p.S_hi * rise(p.C0), p.sd_S)
        self.baseline_social_capital = start(p.S0, p.sd_S0)
        self.reputation = p.R0
        self.risk_culture = start(p.L_lo + p.L_hi * rise(p.G0), p.sd_L)
        self.capacity = start(p.K_lo + p.K_hi * rise(p.G0), p.sd_K)
        self.top_support = start(p.A_lo + p.A_hi * rise(p.G0), p.sd_A)
        self.feedback, self.silo, self.funding = p.phi, p.silo, p.fund
        self.need = start(p.need, p.sd_need)
        self.innovativeness = innovativeness
        self.disposition = self.random.gauss(p.d_iota * (innovativeness - 0.5), p.sd_dm)
        self.stage, self.timer, self.depth, self.news, self.has_piloted = adoption.UNAWARE, 0, 0.0, 0.0, False
        self.ever_adopted = False
        self.value = self.push = self.pull = 0.0
        self.covered = 0.0
        self.happened: Counter[str] = Counter()  # this quarter's events, by the names in simulation.state.COUNTS
        self.blamed = 0.0

    # what is seen of a municipality

    @property
    def citizens_willingness(self) -> float:
        """C of the municipality."""
        return mean(citizen.willingness for citizen in self.citizens)

    @property
    def participation(self) -> float:
        """Pi: the share of citizens who take part in an initiative."""
        return mean(citizen.load > 0 for citizen in self.citizens)

    @property
    def has_adopted(self) -> bool:
        """on: adopted or upscaled."""
        return self.stage in (adoption.ADOPTED, adoption.UPSCALED)

    def services(self, *kinds: int) -> int:
        """How many services of these kinds run."""
        return sum(it.is_service and it.kind in kinds for it in self.initiatives)

    def effective_feedback(self, p: Any) -> float:
        """phi, with levers."""
        return outcomes.effective_feedback(self.feedback, p)

    def responsiveness(self, p: Any) -> float:
        """g (1 - silo): what everybody sees of the government."""
        return calls.support_probability(self.willingness, self.silo_now(p))

    def silo_now(self, p: Any) -> float:
        """silo, with levers and what has been adopted."""
        return calls.effective_silo(self.silo, willingness.adoption_feedback(self.stage, self.depth, p), p)

    # 1. environment

    def begin_quarter(self, p: Any) -> None:
        """Nothing has happened yet, but perhaps an election."""
        self.happened.clear()
        self.blamed = 0.0
        if self.model.steps % p.election_every == 0:
            self.top_support = stocks.top_support_after_vote(self.top_support, p.election_sd, self.random.gauss())
        if p.swing > 0.0:
            self.top_support = stocks.top_support_after_vote(self.top_support, p.swing, self.random.gauss())

    # 2. calls

    def citizens_call(self, p: Any) -> None:
        """Citizens call others; if enough join, the government supports them or they act alone."""
        number = self.rng.poisson(calls.citizen_call_rate(len(self.citizens), self.citizens_willingness, p))
        self.happened["citizen_calls"] = number
        weights = [calls.initiator_weight(c.willingness, c.resources, p) if c.load < 2 else 0.0 for c in self.citizens]
        for _ in range(number):
            initiator = self.random.choices(self.citizens, weights)[0] if any(weights) else None
            if initiator is None or initiator.load >= 2:  # has become busy since the quarter began
                self.happened["crowded_out"] += 1
                continue
            joined, willing = self.ask(initiator, int(p.contacts_c), p)
            far = sum(not is_near(initiator, other, len(self.citizens), int(p.k_c)) for other in initiator.neighbours)
            if len(joined) < p.launch_min:
                self.happened["crowded_out" if willing >= p.launch_min else "unanswered_calls"] += 1
                continue
            supports = calls.support_probability(self.willingness, calls.way_round(self.silo_now(p), far, p))
            self.launch(JOINT if self.model.happens(supports) else SOLO, joined, p)
            self.happened["initiators_poor"] += initiator.is_poor

    def government_calls(self, p: Any) -> None:
        """The government calls; a call that fails for want of will, not of time, is dead."""
        number = self.rng.poisson(calls.government_call_rate(len(self.citizens), self.willingness, p))
        self.happened["government_calls"] = number
        for _ in range(number):
            joined, willing = self.ask(None, int(p.contacts_g), p)
            if len(joined) >= p.launch_min:
                self.launch(CALLED, joined, p)
            else:
                self.happened["crowded_out" if willing >= p.launch_min else "dead_calls"] += 1

    def ask(self, initiator: Citizen | None, contacts: int, p: Any) -> tuple[list[Citizen], int]:
        """Ask contacts, an initiator's neighbours among them: who joins, and how many would if nobody were busy."""
        joined = [initiator] if initiator else []
        willing = len(joined)
        asked = [initiator] if initiator else []
        others = len(self.citizens) - len(asked)
        for _ in range(min(contacts, others)):
            other, known = self.somebody_new(initiator, asked, p)
            if other is None or len(joined) >= p.members_max:
                continue
            asked.append(other)
            close = known and is_near(initiator, other, len(self.citizens), int(p.k_c))
            would, joins = other.answer(calls.asked_by(close, p) if initiator else 0.0, p)
            willing += would
            if joins:
                joined.append(other)
            self.happened["asked"] += 1
            self.happened["joined"] += joins
        return joined, willing

    def somebody_new(self, initiator: Citizen | None, asked: list[Citizen], p: Any) -> tuple[Citizen | None, bool]:
        """A neighbour of the initiator with chance `near`, else anybody; nobody if eight thoughts bring nobody new.

        And whether over a tie.
        """
        close = initiator.neighbours if initiator else []
        for _ in range(8):
            known = bool(close) and self.model.happens(p.near)
            other = self.random.choice(close if known else self.citizens)
            if other not in asked:
                return other, known
        return None, False

    def launch(self, kind: int, members: list[Citizen], p: Any) -> None:
        """An initiative starts."""
        by_lab = kind == CALLED and self.model.happens(p.lab_share)
        self.initiatives.append(Initiative(kind, members, self.model.steps, by_lab, p))
        self.happened[f"launched_{KINDS[kind]}"] += 1

    # 3. outcomes

    def outcomes(self, p: Any) -> None:
        """Projects that have had their time succeed or fail; services may end, or grow."""
        for it in list(self.initiatives):
            if not it.is_service:
                if self.model.steps - it.launched >= p.project_quarters:
                    self.evaluate(it, p)
            elif self.model.happens(outcomes.end_probability(
                    it.kind, it.own, outcomes.effective_funding(self.funding, it.size, p),
                    self.effective_feedback(p), len(it.members), p)):
                self.happened["services_ended"] += 1
                self.end(it)
            elif self.model.happens(p.growth * self.willingness):
                newcomer = self.random.choice(self.citizens)
                if newcomer.load < 2 and newcomer not in it.members and len(it.members) < p.members_max:
                    it.members.append(newcomer)
                    newcomer.load += 1
        self.covered = willingness.coverage(self.services(SOLO, JOINT, CALLED), len(self.citizens), p)

    def evaluate(self, it: Initiative, p: Any) -> None:
        """A project succeeds and becomes a service, or ends; everybody draws a lesson."""
        succeeded = self.model.happens(outcomes.success_probability(
            it.kind, self.social_capital, it.own, self.capacity, it.size, p))
        lesson = stocks.experience(it.kind, succeeded, p)
        for member in it.members:
            member.trust = stocks.trust_after_experience(member.trust, lesson, p)
        self.reputation = stocks.reputation_after(self.reputation, succeeded, len(self.citizens), p)
        side = "solo" if it.kind == SOLO else "supported"
        self.happened[f"{side}_{'successes' if succeeded else 'failures'}"] += 1
        if not succeeded and it.kind != SOLO:
            self.blamed += p.blame_large if it.size >= p.bond_size else 1.0
        if succeeded and (not it.by_lab or self.model.happens(p.lab_service)):
            self.happened["services_new"] += 1
            it.become_service(int(p.core))
        else:
            self.end(it)

    def end(self, it: Initiative) -> None:
        """An initiative is over."""
        it.release(it.members)
        self.initiatives.remove(it)

    # 4. stocks

    def stocks(self, p: Any) -> None:
        """What the quarter leaves behind: social capital, trust, reputation, risk culture, capacity, top support."""
        n, happened, feedback = len(self.citizens), self.happened, self.effective_feedback(p)
        self.social_capital = stocks.next_social_capital(
            self.social_capital, self.baseline_social_capital, self.participation, self.share_that_would_come(p), p)
        felt = calls.felt_responsiveness(self.responsiveness(p), p)
        for citizen in self.citizens:
            citizen.trust = stocks.trust_of_everyone(citizen.trust, felt, citizen.lives_under(p))
        for _ in range(happened["dead_calls"]):
            self.reputation = stocks.reputation_after_dead_call(self.reputation, n, p)
        self.reputation = stocks.reputation_fades(self.reputation, p)
        dead = p.R_dead * happened["dead_calls"]
        self.risk_culture = stocks.next_risk_culture(
            self.risk_culture, happened["supported_successes"], happened["supported_failures"] + dead,
            self.blamed + dead, feedback, n, p)
        evaluated = happened["supported_successes"] + happened["supported_failures"]
        practice = self.services(JOINT, CALLED) + happened["launched_joint"] + happened["launched_called"]
        self.capacity = stocks.next_capacity(self.capacity, evaluated, practice, self.willingness, feedback, n, p)
        mean_trust = mean(citizen.trust for citizen in self.citizens)
        self.top_support = stocks.next_top_support(
            self.top_support, self.willingness, self.participation, mean_trust, p)

    def share_that_would_come(self, p: Any) -> float:
        """The share of citizens who would join if asked, each with an average citizen's will and means."""
        poor = len(self.poorest) / len(self.citizens)
        one, other = (calls.join_probability(self.citizens_willingness, 0.5, 0, q) for q in (p, self.model.for_poorest))
        return (1.0 - poor) * one + poor * other

    # 5. willingness

    def look_around(self, p: Any) -> None:
        """See last quarter's peers, before any of them changes."""
        peers = self.neighbours + self.exchange[:int(p.long_ties)]
        self.peers_willingness = mean((peer.willingness for peer in peers), 0.5)
        self.peers_adopted = mean(peer.has_adopted for peer in peers)
        self.peers_news = mean(peer.news for peer in peers)
        self.peers_experience = mean(
            peer.depth if peer.has_adopted else -float(peer.stage == adoption.DISCONTINUED) for peer in peers)
        self.share_using = mean(citizen.uses for citizen in self.citizens)
        self.reasons = willingness.government_reasons(
            self.disposition, self.peers_willingness, self.risk_culture, self.capacity, self.top_support,
            self.reputation, self.participation, self.stage, self.depth, p)

    def change_willingness(self, p: Any) -> None:
        """Move towards what the reasons call for."""
        self.willingness = willingness.next_willingness(self.willingness, sum(self.reasons), self.random.gauss(), p)

    # 6. adoption

    def consider_innovation(self, p: Any) -> None:
        """What is seen in the innovation, and the step that follows from it, if any."""
        met = adoption.exposure(self.peers_adopted, self.model.adopted_share, p.mix)
        advantage = adoption.advantage(self.peers_experience, self.innovativeness, p)
        terms = adoption.value_terms(
            self.innovativeness, self.top_support, self.risk_culture, self.capacity, self.willingness,
            adoption.effective_need(self.need, p), adoption.exposure(self.peers_news, self.model.news, p.mix), advantage, p)
        obliged = adoption.obligation(sum(terms), p)
        self.value = sum(terms) + obliged
        self.push, self.pull = terms.imitation + obliged, terms.need + terms.employees
        self.timer += 1
        before, self.stage = self.stage, self.next_stage(met, p)
        adopts = self.stage == adoption.ADOPTED and before != adoption.ADOPTED
        self.news = adoption.freshness(self.news, adopts, p)
        if self.stage == before:
            return
        self.timer = 0
        if self.stage == adoption.PILOTING:
            self.happened["pilots_started"] += 1
        elif self.stage == adoption.ADOPTED:
            self.happened["adoptions"] += 1
            self.ever_adopted = True
            coerced = adoption.coerced_share(obliged, self.value)
            self.has_piloted = before == adoption.PILOTING
            self.depth = adoption.depth_at_adoption(coerced, float(self.has_piloted), self.capacity, p)
        elif self.stage == adoption.DISCONTINUED:
            self.depth = self.news = 0.0

    def next_stage(self, met: float, p: Any) -> int:
        """The stage after this quarter."""
        happens, feedback = self.model.happens, self.effective_feedback(p)
        match self.stage:
            case adoption.UNAWARE:
                hears = adoption.awareness_probability(self.innovativeness, met, p)
                return adoption.AWARE if happens(hears) else self.stage
            case adoption.AWARE:
                if happens(adoption.pilot_probability(self.value, p)):
                    return adoption.PILOTING
                return adoption.ADOPTED if happens(adoption.direct_probability(self.value, p)) else self.stage
            case adoption.PILOTING:
                return self.stage if self.timer < p.pilot_quarters else self.after_pilot(feedback, p)
            case adoption.ADOPTED | adoption.UPSCALED:
                if happens(adoption.giving_up_probability(self.stage, self.depth, float(self.has_piloted), feedback, p)):
                    self.happened["discontinuations"] += 1
                    return adoption.DISCONTINUED
                upscales = adoption.upscaling_probability(self.depth, self.capacity, self.top_support, p)
                self.depth = adoption.next_depth(self.depth, feedback, p)
                return adoption.UPSCALED if self.stage == adoption.UPSCALED or happens(upscales) else self.stage
            case _:
                return adoption.AWARE if happens(p.back) else self.stage

    def after_pilot(self, feedback: float, p: Any) -> int:
        """A pilot has had its time: it convinces, is repeated, is learnt from, or is lost."""
        happens = self.model.happens
        if happens(adoption.pilot_success_probability(self.capacity, self.risk_culture, p)):
            if happens(adoption.decision_probability(self.value, p)):
                return adoption.ADOPTED
            self.happened["pilots_started"] += 1
            self.timer = 0  # a lab rat: it worked, nobody decides, it is piloted once more
            return adoption.PILOTING
        if happens(adoption.retry_probability(self.risk_culture, feedback, p)):
            self.capacity = adoption.capacity_after_failed_pilot(self.capacity, p)
            return adoption.AWARE
        return adoption.DISCONTINUED if happens(0.5) else adoption.AWARE

    # 7. record

    def note_regime(self) -> None:
        """A regime is a quadrant that has held for two quarters; the first quadrant counts at once."""
        now = regimes.quadrant(self.citizens_willingness, self.willingness)
        if self.model.steps == 0:
            self.regime, self.quadrant, self.held = now, now, 1
            return
        self.held = self.held + 1 if now == self.quadrant else 1
        self.quadrant = now
        if self.held >= regimes.HOLD:
            self.regime = now


# ---------------------------------------------------------------- the model

class ReadableModel(mesa.Model):
    """A society of municipalities. `schedule` holds the parameters of each quarter, the start's first.

    >>> model = ReadableModel([defaults(C0=.75, G0=.25)] * 61, citizens=[25] * 40, rng=1)
    >>> model.run_for(60)
    >>> model.datacollector.get_table_dataframe("society")

    poorest: which share of each municipality's citizens, those of the fewest resources, lives under `for_poorest`, a
    schedule of their own, in all that citizens are asked one by one; `schedule` holds what everybody else and governments
    meet.
    """

    def __init__(self, schedule: Sequence[Any], citizens: Sequence[int] = (25,) * 40, rng: int | None = None,
                 poorest: float = 0.0, for_poorest: Sequence[Any] | None = None) -> None:
        super().__init__(rng=rng)
        self.schedules = schedule, schedule if for_poorest is None else for_poorest
        self.for_poorest = plain_numbers(self.schedules[1][0])
        off = [name for name in schedule[0].dtype.names if name.startswith("on_") and not schedule[0][name]]
        if off:
            raise ValueError(f"the readable model has no switches; leave {', '.join(off)} at 1, or ask the engine.")
        p = plain_numbers(schedule[0])
        M = len(citizens)
        ranks = [(i + 0.5) / M for i in range(M)]
        self.random.shuffle(ranks)
        self.governments = [Government(self, rank, p) for rank in ranks]
        small_world(self.governments, int(p.k_g), calls.crossing(p.rewire_g, p.silo), self.random)
        for government, n in zip(self.governments, citizens, strict=True):
            government.citizens = [Citizen(self, government, p) for _ in range(n)]
            by_resources = sorted(government.citizens, key=lambda citizen: citizen.resources)
            government.poorest = set(by_resources[:int(poorest * n + 0.5)])
            small_world(government.citizens, int(p.k_c), calls.crossing(p.rewire_c, p.silo), self.random)
            strangers = [other for other in self.governments if other is not government]
            government.exchange = self.random.choices(strangers, k=2) if strangers else []
        self.citizens = [citizen for government in self.governments for citizen in government.citizens]
        self.datacollector = mesa.DataCollector(tables={"society": list(indicators.SOCIETY)})
        for before in range(int(p.burn_in)):  # with willingness as it starts, and nothing yet to adopt
            self.steps = before - int(p.burn_in) + 1
            for phase in ("begin_quarter", "citizens_call", "government_calls", "outcomes", "stocks"):
                self.agents_by_type[Government].do(phase, p)
        for government in self.governments:
            government.happened.clear()
        self.agents.do("look_around", p)
        self.record(p)

    def happens(self, probability: float) -> bool:
        """Whether something of this probability happens."""
        return self.random.random() < probability

    def step(self) -> None:
        """One quarter. Mesa has counted it already: `steps` is this quarter's number."""
        p, self.for_poorest = (plain_numbers(table[self.steps]) for table in self.schedules)
        governments, citizens = self.agents_by_type[Government], self.agents_by_type[Citizen]
        self.adopted_share = mean(government.has_adopted for government in self.governments)
        self.news = mean(government.news for government in self.governments)
        governments.do("begin_quarter", p)
        governments.do("citizens_call", p)
        governments.do("government_calls", p)
        governments.do("outcomes", p)
        governments.do("stocks", p)
        self.agents.do("look_around", p)
        self.agents.do("change_willingness", p)
        governments.do("consider_innovation", p)
        citizens.do("start_or_stop_using", p)
        self.record(p)

    def record(self, p: Any) -> None:
        """Regimes, and the society's row in the table "society"."""
        self.agents_by_type[Government].do("note_regime")
        self.datacollector.add_table_row("society", self.society(p))

    def society(self, p: Any) -> dict[str, float]:
        """What is measured of the society in a quarter, by the names and meanings of simulation.indicators.SOCIETY.

        One function, because it is a list: a line for each indicator.
        """
        governments, citizens = self.governments, self.citizens
        adopters = [g for g in governments if g.has_adopted]
        participants = [c for c in citizens if c.load > 0]
        poor = sum(c.is_poor for c in citizens)
        total = sum((g.happened for g in governments), Counter())

        def average(name: str) -> float:
            return mean(getattr(g, name) for g in governments)

        def stage(*stages: int) -> float:
            return mean(g.stage in stages for g in governments)

        def services(*kinds: int) -> float:
            return mean(g.services(*kinds) for g in governments)

        def representativeness(poor_among_them: int, them: int) -> float:
            return indicators.representativeness(poor_among_them, them, poor, len(citizens))

        by_citizens = total["launched_solo"] + total["launched_joint"]
        row = {
            "C": mean(c.willingness for c in citizens),
            "G": average("willingness"),
            "S": average("social_capital"),
            "T": mean(c.trust for c in citizens),
            "R": average("reputation"),
            "L": average("risk_culture"),
            "K": average("capacity"),
            "A": average("top_support"),
            **{name: mean(g.regime == i for g in governments) for i, name in enumerate(regimes.REGIMES)},
            "unaware": stage(adoption.UNAWARE),
            "aware": stage(adoption.AWARE),
            "piloting": stage(adoption.PILOTING),
            "adopted": stage(adoption.ADOPTED),
            "upscaled": stage(adoption.UPSCALED),
            "discontinued": stage(adoption.DISCONTINUED),
            "on": stage(adoption.ADOPTED, adoption.UPSCALED),
            "ever_adopted": average("ever_adopted"),
            "depth": share(sum(g.depth for g in adopters), len(adopters)),
            "consciousness": 1.0 - stage(adoption.UNAWARE),
            "uses": mean(c.uses for c in citizens),
            "participation": len(participants) / len(citizens),
            "projects": mean(sum(not it.is_service for it in g.initiatives) for g in governments),
            "services": services(SOLO, JOINT, CALLED),
            "services_solo": services(SOLO),
            "services_supported": services(JOINT, CALLED),
            **{name: total[name] / len(governments) for name in (
                "citizen_calls", "government_calls", "launched_solo", "launched_joint", "launched_called",
                "unanswered_calls", "dead_calls", "crowded_out", "services_new", "services_ended", "pilots_started",
                "adoptions", "discontinuations")},
            "joining": share(total["joined"], total["asked"]),
            "success_solo": share(total["solo_successes"], total["solo_successes"] + total["solo_failures"]),
            "success_supported": share(
                total["supported_successes"], total["supported_successes"] + total["supported_failures"]),
            "spend": p.running_cost + p.points,
            "representativeness": representativeness(sum(c.is_poor for c in participants), len(participants)),
            "representativeness_initiators": representativeness(total["initiators_poor"], by_citizens),
            "feedback_inside": mean(g.risk_culture * g.effective_feedback(p) for g in governments),
            "feedback_outside": share(total["launched_joint"], by_citizens),
            "technology_rank": share(sum(g.innovativeness for g in adopters), len(adopters)),
            "push": average("push"),
            "pull": average("pull"),
            "accountability": indicators.accountability(
                services(JOINT, CALLED), services(SOLO), mean(g.effective_feedback(p) for g in governments)),
            "traditional_output": 1.0,
        }
        row["efficiency"] = indicators.efficiency(
            row["services"] * len(governments), len(citizens), sum(g.depth for g in adopters) / len(governments),
            row["spend"])
        row["legitimacy"] = indicators.legitimacy(row["T"], row["feedback_outside"], row["representativeness"])
        row["legitimacy_measured"] = indicators.measured(
            row["legitimacy"], p.measure_noise, row["A"], p.measure, self.random.gauss())
        # The reasons, as means, as they were when willingness moved. (The engine's row reads capacity after this
        # quarter's failed pilots have taught something, so its y_capacity can be a little higher.)
        for side, agents in (("x", citizens), ("y", governments)):
            names = agents[0].reasons._fields
            row |= {f"{side}_{name}": mean(agent.reasons[i] for agent in agents) for i, name in enumerate(names)}
        return row


def main(quarters: int = 20) -> None:
    """Run the default size and say how long a citizen's quarter takes."""
    model = ReadableModel([defaults(C0=0.75, G0=0.25)] * (quarters + 1), rng=1)
    began = time.perf_counter()
    model.run_for(quarters)
    spent = time.perf_counter() - began
    print(model.datacollector.get_table_dataframe("society")[["C", "G", "S", "T", "services", "on"]].iloc[::4].round(2))
    print(f"{1e9 * spent / quarters / len(model.citizens):,.0f} ns a citizen and quarter")


if __name__ == "__main__":
    main()
