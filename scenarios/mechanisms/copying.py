"""Copy or adapt (S22 S108 S116 S142): an imported practice that is copied fits less than one that is adapted.

Expected: under a pressure of uniformity more is copied; supported initiatives succeed less, and use is shallower.
"""
import letsdance as ld

copying = ld.Mechanism("copying", title="Copy or adapt", source="seed", reference="S22 S108 S116 S142",
                       says="A practice that is copied fits less well than one that is adapted to the place.")
copying.parameter("adapting", 0.3, (0, 1), "share", says="The chance to adapt rather than copy, before learning counts.")
copying.parameter("uniformity", 0, (0, 1), "share", says="How far all are pressed to do the same.")
copying.parameter("copied_fit", 0.5, (0, 1), "share", says="How well a copied practice fits.")
copying.parameter("adapted_fit", 0.9, (0, 1), "share", says="How well an adapted practice fits.")
copying.parameter("misfit", 1.5, (0, 5), "logit", says="What a practice that does not fit at all takes from success.")
copying.column("fit_here", of="governments", start=1.0, says="How well the imported practice fits; 1 where there is none.")


@copying.act("fit_here", after="adoption")
def imported(fit_here, stage, timer, risk_culture, effective_feedback, luck, adapting, uniformity, copied_fit, adapted_fit):
    """When adopted: adapted with the chance (adapting + L phi)(1 - uniformity), else copied."""
    if stage != 3 and stage != 4:
        return 1.0
    if stage == 4 or timer > 0:
        return fit_here
    return adapted_fit if luck < (adapting + risk_culture * effective_feedback) * (1.0 - uniformity) else copied_fit


@copying.act("depth", after="adoption")
def used_as_far_as_it_fits(depth, stage, timer, fit_here):
    """depth *= fit when adopted."""
    return depth * fit_here if stage == 3 and timer == 0 else depth


@copying.term("success")
def fits_badly(fit_here, misfit, p):
    """-misfit (1 - fit), where the innovation is co-creation itself."""
    return -misfit * (1.0 - fit_here) * p.link


copying.lever("ADAPT", "adapt, do not copy", [{"parameter": "adapting", "add": 0.5}], cost=1,
              quadrant="Q1", level="organisation",
              says="Imported practices are fitted to the place, the process rather than the result.")
copying.shock("uniform", "pressure of uniformity", [{"parameter": "uniformity", "add": 0.8}],
              says="All must do the same.")
