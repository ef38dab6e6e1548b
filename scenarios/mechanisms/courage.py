"""Courage (S132 S186): the risk of not innovating is weighed too.

Expected: more governments adopt, above all where the culture is averse to risk.
"""
import letsdance as ld

courage = ld.Mechanism("courage", title="Courage", source="seed", reference="S132 S186",
                       says="The risk of not innovating is weighed against that of trying.")
courage.parameter("weighed", 0, (0, 1), "share", role="lever", says="How far the cost of doing nothing is counted.")
courage.parameter("inaction", 0.3, (0, 2), "value", says="What doing nothing costs at full need, to the most risk averse.")


@courage.term("adoption")
def cost_of_nothing(effective_need, risk_culture, weighed, inaction):
    """weighed inaction need (1 - L)."""
    return weighed * inaction * effective_need * (1.0 - risk_culture)


courage.lever("COURAGE", "courage", [{"parameter": "weighed", "add": 1}], cost=1, quadrant="Q2", level="individual",
              says="Leaders tell what it costs to do nothing.")
