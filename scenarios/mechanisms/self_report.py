"""Self-report (S99): asked, nearly all organisations say that they innovate, for they count any new activity.

Expected: the share that says so lies far above the share that has upscaled. It moves nothing else.
"""
import letsdance as ld

self_report = ld.Mechanism("self_report", title="Innovation as organisations report it", source="seed", reference="S99",
                           says="Counts as innovating whoever did anything new within three years.")
self_report.parameter("asked_back", 12, (1, 40), "quarters", says="How far back the question goes.", whole=True)
self_report.column("quiet", of="governments", start=99.0, unit="quarters", says="Quarters since anything new.")


@self_report.act("quiet", after="adoption")
def anything_new(quiet, launched_joint, launched_called, pilots_started, adoptions):
    """0 with any launch, pilot or adoption, else one quarter more."""
    return 0.0 if launched_joint + launched_called + pilots_started + adoptions > 0 else quiet + 1.0


@self_report.indicator("governments")
def says_it_innovates(quiet, asked_back):
    """Governments that did anything new within the quarters asked for."""
    return quiet < asked_back
