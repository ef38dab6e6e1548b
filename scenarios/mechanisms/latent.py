"""Latent willingness (S183): some officials get it but lack an outlet; brokers and the top give them one.

Expected: brokers and leadership raise governments' willingness more where such officials are.
"""
import letsdance as ld

latent = ld.Mechanism("latent", title="Latent willingness", source="seed", reference="S183",
                      says="Officials who would co-create lack an outlet in silos without support from the top.")
latent.parameter("outlet", 1.0, (0, 5), "1", says="How much of what inclined officials feel comes out where all is open.")


@latent.term("willingness of governments")
def released(disposition, top_support, effective_silo, outlet):
    """outlet max(0, d) A (1 - silo)."""
    return outlet * max(0.0, disposition) * top_support * (1.0 - effective_silo)
