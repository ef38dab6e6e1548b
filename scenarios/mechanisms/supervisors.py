"""Supervisors (S126): staff do what supervisors do, so risk culture follows the top, with a lag.

Expected: support from the top raises risk culture too, later than it raises itself.
"""
import letsdance as ld

supervisors = ld.Mechanism("supervisors", title="Staff do what supervisors do", source="seed", reference="S126",
                           says="Risk culture follows the example of the top, with a lag.")
supervisors.parameter("example", 0.05, (0, 0.5), "per quarter", says="How fast risk culture follows top support.")


@supervisors.act("risk_culture", after="stocks")
def follow(risk_culture, top_support, example):
    """L += example (A - L)."""
    return risk_culture + example * (top_support - risk_culture)
