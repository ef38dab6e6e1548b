"""Citizens in the talk about risk (S56): risk talk sits with managers; with those concerned, failure blames nobody.

Expected: risk culture rises, where citizens are willing and where there is something to talk about.
"""
import letsdance as ld

risk_talk = ld.Mechanism("risk_talk", title="Citizens in the talk about risk", source="seed", reference="S56",
                         says="Risks that citizens and staff have agreed on beforehand are not blamed afterwards.")
risk_talk.parameter("talked", 0, (0, 1), "share", role="lever",
                    says="How much of the risk is talked over with all concerned.")
risk_talk.parameter("agreed_on", 0.08, (0, 0.5), "per quarter", says="How fast risk culture rises with what is tried then.")


@risk_talk.act("risk_culture", after="stocks")
def talk_over(risk_culture, citizens_willingness, supported_successes, supported_failures, citizens, talked, agreed_on):
    """L += agreed_on talked C min(1, supported projects ended per 25 citizens) (1 - L)."""
    tried = min(1.0, (supported_successes + supported_failures) * 25.0 / citizens)
    return risk_culture + agreed_on * talked * citizens_willingness * tried * (1.0 - risk_culture)


risk_talk.lever("RISKTALK", "talk about risk with citizens", [{"parameter": "talked", "add": 1}], cost=1,
                quadrant="Q1", level="society",
                says="Citizens, staff and funders agree beforehand on which risks are taken.")
