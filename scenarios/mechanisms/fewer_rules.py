"""Fewer rules (S132): rules that go make trying easier, and ask for more skill to evaluate what is tried (OECD 96).

Expected: more is adopted; supported work fails more, least where capacity and feedback judge it.
"""
import letsdance as ld

fewer_rules = ld.Mechanism("fewer_rules", title="Fewer rules, more judgement", source="seed", reference="S132",
                           says="With fewer rules more is tried, and more depends on who can evaluate it.")
fewer_rules.parameter("rules_gone", 0, (0, 1), "share", role="lever", says="How many of the rules are taken away.")
fewer_rules.parameter("leeway", 0.15, (0, 1), "value", says="What adopting gains where there are none.")
fewer_rules.parameter("unjudged", 0.8, (0, 4), "logit", says="What success loses without rules, where nobody evaluates.")


@fewer_rules.term("adoption")
def unhindered(rules_gone, leeway):
    """rules_gone leeway."""
    return rules_gone * leeway


@fewer_rules.term("success")
def let_loose(rules_gone, unjudged, capacity, effective_feedback):
    """-rules_gone unjudged (1 - K phi): K phi is the skill to evaluate."""
    return -rules_gone * unjudged * (1.0 - capacity * effective_feedback)


fewer_rules.lever("PRUNE", "fewer rules", [{"parameter": "rules_gone", "add": 0.7}], cost=1, quadrant="Q3", level="sector",
                  says="Rules that stand in the way are taken away, one by one.")
