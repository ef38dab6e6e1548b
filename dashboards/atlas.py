"""Own municipalities on Town, drawn besides as a list: as squares near where their table says that they lie, or by their
shapes on the map (GeoJSON) that somebody opens in the tab; in colours that say what is asked of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import solara

from letsdance.dashboards import compute, tables
from letsdance.dashboards.charts_town import SHADES
from letsdance.dashboards.session import use_session
from letsdance.params import Refused
from letsdance.scenarios import maps
from letsdance.scenarios.maps import Drawn, Outline
from letsdance.words import Text

__all__ = ["COLOURS", "FORMS", "Atlas", "Lying", "lying", "said", "use_atlas"]

#: What the page keeps in links: how municipalities are drawn (of FORMS; the first that there is), and in which COLOURS.
FORM, COLOUR = "town.drawn-as", "town.colours-say"
FORMS, COLOURS = ("shapes", "squares", "list"), ("future", "C", "G", "stage")
#: Municipalities that a sentence names.
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Lying:
    """Own municipalities as squares, where their table says that they lie or in its order, and whether it says so."""

    squares: Outline | None = None
    placed: bool = False


@dataclass(frozen=True, slots=True)
class _Brought:
    """What became of a map that somebody opened, for these municipalities."""

    names: tuple[str, ...] = ()
    drawn: Drawn | None = None
    refused: str = ""


@dataclass(frozen=True, eq=False, slots=True)
class Atlas:
    """How municipalities are drawn now (`outline`; None: as a list), what the browser is told of it (`sent`), and what
    becomes of its orders: a file that was opened, one that is put away, another form or colour."""

    outline: Outline | None
    form: str
    colour: str
    sent: dict[str, Any]
    opened: Callable[[dict[str, Any]], None]
    put_away: Callable[[object], None]
    draw: Callable[[dict[str, str]], None]


def lying(places: str, count: int, token: compute.Token) -> Lying:
    """So many own municipalities laid out by their table, which levers do not move; nothing where there are none."""
    if not places:
        return Lying()

    def lay() -> Lying:
        known = maps.placed(places)
        return Lying(maps.squares(np.full((count, 2), np.nan) if known is None else known), known is not None)

    return compute.drawn(("lying", places), lay, token)


def use_atlas(names: tuple[str, ...], laid: Lying) -> Atlas:
    """How the municipalities of these names are drawn; a hook. No names: nobody can be drawn now."""
    session = use_session()
    view, text = session.view.value, session.text
    found: solara.Reactive[_Brought] = solara.use_reactive(_Brought())
    drawn = found.value.drawn if names and found.value.names == names else None
    squares = drawn.squares if drawn is not None else laid.squares
    kinds = {"shapes": drawn.shapes if drawn is not None else None, "squares": squares}
    outlines = {name: outline for name, outline in kinds.items() if outline is not None}  # what shows most first
    usual = next(iter(outlines)) if drawn is not None or laid.placed else "list"
    form = view.get(FORM) if view.get(FORM) in (*outlines, "list") else usual
    outline = outlines.get(form)
    sent = {"forms": [*outlines, "list"] if outlines else [], "shades": SHADES, "named": drawn is not None,
            "says": said(drawn, text) if drawn is not None else "", "refused": found.value.refused,
            "wanted": bool(names and view.places) and found.value.names != names,
            **({"box": outline.box, "paths": outline.paths, "names": outline.names} if outline is not None else {})}

    def opened(file: dict[str, Any]) -> None:
        if names:
            found.set(_brought(file, names, text))

    def draw(order: dict[str, str]) -> None:
        session.keep({FORM if order["what"] == "form" else COLOUR: order["name"]}, aside=True)

    colour = view.get(COLOUR) if view.get(COLOUR) in COLOURS else COLOURS[0]
    return Atlas(outline, form, colour, sent, opened, lambda _: found.set(_Brought(names)), draw)


def _brought(file: dict[str, Any], names: Sequence[str], text: Text) -> _Brought:
    """The map that a browser sent, for these municipalities, or the sentence that refuses it."""
    try:
        if file["size"] > maps.MOST_BYTES:  # the browser sends none of it
            raise maps.too_large(file["name"])
        upload = tables.upload_in(file)
        return _Brought(tuple(names), maps.drawn(names, maps.read(upload.content, upload.name), upload.name))
    except Refused as no:
        return _Brought(tuple(names), refused=text(str(no)) if str(no).startswith("data.") else text.refused(no))


def said(drawn: Drawn, text: Text) -> str:
    """What a map has, and what it lacks: counts, and the first names."""
    def few(names: Sequence[str]) -> str:
        return ", ".join([*names[:_NAMED], *(["…"] if len(names) > _NAMED else [])])

    every, lost = len(drawn.municipalities), len(drawn.lost)
    told = [text("town.map_all", n=text.number(every), by=drawn.by) if not lost else text(
        "town.map_some", n=text.number(every), found=text.number(every - lost), lost=text.number(lost), by=drawn.by,
        names=few([text("town.map_guess", name=name, guess=guess) if guess else name
                   for name, guess in zip(drawn.lost, drawn.guesses, strict=True)]))]
    told += [text("town.map_far", n=text.number(len(drawn.far)), names=few(drawn.far))] if drawn.far else []
    told += [text("town.map_spare", n=text.number(len(drawn.spare)), names=few(drawn.spare))] if drawn.spare else []
    told += [text("town.map_left", n=text.number(drawn.left))] if drawn.left else []
    return " ".join(told)
