"""Clarity of rules (S53): flexible rules that confuse hold up more than strict ones that are clear.

Expected: with clear rules more is piloted, as strict as they are.
"""
import letsdance as ld

clarity = ld.Mechanism("clarity", title="Clarity of rules", source="seed", reference="S53",
                       says="Rules that confuse make governments wait, however strict they are.")
clarity.parameter("unclear", 0.8, (0, 1), "share", says="How unclear the rules are.")
clarity.parameter("confusion", 0.15, (0, 1), "value", says="What unclear rules take from the value of adopting.")


@clarity.term("adoption")
def confused(unclear, confusion):
    """-unclear confusion."""
    return -unclear * confusion


clarity.lever("CLEAR", "clear rules", [{"parameter": "unclear", "add": -0.6}], cost=1, quadrant="Q3", level="sector",
              says="Rules stay as strict as they are, and are explained.")
