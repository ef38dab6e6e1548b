"""The room's server as users start it: many phones, a killed server, two rooms, strangers, and browsers."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
import statistics
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest
from browser import browser_type_launch_args  # noqa: F401  (fixture)
from room_clients import Workshop

from letsdance.room import agenda as agendas

STEP = {name: k for k, name in enumerate(agendas.load("90").names())}
SCRIPT = "<img src=x onerror=alert(1)>"[:24]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Two rooms at once, on one server."""
    made = Workshop(tmp_path_factory.mktemp("rooms") / "rooms", "--rooms", "2")
    yield made
    assert made.stop() < 4.0  # asked for are 2 s; a loaded machine takes its time to reap a process
    told = made.log.read_text()
    assert "Traceback" not in told, told


def seated(shop, code="", nick="ann", table=1):
    phone = shop.phone(code)
    phone.say("join", nick=nick, table=table)
    return phone


def projector(shop, code=""):
    made = shop.phone(code)
    made.base = f"/room/{code or shop.codes[0]}"
    made.get()
    return made


# ---------------------------------------------------------------- many

def test_many_phones_answer_and_the_screen_shows_it_within_a_second(shop):
    """benchmarks/room.py does the same with 60 phones and browsers."""
    code, n = shop.codes[0], 24
    host, screen = shop.host(code), projector(shop, code)
    with ThreadPoolExecutor(n) as pool:
        phones = list(pool.map(lambda k: seated(shop, code, f"p{k}", k % 6 + 1), range(n)))
        host.say("go", to=STEP["place"])
        seen: dict[int, float] = {}

        def watch() -> None:
            while len(seen) < n:
                html = screen.now() or ""
                for k in range(1, html.count('class="dot"') + 1):
                    seen.setdefault(k, time.monotonic())

        watching = threading.Thread(target=watch, daemon=True)
        watching.start()
        said = []

        def place(k: int) -> None:
            time.sleep(k * 0.1)
            phones[k].say("place", C=f"{k / n:.2f}", G="0.5")
            said.append(time.monotonic())

        list(pool.map(place, range(n)))
        watching.join(30)
    assert not watching.is_alive()
    late = [seen[k] - at for k, at in enumerate(sorted(said), 1)]
    assert statistics.median(late) < 1.0, late


def test_an_input_counts_once_however_often_it_comes(shop):
    phone, host = seated(shop, shop.codes[1], "twice", 2), shop.host(shop.codes[1])
    host.say("go", to=STEP["place"])
    before = projector(shop, shop.codes[1]).html.count('class="dot"')
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: phone.say("place", ident="one-and-the-same", C="0.2", G="0.2"), range(8)))
    assert projector(shop, shop.codes[1]).html.count('class="dot"') == before + 1


def test_a_phone_without_a_script_takes_part(shop):
    """Plain forms: the page, a post, and the page again."""
    phone, host = shop.phone(shop.codes[1]), shop.host(shop.codes[1])
    host.say("go", to=STEP["predict"])

    def post(kind, **value):
        ident = re.search(r'name="id" value="([^"]+)"', phone.html)[1]
        body = urlencode({"kind": kind, "id": ident, **value})
        status, _ = phone.ask("POST", f"{phone.base}/in", body, Accept="text/html")
        assert status == 303
        assert phone.headers["location"] == phone.base
        return phone.get()

    assert 'name="nick"' in phone.html
    assert "plain · Table 2" in post("join", nick="plain", table=2)
    assert re.search(r'value="6"[^>]* checked', post("guess", guess=6, reason="luck"))
    status, said = phone.ask("POST", f"{phone.base}/in", urlencode({"kind": "guess", "id": "x" * 12, "guess": 12}),
                             Accept="text/html")
    assert status == 422
    assert "whole number from 0 to 10" in said


def test_what_everybody_guessed_is_hidden_until_all_are_in(tmp_path):
    shop = Workshop(tmp_path / "rooms")
    try:
        phones, host = [seated(shop, nick=f"p{k}") for k in range(2)], shop.host()
        host.say("go", to=STEP["predict"])
        phones[0].say("guess", guess=3, reason="luck")
        html = projector(shop).html
        assert "1 of 2 have guessed" in html
        assert 'class="guess"' not in html
        assert " checked" not in phones[1].get(), "nobody sees another's guess"
        phones[1].say("guess", guess=4, reason="time")
        assert projector(shop).html.count('class="guess"') == 2
    finally:
        shop.stop()


# ---------------------------------------------------------------- a server that is killed

def test_a_server_killed_in_the_middle_of_a_vote_loses_nothing_and_doubles_nothing(tmp_path):
    shop = Workshop(tmp_path / "rooms")
    code, key = shop.codes[0], shop.keys[shop.codes[0]]
    host, phones = shop.host(), [seated(shop, nick=f"p{k}", table=k % 3 + 1) for k in range(12)]
    host.say("go", to=STEP["shock"])
    host.say("draw", shock="crisis")
    known, lock = [], threading.Lock()
    killed = threading.Event()

    def vote(k: int) -> None:
        for n in range(40):
            ident, choice = f"vote-{k:02d}-{n:03d}", ("hold", "change")[n % 2]
            try:
                phones[k].say("vote", ident=ident, vote=choice)
            except OSError:
                return
            except AssertionError as error:  # a phone that is too fast is slowed down, not heard twice
                if "429" not in str(error):
                    raise
                time.sleep(0.3)
                continue
            with lock:
                known.append((k, ident, choice))
            if killed.is_set():
                return

    with ThreadPoolExecutor(12) as pool:
        for k in range(12):
            pool.submit(vote, k)
        while len(known) < 40:
            time.sleep(0.005)
        shop.kill()
        killed.set()
    again = Workshop(tmp_path / "rooms", port=shop.port)
    try:
        assert (again.codes, again.keys[code]) == ([code], key)
        assert f"Going on with room {code}" in again.log.read_text()
        assert host.get().count('aria-current="step"') == 1, "the host's cookie still opens the cockpit"
        with sqlite3.connect(tmp_path / "rooms" / f"{code}.sqlite") as file:
            rows = [ident for (ident,) in file.execute("SELECT id FROM input WHERE kind = 'vote' ORDER BY n")]
        file.close()
        counted = Counter(rows)
        assert max(counted.values()) == 1
        for k in {k for k, *_ in known}:
            told = max(int(ident[-3:]) for j, ident, _ in known if j == k)
            kept = max(int(ident[-3:]) for ident in rows if ident.startswith(f"vote-{k:02d}"))
            assert kept - told in (0, 1), "what was answered, and at most what was under way"
            html = phones[k].get()
            assert f"p{k} · Table {k % 3 + 1}" in html, "everybody is where they were"
            pressed = re.search(r'value="(\w+)" aria-pressed="true"', html)[1]
            assert pressed == ("hold", "change")[kept % 2]
            phones[k].say("vote", ident=f"vote-{k:02d}-{kept:03d}", vote=("change", "hold")[kept % 2])  # it comes again
            assert re.search(r'value="(\w+)" aria-pressed="true"', phones[k].get())[1] == pressed
        assert {ident for _, ident, _ in known} <= set(counted), "what was answered is on the disk"
    finally:
        again.stop()


# ---------------------------------------------------------------- two rooms

def test_two_rooms_know_nothing_of_each_other(shop):
    one, two = shop.codes
    ann = seated(shop, one, "only-in-one")
    assert "only-in-one" not in projector(shop, two).html
    ann.base = f"/join/{two}"  # a cookie of one room says nothing in the other
    assert 'name="nick"' in ann.get()
    assert "choose a nickname first" in ann.say("place", expect=False, C="0.5", G="0.5")
    host = shop.host(one)
    for path in (f"/host/{two}", f"/host/{two}/now", f"/host/{two}/minutes.csv", f"/host/{two}/table/1"):
        assert host.ask("GET", path)[0] == 403
    for path in (f"/host/{two}/in", f"/host/{two}/delete", f"/host/{two}/table/1/in"):
        assert host.ask("POST", path, "kind=go&id=abcdefgh1&to=3&code=" + two)[0] == 403


# ---------------------------------------------------------------- strangers

ROUTES = ("/host/{c}", "/host/{c}/now", "/host/{c}/table/1", "/host/{c}/table/1/now", "/host/{c}/minutes.html",
          "/host/{c}/minutes.csv", "/host/{c}/minutes.docx", "/host/{c}/minutes.pptx")


def test_a_phone_that_tries_the_hosts_routes_is_refused(shop):
    code = shop.codes[0]
    phone = seated(shop, code, "curious")
    phone.cookies[f"ld_host_{code}"] = "x" * 24
    for route in ROUTES:
        assert phone.ask("GET", route.format(c=code))[0] == 403, route
    assert phone.ask("GET", f"/host/{code}?key=")[0] == 403
    assert phone.ask("GET", f"/host/{code}?key=wrong")[0] == 403
    step = re.search(r"<h1>([^<]*)", projector(shop, code).html)[1]
    for path in ("in", "delete", "table/1/in"):
        status, _ = phone.ask("POST", f"/host/{code}/{path}", f"kind=go&id=abcdefgh1&to=0&code={code}")
        assert status == 403
    for kind in ("go", "lock", "end", "seat", "note", "draw", "choose", "deal", "undo", "places"):
        assert "does not know" in phone.say(kind, expect=False, to=0, on=1, text="x", who="y", table=1)
    assert re.search(r"<h1>([^<]*)", projector(shop, code).html)[1] == step
    assert shop.keys[code] not in phone.get() + projector(shop, code).html
    assert shop.keys[code] not in shop.host(code).get(), "the key stands in no page, it is in the host's cookie"


@pytest.mark.parametrize(("method", "path", "headers", "status"), [
    ("GET", "/", {"Host": "evil.example"}, 421), ("GET", "/room/{c}", {"Host": "rebound.example:80"}, 421),
    ("POST", "/join/{c}/in", {"Origin": "http://evil.example"}, 403), ("POST", "/join/{c}/in", {"Origin": "null"}, 403),
    ("POST", "/host/{c}/in", {"Origin": "http://127.0.0.1:1"}, 403), ("PUT", "/join/{c}/in", {}, 405),
    ("TRACE", "/", {}, 405),
    ("POST", "/join/{c}", {}, 405), ("GET", "/join/{c}/in", {}, 405), ("GET", "/join/ZZZZZ", {}, 404),
    ("GET", "/room/ZZZZZ", {}, 404),
    ("GET", "/join/{c}/../../host/{c}", {}, 404), ("GET", "/static/../pyproject.toml", {}, 404),
    ("GET", "/host/{c}/table/99", {}, 403),
    pytest.param("GET", f"/host/{{c}}/table/{'9' * 5_000}", {}, 403, id="a number without end"),
    ("GET", "/join/%00", {}, 404), ("GET", "/host/ZZZZZ", {}, 403), ("GET", "/join/{c}/now", {"Cookie": "ld_{c}="}, 403),
])
def test_what_is_not_for_this_server_is_refused(shop, method, path, headers, status):
    code = shop.codes[0]
    client = shop.phone(code)
    body = "kind=join&id=abcdefgh1&nick=evil&table=1" if method in ("POST", "PUT") else None
    got, said = client.ask(method, path.format(c=code), body, **{k: v.format(c=code) for k, v in headers.items()})
    assert got == status, said
    assert "Traceback" not in said
    assert client.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in client.headers["content-security-policy"]


@pytest.mark.parametrize(("body", "status"), [
    ("x" * 5_000, 413), (b"\xff\xfe=1", 400), ("kind=join", 400), ("kind=join&id=short&nick=a&table=1", 400), ("", 400),
    ("&".join(f"f{k}={k}" for k in range(60)), 400), ("kind=join&kind=go&id=abcdefgh1", 400), ('{"kind": "join"}', 400),
])
def test_a_body_that_is_none_is_refused(shop, body, status):
    phone = shop.phone()
    assert phone.ask("POST", f"{phone.base}/in", body)[0] == status


def test_a_body_that_never_ends_is_not_read(shop):
    import socket

    with socket.create_connection(("127.0.0.1", shop.port), timeout=20) as raw:
        code = shop.codes[0]
        raw.sendall(f"POST /join/{code}/in HTTP/1.1\r\nHost: 127.0.0.1:{shop.port}\r\nCookie: ld_{code}=abcdefghij"
                    "\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        sent, answer = 0, b""
        try:
            while sent < 400 and not answer:
                raw.sendall(b"400\r\n" + b"x" * 1024 + b"\r\n")
                sent += 1
                raw.settimeout(0.02)
                try:
                    answer = raw.recv(100)
                except TimeoutError:
                    continue
        except OSError:  # it hung up
            pass
    assert sent < 100
    assert not answer or b"413" in answer


def test_script_in_names_and_texts_is_text_everywhere(shop):
    code = shop.codes[0]
    phone, host = seated(shop, code, SCRIPT, 1), shop.host(code)
    host.say("go", to=STEP["image"])
    phone.say("image", target=5, guards=["T", "K"], headline=f"=1+1 {SCRIPT}")
    host.say("note", text=SCRIPT)
    host.say("go", to=STEP["act"])
    phone.say("act", first=SCRIPT, sign="@SUM(A1)", doubt="\"><script>alert(1)</script>")
    for html in (host.get(), projector(shop, code).html, phone.get(), host.ask("GET", f"/host/{code}/minutes.html")[1]):
        assert "<img src=x" not in html
        assert "<script>alert" not in html
        assert "&lt;" in html
    table = host.ask("GET", f"/host/{code}/minutes.csv")[1]
    cells = [cell for row in csv.reader(io.StringIO(table.lstrip("\ufeff"))) for cell in row]
    assert any("1+1" in cell for cell in cells)
    assert not [cell for cell in cells if cell[:1] in "=+@" and cell]
    assert SCRIPT not in [row[1] for row in csv.reader(io.StringIO(table)) if len(row) > 1], "tables, not names"


def test_a_page_runs_no_script_but_its_own(shop):
    for client in (shop.phone(), projector(shop), shop.host()):
        html = client.get()
        policy = client.headers["content-security-policy"]
        nonce = re.search(r"script-src 'nonce-([\w-]+)'", policy)[1]
        assert "unsafe" not in policy
        assert all(f'nonce="{nonce}"' in one for one in re.findall(r"<(?:script|style)[^>]*>", html))
        assert not re.findall(r"<[^>]+\s(?:on\w+|style)=", html)
        client.get()
        assert nonce not in client.headers["content-security-policy"], "a nonce is used once"


def test_cookies_are_for_the_server_only(shop):
    code = shop.codes[0]
    made = shop.phone(code)
    made.cookies.clear()
    made.get()
    said = rf"ld_{code}=[\w-]+; HttpOnly; Max-Age=\d+; Path=/join/{code}; SameSite=lax"
    assert re.fullmatch(said, made.headers["set-cookie"])
    secret = made.cookies[f"ld_{code}"]
    made.say("join", nick="secret", table=1)
    assert secret not in shop.host(code).get()
    assert not [file for file in shop.folder.iterdir() if secret.encode() in file.read_bytes()], "only a hash is kept"


def test_a_flood_is_slowed_down_and_the_others_go_on(shop):
    code = shop.codes[0]
    flood, other = seated(shop, code, "flood"), seated(shop, code, "calm")
    shop.host(code).say("go", to=STEP["place"])
    got: Counter[int] = Counter()

    def pour(_: int) -> None:
        for _ in range(40):
            body = f"kind=place&id={time.monotonic_ns():x}&C=0.1&G=0.1"
            got[flood.ask("POST", f"{flood.base}/in", body)[0]] += 1

    with ThreadPoolExecutor(3) as pool:
        pouring = [pool.submit(pour, k) for k in range(3)]
        began = time.monotonic()
        other.say("place", C="0.9", G="0.9")
        took = time.monotonic() - began
        for one in pouring:
            one.result()
    assert got[429] > 60
    assert set(got) <= {200, 429}
    assert took < 2.0


def test_a_room_that_is_deleted_is_gone_for_all_and_from_the_disk(tmp_path):
    shop = Workshop(tmp_path / "rooms")
    try:
        code, phone, host = shop.codes[0], seated(shop, nick="remember-me"), shop.host()
        assert host.ask("POST", f"/host/{code}/delete", "code=WRONG", Accept="text/html")[0] == 422
        assert host.ask("POST", f"/host/{code}/delete", f"code={code.lower()}", Accept="text/html")[0] == 200
        assert phone.ask("GET", phone.base)[0] == 410
        assert phone.ask("POST", f"{phone.base}/in", "kind=place&id=abcdefgh1&C=0&G=0")[0] == 410
        assert list((tmp_path / "rooms").iterdir()) == []
    finally:
        shop.stop()
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and b"remember-me" in file.read_bytes()]


# ---------------------------------------------------------------- in a browser

def test_a_phone_in_a_browser_answers_loses_the_network_and_loses_nothing(shop, browser):
    code = shop.codes[1]
    host = shop.host(code)
    host.say("go", to=STEP["join"])
    context = browser.new_context(viewport={"width": 360, "height": 640})
    context.set_default_timeout(30_000)
    page, faults = context.new_page(), []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", lambda dialog: faults.append(dialog.message))
    page.goto(f"http://127.0.0.1:{shop.port}/join/{code}")
    page.fill("#nick", SCRIPT)
    page.click("form.say-join button")
    page.wait_for_selector(".who")
    host.say("go", to=STEP["place"])
    plane = page.locator(".tap")
    plane.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    box = plane.bounding_box()
    context.set_offline(True)
    plane.click(position={"x": box["width"] * 0.75, "y": box["height"] * 0.25})
    page.wait_for_selector("#lost:not([hidden])")
    before = projector(shop, code).html.count('class="dot"')
    context.set_offline(False)
    page.wait_for_selector(".ok")
    assert projector(shop, code).html.count('class="dot"') == before + 1
    at = page.locator("circle.own").evaluate("one => [+one.getAttribute('cx'), +one.getAttribute('cy')]")
    assert at == pytest.approx([750, 250], abs=12), "the dot is where it was tapped"
    page.reload()
    page.wait_for_selector("circle.own")
    assert faults == []
    context.close()


def test_what_somebody_types_stays_when_the_room_changes(shop, browser):
    code = shop.codes[1]
    host, other = shop.host(code), seated(shop, code, "other", 3)
    host.say("go", to=STEP["predict"])
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{shop.port}/join/{code}")
    page.fill("#nick", "typing")
    page.click("form.say-join button")
    page.fill("#why", "because the c")
    page.check("#guess-7", force=True)
    stamp = page.locator("#view").get_attribute("data-stamp")
    other.say("guess", guess=2, reason="luck")
    host.say("timer", what="more")
    page.wait_for_function("stamp => document.getElementById('view').dataset.stamp !== stamp", arg=stamp)
    assert page.input_value("#why") == "because the c"
    assert page.is_checked("#guess-7")
    context.close()


def test_json_says_what_is_refused(shop):
    phone = seated(shop, shop.codes[1], "json")
    status, said = phone.ask("POST", f"{phone.base}/in", "kind=vote&id=abcdefgh12&vote=hold")
    assert (status, json.loads(said)["ok"]) == (200, False)
