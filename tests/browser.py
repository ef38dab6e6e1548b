"""What browser tests share: a real Chromium, the dashboard as users start it, and a page that fails on any fault.

Every request must go to the server, no script may fail, no answer may be an error.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Error, expect

#: The shell is Chromium without a window that nobody sees: the same pages for two thirds of the time.
CHROMIUM = os.environ.get("CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "chromium-browser"))), None)
#: What Chromium does without. For its own window, which nobody sees, it would start a process at every new page that draws
#: what may hang from its address bar: a third of what a page of ours takes. The rest is Playwright's own list, said again
#: because Chromium hears the last list only.
WITHOUT = ("WebUIOmniboxPopup", "WebUIOmniboxAimPopup",
           "AimEnabled", "AvoidCorsURLLoaderRestartOnRedirect", "AvoidUnnecessaryBeforeUnloadCheckSync",
           "DestroyProfileOnBrowserClose", "HttpsFirstBalancedModeAutoEnable", "HttpsUpgrades", "LensOverlay",
           "MediaRouter", "NetworkTimeServiceQuerying", "OptimizationHints", "PaintHolding", "PreconnectToSearch",
           "ThirdPartyStoragePartitioning")
#: A page lives for seconds: what its scripts would gain from being compiled to machine code is less than that takes.
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--js-flags=--no-maglev,--no-opt", f"--disable-features={','.join(WITHOUT)}"]
COMMAND = ("-m", "letsdance")
expect.set_options(timeout=30_000)  # a loaded machine is slow, not wrong
SIZES = {"projector": (1920, 1080), "laptop": (1366, 768), "phone": (390, 844)}


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """The dashboard in a process of its own."""

    def __init__(self, command: list[str], port: int, log: Path, python: str = sys.executable,
                 cwd: Path = Path(__file__).parent.parent, environment: dict[str, str] | None = None) -> None:
        self.url, self.log = f"http://127.0.0.1:{port}", log
        environment = environment or {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COV"))}
        self._file = log.open("w")
        self.process = subprocess.Popen([python, *command], stdout=self._file, stderr=subprocess.STDOUT,
                                        env=environment, cwd=cwd)

    def wait(self, seconds: float = 60.0) -> float:
        """Seconds until it answers."""
        began = time.monotonic()
        while time.monotonic() < began + seconds:
            if self.process.poll() is not None:
                raise RuntimeError(self.log.read_text())
            try:
                urllib.request.urlopen(f"{self.url}/readyz", timeout=1).close()
                return time.monotonic() - began
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(self.log.read_text())

    def stop(self) -> None:
        """End it as Ctrl+C does."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        self._file.close()


def dashboard(log: Path, *options: str, port: int = 0) -> Server:
    """`letsdance dashboard` on a free port, or on this one; ready."""
    port = port or free_port()
    server = Server([*COMMAND, "dashboard", "--port", str(port), "--no-browser", *options], port, log)
    try:
        server.wait()
    except BaseException:
        server.stop()
        raise
    return server


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    if not CHROMIUM:
        missing = "the browser tests need chromium: apt-get install chromium-headless-shell, or set CHROMIUM to its path."
        (pytest.fail if os.environ.get("LETSDANCE_BROWSER") == "required" else pytest.skip)(missing)
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": ARGS}


def serving(log: Path):
    """The dashboard while a fixture lasts; its log has no traceback, and nothing that our own pages said was refused."""
    server = dashboard(log)
    yield server
    server.stop()
    told = server.log.read_text()
    assert not re.search("Traceback|refused from .*(event|message|method|to set)", told), told


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    """The dashboard, once for all tests of a process: tests/conftest.py names it for all files, for a fixture that each
    file imports is made for each."""
    yield from serving(tmp_path_factory.mktemp("dashboard") / "log.txt")


class Faults:
    """What went wrong in a page: script errors, error answers, requests that left the machine."""

    def __init__(self, page, url: str) -> None:
        self.begin()
        page.on("pageerror", lambda error: self.found.append(f"script: {error}"))
        page.on("console", lambda message: self.found.append(f"console: {message.text}")
                if message.type == "error" and "WebSocket" not in message.text and "ERR_" not in message.text else None)
        page.on("request", lambda request: self._request(request.url, url))
        page.on("websocket", lambda socket: self._request(socket.url.replace("ws://", "http://"), url))
        page.on("response", lambda answer: self.found.append(f"{answer.status} {answer.url}")
                if answer.status >= 400 else None)

    def begin(self) -> None:
        """Nothing has gone wrong yet."""
        self.found: list[str] = []
        self.requests = 0

    def _request(self, address: str, url: str) -> None:
        self.requests += 1
        if not address.startswith((url, "data:", "blob:")):
            self.found.append(f"left the machine: {address}")


@pytest.fixture(scope="session")
def left_pages():
    """Pages that tests have left, for others to begin in: to start a process for a page takes longer than the page."""
    return []


def _leave(page) -> bool:
    """Whether a page could be left as a new one is: empty, in the light, and nothing is kept of whoever was there."""
    try:
        if len(page.context.pages) > 1:
            return False
        page.evaluate("() => { sessionStorage.clear(); localStorage.clear(); }")
        page.mouse.move(0, 0)
        page.goto("about:blank")
        page.emulate_media(color_scheme="light")
        page.context.clear_cookies()
    except Error:  # it was closed, or ended
        return False
    return True


@contextmanager
def visiting(browser, served, left_pages):
    """`visit(path, size="laptop")` as long as it lasts: a page of one's own (own cookies), watched; all are checked at the
    end."""
    pages, apart = [], []

    def visit(path: str = "/", size: str = "laptop", **options):
        if left_pages and not options:
            page = sized(left_pages.pop(), size)
            page.faults.begin()
        else:
            width, height = SIZES[size]
            context = browser.new_context(viewport={"width": width, "height": height}, accept_downloads=True, **options)
            context.set_default_timeout(60_000)
            page = context.new_page()
            page.faults = Faults(page, served.url)
        (apart if options else pages).append(page)
        page.goto(served.url + path)
        drawn(page)
        return page

    try:
        yield visit
    finally:
        for page in pages:
            if _leave(page):
                left_pages.append(page)
            else:
                page.context.close()
        for page in apart:
            page.context.close()
    assert not [fault for page in (*pages, *apart) for fault in page.faults.found]


@pytest.fixture
def visit(browser, served, left_pages):
    """`visit(path, size="laptop")`: a page of the test's own."""
    with visiting(browser, served, left_pages) as visit:
        yield visit


@pytest.fixture(scope="module")
def visit_once(browser, served, left_pages):
    """The same, where a page is opened once for several tests of a file that look at it."""
    with visiting(browser, served, left_pages) as visit:
        yield visit


def sized(page, size: str):
    """The page as large as a projector, a laptop or a phone; most pages need not come anew for it."""
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    return page


def fits(page) -> None:
    """That the page is no wider than the screen, once charts have followed its size."""
    wait_until(page, lambda: page.evaluate("document.documentElement.scrollWidth <= innerWidth"),
               why=lambda: "the page is wider than the screen")


def axe_finds_no_serious_fault(page) -> None:
    """That axe finds none, whatever state the page is in; what it finds else is told by its rule and first places."""
    found = Axe().run(page).response["violations"]
    assert not [(v["id"], [n["html"][:160] for n in v["nodes"]][:3]) for v in found
                if v["impact"] in ("serious", "critical")]


def axe_finds_none_dark_or_small(page) -> None:
    """The same of a page that stands in the dark: on a laptop, then in the light on a phone; it is wider than neither."""
    background = "getComputedStyle(document.body).backgroundColor"
    for size, scheme in (("laptop", "dark"), ("phone", "light")):
        dark = page.evaluate(background)
        fits(sized(page, size))
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(f"was => ({background} === was) === {str(scheme == 'dark').lower()}", arg=dark)
        axe_finds_no_serious_fault(page)


def go(page, name: str) -> None:
    """To another page of the dashboard by its link in the bar, which loads nothing anew."""
    page.locator(f"nav a[href$='/{name}']").click()
    page.wait_for_function("""name => document.querySelector('nav [aria-current]').getAttribute('href').endsWith(`/${name}`)
        && location.pathname.endsWith(`/${name}`) && !document.querySelector('.ld-waiting')""", arg=name, timeout=120_000)
    drawn(page)


def stamps(page) -> list[str]:
    """Which answer each chart on the page shows."""
    return page.locator("[data-chart]").evaluate_all("all => all.map(one => one.dataset.stamp)")


def drawn(page, before: str | None = None) -> str:
    """Wait until all charts show one answer (another than before); its stamp, of the moment it was seen."""
    # what was waited for is told by the same look: a chart that is drawn anew may be gone a moment later
    return page.wait_for_function("""(before) => {
        const all = [...document.querySelectorAll('[data-chart]')].map(one => one.dataset.stamp);
        return new Set(all).size === 1 && all[0] !== before && all[0]; }""", arg=before).json_value()


def redrawn(page, before: str) -> str:
    """Wait until all charts show another answer than before; its stamp."""
    return drawn(page, before)


def wait_until(page, what, seconds: float = 60.0, why=lambda: "waited too long") -> None:
    """Wait, while the page goes on, until `what()` holds; `why()` says what did not."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, why()
        page.wait_for_timeout(20)
