"""What a paper says of how its numbers were made: a paragraph that can be quoted, from the result itself."""

from __future__ import annotations

from letsdance import __version__
from letsdance.experiments.compare import Comparison
from letsdance.experiments.executors import rules
from letsdance.experiments.store import Sweep
from letsdance.params import PARAMETERS, PROFILES, Refused, listed
from letsdance.scenarios import STARTS, Scenario
from letsdance.simulation.municipalities import Municipalities
from letsdance.simulation.run import Result

#: What a paper cites for the model's description.
_PROTOCOL = "described by the ODD+D protocol in its documentation"


def methods(found: Result | Comparison | Sweep) -> str:
    """A paragraph on how a result was made: model and version, start, policies, parameters, runs, seeds, intervals.

    It says all that gives the numbers again, and which sizes are assumed. Raises `Refused` for anything else.

    >>> print(ld.methods(ld.simulate("lone_ranger", runs=20, quarters=8)))
    We used Let's Dance ..., an agent-based model of co-creation ... seeds 1 to 20. ...
    """
    if isinstance(found, Result):
        said = [_model(), _story(found.scenario, found.places), _runs(found.runs, int(found.seeds[0]), found.quarters)]
    elif isinstance(found, Comparison):
        first = found.results[found.reference]
        said = [_model(), _story(first.scenario.without_policy(), first.places),
                f"We compared {listed([_policy(name, one.scenario) for name, one in found.results.items()])}.",
                _runs(found.runs, int(first.seeds[0]), found.quarters),
                "Policies met the same citizens and the same luck, run by run; differences are means of paired differences "
                f"against {found.reference}, with 95 % intervals."]
    elif isinstance(found, Sweep):
        plan = found.plan
        said = [_model(), _story(plan.scenario, None),
                f"We varied {listed(map(str, plan.design.factors))} in a {plan.design.method.replace('_', ' ')} "
                f"design of {len(plan.design):,} points, with {plan.replicates} runs at each, on the same seeds "
                f"{plan.seed} to {plan.seed + plan.replicates - 1} everywhere, {plan.runs:,} runs of "
                f"{plan.scenario.quarters} quarters in all."]
    else:
        raise Refused("methods are said of a run, a comparison or a sweep, not of {kind}.", kind=type(found).__name__)
    assumed = sum(parameter.source == "assumed" for parameter in PARAMETERS.values())
    return " ".join([*said, f"Of the {len(PARAMETERS)} parameters, {assumed} are assumed without any text, and the sizes "
                            "of the others too where their reference gives none; directions, not sizes, rest on evidence."])


def _model() -> str:
    return (f"We used Let's Dance {__version__} (rules {rules()}), an agent-based model of co-creation between citizens "
            f"and municipal governments, {_PROTOCOL}.")


def _story(story: Scenario, places: Municipalities | None) -> str:
    changed = {name: value for name, value in story.parameters.items() if value != PARAMETERS[name].default}
    start = f"start {story.title}" if story.name in STARTS else f"scenario {story.title}"
    size = "" if places is None else (f" with {len(places):,} municipalities and {int(places.citizens.sum()):,} citizens")
    said = (f"Runs began at the {start} (mean willingness of citizens {story.C:g} and of governments {story.G:g}){size}; "
            f"the innovation was {PROFILES[story.profile]['title']}")
    if changed:
        said += "; other than by default were " + listed([f"{name} = {value:g}" for name, value in changed.items()])
    return said + _policies(story) + "."


def _policies(story: Scenario) -> str:
    used = [str(use) for use in (*story.levers, *story.shocks)]
    return f"; {listed(used)} acted (name@first quarter+duration*strength)" if used else ""


def _policy(name: str, story: Scenario) -> str:
    used = ", ".join(str(use) for use in (*story.levers, *story.shocks))
    return f"{name} ({used})" if used else f"{name} (no lever)"


def _runs(runs: int, seed: int, quarters: int) -> str:
    return f"Each was run {runs:,} times for {quarters} quarters, with the seeds {seed} to {seed + runs - 1}."
