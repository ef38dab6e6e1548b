"""Competition (S155): organisations that compete do not share what they learn.

Expected: the more competition, the slower others learn, and the later they adopt.
"""
import letsdance as ld

competition = ld.Mechanism("competition", title="Competition", source="seed", reference="S155",
                           says="Whoever competes keeps to itself what was learnt.")
competition.parameter("competing", 0.5, (0, 1), "share", says="How far organisations compete rather than share.")


@competition.term("adoption")
def kept_back(peers_experience, innovativeness, peers_news, competing, p):
    """-competing (vA adv_gain experience of peers + (1 - iota) vM mix n / 2): what is not told."""
    told = p.vA * p.adv_gain * max(0.0, peers_experience)
    return -competing * (told + 0.5 * (1.0 - innovativeness) * p.on_imitation * p.vM * p.mix * peers_news)


competition.lever("SHARING", "share what is learnt", [{"parameter": "competing", "add": -0.4}], cost=1,
                  quadrant="Q4", level="sector", says="What is commissioned must be shared with all.")
