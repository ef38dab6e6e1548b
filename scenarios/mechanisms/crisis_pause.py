"""Crisis pauses learning (S111): pressure for an immediate response leaves no time to learn.

Expected: while calls are down, capacity dips.
"""
import letsdance as ld
from letsdance.params import PARAMETERS

USUAL = PARAMETERS["f"].default

crisis_pause = ld.Mechanism("crisis_pause", title="Crisis pauses learning", source="seed", reference="S111",
                            says="In a crisis nobody has time to learn, and what is known gets lost.")
crisis_pause.parameter("no_time", 0.06, (0, 0.5), "per quarter", says="How much capacity a complete standstill costs.")


@crisis_pause.act("capacity", after="stocks")
def paused(capacity, no_time, p):
    """K -= no_time (share of the usual calls that do not come) K."""
    return capacity * (1.0 - no_time * max(0.0, 1.0 - p.f / USUAL))
