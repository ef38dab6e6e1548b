"""An editable install: the folders of the house become subpackages of `letsdance` by a link each.

Python alone could be told by `__path__`; editors and type checkers look at the disk. A link works on Linux and macOS; on
Windows, where links to folders want a privilege, a junction does the same without one.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


def link(source: Path, target: Path) -> None:
    """`target` leads to the folder `source`; what led elsewhere before is taken away."""
    if target.exists() and os.path.samefile(source, target):
        return
    if target.is_symlink():
        target.unlink()
    if sys.platform == "win32":
        import _winapi

        _winapi.CreateJunction(str(source), str(target))
    else:
        target.symlink_to(os.path.relpath(source, target.parent), target_is_directory=True)


class House(BuildHookInterface):  # type: ignore[type-arg]
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version != "editable":
            return
        package = Path(self.root, "src", "letsdance")
        for folder, inside in self.build_config.build_config["targets"]["wheel"]["sources"].items():
            if inside != "letsdance":
                link(Path(self.root, folder), package / Path(inside).name)
