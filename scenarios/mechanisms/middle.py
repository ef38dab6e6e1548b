"""The middle that blocks (S127): in a risk-averse culture mid-level managers stop what comes from below.

Expected: fewer citizens' initiatives find support, and brokers help more than they do without it.
"""
import letsdance as ld

middle = ld.Mechanism("middle", title="The middle that blocks", source="seed", reference="S127",
                      says="Middle managers stop ideas on their way up, where silos are high and failure is blamed.")
middle.parameter("stifled", 6.0, (0, 20), "logit", says="How much the middle takes off support, in full silos and blame.")


@middle.term("support")
def stopped(risk_culture, effective_silo, stifled):
    """-stifled silo (1 - L)."""
    return -stifled * effective_silo * (1.0 - risk_culture)
