"""A stunt or meant (S165): a mayor who lives among the poor is called a stunt by some, until it is kept up.

Expected: once is little; sustained it raises trust and support from the top much more.
"""
import letsdance as ld

stunt = ld.Mechanism("stunt", title="A stunt, or meant", source="seed", reference="S165",
                     says="Leaders who go and live among citizens gain trust, once they keep it up.")
stunt.parameter("goes", 0, (0, 1), "share", role="lever", says="How far leaders go and see for themselves.")
stunt.parameter("called_stunt", 0.6, (0, 1), "share", says="The chance that it is called a stunt at first.")
stunt.parameter("kept_up", 4, (1, 20), "quarters", says="After how long nobody calls it a stunt.", whole=True)
stunt.parameter("touched", 0.01, (0, 0.2), "per quarter", says="How fast trust and support grow while it is believed.")
stunt.column("visits", of="governments", unit="quarters", says="For how long leaders have gone without a break.")
stunt.column("believed", of="governments", says="Whether it is believed.")


@stunt.act("visits", after="environment")
def go(visits, goes):
    """One quarter more while they go."""
    return visits + 1.0 if goes > 0.0 else 0.0


@stunt.act("believed", after="environment")
def believe(believed, visits, luck, goes, called_stunt, kept_up):
    """The first time with the chance 1 - called_stunt; once kept up, by all."""
    if goes == 0.0:
        return 0.0
    if visits > kept_up:
        return 1.0
    return (1.0 if luck >= called_stunt else 0.0) if visits == 1.0 else believed


@stunt.act("trust", after="stocks")
def touch(trust, believed, goes, touched):
    """T += touched goes (1 - T), where believed."""
    return trust + touched * goes * believed * (1.0 - trust)


@stunt.act("top_support", after="stocks")
def moved_by_it(top_support, visits, goes, kept_up, touched):
    """A += touched goes (1 - A) min(1, visits / kept_up): what they see moves them, with time."""
    return top_support + touched * goes * min(1.0, visits / kept_up) * (1.0 - top_support)


stunt.lever("GOSEE", "leaders go and see", [{"parameter": "goes", "add": 1}], cost=1, quadrant="Q2", level="organisation",
            says="Mayors live and work for a while where it is hardest.")
