"""The documents as a site that needs no network, with a search: `uv run python -m docs.site [FOLDER]` (docs/_site).

What is shown is what stands in the repository: every page of docs/, the README and its neighbours, and the notebooks of
examples/. Only the order of the pages at the left is said here; a page that no group names is an error.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

from letsdance import __version__

ROOT = Path(__file__).resolve().parents[1]
#: The pages, as a reader meets them.
GROUPS = {
    "Begin": ("README", "docs/dashboard", "docs/workshop", "docs/lessons", "docs/course", "docs/scenario_files"),
    "The model": ("docs/odd", "docs/levers", "docs/your_own_mechanism", "docs/mesa", "docs/dynamics",
                  "docs/glossary"),
    "Studies": ("docs/python", "docs/comparing", "docs/worlds", "docs/search", "docs/sweeps", "docs/sensitivity",
                "docs/branching", "docs/following", "docs/guests"),
    "Adopters": ("docs/cases", "docs/adopters", "docs/forecasting", "docs/calibration"),
    "Carry it on": ("CONTRIBUTING", "docs/testing", "SECURITY", "CHANGELOG"),
}
_SETTINGS = {
    "project": "Let's Dance", "author": "the Let's Dance developers", "version": __version__, "release": __version__,
    "extensions": ["myst_parser"], "myst_heading_anchors": 4, "root_doc": "index", "language": "en",
    "html_theme": "furo", "html_title": f"Let's Dance {__version__}", "html_copy_source": False,
    "html_show_sourcelink": False, "html_show_sphinx": False, "html_show_copyright": False, "highlight_language": "text",
    # anchors are checked as GitHub names them, by tests/test_docs.py; files that are no pages stay links to the repository
    "suppress_warnings": ["myst.xref_missing", "misc.highlighting_failure"],
}


def build(folder: Path) -> list[str]:
    """Write the site into a folder; what the builder had to complain of, line by line."""
    from sphinx.application import Sphinx

    with tempfile.TemporaryDirectory() as work:
        source = Path(work, "source")
        _collect(source)
        told = StringIO()
        app = Sphinx(source, None, folder, Path(work, "doctrees"), "html", confoverrides=dict(_SETTINGS), status=None,
                     warning=told, freshenv=True)
        app.build()
    return [line for line in told.getvalue().splitlines() if line.strip()]


def _collect(source: Path) -> None:
    """The pages in one tree, as they lie in the repository, under a first page that lists them."""
    source.mkdir()
    for page in pages():
        (source / page).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / page, source / page)
    shutil.copytree(ROOT / "docs" / "figures", source / "docs" / "figures")
    listed = [f"```{{toctree}}\n:caption: {title}\n\n" + "\n".join(names) + "\n```\n" for title, names in GROUPS.items()]
    text = "# Let's Dance\n\nA laboratory for co-creation between citizens and governments. Search at the left.\n\n"
    (source / "index.md").write_text(text + "\n".join(listed), encoding="utf-8")


def pages() -> Iterator[Path]:
    """Every page, as the path within the repository."""
    yield from (path.relative_to(ROOT) for path in sorted((*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"))))


if __name__ == "__main__":
    asked = argparse.ArgumentParser(prog="python -m docs.site", description=(__doc__ or "").partition("\n\n")[0])
    asked.add_argument("folder", nargs="?", type=Path, default=ROOT / "docs" / "_site", help="where to (docs/_site)")
    place = asked.parse_args().folder.resolve()
    complaints = build(place)
    print("\n".join([*complaints, f"Open {place / 'index.html'}; search works without a server."]))
    sys.exit(bool(complaints))
