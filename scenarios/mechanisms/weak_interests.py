"""Firms and NGOs as weak interests (S3): they are heard as little as citizens, and bring what governments lack.

Expected: once they are heard, more citizens' initiatives are supported, and supported work succeeds more.
"""
import letsdance as ld

weak_interests = ld.Mechanism("weak_interests", title="Firms and NGOs as weak interests", source="seed", reference="S3",
                              says="Small firms and NGOs stand beside citizens, where they are heard.")
weak_interests.parameter("organised", 0.5, (0, 3), "logit", says="What organised interests take from support for others.")
weak_interests.parameter("heard", 0.2, (0, 1), "share", says="How far firms and NGOs are heard.")
weak_interests.parameter("contributed", 0.4, (0, 3), "logit", says="What they add to success where they are heard.")


@weak_interests.term("support")
def crowded_by(organised, heard):
    """-organised (1 - heard)."""
    return -organised * (1.0 - heard)


@weak_interests.term("success")
def brought_along(heard, contributed):
    """heard contributed."""
    return heard * contributed


weak_interests.lever("HEAR", "firms and NGOs are heard", [{"parameter": "heard", "add": 0.7}], cost=1,
                     quadrant="Q1", level="society", says="Small firms and NGOs sit at the table beside citizens.")
