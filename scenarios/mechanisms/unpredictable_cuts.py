"""Unpredictable cuts (S136): budgets that jump cost capacity at the same mean, for what is lost does not come back.

The model itself drains capacity under a steady cut (K_B). This adds what is lost where budgets jump.

Expected: at the same mean, more variance means less capacity.
"""
import letsdance as ld

unpredictable_cuts = ld.Mechanism("unpredictable_cuts", title="Unpredictable cuts", source="seed", reference="S136",
                                  says="What a cut takes, the next year does not give back.")
unpredictable_cuts.parameter("jumps", 0.1, (0, 0.5), "logit",
                             says="How far budgets jump in a quarter (standard deviation).")
unpredictable_cuts.parameter("not_back", 0.3, (0, 1), "per logit", says="Which share of capacity a cut takes for good.")
unpredictable_cuts.column("surprise", of="governments", unit="logit", says="This quarter's cut, or windfall if negative.")


@unpredictable_cuts.act("surprise", after="environment")
def jump(chance, jumps):
    """jumps z."""
    return jumps * chance


@unpredictable_cuts.act("capacity", after="stocks")
def lost(capacity, surprise, not_back):
    """K *= 1 - not_back max(0, surprise)."""
    return capacity * (1.0 - not_back * max(0.0, surprise))


@unpredictable_cuts.term("willingness of governments")
def stressed(surprise):
    """-surprise."""
    return -surprise


unpredictable_cuts.shock("jumping_budgets", "budgets that jump", [{"parameter": "jumps", "add": 0.1}], duration=24,
                         says="The mean stays; from quarter to quarter nobody knows.")
