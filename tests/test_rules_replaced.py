"""A rule of one's own in the place of one of the house's: what it must give, and what it must leave alone.

The rule is the one of docs/your_own_mechanism.md, so that what tests of the page compiled is used here as well.
"""

import ast
import inspect
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from test_docs import ROOT, blocks

import letsdance as ld
from letsdance.params import PARAMETERS
from letsdance.scenarios.mechanism import mark_of
from letsdance.simulation import engine, replaced
from letsdance.simulation.rules import willingness

TARGET = "willingness.willingness_target"
PAGE = ROOT / "docs/your_own_mechanism.md"
#: The page's own rule: everybody heads for .5, whatever speaks for it.
LINE, CODE = next((line, text[:text.index("\n\n\neven")]) for line, _, _, text in blocks(PAGE, "python")
                  if "no_inertia" in text)


def middle_of(module):
    """The page's rule as a module of this name would hold it."""
    names = {"__name__": module}
    exec(compile("\n" * (LINE - 1) + CODE, str(PAGE), "exec"), names)
    return names["no_inertia"]


middle = middle_of("example")


def _in_another_process(*words, **environment):
    """What Python says."""
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=True,
                          env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment}).stdout


def _uncompiled(code):
    return _in_another_process("-c", code, NUMBA_DISABLE_JIT="1")


def _same(a, b):
    return [name for name in a.dtype.names if not np.array_equal(a[name], b[name], equal_nan=True)]


@pytest.fixture(scope="module")
def still():
    return ld.simulate("lets_dance", runs=3, quarters=16, rules={TARGET: middle})


def test_all_head_where_the_rule_says(still):
    """w += a (.5 - w) + noise: the distance to .5 shrinks by 1 - a a quarter (noise .02 over 1,000 citizens: .002)."""
    C = still.rows["C"].mean(0)
    decay = (1.0 - PARAMETERS["a"].default) ** np.arange(17)
    assert np.abs(C - (0.5 + (C[0] - 0.5) * decay)).max() < 0.004
    assert abs(ld.simulate("lets_dance", runs=1, quarters=16).rows["C"][0, -1] - C[-1]) > 0.2


def test_the_same_rules_give_the_same_numbers():
    """Every rule in its own place: all of the engine is made again. Uncompiled; compiled is as uncompiled, see below."""
    code = ("import letsdance as ld\nfrom letsdance.simulation import replaced\n"
            "def lived(**more):\n    m = ld.Model('lets_dance', rng=3, quarters=8, municipalities=8, citizens=60, **more)\n"
            "    while m.running: m.step()\n    return m.society.row.tobytes(), m.society.state.governments.tobytes()\n"
            "own = replaced.names()\n"
            "assert lived() == lived(rules=own)\nprint(len(own), len(replaced._MADE))")
    told = _uncompiled(code)
    assert told.split() == [str(len(replaced.names())), "1"]


def test_threads_steps_and_the_compiler_off_give_the_same_numbers(still):
    assert _same(still.rows, ld.simulate("lets_dance", runs=3, quarters=16, threads=1, rules={TARGET: middle}).rows) == []
    model = ld.Model("lets_dance", rng=1, quarters=16, rules={TARGET: middle})
    while model.running:
        model.step()
    assert still.rows["C"][0, -1] == model.C
    code = ("import letsdance as ld\ndef middle(drive, p):\n    return 0.5\n"
            f"m = ld.Model('lets_dance', rng=1, quarters=8, rules={{'{TARGET}': middle}})\n"
            "while m.running: m.step()\nprint(repr(m.C), repr(m.G))")
    assert _uncompiled(code).split() == [repr(float(still.rows[name][0, 8])) for name in ("C", "G")]


def test_switched_off_when_a_run_begins_it_is_the_houses():
    own = ld.Mechanism("heading", says="Everybody heads for the middle.")
    own.replaces(TARGET)(middle)
    off = ld.simulate("lets_dance", runs=2, quarters=12, mechanisms=[own], parameters={"on_heading": 0})
    assert _same(ld.simulate("lets_dance", runs=2, quarters=12).rows, off.rows) == []
    assert "switched off, every other number is as without it" in ld.check_mechanism(own, quarters=8)


@pytest.mark.parametrize(("rules", "words"), [
    ({"willingness.willingness_targt": middle}, "there is no rule 'willingness.willingness_targt' to replace. Did"),
    ({"willingness_target": middle}, "A rule is named by its file and its name"),
    ({TARGET: lambda drive: 0.5}, "is asked with (drive, p), so what replaces it must take the same arguments"),
    ({TARGET: 0.5}, "must be a function, not 0.5"),
])
def test_what_cannot_replace_a_rule_is_refused(rules, words):
    with pytest.raises(ld.Refused) as told:
        ld.simulate("lets_dance", runs=1, quarters=8, rules=rules)
    assert words in str(told.value)


def test_a_rule_that_cannot_be_compiled_is_named():
    def open_a_file(rewire, silo):
        """No number."""
        return open("x").read()

    # asked for where a society begins: the compiler meets it early
    with pytest.raises(ld.Refused, match=r"the rule calls\.crossing cannot be compiled"):
        ld.simulate("lets_dance", runs=1, quarters=8, rules={"calls.crossing": open_a_file})


def test_assigning_a_rule_is_refused_and_says_how_it_is_done():
    with pytest.raises(ld.Refused, match="rules="):
        willingness.willingness_target = middle


def test_every_rule_that_is_compiled_can_be_named():
    assert {"calls.join_probability", "adoption.value", "outcomes.success_probability", "stocks.next_trust"} & set(
        replaced.names())
    assert all(replaced._plain(one).__doc__ for one in replaced.names().values())


def _callers():
    """{function: the model's functions that name it}, read from the sources: names that a function does not assign itself,
    and names within a module."""
    found = {}
    for module in replaced._MODEL:
        here = vars(module)
        for one in ast.parse(here.get("SOURCE") or inspect.getsource(module)).body:  # the record's is made
            if not isinstance(one, ast.FunctionDef):
                continue
            inside = list(ast.walk(one))
            own = {node.arg for node in inside if isinstance(node, ast.arg)} | {
                node.id for node in inside if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
            used = [here[node.id] for node in inside if isinstance(node, ast.Name) and node.id in here.keys() - own]
            used += [getattr(here[node.value.id], node.attr) for node in inside if isinstance(node, ast.Attribute)
                     and isinstance(node.value, ast.Name) and here.get(node.value.id) in replaced._MODEL
                     and node.value.id not in own]
            for function in map(replaced._plain, used):
                if inspect.isfunction(function):
                    found.setdefault(function, set()).add(replaced._plain(here[one.name]))
    return found


def test_what_calls_a_rule_is_made_again_and_nothing_else():
    """Else a rule would be asked in some phases only, or all phases would be compiled for one that asks it."""
    callers, phases = _callers(), {n: f for n, f in vars(engine).items() if inspect.isfunction(replaced._plain(f))}
    for name, function in replaced.names().items():
        reached, new = set(), {replaced._plain(function)}
        while new:
            reached |= new
            new = set().union(*(callers.get(one, set()) for one in new)) - reached
        made = vars(replaced.engine_with({name: replaced._plain(function)}, "a test"))
        assert {n for n, f in phases.items() if made[n] is not f} == {
            n for n, f in phases.items() if replaced._plain(f) in reached}, name


def test_what_was_compiled_is_loaded_by_another_process(still, tmp_path):
    """Also where the rule comes from a module that no other process knows: nothing is compiled again."""
    def kept():
        return {path.name: path.stat().st_mtime_ns for path in Path(os.environ["NUMBA_CACHE_DIR"]).rglob(f"*{mark}*.nbc")}

    mark = mark_of({TARGET: middle})[:12]
    before = kept()
    assert {name.partition("_")[0] for name in before} == {"engine.willingness"}
    file = tmp_path / "study.py"
    file.write_text("import letsdance as ld\n"
                    f"code = {CODE!r}\n"
                    "names = {'__name__': 'nowhere'}\n"
                    f"exec(compile('\\n' * {LINE - 1} + code, {str(PAGE)!r}, 'exec'), names)\n"
                    f"rules = {{'{TARGET}': names['no_inertia']}}\n"
                    "print(repr(float(ld.simulate('lets_dance', runs=1, quarters=16, rules=rules).rows['C'][0, -1])))\n",
                    encoding="utf-8")
    assert float(_in_another_process(str(file))) == still.rows["C"][0, -1]
    assert kept() == before
