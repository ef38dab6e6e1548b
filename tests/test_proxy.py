"""The dashboard behind a proxy, under a path: pages, fonts, websocket, links; nginx as docs/dashboard.md has it."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from browser import browser_type_launch_args, dashboard, drawn, free_port, redrawn  # noqa: F401  (fixtures)
from playwright.sync_api import expect

from letsdance.dashboards import guard
from letsdance.params import Refused

DOCS = Path(__file__).parent.parent / "docs" / "dashboard.md"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
#: Browsers know that names under localhost are this machine.
NAME = "dance.localhost"


@contextmanager
def nginx(folder: Path, port: int, behind: int):
    """nginx with the text of the docs, at other ports and under another name."""
    if not NGINX:
        missing = "this test needs nginx: apt-get install nginx-light."
        (pytest.fail if os.environ.get("LETSDANCE_BROWSER") == "required" else pytest.skip)(missing)
    told = re.search(r"```nginx\n(.*?)```", DOCS.read_text(), re.S)[1]
    for ours, here in (("listen 80;", f"listen 127.0.0.1:{port};"), ("127.0.0.1:8765", f"127.0.0.1:{behind}"),
                       ("intranet.example.org", NAME)):
        assert ours in told
        told = told.replace(ours, here)
    kept = "".join(f"{what}_temp_path {folder}/{what};" for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    file = folder / "nginx.conf"
    file.write_text(f"daemon off; master_process off; pid {folder}/pid; error_log stderr;\nevents {{}}\n"
                    f"http {{ access_log off; {kept}\n{told} }}\n")
    process = subprocess.Popen([NGINX, "-c", str(file), "-p", str(folder), "-e", "stderr"])
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def plain(folder: Path, port: int, behind: int):
    """A proxy that takes the path off, and does nothing else: one request a connection, or a websocket."""
    def pour(source, sink) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def serve(client) -> None:
        head = b""
        # who asks when the server has gone, as a page that is still open does, is not answered
        with suppress(ConnectionRefusedError), client, socket.create_connection(("127.0.0.1", behind)) as server:
            while b"\r\n\r\n" not in head:
                if not (data := client.recv(65536)):
                    return
                head += data
            line, _, rest = head.partition(b"\r\n")
            if b"pgrade: websocket" not in rest:
                rest = re.sub(rb"(?i)\r\nconnection: [^\r]*", b"\r\nConnection: close", b"\r\n" + rest)[2:]
            server.sendall(line.replace(b" /dance/", b" /", 1) + b"\r\n" + rest)
            back = threading.Thread(target=pour, args=(server, client))
            back.start()
            pour(client, server)
            back.join()

    door = socket.create_server(("127.0.0.1", port))

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(door.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield
    finally:
        door.close()


@pytest.fixture(scope="module")
def behind(tmp_path_factory):
    """A dashboard that a proxy shows under /dance."""
    server = dashboard(tmp_path_factory.mktemp("behind") / "log.txt", "--root-path", "/dance/", "--allow-host", NAME)
    yield server
    server.stop()
    assert "Traceback" not in server.log.read_text()


@pytest.mark.parametrize("proxy", [nginx, plain], ids=["nginx", "takes the path off"])
def test_everything_works_under_a_path(tmp_path, behind, browser, proxy):
    port = free_port()
    with proxy(tmp_path, port, int(behind.url.rpartition(":")[2])):
        site, asked, faults = f"http://{NAME}:{port}", [], []
        until = time.monotonic() + 10
        while time.monotonic() < until:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        page = browser.new_page()
        page.on("request", lambda one: asked.append(one.url))
        page.on("websocket", lambda one: asked.append(one.url.replace("ws:", "http:")))
        page.on("response", lambda one: faults.append(f"{one.status} {one.url}") if one.status >= 400 else None)
        page.on("console", lambda one: faults.append(one.text) if one.type == "error" else None)
        page.goto(f"{site}/dance/explore?policy=wasteland&lang=en")
        before = drawn(page)
        page.locator("[data-parameter=k] input[type=range]").evaluate(
            "one => { one.value = 1.5; ['input', 'change'].forEach(kind => one.dispatchEvent(new Event(kind))); }")
        redrawn(page, before)
        assert page.evaluate("document.fonts.ready.then(() => document.fonts.check('16px Inter'))")
        page.get_by_role("link", name="Futures", exact=True).click()
        page.wait_for_url(f"{site}/dance/?*")
        page.reload()
        drawn(page)
        assert [one for one in asked if one.endswith(".woff")], "no font was asked for"
        assert [one for one in asked if "/jupyter/api/kernels/" in one], "no websocket was opened"
        assert not [one for one in asked if not one.startswith((f"{site}/dance/", "data:", "blob:"))]
        assert not faults
        cookie = page.context.cookies()[0]
        assert (cookie["path"], cookie["httpOnly"]) == ("/dance", True)
        page.goto(f"{site}/dance/nosuch")
        expect(page.get_by_role("heading", name="There is no such page here")).to_be_visible()
        page.get_by_role("link").first.click()
        page.wait_for_url(f"{site}/dance/?*")
        drawn(page)
        page.close()


def test_which_paths_a_proxy_may_show_it_under():
    for told, meant in (("", ""), ("/", ""), ("dance", "/dance"), ("/dance/", "/dance"), ("/a/b-c.d", "/a/b-c.d")):
        assert guard.under(told) == meant
    for wrong in ("/da nce", "/../x", "/a//b", '/a"b', "/<b>", "http://evil.example/", "/.x", "/a?b"):
        with pytest.raises(Refused, match="--root-path must be the path"):
            guard.under(wrong)
