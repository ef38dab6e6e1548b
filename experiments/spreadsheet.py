"""CSV for whoever opens it in a spreadsheet: a cell that would run there as a formula is made harmless.

A spreadsheet takes a text that begins with = + - @ as a formula, also one that came from a stranger's table or link. Such
a cell gets an apostrophe before that sign, which spreadsheets read as "this is text"; so does what begins so behind a
semicolon, a tab or a new line, where a spreadsheet of another language cuts cells. Numbers stay numbers.
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["harmless", "harmless_text", "to_csv"]

_NUMBER = re.compile(r"[+-]?[\d.,\s]*\d(?:[eE][+-]?\d+)?\s*%?")
_FORMULA = re.compile(r"(^|[;\t\r\n])(\s*)([=+\-@＝＋－＠])")


def harmless(cell: Any) -> Any:
    """A cell that no spreadsheet runs; what is no text, or a number in digits, stays as it is."""
    if not isinstance(cell, str) or not cell or _NUMBER.fullmatch(cell):
        return cell
    return ("'" if cell[0] in "\t\r\n" else "") + _FORMULA.sub(r"\1\2'\3", cell)


def to_csv(frame: pd.DataFrame, **how: Any) -> str:
    """A table as CSV, with `DataFrame.to_csv`'s own arguments; without the index."""
    texts = [name for name in frame.columns if frame[name].dtype.kind not in "biufcmM"]
    safe = frame.assign(**{name: frame[name].astype(object).map(harmless) for name in texts})
    return str(safe.rename(columns=harmless).to_csv(index=False, lineterminator="\n", **how))


def harmless_text(text: str) -> str:
    """CSV that came from elsewhere; the very same text where nothing in it is a formula."""
    rows = list(csv.reader(io.StringIO(text, newline="")))
    safe = [[harmless(cell) for cell in row] for row in rows]
    if safe == rows:
        return text
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(safe)
    return out.getvalue()
