"""A command's help in the language that --language names: what it does, headings, and what the library adds to options."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from letsdance.commands.screen import spoken

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What the library of the command says in a help, and the text that says it.
_FRAME = {"Usage": "help.usage", "Options": "help.options", "Commands": "help.commands", "Arguments": "help.arguments",
          "Show this message and exit.": "help.itself", "required": "help.required"}
_WORDS = {"OPTIONS": "help.word_options", "COMMAND": "help.word_command", "ARGS": "help.word_arguments"}
#: What it puts behind an option's help: '  [default: 20; required]'.
_ADDED = re.compile(r"(?s)(.*?)(?:\s*\[((?:default|required|env var|x[<>]=?|\d+<=?x)[^\]]*)\])?\s*")


def _said(word: str) -> str:
    return spoken()(_FRAME[word]) if word in _FRAME else spoken().help(word)


def _added(word: str) -> str:
    name, colon, value = word.partition(": ")
    return spoken()("help.default", value=value) if colon and name == "default" else _said(word)


def _row(first: str, second: str) -> tuple[str, str]:
    found = _ADDED.fullmatch(second)
    told, more = found.groups() if found else (second, "")
    return first, _said(told) + (f"  [{'; '.join(_added(word.strip()) for word in more.split(';'))}]" if more else "")


def speak(group: Any) -> None:
    """Write the helps of a program's commands in the language that is spoken."""
    base: Any = group.context_class.formatter_class

    class Spoken(base):  # type: ignore[misc]
        def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
            args = re.sub("|".join(_WORDS), lambda word: spoken()(_WORDS[word[0]]), args)
            super().write_usage(prog, args, f"{spoken().labelled(_said('Usage')).rstrip()} ")

        def write_text(self, text: str) -> None:
            super().write_text(spoken().help(text) if spoken().language != "en" else text)

        def write_heading(self, heading: str) -> None:
            super().write_heading(_said(heading))

        def write_dl(self, rows: Sequence[tuple[str, str]], *more: Any, **others: Any) -> None:
            super().write_dl([_row(*one) for one in rows], *more, **others)

    if base.__name__ != Spoken.__name__:
        group.context_class.formatter_class = Spoken


def without_language(words: list[str]) -> list[str]:
    """A command without --language and its code: `letsdance`, and groups of commands, have a help but no such option."""
    kept, rest = [], iter(words)
    for word in rest:
        if word == "--language":
            next(rest, "")
        elif not word.startswith("--language="):
            kept.append(word)
    return kept
