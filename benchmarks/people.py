"""People at the dashboard without browsers: each speaks to the server as a browser does, and is counted, not drawn.

Forty browsers on two cores measure browsers. A `Person` opens a page over its own websocket, moves a slider, and knows
when all charts have the answer to it; everything that the server does is done, only the drawing is not.
"""

from __future__ import annotations

import json
import statistics
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

__all__ = ["Measured", "Person", "message", "room", "run"]


def message(kind: str, content: dict[str, Any], page: str) -> dict[str, Any]:
    """A message as browsers send it to a kernel; page: the id of the browser page."""
    header = {"msg_id": str(uuid.uuid4()), "msg_type": kind, "username": "", "session": page, "date": "", "version": "5.3"}
    return {"header": header, "parent_header": {}, "metadata": {"version": "2.1.0"}, "content": content,
            "channel": "shell", "buffers": []}


def run(path: str) -> dict[str, Any]:
    """What a browser asks first: the page at a path."""
    return {"method": "run", "args": {"path": path, "appName": None, "themes": {"light": {"primary": "#1976d2"}},
                                      "dark": False}}


class Person:
    """One browser page: its widgets, and what was sent to it. url: where the dashboard is."""

    def __init__(self, url: str, path: str = "/explore") -> None:
        self.widgets: dict[str, dict[str, Any]] = {}
        self.series: dict[str, dict[str, Any]] = {}  # chart -> its series, put together from what was told
        self._at: dict[str, int] = {}
        self.received = 0
        self._url, self._page, self._kernel = url, str(uuid.uuid4()), str(uuid.uuid4())
        self._session = str(uuid.uuid4())
        self._socket = connect(f"{url.replace('http', 'ws')}/jupyter/api/kernels/{self._kernel}/channels?session_id="
                               f"{self._page}", origin=url, max_size=None,  # type: ignore[arg-type]
                               additional_headers={"Cookie": f"solara-session-id={self._session}"}, open_timeout=60,
                               close_timeout=0.2,
                               # as a browser: what nobody looks at yet is read all the same, and pings answered
                               max_queue=None, ping_interval=None)
        self._say("comm_open", {"comm_id": (control := str(uuid.uuid4())), "target_name": "solara.control", "data": {}})
        self._say("comm_msg", {"comm_id": control, "data": run(path)})
        while self._hear(120.0).get("method") != "finished":
            pass

    def _say(self, kind: str, content: dict[str, Any]) -> None:
        self._socket.send(json.dumps(message(kind, content, self._page)))

    def _hear(self, seconds: float) -> dict[str, Any]:
        """The data of the next message; what it changes of a widget is kept. `TimeoutError`."""
        text = self._socket.recv(max(seconds, 0.001))
        self.received += len(text)
        message = json.loads(text)
        content = message["content"]
        data: dict[str, Any] = content.get("data") or {}
        if message["msg_type"] == "comm_open":
            self.widgets[content["comm_id"]] = data["state"]
        elif message["msg_type"] == "comm_close":
            self.widgets.pop(content["comm_id"], None)
        elif data.get("method") == "update" and content["comm_id"] in self.widgets:
            self.widgets[content["comm_id"]].update(data["state"])
        if "numbers" in (data.get("state") or {}) and content["comm_id"] in self.widgets:
            self._merge(self.widgets[content["comm_id"]])
        return data

    def _merge(self, chart: dict[str, Any]) -> None:
        """What a chart was told, as chart.vue puts it together."""
        name, told = chart["name"], chart["numbers"]
        if told.get("since"):
            assert told["since"] == self._at[name], f"{name} missed something"
        held = self.series[name] = self.series[name] | told["series"] if told.get("since") else told["series"]
        self._at[name] = told["at"]
        for gone in [one for one, values in held.items() if values is None]:
            del held[gone]

    def charts(self) -> dict[str, dict[str, Any]]:
        """Name -> state, of each chart on the page."""
        return {one["name"]: one for one in self.widgets.values() if "stamp" in (one.get("numbers") or {})}

    def stamp(self) -> str:
        """What all charts answer; "" while they differ or there are none."""
        stamps = {one["numbers"]["stamp"] for one in self.charts().values()}
        return stamps.pop() if len(stamps) == 1 else ""

    def wait(self, done: Any, seconds: float = 60.0) -> float:
        """Seconds until done() holds; `TimeoutError` where it does not."""
        began = time.perf_counter()
        while not done():
            self._hear(began + seconds - time.perf_counter())
        return time.perf_counter() - began

    def event(self, name: str, data: Any) -> None:
        """Call what a component listens to, such as event("set", {"name": "k", "value": 1.2, "done": True})."""
        model = next(key for key, one in self.widgets.items() if name in one.get("events", []))
        self._say("comm_msg", {"comm_id": model, "data": {"method": "custom", "content": {"event": name, "data": data}}})

    def controls(self) -> dict[str, Any]:
        """The values that the controls show."""
        found = next(one for one in self.widgets.values() if {"parameters", "values"} <= one.keys())
        return dict(found["values"])

    def slide(self, name: str, value: float, seconds: float = 60.0) -> float:
        """Move a slider and let it go; seconds until all charts show the answer."""
        earlier = {"", self.stamp()}
        self.event("set", {"name": name, "value": value, "done": True})

        def answered() -> bool:
            if self.controls()["parameters"].get(name) != value:  # a finer answer to what was asked before may still come
                earlier.add(self.stamp())
                return False
            return self.stamp() not in earlier

        return self.wait(answered, seconds)

    def drain(self) -> None:
        """Hear what has come meanwhile."""
        try:
            while True:
                self._hear(0.0)
        except TimeoutError:
            pass

    def leave(self, said: bool = True) -> None:
        """Close the page; said: as a tab that is closed tells it, else as a lost connection."""
        import urllib.request
        from contextlib import suppress

        if said:
            request = urllib.request.Request(f"{self._url}/_solara/api/close/{self._kernel}?session_id={self._page}",
                                             method="POST", headers={"Cookie": f"solara-session-id={self._session}",
                                                                     "Origin": self._url})
            with suppress(OSError):
                urllib.request.urlopen(request, timeout=30).close()
        with suppress(ConnectionClosed, OSError):
            self._socket.close()


@dataclass
class Measured:
    """What a room saw: seconds from slider to charts, bytes per move, and faults."""

    seconds: list[float] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        """Seconds within which a share of the answers came."""
        return sorted(self.seconds)[int(share * (len(self.seconds) - 1))]

    def __str__(self) -> str:
        if not self.seconds:
            return f"no answers; {len(self.faults)} faults {self.faults[:2]}"
        return (f"median {statistics.median(self.seconds):.2f} s, 95th percentile {self.percentile(0.95):.2f} s of "
                f"{len(self.seconds)}; {statistics.median(self.sent) / 1000:.0f} kB a move; {len(self.faults)} faults"
                f"{': ' + self.faults[0] if self.faults else ''}")


def room(url: str, people: int, moves: int, pause: float, alike: bool = False) -> Measured:
    """People who each move a slider every `pause` seconds, each to places of their own (alike: all to the same).

    A person whose controls or charts come to show what somebody else set is a fault.
    """
    found, ready = Measured(), threading.Barrier(people + 1)

    def one(number: int) -> None:
        try:
            person = Person(url)
            person.wait(lambda: person.stamp(), 120.0)
            ready.wait(300.0)
        except Exception as error:
            ready.abort()
            found.faults.append(f"{number} did not begin: {error!r}")
            return
        at = time.perf_counter() + pause * number / people  # they do not move in step
        try:
            for k in range(moves):
                while (left := at - time.perf_counter()) > 0:
                    try:
                        person._hear(left)
                    except TimeoutError:
                        break
                value = round(0.2 + 0.01 * k + (0.0 if alike else 0.0001 * (number + 1)), 4)
                before = person.received
                found.seconds.append(person.slide("k", value))
                found.sent.append(person.received - before)
                if person.controls()["parameters"].get("k") != value:
                    found.faults.append(f"{number} set {value} and sees {person.controls()['parameters']}")
                at = max(at + pause, time.perf_counter())
        except Exception as error:
            found.faults.append(f"{number} was left without an answer: {error!r}")
        person.leave()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(people)]
    for thread in threads:
        thread.start()
    try:
        ready.wait(300.0)
    except threading.BrokenBarrierError:
        found.faults.append("the room did not fill")
    for thread in threads:
        thread.join()
    return found
