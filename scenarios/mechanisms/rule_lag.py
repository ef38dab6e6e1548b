"""Rules that lag (S133): rules on records, privacy and access were made before the technology.

Expected: digital innovations are adopted less until rules catch up; co-creation is not touched.
"""
import letsdance as ld

rule_lag = ld.Mechanism("rule_lag", title="Rules lag behind technology", source="seed", reference="S133",
                        says="Old rules stand in the way of digital innovations.")
rule_lag.parameter("outdated", 1, (0, 1), "share", says="How far rules lag behind.")
rule_lag.parameter("hindrance", 0.12, (0, 1), "value", says="What they take from the value of a digital innovation.")


@rule_lag.term("adoption")
def in_the_way(outdated, hindrance, p):
    """-outdated hindrance, where the innovation is not co-creation itself."""
    return -outdated * hindrance * (1.0 - p.link)


rule_lag.lever("CATCHUP", "rules that catch up", [{"parameter": "outdated", "add": -0.7}], cost=1,
               quadrant="Q3", level="sector", says="Rules on records, privacy and access are renewed.")
