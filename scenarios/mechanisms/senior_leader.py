"""One senior leader across domains (S147): silos are lower for as long as somebody answers for all of them.

Expected: silos fall and more citizens' initiatives are supported; where the top does not stand behind it, little happens.
"""
import letsdance as ld

senior_leader = ld.Mechanism("senior_leader", title="One leader across domains", source="seed", reference="S147",
                             says="Somebody at the top who answers for several departments lowers the walls between them.")
senior_leader.parameter("over_all", 0, (0, 1), "share", role="lever", says="How many departments share a leader.")
senior_leader.parameter("walls_down", 0.6, (0, 1), "share",
                        says="How much of the silo goes under a leader whom all support.")


def at_first(silo):
    """The silo at the start."""
    return silo


senior_leader.column("own_walls", of="governments", start=at_first, says="The silo that is there without the leader.")


@senior_leader.act("silo", after="environment")
def lead_across(own_walls, top_support, over_all, walls_down):
    """silo = own_walls (1 - walls_down over_all A)."""
    return own_walls * (1.0 - walls_down * over_all * top_support)


@senior_leader.indicator("governments")
def walls_between(effective_silo):
    """Walls between departments, as they act."""
    return effective_silo


senior_leader.lever("ONEHEAD", "one leader across domains", [{"parameter": "over_all", "add": 1}], cost=1,
                    quadrant="Q4", level="organisation", says="A senior leader answers for several departments at once.")
