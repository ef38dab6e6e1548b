"""Where a sweep lies: a folder of this machine, or an address that fsspec opens (s3://bucket/sweep, gs://, az://, sftp://).

An address is a `UPath`, which has a path's names; what it takes to reach it (keys, an endpoint) is told as its library
wants it, mostly by the environment. Objects there appear whole or not at all, and there is no lock: two processes would
make the same parts twice, to the same bytes. Raises `Refused`; `FileNotFoundError` where nothing lies.
"""

from __future__ import annotations

import re
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from letsdance.params import Refused, files, nearest

_ADDRESS = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]+)://(.*)", re.DOTALL)
#: Stores without folders: nothing has to be made before something lies in it.
_OBJECTS = frozenset(("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oss", "oci", "memory"))


def place(where: str | Path) -> Path:
    """A folder's path, or an address as something that has a path's methods."""
    if hasattr(where, "fs"):
        return where  # type: ignore[return-value]  # a UPath with options of its own
    told = _ADDRESS.fullmatch(str(where))
    if told is None:
        return files.named(where)
    protocol, rest = told[1].lower(), told[2]
    if protocol in ("file", "local"):
        return files.named("/" + rest.lstrip("/"))
    if not rest.strip("/ "):
        raise Refused("{where} names no place; write such as s3://bucket/sweep.", where=where)
    try:
        from fsspec.registry import known_implementations
        from upath import UPath
    except ImportError:
        raise Refused("{where} is an address, which takes a library that is not installed: pip install "
                      "'letsdance[stores]'; or name a folder of this machine.", where=where) from None
    if protocol not in known_implementations:
        raise Refused("there is no kind of address {protocol!r}.{near} Known are such as s3, gs, az and sftp.",
                      protocol=protocol, near=nearest(protocol, known_implementations))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that nobody wrote a path of its own for it
            found: Any = UPath(f"{protocol}://{rest}")
        found.fs, found / "runs"  # its library, whom it speaks to, and whether things lie below it
    except ImportError as error:
        raise Refused("{where} takes a library that is not installed: {needs}.", where=where,
                      needs=str(known_implementations[protocol].get("err") or error).rstrip(".")) from None
    except Exception as error:
        raise _unreached(where, error) from None
    return found


def far(path: Path) -> bool:
    """Whether it is an address and no path of this machine."""
    return hasattr(path, "fs")


def within(path: Path) -> str:
    """A path as its own system calls it: without what comes before // in an address."""
    return str(getattr(path, "path", path))


def content(path: Path) -> bytes:
    """What lies at an address."""
    with _reaching(path):
        return path.read_bytes()


def there(path: Path) -> bool:
    """Whether something lies at a path or an address."""
    with _reaching(path, afresh=True):
        return path.exists()


def names(folder: Path) -> set[str]:
    """What lies in a folder; nothing where there is none."""
    try:
        with _reaching(folder, afresh=True):
            return {entry.name for entry in folder.iterdir()}
    except FileNotFoundError:
        return set()
    except NotADirectoryError:  # a store has no empty folders
        if far(folder):
            return set()
        raise


def write(path: Path, what: bytes) -> None:
    """Put something at an address."""
    with _reaching(path):
        if _protocols(path).isdisjoint(_OBJECTS):
            path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(what)


def _protocols(path: Any) -> set[str]:
    """What its library calls itself: one word, or several for the same."""
    called = path.fs.protocol
    return {called} if isinstance(called, str) else set(called)


def send(folder: Path, into: Path, last: str) -> None:
    """Every file of a folder to an address, `last` when all others are there."""
    found = sorted(file for file in folder.rglob("*") if file.is_file())
    for file in sorted(found, key=lambda file: file == folder / last):
        write(into.joinpath(*file.relative_to(folder).parts), file.read_bytes())


@contextmanager
def begun(into: Path, last: str) -> Iterator[Path]:
    """A folder to write in; what it holds takes the place of what lies at the address when all went well."""
    with tempfile.TemporaryDirectory() as hidden:
        yield Path(hidden)
        if names(into):
            with _reaching(into):
                into.fs.rm(into.path, recursive=True)  # type: ignore[attr-defined]
        send(Path(hidden), into, last)


@contextmanager
def _reaching(path: Path, afresh: bool = False) -> Iterator[None]:
    """Whatever the library of an address raises, as one sentence; of this machine's paths what the system says.

    afresh: without what was listed before, which others may have changed.
    """
    try:
        if afresh and far(path):
            path.fs.invalidate_cache()  # type: ignore[attr-defined]
        yield
    except (Refused, FileNotFoundError, NotADirectoryError, ImportError):
        raise
    except Exception as error:
        if not far(path):
            raise
        raise _unreached(path, error) from None


def _unreached(where: object, error: Exception) -> Refused:
    said = " ".join(str(error).split()) or type(error).__name__
    return Refused("{where} cannot be reached: {error}.", where=str(where), error=said.rstrip("."))


__all__ = ["begun", "content", "far", "names", "place", "send", "there", "within", "write"]
