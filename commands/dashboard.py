"""`letsdance dashboard`: start the pages on this machine and open them in a browser; nothing leaves the machine."""

from __future__ import annotations

from typing import Annotated

import typer

from letsdance.commands import serving

_HOST, _PORT = "127.0.0.1", 8765


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
    context: Annotated[list[str] | None, typer.Option(help="In which country, sector or government pages open (`letsdance "
                                                           "show contexts`). May be given again.")] = None,
) -> None:
    """Show the futures live in a browser, offline. Explore levers and conditions; stop it with Ctrl+C."""
    import os
    import threading

    from letsdance.scenarios import check_context

    opened = check_context(context or [])  # what is wrong is said before anything is started
    ending = serving.ends_on_signals()
    place = serving.listening(host, port, "dashboard", _PORT)
    os.environ["SOLARA_APP"] = "letsdance.dashboards.app"  # read by Solara when it is imported, like the next ones
    os.environ["SOLARA_TELEMETRY_MIXPANEL_ENABLE"] = "False"
    os.environ["SOLARA_MODE"] = "production"
    import logging
    import warnings

    # what Solara and its parts say to those who build with it is not for those who use it
    warnings.filterwarnings("ignore")
    logging.getLogger("solara").setLevel(logging.ERROR)
    from letsdance.dashboards import guard, state

    state.opens_in(opened)
    guard.install(guard.Hosts(host, allow_host or ()), root_path, pages)
    from solara.server import settings
    from solara.server.starlette import app

    settings.main.mode = "production"
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    address = f"http://{f'[{shown}]' if ':' in shown else shown}:{port}{settings.main.root_path}/" + (
        "?projector=1" if projector else "")
    if browser:  # it starts while the pages are being loaded, and waits for them
        threading.Thread(target=serving.show, args=(address,), daemon=True).start()
    serving.serve(app, place, ending, f"The dashboard is at {address} (stop it with Ctrl+C). It explores, it does not "
                                      "forecast.")
