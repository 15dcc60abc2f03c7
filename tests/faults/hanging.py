"""Products that never end an answer: how long a call to one of them lasts."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

from sdsync.connectors.http import Http
from sdsync.connectors.replies import Reply
from tests.faults.frame import Trial

EVERY_S = 0.05
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n"
#: How it hangs -> what it says at once, and what of again and again.
WAYS = {
    "silent": (b"", b""), "head": (HEAD, b"x: y\r\n"), "body": (HEAD + b"\r\n[", b"1,"),
    "half": (HEAD + b"\r\n[1,2", b""),
}  # fmt: skip


def cut_at_the_limit(trial: Trial) -> None:
    """Each call ends at its deadline: not long after, and not before."""
    limit_s = trial.of(1, 5)
    worst = 0.0
    for _ in range(trial.of(1, 5)):
        for way, (first, again) in WAYS.items():
            with _product(first, again) as port:
                client = Http(f"http://127.0.0.1:{port}", deadline_s=limit_s)
                began = time.monotonic()
                answer = client.call("GET", "/x")
                took_s = time.monotonic() - began
            trial.count("calls that hung")
            worst = max(worst, took_s - limit_s)
            taken = isinstance(answer, Reply) and answer.broken is None
            trial.must(not taken, f"{way}: it was taken for an answer")
            trial.must(took_s >= limit_s - 0.1, f"{way}: cut after {took_s:.1f} s of {limit_s}")
    trial.within(worst, 1.0, "after its limit, at most, a call was cut")


@contextlib.contextmanager
def _product(first: bytes, again: bytes) -> Iterator[int]:
    """One that serves one call; its port."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as door:

        def serve() -> None:
            with contextlib.suppress(OSError), door.accept()[0] as link:
                link.recv(4096)
                link.sendall(first)
                while not over.wait(EVERY_S):
                    link.sendall(again)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield door.getsockname()[1]
        over.set()
        thread.join(10)
