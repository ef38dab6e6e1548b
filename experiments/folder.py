"""The folder that a run leaves: manifest, Parquet tables, figures, report; written whole or not at all, and verified."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from letsdance import __version__, scenarios
from letsdance.experiments import address
from letsdance.params import Refused, Said
from letsdance.params.files import named
from letsdance.scenarios import Scenario, mechanism
from letsdance.simulation import municipalities as places
from letsdance.simulation.rules.regimes import REGIMES
from letsdance.simulation.run import CATEGORIES, Result, simulate

if TYPE_CHECKING:
    import pandas as pd

MANIFEST = "manifest.json"
#: The format of a folder, by the kind of its manifest, where it is not the first.
FORMATS = {"sweep": 2}


def format_of(kind: str = "") -> int:
    """The format of a kind of folder that this version writes and reads; "": a run's."""
    return FORMATS.get(kind, 1)


def versions() -> dict[str, str]:
    """Of Python and the libraries that numbers and tables come from."""
    names = ("numpy", "numba", "pandas", "pyarrow")
    return {"python": platform.python_version(), **{name: version(name) for name in names}}


def git_state() -> dict[str, Any] | None:
    """The commit that this code stands at, and whether files were changed since; None outside a checkout."""
    def git(*words: str) -> str:
        return subprocess.run(["git", "-C", str(Path(__file__).parent), *words], capture_output=True, text=True,
                              check=True, timeout=10).stdout.strip()
    try:
        changed = git("status", "--porcelain", "--untracked-files=no")
        return {"commit": git("rev-parse", "HEAD"), "changed": bool(changed)}
    except (OSError, subprocess.SubprocessError):
        return None


def governments(result: Result) -> pd.DataFrame:
    """One row a run and municipality: adopter categories, when it adopted, when it left its regime, where it ended."""
    import pandas as pd

    R, M = result.category.shape
    run = np.repeat(np.arange(R), M)
    return pd.DataFrame({
        "run": run, "seed": result.seeds[run].astype(np.int64), "municipality": list(result.places.names) * R,
        "category_ex_ante": np.array(list(CATEGORIES))[result.category.ravel()],
        "category_ex_post": np.array(list(CATEGORIES))[result.ex_post.ravel()],
        "adopted_at": result.adopted_at.ravel(), "left_its_regime_at": result.first_passage().ravel(),
        "regime_at_the_end": np.array(REGIMES)[result.regime[:, -1].ravel()]})


def tables(results: Mapping[str, Result]) -> dict[str, pd.DataFrame]:
    """The tables of a run: society, adopters, governments; each with the scenario's name in front."""
    import pandas as pd

    def together(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
        frame = pd.concat(frames, names=["scenario"]).reset_index(level=0)
        return frame.assign(scenario=frame["scenario"].astype(str)).reset_index(drop=True)

    adopters = {n: r.adopters.assign(category=r.adopters["category"].astype(str)) for n, r in results.items()}
    return {"society": together({n: r.society for n, r in results.items()}), "adopters": together(adopters),
            "governments": together({n: governments(r) for n, r in results.items()})}


def content_hash(frame: pd.DataFrame) -> str:
    """A hash of what a table says: names, and values to the last bit; the file format does not matter."""
    digest = hashlib.sha256()
    for name in frame.columns:
        values = frame[name].to_numpy()
        digest.update(str(name).encode())
        if values.dtype.kind in "fiub":
            numbers = values.astype(np.float64)
            digest.update(np.where(np.isnan(numbers), np.nan, numbers).tobytes())
        else:
            digest.update("\x00".join(map(str, values)).encode())
    return digest.hexdigest()


def manifest(results: Mapping[str, Result], command: str, hashes: Mapping[str, str],
             municipalities: str | None) -> dict[str, Any]:
    """Everything that it takes to run it again."""
    first = next(iter(results.values()))
    return {
        "format": format_of(), "version": __version__, "command": command, "git": git_state(), "versions": versions(),
        "seeds": {"first": int(first.seeds[0]), "runs": first.runs}, "quarters": first.quarters,
        "scenarios": {name: result.scenario.to_toml() for name, result in results.items()},
        "parameters": {name: result.scenario.values() for name, result in results.items()},
        "municipalities": municipalities, "tables": dict(hashes),
        **mechanisms_of(*(result.scenario for result in results.values())),
    }


def mechanisms_of(*several: Scenario) -> dict[str, Any]:
    """The entry of a manifest that says which mechanisms of the user's own ran, with their sources' hashes; or none."""
    named = (one for scenario in several for one in scenario.mechanisms)
    running = dict.fromkeys(named) or dict.fromkeys(mechanism.everywhere())
    said = {one.name: {"file": one.file, "hash": one.hash} for one in running}
    return {"mechanisms": said} if said else {}


def same_mechanisms(folder: Path, said: Mapping[str, Any]) -> None:
    """Refuse a folder that was made with mechanisms which are not loaded now, by the user, with the same source."""
    here = {one.name: one for one in mechanism.loaded()}
    for name, about in (said.get("mechanisms") or {}).items():
        if name not in here and name == about["file"] and name in mechanism.shipped():
            here[name] = mechanism.load(name)
        if name not in here:
            raise Refused("{folder} was made with the mechanism {name} (source {hash}), and code is never loaded from a "
                          "folder; if you trust it, name its file yourself: --mechanism {file}.", folder=folder, name=name,
                          hash=about["hash"], file=about["file"] or f"{name}.py")
        if here[name].hash != about["hash"]:
            raise Refused("{folder} was made with the mechanism {name} of source {hash}, and {file} has {other}; give the "
                          "file as it was.", folder=folder, name=name, hash=about["hash"], file=here[name].file,
                          other=here[name].hash)


def check_target(out: Path, overwrite: bool) -> None:
    """Refuse a target, here or at an address, that cannot be written, before anything is computed."""
    if not address.far(out):
        named(out, "--out")
    if address.there(out):
        if not overwrite:
            raise Refused("{out} exists and is left alone; add --overwrite, or choose another folder with --out.",
                          out=out)
        if not out.is_dir() or (address.names(out) and not address.there(out / MANIFEST)):
            raise Refused("{out} is not a folder that letsdance wrote, so it is not overwritten; choose another "
                          "--out.", out=out)
    if not address.far(out):
        _check_parent(out, "--out")


def check_file(path: str | Path, overwrite: bool, option: str = "--out") -> Path:
    """Refuse a file that cannot be written, before anything is computed; `option` names it in the sentence."""
    place = named(path, option)
    if place.is_dir():
        raise Refused("{place} is a folder; give {option} the name of a file.", place=place, option=option)
    if place.exists() and not overwrite:
        raise Refused("{place} exists and is left alone; add --overwrite, or choose another file with {option}.",
                      place=place, option=option)
    _check_parent(place, option)
    return place


def _check_parent(out: Path, option: str) -> None:
    parent = out.absolute().parent
    if not parent.is_dir():
        raise Refused("the folder {parent} does not exist; make it first, or choose another {option}.", parent=parent,
                      option=option)
    if not os.access(parent, os.W_OK):
        raise Refused("the folder {parent} cannot be written to; choose another {option}.", parent=parent,
                      option=option)


@contextmanager
def whole_file(path: str | Path, overwrite: bool, option: str = "--out") -> Iterator[Path]:
    """A hidden file beside `path` to write into; it takes that name when all went well, and vanishes when not."""
    place = check_file(path, overwrite, option)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{place.name}-", dir=place.absolute().parent)
        os.close(handle)
    except OSError as error:
        raise Refused("{place} cannot be written: {strerror}.", place=place, strerror=error.strerror) from None
    part = Path(name)
    try:
        yield part
        part.chmod(0o644)
        part.replace(place)
    except OSError as error:
        raise Refused("{place} cannot be written: {strerror}.", place=place, strerror=error.strerror or error) from None
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def whole_or_nothing(out: Path, overwrite: bool) -> Iterator[Path]:
    """A hidden folder beside `out` to write into; it takes out's name when all went well, and vanishes when not. What is
    for an address is sent there, the manifest last."""
    check_target(out, overwrite)
    if address.far(out):
        with address.begun(out, MANIFEST) as part:
            yield part
        return
    try:
        part = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.absolute().parent))
    except OSError as error:
        raise Refused("{out} cannot be written: {strerror}.", out=out, strerror=error.strerror) from None
    try:
        yield part
        part.chmod(0o755)
        if overwrite and out.exists():
            old = part.with_name(part.name + "-old")
            out.rename(old)
            part.rename(out)
            shutil.rmtree(old, ignore_errors=True)
        else:
            part.rename(out)  # fails where another process made it meanwhile: what was not there is not overwritten
    except OSError as error:
        check_target(out, overwrite)
        raise Refused("{out} cannot be written: {strerror}.", out=out, strerror=error.strerror or error) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def keep(out: Path, kind: str, command: str, said: Mapping[str, Any], frames: Mapping[str, pd.DataFrame],
         hand_over: Callable[[Path, dict[str, Any]], None] | None = None, overwrite: bool = False) -> dict[str, Any]:
    """Write what an experiment found: manifest, Parquet tables, and what `hand_over(folder, manifest)` adds to them.

    kind: the sub-command ("compare", ...). said: whatever it takes to run it again, as JSON. Returns the manifest.
    """
    manifest = {"format": format_of(kind), "kind": kind, "version": __version__, "command": command, "git": git_state(),
                "versions": versions(), **mechanisms_of(), **said,
                "tables": {f"{n}.parquet": content_hash(t) for n, t in frames.items()}}
    with whole_or_nothing(out, overwrite) as part:
        for name, frame in frames.items():
            frame.to_parquet(part / f"{name}.parquet", engine="pyarrow", index=False)
        if hand_over:
            hand_over(part, manifest)
        _seal(part, manifest)
    return manifest


def write(out: Path, results: Mapping[str, Result], command: str, overwrite: bool = False,
          municipalities: str | None = None,
          hand_over: Callable[[Path, dict[str, Any]], None] | None = None) -> Path:
    """Write the folder. `municipalities` is the CSV's text; `hand_over(folder, manifest)` adds figures and report."""
    made = tables(results)
    said = manifest(results, command, {f"{n}.parquet": content_hash(t) for n, t in made.items()}, municipalities)
    with whole_or_nothing(out, overwrite) as part:
        for name, frame in made.items():
            frame.to_parquet(part / f"{name}.parquet", engine="pyarrow", index=False)
        for name, text in said["scenarios"].items():
            (part / f"{name}.toml").write_text(text, encoding="utf-8")
        if municipalities is not None:
            (part / "municipalities.csv").write_text(municipalities, encoding="utf-8")
        if hand_over:
            hand_over(part, said)
        _seal(part, said)
    return out


def _seal(part: Path, said: dict[str, Any]) -> None:
    """Write the manifest, which comes last: it names every other file that is no table, with its hash."""
    said["files"] = {name: hash_of(part / name) for name in beside(part)}
    (part / MANIFEST).write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def hash_of(path: Path) -> str:
    """The SHA-256 of a file's bytes; "" for what is no file, such as a link to a device without an end."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def beside(folder: Path) -> list[str]:
    """What lies in a folder beside its tables and its manifest; names that begin with a dot are the machine's own."""
    found = (path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file() or path.is_symlink())
    return [path.as_posix() for path in found if path.suffix != ".parquet" and path.as_posix() != MANIFEST
            and not any(part.startswith(".") for part in path.parts)]


def again(folder: Path, progress: Callable[[int], None] | None = None) -> dict[str, Result]:
    """Run what a folder holds once more."""
    from letsdance.experiments import manifests

    said = manifests.read(folder, "")
    same_mechanisms(folder, said)
    text = said.get("municipalities")
    where = None if text is None else places.from_text(text)
    results = {}
    for name, toml in said["scenarios"].items():
        scenario = scenarios.read(name, f"{folder / MANIFEST}, scenario {name}", toml)
        results[name] = simulate(scenario, runs=said["seeds"]["runs"], seed=said["seeds"]["first"], municipalities=where,
                                 progress=progress)
    return results


class Differences(list[str]):
    """What differs, one sentence each. unchecked: entries of the manifest that nothing can be held against;
    as_written: files that are held against what the manifest says of them, and not made again.
    """

    unchecked: tuple[str, ...] = ()
    as_written: tuple[str, ...] = ()


def verify(folder: Path, progress: Callable[[int], None] | None = None,
           rerun: Callable[[str], Path] | None = None) -> Differences:
    """What differs between a folder and the same made now, one sentence each; an empty list means identical.

    A run is made again from its manifest; what another sub-command wrote, by `rerun(command)`, which gives a new folder.
    Tables and what the manifest says are held against those that are made now; of other files, such as the report, only
    whether they are as they were written: what they look like may depend on the machine.
    """
    import pandas as pd

    from letsdance.experiments import manifests
    from letsdance.experiments.unpacked import read_table

    said = manifests.read(folder)
    if said.get("kind"):
        if rerun is None or not said.get("command"):
            raise Refused("{folder} was not written by a command, so there is none to run again; call the function "
                          "again.", folder=folder)
        place = rerun(said["command"])
        fresh = {file.relative_to(place).as_posix(): pd.read_parquet(file) for file in sorted(place.rglob("*.parquet"))}
        now_said, others = manifests.read(place), dict.fromkeys(beside(place))
    else:
        results = again(folder, progress)
        fresh = {f"{name}.parquet": frame for name, frame in tables(results).items()}
        now_said, others = manifest(results, "", {}, said.get("municipalities")), None
    stored = [file.relative_to(folder).as_posix() for file in sorted(folder.rglob("*.parquet"))]
    recorded: dict[str, str] = said.get("tables") or {}
    differences = Differences([*_said_otherwise(said, now_said), *_other_files(folder, said.get("files", others))])
    differences.unchecked, differences.as_written = _unchecked(said, now_said), tuple(said.get("files") or ())
    for file in dict.fromkeys([*recorded, *stored, *fresh]):
        path, now = folder / file, fresh.get(file)
        if now is None or not path.is_file():
            differences.append(Said("{file}: the file is missing." if now is not None else
                                    "{file}: letsdance writes no such table here.", file=file))
            continue
        try:
            then = read_table(path)
        except Refused:
            raise
        except Exception as error:  # whatever a damaged file makes pyarrow say
            if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno):
                why = "it does not fit in memory" if isinstance(error, MemoryError) else error.strerror
                raise Refused("{path} cannot be read: {why}; whether it is whole is not known.", path=path,
                              why=why) from None
            differences.append(Said("{file}: the file is damaged ({what}).", file=file, what=type(error).__name__))
            continue
        if file in recorded and content_hash(then) != recorded[file]:
            differences.append(Said("{file}: the file was changed after it was written.", file=file))
        if content_hash(now) != recorded.get(file, content_hash(then)):
            differences += _differences(file, then, now)
    return differences


#: What a manifest says of how and with what it was made, which may differ where nothing else does.
_HOW = ("command", "version", "versions", "git", "tables", "files", "mechanisms")
#: Of these, what is held against the folder or what is loaded. A command is, where it is what is run again.
_HELD = ("tables", "files", "mechanisms")


def _said_otherwise(said: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Entries of a manifest that are others than those that are made now; of the same version, also which are missing."""
    names = dict.fromkeys([*said, *(now if said["version"] == now["version"] else ())])
    return [Said("{file}: {name} is not what comes out now.", file=MANIFEST, name=name) for name in names
            if name not in _HOW and (name in now or said["version"] == now["version"])
            and json.dumps(said.get(name), sort_keys=True) != json.dumps(now.get(name), sort_keys=True)]


def _unchecked(said: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    """Entries of a manifest that nothing made now is held against: how it was made, and what this version does not say."""
    held = (*_HELD, *(["command"] if said.get("kind") else []))
    return tuple(name for name in said if (name not in held if name in _HOW else
                                           name not in now and said["version"] != now["version"]))


def _other_files(folder: Path, recorded: Mapping[str, str | None] | None) -> list[str]:
    """Files beside the tables that are missing, changed, or not ours. recorded: name -> hash, None where it may be any;
    nothing is known of a folder that a version wrote which did not record them."""
    if recorded is None:
        return []
    here = beside(folder)
    found: list[str] = [Said("{file}: the file is missing.", file=name) for name in recorded if name not in here]
    found += [Said("{file}: the file was changed after it was written.", file=name) for name in here
              if recorded.get(name) and hash_of(folder / name) != recorded[name]]
    found += [Said("{file}: letsdance did not write this file.", file=name) for name in here if name not in recorded]
    return found


def _differences(file: str, stored: pd.DataFrame, now: pd.DataFrame) -> list[str]:
    """In words: columns gone or new, rows, and for each column that differs where it first does and by how much."""
    gone, new = [c for c in stored if c not in now], [c for c in now if c not in stored]
    said: list[str] = []
    if gone:
        said.append(Said("{file}: no longer there: {columns}.", file=file, columns=", ".join(map(str, gone))))
    if new:
        said.append(Said("{file}: new: {columns}.", file=file, columns=", ".join(map(str, new))))
    if len(stored) != len(now):
        return [*said, Said("{file}: {then} rows then, {now} now.", file=file, then=len(stored), now=len(now))]
    for column in (c for c in stored if c in now):
        then, today = stored[column].to_numpy(), now[column].to_numpy()
        numeric = then.dtype.kind in "fiub" and today.dtype.kind in "fiub"
        if numeric:
            then, today = then.astype(float), today.astype(float)
            differs = ~((then == today) | (np.isnan(then) & np.isnan(today)))
        else:
            differs = then.astype(str) != today.astype(str)
        if differs.any():
            at = int(np.argmax(differs))
            where = ", ".join(f"{k} {stored[k].iloc[at]}" for k in ("scenario", "run", "quarter", "municipality")
                              if k in stored)
            told: dict[str, Any] = {"file": file, "column": str(column), "n": int(differs.sum()), "rows": len(now),
                                    "where": where}
            if numeric:
                said.append(Said("{file}: {column} differs in {n} of {rows} rows, first at {where}, by up to {size:.3g}.",
                                 size=float(np.nanmax(np.abs(then - today))), **told))
            else:
                said.append(Said("{file}: {column} differs in {n} of {rows} rows, first at {where}.", **told))
    return said
