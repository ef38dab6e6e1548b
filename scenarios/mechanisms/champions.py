"""Champions (S10): a person who carries an innovation; it spreads to peers by imitation. Champions come and leave.

Expected: champions in some towns bring these to adopt sooner, and others after them.
"""
import letsdance as ld

champions = ld.Mechanism("champions", title="Champions", source="seed", reference="S10",
                         says="A champion carries the innovation at home, and is imitated elsewhere.")
champions.parameter("found", 0, (0, 1), "per quarter", role="lever", says="The chance that a champion stands up.")
champions.parameter("moves_on", 0.04, (0, 1), "per quarter", says="The chance that a champion moves on.")
champions.parameter("zeal", 0.3, (0, 2), "value", says="What a champion adds to the value of adopting.")
champions.parameter("wins_over", 0.02, (0, 0.5), "per quarter", says="How fast a champion wins the top over.")
champions.column("champion", of="governments", says="Whether there is a champion.")


@champions.act("champion", after="environment")
def stand_up(champion, luck, found, moves_on):
    """One stands up with chance `found`, and moves on with chance `moves_on`."""
    if champion > 0.0:
        return 0.0 if luck < moves_on else 1.0
    return 1.0 if luck < found else 0.0


@champions.term("adoption")
def carried(champion, zeal):
    """zeal, where there is a champion."""
    return zeal * champion


@champions.act("top_support", after="stocks")
def won_over(top_support, champion, wins_over):
    """A += wins_over (1 - A), where there is a champion."""
    return top_support + wins_over * champion * (1.0 - top_support)


champions.lever("CHAMP", "champions", [{"parameter": "found", "add": 0.25}], cost=1, quadrant="Q2", level="individual",
                says="Champions are looked for, and given time and cover.")
