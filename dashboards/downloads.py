"""What can be taken away from what is on screen: figures, tables, the report, the scenario file, all at once."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import solara

from letsdance import __version__
from letsdance.dashboards.compute import Token, use_latest
from letsdance.dashboards.state import View, to_file
from letsdance.experiments.spreadsheet import harmless_text, to_csv
from letsdance.scenarios.policy import Policy
from letsdance.words import Text

if TYPE_CHECKING:
    import pandas as pd

    from letsdance.dashboards.compute import Pair
    from letsdance.scenarios import Scenario
    from letsdance.simulation.run import Result

__all__ = ["TYPES", "File", "Making", "command", "everything", "file", "listed", "named", "packed", "table",
           "use_making", "written", "zipped"]

TYPES = {"svg": "image/svg+xml", "png": "image/png", "csv": "text/csv", "html": "text/html", "zip": "application/zip",
          "toml": "application/toml", "parquet": "application/vnd.apache.parquet"}
TABLES = ("society", "adopters", "governments")
_LIKE = (1980, 1, 1, 0, 0, 0)  # the same date for all, so that equal content gives equal bytes
#: Drawing takes the processor for a second or two: one download at a time, so that sliders elsewhere stay quick.
_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True)
class File:
    """A file's name, its media type and what is in it."""

    name: str
    type: str
    content: bytes


@dataclass(frozen=True, eq=False)
class Making:
    """A download that is made when it is asked for. file: for window.letsdance.save in the browser, serial 0 if none."""

    file: dict[str, Any]
    busy: bool
    says: str
    refused: str
    ask: Callable[[dict[str, Any]], None]
    saved: Callable[[int], None]


def use_making(make: Callable[[dict[str, Any]], File], text: Text) -> Making:
    """The newest download; a hook. `ask` takes what is wanted, with its "name" and "kind"; `saved` lets the bytes go.

    make: from what is wanted to the file; it runs in a thread, so it must not touch widgets.
    """
    wanted: solara.Reactive[dict[str, Any] | None] = solara.use_reactive(None)
    saved = solara.use_reactive(0)
    asked = wanted.value

    def job(token: Token) -> Generator[tuple[int, File], None, None]:
        if asked is not None:
            with _one_at_a_time:
                token.check()
                made = make(asked)
            yield asked["serial"], made

    answer = use_latest(job, [asked])
    serial, file = answer.value or (0, None)
    busy = asked is not None and serial != asked["serial"] and not answer.refused
    says = ""
    if asked is not None and not answer.refused:
        name = file.name if file is not None and not busy else f"{asked['name']}.{asked['kind']}"
        says = text("data.take_wait" if busy else "data.take_done", name=name)
    sent = {"serial": 0, "name": "", "type": "", "content": b""}
    if file is not None and serial > saved.value:
        sent = {"serial": serial, "name": file.name, "type": file.type, "content": file.content}

    def ask(item: dict[str, Any]) -> None:
        before = wanted.peek()
        wanted.value = {**item, "serial": before["serial"] + 1 if before else 1}

    return Making(sent, busy, says, answer.refused, ask, saved.set)


def named(pair: Pair, view: View) -> dict[str, Result]:
    """The results on screen by the name that files give them: the start's own, and the reference where it differs."""
    def told(policy: Policy) -> Scenario:
        return replace(policy.scenario(), municipalities=view.places)

    found = {pair.policy.start: replace(pair.result, scenario=told(pair.policy))}
    if not pair.same:
        reference = replace(view.reference_policy(), quarters=pair.policy.quarters)
        found["reference"] = replace(pair.reference, scenario=told(reference))
    return found


def command(results: Mapping[str, Result], view: View) -> str:
    """The command that makes the same numbers from the files of the zip."""
    first = next(iter(results.values()))
    files = " ".join(f"{name}.toml" for name in results)
    return f"letsdance run {files} --runs {first.runs} --seed {view.seed}"


def listed(view: View) -> list[tuple[str, str, tuple[str, ...]]]:
    """What there is to take: (what it is, name, formats)."""
    from letsdance.report.figures import FIGURES

    return [("zip", "all", ("zip",)), ("report", "report", ("html",)), ("scenario", "scenario", ("toml",)),
            *([("places", "municipalities", ("csv",))] if view.places else []),
            *(("figure", name, ("svg", "png")) for name in FIGURES),
            *(("table", name, ("csv", "parquet")) for name in TABLES)]


def file(what: str, name: str, kind: str, results: Mapping[str, Result], view: View) -> File:
    """One of `listed`, made now."""
    if what == "zip":
        return zipped(results, view)
    content = _content(what, name, kind, results, view)
    return File(f"{next(iter(results)) if what == 'scenario' else name}.{kind}", TYPES[kind], content)


def everything(results: Mapping[str, Result], view: View) -> dict[str, bytes]:
    """All files of the zip by their path."""
    folders = {"figure": "figures/", "table": "tables/"}
    found = {}
    for what, name, kinds in listed(view):
        for kind in kinds if what not in ("zip", "scenario") else ():
            found[f"{folders.get(what, '')}{name}.{kind}"] = _content(what, name, kind, results, view)
    for name, result in results.items():
        found[f"{name}.toml"] = (to_file(view) if name != "reference" else result.scenario.to_toml()).encode()
    return found


def zipped(results: Mapping[str, Result], view: View) -> File:
    """Everything in one file."""
    return packed(f"letsdance-{next(iter(results))}", everything(results, view))


def packed(name: str, files: Mapping[str, bytes]) -> File:
    """Files by their path in one zip; equal content gives equal bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(zipfile.ZipInfo(path, _LIKE), content, zipfile.ZIP_DEFLATED)
    return File(f"{name}.zip", TYPES["zip"], out.getvalue())


def _manifest(results: Mapping[str, Result], view: View) -> dict[str, Any]:
    from letsdance.experiments.folder import manifest

    return manifest(results, command(results, view), {}, view.places or None) | {"version": __version__}


def _content(what: str, name: str, kind: str, results: Mapping[str, Result], view: View) -> bytes:
    if what == "scenario":
        return to_file(view).encode()
    if what == "places":
        return harmless_text(view.places).encode()
    if what == "table":
        return table(_tables(results)[name], kind)
    if what == "figure":
        from letsdance.report.figures import FIGURES
        from letsdance.report.page import provenance

        drawn, origin = FIGURES[name](results, text=Text(view.language)), provenance(results, _manifest(results, view))
        return drawn.svg(origin).encode() if kind == "svg" else drawn.png(origin)
    from letsdance.report.page import render

    return render(results, _manifest(results, view), text=Text(view.language), called=view.innovation()).encode()


def _tables(results: Mapping[str, Result]) -> dict[str, pd.DataFrame]:
    from letsdance.experiments.folder import tables

    return tables(results)


def written(columns: Sequence[str], rows: Sequence[Sequence[str]], language: str) -> bytes:
    """A chart's table as Parquet: columns of numbers as numbers, in the language's writing, and all others as text."""
    import pandas as pd

    from letsdance.dashboards.tables import number

    decimal = Text(language).decimal
    found: dict[str, list[Any]] = {}
    for k, (name, cells) in enumerate(zip(columns, zip(*rows, strict=True), strict=True)):
        numbers = [number(cell.replace("\u2212", "-").removesuffix("%"), decimal) for cell in cells]
        known = all(value == value or cell in ("", "–") for value, cell in zip(numbers, cells, strict=True))
        own = f"{columns[k - 1]}: {name}" if name in columns[:k] else name  # such as the interval of what stands before
        found[own] = numbers if known else list(cells)
    return table(pd.DataFrame(found), "parquet")


def table(frame: pd.DataFrame, kind: str) -> bytes:
    """A table as "csv" or "parquet"."""
    if kind == "csv":
        return to_csv(frame).encode()
    out = io.BytesIO()
    frame.to_parquet(out, index=False)
    return out.getvalue()
