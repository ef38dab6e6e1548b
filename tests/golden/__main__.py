"""What the four starts come to, to the last bit. `python -m tests.golden` writes it anew; say in the changelog why.

Numbers are written as hexadecimal floats, so that the file holds exactly what was computed, beside rounded ones that
people can read in a diff.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "starts.json"
QUARTERS = (0, 1, 8, 20)
INDICATORS = ("C", "G", "S", "T", "R", "L", "K", "A", "lets_dance", "wasteland", "on", "depth", "uses", "participation",
              "services", "citizen_calls", "dead_calls", "joining", "success_supported", "legitimacy_measured",
              "representativeness", "accountability", "technology_rank", "efficiency",
              "y_adopted")


def current() -> dict[str, Any]:
    """Selected indicators of one run of each start: with nothing, and with levers and shocks of every kind."""
    from letsdance.scenarios import LEVERS, SHOCKS, STARTS
    from letsdance.simulation.run import simulate

    policies = {"nothing": {}, "everything": {"levers": [f"{name}@{3 + k % 7}" for k, name in enumerate(LEVERS)],
                                              "shocks": [f"{name}@{2 + k}" for k, name in enumerate(SHOCKS)]}}
    found: dict[str, Any] = {}
    for start in STARTS:
        for policy, uses in policies.items():
            rows = simulate(start, runs=1, seed=1, quarters=max(QUARTERS), threads=1, **uses).rows[0]
            found[f"{start}, {policy}"] = {name: [written(float(rows[name][t])) for t in QUARTERS] for name in INDICATORS}
    return found


def written(value: float) -> str:
    """A number to the last bit, and for the eye."""
    return "nan" if math.isnan(value) else f"{value.hex()} {value:.4f}"


if __name__ == "__main__":
    FILE.write_text(json.dumps(current(), indent=1) + "\n", encoding="utf-8")
    print(f"Written: {FILE}")
