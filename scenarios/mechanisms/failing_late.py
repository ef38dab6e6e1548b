"""Failing late (S138): start small and grow; what fails as a pilot is cheap, what fails as a service for all is not.

Expected: where nobody pilots, giving up costs more capacity.
"""
import letsdance as ld

failing_late = ld.Mechanism("failing_late", title="Failing late is dear", source="seed", reference="S138",
                            says="What is given up costs capacity, the more the further it had come.")
failing_late.parameter("sunk", 0.25, (0, 1), "share",
                       says="How much capacity is lost with a full service that is given up.")
failing_late.parameter("cheap", 0.1, (0, 1), "share", says="What a pilot that is given up costs of that.")


@failing_late.act("capacity", after="adoption")
def write_off(capacity, stage, stage_before, depth_before, sunk, cheap):
    """K -= sunk K (depth before, or cheap for a pilot), in the quarter in which it is given up (stage 5)."""
    if stage != 5 or stage_before == 5:
        return capacity
    return capacity - sunk * capacity * (max(cheap, depth_before) if stage_before >= 3 else cheap)
