"""Public service motivation (S120 S122 S123 S190): fourteen tactics in four groups raise it slowly; pay does not.

Expected: each group raises governments' willingness; pay does nothing, and takes some where it crowds out (off by default).
"""
import letsdance as ld

public_service = ld.Mechanism("public_service", title="Public service motivation", source="seed",
                              reference="S120 S122 S123 S190",
                              says="What moves public servants is the work's worth to others.")
for name, says in (("selected", "selecting and socialising for it"),
                   ("meeting", "contact with those it is for, and feedback"),
                   ("empowered", "empowerment and a supportive place"), ("mission", "leaders and a clear mission")):
    public_service.parameter(name, 0, (0, 0.2), "per quarter", role="lever", says=f"How fast motivation grows by {says}.")
public_service.parameter("bonus", 0, (0, 1), "share", role="lever", says="How much pay hangs on performance.")
public_service.parameter("crowding_out", 0, (0, 0.2), "per quarter", says="How fast a bonus takes motivation away.")
public_service.parameter("worn", 0.02, (0, 1), "per quarter", says="How fast motivation goes back to what is usual.")
public_service.parameter("moved", 0.2, (0, 2), "logit", says="What full motivation adds to a government's willingness.")
public_service.column("motivation", of="governments", start=0.5, says="Public service motivation; half is usual.")


@public_service.act("motivation", after="stocks")
def grow(motivation, selected, meeting, empowered, mission, bonus, crowding_out, worn):
    """m += (selected + 2 meeting m + empowered + mission)(1 - m) - crowding_out bonus m - worn (m - .5)."""
    grown = (selected + 2.0 * meeting * motivation + empowered + mission) * (1.0 - motivation)
    return motivation + grown - crowding_out * bonus * motivation - worn * (motivation - 0.5)


@public_service.term("willingness of governments")
def calling(motivation, moved):
    """moved (m - .5)."""
    return moved * (motivation - 0.5)


def tactic(name, parameter, title, says, *more):
    public_service.lever(name, title, [{"parameter": parameter, "add": 0.02}, *more], cost=1,
                         quadrant="Q2", level="individual", says=says)


tactic("SELECT", "selected", "select and socialise", "Hire, train and teach, before service too, for the wish to serve.")
tactic("MEET", "meeting", "meet those it is for", "Staff meet beneficiaries, and hear what their work does.")
tactic("EMPOWER", "empowered", "empower and support",
       "Staff decide more, in a place that supports them; they respond faster.", {"parameter": "close", "add": 0.05})
tactic("MISSION", "mission", "leaders and mission", "Leaders live a clear mission and talk of it, in and out of the house.")
public_service.lever("PAY", "performance pay", [{"parameter": "bonus", "add": 1}], cost=4,
                     quadrant="Q2", level="individual", says="Pay hangs on performance.")
