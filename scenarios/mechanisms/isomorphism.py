"""Isomorphism (S59): under one big funder governments become alike and imitate each other more.

Expected: willingness differs less between peers.
"""
import letsdance as ld

isomorphism = ld.Mechanism("isomorphism", title="Isomorphism", source="seed", reference="S59",
                           says="Under one big funder governments become alike.")
isomorphism.parameter("one_funder", 0, (0, 1), "share", says="How far one funder pays for all.")
isomorphism.parameter("conform", 1.0, (0, 5), "logit", says="How much a government leans towards its peers.")
isomorphism.parameter("imitate_more", 0.3, (0, 2), "share", says="How much more peers' adoption is imitated.")


@isomorphism.term("willingness of governments")
def like_peers(willingness, peers_willingness, one_funder, conform):
    """one_funder conform (gbar - g)."""
    return one_funder * conform * (peers_willingness - willingness)


@isomorphism.term("adoption")
def like_others(innovativeness, peers_news, one_funder, imitate_more, p):
    """one_funder imitate_more (1 - iota) vM n."""
    return one_funder * imitate_more * (1.0 - innovativeness) * p.vM * peers_news


@isomorphism.indicator("governments")
def unlike_peers(willingness, peers_willingness):
    """How far governments' willingness lies from their peers'."""
    return abs(willingness - peers_willingness)


isomorphism.shock("big_funder", "one big funder", [{"parameter": "one_funder", "add": 1}],
                  says="The money of all comes from one competitive fund.")
