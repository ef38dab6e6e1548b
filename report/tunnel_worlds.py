"""The page of a wind tunnel over worlds."""

from __future__ import annotations

from functools import partial

from letsdance.experiments.paired import Interval
from letsdance.experiments.tunnel_worlds import Tunnel
from letsdance.report.outcomes import amount, change, described, what
from letsdance.report.sheet import WIDE, Figure, shorten
from letsdance.report.study import Section, Study, Table
from letsdance.report.style import (
    COLOURS,
    FOOT,
    INK,
    OWN,
    SOFT,
    band,
    capital,
    percent,
    sentence,
    short,
    tint,
)
from letsdance.report.windtunnel import shock_of
from letsdance.report.worlds import WIDTH, size


def tunnel_headline(found: Tunnel) -> str:
    """In how many cells the portfolio helps in most worlds, and where it is worst."""
    frame = found.summary
    most = frame[frame["better"] > 0.5]
    worst = frame.sort_values("better").iloc[0]
    return (f"{capital(found.portfolio.name)} is better in most worlds in {len(most)} of {len(frame)} combinations of "
            f"start and shock; least often from {found.starts[worst['start']].title} under {shock_of(worst['shock'])}, in "
            f"{percent(worst['better'])} ({band(worst['better_low'], worst['better_high'])}) of worlds.")


def heat(found: Tunnel, width: float = WIDE) -> Figure:
    """Starts across, shocks down: in what share of worlds the portfolio is better."""
    narrow, frame = width < 600, found.summary.set_index(["start", "shock"])
    shocks = list(dict.fromkeys(shock for _, shock in found.cells))
    figure = Figure(f"{capital(found.portfolio.name)} in the wind tunnel, over worlds", tunnel_headline(found), width)
    top = figure.head(f"share of {found.worlds} worlds in which {what(found.outcome)} is better with it, and below the "
                      f"mean difference{'' if narrow else ' with its 95 % interval'}; shocks begin in quarter {found.at}")
    left, tall = (98.0, 42.0) if narrow else (170.0, 46.0)
    wide, y0 = (width - left - 2) / len(found.starts), top + 36
    for i, story in enumerate(found.starts.values()):
        figure.text(left + (i + 0.5) * wide, top + 24, shorten(short(story.title), wide - 4, 13 if narrow else 15, True),
                    13 if narrow else 15, COLOURS.get(story.name, INK), True, "middle")
    for j, shock in enumerate(shocks):
        y = y0 + j * tall
        figure.text(2, y + tall / 2 + 4, shorten(shock_of(shock), left - 8, 13 if narrow else 14.5), 13 if narrow else 14.5,
                    INK)
        for i, start in enumerate(found.starts):
            row, x = frame.loc[(start, shock)], left + i * wide
            up = float(row["better"])
            figure.box(x, y, wide - 2, tall - 2, tint(OWN[0] if up >= 0.5 else OWN[1], 0.06 + 0.5 * abs(2 * up - 1)))
            figure.text(x + wide / 2 - 1, y + tall / 2 - 3, percent(up), 13.5 if narrow else 15.5, INK, True, "middle")
            e = Interval(row["difference"], row["low"], row["high"], int(row["worlds"]))
            below = change(found.outcome, Interval(e.mean, e.mean, e.mean, e.n) if narrow else e, unit=False)
            figure.text(x + wide / 2 - 1, y + tall / 2 + 14, below, 12.5, SOFT, False, "middle")
    figure.foot(y0 + len(shocks) * tall + 6, FOOT)
    return figure


def tunnel_table(found: Tunnel) -> Table:
    """One row a start and shock."""
    rows = []
    for r in found.summary.to_dict("records"):
        e = Interval(r["difference"], r["low"], r["high"], int(r["worlds"]))
        rows.append((f"{found.starts[r['start']].title}, {shock_of(r['shock'])}", amount(found.outcome, r["without"]),
                     amount(found.outcome, r["with_it"]), change(found.outcome, e, unit=False),
                     f"{percent(r['better'])} ({band(r['better_low'], r['better_high'])})", percent(r["worse"]),
                     amount(found.outcome, r["worst_tenth"]), size(found, r["largest_regret"])))
    return Table(("start, shock", "without", "with", "difference", "better in", "worse in", "worst tenth of worlds, with",
                  "largest regret"), rows, f"Means over {found.worlds} worlds of {found.runs} runs.")


def tunnel_study(found: Tunnel) -> Study:
    """The page of a wind tunnel over worlds."""
    quarters = next(iter(found.starts.values())).quarters
    done = [sentence(described(found.portfolio.on(next(iter(found.starts.values()))))),
            f"The portfolio and going without it met the same worlds ({found.asked}) and in each the same citizens and "
            f"luck, in {found.runs} runs of {quarters} quarters, from every start, under no shock and under each shock."]
    return Study("wind-tunnel over worlds", tunnel_headline(found), done, [
        Section("Every start, every shock, every world", figures={"wind_tunnel": partial(heat, found)}),
        Section("The numbers", tables=[tunnel_table(found)])],
        [WIDTH, f"{'Less' if found.less else 'More'} of this outcome was taken to be better."])
