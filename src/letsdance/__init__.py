"""Let's Dance: an agent-based laboratory for co-creation, and for how public-sector innovations spread.

The folders of the house (params, scenarios, simulation, words, experiments, report, dashboards, commands) are its
subpackages. A wheel holds them here; a copy of the repository keeps them two floors up, and `hatch_build.py` links them
here for editors and type checkers. Where a link is missing, its folder is found where it stands.
"""

from pathlib import Path

if (Path(__file__).parents[2] / "hatch_build.py").exists():
    __path__.append(str(Path(__file__).parents[2]))
