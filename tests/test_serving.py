"""A server of ours: where it listens, and which connections it waits for."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from contextlib import suppress

import pytest
import uvicorn
from browser import free_port
from websockets.sync.client import connect

from letsdance.commands import serving
from letsdance.params import Refused


def test_a_place_where_nobody_can_listen_is_refused_in_a_sentence():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Refused, match=f"port {port} on 127.0.0.1 is taken.*--port {port + 1}"):
            serving.listening("127.0.0.1", port, "dashboard", 8765)
    for port in (0, -1, 65536):
        with pytest.raises(Refused, match="1 to 65535"):
            serving.listening("127.0.0.1", port, "dashboard", 8765)
    for host in ("203.0.113.7", "no.such.host.invalid", "a" * 70):  # another machine's, nobody's, none
        with pytest.raises(Refused, match="is no address of this machine"):
            serving.listening(host, 8999, "dashboard", 8765)


def test_whoever_connects_before_the_pages_are_there_waits():
    port = free_port()
    with (serving.listening("127.0.0.1", port, "dashboard", 8765) as place,
          socket.create_connection(("127.0.0.1", port), timeout=5) as early):
        early.sendall(b"here")
        other, _ = place.accept()
        with other:
            assert other.recv(4) == b"here"


async def _app(scope, receive, send):
    """A second until it answers; a websocket is told what it says."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        said = await receive()
        await send({"type": "websocket.send", "text": said["text"]})
        await send({"type": "websocket.close"})
    elif scope["type"] == "http":
        await asyncio.sleep(1.0)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
def port(monkeypatch):
    """A server that waits .3 s for the head of a request."""
    monkeypatch.setattr(serving, "_HEAD", 0.3)
    with serving.listening("127.0.0.1", free_port(), "dashboard", 8765) as place:
        server = uvicorn.Server(uvicorn.Config(_app, http=serving._impatient(), log_level="error"))
        running = threading.Thread(target=server.run, kwargs={"sockets": [place]})
        running.start()
        yield place.getsockname()[1]
        server.should_exit = True
        running.join(20)


HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize("before", [b"", HEAD], ids=["at first", "after an answer"])
@pytest.mark.parametrize("said", [[], [b"GET / HTT"], [bytes([one]) for one in b"GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]],
                         ids=["silent", "half a head", "drop by drop"])
def test_a_connection_that_says_no_request_in_time_is_closed(port, before, said):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        if before:
            line.sendall(before)
            while not line.recv(4096).endswith(b"ok"):
                pass
        with suppress(ConnectionError):  # closed while it speaks
            for part in said:
                line.sendall(part)
                time.sleep(0.02)
            assert line.recv(4096) == b""  # else the socket times out


def test_a_request_that_is_there_may_take_its_time(port):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        for _ in range(2):
            line.sendall(HEAD[:9])
            time.sleep(0.1)
            line.sendall(HEAD[9:])
            answer = b""
            while not answer.endswith(b"ok"):
                part = line.recv(4096)
                assert part, answer
                answer += part
    with connect(f"ws://127.0.0.1:{port}/") as line:
        time.sleep(1.0)
        line.send("still here")
        assert line.recv() == "still here"
