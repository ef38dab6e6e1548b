"""Replacing the old (OECD 123; S156 S168): services that are proven take the place of the old ones, which frees money.

Expected: old services fall where supported services run and feedback proves them, and hardly elsewhere;
without this, they stay as they were (S32).
"""
import letsdance as ld

replacing = ld.Mechanism("replacing", title="Proven innovations replace the old", source="seed", reference="S156 S32 S168",
                         says="Old services are stopped where new ones are proven, and their money is free (OECD 123).")
replacing.parameter("stopping", 0, (0, 1), "per quarter", role="lever", says="How fast old services are stopped.")
replacing.parameter("freed", 0.2, (0, 1), "logit", says="How much the money of all old services eases a budget.")
replacing.column("old_services", of="governments", start=1.0, says="Which share of the old services still runs.")


@replacing.act("old_services", after="outcomes")
def stop(old_services, services_joint, services_called, effective_feedback, citizens, stopping, p):
    """old -= stopping phi max(0, old - (1 - proven)), proven = supported services / (cover n/25), at most 1."""
    proven = min(1.0, (services_joint + services_called) * 25.0 / (citizens * p.cover))
    return old_services - stopping * effective_feedback * max(0.0, old_services - (1.0 - proven))


@replacing.term("willingness of governments")
def room(old_services, freed):
    """freed (1 - old)."""
    return freed * (1.0 - old_services)


@replacing.indicator("governments")
def old_services_run(old_services):
    """Share of the old services that still run."""
    return old_services


replacing.lever("REPLACE", "replace the old by what is proven", [{"parameter": "stopping", "add": 0.1}], cost=1,
                quadrant="Q3", level="organisation", says="What a new service does as well, the old one stops doing.")
