"""The agenda of a room: which steps, how long, with what; a TOML file that a facilitator reads, edits and speaks from.

Three stand in room/agendas (60, 90 and 120 minutes), after TAIDA: track, analyse, image, decide, act. What a step is
called, asks and what the facilitator may say stands in words/ in every language; a file of one's own may say it otherwise
(`title`, `says`, `script` of a step).
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files as shipped
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from letsdance.dashboards.state import LONGEST_NAME
from letsdance.params import Refused, Said, check_text, files, nearest
from letsdance.scenarios import HORIZON, LEVERS, SHOCKS, STARTS, check_context
from letsdance.words import Text

__all__ = ["AGENDAS", "KINDS", "Agenda", "Step", "load", "parsed", "script", "written"]

#: The agendas that are here, by their minutes.
AGENDAS = ("60", "90", "120")
#: What a step can be, in TAIDA's order.
Kind = Literal["join", "track", "place", "image", "predict", "reveal", "decide", "results", "shock", "tunnel", "act",
               "agree", "choose", "chosen", "end"]
KINDS: tuple[str, ...] = get_args(Kind)
_STRICT = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)
_LONG = 4_000


class Step(BaseModel):
    """A step. quarters: of a round (decide), 8 to 20. until: up to which quarter results are shown. budget: points that a
    table gets in a round. trends: what is rated. choices: what a class may think (choose), answer: which of them is borne
    out, told: what is said then (chosen). title, says, script: texts instead of the usual ones."""

    model_config = _STRICT
    kind: Kind
    minutes: float = Field(5.0, gt=0, le=240)
    title: str = Field("", max_length=120)
    says: str = Field("", max_length=600)
    script: str = Field("", max_length=_LONG)
    quarters: int | None = Field(None, ge=8, le=20)
    budget: int | None = Field(None, ge=1, le=10_000)
    until: int | None = Field(None, ge=1, le=HORIZON[1])
    trends: tuple[str, ...] = ()
    shocks: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    answer: int | None = Field(None, ge=1, le=6)
    told: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _known(self) -> Step:
        for name in (*self.trends, *self.shocks):
            if name not in SHOCKS:
                raise ValueError(f"there is no shock or trend {name!r}.{nearest(name, SHOCKS)}")
        if (self.kind == "decide") != (self.quarters is not None and self.budget is not None):
            raise ValueError("a step decide, and no other, has quarters and budget")
        if self.kind == "track" and not 1 <= len(self.trends) <= 12:
            raise ValueError("a step track needs trends, 1 to 12 of them")
        if self.kind == "choose" and not max(2, self.answer or 0) <= len(self.choices) <= 6:
            raise ValueError("a step choose needs choices, 2 to 6 of them, and its answer is one of them")
        if self.kind in ("shock", "tunnel") and not self.shocks:
            raise ValueError(f"a step {self.kind} needs shocks")
        return self


class Agenda(BaseModel):
    """A whole agenda. start: where the room's runs begin unless dots or a table say otherwise. context: in which country,
    sector, government (`letsdance show contexts`). innovation: what it is called here. horizon: quarters of a run.
    tables: how many at most. levers: the cards. named: whether people choose a nickname, a table and have a role; a class
    has none of these. steps in their order."""

    model_config = _STRICT
    title: str = Field("", max_length=120)
    start: str = "lone_ranger"
    context: tuple[str, ...] = ()
    innovation: str = Field("", max_length=LONGEST_NAME)
    horizon: int = Field(60, ge=HORIZON[0], le=200)
    runs: int = Field(20, ge=20, le=100)
    tables: int = Field(6, ge=1, le=6)
    named: bool = True
    levers: tuple[str, ...] = Field(min_length=1, max_length=24)
    step: tuple[Step, ...] = Field(min_length=2, max_length=40)

    @model_validator(mode="after")
    def _fits(self) -> Agenda:
        if self.start not in STARTS:
            raise ValueError(f"there is no start {self.start!r}.{nearest(self.start, STARTS)} Known: {', '.join(STARTS)}")
        try:
            check_context(self.context)
            check_text("innovation", self.innovation, LONGEST_NAME)
        except Refused as refused:
            raise ValueError(str(refused)) from None
        for name in self.levers:
            if name not in LEVERS:
                raise ValueError(f"there is no lever {name!r}.{nearest(name, LEVERS)}")
        rounds = sum(step.quarters or 0 for step in self.step)
        if rounds > self.horizon:
            raise ValueError(f"the rounds last {rounds} quarters, longer than the horizon of {self.horizon}")
        if self.step[0].kind != "join":
            raise ValueError("the first step must be join")
        if any(step.until and step.until > self.horizon for step in self.step):
            raise ValueError(f"until is after the horizon of {self.horizon}")
        return self

    @property
    def minutes(self) -> float:
        """How long it takes in all."""
        return sum(step.minutes for step in self.step)

    def quarter(self, at: int) -> int:
        """The quarter that has come when step `at` begins: the rounds that were decided before it have run."""
        return sum(step.quarters or 0 for step in self.step[:at])

    def round(self, at: int) -> int:
        """How many rounds of deciding lie before and at step `at`."""
        return sum(step.kind == "decide" for step in self.step[:at + 1])

    def shown(self, at: int) -> int:
        """Up to which quarter a step shows runs."""
        step = self.step[at]
        last = step.kind in ("reveal", "tunnel", "act", "agree", "end")
        return step.until or (self.horizon if last else self.quarter(at))

    def names(self) -> tuple[str, ...]:
        """A name of its own for each step: predict, predict2, ..."""
        seen: dict[str, int] = {}
        out = []
        for step in self.step:
            seen[step.kind] = seen.get(step.kind, 0) + 1
            out.append(step.kind if seen[step.kind] == 1 else f"{step.kind}{seen[step.kind]}")
        return tuple(out)

    def said(self, at: int, what: Literal["title", "says", "script"], text: Text) -> str:
        """A text of a step: its own, else the usual one in this language."""
        step = self.step[at]
        own: str = getattr(step, what)
        return own or text(f"room.{what}.{step.kind}")


def load(name: str) -> Agenda:
    """One of the agendas here ("60", "90", "120"), or a TOML file. Raises `Refused`."""
    if name in AGENDAS:
        return parsed(shipped(__package__).joinpath(f"agendas/{name}.toml").read_text(encoding="utf-8"), f"{name}.toml")
    path = files.named(name, "agenda")
    if path.suffix != ".toml" and not path.exists():
        raise Refused("there is no agenda {name}; name one of {known}, or give the path of a file (.toml).",
                      name=files.shown(name), known=", ".join(AGENDAS))
    return parsed(files.text(path, Said("copy one with `letsdance workshop --copy-agenda mine.toml` and edit it")),
                  str(path))


def parsed(text: str, path: str) -> Agenda:
    """An agenda from its text. Raises `Refused`."""
    try:
        return Agenda.model_validate(files.parsed_toml(text, path))
    except ValidationError as error:
        first = error.errors()[0]
        at = ".".join(str(part + 1) if isinstance(part, int) else part for part in first["loc"])
        said = str(first["msg"]).removeprefix("Value error, ").rstrip(".")
        raise Refused("{path}: {at}: {said}.", path=path, at=at or "agenda", said=said) from None


def written(agenda: Agenda, text: Text) -> str:
    """The agenda as a file to edit, its texts spelt out in a language."""
    def value(one: Any) -> str:
        if isinstance(one, bool):
            return str(one).lower()
        if isinstance(one, str):
            return '"' + one.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
        if isinstance(one, tuple):
            return "[" + ", ".join(map(value, one)) + "]"
        return f"{one:g}" if isinstance(one, float) else str(one)

    def lines(table: Mapping[str, Any]) -> list[str]:
        return [f"{key} = {value(one)}" for key, one in table.items() if one not in (None, "", ())]

    out = [f"# {text('room.file_says', minutes=text.number(agenda.minutes))}",
           *lines(agenda.model_dump(exclude={"step"}))]
    for at, step in enumerate(agenda.step):
        table = step.model_dump() | {what: agenda.said(at, what, text) for what in ("title", "says", "script")}
        out += ["", "[[step]]", *lines(table)]
    return "\n".join(out) + "\n"


def script(agenda: Agenda, text: Text) -> str:
    """What the facilitator reads: the steps with their minutes and what to say."""
    out, began = [agenda.title or text("room.script_title", minutes=text.number(agenda.minutes)), ""], 0.0
    for at, step in enumerate(agenda.step):
        ends = began + step.minutes
        out += [f"{text.number(began)}–{text.number(ends)} min  {agenda.said(at, 'title', text)}",
                f"  {agenda.said(at, 'says', text)}", f"  {agenda.said(at, 'script', text)}", ""]
        began = ends
    return "\n".join(out)
