"""The door before a room: which hosts, origins and methods are served, how fast, and what every answer carries.

Everybody is a stranger: hosts and origins are checked as the dashboard does (dashboards/hosts.py), floods are slowed down.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from contextlib import suppress

from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from letsdance.dashboards.hosts import HEADERS, Hosts, Refusals, same, split

__all__ = ["Door", "Limit"]

_log = logging.getLogger("letsdance.room")
#: (a second, at once): inputs and pages of one address (a whole room may share one behind a router).
_ADDRESS = (60.0, 400.0)
#: What an answer carries unless it says otherwise.
_CLOSED = [(b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"), (b"cache-control", b"no-store")]


class Limit:
    """A token bucket a key; keys that are quiet are forgotten."""

    def __init__(self, rate: float, burst: float, keys: int = 5_000) -> None:
        self._rate, self._burst, self._keys = rate, burst, keys
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __call__(self, key: str) -> bool:
        now = time.monotonic()
        left, then = self._left.pop(key, (self._burst, now))
        left = min(self._burst, left + (now - then) * self._rate)
        self._left[key] = (left - 1.0 if left >= 1.0 else left), now
        while len(self._left) > self._keys:
            self._left.popitem(last=False)
        return left >= 1.0


class Door:
    """What every request passes: hosts, origins, methods, floods; and what every answer carries."""

    def __init__(self, app: ASGIApp, hosts: Hosts) -> None:
        self._app, self._hosts, self._addresses = app, hosts, Limit(*_ADDRESS)
        self._tell = Refusals(_log)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        why, answer = self._refused(scope)
        if why:
            self._tell(scope, why)

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                ours = {name.lower().encode(): value.encode() for name, value in HEADERS.items()}
                kept = [pair for pair in message.get("headers", []) if pair[0].lower() not in ours]
                missing = [pair for pair in _CLOSED if pair[0] not in {name.lower() for name, _ in kept}]
                message = {**message, "headers": [*kept, *ours.items(), *missing]}
            await send(message)

        with suppress(ClientDisconnect):
            await (answer or self._app)(scope, receive, dressed)

    def _refused(self, scope: Scope) -> tuple[str, Response | None]:
        def all_of(name: bytes) -> list[str]:
            return [value.decode("latin-1") for key, value in scope["headers"] if key == name]

        hosts, origins = all_of(b"host"), all_of(b"origin")
        host = split(hosts[0]) if len(hosts) == 1 else None
        if host is None or not self._hosts.serves(host[0], (scope.get("server") or ("",))[0]):
            return f"the host {', '.join(hosts)!r:.80}", PlainTextResponse(
                "This room is not served under this name. Whoever started it can name it with --allow-host.\n", 421)
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return f"the method {scope['method']!r:.20}", PlainTextResponse("", 405, {"Allow": "GET, HEAD, POST"})
        if scope["method"] == "POST" and not all(same(one, host) for one in origins):
            return f"an input from the origin {', '.join(origins)!r:.80}", PlainTextResponse("", 403)
        if not self._addresses((scope.get("client") or ("",))[0]):
            return "a flood", PlainTextResponse("", 429, {"Retry-After": "1"})
        return "", None
