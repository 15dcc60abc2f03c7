"""What this machine cannot run is named at the end of a run, with the reason and the remedy."""

from __future__ import annotations

import shutil
from types import SimpleNamespace
from typing import Any

import pytest

from tests import conftest


class Reporter:
    """Keeps what a run says at its end."""

    def __init__(self, skipped: str) -> None:
        self.said: list[str] = []
        self.stats = {"skipped": [SimpleNamespace(longrepr=("a.py", 1, f"Skipped: {skipped}"))]}
        self.config = SimpleNamespace(getoption=lambda _name: "not real")

    def section(self, title: str) -> None:
        self.said.append(title)

    def write_line(self, line: str) -> None:
        self.said.append(line)


def test_what_was_not_run_is_named_with_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_words, **_more: None)
    reporter: Any = Reporter("no Redis here: apt-get install redis-server")

    conftest.pytest_terminal_summary(reporter)

    assert reporter.said == [
        "not run here",
        "no PostgreSQL here: apt-get install postgresql",
        "no Redis here: apt-get install redis-server",
        "no RabbitMQ here: apt-get install rabbitmq-server",
        "1 skipped: no Redis here: apt-get install redis-server",
        "tests/real: two real products have a command of their own (make real)",
    ]


def test_a_server_that_is_missing_fails_where_all_has_to_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_words, **_more: None)

    monkeypatch.setenv("CI", "1")
    with pytest.raises(pytest.fail.Exception, match="no Redis here"):
        conftest.need("Redis")
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="no Redis here"):
        conftest.need("Redis")
