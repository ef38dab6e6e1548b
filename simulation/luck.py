"""Luck: named, addressed random streams.

Every random decision is a pure function of its address (seed, stream, quarter, entity, index). Nothing is drawn
in sequence, so a lever, an added mechanism, another thread count or another municipality never shifts a
decision's luck: two policies meet the same citizens with the same luck. The hash is SplitMix64's finaliser
(Steele, Lea and Flood 2014), chained over the parts of the address.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from letsdance.simulation.compiled import rule
from letsdance.simulation.rules.numbers import normal_quantile

_U = np.uint64
_GOLDEN, _SILVER = _U(0x9E3779B97F4A7C15), _U(0xD1B54A32D192ED03)
_M1, _M2 = _U(0xBF58476D1CE4E5B9), _U(0x94D049BB133111EB)
_S11, _S27, _S30, _S31, _ONE = _U(11), _U(27), _U(30), _U(31), _U(1)


class Stream(IntEnum):
    """The names of all random decisions. Append only: a number is an address."""

    CITIZEN_WILLINGNESS_START = 1
    CITIZEN_TRUST_START = 2
    CITIZEN_RESOURCES = 3
    CITIZEN_DISPOSITION = 4
    GOVERNMENT_START = 5
    INNOVATIVENESS = 6
    CITIZEN_TIES = 7
    GOVERNMENT_TIES = 8
    EXCHANGE_TIES = 9
    CITIZEN_CALLS = 10
    INITIATOR = 11
    CONTACT = 12
    JOIN = 13
    SUPPORT = 14
    GOVERNMENT_CALLS = 15
    INVITED = 16
    JOIN_INVITATION = 17
    BY_LAB = 18
    OUTCOME = 19
    IMPLEMENTED = 20
    SERVICE_END = 21
    SERVICE_GROWTH = 22
    ELECTION = 23
    CITIZEN_NOISE = 24
    GOVERNMENT_NOISE = 25
    AWARENESS = 26
    PILOT = 27
    DIRECT_ADOPTION = 28
    PILOT_WORKS = 29
    DECISION = 30
    RETRY = 31
    LOST_PILOT = 32
    UPSCALING = 33
    GIVING_UP = 34
    COMING_BACK = 35
    UPTAKE = 36
    LEAVING = 37
    MEASUREMENT = 38
    NEED = 39
    SPREAD = 40
    SEEDS = 41
    PLACES = 42
    LAPSE = 43
    GROUPS = 44


@rule
def mix(z):
    """SplitMix64's finaliser: 64 bits in, 64 well-mixed bits out."""
    z = (z ^ (z >> _S30)) * _M1
    z = (z ^ (z >> _S27)) * _M2
    return z ^ (z >> _S31)


@rule
def address(seed, stream, quarter, entity):
    """The key of one entity's decisions of one kind in one quarter; indices then tell the decisions apart.

    By hand wrap it, np.uint64(address(...)): Python gets a plain int back. The stream is added last, so that a loop
    over entities hashes once for all kinds of decisions it makes.
    """
    key = mix(_U(seed) + _GOLDEN)
    key = mix(key + _U(quarter + 1) * _GOLDEN)
    key = mix(key + _U(entity + 1) * _GOLDEN)
    return key + _U(stream) * _SILVER


@rule
def uniform(key, index):
    """The index-th uniform in [0, 1) of a key, 53 bits."""
    return np.float64(np.int64(mix(_U(key) + (_U(index) + _ONE) * _GOLDEN) >> _S11)) * 2.0**-53


@rule
def normal(key, index):
    """The index-th standard normal of a key, by inverting its uniform."""
    return normal_quantile(uniform(key, index))
