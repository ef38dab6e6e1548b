"""What the manifests of folders say: a schema for each kind, declared here, and the one reader of all.

    read("letsdance-run")               what `letsdance run`, or any other command, wrote
    read("letsdance-sweep", "sweep")    only what a sweep wrote

A manifest may come from a stranger, so no value is used before it was found to be what its entry may be: types are not
turned into each other, numbers have limits, and names of tables lie within the folder.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from letsdance import scenarios
from letsdance.experiments import address
from letsdance.experiments.folder import MANIFEST, format_of
from letsdance.experiments.plan import LEVELS, MOST_RUNS
from letsdance.params import Refused, Said, files


def _plain(text: str) -> str:
    if "\0" in text:
        raise ValueError("NUL")
    return text


def _within(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or not name.strip():
        raise ValueError("outside")
    return name


def _kept(names: list[str]) -> list[str]:
    if len(set(names)) < len(names) or not set(names) <= set(LEVELS):
        raise ValueError("twice, or no table")
    return names


Text = Annotated[str, AfterValidator(_plain)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
Runs = Annotated[int, Field(ge=1, le=MOST_RUNS)]
Texts = dict[Text, Text]
_TOWNS = Field(None, description="a table's text or nothing")
_STORIES = Field(min_length=1, description="TOML texts by name")


class Entries(BaseModel):
    """Entries with these types exactly; others may stand beside them: what a command found is not read again."""

    model_config = ConfigDict(strict=True, extra="allow")


class Seeds(Entries):
    """The seeds of paired runs."""

    first: Seed
    runs: Runs


class Git(Entries):
    """The state of the code."""

    commit: Text
    changed: bool = False


class Mechanism(Entries):
    """A mechanism of one's own."""

    file: Text
    hash: Text


class Manifest(Entries):
    """What every manifest may say."""

    version: Text = Field(description="text")
    kind: Text | None = Field(None, description="text")
    command: Text | None = Field(None, description="text")
    option: Literal["--out", "--report"] = Field("--out", description="--out or --report")
    tables: dict[Annotated[Text, AfterValidator(_within)], Text] = Field(
        {}, description="tables of this folder with their hashes")
    files: dict[Annotated[Text, AfterValidator(_within)], Text] = Field(
        {}, description="other files of this folder with their hashes")
    git: Git | None = Field(None, description="a commit or nothing")
    versions: Texts = Field({}, description="texts by name")
    mechanisms: dict[Text, Mechanism] = Field({}, description="files and hashes by name")


class Run(Manifest):
    """What `letsdance run` wrote: all that it takes to run it again."""

    kind: Literal[None, ""] = None
    tables: dict[Annotated[Text, AfterValidator(_within)], Text] = Field(
        description="tables of this folder with their hashes")
    seeds: Seeds = Field(description="first and runs, whole numbers")
    quarters: int = Field(ge=scenarios.HORIZON[0], le=scenarios.HORIZON[1], description="a whole number from 8 to 400")
    scenarios: Texts = _STORIES
    municipalities: Text | None = _TOWNS


class Answer(Manifest):
    """What another command wrote, which is given again: what it was asked."""

    command: Text | None = Field(description="text")
    seeds: Seeds | None = Field(None, description="first and runs, whole numbers")
    seed: Seed | None = Field(None, description="a whole number from 0")
    quarters: Annotated[int, Field(ge=1, le=4_000)] | None = Field(None, description="a whole number from 1 to 4,000")
    scenario: Text | None = Field(None, description="a TOML text")
    scenarios: Texts | None = Field(None, description="TOML texts by name")
    municipalities: Text | None = _TOWNS
    outcome: Text | None = Field(None, description="text")
    sentences: list[Text] | None = Field(None, description="a list of texts")


class Seen(Entries):
    """An observed curve."""

    name: Text
    population: Annotated[int, Field(ge=1, le=10**12)]
    active: bool
    t: list[float] = Field(min_length=1, max_length=100_000)
    count: list[float] = Field(min_length=1, max_length=100_000)


class Wave(Entries):
    """What was seen in a wave."""

    quarter: Annotated[int, Field(ge=0, le=scenarios.HORIZON[1])]
    signal: Text
    value: float
    asked: Annotated[int, Field(ge=0, le=10**12)]
    error: float | None
    panel: Annotated[float, Field(ge=0, lt=1)]


class Calibration(Manifest):
    """What `letsdance adopters calibrate` wrote, which `speed` and a further calibration go on from."""

    kind: Literal["adopters calibrate"]
    scenario: Text = Field(description="a TOML text")
    free: dict[Text, Annotated[list[float], Field(min_length=2, max_length=2)]] = Field(
        min_length=1, description="lower and upper ends by name")
    clock: dict[Text, float] = Field(description="numbers by name")
    seed: Seed = Field(description="a whole number from 0")
    prior: Text = Field(description="text")
    known_before: dict[Text, Any] = Field(description="a table")
    rounds: list[list[float]] = Field(description="lists of numbers")
    surprise: float = Field(description="a number")
    notes: list[Text] = Field(description="a list of texts")
    seen: list[Seen] = Field(description="observed curves")
    waves: list[Wave] = Field([], description="what was seen in waves")


class Told(Entries):
    """A scenario, as a sweep keeps it."""

    name: Text
    toml: Text


class Sweep(Manifest):
    """What a sweep is made by."""

    kind: Literal["sweep"]
    rules: Text = Field(description="text")
    method: Text = Field(description="text")
    title: Text = Field(description="text")
    factors: list[Text] = Field(description="a list of texts")
    outcomes: list[Text] = Field(description="a list of texts")
    points: Runs = Field(description=f"a whole number from 1 to {MOST_RUNS:,}")
    replicates: Annotated[int, Field(ge=1, le=1_000_000)] = Field(description="a whole number from 1 to 1,000,000")
    seed: Annotated[int, Field(ge=0, lt=2**62)] = Field(description=f"a whole number from 0 to {2**62 - 1:,}")
    runs: Runs = Field(description=f"a whole number from 1 to {MOST_RUNS:,}")
    part_size: Runs = Field(description=f"a whole number from 1 to {MOST_RUNS:,}")
    tasks: Annotated[int, Field(ge=1, le=1_000_000)] = Field(1, description="a whole number from 1 to 1,000,000")
    every: Annotated[int, Field(ge=1, le=400)] = Field(description="a whole number from 1 to 400")
    keep: Annotated[list[Text], AfterValidator(_kept)] = Field(
        description=f"a list out of {', '.join(LEVELS)}")
    municipalities: Text | None = Field(description="text or nothing")
    texts: Texts = Field(description="a table of texts")
    scenario: Told = Field(description="a name and a TOML text")
    points_hash: str = Field(pattern="^[0-9a-f]{64}$", description="64 digits 0-9a-f")


#: By kind: the schema. What is not here is an `Answer`.
KINDS: dict[str, type[Manifest]] = {"": Run, "sweep": Sweep, "adopters calibrate": Calibration}


def read(folder: str | Path, kind: str | None = None, remedy: Said | None = None) -> dict[str, Any]:
    """A folder's manifest, as it stands there and found to be what its kind declares, or `Refused`.

    kind: the only one that is read ("" for a run); None for any. remedy: what to do where there is none of this kind.
    """
    remedy = remedy or Said("name another folder")
    by = "letsdance" if kind is None else f"`letsdance {kind or 'run'}`"
    nothing = Said("{folder} is not a folder that {by} wrote: there is no {manifest} in it; {remedy}.", folder=folder,
                   by=by, manifest=MANIFEST, remedy=remedy)
    place = address.place(folder) if kind == "sweep" else files.named(folder)
    path = place / MANIFEST
    if address.far(place):
        try:
            said = files.parsed_json(address.content(path).decode("utf-8", "replace"), str(path))
        except FileNotFoundError:
            raise Refused(nothing) from None
    elif place.is_file():
        raise Refused("{folder} is a file, where a folder that {by} wrote is asked for; {remedy}.", folder=folder, by=by,
                      remedy=remedy)
    elif not os.path.isdir(place) or not os.path.exists(path):
        raise Refused(nothing)
    else:
        said = files.json(path)
    found = (said.get("kind") or "") if isinstance(said, dict) else None
    if kind is not None and found != kind:
        other = f"`letsdance {found or 'run'}`" if isinstance(found, str) else Said("something else")
        raise Refused("{folder} was written by {other}, not by {by}; {remedy}.", folder=folder, other=other, by=by,
                      remedy=remedy)
    schema, reads = (KINDS.get(found, Answer), format_of(found)) if isinstance(found, str) else (Answer, format_of())
    if not isinstance(said, dict) or not {"format", "version"} <= set(said):
        raise _lacks(path, schema)
    if said["format"] != reads or isinstance(said["format"], bool):
        raise Refused("{folder} has the format {format}, this version reads {reads}; use letsdance {version}.",
                      folder=folder, format=files.shown(said["format"]), reads=reads, version=files.shown(said["version"]))
    try:
        schema.model_validate(said)
    except ValidationError as error:
        raise _wrong(path, schema, error) from None
    return said


def _lacks(path: Path, schema: type[Manifest]) -> Refused:
    needed = ["format", *(name for name, field in schema.model_fields.items() if field.is_required())]
    return Refused("{path} lacks what it takes to run it again ({needed}).", path=path, needed=", ".join(needed))


def _wrong(path: Path, schema: type[Manifest], error: ValidationError) -> Refused:
    """What is wrong, in one sentence: entries that are gone, else the first that is something else."""
    wrong = error.errors(include_url=False, include_context=False)
    if gone := [str(one["loc"][0]) for one in wrong if one["type"] == "missing" and len(one["loc"]) == 1]:
        if schema is not Sweep:
            return _lacks(path, schema)
        return Refused("{path} was changed: it does not say {gone} any more; put it back as it was, or begin anew in "
                       "another --out.", path=path, gone=", ".join(gone))
    name = str(wrong[0]["loc"][0])
    return Refused("{path} was changed: {name} must be {what}, not {value}; put it back as it was, or make the folder "
                   "anew.", path=path, name=name, what=Said(schema.model_fields[name].description or name),
                   value=files.shown(wrong[0]["input"]))
