"""Arithmetic that rules share. Own exp and log, so that compiled, interpreted and C code agree to the last bit."""

from __future__ import annotations

import math

import numpy as np

from letsdance.simulation.compiled import rule


@rule
def clip(x, low, high):
    """x, but no lower than low and no higher than high."""
    return min(max(x, low), high)


@rule
def exp(x):
    """e^x for |x| <= 40 (beyond it is clipped): (Taylor of x/256)^256; relative error 2e-13 at 6, 2e-7 at 40."""
    r = min(max(x, -40.0), 40.0) * (1.0 / 256.0)
    p = 1.0 + r * (1.0 + r * (1 / 2 + r * (1 / 6 + r * (1 / 24 + r * (1 / 120 + r * (1 / 720))))))
    p = p * p
    p = p * p
    p = p * p
    p = p * p
    p = p * p
    p = p * p
    p = p * p
    return p * p


@rule
def log(x):
    """Natural logarithm of a positive, normal number; error below 1e-13. x = m 2^e; 2 artanh((m-1)/(m+1)) + e ln 2."""
    bits = np.float64(x).view(np.int64)
    exponent = np.float64((bits >> np.int64(52)) - np.int64(1023))
    m = np.int64((bits & np.int64(0x000FFFFFFFFFFFFF)) | np.int64(0x3FF0000000000000)).view(np.float64)
    large = m > 1.4142135623730951
    m = m * 0.5 if large else m
    exponent = exponent + 1.0 if large else exponent
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    series = 1 / 9 + z * (1 / 11 + z * (1 / 13 + z * (1 / 15)))
    return exponent * 0.6931471805599453 + 2.0 * s * (1.0 + z * (1 / 3 + z * (1 / 5 + z * (1 / 7 + z * series))))


@rule
def logistic(x):
    """sig(x) = 1 / (1 + e^-x)."""
    return 1.0 / (1.0 + exp(-x))


@rule
def shifted(chance, logits):
    """c e^x / (1 - c + c e^x): the chance whose log-odds are x more than those of c; c itself where x is 0."""
    if logits == 0.0:
        return chance
    odds = chance * exp(logits)
    return odds / (1.0 - chance + odds)


@rule
def normal_quantile(u):
    """The standard normal's quantile of u in [0, 1); error below 5e-6 (Giles 2010, 'Approximating the erfinv function').

    The tails end at the quantiles of 2^-22 and 1 - 2^-22, some 5 standard deviations out.
    """
    x = 2.0 * min(max(u, 2.0**-22), 1.0 - 2.0**-22) - 1.0
    w = -log((1.0 - x) * (1.0 + x))
    a = w - 2.5
    p = 2.81022636e-08
    p = 3.43273939e-07 + p * a
    p = -3.5233877e-06 + p * a
    p = -4.39150654e-06 + p * a
    p = 0.00021858087 + p * a
    p = -0.00125372503 + p * a
    p = -0.00417768164 + p * a
    p = 0.246640727 + p * a
    p = 1.50140941 + p * a
    b = math.sqrt(w) - 3.0
    q = -0.000200214257
    q = 0.000100950558 + q * b
    q = 0.00134934322 + q * b
    q = -0.00367342844 + q * b
    q = 0.00573950773 + q * b
    q = -0.0076224613 + q * b
    q = 0.00943887047 + q * b
    q = 1.00167406 + q * b
    q = 2.83297682 + q * b
    return (p if w < 5.0 else q) * x * 1.4142135623730951


@rule
def _poisson_by_sum(u, rate):
    """The quantile by summing the exact probabilities, until what is left is lost in rounding."""
    probability = exp(-rate)
    total = probability
    count = 0
    while u >= total and (count < rate or probability > 1e-17):
        count += 1
        probability *= rate / count
        total += probability
    return count


@rule
def poisson_quantile(u, rate):
    """How many events a Poisson count of this rate has at its quantile u: one uniform, so a higher rate adds events.

    Up to a rate of 30 by summing the exact probabilities; above by the Cornish-Fisher expansion of the quantile
    (error of at most one event, and never below the count at 30), because the sum would be long and its first term
    underflows.
    """
    if rate <= 0.0:
        return 0
    if rate > 30.0:
        z = normal_quantile(u)
        root = math.sqrt(rate)
        x = rate + root * z + (z * z - 1.0) / 6.0 + (z - z * z * z) / (72.0 * root)
        return max(_poisson_by_sum(u, 30.0), math.floor(x + 0.5))
    return _poisson_by_sum(u, rate)
