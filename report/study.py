"""The page of an experiment: an answer in one sentence, then sections of sentences, figures and tables.

    write("out", Study("Two policies", ["..."], [Section("What differs", ["..."], [figure], [table])]), manifest)

Figures are functions of a width, because each is drawn twice: for a page or projector, and for a phone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup

from letsdance.report.figures import save
from letsdance.report.page import css, template
from letsdance.report.sheet import NARROW, WIDE, Figure, font_faces
from letsdance.report.style import ENGLISH
from letsdance.words import Text

__all__ = ["OF_THE_MODEL", "Section", "Study", "Table", "render", "write"]


@dataclass(frozen=True)
class Table:
    """A table of words: every row as long as columns; `note` stands above it. The first column heads its row."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


@dataclass(frozen=True)
class Section:
    """A heading, sentences (each a paragraph), figures by file name, tables."""

    heading: str
    sentences: Sequence[str] = ()
    figures: Mapping[str, Callable[[float], Figure]] = field(default_factory=dict)
    tables: Sequence[Table] = ()


#: How to read what the model says.
OF_THE_MODEL = ENGLISH("report.of_the_model")


@dataclass(frozen=True)
class Study:
    """What an experiment found: the answer as the headline, what was done, sections; `limits` says what it cannot tell.

    caveat: how to read it, in the place where nobody misses it. text: the language that all of it speaks.
    """

    kind: str
    headline: str
    done: Sequence[str]
    sections: Sequence[Section]
    limits: Sequence[str] = ()
    caveat: str = OF_THE_MODEL
    text: Text = ENGLISH


def render(study: Study, manifest: Mapping[str, Any], drawn: Mapping[str, tuple[Figure, Figure]] | None = None) -> str:
    """The page's HTML."""
    drawn = _drawn(study) if drawn is None else drawn
    figures = {name: {"wide": Markup(wide.svg(inline=True)), "narrow": Markup(narrow.svg(inline=True)),
                      "title": wide.title, "summary": wide.summary} for name, (wide, narrow) in drawn.items()}
    return template("study").render(study=study, text=study.text, figures=figures, manifest=manifest, css=css(),
                                    faces=Markup(font_faces()))


def write(folder: str | Path, study: Study, manifest: Mapping[str, Any]) -> Path:
    """Write report.html into the folder and its figures as SVG and PNG into figures/; returns the page's path."""
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    drawn = _drawn(study)
    told = {key: manifest[key] for key in ("command", "version", "git", "versions") if manifest.get(key)}
    for name, (wide, _) in drawn.items():
        save(wide, place / "figures", name, told)
    path = place / "report.html"
    path.write_text(render(study, manifest, drawn), encoding="utf-8", newline="\n")
    return path


def _drawn(study: Study) -> dict[str, tuple[Figure, Figure]]:
    makers = {name: make for section in study.sections for name, make in section.figures.items()}
    return {name: (make(WIDE), make(NARROW)) for name, make in makers.items()}
