"""The three faces of a full room, as they are seen: nothing runs over the edge, axe finds nothing, in light and dark."""

from __future__ import annotations

import copy
import time

import full_room
import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import browser_type_launch_args  # noqa: F401  (fixture)

from letsdance.room import agenda as agendas
from letsdance.room import faces, runs

AGENDA = agendas.load("90")
#: Which steps are looked at, by face; language, look and size go round, so that each is met.
STEPS = {"phone": ("join", "track", "place", "image", "predict", "decide", "shock", "results2", "act", "agree"),
         "projector": ("join", "track", "image", "decide", "shock", "results2", "tunnel", "agree"), "host": ("results2",)}
#: Of these axe is asked too, which takes a second each: every kind of control and of picture stands on one of them.
AXE = {"track", "predict", "decide", "results2"}
SIZES = {"phone": ((360, 640), (390, 844)), "projector": ((1366, 768), (1920, 1080)), "host": ((1366, 768), (390, 844))}
LANGUAGES = ("de", "fr", "nl", "en")


@pytest.fixture(scope="module")
def rooms():
    """A full room at each of its steps, and the answers of all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "tunnel", lambda *_: full_room.Tunnel())
        seen = {}
        full_room.full(agenda=AGENDA, after=lambda room: seen.update({room.name: copy.deepcopy(room)}))
        answers = runs.Answers()
        yield seen, answers


def drawn(face: str, room, answers) -> str:
    """A face's whole page, as the server sends it, without its script."""
    address = "http://192.168.178.123:8770/join/FULLY"
    inside = {"phone": lambda: faces.phone(room, answers, "person-07", time.time(), "fresh-id-1234", "/join/FULLY/in"),
              "projector": lambda: faces.projector(room, answers, time.time(), address),
              "host": lambda: faces.host(room, answers, time.time(), address, "fresh-id-1234")}[face]
    runs.ready(room, answers)  # as the server asks when a step begins
    answers.wait(120)
    return faces.page(face, inside(), room, "n", "", "", "Let’s Dance · FULLY")


@pytest.mark.parametrize("face", STEPS)
def test_faces_fit_and_axe_finds_nothing(rooms, browser, face):
    seen, answers = rooms
    found = []
    for k, step in enumerate(STEPS[face]):
        room = seen[step]
        room.language = LANGUAGES[k % 4]
        wide, high = SIZES[face][k // 2 % 2]
        page = browser.new_page(viewport={"width": wide, "height": high}, color_scheme=("light", "dark")[k % 2],
                                reduced_motion="reduce")
        page.set_content(drawn(face, room, answers))
        told = f"{face} {step} {room.language} {wide} {('light', 'dark')[k % 2]}"
        if page.evaluate("document.documentElement.scrollWidth") > wide:
            found.append(f"{told}: wider than the screen")
        cut = page.evaluate("[document.documentElement, ...document.querySelectorAll('section')]"
                            ".map(one => one.scrollHeight - one.clientHeight)")
        if face == "projector" and max(cut) > 1:
            found.append(f"{told}: {max(cut)} px are cut off")
        for one in Axe().run(page).response["violations"] if step in AXE else ():
            found.append(f"{told}: {one['id']}: {one['nodes'][0]['html'][:160]}")
        page.close()
    assert found == []
