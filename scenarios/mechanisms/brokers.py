"""Two kinds of brokers (S18): bridging ones bring news from afar, bonding ones make joint work succeed.

The lever BROK holds a part of both already.

Expected: bridging speeds awareness, bonding raises success, and both together do both.
"""
import letsdance as ld

brokers = ld.Mechanism("brokers", title="Two kinds of brokers", source="seed", reference="S18 S15 S16",
                       says="Brokers with unconnected ties bring news; those with linked ties make joint work succeed.")
brokers.parameter("bonded", 0, (0, 1), "share", role="lever", says="How far brokers knit together those who work jointly.")
brokers.parameter("smooth", 0.4, (0, 3), "logit", says="What that adds to success.")


@brokers.term("success")
def knit(bonded, smooth):
    """bonded smooth."""
    return bonded * smooth


brokers.lever("BRIDGE", "bridging brokers", [
    {"parameter": "aware_lever", "add": 0.04}, {"parameter": "long_ties", "add": 1}], cost=1, quadrant="Q4", level="sector",
              says="Boundary spanners who know people that do not know each other.")
brokers.lever("BOND", "bonding brokers", [{"parameter": "bonded", "add": 1}], cost=1, quadrant="Q4", level="society",
              says="Brokers who bring the same people together again and again.")
