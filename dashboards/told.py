"""What a citizen or a council decided, in sentences: where it stands, what speaks for it most and what against, where all
of that leads. They are made from the terms of the decision, which stand behind them; only the wording is in the catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping

from letsdance.simulation.run import STAGES
from letsdance.words import Text, spaced

__all__ = ["RESULTS", "decided", "doing", "sides", "term"]

#: What a decision comes to, as against the terms that it comes from.
RESULTS = ("drive", "target", "noise", "before", "after", "value", "pilots", "adopts_directly", "decides_after_pilot",
           "gives_up", "chance", "uses_before", "uses")
#: Below this a term is written as 0.00.
_NIL = 0.005


def sides(terms: Mapping[str, float]) -> tuple[list[str], list[str]]:
    """What speaks for a decision and what against it: the fewest terms that make up half of their side, largest first."""
    found = []
    for sign in (1.0, -1.0):
        mine = sorted(((sign * value, name) for name, value in terms.items() if sign * value >= _NIL), reverse=True)
        half, told = sum(size for size, _ in mine) / 2, []
        for size, name in mine:
            if half > 0:
                told.append(name)
                half -= size
        found.append(told)
    return found[0], found[1]


def term(decision: str, name: str, text: Text) -> str:
    """What a term of a decision is called: one of the model's by its key, one of a mechanism's by its name."""
    key = f"town.term_{decision}_{name}"
    return text.learned(spaced(name)) if (said := text(key)) == key else said


def _clauses(names: list[str], side: str, decision: str, near: float, text: Text) -> str:
    """Terms as clauses that follow 'because'; near: the mean willingness of whom it looks at."""
    said = []
    for name in names:
        key = f"story.{side}_{name}"
        key = key if text(key) != key else f"story.{side}_other"
        said.append(text(key, term=term(decision, name, text), share=text.percent(near)))
    return text.listed(said)


def doing(who: str, quarter: int, initiatives: int, uses: bool, text: Text) -> str:
    """What a citizen does in a quarter."""
    return text("story.doing", who=who, quarter=text.quarter(quarter), part=text(f"story.part_{min(initiatives, 2)}"),
                use=text("story.does_use" if uses else "story.does_not_use"))


def decided(decision: str, who: str, quarter: int, terms: Mapping[str, float], near: float, stage: int, text: Text,
            ) -> list[str]:
    """The sentences of a decision ('willingness', 'use' or 'adoption') in one quarter.

    terms: its terms and what they come to, by name, as `why` tells them. near: the mean willingness of whom it looks at for
    'willingness', the share that uses the innovation for 'use' (shares). stage: that of the council for 'adoption'.
    """
    if decision == "use":
        return _used(who, terms, near, text)
    reasons = {name: value for name, value in terms.items() if name not in RESULTS}
    pro, con = (_clauses(names, side, decision, near, text)
                for names, side in zip(sides(reasons), ("for", "against"), strict=True))
    if decision == "adoption":
        chances = {name: text.share(float(terms[name])) for name in ("pilots", "adopts_directly", "decides_after_pilot",
                                                                     "gives_up")}
        said = [text(f"story.told_{STAGES[stage]}", who=who, quarter=text.quarter(quarter), **chances)]
        return said + [text(f"story.speaks_{side}", most=most) for side, most in (("for", pro), ("against", con)) if most]
    willing = round(100 * terms["after"]) >= 50  # as it is written
    most, other = (pro, con) if willing else (con, pro)
    said = [text("story.told_willing" if willing else "story.told_unwilling", who=who, quarter=text.quarter(quarter),
                 after=text.percent(terms["after"]), before=text.percent(terms["before"]))]
    said += [text("story.mostly", most=most)] if most else []
    if other:
        said.append(text("story.although" if most else "story.from_before", most=other))
    return [*said, text("story.leads", target=text.percent(terms["target"]),
                        chance=text.in_points(text.signed(100 * terms["noise"], 0)))]


def _used(who: str, terms: Mapping[str, float], near: float, text: Text) -> list[str]:
    """Whether a citizen uses the innovation, and what its chance to begin hung on."""
    offered, uses = float(terms["offered"]), terms["uses"] >= 0.5
    began = uses and terms["uses_before"] < 0.5
    said = [text("story.told_began" if began else "story.told_uses" if uses else "story.told_not_used", who=who)]
    if offered <= 0:
        return [*said, text("story.not_offered")]
    return [*said, text("story.chance_of_use" if began or not uses else "story.offered_now",
                        chance=text.share(float(terms["chance"])), near=text.percent(near),
                        trust=text.percent(float(terms["trust"])), offered=text.percent(offered))]
