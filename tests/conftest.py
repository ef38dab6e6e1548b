"""What the tests share: settings of hypothesis, the laws that every society must obey in every quarter, the command."""

from __future__ import annotations

import os
import signal
import sys
from functools import cache

import numpy as np
import pytest
import typer.testing
from browser import left_pages, served  # noqa: F401  (fixtures: one dashboard and its pages for all files of a process)
from hypothesis import settings
from pseudo import spoken  # noqa: F401  (fixture)

from letsdance.simulation.indicators import SOCIETY
from letsdance.simulation.rules.outcomes import JOINT, SOLO
from letsdance.simulation.state import PROJECT

# Programs that tests start read what the first of them compiled, whatever a machine of tests has been told: to compile all
# that they import takes each of them ten seconds of processor time. Set here before there are workers, so for these too.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

#: Files that take a minute or more, the longest first (`--durations=0` tells): they begin before all others, so that none
#: of them is left for one process to end alone. The second, forecasts, runs no model: two that begin with it would both
#: compile it at the same time.
LONGEST = ("dashboard", "forecast", "sweep", "docs", "nothing_lost", "examples", "dashboard_data", "shipped_mechanisms",
           "search")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    place = {f"test_{name}.py": k for k, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(place)))


# The commands' options are read off their functions once and not at each call: a fifth of a second, thousands of times.
typer.testing._get_command = cache(typer.testing._get_command)

# The same examples in every run, so that a red test is red for everybody; HYPOTHESIS_PROFILE=search looks further.
settings.register_profile("same", deadline=None, derandomize=True, max_examples=60, print_blob=False)
settings.register_profile("search", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

#: Columns of a government that are shares.
SHARES = ("willingness", "willingness_before", "social_capital", "baseline_social_capital", "reputation",
          "risk_culture", "capacity", "top_support", "feedback", "silo", "funding", "need", "innovativeness", "depth",
          "depth_before", "citizens_willingness", "citizens_trust", "neighbours_willingness", "peers_willingness",
          "peers_adopted", "peers_news", "news", "news_before", "exposure", "novelty", "advantage")
#: An indicator of a share of nothing is not a number, and only then: name -> what it is a share of.
OF = {
    "depth": lambda g, s: ((g["stage"] == 3) | (g["stage"] == 4)).sum(),
    "technology_rank": lambda g, s: ((g["stage"] == 3) | (g["stage"] == 4)).sum(),
    "joining": lambda g, s: g["asked"].sum(),
    "success_solo": lambda g, s: (g["solo_successes"] + g["solo_failures"]).sum(),
    "success_supported": lambda g, s: (g["supported_successes"] + g["supported_failures"]).sum(),
    "representativeness": lambda g, s: g["participants"].sum() * g["poor"].sum(),
    "representativeness_initiators": lambda g, s: (g["launched_solo"] + g["launched_joint"]).sum() * g["poor"].sum(),
    "feedback_outside": lambda g, s: (g["launched_solo"] + g["launched_joint"]).sum(),
    "accountability": lambda g, s: (g["services_solo"] + g["services_joint"] + g["services_called"]).sum(),
    "legitimacy": lambda g, s: (g["launched_solo"] + g["launched_joint"]).sum() * g["participants"].sum() * g["poor"].sum(),
}
OF["legitimacy_measured"] = OF["legitimacy"]


def within(column):
    """Whether all of a column are shares."""
    return np.isfinite(column).all() and column.min() >= 0.0 and column.max() <= 1.0


def laws(society, earlier=None):
    """Assert everything that must hold of a society as it stands; `earlier` is its governments a quarter ago."""
    s, g, row, at = society.state, society.state.governments, society.row[0], society.quarter & 1
    M, N = len(g), s.trust.size
    for name, column in (("willingness", s.willingness[at]), ("trust", s.trust), ("resources", s.resources)):
        assert within(column), name
    for name in SHARES:
        assert within(g[name]), name
    for name in g.dtype.names:
        assert np.isfinite(g[name]).all(), name
    assert np.isin(s.uses[at], (0, 1)).all()

    # memberships, counted again from the initiatives
    load = np.zeros(N, int)
    kinds = np.zeros((M, 4), int)
    for m in range(M):
        assert 0 <= g["initiatives"][m] <= g["slots"][m]
        first, n = g["first"][m], g["citizens"][m]
        for slot in range(g["first_slot"][m], g["first_slot"][m] + g["initiatives"][m]):
            one = s.initiatives[slot]
            members = s.members[slot, :one["members"]]
            assert len(np.unique(members)) == one["members"] > 0, "a citizen is twice in one initiative"
            assert (members >= first).all(), "a member lives elsewhere"
            assert (members < first + n).all(), "a member lives elsewhere"
            load[members] += 1
            kinds[m, 0 if one["phase"] == PROJECT else 1 + one["kind"]] += 1
    assert (load == s.load).all()
    assert load.max() <= 2
    for k, name in enumerate(("projects", "services_solo", "services_joint", "services_called")):
        assert (kinds[:, k] == g[name]).all(), name
    poor = s.resources < 0.32635182233306964

    def count(what):
        return np.add.reduceat(what.astype(int), g["first"])

    assert (count(load > 0) == g["participants"]).all()
    assert (count((load > 0) & poor) == g["participants_poor"]).all()
    assert (count(poor) == g["poor"]).all()
    assert (count(s.uses[at]) == g["users"]).all()
    for name, column in (("citizens_willingness", s.willingness[at]), ("citizens_trust", s.trust)):
        np.testing.assert_allclose(np.add.reduceat(column.astype(float), g["first"]) / g["citizens"], g[name], rtol=1e-12)

    # every call comes to one end, every launch has a kind
    ends = sum(g[n] for n in ("launched_solo", "launched_joint", "launched_called", "unanswered_calls", "dead_calls",
                              "crowded_out"))
    assert (ends == g["citizen_calls"] + g["government_calls"]).all()
    assert (g["joined"] <= g["asked"]).all()
    if earlier is not None:
        evaluated = sum(g[n] for n in ("supported_successes", "supported_failures", "solo_successes", "solo_failures"))
        launched = g["launched_solo"] + g["launched_joint"] + g["launched_called"]
        assert (g["projects"] == earlier["projects"] + launched - evaluated).all()
        services = sum(g[n] - earlier[n] for n in ("services_solo", "services_joint", "services_called"))
        assert (services == g["services_new"] - g["services_ended"]).all()
        assert (g["services_new"] <= g["supported_successes"] + g["solo_successes"]).all()
        assert (g["stage_before"] == earlier["stage"]).all()
        steps = set(zip(earlier["stage"].tolist(), g["stage"].tolist(), strict=True))
        allowed = {(a, a) for a in range(6)} | {
            (0, 1),
            (1, 2),
            (1, 3),
            (2, 3),
            (2, 1),
            (2, 5),
            (3, 4),
            (3, 5),
            (4, 5),
            (5, 1),
        }
        assert steps <= allowed, steps - allowed
        assert ((earlier["adopted_at"] < 0) | (earlier["adopted_at"] == g["adopted_at"])).all()

    # the society's row
    for name, (unit, _, _) in SOCIETY.items():
        value = row[name]
        assert np.isnan(value) == (name in OF and OF[name](g, s) == 0), f"{name} = {value}"
        if unit == "share" and name != "legitimacy_measured" and not np.isnan(value):
            assert -1e-12 <= value <= 1.0 + 1e-12, f"{name} = {value}"
    close = {"rtol": 0, "atol": 1e-12}
    stages = [row[n] for n in ("unaware", "aware", "piloting", "adopted", "upscaled", "discontinued")]
    np.testing.assert_allclose(stages, np.bincount(g["stage"], minlength=6) / M, **close)
    np.testing.assert_allclose(sum(row[n] for n in ("lets_dance", "lone_ranger", "dead_horse", "wasteland")), 1.0, **close)
    np.testing.assert_allclose(row["on"], row["adopted"] + row["upscaled"], **close)
    np.testing.assert_allclose(row["ever_adopted"], (g["adopted_at"] >= 0).mean(), **close)
    np.testing.assert_allclose(row["participation"], (load > 0).mean(), **close)
    np.testing.assert_allclose(row["uses"], s.uses[at].mean(), **close)
    np.testing.assert_allclose(row["C"], s.willingness[at].astype(float).mean(), rtol=0, atol=1e-9)
    np.testing.assert_allclose(row["G"], g["willingness"].mean(), rtol=0, atol=1e-9)
    np.testing.assert_allclose(row["services"] * M, kinds[:, 1:].sum(), rtol=0, atol=1e-9)
    np.testing.assert_allclose(row["services_solo"] * M, kinds[:, 1 + SOLO].sum(), rtol=0, atol=1e-9)
    np.testing.assert_allclose(row["services_supported"] * M, kinds[:, 1 + JOINT:].sum(), rtol=0, atol=1e-9)


@pytest.fixture(scope="session")
def obey():
    """`obey(society, quarters)`: step a society and assert the laws in every quarter."""

    def obey(society, quarters):
        laws(society)
        for _ in range(quarters):
            earlier = society.state.governments.copy()
            society.step()
            laws(society, earlier)
        return society

    return obey


@pytest.fixture
def letsdance(monkeypatch, capsys, tmp_path):
    """`letsdance("run", "--runs", "2")` in an empty folder -> (exit code, standard output, standard error)."""
    from letsdance.commands import main as command
    from letsdance.params import GROUPS, PARAMETERS
    from letsdance.scenarios import LEVERS, SHOCKS, mechanism
    from letsdance.simulation.indicators import SOCIETY

    for book in (GROUPS, PARAMETERS, LEVERS, SHOCKS, SOCIETY):  # what --mechanism lists is listed for this test alone
        monkeypatch.setattr(book, "_listed", book._listed)
    monkeypatch.setattr(mechanism, "_everywhere", mechanism._everywhere)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # the test's own handlers stay

    def letsdance(*words):
        monkeypatch.setattr(sys, "argv", ["letsdance", *words])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            command.main()
        return int(ended.value.code or 0), *capsys.readouterr()

    return letsdance
