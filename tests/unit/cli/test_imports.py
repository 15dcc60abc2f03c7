"""What a command does not need it does not import: a person waits for it, or a daemon keeps it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sdsync.store.opening import open_store

TOLD = "import sys; sys.stderr.write(' '.join({one.partition('.')[0] for one in sys.modules}))"
RUN = "import sys; sys.argv[0] = 'sdsync'; from sdsync.cli import main; main(); " + TOLD

#: Of no use to somebody who looks.
DAEMONS = {"alembic", "dramatiq", "httpx", "structlog", "textual", "uvicorn", "uvloop", "yaml"}
RICH_TEXT = {"bs4", "markdown_it"}
SETTINGS = """\
[systems.desk]
connector = "request_tracker"
url = "http://127.0.0.1:1"
token = "env:SDSYNC_TEST_TOKEN"
[systems.dev]
connector = "redmine"
url = "http://127.0.0.1:1"
token = "env:SDSYNC_TEST_TOKEN"
[syncs.escalations]
desk.take = 'queue == "Escalated"'
dev.put = { project = "infra" }
"""


def imported(code: str, *args: str, folder: Path) -> set[str]:
    """The packages that a fresh interpreter has imported in the end."""
    ended = subprocess.run(
        [sys.executable, "-c", code, *args], cwd=folder, capture_output=True, text=True, check=True,
        env={**os.environ, "SDSYNC_TEST_TOKEN": "token"},
    )  # fmt: skip
    return set(ended.stderr.splitlines()[-1].split())


def test_help_needs_next_to_nothing(tmp_path: Path) -> None:
    found = imported(RUN, "--help", folder=tmp_path)

    heavy = {"asyncio", "cryptography", "orjson", "pydantic", "rich", "sqlalchemy", "ssl"}
    assert not found & (heavy | DAEMONS | RICH_TEXT)


@pytest.mark.parametrize("asked", [["status"], ["dead", "list"], ["held", "list"]])
def test_a_screen_needs_the_store_and_nothing_of_the_daemon(
    asked: list[str], tmp_path: Path
) -> None:
    (tmp_path / "sdsync.toml").write_text(SETTINGS)
    open_store(None, None, path=tmp_path).close()

    found = imported(RUN, *asked, folder=tmp_path)

    assert "sqlalchemy" in found
    assert not found & (DAEMONS | RICH_TEXT)


def test_a_command_that_ends_does_not_search_for_garbage(tmp_path: Path) -> None:
    # What is registered first runs last.
    told = "lambda: sys.stderr.write(str(gc.get_freeze_count()))"
    code = f"import atexit, gc, sys; atexit.register({told}); " + RUN

    (last,) = imported(code.removesuffix(TOLD), "--version", folder=tmp_path)

    assert int(last) > 1000
