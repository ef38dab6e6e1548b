"""What is wrong with a command line that cannot be read, in one sentence: what the library of the command says, in ours.

Where that library keeps its errors, and how it words them, differs between versions; so they are known by what they can
say, and what is not known is passed on as it is.
"""

from __future__ import annotations

import re
import sys
from typing import Any

from letsdance.params import Said, nearest
from letsdance.params.files import shown

#: How the library says that a value is wrong: pattern -> the same in our words.
_WANTED = {
    r"greater than or equal to (\S+)|x>=([^\s<]+)": Said("{option} must be at least {end}, not {given}."),
    r"less than or equal to (\S+)|x<=(\S+)": Said("{option} must be at most {end}, not {given}."),
    r"greater than (\S+)": Said("{option} must be more than {end}, not {given}."),
    r"less than (\S+)": Said("{option} must be less than {end}, not {given}."),
}
_NUMBERS = {"integer": Said("{option} must be a whole number in the digits 0 to 9{given}."),
            "number": Said("{option} must be a number in the digits 0 to 9{given}."),
            "float": Said("{option} must be a number in the digits 0 to 9{given}.")}


def sentence(error: Exception) -> str:
    """What is wrong, as `Text.refused` takes it; '' for what is no mistake of a command line."""
    if not hasattr(error, "format_message"):
        return ""
    said = str(error.format_message()).strip()
    if "\n" in said:
        return said  # the help of a group of commands
    parameter = getattr(error, "param", None)
    option = next(iter(getattr(parameter, "opts", [])), "")
    if option and said.startswith("Missing"):
        called = option if option.startswith("-") else shown(option)
        return Said("{option} is missing.{see}", option=called, see=_see(error))
    return _of_value(option, said) or _of_words(error, said) or Said("{said}.{see}", said=said.rstrip("."), see=_see(error))


def _of_value(option: str, said: str) -> str:
    """What an option's value must be."""
    if not option:
        return ""
    given = _given(option)
    for kind, must in _NUMBERS.items():
        if kind in said:
            return Said(must.template, option=option, given=Said(", not {value}", value=given) if given else "")
    for pattern, must in _WANTED.items():
        if end := re.search(pattern, said.rstrip(".")):
            return Said(must.template, option=option, end=next(filter(None, end.groups())), given=given)
    return ""


def _of_words(error: Exception, said: str) -> str:
    """Which word of the command is wrong."""
    see, context = _see(error), getattr(error, "ctx", None)
    option = str(getattr(error, "option_name", ""))
    if "No such option" in said:
        near = nearest(option, getattr(error, "possibilities", None) or ())
        return Said("there is no option {option}.{near}{see}", option=shown(option)[1:-1], near=near, see=see)
    if "requires an argument" in said:
        return Said("{option} needs a value behind it.{see}", option=option, see=see)
    if "does not take a value" in said:
        return Said("{option} takes no value.{see}", option=option, see=see)
    if (name := re.search(r"No such command (['\"])(.*?)\1", said)) is not None:
        known = getattr(getattr(context, "command", None), "commands", {})
        return Said("there is no command {name}.{near}{see}", name=shown(name[2]), near=nearest(name[2], known), see=see)
    if (words := re.search(r"unexpected extra arguments?(?:\(s\))? \((.*)\)", said)) is not None:
        return Said("these words are too many: {words}.{see}", words=shown(words[1])[1:-1], see=see)
    return Said("a command is missing.{see}", see=see) if said == "Missing command." else ""


def _see(error: Exception) -> Said:
    """Where to read what is right: the help of the command that was typed."""
    context: Any = getattr(error, "ctx", None)
    typed = str(context.command_path).split()[1:] if context else [word for word in sys.argv[1:2] if word[:1] != "-"]
    path = " ".join(["letsdance", *typed])
    return Said(" See `{path} --help`.", path=path)


def _given(option: str) -> str:
    """What was typed for an option, as it may stand in a sentence."""
    for at, word in enumerate(sys.argv):
        name, equals, value = word.partition("=")
        if name == option and (equals or at + 1 < len(sys.argv)):
            return shown(value if equals else sys.argv[at + 1], 40)
    return ""
