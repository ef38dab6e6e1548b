"""For whom a lever or shock acts: a group of citizens, as people type it, and which of a society's citizens these are.

    for the poorest quarter             by resources; also richest, and a tenth, fifth, third or half, or 30 %
    for the least trusting 30 %         by trust; also most trusting
    for the most willing third          by willingness; also least willing
    for the best connected tenth        by how many neighbours; also least connected
    for 30 % of citizens                a share of them, drawn

A group is told in every municipality by itself, because it is a municipality that seeks its people out, from what
stands when the run begins: of its n citizens the share n, rounded (.5 up); equal ones by row. So what it costs is known
beforehand.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Protocol

import numpy as np

from letsdance.params import Refused, Said, nearest

#: By what a group is told, and whether it is those with the most of it.
BY: Mapping[str, tuple[str, bool]] = {
    "poorest": ("resources", False), "richest": ("resources", True),
    "least trusting": ("trust", False), "most trusting": ("trust", True),
    "least willing": ("willingness", False), "most willing": ("willingness", True),
    "least connected": ("neighbours", False), "best connected": ("neighbours", True)}
#: Shares that have a word, and what is everybody.
SHARES = {"tenth": Fraction(1, 10), "fifth": Fraction(1, 5), "quarter": Fraction(1, 4), "third": Fraction(1, 3),
          "half": Fraction(1, 2)}
EVERYBODY = ("everybody", "everyone", "all citizens")
_SHARE = rf"(?P<share>{'|'.join(SHARES)}|\d{{1,6}}(\.\d{{1,6}})? ?%)"
_TOLD = re.compile(rf"(the )?(?P<by>{'|'.join(BY)}) {_SHARE}( of (the )?citizens)?", re.ASCII)
_DRAWN = re.compile(rf"(a )?{_SHARE} of (the )?citizens", re.ASCII)
FORMS = Said("the poorest quarter (richest; a tenth, fifth, third or half, or 30 %), the least trusting or most trusting, "
             "least willing or most willing, least connected or best connected of them, or 30 % of citizens")


class People(Protocol):
    """What can be asked of a society's citizens."""

    @property
    def citizens(self) -> np.ndarray:
        """How many each municipality has: int64[M]."""

    def of(self, what: str) -> np.ndarray:
        """A number of each citizen, municipality by municipality: resources, trust, willingness, neighbours, luck."""


def check(whom: object, place: str = "") -> str:
    """A group in its one spelling ('' is everybody), or `Refused`."""
    if not isinstance(whom, str):
        raise Refused("{place}for must be text, such as the poorest quarter, not {whom!r}.", place=place, whom=whom)
    said = " ".join(whom.split())
    if whom and not said:
        raise Refused("{place}for names no citizens; write {forms}, or take it out to act for everybody.", place=place,
                      forms=FORMS)
    if not said or said in EVERYBODY:
        return ""
    found = _TOLD.fullmatch(said) or _DRAWN.fullmatch(said)
    if not found:
        known = [f"the {by} {share}" for by in BY for share in SHARES]
        raise Refused("{place}for {whom!r} cannot be read.{near} Write {forms}.", place=place, whom=said,
                      near=nearest(said, known), forms=FORMS)
    share = _share(found["share"])
    if share > 1:
        raise Refused("{place}{share:g} % of citizens is more than all of them; write a share up to 100 %.", place=place,
                      share=float(100 * share))
    if share == 0:
        raise Refused("{place}for {whom} is nobody; write a share above 0, or take the whole line out.", place=place,
                      whom=said)
    if share == 1:
        return ""
    if "by" not in found.groupdict():
        return f"{float(100 * share):g} % of citizens"
    word = next((word for word, one in SHARES.items() if one == share), f"{float(100 * share):g} %")
    return f"the {found['by']} {word}"


def _share(text: str) -> Fraction:
    return SHARES[text] if text in SHARES else Fraction(text.removesuffix("%").strip()) / 100


def told(whom: str) -> tuple[str, Fraction]:
    """(one of `BY`, or '' where it is drawn, the share) of a group in its one spelling."""
    if found := _TOLD.fullmatch(whom):
        return found["by"], _share(found["share"])
    return "", _share(whom.removesuffix(" of citizens"))


def counted(whom: str, citizens: np.ndarray) -> np.ndarray:
    """How many of so many citizens belong to a group: int64[M]. Rounded so that two groups from the two ends of what they
    are told by, which together are everybody, share nobody and leave nobody out."""
    if not whom:
        return np.asarray(citizens, np.int64)
    by, share = told(whom)
    most = bool(by) and BY[by][1]
    low = 1 - share if most else share
    of = {n: int(low * n + Fraction(1, 2)) for n in np.unique(citizens).tolist()}
    first = np.array([of[n] for n in np.asarray(citizens).tolist()], np.int64)
    return citizens - first if most else first


def chosen(whom: str, among: People) -> np.ndarray:
    """Which citizens a group is: bool[N], municipality by municipality."""
    n = np.asarray(among.citizens, np.int64)
    if not whom:
        return np.ones(int(n.sum()), bool)
    by, _ = told(whom)
    what, most = BY[by] if by else ("luck", False)
    home = np.repeat(np.arange(len(n)), n)
    order = np.lexsort((among.of(what), home))  # stable: equal ones by row
    rank = np.empty(len(home), np.int64)
    rank[order] = np.arange(len(home)) - np.repeat(np.cumsum(n) - n, n)
    size = np.repeat(counted(whom, n), n)
    return rank >= np.repeat(n, n) - size if most else rank < size


def meet(one: str, other: str) -> bool:
    """Whether somebody may belong to both: not where they are the two ends of one ranking and no more than everybody."""
    if not one or not other or one == other:
        return True
    (by, share), (by_other, share_other) = told(one), told(other)
    if not by or not by_other or BY[by][0] != BY[by_other][0] or by == by_other:
        return True
    return share + share_other > 1
