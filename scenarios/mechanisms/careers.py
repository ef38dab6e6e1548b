"""Careers (S121): recognition, a career and chances to learn are incentives to innovate.

Expected: governments' willingness rises where work succeeds; where nothing is done there is nothing to recognise.
"""
import letsdance as ld

careers = ld.Mechanism("careers", title="Recognition and careers", source="seed", reference="S121",
                       says="Officials whose work with citizens succeeds are recognised, which makes others try.")
careers.parameter("recognised", 0, (0, 1), "share", role="lever", says="How much of such work counts in a career.")
careers.parameter("forgotten_soon", 0.1, (0, 1), "per quarter", says="How fast recognition is forgotten.")
careers.parameter("spurs", 0.8, (0, 4), "logit", says="What full recognition adds to willingness.")
careers.column("esteem", of="governments", says="How much recent work was recognised.")


@careers.act("esteem", after="outcomes")
def recognise(esteem, supported_successes, citizens, recognised, forgotten_soon):
    """esteem += recognised (supported successes per 25 citizens, at most 1) (1 - esteem) - forgotten_soon esteem."""
    done = min(1.0, supported_successes * 25.0 / citizens)
    return esteem + recognised * done * (1.0 - esteem) - forgotten_soon * esteem


@careers.term("willingness of governments")
def spurred(esteem, spurs):
    """spurs esteem."""
    return spurs * esteem


careers.lever("CAREER", "work with citizens counts in careers", [{"parameter": "recognised", "add": 0.8}], cost=1,
              quadrant="Q2", level="individual",
              says="Successful work with citizens is recognised and helps to be promoted.")
