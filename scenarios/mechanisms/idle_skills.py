"""Skills that are not practised (S169): training builds skills, only practice keeps them.

Expected: after a burst of training, capacity falls back further where little is done together.
"""
import letsdance as ld

idle_skills = ld.Mechanism("idle_skills", title="Skills wear without practice", source="seed", reference="S169",
                           says="What was learnt wears where nothing is done together.")
idle_skills.parameter("rust", 0.04, (0, 0.5), "per quarter", says="How fast capacity wears where nothing is practised.")
idle_skills.parameter("enough_practice", 2, (0.1, 20), "initiatives",
                      says="How many supported initiatives per 25 citizens are practice enough.")


@idle_skills.act("capacity", after="stocks")
def wear(capacity, services_joint, services_called, supported_successes, supported_failures, citizens, rust,
         enough_practice):
    """K -= rust K (1 - practice); practice: supported initiatives per 25 citizens over enough_practice, at most 1."""
    done = services_joint + services_called + supported_successes + supported_failures
    return capacity - rust * capacity * (1.0 - min(1.0, done * 25.0 / citizens / enough_practice))
