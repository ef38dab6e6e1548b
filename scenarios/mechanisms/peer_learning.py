"""Learning from peers (S101): knowledge is sourced, used and shared; what peers know from experience helps one's own work.

Expected: capacity and the success of supported work rise, more where there is feedback.
"""
import letsdance as ld

peer_learning = ld.Mechanism("peer_learning", title="Learning from peers", source="seed", reference="S101",
                             says="The experience of peers adds to capacity, and to the success of one's own work.")
peer_learning.parameter("passed_on", 0.02, (0, 0.5), "per quarter",
                        says="How fast capacity follows peers' experience at full feedback.")
peer_learning.parameter("forewarned", 0.4, (0, 3), "logit", says="What peers' full experience adds to success.")


@peer_learning.act("capacity", after="stocks")
def learn_from(capacity, peers_experience, effective_feedback, passed_on):
    """K += passed_on phi max(0, experience of peers) (1 - K)."""
    return capacity + passed_on * effective_feedback * max(0.0, peers_experience) * (1.0 - capacity)


@peer_learning.term("success")
def warned(peers_experience, forewarned):
    """forewarned max(0, experience of peers)."""
    return forewarned * max(0.0, peers_experience)
