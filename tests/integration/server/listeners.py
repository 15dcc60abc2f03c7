"""Those whom alarms reach: an HTTP receiver and a mail server, on ports of their own."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest


@dataclass
class Heard:
    """An HTTP receiver: what it was sent, and what it answers."""

    status: int = 204
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""
    called: threading.Event = field(default_factory=threading.Event)

    def told(self) -> list[tuple[str, str]]:
        """(event, text) of each alarm."""
        bodies = [json.loads(body) for _, body in self.calls]
        return [(one["type"].removeprefix("alarm."), one["data"]["text"]) for one in bodies]


def patient(patch: pytest.MonkeyPatch) -> None:
    """A busy machine shall not look like a receiver that does not answer."""
    for module in ("posting", "mail"):
        patch.setattr(f"sdsync.server.{module}.TIMEOUT_S", 120.0)


@contextmanager
def receiving() -> Iterator[Heard]:
    """Listens until the block ends."""
    heard = Heard()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            heard.calls.append((headers, self.rfile.read(length)))
            self.send_response(heard.status)
            self.send_header("location", "http://127.0.0.1:1/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()
            heard.called.set()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own word
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        heard.url = f"http://127.0.0.1:{server.server_port}/hook"
        yield heard
        server.shutdown()
        thread.join()


@dataclass
class Mailbox:
    """A mail server that keeps what it is sent; ``refused`` readers are not taken."""

    letters: list[EmailMessage] = field(default_factory=list)
    readers: list[list[str]] = field(default_factory=list)
    refused: Sequence[str] = ()
    port: int = 0


@contextmanager
def mailing() -> Iterator[Mailbox]:
    """Listens until the block ends."""
    box = Mailbox()

    class Handler(socketserver.StreamRequestHandler):
        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

        def handle(self) -> None:
            self.say("220 mail.test")
            readers: list[str] = []
            while line := self.rfile.readline().decode().strip():
                word, _, rest = line.partition(" ")
                match word.upper():
                    case "DATA":
                        self.say("354 go on")
                        self.take(readers)
                    case "RCPT":
                        reader = rest.partition("<")[2].partition(">")[0]
                        refused = reader in box.refused
                        readers += [] if refused else [reader]
                        self.say("550 nobody" if refused else "250 ok")
                    case "QUIT":
                        self.say("221 bye")
                        return
                    case _:
                        self.say("250 ok")

        def take(self, readers: list[str]) -> None:
            lines = []
            while (line := self.rfile.readline()) not in (b".\r\n", b""):
                lines.append(line)
            letter = message_from_bytes(b"".join(lines), policy=policy.default)
            assert isinstance(letter, EmailMessage)
            box.letters.append(letter)
            box.readers.append(list(readers))
            self.say("250 taken")

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        box.port = server.server_address[1]
        yield box
        server.shutdown()
        thread.join()
