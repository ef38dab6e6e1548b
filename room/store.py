"""The room's memory: one SQLite file a room, every input in it before it is answered.

An input is a row, in a transaction of its own; its id, made by the sender, is unique, so that what arrives twice counts
once, also when the server was killed between writing and answering. The room is built again from the rows.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from letsdance.params import Refused
from letsdance.room import agenda as agendas
from letsdance.room.inputs import Input
from letsdance.room.state import Room

__all__ = ["Store", "unfinished"]

_FORMAT = 1
#: Seconds after which a room that nobody ended is not gone on with by itself.
_A_DAY = 86_400.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS input (n INTEGER PRIMARY KEY, who TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL,
    value TEXT NOT NULL, at REAL NOT NULL, UNIQUE (who, id));
"""
#: Letters of a code that are not mistaken for each other when read aloud or from a screen.
LETTERS = "ABCDEFGHKLMNPRSTUVWXYZ"


def new_code() -> str:
    """A code that names a room."""
    return "".join(secrets.choice(LETTERS) for _ in range(5))


@dataclass
class Store:
    """A room and its file."""

    path: Path
    room: Room
    key: str
    began: float
    _file: sqlite3.Connection
    _seen: set[tuple[str, str]]

    @staticmethod
    def new(folder: Path, agenda: agendas.Agenda, seed: int, language: str, rehearsal: bool = False) -> Store:
        """A new room, and its file in the folder."""
        from letsdance import __version__

        _folder(folder)
        code = next(code for code in iter(new_code, "") if not (folder / f"{code}.sqlite").exists())
        about = {"format": _FORMAT, "code": code, "key": secrets.token_urlsafe(18), "seed": seed, "language": language,
                 "rehearsal": rehearsal, "began": time.time(), "version": __version__,
                 "agenda": agenda.model_dump(mode="json")}
        path = folder / f"{code}.sqlite"
        file = _opened(path)
        with file:
            file.executemany("INSERT INTO about VALUES (?, ?)", [(name, json.dumps(one)) for name, one in about.items()])
        return Store._from(path, file)

    @staticmethod
    def open(path: Path) -> Store:
        """A room as it stood. Raises `Refused` for a file that is none."""
        return Store._from(path, _opened(path))

    @staticmethod
    def _from(path: Path, file: sqlite3.Connection) -> Store:
        try:
            about: dict[str, Any] = {name: json.loads(value) for name, value in file.execute("SELECT * FROM about")}
            if about["format"] != _FORMAT:
                raise ValueError
            room = Room(about["code"], agendas.Agenda.model_validate(about["agenda"]), int(about["seed"]),
                        about["language"], bool(about["rehearsal"]))
            store = Store(path, room, str(about["key"]), float(about["began"]), file, set())
            for row in file.execute("SELECT who, id, kind, value, at FROM input ORDER BY n"):
                said = Input(row[0], row[1], row[2], json.loads(row[3]), row[4])
                store._seen.add((said.who, said.id))
                room.take(said)
        except (sqlite3.Error, ValueError, LookupError, TypeError) as error:
            file.close()
            if isinstance(error, Refused):
                raise Refused("{path} was written by another version of letsdance; go on with that one, or start a new "
                              "room.", path=path) from None
            raise Refused("{path} is not a room of letsdance, or damaged; take it away, or start with --new.",
                          path=path) from None
        return store

    def take(self, said: Input) -> bool:
        """Take an input and write it; False where it was taken before. Raises `Refused`; then nothing has changed."""
        if (said.who, said.id) in self._seen:
            return False
        self.room.take(said)
        try:
            with self._file:
                self._file.execute("INSERT INTO input (who, id, kind, value, at) VALUES (?, ?, ?, ?, ?)",
                                   (said.who, said.id, said.kind, json.dumps(said.value), said.at))
        except sqlite3.Error as error:  # a full disk: nobody may believe that it was written
            again = Store.open(self.path)
            again.close()
            again.room.version = self.room.version + 1
            self.room = again.room
            raise Refused("what you said could not be written to the disk of the host ({error}); say it again when there "
                          "is room.", error=error) from None
        self._seen.add((said.who, said.id))
        return True

    def inputs(self) -> list[Input]:
        """All that was said."""
        return [Input(row[0], row[1], row[2], json.loads(row[3]), row[4]) for row in self._file.execute(
            "SELECT who, id, kind, value, at FROM input ORDER BY n")]

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def delete(self) -> None:
        """Everything about the room is gone from the disk."""
        self._file.close()
        for name in (self.path, *(self.path.with_name(self.path.name + end) for end in ("-wal", "-shm", "-journal"))):
            name.unlink(missing_ok=True)


def _folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.chmod(folder, 0o700)  # what people say is the room's
    except OSError as error:
        raise Refused("the folder {folder} cannot be used for rooms ({error}); name another with --folder.", folder=folder,
                      error=error.strerror or error) from None


def _opened(path: Path) -> sqlite3.Connection:
    file = sqlite3.connect(path, check_same_thread=False, timeout=5.0)
    try:
        file.execute("PRAGMA journal_mode=WAL")
        file.execute("PRAGMA synchronous=FULL")
        file.execute("PRAGMA trusted_schema=OFF")
        file.executescript(_SCHEMA)
    except sqlite3.Error as error:
        file.close()
        raise Refused("{path} cannot be opened as a room ({error}); take it away, or start with --new.", path=path,
                      error=error) from None
    return file


def unfinished(folder: Path) -> list[Path]:
    """Files of rooms of the last day, the latest first."""
    found = []
    for path in folder.glob("*.sqlite") if folder.is_dir() else ():
        beside = path.with_name(path.name + "-wal")
        found.append((max(one.stat().st_mtime for one in (path, beside) if one.exists()), path))
    return [path for written, path in sorted(found, reverse=True) if written > time.time() - _A_DAY]
