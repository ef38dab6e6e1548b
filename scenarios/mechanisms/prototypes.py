"""Prototypes (S138 S139): a prototype before the pilot is cheap, takes a while, and shows what would fail.

Expected: of the pilots that begin, more work.
"""
import letsdance as ld

prototypes = ld.Mechanism("prototypes", title="Prototypes before pilots", source="seed", reference="S138 S139",
                          says="A prototype shows cheaply what would fail in a pilot.")
prototypes.lever("PROTO", "prototypes", [
    {"parameter": "pilot0", "add": 0.6}, {"parameter": "pilot_rate", "multiply": 0.8}],
    cost=1, quadrant="Q1", level="organisation", says="What is to be piloted is tried as a model first.")


@prototypes.indicator("governments", "per municipality")
def working_pilots(pilots_worked):
    """Pilots that worked this quarter, per municipality."""
    return pilots_worked
