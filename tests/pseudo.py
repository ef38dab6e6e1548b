"""A language that nobody speaks, and what a reader of a page sees or hears: what is left in English stands out."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from letsdance import words
from letsdance.commands import screen
from letsdance.report import study
from letsdance.report.sheet import Figure, text_width
from letsdance.scenarios import STARTS
from letsdance.words import KINDS, TEXTS, Text, catalogue, declared, languages

#: Letters of a language that nobody speaks, each in the shipped font.
ALPHABET = str.maketrans("abcdefghijklmnopqrstuvwxyz", "àáâãäåæçèéêëìíîïðñòóôõöøùú") | str.maketrans(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚ")
#: Where a report is not in its reader's language: code, commands and files as they are typed, what every program calls
#: itself, codes of evidence and of levers, and the lines of the evidence, which are marked as English.
EXEMPT = ("style", "metadata", "code", "pre")
NAMES = re.compile(r"letsdance|python|numpy|git|\b(?:FRCS|OUT|austerity)\)|society\.csv|\bdesign\b|\b[ST]\d+[a-z]?\b|"
                   rf"\b(?:{'|'.join(STARTS)})\b")


class Seen(HTMLParser):
    """Every word that a reader of a page sees or hears."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.within: list[bool] = []  # of every open tag: whether what stands in it is exempt

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.said += [given[name] for name in ("aria-label", "alt", "title") if given.get(name)]
        if tag not in ("meta", "link", "br", "hr", "img"):
            self.within.append(tag in EXEMPT or (tag != "html" and given.get("lang") == "en") or any(self.within[-1:]))

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        self.within.pop()

    def handle_data(self, data):
        if not any(self.within[-1:]) and data.strip():
            self.said.append(data)


def seen(html):
    reader = Seen()
    reader.feed(html)
    return reader.said


def other(said):
    """A text in other letters, but for what is filled in, or is for the screen."""
    return "".join(part if part.startswith(("{", "[")) else part.translate(ALPHABET)
                   for part in re.split(r"({\w+}|\[/?(?:bold)?\])", said)).replace("\n", " ")


def language(*more):
    """The file of a language whose every text is written in other letters. more: tables that are English by their keys."""
    english = catalogue("en")
    lines = ["[language]", 'name = "Ø"', 'decimal = ","', 'percent = "{n}\u202f%"']
    for table in TEXTS:
        lines += [f"[{table}]", *(f'"{key}" = {_quoted(other(said))}' for key, said in english[table].items())]
    for table in more:
        plain = {key: re.sub(r"{(\w+)[!:][^}]*}", r"{\1}", key) for key in catalogue(languages()[-1])[table]}
        lines += [f"[{table}]", *(f"{_quoted(key)} = {_quoted(other(said))}" for key, said in plain.items())]
    for kind in KINDS:
        for name, entry in declared(kind).items():
            lines += [f"[{kind}.{_quoted(name)}]", *(f"{field} = {_quoted(other(said))}" for field, said in entry.items())]
    return "\n".join(lines)


@pytest.fixture
def spoken(tmp_path, monkeypatch):
    """A language whose every text is written in other letters."""
    (tmp_path / "qo.toml").write_text(language(), encoding="utf-8")
    monkeypatch.setenv(words.OWN, str(tmp_path))
    words._files.cache_clear()
    yield Text("qo")
    words._files.cache_clear()
    screen._spoken.clear()


def _quoted(said):
    return '"' + said.replace("\\", "\\\\").replace('"', '\\"') + '"'


def plain_english(page, codes=""):
    """The words of a page's study that are in no language but English. codes: a pattern of what people typed."""
    said = seen(study.render(page, {"command": "letsdance", "version": "0"}))
    assert len(said) > 20
    typed = re.compile(f"{codes}|{NAMES.pattern}" if codes else NAMES.pattern)
    return ({word for line in said for word in re.findall(r"[A-Za-z]{2,}", typed.sub("", line))}
            | {line for line in said if re.search(r"\d\.\d", typed.sub("", line))})


def crowded(figure: Figure) -> list[str]:
    """The words of a figure that were cut short, or reach beyond its edge."""
    def fits(word):
        wide = text_width(word["text"], word["size"], word["bold"])
        left = word["x"] - wide * {"middle": 0.5, "end": 1.0}.get(word["anchor"], 0.0)
        return "…" not in word["text"] and -1 < left < figure.width + 1 - wide

    return [word["text"] for word in figure._words if not fits(word)]
