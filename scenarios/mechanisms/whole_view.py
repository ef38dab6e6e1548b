"""An integrated view of the citizen (S119): services know a citizen as a whole, as far as silos let them share that.

Expected: what is done together succeeds more often; trust wears, unless privacy is kept.
"""
import letsdance as ld

whole_view = ld.Mechanism("whole_view", title="An integrated view of the citizen", source="seed", reference="S119",
                          says="Services know a citizen as a whole; without privacy that wears trust.")
whole_view.parameter("viewed", 0, (0, 1), "share", role="lever", says="How far services share what they know of a citizen.")
whole_view.parameter("private", 0, (0, 1), "share", role="lever", says="How far citizens' privacy is kept.")
whole_view.parameter("whole_fit", 0.3, (0, 3), "logit",
                     says="What a view of the whole adds to success where there are no silos.")
whole_view.parameter("intruded", 0.01, (0, 0.2), "per quarter", says="How fast trust wears under it without privacy.")


@whole_view.term("success")
def fitted(viewed, whole_fit, effective_silo):
    """viewed whole_fit (1 - silo)."""
    return viewed * whole_fit * (1.0 - effective_silo)


@whole_view.act("trust", after="stocks")
def watched(trust, viewed, private, intruded):
    """T -= intruded viewed (1 - private) T."""
    return trust - intruded * viewed * (1.0 - private) * trust


whole_view.lever("VIEW", "one view of the citizen", [{"parameter": "viewed", "add": 1}], cost=2,
                 quadrant="Q1", level="sector", says="Departments see what the others know of a citizen.")
whole_view.lever("PRIVACY", "privacy kept", [{"parameter": "private", "add": 1}], cost=1,
                 quadrant="Q3", level="sector", says="Citizens say who may see what, and can look.")
