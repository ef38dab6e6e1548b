"""A server of ours, the dashboard's and the room's: where it listens, how it ends, and how long it waits for a request."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    import asyncio
    import threading

#: Seconds after Ctrl+C until the process ends, whatever still runs: open pages are told, computations are not waited for.
_GOODBYE = 1.0
#: Seconds that the head of a request may take to come: a connection that says nothing holds no place for longer.
_HEAD = 8.0


def listening(host: str, port: int, command: str, usual: int) -> socket.socket:
    """A socket that browsers can connect to from now on; they wait until the pages are there. `Refused` where none can."""
    from letsdance.params import Refused

    if not 1 <= port <= 65535:
        raise Refused("--port must be a whole number from 1 to 65535, not {port}.", port=port)
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=2048)
    except (OSError, UnicodeError) as error:
        code, another = getattr(error, "errno", None), f"`letsdance {command} --port {port % 65535 + 1}`"
        if code == errno.EADDRINUSE:
            raise Refused("port {port} on {host} is taken, perhaps by another {command}; choose another, such as "
                          "{another}.", port=port, host=host, command=command, another=another) from None
        if code == errno.EACCES:
            raise Refused("port {port} needs more rights than you have; choose one from 1024, such as {another}.",
                          port=port, another=f"`letsdance {command} --port {usual}`") from None
        raise Refused("--host {host} is no address of this machine; leave it out, or write 0.0.0.0 to let others on the "
                      "network in.", host=host) from None


def ends_on_signals() -> threading.Event:
    """On Ctrl+C, or when the system asks for an end, the event is set, and soon the process is gone, whatever runs."""
    import signal
    import threading

    ending = threading.Event()

    def end(*_: object) -> None:
        if not ending.is_set():
            ending.set()
            threading.Thread(target=_gone, args=(_GOODBYE,), daemon=True).start()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    return ending


def serve(app: Any, place: socket.socket, ending: threading.Event, told: str) -> None:
    """Serve until the end is asked for; open pages are told that the server goes, and come back when it does."""
    import threading
    import time
    from collections.abc import Iterator
    from contextlib import contextmanager

    import uvicorn

    class Server(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Iterator[None]:  # `ends_on_signals` did, before anything long was loaded
            yield

        async def on_tick(self, counter: int) -> bool:
            return await super().on_tick(counter) or ending.is_set()

    server = Server(uvicorn.Config(app, http=_impatient(), log_level="error", access_log=False, ws="auto",
                                   server_header=False))

    def tell() -> None:
        while not server.started:
            time.sleep(0.05)
        typer.echo(told)

    threading.Thread(target=tell, daemon=True).start()
    server.run(sockets=[place])
    _gone(0)


def _impatient() -> type[asyncio.Protocol]:
    """uvicorn's protocol, which waits for a request's head without end, with an end: a connection that says nothing, or
    says it drop by drop, holds no place (each takes a file, and there are some thousand)."""
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Impatient(H11Protocol):
        late: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._watch()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._watch()

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            self._watch()

        def _watch(self) -> None:
            awaited = self in self.connections and (self.cycle is None or self.cycle.response_complete)
            if not awaited and self.late is not None:
                self.late.cancel()
                self.late = None
            elif awaited and self.late is None:
                self.late = self.loop.call_later(_HEAD, self.transport.close)

    return Impatient


def _gone(seconds: float) -> None:
    """End the process after so many seconds; neither computing threads nor processes that it started are waited for."""
    import multiprocessing
    import os
    import sys
    import time
    from contextlib import suppress

    time.sleep(seconds)
    for child in multiprocessing.active_children():
        child.kill()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # nobody reads it any more
            stream.flush()
    os._exit(0)


def show(address: str) -> None:
    """Open the address in this machine's browser, if it has one."""
    import webbrowser

    if not webbrowser.open(address):
        typer.echo(f"There is no browser to open here; open {address} yourself.")
