"""`letsdance dashboard`: start the pages on this machine and open them in a browser; nothing leaves the machine."""

from __future__ import annotations

import socket
from typing import Annotated

import typer

_HOST, _PORT = "127.0.0.1", 8765


def check_port(host: str, port: int) -> None:
    """Refuse a port that is taken or that this machine does not have."""
    from params import Refused

    if not 1 <= port <= 65535:
        raise Refused(f"--port must be a whole number from 1 to 65535, not {port}.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            other = f"letsdance dashboard --port {port % 65535 + 1}"
            raise Refused(f"port {port} on {host} cannot be used ({error.strerror or error}); another dashboard may be "
                          f"running there. Choose another, such as `{other}`.") from None


def dashboard(
    port: Annotated[int, typer.Option(help="The port on this machine.")] = _PORT,
    host: Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0 lets others on the network in.")] = _HOST,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the first page.")] = True,
    projector: Annotated[bool, typer.Option("--projector", help="Open it in large type.")] = False,
) -> None:
    """Show the futures live: explore levers and conditions in a browser, offline."""
    check_port(host, port)
    import os

    os.environ["SOLARA_APP"] = "dashboards.app"  # read by Solara when it is imported, like the next ones
    os.environ["SOLARA_TELEMETRY_MIXPANEL_ENABLE"] = "False"
    os.environ["SOLARA_MODE"] = "production"
    import logging
    import signal
    import threading
    import warnings
    import webbrowser

    # what Solara and its parts say to those who build with it is not for those who use it
    warnings.filterwarnings("ignore")
    logging.getLogger("solara").setLevel(logging.ERROR)
    import uvicorn
    from solara.server import settings
    from solara.server.starlette import app

    settings.main.mode = "production"
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    address = f"http://{f'[{shown}]' if ':' in shown else shown}:{port}/{'?projector=1' if projector else ''}"
    server = uvicorn.Server(uvicorn.Config(app, host=host, port=port, log_level="error", access_log=False, ws="auto"))

    def opened() -> None:
        import time

        while not server.started:
            time.sleep(0.05)
        typer.echo(f"The dashboard is at {address} (stop it with Ctrl+C). It explores, it does not forecast.")
        if browser:
            webbrowser.open(address)

    threading.Thread(target=opened, daemon=True).start()
    for number in (signal.SIGINT, signal.SIGTERM):  # the server stops on these by itself, then raises them once more
        signal.signal(number, lambda *_: None)
    server.run()
