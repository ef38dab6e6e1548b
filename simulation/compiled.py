"""How rules and loops are compiled: one decorator, and a cache that cannot go stale.

numba's own cache looks only at the file that holds the compiled function, so a rule edited in another file would
silently give old results. The cache folder is therefore named after a hash of every source that compiled code
is made from, and of the parameters' declarations, which are the engine's record. With NUMBA_DISABLE_JIT=1 the
same functions run as plain Python and give the same bits.
"""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import tempfile
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any


def rules_hash() -> str:
    """A hash of the model: rules, engine, parameters' names and order.

    Equal hashes: the same schedule of parameters, places and seeds give the same numbers. What levers, shocks and starts
    mean stands in scenarios/, outside this hash; `experiments.executors.rules` hashes it too.
    """
    here = Path(__file__).parent
    digest = hashlib.sha256()
    parameters = here.parent / "params"
    for path in sorted([*here.rglob("*.py"), *parameters.rglob("*.toml"), parameters / "__init__.py"]):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def sources_hash() -> str:
    """A hash of all that compiled code is made from: the model, and what compiles it on which machine."""
    machine = f"{version('numba')} {version('numpy')} {sys.version} {platform.machine()}"
    return hashlib.sha256(f"{machine} {rules_hash()}".encode()).hexdigest()[:16]


def _cache_folder() -> Path:
    """The first folder of ours that can be written: beside the user's caches, else a temporary one."""
    bases = [Path(tempfile.gettempdir()) / f"letsdance-{getattr(os, 'getuid', lambda: 0)()}"]
    with suppress(RuntimeError):  # no HOME, and a user whom the system does not know, as in containers
        bases.insert(0, Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "letsdance")
    for base in bases:
        folder = base / f"compiled-{sources_hash()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except OSError:
            continue
    return Path(tempfile.mkdtemp(prefix="letsdance-"))


if "numba" not in sys.modules:  # numba reads this when it is imported; whoever came first has chosen already
    os.environ.setdefault("NUMBA_CACHE_DIR", str(_cache_folder()))

import numba  # noqa: E402


def cold() -> bool:
    """Whether nothing has been compiled yet with these sources, so that the first run takes longer."""
    return os.environ.get("NUMBA_DISABLE_JIT") != "1" and not any(Path(os.environ["NUMBA_CACHE_DIR"]).rglob("*.nbi"))


def written(name: str, text: str) -> Path:
    """A file of code that was made, in the cache folder, written once: the compiler's cache looks at its name and time."""
    folder = Path(os.environ.get("NUMBA_CACHE_DIR") or tempfile.gettempdir())
    path = folder / f"{name}_{hashlib.sha256(text.encode()).hexdigest()[:16]}.py"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=folder, suffix=".part")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(part).replace(path)
    return path


njit: Any = numba.njit
_COMMON: dict[str, Any] = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
#: Loops that Python calls: no Python lock, cached, divisions by zero as IEEE says, no rearranged arithmetic.
compiled = njit(cache=True, **_COMMON)
#: The science: a small pure scalar function, callable by hand and compiled into the loops.
rule = njit(forceinline=True, **_COMMON)
_PLAIN = os.environ.get("NUMBA_DISABLE_JIT") == "1"
#: A part of a loop, called by compiled code only (wrappers for Python would double the time to compile it). It is
#: optimised on its own before it is joined to its callers, which lets a dense loop become vector code.
part = rule if _PLAIN else njit(no_cpython_wrapper=True, **_COMMON)
#: A small part that is always inlined: a call would count references to every array that it is given.
inlined = rule if _PLAIN else njit(no_cpython_wrapper=True, inline="always", **_COMMON)
