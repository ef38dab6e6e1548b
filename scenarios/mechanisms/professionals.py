"""Professionals who know best (S186 S187): letting go is a threat, less so for those who have learnt to listen.

Expected: sharing decision rights (POWER) dips governments' willingness; after free-range officials (FRCS) it dips less.
"""
import letsdance as ld

professionals = ld.Mechanism("professionals", title="Professionals who know best", source="seed", reference="S186 S187",
                             says="Letting citizens decide threatens professionals, least those who have learnt to listen.")
professionals.parameter("threat", 0.3, (0, 2), "logit", says="What letting go takes from willingness where nobody listens.")
professionals.parameter("listen", 0.8, (0, 5), "per quarter", says="How fast being close to citizens teaches to listen.")
professionals.parameter("unlearn", 0.02, (0, 1), "per quarter", says="How fast listening is unlearnt.")


def at_first(own_called):
    """As the run begins."""
    return own_called


professionals.column("usual_say", of="governments", start=at_first,
                     says="What citizens decide of what government calls for.")
professionals.column("listening", of="governments", says="How far professionals have learnt to listen.")


@professionals.act("listening", after="stocks")
def hear(listening, listen, unlearn, p):
    """listening += listen close (1 - listening) - unlearn listening."""
    return min(1.0, listening + listen * p.close * (1.0 - listening) - unlearn * listening)


@professionals.term("willingness of governments")
def passed_over(listening, usual_say, threat, own_called):
    """-threat (own_called beyond the usual) (1 - listening)."""
    return -threat * max(0.0, own_called - usual_say) * (1.0 - listening)
