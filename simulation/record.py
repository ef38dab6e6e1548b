"""What a quarter leaves behind: the function that fills a society's row, made from what indicators.py declares.

A formula is Python. Within total, mean, people and a_head a name is a column of one municipality (`state.GOVERNMENT`), and
they go over all of them; elsewhere it is another indicator, a parameter in force, or `chance`. What is made lies as a file
in the compiler's cache folder, where it can be read.
"""

from __future__ import annotations

import ast
from typing import Any

from letsdance.params import PARAMETERS
from letsdance.simulation import indicators
from letsdance.simulation.compiled import written
from letsdance.simulation.luck import Stream
from letsdance.simulation.rules import adoption, outcomes, regimes, willingness
from letsdance.simulation.state import COUNTS, GOVERNMENT

#: What goes over all municipalities, of the sum `{0}`.
_OVER = {"total": "{0}", "mean": "{0} / M", "people": "{0}", "a_head": "{0} / N"}
_RULES = (adoption, outcomes, regimes, willingness, indicators)

_TEXT = '''"""The row of a quarter. Written by letsdance.simulation.record."""
import numpy as np

from letsdance.simulation.compiled import compiled, part
from letsdance.simulation.luck import address, normal
{imports}


@part
def no_counts(gov):
    """Nothing has happened yet this quarter."""
    {nothing}
    gov.blamed = 0.0


@part
def regimes_of(s):
    """A municipality is in a quadrant's regime once it has been there for HOLD quarters running."""
    for m in range(len(s.governments)):
        gov = s.governments[m]
        now = quadrant(gov.citizens_willingness, gov.willingness)
        gov.held = gov.held + 1 if now == gov.quadrant else 1
        gov.quadrant = now
        if gov.held >= HOLD:
            gov.regime = now


@compiled
def record(s, p, seed, t, row, stage, depth, regime):
    """Phase 7: the society's row, and stage, depth and regime of every government. Sums run in the order of rows."""
    if t > 0:
        regimes_of(s)
    M, N = len(s.governments), 0
    for m in range(M):
        N += s.governments[m].citizens
    {begin}
    for m in range(M):
        gov = s.governments[m]
        stage[m], depth[m], regime[m] = gov.stage, gov.depth, gov.regime
        part_of_all = gov.citizens / N
        {add}
    chance = normal(address(seed, np.uint64({stream}), t, np.int64(0)), np.int64(0))
    {fill}
'''


class _Writer(ast.NodeTransformer):
    """Turns formulas into lines: sums over municipalities, each once, and then the row, in the order of who asks whom."""

    def __init__(self) -> None:
        self.sums: dict[str, str] = {}       # what is summed -> its name
        self.fill: dict[str, str] = {}       # what is filled -> its line
        self.rules: dict[str, str] = {}      # a rule or constant -> its module
        self.asking: list[str] = []
        self.within = False
        for name in indicators.FORMULAS:
            self.of(name)

    def of(self, name: str) -> str:
        """An indicator, or the reasons that several are terms of, after what it asks for."""
        its = f"its_{name}"  # a row's own .T is its transpose
        if name in self.asking:
            raise ValueError(f"the indicator {name} asks for itself: {' -> '.join([*self.asking, name])}")
        if name not in self.fill:
            self.asking.append(name)
            formula = ast.parse({**indicators.REASONS, **indicators.FORMULAS}[name], mode="eval").body
            value = ast.unparse(self.visit(formula))
            self.asking.pop()
            self.fill[name] = f"row.{name} = {its} = {value}" if name in indicators.FORMULAS else f"{its} = {value}"
        return its

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """A sum over municipalities, or a rule."""
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in _OVER:
            self._rule(name)
            node.args = [self.visit(argument) for argument in node.args]
            return node
        if self.within:
            raise ValueError(f"the indicator {self.asking[-1]} sums within a sum: {ast.unparse(node)}")
        self.within = True
        (argument,) = (ast.unparse(self.visit(argument)) for argument in node.args)
        self.within = False
        summed = f"part_of_all * ({argument})" if name == "people" else argument
        return ast.parse(_OVER[name].format(self.sums.setdefault(summed, f"sum_{len(self.sums)}")), mode="eval").body

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """A column of a municipality; or an indicator, a parameter, a constant of the rules."""
        name = node.id
        if self.within and name in (GOVERNMENT.names or ()):
            found = f"gov.{name}"
        elif not self.within and (name in indicators.FORMULAS or name in indicators.REASONS):
            found = self.of(name)
        elif not self.within and name in PARAMETERS.shipped:
            found = f"p.{name}"
        else:
            found = name
            if name not in ("p", "chance"):
                self._rule(name)
        return ast.parse(found, mode="eval").body

    def _rule(self, name: str) -> None:
        module = next((module for module in _RULES if not name.startswith("_") and name in vars(module)), None)
        if module is None:
            raise ValueError(f"the indicator {self.asking[-1]} asks for {name!r}, which is nothing that it can ask for")
        self.rules[name] = module.__name__

    def source(self) -> str:
        """The text of the file."""
        def lines(of: list[str], indent: int) -> str:
            return f"\n{' ' * indent}".join(of)

        used: dict[str, list[str]] = {regimes.__name__: ["HOLD", "quadrant"]}
        for name, module in self.rules.items():
            used.setdefault(module, []).append(name)
        return _TEXT.format(
            imports=lines([f"from {one} import {', '.join(sorted(names))}" for one, names in sorted(used.items())], 0),
            nothing=lines([f"gov.{name} = 0" for name in COUNTS], 4), stream=int(Stream.MEASUREMENT),
            begin=lines([f"{name} = 0.0" for name in self.sums.values()], 4),
            add=lines([f"{name} += {summed}" for summed, name in self.sums.items()], 8),
            fill=lines(list(self.fill.values()), 4))


no_counts: Any
record: Any
#: The text of what is made.
SOURCE = _Writer().source()
exec(compile(SOURCE, str(written("record", SOURCE)), "exec"))
