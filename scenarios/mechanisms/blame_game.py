"""The blame game (S176): in the year before an election, cuts become a quarrel on who is to blame.

The model itself has failure blamed harder under cuts (chi_B). This adds to it: cuts take risk culture though nothing fails.

Expected: austerity takes more risk culture with politics than without; without cuts nothing changes.
"""
import letsdance as ld

blame_game = ld.Mechanism("blame_game", title="The blame game on cuts", source="seed", reference="S176 S107",
                          says="In the year before an election, cuts become a quarrel on who is to blame.")
blame_game.parameter("quarrel", 0.06, (0, 0.5), "per quarter", says="How much risk culture a quarrel on cuts takes.")


@blame_game.act("risk_culture", after="stocks")
def blamed(risk_culture, quarrel, quarter, p):
    """L -= quarrel strain L within four quarters of an election, strain = B / (B + B_half)."""
    stress = max(0.0, p.B)
    heat = 1.0 if quarter % p.election_every + 4.0 >= p.election_every else 0.0
    return risk_culture - quarrel * heat * stress / (stress + p.B_half) * risk_culture
