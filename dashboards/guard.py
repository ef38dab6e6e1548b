"""What the dashboard takes from outside, decided here and nowhere else: one list of what is taken; the rest is refused.

The threat model (SECURITY.md says what is promised). It serves one laptop, one room, or an intranet behind a proxy; it
has no passwords, so whoever may open the page may use it. Everybody else is a stranger, and a guest may be curious:
- a page of another site, open in the same browser, must not reach the server: `Origin` is the page's own host;
- a name that a stranger lets point at this machine (DNS rebinding) is not served: `Hosts`;
- a guest's browser may send anything: of messages only what our components declare (`refusal`), of addresses only pages,
  their files and the goodbye of a page (`Guard`), of other people's sessions nothing (cookie and kernel belong together);
- what a link or a file says is shown as text: if that ever fails, the page's policy (`_policy`) still runs no script.
What is refused gets a 4xx or silence, and a line in the log.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import re
import unicodedata
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from html import escape
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode
from uuid import uuid4

import anyio
from ipyvue import VueTemplate
from ipywidgets.widgets import widget as ipywidget
from solara.server import kernel_context, server
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from letsdance.dashboards import events
from letsdance.dashboards.hosts import HEADERS, Hosts, Refusals, address, same, split
from letsdance.params import Refused
from letsdance.words import ENGLISH, Text, languages

__all__ = ["MOST_PAGES", "Guard", "Hosts", "install", "refusal", "under"]

_log = logging.getLogger("letsdance.guard")
_COOKIE = server.COOKIE_KEY_SESSION_ID
#: Names of sessions, kernels and pages as browsers make them.
_NAME = re.compile(r"[A-Za-z0-9_-]{8,64}")
_KERNEL = re.compile(r"/jupyter/api/kernels/([^/]+)/channels")
_CLOSE = re.compile(r"/_solara/api/close/([^/]+)")
#: Where the files of a page are; no part of a path begins with a dot, so that none leads elsewhere.
_FILE = re.compile(r"/static/(?:ansi|main-vuetify)\.js|"
                   r"/(?:static/assets|jupyter/nbextensions/jupyter-vue(?:tify)?|_solara/cdn)(?:/[A-Za-z0-9_@^~-][A-Za-z0-9._@^~+-]*)+")
#: What a browser or a stranger might say of where the server is; `--root-path` and `--allow-host` say it.
_UNTOLD = {b"cookie", b"script-name", b"x-script-name", b"x-forwarded-host", b"x-forwarded-proto", b"x-forwarded-prefix"}
#: Pages that are open at most, each with a thread and about 1 MB; and those of one browser.
MOST_PAGES, _A_BROWSER = 400, 100
#: Seconds after a socket ended until its thread is given back: anyio keeps one for 10 s, and then until somebody looks.
_IDLE = 11.0
#: After so many refused messages a socket is closed: no browser of ours sends even one.
_PATIENCE = 100


# ---------------------------------------------------------------- which messages are taken

#: What a browser sets of widgets that are not ours: class and trait -> the types of its value.
_SET: Mapping[tuple[str, str], tuple[type, ...]] = {("Navigator", "location"): (str,),
                                                    ("Theme", "dark_effective"): (bool, type(None))}
_COLOURS = {"primary", "secondary", "accent", "error", "info", "success", "warning", "anchor"}


def refusal(text: str, kernel_id: str) -> str:
    """Why a message of a browser to its kernel is not taken; "" for one that is."""
    try:
        message = json.loads(text)
        header, content = message["header"], message["content"]
        kind, told = header["msg_type"], content.get("data") or {}
        whole = (isinstance(header["msg_id"], str) and isinstance(kind, str) and message["channel"] == "shell"
                 and not message.get("buffers") and isinstance(message["metadata"], dict)
                 and isinstance(message["parent_header"], dict))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        whole = False
    if not whole:
        return "a message that is none"
    if kind == "kernel_info_request":
        return ""
    context = kernel_context.contexts.get(kernel_id)
    manager = getattr(context.kernel, "comm_manager", None) if context else None
    if context is None or manager is None or not isinstance(told, dict) or not isinstance(content.get("comm_id"), str):
        return f"a message {kind!r:.60}"
    if kind == "comm_open":
        known = content.get("target_name") in ("solara.control", "jupyter.widget.control")
        return "" if known and not told else f"to open a channel to {content.get('target_name')!r:.60}"
    comm = manager.comms.get(content["comm_id"])
    if comm is None:  # a widget that went meanwhile: nobody hears it
        return "" if kind in ("comm_msg", "comm_close") else f"a message {kind!r:.60}"
    if kind == "comm_close" and comm.target_name == "jupyter.widget.control":
        return ""
    if kind != "comm_msg":
        return f"a message {kind!r:.60}"
    method = told.get("method")
    if comm.target_name == "jupyter.widget.control":
        taken = method == "request_states"
    elif comm.target_name == "solara.control":
        taken = method == "app-status" or (method == "run" and _begins(told.get("args")))
    else:
        return _unheard(context.widgets.get(content["comm_id"]), told)
    return "" if taken else f"the method {method!r:.60}"


def _begins(args: Any) -> bool:
    """Whether the arguments with which a page begins are such."""
    themes = args.get("themes") if isinstance(args, dict) else 0
    return (isinstance(args, dict) and isinstance(args.get("path"), str) and isinstance(args.get("dark"), bool | None)
            and args.get("appName") in (None, "__default__")
            and (themes is None or (isinstance(themes, dict) and set(themes) <= {"light", "dark"} and all(
                isinstance(colours, dict) and set(colours) <= _COLOURS and all(
                    colour is None or isinstance(colour, str) for colour in colours.values())
                for colours in themes.values()))))


def _component(widget: Any) -> tuple[str, str]:
    """Which component of ours it is; what other libraries' components understand is not asked for here."""
    template = getattr(type(widget), "template_file", None)
    return template if isinstance(widget, VueTemplate) and isinstance(template, tuple) else ("", "")


def _unheard(widget: Any, told: Mapping[str, Any]) -> str:
    """Why a widget does not hear what it is told; "" where it does."""
    name = type(widget).__name__
    if told.get("method") == "custom":
        content = told.get("content")
        if not isinstance(content, dict):
            return f"a message to {name} that is none"
        if other := sorted(set(content) - {"event", "data"}):
            return f"{', '.join(other)!r:.80} for {name}"
        event, component = content.get("event"), _component(widget)
        if not isinstance(event, str) or event not in events.declared(*component):
            return f"the event {event!r:.60} for {name}"
        data = content.get("data")
        return f"the event {event!r:.60} for {name} with {data!r:.80}" if events.wrong(*component, event, data) else ""
    state = told.get("state")
    if told.get("method") == "update" and isinstance(state, dict) and not told.get("buffer_paths"):
        wrong = [trait for trait, value in state.items() if not isinstance(value, _SET.get((name, trait), ()))]
        return f"to set {', '.join(wrong)!r:.80} of {name}" if wrong else ""
    return f"the method {told.get('method')!r:.60} for {name}"


def _tell_states(comm: Any, _: Any) -> None:
    """Answer a page that asks how everything stands, on the channel on which it asks.

    The library keeps one such channel for the whole process: it would tell the states of one person to whoever opened
    it last.
    """
    def answer(_: Any) -> None:
        states, paths, buffers = ipywidget._remove_buffers({one.model_id: {
            "model_name": one._model_name, "model_module": one._model_module,
            "model_module_version": one._model_module_version, "state": one.get_state(),
        } for one in list(ipywidget._instances.values())})
        comm.send({"method": "update_states", "states": states, "buffer_paths": paths}, buffers=buffers)

    comm.on_msg(answer)


# ---------------------------------------------------------------- what goes out

def _policy(html: str, host: str) -> str:
    """The Content-Security-Policy of a page: the scripts that stand in it, those of this server, and no other.

    Vue compiles templates in the browser, hence unsafe-eval; nothing that people type is ever a template.
    """
    inside = re.findall(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", html, re.DOTALL)
    hashes = " ".join(dict.fromkeys(f"'sha256-{b64encode(sha256(one.encode()).digest()).decode()}'" for one in inside))
    return ("default-src 'none'; "
            f"script-src 'self' 'unsafe-eval' {hashes}; style-src 'self' 'unsafe-inline'; "
            f"img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' ws://{host} wss://{host}; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'")


_CLOSED = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


#: What a page without a script says: title, sentence, the way back.
_SAID = {"unknown": ("unknown.title", "unknown.says", "unknown.back"), "full": ("full.title", "full.says", "full.back")}


def _plain(what: str, prefix: str, language: str, n: int = 0) -> str:
    """A page that says that there is no such page ("unknown") or no room for n + 1 ("full"), in the language that the
    browser prefers, then in the others.
    """
    said = [(one, *(escape(Text(one)(key, n=n)) for key in _SAID[what]))
            for one in sorted(languages(), key=lambda one: one != language)]
    parts = "".join(f'<section lang="{one}"><h1>{title}</h1><p>{says} <a href="{escape(prefix)}/?lang={one}">{back}</a></p>'
                    f"{_links(prefix, one) if what == 'unknown' else ''}</section>" for one, title, says, back in said)
    return (f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" '
            'content="width=device-width, initial-scale=1"><title>Let’s Dance</title><style>'
            ":root{color-scheme:light dark}body{font:1.05rem/1.5 system-ui,sans-serif;max-width:34rem;margin:12vh auto;"
            "padding:0 1.2rem}h1{font-size:1.4rem;margin:2rem 0 .3rem}p{margin:0}section+section{opacity:.75}"
            "nav{margin:.4rem 0 0;display:flex;flex-wrap:wrap;gap:.2rem 1rem}</style>"
            f"</head><body><main>{parts}</main></body></html>")


def _links(prefix: str, language: str) -> str:
    """The pages of the bar, each a link."""
    from letsdance.dashboards.app import in_bar

    text = Text(language)
    said = "".join(f'<a href="{escape(prefix)}{path}?lang={language}">{escape(text(f"page.{name}"))}</a>'
                   for name, path in zip(in_bar(), ("/", *(f"/{name}" for name in in_bar()[1:])), strict=True))
    return f'<nav aria-label="{escape(text("shell.pages"))}">{said}</nav>'


# ---------------------------------------------------------------- the door

class _Asked:
    """What somebody asks for: path without the prefix, headers, cookie."""

    def __init__(self, scope: Scope, prefix: str) -> None:
        path: str = scope["path"]
        self.path = path[len(prefix):] or "/" if prefix and (path + "/").startswith(prefix + "/") else path
        self.method = scope.get("method", "GET")
        self._headers = scope["headers"]
        self.query = parse_qs(scope["query_string"].decode("latin-1"))
        hosts, self.origins = self.all("host"), self.all("origin")
        self.host = split(hosts[0]) if len(hosts) == 1 else None
        self.written = hosts[0] if hosts else ""
        cookies = [pair.strip().partition("=") for line in self.all("cookie") for pair in line.split(";")]
        self.session = next((value for name, _, value in cookies if name == _COOKIE and _NAME.fullmatch(value)), "")
        self.secure = scope["scheme"] in ("https", "wss")

    def all(self, name: str) -> list[str]:
        """The values of a header."""
        return [value.decode("latin-1") for key, value in self._headers if key == name.encode()]

    def page(self) -> str:
        """The one page (of a kernel) that is named; '' where none or several are."""
        named = self.query.get("session_id", [])
        return named[0] if len(named) == 1 and _NAME.fullmatch(named[0]) else ""


class Guard:
    """Solara's server behind a door. hosts: what is served; prefix: where behind a proxy ("/dance"); pages: open at most.

    A path is taken with and without the prefix, for some proxies take it off.
    """

    def __init__(self, app: ASGIApp, hosts: Hosts, prefix: str = "", pages: int = MOST_PAGES) -> None:
        self._app, self._hosts, self._prefix, self._most = app, hosts, prefix, pages
        self._tell = Refusals(_log)
        self._page = cache(self._made)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        asked = _Asked(scope, self._prefix)
        where = scope.get("server") or ("",)
        if asked.host is None or not self._hosts.serves(asked.host[0], where[0]):
            why = f"the host {asked.written!r:.80} (if it is yours, start with --allow-host)"
            answer: Response | None = PlainTextResponse(
                "This dashboard is not served under this name. Whoever started it can name it with --allow-host.\n", 421)
        elif scope["type"] == "websocket":
            why, answer = self._socket(asked), PlainTextResponse("", 403)
        else:
            why, answer = self._answer(asked, scope)
        if why:
            self._tell(scope, why)
        passed = {**scope, "path": asked.path, "raw_path": asked.path.encode(), "root_path": "",
                  "headers": [(name, value) for name, value in scope["headers"] if name not in _UNTOLD]
                  + [(b"cookie", f"{_COOKIE}={asked.session}".encode())] * bool(asked.session)}
        if scope["type"] == "websocket":
            if why:
                await send({"type": "websocket.close", "code": 1008, "reason": ""})
            else:
                try:
                    await self._app(passed, self._heard(asked, scope, receive), send)
                finally:
                    asyncio.get_running_loop().call_later(_IDLE, _give_back)
        else:
            await (answer or self._app)(passed, receive, self._dressed(send, answer))

    # -- websockets

    def _socket(self, asked: _Asked) -> str:
        """Why a websocket is refused; "" for one that is not."""
        assert asked.host is not None
        kernel = _KERNEL.fullmatch(asked.path)
        if not kernel or not _NAME.fullmatch(kernel[1]):
            return f"a socket at {asked.path!r:.80}"
        if len(asked.origins) != 1 or not same(asked.origins[0], asked.host):
            return f"a socket from the origin {', '.join(asked.origins) or 'of nobody'!r:.80}"
        if not asked.session or not asked.page():
            return "a socket without a session"
        context = kernel_context.contexts.get(kernel[1])
        if context is None or context._teardown_done:
            most = self._full(asked)
            return f"a socket for a page more than {most}" if most else ""
        if context.session_id != asked.session:
            return "a socket to somebody else's session"
        if context.page_status.get(asked.page()) == kernel_context.PageStatus.CLOSED:
            return "a socket to a page that was closed"
        return ""

    def _heard(self, asked: _Asked, scope: Scope, receive: Receive) -> Receive:
        """`receive` without the messages that are refused."""
        kernel_id, refused = asked.path.split("/")[-2], 0

        async def heard() -> Message:
            nonlocal refused
            while refused < _PATIENCE:
                message = await receive()
                if message["type"] != "websocket.receive":
                    return message
                text = message.get("text")
                why = "bytes" if text is None else refusal(text, kernel_id)
                if not why:
                    return message
                refused += 1
                self._tell(scope, why)
            return {"type": "websocket.disconnect", "code": 1008}

        return heard

    # -- everything else

    def _answer(self, asked: _Asked, scope: Scope) -> tuple[str, Response | None]:
        """Why it is refused ("" if not), and the answer, None where Solara gives it."""
        assert asked.host is not None
        if closed := _CLOSE.fullmatch(asked.path):
            return self._close(asked, closed[1])
        if asked.method not in ("GET", "HEAD"):
            return f"the method {asked.method!r:.20}", PlainTextResponse("", 405, {"Allow": "GET, HEAD"})
        path = asked.path.removesuffix("/")
        wanted = [*asked.query.get("lang", []), *asked.all("accept-language"), ""][0].strip().lower()
        language = next((one for one in languages() if wanted.startswith(one)), ENGLISH)
        if path in _pages() and (most := self._full(asked)):
            return f"a page more than {most}", HTMLResponse(_plain("full", self._prefix, language, most), 503, {
                "Content-Security-Policy": _CLOSED, "Retry-After": "60"})
        if path in _pages():
            return "", self._shown(asked, path or "/")
        if _FILE.fullmatch(asked.path) or asked.path == "/readyz":
            return "", None
        if asked.path == "/resourcez" and self._at_home(asked, scope):
            return "", None
        if path.count("/") == 1 and (meant := _typed().get(_letters(path))):
            page, spoken = min(meant, key=lambda one: (one[1] != language, one[1] != ENGLISH))
            query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
            query += [("lang", spoken)] * (spoken != ENGLISH and not any(key == "lang" for key, _ in query))
            return "", RedirectResponse(f"{self._prefix}{page}{'?' * bool(query)}{urlencode(query)}", 302)
        return "", HTMLResponse(_plain("unknown", self._prefix, language), 404, {"Content-Security-Policy": _CLOSED})

    def _full(self, asked: _Asked) -> int:
        """How many pages may be open, where that many are: in all, or by one browser; 0 where there is room."""
        held = [context.session_id for context in list(kernel_context.contexts.values())]
        if len(held) >= self._most:
            return self._most
        return _A_BROWSER if asked.session and held.count(asked.session) >= _A_BROWSER else 0

    def _at_home(self, asked: _Asked, scope: Scope) -> bool:
        """Whether somebody on this machine asks, and no proxy for another."""
        assert asked.host is not None
        client, host = address((scope.get("client") or ("",))[0]), address(asked.host[0])
        forwarded = any(asked.all(name) for name in ("x-forwarded-for", "x-forwarded-host", "forwarded", "via"))
        return not forwarded and client is not None and client.is_loopback and host is not None and host.is_loopback

    def _close(self, asked: _Asked, kernel_id: str) -> tuple[str, Response | None]:
        """A page says that it goes: only one's own."""
        assert asked.host is not None
        if asked.method != "POST":
            return "", PlainTextResponse("", 405, {"Allow": "POST"})
        if asked.origins and not all(same(one, asked.host) for one in asked.origins):
            return f"to close a page, from the origin {', '.join(asked.origins)!r:.80}", PlainTextResponse("", 403)
        if not _NAME.fullmatch(kernel_id) or not asked.page():
            return "", PlainTextResponse("", 400)
        context = kernel_context.contexts.get(kernel_id)
        if context is not None and context.session_id != asked.session:
            return "to close somebody else's page", PlainTextResponse("", 403)
        if context is None or asked.page() not in context.page_status:
            return "", PlainTextResponse("", 404)
        return "", None

    def _made(self, path: str) -> tuple[str, bytes]:
        """A page as Solara makes it (the same for everybody), and compressed. While it loads it says our name: the
        library's words are English."""
        html = (server.read_root(path, self._prefix) or "").replace("{{ loading_text }}", "Let’s Dance")
        return html, gzip.compress(html.encode())

    def _shown(self, asked: _Asked, path: str) -> Response:
        """A page, with its policy and the cookie of the session."""
        html, small = self._page(path)
        headers = {"Content-Security-Policy": _policy(html, asked.written), "Vary": "Accept-Encoding",
                   "Cache-Control": "private, no-cache"}
        zipped = any("gzip" in one for one in asked.all("accept-encoding"))
        answer = HTMLResponse(small if zipped else html, headers=headers | ({"Content-Encoding": "gzip"} if zipped else {}))
        answer.set_cookie(_COOKIE, asked.session or str(uuid4()), path=self._prefix or "/", httponly=True, samesite="lax",
                          secure=asked.secure)
        return answer

    def _dressed(self, send: Send, answer: Response | None) -> Send:
        """`send` with the headers that every answer has; only our own answers set cookies."""
        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                ours = {name.lower().encode(): value.encode() for name, value in HEADERS.items()}
                kept = [(name, value) for name, value in message.get("headers", []) if name.lower() not in ours
                        and (answer is not None or name.lower() != b"set-cookie")]
                message = {**message, "headers": [*kept, *ours.items()]}
            await send(message)

        return dressed


def _give_back() -> None:
    """Let go of threads that were idle for long: anyio looks for them only when it is asked for a thread."""
    task = asyncio.ensure_future(anyio.to_thread.run_sync(lambda: None))
    _giving.add(task)
    task.add_done_callback(_giving.discard)


#: Held until they are done, as the loop itself does not.
_giving: set[asyncio.Future[None]] = set()


@cache
def _pages() -> frozenset[str]:
    """The paths of the pages that are there."""
    from letsdance.dashboards.app import present

    names = present()[1:]
    return frozenset({"", *(f"/{name}" for name in names), *(f"/{name.replace('_', '-')}" for name in names)})


def _letters(name: str) -> str:
    """A name as it is compared with what somebody typed: no capitals, accents, blanks, dashes."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return "".join(one for one in plain if one.isalnum())


@cache
def _typed() -> Mapping[str, list[tuple[str, str]]]:
    """What people type of a page -> [(its path, the language in which it is called so)]: its name in every language, with
    or without accents ("zukunfte", "zukuenfte"); the first page has a name too.
    """
    from letsdance.dashboards.app import present

    known: dict[str, list[tuple[str, str]]] = {}
    for k, name in enumerate(present()):
        for one in (ENGLISH, *(one for one in languages() if one != ENGLISH)):
            title = Text(one)(f"page.{name}")
            spelt = {title, title.lower().translate({ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue"}),
                     *([name] if one == ENGLISH else [])}
            for form in dict.fromkeys(map(_letters, spelt)):
                known.setdefault(form, []).append((f"/{name}" if k else "/", one))
    return known


def under(path: str) -> str:
    """Where a proxy shows the dashboard: "" or "/dance"; `Refused` for what is no path."""
    path = f"/{path.strip('/')}" if path.strip("/") else ""
    if not re.fullmatch(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*", path):
        raise Refused("--root-path must be the path under which a proxy shows the dashboard, such as /dance, not "
                      "{path!r}.", path=path)
    return path


def _told(record: logging.LogRecord) -> bool:
    """Whether a record of Solara's is worth telling: that a socket went while it was written to is not."""
    return not (record.exc_info and isinstance(record.exc_info[1], RuntimeError)
                and str(record.exc_info[1]) == "This portal is not running")


def install(hosts: Hosts | None = None, prefix: str = "", pages: int = MOST_PAGES) -> None:
    """Guard the server that runs, before it answers; the first call decides. `solara run` serves this machine only."""
    from solara.server import settings, starlette

    stack = starlette.app.middleware_stack
    if not isinstance(stack, Guard):
        prefix = settings.main.root_path = under(prefix or settings.main.root_path or "")
        logging.getLogger("solara.server.kernel").addFilter(_told)
        ipywidget.Widget.handle_control_comm_opened = staticmethod(_tell_states)
        logs = logging.getLogger("letsdance")
        if all(isinstance(one, logging.NullHandler) for one in logs.handlers):  # a library is silent; a server tells
            logs.addHandler(logging.StreamHandler())
        starlette.app.middleware_stack = Guard(
            stack or starlette.app.build_middleware_stack(), hosts or Hosts(), prefix, pages)
