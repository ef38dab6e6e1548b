"""Lines of the evidence whose direction is seen in whole runs, on equal luck and own seeds (params/states.toml)."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from letsdance.experiments.paired import falls, rises
from letsdance.simulation.run import simulate

REPORTS = tuple(f"ombudsman@{q}" for q in (8, 16, 24, 32, 40, 48))
HELD = (("on_willingness_c", 0), ("on_willingness_g", 0), ("on_top_support", 0), ("A_hi", 0), ("sd_A", 0))
NONE: dict[str, tuple] = {}
CUTS = {"shocks": ("austerity@8",)}


@cache
def run(start, levers=(), shocks=(), parameters=()):
    return simulate(start, runs=20, quarters=60, seed=7001, levers=levers, shocks=shocks, parameters=dict(parameters)).rows


def late(rows, name):
    return np.nanmean(rows[name][:, -20:], axis=1)


def since(rows, name):
    return np.nanmean(rows[name][:, 8:], axis=1)


def total(rows, name):
    return rows[name].sum(axis=1)


def per(rows, names):
    above, below = names.split("/")
    return total(rows, above) / total(rows, below)


def at_end(rows, names):
    above, below = names.split("/")
    return rows[above][:, -1] / rows[below][:, -1]


#: line -> start, with, without, how it is measured, of what, where it goes. An own choice of seeds, none of it tuned on.
LINES = [
    ("S1", "lone_ranger", {"shocks": ("ageing@8",)}, NONE, late, "C", rises),
    ("S1", "lone_ranger", {"shocks": ("ageing@8",)}, NONE, late, "G", falls),
    ("S1", "lone_ranger", {"shocks": ("migration@8",)}, NONE, late, "S", falls),
    ("S91", "dead_horse", {"shocks": ("climate@8",)}, NONE, late, "C", rises),
    ("S91", "lone_ranger", {"shocks": ("insecurity@8",)}, NONE, late, "T", falls),
    ("S16", "lone_ranger", {"levers": ("BROK@8",)}, NONE, late, "consciousness", rises),
    ("S61", "lone_ranger", {"parameters": (("chi", 3.0),)}, NONE, total, "pilots_started", falls),
    ("S78", "lone_ranger", {"levers": ("OPEN@8",)}, NONE, since, "feedback_outside", rises),
    ("S78", "lets_dance", {"shocks": REPORTS}, NONE, since, "feedback_outside", rises),
    ("S117", "lone_ranger", {"levers": ("OPEN@8",)}, NONE, late, "success_solo", rises),
    ("S117", "lets_dance", {"levers": ("OPEN@8",)}, NONE, late, "accountability", rises),
    ("S129", "lets_dance", {"parameters": (*HELD, ("A_lo", 0.1))}, {"parameters": (*HELD, ("A_lo", 0.5))}, at_end,
     "upscaled/on", falls),
    ("S158", "lone_ranger", {"levers": ("FRCS@8",), "parameters": HELD[:2]}, {"parameters": HELD[:2]}, late, "T", rises),
    ("S158", "lone_ranger", {"levers": ("FRCS@8",), "parameters": HELD[:2]}, {"parameters": HELD[:2]}, late,
     "success_supported", rises),
    ("S173", "lone_ranger", {"shocks": ("digital_tools@8",)}, NONE, late, "services_solo", rises),
    ("S176", "dead_horse", CUTS, CUTS | {"parameters": (("chi_B", 0.0),)}, late, "L", falls),
    ("S188", "lets_dance", {"parameters": (("on_pilots", 0),)}, NONE, per, "discontinuations/adoptions", rises),
    ("S188", "lets_dance", {"parameters": (("on_pilots", 0),)}, NONE, late, "depth", falls),
]


@pytest.mark.parametrize(("line", "start", "with_", "without", "how", "what", "goes"), LINES,
                         ids=[f"{one[0]}-{one[5].replace('/', ' per ')}-{n}" for n, one in enumerate(LINES)])
def test_what_the_line_says_is_seen(line, start, with_, without, how, what, goes):
    verdict = goes(how(run(start, **with_), what) - how(run(start, **without), what))
    assert verdict.holds, (line, verdict)


def test_the_four_trends_are_four():
    """S91: no two of them are the same, as they once were."""
    paths = [run("lone_ranger", shocks=(f"{trend}@8",))["C"] for trend in ("ageing", "migration", "climate", "insecurity")]
    assert len({path.tobytes() for path in paths}) == 4
