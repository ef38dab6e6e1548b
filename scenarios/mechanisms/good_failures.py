"""Good failures (OECD 59; S47): public servants are rewarded for well-structured experiments, also those that fail.

Expected: risk culture rises, more so where feedback tells a good failure from a bad one.
"""
import letsdance as ld

good_failures = ld.Mechanism("good_failures", title="Good failures are rewarded", source="seed", reference="S47 S60",
                             says="Well-structured experiments are rewarded, also those that fail (OECD 59).")
good_failures.parameter("rewarded", 0, (0, 1), "share", role="lever",
                        says="How many well-structured failures are rewarded.")
good_failures.parameter("heartened", 0.2, (0, 1), "share", says="What one per 25 citizens adds to risk culture.")


@good_failures.act("risk_culture", after="stocks")
def reward(risk_culture, supported_failures, effective_feedback, citizens, rewarded, heartened):
    """L += rewarded heartened phi failures (1 - L), failures per 25 citizens."""
    failed = min(1.0, supported_failures * 25.0 / citizens)
    return risk_culture + rewarded * heartened * effective_feedback * failed * (1.0 - risk_culture)


good_failures.lever("FAILWELL", "reward good experiments that fail", [{"parameter": "rewarded", "add": 1}], cost=1,
                    quadrant="Q2", level="individual",
                    says="Prizes and careers for experiments that were well made, whatever came out.")
