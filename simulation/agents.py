"""Citizens and governments as Mesa agents: each a thin view of one row of the state, made when somebody looks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import mesa
import numpy as np
from mesa.agentset import AgentSet, _HardKeyAgentSet

from letsdance.params import Refused, listed, nearest
from letsdance.simulation.luck import Stream, address, normal
from letsdance.simulation.rules import adoption as diffusion
from letsdance.simulation.rules import outcomes as outcome
from letsdance.simulation.rules import uptake as usage
from letsdance.simulation.rules import willingness as will
from letsdance.simulation.rules.regimes import REGIMES
from letsdance.simulation.run import CATEGORIES, STAGES
from letsdance.simulation.society import interpreted_arithmetic
from letsdance.simulation.state import GOVERNMENT, SERVICE

if TYPE_CHECKING:
    from letsdance.simulation.model import CoCreationModel

#: Columns that hold the number of a word.
_WORDS: dict[str, tuple[str, ...]] = {
    "stage": STAGES, "stage_before": STAGES, "category": tuple(CATEGORIES), "regime": REGIMES, "quadrant": REGIMES}


class Column:
    """One entry of a column as an attribute: a plain Python number or word; setting it writes the column."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, agent: Any, owner: type | None = None) -> Any:
        if agent is None:
            return self
        value = agent._column(self.name)[agent.row].item()
        return _WORDS[self.name][value] if self.name in _WORDS else value

    def __set__(self, agent: Any, value: Any) -> None:
        agent._column(self.name)[agent.row] = _WORDS[self.name].index(value) if self.name in _WORDS else value


class View(mesa.Agent):
    """An agent that is a row of the state. It is not registered one by one; see `Views`."""

    model: CoCreationModel
    pos = None
    _side: str

    def __init__(self, model: CoCreationModel, row: int) -> None:
        self.model, self.row = model, row

    def _column(self, name: str) -> np.ndarray:
        raise NotImplementedError

    def __getattr__(self, name: str) -> float:
        # a column of a mechanism of the user's own
        own = {} if name.startswith("_") else self.model.society.driver.columns[self._side]
        if name not in own:
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}.{nearest(name, own)}")
        return self._own(own[name])

    def _own(self, row: int) -> float:
        """Its entry in a row of what mechanisms of the user's own keep."""
        return float(getattr(self.model.society.state, f"own_{self._side}")[row, self.row])

    def _terms(self, decision: str) -> dict[str, float]:
        """What mechanisms of the user's own added to its last decision of a kind, by name."""
        return {name: self._own(row) for name, row in self.model.society.driver.terms[decision].items()}

    def remove(self) -> None:
        """Nobody leaves a society one by one (docs/odd.md section 9: citizens do not move)."""
        raise Refused("a {kind_of} cannot be removed; start a model with fewer municipalities or citizens instead.",
                      kind_of=type(self).__name__.lower())

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.unique_id}>"


class Citizen(View):
    """A citizen: willingness, trust, resources, disposition, load and uses by name; `why()` tells the last decision."""

    _side = "citizens"
    willingness = Column()
    trust = Column()
    resources = Column()
    disposition = Column()
    load = Column()
    uses = Column()

    def _column(self, name: str) -> np.ndarray:
        column = getattr(self.model.society.state, name)
        return column[self.model.society.quarter & 1] if column.ndim == 2 else column

    @property
    def unique_id(self) -> int:  # type: ignore[override]
        """1 to N, in the order of rows."""
        return self.row + 1

    @property
    def government(self) -> Government:
        """The government of its municipality."""
        return self.model.governments[int(np.searchsorted(self.model.governments_first, self.row, side="right")) - 1]

    @property
    def neighbors(self) -> AgentSet:
        """Citizens it is tied to."""
        s = self.model.society.state
        rows = s.neighbours[int(s.ties[self.row]):int(s.ties[self.row + 1])]
        return AgentSet([self.model.citizens[int(r)] for r in rows], self.model.random)

    @property
    def initiatives(self) -> list[Initiative]:
        """The initiatives it takes part in, at most two."""
        return [one for one in self.government.initiatives if self in one.members]

    def why(self, decision: str = "willingness") -> dict[str, float]:
        """The terms of its last decision, by name, with values: 'willingness' (logits) or 'use' (shares).

        {} before the first quarter. Recomputed by the very rules, from what stood when it decided.
        """
        society = self.model.society
        s, t, gov = society.state, society.quarter, self.government
        p = society.parameters_of(self.row, gov.row)
        if t == 0:
            return {}
        before = (t - 1) & 1
        ties = s.neighbours[int(s.ties[self.row]):int(s.ties[self.row + 1])]
        with interpreted_arithmetic():
            if decision == "use":
                share = float(np.mean(s.uses[before][ties])) if len(ties) else 0.0
                share = diffusion.exposure(share, float(np.mean(s.uses[before][gov._rows])), p.mix_c)
                offered = usage.availability(STAGES.index(gov.stage), gov.depth, p)
                return {"exposure": share, "trust": self.trust, "resources": self.resources, "offered": offered,
                        "chance": usage.uptake_probability(
                            share, usage.ready_to_use(self.trust, self.willingness, p), self.resources, offered, p),
                        "uses_before": float(s.uses[before][self.row]), "uses": float(self.uses)}
            _only(decision, ("willingness", "use"))
            around = _mean(s.willingness[before][ties])
            services = gov.services_solo + gov.services_joint + gov.services_called
            terms = will.citizen_reasons(
                self.disposition, around, gov.social_capital, self.trust, will.coverage(services, gov.citizens, p), p)
            place = self.row - gov.first
            chance = normal(np.uint64(address(society.seed, np.uint64(Stream.CITIZEN_NOISE), np.int64(t),
                                              np.int64(gov.row))), np.int64(place))
            return _explained(terms, self._terms("willingness of citizens"), float(s.willingness[before][self.row]), chance,
                              self.willingness, p)


class Government(View):
    """A government: every column of its record by name; `why()` tells the last decision."""

    _side = "governments"

    def _column(self, name: str) -> np.ndarray:
        return self.model.society.state.governments[name]

    @property
    def unique_id(self) -> int:  # type: ignore[override]
        """N+1 to N+M, in the order of municipalities."""
        return self.model.society.state.trust.size + self.row + 1

    @property
    def name(self) -> str:
        """The name of its municipality."""
        return self.model.society.municipalities.names[self.row]

    @property
    def _rows(self) -> slice:
        return slice(self.first, self.first + self.citizens)

    @property
    def neighbors(self) -> AgentSet:
        """Its peers: governments it is tied to."""
        s = self.model.society.state
        rows = s.peers[int(s.peer_ties[self.row]):int(s.peer_ties[self.row + 1])]
        return AgentSet([self.model.governments[int(r)] for r in rows], self.model.random)

    @property
    def people(self) -> AgentSet:
        """Its citizens."""
        return AgentSet(self.model.citizens[self._rows], self.model.random)

    @property
    def initiatives(self) -> list[Initiative]:
        """Projects under way and services that run in its municipality."""
        s = self.model.society.state
        first = self.first_slot
        count = int(s.governments["initiatives"][self.row])
        return [Initiative(
            id=int(one["id"]), kind=("solo", "joint", "called")[one["kind"]],
            phase="service" if one["phase"] == SERVICE else "project", launched=int(one["launched"]),
            size=int(one["launch_size"]), own=float(one["own"]), government=self,
            members=tuple(self.model.citizens[int(r)] for r in s.members[first + k][:one["members"]]))
            for k, one in enumerate(s.initiatives[first:first + count])]

    def why(self, decision: str = "willingness") -> dict[str, float]:
        """The terms of its last decision, by name, with values: 'willingness' (logits) or 'adoption' (value).

        {} before the first quarter. Recomputed by the very rules, from what stood when it decided.
        """
        society = self.model.society
        t, p = society.quarter, society.parameters_in(self.row)
        if t == 0:
            return {}
        with interpreted_arithmetic():
            if decision == "adoption":
                need = diffusion.effective_need(self.need, p)
                terms = diffusion.value_terms(
                    self.innovativeness, self.top_support, self.risk_culture, self.capacity_before, self.willingness, need,
                    self.novelty, self.advantage, p)
                feedback = outcome.effective_feedback(self.feedback, p)
                return {**terms._replace(obligation=self.obliged)._asdict(), **self._terms("adoption"), "value": self.value,
                        "pilots": diffusion.pilot_probability(self.value, p),
                        "adopts_directly": diffusion.direct_probability(self.value, p),
                        "decides_after_pilot": diffusion.decision_probability(self.value, p),
                        "gives_up": diffusion.giving_up_probability(
                            STAGES.index(self.stage), self.depth, float(self.piloted), feedback, p)}
            _only(decision, ("willingness", "adoption"))
            terms = will.government_reasons(
                self.disposition, self.peers_willingness, self.risk_culture, self.capacity_before, self.top_support,
                self.reputation, self.participants / self.citizens, STAGES.index(self.stage_before), self.depth_before, p)
            chance = normal(np.uint64(address(society.seed, np.uint64(Stream.GOVERNMENT_NOISE), np.int64(t),
                                              np.int64(self.row))), np.int64(0))
            return _explained(terms, self._terms("willingness of governments"), self.willingness_before, chance,
                              self.willingness, p)


for _name in GOVERNMENT.names or ():
    if _name != "initiatives":
        _column = Column()
        _column.__set_name__(Government, _name)
        setattr(Government, _name, _column)


@dataclass(frozen=True)
class Initiative:
    """An initiative as it stands: a project or a service, with its members."""

    id: int
    kind: str
    phase: str
    launched: int
    size: int
    own: float
    government: Government
    members: tuple[Citizen, ...]


def _mean(values: np.ndarray) -> float:
    """The mean of neighbours in the order of ties, as the engine adds them."""
    total = 0.0
    for value in values:
        total += float(value)
    return total / len(values) if len(values) else will.NOBODY


def _only(decision: str, known: tuple[str, ...]) -> None:
    if decision not in known:
        raise Refused("there is no decision {decision!r} to explain; ask for {known}.", decision=decision,
                      known=listed(map(repr, known), "or"))


def _explained(terms: Any, added: dict[str, float], before: float, chance: float, after: float, p: Any) -> dict[str, float]:
    drive = 0.0
    for value in terms:
        drive += value
    more = 0.0  # as the engine adds them: first together, then to the sum
    for value in added.values():
        more += value
    drive += more
    return {**{k: float(v) for k, v in terms._asdict().items()}, **added, "drive": drive,
            "target": float(will.willingness_target(drive, p)), "noise": float(p.noise * chance), "before": before,
            "after": after}


class Views(_HardKeyAgentSet):
    """Mesa's registry of agents, of which the views are made at first use and then kept by the model.

    Counting and asking for a column make no view at all, so a million citizens cost no million objects.
    """

    _model: CoCreationModel
    _kinds: tuple[type, ...]
    _made: dict[Any, None] | None
    _others: dict[Any, None]

    def __init__(self, agents: Iterable[Any] = (), random: Any = None) -> None:
        super().__init__(agents, random)  # what select and groupby derive is an ordinary set

    @classmethod
    def of(cls, model: CoCreationModel, kinds: tuple[type, ...]) -> Views:
        """All agents of these kinds."""
        self = cls.__new__(cls)
        self.random, self._model, self._kinds = model.random, model, kinds
        self._made, self._others = None, {}
        return self

    @property
    def _agents(self) -> dict[Any, None]:  # type: ignore[override]
        if self._made is None:
            views = [view for kind in self._kinds for view in self._model._views(kind)]
            self._made = dict.fromkeys(views) | self._others
        return self._made

    @_agents.setter
    def _agents(self, agents: dict[Any, None]) -> None:
        if "_kinds" in self.__dict__:
            raise TypeError("the registry cannot be sorted or shuffled in place; use a copy")
        self._made = agents

    def __len__(self) -> int:
        if "_kinds" not in self.__dict__ or self._made is not None:
            return len(self._agents)
        return sum(self._model._count(kind) for kind in self._kinds) + len(self._others)

    def __contains__(self, agent: object) -> bool:
        if "_kinds" in self.__dict__ and isinstance(agent, View):
            return agent.model is self._model and type(agent) in self._kinds
        return agent in self._agents

    def add(self, agent: Any) -> None:
        """An agent that a user adds beside the views."""
        if "_kinds" in self.__dict__:
            self._others[agent] = None
        if self._made is not None:
            self._made[agent] = None

    def remove(self, agent: Any) -> None:
        """Take out an agent that a user added."""
        if "_kinds" in self.__dict__:
            del self._others[agent]
        if self._made is not None:
            del self._made[agent]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_made": None} if "_kinds" in self.__dict__ else self.__dict__
