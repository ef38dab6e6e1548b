"""A stranger at the server: foreign pages, foreign names, raw messages, other people's sessions; and a proxy between."""

from __future__ import annotations

import http.client
import json
import threading
import time
import uuid
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

import pytest
from benchmarks import people
from browser import browser_type_launch_args, dashboard, drawn  # noqa: F401  (fixtures)
from hypothesis import given
from hypothesis import strategies as some
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from letsdance.dashboards import guard
from letsdance.dashboards.app import PAGES
from letsdance.params import Refused
from letsdance.words import Text, languages

#: A callable that leaves a trace and harms nobody: what a stranger would have the server import and call.
HARMLESS = (
    "from pathlib import Path\n\n\ndef touch(path, model_id=''):\n    Path(path).write_text('called')\n    return None\n"
)


def get(url: str, path: str, method: str = "GET", **headers: str):
    """An answer to a raw request, `Host` and path as they are said."""
    host, _, port = url.removeprefix("http://").partition(":")
    line = http.client.HTTPConnection(host, int(port), timeout=30)
    line.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
    for name, value in headers.items():
        line.putheader(name.replace("_", "-"), value)
    line.endheaders()
    answer = line.getresponse()
    answer.text = answer.read().decode("utf-8", "replace")
    line.close()
    return answer


class Guest:
    """A client that speaks to a kernel without a browser: what it likes, as it likes."""

    def __init__(
        self,
        url: str,
        origin: str | None = None,
        session: str | None = None,
        kernel: str | None = None,
        page: str | None = None,
        path: str | None = None,
        cookie: bool = True,
        host: str | None = None,
    ) -> None:
        self.url, self.session, self.kernel, self.page = (
            url,
            session or str(uuid.uuid4()),
            kernel or str(uuid.uuid4()),
            page or str(uuid.uuid4()),
        )
        address = (
            url.replace("http", "ws")
            + (path or f"/jupyter/api/kernels/{self.kernel}/channels")
            + (f"?session_id={self.page}")
        )
        headers = {"Cookie": f"solara-session-id={self.session}"} if cookie else {}
        self.socket = connect(
            address,
            origin=url if origin is None else origin or None,
            additional_headers=headers,
            max_size=None,
            **({"host": host} if host else {}),
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def say(self, kind: str, content: dict, **more) -> str:
        """Send a message of the kernel's protocol; its id."""
        said = people.message(kind, content, self.page)
        self.socket.send(json.dumps(said | more))
        return said["header"]["msg_id"]

    def hear(self, kind: str, seconds: float = 30.0, **data):
        """The next message of a kind whose data has these values."""
        until = time.monotonic() + seconds
        while True:
            message = json.loads(self.socket.recv(max(0.01, until - time.monotonic())))
            told = message["content"].get("data", {})
            if message["msg_type"] == kind and all(told.get(name) == value for name, value in data.items()):
                return message

    def begin(self, path: str = "/") -> dict[str, dict]:
        """Open a page as a browser does; its widgets: model id -> what was told when it opened."""
        self.control = str(uuid.uuid4())
        self.say("comm_open", {"comm_id": self.control, "target_name": "solara.control", "data": {}})
        self.say("comm_msg", {"comm_id": self.control, "data": people.run(path)})
        self.widgets: dict[str, dict] = {}
        while True:
            message = json.loads(self.socket.recv(60))
            content = message["content"]
            if message["msg_type"] == "comm_open":
                self.widgets[content["comm_id"]] = content["data"]["state"]
            if content.get("data", {}).get("method") == "finished":
                return self.widgets

    def shell(self) -> str:
        """The model id of the bar, which declares `go`, `look`, `opened`, ..."""
        return next(name for name, state in self.widgets.items() if "file_wanted" in state.get("events", []))

    def event(self, model: str, **content) -> str:
        """An event of a component."""
        return self.say("comm_msg", {"comm_id": model, "data": {"method": "custom", "content": content}})


@pytest.fixture(scope="module")
def attacked(tmp_path_factory, request):
    """A dashboard whose process could import `harmless`; (server, folder)."""
    folder = tmp_path_factory.mktemp("attacked")
    folder.joinpath("harmless.py").write_text(HARMLESS)
    patch = pytest.MonkeyPatch()
    patch.setenv("PYTHONPATH", str(folder))
    server = dashboard(folder / "log.txt")
    patch.undo()
    yield server, folder
    server.stop()
    assert "Traceback" not in server.log.read_text(), server.log.read_text()


def logged(server, words: str, seconds: float = 20.0) -> bool:
    """Whether the log comes to say something."""
    until = time.monotonic() + seconds
    while words not in server.log.read_text():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def status(url: str, **how) -> int:
    """What a websocket is answered: 101 where it opens."""
    try:
        Guest(url, **how).socket.close()
    except InvalidStatus as refused:
        return refused.response.status_code
    return 101


# ---------------------------------------------------------------- messages


def test_upstream_still_calls_what_an_event_names(tmp_path, monkeypatch):
    """Why messages are chosen here at all: SECURITY.md says it; where this fails, upstream mended it."""
    from ipyvue import VueTemplate

    tmp_path.joinpath("harmless.py").write_text(HARMLESS)
    monkeypatch.syspath_prepend(tmp_path)
    trace = tmp_path / "trace"
    VueTemplate._handle_event(
        VueTemplate(template=""),
        None,
        {"create_widget": ["harmless", "touch"], "props": {"path": str(trace)}, "id": "1"},
        [],
    )
    assert trace.read_text() == "called"


#: What a component does not declare: content of a custom message, from `call` (module, callable, properties) and a model.
UNDECLARED = {
    "create_widget": lambda call, _: {"create_widget": call[:2], "props": call[2], "id": "1"},
    "create beside an event": lambda call, _: {
        "event": "go",
        "data": "explore",
        "create_widget": call[:2],
        "props": call[2],
        "id": "1",
    },
    "function reference": lambda call, model: {
        "update_ref": {"functionRef": "close", "args": []},
        "prop": "page",
        "id": model,
    },
    "object reference": lambda call, model: {"update_ref": {"objectRef": "__class__"}, "prop": "page", "id": model},
    "destroy_widget": lambda call, _: {"destroy_widget": "1"},
    "an event of nobody": lambda call, _: {"event": "nobody", "data": 1},
    "an event of another": lambda call, _: {"event": "chosen", "data": "explore"},
    "a method": lambda call, _: {"event": "_handle_event", "data": 1},
    "no text": lambda call, _: {"event": ["go"], "data": 1},
    "nothing": lambda call, _: {},
    "data of another type": lambda call, _: {"event": "go", "data": {"a": 1}},
    "an event without data": lambda call, _: {"event": "go"},
}


def test_what_no_component_declares_is_refused_and_logged(attacked):
    server, folder = attacked
    trace = folder / "trace"
    call = ["harmless", "touch", {"path": str(trace)}]
    with Guest(server.url) as guest:
        guest.begin()
        bar = guest.shell()
        for what, made in UNDECLARED.items():
            before = server.log.read_text().count("refused from")
            for model in (bar, next(iter(guest.widgets))):
                guest.event(model, **made(call, bar))
            until = time.monotonic() + 20
            while server.log.read_text().count("refused from") < before + 2:
                assert time.monotonic() < until, f"{what} is not in the log"
                time.sleep(0.02)
        guest.event(bar, event="go", data="compare")  # what is declared goes on being heard, on the same socket
        assert guest.hear("comm_msg", method="update")
        guest.event(bar, event="look", data={"language": "nl"})
        while guest.hear("comm_msg", method="update")["content"]["data"]["state"].get("language") != "nl":
            pass
    assert not trace.exists()
    assert "create_widget" in server.log.read_text()


def test_every_other_message_of_the_protocol_is_refused(attacked):
    server, _ = attacked
    with Guest(server.url) as guest:
        guest.begin()
        bar, new = guest.shell(), "deadbeef" * 4
        html = {
            "_model_module": "@jupyter-widgets/controls",
            "_model_module_version": "2.0.0",
            "_model_name": "HTMLModel",
            "_view_module": "@jupyter-widgets/controls",
            "_view_module_version": "2.0.0",
            "_view_name": "HTMLView",
        }
        told = [
            ("execute_request", {"code": "1"}, {}),
            ("shutdown_request", {"restart": False}, {"channel": "control"}),
            ("shutdown_request", {"restart": False}, {}),
            ("interrupt_request", {}, {}),
            ("comm_info_request", {}, {}),
            ("complete_request", {"code": "os.", "cursor_pos": 3}, {}),
            ("input_reply", {"value": "1"}, {"channel": "stdin"}),
            ("comm_open", {"comm_id": new, "target_name": "jupyter.widget", "data": {"state": html}}, {}),
            ("comm_open", {"comm_id": new, "target_name": "os.system", "data": {}}, {}),
            ("comm_close", {"comm_id": bar, "data": {}}, {}),
            ("comm_msg", {"comm_id": bar, "data": {"method": "request_state"}}, {}),
            ("comm_msg", {"comm_id": bar, "data": {"method": "update", "state": {"page": "data"}}}, {}),
            ("comm_msg", {"comm_id": bar, "data": {"method": "update", "state": {"template": "x", "layout": None}}}, {}),
            (
                "comm_msg",
                {"comm_id": bar, "data": {"method": "update", "state": {"events": ["x"]}, "buffer_paths": [["a"]]}},
                {},
            ),
            ("comm_msg", {"comm_id": bar, "data": {"method": "custom", "content": {"event": "go"}}}, {"buffers": ["x"]}),
            ("comm_msg", {"comm_id": guest.control, "data": {"method": "reload"}}, {}),
            ("comm_msg", {"comm_id": guest.control, "data": {"method": "evict"}}, {}),
            ("comm_msg", {"comm_id": guest.control, "data": {"method": "run", "args": {"path": "/", "appName": "os"}}}, {}),
            (
                "comm_msg",
                {
                    "comm_id": guest.control,
                    "data": {"method": "run", "args": {"path": "/", "dark": True, "themes": {"__class__": {}}}},
                },
                {},
            ),
            (
                "comm_msg",
                {
                    "comm_id": guest.control,
                    "data": {"method": "run", "args": {"path": "/", "dark": True, "themes": {"light": {"close": "#fff"}}}},
                },
                {},
            ),
        ]
        before = server.log.read_text().count("refused from")
        for kind, content, more in told:
            guest.say(kind, content, **more)
        for junk in ("", "{", "[]", "null", "[" * 5000, "{}", '{"header": 1, "content": 2}'):
            guest.socket.send(junk)
        guest.socket.send(b"\x00\x00\x00\x01\x00\x00\x00\x08{}")
        guest.event(bar, event="look", data={"theme": "dark"})
        guest.hear("comm_msg", method="update")
        assert server.log.read_text().count("refused from") - before == len(told) + 8


@given(
    some.recursive(
        some.none() | some.booleans() | some.integers() | some.text(max_size=8) | some.floats(),
        lambda inner: (
            some.lists(inner, max_size=4)
            | some.dictionaries(
                some.sampled_from(
                    [
                        "header",
                        "content",
                        "msg_type",
                        "msg_id",
                        "channel",
                        "metadata",
                        "parent_header",
                        "data",
                        "comm_id",
                        "method",
                        "state",
                        "buffers",
                    ]
                )
                | some.text(max_size=5),
                inner,
                max_size=8,
            )
        ),
        max_leaves=30,
    )
)
def test_any_json_is_judged_without_an_error(message):
    assert guard.refusal(json.dumps(message), "no-kernel")


def test_who_sends_nothing_else_is_cut_off(attacked):
    server, _ = attacked
    with Guest(server.url) as guest:
        guest.begin()
        for _ in range(guard._PATIENCE + 1):
            guest.say("execute_request", {"code": "1"})
        for _ in guest.socket:  # ends when the socket is closed
            pass


def test_how_everything_stands_is_told_to_who_asks(attacked):
    """The library keeps one channel for all sessions; the states of one person went to whoever opened it last."""
    server, _ = attacked

    def opened(guest) -> str:
        channel = str(uuid.uuid4())
        guest.say("comm_open", {"comm_id": channel, "target_name": "jupyter.widget.control", "data": {}})
        return channel

    with Guest(server.url) as first, Guest(server.url) as second:
        own = {guest: set(guest.begin()) for guest in (first, second)}
        one, _ = opened(first), opened(second)
        first.say("comm_msg", {"comm_id": one, "data": {"method": "request_states"}})
        told = set(first.hear("comm_msg", method="update_states")["content"]["data"]["states"])
        assert told & own[first]
        assert not told & own[second]
        with pytest.raises(TimeoutError):
            second.hear("comm_msg", seconds=1.0, method="update_states")


def test_one_page_more_than_may_be_open_is_told_so(tmp_path):
    server = dashboard(tmp_path / "log.txt", "--pages", "2")
    try:
        with Guest(server.url) as first, Guest(server.url) as second:
            for one in (first, second):
                one.begin()
            assert status(server.url) == 403
            answer = get(server.url, "/explore", Accept_Language="nl")
            assert answer.status == 503
            assert answer.text.index("geen plaats") < answer.text.index("There is no room for one more page")
            assert status(server.url, kernel=first.kernel, session=first.session, page=first.page) == 101  # it comes back
            assert logged(server, "a page more than 2")
            path = f"/_solara/api/close/{second.kernel}?session_id={second.page}"
            closed = get(server.url, path, "POST", Origin=server.url, Cookie=f"solara-session-id={second.session}")
            assert closed.status == 200
            until = time.monotonic() + 20
            while get(server.url, "/explore").status != 200 and time.monotonic() < until:
                time.sleep(0.1)
            assert status(server.url) == 101
    finally:
        server.stop()


# ---------------------------------------------------------------- who may come in


def test_a_socket_of_another_origin_or_nobody_is_refused(attacked):
    url = attacked[0].url
    port = url.rpartition(":")[2]
    assert status(url) == 101
    for origin in (
        "",
        "null",
        "http://evil.example",
        f"http://localhost:{port}",
        "http://127.0.0.1",
        "http://127.0.0.1:1",
        f"http://127.0.0.1.evil.example:{port}",
        f"http://evil.example@127.0.0.1:{port}",
        "file://",
        f"{url}/",
        f"http://127.0.0.1:{port}0",
    ):
        assert status(url, origin=origin) == 403, origin
    assert logged(attacked[0], "http://evil.example")


@pytest.mark.parametrize(
    "how",
    [
        {"cookie": False},
        {"session": "short"},
        {"session": "x" * 65},
        {"session": "a b c d e f g h"},
        {"kernel": "short"},
        {"kernel": "a/b/c/d/e/f/g"},
        {"page": "1"},
        {"page": "aaaaaaaa&session_id=bbbbbbbb"},
        {"path": "/"},
        {"path": "/jupyter"},
        {"path": "/jupyter/api/kernels/aaaaaaaaaaaaaaaa/control"},
        {"path": "/jupyter/api/kernels/aaaaaaaaaaaaaaaa/stdin"},
    ],
    ids=str,
)
def test_a_socket_without_a_session_or_elsewhere_is_refused(attacked, how):
    assert status(attacked[0].url, **how) in (403, 404)


def test_a_session_belongs_to_its_cookie(attacked):
    url = attacked[0].url
    with Guest(url) as mine:
        mine.begin()
        assert status(url, kernel=mine.kernel) == 403
        assert status(url, kernel=mine.kernel, session=mine.session) == 101
        close = f"/_solara/api/close/{mine.kernel}"
        own, other = f"solara-session-id={mine.session}", f"solara-session-id={uuid.uuid4()}"
        wanted = [
            (f"{close}?session_id={mine.page}", other, 403),
            (f"{close}?session_id={mine.page}", "", 403),
            (close, own, 400),
            (f"{close}?session_id={uuid.uuid4()}", own, 404),
            (f"{close}?session_id={mine.page}", "solara-session-id=;=;", 403),
            (f"/_solara/api/close/{uuid.uuid4()}?session_id={mine.page}", own, 404),
            (f"/_solara/api/close/x?session_id={mine.page}", own, 400),
        ]
        for path, cookie, code in wanted:
            assert get(url, path, "POST", Cookie=cookie, Content_Length="0").status == code, (path, cookie)
        assert (
            get(
                url, f"{close}?session_id={mine.page}", "POST", Cookie=own, Content_Length="0", Origin="http://evil.example"
            ).status
            == 403
        )
        assert get(url, f"{close}?session_id={mine.page}", "GET", Cookie=own).status == 405
        mine.event(mine.shell(), event="look", data={"theme": "dark"})  # all this closed nothing
        mine.hear("comm_msg", method="update")
        assert get(url, f"{close}?session_id={mine.page}", "POST", Cookie=own, Content_Length="0").status == 200
        assert status(url, kernel=mine.kernel, session=mine.session, page=mine.page) in (403, 101)


def test_a_name_that_is_not_served_is_refused(attacked):
    url = attacked[0].url
    port = url.rpartition(":")[2]
    for host in (
        "evil.example",
        f"evil.example:{port}",
        "127.0.0.1.evil.example",
        "",
        "localhost.evil",
        "a@127.0.0.1",
        "127.0.0.1:x",
        "192.168.1.77",
        "[::2]",
        "0.0.0.0",
        "127.0.0.1 evil",
        "localhost/evil",
    ):
        for path in ("/", "/readyz", "/static/assets/custom.css", "/resourcez"):
            assert get(url, path, Host=host).status in (400, 421), (host, path)
    for host in ("localhost", f"localhost:{port}", "127.0.0.1", "127.0.0.1:1", "[::1]", "LOCALHOST.", "127.0.0.2"):
        assert get(url, "/readyz", Host=host).status == 200, host
    assert logged(attacked[0], "evil.example")


def test_which_names_are_served():
    import socket

    name = socket.gethostname().lower()
    for host, allowed, known, strange in (
        (
            "127.0.0.1",
            (),
            {"localhost", "127.0.0.1", "::1", "::ffff:127.0.0.1"},
            {name if name != "localhost" else "x", "10.0.0.5"},
        ),
        ("0.0.0.0", (), {"localhost", name, f"{name.partition('.')[0]}.local"}, {"evil.example", "10.0.0.5", "0.0.0.0"}),
        ("10.0.0.5", (), {"localhost", "10.0.0.5", "::ffff:10.0.0.5"}, {"10.0.0.6", "evil.example"}),
        (
            "laptop",
            ("Dance.Example.org", "10.1.1.1:80", "fe80::1"),
            {"laptop", "dance.example.org", "10.1.1.1", "fe80::1"},
            {"example.org", "x.dance.example.org", "10.1.1.2"},
        ),
    ):
        hosts = guard.Hosts(host, allowed)
        assert all(hosts.serves(one) for one in known), (host, known)
        assert not any(hosts.serves(one) for one in strange), (host, strange)
    assert guard.Hosts("0.0.0.0").serves("10.0.0.5", came_in_on="10.0.0.5")
    assert not guard.Hosts("0.0.0.0").serves("10.0.0.6", came_in_on="10.0.0.5")
    for wrong in ("*", "http://dance.example.org", "a b", "", "dance/"):
        with pytest.raises(Refused, match="--allow-host must be a name"):
            guard.Hosts("localhost", [wrong])


@pytest.mark.parametrize(
    "path",
    [
        "/resourcez/x",
        "/static/public/x",
        "/static/../app.py",
        "/static/assets/../app.py",
        "/static/assets/%2e%2e/app.py",
        "/static/assets/..%2fapp.py",
        "/jupyter/nbextensions/../x",
        "/jupyter/nbextensions/jupyter-vue/../../x",
        "/_solara/cdn/../../x",
        "/_solara/api/evict/aaaaaaaaaaaa",
        "/_solara/api/close",
        "/_solara/auth/login",
        "/jupyter/api/kernels/aaaaaaaaaaaa",
        "/nosuch",
        "/explore/more",
        "//explore",
        "/favicon.ico",
        "/.env",
        "/static",
        "/static/main.js",
    ],
)
def test_an_unknown_page_says_so_in_both_languages(attacked, path):
    for header, first in (("en-GB,en", "en"), ("nl-BE,nl;q=0.9", "nl")):
        answer = get(attacked[0].url, path, Accept_Language=header)
        assert answer.status == 404
        assert f'<html lang="{first}">' in answer.text
        assert "There is no such page here" in answer.text
        assert "Deze pagina is er niet" in answer.text
        assert "script" not in answer.text
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("typed", "leads", "language"),
    [("/futures", "/", ""), ("/Futures/", "/", ""), ("/four%20futures", None, ""), ("/toekomsten", "/", "nl"),
     ("/Zuk%C3%BCnfte", "/", "de"), ("/zukunfte", "/", "de"), ("/zukuenfte", "/", "de"), ("/avenirs", "/", "fr"),
     ("/Late-Adopters", "/late_adopters", ""), ("/lateadopters", "/late_adopters", ""), ("/le%C3%A7ons", "/lessons", "fr"),
     ("/lecons", "/lessons", "fr"), ("/donnees", "/data", "fr"), ("/MAP", "/map", "")],
)
def test_a_page_is_found_under_the_name_that_a_person_types(attacked, typed, leads, language):
    answer = get(attacked[0].url, f"{typed}?seed=3")
    if leads is None:
        assert answer.status == 404
        return
    assert (answer.status, answer.headers["location"]) == (302, f"{leads}?seed=3" + (f"&lang={language}" * bool(language)))


def test_every_page_is_found_under_its_title_in_every_language(attacked):
    for one in languages():
        for k, name in enumerate(PAGES):
            title = Text(one)(f"page.{name}").replace(" ", "-").upper()
            answer = get(attacked[0].url, f"/{quote(title)}", Accept_Language=one)
            assert answer.status == 302, (one, name)
            assert answer.headers["location"].split("?")[0] == (f"/{name}" if k else "/")


def test_an_unknown_address_offers_every_page(attacked):
    said = get(attacked[0].url, "/nosuch", Accept_Language="de").text
    for k, name in enumerate(PAGES):
        assert f'href="/{name if k else ""}?lang=de">{Text("de")(f"page.{name}")}</a>' in said


def test_how_the_server_is_doing_is_told_at_home_only(attacked):
    url = attacked[0].url
    assert get(url, "/resourcez").status == 200
    for headers in ({"X_Forwarded_For": "10.0.0.9"}, {"Via": "1.1 proxy"}, {"Forwarded": "for=10.0.0.9"}):
        assert get(url, "/resourcez", **headers).status == 404


def test_every_answer_keeps_other_sites_and_scripts_out(attacked):
    url = attacked[0].url
    for path in (
        "/",
        "/explore",
        "/nosuch",
        "/readyz",
        "/static/assets/custom.css",
        "/static/main-vuetify.js",
        "/resourcez",
    ):
        headers = get(url, path).headers
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["X-Frame-Options"] == "DENY", path
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin", path
        assert path in ("/", "/explore") or headers["Set-Cookie"] is None, path
    page = get(url, "/explore")
    assert "<h1>Let’s Dance</h1>" in page.text  # while it loads, where the library says "Loading app"
    policy = dict(part.strip().partition(" ")[::2] for part in page.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe-inline" not in policy["script-src"]
    assert "http:" not in policy["script-src"]
    cookies = page.headers.get_all("Set-Cookie")
    assert len(cookies) == 1
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= {part.strip() for part in cookies[0].split(";")}
    assert "Secure" in get(url, "/", X_Forwarded_Proto="https").headers["Set-Cookie"]
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"):
        assert get(url, "/", method, Content_Length="0").status == 405, method


def test_a_stranger_cannot_say_where_the_scripts_are(attacked):
    """Solara believes Script-Name of the first request, for everybody."""
    page = get(
        attacked[0].url,
        "/",
        Script_Name="//evil.example",
        X_Script_Name="//evil.example",
        X_Forwarded_Host="evil.example",
        X_Forwarded_Prefix="/evil",
    )
    assert page.status == 200
    assert "evil" not in page.text
    assert "evil" not in get(attacked[0].url, "/").text


# ---------------------------------------------------------------- a real browser


@contextmanager
def another_site(body: str):
    """A page on another port of this machine: another origin."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_):
            pass

    site = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{site.server_port}"
    finally:
        site.shutdown()
        site.server_close()


#: Open a socket to the dashboard; if it opens, have the harmless callable called. Resolves to what became of it.
ATTACK = """([url, id]) => new Promise((done) => {
    const socket = new WebSocket(url.replace('http', 'ws') + `/jupyter/api/kernels/${id}/channels?session_id=${id}`);
    socket.onopen = () => done('open');
    socket.onerror = () => done('refused');
})"""


def test_a_page_of_another_site_reaches_nothing(attacked, browser):
    server, _ = attacked
    with another_site("<h1>Another site</h1>") as site:
        context = browser.new_context()
        page = context.new_page()
        page.goto(server.url)  # the cookie is there, as in a browser in which the dashboard is open
        drawn(page)
        assert page.evaluate(ATTACK, [server.url, str(uuid.uuid4())]) == "open"
        assert page.evaluate("document.cookie") == ""
        page.goto(site)
        assert page.evaluate(ATTACK, [server.url, str(uuid.uuid4())]) == "refused"
        assert (
            page.evaluate("url => fetch(url, {credentials: 'include'}).then(() => 'read', () => 'refused')", server.url)
            == "refused"
        )
        page.evaluate(
            """url => new Promise((done) => { const frame = document.createElement('iframe');
            frame.src = url; frame.onload = done; document.body.append(frame); })""",
            server.url,
        )
        assert not [frame for frame in page.frames if frame.url.startswith(server.url)], "it stands in a frame"
        context.close()
    assert logged(server, f"a socket from the origin '{site}'")


INTO = """() => { const one = document.createElement('div');
    one.innerHTML = '<img src=x onerror="window.ran = 1">';
    document.body.append(one);
    const script = document.createElement('script');
    script.textContent = 'window.ran = 2';
    document.body.append(script); }"""


@pytest.mark.parametrize("without", [False, True])
def test_a_page_runs_no_script_that_was_put_into_it(attacked, browser, without):
    context = browser.new_context(bypass_csp=without)
    page = context.new_page()
    page.goto(attacked[0].url)
    drawn(page)
    page.evaluate(INTO)
    page.wait_for_timeout(500)
    assert bool(page.evaluate("window.ran")) == without  # it is the policy that keeps it from running
    context.close()
