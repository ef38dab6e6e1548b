"""The page of a branch: one past, several policies from a quarter on, on the same luck."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance.experiments.branch import AS_IT_WAS, Saved
from letsdance.experiments.paired import paired
from letsdance.report.figures import panels_over_time
from letsdance.report.sheet import Figure
from letsdance.report.study import Section, Study, Table
from letsdance.report.style import FUTURES, GRID, SOFT, band, decimal, percent, points, spread

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["differences", "ends", "study"]

#: What a first look shows: indicator -> (words, whether it is a share).
_SHOWN = {"lets_dance": ("municipalities in Let's dance", True),
          "ever_adopted": ("governments that have ever adopted", True),
          "T": ("trust in government", True), "services": ("services per municipality", False)}
_COLOURS = ("#56606a", "#0072b2", "#c2185b", "#00796b", "#8a6d00", "#3949ab", "#4e342e")


def _values(frame: pd.DataFrame, name: str, policy: str) -> np.ndarray:
    """float64[runs, quarters + 1]."""
    part = frame[frame["policy"] == policy]
    return part[name].to_numpy(float).reshape(part["run"].nunique(), -1)


def _policies(frame: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(frame["policy"]))


def ends(frame: pd.DataFrame) -> Table:
    """Where each policy ends: mean and 10-90 % of runs."""
    def cell(name: str, share: bool, policy: str) -> str:
        low, mean, high = (float(v) for v in spread(_values(frame, name, policy)[:, -1]))
        write = percent if share else decimal
        return write(mean) if low == high else f"{write(mean)} ({band(low, high, write)})"

    return Table(["", *_policies(frame)], [
        [words, *(cell(name, share, policy) for policy in _policies(frame))] for name, (words, share) in _SHOWN.items()],
        f"At quarter {frame['quarter'].max()}: mean (10–90 % of {frame['run'].nunique()} runs)")


def differences(frame: pd.DataFrame) -> list[str]:
    """What each policy changes against going on as it was, in sentences."""
    return [_difference(frame, name) for name in _policies(frame) if name != AS_IT_WAS]


def _difference(frame: pd.DataFrame, policy: str) -> str:
    """What a policy changes against going on, and how sure that is."""
    after, before = (_values(frame, "lets_dance", name)[:, -1] for name in (policy, AS_IT_WAS))
    found = paired(after, before)
    runs = len(after)
    if runs < 2:
        return f"With {policy}, {_more(float(after[0] - before[0]))} than if it goes on as it was, in one run."
    more = int((after > before).sum())
    return (f"With {policy}, {_more(found.mean)} than if it goes on as it was (95 % interval of the paired difference "
            f"{decimal(100 * found.low, 0)} to {decimal(100 * found.high, 0)}); more in {more} of {runs} runs.")


def _more(difference: float) -> str:
    """'12 percentage points more of the municipalities end in Let's dance', or less."""
    side = "less" if difference < 0 else "more"
    return f"{points(abs(difference))} {side} of the municipalities end in {FUTURES['lets_dance']}"


def study(saved: Saved, frame: pd.DataFrame) -> Study:
    """The page's content."""
    runs = int(frame["run"].nunique())
    said = differences(frame)
    headline = said[0] if said else f"{saved.scenario.title} goes on from quarter {saved.quarter}"
    return Study(
        "a branch", headline.rstrip("."),
        [f"One run of {saved.scenario.title} (seed {saved.seed}) was saved at quarter {saved.quarter} and goes on from "
         f"there {'once' if runs == 1 else f'{runs} times'} under each policy. The first run keeps its own luck; "
         f"the others share its past and meet other luck, the same for every policy."],
        [Section("From here on", said, {"branches": partial(_figure, saved, frame)}, [ends(frame)])],
        ["All runs share one past: the bands show what luck from here on does, not what another past would have done."])


def _figure(saved: Saved, frame: pd.DataFrame, width: float) -> Figure:
    policies = _policies(frame)
    figure = Figure(f"One past, {len(policies)} ways to go on from quarter {saved.quarter}",
                    f"Main indicators under {', '.join(policies)}, from quarter {saved.quarter} on.", width)
    y = figure.head("line: mean; band: 10–90 % of runs; grey upright: where the branches begin")
    drawn: list[tuple[str, bool, list[tuple[np.ndarray, str, str]]]] = [
        (words, share, [(_values(frame, name, policy), policy, _COLOURS[k % len(_COLOURS)])
                        for k, policy in enumerate(policies)]) for name, (words, share) in _SHOWN.items()]

    def mark(panel: Any) -> None:
        x = float(panel.at_x(saved.quarter))
        figure.line([(x, panel.y), (x, panel.y + panel.height)], GRID, 2)
        figure.text(x - 5, panel.y + 12, f"quarter {saved.quarter}", 12, SOFT, anchor="end")

    panels_over_time(figure, y, int(frame["quarter"].max()), drawn, mark)
    return figure
