"""The one place that opens a file which a user named.

    content(path)            bytes, bounded
    text(path), json(path)   UTF-8 with or without a mark; JSON

Whatever is wrong, from a name that no file can have to tables nested thousands deep, is one sentence (`Refused`).
"""

from __future__ import annotations

import errno
import json as _json
import os
import stat
import tomllib
from pathlib import Path
from typing import Any

from letsdance.params import Refused, Said

__all__ = ["content", "json", "machine", "memory", "named", "parsed_json", "parsed_toml", "reason", "shown", "text"]

#: Bytes that a scenario, a design, a manifest or a prior may have: far more than any that people or commands write.
MOST = 64 * 2**20
_CHUNK = 2**20
_SHOWN = 60
_REASONS = {
    errno.ENAMETOOLONG: Said("its name is longer than this machine allows; choose a shorter one"),
    errno.EACCES: Said("it may not be read or written by this user; ask for the right to, or choose another place"),
    errno.EPERM: Said("it may not be read or written by this user; ask for the right to, or choose another place"),
    errno.ENOTDIR: Said("a part of its path is a file, not a folder; correct the path"),
    errno.ELOOP: Said("its path is a circle of links; name the file itself"),
    errno.ENOSPC: Said("the disk is full; make room, or choose another place"),
    errno.EROFS: Said("the disk can only be read; choose another place"),
}


def shown(value: object, most: int = _SHOWN) -> str:
    """A value as a sentence can hold it: in quotes, without control characters, and not longer than `most`."""
    try:
        said = repr(value)
    except (RecursionError, ValueError):  # nested too deep, or a number of too many digits
        said = f"a {type(value).__name__} too large to be shown"
    said = said.encode("utf-8", "backslashreplace").decode()
    return said if len(said) <= most else f"{said[:most - 1]}…"


def memory() -> int:
    """Bytes of memory of this machine."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 8_000_000_000


def reason(error: OSError) -> str:
    """Why the machine would not, in words, with the remedy where there is one."""
    return _REASONS.get(error.errno or 0) or (error.strerror or type(error).__name__)


def machine(error: BaseException) -> str:
    """What the machine would not do, as a sentence; '' for what is no user's mistake but a fault of ours."""
    if isinstance(error, MemoryError):
        return Said("this needs more memory than the machine has; take fewer runs, quarters, citizens or points.")
    if isinstance(error, RecursionError):
        return Said("what was given is nested too deeply to be read; take out the inner brackets.")
    if isinstance(error, OSError) and error.filename:
        return Said("{file} cannot be used: {reason}.", file=shown(error.filename), reason=reason(error))
    return ""


def named(path: str | Path, option: str = "") -> Path:
    """A path that this machine can hold, or `Refused`; it need not exist. `option` is what the sentence calls it."""
    said = str(path)
    of = f"{option}: " if option else ""
    if not said.strip():
        raise Refused("{of}the name of a file or folder is empty; give one.", of=of)
    try:
        said.encode()  # reports and manifests name it
        os.lstat(said)
    except FileNotFoundError:
        pass
    except ValueError:  # NUL, or characters that the file system cannot write
        raise Refused("{of}{said} cannot be read or written here: it holds characters that no name may have; choose "
                      "another.", of=of, said=shown(said)) from None
    except OSError as error:
        raise Refused("{of}{said} cannot be used: {reason}.", of=of, said=shown(said), reason=reason(error)) from None
    return Path(said)


def content(path: str | Path, missing: Said | None = None, most: int = MOST) -> bytes:
    """What a file holds. `missing` is the remedy where there is none. Raises `Refused`.

    Counted from the bytes that are read, so that neither a device without end nor a file that grows gets past `most`.
    """
    place = named(path)
    try:
        mode = os.stat(place).st_mode
        most = most if stat.S_ISREG(mode) else min(most, MOST)  # a device may have no end
        if stat.S_ISFIFO(mode) and not str(place).startswith(("/dev/", "/proc/")):
            raise Refused("{place} is a pipe without an end, where a file is asked for; name a file.",
                          place=place)  # it would wait
        with open(place, "rb") as file:
            parts, size = [], 0
            while size <= most and (part := file.read(_CHUNK)):  # asked for at once, `most` would be held at once
                parts.append(part)
                size += len(part)
    except FileNotFoundError:
        raise Refused("there is no file {place}{missing}.", place=place,
                      missing=Said("; {remedy}", remedy=missing) if missing else "") from None
    except IsADirectoryError:
        raise Refused("{place} cannot be read: it is a folder; name a file in it.", place=place) from None
    except OSError as error:
        raise Refused("{place} cannot be read: {reason}.", place=place, reason=reason(error)) from None
    if size > most:
        raise Refused("{place} holds more than {most:,.0f} MB, the most that is read; take a smaller one.", place=place,
                      most=most / 2**20)
    return b"".join(parts)


def text(path: str | Path, missing: Said | None = None) -> str:
    """What a text file says: UTF-8, with or without a byte order mark."""
    raw = content(path, missing)
    try:
        said = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused("{path} cannot be read as text in UTF-8; save it again as UTF-8.", path=path) from None
    if "\0" in said:
        raise Refused("{path} holds NUL characters, so it cannot be read as text; save it again as text in UTF-8.",
                      path=path)
    return said


def parsed_toml(said: str, where: str) -> dict[str, Any]:
    """What a TOML text says; `where` names it in a refusal."""
    try:
        return tomllib.loads(said.removeprefix("\ufeff"))
    except RecursionError:
        raise Refused("{where} is nested too deeply to be read; take out the inner brackets.", where=where) from None
    except ValueError as error:  # also an integer of more digits than Python reads
        raise Refused("{where} is not valid TOML: {error}.", where=where, error=error) from None


def parsed_json(said: str, where: str) -> Any:
    """What a JSON text says; `where` names it in a refusal."""
    try:
        return _json.loads(said.removeprefix("\ufeff"))
    except RecursionError:
        raise Refused("{where} is nested too deeply to be read; it was not written by letsdance.", where=where) from None
    except ValueError as error:
        raise Refused("{where} cannot be read: it is not valid JSON, {error}.", where=where, error=error) from None


def json(path: str | Path, missing: Said | None = None) -> Any:
    """What a JSON file says."""
    return parsed_json(text(path, missing), str(path))
