"""What a daemon gives back once it has started."""

from __future__ import annotations

import subprocess
import sys

WORK = """\
import hashlib, json, sqlite3, ssl, zlib
from sdsync.server.memory import settle, share_one_arena
def work():
    assert json.loads(json.dumps({"a": 1})) == {"a": 1}
    assert hashlib.sha256(b"x").hexdigest().startswith("2d71")
    assert zlib.decompress(zlib.compress(b"text")) == b"text"
    assert sqlite3.connect(":memory:").execute("SELECT 1").fetchone() == (1,)
    ssl.create_default_context()
share_one_arena()
work()
for _ in range(3):
    settle()
    work()
"""


def test_what_was_given_back_runs_again() -> None:
    assert subprocess.run([sys.executable, "-c", WORK], check=False).returncode == 0
