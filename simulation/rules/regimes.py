"""The four futures: quadrants of the willingness plane. They are read off, never put in (S84-S88)."""

from __future__ import annotations

from letsdance.simulation.compiled import rule

LETS_DANCE, LONE_RANGER, DEAD_HORSE, WASTELAND = 0, 1, 2, 3
#: The futures in the order of their numbers, by the names used everywhere.
REGIMES = ("lets_dance", "lone_ranger", "dead_horse", "wasteland")
#: Quarters that a municipality must stay in another quadrant before its regime is said to have changed.
HOLD = 2


@rule
def quadrant(C, G):
    """The quadrant of mean willingness of citizens C and willingness of government G, against .5."""
    if C >= 0.5:
        return LETS_DANCE if G >= 0.5 else LONE_RANGER
    return DEAD_HORSE if G >= 0.5 else WASTELAND
