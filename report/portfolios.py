"""The page of a search: which portfolios are on the front of cost and success, and how they do in other worlds."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance.experiments import success
from letsdance.experiments.finalists import over_worlds
from letsdance.experiments.portfolios import words
from letsdance.report.search_worlds import search_sentences
from letsdance.report.sheet import WIDE, Figure, Panel, fitting, scale, shorten, text_width, wrap
from letsdance.report.study import Section, Study, Table
from letsdance.report.style import COLOURS, ENGLISH, INK, PAPER, SOFT, band, capital, percent, percent_sign, points, tint
from letsdance.words import Text

if TYPE_CHECKING:
    from letsdance.experiments.search import Search

__all__ = ["front", "in_other_worlds", "reasons", "report", "robustness", "table"]

_COLOUR = COLOURS["lets_dance"]


def _shares(text: Text) -> list[tuple[float, str]]:
    return [(share, text.percent(share) if share else "0") for share in (0.0, 0.25, 0.5, 0.75, 1.0)]


# ---------------------------------------------------------------- words

def table(found: Search, rows: int = 10, text: Text = ENGLISH) -> Table:
    """The ranked portfolios as words: what, cost, chance on fresh seeds with its interval, and on search seeds."""
    made = found.plan
    lines = []
    for place, row in enumerate(found.ranked.head(rows).itertuples(), 1):
        marks = [text(f"report.search_{mark}") for mark, true in (
            ("tied", place > 1 and row.tied), ("as_asked", row.holds and made.chance is not None),
            ("on_front", row.on_front), ("pruned", row.pruned_from is not None)) if true]
        seen = "-" if math.isnan(row.search_success) else percent(row.search_success, text)
        lines.append([str(place), _unbroken(words(found.portfolios[row.portfolio], text=text)), text.typed(row.cost),
                      text("report.with_band", value=percent(row.fresh_success, text),
                           band=band(row.low, row.high, text=text)), seen, ", ".join(marks) or "-"])
    heads = [text("report.search_head_portfolio"), text("number.points_unit"), text("report.search_head_fresh"),
             text("report.search_head_seen")]
    return Table(["", *heads, ""], lines, text(
        "report.search_note_chance" if made.chance is None else "report.search_note_cost",
        goal=capital(success.words(made.condition, text))))


def _unbroken(words: str) -> str:
    """Lines break between levers only, so that a narrow screen scrolls a table instead of piling up single words."""
    gap = "\u00a0"
    kept = words.replace(" ", gap)
    for apart in (f"+{gap}", f";{gap}", f"){gap}"):
        kept = kept.replace(apart, f"{apart[:-1]} ")
    return kept


def _named(found: Search, code: str, text: Text) -> str:
    """A portfolio in a sentence: "community building from quarter 9 on"."""
    return words(found.portfolios[code], codes=False, text=text)


def curse(found: Search, text: Text = ENGLISH) -> str:
    """The winner's curse in this search: how much the ones that looked best were overrated."""
    seen = found.front[np.isfinite(found.front["search_success"])]
    if seen.empty:
        return ""
    best = seen.sort_values(["search_success", "cost"], ascending=[False, True]).iloc[0]

    def level(looks: int) -> str:
        return f"{text.number(100 * (1 - 0.05 / looks), 2)}{percent_sign(text)}"

    return text("report.search_curse", runs=found.plan.runs, fresh=found.plan.fresh_runs, looks=found.looks,
                portfolio=_named(found, best["portfolio"], text), searched=percent(best["search_success"], text),
                judged=percent(best["judged_success"], text), told=percent(best["fresh_success"], text),
                level=level(found.looks), shown=len(found.front), each=level(len(found.front)))


def reasons(found: Search, text: Text = ENGLISH) -> list[str]:
    """Why the first ones work, and what is lost without each lever of the first."""
    said = [" ".join(one.said(text)) for one in found.reasons.values()][:3]
    if found.chosen:
        part = found.without[found.without["portfolio"] == found.ranked["portfolio"].iloc[0]]
        each = [text("report.search_without", lever=text.title("lever", row.lever), share=percent(row.without, text))
                for row in part.itertuples()]
        if each:
            said.append(text("report.search_needed", each=text("report.semicolon").join(each),
                             share=percent(found.ranked["judged_success"].iloc[0], text)))
    return said


def _shock(world: str, text: Text) -> str:
    """'scandal@20' in words."""
    name, _, quarter = world.partition("@")
    return text("report.search_shock_from", shock=text.title("shock", name), quarter=quarter)


def in_other_worlds(found: Search, text: Text = ENGLISH) -> list[str]:
    """Worst case and regret in sentences."""
    if not len(found.robustness):
        return []
    worlds = over_worlds(found.robustness)
    least = worlds.sort_values(["largest_regret", "mean"], ascending=[True, False]).iloc[0]
    first = worlds.iloc[0]
    one, other = _named(found, first["portfolio"], text), _named(found, least["portfolio"], text)
    draw = percent(first["worst_draw"], text)
    said = [text("report.search_worlds_worst", portfolio=one, shock=_shock(first["shock"], text), draw=draw,
                 worst=percent(first["worst_shock"], text)) if first["worst_shock"] < 1 else
            text("report.search_worlds_every", portfolio=capital(one), draw=draw)]
    said.append(text("report.search_regret_least", portfolio=other, points=points(least["largest_regret"], text))
                if least["largest_regret"] > 0 else text("report.search_regret_none", portfolio=capital(other)))
    return [*said, *search_sentences(worlds, lambda code: _named(found, code, text), text)]


# ---------------------------------------------------------------- figures

def front(found: Search, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """Cost across, chance up: dots for what was judged on fresh seeds with intervals, steps for the front."""
    judged, tried = found.front, found.tried.dropna(subset=["success"])
    on = judged[judged["on_front"]]
    best = on.iloc[-1]
    succeeds, several = best["fresh_success"] > 0, len(on) > 1
    figure = Figure(text(f"report.search_front_{'none' if not succeeds else 'more' if several else 'one'}"),
                    text("report.search_front_says", portfolio=_named(found, best["portfolio"], text),
                         points=text.cost(best["cost"]), share=percent(best["fresh_success"], text))
                    if succeeds else text("report.search_front_says_none"), width)
    top = figure.head(text("report.search_front_head", goal=success.words(found.plan.condition, text),
                           quarters=found.plan.scenario.quarters, runs=found.plan.runs))
    narrow = width < 600
    low, high = min(0.0, float(judged["cost"].min())), float(max(judged["cost"].max() * 1.08, 10.0))
    highest, ticks = scale(high, text)
    left = 58
    panel = Panel(figure, left, top + 12, width - left - 24, 300 if narrow else 380, (low, highest), (0.0, 1.0))
    panel.scale_y(_shares(text))
    panel.scale_x(ticks[::2] if narrow else ticks)
    figure.text(panel.x + panel.width, panel.y + panel.height + 40, text("report.search_front_points"), 13, SOFT,
                anchor="end")
    seen = tried[(tried["cost"] <= highest) & (tried["cost"] >= low)].drop_duplicates(["cost", "success"])
    for x, y in panel.points(seen["cost"], seen["success"]):
        figure.disc(x, y, 2.2, tint(INK, 0.22))
    if found.plan.chance is not None:
        y = float(panel.at_y(found.plan.chance))
        figure.line([(panel.x, y), (panel.x + panel.width, y)], INK, 1.2, (5, 4))
        figure.text(panel.x + 6, y - 6, text("report.search_front_asked", chance=percent(found.plan.chance, text)), 13, INK,
                    halo=PAPER)
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
    _names(panel, _labels(found, text), narrow)
    figure.foot(panel.y + panel.height + 46, text("report.foot"))
    return figure


def _dot(panel: Panel, row: object, colour: str) -> None:
    x = float(panel.at_x(row.cost))  # type: ignore[attr-defined]
    low, at, high = (float(panel.at_y(getattr(row, name))) for name in ("low", "fresh_success", "high"))
    panel.figure.line([(x, low), (x, high)], colour, 1.6)
    panel.figure.disc(x, at, 5, colour, edge=PAPER, edge_width=1.5)


def _labels(found: Search, text: Text) -> list[tuple[Any, str]]:
    """The front, the highest chance first, with each one's place in the table and its levers, said once."""
    place = {name: k for k, name in enumerate(found.ranked["portfolio"], 1)}
    labels: list[tuple[Any, str]] = []
    told: dict[str, int] = {}
    for row in found.front[found.front["on_front"] & (found.front["fresh_success"] > 0)][::-1].itertuples():
        levers = " + ".join(text.title("lever", use.name).partition(",")[0] for use in found.portfolios[row.portfolio])
        same = told.setdefault(levers, place[row.portfolio])
        here = place[row.portfolio]
        labels.append((row, text("report.search_label", place=here, levers=levers or text("report.search_label_nothing"))
                       if same == here else str(here)))
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


def robustness(found: Search, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """Success of the first portfolios in each world, as cells with numbers; draws as worst and mean."""
    worlds = found.robustness
    names = list(dict.fromkeys(worlds["portfolio"]))
    summary = over_worlds(worlds).set_index("portfolio")
    figure = Figure(text("report.search_worlds_title"), " ".join(in_other_worlds(found, text)), width)
    draws, runs = worlds[worlds["kind"] == "draw"], int(worlds["runs"].iloc[0])
    quarter = next((world.partition("@")[2] for world in worlds.loc[worlds["kind"] == "shock", "world"]), "")
    top = figure.head(text("report.search_worlds_head", runs=runs, quarter=quarter))
    rows: list[tuple[str, list[float]]] = []
    for world in dict.fromkeys(worlds.loc[worlds["kind"] != "draw", "world"]):
        part = worlds[worlds["world"] == world].set_index("portfolio")["success"]
        name = world.partition("@")[0]
        shown = text("report.search_as_assumed") if name == world else text.title("shock", name)
        rows.append((shown, [float(part[name]) for name in names]))
    means = draws.groupby("portfolio")["success"].mean()
    regret, mean = text("report.search_largest_regret"), text("report.search_drawn_mean")
    least = draws.groupby("portfolio")["success"].min()
    rows += [(mean, [float(means[name]) for name in names]),
             (text("report.search_drawn_worst"), [float(least[name]) for name in names]),
             (regret, [float(summary.loc[name, "largest_regret"]) for name in names])]
    narrow = width < 600
    left, size, height = (142.0, 12.5, 26.0) if narrow else (250.0, 14.5, 28.0)
    cell = (width - left - 4) / len(names)
    y = top + 4
    for k in range(len(names)):
        figure.text(left + (k + 0.5) * cell, y + 12, f"{'ABCDE'[k]}", size, INK, True, "middle")
    y += 22
    for label, shares in rows:
        if label in (mean, regret):
            y += 9
        fits = fitting([label.replace(" ", "\u00a0")], left - 14, size, label == regret)
        figure.text(left - 10, y + height * 0.66, label, fits, INK, label == regret, "end")
        for k, value in enumerate(shares):
            strong = value > 0.55
            colour = tint(INK if label == regret else _COLOUR, 0.05 + 0.9 * value)
            figure.box(left + k * cell + 1.5, y + 1.5, cell - 3, height - 3, colour)
            figure.text(left + (k + 0.5) * cell, y + height * 0.66, text.percent(value), size,
                        PAPER if strong else INK, anchor="middle")
        y += height
    y += 14
    for k, name in enumerate(names):
        for n, line in enumerate(wrap(capital(_named(found, name, text)), width - 34, 13.5)):
            y += 19
            figure.text(26, y, line, 13.5, SOFT if n else INK)
            if n == 0:
                figure.text(4, y, "ABCDE"[k], 13.5, INK, True)
    figure.foot(y + 6, text("report.foot"))
    return figure


# ---------------------------------------------------------------- the page

def report(found: Search, text: Text = ENGLISH) -> Study:
    """The page of a search."""
    made = found.plan
    how = text("report.search_every" if made.exact else "report.search_some", tried=text.number(len(found.tried)))
    done = [text("report.search_done", size=text.number(made.space.size), most=made.space.most, n=len(made.space.uses),
                 how=how, runs=made.runs, fresh=made.fresh_runs, all=text.number(found.runs),
                 goal=success.words(made.condition, text))]
    works = reasons(found, text)
    sections = [Section(text("report.search_cost_and_chance"), [said for said in [curse(found, text)] if said],
                        {"front": partial(front, found, text=text)}, [table(found, text=text)]),
                Section(text("report.search_why_works" if works else "report.search_none_works"),
                        works or [text("report.search_none_works_says")])]
    if len(found.robustness):
        sections.append(Section(text("report.search_in_worlds"), in_other_worlds(found, text),
                                {"robustness": partial(robustness, found, text=text)}))
    limits = [text("report.search_limit_costs"), text("report.search_limit_regret")]
    if not made.exact:
        limits.append(text("report.search_limit_tried"))
    return Study(text("report.search_kind"), found.said(text), done, sections, limits, text("report.of_the_model"), text)
