"""Many partners (S4): every stakeholder brings something, and makes the process more complex.

Expected: supported work succeeds most with a middling number of partners; with too few or too many it succeeds less.
"""
import letsdance as ld

partners = ld.Mechanism("partners", title="Number of partners", source="seed", reference="S4",
                        says="Few partners bring too little, many make the process complex.")
partners.parameter("partner_count", 4, (1, 20), "partners", says="How many organisations take part in an initiative.")
partners.parameter("handy", 4, (1, 20), "partners", says="The number of partners with which work goes best.")
partners.parameter("tangled", 0.4, (0, 3), "logit", says="What success loses with twice that number, or none.")


@partners.term("success")
def entangled(partner_count, handy, tangled):
    """-tangled ((partner_count - handy) / handy)^2."""
    off = (partner_count - handy) / handy
    return -tangled * off * off


partners.shock("many_partners", "many partners", [{"parameter": "partner_count", "add": 5}],
               says="Every organisation that is concerned wants to take part.")
partners.shock("no_partners", "hardly a partner", [{"parameter": "partner_count", "add": -3}],
               says="Organisations that took part withdraw.")
