"""The page of a search: which portfolios are on the front of cost and success, and how they do in other worlds."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance.experiments import success
from letsdance.experiments.finalists import over_worlds
from letsdance.experiments.portfolios import words
from letsdance.report.search_worlds import search_sentences
from letsdance.report.sheet import WIDE, Figure, Panel, scale, shorten, text_width, wrap
from letsdance.report.study import Section, Study, Table
from letsdance.report.style import COLOURS, FOOT, INK, PAPER, SOFT, band, percent, points, sentence, tint
from letsdance.scenarios import LEVERS

if TYPE_CHECKING:
    from letsdance.experiments.search import Search

__all__ = ["front", "in_other_worlds", "reasons", "report", "robustness", "table"]

_COLOUR = COLOURS["lets_dance"]
_SHARES = ((0.0, "0"), (0.25, "25 %"), (0.5, "50 %"), (0.75, "75 %"), (1.0, "100 %"))


# ---------------------------------------------------------------- words

def table(found: Search, rows: int = 10) -> Table:
    """The ranked portfolios as words: what, cost, chance on fresh seeds with its interval, and on search seeds."""
    made = found.plan
    goal = success.words(made.condition)
    order = "least cost first" if made.chance is not None else "highest chance first"
    lines = []
    for place, row in enumerate(found.ranked.head(rows).itertuples(), 1):
        marks = [word for word, true in (("tied with the first", place > 1 and row.tied),
                                         ("as asked", row.holds and made.chance is not None),
                                         ("on the front", row.on_front),
                                         ("a needless lever left out", row.pruned_from is not None)) if true]
        seen = "-" if math.isnan(row.search_success) else percent(row.search_success)
        lines.append([str(place), _unbroken(row.words), f"{row.cost:g}",
                      f"{percent(row.fresh_success)} ({band(row.low, row.high)})", seen, ", ".join(marks) or "-"])
    return Table(["", "portfolio", "points", "chance, fresh seeds", "chance, search seeds", ""], lines,
                 f"{goal[:1].upper()}{goal[1:]}: {order}; in brackets the intervals, "
                 f"which hold together with 95 %.")


def _unbroken(words: str) -> str:
    """Lines break between levers only, so that a narrow screen scrolls a table instead of piling up single words."""
    gap = "\u00a0"
    kept = words.replace(" ", gap)
    for apart in (f"+{gap}", f";{gap}", f"){gap}"):
        kept = kept.replace(apart, f"{apart[:-1]} ")
    return kept


def _named(found: Search, code: str) -> str:
    """A portfolio in a sentence: "community building from quarter 9 on"."""
    return words(found.portfolios[code], codes=False)


def curse(found: Search) -> str:
    """The winner's curse in this search: how much the ones that looked best were overrated."""
    seen = found.front[np.isfinite(found.front["search_success"])]
    if seen.empty:
        return ""
    best = seen.sort_values(["search_success", "cost"], ascending=[False, True]).iloc[0]
    return (f"Where it was found ({found.plan.runs} seeds), {_named(found, best['portfolio'])} succeeded in "
            f"{percent(best['search_success'])} of runs; where finalists were chosen ({found.plan.fresh_runs} seeds) in "
            f"{percent(best['judged_success'])}; on {found.plan.fresh_runs} seeds that chose nothing in "
            f"{percent(best['fresh_success'])}. The best of many looks better than it is where it was chosen, so only the "
            f"last count. {found.looks} portfolios could be chosen from (the finalists and all parts of them): what "
            f"holds there is asked at the level {100 * (1 - 0.05 / found.looks):.2f} %. The {len(found.front)} intervals "
            f"shown have {100 * (1 - 0.05 / len(found.front)):.2f} % each, so that all hold together with 95 % "
            "(Bonferroni).")


def reasons(found: Search) -> list[str]:
    """Why the first ones work, and what is lost without each lever of the first."""
    said = [" ".join(lines) for lines in found.why.values()][:3]
    if found.chosen:
        part = found.without[found.without["portfolio"] == found.ranked["portfolio"].iloc[0]]
        each = [f"without {LEVERS[row.lever]['title']}, {percent(row.without)}" for row in part.itertuples()]
        if each:
            said.append(f"What the levers are needed for: {'; '.join(each)} of the runs succeed in which it was chosen and "
                        f"succeeds in {percent(found.ranked['judged_success'].iloc[0])}.")
    return said


def in_other_worlds(found: Search) -> list[str]:
    """Worst case and regret in sentences."""
    if not len(found.robustness):
        return []
    worlds = over_worlds(found.robustness)
    least = worlds.sort_values(["largest_regret", "mean"], ascending=[True, False]).iloc[0]
    first = worlds.iloc[0]
    one, other = _named(found, first["portfolio"]), _named(found, least["portfolio"])
    said = [f"In other worlds {one} succeeds least often under "
            f"{first['shock'].replace('_', ' ').replace('@', ' from quarter ')} "
            f"({percent(first['worst_shock'])}) and in the worst draw of the uncertain parameters "
            f"({percent(first['worst_draw'])})." if first["worst_shock"] < 1 else
            f"{one[:1].upper()}{one[1:]} succeeds in every run under every shock; in the worst draw of the uncertain "
            f"parameters in {percent(first['worst_draw'])}."]
    said.append(f"The least largest regret has {other}: in no world is its chance more than "
                f"{points(least['largest_regret'])} below that of the best of these (cost left aside)."
                if least["largest_regret"] > 0 else
                f"{other[:1].upper()}{other[1:]} is the best of these in every world (cost left aside).")
    return [*said, *search_sentences(worlds, lambda code: _named(found, code))]


# ---------------------------------------------------------------- figures

def front(found: Search, width: float = WIDE) -> Figure:
    """Cost across, chance up: dots for what was judged on fresh seeds with intervals, steps for the front."""
    judged, tried = found.front, found.tried.dropna(subset=["success"])
    on = judged[judged["on_front"]]
    best = on.iloc[-1]
    succeeds, several = best["fresh_success"] > 0, len(on) > 1
    figure = Figure("No portfolio succeeds" if not succeeds else "What a higher chance of success costs" if several else
                    "What success costs",
                    sentence(f"the portfolio with the highest chance, {_named(found, best['portfolio'])}, costs "
                             f"{best['cost']:g} points and succeeds in {percent(best['fresh_success'])} of fresh runs"
                             if succeeds else "none of those that were tried succeeded in any fresh run"), width)
    top = figure.head(f"chance of {success.words(found.plan.condition)}, by cost in points over "
                      f"{found.plan.scenario.quarters} quarters; line: no cheaper portfolio does better; numbers: places "
                      f"in the table, levers named once; bars: 95 % for all together; faint: tried on {found.plan.runs} "
                      f"seeds only")
    narrow = width < 600
    low, high = min(0.0, float(judged["cost"].min())), float(max(judged["cost"].max() * 1.08, 10.0))
    highest, ticks = scale(high)
    left = 58
    panel = Panel(figure, left, top + 12, width - left - 24, 300 if narrow else 380, (low, highest), (0.0, 1.0))
    panel.scale_y(_SHARES)
    panel.scale_x(ticks[::2] if narrow else ticks)
    figure.text(panel.x + panel.width, panel.y + panel.height + 40, "points →", 13, SOFT, anchor="end")
    seen = tried[(tried["cost"] <= highest) & (tried["cost"] >= low)].drop_duplicates(["cost", "success"])
    for x, y in panel.points(seen["cost"], seen["success"]):
        figure.disc(x, y, 2.2, tint(INK, 0.22))
    if found.plan.chance is not None:
        y = float(panel.at_y(found.plan.chance))
        figure.line([(panel.x, y), (panel.x + panel.width, y)], INK, 1.2, (5, 4))
        figure.text(panel.x + 6, y - 6, f"asked: {percent(found.plan.chance)}", 13, INK, halo=PAPER)
    steps: list[tuple[float, float]] = []
    for row in on.itertuples():
        x, y = float(panel.at_x(row.cost)), float(panel.at_y(row.fresh_success))
        steps += [(x, steps[-1][1] if steps else float(panel.at_y(0.0))), (x, y)]
    steps.append((panel.x + panel.width, steps[-1][1]))
    figure.line(steps, _COLOUR, 2.4)
    for row in judged[~judged["on_front"]].itertuples():
        _dot(panel, row, tint(INK, 0.5))
    for row in on.itertuples():
        _dot(panel, row, _COLOUR)
    _names(panel, _labels(found), narrow)
    figure.foot(panel.y + panel.height + 46, FOOT)
    return figure


def _dot(panel: Panel, row: object, colour: str) -> None:
    x = float(panel.at_x(row.cost))  # type: ignore[attr-defined]
    low, at, high = (float(panel.at_y(getattr(row, name))) for name in ("low", "fresh_success", "high"))
    panel.figure.line([(x, low), (x, high)], colour, 1.6)
    panel.figure.disc(x, at, 5, colour, edge=PAPER, edge_width=1.5)


def _labels(found: Search) -> list[tuple[Any, str]]:
    """The front, the highest chance first, with each one's place in the table and its levers, said once."""
    place = {name: k for k, name in enumerate(found.ranked["portfolio"], 1)}
    labels: list[tuple[Any, str]] = []
    told: dict[str, int] = {}
    for row in found.front[found.front["on_front"] & (found.front["fresh_success"] > 0)][::-1].itertuples():
        levers = " + ".join(LEVERS[use.name]["title"].partition(",")[0] for use in found.portfolios[row.portfolio])
        same = told.setdefault(levers, place[row.portfolio])
        here = place[row.portfolio]
        labels.append((row, f"{here}: {levers or 'nothing'}" if same == here else str(here)))
    return labels


def _names(panel: Panel, rows: list[tuple[Any, str]], narrow: bool) -> None:
    """Which levers are used, beside the dots of the front, left of the line, moved apart where they would touch."""
    size = 12.5 if narrow else 14
    taken: list[tuple[float, float, float, float]] = []
    for row, levers in rows:
        x, y = float(panel.at_x(row.cost)), float(panel.at_y(row.fresh_success))
        label = shorten(levers, panel.width * 0.7, size, True)
        wide = text_width(label, size, True)
        for dy in (-9, 22, 40, 58, -27, 76, 94):
            for left in (x - wide - 9, x + 9):
                box = (left, y + dy - size, left + wide, y + dy + 3)
                free = all(box[2] < b[0] or box[0] > b[2] or box[3] < b[1] or box[1] > b[3] for b in taken)
                if free and left >= panel.x + 2 and box[2] <= panel.x + panel.width and box[3] < panel.y + panel.height:
                    break
            else:
                continue
            taken.append(box)
            panel.figure.text(left, y + dy, label, size, _COLOUR, True, halo=PAPER)
            break


def robustness(found: Search, width: float = WIDE) -> Figure:
    """Success of the first portfolios in each world, as cells with numbers; draws as worst and mean."""
    worlds = found.robustness
    names = list(dict.fromkeys(worlds["portfolio"]))
    summary = over_worlds(worlds).set_index("portfolio")
    figure = Figure("What happens when the world is different", " ".join(in_other_worlds(found)), width)
    draws, runs = worlds[worlds["kind"] == "draw"], int(worlds["runs"].iloc[0])
    top = figure.head(f"share of {runs} runs that succeed: in each world, a row, each portfolio, a column")
    rows: list[tuple[str, list[float]]] = []
    for world in dict.fromkeys(worlds.loc[worlds["kind"] != "draw", "world"]):
        part = worlds[worlds["world"] == world].set_index("portfolio")["success"]
        title, _, quarter = world.partition("@")
        shown = title.replace("_", " ") + (f" from quarter {quarter}" if quarter and width >= 600 else "")
        rows.append((shown, [float(part[name]) for name in names]))
    means = draws.groupby("portfolio")["success"].mean()
    rows += [("parameters drawn, mean", [float(means[name]) for name in names]),
             ("parameters drawn, worst", [float(draws[draws["portfolio"] == name]["success"].min()) for name in names]),
             ("largest regret", [float(summary.loc[name, "largest_regret"]) for name in names])]
    narrow = width < 600
    left, size, height = (142.0, 12.5, 26.0) if narrow else (250.0, 14.5, 28.0)
    cell = (width - left - 4) / len(names)
    y = top + 4
    for k in range(len(names)):
        figure.text(left + (k + 0.5) * cell, y + 12, f"{'ABCDE'[k]}", size, INK, True, "middle")
    y += 22
    for label, shares in rows:
        regret = label == "largest regret"
        if label.startswith("parameters drawn, mean") or regret:
            y += 9
        figure.text(left - 10, y + height * 0.66, shorten(label, left - 14, size), size, INK, regret, "end")
        for k, value in enumerate(shares):
            strong = value > 0.55
            colour = tint(INK if regret else _COLOUR, 0.05 + 0.9 * value)
            figure.box(left + k * cell + 1.5, y + 1.5, cell - 3, height - 3, colour)
            figure.text(left + (k + 0.5) * cell, y + height * 0.66, f"{round(100 * value)} %", size,
                        PAPER if strong else INK, anchor="middle")
        y += height
    y += 14
    for k, name in enumerate(names):
        for n, line in enumerate(wrap(sentence(_named(found, name)).rstrip("."), width - 34, 13.5)):
            y += 19
            figure.text(26, y, line, 13.5, SOFT if n else INK)
            if n == 0:
                figure.text(4, y, "ABCDE"[k], 13.5, INK, True)
    figure.foot(y + 6, FOOT)
    return figure


# ---------------------------------------------------------------- the page

def report(found: Search) -> Study:
    """The page of a search."""
    made = found.plan
    how = ("Every one was tried" if made.exact else
           f"{len(found.tried):,} of them were tried, chosen by NSGA-II and local search: a better one may exist")
    done = [f"{made.space.size:,} portfolios of at most {made.space.most} of {len(made.space.uses)} levers can be made. "
            f"{how}, on {made.runs} paired seeds; the finalists and parts of them were judged on "
            f"{made.fresh_runs} fresh ones, and what is said of them was measured on {made.fresh_runs} more. "
            f"{found.runs:,} runs in all. Success of a run: {success.words(made.condition)}."]

    def drawn(make: Callable[[Search, float], Figure]) -> Callable[[float], Figure]:
        return lambda width: make(found, width)

    sections = [Section("Cost and chance", [text for text in [curse(found)] if text], {"front": drawn(front)},
                        [table(found)]),
                Section("Why it works" if (why := reasons(found)) else "No portfolio works",
                        why or ["No portfolio succeeded in any fresh run."])]
    if len(found.robustness):
        sections.append(Section("In other worlds", in_other_worlds(found), {"robustness": drawn(robustness)}))
    limits = ["Costs are points, assumed; a portfolio is cheap or dear only beside others.",
              "Regret compares chances among the portfolios shown, not costs, and not all that could be made."]
    if not made.exact:
        limits.append("Not every portfolio was tried; raise --evaluations, or choose fewer --levers, to be surer.")
    return Study("search", found.answer, done, sections, limits)
