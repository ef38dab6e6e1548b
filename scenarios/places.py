"""Where a lever or shock acts: in which municipalities, as people type it, and which of a table these are. (For whom there,
`scenarios.groups` says.)

    in Ash, Birch                       towns by name
    in 30 % of municipalities           a share of them, drawn
    in the 10 most connected            of those that most peers look at; also largest, smallest
    in the laggards                     an adopter category: innovators, early adopters, early majority, late majority
    in the regions                      the second tier of government, where the mechanism `regions` runs
    in the region of Ash, Birch         that of some towns, named as above
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np

from letsdance.params import Refused, Said, nearest

#: Adopter categories by name, in the order of their numbers.
ADOPTERS = ("innovators", "early adopters", "early majority", "late majority", "laggards")
BY = ("most connected", "largest", "smallest")
_SHARE = re.compile(r"(?P<share>\d{1,6}(\.\d{1,6})?) ?%( of (the )?municipalities)?", re.ASCII)
_FIRST = re.compile(rf"(the )?(?P<count>\d{{1,9}}) (?P<by>{'|'.join(BY)})", re.ASCII)
_ADOPTERS = re.compile(rf"(the )?(?P<who>{'|'.join(ADOPTERS)})")
#: The second tier: all regions, and what stands before the towns of which it is the region.
REGIONS, _OF = "the regions", "the region of "
_REGIONS = re.compile(r"(the )?regions?( of (?P<towns>.+))?", re.ASCII)
_FORMS = Said("towns by name (Ash, Birch), 30 % of municipalities, the 10 most connected (largest, smallest), the "
              "laggards, or, with the mechanism regions, the regions or the region of Ash")


class Towns(Protocol):
    """What can be asked of a society's municipalities."""

    @property
    def names(self) -> Sequence[str]:
        """What each is called."""

    @property
    def citizens(self) -> np.ndarray:
        """How many citizens each has: int64[M]."""

    def by(self, what: str) -> np.ndarray:
        """A number of each: its "peers", its "category" of adopters, its "region", its "luck" (a uniform)."""


def parted(text: str) -> tuple[str, str | None, str | None]:
    """'OUT@8 in Ash for the poorest half' as ('OUT@8', 'Ash', 'the poorest half'); None where nothing is said of it. Either
    may come first; of several "for" behind a place the last one begins the group."""
    found = re.search(r"\s(in|for)\s", text + " ")
    if not found:
        return text.strip(), None, None
    plain, rest = text[:found.start()].strip(), text[found.end():] + " "
    if found[1] == "for":
        whom, placed, where = f" {rest}".partition(" in ")
        return plain, where.strip() if placed else None, whom.strip()
    where, grouped, whom = f" {rest}".rpartition(" for ")
    return plain, (where if grouped else whom).strip(), whom.strip() if grouped else None


def check(where: object, place: str = "") -> str:
    """A place in its one spelling ('' is everywhere), or `Refused`. A list is towns by name."""
    if isinstance(where, list | tuple):
        if not all(isinstance(one, str) for one in where):
            raise Refused("{place}in must be text or a list of towns, not {where!r}.", place=place, where=where)
        where = ", ".join(where)
        if not where.strip():
            where = " "
    if not isinstance(where, str):
        raise Refused("{place}in must be text or a list of towns, not {where!r}.", place=place, where=where)
    if where == "":
        return ""
    said = " ".join(where.split())
    if not said:
        raise Refused("{place}in names no municipality; write {forms}, or take it out to act everywhere.", place=place,
                      forms=_FORMS)
    if found := _REGIONS.fullmatch(said):
        return REGIONS if found["towns"] is None else _OF + check(found["towns"], place)
    if "%" in said:
        if not (found := _SHARE.fullmatch(said)):
            raise Refused("{place}in {where!r} cannot be read; write {forms}.", place=place, where=said, forms=_FORMS)
        share = float(found["share"])
        if not 0 < share <= 100:
            raise Refused("{place}{share:g} % of municipalities is more than all of them, or none; write a share above 0, "
                          "up to 100 %.", place=place, share=share)
        return f"{share:g} % of municipalities"
    if found := _FIRST.fullmatch(said):
        if int(found["count"]) == 0:
            raise Refused("{place}in the 0 {by} is no municipality; write how many, such as the 10 {by}.", place=place,
                          by=found["by"])
        return f"the {int(found['count'])} {found['by']}"
    if found := _ADOPTERS.fullmatch(said):
        return f"the {found['who']}"
    if re.search(r"\b(poorest|richest|citizens|quarter)\b", said):
        raise Refused("{place}in {where!r} is a group of citizens; write it behind for: for the poorest quarter.",
                      place=place, where=said)
    return ", ".join(towns(said, place))


def towns(where: str, place: str = "") -> list[str]:
    """Towns by name."""
    named = [one.strip() for one in where.split(",")]
    for one in named:
        if not one:
            raise Refused("{place}in {where!r} has an empty name between commas; take one comma out.", place=place,
                          where=where)
        if named.count(one) > 1:
            raise Refused("{place}{one} is named twice; keep it once.", place=place, one=one)
    return named


def regional(where: str) -> bool:
    """Whether a place is the second tier of government."""
    return bool(_REGIONS.fullmatch(where))


def drawn(where: str) -> bool:
    """Whether which municipalities these are differs from run to run."""
    where = where.removeprefix(_OF)
    return bool(where) and (where.endswith("municipalities") or where.endswith(BY[0])
                            or where.removeprefix("the ") in ADOPTERS)


def chosen(where: str, among: Towns) -> np.ndarray:
    """Which municipalities a place names: bool[M]; of regions all that lie in them. Raises `Refused` for towns that there
    are not, for too many, and for none."""
    mask = _chosen(where, among)
    if not mask.any():
        raise Refused("in {where!r} is none of the {M} municipalities here, so nothing would act; name a larger share, or "
                      "towns.", where=where, M=len(mask))
    return mask


def _chosen(where: str, among: Towns) -> np.ndarray:
    M = len(among.names)
    if regional(where):
        region = among.by("region")
        return np.isin(region, region[_chosen("" if where == REGIONS else where.removeprefix(_OF), among)])
    if not where:
        return np.ones(M, bool)
    if found := _SHARE.fullmatch(where):
        return _first(-among.by("luck"), int(np.floor(float(found["share"]) / 100 * M + 0.5)))
    if found := _FIRST.fullmatch(where):
        count = int(found["count"])
        if count > M:
            raise Refused("there are {M} municipalities, so none are the {count} {by}; write {M} or fewer.", M=M,
                          count=count, by=found["by"])
        size = among.citizens.astype(np.float64)
        rank: Mapping[str, Callable[[], np.ndarray]] = {
            "most connected": lambda: among.by("peers"), "largest": lambda: size, "smallest": lambda: -size}
        return _first(rank[found["by"]](), count)
    if where.removeprefix("the ") in ADOPTERS:
        return np.asarray(among.by("category") == ADOPTERS.index(where.removeprefix("the ")))
    known = {name: m for m, name in enumerate(among.names)}
    mask = np.zeros(M, bool)
    for town in towns(where):
        if town not in known:
            raise Refused("there is no municipality {town!r} here.{near} There are {M}: {some}.", town=town,
                          near=nearest(town, known), M=M, some=", ".join(
                              [*among.names[:3], *(["…"] if M > 4 else []), *among.names[max(3, M - 1):]]))
        mask[known[town]] = True
    return mask


def _first(score: np.ndarray, count: int) -> np.ndarray:
    """The `count` highest; equal ones by row."""
    mask = np.zeros(len(score), bool)
    mask[np.argsort(-score, kind="stable")[:count]] = True
    return mask


def meet(one: str, other: str) -> str:
    """Where two places surely overlap whatever the table: 'everywhere', the place, a town; '' where that is not sure."""
    if regional(one) != regional(other):
        return ""
    if regional(one):
        one, other = ("" if where == REGIONS else where.removeprefix(_OF) for where in (one, other))
    if not one or not other or one == other:
        return one or other or "everywhere"
    if drawn(one) or drawn(other) or _FIRST.fullmatch(one) or _FIRST.fullmatch(other):
        return ""
    return next((town for town in towns(one) if town in towns(other)), "")
