"""What becomes of the few best: what each lever is needed for, what they do in other worlds, and why they work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance.experiments.estimates import LEVEL
from letsdance.experiments.paired import paired
from letsdance.experiments.portfolios import Portfolio, code, words
from letsdance.experiments.reasons import FUNNEL, LAST, funnel, pushes
from letsdance.experiments.success import Condition, Evaluate, evaluator, together
from letsdance.params import PARAMETERS
from letsdance.scenarios import SHOCKS, Scenario, parse_uses
from letsdance.simulation.run import simulate

if TYPE_CHECKING:
    import pandas as pd

_PURPOSE = 0x3E61E7  # names this use of the seed


class Judged:
    """Portfolios on fresh seeds: which runs succeed."""

    def __init__(self, evaluate: Evaluate, seeds: np.ndarray, threads: int,
                 progress: Callable[[int], None] | None = None) -> None:
        self.evaluate, self.seeds, self.threads = evaluate, seeds, threads
        self.progress = progress or (lambda count: None)
        self.held: dict[Portfolio, np.ndarray] = {}

    def judge(self, candidates: Sequence[Portfolio]) -> None:
        """Run those that are new."""
        fresh = [p for p in dict.fromkeys(candidates) if p not in self.held]
        scores = together(self.evaluate, [(p, self.seeds) for p in fresh], self.threads)
        self.held |= {p: np.asarray(s) >= 1.0 for p, s in zip(fresh, scores, strict=True)}
        self.progress(len(fresh))


def parts(finalists: Sequence[Portfolio]) -> set[Portfolio]:
    """The finalists and whatever is left of them when levers are left out: all that fresh seeds may come to judge.

    Which of these are judged depends on the fresh seeds themselves (a smaller one is taken apart only where it is as
    good), so it is this number, known before, that the intervals are widened for.
    """
    return {part for p in finalists for size in range(len(p) + 1) for part in combinations(p, size)}


def without_each(judged: Judged, finalists: Sequence[Portfolio]) -> tuple[pd.DataFrame, dict[Portfolio, Portfolio]]:
    """What is lost without each lever, seed by seed; a portfolio that loses nothing makes way for the smaller one.

    Columns: portfolio, lever, without (chance), lost and gained (runs), needed. The second answer maps a smaller
    portfolio to the one that it was pruned from; it is taken apart in its turn.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    pruned: dict[Portfolio, Portfolio] = {}
    waiting = list(dict.fromkeys(finalists))
    done: set[Portfolio] = set()
    while waiting:
        judged.judge([*waiting, *(tuple(u for u in p if u != use) for p in waiting for use in p)])
        smaller = []
        for p in waiting:
            done.add(p)
            for use in p:
                rest = tuple(u for u in p if u != use)
                lost = int((judged.held[p] & ~judged.held[rest]).sum())
                gained = int((judged.held[rest] & ~judged.held[p]).sum())
                needed = lost > gained
                rows.append({"portfolio": code(p), "lever": use.name, "without": float(judged.held[rest].mean()),
                             "lost": lost, "gained": gained, "runs": len(judged.seeds), "needed": needed})
                if not needed and judged.held[p].any():
                    pruned.setdefault(rest, p)
                    smaller.append(rest)
        waiting = [p for p in dict.fromkeys(smaller) if p not in done]
    columns = ["portfolio", "lever", "without", "lost", "gained", "runs", "needed"]
    return pd.DataFrame(rows, columns=columns), pruned


def tied(told: Judged, first: Portfolio, others: Sequence[Portfolio]) -> dict[Portfolio, bool]:
    """Which portfolios are not told apart from the first, on seeds that chose none of them.

    By the exact test of McNemar (1947): of the runs in which one of the two succeeds and the other does not, as many would
    be either's by chance. Its level is divided by the number of comparisons (Bonferroni). The first is tied with itself.
    """
    from scipy.stats import binomtest

    ties = {first: True}
    rest = [p for p in others if p != first]
    for p in rest:
        won, lost = (int((told.held[a] & ~told.held[b]).sum()) for a, b in ((first, p), (p, first)))
        ties[p] = won + lost == 0 or binomtest(won, won + lost).pvalue * len(rest) >= 1.0 - LEVEL
    return ties


# ---------------------------------------------------------------- other worlds

def worlds(scenario: Scenario, draws: int, share: float, seed: int) -> dict[str, Scenario]:
    """As assumed; each shock for its usual time from a third of the horizon on; draws of the uncertain parameters.

    A draw is a Latin hypercube (McKay, Beckman, Conover 1979) of all parameters whose role is uncertainty, within
    +- share of their values and within their ranges; the start (C0, G0) stays, and a value of 0 stays.
    """
    from scipy.stats import qmc

    quarter = max(1, scenario.quarters // 3)
    given = {use.name for use in scenario.shocks}
    found = {"as assumed": scenario}
    for name in SHOCKS:
        if name not in given:
            found[f"{name}@{quarter}"] = replace(
                scenario, shocks=(*scenario.shocks, *parse_uses("shock", [f"{name}@{quarter}"])))
    values = scenario.values()
    names = [n for n, p in PARAMETERS.items() if p.role == "uncertainty" and n not in ("C0", "G0") and values[n] != 0]
    sampler = qmc.LatinHypercube(len(names), rng=np.random.default_rng(np.random.SeedSequence([seed, _PURPOSE])))
    for number, row in enumerate(sampler.random(draws) if draws else [], 1):
        drawn = {}
        for name, place in zip(names, row, strict=True):
            low, high = PARAMETERS[name].range
            value = float(np.clip(values[name] * (1.0 + share * (2.0 * place - 1.0)), low, high))
            drawn[name] = float(round(value)) if PARAMETERS[name].whole else value
        found[f"draw {number}"] = replace(scenario, parameters={**scenario.parameters, **drawn})
    return found


def robustness(scenario: Scenario, condition: Condition, finalists: Sequence[Portfolio], seeds: np.ndarray,
               draws: int, share: float, seed: int, municipalities: Any = None, threads: int = 1,
               progress: Callable[[int], None] | None = None) -> pd.DataFrame:
    """One row a portfolio and world: portfolio, world, kind (assumed, shock, draw), success, runs, regret.

    regret: how much less often it succeeds than the best of these portfolios in that world (Savage 1951).
    """
    import pandas as pd

    rows = []
    for world, story in worlds(scenario, draws, share, seed).items():
        held = [scores >= 1.0 for scores in together(
            evaluator(story, condition, seeds[:1], municipalities), [(p, seeds) for p in finalists], threads)]
        best = max(float(h.mean()) for h in held)
        kind = "draw" if world.startswith("draw ") else "assumed" if world == "as assumed" else "shock"
        rows += [{"portfolio": code(p), "world": world, "kind": kind, "success": float(h.mean()), "runs": len(seeds),
                  "regret": best - float(h.mean())} for p, h in zip(finalists, held, strict=True)]
        if progress:
            progress(len(finalists))
    return pd.DataFrame(rows)


def over_worlds(table: pd.DataFrame) -> pd.DataFrame:
    """One row a portfolio: worst_shock, shock, worst_draw, mean, largest_regret; in the order of the portfolios."""
    import pandas as pd

    rows = []
    for name, part in table.groupby("portfolio", sort=False):
        shocks, draws = part[part["kind"] == "shock"], part[part["kind"] == "draw"]
        worst = shocks.loc[shocks["success"].idxmin()] if len(shocks) else None
        rows.append({"portfolio": name, "worst_shock": None if worst is None else float(worst["success"]),
                     "shock": None if worst is None else worst["world"],
                     "worst_draw": float(draws["success"].min()) if len(draws) else None,
                     "mean": float(part["success"].mean()), "largest_regret": float(part["regret"].max())})
    return pd.DataFrame(rows)


# ---------------------------------------------------------------- why

def why(scenario: Scenario, portfolio: Portfolio, seeds: np.ndarray, municipalities: Any = None) -> list[str]:
    """Sentences from the terms: paired differences against no policy on the same seeds, over the last two years.

    A term is named where the 95 % interval of its mean difference leaves 0 out; so is a step of the funnel.
    """
    quarters = min(LAST, scenario.quarters)
    common: Mapping[str, Any] = {"runs": len(seeds), "seed": int(seeds[0]), "municipalities": municipalities}
    with_it, without = simulate(scenario, levers=portfolio, **common), simulate(scenario, **common)
    said = []
    for side in ("governments", "citizens"):
        moved = []
        for push in (one for one in pushes(with_it, quarters) if one.side == side):
            e = paired(with_it.rows[push.name][:, -quarters:].mean(axis=1),
                       without.rows[push.name][:, -quarters:].mean(axis=1))
            if e.low > 0.0 and e.mean >= 0.01:
                moved.append((e.mean, f"{push.words} {e.mean:+.2f}"))
        three = [text for _, text in sorted(moved, reverse=True)[:3]]
        said.append(f"it pushes {side} ({', '.join(three)})" if three else f"it does not clearly push {side}")
    sentences = [f"Why {words(portfolio, codes=False)} works: {said[0]}; {said[1]}; in logits, against no policy."]
    here, there = funnel(with_it, quarters), funnel(without, quarters)
    wider = []
    for step, told in FUNNEL.items():
        both = np.isfinite(here[step]) & np.isfinite(there[step])
        if both.sum() >= 2:
            e = paired(here[step][both], there[step][both])
            if e.low > 0.0 and e.mean >= 0.01:
                wider.append((e.mean, f"'{told}' ({there[step][both].mean():.0%} to {here[step][both].mean():.0%})"))
    if wider:
        sentences.append(f"The bottleneck that widens most: {max(wider)[1]}.")
    else:
        sentences.append("No step from calling to lasting services clearly widens.")
    return sentences
