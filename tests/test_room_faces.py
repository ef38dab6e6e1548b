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
from letsdance.words import Text

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


#: The table of municipalities that a small room brings; one says nothing of where it starts.
OWN = "name,citizens,willingness,government_willingness\nZuidwijk,60,0.7,0.3\nOude Haven,40,0.6,0.4\nLoo,35,,\n"


@pytest.fixture(scope="module")
def small():
    """Two tables with five people and a table of their own municipalities, at each step."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "tunnel", lambda *_: full_room.Tunnel())
        seen = {}
        full_room.full(agenda=AGENDA, people=5, tables=2, brought=OWN,
                       after=lambda room: seen.update({room.name: copy.deepcopy(room)}))
        yield seen, runs.Answers()


def test_a_small_room_fills_its_screen(small, browser):
    seen, answers = small
    page, found = browser.new_page(reduced_motion="reduce"), []
    for k, step in enumerate(("place", "image", "shock", "results2", "tunnel", "act", "agree")):
        room = seen[step]
        for size in SIZES["projector"]:
            room.language = LANGUAGES[k % 4]
            page.set_viewport_size({"width": size[0], "height": size[1]})
            page.set_content(drawn("projector", room, answers))
            cut, low = page.evaluate("""() => {
                const all = [document.documentElement, ...document.querySelectorAll('section')];
                const inside = [...document.querySelectorAll('section *')].filter((one) => one.getClientRects().length);
                return [Math.max(...all.map((one) => Math.max(one.scrollHeight - one.clientHeight,
                                                              one.scrollWidth - one.clientWidth))),
                        Math.max(...inside.map((one) => one.getBoundingClientRect().bottom)) / innerHeight]; }""")
            if cut > 1 or low < 0.6:
                found.append((step, size, room.language, cut, low))
    page.close()
    assert found == []


def test_a_tables_own_municipalities_are_on_the_plane_and_named(small):
    seen, answers = small
    room = seen["place"]
    said = drawn("projector", room, answers)
    assert said.count('class="town"') == 2, "of the third its start is not known"
    assert "Zuidwijk, Oude Haven" in said
    runs.baseline(room, answers)
    answers.wait(120)
    assert runs.baseline(room, answers).places.names == ("Zuidwijk", "Oude Haven", "Loo"), "and runs begin with them"


def test_each_lever_is_named_once_and_every_condition_of_the_wind_tunnel_stands(small):
    seen, answers = small
    room = seen["tunnel"]
    room.language = "en"
    text = Text("en")
    played = [text.title("lever", use.name) for use in room.uses(1)]
    assert sorted(faces.played(room.uses(1), text).replace(" and ", ", ").split(", ")) == sorted(
        ", ".join(sorted(set(played))).replace(" and ", ", ").split(", "))
    said = drawn("projector", room, answers)
    assert said.count('class="state gains"') == 2 * 12
    assert said.count('class="state suffers"') == 2 * 3
    assert said.count("3.1 → 4.2") == 2 * 16
