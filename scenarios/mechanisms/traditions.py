"""Traditions (S12): how open a government is to citizens lies in its own past and structure, not only in the country's.

Expected: willingness of governments lies further apart between peers.
"""
import letsdance as ld

traditions = ld.Mechanism("traditions", title="Traditions of municipalities", source="seed", reference="S12",
                          says="Every municipality has a tradition of its own beside the country's.")
traditions.parameter("sd_tradition", 0.5, (0, 2), "logit", says="How much tradition differs between municipalities.")
traditions.column("own_tradition", of="governments", unit="logit", says="How much more open than the country's it is.")


@traditions.act("own_tradition", after="environment")
def inherit(own_tradition, chance, quarter, sd_tradition):
    """sd_tradition times a standard normal, once, in the first quarter."""
    return sd_tradition * chance if quarter == 1.0 else own_tradition


@traditions.term("willingness of governments")
def handed_down(own_tradition):
    """own_tradition."""
    return own_tradition


@traditions.indicator("governments")
def apart_from_peers(willingness, peers_willingness):
    """How far a government's willingness lies from its peers'."""
    return abs(willingness - peers_willingness)
