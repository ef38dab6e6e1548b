"""Recommendations (S48 S40): whether a report is acted upon depends on culture, power, media and money.

Expected: more is acted upon where risk culture, support from the top or long-term money is high; unmet need falls.
"""
import letsdance as ld

recommendations = ld.Mechanism("recommendations", title="Uptake of recommendations", source="seed", reference="S48 S40",
                               says="Reports meet a need and sharpen feedback as far as they are acted upon.")
recommendations.parameter("media", 0.3, (0, 1), "share", says="How much the media speak of a report.")
recommendations.parameter("need_met", 0.15, (0, 1), "per quarter", says="How much of the unmet need a report meets.")
recommendations.parameter("ears_opened", 0.1, (0, 1), "per quarter", says="How much feedback gains while a report stands.")
recommendations.column("acted_upon", of="governments", says="How far the reports of this quarter are acted upon.")


@recommendations.act("acted_upon", after="environment")
def take_up(risk_culture, top_support, funding, audit, media):
    """(L + A + fund + media) / 4 while a report stands, else 0."""
    return (risk_culture + top_support + funding + media) / 4.0 if audit > 0.0 else 0.0


@recommendations.act("need", after="environment")
def meet(need, acted_upon, need_met):
    """need -= need_met acted_upon need."""
    return need - need_met * acted_upon * need


@recommendations.act("feedback", after="environment")
def listen_better(feedback, acted_upon, ears_opened):
    """phi += ears_opened acted_upon (1 - phi)."""
    return feedback + ears_opened * acted_upon * (1.0 - feedback)


@recommendations.indicator("governments")
def reports_acted_upon(acted_upon):
    """How far reports are acted upon; 0 where none stands."""
    return acted_upon


@recommendations.indicator("governments")
def unmet_need(effective_need):
    """Unmet need."""
    return effective_need
