"""What happens: the model, its agents, its rules, its quarter. `simulate` runs it; `CoCreationModel` is Mesa's view."""

from __future__ import annotations

from typing import Any

__all__ = ["CoCreationModel", "Result", "simulate"]

_HOME = {"CoCreationModel": "model", "Result": "run", "simulate": "run"}


def __getattr__(name: str) -> Any:
    # Only what is asked for is imported: Mesa alone takes longer than twenty runs.
    if name in _HOME:
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
