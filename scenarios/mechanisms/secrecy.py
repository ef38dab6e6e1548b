"""Secrecy (S112): what is not shown is not known: trust no longer tracks what government does, and feedback dries up.

Expected: when governments become more responsive, trust follows less.
"""
import letsdance as ld

secrecy = ld.Mechanism("secrecy", title="Secrecy", source="seed", reference="S112 S46",
                       says="What is not shown is not known; feedback dries up.")
secrecy.parameter("hidden", 0, (0, 1), "share", says="How much of what government does is kept from citizens.")
secrecy.parameter("muffled", 0.5, (0, 1), "share", says="How much feedback full secrecy takes.")


def at_first(feedback):
    """As the run begins."""
    return feedback


secrecy.column("open_feedback", of="governments", start=at_first, says="Feedback where nothing is hidden.")
secrecy.column("before_news", of="citizens", says="Trust before this quarter's news.")


@secrecy.act("feedback", after="environment")
def muffle(open_feedback, hidden, muffled):
    """phi = what it would be (1 - hidden muffled)."""
    return open_feedback * (1.0 - hidden * muffled)


@secrecy.act("before_news", after="outcomes")
def remember(trust):
    """What is felt before news comes."""
    return trust


@secrecy.act("trust", after="stocks")
def unheard(trust, before_news, hidden):
    """T += hidden (T before news - T): what is hidden moves nobody."""
    return trust + hidden * (before_news - trust)


@secrecy.indicator("governments")
def untracked(mean_trust, willingness, effective_silo):
    """How far trust lies from what government does, |T - g (1 - silo)|."""
    return abs(mean_trust - willingness * (1.0 - effective_silo))


secrecy.shock("closed_doors", "closed doors", [{"parameter": "hidden", "add": 0.8}],
              says="Results and decisions are kept from the public.")
