"""A saved state from a stranger: whatever is in it, it is refused in a sentence or it runs; it never ends the process."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from letsdance.experiments.branch import branch, load, save, state_at
from letsdance.experiments.state_file import _MAY_BE_NONE
from letsdance.params import Refused

SMALL = {"municipalities": 6, "citizens": 14}


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    """The bytes of a state that letsdance saved, with initiatives under way."""
    state = state_at("lets_dance", 9, seed=3, parameters=SMALL, quarters=16)
    assert state.state.governments["initiatives"].sum() > 5
    return save(state, tmp_path_factory.mktemp("state") / "honest.npz").read_bytes()


def arrays_of(content):
    with np.load(io.BytesIO(content)) as found:
        return {name: found[name].copy() for name in found.files}


def written(place, arrays):
    np.savez(place, **arrays)
    return place


def leaves(array):
    """An array's numbers: itself, or each of its fields."""
    return [("", array)] if array.dtype.names is None else [(name, array[name]) for name in array.dtype.names]


def extremes(dtype):
    """What a stranger writes into numbers of this type."""
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        return [info.max, info.min, info.max // 2] + [-1] * (dtype.kind == "i")
    return [np.nan, np.inf, -np.inf, 1e30, -1.0]


def mutants(content, rng, flips=200):
    """(what was done, a file's arrays) for every array and field: all of it, one of it, its type, its shape."""
    honest = arrays_of(content)
    for name, whole in honest.items():
        if name == "about":
            continue
        for field, part in leaves(whole):
            for value in extremes(part.dtype) if part.size else ():
                for one in (False, True):
                    mutant = whole.copy()
                    target = mutant[field] if field else mutant
                    target.flat[rng.integers(target.size) if one else slice(None)] = value
                    yield f"{name}.{field} = {value}{' once' if one else ''}", honest | {name: mutant}
        for what, changed in (
                ("short", whole[:-1]), ("empty", whole[:0]), ("long", np.concatenate([whole, whole[:1]])),
                ("flat", whole[None]), ("text", np.full(whole.shape, "many")), ("columns", np.asfortranarray(whole)),
                ("complex", np.zeros(whole.shape, complex)), ("bytes", whole.view(np.uint8)),
                ("objects", np.array([{"a": 1}], object)), ("backwards", whole[::-1])):
            yield f"{name} {what}", honest | {name: changed}
        yield f"{name} gone", {k: v for k, v in honest.items() if k != name}
    for _ in range(flips):  # one number anywhere becomes another one of its own kind
        name = rng.choice([n for n in honest if n.startswith("state.") and honest[n].size])
        mutant = honest[name].copy()
        field, _ = leaves(mutant)[rng.integers(len(leaves(mutant)))]
        target = mutant[field] if field else mutant
        target.flat[rng.integers(target.size)] += rng.integers(1, 5).astype(target.dtype)
        yield f"{name}.{field} another", honest | {name: mutant}


VALUES = ["x", None, -1, 10**40, float("nan"), 1.5, True, [], {}, [1], "", "\0", 2**63, 401, [[]] * 6, ["a"] * 6]


def other_words(content):
    for key in json.loads(arrays_of(content)["about"].tobytes()):
        for value in [*VALUES, ...]:
            arrays = arrays_of(content)
            about = json.loads(arrays["about"].tobytes())
            if value is ...:
                del about[key]
            else:
                about[key] = value
            arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
            yield f"about {key} = {value!r:.30}", arrays
    for text in (b"", b"[]", b"null", b"[" * 100_000, b"9" * 5_000, b"\xff\xfe", b'"a"'):
        yield f"about {text[:9]!r}", arrays_of(content) | {"about": np.frombuffer(text, np.uint8)}


def attempts(folder):
    """What the other process does: load every mutant and go on with it. Prints a line each; never a traceback."""
    content = (Path(folder) / "honest.npz").read_bytes()
    for what, arrays in [*mutants(content, np.random.default_rng(4)), *other_words(content)]:
        place = Path(folder) / "mutant.npz"
        written(place, arrays)
        try:
            branch(load(place), {"a": ["FRCS@10"]}, 1)
            said = "ran"
        except Refused as error:
            said = f"refused {error}"
            assert "\n" not in said, said
        print(f"{what}\t{said}", flush=True)


@pytest.fixture(scope="module")
def told(honest, tmp_path_factory):
    place = tmp_path_factory.mktemp("strangers")
    (place / "honest.npz").write_bytes(honest)
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import test_state_file as t; " \
           f"t.attempts({str(place)!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parent.parent)
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert done.returncode == 0, (done.returncode, done.stderr[-800:], lines[-1:])
    return lines


def test_no_mutant_ends_the_process_and_what_cannot_be_is_refused(told):
    assert len(told) > 1_500
    ran = [what for what, said in told if said == "ran"]
    # What may run: what a state can hold, and what stands in slots that are not in use.
    wrong = [what for what in ran if what.startswith(("state.", "citizens")) and "=" in what and not (
        what.startswith(("state.initiatives.", "state.members.")) and what.endswith("once"))
        and not abs(float(what.partition("= ")[2].removesuffix(" once"))) < 100]  # neither NaN nor far from all there is
    assert not wrong
    assert not [what for what in ran if what.startswith("about") and not what.startswith(("about name", "about version"))]
    wrong = [what for what in ran if what.startswith(("rows.", "given.")) and what.removesuffix(" once").endswith(
        ("nan", "inf", "1e+30")) and not what.startswith(("given.", *(f"rows.{name} " for name in _MAY_BE_NONE)))]
    assert not wrong
    ran = [what for what in ran if what not in ("state.load bytes", "state.uses bytes")]  # they are bytes
    assert not [what for what in ran if what.endswith((" short", " empty", " long", " flat", " text", " complex", " bytes",
                                                       " objects", " gone"))]
    for name in ("ties", "neighbours", "peers", "members"):
        said = dict(told)
        assert said[f"state.{name}. = {2**32 - 1}"].startswith("refused"), name
        assert said[f"state.{name} short"].startswith("refused"), name
        assert said[f"state.{name} empty"].startswith("refused"), name


def test_an_honest_state_is_taken_and_goes_on_alike(honest, tmp_path):
    (tmp_path / "a.npz").write_bytes(honest)
    assert save(load(tmp_path / "a.npz"), tmp_path / "b.npz").read_bytes() == honest


@pytest.mark.parametrize("size", [3 * 10**9, 10**12])
def test_a_bomb_is_refused_by_its_declared_size_before_it_is_unpacked(honest, tmp_path, size):
    import tracemalloc

    place = tmp_path / "bomb.npz"
    with zipfile.ZipFile(io.BytesIO(honest)) as whole, zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as bomb:
        for info in whole.infolist():
            bomb.writestr(info.filename, whole.read(info))
        bomb.writestr("more.npy", b"\0" * 100_000)
    content = bytearray(place.read_bytes())
    at = content.rindex(b"more.npy") - 46 + 24  # where the directory declares what it unpacks to
    content[at:at + 4] = min(size, 2**32 - 2).to_bytes(4, "little")
    place.write_bytes(content)
    tracemalloc.start()
    with pytest.raises(Refused, match="would unpack to"):
        load(place)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


def test_a_size_that_lies_does_not_unpack_more_than_it_says(honest, tmp_path):
    """The directory says little, the content is large: only what a state needs is read."""
    arrays = arrays_of(honest)
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, arrays["state.trust"])
    with zipfile.ZipFile(io.BytesIO(honest)) as whole, zipfile.ZipFile(
            tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as lie:
        for info in whole.infolist():
            lie.writestr(info.filename, buffer.getvalue() + b"\0" * 40_000_000 if info.filename == "state.trust.npy"
                         else whole.read(info))
    with pytest.raises(Refused, match="another length than it says"):
        load(tmp_path / "a.npz")


@pytest.mark.parametrize("header", [
    b"{'descr': '<f8", b"((((", b"''" + b"'", b"{'descr': [" * 8, b"  x\n y\n", b"\xff\xfe", b"{'descr': '<f8L', 5L",
    b"\0" * 40])
def test_what_numpy_cannot_read_of_an_array_is_damage(honest, tmp_path, header):
    """Whatever its reader of headers raises; once it looks for whole numbers of Python 2 among the words of Python."""
    raw = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    with zipfile.ZipFile(io.BytesIO(honest)) as whole, zipfile.ZipFile(tmp_path / "a.npz", "w") as broken:
        for info in whole.infolist():
            broken.writestr(info.filename, raw if info.filename == "state.trust.npy" else whole.read(info))
    with pytest.raises(Refused, match="is not a state that letsdance saved, or it"):
        load(tmp_path / "a.npz")


@pytest.mark.parametrize("name", ["a\0b.npz", "x" * 300 + ".npz", "/dev/zero", "."])
def test_what_is_no_file_is_refused(name):
    with pytest.raises(Refused) as refused:
        load(name)
    assert "\n" not in str(refused.value)
