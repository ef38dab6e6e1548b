"""The page of a branch: one past, several policies from a quarter on, on the same luck."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance.experiments.branch import AS_IT_WAS, Saved
from letsdance.experiments.outcomes import parse
from letsdance.experiments.paired import paired
from letsdance.report.figures import panels_over_time
from letsdance.report.outcomes import per_cent, what
from letsdance.report.sheet import Figure
from letsdance.report.study import Section, Study, Table
from letsdance.report.style import ENGLISH, GRID, SOFT, band, decimal, percent, points, spread, start_titled
from letsdance.words import Text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["differences", "ends", "study"]

#: The indicators that a first look shows.
_SHOWN = ("lets_dance", "ever_adopted", "T", "services")
_COLOURS = ("#56606a", "#0072b2", "#c2185b", "#00796b", "#8a6d00", "#3949ab", "#4e342e")


def _values(frame: pd.DataFrame, name: str, policy: str) -> np.ndarray:
    """float64[runs, quarters + 1]."""
    part = frame[frame["policy"] == policy]
    return part[name].to_numpy(float).reshape(part["run"].nunique(), -1)


def _policies(frame: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(frame["policy"]))


def _share(name: str) -> bool:
    return per_cent(name)


def _named(policy: str, text: Text) -> str:
    """A policy's name; that of going on, in a language."""
    return text("report.branch_as_it_was") if policy == AS_IT_WAS else policy


def ends(frame: pd.DataFrame, text: Text = ENGLISH) -> Table:
    """Where each policy ends: mean and 10-90 % of runs."""
    def cell(name: str, policy: str) -> str:
        low, mean, high = (float(v) for v in spread(_values(frame, name, policy)[:, -1]))
        write = partial(percent if _share(name) else decimal, text=text)
        return write(mean) if low == high else text("report.with_band", value=write(mean),
                                                    band=band(low, high, write, text))

    runs = frame["run"].nunique()
    return Table(["", *(_named(policy, text) for policy in _policies(frame))],
                 [[what(parse(name), text), *(cell(name, policy) for policy in _policies(frame))] for name in _SHOWN],
                 text("report.branch_note", quarter=frame["quarter"].max(), runs=text("report.n_runs", n=runs)))


def differences(frame: pd.DataFrame, text: Text = ENGLISH) -> list[str]:
    """What each policy changes against going on as it was, in sentences."""
    return [_difference(frame, name, text) for name in _policies(frame) if name != AS_IT_WAS]


def _difference(frame: pd.DataFrame, policy: str, text: Text) -> str:
    """What a policy changes against going on, and how sure that is."""
    after, before = (_values(frame, "lets_dance", name)[:, -1] for name in (policy, AS_IT_WAS))
    found = paired(after, before)
    runs = len(after)
    mean = found.mean if runs > 1 else float(after[0] - before[0])
    said = {"policy": policy, "future": text.title("start", "lets_dance"),
            "change": text(f"report.branch_{'less' if mean < 0 else 'more'}", points=points(abs(mean), text))}
    if runs < 2:
        return text("report.branch_one", **said)
    return text("report.branch_difference", **said, low=decimal(100 * found.low, 0, text),
                high=decimal(100 * found.high, 0, text), more=int((after > before).sum()), runs=runs)


def study(saved: Saved, frame: pd.DataFrame, text: Text = ENGLISH) -> Study:
    """The page's content."""
    runs, start = int(frame["run"].nunique()), start_titled(saved.scenario, text)
    said = differences(frame, text)
    headline = said[0] if said else text("report.branch_goes_on", start=start, quarter=saved.quarter)
    return Study(
        text("report.branch_kind"), headline.rstrip("."),
        [text("report.branch_done_one" if runs == 1 else "report.branch_done", start=start, seed=saved.seed,
              quarter=saved.quarter, runs=runs)],
        [Section(text("report.branch_from_here"), said, {"branches": partial(_figure, saved, frame, text=text)},
                 [ends(frame, text)])], [text("report.branch_limit")], text("report.of_the_model"), text)


def _figure(saved: Saved, frame: pd.DataFrame, width: float, text: Text) -> Figure:
    policies = {policy: _named(policy, text) for policy in _policies(frame)}
    figure = Figure(text("report.branch_figure", n=len(policies), quarter=saved.quarter),
                    text("report.branch_figure_says", policies=", ".join(policies.values()), quarter=saved.quarter), width)
    y = figure.head(text("report.branch_head"))
    drawn: list[tuple[str, bool, list[tuple[np.ndarray, str, str]]]] = [
        (what(parse(name), text), _share(name), [(_values(frame, name, policy), called, _COLOURS[k % len(_COLOURS)])
                                                 for k, (policy, called) in enumerate(policies.items())])
        for name in _SHOWN]

    def mark(panel: Any) -> None:
        x = float(panel.at_x(saved.quarter))
        figure.line([(x, panel.y), (x, panel.y + panel.height)], GRID, 2)
        figure.text(x - 5, panel.y + 12, text("report.quarter_n", n=saved.quarter), 12, SOFT, anchor="end")

    panels_over_time(figure, y, int(frame["quarter"].max()), drawn, mark, text)
    return figure
