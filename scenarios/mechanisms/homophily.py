"""Homophily (S185): people and governments listen to those who are like them, so the converted convert each other.

Expected: with more homophily an innovation reaches fewer.
"""
import letsdance as ld

homophily = ld.Mechanism("homophily", title="Homophily", source="seed", reference="S185",
                         says="Citizens and governments listen to those who are as willing as themselves.")
homophily.parameter("alike_only", 0.8, (0, 1), "share", says="How much of the example of those who differ is lost.")
homophily.parameter("earshot", 0.2, (0.01, 1), "share", says="The difference in willingness at which nobody listens.")


@homophily.term("willingness of citizens")
def deaf_to_neighbours(willingness, neighbours_willingness, alike_only, earshot, p):
    """-alike_only wN (nbar - .5) min(1, |nbar - w| / earshot)."""
    apart = min(1.0, abs(neighbours_willingness - willingness) / earshot)
    return -alike_only * apart * p.wN * (neighbours_willingness - 0.5)


@homophily.term("adoption")
def deaf_to_peers(willingness, peers_willingness, peers_news, innovativeness, alike_only, earshot, p):
    """-alike_only (1 - iota) vM n min(1, |gbar - g| / earshot), n the fresh adopters among peers."""
    apart = min(1.0, abs(peers_willingness - willingness) / earshot)
    return -alike_only * apart * (1.0 - innovativeness) * p.on_imitation * p.vM * p.mix * peers_news
