"""`CoCreationModel`: the society as a Mesa model. Its step is the quarter of `simulation.society.QUARTER`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import mesa
import numpy as np

from letsdance import scenarios
from letsdance.params import Refused, check_whole, nearest
from letsdance.scenarios import ScenarioLike, UseLike
from letsdance.scenarios.mechanism import Mechanisms, named, of_rules
from letsdance.simulation import municipalities as table
from letsdance.simulation import own
from letsdance.simulation import schedule as environment
from letsdance.simulation.agents import Citizen, Government, View, Views
from letsdance.simulation.own import TableLike
from letsdance.simulation.rules.regimes import REGIMES
from letsdance.simulation.society import QUARTER, Society

#: What Mesa collects of agents: an attribute's name, a function of the agent, or [function, arguments].
type Reporter = str | Callable[..., object] | list[object]

__all__ = ["QUARTER", "Citizen", "CoCreationModel", "Government"]


class CoCreationModel(mesa.Model):
    """Citizens and governments who may co-create, and an innovation that spreads.

    scenario: a start by name, a file's path or a `Scenario`. rng: the seed; the same seed gives the numbers of
    `simulate(scenario, seed=rng)`'s first run. overrides: parameters by name (k=1.5), and levers, shocks, profile,
    quarters, mechanisms, rules, networks, and municipalities and citizens (a table, or how many) as in `simulate`. Every
    indicator is an attribute (`model.C`) and a model reporter; `agent_reporters` (asked of citizens and governments alike)
    and `agenttype_reporters` are Mesa's. Raises `Refused` (a ValueError) for bad input.
    """

    def __init__(
        self,
        scenario: ScenarioLike = "lets_dance",
        *,
        rng: int | np.integer | np.random.Generator | None = None,
        levers: Sequence[UseLike] = (),
        shocks: Sequence[UseLike] = (),
        profile: str | None = None,
        quarters: int | None = None,
        municipalities: table.MunicipalitiesLike | int | None = None,
        citizens: TableLike | int | None = None,
        networks: Mapping[str, object] | None = None,
        mechanisms: Mechanisms = (),
        rules: Mapping[str, Callable[..., object]] | None = None,
        threads: int = 1,
        agent_reporters: Mapping[str, Reporter] | None = None,
        agenttype_reporters: Mapping[type, Mapping[str, Reporter]] | None = None,
        **overrides: object,
    ) -> None:
        told = scenarios.load(scenario).changed(mechanisms=[*named(mechanisms), *of_rules(rules)])
        for name in overrides:
            if name not in told.known:
                known = [*told.known, "levers", "shocks", "profile", "quarters", "municipalities", "mechanisms",
                         "rules", "citizens", "networks", "agent_reporters", "agenttype_reporters"]
                raise Refused("there is no parameter {name!r}.{near} See `letsdance show parameters`.", name=name,
                              near=nearest(name, known))
        if isinstance(municipalities, int | float):
            overrides["municipalities"], municipalities = municipalities, None
        if isinstance(citizens, int | float):
            overrides["citizens"], citizens = citizens, None
        if isinstance(rng, int | np.integer):
            rng = check_whole("rng", rng, 0, 2**63 - 1)
        scenario = told.changed(
            parameters=overrides, levers=levers, shocks=shocks, profile=profile, quarters=quarters)
        super().__init__(rng=rng)
        self.own_scenario = scenario
        self.seed = rng if isinstance(rng, int) else int(np.random.default_rng(rng).integers(2**31))
        places = own.of(scenario, municipalities, citizens, networks)
        self.society = Society(places, environment.build(scenario, among=places), self.seed, threads)
        self.governments_first = self.society.state.governments["first"]
        self._made: dict[type, list[Any]] = {}
        self._all_agents = Views.of(self, (Citizen, Government))
        self._agents_by_type = {kind: Views.of(self, (kind,)) for kind in (Citizen, Government)}
        self.agent_id_counter = len(self._all_agents) + 1
        self.datacollector = mesa.DataCollector(
            model_reporters={name: name for name in self.society.row.dtype.names or ()},
            agent_reporters=dict(agent_reporters or {}) or None,
            agenttype_reporters={kind: dict(r) for kind, r in (agenttype_reporters or {}).items()} or None)
        self.datacollector.collect(self)

    def step(self) -> None:
        """One quarter, phase by phase in the order of QUARTER; the run ends (running = False) at the horizon."""
        self.society.step()
        self.running = self.society.quarter < self.own_scenario.quarters
        self.datacollector.collect(self)

    @property
    def scenario(self) -> None:  # type: ignore[override]
        """None: ours is `own_scenario`. Mesa's own scenario object carries nothing here, and SolaraViz would
        hand it to the next model in the place of our `scenario`."""

    @scenario.setter
    def scenario(self, scenario: Any) -> None:
        """Mesa sets one in every model."""

    @property
    def quarter(self) -> int:
        """The quarter that has been reached; 0 at the start."""
        return self.society.quarter

    @property
    def citizens(self) -> list[Citizen]:
        """All citizens, in the order of rows."""
        return self._views(Citizen)

    @property
    def governments(self) -> list[Government]:
        """All governments, in the order of municipalities."""
        return self._views(Government)

    def _count(self, kind: type[View]) -> int:
        return self.society.state.trust.size if kind is Citizen else len(self.society.municipalities)

    def _views(self, kind: type[View]) -> list[Any]:
        if kind not in self._made:
            self._made[kind] = [kind(self, row) for row in range(self._count(kind))]
        return self._made[kind]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(self.society.row.dtype.names or ())]

    def __repr__(self) -> str:
        shown = ", ".join(f"{name} {self.society.row[name][0]:.2f}" for name in ("C", "G", *REGIMES))
        asked, places = self.own_scenario, len(self.society.municipalities)
        return (f"{asked.title}: quarter {self.quarter} of {asked.quarters}, {places} municipalities, "
                f"{self.society.state.trust.size} citizens, seed {self.seed}\n{shown}")

    def __getattr__(self, name: str) -> float:
        # Indicators by their names. DataCollector asks for them as attributes, and takes plain numbers only.
        measured = self.society.row.dtype.names or () if "society" in self.__dict__ else ()
        if name in measured:
            return float(self.society.row[name][0])
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}.{nearest(name, measured)}")
