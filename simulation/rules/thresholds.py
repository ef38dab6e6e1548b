"""Adoption by threshold: the rule that, put in the place of uptake's, gives Granovetter, Watts and Centola-Macy."""

from __future__ import annotations

from letsdance.simulation.compiled import rule


@rule
def threshold_probability(share, slip, threshold, available, p):
    """1 where share >= threshold, else 0 (Granovetter 1978); below it, slip once anybody met has adopted (Eckles 2024).

    The threshold rides in the column of resources, slip in that of trust. As a count of k contacts it is written
    count / k: two different fractions of k never round to the same number, so >= is exact.
    """
    if share >= threshold:
        return available
    return available * slip if share > 0.0 else 0.0
