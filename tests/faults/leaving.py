"""What leaves: to whom a connection is made, and what stands in its lines."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest.mock import patch

import httpx

from sdsync.connectors.failures import Rejected
from sdsync.connectors.http import Http
from sdsync.testing.misbehaving import Watching, whole
from tests.faults.frame import Trial, fault

STATUSES = (200, 201, 202, 301, 302, 303, 307, 308, 401, 407, 503)
PROXIES = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
OURS = "https://desk.example.org/rt"
_HOSTS = (
    "127.0.0.1", "127.1", "0177.0.0.1", "0x7f.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]",
    "169.254.169.254", "[fd00:ec2::254]", "10.0.0.1", "192.168.0.1", "172.16.0.1", "100.64.0.1",
    "0.0.0.0", "localhost", "localhost.", "evil.example.net", "desk.example.org.evil.example.net",
    "desk.example.org@evil.example.net", "xn--dsk-hoa.example.org", "ⓓesk.example.org",
)  # fmt: skip
_FORMS = (
    "http://{0}/", "https://{0}/", "//{0}/", "///{0}", "/\\{0}/", "\\\\{0}\\", "/..//{0}/",
    "/a/../..//{0}", "{0}", "/@{0}", "/a?u=http://{0}", "/a#@{0}", "/%2e%2e/{0}\r\nHost: {0}",
    "http:{0}", "/\thttp://{0}", "file://{0}/etc/passwd", "gopher://{0}:70/_x",
)  # fmt: skip


def _ways() -> Iterator[str]:
    for host in _HOSTS:
        for form in _FORMS:
            yield form.format(host)


@fault("S8", "paths, redirects, proxies that lead elsewhere: no socket leaves the system's origin")
def elsewhere(trial: Trial) -> None:
    ways = list(_ways())
    with _server(trial, ways) as ours, _server(trial, ways) as sink, _asked() as asked:
        origin, stranger = (f"http://127.0.0.1:{one.server_port}" for one in (ours, sink))
        with patch.dict(os.environ, dict.fromkeys(PROXIES, stranger)):
            _lead_away(trial, origin, [*ways, stranger, f"//127.0.0.1:{sink.server_port}/"])
        allowed = {("127.0.0.1", ours.server_port)}
        strangers = set(asked) - allowed
        trial.count("asked of the system's origin", len(ours.seen))
        trial.count("connections and names asked for", len(asked))
        trial.count("of others", len(strangers))
        trial.must(ours.seen, "nothing was asked at all")
        trial.must(not strangers, f"it asked for {sorted(strangers, key=str)}")
        trial.must(not sink.seen, f"a stranger was asked: {sink.seen[:3]}")
    for host in _HOSTS:  # nor is it an address that hides another
        for url in (
            f"http://user:pass@{host}",
            f"ftp://{host}",
            f"http://{host}?x",
            f"http://{host}#x",
        ):
            trial.count("addresses")
            try:
                Http(url)
            except ValueError:
                continue
            trial.must(False, f"{url} was taken as an address")


def _lead_away(trial: Trial, origin: str, ways: list[str]) -> None:
    """Each as a path, and as what an answer says of where to go on."""
    client = Http(origin, credential=("Authorization", lambda: "canary"))
    with contextlib.closing(client):
        for way in ways:
            trial.count("ways")
            answer = client.call("GET", way)
            trial.count("refused unsent", isinstance(answer, Rejected))
            client.call("POST", "/next", json={"to": way})


class _Server(ThreadingHTTPServer):
    """A product whose every answer says that it is to be had elsewhere."""

    daemon_threads = True

    def __init__(self, trial: Trial, ways: list[str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.dice, self.ways = trial.dice, ways
        self.seen: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        assert isinstance(self.server, _Server)
        self.rfile.read(int(self.headers["content-length"] or 0))
        self.server.seen.append(self.path)
        to = self.server.dice.choice(self.server.ways).encode("ascii", "ignore").decode()
        clean = "".join(one for one in to if one.isprintable())
        self.send_response(self.server.dice.choice(STATUSES))
        for name in ("Location", "Content-Location", "Link", "Alt-Svc"):
            self.send_header(name, clean)
        self.send_header("Refresh", f"0; url={clean}")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_POST = do_GET  # noqa: N815 - their names are http.server's

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's
        """Said to nobody."""


@contextlib.contextmanager
def _server(trial: Trial, ways: list[str]) -> Iterator[_Server]:
    with _Server(trial, ways) as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield made
        made.shutdown()
        thread.join(10)


class _Watched(threading.local):
    """What this thread asks sockets for, while somebody looks."""

    asked: list[object] | None = None


_watched = _Watched()


def _hear(event: str, args: tuple[object, ...]) -> None:
    if _watched.asked is None:
        return
    match event, args:
        case ("socket.connect" | "socket.sendto", (_, (host, port, *_))):
            _watched.asked.append((host, port))
        case ("socket.getaddrinfo", (host, port, *_)):
            _watched.asked.append((host, port))
        case ("socket.connect" | "socket.sendto" | "socket.gethostbyname", _):
            _watched.asked.append(args[-1])
        case _:
            return


@functools.cache
def _hook() -> None:
    """For good: Python takes none back."""
    sys.addaudithook(_hear)


@contextlib.contextmanager
def _asked() -> Iterator[list[object]]:
    """To whom this thread connects, and the names that it looks up."""
    _hook()
    _watched.asked = asked = list[object]()
    try:
        yield asked
    finally:
        _watched.asked = None


@fault("S9", "line ends and control characters in every value: none becomes a line of a request")
def injected(trial: Trial) -> None:
    seen: list[httpx.Request] = []

    def keep(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return whole(b"{}")

    client = Http(OURS, transport=Watching(keep))
    marks = ("\r\n", "\n", "\r", "\0", "\x0b", "\u2028", "\x85", "%0d%0a", "\r\n\r\n", " ", "\t")
    for number in range(trial.of(2000, 100_000)):
        evil = f"a{trial.dice.choice(marks)}X-Injected: {number}{trial.dice.choice(marks)}"
        match number % 4:
            case 0:
                client.call("PUT", "/x", headers={"If-Match": evil})
            case 1:
                client.call("GET", f"/{evil}")
            case 2:
                client.call("GET", "/x", params={evil: evil})
            case 3:
                client.call("POST", "/x", json={evil: evil})
        trial.count("values")
    trial.count("sent", len(seen))
    for one in seen:
        head = [one.url.raw_path, *(part for pair in one.headers.raw for part in pair)]
        bad = [part for part in head if any(byte < 32 or byte == 127 for byte in part)]
        trial.must(not bad, f"a raw line end left: {bad[:1]}")
        trial.must("x-injected" not in one.headers, "a header was injected")
