"""The same bits: on any number of threads, in one go or step by step, in another process, with the compiler off."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from letsdance.params import record_dtype
from letsdance.scenarios import STARTS, load
from letsdance.simulation import compiled, schedule
from letsdance.simulation.municipalities import Municipalities, synthetic
from letsdance.simulation.run import simulate
from letsdance.simulation.society import LARGE, Society
from letsdance.simulation.state import GIVEN, GOVERNMENT, INITIATIVE, given_nothing

ROOT = Path(__file__).parent.parent


def bits(result) -> str:
    """A hash of every bit that a run leaves."""
    arrays = (result.rows, result.stage, result.depth, result.regime, result.category, result.seeds)
    return hashlib.sha256(b"".join(a.tobytes() for a in arrays)).hexdigest()


@pytest.mark.parametrize("start", STARTS)
def test_threads_do_not_matter(start):
    one, *others = (simulate(start, runs=19, quarters=24, levers=["EXCH@5"], threads=threads) for threads in (1, 2, 3))
    assert {bits(other) for other in others} == {bits(one)}


def test_seeds_do_not_depend_on_company():
    """The run of seed 7 is the same alone, first of many or last of many."""
    many, alone = (
        simulate("lone_ranger", runs=10, seed=3, quarters=20),
        simulate("lone_ranger", runs=1, seed=7, quarters=20),
    )
    assert many.rows[4].tobytes() == alone.rows[0].tobytes()
    assert len({row.tobytes() for row in many.rows}) == 10


def test_the_reference_is_the_same_run_without_levers():
    helped, bare = (simulate("lets_dance", runs=2, seed=3, quarters=24, levers=levers) for levers in (["FRCS@13"], []))
    assert bits(helped.reference) == bits(bare)
    found = helped.relative_efficiency()
    assert np.isnan(found[:, 0]).all()  # nothing has come of anything yet
    assert (found[:, 12] == 1).all()  # the lever comes in the next quarter
    assert (found[:, 24] == helped.rows["efficiency"][:, 24] / bare.rows["efficiency"][:, 24]).all()
    assert (found[:, 24] != 1).all()


@pytest.mark.parametrize("start", STARTS)
def test_many_runs_in_the_same_memory_are_steps_of_a_society(start):
    parameters = {"growth": 0.1, "f": 1.5}
    many = simulate(start, runs=3, seed=2, quarters=25, parameters=parameters, shocks=["scandal@9"], threads=1)
    story = load(start).changed(parameters=parameters, shocks=["scandal@9"], quarters=25)
    for r in range(3):
        society = Society(synthetic(40, 25), schedule.build(story), 2 + r)
        for t in range(26):
            if t:
                society.step()
            assert society.row[0].tobytes() == many.rows[r, t].tobytes(), (r, t)
            assert (society.stage == many.stage[r, t]).all()
            assert (society.depth == many.depth[r, t]).all()
            assert (society.regime == many.regime[r, t]).all()


def large(threads):
    """Above 50,000 citizens one run is shared between threads; sizes differ, so that chunks end where they end."""
    sizes = np.resize([400, 1100, 30, 2500], 170)
    assert sizes.sum() > 2.5 * 60_000 > LARGE
    places = Municipalities(tuple(map(str, range(170))), sizes, given_nothing(170))
    return simulate("lone_ranger", runs=1, quarters=8, municipalities=places, threads=threads, levers=["EXCH@2"])


def test_a_large_run_is_the_same_on_any_number_of_threads(monkeypatch):
    one = large(1)
    assert bits(large(2)) == bits(large(3)) == bits(one)
    monkeypatch.setattr("letsdance.simulation.run.LARGE", 10**9)  # and the same as whole runs are made
    assert bits(large(1)) == bits(one)
    assert np.ptp(one.rows["citizen_calls"]) > 0


SMALL = """
import hashlib, sys
from letsdance.simulation.run import simulate
digest = hashlib.sha256()
for start in ("lets_dance", "lone_ranger", "dead_horse", "wasteland"):
    r = simulate(start, runs=2, quarters=10, threads=1, levers=["EXCH@2", "LAB@3"], shocks=["scandal@4"],
                 parameters={"municipalities": 4, "citizens": 8, "f": 2.0, "launch_min": 2, "growth": 0.3, "aware0": 0.5})
    for a in (r.rows, r.stage, r.depth, r.regime, r.category):
        digest.update(a.tobytes())
print(digest.hexdigest(), "numba.core.compiler" in sys.modules, end="")
"""


def in_another_process(**environment) -> str:
    done = subprocess.run([sys.executable, "-c", SMALL], capture_output=True, text=True, check=True, cwd=ROOT, timeout=300,
                          env=os.environ | environment)
    assert done.stderr == ""
    return done.stdout.split()[0]


def small_here() -> str:
    digest = hashlib.sha256()
    for start in STARTS:
        r = simulate(
            start,
            runs=2,
            quarters=10,
            threads=1,
            levers=["EXCH@2", "LAB@3"],
            shocks=["scandal@4"],
            parameters={"municipalities": 4, "citizens": 8, "f": 2.0, "launch_min": 2, "growth": 0.3, "aware0": 0.5},
        )
        assert r.rows["services"].max() > 0  # something happens in so small a society
        for a in (r.rows, r.stage, r.depth, r.regime, r.category):
            digest.update(a.tobytes())
    return digest.hexdigest()


def test_another_process_gives_the_same_bits():
    assert in_another_process(PYTHONHASHSEED="7") == small_here()


def test_without_the_compiler_come_the_same_bits():
    assert in_another_process(NUMBA_DISABLE_JIT="1") == small_here()


def test_no_field_hides_behind_what_every_numpy_record_has():
    for names in (INITIATIVE.names, GOVERNMENT.names, GIVEN.names, record_dtype().names):
        assert not set(names) & set(dir(np.record))


# ---------------------------------------------------------------- the cache cannot go stale

@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of the sources; `sources_hash` looks at it."""
    for folder in ("simulation", "params"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(compiled, "__file__", str(tmp_path / "simulation" / "compiled.py"))
    return tmp_path


def test_the_same_sources_have_the_same_cache(copy):
    here = compiled.sources_hash()
    (copy / "params" / "notes.md").write_text("nothing that is compiled")
    assert compiled.sources_hash() == here


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("simulation/rules/calls.py", "p.f * p.f_c", "p.f_c * p.f"),
        ("simulation/luck.py", "JOIN = 13", "JOIN = 213"),
        ("simulation/engine.py", "_STRIP = 512", "_STRIP = 256"),
        ("params/parameters/calls.toml", "[launch_min]", "[launch_least]"),
        ("params/__init__.py", "np.float64", "np.float32"),
    ],
)
def test_a_changed_source_has_a_new_cache(copy, file, old, new):
    before = compiled.sources_hash()
    text = (copy / file).read_text()
    assert old in text
    (copy / file).write_text(text.replace(old, new))
    assert compiled.sources_hash() != before


def test_a_new_rule_and_another_python_have_a_new_cache(copy, monkeypatch):
    before = compiled.sources_hash()
    (copy / "simulation" / "rules" / "new.py").write_text("")
    with_rule = compiled.sources_hash()
    assert with_rule != before
    monkeypatch.setattr(compiled, "version", lambda name: "0.0")
    assert compiled.sources_hash() != with_rule


def test_the_cache_is_named_after_the_sources_and_falls_back(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    folder = compiled._cache_folder()
    assert folder == tmp_path / "home" / "letsdance" / f"compiled-{compiled.sources_hash()}"
    (tmp_path / "file").write_text("")  # a home that cannot hold a folder
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(compiled.tempfile, "gettempdir", lambda: str(tmp_path))
    assert compiled._cache_folder().name == folder.name
    assert compiled._cache_folder().parent.parent == tmp_path


def test_efficiency_is_comparable_whatever_the_size_of_a_municipality():
    """Services per citizen hardly depend on the size, so what a point brings does not either."""
    from letsdance.simulation.municipalities import Municipalities
    from letsdance.simulation.state import given_nothing

    found = []
    for citizens in (25, 250, 2500):
        places = Municipalities(tuple(f"M{m}" for m in range(8)), np.full(8, citizens, np.int64), given_nothing(8))
        rows = simulate("lets_dance", runs=6, seed=1, quarters=24, municipalities=places).rows
        np.testing.assert_allclose(rows["efficiency"], (100 * rows["services"] / citizens + rows["on"]
                                                        * np.nan_to_num(rows["depth"])) / rows["spend"], rtol=1e-12)
        found.append(rows["efficiency"][:, -1].mean())
    assert max(found) < 1.15 * min(found)
