"""What a paper says of how its numbers were made: a paragraph that can be quoted, from the result itself."""

from __future__ import annotations

from letsdance import __version__
from letsdance.experiments.compare import Comparison
from letsdance.experiments.executors import rules
from letsdance.experiments.store import Sweep
from letsdance.params import Refused
from letsdance.scenarios import STARTS, Scenario
from letsdance.simulation.municipalities import Municipalities
from letsdance.simulation.run import Result
from letsdance.words import Text


def methods(found: Result | Comparison | Sweep, language: str = "en") -> str:
    """A paragraph on how a result was made: model and version, start, policies, parameters, runs, seeds, intervals.

    It says all that gives the numbers again, and which sizes are assumed. language: "en", "nl", "fr" or "de". Raises
    `Refused` for anything else.

    >>> print(ld.methods(ld.simulate("lone_ranger", runs=20, quarters=8)))
    We used Let's Dance ..., an agent-based model of co-creation ... seeds 1 to 20. ...
    """
    text = Text(language)
    if isinstance(found, Result):
        scenario = found.scenario
        said = [_start(scenario, found.places, text), _runs(found.runs, int(found.seeds[0]), found.quarters, text)]
    elif isinstance(found, Comparison):
        first = found.results[found.reference]
        scenario = first.scenario.without_policy()
        said = [_start(scenario, first.places, text),
                text("report.methods_compared", policies=text.listed([
                    _policy(name, one.scenario, text) for name, one in found.results.items()])),
                _runs(found.runs, int(first.seeds[0]), found.quarters, text),
                text("report.methods_paired", reference=found.reference)]
    elif isinstance(found, Sweep):
        plan, scenario = found.plan, found.plan.scenario
        said = [_start(scenario, None, text),
                text("report.methods_varied", factors=text.listed([*map(str, plan.design.factors)]),
                     design=plan.design.method.replace("_", " "), points=text.number(len(plan.design)),
                     replicates=plan.replicates, first=plan.seed, last=plan.seed + plan.replicates - 1,
                     runs=text.number(plan.runs), quarters=scenario.quarters)]
    else:
        raise Refused("methods are said of a run, a comparison or a sweep, not of {kind}.", kind=type(found).__name__)
    assumed = sum(parameter.source == "assumed" for parameter in scenario.known.values())
    return " ".join([text("report.methods_model", version=__version__, rules=rules()), *said,
                     text("report.methods_assumed", parameters=len(scenario.known), assumed=assumed)])


def _start(scenario: Scenario, places: Municipalities | None, text: Text) -> str:
    """Where runs began, and whatever was other than by default."""
    changed = {name: value for name, value in scenario.parameters.items() if value != scenario.known[name].default}
    used = [str(use) for use in (*scenario.levers, *scenario.shocks)]
    more = [text("report.methods_size", municipalities=text.number(len(places)),
                 citizens=text.number(int(places.citizens.sum())))] if places is not None else []
    more += [text("report.methods_profile", profile=text.title("profile", scenario.profile))]
    if scenario.context:
        more += [text("report.methods_context", contexts=text.listed([*scenario.context]))]
    if scenario.mechanisms:
        more += [text("report.methods_mechanisms", mechanisms=text.listed([
            f"{one.name} ({one.hash})" for one in scenario.mechanisms]))]
    if changed:
        more += [text("report.methods_changed", parameters=text.listed([f"{name} = {value:g}"
                                                                        for name, value in changed.items()]))]
    if used:
        more += [text("report.methods_used", uses=text.listed(used))]
    title = text.title("start", scenario.name) if scenario.name in STARTS else scenario.title
    return text("report.methods_start" if scenario.name in STARTS else "report.methods_scenario", title=title,
                C=text.typed(scenario.C), G=text.typed(scenario.G), more=", ".join(more))


def _policy(name: str, scenario: Scenario, text: Text) -> str:
    used = ", ".join(str(use) for use in (*scenario.levers, *scenario.shocks))
    return f"{name} ({used or text('report.methods_no_lever')})"


def _runs(runs: int, seed: int, quarters: int, text: Text) -> str:
    return text("report.methods_runs", runs=text.number(runs), quarters=quarters, first=seed, last=seed + runs - 1)
