"""What a calibration tells and, above all, what its data cannot tell: in sentences.

What stays as open as before, what is known only together, what presses against the end of its range or falls apart into
two, what contradicts the prior, what the model does not reproduce, and what no curve of adoption and no answers say.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from letsdance.experiments.adopters import abc_smc
from letsdance.experiments.adopters.calibrate import CLOCK, PARAMETERS, Calibration
from letsdance.experiments.adopters.observed import MOST_GOVERNMENTS, Seen
from letsdance.experiments.outcome_words import titled as outcome_titled
from letsdance.experiments.outcomes import parse
from letsdance.words import IN_ENGLISH, Text

if TYPE_CHECKING:
    import pandas as pd

UNKNOWN, _VAGUE = 0.8, 0.5   # spread after the data, of that before
_TIED = 0.5                   # correlation from which two parameters are known together
_EDGE, _PILED = 0.05, 0.25    # so much of the weight in so much of the range, at its end
_SURPRISE = 0.05
_OLD = 0.16                   # adopted by the end of the first period: the innovation is older than the record
_CASES = 20                   # of a recovery test, from which its coverage is judged
_HELD = 0.8                   # of the periods, and of the waves, within 95 % of what is predicted


def plain(value: float, text: Text = IN_ENGLISH) -> str:
    """A parameter's value with two digits that count."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else text("number.unmeasured")
    digits = min(max(0, 1 - math.floor(math.log10(abs(value)))), 4)
    return text.number(value, digits) if float(f"{value:.{digits}f}") else "0"


def span(low: float, high: float, text: Text = IN_ENGLISH) -> str:
    """A range of values."""
    return text("report.from_to", low=plain(low, text), high=plain(high, text))


def titled(name: str, text: Text = IN_ENGLISH) -> str:
    """What is fitted, in words."""
    return text(f"report.fitted_clock_{name}") if name in CLOCK else text.title("parameter", name)


def called(one: Seen, text: Text = IN_ENGLISH) -> str:
    """A curve's name in sentences."""
    return one.name if one.named else text("report.fitted_the_data")


def in_waves(found: Calibration, text: Text = IN_ENGLISH) -> str:
    """What was seen in waves, in a sentence."""
    quarters = [one.quarter for one in found.case.waves]
    return text("report.fitted_waves", n=len(quarters), first=min(quarters), last=max(quarters))


def cannot_tell(found: Calibration, text: Text = IN_ENGLISH) -> list[str]:
    """What the data cannot tell, the most alarming first."""
    return [*map(text.refused, found.notes), *_conflicts(found, text), *_parameters(found, text), *_pairs(found, text),
            *_misfits(found, text), *_always(found, text)]


def _conflicts(found: Calibration, text: Text) -> Iterator[str]:
    """Prior against data."""
    surprise = found.sample.surprise
    if surprise < _SURPRISE:
        against, some = "prior" if found.sample.box.learnt else "far", "few" if surprise >= 0.005 else "none"
        yield text(f"report.fitted_{against}_{some}", share=text.percent(surprise))
    old = [one for one in found.case.seen if one.share[0] >= _OLD]
    if old and found.case.clock.get("begins") == 0:
        yield text("report.fitted_old", share=text.percent(old[0].share[0]), called=called(old[0], text))


def _parameters(found: Calibration, text: Text) -> Iterator[str]:
    """One by one."""
    table, sample = found.table, found.sample
    for k, (_, row) in enumerate(table.iterrows()):
        name, low, high = str(row["parameter"]), float(row["low"]), float(row["high"])
        title = titled(name, text)
        if row["narrowing"] > UNKNOWN:
            yield text("report.fitted_nothing", title=title, share=text.percent(row["narrowing"]))
        elif row["narrowing"] > _VAGUE:
            yield text("report.fitted_little", title=title, likely=span(row["low_80"], row["high_80"], text),
                       before=span(low, high, text))
        share = (sample.theta[:, k] - low) / (high - low)
        parted = sample.parted(k)
        for end, value, weight in (("lower", low, float(sample.weights[share < _EDGE].sum())),
                                   ("upper", high, float(sample.weights[share > 1 - _EDGE].sum()))):
            if weight >= _PILED and name not in sample.box.learnt:
                limit = CLOCK[name][1:3] if name in CLOCK else PARAMETERS[name].range
                yield text(f"report.fitted_presses_{end}", title=title, value=plain(value, text),
                           weight=text.percent(weight), edge=text.percent(_EDGE),
                           why=text("report.fitted_as_far" if value in limit else "report.fitted_beyond"))
        if parted is not None:
            yield text("report.fitted_parted", title=title, value=plain(parted, text))


def _pairs(found: Calibration, text: Text) -> Iterator[str]:
    names, r = list(found.case.free), found.sample.correlation
    for i in range(len(names)):
        for j in range(i + 1, len(names)):
            if abs(r[i, j]) >= _TIED:
                yield text(f"report.fitted_pair_{'less' if r[i, j] < 0 else 'more'}", a=titled(names[i], text),
                           b=titled(names[j], text), r=text.number(r[i, j], 1))


def _misfits(found: Calibration, text: Text) -> Iterator[str]:
    """What the fitted model does not do."""
    several = len(found.case.seen) > 1
    told = [(row, text("report.fitted_of_unit", unit=row["unit"]) if several else "",
             text(f"report.fitted_check_{row['statistic']}")) for row in found.checks.to_dict("records")]
    told += [(row, "", outcome_titled(parse(f"{row['signal']}@{row['quarter']}"), text))
             for row in found.waves.to_dict("records")]
    for row, where, what in told:
        if row["p"] < 0.025 or row["p"] > 0.975:
            way, share = ("less", 1 - row["p"]) if row["p"] < 0.025 else ("more", row["p"])
            yield text(f"report.fitted_misfit_{way}", where=where, what=what, value=plain(float(row["observed"]), text),
                       share=text.percent(share))
    held, periods = found.inside
    if held < _HELD * periods:
        yield text("report.fitted_misses", held=held, periods=periods)
    waves = found.waves["inside"]
    if waves.sum() < _HELD * len(waves):
        yield text("report.fitted_misses_waves", held=int(waves.sum()), n=len(waves))


def _always(found: Calibration, text: Text) -> Iterator[str]:
    """The record, the search, the clock, and what no curve says."""
    case = found.case
    for one in case.seen:
        of = {"called": called(one, text), "n": text.number(one.population), "most": MOST_GOVERNMENTS}
        if one.active:
            yield text("report.fitted_active", **of)
        if not one.sized:
            yield text("report.fitted_unsized", **of)
        elif one.population > MOST_GOVERNMENTS:
            yield text("report.fitted_luck", **of)
    if found.sample.effective < 100:
        yield text("report.fitted_effective", n=text.number(found.sample.effective))
    if case.seen and "quarters_per_period" in case.clock:
        yield text("report.fitted_clock", n=text.typed(case.clock["quarters_per_period"]))
    if case.waves:
        yield text("report.fitted_asked")
    yield text("report.fitted_always" if case.seen else "report.fitted_no_curve")


def found_in_words(found: Calibration, text: Text = IN_ENGLISH) -> list[str]:
    """What the data do tell: a sentence each parameter that they narrow."""
    said = [text("report.fitted_likely", title=titled(str(row["parameter"]), text),
                 likely=span(row["low_80"], row["high_80"], text), before=span(row["low"], row["high"], text))
            for _, row in found.table.iterrows() if row["narrowing"] <= _VAGUE]
    return said or [text("report.fitted_likely_none")]


def headline_of(found: Calibration, text: Text = IN_ENGLISH) -> str:
    """How much of what was open the data have settled, and what they leave together."""
    table, names = found.table, list(found.case.free)
    best = table.loc[table["narrowing"].idxmin()]
    settled = int((table["narrowing"] <= _VAGUE).sum())
    many = {0: "none", 1: "one"}.get(settled, "many") if len(names) > 1 else "known" if settled else "unknown"
    i, j, r = found.strongest_pair
    return text(
        f"report.fitted_headline_{many}", n=settled, of=len(names),
        best=text("report.fitted_best", title=titled(str(best["parameter"]), text),
                  likely=span(best["low_80"], best["high_80"], text)),
        tied=text("report.fitted_tied", a=titled(names[i], text), b=titled(names[j], text)) if abs(r) >= _TIED else "",
        alarm=text("report.fitted_alarm") if found.sample.surprise < _SURPRISE else "")


def recovery_in_words(recovered: pd.DataFrame, text: Text = IN_ENGLISH) -> str:
    """How often intervals held the truth in the recovery test, whether that is within sampling error, and whether the
    truth's ranks are uniform."""
    held = abc_smc.coverage(recovered)
    parts = [text("report.fitted_held", level=text.percent(float(level)),  # type: ignore[arg-type]
                  held=text.percent(part["held"].mean())) for level, part in held.groupby("level")]
    wrong = held[~held["right"]]
    n = int(held["repetitions"].iloc[0])
    end = text("report.fitted_end_few") if n < _CASES else text("report.fitted_end_right") if not len(wrong) else text(
        "report.fitted_end_wrong", which=", ".join(
            text("report.fitted_wrong", parameter=row["parameter"], level=text.percent(row["level"]),
                 held=text.percent(row["held"])) for _, row in wrong.iterrows()))
    said = text("report.fitted_recovery", n=n, held=text.listed(parts), end=end)
    if n < _CASES or "rank" not in recovered:
        return said
    uneven = abc_smc.uniform(recovered).query("not right")["parameter"]
    return f"{said} " + (text("report.fitted_ranks_uneven", which=text.listed(uneven)) if len(uneven) else
                         text("report.fitted_ranks"))


def in_words(found: Calibration, text: Text = IN_ENGLISH) -> dict[str, object]:
    """What a folder says of a calibration."""
    return {"headline": headline_of(found, text), "found": found_in_words(found, text),
            "cannot_tell": cannot_tell(found, text),
            "recovery": None if found.recovered is None else recovery_in_words(found.recovered, text)}
