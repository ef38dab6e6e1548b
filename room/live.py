"""A room that runs: its store, its answers, and who waits for news of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from letsdance.room import runs
from letsdance.room.inputs import Input
from letsdance.room.runs import Answers
from letsdance.room.state import Room
from letsdance.room.store import Store

__all__ = ["Live"]


class Live:
    """A room that runs: its store, its answers, and who waits for news of it."""

    def __init__(self, store: Store) -> None:
        self.store, self.deleted = store, False
        self.answers = Answers(self._computed)
        self._news = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._drawn: dict[str, tuple[str, str]] = {}

    @property
    def room(self) -> Room:
        """Its state."""
        return self.store.room

    def start(self) -> None:
        """Once the server's loop runs."""
        self._loop = asyncio.get_running_loop()
        runs.ready(self.room, self.answers)

    def _computed(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.changed)

    def changed(self) -> None:
        """Wake all who wait."""
        self._news.set()
        self._news = asyncio.Event()
        if not self.deleted:
            runs.ready(self.room, self.answers)

    def take(self, who: str, ident: str, kind: str, value: Mapping[str, Any]) -> None:
        """Take what somebody says; raises `Refused`."""
        if self.store.take(Input(who, ident, kind, value, time.time())):
            self.changed()

    async def news(self, seconds: float) -> None:
        """Until something changed."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), seconds)

    @property
    def stamp(self) -> str:
        """What screens that all see alike depend on."""
        return f"{self.room.version}.{self.answers.version}"

    def screen(self, face: str, draw: Callable[[], Any]) -> tuple[str, str]:
        """(stamp, fragment) of a screen that all see alike, drawn once for all who look."""
        stamp = self.stamp
        found = self._drawn.get(face)
        if found is None or found[0] != stamp:
            found = self._drawn[face] = stamp, str(draw())
        return found
