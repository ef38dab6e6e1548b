"""Learning by implementing (S164): putting a service to work teaches more than a pilot does.

Expected: capacity rises, and more where a route to implementation lets what labs try become services.
"""
import letsdance as ld

implementing = ld.Mechanism("implementing", title="Learning by implementing", source="seed", reference="S164",
                            says="Putting a service to work teaches more, and more people, than a pilot.")
implementing.parameter("by_service", 0.1, (0, 1), "share", says="What a new supported service per 25 citizens teaches.")
implementing.parameter("by_pilot", 0.02, (0, 1), "share", says="What a pilot that works teaches.")


@implementing.act("capacity", after="stocks")
def by_doing(capacity, services_new, solo_successes, pilots_worked, citizens, by_service, by_pilot):
    """K += (by_service new supported services + by_pilot pilots that worked)(1 - K)."""
    put_to_work = min(1.0, max(0.0, services_new - solo_successes) * 25.0 / citizens)
    return capacity + (by_service * put_to_work + by_pilot * min(1.0, pilots_worked)) * (1.0 - capacity)
