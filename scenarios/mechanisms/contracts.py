"""Contracts (S152): tenders and pay by results shut small civil organisations out; commissioning with them lets them in.

Expected: fewer citizens' initiatives find support; collaborative commissioning brings it back.
"""
import letsdance as ld

contracts = ld.Mechanism("contracts", title="Contracts that shut out the small", source="seed", reference="S152 S155",
                         says="Contracts shut out small organisations; commissioning with them lets them in.")
contracts.parameter("tendered", 1, (0, 1), "share", says="How much of what is supported goes through contracts.")
contracts.parameter("barrier", 1.0, (0, 4), "logit", says="How hard a contract is for a citizens' initiative.")


@contracts.term("support")
def shut_out(tendered, barrier):
    """-tendered barrier."""
    return -tendered * barrier


contracts.lever("COMM", "collaborative commissioning", [{"parameter": "tendered", "add": -0.7}], cost=1,
                quadrant="Q4", level="society", says="What is bought is worked out with those who know the need.")
