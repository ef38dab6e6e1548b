"""Exploring and running (S189): a leader's effort goes into new projects or into what runs.

Expected: with many projects under way services end sooner.
"""
import letsdance as ld

exploring = ld.Mechanism("exploring", title="Exploring against running", source="seed", reference="S189",
                         says="Too many projects take the effort that running services need.")
exploring.parameter("at_once", 1.0, (0, 10), "initiatives per 25 citizens",
                    says="How many projects a government can do besides.")
exploring.parameter("neglected", 0.4, (0, 3), "logit", says="How much sooner services end for each project beyond.")


@exploring.term("end of services")
def distracted(projects, citizens, at_once, neglected):
    """neglected max(0, projects per 25 citizens - at_once)."""
    return neglected * max(0.0, projects * 25.0 / citizens - at_once)
