"""A room as users start it, and clients that speak to it like browsers do."""

from __future__ import annotations

import http.client
import json
import re
import secrets
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from browser import Server, free_port

ROOT = Path(__file__).parent.parent


class Workshop:
    """`letsdance workshop` in a process of its own; codes and keys as it prints them."""

    def __init__(self, folder: Path, *options: str, port: int = 0) -> None:
        self.port, self.folder = port or free_port(), folder
        self.log = folder.parent / f"log-{secrets.token_hex(4)}.txt"
        command = ["-m", "letsdance", "workshop", "--no-browser", "--host", "127.0.0.1", "--port", str(self.port),
                   "--folder", str(folder), *options]
        self.server = Server(command, self.port, self.log, sys.executable, ROOT)
        try:
            self.server.wait()
            self._printed()
        except BaseException:
            self.stop()
            raise

    def _printed(self) -> None:
        ends = time.monotonic() + 30
        while "Stop it" not in (told := self.log.read_text()) and time.monotonic() < ends:
            time.sleep(0.05)
        self.keys = dict(re.findall(r"/host/(\w+)\?key=(\S+)", told))
        self.codes = list(self.keys)

    @property
    def process(self) -> subprocess.Popen:
        return self.server.process

    def kill(self) -> None:
        """As a battery that gives up."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)
        self.server._file.close()

    def stop(self) -> float:
        """Seconds from Ctrl+C to the end."""
        began = time.monotonic()
        self.server.stop()
        return time.monotonic() - began

    def phone(self, code: str = "") -> Client:
        """A phone that opened the page of a room."""
        code = code or self.codes[0]
        made = Client(self.port, f"/join/{code}")
        made.get()
        return made

    def host(self, code: str = "") -> Client:
        """The host of a room."""
        code = code or self.codes[0]
        made = Client(self.port, f"/host/{code}")
        assert made.ask("GET", f"/host/{code}?key={self.keys[code]}")[0] == 303
        return made


@dataclass
class Client:
    """A browser without a screen: its cookies, the face that it has, what it says."""

    port: int
    base: str
    cookies: dict[str, str] = field(default_factory=dict)
    stamp: str = ""
    html: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: str | bytes | None = None, timeout: float = 60.0,
            **headers: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        sent = {"Accept": "application/json", **({"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
                                                 if self.cookies else {}),
                **{name.replace("_", "-"): value for name, value in headers.items()}}
        if body is not None:
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            said = answer.read().decode()
            self.headers = {name.lower(): value for name, value in answer.getheaders()}
            for name, value in answer.getheaders():
                if name.lower() == "set-cookie":
                    key, _, rest = value.partition("=")
                    self.cookies[key] = rest.partition(";")[0]
            return answer.status, said
        finally:
            connection.close()

    def get(self) -> str:
        """Open the page."""
        status, html = self.ask("GET", self.base)
        assert status == 200, (status, html)
        self.stamp = re.search(r'data-stamp="([^"]*)"', html)[1]
        self.html = html
        return html

    def now(self, timeout: float = 30.0) -> str | None:
        """Wait for news."""
        status, said = self.ask("GET", f"{self.base}/now?stamp={self.stamp}", timeout=timeout)
        if status == 204:
            return None
        assert status == 200, (status, said)
        told = json.loads(said)
        self.stamp, self.html = told["stamp"], told["html"]
        return self.html

    def say(self, kind: str, ident: str = "", expect: bool = True, **value: object) -> str:
        """Say something; what was refused, or ''."""
        fields = [("kind", kind), ("id", ident or secrets.token_hex(8)), *(
            (name, one) for name, many in value.items() for one in (many if isinstance(many, list) else [many]))]
        status, said = self.ask("POST", f"{self.base}/in", urlencode(fields))
        assert status == 200, (status, said)
        told = json.loads(said)
        self.stamp, self.html = told["stamp"], told["html"]
        assert told["ok"] == (not told["says"])
        assert not expect or told["ok"], told["says"]
        return told["says"]


