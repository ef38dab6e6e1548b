"""The page of packages that react to a signal beside packages that do not."""

from __future__ import annotations

from functools import partial

from letsdance.experiments.paired import Interval
from letsdance.experiments.pathways import Pathways
from letsdance.report.outcomes import amount, change, described, subject, when
from letsdance.report.study import Section, Study, Table
from letsdance.report.style import (
    ENGLISH,
    band,
    capital,
    decimal,
    percent,
)
from letsdance.words import Text


def pathways_study(found: Pathways, text: Text = ENGLISH) -> Study:
    """The page of pathways: which does best for its points, and how often rules fire."""
    over, frame = found.over, found.summary
    sign = -1.0 if over.less else 1.0
    best = frame.loc[(sign * frame["mean"]).idxmax()]
    head = text("report.pathways_headline", policy=capital(str(best["policy"])), subject=subject(over.outcome, text),
                when=when(over.outcome, over.quarters, text), level=amount(over.outcome, float(best["mean"]), text),
                points=text.in_points(decimal(float(best["points"]), 0, text)))
    level = partial(amount, over.outcome, text=text)
    rows = []
    for r in frame.to_dict("records"):
        way = found.ways[r["policy"]]
        rules = [text.labelled(str(rule), percent(r[f"rule_{k + 1}"], text)) for k, rule in enumerate(way.rules)]
        difference = text("report.compared_with") if r["policy"] == over.reference else change(over.outcome, Interval(
            r["difference"], r["difference_low"], r["difference_high"], over.worlds), False, text)
        rows.append([r["policy"], described(over.scenarios[r["policy"]], text), text("report.semicolon").join(rules) or "–",
                     text("report.with_band", value=level(r["mean"]), band=band(r["low"], r["high"], level, text)),
                     level(r["worst_tenth"]), difference, decimal(r["points"], 0, text)])
    many = over.worlds > 1
    done = text("report.pathways_done_worlds" if many else "report.pathways_done", worlds=over.worlds,
                asked=over.asked.said(text) if many else "", runs=over.runs, quarters=over.quarters,
                how=text("report.pathways_how"))
    heads = ("pathways_head_package", "pathways_head_without", "pathways_head_rules", "pathways_head_mean",
             "pathways_head_tenth", "difference", "pathways_head_points")
    return Study(text("report.pathways_kind"), head, [done], [
        Section(text("report.pathways_section"), found.said(text), tables=[
            Table([text(f"report.{name}") for name in heads], rows)])],
        [text("report.worlds_width")] if many else [], text("report.of_the_model"), text)
