"""The dashboard: `letsdance dashboard`, or `solara run dashboards/app.py`. Which pages there are, and the shell around.

A page is listed in PAGES and lives in dashboards/pages/<name>.py; a page whose file is not there is not shown, and one
whose file fails says so, while the others go on. The first one stands at "/". Only that one is loaded before the first
answer; the others are when they are asked for, or soon after.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import solara
from solara.server import cdn_helper, kernel_context, settings

from letsdance import __version__
from letsdance.dashboards import compute, events, guard
from letsdance.dashboards.budget import Budget
from letsdance.dashboards.charts import css_colours
from letsdance.dashboards.parts import Box, Say, vue
from letsdance.dashboards.sentences import named, uses_said
from letsdance.dashboards.session import Session, provide, use_session
from letsdance.dashboards.state import (
    LANGUAGES,
    View,
    check_link,
    from_file,
    other_version,
    to_file,
    to_link,
)
from letsdance.params import Refused
from letsdance.scenarios.mechanism import everywhere
from letsdance.scenarios.policy import Policy
from letsdance.words import Text

#: Pages in the order of the bar.
PAGES = ("futures", "explore", "compare", "late_adopters", "town", "map", "lessons", "confidence", "data")
#: The page of mechanisms, one's own and those that are shipped: it stands in the bar where one runs.
LAB = "lab"
#: The start that Late adopters opens on: governments adopt there, the late after the early.
ADOPTING = "dead_horse"
_HERE = Path(__file__).parent
_MOST_BYTES = 3_000_000
#: Seconds after the first page came until the other pages are loaded: until then the browser has the processor.
_SOON = 3.0
_log = logging.getLogger("letsdance.dashboard")


def _not_here(url: str) -> bytes:
    raise FileNotFoundError(f"{url} is not among the assets, and nothing is fetched from elsewhere")


def configure() -> None:
    """Nothing leaves the machine, fonts and scripts come from here, closed pages give their memory back."""
    from letsdance import report

    guard.install()
    cdn_helper.fetch_from_cdn = _not_here  # else the server itself fetches what a browser asks for and it lacks
    os.environ.setdefault("REACTON_FAST", "1")  # at a change only what it touches is gone through, a quarter of the time
    settings.telemetry.mixpanel_enable = False
    settings.theme.show_banner = False
    settings.theme.title = "Let's Dance"
    settings.theme.loader = "plain"
    settings.theme.force_refresh = True   # a page that outlived its session comes back by its own address
    settings.assets.fontawesome_enabled = False
    settings.kernel.cull_timeout = "2m"
    for folder in (_HERE / "assets", Path(report.__file__).parent / "fonts"):
        if str(folder) not in settings.assets.extra_locations:
            settings.assets.extra_locations = [*settings.assets.extra_locations, str(folder)]


@cache
def present() -> list[str]:
    """The pages that are there."""
    return [name for name in (*PAGES, LAB) if find_spec(f"letsdance.dashboards.pages.{name}")]


def in_bar() -> list[str]:
    """The pages that stand in the bar."""
    return [name for name in present() if name != LAB or everywhere()]


@cache
def component(name: str) -> Any:
    """A page's component, loaded when it is first asked for; None where its file fails, which the log tells."""
    try:
        with kernel_context.without_context():  # what a module makes belongs to all, not to who asked first
            return import_module(f"letsdance.dashboards.pages.{name}").Page
    except Exception:
        _log.exception("the page %s cannot be loaded", name)
        return None


@cache
def load_the_rest() -> None:
    """Load the other pages, a little later."""
    timer = threading.Timer(_SOON, lambda: [component(name) for name in present()])
    timer.daemon = True
    timer.start()


configure()
threading.Thread(target=compute.warm, daemon=True, name="letsdance-warm").start()
component(PAGES[0])


def suited(view: View) -> View:
    """A page opens where it has something to show: hardly anybody adopts in Lone Ranger, where nobody has chosen to be."""
    if view.page == "late_adopters" and view.policy == Policy.of(context=view.policy.context):
        return replace(view, policy=replace(view.policy, start=ADOPTING))
    return view


@vue("assets/shell.vue")
def _Shell(pages: list, page: str, link: str, language: str, languages: dict, theme: str, projector: bool,
           notices: list, texts: dict, file: dict, event_go: Callable[[str], None],
           event_look: Callable[[events.Look], None], event_opened: Callable[[events.Table], None],
           event_file_wanted: Callable[[events.Nothing], None], event_dismiss: Callable[[int], None]) -> None:
    """The browser's half of the shell: bar, address, language and look."""


@solara.component
def Shell(children: Any = None) -> None:
    """The bar, the notices and the page that the view names; one session a browser page."""
    router = solara.use_router()
    names = present()
    asked = (router.path or "").strip("/").split("/")[0].replace("-", "_") or names[0]

    def begin() -> Session:
        view, problems = check_link(router.search or "", asked if asked in names else names[0])
        return Session(suited(view), [*problems, *other_version(router.search or "")])

    session = solara.use_memo(begin, [])
    provide(session)
    first = solara.use_ref(True)

    def moved() -> None:
        if first.current:
            first.current = False
        elif asked in names and asked != session.view.peek().page:  # back and forward in the browser
            session.change(page=asked)

    solara.use_effect(moved, [router.path, router.search])
    solara.use_effect(load_the_rest, [])
    solara.Style(css_colours())
    Bar()
    Budget()
    with Box([], "ld-main", "main", {"id": "main"}):
        Current()


@solara.component
def Bar() -> None:
    """The bar: pages, sharing, language, look."""
    session = use_session()
    view, text = session.view.value, session.text
    file: solara.Reactive[dict[str, Any]] = solara.use_reactive({"name": "", "content": "", "serial": 0})

    def go(name: str) -> None:
        if name in present():
            session.change(page=name, policy=suited(replace(session.view.peek(), page=name)).policy)

    def look(changes: dict[str, Any]) -> None:
        if changes.get("language", view.language) in LANGUAGES:
            session.change(**changes)

    def opened(upload: dict[str, Any]) -> None:
        try:
            if len(upload["text"].encode()) > _MOST_BYTES or upload["size"] > _MOST_BYTES:  # a page keeps such a file
                raise Refused(text("shell.too_large", name=upload["name"]))
            session.restore(from_file(upload["name"], upload["text"]))
        except Refused as refused:
            session.notice(str(refused))

    def wanted(_: Any) -> None:
        now = session.view.peek()
        file.value = {"name": f"{now.policy.start}.toml", "content": to_file(now), "serial": file.peek()["serial"] + 1}

    def dismiss(at: int) -> None:
        session.notices.value = [notice for k, notice in enumerate(session.notices.peek()) if k != at]

    _Shell(pages=[{"name": name, "title": text(f"page.{name}")} for name in in_bar()], page=view.page,
           link=to_link(view), language=view.language, languages={one: Text(one).name for one in LANGUAGES},
           theme=view.theme, projector=view.projector,
           notices=[text.refused(notice) for notice in session.notices.value],
           texts=text.all("shell"), file=file.value, event_go=go, event_look=look, event_opened=opened,
           event_file_wanted=wanted, event_dismiss=dismiss)


@solara.component
def Current() -> None:
    """The page that the view names."""
    session = use_session()
    page = session.view.value.page
    Guarded(page if page in present() else PAGES[0]).key(page)
    Box([session.text("shell.explores")], "ld-foot", "footer")
    with Box([], "ld-printed", "section"):
        Say(session.text("print.what"), "h2")
        Say(printed(session.view.value, session.text))
        Say("", classes="ld-printed-where")
        Say("", classes="ld-printed-when")


def printed(view: View, text: Text) -> str:
    """What a sheet of paper has to say of what is on it: start, levers with their dates, runs, seed, version."""
    told = []
    for policy in (view.policy, *(view.others if view.page == "compare" else ())):
        said = uses_said(policy.levers, text)
        start = [policy.title or text.title("start", policy.start), *(text.title("context", one) for one in policy.context)]
        told.append(text("print.how", start=", ".join(start), runs=view.runs,
                         levers=f"{said}." if said else text("print.no_levers"), quarters=policy.quarters,
                         years=text.years(policy.quarters), seed=view.seed, version=__version__))
    return named(view, " ".join(told), text)


@solara.component
def Guarded(page: str) -> None:
    """A page, or a sentence where it fails; the bar and the other pages stay."""
    text = use_session().text
    failure, _ = solara.use_exception()
    found = component(page)
    if failure is not None:
        _log.error("the page %s failed", page, exc_info=failure)
    # each under a key of its own: the sentence must not stand where the page stood, whose hooks are then counted as its own
    if found is None or failure is not None:
        with Box([], "ld-failed", "section").key("failed"):
            Say(text(f"page.{page}"), "h1")
            Say(text("shell.failed"), classes="ld-refused ld-alone")
    else:
        found().key("page")


@solara.component
def Nothing() -> None:
    """What Solara's routes ask for; the shell shows the page itself, so that nothing is built twice."""
    solara.Div()


routes = [solara.Route("/" if k == 0 else name, component=Nothing, layout=Shell if k == 0 else None, label=name)
          for k, name in enumerate(present())]
#: What people type: /late-adopters is that page too.
routes += [solara.Route(name.replace("_", "-"), component=Nothing, label=name) for name in present() if "_" in name]
