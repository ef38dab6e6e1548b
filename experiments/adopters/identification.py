"""What a calibration tells and, above all, what its data cannot tell: in sentences.

What stays as open as before, what is known only together, what presses against the end of its range or falls apart into
two, what contradicts the prior, what the model does not reproduce, and what no curve of adoption says.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from letsdance.experiments.adopters import abc_smc
from letsdance.experiments.adopters.calibrate import CLOCK, PARAMETERS, Calibration, title_of
from letsdance.experiments.adopters.observed import CHECKS, MOST_GOVERNMENTS

if TYPE_CHECKING:
    import pandas as pd

UNKNOWN, _VAGUE = 0.8, 0.5   # spread after the data, of that before
_TIED = 0.5                   # correlation from which two parameters are known together
_EDGE, _PILED = 0.05, 0.25    # so much of the weight in so much of the range, at its end
_SURPRISE = 0.05
_OLD = 0.16                   # adopted by the end of the first period: the innovation is older than the record
_CASES = 20                   # of a recovery test, from which its coverage is judged
_HELD = 0.8                   # of the periods within 95 % of what is predicted


def plain(value: float) -> str:
    """A parameter's value with two digits that count."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "not measured"
    digits = max(0, 1 - math.floor(math.log10(abs(value))))
    text = f"{value:.{min(digits, 4)}f}"
    return text.replace("-", "−") if float(text) else "0"


def span(low: float, high: float) -> str:
    """A range of values."""
    return f"{plain(low)} to {plain(high)}"


def cannot_tell(found: Calibration) -> list[str]:
    """What the data cannot tell, the most alarming first."""
    return [*found.notes, *_conflicts(found), *_parameters(found), *_pairs(found), *_misfits(found), *_always(found)]


def _conflicts(found: Calibration) -> Iterator[str]:
    """Prior against data."""
    surprise = found.sample.surprise
    if surprise < _SURPRISE:
        what = f"only {100 * surprise:.0f} % of its runs are" if surprise >= 0.005 else "none of its runs is"
        if found.sample.box.learnt:
            yield (f"The data contradict the prior: {what} as far from its middle as the data. This case is unlike those "
                   f"it was learnt from; calibrate without the prior too, and trust neither where they differ.")
        else:
            yield (f"The data are far from what the scenario makes of the ranges given: {what} as far from their middle as "
                   f"the data. Check the clock (quarters per period, when it begins) and the population, or widen the "
                   f"ranges.")
    old = [one for one in found.case.seen if one.share[0] >= _OLD]
    if old and found.case.clock.get("begins") == 0:
        yield (f"{100 * old[0].share[0]:.0f} % of {old[0].called} were there by the end of the first period: the "
               f"innovation is older than the record. Let its beginning be fitted too (--fit begins=0:40), or all is taken "
               f"for speed.")


def _parameters(found: Calibration) -> Iterator[str]:
    """One by one."""
    table, sample = found.table, found.sample
    for k, (_, row) in enumerate(table.iterrows()):
        title, low, high = f"“{row['title']}”", float(row["low"]), float(row["high"])
        if row["narrowing"] > UNKNOWN:
            yield (f"The curve says next to nothing about {title} on its own: its spread is {100 * row['narrowing']:.0f} % "
                   f"of what it was before the data.")
        elif row["narrowing"] > _VAGUE:
            yield (f"The curve says little about {title}: {span(row['low_80'], row['high_80'])} stay likely (80 %), of "
                   f"{span(low, high)}.")
        share = (sample.theta[:, k] - low) / (high - low)
        name, parted = str(row["parameter"]), sample.parted(k)
        for end, value, weight in (("lower", low, float(sample.weights[share < _EDGE].sum())),
                                   ("upper", high, float(sample.weights[share > 1 - _EDGE].sum()))):
            if weight >= _PILED and name not in sample.box.learnt:
                limit = CLOCK[name][1:3] if name in CLOCK else PARAMETERS[name].range
                why = ("which is as far as the model goes" if value in limit else "values beyond it may fit better; widen "
                       "the range (--fit)")
                yield (f"{title} presses against the {end} end of its range, {plain(value)} ({100 * weight:.0f} % of the "
                       f"weight in the last {100 * _EDGE:.0f} % of it): {why}.")
        if parted is not None:
            yield (f"Two explanations fit: {title} below or above {plain(parted)}, with little between. A mean lies where "
                   f"hardly anything is likely; look at the figure.")


def _pairs(found: Calibration) -> Iterator[str]:
    names, r = list(found.case.free), found.sample.correlation
    for i in range(len(names)):
        for j in range(i + 1, len(names)):
            if abs(r[i, j]) >= _TIED:
                way = "with less of" if r[i, j] < 0 else "with more of"
                yield (f"“{title_of(names[i])}” and “{title_of(names[j])}” are known together rather than each: more of "
                       f"the one {way} the other makes much the same curve (correlation "
                       f"{f'{r[i, j]:.1f}'.replace('-', '−')}).")


def _misfits(found: Calibration) -> Iterator[str]:
    """What the fitted model does not do."""
    for _, row in found.checks.iterrows():
        if row["p"] < 0.025 or row["p"] > 0.975:
            way, share = ("less", 1 - row["p"]) if row["p"] < 0.025 else ("more", row["p"])
            where = f" of {row['unit']}" if len(found.case.seen) > 1 else ""
            yield (f"The fitted model does not do what the data{where} do: {CHECKS[str(row['statistic'])]} is "
                   f"{plain(float(row['observed']))}, and {100 * share:.0f} % of its runs have {way}.")
    held, periods = found.inside
    if held < _HELD * periods:
        yield (f"The fitted model misses part of the curve: {held} of {periods} periods lie within 95 % of what it "
               f"predicts. What follows from it is doubtful.")


def _always(found: Calibration) -> Iterator[str]:
    """The record, the search, the clock, and what no curve says."""
    case = found.case
    for one in case.seen:
        if one.active:
            yield (f"The counts of {one.called} are of who has it in use at the time, and are held against use in the "
                   f"model; who gave it up and who came in their place do not show.")
        if not one.sized:
            yield (f"Of {one.called} shares are told and not of how many: the model runs {MOST_GOVERNMENTS} "
                   f"governments, and where there are fewer, luck is larger than it says (--population).")
        elif one.population > MOST_GOVERNMENTS:
            yield (f"In {one.called} {one.population:,} could adopt and the model runs {MOST_GOVERNMENTS}: its luck is "
                   f"larger than theirs, so the intervals are wider than they need be.")
    if found.sample.effective < 100:
        yield (f"The posterior rests on only {found.sample.effective:.0f} parameter sets (by their weights); more "
               f"simulations would make its intervals steadier.")
    if "quarters_per_period" in case.clock:
        yield (f"That a period is {case.clock['quarters_per_period']:g} quarters of the model is assumed, not found: the "
               f"model's time scale comes from nowhere else, so what is said of speed hangs on it.")
    yield ("A curve of formal adoption says nothing about depth, use by citizens or giving up, and nothing about levers "
           "that were not pulled while it was recorded, such as a mandate.")


def found_in_words(found: Calibration) -> list[str]:
    """What the data do tell: a sentence each parameter that they narrow."""
    said = [f"“{row['title']}” is likely {span(row['low_80'], row['high_80'])} (80 %), of {span(row['low'], row['high'])} "
            f"before." for _, row in found.table.iterrows() if row["narrowing"] <= _VAGUE]
    return said or ["No parameter is known twice as well as before: the data narrow combinations, not single parameters."]


def headline_of(found: Calibration) -> str:
    """How much of what was open the data have settled, and what they leave together."""
    table, names = found.table, list(found.case.free)
    best = table.loc[table["narrowing"].idxmin()]
    settled = int((table["narrowing"] <= _VAGUE).sum())
    known = f"“{best['title']}” ({span(best['low_80'], best['high_80'])}, 80 %)"
    if len(names) == 1:
        first = f"The fitted parameter is {'known' if settled else 'not known'} at least twice as well as before: {known}"
    else:
        count = f"{settled} of {len(names)}" if settled else "None of the"
        first = (f"{count} fitted parameters {'is' if settled == 1 else 'are'} known at least twice as well as before; "
                 f"best known is {known}")
    i, j, r = found.strongest_pair
    tied = f", and “{title_of(names[i])}” and “{title_of(names[j])}” only together" if abs(r) >= _TIED else ""
    alarm = " But the data are unlike what was thought possible before." if found.sample.surprise < _SURPRISE else ""
    return f"{first}{tied}.{alarm}"


def recovery_in_words(recovered: pd.DataFrame) -> str:
    """How often intervals held the truth in the recovery test, and whether that is within sampling error."""
    held = abc_smc.coverage(recovered)
    parts = []
    for level, part in held.groupby("level"):
        parts.append(f"{100 * float(level):.0f} % intervals held it "  # type: ignore[arg-type]
                     f"{100 * part['held'].mean():.0f} % of the time")
    wrong = held[~held["right"]]
    n = int(held["repetitions"].iloc[0])
    end = "too few to tell whether that is right" if n < _CASES else \
        "each parameter is within sampling error of its level" if not len(wrong) else (
        "outside sampling error: " + ", ".join(
            f"{row['parameter']} at {100 * row['level']:.0f} % ({100 * row['held']:.0f} %)" for _, row in wrong.iterrows()))
    return f"In {n} synthetic cases with a known truth, " + " and ".join(parts) + f"; {end}."


def in_words(found: Calibration) -> dict[str, object]:
    """What a folder says of a calibration."""
    return {"headline": headline_of(found), "found": found_in_words(found), "cannot_tell": cannot_tell(found),
            "recovery": None if found.recovered is None else recovery_in_words(found.recovered)}
