"""The wind tunnel as a figure, a table and a page: one portfolio from every start under every shock."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np

from letsdance.experiments.paired import Interval
from letsdance.experiments.windtunnel import CALM, WindTunnel
from letsdance.params import listed
from letsdance.report.comparison import key
from letsdance.report.outcomes import amount, change, described, difference, digits_of, subject, unit_of, what, when
from letsdance.report.sheet import WIDE, Figure, wrap
from letsdance.report.study import Section, Study, Table
from letsdance.report.style import COLOURS, FOOT, INK, OWN, SOFT, capital, decimal, sentence, short, tint
from letsdance.scenarios import SHOCKS

__all__ = ["headline", "heat", "study", "table"]

HELPS, HARMS = OWN[:2]


def headline(found: WindTunnel) -> str:
    """In how many combinations the portfolio clearly helps and harms."""
    counted, cells = found.counted(), len(found.values)
    name = capital(found.portfolio.name)
    up, down = ("lowers", "raises") if found.less else ("raises", "lowers")
    return (f"{name} clearly {up} {subject(found.outcome)} in {counted['helps'] or 'none'} of {cells} combinations of "
            f"start and shock, and clearly {down} it in {counted['harms'] or 'none'}.")


def _shock(name: str) -> str:
    return "no shock" if name == CALM else str(SHOCKS[name]["title"])


def _worst(found: WindTunnel, start: str) -> list[str]:
    """Under which shocks the outcome with the portfolio is worst; none where it is the same under all."""
    rows, row = found.table[found.table["start"] == start], found.worst(start)
    tied = [] if row is None else rows.loc[rows["with_it"] == row["with_it"], "shock"].tolist()
    return [] if len(tied) == len(rows) else tied


def heat(found: WindTunnel, width: float = WIDE) -> Figure:
    """Starts across, shocks down: the outcome without and with the portfolio, and the difference as colour."""
    narrow, outcome = width < 600, found.outcome
    worst = {start: _worst(found, start) for start in found.starts}
    said = [f"from {story.title}, " + (
        f"worst under {listed(map(_shock, worst[start]))} at {amount(outcome, row['with_it'])} with it" if worst[start]
        else f"{amount(outcome, row['with_it'])} with it under every shock")
        for start, story in found.starts.items() if (row := found.worst(start)) is not None]
    figure = Figure(f"{capital(found.portfolio.name)} in the wind tunnel",
                    f"{sentence(what(outcome) + ', ' + when(outcome, found.quarters))} {sentence('; '.join(said))}", width)
    scale = 100 if outcome.unit == "share" else 1
    unit = ", in per cent" if outcome.unit == "share" else ""
    top = figure.head(f"{what(outcome)}, {when(outcome, found.quarters)}{unit}: without → with the portfolio, and "
                      f"below the difference{'' if narrow else ' with its 95 % interval'}, mean of {found.runs} runs; "
                      f"shocks begin in quarter {found.at}")
    top = key(figure, top + 10, {"clearly better": HELPS, "clearly worse": HARMS},
               "pale: no clear difference; framed: the worst of each start with the portfolio")
    left, tall = (98.0, 42.0) if narrow else (170.0, 46.0)
    wide = (width - left - 2) / len(found.starts)
    frame = found.table.set_index(["start", "shock"])
    sizes = np.abs(frame["difference"].to_numpy())
    levels = np.abs(frame[["without", "with_it"]].to_numpy())
    level = 1.0 if outcome.unit == "share" else float(np.max(levels, where=np.isfinite(levels), initial=0.0)) or 1.0
    # full colour is for effects of a tenth of what there can be or more: small ones look small
    largest = float(np.max(sizes, where=np.isfinite(sizes), initial=0.1 * level))
    sign = -1.0 if found.less else 1.0
    for i, story in enumerate(found.starts.values()):
        lines = wrap(short(story.title), wide - 6, 13 if narrow else 15, True)[:2]
        for k, line in enumerate(lines):
            figure.text(left + (i + 0.5) * wide, top + 16 + 17 * (k + 2 - len(lines)), line, 13 if narrow else 15,
                        COLOURS.get(story.name, INK), True, "middle")
    y0 = top + 42
    for j, shock in enumerate((CALM, *found.shocks)):
        y = y0 + j * tall
        lines = wrap(_shock(shock), left - 8, 13 if narrow else 14.5)[:2]
        for k, line in enumerate(lines):
            figure.text(2, y + tall / 2 + 4 + 16 * (k - (len(lines) - 1) / 2), line, 13 if narrow else 14.5, INK)
        for i, start in enumerate(found.starts):
            row, x = frame.loc[(start, shock)], left + i * wide
            low, high, d = float(row["low"]), float(row["high"]), float(row["difference"])
            sure = math.isfinite(d) and (low > 0 or high < 0)
            fill = tint(HELPS if sign * d > 0 else HARMS, 0.16 + 0.42 * abs(d) / largest) if sure else "#f4f6f7"
            figure.box(x, y, wide - 2, tall - 2, fill)
            was, now = (_plain_level(float(row[key]), scale) for key in ("without", "with_it"))
            e = Interval(d, low, high, int(row["n"]))
            figure.text(x + wide / 2 - 1, y + tall / 2 - 3, f"{was} → {now}", 13.5 if narrow else 15.5, INK, True, "middle")
            below = change(outcome, Interval(d, d, d, e.n) if narrow else e, unit=False) if math.isfinite(d) else "–"
            figure.text(x + wide / 2 - 1, y + tall / 2 + 14, below, 12.5 if narrow else 13.5, INK if sure else SOFT, False,
                        "middle")
            if shock in worst[start]:
                figure.line([(x, y), (x + wide - 2, y), (x + wide - 2, y + tall - 2), (x, y + tall - 2), (x, y)], INK, 2)
    figure.foot(y0 + (1 + len(found.shocks)) * tall + 6, FOOT)
    return figure


def _plain_level(value: float, scale: float) -> str:
    if not math.isfinite(value):
        return "–"
    value *= scale
    return decimal(value, 0 if scale == 100 or abs(value) >= 20 else 1).replace("under ", "<")


def study(found: WindTunnel) -> Study:
    """The page of a wind tunnel."""
    story, outcome = found.portfolio, found.outcome
    done = [sentence(described(found.portfolio.on(next(iter(found.starts.values()))))),
            f"The portfolio and going without it met the same citizens and the same luck in {found.runs} runs of "
            f"{found.quarters} quarters, from {len(found.starts)} starts, under no shock and under each of "
            f"{len(found.shocks)} shocks and trends that begin in quarter {found.at}."]
    said = []
    for start, at in found.starts.items():
        row = found.worst(start)
        if row is None:
            said.append(f"From {at.title} nothing could be measured.")
            continue
        d = Interval(row["difference"], row["low"], row["high"], int(row["n"]))
        if not (worst := _worst(found, start)):
            said.append(f"From {at.title} no shock matters: {amount(outcome, row['with_it'])} with the portfolio under "
                        f"each of them.")
            continue
        said.append(f"From {at.title} the worst is {listed(map(_shock, worst))}: "
                    f"{amount(outcome, row['with_it'])} with the portfolio, {amount(outcome, row['without'])} without"
                    + (f" ({change(outcome, d)})." if d.mean else "."))
    regret = found.table.sort_values("regret", ascending=False).iloc[0]
    said.append("Nobody would regret it: in no run of any combination was going without it better."
                if not regret["regret"] > 0 else
                f"It would be regretted most from {found.starts[regret['start']].title} under {_shock(regret['shock'])}, "
                f"where going without it was better in {regret['harms']} of {regret['n']} runs; mean regret over all runs "
                f"{_regret(found, float(regret['regret']))} {unit_of(outcome)}".rstrip() + ".")
    return Study("wind-tunnel", headline(found), done, [
        Section("Every start, every shock", said, {"wind_tunnel": partial(heat, found)}),
        Section("The numbers", tables=[table(found)])],
        [f"{'Less' if found.less else 'More'} of this outcome was taken to be better.",
         *(f"{capital(listed(_shock(name) for name in names))} act alike in this model, so their rows are "
           "equal." for names in _alike(found.shocks)),
         f"{story.name} is held against doing nothing, not against other uses of the same points.",
         f"Of every twenty of the {len(found.values)} intervals that have nothing to find, one leaves out 0 by chance."])


def _regret(found: WindTunnel, value: float) -> str:
    return difference(found.outcome, value, digits_of(found.outcome, Interval(value, value, value, found.runs)))


def _alike(shocks: Sequence[str]) -> list[list[str]]:
    """Shocks that are declared with the same effects for the same time."""
    groups: dict[str, list[str]] = {}
    for name in shocks:
        groups.setdefault(repr((SHOCKS[name]["effects"], SHOCKS[name]["duration"])), []).append(name)
    return [names for names in groups.values() if len(names) > 1]


def table(found: WindTunnel) -> Table:
    """One row a start and shock, in words."""
    rows = []
    for r in found.table.to_dict("records"):
        d = Interval(r["difference"], r["low"], r["high"], r["n"])
        shock = "" if r["shock"] == CALM else change(found.outcome, Interval(
            r["shock_effect"], r["shock_effect"], r["shock_effect"], r["n"]), unit=False)
        rows.append((f"{found.starts[r['start']].title}, {_shock(r['shock'])}", amount(found.outcome, r["without"]),
                     amount(found.outcome, r["with_it"]), change(found.outcome, d, unit=False),
                     f"{r['helps']} and {r['harms']} of {r['n']}",
                     _regret(found, r["regret"]), shock))
    unit = unit_of(found.outcome)
    columns = ("start, shock", "without", "with", "difference", "better and worse in", "regret", "what the shock changes")
    return Table(columns, rows, f"{sentence(what(found.outcome) + ', ' + when(found.outcome, found.quarters))} "
                 + (f"Differences in {unit}. " if unit else "")
                 + "Regret: how much better going without it was, averaged over all runs (0 where it never was).")
