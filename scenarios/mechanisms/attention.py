"""Political attention (S26): it makes an initiative known, and makes politics of it.

Expected: a swing of politics helps governments' willingness where risk culture is high, and harms it where it is low.
"""
import letsdance as ld

attention = ld.Mechanism("attention", title="Political attention", source="seed", reference="S26",
                         says="Politics that looks on helps where failure is forgiven, harms where it is blamed.")
attention.parameter("limelight", 0.6, (0, 5), "logit", says="How much attention counts for willingness.")
attention.parameter("passes", 0.3, (0, 1), "per quarter", says="How fast attention passes.")


def at_first(top_support):
    """As the run begins."""
    return top_support


attention.column("top_before", of="governments", start=at_first, says="Support from the top a quarter ago.")
attention.column("watched", of="governments", says="How much politics looks.")


@attention.act("watched", after="stocks")
def look(watched, top_support, top_before, passes):
    """watched += |change of A| - passes watched."""
    return min(1.0, watched + abs(top_support - top_before) - passes * watched)


@attention.act("top_before", after="stocks")
def next_time(top_support):
    """A, for the next quarter."""
    return top_support


@attention.term("willingness of governments")
def cuts_both_ways(watched, risk_culture, limelight):
    """limelight watched (2 L - 1)."""
    return limelight * watched * (2.0 * risk_culture - 1.0)
