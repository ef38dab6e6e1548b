"""Turnover (S106): those who leave take along what they know; feedback keeps it in the organisation.

The model itself drains capacity under cuts (K_B). This adds to it: staff leave at all times, cuts or not.

Expected: the same wave of leavers costs less capacity where feedback is high.
"""
import letsdance as ld

turnover = ld.Mechanism("turnover", title="Turnover of staff", source="seed", reference="S106",
                        says="Those who leave take along what they know, least where feedback keeps it.")
turnover.parameter("leavers", 0.02, (0, 0.3), "per quarter", says="Which share of staff leaves in a quarter.")
turnover.parameter("written_down", 1.0, (0, 1), "share", says="How much of what leavers know stays where feedback is full.")


@turnover.act("capacity", after="stocks")
def taken_along(capacity, effective_feedback, leavers, written_down):
    """K -= leavers (1 - written_down phi) K."""
    return capacity - leavers * (1.0 - written_down * effective_feedback) * capacity


turnover.shock("exodus", "a wave of leavers", [{"parameter": "leavers", "add": 0.15}], duration=4,
               says="For a year many leave at once.")
