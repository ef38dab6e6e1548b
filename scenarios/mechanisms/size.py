"""Size (S52 S148): big organisations manage risk professionally and decide slowly, and need structure to coordinate.

Expected: where all are big, supported initiatives succeed more and adoption is slower. Nothing changes at the usual
25 citizens.
"""
import letsdance as ld

size = ld.Mechanism("size", title="Size of an organisation", source="seed", reference="S52 S148",
                    says="Big organisations fail less, decide more slowly, and work more in silos.")
size.parameter("professional", 0.8, (0, 3), "logit", says="What the management of risk of the biggest adds to success.")
size.parameter("slow", 0.15, (0, 1), "value", says="What the biggest lose of the value of adopting by slow decisions.")
size.parameter("walls", 0.1, (0, 1), "share", says="How much more silo the biggest have.")


@size.act("silo", after="environment")
def structure(silo, citizens, quarter, walls):
    """silo += walls (n - 25) / (n + 25), once."""
    return silo + walls * (citizens - 25.0) / (citizens + 25.0) if quarter == 1.0 else silo


@size.term("success")
def careful(citizens, professional):
    """professional (n - 25) / (n + 25)."""
    return professional * (citizens - 25.0) / (citizens + 25.0)


@size.term("adoption")
def ponderous(citizens, slow):
    """-slow (n - 25) / (n + 25)."""
    return -slow * (citizens - 25.0) / (citizens + 25.0)
