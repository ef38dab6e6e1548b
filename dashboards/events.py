"""What browsers may say: the data of every event that a component declares, checked before anybody hears it.

A component says the type beside the event, `event_set: Callable[[Setting], None]`; `parts.vue` enters it here, and
`guard.refusal` asks `wrong`. What has another type is refused as an event that nobody declares is: one line in the log.
What has the right type and makes no sense (a lever that does not exist) is for the page to refuse in a sentence.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from types import UnionType
from typing import Any, Literal, NotRequired, TypedDict, Union, get_args, get_origin, get_type_hints, is_typeddict

__all__ = ["Case", "Chosen", "Found", "Goal", "Look", "Luck", "MapOrder", "Nothing", "Order", "Section", "Setting", "Step",
           "Table", "Taken", "Target", "TownDrawn", "TownOrder", "UseChange", "Within", "declare", "declared", "wrong"]

#: An event that only says that it happened.
type Nothing = bool | None


class Setting(TypedDict):
    """A parameter is set; None: back to what the start has. A text is no number, which the page says."""

    name: str
    value: float | str | None
    done: bool


class UseSaid(TypedDict):
    """A lever or shock as the controls have it."""

    name: str
    start: float | None
    duration: float | None
    strength: float | None


class UseChange(TypedDict):
    """A lever or shock is used (at: None), changed, or left out (use: None)."""

    kind: Literal["lever", "shock"]
    at: int | None
    use: UseSaid | None
    done: bool


class Luck(TypedDict, total=False):
    """Luck, horizon and kind of innovation."""

    seed: float | None
    runs: float | None
    quarters: float | None
    profile: str
    called: str


class Within(TypedDict):
    """A context of a kind is chosen; '' for none."""

    kind: str
    name: str


class Section(TypedDict):
    """A section of the controls is opened or closed."""

    name: str
    open: bool


class Look(TypedDict, total=False):
    """How the screen looks."""

    language: str
    theme: Literal["auto", "light", "dark"]
    projector: bool


class Table(TypedDict):
    """A file that is opened: as text, or its bytes in base64; picks: how it was read before."""

    name: str
    size: int
    text: str
    content: NotRequired[str]
    picks: NotRequired[dict[str, str | bool | float | None]]


class Chosen(TypedDict):
    """One thing about a table, read otherwise."""

    name: str
    value: str | bool | float | None


class Taken(TypedDict):
    """A file that is asked for."""

    name: str
    kind: str
    what: NotRequired[str]
    quarter: NotRequired[int]


class Target(TypedDict):
    """What is wanted of municipalities at the end ('': nothing), and of how many of ten."""

    what: str
    share: int


class Goal(TypedDict):
    """Where we want to be, for how many points (None: any), and whether packages are looked for."""

    what: str
    share: int
    limit: float | None
    asked: bool


class Case(TypedDict):
    """What was seen of a case, as typed; what is wanted of it, with what chance in per cent; how far worlds reach; whether
    it is followed."""

    rows: str
    what: str
    share: int
    chance: int
    within: str
    asked: bool


class Found(TypedDict):
    """What is looked up."""

    tab: str
    word: str
    origin: str


class Plain(TypedDict):
    """An order of Compare's cards that needs nothing more."""

    do: Literal["undo", "redo", "difference", "edit", "add", "explore"]


class Naming(TypedDict):
    """An order that names an outcome, a reference or an innovation."""

    do: Literal["outcome", "against", "profile", "start"]
    name: str


class Lettered(TypedDict):
    """An order about one of the policies."""

    do: Literal["remove", "choose", "tunnel"]
    letter: str


class Titled(TypedDict):
    """A policy gets a name."""

    do: Literal["name"]
    letter: str
    title: str


class Step(TypedDict):
    """What a class does in a lesson: another lesson or step, its prediction, a control, the mechanism's switch."""

    do: Literal["lesson", "step", "guess", "set", "off", "explore"]
    value: str


type Order = Plain | Naming | Lettered | Titled


class Finer(TypedDict):
    """The map is wanted finer, or not; the mean field's beside it, or not."""

    what: Literal["finer", "field"]


class Measure(TypedDict):
    """Another parameter or outcome on the map."""

    what: Literal["moved", "measure"]
    name: str


type MapOrder = Finer | Measure


class TownPlain(TypedDict):
    """An order of the town that needs nothing more."""

    what: Literal["luck", "undo", "explore"]


class TownNaming(TypedDict):
    """Another start, or one more lever."""

    what: Literal["start", "add"]
    name: str


class TownRemoved(TypedDict):
    """A lever or shock is left out."""

    what: Literal["remove"]
    kind: Literal["lever", "shock"]
    at: int


class TownDrawn(TypedDict):
    """How all municipalities are drawn, or what their colours say."""

    what: Literal["form", "colour"]
    name: Literal["shapes", "squares", "list", "future", "C", "G", "stage"]


type TownOrder = TownPlain | TownNaming | TownRemoved

# ---------------------------------------------------------------- which events there are, and what is wrong with one

_components: dict[tuple[str, str], Callable[..., None]] = {}
#: Numbers are finite, nothing is turned into something else, and there is nothing more than what is declared.
_STRICT = {"strict": True, "extra": "forbid", "allow_inf_nan": False}


def declare(file: str, template: str, function: Callable[..., None]) -> None:
    """Enter a component: the file that says it, its template, and the function whose arguments its events are."""
    _components[file, template] = function


@cache
def declared(file: str, template: str) -> dict[str, Any]:
    """Event -> type of its data, of a component; nothing for one that is not ours."""
    function = _components.get((file, template))
    hints = get_type_hints(function) if function is not None else {}
    return {name.removeprefix("event_"): _data(hint) for name, hint in hints.items() if name.startswith("event_")}


def _data(hint: Any) -> Any:
    """T of Callable[[T], None], also where it may be None."""
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    (called,) = (one for one in options if one is not type(None))
    ((data,), _) = get_args(called)
    return data


@cache
def _reader(data: Any) -> Any:
    from pydantic import TypeAdapter  # here: the first page does not wait for it

    return TypeAdapter(data) if _configured(data) else TypeAdapter(data, config=_STRICT)  # type: ignore[arg-type]


def _configured(data: Any) -> bool:
    """Whether a type carries how strict it is: a record does, and all in it."""
    if is_typeddict(data):
        if "__pydantic_config__" not in vars(data):
            data.__pydantic_config__ = _STRICT
            for hint in get_type_hints(data).values():
                _configured(hint)
        return True
    inside = get_args(getattr(data, "__value__", data))
    return any([_configured(one) for one in inside])


def wrong(file: str, template: str, event: str, data: Any) -> bool:
    """Whether an event's data is not of its declared type."""
    from pydantic import ValidationError

    try:
        _reader(declared(file, template)[event]).validate_json(json.dumps(data))
    except (ValidationError, RecursionError):
        return True
    return False
