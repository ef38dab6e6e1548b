"""What is on screen, as one immutable value: a `View`. A link and a file say it in full and give it back.

A policy on one of the four starts (`scenarios.policy`), luck, the page, the reference and how the screen looks. Nothing
else decides what a person sees, so a link restores it, undo is a list of views, and two sessions share nothing.
"""

from __future__ import annotations

import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import parse_qsl, quote, urlencode

from letsdance import __version__, scenarios
from letsdance.params import PARAMETERS, Refused, Said, check_text, nearest
from letsdance.scenarios import STARTS, Scenario, Use
from letsdance.scenarios.policy import Policy, read_whole
from letsdance.words import languages

__all__ = ["INNOVATION", "LANGUAGES", "LONGEST_NAME", "RUNS", "THEMES", "View", "between", "check_link",
           "from_file", "from_link", "history", "opens_in", "other_version", "price", "to_file", "to_link"]

LANGUAGES = languages()
#: What links call the innovation's own name, and how long it may be.
INNOVATION, LONGEST_NAME = "innovation.name", 60
THEMES = ("auto", "light", "dark")
#: Runs that can be shown: 20 at once, more in steps.
RUNS = (20, 300)
#: Characters that a link may hold; beyond it a table of municipalities belongs in a file.
_LONGEST = 60_000
#: A table of municipalities that a link may unpack to, in bytes.
_LARGEST_TABLE = 2_000_000


@lru_cache(4096)
def price(policy: Policy, places: str = "") -> tuple[float, tuple[float, ...]]:
    """Points over the whole run, as the model charges them: of all levers of a policy, and of each.

    places: the municipalities, as CSV, where they are one's own: a lever may act in some of them alone. Raises `Refused`.
    """
    from letsdance.simulation import schedule
    from letsdance.simulation.municipalities import from_text

    among = from_text(places) if places else None
    each = tuple(schedule.build(replace(policy, levers=(use,)).scenario(), among=among).spent for use in policy.levers)
    return sum(each), each


# ---------------------------------------------------------------- a view

_opens_in: tuple[str, ...] = ()


def opens_in(context: Iterable[str]) -> None:
    """The context of whatever opens without a policy of its own (`letsdance dashboard --context`); links carry it on."""
    global _opens_in
    _opens_in = scenarios.check_context(list(context))


@dataclass(frozen=True, slots=True)
class View:
    """Everything that is on screen.

    reference: what is compared with: "start" (the start as it stands), "levers" (the same without levers and shocks),
    or a `Policy` that was kept. difference: whether curves are differences from it. others: further policies (Compare).
    places: a CSV of municipalities, "" for the usual ones. own: what a page keeps of itself, such as the quarter that
    Town shows, as (page.name, text) pairs.
    """

    page: str = "futures"
    policy: Policy = field(default_factory=Policy.of)
    seed: int = 1
    runs: int = 20
    reference: Literal["start", "levers"] | Policy = "start"
    difference: bool = False
    others: tuple[Policy, ...] = ()
    places: str = ""
    own: tuple[tuple[str, str], ...] = ()
    language: str = "en"
    theme: str = "auto"
    projector: bool = False

    def reference_policy(self) -> Policy:
        """The policy that effects are measured against."""
        if isinstance(self.reference, Policy):
            return self.reference
        return self.policy.bare() if self.reference == "start" else self.policy.without_policy()

    def get(self, name: str, default: str = "") -> str:
        """What a page keeps of itself, such as get("town.quarter", "0")."""
        return dict(self.own).get(name, default)

    def innovation(self) -> str:
        """What those who look call the innovation; '' where they gave it no name, or none that is text."""
        try:
            return check_text("innovation", self.get(INNOVATION).strip(), LONGEST_NAME)
        except Refused:
            return ""

    def put(self, **values: object) -> View:
        """With a page's own values set, such as put(**{"town.quarter": 4}); None forgets one."""
        kept = dict(self.own) | {name: str(v) for name, v in values.items() if v is not None}
        return replace(self, own=tuple(sorted((n, v) for n, v in kept.items() if values.get(n, "") is not None)))

    def question(self) -> tuple[Any, ...]:
        """What the numbers depend on: everything but how they are shown."""
        return self.policy, self.seed, self.runs, self.reference_policy(), self.places


# ---------------------------------------------------------------- the link

def to_link(view: View) -> str:
    """The view as a query, such as policy=lone_ranger~k%3D1.5&seed=1&...; the page is the path."""
    said: list[tuple[str, object]] = [("policy", view.policy.text()), ("seed", view.seed), ("runs", view.runs)]
    reference = view.reference
    said.append(("ref", reference.text() if isinstance(reference, Policy) else reference))
    said += [("diff", 1)] if view.difference else []
    said += [("and", policy.text()) for policy in view.others]
    said += [("places", _packed(view.places))] if view.places else []
    said += [(name, value) for name, value in view.own]
    said += [("lang", view.language), ("theme", view.theme)]
    said += [("projector", 1)] if view.projector else []
    said.append(("v", __version__))
    return urlencode(said, safe="~@*=:,.!()'", quote_via=quote)


def from_link(query: str, page: str = "futures", longest: int = _LONGEST) -> View:
    """The view that a query says, or `Refused`; what it leaves out is as usual."""
    view, problems = check_link(query, page, longest)
    if problems:
        raise Refused(problems[0])
    return view


def other_version(query: str) -> list[str]:
    """A sentence where another version made a link: numbers may differ."""
    said = dict(parse_qsl(query)).get("v")
    return [Said("this link was made with version {then}; this is version {now}, so numbers may differ.", then=said,
                 now=__version__)] if (
        said and said != __version__) else []


def check_link(query: str, page: str = "futures", longest: int = _LONGEST) -> tuple[View, list[str]]:
    """The view that a query says, as far as it can be read, and a sentence for each part that cannot."""
    problems: list[str] = []
    view = View(page=page, policy=Policy.of(context=_opens_in))
    if len(query) > longest:
        return view, [Said("this link is longer than {longest:,} characters; open the scenario file instead.",
                           longest=longest)]
    others: list[Policy] = []
    own: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        try:
            if name == "and":
                others.append(Policy.parse(value, problems))
            elif name in _READERS:
                field, reader = _READERS[name]
                view = replace(view, **{field: reader(value, problems) if reader in _IN_PARTS else reader(value)})
            elif "." in name:
                own[name] = value
            elif name not in ("v", "modelid"):
                raise Refused("there is no entry {name!r} in a link.{near}", name=name,
                              near=nearest(name, _READERS))
        except Refused as refused:
            problems.append(str(refused))
    return replace(view, others=tuple(others[:8]), own=tuple(sorted(own.items()))), problems


def _seed(text: str) -> int:
    seed = read_whole(text, "seed")
    if not 0 <= seed < 2**53:
        raise Refused("seed must be a whole number from 0 to {high:,}, not {text}.", high=2**53 - 1, text=text)
    return seed


def _runs(text: str) -> int:
    runs = read_whole(text, "runs")
    if not RUNS[0] <= runs <= RUNS[1]:
        raise Refused("runs must be a whole number from {low} to {high}, not {text}.", low=RUNS[0], high=RUNS[1],
                      text=text)
    return runs


def _reference(text: str, left_out: list[str] | None = None) -> Literal["start", "levers"] | Policy:
    if text == "start":
        return "start"
    return "levers" if text == "levers" else Policy.parse(text, left_out)


def _one_of(name: str, known: Iterable[str]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in known:
            raise Refused("there is no {kind} {text!r}.{near} Known: {known}.", kind=name, text=text,
                          near=nearest(text, known), known=", ".join(known))
        return text

    return read


def _packed(text: str) -> str:
    return urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode().rstrip("=")


def _unpacked(text: str) -> str:
    try:
        unpacker = zlib.decompressobj()
        raw = unpacker.decompress(urlsafe_b64decode(text + "=" * (-len(text) % 4)), _LARGEST_TABLE)
        if not unpacker.eof:
            raise ValueError
        return raw.decode()
    except (ValueError, zlib.error):
        raise Refused("the table of municipalities in this link cannot be unpacked; open the scenario file or load "
                      "the table again.") from None


_READERS: dict[str, tuple[str, Callable[..., Any]]] = {
    "policy": ("policy", Policy.parse), "seed": ("seed", _seed), "runs": ("runs", _runs),
    "ref": ("reference", _reference), "diff": ("difference", lambda text: text == "1"),
    "places": ("places", _unpacked), "lang": ("language", _one_of("language", LANGUAGES)),
    "theme": ("theme", _one_of("theme", THEMES)), "projector": ("projector", lambda text: text == "1")}

#: Readers of what has parts: those that cannot be read are told, the rest is kept.
_IN_PARTS = (Policy.parse, _reference)


# ---------------------------------------------------------------- the file

_MARK = "# view: "


def to_file(view: View) -> str:
    """A scenario file that `letsdance run` reads too; its last line says the rest of the view.

    The scenario is the file's own part, so that an edit by hand counts; the line holds what a scenario does not say.
    """
    rest = to_link(replace(view, policy=Policy.of(view.policy.start), places=""))
    scenario = replace(view.policy.scenario(), municipalities=view.places)
    return f"{scenario.to_toml()}\n# What follows restores the screen: letsdance dashboard, Open.\n" \
           f"{_MARK}{view.page}?{rest}\n"


def from_file(name: str, text: str) -> View:
    """The view that a scenario file says, or `Refused` with the place; a file without the last line has the usual view."""
    lines = [line for line in text.splitlines() if line.startswith(_MARK)]
    page, _, query = lines[-1].removeprefix(_MARK).strip().partition("?") if lines else ("explore", "", "")
    view = from_link(query, page, len(query)) if query else View(page="explore")  # a file may be long
    scenario = scenarios.read(name.removesuffix(".toml"), name, text)
    start = view.policy.start if lines else _nearest_start(scenario)
    policy = Policy(start=start, profile=scenario.profile, context=scenario.context, quarters=scenario.quarters,
                    title="" if scenario.title == scenarios.load(start).title else scenario.title)
    for parameter, value in {"C0": scenario.C, "G0": scenario.G, **scenario.parameters}.items():
        policy = policy.with_parameter(parameter, value)
    if scenario.municipalities:  # files of before 0.2 have the table in the last line only
        view = replace(view, places=scenario.municipalities)
    return replace(view, policy=replace(policy, levers=scenario.levers, shocks=scenario.shocks))


def _nearest_start(scenario: Scenario) -> str:
    values = scenario.values()
    return min(STARTS, key=lambda name: abs(scenarios.load(name).C - values["C0"]) + abs(
        scenarios.load(name).G - values["G0"]))


# ---------------------------------------------------------------- between two views

def between(a: Policy, b: Policy, t: float) -> Policy:
    """The policy a share t of the way from a to b: what "replay last change" shows. t = 0 is a, t = 1 is b.

    Numbers move evenly; levers and shocks that only one of the two has grow or shrink in strength. Where the start,
    the innovation or the horizon differ there is nothing in between, so the first half shows a.
    """
    if t <= 0.0 or t >= 1.0:
        return a if t <= 0.0 else b
    if replace(a, parameters=(), levers=(), shocks=()) != replace(b, parameters=(), levers=(), shocks=()):
        return a if t < 0.5 else b
    names = sorted({n for n, _ in a.parameters} | {n for n, _ in b.parameters})
    middle = replace(b, parameters=())
    for name in names:
        value = a.value(name) + t * (b.value(name) - a.value(name))
        middle = middle.with_parameter(name, float(round(value)) if PARAMETERS[name].whole else value)
    return replace(middle, levers=_mixed(a.levers, b.levers, t), shocks=_mixed(a.shocks, b.shocks, t))


def _mixed(a: tuple[Use, ...], b: tuple[Use, ...], t: float) -> tuple[Use, ...]:
    strength = {use: use.strength * t for use in b if use not in a}
    strength |= {use: use.strength * (1.0 - t) for use in a if use not in b}
    uses = [use for use in b if use in a]
    names = {(use.name, use.reach) for use in uses}
    for use, weak in strength.items():  # the same lever at two settings cannot act twice: the nearer one is shown
        if (use.name, use.reach) not in names:
            twin = next((other for other in strength if (other.name, other.reach) == (use.name, use.reach)
                         and other is not use), None)
            if twin is None:
                uses.append(replace(use, strength=round(weak, 3)))
            else:
                one, other = (use, twin) if use in b else (twin, use)
                at = replace(one if t >= 0.5 else other,
                             strength=round(other.strength + t * (one.strength - other.strength), 3))
                uses.append(at)
            names.add((use.name, use.reach))
    return tuple(uses)


# ---------------------------------------------------------------- what can be undone

def history(past: tuple[View, ...], before: View, after: View, most: int = 200) -> tuple[View, ...]:
    """The views that undo goes back through: those in which another question was asked or another reference kept."""
    if before.question() == after.question() and before.others == after.others:
        return past
    return (*past, before)[-most:]


