"""How soon the dashboard answers, measured in the browser: `uv run python -m benchmarks.dashboard [--people 40]`.

From the release of a slider to the moment when all six charts of Explore show the new answer (20 runs, 1,000 citizens,
60 quarters); from the command to the first page with its charts, in a browser that is open. It needs an otherwise idle
machine and Debian's chromium.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request

from benchmarks.people import room

ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
COMPARED = "compare?policy=lone_ranger~k=1.2&and=lone_ranger~LEAD@4*1&and=wasteland~FAL@4*1"
SLIDE = """async ([name, value]) => {
  const stamps = () => [...document.querySelectorAll('[data-chart]')].map(one => one.dataset.stamp);
  const before = stamps()[0], slider = document.querySelector(`[data-parameter=${name}] input[type=range]`);
  slider.value = value;
  const began = performance.now();
  slider.dispatchEvent(new Event('input'));
  slider.dispatchEvent(new Event('change'));
  return await new Promise((resolve) => {
    const look = () => {
      const now = stamps();
      if (now[0] && now[0] !== before && new Set(now).size === 1) resolve(performance.now() - began);
      else if (performance.now() - began > 20000) resolve(20000);
      else requestAnimationFrame(look);
    };
    look();
  });
}"""
READY = """() => { const all = [...document.querySelectorAll('[data-chart]')].map(one => one.dataset.stamp);
  return all.length > 0 && all[0] && new Set(all).size === 1; }"""


def started() -> tuple[subprocess.Popen[bytes], str, float]:
    """The dashboard on a free port, just started: the process, its address, when."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    began = time.perf_counter()
    server = subprocess.Popen([sys.executable, "-m", "letsdance", "dashboard", "--port",
                               str(port), "--no-browser"], stdout=subprocess.DEVNULL)
    return server, f"http://127.0.0.1:{port}", began


def serve() -> tuple[subprocess.Popen[bytes], str, float]:
    """The dashboard on a free port, ready: the process, its address, when it was started."""
    server, url, began = started()
    while True:
        try:
            urllib.request.urlopen(f"{url}/readyz", timeout=1).close()
            return server, url, began
        except OSError:
            if server.poll() is not None or time.perf_counter() - began > 120:
                raise
            time.sleep(0.02)


def explorer(url: str, moves: int, first: float, found: list[float], pause: float, page_path: str = "explore") -> None:
    """One person who moves a slider again and again; seconds from release to new curves."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"), args=ARGS)
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        page.goto(f"{url}/{page_path}")
        page.wait_for_function(READY)
        page.wait_for_timeout(1000)
        for k in range(moves + 3):
            seconds = page.evaluate(SLIDE, ["k", round(first + 0.01 * k, 3)]) / 1000
            if k >= 3:  # the first ones warm the page up
                found.append(seconds)
            page.wait_for_timeout(1000 * pause)
        browser.close()


def first_page() -> float:
    """Seconds from the command to the first page with its charts; the browser is open already."""
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"), args=ARGS)
        page = browser.new_page()
        server, url, began = started()
        try:
            while True:
                try:
                    page.goto(url)
                    break
                except Error:  # nobody listens yet
                    if server.poll() is not None or time.perf_counter() - began > 120:
                        raise
                    time.sleep(0.02)
            page.wait_for_function(READY)
            return time.perf_counter() - began
        finally:
            browser.close()
            server.terminate()
            server.wait()


def told(what: str, seconds: list[float], target: str) -> None:
    """Median and 95th percentile of one measurement."""
    ranked = sorted(seconds)
    print(f"{what}: median {1000 * statistics.median(ranked):.0f} ms, 95th percentile "
          f"{1000 * ranked[int(0.95 * (len(ranked) - 1))]:.0f} ms of {len(ranked)} (target {target})", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=1, help="people who explore at the same time")
    parser.add_argument("--moves", type=int, default=40, help="slider releases by each")
    options = parser.parse_args()
    pages = [first_page() for _ in range(4)][1:]  # the first one warms up what the system keeps in memory
    print(f"command to first page: median {statistics.median(pages):.1f} s of {len(pages)} (target under 6 s, warm)",
          flush=True)
    server, url, _ = serve()
    try:
        alone: list[float] = []
        explorer(url, options.moves, 0.1, alone, 0.2)
        told("slider release to new curves", alone, "under 300 ms, 95th percentile under 600 ms")
        compared: list[float] = []
        explorer(url, options.moves, 0.1, compared, 0.2, COMPARED)
        told("slider release on Compare with three policies", compared, "none of its own")
        if options.people > 1:
            print(f"{options.people} people, a slider every 3 s, without their browsers: "
                  f"{room(url, options.people, max(options.moves // 4, 4), 3.0)} (target: median under 1.5 s, 95th "
                  f"percentile under 4 s)", flush=True)
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
