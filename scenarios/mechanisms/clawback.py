"""Clawback (S135): who saves by innovating and loses the savings hides the innovation.

Expected: late adopters, who look at others, adopt later; innovators hardly.
"""
import letsdance as ld

clawback = ld.Mechanism("clawback", title="Savings are clawed back", source="seed", reference="S135",
                        says="Savings that are taken back make governments hide what they do.")
clawback.parameter("taken_back", 1, (0, 1), "share", says="How much of what is saved is taken back.")
clawback.parameter("hide", 0.4, (0, 1), "share", says="How much of adoptions is hidden from peers if all is taken.")
clawback.parameter("not_worth_it", 0.02, (0, 0.5), "value", says="What losing the savings takes from adopting.")


@clawback.term("adoption")
def unseen(innovativeness, novelty, taken_back, hide, not_worth_it, p):
    """-taken_back (hide (1 - iota) vM n + not_worth_it), n the fresh adopters met."""
    return -taken_back * (hide * (1.0 - innovativeness) * p.on_imitation * p.vM * novelty + not_worth_it)


clawback.lever("KEEP", "keep what is saved", [{"parameter": "taken_back", "add": -1}], cost=1,
               quadrant="Q3", level="sector", says="Whoever saves by innovating keeps it.")
