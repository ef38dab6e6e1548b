"""Tangible results (S181): sceptics are convinced by what works elsewhere, not by what is announced.

Expected: showing what peers have brings late adopters to adopt, where peers have something to show.
"""
import letsdance as ld

tangible_results = ld.Mechanism("tangible_results", title="Tangible results", source="seed", reference="S181",
                                says="Late adopters believe what they see at work among their peers.")
tangible_results.parameter("on_show", 0.2, (0, 1), "share", says="How much of peers' results is shown to others.")
tangible_results.parameter("believing", 0.5, (0, 2), "value",
                           says="What full results of all peers, shown, add for the latest.")


@tangible_results.term("adoption")
def seen_at_work(innovativeness, peers_experience, on_show, believing):
    """(1 - iota) believing on_show max(0, experience of peers)."""
    return (1.0 - innovativeness) * believing * on_show * max(0.0, peers_experience)


tangible_results.lever("SHOW", "show what works", [{"parameter": "on_show", "add": 0.7}], cost=1,
                       quadrant="Q2", level="sector",
                       says="Sceptics visit peers who use it in full, and hear their stories.")
