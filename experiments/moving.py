"""Which assumptions an answer over worlds moves with: rank correlations that hold for all of them together (Holm 1979)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from letsdance.experiments.worlds import STRUCTURES
from letsdance.params import PARAMETERS
from letsdance.words import IN_ENGLISH, Text

if TYPE_CHECKING:
    import pandas as pd

#: The level at which an assumption is told to move an answer.
TOLD = 0.05


def moving(table: pd.DataFrame, value: np.ndarray) -> pd.DataFrame:
    """Which assumptions a world's value moves with, strongest first.

    table: one row a world. value: float64[W], NaN where it was not measured. One row an assumption (a choice that is no
    number: one row a value of it, name=value): rank, Spearman's rank correlation; p, its chance, held against all
    assumptions together (Holm 1979); low, high, the mean of the value in the thirds of worlds with its lowest and highest
    values; to, from_: where these thirds end and begin.
    """
    import pandas as pd
    from scipy.stats import rankdata, t

    known = np.isfinite(value)
    n, rows = int(known.sum()), []
    if n < 6 or np.ptp(value[known]) == 0.0:
        return pd.DataFrame(columns=["assumption", "rank", "p", "low", "high", "to", "from_"])
    y = value[known]
    of_y = rankdata(y)
    for name, column in numbers(table):
        x = column[known]
        if np.ptp(x) == 0.0:
            continue
        r = float(np.corrcoef(rankdata(x), of_y)[0, 1])
        size = min(abs(r), 1.0 - 1e-12)
        p = 2.0 * float(t.sf(size * np.sqrt((n - 2) / (1.0 - size**2)), n - 2))
        ends = np.quantile(x, [1 / 3, 2 / 3], method="nearest")
        if ends[0] == ends[1]:  # of few values: the lowest and the highest
            ends = np.array([x[x < x.max()].max(), x.max()])
        rows.append({"assumption": name, "rank": r, "p": p, "low": float(y[x <= ends[0]].mean()),
                     "high": float(y[x >= ends[1]].mean()), "to": float(ends[0]), "from_": float(ends[1])})
    found = pd.DataFrame(rows).sort_values("p", kind="stable", ignore_index=True)
    found["p"] = np.minimum(np.maximum.accumulate(found["p"] * (len(found) - np.arange(len(found)))), 1.0)
    return found


def numbers(table: pd.DataFrame) -> list[tuple[str, np.ndarray]]:
    """Every assumption as numbers; a choice as 0 or 1 for each of its values."""
    found: list[tuple[str, np.ndarray]] = []
    for name in map(str, table.columns):
        column = table[name]
        if column.dtype.kind in "fiub":
            found.append((name, column.to_numpy(np.float64)))
        else:
            words = column.astype(str)
            found += [(f"{name}={value}", (words == value).to_numpy(np.float64)) for value in sorted(words.unique())]
    return found


def parameter_named(name: str, text: Text = IN_ENGLISH) -> str:
    """A parameter in words, with the name by which it is set."""
    return f"{text.title('parameter', name)} ({name})" if name in PARAMETERS else name


def assumption_named(name: str, text: Text = IN_ENGLISH) -> str:
    """An assumption as `moving` tells it, in words: a parameter, or a choice and its value, such as 'profile telework'."""
    base, chosen, value = name.partition("=")
    if not chosen:
        return parameter_named(name, text)
    if base in STRUCTURES:
        return f"{text(f'report.worlds_{base}')} {text.title(base, value)}"
    return f"{text.title('parameter', base) if base in PARAMETERS else base} {value}"
