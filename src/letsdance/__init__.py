"""Let's Dance: an agent-based laboratory for co-creation, and for how public-sector innovations spread.

    import letsdance as ld
    ld.simulate("lone_ranger", runs=20, levers=["FRCS@8+20"]).summary()

What there is stands in `__all__` (`help(ld.simulate)` and so on; docs/python.md), and is imported when it is asked for.
What cannot be right is refused: every error of ours is an `ld.LetsDanceError`. Messages go to the logger "letsdance".

The folders of the house (params, scenarios, simulation, experiments, report, dashboards, commands) are subpackages. A
wheel holds them here; a copy of the repository has them two floors up, and `hatch_build.py` links them here for editors
and type checkers. Where the links are missing, they are found where they stand.
"""

import ast
from importlib import import_module
from logging import NullHandler, getLogger
from pathlib import Path

if not (Path(__file__).parent / "simulation" / "__init__.py").exists():
    __path__.append(str(Path(__file__).parents[2]))

getLogger(__name__).addHandler(NullHandler())

#: Public name -> its module and its name there, as __init__.pyi lists them for type checkers.
_HOME = {alias.asname or alias.name: (f"{__name__}.{line.module}", alias.name)
         for line in ast.parse(Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8")).body
         if isinstance(line, ast.ImportFrom) for alias in line.names}
__all__ = sorted(_HOME)


def _version() -> str:
    """The version that is installed: what manifests, links and files name."""
    from importlib.metadata import PackageNotFoundError, version
    try:
        return version(__name__)
    except PackageNotFoundError:
        return "unknown"


def __getattr__(name: str) -> object:
    if name == "__version__":  # read once, because every move of a slider makes a link that names it
        globals()[name] = _version()
        return globals()[name]
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, there = _HOME[name]
    globals()[name] = found = getattr(import_module(module), there)  # the next time it is not asked for here
    return found


def __dir__() -> list[str]:
    return [*globals(), *__all__]
