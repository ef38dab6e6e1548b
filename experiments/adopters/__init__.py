"""The science of adopters: statistics of adoption, survival, classic models, and data in, each loaded when asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_WHERE = {
    "data": ("Adoption", "Survey", "from_arrays", "from_result", "read_edges", "read_survey", "read_times"),
    "counts": ("Counts", "read_counts", "read_population"),
    "statistics": ("categories", "curve", "exposure", "hazard", "infectiousness", "rewire", "structural_dependence",
                   "susceptibility", "thresholds"),
    "survival": ("kaplan_meier", "log_rank", "restricted_mean"),
    "classic": ("classic_model", "threshold_diffusion"),
    "describing": ("describe", "Description"),
}
_MODULE = {name: module for module, names in _WHERE.items() for name in names}

__all__ = sorted(_MODULE)


def __getattr__(name: str) -> Any:
    if name in _MODULE:
        return getattr(import_module(f"{__name__}.{_MODULE[name]}"), name)
    raise AttributeError(f"{__name__} has no {name!r}")
