"""`letsdance workshop`: a room on the local network, with projector, host and phones; nothing leaves the network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from letsdance.commands import serving
from letsdance.commands.screen import Language

if TYPE_CHECKING:
    from letsdance.dashboards.hosts import Hosts
    from letsdance.room.agenda import Agenda
    from letsdance.room.store import Store

_PORT = 8770


def workshop(
    agenda: Annotated[str, typer.Option(help="60, 90 or 120 minutes, or an agenda of your own (.toml).")] = "90",
    text: Language = "en",
    port: Annotated[int, typer.Option(help="The port on this machine.")] = _PORT,
    host: Annotated[str, typer.Option(help="The address to listen on; 127.0.0.1 lets nobody else in.")] = "0.0.0.0",
    allow_host: Annotated[list[str] | None, typer.Option(help="A further name under which browsers may ask for it. May be "
                                                              "given again.")] = None,
    address: Annotated[str, typer.Option(help="How phones reach it, for the QR code, such as "
                                              "http://192.168.1.20:8770 [default: found].")] = "",
    seed: Annotated[int, typer.Option(help="The luck that all tables share.")] = 1,
    folder: Annotated[Path, typer.Option(help="Where rooms are kept, a file each.")] = Path("letsdance-rooms"),
    rooms: Annotated[int, typer.Option(min=1, max=8, help="Rooms at once.")] = 1,
    new: Annotated[bool, typer.Option("--new", help="A new room, though one in the folder has not ended.")] = False,
    context: Annotated[list[str] | None, typer.Option(help="In which country, sector or government it plays "
                                                           "(`letsdance show contexts`). May be given again.")] = None,
    rehearse: Annotated[int, typer.Option(min=0, max=60, help="Simulated participants, to practise alone.")] = 0,
    script: Annotated[bool, typer.Option("--script", help="Print the agenda's script, and start nothing.")] = False,
    copy_agenda: Annotated[Path | None, typer.Option(help="Write the agenda to a file to edit, and start nothing.")] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the host's screen.")] = True,
) -> None:
    """Lead a workshop in a room, with phones and a projector. People join by phone, tables decide, the projector shows what
    comes of it. Stop it with Ctrl+C; start it again and everybody is where they were."""
    from letsdance.params import check_whole, files
    from letsdance.room import agenda as agendas
    from letsdance.scenarios import check_context

    check_whole("seed", seed, 0, 2**53 - 1)
    chosen = agendas.load(agenda)
    if context:
        chosen = chosen.model_copy(update={"context": check_context(context)})
    if script:
        typer.echo(agendas.script(chosen, text))
        return
    if copy_agenda is not None:
        _copy(copy_agenda, agendas.written(chosen, text))
        return
    files.named(folder, "--folder")
    _open_room(chosen, text.language, port, host, allow_host, address, seed, folder, rooms, new, rehearse, browser)


def lead_class(agenda: Agenda, language: str, port: int, address: str, seed: int, folder: Path, browser: bool) -> None:
    """A room for a class; it is entered like any other."""
    _open_room(agenda, language, port, "0.0.0.0", None, address, seed, folder, 1, False, 0, browser)


def _open_room(chosen: Agenda, language: str, port: int, host: str, allow_host: list[str] | None, address: str, seed: int,
               folder: Path, rooms: int, new: bool, rehearse: int, browser: bool) -> None:
    from letsdance.dashboards.hosts import Hosts

    hosts = Hosts(host, [*(allow_host or ()), *_name(address)])  # what is wrong is said before a file is made
    ending = serving.ends_on_signals()
    place = serving.listening(host, port, "workshop", _PORT)
    stores = _stores(folder, rooms, new, bool(rehearse), lambda: _new(folder, chosen, seed, language, bool(rehearse)))
    where = address.rstrip("/") or f"http://{_reached(host)}:{port}"
    _serve(stores, place, ending, hosts, where, port, rehearse, browser)


def _copy(path: Path, text: str) -> None:
    from letsdance.experiments.folder import check_file, whole_file

    place = check_file(path, False)
    with whole_file(place, False) as hidden:
        hidden.write_text(text, encoding="utf-8")
    typer.echo(f"The agenda is in {path}; edit it, then `letsdance workshop --agenda {path}`.")


def _new(folder: Path, *how: Any) -> Store:
    from letsdance.room.store import Store

    return Store.new(folder, *how)


def _stores(folder: Path, rooms: int, new: bool, rehearsal: bool, make: Any) -> list[Store]:
    """The rooms of the folder that have not ended, as many as asked for, and new ones for the rest."""
    from letsdance.room.store import Store, unfinished

    found: list[Store] = []
    for path in [] if new else unfinished(folder):
        store = Store.open(path)
        if store.room.control.ended or store.room.rehearsal != rehearsal or len(found) >= rooms:
            store.close()
            continue
        found.append(store)
        typer.echo(f"Going on with room {store.room.code}, where it was: {len(store.room.people)} people. (--new starts "
                   "another.)")
    return [*found, *(make() for _ in range(rooms - len(found)))]


def _name(address: str) -> list[str]:
    """The host that an address names."""
    from urllib.parse import urlsplit

    from letsdance.params import Refused

    if not address:
        return []
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
        raise Refused("--address must be such as http://192.168.1.20:8770, not {address!r}.", address=address)
    return [parts.hostname]


def _reached(host: str) -> str:
    """The address of this machine on its network: where a packet would leave from; none is sent."""
    import socket

    if host not in ("0.0.0.0", "::", ""):
        return f"[{host}]" if ":" in host else host
    for target in ("192.0.2.1", "10.255.255.255"):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((target, 9))
                found = str(probe.getsockname()[0])
            except OSError:
                continue
        if not found.startswith("127.") and found != "0.0.0.0":
            return found
    return "127.0.0.1"


def _serve(stores: list[Store], place: Any, ending: Any, hosts: Hosts, where: str, port: int, rehearse: int,
           browser: bool) -> None:
    import asyncio
    import logging
    import threading

    from letsdance.room.live import Live
    from letsdance.room.rehearsal import rehearse as practise
    from letsdance.room.server import made

    logging.getLogger("letsdance").addHandler(logging.StreamHandler())
    rooms = {store.room.code: Live(store) for store in stores}

    async def began() -> None:
        if rehearse:
            await asyncio.gather(*(practise(live, rehearse) for live in rooms.values()))

    app = made(rooms, hosts, where, began)
    threading.Thread(target=_warm, daemon=True, name="letsdance-warm").start()
    keys = [f"http://127.0.0.1:{port}/host/{code}?key={live.store.key}" for code, live in rooms.items()]
    lines = []
    for (code, _), key in zip(rooms.items(), keys, strict=True):
        lines += [f"Room {code} is open on this network. Phones: {where}/join/{code}",
                  f"  host (yours alone, the key is in it): {key}", f"  projector: {where}/room/{code}"]
    if where.startswith("http://127."):
        lines.append("This machine is on no network, so only its own browsers can join; name it with --address.")
    lines.append("Stop it with Ctrl+C. It explores, it does not forecast.")
    if browser:
        for key in keys:
            threading.Thread(target=serving.show, args=(key,), daemon=True).start()
    serving.serve(app, place, ending, "\n".join(lines))


def _warm() -> None:
    """Load the model before somebody asks."""
    from letsdance.dashboards.state import price
    from letsdance.scenarios import Use
    from letsdance.scenarios.policy import Policy
    from letsdance.simulation.run import simulate

    price(Policy.of(levers=(Use("FRCS", 1, 4),)))
    simulate("lone_ranger", runs=1, quarters=8)
