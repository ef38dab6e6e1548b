"""Why it happened, from the terms: who pushed willingness, which calls died, which bottleneck holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from letsdance.scenarios import STARTS, load
from letsdance.simulation.indicators import SOCIETY
from letsdance.simulation.run import Result
from letsdance.words import IN_ENGLISH

#: Quarters that "the last two years" are.
LAST = 8
#: The way from willing people to lasting services, in its order; what its narrowness means is said by "report.funnel_...".
FUNNEL = ("calls", "joining", "support", "success", "survival")


@dataclass(frozen=True)
class Push:
    """One reason's mean push on willingness (logits) in the last two years, and in how many runs it had that sign."""

    side: str
    name: str
    words: str
    push: float
    runs: int


def pushes(result: Result, last: int = LAST) -> list[Push]:
    """All reasons of citizens (x_) and governments (y_), strongest first within each side."""
    found = []
    for name, (_, words, _) in SOCIETY.items():
        if name.startswith(("x_", "y_")):
            each = result.rows[name][:, -last:].mean(axis=1)
            mean = float(each.mean())
            found.append(Push("citizens" if name[0] == "x" else "governments", name, words, mean,
                              int((np.sign(each) == np.sign(mean)).sum()) if mean else result.runs))
    return sorted(found, key=lambda one: (one.side, -abs(one.push)))


def funnel(result: Result, last: int = LAST) -> dict[str, np.ndarray]:
    """float64[R] for each step of FUNNEL in the last two years, each a share of what is possible (NaN: nothing to share).

    calls: calls over what full willingness on both sides would make; joining: launches over calls not crowded out;
    support: supported launches over all; success: successes over evaluated; survival: services that did not end.
    """
    rows = result.rows[:, -last:]
    p = result.scenario.values()
    size = float(result.places.citizens.mean())

    def total(*names: str) -> np.ndarray:
        return np.asarray(sum(rows[name].sum(axis=1) for name in names))

    def share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(whole > 0, part / whole, np.nan)

    launched = total("launched_solo", "launched_joint", "launched_called")
    called = total("citizen_calls", "government_calls")
    possible = np.full(len(rows), 2.0 * p["f"] * size / 25.0 * rows.shape[1])
    running = rows["services"].sum(axis=1)
    success = np.stack([rows["success_solo"], rows["success_supported"]])
    weight = np.stack([rows["launched_solo"], rows["launched_joint"] + rows["launched_called"]])
    weight = np.where(np.isnan(success), 0.0, weight)
    return {
        "calls": share(called, possible),
        "joining": share(launched, called - total("crowded_out")),
        "support": share(total("launched_joint", "launched_called"), launched),
        "success": share((np.nan_to_num(success) * weight).sum(axis=(0, 2)), weight.sum(axis=(0, 2))),
        "survival": 1.0 - share(total("services_ended"), running),
    }


def bottlenecks(result: Result, last: int = LAST) -> dict[str, int]:
    """In how many runs each step of FUNNEL is the narrowest: the one furthest below where Let's dance stands.

    Shares of different steps cannot be compared with each other, so each is set against the same step in runs of the
    Let's dance start with the same seeds and parameters; the narrowest has the lowest ratio.
    """
    from dataclasses import replace

    from letsdance.simulation.run import simulate

    best = simulate(replace(result.scenario.without_policy(), C=0.75, G=0.75, name="lets_dance"), runs=result.runs,
                    seed=int(result.seeds[0]), municipalities=result.places)
    here, there = funnel(result, last), funnel(best, last)
    counts = dict.fromkeys(FUNNEL, 0)
    for run in range(result.runs):
        ratios = {step: here[step][run] / there[step][run] for step in FUNNEL
                  if np.isfinite(here[step][run]) and there[step][run] > 0}
        if ratios:
            step = min(ratios, key=lambda name: ratios[name])
            if ratios[step] < 0.9:
                counts[step] += 1
    return counts


def in_runs(count: int, runs: int) -> str:
    """'in 17 of 20 runs', 'in every run', 'in no run'."""
    if count == runs:
        return "in every run" if runs > 1 else "in this run"
    return f"in {count} of {runs} runs" if count else "in no run"


def _beside(result: Result, goal: str) -> str:
    """In how many worlds of other parameters a start as it ships comes to this future, where that was looked at."""
    from letsdance.experiments import robust

    held = robust.of(f"card.{result.scenario.name}.leads", goal) if robust.usual(result) else None
    return "" if held is None else (f" The same holds in {held.share:.0%} ({held.chance.low:.0%}-{held.chance.high:.0%}) "
                                    f"of {held.worlds} worlds with other parameters.")


def explain(result: Result) -> list[str]:
    """Plain sentences on what happened and why, each computed from the runs."""
    end = result.rows[:, -1]
    R, quarters = result.runs, result.quarters
    names = {name: load(name).title for name in STARTS}
    shares = np.stack([end[name] for name in names])
    most = shares.argmax(axis=0)
    counts = np.bincount(most, minlength=4)
    first = int(counts.argmax())
    told = [f"{result.scenario.title}, after {quarters} quarters: most municipalities are in "
            f"{list(names.values())[first]} {in_runs(int(counts[first]), R)}; on average "
            + ", ".join(f"{share:.0%} in {name}" for name, share in zip(names.values(), shares.mean(axis=1), strict=True)
                        if share >= 0.005) + "." + _beside(result, list(names)[first])]
    last = min(LAST, quarters)
    for side in ("citizens", "governments"):
        found = [one for one in pushes(result, last) if one.side == side and abs(one.push) >= 0.01]
        up, down = [p for p in found if p.push > 0][:3], [p for p in found if p.push < 0][:3]

        def said(pushed: list[Push]) -> str:
            each = [f"{one.words} ({one.push:+.2f}, {in_runs(one.runs, R)})" for one in pushed]
            return "; ".join(each) or "nothing much"

        told.append(f"What made {side} willing in the last two years: {said(up)}. What held them back: {said(down)}.")
    rows = result.rows[:, -last:]
    dead, crowded = rows["dead_calls"].sum(axis=1), rows["crowded_out"].sum(axis=1)
    asked, lost = rows["government_calls"].sum(axis=1), rows["unanswered_calls"].sum(axis=1)
    by_citizens = rows["citizen_calls"].sum(axis=1)
    if asked.sum() > 0:
        told.append(f"Of the governments' calls {dead.sum() / asked.sum():.0%} died because too few came"
                    + (f", and of the citizens' calls {lost.sum() / by_citizens.sum():.0%}" if by_citizens.sum() else "")
                    + (f"; {crowded.sum() / (asked.sum() + by_citizens.sum()):.0%} of all calls failed only because the "
                       f"willing were busy already." if crowded.sum() else "."))
    elif by_citizens.sum() > 0:
        told.append(f"Of the citizens' calls {lost.sum() / by_citizens.sum():.0%} found too few; governments did not "
                    f"call.")
    else:
        told.append("Nobody called in the last two years.")
    narrow = bottlenecks(result, last)
    step = max(narrow, key=lambda name: narrow[name])
    if narrow[step]:
        what = IN_ENGLISH(f"report.funnel_{step}")
        told.append(f"The bottleneck, against a society that dances: {what} ({in_runs(narrow[step], R)}).")
    else:
        told.append("No step from calling to lasting services is narrower than in a society that dances.")
    return told
