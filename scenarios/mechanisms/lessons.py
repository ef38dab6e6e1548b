"""Lessons (S110 S115): evaluated projects leave lessons; without evaluation failures are repeated.

Expected: later supported projects succeed more often, the more so the more feedback there is.
"""
import letsdance as ld

lessons = ld.Mechanism("lessons", title="Lessons of earlier projects", source="seed", reference="S110 S115",
                       says="Projects that are evaluated leave lessons for the next ones.")
lessons.parameter("drawn", 0.3, (0, 1), "share", says="What an evaluated project per 25 citizens teaches at full feedback.")
lessons.parameter("forgotten", 0.04, (0, 1), "per quarter", says="How fast lessons are forgotten.")
lessons.parameter("taught", 0.8, (0, 4), "logit", says="What all lessons learnt add to success.")
lessons.column("learnt", of="governments", says="How much earlier projects have taught.")


@lessons.act("learnt", after="outcomes")
def draw(learnt, supported_successes, supported_failures, effective_feedback, citizens, drawn, forgotten):
    """learnt += drawn phi evaluated (1 - learnt) - forgotten learnt."""
    evaluated = min(1.0, (supported_successes + supported_failures) * 25.0 / citizens)
    return learnt + drawn * effective_feedback * evaluated * (1.0 - learnt) - forgotten * learnt


@lessons.term("success")
def wiser(learnt, taught):
    """taught learnt."""
    return taught * learnt
