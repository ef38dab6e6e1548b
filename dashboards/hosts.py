"""Which hosts a server of ours serves, whose pages may speak to it, and how refusals are told: one rule for the dashboard
and the room."""

from __future__ import annotations

import ipaddress
import logging
import re
import socket
import time
from collections.abc import Iterable, Mapping
from typing import Any

from letsdance.params import Refused

__all__ = ["HEADERS", "Hosts", "Refusals", "address", "same", "split"]

#: Lines a minute in the log about what was refused: a stranger must not fill the disk.
_MOST_LINES = 300

#: What every answer carries. No Cross-Origin-Opener-Policy: with it a browser that goes elsewhere drops a page's goodbye,
#: and its session stays.
HEADERS = {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
           "Cross-Origin-Resource-Policy": "same-origin"}


def split(value: str) -> tuple[str, int | None] | None:
    """A host and its port as a header writes them: "[::1]:8765" -> ("::1", 8765); None for what is none."""
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::([0-9]{1,5}))?", value)
    if not found:
        return None
    name = (found[1] or found[2]).lower().removesuffix(".")
    return name, int(found[3]) if found[3] else None


def address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a name is, if it is one."""
    try:
        found = ipaddress.ip_address(name)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


class Hosts:
    """The names and addresses under which the dashboard is served.

    host: what it listens on. allowed: further names (`--allow-host`). This machine's loopback names always; its other
    addresses where a browser came in on that very one; its own name where it listens to everybody.
    """

    def __init__(self, host: str = "localhost", allowed: Iterable[str] = ()) -> None:
        self._names = {"localhost"}
        for one in allowed:
            parts = split(one if address(one) is None or ":" not in one else f"[{one}]")
            if parts is None:
                raise Refused("--allow-host must be a name or address as browsers write it, such as dance.example.org, "
                              "not {one!r}.", one=one)
            self._names.add(parts[0])
        if host in ("0.0.0.0", "::", ""):
            own = socket.gethostname().lower().removesuffix(".")
            short = own.partition(".")[0]
            self._names |= {own, short, f"{short}.local"} - {""}
        else:
            self._names.add(host.lower().removesuffix("."))
        self._addresses = {found for name in self._names if (found := address(name))}

    def serves(self, name: str, came_in_on: str = "") -> bool:
        """Whether a name is served; came_in_on: the address of this machine that the connection reached."""
        if (found := address(name)) is None:
            return name in self._names
        return found.is_loopback or found in self._addresses or found == address(came_in_on)


def same(origin: str, host: tuple[str, int | None]) -> bool:
    """Whether an `Origin` is the host that was asked for; the port of a scheme need not be written."""
    scheme, _, rest = origin.partition("://")
    usual = {"http": 80, "https": 443}.get(scheme)
    parts = split(rest) if usual else None
    return parts is not None and parts[0] == host[0] and (parts[1] or usual) == (host[1] or usual)


class Refusals:
    """Who was refused, and why: a line each in a log, so many a minute."""

    def __init__(self, log: logging.Logger) -> None:
        self._log, self._lines, self._since = log, 0, 0.0

    def __call__(self, scope: Mapping[str, Any], why: str) -> None:
        """One line of what came in."""
        now = time.monotonic()
        if now > self._since + 60:
            self._lines, self._since = 0, now
        self._lines += 1
        if self._lines <= _MOST_LINES:
            who = (scope.get("client") or ("?",))[0]
            self._log.warning("refused from %s: %s%s", who, why, " (more of it is not told for a minute)"
                              if self._lines == _MOST_LINES else "")
