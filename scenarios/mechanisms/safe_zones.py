"""Safe zones (S161): departments that work on something concrete together learn to, given time and support from the top.

Expected: short zones and zones without support fade; long ones with support raise risk culture and support of citizens.
"""
import letsdance as ld

safe_zones = ld.Mechanism("safe_zones", title="Safe zones", source="seed", reference="S161",
                          says="Safe zones work with support from the top, after some time together.")
safe_zones.parameter("zones", 0, (0, 1), "share", role="lever", says="How widely safe zones are set up.")
safe_zones.parameter("together", 4, (1, 20), "quarters", whole=True,
                     says="How long they must last before they change anything.")
safe_zones.parameter("backed", 0.4, (0, 1), "share", says="The support from the top that they need.")
safe_zones.parameter("opened", 0.04, (0, 0.3), "per quarter", says="How fast risk culture rises in them.")
safe_zones.parameter("joined_up", 0.5, (0, 3), "logit", says="What they add to support across departments.")
safe_zones.column("lasted", of="governments", unit="quarters", says="How long safe zones have lasted with support.")


@safe_zones.act("lasted", after="environment")
def last(lasted, top_support, zones, backed):
    """One quarter more while there are zones and A >= backed, else 0."""
    return lasted + 1.0 if zones > 0.0 and top_support >= backed else 0.0


@safe_zones.act("risk_culture", after="stocks")
def open_up(risk_culture, lasted, zones, together, opened):
    """L += opened zones (1 - L), once they have lasted."""
    return risk_culture + (opened * zones * (1.0 - risk_culture) if lasted >= together else 0.0)


@safe_zones.term("support")
def across(lasted, zones, together, joined_up):
    """joined_up zones, once they have lasted."""
    return joined_up * zones if lasted >= together else 0.0


safe_zones.lever("SAFE", "safe zones", [{"parameter": "zones", "add": 1}], cost=1, quadrant="Q4", level="organisation",
                 says="Departments try something concrete together, and may fail.")
