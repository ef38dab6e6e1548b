"""The profile of a quarter by phase (`benchmarks.phases`): all phases are in it, and their bytes are counted."""

from __future__ import annotations

import pytest
from benchmarks import phases

from letsdance.simulation.engine import QUARTER
from letsdance.simulation.state import GOVERNMENT


@pytest.fixture(scope="module")
def found():
    return phases.profile(3, 20, times=1)


def test_every_phase_is_timed_and_none_twice(found):
    assert list(found.seconds) == [phase.__name__ for phase in QUARTER]
    assert all(seconds >= 0.0 for seconds in found.seconds.values())
    assert sum(found.seconds.values()) > 0.0


def test_what_a_phase_must_move_is_counted_by_hand(found):
    """Trust is four bytes a citizen, read and written, and a government's record is read and written."""
    records = 2 * 3 * GOVERNMENT.itemsize
    assert found.bytes["stocks"] == 2 * 4 * 60 + records
    assert found.bytes["environment"] == records
    assert found.bytes["outcomes"] == 60 + records


def test_times_and_limits_are_told_a_citizen_and_quarter(found):
    """3.6 ms for 60 quarters of 60 citizens are 1,000 ns each; 40 bytes at 1 GB a second take 40 ns."""
    one = phases.Profile(60, {"stocks": 3.6e-3}, {"stocks": 60 * 40})
    assert one.ns("stocks") == pytest.approx(1000.0)
    assert one.of_memory("stocks", 1e9) == pytest.approx(25.0)
