"""What is measured is declared once: what indicators.py says of each is what the row holds."""

import numpy as np
import pandas as pd
import pytest

import letsdance as ld
from letsdance.simulation import indicators, record
from letsdance.simulation.state import GOVERNMENT

WRONG = {
    "asks for what there is not": ("mean(willingnes)", "asks for 'willingnes', which is nothing"),
    "asks for a column outside a sum": ("willingness", "asks for 'willingness'"),
    "asks for itself": ("1.0 - spend", "asks for itself"),
    "asks for a rule that there is not": ("shares(total(joined), total(asked))", "asks for 'shares'"),
    "sums within a sum": ("mean(total(joined))", "sums within a sum"),
}


@pytest.mark.parametrize(("formula", "says"), WRONG.values(), ids=WRONG)
def test_a_formula_that_is_wrong_is_an_error_at_once(monkeypatch, formula, says):
    monkeypatch.setitem(indicators.FORMULAS, "spend", formula)
    with pytest.raises(ValueError, match=says):
        record._Writer()


def test_every_indicator_is_filled_and_each_sum_is_made_once():
    writer = record._Writer()
    assert set(writer.fill) == {*indicators.FORMULAS, *indicators.REASONS} == {*indicators.ROW.names, "x", "y"}
    assert len(set(writer.sums.values())) == len(writer.sums)


def test_the_row_is_what_the_governments_say():
    """Formulas that take one column, by numpy over the columns of the state: sums in another order, so to 12 digits."""
    table = pd.DataFrame({"name": list("abcdefghijkl"), "citizens": [20, 50, 33] * 4})
    model = ld.Model("lets_dance", rng=5, quarters=12, municipalities=table)
    while model.running:
        model.step()
    g, row, seen = model.society.state.governments, model.society.row[0], 0
    over = {"mean": np.mean, "people": lambda x: np.average(x, weights=g["citizens"]),
            "a_head": lambda x: x.sum() / g["citizens"].sum()}
    for name, formula in indicators.FORMULAS.items():
        kind, _, column = formula.removesuffix(")").partition("(")
        if column in GOVERNMENT.names:
            seen += 1
            assert row[name] == pytest.approx(over[kind](g[column]), rel=1e-12), name
    assert seen > 25
