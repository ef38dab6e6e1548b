"""Knowledge systems (S105): they change no culture by themselves; only where risk culture is open do they add capacity.

Expected: next to nothing where risk culture is low.
"""
import letsdance as ld

knowledge_systems = ld.Mechanism("knowledge_systems", title="Knowledge systems", source="seed", reference="S105",
                                 says="Systems for knowledge help only where people dare to share it.")
knowledge_systems.parameter("systems", 0, (0, 1), "share", role="lever", says="How far knowledge systems are there.")
knowledge_systems.parameter("stored", 0.04, (0, 0.5), "per quarter", says="What they add to capacity at the best culture.")


@knowledge_systems.act("capacity", after="stocks")
def store(capacity, risk_culture, systems, stored):
    """K += systems stored L^4 (1 - K): at a culture of .3 less than a hundredth of what they can add."""
    return capacity + systems * stored * risk_culture * risk_culture * risk_culture * risk_culture * (1.0 - capacity)


knowledge_systems.lever("ICT", "knowledge systems", [{"parameter": "systems", "add": 1}], cost=2,
                        quadrant="Q1", level="organisation", says="Systems that hold what the organisation knows.")
