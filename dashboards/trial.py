"""What is tried at length when somebody asks: a lead, what can be chosen, and how far it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import solara

from letsdance.dashboards.parts import vue


@vue("assets/trial.vue")
def _Trial(title: str, lead: str, choices: list, chosen: str, share: float, refused: str,
           event_choose: Callable[[str], None]) -> None:
    """The browser's half."""


@solara.component
def Trial(title: str, lead: str, choices: Sequence[tuple[str, str, str]], chosen: str, share: float, refused: str,
          on_choose: Callable[[str], None]) -> None:
    """choices: (value, label, a policy's letter or none), of which one or none is chosen; share: how far that is."""
    _Trial(title=title, lead=lead, choices=[{"value": value, "label": label, "letter": letter}
                                            for value, label, letter in choices],
           chosen=chosen, share=share, refused=refused, event_choose=on_choose)


__all__ = ["Trial"]
