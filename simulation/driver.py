"""Whole runs, compiled: the one list of the quarter (`engine.QUARTER`), with a user's own mechanisms between its phases.

What runs is written as a small Python file beside the compiled code, named by a hash of what it is made from, and then
compiled and cached like everything else: loops that call the user's rules, and `run_many`, which calls the phases in their
order. Without a mechanism it is `run_many` alone. The engine's phases are compiled once, whatever is added.
"""

from __future__ import annotations

import hashlib
import inspect
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from letsdance.params import PARAMETERS, Refused, nearest, record_dtype
from letsdance.scenarios.mechanism import DECISIONS, OF_REGION, PER_REGION, PHASES, Mechanism
from letsdance.simulation import engine, replaced
from letsdance.simulation.compiled import rule, written
from letsdance.simulation.indicators import ROW
from letsdance.simulation.rules import adoption as diffusion
from letsdance.simulation.rules import willingness as will
from letsdance.simulation.schedule import Schedule
from letsdance.simulation.state import GOVERNMENT, Own

#: Columns of the house that a mechanism's act may set: shares, kept within 0-1. Means over citizens follow.
SETTABLE = {"citizens": ("trust", "willingness"),
            "governments": ("social_capital", "baseline_social_capital", "reputation", "risk_culture", "capacity",
                            "top_support", "feedback", "silo", "funding", "need", "depth", "willingness")}
#: Columns of a citizen that a rule may read, and how: {c} is the citizen's row.
_CITIZEN = {"willingness": "s.willingness[{w}, {c}]", "uses": "s.uses[{u}, {c}]", "trust": "s.trust[{c}]",
            "resources": "s.resources[{c}]", "disposition": "s.disposition[{c}]", "load": "s.load[{c}]"}
_HIDDEN = ("first", "first_tie", "first_slot", "slots", "reach", "quadrant", "held")
_GOVERNMENT = tuple(name for name in GOVERNMENT.names or () if name not in _HIDDEN)
#: What of a government acts, with levers, reports and what was adopted: clipping it by hand would leave some of that out.
_ACTING = {"effective_feedback": "outcome.effective_feedback(gov.feedback, p)",
           "effective_silo": "call.effective_silo(gov.silo, will.adoption_feedback(gov.stage, gov.depth, p), p)",
           "effective_need": "diffusion.effective_need(gov.need, p)"}
#: What of a government others see, as it stood when the quarter began: region_ in front of it is the mean over its region.
_SEEN = ("willingness", "depth", "news", "stage")
_REASONS: tuple[Any, ...] = (will.CitizenReasons, will.GovernmentReasons, diffusion.Value)
Phase = Callable[..., None]
_NUMBERS = ("float64", "float32", "int64", "bool", "boolean", "uint64", "int32", "uint8")


@dataclass(frozen=True, eq=False)
class Driver:
    """How a run is made with these mechanisms.

    quarter: the phases of a quarter but the last, in order, each (s, p, seed, t, lo, hi); `start` and `measure` are of the
    same form: own columns when a run begins, own indicators at a quarter's end. `run_many` makes whole runs.
    """

    mechanisms: tuple[Mechanism, ...]
    own: Own
    quarter: tuple[Phase, ...]
    start: Phase
    measure: Phase
    run_many: Callable[..., None]
    #: The phases' module: `simulation.engine`, or one made of it where a rule is replaced.
    engine: ModuleType
    #: Where columns stand in the state's own_citizens and own_governments, and the terms of each decision: name -> row.
    columns: dict[str, dict[str, int]]
    terms: dict[str, dict[str, int]]
    off: tuple[str, ...]

    def __deepcopy__(self, memo: Any) -> Driver:
        return self

    def __reduce__(self) -> Any:
        return of, (self.mechanisms, self.off)


def of(mechanisms: Sequence[Mechanism] = (), off: Sequence[str] = ()) -> Driver:
    """The driver of these mechanisms, made once a process. Raises `Refused` for a rule that asks for what there is not.

    off: names of those whose replaced rules stay the house's in this run, because it begins with them switched off.
    """
    key = tuple((one.name, one.hash, one.name in off) for one in mechanisms)
    with _MAKING:
        if key not in _MADE:
            _MADE[key] = _make(tuple(mechanisms), off)
        return _MADE[key]


def of_schedule(schedule: Schedule) -> Driver:
    """The driver of a run under a schedule: of its mechanisms, as they are switched when the run begins."""
    on = dict(zip((name for one in schedule.mechanisms for name in one.parameters), schedule.own[0], strict=True))
    return of(schedule.mechanisms, [one.name for one in schedule.mechanisms if one.replaced and not on[one.switch]])


_MADE: dict[tuple[tuple[str, str, bool], ...], Driver] = {}
_MAKING = threading.Lock()


@contextmanager
def refusing(driver: Driver) -> Iterator[None]:
    """What the compiler says of a user's rule is one sentence; what it says of ours is not the user's mistake."""
    from numba.core.errors import NumbaError

    try:
        yield
    except (NumbaError, TypeError, AttributeError, NameError, ZeroDivisionError, ValueError) as error:
        if isinstance(error, Refused) or not driver.mechanisms:
            raise
        raise Refused(_blame(driver.mechanisms) or f"a rule of {', '.join(one.name for one in driver.mechanisms)} does not "
                                                   f"run: {_short(error)}.") from error


def row_of(mechanisms: Iterable[Mechanism]) -> np.dtype:
    """The row of a society with a user's mechanisms: ROW, then what each of them measures."""
    own = [(name, np.float64) for one in mechanisms for name in one.measured]
    return np.dtype((np.record, [*((name, np.float64) for name in ROW.names or ()), *own])) if own else ROW


def fill(row: np.ndarray, house: np.ndarray, own: np.ndarray) -> None:
    """Write rows of `row_of`: the house's of the same shape, and what mechanisms measured, own[..., k]."""
    shipped = ROW.names or ()
    for name in shipped:
        row[name] = house[name]
    for k, name in enumerate((row.dtype.names or ())[len(shipped):]):
        row[name] = own[..., k]


# ---------------------------------------------------------------- names

class _Names:
    """What the arguments of rules mean, for these mechanisms together: their columns, parameters and terms in rows."""

    def __init__(self, mechanisms: Sequence[Mechanism]) -> None:
        self.parameters = {name: k for k, name in enumerate(n for one in mechanisms for n in one.parameters)}
        self.measured = {name: len(self.parameters) + k
                         for k, name in enumerate(n for one in mechanisms for n in one.measured)}
        for one in mechanisms:
            house = {*_CITIZEN, *(GOVERNMENT.names or ()), *_ACTING, *(n for reasons in _REASONS for n in reasons._fields)}
            if taken := [n for n in (*one.columns, *one.terms) if n in house]:
                raise Refused("{owner}: the model has a column or a term called {found} already; give this one "
                              "another name.",
                              owner=one.called, found=taken[0])
        terms = [t for one in mechanisms for t in one.terms.values()]
        columns = [c for one in mechanisms for c in one.columns.values()]
        self.columns: dict[str, dict[str, int]] = {"citizens": {}, "governments": {}}
        self.terms: dict[str, dict[str, int]] = {}
        rows = {"citizens": 0, "governments": 0}
        self.places: list[tuple[int, int]] = []
        for decision, (_, _, whose, _) in DECISIONS.items():  # terms stand first
            mine = [t.name for t in terms if t.decision == decision]
            self.terms[decision] = {name: rows[whose] + k for k, name in enumerate(mine)}
            self.places.append((rows[whose], len(mine)))
            rows[whose] += len(mine)
        for whose, of in self.columns.items():
            of.update({c.name: rows[whose] + k for k, c in enumerate(c for c in columns if c.of == whose)})
        self.rows = {whose: rows[whose] + len(of) for whose, of in self.columns.items()}
        self.life = self.rows["governments"]  # the row that says what acts in each municipality's region (`state.living`)
        self.rows["governments"] += PER_REGION in self.parameters

    def own(self) -> Own:
        """How many rows they need."""
        return Own(len(self.parameters), len(self.measured), **self.rows, terms=tuple(self.places))

    def citizen(self, name: str, late: tuple[bool, bool], row: str = "i") -> str | None:
        """A citizen's column as an expression, or None. late: whether willingness and uses are this quarter's already."""
        if name in self.columns["citizens"]:
            return f"np.float64(s.own_citizens[{self.columns['citizens'][name]}, {row}])"
        if name in _CITIZEN:
            now, last = "t & 1", "(t - 1) & 1"
            place = _CITIZEN[name].format(c=row, w=now if late[0] else last, u=now if late[1] else last)
            return f"np.float64({place})"
        return None

    def government(self, name: str) -> str | None:
        """A government's column as an expression, or None; government_ may stand in front of its name."""
        if name in self.columns["governments"]:
            return f"s.own_governments[{self.columns['governments'][name]}, m]"
        if name in _GOVERNMENT:
            return f"np.float64(gov.{name})"
        if name in _ACTING:
            return _ACTING[name]
        kind, _, column = name.partition("_")
        return self.government(column) if kind == "government" else None

    def known(self, whose: str) -> list[str]:
        """Every name that a rule of citizens or governments may ask for."""
        mine = [*_CITIZEN, *self.columns["citizens"]]
        return [*(mine if whose == "citizens" else ()), *self.columns["governments"], *_GOVERNMENT, *_ACTING,
                *(f"region_{n}" for n in (*_SEEN, "p") if PER_REGION in self.parameters), *(f"mean_{n}" for n in mine),
                *(f"neighbours_{n}" for n in mine if whose == "citizens"),
                *self.parameters, *PARAMETERS.shipped, "p", "chance", "luck", "quarter"]


class _Call:
    """One call of a user's rule in a loop over citizens or governments: what is computed before, and its arguments."""

    def __init__(self, names: _Names, mechanism: Mechanism, label: str, function: Any, whose: str,
                 late: tuple[bool, bool]) -> None:
        self.once: list[str] = []      # before all loops
        self.each: list[str] = []      # for each municipality
        self.inner: list[str] = []     # for each citizen
        self.arguments: list[str] = []
        self.gathers = False
        self.stream = int.from_bytes(hashlib.sha256(f"{mechanism.name}.{label}".encode()).digest()[:8], "little") | 1 << 63
        for name in inspect.signature(function).parameters:
            self.arguments.append(self._argument(names, mechanism, label, name, whose, late))

    def _argument(self, names: _Names, mechanism: Mechanism, label: str, name: str, whose: str,
                  late: tuple[bool, bool]) -> str:
        own = names.citizen(name, late) if whose == "citizens" else None
        found = own or names.government(name)
        if found:
            return found
        if name in names.parameters:
            self.once.append(f"a_{name} = q[{names.parameters[name]}]")
            return f"a_{name}"
        if name in PARAMETERS.shipped:
            self.once.append(f"a_{name} = p.{name}")
            return f"a_{name}"
        if name == "p":
            return "p"
        if PER_REGION in names.parameters and (found := self._of_region(names, name)):
            return found
        if name == "quarter":
            return "np.float64(t)"
        if name in ("chance", "luck"):
            draw = "normal" if name == "chance" else "uniform"
            self.each.append(f"key = address(seed, np.uint64({self.stream}), t, m)")
            index = "i - first" if whose == "citizens" else "np.int64(0)"
            return f"{draw}(key, {index})"
        kind, _, column = name.partition("_")
        if kind == "mean" and (entry := names.citizen(column, late)):
            self.each += [f"{name} = 0.0", "for i in range(first, first + n):", f"    {name} += {entry}", f"{name} /= n"]
            return name
        if kind == "neighbours" and whose == "citizens" and (entry := names.citizen(column, late, "s.neighbours[tie]")):
            self.gathers = True
            self.inner += [f"{name} = 0.0", "for tie in range(np.int64(s.ties[i]), np.int64(s.ties[i + 1])):",
                           f"    {name} += {entry}",
                           f"{name} /= max(1, np.int64(s.ties[i + 1]) - np.int64(s.ties[i]))"]
            return name
        known = names.known(whose)
        raise Refused(
            "{owner}: the rule {label} asks for {name!r}, which neither a column nor a parameter is called.{near} It may "
            "ask for columns of citizens and of their government, parameters, mean_ or neighbours_ before a citizens' "
            "column, chance, luck, quarter and p." if whose == "citizens" else
            "{owner}: the rule {label} asks for {name!r}, which neither a column nor a parameter is called.{near} It may "
            "ask for columns of governments, parameters, mean_ before a citizens' column, chance, luck, quarter and p.",
            owner=mechanism.called, label=label, name=name, near=nearest(name, known))

    def _of_region(self, names: _Names, name: str) -> str:
        """The house's parameters as they act in the municipality's region, or a mean over it, as an expression; '' for what
        is neither. Every municipality of a region counts the same numbers in the same order."""
        if name == OF_REGION:
            life = f"np.int64(s.own_governments[{names.life}, m])"
            return f"(s.lives[{life} - 1] if len(s.lives) > 0 and {life} > 0 else p)"
        kind, _, column = name.partition("_")
        if kind != "region" or column not in _SEEN:
            return ""
        self.once.append(f"size = max(1, np.int64(q[{names.parameters[PER_REGION]}]))")
        self.each += ["its = range(m // size * size, min(m // size * size + size, len(s.governments)))", f"{name} = 0.0",
                      "for k in its:", f"    {name} += s.governments[k].{column}_before", f"{name} /= len(its)"]
        return name


# ---------------------------------------------------------------- the file that is written

_HEAD = '''"""Whole runs{title}. Written by letsdance.simulation.driver."""
import numpy as np

from letsdance.simulation.compiled import compiled, part
from {engine} import (
    adoption, call, calls, diffusion, environment, mean, outcome, outcomes, record, start_citizens, start_governments,
    stocks, will, willingness)
from letsdance.simulation.luck import address, normal, uniform
from letsdance.simulation.rules.numbers import clip
'''

#: A mechanism's phase as a society that is stepped calls it. It is compiled when one first is: whole runs call the phase
#: itself, and what Python needs to call it would take as long to compile as the phase.
_STEP = '''
@compiled
def step_{name}(s, p, seed, t, lo, hi):
    {name}(s, p, seed, t, lo, hi)
'''

_WHOLE = '''
@compiled
def run_many(s, given, schedule, own, tables, owns, blocks, seeds, rows, more, stage, depth, regime, category):
    """Whole runs one after the other in the same memory, start and networks included: what a sweep calls.

    schedule[t] and own[t] are quarter t's parameters, the house's and the mechanisms'; of group g of municipalities
    tables[g, t] and owns[g, t], and blocks[b] = (from, to, group) says whose they are; of a citizen of a group of citizens
    tables[s.people[i], t]. rows[run, quarter] takes the
    society's rows (indicators.ROW), more[run, quarter] what the mechanisms measure; stage (uint8), depth (float32) and
    regime (uint8) are indexed [run, quarter, municipality], category (uint8) [run, municipality].
    """
    zero, M = np.int64(0), np.int64(len(s.governments))
    for r in range(len(seeds)):
        seed = seeds[r]
        for t in range(rows.shape[1]):
            p = schedule[t]
            for k in range(own.shape[1]):
                s.own_numbers[k] = own[t, k]
            for k in range(len(s.lives)):
                s.lives[k] = tables[k, t]
            if t == 0:
                start_governments(s, given, p, seed)
                start_citizens(s, given, p, seed, zero, M)
                {start}
                for m in range(M):
                    category[r, m] = s.governments[m].category
            else:
                for b in range(len(blocks)):
                    lo, hi, g = blocks[b, 0], blocks[b, 1], blocks[b, 2]
                    p = tables[g, t]
                    for k in range(own.shape[1]):
                        s.own_numbers[k] = owns[g, t, k]
                    {first}
                for b in range(len(blocks)):
                    lo, hi, g = blocks[b, 0], blocks[b, 1], blocks[b, 2]
                    p = tables[g, t]
                    for k in range(own.shape[1]):
                        s.own_numbers[k] = owns[g, t, k]
                    {quarter}
                p = schedule[t]
                for k in range(own.shape[1]):
                    s.own_numbers[k] = own[t, k]
            record(s, p, seed, t, rows[r, t], stage[r, t], depth[r, t], regime[r, t])
            {measure}
'''


def _loop(name: str, says: str, whose: str, call: _Call, switch: int | None, function: str, target: str,
          after: Sequence[str] = ()) -> str:
    """A phase that calls one rule for every citizen or government of municipalities lo..hi and keeps what it says."""
    lines = ["", "@part", f"def {name}(s, p, seed, t, lo, hi):", f'    """{says}"""', "    q = s.own_numbers"]
    value = f"{function}({', '.join(call.arguments)})"
    off = []
    if switch is not None:  # switched off: an act does nothing, a term adds nothing
        if name.startswith("term_"):
            value = f"({value} if on else 0.0)"
            off = [f"    on = q[{switch}] != 0.0"]
        else:
            off = [f"    if q[{switch}] == 0.0:", "        return"]
    lines += [*off, *(f"    {line}" for line in dict.fromkeys(call.once))]
    lines += ["    for m in range(lo, hi):", "        gov = s.governments[m]", "        first, n = gov.first, gov.citizens"]
    lines += [f"        {line}" for line in call.each]
    if whose == "governments":
        lines.append(f"        {target.format(value=value)}")
    elif call.gathers:  # neighbours are seen as they stood before anybody changed
        lines += ["        fresh = np.empty(n)", "        for i in range(first, first + n):",
                  *(f"            {line}" for line in call.inner), f"            fresh[i - first] = {value}",
                  "        for i in range(first, first + n):", f"            {target.format(value='fresh[i - first]')}"]
    else:
        lines += ["        for i in range(first, first + n):", f"            {target.format(value=value)}"]
    lines += [f"        {line}" for line in after]
    return "\n".join(lines) + "\n"


class _Writer:
    """Writes the file of some mechanisms, and collects the rules that it calls."""

    def __init__(self, mechanisms: tuple[Mechanism, ...], engine: ModuleType) -> None:
        self.mechanisms, self.names, self.engine = mechanisms, _Names(mechanisms), engine
        self.rules: dict[str, Any] = {}
        self.parts: list[str] = []
        self.before: dict[str, list[str]] = {phase: [] for phase in PHASES}
        self.after: dict[str, list[str]] = {phase: [] for phase in PHASES}
        self.start: list[str] = []
        for number, one in enumerate(mechanisms):
            self._one(number, one)
        self._measure()

    def _rule(self, one: Mechanism, number: int, label: str, function: Any) -> str:
        name = f"rule_{number}_{label}"
        self.rules[name] = function if hasattr(function, "py_func") else rule(function)
        return name

    def _one(self, number: int, one: Mechanism) -> None:
        switch = self.names.parameters[one.switch]
        for column in one.columns.values():
            if callable(column.start):
                call = _Call(self.names, one, f"{column.name}.start", column.start, column.of, (True, True))
                function = self._rule(one, number, f"start_{column.name}", column.start)
                self._add(self.start, f"start_{number}_{column.name}", f"{one.name}: {column.name} at the start.",
                          column.of, call, None, function, self._target(column.name, column.of))
            else:
                self._constant(f"start_{number}_{column.name}", f"{one.name}: {column.name} at the start.", column.of,
                               self.names.columns[column.of][column.name], float(column.start))
        for term in one.terms.values():
            _, _, whose, phase = DECISIONS[term.decision]
            call = _Call(self.names, one, term.name, term.rule, whose, _late(phase, before=True))
            function = self._rule(one, number, term.name, term.rule)
            row = self.names.terms[term.decision][term.name]
            self._add(self.before[phase], f"term_{number}_{term.name}", f"{one.name}: the term {term.name}.", whose, call,
                      switch, function, _own(whose, row))
        for k, act in enumerate(one.acts):
            whose = self._owner(one, act.sets, act.after)
            label = act.rule.__name__
            call = _Call(self.names, one, label, act.rule, whose, _late(act.after))
            function = self._rule(one, number, f"{k}_{label}", act.rule)
            follows = [f"gov.citizens_{act.sets} = mean(" + ("s.trust" if act.sets == "trust" else "s.willingness[t & 1]")
                       + ", first, n)"] if whose == "citizens" and act.sets in SETTABLE["citizens"] else []
            self._add(self.after[act.after], f"act_{number}_{k}_{label}", f"{one.name}: {act.sets}.", whose, call, switch,
                      function, self._target(act.sets, whose), follows)

    def _constant(self, name: str, says: str, whose: str, row: int, value: float) -> None:
        """A column begins with a number."""
        put = _own(whose, row).format(value=repr(value))
        body = [put] if whose == "governments" else [
            "first = s.governments[m].first", "for i in range(first, first + s.governments[m].citizens):", f"    {put}"]
        self.start.append(name)
        self.parts.append("\n".join(["", "@part", f"def {name}(s, p, seed, t, lo, hi):", f'    """{says}"""',
                                     "    for m in range(lo, hi):", *(f"        {line}" for line in body)]) + "\n")

    def _owner(self, one: Mechanism, sets: str, after: str) -> str:
        """Whose column an act sets."""
        if sets in one.columns:
            return one.columns[sets].of
        name = sets.removeprefix("government_")
        whose = "governments" if name != sets or sets not in SETTABLE["citizens"] else "citizens"
        if name not in SETTABLE[whose]:
            known = [*one.columns, *SETTABLE["citizens"], *SETTABLE["governments"], "government_willingness"]
            raise Refused("{owner}: an act sets {sets!r}, which is no column that a mechanism may set.{near} It "
                          "may set its own columns, trust and willingness of citizens, and {known} and "
                          "government_willingness.",
                          owner=one.called, sets=sets, near=nearest(sets, known),
                          known=', '.join(SETTABLE['governments'][:-1]))
        if sets in ("willingness", "government_willingness") and _late(after)[0] is False:
            raise Refused("{owner}: an act sets {sets} after {after}, but it is decided later in the quarter; "
                          "write after=\"willingness\" or after=\"adoption\".",
                          owner=one.called, sets=sets, after=after)
        return whose

    def _target(self, name: str, whose: str) -> str:
        """What a rule's value is written to."""
        row = self.names.columns[whose].get(name)
        if row is not None:
            return _own(whose, row)
        if whose == "governments":
            return f"gov.{name.removeprefix('government_')} = clip({{value}}, 0.0, 1.0)"
        return f"s.{'trust[i]' if name == 'trust' else 'willingness[t & 1, i]'} = np.float32(clip({{value}}, 0.0, 1.0))"

    def _add(self, where: list[str], name: str, says: str, whose: str, call: _Call, switch: int | None, function: str,
             target: str, after: Sequence[str] = ()) -> None:
        where.append(name)
        self.parts.append(_loop(name, says, whose, call, switch, function, target, after))

    def _measure(self) -> None:
        """The own row: means of indicators over citizens or governments, and of terms. Serial, in the order of rows."""
        lines = ["", "@part", "def measure(s, p, seed, t, lo, hi):", '    """What the mechanisms measure."""',
                 "    q = s.own_numbers", "    N, M = len(s.trust), len(s.governments)"]
        for number, one in enumerate(self.mechanisms):
            for of in one.indicators.values():
                call = _Call(self.names, one, of.name, of.rule, of.of, (True, True))
                function = self._rule(one, number, of.name, of.rule)
                value = f"total += {function}({', '.join(call.arguments)})"
                lines += [f"    {line}" for line in dict.fromkeys(call.once)]
                lines += ["    total = 0.0", "    for m in range(M):", "        gov = s.governments[m]",
                          "        first, n = gov.first, gov.citizens", *(f"        {line}" for line in call.each)]
                lines += [f"        {value}"] if of.of == "governments" else [
                    "        for i in range(first, first + n):", *(f"            {line}" for line in call.inner),
                    f"            {value}"]
                lines.append(f"    q[{self.names.measured[of.name]}] = total / "
                             f"{'M' if of.of == 'governments' else 'N'}")
            for (name, _), term in zip(list(one.measured.items())[len(one.indicators):], one.terms.values(), strict=True):
                whose, row = DECISIONS[term.decision].whose, self.names.terms[term.decision][term.name]
                size = "M" if whose == "governments" else "N"
                lines += ["    total = 0.0", f"    for i in range({size}):",
                          f"        total += np.float64(s.own_{whose}[{row}, i])",
                          f"    q[{self.names.measured[name]}] = total / {size}"]
        if self.names.measured:
            self.parts.append("\n".join(lines) + "\n")

    def quarter(self) -> list[str]:
        """The phases of a quarter but the last, by name, in order."""
        order = []
        for phase in engine.QUARTER[:-1]:
            name = getattr(phase, "py_func", phase).__name__
            order += [*self.before[name], name, *self.after[name]]
        return order

    def source(self) -> str:
        """The text of the file."""
        def lines(names: Iterable[str], indent: int, ends: str = "zero, M") -> str:
            return f"\n{' ' * indent}".join(f"{name}(s, p, seed, t, {ends})" for name in names) or "pass"

        measure = "measure(s, p, seed, t, zero, M)\n            for k in range(more.shape[2]):\n" \
                  "                more[r, t, k] = s.own_numbers[own.shape[1] + k]" if self.names.measured else ""
        title = "".join(f"; {one.name} {one.hash}" for one in self.mechanisms)
        own = [*self.start, *(name for names in (*self.before.values(), *self.after.values()) for name in names),
               *(["measure"] if self.names.measured else [])]
        parts = "\n".join(["", *self.parts]) + "".join(_STEP.format(name=name) for name in own)
        return _HEAD.format(title=title, engine=self.engine.__name__) + parts + _WHOLE.format(
            start=lines(self.start, 16), first=lines(self.quarter()[:1], 20, "lo, hi"),
            quarter=lines(self.quarter()[1:], 20, "lo, hi"), measure=measure)


def _own(whose: str, row: int) -> str:
    """What writes {value} to an own column, of citizen i or of the government of m."""
    return (f"s.own_citizens[{row}, i] = np.float32({{value}})" if whose == "citizens"
            else f"s.own_governments[{row}, m] = {{value}}")


def _late(phase: str, before: bool = False) -> tuple[bool, bool]:
    """Whether willingness and uses are this quarter's already, after (or before) a phase."""
    at = PHASES.index(phase) - int(before)
    return at >= PHASES.index("willingness"), at >= PHASES.index("adoption")


def _nothing(s: Any, p: Any, seed: Any, t: Any, lo: Any, hi: Any) -> None:
    """Nothing to do."""


def _engine(mechanisms: tuple[Mechanism, ...], off: Sequence[str]) -> ModuleType:
    """The phases, with the rules that mechanisms replace."""
    rules: dict[str, Any] = {}
    for one in mechanisms:
        if one.replaced and one.name not in off:
            if twice := [name for name in one.replaced if name in rules]:
                raise Refused("{owner}: the rule {name} is replaced by another mechanism already; load one of the two.",
                              owner=one.called, name=twice[0])
            rules.update(one.replaced)
    if not rules:
        return engine
    return replaced.engine_with(rules, ", ".join(one.called for one in mechanisms if one.replaced))


def _make(mechanisms: tuple[Mechanism, ...], off: Sequence[str]) -> Driver:
    phases = _engine(mechanisms, off)
    writer = _Writer(mechanisms, phases)
    text = writer.source()
    path = written("whole_run", text)
    module = ModuleType(path.stem)
    module.__dict__.update(writer.rules)
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # where the compiler looks for it when it loads what it kept
    exec(compile(text, module.__file__, "exec"), module.__dict__)
    made = module.__dict__

    def step(name: str) -> Phase:
        return made.get(f"step_{name}") or made.get(name, _nothing)

    def together(names: list[str]) -> Phase:
        def all_of_them(s: Any, p: Any, seed: Any, t: Any, lo: Any, hi: Any) -> None:
            for name in names:
                step(name)(s, p, seed, t, lo, hi)

        return all_of_them if names else _nothing

    return Driver(mechanisms, writer.names.own(), tuple(step(name) for name in writer.quarter()),
                  together(writer.start), step("measure"), made["run_many"], phases, writer.names.columns,
                  writer.names.terms, tuple(off))


# ---------------------------------------------------------------- whose fault it is

def _blame(mechanisms: Iterable[Mechanism]) -> str:
    """Which rule does not compile, and why, in one sentence; '' if each does by itself."""
    from numba import float64, typeof
    from numba.core.errors import NumbaError

    record = typeof(np.zeros(1, record_dtype())[0])
    for one in mechanisms:
        for name, function in one.rules:
            given = tuple(record if a == "p" else float64 for a in inspect.signature(function).parameters)
            try:
                made = rule(getattr(function, "py_func", function))
                if hasattr(made, "compile"):
                    made.compile(given)
                    returned = made.overloads[given].signature.return_type
                    if name not in one.replaced and str(returned) not in _NUMBERS:
                        return f"{one.called}: the rule {name} must return one number, not {returned}."
            except NumbaError as error:
                return f"{one.called}: the rule {name} cannot be compiled: {_short(error)}."
    return ""


def _short(error: BaseException) -> str:
    """The line of a compiler's message that says it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith(("Failed in", "File ", "During", "[1]", "<source", "^"))]
    return (told or lines or [type(error).__name__])[0].rstrip(".")[:300]
