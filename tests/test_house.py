"""The house: a function is short, or its docstring says why not."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("params", "scenarios", "simulation", "words", "experiments", "report", "dashboards", "room", "commands")
MOST, WHY = 60, "One function, because "


def test_a_function_of_more_than_sixty_lines_says_why():
    long = [f"{path.relative_to(ROOT)}: {one.name} has {lines} lines"
            for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))
            for one in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and (lines := one.end_lineno - one.lineno + 1) > MOST
            and WHY not in " ".join((ast.get_docstring(one) or "").split())]
    assert not long, long
