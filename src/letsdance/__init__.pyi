"""The one door. This list is the public Python interface; `__init__.py` reads it, so that there is no second one."""

from .experiments.adopters.calibrate import Calibration, calibrate
from .experiments.adopters.describing import Description, describe
from .experiments.adopters.forecast import Forecast, forecast
from .experiments.adopters.history import Cascade
from .experiments.adopters.history import read as read_history
from .experiments.basins import Basins, basins
from .experiments.branch import Saved, branch, state_at
from .experiments.branch import load as load_state
from .experiments.branch import save as save_state
from .experiments.compare import Comparison, compare
from .experiments.discovery import Discovery, discover
from .experiments.follow import follow
from .experiments.knowing import Knowing, knowing
from .experiments.methods import methods
from .experiments.over_worlds import OverWorlds
from .experiments.pathways import Pathways, pathways
from .experiments.patterns import check
from .experiments.plan import Plan, plan
from .experiments.search import Search, search
from .experiments.sensitivity import Sensitivity, sensitivity
from .experiments.store import Sweep
from .experiments.sweep import sweep
from .experiments.windtunnel import WindTunnel, wind_tunnel
from .experiments.worlds import Worlds
from .params import PARAMETERS, LetsDanceError, Parameter, Refused
from .report.figures import draw
from .report.figures import save as save_figure
from .report.page import write as write_report
from .scenarios import LEVERS, SHOCKS, STARTS, Scenario, Use
from .scenarios import load as load_scenario
from .scenarios.mechanism import Mechanism
from .scenarios.policy import Policy
from .simulation.agents import Citizen, Government
from .simulation.indicators import SOCIETY as INDICATORS
from .simulation.mechanism import check as check_mechanism
from .simulation.model import CoCreationModel as Model
from .simulation.run import Result, simulate

#: The version that is installed: what manifests, links and files name.
__version__: str

__all__ = [
    "INDICATORS", "LEVERS", "PARAMETERS", "SHOCKS", "STARTS", "Basins", "Calibration", "Cascade", "Citizen",
    "Comparison", "Description", "Discovery", "Forecast", "Government", "Knowing", "LetsDanceError", "Mechanism",
    "Model", "OverWorlds", "Parameter", "Pathways", "Plan", "Policy", "Refused", "Result", "Saved", "Scenario",
    "Search", "Sensitivity", "Sweep", "Use", "WindTunnel", "Worlds", "basins", "branch", "calibrate", "check",
    "check_mechanism", "compare", "describe", "discover", "draw", "follow", "forecast", "knowing", "load_scenario",
    "load_state", "methods", "pathways", "plan", "read_history", "save_figure", "save_state", "search", "sensitivity",
    "simulate", "state_at", "sweep", "wind_tunnel", "write_report",
]
