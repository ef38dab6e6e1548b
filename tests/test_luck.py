"""Luck, examined as one examines a generator, and its addresses, which must never meet."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from letsdance.simulation import luck
from letsdance.simulation.luck import Stream, address, mix, normal, uniform
from letsdance.simulation.rules.numbers import poisson_quantile

WORD = 2**64
GOLDEN, SILVER = 0x9E3779B97F4A7C15, 0xD1B54A32D192ED03
M1, M2 = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
N = 2**15
#: A generator that is right fails one check in ten thousand; there are some dozens, and the numbers never change.
ALPHA = 1e-4


def finalise(z: int) -> int:
    """SplitMix64's finaliser in whole numbers without end, from the paper."""
    z = (z ^ (z >> 30)) * M1 % WORD
    z = (z ^ (z >> 27)) * M2 % WORD
    return z ^ (z >> 31)


def unfinalise(z: int) -> int:
    """Its inverse: shifts undone, multiplications by inverses modulo 2^64."""
    def unshift(z, by):
        x = z
        for _ in range(64 // by + 1):
            x = z ^ (x >> by)
        return x

    z = unshift(z, 31) * pow(M2, -1, WORD) % WORD
    return unshift(unshift(z, 27) * pow(M1, -1, WORD) % WORD, 30)


def by_hand(seed: int, stream: int, quarter: int, entity: int, index: int) -> float:
    """The uniform of an address, in whole numbers without end."""
    key = finalise((seed + GOLDEN) % WORD)
    key = finalise((key + (quarter + 1) * GOLDEN) % WORD)
    key = finalise((key + (entity + 1) * GOLDEN) % WORD)
    return (finalise((key + stream * SILVER + (index + 1) * GOLDEN) % WORD) >> 11) / 2**53


def drawn(seed=1, stream=3, quarter=2, entity=5, index=0):
    """Uniforms along whichever part of the address is an array; the rest stays."""
    parts = np.broadcast_arrays(*(np.asarray(x) for x in (seed, stream, quarter, entity, index)))
    return np.array([uniform(np.uint64(address(np.uint64(a), np.uint64(b), np.int64(c), np.int64(d))), np.int64(e))
                     for a, b, c, d, e in zip(*(p.ravel().tolist() for p in parts), strict=True)])


ALONG = {part: np.arange(N) for part in ("seed", "quarter", "entity", "index")}


def faults(u, v=None) -> dict[str, float]:
    """p values of what a fair generator passes: equidistribution; with v, independence of pairs."""
    if v is None:
        counts = np.bincount((u * 256).astype(int), minlength=256)
        low = np.bincount((u * 2**20).astype(int) % 256, minlength=256)
        return {"ks": stats.kstest(u, "uniform").pvalue, "chi2": stats.chisquare(counts).pvalue,
                "low bits": stats.chisquare(low).pvalue}
    table = np.histogram2d(u, v, bins=16, range=[[0, 1], [0, 1]])[0]
    return {"pairs": stats.chisquare(table.ravel()).pvalue, "correlation": stats.pearsonr(u, v).pvalue,
            "rank": stats.spearmanr(u, v).pvalue}


# ---------------------------------------------------------------- exactly

@given(st.integers(0, WORD - 1))
def test_the_finaliser_is_splitmix_and_loses_nothing(z):
    mixed = int(mix(np.uint64(z)))
    assert mixed == finalise(z)
    assert unfinalise(mixed) == z


def test_the_known_numbers_of_splitmix64():
    """The reference implementation's first outputs from seed 1234567 (Vigna's splitmix64.c)."""
    outputs = [int(mix(np.uint64((1234567 + (i + 1) * GOLDEN) % WORD))) for i in range(3)]
    assert outputs == [6457827717110365317, 3203168211198807973, 9817491932198370423]


@given(seed=st.integers(0, 2**63 - 1), stream=st.sampled_from(list(Stream)), quarter=st.integers(0, 400),
       entity=st.integers(0, 10**9), index=st.integers(0, 2**60))
def test_a_uniform_is_a_function_of_its_address(seed, stream, quarter, entity, index):
    key = np.uint64(address(np.uint64(seed), np.uint64(stream), np.int64(quarter), np.int64(entity)))
    u = uniform(key, np.int64(index))
    assert u == by_hand(seed, stream, quarter, entity, index)
    assert 0.0 <= u < 1.0


def test_luck_can_be_asked_by_hand():
    for entity in range(20):
        assert 0.0 <= uniform(np.uint64(address(1, Stream.JOIN, 2, entity)), 0) < 1.0


def test_numbers_of_streams_never_change():
    """A number is an address: renumbering a stream would change every result."""
    assert [int(s) for s in Stream] == list(range(1, len(Stream) + 1))
    assert (Stream.CITIZEN_CALLS, Stream.JOIN, Stream.CITIZEN_NOISE, Stream.UPTAKE, Stream.SEEDS) == (10, 13, 24, 36, 41)


def test_streams_of_one_entity_never_overlap():
    """Streams a apart share a number where a SILVER + b GOLDEN = 0 modulo 2^64, b the distance of their indices.

    GOLDEN is odd, so there is exactly one such b for each a; it must be out of reach of every index in use.
    """
    back = pow(GOLDEN, -1, WORD)
    assert back * GOLDEN % WORD == 1
    assert (int(luck._GOLDEN), int(luck._SILVER)) == (GOLDEN, SILVER)
    for a in range(1, 4 * len(Stream)):
        b = -a * SILVER * back % WORD
        assert (a * SILVER + b * GOLDEN) % WORD == 0
        assert min(b, WORD - b) >= 2**40, a


# ---------------------------------------------------------------- as one examines a generator

@pytest.mark.parametrize("part", ALONG)
def test_equidistributed_along(part):
    for seed in (0, 1, 2**62):
        where = {"seed": seed, part: ALONG[part]}
        assert min(faults(drawn(**where)).values()) > ALPHA


@pytest.mark.parametrize("part", ALONG)
def test_neighbours_are_independent_along(part):
    u = drawn(**{part: np.arange(N + 1)})
    for lag in (1, 2, 7):
        assert min(faults(u[:-lag], u[lag:]).values()) > ALPHA


@pytest.mark.parametrize("part", ALONG)
def test_streams_are_independent_along(part):
    for one, other in ((Stream.CONTACT, Stream.JOIN), (Stream.CITIZEN_CALLS, Stream.GOVERNMENT_CALLS), (1, 2), (1, 41)):
        pair = [drawn(**{"stream": stream, part: ALONG[part]}) for stream in (one, other)]
        assert min(faults(*pair).values()) > ALPHA


def test_all_streams_are_equidistributed_at_one_address():
    u = drawn(stream=np.arange(1, len(Stream) + 1)[:, None], entity=np.arange(800)[None, :])
    assert min(faults(u).values()) > ALPHA


def test_quarters_and_entities_do_not_stand_in_for_each_other():
    """(quarter 3, entity 7) and (quarter 7, entity 3), or the next seed's last quarter: different luck."""
    q, e = np.meshgrid(np.arange(180), np.arange(180), indexing="ij")
    u = drawn(quarter=q, entity=e).reshape(q.shape)
    off = ~np.eye(180, dtype=bool)
    assert min(faults(u[off], u.T[off]).values()) > ALPHA
    assert len(np.unique(u)) == u.size


@pytest.mark.parametrize("bad", [
    pytest.param(np.arange(N) * 0.6180339887498949 % 1, id="golden steps"),
    pytest.param(np.random.default_rng(1).random(N) ** 1.05, id="a little low"),
    pytest.param(np.round(np.random.default_rng(1).random(N), 3) % 1, id="three digits")])
def test_the_examination_fails_a_bad_generator(bad):
    assert min(*faults(bad).values(), *faults(bad[:-1], bad[1:]).values()) < ALPHA


def test_normals_are_normal():
    key = np.uint64(address(np.uint64(4), np.uint64(Stream.CITIZEN_NOISE), np.int64(9), np.int64(2)))
    z = np.array([normal(key, i) for i in range(N)])
    assert stats.kstest(z, "norm").pvalue > ALPHA
    assert abs(z.mean()) < 4 / np.sqrt(N)
    assert abs(z.var() - 1) < 4 * np.sqrt(2 / N)


# ---------------------------------------------------------------- counts from one uniform

@pytest.mark.parametrize("rate", [0.01, 0.45, 1.2, 6.0, 29.0, 31.0, 250.0])
def test_counts_are_poisson(rate):
    u = drawn(quarter=ALONG["quarter"], entity=int(rate * 100))
    counts = np.array([poisson_quantile(x, rate) for x in u])
    edges = np.unique(stats.poisson.ppf(np.linspace(0.02, 0.98, 13), rate))
    bins = np.concatenate([[-1], edges, [np.inf]])
    cdf = np.concatenate([[0], stats.poisson.cdf(edges, rate), [1]])
    expected = np.diff(cdf) * N
    observed = np.histogram(counts, bins + 0.5)[0]
    # above 30 the quantile is an expansion, up to one event off for a few in a thousand: hence the wider gate
    gate = ALPHA if rate <= 30 else 1e-6
    assert stats.chisquare(observed[expected > 5], expected[expected > 5] * observed[expected > 5].sum()
                           / expected[expected > 5].sum()).pvalue > gate
    assert abs(counts.mean() - rate) < 4 * np.sqrt(rate / N) + (0 if rate <= 30 else 0.01)
    assert counts.var() == pytest.approx(rate, rel=0.06)
