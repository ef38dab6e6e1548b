"""The wind tunnel as a figure, a table and a page: one portfolio from every start under every shock."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import partial

import numpy as np

from letsdance.experiments.paired import Interval
from letsdance.experiments.windtunnel import CALM, WindTunnel
from letsdance.report.comparison import key
from letsdance.report.outcomes import (
    amount,
    change,
    described,
    difference,
    digits_of,
    per_cent,
    subject,
    unit_of,
    what,
    when,
)
from letsdance.report.sheet import WIDE, Figure, fitting, wrap
from letsdance.report.study import Section, Study, Table
from letsdance.report.style import COLOURS, ENGLISH, INK, OWN, SOFT, capital, sentence, short, start_titled, tint
from letsdance.scenarios import SHOCKS
from letsdance.words import Text

__all__ = ["headline", "heat", "study", "table"]

HELPS, HARMS = OWN[:2]


def headline(found: WindTunnel, text: Text = ENGLISH) -> str:
    """In how many combinations the portfolio clearly helps and harms."""
    counted, none = found.counted(), text("report.count_0")
    return text("report.tunnel_lowers" if found.less else "report.tunnel_raises", policy=capital(found.portfolio.title),
                subject=subject(found.outcome, text), cells=len(found.values), helps=counted["helps"] or none,
                harms=counted["harms"] or none)


def shock_of(name: str, text: Text = ENGLISH) -> str:
    """A shock's title, or that there is none."""
    return text("report.no_shock") if name == CALM else text.title("shock", name)


def _shocks(names: Iterable[str], text: Text) -> str:
    return text.listed([shock_of(name, text) for name in names])


def _worst(found: WindTunnel, start: str) -> list[str]:
    """Under which shocks the outcome with the portfolio is worst; none where it is the same under all."""
    rows, row = found.table[found.table["start"] == start], found.worst(start)
    tied = [] if row is None else rows.loc[rows["with_it"] == row["with_it"], "shock"].tolist()
    return [] if len(tied) == len(rows) else tied


def heat(found: WindTunnel, width: float = WIDE, text: Text = ENGLISH) -> Figure:
    """Starts across, shocks down: the outcome without and with the portfolio, and the difference as colour."""
    narrow, outcome = width < 600, found.outcome
    worst = {start: _worst(found, start) for start in found.starts}
    said = [text("report.tunnel_worst_item" if worst[start] else "report.tunnel_same_item",
                 start=start_titled(scenario, text), shocks=_shocks(worst[start], text),
                 amount=amount(outcome, row["with_it"], text))
            for start, scenario in found.starts.items() if (row := found.worst(start)) is not None]
    asked = {"what": what(outcome, text), "when": when(outcome, found.quarters, text)}
    figure = Figure(text("report.tunnel_title", policy=capital(found.portfolio.title)),
                    f"{sentence(f'{asked["what"]}, {asked["when"]}')} "
                    f"{sentence(text('report.semicolon').join(said))}", width)
    scale = 100 if per_cent(outcome) else 1
    top = figure.head(text("report.tunnel_head_narrow" if narrow else "report.tunnel_head", runs=found.runs, at=found.at,
                           unit=text("report.tunnel_unit") if per_cent(outcome) else "", **asked))
    top = key(figure, top + 10, {text("report.clearly_better"): HELPS, text("report.clearly_worse"): HARMS},
              text("report.tunnel_note"))
    left, tall = (98.0, 42.0) if narrow else (170.0, 46.0)
    wide = (width - left - 2) / len(found.starts)
    frame = found.table.set_index(["start", "shock"])
    sizes = np.abs(frame["difference"].to_numpy())
    levels = np.abs(frame[["without", "with_it"]].to_numpy())
    level = 1.0 if outcome.unit == "share" else float(np.max(levels, where=np.isfinite(levels), initial=0.0)) or 1.0
    # full colour is for effects of a tenth of what there can be or more: small ones look small
    largest = float(np.max(sizes, where=np.isfinite(sizes), initial=0.1 * level))
    sign = -1.0 if found.less else 1.0
    titles = [short(start_titled(scenario, text), text) for scenario in found.starts.values()]
    size = fitting(titles, wide - 6, 13 if narrow else 15, True)
    for i, (scenario, title) in enumerate(zip(found.starts.values(), titles, strict=True)):
        lines = wrap(title, wide - 6, size, True)[:2]
        for k, line in enumerate(lines):
            figure.text(left + (i + 0.5) * wide, top + 16 + 17 * (k + 2 - len(lines)), line, size,
                        COLOURS.get(scenario.name, INK), True, "middle")
    y0 = top + 42
    for j, shock in enumerate((CALM, *found.shocks)):
        y, label = y0 + j * tall, shock_of(shock, text)
        size = fitting([label], left - 8, 13 if narrow else 14.5)
        lines = wrap(label, left - 8, size)[:2]
        for k, line in enumerate(lines):
            figure.text(2, y + tall / 2 + 4 + 16 * (k - (len(lines) - 1) / 2), line, size, INK)
        for i, start in enumerate(found.starts):
            row, x = frame.loc[(start, shock)], left + i * wide
            low, high, d = float(row["low"]), float(row["high"]), float(row["difference"])
            sure = math.isfinite(d) and (low > 0 or high < 0)
            fill = tint(HELPS if sign * d > 0 else HARMS, 0.16 + 0.42 * abs(d) / largest) if sure else "#f4f6f7"
            figure.box(x, y, wide - 2, tall - 2, fill)
            was, now = (_plain_level(float(row[key]), scale, text) for key in ("without", "with_it"))
            e = Interval(d, low, high, int(row["n"]))
            figure.text(x + wide / 2 - 1, y + tall / 2 - 3, f"{was} → {now}", 13.5 if narrow else 15.5, INK, True, "middle")
            below = change(outcome, Interval(d, d, d, e.n) if narrow else e, False, text) if math.isfinite(d) else "–"
            figure.text(x + wide / 2 - 1, y + tall / 2 + 14, below, 12.5 if narrow else 13.5, INK if sure else SOFT, False,
                        "middle")
            if shock in worst[start]:
                figure.line([(x, y), (x + wide - 2, y), (x + wide - 2, y + tall - 2), (x, y + tall - 2), (x, y)], INK, 2)
    figure.foot(y0 + (1 + len(found.shocks)) * tall + 6, text("report.foot"))
    return figure


def _plain_level(value: float, scale: float, text: Text) -> str:
    if not math.isfinite(value):
        return "–"
    value *= scale
    digits = 0 if scale == 100 or abs(value) >= 20 else 1
    least = 10.0**-digits
    return f"<{text.number(least, digits)}" if 0 < value < 0.5 * least else text.number(value, digits)


def study(found: WindTunnel, text: Text = ENGLISH) -> Study:
    """The page of a wind tunnel."""
    policy = found.portfolio.title
    done = [sentence(described(found.portfolio.on(next(iter(found.starts.values()))), text)),
            text("report.tunnel_done", runs=found.runs, quarters=found.quarters, starts=len(found.starts),
                 shocks=len(found.shocks), at=found.at)]
    alike = [text("report.tunnel_alike", shocks=capital(_shocks(names, text))) for names in _alike(found.shocks)]
    return Study(text("report.tunnel_kind"), headline(found, text), done, [
        Section(text("report.tunnel_every"), [*_from_each(found, text), _regretted(found, text)],
                {"wind_tunnel": partial(heat, found, text=text)}),
        Section(text("report.numbers"), tables=[table(found, text)])],
        [text("report.less_better" if found.less else "report.more_better"), *alike,
         text("report.tunnel_held", policy=policy), text("report.tunnel_many", n=len(found.values))],
        text("report.of_the_model"), text)


def _from_each(found: WindTunnel, text: Text) -> list[str]:
    """What is worst from each start, in a sentence."""
    said, outcome = [], found.outcome
    for start, scenario in found.starts.items():
        row, title = found.worst(start), start_titled(scenario, text)
        if row is None:
            said.append(text("report.tunnel_unmeasured", start=title))
            continue
        d = Interval(row["difference"], row["low"], row["high"], int(row["n"]))
        worst = _worst(found, start)
        said.append(text("report.tunnel_worst" if worst else "report.tunnel_same", start=title,
                         shocks=_shocks(worst, text), amount=amount(outcome, row["with_it"], text),
                         without=amount(outcome, row["without"], text),
                         change=text("report.in_brackets", change=change(outcome, d, text=text)) if d.mean else ""))
    return said


def _regretted(found: WindTunnel, text: Text) -> str:
    most = found.table.sort_values("regret", ascending=False).iloc[0]
    if not most["regret"] > 0:
        return text("report.regret_none")
    regret = f"{_regret(found, float(most['regret']), text)} {unit_of(found.outcome, text)}".rstrip()
    return text("report.regret_most", start=start_titled(found.starts[most["start"]], text),
                shock=shock_of(most["shock"], text), harms=most["harms"], runs=most["n"], regret=regret)


def _regret(found: WindTunnel, value: float, text: Text) -> str:
    return difference(found.outcome, value, digits_of(found.outcome, Interval(value, value, value, found.runs)), text)


def _alike(shocks: Sequence[str]) -> list[list[str]]:
    """Shocks that are declared with the same effects for the same time."""
    groups: dict[str, list[str]] = {}
    for name in shocks:
        groups.setdefault(repr((SHOCKS[name]["effects"], SHOCKS[name]["duration"])), []).append(name)
    return [names for names in groups.values() if len(names) > 1]


def table(found: WindTunnel, text: Text = ENGLISH) -> Table:
    """One row a start and shock, in words."""
    rows = []
    for r in found.table.to_dict("records"):
        d = Interval(r["difference"], r["low"], r["high"], r["n"])
        shock = "" if r["shock"] == CALM else change(found.outcome, Interval(
            r["shock_effect"], r["shock_effect"], r["shock_effect"], r["n"]), False, text)
        rows.append((text("report.start_and_shock", start=start_titled(found.starts[r["start"]], text),
                          shock=shock_of(r["shock"], text)), amount(found.outcome, r["without"], text),
                     amount(found.outcome, r["with_it"], text), change(found.outcome, d, False, text),
                     text("report.helps_and_harms", helps=r["helps"], harms=r["harms"], runs=r["n"]),
                     _regret(found, r["regret"], text), shock))
    unit = unit_of(found.outcome, text)
    heads = ("head_start_shock", "head_without", "head_with", "difference", "head_better_worse", "head_regret",
             "head_shock_changes")
    return Table([text(f"report.{head}") for head in heads], rows, text(
        "report.tunnel_table", what=capital(what(found.outcome, text)), when=when(found.outcome, found.quarters, text),
        units=text("report.tunnel_units", unit=unit) if unit else ""))
