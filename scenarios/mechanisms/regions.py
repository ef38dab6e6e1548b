"""Two tiers (OECD 110-112; S149 S150 S64): what needs a region too waits where nobody is in charge of both tiers.

A region is a government by the model's own rules, without citizens, capacity or risk culture of its own (.5 each); its
municipalities are its peers. `multilevel` holds a part of it as a number that never moves: load one of the two.
Expected: adoption is slower, slowest where regions' budgets are cut; top support in regions, and a committee of both, help.
"""
import letsdance as ld
from letsdance.simulation.rules.stocks import next_top_support
from letsdance.simulation.rules.willingness import government_drive, next_willingness

regions = ld.Mechanism("regions", title="Two tiers of government", source="seed", reference="S149 S150 S64",
                       says="Municipalities lie in regions; what needs both waits where nobody leads both (OECD 110-112).")
regions.parameter("per_region", 5, (1, 100), "municipalities", role="constant", whole=True, source="assumed",
                  says="How many municipalities, neighbours in their table, a region has.")
regions.parameter("needs_region", 0.5, (0, 1), "share", source="assumed",
                  says="How much of what municipalities begin needs their region: procurement more, telework less.")
regions.parameter("in_charge", 0, (0, 1), "share", role="lever", says="How much of that has somebody who leads both.")
regions.parameter("held_up", 3, (0, 10), "logit", source="assumed", says="What waiting for a region takes from a decision.")


def begins(region_willingness):
    """As willing as its municipalities on average, and the top as far behind it."""
    return region_willingness


regions.column("regional_willingness", "governments", begins, says="How willing the region's government is.")
regions.column("regional_support", "governments", begins, says="Top support in the region's government.")
regions.column("waits", "governments", says="Whether what needs the region waits for it this quarter.")


@regions.act("regional_support", after="environment")
def regional_top(regional_support, regional_willingness, region_p):
    """A' += A_rate (A_g g' - A') + levers (1 - A'), then a blow: as of governments, without citizens."""
    return next_top_support(regional_support, regional_willingness, 0.0, 0.0, region_p)


@regions.act("regional_willingness", after="environment")
def regional_will(regional_willingness, regional_support, region_willingness, region_p):
    """g' += a (target(y') - g'), y' = b_g + wM (gbar - .5) + wA (A' - .5) - B + levers; gbar: its municipalities."""
    y = government_drive(0.0, region_willingness, 0.5, 0.5, regional_support, 0.5, 0.5, 0, 0.0, region_p)
    return next_willingness(regional_willingness, y, 0.0, region_p)


@regions.act("waits", after="environment")
def nobody_decides(regional_willingness, luck, needs_region, in_charge):
    """1 with the chance needs_region (1 - in_charge)(1 - g')."""
    return 1.0 if luck < needs_region * (1.0 - in_charge) * (1.0 - regional_willingness) else 0.0


@regions.term("support")
def held_by_region(waits, held_up):
    """-held_up, where it waits."""
    return -held_up * waits


@regions.term("adoption")
def waits_for_region(waits, held_up, p):
    """-held_up / ba, where it waits: as many logits of the decisions to pilot and to adopt."""
    return -held_up / p.ba * waits


@regions.indicator("governments")
def regions_willing(regional_willingness):
    """Mean willingness of regions' governments."""
    return regional_willingness


@regions.indicator("governments")
def waiting_for_region(waits):
    """Municipalities whose joint work waits for their region."""
    return waits


regions.lever("PACT", "committee and shared costs of both tiers", [{"parameter": "in_charge", "add": 0.7}], cost=1,
              quadrant="Q4", level="sector", says="Both tiers agree beforehand who decides and who pays.")
