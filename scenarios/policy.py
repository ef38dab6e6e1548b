"""A policy: what is done, on a start of its own or on whichever it is tried; how people type it, and how links say it.

Both ways of writing have the same parts, read in one place (`Policy.with_parts`): a lever or shock in use
(NAME@START+DURATION*STRENGTH), PARAMETER=VALUE, profile=NAME, context=NAME, quarters=NUMBER, title=TEXT. People part
them by commas, behind a name, and may name a start among them (`read_policy`); links part them by ~, behind a start
(`Policy.parse`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Literal
from urllib.parse import quote, unquote

from letsdance import scenarios
from letsdance.params import CONTEXTS, PARAMETERS, Refused, Said, check_text, check_value, nearest, number, whole
from letsdance.scenarios import LEVERS, SHOCKS, STARTS, Scenario, Use

__all__ = ["Kind", "Policy", "one_horizon", "read_policy", "read_whole"]

Kind = Literal["lever", "shock"]
_OPENS = "lone_ranger"
#: NAME=VALUE; a town behind a lever may have any signs in its name.
_ASSIGNED = re.compile(r"\s*([\w.]+)\s*=(.*)", re.DOTALL)
#: Parts that others depend on come first: the horizon before uses, innovation and context before parameters.
_FIRST = ("title", "profile", "context", "quarters")


@dataclass(frozen=True, slots=True)
class Policy:
    """What is done: levers, shocks, parameters, an innovation, contexts and a horizon.

    start: a start's name or a scenario file's path; '' for whichever the policy is tried on. title: its name. profile,
    quarters: '' and 0 are the start's own. parameters: (name, value) pairs, by name.

    >>> ld.Policy(title="help").with_parts(["FRCS@8+20", "k=1.2"]).levers[0].duration
    20
    """

    start: str = ""
    title: str = ""
    profile: str = ""
    context: tuple[str, ...] = ()
    quarters: int = 0
    parameters: tuple[tuple[str, float], ...] = ()
    levers: tuple[Use, ...] = ()
    shocks: tuple[Use, ...] = ()

    @staticmethod
    def of(start: str = _OPENS, title: str = "", profile: str = "", context: tuple[str, ...] = (), quarters: int = 0,
           parameters: tuple[tuple[str, float], ...] = (), levers: tuple[Use, ...] = (), shocks: tuple[Use, ...] = ()
           ) -> Policy:
        """A policy on a start (the one where screens open) that says innovation and horizon in full, as links do."""
        own = scenarios.load(start)
        return Policy(start, title, profile or own.profile, context, quarters or own.quarters, parameters, levers, shocks)

    # ------------------------------------------------------------ what runs

    def on(self, start: Scenario) -> Scenario:
        """The policy on a start, as a scenario of the policy's title; `Refused` where its parts do not fit together."""
        try:
            made = start.changed(parameters=dict(self.parameters), levers=self.levers, shocks=self.shocks,
                                 profile=self.profile or None, quarters=self.quarters or None, context=self.context)
        except Refused as refused:
            raise Refused("policy {name}: {refused}", name=self.title, refused=refused) from None
        return replace(made, title=self.title)

    def scenario(self) -> Scenario:
        """The policy on its own start; `Refused` where its parts do not fit together."""
        return _scenario(self)

    def base(self) -> dict[str, float]:
        """Every parameter as its start has it, before own changes."""
        return _base(self.start, self.profile, self.context)

    def value(self, name: str) -> float:
        """A parameter's value when a run from its start begins."""
        return dict(self.parameters).get(name, self.base()[name])

    def changed(self) -> bool:
        """Whether anything differs from the start as it stands."""
        return bool(self.parameters or self.levers or self.shocks or self.context)

    # ------------------------------------------------------------ changed

    def within(self, kind: str, name: str) -> Policy:
        """With this context in place of the one of its kind (tradition, sector, government, preset); '' for none."""
        kept = [one for one in self.context if CONTEXTS[one]["kind"] != kind]
        return replace(self, context=scenarios.check_context([*kept, name] if name else kept))

    def bare(self) -> Policy:
        """The start as it stands: same place, innovation and horizon, nothing done."""
        return Policy(self.start, profile=self.profile, context=self.context, quarters=self.quarters)

    def without_policy(self) -> Policy:
        """The same without levers and shocks."""
        return replace(self, levers=(), shocks=())

    def with_start(self, start: str) -> Policy:
        """The same changes, under the same title, from another start; what the start itself sets is the new start's."""
        moved = replace(self, start=start, parameters=())
        for name, value in self.parameters:
            if name not in ("C0", "G0"):
                moved = moved.with_parameter(name, value)
        return moved

    def with_parameter(self, name: str, value: object) -> Policy:
        """With a parameter set; None, or what its start has, puts it back."""
        kept = {n: v for n, v in self.parameters if n != name}
        if value is not None:
            kept[name] = check_value(name, value)
            if self.start and kept[name] == self.base()[name]:
                del kept[name]
        return replace(self, parameters=tuple(sorted(kept.items())))

    def with_use(self, kind: Kind, at: int | None, use: Use | None) -> Policy:
        """With the use at this place replaced, taken out (`use` None), or one added (`at` None); checked."""
        uses = list(self.levers if kind == "lever" else self.shocks)
        if at is None:
            uses += [use] if use else []
        else:
            uses[at:at + 1] = [use] if use else []
        checked = scenarios.parse_uses(kind, uses)
        if self.quarters:  # else the start that it is tried on says how long a run is
            scenarios.check_uses(kind, checked, self.quarters)
        return replace(self, levers=checked) if kind == "lever" else replace(self, shocks=checked)

    # ------------------------------------------------------------ read and written

    def with_parts(self, parts: Iterable[str], left_out: list[str] | None = None) -> Policy:
        """With these parts; `Refused` with what is wrong, or, with `left_out`, without the parts that are wrong.

        left_out: where a sentence goes for each part that was left out.
        """
        policy, seen = self, {"title"} if self.title else set[str]()
        for part in sorted(parts, key=lambda part: part.partition("=")[0].strip() not in _FIRST):
            try:
                policy = policy._with(part, seen)
            except Refused:
                if left_out is None:
                    raise
                left_out.append(_left_out(part))
        return policy

    def _with(self, part: str, seen: set[str]) -> Policy:
        """With one more part. seen: what has been set so far."""
        said = _ASSIGNED.fullmatch(part)
        if said is None:
            return self._used(part)
        name, value = said[1], said[2].strip()
        if name in seen:
            raise Refused("{key} is set twice; keep one.", key=name)
        if name != "context":
            seen.add(name)
        if name == "title":
            return replace(self, title=check_text("title", said[2][:200], 200))
        if name == "profile":
            return replace(self, profile=scenarios.check_profile(value))
        if name == "context":
            return replace(self, context=scenarios.check_context([*self.context, value]))
        if name == "quarters":
            return replace(self, quarters=scenarios.check_quarters(read_whole(value, "quarters")))
        try:
            given = number(value)
        except ValueError:
            if name not in PARAMETERS:  # the greater mistake
                check_value(name, 0.0)
            raise Refused("{name} must be a number, not {text!r}.", name=name, text=value) from None
        return self.with_parameter(name, given)

    def _used(self, part: str) -> Policy:
        """With a lever or shock more; capitals do not matter."""
        word = re.split(r"[@+*]| (?:in|for) ", part)[0].strip()
        known = {one.lower(): one for one in (*LEVERS, *SHOCKS)}.get(word.lower())
        if known is None:
            raise Refused("there is no lever, shock or start {word!r}.{near} See `letsdance show levers`; a parameter is "
                          "written NAME=VALUE.", word=word, near=nearest(word, (*LEVERS, *SHOCKS, *STARTS)))
        kind: Kind = "lever" if known in LEVERS else "shock"
        return self.with_use(kind, None, scenarios.parse_use(kind, known + part.lstrip()[len(word):]))

    def text(self) -> str:
        """In one line: lone_ranger~profile=telework~k=1.5~FRCS@8+20*1~austerity@12+24*1."""
        parts = [self.start]
        if self.title:
            parts.append("title=" + quote(self.title, safe="").replace("~", "%7E"))
        parts += [f"profile={self.profile}", *(f"context={c}" for c in self.context), f"quarters={self.quarters}"]
        parts += [f"{name}={value!r}" for name, value in self.parameters]
        parts += [_use_text(use) for use in (*self.levers, *self.shocks)]
        return "~".join(parts)

    @staticmethod
    def parse(text: str, left_out: list[str] | None = None) -> Policy:
        """A policy from its line, which begins with a start (a link opens no file). left_out: see `with_parts`."""
        start, *parts = text.split("~")
        if start not in STARTS:
            raise Refused("there is no start {start!r}.{near} Known: {known}.", start=start, near=nearest(start, STARTS),
                          known=", ".join(STARTS))
        return Policy.of(start).with_parts(map(unquote, parts), left_out)


def read_policy(text: str) -> Policy:
    """A policy as people type it: "NAME: LEVER@START+DURATION*STRENGTH, PARAMETER=VALUE, ...", or a scenario file.

    Parts are parted by commas, semicolons or line breaks; one may be a start's name or a scenario file's path. Without a
    name the parts are its name; without parts nothing is done. Refused otherwise.
    """
    if not isinstance(text, str) or not text.strip():
        raise Refused("this policy is empty; write such as \"free-range: FRCS@8+20, FAL@8+20\", or \"nothing:\".")
    if _is_start(text.strip()):
        scenario = scenarios.load(text.strip())
        return Policy(text.strip(), scenario.title or scenario.name)
    name, colon, rest = text.partition(":")
    name, rest = (name.strip(), rest) if colon else (" ".join(text.split()), text)
    if not name:
        raise Refused('policy {text!r} has a colon and no name before it; write such as "free-range: FRCS@8+20".',
                      text=text)
    parts = _parts(rest)
    try:
        said = Policy(title=name).with_parts(part for part in parts if not _is_start(part))
        said = replace(said, start=_start_of(parts))
    except Refused as refused:
        raise Refused("policy {name}: {refused}", name=name, refused=refused) from None
    if said == Policy(title=name) and name != "nothing":
        raise Refused('policy {name} does nothing; give it a lever, such as "{name}: FRCS@8+20", or write "nothing:".',
                      name=name)
    return said


def one_horizon(policy: Policy) -> None:
    """`Refused` for a policy that says how long a run is, where all are tried over one horizon."""
    if policy.quarters:
        raise Refused("policy {name} brings a horizon of its own; give one for all with quarters (--quarters).",
                      name=policy.title)


def read_whole(text: str, name: str) -> int:
    """A whole number, or `Refused` with what it is."""
    try:
        return whole(text)
    except ValueError:
        raise Refused("{name} must be a whole number, not {text!r}.", name=name, text=text) from None


def _parts(text: str) -> list[str]:
    """The parts of a policy. Towns after "in" keep their commas: what is no lever, shock, start or value is a town."""
    parts: list[str] = []
    for piece in re.split(r"[;\n]", text):
        place = False
        for part in filter(None, (part.strip() for part in piece.split(","))):
            first = re.split(r"[@+* ]", part)[0]
            town = place and "=" not in part and first not in {*LEVERS, *SHOCKS} and not _is_start(part)
            if town:
                parts[-1] += f", {part}"
            else:
                parts.append(part)
                place = " in " in part
    return parts


def _is_start(part: str) -> bool:
    return part in STARTS or (part.endswith(".toml") and "=" not in part)


def _start_of(parts: Iterable[str]) -> str:
    """The start among the parts; '' where there is none."""
    named = [part for part in parts if _is_start(part)]
    if len(named) > 1:
        raise Refused("it has two starts, {name} and {part}; keep one.", name=named[0], part=named[1])
    return named[0] if named else ""


@lru_cache(512)
def _scenario(policy: Policy) -> Scenario:
    start = scenarios.load(policy.start)
    own = replace(start, title=policy.title or start.title, context=policy.context)
    return own.changed(parameters=dict(policy.parameters), levers=policy.levers, shocks=policy.shocks,
                       profile=policy.profile or None, quarters=policy.quarters or None)


@lru_cache(128)
def _base(start: str, profile: str, context: tuple[str, ...]) -> dict[str, float]:
    own = scenarios.load(start)
    return replace(own, profile=profile or own.profile, context=context, parameters={}).values()


def _left_out(part: str) -> str:
    """What a page says of a part of a link that it cannot read: no word of the command's."""
    name = re.split(r"[@+*=]", part)[0]
    near = nearest(name, [*LEVERS, *SHOCKS, *PARAMETERS])
    known = name in LEVERS or name in SHOCKS or name in PARAMETERS
    return Said("a part of this link cannot be read and is left out: {part!r}.{near}", part=part[:80],
                near="" if known else near)


def _use_text(use: Use) -> str:
    lasts = "" if use.duration is None else f"+{use.duration}"
    reach = "".join(f" {word} {quote(said, safe=' ,')}".replace("~", "%7E")
                    for word, said in (("in", use.where), ("for", use.whom)) if said)
    return f"{use.name}@{use.start}{lasts}*{_plain(use.strength)}{reach}"


def _plain(value: float) -> str:
    """A number without an exponent (a use's strength is read without one), exactly."""
    return format(Decimal(repr(float(value))), "f").removesuffix(".0")
