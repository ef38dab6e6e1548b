"""Codes for "never" among times of adoption: 0, -9, 9999 and the like, noticed because they lie far from all times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

import numpy as np

from letsdance.params import Refused, Said, listed
from letsdance.scenarios import tables
from letsdance.scenarios.tables.wide import NEVER

#: What stands for "never" in other people's tables of times, and how far away such a code lies at least, in periods.
_CODES = frozenset((0, -1, 98, 99, 998, 9998, *(-int(digit * n) for digit in "789" for n in range(1, 6)),
                    *(int(digit * n) for digit in "789" for n in range(3, 6))))
_GAP = 10


def coded(table: tables.Table, never: Sequence[str], first: int | None = None, last: int | None = None,
          node: str = "node") -> None:
    """Make cells with a code for "not by then" blank; refuse a code that nobody named. node: the column of who adopts.

    never: codes that a person named ('none': no time is one). first, last: within them no time is a code.
    """
    frame, name = table.frame, table.name("time")
    if not never:
        frame["time"] = frame["time"].where(~frame["time"].str.lower().isin(NEVER), "")
    values = tables.numbers(frame["time"])
    codes = []
    for code in never:
        if code.lower() != "none":
            with suppress(ValueError):  # a word is looked for as such
                codes.append(float(code))
    if never and "none" not in never:
        cells = frame["time"].str.lower().isin([code.lower() for code in never]) | values.isin(codes)
        if not cells.any():
            raise Refused("{where}: no {name} is {never}, which is said to mean never; leave it out.", where=table.where,
                          name=name, never=listed(never, "or"))
        frame["time"] = frame["time"].where(~cells, "")
        return
    if never:
        return
    tables.no_dates(table, "time", values)
    found = [code for code in far_codes(values.dropna().to_numpy()) if (first is None or code < first) and (
        last is None or code > last)]
    if found:
        first_code = found[0]
        coded_so = (values == first_code).to_numpy()  # where innovations stand side by side a line is there several times
        rows = frame.index[coded_so]
        others = values[~values.isin(found)].dropna()
        who = frame[node].to_numpy()[coded_so][0]
        raise Refused("{where}, {row} {rows}: {name} {code:.0f} of {who} lies far from all others ({lowest:.0f} to "
                      "{highest:.0f}), as a code for not yet does; say --never {code:.0f} if it is one, or --never "
                      "none if it is a time." if len(rows) == 1 else
                      "{where}, {row} {rows}: {name} {code:.0f} of {who} and {more:,} more lies far from all others "
                      "({lowest:.0f} to {highest:.0f}), as a code for not yet does; say --never {code:.0f} if it is one, "
                      "or --never none if it is a time.", where=table.where, row=table.row, rows=rows[0], name=name,
                      code=first_code, who=who, lowest=others.min(), highest=others.max(), more=len(rows) - 1)


def far_codes(values: np.ndarray) -> list[float]:
    """Values that stand for "never" (0, -9, 9999), since they lie far from all others. Usual codes: further away than these
    are from each other (codes of nines half as far), or below 0 where none of these is. Any other value that is there more
    than once, or has six digits: twice as far.
    """
    told, count = np.unique(values, return_counts=True)
    usual = [float(v) for v in told if v in _CODES]
    ends = {float(told[k]) for k in (0, -1)} - {*usual} if len(told) > 2 else set()
    found = _apart(values, usual, lambda code: 2 if set(f"{abs(code):.0f}") == {"9"} and abs(code) >= 99 else 1)
    others = [end for end in sorted(ends) if count[told == end][0] > 1 or abs(end) > 99_999]
    rest = values[~np.isin(values, found)]
    return sorted({*found, *(code for end in others for code in _apart(rest, [end], lambda code: 0.5))})


def _apart(values: np.ndarray, codes: list[float], divided: Callable[[float], float]) -> list[float]:
    """Codes further from the other values than their range, divided by a number of each code's own."""
    rest = values[~np.isin(values, codes)]
    if not len(rest):
        return []
    low, high = rest.min(), rest.max()
    return [code for code in codes if max(low - code, code - high) > max((high - low) / divided(code), _GAP)
            or (code in _CODES and code < 0 <= low)]


def far_away(table: tables.Table, time: np.ndarray) -> list[str]:
    """A sentence where one time lies very far from all others: it may be a slip of the pen."""
    known = np.unique(time[~np.isnan(time)])
    if len(known) < 3:
        return []
    said: list[str] = []
    for at, gap, rest in ((known[0], known[1] - known[0], known[1:]), (known[-1], known[-1] - known[-2], known[:-1])):
        if gap > max(10 * (rest[-1] - rest[0]), 10 * _GAP):
            row = int(np.flatnonzero(time == at)[0])
            said.append(Said("The {column} {at:.0f} of {node} ({row} {index}) lies far from all others, {low:.0f} to "
                             "{high:.0f}: correct it if it is a slip, or say --never {at:.0f} if it means not yet.",
                             column=table.name("time"), at=at, node=table.frame["node"].iloc[row], row=Said(table.row),
                             index=table.frame.index[row], low=rest[0], high=rest[-1]))
    return said


__all__ = ["coded", "far_away", "far_codes"]
