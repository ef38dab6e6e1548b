"""Tokenism (S157): citizens who called and were not supported trust less, all who hear of it.

Expected: trust is lower, above all in Lone Ranger, where most acts go without support.
"""
import letsdance as ld

tokenism = ld.Mechanism("tokenism", title="Unanswered calls", source="seed", reference="S157",
                        says="Initiatives that government leaves alone lower trust in it.")
tokenism.parameter("let_down", 0.03, (0, 0.5), "share",
                   says="How much trust an unsupported initiative per 25 citizens takes.")


@tokenism.act("trust", after="stocks")
def disappointed(trust, launched_solo, government_citizens, let_down):
    """T -= let_down T (unsupported launches per 25 citizens)."""
    return trust * (1.0 - let_down * min(1.0, launched_solo * 25.0 / government_citizens))
