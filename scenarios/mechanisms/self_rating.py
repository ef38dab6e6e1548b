"""Self-rating (S14): whom others hold for innovative may think little of itself, for its ambition grew.

Expected: Let's dance has the higher reputation outside, and does not rate itself higher.
"""
import letsdance as ld

self_rating = ld.Mechanism("self_rating", title="Self-rating", source="seed", reference="S14",
                           says="Governments measure themselves against their own ambition. It moves nothing else.")
self_rating.parameter("ambitious", 0.15, (0, 1), "per quarter", says="How fast ambition follows what was reached.")
self_rating.parameter("self_critical", 0.6, (0, 1), "share",
                      says="How much of its faults a government sees that hears all.")
self_rating.column("ambition", of="governments", says="The depth of use that it expects of itself.")


@self_rating.act("ambition", after="adoption")
def aspire(ambition, depth, ambitious):
    """ambition += ambitious (depth - ambition)."""
    return ambition + ambitious * (depth - ambition)


@self_rating.indicator("governments")
def rates_itself(depth, ambition, effective_feedback, self_critical):
    """Self-rating: .5 + (depth - ambition) / 2 - self_critical phi depth / 2."""
    return 0.5 + 0.5 * (depth - ambition) - 0.5 * self_critical * effective_feedback * depth


@self_rating.indicator("governments")
def seen_from_outside(depth):
    """Reputation outside: how deeply it uses the innovation, for all to see."""
    return depth
