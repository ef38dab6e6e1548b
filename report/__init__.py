"""What is handed over: figures, sentences and the self-contained page, all made from named results.

    from letsdance.report import write, draw, save, glance
    write("out", {"lone_ranger": simulate("lone_ranger")}, manifest={})     # out/report.html and out/figures/
"""

from __future__ import annotations

from typing import Any

__all__ = ["FIGURES", "draw", "glance", "headline", "paragraph", "save", "write"]

_HOME = {"FIGURES": "figures", "draw": "figures", "glance": "figures", "save": "figures", "headline": "words",
         "paragraph": "words", "write": "page"}


def __getattr__(name: str) -> Any:
    # A figure does not need the page's template engine, and nobody should wait for it.
    if name in _HOME:
        from importlib import import_module

        return getattr(import_module(f"letsdance.report.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
