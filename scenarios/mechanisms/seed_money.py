"""Seed money (S154): small sums for social enterprise bring more initiatives of citizens, and money that stays.

Expected: more launches by citizens alone, and more services.
"""
import letsdance as ld

seed_money = ld.Mechanism("seed_money", title="Seed money", source="seed", reference="S154",
                          says="Seed funds bring more calls by citizens, and some long-term money.")
seed_money.parameter("seeded", 0, (0, 1), "share", role="lever", says="How widely seed money is offered.")
seed_money.parameter("encouraged", 0.03, (0, 0.3), "share",
                     says="How much readier citizens are to join what has seed money.")
seed_money.parameter("lasting", 0.3, (0, 2), "logit", says="How much seed money takes off the end of a service.")


@seed_money.term("joining")
def worth_a_try(seeded, encouraged):
    """seeded encouraged."""
    return seeded * encouraged


@seed_money.term("end of services")
def lasts(seeded, lasting):
    """-seeded lasting."""
    return -seeded * lasting


seed_money.lever("SEED", "seed money", [{"parameter": "seeded", "add": 1}, {"parameter": "f_c", "multiply": 1.15}], cost=3,
                 quadrant="Q3", level="society",
                 says="Citizens' initiatives and social enterprises get small sums to begin with.")
