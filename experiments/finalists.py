"""What becomes of the few best: what each lever is needed for, what they do in other worlds, and why they work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance.experiments.estimates import LEVEL
from letsdance.experiments.paired import paired
from letsdance.experiments.portfolios import Portfolio, code, words
from letsdance.experiments.reasons import FUNNEL, LAST, funnel, pushes
from letsdance.experiments.success import Condition, Evaluate, evaluator, together
from letsdance.experiments.worlds import Worlds, put, rows
from letsdance.scenarios import SHOCKS, Scenario, parse_uses
from letsdance.simulation.run import simulate
from letsdance.words import IN_ENGLISH, Text

if TYPE_CHECKING:
    import pandas as pd


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

def worlds(scenario: Scenario, drawn: Worlds | None) -> dict[str, Scenario]:
    """As assumed; each shock for its usual time from a third of the horizon on; the worlds drawn, "draw 1" and so on."""
    quarter = max(1, scenario.quarters // 3)
    given = {use.name for use in scenario.shocks}
    found = {"as assumed": scenario}
    for name in SHOCKS:
        if name not in given:
            found[f"{name}@{quarter}"] = replace(
                scenario, shocks=(*scenario.shocks, *parse_uses("shock", [f"{name}@{quarter}"])))
    if drawn is not None:
        found |= {f"draw {number}": put(scenario, world) for number, world in enumerate(rows(drawn.table(scenario)), 1)}
    return found


def robustness(scenario: Scenario, condition: Condition, finalists: Sequence[Portfolio], seeds: np.ndarray,
               drawn: Worlds | None, municipalities: Any = None, threads: int = 1,
               progress: Callable[[int], None] | None = None) -> pd.DataFrame:
    """One row a portfolio and world: portfolio, world, kind (assumed, shock, draw), success, runs, regret.

    regret: how much less often it succeeds than the best of these portfolios in that world (Savage 1951).
    """
    import pandas as pd

    made = []
    for world, there in worlds(scenario, drawn).items():
        held = [scores >= 1.0 for scores in together(
            evaluator(there, condition, seeds[:1], municipalities), [(p, seeds) for p in finalists], threads)]
        best = max(float(h.mean()) for h in held)
        kind = "draw" if world.startswith("draw ") else "assumed" if world == "as assumed" else "shock"
        made += [{"portfolio": code(p), "world": world, "kind": kind, "success": float(h.mean()), "runs": len(seeds),
                  "regret": best - float(h.mean())} for p, h in zip(finalists, held, strict=True)]
        if progress:
            progress(len(finalists))
    return pd.DataFrame(made)


def over_worlds(table: pd.DataFrame, enough: float | None = None) -> pd.DataFrame:
    """One row a portfolio, in the order of the portfolios: worst_shock, shock, worst_draw, worst_tenth (the mean of the
    worst tenth of the worlds drawn), mean_draw, satisfied (the share of them in which it succeeds at least as often as
    `enough`; half of the runs, unless said), mean and largest_regret over all worlds."""
    import pandas as pd

    made = []
    for name, part in table.groupby("portfolio", sort=False):
        shocks, draws = part[part["kind"] == "shock"], part[part["kind"] == "draw"]
        worst = shocks.loc[shocks["success"].idxmin()] if len(shocks) else None
        drawn = np.sort(draws["success"].to_numpy())
        made.append({"portfolio": name, "worst_shock": None if worst is None else float(worst["success"]),
                     "shock": None if worst is None else worst["world"],
                     "worst_draw": float(drawn[0]) if len(drawn) else None,
                     "worst_tenth": float(drawn[:max(1, round(0.1 * len(drawn)))].mean()) if len(drawn) else None,
                     "mean_draw": float(drawn.mean()) if len(drawn) else None,
                     "satisfied": float((drawn >= (0.5 if enough is None else enough)).mean()) if len(drawn) else None,
                     "draws": len(drawn),
                     "mean": float(part["success"].mean()), "largest_regret": float(part["regret"].max())})
    return pd.DataFrame(made)


# ---------------------------------------------------------------- why

@dataclass(frozen=True)
class Why:
    """Why a portfolio works: the terms that it pushes on each side (name, logits), strongest first, three at most; and the
    step from calls to lasting services that it widens most (its share without and with the portfolio), None where none."""

    portfolio: Portfolio
    pushes: Mapping[str, Sequence[tuple[str, float]]]
    widest: tuple[str, float, float] | None

    def said(self, text: Text = IN_ENGLISH) -> list[str]:
        """It in sentences."""
        def pushed(side: str) -> str:
            terms = [text("report.search_term", reason=text.title("indicator", name), push=text.signed(push))
                     for name, push in self.pushes[side]]
            return text(f"report.search_pushes_{'' if terms else 'not_'}{side}", terms=", ".join(terms))

        sides = {side: pushed(side) for side in self.pushes}
        told = [text("report.search_why", portfolio=words(self.portfolio, codes=False, text=text), **sides)]
        if self.widest is None:
            return [*told, text("report.search_widens_not")]
        step, before, after = self.widest
        return [*told, text("report.search_widens", step=text(f"report.funnel_{step}"), before=text.percent(before),
                            after=text.percent(after))]


def why(scenario: Scenario, portfolio: Portfolio, seeds: np.ndarray, municipalities: Any = None) -> Why:
    """From the terms: paired differences against no policy on the same seeds, over the last two years.

    A term is named where the 95 % interval of its mean difference leaves 0 out; so is a step of the funnel.
    """
    quarters = min(LAST, scenario.quarters)
    common: Mapping[str, Any] = {"runs": len(seeds), "seed": int(seeds[0]), "municipalities": municipalities}
    with_it, without = simulate(scenario, levers=portfolio, **common), simulate(scenario, **common)
    sides = {}
    for side in ("governments", "citizens"):
        moved = []
        for push in (one for one in pushes(with_it, quarters) if one.side == side):
            e = paired(with_it.rows[push.name][:, -quarters:].mean(axis=1),
                       without.rows[push.name][:, -quarters:].mean(axis=1))
            if e.low > 0.0 and e.mean >= 0.01:
                moved.append((e.mean, push.name))
        sides[side] = [(name, mean) for mean, name in sorted(moved, reverse=True)[:3]]
    here, there = funnel(with_it, quarters), funnel(without, quarters)
    wider = []
    for step in FUNNEL:
        both = np.isfinite(here[step]) & np.isfinite(there[step])
        if both.sum() >= 2:
            e = paired(here[step][both], there[step][both])
            if e.low > 0.0 and e.mean >= 0.01:
                wider.append((e.mean, step, float(there[step][both].mean()), float(here[step][both].mean())))
    return Why(portfolio, sides, max(wider)[1:] if wider else None)
