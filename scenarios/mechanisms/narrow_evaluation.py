"""Narrow evaluation (S83): where procurement sets what is evaluated, only costs are looked at.

Expected: services end sooner, above all those that citizens trust; a broad evaluation keeps them.
"""
import letsdance as ld

narrow_evaluation = ld.Mechanism("narrow_evaluation", title="Narrow evaluation", source="seed", reference="S83",
                                 says="Where only costs are evaluated, services end that citizens value.")
narrow_evaluation.parameter("narrow", 1, (0, 1), "share", says="How much of an evaluation looks at costs alone.")
narrow_evaluation.parameter("worth_unseen", 1.2, (0, 5), "logit",
                            says="What a service loses where its worth to citizens is not looked at.")


@narrow_evaluation.term("end of services")
def by_cost_alone(narrow, worth_unseen, effective_feedback, citizens_trust):
    """narrow worth_unseen phi T: what feedback would have said of a trusted service is not heard."""
    return narrow * worth_unseen * effective_feedback * citizens_trust


narrow_evaluation.lever("BROAD", "broad evaluation", [{"parameter": "narrow", "add": -0.7}], cost=1,
                        quadrant="Q1", level="organisation", says="Citizens' view and equity are evaluated beside costs.")
