"""Fit to need (S44 S103 S158 S179): officials who are close to citizens and hear them build what is needed.

FRCS adds to success by itself (th0), which stands for this where it is off.

Expected: free-range officials, and feedback, raise the success of supported work.
"""
import letsdance as ld

need_fit = ld.Mechanism("need_fit", title="Fit to need", source="seed", reference="S44 S103 S158 S179",
                        says="Who is close to citizens and hears them builds what is needed.")
need_fit.parameter("by_closeness", 2.0, (0, 5), "share", says="How much fit closeness of officials brings.")
need_fit.parameter("by_hearing", 0.5, (0, 2), "share", says="How much fit feedback brings.")
need_fit.parameter("refit", 0.15, (0, 1), "per quarter", says="How fast fit follows.")
need_fit.parameter("fit_counts", 1.0, (0, 5), "logit", says="How much fit adds to success, half of it being usual.")
need_fit.column("fitting", of="governments", start=0.5, says="How well what is done fits what is needed.")


@need_fit.act("fitting", after="stocks")
def fit_to_it(fitting, effective_feedback, by_closeness, by_hearing, refit, p):
    """fitting += refit (.3 + by_closeness close + by_hearing phi - fitting), the target at most 1."""
    return fitting + refit * (min(1.0, 0.3 + by_closeness * p.close + by_hearing * effective_feedback) - fitting)


@need_fit.term("success")
def needed(fitting, fit_counts):
    """fit_counts (fitting - .5)."""
    return fit_counts * (fitting - 0.5)
