"""How numbers are written: one decision for each outcome, met again on every page, in every chart, cell and sentence."""

from __future__ import annotations

import numpy as np
import pytest

from letsdance.dashboards import charts, charts_compare, charts_late_adopters, compute
from letsdance.dashboards.state import View
from letsdance.experiments.outcomes import known, parse
from letsdance.experiments.paired import Interval
from letsdance.report.outcomes import amount, change, per_cent, writing
from letsdance.scenarios import Use
from letsdance.scenarios.policy import Policy
from letsdance.words import Text, languages

EN = Text("en")
#: The units that are read in per cent, and in percentage points where two values are apart; a gap is a difference itself.
PER_CENT, GAPS = {"share", "ratio"}, {"late_adopter_gap"}


@pytest.fixture(scope="module")
def shown():
    """Lone Ranger as it stands beside one lever, on the page Compare."""
    levers = Policy.of("lone_ranger", levers=(Use("FRCS"),))
    return charts_compare.beside(View("compare", levers, runs=6), 6, compute.Token())


@pytest.fixture(scope="module")
def pair(shown):
    policies, results = shown.policies, shown.found.results
    return compute.Pair(policies["A"], results["A"], results["start"], 6)


@pytest.mark.parametrize("outcome", sorted(known()))
def test_an_outcome_is_written_alike_on_screens_and_in_reports(outcome):
    asked, value = parse(outcome), 0.86
    assert per_cent(outcome) == (asked.unit in PER_CENT)
    level, moved = writing(outcome).level(value, EN), writing(outcome).difference(0.12, EN, True)
    told = change(asked, Interval(0.12, 0.10, 0.14, 20), text=EN)
    if outcome in GAPS:
        assert (level, amount(asked, value)) == ("86\u00a0points", "86 percentage points")
    elif asked.unit in PER_CENT:
        assert level == amount(asked, value) == EN.percent(0.86)
    else:
        assert "%" not in level + amount(asked, value)
    points = asked.unit in PER_CENT
    assert (moved == "+12\u00a0points") == points
    assert told.endswith("percentage points") == points
    assert told.startswith("+12 (10 to 14)" if points else "+0.12")


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("outcome", charts_compare.OUTCOMES)
@pytest.mark.parametrize("difference", [False, True])
def test_a_chart_says_what_its_axis_counts(shown, outcome, difference, language):
    text = Text(language)
    chart = charts_compare.over_time(shown, outcome, text, difference)
    axis, unit = chart.option["yAxis"], chart.option["_unit"]
    columns, rows = chart.table()
    points = text("number.points_unit")
    if outcome == "services":
        counted, said = text("compare.unit_services"), ""
    elif difference or outcome in GAPS:
        counted, said = points, points
    else:
        counted, said = "%", "%"
    assert unit == said
    assert (axis["axisLabel"]["formatter"] == "{value} %") == (counted == "%")
    assert axis.get("name", "%") == counted
    assert all(f"({counted})" in head for head in columns[1:])
    last = np.nanmean(charts_compare._path(shown.found.results["A"], outcome)[:, -1])
    if not difference:
        level = writing(outcome).level(float(last), text)
        assert level.startswith(rows[-1][1])
        assert level in chart.sentence


def test_equity_reads_alike_on_explore_and_compare(shown, pair):
    end = float(np.nanmean(pair.result.rows["representativeness"][:, -1]))
    _, rows = charts_compare.effects(shown, EN)
    cell = next(row for row in rows if row.key == "representativeness").cells[1]
    assert cell.text == EN.percent(end)
    assert f"poorest's part {cell.text}" in charts.equity(pair, EN).sentence


@pytest.mark.parametrize("draw", [charts.willingness, charts.adoption, charts.regimes, charts.equity, charts.categories,
                                  charts_late_adopters.gap, charts_late_adopters.use_curves])
def test_differences_are_in_points_on_every_chart_of_shares(pair, draw):
    for difference in (False, True):
        option = draw(pair, EN, difference).option
        gap = draw is charts_late_adopters.gap
        assert option["_unit"] == ("points" if difference or gap else "%")
        assert option["yAxis"].get("name") == ("points" if difference or gap else None)
