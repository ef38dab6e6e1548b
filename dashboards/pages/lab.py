"""Lab: the mechanisms that run in this dashboard, with all that each declares, and those that are shipped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import solara

from letsdance.dashboards.parts import Box, Heading, Say
from letsdance.dashboards.session import use_session
from letsdance.scenarios.mechanism import Mechanism, described, everywhere, sentence
from letsdance.words import Text

_LOOKS = tuple(Path(__file__).parent.parent / "assets" / f"{name}.css" for name in ("confidence", "lab"))


def parts(one: Mechanism, text: Text) -> list[tuple[str, str, str, str]]:
    """What a mechanism declares: kind, name, what it says, and where or how much."""
    def row(kind: str, name: str, says: str, more: str = "") -> tuple[str, str, str, str]:
        return text(f"lab.kind_{kind}"), name, says, more

    def said(rule: Any) -> str:
        return text.learned(sentence(rule))

    def both(kind: str, name: str) -> str:
        return f"{text.title(kind, name)}. {text.says(kind, name)}".strip()

    rows = [row("parameter", name, both("parameter", name), text(
        "lab.range", usual=text.short(p.default), low=text.short(p.range[0]), high=text.short(p.range[1])))
        for name, p in one.parameters.items()]
    rows += [row("column", name, text.learned(c.says), text(f"lab.of_{c.of}")) for name, c in one.columns.items()]
    rows += [row("act", a.sets, said(a.rule), text("lab.after", phase=text.learned(a.after))) for a in one.acts]
    rows += [row("term", name, text.learned(t.says), text.learned(t.decision)) for name, t in one.terms.items()]
    rows += [row("indicator", name, text.learned(i.says), text(f"lab.of_{i.of}")) for name, i in one.indicators.items()]
    for kind, table in (("lever", one.levers), ("shock", one.shocks)):
        rows += [row(kind, name, both(kind, name),
                     text("lab.cost", n=text.short(entry["cost"])) if "cost" in entry else "")
                 for name, entry in table.items()]
    return rows + [row("replaced", name, said(rule)) for name, rule in one.replaced.items()]


@solara.component
def Page() -> None:
    """All mechanisms that are loaded, then those that could be."""
    session = use_session()
    text, values = session.text, dict(session.view.value.policy.parameters)
    for look in _LOOKS:
        solara.Style(look)
    with Box([], "ld-trust"):
        with Box([], "ld-explores", "section"):
            Heading(text("lab.title"))
            Say(text("lab.lead") if everywhere() else text("lab.none"))
        for one in everywhere():
            runs = float(values.get(one.switch, one.parameters[one.switch].default)) != 0
            with Box([], "ld-paper", "section", {"id": f"lab-{one.name}"}):
                Say(text.learned(one.title), "h2")
                Say(text.learned(one.says))
                Say(" · ".join((one.file or one.name, text("lab.source", hash=one.hash), text(f"source.{one.source}"),
                                text("lab.on" if runs else "lab.off", switch=one.switch))), classes="ld-small")
                head = [Say(text(f"lab.{word}"), "th") for word in ("what", "name", "says", "more")]
                body = [Box([Say(kind, "td"), Box([Say(name, "code")], tag="td"), Say(says, "td"), Say(more, "td")],
                            tag="tr") for kind, name, says, more in parts(one, text)]
                Box([Box([Box(head, tag="tr")], tag="thead"), Box(body, tag="tbody")], "ld-lab", "table")
        shipped = solara.use_memo(described, [])
        with Box([], "ld-paper", "section", {"id": "lab-shipped"}):
            Say(text("lab.shipped"), "h2")
            Say(text("lab.shipped_says"))
            head = [Say(text(f"lab.{word}"), "th") for word in ("name", "title_of", "says", "sources")]
            body = [Box([Box([Say(one.name, "code")], tag="td"), Say(text.learned(one.title), "td"),
                         Say(text.learned(one.says), "td"), Say(one.reference, "td")], tag="tr")
                    for one in shipped]
            Box([Box([Box(head, tag="tr")], tag="thead"), Box(body, tag="tbody")], "ld-lab", "table")
