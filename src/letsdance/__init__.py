"""Let's Dance: an agent-based laboratory for co-creation, and for how public-sector innovations spread.

The folders of the house (params, scenarios, simulation, experiments, report, dashboards, commands) are its subpackages. A
wheel holds them here; a copy of the repository keeps them two floors up, and `hatch_build.py` links them here for
editors and type checkers. Where the links are missing, they are found where they stand.
"""

from pathlib import Path

if not (Path(__file__).parent / "simulation" / "__init__.py").exists():
    __path__.append(str(Path(__file__).parents[2]))
