"""Pages of a search over worlds: the front in fresh worlds, ties, and how far the optimisers agree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from letsdance.experiments.outcomes import parse
from letsdance.experiments.search_worlds import Found
from letsdance.experiments.windtunnel import less_is_better
from letsdance.report.outcomes import amount, what
from letsdance.report.study import Section, Study, Table
from letsdance.report.style import ENGLISH, band, percent, sentence
from letsdance.words import Text

if TYPE_CHECKING:
    import pandas as pd


def _measure(found: Found, text: Text) -> str:
    """What an aim is over worlds."""
    return text(f"report.search_aim_{found.measure}")


def _aim(aim: str, text: Text) -> str:
    return text("report.search_aim_success") if aim == "success" else what(parse(aim), text)


def front_table(found: Found, text: Text = ENGLISH) -> Table:
    """The finalists in fresh worlds."""
    rows: list[list[str]] = []
    for row in found.front.to_dict("records"):
        portfolio = found.told(row["portfolio"], text)
        cells = [text("report.search_front_tied", portfolio=portfolio) if row["tied"] and rows else portfolio,
                 text.price(row["cost"])]
        for aim in found.aims:
            if aim == "success":
                cells.append(text("report.search_front_mean", share=percent(
                    row["success"] if found.measure != "regret" else -row["success"], text),
                    band=band(row["low"], row["high"], text=text)))
            else:
                outcome = parse(aim)
                value = abs(row[aim]) if less_is_better(outcome) or found.measure == "regret" else row[aim]
                cells.append(percent(value, text) if found.measure == "satisficing" else amount(outcome, value, text))
        cells.append("–" if math.isnan(row["radius"]) else percent(row["radius"], text))
        rows.append(cells)
    titles = [_aim(aim, text) for aim in found.aims]
    heads = [text("report.search_head_portfolio"), text("report.search_front_points_head"), *titles,
             text("report.search_front_radius")]
    return Table(heads, rows, text("report.search_front_note", measure=_measure(found, text)))


def search_notes(found: Found, text: Text = ENGLISH) -> list[str]:
    """How far the optimisers agree."""
    said = [text("report.search_front_seed", seed=row.seed, tried=text.number(row.tried),
                 share=percent(row.of_the_front, text)) for row in found.seeds.itertuples()]
    return [sentence(text("report.search_front_seeds", said=text.listed(said))), *emulated(found, text),
            text("report.worlds_width")]


def emulated(found: Found, text: Text = ENGLISH) -> list[str]:
    """Where an emulator said what to run: what it learnt from, and how far it was right where it had learnt nothing."""
    if found.taught is None:
        return []
    table = found.taught.table
    aims = [text("report.search_emulated_aim", aim=_aim(row.aim, text), explained=percent(max(row.explained, 0.0), text),
                 held=percent(row.coverage, text)) for row in table.itertuples() if not math.isnan(row.explained)]
    return [text("report.search_emulated", points=text.number(int(table["points"].iloc[0])),
                 tried=text.number(len(found.tried))),
            *([sentence(text("report.search_emulated_held", n=text.number(int(table["held_back"].max())),
                             said=text.listed(aims)))] if aims else [])]


def search_study(found: Found, text: Text = ENGLISH) -> Study:
    """The page of a search over worlds."""
    return Study(text("report.search_front_kind"), found.said(text), [
        text("report.search_front_done", tried=text.number(len(found.tried)), worlds=found.worlds.said(text),
             runs=text.number(found.runs), measure=_measure(found, text))],
        [Section(text("report.search_front_section"), search_notes(found, text), tables=[front_table(found, text)])],
        [text("report.search_front_limit")], text("report.of_the_model"), text)


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
