"""Golden outputs: numbers move on purpose or not at all. `python -m tests.golden` writes them anew."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

GOLDEN = runpy.run_path(str(Path(__file__).parent / "golden" / "__main__.py"), run_name="golden")


def test_the_starts_come_to_what_they_came_to():
    now, then = GOLDEN["current"](), json.loads(GOLDEN["FILE"].read_text(encoding="utf-8"))
    moved = [f"{case}: {name} {then[case].get(name)} -> {now[case][name]}" for case in now for name in now[case]
             if then.get(case, {}).get(name) != now[case][name]]
    assert not moved, "\n".join(
        ["numbers moved; if on purpose: python -m tests.golden, and the changelog says why", *moved]
    )
    assert now.keys() == then.keys()


def test_the_file_holds_every_bit():
    """The oracle: the last bit of a number is in its text."""
    written = GOLDEN["written"]
    assert written(0.1 + 0.2) != written(0.3)
    assert float.fromhex(written(0.1 + 0.2).split()[0]) == 0.1 + 0.2
    assert written(float("nan")) == "nan"
