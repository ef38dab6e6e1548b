"""Lessons: a question, a prediction, an experiment and what it shows, one TOML file each, in every language.

    load("law")               a lesson that is shipped
    load("my_lesson.toml")    a teacher's own

A lesson speaks of the model only in sentences that name their claims, each an experiment that can be run
(`letsdance.experiments.lessons`), or a line of the evidence; `load` refuses any other. Texts stand in English and, under
their code, in other languages; what a language lacks is said in English.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files as shipped
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from letsdance.params import EVIDENCE, PARAMETERS, Refused, Said, files, nearest
from letsdance.scenarios import HORIZON, LEVERS, STARTS

__all__ = ["Arm", "Claim", "Control", "Lesson", "Sentence", "Told", "load", "names", "read"]

#: What a number of a claim is called in a sentence: {name.after}.
FIELDS = ("before", "after", "change", "runs", "of_ten", "of_ten_before")
_SLOT = re.compile(r"{(\w+)\.(\w+)}")
_CODE = re.compile(r"[a-z]{2,3}")
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,39}$", description="a name of letters, digits and _")]
Text = Annotated[str, Field(min_length=1, max_length=2_000, description="text")]
Amount = Annotated[float, Field(allow_inf_nan=False, description="a number")]


class Entries(BaseModel):
    """Entries with these types exactly, and no others."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Told(BaseModel):
    """A text: in English (`en`), and in other languages under their codes."""

    model_config = ConfigDict(strict=True, extra="allow", frozen=True)
    en: Text

    @model_validator(mode="after")
    def _languages(self) -> Self:
        for code, said in (self.model_extra or {}).items():
            if not _CODE.fullmatch(code) or not isinstance(said, str) or not said.strip():
                raise ValueError(f"{code!r} is neither an entry of a text nor the code of a language with its words")
            if sorted(_SLOT.findall(said)) != sorted(_SLOT.findall(self.en)):
                raise ValueError(f"the text in {code!r} must hold the same numbers in braces as the English")
        return self

    def said(self, language: str) -> str:
        """The words in a language, in English where it has none."""
        return str((self.model_extra or {}).get(language, self.en))

    def languages(self) -> set[str]:
        """The languages that it is written in."""
        return {"en", *(self.model_extra or {})}

    def slots(self) -> list[tuple[str, str]]:
        """The numbers that fill it: (claim, field)."""
        return _SLOT.findall(self.en)


class Sentence(Told):
    """A sentence on the model, with the claims that it rests on, or on the world, with its line of the evidence."""

    claims: list[Name] = []
    source: str = ""

    @model_validator(mode="after")
    def _rests_on_something(self) -> Self:
        if bool(self.claims) == bool(self.source):
            raise ValueError("a sentence must name either the claims that it rests on, or a source")
        for line in self.source.split():
            if line not in EVIDENCE:
                raise ValueError(f"there is no line {line!r} of the evidence; see `letsdance show evidence`")
        return self


class Arm(Entries):
    """One way of running the experiment: a policy on the lesson's start, or a classic model of diffusion."""

    name: Name
    title: Told
    policy: str = ""
    classic: str = ""
    settings: dict[str, float | int] = {}
    seeds_from: Annotated[int, Field(ge=0, le=2**40, description="a whole number from 0")] = 0

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if self.classic and self.policy:
            raise ValueError("a way of running is either a policy or a classic model")
        return self


class Control(Entries):
    """What a class may move: a parameter with its ends and step, or a lever."""

    parameter: str = ""
    low: Amount = 0.0
    high: Amount = 1.0
    step: Annotated[float, Field(gt=0, description="a number above 0")] = 0.1
    lever: str = ""

    @model_validator(mode="after")
    def _known(self) -> Self:
        if bool(self.parameter) == bool(self.lever):
            raise ValueError("a control is either a parameter or a lever")
        if self.lever and self.lever not in LEVERS:
            raise ValueError(f"there is no lever {self.lever!r}; see `letsdance show levers`")
        if self.parameter:
            if self.parameter not in PARAMETERS:
                raise ValueError(f"there is no parameter {self.parameter!r}; see `letsdance show parameters`")
            low, high = PARAMETERS[self.parameter].range
            if not low <= self.low < self.high <= high:
                raise ValueError(f"{self.parameter} moves from {low:g} to {high:g} at most, and low must be below high")
        return self


class Claim(Entries):
    """What a lesson says, as an experiment on paired seeds: an outcome of one way of running, held against another's.

    of, against: names of arms; without `against` it is the level that is held against `by`; `also` is taken off
    too, so that the whole can be held against the sum of its parts. outcome: such as R@1-40, or of one adopter category
    "laggards: ever_adopted@60". over, minus: an outcome of the same run that it is divided by, or that
    is taken from it. spread: how far each run lies from the middle one. off: "both" has
    the lesson's mechanism switched off in both arms, "less" takes the effect with it from the effect without it.
    """

    name: Name
    of: Name
    against: Name | None = None
    also: Name | None = None
    outcome: str
    over: str = ""
    minus: str = ""
    spread: bool = False
    off: Literal["", "both", "less"] = ""
    demand: Literal["rises", "falls", "unchanged", "at_least", "at_most", "together"]
    by: Amount = 0.0

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.against is None and (self.demand not in ("at_least", "at_most", "unchanged") or self.off == "less"):
            raise ValueError(f"the claim {self.name} needs `against`: what it {self.demand} from")
        if self.demand == "unchanged" and self.by < 0:
            raise ValueError(f"the claim {self.name}: `by` must not be negative")
        return self


class Predict(Entries):
    """What a class is asked before anything runs; `answer` is the choice that the claims bear out, from 1."""

    ask: Told
    choices: Annotated[list[Told], Field(min_length=2, max_length=6)]
    answer: Annotated[int, Field(ge=1, description="a whole number from 1")]
    claims: Annotated[list[Name], Field(min_length=1)]


class Glass(Entries):
    """The mechanism that can be switched off: a sentence, the switch, and the rule that says its equation."""

    says: Sentence
    off: Annotated[str, Field(description="a parameter")]
    at: Amount = 0.0
    rule: Annotated[str, Field(pattern=r"^[a-z_]+\.[a-z_]+$", description="a rule, such as stocks.next_capacity")]


class WhatIf(Entries):
    """A further question, which a class tries by itself."""

    ask: Told
    answer: Sentence


class Lesson(Entries):
    """A lesson; `name` is its file's."""

    name: str
    order: int = 99
    title: Told
    minutes: Annotated[int, Field(ge=15, le=45, description="a whole number from 15 to 45")]
    story: Told
    start: Literal["lets_dance", "lone_ranger", "dead_horse", "wasteland"]
    quarters: Annotated[int, Field(ge=HORIZON[0], le=HORIZON[1], description="a whole number from 8 to 400")] = 60
    parameters: dict[str, float | int] = {}
    shown: Annotated[list[str], Field(min_length=1, max_length=4)]
    predict: Predict
    arm: Annotated[list[Arm], Field(min_length=1, max_length=8)]
    control: Annotated[list[Control], Field(min_length=1, max_length=4)]
    claim: Annotated[list[Claim], Field(min_length=1)]
    happened: Annotated[list[Sentence], Field(min_length=1)]
    why: Annotated[list[Sentence], Field(min_length=1)]
    glass: Glass | None = None
    whatif: Annotated[list[WhatIf], Field(min_length=1)]
    check: Annotated[list[WhatIf], Field(min_length=2)]
    notes: Annotated[list[Sentence], Field(min_length=1)]

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        arms, claims = {one.name for one in self.arm}, {one.name for one in self.claim}
        if len(arms) < len(self.arm) or len(claims) < len(self.claim):
            raise ValueError("two arms or two claims have one name")
        for claim in self.claim:
            for arm in (claim.of, claim.against, claim.also):
                if arm is not None and arm not in arms:
                    raise ValueError(f"the claim {claim.name} names {arm!r}, which is no arm of this lesson")
            if claim.off and self.glass is None:
                raise ValueError(f"the claim {claim.name} switches a mechanism off, but [glass] does not say which")
        if not self.predict.answer <= len(self.predict.choices):
            raise ValueError("the answer of [predict] is none of its choices")
        named = [*self.predict.claims]
        for sentence in self.sentences():
            named += [*sentence.claims, *(claim for claim, _ in sentence.slots())]
            if sentence.source and sentence.slots():
                raise ValueError("a sentence that shows a number of the model must name its claim")
            for claim_name, field in sentence.slots():
                if field not in FIELDS or claim_name not in sentence.claims:
                    raise ValueError(f"{{{claim_name}.{field}}} is no number of a claim that its sentence names; after the "
                                     f"point stands one of {', '.join(FIELDS)}")
        for name in named:
            if name not in claims:
                raise ValueError(f"there is no claim {name!r} in this lesson")
        for name in claims - set(named):
            raise ValueError(f"no sentence rests on the claim {name!r}; take it out, or say what it shows")
        if self.glass and self.glass.off not in PARAMETERS:
            raise ValueError(f"there is no parameter {self.glass.off!r} to switch off")
        return self

    def sentences(self) -> Iterator[Sentence]:
        """All that is said of the model or the world."""
        yield from (*self.happened, *self.why, *([self.glass.says] if self.glass else []),
                    *(one.answer for one in (*self.whatif, *self.check)), *self.notes)

    def texts(self) -> Iterator[Told]:
        """Every text."""
        yield from (self.title, self.story, self.predict.ask, *self.predict.choices, *(one.title for one in self.arm),
                    *(one.ask for one in (*self.whatif, *self.check)), *self.sentences())


assert {*STARTS} == {"lets_dance", "lone_ranger", "dead_horse", "wasteland"}


@cache
def names() -> tuple[str, ...]:
    """The lessons that are shipped, in the order in which they are shown."""
    found = [place.name.removesuffix(".toml") for place in shipped(__name__).iterdir() if place.name.endswith(".toml")]
    return tuple(sorted(found, key=lambda name: (load(name).order, name)))


def load(name: str | Path) -> Lesson:
    """A lesson by its name, or from a teacher's own file. Raises `Refused`.

    >>> load("law").minutes
    30
    """
    said = str(name)
    if said.endswith(".toml"):
        return read(Path(said).stem, said, files.text(said, Said("see `letsdance lesson` for those that are shipped")))
    place = shipped(__name__).joinpath(f"{said}.toml")
    if not re.fullmatch(r"[a-z_]+", said) or not place.is_file():
        raise Refused("there is no lesson {name!r}.{near} Known: {known}.", name=said, near=nearest(said, names()),
                      known=", ".join(names()))
    return _shipped(said)


@cache
def _shipped(name: str) -> Lesson:
    place = shipped(__name__).joinpath(f"{name}.toml")
    return read(name, f"{name}.toml", place.read_text(encoding="utf-8"))


def read(name: str, path: str, text: str) -> Lesson:
    """A lesson from its text; `path` names it where it is refused."""
    data = files.parsed_toml(text, path)
    try:
        return Lesson.model_validate({**data, "name": name})
    except ValidationError as error:
        found = error.errors()
        first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])  # a mistyped name lacks too
        raise Refused("{path}: {place}{problem}.", path=path, place=_place(first["loc"]),
                      problem=_problem(first)) from None


def _place(loc: tuple[int | str, ...]) -> str:
    """Where in the file: 'happened 2, en: '."""
    words = [f"{part + 1}" if isinstance(part, int) else str(part) for part in loc if part != "name"]
    return f"{' '.join(words)}: " if words else ""


def _problem(error: Any) -> str:
    kind, given = error["type"], files.shown(error.get("input"))
    if kind == "missing":
        return "this entry is missing; write it"
    if kind == "extra_forbidden":
        return "there is no such entry in a lesson; take it out, or correct its name"
    if kind == "value_error":
        return str(error["ctx"]["error"])
    return f"{given} cannot stand here: {error['msg'][:1].lower()}{error['msg'][1:]}"
