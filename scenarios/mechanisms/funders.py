"""Funders' tolerance (S55): what a funder tolerates ends at the organisation's border; after a failure money goes.

Expected: with little tolerance fewer services run, for more of them end.
"""
import letsdance as ld

funders = ld.Mechanism("funders", title="What funders tolerate", source="seed", reference="S55 S59",
                       says="Where funders tolerate no failure, long-term money goes after one.")
funders.parameter("tolerance", 0.3, (0, 1), "share", says="How far funders tolerate failure.")
funders.parameter("withdrawn", 0.6, (0, 1), "share", says="Which share of the money goes after a failure per 25 citizens.")
funders.parameter("come_back", 0.08, (0, 1), "per quarter", says="How fast money comes back.")


def at_first(funding):
    """As the run begins."""
    return funding


funders.column("usual_money", of="governments", start=at_first, says="Long-term money where nothing fails.")


@funders.act("funding", after="outcomes")
def withdraw(funding, usual_money, supported_failures, citizens, tolerance, withdrawn, come_back):
    """fund += come_back (usual - fund); then fund *= 1 - (1 - tolerance) withdrawn failures."""
    back = funding + come_back * (usual_money - funding)
    return back * (1.0 - (1.0 - tolerance) * withdrawn * min(1.0, supported_failures * 25.0 / citizens))


funders.lever("PATIENT", "patient funders", [{"parameter": "tolerance", "add": 0.5}], cost=1,
              quadrant="Q3", level="society", says="Funders are won for the risk that innovation takes.")
