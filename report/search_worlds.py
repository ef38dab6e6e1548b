"""Pages of a search over worlds: the front in fresh worlds, ties, and how far the optimisers agree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from letsdance.experiments.outcomes import parse
from letsdance.experiments.search_worlds import MEASURES, Found
from letsdance.experiments.windtunnel import less_is_better
from letsdance.params import listed
from letsdance.report.outcomes import amount, what
from letsdance.report.study import Section, Study, Table
from letsdance.report.style import ENGLISH, band, percent, sentence
from letsdance.report.worlds import WIDTH
from letsdance.words import Text

if TYPE_CHECKING:
    import pandas as pd


def front_table(found: Found) -> Table:
    """The finalists in fresh worlds."""
    rows: list[list[str]] = []
    for row in found.front.to_dict("records"):
        cells = [row["words"] + (" (tied with the first)" if row["tied"] and rows else ""), f"{row['cost']:g}"]
        for aim in found.aims:
            if aim == "success":
                cells.append(f"{percent(row['success'] if found.measure != 'regret' else -row['success'])} "
                             f"(mean {band(row['low'], row['high'])})")
            else:
                outcome = parse(aim)
                value = abs(row[aim]) if less_is_better(outcome) or found.measure == "regret" else row[aim]
                cells.append(percent(value) if found.measure == "satisficing" else amount(outcome, value))
        cells.append("–" if math.isnan(row["radius"]) else percent(row["radius"]))
        rows.append(cells)
    titles = ["success" if aim == "success" else what(parse(aim)) for aim in found.aims]
    return Table(["portfolio", "points", *titles, "holds within"], rows,
                 f"No portfolio that was tried beats these in every aim: {MEASURES[found.measure]}, measured in fresh "
                 "worlds on fresh seeds. Holds within: how far parameters may lie from their values with enough success in "
                 "nine of ten worlds.")


def search_notes(found: Found) -> list[str]:
    """How far the optimisers agree."""
    said = [f"seed {row.seed} tried {row.tried:,} and found {percent(row.of_the_front)} of the front"
            for row in found.seeds.itertuples()]
    return [sentence(f"{listed(said)}: what one alone misses, others may miss too"), WIDTH]


def search_study(found: Found) -> Study:
    """The page of a search over worlds."""
    return Study("search over worlds", found.answer, [
        f"{len(found.tried):,} portfolios were tried in {found.worlds}, {found.runs:,} runs in all; an aim is "
        f"{MEASURES[found.measure]}."], [Section("The front", search_notes(found), tables=[front_table(found)])],
        ["A portfolio is on the front because none that was tried beats it; others were not tried.", WIDTH])


def search_sentences(table: pd.DataFrame, named: Any, text: Text = ENGLISH) -> Sequence[str]:
    """Over the worlds drawn: mean, worst tenth and share in which a portfolio succeeds in at least half of the runs."""
    if table.empty or table["mean_draw"].isna().all():
        return []
    count = int(table["draws"].iloc[0])
    best = table.sort_values(["mean_draw"], ascending=False, kind="stable").iloc[0]
    steady = table.sort_values(["worst_tenth", "mean_draw"], ascending=False, kind="stable").iloc[0]
    first = table.iloc[0]
    said = [text("report.search_over_worlds", n=count, portfolio=named(first["portfolio"]),
                 mean=percent(first["mean_draw"], text), tenth=percent(first["worst_tenth"], text),
                 satisfied=percent(first["satisfied"], text))]
    if best["portfolio"] != first["portfolio"]:
        said.append(text("report.search_best_on_average", portfolio=named(best["portfolio"]),
                         share=percent(best["mean_draw"], text)))
    if steady["portfolio"] not in (first["portfolio"], best["portfolio"]):
        said.append(text("report.search_best_in_tenth", portfolio=named(steady["portfolio"]),
                         share=percent(steady["worst_tenth"], text)))
    return said
