"""`letsdance dashboard`: start the pages on this machine and open them in a browser; nothing leaves the machine."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import threading

_HOST, _PORT = "127.0.0.1", 8765
#: Seconds after Ctrl+C until the process ends, whatever still runs: open pages are told, computations are not waited for.
_GOODBYE = 1.0


def listening(host: str, port: int, command: str = "dashboard", usual: int = _PORT) -> socket.socket:
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


def dashboard(
    port: Annotated[int, typer.Option(help="The port on this machine.")] = _PORT,
    host: Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0 lets others on the network in.")] = _HOST,
    allow_host: Annotated[list[str] | None, typer.Option(help="A further name under which browsers may ask for it, such "
                                                              "as dance.example.org. May be given again.")] = None,
    root_path: Annotated[str, typer.Option(help="Where a proxy shows it, such as /dance.")] = "",
    pages: Annotated[int, typer.Option(min=1, help="Pages that may be open at once; each takes a thread and some "
                                                   "1 MB.")] = 400,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the first page.")] = True,
    projector: Annotated[bool, typer.Option("--projector", help="Open it in large type.")] = False,
) -> None:
    """Show the futures live in a browser, offline. Explore levers and conditions; stop it with Ctrl+C."""
    import os
    import threading

    ending = _end_on_signals()
    place = listening(host, port)
    os.environ["SOLARA_APP"] = "letsdance.dashboards.app"  # read by Solara when it is imported, like the next ones
    os.environ["SOLARA_TELEMETRY_MIXPANEL_ENABLE"] = "False"
    os.environ["SOLARA_MODE"] = "production"
    import logging
    import warnings

    # what Solara and its parts say to those who build with it is not for those who use it
    warnings.filterwarnings("ignore")
    logging.getLogger("solara").setLevel(logging.ERROR)
    from letsdance.dashboards import guard

    guard.install(guard.Hosts(host, allow_host or ()), root_path, pages)
    from solara.server import settings
    from solara.server.starlette import app

    settings.main.mode = "production"
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    address = f"http://{f'[{shown}]' if ':' in shown else shown}:{port}{settings.main.root_path}/" + (
        "?projector=1" if projector else "")
    if browser:  # it starts while the pages are being loaded, and waits for them
        threading.Thread(target=_open, args=(address,), daemon=True).start()
    _serve(app, place, ending, f"The dashboard is at {address} (stop it with Ctrl+C). It explores, it does not forecast.")


def _end_on_signals() -> threading.Event:
    """On Ctrl+C, or when the system asks for an end, the event is set, and soon the process is gone, whatever runs."""
    import signal
    import threading

    ending = threading.Event()

    def end(*_: object) -> None:
        if not ending.is_set():
            ending.set()
            threading.Thread(target=gone, args=(_GOODBYE,), daemon=True).start()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    return ending


def _serve(app: Any, place: socket.socket, ending: threading.Event, told: str) -> None:
    """Serve until the end is asked for; open pages are told that the server goes, and come back when it does."""
    import threading
    import time
    from collections.abc import Iterator
    from contextlib import contextmanager

    import uvicorn

    class Server(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Iterator[None]:  # `_end_on_signals` did, before anything long was loaded
            yield

        async def on_tick(self, counter: int) -> bool:
            return await super().on_tick(counter) or ending.is_set()

    server = Server(uvicorn.Config(app, log_level="error", access_log=False, ws="auto", server_header=False))

    def tell() -> None:
        while not server.started:
            time.sleep(0.05)
        typer.echo(told)

    threading.Thread(target=tell, daemon=True).start()
    server.run(sockets=[place])
    gone(0)


def gone(seconds: float) -> None:
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


def _open(address: str) -> None:
    import webbrowser

    if not webbrowser.open(address):
        typer.echo(f"There is no browser to open here; open {address} yourself.")
