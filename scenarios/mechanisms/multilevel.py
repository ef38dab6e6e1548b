"""Several tiers (OECD 110-112; S149 S150): where nobody is in charge of all tiers, agreeing is hard.

Expected: adoption is slower; steering committees, prior agreements and shared costs make it faster.
"""
import letsdance as ld

multilevel = ld.Mechanism("multilevel", title="Several tiers, nobody in charge", source="seed", reference="S149 S150",
                          says="An innovation that needs other tiers waits for their agreement (OECD 110-112).")
multilevel.parameter("tiers", 1, (0, 3), "governments", says="How many other tiers must agree.")
multilevel.parameter("disputed", 0.12, (0, 1), "value", says="What each tier without agreement takes from adopting.")
multilevel.parameter("agreed", 0, (0, 1), "share", role="lever", says="How far tiers have agreed beforehand.")


@multilevel.term("adoption")
def waiting(tiers, disputed, agreed):
    """-tiers disputed (1 - agreed)."""
    return -tiers * disputed * (1.0 - agreed)


multilevel.lever("STEER", "steering committee of all tiers", [{"parameter": "agreed", "add": 0.7}], cost=1,
                 quadrant="Q4", level="sector", says="Tiers agree beforehand who decides and who pays.")
