"""Crisis pauses learning (S111): pressure for an immediate response leaves no time to learn.

Expected: while calls are down, capacity dips.
"""
import letsdance as ld

crisis_pause = ld.Mechanism("crisis_pause", title="Crisis pauses learning", source="seed", reference="S111",
                            says="In a crisis nobody has time to learn, and what is known gets lost.")
crisis_pause.parameter("no_time", 0.06, (0, 0.5), "per quarter", says="How much capacity a complete standstill costs.")


def at_first(f):
    """As the run begins: calls differ between sectors."""
    return f


crisis_pause.column("usual_calls", of="governments", start=at_first, unit="per quarter",
                    says="Calls where nothing happens.")


@crisis_pause.act("capacity", after="stocks")
def paused(capacity, usual_calls, no_time, f):
    """K -= no_time (share of the usual calls that do not come) K."""
    missing = max(0.0, 1.0 - f / usual_calls) if usual_calls > 0.0 else 0.0
    return capacity * (1.0 - no_time * missing)
