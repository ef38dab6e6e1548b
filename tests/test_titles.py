"""No title claims what did not happen: figures, sections and headlines where it did, and where nothing of the kind did."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace as Made

import numpy as np
import pytest

import letsdance as ld
from letsdance import scenarios
from letsdance.experiments.adopters import data
from letsdance.experiments.adopters.describing import describe
from letsdance.experiments.adopters.who import Who
from letsdance.experiments.compare import compare
from letsdance.report import adopters, comparison, figures, forecasting, screening

SMALL = {"municipalities": 6, "citizens": 20}


# ---------------------------------------------------------------- runs

@pytest.fixture(scope="module")
def runs():
    return ld.simulate("lone_ranger", runs=2, quarters=40, parameters=SMALL, levers=["FAL@1", "LEAD@1"])


def without(result, *names, stage=True):
    """The same runs in which these indicators are 0 all along, and, unless said, nobody adopts."""
    rows = result.rows.copy()
    for name in names:
        rows[name] = 0
    return {"x": replace(result, rows=rows, stage=result.stage if stage else np.zeros_like(result.stage))}


def test_titles_of_runs_say_what_happened_and_what_did_not(runs):
    happened = {"x": runs}
    reasons = [name for name in runs.rows.dtype.names if name[:2] in ("x_", "y_")]
    assert figures.use_and_adoption(happened).title == "Adopted by governments, used by citizens"
    assert figures.use_and_adoption(without(runs, "uses")).title == "Adopted by governments, used by no citizen"
    assert figures.use_and_adoption(without(runs, "on")).title == "Used by citizens, adopted by no government"
    assert figures.use_and_adoption(without(runs, "on", "uses")).title == "Neither adopted nor used"
    assert figures.services(happened).title == "Services that run, and who carries them"
    assert figures.services(without(runs, "services_supported", "services_solo")).title == "No service runs"
    assert figures.willingness_reasons(happened).title == "What pushes willingness up and down"
    nil = figures.willingness_reasons(without(runs, *reasons))
    assert (nil.title, nil.summary) == ("Nothing pushes willingness up or down", "Every reason is nil at the end.")
    assert figures.adoption_by_category(without(runs, stage=False)).title == "Nobody adopts"
    assert figures.late_adopter_gap(without(runs, stage=False)).title == "Late adopters do not lag behind"


@pytest.mark.parametrize(("who", "title", "gap"), [
    ((0, 1, 2), "When early adopters adopt; late ones do not", "How far late adopters lag behind"),
    ((3, 4), "When late adopters adopt; early ones do not", "Late adopters do not lag behind"),
    ((0, 1, 2, 3, 4), "When early and late adopters adopt", "Late adopters do not lag behind")])
def test_only_who_adopts_is_said_to(runs, who, title, gap):
    stage = np.zeros_like(runs.stage)
    stage[:, 10:] = np.where(np.isin(runs.category, who)[:, None], 3, 0)  # all of them at once
    result = {"x": replace(runs, stage=stage)}
    assert result["x"].on[:, -1].any()
    assert figures.adoption_by_category(result).title == title
    assert figures.late_adopter_gap(result).title == gap


# ---------------------------------------------------------------- comparisons

def test_policies_that_do_the_same_change_nothing():
    story = scenarios.load("lone_ranger").changed(parameters=SMALL)
    found = compare({"as it is": story, "again": story, "lead": story.changed(levers=["LEAD@1*1.5", "FRCS@1"])}, runs=12,
                    quarters=12)
    same = replace(found, results={name: found.results[name] for name in ("as it is", "again")})
    other = replace(found, results={name: found.results[name] for name in ("as it is", "lead")})
    assert comparison.differences(same).title == "Nothing clearly differs from as it is, at any time"
    assert comparison.differences(other).title == "What differs from as it is, over time"
    assert comparison.effects(same).title == "No policy clearly changes these by the end"
    assert comparison.effects(same).summary == "Again clearly changes none of these."
    assert comparison.fates(same).title == "No municipality's fate changed"
    titles = [section.heading for section in comparison.study(same).sections]
    assert {"No municipality's fate changed", "No effect that a cost could be divided by"} <= {*titles}
    clear = any(found.effect("lead", name).difference.clear for name in ("G", "C", "T"))
    assert (comparison.effects(other).title == "What each policy changes by the end") == clear
    assert clear  # leadership moves governments, or this tells nothing


# ---------------------------------------------------------------- other people's data

RING = np.roll(np.eye(12), 1, axis=0)


def test_adoption_at_once_did_not_grow_and_nobody_saw_or_waited_for_anybody():
    grew = describe(data.from_arrays(np.arange(1.0, 13), RING))
    alone = np.zeros((14, 14))
    alone[12, 13] = alone[13, 12] = 1  # two who never adopt, and nobody else, are tied
    once = describe(data.from_arrays(np.r_[np.full(12, 3.0), np.nan, np.nan], alone))
    titles = {found: [adopters.adoption_curve(found).title, adopters.exposure_over_time(found).title,
                      adopters.thresholds_by_category(found).title] for found in (grew, once)}
    assert titles[grew] == ["How adoption grew", "What people saw around them before they adopted",
                            "What each category waited for"]
    assert titles[once] == ["All who adopted did so at once", "Nobody saw an adopter around them before adopting",
                            "No category waited for others"]
    assert [adopters.describe_study(found).sections[0].heading for found in titles] == [
        "How adoption grew", "All who adopted did so at once"]


def test_units_that_nothing_tells_apart_have_no_likeliest():
    def made(chances):
        return Who("c", 2000, ("one", "two"), np.zeros(2), np.array([2001]), np.array(chances)[:, None], {})
    assert forecasting.who_study(made([0.6, 0.2]), None).headline.startswith("one is the likeliest to adopt c next")
    assert forecasting.who_study(made([0.4, 0.4]), None).headline.startswith("Nothing tells apart the 2 units")


# ---------------------------------------------------------------- analyses

@pytest.mark.parametrize(("told", "title"), [
    (True, "What sets the runs apart"), (False, "Nothing is shown to set the runs apart")])
def test_what_is_not_told_apart_is_not_said_to_matter(told, title):
    rng = np.random.default_rng(1)
    X = rng.uniform(size=(200, 2))
    holds = (X[:, [0]] > 0.5) if told else rng.uniform(size=(200, 1)) < 0.5
    from letsdance.experiments.design import parse_factors
    from letsdance.experiments.indices import regional

    factors = parse_factors(["C0=0:1", "G0=0:1"])
    found = regional([f.name for f in factors], X, holds, 1)
    table = found.table.assign(title=[f.title for f in factors])
    assert screening.regional_ranges(Made(found=found, table=table, factors=factors)).title == title
