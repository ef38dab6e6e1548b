"""Execute the notebooks of this folder in place: `uv run python -m examples`, or those of some names (`... week_1 class`).

tests/test_examples.py runs their cells.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parent


def main() -> None:
    """Each notebook in a fresh process and an empty folder; what a run printed is kept, but not when it ran."""
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    asked = sys.argv[1:] or [""]
    for path in sorted(FOLDER.rglob("*.ipynb")):
        if not any(path.stem.startswith(name) for name in asked):
            continue
        notebook = nbformat.read(path, as_version=4)
        with tempfile.TemporaryDirectory() as place:
            NotebookClient(notebook, timeout=600, resources={"metadata": {"path": place}}).execute()
        for cell in notebook.cells:
            cell.metadata.pop("execution", None)
        nbformat.write(notebook, path)
        print(f"{path.name} executed")


if __name__ == "__main__":
    main()
