"""``python -m benchmarks.bare PORT FILE``: the peer, a Starlette app that commits one row."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


class Rows:
    """One table, one connection, every commit on disk before it returns."""

    def __init__(self, path: str) -> None:
        self._lock = threading.Lock()
        self._link = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._link.execute("PRAGMA journal_mode=WAL")
        self._link.execute("PRAGMA synchronous=FULL")
        self._link.execute("CREATE TABLE hook (n INTEGER PRIMARY KEY, system TEXT, body BLOB)")

    def add(self, system: str, body: bytes) -> None:
        """Commit one row."""
        with self._lock:
            self._link.execute("INSERT INTO hook (system, body) VALUES (?, ?)", (system, body))


def app(rows: Rows) -> Starlette:
    """The whole of it."""
    threads = ThreadPoolExecutor(8)

    async def take(request: Request) -> Response:
        body = await request.body()
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(threads, rows.add, request.path_params["system"], body)
        return Response("accepted", 202)

    return Starlette(routes=[Route("/hooks/{system}", take, methods=["POST"])])


if __name__ == "__main__":
    made = app(Rows(sys.argv[2]))
    uvicorn.run(made, port=int(sys.argv[1]), log_level="error", access_log=False)
