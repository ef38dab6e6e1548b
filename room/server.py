"""The room's routes: three faces, what is said to them, and the minutes.

What is taken from outside is decided here and in `Room.take`, behind the door (door.py). The host's routes want the host's
key (a cookie, made from the address that only the host's screen shows), a phone's input its own cookie; of a cookie only a
hash is kept. Bodies are short, floods are slowed down per phone, and what people type is escaped by the faces. Each page's
policy names its one script and its one style by a nonce.
"""

from __future__ import annotations

import asyncio
import copy
import hashlib
import hmac
import re
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from letsdance.dashboards.hosts import Hosts
from letsdance.params import Refused, within
from letsdance.room import faces, minutes
from letsdance.room.door import Door, Limit
from letsdance.room.inputs import HOST
from letsdance.room.live import Live
from letsdance.words import ENGLISH, Text, languages

__all__ = ["made"]

_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
#: Bytes of what somebody says: a phone, and the host, who may bring a table.
_SHORT, _LONG = 4_096, 1_500_000
#: Seconds that a page waits for news before it asks again, and that a body may take to come.
_PATIENCE, _SLOW = 20.0, 10.0
#: Seconds in which changes are gathered before a large screen is drawn again.
_GATHER = 0.15
#: (a second, at once): inputs of one phone.
_PHONE = (4.0, 24.0)
#: People who come in from one address: a whole room at once, then one every other second.
_COMING = (0.5, 100.0)
#: Pages that wait for news: of one person, of one address, in all.
_WAITING = (6, 400, 1_000)


class _Heard(Exception):
    """An answer instead of what was asked for."""

    def __init__(self, status: int, says: str = "") -> None:
        super().__init__(says)
        self.status, self.says = status, says


async def _body(request: Request, most: int) -> dict[str, Any]:
    """The fields of a form; a name that comes twice is a list."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise _Heard(415)
    raw = b""

    async def read() -> None:
        nonlocal raw
        async for part in request.stream():
            raw += part
            if len(raw) > most:
                raise _Heard(413, "this is too much at once; say it shorter.")

    try:
        if int(request.headers.get("content-length") or 0) > most:
            raise _Heard(413, "this is too much at once; say it shorter.")
        await asyncio.wait_for(read(), _SLOW)
        fields = parse_qs(raw.decode("utf-8"), keep_blank_values=True, max_num_fields=40)
    except TimeoutError:
        raise _Heard(408) from None
    except (ValueError, UnicodeDecodeError):
        raise _Heard(400) from None
    return {name: found[0] if len(found) == 1 else found for name, found in fields.items()}


def _identity(cookie: str) -> str:
    """What is kept of a phone's cookie."""
    return hashlib.sha256(cookie.encode()).hexdigest()[:24]


class Pages:
    """The routes."""

    def __init__(self, rooms: Mapping[str, Live], address: str) -> None:
        self._rooms, self._address = dict(rooms), address
        self._phones, self._coming = Limit(*_PHONE), Limit(*_COMING)
        self._waiting: Counter[str] = Counter()

    # -- finding the room and who asks

    def _live(self, request: Request) -> Live:
        live = self._rooms.get(request.path_params["code"].upper())
        if live is None:
            raise _Heard(404)
        if live.deleted:
            raise _Heard(410)
        return live

    def _host(self, request: Request) -> Live:
        """The room, where the host asks; as if there were none, where somebody else does."""
        live = self._rooms.get(request.path_params["code"].upper())
        given = request.cookies.get(f"ld_host_{request.path_params['code'].upper()}", "")
        if live is None or not hmac.compare_digest(given.encode(), live.store.key.encode()):
            raise _Heard(403)
        if live.deleted:
            raise _Heard(410)
        return live

    def _table(self, request: Request) -> tuple[Live, int]:
        """The room, where the host asks for one of its tables, and which."""
        live = self._host(request)
        n = within(request.path_params["n"], 1, live.room.agenda.tables)
        if n is None:
            raise _Heard(404)
        return live, n

    def _who(self, request: Request, live: Live) -> str:
        cookie = request.cookies.get(f"ld_{live.room.code}", "")
        return _identity(cookie) if _ID.fullmatch(cookie) else ""

    def join_address(self, live: Live) -> str:
        """Where phones go."""
        return f"{self._address}/join/{live.room.code}"

    # -- pages

    def _page(self, face: str, live: Live, base: str, stamp: str, inside: Any) -> HTMLResponse:
        nonce = secrets.token_urlsafe(12)
        title = f"Let’s Dance · {live.room.code}"
        return HTMLResponse(faces.page(face, inside, live.room, nonce, base, stamp, title), headers={
            "Content-Security-Policy": _policy(nonce)})

    async def front(self, request: Request) -> Response:
        """Where a code is typed."""
        text = Text(_language(request, self._rooms))
        return _plain(200, text("room.front"), "", text.language, form=True)

    async def find(self, request: Request) -> Response:
        """From a typed code to its room."""
        code = request.query_params.get("code", "").strip().upper()[:8]
        if code in self._rooms:
            return RedirectResponse(f"/join/{code}", 303)
        text = Text(_language(request, self._rooms))
        return _plain(404, text("room.front"), text("room.no_code"), text.language, form=True)

    async def phone(self, request: Request) -> Response:
        """A phone's page; it gets its cookie here."""
        live = self._live(request)
        cookie = request.cookies.get(f"ld_{live.room.code}", "")
        known = bool(_ID.fullmatch(cookie))
        cookie = cookie if known else secrets.token_urlsafe(18)
        stamp, inside = self._phone_face(live, _identity(cookie))
        answer = self._page("phone", live, f"/join/{live.room.code}", stamp, inside)
        if not known:
            answer.set_cookie(f"ld_{live.room.code}", cookie, max_age=86_400, path=f"/join/{live.room.code}", httponly=True,
                              samesite="lax", secure=request.url.scheme == "https")
        return answer

    def _phone_face(self, live: Live, who: str, post: str = "", host: bool = False) -> tuple[str, Any]:
        stamp = faces.phone_stamp(live.room, live.answers, who)
        return stamp, faces.phone(live.room, live.answers, who, time.time(), secrets.token_urlsafe(9),
                                  post or f"/join/{live.room.code}/in", host)

    async def projector(self, request: Request) -> Response:
        """The page for the large screen."""
        live = self._live(request)
        stamp, inside = self._projector_face(live)
        return self._page("projector", live, f"/room/{live.room.code}", stamp, faces.Markup(inside))

    def _projector_face(self, live: Live) -> tuple[str, str]:
        return live.screen("projector", lambda: faces.projector(
            live.room, live.answers, time.time(), self.join_address(live)))

    async def host(self, request: Request) -> Response:
        """The cockpit; who comes with the key gets it as a cookie, and it goes out of the address."""
        code = request.path_params["code"].upper()
        live, key = self._rooms.get(code), request.query_params.get("key", "")
        if key and live is not None and hmac.compare_digest(key.encode(), live.store.key.encode()):
            answer = RedirectResponse(f"/host/{code}", 303)
            answer.set_cookie(f"ld_host_{code}", key, max_age=86_400, path="/host", httponly=True, samesite="lax",
                              secure=request.url.scheme == "https")
            return answer
        live = self._host(request)
        stamp, inside = self._host_face(live)
        return self._page("host", live, f"/host/{code}", stamp, faces.Markup(inside))

    def _host_face(self, live: Live) -> tuple[str, str]:
        return live.screen("host", lambda: faces.host(
            live.room, live.answers, time.time(), self.join_address(live), secrets.token_urlsafe(9)))

    async def table(self, request: Request) -> Response:
        """A table without a phone, on the host's screen."""
        live, n = self._table(request)
        base = f"/host/{live.room.code}/table/{n}"
        stamp, inside = self._phone_face(live, f"table{n}", f"{base}/in", host=True)
        return self._page("phone", live, base, stamp, inside)

    # -- news

    async def _news(self, request: Request, live: Live, who: str, face: Callable[[], tuple[str, Any]],
                    stamp_of: Callable[[], str], gather: float = 0.0) -> Response:
        """The face, when it is another than the one that the page has; nothing after a while."""
        address = (request.client.host if request.client else "")
        keys = [f"person {live.room.code} {who}", f"address {address}", "all"]
        if any(self._waiting[key] >= most for key, most in zip(keys, _WAITING, strict=True)):
            raise _Heard(429)
        self._waiting.update(keys)
        try:
            ends = time.monotonic() + _PATIENCE
            while stamp_of() == request.query_params.get("stamp", ""):
                if (left := ends - time.monotonic()) <= 0:
                    return Response(status_code=204)
                await live.news(left)
                if gather:
                    await asyncio.sleep(gather)
                if live.deleted:
                    raise _Heard(410)
            stamp, html = face()
            return JSONResponse({"stamp": stamp, "html": str(html)})
        finally:
            for key in keys:
                self._waiting[key] -= 1
                if self._waiting[key] <= 0:
                    del self._waiting[key]

    async def phone_news(self, request: Request) -> Response:
        """News for a phone."""
        live = self._live(request)
        who = self._who(request, live)
        if not who:
            raise _Heard(403)
        return await self._news(request, live, who, lambda: self._phone_face(live, who),
                                lambda: faces.phone_stamp(live.room, live.answers, who))

    async def projector_news(self, request: Request) -> Response:
        """News for the large screen."""
        live = self._live(request)
        return await self._news(request, live, f"projector {request.client.host if request.client else ''}",
                                lambda: self._projector_face(live),
                                lambda: live.stamp, _GATHER)

    async def host_news(self, request: Request) -> Response:
        """News for the host."""
        live = self._host(request)
        return await self._news(request, live, HOST, lambda: self._host_face(live),
                                lambda: live.stamp, _GATHER)

    async def table_news(self, request: Request) -> Response:
        """News for a table on the host's screen."""
        live, n = self._table(request)
        who, base = f"table{n}", f"/host/{live.room.code}/table/{n}"
        return await self._news(request, live, f"{HOST} {n}", lambda: self._phone_face(live, who, f"{base}/in", True),
                                lambda: faces.phone_stamp(live.room, live.answers, who))

    # -- inputs

    async def phone_says(self, request: Request) -> Response:
        """What a phone says."""
        live = self._live(request)
        who = self._who(request, live)
        if not who:
            raise _Heard(403, "open the page first.")
        if not self._phones(f"{live.room.code} {who}"):
            raise _Heard(429)
        return await self._said(request, live, who, _SHORT, f"/join/{live.room.code}", lambda: self._phone_face(live, who))

    async def host_says(self, request: Request) -> Response:
        """What the host says."""
        live = self._host(request)
        return await self._said(request, live, HOST, _LONG, f"/host/{live.room.code}", lambda: self._host_face(live))

    async def table_says(self, request: Request) -> Response:
        """What the host says for a table."""
        live, n = self._table(request)
        base = f"/host/{live.room.code}/table/{n}"
        return await self._said(request, live, HOST, _SHORT, base,
                                lambda: self._phone_face(live, f"table{n}", f"{base}/in", True), {"table": str(n)})

    async def _said(self, request: Request, live: Live, who: str, most: int, base: str,
                    face: Callable[[], tuple[str, Any]], more: Mapping[str, str] | None = None) -> Response:
        fields = {**await _body(request, most), **(more or {})}
        ident, kind = fields.pop("id", ""), fields.pop("kind", "")
        if not isinstance(ident, str) or not _ID.fullmatch(ident) or not isinstance(kind, str):
            raise _Heard(400)
        address = request.client.host if request.client else ""
        if kind == "join" and who not in live.room.people and not self._coming(f"{live.room.code} {address}"):
            raise _Heard(429)
        says = ""
        try:
            live.take(who, ident, kind, fields)
        except Refused as refused:
            says = Text(live.room.language).refused(refused)
        if "application/json" in request.headers.get("accept", ""):
            stamp, html = face()
            return JSONResponse({"ok": not says, "says": says, "stamp": stamp, "html": str(html)})
        if says:
            return _plain(422, live.room.code, says, live.room.language)
        return RedirectResponse(base, 303)

    async def delete(self, request: Request) -> Response:
        """The host deletes the room and everything about it."""
        live = self._host(request)
        fields = await _body(request, _SHORT)
        text = Text(live.room.language)
        if str(fields.get("code", "")).strip().upper() != live.room.code:
            return _plain(422, live.room.code, text("room.delete_not", code=live.room.code), text.language)
        live.store.delete()
        live.deleted = True
        live.changed()
        return _plain(200, live.room.code, text("room.deleted"), text.language)

    async def minutes(self, request: Request) -> Response:
        """The minutes, in one of their forms."""
        live = self._host(request)
        kind = request.path_params["kind"]
        if kind not in minutes.KINDS:
            raise _Heard(404)
        as_it_stands = copy.deepcopy(live.room)  # a thread writes them, and the room goes on meanwhile
        content, media, headers = await asyncio.to_thread(
            minutes.written, as_it_stands, live.answers, kind, live.store.began)
        if kind != "html":
            headers["Content-Disposition"] = f'attachment; filename="letsdance-{live.room.code}.{kind}"'
        return Response(content, media_type=media, headers=headers)


def _policy(nonce: str) -> str:
    return (f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src data:; "
            "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")


def _plain(status: int, title: str, says: str, language: str, form: bool = False) -> HTMLResponse:
    nonce = secrets.token_urlsafe(12)
    return HTMLResponse(faces.plain(title, says, nonce, language, form), status,
                        {"Content-Security-Policy": _policy(nonce)})


def _language(request: Request, rooms: Mapping[str, Live]) -> str:
    """The room's language where there is one room, else the browser's."""
    spoken = {live.room.language for live in rooms.values()}
    wanted = request.headers.get("accept-language", "").strip().lower()
    return spoken.pop() if len(spoken) == 1 else next((one for one in languages() if wanted.startswith(one)), ENGLISH)


_SAYS = {404: "room.not_here", 403: "room.not_yours", 410: "room.gone", 429: "room.too_fast", 413: "room.too_much"}


def made(rooms: Mapping[str, Live], hosts: Hosts, address: str,
         began: Callable[[], Awaitable[None]] | None = None) -> Door:
    """The server of some rooms, by their codes. address: how phones reach it, such as http://192.168.1.20:8770."""
    pages = Pages(rooms, address)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        for live in rooms.values():
            live.start()
        task = asyncio.ensure_future(began()) if began else None
        yield
        if task:
            task.cancel()

    async def heard(request: Request, error: Exception) -> Response:
        assert isinstance(error, _Heard)
        text = Text(_language(request, rooms))
        says = text(_SAYS[error.status]) if error.status in _SAYS else text("room.not_so")
        headers = {"Retry-After": "1"} if error.status == 429 else {}
        if "application/json" in request.headers.get("accept", "") or request.url.path.endswith("/now"):
            return JSONResponse({"ok": False, "says": says}, error.status, headers)
        answer = _plain(error.status, text("room.front"), says, text.language, form=error.status == 404)
        answer.headers.update(headers)
        return answer

    async def missing(request: Request, error: Exception) -> Response:
        status = getattr(error, "status_code", 404)
        return await heard(request, _Heard(404)) if status == 404 else PlainTextResponse("", status)

    async def ready(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    routes = [
        Route("/", pages.front), Route("/readyz", ready), Route("/join", pages.find),
        Route("/join/{code}", pages.phone), Route("/join/{code}/now", pages.phone_news),
        Route("/join/{code}/in", pages.phone_says, methods=["POST"]),
        Route("/room/{code}", pages.projector), Route("/room/{code}/now", pages.projector_news),
        Route("/host/{code}", pages.host), Route("/host/{code}/now", pages.host_news),
        Route("/host/{code}/in", pages.host_says, methods=["POST"]),
        Route("/host/{code}/delete", pages.delete, methods=["POST"]),
        Route("/host/{code}/minutes.{kind}", pages.minutes),
        Route("/host/{code}/table/{n}", pages.table), Route("/host/{code}/table/{n}/now", pages.table_news),
        Route("/host/{code}/table/{n}/in", pages.table_says, methods=["POST"]),
    ]
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers={_Heard: heard, 404: missing, 405: missing})
    return Door(app, hosts)

