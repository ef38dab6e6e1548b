"""One person's session: the view on screen, what can be undone, and what was refused. Two sessions share nothing."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import solara
from reacton.core import get_render_context

from letsdance import __version__
from letsdance.dashboards.state import View, history
from letsdance.params import Refused
from letsdance.scenarios.policy import Policy
from letsdance.words import Text

__all__ = ["Session", "provide", "use_session", "use_words"]


@dataclass(frozen=True, slots=True)
class Trail:
    """What undo and redo go through, and how often `replay` was asked for."""

    past: tuple[View, ...] = ()
    future: tuple[View, ...] = ()
    replays: int = 0


#: What links call the charts whose table is open.
_TABLES = "chart.tables"


def _tables(view: View) -> frozenset[str]:
    return frozenset(filter(None, view.get(_TABLES).split(",")))


class Session:
    """The state of one browser page. Components read `view.value`; every change goes through `change`."""

    def __init__(self, view: View, notices: list[str]) -> None:
        self.view = solara.reactive(view)
        self._language = solara.reactive(view.language)  # what most components need of the view: the rest moves often
        #: Charts whose table is open.
        self.tables = solara.reactive(_tables(view))
        self.trail = solara.reactive(Trail())
        self._step = ""  # the change that a hand is still making
        #: What was refused, said beside what caused it: key (such as "parameter.k") -> sentence.
        self.refused: solara.Reactive[dict[str, str]] = solara.reactive({})
        #: Sentences at the top of the page, in English: a link that could not be read in full, a file that is none.
        self.notices = solara.reactive(list(notices))
        drawn = get_render_context(required=False)
        self._drawn = weakref.ref(drawn) if drawn is not None else lambda: None

    @property
    def text(self) -> Text:
        """The texts of the language on screen."""
        return Text(self._language.value)

    @property
    def version(self) -> str:
        """The version that links and files name."""
        return __version__

    @contextmanager
    def _at_once(self) -> Iterator[None]:
        """The page is drawn once for all that changes meanwhile."""
        with self._drawn() or nullcontext():
            yield

    def change(self, step: str = "", *, aside: bool = False, **changes: Any) -> None:
        """Change the view: change(policy=...), change(page="explore"). Steps of one name in a row are one undo.

        aside: it has nothing to do with what was refused (a table is opened, time goes on), which stays said.
        """
        before = self.view.peek()
        after = replace(before, **changes)
        if after == before:
            return
        trail = self.trail.peek()
        past = history(trail.past, before, after)
        with self._at_once():
            if past is not trail.past:
                if step and step == self._step and trail.past:  # the hand is still on the slider
                    past = trail.past
                if past is not trail.past or trail.future:
                    self.trail.value = Trail(past, (), trail.replays)
                self._step = step
            if self.refused.peek() and not aside:
                self.refused.value = {}
            self._put(after)

    def keep(self, own: Mapping[str, object], *, aside: bool = False) -> None:
        """Keep what a page says of itself, by names with a dot (None: no longer); it goes with the link. aside: as of
        `change`."""
        self.change(aside=aside, own=self.view.peek().put(**own).own)

    def let_go(self) -> None:
        """The hand left the slider: the next change is another step."""
        self._step = ""

    def attempt(self, key: str, make: Callable[[Policy], Policy], step: str = "") -> None:
        """Change the policy; what is refused is said beside `key` and nothing changes."""
        try:
            policy = make(self.view.peek().policy)
            policy.scenario()
        except Refused as refused:
            self.refuse(key, refused)
            return
        with self._at_once():
            if self.refused.peek():
                self.refused.value = {}
            self.change(step, policy=policy)

    def refuse(self, key: str, refused: Refused) -> None:
        """Say what was refused beside `key`."""
        said = Text(self._language.peek()).refused(refused)
        self.refused.value = {**self.refused.peek(), key: said}

    def undo(self) -> None:
        """Back to the view before the last change; language, page and look stay."""
        trail = self.trail.peek()
        if trail.past:
            now = self.view.peek()
            with self._at_once():
                self.trail.value = Trail(trail.past[:-1], (*trail.future, now), trail.replays)
                self._show(trail.past[-1])

    def redo(self) -> None:
        """Forward again."""
        trail = self.trail.peek()
        if trail.future:
            now = self.view.peek()
            with self._at_once():
                self.trail.value = Trail((*trail.past, now), trail.future[:-1], trail.replays)
                self._show(trail.future[-1])

    def reset(self) -> None:
        """The start as it stands, with the usual luck; can be undone."""
        view = self.view.peek()
        self.change(policy=replace(view.policy.bare(), context=()), reference="start", seed=1, runs=20)

    def replay(self) -> None:
        """Show the last change again: from what was before to what is now."""
        trail = self.trail.peek()
        if trail.past:
            self.trail.value = replace(trail, replays=trail.replays + 1)

    def restore(self, view: View) -> None:
        """Another view altogether (a file, a card): can be undone."""
        trail, before, self._step = self.trail.peek(), self.view.peek(), ""
        with self._at_once():
            self.trail.value = Trail(history(trail.past, before, view), (), trail.replays)
            self.refused.value = {}
            self._put(view)

    def show_table(self, chart: str, on: bool) -> None:
        """Open or close the table of a chart; the link says which are open."""
        names = {*self.tables.peek(), chart} if on else self.tables.peek() - {chart}
        self.keep({_TABLES: ",".join(sorted(names)) or None}, aside=True)

    def notice(self, sentence: str) -> None:
        """Say something at the top of the page."""
        self.notices.value = [*self.notices.peek(), sentence][-3:]

    def _show(self, view: View) -> None:
        now, self._step = self.view.peek(), ""
        self.refused.value = {}
        self._put(replace(view, page=now.page, language=now.language, theme=now.theme, projector=now.projector))

    def _put(self, view: View) -> None:
        self._language.value = view.language
        self.tables.value = _tables(view)
        self.view.value = view


_context: Any = solara.create_context(None)


def provide(session: Session) -> None:
    """Hand the session to the components inside; a hook, called by the shell."""
    _context.provide(session)


def use_words(refused: str) -> str:
    """A refusal in the language on screen; a hook. Without a session it stays in English."""
    session = solara.use_context(_context)
    return refused if session is None else session.text.refused(refused)


def use_session() -> Session:
    """The session of the page that a component stands on; a hook."""
    session = solara.use_context(_context)
    if session is None:
        raise RuntimeError("there is no session here: render the component inside dashboards.app.Shell")
    return session
