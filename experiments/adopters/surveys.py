"""Surveys in: what people answered about willingness and trust, as shares 0-1, and what it says of a start.

Answers stand on a scale of numbers (--scale 1-5), are percentages, or are words (`answers`). Several columns for
one thing (willingness_1, willingness_2) are its items: their mean counts, and Cronbach's alpha says whether they belong
together.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance.experiments.adopters.answers import NONE, NUMBERED, ROLES, SCALES, worded
from letsdance.params import Refused, Said, check_whole, listed, nearest
from letsdance.scenarios import HORIZON, tables
from letsdance.scenarios.tables import marks as written
from letsdance.scenarios.tables.kinds import MEANING, SURVEY, Field, Kind, plain_name

if TYPE_CHECKING:
    import pandas as pd

    from letsdance.experiments.seen import Seen
    from letsdance.scenarios import Scenario

#: What a scale may be called.
_CALLED = {"share": (0.0, 1.0), "likert": (1.0, 5.0), "percent": (0.0, 100.0)}
#: Scales that are looked for when none is named; they are the usual ones.
_USUAL = ((1, 4), (1, 5), (1, 7), (0, 10), (1, 10), (0, 100))
_TOLD = re.compile(r"[(\[]\s*(\d+)\s*(?:-|–|to|tot|t/m|\.\.)\s*(\d+)\s*[)\]]")  # a scale in a column's name
_REVERSED = re.compile(r"_?(r|rev|reversed|reverse|omgekeerd|gespiegeld|neg)$")
_SURE = 0.7  # of Cronbach's alpha, below which items hardly measure one thing
_REMEDY = Said("give a CSV of answers with the columns role and willingness")


@dataclass(frozen=True, eq=False)
class Survey:
    """Answers about willingness, perhaps about trust, as shares 0-1, and what they say of a start."""

    frame: pd.DataFrame      # role (citizen, official), willingness 0-1 (NaN: no answer), municipality (''), perhaps trust
    said: tuple[str, ...]
    guessed: str = ""        # the scale that nobody confirmed
    alphas: Mapping[str, float] = field(default_factory=dict)  # Cronbach's alpha of what has several items
    scales: Mapping[str, str] = field(default_factory=dict)    # of each thing asked: 1-5, percent, words

    def _answers(self) -> dict[str, pd.Series]:
        """The answers behind each part of a start."""
        frame = self.frame
        parts = {"C": ("citizen", "willingness"), "G": ("official", "willingness"), "T": ("citizen", "trust")}
        found = {name: frame.loc[frame["role"] == role, column].dropna() for name, (role, column) in parts.items()
                 if column in frame}
        return {name: answers for name, answers in found.items() if len(answers)}

    def start(self) -> dict[str, float]:
        """C, the citizens' mean willingness, G, the officials', T, the citizens' trust; who was not asked is left out."""
        return {name: float(answers.mean()) for name, answers in self._answers().items()}

    def error(self) -> dict[str, float]:
        """The sampling error (standard error) of each part of the start; NaN for one answer."""
        return {name: float(answers.std(ddof=1) / math.sqrt(len(answers))) if len(answers) > 1 else math.nan
                for name, answers in self._answers().items()}

    def _confirmed(self) -> None:
        if self.guessed:
            raise Refused("the scale {guessed} is only guessed from the answers; confirm it with --scale {guessed} (in "
                          "Python: scale={guessed!r}), or name the right one.", guessed=self.guessed)

    def scenario(self, base: str | Path | Scenario = "lets_dance", name: str = "survey") -> Scenario:
        """A scenario that starts where the answers are; all else is as in the base."""
        from letsdance import scenarios

        self._confirmed()
        scenario, at = scenarios.load(base), self.start()
        asked = self.frame.loc[self.frame["willingness"].notna(), "role"].value_counts()
        told = " and ".join(f"{asked[role]} {role}{'s' if asked[role] > 1 else ''}" for role in ROLES if role in asked)
        # Trust that was measured is that of all citizens, whatever their government's willingness.
        trust = {"T_lo": at["T"], "T_hi": 0.0} if "T" in at else {}
        return replace(scenario, name=name, title="Start from a survey", C=at.get("C", scenario.C),
                       G=at.get("G", scenario.G), parameters={**scenario.parameters, **trust},
                       says=f"Starts at the mean willingness of {told}; all else as in {scenario.title}.")

    def draws(self, count: int, seed: int = 1) -> pd.DataFrame:
        """Starts as uncertain as the survey leaves them: a point a row for a sweep (C0, G0, perhaps T_lo and T_hi), drawn
        from Student's t around each mean by its sampling error, within 0-1.
        """
        import pandas as pd

        self._confirmed()
        if isinstance(count, bool) or not 1 <= count <= 1_000_000:
            raise Refused("the number of draws must be a whole number from 1 to 1,000,000, not {count!r}.",
                          count=count)
        rng, made = np.random.default_rng(seed), {}
        for name, answers in self._answers().items():
            self._several(name)
            error = answers.std(ddof=1) / math.sqrt(len(answers))
            made[{"T": "T_lo"}.get(name, f"{name}0")] = np.clip(
                answers.mean() + error * rng.standard_t(len(answers) - 1, count), 0, 1)
        return pd.DataFrame(made | ({"T_hi": 0.0} if "T_lo" in made else {}))

    def taken_together(self, count: int, seed: int) -> dict[str, np.ndarray]:
        """Starts for `Worlds(posterior=...)`, as `draws` has them."""
        return {str(name): column.to_numpy(np.float64) for name, column in self.draws(count, seed).items()}

    def seen(self, quarter: int, panel: float = 0.0) -> list[Seen]:
        """What it says of one quarter, as `ld.calibrate` and `ld.follow` take it: C, G, T, each a mean with its sampling
        error. panel: the correlation with the same people's answers in the survey before (0: other people). Raises
        `Refused`.
        """
        from letsdance.experiments.seen import Seen

        self._confirmed()
        check_whole(Said("the quarter of a survey"), quarter, 0, HORIZON[1])
        error, asked = self.error(), {name: len(answers) for name, answers in self._answers().items()}
        for name in asked:
            self._several(name)
        return [Seen(quarter, name, mean, asked[name], error[name] or math.nan, panel)
                for name, mean in self.start().items()]

    def _several(self, name: str) -> None:
        if len(self._answers()[name]) < 2:
            raise Refused("there is one answer for {name}, which tells nothing of its sampling error; ask more people.",
                          name=name)

    def towns(self, population: Mapping[str, float] | int) -> pd.DataFrame:
        """A table of municipalities for `simulate(municipalities=...)`; population: citizens of each, or of all."""
        import pandas as pd

        self._confirmed()
        named = self.frame[self.frame["municipality"] != ""]
        if not len(named):
            raise Refused("the survey does not name municipalities; add the column municipality, or use scenario().")
        means = named.pivot_table("willingness", "municipality", "role", aggfunc="mean", sort=False)
        for town in means.index:
            if not isinstance(population, int) and town not in population:
                raise Refused("the population of {town} is missing.{near}", town=town,
                              near=nearest(town, map(str, population)))
        table = pd.DataFrame({
            "name": means.index,
            "citizens": [int(population if isinstance(population, int) else population[t]) for t in means.index],
            "willingness": means.get("citizen", np.nan), "government_willingness": means.get("official", np.nan),
        })
        if "trust" in named:
            table["trust"] = named[named["role"] == "citizen"].groupby("municipality")["trust"].mean().reindex(means.index)
        return table.reset_index(drop=True)


# ---------------------------------------------------------------- reading

def read_waves(told: Sequence[str], scale: str | None = None) -> list[Seen]:
    """What surveys say, each QUARTER=FILE as typed: `read_survey`, then `Survey.seen`. Raises `Refused`."""
    found = []
    for one in told:
        quarter, _, file = one.partition("=")
        if not re.fullmatch(r"\s*\d{1,4}\s*", quarter, re.ASCII) or not file.strip():
            raise Refused("--survey {one!r} cannot be read; write QUARTER=FILE, such as 8=answers.csv.", one=one)
        found += read_survey(file.strip(), scale).seen(int(quarter))
    return found


def read_survey(source: Any, scale: str | None = None, *, missing: Sequence[str] = (),
                reading: tables.Reading | None = None) -> Survey:
    """Answers: role (citizen or official), willingness and perhaps trust, each in one column or in several items
    (willingness_1, willingness_2, ...); perhaps municipality.

    Without an answer: blank, NA, n.v.t., "weet niet" and the like.

    scale: its ends, such as "1-5" or "0-10", or "percent", "share" (0-1), "likert" (1-5); "1-5,trust=0-10" where they
    differ. Without it words and fractions are read for what they are; whole numbers are guessed, said, and have to be
    confirmed before they become a start. missing: codes of no answer, such as 9.
    """
    import pandas as pd

    scales = _scales(scale)
    sheet = tables.open_sheet(source, SURVEY.what, _REMEDY, reading)
    kind, items = kind_of(sheet)
    table = tables.read(sheet, kind, reading)
    frame, said = table.frame, list(table.said)
    role_of = {word: role for role, words in ROLES.items() for word in words}
    plainly = {plain_name(word): role for word, role in role_of.items()}
    roles = frame["role"].map({said: plainly.get(plain_name(said)) for said in frame["role"].unique()})
    tables.check(table, [tables.Rule("role", lambda _: roles.notna(), lambda row: Said(
        "must be citizen or official{near}", near=nearest(row["role"], role_of).rstrip("?")))])
    none = {code.strip().lower() for code in missing}
    made: dict[str, Any] = {"role": roles}
    guessed, alphas, known = [], {}, {}
    for what, columns in items.items():
        cells = {column: _answers_in(frame[column], none) for column in columns if column in frame}  # no empty ones
        if not any((column != "").any() for column in cells.values()):
            report = [(line, what, "", Said("nobody answered")) for line in frame.index]
            raise tables.Invalid("{where}: nobody answered about {what}; take its column out, or give answers.",
                                 pd.DataFrame(report, columns=["line", "column", "value", "problem"], dtype=object),
                                 where=table.where, what=what)
        values, told, sure, known[what] = _shares(table, what, cells, scales.get(what, scales.get("")) or in_header(
            [table.name(name) for name in cells]), sheet, reading)
        turned = [name for name in values if len(columns) > 1 and is_reversed(table.name(name))]
        if turned:
            values[turned] = 1 - values[turned]
            told = Said("{told} Turned round, as is said by the name: {names}.", told=told,
                        names=", ".join(map(table.name, turned)))
        made[what] = values.mean(axis=1)
        empty = int(made[what].isna().sum())
        said.append(Said("{told} {empty:,} of {n:,} gave no answer and are left out.", told=told, empty=empty,
                         n=len(frame)) if empty else told)
        guessed += [] if sure else [known[what]]
        if len(columns) > 1:
            alphas[what] = alpha = cronbach(values.to_numpy())
            against = [table.name(name) for name in values if _with_rest(values, name) < 0]
            low = "" if alpha >= _SURE else Said("; so low that they hardly measure one thing")
            odd = Said("; {names} against the others: if worded the other way, end its name in _reversed",
                       names=listed(against)) if against else ""
            said.append(Said("{what} is the mean of {k} items; Cronbach's alpha is {alpha:.2f}{low}{odd}.",
                             what=Said(what.capitalize()), k=len(columns), alpha=alpha, low=low, odd=odd))
    said.append(Said("A survey says what people answer, not what they do: it is a start to explore from, and no "
                     "measurement of C and G."))
    result = pd.DataFrame(made | {"municipality": frame.get("municipality", "")})
    if "willingness" not in result:
        result["willingness"] = np.nan
    order = ["role", "willingness", "municipality", *(["trust"] if "trust" in result else [])]
    return Survey(result[order].reset_index(drop=True), tuple(said), guessed[0] if guessed else "", alphas, known)


def is_reversed(name: str) -> bool:
    """Whether a column's name says that its item is worded the other way."""
    return _REVERSED.search(plain_name(name)) is not None


def _with_rest(items: pd.DataFrame, name: str) -> float:
    """The correlation of an item with the mean of the others, over those who answered all; 0 where it has none."""
    whole = items.dropna()
    rest = whole.drop(columns=name).mean(axis=1)
    return float(whole[name].corr(rest)) if len(whole) > 2 and whole[name].std() > 0 and rest.std() > 0 else 0.0


def _answers_in(cells: pd.Series, none: set[str]) -> pd.Series:
    """Answers in small letters, with single spaces and plain apostrophes; '' where none is given."""
    plain = tables.ids(cells).str.lower()

    def given(answer: str) -> bool:
        parts = [part.strip() for part in answer.strip("()[].").split("/")]
        return answer not in none and answer not in NONE and not all(part in NONE for part in parts)

    return plain.map({answer: answer if given(answer) else "" for answer in plain.unique()})


def cronbach(items: np.ndarray) -> float:
    """Cronbach's alpha of items[n, k], over those who answered all: k/(k-1) (1 - sum of variances / variance of sum)."""
    whole = items[~np.isnan(items).any(axis=1)]
    k = items.shape[1]
    if len(whole) < 2 or (total := whole.sum(axis=1).var(ddof=1)) == 0:
        return math.nan
    return float(k / (k - 1) * (1 - whole.var(axis=0, ddof=1).sum() / total))


def kind_of(sheet: tables.Sheet) -> tuple[Kind, dict[str, list[str]]]:
    """The kind of a sheet of answers, and the columns of each thing that was asked."""
    items: dict[str, list[str]] = {}
    fields = [SURVEY["role"], SURVEY["municipality"]]
    for what in ("willingness", "trust"):
        words = (what, *(SURVEY["willingness"].words[1:] if what == "willingness" else MEANING[what]))
        names = {column: plain_name(column) for column in sheet.frame.columns if column}
        single = [column for column, name in names.items() if name in words]
        several = [column for column, name in names.items()
                   if re.fullmatch(rf"({'|'.join(words)})_?(item_?)?(\d+|[a-h])", _REVERSED.sub("", name))]
        longer = tuple(f"{word}_" for word in words if len(word) > 4)
        chosen = single or several or [column for column, name in names.items() if name.startswith(longer)]
        if chosen:
            items[what] = [what] if len(chosen) == 1 else [f"{what} {k + 1}" for k in range(len(chosen))]
            fields += [Field(name, "text", (plain_name(column),), blank=True)
                       for name, column in zip(items[what], chosen, strict=True)]
    if not items:
        return SURVEY, {}
    return replace(SURVEY, needed=("role",), fields=tuple(fields)), items


def _scales(scale: str | None) -> dict[str, tuple[float, float]]:
    """A scale as typed: its ends, for all or for one thing."""
    found = {}
    for part in (scale or "").split(",") if scale else []:
        what, _, ends = part.rpartition("=")
        what, ends = what.strip().lower(), ends.strip().lower()
        told = re.fullmatch(r"(-?\d+(?:\.\d+)?)\s*(?:-|–|to|tot|t/m|:|\.\.|/)\s*(-?\d+(?:\.\d+)?)", ends)
        low_high = _CALLED.get(ends) or ((float(told.group(1)), float(told.group(2))) if told else None)
        if low_high is None or low_high[0] >= low_high[1] or what not in ("", "willingness", "trust"):
            raise Refused("there is no scale {scale!r}; give its ends, such as 1-5 or 0-10, or percent, share (0 to 1), "
                          "likert (1 to 5); for trust alone trust=0-10.", scale=scale)
        found[what] = low_high
    return found


def _shares(table: tables.Table, what: str, cells: Mapping[str, pd.Series], scale: tuple[float, float] | None,
            sheet: tables.Sheet, reading: tables.Reading | None) -> tuple[pd.DataFrame, str, bool, str]:
    """Answers as shares 0-1 (NaN: none), a column an item; how they were read; whether that is sure; the scale."""
    import pandas as pd

    answers = {answer: worded(answer) for column in cells.values() for answer in column.unique() if answer}
    words = next((words for words in SCALES if {*answers.values()} <= {worded(word) for level in words for word in level}),
                 None)
    if {*answers.values()} <= {"a", "d", "n"}:  # may be what anybody ticked
        words = None
    if words is not None and scale is None:
        level = {worded(word): k / (len(words) - 1) for k, same in enumerate(words) for word in same}
        made = pd.DataFrame({name: column.map(answers).map(level) for name, column in cells.items()})
        told = Said("{what} is read as words, from {first!r} (0) to {last!r} (1).", what=Said(what.capitalize()),
                    first=words[0][0], last=words[-1][0])
        return made, told, True, "words"
    if all(NUMBERED.match(answer) or answer.isdigit() for answer in answers):  # 1 - not at all, 2, 3, 4, 5 - fully
        number = {answer: found.group(1) if (found := NUMBERED.match(answer)) else answer for answer in answers} | {"": ""}
        cells = {name: column.map(number) for name, column in cells.items()}
    decimal = {"point": ".", "comma": ","}.get(reading.decimal if reading else "") or written.mark_of(cells)
    read = {name: written.read(column, counts=False, low=0, high=scale[1] if scale else 100, decimal=decimal,
                               sure=False, separator=sheet.separator) for name, column in cells.items()}
    values = pd.DataFrame({name: tables.numbers(column) for name, (column, _, _) in read.items()})
    given = pd.DataFrame({name: column for name, (column, _, _) in read.items()}, dtype=str)
    sure = scale is not None
    if scale is None and all(percent for _, _, percent in read.values()):
        scale, sure = (0.0, 100.0), True
    if scale is None:
        odd = next(((line, name) for name in values for line in values.index
                    if given.at[line, name] and np.isnan(values.at[line, name])), None)
        if odd is not None:
            _no_answer(table, given, values, -math.inf, math.inf, False)
        scale, sure = _guess(table, what, values)
    low, high = scale
    whole = low == 1 and high < 10  # marks of ten have halves
    _no_answer(table, given, values, low, high, whole)
    known = values.stack()
    called = "percent" if scale == (0, 100) else f"{low:g}-{high:g}"
    most = Said("; the highest answer is {top:g}, so nobody answered {high:g}", top=known.max(), high=high) if (
        known.max() < high and high <= 10 and high > 1) else ""
    guess = "" if sure else Said(" - a guess, since answers run from {low:g} to {high:g}: confirm it with --scale {scale}",
                                 low=known.min(), high=known.max(), scale=called)
    told = Said("{what} is read on the scale {scale}: {low:g} is least, {high:g} most{top}{guess}.", scale=called, low=low,
                what=Said(what.capitalize()), high=high, top=most, guess=guess)
    return (values - low) / (high - low), told, sure, called


def in_header(names: Sequence[str]) -> tuple[float, float] | None:
    """The scale that the names of all columns tell, as in willingness (1-5)."""
    ends = {found.groups() if (found := _TOLD.search(name)) else None for name in names}
    one = ends.pop() if len(ends) == 1 else None
    return None if one is None or int(one[0]) >= int(one[1]) else (float(one[0]), float(one[1]))


def _no_answer(table: tables.Table, given: pd.DataFrame, values: pd.DataFrame, low: float, high: float,
               whole: bool) -> None:
    """Refuse answers that are none on the scale, with their rows."""
    kind = Said("a number or a word of a usual scale") if not math.isfinite(high) else Said(
        "a whole number from {low:g} to {high:g}" if whole else "a number from {low:g} to {high:g}", low=low, high=high)

    def of(name: str) -> tables.Rule:
        held = (given[name] == "") | (values[name].between(low, high) & (~np.array(whole) | (values[name] % 1 == 0)))
        return tables.Rule(name, lambda frame: held.to_numpy(), lambda row: Said(
            "must be {number}; if it means no answer, leave it blank, or name it by --missing {code}", number=kind,
            code=row[name]))

    tables.check(table, [of(name) for name in given])


def _guess(table: tables.Table, what: str, values: pd.DataFrame) -> tuple[tuple[float, float], bool]:
    """The scale that answers show: fractions are shares; whole numbers only if they reach both ends of a usual scale."""
    known = values.stack()
    low, high = known.min(), known.max()
    if low >= 0 and high <= 1 and ((known % 1 != 0).any() or low == 0):
        return (0.0, 1.0), True
    fits = [(a, b) for a, b in _USUAL if a <= low and high <= b]
    exact = [ends for ends in fits if ends == (low, high) and ends != (1, 4)]
    if high > 10 and fits:
        return (0.0, 100.0), False
    if len(exact) == 1 and (known % 1 == 0).all():
        return (float(exact[0][0]), float(exact[0][1])), False
    may = [*("percent" if ends == (0, 100) else f"{ends[0]}-{ends[1]}" for ends in fits[:3])] or ["LOW-HIGH"]
    asked = {"where": table.where, "what": what, "low": low, "may": listed([*may, *(["0-1"] if high <= 1 else [])], "or")}
    if low == high:
        raise Refused("{where}: every {what} is {low:g}, which does not tell the scale (what is least and what is most); "
                      "say which, --scale {may}.", **asked)
    raise Refused("{where}: answers about {what} run from {low:g} to {high:g}, which does not tell the scale (what is "
                  "least and what is most); say which, --scale {may}.", high=high, **asked)


__all__ = ["ROLES", "Survey", "cronbach", "in_header", "is_reversed", "kind_of", "read_survey", "read_waves"]
