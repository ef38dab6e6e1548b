"""A room that stays for ten minutes: `python -m benchmarks.soak` (`--seconds 60` for a look). Memory and threads stay flat.

At first as many pages as may stay open are opened, used and left. Then people without browsers open pages, move
sliders, wander to other pages and back, and end a visit as people do: they close the page, lose their connection, or
leave it open and come back no more (the page that was left longest then loses its connection). Memory (resident),
threads and sessions of the server are read every second. The exit status is 1 where memory or threads grow beyond the
bounds that are stated here, where somebody met a fault, or where sessions or threads stay after all have gone.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import threading
import time
import urllib.request
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.dashboard import serve
from benchmarks.people import Measured, Person

__all__ = ["Room", "Watch"]

#: Where people wander from Explore.
PAGES = ("compare", "late_adopters", "futures")
#: Megabytes that a session may hold: a page with its widgets and an answer of its own.
A_SESSION = 1.5
#: Megabytes between the middle and the end beyond those of more sessions: the allocator's noise, not a leak; and a minute
#: in the second half at equal sessions.
GROWN, SLOPE = 50.0, 4.0
#: Seconds until then the answers that are kept for all sessions (some 100 MB) are still filling up: less is not asked.
STEADY, FILLING = 300.0, 100.0
#: Threads beyond those at the start and one for each session: those of the two queues and of requests.
THREADS = 60
#: When all have gone: threads beyond those at the start, which no number of people makes more (24 in each of the two
#: queues, and AnyIO's 40, which wait for the next requests); seconds until no session stays (a lost connection: two
#: minutes).
THREADS_LEFT, SECONDS_LEFT = 2 * 24 + 40, 200.0


@dataclass
class Watch:
    """What a server holds, read every second: second, megabytes, threads, sessions."""

    url: str
    pid: int
    seen: list[tuple[float, float, int, int]] = field(default_factory=list)

    def look(self) -> tuple[float, float, int, int]:
        """Read once more."""
        told = dict(line.split(":", 1) for line in Path(f"/proc/{self.pid}/status").read_text().splitlines())
        with urllib.request.urlopen(f"{self.url}/resourcez", timeout=60) as answer:
            sessions = json.load(answer)["kernels"]["total"]
        self.seen.append((time.monotonic(), int(told["VmRSS"].split()[0]) / 1024, int(told["Threads"]), sessions))
        return self.seen[-1]

    def during(self, seconds: float) -> None:
        """Every second for so many seconds; each half a minute a line."""
        began = said = time.monotonic()
        while (now := time.monotonic()) < began + seconds:
            _, memory, threads, sessions = self.look()
            if now >= said:
                said += 30.0
                print(f"{now - began:5.0f} s: {memory:.0f} MB, {threads} threads, {sessions} sessions", flush=True)
            time.sleep(max(0.0, now + 1.0 - time.monotonic()))

    def slope(self) -> float:
        """Megabytes a minute in the second half, at an equal number of sessions (least squares on both)."""
        at, memory, _, sessions = np.array(self.seen[len(self.seen) // 2:]).T
        return float(np.linalg.lstsq(np.stack([at / 60, sessions, np.ones(len(at))], 1), memory, rcond=None)[0][0])

    def grown(self) -> float:
        """Megabytes from the middle (the fifth tenth) to the end (the last), less those that more sessions may hold."""
        n = max(len(self.seen) // 10, 1)
        middle, end = (np.median(self.seen[part], axis=0) for part in (slice(4 * n, 5 * n), slice(-n, None)))
        return float(end[1] - middle[1] - A_SESSION * max(0.0, end[3] - middle[3]))

    def beyond(self) -> int:
        """The most threads at any time beyond those at the start and one for each session."""
        return max(threads - self.seen[0][2] - sessions for _, _, threads, sessions in self.seen)


class Room:
    """So many people who come and go until they are told to stop; `open_most` pages are left open."""

    def __init__(self, url: str, people: int, open_most: int, pause: float = 3.0, seed: int = 1) -> None:
        self.found, self.did = Measured(), Counter[str]()
        self._url, self._most, self._pause, self._seed = url, open_most, pause, seed
        self._left, self._over = deque[Person](), threading.Event()
        self._threads = [threading.Thread(target=self._one, args=(random.Random(seed * 1000 + k),)) for k in range(people)]

    def fill(self, at_once: int = 4) -> None:
        """As many pages as may stay open are opened, used and left: what follows finds the server as full as it gets.

        A page that was used weighs more than a fresh one (a question of its own, what other pages left), and each fills
        the answers that are kept for all.
        """
        def some(luck: random.Random) -> None:
            while len(self._left) < self._most:
                person = Person(self._url)
                person.wait(person.stamp)
                self._move(person, luck)
                self._wander(person, luck.choice(PAGES))
                self._left.append(person)

        with ThreadPoolExecutor(at_once) as pool:
            for done in [pool.submit(some, random.Random(self._seed * 1000 + 500 + k)) for k in range(at_once)]:
                done.result()

    def begin(self) -> None:
        """They come."""
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """All go; those who left their page open lose their connection."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        while self._left:
            self._left.popleft().leave(said=False)

    def _one(self, luck: random.Random) -> None:
        self._over.wait(luck.random() * self._pause)
        while not self._over.is_set():
            try:
                self._visit(luck)
            except Exception as error:
                self.found.faults.append(repr(error))

    def _visit(self, luck: random.Random) -> None:
        """Open a page, move a slider some times, end."""
        person = Person(self._url)
        self.did["opened"] += 1
        how = luck.choices(("left open", "lost", "closed"), (2, 1, 2))[0]
        try:
            self._explore(person, luck)
        except BaseException:
            how = "lost"
            raise
        finally:
            self.did[how] += 1
            if how == "left open":
                self._left.append(person)
            else:
                person.leave(said=how == "closed")
        while len(self._left) > self._most:
            self._left.popleft().leave(said=False)

    def _explore(self, person: Person, luck: random.Random) -> None:
        """Move a slider some times, each to a place of one's own; now and then to another page and back."""
        person.wait(person.stamp)
        for _ in range(luck.randint(2, 8)):
            if self._over.wait(self._pause * luck.uniform(0.5, 1.5)):
                break
            person.drain()
            before = person.received
            self.found.seconds.append(self._move(person, luck))
            self.found.sent.append(person.received - before)
            if luck.random() < 0.1:
                self._wander(person, luck.choice(PAGES))

    def _move(self, person: Person, luck: random.Random) -> float:
        """A slider to a place of one's own; seconds until the charts show it."""
        value = round(luck.uniform(0.2, 1.8), 7)
        took = person.slide("k", value)
        if person.controls()["parameters"].get("k") != value:
            self.found.faults.append(f"set {value} and sees {person.controls()['parameters']}")
        return took

    def _wander(self, person: Person, page: str) -> None:
        """To another page and back, when its charts are there."""
        self.did[f"went to {page}"] += 1
        person.event("go", page)
        person.wait(lambda: "adoption" not in person.charts() and person.charts())
        person.event("go", "explore")
        person.wait(lambda: "adoption" in person.charts() and person.stamp())


def main() -> None:
    """Soak, tell, and exit with 1 where a bound is passed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600.0, help="how long people come and go")
    parser.add_argument("--people", type=int, default=20, help="people who move sliders at any time")
    parser.add_argument("--open", type=int, default=200, help="pages that are left open at most")
    options = parser.parse_args()
    server, url, _ = serve()
    try:
        time.sleep(8.0)  # the engine and the other pages are loaded
        watch, room = Watch(url, server.pid), Room(url, options.people, options.open)
        first = watch.look()
        room.fill()
        print("all pages that stay open: {1:.0f} MB, {2} threads, {3} sessions".format(*watch.look()), flush=True)
        room.begin()
        watch.during(options.seconds)
        room.end()
        slope, grown, beyond = watch.slope(), watch.grown(), watch.beyond()
        gone = time.monotonic()
        while (last := watch.look())[3] and time.monotonic() < gone + SECONDS_LEFT:
            time.sleep(1.0)
        time.sleep(15.0)
        last = watch.look()
    finally:
        server.terminate()
        server.wait()
    print(f"{', '.join(f'{how} {n}' for how, n in sorted(room.did.items()))}\nslider to charts: {room.found}\n"
          f"at the start {first[1]:.0f} MB, {first[2]} threads; at most {max(one[1] for one in watch.seen):.0f} MB, "
          f"{max(one[2] for one in watch.seen)} threads, {max(one[3] for one in watch.seen)} sessions; when all had gone "
          f"{last[1]:.0f} MB, {last[2]} threads, {last[3]} sessions")
    bounds = [("MB from the middle to the end", grown, GROWN + FILLING * (options.seconds < STEADY)),
              ("threads beyond one a session", beyond, THREADS),
              ("threads that stayed", last[2] - first[2], THREADS_LEFT), ("sessions that stayed", last[3], 0),
              ("faults", len(room.found.faults), 0)]
    bounds += [("MB a minute in the second half", slope, SLOPE)] if options.seconds >= STEADY else []
    for what, value, most in bounds:
        print(f"{'ok    ' if value <= most else 'BEYOND'} {what}: {value:.1f} (at most {most:.0f})")
    sys.exit(int(any(value > most for _, value, most in bounds)))


if __name__ == "__main__":
    main()
