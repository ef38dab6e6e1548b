"""Government as a platform (S159 S143): it tracks, coordinates and promotes citizens' efforts without taking over.

Expected: more citizens' initiatives are supported, they succeed more, and last longer.
"""
import letsdance as ld

platform = ld.Mechanism("platform", title="Government as a platform", source="seed", reference="S159 S143",
                        says="Government supports citizens' efforts without taking them over.")
platform.parameter("offered", 0, (0, 1), "share", role="lever", says="How far government is a platform.")
platform.parameter("easier", 0.5, (0, 3), "logit", says="What a platform adds to support.")
platform.parameter("linked", 0.2, (0, 2), "logit", says="What it adds to success, and takes off the end of services.")


@platform.term("support")
def supported_more(offered, easier):
    """offered easier."""
    return offered * easier


@platform.term("success")
def linked_up(offered, linked):
    """offered linked."""
    return offered * linked


@platform.term("end of services")
def carried_on(offered, linked):
    """-offered linked."""
    return -offered * linked


platform.lever("PLATFORM", "government as a platform", [{"parameter": "offered", "add": 1}], cost=2,
               quadrant="Q4", level="sector", says="It tracks what there is, coordinates, and promotes what citizens do.")
