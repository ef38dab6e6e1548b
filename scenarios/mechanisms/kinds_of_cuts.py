"""Kinds of cuts (OECD 83): automatic cuts hit all alike, reviews spare what is known to work, a freeze lets nobody new in.

Expected: which is best is not known (OECD 83). A review costs less willingness the more feedback there is;
a freeze costs capacity.
"""
import letsdance as ld

kinds_of_cuts = ld.Mechanism("kinds_of_cuts", title="Automatic, reviewed and frozen cuts", source="seed", reference="S136",
                             says="Three ways to cut: for all alike, after a review, or by hiring nobody (OECD 83).")
kinds_of_cuts.parameter("reviewed", 0, (0, 1), "logit", says="How much is cut after a review of what works.")
kinds_of_cuts.parameter("frozen", 0, (0, 1), "share", says="How far posts that fall vacant stay so.")
kinds_of_cuts.parameter("vacant", 0.02, (0, 0.3), "per quarter", says="Which share of capacity falls vacant in a quarter.")


@kinds_of_cuts.term("willingness of governments")
def spared(effective_feedback, reviewed):
    """-reviewed (1 - phi): what feedback shows to work is spared."""
    return -reviewed * (1.0 - effective_feedback)


@kinds_of_cuts.act("capacity", after="stocks")
def unfilled(capacity, frozen, vacant):
    """K -= frozen vacant K."""
    return capacity - frozen * vacant * capacity


kinds_of_cuts.shock("automatic_cuts", "automatic cuts", [{"parameter": "B", "add": 0.1}], duration=24,
                    says="The same share off everybody's budget.")
kinds_of_cuts.shock("reviewed_cuts", "cuts after a review", [{"parameter": "reviewed", "add": 0.1}], duration=24,
                    says="A review tells what works, and spares it.")
kinds_of_cuts.shock("freeze", "a freeze", [{"parameter": "frozen", "add": 1}, {"parameter": "B", "add": 0.05}], duration=24,
                    says="Budgets stay as they were, and vacancies unfilled.")
