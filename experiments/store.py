"""What a sweep leaves: a folder of Parquet parts and one manifest, here or at an `address`, opened lazily.

    manifest.json          what was asked for, written before the first run and never changed
    points.parquet         one row a point: its number and its factors
    runs/part-00000.parquet ...      one row a run: point, run, seed, outcomes, error
    society/, adopters/, governments/    further tables, where the plan keeps them

A part holds a fixed stretch of runs and is written whole or not at all, so a sweep that was killed goes on with the
parts that are missing, and ends with the same bytes. One process at a time writes to a folder. Each part carries a hash
of its own bytes and one of the manifest and the points: what was changed, or belongs elsewhere, is named and not read.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import re
import shlex
import shutil
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from letsdance import __version__, scenarios
from letsdance.experiments import address, folder, unpacked
from letsdance.experiments.design import Design, from_table, parse_factors
from letsdance.experiments.executors import rules
from letsdance.experiments.outcomes import parse_all
from letsdance.experiments.plan import LEVELS, Plan
from letsdance.params import Refused, Said

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import pandas as pd
    import pyarrow as pa

RUNS = "runs"
_KIND = "sweep"
#: What a part says of itself, in its Parquet metadata: table, number, hash of manifest and points, hash of its bytes (taken
#: with noughts in its own place).
_SEAL = re.compile(rb"letsdance part (\w+) (\d{5}) ([0-9a-f]{64}) ([0-9a-f]{64})")
#: Runs in a part: few, so that a kill loses little; more in a large sweep, so that there are not too many files.
_LEAST, _MOST, _PARTS = 100, 20_000, 200


def part_size(runs: int, keep: Collection[str] = (), tasks: int = 1) -> int:
    """How many runs a part holds; the fewest where it holds their citizens too, so that it fits in memory; fewer still
    where each of so many tasks is to have one."""
    usual = _LEAST if "citizens" in keep else max(_LEAST, min(_MOST, -(-runs // _PARTS)))
    return max(1, min(usual, runs // tasks))


class Sweep:
    """A sweep's folder. Tables are read when asked for, and only the columns that are named."""

    def __init__(self, where: str | Path, manifest: Mapping[str, object]) -> None:
        self.folder = address.place(where)
        self.manifest: Mapping[str, Any] = manifest
        self._checked: set[tuple[str, int]] = set()  # parts that were read and found as they were written

    def __repr__(self) -> str:
        there = self.parts - len(self.missing())
        return (f"{self.folder}: {self.manifest['points']:,} points, {self.manifest['runs']:,} runs, {there} of "
                f"{self.parts} parts there")

    @classmethod
    def open(cls, where: str | Path) -> Sweep:
        """A folder that a sweep wrote, finished or not. Refused for anything else, and for another version's."""
        from letsdance.experiments import manifests

        place = address.place(where)
        manifest = manifests.read(place, _KIND)
        runs = manifest["points"] * manifest["replicates"]
        if manifest["runs"] != runs or manifest["part_size"] != part_size(
                runs, manifest["keep"], manifest.get("tasks", 1)):
            raise Refused("{place} was changed: {points:,} points with {replicates:,} replicates are not {runs:,} runs in "
                          "parts of {part_size:,}; put it back as it was, or begin anew in another --out.",
                          place=place / folder.MANIFEST, points=manifest["points"], replicates=manifest["replicates"],
                          runs=manifest["runs"], part_size=manifest["part_size"])
        return cls(place, manifest)

    # ------------------------------------------------------------ what there is

    @property
    def parts(self) -> int:
        """How many parts it has when finished."""
        return -(-int(self.manifest["runs"]) // int(self.manifest["part_size"]))

    def part(self, table: str, index: int) -> Path:
        """Where a part lies."""
        return self.folder / table / f"part-{index:05d}.parquet"

    def missing(self) -> list[int]:
        """Parts of which a table is not there yet. What else lies in the folder is not looked at."""
        whole = set.intersection(*(address.names(self.folder / table) for table in (RUNS, *self.manifest["keep"])))
        return [index for index in range(self.parts) if f"part-{index:05d}.parquet" not in whole]

    @cached_property
    def hash(self) -> str:
        """A hash of the manifest and of the points: what parts belong to."""
        how = ("command", "git", "versions")  # how it was made: equal questions give equal bytes
        said = json.dumps({k: v for k, v in self.manifest.items() if k not in how}, sort_keys=True).encode()
        return hashlib.sha256(said + self._points.encode()).hexdigest()

    @cached_property
    def _points(self) -> str:
        """The hash of the table of points, which is the one that the manifest names."""
        path = self.folder / "points.parquet"
        try:
            found = hashlib.sha256(unpacked.content(path)).hexdigest()
        except OSError as error:
            raise Refused("{path} cannot be read: {strerror}; begin anew in another --out.", path=path,
                          strerror=error.strerror) from None
        if found != self.manifest["points_hash"]:
            raise Refused("{path} was changed after the sweep was begun, so its runs would belong to other points; put it "
                          "back as it was, or begin anew in another --out.", path=path)
        return found

    def check(self) -> None:
        """Refuse a folder in which a part was changed or does not belong; each is read once."""
        missing = set(self.missing())
        wanted = [(table, index) for table in (RUNS, *self.manifest["keep"]) for index in range(self.parts)
                  if index not in missing and (table, index) not in self._checked]
        self.hash  # noqa: B018  once, before threads ask for it
        with ThreadPoolExecutor(4) as pool:
            found = dict(zip(wanted, pool.map(lambda one: self._state_of(*one), wanted), strict=True))
        damaged = sorted({index for (_, index), state in found.items() if state == "damaged"})
        strange = sorted({index for (_, index), state in found.items() if state == "strange"})
        if strange and len(strange) == self.parts - len(missing) and not damaged:
            raise Refused("{folder} was changed after the runs were made (or another sweep made them), so they do not "
                          "belong together; put it back as it was, or begin anew in another --out.",
                          folder=self.folder / folder.MANIFEST)
        for which, why in ((damaged, Said("damaged or changed")), (strange, Said("of another sweep"))):
            if which:
                named = ", ".join(map(str, which[:8])) + (", ..." if len(which) > 8 else "")
                raise Refused("part {named} of {folder} is {why}; take away part {named} ({first}) and resume "
                              "(`letsdance sweep --resume --out {again}`)." if len(which) == 1 else
                              "parts {named} of {folder} are {why}; take away parts {named} ({first} and so on) "
                              "and resume (`letsdance sweep --resume --out {again}`).", named=named, folder=self.folder,
                              why=why, first=self.part(RUNS, which[0]), again=shlex.quote(str(self.folder)))
        self._checked.update(wanted)

    def _state_of(self, table: str, index: int) -> str:
        """"good", "damaged" or "strange" (whole, but of another sweep)."""
        path = self.part(table, index)
        try:
            content = unpacked.content(path)
        except OSError as error:
            raise Refused("{path} cannot be read: {strerror}.", path=path, strerror=error.strerror) from None
        seals = list(_SEAL.finditer(content))
        if len(seals) != 1:
            return "damaged"
        seal = seals[0]
        plain = content[:seal.start(4)] + b"0" * 64 + content[seal.end(4):]
        if hashlib.sha256(plain).hexdigest() != seal[4].decode():
            return "damaged"
        return "good" if (seal[1].decode(), int(seal[2]), seal[3].decode()) == (table, index, self.hash) else "strange"

    @property
    def finished(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing()

    @cached_property
    def points(self) -> pd.DataFrame:
        """One row a point: point, then a column a factor."""
        self._points  # noqa: B018  it is the manifest's own
        table = _parquet(self.folder / "points.parquet").to_pandas()
        if len(table) != self.manifest["points"]:
            raise Refused("{folder} has {n_table:,} points, the manifest says {points:,}; put them back as they were, or "
                          "begin anew in another --out.", folder=self.folder / "points.parquet", n_table=len(table),
                          points=self.manifest["points"])
        return table

    @cached_property
    def plan(self) -> Plan:
        """The plan that it was made by."""
        said = self.manifest
        table = self.points.drop(columns="point")
        if said["method"] == "list":
            design = from_table(table)
        else:
            design = Design(parse_factors(said["factors"]), table, said["method"])
        scenario = said["scenario"]
        base = scenarios.read(scenario["name"], f"{self.folder / folder.MANIFEST}, scenario", scenario["toml"])
        return Plan(design, base, said["replicates"], said["seed"], parse_all(said["outcomes"]) if said["outcomes"] else (),
                    tuple(said["keep"]), said["every"], said["municipalities"], said["texts"], said["title"])

    # ------------------------------------------------------------ tables

    @cached_property
    def database(self) -> duckdb.DuckDBPyConnection:
        """DuckDB with the tables points, runs and the further ones: nothing is read before it is asked for.

        It sees nothing else: it may not open files or the network, nor be told that it may.
        """
        import duckdb
        import pyarrow.dataset as datasets

        connection = duckdb.connect()
        connection.execute("SET python_enable_replacements = false")  # a table is one of these, never our variable
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        self._points  # noqa: B018  it is the manifest's own
        connection.register("points", _parquet(self.folder / "points.parquet"))
        for table in (RUNS, *self.manifest["keep"]):
            connection.register(table, datasets.dataset(
                [address.within(file) for file in self._files(table)], format="parquet",
                filesystem=getattr(self.folder, "fs", None)))
        return connection

    def _check_any(self) -> None:
        """Refuse to tell of runs where there are none yet."""
        if len(self.missing()) == self.parts:
            raise Refused("{folder} has no runs yet; go on with `letsdance sweep --resume --out {shlex}`.",
                          folder=self.folder, shlex=shlex.quote(str(self.folder)))

    def query(self, sql: str) -> pd.DataFrame:
        """The answer to SQL over the views points, runs and the further tables. Refused for what DuckDB refuses."""
        import duckdb

        self._check_any()
        try:
            answer = self.database.execute(sql)
            if not answer or not answer.description:
                raise Refused("this SQL asks for nothing; write a question such as SELECT * FROM runs LIMIT 20.")
            return answer.df()
        except duckdb.PermissionException:
            raise Refused("a question about a sweep reads its own tables only (points, {known}): no files, no network, no "
                          "extensions; save an answer with --csv.",
                          known=", ".join((RUNS, *self.manifest["keep"]))) from None
        except duckdb.Error as error:
            raise Refused("DuckDB says: {error} (tables: points, {known}).", error=str(error).splitlines()[0],
                          known=", ".join((RUNS, *self.manifest["keep"]))) from None

    def frame(self, table: str = RUNS, columns: list[str] | None = None) -> pd.DataFrame:
        """A table, or some of its columns, in the order of points and runs."""
        import pyarrow as pa

        files = self._files(table)
        if columns is not None:
            known = _parquet(files[0]).column_names
            for column in columns:
                if column not in known:
                    raise Refused("the table {table} has no column {column!r}; it has {known}.", table=table, column=column,
                                  known=", ".join(known))
        return pa.concat_tables([_parquet(file, columns) for file in files]).to_pandas()

    def _files(self, table: str) -> list[Path]:
        """The parts of a table that are there, at least one."""
        if table not in (RUNS, *self.manifest["keep"]):
            raise Refused("this sweep keeps no table {table!r}; it has {known}.", table=table,
                          known=", ".join((RUNS, *self.manifest["keep"])))
        self._check_any()
        self.check()
        missing = set(self.missing())
        return [self.part(table, index) for index in range(self.parts) if index not in missing]

    @property
    def runs(self) -> pd.DataFrame:
        """One row a run: point, run, seed, outcomes, error."""
        return self.frame()

    def batches(self, table: str = RUNS) -> Iterator[pd.DataFrame]:
        """A table part by part, for sweeps that do not fit in memory."""
        for file in self._files(table):
            yield _parquet(file).to_pandas()

    @property
    def outcomes(self) -> list[str]:
        """The columns of the table of runs that are outcomes."""
        columns = _parquet(self._files(RUNS)[0]).column_names
        return [name for name in columns if name not in ("point", "run", "seed", "error")]

    def summary(self, outcomes: list[str] | None = None) -> pd.DataFrame:
        """One row a point: its factors, how many runs, and of each outcome mean, standard deviation, and how many runs
        have it (a share of nothing, or what never comes, is left out and counted)."""
        known = self.outcomes
        names = outcomes or known
        for name in names:
            if name not in known:
                raise Refused("this sweep has no outcome {name!r}; it has {known}.", name=name,
                              known=", ".join(known))
        import numpy as np
        import pandas as pd

        size = (len(self.points), len(names))
        runs, count = np.zeros(len(self.points), np.int64), np.zeros(size, np.int64)
        mean, squares = np.zeros(size), np.zeros(size)  # squares: of deviations from the mean
        for file in self._files(RUNS):  # part by part, in order: memory stays flat and the last digits are the same
            part = _parquet(file, ["point", "error", *names])
            point = part["point"].to_numpy()
            first = np.flatnonzero(np.diff(point, prepend=-1))  # where each point begins: runs stand in order of points
            at, length = point[first], np.diff(first, append=len(point))
            values = np.column_stack([part[name].to_numpy() for name in names])
            known_here = ~np.isnan(values)
            runs[at] += np.add.reduceat(part["error"].is_null().to_numpy(zero_copy_only=False).astype(np.int64), first)
            n = np.add.reduceat(known_here.astype(np.int64), first)
            here = np.add.reduceat(np.where(known_here, values, 0.0), first) / np.maximum(n, 1)
            off = np.where(known_here, values - np.repeat(here, length, axis=0), 0.0) ** 2
            # Two samples joined (Chan, Golub and LeVeque 1983), since a point may lie in two parts.
            total, apart = count[at] + n, here - mean[at]
            squares[at] += np.add.reduceat(off, first) + apart**2 * count[at] * n / np.maximum(total, 1)
            mean[at] += np.where(n > 0, apart * n / np.maximum(total, 1), 0.0)
            count[at] = total
        columns: dict[str, np.ndarray] = {"runs": runs}
        for k, name in enumerate(names):
            columns[name] = np.where(count[:, k] > 0, mean[:, k], np.nan)
            spread = np.sqrt(squares[:, k] / np.maximum(count[:, k] - 1, 1))
            columns[f"{name} sd"] = np.where(count[:, k] > 1, spread, np.nan)
            columns[f"{name} n"] = count[:, k]
        made = pd.concat([self.points.reset_index(drop=True), pd.DataFrame(columns)], axis=1)
        return made[self._seen()].reset_index(drop=True)

    def _seen(self) -> np.ndarray:
        """bool[points]: which points have runs in the parts that are there."""
        import numpy as np

        size, each = int(self.manifest["part_size"]), int(self.manifest["replicates"])
        seen = np.zeros(len(self.points), bool)
        missing = set(self.missing())
        for index in range(self.parts):
            if index not in missing:
                last = min((index + 1) * size, int(self.manifest["runs"]))
                seen[index * size // each:-(-last // each)] = True
        return seen

    @property
    def failures(self) -> pd.DataFrame:
        """One row a run that failed: point, run, seed, error."""
        return self.query(f"SELECT point, run, seed, error FROM {RUNS} WHERE error IS NOT NULL ORDER BY point, run")


# ---------------------------------------------------------------- writing

def begin(plan: Plan, out: Path, command: str, overwrite: bool = False, tasks: int = 1) -> Sweep:
    """A new folder with its manifest and points, whole or not at all. tasks: how many make it, each its share."""
    size = part_size(plan.runs, plan.keep, tasks)
    said = {"format": folder.format_of(_KIND), "kind": _KIND, "version": __version__, "rules": rules(),
            "command": command, "git": folder.git_state(), "versions": folder.versions(), **plan.said(),
            "part_size": size, **({} if size == part_size(plan.runs, plan.keep) else {"tasks": tasks}),
            **folder.mechanisms_of(plan.scenario)}
    with folder.whole_or_nothing(out, overwrite) as part:
        table = plan.design.table.copy()
        table.insert(0, "point", range(len(table)))
        table.to_parquet(part / "points.parquet", engine="pyarrow", index=False)
        said["points_hash"] = hashlib.sha256((part / "points.parquet").read_bytes()).hexdigest()
        for name in (RUNS, *plan.keep):
            (part / name).mkdir()
        (part / folder.MANIFEST).write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return Sweep.open(out)


def resume(out: Path, plan: Plan | None = None) -> Sweep:
    """A folder to go on with. Refused where its runs would not belong together with those that are made now."""
    found = Sweep.open(out)
    folder.same_mechanisms(out, found.manifest)
    if found.manifest["rules"] != rules() and not found.finished:
        raise Refused("{out} was begun with other rules or parameters (letsdance {version}); runs of two models do not "
                      "belong together. Finish it with that version, or begin anew in another --out.", out=out,
                      version=found.manifest["version"])
    if plan is not None:
        then, now = {k: found.manifest[k] for k in plan.said()}, json.loads(json.dumps(plan.said()))
        differs = [key for key in now if then[key] != now[key]]
        table = found.points.drop(columns="point")
        if differs or not table.equals(plan.design.table.astype(dict(table.dtypes))):
            raise Refused("{out} holds another sweep (it differs in {differs}); go on with it by `letsdance sweep "
                          "--resume --out {out}` alone, or choose another --out.", out=out,
                          differs=", ".join(differs) or "its points")
    found.check()
    return found


def _sealed(sweep: Sweep, name: str, index: int, table: pa.Table) -> bytes:
    """A part as Parquet, with what it is and a hash of its own bytes in it."""
    import pyarrow.parquet as pq

    said = f"letsdance part {name} {index:05d} {sweep.hash} "
    out = io.BytesIO()
    with pq.ParquetWriter(out, table.schema, compression="zstd", use_dictionary=False, write_statistics=False) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({"letsdance": said + "0" * 64})
    content = out.getvalue()
    at = content.rindex(said.encode()) + len(said)
    return content[:at] + hashlib.sha256(content).hexdigest().encode() + content[at + 64:]


def write_part(sweep: Sweep, index: int, tables: Mapping[str, pa.Table]) -> None:
    """Write one part of every table, the table of runs last; each appears whole or not at all."""
    for name in sorted(tables, key=lambda table: table == RUNS):
        path = sweep.part(name, index)
        if address.far(path):
            address.write(path, _sealed(sweep, name, index, tables[name]))
            continue
        hidden = path.with_name(f".{path.name}-{os.getpid()}")
        try:
            with hidden.open("wb") as file:
                file.write(_sealed(sweep, name, index, tables[name]))
                file.flush()
                os.fsync(file.fileno())
            hidden.replace(path)
        except OSError as error:
            kept = sweep.parts - len(sweep.missing())
            what = "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else error.strerror or str(error)
            raise Refused("{parent} cannot be written to: {what}. {kept} of {parts} parts are kept; make room and go on "
                          "with --resume.", parent=path.parent, what=what, kept=kept, parts=sweep.parts) from None
        finally:
            hidden.unlink(missing_ok=True)


@contextmanager
def alone(sweep: Sweep, shared: bool = False) -> Iterator[None]:
    """The only process that writes to a sweep's folder, or one of those that share it. `Refused` where another one does.

    The lock is the system's, on the manifest, so it goes with the process however that ends. Where the system or the
    file system has no such locks, or the folder is an address, nobody is refused: two processes would make the same parts
    twice, to the same bytes.
    """
    if address.far(sweep.folder):
        yield
        return
    try:
        import fcntl

        file = (sweep.folder / folder.MANIFEST).open("rb+")
    except (ImportError, OSError):
        yield
        return
    with file:
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused("another process is at work on {folder}; let it end, or stop it first.",
                          folder=sweep.folder) from None
        except OSError:
            pass
        yield


def tidy(sweep: Sweep) -> None:
    """Take away what killed writers left; at an address they leave nothing."""
    if address.far(sweep.folder):
        return
    for name in (RUNS, *sweep.manifest["keep"]):
        for left in (sweep.folder / name).glob(".part-*"):
            left.unlink(missing_ok=True)
    for unfinished in sweep.folder.glob(".report-*"):
        shutil.rmtree(unfinished, ignore_errors=True)


def _parquet(file: Path, columns: list[str] | None = None) -> pa.Table:
    """A Parquet file, or Refused where it cannot be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        held = io.BytesIO(address.content(file)) if address.far(file) else None
        unpacked.check_table(file, held)
        return pq.read_table(held or file, columns=columns, partitioning=None)
    except (OSError, pa.ArrowException):
        raise Refused("{file} is gone or damaged; if it is a part, take it away and go on with --resume.",
                      file=file) from None


__all__ = ["LEVELS", "RUNS", "Sweep", "alone", "begin", "part_size", "resume", "tidy", "write_part"]
