"""`letsdance dashboard`: start the pages on this machine and open them in a browser; nothing leaves the machine."""

from __future__ import annotations

import errno
import socket
from typing import Annotated

import typer

_HOST, _PORT = "127.0.0.1", 8765


def listening(host: str, port: int) -> socket.socket:
    """A socket that browsers can connect to from now on; they wait until the pages are there. `Refused` where none can."""
    from params import Refused

    if not 1 <= port <= 65535:
        raise Refused(f"--port must be a whole number from 1 to 65535, not {port}.")
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=2048)
    except (OSError, UnicodeError) as error:
        code, another = getattr(error, "errno", None), f"`letsdance dashboard --port {port % 65535 + 1}`"
        if code == errno.EADDRINUSE:
            raise Refused(f"port {port} on {host} is taken, perhaps by another dashboard; choose another, such as "
                          f"{another}.") from None
        if code == errno.EACCES:
            raise Refused(f"port {port} needs more rights than you have; choose one from 1024, such as `letsdance "
                          f"dashboard --port {_PORT}`.") from None
        raise Refused(f"--host {host} is no address of this machine; leave it out, or write 0.0.0.0 to let others on the "
                      f"network in.") from None


def dashboard(
    port: Annotated[int, typer.Option(help="The port on this machine.")] = _PORT,
    host: Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0 lets others on the network in.")] = _HOST,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the first page.")] = True,
    projector: Annotated[bool, typer.Option("--projector", help="Open it in large type.")] = False,
) -> None:
    """Show the futures live in a browser, offline. Explore levers and conditions; stop it with Ctrl+C."""
    place = listening(host, port)
    import os
    import signal
    import threading

    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    address = f"http://{f'[{shown}]' if ':' in shown else shown}:{port}/{'?projector=1' if projector else ''}"
    if browser:  # it starts while the pages are being loaded, and waits for them
        threading.Thread(target=_open, args=(address,), daemon=True).start()
    os.environ["SOLARA_APP"] = "dashboards.app"  # read by Solara when it is imported, like the next ones
    os.environ["SOLARA_TELEMETRY_MIXPANEL_ENABLE"] = "False"
    os.environ["SOLARA_MODE"] = "production"
    import logging
    import warnings

    # what Solara and its parts say to those who build with it is not for those who use it
    warnings.filterwarnings("ignore")
    logging.getLogger("solara").setLevel(logging.ERROR)
    import uvicorn
    from solara.server import settings
    from solara.server.starlette import app

    settings.main.mode = "production"
    server = uvicorn.Server(uvicorn.Config(app, host=host, port=port, log_level="error", access_log=False, ws="auto"))

    def tell() -> None:
        import time

        while not server.started:
            time.sleep(0.05)
        typer.echo(f"The dashboard is at {address} (stop it with Ctrl+C). It explores, it does not forecast.")

    threading.Thread(target=tell, daemon=True).start()
    for number in (signal.SIGINT, signal.SIGTERM):  # the server stops on these by itself, then raises them once more
        signal.signal(number, lambda *_: None)
    server.run(sockets=[place])


def _open(address: str) -> None:
    import webbrowser

    if not webbrowser.open(address):
        typer.echo(f"There is no browser to open here; open {address} yourself.")
