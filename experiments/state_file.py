"""The file of a saved state (.npz), which may come from a stranger: nothing in it is believed before it is checked.

Each array is read by the size, type and shape that the scenario, the municipalities and the quarter give it, never by
what the file says of itself; pickles are never opened. Then every value is held against what a state can be: the compiled
engine follows its row numbers without looking, so one wrong number would be a crash.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np

from letsdance.params import Refused, Said, files
from letsdance.scenarios import HORIZON
from letsdance.simulation.engine import HALF
from letsdance.simulation.indicators import ROW, SOCIETY
from letsdance.simulation.municipalities import Municipalities
from letsdance.simulation.rules.calls import POOR
from letsdance.simulation.rules.outcomes import CALLED
from letsdance.simulation.state import COUNTS, GIVEN, OWN, PROJECT, SERVICE, State, empty_state, least_members

_MOST_CITIZENS = 100_000_000  # of one municipality, as in tables of them
_LARGEST_ABOUT = 64_000_000   # bytes of what a file says in words: names, scenario
_BOMB = 250                   # times that an honest file, measured at 2 to 10, does not grow when it is unpacked ...
_SMALL = 50_000_000           # ... once it is larger than this
_OTHER = (OSError, ValueError, KeyError, EOFError, TypeError, IndexError, RuntimeError, SyntaxError, RecursionError,
          NotImplementedError, OverflowError, TokenError, zipfile.BadZipFile, zlib.error)  # of zipfile and numpy, of damage

#: Indicators that are shares of what there may be none of: only these may be no number.
_MAY_BE_NONE = {"depth", "joining", "success_solo", "success_supported", "efficiency", "legitimacy", "legitimacy_measured",
                "feedback_outside", "technology_rank", "representativeness", "representativeness_initiators",
                "accountability"}
_SHARES = ("willingness", "social_capital", "baseline_social_capital", "reputation", "risk_culture", "capacity",
           "capacity_before", "top_support", "feedback", "silo", "funding", "need", "innovativeness", "willingness_before",
           "depth_before", "depth", "citizens_willingness", "citizens_trust", "neighbours_willingness",
           "peers_willingness", "peers_adopted", "exposure", "news", "news_before", "peers_news", "novelty")


def write(file: Any, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Write a state to an open file."""
    named: dict[str, Any] = {"about": np.frombuffer(json.dumps(about).encode(), np.uint8), **arrays}
    np.savez_compressed(file, **named)


def clean(state: State, quarter: int) -> State:
    """A state without what memory held where nothing is in use: free slots, and before the first quarter the last one."""
    used = np.zeros(len(state.initiatives), bool)
    used[_used(state.governments)] = True
    state.initiatives[~used] = np.zeros(1, state.initiatives.dtype)
    state.members[~used] = 0
    width = np.arange(state.members.shape[1])
    state.members[width >= state.initiatives["members"][:, None].astype(np.int64)] = 0
    if quarter == 0:
        state.willingness[1], state.uses[1] = 0.0, 0
    return state


class Reader:
    """An open file of a state. `about` is what it says in words, checked; arrays are read one by one, by name and form."""

    def __init__(self, path: str | Path) -> None:
        self.path = path
        self.content = files.content(path, Said("save a state with `letsdance branch save`"), files.memory() // 2)
        with self.damage():
            self.archive = zipfile.ZipFile(io.BytesIO(self.content))
            self.sizes = {info.filename: info for info in self.archive.infolist()}
            unpacked = sum(info.file_size for info in self.archive.infolist())
            if len(self.sizes) != len(self.archive.infolist()):
                raise KeyError("twice the same name")
        room = files.memory()
        if unpacked > max(_SMALL, min(room // 2, _BOMB * len(self.content))):
            raise Refused("{path} would unpack to {unpacked:,.2f} GB, out of {n_content:,.3f} GB: more than a saved state "
                          "does, or than half of this machine's memory ({room:,.1f} GB); it is not opened.", path=path,
                          unpacked=unpacked / 1e9, n_content=len(self.content) / 1e9, room=room / 1e9)
        info = self.sizes.get("about.npy")
        if info is not None and info.file_size > _LARGEST_ABOUT:
            raise Refused("{path} is not a state that letsdance saved: it says too much of itself.", path=path)
        with self.damage():
            self.about = json.loads(self._member("about", np.dtype(np.uint8), (None,)).tobytes())

    @contextmanager
    def damage(self) -> Iterator[None]:
        """What is raised while a damaged or foreign file is read is one sentence."""
        try:
            yield
        except Refused:
            raise
        except MemoryError:
            raise Refused("{path} does not fit in this machine's memory.", path=self.path) from None
        except _OTHER as error:
            raise Refused("{path} is not a state that letsdance saved, or it is damaged ({kind_of}).", path=self.path,
                          kind_of=type(error).__name__) from None

    def array(self, name: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> np.ndarray:
        """An array of this type and shape, or `Refused`."""
        with self.damage():
            return self._member(name, dtype, shape)

    def _member(self, name: str, dtype: np.dtype[Any], shape: tuple[int | None, ...]) -> np.ndarray:
        info = self.sizes.get(f"{name}.npy")
        if info is None:
            raise self.no(Said("it has no {name}", name=name))
        with self.archive.open(info) as file:
            version = np.lib.format.read_magic(file)
            read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}.get(version)
            if read is None:
                raise self.no(Said("{name} is written in a way that is not known", name=name))
            found, by_columns, kind = read(file)
            if kind.hasobject or kind != dtype:
                raise self.no(f"{name} has another type")
            fits = len(found) == len(shape) and all(b is None or a == b for a, b in zip(found, shape, strict=True))
            if not fits or (by_columns and len(found) > 1):
                raise self.no(f"{name} has the shape {found}, not {shape}")
            size = kind.itemsize * int(np.prod(found, dtype=object))
            if size > info.file_size:
                raise self.no(f"{name} is too short")
            content = file.read(size + 1)
        if len(content) != size:
            raise self.no(f"{name} has another length than it says")
        return np.frombuffer(bytearray(content), dtype).reshape(found)

    def no(self, why: str) -> Refused:
        """The sentence that refuses this file."""
        return Refused("{path} is not a state that letsdance saved, or it was changed: {why}.", path=self.path,
                       why=why)

    def said(self, key: str, fits: Callable[[Any], bool], what: str) -> Any:
        """An entry of what the file says in words."""
        value = self.about.get(key) if isinstance(self.about, dict) else None
        if not fits(value):
            raise self.no(f"{key} must be {what}, not {str(value)[:40]!r}")
        return value

    def whole(self, key: str, low: int, high: int) -> int:
        """An entry that is a whole number from low to high."""
        return int(self.said(key, lambda v: isinstance(v, int) and not isinstance(v, bool) and low <= v <= high,
                             f"a whole number from {low} to {high}"))

    def text(self, key: str) -> str:
        """An entry that is text."""
        return str(self.said(key, lambda v: isinstance(v, str) and "\0" not in v, "text"))

    # ------------------------------------------------------------ the parts of a state

    def quarter(self) -> int:
        """The quarter whose end was saved."""
        return self.whole("quarter", 0, HORIZON[1] - 1)

    def places(self) -> Municipalities:
        """The municipalities."""
        names = self.said("municipalities", lambda v: isinstance(v, list) and len(v) > 0 and all(
            isinstance(name, str) and name for name in v) and len(set(v)) == len(v), "a list of names that differ")
        citizens = self.array("citizens", np.dtype(np.int64), (len(names),))
        given = self.array("given", GIVEN, (len(names),))
        self._hold("citizens", (citizens >= 1) & (citizens <= _MOST_CITIZENS))
        for name in GIVEN.names or ():
            self._hold(f"given, {name}", np.isnan(given[name]) | ((given[name] >= 0.0) & (given[name] <= 1.0)))
        total = sum(citizens.tolist())  # of whole numbers without end
        if self.sizes.get("state.trust.npy") is None or self.sizes["state.trust.npy"].file_size < 4 * total:
            raise self.no("state.trust is too short for its citizens")
        return Municipalities(tuple(names), citizens, given)

    def rows(self, quarter: int) -> np.ndarray:
        """What was recorded by then, ROW[quarter + 1]."""
        rows = self.array("rows", np.dtype(ROW), (quarter + 1,))
        for name, (unit, *_) in SOCIETY.items():
            self._hold(f"rows, {name}", np.isfinite(rows[name]) | (np.isnan(rows[name]) & (name in _MAY_BE_NONE)))
            if unit == "share" and name != "legitimacy_measured":  # a reading has its error
                self._hold(f"rows, {name}", np.isnan(rows[name]) | (np.abs(rows[name] - 0.5) <= 0.5 + 1e-9))
            low = 0.0 if unit in ("per municipality", "points", "ratio") else -1e9
            self._hold(f"rows, {name}", np.isnan(rows[name]) | ((rows[name] >= low) & (rows[name] <= 1e9)))
        return rows

    def state(self, places: Municipalities, quarter: int, p: Any) -> State:
        """The state: every array as this scenario makes it, every value as a state can have it."""
        with self.damage():
            like = empty_state(places.citizens, p)
        # what a user's own mechanisms fill is not taken from a file: it holds none of them
        state = like._replace(**{name: self.array(f"state.{name}", column.dtype, column.shape)
                                 for name, column in like._asdict().items() if name not in OWN})
        with np.errstate(invalid="ignore"):
            self._governments(state, like, quarter)
            self._citizens(state, quarter)
            self._networks(state)
            self._initiatives(state, quarter, least_members(p), min(0, 1 - int(p.burn_in)))
        return clean(state, quarter)

    def _hold(self, what: str, fits: np.ndarray) -> None:
        if not np.all(fits):
            raise self.no(f"{what} holds values that cannot be")

    def _governments(self, state: State, like: State, quarter: int) -> None:
        g, room = state.governments, like.governments
        for name in ("first", "citizens", "first_tie", "first_slot", "slots"):
            self._hold(f"governments, {name}", g[name] == room[name])
        for name in _SHARES:
            self._within(f"governments, {name}", g[name], 0.0, 1.0)
        self._within("governments, peers_experience", g["peers_experience"], -1.0, 1.0)
        for name in ("disposition", "value", "obliged", "push", "pull", "citizens_disposition", "advantage", "blamed"):
            self._within(f"governments, {name}", g[name], -1e9, 1e9)
        for name, low, high in (("stage", 0, 5), ("stage_before", 0, 5), ("category", 0, 4), ("regime", 0, 3),
                                ("quadrant", 0, 3), ("timer", 0, quarter), ("piloted", 0, 1), ("adopted_at", -1, quarter),
                                ("held", 1, quarter + 1), *((count, 0, 2**31) for count in COUNTS)):
            self._within(f"governments, {name}", g[name], low, high)
        self._hold("governments, reach", (g["reach"] >= 0) & (g["reach"] <= g["citizens"]))
        self._hold("governments, initiatives", (g["initiatives"] >= 0) & (g["initiatives"] <= g["slots"]))
        self._within("society", state.society, -1e9, 1e9)

    def _within(self, what: str, values: np.ndarray, low: float, high: float) -> None:
        self._hold(what, (values >= low) & (values <= high))  # and so no NaN

    def _citizens(self, state: State, quarter: int) -> None:
        now, g = quarter & 1, state.governments
        if quarter == 0:  # what stands in the other row is what memory held
            state.willingness[1], state.uses[1] = 0.0, 0
        for name in ("willingness", "trust", "resources"):
            self._within(f"state.{name}", getattr(state, name), 0.0, 1.0)
        self._within("state.disposition", state.disposition, -1e9, 1e9)
        self._within("state.load", state.load, 0, 2)
        self._within("state.uses", state.uses, 0, 1)
        poor = state.resources.astype(np.float64) < POOR
        for name, each in (("poor", poor), ("participants", state.load > 0), ("participants_poor", poor & (state.load > 0)),
                           ("users", state.uses[now])):
            self._hold(f"governments, {name}", g[name] == np.add.reduceat(each, g["first"], dtype=np.int64))

    def _networks(self, state: State) -> None:
        g = state.governments
        for name, ties, end in (("ties", state.ties, len(state.neighbours) - 1),
                                ("peer_ties", state.peer_ties, len(state.peers))):
            self._hold(f"state.{name}", np.concatenate([[ties[0] == 0, int(ties[-1]) == end], ties[1:] >= ties[:-1]]))
        self._hold("state.ties", state.ties[g["first"]] == g["first_tie"])
        some = np.flatnonzero(np.diff(np.append(g["first_tie"], len(state.neighbours) - 1)) > 0)
        if len(some):
            starts, first = g["first_tie"][some], g["first"][some]
            known = state.neighbours[:-1]
            self._hold("state.neighbours", np.minimum.reduceat(known, starts) >= first)
            self._hold("state.neighbours", np.maximum.reduceat(known, starts) < first + g["citizens"][some])
        self._hold("state.neighbours", state.neighbours[-1:] < len(state.trust))
        for name in ("peers", "exchange"):
            self._hold(f"state.{name}", getattr(state, name) < len(g))

    def _initiatives(self, state: State, quarter: int, least: int, first: int) -> None:
        g, slots = state.governments, _used(state.governments)
        it, owner = state.initiatives[slots], np.repeat(np.arange(len(g)), g["initiatives"])
        width = state.members.shape[1]
        for name, low, high in (("own", 0.0, 1.0), ("launched", first, quarter), ("kind", 0, 2),
                                ("phase", PROJECT, SERVICE), ("launch_size", 1, width), ("members", least, width),
                                ("by_lab", 0, 1)):
            self._within(f"initiatives, {name}", it[name], low, high)
        self._hold("initiatives, id", it["id"] >> HALF == (it["launched"].astype(np.int64) << 1 | (it["kind"] == CALLED)))
        inside = np.arange(width) < it["members"].astype(np.int64)[:, None]
        rows = state.members[slots][inside].astype(np.int64)
        home = np.repeat(owner, it["members"])
        self._hold("state.members", (rows >= g["first"][home]) & (rows < (g["first"] + g["citizens"])[home]))
        # The engine has room for as many initiatives as citizens can be members of: what each is must be counted right.
        self._hold("state.load", np.bincount(rows, minlength=len(state.load)) == state.load)
        service = it["phase"] == SERVICE
        for name, each in (("projects", ~service), ("services_solo", service & (it["kind"] == 0)),
                           ("services_joint", service & (it["kind"] == 1)),
                           ("services_called", service & (it["kind"] == 2))):
            self._hold(f"governments, {name}", g[name] == np.bincount(owner, each, len(g)))


def _used(governments: np.ndarray) -> np.ndarray:
    """The slots of all initiatives that are under way, in order."""
    count = governments["initiatives"]
    before = np.cumsum(count) - count
    return np.repeat(governments["first_slot"] - before, count) + np.arange(int(count.sum()))
