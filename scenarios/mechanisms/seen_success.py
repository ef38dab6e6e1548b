"""Success that is seen (S160): trust in new ways comes from successes that are tracked and evaluated.

Expected: risk culture rises with successes, more where they are evaluated (high feedback).
"""
import letsdance as ld

seen_success = ld.Mechanism("seen_success", title="Success that is seen", source="seed", reference="S160",
                            says="Successes that are evaluated make an organisation dare more.")
seen_success.parameter("convinced", 0.1, (0, 1), "share",
                       says="What an evaluated success per 25 citizens adds to risk culture.")


@seen_success.act("risk_culture", after="stocks")
def convince(risk_culture, supported_successes, effective_feedback, citizens, convinced):
    """L += convinced phi successes (1 - L), successes per 25 citizens."""
    seen = effective_feedback * min(1.0, supported_successes * 25.0 / citizens)
    return risk_culture + convinced * seen * (1.0 - risk_culture)
