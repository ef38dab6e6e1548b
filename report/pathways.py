"""The page of packages that react to a signal beside packages that do not."""

from __future__ import annotations

from functools import partial

from letsdance.experiments.paired import Interval
from letsdance.experiments.pathways import Pathways
from letsdance.report.outcomes import amount, change, described, subject, when
from letsdance.report.study import Section, Study, Table
from letsdance.report.style import (
    band,
    capital,
    decimal,
    percent,
)
from letsdance.report.worlds import WIDTH


def pathways_study(found: Pathways) -> Study:
    """The page of pathways: which does best for its points, and how often rules fire."""
    over, frame = found.over, found.summary
    sign = -1.0 if over.less else 1.0
    best = frame.loc[(sign * frame["mean"]).idxmax()]
    level = amount(over.outcome, float(best["mean"]))
    head = (f"{capital(str(best['policy']))} comes out best: {subject(over.outcome)} "
            f"{when(over.outcome, over.quarters)} is {level} for {decimal(float(best['points']), 0)} points on average.")
    rows = []
    for r in frame.to_dict("records"):
        way = found.ways[r["policy"]]
        rules = [f"{rule}: {percent(r[f'rule_{k + 1}'])}" for k, rule in enumerate(way.rules)]
        difference_ = "compared with" if r["policy"] == over.reference else change(over.outcome, Interval(
            r["difference"], r["difference_low"], r["difference_high"], over.worlds), unit=False)
        rows.append([r["policy"], described(over.stories[r["policy"]]), "; ".join(rules) or "–",
                     f"{amount(over.outcome, r['mean'])} ({band(r['low'], r['high'], partial(amount, over.outcome))})",
                     amount(over.outcome, r["worst_tenth"]), difference_, decimal(r["points"], 0)])
    where = f"{over.worlds} worlds ({over.asked}), " if over.worlds > 1 else ""
    return Study("pathways", head, [
        f"Packages met the same citizens and the same luck in {where}{over.runs} runs of {over.quarters} quarters. Until a "
        "rule fires nothing differs; what a rule sees is what a municipality could see: counts, and willingness and trust "
        "by a survey with its sampling error."],
        [Section("The pathways", found.sentences, tables=[Table(
            ["package", "without rules", "rules, and in how many runs they fire", "mean", "worst tenth of worlds",
             "difference", "points on average"], rows)])], [WIDTH] if over.worlds > 1 else [])
