"""Perceived risk (S51): notions of risk are fuzzy and its management implicit, so governments misjudge it.

Expected: an explicit management of risk lowers the noise.
"""
import letsdance as ld

perceived_risk = ld.Mechanism("perceived_risk", title="Perceived risk", source="seed", reference="S51",
                              says="Risk is felt, not known: governments see more or less of it than there is.")
perceived_risk.parameter("fuzziness", 0.2, (0, 1), "value", says="How far what is felt strays where nothing is explicit.")
perceived_risk.parameter("implicit", 1, (0, 1), "share", role="lever", says="How implicit the management of risk is.")
perceived_risk.column("imagined", of="governments", unit="value", says="How much more risk is seen than there is.")


@perceived_risk.act("imagined", after="environment")
def imagine(chance, fuzziness, implicit):
    """imagined = fuzziness implicit z, anew every quarter."""
    return fuzziness * implicit * chance


@perceived_risk.term("adoption")
def feared(imagined):
    """-imagined."""
    return -imagined


@perceived_risk.indicator("governments", "value")
def misjudged(imagined):
    """How far the risk that is seen strays from what there is."""
    return abs(imagined)


perceived_risk.lever("RISK", "explicit management of risk", [{"parameter": "implicit", "add": -0.7}], cost=1,
                     quadrant="Q1", level="organisation",
                     says="Risks are named and talked about with staff, citizens and funders.")
